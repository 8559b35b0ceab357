//! The circle in cells of one line of the cache: polynomials in each ([`polynomials`]), tokens sorted into them (`binning`), sums over tokens
//! ([`sums`], a non-uniform Fourier transform that spreads, transforms and interpolates), and whole steps by the interpolated flow map of a few
//! nodes ([`flow_map`]).

mod binning;
pub(crate) mod flow_map;
pub(crate) mod polynomials;
pub mod sums;
