//! The tokens' drift on the circle and on S² from their moments: O(n·degrees), on S² O(n·degrees²), instead of O(n²); the
//! same kernel table as the density's.
//!
//! Accuracy: the rounding of the series is an absolute error of a few 1e-16 in Z(x_i)e^{−β}, while the token's own
//! weight keeps Z(x_i)e^{−β} ≥ w_i. So the smallest potential met tells how many digits the quotient has left; it is
//! returned, and the caller goes back to all pairs when it is too small.

use rayon::prelude::*;

use super::Kernel;
use crate::measure::particles::accumulate_moments;
use crate::sphere::domain::sphere_row;
use crate::sphere::powers::Factors;
use crate::sphere::scattered::Harmonics;
use crate::sphere::{Complex, Domain};

/// Tokens a thread takes at a time.
const ROWS: usize = 1024;

/// Scratch for the moments, and what the series is made of.
#[derive(Debug, Clone)]
pub struct Series {
    moments: Vec<Complex>,
    slots: Vec<f64>,
    factors: Factors,
}

impl Series {
    /// Room for the degrees of a kernel.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        Self {
            moments: vec![Complex::default(); kernel.degree() + 1],
            slots: Vec::new(),
            factors: Factors::default(),
        }
    }

    /// For unit rows z_i: `slope`_i ← (1/β)∂_θZ(θ_i) e^{−β} and `potential`_i ← Z(θ_i) e^{−β}.
    pub fn evaluate(
        &mut self,
        kernel: &Kernel,
        positions: &[f64],
        weights: &[f64],
        slope: &mut [f64],
        potential: &mut [f64],
    ) {
        self.find_factors(kernel, positions, weights);
        let factors = &self.factors;
        if potential.len() <= ROWS {
            return factors.evaluate(positions, [potential, slope, &mut []]);
        }
        positions
            .par_chunks(2 * ROWS)
            .zip(
                slope
                    .par_chunks_mut(ROWS)
                    .zip(potential.par_chunks_mut(ROWS)),
            )
            .for_each(|(rows, (slope, potential))| {
                factors.evaluate(rows, [potential, slope, &mut []]);
            });
    }

    /// Slope and potential of the series with (1/β)∂²_θZ(θ_i) e^{−β}; `out` is slope, potential, curvature.
    pub(crate) fn with_curvature(
        &mut self,
        kernel: &Kernel,
        positions: &[f64],
        weights: &[f64],
        out: [&mut [f64]; 3],
    ) {
        self.find_factors(kernel, positions, weights);
        let factors = &self.factors;
        let [slope, potential, curvature] = out;
        if potential.len() <= ROWS {
            return factors.evaluate(positions, [potential, slope, curvature]);
        }
        (positions.par_chunks(2 * ROWS))
            .zip(slope.par_chunks_mut(ROWS))
            .zip(
                potential
                    .par_chunks_mut(ROWS)
                    .zip(curvature.par_chunks_mut(ROWS)),
            )
            .for_each(|((rows, slope), (potential, curvature))| {
                factors.evaluate(rows, [potential, slope, curvature]);
            });
    }

    /// Z e^{−β} = λ_0 + 2 Σ λ_k Re(conj(m_k) z^k), (1/β)Z' e^{−β} = −2 Σ κ_k Im(conj(m_k) z^k), κ_k = kλ_k/β, and
    /// (1/β)Z'' e^{−β} = −2 Σ kκ_k Re(conj(m_k) z^k).
    fn find_factors(&mut self, kernel: &Kernel, positions: &[f64], weights: &[f64]) {
        accumulate_moments(positions, weights, &mut self.slots, &mut self.moments);
        let moments = &self.moments;
        self.factors.set(moments.len(), |k| {
            let (m, twice) = (moments[k], if k == 0 { 1.0 } else { 2.0 });
            let (value, slope) = (
                twice * kernel.potential[k],
                k as f64 * twice * kernel.over_beta[k],
            );
            let second = k as f64 * slope;
            [
                [value * m.re, value * m.im],
                [slope * m.im, -slope * m.re],
                [-second * m.re, -second * m.im],
            ]
        });
    }
}

/// The series on S², with its recurrences and scratch.
#[derive(Debug, Clone)]
pub(crate) struct SphereSeries {
    harmonics: Harmonics,
    moments: Vec<f64>,
}

impl SphereSeries {
    /// Room for the degrees of a kernel.
    #[must_use]
    pub(crate) fn new(kernel: &Kernel) -> Self {
        Self {
            harmonics: Harmonics::new(kernel.degree()),
            moments: vec![0.0; Domain::Sphere.length(kernel.degree())],
        }
    }

    /// For unit rows x_i: `gradient`_i ← (1/β)∇Z(x_i) e^{−β} as a vector of ℝ³, still to be projected, and `potential`_i ←
    /// Z(x_i) e^{−β}.
    pub(crate) fn evaluate(
        &mut self,
        kernel: &Kernel,
        positions: &[f64],
        weights: &[f64],
        gradient: &mut [f64],
        potential: &mut [f64],
    ) {
        let mean = self.find_series(kernel, positions, weights);
        self.harmonics
            .evaluate(&self.moments, positions, potential, gradient);
        finish(potential, mean, kernel.beta);
    }

    /// The same with `laplacian`_i ← (1/β)ΔZ(x_i) e^{−β}; `out` is gradient, potential, Laplacian.
    pub(crate) fn with_laplacian(
        &mut self,
        kernel: &Kernel,
        positions: &[f64],
        weights: &[f64],
        [gradient, potential, laplacian]: [&mut [f64]; 3],
    ) {
        let mean = self.find_series(kernel, positions, weights);
        let out = (&mut *potential, gradient, laplacian);
        (self.harmonics).with_laplacian(&self.moments, positions, out);
        finish(potential, mean, kernel.beta);
    }

    /// `moments` ← the coefficients of (1/β)Z e^{−β} but for degree 0, whose λ_0 m_0 is returned.
    fn find_series(&mut self, kernel: &Kernel, positions: &[f64], weights: &[f64]) -> f64 {
        self.harmonics
            .moments(positions, weights, &mut self.moments);
        let degree = kernel.degree();
        let mean = kernel.potential[0] * self.moments[0];
        for order in 0..=degree {
            let row = &mut self.moments[sphere_row(degree, order)..][..2 * (degree + 1 - order)];
            for (pair, factor) in row.chunks_exact_mut(2).zip(&kernel.over_beta[order..]) {
                pair.iter_mut().for_each(|c| *c *= factor);
            }
        }
        mean
    }
}

/// Z = λ_0 + β · the series of λ_ℓ/β, ℓ ≥ 1.
fn finish(potential: &mut [f64], mean: f64, beta: f64) {
    potential.iter_mut().for_each(|z| *z = mean + beta * *z);
}
