//! What is evolved: a probability measure on the sphere, carried either by weighted particles (the tokens) or by a
//! density (the mean field). Both have [`Moments`], and everything that the zonal kernel does, it does to moments: this
//! is where the two sides of the screen become one thing. The laws that both sides start from live here too.

pub mod bodies;
pub mod density;
pub mod drawing;
pub mod law;
pub mod moments;
pub mod particles;
pub mod profile;

pub use bodies::Bodies;
pub use density::Density;
pub use law::{Law, LawError};
pub use moments::Moments;
pub use particles::Particles;
