//! Rows that have nothing to do with one another, shared among the threads when they are many.

use rayon::prelude::*;

use super::thresholds::SHARED_FROM;

/// Rows that a thread takes at a time.
const ROWS: usize = 1 << 12;

/// Changes every row of so many numbers.
pub(crate) fn each(width: usize, rows: &mut [f64], change: impl Fn(&mut [f64]) + Sync + Send) {
    if rows.len() < SHARED_FROM {
        rows.chunks_exact_mut(width).for_each(change);
    } else {
        let rows = rows.par_chunks_exact_mut(width);
        rows.with_min_len(ROWS).for_each(change);
    }
}

/// `change`(i, row i of `out`, row i of `given`) for every i; both have rows of so many numbers.
pub(crate) fn for_each(
    width: usize,
    out: &mut [f64],
    given: &[f64],
    change: impl Fn(usize, &mut [f64], &[f64]) + Sync,
) {
    if out.len() < SHARED_FROM {
        let rows = out.chunks_exact_mut(width).zip(given.chunks_exact(width));
        rows.enumerate().for_each(|(i, (row, x))| change(i, row, x));
    } else {
        let rows = (out.par_chunks_exact_mut(width)).zip(given.par_chunks_exact(width));
        rows.enumerate()
            .with_min_len(ROWS)
            .for_each(|(i, (row, x))| change(i, row, x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_changed_once_however_many_there_are() {
        for count in [3, SHARED_FROM + 5] {
            let given: Vec<f64> = (0..3 * count).map(|k| k as f64).collect();
            let mut out = vec![1.0; 3 * count];
            for_each(3, &mut out, &given, |i, row, x| {
                row.iter_mut().zip(x).for_each(|(o, x)| *o += x + i as f64);
            });
            let value = |k: usize| 1.0 + k as f64 + (k / 3) as f64;
            assert!((0..3 * count).all(|k| out[k] == value(k)));
            each(3, &mut out, <[f64]>::reverse);
            assert!((0..3 * count).all(|k| out[k] == value(k - k % 3 + 2 - k % 3)));
        }
    }
}
