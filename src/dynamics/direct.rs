//! Attention by all pairs, any dimension: the slow path that needs nothing of the kernel but its value.
//!
//! For unit tokens the largest exponent is |β| (for β > 0 a token with itself, for β < 0 its antipode), so that the shift of
//! log-sum-exp is |β| itself: with s = sign β every e^{β(⟨x_i,x_j⟩−s)} ≤ 1. No n×n array: a row is summed as it is made. In low dimension a block of tokens abreast
//! through the vector registers; above, tiles of inner products by faer's matrix product. A row's sum has a fixed order, so the
//! result has the same bits with any number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::sphere::exponential::exp;

/// Tokens taken abreast: eight vector registers of eight. Fewer, and the compiler keeps the sums in scalars (measured:
/// three times slower); the loops over a block stay loops and are turned into vector instructions.
const LANES: usize = 64;
/// Rows a thread takes at a time, and the rows of a tile.
const ROWS: usize = 64;
/// Columns of a tile: 64×256 inner products are 128 KB, a second-level cache's worth.
const COLUMNS: usize = 256;
/// Up to this dimension the vector loop is used.
const LOW: usize = 4;
/// Below this many pair–coordinate products the threads cost more than they bring (calibrated at 2 threads).
const PARALLEL: usize = 1 << 17;

/// Scratch for all-pairs attention of n tokens in dimension d: O(n·d) and a tile a thread.
pub struct AllPairs {
    dimension: usize,
    /// The tokens by coordinate, padded to a multiple of [`LANES`] with weight zero.
    columns: Vec<Vec<f64>>,
    weights: Vec<f64>,
    tiles: Vec<Vec<f64>>,
}

impl AllPairs {
    /// Scratch for tokens of these weights.
    #[must_use]
    pub fn new(dimension: usize, weights: &[f64]) -> Self {
        let padded = weights.len().next_multiple_of(LANES);
        let mut all = weights.to_vec();
        all.resize(padded, 0.0);
        let low = dimension <= LOW;
        let tiles = if low { 0 } else { rayon::current_num_threads() };
        Self {
            dimension,
            columns: if low {
                vec![vec![0.0; padded]; dimension]
            } else {
                Vec::new()
            },
            weights: all,
            tiles: vec![vec![0.0; ROWS * COLUMNS]; tiles],
        }
    }

    /// For every unit row x_i: `sums`_i ← Σ_j w_j e^{β(⟨x_i,x_j⟩−s)} x_j and `potential`_i ← Σ_j w_j e^{β(⟨x_i,x_j⟩−s)},
    /// s = sign β, which is Z(x_i)e^{−|β|}.
    pub fn sums(&mut self, beta: f64, positions: &[f64], sums: &mut [f64], potential: &mut [f64]) {
        match self.dimension {
            2 => self.low::<2>(beta, positions, sums, potential),
            3 => self.low::<3>(beta, positions, sums, potential),
            4 => self.low::<4>(beta, positions, sums, potential),
            _ => self.tiled(beta, positions, sums, potential),
        }
    }

    fn low<const D: usize>(
        &mut self,
        beta: f64,
        positions: &[f64],
        sums: &mut [f64],
        potential: &mut [f64],
    ) {
        for (j, x) in positions.chunks_exact(D).enumerate() {
            for (column, value) in self.columns.iter_mut().zip(x) {
                column[j] = *value;
            }
        }
        let columns: [&[f64]; D] = std::array::from_fn(|c| self.columns[c].as_slice());
        let weights = self.weights.as_slice();
        let rows = |positions: &[f64], sums: &mut [f64], potential: &mut [f64]| {
            pulp::Arch::new().dispatch(Rows::<D> {
                beta,
                columns,
                weights,
                positions,
                sums,
                potential,
            });
        };
        if potential.len() * weights.len() * D < PARALLEL {
            rows(positions, sums, potential);
            return;
        }
        positions
            .par_chunks(ROWS * D)
            .zip(
                sums.par_chunks_mut(ROWS * D)
                    .zip(potential.par_chunks_mut(ROWS)),
            )
            .for_each(|(positions, (sums, potential))| rows(positions, sums, potential));
    }

    fn tiled(&mut self, beta: f64, positions: &[f64], sums: &mut [f64], potential: &mut [f64]) {
        let (d, n) = (self.dimension, potential.len());
        let weights = self.weights.as_slice();
        // Whole tiles to each thread: which rows share a tile does not depend on how many threads there are.
        let share = n.div_ceil(ROWS).div_ceil(self.tiles.len()) * ROWS;
        let work = |tile: &mut Vec<f64>, first: usize, sums: &mut [f64], potential: &mut [f64]| {
            for (block, (sums, potential)) in sums
                .chunks_mut(ROWS * d)
                .zip(potential.chunks_mut(ROWS))
                .enumerate()
            {
                let start = (first + block * ROWS) * d;
                let rows = &positions[start..start + sums.len()];
                tile_rows(beta, d, positions, weights, rows, tile, sums, potential);
            }
        };
        if n * n * d < PARALLEL {
            work(&mut self.tiles[0], 0, sums, potential);
            return;
        }
        self.tiles
            .par_iter_mut()
            .zip(
                sums.par_chunks_mut(share * d)
                    .zip(potential.par_chunks_mut(share)),
            )
            .enumerate()
            .for_each(|(group, (tile, (sums, potential)))| {
                work(tile, group * share, sums, potential)
            });
    }
}

/// A few rows against all tokens, a block abreast. A type and not a closure: the vector instructions are chosen
/// at run time, and what is to be compiled for them must be inlined into the chooser, which closures are not.
struct Rows<'a, const D: usize> {
    beta: f64,
    columns: [&'a [f64]; D],
    weights: &'a [f64],
    positions: &'a [f64],
    sums: &'a mut [f64],
    potential: &'a mut [f64],
}

impl<const D: usize> pulp::NullaryFnOnce for Rows<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            beta,
            columns,
            weights,
            positions,
            sums,
            potential,
        } = self;
        let columns: [&[[f64; LANES]]; D] =
            std::array::from_fn(|c| columns[c].as_chunks::<LANES>().0);
        let weights = weights.as_chunks::<LANES>().0;
        let top = -beta.signum();
        for (i, x) in positions.chunks_exact(D).enumerate() {
            let mut total = [0.0; LANES];
            let mut vector = [[0.0; LANES]; D];
            let mut value = [0.0; LANES];
            for (j, w) in weights.iter().enumerate() {
                value.fill(top);
                for c in 0..D {
                    for (score, y) in value.iter_mut().zip(&columns[c][j]) {
                        *score += x[c] * y;
                    }
                }
                for (value, w) in value.iter_mut().zip(w) {
                    *value = w * exp(beta * *value);
                }
                for (sum, value) in total.iter_mut().zip(&value) {
                    *sum += value;
                }
                for c in 0..D {
                    for ((sum, value), y) in vector[c].iter_mut().zip(&value).zip(&columns[c][j]) {
                        *sum += value * y;
                    }
                }
            }
            potential[i] = total.iter().sum();
            for c in 0..D {
                sums[i * D + c] = vector[c].iter().sum();
            }
        }
    }
}

/// Up to [`ROWS`] rows against all tokens, tile by tile: inner products, exponentials, products with the tokens.
#[allow(clippy::too_many_arguments)] // the parts of one kernel; a struct would only rename them
fn tile_rows(
    beta: f64,
    d: usize,
    positions: &[f64],
    weights: &[f64],
    rows: &[f64],
    tile: &mut [f64],
    sums: &mut [f64],
    potential: &mut [f64],
) {
    let count = potential.len();
    potential.fill(0.0);
    let left = MatRef::from_row_major_slice(rows, count, d);
    for (block, others) in positions.chunks(COLUMNS * d).enumerate() {
        let width = others.len() / d;
        let right = MatRef::from_row_major_slice(others, width, d);
        let tile = &mut tile[..count * width];
        let scores = MatMut::from_row_major_slice_mut(&mut *tile, count, width);
        matmul(
            scores,
            Accum::Replace,
            left,
            right.transpose(),
            1.0,
            Par::Seq,
        );
        let weights = &weights[block * COLUMNS..block * COLUMNS + width];
        pulp::Arch::new().dispatch(Tile {
            beta,
            weights,
            tile,
            potential,
        });
        let values = MatRef::from_row_major_slice(&*tile, count, width);
        let out = MatMut::from_row_major_slice_mut(&mut *sums, count, d);
        let accum = if block == 0 {
            Accum::Replace
        } else {
            Accum::Add
        };
        matmul(out, accum, values, right, 1.0, Par::Seq);
    }
}

/// tile_ij ← w_j e^{β(tile_ij − s)} and potential_i += Σ_j tile_ij.
struct Tile<'a> {
    beta: f64,
    weights: &'a [f64],
    tile: &'a mut [f64],
    potential: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            beta,
            weights,
            tile,
            potential,
        } = self;
        let top = beta.signum();
        for (row, total) in tile.chunks_exact_mut(weights.len()).zip(potential) {
            for (value, w) in row.iter_mut().zip(weights) {
                *value = w * exp(beta * (*value - top));
            }
            let mut sum = [0.0; LANES];
            let (chunks, rest) = row.as_chunks::<LANES>();
            for chunk in chunks {
                sum.iter_mut().zip(chunk).for_each(|(s, value)| *s += value);
            }
            *total += sum.iter().sum::<f64>() + rest.iter().sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Law, Particles};
    use crate::sphere::geometry::dot;

    /// The definition, in the order in which one would write it on paper.
    fn by_definition(beta: f64, tokens: &Particles) -> (Vec<f64>, Vec<f64>) {
        let (d, n) = (tokens.dimension(), tokens.count());
        let (mut sums, mut potential) = (vec![0.0; n * d], vec![0.0; n]);
        for i in 0..n {
            for j in 0..n {
                let value =
                    tokens.weights[j] * (beta * (dot(tokens.row(i), tokens.row(j)) - 1.0)).exp();
                potential[i] += value;
                for c in 0..d {
                    sums[i * d + c] += value * tokens.row(j)[c];
                }
            }
        }
        (sums, potential)
    }

    fn tokens(count: usize, dimension: usize) -> Particles {
        let drawn = Law::Uniform.sample(count, dimension, 17);
        let weights = (0..count)
            .map(|i| 1.0 + (i as f64 * 0.7).sin() / 2.0)
            .collect();
        Particles::weighted(dimension, drawn.positions, weights)
    }

    #[test]
    fn agrees_with_the_definition_in_every_dimension_and_size() {
        for dimension in [2, 3, 4, 5, 16, 128] {
            for count in [1, 2, 7, 8, 65, 300] {
                for beta in [0.0, 1.0, 9.0, 64.0, 1e4] {
                    let tokens = tokens(count, dimension);
                    let (expected, expected_potential) = by_definition(beta, &tokens);
                    let mut pairs = AllPairs::new(dimension, &tokens.weights);
                    let (mut sums, mut potential) =
                        (vec![0.0; count * dimension], vec![0.0; count]);
                    pairs.sums(beta, &tokens.positions, &mut sums, &mut potential);
                    for (a, b) in sums
                        .iter()
                        .zip(&expected)
                        .chain(potential.iter().zip(&expected_potential))
                    {
                        // the inner products are rounded to an ulp or a few, and β multiplies that
                        assert!(
                            (a - b).abs() < 1e-14 + 1e-15 * beta,
                            "d {dimension} n {count} β {beta}: {a} {b}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn has_the_same_bits_with_any_number_of_threads() {
        for dimension in [2, 16] {
            let tokens = tokens(700, dimension);
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut pairs = AllPairs::new(dimension, &tokens.weights);
                    let (mut sums, mut potential) = (vec![0.0; 700 * dimension], vec![0.0; 700]);
                    pairs.sums(4.0, &tokens.positions, &mut sums, &mut potential);
                    (sums, potential)
                })
            };
            assert_eq!(with(1), with(2));
            assert_eq!(with(1), with(3));
        }
    }
}
