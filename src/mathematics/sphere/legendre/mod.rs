//! Sums over the normalised associated Legendre functions P̄_ℓm at Gauss nodes: the colatitude half of the transform on S².
//!
//! P̄_ℓm is normalised to mean square one in x = cos θ ∈ [−1,1]; P̄_mm = Π_{k≤m}√((2k+1)/(2k)) sin^mθ ≥ 0 and
//! x P̄_ℓ = ε_{ℓ+1}P̄_{ℓ+1} + ε_ℓP̄_{ℓ−1}, ε_ℓ² = (ℓ²−m²)/(4ℓ²−1). The parity P̄_ℓm(−x) = (−1)^{ℓ−m} P̄_ℓm(x) halves the
//! latitudes, and Ishioka's way (J. Meteorol. Soc. Japan 96, 2018) the functions: only those with ℓ = m + 2k are computed, by a
//! recurrence in x². With P̄_{m+2k} = s_k q_k, ε_i short for ε_{m+i}, and s_{k+1}ε_{2k+1}ε_{2k+2} = −ε_{2k}ε_{2k−1}s_{k−1},
//!
//! q_{k+1} = (α_k x² + β_k) q_k + q_{k−1},  α_k = s_k/(s_{k+1}ε_{2k+1}ε_{2k+2}),  β_k = −(ε_{2k+1}² + ε_{2k}²) α_k,
//!
//! two fused operations for two degrees, several vectors of latitudes abreast in registers; nothing is stored. The sum over the odd
//! functions is one over the even ones: Σ_k c_{2k+1}P̄_{2k+1} = x Σ_k d_k P̄_{2k} with d_kε_{2k+1} = c_{2k+1} − d_{k+1}ε_{2k+2}; the
//! ratio ε_{2k+2}/ε_{2k+1} amplifies rounding by m^¼ at most.
//!
//! Near the poles sin^mθ underflows for high orders although P̄_ℓm is of order one at higher degrees. So for every order
//! and latitude the recurrence starts at the first degree where |P̄| passes 2^−120, from values found once with an
//! exponent of their own; what is left out is below 1e-35. The sums themselves are in `synthesis` and `analysis`.

mod analysis;
mod run;
#[cfg(test)]
mod sums_tests;
mod synthesis;

use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::Range;

use rayon::prelude::*;

use super::Domain;
use super::domain::sphere_row;
use crate::machine::fft::batched::{LANES, LatitudePack};

/// log₂ of the smallest value a recurrence starts from.
const NEGLIGIBLE: i32 = -120;
/// Starts are rounded up to a multiple of this many even functions.
const STRIDE: usize = 2;
/// Parts into which the orders are shared, of equal work; more than the threads of most machines, few enough that their overhead is nothing.
const PARTS: usize = 16;

/// ε_ℓm = √((ℓ²−m²)/(4ℓ²−1)).
#[inline]
#[must_use]
pub(crate) fn epsilon(degree: usize, order: usize) -> f64 {
    if degree <= order {
        return 0.0;
    }
    let (l, m) = (degree as f64, order as f64);
    ((l - m) * (l + m) / ((2.0 * l - 1.0) * (2.0 * l + 1.0))).sqrt()
}

/// What one order needs.
#[derive(Debug, Clone)]
struct Order {
    /// For k = 0…⌊(L−m)/2⌋ the way from coefficients to factors of q_k.
    scale: Vec<Scale>,
    /// α_k and β_k.
    step: Vec<[f64; 2]>,
    /// Where latitudes start, group after group of [`LANES`] latitudes, and in a group in the order of k.
    starts: Vec<Start>,
    /// The starts of every group, as ends of ranges.
    groups: Vec<usize>,
}

/// From coefficients to factors of q_k. With t_k/t_{k+1} = ε_{2k+2}s_k/(s_{k+1}ε_{2k+1}) and e_k = d_k s_k/t_k the way from odd coefficients is
/// e_k = odd_k c_{2k+1} − e_{k+1}, one subtraction that waits for another.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// s_k, times 1/√2 for m > 0.
    even: f64,
    /// s_k/(ε_{2k+1}t_k).
    odd: f64,
    /// t_k.
    turn: f64,
}

/// Latitudes of a group that start at k: q_{k−1} and q_k, zero for those that do not.
#[derive(Debug, Clone)]
struct Start {
    at: usize,
    before: [f64; LANES],
    here: [f64; LANES],
}

/// A share of the orders, with what its thread writes to.
#[derive(Debug, Clone)]
struct Part {
    orders: Range<usize>,
    scratch: Vec<f64>,
}

/// The functions of every order m ≤ ℓ ≤ L at a set of northern latitudes.
#[derive(Debug, Clone)]
pub(crate) struct Legendre {
    tables: Tables,
    parts: Vec<Part>,
    arch: pulp::Arch,
}

impl Legendre {
    /// For degrees up to L = `degree` and orders up to `highest` ≤ L at the latitudes x_j ≥ 0, whose quadrature weights are `weights`.
    #[must_use]
    pub(crate) fn new(degree: usize, highest: usize, northern: &[f64], weights: &[f64]) -> Self {
        let padded = northern.len().next_multiple_of(LANES);
        let pad = |values: &[f64], with: f64| {
            let mut values = values.to_vec();
            values.resize(padded, with);
            values
        };
        let cosines = pad(northern, northern.last().copied().unwrap_or_default());
        // log₂ of Π√((2k+1)/(2k))
        let mut sectoral = 0.0;
        let orders = (0..=highest)
            .map(|order| {
                if order > 0 {
                    let k = order as f64;
                    sectoral += 0.5 * ((2.0 * k + 1.0) / (2.0 * k)).log2();
                }
                Order::new(degree, order, sectoral, &cosines)
            })
            .collect();
        Self {
            tables: Tables {
                squares: cosines.iter().map(|x| x * x).collect(),
                weights: pad(weights, 0.0),
                cosines,
                orders,
            },
            parts: parts(degree, highest),
            arch: crate::machine::registers::arch(),
        }
    }

    /// Blocks of [`LANES`] latitudes: all x_j, and all weights; what the last block lacks is its last latitude again and weighs nothing.
    #[must_use]
    pub(crate) fn blocks(&self) -> (&[[f64; LANES]], &[[f64; LANES]]) {
        let Tables {
            cosines, weights, ..
        } = &self.tables;
        (cosines.as_chunks().0, weights.as_chunks().0)
    }

    /// Columns of the rows of all orders and of one more.
    #[must_use]
    pub(crate) fn row_length(&self) -> usize {
        2 * (self.tables.orders.len() + 1) * self.blocks().0.len()
    }

    /// For every order m up to the degree of `state`: F^n and F^s, the sums Σ_ℓ (c_ℓm − i s_ℓm) P̄_ℓm (over √2 for m > 0) at
    /// latitude x_j and at −x_j, as Z_m = F^n + iF^s and Z_{−m} = conj F^n + i conj F^s: the Fourier coefficients of the complex
    /// function whose real part lives in the north, whose imaginary part lives in the south. `rows` holds, order after order, Z_m and Z_{−m}
    /// of every block, and behind all orders one of zeros; those above the degree are left as they are.
    pub(crate) fn synthesis(&mut self, state: &[f64], rows: &mut [LatitudePack], parallel: bool) {
        let degree = Domain::Sphere.degree(state.len());
        let per_order = 2 * self.blocks().0.len();
        let (arch, table) = (self.arch, &self.tables);
        let each = |(orders, rows, coefficients): Share<'_, LatitudePack>| {
            arch.dispatch(synthesis::Synthesis {
                table,
                orders,
                state,
                degree,
                coefficients,
                rows,
            });
        };
        let size = |orders: &Range<usize>| orders.len() * per_order;
        let rest = share_out(&mut self.parts, degree, rows, size, each, parallel);
        let zeros = rest.len() - per_order;
        rest[zeros..].fill(LatitudePack::default());
    }

    /// Does something with the numbers of a state of this degree, orders by orders, shared out as the sums are; orders that are not computed
    /// are zero.
    pub(super) fn each_part(
        &mut self,
        degree: usize,
        state: &mut [f64],
        each: impl Fn(Range<usize>, &mut [f64]) + Sync,
        parallel: bool,
    ) {
        let each = |(orders, numbers, _): Share<'_, f64>| each(orders, numbers);
        share_state(&mut self.parts, degree, state, each, parallel);
    }

    /// The adjoint with weights w_j: from rows that hold, block after block, Z_m and Z_{−m} of every order and of one more (order 0 with half of
    /// Z_0 in either place) the coefficients Σ_j w_j P̄_ℓm(x_j) Re F and −Im F (times √2 for m > 0), summed over north and south; as many
    /// degrees as `state` holds.
    pub(crate) fn analysis(&mut self, rows: &[LatitudePack], state: &mut [f64], parallel: bool) {
        let degree = Domain::Sphere.degree(state.len());
        let (arch, table) = (self.arch, &self.tables);
        let block_rows = 2 * (table.orders.len() + 1);
        let each = |(orders, state, sums): Share<'_, f64>| {
            arch.dispatch(analysis::Analysis {
                table,
                orders,
                degree,
                rows,
                block_rows,
                sums,
                state,
            });
        };
        share_state(&mut self.parts, degree, state, each, parallel);
    }
}

/// The orders of a part, what it writes, and its scratch.
type Share<'a, T> = (Range<usize>, &'a mut [T], &'a mut Vec<f64>);

impl Part {
    /// Its orders up to a degree, if it has any.
    fn orders_to(&self, degree: usize) -> Option<Range<usize>> {
        let orders = self.orders.start..self.orders.end.min(degree + 1);
        (!orders.is_empty()).then_some(orders)
    }
}

/// A state's numbers to the parts that their orders belong to; orders that are not computed are zero.
fn share_state(
    parts: &mut [Part],
    degree: usize,
    state: &mut [f64],
    each: impl Fn(Share<'_, f64>) + Sync,
    parallel: bool,
) {
    let size =
        |orders: &Range<usize>| sphere_row(degree, orders.end) - sphere_row(degree, orders.start);
    share_out(parts, degree, state, size, each, parallel).fill(0.0);
}

/// The pieces of a list to the parts that they belong to, so many of it for a range of orders, or all at once to the first part, whose scratch
/// serves any; returns what is left.
fn share_out<'a, T: Send>(
    parts: &mut [Part],
    degree: usize,
    list: &'a mut [T],
    size: impl Fn(&Range<usize>) -> usize,
    each: impl Fn(Share<'_, T>) + Sync,
    parallel: bool,
) -> &'a mut [T] {
    let mut rest = list;
    if !parallel {
        let end = parts.last().map_or(0, |part| part.orders.end);
        let orders = 0..end.min(degree + 1);
        let piece = split(&mut rest, size(&orders));
        each((orders, piece, &mut parts[0].scratch));
        return rest;
    }
    let mut shares: [Option<Share<'_, T>>; PARTS] = std::array::from_fn(|_| None);
    for (slot, part) in shares.iter_mut().zip(parts) {
        *slot = part.orders_to(degree).map(|orders| {
            let piece = split(&mut rest, size(&orders));
            (orders, piece, &mut part.scratch)
        });
    }
    shares.par_iter_mut().with_max_len(1).for_each(|slot| {
        if let Some(share) = slot.take() {
            each(share);
        }
    });
    rest
}

/// What all parts read.
#[derive(Debug, Clone)]
struct Tables {
    orders: Vec<Order>,
    /// x_j, padded.
    cosines: Vec<f64>,
    /// x_j².
    squares: Vec<f64>,
    /// What the analysis weighs each latitude with, 0 where it is padding.
    weights: Vec<f64>,
}

/// Takes the next piece.
fn split<'a, T>(rest: &mut &'a mut [T], length: usize) -> &'a mut [T] {
    let (piece, left) = std::mem::take(rest).split_at_mut(length);
    *rest = left;
    piece
}

/// The orders in at most [`PARTS`] ranges of about equal Σ(L − m + 8): what an order costs, and its overhead.
fn parts(degree: usize, highest: usize) -> Vec<Part> {
    let cost = |order: usize| degree - order + 8;
    let whole: usize = (0..=highest).map(cost).sum();
    let (mut parts, mut start, mut sum) = (Vec::with_capacity(PARTS), 0, 0);
    for order in 0..=highest {
        sum += cost(order);
        if sum * PARTS >= whole * (parts.len() + 1) {
            let scratch = 2 * 4 * ((degree - start) / 2 + 1) * LANES;
            parts.push(Part {
                orders: start..order + 1,
                scratch: vec![0.0; scratch],
            });
            start = order + 1;
        }
    }
    parts
}

/// The sum of the numbers of one vector in a fixed tree.
#[inline]
#[must_use]
pub(crate) fn tree_sum(lanes: &[f64]) -> f64 {
    match lanes {
        [a, b, c, d, e, f, g, h] => ((a + e) + (c + g)) + ((b + f) + (d + h)),
        [a, b, c, d] => (a + c) + (b + d),
        _ => lanes.iter().sum(),
    }
}

impl Order {
    fn new(degree: usize, order: usize, sectoral: f64, cosines: &[f64]) -> Self {
        let count = (degree - order) / 2 + 1;
        let eps = |index: usize| epsilon(order + index, order);
        let factor = if order == 0 { 1.0 } else { FRAC_1_SQRT_2 };
        let mut scale = vec![factor; (count + 1).max(2)];
        for k in 1..count {
            let (down, up) = (eps(2 * k) * eps(2 * k - 1), eps(2 * k + 1) * eps(2 * k + 2));
            scale[k + 1] = -scale[k - 1] * down / up;
        }
        let alpha = |k: usize| scale[k] / (scale[k + 1] * eps(2 * k + 1) * eps(2 * k + 2));
        let step: Vec<[f64; 2]> = (0..count)
            .map(|k| {
                [
                    alpha(k),
                    -(eps(2 * k + 1).powi(2) + eps(2 * k).powi(2)) * alpha(k),
                ]
            })
            .collect();
        let mut turn = vec![1.0; count];
        for k in (0..count - 1).rev() {
            turn[k] = turn[k + 1] * eps(2 * k + 2) * scale[k] / (scale[k + 1] * eps(2 * k + 1));
        }
        let mut row = Self {
            scale: (0..count)
                .map(|k| Scale {
                    even: scale[k],
                    odd: scale[k] / (eps(2 * k + 1) * turn[k]),
                    turn: turn[k],
                })
                .collect(),
            step,
            starts: Vec::new(),
            groups: Vec::with_capacity(cosines.len() / LANES),
        };
        for group in cosines.chunks_exact(LANES) {
            let found: Vec<_> = group
                .iter()
                .map(|x| row.start(*x, order, sectoral))
                .collect();
            let mut places: Vec<usize> = found.iter().flatten().map(|(at, _)| *at).collect();
            places.sort_unstable();
            places.dedup();
            for at in places {
                let lanes = |which: usize| {
                    std::array::from_fn(|lane| match found[lane] {
                        Some((place, q)) if place == at => q[which],
                        _ => 0.0,
                    })
                };
                row.starts.push(Start {
                    at,
                    before: lanes(0),
                    here: lanes(1),
                });
            }
            row.groups.push(row.starts.len());
        }
        row
    }

    /// Finds where latitude x starts, with an exponent beside the number: k, q_{k−1} and q_k.
    fn start(&self, x: f64, order: usize, sectoral: f64) -> Option<(usize, [f64; 2])> {
        let sine = 0.5 * ((1.0 - x) * (1.0 + x)).log2();
        // log₂ P̄_mm
        let log = if order == 0 {
            0.0
        } else {
            sectoral + order as f64 * sine
        };
        if !log.is_finite() {
            return None;
        }
        let mut exponent = log.floor() as i32;
        let (mut before, mut here) = (0.0_f64, (log - f64::from(exponent)).exp2());
        for (index, [alpha, beta]) in self.step.iter().enumerate() {
            let size = here.abs().max(before.abs());
            let scaled = exponent.saturating_add(if size > 0.0 { size.log2() as i32 } else { 0 });
            if index % STRIDE == 0 && scaled > NEGLIGIBLE {
                let factor = f64::from(exponent).exp2();
                return Some((index, [before * factor, here * factor]));
            }
            (before, here) = (here, (x * x).mul_add(*alpha, *beta) * here + before);
            if size > 1e100 {
                before *= 2.0_f64.powi(-300);
                here *= 2.0_f64.powi(-300);
                exponent = exponent.saturating_add(300);
            }
        }
        None
    }

    /// The starts of the group that latitude `from` is in.
    #[inline(always)]
    fn starts_of(&self, from: usize) -> &[Start] {
        let group = from / LANES;
        let first = if group == 0 {
            0
        } else {
            self.groups[group - 1]
        };
        &self.starts[first..self.groups[group]]
    }
}
