//! Tokens of the circle taken into cells: which cell, where in it (u = (θ − φ_c)/h ∈ [−1, 1]), and the cells' moments Σ w u^p.

use rayon::prelude::*;

use super::polynomials::{LocalPowers, POWERS};
use crate::machine::registers::ROUNDING;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Tokens that share one set of cells on the way there, at least; and at least so many times the cells.
const GROUP: usize = 1 << 14;
const GROUP_PER_CELL: usize = 16;
/// Tokens that go through the loops abreast.
pub(super) const BLOCK: usize = 64;

/// Where tokens are.
#[derive(Debug, Clone, Copy)]
pub enum TokenCoordinates<'a> {
    /// Unit vectors of the plane, rows.
    Vectors(&'a [f64]),
    /// Angles, of any size.
    Angles(&'a [f64]),
}

/// How many tokens share a set of so many cells.
pub(super) fn group_size(cells: usize) -> usize {
    GROUP.max(GROUP_PER_CELL * cells)
}

/// Σ w u^p over the tokens of each cell into the first of `partial`, group by group; weights of None are one. The centres
/// (cos, sin) are asked for by vectors alone.
pub(super) fn cell_moments(
    places: TokenCoordinates,
    count: usize,
    weights: Option<&[f64]>,
    centres: &[[f64; 2]],
    group: usize,
    partial: &mut [Vec<LocalPowers>],
) {
    (partial.par_iter_mut().enumerate()).for_each(|(index, cells)| {
        cells.fill([0.0; POWERS]);
        let from = index * group;
        let size = group.min(count - from);
        crate::machine::registers::arch().dispatch(TakeIn {
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

impl TokenCoordinates<'_> {
    /// So many from a place on.
    #[inline(always)]
    #[must_use]
    pub(crate) fn part(self, from: usize, count: usize) -> Self {
        match self {
            Self::Vectors(rows) => Self::Vectors(&rows[2 * from..2 * (from + count)]),
            Self::Angles(angles) => Self::Angles(&angles[from..from + count]),
        }
    }
}

/// Up to [`BLOCK`] tokens: their cells and local coordinates.
pub(super) struct Binned {
    pub cell: [u32; BLOCK],
    pub u: [f64; BLOCK],
}

impl Binned {
    /// The tokens from `from` on, in loops of vector instructions: nothing in them depends on a branch.
    #[inline(always)]
    pub(crate) fn find(
        &mut self,
        places: TokenCoordinates,
        (centres, cells): (&[[f64; 2]], usize),
        from: usize,
        count: usize,
    ) {
        let mask = cells as u32 - 1;
        match places {
            TokenCoordinates::Angles(angles) => {
                self.find_angles(&angles[from..from + count], cells);
            }
            TokenCoordinates::Vectors(rows) => {
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

    /// Finds the cell and the place in it of tokens given by their angles.
    #[inline(always)]
    pub(crate) fn find_angles(&mut self, angles: &[f64], cells: usize) {
        let (scale, mask) = (cells as f64 / TAU, cells as u32 - 1);
        for ((cell, u), angle) in self.cell.iter_mut().zip(&mut self.u).zip(angles) {
            let place = angle * scale;
            let near = place + ROUNDING;
            *cell = near.to_bits() as u32 & mask;
            *u = 2.0 * (place - (near - ROUNDING));
        }
    }

    /// The cell that a whole block lies in, as most do where tokens are in order.
    #[inline(always)]
    pub(crate) fn only_cell(&self, count: usize) -> Option<usize> {
        let first = self.cell[0];
        let others = self
            .cell
            .iter()
            .fold(0, |others, cell| others | (cell ^ first));
        (count == BLOCK && others == 0).then_some(first as usize)
    }

    #[inline(always)]
    pub(crate) fn new() -> Self {
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
    places: TokenCoordinates<'a>,
    /// None where all are one.
    weights: Option<&'a [f64]>,
    centres: &'a [[f64; 2]],
    cells: &'a mut [LocalPowers],
}

impl pulp::NullaryFnOnce for TakeIn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut located = Binned::new();
        let total = match self.places {
            TokenCoordinates::Vectors(rows) => rows.len() / 2,
            TokenCoordinates::Angles(angles) => angles.len(),
        };
        for from in (0..total).step_by(BLOCK) {
            let count = BLOCK.min(total - from);
            located.find(self.places, (self.centres, self.cells.len()), from, count);
            if let Some(cell) = located.only_cell(count) {
                let mut w = [1.0; BLOCK];
                if let Some(weights) = self.weights {
                    w.copy_from_slice(&weights[from..from + count]);
                }
                add_powers(&mut w, &located.u, &mut self.cells[cell]);
                continue;
            }
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

/// Adds Σ w u^p of a block of one cell: nothing waits for the sum of the token before (measured on tokens in order: a third of the
/// time).
#[inline(always)]
fn add_powers(w: &mut [f64; BLOCK], u: &[f64; BLOCK], sums: &mut LocalPowers) {
    for sum in sums {
        let mut lanes = [0.0; 8];
        for eight in w.as_chunks::<8>().0 {
            for (lane, w) in lanes.iter_mut().zip(eight) {
                *lane += w;
            }
        }
        *sum += lanes.iter().sum::<f64>();
        for (w, u) in w.iter_mut().zip(u) {
            *w *= u;
        }
    }
}

/// w, wu, … wu^7, by doubling.
#[inline(always)]
fn powers(w: f64, u: f64) -> LocalPowers {
    let u2 = u * u;
    let u4 = u2 * u2;
    let mut p = [0.0; POWERS];
    (p[0], p[1]) = (w, w * u);
    for i in 0..2 {
        p[2 + i] = p[i] * u2;
    }
    for i in 0..4 {
        p[4 + i] = p[i] * u4;
    }
    p
}
