//! Attention by all pairs, any dimension: the slow path that needs nothing of the kernel but its value.
//!
//! For unit tokens the largest exponent is |β| (for β > 0 a token with itself, for β < 0 its antipode), so that the shift of
//! log-sum-exp is |β| itself: with s = sign β every e^{β(⟨x_i,x_j⟩−s)} ≤ 1. No n×n array. The value of a pair serves both of its
//! tokens: blocks of tokens meet once (`block_schedule`), in low dimension in the lanes of the vector registers (`lanes`),
//! above by matrix products of tiles (`tiles`); few tokens have a way of their own (`small_n`). The order of a token's sum does not depend
//! on the number of threads,
//! so that the result has the same bits with any of them.

mod block_schedule;
mod lanes;
mod layers;
mod small_n;
mod tiles;

use crate::dynamics::Attention;
use crate::dynamics::dispatch::{ABREAST_UP_TO, FEW, block, pairs_in_parallel};
use crate::dynamics::transport::Transport;

use crate::machine::exp::exp;
use crate::measure::particles::common_weight;
use crate::sphere::geometry::dot;
use block_schedule::BlockSchedule;
use layers::Columns;
pub(crate) use layers::Layer;
use small_n::Few;

/// Scratch for all-pairs attention of n tokens in dimension d: O(n·d) and a tile a thread.
#[derive(Debug, Clone)]
pub(crate) struct AllPairs {
    dimension: usize,
    count: usize,
    block: usize,
    /// The tokens by coordinate, padded with weight zero; above [`ABREAST_UP_TO`] unused.
    columns: Vec<Vec<f64>>,
    /// w·x by coordinate, padded; above [`ABREAST_UP_TO`] as rows in the first, and only where the weights differ.
    weighted: Vec<Vec<f64>>,
    /// Of equal weights there is one.
    common: Option<f64>,
    weights: Vec<f64>,
    rounds: BlockSchedule,
    /// Made when layers first need it.
    layers: Option<Box<Columns>>,
}

impl AllPairs {
    /// Scratch for tokens of these weights.
    #[must_use]
    pub(crate) fn new(dimension: usize, weights: &[f64]) -> Self {
        let count = weights.len();
        let block = block(count, dimension);
        let common = common_weight(weights);
        if dimension > ABREAST_UP_TO {
            let scratch = (block * block).max(small_n::scratch(count.min(FEW)));
            return Self {
                dimension,
                count,
                block,
                columns: Vec::new(),
                weighted: vec![vec![
                    0.0;
                    if common.is_some() {
                        0
                    } else {
                        count * dimension
                    }
                ]],
                common,
                weights: weights.to_vec(),
                rounds: BlockSchedule::new(count.div_ceil(block), block, dimension, scratch),
                layers: None,
            };
        }
        let padded = count.max(1).next_multiple_of(lanes::LANES);
        let mut all = weights.to_vec();
        all.resize(padded, 0.0);
        Self {
            dimension,
            count,
            block,
            columns: vec![vec![0.0; padded]; dimension],
            weighted: vec![vec![0.0; padded]; dimension],
            common,
            weights: all,
            rounds: BlockSchedule::new(
                count.div_ceil(block),
                block.min(padded),
                dimension,
                lanes::scratch(dimension),
            ),
            layers: None,
        }
    }

    /// For every unit row x_i: `sums`_i ← Σ_j w_j e^{β(⟨x_i,x_j⟩−s)} x_j and `potential`_i ← Σ_j w_j e^{β(⟨x_i,x_j⟩−s)},
    /// s = sign β, which is Z(x_i)e^{−|β|}.
    pub(crate) fn sums(
        &mut self,
        beta: f64,
        positions: &[f64],
        sums: &mut [f64],
        potential: &mut [f64],
    ) {
        match self.dimension {
            2 => self.low::<2>(beta, positions, sums, potential),
            3 => self.low::<3>(beta, positions, sums, potential),
            4 => self.low::<4>(beta, positions, sums, potential),
            _ => self.tiled(beta, positions, sums, potential),
        }
    }

    /// The whole drift x_i' of few tokens, `positions` being of any length; false, and nothing done, where there are more, or where
    /// they go abreast.
    pub(crate) fn drift_of_few(
        &mut self,
        attention: &Attention,
        positions: &[f64],
        drift: &mut [f64],
        potential: &mut [f64],
    ) -> bool {
        self.few(attention, positions, (true, drift), potential)
    }

    /// The attention output A_i of few tokens before it is projected; false as for the drift.
    pub(crate) fn average_of_few(
        &mut self,
        attention: &Attention,
        positions: &[f64],
        average: &mut [f64],
        potential: &mut [f64],
    ) -> bool {
        self.few(attention, positions, (false, average), potential)
    }

    /// Takes few tokens of low dimension through discrete layers; how many of them were passed, 0 where there are more tokens or
    /// coordinates, or where a token comes to a length whose square is no good ([`AllPairs::average_of_few`] and a layer by rows then say).
    pub(crate) fn layers(&mut self, layer: Layer, layers: u64, positions: &mut [f64]) -> u64 {
        if self.dimension > ABREAST_UP_TO || self.count > FEW {
            return 0;
        }
        let weights = &self.weights[..self.count];
        (self.layers)
            .get_or_insert_with(|| Box::new(Columns::new(self.dimension, weights)))
            .pass(layer, layers, positions)
    }

    fn few(
        &mut self,
        attention: &Attention,
        positions: &[f64],
        (tangent, drift): (bool, &mut [f64]),
        potential: &mut [f64],
    ) -> bool {
        if self.dimension <= ABREAST_UP_TO || self.count > FEW {
            return false;
        }
        let few = Few {
            beta: attention.beta,
            transport: Transport::new(*attention),
            dimension: self.dimension,
            positions,
            weights: &self.weights,
            scratch: self.rounds.scratch(),
            tangent,
            drift,
            potential,
        };
        crate::machine::registers::arch().dispatch(few);
        true
    }

    fn low<const D: usize>(
        &mut self,
        beta: f64,
        positions: &[f64],
        sums: &mut [f64],
        potential: &mut [f64],
    ) {
        for ((j, x), w) in positions.chunks_exact(D).enumerate().zip(&self.weights) {
            for (c, x) in x.iter().enumerate() {
                self.columns[c][j] = *x;
                self.weighted[c][j] = w * x;
            }
        }
        let parallel = pairs_in_parallel(self.count, self.dimension);
        let block = self.block.min(self.weights.len());
        let tokens = lanes::Tokens::<D> {
            beta,
            count: self.count,
            columns: std::array::from_fn(|c| self.columns[c].as_slice()),
            weighted: std::array::from_fn(|c| self.weighted[c].as_slice()),
            weights: &self.weights,
            block,
        };
        let arch = crate::machine::registers::arch();
        self.rounds.run(parallel, &|(scratch, one, other)| {
            arch.dispatch(lanes::LanePairs {
                tokens: &tokens,
                scratch,
                one,
                other,
            });
        });
        for ((rows, potential), part) in (sums.chunks_mut(block * D))
            .zip(potential.chunks_mut(block))
            .zip(self.rounds.parts())
        {
            potential.copy_from_slice(&part.potential[..potential.len()]);
            for (i, row) in rows.chunks_exact_mut(D).enumerate() {
                for (c, sum) in row.iter_mut().enumerate() {
                    *sum = part.sums[c * block + i];
                }
            }
        }
    }

    fn tiled(&mut self, beta: f64, positions: &[f64], sums: &mut [f64], potential: &mut [f64]) {
        let d = self.dimension;
        for ((row, x), w) in (self.weighted[0].chunks_exact_mut(d))
            .zip(positions.chunks_exact(d))
            .zip(&self.weights)
        {
            row.iter_mut().zip(x).for_each(|(slot, x)| *slot = w * x);
        }
        let parallel = pairs_in_parallel(self.count, self.dimension);
        let tokens = tiles::Tokens {
            beta,
            dimension: d,
            block: self.block,
            positions,
            weighted: match self.common {
                Some(w) => (w, positions),
                None => (1.0, &self.weighted[0]),
            },
            weights: &self.weights,
        };
        self.rounds.run(parallel, &|players| tokens.game(players));
        for ((rows, potential), part) in (sums.chunks_mut(self.block * d))
            .zip(potential.chunks_mut(self.block))
            .zip(self.rounds.parts())
        {
            rows.copy_from_slice(&part.sums[..rows.len()]);
            potential.copy_from_slice(&part.potential[..potential.len()]);
        }
    }
}

/// Σ_j w_j e^{β(⟨x,x_j⟩−s)} x_j into `sum`, and returns Σ_j w_j e^{β(⟨x,x_j⟩−s)}: one row, for the few that a series cannot serve.
pub(crate) fn row_sum(
    beta: f64,
    x: &[f64],
    positions: &[f64],
    weights: &[f64],
    sum: &mut [f64],
) -> f64 {
    sum.fill(0.0);
    let mut total = 0.0;
    for (y, w) in positions.chunks_exact(x.len()).zip(weights) {
        let value = w * exp(beta * dot(x, y) - beta.abs());
        total += value;
        sum.iter_mut().zip(y).for_each(|(s, y)| *s += value * y);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::definition;
    use crate::measure::{Law, Particles};

    /// Drawn from the uniform law; the first `together` of them one above the other, and the next as many opposite to these.
    fn tokens(count: usize, dimension: usize, together: usize) -> Particles {
        let mut drawn = Law::Uniform.sample(count, dimension, 17);
        let first = drawn.row(0).to_vec();
        let rows = drawn.positions.chunks_exact_mut(dimension);
        for (i, row) in rows.enumerate().take(2 * together) {
            let sign = if i < together { 1.0 } else { -1.0 };
            row.iter_mut().zip(&first).for_each(|(x, a)| *x = sign * a);
        }
        let weights = (0..count)
            .map(|i| 1.0 + (i as f64 * 0.7).sin() / 2.0)
            .collect();
        Particles::weighted(dimension, drawn.positions, weights)
    }

    #[test]
    fn agrees_with_the_definition_in_every_dimension_and_size() {
        for dimension in [2, 3, 4, 5, 16, 128] {
            let (one, few, some, many) = ((1, 0), (7, 0), (65, 20), (300, 0));
            // identical ones alone, antipodal ones alone
            let extreme = [(2, 0), (8, 4), (200, 200), (200, 100)];
            for (count, together) in [one, few, some, many].into_iter().chain(extreme) {
                for beta in [0.0, 1.0, 9.0, 64.0, 1e4] {
                    let tokens = tokens(count, dimension, together);
                    let rows = || tokens.rows();
                    let expected: Vec<f64> = rows()
                        .flat_map(|x| definition::pull(beta, &tokens, x))
                        .collect();
                    let expected_potential: Vec<f64> = rows()
                        .map(|x| definition::potential(beta, &tokens, x))
                        .collect();
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
            let tokens = tokens(700, dimension, 0);
            let with = |threads| {
                crate::machine::testing::on_threads(threads, || {
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
