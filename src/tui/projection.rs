//! How S² is laid on the screen: a globe seen from far away (orthographic) or a Mollweide map (equal areas), both turned to
//! the same direction. Points of the picture are (x, y) with x to the right and y upwards; the globe is the unit disc, the
//! map the ellipse |x| ≤ 1, |y| ≤ ½.

use std::f64::consts::{FRAC_PI_2, PI};

/// The direction from which the sphere is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaze {
    /// Longitude in the middle of the picture, in radians.
    pub turn: f64,
    /// Latitude in the middle of the picture, in radians.
    pub tilt: f64,
    /// A map instead of a globe.
    pub map: bool,
}

/// What one key press turns by: 15°.
pub const STEP: f64 = PI / 12.0;

impl Default for Gaze {
    fn default() -> Self {
        Self {
            turn: PI / 6.0,
            tilt: PI / 6.0,
            map: false,
        }
    }
}

impl Gaze {
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
    pub fn place(self, x: &[f64]) -> ([f64; 2], bool) {
        let [right, up, towards] = self.facing(x);
        if !self.map {
            return ([right, up], towards >= 0.0);
        }
        let (longitude, latitude) = (right.atan2(towards), up.clamp(-1.0, 1.0).asin());
        let t = auxiliary(latitude);
        ([longitude / PI * t.cos(), 0.5 * t.sin()], true)
    }

    /// The unit vector (of the near side) at a point of the picture; none outside.
    #[must_use]
    pub fn at(self, [x, y]: [f64; 2]) -> Option<[f64; 3]> {
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
    pub fn half_height(self) -> f64 {
        if self.map { 0.5 } else { 1.0 }
    }
}

/// t of Mollweide's 2t + sin 2t = π sin(latitude), by Newton's method kept inside [−π/2, π/2].
fn auxiliary(latitude: f64) -> f64 {
    let wanted = PI * latitude.sin();
    let (mut low, mut high) = (-FRAC_PI_2, FRAC_PI_2);
    let mut t = latitude;
    for _ in 0..60 {
        let excess = 2.0 * t + (2.0 * t).sin() - wanted;
        if excess > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let next = t - excess / (2.0 + 2.0 * (2.0 * t).cos()).max(1e-300);
        let next = if next > low && next < high {
            next
        } else {
            0.5 * (low + high)
        };
        if (next - t).abs() < 1e-15 {
            break;
        }
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gazes() -> [Gaze; 4] {
        [
            Gaze::default(),
            Gaze {
                map: true,
                ..Gaze::default()
            },
            Gaze {
                turn: 4.0,
                tilt: -1.2,
                map: false,
            },
            Gaze {
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
                        assert!((back[k] - x[k]).abs() < 1e-12, "{gaze:?} {x:?} {back:?}")
                    });
                }
            }
        }
    }

    #[test]
    fn the_map_has_equal_areas() {
        // the part of the picture below height y holds the share (1 + up)/2 of the sphere's area
        let gaze = Gaze {
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

    #[test]
    fn turning_moves_the_middle_and_stops_at_the_poles() {
        let gaze = Gaze::default().turned(0.0, 20.0);
        assert!((gaze.tilt - FRAC_PI_2).abs() < 1e-15);
        let (middle, near) = gaze.place(&[0.0, 0.0, 1.0]);
        assert!(near && middle[0].abs() < 1e-15 && middle[1].abs() < 1e-15);
        let east = Gaze {
            turn: 0.0,
            tilt: 0.0,
            map: false,
        }
        .turned(6.0, 0.0);
        assert!(east.place(&[0.0, 1.0, 0.0]).0[0].abs() < 1e-15);
    }
}
