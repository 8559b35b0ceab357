//! The mean-field tendency ∂_tρ = −(1/β) div(g∇Z), mobility g = ρ/Z for (SA), g = ρ for (USA) (3.4), (3.8), on the three
//! domains. The noise term DΔρ is diagonal and belongs to the exponential stepper.
//!
//! All three are one scheme: ρ and the smooth potential Z (its multipliers decay fast) are brought to a grid fine enough
//! for the product ρ∇Z, the flux ρv is formed there *locally*, with v = ∇Z/(βZ) or e^β-scaled ∇Z/β, and its divergence is
//! taken weakly, ∫Y div(ρv) = −∫∇Y·ρv, the exact adjoint of the gradient: the mean of the tendency is zero to the
//! last bit and mass is conserved.
//!
//! The identity div(g∇Z) = ½[Δ(gZ) + gΔZ − ZΔg] would do with scalar transforms on S², but the quotient g has no digits
//! where there is no mass (Z is rounding noise there), and Δg spreads them. A local flux is bounded by ρ.

mod circle;
mod sphere;
mod zonal;

pub use circle::CircleMeanField;
pub use circle::mix;
pub use sphere::SphereMeanField;
pub use zonal::ZonalMeanField;

use super::Attention;
use crate::sphere::Domain;

/// The right-hand side on a domain, with its plan and scratch.
#[derive(Debug, Clone)]
pub enum MeanField {
    /// Fourier.
    Circle(CircleMeanField),
    /// Spherical harmonics.
    Sphere(Box<SphereMeanField>),
    /// Gegenbauer polynomials.
    Zonal(ZonalMeanField),
}

impl MeanField {
    /// A tendency for densities of degree `modes` ≥ 2.
    #[must_use]
    pub fn new(domain: Domain, attention: Attention, modes: usize) -> Self {
        match domain {
            Domain::Circle => Self::Circle(CircleMeanField::new(attention, modes)),
            Domain::Sphere => Self::Sphere(Box::new(SphereMeanField::new(attention, modes))),
            Domain::Zonal(d) => Self::Zonal(ZonalMeanField::new(d, attention, modes)),
        }
    }

    /// `tendency` ← the coefficients of −div(ρv).
    pub fn tendency(&mut self, state: &[f64], tendency: &mut [f64]) {
        match self {
            Self::Circle(field) => field.tendency(state, tendency),
            Self::Sphere(field) => field.tendency(state, tendency),
            Self::Zonal(field) => field.tendency(state, tendency),
        }
    }

    /// max |v| on the grid at the last evaluation; degrees up to L are advected with frequencies up to L·max |v|.
    #[must_use]
    pub fn fastest(&self) -> f64 {
        match self {
            Self::Circle(field) => field.fastest(),
            Self::Sphere(field) => field.fastest(),
            Self::Zonal(field) => field.fastest(),
        }
    }

    /// dE/dt by the drift alone: (SA) ∫|v|²Z dμ, (USA) ∫|v|² dμ, and the smallest value of ρ on the grid.
    pub fn dissipation_and_minimum(&mut self, state: &[f64]) -> (f64, f64) {
        match self {
            Self::Circle(field) => field.dissipation_and_minimum(state),
            Self::Sphere(field) => field.dissipation_and_minimum(state),
            Self::Zonal(field) => field.dissipation_and_minimum(state),
        }
    }

    /// ∫ρ dσ by quadrature, for the density of the last evaluation.
    #[must_use]
    pub fn mass(&self) -> f64 {
        match self {
            Self::Circle(field) => field.mass(),
            Self::Sphere(field) => field.mass(),
            Self::Zonal(field) => field.mass(),
        }
    }
}
