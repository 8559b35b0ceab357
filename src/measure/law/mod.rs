//! The laws that tokens are drawn from and densities start from: by name ([`laws`]), their densities ([`density`]), how tokens are drawn
//! from them ([`sampling`]) and what moments they have ([`moments`]).

pub mod density;
pub mod laws;
pub mod moments;
pub mod sampling;

pub use density::Term;
pub use laws::{Law, LawError};
