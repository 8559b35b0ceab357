//! Tests of [`batched`](super).

use super::*;
use crate::machine::fft::Complex;
use crate::machine::fft::fallback::FallbackFft;

/// Where a list says, and so many further.
#[derive(Clone, Copy)]
struct Listed<'a> {
    places: &'a [usize],
    offset: usize,
}

impl Places for Listed<'_> {
    #[inline(always)]
    fn of(self, k: usize) -> usize {
        self.places[k] + self.offset
    }
}

/// Both ways on one instruction set.
struct Both<'a> {
    columns: &'a BatchedFft,
    rows: &'a [LatitudePack],
    places: &'a [usize],
    frequencies: Option<&'a [f64]>,
    field: &'a mut [LatitudePack],
    back: &'a mut [LatitudePack],
}

impl WithSimd for Both<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut scratch = vec![LatitudePack::default(); self.field.len()];
        let listed = |offset| Listed {
            places: self.places,
            offset,
        };
        let source = (self.rows, listed(1));
        (self.columns).inverse(simd, source, self.frequencies, self.field, &mut scratch);
        let mut copy = self.field.to_vec();
        (self.columns).forward(simd, &mut copy, &mut scratch, (self.back, listed(0)));
    }
}

fn each_instruction_set(mut each: impl FnMut(&dyn Fn(Both<'_>))) {
    for arch in crate::machine::testing::instruction_sets() {
        each(&|both| arch.dispatch(both));
    }
}

#[test]
fn eight_transforms_abreast_are_those_of_a_library_one_after_the_other() {
    for n in [
        1, 2, 3, 4, 5, 6, 7, 8, 14, 16, 22, 24, 30, 31, 32, 40, 45, 64, 77, 96, 100, 128, 169, 240,
        512,
    ] {
        let columns = BatchedFft::new(n).unwrap();
        let library = FallbackFft::new(n);
        // coefficient k stands at place 3k + 5 mod 3n + 1, one further in the source
        let places: Vec<usize> = (0..n).map(|k| (3 * k + 5) % (3 * n + 1)).collect();
        let listed = |offset| Listed {
            places: &places,
            offset,
        };
        let number = |i: usize| ((i * i + 7 * i) as f64 * 0.37).sin();
        let mut rows = vec![LatitudePack::default(); 3 * n + 2];
        for (index, LatitudePack(parts)) in rows.iter_mut().enumerate() {
            for (i, v) in parts.as_flattened_mut().iter_mut().enumerate() {
                *v = number(16 * index + i);
            }
        }
        let frequencies: Vec<f64> = (0..n).map(|k| k as f64 - 3.0).collect();
        let mut room = vec![Complex::default(); library.room()];
        for frequencies in [None, Some(frequencies.as_slice())] {
            let [mut exact, mut field] = [(); 2].map(|()| vec![LatitudePack::default(); n]);
            let [mut exact_back, mut back] =
                [(); 2].map(|()| vec![LatitudePack::default(); 3 * n + 1]);
            library.inverse((&rows, listed(1)), frequencies, &mut exact, &mut room);
            library.forward(&exact, &mut room, (&mut exact_back, listed(0)));
            let highest = frequencies.map_or(1.0, |_| n as f64);
            let size = highest * n as f64;
            each_instruction_set(|run| {
                run(Both {
                    columns: &columns,
                    rows: &rows,
                    places: &places,
                    frequencies,
                    field: &mut field,
                    back: &mut back,
                });
                let near = |a: &[LatitudePack], b: &[LatitudePack], allowed: f64| {
                    let numbers = |columns: &[LatitudePack]| -> Vec<f64> {
                        columns
                            .iter()
                            .flat_map(|c| c.0.into_iter().flatten())
                            .collect()
                    };
                    for (a, b) in numbers(a).iter().zip(numbers(b)) {
                        assert!((a - b).abs() < allowed, "n {n}: {a:e} {b:e}");
                    }
                };
                near(&field, &exact, 2e-15 * size);
                near(&back, &exact_back, 4e-15 * size * n as f64);
            });
        }
    }
    assert!(BatchedFft::new(2 * 37).is_none());
}
