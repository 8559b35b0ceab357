//! Complex Fourier transforms of a block of latitudes one after the other, by `rustfft`: for lengths with a large prime, which
//! [`crate::machine::fft::batched`] would take as a plain sum, and the slow reference for all others.

use std::sync::Arc;

use rustfft::{Fft, FftPlanner};

use super::Complex;
use crate::machine::fft::batched::{LANES, LatitudePack, Places};

/// Both directions for one length.
#[derive(Clone)]
pub(crate) struct FallbackFft {
    length: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl std::fmt::Debug for FallbackFft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FallbackFft").finish_non_exhaustive()
    }
}

impl FallbackFft {
    /// For N = `length` points.
    #[must_use]
    pub(crate) fn new(length: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            length,
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    /// Numbers that a transform works in: a line, and the library's own scratch.
    #[must_use]
    pub(crate) fn room(&self) -> usize {
        let scratch =
            (self.forward.get_inplace_scratch_len()).max(self.inverse.get_inplace_scratch_len());
        self.length + scratch
    }

    /// See [`crate::machine::fft::batched::BatchedFft::inverse`].
    pub(crate) fn inverse(
        &self,
        (rows, places): (&[LatitudePack], impl Places),
        frequencies: Option<&[f64]>,
        field: &mut [LatitudePack],
        room: &mut [Complex],
    ) {
        let (line, scratch) = room.split_at_mut(self.length);
        for lane in 0..LANES {
            for (k, z) in line.iter_mut().enumerate() {
                let LatitudePack([re, im]) = &rows[places.of(k)];
                *z = Complex::new(re[lane], im[lane]);
                if let Some(frequencies) = frequencies {
                    *z *= Complex::new(0.0, frequencies[k]);
                }
            }
            self.inverse.process_with_scratch(line, scratch);
            for (LatitudePack([re, im]), z) in field.iter_mut().zip(&*line) {
                (re[lane], im[lane]) = (z.re, z.im);
            }
        }
    }

    /// See [`crate::machine::fft::batched::BatchedFft::forward`].
    pub(crate) fn forward(
        &self,
        field: &[LatitudePack],
        room: &mut [Complex],
        (rows, places): (&mut [LatitudePack], impl Places),
    ) {
        let (line, scratch) = room.split_at_mut(self.length);
        for lane in 0..LANES {
            for (z, LatitudePack([re, im])) in line.iter_mut().zip(field) {
                *z = Complex::new(re[lane], im[lane]);
            }
            self.forward.process_with_scratch(line, scratch);
            for (k, z) in line.iter().enumerate() {
                let LatitudePack([re, im]) = &mut rows[places.of(k)];
                (re[lane], im[lane]) = (z.re, z.im);
            }
        }
    }
}
