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

use super::super::columns::{Column, LANES, vector, vector_mut};
use super::super::domain::sphere_row;
use super::super::vectors::load;
use super::{Order, Scale, Start, Tables, tree_sum};

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
    /// Z_m and Z_{−m}, block after block, of these orders.
    pub rows: &'a mut [Column],
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
        let mut tables = [&self.table.orders[order]; P];
        let mut starts = [Starts([&[]; V]); P];
        for o in 0..P {
            tables[o] = &self.table.orders[order + o];
            starts[o] = Starts::of(tables[o], S::F64_LANES, from);
        }
        let mut index = first(&starts);
        let end = even_functions(self.degree, order + P - 1);
        while index < end {
            for o in 0..P {
                starts[o].begin(simd, index, from, &mut q[o]);
            }
            let next = first(&starts).min(end);
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

/// Where the first latitude of several orders starts.
#[inline(always)]
fn first<const P: usize, const V: usize>(starts: &[Starts<'_, V>; P]) -> usize {
    let mut first = usize::MAX;
    for o in 0..P {
        first = first.min(starts[o].next());
    }
    first
}

/// Z_m and Z_{−m} of a vector of latitudes from the sums over even and odd functions.
#[inline(always)]
fn store<S: Simd>(simd: S, sums: [S::f64s; 4], x: S::f64s, lane: usize, columns: [&mut Column; 2]) {
    let (oc, os) = (simd.mul_f64s(sums[2], x), simd.mul_f64s(sums[3], x));
    // F^n = a − ib, F^s = c − id
    let (a, b) = (simd.add_f64s(sums[0], oc), simd.add_f64s(sums[1], os));
    let (c, d) = (simd.sub_f64s(sums[0], oc), simd.sub_f64s(sums[1], os));
    let [Column(here), Column(mirror)] = columns;
    *vector_mut::<S>(&mut here[0], lane) = simd.add_f64s(a, d);
    *vector_mut::<S>(&mut here[1], lane) = simd.sub_f64s(c, b);
    *vector_mut::<S>(&mut mirror[0], lane) = simd.sub_f64s(a, d);
    *vector_mut::<S>(&mut mirror[1], lane) = simd.add_f64s(c, b);
}

/// See [`super::Legendre::analysis`]; the orders of one part.
pub(super) struct Analysis<'a> {
    pub table: &'a Tables,
    pub orders: Range<usize>,
    pub degree: usize,
    /// Z_m and Z_{−m} of all orders, block after block of so many columns.
    pub rows: &'a [Column],
    pub block_rows: usize,
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
        let mut tables = [&self.table.orders[order]; P];
        let mut starts = [Starts([&[]; V]); P];
        for o in 0..P {
            tables[o] = &self.table.orders[order + o];
            starts[o] = Starts::of(tables[o], S::F64_LANES, from);
        }
        let mut index = first(&starts);
        if FIRST {
            // as far as nothing has started
            for o in 0..P {
                sums[4 * o * size..][..4 * index.min(size)].fill(simd.splat_f64s(0.0));
            }
        }
        let end = even_functions(self.degree, order + P - 1);
        while index < end {
            for o in 0..P {
                starts[o].begin(simd, index, from, &mut q[o]);
            }
            let next = first(&starts).min(end);
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
            let [Column(here), Column(mirror), ..] = rows else {
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

/// Where the latitudes of an order start that have not yet, for each of several vectors.
#[derive(Clone, Copy)]
struct Starts<'a, const V: usize>([&'a [Start]; V]);

impl<'a, const V: usize> Starts<'a, V> {
    /// All of them, from a latitude on.
    #[inline(always)]
    fn of(order: &'a Order, lanes: usize, from: usize) -> Self {
        let mut starts: [&[Start]; V] = [&[]; V];
        for v in 0..V {
            starts[v] = order.starts_of(from + v * lanes);
        }
        Self(starts)
    }

    /// Where the next one starts.
    #[inline(always)]
    fn next(&self) -> usize {
        let mut next = usize::MAX;
        for v in 0..V {
            if let [start, ..] = self.0[v] {
                next = next.min(start.at);
            }
        }
        next
    }

    /// Lets those start that do so here.
    #[inline(always)]
    fn begin<S: Simd>(&mut self, simd: S, index: usize, from: usize, q: &mut [[S::f64s; 2]; V]) {
        for v in 0..V {
            if let [start, rest @ ..] = self.0[v]
                && start.at == index
            {
                let (_, lane) = place(from + v * S::F64_LANES);
                q[v][0] = simd.add_f64s(q[v][0], vector::<S>(&start.before, lane));
                q[v][1] = simd.add_f64s(q[v][1], vector::<S>(&start.here, lane));
                self.0[v] = rest;
            }
        }
    }
}

/// q_{k−1}, q_k → q_k, q_{k+1}.
#[inline(always)]
fn advance<S: Simd, const V: usize>(
    simd: S,
    step: &[f64; 2],
    square: &[S::f64s; V],
    q: &mut [[S::f64s; 2]; V],
) {
    let (alpha, beta) = (simd.splat_f64s(step[0]), simd.splat_f64s(step[1]));
    for v in 0..V {
        let [before, here] = q[v];
        let factor = simd.mul_add_f64s(square[v], alpha, beta);
        q[v] = [here, simd.mul_add_f64s(factor, here, before)];
    }
}

/// Block and lane of a latitude.
#[inline(always)]
fn place(latitude: usize) -> (usize, usize) {
    (latitude / LANES, latitude % LANES)
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

/// Whether two orders go together: where one has but two vectors of latitudes, there are registers left for another, and its loops are short.
fn in_pairs(lanes: usize, latitudes: usize) -> bool {
    lanes == LANES && latitudes == 2 * LANES
}

/// How many of the functions of an order up to a degree are even.
#[inline(always)]
fn even_functions(degree: usize, order: usize) -> usize {
    (degree - order) / 2 + 1
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
