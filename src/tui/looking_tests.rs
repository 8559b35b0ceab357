//! Tests of what a reader looks for: earlier frames, anything by its name, values.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use crate::experiment::presets;
use crate::run::worker::Command;
use crate::tui::action::Action;
use crate::tui::canvas::Marker;
use crate::tui::changes::Effect;
use crate::tui::model::{Message, Model, PresetLine};
use crate::tui::pages::PAGES;
use crate::tui::theme::{Depth, Theme};
use crate::tui::update::update;

fn model() -> Model {
    let experiment = presets::load(presets::DEFAULT).unwrap();
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    let theme = Theme::of(Depth::None);
    Model::new(experiment, lines, theme, Marker::Braille)
}

/// Shows so many frames of a preset, one by one.
fn watched(preset: &str, frames: usize) -> (Model, crate::run::Session) {
    let experiment = presets::load(preset).unwrap();
    let mut session = crate::run::Session::new(experiment.clone());
    let theme = Theme::of(Depth::None);
    let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
    for _ in 0..frames {
        show(&mut model, &session);
        session.advance(&|| false).unwrap();
    }
    (model, session)
}

fn show(model: &mut Model, session: &crate::run::Session) {
    let snapshot = session.snapshot();
    let mut report = model.report.clone();
    report.film.add(&snapshot);
    report.snapshot = Some(std::sync::Arc::new(snapshot));
    model.receive(report);
}

#[test]
fn one_looks_back_from_frame_to_frame_while_the_run_goes_on_and_comes_back() {
    let (mut model, session) = watched("five-tokens", 12);
    let frame = |model: &Model| model.snapshot().unwrap().frame;
    for expected in [10, 9, 8] {
        assert!(update(&mut model, Action::Earlier).is_empty());
        assert_eq!(frame(&model), expected);
    }
    // everything that is drawn is as it was then
    assert_eq!(model.snapshot().unwrap().history.records().len(), 9);
    show(&mut model, &session);
    assert_eq!((frame(&model), model.live().unwrap().frame), (8, 12));
    assert!(model.looks_back());
    // forward by frames, and past the last one the run again; only then is a step asked for
    for expected in [9, 10, 11, 12] {
        assert!(update(&mut model, Action::Step).is_empty());
        assert_eq!(frame(&model), expected);
    }
    assert!(!model.looks_back());
    assert_eq!(update(&mut model, Action::Step).len(), 2);
    update(&mut model, Action::First);
    assert_eq!(frame(&model), 0);
    update(&mut model, Action::Earlier);
    assert!(matches!(&model.message, Some(Message::Note(text)) if text.contains("first")));
    // nothing is changed in the past
    assert!(update(&mut model, Action::More).is_empty());
    assert!(matches!(&model.message, Some(Message::Error(text)) if text.contains("b begins anew")));
    update(&mut model, Action::Last);
    assert_eq!(frame(&model), 12);
}

#[test]
fn a_run_begins_anew_from_the_frame_on_show_with_the_changes_before_it_alone() {
    let (mut model, mut session) = watched("five-tokens", 6);
    let change = |beta: f64, at: f64| crate::experiment::Change {
        at,
        beta: Some(beta),
        normalisation: None,
        diffusion: None,
    };
    session.change(change(5.0, f64::NAN));
    for _ in 0..4 {
        session.advance(&|| false).unwrap();
        show(&mut model, &session);
    }
    session.change(change(6.0, f64::NAN));
    for _ in 0..3 {
        session.advance(&|| false).unwrap();
        show(&mut model, &session);
    }
    assert!(matches!(update(&mut model, Action::Branch)[..], []));
    let marks = crate::tui::panels::timeline::marks(&model);
    let changes = marks
        .iter()
        .filter(|m| m.2 == crate::tui::panels::timeline::Kind::Change);
    let changes: Vec<usize> = changes.map(|mark| mark.0).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    // to the second change, one frame further back, and from there
    update(&mut model, Action::MarkBefore);
    assert_eq!(model.snapshot().unwrap().frame, changes[1]);
    update(&mut model, Action::Earlier);
    let effects = update(&mut model, Action::Branch);
    let [
        Effect::Send(Command::Speed(_)),
        Effect::Send(Command::Start(experiment)),
        Effect::Send(Command::Speed(_)),
        Effect::Send(Command::Ahead(frame)),
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*frame, changes[1] - 1);
    assert_eq!(experiment.changes.len(), 1);
    assert_eq!(experiment.changes[0].beta, Some(5.0));
    assert!(model.paused);
    assert!(matches!(&model.message, Some(Message::Note(text)) if text.contains("space goes on")));
}

fn typed(model: &mut Model, text: &str) -> crate::tui::palette::Taken {
    use crate::tui::palette;
    use crossterm::event::{KeyCode, KeyEvent};
    palette::open(model, false);
    for c in text.chars() {
        palette::key(model, KeyEvent::from(KeyCode::Char(c))).unwrap();
    }
    palette::key(model, KeyEvent::from(KeyCode::Enter)).unwrap()
}

#[test]
fn the_palette_finds_actions_pages_presets_and_keys_and_sets_what_a_file_may_say() {
    use crate::tui::palette::Taken;
    let mut model = model();
    assert!(matches!(
        typed(&mut model, "quit"),
        Taken::Act(Action::Quit)
    ));
    assert!(matches!(typed(&mut model, "page spec"), Taken::Done(effects) if effects.is_empty()));
    assert_eq!(PAGES[model.page].name, "spectrum");
    let Taken::Done(effects) = typed(&mut model, "kuramoto-lor") else {
        panic!()
    };
    assert!(matches!(effects[..], [Effect::Load(_)]));
    // what may change under way does so, the rest begins anew, as --set says it
    let Taken::Done(effects) = typed(&mut model, "beta = 4.5") else {
        panic!()
    };
    assert!(
        matches!(&effects[..], [Effect::Send(Command::Change(change))] if change.beta == Some(4.5))
    );
    let Taken::Done(effects) = typed(&mut model, "tokens.initial.law=\"uniform\"") else {
        panic!()
    };
    assert!(!effects.is_empty());
    let Taken::Done(effects) = typed(&mut model, "time.end=7") else {
        panic!()
    };
    let started = effects.iter().find_map(|effect| match effect {
        Effect::Send(Command::Start(experiment)) => Some(experiment),
        _ => None,
    });
    let started = started.unwrap();
    assert_eq!((started.time.end, started.attention.beta), (7.0, 4.5));
    assert!(matches!(&model.message, Some(Message::Note(text)) if text.contains("begun anew")));
    // a wrong value has the error of a file, and nothing happens
    let before = model.experiment.clone();
    let Taken::Done(effects) = typed(&mut model, "tokens.count=-3") else {
        panic!()
    };
    assert!(effects.is_empty() && model.experiment == before);
    assert!(matches!(&model.message, Some(Message::Error(text)) if text.contains("tokens.count")));
    let Taken::Done(effects) = typed(&mut model, "zzzz") else {
        panic!()
    };
    assert!(effects.is_empty() && matches!(&model.message, Some(Message::Error(_))));
    // every key of the table has an entry that says what it takes
    crate::tui::palette::open(&mut model, false);
    for c in "attention.gamma".chars() {
        crate::tui::palette::key(
            &mut model,
            crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(c)),
        );
    }
    let found = crate::tui::palette::found(&model, model.palette.as_ref().unwrap());
    assert_eq!(found[0].label, "attention.gamma");
    assert!(found[0].about.contains("not set"), "{:?}", found[0]);
}

#[test]
fn values_are_chosen_copied_and_belong_to_the_frame_on_show() {
    let (mut model, _) = watched("five-tokens", 5);
    model.page = PAGES.iter().position(|page| page.name == "values").unwrap();
    update(&mut model, Action::Down);
    update(&mut model, Action::Down);
    let row = crate::tui::panels::values::rows(&model)[2];
    let name = crate::observe::OBSERVABLES[row].name;
    update(&mut model, Action::Earlier);
    let effects = update(&mut model, Action::Copy);
    let value = model.snapshot().unwrap().values[row];
    assert!(
        matches!(&effects[..], [Effect::Copy(text)] if text.starts_with(&format!("{name} = {value} at t")))
    );
    for _ in 0..200 {
        update(&mut model, Action::Down);
    }
    assert_eq!(
        model.value,
        crate::tui::panels::values::rows(&model).len() - 1
    );
    model.page = 0;
    assert!(update(&mut model, Action::Copy).is_empty());
}

#[test]
fn every_panel_of_the_first_page_can_have_it_and_gives_it_back() {
    let (mut model, _) = watched("five-tokens", 5);
    let drawn = |model: &Model| {
        let mut screen =
            ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
        screen
            .draw(|frame| crate::tui::view::view(model, frame))
            .unwrap();
        screen.backend().to_string()
    };
    let all = drawn(&model);
    assert!(all.contains("tokens on the density") && all.contains("parameters"));
    for title in [
        "tokens on the density",
        "tokens ──",
        "density dμ/dσ",
        "energy E_β",
        "distance",
        "order |m_k|",
        "clusters",
    ] {
        update(&mut model, Action::Enlarge);
        let one = drawn(&model);
        let others = [
            "tokens ──",
            "density dμ/dσ ",
            "energy E_β ─",
            "distance ─",
            "order |m_k| ─",
            "parameters ─",
        ];
        let seen = others.iter().filter(|other| one.contains(**other)).count();
        assert!(one.contains(title) && seen <= 1, "{title}: {one}");
    }
    update(&mut model, Action::Enlarge);
    assert_eq!(drawn(&model), all);
    update(&mut model, Action::Enlarge);
    update(&mut model, Action::Close);
    assert_eq!(drawn(&model), all);
    model.page = 1;
    update(&mut model, Action::Enlarge);
    assert!(matches!(&model.message, Some(Message::Error(_))));
}

#[test]
fn a_pinned_run_is_behind_the_curves_of_the_next_and_what_it_differs_by_is_said() {
    use crate::tui::panels::ghosts::value_at;
    let (mut model, mut session) = watched("five-tokens", 6);
    update(&mut model, Action::Pin);
    assert_eq!(model.pinned.len(), 1);
    let row = crate::observe::table::column("tokens_energy").unwrap();
    let records: Vec<_> = model.pinned[0].history.records().to_vec();
    let (a, b) = (&records[2], &records[3]);
    assert_eq!(value_at(&model.pinned[0], row, a.time), Some(a.values[row]));
    let between = value_at(&model.pinned[0], row, 0.5 * (a.time + b.time)).unwrap();
    assert!((between - 0.5 * (a.values[row] + b.values[row])).abs() < 1e-12);
    assert_eq!(value_at(&model.pinned[0], row, -1.0), None);
    assert_eq!(value_at(&model.pinned[0], row, 1e9), None);
    // the same run again takes it off, another one is added, the fourth takes the place of the first
    session.advance(&|| false).unwrap();
    show(&mut model, &session);
    update(&mut model, Action::Pin);
    assert!(model.pinned.is_empty());
    for _ in 0..4 {
        let (other, _) = watched("five-tokens", 3);
        model.report = other.report;
        update(&mut model, Action::Pin);
    }
    assert_eq!(model.pinned.len(), 3);
}

#[test]
fn tokens_of_a_ghost_are_on_the_globe_where_they_are_seen() {
    let ghosts = |model: &Model| {
        let buffer = crate::tui::view::picture(model, ratatui::layout::Size::new(160, 48));
        let ghost = |cell: &&ratatui::buffer::Cell| cell.symbol() == "∘";
        buffer.content.iter().filter(ghost).count()
    };
    let (mut model, _) = watched("sphere-metastable", 4);
    update(&mut model, Action::Pin);
    let other = crate::experiment::presets::resolve(
        std::ffi::OsStr::new("sphere-metastable"),
        &["tokens.seed=5".into()],
    );
    let mut session = crate::run::Session::new(other.unwrap());
    for _ in 0..3 {
        session.advance(&|| false).unwrap();
    }
    show(&mut model, &session);
    for one in [true, false] {
        model.one = Some(one);
        let front = ghosts(&model);
        assert!(front > 5, "{front} ghosts, one picture: {one}");
        // half around the others are seen, and no more than there are
        model.gaze = model.gaze.turned(std::f64::consts::PI / 0.2618, 0.0);
        let behind = ghosts(&model);
        assert!(
            behind > 5 && front + behind <= model.experiment.tokens.count,
            "{front} + {behind}"
        );
    }
}

#[test]
fn plots_keep_what_comes_after_the_frame_on_show_and_are_halved_around_it() {
    use crate::tui::time_axis::TimeAxis;
    let (mut model, _) = watched("five-tokens", 12);
    let all = model.series("tokens_energy").len();
    update(&mut model, Action::Earlier);
    update(&mut model, Action::Earlier);
    assert!(model.looks_back());
    assert_eq!(model.series("tokens_energy").len(), all);
    let shown = model.snapshot().unwrap().time;
    let whole = TimeAxis::of(&model);
    assert_eq!(whole.cursor, Some(shown));
    for step in 1..=3 {
        update(&mut model, Action::Zoom(true));
        let axis = TimeAxis::of(&model);
        let share = whole.share(axis.to).unwrap() - whole.share(axis.from).unwrap();
        assert!((share - 0.5_f64.powi(step)).abs() < 1e-9, "{share}");
        assert!((axis.from..=axis.to).contains(&shown));
        assert!(matches!(&model.message, Some(Message::Note(text)) if text.contains("around")));
    }
    for _ in 0..5 {
        update(&mut model, Action::Zoom(false));
    }
    assert_eq!(TimeAxis::of(&model), whole);
    // the latest frame is at the right end of what is left
    update(&mut model, Action::Last);
    update(&mut model, Action::Zoom(true));
    let (axis, now) = (TimeAxis::of(&model), model.snapshot().unwrap().time);
    assert!(axis.cursor.is_none() && (axis.from..=axis.to * (1.0 + 1e-12)).contains(&now));
}

/// Two steps of a staircase: what is announced once the clusters wait happens within a factor of three of the wait.
#[test]
fn the_next_merge_is_announced_before_it_happens() {
    use crate::tui::panels::timeline::forecast;
    let mut experiment = crate::experiment::presets::load("staircase-beta-40").unwrap();
    experiment.time.last_frame = Some(experiment.time.recorded() - 1);
    let mut session = crate::run::Session::new(experiment.clone());
    let mut model = Model::new(
        experiment,
        Vec::new(),
        Theme::of(Depth::None),
        Marker::Braille,
    );
    let mut said: Vec<(f64, f64, usize)> = Vec::new();
    while !session.finished() {
        session.advance(&|| false).unwrap();
        let snapshot = session.snapshot();
        let (time, bodies) = (snapshot.time, snapshot.tokens.bodies);
        show(&mut model, &session);
        if let Some(next) = forecast(&model) {
            said.push((time, next, bodies));
        }
    }
    let merges = &model.live().unwrap().tokens.merges;
    let mut checked = 0;
    for (time, next, bodies) in said {
        let Some(merge) = merges
            .iter()
            .find(|merge| merge.time > time && merge.bodies < bodies)
        else {
            continue;
        };
        // early in the wait all of it is ahead
        let ratio = (merge.time - time) / (next - time);
        checked += usize::from(ratio > 0.3 && ratio < 3.0);
        assert!(ratio < 3.0, "at {time}: said {next}, was {}", merge.time);
    }
    assert!(checked > 3, "{checked}");
}
