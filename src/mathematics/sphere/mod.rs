//! Where tokens live: the unit sphere S^{d−1} ⊂ ℝ^d, its uniform probability σ, its random points, and the harmonic
//! analysis that the other rooms need: Fourier on the circle, spherical harmonics on S², Gegenbauer polynomials for the
//! zonal functions of S^{d−1}, with their special functions and quadratures. Uses [`crate::machine`] alone.

pub(crate) mod along_axis;
pub mod bessel;
pub mod brownian;
pub(crate) mod circle;
pub mod domain;
pub mod gegenbauer;
pub mod geometry;
pub mod harmonics;
pub(crate) mod legendre;
pub(crate) mod panel;
pub(crate) mod parallels;
pub(crate) mod powers;
pub mod random;
pub(crate) mod scattered;

pub use circle::{CirclePlan, Complex};
pub use domain::Domain;
pub use gegenbauer::ZonalPlan;
pub use harmonics::SpherePlan;
