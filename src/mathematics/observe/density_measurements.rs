//! What is measured of a density beside its tokens, whatever carries it, or of many tokens in its place.

use super::clusters::{self, Clusters};
use super::discrepancy::{between_points, discrepancy};
use super::instruments::{Instruments, ORDERS};
use super::sliced::along;
use super::token_measurements::TokenSide;
use super::transport;
use super::watershed;

use crate::dynamics::MeanField;
use crate::integrate::Work;
use crate::measure::{Density, Markers, Moments, Particles};
use crate::sphere::Domain;

/// The density as the table sees it.
#[derive(Debug, Clone)]
pub struct FieldSide {
    /// E_β\[ρ\], the interaction energy.
    pub energy: f64,
    /// Ê = ∬e^{β(⟨x,y⟩−1)}dρdρ.
    pub normalised_energy: f64,
    /// dE/dt by the drift.
    pub dissipation: f64,
    /// |m_1| … |m_8|.
    pub orders: [f64; ORDERS],
    /// All its moments.
    pub moments: Moments,
    /// |mass − 1|, by quadrature on the grid.
    pub mass_error: f64,
    /// The smallest value of ρ on the grid.
    pub minimum: f64,
    /// Largest amplitude in the top eighth of the modes; for markers what the quadrature in the label loses.
    pub tail: f64,
    /// The degree kept, by the spectral solver.
    pub modes: Option<usize>,
    /// Markers, by the method of characteristics.
    pub markers: Option<usize>,
    /// Clusters and masses.
    pub clusters: Clusters,
    /// W_1 to the tokens: exact on the circle, sliced above.
    pub wasserstein: f64,
    /// Kernel discrepancy to the tokens.
    pub discrepancy: f64,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl FieldSide {
    /// Measures the density and its distance to the tokens.
    pub fn observe(
        density: &Density,
        mean_field: &mut MeanField,
        instruments: &mut Instruments,
        work: Work,
        tokens: &Particles,
        token_side: &TokenSide,
    ) -> Self {
        let moments = density.moments();
        let (dissipation, minimum) = mean_field.dissipation_and_minimum(&density.state);
        let width = instruments.width;
        let clusters = match (density.domain, &mut instruments.basins) {
            (Domain::Sphere, Some(basins)) => basins.of_density(density),
            (Domain::Zonal(_), _) => watershed::of_zonal(density, width),
            _ => clusters::of_density(&moments, width, |theta| density.cumulative(theta)),
        };
        let wasserstein = match &mut instruments.slices {
            Some(slices) => slices.wasserstein(tokens, density),
            None => {
                debug_assert_eq!(instruments.around.tokens().places.len(), tokens.count());
                transport::wasserstein(instruments.around.tokens(), density)
            }
        };
        let kernel = &instruments.kernel;
        let orders = moments.order_parameters(ORDERS);
        let discrepancy = discrepancy(kernel, tokens, token_side.known(), &density.axis, &moments);
        Self {
            energy: kernel.interaction_energy(&moments),
            normalised_energy: kernel.normalised_energy(&moments),
            dissipation,
            orders: std::array::from_fn(|k| orders[k]),
            mass_error: (mean_field.mass() - 1.0).abs(),
            minimum,
            tail: density.tail(),
            modes: Some(density.modes()),
            markers: None,
            clusters,
            wasserstein,
            discrepancy,
            moments,
            work,
        }
    }
}

impl FieldSide {
    /// Measures a density that is carried by markers; `dissipation` comes from their flow.
    pub fn of_markers(
        markers: &Markers,
        dissipation: f64,
        instruments: &mut Instruments,
        work: Work,
        tokens: &Particles,
        token_side: &TokenSide,
    ) -> Self {
        let (kernel, width) = (&instruments.kernel, instruments.width);
        let degree = kernel
            .degree()
            .max(SHOWN)
            .max(clusters::degrees_needed(width));
        let moments = markers.moments(degree);
        let curve = markers.curve();
        let (particles, tail) = (&markers.bodies.particles, markers.tail());
        let clusters = match (&curve, &mut instruments.basins) {
            (None, Some(basins)) => {
                // on S² a few markers linger at every watershed: lighter than the loss is not known to be there
                let mut clusters = basins.of_tokens(particles);
                clusters.list.retain(|cluster| cluster.mass > SEEN * tail);
                clusters.labels.clear();
                clusters
            }
            (Some(curve), _) if markers.domain == Domain::Circle => {
                clusters::of_density(&moments, width, |theta| curve.cumulative(theta))
            }
            (Some(curve), _) => watershed::of_zonal_markers(&moments, &markers.axis, curve, width),
            (None, None) => Clusters::default(),
        };
        let wasserstein = match (&curve, &instruments.slices) {
            (Some(curve), _) => {
                let line = curve.points(LINE);
                if markers.domain == Domain::Circle {
                    transport::wasserstein_to_line(instruments.around.tokens(), &line)
                } else {
                    transport::to_line_of_interval(&along(tokens, &markers.axis), &line)
                }
            }
            (None, Some(slices)) => slices.between_points(tokens, particles),
            (None, None) => f64::NAN,
        };
        let discrepancy = discrepancy(kernel, tokens, token_side.known(), &markers.axis, &moments);
        let orders = moments.order_parameters(ORDERS);
        Self {
            energy: kernel.interaction_energy(&moments),
            normalised_energy: kernel.normalised_energy(&moments),
            dissipation,
            orders: std::array::from_fn(|k| orders[k]),
            mass_error: (particles.weights.iter().sum::<f64>() - 1.0).abs(),
            minimum: markers.minimum(),
            tail,
            modes: None,
            markers: Some(markers.bodies.count()),
            clusters,
            wasserstein,
            discrepancy,
            moments,
            work,
        }
    }
}

impl FieldSide {
    /// A reference run of many tokens in the place of the density, and its distance to the tokens.
    #[must_use]
    pub fn of_reference(
        reference: (&Particles, &TokenSide),
        instruments: &Instruments,
        tokens: &Particles,
        token_side: &TokenSide,
    ) -> Self {
        let (particles, side) = reference;
        let angles = |points: &Particles| -> Vec<(f64, f64)> {
            (points.angles().into_iter())
                .zip(points.weights.iter().copied())
                .collect()
        };
        let wasserstein = match (&instruments.slices, particles.dimension()) {
            _ if instruments.flat => f64::NAN,
            (_, 2) => {
                super::point_sets::between_points_on_circle(&angles(tokens), &angles(particles))
            }
            (Some(slices), _) => slices.between_points(tokens, particles),
            (None, _) => f64::NAN,
        };
        let discrepancy = match (&side.moments, &token_side.moments) {
            (Some(own), Some(other)) => instruments.kernel.energy_norm(&other.minus(own)),
            _ if instruments.flat => f64::NAN,
            _ => {
                let (one, two) = (token_side.known().1, side.known().1);
                between_points(&instruments.kernel, (tokens, one), (particles, two))
            }
        };
        Self {
            energy: side.energy,
            normalised_energy: side.normalised_energy,
            dissipation: side.dissipation,
            orders: side.orders,
            moments: (side.moments.clone())
                .unwrap_or_else(|| Moments::new(Domain::Zonal(particles.dimension()), vec![1.0])),
            mass_error: f64::NAN,
            minimum: f64::NAN,
            tail: f64::NAN,
            modes: None,
            markers: None,
            clusters: side.clusters.clone(),
            wasserstein,
            discrepancy,
            work: side.work,
        }
    }
}

/// Degrees of the order parameters that are shown.
const SHOWN: usize = 64;
/// A cluster of markers on S² counts from so many losses on.
const SEEN: f64 = 4.0;
/// Points of the distribution function on a panel of markers: straight pieces between them are good to 1e-7 in W₁.
const LINE: usize = 128;
