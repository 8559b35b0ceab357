//! Spherical harmonics at scattered points of S²: the moments of tokens, and a series with its gradient at tokens.
//!
//! With u = x_1 + i x_2 every harmonic is a polynomial, √2 t_ℓm(x_3) Re u^m or Im u^m, where t_ℓm = P̄_ℓm/sin^mθ obeys the
//! recurrence of [`super::legendre`] in ℓ and t_ℓm' = √((ℓ−m)(ℓ+m+1)) t_ℓ,m+1: no angle, no pole, no trigonometry. Cost
//! (L+1)²/2 fused steps a point and direction, several vectors of points abreast. Groups of points are summed in a
//! fixed order, and orders are shared out where there is one group, so that results do not depend on the number of threads.

mod lanes;

use std::ops::Range;

use rayon::prelude::*;

use super::domain::{Domain, sphere_row};
use super::legendre::{epsilon, tree_sum};
use crate::machine::fft::batched::LANES;
use lanes::{ABREAST, Project, Sum};

/// Points of a group whose moments are summed, a multiple of every block.
const GROUP: usize = 1024;
/// Points of a group at which a series is evaluated: every point for itself, so that a group is only what a thread takes at a time.
const EVALUATED: usize = 256;
/// Points times harmonics of a group from which on its orders are shared out between threads: some 20 µs.
const SHARED_ORDERS: usize = 1 << 18;
/// Parts into which orders are shared out.
const ORDER_PARTS: usize = 4;

/// The recurrences of every order up to L.
#[derive(Debug, Clone)]
pub(crate) struct Harmonics {
    degree: usize,
    /// t_mm.
    sectoral: Vec<f64>,
    /// For every order: scale s_ℓ and step a_ℓ.
    orders: Vec<(Vec<f64>, Vec<f64>)>,
    /// For every order, s_ℓ √((ℓ−m+1)(ℓ+m)).
    lowering: Vec<Vec<f64>>,
}

/// Coordinates of a group and u^m.
struct Group {
    height: Vec<f64>,
    plane: [Vec<f64>; 2],
    power: [Vec<f64>; 2],
}

impl Group {
    fn new(rows: &[f64]) -> Self {
        let count = (rows.len() / 3).next_multiple_of(ABREAST * LANES);
        let column = |axis: usize| {
            let mut column: Vec<f64> = rows.chunks_exact(3).map(|x| x[axis]).collect();
            column.resize(count, 0.0);
            column
        };
        Self {
            height: column(2),
            plane: [column(0), column(1)],
            power: [vec![1.0; count], vec![0.0; count]],
        }
    }

    /// u^m → u^{m+1}.
    fn raise(&mut self) {
        let [re, im] = &mut self.power;
        for ((re, im), (x, y)) in re
            .iter_mut()
            .zip(im)
            .zip(self.plane[0].iter().zip(&self.plane[1]))
        {
            (*re, *im) = (*re * x - *im * y, *re * y + *im * x);
        }
    }
}

impl Harmonics {
    /// Up to degree L.
    #[must_use]
    pub(crate) fn new(degree: usize) -> Self {
        let mut t = 1.0;
        let sectoral = (0..=degree)
            .map(|m| {
                if m > 0 {
                    t *= ((2 * m + 1) as f64 / (2 * m) as f64).sqrt();
                }
                t
            })
            .collect();
        let orders: Vec<(Vec<f64>, Vec<f64>)> =
            (0..=degree).map(|m| recurrence(degree, m)).collect();
        let lowering = (orders.iter().enumerate())
            .map(|(m, (scale, _))| {
                let roots = (m..=degree).map(|l| (((l - m + 1) * (l + m)) as f64).sqrt());
                roots.zip(scale).map(|(root, scale)| scale * root).collect()
            })
            .collect();
        Self {
            degree,
            sectoral,
            orders,
            lowering,
        }
    }

    /// `state` ← Σ_i w_i Y_ℓm(x_i), the coefficients of the measure Σ_i w_i δ_{x_i}; unit rows, n×3.
    pub(crate) fn moments(&self, positions: &[f64], weights: &[f64], state: &mut [f64]) {
        let length = state.len();
        debug_assert_eq!(length, Domain::Sphere.length(self.degree));
        if weights.len() <= GROUP {
            state.fill(0.0);
            let parts = if weights.len() * length / 2 < SHARED_ORDERS {
                1
            } else {
                ORDER_PARTS
            };
            self.each_part(parts, state, &|orders, state| {
                self.group_moments(positions, weights, orders, state);
            });
            return;
        }
        let parts: Vec<Vec<f64>> = positions
            .par_chunks(3 * GROUP)
            .zip(weights.par_chunks(GROUP))
            .map(|(rows, weights)| {
                let mut part = vec![0.0; length];
                self.group_moments(rows, weights, 0..self.degree + 1, &mut part);
                part
            })
            .collect();
        state.fill(0.0);
        for part in parts {
            state.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
    }

    /// Calls `job` for ranges of orders, with their rows of the state, that have about the same number of harmonics.
    fn each_part(
        &self,
        parts: usize,
        state: &mut [f64],
        job: &(dyn Fn(Range<usize>, &mut [f64]) + Sync),
    ) {
        if parts <= 1 {
            return job(0..self.degree + 1, state);
        }
        let (mut jobs, mut rest, mut first, mut done) = (Vec::with_capacity(parts), state, 0, 0);
        let all = rest.len();
        for part in 1..=parts {
            let mut end = first;
            while end <= self.degree && (done * parts < part * all || part == parts) {
                done += 2 * (self.degree + 1 - end);
                end += 1;
            }
            let length: usize = (first..end).map(|m| 2 * (self.degree + 1 - m)).sum();
            let (rows, others) = rest.split_at_mut(length);
            jobs.push((first..end, rows));
            (rest, first) = (others, end);
        }
        jobs.into_par_iter()
            .for_each(|(orders, rows)| job(orders, rows));
    }

    /// Of these orders alone, whose rows are `state`.
    fn group_moments(
        &self,
        rows: &[f64],
        weights: &[f64],
        orders: Range<usize>,
        state: &mut [f64],
    ) {
        let mut group = Group::new(rows);
        group.power[0].fill(0.0);
        group.power[0][..weights.len()].copy_from_slice(weights);
        (0..orders.start).for_each(|_| group.raise());
        let mut sums = vec![0.0; 2 * (self.degree + 1) * LANES];
        let mut rest = state;
        for order in orders {
            let (scale, step) = &self.orders[order];
            let lanes = crate::machine::registers::arch().dispatch(Project {
                height: &group.height,
                power: [&group.power[0], &group.power[1]],
                first: self.sectoral[order],
                step,
                sums: &mut sums,
            });
            let (row, others) = rest.split_at_mut(2 * step.len());
            for (entry, (slot, lanes)) in row.iter_mut().zip(sums.chunks_exact(lanes)).enumerate() {
                *slot = tree_sum(lanes) * scale[entry / 2] * factor(order);
            }
            group.raise();
            rest = others;
        }
    }

    /// f = Σ c Y and its gradient in ℝ³ (of the polynomial extension; project it) at unit rows: `values`_i, `gradient`_i.
    pub(crate) fn evaluate(
        &self,
        state: &[f64],
        positions: &[f64],
        values: &mut [f64],
        gradient: &mut [f64],
    ) {
        let coefficients = self.coefficients::<4>(state);
        (positions.par_chunks(3 * EVALUATED))
            .zip(
                values
                    .par_chunks_mut(EVALUATED)
                    .zip(gradient.par_chunks_mut(3 * EVALUATED)),
            )
            .for_each(|(rows, (values, gradient))| {
                let out = self.at_group::<4>(&coefficients, rows);
                hand_out(&out, values, gradient);
            });
    }

    /// The same with Δf on the sphere: `laplacian`_i.
    pub(crate) fn with_laplacian(
        &self,
        state: &[f64],
        positions: &[f64],
        (values, gradient, laplacian): (&mut [f64], &mut [f64], &mut [f64]),
    ) {
        let coefficients = self.coefficients::<6>(state);
        (positions
            .par_chunks(3 * EVALUATED)
            .zip(values.par_chunks_mut(EVALUATED)))
        .zip(
            gradient
                .par_chunks_mut(3 * EVALUATED)
                .zip(laplacian.par_chunks_mut(EVALUATED)),
        )
        .for_each(|((rows, values), (gradient, laplacian))| {
            let out = self.at_group::<6>(&coefficients, rows);
            hand_out(&out, values, gradient);
            laplacian.copy_from_slice(&out[4][..laplacian.len()]);
        });
    }

    /// f, its derivatives and, with six sets of coefficients, its Laplacian at a group of points, by columns.
    fn at_group<const SETS: usize>(&self, coefficients: &[f64], rows: &[f64]) -> [Vec<f64>; 5] {
        let mut group = Group::new(rows);
        let count = group.height.len();
        // u^{m−1}, for the derivatives in the plane and for x_3-derivatives of order m − 1
        let mut lower = [vec![0.0; count], vec![0.0; count]];
        let mut out =
            std::array::from_fn(|part| vec![0.0; if part < 4 || SETS == 6 { count } else { 0 }]);
        let mut rest = coefficients;
        for (order, (_, step)) in self.orders.iter().enumerate() {
            let (coefficients, others) = rest.split_at(SETS * step.len());
            let here = factor(order);
            crate::machine::registers::arch().dispatch(Sum::<SETS> {
                height: &group.height,
                first: self.sectoral[order],
                step,
                coefficients,
                power: [&group.power[0], &group.power[1]],
                lower: [&lower[0], &lower[1]],
                factors: [here, here * order as f64, factor(order.saturating_sub(1))],
                out: out.each_mut().map(Vec::as_mut_slice),
            });
            lower[0].copy_from_slice(&group.power[0]);
            lower[1].copy_from_slice(&group.power[1]);
            group.raise();
            rest = others;
        }
        out
    }

    /// For every order and ℓ = m…L: c_ℓm, s_ℓm, those of order m − 1 times √((ℓ−m+1)(ℓ+m)), and with six sets the first times −ℓ(ℓ+1), all in
    /// the scale of the recurrence.
    fn coefficients<const SETS: usize>(&self, state: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(SETS * state.len() / 2);
        for (order, (scale, _)) in self.orders.iter().enumerate() {
            let row = sphere_row(self.degree, order);
            for (index, scale) in scale.iter().enumerate() {
                let at = row + 2 * index;
                out.extend([scale * state[at], scale * state[at + 1]]);
                if order == 0 {
                    out.extend([0.0, 0.0]);
                } else {
                    let factor = self.lowering[order][index];
                    let lower = sphere_row(self.degree, order - 1) + 2 * (index + 1);
                    out.extend([factor * state[lower], factor * state[lower + 1]]);
                }
                if SETS == 6 {
                    let minus = -Domain::Sphere.laplacian(order + index);
                    out.extend([scale * (state[at] * minus), scale * (state[at + 1] * minus)]);
                }
            }
        }
        out
    }
}

/// f and the three parts of its gradient to where they are asked for.
fn hand_out(out: &[Vec<f64>; 5], values: &mut [f64], gradient: &mut [f64]) {
    let [value, one, two, three, _] = out;
    values.copy_from_slice(&value[..values.len()]);
    for (g, ((x, y), z)) in (gradient.chunks_exact_mut(3)).zip(one.iter().zip(two).zip(three)) {
        g.copy_from_slice(&[*x, *y, *z]);
    }
}

/// √2 but for m = 0.
fn factor(order: usize) -> f64 {
    if order == 0 {
        1.0
    } else {
        std::f64::consts::SQRT_2
    }
}

/// (s_ℓ, a_ℓ) for ℓ = m…L: P̄_ℓ = s_ℓ q_ℓ and q_{ℓ+1} = (x a_ℓ) q_ℓ + q_{ℓ−1}.
fn recurrence(degree: usize, order: usize) -> (Vec<f64>, Vec<f64>) {
    let count = degree - order + 1;
    let eps = |index: usize| epsilon(order + index, order);
    let mut scale = vec![1.0; count.max(2)];
    for index in 1..count.saturating_sub(1) {
        scale[index + 1] = -scale[index - 1] * eps(index) / eps(index + 1);
    }
    let step: Vec<f64> = (0..count)
        .map(|index| {
            let next = if index + 1 < count {
                scale[index + 1]
            } else {
                -scale[index.max(1) - 1] * eps(index.max(1)) / eps(index + 1)
            };
            scale[index] / (next * eps(index + 1))
        })
        .collect();
    scale.truncate(count);
    (scale, step)
}

#[cfg(test)]
#[path = "scattered/tests.rs"]
mod tests;
