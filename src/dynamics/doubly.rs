//! Doubly stochastic attention (Remark 3.5): p_ij = u_i e^{ℓ_ij} v_j w_j with Σ_j p_ij = 1 and Σ_i w_i p_ij = w_j, by Sinkhorn's
//! iteration, w the tokens' weights (with equal ones, rows and columns of p sum to one).
//!
//! For symmetric logits u = v and u ← √(u/(K(wu))) converges several times faster than the alternation (Knight, Ruiz, Uçar
//! 2014). Both start from the scalings of the last evaluation; what is left is measured on both sums and told.

/// Most sweeps; more are needed only where the kernel is numerically reducible.
const SWEEPS: usize = 20_000;
/// Logits count as symmetric if they are to this share of the largest.
const SYMMETRIC: f64 = 1e-14;

/// The scalings of n tokens, with the n×n kernel.
pub struct Balance {
    tolerance: f64,
    matrix: Vec<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    sums: Vec<f64>,
}

impl Balance {
    /// For n tokens, to an error of the sums of at most `tolerance`.
    #[must_use]
    pub fn new(count: usize, tolerance: f64) -> Self {
        Self {
            tolerance,
            matrix: vec![0.0; count * count],
            rows: vec![1.0; count],
            columns: vec![1.0; count],
            sums: vec![0.0; count],
        }
    }

    /// Lets `write` fill in the logits, row by row.
    pub fn logits(&mut self, write: impl FnOnce(&mut [f64])) {
        write(&mut self.matrix);
    }

    /// From logits to weights p; returns the largest error of a sum, and NaN where the kernel underflows in a whole row.
    pub fn solve(&mut self, weights: &[f64]) -> f64 {
        let n = weights.len();
        let symmetric = self.prepare(n);
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
        for (row, u) in self.matrix.chunks_exact_mut(n).zip(&self.rows) {
            for (value, (v, w)) in row.iter_mut().zip(self.columns.iter().zip(weights)) {
                *value *= u * v * w;
            }
        }
        error
    }

    /// The weights p, row by row.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.matrix
    }

    /// The kernel e^{ℓ_ij − max ℓ}; whether it is symmetric. Scalings that are no numbers are forgotten.
    fn prepare(&mut self, n: usize) -> bool {
        let matrix = &mut self.matrix;
        let size = matrix.iter().fold(0.0_f64, |size, l| size.max(l.abs()));
        let symmetric = (0..n).all(|i| {
            (0..i).all(|j| (matrix[i * n + j] - matrix[j * n + i]).abs() <= SYMMETRIC * size)
        });
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
        symmetric
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
        let mut balance = Balance::new(weights.len(), 1e-14);
        balance.logits(|out| out.copy_from_slice(logits));
        let error = balance.solve(weights);
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
}
