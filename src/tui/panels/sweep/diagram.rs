//! Two axes, or an axis and time, and a colour: the diagram of a sweep, with theory's line on top and the cursor in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::{Points, abscissa, corner, layout, nearest, places, value};
use crate::figure::heat::Heat;
use crate::sweep::live::View;
use crate::tui::canvas::{Canvas, Pattern};
use crate::tui::model::Model;
use crate::tui::number::tidy;
use crate::tui::panels::heat::{self, scale_bar};
use crate::tui::panels::metrics::sample;
use crate::tui::pixels::{Shade, paint};
use crate::tui::plot::rule;
use crate::tui::ticks::ticks;
use crate::tui::words;

/// Two sides and a colour.
// long: the frame, the colours, the axes, the line of theory and the cursor, in the order in which they are drawn
pub(super) fn draw(
    model: &Model,
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    which: usize,
) -> Option<Points> {
    let (theme, layout) = (model.theme, layout(model, view));
    let observable = &view.plan.spec.observables[which];
    let (across, name) = abscissa(&layout, view);
    let (upwards, above) = layout
        .up
        .map_or((vec![0.0], String::new()), |axis| places(view, axis));
    let rest = layout.rest(&view.plan);
    let title = format!("{observable} over {name} → and {above} ↑{rest}");
    let inner = rule(buffer, area, theme, &title, &corner(view));
    if inner.height < 5 || inner.width < 24 {
        return None;
    }
    let labels = ticks(
        low(&upwards),
        high(&upwards),
        usize::from(inner.height / 3).max(2),
    );
    let margin = labels
        .iter()
        .map(|(_, label)| label.chars().count())
        .max()
        .unwrap_or(1) as u16
        + 1;
    let plot = Rect::new(
        inner.x + margin,
        inner.y + 1,
        inner.width - margin,
        inner.height - 2,
    );
    let at = |point: (usize, usize)| {
        let (cell, frame) = layout.cell(&view.plan, point);
        value(view.results[cell].as_ref(), which, frame)
    };
    let points = Points::new(plot, &across, &upwards);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for up in 0..upwards.len() {
        for right in 0..across.len() {
            if let Some(v) = at((right, up)) {
                (least, most) = (least.min(v), most.max(v));
            }
        }
    }
    if (0.0..=1.0).contains(&least) && most <= 1.0 && observable.contains("near") {
        (least, most) = (0.0, 1.0);
    }
    let span = if most > least { most - least } else { 1.0 };
    let share = |right: usize, up: usize| at((right, up)).map(|v| (v - least) / span);
    map(model, buffer, plot, &points, &share);
    painted(model, plot, (&across, &upwards), &share);
    sides(model, buffer, plot, (&across, &name), (&upwards, &labels));
    let mut legend = vec![Span::raw(format!("{} ", tidy(least)))];
    if least <= most {
        legend.extend(scale_bar(model));
        legend.push(Span::raw(format!(" {}  ", tidy(most))));
    } else {
        legend = vec![Span::styled("the first cell is under way", theme.dim())];
    }
    let map = Heat {
        values: (0..upwards.len())
            .flat_map(|up| (0..across.len()).map(move |right| (right, up)))
            .map(|point| at(point).unwrap_or(f64::NAN))
            .collect(),
        across: across.clone(),
        upwards: upwards.clone(),
        name: String::new(),
        ends: Some((least, most)),
        contour: most > least,
    };
    let pieces = map.contour();
    if !pieces.is_empty() {
        let lines: Vec<&[(f64, f64)]> = pieces.iter().map(<[(f64, f64); 2]>::as_slice).collect();
        trace(
            model,
            buffer,
            plot,
            (&across, &upwards),
            (&lines, Style::default(), Pattern::Dotted),
        );
        legend.push(sample(model, "···", Style::default()));
        legend.push(Span::raw(format!(" {}  ", tidy(map.middle()))));
    }
    for theory in &view.predicted[which] {
        let lines = (
            &[theory.curve.as_slice()][..],
            theme.theory(),
            Pattern::Solid,
        );
        trace(model, buffer, plot, (&across, &upwards), lines);
        legend.push(sample(model, "───", theme.theory()));
        legend.push(Span::raw(format!(" {}  ", theory.label)));
    }
    words::line(buffer, inner.x, inner.y, &Line::from(legend), inner.width);
    points.mark(model, buffer, (across.len(), upwards.len()));
    Some(points)
}

impl Points {
    /// The cursor, in the first cell of the screen that shows the chosen point.
    fn mark(&self, model: &Model, buffer: &mut Buffer, (right, up): (usize, usize)) {
        let plot = self.plot;
        let (x, y) = model.sweep.cursor;
        let (x, y) = (x.min(right - 1), y.min(up - 1));
        let (columns, rows) = (&self.columns, &self.rows);
        let column = columns.iter().position(|c| *c >= x);
        let row = rows.iter().position(|r| *r <= y);
        let column = column.unwrap_or(columns.len() - 1) as u16;
        let row = row.unwrap_or(rows.len() - 1) as u16 / 2;
        let style = model.theme.title().add_modifier(Modifier::REVERSED);
        words::put(buffer, plot.x + column, plot.y + row, "+", style);
    }
}

/// The colours, two to a cell of the screen.
fn map(
    model: &Model,
    buffer: &mut Buffer,
    plot: Rect,
    points: &Points,
    share: &dyn Fn(usize, usize) -> Option<f64>,
) {
    let theme = model.theme;
    for row in 0..plot.height {
        for column in 0..plot.width {
            let right = points.columns[usize::from(column)];
            let halves = [0, 1].map(|half| {
                let share = share(right, points.rows[usize::from(2 * row + half)]);
                share.map(|share| theme.level(share))
            });
            let place = (plot.x + column, plot.y + row);
            match halves {
                [Some(upper), Some(lower)] => heat::cell(theme, buffer, place, (upper, lower)),
                _ => words::put(buffer, place.0, place.1, "·", theme.faint()),
            }
        }
    }
}

/// The same colours in pixels.
fn painted(
    model: &Model,
    plot: Rect,
    (across, upwards): (&[f64], &[f64]),
    share: &dyn Fn(usize, usize) -> Option<f64>,
) {
    let (width, height) = (f64::from(plot.width), f64::from(plot.height));
    let mut column = (-1.0, 0);
    paint(&model.easel, model.theme, plot, |(x, y), _| {
        if column.0 != x {
            column = (x, nearest(across, x / width));
        }
        let share = share(column.1, nearest(upwards, 1.0 - y / height))?;
        Some(Shade { share, line: false })
    });
}

/// Lines over the colours.
fn trace(
    model: &Model,
    buffer: &mut Buffer,
    plot: Rect,
    (across, upwards): (&[f64], &[f64]),
    (lines, style, pattern): (&[&[(f64, f64)]], Style, Pattern),
) {
    let mut canvas = Canvas::new(plot, model.marker);
    let share = |value: f64, places: &[f64]| {
        (value - low(places)) / (high(places) - low(places)).max(f64::MIN_POSITIVE)
    };
    let place = |(x, y): (f64, f64)| {
        let (right, up) = (share(x, across), share(y, upwards));
        let inside = (0.0..=1.0).contains(&right) && (0.0..=1.0).contains(&up);
        let size = (f64::from(plot.width) - 0.01, f64::from(plot.height) - 0.01);
        inside.then_some((right * size.0, (1.0 - up) * size.1))
    };
    for line in lines {
        for ends in line.windows(2) {
            if let (Some(from), Some(to)) = (place(ends[0]), place(ends[1])) {
                canvas.line(from, to, style, pattern, 0);
            }
        }
    }
    canvas.render(buffer);
}

/// The numbers along both sides.
fn sides(
    model: &Model,
    buffer: &mut Buffer,
    plot: Rect,
    (across, name): (&[f64], &str),
    (upwards, labels): (&[f64], &[(f64, String)]),
) {
    let dim = model.theme.dim();
    let (bottom, top) = (low(upwards), high(upwards));
    for (value, label) in labels {
        let up = (value - bottom) / (top - bottom).max(f64::MIN_POSITIVE);
        let row = plot.y
            + (((1.0 - up) * f64::from(plot.height - 1)).round() as u16).min(plot.height - 1);
        let at = plot.x - 1 - label.chars().count() as u16;
        words::put(buffer, at, row, label, dim);
    }
    let (left, right) = (low(across), high(across));
    let mut free = plot.x;
    let room = plot.right() - name.chars().count() as u16 - 1;
    for (value, label) in ticks(left, right, usize::from(plot.width / 12).max(2)) {
        let share = (value - left) / (right - left).max(f64::MIN_POSITIVE);
        let at = plot.x + (share * f64::from(plot.width - 1)).round() as u16;
        let width = label.chars().count() as u16;
        if at >= free && at + width < room {
            words::put(buffer, at, plot.bottom(), label, dim);
            free = at + width + 2;
        }
    }
    words::put(buffer, room + 1, plot.bottom(), name, dim);
}

fn low(list: &[f64]) -> f64 {
    list.iter().copied().fold(f64::INFINITY, f64::min)
}

fn high(list: &[f64]) -> f64 {
    list.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
