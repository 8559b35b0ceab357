//! Fourier analysis on the circle: values at θ_j = 2πj/N against coefficients c_k of f(θ) = Σ_{|k|≤N/2} c_k e^{ikθ}.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Complex numbers in double precision.
pub type Complex = rustfft::num_complex::Complex<f64>;

/// A real transform of fixed size N that owns its scratch: neither direction allocates.
pub struct CirclePlan {
    size: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    spectrum: Vec<Complex>,
    values: Vec<f64>,
    scratch: Vec<Complex>,
}

impl CirclePlan {
    /// A plan for N = `size` ≥ 2 equispaced points.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(size);
        let inverse = planner.plan_fft_inverse(size);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            size,
            spectrum: vec![Complex::default(); size / 2 + 1],
            values: vec![0.0; size],
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
        }
    }

    /// N, the number of points.
    #[must_use]
    pub fn size(&self) -> usize {
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
        self.spectrum[degree + 1..].fill(Complex::default());
        let done = self
            .inverse
            .process_with_scratch(&mut self.spectrum, values, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
    }

    /// c_k = (1/N) Σ_j f(θ_j) e^{−ikθ_j}, handed to `take(k, c_k)` for k = 0..=`degree` ≤ N/2.
    pub fn analysis(&mut self, values: &[f64], degree: usize, take: impl FnMut(usize, Complex)) {
        let mut copy = std::mem::take(&mut self.values);
        copy.copy_from_slice(values);
        self.analysis_of(&mut copy, degree, take);
        self.values = copy;
    }

    /// The same, which leaves nothing of the values.
    pub fn analysis_of(
        &mut self,
        values: &mut [f64],
        degree: usize,
        mut take: impl FnMut(usize, Complex),
    ) {
        debug_assert!(2 * degree <= self.size && values.len() == self.size);
        let done =
            (self.forward).process_with_scratch(values, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
        let scale = 1.0 / self.size as f64;
        for (k, value) in self.spectrum[..=degree].iter().enumerate() {
            take(k, value * scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthesis_is_the_fourier_sum_and_analysis_undoes_it() {
        for size in [8, 96, 768] {
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
                assert!((c - coefficients[k]).norm() < 1e-15)
            });
        }
    }
}
