//! Few tokens of low dimension through many discrete layers x ← normalise(x + ηA(x)) (2.1), from the first to the last in the lanes of the
//! vector registers.
//!
//! A layer of 32 tokens on the circle takes less than a microsecond of exponentials; by rows, with a call for every part of it, as much
//! again goes into turning rows into columns, normalising and looking for tokens that a layer leaves nowhere (measured for 1024 systems of
//! 32 tokens: 1.76 µs a layer, here 0.8). The operations and their order are those of the general way, so that the bits are the same, on
//! every instruction set; but for one: a layer leaves its tokens on the sphere, so that the next one does not take them over their length
//! again, a root and a division of every token that cost an eighth. This is why systems by the thousand need no lock step: a system fills
//! the lanes by itself, and a run alone is as fast as one of a sweep.
#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use pulp::{Arch, Simd, WithSimd};

use crate::dynamics::transport::Transport;
use crate::machine::aligned::AlignedVec;
use crate::machine::exp::exp2_within;
use crate::machine::registers::{arch, load};
use crate::sphere::geometry::MEASURABLE;

/// Tokens in the widest group of vectors.
const LANES: usize = 32;

/// The columns of few tokens while they go through layers.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    count: usize,
    padded: usize,
    /// Of every coordinate the tokens, these times their weights, and the tokens after the layer: 3D columns, then the weights and the
    /// lengths after the layer.
    table: AlignedVec<f64>,
}

/// What a layer does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub beta: f64,
    /// From Σ_j w_j e_ij x_j to A_i.
    pub transport: Transport,
    /// What is kept of x: 1 with a residual stream, 0 without.
    pub keep: f64,
    /// η.
    pub step: f64,
}

impl Columns {
    /// Room for tokens of these weights in dimension D ≤ 4.
    pub(crate) fn new(dimension: usize, weights: &[f64]) -> Self {
        let (count, padded) = (weights.len(), weights.len().next_multiple_of(LANES));
        let mut table = AlignedVec::new(padded * (3 * dimension + 2));
        table[3 * dimension * padded..][..count].copy_from_slice(weights);
        // a token that is not there is somewhere and has no weight
        table[..padded].fill(1.0);
        Self {
            count,
            padded,
            table,
        }
    }

    /// Takes the tokens through so many layers, or up to the first that leaves one at a length whose square is no good; how many layers
    /// that were. The tokens are then where the last of these left them.
    pub(crate) fn pass(&mut self, layer: Layer, layers: u64, positions: &mut [f64]) -> u64 {
        let arch = arch();
        match positions.len() / self.count.max(1) {
            2 => self.pass_in::<2>(arch, layer, layers, positions),
            3 => self.pass_in::<3>(arch, layer, layers, positions),
            4 => self.pass_in::<4>(arch, layer, layers, positions),
            _ => 0,
        }
    }

    fn pass_in<const D: usize>(
        &mut self,
        arch: Arch,
        layer: Layer,
        layers: u64,
        positions: &mut [f64],
    ) -> u64 {
        for (j, x) in positions.chunks_exact(D).enumerate() {
            for (c, x) in x.iter().enumerate() {
                self.table[c * self.padded + j] = *x;
            }
        }
        let passage = Passage::<D> {
            columns: self,
            layer,
            layers,
        };
        let passed = arch.dispatch(passage);
        for (j, x) in positions.chunks_exact_mut(D).enumerate() {
            for (c, x) in x.iter_mut().enumerate() {
                *x = self.table[c * self.padded + j];
            }
        }
        passed
    }
}

/// Layers to be passed.
struct Passage<'a, const D: usize> {
    columns: &'a mut Columns,
    layer: Layer,
    layers: u64,
}

impl<const D: usize> WithSimd for Passage<'_, D> {
    type Output = u64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        // the exponent of a token with its antipode, in powers of two
        if 2.0 * self.layer.beta.abs() * std::f64::consts::LOG2_E < 900.0 {
            self.run::<S, 4, true>(simd)
        } else {
            self.run::<S, 4, false>(simd)
        }
    }
}

impl<const D: usize> Passage<'_, D> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const ORDINARY: bool>(self, simd: S) -> u64 {
        let (padded, count) = (self.columns.padded, self.columns.count);
        let (x, rest) = self.columns.table.split_at_mut(D * padded);
        let (weighted, rest) = rest.split_at_mut(D * padded);
        let (next, rest) = rest.split_at_mut(D * padded);
        let (weights, lengths) = rest.split_at_mut(padded);
        for passed in 0..self.layers {
            for start in (0..padded).step_by(S::F64_LANES) {
                let [w] = load::<S, 1>(simd, &weights[start..]);
                for c in 0..D {
                    let at = c * padded + start;
                    let [x] = load::<S, 1>(simd, &x[at..]);
                    store(simd, &mut weighted[at..], simd.mul_f64s(w, x));
                }
            }
            let tokens = Tokens {
                x,
                weighted,
                weights,
                count,
            };
            for start in (0..padded).step_by(V * S::F64_LANES) {
                self.layer
                    .attend::<S, V, D, ORDINARY>(simd, &tokens, start, next);
            }
            for start in (0..padded).step_by(S::F64_LANES) {
                let length = length::<S, D>(simd, &*next, padded, start);
                store(simd, &mut lengths[start..], length);
            }
            let good = |sum: bool, length: &f64| sum & MEASURABLE.contains(length);
            if !lengths[..count].iter().fold(true, good) {
                return passed;
            }
            for start in (0..padded).step_by(S::F64_LANES) {
                let [length] = load::<S, 1>(simd, &lengths[start..]);
                let inverse = simd.div_f64s(simd.splat_f64s(1.0), length);
                for c in 0..D {
                    let at = c * padded + start;
                    let [next] = load::<S, 1>(simd, &next[at..]);
                    store(simd, &mut x[at..], simd.mul_f64s(next, inverse));
                }
            }
        }
        self.layers
    }
}

/// Tokens by coordinate, a column of `padded` numbers each.
struct Tokens<'a> {
    x: &'a [f64],
    weighted: &'a [f64],
    weights: &'a [f64],
    count: usize,
}

impl Layer {
    /// x + ηA(x) of the tokens in V vectors.
    #[inline(always)]
    fn attend<S: Simd, const V: usize, const D: usize, const ORDINARY: bool>(
        &self,
        simd: S,
        tokens: &Tokens<'_>,
        start: usize,
        next: &mut [f64],
    ) {
        let (zero, padded) = (simd.splat_f64s(0.0), tokens.weights.len());
        // powers of two: one multiplication less in every exponential
        let scale = self.beta * std::f64::consts::LOG2_E;
        let (top, scale) = (simd.splat_f64s(-scale.abs()), simd.splat_f64s(scale));
        let mut u = [[zero; V]; D];
        for c in 0..D {
            u[c] = load::<S, V>(simd, &tokens.x[c * padded + start..]);
            for v in 0..V {
                u[c][v] = simd.mul_f64s(u[c][v], scale);
            }
        }
        let (mut sums, mut total) = ([[zero; V]; D], [zero; V]);
        for j in 0..tokens.count {
            let mut value = [top; V];
            for c in 0..D {
                let y = simd.splat_f64s(tokens.x[c * padded + j]);
                for v in 0..V {
                    value[v] = simd.mul_add_f64s(u[c][v], y, value[v]);
                }
            }
            let value = exp2_within::<S, V, ORDINARY>(simd, value);
            let w = simd.splat_f64s(tokens.weights[j]);
            for v in 0..V {
                total[v] = simd.mul_add_f64s(value[v], w, total[v]);
            }
            for c in 0..D {
                let y = simd.splat_f64s(tokens.weighted[c * padded + j]);
                for v in 0..V {
                    sums[c][v] = simd.mul_add_f64s(value[v], y, sums[c][v]);
                }
            }
        }
        let (one, step) = (
            simd.splat_f64s(self.transport.scale),
            simd.splat_f64s(self.step),
        );
        let keep = simd.splat_f64s(self.keep);
        for v in 0..V {
            let rate = self.transport.over_lanes(simd, one, total[v]);
            for c in 0..D {
                let at = c * padded + start + v * S::F64_LANES;
                let [x] = load::<S, 1>(simd, &tokens.x[at..]);
                let a = simd.mul_f64s(sums[c][v], rate);
                let moved = simd.add_f64s(simd.mul_f64s(keep, x), simd.mul_f64s(step, a));
                store(simd, &mut next[at..], moved);
            }
        }
    }
}

/// The lengths of the tokens of a vector.
#[inline(always)]
fn length<S: Simd, const D: usize>(
    simd: S,
    columns: &[f64],
    padded: usize,
    start: usize,
) -> S::f64s {
    let [x] = load::<S, 1>(simd, &columns[start..]);
    let mut square = simd.mul_f64s(x, x);
    for c in 1..D {
        let [x] = load::<S, 1>(simd, &columns[c * padded + start..]);
        square = simd.add_f64s(square, simd.mul_f64s(x, x));
    }
    simd.sqrt_f64s(square)
}

#[inline(always)]
fn store<S: Simd>(_: S, to: &mut [f64], what: S::f64s) {
    S::as_mut_simd_f64s(to).0[0] = what;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation};
    use crate::machine::testing::instruction_sets;
    use crate::measure::Law;
    use crate::sphere::geometry::retract;

    /// A layer by rows, from the sums of the other kernel.
    fn by_rows(layer: Layer, dimension: usize, weights: &[f64], positions: &mut [f64]) {
        let mut pairs = super::super::AllPairs::new(dimension, weights);
        let mut sums = vec![0.0; positions.len()];
        let mut potential = vec![0.0; weights.len()];
        pairs.sums(layer.beta, positions, &mut sums, &mut potential);
        for (i, (x, a)) in positions.iter_mut().zip(&sums).enumerate() {
            let rate = layer.transport.rate(potential[i / dimension]);
            *x = layer.keep * *x + layer.step * (a * rate);
        }
        retract(positions, dimension);
    }

    #[test]
    fn many_layers_have_the_bits_of_layers_by_rows_on_every_instruction_set() {
        for dimension in [2, 3, 4] {
            for (count, beta) in [
                (1_u32, 2.0_f64),
                (2, -3.0),
                (7, 0.0),
                (32, 4.0),
                (33, 200.0),
                (64, 1e4),
            ] {
                for normalisation in [Normalisation::Softmax, Normalisation::None] {
                    let beta = if normalisation == Normalisation::None {
                        beta.min(50.0)
                    } else {
                        beta
                    };
                    let layer = Layer {
                        beta,
                        transport: Transport::new(Attention::new(beta, normalisation)),
                        keep: if count == 7 { 0.0 } else { 1.0 },
                        step: 0.1,
                    };
                    let weights: Vec<f64> =
                        (0..count).map(|i| 1.0 + 0.3 * f64::from(i).sin()).collect();
                    let start = Law::Uniform.sample(count as usize, dimension, 5).positions;
                    let mut expected = start.clone();
                    for _ in 0..20 {
                        by_rows(layer, dimension, &weights, &mut expected);
                    }
                    let mut columns = Columns::new(dimension, &weights);
                    let mut positions = start.clone();
                    assert_eq!(columns.pass(layer, 20, &mut positions), 20);
                    let told = format!("d {dimension}, n {count}, β {beta}");
                    assert_eq!(positions, expected, "{told}");
                    for arch in instruction_sets() {
                        let mut columns = Columns::new(dimension, &weights);
                        let passed = match dimension {
                            2 => columns.pass_on::<2>(arch, layer, 20, &start),
                            3 => columns.pass_on::<3>(arch, layer, 20, &start),
                            _ => columns.pass_on::<4>(arch, layer, 20, &start),
                        };
                        assert_eq!(passed, expected, "{told}, {arch:?}");
                    }
                }
            }
        }
    }

    impl Columns {
        fn pass_on<const D: usize>(
            &mut self,
            arch: pulp::Arch,
            layer: Layer,
            layers: u64,
            start: &[f64],
        ) -> Vec<f64> {
            let mut positions = start.to_vec();
            self.pass_in::<D>(arch, layer, layers, &mut positions);
            positions
        }
    }

    #[test]
    fn a_layer_that_leaves_a_token_nowhere_is_not_passed() {
        // two antipodal tokens at β = 0 without a residual stream: A = 0, and nothing is kept
        let layer = Layer {
            beta: 0.0,
            transport: Transport::new(Attention::new(0.0, Normalisation::Softmax)),
            keep: 0.0,
            step: 0.1,
        };
        let start = [1.0, 0.0, -1.0, 0.0];
        let mut positions = start;
        assert_eq!(
            Columns::new(2, &[1.0, 1.0]).pass(layer, 5, &mut positions),
            0
        );
        assert_eq!(positions, start);
    }
}
