//! The series on the circle for many tokens: O(n) with a small constant instead of O(n·degrees).
//!
//! The potential has few degrees (K ≈ 20 + 6√β), so that it is a polynomial on cells of about 1/K. Tokens are taken into
//! cells with the local coordinate u = (θ − φ_c)/h ∈ [−1, 1]; a cell keeps the moments Σ w u^p, p < `ORDER`, and from them come
//! the Fourier moments, e^{ik(φ_c+hu)} = e^{ikφ_c} Σ_p (ikh)^p u^p/p!, one short transform a power. The way back is the adjoint: one
//! transform a power gives the Taylor coefficients of Z and of ∂_θZ/β in every cell. A token costs one cell of moments on
//! the way there and two on the way back, in the first-level cache.
//!
//! The Taylor remainder is (Kh)^{16}/16! of a term of degree K: cells are so many that it is below 1e-15. Groups of tokens
//! are summed in a fixed order, hence the same bits with any number of threads.

use rayon::prelude::*;

use super::Kernel;
use crate::sphere::{CirclePlan, Complex};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Powers of the local coordinate in a cell.
const ORDER: usize = 16;
/// K·h at most: 0.75^16/16! = 5e-16.
const REACH: f64 = 0.75;
/// Tokens that share one set of cells on the way there.
const GROUP: usize = 1 << 16;

/// Tokens that go through the loops abreast.
const BLOCK: usize = 64;

/// One polynomial.
type Cell = [f64; ORDER];

/// Cells and scratch for a kernel.
pub struct Binned {
    plan: CirclePlan,
    /// cos and sin of the centres.
    centres: Vec<[f64; 2]>,
    partial: Vec<Vec<Cell>>,
    value: Vec<Cell>,
    slope: Vec<Cell>,
    place: Vec<(u32, f64)>,
    column: Vec<f64>,
    moments: Vec<Complex>,
    /// (kh)^p/p! for every p and k.
    sizes: Vec<f64>,
}

impl Binned {
    /// Room for `count` tokens and the degrees of a kernel.
    #[must_use]
    pub fn new(kernel: &Kernel, count: usize) -> Self {
        let degree = kernel.degree();
        let cells = ((PI * degree as f64 / REACH).ceil() as usize)
            .max(32)
            .next_power_of_two();
        Self {
            plan: CirclePlan::new(cells),
            centres: (0..cells)
                .map(|c| {
                    let (sin, cos) = (TAU * c as f64 / cells as f64).sin_cos();
                    [cos, sin]
                })
                .collect(),
            partial: vec![vec![[0.0; ORDER]; cells]; count.div_ceil(GROUP).max(1)],
            value: vec![[0.0; ORDER]; cells],
            slope: vec![[0.0; ORDER]; cells],
            place: vec![(0, 0.0); count],
            column: vec![0.0; cells],
            moments: vec![Complex::default(); degree + 1],
            sizes: (0..ORDER)
                .flat_map(|p| (0..=degree).map(move |k| taylor(PI * k as f64 / cells as f64, p)))
                .collect(),
        }
    }

    /// For unit rows z_i: `slope`_i ← (1/β)∂_θZ(θ_i) e^{−β} and `potential`_i ← Z(θ_i) e^{−β}, as
    /// [`super::spectral::Series::evaluate`] does.
    pub fn evaluate(
        &mut self,
        kernel: &Kernel,
        positions: &[f64],
        weights: &[f64],
        slope: &mut [f64],
        potential: &mut [f64],
    ) {
        self.take_in(positions, weights);
        self.transform(kernel);
        let (value, derivative) = (self.value.as_slice(), self.slope.as_slice());
        (self.place.par_chunks(GROUP))
            .zip(
                slope
                    .par_chunks_mut(GROUP)
                    .zip(potential.par_chunks_mut(GROUP)),
            )
            .for_each(|(place, (slope, potential))| {
                pulp::Arch::new().dispatch(Evaluate {
                    place,
                    value,
                    derivative,
                    slope,
                    potential,
                });
            });
    }

    /// Every token into its cell, and the cells' moments.
    fn take_in(&mut self, positions: &[f64], weights: &[f64]) {
        let centres = self.centres.as_slice();
        (positions.par_chunks(2 * GROUP))
            .zip(weights.par_chunks(GROUP))
            .zip(
                self.place
                    .par_chunks_mut(GROUP)
                    .zip(self.partial.par_iter_mut()),
            )
            .for_each(|((rows, weights), (place, cells))| {
                cells.fill([0.0; ORDER]);
                pulp::Arch::new().dispatch(TakeIn {
                    rows,
                    weights,
                    centres,
                    place,
                    cells,
                });
            });
        let (first, rest) = self.partial.split_at_mut(1);
        for other in rest {
            for (sum, cell) in first[0].iter_mut().zip(other.iter()) {
                sum.iter_mut().zip(cell).for_each(|(s, v)| *s += v);
            }
        }
    }

    /// From the cells' moments to the Fourier moments, and to the Taylor coefficients of Z and of its slope.
    fn transform(&mut self, kernel: &Kernel) {
        let (cells, degree) = (self.column.len(), kernel.degree());
        let moments = &mut self.moments;
        moments.fill(Complex::default());
        let sizes = self.sizes.as_slice();
        let turn = |p: usize, k: usize| -> Complex {
            let size = sizes[p * (degree + 1) + k];
            match p % 4 {
                0 => Complex::new(size, 0.0),
                1 => Complex::new(0.0, size),
                2 => Complex::new(-size, 0.0),
                _ => Complex::new(0.0, -size),
            }
        };
        for p in 0..ORDER {
            for (slot, cell) in self.column.iter_mut().zip(&self.partial[0]) {
                *slot = cell[p] * cells as f64;
            }
            self.plan.analysis(&self.column, degree, |k, c| {
                moments[k] += c.conj() * turn(p, k)
            });
        }
        for p in 0..ORDER {
            self.plan.synthesis(
                degree,
                |k| moments[k].conj() * kernel.potential[k] * turn(p, k),
                &mut self.column,
            );
            (self.value.iter_mut().zip(&self.column)).for_each(|(cell, v)| cell[p] = *v);
            self.plan.synthesis(
                degree,
                |k| {
                    let gradient = Complex::new(0.0, k as f64 * kernel.over_beta[k]);
                    moments[k].conj() * gradient * turn(p, k)
                },
                &mut self.column,
            );
            (self.slope.iter_mut().zip(&self.column)).for_each(|(cell, v)| cell[p] = *v);
        }
    }
}

/// x^p/p!.
fn taylor(x: f64, p: usize) -> f64 {
    (1..=p).fold(1.0, |power, q| power * x / q as f64)
}

/// 1, u, u², … times `first`: products of vectors that hold a power or one, which the compiler keeps in registers.
#[inline(always)]
fn powers(first: f64, u: f64) -> Cell {
    let u2 = u * u;
    let u4 = u2 * u2;
    let u8 = u4 * u4;
    let mut p = [0.0; ORDER];
    for (i, power) in p[..8].iter_mut().enumerate() {
        let one = if i & 1 != 0 { u } else { 1.0 };
        let two = if i & 2 != 0 { u2 } else { 1.0 };
        let four = if i & 4 != 0 { u4 } else { 1.0 };
        *power = (first * one) * (two * four);
    }
    for i in 0..8 {
        p[8 + i] = p[i] * u8;
    }
    p
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

struct TakeIn<'a> {
    rows: &'a [f64],
    weights: &'a [f64],
    centres: &'a [[f64; 2]],
    place: &'a mut [(u32, f64)],
    cells: &'a mut [Cell],
}

impl pulp::NullaryFnOnce for TakeIn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let count = self.centres.len();
        let (scale, mask) = (count as f64 / TAU, count - 1);
        let inverse = count as f64 / PI;
        let blocks = (self.rows.chunks(2 * BLOCK)).zip(self.weights.chunks(BLOCK));
        for ((rows, weights), place) in blocks.zip(self.place.chunks_mut(BLOCK)) {
            // Three short loops, the first two in vector instructions: nothing in them depends on a branch.
            let (mut x, mut y) = ([1.0; BLOCK], [0.0; BLOCK]);
            for (i, z) in rows.chunks_exact(2).enumerate() {
                (x[i], y[i]) = (z[0], z[1]);
            }
            let mut cell = [0_usize; BLOCK];
            for i in 0..BLOCK {
                // adding 1.5·2⁵² leaves the nearest integer in the low bits
                let near = rough_angle(x[i], y[i]) * scale + 6_755_399_441_055_744.0;
                cell[i] = near.to_bits() as usize & mask;
            }
            let mut u = [0.0; BLOCK];
            for i in 0..BLOCK {
                let [cos, sin] = self.centres[cell[i] & mask];
                u[i] = arcsine(y[i] * cos - x[i] * sin) * inverse;
            }
            for (i, (w, place)) in weights.iter().zip(place).enumerate() {
                *place = (cell[i] as u32, u[i]);
                let p = powers(*w, u[i]);
                let sums = &mut self.cells[cell[i]];
                for (sum, v) in sums.iter_mut().zip(&p) {
                    *sum += v;
                }
            }
        }
    }
}

/// The arcsine of |s| < 0.1, to 1e-17.
#[inline(always)]
fn arcsine(s: f64) -> f64 {
    let q = s * s;
    let high = 105.0 / 3456.0 + q * (945.0 / 42_240.0 + q * (10_395.0 / 599_040.0));
    s * (1.0 + q * (1.0 / 6.0 + q * (3.0 / 40.0 + q * (15.0 / 336.0 + q * high))))
}

struct Evaluate<'a> {
    place: &'a [(u32, f64)],
    value: &'a [Cell],
    derivative: &'a [Cell],
    slope: &'a mut [f64],
    potential: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let out = self.slope.iter_mut().zip(self.potential);
        for ((cell, u), (slope, potential)) in self.place.iter().zip(out) {
            let p = powers(1.0, *u);
            let cell = *cell as usize;
            *potential = sum(&self.value[cell], &p);
            *slope = sum(&self.derivative[cell], &p);
        }
    }
}

/// Σ a_i p_i in a fixed tree.
#[inline(always)]
fn sum(a: &Cell, p: &Cell) -> f64 {
    let mut s = [0.0; 8];
    for i in 0..8 {
        s[i] = a[i] * p[i] + a[i + 8] * p[i + 8];
    }
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
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
                let mut binned = Binned::new(&kernel, count);
                for _ in 0..2 {
                    binned.evaluate(
                        &kernel,
                        &tokens.positions,
                        &tokens.weights,
                        &mut fast,
                        &mut z_fast,
                    );
                }
                for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
                    // the recurrence of the powers in the series loses an ulp a few degrees
                    let allowed = 4e-15 * (1.0 + kernel.degree() as f64 / 50.0);
                    assert!((a - b).abs() < allowed, "β {beta} n {count}: {:e}", a - b);
                }
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
                let mut binned = Binned::new(&kernel, 200_000);
                binned.evaluate(
                    &kernel,
                    &tokens.positions,
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
