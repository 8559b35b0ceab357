//! What is measured of the Gaussian mean field of ℝ^d beside its tokens.

use super::euclidean;
use crate::dynamics::gaussian;
use crate::measure::Particles;

/// The Gaussian at one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianSide {
    /// m.
    pub mean: Vec<f64>,
    /// S, row by row.
    pub covariance: Vec<f64>,
    /// |m|.
    pub length: f64,
    /// √tr S.
    pub spread: f64,
    /// The two largest eigenvalues of S.
    pub leading: [f64; 2],
    /// W_2 to the Gaussian of the tokens' own mean and covariance.
    pub distance: f64,
}

impl GaussianSide {
    /// Of a mean m and a covariance S, row by row, beside tokens.
    #[must_use]
    pub fn observe(mean: &[f64], covariance: &[f64], tokens: &Particles) -> Self {
        let d = mean.len();
        let own = (tokens.mean(), euclidean::covariance(tokens));
        Self {
            length: mean.iter().map(|m| m * m).sum::<f64>().sqrt(),
            spread: (0..d).map(|i| covariance[i * d + i]).sum::<f64>().sqrt(),
            leading: euclidean::leading(d, covariance),
            distance: gaussian::distance((mean, covariance), (&own.0, &own.1)),
            mean: mean.to_vec(),
            covariance: covariance.to_vec(),
        }
    }
}
