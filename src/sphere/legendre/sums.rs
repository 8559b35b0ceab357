//! The sums over even Legendre functions, one order after the other, latitudes abreast in vectors.
//!
//! Both ways a block of latitudes runs through the degrees with q_{k−1}, q_k, x² and, for synthesis, the four sums in
//! registers: 4 V vectors of sums for V vectors of latitudes, so V = 4 where there are 32 registers of eight numbers, 2 where there
//! are 16 of four. Fewer vectors are left over at the end. (Two fields at once, to share the recurrence, took longer than one after the other:
//! they leave too few registers.)

#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::ops::Range;

use pulp::bytemuck::cast_slice;
use pulp::{Simd, WithSimd};

use super::super::domain::sphere_row;
use super::super::vectors::load;
use super::{LANES, Order, ROWS, Start, Tables, tree_sum};

/// Most vectors of a block.
const ABREAST: usize = 4;

/// See [`super::Legendre::synthesis`]; the orders of one part.
pub(super) struct Synthesis<'a> {
    pub table: &'a Tables,
    pub orders: Range<usize>,
    pub state: &'a [f64],
    pub degree: usize,
    /// For every k the factors of q_k in the even cosine, even sine, odd cosine and odd sine part.
    pub coefficients: &'a mut [f64],
    pub rows: &'a mut [f64],
}

impl WithSimd for Synthesis<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let latitudes = self.table.cosines.len();
        for order in self.orders.clone() {
            let tables = &self.table.orders[order];
            let numbers = 2 * (self.degree + 1 - order);
            let count = (self.degree - order) / 2 + 1;
            let row = &self.state[sphere_row(self.degree, order)..][..numbers];
            prepare(tables, row, order == 0, &mut self.coefficients[..4 * count]);
            let mut from = 0;
            while from < latitudes {
                let vectors = abreast(S::F64_LANES, latitudes - from);
                match vectors {
                    4 => self.block::<S, 4>(simd, order, count, from),
                    2 => self.block::<S, 2>(simd, order, count, from),
                    _ => self.block::<S, 1>(simd, order, count, from),
                }
                from += vectors * S::F64_LANES;
            }
        }
    }
}

impl Synthesis<'_> {
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, simd: S, order: usize, count: usize, from: usize) {
        let lanes = V * S::F64_LANES;
        let tables = &self.table.orders[order];
        let square: [S::f64s; V] = load::<S, V>(simd, &self.table.squares[from..from + lanes]);
        let mut sums = [[simd.splat_f64s(0.0); V]; 4];
        let (factors, _) = self.coefficients.as_chunks::<4>();
        let mut run = Run::<S, V>::new(simd, tables, from);
        while run.index < count {
            let next = run.begin(simd, from, count);
            let steps = &tables.step[run.index..next];
            for (step, factors) in steps.iter().zip(&factors[run.index..next]) {
                for part in 0..4 {
                    let factor = simd.splat_f64s(factors[part]);
                    for v in 0..V {
                        sums[part][v] = simd.mul_add_f64s(factor, run.q1[v], sums[part][v]);
                    }
                }
                run.advance(simd, step, &square);
            }
            run.index = next;
        }
        let x: [S::f64s; V] = load::<S, V>(simd, &self.table.cosines[from..from + lanes]);
        let padded = self.table.cosines.len();
        let start = ROWS * ((order - self.orders.start) * padded + from);
        let (rows, _) = S::as_mut_simd_f64s(&mut self.rows[start..][..ROWS * lanes]);
        for v in 0..V {
            let (oc, os) = (
                simd.mul_f64s(sums[2][v], x[v]),
                simd.mul_f64s(sums[3][v], x[v]),
            );
            // F^n = a − ib, F^s = c − id
            let (a, b) = (simd.add_f64s(sums[0][v], oc), simd.add_f64s(sums[1][v], os));
            let (c, d) = (simd.sub_f64s(sums[0][v], oc), simd.sub_f64s(sums[1][v], os));
            let folded: [S::f64s; ROWS] = simd.interleave_shfl_f64s([
                simd.add_f64s(a, d),
                simd.sub_f64s(c, b),
                simd.sub_f64s(a, d),
                simd.add_f64s(c, b),
            ]);
            rows[ROWS * v..][..ROWS].copy_from_slice(&folded);
        }
    }
}

/// See [`super::Legendre::analysis`]; the orders of one part.
pub(super) struct Analysis<'a> {
    pub table: &'a Tables,
    pub orders: Range<usize>,
    pub degree: usize,
    /// The rows of all orders.
    pub rows: &'a [f64],
    /// For every k four vectors of partial sums.
    pub sums: &'a mut [f64],
    /// The coefficients of the part's orders.
    pub state: &'a mut [f64],
}

impl WithSimd for Analysis<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let latitudes = self.table.cosines.len();
        let mut done = 0;
        for order in self.orders.clone() {
            let count = (self.degree - order) / 2 + 1;
            // the first block writes, the others add
            let mut from = 0;
            while from < latitudes {
                let vectors = abreast(S::F64_LANES, latitudes - from);
                match (vectors, from) {
                    (4, 0) => self.block::<S, 4, true>(simd, order, count, from),
                    (2, 0) => self.block::<S, 2, true>(simd, order, count, from),
                    (_, 0) => self.block::<S, 1, true>(simd, order, count, from),
                    (4, _) => self.block::<S, 4, false>(simd, order, count, from),
                    (2, _) => self.block::<S, 2, false>(simd, order, count, from),
                    _ => self.block::<S, 1, false>(simd, order, count, from),
                }
                from += vectors * S::F64_LANES;
            }
            let numbers = 2 * (self.degree + 1 - order);
            let row = &mut self.state[done..done + numbers];
            finish(simd, &self.table.orders[order], self.sums, order == 0, row);
            done += numbers;
        }
    }
}

impl Analysis<'_> {
    #[inline(always)]
    fn block<S: Simd, const V: usize, const FIRST: bool>(
        &mut self,
        simd: S,
        order: usize,
        count: usize,
        from: usize,
    ) {
        let lanes = V * S::F64_LANES;
        let padded = self.table.cosines.len();
        let tables = &self.table.orders[order];
        let square: [S::f64s; V] = load::<S, V>(simd, &self.table.squares[from..from + lanes]);
        let x: [S::f64s; V] = load::<S, V>(simd, &self.table.cosines[from..from + lanes]);
        let weight: [S::f64s; V] = load::<S, V>(simd, &self.table.weights[from..from + lanes]);
        let mut values = [[simd.splat_f64s(0.0); V]; 4];
        let start = ROWS * (order * padded + from);
        let (rows, _) = S::as_simd_f64s(&self.rows[start..][..ROWS * lanes]);
        for v in 0..V {
            let r = ROWS * v;
            let z: [S::f64s; ROWS] =
                simd.deinterleave_shfl_f64s([rows[r], rows[r + 1], rows[r + 2], rows[r + 3]]);
            // twice F^n = a + ib and F^s = c + id
            let (a, c) = (simd.add_f64s(z[0], z[2]), simd.add_f64s(z[1], z[3]));
            let (b, d) = (simd.sub_f64s(z[1], z[3]), simd.sub_f64s(z[2], z[0]));
            let odd = simd.mul_f64s(weight[v], x[v]);
            values[0][v] = simd.mul_f64s(weight[v], simd.add_f64s(a, c));
            values[1][v] = simd.mul_f64s(simd.neg_f64s(weight[v]), simd.add_f64s(b, d));
            values[2][v] = simd.mul_f64s(odd, simd.sub_f64s(a, c));
            values[3][v] = simd.mul_f64s(odd, simd.sub_f64s(d, b));
        }
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        let mut run = Run::<S, V>::new(simd, tables, from);
        if FIRST {
            sums[..4 * run.index.min(count)].fill(simd.splat_f64s(0.0));
        }
        while run.index < count {
            let next = run.begin(simd, from, count);
            let slots = sums[4 * run.index..4 * next].chunks_exact_mut(4);
            for (step, slots) in tables.step[run.index..next].iter().zip(slots) {
                for part in 0..4 {
                    let value = values[part];
                    let mut sum = if FIRST {
                        simd.mul_f64s(run.q1[0], value[0])
                    } else {
                        simd.mul_add_f64s(run.q1[0], value[0], slots[part])
                    };
                    for v in 1..V {
                        sum = simd.mul_add_f64s(run.q1[v], value[v], sum);
                    }
                    slots[part] = sum;
                }
                run.advance(simd, step, &square);
            }
            run.index = next;
        }
    }
}

/// A run through the degrees of an order.
struct Run<'a, S: Simd, const V: usize> {
    /// k.
    index: usize,
    /// q_{k−1}: zero where a latitude has not started.
    q0: [S::f64s; V],
    /// q_k.
    q1: [S::f64s; V],
    /// The starts that are still to come, of every vector.
    starts: [&'a [Start]; V],
}

impl<'a, S: Simd, const V: usize> Run<'a, S, V> {
    /// At the first start.
    #[inline(always)]
    fn new(simd: S, tables: &'a Order, from: usize) -> Self {
        let mut starts: [&[Start]; V] = [&[]; V];
        for (v, starts) in starts.iter_mut().enumerate() {
            *starts = tables.starts_of(from + v * S::F64_LANES);
        }
        let mut run = Self {
            index: 0,
            q0: [simd.splat_f64s(0.0); V],
            q1: [simd.splat_f64s(0.0); V],
            starts,
        };
        run.index = run.next();
        run
    }

    #[inline(always)]
    fn next(&self) -> usize {
        let mut next = usize::MAX;
        for starts in &self.starts {
            if let Some(start) = starts.first() {
                next = next.min(start.at);
            }
        }
        next
    }

    /// Lets the latitudes start that do so here; returns where the next do, or `count`.
    #[inline(always)]
    fn begin(&mut self, simd: S, from: usize, count: usize) -> usize {
        for v in 0..V {
            if let [start, rest @ ..] = self.starts[v]
                && start.at == self.index
            {
                let offset = (from + v * S::F64_LANES) % LANES;
                let (before, _) = S::as_simd_f64s(&start.before[offset..]);
                let (here, _) = S::as_simd_f64s(&start.here[offset..]);
                self.q0[v] = simd.add_f64s(self.q0[v], before[0]);
                self.q1[v] = simd.add_f64s(self.q1[v], here[0]);
                self.starts[v] = rest;
            }
        }
        self.next().min(count)
    }

    /// q_{k−1}, q_k → q_k, q_{k+1}.
    #[inline(always)]
    fn advance(&mut self, simd: S, step: &[f64; 2], square: &[S::f64s; V]) {
        let (alpha, beta) = (simd.splat_f64s(step[0]), simd.splat_f64s(step[1]));
        for v in 0..V {
            let factor = simd.mul_add_f64s(square[v], alpha, beta);
            let next = simd.mul_add_f64s(factor, self.q1[v], self.q0[v]);
            self.q0[v] = self.q1[v];
            self.q1[v] = next;
        }
    }
}

/// How many vectors of the latitudes that are left go abreast.
fn abreast(lanes: usize, left: usize) -> usize {
    let most = if lanes == LANES { ABREAST } else { ABREAST / 2 };
    match (left / lanes).min(most) {
        4.. => 4,
        2 | 3 => 2,
        _ => 1,
    }
}

/// Coefficients of an order → the factors of q_k: backwards through d_k.
#[inline(always)]
fn prepare(tables: &Order, row: &[f64], zonal: bool, out: &mut [f64]) {
    let (pairs, _) = row.as_chunks::<2>();
    let (out, _) = out.as_chunks_mut::<4>();
    let used = pairs.len().div_ceil(2);
    out[used..].fill([0.0; 4]);
    let scales = &tables.scale[..used];
    if pairs.len() % 2 == 1 {
        let ([c, s], scale) = (pairs[pairs.len() - 1], scales[used - 1]);
        out[used - 1] = [c * scale.even, s * scale.even, 0.0, 0.0];
    }
    let mut e = [0.0; 2];
    for k in (0..pairs.len() / 2).rev() {
        let (even, odd, scale) = (pairs[2 * k], pairs[2 * k + 1], scales[k]);
        e = [odd[0] * scale.odd - e[0], odd[1] * scale.odd - e[1]];
        out[k] = [
            even[0] * scale.even,
            even[1] * scale.even,
            e[0] * scale.turn,
            e[1] * scale.turn,
        ];
    }
    if zonal {
        // sin 0φ = 0: the entries exist for the layout's sake
        out.iter_mut()
            .for_each(|four| (four[1], four[3]) = (0.0, 0.0));
    }
}

/// Partial sums of an order → coefficients: the adjoint of [`prepare`], forwards.
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
fn four_sums<S: Simd>(simd: S, group: &[S::f64s]) -> [f64; 4] {
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

/// The order in which the latitudes of a group stand in a row: place p has the latitude of its group that stands at p of the list. (Interleaving is cheapest if
/// it may leave the vector's numbers in an order of its own.)
pub(super) struct Places;

impl WithSimd for Places {
    type Output = [usize; LANES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [usize; LANES] {
        let numbers: [f64; LANES] = std::array::from_fn(|lane| lane as f64);
        let (vectors, _) = S::as_simd_f64s(&numbers);
        let mut places = [0; LANES];
        for (vector, places) in vectors.iter().zip(places.chunks_exact_mut(S::F64_LANES)) {
            let mixed: [S::f64s; ROWS] = simd.interleave_shfl_f64s([*vector; ROWS]);
            let mixed: &[f64] = cast_slice(&mixed);
            for (place, four) in places.iter_mut().zip(mixed.chunks_exact(ROWS)) {
                *place = four[0] as usize;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of whole numbers, so that every order of summation gives the same.
    struct Sums;

    impl WithSimd for Sums {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let numbers: Vec<f64> = (0..4 * S::F64_LANES).map(|i| (i * i) as f64).collect();
            let exact: Vec<f64> = (numbers.chunks_exact(S::F64_LANES))
                .map(|vector| vector.iter().sum())
                .collect();
            let (vectors, _) = S::as_simd_f64s(&numbers);
            assert_eq!(four_sums(simd, vectors).to_vec(), exact);
        }
    }

    #[test]
    fn sums_of_vectors_are_right_on_every_instruction_set_there_is() {
        pulp::Arch::new().dispatch(Sums);
        Simd::vectorize(pulp::Scalar::new(), Sums);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            Simd::vectorize(simd, Sums);
        }
    }
}
