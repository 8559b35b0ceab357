//! Where tokens live: the unit sphere S^{d−1} ⊂ ℝ^d, its uniform probability σ, its random points, and the Fourier
//! analysis, special functions and quadratures that the other rooms need. Uses nothing else of the house.

pub mod bessel;
pub mod circle;
pub mod exponential;
pub mod geometry;
pub mod random;

pub use circle::{CirclePlan, Complex};
