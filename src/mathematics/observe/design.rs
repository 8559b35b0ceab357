//! Spherical designs: the largest t such that all polynomials of degree ≤ t have the same mean over the tokens as over the sphere,
//! which is ∬P_ℓ(⟨x,y⟩)dμdμ = 0 for ℓ = 1 … t (Delsarte, Goethals, Seidel 1977).

use rayon::prelude::*;

use crate::measure::Particles;
use crate::sphere::gegenbauer::for_each_polynomial;
use crate::sphere::geometry::dot;

/// The strength t ≤ `most` of the tokens' measure, where |m_ℓ| = √(∬P_ℓ dμdμ) below `tolerance` counts as 0. All pairs.
#[must_use]
pub fn strength(tokens: &Particles, most: usize, tolerance: f64) -> usize {
    let row = |i: usize| {
        let mut sums = vec![0.0; most];
        for (y, w) in tokens.rows().zip(&tokens.weights) {
            let product = dot(tokens.row(i), y).clamp(-1.0, 1.0);
            for_each_polynomial(tokens.dimension(), most, product, |l, p| {
                if l > 0 {
                    sums[l - 1] += w * p;
                }
            });
        }
        sums
    };
    let rows: Vec<Vec<f64>> = (0..tokens.count()).into_par_iter().map(row).collect();
    let vanishes = |l: usize| {
        let total: f64 = (rows.iter().zip(&tokens.weights))
            .map(|(row, w)| w * row[l])
            .sum();
        total <= tolerance * tolerance
    };
    (0..most).take_while(|l| vanishes(*l)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::optimal::Optimum;

    #[test]
    fn the_optimal_configurations_have_their_strengths() {
        for (d, n) in [(2, 7), (3, 4), (3, 2), (4, 8), (3, 12), (4, 120), (8, 240)] {
            let optimum = Optimum::known(d, n).unwrap();
            let points = Particles::new(d, optimum.points(d, n));
            // fewer than d + 1 points span less than ℝ^d and are designs of strength 1 only
            let expected = if n <= d {
                1
            } else {
                optimum.design_strength(n)
            };
            assert_eq!(strength(&points, 14, 1e-7), expected, "{}", optimum.name());
        }
    }
}
