//! The BBGKY page: ψ(t,x), the density of the difference of two tokens, measured on an ensemble of runs and by the closed equations
//! (8.1), and the first pair moment of both over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::metrics::sample;
use crate::snapshot::view::BINS;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, Level, Marks, rule};
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

const PATTERNS: [(Pattern, &str); 3] = [
    (Pattern::Dotted, "···"),
    (Pattern::Dashed, "╍"),
    (Pattern::Solid, "━"),
];
const COLUMNS: [&str; 3] = ["pair_mean_field", "pair_kirkwood", "pair_gaussian"];

/// Draws the page.
// long: one line of words and one chart after another
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let Some(pairs) = &snapshot.pairs else {
        let inner = rule(buffer, area, model.theme, "pairs ψ(t,x)", "");
        let text = " this run has no ensemble beside it: see [pairs], or the preset bbgky";
        words::text(
            buffer,
            inner.x,
            inner.y + 1,
            text,
            usize::from(inner.width),
            model.theme.dim(),
        );
        return;
    };
    let upper = Rect {
        height: area.height * 3 / 5,
        ..area
    };
    let mut chart = Chart::new("density ψ of θ_i − θ_j", (0.0, std::f64::consts::PI));
    chart.corner = match pairs.ended {
        None => format!("{} runs of {} tokens", pairs.runs, pairs.count),
        Some(time) => format!("ended at t = {}: parameters were changed", tidy(time)),
    };
    chart.x_name = "x = |θ_i − θ_j|";
    chart.x_ends = Some(("0", "π"));
    chart.levels.push(Level {
        y: 1.0,
        label: "uniform".into(),
    });
    let step = std::f64::consts::PI / BINS as f64;
    let mut legend = vec![
        Span::styled(if model.ascii() { "o" } else { "●" }, model.theme.tokens()),
        Span::raw(" ensemble  "),
    ];
    for (closure, values, since) in &pairs.closed {
        let (pattern, glyph) = PATTERNS[*closure as usize];
        let style = style(model, *closure as usize);
        if since.is_none() {
            let points = values
                .iter()
                .enumerate()
                .map(|(j, v)| (step * j as f64, *v));
            chart.curve(points.collect(), style, pattern);
        }
        legend.push(sample(model, glyph, style));
        let state = since.map_or_else(String::new, |t| {
            format!(" (under-resolved since {})", tidy((t * 1e3).round() / 1e3))
        });
        legend.push(Span::raw(format!(" {}{state}  ", closure.name())));
    }
    chart.marks.push(Marks {
        points: (pairs.histogram.iter().enumerate())
            .map(|(bin, [mean, _])| ((bin as f64 + 0.5) * step, *mean))
            .collect(),
        style: model.theme.tokens(),
        glyph: if model.ascii() { "o" } else { "●" },
    });
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, upper, model.theme, model.marker);
    moments(
        model,
        buffer,
        Rect {
            y: area.y + upper.height,
            height: area.height - upper.height,
            ..area
        },
    );
}

fn style(model: &Model, closure: usize) -> ratatui::style::Style {
    [model.theme.dim(), model.theme.field(), model.theme.theory()][closure]
}

/// E cos(θ_i − θ_j) over time.
fn moments(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let mut chart = Chart::over_time("pair moment E cos(θ_i − θ_j)", TimeAxis::of(model));
    let mut line = vec![
        Span::styled(if model.ascii() { "o" } else { "●" }, model.theme.tokens()),
        Span::raw(format!(
            " {} ± {}  ",
            short(snapshot.value("ensemble_pair")),
            short(snapshot.value("ensemble_pair_error"))
        )),
    ];
    for (closure, column) in COLUMNS.iter().enumerate() {
        let (pattern, glyph) = PATTERNS[closure];
        let style = style(model, closure);
        chart.curve(model.series(column), style, pattern);
        let value = snapshot.value(column);
        if value.is_finite() {
            line.push(sample(model, glyph, style));
            line.push(Span::raw(format!(" {}  ", short(value))));
        }
    }
    chart.marks.push(Marks {
        points: model.series("ensemble_pair"),
        style: model.theme.tokens(),
        glyph: if model.ascii() { "o" } else { "●" },
    });
    chart.values = vec![Line::from(line)];
    chart.draw(buffer, area, model.theme, model.marker);
}
