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
                let [value, one, two, three] = self.at_group::<4>(&coefficients, rows);
                values.copy_from_slice(&value[..values.len()]);
                for (g, ((x, y), z)) in
                    (gradient.chunks_exact_mut(3)).zip(one.iter().zip(&two).zip(&three))
                {
                    g.copy_from_slice(&[*x, *y, *z]);
                }
            });
    }

    /// f alone, with the bits of [`Harmonics::evaluate`].
    pub(crate) fn values(&self, state: &[f64], positions: &[f64], values: &mut [f64]) {
        let coefficients = self.coefficients::<2>(state);
        (positions.par_chunks(3 * EVALUATED))
            .zip(values.par_chunks_mut(EVALUATED))
            .for_each(|(rows, values)| {
                let [value, ..] = self.at_group::<2>(&coefficients, rows);
                values.copy_from_slice(&value[..values.len()]);
            });
    }

    /// f and, with four sets of coefficients, its derivatives at a group of points, by columns.
    fn at_group<const SETS: usize>(&self, coefficients: &[f64], rows: &[f64]) -> [Vec<f64>; 4] {
        let mut group = Group::new(rows);
        let count = group.height.len();
        // u^{m−1}, for the derivatives in the plane and for x_3-derivatives of order m − 1
        let mut lower = [vec![0.0; count], vec![0.0; count]];
        let mut out =
            std::array::from_fn(|part| vec![0.0; if part == 0 || SETS == 4 { count } else { 0 }]);
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
            if SETS == 4 {
                lower[0].copy_from_slice(&group.power[0]);
                lower[1].copy_from_slice(&group.power[1]);
            }
            group.raise();
            rest = others;
        }
        out
    }

    /// For every order and ℓ = m…L: c_ℓm, s_ℓm, and with four sets those of order m − 1 times √((ℓ−m+1)(ℓ+m)), all in the scale of the
    /// recurrence.
    fn coefficients<const SETS: usize>(&self, state: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(SETS * state.len() / 2);
        for (order, (scale, _)) in self.orders.iter().enumerate() {
            let row = sphere_row(self.degree, order);
            for (index, scale) in scale.iter().enumerate() {
                let at = row + 2 * index;
                out.extend([scale * state[at], scale * state[at + 1]]);
                if SETS == 2 {
                    continue;
                }
                if order == 0 {
                    out.extend([0.0, 0.0]);
                } else {
                    let factor = self.lowering[order][index];
                    let lower = sphere_row(self.degree, order - 1) + 2 * (index + 1);
                    out.extend([factor * state[lower], factor * state[lower + 1]]);
                }
            }
        }
        out
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
mod tests {
    use super::*;
    use crate::sphere::SpherePlan;
    use crate::sphere::random::{Stream, generator, uniform};

    fn points(count: usize) -> Vec<f64> {
        let mut rng = generator(3, Stream::Tokens);
        let mut rows = vec![0.0; 3 * count];
        rows.chunks_exact_mut(3).for_each(|x| uniform(&mut rng, x));
        rows[..3].copy_from_slice(&[0.0, 0.0, -1.0]);
        rows
    }

    #[test]
    fn moments_are_sums_of_harmonics_at_the_points() {
        let rows = points(70);
        let weights: Vec<f64> = (0..70).map(|i| 1.0 + f64::from(i)).collect();
        let harmonics = Harmonics::new(60);
        let mut moments = vec![0.0; Domain::Sphere.length(60)];
        harmonics.moments(&rows, &weights, &mut moments);
        // Σ_i w_i Σ c Y(x_i) = Σ c moments for every series, which a transform evaluates at points of its grid
        let mut plan = SpherePlan::new(60, 24, 122);
        let mut values = vec![0.0; plan.points()];
        let at = [0, 7, 1000, 2927];
        let rows: Vec<f64> = at
            .iter()
            .flat_map(|p| {
                let z = plan.cosines()[p / 122];
                let (sin, cos) = (std::f64::consts::TAU * (p % 122) as f64 / 122.0).sin_cos();
                let r = ((1.0 - z) * (1.0 + z)).sqrt();
                [r * cos, r * sin, z]
            })
            .collect();
        harmonics.moments(&rows, &weights[..4], &mut moments);
        for entry in (0..moments.len()).filter(|entry| *entry > 122 || entry % 2 == 0) {
            let mut state = vec![0.0; moments.len()];
            state[entry] = 1.0;
            plan.synthesis(&state, &mut values);
            let exact: f64 = at.iter().zip(&weights).map(|(p, w)| w * values[*p]).sum();
            assert!((moments[entry] - exact).abs() < 1e-10, "{entry}: {exact}");
        }
    }

    #[test]
    fn a_series_at_a_grid_point_is_the_synthesis_and_its_gradient_the_derivative() {
        let degree = 40;
        let state: Vec<f64> = (0..Domain::Sphere.length(degree))
            .map(|j| {
                if j < 2 * (degree + 1) && j % 2 == 1 {
                    0.0
                } else {
                    (j as f64 * 0.37).sin() / 50.0
                }
            })
            .collect();
        let mut plan = SpherePlan::new(degree + 1, 48, 96);
        let mut g = vec![0.0; Domain::Sphere.length(degree + 1)];
        plan.meridional(&state, &mut g);
        let count = plan.points();
        let mut folded = [(); 3].map(|()| {
            vec![crate::machine::fft::batched::LatitudePack::default(); plan.folded_length()]
        });
        let [f, along, around] = &mut folded;
        plan.with_gradient(&state, &g, f, along, around);
        let [f, along, around] = folded.map(|folded| {
            let mut values = vec![0.0; count];
            plan.unfold(&folded, &mut values);
            values
        });
        let rows: Vec<f64> = (0..count)
            .flat_map(|p| {
                let z = plan.cosines()[p / 96];
                let (sin, cos) = (std::f64::consts::TAU * (p % 96) as f64 / 96.0).sin_cos();
                let r = ((1.0 - z) * (1.0 + z)).sqrt();
                [r * cos, r * sin, z]
            })
            .collect();
        let (mut values, mut gradient) = (vec![0.0; count], vec![0.0; 3 * count]);
        let harmonics = Harmonics::new(degree);
        harmonics.evaluate(&state, &rows, &mut values, &mut gradient);
        let mut alone = vec![0.0; count];
        harmonics.values(&state, &rows, &mut alone);
        assert_eq!(alone, values, "without the gradient");
        for p in 0..count {
            assert!((values[p] - f[p]).abs() < 1e-13);
            let (x, g) = (&rows[3 * p..3 * p + 3], &gradient[3 * p..3 * p + 3]);
            let around_here = x[0] * g[1] - x[1] * g[0];
            assert!((around_here - around[p]).abs() < 1e-12);
            // (1−x_3²)∂_{x_3} along the meridian = e_3·∇_tangent
            let inward = x[0] * g[0] + x[1] * g[1] + x[2] * g[2];
            assert!((g[2] - inward * x[2] - along[p]).abs() < 1e-12);
        }
    }

    #[test]
    fn moments_have_the_same_bits_whether_or_not_their_orders_are_shared_out() {
        for (count, degree) in [(1000, 40), (257, 61), (5, 300), (1024, 3)] {
            let (rows, harmonics) = (points(count), Harmonics::new(degree));
            let weights: Vec<f64> = (0..count).map(|i| 1.0 / (1.0 + i as f64)).collect();
            let length = Domain::Sphere.length(degree);
            let mut whole = vec![0.0; length];
            harmonics.group_moments(&rows, &weights, 0..degree + 1, &mut whole);
            for parts in [1, 2, 4, 7] {
                let mut state = vec![f64::NAN; length];
                harmonics.each_part(parts, &mut state, &|orders, state| {
                    harmonics.group_moments(&rows, &weights, orders, state);
                });
                assert_eq!(state, whole, "{count} points, {parts} parts");
            }
            let mut state = vec![f64::NAN; length];
            harmonics.moments(&rows, &weights, &mut state);
            assert_eq!(state, whole);
        }
    }
}
