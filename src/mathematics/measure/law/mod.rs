//! The laws that tokens are drawn from and densities start from: by name ([`laws`]), their densities ([`density`]), how tokens are drawn
//! from them ([`sampling`]), what moments they have ([`moments`]) and where they are sharp (`peaks`).

pub(crate) mod density;
pub(crate) mod laws;
pub(crate) mod moments;
mod peaks;
pub mod sampling;

pub use density::Term;
pub use laws::{Law, LawError};
pub(crate) use peaks::Peak;
