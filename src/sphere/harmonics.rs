//! Spherical harmonics on S²: coefficients against values on a grid of Gauss–Legendre latitudes and equispaced longitudes.
//!
//! f = Σ_ℓ Σ_{m≥0} (c_ℓm Y^c_ℓm + s_ℓm Y^s_ℓm) in the real harmonics that are orthonormal in L²(σ), σ the uniform probability:
//! Y^c_ℓm = √2 P̄_ℓm(cos θ) cos mφ, Y^s_ℓm = √2 P̄_ℓm(cos θ) sin mφ, Y_ℓ0 = P̄_ℓ0, without the Condon–Shortley sign; the pole
//! is the third axis, x = (sin θ cos φ, sin θ sin φ, cos θ). Coefficients are laid out as [`super::Domain::Sphere`] says.
//! Latitudes run from north to south, values are rows of longitudes φ_i = 2πi/N_φ.
//!
//! A transform is the sums of [`super::legendre`] along each meridian and the Fourier transforms of [`super::parallels`] along each latitude.

use super::Complex;
use super::domain::sphere_row;
use super::gegenbauer::Quadrature;
use super::legendre::{Legendre, Orders, epsilon};
use super::parallels::Parallels;

/// From this many products degree²·latitudes on a transform is shared among threads (calibrated at 2 threads: 0.1 ms of work).
const PARALLEL_FROM: usize = 1 << 20;

/// A transform of fixed size that owns its scratch: no call allocates.
pub struct SpherePlan {
    degree: usize,
    longitudes: usize,
    /// The highest order.
    orders: usize,
    quadrature: Quadrature,
    legendre: Legendre,
    parallels: Parallels,
    /// ε_ℓm of every order m ≤ ℓ ≤ L + 1.
    epsilon: Vec<Vec<f64>>,
    /// What goes between meridians and parallels, of two fields.
    rows: [Vec<Orders>; 2],
    folded: Vec<Complex>,
}

impl SpherePlan {
    /// A plan for degrees up to L = `degree` on `latitudes` × `longitudes` points; quadrature is exact for products of
    /// degree < 2·latitudes. Orders go up to L or below half the longitudes; coefficients of higher order count as zero.
    #[must_use]
    pub fn new(degree: usize, latitudes: usize, longitudes: usize) -> Self {
        let orders = degree.min((longitudes - 1) / 2);
        let quadrature = Quadrature::new(3, latitudes);
        let northern = latitudes.div_ceil(2);
        let weights: Vec<f64> = (0..northern)
            .map(|j| {
                // the equator stands in both parts of a folded field
                let share = if 2 * j + 1 == latitudes { 0.5 } else { 1.0 };
                share * quadrature.weights[j] / longitudes as f64
            })
            .collect();
        let legendre = Legendre::new(degree, orders, &quadrature.nodes[..northern], &weights);
        let rows = vec![Orders::default(); legendre.row_length()];
        Self {
            degree,
            longitudes,
            orders,
            epsilon: (0..=degree + 1)
                .map(|m| (m..=degree + 2).map(|l| epsilon(l, m)).collect())
                .collect(),
            rows: [rows.clone(), rows],
            folded: vec![Complex::default(); northern * longitudes],
            parallels: Parallels::new(longitudes, &legendre),
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

    /// Complex numbers of a field folded at the equator ([`super::parallels`]).
    #[must_use]
    pub fn folded_points(&self) -> usize {
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

    /// Values on the grid from the coefficients of a state of any degree ≤ L.
    pub fn synthesis(&mut self, state: &[f64], values: &mut [f64]) {
        let mut folded = std::mem::take(&mut self.folded);
        self.synthesis_folded(state, &mut folded);
        self.unfold(&folded, values);
        self.folded = folded;
    }

    /// The same, folded at the equator.
    pub fn synthesis_folded(&mut self, state: &[f64], folded: &mut [Complex]) {
        let degree = state_degree(state.len());
        let parallel = self.parallel(degree);
        let [rows, _] = &mut self.rows;
        self.legendre
            .synthesis::<1>([state], [&mut rows[..]], parallel);
        self.parallels
            .synthesis::<false>(degree.min(self.orders), rows, folded, parallel);
    }

    /// Coefficients up to `degree` ≤ L, by quadrature: c_ℓm = Σ_j w_j P̄_ℓm mean_φ(f √2 cos mφ) and so on.
    pub fn analysis(&mut self, values: &[f64], state: &mut [f64]) {
        let degree = state_degree(state.len());
        let parallel = self.parallel(degree);
        let (n, latitudes) = (self.longitudes, self.latitudes());
        for (j, row) in self.folded.chunks_exact_mut(n).enumerate() {
            let (north, south) = (
                &values[j * n..][..n],
                &values[(latitudes - 1 - j) * n..][..n],
            );
            for (z, (north, south)) in row.iter_mut().zip(north.iter().zip(south)) {
                *z = Complex::new(*north, *south);
            }
        }
        let [rows, _] = &mut self.rows;
        self.parallels
            .analysis(degree.min(self.orders), &mut self.folded, rows, parallel);
        self.legendre.analysis::<1>([rows], [state], parallel);
    }

    /// Z and its gradient: for a state with coefficients z and one with coefficients g (see [`SpherePlan::meridional`])
    /// the values of Z, of (1−x²)∂_xZ and of ∂_φZ, folded.
    pub fn with_gradient(
        &mut self,
        z: &[f64],
        g: &[f64],
        values: &mut [Complex],
        meridional: &mut [Complex],
        zonal: &mut [Complex],
    ) {
        let [degree, wide] = [z, g].map(|state| state_degree(state.len()).min(self.orders));
        let parallel = self.parallel(wide);
        let [rows, second] = &mut self.rows;
        self.legendre
            .synthesis::<2>([z, g], [&mut rows[..], &mut second[..]], parallel);
        let parallels = &mut self.parallels;
        parallels.synthesis::<false>(wide, second, meridional, parallel);
        parallels.synthesis::<false>(degree, rows, values, parallel);
        parallels.synthesis::<true>(degree, rows, zonal, parallel);
    }

    /// The weak divergence: c ← ∫ ∇Y_ℓm·F dσ for every harmonic up to `state`'s degree l ≤ L − 1, where the tangent field F
    /// is given by `meridional` = F·∇x/(1−x²) and `zonal` = F·∇φ, folded (and destroyed). Two states of degree l + 1 are scratch.
    pub fn weak_divergence(
        &mut self,
        meridional: &mut [Complex],
        zonal: &mut [Complex],
        a: &mut [f64],
        b: &mut [f64],
        state: &mut [f64],
    ) {
        let degree = state_degree(state.len());
        let (parallel, orders) = (self.parallel(degree), self.orders.min(degree + 1));
        let [rows, second] = &mut self.rows;
        self.parallels.analysis(orders, meridional, rows, parallel);
        self.parallels.analysis(orders, zonal, second, parallel);
        self.legendre
            .analysis::<2>([rows, second], [&mut a[..], &mut b[..]], parallel);
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

    /// Rows of longitudes, from north to south, of a folded field.
    pub fn unfold(&self, folded: &[Complex], values: &mut [f64]) {
        let (n, latitudes) = (self.longitudes, self.latitudes());
        let (north, south) = values.split_at_mut(latitudes.div_ceil(2) * n);
        for (z, values) in folded.chunks_exact(n).zip(north.chunks_exact_mut(n)) {
            values.iter_mut().zip(z).for_each(|(v, z)| *v = z.re);
        }
        for (z, values) in folded.chunks_exact(n).zip(south.chunks_exact_mut(n).rev()) {
            values.iter_mut().zip(z).for_each(|(v, z)| *v = z.im);
        }
    }

    /// Whether a transform of this degree is worth several threads.
    fn parallel(&self, degree: usize) -> bool {
        degree * degree * self.latitudes() >= PARALLEL_FROM && rayon::current_num_threads() > 1
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
/// coefficients.
#[must_use]
pub fn at_point(x: &[f64], degree: usize) -> Vec<f64> {
    let mut state = vec![0.0; super::Domain::Sphere.length(degree)];
    super::points::Harmonics::new(degree).moments(x, &[1.0], &mut state);
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
        let mut z = vec![Complex::default(); plan.folded_points()];
        let (mut u, mut w) = (z.clone(), z.clone());
        plan.with_gradient(&state, &g, &mut z, &mut u, &mut w);
        for p in 0..z.len() {
            let x = plan.cosines()[p / 64];
            u[p] /= (1.0 - x) * (1.0 + x);
            w[p] /= (1.0 - x) * (1.0 + x);
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
