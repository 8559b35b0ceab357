//! A run through the even Legendre functions of an order, latitudes abreast in vectors.
//!
//! A block of latitudes runs through the degrees with q_{k−1}, q_k, x² and, for synthesis, the four sums in
//! registers: 4 V vectors of sums for V vectors of latitudes, so V = 4 where there are 32 registers of eight numbers, 2 where there
//! are 16 of four. Fewer vectors are left over at the end. Where there are two in all, two orders go together. (Two fields at once, to share the
//! recurrence, took longer than one after the other: they leave too few registers.)

#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use pulp::Simd;

use super::{Order, Start};
use crate::machine::fft::batched::{LANES, vector};

/// Most vectors of a block.
const ABREAST: usize = 4;

/// Where the first latitude of several orders starts.
#[inline(always)]
pub(super) fn first<const P: usize, const V: usize>(starts: &[Starts<'_, V>; P]) -> usize {
    let mut first = usize::MAX;
    for o in 0..P {
        first = first.min(starts[o].next());
    }
    first
}

/// Where the latitudes of an order start that have not yet, for each of several vectors.
#[derive(Clone, Copy)]
pub(super) struct Starts<'a, const V: usize>([&'a [Start]; V]);

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
    pub(crate) fn begin<S: Simd>(
        &mut self,
        simd: S,
        index: usize,
        from: usize,
        q: &mut [[S::f64s; 2]; V],
    ) {
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

/// Several orders, and where their latitudes start, before any has.
#[inline(always)]
pub(super) fn open<const P: usize, const V: usize>(
    orders: &[Order],
    lanes: usize,
    from: usize,
) -> ([&Order; P], [Starts<'_, V>; P]) {
    let mut tables = [&orders[0]; P];
    let mut starts = [Starts([&[]; V]); P];
    for o in 0..P {
        tables[o] = &orders[o];
        starts[o] = Starts::of(tables[o], lanes, from);
    }
    (tables, starts)
}

/// Lets the latitudes of several orders start that do so here; returns where the next do.
#[inline(always)]
pub(super) fn begin_all<S: Simd, const P: usize, const V: usize>(
    simd: S,
    starts: &mut [Starts<'_, V>; P],
    index: usize,
    from: usize,
    q: &mut [[[S::f64s; 2]; V]; P],
) -> usize {
    for o in 0..P {
        starts[o].begin(simd, index, from, &mut q[o]);
    }
    first(starts)
}

/// q_{k−1}, q_k → q_k, q_{k+1}.
#[inline(always)]
pub(super) fn advance<S: Simd, const V: usize>(
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
pub(super) fn place(latitude: usize) -> (usize, usize) {
    (latitude / LANES, latitude % LANES)
}

/// How many vectors of the latitudes that are left go abreast.
pub(super) fn abreast(lanes: usize, left: usize) -> usize {
    let most = if lanes == LANES { ABREAST } else { ABREAST / 2 };
    match (left / lanes).min(most) {
        4.. => 4,
        2 | 3 => 2,
        _ => 1,
    }
}

/// Whether two orders go together: where one has but two vectors of latitudes, there are registers left for another, and its loops are short.
pub(super) fn in_pairs(lanes: usize, latitudes: usize) -> bool {
    lanes == LANES && latitudes == 2 * LANES
}

/// How many of the functions of an order up to a degree are even.
#[inline(always)]
pub(super) fn even_functions(degree: usize, order: usize) -> usize {
    (degree - order) / 2 + 1
}
