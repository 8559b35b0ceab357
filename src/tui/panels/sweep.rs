//! The sweep page: a family of runs. One number against one axis is a curve with its errors; two axes, or an axis and time, are a diagram with
//! its colours explained and theory's line on top. A cell can be read off and opened.

mod diagram;

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::sweep::live::View;
use crate::sweep::{CellResult, Layout};
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, Marks, cursor_line, rule};
use crate::tui::words;

/// Draws the page.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    drawn(model, buffer, area);
}

/// The point of the picture that is drawn at a place of the screen.
#[must_use]
pub(crate) fn point_at(
    model: &Model,
    area: Rect,
    (column, row): (u16, u16),
) -> Option<(usize, usize)> {
    let points = drawn(model, &mut Buffer::empty(area), area)?;
    let inside = points.plot.contains((column, row).into());
    inside.then(|| {
        let (column, row) = (column - points.plot.x, row - points.plot.y);
        (
            points.columns[usize::from(column)],
            points.rows[usize::from(2 * row)],
        )
    })
}

/// Which point each column, and each half of a row, of a plot shows.
struct Points {
    plot: Rect,
    columns: Vec<usize>,
    rows: Vec<usize>,
}

impl Points {
    fn new(plot: Rect, across: &[f64], upwards: &[f64]) -> Self {
        Self {
            plot,
            columns: (0..plot.width)
                .map(|c| nearest(across, share(c, plot.width)))
                .collect(),
            rows: (0..2 * plot.height)
                .map(|r| nearest(upwards, 1.0 - share(r, 2 * plot.height)))
                .collect(),
        }
    }
}

/// The share of a side at the middle of a cell.
fn share(cell: u16, of: u16) -> f64 {
    (f64::from(cell) + 0.5) / f64::from(of)
}

/// The point nearest to a share of the side.
fn nearest(places: &[f64], share: f64) -> usize {
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let wanted = low + (high - low) * share;
    (places.iter().enumerate())
        .min_by(|a, b| (a.1 - wanted).abs().total_cmp(&(b.1 - wanted).abs()))
        .map_or(0, |(index, _)| index)
}

/// Draws the page, and tells where its points are, if there are any.
fn drawn(model: &Model, buffer: &mut Buffer, area: Rect) -> Option<Points> {
    let say = |buffer: &mut Buffer, text: &str| {
        let inner = rule(buffer, area, model.theme, "sweep", "");
        let width = usize::from(inner.width);
        words::text(buffer, inner.x, inner.y + 1, text, width, model.theme.dim());
        None
    };
    if model.experiment.sweep.is_none() {
        let text = " nothing is varied here: see [sweep], or the preset kuramoto-transition";
        return say(buffer, text);
    }
    let live = match &model.sweep.live {
        Some(Ok(live)) => live,
        Some(Err(error)) => return say(buffer, &format!(" {error}")),
        None => return say(buffer, " the sweep begins"),
    };
    let view = live.view();
    let Some(which) = model.sweep.observable(&view) else {
        return say(buffer, " nothing is measured");
    };
    let rows = usize::from(area.height).saturating_sub(2);
    let notes = notes(model, &view, which);
    let below = notes.len().min(rows.saturating_sub(6)) as u16;
    let picture = Rect {
        height: area.height - below,
        ..area
    };
    let points = if layout(model, &view).is_diagram() {
        diagram::draw(model, buffer, picture, &view, which)
    } else {
        curve(model, buffer, picture, &view, which)
    };
    for (line, row) in notes.iter().zip(picture.bottom()..area.bottom()) {
        words::line(buffer, area.x, row, line, area.width);
    }
    points
}

/// Places, and the name, of the points to the right.
fn abscissa(layout: &Layout, view: &View) -> (Vec<f64>, String) {
    match layout.right {
        Some(axis) => places(view, axis),
        None => (view.plan.times().unwrap_or(&[]).to_vec(), "t".into()),
    }
}

/// Places along an axis, on a logarithmic one their logarithms; and its name.
fn places(view: &View, axis: usize) -> (Vec<f64>, String) {
    let axis = &view.plan.spec.axes[axis];
    let list = (0..axis.len()).map(|point| axis.place(point));
    if axis.is_log() {
        (
            list.map(f64::log10).collect(),
            format!("log10 {}", axis.name()),
        )
    } else {
        (list.collect(), axis.name().to_owned())
    }
}

/// What has a side on the picture, and where the rest stands.
fn layout(model: &Model, view: &View) -> Layout {
    Layout::of(
        &view.plan,
        model.sweep.turn % Layout::turns(&view.plan).max(1),
    )
}

/// The cell and frame under the cursor.
#[must_use]
pub(crate) fn chosen(model: &Model, view: &View) -> (usize, usize) {
    let layout = layout(model, view);
    let (right, up) = layout.shape(&view.plan);
    let (x, y) = model.sweep.cursor;
    layout.cell(&view.plan, (x.min(right - 1), y.min(up - 1)))
}

/// The cursor after a step; it stays on the picture.
#[must_use]
pub(crate) fn stepped(view: &View, (x, y): (usize, usize), by: (i32, i32)) -> (usize, usize) {
    let (right, up) = Layout::of(&view.plan, 0).shape(&view.plan);
    let moved = |at: usize, by: i32, count: usize| {
        // a large picture is crossed in some twenty steps
        let step = if by.abs() > 1 {
            count.div_ceil(20).max(1)
        } else {
            1
        };
        let at = at.min(count - 1);
        match by.cmp(&0) {
            Ordering::Less => at.saturating_sub(step),
            Ordering::Greater => (at + step).min(count - 1),
            Ordering::Equal => at,
        }
    };
    (moved(x, by.0, right), moved(y, by.1, up))
}

fn value(result: Option<&CellResult>, which: usize, frame: usize) -> Option<f64> {
    let mean = *result?.series.get(which)?.mean.get(frame)?;
    mean.is_finite().then_some(mean)
}

/// What is said below the picture: the cell under the cursor, how far the sweep is, the keys.
fn notes<'a>(model: &Model, view: &View, which: usize) -> Vec<Line<'a>> {
    let spec = &view.plan.spec;
    let (cell, frame) = chosen(model, view);
    let settings: Vec<String> = (spec.settings(cell).iter())
        .map(|(key, value)| match value.number() {
            Some(number) => format!("{key} {}", tidy(number)),
            None => format!("{key} {}", value.label()),
        })
        .chain(
            view.plan
                .times()
                .map(|times| format!("t {}", tidy(times[frame]))),
        )
        .collect();
    let place = settings.join(", ");
    let result = view.results[cell].as_ref();
    let text = match (result, value(result, which, frame)) {
        (None, _) => format!("{place}: not yet run"),
        (Some(result), Some(mean)) => {
            let series = &result.series[which];
            let error = series.standard_error.get(frame).filter(|e| e.is_finite());
            let error = error.map_or_else(String::new, |e| format!(" ± {}", tidy(*e)));
            format!(
                "{place}: {}{error} of {} runs",
                short(mean),
                series.count[frame]
            )
        }
        (Some(_), None) => format!("{place}: no value"),
    };
    let mut lines = vec![Line::from(format!(" ▸ {text}"))];
    if let Some(result) = result.filter(|result| result.failed > 0) {
        let reason = result.reasons.first().map_or("", String::as_str);
        let text = format!("   {} failed: {reason}", result.failed);
        lines.push(Line::styled(text, model.theme.warning()));
    }
    let asked = model.experiment.sweep.as_ref();
    let asked = asked.map_or((0, 0), |asked| (asked.realisations, asked.cells()));
    let mut keys = "   ←→↑↓ cell · enter opens its run · g observable".to_owned();
    if Layout::turns(&view.plan) > 1 {
        keys += " · { } other axes";
    }
    keys += &match (
        asked == (spec.realisations, spec.cells()),
        model.sweep.whole,
    ) {
        (true, false) => format!(" · {} realisations a cell", asked.0),
        (true, true) => format!(" · all {} realisations a cell, f fewer", asked.0),
        (false, _) => format!(
            " · {} realisations a cell, f all {} × {}",
            spec.realisations, asked.0, asked.1
        ),
    };
    lines.push(Line::styled(keys, model.theme.dim()));
    lines
}

fn corner(view: &View) -> String {
    let done = view
        .results
        .iter()
        .filter(|result| result.is_some())
        .count();
    let failed = view
        .results
        .iter()
        .flatten()
        .filter(|result| result.failed > 0)
        .count();
    let failures = if failed > 0 {
        format!(", {failed} with failures")
    } else {
        String::new()
    };
    format!("{done} of {} cells{failures}", view.results.len())
}

/// One number against one axis, or against time.
// long: theory, means and errors, and the cursor, in the order in which they are drawn
fn curve(
    model: &Model,
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    which: usize,
) -> Option<Points> {
    let layout = layout(model, view);
    let (places, name) = abscissa(&layout, view);
    let observable = &view.plan.spec.observables[which];
    let (first, last) = (places.first()?, places.last()?);
    let range = (first.min(*last), first.max(*last));
    let mut chart = Chart::new(
        format!("{observable} against {name}{}", layout.rest(&view.plan)),
        range,
    );
    chart.corner = corner(view);
    chart.x_name = "";
    chart.empty = "the first cell is under way";
    let log = layout
        .right
        .is_some_and(|axis| view.plan.spec.axes[axis].is_log());
    let glyph = if model.ascii() { "o" } else { "●" };
    let mut legend = vec![
        Span::styled(glyph, model.theme.tokens()),
        Span::raw(" mean, │ ± standard error  "),
    ];
    for (index, theory) in view.predicted[which].iter().enumerate() {
        let points = (theory.curve.iter())
            .map(|(x, y)| (if log { x.log10() } else { *x }, *y))
            .collect();
        let (pattern, sample) = [(Pattern::Dotted, "···"), (Pattern::Solid, "───")][index % 2];
        chart.curve(points, model.theme.theory(), pattern);
        legend.push(super::metrics::sample(model, sample, model.theme.theory()));
        legend.push(Span::raw(format!(" {}  ", theory.label)));
    }
    let mut means = Vec::new();
    for (point, x) in places.iter().enumerate() {
        let (cell, frame) = layout.cell(&view.plan, (point, 0));
        let result = view.results[cell].as_ref();
        let Some(mean) = value(result, which, frame) else {
            continue;
        };
        let error = result.and_then(|r| r.series[which].standard_error.get(frame).copied());
        if let Some(error) = error.filter(|error| error.is_finite()) {
            let bar = vec![(*x, mean - error), (*x, mean + error)];
            chart.curve(bar, model.theme.dim(), Pattern::Solid);
        }
        means.push((*x, mean));
    }
    chart.log = log && !means.is_empty() && means.iter().all(|(_, y)| *y > 0.0);
    if view.plan.times().is_some() {
        chart.curve(means, model.theme.tokens(), Pattern::Solid);
    } else {
        chart.marks.push(Marks {
            points: means,
            style: model.theme.tokens(),
            glyph,
        });
    }
    chart.values = vec![Line::from(legend)];
    let plot = chart.draw(buffer, area, model.theme, model.marker)?;
    let chosen = places[model.sweep.cursor.0.min(places.len() - 1)];
    let along = (chosen - range.0) / (range.1 - range.0).max(f64::MIN_POSITIVE);
    cursor_line(buffer, plot, along, model.theme);
    Some(Points::new(plot, &places, &[0.0]))
}
