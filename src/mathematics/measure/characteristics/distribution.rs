//! The distribution function of the angle of a density that is carried by markers on a line ([`super::Markers`]): what
//! masses of cells and clusters, and the Wasserstein distance, are read from.

use crate::sphere::panel::{self, Coefficients};
use std::f64::consts::TAU;

/// A panel shorter than this is a point mass.
const POINT: f64 = 1e-9;

/// A panel as the distribution function sees it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// X at its ends.
    pub(super) from: f64,
    pub(super) to: f64,
    /// The mass of all panels before it.
    pub(super) below: f64,
    /// X as a polynomial of the label.
    pub(super) place: Coefficients,
    /// dμ/ds, whose mean is the mass.
    pub(super) mass: Coefficients,
}

/// The distribution function of the angle: the flow on a line keeps the order of the labels, so that the mass below X(α) is
/// the mass below α, exactly.
#[derive(Debug, Clone)]
pub struct AngleDistribution {
    pieces: Vec<Piece>,
    periodic: bool,
    total: f64,
    /// The mass below the angle 0 on the circle, from the first piece on.
    below_zero: f64,
}

/// s with X(s) = x on a piece: Newton's steps where they stay between the bounds found so far, halves where not.
fn inverse(piece: &Piece, x: f64) -> f64 {
    let (mut low, mut high) = (-1.0, 1.0);
    let span = piece.to - piece.from;
    // X is known up to its rounding, and no better
    let rounding = f64::EPSILON * piece.from.abs().max(piece.to.abs());
    let mut s = if span > 0.0 {
        2.0 * (x - piece.from) / span - 1.0
    } else {
        0.0
    };
    while high - low > 1e-14 {
        let here = panel::polynomials(s);
        let off = panel::value_at(&piece.place, &here) - x;
        if off.abs() <= rounding {
            return s;
        }
        if off < 0.0 {
            low = s;
        } else {
            high = s;
        }
        let next = s - off / panel::slope_at(&piece.place, &here);
        s = if next > low && next < high {
            next
        } else {
            0.5 * (low + high)
        };
    }
    s
}

impl AngleDistribution {
    /// Of pieces one after the other; `periodic` on the circle.
    #[must_use]
    pub(super) fn new(pieces: Vec<Piece>, periodic: bool, total: f64) -> Self {
        let mut curve = Self {
            pieces,
            periodic,
            total,
            below_zero: 0.0,
        };
        if periodic {
            curve.below_zero = curve.lifted(0.0);
        }
        curve
    }

    /// The panel whose image holds an angle, the place s in it, and the turns taken off.
    pub(super) fn locate(&self, angle: f64) -> (usize, f64, f64) {
        let (start, end) = (self.pieces[0].from, self.pieces[self.pieces.len() - 1].to);
        let turns = if self.periodic {
            ((angle - start) / TAU).floor()
        } else {
            0.0
        };
        let x = (angle - turns * TAU).clamp(start, end);
        let p = self
            .pieces
            .partition_point(|piece| piece.to < x)
            .min(self.pieces.len() - 1);
        (p, inverse(&self.pieces[p], x), turns)
    }

    fn lifted(&self, angle: f64) -> f64 {
        let (p, s, turns) = self.locate(angle);
        let piece = &self.pieces[p];
        turns * self.total + piece.below + panel::integral(&piece.mass, s)
    }

    /// μ([0, angle)); on the circle for angles in [0, 2π].
    #[must_use]
    pub(crate) fn cumulative(&self, angle: f64) -> f64 {
        if self.periodic {
            self.lifted(angle) - self.below_zero
        } else if angle <= 0.0 {
            0.0
        } else if angle >= std::f64::consts::PI {
            // with what sits on the pole
            self.total
        } else {
            self.lifted(angle)
        }
    }

    /// Masses of the cells between increasing angles.
    #[must_use]
    pub(crate) fn cells(&self, edges: &[f64]) -> Vec<f64> {
        let below: Vec<f64> = edges.iter().map(|angle| self.cumulative(*angle)).collect();
        below.windows(2).map(|two| two[1] - two[0]).collect()
    }

    /// The distribution function as a line of points (angle, mass below) from its first angle on, increasing in both, `count` to a panel.
    #[must_use]
    pub(crate) fn points(&self, count: usize) -> Vec<(f64, f64)> {
        let mut points = Vec::with_capacity(self.pieces.len() * count + 1);
        let mut top = (self.pieces[0].from, 0.0);
        points.push(top);
        let place = |step: usize, count: usize| 2.0 * step as f64 / count as f64 - 1.0;
        let known: Vec<_> = (1..=count)
            .map(|step| panel::polynomials(place(step, count)))
            .collect();
        for piece in &self.pieces {
            // what has gone to a point is one step
            let first = if piece.to - piece.from < POINT {
                count
            } else {
                1
            };
            for step in first..=count {
                let (s, here) = (place(step, count), &known[step - 1]);
                let x = if step == count {
                    piece.to
                } else {
                    panel::value_at(&piece.place, here)
                };
                let below = piece.below + panel::integral_at(&piece.mass, s, here);
                top = (x.clamp(top.0, piece.to.max(top.0)), below.max(top.1));
                points.push(top);
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use crate::measure::{Density, Law, Markers};
    use crate::sphere::Domain;

    #[test]
    fn the_distribution_function_of_fresh_markers_is_that_of_the_density() {
        let law = Law::Harmonics {
            cosine: vec![0.5, 0.2],
            sine: vec![-0.1],
        };
        let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 32).unwrap();
        let curve = Markers::from_density(&density).curve().unwrap();
        for j in 0..=50 {
            let angle = std::f64::consts::TAU * f64::from(j) / 50.0;
            let off = curve.cumulative(angle) - density.cumulative(angle);
            assert!(off.abs() < 1e-13, "{angle}: {off:e}");
        }
        let points = curve.points(64);
        assert!(
            points
                .windows(2)
                .all(|two| two[0].0 <= two[1].0 && two[0].1 <= two[1].1)
        );
    }

    #[test]
    fn splitting_panels_changes_no_moment() {
        for domain in [Domain::Circle, Domain::Zonal(5)] {
            let axis = vec![0.0, 0.0, 0.0, 0.0, 1.0];
            let law = match domain {
                Domain::Circle => Law::Harmonics {
                    cosine: vec![0.5, 0.2],
                    sine: vec![-0.1],
                },
                _ => Law::VonMisesFisher {
                    concentration: 3.0,
                    mean: axis,
                },
            };
            let density = Density::from_law(&law, domain, 0, 0.0, 48).unwrap();
            let mut markers = Markers::from_density(&density);
            let before = markers.moments(20);
            markers.split(&[1, 4, 5]);
            let after = markers.moments(20);
            for (a, b) in before.values().iter().zip(after.values()) {
                assert!((a - b).abs() < 1e-13);
            }
            for (a, b) in before.values().iter().zip(density.state.iter()) {
                let same = if domain == Domain::Circle {
                    a.abs() - b.abs()
                } else {
                    a - b
                };
                assert!(same.abs() < 1e-12, "{a} {b}");
            }
            assert!(markers.curve().is_some() && markers.unresolved(1e-11).is_empty());
        }
    }
}
