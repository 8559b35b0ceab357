//! The equations. With Q = K = V = I both systems of the paper are one formula: let Z_μ(x) = ∫ e^{β⟨x,y⟩} dμ(y); then
//! (USA) moves mass by (1/β)∇Z and (SA) by (1/β)∇log Z, whether μ is the empirical measure of the tokens or a density.
//!
//! The kernel is zonal, so it acts on moments by one multiplier a degree ([`Kernel`], Funk–Hecke), and [`series`]
//! (tokens; for many on the circle in cells, [`circle_cells::sums`], and through whole steps by [`circle_cells::flow_map`]) and [`mean_field`] (density) read the same table. What needs no zonal structure goes by all pairs
//! ([`all_pairs`], and for exponentially weak pulls [`tangent`]). [`crate::dynamics::dispatch`] says which is taken when, and the tests hold them
//! together. [`characteristics`] moves the markers that carry a density past its collapse, [`merging`] says when bodies become one.

pub mod all_pairs;
pub mod bbgky;
pub mod characteristics;
pub mod circle_cells;
pub mod definition;
pub mod dispatch;
pub mod gaussian;
pub mod general;
pub mod kernel;
pub mod mean_field;
pub mod merging;
pub mod series;
pub mod system;
pub mod tangent;
pub mod tokens;
#[cfg(test)]
mod tokens_tests;
pub mod transport;

pub use characteristics::CharacteristicFlow;
pub use circle_cells::flow_map::FlowMapInterpolant;
pub use general::General;
pub use kernel::Kernel;
pub use mean_field::{CircleMeanField, MeanField, SphereMeanField, ZonalMeanField};
pub use system::System;
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

/// The attention that moves the measure where Q = K = I and V is a multiple of I: a zonal kernel, for tokens and density
/// alike. What is not of this kind is a [`System`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// β, the inverse temperature; negative where tokens attend to those far away.
    pub beta: f64,
    /// (SA) or (USA).
    pub normalisation: Normalisation,
    /// V = `value`·I: 1 attracts, −1 repels; among oscillators the coupling strength.
    pub value: f64,
    /// On the circle, any even interaction in place of e^{β cos θ} (7.5); then β = 0 and nothing is normalised.
    pub interaction: Option<Interaction>,
}

/// h(θ) = Σ_k a_k cos kθ, k = 1 … [`Interaction::MOST`]: θ_i' = (value/n) Σ_j h'(θ_i − θ_j) (7.5). a_1 = 1 alone is
/// Kuramoto's sine coupling, and (USA) at β = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// a_1, a_2, …, with zeros behind.
    pub coefficients: [f64; Interaction::MOST],
}

impl Interaction {
    /// Most coefficients.
    pub const MOST: usize = 16;

    /// The coefficients up to the last that is not zero.
    #[must_use]
    pub fn list(&self) -> &[f64] {
        let length = (self.coefficients.iter().rposition(|a| *a != 0.0)).map_or(0, |last| last + 1);
        &self.coefficients[..length]
    }

    /// h'(θ).
    #[must_use]
    pub fn slope(&self, theta: f64) -> f64 {
        (self.list().iter().zip(1..))
            .map(|(a, k)| -a * f64::from(k) * (f64::from(k) * theta).sin())
            .sum()
    }
}

impl Attention {
    /// Attention with V = I.
    #[must_use]
    pub const fn new(beta: f64, normalisation: Normalisation) -> Self {
        Self {
            beta,
            normalisation,
            value: 1.0,
            interaction: None,
        }
    }

    /// The kernel on S^{d−1}.
    #[must_use]
    pub fn kernel(&self, dimension: usize) -> Kernel {
        match &self.interaction {
            Some(interaction) => Kernel::of_interaction(interaction),
            None => Kernel::new(dimension, self.beta),
        }
    }

    /// The kernel's maximum e^{|β|}: everything is computed with e^{β⟨x,y⟩−|β|} ≤ 1.
    #[must_use]
    pub fn max_kernel(&self) -> f64 {
        self.beta.abs().exp()
    }

    /// What multiplies the normalised drift: V, and for (USA), whose weights are not normalised away, e^{|β|}.
    #[must_use]
    pub fn scale(&self) -> f64 {
        match self.normalisation {
            Normalisation::Softmax => self.value,
            Normalisation::None => self.value * self.max_kernel(),
        }
    }

    /// How fast tokens move at most, in units of the sphere's radius.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.scale().abs()
    }

    /// Whether tokens near each other draw together: V > 0, and the kernel is largest at 0. What relies on it, merging and
    /// characteristics, is for these systems alone.
    #[must_use]
    pub fn attracts(&self) -> bool {
        self.beta >= 0.0 && self.value > 0.0 && self.interaction.is_none()
    }
}
