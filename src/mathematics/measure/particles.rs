//! Weighted points on S^{d−1}: the empirical measure μ_n = Σ_j w_j δ_{x_j}.

use super::Moments;
use crate::machine::sincos::unit_vectors;
use crate::machine::thresholds::SHARED_FROM;
use crate::sphere::gegenbauer::{for_each_polynomial, multiplicity_ratio};
use crate::sphere::geometry::{dot, wrap};
use crate::sphere::powers::add_moments;
use crate::sphere::scattered::Harmonics;
use crate::sphere::{Complex, Domain};

/// The weight that all have, where they are equal.
#[must_use]
pub(crate) fn common_weight(weights: &[f64]) -> Option<f64> {
    use rayon::prelude::*;
    let alike = |w: &f64| (weights.par_iter().with_min_len(SHARED_FROM)).all(|v| v == w);
    (weights.first().copied()).filter(alike)
}

/// n tokens as unit rows of an n×d array, with weights that sum to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Particles {
    dimension: usize,
    /// Row i is x_i; n·d numbers.
    pub positions: Vec<f64>,
    /// w_i > 0, Σ w_i = 1.
    pub weights: Vec<f64>,
}

/// Tokens are summed in groups of this size and the groups in order, so that the sum does not depend on the threads.
const GROUP: usize = 1024;

impl Particles {
    /// Equal weights 1/n.
    #[must_use]
    pub fn new(dimension: usize, positions: Vec<f64>) -> Self {
        let count = positions.len() / dimension;
        Self {
            dimension,
            weights: vec![1.0 / count as f64; count],
            positions,
        }
    }

    /// Given weights, scaled to sum to one.
    #[must_use]
    pub fn weighted(dimension: usize, positions: Vec<f64>, mut weights: Vec<f64>) -> Self {
        let total: f64 = weights.iter().sum();
        // Weights that sum to one up to rounding stay as they are, so that saved ones are the same ones.
        if (total - 1.0).abs() > weights.len() as f64 * f64::EPSILON {
            weights.iter_mut().for_each(|w| *w /= total);
        }
        Self {
            dimension,
            positions,
            weights,
        }
    }

    /// Weights as they are, whatever their sum: those of a quadrature, or sums of weights that were right.
    #[must_use]
    pub(crate) fn with_raw_weights(
        dimension: usize,
        positions: Vec<f64>,
        weights: Vec<f64>,
    ) -> Self {
        Self {
            dimension,
            positions,
            weights,
        }
    }

    /// d.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// n.
    #[must_use]
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// x_i.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.positions[i * self.dimension..(i + 1) * self.dimension]
    }

    /// All rows in order.
    #[must_use]
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[f64]> + ExactSizeIterator {
        self.positions.chunks_exact(self.dimension)
    }

    /// θ_i ∈ [0, 2π) of every token; circle only.
    #[must_use]
    pub fn angles(&self) -> Vec<f64> {
        debug_assert_eq!(self.dimension, 2);
        use rayon::prelude::*;
        let angle = |x: &[f64]| wrap(x[1].atan2(x[0]));
        if self.count() < SHARED_FROM {
            return self.rows().map(angle).collect();
        }
        self.positions.par_chunks_exact(2).map(angle).collect()
    }

    /// Every token to its angle, which is brought into [0, 2π) as well; circle only.
    pub fn place_at(&mut self, angles: &mut [f64]) {
        debug_assert_eq!((self.dimension, self.count()), (2, angles.len()));
        use rayon::prelude::*;
        (self
            .positions
            .par_chunks_mut(2 * GROUP)
            .zip(angles.par_chunks_mut(GROUP)))
        .for_each(|(rows, angles)| unit_vectors(angles, rows));
    }

    /// Numbers tokens of equal weight by their angles; circle only.
    pub fn number_around(&mut self) {
        use rayon::prelude::*;
        let mut angles = self.angles();
        angles.par_sort_unstable_by(f64::total_cmp);
        self.place_at(&mut angles);
    }

    /// Σ_i w_i x_i.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let sums = self.sums_of_groups(|rows, weights| {
            let mut mean = vec![0.0; self.dimension];
            if let [x, y] = mean.as_mut_slice() {
                // rows of known length: a third of the time
                for (row, w) in rows.as_chunks::<2>().0.iter().zip(weights) {
                    *x += w * row[0];
                    *y += w * row[1];
                }
                return mean;
            }
            for (x, w) in rows.chunks_exact(self.dimension).zip(weights) {
                mean.iter_mut().zip(x).for_each(|(m, a)| *m += w * a);
            }
            mean
        });
        let mut mean = vec![0.0; self.dimension];
        for part in sums {
            mean.iter_mut().zip(part).for_each(|(m, a)| *m += a);
        }
        mean
    }

    /// What `sum` makes of the rows and weights of all tokens, or where they are many of groups of them, on the threads.
    pub(crate) fn sums_of_groups<R: Send>(
        &self,
        sum: impl Fn(&[f64], &[f64]) -> R + Sync,
    ) -> Vec<R> {
        use rayon::prelude::*;
        if self.count() < SHARED_FROM {
            return vec![sum(&self.positions, &self.weights)];
        }
        (self.positions.par_chunks(self.dimension * GROUP))
            .zip(self.weights.par_chunks(GROUP))
            .map(|(rows, weights)| sum(rows, weights))
            .collect()
    }

    /// The moments up to `degree` on the circle, m_k = Σ_i w_i (x_i + iy_i)^k in O(n·degree), or on S², Σ_i w_i Y_ℓm(x_i) in
    /// O(n·degree²); no trigonometry. In higher dimension there are too many: see [`Particles::zonal_moments`].
    #[must_use]
    pub fn moments(&self, degree: usize) -> Moments {
        if self.dimension == 3 {
            let mut state = vec![0.0; Domain::Sphere.length(degree)];
            Harmonics::new(degree).moments(&self.positions, &self.weights, &mut state);
            return Moments::new(Domain::Sphere, state);
        }
        debug_assert_eq!(self.dimension, 2);
        let mut moments = vec![Complex::default(); degree + 1];
        accumulate_moments(
            &self.positions,
            &self.weights,
            &mut Vec::new(),
            &mut moments,
        );
        Moments::circle(moments)
    }

    /// Σ_i w_i p_ℓ(⟨x_i,axis⟩): the moments of the measure averaged over the rotations around an axis.
    #[must_use]
    pub fn zonal_moments(&self, axis: &[f64], degree: usize) -> Moments {
        let d = self.dimension;
        let mut state = vec![0.0; degree + 1];
        for (x, w) in self.rows().zip(&self.weights) {
            for_each_polynomial(d, degree, dot(x, axis), |l, p| state[l] += w * p);
        }
        let mut root = 1.0;
        for (l, b) in state.iter_mut().enumerate().skip(1) {
            root *= multiplicity_ratio(d, l).sqrt();
            *b *= root;
        }
        Moments::new(Domain::Zonal(d), state)
    }
}

/// moments_k ← Σ_i w_i z_i^k, z_i = x_i + iy_i of unit length, for every k the slice has room for; groups of tokens are summed in a fixed
/// order whatever the number of threads. `scratch` is that of one group.
pub(crate) fn accumulate_moments(
    positions: &[f64],
    weights: &[f64],
    scratch: &mut Vec<f64>,
    moments: &mut [Complex],
) {
    use rayon::prelude::*;
    moments.fill(Complex::default());
    if weights.len() <= GROUP {
        return add_moments(positions, weights, scratch, moments);
    }
    let degree = moments.len();
    let partial: Vec<Vec<Complex>> = positions
        .par_chunks(2 * GROUP)
        .zip(weights.par_chunks(GROUP))
        .map(|(rows, weights)| {
            let mut part = vec![Complex::default(); degree];
            add_moments(rows, weights, &mut Vec::new(), &mut part);
            part
        })
        .collect();
    for part in partial {
        moments.iter_mut().zip(part).for_each(|(m, p)| *m += p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(count: usize) -> Particles {
        let positions = (0..count)
            .flat_map(|i| {
                let (sin, cos) = (2.4 * i as f64 + 0.1 * (i as f64).sin()).sin_cos();
                [cos, sin]
            })
            .collect();
        Particles::new(2, positions)
    }

    #[test]
    fn moments_are_the_weighted_sums_of_powers() {
        for count in [1, 7, 8, 1500] {
            let tokens = spread(count);
            let moments = tokens.moments(70);
            for k in [0, 1, 5, 70] {
                let slow: Complex = tokens
                    .angles()
                    .iter()
                    .zip(&tokens.weights)
                    .map(|(theta, w)| Complex::from_polar(*w, k as f64 * theta))
                    .sum();
                assert!((moments.get(k) - slow).norm() < 1e-13, "n {count} k {k}");
            }
        }
    }

    #[test]
    fn moments_have_the_same_bits_with_any_number_of_threads() {
        let tokens = spread(5000);
        let with = |threads| crate::machine::testing::on_threads(threads, || tokens.moments(40));
        assert_eq!(with(1), with(2));
        assert_eq!(with(1), with(5));
    }
}
