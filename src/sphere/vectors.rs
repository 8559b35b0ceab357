//! Several vectors of a slice at once, for loops that hold them in registers.

use pulp::Simd;

/// 1.5·2⁵²: adding it rounds to the nearest integer, which then sits in the low bits.
pub const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// The first `V` vectors. (No closure, as of `from_fn` or `map`: it may be called one by one, without the registers.)
#[inline(always)]
pub fn load<S: Simd, const V: usize>(simd: S, from: &[f64]) -> [S::f64s; V] {
    let mut loaded = [simd.splat_f64s(0.0); V];
    loaded.copy_from_slice(&S::as_simd_f64s(from).0[..V]);
    loaded
}
