//! Spherical harmonics on S²: coefficients against values on a grid of Gauss–Legendre latitudes and equispaced longitudes.
//!
//! f = Σ_ℓ Σ_{m≥0} (c_ℓm Y^c_ℓm + s_ℓm Y^s_ℓm) in the real harmonics that are orthonormal in L²(σ), σ the uniform probability:
//! Y^c_ℓm = √2 P̄_ℓm(cos θ) cos mφ, Y^s_ℓm = √2 P̄_ℓm(cos θ) sin mφ, Y_ℓ0 = P̄_ℓ0, without the Condon–Shortley sign; the pole
//! is the third axis, x = (sin θ cos φ, sin θ sin φ, cos θ). Coefficients are laid out as [`super::Domain::Sphere`] says.
//! Latitudes run from north to south, values are rows of longitudes φ_i = 2πi/N_φ.
//!
//! A transform is the sums of [`super::legendre`] along each meridian and the Fourier transforms of [`super::parallels`] along each latitude.

use std::ops::Range;

use super::domain::sphere_row;
use super::gegenbauer::Quadrature;
use super::legendre::{Legendre, epsilon};
use super::parallels::Parallels;
use crate::machine::fft::batched::{LANES, LatitudePack};
use crate::machine::thresholds::transform_in_parallel;

/// A transform of fixed size that owns its scratch: no call allocates.
#[derive(Debug)]
pub struct SpherePlan {
    degree: usize,
    longitudes: usize,
    quadrature: Quadrature,
    legendre: Legendre,
    parallels: Parallels,
    /// ℓε_{ℓ+1} and (ℓ+1)ε_ℓ of every order m ≤ ℓ ≤ L: (1−x²)∂_xP̄_ℓ = (ℓ+1)ε_ℓ P̄_{ℓ−1} − ℓε_{ℓ+1} P̄_{ℓ+1}.
    slopes: Vec<Vec<[f64; 2]>>,
    /// What goes between meridians and parallels.
    rows: Vec<LatitudePack>,
    folded: Vec<LatitudePack>,
}

impl SpherePlan {
    /// A plan for degrees up to L = `degree` on `latitudes` × `longitudes` points; quadrature is exact for products of
    /// degree < 2·latitudes. Orders go up to L or below half the longitudes; coefficients of higher order count as zero.
    ///
    /// # Panics
    ///
    /// Of a grid without points.
    #[must_use]
    pub fn new(degree: usize, latitudes: usize, longitudes: usize) -> Self {
        assert!(
            latitudes > 0 && longitudes > 0,
            "a grid of {latitudes} × {longitudes} points"
        );
        let orders = degree.min((longitudes - 1) / 2);
        let quadrature = Quadrature::new(3, latitudes);
        let northern = latitudes.div_ceil(2);
        let weights: Vec<f64> = folded_latitudes(&quadrature)
            .map(|(_, weight)| weight / longitudes as f64)
            .collect();
        let legendre = Legendre::new(degree, orders, &quadrature.nodes[..northern], &weights);
        let parallels = Parallels::new(latitudes, longitudes, orders);
        Self {
            degree,
            longitudes,
            slopes: (0..=degree)
                .map(|m| {
                    (m..=degree)
                        .map(|l| {
                            let (down, up) = (epsilon(l, m), epsilon(l + 1, m));
                            [l as f64 * up, (l as f64 + 1.0) * down]
                        })
                        .collect()
                })
                .collect(),
            rows: vec![LatitudePack::default(); legendre.row_length()],
            folded: vec![LatitudePack::default(); parallels.field_length()],
            parallels,
            quadrature,
            legendre,
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

    /// BatchedFft of a field folded at the equator ([`super::parallels`]).
    #[must_use]
    pub fn folded_length(&self) -> usize {
        self.folded.len()
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

    /// cos θ_j of every block of a folded field, and the weights; a lane stands for two points at each longitude, and ∫f dσ is the sum
    /// over all of them. What the last block lacks is its last latitude again, of weight zero.
    #[must_use]
    pub fn blocks(&self) -> (&[[f64; LANES]], &[[f64; LANES]]) {
        self.legendre.blocks()
    }

    /// Values on the grid from the coefficients of a state of any degree ≤ L.
    pub fn synthesis(&mut self, state: &[f64], values: &mut [f64]) {
        let mut folded = std::mem::take(&mut self.folded);
        self.synthesis_folded(state, &mut folded);
        self.unfold(&folded, values);
        self.folded = folded;
    }

    /// The same, folded at the equator.
    pub fn synthesis_folded(&mut self, state: &[f64], folded: &mut [LatitudePack]) {
        let degree = state_degree(state.len());
        let parallel = self.parallel(degree);
        let rows = &mut self.rows;
        self.legendre.synthesis(state, rows, parallel);
        (self.parallels).synthesis(false, degree, rows, folded, parallel);
    }

    /// Coefficients up to `degree` ≤ L, by quadrature: c_ℓm = Σ_j w_j P̄_ℓm mean_φ(f √2 cos mφ) and so on.
    pub fn analysis(&mut self, values: &[f64], state: &mut [f64]) {
        let degree = state_degree(state.len());
        let parallel = self.parallel(degree);
        self.parallels.fold(values, &mut self.folded);
        let rows = &mut self.rows;
        (self.parallels).analysis(degree, &mut self.folded, rows, parallel);
        self.legendre.analysis(rows, state, parallel);
    }

    /// Z and its gradient: for a state with coefficients z and one with coefficients g (see [`SpherePlan::meridional`])
    /// the values of Z, of (1−x²)∂_xZ and of ∂_φZ, folded.
    pub fn with_gradient(
        &mut self,
        z: &[f64],
        g: &[f64],
        values: &mut [LatitudePack],
        meridional: &mut [LatitudePack],
        zonal: &mut [LatitudePack],
    ) {
        let [degree, wide] = [z, g].map(|state| state_degree(state.len()));
        let parallel = self.parallel(wide);
        let (rows, parallels) = (&mut self.rows, &mut self.parallels);
        self.legendre.synthesis(g, rows, parallel);
        parallels.synthesis(false, wide, rows, meridional, parallel);
        self.legendre.synthesis(z, rows, parallel);
        parallels.synthesis(false, degree, rows, values, parallel);
        parallels.synthesis(true, degree, rows, zonal, parallel);
    }

    /// The weak divergence: c ← ∫ ∇Y_ℓm·F dσ for every harmonic up to `state`'s degree l ≤ L − 1, where the tangent field F
    /// is given by `meridional` = F·∇x/(1−x²) and `zonal` = F·∇φ, folded (and destroyed), finite in every lane. Two states of degree l + 1 are scratch.
    pub fn weak_divergence(
        &mut self,
        meridional: &mut [LatitudePack],
        zonal: &mut [LatitudePack],
        a: &mut [f64],
        b: &mut [f64],
        state: &mut [f64],
    ) {
        let degree = state_degree(state.len());
        let parallel = self.parallel(degree);
        let rows = &mut self.rows;
        (self.parallels).analysis(degree + 1, meridional, rows, parallel);
        self.legendre.analysis(rows, a, parallel);
        (self.parallels).analysis(degree + 1, zonal, rows, parallel);
        self.legendre.analysis(rows, b, parallel);
        let (a, b, slopes) = (&*a, &*b, &self.slopes);
        let each = |orders: Range<usize>, mut rest: &mut [f64]| {
            for order in orders {
                let (row, others) = rest.split_at_mut(2 * (degree + 1 - order));
                rest = others;
                let [a, b] = [a, b].map(|state| pairs(state, degree + 1, order));
                divergence(order, a, b, &slopes[order], row.as_chunks_mut().0);
            }
        };
        self.legendre.each_part(degree, state, each, parallel);
    }

    /// g, of degree l + 1 ≤ L, with (1−x²)∂_x f = Σ g Y for f = Σ f_ℓ Y of degree l: g_ℓ = (ℓ+2)ε_{ℓ+1}f_{ℓ+1} − (ℓ−1)ε_ℓ f_{ℓ−1}.
    pub fn meridional(&self, state: &[f64], g: &mut [f64]) {
        let degree = state_degree(state.len());
        let top = sphere_row(degree + 1, degree + 1);
        g[top..].fill(0.0);
        for order in 0..=degree {
            let source = pairs(state, degree, order);
            let numbers = 2 * (degree + 2 - order);
            let row = &mut g[sphere_row(degree + 1, order)..][..numbers];
            let (row, _) = row.as_chunks_mut::<2>();
            row.fill([0.0; 2]);
            // what degree ℓ gives to its neighbours: ℓ−1 gets (ℓ+1)ε_ℓ of it, ℓ+1 gets −ℓ ε_{ℓ+1}
            for ((index, f), [up, down]) in source.iter().enumerate().zip(&self.slopes[order]) {
                if index > 0 {
                    let lower = &mut row[index - 1];
                    (lower[0], lower[1]) = (lower[0] + down * f[0], lower[1] + down * f[1]);
                }
                row[index + 1] = [-up * f[0], -up * f[1]];
            }
        }
    }

    /// Rows of longitudes, from north to south, of a folded field.
    pub fn unfold(&self, folded: &[LatitudePack], values: &mut [f64]) {
        self.parallels.unfold(folded, values);
    }

    /// Whether a transform of this degree is worth several threads.
    #[must_use]
    pub fn parallel(&self, degree: usize) -> bool {
        transform_in_parallel(degree, self.latitudes(), self.longitudes)
    }
}

/// ∫∇Y_ℓm·F of one order: (ℓ+1)ε_ℓ a_{ℓ−1} − ℓ ε_{ℓ+1} a_{ℓ+1}, and m times the other part of b.
fn divergence(
    order: usize,
    a: &[[f64; 2]],
    b: &[[f64; 2]],
    slope: &[[f64; 2]],
    row: &mut [[f64; 2]],
) {
    let m = order as f64;
    let [up, _] = slope[0];
    row[0] = [-m * b[0][1] - up * a[1][0], m * b[0][0] - up * a[1][1]];
    let around = b[1..].iter().zip(&slope[1..]);
    for ((pair, a), (b, [up, down])) in row[1..].iter_mut().zip(a.windows(3)).zip(around) {
        *pair = [
            down * a[0][0] - up * a[2][0] - m * b[1],
            down * a[0][1] - up * a[2][1] + m * b[0],
        ];
    }
}

/// The northern latitudes and their weights, half for the equator, which stands in both parts of a folded field.
fn folded_latitudes(quadrature: &Quadrature) -> impl Iterator<Item = (f64, f64)> {
    let latitudes = quadrature.nodes.len();
    let all = quadrature.nodes.iter().zip(&quadrature.weights);
    all.take(latitudes.div_ceil(2))
        .enumerate()
        .map(move |(j, (x, weight))| {
            let share = if 2 * j + 1 == latitudes { 0.5 } else { 1.0 };
            (*x, share * weight)
        })
}

fn state_degree(length: usize) -> usize {
    super::Domain::Sphere.degree(length)
}

/// The pairs (c_ℓm, s_ℓm), ℓ = m…, of an order.
fn pairs(state: &[f64], degree: usize, order: usize) -> &[[f64; 2]] {
    let numbers = 2 * (degree + 1 - order);
    state[sphere_row(degree, order)..][..numbers].as_chunks().0
}

/// Y_ℓm(x) for every ℓ, m up to `degree`, in the layout of a state: what a point mass at the unit vector x has for
/// coefficients.
#[must_use]
pub fn at_point(x: &[f64], degree: usize) -> Vec<f64> {
    let mut state = vec![0.0; super::Domain::Sphere.length(degree)];
    crate::sphere::scattered::Harmonics::new(degree).moments(x, &[1.0], &mut state);
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

    /// P̄_ℓm(x) by the plain recurrence in ℓ with a logarithm beside it: the slow reference.
    fn function(degree: usize, order: usize, x: f64) -> f64 {
        let mut log = 0.5 * order as f64 * ((1.0 - x) * (1.0 + x)).ln();
        for k in 1..=order {
            log += 0.5 * ((2 * k + 1) as f64 / (2 * k) as f64).ln();
        }
        let (mut before, mut here) = (0.0, 1.0);
        for l in order..degree {
            let next = (x * here - epsilon(l, order) * before) / epsilon(l + 1, order);
            (before, here) = (here, next);
            if here.abs() > 1e200 {
                before /= 1e200;
                here /= 1e200;
                log += 200.0 * std::f64::consts::LN_10;
            }
        }
        let size = here.abs().ln() + log;
        if size < -700.0 {
            0.0
        } else {
            here.signum() * size.exp()
        }
    }

    #[test]
    fn a_single_harmonic_has_its_values_also_where_its_recurrence_starts_below_the_smallest_number()
    {
        let mut plan = SpherePlan::new(511, 41, 1024);
        let mut values = vec![0.0; plan.points()];
        for (degree, order, sine) in [
            (0, 0, 0),
            (1, 0, 0),
            (1, 1, 1),
            (7, 3, 0),
            (60, 59, 1),
            (300, 17, 0),
            (511, 0, 0),
            (511, 200, 1),
            (511, 480, 0),
            (510, 480, 1),
            (511, 511, 0),
        ] {
            let mut state = vec![0.0; Domain::Sphere.length(511)];
            state[sphere_row(511, order) + 2 * (degree - order) + sine] = 1.0;
            plan.synthesis(&state, &mut values);
            let factor = if order == 0 {
                1.0
            } else {
                std::f64::consts::SQRT_2
            };
            for (j, x) in plan.cosines().iter().enumerate() {
                let meridian = factor * function(degree, order, *x);
                for i in [0, 1, 100, 1023] {
                    let angle = std::f64::consts::TAU * ((order * i) % 1024) as f64 / 1024.0;
                    let around = if sine == 1 { angle.sin() } else { angle.cos() };
                    let (value, exact) = (values[1024 * j + i], meridian * around);
                    assert!(
                        (value - exact).abs() < 5e-12 * (1.0 + meridian.abs()),
                        "ℓ {degree} m {order} x {x}: {value:e} {exact:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_equator_counts_once_and_orders_beyond_the_longitudes_count_as_zero() {
        let degree = 24;
        let state = coefficients(degree, 8);
        let mut even = SpherePlan::new(degree, 26, 50);
        let mut odd = SpherePlan::new(degree, 25, 51);
        let mut back = vec![1.0; state.len()];
        for plan in [&mut even, &mut odd] {
            let mut values = vec![0.0; plan.points()];
            plan.synthesis(&state, &mut values);
            plan.analysis(&values, &mut back);
            for (a, b) in state.iter().zip(&back) {
                assert!((a - b).abs() < 1e-13);
            }
        }
        // 40 longitudes have orders up to 19
        let mut coarse = SpherePlan::new(degree, 25, 40);
        let mut values = vec![0.0; coarse.points()];
        coarse.synthesis(&state, &mut values);
        coarse.analysis(&values, &mut back);
        let first = sphere_row(degree, 20);
        assert!(back[first..].iter().all(|c| *c == 0.0));
        for (a, b) in state[..first].iter().zip(&back) {
            assert!((a - b).abs() < 1e-13);
        }
        // and so for the divergence of a field
        let [mut u, mut w] = [coarse.folded.clone(), coarse.folded.clone()];
        let [mut a, mut b] = [state.clone(), state.clone()];
        let (below, first) = (Domain::Sphere.length(23), sphere_row(23, 20));
        back.fill(f64::NAN);
        coarse.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut back[..below]);
        assert!(back[..first].iter().all(|c| c.is_finite()));
        assert!(back[first..below].iter().all(|c| *c == 0.0));
    }

    #[test]
    fn transforms_have_the_same_bits_on_any_number_of_threads() {
        // transforms abreast and (of 2·3·47 longitudes) one by one; two vectors of latitudes, where orders go in pairs; a low degree on a high plan
        let cases = [
            (140, 140, 141, 288),
            (140, 140, 141, 282),
            (300, 299, 32, 640),
            (300, 200, 96, 640),
        ];
        for (highest, degree, latitudes, longitudes) in cases {
            let state = coefficients(degree, 9);
            let results = [1, 2, 3].map(|threads| {
                crate::machine::testing::on_threads(threads, || {
                    let mut plan = SpherePlan::new(highest, latitudes, longitudes);
                    assert_eq!(plan.parallel(degree), threads > 1);
                    let mut values = vec![0.0; plan.points()];
                    plan.synthesis(&state, &mut values);
                    let mut back = state.clone();
                    plan.analysis(&values, &mut back);
                    let (low, lower) = (degree - 1, degree - 2);
                    let small = coefficients(lower, 10);
                    let mut g = vec![0.0; Domain::Sphere.length(low)];
                    plan.meridional(&small, &mut g);
                    let [mut z, mut u, mut w] =
                        [(); 3].map(|()| vec![LatitudePack::default(); plan.folded_length()]);
                    plan.with_gradient(&small, &g, &mut z, &mut u, &mut w);
                    let [mut a, mut b] = [g.clone(), g.clone()];
                    let mut weak = small.clone();
                    plan.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut weak);
                    let numbers = values.into_iter().chain(back).chain(weak);
                    numbers.map(f64::to_bits).collect::<Vec<_>>()
                })
            });
            assert!(results[0] == results[1] && results[0] == results[2]);
        }
    }

    #[test]
    fn the_round_trip_is_exact_up_to_degree_511() {
        // 2·37 longitudes go one by one
        for degree in [1, 2, 31, 36, 63, 127, 511] {
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
        let mut z = vec![LatitudePack::default(); plan.folded_length()];
        let (mut u, mut w) = (z.clone(), z.clone());
        plan.with_gradient(&state, &g, &mut z, &mut u, &mut w);
        let (cosines, _) = plan.blocks();
        let gradient = u.chunks_exact_mut(64).zip(w.chunks_exact_mut(64));
        for (cosines, (u, w)) in cosines.iter().zip(gradient) {
            for LatitudePack(parts) in u.iter_mut().chain(w) {
                for part in parts {
                    (part.iter_mut().zip(cosines)).for_each(|(v, x)| *v /= (1.0 - x) * (1.0 + x));
                }
            }
        }
        let (mut a, mut b) = (g.clone(), g.clone());
        let mut weak = vec![0.0; state.len()];
        plan.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut weak);
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
