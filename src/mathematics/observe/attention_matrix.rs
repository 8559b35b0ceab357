//! Attention as a matrix: entropy, largest weight and stable rank of A_ij, the weights by which token i averages the others.

use faer::{Mat, MatRef, Side};

use crate::dynamics::{Normalisation, TokenDynamics};
use crate::machine::exp::exp;
use crate::measure::Particles;
use crate::sphere::geometry::dot;

/// Most tokens whose matrix is measured.
const MOST: usize = 256;

/// Measures of the matrix, means over heads; NaN where there is none: more than 256 tokens, doubly stochastic weights, an interaction
/// in place of the kernel, rescaled coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatrixMeasures {
    /// Mean over rows of −Σ_j A_ij ln A_ij.
    pub entropy: f64,
    /// Mean over rows of max_j A_ij.
    pub largest: f64,
    /// ‖A‖_F²/‖A‖².
    pub stable_rank: f64,
}

impl MatrixMeasures {
    /// Nothing was measured.
    pub(crate) const NONE: Self = Self {
        entropy: f64::NAN,
        largest: f64::NAN,
        stable_rank: f64::NAN,
    };

    /// At these tokens under their dynamics. Rows are scaled to sum to one, which (SA) does anyway and (USA) does not.
    #[must_use]
    pub(crate) fn of(tokens: &Particles, dynamics: &mut TokenDynamics) -> Self {
        let n = tokens.count();
        let attention = dynamics.attention();
        let measured = !matches!(attention.normalisation, Normalisation::Sinkhorn { .. })
            && attention.interaction.is_none();
        if n > MOST || !measured {
            return Self::NONE;
        }
        let heads = match dynamics.general() {
            Some(general) => general.attention_matrices(&tokens.positions),
            None => vec![zonal(attention.beta, tokens)],
        };
        if heads.is_empty() {
            return Self::NONE;
        }
        let each: Vec<Self> = (heads.iter())
            .map(|matrix| Self::of_matrix(n, matrix))
            .collect();
        let mean =
            |value: fn(&Self) -> f64| each.iter().map(value).sum::<f64>() / each.len() as f64;
        Self {
            entropy: mean(|m| m.entropy),
            largest: mean(|m| m.largest),
            stable_rank: mean(|m| m.stable_rank),
        }
    }

    /// Of a matrix of non-negative rows.
    fn of_matrix(n: usize, matrix: &[f64]) -> Self {
        let mut rows = matrix.to_vec();
        let (mut entropy, mut largest, mut squares) = (0.0, 0.0, 0.0);
        for row in rows.chunks_exact_mut(n) {
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|a| *a /= total);
            entropy -= (row.iter().filter(|a| **a > 0.0))
                .map(|a| a * a.ln())
                .sum::<f64>();
            largest += row.iter().fold(0.0_f64, |top, a| top.max(*a));
            squares += row.iter().map(|a| a * a).sum::<f64>();
        }
        let a = MatRef::from_row_major_slice(&rows, n, n);
        let gram: Mat<f64> = a * a.transpose();
        let norm = (gram.self_adjoint_eigenvalues(Side::Lower)).map_or(f64::NAN, |values| {
            values.last().copied().unwrap_or(f64::NAN)
        });
        Self {
            entropy: entropy / n as f64,
            largest: largest / n as f64,
            stable_rank: squares / norm,
        }
    }
}

/// w_j e^{β⟨x_i,x_j⟩} over the largest of its row.
fn zonal(beta: f64, tokens: &Particles) -> Vec<f64> {
    let mut matrix = Vec::with_capacity(tokens.count() * tokens.count());
    for x in tokens.rows() {
        let row = matrix.len();
        matrix.extend(tokens.rows().map(|y| beta * dot(x, y)));
        let top = matrix[row..]
            .iter()
            .fold(f64::NEG_INFINITY, |top, l| top.max(*l));
        (matrix[row..].iter_mut().zip(&tokens.weights)).for_each(|(l, w)| *l = w * exp(*l - top));
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Attention;
    use crate::measure::Law;

    #[test]
    fn equiangular_tokens_have_the_closed_forms() {
        // a = 1/(1 + (n−1)e^{−β(1−γ)}), c = (1−a)/(n−1): stable rank 1 + (n−1)(a−c)², entropy −a ln a − (n−1)c ln c
        for (n, gamma, beta) in [(8, 0.3, 4.0), (20, 0.0, 9.0), (5, 0.9, 1.0)] {
            let tokens = Law::Equiangular { cosine: gamma }.sample(n, n, 0);
            let attention = Attention::new(beta, Normalisation::Softmax);
            let mut dynamics = TokenDynamics::new(attention, &tokens);
            let found = MatrixMeasures::of(&tokens, &mut dynamics);
            let others = n as f64 - 1.0;
            let a = 1.0 / (1.0 + others * (-beta * (1.0 - gamma)).exp());
            let c = (1.0 - a) / others;
            let entropy = -a * a.ln() - others * c * c.ln();
            assert!((found.stable_rank - (1.0 + others * (a - c).powi(2))).abs() < 1e-12);
            assert!(
                (found.entropy - entropy).abs() < 1e-12,
                "{found:?} {entropy}"
            );
            assert!((found.largest - a.max(c)).abs() < 1e-13);
        }
    }

    #[test]
    fn uniform_attention_has_the_entropy_of_all_tokens_and_rank_one() {
        let tokens = Law::Uniform.sample(12, 4, 2);
        let mut dynamics = TokenDynamics::new(Attention::new(0.0, Normalisation::None), &tokens);
        let found = MatrixMeasures::of(&tokens, &mut dynamics);
        assert!((found.entropy - 12.0_f64.ln()).abs() < 1e-13);
        assert!(
            (found.stable_rank - 1.0).abs() < 1e-12 && (found.largest - 1.0 / 12.0).abs() < 1e-14
        );
    }
}
