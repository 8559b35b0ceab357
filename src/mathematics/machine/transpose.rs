//! Between rows and columns, of longitudes and latitudes or of tokens and coordinates: squares of four columns and a vector of rows, by the
//! instructions that interleave four vectors.

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Simd, WithSimd};

use crate::machine::fft::batched::{LANES, LatitudePack, vector, vector_mut};

/// Longitudes of a square.
pub(crate) const SIDE: usize = 4;

/// Which of eight rows stands at each place if they are turned. (Interleaving is cheapest if it may leave the vector's numbers in an order of its
/// own.)
#[derive(Debug)]
pub(crate) struct LaneOrder;

impl WithSimd for LaneOrder {
    type Output = [usize; LANES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [usize; LANES] {
        let numbers: [f64; LANES] = std::array::from_fn(|lane| lane as f64);
        let mut places = [0; LANES];
        for lane in (0..LANES).step_by(S::F64_LANES) {
            let mixed: [S::f64s; SIDE] =
                simd.interleave_shfl_f64s([vector::<S>(&numbers, lane); SIDE]);
            let mixed: &[f64] = cast_slice(&mixed);
            for (place, four) in places[lane..].iter_mut().zip(mixed.chunks_exact(SIDE)) {
                *place = four[0] as usize;
            }
        }
        places
    }
}

/// BatchedFft i … i + 3 of the rows, given in the order of [`LaneOrder`], from a lane on.
#[inline(always)]
pub(crate) fn transpose4<S: Simd>(
    simd: S,
    rows: &[&[f64]; LANES],
    i: usize,
    lane: usize,
) -> [S::f64s; SIDE] {
    let mut mixed = [simd.splat_f64s(0.0); SIDE];
    let numbers: &mut [f64] = cast_slice_mut(&mut mixed);
    for (four, row) in numbers.chunks_exact_mut(SIDE).zip(&rows[lane..]) {
        four.copy_from_slice(&row[i..i + SIDE]);
    }
    simd.deinterleave_shfl_f64s(mixed)
}

/// A block into rows of north and south, in the order of [`LaneOrder`].
#[derive(Debug)]
pub(crate) struct Unfold<'a> {
    /// Longitudes of eight latitudes abreast.
    pub field: &'a [LatitudePack],
    /// A row for every latitude; an empty one for those that are not wanted.
    pub parts: [[&'a mut [f64]; LANES]; 2],
    /// The latitudes of the lanes.
    pub latitudes: &'a [usize; LANES],
}

impl WithSimd for Unfold<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let n = self.field.len();
        for (part, rows) in self.parts.iter_mut().enumerate() {
            let whole = rows.iter().all(|row| row.len() == n);
            let squares = if whole { n / SIDE } else { 0 };
            let mut fours: [&mut [[f64; SIDE]]; LANES] = Default::default();
            for (fours, row) in fours.iter_mut().zip(&mut *rows) {
                *fours = &mut row.as_chunks_mut().0[..squares];
            }
            for (i, columns) in self.field.chunks_exact(SIDE).take(squares).enumerate() {
                for lane in (0..LANES).step_by(S::F64_LANES) {
                    let mut four = [simd.splat_f64s(0.0); SIDE];
                    for j in 0..SIDE {
                        four[j] = vector::<S>(&columns[j].0[part], lane);
                    }
                    let mixed: [S::f64s; SIDE] = simd.interleave_shfl_f64s(four);
                    let (mixed, _) = cast_slice(&mixed).as_chunks::<SIDE>();
                    for place in 0..S::F64_LANES {
                        fours[lane + place][i] = mixed[place];
                    }
                }
            }
            for (row, latitude) in rows.iter_mut().zip(self.latitudes) {
                for (value, LatitudePack(parts)) in
                    row.iter_mut().zip(self.field).skip(SIDE * squares)
                {
                    *value = parts[part][*latitude];
                }
            }
        }
    }
}

/// Rows of north and south, in the order of [`LaneOrder`], into a block.
#[derive(Debug)]
pub(crate) struct Fold<'a> {
    /// Even and odd parts of the latitudes.
    pub parts: [[&'a [f64]; LANES]; 2],
    /// Longitudes of eight latitudes abreast.
    pub field: &'a mut [LatitudePack],
    /// The latitudes of the lanes.
    pub latitudes: &'a [usize; LANES],
}

impl WithSimd for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let turned = self.field.len() / SIDE * SIDE;
        for (part, rows) in self.parts.iter().enumerate() {
            for i in (0..turned).step_by(SIDE) {
                let columns = &mut self.field[i..i + SIDE];
                for lane in (0..LANES).step_by(S::F64_LANES) {
                    let four = transpose4(simd, rows, i, lane);
                    for j in 0..SIDE {
                        *vector_mut::<S>(&mut columns[j].0[part], lane) = four[j];
                    }
                }
            }
            for (row, latitude) in rows.iter().zip(self.latitudes) {
                let rest = self.field.iter_mut().zip(*row).skip(turned);
                rest.for_each(|(LatitudePack(parts), value)| parts[part][*latitude] = *value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of so many latitudes into a block and back, on one instruction set.
    struct ThereAndBack<'a> {
        rows: &'a [Vec<f64>],
        back: &'a mut [Vec<f64>],
        field: &'a mut [LatitudePack],
    }

    impl WithSimd for ThereAndBack<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let order = LaneOrder.with_simd(simd);
            let last = self.rows.len() - 1;
            let parts = [order.map(|l| &*self.rows[l.min(last)]); 2];
            let field = &mut *self.field;
            let latitudes = &order;
            let fold = Fold {
                parts,
                field,
                latitudes,
            };
            fold.with_simd(simd);
            let mut parts: [[&mut [f64]; LANES]; 2] = Default::default();
            for (lane, row) in self.back.iter_mut().enumerate() {
                let place = order.iter().position(|l| *l == lane).unwrap();
                parts[1][place] = row;
            }
            let unfold = Unfold {
                field: self.field,
                parts,
                latitudes,
            };
            unfold.with_simd(simd);
        }
    }

    #[test]
    fn rows_into_a_block_and_back_are_the_rows_on_every_instruction_set() {
        for (n, count) in [(1, 8), (3, 8), (4, 8), (7, 3), (12, 8), (12, 5), (13, 1)] {
            let rows: Vec<Vec<f64>> = (0..count)
                .map(|j| (0..n).map(|i| (100 * j + i) as f64).collect())
                .collect();
            let check = |run: &dyn Fn(ThereAndBack<'_>)| {
                let mut back = vec![vec![f64::NAN; n]; count];
                let mut field = vec![LatitudePack::default(); n];
                run(ThereAndBack {
                    rows: &rows,
                    back: &mut back,
                    field: &mut field,
                });
                assert_eq!(rows, back);
                for (i, LatitudePack(parts)) in field.iter().enumerate() {
                    for lane in 0..LANES {
                        let exact = rows[lane.min(count - 1)][i];
                        assert_eq!(parts.map(|part| part[lane]), [exact; 2]);
                    }
                }
            };
            for arch in crate::machine::testing::instruction_sets() {
                check(&|work| arch.dispatch(work));
            }
        }
    }
}
