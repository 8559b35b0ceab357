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
    // above S² a picture is that of the run's own plane
    let own = (model.snapshot())
        .filter(|snapshot| snapshot.tokens.dimension == 2 || on_the_globe(&snapshot.tokens))
        .map(|snapshot| {
            (
                snapshot.tokens.dimension,
                snapshot.tokens.flat,
                snapshot.time,
            )
        });
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

/// Whether tokens are drawn on the globe.
fn on_the_globe(tokens: &TokenView) -> bool {
    tokens.dimension == 3 && !tokens.flat
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

/// Whether these are the run's own tokens: a reference run is drawn without ghosts.
fn are_own(model: &Model, tokens: &TokenView) -> bool {
    let shown = model.snapshot();
    shown.is_some_and(|snapshot| std::ptr::eq(tokens, &raw const snapshot.tokens))
}

/// Where the tokens of the ghosts are on S² at the time of the frame on show.
pub(crate) fn on_sphere(model: &Model, own: &TokenView) -> Vec<[f64; 3]> {
    if !on_the_globe(own) || !are_own(model, own) {
        return Vec::new();
    }
    let tokens = alike(model).flat_map(|record| &record.places);
    tokens.map(|x| x.map(f64::from)).collect()
}

/// Where the tokens of the ghosts are at the time of the frame on show, in units of the picture in the plane.
pub(crate) fn places(model: &Model, own: &TokenView) -> Vec<[f64; 2]> {
    if own.dimension != 2 || !are_own(model, own) {
        return Vec::new();
    }
    let inwards = if own.flat { 1.0 } else { INWARDS };
    let tokens = alike(model).flat_map(|record| &record.tokens);
    tokens
        .map(|[x, y]| [f64::from(*x) * inwards, f64::from(*y) * inwards])
        .collect()
}
