//! The small picture above the bar: the cells of a sweep as they fill in, drawn anew with every cell, its shades explained.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use metastable::sweep::{CellResult, Layout, Plan};

/// Shades from the least to the most.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
/// Largest picture.
const MOST: (usize, usize) = (72, 20);

/// The first observable over the sides of [`Layout`].
pub(super) struct Map {
    bar: ProgressBar,
    plan: Plan,
    title: String,
    cells: Vec<Option<Vec<f64>>>,
    shape: (usize, usize),
    drawn: bool,
}

impl Map {
    pub(super) fn new(plan: &Plan, bar: &ProgressBar) -> Self {
        let shape = Layout::of(plan, 0).shape(plan);
        let shape = (shape.0.min(MOST.0), shape.1.min(MOST.1));
        let mut map = Self {
            bar: bar.clone(),
            plan: plan.clone(),
            title: plan.base.title.clone(),
            cells: vec![None; plan.spec.cells()],
            shape,
            drawn: std::io::stderr().is_terminal() && shape.0 > 1,
        };
        if let Some(style) = ProgressStyle::with_template(
            "{msg}\n{wide_bar} {pos} of {len} runs  {percent:>3} %  {eta} left",
        )
        .ok()
        .filter(|_| map.drawn)
        {
            map.bar.set_style(style);
            map.draw();
        }
        map
    }

    /// One more cell.
    pub(super) fn show(&mut self, cell: usize, result: &CellResult) {
        if let Some(series) = result.series.first().filter(|_| self.drawn) {
            self.cells[cell] = Some(series.mean.clone());
            self.draw();
        }
    }

    fn draw(&mut self) {
        let text = picture(&self.plan, &self.cells, self.shape);
        self.bar.set_message(format!("{}\n{text}", self.title));
    }
}

/// The picture: lines from the top, then what its shades mean.
fn picture(plan: &Plan, cells: &[Option<Vec<f64>>], (columns, rows): (usize, usize)) -> String {
    let layout = Layout::of(plan, 0);
    let (right, up) = layout.shape(plan);
    // several points may share a character: the one in its middle is shown
    let place = |at: usize, of: usize, points: usize| (2 * at + 1) * points / (2 * of);
    let value = |column: usize, row: usize| -> Option<f64> {
        let point = (place(column, columns, right), place(row, rows, up));
        let (cell, frame) = layout.cell(plan, point);
        (cells[cell].as_ref()?.get(frame).copied()).filter(|value| value.is_finite())
    };
    let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
    let there = all.filter_map(|(column, row)| value(column, row));
    let (least, most) = there.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| {
        (least.min(v), most.max(v))
    });
    let shade = |value: Option<f64>| match value {
        None => '·',
        Some(value) if most > least => SHADES[(3.999 * (value - least) / (most - least)) as usize],
        Some(_) => SHADES[2],
    };
    let mut text = String::new();
    for row in (0..rows).rev() {
        text.extend((0..columns).map(|column| shade(value(column, row))));
        text.push('\n');
    }
    let axes = &plan.spec.axes;
    let name = |axis: Option<usize>| axis.map_or("t", |axis| axes[axis].name());
    text += &format!(
        "{} over {} →",
        plan.spec.observables.first().map_or("", String::as_str),
        name(layout.right)
    );
    if let Some(axis) = layout.up {
        text += &format!(" and {} ↑", name(Some(axis)));
    }
    text += &layout.rest(plan);
    if least <= most {
        text += &format!(": {} {least:.4} … {} {most:.4}", SHADES[0], SHADES[3]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use metastable::experiment::presets;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_picture_has_a_character_a_point_and_says_what_its_shades_mean() {
        let experiment = presets::load("fig3-d2").unwrap();
        let plan = Plan::new(&experiment).unwrap().unwrap().quickly();
        let mut cells = vec![None; plan.spec.cells()];
        cells[0] = Some((0..plan.frames()).map(|frame| frame as f64).collect());
        let text = picture(&plan, &cells, (31, 18));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 19);
        assert!(
            lines[..17]
                .iter()
                .all(|line| line.chars().all(|c| c == '·'))
        );
        assert!(
            lines[17].starts_with('░') && lines[17].ends_with('█'),
            "{text}"
        );
        assert!(
            lines[18].contains("tokens_near over t → and attention.beta ↑")
                && lines[18].contains("30.0000"),
            "{text}"
        );
    }
}
