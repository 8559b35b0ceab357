//! Ticks of an axis: multiples of 1, 2 or 5 times a power of ten, as many as there is room for.

use super::number::tidy;

/// The ticks in [`from`, `to`], at most `most` of them, each with its label.
#[must_use]
pub(crate) fn ticks(from: f64, to: f64, most: usize) -> Vec<(f64, String)> {
    let span = to - from;
    if !span.is_finite() || span <= 0.0 || most == 0 {
        return Vec::new();
    }
    let step = step(span / most as f64);
    let first = (from / step - 1e-9).ceil();
    (0..=most)
        .map(|k| (first + k as f64) * step)
        .take_while(|tick| *tick <= to + 1e-9 * span)
        .map(|tick| {
            let tick = if tick.abs() < 1e-9 * step { 0.0 } else { tick };
            (tick, label(tick, step))
        })
        .collect()
}

/// The least of 1, 2, 5 times a power of ten that is at least this.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let found = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|m| m * power >= least * (1.0 - 1e-9));
    found.unwrap_or(10.0) * power
}

/// A tick with as many decimals as its step has: neighbours never look alike.
fn label(tick: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    if tick != 0.0 && !(1e-4..1e6).contains(&tick.abs()) {
        return tidy(tick);
    }
    format!("{tick:.decimals$}")
}

/// Powers of ten in [`from`, `to`], given by their exponents, at most `most` of them.
#[must_use]
pub(crate) fn powers(from: f64, to: f64, most: usize) -> Vec<(f64, String)> {
    let span = to - from;
    let step = [1, 2, 5, 10, 20, 50, 100]
        .into_iter()
        .find(|step| span / f64::from(*step) < most.max(1) as f64);
    let step = f64::from(step.unwrap_or(200));
    let first = (from / step - 1e-9).ceil();
    (0..=most)
        .map(|k| (first + k as f64) * step)
        .take_while(|power| *power <= to + 1e-9)
        .map(|power| {
            let name = match power as i32 {
                -1 => "0.1".into(),
                0 => "1".into(),
                1 => "10".into(),
                2 => "100".into(),
                power => format!("1e{power}"),
            };
            (power, name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(list: Vec<(f64, String)>) -> Vec<String> {
        list.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_within_the_axis_and_told_apart() {
        assert_eq!(labels(ticks(0.0, 30.0, 4)), ["0", "10", "20", "30"]);
        assert_eq!(labels(ticks(71.08, 207.1, 4)), ["100", "150", "200"]);
        assert_eq!(
            labels(ticks(0.996, 1.0, 4)),
            ["0.996", "0.997", "0.998", "0.999", "1.000"]
        );
        assert_eq!(labels(ticks(-0.3, 0.7, 3)), ["0.0", "0.5"]);
        assert_eq!(labels(powers(-2.0, 1.0, 4)), ["1e-2", "0.1", "1", "10"]);
        assert_eq!(labels(powers(-12.0, 0.0, 3)), ["1e-10", "1e-5", "1"]);
        for (from, to) in [(0.0, 1e-9), (-3.0, 1e7), (1e3, 1.001e3), (0.0, 1.0)] {
            for most in 1..9 {
                let list = ticks(from, to, most);
                assert!(list.len() <= most + 1, "{from} {to} {most}: {list:?}");
                let air = 1e-8 * (to - from);
                assert!(list.iter().all(|(t, _)| *t >= from - air && *t <= to + air));
                for pair in list.windows(2) {
                    assert_ne!(pair[0].1, pair[1].1, "{from} {to} {most}");
                }
            }
        }
        assert!(ticks(1.0, 1.0, 4).is_empty() && ticks(f64::NAN, 1.0, 4).is_empty());
    }
}
