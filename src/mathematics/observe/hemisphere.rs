//! Whether an open hemisphere holds all tokens, after which they come to one point (Lemma 6.4): whether 0 lies outside their convex hull, by
//! Wolfe's algorithm for the hull's point of least norm.

use faer::Mat;
use faer::linalg::solvers::Solve;

use crate::measure::Particles;
use crate::sphere::geometry::dot;

/// Most tokens that are asked.
const MOST: usize = 512;
/// A hull whose point of least norm is shorter than this holds 0.
const ZERO: f64 = 1e-10;

/// 1 if an open hemisphere holds all tokens, 0 if none does; NaN above 512 tokens.
#[must_use]
pub(crate) fn held(tokens: &Particles) -> f64 {
    if tokens.count() > MOST || tokens.count() == 0 {
        return f64::NAN;
    }
    f64::from(u8::from(is_held(tokens)))
}

fn is_held(tokens: &Particles) -> bool {
    let (n, d) = (tokens.count(), tokens.dimension());
    // the corral: affinely independent tokens, and the weights of the nearest point of their simplex
    let mut corral = vec![0_usize];
    let mut weights = vec![1.0];
    let mut nearest = tokens.row(0).to_vec();
    for _ in 0..20 * (n + d) {
        let (farthest, least) = (0..n).map(|j| (j, dot(&nearest, tokens.row(j)))).fold(
            (0, f64::INFINITY),
            |best, next| {
                if next.1 < best.1 { next } else { best }
            },
        );
        let square = dot(&nearest, &nearest);
        if square < ZERO * ZERO {
            return false;
        }
        // a direction along which all tokens lie is a witness
        if least > 0.0 {
            return true;
        }
        if least > square - ZERO * ZERO || corral.contains(&farthest) {
            return square.sqrt() > ZERO;
        }
        corral.push(farthest);
        weights.push(0.0);
        while let Some(affine) = affine_minimum(tokens, &corral) {
            if affine.iter().all(|a| *a > 1e-14) {
                weights = affine;
                break;
            }
            // towards it, as far as the simplex goes
            let theta = (weights.iter().zip(&affine))
                .filter(|(_, a)| **a <= 1e-14)
                .map(|(w, a)| w / (w - a))
                .fold(1.0, f64::min);
            (weights.iter_mut().zip(&affine)).for_each(|(w, a)| *w += theta * (a - *w));
            let kept: Vec<bool> = weights.iter().map(|w| *w > 1e-14).collect();
            let mut keep = kept.iter();
            corral.retain(|_| keep.next().copied().unwrap_or(false));
            weights.retain(|w| *w > 1e-14);
        }
        nearest.fill(0.0);
        for (j, w) in corral.iter().zip(&weights) {
            (nearest.iter_mut().zip(tokens.row(*j))).for_each(|(x, y)| *x += w * y);
        }
    }
    false
}

/// The weights, summing to one, of the point of least norm in the affine hull; none for one that has no unique weights.
fn affine_minimum(tokens: &Particles, corral: &[usize]) -> Option<Vec<f64>> {
    let k = corral.len();
    let matrix = Mat::from_fn(k + 1, k + 1, |i, j| match (i, j) {
        (0, 0) => 0.0,
        (0, _) | (_, 0) => 1.0,
        _ => dot(tokens.row(corral[i - 1]), tokens.row(corral[j - 1])),
    });
    let mut right = Mat::<f64>::zeros(k + 1, 1);
    right[(0, 0)] = 1.0;
    let solution = matrix.partial_piv_lu().solve(&right);
    let weights: Vec<f64> = (1..=k).map(|i| solution[(i, 0)]).collect();
    weights.iter().all(|w| w.is_finite()).then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn on_the_circle_it_is_a_gap_of_half_a_turn() {
        for seed in 0..400 {
            let tokens = Law::Uniform.sample(5, 2, seed);
            let mut angles = tokens.angles();
            angles.sort_by(f64::total_cmp);
            let around = angles[0] + std::f64::consts::TAU;
            let next = angles.iter().skip(1).chain([&around]);
            let widest = angles
                .iter()
                .zip(next)
                .map(|(a, b)| b - a)
                .fold(0.0, f64::max);
            assert_eq!(
                is_held(&tokens),
                widest > std::f64::consts::PI,
                "seed {seed}"
            );
        }
    }

    #[test]
    fn tokens_of_a_hemisphere_are_held_and_those_around_the_centre_are_not() {
        for d in [3, 5, 17] {
            let inside = Law::Hemisphere.sample(40, d, 3);
            assert!(is_held(&inside), "d {d}");
            let mut both = inside.positions.clone();
            both.extend(inside.positions.iter().map(|x| -x));
            assert!(!is_held(&Particles::new(d, both)), "d {d}");
        }
        // no more tokens than coordinates are always held
        assert!(is_held(&Law::Uniform.sample(9, 9, 1)));
    }

    #[test]
    fn uniform_tokens_are_held_as_often_as_wendel_says() {
        // 2^{−(n−1)} Σ_{k<d} C(n−1,k)
        for (n, d, expected) in [
            (4, 2, 0.5),
            (6, 3, 0.5),
            (8, 3, 29.0 / 128.0),
            (10, 4, 130.0 / 512.0),
        ] {
            let runs = 4000;
            let held = (0..runs)
                .filter(|seed| is_held(&Law::Uniform.sample(n, d, *seed)))
                .count();
            let share = held as f64 / runs as f64;
            let error = (expected * (1.0 - expected) / runs as f64).sqrt();
            assert!(
                (share - expected).abs() < 4.0 * error,
                "n {n} d {d}: {share} {expected}"
            );
        }
    }
}
