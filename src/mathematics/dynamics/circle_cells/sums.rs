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
#[derive(Debug, Clone)]
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
    pub(crate) fn of_unequal(kernel: &Kernel, count: usize) -> Self {
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
    pub(crate) fn dissipation(
        &mut self,
        angles: &[f64],
        weights: &[f64],
        growth: Option<f64>,
    ) -> f64 {
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

/// Moments of many tokens, on cells so small that every degree is exact: kh ≤ 0.09, where 2J_8(kh) < 1e-15.
#[derive(Debug, Clone)]
pub(crate) struct CellMomentsOfTokens {
    to_moments: CellMoments,
    degree: usize,
    count: usize,
    group: usize,
    partial: Vec<Vec<LocalPowers>>,
}

impl CellMomentsOfTokens {
    /// Room for `count` tokens and degrees up to `degree`.
    #[must_use]
    pub(crate) fn new(degree: usize, count: usize) -> Self {
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
    pub(crate) fn fits(&self, degree: usize, count: usize) -> bool {
        (self.degree, self.count) == (degree, count)
    }

    /// m_k = Σ_j w_j e^{ikθ_j}, k ≤ degree; `common` is the weight of all, if they have one.
    pub(crate) fn of(
        &mut self,
        angles: &[f64],
        weights: &[f64],
        common: Option<f64>,
    ) -> Vec<Complex> {
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
mod tests;
