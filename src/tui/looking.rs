//! Looking back: from frame to frame and from mark to mark of the run so far, and a new run from the frame on show.

use super::changes::{Effect, begin_again, refuse};
use super::model::{Message, Model};
use super::number::tidy;
use super::panels::timeline;
use crate::run::worker::Command;

/// The frame before, or the one after; past the last one the run is on show again.
pub(crate) fn step(model: &mut Model, forward: bool) -> Vec<Effect> {
    let Some(shown) = model.snapshot().map(|snapshot| snapshot.frame) else {
        return Vec::new();
    };
    let film = model.report.film.clone();
    let found = if forward {
        film.next(shown)
    } else {
        film.before(shown)
    };
    match found {
        Some(found) => model.look_at(Some(&found)),
        None if forward => model.look_at(None),
        None => model.message = Some(Message::Note("this is the first frame".into())),
    }
    Vec::new()
}

/// The mark before, or the one after.
pub(crate) fn mark(model: &mut Model, forward: bool) -> Vec<Effect> {
    let Some(shown) = model.snapshot().map(|snapshot| snapshot.frame) else {
        return Vec::new();
    };
    let marks = timeline::marks(model);
    let frames = marks.iter().map(|mark| mark.0);
    let found = if forward {
        frames.filter(|frame| *frame > shown).min()
    } else {
        frames.filter(|frame| *frame < shown).max()
    };
    match found {
        Some(frame) => to(model, frame),
        None => {
            let text = if forward {
                "nothing is marked after this"
            } else {
                "nothing is marked before this"
            };
            model.message = Some(Message::Note(text.into()));
            Vec::new()
        }
    }
}

/// A frame, as far as it was kept.
pub(crate) fn to(model: &mut Model, frame: usize) -> Vec<Effect> {
    let found = model.report.film.at(frame);
    model.look_at(found.as_ref());
    Vec::new()
}

/// The run as it is.
pub(crate) fn leave(model: &mut Model) -> Vec<Effect> {
    model.look_at(None);
    Vec::new()
}

/// The run anew up to the frame on show, where it waits: what was changed before it is changed again, what came later is not.
pub(crate) fn branch(model: &mut Model) -> Vec<Effect> {
    let Some(shown) = model.snapshot().filter(|_| model.looks_back()).cloned() else {
        return refuse(
            model,
            "b begins anew from a frame that one looks back at: , goes back",
        );
    };
    let Some(live) = model.live() else {
        return Vec::new();
    };
    let mut experiment = (*live.experiment).clone();
    experiment.changes.retain(|change| change.at < shown.time);
    model.keep_run();
    let (frame, speed) = (shown.frame, model.speed);
    let mut effects = begin_again(model, experiment);
    model.speed = speed;
    effects.push(Effect::Send(Command::Speed(speed)));
    effects.push(Effect::Send(Command::Ahead(frame)));
    model.paused = true;
    model.message = Some(Message::Note(format!(
        "from t = {} on: change what you like, space goes on (u brings the other run back)",
        tidy(shown.time)
    )));
    effects
}

#[cfg(test)]
#[path = "looking_tests.rs"]
mod tests;
