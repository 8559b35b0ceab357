//! The vector registers: which instruction set is used, chosen once when the program runs, and several vectors of a slice at once for loops
//! that hold them in registers.
//!
//! `METASTABLE_SIMD=avx2` or `scalar` limits the choice, to try a machine without AVX-512 or without vectors on one that has them. No result
//! depends on it.

use std::sync::OnceLock;

use pulp::{Arch, Simd};

/// The instruction set for all vector kernels.
#[must_use]
pub(crate) fn arch() -> Arch {
    static CHOSEN: OnceLock<Arch> = OnceLock::new();
    *CHOSEN.get_or_init(|| limited(std::env::var("METASTABLE_SIMD").ok().as_deref()))
}

/// What it is called.
#[must_use]
pub fn name() -> &'static str {
    match arch() {
        Arch::Scalar => "one number at a time",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "AVX2",
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "AVX-512",
        _ => "vectors",
    }
}

/// The best instruction set of this machine within a limit.
fn limited(limit: Option<&str>) -> Arch {
    match limit {
        Some("scalar") => Arch::Scalar,
        #[cfg(target_arch = "x86_64")]
        Some("avx2") => pulp::x86::V3::try_new().map_or(Arch::Scalar, Arch::V3),
        _ => Arch::new(),
    }
}

/// 1.5·2⁵²: adding it rounds to the nearest integer, which then sits in the low bits.
pub(crate) const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// The first `V` vectors. (No closure, as of `from_fn` or `map`: it may be called one by one, without the registers.)
#[inline(always)]
pub(crate) fn load<S: Simd, const V: usize>(simd: S, from: &[f64]) -> [S::f64s; V] {
    let mut loaded = [simd.splat_f64s(0.0); V];
    loaded.copy_from_slice(&S::as_simd_f64s(from).0[..V]);
    loaded
}
