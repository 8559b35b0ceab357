//! Angles of many unit vectors to one: 2 atan2(|x−u|, |x+u|), as exact for near vectors as for antipodal ones.
//!
//! The smaller over the larger of the two lengths is in [0, 1]; above tan π/8 atan q = π/4 + atan((q−1)/(q+1)); the rational function of
//! Cephes (Moshier) below. Nothing depends on a branch, so that the loops become vector instructions of the width that is found at run
//! time. The library, an angle at a time, took a tenth of a whole run on S² with files more.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

/// Vectors that go through the loops abreast.
const BLOCK: usize = 64;
/// tan π/8.
const BORDER: f64 = std::f64::consts::SQRT_2 - 1.0;
/// What π/2 has beyond its 53 bits.
const REST: f64 = 6.123_233_995_736_766e-17;
/// atan y = y + y z P(z)/Q(z), z = y², |y| ≤ tan π/8; highest powers first, that of Q is z⁵.
const P: [f64; 5] = [
    -8.750_608_600_031_904e-1,
    -1.615_753_718_733_365e1,
    -7.500_855_792_314_705e1,
    -1.228_866_684_490_136_2e2,
    -6.485_021_904_942_025e1,
];
const Q: [f64; 5] = [
    2.485_846_490_142_306_3e1,
    1.650_270_098_316_988_5e2,
    4.328_810_604_912_903e2,
    4.853_903_996_359_137e2,
    1.945_506_571_482_614e2,
];

/// The angles in [0, π] of unit vectors, the rows of an array, to the unit vector `direction`.
pub(crate) fn angles_to(direction: &[f64], rows: &[f64]) -> Vec<f64> {
    let mut angles = vec![0.0; rows.len() / direction.len()];
    let angles_to = AnglesTo {
        direction,
        rows,
        angles: &mut angles,
    };
    crate::machine::registers::arch().dispatch(angles_to);
    angles
}

struct AnglesTo<'a> {
    direction: &'a [f64],
    rows: &'a [f64],
    angles: &'a mut [f64],
}

impl pulp::NullaryFnOnce for AnglesTo<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let d = self.direction.len();
        let blocks = self.rows.chunks(BLOCK * d);
        for (rows, angles) in blocks.zip(self.angles.chunks_mut(BLOCK)) {
            let (mut minus, mut plus) = ([0.0; BLOCK], [0.0; BLOCK]);
            for ((row, minus), plus) in rows.chunks_exact(d).zip(&mut minus).zip(&mut plus) {
                for (a, b) in row.iter().zip(self.direction) {
                    *minus += (a - b) * (a - b);
                    *plus += (a + b) * (a + b);
                }
            }
            for ((angle, minus), plus) in angles.iter_mut().zip(&minus).zip(&plus) {
                *angle = 2.0 * quadrant_angle(minus.sqrt(), plus.sqrt());
            }
        }
    }
}

/// atan2(y, x) for y, x ≥ 0 that are not both 0.
#[inline(always)]
fn quadrant_angle(y: f64, x: f64) -> f64 {
    let (small, large) = if y < x { (y, x) } else { (x, y) };
    let turned = small > BORDER * large;
    let (above, below) = if turned {
        (small - large, small + large)
    } else {
        (small, large)
    };
    let q = above / below;
    let z = q * q;
    let p = (((P[0] * z + P[1]) * z + P[2]) * z + P[3]) * z + P[4];
    let under = ((((z + Q[0]) * z + Q[1]) * z + Q[2]) * z + Q[3]) * z + Q[4];
    let near = q * (z * p / under);
    let angle = if turned {
        FRAC_PI_4 + (q + (near + 0.5 * REST))
    } else {
        q + near
    };
    if y < x {
        angle
    } else {
        FRAC_PI_2 - (angle - REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::testing::instruction_sets;
    use std::f64::consts::PI;

    #[test]
    fn it_is_the_librarys_arctangent_to_two_units_in_the_last_place() {
        let mut pairs = vec![
            (0.0, 1.0),
            (1.0, 0.0),
            (1.0, 1.0),
            (1e-300, 1.0),
            (1.0, 1e-300),
        ];
        for i in 0..20_000 {
            let t = f64::from(i) * (FRAC_PI_2 / 20_000.0);
            pairs.push((t.sin(), t.cos()));
            pairs.push((2.0_f64.powi(-i % 1000), 3.0));
            pairs.push((0.7, 2.0_f64.powi(-i % 1000)));
        }
        for (y, x) in pairs {
            let (found, exact) = (quadrant_angle(y, x), f64::atan2(y, x));
            assert!(
                (found - exact).abs() <= 2.0 * f64::EPSILON * exact,
                "{y} {x}: {found} {exact}"
            );
        }
    }

    #[test]
    fn near_and_antipodal_vectors_keep_their_digits_in_every_dimension_on_every_instruction_set() {
        for d in [2, 3, 8] {
            let mut direction = vec![0.0; d];
            direction[d - 1] = 1.0;
            let turned = |t: f64| {
                let mut x = vec![0.0; d];
                (x[0], x[d - 1]) = t.sin_cos();
                x
            };
            let expected: Vec<f64> = (0..=500).map(|i| PI * f64::from(i) / 500.0).collect();
            let expected = [expected, vec![1e-9, 1e-5, PI - 1e-5]].concat();
            let rows: Vec<f64> = expected.iter().flat_map(|t| turned(*t)).collect();
            let mut found = Vec::new();
            for arch in instruction_sets() {
                let mut angles = vec![0.0; expected.len()];
                arch.dispatch(AnglesTo {
                    direction: &direction,
                    rows: &rows,
                    angles: &mut angles,
                });
                found.push(angles);
            }
            assert!(found.windows(2).all(|two| two[0] == two[1]));
            assert_eq!(angles_to(&direction, &rows), found[0]);
            for (angle, t) in found[0].iter().zip(&expected) {
                assert!(
                    (angle - t).abs() <= 4.0 * f64::EPSILON * t,
                    "d {d}: {angle} {t}"
                );
            }
        }
        assert!(angles_to(&[0.0, 1.0], &[]).is_empty());
    }
}
