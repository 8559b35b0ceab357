//! Captions stand where they say, and a tour goes through all presets of the digits.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use super::*;
use crate::experiment::keys;
use crate::experiment::presets;
use crate::run::Session;
use crate::tui::action::Action;
use crate::tui::canvas::Marker;
use crate::tui::model::PresetLine;
use crate::tui::theme::{Depth, Theme};
use crate::tui::update::update;

fn model(name: &str) -> Model {
    let experiment = presets::load(name).unwrap();
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    let mut model = Model::new(experiment, lines, Theme::of(Depth::None), Marker::Braille);
    // another run than the one before, as the worker would say
    model.report.film = crate::snapshot::Film::default();
    model
}

fn show(model: &mut Model, session: &Session, status: Status) {
    let snapshot = session.snapshot();
    let mut report = model.report.clone();
    report.film.add(&snapshot);
    report.number += 1;
    report.snapshot = Some(std::sync::Arc::new(snapshot));
    report.status = status;
    model.receive(report);
}

#[test]
fn a_caption_stands_from_its_time_or_event_on_and_not_in_a_changed_run() {
    let mut model = model("clusters-beta-9");
    let mut session = Session::new(model.experiment.clone());
    let (mut seen, mut hand_over) = (Vec::new(), None);
    while !session.finished() {
        session.advance(&|| false).unwrap();
        show(&mut model, &session, Status::Running);
        if let Some(text) = text(&model).map(str::to_owned)
            && seen.last() != Some(&text)
        {
            seen.push(text.clone());
            if text.contains("markers") {
                hand_over = Some(session.time());
            }
        }
    }
    assert_eq!(seen.len(), model.experiment.captions.len(), "{seen:#?}");
    // the preset hands over at t = 3.2, which the next frame shows
    assert!(
        hand_over.is_some_and(|time| (3.2..3.41).contains(&time)),
        "{hand_over:?}"
    );
    update(&mut model, Action::First);
    assert!(model.looks_back() && text(&model) == Some(&model.experiment.captions[0].text));
    update(&mut model, Action::Last);
    model.experiment.attention.beta = 8.0;
    assert_eq!(text(&model), None);
}

#[test]
fn every_preset_of_the_digits_has_captions_that_come_within_its_run_on_pages_that_it_has() {
    for preset in presets::list().into_iter().take(STOPS) {
        let mut model = model(&preset.name);
        let session = Session::new(model.experiment.clone());
        show(&mut model, &session, Status::Running);
        let captions = model.experiment.captions.clone();
        assert!(captions.len() >= 2, "{}", preset.name);
        for caption in captions {
            let end = model.experiment.time.last();
            assert!(caption.at.is_none_or(|at| at <= end), "{}", caption.text);
            let page = caption.page.as_deref().unwrap_or("run");
            let row = PAGES.iter().find(|row| row.name == page).unwrap();
            assert!((row.shown)(&model), "{} has no page {page}", preset.name);
            assert!(caption.text.chars().count() < 150, "{}", caption.text);
        }
    }
}

#[test]
fn captions_know_the_pages_of_the_dashboard() {
    assert_eq!(
        PAGES.iter().map(|page| page.name).collect::<Vec<_>>(),
        keys::PAGES
    );
}

#[test]
fn a_tour_goes_from_preset_to_preset_and_ends_when_the_reader_does_something_else() {
    let mut model = model("metastable");
    let effects = update(&mut model, Action::Tour);
    assert!(matches!(effects[..], [Effect::Load(0)]));
    let session = Session::new(model.experiment.clone());
    show(&mut model, &session, Status::Running);
    let start = Instant::now();
    assert!(go_on(&mut model, start).is_empty());
    show(&mut model, &session, Status::Finished);
    assert!(go_on(&mut model, start).is_empty());
    let effects = go_on(&mut model, start + STANDS + Duration::from_secs(1));
    assert!(matches!(effects[..], [Effect::Load(1)]));
    // the loop would load it now
    model.experiment = presets::load("clusters-beta-9").unwrap();
    assert!(go_on(&mut model, start).is_empty() && model.tour.is_some());
    for stop in 2..STOPS {
        let effects = update(&mut model, Action::MarkAfter);
        assert!(matches!(effects[..], [Effect::Load(next)] if next == stop));
    }
    assert!(update(&mut model, Action::MarkAfter).is_empty() && model.tour.is_none());
    update(&mut model, Action::Tour);
    model.experiment = presets::load("hemisphere").unwrap();
    assert!(go_on(&mut model, start).is_empty() && model.tour.is_none());
}
