//! The inner products of the tokens (Fig. 1): their histogram at every recorded frame as a heat map, and the present one: a page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heat::{self, scale_bar};
use super::spacetime::{nearest, time_ticks};
use crate::observe::products::{BINS, MOST};
use crate::snapshot::history::Record;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::plot::{Chart, Level, rule};
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

/// Densities below this are as dark as none.
const FLOOR: f64 = 0.02;
/// From this width on there is room to say of what the bar is the scale.
const ROOMY: u16 = 56;

/// Draws the page: the map to the left, the present frame to the right.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let share = if area.width >= 100 { 3 } else { 2 };
    let right = area.width / share;
    let left = Rect {
        width: area.width - right - 1,
        ..area
    };
    map(model, buffer, left);
    let right = Rect {
        x: left.right() + 1,
        width: right,
        ..area
    };
    present(model, buffer, right);
}

// long: the picture, its axes and its legend
fn map(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let replay = snapshot.experiment.tokens.replay.is_some();
    let corner = if replay {
        "⟨x_i,x_j⟩ layer by layer"
    } else {
        "⟨x_i,x_j⟩ against time"
    };
    let inner = rule(buffer, area, model.theme, "inner products", corner);
    if inner.height < 5 || inner.width < 16 {
        return;
    }
    let plot = Rect::new(inner.x + 4, inner.y, inner.width - 4, inner.height - 2);
    let records = snapshot.history.records();
    let axis = TimeAxis::of(model);
    let top = ceiling(f64::from(
        (records.iter().flat_map(|record| &record.products))
            .copied()
            .fold(1.0f32, f32::max),
    ));
    for column in 0..plot.width {
        let time = axis.time((f64::from(column) + 0.5) / f64::from(plot.width));
        if let Some(record) = nearest(records, time, axis) {
            one_frame(model, buffer, plot, column, record, top);
        }
    }
    let dim = model.theme.dim();
    for (row, label) in [
        (plot.y, " 1"),
        (plot.y + plot.height / 2, " 0"),
        (plot.bottom() - 1, "−1"),
    ] {
        words::put(buffer, inner.x, row, label, dim);
    }
    time_ticks(buffer, plot, model.theme, axis);
    let mut line = ratatui::text::Line::default();
    line.push_span(ratatui::text::Span::styled(
        if inner.width < ROOMY {
            format!(" ≤{FLOOR} ")
        } else {
            format!(" density ≤{FLOOR} ")
        },
        dim,
    ));
    line.spans.extend(scale_bar(model));
    let pairs = if snapshot.tokens.count > MOST {
        format!(" {} (log)  pairs of ≤{MOST} tokens", tidy(top))
    } else {
        format!(" {} (log)  ½ is uniform on [−1, 1]", tidy(top))
    };
    line.push_span(ratatui::text::Span::styled(pairs, dim));
    words::line(buffer, inner.x, inner.bottom() - 1, &line, inner.width);
}

fn one_frame(
    model: &Model,
    buffer: &mut Buffer,
    plot: Rect,
    column: u16,
    record: &Record,
    top: f64,
) {
    let theme = model.theme;
    let halves = 2 * usize::from(plot.height);
    let level = |half: usize| {
        let from = half * BINS / halves;
        let to = ((half + 1) * BINS / halves).max(from + 1).min(BINS);
        let peak = record.products[from..to]
            .iter()
            .copied()
            .fold(0.0f32, f32::max);
        theme.level(heat::share(f64::from(peak), FLOOR, top))
    };
    heat::column(theme, buffer, plot, column, level);
}

fn present(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let records = snapshot.history.records();
    let Some(record) = records.last() else { return };
    let mut chart = Chart::new("now", (-1.0, 1.0));
    chart.x_name = "⟨x_i,x_j⟩";
    chart.y = (0.0, 1.0);
    let width = 2.0 / BINS as f64;
    let steps: Vec<(f64, f64)> = (record.products.iter().enumerate())
        .flat_map(|(bin, value)| {
            let left = -1.0 + bin as f64 * width;
            [(left, f64::from(*value)), (left + width, f64::from(*value))]
        })
        .collect();
    chart.curve(steps, model.theme.tokens(), Pattern::Solid);
    if let Some(first) = records.first() {
        let start = (first.products.iter().enumerate())
            .map(|(bin, value)| (-1.0 + (bin as f64 + 0.5) * width, f64::from(*value)))
            .collect();
        chart.curve(start, model.theme.faint(), Pattern::Dotted);
        chart.remark = Some(("··· at the start".into(), model.theme.dim()));
    }
    chart.levels.push(Level {
        y: 0.5,
        label: String::new(),
    });
    chart.corner = format!(
        "mean {}",
        tidy((snapshot.value("tokens_cosine") * 1e4).round() / 1e4)
    );
    chart.draw(buffer, area, model.theme, model.marker);
}
