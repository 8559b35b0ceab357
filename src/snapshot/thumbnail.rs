//! A run at a glance, for the list of presets: the inner products ⟨x_i,x_j⟩ of its tokens against time, in digits. Those of the presets are
//! kept in `presets/thumbnails.txt`, which the presets' test writes from the runs and compares with them.

use super::History;

/// Columns: frames, the last one always among them.
pub const COLUMNS: usize = 40;
/// Rows: inner products from 1 down to −1.
pub const ROWS: usize = 16;
/// Levels, one digit each.
pub const LEVELS: usize = 10;
/// Densities of level 0, and of the last one: all pairs in one row. ½ is uniform on [−1, 1].
const LEAST: f64 = 0.05;
const MOST: f64 = 8.0;

/// The rows of a run, from the top; nothing for runs of one token or none.
#[must_use]
pub fn of(history: &History) -> Vec<String> {
    let records = history.records();
    let Some(bins) = records.first().map(|record| record.products.len() / ROWS) else {
        return Vec::new();
    };
    if bins == 0 {
        return Vec::new();
    }
    let frame = |column: usize| &records[column * (records.len() - 1) / (COLUMNS - 1)];
    (0..ROWS)
        .rev()
        .map(|row| {
            let digit = |column: usize| {
                let bins = &frame(column).products[row * bins..(row + 1) * bins];
                let mean = bins.iter().copied().map(f64::from).sum::<f64>() / bins.len() as f64;
                char::from(b'0' + level(mean) as u8)
            };
            (0..COLUMNS).map(digit).collect()
        })
        .collect()
}

fn level(density: f64) -> usize {
    let share = (density.max(LEAST) / LEAST).ln() / (MOST / LEAST).ln();
    ((share * LEVELS as f64) as usize).min(LEVELS - 1)
}

/// The levels of a built-in preset, row by row from the top; none for other names.
#[must_use]
pub fn of_preset(name: &str) -> Option<Vec<Vec<usize>>> {
    let mut lines = include_str!("../../presets/thumbnails.txt").lines();
    lines.find(|line| line.strip_prefix("# ") == Some(name))?;
    let digits = |line: &str| line.bytes().map(|c| usize::from(c - b'0')).collect();
    let rows = lines.take_while(|line| !line.starts_with('#'));
    Some(rows.map(digits).collect()).filter(|rows: &Vec<_>| !rows.is_empty())
}

/// The same in fewer columns and rows: of the levels that fall together the highest.
#[must_use]
pub fn smaller(rows: &[Vec<usize>], columns: usize, down: usize) -> Vec<Vec<usize>> {
    let band =
        |at: usize, of: usize, count: usize| at * count / of..((at + 1) * count).div_ceil(of);
    let down = down.min(rows.len());
    (0..down)
        .map(|row| {
            let levels = |column: usize| {
                let rows = &rows[band(row, down, rows.len())];
                let of_row =
                    |row: &Vec<usize>| row[band(column, columns, row.len())].iter().copied().max();
                rows.iter().filter_map(of_row).max().unwrap_or(0)
            };
            (0..columns).map(levels).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_and_gathered_tokens_have_the_levels_of_their_densities() {
        assert_eq!((level(0.0), level(MOST), level(LEAST)), (0, 9, 0));
        assert_eq!(level(0.5), 4);
    }

    #[test]
    fn a_smaller_picture_has_every_peak() {
        let mut rows = vec![vec![0; COLUMNS]; ROWS];
        (rows[3][17], rows[15][39]) = (7, 9);
        let small = smaller(&rows, 20, 10);
        assert_eq!((small.len(), small[0].len()), (10, 20));
        assert_eq!(small[1][8].max(small[2][8]), 7);
        assert_eq!(small[9][19], 9);
        assert_eq!(smaller(&rows, COLUMNS, ROWS), rows);
    }

    #[test]
    fn every_picture_that_is_kept_is_whole() {
        for preset in crate::experiment::presets::list() {
            let rows = of_preset(&preset.name).unwrap_or_default();
            assert!(rows.is_empty() || rows.len() == ROWS, "{}", preset.name);
            let whole = |row: &Vec<usize>| row.len() == COLUMNS && row.iter().all(|d| *d < LEVELS);
            assert!(rows.iter().all(whole), "{}", preset.name);
        }
        assert!(of_preset("metastable").is_some());
        assert_eq!(of_preset("no-such"), None);
    }
}
