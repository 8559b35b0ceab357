//! The values that an arrow key takes next: β by a tenth, D and n on ladders; and the speed at which a run begins.

use super::number::{self, significant};
use crate::experiment::{Experiment, Spacing};
use crate::theory::growth::growth_rates;

/// β · 1.1 or β / 1.1 (twofold for big steps) to two digits, never the same, down to 0 and up to 1000.
pub(crate) fn next_beta(beta: f64, by: i32) -> f64 {
    let factor = if by.abs() > 1 { 2.0 } else { 1.1 };
    if beta < 0.0 {
        return -next_beta(-beta, -by);
    }
    if by > 0 {
        let next = significant((beta * factor).max(0.1), 2);
        (if next > beta {
            next
        } else {
            significant(beta * 1.2, 2)
        })
        .min(1000.0)
    } else if beta <= 0.1 {
        0.0
    } else {
        significant(beta / factor, 2)
    }
}

/// The next of 0, 0.001, 0.002, 0.005, 0.01 … 10 (tenfold for big steps).
pub(crate) fn next_diffusion(diffusion: f64, by: i32) -> f64 {
    let ladder: Vec<f64> = (-3..2)
        .flat_map(|power| ["1", "2", "5"].map(|m| format!("{m}e{power}").parse().unwrap_or(0.0)))
        .collect();
    let steps = if by.abs() > 1 { 3 } else { 1 };
    let below = ladder
        .iter()
        .filter(|value| **value < diffusion * (1.0 - 1e-9))
        .count();
    let above = ladder
        .iter()
        .filter(|value| **value <= diffusion * (1.0 + 1e-9))
        .count();
    if by > 0 {
        ladder[(above + steps - 1).min(ladder.len() - 3)]
    } else {
        below.checked_sub(steps).map_or(0.0, |index| ladder[index])
    }
}

/// The next of 1, 2, 3, 4, 6, 8, 12, 16, 24 … 65536 (fourfold for big steps).
pub(crate) fn next_count(count: usize, by: i32) -> usize {
    let ladder: Vec<usize> = std::iter::once(1)
        .chain((1..17).flat_map(|power| [1 << power, 3 << (power - 1)]))
        .take_while(|n| *n <= 65536)
        .collect();
    let steps = if by.abs() > 1 { 4 } else { 1 };
    if by > 0 {
        let above = ladder.iter().filter(|n| **n <= count).count();
        ladder[(above + steps - 1).min(ladder.len() - 1)].max(count)
    } else {
        let below = ladder.iter().filter(|n| **n < count).count();
        below.checked_sub(steps).map_or(1, |index| ladder[index])
    }
}

/// The whole run in about thirty seconds (in decades of time where frames are spaced logarithmically), or a frame a second where they are
/// few; slowed down for fast instabilities (USA at large β).
#[must_use]
pub(crate) fn default_speed(experiment: &Experiment) -> f64 {
    let last = experiment.time.recorded() - 1;
    let seconds = last.clamp(1, 30) as f64;
    let speed = number::round((experiment.time.clock(last) / seconds).max(1e-6));
    if experiment.time.spacing == Spacing::Log {
        return speed;
    }
    let degree = 2 + (2.0 * experiment.attention.beta.abs()).sqrt() as usize;
    let rates = growth_rates(
        experiment.attention,
        experiment.tokens.dimension,
        0.0,
        degree.min(64),
    );
    let fastest = rates
        .iter()
        .copied()
        .filter(|rate| rate.is_finite())
        .fold(0.0, f64::max);
    if fastest > 100.0 {
        speed.min(number::round(30.0 / fastest))
    } else {
        speed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn every_preset_shows_something_new_within_two_seconds_and_ends_within_a_minute() {
        for preset in presets::list() {
            let experiment = presets::load(&preset.name).unwrap();
            let (time, speed) = (&experiment.time, default_speed(&experiment));
            let frame = (time.clock(1) - time.clock(0)) / speed;
            assert!(frame < 2.0, "{}: a frame takes {frame} s", preset.name);
            let whole = time.clock(time.recorded() - 1) / speed;
            assert!(whole < 60.0, "{}: the run takes {whole} s", preset.name);
        }
    }
}
