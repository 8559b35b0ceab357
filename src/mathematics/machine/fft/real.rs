//! Real transforms of an even number N of points by a complex one of M = N/2: pairs of neighbours are taken as complex numbers, and one
//! pass over the M frequencies parts or joins what their halves are (Cooley and Tukey's last step).
//!
//! With X_k the coefficients, w = e^{2πi/N} and t_k = i w^k
//!
//! Z_k = (X_k + conj X_{M−k}) + t_k (X_k − conj X_{M−k}), z_j = Σ_k Z_k e^{2πijk/M} = x_{2j} + i x_{2j+1},
//!
//! and back, X_k = ½(Z_k + conj Z_{M−k}) + ½ conj(t_k) (Z_k − conj Z_{M−k}) with Z the transform of z. What is mirrored is written down in its
//! place first, so that the pass runs forward in vector instructions. (`realfft`, which does the same one by one and serves odd N, is the
//! slow reference.)

use super::Complex;
use crate::machine::aligned::AlignedVec;
use pulp::bytemuck::cast_slice_mut;
use pulp::{Simd, WithSimd};
use rustfft::{Fft, FftPlanner};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Both directions for one N.
#[derive(Clone)]
pub(crate) struct RealFft {
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    /// t_k, and conj(t_k) up to k = M.
    turns: AlignedVec<Complex>,
    back: AlignedVec<Complex>,
    /// conj X_{M−k} or conj Z_{M−k} at k.
    mirrored: AlignedVec<Complex>,
    scratch: Vec<Complex>,
}

impl std::fmt::Debug for RealFft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RealFft").finish_non_exhaustive()
    }
}

impl RealFft {
    /// For N = `size` points, an even number.
    #[must_use]
    pub(crate) fn new(size: usize) -> Self {
        let half = size / 2;
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(half),
            planner.plan_fft_inverse(half),
        );
        let scratch = (forward.get_inplace_scratch_len()).max(inverse.get_inplace_scratch_len());
        let turn = |k: usize| {
            let (sin, cos) = (TAU * k as f64 / size as f64).sin_cos();
            Complex::new(-sin, cos)
        };
        Self {
            turns: AlignedVec::of((0..half).map(turn)),
            back: AlignedVec::of((0..half + 1).map(|k| turn(k).conj())),
            mirrored: AlignedVec::new(half + 1),
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
        }
    }

    /// values_j ← Σ_{|k|≤`degree`} X_k e^{2πijk/N}, X_{−k} = conj X_k, `degree` < M; `spectrum` holds X_0 … X_M, those above the degree zero.
    pub(crate) fn synthesis(&mut self, spectrum: &[Complex], degree: usize, values: &mut [f64]) {
        let half = self.turns.len();
        self.mirrored[..half - degree].fill(Complex::default());
        let behind = self.mirrored[half - degree..].iter_mut().rev();
        (behind.zip(&spectrum[..=degree])).for_each(|(mirrored, x)| *mirrored = x.conj());
        let values: &mut [Complex] = cast_slice_mut(values);
        crate::machine::registers::arch().dispatch(Combine {
            ahead: &spectrum[..half],
            mirrored: &self.mirrored[..half],
            turns: &self.turns,
            out: values,
        });
        (self.inverse).process_with_scratch(values, &mut self.scratch);
    }

    /// spectrum_k ← 2 Σ_j values_j e^{−2πijk/N}, k ≤ `degree` ≤ M; nothing is left of the values.
    pub(crate) fn analysis(&mut self, values: &mut [f64], degree: usize, spectrum: &mut [Complex]) {
        let half = self.turns.len();
        let values: &mut [Complex] = cast_slice_mut(values);
        (self.forward).process_with_scratch(values, &mut self.scratch);
        let count = degree + 1;
        self.mirrored[0] = values[0].conj();
        self.mirrored[half] = values[0].conj();
        let behind = values[1..].iter().rev();
        (self.mirrored[1..].iter_mut().zip(behind).take(degree))
            .for_each(|(mirrored, z)| *mirrored = z.conj());
        crate::machine::registers::arch().dispatch(Combine {
            ahead: &values[..count.min(half)],
            mirrored: &self.mirrored,
            turns: &self.back,
            out: spectrum,
        });
        if degree == half {
            let (z, mirrored) = (values[0], self.mirrored[half]);
            spectrum[half] = (z + mirrored) + (z - mirrored) * self.back[half];
        }
    }
}

/// out_k ← (a_k + b_k) + t_k(a_k − b_k), as many as there are of a.
struct Combine<'a> {
    ahead: &'a [Complex],
    mirrored: &'a [Complex],
    turns: &'a [Complex],
    out: &'a mut [Complex],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let count = self.ahead.len();
        let (a, a_rest) = S::as_simd_c64s(self.ahead);
        let (b, b_rest) = S::as_simd_c64s(&self.mirrored[..count]);
        let (t, t_rest) = S::as_simd_c64s(&self.turns[..count]);
        let (out, out_rest) = S::as_mut_simd_c64s(&mut self.out[..count]);
        for (((out, a), b), t) in out.iter_mut().zip(a).zip(b).zip(t) {
            *out = combine(simd, *a, *b, *t);
        }
        if !a_rest.is_empty() {
            let [a, b, t] = [a_rest, b_rest, t_rest].map(|rest| simd.partial_load_c64s(rest));
            simd.partial_store_c64s(out_rest, combine(simd, a, b, t));
        }
    }
}

#[inline(always)]
fn combine<S: Simd>(simd: S, a: S::c64s, b: S::c64s, t: S::c64s) -> S::c64s {
    let (sum, difference) = (simd.add_c64s(a, b), simd.sub_c64s(a, b));
    simd.mul_add_c64s(difference, t, sum)
}
