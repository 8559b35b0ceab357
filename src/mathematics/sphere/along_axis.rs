//! Sums over the orthonormal Gegenbauer polynomials p_ℓ(u) at scattered heights u on an axis, in the vector registers: Σ_i w_i p_ℓ(u_i) over
//! points, and series Σ_ℓ at points with their derivatives. What [`super::powers`] is on the circle.
//!
//! p_{ℓ+1} = (u p_ℓ − α_ℓ p_{ℓ−1})/α_{ℓ+1} and its derivative; the quotients are kept, since a division is a chain's longest part. Slots and
//! their tree as for the powers: the same bits with any vector width.

use pulp::{Simd, WithSimd};

use super::gegenbauer::recurrence_coefficient;
use super::powers::{SLOTS, tree};
use crate::machine::registers::load;

/// Points of a block.
const BLOCK: usize = 32;

/// 1/α_{ℓ+1} and α_ℓ/α_{ℓ+1} for ℓ = 0, 1, 2, …, and scratch for the slots.
#[derive(Debug, Clone)]
pub(crate) struct AxisSeries {
    step: Vec<[f64; 2]>,
    slots: Vec<f64>,
    /// What p_ℓ has in the value and in the third series, and p_ℓ′ in the slope.
    factors: Vec<[f64; 3]>,
}

impl AxisSeries {
    /// Room for degrees 0 … `degree` on S^{d−1}.
    pub(crate) fn new(dimension: usize, degree: usize) -> Self {
        let alpha = |l: usize| recurrence_coefficient(dimension, l);
        let step = |l: usize| [1.0 / alpha(l + 1), alpha(l) / alpha(l + 1)];
        Self {
            step: (0..=degree).map(step).collect(),
            slots: vec![0.0; SLOTS * (degree + 1)],
            factors: vec![[0.0; 3]; degree + 1],
        }
    }

    /// `moments`_ℓ ← Σ_i w_i p_ℓ(u_i).
    pub(crate) fn moments(&mut self, heights: &[f64], weights: &[f64], moments: &mut [f64]) {
        self.slots.fill(0.0);
        crate::machine::registers::arch().dispatch(Project {
            heights,
            weights,
            step: &self.step,
            slots: &mut self.slots,
        });
        for (moment, slots) in moments.iter_mut().zip(self.slots.chunks_exact(SLOTS)) {
            *moment = tree(slots);
        }
    }

    /// What the series of [`AxisSeries::evaluate`] are made of: for each degree what p_ℓ, p_ℓ′ and p_ℓ again are weighed with.
    pub(crate) fn set(&mut self, factors: impl Fn(usize) -> [f64; 3]) {
        for (l, slot) in self.factors.iter_mut().enumerate() {
            *slot = factors(l);
        }
    }

    /// The three series at every height.
    pub(crate) fn evaluate(&self, heights: &[f64], [value, slope, third]: [&mut [f64]; 3]) {
        let blocks = (heights.chunks(BLOCK).zip(value.chunks_mut(BLOCK)))
            .zip(slope.chunks_mut(BLOCK).zip(third.chunks_mut(BLOCK)));
        for ((heights, value), (slope, third)) in blocks {
            let mut padded = [0.0; BLOCK];
            padded[..heights.len()].copy_from_slice(heights);
            let mut out = [[0.0; BLOCK]; 3];
            crate::machine::registers::arch().dispatch(Series {
                heights: &padded,
                count: heights.len(),
                step: &self.step,
                factors: &self.factors,
                out: &mut out,
            });
            for (slice, out) in [value, slope, third].into_iter().zip(&out) {
                slice.copy_from_slice(&out[..slice.len()]);
            }
        }
    }
}

/// Σ_i w_i p_ℓ(u_i) in slots.
struct Project<'a> {
    heights: &'a [f64],
    weights: &'a [f64],
    step: &'a [[f64; 2]],
    slots: &'a mut [f64],
}

impl Project<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let slots = SLOTS / S::F64_LANES;
        let (sums, _) = S::as_mut_simd_f64s(self.slots);
        for (heights, weights) in (self.heights.chunks(BLOCK)).zip(self.weights.chunks(BLOCK)) {
            let mut padded = [[0.0; BLOCK]; 2];
            padded[0][..heights.len()].copy_from_slice(heights);
            padded[1][..weights.len()].copy_from_slice(weights);
            for at in (0..BLOCK / S::F64_LANES).step_by(V) {
                if at * S::F64_LANES >= weights.len() {
                    break;
                }
                let u = load::<S, V>(simd, &padded[0][at * S::F64_LANES..]);
                let mut here = load::<S, V>(simd, &padded[1][at * S::F64_LANES..]);
                let mut before = [simd.splat_f64s(0.0); V];
                for (slots_of_degree, [inverse, ratio]) in
                    sums.chunks_exact_mut(slots).zip(self.step)
                {
                    let (inverse, ratio) = (simd.splat_f64s(*inverse), simd.splat_f64s(-*ratio));
                    for v in 0..V {
                        let slot = &mut slots_of_degree[v % slots];
                        *slot = simd.add_f64s(*slot, here[v]);
                        let up = simd.mul_f64s(u[v], inverse);
                        let next = simd.mul_add_f64s(up, here[v], simd.mul_f64s(ratio, before[v]));
                        before[v] = here[v];
                        here[v] = next;
                    }
                }
            }
        }
    }
}

impl WithSimd for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F64_LANES == 1 {
            self.run::<S, 8>(simd);
        } else {
            self.run::<S, 4>(simd);
        }
    }
}

/// The three series at the heights of a block.
struct Series<'a> {
    heights: &'a [f64; BLOCK],
    count: usize,
    step: &'a [[f64; 2]],
    factors: &'a [[f64; 3]],
    out: &'a mut [[f64; BLOCK]; 3],
}

impl Series<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let zero = simd.splat_f64s(0.0);
        for at in (0..BLOCK / S::F64_LANES).step_by(V) {
            if at * S::F64_LANES >= self.count {
                break;
            }
            let u = load::<S, V>(simd, &self.heights[at * S::F64_LANES..]);
            let mut p = [[zero; V], [simd.splat_f64s(1.0); V]];
            let mut q = [[zero; V]; 2];
            let mut sums = [[zero; V]; 3];
            for ([inverse, ratio], factors) in self.step.iter().zip(self.factors) {
                let [a, b, c] = factors.map(|factor| simd.splat_f64s(factor));
                let (inverse, ratio) = (simd.splat_f64s(*inverse), simd.splat_f64s(-*ratio));
                for v in 0..V {
                    sums[0][v] = simd.mul_add_f64s(a, p[1][v], sums[0][v]);
                    sums[1][v] = simd.mul_add_f64s(b, q[1][v], sums[1][v]);
                    sums[2][v] = simd.mul_add_f64s(c, p[1][v], sums[2][v]);
                    let up = simd.mul_f64s(u[v], inverse);
                    let next = simd.mul_add_f64s(up, p[1][v], simd.mul_f64s(ratio, p[0][v]));
                    let rest = simd.mul_add_f64s(inverse, p[1][v], simd.mul_f64s(ratio, q[0][v]));
                    let slope = simd.mul_add_f64s(up, q[1][v], rest);
                    (p[0][v], p[1][v]) = (p[1][v], next);
                    (q[0][v], q[1][v]) = (q[1][v], slope);
                }
            }
            for (out, sum) in self.out.iter_mut().zip(&sums) {
                let (out, _) = S::as_mut_simd_f64s(out);
                out[at..at + V].copy_from_slice(sum);
            }
        }
    }
}

impl WithSimd for Series<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // sixteen registers hold the recurrences of two vectors, thirty-two those of four
        if S::F64_LANES == 8 {
            self.run::<S, 4>(simd);
        } else {
            self.run::<S, 2>(simd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::testing::instruction_sets;

    /// p_ℓ(u) and p_ℓ′(u) by the recurrence as it is written.
    fn plain(dimension: usize, degree: usize, u: f64) -> Vec<[f64; 2]> {
        let alpha = |l: usize| recurrence_coefficient(dimension, l);
        let (mut p, mut q) = ((0.0, 1.0), (0.0, 0.0));
        (0..=degree)
            .map(|l| {
                let here = [p.1, q.1];
                let next = (u * p.1 - alpha(l) * p.0) / alpha(l + 1);
                let slope = (p.1 + u * q.1 - alpha(l) * q.0) / alpha(l + 1);
                (p, q) = ((p.1, next), (q.1, slope));
                here
            })
            .collect()
    }

    #[test]
    fn sums_over_points_and_over_degrees_are_those_of_the_recurrence() {
        for (dimension, count) in [(3, 1), (4, 33), (8, 100), (128, 70)] {
            let degree = 30;
            let heights: Vec<f64> = (0..count).map(|i| (1.7 * i as f64).cos()).collect();
            let weights: Vec<f64> = (0..count).map(|i| 0.5 + (i % 5) as f64).collect();
            let slow: Vec<Vec<[f64; 2]>> = heights
                .iter()
                .map(|u| plain(dimension, degree, *u))
                .collect();
            let mut series = AxisSeries::new(dimension, degree);
            let mut moments = vec![0.0; degree + 1];
            series.moments(&heights, &weights, &mut moments);
            for (l, moment) in moments.iter().enumerate() {
                let terms = slow.iter().zip(&weights).map(|(p, w)| w * p[l][0]);
                let (sum, size) = terms.fold((0.0, 0.0), |s, t: f64| (s.0 + t, s.1 + t.abs()));
                assert!(
                    (moment - sum).abs() < 1e-13 * size,
                    "d {dimension} degree {l}"
                );
            }
            // as small at high degrees as those of a smooth function, whose p_ℓ′ grow
            let of = |l: usize| [1.0, 0.3, -0.7].map(|c| c * 0.5_f64.powi(l as i32));
            series.set(of);
            let mut out = vec![vec![0.0; count]; 3];
            let [a, b, c] = out.as_mut_slice() else {
                unreachable!()
            };
            series.evaluate(&heights, [a, b, c]);
            for (i, p) in slow.iter().enumerate() {
                for (which, part) in [(0, 0), (1, 1), (2, 0)] {
                    let terms = p.iter().enumerate().map(|(l, p)| of(l)[which] * p[part]);
                    let (sum, size) = terms.fold((0.0, 0.0), |s, t: f64| (s.0 + t, s.1 + t.abs()));
                    assert!(
                        (out[which][i] - sum).abs() < 1e-13 * size,
                        "d {dimension} point {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_has_the_same_bits() {
        let series = AxisSeries::new(8, 20);
        let heights: Vec<f64> = (0..57).map(|i| (0.9 * f64::from(i)).sin()).collect();
        let weights = vec![0.3; 57];
        let factors: Vec<[f64; 3]> = (0..21).map(|l| [0.1, 0.2, f64::from(l)]).collect();
        let results: Vec<(Vec<f64>, [[f64; BLOCK]; 3])> = (instruction_sets().into_iter())
            .map(|arch| {
                let mut slots = vec![0.0; SLOTS * 21];
                arch.dispatch(Project {
                    heights: &heights,
                    weights: &weights,
                    step: &series.step,
                    slots: &mut slots,
                });
                let mut out = [[0.0; BLOCK]; 3];
                arch.dispatch(Series {
                    heights: heights[..BLOCK].try_into().unwrap(),
                    count: BLOCK,
                    step: &series.step,
                    factors: &factors,
                    out: &mut out,
                });
                (slots, out)
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
    }
}
