//! Runs that others are compared with: pinned by the reader, or left behind by going back to another one.

use super::model::{Message, Model, Pinned};
use super::number::tidy;
use crate::snapshot::Snapshot;

/// Most ghosts.
const PINNED: usize = 3;

/// Pins the run under way as a ghost to compare others with, or takes it off again.
pub(crate) fn pin(model: &mut Model) {
    let Some(live) = model.live().cloned() else {
        return;
    };
    let same = |pinned: &Pinned| pinned.history.is_of(&live.history);
    if let Some(at) = model.pinned.iter().position(same) {
        let label = model.pinned.remove(at).label;
        model.message = Some(Message::Note(format!("no longer pinned: {label}")));
        return;
    }
    if model.pinned.len() == PINNED {
        model.pinned.remove(0);
    }
    let ghost = ghost(model, &live);
    model.message = Some(Message::Note(format!(
        "pinned: {}: grey behind the curves of other runs and beside their tokens, with the differences on the page values (P takes it off)",
        ghost.label
    )));
    model.pinned.push(ghost);
}

/// The run under way becomes a ghost, since another comes back; until the next one begins.
pub(crate) fn leave_behind(model: &mut Model) {
    model.pinned.retain(|pinned| !pinned.left);
    let Some(live) = model.live().filter(|live| live.frame > 0).cloned() else {
        return;
    };
    if model
        .pinned
        .iter()
        .any(|pinned| pinned.history.is_of(&live.history))
    {
        return;
    }
    let ghost = Pinned {
        left: true,
        ..ghost(model, &live)
    };
    model.pinned.push(ghost);
}

/// The run under way as a ghost.
fn ghost(model: &Model, live: &Snapshot) -> Pinned {
    let tokens = &live.experiment.tokens;
    let label = format!(
        "{}, β {}, D {}, n {}, seed {}, up to t = {}",
        model.system(),
        tidy(live.attention.beta),
        tidy(live.diffusion),
        tokens.count,
        tokens.seed,
        tidy(live.time)
    );
    Pinned {
        label,
        history: live.history.clone(),
        dimension: tokens.dimension,
        flat: tokens.flat,
        left: false,
    }
}
