//! Pinned runs as ghosts: faint curves behind those of the run on show, their tokens as grey circles beside its own, and what its values
//! differ from theirs by.

use crate::snapshot::history::{Record, between};
use crate::snapshot::view::TokenView;
use crate::tui::canvas::Pattern;
use crate::tui::model::{Model, Pinned};
use crate::tui::plot::{Chart, Curve};

/// Puts the pinned curves of these observables behind all others.
pub(crate) fn add(model: &Model, chart: &mut Chart, names: &[&str]) {
    for pinned in &model.pinned {
        for name in names {
            chart.curves.insert(
                0,
                Curve {
                    points: pinned.history.series_named(name),
                    style: model.theme.dim(),
                    pattern: Pattern::Solid,
                },
            );
        }
    }
}

/// The value of a pinned run at a time: at its frame there, or on the line between two; none outside.
#[must_use]
pub(crate) fn value_at(pinned: &Pinned, row: usize, time: f64) -> Option<f64> {
    between(&pinned.history.series(row), time)
}

/// Tokens of a ghost stand inwards of those of the run, which would cover them.
const INWARDS: f64 = 0.93;

/// The frames of ghosts of other runs at the time of the frame on show whose tokens have a place in its picture.
fn alike(model: &Model) -> impl Iterator<Item = &Record> {
    // above the circle a picture is that of the run's own plane
    let own = (model.snapshot())
        .filter(|snapshot| snapshot.tokens.dimension == 2)
        .map(|snapshot| (2, snapshot.tokens.flat, snapshot.time));
    let live = model.live();
    (model.pinned.iter())
        .filter(move |pinned| live.is_none_or(|live| !pinned.history.is_of(&live.history)))
        .filter_map(move |pinned| {
            let (dimension, flat, time) = own?;
            let records = pinned.history.records();
            let until = records.partition_point(|record| record.time <= time);
            let over = until == records.len() && records.last()?.time < time * (1.0 - 1e-9);
            ((dimension, flat) == (pinned.dimension, pinned.flat) && !over)
                .then(|| records[..until].last())?
                .map(AsRef::as_ref)
        })
}

/// Whether there are tokens of a ghost in the picture.
#[must_use]
pub(crate) fn seen(model: &Model) -> bool {
    alike(model).next().is_some()
}

/// What a token of a ghost is drawn as.
#[must_use]
pub(crate) fn glyph(model: &Model) -> &'static str {
    if model.ascii() { "," } else { "∘" }
}

/// Where the tokens of the ghosts are at the time of the frame on show, in units of the picture.
pub(crate) fn places(model: &Model, own: &TokenView) -> Vec<[f64; 2]> {
    // a reference run is drawn without
    let shown = model.snapshot();
    if shown.is_none_or(|snapshot| !std::ptr::eq(own, &raw const snapshot.tokens)) {
        return Vec::new();
    }
    let inwards = if own.flat { 1.0 } else { INWARDS };
    let tokens = alike(model).flat_map(|record| &record.tokens);
    tokens
        .map(|[x, y]| [f64::from(*x) * inwards, f64::from(*y) * inwards])
        .collect()
}
