//! Doubly stochastic scalings as logarithms, f_i = ln u_i and g_j = ln v_j, where e^{ℓ_ij} under- or overflows.
//!
//! With e_ij = e^{ℓ_ij + f_i + g_j} the sums are r_i = Σ_j w_j e_ij and c_j = Σ_i w_i e_ij, and r = c = 1 is where the convex function
//! Φ(f, g) = Σ_ij w_i w_j e_ij − Σ_i w_i f_i − Σ_j w_j g_j has its minimum. A few sweeps of Sinkhorn's iteration in logarithms, then Newton's
//! method with halved steps while Φ does not fall: where the entropy is small against the logits, plain sweeps would take for ever (their
//! rate is the second singular value of p, squared).

use faer::linalg::solvers::Solve;
use faer::prelude::*;

/// Sweeps before Newton's method.
const SWEEPS: usize = 40;
/// Most steps of Newton's method.
const STEPS: usize = 200;
/// Sums this near to one are left to the iteration with the scaled kernel.
const NEAR: f64 = 1e-13;
/// The least part of a step.
const SHORTEST: f64 = 1e-12;
/// Added to the diagonal, relative to it: f + s, g − s is the same scaling.
const RIDGE: f64 = 1e-12;

/// f and g of n tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct LogScalings {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

/// The sums at f and g, Φ, and how far the sums are from one.
struct Sums {
    kernel: Vec<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    potential: f64,
    error: f64,
}

impl LogScalings {
    /// Finds f and g for logits of n×n, from where they were last; false where there are none.
    pub(super) fn find(&mut self, logits: &[f64], weights: &[f64], symmetric: bool) -> bool {
        let n = weights.len();
        let size = logits.iter().fold(0.0_f64, |size, l| {
            if l.abs() > size || l.is_nan() {
                l.abs()
            } else {
                size
            }
        });
        if !size.is_finite() {
            return false;
        }
        // f and g are no finer than this
        let near = NEAR.max(8.0 * f64::EPSILON * size);
        if self.rows.len() != n {
            (self.rows, self.columns) = (vec![0.0; n], vec![0.0; n]);
        }
        for _ in 0..SWEEPS {
            self.sweep(logits, weights, symmetric);
        }
        let mut now = self.sums(logits, weights);
        for _ in 0..STEPS {
            if now.error <= near {
                break;
            }
            let Some(direction) = Self::direction(&now, weights, symmetric) else {
                return false;
            };
            match self.along(&direction, logits, weights, &now) {
                Some((next, sums)) => (*self, now) = (next, sums),
                None => break,
            }
        }
        // what is left is rounding of ℓ + f + g, or the iteration with the scaled kernel takes it from here
        now.error < 0.5
    }

    /// ℓ_ij ← ℓ_ij + f_i + g_j.
    pub(super) fn absorb(&self, logits: &mut [f64]) {
        let n = self.rows.len();
        for (row, f) in logits.chunks_exact_mut(n).zip(&self.rows) {
            for (value, g) in row.iter_mut().zip(&self.columns) {
                *value += f + g;
            }
        }
    }

    /// g_j ← −ln Σ_i w_i e^{ℓ_ij + f_i}, then the like for f; for symmetric logits f ← ½(f − ln Σ_j w_j e^{ℓ_ij + f_j}) and g = f.
    fn sweep(&mut self, logits: &[f64], weights: &[f64], symmetric: bool) {
        let n = weights.len();
        let over_columns = |g: &[f64], i: usize| {
            log_sum_exp((0..n).map(|j| (weights[j], logits[i * n + j] + g[j])))
        };
        if symmetric {
            let f = (0..n).map(|i| 0.5 * (self.rows[i] - over_columns(&self.rows, i)));
            self.rows = f.collect();
            self.columns.clone_from(&self.rows);
            return;
        }
        let f = &self.rows;
        self.columns = (0..n)
            .map(|j| -log_sum_exp((0..n).map(|i| (weights[i], logits[i * n + j] + f[i]))))
            .collect();
        self.rows = (0..n).map(|i| -over_columns(&self.columns, i)).collect();
    }

    fn sums(&self, logits: &[f64], weights: &[f64]) -> Sums {
        let n = weights.len();
        let mut kernel = logits.to_vec();
        self.absorb(&mut kernel);
        kernel.iter_mut().for_each(|value| *value = value.exp());
        let rows: Vec<f64> = (kernel.chunks_exact(n))
            .map(|row| row.iter().zip(weights).map(|(e, w)| e * w).sum())
            .collect();
        let columns: Vec<f64> = (0..n)
            .map(|j| (0..n).map(|i| weights[i] * kernel[i * n + j]).sum())
            .collect();
        let potential = (0..n)
            .map(|i| weights[i] * (rows[i] - self.rows[i] - self.columns[i]))
            .sum();
        let error = (rows.iter().chain(&columns)).fold(0.0_f64, |top, sum| {
            let off = (sum - 1.0).abs();
            if off > top || off.is_nan() { off } else { top }
        });
        Sums {
            kernel,
            rows,
            columns,
            potential,
            error,
        }
    }

    /// Newton's direction (δf, δg): the Hessian of Φ is [[diag(w r), w_i w_j e_ij], [.., diag(w c)]], its gradient w(r − 1), w(c − 1).
    fn direction(now: &Sums, weights: &[f64], symmetric: bool) -> Option<Vec<f64>> {
        let n = weights.len();
        let coupling = |i: usize, j: usize| weights[i] * weights[j] * now.kernel[i * n + j];
        let (hessian, gradient) = if symmetric {
            let hessian = Mat::from_fn(n, n, |i, j| {
                let diagonal = if i == j {
                    weights[i] * now.rows[i]
                } else {
                    0.0
                };
                coupling(i, j) + diagonal * (1.0 + RIDGE)
            });
            let gradient = Mat::from_fn(n, 1, |i, _| weights[i] * (1.0 - now.rows[i]));
            (hessian, gradient)
        } else {
            let hessian = Mat::from_fn(2 * n, 2 * n, |i, j| match (i < n, j < n) {
                (true, true) if i == j => weights[i] * now.rows[i] * (1.0 + RIDGE),
                (false, false) if i == j => weights[i - n] * now.columns[i - n] * (1.0 + RIDGE),
                (true, false) => coupling(i, j - n),
                (false, true) => coupling(j, i - n),
                _ => 0.0,
            });
            let gradient = Mat::from_fn(2 * n, 1, |i, _| {
                if i < n {
                    weights[i] * (1.0 - now.rows[i])
                } else {
                    weights[i - n] * (1.0 - now.columns[i - n])
                }
            });
            (hessian, gradient)
        };
        let step = hessian.partial_piv_lu().solve(&gradient);
        let list: Vec<f64> = (0..2 * n)
            .map(|i| step[(if symmetric { i % n } else { i }, 0)])
            .collect();
        list.iter().all(|v| v.is_finite()).then_some(list)
    }

    /// As far along a direction as Φ falls, or the error where Φ no longer tells.
    fn along(
        &self,
        direction: &[f64],
        logits: &[f64],
        weights: &[f64],
        now: &Sums,
    ) -> Option<(Self, Sums)> {
        let n = weights.len();
        let mut part = 1.0;
        while part > SHORTEST {
            let moved = |list: &[f64], direction: &[f64]| -> Vec<f64> {
                (list.iter().zip(direction))
                    .map(|(a, d)| a + part * d)
                    .collect()
            };
            let next = Self {
                rows: moved(&self.rows, &direction[..n]),
                columns: moved(&self.columns, &direction[n..]),
            };
            let sums = next.sums(logits, weights);
            if sums.potential < now.potential || sums.error < now.error.min(0.5) {
                return Some((next, sums));
            }
            part *= 0.5;
        }
        None
    }
}

/// ln Σ w e^a without overflow.
fn log_sum_exp(terms: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let top = (terms.clone()).fold(f64::NEG_INFINITY, |top, (_, a)| top.max(a));
    top + terms.map(|(w, a)| w * (a - top).exp()).sum::<f64>().ln()
}
