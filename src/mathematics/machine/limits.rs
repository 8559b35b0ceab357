//! What this machine can do: how long the operations take at least that the hot paths are made of, each in a loop of nothing else, measured.
//! A bound for a kernel is what its operations take at these rates; no kernel of the same operations can be faster.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};

use super::exp::exp2_abreast;
use super::registers::arch;

/// Vectors that are worked on at once, so that no chain of operations waits for itself.
const ABREAST: usize = 8;
/// Rounds of a loop, and loops of which the least is taken.
const ROUNDS: usize = 2_000;
const LOOPS: usize = 24;
/// Numbers that no cache holds.
const STREAM: usize = 8 << 20;

/// Seconds an operation, on one thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// e^x by the vector routine.
    pub exponential: f64,
    /// A multiplication with an addition.
    pub multiply_add: f64,
    /// A byte from memory, read in order.
    pub byte: f64,
}

impl Limits {
    /// Measures them, in about 50 ms.
    #[must_use]
    pub fn measure() -> Self {
        let numbers = (ROUNDS * ABREAST * lanes()) as f64;
        let stream = vec![1.0; STREAM];
        Self {
            exponential: least(LOOPS, || arch().dispatch(Exponentials)) / numbers,
            multiply_add: least(LOOPS, || arch().dispatch(MultiplyAdds)) / numbers,
            byte: least(3, || arch().dispatch(Reading(&stream))) / (8 * STREAM) as f64,
        }
    }
}

/// Numbers in a vector.
fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        fn with_simd<S: Simd>(self, _simd: S) -> usize {
            S::F64_LANES
        }
    }
    arch().dispatch(Lanes)
}

/// The least time of a call, whose result is not thrown away before it is there.
fn least(loops: usize, mut call: impl FnMut() -> f64) -> f64 {
    (0..loops)
        .map(|_| {
            let start = Instant::now();
            black_box(call());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

struct Exponentials;

impl WithSimd for Exponentials {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut sum = [simd.splat_f64s(0.0); ABREAST];
        let start = black_box(0.25);
        for round in 0..ROUNDS {
            let mut x = [simd.splat_f64s(start + 1e-9 * round as f64); ABREAST];
            for (n, x) in x.iter_mut().enumerate() {
                *x = simd.add_f64s(*x, simd.splat_f64s(n as f64));
            }
            let values = exp2_abreast(simd, x);
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum = simd.add_f64s(*sum, value);
            }
        }
        total(simd, sum)
    }
}

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut sum = [simd.splat_f64s(black_box(1.0)); ABREAST];
        let (a, b) = (
            simd.splat_f64s(black_box(0.999)),
            simd.splat_f64s(black_box(1e-3)),
        );
        for _ in 0..ROUNDS {
            for sum in &mut sum {
                *sum = simd.mul_add_f64s(*sum, a, b);
            }
        }
        total(simd, sum)
    }
}

struct Reading<'a>(&'a [f64]);

impl WithSimd for Reading<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut sum = [simd.splat_f64s(0.0); ABREAST];
        let (vectors, _) = S::as_simd_f64s(self.0);
        for some in vectors.chunks_exact(ABREAST) {
            for (sum, value) in sum.iter_mut().zip(some) {
                *sum = simd.add_f64s(*sum, *value);
            }
        }
        total(simd, sum)
    }
}

#[inline(always)]
fn total<S: Simd>(simd: S, sums: [S::f64s; ABREAST]) -> f64 {
    sums.into_iter().map(|sum| simd.reduce_sum_f64s(sum)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_costs_more_than_a_multiplication_and_nothing_is_for_free() {
        let limits = Limits::measure();
        // a processor of this decade, and a test profile on a busy machine: 0.01 to 100 ns
        for seconds in [limits.exponential, limits.multiply_add, limits.byte] {
            assert!((1e-12..1e-7).contains(&seconds), "{limits:?}");
        }
        assert!(limits.exponential > 3.0 * limits.multiply_add, "{limits:?}");
    }
}
