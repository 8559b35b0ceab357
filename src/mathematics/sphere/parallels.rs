//! Fourier transforms along the parallels, north and south in one: the longitude half of the transform on S².
//!
//! Latitude x_j and its mirror −x_j are the real and the imaginary part of one complex function of longitude, so that one complex
//! transform of N points serves two parallels. A field on the grid is so *folded* at the equator, and eight northern latitudes lie side by
//! side: block after block from the pole downwards, and in a block longitude after longitude, a [`LatitudePack`] each. What is missing in the last
//! block is filled up with its last latitude over and over, which weighs nothing there. An equator of the grid is its own mirror and stands in
//! both parts.
//!
//! The sums of [`super::legendre`] come in columns too, two for an order (Z_m and Z_{−m}) and a block: order after order from the synthesis,
//! block after block for the analysis, so that threads can share orders there and blocks here. The transforms of
//! [`crate::machine::fft::batched`] read and
//! write them where they are.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Complex;
use crate::machine::fft::batched::{BatchedFft, LANES, LatitudePack, Places};
use crate::machine::fft::fallback::FallbackFft;
use crate::machine::transpose::{Fold, LaneOrder, Unfold};

/// The transforms of a grid; every block of eight latitudes has its scratch.
#[derive(Debug, Clone)]
pub(crate) struct Parallels {
    latitudes: usize,
    longitudes: usize,
    /// Number of blocks.
    blocks: usize,
    /// The highest order that there are rows for.
    highest: usize,
    fourier: Fourier,
    /// The order of coefficient k, k or k − N; 0 beyond the highest.
    frequencies: Vec<f64>,
    /// Which latitude of a block stands at each place of its turned rows, and the other way round.
    order: [usize; LANES],
    turned: [usize; LANES],
    scratch: Vec<LatitudePack>,
    /// Lines for transforms one by one.
    room: Vec<Complex>,
    arch: pulp::Arch,
}

#[derive(Debug, Clone)]
enum Fourier {
    Abreast(BatchedFft),
    FallbackFft(FallbackFft),
}

impl Parallels {
    /// For a grid of so many longitudes, more than twice the highest order.
    #[must_use]
    pub(crate) fn new(latitudes: usize, longitudes: usize, highest: usize) -> Self {
        let blocks = latitudes.div_ceil(2).div_ceil(LANES);
        let frequency = |k: usize| match (k, longitudes - k) {
            (order, _) if order <= highest => order as f64,
            (_, order) if order <= highest => -(order as f64),
            _ => 0.0,
        };
        let arch = crate::machine::registers::arch();
        let order = arch.dispatch(LaneOrder);
        let fourier = BatchedFft::new(longitudes).map_or_else(
            || Fourier::FallbackFft(FallbackFft::new(longitudes)),
            Fourier::Abreast,
        );
        let room = match &fourier {
            Fourier::Abreast(_) => 1,
            Fourier::FallbackFft(plan) => plan.room(),
        };
        Self {
            latitudes,
            longitudes,
            blocks,
            highest,
            fourier,
            room: vec![Complex::default(); room * blocks],
            frequencies: (0..longitudes).map(frequency).collect(),
            order,
            turned: std::array::from_fn(|lane| {
                order.iter().position(|l| *l == lane).unwrap_or(lane)
            }),
            scratch: vec![LatitudePack::default(); longitudes * blocks],
            arch,
        }
    }

    /// Columns of a folded field.
    #[must_use]
    pub(crate) fn field_length(&self) -> usize {
        self.longitudes * self.blocks
    }

    /// The folded field from the rows of the orders up to `degree`, behind those of all orders one of zeros; with `derivative`, its ∂_φ.
    pub(crate) fn synthesis(
        &mut self,
        derivative: bool,
        degree: usize,
        rows: &[LatitudePack],
        field: &mut [LatitudePack],
        parallel: bool,
    ) {
        let (n, arch, fourier) = (self.longitudes, self.arch, &self.fourier);
        let (slopes, blocks) = (&*self.frequencies, self.blocks);
        let frequencies = derivative.then_some(slopes);
        let room = self.room.len() / blocks;
        let places = |block| Orders {
            highest: degree.min(self.highest),
            longitudes: n,
            stride: 2 * blocks,
            offset: 2 * block,
            rest: 2 * blocks * (self.highest + 1),
        };
        let each = |(block, field): (usize, &mut [LatitudePack]), (scratch, room): Scratch<'_>| {
            let places = places(block);
            match fourier {
                Fourier::Abreast(columns) => arch.dispatch(Inverse {
                    columns,
                    rows,
                    places,
                    frequencies,
                    field,
                    scratch,
                }),
                Fourier::FallbackFft(plan) => {
                    plan.inverse((rows, places), frequencies, field, room);
                }
            }
        };
        if parallel {
            let scratch = self.scratch.par_chunks_exact_mut(n);
            (field.par_chunks_exact_mut(n).enumerate())
                .zip(scratch.zip(self.room.par_chunks_exact_mut(room)))
                .for_each(|(field, scratch)| each(field, scratch));
        } else {
            // one scratch for all stays in the cache
            for field in field.chunks_exact_mut(n).enumerate() {
                each(field, (&mut self.scratch[..n], &mut self.room[..room]));
            }
        }
    }

    /// N Z_m and N Z_{−m}, m ≤ `degree`, from a folded field, which is destroyed; order 0 with half of N Z_0 in either place.
    pub(crate) fn analysis(
        &mut self,
        degree: usize,
        field: &mut [LatitudePack],
        rows: &mut [LatitudePack],
        parallel: bool,
    ) {
        let (n, arch, fourier) = (self.longitudes, self.arch, &self.fourier);
        let room = self.room.len() / self.blocks;
        let block_rows = 2 * (self.highest + 2);
        // what is of no order goes behind them
        let places = Orders {
            highest: degree.min(self.highest),
            longitudes: n,
            stride: 2,
            offset: 0,
            rest: 2 * (self.highest + 1),
        };
        let each = |(field, rows): (&mut [LatitudePack], &mut [LatitudePack]),
                    (scratch, room): Scratch<'_>| {
            match fourier {
                Fourier::Abreast(columns) => arch.dispatch(Forward {
                    columns,
                    field,
                    scratch,
                    rows,
                    places,
                }),
                Fourier::FallbackFft(plan) => plan.forward(field, room, (rows, places)),
            }
            // order 0 is its own mirror
            (rows[0].0.as_flattened_mut().iter_mut()).for_each(|number| *number *= 0.5);
            rows[1] = rows[0];
        };
        if parallel {
            let scratch = self.scratch.par_chunks_exact_mut(n);
            (field.par_chunks_exact_mut(n))
                .zip(rows.par_chunks_exact_mut(block_rows))
                .zip(scratch.zip(self.room.par_chunks_exact_mut(room)))
                .for_each(|(block, scratch)| each(block, scratch));
        } else {
            let blocks = (field.chunks_exact_mut(n)).zip(rows.chunks_exact_mut(block_rows));
            for block in blocks {
                each(block, (&mut self.scratch[..n], &mut self.room[..room]));
            }
        }
    }

    /// Rows of longitudes, from north to south, of a folded field.
    pub(crate) fn unfold(&self, field: &[LatitudePack], values: &mut [f64]) {
        let n = self.longitudes;
        let values = &mut values[..self.latitudes * n];
        let (north, south) = values.split_at_mut(self.latitudes.div_ceil(2) * n);
        // the equator has no mirror
        let (mut north, mut south) = (north.chunks_exact_mut(n), south.chunks_exact_mut(n).rev());
        for field in field.chunks_exact(n) {
            let mut parts: [[&mut [f64]; LANES]; 2] = Default::default();
            for place in self.turned {
                parts[0][place] = north.next().unwrap_or_default();
                parts[1][place] = south.next().unwrap_or_default();
            }
            self.arch.dispatch(Unfold {
                field,
                parts,
                latitudes: &self.order,
            });
        }
    }

    /// The folded field of rows of longitudes, from north to south.
    pub(crate) fn fold(&self, values: &[f64], field: &mut [LatitudePack]) {
        let (n, latitudes) = (self.longitudes, self.latitudes);
        for (block, field) in field.chunks_exact_mut(n).enumerate() {
            let mut parts: [[&[f64]; LANES]; 2] = [[&[]; LANES]; 2];
            for (lane, place) in self.turned.iter().enumerate() {
                // what is missing is filled up with the last row
                let j = (block * LANES + lane).min(latitudes.div_ceil(2) - 1);
                parts[0][*place] = &values[j * n..][..n];
                parts[1][*place] = &values[(latitudes - 1 - j) * n..][..n];
            }
            self.arch.dispatch(Fold {
                parts,
                field,
                latitudes: &self.order,
            });
        }
    }
}

/// What a block works in.
type Scratch<'a> = (&'a mut [LatitudePack], &'a mut [Complex]);

/// Where the rows of orders ±m stand, m up to the highest: `stride` columns for an order, and everything else at `rest`.
#[derive(Clone, Copy)]
struct Orders {
    highest: usize,
    longitudes: usize,
    stride: usize,
    offset: usize,
    rest: usize,
}

impl Places for Orders {
    #[inline(always)]
    fn of(self, k: usize) -> usize {
        let mirror = self.longitudes - k;
        let place = if k <= self.highest {
            k * self.stride
        } else if mirror <= self.highest {
            mirror * self.stride + 1
        } else {
            self.rest
        };
        place + self.offset
    }
}

struct Inverse<'a> {
    columns: &'a BatchedFft,
    rows: &'a [LatitudePack],
    places: Orders,
    frequencies: Option<&'a [f64]>,
    field: &'a mut [LatitudePack],
    scratch: &'a mut [LatitudePack],
}

impl WithSimd for Inverse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let source = (self.rows, self.places);
        self.columns
            .inverse(simd, source, self.frequencies, self.field, self.scratch);
    }
}

struct Forward<'a> {
    columns: &'a BatchedFft,
    field: &'a mut [LatitudePack],
    scratch: &'a mut [LatitudePack],
    rows: &'a mut [LatitudePack],
    places: Orders,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let target = (self.rows, self.places);
        self.columns.forward(simd, self.field, self.scratch, target);
    }
}
