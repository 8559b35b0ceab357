//! Attention by all pairs, term by term in the tangent space: the path for exponentially slow motion.
//!
//! Far apart, clusters pull at each other with e^{−β(1−⟨x,y⟩)}, which may be 1e-26 of what a token gives to itself. A sum
//! Σ_j w_j k_ij x_j that is projected at the end has lost that in the rounding of the token's own term; here every term is
//! tangent from the start,
//!
//!   P_{x_i}x_j = (x_j − x_i) + (1 − ⟨x_i,x_j⟩)x_i,   1 − ⟨x_i,x_j⟩ = |x_i − x_j|²/2,
//!
//! so that a token pulls itself by exactly zero, and what is left has the relative accuracy of the distances.
//! Q = K = V = I; O(n²d), one thread: it is for the few bodies that are left when the fast motion is over.

use crate::sphere::exponential::exp;

/// Scratch of one row of pairs.
pub struct TangentPairs {
    dimension: usize,
    weights: Vec<f64>,
    gaps: Vec<f64>,
    kernel: Vec<f64>,
}

impl TangentPairs {
    /// For tokens of these weights in dimension d.
    #[must_use]
    pub fn new(dimension: usize, weights: &[f64]) -> Self {
        Self {
            dimension,
            weights: weights.to_vec(),
            gaps: vec![0.0; weights.len()],
            kernel: vec![0.0; weights.len()],
        }
    }

    /// For every unit row x_i: `pull`_i ← Σ_j w_j e^{−β(1−⟨x_i,x_j⟩)} P_{x_i}x_j, which is (1/β)∇Z(x_i)e^{−β}, and
    /// `potential`_i ← Σ_j w_j e^{−β(1−⟨x_i,x_j⟩)} = Z(x_i)e^{−β}.
    pub fn pull(&mut self, beta: f64, positions: &[f64], pull: &mut [f64], potential: &mut [f64]) {
        let d = self.dimension;
        for (i, (row, total)) in pull.chunks_exact_mut(d).zip(potential).enumerate() {
            let x = &positions[i * d..(i + 1) * d];
            self.row(beta, positions, x);
            row.fill(0.0);
            let (mut along, mut sum) = (0.0, 0.0);
            for ((k, gap), y) in (self.kernel.iter())
                .zip(&self.gaps)
                .zip(positions.chunks_exact(d))
            {
                sum += k;
                along += k * gap;
                for (out, (a, b)) in row.iter_mut().zip(y.iter().zip(x)) {
                    *out += k * (a - b);
                }
            }
            row.iter_mut().zip(x).for_each(|(out, b)| *out += along * b);
            *total = sum;
        }
    }

    /// Gaps 1 − ⟨x,x_j⟩ and weights w_j e^{−β·gap} of one row.
    fn row(&mut self, beta: f64, positions: &[f64], x: &[f64]) {
        for (gap, y) in (self.gaps.iter_mut()).zip(positions.chunks_exact(self.dimension)) {
            *gap = 0.5 * x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        }
        pulp::Arch::new().dispatch(Kernel {
            beta,
            weights: &self.weights,
            gaps: &self.gaps,
            kernel: &mut self.kernel,
        });
    }
}

/// kernel_j ← w_j e^{−β gap_j}, compiled for the vector instructions found at run time.
struct Kernel<'a> {
    beta: f64,
    weights: &'a [f64],
    gaps: &'a [f64],
    kernel: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (out, (w, gap)) in self
            .kernel
            .iter_mut()
            .zip(self.weights.iter().zip(self.gaps))
        {
            *out = w * exp(-self.beta * gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::direct::AllPairs;
    use super::*;
    use crate::measure::Law;
    use crate::sphere::geometry::project_tangent;

    #[test]
    fn agrees_with_the_projected_sums_where_these_have_digits() {
        for dimension in [2, 3, 7] {
            for beta in [0.0, 1.0, 30.0] {
                let tokens = Law::Uniform.sample(40, dimension, 6);
                let n = tokens.count();
                let (mut slow, mut fast) = (vec![0.0; n * dimension], vec![0.0; n * dimension]);
                let (mut z_slow, mut z_fast) = (vec![0.0; n], vec![0.0; n]);
                AllPairs::new(dimension, &tokens.weights).sums(
                    beta,
                    &tokens.positions,
                    &mut slow,
                    &mut z_slow,
                );
                for (row, x) in slow.chunks_exact_mut(dimension).zip(tokens.rows()) {
                    project_tangent(x, row);
                }
                TangentPairs::new(dimension, &tokens.weights).pull(
                    beta,
                    &tokens.positions,
                    &mut fast,
                    &mut z_fast,
                );
                for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
                    assert!((a - b).abs() < 1e-14, "d {dimension} β {beta}: {:e}", a - b);
                }
            }
        }
    }

    #[test]
    fn an_exponentially_weak_pull_keeps_all_its_digits() {
        // two tokens 2 rad apart at β = 80: the pull is w e^{−80(1−cos 2)} sin 2 ≈ 1e-50
        let positions = [1.0, 0.0, 2.0_f64.cos(), 2.0_f64.sin()];
        let (mut pull, mut z) = ([0.0; 4], [0.0; 2]);
        TangentPairs::new(2, &[0.3, 0.7]).pull(80.0, &positions, &mut pull, &mut z);
        // 1 − cos 2 = 2 sin² 1
        let exact = 0.7 * (-160.0 * 1.0_f64.sin().powi(2)).exp() * 2.0_f64.sin();
        assert!(
            (pull[1] / exact - 1.0).abs() < 1e-13,
            "{:e}",
            pull[1] / exact - 1.0
        );
        assert!(exact < 1e-48 && pull[0].abs() < 1e-15 * exact);
        assert_eq!(z[0], 0.3);
    }
}
