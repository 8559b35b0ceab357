//! All pairs above the lowest dimensions: tiles of inner products by faer's matrix product, their exponentials in vector
//! registers, and matrix products of the tile and of its transpose with the tokens.
//!
//! A tile of two blocks serves both, so that of the four products of a pair of blocks (scores and sums, each way) one is saved and so
//! are half of the exponentials.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Simd, WithSimd};

use super::block_schedule::BlockPair;
use crate::machine::exp::exp2_abreast;

/// The tokens as rows.
pub(crate) struct Tokens<'a> {
    pub beta: f64,
    pub dimension: usize,
    pub block: usize,
    pub positions: &'a [f64],
    /// w·x, as a common factor and rows.
    pub weighted: (f64, &'a [f64]),
    pub weights: &'a [f64],
}

impl Tokens<'_> {
    fn range(&self, block: usize) -> Range<usize> {
        block * self.block..((block + 1) * self.block).min(self.weights.len())
    }

    fn rows<'b>(&self, of: &'b [f64], range: &Range<usize>) -> MatRef<'b, f64> {
        let d = self.dimension;
        MatRef::from_row_major_slice(&of[d * range.start..d * range.end], range.len(), d)
    }

    /// A block against itself, its first game: `sums` and `potential` are overwritten.
    fn square(&self, tile: &mut [f64], mine: &Range<usize>, sums: &mut [f64], total: &mut [f64]) {
        total.fill(0.0);
        self.scores(tile, mine, mine);
        self.exponentials(tile, (mine, total), (mine, None));
        let values = MatRef::from_row_major_slice(tile, mine.len(), mine.len());
        self.add(sums, values, mine, Accum::Replace);
    }

    /// One game of the tournament, with a tile for scratch.
    pub(crate) fn game(&self, (tile, (first, part), other): BlockPair) {
        let mine = self.range(first);
        let Some((second, other)) = other else {
            let tile = &mut tile[..mine.len() * mine.len()];
            return self.square(tile, &mine, &mut part.sums, &mut part.potential);
        };
        let theirs = self.range(second);
        let tile = &mut tile[..mine.len() * theirs.len()];
        self.scores(tile, &mine, &theirs);
        let back = Some(&mut other.potential[..theirs.len()]);
        self.exponentials(tile, (&mine, &mut part.potential), (&theirs, back));
        let values = MatRef::from_row_major_slice(&*tile, mine.len(), theirs.len());
        self.add(&mut part.sums, values, &theirs, Accum::Add);
        self.add(&mut other.sums, values.transpose(), &mine, Accum::Add);
    }

    fn scores(&self, tile: &mut [f64], mine: &Range<usize>, theirs: &Range<usize>) {
        matmul(
            MatMut::from_row_major_slice_mut(tile, mine.len(), theirs.len()),
            Accum::Replace,
            self.rows(self.positions, mine),
            self.rows(self.positions, theirs).transpose(),
            1.0,
            Par::Seq,
        );
    }

    fn exponentials(
        &self,
        tile: &mut [f64],
        (mine, rows): (&Range<usize>, &mut [f64]),
        (theirs, columns): (&Range<usize>, Option<&mut [f64]>),
    ) {
        crate::machine::registers::arch().dispatch(Exponentials {
            beta: self.beta,
            tile,
            row_weights: &self.weights[mine.clone()],
            column_weights: &self.weights[theirs.clone()],
            rows,
            columns,
        });
    }

    /// `sums` += `values` · w·x of the others.
    fn add(&self, sums: &mut [f64], values: MatRef<f64>, others: &Range<usize>, how: Accum) {
        let sums = &mut sums[..values.nrows() * self.dimension];
        let (factor, rows) = self.weighted;
        matmul(
            MatMut::from_row_major_slice_mut(sums, values.nrows(), self.dimension),
            how,
            values,
            self.rows(rows, others),
            factor,
            Par::Seq,
        );
    }
}

/// tile_ij ← e^{β tile_ij − |β|}; `rows`_i += Σ_j w_j tile_ij and `columns`_j += Σ_i w_i tile_ij.
struct Exponentials<'a> {
    beta: f64,
    tile: &'a mut [f64],
    row_weights: &'a [f64],
    column_weights: &'a [f64],
    rows: &'a mut [f64],
    columns: Option<&'a mut [f64]>,
}

impl WithSimd for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut columns = self.columns;
        let scale = self.beta * std::f64::consts::LOG2_E;
        let (top, scale) = (simd.splat_f64s(-scale.abs()), simd.splat_f64s(scale));
        let weights = S::as_simd_f64s(self.column_weights);
        for ((row, w), total) in (self.tile.chunks_exact_mut(self.column_weights.len()))
            .zip(self.row_weights)
            .zip(self.rows)
        {
            let w = simd.splat_f64s(*w);
            let (vectors, rest) = S::as_mut_simd_f64s(row);
            let mut sums = [simd.splat_f64s(0.0); 4];
            let fours = vectors.as_chunks_mut::<4>();
            for (four, weights) in fours.0.iter_mut().zip(weights.0.as_chunks::<4>().0) {
                for v in four.iter_mut() {
                    *v = simd.mul_add_f64s(*v, scale, top);
                }
                *four = exp2_abreast(simd, *four);
                for v in 0..4 {
                    sums[v] = simd.mul_add_f64s(four[v], weights[v], sums[v]);
                }
            }
            let done = 4 * fours.0.len();
            for (v, weight) in fours.1.iter_mut().zip(&weights.0[done..]) {
                [*v] = exp2_abreast(simd, [simd.mul_add_f64s(*v, scale, top)]);
                sums[0] = simd.mul_add_f64s(*v, *weight, sums[0]);
            }
            if !rest.is_empty() {
                let last = simd.mul_add_f64s(simd.partial_load_f64s(rest), scale, top);
                let [last] = exp2_abreast(simd, [last]);
                simd.partial_store_f64s(rest, last);
                sums[1] = simd.mul_add_f64s(last, simd.partial_load_f64s(weights.1), sums[1]);
            }
            let [a, b, c, d] = sums;
            *total += simd.reduce_sum_f64s(simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d)));
            if let Some(columns) = &mut columns {
                let (row, row_rest) = S::as_simd_f64s(row);
                let (sums, sums_rest) = S::as_mut_simd_f64s(columns);
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = simd.mul_add_f64s(*value, w, *sum);
                }
                let rest = simd.mul_add_f64s(
                    simd.partial_load_f64s(row_rest),
                    w,
                    simd.partial_load_f64s(sums_rest),
                );
                simd.partial_store_f64s(sums_rest, rest);
            }
        }
    }
}
