//! Where tokens live: the unit sphere S^{d−1} ⊂ ℝ^d, its uniform probability σ, its random points, and the harmonic
//! analysis that the other rooms need: Fourier on the circle, spherical harmonics on S², Gegenbauer polynomials for the
//! zonal functions of S^{d−1}, with their special functions and quadratures. Uses nothing else of the house but its thresholds
//! for threads ([`crate::dispatch`]).

pub mod ahead;
pub mod bessel;
mod butterflies;
pub mod circle;
pub mod columns;
pub mod domain;
pub mod exponential;
pub mod gegenbauer;
pub mod geometry;
mod halves;
pub mod harmonics;
pub mod legendre;
pub mod lines;
mod one_by_one;
pub mod panel;
pub mod parallels;
pub mod points;
pub mod random;
pub mod sine;
pub mod turning;
pub mod vectors;

pub use circle::{CirclePlan, Complex};
pub use domain::Domain;
pub use gegenbauer::ZonalPlan;
pub use harmonics::SpherePlan;
