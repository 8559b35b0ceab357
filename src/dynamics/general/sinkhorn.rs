//! Doubly stochastic attention (Remark 3.5): p_ij = u_i e^{ℓ_ij} v_j w_j with Σ_j p_ij = 1 and Σ_i w_i p_ij = w_j, by Sinkhorn's
//! iteration, w the tokens' weights (with equal ones, rows and columns of p sum to one).
//!
//! For symmetric logits u = v and u ← √(u/(K(wu))) converges several times faster than the alternation (Knight, Ruiz, Uçar
//! 2014). Both start from the scalings of the last evaluation; what is left is measured on both sums and told.
//!
//! Where the kernel underflows in a whole row or column (large β, tokens far out in ℝ^d), or sweeps do not come to an end, the scalings are found as logarithms
//! (`newton`) and taken into the exponents, ℓ_ij + ln u_i + ln v_j; the iteration then goes on with that kernel, whose sums are
//! near one.

use super::newton::LogScalings;

/// Most sweeps: their rate is the second singular value of p squared, and where that is close to one Newton's method goes on.
const SWEEPS: usize = 400;
/// Logits count as symmetric if they are to this share of the largest.
const SYMMETRIC: f64 = 1e-14;

/// The scalings of n tokens, with the n×n kernel.
#[derive(Debug)]
pub struct SinkhornScaling {
    tolerance: f64,
    matrix: Vec<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    sums: Vec<f64>,
    /// Logarithms of the scalings, once they were needed.
    logarithms: Option<LogScalings>,
}

impl SinkhornScaling {
    /// For n tokens, to an error of the sums of at most `tolerance`.
    #[must_use]
    pub fn new(count: usize, tolerance: f64) -> Self {
        Self {
            tolerance,
            matrix: vec![0.0; count * count],
            rows: vec![1.0; count],
            columns: vec![1.0; count],
            sums: vec![0.0; count],
            logarithms: None,
        }
    }

    /// From the logits, which `write` fills in row by row, to the weights p. Returns the largest error of a sum; NaN where a logit is no
    /// finite number.
    pub fn solve(&mut self, weights: &[f64], write: impl Fn(&mut [f64])) -> f64 {
        write(&mut self.matrix);
        let symmetric = self.is_symmetric(weights.len());
        self.exponentiate(symmetric);
        let mut error = self.iterate(weights, symmetric);
        if error.is_nan() || error > self.tolerance {
            write(&mut self.matrix);
            if self.take_logarithms(weights, symmetric) {
                error = self.iterate(weights, symmetric);
            }
        }
        self.scale(weights);
        error
    }

    /// From logits to the kernel e^{ℓ_ij + f_i + g_j} with sums near one; false where there are no such f and g. Twice: where logits
    /// are large, f and g are coarse, and what is left is found in exponents of order one.
    fn take_logarithms(&mut self, weights: &[f64], symmetric: bool) -> bool {
        let logarithms = self.logarithms.get_or_insert_with(LogScalings::default);
        if !logarithms.find(&self.matrix, weights, symmetric) {
            return false;
        }
        logarithms.absorb(&mut self.matrix);
        let mut rest = LogScalings::default();
        if rest.find(&self.matrix, weights, symmetric) {
            rest.absorb(&mut self.matrix);
        }
        self.matrix
            .iter_mut()
            .for_each(|value| *value = value.exp());
        self.rows.fill(1.0);
        self.columns.fill(1.0);
        true
    }

    /// Sweeps until the sums are right, or will not be; the largest error of a sum.
    fn iterate(&mut self, weights: &[f64], symmetric: bool) -> f64 {
        let mut error = f64::INFINITY;
        for _ in 0..SWEEPS {
            if symmetric {
                self.row_sums(weights);
                for ((u, v), sum) in self.rows.iter_mut().zip(&mut self.columns).zip(&self.sums) {
                    *u = (*v / sum).sqrt();
                    *v = *u;
                }
            } else {
                self.column_sums(weights);
                (self.columns.iter_mut().zip(&self.sums)).for_each(|(v, sum)| *v = 1.0 / sum);
                self.row_sums(weights);
                (self.rows.iter_mut().zip(&self.sums)).for_each(|(u, sum)| *u = 1.0 / sum);
            }
            error = self.error(weights, symmetric);
            if error <= self.tolerance || error.is_nan() {
                break;
            }
        }
        error
    }

    /// Kernel to weights: p_ij = u_i K_ij v_j w_j.
    fn scale(&mut self, weights: &[f64]) {
        let n = weights.len();
        for (row, u) in self.matrix.chunks_exact_mut(n).zip(&self.rows) {
            for (value, (v, w)) in row.iter_mut().zip(self.columns.iter().zip(weights)) {
                *value *= u * v * w;
            }
        }
    }

    /// The weights p, row by row.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.matrix
    }

    /// Whether the logits are symmetric to rounding.
    fn is_symmetric(&self, n: usize) -> bool {
        let matrix = &self.matrix;
        let size = matrix.iter().fold(0.0_f64, |size, l| size.max(l.abs()));
        (0..n).all(|i| {
            (0..i).all(|j| (matrix[i * n + j] - matrix[j * n + i]).abs() <= SYMMETRIC * size)
        })
    }

    /// The kernel e^{ℓ_ij − max ℓ}, and scalings to start from: those of the last evaluation unless they are no numbers.
    fn exponentiate(&mut self, symmetric: bool) {
        let matrix = &mut self.matrix;
        let top = matrix.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        matrix.iter_mut().for_each(|l| *l = (*l - top).exp());
        let fine = |list: &[f64]| list.iter().all(|v| v.is_finite() && *v > 0.0);
        if !fine(&self.rows) || !fine(&self.columns) {
            self.rows.fill(1.0);
            self.columns.fill(1.0);
        }
        if symmetric {
            self.columns.copy_from_slice(&self.rows);
        }
    }

    /// `sums`_i ← Σ_j K_ij v_j w_j.
    fn row_sums(&mut self, weights: &[f64]) {
        let n = weights.len();
        for (sum, row) in self.sums.iter_mut().zip(self.matrix.chunks_exact(n)) {
            *sum = (row.iter().zip(&self.columns).zip(weights))
                .map(|((k, v), w)| k * v * w)
                .sum();
        }
    }

    /// `sums`_j ← Σ_i w_i u_i K_ij.
    fn column_sums(&mut self, weights: &[f64]) {
        let n = weights.len();
        self.sums.fill(0.0);
        for (row, (u, w)) in (self.matrix.chunks_exact(n)).zip(self.rows.iter().zip(weights)) {
            let factor = u * w;
            (self.sums.iter_mut().zip(row)).for_each(|(sum, k)| *sum += factor * k);
        }
    }

    fn error(&mut self, weights: &[f64], symmetric: bool) -> f64 {
        let largest = |sums: &[f64], scale: &[f64]| {
            (sums.iter().zip(scale)).fold(0.0_f64, |top, (sum, s)| {
                let off = (sum * s - 1.0).abs();
                if off > top || off.is_nan() { off } else { top }
            })
        };
        if symmetric {
            self.row_sums(weights);
            return largest(&self.sums, &self.rows);
        }
        // the rows are exact after a sweep
        self.column_sums(weights);
        largest(&self.sums, &self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(logits: &[f64], weights: &[f64]) -> (Vec<f64>, f64) {
        let mut balance = SinkhornScaling::new(weights.len(), 1e-14);
        let error = balance.solve(weights, |out| out.copy_from_slice(logits));
        (balance.weights().to_vec(), error)
    }

    #[test]
    fn both_sums_are_right_with_symmetric_and_other_logits_and_any_weights() {
        let n = 6;
        for asymmetry in [0.0, 1.3] {
            for weights in [vec![1.0 / 6.0; 6], vec![0.05, 0.1, 0.15, 0.2, 0.2, 0.3]] {
                let logits: Vec<f64> = (0..n * n)
                    .map(|p| {
                        let (i, j) = ((p / n) as f64, (p % n) as f64);
                        3.0 * (i - j).cos() + asymmetry * (i * 1.7 + j * j).sin()
                    })
                    .collect();
                let (p, error) = solve(&logits, &weights);
                assert!(error <= 1e-14);
                for i in 0..n {
                    let row: f64 = p[i * n..(i + 1) * n].iter().sum();
                    let column: f64 = (0..n).map(|k| weights[k] * p[k * n + i]).sum();
                    assert!((row - 1.0).abs() < 1e-13);
                    assert!((column - weights[i]).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn two_equal_tokens_share_by_the_closed_form() {
        // K = [[1, k], [k, 1]]: p_12 = k/(1 + k)
        let k = (-0.7_f64).exp();
        let (p, _) = solve(&[0.0, -0.7, -0.7, 0.0], &[0.5, 0.5]);
        assert!((p[1] - k / (1.0 + k)).abs() < 1e-14);
    }

    /// Tokens x_i of ℝ³ and y_j, symmetric (x = y) or not, with logits as large as they come.
    #[test]
    fn sums_are_right_at_any_inverse_temperature() {
        use crate::sphere::random::{Stream, generator, unit};
        for (seed, n, beta, symmetric) in [
            (1, 20, 100.0, true),
            (2, 20, 100.0, false),
            (3, 7, 1e4, true),
            (4, 12, 3e3, false),
            (5, 3, 1e6, true),
            (6, 40, 300.0, false),
        ] {
            let mut rng = generator(seed, Stream::Tokens);
            let mut draw =
                || -> Vec<f64> { (0..3 * n).map(|_| 4.0 * unit(&mut rng) - 2.0).collect() };
            let x = draw();
            let y = if symmetric { x.clone() } else { draw() };
            let logits: Vec<f64> = (0..n * n)
                .map(|p| {
                    let (i, j) = (p / n, p % n);
                    beta * (0..3).map(|c| x[3 * i + c] * y[3 * j + c]).sum::<f64>()
                })
                .collect();
            let raw: Vec<f64> = (0..n).map(|_| 0.5 + unit(&mut rng)).collect();
            let total: f64 = raw.iter().sum();
            let weights: Vec<f64> = raw.iter().map(|w| w / total).collect();
            let mut scaling = SinkhornScaling::new(n, 1e-12);
            // the second evaluation starts from the scalings of the first
            for _ in 0..2 {
                let error = scaling.solve(&weights, |out| out.copy_from_slice(&logits));
                assert!(error <= 1e-12, "n {n}, β {beta}: {error:e}");
            }
            let p = scaling.weights();
            for i in 0..n {
                let row: f64 = p[i * n..(i + 1) * n].iter().sum();
                let column: f64 = (0..n).map(|k| weights[k] * p[k * n + i]).sum();
                assert!((row - 1.0).abs() < 2e-12 && (column / weights[i] - 1.0).abs() < 2e-12);
            }
        }
    }

    #[test]
    fn the_logarithms_agree_with_the_iteration_where_both_go() {
        let n = 9;
        let logits: Vec<f64> = (0..n * n)
            .map(|p| 5.0 * ((p / n) as f64 * 1.3 - (p % n) as f64 * 0.7).sin())
            .collect();
        let weights = vec![1.0 / n as f64; n];
        let (plain, _) = solve(&logits, &weights);
        let mut logarithms = LogScalings::default();
        assert!(logarithms.find(&logits, &weights, false));
        let mut kernel = logits.clone();
        logarithms.absorb(&mut kernel);
        for (p, k) in plain.iter().zip(&kernel) {
            assert!((p - k.exp() / n as f64).abs() < 1e-11, "{p} {k}");
        }
    }
}
