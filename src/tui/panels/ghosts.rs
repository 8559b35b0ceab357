//! Pinned runs as ghosts: faint curves behind those of the run on show, and what its values differ from theirs by.

use crate::snapshot::history::between;
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
