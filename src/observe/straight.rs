//! Exact Wasserstein-1 distance where both distribution functions are straight between points: of tokens to a curve of points, and of two
//! sets of tokens; cost = arc length.

use std::f64::consts::TAU;

/// W_1 in radians between tokens and a measure whose distribution function is a line of points (angle, mass below),
/// increasing in both, taken straight between them: over one turn from the first angle where `periodic`, else on [0, π].
#[must_use]
pub fn wasserstein_to_line(tokens: &[(f64, f64)], line: &[(f64, f64)], periodic: bool) -> f64 {
    let start = line[0].0;
    let mut sorted: Vec<(f64, f64)> = (tokens.iter())
        .map(|(angle, weight)| {
            let turn = if periodic {
                TAU * ((angle - start) / TAU).floor()
            } else {
                0.0
            };
            (angle - turn, *weight)
        })
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    // (width, G at its ends) of every piece on which the tokens' function is constant and the line straight
    let (mut pieces, mut mass, mut next) = (Vec::with_capacity(line.len() + sorted.len()), 0.0, 0);
    for two in line.windows(2) {
        let ((mut x, mut below), (to, top)) = (two[0], two[1]);
        let slope = if to > x {
            (top - below) / (to - x)
        } else {
            0.0
        };
        while next < sorted.len() && sorted[next].0 < to {
            let (at, weight) = sorted[next];
            if at > x {
                let here = below + slope * (at - x);
                pieces.push((at - x, mass - below, mass - here));
                (x, below) = (at, here);
            }
            mass += weight;
            next += 1;
        }
        if to > x {
            pieces.push((to - x, mass - below, mass - top));
        }
    }
    let level = if periodic { level(&pieces) } else { 0.0 };
    pieces.iter().map(|piece| area(*piece, level)).sum()
}

/// ∫|G − c| over a piece on which G is straight.
fn area((width, from, to): (f64, f64, f64), level: f64) -> f64 {
    let (a, b) = (from - level, to - level);
    if a * b >= 0.0 {
        width * 0.5 * (a.abs() + b.abs())
    } else {
        width * 0.5 * (a * a + b * b) / (a.abs() + b.abs())
    }
}

/// A c such that G is below it on half of the circle.
fn level(pieces: &[(f64, f64, f64)]) -> f64 {
    let ends = pieces.iter().flat_map(|(_, a, b)| [*a, *b]);
    let (mut low, mut high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let below: f64 = (pieces.iter())
            .map(|(width, a, b)| {
                let (bottom, top) = (a.min(*b), a.max(*b));
                let share = if top > bottom {
                    ((middle - bottom) / (top - bottom)).clamp(0.0, 1.0)
                } else {
                    f64::from(u8::from(bottom < middle))
                };
                width * share
            })
            .sum();
        if below < 0.5 * TAU {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// W_1 on the circle between two sets of weighted angles, exact: ∫|F − G − c|dθ with c the median of F − G in θ.
#[must_use]
pub fn between_points_on_circle(one: &[(f64, f64)], two: &[(f64, f64)]) -> f64 {
    let mut steps: Vec<(f64, f64)> = (one.iter().copied())
        .chain(two.iter().map(|(angle, w)| (*angle, -w)))
        .collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut height = 0.0;
    let mut pieces: Vec<(f64, f64)> = Vec::with_capacity(steps.len());
    for (index, (angle, step)) in steps.iter().enumerate() {
        height += step;
        let next = match steps.get(index + 1) {
            Some((next, _)) => *next,
            None => steps[0].0 + std::f64::consts::TAU,
        };
        pieces.push((height, next - angle));
    }
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut passed = 0.0;
    let middle = pieces.iter().find(|(_, length)| {
        passed += length;
        passed >= std::f64::consts::PI
    });
    let median = middle.map_or(0.0, |(height, _)| *height);
    (pieces.iter())
        .map(|(height, length)| (height - median).abs() * length)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sets_of_points_are_as_far_apart_as_their_best_matching() {
        // three equal points each: the best matching goes by cyclic order, over the three shifts
        let (one, two) = ([0.1, 2.0, 6.0], [0.3, 5.5, 3.0]);
        let arc = |a: f64, b: f64| {
            let turn = (a - b).abs() % std::f64::consts::TAU;
            turn.min(std::f64::consts::TAU - turn)
        };
        let sorted = [0.3, 3.0, 5.5];
        let best = (0..3)
            .map(|shift| {
                (0..3)
                    .map(|i| arc(one[i], sorted[(i + shift) % 3]))
                    .sum::<f64>()
                    / 3.0
            })
            .fold(f64::INFINITY, f64::min);
        let weighted = |list: [f64; 3]| list.map(|angle| (angle, 1.0 / 3.0)).to_vec();
        let found = between_points_on_circle(&weighted(one), &weighted(two));
        assert!((found - best).abs() < 1e-14, "{found} {best}");
    }
}
