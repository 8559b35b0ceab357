//! The equations. With Q = K = V = I both systems of the paper are one formula: let Z_μ(x) = ∫ e^{β⟨x,y⟩} dμ(y); then
//! (USA) moves mass by (1/β)∇Z and (SA) by (1/β)∇log Z, whether μ is the empirical measure of the tokens or a density.
//!
//! The kernel is zonal, so it acts on moments by one multiplier a degree ([`Kernel`], Funk–Hecke), and [`series`]
//! (tokens; for many on the circle in cells, [`circle_cells::sums`], and through whole steps by [`circle_cells::flow_map`]) and
//! [`mean_field`] (density) read the same table. What needs no zonal structure goes by all pairs
//! ([`all_pairs`], and for exponentially weak pulls [`tangent`]). [`crate::dynamics::dispatch`] says which is taken when, and the tests hold them
//! together. [`characteristics`] moves the markers that carry a density past its collapse, [`merging`] says when bodies become one.

pub(crate) mod all_pairs;
pub(crate) mod attention;
pub mod bbgky;
pub(crate) mod characteristics;
pub mod circle_cells;
pub mod definition;
pub mod dispatch;
pub mod gaussian;
pub mod general;
pub(crate) mod interaction;
pub(crate) mod kernel;
pub mod mean_field;
pub mod merging;
pub mod series;
pub mod system;
pub(crate) mod tangent;
pub(crate) mod tokens;
#[cfg(test)]
mod tokens_tests;
pub mod transport;

pub use attention::{Attention, Normalisation};
pub use characteristics::CharacteristicFlow;
pub use circle_cells::flow_map::FlowMapInterpolant;
pub use general::General;
pub use interaction::Interaction;
pub use kernel::Kernel;
pub use mean_field::{CircleMeanField, MeanField, SphereMeanField, ZonalMeanField};
pub use system::System;
pub use tokens::TokenDynamics;
