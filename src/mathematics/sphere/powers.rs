//! Sums over powers z^k at scattered points z of the unit circle, in the vector registers: Σ_i w_i z_i^k over points, and series Σ_k at
//! points. What [`super::scattered`] is on S².
//!
//! Powers come by recurrence, four vectors abreast, since each is a chain of two operations that waits for itself. Sums over points go to
//! eight slots, point i to slot i mod 8 in the order of i, and the slots are added in a fixed tree: the same bits with any vector width.

use pulp::{Simd, WithSimd};

use super::Complex;
use crate::machine::registers::load;

/// Slots of a sum over points.
pub(super) const SLOTS: usize = 8;
/// Points of a block, which are brought together before the powers.
const BLOCK: usize = 32;
/// Numbers a degree: what Re z^k and Im z^k are weighed with in each of three series.
const FACTORS: usize = 6;

/// `moments`_k += Σ_i w_i z_i^k for every k there is room for; `slots` is scratch.
pub(crate) fn add_moments(
    rows: &[f64],
    weights: &[f64],
    slots: &mut Vec<f64>,
    moments: &mut [Complex],
) {
    slots.clear();
    slots.resize(2 * SLOTS * moments.len(), 0.0);
    crate::machine::registers::arch().dispatch(Project {
        rows,
        weights,
        slots,
    });
    for (moment, slots) in moments.iter_mut().zip(slots.chunks_exact(2 * SLOTS)) {
        moment.re += tree(&slots[..SLOTS]);
        moment.im += tree(&slots[SLOTS..]);
    }
}

/// A sum of eight in a fixed tree.
pub(super) fn tree(a: &[f64]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// Points of a block in columns, the last ones repeated at (1, 0) with no weight.
struct Columns {
    x: [f64; BLOCK],
    y: [f64; BLOCK],
    weight: [f64; BLOCK],
}

impl Columns {
    #[inline(always)]
    fn of(rows: &[f64], weights: &[f64]) -> Self {
        let mut columns = Self {
            x: [1.0; BLOCK],
            y: [0.0; BLOCK],
            weight: [0.0; BLOCK],
        };
        let (pairs, _) = rows.as_chunks::<2>();
        for ((x, y), row) in (columns.x.iter_mut().zip(&mut columns.y)).zip(pairs) {
            (*x, *y) = (row[0], row[1]);
        }
        columns.weight[..weights.len()].copy_from_slice(weights);
        columns
    }
}

/// z^{k+1} from z^k, `V` vectors abreast.
#[inline(always)]
fn raise<S: Simd, const V: usize>(
    simd: S,
    [re, im]: [&mut [S::f64s; V]; 2],
    [x, y]: [&[S::f64s; V]; 2],
) {
    for v in 0..V {
        let next = simd.mul_add_f64s(re[v], x[v], simd.neg_f64s(simd.mul_f64s(im[v], y[v])));
        im[v] = simd.mul_add_f64s(re[v], y[v], simd.mul_f64s(im[v], x[v]));
        re[v] = next;
    }
}

/// Σ_i w_i z_i^k in slots.
struct Project<'a> {
    rows: &'a [f64],
    weights: &'a [f64],
    slots: &'a mut [f64],
}

impl Project<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let slots = SLOTS / S::F64_LANES;
        let (sums, _) = S::as_mut_simd_f64s(self.slots);
        for (rows, weights) in (self.rows.chunks(2 * BLOCK)).zip(self.weights.chunks(BLOCK)) {
            let columns = Columns::of(rows, weights);
            for at in (0..BLOCK / S::F64_LANES).step_by(V) {
                if at * S::F64_LANES >= weights.len() {
                    break;
                }
                let x = load::<S, V>(simd, &columns.x[at * S::F64_LANES..]);
                let y = load::<S, V>(simd, &columns.y[at * S::F64_LANES..]);
                let mut re = load::<S, V>(simd, &columns.weight[at * S::F64_LANES..]);
                let mut im = [simd.splat_f64s(0.0); V];
                for pair in sums.chunks_exact_mut(2 * slots) {
                    let (real, imag) = pair.split_at_mut(slots);
                    for v in 0..V {
                        real[v % slots] = simd.add_f64s(real[v % slots], re[v]);
                        imag[v % slots] = simd.add_f64s(imag[v % slots], im[v]);
                    }
                    raise(simd, [&mut re, &mut im], [&x, &y]);
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

/// The factors of three real series in Re z^k and Im z^k: value, slope and curvature of a function on the circle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Factors(Vec<f64>);

impl Factors {
    /// Those of degree k = 0, 1, 2, …, by `factors`.
    pub(crate) fn set(&mut self, degrees: usize, factors: impl Fn(usize) -> [[f64; 2]; 3]) {
        self.0.clear();
        (0..degrees).for_each(|k| self.0.extend(factors(k).as_flattened()));
    }

    /// The three series at every row; the third is left out where its slice is empty.
    pub(crate) fn evaluate(&self, rows: &[f64], [value, slope, curvature]: [&mut [f64]; 3]) {
        let arch = crate::machine::registers::arch();
        let factors = self.0.as_slice();
        let blocks =
            (rows.chunks(2 * BLOCK).zip(value.chunks_mut(BLOCK))).zip(slope.chunks_mut(BLOCK));
        for (block, ((rows, value), slope)) in blocks.enumerate() {
            let columns = Columns::of(rows, &[]);
            let mut out = [[0.0; BLOCK]; 3];
            if curvature.is_empty() {
                arch.dispatch(Series::<2> {
                    factors,
                    columns: &columns,
                    count: value.len(),
                    out: &mut out,
                });
            } else {
                arch.dispatch(Series::<3> {
                    factors,
                    columns: &columns,
                    count: value.len(),
                    out: &mut out,
                });
                let at = BLOCK * block;
                let curvature = &mut curvature[at..at + value.len()];
                curvature.copy_from_slice(&out[2][..value.len()]);
            }
            value.copy_from_slice(&out[0][..value.len()]);
            slope.copy_from_slice(&out[1][..value.len()]);
        }
    }
}

/// The first `N` series at the points of a block.
struct Series<'a, const N: usize> {
    factors: &'a [f64],
    columns: &'a Columns,
    count: usize,
    out: &'a mut [[f64; BLOCK]; 3],
}

impl<const N: usize> Series<'_, N> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        for at in (0..BLOCK / S::F64_LANES).step_by(V) {
            if at * S::F64_LANES >= self.count {
                break;
            }
            let x = load::<S, V>(simd, &self.columns.x[at * S::F64_LANES..]);
            let y = load::<S, V>(simd, &self.columns.y[at * S::F64_LANES..]);
            let (mut re, mut im) = ([simd.splat_f64s(1.0); V], [simd.splat_f64s(0.0); V]);
            let mut sums = [[simd.splat_f64s(0.0); V]; N];
            for factors in self.factors.chunks_exact(FACTORS) {
                for (sum, [a, b]) in sums.iter_mut().zip(factors.as_chunks::<2>().0) {
                    let (a, b) = (simd.splat_f64s(*a), simd.splat_f64s(*b));
                    for v in 0..V {
                        sum[v] = simd.mul_add_f64s(a, re[v], sum[v]);
                        sum[v] = simd.mul_add_f64s(b, im[v], sum[v]);
                    }
                }
                raise(simd, [&mut re, &mut im], [&x, &y]);
            }
            for (out, sum) in self.out.iter_mut().zip(&sums) {
                let (out, _) = S::as_mut_simd_f64s(out);
                out[at..at + V].copy_from_slice(sum);
            }
        }
    }
}

impl<const N: usize> WithSimd for Series<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // sixteen registers hold the sums of two vectors, thirty-two those of four
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

    fn points(count: usize) -> (Vec<f64>, Vec<f64>) {
        let angle = |i: usize| 2.4 * i as f64 + 0.1 * (i as f64).sin();
        let rows = (0..count).flat_map(|i| [angle(i).cos(), angle(i).sin()]);
        (
            rows.collect(),
            (0..count).map(|i| 0.5 + (i % 7) as f64).collect(),
        )
    }

    #[test]
    fn sums_over_points_and_over_powers_are_those_of_trigonometry() {
        for count in [1, 7, 8, 31, 32, 33, 100] {
            let (rows, weights) = points(count);
            let mut moments = vec![Complex::default(); 41];
            add_moments(&rows, &weights, &mut Vec::new(), &mut moments);
            let angles: Vec<f64> = rows.chunks(2).map(|z| z[1].atan2(z[0])).collect();
            let mass: f64 = weights.iter().sum();
            for (k, moment) in moments.iter().enumerate() {
                let terms = angles.iter().zip(&weights);
                let slow: Complex = terms
                    .map(|(t, w)| Complex::from_polar(*w, k as f64 * t))
                    .sum();
                assert!(
                    (moment - slow).norm() < 1e-14 * mass * (k + 1) as f64,
                    "n {count} k {k}"
                );
            }
            let mut factors = Factors::default();
            let of = |k: usize| {
                let k = k as f64;
                [[1.0 / (1.0 + k), 0.3], [k.cos(), 0.1 * k], [-k, 2.0]]
            };
            factors.set(41, of);
            let mut out = vec![vec![0.0; count]; 3];
            let [a, b, c] = out.as_mut_slice() else {
                unreachable!()
            };
            factors.evaluate(&rows, [a, b, c]);
            let (mut value, mut slope) = (vec![0.0; count], vec![0.0; count]);
            factors.evaluate(&rows, [&mut value, &mut slope, &mut []]);
            assert_eq!((&value, &slope), (&out[0], &out[1]));
            for (i, t) in angles.iter().enumerate() {
                for (series, out) in out.iter().enumerate() {
                    let term = |k: usize| {
                        let [re, im] = of(k)[series];
                        re * (k as f64 * t).cos() + im * (k as f64 * t).sin()
                    };
                    let slow: f64 = (0..41).map(term).sum();
                    assert!(
                        (out[i] - slow).abs() < 1e-11,
                        "n {count} point {i} series {series}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_has_the_same_bits() {
        let (rows, weights) = points(77);
        let results: Vec<(Vec<f64>, [[f64; BLOCK]; 3])> = instruction_sets()
            .into_iter()
            .map(|arch| {
                let mut slots = vec![0.0; 2 * SLOTS * 30];
                arch.dispatch(Project {
                    rows: &rows,
                    weights: &weights,
                    slots: &mut slots,
                });
                let factors: Vec<f64> = (0..180).map(|i| (i as f64).sin()).collect();
                let mut out = [[0.0; BLOCK]; 3];
                arch.dispatch(Series::<3> {
                    factors: &factors,
                    columns: &Columns::of(&rows[..2 * BLOCK], &[]),
                    count: BLOCK,
                    out: &mut out,
                });
                (slots, out)
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
    }
}
