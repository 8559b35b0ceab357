//! Fourier analysis on the circle: values at θ_j = 2πj/N against coefficients c_k of f(θ) = Σ_{|k|≤N/2} c_k e^{ikθ}.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::machine::aligned::AlignedVec;
use crate::machine::fft::real::RealFft;

pub use crate::machine::fft::Complex;

/// A real transform of fixed size N that owns its scratch: neither direction allocates.
#[derive(Debug, Clone)]
pub struct CirclePlan {
    size: usize,
    way: Way,
    spectrum: AlignedVec<Complex>,
    /// Entries of the spectrum beyond this degree are zero.
    filled: usize,
    values: AlignedVec<f64>,
}

/// How the transform is made.
#[derive(Clone)]
enum Way {
    /// Of an even number of points.
    RealFft(Box<RealFft>),
    /// Of any number.
    Library {
        forward: Arc<dyn RealToComplex<f64>>,
        inverse: Arc<dyn ComplexToReal<f64>>,
        scratch: Vec<Complex>,
    },
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

impl CirclePlan {
    /// A plan for N = `size` ≥ 2 equispaced points.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let way = if size.is_multiple_of(2) {
            Way::RealFft(Box::new(RealFft::new(size)))
        } else {
            Way::library(size)
        };
        Self::by(way, size)
    }

    fn by(way: Way, size: usize) -> Self {
        Self {
            size,
            way,
            spectrum: AlignedVec::new(size / 2 + 1),
            filled: 0,
            values: AlignedVec::new(size),
        }
    }

    /// N, the number of points.
    #[must_use]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// f(θ_j) = Σ_k c_k e^{ikθ_j} with c_{−k} = conj c_k: `coefficient(k)` is asked for k = 0..=`degree` < N/2.
    pub fn synthesis(
        &mut self,
        degree: usize,
        mut coefficient: impl FnMut(usize) -> Complex,
        values: &mut [f64],
    ) {
        debug_assert!(2 * degree < self.size && values.len() == self.size);
        for (k, slot) in self.spectrum[..=degree].iter_mut().enumerate() {
            *slot = coefficient(k);
        }
        self.spectrum[0].im = 0.0;
        if self.filled > degree {
            self.spectrum[degree + 1..=self.filled].fill(Complex::default());
        }
        self.filled = degree;
        match &mut self.way {
            Way::RealFft(halves) => halves.synthesis(&self.spectrum, degree, values),
            Way::Library {
                inverse, scratch, ..
            } => {
                self.filled = self.spectrum.len() - 1;
                let done = inverse.process_with_scratch(&mut self.spectrum, values, scratch);
                debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
            }
        }
    }

    /// c_k = (1/N) Σ_j f(θ_j) e^{−ikθ_j}, handed to `take(k, c_k)` for k = 0..=`degree` ≤ N/2.
    pub fn analysis(
        &mut self,
        values: &[f64],
        degree: usize,
        mut take: impl FnMut(usize, Complex),
    ) {
        let mut copy = std::mem::replace(&mut self.values, AlignedVec::new(0));
        copy.copy_from_slice(values);
        let (spectrum, scale) = self.analysis_of(&mut copy, degree);
        for (k, value) in spectrum.iter().enumerate() {
            take(k, value * scale);
        }
        self.values = copy;
    }

    /// The Fourier coefficients c_k of values as a list of numbers proportional to them, and the factor to c_k; nothing is left of the values.
    pub(crate) fn analysis_of(&mut self, values: &mut [f64], degree: usize) -> (&[Complex], f64) {
        debug_assert!(2 * degree <= self.size && values.len() == self.size);
        self.filled = self.spectrum.len() - 1;
        let mut scale = 1.0 / self.size as f64;
        match &mut self.way {
            Way::RealFft(halves) => {
                halves.analysis(values, degree, &mut self.spectrum);
                scale *= 0.5;
            }
            Way::Library {
                forward, scratch, ..
            } => {
                let done = forward.process_with_scratch(values, &mut self.spectrum, scratch);
                debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
            }
        }
        (&self.spectrum[..=degree], scale)
    }
}

impl Way {
    fn library(size: usize) -> Self {
        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(size);
        let inverse = planner.plan_fft_inverse(size);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self::Library {
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthesis_is_the_fourier_sum_and_analysis_undoes_it() {
        for size in [8, 9, 96, 99, 768] {
            let degree = size / 3;
            let coefficients: Vec<Complex> = (0..=degree)
                .map(|k| {
                    let x = k as f64;
                    Complex::new((x * 1.3).cos(), if k == 0 { 0.0 } else { (x * 0.7).sin() })
                        / (1.0 + x)
                })
                .collect();
            let mut plan = CirclePlan::new(size);
            let mut values = vec![0.0; size];
            plan.synthesis(degree, |k| coefficients[k], &mut values);
            let theta = std::f64::consts::TAU * 3.0 / size as f64;
            let slow = coefficients[0].re
                + 2.0
                    * (1..=degree)
                        .map(|k| (coefficients[k] * Complex::from_polar(1.0, k as f64 * theta)).re)
                        .sum::<f64>();
            assert!((values[3] - slow).abs() < 1e-13);
            plan.analysis(&values, degree, |k, c| {
                assert!((c - coefficients[k]).norm() < 1e-15);
            });
        }
    }

    #[test]
    fn halves_are_the_librarys_transforms_of_any_even_size_and_degree() {
        for size in [2_usize, 4, 6, 8, 10, 14, 16, 22, 64, 90, 128, 770, 1024] {
            let mut fast = CirclePlan::new(size);
            let mut slow = CirclePlan::by(Way::library(size), size);
            let half = size / 2;
            // also fewer than before, after an analysis and after a synthesis
            for degree in [half - 1, half / 2, half - 1, 0] {
                let c = |k: usize| Complex::new((k as f64 * 1.3).cos(), (k as f64 * 0.7).sin());
                let (mut a, mut b) = (vec![0.0; size], vec![0.0; size]);
                fast.synthesis(degree, c, &mut a);
                slow.synthesis(degree, c, &mut b);
                let near = |a: f64, b: f64| (a - b).abs() < 1e-14 * (1.0 + degree as f64);
                assert!(
                    a.iter().zip(&b).all(|(a, b)| near(*a, *b)),
                    "{size} {degree}"
                );
                let degree = if degree == half - 1 { half } else { degree };
                let values: Vec<f64> = (0..size).map(|j| (j as f64 * 1.7).sin()).collect();
                let mut found = Vec::new();
                fast.analysis(&values, degree, |_, c| found.push(c));
                slow.analysis(&values, degree, |k, c| {
                    assert!(
                        (c - found[k]).norm() < 1e-15,
                        "{size} {degree} {k}: {c} {}",
                        found[k]
                    );
                });
                assert_eq!(found.len(), degree + 1);
            }
        }
    }
}
