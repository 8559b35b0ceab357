//! The staircase: energy and number of clusters against (logarithmic) time with every merge marked, the bodies that are
//! left with their masses, the last merges, and the saddle that the configuration sits on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::counts::steps;
use super::metrics::{sample, sides, values};
use crate::observe::saddle::Saddle;
use crate::snapshot::Snapshot;
use crate::snapshot::view::Merge;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, Marks, rule};
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

/// The column of lists at the right, and the narrowest plots beside it.
const LISTS: u16 = 38;
const PLOTS: u16 = 30;
/// Rows of the saddle's list.
const SADDLE: u16 = 7;

/// Draws the page.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let lists = LISTS.min(area.width.saturating_sub(PLOTS));
    let plots = Rect {
        width: area.width - lists - 1,
        ..area
    };
    let upper = plots.height / 2;
    energy(
        model,
        snapshot,
        buffer,
        Rect {
            height: upper,
            ..plots
        },
    );
    let lower = Rect {
        y: plots.y + upper,
        height: plots.height - upper,
        ..plots
    };
    counts(model, snapshot, buffer, lower);
    let side = Rect {
        x: area.right() - lists,
        width: lists,
        ..area
    };
    let rest = side.height.saturating_sub(SADDLE);
    saddle(
        model,
        snapshot,
        buffer,
        Rect {
            height: SADDLE.min(side.height),
            ..side
        },
    );
    let below = |from: u16, height: u16| Rect {
        y: side.y + SADDLE + from,
        height,
        ..side
    };
    masses(model, snapshot, buffer, below(0, rest / 2));
    merges(model, snapshot, buffer, below(rest / 2, rest - rest / 2));
}

/// E_β of both sides, and a mark at the energy reached by every merge that can be told apart on the axis.
fn energy(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let axis = TimeAxis::of(model);
    let mut chart = Chart::over_time("energy E_β, ◆ merges", axis);
    if model.ascii() {
        chart.title = "energy E_b, * merges".into();
    }
    let tokens = model.series("tokens_energy");
    chart.curve(model.series("field_energy"), theme.field(), Pattern::Dashed);
    chart.curve(tokens.clone(), theme.tokens(), Pattern::Solid);
    chart.values = vec![Line::from(values(
        model,
        "tokens_energy",
        "field_energy",
        short,
    ))];
    if area.width >= 50 {
        chart.corner = sides(model).into();
    }
    let at = |merge: &Merge| {
        let after = tokens.partition_point(|(time, _)| *time < merge.time);
        tokens
            .get(after)
            .or(tokens.last())
            .map(|(_, energy)| (merge.time, *energy))
    };
    chart.marks.push(Marks {
        points: apart(&snapshot.tokens.merges, axis, area.width)
            .into_iter()
            .filter_map(at)
            .collect(),
        style: theme.theory(),
        glyph: if model.ascii() { "*" } else { "◆" },
    });
    chart.draw(buffer, area, theme, model.marker);
}

/// The last merge in every column of the plot.
fn apart(merges: &[Merge], axis: TimeAxis, width: u16) -> Vec<&Merge> {
    let column = |merge: &Merge| {
        axis.share(merge.time)
            .map(|share| (share * f64::from(width)) as i64)
    };
    let mut kept: Vec<&Merge> = Vec::new();
    for merge in merges {
        if kept
            .last()
            .is_some_and(|last| column(last) == column(merge))
        {
            kept.pop();
        }
        kept.push(merge);
    }
    kept
}

/// Bodies, clusters and the index of the saddle.
// long: the chart, its marks and its words, in the order in which they are drawn
fn counts(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let merging = snapshot.experiment.tokens.merge.is_some();
    let title = if merging {
        "clusters, bodies, index"
    } else {
        "clusters, index"
    };
    let mut chart = Chart::over_time(title, TimeAxis::of(model));
    let series = |name: &str| steps(&model.series(name));
    // The many tokens of the start would flatten everything after.
    let clusters = series("tokens_clusters");
    let most = clusters.iter().map(|(_, count)| *count).fold(3.0, f64::max) + 1.0;
    let capped = |name: &str| -> Vec<(f64, f64)> {
        series(name)
            .into_iter()
            .filter(|(_, count)| *count <= most)
            .collect()
    };
    chart.curve(capped("tokens_index"), theme.theory(), Pattern::Dotted);
    if merging {
        chart.curve(capped("tokens_bodies"), theme.dim(), Pattern::Solid);
    }
    chart.curve(series("field_clusters"), theme.field(), Pattern::Dashed);
    chart.curve(clusters, theme.tokens(), Pattern::Solid);
    chart.y = (0.0, most);
    if TimeAxis::of(model).log {
        chart.corner = "without t = 0".into();
    }
    let mut spans = vec![
        sample(model, "━", theme.tokens()),
        Span::raw(format!(
            " clusters {}",
            tidy(snapshot.value("tokens_clusters"))
        )),
    ];
    if snapshot.value("field_clusters").is_finite() {
        spans.push(Span::raw("  "));
        spans.push(sample(model, "╍", theme.field()));
        spans.push(Span::raw(format!(
            " density {}",
            tidy(snapshot.value("field_clusters"))
        )));
    }
    let mut others = Vec::new();
    if merging {
        others.push(sample(model, "━", theme.dim()));
        others.push(Span::raw(format!(" bodies {}  ", snapshot.tokens.bodies)));
    }
    others.push(sample(model, "···", theme.theory()));
    others.push(Span::raw(format!(
        " index {}",
        tidy(snapshot.value("tokens_index"))
    )));
    let width: usize = spans.iter().chain(&others).map(Span::width).sum();
    chart.values = if width + 2 <= usize::from(area.width) {
        spans.push(Span::raw("  "));
        spans.extend(others);
        vec![Line::from(spans)]
    } else {
        vec![Line::from(spans), Line::from(others)]
    };
    if !merging {
        chart.remark = Some(("set tokens.merge = 1e-9 for long times".into(), theme.dim()));
    }
    chart.draw(buffer, area, theme, model.marker);
}

/// Index, fastest and slowest growth, and the time scale of what comes next.
fn saddle(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let inner = rule(buffer, area, theme, "saddle", "Hessian of E_β here");
    let mut lines: Vec<Line> = Vec::new();
    let row = |name: &str, value: String| {
        Line::from(vec![
            Span::styled(format!("{name:<16}"), theme.dim()),
            Span::raw(value),
        ])
    };
    match &snapshot.tokens.saddle {
        None => lines.push(Line::styled(
            "too many directions for eigenvalues",
            theme.dim(),
        )),
        Some(_) if snapshot.tokens.bodies == 1 => {
            lines.push(row("index", "0".into()));
            lines.push(Line::raw("maximum: one body"));
        }
        Some(saddle) => {
            let all = snapshot.tokens.bodies * (snapshot.tokens.dimension - 1);
            lines.push(row("index", format!("{} of {all} grow", saddle.index)));
            if saddle.index > 0 {
                let wide = inner.width >= LISTS;
                let rate = |rate: f64| {
                    if wide {
                        format!("{}, 1/rate {}", short(rate), short(1.0 / rate))
                    } else {
                        short(rate)
                    }
                };
                lines.push(row("fastest growth", rate(saddle.fastest())));
                lines.push(row("slowest growth", rate(saddle.slowest())));
                if let Some(time) = next_step(snapshot, saddle) {
                    lines.push(row("next step at t", format!("about {}", short(time))));
                }
            } else if saddle.unresolved == 0 {
                lines.push(Line::raw("nothing grows: a local maximum"));
            }
            if saddle.unresolved > 0 {
                lines.push(Line::styled(
                    format!("rates below rounding, sign unknown: {}", saddle.unresolved),
                    theme.warning(),
                ));
            }
        }
    }
    let closest = snapshot.value("tokens_closest");
    if closest.is_finite() {
        lines.push(row("closest 1−⟨x,y⟩", short(closest)));
    }
    write(buffer, inner, &lines);
}

/// The time of the next merge where the configuration waits for it: a pull that grows exponentially as the pair comes
/// nearer leaves about 1/rate from now on. No such wait while clusters are more or fewer than bodies, or while tokens still
/// contract, like e^{−t} and so for −ln of the distance at which they merge.
pub(super) fn next_step(snapshot: &Snapshot, saddle: &Saddle) -> Option<f64> {
    if saddle.index == 0 {
        return None;
    }
    let contraction = -snapshot.experiment.tokens.merge?.ln();
    let wait = 1.0 / saddle.fastest();
    let settled = snapshot.tokens.clusters.len() == snapshot.tokens.bodies;
    (settled && wait > contraction).then_some(snapshot.time + wait)
}

/// Clusters, the heaviest first, as bars.
fn masses(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let clusters = &snapshot.tokens.clusters;
    let inner = rule(buffer, area, theme, "masses of the clusters", "");
    let slots = model.slots();
    let room = f64::from(inner.width.saturating_sub(9));
    let lines: Vec<Line> = (clusters.iter().zip(slots))
        .map(|(cluster, slot)| {
            let length = (cluster.mass * room).round().max(1.0) as usize;
            let bar = if model.ascii() { "=" } else { "█" };
            Line::from(vec![
                Span::raw(format!("{:.4} ", cluster.mass)),
                Span::styled(bar.repeat(length), theme.cluster(Some(*slot))),
            ])
        })
        .collect();
    write(buffer, inner, &lines);
}

/// The last merges, the latest first.
fn merges(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let list = &snapshot.tokens.merges;
    let corner = if list.is_empty() {
        String::new()
    } else {
        let error = snapshot.value("tokens_merge_error");
        format!("{} so far, δE/E ≤ {error:.0e}", list.len())
    };
    let inner = rule(buffer, area, theme, "merges", &corner);
    if snapshot.experiment.tokens.merge.is_none() {
        write(
            buffer,
            inner,
            &[Line::styled("off: set tokens.merge = 1e-9", theme.dim())],
        );
        return;
    }
    if list.is_empty() {
        write(buffer, inner, &[Line::styled("none yet", theme.dim())]);
        return;
    }
    let mut lines = vec![Line::styled(
        "t         masses            left",
        theme.dim(),
    )];
    lines.extend(
        list.iter()
            .rev()
            .take(usize::from(inner.height))
            .map(|merge| {
                let masses = match merge.masses.as_slice() {
                    [one, other] => format!("{one:.3} + {other:.3}"),
                    [heaviest, others @ ..] => format!("{heaviest:.3} + {} others", others.len()),
                    [] => String::new(),
                };
                Line::from(format!(
                    "{:<9} {masses:<17} {}",
                    short(merge.time),
                    merge.bodies
                ))
            }),
    );
    write(buffer, inner, &lines);
}

/// Lines from the top, as many as fit.
fn write(buffer: &mut Buffer, area: Rect, lines: &[Line]) {
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        words::line(buffer, area.x, area.y + row as u16, line, area.width);
    }
}
