//! The metrics as time series: four panels, each a chart of the table's rows with their current values.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::counts::{counts, noisy, steps};
use super::ghosts;
use super::spectrum::degree_name;
use crate::dynamics::system::LayerNorm;
use crate::snapshot::Snapshot;
use crate::snapshot::history::STEADY;
use crate::snapshot::view::{FieldView, Prediction};
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, Curve, Level, entry};
use crate::tui::time_axis::TimeAxis;

/// Draws the four charts side by side, or in two rows where there is height, or as many as fit.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let panels = charts(model);
    if area.height < 3 {
        return;
    }
    let (columns, rows) = grid(area);
    for (index, panel) in panels.iter().take(columns * rows).enumerate() {
        let (row, column) = (index / columns, index % columns);
        let edge = |part: usize, parts: usize, size: u16| (usize::from(size) * part / parts) as u16;
        let (left, right) = (
            edge(column, columns, area.width),
            edge(column + 1, columns, area.width),
        );
        let (top, bottom) = (
            edge(row, rows, area.height),
            edge(row + 1, rows, area.height),
        );
        let gap = u16::from(column + 1 < columns);
        panel(
            model,
            buffer,
            Rect::new(
                area.x + left,
                area.y + top,
                right - left - gap,
                bottom - top,
            ),
        );
    }
}

/// Columns and rows of charts: side by side, in two rows where there is height, one below the other in a narrow column.
fn grid(area: Rect) -> (usize, usize) {
    if area.width < 50 && area.height >= 12 {
        return (1, usize::from(area.height / 6).clamp(1, 4));
    }
    if area.height >= 22 && area.width < 200 {
        return (2, 2);
    }
    (usize::from(area.width / 19).clamp(1, 4), 1)
}

pub(crate) type Panel = fn(&Model, &mut Buffer, Rect);

/// Which four: where there is nothing beside the tokens, their gap to one another or their lengths; in ℝ^d their spread.
pub(crate) fn charts(model: &Model) -> [Panel; 4] {
    let (tokens, system) = (&model.experiment.tokens, &model.experiment.system);
    let alone = model.snapshot().is_some_and(|snapshot| {
        matches!(snapshot.field, FieldView::None(_)) && !snapshot.tokens.flat
    });
    if tokens.flat {
        let finite = |snapshot: &Snapshot| snapshot.value("tokens_energy").is_finite();
        if model.snapshot().is_some_and(|snapshot| finite(snapshot)) {
            [energy, spread, mean, clusters]
        } else {
            [corners, spread, mean, clusters]
        }
    } else if system.layer_norm != LayerNorm::Post {
        [energy, gap, lengths, clusters]
    } else if model
        .snapshot()
        .is_some_and(|s| s.value("optimum_gap").is_finite())
    {
        [energy, optimum, order, clusters]
    } else if alone {
        [energy, gap, order, clusters]
    } else {
        [energy, distance, order, clusters]
    }
}

/// Series of the tokens alone, each with its sample, name and value.
fn series(
    model: &Model,
    title: &str,
    log: bool,
    rows: &[(&'static str, &'static str)],
    buffer: &mut Buffer,
    area: Rect,
) {
    let mut chart = chart(model, title);
    chart.log = log;
    let samples = [
        ("━", Pattern::Solid, model.theme.tokens()),
        ("╍", Pattern::Dashed, model.theme.field()),
        ("···", Pattern::Dotted, model.theme.tokens()),
    ];
    let mut line = Line::default();
    if let Some(snapshot) = model.snapshot() {
        for ((glyph, pattern, style), (row, name)) in samples.into_iter().zip(rows) {
            chart.curve(model.series(row), style, pattern);
            line.push_span(sample(model, glyph, style));
            let value = compact(snapshot.value(row));
            line.push_span(Span::raw(format!(" {name} {value} ")));
        }
    }
    chart.values = vec![line];
    let names: Vec<&str> = rows.iter().map(|(row, _)| *row).collect();
    finish(model, chart, &names, buffer, area);
}

fn gap(model: &Model, buffer: &mut Buffer, area: Rect) {
    let rows = [("tokens_gap", "mean")];
    series(model, "1 − ⟨x_i,x_j⟩", true, &rows, buffer, area);
}

fn lengths(model: &Model, buffer: &mut Buffer, area: Rect) {
    let moving = model
        .snapshot()
        .is_some_and(|snapshot| snapshot.value("tokens_length").is_finite());
    if !moving {
        return order(model, buffer, area);
    }
    let rows = [("tokens_length", "mean")];
    series(model, "lengths |y_i|", false, &rows, buffer, area);
}

/// How far repulsive tokens are above the optimal configuration, and how good a design they are.
fn optimum(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "gap to optimum");
    chart.log = true;
    if let Some(snapshot) = model.snapshot() {
        let gap = model.series("optimum_gap");
        chart.curve(gap, model.theme.tokens(), Pattern::Solid);
        let mut line = vec![
            sample(model, "━", model.theme.tokens()),
            Span::raw(format!(" {} %", compact(snapshot.value("optimum_gap")))),
        ];
        let design = snapshot.value("tokens_design");
        if design.is_finite() {
            line.push(Span::raw(format!("  {design:.0}-design")));
        }
        chart.values = vec![Line::from(line)];
    }
    finish(model, chart, &["optimum_gap"], buffer, area);
}

fn corners(model: &Model, buffer: &mut Buffer, area: Rect) {
    let rows = [("tokens_vertices", "corners")];
    series(model, "hull of the clusters", false, &rows, buffer, area);
}

fn spread(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "variance λ₁");
    chart.log = true;
    both(model, &mut chart, "tokens_variance_1", "field_variance_1");
    let line = values(model, "tokens_variance_1", "field_variance_1", compact);
    chart.values = vec![Line::from(line)];
    finish(model, chart, &["tokens_variance_1"], buffer, area);
}

fn mean(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "mean |m|");
    both(model, &mut chart, "tokens_mean", "field_mean");
    let line = values(model, "tokens_mean", "field_mean", compact);
    chart.values = vec![Line::from(line)];
    finish(model, chart, &["tokens_mean"], buffer, area);
}

fn chart(model: &Model, title: &str) -> Chart<'static> {
    Chart::over_time(title, TimeAxis::of(model))
}

fn finish(model: &Model, mut chart: Chart, names: &[&str], buffer: &mut Buffer, area: Rect) {
    if let Some(snapshot) = model.snapshot() {
        let speaks = |prediction: &&Prediction| names.contains(&prediction.observable);
        for prediction in snapshot.predictions.iter().filter(speaks) {
            let (points, style) = (prediction.curve.clone(), model.theme.theory());
            // Below the measurement: where they agree, the measurement is what is seen.
            chart.curves.insert(
                0,
                Curve {
                    points,
                    style,
                    pattern: Pattern::Dotted,
                },
            );
            let label = format!("··· {}", prediction.label);
            let narrow = label.chars().count() + 10 > usize::from(area.width);
            chart.remark = Some((
                if narrow {
                    "··· theory".into()
                } else {
                    label
                },
                style,
            ));
        }
    }
    ghosts::add(model, &mut chart, names);
    chart.draw(buffer, area, model.theme, model.marker);
}

/// Both sides of one quantity: the tokens' curve solid, the density's dashed.
fn both(model: &Model, chart: &mut Chart, tokens: &str, field: &str) {
    chart.curve(model.series(tokens), model.theme.tokens(), Pattern::Solid);
    chart.curve(model.series(field), model.theme.field(), Pattern::Dashed);
}

/// The values of both sides: "━ 812.4 ╍ 809.9".
pub(super) fn values(
    model: &Model,
    tokens: &str,
    field: &str,
    write: fn(f64) -> String,
) -> Vec<Span<'static>> {
    let Some(snapshot) = model.snapshot() else {
        return Vec::new();
    };
    let mut spans = vec![
        sample(model, "━", model.theme.tokens()),
        Span::raw(format!(" {}", write(snapshot.value(tokens)))),
    ];
    if snapshot.value(field).is_finite() {
        spans.push(Span::raw(" "));
        spans.push(sample(model, "╍", model.theme.field()));
        spans.push(Span::raw(format!(" {}", write(snapshot.value(field)))));
    }
    spans
}

/// A piece of a curve for a legend.
pub(super) fn sample(model: &Model, glyph: &'static str, style: Style) -> Span<'static> {
    let plain = match glyph {
        "━" => "=",
        "···" => "...",
        _ => "-",
    };
    Span::styled(if model.ascii() { plain } else { glyph }, style)
}

/// Which curve is which side.
pub(super) fn sides(model: &Model) -> &'static str {
    if model.ascii() {
        "tokens =  density -"
    } else {
        "tokens ━  density ╍"
    }
}

fn energy(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "energy E_β");
    both(model, &mut chart, "tokens_energy", "field_energy");
    chart.values = vec![Line::from(values(
        model,
        "tokens_energy",
        "field_energy",
        short,
    ))];
    if area.width >= 34 {
        chart.corner = sides(model).into();
    }
    finish(
        model,
        chart,
        &["tokens_energy", "field_energy"],
        buffer,
        area,
    );
}

fn order(model: &Model, buffer: &mut Buffer, area: Rect) {
    let degree = model
        .snapshot()
        .map_or("k", |snapshot| degree_name(snapshot));
    let mut chart = chart(model, &format!("order |m_{degree}|"));
    chart.y = (0.0, 1.0);
    both(model, &mut chart, "tokens_order_1", "field_order_1");
    let name = |spans: &mut Vec<Span<'static>>, k: usize| {
        spans.insert(0, Span::styled(format!("{k} "), model.theme.dim()));
    };
    let mut first = values(model, "tokens_order_1", "field_order_1", compact);
    name(&mut first, 1);
    let mut names = vec!["tokens_order_1".to_string(), "field_order_1".to_string()];
    let mut lines = vec![Line::from(first)];
    if let Some((fastest, _)) = model.unstable().filter(|(k, _)| (2..=8).contains(k)) {
        let (tokens, field) = (
            format!("tokens_order_{fastest}"),
            format!("field_order_{fastest}"),
        );
        chart.curve(model.series(&tokens), model.theme.tokens(), Pattern::Dotted);
        chart.curve(model.series(&field), model.theme.field(), Pattern::Sparse);
        let mut second = values(model, &tokens, &field, compact);
        name(&mut second, fastest);
        let wide = area.width >= 38;
        if wide {
            lines[0].push_span(Span::raw("   "));
            lines[0].spans.extend(second);
        } else {
            lines.push(Line::from(second));
        }
        chart.corner = if wide {
            format!("{degree} = 1 lines, {degree} = {fastest} dots")
        } else {
            String::new()
        };
        names.extend([tokens, field]);
    }
    chart.values = lines;
    finish(
        model,
        chart,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
        buffer,
        area,
    );
}

fn clusters(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "clusters");
    for (name, style, pattern) in [
        ("tokens_clusters", model.theme.tokens(), Pattern::Solid),
        ("field_clusters", model.theme.field(), Pattern::Dashed),
    ] {
        chart.curve(steps(&counts(model, name)), style, pattern);
    }
    if noisy(model) {
        chart.corner = format!("median of {STEADY} frames");
    }
    let most = chart
        .curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|point| point.1)
        .fold(1.0, f64::max);
    chart.y = (0.0, most);
    let count = |name: &str| {
        let now = model.snapshot().map_or(f64::NAN, |snapshot| snapshot.time);
        let until = counts(model, name)
            .into_iter()
            .rev()
            .find(|(time, _)| *time <= now);
        until.map_or_else(String::new, |(_, count)| tidy(count))
    };
    let mut spans = entry("", model.theme.tokens(), count("tokens_clusters"));
    spans[0] = sample(model, "━", model.theme.tokens());
    if model
        .snapshot()
        .is_some_and(|snapshot| snapshot.value("field_clusters").is_finite())
    {
        spans.push(sample(model, "╍", model.theme.field()));
        spans.push(Span::raw(format!(" {}", count("field_clusters"))));
    }
    chart.values = vec![Line::from(spans)];
    finish(
        model,
        chart,
        &["tokens_clusters", "field_clusters"],
        buffer,
        area,
    );
}

fn distance(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut chart = chart(model, "distance");
    chart.log = true;
    let Some(snapshot) = model.snapshot() else {
        return finish(model, chart, &[], buffer, area);
    };
    chart.curve(
        model.series("wasserstein"),
        model.theme.quantity(0),
        Pattern::Solid,
    );
    chart.curve(
        model.series("discrepancy"),
        model.theme.quantity(1),
        Pattern::Dashed,
    );
    if chart.curves.iter().any(|curve| !curve.points.is_empty()) {
        let y = 1.0 / (snapshot.tokens.count as f64).sqrt();
        chart.levels.push(Level {
            y,
            label: "1/√n".into(),
        });
        let spans = vec![
            sample(model, "━", model.theme.quantity(0)),
            Span::raw(format!(" W₁ {} ", compact(snapshot.value("wasserstein")))),
            sample(model, "╍", model.theme.quantity(1)),
            Span::raw(format!(" K {}", compact(snapshot.value("discrepancy")))),
        ];
        chart.values = vec![Line::from(spans)];
        if area.width >= 38 {
            chart.corner = "W₁ [rad], K kernel".into();
        }
    } else {
        chart.empty = "no density here";
    }
    finish(model, chart, &["wasserstein", "discrepancy"], buffer, area);
}

/// About three digits, for two values in a narrow panel.
fn compact(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || !size.is_finite() => short(value),
        size if size < 1e-3 => format!("{value:.0e}"),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => short(value),
    }
}
