//! The sums on every instruction set that the machine has.

use pulp::{Simd, WithSimd};

use super::analysis::{Analysis, four_sums};
use super::synthesis::Synthesis;
use super::{Legendre, Tables};
use crate::machine::fft::batched::{LANES, LatitudePack};
use crate::sphere::Domain;

/// Vectors of whole numbers, so that every order of summation gives the same.
struct Sums;

impl WithSimd for Sums {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let numbers: Vec<f64> = (0..4 * S::F64_LANES).map(|i| (i * i) as f64).collect();
        let exact: Vec<f64> = (numbers.chunks_exact(S::F64_LANES))
            .map(|vector| vector.iter().sum())
            .collect();
        let (vectors, _) = S::as_simd_f64s(&numbers);
        assert_eq!(four_sums(simd, vectors).to_vec(), exact);
    }
}

#[test]
fn sums_of_vectors_are_right_on_every_instruction_set_there_is() {
    for arch in crate::machine::testing::instruction_sets() {
        arch.dispatch(Sums);
    }
}

/// Rows of a state and the coefficients of rows.
struct ThereAndBack<'a> {
    table: &'a Tables,
    state: &'a [f64],
    degree: usize,
    given: &'a [LatitudePack],
    results: &'a mut Vec<Vec<f64>>,
}

impl WithSimd for ThereAndBack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let orders = 0..self.table.orders.len().min(self.degree + 1);
        let mut rows = vec![LatitudePack::default(); self.given.len()];
        let mut scratch = vec![f64::NAN; 8 * LANES * (self.degree / 2 + 1)];
        let synthesis = Synthesis {
            table: self.table,
            orders: orders.clone(),
            state: self.state,
            degree: self.degree,
            coefficients: &mut scratch,
            rows: &mut rows,
        };
        synthesis.with_simd(simd);
        let mut back = vec![0.0; self.state.len()];
        let analysis = Analysis {
            table: self.table,
            orders,
            degree: self.degree,
            rows: self.given,
            block_rows: 2 * (self.table.orders.len() + 1),
            sums: &mut scratch,
            state: &mut back,
        };
        analysis.with_simd(simd);
        let columns = rows.into_iter().flat_map(|LatitudePack(parts)| parts);
        self.results.push(columns.flatten().chain(back).collect());
    }
}

/// Two, one and three blocks of latitudes near the pole (where high orders start late) and down to the equator: pairs of orders with eight
/// lanes, and several vectors to a block with fewer.
#[test]
fn every_instruction_set_has_the_same_sums_in_pairs_or_not() {
    for (plan, degree, highest, latitudes) in [
        (31, 31, 31, 16),
        (32, 32, 32, 13),
        (400, 151, 400, 12),
        (400, 150, 90, 7),
        (60, 60, 60, 23),
    ] {
        let cosines: Vec<f64> = (0..latitudes)
            .map(|j| (1.5 * (f64::from(j) + 0.3) / f64::from(latitudes)).cos())
            .collect();
        let weights = vec![1.0 / f64::from(latitudes); cosines.len()];
        let legendre = Legendre::new(plan, highest, &cosines, &weights);
        let number = |i: usize| ((i * i + 5 * i) as f64 * 0.73).sin();
        let length = Domain::Sphere.length(degree);
        let state: Vec<f64> = (0..length).map(number).collect();
        let given: Vec<LatitudePack> = (0..legendre.row_length())
            .map(|c| LatitudePack([number(c), number(c + 9)].map(|v| [v; LANES])))
            .collect();
        let mut results = Vec::new();
        let mut work = |run: &dyn Fn(ThereAndBack<'_>)| {
            run(ThereAndBack {
                table: &legendre.tables,
                state: &state,
                degree,
                given: &given,
                results: &mut results,
            });
        };
        for arch in crate::machine::testing::instruction_sets() {
            work(&|both| arch.dispatch(both));
        }
        let size = results[0].iter().fold(0.0_f64, |top, v| top.max(v.abs()));
        assert!(size > 1.0);
        for other in &results[1..] {
            for (a, b) in results[0].iter().zip(other) {
                assert!((a - b).abs() < 1e-14 * size, "degree {degree}: {a:e} {b:e}");
            }
        }
    }
}
