//! The matrix of attention: who attends to whom, tokens sorted by cluster and angle: a panel.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::heat::{self, scale_bar};
use crate::snapshot::Snapshot;
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::pixels::{Shade, paint};
use crate::tui::plot::rule;
use crate::tui::words;

/// Most tokens over which weights are normalised.
const SUMMED: usize = 1024;
/// The span of the logarithmic scale.
const DECADES: f64 = 3.0;

/// Draws the panel: the square matrix with the clusters along its edges, and its legend.
// long: the size, the levels, the picture, its edges and its legend, one after another
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let softmax = snapshot.attention.normalisation.sums_to_one();
    let corner = if softmax {
        "weight × n: 1 is uniform attention"
    } else {
        "e^{β(⟨x_i,x_j⟩−1)}"
    };
    let inner = rule(buffer, area, model.theme, "attention i → j", corner);
    if inner.height < 6 || inner.width < 20 {
        let (text, dim) = ("more rows show the weights", model.theme.dim());
        words::text(
            buffer,
            inner.x,
            inner.y,
            text,
            usize::from(inner.width),
            dim,
        );
        return;
    }
    let side = usize::from(inner.width - 3).min(2 * usize::from(inner.height - 3));
    let order = order(snapshot);
    let whole = side / order.len() * order.len();
    // Cells of one size, unless that would leave much of the room empty.
    let side = if 20 * whole > 17 * side { whole } else { side };
    let side = side - side % 2;
    let left = inner.x + 3 + (inner.width - 3 - side as u16) / 2;
    let plot = Rect::new(left, inner.y + 2, side as u16, side as u16 / 2);
    let token = |pixel: usize| order[pixel * order.len() / side.max(1)];
    let top = scale_top(snapshot, softmax);
    // a row serves every cell and every pixel of its token
    let mut rows: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut share = |i: usize, j: usize| {
        let row = rows.entry(i);
        share(row.or_insert_with(|| weights(snapshot, i, softmax))[j], top)
    };
    for row in 0..plot.height {
        for column in 0..plot.width {
            let [upper, lower] = [0, 1].map(|half| {
                let i = token(2 * usize::from(row) + half);
                model.theme.level(share(i, token(usize::from(column))))
            });
            let at = (plot.x + column, plot.y + row);
            heat::cell(model.theme, buffer, at, (upper, lower));
        }
    }
    let (width, height) = (f64::from(plot.width), f64::from(plot.height));
    let nearest = |part: f64| order[((part * order.len() as f64) as usize).min(order.len() - 1)];
    paint(&model.easel, model.theme, plot, |(x, y), _| {
        Some(Shade {
            share: share(nearest(y / height), nearest(x / width)),
            line: false,
        })
    });
    edges(model, snapshot, buffer, plot, token);
    legend(model, snapshot, buffer, inner, top, order.len());
}

/// The listed tokens by cluster, then by angle in the plane.
fn order(snapshot: &Snapshot) -> Vec<usize> {
    let tokens = &snapshot.tokens;
    let every = tokens.plane.len().div_ceil(SUMMED).max(1);
    let mut order: Vec<usize> = (0..tokens.plane.len()).step_by(every).collect();
    let angle = |index: usize| tokens.plane[index][1].atan2(tokens.plane[index][0]);
    let label = |index: usize| {
        tokens
            .labels
            .get(index)
            .copied()
            .flatten()
            .unwrap_or(usize::MAX)
    };
    order.sort_by(|&a, &b| label(a).cmp(&label(b)).then(angle(a).total_cmp(&angle(b))));
    order
}

/// Weights of one token's attention to all listed ones: relative to uniform (SA) or to itself (USA); a heavy token counts
/// as many.
fn weights(snapshot: &Snapshot, row: usize, softmax: bool) -> Vec<f64> {
    let d = snapshot.tokens.dimension;
    let positions = &snapshot.tokens.positions;
    let x = &positions[row * d..(row + 1) * d];
    let beta = snapshot.attention.beta;
    let mut weights: Vec<f64> = positions
        .chunks_exact(d)
        .zip(&snapshot.tokens.weights)
        .map(|(y, weight)| {
            let product: f64 = x.iter().zip(y).map(|(a, b)| a * b).sum();
            weight * (beta * (product - beta.signum())).exp()
        })
        .collect();
    if softmax {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    weights
}

/// The value at the upper end of the scale.
fn scale_top(snapshot: &Snapshot, softmax: bool) -> f64 {
    let lightest = snapshot
        .tokens
        .clusters
        .last()
        .map_or(0.5, |cluster| cluster.mass);
    if softmax {
        ceiling((1.0 / lightest).clamp(2.0, 1000.0))
    } else {
        1.0
    }
}

fn share(weight: f64, top: f64) -> f64 {
    1.0 + (weight.max(1e-300) / top).log10() / DECADES
}

fn edges(
    model: &Model,
    snapshot: &Snapshot,
    buffer: &mut Buffer,
    plot: Rect,
    token: impl Fn(usize) -> usize,
) {
    let theme = model.theme;
    let slots = model.slots();
    let slot = |pixel: usize| {
        snapshot
            .tokens
            .labels
            .get(token(pixel))
            .copied()
            .flatten()
            .map(|label| slots[label])
    };
    for column in 0..plot.width {
        let slot = slot(usize::from(column));
        words::put(
            buffer,
            plot.x + column,
            plot.y - 1,
            theme.glyph(slot, model.ascii()),
            theme.cluster(slot),
        );
    }
    for row in 0..plot.height {
        let slot = slot(2 * usize::from(row));
        words::put(
            buffer,
            plot.x - 1,
            plot.y + row,
            theme.glyph(slot, model.ascii()),
            theme.cluster(slot),
        );
    }
    words::put(
        buffer,
        plot.x,
        plot.y - 2,
        "attended token j →",
        theme.dim(),
    );
    for (offset, letter) in ["i", "↓"].iter().enumerate() {
        words::put(
            buffer,
            plot.x.saturating_sub(3),
            plot.y + offset as u16,
            letter,
            theme.dim(),
        );
    }
}

fn legend(
    model: &Model,
    snapshot: &Snapshot,
    buffer: &mut Buffer,
    inner: Rect,
    top: f64,
    shown: usize,
) {
    let dim = model.theme.dim();
    let mut line = Line::default();
    line.push_span(Span::styled(
        format!(" ≤{} ", tidy(top * 10f64.powf(-DECADES))),
        dim,
    ));
    line.spans.extend(scale_bar(model));
    line.push_span(Span::styled(format!(" {} (log)", tidy(top)), dim));
    let count = snapshot.tokens.count;
    let text = if shown < count {
        format!("  {shown} of {count} tokens")
    } else {
        format!("  {count} tokens")
    };
    line.push_span(Span::styled(
        text + ", by cluster, then by angle",
        Style::new().patch(dim),
    ));
    words::line(buffer, inner.x, inner.bottom() - 1, &line, inner.width);
}
