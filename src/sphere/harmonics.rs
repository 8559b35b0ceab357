//! Spherical harmonics on S²: coefficients against values on a grid of Gauss–Legendre latitudes and equispaced longitudes.
//!
//! f = Σ_ℓ Σ_{m≥0} (c_ℓm Y^c_ℓm + s_ℓm Y^s_ℓm) in the real harmonics that are orthonormal in L²(σ), σ the uniform probability:
//! Y^c_ℓm = √2 P̄_ℓm(cos θ) cos mφ, Y^s_ℓm = √2 P̄_ℓm(cos θ) sin mφ, Y_ℓ0 = P̄_ℓ0, without the Condon–Shortley sign; the pole
//! is the third axis, x = (sin θ cos φ, sin θ sin φ, cos θ). Coefficients are laid out as [`super::Domain::Sphere`] says.
//! Latitudes run from north to south, values are rows of longitudes φ_i = 2πi/N_φ.
//!
//! A transform is a Fourier transform along each latitude and the sums of [`super::legendre`] along each meridian. Measured
//! against matrix products with stored functions (faer, parity split): as fast up to degree 127, five times faster at 255,
//! where the matrices (34 MB) no longer fit the cache.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::Complex;
use super::domain::sphere_row;
use super::gegenbauer::Quadrature;
use super::legendre::{Legendre, epsilon};

/// A transform of fixed size that owns its scratch: no call allocates.
pub struct SpherePlan {
    degree: usize,
    longitudes: usize,
    quadrature: Quadrature,
    legendre: Legendre,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    /// ε_ℓm of every order m ≤ ℓ ≤ L + 1.
    epsilon: Vec<Vec<f64>>,
    /// For every latitude N_φ/2 + 1 Fourier coefficients.
    fourier: Vec<Complex>,
    second: Vec<Complex>,
    rows: Vec<f64>,
    ring: Vec<f64>,
    scratch: Vec<Complex>,
}

impl SpherePlan {
    /// A plan for degrees up to L = `degree` on `latitudes` × `longitudes` points; quadrature is exact for products of
    /// degree < 2·latitudes, and longitudes must exceed 2L.
    #[must_use]
    pub fn new(degree: usize, latitudes: usize, longitudes: usize) -> Self {
        debug_assert!(longitudes > 2 * degree);
        let quadrature = Quadrature::new(3, latitudes);
        let legendre = Legendre::new(degree, &quadrature.nodes[..latitudes.div_ceil(2)]);
        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(longitudes);
        let inverse = planner.plan_fft_inverse(longitudes);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let spectrum = latitudes * (longitudes / 2 + 1);
        Self {
            degree,
            longitudes,
            epsilon: (0..=degree + 1)
                .map(|m| (m..=degree + 2).map(|l| epsilon(l, m)).collect())
                .collect(),
            fourier: vec![Complex::default(); spectrum],
            second: vec![Complex::default(); spectrum],
            rows: vec![0.0; 8 * legendre.padded()],
            ring: vec![0.0; longitudes],
            scratch: vec![Complex::default(); scratch],
            quadrature,
            legendre,
            forward,
            inverse,
        }
    }

    /// L.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Number of latitudes.
    #[must_use]
    pub fn latitudes(&self) -> usize {
        self.quadrature.nodes.len()
    }

    /// Number of longitudes.
    #[must_use]
    pub fn longitudes(&self) -> usize {
        self.longitudes
    }

    /// Number of grid points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.latitudes() * self.longitudes
    }

    /// cos θ_j, from north to south.
    #[must_use]
    pub fn cosines(&self) -> &[f64] {
        &self.quadrature.nodes
    }

    /// Weights of the latitudes, Σ_j w_j = 1: ∫f dσ = Σ_j w_j mean_φ f(θ_j, φ).
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.quadrature.weights
    }

    /// Values on the grid from the coefficients of a state of any degree ≤ L.
    pub fn synthesis(&mut self, state: &[f64], values: &mut [f64]) {
        let degree = state_degree(state.len());
        self.along_meridians::<1>(degree, [state]);
        self.inverse_fourier(degree, false, values);
    }

    /// Coefficients up to `degree` ≤ L, by quadrature: c_ℓm = Σ_j w_j P̄_ℓm mean_φ(f √2 cos mφ) and so on.
    pub fn analysis(&mut self, values: &[f64], state: &mut [f64]) {
        let degree = state_degree(state.len());
        self.forward_fourier(values);
        self.onto_meridians::<1>(degree, [state]);
    }

    /// Z and its gradient: for a state with coefficients z and one with coefficients g (see [`SpherePlan::meridional`])
    /// the values of Z, of (1−x²)∂_xZ and of ∂_φZ on the grid.
    pub fn with_gradient(
        &mut self,
        z: &[f64],
        g: &[f64],
        values: &mut [f64],
        meridional: &mut [f64],
        zonal: &mut [f64],
    ) {
        let degree = state_degree(g.len());
        self.along_meridians::<2>(degree, [z, g]);
        std::mem::swap(&mut self.fourier, &mut self.second);
        self.inverse_fourier(degree, false, meridional);
        std::mem::swap(&mut self.fourier, &mut self.second);
        // the inverse transform destroys its input, so the derivative is taken from a copy
        self.second.copy_from_slice(&self.fourier);
        self.inverse_fourier(degree, false, values);
        std::mem::swap(&mut self.fourier, &mut self.second);
        self.inverse_fourier(degree, true, zonal);
    }

    /// The weak divergence: c ← ∫ ∇Y_ℓm·F dσ for every harmonic up to `state`'s degree l ≤ L − 1, where the tangent field F
    /// is given by `meridional` = F·∇x/(1−x²) and `zonal` = F·∇φ on the grid. Two states of degree l + 1 are scratch.
    pub fn weak_divergence(
        &mut self,
        meridional: &[f64],
        zonal: &[f64],
        a: &mut [f64],
        b: &mut [f64],
        state: &mut [f64],
    ) {
        let degree = state_degree(state.len());
        self.forward_fourier(meridional);
        std::mem::swap(&mut self.fourier, &mut self.second);
        self.forward_fourier(zonal);
        std::mem::swap(&mut self.fourier, &mut self.second);
        self.onto_meridians::<2>(degree + 1, [a, b]);
        for order in 0..=degree {
            let (wide, narrow) = (sphere_row(degree + 1, order), sphere_row(degree, order));
            let (m, epsilon) = (order as f64, &self.epsilon[order]);
            for l in order..=degree {
                let index = l - order;
                let (from, to) = (wide + 2 * index, narrow + 2 * index);
                let up = l as f64 * epsilon[index + 1];
                let down = (l as f64 + 1.0) * epsilon[index];
                for part in 0..2 {
                    let below = if l > order { a[from - 2 + part] } else { 0.0 };
                    state[to + part] = down * below - up * a[from + 2 + part];
                }
                state[to] -= m * b[from + 1];
                state[to + 1] += m * b[from];
            }
        }
    }

    /// g, of degree l + 1 ≤ L, with (1−x²)∂_x f = Σ g Y for f = Σ f_ℓ Y of degree l: g_ℓ = (ℓ+2)ε_{ℓ+1}f_{ℓ+1} − (ℓ−1)ε_ℓ f_{ℓ−1}.
    pub fn meridional(&self, state: &[f64], g: &mut [f64]) {
        let degree = state_degree(state.len());
        for order in 0..=degree + 1 {
            let epsilon = &self.epsilon[order];
            let source = order_row(state, degree, order);
            let row = &mut g[sphere_row(degree + 1, order)..][..2 * (degree + 2 - order)];
            for (index, pair) in row.chunks_exact_mut(2).enumerate() {
                let l = (order + index) as f64;
                let (up, down) = ((l + 2.0) * epsilon[index + 1], (l - 1.0) * epsilon[index]);
                for (part, slot) in pair.iter_mut().enumerate() {
                    let above = source.get(2 * (index + 1) + part).copied().unwrap_or(0.0);
                    let below = if index > 0 {
                        source[2 * (index - 1) + part]
                    } else {
                        0.0
                    };
                    *slot = up * above - down * below;
                }
            }
        }
    }

    /// Fourier coefficients of every latitude from the coefficients of one or two states; the first into `fourier`.
    fn along_meridians<const FIELDS: usize>(&mut self, degree: usize, states: [&[f64]; FIELDS]) {
        let (latitudes, width) = (self.latitudes(), self.longitudes / 2 + 1);
        let (half, padded) = (latitudes / 2, self.legendre.padded());
        let degrees = states.map(|state| state_degree(state.len()));
        for order in 0..=degree {
            let fields: [&[f64]; FIELDS] =
                std::array::from_fn(|f| order_row(states[f], degrees[f], order));
            self.legendre
                .synthesis::<FIELDS>(order, fields, &mut self.rows);
            let factor = if order == 0 { 1.0 } else { FRAC_1_SQRT_2 };
            for field in 0..FIELDS {
                let row = |part: usize| &self.rows[(4 * field + part) * padded..][..padded];
                let (even_c, even_s, odd_c, odd_s) = (row(0), row(1), row(2), row(3));
                let fourier = if field == 0 {
                    &mut self.fourier
                } else {
                    &mut self.second
                };
                for j in 0..latitudes - half {
                    let (ec, es, oc, os) = (even_c[j], even_s[j], odd_c[j], odd_s[j]);
                    fourier[j * width + order] =
                        Complex::new((ec + oc) * factor, -(es + os) * factor);
                    let south = latitudes - 1 - j;
                    if south != j {
                        fourier[south * width + order] =
                            Complex::new((ec - oc) * factor, -(es - os) * factor);
                    }
                }
            }
        }
    }

    /// The adjoint, with the quadrature weights.
    fn onto_meridians<const FIELDS: usize>(
        &mut self,
        degree: usize,
        mut states: [&mut [f64]; FIELDS],
    ) {
        let (latitudes, width) = (self.latitudes(), self.longitudes / 2 + 1);
        let (half, padded) = (latitudes / 2, self.legendre.padded());
        for order in 0..=degree {
            let factor = if order == 0 { 1.0 } else { SQRT_2 };
            for field in 0..FIELDS {
                let fourier = if field == 0 {
                    &self.fourier
                } else {
                    &self.second
                };
                let rows = &mut self.rows[4 * field * padded..4 * (field + 1) * padded];
                // the padding must not count
                rows.chunks_exact_mut(padded)
                    .for_each(|row| row[latitudes - half..].fill(0.0));
                for j in 0..latitudes - half {
                    let weight = self.quadrature.weights[j] * factor;
                    let south = latitudes - 1 - j;
                    let north = fourier[j * width + order];
                    let south = if south == j {
                        Complex::default()
                    } else {
                        fourier[south * width + order]
                    };
                    rows[j] = weight * (north.re + south.re);
                    rows[padded + j] = -weight * (north.im + south.im);
                    rows[2 * padded + j] = weight * (north.re - south.re);
                    rows[3 * padded + j] = -weight * (north.im - south.im);
                }
            }
            let degrees: [usize; FIELDS] = std::array::from_fn(|f| state_degree(states[f].len()));
            let mut f = 0;
            let fields = states.each_mut().map(|state| {
                let (start, count) = (sphere_row(degrees[f], order), degrees[f] + 1 - order);
                f += 1;
                &mut state[start..start + 2 * count]
            });
            self.legendre.analysis::<FIELDS>(order, &self.rows, fields);
            if order == 0 {
                // sin 0φ = 0: the entries exist for the layout's sake
                for state in &mut states {
                    let degree = state_degree(state.len());
                    (0..=degree).for_each(|l| state[2 * l + 1] = 0.0);
                }
            }
        }
    }

    /// Values along every latitude, of f or of ∂_φ f.
    fn inverse_fourier(&mut self, degree: usize, derivative: bool, values: &mut [f64]) {
        let width = self.longitudes / 2 + 1;
        for (row, spectrum) in values
            .chunks_exact_mut(self.longitudes)
            .zip(self.fourier.chunks_exact_mut(width))
        {
            spectrum[degree + 1..].fill(Complex::default());
            if derivative {
                for (order, value) in spectrum[..=degree].iter_mut().enumerate() {
                    *value = Complex::new(-value.im, value.re) * order as f64;
                }
            }
            spectrum[0].im = 0.0;
            let done = self
                .inverse
                .process_with_scratch(spectrum, row, &mut self.scratch);
            debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
        }
    }

    fn forward_fourier(&mut self, values: &[f64]) {
        let width = self.longitudes / 2 + 1;
        let scale = 1.0 / self.longitudes as f64;
        for (row, spectrum) in values
            .chunks_exact(self.longitudes)
            .zip(self.fourier.chunks_exact_mut(width))
        {
            self.ring
                .iter_mut()
                .zip(row)
                .for_each(|(r, v)| *r = v * scale);
            let done =
                self.forward
                    .process_with_scratch(&mut self.ring, spectrum, &mut self.scratch);
            debug_assert!(done.is_ok(), "buffer sizes are fixed by the plan");
        }
    }
}

fn state_degree(length: usize) -> usize {
    super::Domain::Sphere.degree(length)
}

fn order_row(state: &[f64], degree: usize, order: usize) -> &[f64] {
    if order > degree {
        return &[];
    }
    let start = sphere_row(degree, order);
    &state[start..start + 2 * (degree + 1 - order)]
}

/// Y_ℓm(x) for every ℓ, m up to `degree`, in the layout of a state: what a point mass at the unit vector x has for
/// coefficients. (The P̄_ℓm are taken divided by sin^mθ, times (x_1 + i x_2)^m: no pole, no angle.)
#[must_use]
pub fn at_point(x: &[f64], degree: usize) -> Vec<f64> {
    let mut state = vec![0.0; super::Domain::Sphere.length(degree)];
    let radius = x[0].hypot(x[1]);
    let direction = if radius > 0.0 {
        Complex::new(x[0], x[1]) / radius
    } else {
        Complex::new(1.0, 0.0)
    };
    let mut legendre = Legendre::new(degree, &[x[2].abs()]);
    let (padded, mut rows) = (legendre.padded(), vec![0.0; 4 * legendre.padded()]);
    let mut turn = Complex::new(1.0, 0.0);
    for order in 0..=degree {
        let start = sphere_row(degree, order);
        let row = &mut state[start..start + 2 * (degree + 1 - order)];
        // the adjoint of a unit value at the one latitude
        rows.fill(0.0);
        (rows[0], rows[2 * padded]) = (1.0, 1.0);
        legendre.analysis::<1>(order, &rows, [row]);
        let factor = if order == 0 { 1.0 } else { SQRT_2 };
        for (index, pair) in row.chunks_exact_mut(2).enumerate() {
            let sign = if x[2] < 0.0 && index % 2 == 1 {
                -1.0
            } else {
                1.0
            };
            let value = pair[0] * factor * sign;
            (pair[0], pair[1]) = (value * turn.re, value * turn.im);
        }
        turn *= direction;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::Domain;

    fn noise(length: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
            })
            .collect()
    }

    fn coefficients(degree: usize, seed: u64) -> Vec<f64> {
        let mut state = noise(Domain::Sphere.length(degree), seed);
        (0..=degree).for_each(|l| state[2 * l + 1] = 0.0);
        state
    }

    #[test]
    fn the_round_trip_is_exact_up_to_degree_511() {
        for degree in [1, 2, 31, 63, 127, 511] {
            let mut plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
            let state = coefficients(degree, 1);
            let mut values = vec![0.0; plan.points()];
            plan.synthesis(&state, &mut values);
            let mut back = vec![1.0; state.len()];
            plan.analysis(&values, &mut back);
            let error = state
                .iter()
                .zip(&back)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(error < 1e-12, "degree {degree}: {error:e}");
        }
    }

    #[test]
    fn analysis_is_the_adjoint_of_synthesis_for_the_quadrature() {
        for degree in [31, 511] {
            let mut plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
            let state = coefficients(degree, 3);
            let field = noise(plan.points(), 4);
            let mut values = vec![0.0; plan.points()];
            plan.synthesis(&state, &mut values);
            let mut back = vec![0.0; state.len()];
            plan.analysis(&field, &mut back);
            let longitudes = plan.longitudes();
            let left: f64 = values
                .iter()
                .zip(&field)
                .enumerate()
                .map(|(p, (a, b))| a * b * plan.weights()[p / longitudes] / longitudes as f64)
                .sum();
            let right: f64 = state.iter().zip(&back).map(|(a, b)| a * b).sum();
            assert!(
                (left - right).abs() < 1e-12 * (1.0 + left.abs()),
                "degree {degree}: {left} {right}"
            );
        }
    }

    #[test]
    fn low_harmonics_have_their_closed_forms() {
        let mut plan = SpherePlan::new(3, 6, 10);
        let check = |plan: &mut SpherePlan,
                     order: usize,
                     degree: usize,
                     sine: usize,
                     exact: &dyn Fn(f64, f64, f64) -> f64| {
            let mut state = vec![0.0; Domain::Sphere.length(3)];
            state[sphere_row(3, order) + 2 * (degree - order) + sine] = 1.0;
            let mut values = vec![0.0; plan.points()];
            plan.synthesis(&state, &mut values);
            for j in 0..6 {
                for i in 0..10 {
                    let z = plan.cosines()[j];
                    let (sin, cos) = (std::f64::consts::TAU * i as f64 / 10.0).sin_cos();
                    let r = (1.0 - z * z).sqrt();
                    let exact = exact(r * cos, r * sin, z);
                    assert!(
                        (values[10 * j + i] - exact).abs() < 1e-14,
                        "{degree} {order} {sine}"
                    );
                }
            }
        };
        check(&mut plan, 0, 1, 0, &|_, _, z| 3.0_f64.sqrt() * z);
        check(&mut plan, 1, 1, 0, &|x, _, _| 3.0_f64.sqrt() * x);
        check(&mut plan, 1, 1, 1, &|_, y, _| 3.0_f64.sqrt() * y);
        check(&mut plan, 1, 2, 1, &|_, y, z| 15.0_f64.sqrt() * y * z);
        check(&mut plan, 2, 2, 0, &|x, y, _| {
            15.0_f64.sqrt() * (x * x - y * y) / 2.0
        });
        check(&mut plan, 2, 3, 1, &|x, y, z| {
            (105.0_f64).sqrt() * x * y * z
        });
    }

    #[test]
    fn a_point_mass_has_the_values_of_the_harmonics() {
        for x in [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
            [0.6, 0.0, 0.8],
            [-0.48, 0.64, -0.6],
        ] {
            let y = at_point(&x, 40);
            // addition theorem: Σ_m Y_ℓm(x)² = 2ℓ + 1
            for (l, power) in Domain::Sphere.powers(&y).iter().enumerate() {
                assert!(
                    (power - (2 * l + 1) as f64).abs() < 1e-11 * (2 * l + 1) as f64,
                    "{x:?} ℓ {l}: {power}"
                );
            }
            let at = |l: usize, m: usize, sine: usize| y[sphere_row(40, m) + 2 * (l - m) + sine];
            assert!((at(2, 1, 1) - 15.0_f64.sqrt() * x[1] * x[2]).abs() < 1e-14);
            assert!((at(3, 2, 1) - 105.0_f64.sqrt() * x[0] * x[1] * x[2]).abs() < 1e-14);
        }
    }

    #[test]
    fn gradient_and_weak_divergence_give_the_laplacian() {
        let degree = 20;
        let mut plan = SpherePlan::new(degree + 1, 32, 64);
        let state = coefficients(degree, 5);
        let mut g = vec![0.0; Domain::Sphere.length(degree + 1)];
        plan.meridional(&state, &mut g);
        let points = plan.points();
        let (mut z, mut u, mut w) = (vec![0.0; points], vec![0.0; points], vec![0.0; points]);
        plan.with_gradient(&state, &g, &mut z, &mut u, &mut w);
        for p in 0..points {
            let x = plan.cosines()[p / 64];
            u[p] /= (1.0 - x) * (1.0 + x);
            w[p] /= (1.0 - x) * (1.0 + x);
        }
        let (mut a, mut b) = (g.clone(), g.clone());
        let mut weak = vec![0.0; state.len()];
        plan.weak_divergence(&u, &w, &mut a, &mut b, &mut weak);
        // ∫∇Y·∇f = ℓ(ℓ+1) c
        Domain::Sphere.for_each(degree, |entry, l| {
            let exact = (l * (l + 1)) as f64 * state[entry];
            assert!(
                (weak[entry] - exact).abs() < 1e-10,
                "ℓ {l}: {} {exact}",
                weak[entry]
            );
        });
    }
}
