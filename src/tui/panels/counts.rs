//! Counts of clusters over time, as they are drawn.

use crate::snapshot::history::steadied;
use crate::tui::model::Model;

/// Whether clusters come and go by noise.
#[must_use]
pub(super) fn noisy(model: &Model) -> bool {
    model.live().is_some_and(|live| live.diffusion > 0.0)
}

/// A count of clusters over time; under noise, which makes clusters come and go, its median over some frames.
#[must_use]
pub(super) fn counts(model: &Model, name: &str) -> Vec<(f64, f64)> {
    let series = model.series(name);
    if !noisy(model) {
        return series;
    }
    let values: Vec<f64> = series.iter().map(|(_, count)| *count).collect();
    series
        .iter()
        .map(|(time, _)| *time)
        .zip(steadied(&values))
        .collect()
}

/// A count as a staircase.
pub(super) fn steps(series: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (t, y) in series {
        if let Some((_, before)) = points.last().copied().filter(|(_, before)| before != y) {
            points.push((*t, before));
        }
        points.push((*t, *y));
    }
    points
}
