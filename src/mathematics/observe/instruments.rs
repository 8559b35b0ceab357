//! The instruments that measure tokens and density, made once a run.

use super::angular_order::AngularOrder;
use super::clusters;
use super::parts::Parts;
use super::sliced::Slices;
use super::watershed::SphereBasins;
use crate::dynamics::Kernel;
use crate::dynamics::circle_cells::sums::CellMomentsOfTokens;
use crate::measure::{Moments, Particles};
use crate::sphere::Domain;

/// Degrees of the order parameters in the table.
pub(crate) const ORDERS: usize = 8;
/// δ of the pairs that are near, where nothing is said.
pub const DEFAULT_DELTA: f64 = 1e-3;

/// What measuring needs beside the measure itself, made once a run.
#[derive(Debug, Clone)]
pub struct Instruments {
    /// The kernel of the equation now.
    pub kernel: Kernel,
    pub(super) width: f64,
    pub(super) basins: Option<SphereBasins>,
    pub(super) slices: Option<Slices>,
    pub(super) flat: bool,
    /// The tokens of a circle that were observed last, by angle: those that a density is compared with.
    pub(super) around: AngularOrder,
    pub(super) moments: Option<CellMomentsOfTokens>,
    /// δ of the pairs that are near.
    pub(super) delta: f64,
    /// What is asked for.
    pub(super) parts: Parts,
}

impl Instruments {
    /// For tokens on S^{d−1} and a density on `field` (with its axis), clusters at the resolution `width`.
    #[must_use]
    pub fn new(kernel: Kernel, width: f64, field: Option<(Domain, &[f64])>) -> Self {
        Self {
            basins: None,
            slices: field
                .filter(|(domain, _)| *domain != Domain::Circle)
                .map(|(domain, axis)| Slices::new(domain, axis)),
            kernel,
            width,
            flat: false,
            around: AngularOrder::default(),
            moments: None,
            delta: DEFAULT_DELTA,
            parts: Parts::ALL,
        }
    }

    /// Instruments for these parts alone, and pairs that are near by δ.
    #[must_use]
    pub fn measuring(mut self, parts: Parts, delta: f64) -> Self {
        self.parts = parts.complete();
        self.delta = delta;
        if self.parts.have(Parts::CLUSTERS.and(Parts::COMPANION)) && self.kernel.dimension == 3 {
            self.basins = Some(SphereBasins::new(self.width));
        }
        self
    }

    /// What is asked for.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// Instruments for tokens of ℝ^d, where `flat`.
    #[must_use]
    pub fn flat(mut self, flat: bool) -> Self {
        self.flat = flat;
        self
    }

    /// The moments of tokens on the circle, by cells where they are many, and on S².
    pub(super) fn moments(
        &mut self,
        tokens: &Particles,
        (angles, many): (&[f64], bool),
        common: Option<f64>,
    ) -> Option<Moments> {
        let degree = self.kernel.degree().max(ORDERS);
        match tokens.dimension() {
            _ if self.flat => None,
            2 => {
                let degree = degree.max(clusters::degrees_needed(self.width));
                if !many {
                    return Some(tokens.moments(degree));
                }
                let room = (self.moments.take())
                    .filter(|room| room.fits(degree, angles.len()))
                    .unwrap_or_else(|| CellMomentsOfTokens::new(degree, angles.len()));
                let room = self.moments.insert(room);
                Some(Moments::circle(room.of(angles, &tokens.weights, common)))
            }
            3 => Some(tokens.moments(degree)),
            _ => None,
        }
    }
}
