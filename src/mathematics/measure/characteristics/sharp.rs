//! Markers for a law on the circle or along an axis that is a sum of sharp peaks: panels are laid about each peak, and the density at a label
//! is the law's own, so that no series has to hold it. In high dimension none does: there the series of a peak is the difference of numbers
//! that are larger than the peak by more than sixteen digits, long before it needs many degrees.

use std::f64::consts::{PI, TAU};

use super::markers::{LEAST, Markers};
use super::start::{LABEL_ACCURACY, first_edges, log_circumference, on_line};
use crate::measure::law::{Law, Peak};
use crate::sphere::Domain;

/// Panels are no shorter than this share of a peak.
const SHORTEST: f64 = 1e-3;

/// A peak on the line.
struct Placed {
    peak: Peak,
    /// The angle of its axis.
    axis: f64,
    /// ln of its mass over ∫e^{profile} dσ.
    log_factor: f64,
}

impl Markers {
    /// The markers of a law that is a sum of peaks, on the circle or along its axis; none where it is no such sum.
    #[must_use]
    pub fn of_peaks(law: &Law, domain: Domain, seed: u64) -> Option<Self> {
        let dimension = domain.dimension();
        let axis = match domain {
            Domain::Circle => Vec::new(),
            Domain::Zonal(_) => law.axis(dimension, seed)?,
            Domain::Sphere => return None,
        };
        let peaks: Vec<Placed> = (law.peaks(dimension, seed)?.into_iter())
            .map(|peak| Placed::new(peak, domain, &axis))
            .collect();
        let (mut edges, mut shortest, mut accuracy) =
            (first_edges(domain), f64::INFINITY, LABEL_ACCURACY);
        for placed in &peaks {
            let (at, s) = (placed.peak.at, placed.peak.length);
            shortest = shortest.min(SHORTEST * s);
            accuracy = accuracy.max(placed.peak.rounding(placed.axis + at));
            edges.extend(around(at, s).flat_map(|alpha| placed.angles(alpha, domain)));
        }
        let edges = in_order(edges, shortest);
        let top = (peaks.iter())
            .map(|placed| placed.log_factor + placed.peak.log_law(placed.peak.at))
            .fold(f64::NEG_INFINITY, f64::max);
        let power = dimension as f64 - 2.0;
        let at = |angles: &[f64]| {
            let logs: Vec<f64> = angles
                .iter()
                .map(|angle| sum(&peaks, *angle, domain))
                .collect();
            let law = (logs.iter().zip(angles))
                .map(|(log, angle)| match domain {
                    Domain::Circle => (log - top).exp(),
                    _ => (log + power * angle.sin().ln() - top).exp(),
                })
                .collect();
            (logs.iter().map(|log| log.max(LEAST.ln())).collect(), law)
        };
        Some(on_line((domain, &axis), &edges, (shortest, accuracy), &at).normalised())
    }
}

/// Distances from the axis of a peak at α* of length s between which panels lie.
fn around(at: f64, s: f64) -> impl Iterator<Item = f64> {
    let reach = (0..60)
        .map(move |k| s * f64::from(k).exp2())
        .take_while(|far| *far < PI);
    let both = reach.flat_map(move |far| [at - far, at + far]);
    std::iter::once(at)
        .chain(both)
        .filter(|alpha| *alpha >= 0.0 && *alpha < PI)
}

/// Edges in their order, none nearer to another than that; the first and the last stay.
fn in_order(mut edges: Vec<f64>, shortest: f64) -> Vec<f64> {
    edges.sort_unstable_by(f64::total_cmp);
    let end = edges.last().copied();
    edges.dedup_by(|b, a| *b - *a < shortest);
    (edges.last_mut().into_iter().zip(end)).for_each(|(last, end)| *last = end);
    edges
}

/// ln ρ of the sum at an angle of the line.
fn sum(peaks: &[Placed], angle: f64, domain: Domain) -> f64 {
    let logs = || (peaks.iter()).map(|placed| placed.log_factor + placed.log_at(angle, domain));
    let most = logs().fold(f64::NEG_INFINITY, f64::max);
    most + logs().map(|log| (log - most).exp()).sum::<f64>().ln()
}

impl Placed {
    fn new(peak: Peak, domain: Domain, axis: &[f64]) -> Self {
        let along: f64 = peak.axis.iter().zip(axis).map(|(a, b)| a * b).sum();
        let axis = match domain {
            Domain::Circle => peak.axis[1].atan2(peak.axis[0]).rem_euclid(TAU),
            _ if along < 0.0 => PI,
            _ => 0.0,
        };
        let log_factor = peak.mass.ln() - log_integral(&peak);
        Self {
            peak,
            axis,
            log_factor,
        }
    }

    /// The angles of the line at a distance from the axis.
    fn angles(&self, alpha: f64, domain: Domain) -> Vec<f64> {
        match domain {
            Domain::Circle => vec![
                (self.axis + alpha).rem_euclid(TAU),
                (self.axis - alpha).rem_euclid(TAU),
            ],
            _ => vec![(self.axis - alpha).abs()],
        }
    }

    fn log_at(&self, angle: f64, domain: Domain) -> f64 {
        let apart = (angle - self.axis).abs();
        let alpha = if domain == Domain::Circle {
            apart.min(TAU - apart)
        } else {
            apart
        };
        self.peak.log_profile(alpha)
    }
}

/// ln ∫e^{profile} dσ = ln(∫₀^π e^{L} dα / ∫₀^π sin^{d−2} dα).
fn log_integral(peak: &Peak) -> f64 {
    let (at, s) = (peak.at, peak.length);
    let top = peak.log_law(at);
    // panels of half a circle, whose markers weigh what the law does there
    let edges = around(at, s).chain(first_edges(Domain::Zonal(2))).collect();
    let edges = in_order(edges, SHORTEST * s);
    let law = |angles: &[f64]| {
        let law: Vec<f64> = angles
            .iter()
            .map(|alpha| (peak.log_law(*alpha) - top).exp())
            .collect();
        (vec![0.0; law.len()], law)
    };
    let fine = (SHORTEST * s, LABEL_ACCURACY.max(peak.rounding(at)));
    let markers = on_line((Domain::Zonal(2), &[]), &edges, fine, &law);
    top + markers.masses.iter().sum::<f64>().ln() - log_circumference(peak.axis.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::bessel::scaled_multipliers;

    fn von_mises(dimension: usize, concentration: f64) -> Law {
        let mut mean = vec![0.0; dimension];
        mean[dimension - 1] = 1.0;
        Law::VonMisesFisher {
            concentration,
            mean,
        }
    }

    fn poisson(dimension: usize, weight: f64) -> Law {
        let mut axis = vec![0.0; dimension];
        axis[0] = -1.0;
        Law::Poisson { weight, axis }
    }

    fn domain(dimension: usize) -> Domain {
        match dimension {
            2 => Domain::Circle,
            d => Domain::Zonal(d),
        }
    }

    #[test]
    fn markers_of_peaks_have_the_moments_of_their_law_in_any_dimension() {
        let mut laws = vec![(
            2,
            Law::Mixture {
                means: vec![vec![0.6, 0.8], vec![1.0, 0.0], vec![0.0, -1.0]],
                concentrations: vec![1e7, 30.0, 0.0],
                masses: vec![0.5, 0.3, 0.2],
            },
        )];
        for dimension in [2, 3, 4, 9, 64, 500, 4096] {
            for concentration in [0.0, 3.0, 300.0, 1e5, 1e8] {
                laws.push((dimension, von_mises(dimension, concentration)));
            }
            for weight in [0.0, 0.5, 0.99, 0.999] {
                laws.push((dimension, poisson(dimension, weight)));
            }
        }
        laws.push((2, poisson(2, 0.999_999)));
        let (up, down) = (vec![0.0, 0.0, 0.0, 1.0], vec![0.0, 0.0, 0.0, -1.0]);
        laws.push((
            4,
            Law::Mixture {
                means: vec![up, down],
                concentrations: vec![2000.0, 1e6],
                masses: vec![0.25, 0.75],
            },
        ));
        for (dimension, law) in laws {
            let kernels: Vec<_> = law.peaks(dimension, 1).unwrap();
            let name = || format!("d {dimension} {:?}", kernels[0].kernel());
            let markers = Markers::of_peaks(&law, domain(dimension), 1).unwrap();
            let moments = law.moments(domain(dimension), 1, 16).unwrap();
            let off = markers.differ_from(&moments);
            assert!(off < 1e-11, "{}: {off:e}", name());
            // panels that rounding alone splits would be tens of thousands
            assert!(markers.count() < 4000, "{}: {}", name(), markers.count());
        }
    }

    #[test]
    fn the_density_at_a_marker_is_that_of_the_law() {
        for (dimension, concentration) in [(2, 1e8), (2, 40.0), (3, 1e4), (9, 300.0)] {
            let law = von_mises(dimension, concentration);
            let markers = Markers::of_peaks(&law, domain(dimension), 1).unwrap();
            // ln ∫ e^{κ(c−1)} dσ
            let integral = scaled_multipliers(dimension, concentration, 0)[0].ln();
            for (log, x) in markers
                .log_density
                .iter()
                .zip(markers.bodies.particles.rows())
            {
                // the axis is the second unit vector on the circle, the first number is sin α along an axis
                let cosine = x[1];
                let exact = concentration * (cosine - 1.0) - integral;
                if exact > -30.0 {
                    let rounding = 1e-12 + 1e-15 * concentration;
                    assert!(
                        (log - exact).abs() < rounding,
                        "κ {concentration}: {log} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn laws_without_a_closed_form_are_left_to_their_modes() {
        assert!(Markers::of_peaks(&Law::Hemisphere, Domain::Zonal(5), 1).is_none());
        assert!(Markers::of_peaks(&von_mises(3, 9.0), Domain::Sphere, 1).is_none());
    }
}
