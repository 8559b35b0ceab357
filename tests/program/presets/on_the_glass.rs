//! What the screen shows of every preset's whole run is there: read as a reader does, by the colours of the map and of its scale.

use metastable::experiment::presets;
use metastable::run::worker::{Report, Status};
use metastable::tui::Marker;
use metastable::tui::model::Model;
use metastable::tui::pages::PAGES;
use metastable::tui::theme::{Depth, Theme};
use metastable::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;
use std::sync::Arc;

use super::{LAST, finished};

/// The darkest density that is told from none.
const FLOOR: f64 = 0.1;

fn line(buffer: &Buffer, row: u16) -> String {
    (0..buffer.area.width)
        .map(|x| buffer[(x, row)].symbol())
        .collect()
}

/// The colours of the scale below the map from the least, and the density of its upper end.
fn scale(buffer: &Buffer) -> Option<(Vec<Color>, f64)> {
    let row = (0..buffer.area.height).find(|row| line(buffer, *row).contains(" ρ ≤0.1 "))?;
    let text: Vec<char> = line(buffer, row).chars().collect();
    let start = text
        .windows(8)
        .position(|w| w.iter().collect::<String>() == " ρ ≤0.1 ")?
        + 8;
    let colours: Vec<Color> = (start as u16..)
        .map(|x| buffer[(x, row)].bg)
        .take_while(|colour| *colour != Color::Reset)
        .collect();
    let rest: String = text[start + colours.len()..].iter().collect();
    let top = rest.split_whitespace().next()?.parse().ok()?;
    Some((colours, top))
}

/// The levels of both halves of a cell; where a path runs over it, the one that is left for both.
fn levels(cell: &Cell, colours: &[Color]) -> Option<[usize; 2]> {
    let level = |colour: Color| colours.iter().position(|other| *other == colour);
    let below = level(cell.bg)?;
    Some(match cell.symbol() {
        "▀" => [level(cell.fg)?, below],
        _ => [below; 2],
    })
}

/// What a column of the map can stand for: its largest density and its mean, from above; nothing where it has no map.
fn column(buffer: &Buffer, x: u16, (colours, top): &(Vec<Color>, f64)) -> Option<(f64, f64)> {
    let axis = (0..buffer.area.height)
        .rev()
        .find(|row| line(buffer, *row).contains('└'))?;
    let halves: Vec<usize> = (0..axis)
        .filter_map(|row| levels(&buffer[(x, row)], colours))
        .flatten()
        .collect();
    let most = |level: usize| FLOOR * (top / FLOOR).powf((level + 1) as f64 / colours.len() as f64);
    let largest = most(*halves.iter().max()?);
    let mean = halves.iter().map(|level| most(*level)).sum::<f64>() / halves.len() as f64;
    Some((largest, mean))
}

#[test]
fn the_mass_of_every_preset_is_on_the_space_time_page_to_the_end_of_its_run() {
    let mut seen = 0;
    for (name, ..) in LAST {
        let session = finished(name);
        let records = session.history().records();
        // the largest value of every density that there was
        let dense: Vec<f32> = (records.iter())
            .filter_map(|record| record.density.iter().copied().reduce(f32::max))
            .collect();
        if dense.is_empty() {
            continue;
        }
        seen += 1;
        let experiment = presets::load(name).unwrap();
        let circle = experiment.tokens.dimension == 2;
        let mut model = Model::new(
            experiment,
            Vec::new(),
            Theme::of(Depth::Ansi256),
            Marker::Braille,
        );
        model.receive(Report {
            number: 1,
            film: model.report.film.clone(),
            snapshot: Some(Arc::new(session.snapshot())),
            status: Status::Finished,
            steps_per_second: 0.0,
            speed: model.speed,
        });
        model.page = PAGES
            .iter()
            .position(|page| page.name == "space–time")
            .unwrap();
        let peak = dense.iter().copied().fold(f32::INFINITY, f32::min);
        for (whole, (width, height)) in [(false, (80, 24)), (false, (200, 60)), (true, (60, 18))] {
            model.theme.whole = whole;
            let mut screen = Terminal::new(TestBackend::new(width, height)).unwrap();
            screen.draw(|frame| view(&model, frame)).unwrap();
            let buffer = screen.backend().buffer();
            let scale =
                scale(buffer).unwrap_or_else(|| panic!("{name} {width}×{height}: no scale"));
            let columns: Vec<(f64, f64)> = (5..width)
                .filter_map(|x| column(buffer, x, &scale))
                .collect();
            let share = dense.len() as f64 / records.len() as f64;
            let drawn = columns.len() as f64 / f64::from(width - 5);
            assert!(
                drawn > 0.9 * share - 0.1,
                "{name}: {drawn} of {share} is drawn"
            );
            for (at, (brightest, mean)) in columns.iter().enumerate() {
                let place = format!("{name} {width}×{height} column {at}");
                assert!(
                    *brightest >= 0.999 * f64::from(peak),
                    "{place}: {brightest} of {peak}"
                );
                assert!(!circle || *mean >= 0.998, "{place}: mass {mean}");
            }
        }
    }
    assert!(seen > 30, "{seen} presets with a density");
}
