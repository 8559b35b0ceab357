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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_and_gathered_tokens_have_the_levels_of_their_densities() {
        assert_eq!((level(0.0), level(MOST), level(LEAST)), (0, 9, 0));
        assert_eq!(level(0.5), 4);
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
