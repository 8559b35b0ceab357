//! Exact Wasserstein-1 distance between two sets of weighted points: on the circle and on a line; cost = length.

/// W_1 on the circle between two sets of weighted angles, exact: ∫|F − G − c|dθ with c the median of F − G in θ.
#[must_use]
pub(crate) fn between_points_on_circle(one: &[(f64, f64)], two: &[(f64, f64)]) -> f64 {
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

/// W_1 on a line between two sets of (place, weight) in order of place, exact: ∫|F − G|.
#[must_use]
pub(crate) fn between_points_on_line(one: &[(f64, f64)], two: &[(f64, f64)]) -> f64 {
    let (mut i, mut j, mut gap, mut at, mut sum) = (0, 0, 0.0_f64, 0.0, 0.0);
    while i < one.len() || j < two.len() {
        let first = j >= two.len() || (i < one.len() && one[i].0 <= two[j].0);
        let (place, weight) = if first { one[i] } else { (two[j].0, -two[j].1) };
        sum += gap.abs() * (place - at);
        (at, gap) = (place, gap + weight);
        if first {
            i += 1;
        } else {
            j += 1;
        }
    }
    sum
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
