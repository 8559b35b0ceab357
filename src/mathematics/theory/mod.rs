//! Predictions to hold a run against: what the paper and its follow-ups know in closed form.

pub mod equiangular;
pub mod growth;
pub mod kuramoto;
pub mod layer_norm;
pub mod long_context;
pub mod optimal;
pub mod pair;
pub mod transition;

pub use growth::{critical_diffusion, growth_rate, most_unstable_degree};
