//! The energy of a general system, and how fast it changes.

use rayon::prelude::*;

use super::General;
use crate::dynamics::system::Space;
use crate::measure::Particles;
use crate::sphere::geometry::dot;

impl General {
    /// Σ_h (1/2β)∬e^{β⟨Q_hx,K_hy⟩}dμdμ at these tokens (½∬⟨Qx,Ky⟩ at β = 0), and its rate of change along `drift`. With one head
    /// whose QᵀK = V is symmetric it never falls (3.4.1). NaN in rescaled coordinates.
    #[must_use]
    pub(crate) fn energy_and_rate(&self, tokens: &Particles, drift: &[f64]) -> (f64, f64) {
        let d = self.dimension;
        if self.system.space == Space::Rescaled {
            return (f64::NAN, f64::NAN);
        }
        let beta = self.attention.beta;
        let mut sums = (0.0, 0.0);
        for head in &self.heads {
            let row = |i: usize| {
                let (mut query, mut moving) = (vec![0.0; d], vec![0.0; d]);
                // x_iᵀQᵀK, and the same of the drift
                for (c, key) in head.query_key.chunks_exact(d).enumerate() {
                    let (x, v) = (tokens.row(i)[c], drift[i * d + c]);
                    for ((q, m), k) in query.iter_mut().zip(&mut moving).zip(key) {
                        *q += x * k;
                        *m += v * k;
                    }
                }
                let pairs = (tokens.rows().zip(drift.chunks_exact(d))).zip(&self.weights);
                let (energy, rate) = pairs.fold((0.0, 0.0), |sum, ((y, v), w)| {
                    let logit = beta * dot(&query, y);
                    let weight = w * logit.exp();
                    let energy = if beta == 0.0 {
                        w * dot(&query, y)
                    } else {
                        weight / beta
                    };
                    let rate = weight * (dot(&moving, y) + dot(&query, v));
                    (sum.0 + energy, sum.1 + rate)
                });
                (self.weights[i] * energy, self.weights[i] * rate)
            };
            let rows: Vec<(f64, f64)> = (0..tokens.count()).into_par_iter().map(row).collect();
            let total = rows.iter().fold((0.0, 0.0), |s, r| (s.0 + r.0, s.1 + r.1));
            sums = (sums.0 + 0.5 * total.0, sums.1 + 0.5 * total.1);
        }
        if sums.0.is_finite() && sums.1.is_finite() {
            sums
        } else {
            (f64::NAN, f64::NAN)
        }
    }
}
