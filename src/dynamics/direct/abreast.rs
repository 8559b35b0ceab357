//! All pairs in low dimension: a few tokens in the lanes of the vector registers against one token after the other.
//!
//! A pair costs D products, one exponential and 2(D + 1) sums: the value e^{β⟨x,y⟩−|β|} is made once and added to both
//! tokens. The sums of the tokens in the lanes stay in registers; those of the other tokens stay lane by lane in the first-level cache
//! until a block is through.
#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::rounds::Part;
use crate::sphere::exponential::exp2_abreast;

/// Tokens whose lane sums wait in the cache: 64·(D+1) vectors are 12 to 20 KB.
pub const WAITING: usize = 64;
/// Vectors of tokens abreast; their chains of operations hide each other's latency (measured against 1 and 4: 12 % faster, equal).
const VECTORS: usize = 2;
/// Tokens are padded to a multiple of this: `VECTORS` of the widest vectors.
pub const LANES: usize = 8 * VECTORS;

/// Numbers of scratch for dimension D.
pub const fn scratch(dimension: usize) -> usize {
    WAITING * (dimension + 1) * 8
}

/// The tokens by coordinate, padded with weight zero.
pub struct Tokens<'a, const D: usize> {
    pub beta: f64,
    pub count: usize,
    /// x_c.
    pub columns: [&'a [f64]; D],
    /// w·x_c.
    pub weighted: [&'a [f64]; D],
    pub weights: &'a [f64],
    /// Tokens of a block: row c of a [`Part`] starts at c·block.
    pub block: usize,
}

/// One game of the tournament.
pub struct Game<'a, const D: usize> {
    pub tokens: &'a Tokens<'a, D>,
    pub scratch: &'a mut [f64],
    pub one: (usize, &'a mut Part),
    pub other: Option<(usize, &'a mut Part)>,
}

impl<const D: usize> WithSimd for Game<'_, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
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
                    tokens.strip::<S, true>(simd, mine.clone(), columns.clone(), part, waiting);
                    tokens.flush::<S>(columns, other, waiting);
                }
            }
            None => {
                part.sums.fill(0.0);
                part.potential.fill(0.0);
                for start in mine.clone().step_by(WAITING) {
                    // a small square one-sided, what lies beyond it for both
                    let end = (start + WAITING).min(mine.end);
                    tokens.strip::<S, false>(simd, start..end, start..end, part, waiting);
                    if end < mine.end {
                        tokens.strip::<S, true>(simd, end..mine.end, start..end, part, waiting);
                        tokens.flush::<S>(start..end, part, waiting);
                    }
                }
            }
        }
    }
}

impl<const D: usize> Tokens<'_, D> {
    /// Adds Σ_j w_j e_ij (x_j, 1) to the sums of every token i of `rows`, and with `BOTH` leaves Σ_i w_i e_ij (x_i, 1) of every
    /// j of `columns` in `waiting`, D + 1 vectors a token.
    #[inline(always)]
    fn strip<S: Simd, const BOTH: bool>(
        &self,
        simd: S,
        rows: Range<usize>,
        columns: Range<usize>,
        part: &mut Part,
        waiting: &mut [S::f64s],
    ) {
        let zero = simd.splat_f64s(0.0);
        // powers of two: one multiplication less in every exponential
        let scale = self.beta * std::f64::consts::LOG2_E;
        let (top, scale) = (simd.splat_f64s(-scale.abs()), simd.splat_f64s(scale));
        if BOTH {
            waiting[..columns.len() * (D + 1)].fill(zero);
        }
        for start in rows.step_by(VECTORS * S::F64_LANES) {
            let weighted: [[S::f64s; VECTORS]; D] =
                std::array::from_fn(|c| load::<S>(&self.weighted[c][start..]));
            let weights = load::<S>(&self.weights[start..]);
            let x: [[S::f64s; VECTORS]; D] = std::array::from_fn(|c| {
                load::<S>(&self.columns[c][start..]).map(|x| simd.mul_f64s(x, scale))
            });
            let (mut sums, mut total) = ([[zero; VECTORS]; D], [zero; VECTORS]);
            for (j, waiting) in columns.clone().zip(waiting.chunks_exact_mut(D + 1)) {
                let mut value = [top; VECTORS];
                for c in 0..D {
                    let y = simd.splat_f64s(self.columns[c][j]);
                    value = each(|v| simd.mul_add_f64s(x[c][v], y, value[v]));
                }
                let value = exp2_abreast(simd, value);
                let w = simd.splat_f64s(self.weights[j]);
                total = each(|v| simd.mul_add_f64s(value[v], w, total[v]));
                for c in 0..D {
                    let y = simd.splat_f64s(self.weighted[c][j]);
                    sums[c] = each(|v| simd.mul_add_f64s(value[v], y, sums[c][v]));
                }
                if BOTH {
                    for c in 0..D {
                        waiting[c] = simd.mul_add_f64s(value[0], weighted[c][0], waiting[c]);
                        waiting[c] = simd.mul_add_f64s(value[1], weighted[c][1], waiting[c]);
                    }
                    waiting[D] = simd.mul_add_f64s(value[0], weights[0], waiting[D]);
                    waiting[D] = simd.mul_add_f64s(value[1], weights[1], waiting[D]);
                }
            }
            let from = start % self.block;
            for c in 0..D {
                add::<S>(simd, &mut part.sums[c * self.block + from..], sums[c]);
            }
            add::<S>(simd, &mut part.potential[from..], total);
        }
    }

    /// Adds the lane sums to those of their tokens.
    #[inline(always)]
    fn flush<S: Simd>(&self, columns: Range<usize>, part: &mut Part, waiting: &[S::f64s]) {
        for (j, waiting) in columns.zip(waiting.chunks_exact(D + 1)) {
            let at = j % self.block;
            for c in 0..D {
                part.sums[c * self.block + at] += total::<S>(waiting[c]);
            }
            part.potential[at] += total::<S>(waiting[D]);
        }
    }
}

#[inline(always)]
fn each<T>(f: impl FnMut(usize) -> T) -> [T; VECTORS] {
    std::array::from_fn(f)
}

#[inline(always)]
fn load<S: Simd>(from: &[f64]) -> [S::f64s; VECTORS] {
    let vectors = S::as_simd_f64s(from).0;
    each(|v| vectors[v])
}

#[inline(always)]
fn add<S: Simd>(simd: S, to: &mut [f64], what: [S::f64s; VECTORS]) {
    let vectors = S::as_mut_simd_f64s(to).0;
    for v in 0..VECTORS {
        vectors[v] = simd.add_f64s(vectors[v], what[v]);
    }
}

/// The sum over the lanes in a fixed tree.
#[inline(always)]
fn total<S: Simd>(lanes: S::f64s) -> f64 {
    crate::sphere::legendre::tree_sum(pulp::bytemuck::cast_slice(std::slice::from_ref(&lanes)))
}
