//! What is evolved: a probability measure on the sphere, carried either by weighted particles (the tokens) or by a
//! density (the mean field), the latter by coefficients or, past its collapse, by markers. Both have [`Moments`], and everything that the
//! zonal kernel does, it does to moments: this
//! is where the two sides of the screen become one thing. The laws that both sides start from live here too.

pub(crate) mod bodies;
pub mod characteristics;
pub mod density;
pub mod law;
pub(crate) mod moments;
pub(crate) mod particles;

pub use bodies::Bodies;
pub use characteristics::{AngleDistribution, Markers};
pub use density::Density;
pub use law::{Law, LawError};
pub use moments::Moments;
pub use particles::Particles;
