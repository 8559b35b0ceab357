//! The histogram of inner products ⟨x_i,x_j⟩, i ≠ j (Fig. 1), in ℝ^d of the cosines between tokens.

use crate::measure::Particles;
use crate::sphere::geometry::{dot, norm};

/// Bins of [−1, 1].
pub const BINS: usize = 64;
/// Most tokens of whom pairs are counted; beyond, every ⌈n/limit⌉-th one.
pub const MOST: usize = 256;

/// The density of ⟨x_i,x_j⟩ on [−1, 1] in [`BINS`] bins: its mean over the interval is ½. Zeros for fewer than two tokens.
#[must_use]
pub fn histogram(tokens: &Particles) -> Vec<f64> {
    let stride = tokens.count().div_ceil(MOST).max(1);
    let rows: Vec<(&[f64], f64)> = (tokens.rows().step_by(stride))
        .map(|x| (x, norm(x).max(f64::MIN_POSITIVE)))
        .collect();
    let mut counts = vec![0.0; BINS];
    let pairs = (rows.len() * rows.len().saturating_sub(1) / 2).max(1) as f64;
    for (i, (x, a)) in rows.iter().enumerate() {
        for (y, b) in &rows[..i] {
            let cosine = dot(x, y) / (a * b);
            let bin = (0.5 * (cosine + 1.0) * BINS as f64).max(0.0) as usize;
            counts[bin.min(BINS - 1)] += 0.5 * BINS as f64 / pairs;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn it_is_a_density_and_that_of_uniform_tokens_on_s2_is_flat() {
        let tokens = Law::Uniform.sample(256, 3, 5);
        let density = histogram(&tokens);
        let total: f64 = density.iter().map(|v| v * 2.0 / BINS as f64).sum();
        assert!((total - 1.0).abs() < 1e-12);
        // Archimedes: ⟨x,y⟩ is uniform; 510 pairs a bin, which share 256 tokens
        assert!(density.iter().all(|v| (v - 0.5).abs() < 0.25));
        assert!((histogram(&Law::Orthogonal.sample(4, 4, 0))[32] - 32.0).abs() < 1e-12);
    }
}
