//! Spherical harmonics at scattered points of S²: the moments of tokens, and a series with its gradient at tokens.
//!
//! With u = x_1 + i x_2 every harmonic is a polynomial, √2 t_ℓm(x_3) Re u^m or Im u^m, where t_ℓm = P̄_ℓm/sin^mθ obeys the
//! recurrence of [`super::legendre`] in ℓ and t_ℓm' = √((ℓ−m)(ℓ+m+1)) t_ℓ,m+1: no angle, no pole, no trigonometry. Cost
//! (L+1)²/2 fused steps a point and direction, several vectors of points abreast. Groups of points are summed in a
//! fixed order, so that results do not depend on the number of threads.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::domain::{Domain, sphere_row};
use super::legendre::{epsilon, tree_sum};
use crate::machine::fft::batched::LANES;

/// Points of a group, a multiple of every block.
const GROUP: usize = 1024;
/// Vectors that go abreast.
const ABREAST: usize = 4;

/// The recurrences of every order up to L.
#[derive(Debug, Clone)]
pub(crate) struct Harmonics {
    degree: usize,
    /// t_mm.
    sectoral: Vec<f64>,
    /// For every order: scale s_ℓ and step a_ℓ.
    orders: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Coordinates of a group and what is carried from order to order.
struct Group {
    height: Vec<f64>,
    plane: [Vec<f64>; 2],
    power: [Vec<f64>; 2],
    /// C, S, C', S' of an order.
    parts: [Vec<f64>; 4],
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
            parts: std::array::from_fn(|_| vec![0.0; count]),
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
        Self {
            degree,
            sectoral,
            orders: (0..=degree).map(|m| recurrence(degree, m)).collect(),
        }
    }

    /// `state` ← Σ_i w_i Y_ℓm(x_i), the coefficients of the measure Σ_i w_i δ_{x_i}; unit rows, n×3.
    pub(crate) fn moments(&self, positions: &[f64], weights: &[f64], state: &mut [f64]) {
        let length = state.len();
        debug_assert_eq!(length, Domain::Sphere.length(self.degree));
        let parts: Vec<Vec<f64>> = positions
            .par_chunks(3 * GROUP)
            .zip(weights.par_chunks(GROUP))
            .map(|(rows, weights)| {
                let mut part = vec![0.0; length];
                self.group_moments(rows, weights, &mut part);
                part
            })
            .collect();
        state.fill(0.0);
        for part in parts {
            state.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
    }

    fn group_moments(&self, rows: &[f64], weights: &[f64], state: &mut [f64]) {
        let mut group = Group::new(rows);
        group.power[0].fill(0.0);
        group.power[0][..weights.len()].copy_from_slice(weights);
        let mut sums = vec![0.0; 2 * (self.degree + 1) * LANES];
        for (order, (scale, step)) in self.orders.iter().enumerate() {
            let lanes = crate::machine::registers::arch().dispatch(Project {
                height: &group.height,
                power: [&group.power[0], &group.power[1]],
                first: self.sectoral[order],
                step,
                sums: &mut sums,
            });
            let factor = if order == 0 {
                1.0
            } else {
                std::f64::consts::SQRT_2
            };
            let row = &mut state[sphere_row(self.degree, order)..][..2 * step.len()];
            for (entry, (slot, lanes)) in row.iter_mut().zip(sums.chunks_exact(lanes)).enumerate() {
                *slot = tree_sum(lanes) * scale[entry / 2] * factor;
            }
            group.raise();
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
        positions
            .par_chunks(3 * GROUP)
            .zip(
                values
                    .par_chunks_mut(GROUP)
                    .zip(gradient.par_chunks_mut(3 * GROUP)),
            )
            .for_each(|(rows, (values, gradient))| {
                self.group_evaluate(state, rows, values, gradient);
            });
    }

    fn group_evaluate(
        &self,
        state: &[f64],
        rows: &[f64],
        values: &mut [f64],
        gradient: &mut [f64],
    ) {
        values.fill(0.0);
        gradient.fill(0.0);
        let mut group = Group::new(rows);
        // u^{m−1}, for the derivatives in the plane and for x_3-derivatives of order m − 1
        let mut lower = [vec![0.0; group.height.len()], vec![0.0; group.height.len()]];
        let mut coefficients = Vec::with_capacity(4 * (self.degree + 1));
        for (order, (scale, step)) in self.orders.iter().enumerate() {
            self.coefficients(state, order, scale, &mut coefficients);
            crate::machine::registers::arch().dispatch(Sum {
                height: &group.height,
                first: self.sectoral[order],
                step,
                coefficients: &coefficients,
                parts: group.parts.each_mut().map(Vec::as_mut_slice),
            });
            let factor = |m: usize| {
                if m == 0 {
                    1.0
                } else {
                    std::f64::consts::SQRT_2
                }
            };
            let here = factor(order);
            let below = factor(order.saturating_sub(1));
            let slope = here * order as f64;
            for (i, (value, g)) in values
                .iter_mut()
                .zip(gradient.chunks_exact_mut(3))
                .enumerate()
            {
                let [c, s, dc, ds] = group.parts.each_ref().map(|part| part[i]);
                let (re, im) = (group.power[0][i], group.power[1][i]);
                *value += here * (c * re + s * im);
                let (re, im) = (lower[0][i], lower[1][i]);
                g[0] += slope * (c * re + s * im);
                g[1] += slope * (s * re - c * im);
                g[2] += below * (dc * re + ds * im);
            }
            lower[0].copy_from_slice(&group.power[0]);
            lower[1].copy_from_slice(&group.power[1]);
            group.raise();
        }
    }

    /// For ℓ = m…L: c_ℓm, s_ℓm, and those of order m − 1 times √((ℓ−m+1)(ℓ+m)), all in the scale of the recurrence.
    fn coefficients(&self, state: &[f64], order: usize, scale: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let row = sphere_row(self.degree, order);
        for (index, scale) in scale.iter().enumerate() {
            let l = order + index;
            out.extend([
                scale * state[row + 2 * index],
                scale * state[row + 2 * index + 1],
            ]);
            if order == 0 {
                out.extend([0.0, 0.0]);
            } else {
                let factor = scale * (((l - order + 1) * (l + order)) as f64).sqrt();
                let lower = sphere_row(self.degree, order - 1) + 2 * (index + 1);
                out.extend([factor * state[lower], factor * state[lower + 1]]);
            }
        }
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

/// Σ_i t_ℓm(x_i) power_i for every ℓ, as one vector of partial sums each.
struct Project<'a> {
    height: &'a [f64],
    power: [&'a [f64]; 2],
    first: f64,
    step: &'a [f64],
    sums: &'a mut [f64],
}

impl WithSimd for Project<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let lanes = S::F64_LANES;
        self.sums[..2 * self.step.len() * lanes].fill(0.0);
        let (height, _) = S::as_simd_f64s(self.height);
        let (re, _) = S::as_simd_f64s(self.power[0]);
        let (im, _) = S::as_simd_f64s(self.power[1]);
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        let blocks = height
            .chunks_exact(ABREAST)
            .zip(re.chunks_exact(ABREAST).zip(im.chunks_exact(ABREAST)));
        for (x, (re, im)) in blocks {
            let mut q0 = [simd.splat_f64s(0.0); ABREAST];
            let mut q1 = [simd.splat_f64s(self.first); ABREAST];
            for (step, slots) in self.step.iter().zip(sums.chunks_exact_mut(2)) {
                let step = simd.splat_f64s(*step);
                let (mut a, mut b) = (slots[0], slots[1]);
                for v in 0..ABREAST {
                    a = simd.mul_add_f64s(q1[v], re[v], a);
                    b = simd.mul_add_f64s(q1[v], im[v], b);
                }
                (slots[0], slots[1]) = (a, b);
                for v in 0..ABREAST {
                    let next = simd.mul_add_f64s(simd.mul_f64s(x[v], step), q1[v], q0[v]);
                    q0[v] = q1[v];
                    q1[v] = next;
                }
            }
        }
        lanes
    }
}

/// Σ_ℓ of four sets of coefficients times t_ℓm at every point.
struct Sum<'a> {
    height: &'a [f64],
    first: f64,
    step: &'a [f64],
    coefficients: &'a [f64],
    parts: [&'a mut [f64]; 4],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const PAIR: usize = 2;
        let (height, _) = S::as_simd_f64s(self.height);
        let [c, s, dc, ds] = self.parts.map(|part| S::as_mut_simd_f64s(part).0);
        for (block, x) in height.chunks_exact(PAIR).enumerate() {
            let mut q0 = [simd.splat_f64s(0.0); PAIR];
            let mut q1 = [simd.splat_f64s(self.first); PAIR];
            let mut sums = [[simd.splat_f64s(0.0); PAIR]; 4];
            for (step, factors) in self.step.iter().zip(self.coefficients.chunks_exact(4)) {
                let step = simd.splat_f64s(*step);
                for part in 0..4 {
                    let factor = simd.splat_f64s(factors[part]);
                    for v in 0..PAIR {
                        sums[part][v] = simd.mul_add_f64s(factor, q1[v], sums[part][v]);
                    }
                }
                for v in 0..PAIR {
                    let next = simd.mul_add_f64s(simd.mul_f64s(x[v], step), q1[v], q0[v]);
                    q0[v] = q1[v];
                    q1[v] = next;
                }
            }
            for v in 0..PAIR {
                c[PAIR * block + v] = sums[0][v];
                s[PAIR * block + v] = sums[1][v];
                dc[PAIR * block + v] = sums[2][v];
                ds[PAIR * block + v] = sums[3][v];
            }
        }
    }
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
        Harmonics::new(degree).evaluate(&state, &rows, &mut values, &mut gradient);
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
}
