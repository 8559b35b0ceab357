//! The equations. With Q = K = V = I both systems of the paper are one formula: let Z_μ(x) = ∫ e^{β⟨x,y⟩} dμ(y); then
//! (USA) moves mass by (1/β)∇Z and (SA) by (1/β)∇log Z, whether μ is the empirical measure of the tokens or a density.
//!
//! The kernel is zonal, so it acts on moments by one multiplier a degree ([`Kernel`], Funk–Hecke), and [`spectral`]
//! (tokens; for many on the circle in cells, [`binned`]) and [`mean_field`] (density) read the same table. What needs no zonal structure goes by all pairs
//! ([`direct`], and for exponentially weak pulls [`tangent`]). [`tokens`] chooses between them and the tests hold them
//! together. [`flow`] moves the markers that carry a density past its collapse, [`merging`] says when bodies become one.

pub mod binned;
pub mod direct;
pub mod flow;
pub mod kernel;
pub mod mean_field;
pub mod merging;
pub mod spectral;
pub mod tangent;
pub mod tokens;

pub use flow::MarkerFlow;
pub use kernel::Kernel;
pub use mean_field::{CircleMeanField, MeanField, SphereMeanField, ZonalMeanField};
pub use tokens::TokenDynamics;

use serde::Serialize;

/// How attention weights are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Normalisation {
    /// (SA): weights e^{β⟨x_i,x_j⟩} / Σ_j e^{β⟨x_i,x_j⟩}.
    #[serde(rename = "softmax")]
    Softmax,
    /// (USA): weights e^{β⟨x_i,x_j⟩} / n.
    #[serde(rename = "none")]
    None,
}

impl Normalisation {
    /// The paper's name of the system.
    #[must_use]
    pub fn system(self) -> &'static str {
        match self {
            Self::Softmax => "SA",
            Self::None => "USA",
        }
    }
}

/// The attention that moves the measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Attention {
    /// β ≥ 0, the inverse temperature.
    pub beta: f64,
    /// (SA) or (USA).
    pub normalisation: Normalisation,
}

impl Attention {
    /// e^β for (USA), whose weights are not normalised away; 1 for (SA). Everything else is computed with the
    /// kernel e^{β(⟨x,y⟩−1)} ≤ 1.
    #[must_use]
    pub fn speed(self) -> f64 {
        match self.normalisation {
            Normalisation::Softmax => 1.0,
            Normalisation::None => self.beta.exp(),
        }
    }
}
