//! How S² is laid on the screen: a globe seen from far away (orthographic) or a Mollweide map (equal areas), both turned to
//! the same direction. Points of the picture are (x, y) with x to the right and y upwards; the globe is the unit disc, the
//! map the ellipse |x| ≤ 1, |y| ≤ ½.

use std::f64::consts::{FRAC_PI_2, PI};

/// The direction from which the sphere is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Longitude in the middle of the picture, in radians.
    pub turn: f64,
    /// Latitude in the middle of the picture, in radians.
    pub tilt: f64,
    /// A map instead of a globe.
    pub map: bool,
}

/// What one key press turns by: 15°.
pub(crate) const STEP: f64 = PI / 12.0;

impl Default for Camera {
    fn default() -> Self {
        Self {
            turn: PI / 6.0,
            tilt: PI / 6.0,
            map: false,
        }
    }
}

impl Camera {
    /// Turned by a number of steps to the east and to the north.
    #[must_use]
    pub fn turned(self, east: f64, north: f64) -> Self {
        Self {
            turn: (self.turn + east * STEP).rem_euclid(2.0 * PI),
            tilt: (self.tilt + north * STEP).clamp(-FRAC_PI_2, FRAC_PI_2),
            ..self
        }
    }

    /// Right, up, towards the reader.
    fn facing(self, x: &[f64]) -> [f64; 3] {
        let ((s, c), (sin, cos)) = (self.turn.sin_cos(), self.tilt.sin_cos());
        let (towards, right) = (c * x[0] + s * x[1], c * x[1] - s * x[0]);
        [
            right,
            cos * x[2] - sin * towards,
            sin * x[2] + cos * towards,
        ]
    }

    fn unfacing(self, [right, up, towards]: [f64; 3]) -> [f64; 3] {
        let ((s, c), (sin, cos)) = (self.turn.sin_cos(), self.tilt.sin_cos());
        let (z, a) = (cos * up + sin * towards, cos * towards - sin * up);
        [c * a - s * right, s * a + c * right, z]
    }

    /// Where a unit vector lies in the picture, and whether it is on the near side (on a map all is).
    #[must_use]
    pub(crate) fn place(self, x: &[f64]) -> ([f64; 2], bool) {
        let [right, up, towards] = self.facing(x);
        if !self.map {
            return ([right, up], towards >= 0.0);
        }
        let (cos, sin) = auxiliary(up);
        ([right.atan2(towards) / PI * cos, 0.5 * sin], true)
    }

    /// The unit vector (of the near side) at a point of the picture; none outside.
    #[must_use]
    pub(crate) fn at(self, [x, y]: [f64; 2]) -> Option<[f64; 3]> {
        if !self.map {
            let square = 1.0 - x * x - y * y;
            return (square >= 0.0).then(|| self.unfacing([x, y, square.sqrt()]));
        }
        if (2.0 * y).abs() > 1.0 {
            return None;
        }
        let t = (2.0 * y).asin();
        let longitude = PI * x / t.cos().max(1e-12);
        if longitude.abs() > PI {
            return None;
        }
        let up = ((2.0 * t + (2.0 * t).sin()) / PI).clamp(-1.0, 1.0);
        let across = (1.0 - up * up).sqrt();
        Some(self.unfacing([across * longitude.sin(), up, across * longitude.cos()]))
    }

    /// Half the height of the picture, its width being 2.
    #[must_use]
    pub(crate) fn half_height(self) -> f64 {
        if self.map { 0.5 } else { 1.0 }
    }
}

/// (cos t, sin t) of Mollweide's 2t + sin 2t = π · height, the height being the sine of the latitude.
///
/// Measured from the pole, w = π − 2|t| solves w − sin w = π(1 − |height|). Newton's method on this convex function
/// starts from (6c)^{1/3}, exact at the pole where the derivative vanishes, so that four or five rounds do everywhere.
fn auxiliary(height: f64) -> (f64, f64) {
    let from_pole = PI * (1.0 - height.abs().min(1.0));
    let mut w = (6.0 * from_pole).cbrt();
    for _ in 0..ROUNDS {
        let slope = 1.0 - w.cos();
        if slope < 1e-300 {
            break;
        }
        let step = (w - w.sin() - from_pole) / slope;
        w -= step;
        // the error after a step is about its square
        if step.abs() < 1e-9 * w {
            break;
        }
    }
    let (sin, cos) = (0.5 * w).sin_cos();
    (sin, cos.copysign(height))
}

/// Most rounds of Newton's method; five have always been enough.
const ROUNDS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn gazes() -> [Camera; 4] {
        [
            Camera::default(),
            Camera {
                map: true,
                ..Camera::default()
            },
            Camera {
                turn: 4.0,
                tilt: -1.2,
                map: false,
            },
            Camera {
                turn: 4.0,
                tilt: 1.2,
                map: true,
            },
        ]
    }

    #[test]
    fn what_is_placed_is_found_again() {
        for gaze in gazes() {
            for (z, phi) in [(0.3_f64, 0.2_f64), (-0.8, 2.0), (0.99, 5.0), (0.0, 3.1)] {
                let r = (1.0 - z * z).sqrt();
                let x = [r * phi.cos(), r * phi.sin(), z];
                let (place, near) = gaze.place(&x);
                if near {
                    let back = gaze.at(place).unwrap();
                    (0..3).for_each(|k| {
                        assert!((back[k] - x[k]).abs() < 1e-12, "{gaze:?} {x:?} {back:?}");
                    });
                }
            }
        }
    }

    #[test]
    fn the_map_has_equal_areas() {
        // the part of the picture below height y holds the share (1 + up)/2 of the sphere's area
        let gaze = Camera {
            turn: 0.0,
            tilt: 0.0,
            map: true,
        };
        for y in [-0.4, -0.1, 0.2, 0.45] {
            let up = gaze.at([0.0, y]).unwrap()[2];
            let ellipse = 0.5 + (2.0 * y * (1.0 - 4.0 * y * y).sqrt() + (2.0 * y).asin()) / PI;
            assert!((ellipse - 0.5 * (1.0 + up)).abs() < 1e-12);
        }
        assert!(gaze.at([0.9, 0.4]).is_none() && gaze.at([0.0, 0.6]).is_none());
    }

    /// Cylinder coordinates (longitude in the picture, height) keep areas on the sphere; a map keeps them exactly when
    /// each parallel lies at the height that cuts off its share of the ellipse and is divided evenly.
    #[test]
    fn the_map_divides_parallels_evenly_at_the_height_of_their_share() {
        let gaze = Camera {
            turn: 0.0,
            tilt: 0.0,
            map: true,
        };
        for up in [-0.999, -0.9, -0.5, -1e-3, 0.0, 0.2, 0.77, 0.95, 0.999_f64] {
            let r = (1.0 - up * up).sqrt();
            let at = |longitude: f64| {
                gaze.place(&[r * longitude.cos(), r * longitude.sin(), up])
                    .0
            };
            let ([edge, y], near) = gaze.place(&[r * 1f64.cos(), r * 1f64.sin(), up]);
            assert!(near);
            let below = 0.5 + (2.0 * y * (1.0 - 4.0 * y * y).sqrt() + (2.0 * y).asin()) / PI;
            assert!((below - 0.5 * (1.0 + up)).abs() < 1e-12, "{up}");
            // half the ellipse's width at this height belongs to a longitude of π
            assert!(
                (edge * PI - (1.0 - 4.0 * y * y).sqrt()).abs() < 1e-12,
                "{up}"
            );
            for longitude in [-3.1, -2.0, -0.3, 0.0, 0.7, 3.1] {
                let [x, height] = at(longitude);
                assert!((x - edge * longitude).abs() < 1e-12, "{up} {longitude}");
                assert!((height - y).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn every_point_of_the_picture_is_found_again() {
        for gaze in gazes() {
            let (mut inside, mut all) = (0, 0);
            for i in -20..=20 {
                for j in -20..=20 {
                    let point = [
                        0.049 * f64::from(i),
                        0.049 * f64::from(j) * gaze.half_height(),
                    ];
                    all += 1;
                    let Some(x) = gaze.at(point) else { continue };
                    inside += 1;
                    let norm: f64 = x.iter().map(|v| v * v).sum();
                    let (back, near) = gaze.place(&x);
                    assert!(near && (norm - 1.0).abs() < 1e-14);
                    for k in 0..2 {
                        assert!(
                            (back[k] - point[k]).abs() < 1e-12,
                            "{gaze:?} {point:?} {back:?}"
                        );
                    }
                }
            }
            // a disc in its square, an ellipse in its rectangle: π/4 of the points
            let share = f64::from(inside) / f64::from(all) * 0.98 * 0.98;
            assert!((share - PI / 4.0).abs() < 0.04, "{share}");
        }
    }

    #[test]
    fn the_far_side_is_known_and_the_map_has_none() {
        let middle = Camera::default().at([0.0, 0.0]).unwrap();
        let behind = middle.map(|v| -v);
        assert!(!Camera::default().place(&behind).1);
        let map = Camera {
            map: true,
            ..Camera::default()
        };
        let ([x, y], near) = map.place(&behind);
        assert!(near && (x.abs() - 1.0).abs() < 1e-12 && y.abs() < 1e-12);
    }

    #[test]
    fn turning_moves_the_middle_and_stops_at_the_poles() {
        let gaze = Camera::default().turned(0.0, 20.0);
        assert!((gaze.tilt - FRAC_PI_2).abs() < 1e-15);
        let (middle, near) = gaze.place(&[0.0, 0.0, 1.0]);
        assert!(near && middle[0].abs() < 1e-15 && middle[1].abs() < 1e-15);
        let east = Camera {
            turn: 0.0,
            tilt: 0.0,
            map: false,
        }
        .turned(6.0, 0.0);
        assert!(east.place(&[0.0, 1.0, 0.0]).0[0].abs() < 1e-15);
    }
}
