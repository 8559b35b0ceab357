//! e^x without branches, so that a loop over it runs in the machine's vector registers.
//!
//! x = k ln 2 + r with |r| ≤ ½ ln 2, e^r by its Taylor polynomial of degree 13 (remainder 4e-18), and 2^k through the
//! exponent bits. The same operations in the same order on every instruction set, hence the same bits. The standard
//! library's `exp` is the slow reference; the test below holds the two to 4e-16 relative.
//!
//! [`exp2_abreast`] is the same in explicit vectors of the instruction set that was found at run time, for loops that hold their sums
//! in registers: 2^x = 2^k 2^f with |f| ≤ ½, where the reduction is exact, and fused multiplications.

use crate::machine::registers::ROUNDING;
use pulp::{Simd, bytemuck};

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const SMALLEST: f64 = -708.0;
const LARGEST: f64 = 709.0;

const TAYLOR: [f64; 14] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// e^x for x ≤ 709; 0 below −708 (where the true value is under 4e-308); NaN for NaN.
#[inline(always)]
#[must_use]
pub(crate) fn exp(x: f64) -> f64 {
    let low = if x < SMALLEST { SMALLEST } else { x };
    let clamped = if low > LARGEST { LARGEST } else { low };
    let shifted = clamped * std::f64::consts::LOG2_E + ROUNDING;
    let k = shifted - ROUNDING;
    let r = (clamped - k * LN2_HIGH) - k * LN2_LOW;
    let mut sum = TAYLOR[13];
    let mut degree = 13;
    while degree > 0 {
        degree -= 1;
        sum = sum * r + TAYLOR[degree];
    }
    let scaled = f64::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 52));
    let value = if x < SMALLEST { 0.0 } else { scaled };
    // 0 · x is 0, or NaN where x is NaN.
    value + 0.0 * clamped
}

/// 2^f on |f| ≤ ½, near minimax with c_0 = 1 (interpolated at Chebyshev's nodes; relative error 2e-17 before rounding).
const EXP2: [f64; 12] = [
    1.0,
    std::f64::consts::LN_2,
    0.240_226_506_959_100_97,
    0.055_504_108_664_821_6,
    0.009_618_129_107_606_888,
    0.001_333_355_814_641_693_6,
    0.000_154_035_304_417_360_5,
    1.525_273_382_983_612e-5,
    1.321_544_258_792_169e-6,
    1.017_806_244_584_577_4e-7,
    7.072_585_949_269_223e-9,
    4.454_960_598_186_518_6e-10,
];

/// 2^x for x ≤ 1023 in `N` vectors at once, whose chains of operations hide each other's latency; 0 at and below −1022.
#[inline(always)]
#[must_use]
pub(crate) fn exp2_abreast<S: Simd, const N: usize>(simd: S, x: [S::f64s; N]) -> [S::f64s; N] {
    exp2_within::<S, N, false>(simd, x)
}

/// [`exp2_abreast`], its lower end left out where `ORDINARY` says that −960 ≤ x ≤ 1023: the same bits by a tenth fewer operations.
#[inline(always)]
#[must_use]
pub(crate) fn exp2_within<S: Simd, const N: usize, const ORDINARY: bool>(
    simd: S,
    x: [S::f64s; N],
) -> [S::f64s; N] {
    let (least, rounding) = (simd.splat_f64s(-1022.0), simd.splat_f64s(ROUNDING));
    // 2^−1022 less: zero at the lower end, and no change to what is larger than 1e-291
    let smallest = simd.splat_f64s(f64::MIN_POSITIVE);
    // in loops: the closures of `from_fn` and `map` may be called one by one, without the registers
    let (mut shifted, mut f, mut sum) = (x, x, [simd.splat_f64s(EXP2[11]); N]);
    for n in 0..N {
        let x = if ORDINARY {
            x[n]
        } else {
            simd.max_f64s(least, x[n])
        };
        shifted[n] = simd.add_f64s(x, rounding);
        f[n] = simd.sub_f64s(x, simd.sub_f64s(shifted[n], rounding));
    }
    for c in EXP2[..11].iter().rev() {
        let c = simd.splat_f64s(*c);
        for n in 0..N {
            sum[n] = simd.mul_add_f64s(sum[n], f[n], c);
        }
    }
    for n in 0..N {
        let exponent = to_exponent(simd, shifted[n]);
        let value = simd.add_u64s(simd.transmute_u64s_f64s(sum[n]), exponent);
        sum[n] = simd.transmute_f64s_u64s(value);
        if !ORDINARY {
            sum[n] = simd.sub_f64s(sum[n], smallest);
        }
    }
    sum
}

/// The lowest bits to where the exponent is; pulp has no shift for every vector, the compiler makes one of this.
#[inline(always)]
fn to_exponent<S: Simd>(simd: S, x: S::f64s) -> S::u64s {
    let bits = simd.transmute_u64s_f64s(x);
    match S::U64_LANES {
        8 => bytemuck::cast(bytemuck::cast::<_, [u64; 8]>(bits).map(|b| b << 52)),
        4 => bytemuck::cast(bytemuck::cast::<_, [u64; 4]>(bits).map(|b| b << 52)),
        2 => bytemuck::cast(bytemuck::cast::<_, [u64; 2]>(bits).map(|b| b << 52)),
        _ => bytemuck::cast(bytemuck::cast::<_, [u64; 1]>(bits).map(|b| b << 52)),
    }
}

#[cfg(test)]
mod tests {
    use super::{exp, exp2_abreast};
    use pulp::{Simd, WithSimd};

    /// 2^x of a slice, in place.
    struct Powers<'a>(&'a mut [f64]);

    impl WithSimd for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (pairs, _) = S::as_mut_simd_f64s(self.0).0.as_chunks_mut::<2>();
            pairs
                .iter_mut()
                .for_each(|pair| *pair = exp2_abreast(simd, *pair));
        }
    }

    #[test]
    fn abreast_agrees_with_the_standard_library_to_an_ulp_or_two_on_every_instruction_set() {
        let x: Vec<f64> = (0..400_000)
            .map(|i| -960.0 + f64::from(i) * 0.004_9)
            .collect();
        let exact: Vec<f64> = x.iter().map(|x| x.exp2()).collect();
        let mut edges = vec![0.0; 16];
        edges[..6].copy_from_slice(&[-1022.0, -1e9, f64::NEG_INFINITY, f64::NAN, 1.0, -1.0]);
        let check = |power: &dyn Fn(&mut [f64])| {
            let (mut y, mut ends) = (x.clone(), edges.clone());
            power(&mut y);
            power(&mut ends);
            let worst =
                (y.iter().zip(&exact)).fold(0.0_f64, |w, (a, b)| w.max((a / b - 1.0).abs()));
            assert!(worst < 4e-16, "worst relative error {worst:e}");
            assert_eq!(ends[..3], [0.0; 3]);
            assert_eq!(ends[4..7], [2.0, 0.5, 1.0]);
            ends[3]
        };
        for arch in crate::machine::testing::instruction_sets() {
            let of_nan = check(&|y| arch.dispatch(Powers(y)));
            // one lane goes by the library, whose answer to what is no power is its own
            assert!(of_nan.is_nan() || matches!(arch, pulp::Arch::Scalar));
        }
    }

    #[test]
    fn agrees_with_the_standard_library_to_an_ulp_or_two() {
        let mut worst = 0.0_f64;
        for i in 0..400_000 {
            let x = -700.0 + f64::from(i) * 0.003_5;
            worst = worst.max((exp(x) / x.exp() - 1.0).abs());
        }
        assert!(worst < 4e-16, "worst relative error {worst:e}");
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn goes_to_zero_far_down_and_keeps_nan() {
        assert_eq!(exp(-20_000.0), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert!(exp(f64::NAN).is_nan());
    }
}
