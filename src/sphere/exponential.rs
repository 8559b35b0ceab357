//! e^x without branches, so that a loop over it runs in the machine's vector registers.
//!
//! x = k ln 2 + r with |r| ≤ ½ ln 2, e^r by its Taylor polynomial of degree 13 (remainder 4e-18), and 2^k through the
//! exponent bits. The same operations in the same order on every instruction set, hence the same bits. The standard
//! library's `exp` is the slow reference; the test below holds the two to 4e-16 relative.

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5·2⁵²: adding it rounds to the nearest integer, which then sits in the low bits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
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
pub fn exp(x: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::exp;

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
