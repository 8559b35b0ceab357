//! The laws that tokens are drawn from and densities start from: by name ([`laws`]), their densities ([`density`]), how tokens are drawn
//! from them ([`sampling`]) and what moments they have ([`moments`]).

pub(crate) mod density;
pub(crate) mod laws;
pub(crate) mod moments;
pub(crate) mod sampling;

pub use density::Term;
pub use laws::{Law, LawError};
