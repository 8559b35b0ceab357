//! A density carried along its characteristics: markers that move with the flow ([`markers`]), what they start as (`start`, `dilated`, `sharp`), the
//! distribution function of their angle ([`distribution`]) and the means over cells that are drawn and exported ([`cell_means`]).

pub mod cell_means;
mod dilated;
pub(crate) mod distribution;
pub(crate) mod markers;
mod sharp;
mod start;

pub use distribution::AngleDistribution;
pub use markers::Markers;
