//! The small picture above the bar: the cells of a sweep as they fill in.

use std::io::IsTerminal;

use indicatif::ProgressBar;
use metastable::sweep::{CellResult, Plan};

/// A small picture of the cells as they fill in, above the bar: the last frame of the first observable.
pub(super) struct Map {
    bar: ProgressBar,
    columns: usize,
    shades: Vec<char>,
    drawn: bool,
}

/// Shades from the least to the most.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Largest picture.
const MOST: (usize, usize) = (76, 24);

impl Map {
    pub(super) fn new(plan: &Plan, bar: &ProgressBar) -> Self {
        let shape = plan.spec.shape();
        let columns = match (shape.as_slice(), plan.times()) {
            ([_], Some(times)) => times.len().min(MOST.0),
            ([.., last], _) => *last,
            ([], _) => 1,
        };
        let lines = if plan.times().is_some() {
            1
        } else {
            columns.max(1)
        };
        let rows = plan.spec.cells().div_ceil(lines);
        let fits = columns <= MOST.0 && rows <= MOST.1 && std::io::stderr().is_terminal();
        Self {
            bar: bar.clone(),
            columns,
            shades: Vec::new(),
            drawn: fits,
        }
    }

    /// One more cell: with time as an axis a line of its own, else one character.
    pub(super) fn show(&mut self, result: &CellResult) {
        if !self.drawn {
            return;
        }
        let Some(series) = result.series.first() else {
            return;
        };
        let shade = |value: f64| {
            let share = if value.is_finite() {
                value.clamp(0.0, 1.0)
            } else {
                0.0
            };
            SHADES[(share * (SHADES.len() - 1) as f64).round() as usize]
        };
        if series.mean.len() > 1 {
            let at = |column: usize| {
                series.mean[column * (series.mean.len() - 1) / (self.columns - 1).max(1)]
            };
            let line: String = (0..self.columns).map(|column| shade(at(column))).collect();
            self.bar.println(line);
            return;
        }
        self.shades
            .push(shade(series.mean.first().copied().unwrap_or(f64::NAN)));
        if self.shades.len() == self.columns {
            self.bar.println(self.shades.drain(..).collect::<String>());
        }
    }
}
