//! The series on the circle for many tokens: O(n) with a small constant instead of O(n·degrees).
//!
//! The field has few modes, so that it is a polynomial of low degree on a few hundred cells ([`super::polynomials`]). Tokens are taken
//! into cells with the local coordinate u = (θ − φ_c)/h ∈ [−1, 1]; a cell keeps the moments Σ w u^p, one cache line, from which
//! the Fourier moments come by one short transform a power. The way back is the adjoint: the polynomials of Z and of ∂_θZ/β lie
//! side by side, two cache lines. A token costs one line on the way there and two on the way back, all in the first-level cache.
//!
//! Groups of tokens are summed in a fixed order, hence the same bits with any number of threads. The slow reference is
//! [`crate::dynamics::series::Series`].

use rayon::prelude::*;

pub use super::binning::TokenCoordinates;
use super::binning::{BLOCK, Binned, cell_moments, group_size};
use super::polynomials::{
    CellField, CellMoments, LocalPowers, POWERS, PolynomialPair, enough_cells,
};
use crate::dynamics::Kernel;
use crate::dynamics::transport::Transport;
use crate::measure::particles::common_weight;
use crate::sphere::Complex;
use std::f64::consts::TAU;

/// Cells and scratch for a kernel.
#[derive(Debug)]
pub struct CellSums {
    field: CellField,
    /// cos and sin of the centres.
    centres: Vec<[f64; 2]>,
    group: usize,
    partial: Vec<Vec<LocalPowers>>,
    /// Of equal weights there is one.
    common: Option<f64>,
    to_moments: CellMoments,
    moments: Vec<Complex>,
}

impl CellSums {
    /// Room for tokens of these weights and the degrees of a kernel.
    #[must_use]
    pub fn new(kernel: &Kernel, weights: &[f64]) -> Self {
        Self {
            common: common_weight(weights),
            ..Self::of_unequal(kernel, weights.len())
        }
    }

    /// Room for `count` tokens whose weights may differ, and from one evaluation to the next.
    #[must_use]
    pub fn of_unequal(kernel: &Kernel, count: usize) -> Self {
        let cells = enough_cells(kernel);
        let group = group_size(cells);
        Self {
            field: CellField::new(kernel, cells),
            centres: (0..cells)
                .map(|c| {
                    let (sin, cos) = (TAU * c as f64 / cells as f64).sin_cos();
                    [cos, sin]
                })
                .collect(),
            group,
            partial: vec![vec![[0.0; POWERS]; cells]; count.div_ceil(group).max(1)],
            common: None,
            to_moments: CellMoments::new(kernel.degree(), cells),
            moments: vec![Complex::default(); kernel.degree() + 1],
        }
    }

    /// For every token: `slope`_i ← (1/β)∂_θZ(θ_i) e^{−β} and `potential`_i ← Z(θ_i) e^{−β}, as
    /// [`crate::dynamics::series::Series::evaluate`] does.
    pub fn evaluate(
        &mut self,
        places: TokenCoordinates,
        weights: &[f64],
        slope: &mut [f64],
        potential: &mut [f64],
    ) {
        self.take_in(places, weights);
        self.transform();
        (slope.par_chunks_mut(self.group))
            .zip(potential.par_chunks_mut(self.group))
            .enumerate()
            .for_each(|(group, (slope, potential))| {
                crate::machine::registers::arch().dispatch(Evaluate {
                    places: places.part(group * self.group, slope.len()),
                    centres: &self.centres,
                    polynomials: &self.field.polynomials,
                    slope,
                    potential,
                });
            });
    }

    /// The rates of tokens at `angles`: `rate`_i ← the velocity of slope_i and the potential; returns the smallest potential.
    pub fn rates(
        &mut self,
        angles: &[f64],
        weights: &[f64],
        transport: Transport,
        rates: &mut [f64],
    ) -> f64 {
        let places = TokenCoordinates::Angles(angles);
        self.take_in(places, weights);
        self.transform();
        (rates.par_chunks_mut(self.group).enumerate())
            .map(|(group, rates)| {
                crate::machine::registers::arch().dispatch(Rates {
                    places: places.part(group * self.group, rates.len()),
                    centres: &self.centres,
                    polynomials: &self.field.polynomials,
                    transport,
                    rates,
                })
            })
            .reduce(|| f64::INFINITY, f64::min)
    }

    /// Σ w slope², or Σ w slope²·`growth`/potential, over tokens at `angles`.
    pub fn dissipation(&mut self, angles: &[f64], weights: &[f64], growth: Option<f64>) -> f64 {
        let places = TokenCoordinates::Angles(angles);
        self.take_in(places, weights);
        self.transform();
        let groups = (weights.par_chunks(self.group).enumerate()).map(|(group, weights)| {
            crate::machine::registers::arch().dispatch(Dissipation {
                places: places.part(group * self.group, weights.len()),
                centres: &self.centres,
                polynomials: &self.field.polynomials,
                growth,
                weights,
            })
        });
        groups.collect::<Vec<f64>>().iter().sum()
    }

    /// Every token into its cell, and the cells' moments.
    fn take_in(&mut self, places: TokenCoordinates, weights: &[f64]) {
        let (count, group) = (weights.len(), self.group);
        let weights = if self.common.is_some() {
            None
        } else {
            Some(weights)
        };
        let (centres, partial) = (self.centres.as_slice(), &mut self.partial);
        cell_moments(places, count, weights, centres, group, partial);
    }

    /// From the cells' moments to the Fourier moments, and to the polynomials of Z and of its slope.
    fn transform(&mut self) {
        let (mass, moments) = (self.common.unwrap_or(1.0), &mut self.moments);
        (self.to_moments).transform(&self.partial[0], mass, moments);
        self.field
            .set_cells(moments.len() - 1, |k| moments[k].conj());
    }
}

/// LocalPowers of many tokens, on cells so small that every degree is exact: kh ≤ 0.09, where 2J_8(kh) < 1e-15.
#[derive(Debug)]
pub struct CellMomentsOfTokens {
    to_moments: CellMoments,
    degree: usize,
    count: usize,
    group: usize,
    partial: Vec<Vec<LocalPowers>>,
}

impl CellMomentsOfTokens {
    /// Room for `count` tokens and degrees up to `degree`.
    #[must_use]
    pub fn new(degree: usize, count: usize) -> Self {
        let cells = (35 * degree.max(2)).next_power_of_two();
        let group = group_size(cells);
        Self {
            to_moments: CellMoments::new(degree, cells),
            degree,
            count,
            group,
            partial: vec![vec![[0.0; POWERS]; cells]; count.div_ceil(group).max(1)],
        }
    }

    /// Whether this is the room for so many tokens and degrees.
    #[must_use]
    pub fn fits(&self, degree: usize, count: usize) -> bool {
        (self.degree, self.count) == (degree, count)
    }

    /// m_k = Σ_j w_j e^{ikθ_j}, k ≤ degree; `common` is the weight of all, if they have one.
    pub fn of(&mut self, angles: &[f64], weights: &[f64], common: Option<f64>) -> Vec<Complex> {
        let places = TokenCoordinates::Angles(angles);
        let weights = if common.is_some() {
            None
        } else {
            Some(weights)
        };
        let (group, partial) = (self.group, &mut self.partial);
        cell_moments(places, angles.len(), weights, &[], group, partial);
        let mut moments = vec![Complex::default(); self.degree + 1];
        let mass = common.unwrap_or(1.0);
        (self.to_moments).transform(&self.partial[0], mass, &mut moments);
        moments
    }
}

/// Both polynomials at u, by halving: three steps however long the vectors are.
#[inline(always)]
fn values(cell: &PolynomialPair, u: f64) -> [f64; 2] {
    let u2 = u * u;
    let u4 = u2 * u2;
    let (mut eight, mut four, mut two) = ([0.0; 8], [0.0; 4], [0.0; 2]);
    for i in 0..8 {
        eight[i] = cell[i] + u4 * cell[i + 8];
    }
    for i in 0..4 {
        four[i] = eight[i] + u2 * eight[i + 4];
    }
    for i in 0..2 {
        two[i] = four[i] + u * four[i + 2];
    }
    two
}

/// Z and its slope at the tokens of a block.
#[inline(always)]
fn block_values(
    polynomials: &[PolynomialPair],
    located: &Binned,
    potential: &mut [f64],
    slope: &mut [f64],
) {
    let tokens = potential.iter_mut().zip(slope);
    if let Some(cell) = located.only_cell(tokens.len()) {
        for ((z, s), u) in tokens.zip(&located.u) {
            [*z, *s] = values(&polynomials[cell], *u);
        }
        return;
    }
    for ((z, s), (cell, u)) in tokens.zip(located.cell.iter().zip(&located.u)) {
        [*z, *s] = values(&polynomials[*cell as usize], *u);
    }
}

struct Evaluate<'a> {
    places: TokenCoordinates<'a>,
    centres: &'a [[f64; 2]],
    polynomials: &'a [PolynomialPair],
    slope: &'a mut [f64],
    potential: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut located = Binned::new();
        let outs = (self.slope.chunks_mut(BLOCK)).zip(self.potential.chunks_mut(BLOCK));
        for (block, (slope, potential)) in outs.enumerate() {
            let cells = (self.centres, self.polynomials.len());
            located.find(self.places, cells, block * BLOCK, slope.len());
            block_values(self.polynomials, &located, potential, slope);
        }
    }
}

struct Rates<'a> {
    places: TokenCoordinates<'a>,
    centres: &'a [[f64; 2]],
    polynomials: &'a [PolynomialPair],
    transport: Transport,
    rates: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Rates<'_> {
    /// The smallest potential.
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut located = Binned::new();
        let (mut potential, mut slope) = ([1.0; BLOCK], [0.0; BLOCK]);
        let mut least = [f64::INFINITY; BLOCK];
        for (block, rates) in self.rates.chunks_mut(BLOCK).enumerate() {
            let cells = (self.centres, self.polynomials.len());
            located.find(self.places, cells, block * BLOCK, rates.len());
            let count = rates.len();
            let (z, s) = (&mut potential[..count], &mut slope[..count]);
            block_values(self.polynomials, &located, z, s);
            for (least, z) in least.iter_mut().zip(&potential).take(rates.len()) {
                *least = if *z < *least { *z } else { *least };
            }
            for ((rate, s), z) in rates.iter_mut().zip(&slope).zip(&potential) {
                *rate = self.transport.velocity(*s, *z);
            }
        }
        least.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

struct Dissipation<'a> {
    places: TokenCoordinates<'a>,
    centres: &'a [[f64; 2]],
    polynomials: &'a [PolynomialPair],
    growth: Option<f64>,
    weights: &'a [f64],
}

impl pulp::NullaryFnOnce for Dissipation<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut located = Binned::new();
        let (mut potential, mut slope) = ([1.0; BLOCK], [0.0; BLOCK]);
        let mut sums = [0.0; BLOCK];
        for (block, weights) in self.weights.chunks(BLOCK).enumerate() {
            let cells = (self.centres, self.polynomials.len());
            located.find(self.places, cells, block * BLOCK, weights.len());
            let count = weights.len();
            let (z, s) = (&mut potential[..count], &mut slope[..count]);
            block_values(self.polynomials, &located, z, s);
            let tokens = weights.iter().zip(&slope).zip(&potential);
            for (sum, ((w, s), z)) in sums.iter_mut().zip(tokens) {
                *sum += w * s * s * self.growth.map_or(1.0, |growth| growth / z);
            }
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::series::Series;
    use crate::dynamics::{Attention, Normalisation};
    use crate::measure::{Law, Particles};
    use std::f64::consts::PI;

    /// Tokens of unequal weights in several arrangements, the first with the edges of cells among them.
    fn arrangements(count: usize) -> Vec<(&'static str, Particles)> {
        let drawn = Law::Uniform.sample(count, 2, 5).angles();
        let edges = [0.0, 0.5 * PI, PI, 1.5 * PI, TAU / 128.0, PI / 256.0, -1e-17];
        let mut anywhere = drawn.clone();
        if count > 500 {
            anywhere[..edges.len()].copy_from_slice(&edges);
        }
        let mut in_order = drawn.clone();
        in_order.sort_by(f64::total_cmp);
        let near = drawn.iter().map(|angle| 5.0 + 1e-9 * angle).collect();
        let antipodal = |i: usize| if i.is_multiple_of(2) { 1.0 } else { 1.0 + PI };
        let lists = [
            ("anywhere", anywhere),
            ("in order", in_order),
            ("identical", vec![2.0; count]),
            ("near", near),
            ("antipodal", (0..count).map(antipodal).collect()),
        ];
        let weights: Vec<f64> = (0..count).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect();
        let rows = |list: &[f64]| list.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
        lists
            .map(|(name, list)| (name, Particles::weighted(2, rows(&list), weights.clone())))
            .into()
    }

    #[test]
    fn agrees_with_the_series_at_every_beta_in_every_arrangement() {
        for beta in [0.0, 0.5, 4.0, 9.0, 64.0, 1e4] {
            for count in [1, 2, 1000, 70_000] {
                for (name, tokens) in arrangements(count) {
                    compare(
                        &Kernel::new(2, beta),
                        &tokens,
                        &format!("β {beta} n {count} {name}"),
                    );
                }
            }
        }
    }

    fn compare(kernel: &Kernel, tokens: &Particles, case: &str) {
        let (count, w) = (tokens.count(), &tokens.weights);
        let (mut slow, mut fast) = (vec![0.0; count], vec![0.0; count]);
        let (mut z_slow, mut z_fast) = (vec![0.0; count], vec![0.0; count]);
        let rows = &tokens.positions;
        Series::new(kernel).evaluate(kernel, rows, w, &mut slow, &mut z_slow);
        let angles: Vec<f64> = (tokens.rows().enumerate())
            .map(|(i, x)| x[1].atan2(x[0]) + TAU * ((i % 5) as f64 - 2.0))
            .collect();
        let (mut slope, mut z) = (vec![0.0; count], vec![0.0; count]);
        let mut rates = slope.clone();
        let mut binned = CellSums::new(kernel, w);
        for _ in 0..2 {
            let places = TokenCoordinates::Vectors(rows);
            binned.evaluate(places, w, &mut fast, &mut z_fast);
        }
        let places = TokenCoordinates::Angles(&angles);
        binned.evaluate(places, w, &mut slope, &mut z);
        let mut transport = Transport::new(Attention::new(0.0, Normalisation::Softmax));
        transport.scale = 2.0;
        let least = binned.rates(&angles, w, transport, &mut rates);
        assert_eq!(least, z.iter().copied().fold(f64::INFINITY, f64::min));
        let (mut plain, mut over) = (0.0, 0.0);
        for (((rate, slope), z), w) in rates.iter().zip(&slope).zip(&z).zip(w) {
            assert_eq!(*rate, 2.0 * slope / z, "{case}");
            plain += w * slope * slope;
            over += w * slope * slope * 3.0 / z;
        }
        for (growth, sum) in [(None, plain), (Some(3.0), over)] {
            let found = binned.dissipation(&angles, w, growth);
            assert!((found - sum).abs() <= 1e-13 * sum, "{case}: {found} {sum}");
        }
        // an angle of several turns is known to 2e-15 only, and the slope may be as large as √β
        for (a, b) in slow.iter().zip(&slope).chain(z_slow.iter().zip(&z)) {
            let allowed = 6e-15 * (1.0 + kernel.beta.sqrt());
            assert!((a - b).abs() < allowed, "{case}: {:e}", a - b);
        }
        for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
            let allowed = 4e-15 * (1.0 + kernel.degree() as f64 / 50.0);
            assert!((a - b).abs() < allowed, "{case}: {:e}", a - b);
        }
    }

    #[test]
    fn moments_by_cells_are_the_moments() {
        for (count, degree) in [(1, 3), (5000, 86), (100_000, 300)] {
            for (name, tokens) in arrangements(count) {
                let (slow, angles) = (tokens.moments(degree), tokens.angles());
                let mut binned = CellMomentsOfTokens::new(degree, count);
                let fast = binned.of(&angles, &tokens.weights, None);
                for (k, m) in fast.iter().enumerate() {
                    let off = (m - slow.get(k)).norm();
                    // near 2π an angle is known to 4e-16, of all tokens alike where they are together
                    let allowed = 4e-15 + 5e-16 * k as f64;
                    assert!(off < allowed, "{name} n {count} k {k}: {off:e}");
                }
                let alike = vec![1.0 / count as f64; count];
                let one = binned.of(&angles, &alike, None);
                let other = binned.of(&angles, &alike, Some(alike[0]));
                // what a sum of so many equal terms loses
                let allowed = 1e-15 + 1e-17 * count as f64;
                assert!(
                    one.iter()
                        .zip(&other)
                        .all(|(a, b)| (a - b).norm() < allowed)
                );
            }
        }
    }

    #[test]
    fn has_the_same_bits_with_any_number_of_threads() {
        let tokens = Law::Uniform.sample(200_000, 2, 1);
        let kernel = Kernel::new(2, 9.0);
        let with = |threads| {
            crate::machine::testing::on_threads(threads, || {
                let (mut slope, mut z) = (vec![0.0; 200_000], vec![0.0; 200_000]);
                let mut binned = CellSums::new(&kernel, &tokens.weights);
                binned.evaluate(
                    TokenCoordinates::Vectors(&tokens.positions),
                    &tokens.weights,
                    &mut slope,
                    &mut z,
                );
                (slope, z)
            })
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(3));
    }
}
