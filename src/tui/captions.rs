//! The words of a preset about what is on show now, and the tour: the ten presets of the digits one after another, each on the pages that its
//! captions are about.

use std::time::{Duration, Instant};

use super::changes::Effect;
use super::model::{Message, Model};
use super::pages::PAGES;
use super::panels::timeline::{self, Kind};
use super::tour::Tour;
use crate::experiment::caption::{Caption, Event};
use crate::run::worker::Status;

/// How long the end of a run stands on a tour.
const STANDS: Duration = Duration::from_secs(5);
/// The presets of a tour: those of the digits.
const STOPS: usize = 10;

/// When a caption begins: its time, or when its event happened; none while that has not happened.
fn begins(model: &Model, caption: &Caption) -> Option<f64> {
    if caption.at.is_some() {
        return caption.at;
    }
    let live = model.live()?;
    let first = |kind: Kind| {
        let marks = timeline::marks(model);
        marks
            .into_iter()
            .find(|mark| mark.2 == kind)
            .map(|mark| mark.1)
    };
    match caption.event? {
        Event::Merge => first(Kind::Merge),
        Event::HandOver => first(Kind::HandOver),
        Event::Lost => first(Kind::Lost),
        Event::End => {
            let end = live.experiment.time.last();
            (live.time >= end * (1.0 - 1e-12)).then_some(end)
        }
    }
}

/// The caption of the frame on show: the one that began last. None in a run whose parameters were changed, of which it may not be true.
fn present(model: &Model) -> Option<(usize, &Caption)> {
    let shown = model.snapshot()?;
    if model.changed() || shown.experiment.title != model.experiment.title {
        return None;
    }
    let captions = model.experiment.captions.iter().enumerate();
    captions
        .filter_map(|(index, caption)| {
            let begins = begins(model, caption)?;
            (begins <= shown.time * (1.0 + 1e-12)).then_some((begins, index, caption))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, index, caption)| (index, caption))
}

/// What the caption of the frame on show says.
#[must_use]
pub(crate) fn text(model: &Model) -> Option<&str> {
    present(model).map(|(_, caption)| caption.text.as_str())
}

/// Begins a tour, or ends the one under way.
pub(crate) fn toggle(model: &mut Model) -> Vec<Effect> {
    if model.tour.take().is_some() {
        model.message = Some(Message::Note("the tour is over; this run goes on".into()));
        return Vec::new();
    }
    begin(model)
}

/// Begins a tour with its first preset.
pub(crate) fn begin(model: &mut Model) -> Vec<Effect> {
    if model.presets.is_empty() {
        return Vec::new();
    }
    model.tour = Some(Tour::default());
    let stops = STOPS.min(model.presets.len());
    let text =
        format!("a tour of {stops} presets: space stops it, > goes to the next, esc ends it");
    model.message = Some(Message::Note(text));
    vec![Effect::Load(0)]
}

/// The next preset of the tour, or its end.
pub(crate) fn next(model: &mut Model) -> Vec<Effect> {
    let Some(tour) = &mut model.tour else {
        return Vec::new();
    };
    let stop = tour.stop + 1;
    if stop >= STOPS.min(model.presets.len()) {
        model.tour = None;
        model.message = Some(Message::Note(
            "the tour is over: p lists all presets".into(),
        ));
        return Vec::new();
    }
    *tour = Tour {
        stop,
        ..Tour::default()
    };
    vec![Effect::Load(stop)]
}

/// Follows the captions' pages, and goes on a while after the end of a run.
pub(crate) fn go_on(model: &mut Model, now: Instant) -> Vec<Effect> {
    let Some(mut tour) = model.tour else {
        return Vec::new();
    };
    let title = model.presets.get(tour.stop).map(|preset| &preset.title);
    if title != Some(&model.experiment.title) {
        // the reader has started something else
        model.tour = None;
        return Vec::new();
    }
    let here = present(model).map(|(index, caption)| (index, caption.page.clone()));
    if let Some((index, page)) = here.filter(|(index, _)| tour.caption != Some(*index)) {
        tour.caption = Some(index);
        if index > 0 {
            // what the tour said of itself has been read
            model.message = None;
        }
        let page = page.as_deref().unwrap_or("run");
        if let Some(number) = PAGES
            .iter()
            .position(|one| one.name == page && (one.shown)(model))
        {
            model.page = number;
        }
    }
    let finished = matches!(model.report.status, Status::Finished);
    tour.ended = tour.ended.or(finished.then_some(now)).filter(|_| finished);
    model.tour = Some(tour);
    if tour.ended.is_some_and(|ended| now - ended > STANDS) {
        return next(model);
    }
    Vec::new()
}

#[cfg(test)]
#[path = "captions_tests.rs"]
mod tests;
