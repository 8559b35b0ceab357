//! Sine and cosine of many angles at once: unit vectors of the plane.
//!
//! θ = qπ/2 + r with |r| ≤ π/4, the polynomials of `fdlibm` in r (Sun's k_sin and k_cos, below one unit in the last place), and q mod 4
//! says which is which and of what sign: nothing depends on a branch, so that the loops become vector instructions of the width that
//! is found at run time. Measured against the library's function, one angle at a time: a sixth of the time with AVX-512.

use crate::machine::registers::ROUNDING;
use std::f64::consts::{FRAC_2_PI, TAU};

/// Angles that go through the loops abreast.
const BLOCK: usize = 64;
/// π/2 = HIGH + LOW + 1e-22; HIGH has 33 bits, so that q·HIGH is exact.
const HIGH: f64 = 1.570_796_326_734_125_6;
const LOW: f64 = 6.077_100_506_506_192e-11;

/// sin r = r + r³(S_0 + S_1r² + …), |r| ≤ π/4.
const SINE: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
/// cos r = 1 − r²/2 + r⁴(C_0 + C_1r² + …).
const COSINE: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// Brings every angle into [0, 2π) and sets its row of `rows` (two numbers an angle) to (cos θ, sin θ).
pub(crate) fn unit_vectors(angles: &mut [f64], rows: &mut [f64]) {
    crate::machine::registers::arch().dispatch(UnitVectors { angles, rows });
}

struct UnitVectors<'a> {
    angles: &'a mut [f64],
    rows: &'a mut [f64],
}

impl pulp::NullaryFnOnce for UnitVectors<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (mut cos, mut sin) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (angles, rows) in (self.angles.chunks_mut(BLOCK)).zip(self.rows.chunks_mut(2 * BLOCK)) {
            let outside = (angles.iter()).fold(false, |any, a| any | !(0.0..TAU).contains(a));
            if outside {
                angles.iter_mut().for_each(|angle| *angle = wrap(*angle));
            }
            for ((angle, cos), sin) in angles.iter().zip(&mut cos).zip(&mut sin) {
                (*cos, *sin) = cos_sin(*angle);
            }
            for ((row, cos), sin) in rows.as_chunks_mut::<2>().0.iter_mut().zip(&cos).zip(&sin) {
                *row = [*cos, *sin];
            }
        }
    }
}

/// cos θ and sin θ of an angle in [0, 2π).
#[inline(always)]
fn cos_sin(angle: f64) -> (f64, f64) {
    let near = angle * FRAC_2_PI + ROUNDING;
    let (quarter, q) = (near.to_bits(), near - ROUNDING);
    let r = (angle - q * HIGH) - q * LOW;
    let z = r * r;
    let odd = SINE[1] + z * (SINE[2] + z * (SINE[3] + z * (SINE[4] + z * SINE[5])));
    let sine = r + (z * r) * (SINE[0] + z * odd);
    let even = COSINE[2] + z * (COSINE[3] + z * (COSINE[4] + z * COSINE[5]));
    let half = 0.5 * z;
    // 1 − z/2 with what the subtraction loses
    let one = 1.0 - half;
    let cosine = one + (((1.0 - one) - half) + (z * z) * (COSINE[0] + z * (COSINE[1] + z * even)));
    let (along, across) = if quarter & 1 == 0 {
        (cosine, sine)
    } else {
        (sine, cosine)
    };
    // cos changes its sign in the quarters 1 and 2, sin in 2 and 3
    let sign_of_cos = ((quarter + 1) & 2) << 62;
    let sign_of_sin = (quarter & 2) << 62;
    (
        f64::from_bits(along.to_bits() ^ sign_of_cos),
        f64::from_bits(across.to_bits() ^ sign_of_sin),
    )
}

/// The representative of an angle in [0, 2π).
#[must_use]
pub fn wrap(angle: f64) -> f64 {
    if (0.0..std::f64::consts::TAU).contains(&angle) {
        // most angles are; a division takes as long as a sine
        return angle;
    }
    let wrapped = angle.rem_euclid(std::f64::consts::TAU);
    if wrapped >= std::f64::consts::TAU {
        0.0
    } else {
        wrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_PI_4, PI};

    #[test]
    fn they_are_the_librarys_to_the_last_place_all_around_the_circle() {
        let mut angles: Vec<f64> = (0..100_000).map(|i| i as f64 * 6.283e-5).collect();
        for k in 0..=8 {
            // the borders of the quarters, from both sides
            let border = k as f64 * FRAC_PI_4;
            angles.extend([border, border.next_up(), border.next_down(), border - 1e-9]);
        }
        angles.extend([-0.3, -1e-17, 1e-300, 7.0, TAU, 1e5, -PI]);
        let given = angles.clone();
        let mut rows = vec![0.0; 2 * angles.len()];
        unit_vectors(&mut angles, &mut rows);
        for ((row, angle), given) in rows.chunks_exact(2).zip(&angles).zip(&given) {
            assert_eq!(*angle, wrap(*given));
            let (sin, cos) = angle.sin_cos();
            for (found, exact) in [(row[0], cos), (row[1], sin)] {
                let off = (found - exact).abs();
                // what is left of π/2 has an error of its own, of 1e-26
                assert!(
                    off <= 2.0 * f64::EPSILON * exact.abs() + 1e-25,
                    "{given}: {found} {exact}"
                );
            }
        }
    }
}
