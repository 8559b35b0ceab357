//! The series on the circle for many tokens: O(n) with a small constant instead of O(n·degrees).
//!
//! The field has few modes, so that it is a polynomial of low degree on a few hundred cells ([`super::cells`]). Tokens are taken
//! into cells with the local coordinate u = (θ − φ_c)/h ∈ [−1, 1]; a cell keeps the moments Σ w u^p, one cache line, from which
//! the Fourier moments come by one short transform a power. The way back is the adjoint: the polynomials of Z and of ∂_θZ/β lie
//! side by side, two cache lines. A token costs one line on the way there and two on the way back, all in the first-level cache.
//!
//! Groups of tokens are summed in a fixed order, hence the same bits with any number of threads. The slow reference is
//! [`super::spectral::Series`].

use rayon::prelude::*;

use super::Kernel;
use super::cells::{CellField, Moments, ORDER, Pair, enough_cells};
use crate::measure::particles::common_weight;
use crate::sphere::Complex;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Tokens that share one set of cells on the way there, at least; and at least so many times the cells.
const GROUP: usize = 1 << 14;
const GROUP_PER_CELL: usize = 16;
/// Tokens that go through the loops abreast.
pub(super) const BLOCK: usize = 64;

/// Adding 1.5·2⁵² leaves the nearest integer in the low bits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// Where tokens are.
#[derive(Clone, Copy)]
pub enum Places<'a> {
    /// Unit vectors of the plane, rows.
    Vectors(&'a [f64]),
    /// Angles, of any size.
    Angles(&'a [f64]),
}

/// Cells and scratch for a kernel.
pub struct Binned {
    field: CellField,
    /// cos and sin of the centres.
    centres: Vec<[f64; 2]>,
    group: usize,
    partial: Vec<Vec<Moments>>,
    /// Of equal weights there is one.
    common: Option<f64>,
    column: Vec<f64>,
    moments: Vec<Complex>,
}

impl Binned {
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
            partial: vec![vec![[0.0; ORDER]; cells]; count.div_ceil(group).max(1)],
            common: None,
            column: vec![0.0; cells],
            moments: vec![Complex::default(); kernel.degree() + 1],
        }
    }

    /// For every token: `slope`_i ← (1/β)∂_θZ(θ_i) e^{−β} and `potential`_i ← Z(θ_i) e^{−β}, as
    /// [`super::spectral::Series::evaluate`] does.
    pub fn evaluate(
        &mut self,
        kernel: &Kernel,
        places: Places,
        weights: &[f64],
        slope: &mut [f64],
        potential: &mut [f64],
    ) {
        self.take_in(places, weights);
        self.transform(kernel);
        (slope.par_chunks_mut(self.group))
            .zip(potential.par_chunks_mut(self.group))
            .enumerate()
            .for_each(|(group, (slope, potential))| {
                pulp::Arch::new().dispatch(Evaluate {
                    places: places.part(group * self.group, slope.len()),
                    centres: &self.centres,
                    polynomials: &self.field.polynomials,
                    slope,
                    potential,
                });
            });
    }

    /// The rates of tokens at `angles`: `rate`_i ← scale·slope_i, over the potential if `softmax`; returns the smallest potential.
    pub fn rates(
        &mut self,
        kernel: &Kernel,
        angles: &[f64],
        weights: &[f64],
        (scale, softmax): (f64, bool),
        rates: &mut [f64],
    ) -> f64 {
        let places = Places::Angles(angles);
        self.take_in(places, weights);
        self.transform(kernel);
        (rates.par_chunks_mut(self.group).enumerate())
            .map(|(group, rates)| {
                pulp::Arch::new().dispatch(Rates {
                    places: places.part(group * self.group, rates.len()),
                    centres: &self.centres,
                    polynomials: &self.field.polynomials,
                    scale,
                    softmax,
                    rates,
                })
            })
            .reduce(|| f64::INFINITY, f64::min)
    }

    /// Every token into its cell, and the cells' moments.
    fn take_in(&mut self, places: Places, weights: &[f64]) {
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
    fn transform(&mut self, kernel: &Kernel) {
        let moments = &mut self.moments;
        moments.fill(Complex::default());
        let mass = self.column.len() as f64 * self.common.unwrap_or(1.0);
        for p in 0..ORDER {
            for (slot, cell) in self.column.iter_mut().zip(&self.partial[0]) {
                *slot = cell[p] * mass;
            }
            self.field.add_moments(p, &self.column, moments);
        }
        self.field
            .set(kernel, kernel.degree(), |k| moments[k].conj());
    }
}

/// Moments of many tokens, on cells so small that every degree is exact: kh ≤ 0.09, where 2J_8(kh) < 1e-15.
pub struct BinnedMoments {
    field: CellField,
    degree: usize,
    count: usize,
    group: usize,
    partial: Vec<Vec<Moments>>,
    column: Vec<f64>,
}

impl BinnedMoments {
    /// Room for `count` tokens and degrees up to `degree`.
    #[must_use]
    pub fn new(degree: usize, count: usize) -> Self {
        let cells = (35 * degree.max(2)).next_power_of_two();
        let group = group_size(cells);
        Self {
            field: CellField::of_degree(degree, cells),
            degree,
            count,
            group,
            partial: vec![vec![[0.0; ORDER]; cells]; count.div_ceil(group).max(1)],
            column: vec![0.0; cells],
        }
    }

    /// Whether this is the room for so many tokens and degrees.
    #[must_use]
    pub fn fits(&self, degree: usize, count: usize) -> bool {
        (self.degree, self.count) == (degree, count)
    }

    /// m_k = Σ_j w_j e^{ikθ_j}, k ≤ degree.
    pub fn of(&mut self, angles: &[f64], weights: &[f64]) -> Vec<Complex> {
        let (places, weights) = (Places::Angles(angles), Some(weights));
        let (group, partial) = (self.group, &mut self.partial);
        cell_moments(places, angles.len(), weights, &[], group, partial);
        let mut moments = vec![Complex::default(); self.degree + 1];
        let cells = self.column.len() as f64;
        for p in 0..ORDER {
            for (slot, cell) in self.column.iter_mut().zip(&self.partial[0]) {
                *slot = cell[p] * cells;
            }
            self.field.add_moments(p, &self.column, &mut moments);
        }
        moments
    }
}

/// How many tokens share a set of so many cells.
pub(super) fn group_size(cells: usize) -> usize {
    GROUP.max(GROUP_PER_CELL * cells)
}

/// Σ w u^p over the tokens of each cell into the first of `partial`, group by group; weights of None are one. The centres
/// (cos, sin) are asked for by vectors alone.
pub(super) fn cell_moments(
    places: Places,
    count: usize,
    weights: Option<&[f64]>,
    centres: &[[f64; 2]],
    group: usize,
    partial: &mut [Vec<Moments>],
) {
    (partial.par_iter_mut().enumerate()).for_each(|(index, cells)| {
        cells.fill([0.0; ORDER]);
        let from = index * group;
        let size = group.min(count - from);
        pulp::Arch::new().dispatch(TakeIn {
            places: places.part(from, size),
            weights: weights.map(|weights| &weights[from..from + size]),
            centres,
            cells,
        });
    });
    let (first, rest) = partial.split_at_mut(1);
    for other in rest {
        for (sum, cell) in first[0].iter_mut().zip(other.iter()) {
            sum.iter_mut().zip(cell).for_each(|(s, v)| *s += v);
        }
    }
}

impl<'a> Places<'a> {
    #[inline(always)]
    fn part(self, from: usize, count: usize) -> Self {
        match self {
            Self::Vectors(rows) => Self::Vectors(&rows[2 * from..2 * (from + count)]),
            Self::Angles(angles) => Self::Angles(&angles[from..from + count]),
        }
    }
}

/// Up to [`BLOCK`] tokens: their cells and local coordinates.
pub(super) struct Located {
    pub cell: [u32; BLOCK],
    pub u: [f64; BLOCK],
}

impl Located {
    /// The tokens from `from` on, in loops of vector instructions: nothing in them depends on a branch.
    #[inline(always)]
    fn find(
        &mut self,
        places: Places,
        (centres, cells): (&[[f64; 2]], usize),
        from: usize,
        count: usize,
    ) {
        let mask = cells as u32 - 1;
        match places {
            Places::Angles(angles) => self.find_angles(&angles[from..from + count], cells),
            Places::Vectors(rows) => {
                let (mut x, mut y) = ([1.0; BLOCK], [0.0; BLOCK]);
                for (i, z) in rows[2 * from..2 * (from + count)]
                    .chunks_exact(2)
                    .enumerate()
                {
                    (x[i], y[i]) = (z[0], z[1]);
                }
                let scale = cells as f64 / TAU;
                for i in 0..BLOCK {
                    let near = rough_angle(x[i], y[i]) * scale + ROUNDING;
                    self.cell[i] = near.to_bits() as u32 & mask;
                }
                let inverse = cells as f64 / PI;
                for i in 0..BLOCK {
                    let [cos, sin] = centres[self.cell[i] as usize & (cells - 1)];
                    self.u[i] = arcsine(y[i] * cos - x[i] * sin) * inverse;
                }
            }
        }
    }

    /// The same of angles alone.
    #[inline(always)]
    pub fn find_angles(&mut self, angles: &[f64], cells: usize) {
        let (scale, mask) = (cells as f64 / TAU, cells as u32 - 1);
        for ((cell, u), angle) in self.cell.iter_mut().zip(&mut self.u).zip(angles) {
            let place = angle * scale;
            let near = place + ROUNDING;
            *cell = near.to_bits() as u32 & mask;
            *u = 2.0 * (place - (near - ROUNDING));
        }
    }

    #[inline(always)]
    pub fn new() -> Self {
        Self {
            cell: [0; BLOCK],
            u: [0.0; BLOCK],
        }
    }
}

/// The angle of a unit vector to about 1e-4, enough to choose its cell.
#[inline(always)]
fn rough_angle(x: f64, y: f64) -> f64 {
    let (a, b) = (x.abs(), y.abs());
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let t = low / high;
    let s = t * t;
    let near = t * (0.999_787_84 + s * (-0.325_808_4 + s * (0.155_578_65 - s * 0.044_326_55)));
    let first = if a < b { FRAC_PI_2 - near } else { near };
    let upper = if x < 0.0 { PI - first } else { first };
    if y < 0.0 { TAU - upper } else { upper }
}

/// The arcsine of |s| < 0.06, to 1e-17.
#[inline(always)]
fn arcsine(s: f64) -> f64 {
    let q = s * s;
    let high = 105.0 / 3456.0 + q * (945.0 / 42_240.0 + q * (10_395.0 / 599_040.0));
    s * (1.0 + q * (1.0 / 6.0 + q * (3.0 / 40.0 + q * (15.0 / 336.0 + q * high))))
}

struct TakeIn<'a> {
    places: Places<'a>,
    /// None where all are one.
    weights: Option<&'a [f64]>,
    centres: &'a [[f64; 2]],
    cells: &'a mut [Moments],
}

impl pulp::NullaryFnOnce for TakeIn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut located = Located::new();
        let total = match self.places {
            Places::Vectors(rows) => rows.len() / 2,
            Places::Angles(angles) => angles.len(),
        };
        for from in (0..total).step_by(BLOCK) {
            let count = BLOCK.min(total - from);
            located.find(self.places, (self.centres, self.cells.len()), from, count);
            for i in 0..count {
                let w = match self.weights {
                    Some(weights) => weights[from + i],
                    None => 1.0,
                };
                let sums = &mut self.cells[located.cell[i] as usize];
                let p = powers(w, located.u[i]);
                for (sum, v) in sums.iter_mut().zip(&p) {
                    *sum += v;
                }
            }
        }
    }
}

/// w, wu, … wu^7, by doubling.
#[inline(always)]
fn powers(w: f64, u: f64) -> Moments {
    let u2 = u * u;
    let u4 = u2 * u2;
    let mut p = [0.0; ORDER];
    (p[0], p[1]) = (w, w * u);
    for i in 0..2 {
        p[2 + i] = p[i] * u2;
    }
    for i in 0..4 {
        p[4 + i] = p[i] * u4;
    }
    p
}

/// Both polynomials at u, by halving: three steps however long the vectors are.
#[inline(always)]
fn values(cell: &Pair, u: f64) -> [f64; 2] {
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

struct Evaluate<'a> {
    places: Places<'a>,
    centres: &'a [[f64; 2]],
    polynomials: &'a [Pair],
    slope: &'a mut [f64],
    potential: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut located = Located::new();
        let outs = (self.slope.chunks_mut(BLOCK)).zip(self.potential.chunks_mut(BLOCK));
        for (block, (slope, potential)) in outs.enumerate() {
            let cells = (self.centres, self.polynomials.len());
            located.find(self.places, cells, block * BLOCK, slope.len());
            for (i, (slope, potential)) in slope.iter_mut().zip(potential).enumerate() {
                let cell = &self.polynomials[located.cell[i] as usize];
                [*potential, *slope] = values(cell, located.u[i]);
            }
        }
    }
}

struct Rates<'a> {
    places: Places<'a>,
    centres: &'a [[f64; 2]],
    polynomials: &'a [Pair],
    scale: f64,
    softmax: bool,
    rates: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Rates<'_> {
    /// The smallest potential.
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut located = Located::new();
        let (mut potential, mut slope) = ([1.0; BLOCK], [0.0; BLOCK]);
        let mut least = [f64::INFINITY; BLOCK];
        for (block, rates) in self.rates.chunks_mut(BLOCK).enumerate() {
            let cells = (self.centres, self.polynomials.len());
            located.find(self.places, cells, block * BLOCK, rates.len());
            for i in 0..rates.len() {
                let cell = &self.polynomials[located.cell[i] as usize];
                [potential[i], slope[i]] = values(cell, located.u[i]);
            }
            for (least, z) in least.iter_mut().zip(&potential).take(rates.len()) {
                *least = if *z < *least { *z } else { *least };
            }
            if self.softmax {
                for ((rate, s), z) in rates.iter_mut().zip(&slope).zip(&potential) {
                    *rate = self.scale * s / z;
                }
            } else {
                for (rate, s) in rates.iter_mut().zip(&slope) {
                    *rate = self.scale * s;
                }
            }
        }
        least.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::super::spectral::Series;
    use super::*;
    use crate::measure::{Law, Particles};

    #[test]
    fn agrees_with_the_series_at_every_beta_and_at_the_edges_of_the_cells() {
        for beta in [0.0, 0.5, 4.0, 9.0, 64.0, 1e4] {
            for count in [1, 2, 1000, 70_000] {
                let drawn = Law::Uniform.sample(count, 2, 5);
                let mut positions = drawn.positions;
                for (place, angle) in [0.0, 0.5 * PI, PI, 1.5 * PI, TAU / 128.0, PI / 256.0, -1e-17]
                    .iter()
                    .enumerate()
                {
                    if count > 500 {
                        let (sin, cos) = f64::sin_cos(*angle);
                        (positions[2 * place], positions[2 * place + 1]) = (cos, sin);
                    }
                }
                let weights = (0..count).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect();
                let tokens = Particles::weighted(2, positions, weights);
                let kernel = Kernel::new(2, beta);
                let (mut slow, mut fast) = (vec![0.0; count], vec![0.0; count]);
                let (mut z_slow, mut z_fast) = (vec![0.0; count], vec![0.0; count]);
                Series::new(&kernel).evaluate(
                    &kernel,
                    &tokens.positions,
                    &tokens.weights,
                    &mut slow,
                    &mut z_slow,
                );
                let angles: Vec<f64> = (tokens.rows().enumerate())
                    .map(|(i, x)| x[1].atan2(x[0]) + TAU * ((i % 5) as f64 - 2.0))
                    .collect();
                let (mut slope, mut z) = (vec![0.0; count], vec![0.0; count]);
                let mut rates = slope.clone();
                let mut binned = Binned::new(&kernel, &tokens.weights);
                for _ in 0..2 {
                    binned.evaluate(
                        &kernel,
                        Places::Vectors(&tokens.positions),
                        &tokens.weights,
                        &mut fast,
                        &mut z_fast,
                    );
                }
                let (places, w) = (Places::Angles(&angles), &tokens.weights);
                binned.evaluate(&kernel, places, w, &mut slope, &mut z);
                let least = binned.rates(&kernel, &angles, w, (2.0, true), &mut rates);
                assert_eq!(least, z.iter().copied().fold(f64::INFINITY, f64::min));
                for ((rate, slope), z) in rates.iter().zip(&slope).zip(&z) {
                    assert_eq!(*rate, 2.0 * slope / z);
                }
                // an angle of several turns is known to 2e-15 only, and the slope may be as large as √β
                for (a, b) in slow.iter().zip(&slope).chain(z_slow.iter().zip(&z)) {
                    let allowed = 6e-15 * (1.0 + beta.sqrt());
                    assert!((a - b).abs() < allowed, "β {beta} n {count}: {:e}", a - b);
                }
                for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
                    let allowed = 4e-15 * (1.0 + kernel.degree() as f64 / 50.0);
                    assert!((a - b).abs() < allowed, "β {beta} n {count}: {:e}", a - b);
                }
            }
        }
    }

    #[test]
    fn moments_by_cells_are_the_moments() {
        for (count, degree) in [(1, 3), (5000, 86), (100_000, 300)] {
            let drawn = Law::Uniform.sample(count, 2, 8);
            let weights = (0..count).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect();
            let tokens = Particles::weighted(2, drawn.positions, weights);
            let slow = tokens.moments(degree);
            let fast = BinnedMoments::new(degree, count).of(&tokens.angles(), &tokens.weights);
            for (k, m) in fast.iter().enumerate() {
                let off = (m - slow.get(k)).norm();
                assert!(
                    off < 2e-15 * (1.0 + k as f64 / 20.0),
                    "n {count} k {k}: {off:e}"
                );
            }
        }
    }

    #[test]
    fn has_the_same_bits_with_any_number_of_threads() {
        let tokens = Law::Uniform.sample(200_000, 2, 1);
        let kernel = Kernel::new(2, 9.0);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let (mut slope, mut z) = (vec![0.0; 200_000], vec![0.0; 200_000]);
                let mut binned = Binned::new(&kernel, &tokens.weights);
                binned.evaluate(
                    &kernel,
                    Places::Vectors(&tokens.positions),
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
