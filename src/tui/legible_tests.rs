//! Every number on the screen is one that was written, whole, and stands apart from its neighbours: of every preset, on every page, at seven
//! sizes; and what a preset is about can be read.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};

use super::*;
use crate::experiment::presets;
use crate::run::Session;
use crate::run::worker::{Report, Status};
use crate::snapshot::Film;
use crate::tui::canvas::Marker;
use crate::tui::model::{Popup, PresetLine};
use crate::tui::theme::{Depth, Theme};
use crate::tui::words::noted::{self, Noted};

const SIZES: [(u16, u16); 7] = [
    (40, 10),
    (60, 18),
    (80, 24),
    (100, 30),
    (120, 36),
    (60, 60),
    (200, 60),
];

/// Whether a character may be part of a number's text.
fn numeric(c: char) -> bool {
    c.is_ascii_digit() || c == '.' || c == '−' || c == '+' || c == '-'
}

/// The numbers of the screen that are not what was written, in words.
fn false_numbers(buffer: &Buffer, written: &[Noted]) -> Vec<String> {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let place = |x: u16, y: u16| usize::from(y) * usize::from(width) + usize::from(x);
    // who wrote each cell last, and which of its characters
    let mut owner = vec![None; usize::from(width) * usize::from(height)];
    for (index, noted) in written.iter().enumerate() {
        let (x, y) = noted.at;
        for offset in 0..noted.text.chars().count().min(noted.width) {
            let at = x.saturating_add(offset as u16);
            if at < width && y < height {
                owner[place(at, y)] = Some((index, offset));
            }
        }
    }
    let symbol = |x: u16, y: u16| buffer[(x, y)].symbol().chars().next().unwrap_or(' ');
    let mut wrong = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if !symbol(x, y).is_ascii_digit() {
                continue;
            }
            let row: String = (0..width).map(|x| symbol(x, y)).collect();
            let Some((index, offset)) = owner[place(x, y)] else {
                wrong.push(format!("({x}, {y}) nobody wrote this digit: {row}"));
                continue;
            };
            let left = written[index].at.0;
            let text: Vec<char> = written[index].text.chars().collect();
            let word = |c: &char| numeric(*c) || c.is_ascii_alphanumeric();
            let from = offset - text[..offset].iter().rev().take_while(|c| word(c)).count();
            let to = offset + text[offset..].iter().take_while(|c| word(c)).count();
            let whole = (from..to).all(|at| {
                let column = left + at as u16;
                column < width && symbol(column, y) == text[at]
            });
            // what stands right beside it was written with it, or is no part of a number or word
            let neighbour = |column: Option<u16>| {
                let column = column.filter(|column| *column < width)?;
                let own = owner[place(column, y)].is_some_and(|(other, _)| other == index);
                let beside = symbol(column, y);
                (!own && (numeric(beside) || beside.is_alphanumeric())).then_some(beside)
            };
            let before = (left + from as u16).checked_sub(1);
            let touched = neighbour(before).or(neighbour(Some(left + to as u16)));
            if !whole || touched.is_some() {
                let word: String = text[from..to].iter().collect();
                wrong.push(format!("({x}, {y}) {word:?} {whole} {touched:?}: {row}"));
            }
        }
    }
    wrong.dedup_by_key(|line| line.split(": ").last().map(str::to_owned));
    wrong
}

fn pages_of(model: &mut Model, name: &str, when: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, page) in PAGES.iter().enumerate() {
        if !(page.shown)(model) || page.name == "sweep" {
            continue;
        }
        model.page = index;
        for (width, height) in SIZES {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            drop(noted::take());
            terminal.draw(|frame| view(model, frame)).unwrap();
            let found = false_numbers(terminal.backend().buffer(), &noted::take());
            let heading = format!("{name} {when}, page {}, {width}×{height}", page.name);
            wrong.extend(found.into_iter().map(|line| format!("{heading}: {line}")));
        }
    }
    wrong
}

#[test]
fn every_number_on_every_page_of_every_preset_is_whole_and_apart() {
    let mut wrong = Vec::new();
    for preset in presets::list() {
        let mut experiment = presets::load(&preset.name).unwrap();
        // what takes minutes shows the same pages with fewer tokens
        experiment.tokens.count = experiment.tokens.count.min(120);
        let mut session = Session::new(experiment.clone());
        let lines = presets::list().into_iter().map(PresetLine::from).collect();
        let mut model = Model::new(
            experiment,
            lines,
            Theme::of(Depth::Ansi256),
            Marker::Braille,
        );
        let film = Film::default();
        for frame in 0..=12 {
            let snapshot = session.snapshot();
            film.add(&snapshot);
            model.receive(Report {
                number: frame + 1,
                film: film.clone(),
                snapshot: Some(std::sync::Arc::new(snapshot)),
                status: Status::Running,
                steps_per_second: 123.0,
                speed: model.speed,
            });
            if [0, 3, 12].contains(&frame) {
                wrong.extend(pages_of(
                    &mut model,
                    &preset.name,
                    &format!("frame {frame}"),
                ));
            }
            if session.advance(&|| false).is_err() {
                break;
            }
        }
    }
    let count = wrong.len();

    wrong.truncate(40);
    assert!(wrong.is_empty(), "{count}:\n{}", wrong.join("\n"));
}

#[test]
fn what_a_preset_is_about_is_read_to_its_end_in_the_list() {
    let lines: Vec<PresetLine> = presets::list().into_iter().map(PresetLine::from).collect();
    let experiment = presets::load(presets::DEFAULT).unwrap();
    let theme = Theme::of(Depth::None);
    let mut model = Model::new(experiment, lines.clone(), theme, Marker::Braille);
    for (index, preset) in lines.iter().enumerate() {
        model.popup = Some(Popup::Presets(index));
        for (width, height) in [(80, 24), (100, 30), (160, 48)] {
            let buffer = picture(&model, (width, height).into());
            let rows = buffer.content.chunks(usize::from(width));
            let text: String = rows
                .flat_map(|row| row.iter().map(Cell::symbol).chain([" "]))
                .collect();
            for word in preset.about.split_whitespace() {
                let name = &preset.name;
                assert!(text.contains(word), "{name}, {width}×{height}: no {word:?}");
            }
        }
    }
}
