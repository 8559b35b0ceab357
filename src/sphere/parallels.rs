//! Fourier transforms along the parallels, north and south in one: the longitude half of the transform on S².
//!
//! Latitude x_j and its mirror −x_j are the real and the imaginary part of one complex function of longitude, so that one complex
//! transform of N points serves two parallels. A field on the grid is so *folded* at the equator: N complex numbers for every
//! northern latitude, from the pole downwards. The equator, where there is one, is its own mirror and stands in both parts.
//!
//! The sums of [`super::legendre`] come in rows of latitudes, one for every order; the transform wants rows of longitudes. They are
//! turned in squares of eight orders and eight latitudes, a line of the cache either way.

use std::sync::Arc;

use rayon::prelude::*;
use rustfft::{Fft, FftPlanner};

use super::Complex;
use super::legendre::{LANES, Legendre, Orders};

/// Orders of a square.
const TILE: usize = 8;

/// The transforms of a grid; every block of eight latitudes has its scratch.
pub struct Parallels {
    longitudes: usize,
    /// Padded number of northern latitudes.
    padded: usize,
    /// See [`super::legendre::Legendre::places`].
    places: [usize; LANES],
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    scratch: Vec<Complex>,
}

impl Parallels {
    /// For so many longitudes and the latitudes of the other half.
    #[must_use]
    pub fn new(longitudes: usize, legendre: &Legendre) -> Self {
        let padded = legendre.padded();
        let mut planner = FftPlanner::new();
        let forward = planner.plan_fft_forward(longitudes);
        let inverse = planner.plan_fft_inverse(longitudes);
        let (a, b) = (
            forward.get_inplace_scratch_len(),
            inverse.get_inplace_scratch_len(),
        );
        Self {
            longitudes,
            padded,
            places: legendre.places(),
            forward,
            inverse,
            scratch: vec![Complex::default(); a.max(b).max(1) * padded / LANES],
        }
    }

    /// The folded field from rows of Z_m and Z_{−m}, m ≤ `degree`; with `DERIVATIVE`, its ∂_φ.
    pub fn synthesis<const DERIVATIVE: bool>(
        &mut self,
        degree: usize,
        rows: &[Orders],
        field: &mut [Complex],
        parallel: bool,
    ) {
        let (n, padded, inverse) = (self.longitudes, self.padded, &self.inverse);
        let places = &self.places;
        let each = |((block, field), scratch): ((usize, &mut [Complex]), &mut [Complex])| {
            spread::<DERIVATIVE>(degree, rows, padded, (block, places), n, field);
            inverse.process_with_scratch(field, scratch);
        };
        let scratch = self.scratch.len() / (padded / LANES);
        if parallel {
            (field.par_chunks_mut(LANES * n).enumerate())
                .zip(self.scratch.par_chunks_mut(scratch))
                .for_each(each);
        } else {
            (field.chunks_mut(LANES * n).enumerate())
                .zip(self.scratch.chunks_mut(scratch))
                .for_each(each);
        }
    }

    /// N Z_m and N Z_{−m}, m ≤ `degree`, from a folded field, which is destroyed; order 0 with half of N Z_0 in either place.
    pub fn analysis(
        &mut self,
        degree: usize,
        field: &mut [Complex],
        rows: &mut [Orders],
        parallel: bool,
    ) {
        let (n, padded, forward) = (self.longitudes, self.padded, &self.forward);
        let places = &self.places;
        let each = |(field, scratch): (&mut [Complex], &mut [Complex])| {
            forward.process_with_scratch(field, scratch);
        };
        let scratch = self.scratch.len() / (padded / LANES);
        let tile = TILE * padded;
        let rows = &mut rows[..(degree + 1) * padded];
        if parallel {
            (field.par_chunks_mut(LANES * n))
                .zip(self.scratch.par_chunks_mut(scratch))
                .for_each(each);
            (rows.par_chunks_mut(tile).enumerate())
                .for_each(|(index, rows)| gather(index * TILE, rows, padded, places, n, field));
        } else {
            (field.chunks_mut(LANES * n))
                .zip(self.scratch.chunks_mut(scratch))
                .for_each(each);
            (rows.chunks_mut(tile).enumerate())
                .for_each(|(index, rows)| gather(index * TILE, rows, padded, places, n, field));
        }
    }
}

/// The Fourier coefficients of a block of latitudes from the rows of all orders.
fn spread<const DERIVATIVE: bool>(
    degree: usize,
    rows: &[Orders],
    padded: usize,
    (block, places): (usize, &[usize; LANES]),
    n: usize,
    field: &mut [Complex],
) {
    for row in field.chunks_exact_mut(n) {
        match &mut row[degree + 1..n - degree] {
            // not worth a call
            [only] => *only = Complex::default(),
            many => many.fill(Complex::default()),
        }
    }
    let (octets, _) = rows.as_chunks::<LANES>();
    let stride = padded / LANES;
    for first in (0..=degree).step_by(TILE) {
        let count = TILE.min(degree + 1 - first);
        // of an incomplete square the last row counts several times
        let square: [&[Orders; LANES]; TILE] =
            std::array::from_fn(|order| &octets[(first + order.min(count - 1)) * stride + block]);
        for (place, lane) in places.iter().enumerate() {
            let Some(row) = field.get_mut(lane * n..(lane + 1) * n) else {
                continue;
            };
            if count == TILE && first > 0 {
                let (head, tail) = row.split_at_mut(n + 1 - first - TILE);
                let (here, mirrors) = (&mut head[first..first + TILE], &mut tail[..TILE]);
                for order in 0..TILE {
                    here[order] = turned::<DERIVATIVE>(square[order][place][0], first + order);
                }
                for order in 0..TILE {
                    let mirror = turned::<DERIVATIVE>(square[order][place][1], first + order);
                    mirrors[TILE - 1 - order] = if DERIVATIVE { -mirror } else { mirror };
                }
                continue;
            }
            for (order, octet) in square[..count].iter().enumerate() {
                let [z, mirror] = octet[place].map(|z| turned::<DERIVATIVE>(z, first + order));
                row[first + order] = z;
                // order 0 has no mirror
                if first + order > 0 {
                    row[n - first - order] = if DERIVATIVE { -mirror } else { mirror };
                }
            }
        }
    }
}

/// z, or with `DERIVATIVE` imz.
#[inline(always)]
fn turned<const DERIVATIVE: bool>(z: Complex, order: usize) -> Complex {
    if DERIVATIVE {
        let m = order as f64;
        Complex::new(-m * z.im, m * z.re)
    } else {
        z
    }
}

/// The rows of a tile of orders from the Fourier coefficients of all latitudes.
fn gather(
    first: usize,
    rows: &mut [Orders],
    padded: usize,
    places: &[usize; LANES],
    n: usize,
    field: &[Complex],
) {
    let (octets, _) = rows.as_chunks_mut::<LANES>();
    let stride = padded / LANES;
    let count = octets.len() / stride;
    for (block, field) in field.chunks(LANES * n).enumerate() {
        for (place, lane) in places.iter().enumerate() {
            let Some(row) = field.get(lane * n..(lane + 1) * n) else {
                continue;
            };
            let here = &row[first..first + count];
            if first == 0 {
                octets[block][place] = [here[0] * 0.5; 2];
            }
            let skip = usize::from(first == 0);
            let mirrors = &row[n + 1 - first - count..n + 1 - first - skip];
            let pairs = here[skip..].iter().zip(mirrors.iter().rev());
            for (octet, (z, mirror)) in octets[skip * stride + block..]
                .iter_mut()
                .step_by(stride)
                .zip(pairs)
            {
                octet[place] = [*z, *mirror];
            }
        }
    }
}
