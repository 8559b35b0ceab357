//! A zonal density: the law of the angle to its axis, dμ/dt, with the histogram of the tokens' angles over it, a panel.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::engine::Snapshot;
use crate::sphere::geometry::angle_between;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::plot::{Chart, entry};
use std::f64::consts::PI;

/// Bins of the histogram.
const BINS: usize = 48;

/// Draws the panel.
pub fn draw(
    model: &Model,
    snapshot: &Snapshot,
    axis: &[f64],
    angles: &[f64],
    buffer: &mut Buffer,
    area: Rect,
) {
    let theme = model.theme;
    // units of π on the axis: the density is then dμ/d(t/π)
    let mut chart = Chart::new("angle to the axis", (0.0, 1.0));
    chart.x_name = "t/π";
    let curve: Vec<(f64, f64)> = angles
        .iter()
        .enumerate()
        .map(|(j, value)| ((j as f64 + 0.5) / angles.len() as f64, value * PI))
        .collect();
    let steps = histogram(snapshot, axis);
    let top = curve
        .iter()
        .chain(&steps)
        .map(|(_, y)| *y)
        .fold(0.0, f64::max);
    chart.y = (0.0, 1.05 * top.max(1e-3));
    chart.curve(steps, theme.tokens(), Pattern::Solid);
    chart.curve(curve, theme.field(), Pattern::Dashed);
    let mut legend: Vec<Span<'static>> = entry("━", theme.tokens(), "tokens  ".into());
    legend.extend(entry("╍", theme.field(), "density  ".into()));
    legend.push(Span::styled("dμ/d(t/π)", theme.dim()));
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, area, theme, model.marker);
}

/// The tokens' angles as steps of unit area.
fn histogram(snapshot: &Snapshot, axis: &[f64]) -> Vec<(f64, f64)> {
    let tokens = &snapshot.tokens;
    let mut counts = [0usize; BINS];
    let mut total = 0usize;
    for x in tokens.positions.chunks_exact(tokens.dimension.max(1)) {
        let bin = (angle_between(x, axis) / PI * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
        total += 1;
    }
    let scale = BINS as f64 / total.max(1) as f64;
    (0..BINS)
        .flat_map(|bin| {
            let height = counts[bin] as f64 * scale;
            [
                (bin as f64 / BINS as f64, height),
                ((bin + 1) as f64 / BINS as f64, height),
            ]
        })
        .collect()
}
