//! From latitudes to coefficients: the adjoint, with weights.

#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::ops::Range;

use pulp::bytemuck::cast_slice;
use pulp::{Simd, WithSimd};

use super::run::{abreast, advance, begin_all, even_functions, first, in_pairs, open, place};
use super::{Order, Tables, tree_sum};
use crate::machine::fft::batched::{LatitudePack, vector};
use crate::machine::registers::load;

/// See [`super::Legendre::analysis`]; the orders of one part.
pub(super) struct Analysis<'a> {
    pub table: &'a Tables,
    pub orders: Range<usize>,
    pub degree: usize,
    /// Z_m and Z_{−m} of all orders, block after block of so many columns.
    pub rows: &'a [LatitudePack],
    pub block_rows: usize,
    /// For every k four vectors of partial sums; those of the second order of a pair come behind.
    pub sums: &'a mut [f64],
    /// The coefficients of the part's orders.
    pub state: &'a mut [f64],
}

impl WithSimd for Analysis<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let latitudes = self.table.cosines.len();
        let mut order = self.orders.start;
        let mut rest = std::mem::take(&mut self.state);
        while order < self.orders.end {
            let pair = in_pairs(S::F64_LANES, latitudes) && order + 1 < self.orders.end;
            if pair {
                self.block::<S, 2, 2, true>(simd, order, 0);
            } else {
                self.all_blocks(simd, order);
            }
            let size = 4 * even_functions(self.degree, order) * S::F64_LANES;
            for o in 0..1 + usize::from(pair) {
                let row;
                (row, rest) = rest.split_at_mut(2 * (self.degree + 1 - order - o));
                let sums = &self.sums[o * size..];
                finish(
                    simd,
                    &self.table.orders[order + o],
                    sums,
                    order + o == 0,
                    row,
                );
            }
            order += 1 + usize::from(pair);
        }
    }
}

impl Analysis<'_> {
    /// The partial sums of an order.
    #[inline(always)]
    fn all_blocks<S: Simd>(&mut self, simd: S, order: usize) {
        let latitudes = self.table.cosines.len();
        // the first block writes, the others add
        let mut from = 0;
        while from < latitudes {
            let vectors = abreast(S::F64_LANES, latitudes - from);
            match (vectors, from) {
                (4, 0) => self.block::<S, 1, 4, true>(simd, order, from),
                (2, 0) => self.block::<S, 1, 2, true>(simd, order, from),
                (_, 0) => self.block::<S, 1, 1, true>(simd, order, from),
                (4, _) => self.block::<S, 1, 4, false>(simd, order, from),
                (2, _) => self.block::<S, 1, 2, false>(simd, order, from),
                _ => self.block::<S, 1, 1, false>(simd, order, from),
            }
            from += vectors * S::F64_LANES;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const P: usize, const V: usize, const FIRST: bool>(
        &mut self,
        simd: S,
        order: usize,
        from: usize,
    ) {
        let lanes = V * S::F64_LANES;
        let square: [S::f64s; V] = load::<S, V>(simd, &self.table.squares[from..from + lanes]);
        let mut values = [[[simd.splat_f64s(0.0); V]; 4]; P];
        for o in 0..P {
            values[o] = self.values(simd, order + o, from);
        }
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        let mut q = [[[simd.splat_f64s(0.0); 2]; V]; P];
        let size = even_functions(self.degree, order);
        let (tables, mut starts) = open::<P, V>(&self.table.orders[order..], S::F64_LANES, from);
        let mut index = first(&starts);
        if FIRST {
            // as far as nothing has started
            for o in 0..P {
                sums[4 * o * size..][..4 * index.min(size)].fill(simd.splat_f64s(0.0));
            }
        }
        let end = even_functions(self.degree, order + P - 1);
        while index < end {
            let next = begin_all(simd, &mut starts, index, from, &mut q).min(end);
            for k in index..next {
                for o in 0..P {
                    let slots = &mut sums[4 * (o * size + k)..][..4];
                    products::<S, V, FIRST>(simd, &values[o], &q[o], slots);
                    advance(simd, &tables[o].step[k], &square, &mut q[o]);
                }
            }
            index = next;
        }
        if P > 1 && index < size {
            // the first order has one function more
            starts[0].begin(simd, index, from, &mut q[0]);
            let slots = &mut sums[4 * index..][..4];
            products::<S, V, FIRST>(simd, &values[0], &q[0], slots);
        }
    }

    /// The weighted values that the even functions and those that the odd ones are multiplied by.
    #[inline(always)]
    fn values<S: Simd, const V: usize>(
        &self,
        simd: S,
        order: usize,
        from: usize,
    ) -> [[S::f64s; V]; 4] {
        let lanes = V * S::F64_LANES;
        let x: [S::f64s; V] = load::<S, V>(simd, &self.table.cosines[from..from + lanes]);
        let weight: [S::f64s; V] = load::<S, V>(simd, &self.table.weights[from..from + lanes]);
        let mut values = [[simd.splat_f64s(0.0); V]; 4];
        for v in 0..V {
            let (block, lane) = place(from + v * S::F64_LANES);
            let rows = &self.rows[self.block_rows * block + 2 * order..];
            let [LatitudePack(here), LatitudePack(mirror), ..] = rows else {
                continue;
            };
            let (re, im) = (vector::<S>(&here[0], lane), vector::<S>(&here[1], lane));
            let (mirror_re, mirror_im) =
                (vector::<S>(&mirror[0], lane), vector::<S>(&mirror[1], lane));
            // twice F^n = a − ib and F^s = c − id
            let (a, c) = (simd.add_f64s(re, mirror_re), simd.add_f64s(im, mirror_im));
            let (b, d) = (simd.sub_f64s(mirror_im, im), simd.sub_f64s(re, mirror_re));
            let odd = simd.mul_f64s(weight[v], x[v]);
            values[0][v] = simd.mul_f64s(weight[v], simd.add_f64s(a, c));
            values[1][v] = simd.mul_f64s(weight[v], simd.add_f64s(b, d));
            values[2][v] = simd.mul_f64s(odd, simd.sub_f64s(a, c));
            values[3][v] = simd.mul_f64s(odd, simd.sub_f64s(b, d));
        }
        values
    }
}

/// The products of q_k with the values: for every part a vector, whose numbers are to be summed.
#[inline(always)]
fn products<S: Simd, const V: usize, const FIRST: bool>(
    simd: S,
    values: &[[S::f64s; V]; 4],
    q: &[[S::f64s; 2]; V],
    slots: &mut [S::f64s],
) {
    for part in 0..4 {
        let value = &values[part];
        let mut sum = if FIRST {
            simd.mul_f64s(q[0][1], value[0])
        } else {
            simd.mul_add_f64s(q[0][1], value[0], slots[part])
        };
        for v in 1..V {
            sum = simd.mul_add_f64s(q[v][1], value[v], sum);
        }
        slots[part] = sum;
    }
}

/// Partial sums of an order → coefficients: the adjoint of what the synthesis prepares, forwards.
#[inline(always)]
fn finish<S: Simd>(simd: S, tables: &Order, sums: &[f64], zonal: bool, row: &mut [f64]) {
    let (vectors, _) = S::as_simd_f64s(sums);
    let groups = vectors.chunks_exact(4);
    let (fours, last) = row.as_chunks_mut::<4>();
    let used = fours.len();
    let mut e = [0.0; 2];
    for ((slots, group), scale) in fours.iter_mut().zip(groups).zip(&tables.scale) {
        let sums = four_sums(simd, group);
        e = [sums[2] * scale.turn - e[0], sums[3] * scale.turn - e[1]];
        *slots = [
            sums[0] * scale.even,
            sums[1] * scale.even,
            e[0] * scale.odd,
            e[1] * scale.odd,
        ];
    }
    if let [c, s] = last {
        let sums = four_sums(simd, &vectors[4 * used..][..4]);
        let scale = tables.scale[used].even;
        (*c, *s) = (sums[0] * scale, sums[1] * scale);
    }
    if zonal {
        row.iter_mut()
            .skip(1)
            .step_by(2)
            .for_each(|sine| *sine = 0.0);
    }
}

/// The sums of the numbers of four vectors.
#[inline(always)]
pub(super) fn four_sums<S: Simd>(simd: S, group: &[S::f64s]) -> [f64; 4] {
    let [a, b, c, d] = [group[0], group[1], group[2], group[3]];
    if S::F64_LANES < 4 {
        return [a, b, c, d].map(|vector| tree_sum(cast_slice(&[vector])));
    }
    // every fourth number of the four vectors in a row: what remains of a vector of eight are the sums of its halves, in the places that
    // the instructions happen to leave them in (see the test)
    let [a, b, c, d]: [S::f64s; 4] = simd.deinterleave_shfl_f64s([a, b, c, d]);
    let parts = [simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d))];
    let parts: &[f64] = cast_slice(&parts);
    match parts {
        [a, b, c, d, e, f, g, h] => [a + c, b + d, e + g, f + h],
        [a, b, c, d] => [*a, *b, *c, *d],
        _ => [f64::NAN; 4],
    }
}
