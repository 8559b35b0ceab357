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
#[derive(Debug, Clone)]
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
    pub(crate) fn latitudes(&self) -> usize {
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

    /// Columns of a field folded at the equator ([`super::parallels`]).
    #[must_use]
    pub(crate) fn folded_length(&self) -> usize {
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
    pub(crate) fn blocks(&self) -> (&[[f64; LANES]], &[[f64; LANES]]) {
        self.legendre.blocks()
    }

    /// Values on the grid from the coefficients of a state of any degree ≤ L.
    pub fn synthesis(&mut self, state: &[f64], values: &mut [f64]) {
        let mut folded = std::mem::take(&mut self.folded);
        self.synthesis_folded(state, &mut folded);
        self.unfold(&folded, values);
        self.folded = folded;
    }

    /// Values on the grid from coefficients, folded at the equator.
    pub(crate) fn synthesis_folded(&mut self, state: &[f64], folded: &mut [LatitudePack]) {
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
    pub(crate) fn with_gradient(
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
    /// is given by `meridional` = F·∇x/(1−x²) and `zonal` = F·∇φ, folded (and destroyed), finite in every lane. Two states of degree l + 1
    /// are scratch.
    pub(crate) fn weak_divergence(
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
    pub(crate) fn meridional(&self, state: &[f64], g: &mut [f64]) {
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
    pub(crate) fn unfold(&self, folded: &[LatitudePack], values: &mut [f64]) {
        self.parallels.unfold(folded, values);
    }

    /// Whether a transform of this degree is worth several threads.
    #[must_use]
    pub(crate) fn parallel(&self, degree: usize) -> bool {
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
mod tests;
