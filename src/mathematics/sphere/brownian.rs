//! Brownian motion with generator DΔ, a step of a time h at a time, where tokens are: `variance` = 2Dh.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::geometry::{norm, project_tangent, retract};
use super::random::{Stream, generator};
use crate::machine::thresholds::SHARED_FROM;

/// So many tokens that move by their angles have a generator of their own: what a seed means rests on it.
const BLOCK: usize = 1 << 12;

/// The noise of a run. Rows take their numbers from one stream, one after the other; many tokens of the circle that move by their
/// angles take theirs from one stream a block, so that blocks are shared out: the same bits with any number of threads.
#[derive(Debug, Clone)]
pub struct Brownian {
    seed: u64,
    rng: ChaCha8Rng,
    tangent: Vec<f64>,
    blocks: Vec<ChaCha8Rng>,
}

impl Brownian {
    /// The noise of a run with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rng: generator(seed, Stream::Noise),
            tangent: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// A step on the sphere for every row of unit length: weak order two, exact on the circle.
    pub fn on_sphere(&mut self, dimension: usize, variance: f64, rows: &mut [f64]) {
        sphere_step(&mut self.rng, dimension, variance, rows, &mut self.tangent);
    }

    /// A step in ℝ^d: exact.
    pub fn in_space(&mut self, variance: f64, rows: &mut [f64]) {
        flat_step(&mut self.rng, variance, rows);
    }

    /// A step on the circle of tokens given by their angles: exact, with one normal number a token.
    pub fn around(&mut self, variance: f64, angles: &mut [f64]) {
        for block in self.blocks.len()..angles.len().div_ceil(BLOCK) {
            let stream = Stream::NoiseAround(block as u64);
            self.blocks.push(generator(self.seed, stream));
        }
        (self.blocks.par_iter_mut())
            .zip(angles.par_chunks_mut(BLOCK))
            .for_each(|(rng, angles)| flat_step(rng, variance, angles));
    }
}

/// A part of a Brownian step has (d−1)·variance at most this long.
const LONGEST: f64 = 0.2;
/// So many numbers are drawn at a time.
const DRAWN: usize = 4 * SHARED_FROM;

/// A step for every row, which stays on the sphere: along the geodesic whose initial velocity is a tangent Gaussian of variance
/// s² = v/(1 + (d−2)v/6), v the variance asked for.
///
/// The walk with s² = v has E f = f + ½vΔf + ⅛v²(Δ² + ⅔·c Δ)f with a curvature term proportional to Δf only; the
/// correction removes it, so that the law is right to O(v³) a step (weak order two). Exact on the circle.
fn sphere_step(
    rng: &mut impl Rng,
    dimension: usize,
    variance: f64,
    rows: &mut [f64],
    tangent: &mut Vec<f64>,
) {
    // The correction is good for short steps: a long one is taken in parts (on the circle any length is exact).
    let turns = dimension as f64 - 1.0;
    let parts = if dimension == 2 {
        1.0
    } else {
        (turns * variance / LONGEST).ceil().max(1.0)
    };
    let variance = variance / parts;
    let deviation = (variance / (1.0 + (dimension as f64 - 2.0) * variance / 6.0)).sqrt();
    let kick = |(x, tangent): (&mut [f64], &mut [f64])| {
        project_tangent(x, tangent);
        let length = norm(tangent);
        if length > 0.0 {
            let (sin, cos) = (deviation * length).sin_cos();
            x.iter_mut()
                .zip(tangent.iter())
                .for_each(|(a, v)| *a = cos * *a + sin * v / length);
        }
        retract(x, dimension);
    };
    // the numbers are drawn one after the other, whoever moves by them
    let numbers = (DRAWN / dimension).max(1) * dimension;
    tangent.resize(numbers.min(rows.len()), 0.0);
    for _ in 0..parts as u64 {
        for rows in rows.chunks_mut(numbers) {
            let tangent = &mut tangent[..rows.len()];
            tangent
                .iter_mut()
                .for_each(|a| *a = StandardNormal.sample(rng));
            (rows.par_chunks_exact_mut(dimension))
                .zip(tangent.par_chunks_exact_mut(dimension))
                .with_min_len((SHARED_FROM / 2 / dimension).max(1))
                .for_each(kick);
        }
    }
}

/// Adds independent Gaussians of this variance to all numbers: a step of Brownian motion in ℝ^d, exact.
fn flat_step(rng: &mut impl Rng, variance: f64, numbers: &mut [f64]) {
    let deviation = variance.sqrt();
    for a in numbers {
        let z: f64 = StandardNormal.sample(rng);
        *a += deviation * z;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brownian_motion_forgets_at_the_rate_of_the_laplacian() {
        // E⟨x(0), x(t)⟩ = e^{−D(d−1)t}; with ten steps of variance 0.05 the uncorrected walk would be off by 8e-3 in d = 8.
        for dimension in [2, 3, 8] {
            let mut rng = generator(3, Stream::Noise);
            let count = 60_000;
            let mut rows = vec![0.0; count * dimension];
            rows.iter_mut().step_by(dimension).for_each(|a| *a = 1.0);
            let mut tangent = vec![0.0; dimension];
            for _ in 0..10 {
                sphere_step(&mut rng, dimension, 0.05, &mut rows, &mut tangent);
            }
            let mean = rows.iter().step_by(dimension).sum::<f64>() / count as f64;
            let expected = (-0.25 * (dimension as f64 - 1.0)).exp();
            assert!(
                (mean - expected).abs() < 4.0 / (count as f64).sqrt(),
                "d {dimension}: {mean} against {expected}"
            );
        }
    }

    #[test]
    fn tokens_that_turn_forget_at_the_rate_of_the_laplacian() {
        // E e^{ikΔ} = e^{−Dk²t}, here with 2Dt = 0.5; blocks have noise of their own, which more blocks do not change
        let count = 60_000;
        let turned = |count: usize| {
            let (mut noise, mut angles) = (Brownian::new(3), vec![0.0; count]);
            (0..10).for_each(|_| noise.around(0.05, &mut angles));
            angles
        };
        let angles = turned(count);
        for k in [1.0, 2.0] {
            let mean = angles.iter().map(|a| (k * a).cos()).sum::<f64>() / count as f64;
            let expected = (-0.25 * k * k).exp();
            assert!(
                (mean - expected).abs() < 4.0 / (count as f64).sqrt(),
                "k {k}: {mean}"
            );
        }
        assert!(angles[..BLOCK] != angles[BLOCK..2 * BLOCK]);
        assert!(turned(2 * BLOCK) == angles[..2 * BLOCK]);
    }
}
