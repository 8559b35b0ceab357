//! The laws that tokens are drawn from and densities start from, by name.

use serde::Serialize;

use super::{Moments, Particles};
use crate::sphere::Complex;
use crate::sphere::bessel::von_mises_moments;
use crate::sphere::geometry::{norm, retract};
use crate::sphere::random::{generator, uniform, unit, von_mises_fisher};
use rand_chacha::ChaCha8Rng;

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
    /// Density ∝ e^{κ⟨mean,x⟩}.
    VonMisesFisher {
        /// κ ≥ 0.
        concentration: f64,
        /// A unit vector of ℝ^d.
        mean: Vec<f64>,
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
        "the law \"harmonics\" is defined on the circle, and the dimension is {0}: use dimension = 2"
    )]
    CircleOnly(usize),
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
            Self::VonMisesFisher { mean, .. } => vector("mean", mean),
            Self::Poisson { axis, .. } => vector("axis", axis),
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

    /// Whether μ has a density that a Fourier series can carry (rather than points).
    #[must_use]
    pub fn has_density(&self) -> bool {
        !matches!(self, Self::Orthogonal | Self::Simplex | Self::File { .. })
    }

    /// `count` independent tokens on S^{d−1} from a seed; the law must have passed [`Law::check`].
    #[must_use]
    pub fn sample(&self, count: usize, dimension: usize, seed: u64) -> Particles {
        let mut rng = generator(seed, 0);
        let mut positions = vec![0.0; count * dimension];
        match self {
            Self::Orthogonal => (0..count).for_each(|i| positions[i * dimension + i] = 1.0),
            Self::Simplex => simplex(count, dimension, &mut positions),
            Self::File { points, .. } => return points.clone(),
            Self::Clusters {
                count: clusters,
                concentration,
                masses,
            } => {
                let centres = centres(*clusters, dimension, &mut rng);
                for x in positions.chunks_exact_mut(dimension) {
                    let chosen = pick(&mut rng, masses);
                    let centre = &centres[chosen * dimension..(chosen + 1) * dimension];
                    von_mises_fisher(&mut rng, *concentration, centre, x);
                }
            }
            _ => positions
                .chunks_exact_mut(dimension)
                .for_each(|x| self.draw(&mut rng, x)),
        }
        Particles::new(dimension, positions)
    }

    /// One token of a law whose tokens are independent and alike.
    fn draw(&self, rng: &mut ChaCha8Rng, x: &mut [f64]) {
        let last = x.len() - 1;
        match self {
            Self::Harmonics { cosine, sine } => {
                let theta = quantile(cosine, sine, unit(rng));
                (x[0], x[1]) = (theta.cos(), theta.sin());
            }
            Self::VonMisesFisher {
                concentration,
                mean,
            } => von_mises_fisher(rng, *concentration, mean, x),
            Self::Poisson { weight, axis } => poisson(rng, *weight, axis, x),
            Self::Hemisphere => {
                uniform(rng, x);
                x[last] = x[last].abs();
            }
            _ => uniform(rng, x),
        }
    }

    /// The moments m_0…m_K of the law on the circle, or None where the law has no density.
    #[must_use]
    pub fn circle_moments(&self, degree: usize) -> Option<Moments> {
        let spin = |lengths: Vec<f64>, axis: &[f64]| {
            let turn = Complex::new(axis[0], axis[1]);
            let mut power = Complex::new(1.0, 0.0);
            lengths
                .into_iter()
                .map(|length| {
                    let moment = power * length;
                    power *= turn;
                    moment
                })
                .collect()
        };
        let moments = match self {
            Self::Uniform => (0..=degree)
                .map(|k| Complex::new(if k == 0 { 1.0 } else { 0.0 }, 0.0))
                .collect(),
            Self::Harmonics { cosine, sine } => (0..=degree)
                .map(|k| match k {
                    0 => Complex::new(1.0, 0.0),
                    _ => Complex::new(
                        cosine.get(k - 1).copied().unwrap_or(0.0) / 2.0,
                        sine.get(k - 1).copied().unwrap_or(0.0) / 2.0,
                    ),
                })
                .collect(),
            Self::VonMisesFisher {
                concentration,
                mean,
            } => spin(von_mises_moments(2, *concentration, degree), mean),
            Self::Poisson { weight, axis } => {
                let mut length = 1.0 / weight.max(f64::MIN_POSITIVE);
                let lengths = (0..=degree)
                    .map(|k| {
                        length *= weight;
                        if k == 0 { 1.0 } else { length }
                    })
                    .collect();
                spin(lengths, axis)
            }
            Self::Clusters {
                count,
                concentration,
                masses,
            } => {
                let lengths = von_mises_moments(2, *concentration, degree);
                let centre = |j: usize| std::f64::consts::TAU * j as f64 / *count as f64;
                (0..=degree)
                    .map(|k| {
                        let sum: Complex = masses
                            .iter()
                            .enumerate()
                            .map(|(j, mass)| Complex::from_polar(*mass, k as f64 * centre(j)))
                            .sum();
                        sum * lengths[k]
                    })
                    .collect()
            }
            // (1/π)∫_0^π e^{ikθ} dθ = 2i/(πk) for odd k
            Self::Hemisphere => (0..=degree)
                .map(|k| match k {
                    0 => Complex::new(1.0, 0.0),
                    _ if k % 2 == 1 => Complex::new(0.0, std::f64::consts::FRAC_2_PI / k as f64),
                    _ => Complex::default(),
                })
                .collect(),
            Self::Orthogonal | Self::Simplex | Self::File { .. } => return None,
        };
        Some(Moments(moments))
    }
}

/// 1 + Σ a_k cos kθ + b_k sin kθ.
fn harmonic_density(cosine: &[f64], sine: &[f64], theta: f64) -> f64 {
    let part = |coefficients: &[f64], f: fn(f64) -> f64| -> f64 {
        coefficients
            .iter()
            .enumerate()
            .map(|(j, a)| a * f((j + 1) as f64 * theta))
            .sum()
    };
    1.0 + part(cosine, f64::cos) + part(sine, f64::sin)
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

/// The θ with F(θ) = u, by Newton's method kept inside a bracket.
fn quantile(cosine: &[f64], sine: &[f64], u: f64) -> f64 {
    use std::f64::consts::TAU;
    let cumulative = |theta: f64| {
        let part = |coefficients: &[f64], f: fn(f64) -> f64| -> f64 {
            coefficients
                .iter()
                .enumerate()
                .map(|(j, a)| a * f((j + 1) as f64 * theta) / (j + 1) as f64)
                .sum()
        };
        (theta + part(cosine, f64::sin) + part(sine, |x| 1.0 - x.cos())) / TAU
    };
    let (mut low, mut high) = (0.0, TAU);
    let mut theta = TAU * u;
    for _ in 0..100 {
        let excess = cumulative(theta) - u;
        if excess > 0.0 {
            high = theta
        } else {
            low = theta
        }
        let newton = theta - excess * TAU / harmonic_density(cosine, sine, theta).max(1e-300);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - theta).abs() < 1e-15 {
            break;
        }
        theta = next;
    }
    theta
}

/// x with density p_w: the Möbius image (1−w²)(y + w e)/|y + w e|² + w e of a uniform y.
fn poisson(rng: &mut ChaCha8Rng, weight: f64, axis: &[f64], x: &mut [f64]) {
    uniform(rng, x);
    x.iter_mut().zip(axis).for_each(|(a, e)| *a += weight * e);
    let length = norm(x);
    let scale = (1.0 - weight * weight) / (length * length);
    x.iter_mut()
        .zip(axis)
        .for_each(|(a, e)| *a = scale * *a + weight * e);
    let dimension = x.len();
    retract(x, dimension);
}

fn pick(rng: &mut ChaCha8Rng, masses: &[f64]) -> usize {
    let mut left = unit(rng);
    for (j, mass) in masses.iter().enumerate() {
        left -= mass;
        if left < 0.0 {
            return j;
        }
    }
    masses.len() - 1
}

fn centres(count: usize, dimension: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut centres = vec![0.0; count * dimension];
    for (j, x) in centres.chunks_exact_mut(dimension).enumerate() {
        if dimension == 2 {
            let (sin, cos) = (std::f64::consts::TAU * j as f64 / count as f64).sin_cos();
            (x[0], x[1]) = (cos, sin);
        } else {
            uniform(rng, x);
        }
    }
    centres
}

/// Vertices by completing one coordinate after the other: ⟨x_i,x_j⟩ = −1/(n−1) for i ≠ j.
fn simplex(count: usize, dimension: usize, positions: &mut [f64]) {
    let product = -1.0 / (count as f64 - 1.0).max(1.0);
    for i in 0..count {
        for j in 0..i.min(dimension) {
            let (before, row) = positions.split_at_mut(i * dimension);
            let other = &before[j * dimension..(j + 1) * dimension];
            let partial: f64 = (0..j).map(|c| row[c] * other[c]).sum();
            row[j] = (product - partial) / other[j];
        }
        if i < dimension {
            let row = &mut positions[i * dimension..(i + 1) * dimension];
            let used: f64 = row[..i].iter().map(|a| a * a).sum();
            row[i] = (1.0 - used).max(0.0).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::geometry::dot;

    fn circle_laws() -> Vec<Law> {
        vec![
            Law::Uniform,
            Law::Harmonics {
                cosine: vec![0.5, 0.2],
                sine: vec![0.0, 0.1, 0.1],
            },
            Law::VonMisesFisher {
                concentration: 3.0,
                mean: vec![0.6, 0.8],
            },
            Law::Poisson {
                weight: 0.4,
                axis: vec![0.0, -1.0],
            },
            Law::Clusters {
                count: 3,
                concentration: 20.0,
                masses: vec![0.5, 0.3, 0.2],
            },
            Law::Hemisphere,
        ]
    }

    #[test]
    fn tokens_have_the_moments_of_their_law() {
        for law in circle_laws() {
            law.check(40_000, 2).unwrap();
            let tokens = law.sample(40_000, 2, 5);
            let (drawn, exact) = (tokens.moments(4), law.circle_moments(4).unwrap());
            for k in 1..=4 {
                // four standard deviations of a mean of 40,000 unit vectors
                assert!(
                    (drawn.get(k) - exact.get(k)).norm() < 4.0 / 200.0,
                    "{law:?} k {k}"
                );
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_tokens_and_another_seed_others() {
        for law in circle_laws() {
            assert_eq!(law.sample(9, 2, 1), law.sample(9, 2, 1));
            assert_ne!(law.sample(9, 2, 1), law.sample(9, 2, 2));
        }
    }

    #[test]
    fn simplex_and_orthogonal_tokens_have_their_inner_products() {
        for (law, count, dimension, product) in [
            (Law::Simplex, 5, 4, -0.25),
            (Law::Simplex, 4, 7, -1.0 / 3.0),
            (Law::Orthogonal, 6, 9, 0.0),
        ] {
            law.check(count, dimension).unwrap();
            let tokens = law.sample(count, dimension, 0);
            for i in 0..count {
                for j in 0..i {
                    assert!((dot(tokens.row(i), tokens.row(j)) - product).abs() < 1e-14);
                }
                assert!((norm(tokens.row(i)) - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        let negative = Law::Harmonics {
            cosine: vec![1.5],
            sine: vec![],
        };
        assert!(matches!(
            negative.check(4, 2),
            Err(LawError::Negative { .. })
        ));
        assert!(Law::Simplex.check(5, 3).is_err() && Law::Simplex.check(4, 3).is_ok());
        assert!(
            Law::Orthogonal
                .check(4, 3)
                .unwrap_err()
                .to_string()
                .contains("count ≤ 3")
        );
    }

    #[test]
    fn a_poisson_kernel_on_the_sphere_leans_to_its_axis() {
        // d = 4: R = h(w) = (3w − w³)/2
        let tokens = Law::Poisson {
            weight: 0.5,
            axis: vec![0.0, 0.0, 0.0, 1.0],
        }
        .sample(40_000, 4, 3);
        assert!((tokens.mean()[3] - (1.5 - 0.125) / 2.0).abs() < 0.02);
    }
}
