//! Pairs of tokens that are near, the phase diagrams' ordinate (Fig. 3), and the rank of the tokens' Gram matrix.

use faer::{Mat, Side};

use crate::measure::Particles;
use crate::sphere::geometry::gap;

/// Most tokens whose pairs are counted above the circle.
const MOST_TOKENS: usize = 4096;
/// Most tokens or coordinates, whichever are fewer, of a Gram matrix that is diagonalised.
const MOST_RANK: usize = 512;

/// The share of pairs i < j with 1 − ⟨x_i,x_j⟩ ≤ δ, all pairs; NaN for one token and for more than 4096.
#[must_use]
pub(crate) fn share(tokens: &Particles, delta: f64) -> f64 {
    let n = tokens.count();
    if !(2..=MOST_TOKENS).contains(&n) {
        return f64::NAN;
    }
    let near = match tokens.dimension() {
        2 => near_pairs(tokens.positions.as_chunks::<2>().0, delta),
        3 => near_pairs(tokens.positions.as_chunks::<3>().0, delta),
        d => {
            let rows: Vec<&[f64]> = tokens.positions.chunks_exact(d).collect();
            near_pairs(&rows, delta)
        }
    };
    near as f64 / (n as f64 * (n as f64 - 1.0) / 2.0)
}

/// Pairs of rows that are near; rows whose length the compiler knows are compared without a loop (measured on the circle: 2.5 times faster).
#[inline]
fn near_pairs<R: AsRef<[f64]>>(rows: &[R], delta: f64) -> u64 {
    let mut near = 0_u64;
    for (i, x) in rows.iter().enumerate() {
        // the gap by the chord keeps the digits that 1 − ⟨x,y⟩ loses
        let close = |y: &R| u64::from(gap(x.as_ref(), y.as_ref()) <= delta);
        near += rows[..i].iter().map(close).sum::<u64>();
    }
    near
}

/// The share of pairs of tokens of a circle, at `places` in order, whose angles differ by at most arccos(1 − δ): O(n).
#[must_use]
pub(crate) fn share_on_circle(places: &[f64], delta: f64) -> f64 {
    let n = places.len();
    if n < 2 {
        return f64::NAN;
    }
    let width = 2.0 * (0.5 * delta).sqrt().min(1.0).asin();
    let at = |place: usize| places[place % n] + (place / n) as f64 * std::f64::consts::TAU;
    let (mut near, mut end) = (0_u64, 0);
    for (i, place) in places.iter().enumerate() {
        end = end.max(i + 1);
        // half a turn at most: every pair is seen from one of its ends, a pair at half a turn from both
        while end < i + n && at(end) - place <= width {
            end += 1;
        }
        near += (end - i - 1) as u64;
    }
    (near as f64 / (n as f64 * (n as f64 - 1.0) / 2.0)).min(1.0)
}

/// The rank of the matrix ⟨x_i,x_j⟩: how many singular values lie above the largest one times n·2.2e-16, as numpy.linalg.matrix_rank has it.
/// By the smaller of the two Gram matrices; NaN above 512 tokens and coordinates.
#[must_use]
pub(crate) fn rank(tokens: &Particles) -> f64 {
    let (n, d) = (tokens.count(), tokens.dimension());
    let side = n.min(d);
    if side > MOST_RANK {
        return f64::NAN;
    }
    let x = Mat::from_fn(n, d, |i, j| tokens.positions[i * d + j]);
    let gram = if n <= d {
        &x * x.transpose()
    } else {
        x.transpose() * &x
    };
    let Ok(values) = gram.self_adjoint_eigenvalues(Side::Lower) else {
        return f64::NAN;
    };
    let largest = values.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
    let least = largest * n as f64 * f64::EPSILON;
    values.iter().filter(|v| v.abs() > least).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;
    use crate::sphere::geometry::dot;

    #[test]
    fn near_pairs_on_the_circle_are_those_of_all_pairs() {
        for (count, delta) in [
            (2, 0.5),
            (3, 1e-3),
            (40, 1e-3),
            (200, 0.02),
            (50, 1.5),
            (9, 2.0),
        ] {
            for seed in 0..5 {
                let tokens = Law::Uniform.sample(count, 2, seed);
                let mut places = tokens.angles();
                places.sort_by(f64::total_cmp);
                let (all, sorted) = (share(&tokens, delta), share_on_circle(&places, delta));
                assert!(
                    (all - sorted).abs() < 1e-15,
                    "n {count} δ {delta}: {all} {sorted}"
                );
            }
        }
    }

    #[test]
    fn the_share_is_that_of_the_cosines_and_one_at_consensus() {
        let tokens = Law::Uniform.sample(60, 8, 3);
        let pairs = (0..60).flat_map(|i| (0..i).map(move |j| (i, j)));
        let near = pairs
            .filter(|(i, j)| dot(tokens.row(*i), tokens.row(*j)) >= 0.7)
            .count();
        assert!((share(&tokens, 0.3) - near as f64 / 1770.0).abs() < 1e-15);
        let one = Particles::new(3, [0.0, 0.6, 0.8].repeat(7));
        assert!((share(&one, 1e-12) - 1.0).abs() < f64::EPSILON);
        assert!(share(&Law::Uniform.sample(1, 3, 0), 1e-3).is_nan());
    }

    #[test]
    fn the_rank_is_that_of_the_span_whichever_gram_matrix_is_smaller() {
        assert!((rank(&Law::Uniform.sample(40, 6, 1)) - 6.0).abs() < 0.5);
        assert!((rank(&Law::Uniform.sample(5, 9, 1)) - 5.0).abs() < 0.5);
        assert!((rank(&Law::Orthogonal.sample(4, 4, 1)) - 4.0).abs() < 0.5);
        let line = [1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0].to_vec();
        assert!((rank(&Particles::new(3, line)) - 1.0).abs() < 0.5);
    }
}
