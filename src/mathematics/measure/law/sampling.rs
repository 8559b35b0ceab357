//! Drawing tokens from the laws, every token from one generator.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::density::{harmonic_density, terms_state, zonal_density};
use super::laws::Law;
use crate::measure::Particles;
use crate::sphere::geometry::{dot, norm, retract};
use crate::sphere::harmonics::at_point;
use crate::sphere::random::{Stream, generator, uniform, unit, von_mises_fisher};

impl Law {
    /// `count` independent tokens on S^{d−1} from a seed; the law must have passed [`Law::check`].
    // long: one arm a law
    #[must_use]
    pub fn sample(&self, count: usize, dimension: usize, seed: u64) -> Particles {
        let mut rng = generator(seed, Stream::Tokens);
        let mut positions = vec![0.0; count * dimension];
        match self {
            Self::Orthogonal => (0..count).for_each(|i| positions[i * dimension + i] = 1.0),
            Self::Simplex => simplex(count, dimension, &mut positions),
            Self::Equiangular { cosine } => equiangular(count, *cosine, &mut positions, dimension),
            Self::Gaussian { mean, covariance } => {
                let root = cholesky(covariance);
                let mut z = vec![0.0; dimension];
                for x in positions.chunks_exact_mut(dimension) {
                    z.iter_mut()
                        .for_each(|a| *a = StandardNormal.sample(&mut rng));
                    for (a, (m, row)) in x.iter_mut().zip(mean.iter().zip(&root)) {
                        *a = m + dot(row, &z[..row.len()]);
                    }
                }
            }
            Self::Box { width } => {
                (positions.iter_mut()).for_each(|a| *a = width * (2.0 * unit(&mut rng) - 1.0));
            }
            Self::Points { points } => positions.copy_from_slice(&points.concat()),
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
            Self::Mixture {
                means,
                concentrations,
                masses,
            } => {
                for x in positions.chunks_exact_mut(dimension) {
                    let chosen = pick(&mut rng, masses);
                    von_mises_fisher(&mut rng, concentrations[chosen], &means[chosen], x);
                }
            }
            Self::SphericalHarmonics { terms } => {
                let degree = terms.iter().map(|term| term.degree).max().unwrap_or(1);
                let state = terms_state(terms, degree);
                // |Y_ℓm| ≤ √(2ℓ+1) by the addition theorem
                let bound: f64 = terms
                    .iter()
                    .map(|t| t.amplitude.abs() * ((2 * t.degree + 1) as f64).sqrt())
                    .sum();
                for x in positions.chunks_exact_mut(3) {
                    accept(&mut rng, 1.0 + bound, x, |x| {
                        dot(&state, &at_point(x, degree))
                    });
                }
            }
            Self::Zonal { coefficients, axis } => {
                let bound: f64 = coefficients.iter().map(|a| a.abs()).sum();
                for x in positions.chunks_exact_mut(dimension) {
                    accept(&mut rng, 1.0 + bound, x, |x| {
                        zonal_density(dimension, coefficients, dot(x, axis))
                    });
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
}

/// The symmetric root of (1−ρ)I + ρ11ᵀ, row by row: x_i = √(1−ρ)e_i + (√(1+(n−1)ρ) − √(1−ρ))/n · (1, …, 1).
fn equiangular(count: usize, cosine: f64, positions: &mut [f64], dimension: usize) {
    let n = count as f64;
    let along = (1.0 - cosine).sqrt();
    let common = ((1.0 + (n - 1.0) * cosine).sqrt() - along) / n;
    for (i, x) in positions.chunks_exact_mut(dimension).enumerate() {
        x[..count].fill(common);
        x[i] += along;
    }
}

/// The rows of L with LLᵀ = `matrix`, positive definite; row i has i + 1 entries.
#[must_use]
pub fn cholesky(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut root: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (i, given) in matrix.iter().enumerate() {
        let mut row = vec![0.0; i + 1];
        for j in 0..=i {
            let other: &[f64] = if j < i { &root[j] } else { &row };
            let left = given[j] - dot(&row[..j], &other[..j]);
            row[j] = if j < i {
                left / root[j][j]
            } else {
                left.sqrt()
            };
        }
        root.push(row);
    }
    root
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
            high = theta;
        } else {
            low = theta;
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

/// x with a density below `bound` by rejection from the uniform law.
fn accept(rng: &mut ChaCha8Rng, bound: f64, x: &mut [f64], density: impl Fn(&[f64]) -> f64) {
    loop {
        uniform(rng, x);
        if unit(rng) * bound < density(x) {
            return;
        }
    }
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

/// The centres of a law of clusters: what a seed draws first.
pub(super) fn centres(count: usize, dimension: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
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
