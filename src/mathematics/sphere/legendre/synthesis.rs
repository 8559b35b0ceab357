//! From coefficients to latitudes: the sums over the degrees of an order or two.

#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::super::domain::sphere_row;
use super::run::{abreast, advance, begin_all, even_functions, first, in_pairs, open, place};
use super::{Order, Scale, Tables};
use crate::machine::fft::batched::{LANES, LatitudePack, vector_mut};
use crate::machine::registers::load;

/// See [`super::Legendre::synthesis`]; the orders of one part.
pub(super) struct Synthesis<'a> {
    pub table: &'a Tables,
    pub orders: Range<usize>,
    pub state: &'a [f64],
    pub degree: usize,
    /// For every k the factors of q_k in the even cosine, even sine, odd cosine and odd sine part; those of the second order of a pair come behind.
    pub coefficients: &'a mut [f64],
    /// Z_m and Z_{−m}, block after block, of these orders.
    pub rows: &'a mut [LatitudePack],
}

impl WithSimd for Synthesis<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let latitudes = self.table.cosines.len();
        let mut order = self.orders.start;
        while order < self.orders.end {
            if in_pairs(S::F64_LANES, latitudes) && order + 1 < self.orders.end {
                self.prepare::<2>(order);
                self.block::<S, 2, 2>(simd, order, 0);
                order += 2;
                continue;
            }
            self.prepare::<1>(order);
            let mut from = 0;
            while from < latitudes {
                let vectors = abreast(S::F64_LANES, latitudes - from);
                match vectors {
                    4 => self.block::<S, 1, 4>(simd, order, from),
                    2 => self.block::<S, 1, 2>(simd, order, from),
                    _ => self.block::<S, 1, 1>(simd, order, from),
                }
                from += vectors * S::F64_LANES;
            }
            order += 1;
        }
    }
}

impl Synthesis<'_> {
    /// The factors of q_k of `P` orders, one after the other.
    #[inline(always)]
    fn prepare<const P: usize>(&mut self, order: usize) {
        let (out, _) = self.coefficients.as_chunks_mut::<4>();
        let mut rows: [&[[f64; 2]]; P] = [&[]; P];
        for o in 0..P {
            let start = sphere_row(self.degree, order + o);
            let numbers = 2 * (self.degree + 1 - order - o);
            rows[o] = self.state[start..start + numbers].as_chunks().0;
        }
        let size = even_functions(self.degree, order);
        prepare(&self.table.orders[order..order + P], rows, out, size);
        if order == 0 {
            // sin 0φ = 0: the entries exist for the layout's sake
            let zonal = &mut out[..size];
            (zonal.iter_mut()).for_each(|four| (four[1], four[3]) = (0.0, 0.0));
        }
    }

    #[inline(always)]
    fn block<S: Simd, const P: usize, const V: usize>(
        &mut self,
        simd: S,
        order: usize,
        from: usize,
    ) {
        let lanes = V * S::F64_LANES;
        let square: [S::f64s; V] = load::<S, V>(simd, &self.table.squares[from..from + lanes]);
        let mut sums = [[[simd.splat_f64s(0.0); V]; 4]; P];
        let mut q = [[[simd.splat_f64s(0.0); 2]; V]; P];
        let size = even_functions(self.degree, order);
        let (factors, _) = self.coefficients.as_chunks::<4>();
        // together as far as the shorter one goes
        let (tables, mut starts) = open::<P, V>(&self.table.orders[order..], S::F64_LANES, from);
        let mut index = first(&starts);
        let end = even_functions(self.degree, order + P - 1);
        while index < end {
            let next = begin_all(simd, &mut starts, index, from, &mut q).min(end);
            let mut steps: [&[[f64; 2]]; P] = [&[]; P];
            let mut pieces: [&[[f64; 4]]; P] = [&[]; P];
            for o in 0..P {
                steps[o] = &tables[o].step[index..next];
                pieces[o] = &factors[o * size + index..o * size + next];
            }
            for k in 0..next - index {
                for o in 0..P {
                    add(simd, &pieces[o][k], &q[o], &mut sums[o]);
                    advance(simd, &steps[o][k], &square, &mut q[o]);
                }
            }
            index = next;
        }
        if P > 1 && index < size {
            // the first order has one function more
            starts[0].begin(simd, index, from, &mut q[0]);
            add(simd, &factors[index], &q[0], &mut sums[0]);
        }
        let x: [S::f64s; V] = load::<S, V>(simd, &self.table.cosines[from..from + lanes]);
        let per_order = 2 * self.table.cosines.len() / LANES;
        for o in 0..P {
            let rows = &mut self.rows[per_order * (order + o - self.orders.start)..][..per_order];
            for v in 0..V {
                let (block, lane) = place(from + v * S::F64_LANES);
                if let [here, mirror, ..] = &mut rows[2 * block..] {
                    let sums = [sums[o][0][v], sums[o][1][v], sums[o][2][v], sums[o][3][v]];
                    store(simd, sums, x[v], lane, [here, mirror]);
                }
            }
        }
    }
}

/// sums ← sums + factor q_k, for every part.
#[inline(always)]
fn add<S: Simd, const V: usize>(
    simd: S,
    factors: &[f64; 4],
    q: &[[S::f64s; 2]; V],
    sums: &mut [[S::f64s; V]; 4],
) {
    for part in 0..4 {
        let factor = simd.splat_f64s(factors[part]);
        for v in 0..V {
            sums[part][v] = simd.mul_add_f64s(factor, q[v][1], sums[part][v]);
        }
    }
}

/// Z_m and Z_{−m} of a vector of latitudes from the sums over even and odd functions.
#[inline(always)]
fn store<S: Simd>(
    simd: S,
    sums: [S::f64s; 4],
    x: S::f64s,
    lane: usize,
    columns: [&mut LatitudePack; 2],
) {
    let (oc, os) = (simd.mul_f64s(sums[2], x), simd.mul_f64s(sums[3], x));
    // F^n = a − ib, F^s = c − id
    let (a, b) = (simd.add_f64s(sums[0], oc), simd.add_f64s(sums[1], os));
    let (c, d) = (simd.sub_f64s(sums[0], oc), simd.sub_f64s(sums[1], os));
    let [LatitudePack(here), LatitudePack(mirror)] = columns;
    *vector_mut::<S>(&mut here[0], lane) = simd.add_f64s(a, d);
    *vector_mut::<S>(&mut here[1], lane) = simd.sub_f64s(c, b);
    *vector_mut::<S>(&mut mirror[0], lane) = simd.sub_f64s(a, d);
    *vector_mut::<S>(&mut mirror[1], lane) = simd.add_f64s(c, b);
}

/// Coefficients of orders → the factors of q_k: backwards through d_k. Each waits for the one before, so several orders go together.
#[inline(always)]
fn prepare<const P: usize>(
    tables: &[Order],
    rows: [&[[f64; 2]]; P],
    out: &mut [[f64; 4]],
    size: usize,
) {
    let mut e = [[0.0; 2]; P];
    let mut pairs = [0; P];
    for o in 0..P {
        let count = rows[o].len();
        pairs[o] = count / 2;
        if let [.., [c, s]] = rows[o]
            && count % 2 == 1
        {
            let even = tables[o].scale[pairs[o]].even;
            out[o * size + pairs[o]] = [c * even, s * even, 0.0, 0.0];
        }
    }
    // what one has more than the others
    let common = pairs[P - 1];
    for o in 0..P {
        for k in (common..pairs[o]).rev() {
            out[o * size + k] = prepared(
                &tables[o].scale[k],
                rows[o][2 * k],
                rows[o][2 * k + 1],
                &mut e[o],
            );
        }
    }
    for k in (0..common).rev() {
        for o in 0..P {
            out[o * size + k] = prepared(
                &tables[o].scale[k],
                rows[o][2 * k],
                rows[o][2 * k + 1],
                &mut e[o],
            );
        }
    }
}

#[inline(always)]
fn prepared(scale: &Scale, even: [f64; 2], odd: [f64; 2], e: &mut [f64; 2]) -> [f64; 4] {
    *e = [odd[0] * scale.odd - e[0], odd[1] * scale.odd - e[1]];
    [
        even[0] * scale.even,
        even[1] * scale.even,
        e[0] * scale.turn,
        e[1] * scale.turn,
    ]
}
