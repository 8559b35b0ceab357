//! The spectrum: |m_k| of both sides against k, and the growth rates that theory predicts beside those measured.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::snapshot::Snapshot;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::plot::{Chart, Level, Marks};

/// Whether theory has growth rates for this system.
#[must_use]
pub(crate) fn has_rates(model: &Model) -> bool {
    model
        .snapshot()
        .is_some_and(|snapshot| snapshot.growth.iter().skip(1).any(|rate| rate.is_finite()))
}

/// Both charts, one above the other; the sizes alone where there are no rates.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    if !has_rates(model) {
        return sizes(model, buffer, area);
    }
    let half = area.height.div_ceil(2);
    sizes(
        model,
        buffer,
        Rect {
            height: half,
            ..area
        },
    );
    rates(
        model,
        buffer,
        Rect {
            y: area.y + half,
            height: area.height - half,
            ..area
        },
    );
}

/// As many degrees as are interesting: to where the rates have died out, at least 16.
fn degrees(snapshot: &Snapshot) -> usize {
    let most = snapshot
        .tokens
        .spectrum
        .len()
        .max(8)
        .min(snapshot.growth.len().saturating_sub(1).max(8));
    let wanted = 12.0 + 5.0 * (2.0 * snapshot.attention.beta).sqrt();
    (wanted as usize).clamp(8, most.max(8)).min(most)
}

/// k on the circle, ℓ above (as a plain l: many terminal fonts have no ℓ).
#[must_use]
pub(crate) fn degree_name(snapshot: &Snapshot) -> &'static str {
    if snapshot.tokens.dimension == 2 {
        "k"
    } else {
        "l"
    }
}

fn points(values: &[f64], degrees: usize) -> Vec<(f64, f64)> {
    values
        .iter()
        .take(degrees)
        .enumerate()
        .map(|(index, value)| ((index + 1) as f64, *value))
        .collect()
}

/// |m_k| against k.
// long: one curve after another
pub(crate) fn sizes(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let degrees = degrees(snapshot);
    let mut chart = Chart::new(
        if snapshot.tokens.dimension == 2 {
            "spectrum |m_k|"
        } else {
            "spectrum |m_l|, per degree l"
        },
        (1.0, degrees as f64),
    );
    chart.log = true;
    chart.x_name = degree_name(snapshot);
    chart.y = (1.0, 1e-3);
    let positive = |values: &[f64]| {
        points(values, degrees)
            .into_iter()
            .map(|(k, m)| (k, m.max(1e-17)))
            .collect()
    };
    let density = snapshot.resolved();
    if let Some(density) = density {
        let field: Vec<(f64, f64)> = positive(&density.spectrum);
        chart.curve(field.clone(), theme.field(), Pattern::Dashed);
        chart.marks.push(Marks {
            points: field,
            style: theme.field(),
            glyph: if model.ascii() { "x" } else { "◇" },
        });
    }
    let tokens: Vec<(f64, f64)> = positive(&snapshot.tokens.spectrum);
    chart.curve(tokens.clone(), theme.tokens(), Pattern::Solid);
    chart.marks.push(Marks {
        points: tokens,
        style: theme.tokens(),
        glyph: if model.ascii() { "o" } else { "●" },
    });
    chart.levels.push(Level {
        y: 1.0 / (snapshot.tokens.count as f64).sqrt(),
        label: String::new(),
    });
    let (dot, diamond) = if model.ascii() {
        ("o", "x")
    } else {
        ("●", "◇")
    };
    let mut legend = vec![Span::styled(dot, theme.tokens()), Span::raw(" tokens  ")];
    if density.is_some() {
        legend.extend([
            Span::styled(diamond, theme.field()),
            Span::raw(" density  "),
        ]);
    }
    legend.push(Span::styled(
        format!(
            "┄ 1/√n = {:.3}",
            1.0 / (snapshot.tokens.count as f64).sqrt()
        ),
        theme.dim(),
    ));
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, area, theme, model.marker);
}

/// g_k against k.
pub(crate) fn rates(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let degrees = degrees(snapshot);
    let name = degree_name(snapshot);
    let mut chart = Chart::new(
        format!("growth rates g_{name} of the uniform measure"),
        (1.0, degrees as f64),
    );
    chart.x_name = degree_name(snapshot);
    let predicted = points(snapshot.growth.get(1..).unwrap_or_default(), degrees);
    let (low, high) = predicted
        .iter()
        .fold((0.0_f64, 0.0_f64), |(low, high), (_, g)| {
            (low.min(*g), high.max(*g))
        });
    // What decays fast is of no interest here and would flatten the rest.
    let low = if high > 0.0 { low.max(-high) } else { low };
    let predicted: Vec<_> = predicted
        .into_iter()
        .filter(|(_, rate)| *rate >= low)
        .collect();
    let room = 0.25 * (high - low).max(1e-3);
    chart.curve(predicted, theme.theory(), Pattern::Solid);
    chart.levels.push(Level {
        y: 0.0,
        label: String::new(),
    });
    let mut legend = vec![Span::styled("━", theme.theory()), Span::raw(" theory  ")];
    if let Some(density) = snapshot.resolved() {
        let measured: Vec<(f64, f64)> = points(&density.growth, degrees)
            .into_iter()
            .filter(|(_, rate)| *rate > low - room && *rate < high + room)
            .collect();
        let glyph = if model.ascii() { "x" } else { "◇" };
        legend.extend([
            Span::styled(glyph, theme.field()),
            Span::raw(format!(" measured d ln|m_{name}|/dt of the density")),
        ]);
        chart.marks.push(Marks {
            points: measured,
            style: theme.field(),
            glyph,
        });
    }
    if let Some((degree, rate)) = model.unstable() {
        chart.corner = format!("fastest {name} = {degree}: {rate:.4}");
    }
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, area, theme, model.marker);
}
