//! Random points of the sphere: uniform and von Mises–Fisher. One ChaCha8 stream for each purpose,
//! so that a seed means the same numbers on every machine.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, StandardNormal};

use super::geometry::{norm, project_tangent, retract};

/// What random numbers are drawn for. Everything that one seed determines has a stream of its own, so that more of the one
/// changes nothing of the other. This is the table on which reproducibility rests: a number is never given away twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Tokens from their law; the centres of a law of clusters come first.
    Tokens,
    /// The noise that drives them.
    Noise,
    /// The noise of a block of tokens of the circle that move by their angles, counted from 0.
    NoiseAround(u64),
    /// Random weights of tokens.
    Weights,
    /// Random positional encodings.
    Encodings,
    /// Random natural frequencies.
    Frequencies,
    /// The random matrices of a period, counted from 0.
    Matrices(u64),
}

impl Stream {
    /// The number of the ChaCha8 stream.
    #[must_use]
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::Tokens => 0,
            Self::Noise => 1,
            Self::Weights => 2,
            Self::Encodings => 3,
            Self::Frequencies => 4,
            Self::Matrices(period) => period.wrapping_add(1 << 32),
            Self::NoiseAround(block) => block.wrapping_add(1 << 63),
        }
    }
}

/// The generator of a stream of a run with this seed.
#[must_use]
pub fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream.number());
    generator
}

/// The seed of the reference run beside a run with this seed.
#[must_use]
pub const fn reference_seed(seed: u64) -> u64 {
    seed.wrapping_add(0x9e37_79b9_7f4a_7c15)
}

/// The seed of realisation r = 0, 1, … in a cell of a sweep whose experiment has this seed: its own at r = 0, another for every r, and one
/// that a file can hold.
#[must_use]
pub const fn realisation_seed(seed: u64, realisation: u64) -> u64 {
    // odd, hence a permutation of the 63 bits
    let step = 0x94d0_49bb_1331_11eb_u64.wrapping_mul(realisation);
    if realisation == 0 {
        seed
    } else {
        seed.wrapping_add(step) & (i64::MAX as u64)
    }
}

/// The seed of run r = 1, 2, … of an ensemble beside a run with this seed.
#[must_use]
pub const fn ensemble_seed(seed: u64, run: u64) -> u64 {
    seed.wrapping_add(0xd134_2543_de82_ef95_u64.wrapping_mul(run))
}

/// A uniform number in [0, 1).
pub fn unit(rng: &mut impl Rng) -> f64 {
    rng.random::<f64>()
}

/// x ~ σ, the uniform law: a normalised Gaussian vector.
pub fn uniform(rng: &mut impl Rng, x: &mut [f64]) {
    loop {
        x.iter_mut().for_each(|a| *a = StandardNormal.sample(rng));
        if norm(x) > 1e-8 {
            let dimension = x.len();
            retract(x, dimension);
            return;
        }
    }
}

/// x ~ von Mises–Fisher, density ∝ e^{κ⟨mean,x⟩}, any d ≥ 2 and κ ≥ 0 (Wood 1994: rejection for the component along
/// the mean, a uniform direction across it).
pub(crate) fn von_mises_fisher(
    rng: &mut impl Rng,
    concentration: f64,
    mean: &[f64],
    x: &mut [f64],
) {
    let m = x.len() as f64 - 1.0;
    // b = (−2κ + √(4κ² + m²))/m, written without cancellation.
    let b = m / (2.0 * concentration + (4.0 * concentration * concentration + m * m).sqrt());
    let x0 = (1.0 - b) / (1.0 + b);
    // ln(1 − x0²) = ln 4b − 2 ln(1+b): 1 − x0² itself loses digits when κ is large.
    let log_one_minus = (4.0 * b).ln() - 2.0 * b.ln_1p();
    let c = concentration * x0 + m * log_one_minus;
    let along = loop {
        // Beta(m/2, m/2) always exists: m ≥ 1.
        let z = Beta::new(m / 2.0, m / 2.0).map_or(0.5, |beta| beta.sample(rng));
        let denominator = 1.0 - (1.0 - b) * z;
        let w = (1.0 - (1.0 + b) * z) / denominator;
        // ln(1 − x0 w), again through b: 1 − x0 w = 2b / ((1+b)(1 − (1−b)z)).
        let log_term = (2.0 * b).ln() - b.ln_1p() - denominator.ln();
        if concentration * w + m * log_term - c >= unit(rng).ln() {
            break w.clamp(-1.0, 1.0);
        }
    };
    loop {
        uniform(rng, x);
        project_tangent(mean, x);
        let length = norm(x);
        if length > 1e-8 {
            let across = (1.0 - along * along).max(0.0).sqrt() / length;
            x.iter_mut()
                .zip(mean)
                .for_each(|(a, e)| *a = along * e + across * *a);
            break;
        }
    }
    let dimension = x.len();
    retract(x, dimension);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::bessel::von_mises_moments;

    #[test]
    fn the_von_mises_fisher_mean_is_a_ratio_of_bessel_functions() {
        for (dimension, concentration) in [(2, 0.0), (2, 1.5), (2, 200.0), (3, 4.0), (16, 30.0)] {
            let mut rng = generator(11, Stream::Tokens);
            let mut mean = vec![0.0; dimension];
            mean[dimension - 1] = 1.0;
            let mut x = vec![0.0; dimension];
            let draws = 40_000;
            let mut sum = 0.0;
            for _ in 0..draws {
                von_mises_fisher(&mut rng, concentration, &mean, &mut x);
                sum += x[dimension - 1];
            }
            let expected = von_mises_moments(dimension, concentration, 1)[1];
            // five standard deviations of a mean of 40,000 numbers in [−1, 1]
            assert!(
                (sum / f64::from(draws) - expected).abs() < 5.0 / 200.0,
                "d {dimension} κ {concentration}"
            );
        }
    }
}
