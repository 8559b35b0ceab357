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
use crate::sphere::scattered::Harmonics;
use crate::sphere::{Complex, Domain};

const LANES: usize = 8;
const ROWS: usize = 1024;

/// Scratch for the moments.
#[derive(Debug, Clone)]
pub struct Series {
    moments: Vec<Complex>,
}

impl Series {
    /// Room for the degrees of a kernel.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        Self {
            moments: vec![Complex::default(); kernel.degree() + 1],
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
        accumulate_moments(positions, weights, &mut self.moments);
        let moments = self.moments.as_slice();
        positions
            .par_chunks(2 * ROWS)
            .zip(
                slope
                    .par_chunks_mut(ROWS)
                    .zip(potential.par_chunks_mut(ROWS)),
            )
            .for_each(|(rows, (slope, potential))| {
                crate::machine::registers::arch().dispatch(SeriesAt::<false> {
                    kernel,
                    moments,
                    rows,
                    slope,
                    potential,
                    curvature: &mut [],
                });
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
        accumulate_moments(positions, weights, &mut self.moments);
        let moments = self.moments.as_slice();
        let [slope, potential, curvature] = out;
        (positions.par_chunks(2 * ROWS))
            .zip(slope.par_chunks_mut(ROWS))
            .zip(
                potential
                    .par_chunks_mut(ROWS)
                    .zip(curvature.par_chunks_mut(ROWS)),
            )
            .for_each(|((rows, slope), (potential, curvature))| {
                crate::machine::registers::arch().dispatch(SeriesAt::<true> {
                    kernel,
                    moments,
                    rows,
                    slope,
                    potential,
                    curvature,
                });
            });
    }
}

/// Z e^{−β} = λ_0 + 2 Σ λ_k Re(conj(m_k) z^k), (1/β)Z' e^{−β} = −2 Σ κ_k Im(conj(m_k) z^k), κ_k = kλ_k/β, and if `CURVATURE` is
/// asked for (1/β)Z'' e^{−β} = −2 Σ kκ_k Re(conj(m_k) z^k), eight tokens abreast.
struct SeriesAt<'a, const CURVATURE: bool> {
    kernel: &'a Kernel,
    moments: &'a [Complex],
    rows: &'a [f64],
    slope: &'a mut [f64],
    potential: &'a mut [f64],
    curvature: &'a mut [f64],
}

impl<const CURVATURE: bool> pulp::NullaryFnOnce for SeriesAt<'_, CURVATURE> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            kernel,
            moments,
            rows,
            slope,
            potential,
            curvature,
        } = self;
        let chunks = rows
            .chunks(2 * LANES)
            .zip(slope.chunks_mut(LANES).zip(potential.chunks_mut(LANES)));
        for (chunk, (rows, (slope, potential))) in chunks.enumerate() {
            let (mut x, mut y) = ([1.0; LANES], [0.0; LANES]);
            for (lane, z) in rows.chunks_exact(2).enumerate() {
                (x[lane], y[lane]) = (z[0], z[1]);
            }
            let (mut real, mut imag) = (x, y);
            let mut value = [0.5 * kernel.potential[0] * moments[0].re; LANES];
            let mut derivative = [0.0; LANES];
            let mut second = [0.0; LANES];
            for (k, m) in moments.iter().enumerate().skip(1) {
                let (a, b) = (kernel.potential[k] * m.re, kernel.potential[k] * m.im);
                let gradient = k as f64 * kernel.over_beta[k];
                let (c, d) = (gradient * m.re, gradient * m.im);
                for lane in 0..LANES {
                    value[lane] += a * real[lane] + b * imag[lane];
                    derivative[lane] += c * imag[lane] - d * real[lane];
                }
                if CURVATURE {
                    let k = k as f64;
                    for lane in 0..LANES {
                        second[lane] += k * (c * real[lane] + d * imag[lane]);
                    }
                }
                for lane in 0..LANES {
                    let next = real[lane] * x[lane] - imag[lane] * y[lane];
                    imag[lane] = real[lane] * y[lane] + imag[lane] * x[lane];
                    real[lane] = next;
                }
            }
            for lane in 0..slope.len() {
                slope[lane] = -2.0 * derivative[lane];
                potential[lane] = 2.0 * value[lane];
                if CURVATURE {
                    curvature[chunk * LANES + lane] = -2.0 * second[lane];
                }
            }
        }
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

    /// (1/β)ΔZ(x_i) e^{−β}, after [`SphereSeries::evaluate`] for the same measure.
    pub(crate) fn laplacian(&mut self, kernel: &Kernel, positions: &[f64], laplacian: &mut [f64]) {
        Domain::Sphere.for_each(kernel.degree(), |entry, l| {
            self.moments[entry] *= -Domain::Sphere.laplacian(l);
        });
        (self.harmonics).values(&self.moments, positions, laplacian);
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
        self.harmonics
            .evaluate(&self.moments, positions, potential, gradient);
        // Z = λ_0 + β · the series of λ_ℓ/β, ℓ ≥ 1
        potential
            .iter_mut()
            .for_each(|z| *z = mean + kernel.beta * *z);
    }
}
