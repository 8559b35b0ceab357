//! The laws that tokens are drawn from and densities start from, by name: what they are and where they fit. How tokens
//! are drawn from them is in [`super::sampling`], what moments they have in [`super::moments`].

use serde::Serialize;

use super::density::{Term, harmonic_density, terms_state, zonal_density};
use crate::measure::Particles;
use crate::sphere::SpherePlan;

/// A probability law on S^{d−1}. On the circle the angle is measured from the first axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "law", rename_all = "kebab-case")]
pub enum Law {
    /// σ itself.
    Uniform,
    /// dμ/dσ = 1 + Σ_k a_k cos kθ + b_k sin kθ; circle only.
    Harmonics {
        /// a_1, a_2, …
        cosine: Vec<f64>,
        /// b_1, b_2, …
        sine: Vec<f64>,
    },
    /// dμ/dσ = 1 + Σ amplitude·Y_{degree,order} in the real harmonics that are orthonormal in L²(σ); S² only.
    #[serde(rename = "harmonics")]
    SphericalHarmonics {
        /// The terms.
        terms: Vec<Term>,
    },
    /// dμ/dσ = 1 + Σ_ℓ a_ℓ P_ℓ(⟨x,axis⟩), P_ℓ = C_ℓ/C_ℓ(1) Gegenbauer: Legendre for d = 3, cos ℓθ for d = 2.
    Zonal {
        /// a_1, a_2, …
        coefficients: Vec<f64>,
        /// A unit vector of ℝ^d.
        axis: Vec<f64>,
    },
    /// Density ∝ e^{κ⟨mean,x⟩}.
    VonMisesFisher {
        /// κ ≥ 0.
        concentration: f64,
        /// A unit vector of ℝ^d.
        mean: Vec<f64>,
    },
    /// A mixture of von Mises–Fisher laws.
    Mixture {
        /// Unit vectors of ℝ^d.
        means: Vec<Vec<f64>>,
        /// κ of each.
        concentrations: Vec<f64>,
        /// Mass of each, summing to one.
        masses: Vec<f64>,
    },
    /// The Poisson kernel ((1−w²)/|x − w·axis|²)^{d−1} of weight w; on the circle the wrapped Cauchy law, m_k = w^k.
    Poisson {
        /// 0 ≤ w < 1.
        weight: f64,
        /// A unit vector of ℝ^d.
        axis: Vec<f64>,
    },
    /// A mixture of von Mises–Fisher laws of one concentration: at equal angles on the circle (the first at angle 0),
    /// else at uniform centres drawn from the seed.
    Clusters {
        /// Number of centres.
        count: usize,
        /// κ of each.
        concentration: f64,
        /// Mass of each, summing to one.
        masses: Vec<f64>,
    },
    /// The uniform law of the open hemisphere around the last axis.
    Hemisphere,
    /// x_i = ±e_i: n ≤ d orthonormal tokens e_1, …, e_n.
    Orthogonal,
    /// The n ≤ d + 1 vertices of a regular simplex, ⟨x_i,x_j⟩ = −1/(n−1).
    Simplex,
    /// n ≤ d unit vectors with ⟨x_i,x_j⟩ = `cosine`.
    Equiangular {
        /// Between −1/(n−1) and 1.
        cosine: f64,
    },
    /// A normal law in ℝ^d.
    Gaussian {
        /// Its mean.
        mean: Vec<f64>,
        /// Its covariance, row by row, positive definite.
        covariance: Vec<Vec<f64>>,
    },
    /// The uniform law of the cube [−`width`, `width`]^d in ℝ^d.
    Box {
        /// Half an edge.
        width: f64,
    },
    /// The points named, in order.
    Points {
        /// Vectors of ℝ^d, on the sphere of unit length.
        points: Vec<Vec<f64>>,
    },
    /// Given points.
    File {
        /// Where they were read from (.npy or .csv, n×d).
        path: String,
        /// Where their weights were read from, if anywhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        weights: Option<String>,
        /// What was read.
        #[serde(skip)]
        points: Particles,
    },
}

/// Why a law does not fit the tokens asked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LawError {
    /// The law lives on the circle.
    #[error(
        "the law \"harmonics\" with cosine and sine is defined on the circle, and the dimension is {0}: use dimension = 2, or the law \"zonal\""
    )]
    CircleOnly(usize),
    /// The law lives on S².
    #[error(
        "the law \"harmonics\" with terms is defined on S², and the dimension is {0}: use dimension = 3, or the law \"zonal\""
    )]
    SphereOnly(usize),
    /// The density takes negative values.
    #[error(
        "the density takes the value {value:.4} at {place}: it cannot be negative, make the coefficients smaller"
    )]
    NegativeAt {
        /// Where it is smallest.
        place: String,
        /// The value there.
        value: f64,
    },
    /// The density takes negative values.
    #[error(
        "1 + Σ a_k cos kθ + b_k sin kθ is {value:.4} at θ = {angle:.4}: a density cannot be negative, make the coefficients smaller"
    )]
    Negative {
        /// Angle of the smallest value.
        angle: f64,
        /// The value there.
        value: f64,
    },
    /// A list of points and another number of tokens.
    #[error(
        "{points} points are listed and count is {count}: leave `count` out, or set it to {points}"
    )]
    NotAsMany {
        /// Points in the list.
        points: usize,
        /// Tokens asked for.
        count: usize,
    },
    /// Too many tokens for a rigid configuration.
    #[error(
        "the law \"{law}\" has room for {most} tokens in dimension {dimension}, and count is {count}: set count ≤ {most} or dimension ≥ {needed}"
    )]
    TooMany {
        /// Name of the law.
        law: &'static str,
        /// n.
        count: usize,
        /// d.
        dimension: usize,
        /// Largest n that fits.
        most: usize,
        /// Smallest d that fits.
        needed: usize,
    },
    /// No n vectors have so small an inner product.
    #[error(
        "no {count} unit vectors have all inner products equal to {cosine}: it must be above −1/(n−1) = {least:.6}"
    )]
    TooObtuse {
        /// ⟨x_i,x_j⟩.
        cosine: f64,
        /// n.
        count: usize,
        /// −1/(n−1).
        least: f64,
    },
    /// A vector of the wrong length.
    #[error(
        "{name} has {got} components and the tokens live in dimension {dimension}: give {dimension}"
    )]
    WrongLength {
        /// Which vector.
        name: &'static str,
        /// Its length.
        got: usize,
        /// d.
        dimension: usize,
    },
}

impl Law {
    /// Whether the law can be drawn for n = `count` tokens on S^{d−1}.
    ///
    /// # Errors
    /// [`LawError`] with the reason and what to change.
    // long: one arm a law
    pub fn check(&self, count: usize, dimension: usize) -> Result<(), LawError> {
        let vector = |name, v: &Vec<f64>| {
            if v.len() == dimension {
                Ok(())
            } else {
                Err(LawError::WrongLength {
                    name,
                    got: v.len(),
                    dimension,
                })
            }
        };
        match self {
            Self::Harmonics { cosine, sine } => {
                if dimension != 2 {
                    return Err(LawError::CircleOnly(dimension));
                }
                let (angle, value) = lowest(cosine, sine);
                if value < -1e-12 {
                    Err(LawError::Negative { angle, value })
                } else {
                    Ok(())
                }
            }
            Self::SphericalHarmonics { .. } if dimension != 3 => {
                Err(LawError::SphereOnly(dimension))
            }
            Self::SphericalHarmonics { terms } => not_negative(lowest_on_sphere(terms)),
            Self::Zonal { coefficients, axis } => {
                vector("axis", axis)?;
                not_negative(lowest_zonal(dimension, coefficients))
            }
            Self::VonMisesFisher { mean, .. } => vector("mean", mean),
            Self::Points { points } if points.len() != count => Err(LawError::NotAsMany {
                points: points.len(),
                count,
            }),
            Self::Points { points } => points.iter().try_for_each(|x| vector("points", x)),
            Self::Mixture { means, .. } => means.iter().try_for_each(|mean| vector("means", mean)),
            Self::Poisson { axis, .. } => vector("axis", axis),
            Self::Gaussian { mean, .. } => vector("mean", mean),
            Self::Equiangular { .. } if count > dimension => Err(LawError::TooMany {
                law: "equiangular",
                count,
                dimension,
                most: dimension,
                needed: count,
            }),
            Self::Equiangular { cosine } if *cosine * (count as f64 - 1.0) <= -1.0 => {
                Err(LawError::TooObtuse {
                    cosine: *cosine,
                    count,
                    least: -1.0 / (count as f64 - 1.0),
                })
            }
            Self::Orthogonal if count > dimension => Err(LawError::TooMany {
                law: "orthogonal",
                count,
                dimension,
                most: dimension,
                needed: count,
            }),
            Self::Simplex if count > dimension + 1 => Err(LawError::TooMany {
                law: "simplex",
                count,
                dimension,
                most: dimension + 1,
                needed: count - 1,
            }),
            _ => Ok(()),
        }
    }

    /// Whether μ has a density that a series can carry (rather than points).
    #[must_use]
    pub fn has_density(&self) -> bool {
        !matches!(
            self,
            Self::Orthogonal
                | Self::Simplex
                | Self::Equiangular { .. }
                | Self::Points { .. }
                | Self::File { .. }
        ) && !self.fills_space()
    }

    /// Whether it is σ, which is the default.
    #[must_use]
    pub fn is_uniform(&self) -> bool {
        *self == Self::Uniform
    }

    /// Whether any number of independent tokens can be drawn from it.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.has_density() || self.fills_space()
    }

    /// Whether it is a law of ℝ^d and not of the sphere.
    #[must_use]
    pub(crate) fn fills_space(&self) -> bool {
        matches!(self, Self::Gaussian { .. } | Self::Box { .. })
    }
}

/// The angle and value of the smallest density on a grid fine enough for the highest harmonic.
fn lowest(cosine: &[f64], sine: &[f64]) -> (f64, f64) {
    let points = 64 * cosine.len().max(sine.len()).max(1);
    (0..points)
        .map(|j| {
            let theta = std::f64::consts::TAU * j as f64 / points as f64;
            (theta, harmonic_density(cosine, sine, theta))
        })
        .fold((0.0, f64::INFINITY), |best, here| {
            if here.1 < best.1 { here } else { best }
        })
}

fn not_negative((place, value): (String, f64)) -> Result<(), LawError> {
    if value < -1e-12 {
        return Err(LawError::NegativeAt { place, value });
    }
    Ok(())
}

/// Where 1 + Σ a_ℓ P_ℓ(c) is smallest on a fine grid, and its value.
fn lowest_zonal(dimension: usize, coefficients: &[f64]) -> (String, f64) {
    let points = 64 * coefficients.len().max(8);
    let (mut at, mut lowest) = (0.0, f64::INFINITY);
    for j in 0..=points {
        let angle = std::f64::consts::PI * j as f64 / points as f64;
        let value = zonal_density(dimension, coefficients, angle.cos());
        if value < lowest {
            (at, lowest) = (angle, value);
        }
    }
    (format!("the angle {at:.4} from the axis"), lowest)
}

/// Where a sum of harmonics is smallest on a grid of eight points a wave length, and its value.
fn lowest_on_sphere(terms: &[Term]) -> (String, f64) {
    let degree = terms.iter().map(|term| term.degree).max().unwrap_or(1);
    let (latitudes, longitudes) = (4 * degree + 8, 8 * degree + 16);
    let mut plan = SpherePlan::new(degree, latitudes, longitudes);
    let mut values = vec![0.0; plan.points()];
    plan.synthesis(&terms_state(terms, degree), &mut values);
    let (mut at, mut lowest) = (0, f64::INFINITY);
    for (point, value) in values.iter().enumerate() {
        if *value < lowest {
            (at, lowest) = (point, *value);
        }
    }
    let colatitude = plan.cosines()[at / longitudes].acos();
    let longitude = std::f64::consts::TAU * (at % longitudes) as f64 / longitudes as f64;
    (
        format!("colatitude {colatitude:.4}, longitude {longitude:.4}"),
        lowest,
    )
}

#[cfg(test)]
mod tests;
