//! The space–time picture: the density at every angle and recorded time as a heat map, with paths of tokens on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::heat::{self, scale_bar, swatch};
use crate::snapshot::history::Record;
use crate::snapshot::view::FieldView;
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::pixels::{Shade, paint};
use crate::tui::plot::{abscissa, cursor_column, cursor_line, decades, rule};
use crate::tui::theme::Theme;
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

/// Densities below are as dark as this one.
const FLOOR: f64 = 0.1;
/// Most paths of tokens that are drawn.
const PATHS: usize = 12;

/// Draws the panel: θ upwards, t to the right.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    // all of the run so far: the cursor is at the frame on show
    let records = model.live().map_or(&[][..], |live| live.history.records());
    let wide = area.width >= 70;
    let corner = match (ordinate(model), wide) {
        (Ordinate::Circle, _) => "angle θ against time",
        (Ordinate::Colatitude, true) => "colatitude θ against time; density: mean over longitude",
        (Ordinate::Colatitude, false) => "colatitude θ, mean over longitude",
        (Ordinate::Axis, _) => "angle α to the axis against time",
    };
    let axis = TimeAxis::of(model);
    let mut corner = corner.to_string();
    if axis.log && wide {
        corner += ", without t = 0";
    }
    let inner = rule(buffer, area, theme, "space–time", &corner);
    if inner.height < 4 || inner.width < 16 {
        return;
    }
    let plot = Rect::new(inner.x + 4, inner.y, inner.width - 4, inner.height - 2);
    let columns: Vec<Option<&Record>> = (0..plot.width)
        .map(|column| {
            nearest(
                records,
                axis.time((f64::from(column) + 0.5) / f64::from(plot.width)),
                axis,
            )
        })
        .map(|record| record.map(AsRef::as_ref))
        .collect();
    let max = records
        .iter()
        .flat_map(|record| &record.density)
        .copied()
        .fold(0.0f32, f32::max);
    let top = ceiling(f64::from(max).max(2.0));
    let has_density = max > 0.0;
    for (column, record) in columns.iter().enumerate() {
        if let Some(record) = record.filter(|record| !record.density.is_empty()) {
            map(model, buffer, plot, column as u16, record, top);
        }
    }
    painted(model, plot, records, axis, top);
    let drawn = paths(model, buffer, plot, records, axis, has_density);
    axes(model, buffer, inner, plot, ordinate(model), axis);
    if let Some(share) = axis.cursor.and_then(|time| axis.share(time)) {
        cursor(model, buffer, plot, share);
    }
    legend(model, buffer, inner, has_density.then_some(top), drawn);
}

/// The record nearest in time as the axis sees it, none where the run has not been.
pub(super) fn nearest(
    records: &[std::sync::Arc<Record>],
    time: f64,
    axis: TimeAxis,
) -> Option<&std::sync::Arc<Record>> {
    let after = records.partition_point(|record| record.time < time);
    let place = |time: f64| axis.share(time).unwrap_or(-1.0);
    let gap = match records {
        [.., before, last] => place(last.time) - place(before.time),
        _ => 0.0,
    };
    match (
        records.get(after),
        after.checked_sub(1).map(|before| &records[before]),
    ) {
        (Some(next), Some(last)) => Some(
            if place(next.time) - place(time) < place(time) - place(last.time) {
                next
            } else {
                last
            },
        ),
        (Some(next), None) => Some(next),
        (None, Some(last)) => Some(last).filter(|last| place(time) - place(last.time) <= gap),
        (None, None) => None,
    }
}

/// Where ρ is between the floor and the top, on a logarithmic scale.
pub(super) fn share(rho: f64, top: f64) -> f64 {
    heat::share(rho, FLOOR, top)
}

fn map(model: &Model, buffer: &mut Buffer, plot: Rect, column: u16, record: &Record, top: f64) {
    let theme = model.theme;
    let count = record.density.len();
    let halves = 2 * usize::from(plot.height);
    let downwards = ordinate(model).runs_downwards();
    // The largest density in the band of angles that a half cell covers: a narrow cluster is not lost.
    let level = |half: usize| {
        let half = if downwards { halves - 1 - half } else { half };
        let (from, to) = (
            half * count / halves,
            ((half + 1) * count / halves).max(half * count / halves + 1),
        );
        let peak = record.density[from..to.min(count)]
            .iter()
            .copied()
            .fold(0.0f32, f32::max);
        theme.level(share(f64::from(peak), top))
    };
    heat::column(theme, buffer, plot, column, level);
}

/// The same map in pixels.
fn painted(
    model: &Model,
    plot: Rect,
    records: &[std::sync::Arc<Record>],
    axis: TimeAxis,
    top: f64,
) {
    let (width, height) = (f64::from(plot.width), f64::from(plot.height));
    let downwards = ordinate(model).runs_downwards();
    // a column is asked for row by row: its record is looked for once
    let mut column = (-1.0, None);
    paint(&model.easel, model.theme, plot, move |(x, y), (_, high)| {
        if column.0 != x {
            column = (x, nearest(records, axis.time(x / width), axis));
        }
        let density = &column.1?.density;
        let up = |y: f64| {
            if downwards {
                y / height
            } else {
                1.0 - y / height
            }
        };
        let (a, b) = (up(y - 0.5 * high), up(y + 0.5 * high));
        let count = density.len() as f64;
        let from = (a.min(b) * count).max(0.0) as usize;
        let to = ((a.max(b) * count) as usize).clamp(from + 1, density.len().max(from + 1));
        let band = density.get(from..to.min(density.len()))?;
        let peak = band.iter().copied().reduce(f32::max)?;
        Some(Shade {
            share: share(f64::from(peak), top),
            line: false,
        })
    });
}

/// Draws some tokens' paths; returns how many of how many.
fn paths(
    model: &Model,
    buffer: &mut Buffer,
    plot: Rect,
    records: &[std::sync::Arc<Record>],
    axis: TimeAxis,
    over: bool,
) -> (usize, usize) {
    let span = ordinate(model).span();
    let kept = records.first().map_or(0, |record| record.tokens.len());
    let every = kept.div_ceil(if over { PATHS } else { 64 }).max(1);
    for column in 0..plot.width {
        let time = axis.time((f64::from(column) + 0.5) / f64::from(plot.width));
        let Some(record) = nearest(records, time, axis) else {
            break;
        };
        for angle in record.angles.iter().step_by(every) {
            let turn = if ordinate(model).runs_downwards() {
                1.0 - f64::from(*angle) / span
            } else {
                f64::from(*angle) / span
            };
            let height = turn * f64::from(plot.height);
            let row = plot.height - 1 - (height as u16).min(plot.height - 1);
            path_cell(
                model,
                buffer,
                (plot.x + column, plot.y + row),
                height.fract(),
            );
        }
    }
    (
        kept.div_ceil(every),
        model.snapshot().map_or(0, |snapshot| snapshot.tokens.count),
    )
}

fn path_cell(model: &Model, buffer: &mut Buffer, at: (u16, u16), height: f64) {
    let glyph = match (model.ascii(), (height * 3.0) as usize) {
        (true, _) => "o",
        (_, 0) => "⠤",
        (_, 1) => "⠒",
        _ => "⠉",
    };
    let theme = model.theme;
    let Some(cell) = buffer.cell_mut(at) else {
        return;
    };
    if !theme.colourful() && cell.symbol() != " " {
        // the ramp is the density: a path over it would be its end
        return;
    }
    let under = theme.brighter(cell);
    let over_heat = under != Color::Reset;
    let style = if over_heat {
        theme.over(theme.level_of(under).unwrap_or(0)).bg(under)
    } else {
        theme.tokens()
    };
    cell.set_symbol(glyph).set_style(style);
}

/// The moment on show: its column in black or white over the colours.
fn cursor(model: &Model, buffer: &mut Buffer, plot: Rect, share: f64) {
    if !(0.0..=1.0).contains(&share) {
        return;
    }
    if !model.theme.colourful() {
        return cursor_line(buffer, plot, share, model.theme);
    }
    let column = cursor_column(plot, share);
    for row in plot.top()..plot.bottom() {
        let Some(cell) = buffer.cell_mut((column, row)) else {
            continue;
        };
        // the halves of a cell stay as they are
        if cell.symbol() != "▀" {
            let level = model.theme.level_of(cell.bg).unwrap_or(0);
            let under = cell.bg;
            cell.set_symbol("┊")
                .set_style(model.theme.over(level).bg(under));
        }
    }
}

/// What runs upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ordinate {
    /// θ of the circle, 0 … 2π.
    Circle,
    /// The angle to the last axis of S², 0 … π.
    Colatitude,
    /// The angle to the axis of a zonal density, or to the last axis, 0 … π.
    Axis,
}

fn ordinate(model: &Model) -> Ordinate {
    let dimension = model.snapshot().map(|snapshot| snapshot.tokens.dimension);
    match dimension {
        _ if model.zonal() => Ordinate::Axis,
        Some(2) => Ordinate::Circle,
        Some(3) => Ordinate::Colatitude,
        _ => Ordinate::Axis,
    }
}

impl Ordinate {
    /// Whether 0 is above, as the north pole is on the globe.
    fn runs_downwards(self) -> bool {
        self == Self::Colatitude
    }

    fn span(self) -> f64 {
        if self == Self::Circle {
            std::f64::consts::TAU
        } else {
            std::f64::consts::PI
        }
    }

    /// Its labels above, in the middle and below.
    fn labels(self) -> [&'static str; 3] {
        match self {
            Self::Circle => [" 2π", "  π", "  0"],
            Self::Colatitude => ["N 0", "π/2", "S π"],
            Self::Axis => ["  π", "π/2", "  0"],
        }
    }
}

fn axes(
    model: &Model,
    buffer: &mut Buffer,
    inner: Rect,
    plot: Rect,
    upwards: Ordinate,
    axis: TimeAxis,
) {
    let dim = model.theme.dim();
    let labels = upwards.labels();
    for (label, up) in labels.into_iter().zip([1.0, 0.5, 0.0]) {
        let row = plot.y + ((1.0 - up) * f64::from(plot.height - 1)).round() as u16;
        words::put(buffer, inner.x, row, label, dim);
    }
    for line in plot.top()..plot.bottom() {
        words::put(buffer, plot.x - 1, line, "│", model.theme.faint());
    }
    let below = plot.bottom();
    words::put(buffer, plot.x - 1, below, "└", model.theme.faint());
    for column in plot.left()..plot.right() {
        words::put(buffer, column, below, "─", model.theme.faint());
    }
    time_ticks(buffer, plot, model.theme, axis);
}

/// The ticks of time below a picture.
pub(super) fn time_ticks(buffer: &mut Buffer, plot: Rect, theme: Theme, axis: TimeAxis) {
    if axis.log {
        let (start, end) = axis.ends();
        words::put(buffer, plot.x, plot.bottom(), start, theme.dim());
        return decades(buffer, plot, theme, axis, &end);
    }
    let name = format!(" {}", axis.name());
    let width = f64::from(plot.width);
    let place = |time: f64| axis.share(time).map(|share| share * width);
    abscissa(buffer, plot, theme, ((axis.from, axis.to), &name), place);
}

fn legend(
    model: &Model,
    buffer: &mut Buffer,
    inner: Rect,
    top: Option<f64>,
    (drawn, all): (usize, usize),
) {
    let theme = model.theme;
    let mut line = Line::default();
    if let Some(top) = top {
        line.spans.extend(scale_of(model, top));
    }
    let sample = if model.ascii() { "o" } else { "⠒⠒" };
    line.push_span(Span::raw("  "));
    line.push_span(Span::styled(
        sample,
        if top.is_some() {
            Style::new()
        } else {
            theme.tokens()
        },
    ));
    line.push_span(Span::styled(
        format!(" paths of {drawn} of {all}"),
        theme.dim(),
    ));
    if let Some(FieldView::UnderResolved { .. }) = model.snapshot().map(|snapshot| &snapshot.field)
    {
        line.push_span(Span::styled("  ρ under-resolved", theme.warning()));
    }
    words::line(buffer, inner.x, inner.bottom() - 1, &line, inner.width);
}

/// "ρ ≤0.1 ▒▒▒▒ 46 log, 1 is ▒": the scale of a density up to a top.
#[must_use]
pub(super) fn scale_of(model: &Model, top: f64) -> Vec<Span<'static>> {
    let dim = model.theme.dim();
    let mut spans = vec![Span::styled(format!(" ρ ≤{FLOOR} "), dim)];
    spans.extend(scale_bar(model));
    spans.push(Span::styled(format!(" {} log, 1 is ", tidy(top)), dim));
    spans.push(swatch(model, model.theme.level(share(1.0, top))));
    spans
}

#[cfg(test)]
#[path = "spacetime_tests.rs"]
mod tests;
