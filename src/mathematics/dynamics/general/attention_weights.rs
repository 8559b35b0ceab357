//! The matrix of attention of a general system, to be looked at.

use super::General;
use super::rows::RowWeights;
use crate::dynamics::Normalisation;
use crate::dynamics::system::Space;
use crate::sphere::geometry::dot;

impl General {
    /// The weights p_ij of every head at these tokens, rows of n that sum to one (those of (USA) are scaled to). No heads in rescaled
    /// coordinates, which need the time, and for doubly stochastic weights, which are no rows of their own.
    pub(crate) fn attention_matrices(&mut self, positions: &[f64]) -> Vec<Vec<f64>> {
        let (n, d) = (self.weights.len(), self.dimension);
        if self.system.space == Space::Rescaled || self.balance.is_some() {
            return Vec::new();
        }
        self.find_evaluation_points(positions);
        let rule = RowWeights {
            mask: self.system.mask,
            normalisation: match self.attention.normalisation {
                Normalisation::None => Normalisation::Softmax,
                other => other,
            },
            weights: &self.weights,
        };
        let of_head = |query_key: &[f64]| {
            let mut matrix = Vec::with_capacity(n * n);
            for (i, x) in self.rows.chunks_exact(d).enumerate() {
                let query: Vec<f64> = (0..d)
                    .map(|c| {
                        let column = query_key.iter().skip(c).step_by(d);
                        self.attention.beta * x.iter().zip(column).map(|(a, k)| a * k).sum::<f64>()
                    })
                    .collect();
                matrix.extend(self.rows.chunks_exact(d).map(|y| dot(&query, y)));
                rule.weigh(i, &mut matrix[i * n..]);
            }
            matrix
        };
        (self.heads.iter())
            .map(|head| of_head(&head.query_key))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::dynamics::definition;
    use crate::dynamics::general::General;
    use crate::dynamics::system::{Head, Mask, System};
    use crate::dynamics::{Attention, Normalisation};
    use crate::measure::Law;

    #[test]
    fn the_matrices_are_those_of_the_definition() {
        let tokens = Law::Uniform.sample(9, 3, 4);
        let query_key = vec![1.0, 0.3, 0.0, -0.2, 0.7, 0.1, 0.0, 0.5, 1.1];
        let head = Head {
            query_key: query_key.clone(),
            value: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        };
        let system = System {
            heads: vec![head],
            mask: Mask::Causal,
            ..System::plain()
        };
        for normalisation in [Normalisation::Softmax, Normalisation::Hardmax { tie: 1e-9 }] {
            let attention = Attention::new(2.5, normalisation);
            let mut general = General::new(&system, attention, 3, &tokens.weights);
            let found = general.attention_matrices(&tokens.positions);
            let expected = definition::weights(&system, attention, &tokens, &query_key, 0);
            for (a, b) in found[0].iter().zip(expected.iter().flatten()) {
                assert!((a - b).abs() < 1e-14, "{a} {b}");
            }
        }
    }
}
