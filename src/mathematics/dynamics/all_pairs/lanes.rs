//! All pairs in low dimension: a few tokens in the lanes of the vector registers against one token after the other.
//!
//! A pair costs D products, one exponential and 2(D + 1) sums: the value e^{β⟨x,y⟩−|β|} is made once and added to both
//! tokens. The sums of the tokens in the lanes stay in registers; those of the other tokens stay lane by lane in the first-level cache
//! until a block is through. Sums have the order of [`OCTET`] lanes whatever the width of the registers, and fused multiplications:
//! the same bits on every instruction set.
#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::block_schedule::BlockTask;
use crate::machine::exp::exp2_abreast;
use crate::machine::registers::load;

/// Tokens whose lane sums wait in the cache: 64·(D+1) vectors are 12 to 20 KB.
pub(crate) const WAITING: usize = 64;
/// Lanes of a sum that waits.
const OCTET: usize = 8;
/// Tokens abreast: two octets, whose chains of operations hide each other's latency (measured against one and four: 12 % faster, equal).
pub(crate) const LANES: usize = 2 * OCTET;

/// Numbers of scratch for dimension D.
pub(crate) const fn scratch(dimension: usize) -> usize {
    WAITING * (dimension + 1) * OCTET
}

/// The tokens by coordinate, padded with weight zero.
pub(crate) struct Tokens<'a, const D: usize> {
    pub beta: f64,
    pub count: usize,
    /// x_c.
    pub columns: [&'a [f64]; D],
    /// w·x_c.
    pub weighted: [&'a [f64]; D],
    pub weights: &'a [f64],
    /// Tokens of a block: row c of a [`BlockTask`] starts at c·block.
    pub block: usize,
}

/// One game of the tournament.
pub(crate) struct LanePairs<'a, const D: usize> {
    pub tokens: &'a Tokens<'a, D>,
    pub scratch: &'a mut [f64],
    pub one: (usize, &'a mut BlockTask),
    pub other: Option<(usize, &'a mut BlockTask)>,
}

impl<const D: usize> WithSimd for LanePairs<'_, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // vectors of all lanes, and of an octet
        match S::F64_LANES {
            8 => self.run::<S, 2, 1>(simd),
            4 => self.run::<S, 4, 2>(simd),
            2 => self.run::<S, 8, 4>(simd),
            _ => self.run::<S, 16, 8>(simd),
        }
    }
}

impl<const D: usize> LanePairs<'_, D> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const O: usize>(self, simd: S) {
        let Self {
            tokens,
            scratch,
            one: (first, part),
            other,
        } = self;
        let waiting = S::as_mut_simd_f64s(scratch).0;
        let range = |b: usize| b * tokens.block..((b + 1) * tokens.block).min(tokens.count);
        let mine = range(first);
        match other {
            Some((second, other)) => {
                for start in range(second).step_by(WAITING) {
                    let columns = start..(start + WAITING).min(range(second).end);
                    tokens.strip::<S, V, O, true>(
                        simd,
                        mine.clone(),
                        columns.clone(),
                        part,
                        waiting,
                    );
                    tokens.flush::<S, O>(columns, other, waiting);
                }
            }
            None => {
                part.sums.fill(0.0);
                part.potential.fill(0.0);
                for start in mine.clone().step_by(WAITING) {
                    // a small square one-sided, what lies beyond it for both
                    let end = (start + WAITING).min(mine.end);
                    tokens.strip::<S, V, O, false>(simd, start..end, start..end, part, waiting);
                    if end < mine.end {
                        tokens.strip::<S, V, O, true>(
                            simd,
                            end..mine.end,
                            start..end,
                            part,
                            waiting,
                        );
                        tokens.flush::<S, O>(start..end, part, waiting);
                    }
                }
            }
        }
    }
}

impl<const D: usize> Tokens<'_, D> {
    /// Adds Σ_j w_j e_ij (x_j, 1) to the sums of every token i of `rows`, and with `BOTH` leaves Σ_i w_i e_ij (x_i, 1) of every
    /// j of `columns` in `waiting`, D + 1 octets a token.
    // long: the inner loop of a kernel, in registers from its first line to its last
    #[inline(always)]
    fn strip<S: Simd, const V: usize, const O: usize, const BOTH: bool>(
        &self,
        simd: S,
        rows: Range<usize>,
        columns: Range<usize>,
        part: &mut BlockTask,
        waiting: &mut [S::f64s],
    ) {
        let zero = simd.splat_f64s(0.0);
        // powers of two: one multiplication less in every exponential
        let scale = self.beta * std::f64::consts::LOG2_E;
        let (top, scale) = (simd.splat_f64s(-scale.abs()), simd.splat_f64s(scale));
        if BOTH {
            waiting[..columns.len() * (D + 1) * O].fill(zero);
        }
        for start in rows.step_by(LANES) {
            // in loops: the closures of `from_fn` and `map` may be called one by one, without the registers
            let (mut weighted, mut x) = ([[zero; V]; D], [[zero; V]; D]);
            for c in 0..D {
                weighted[c] = load::<S, V>(simd, &self.weighted[c][start..]);
                x[c] = load::<S, V>(simd, &self.columns[c][start..]);
                for v in 0..V {
                    x[c][v] = simd.mul_f64s(x[c][v], scale);
                }
            }
            let weights = load::<S, V>(simd, &self.weights[start..]);
            let (mut sums, mut total) = ([[zero; V]; D], [zero; V]);
            for (j, waiting) in columns.clone().zip(waiting.chunks_exact_mut((D + 1) * O)) {
                let mut value = [top; V];
                for c in 0..D {
                    let y = simd.splat_f64s(self.columns[c][j]);
                    for v in 0..V {
                        value[v] = simd.mul_add_f64s(x[c][v], y, value[v]);
                    }
                }
                let value = exp2_abreast(simd, value);
                let w = simd.splat_f64s(self.weights[j]);
                for v in 0..V {
                    total[v] = simd.mul_add_f64s(value[v], w, total[v]);
                }
                for c in 0..D {
                    let y = simd.splat_f64s(self.weighted[c][j]);
                    for v in 0..V {
                        sums[c][v] = simd.mul_add_f64s(value[v], y, sums[c][v]);
                    }
                }
                if BOTH {
                    for o in 0..O {
                        for c in 0..D {
                            let slot = &mut waiting[c * O + o];
                            *slot = simd.mul_add_f64s(value[o], weighted[c][o], *slot);
                            *slot = simd.mul_add_f64s(value[O + o], weighted[c][O + o], *slot);
                        }
                        let slot = &mut waiting[D * O + o];
                        *slot = simd.mul_add_f64s(value[o], weights[o], *slot);
                        *slot = simd.mul_add_f64s(value[O + o], weights[O + o], *slot);
                    }
                }
            }
            let from = start % self.block;
            for c in 0..D {
                add::<S, V>(simd, &mut part.sums[c * self.block + from..], sums[c]);
            }
            add::<S, V>(simd, &mut part.potential[from..], total);
        }
    }

    /// Adds the lane sums to those of their tokens.
    #[inline(always)]
    fn flush<S: Simd, const O: usize>(
        &self,
        columns: Range<usize>,
        part: &mut BlockTask,
        waiting: &[S::f64s],
    ) {
        for (j, waiting) in columns.zip(waiting.chunks_exact((D + 1) * O)) {
            let at = j % self.block;
            for c in 0..D {
                part.sums[c * self.block + at] += total::<S>(&waiting[c * O..(c + 1) * O]);
            }
            part.potential[at] += total::<S>(&waiting[D * O..]);
        }
    }
}

#[inline(always)]
fn add<S: Simd, const V: usize>(simd: S, to: &mut [f64], what: [S::f64s; V]) {
    let vectors = S::as_mut_simd_f64s(to).0;
    for v in 0..V {
        vectors[v] = simd.add_f64s(vectors[v], what[v]);
    }
}

/// The sum over an octet in a fixed tree.
#[inline(always)]
fn total<S: Simd>(octet: &[S::f64s]) -> f64 {
    crate::sphere::legendre::tree_sum(pulp::bytemuck::cast_slice(octet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn the_bits_are_the_same_on_every_instruction_set() {
        let (count, block) = (150, 128);
        let tokens = Law::Uniform.sample(count, 3, 2);
        let padded = count.next_multiple_of(LANES);
        let column = |c: usize, w: f64| -> Vec<f64> {
            let values =
                (0..padded).map(|i| tokens.positions.get(3 * i + c).map_or(0.0, |x| w * x));
            values.collect()
        };
        let columns: [Vec<f64>; 3] = std::array::from_fn(|c| column(c, 1.0));
        let weighted: [Vec<f64>; 3] = std::array::from_fn(|c| column(c, 0.01));
        let weights: Vec<f64> = (0..padded)
            .map(|i| if i < count { 0.01 } else { 0.0 })
            .collect();
        let tokens = Tokens::<3> {
            beta: 5.0,
            count,
            columns: std::array::from_fn(|c| columns[c].as_slice()),
            weighted: std::array::from_fn(|c| weighted[c].as_slice()),
            weights: &weights,
            block,
        };
        let with = |run: &dyn Fn(LanePairs<3>)| {
            let part = || BlockTask {
                sums: vec![0.0; 3 * block],
                potential: vec![0.0; block],
            };
            let (mut one, mut other) = (part(), part());
            let mut room = vec![0.0; scratch(3)];
            for (first, second) in [(0, None), (1, None), (0, Some(1))] {
                let (a, b) = if first == 0 {
                    (&mut one, &mut other)
                } else {
                    (&mut other, &mut one)
                };
                run(LanePairs {
                    tokens: &tokens,
                    scratch: &mut room,
                    one: (first, a),
                    other: second.map(|second| (second, b)),
                });
            }
            [one.sums, one.potential, other.sums, other.potential]
        };
        let plain = with(&|game| pulp::Arch::Scalar.dispatch(game));
        for arch in crate::machine::testing::instruction_sets() {
            assert_eq!(plain, with(&|game| arch.dispatch(game)));
        }
    }
}
