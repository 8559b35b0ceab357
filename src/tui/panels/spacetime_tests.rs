//! Whatever is drawn over it, the density of every moment is in its column: its brightest level, and on the circle its mass. (Every preset to its
//! end, by what is on the screen alone: `tests/program/presets/on_the_glass.rs`.)

use super::*;
use crate::experiment::{Experiment, presets};
use crate::run::Session;
use crate::run::worker::{Report, Status};
use crate::tui::canvas::Marker;
use crate::tui::theme::{Depth, Theme};

const SIZES: [(u16, u16); 6] = [
    (40, 10),
    (60, 24),
    (80, 24),
    (100, 30),
    (120, 36),
    (200, 60),
];

fn at_the_end(experiment: Experiment) -> Model {
    let mut session = Session::new(experiment.clone());
    while !session.finished() {
        session.advance(&|| false).unwrap();
    }
    let theme = Theme::of(Depth::Truecolor);
    let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
    let snapshot = Some(std::sync::Arc::new(session.snapshot()));
    model.receive(Report {
        number: 1,
        snapshot,
        status: Status::Finished,
        ..Report::before_the_first(1.0)
    });
    model
}

/// The levels of the two halves of a cell; where a path runs over it, the one that is left for both.
fn levels(model: &Model, cell: &ratatui::buffer::Cell) -> [usize; 2] {
    let theme = model.theme;
    if !theme.colourful() {
        let level = (0..10).rposition(|level| theme.ramp(level) == cell.symbol());
        return [level.unwrap_or(0); 2];
    }
    let level = |colour| theme.level_of(colour).unwrap_or(0);
    match cell.symbol() {
        "▀" => [level(cell.fg), level(cell.bg)],
        _ => [level(cell.bg); 2],
    }
}

/// The brightest level and the most mass that a column can stand for.
fn read(model: &Model, buffer: &Buffer, column: u16, top: f64) -> (usize, f64) {
    let height = buffer.area.height;
    let halves: Vec<usize> = (1..height - 2)
        .flat_map(|row| levels(model, &buffer[(column, row)]))
        .collect();
    let most = |level: usize| {
        let share = (level + 1) as f64 / model.theme.levels() as f64;
        FLOOR * (top / FLOOR).powf(share)
    };
    let mass = halves.iter().map(|level| most(*level)).sum::<f64>() / halves.len() as f64;
    (halves.into_iter().max().unwrap_or(0), mass)
}

/// Looks at every column of the picture at every size.
fn every_column(model: &Model, name: &str) {
    let records = model.snapshot().unwrap().history.records();
    let largest = |record: &Record| record.density.iter().copied().fold(0.0_f32, f32::max);
    let top = ceiling(f64::from(
        records.iter().map(|r| largest(r)).fold(2.0, f32::max),
    ));
    let axis = TimeAxis::of(model);
    for (width, height) in SIZES {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(model, &mut buffer, area);
        for column in 0..width - 4 {
            let time = axis.time((f64::from(column) + 0.5) / f64::from(width - 4));
            let record = nearest(records, time, axis);
            let Some(record) = record.filter(|record| !record.density.is_empty()) else {
                continue;
            };
            let level = model.theme.level(share(f64::from(largest(record)), top));
            let (brightest, mass) = read(model, &buffer, column + 4, top);
            let depth = model.theme.depth;
            let place = format!("{name} {depth:?} {width}×{height} column {column}");
            assert!(brightest >= level, "{place}: {brightest} of {level}");
            if ordinate(model) == Ordinate::Circle {
                let rho = record.density.iter().map(|rho| f64::from(*rho));
                let whole = rho.sum::<f64>() / record.density.len() as f64;
                assert!(mass >= whole - 1e-3, "{place}: mass {mass} of {whole}");
            }
        }
    }
}

#[test]
fn whatever_is_drawn_over_it_the_mass_of_every_moment_is_in_its_column_to_the_end_of_a_run() {
    for name in [
        "hemisphere",
        "five-tokens",
        "metastable",
        "tilted",
        "zonal-8",
    ] {
        let mut model = at_the_end(presets::load(name).unwrap());
        for depth in [Depth::Truecolor, Depth::Ansi256, Depth::Ansi16, Depth::None] {
            for whole in [false, true] {
                model.theme = Theme {
                    whole,
                    ..Theme::of(depth)
                };
                every_column(&model, name);
            }
        }
    }
}
