//! The parameter column: a panel. The chosen one is marked and says its keys; below, the clusters of both sides.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::experiment::Spacing;
use crate::observe::Cluster;
use crate::snapshot::Snapshot;
use crate::sphere::geometry::dot;
use crate::tui::model::{Model, Parameter};
use crate::tui::number::tidy;
use crate::tui::plot::rule;
use crate::tui::words;

/// Draws the panel.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let mut inner = rule(buffer, area, model.theme, "parameters", "");
    for parameter in Parameter::ALL {
        if inner.height == 0 {
            return;
        }
        line(model, parameter, buffer, inner);
        inner.y += 1;
        inner.height -= 1;
    }
    if let Some(snapshot) = model.snapshot().filter(|_| inner.height >= 3) {
        if inner.height >= 12 {
            inner.y += 1;
            inner.height -= 1;
        }
        let below = rule(buffer, inner, model.theme, "clusters", "");
        if inner.width >= 21 {
            words::put(
                buffer,
                inner.x + 9,
                inner.y,
                " tokens density ",
                model.theme.dim(),
            );
        }
        clusters(model, snapshot, buffer, below);
    }
}

/// Its name, its value as asked for or as it is, and whether a snapshot shows it already.
fn value(model: &Model, parameter: Parameter) -> (&'static str, String, bool) {
    let snapshot = model.snapshot();
    match parameter {
        Parameter::Beta => (
            "β",
            tidy(model.attention().beta),
            model.wishes.beta.is_some(),
        ),
        Parameter::Diffusion => (
            "D noise",
            tidy(model.diffusion()),
            model.wishes.diffusion.is_some(),
        ),
        Parameter::Normalisation => (
            "system",
            model.system(),
            model.wishes.normalisation.is_some(),
        ),
        Parameter::Speed => {
            let decades = model.experiment.time.spacing == Spacing::Log;
            let name = if decades { "decades/s" } else { "speed t/s" };
            (name, tidy(model.speed), false)
        }
        Parameter::Count => {
            let count = model.experiment.tokens.count;
            (
                "n tokens",
                count.to_string(),
                snapshot.is_some_and(|snapshot| snapshot.tokens.count != count),
            )
        }
        Parameter::Seed => {
            let seed = model.experiment.tokens.seed;
            (
                "seed",
                seed.to_string(),
                snapshot.is_some_and(|snapshot| snapshot.experiment.tokens.seed != seed),
            )
        }
    }
}

// long: name, value, what is typed, and the hint of the chosen one
fn line(model: &Model, parameter: Parameter, buffer: &mut Buffer, area: Rect) {
    let (name, value, pending) = value(model, parameter);
    let chosen = model.parameter() == parameter;
    let width = usize::from(area.width);
    let typed = model.entry.as_ref().filter(|_| chosen);
    let value = if let Some(typed) = typed {
        format!("{typed}_")
    } else if pending {
        format!("{value}…")
    } else {
        value
    };
    let text = if chosen {
        format!("▸{name:<10}◂ {value} ▸")
    } else {
        format!(" {name:<10}  {value}")
    };
    let text = if model.ascii() {
        text.replace('▸', ">").replace('◂', "<")
    } else {
        text
    };
    if chosen {
        let style = model.theme.selected();
        words::text(
            buffer,
            area.x,
            area.y,
            format!("{text:<width$}"),
            width,
            style,
        );
        let hint = match parameter {
            _ if model.entry.is_some() => "enter",
            Parameter::Count | Parameter::Seed => "restarts",
            Parameter::Normalisation => "SA, USA",
            _ => "live",
        };
        let used = text.chars().count();
        if used + hint.len() + 2 <= width {
            words::put(
                buffer,
                area.right() - hint.len() as u16 - 1,
                area.y,
                hint,
                style,
            );
        }
    } else {
        words::text(
            buffer,
            area.x,
            area.y,
            text,
            width,
            ratatui::style::Style::new(),
        );
        buffer.set_style(
            Rect {
                width: area.width.min(11),
                height: 1,
                ..area
            },
            model.theme.dim(),
        );
    }
}

/// Masses of the tokens' clusters, each with the density's cluster nearest to it.
fn clusters(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, area: Rect) {
    let dim = model.theme.dim();
    let list = &snapshot.tokens.clusters;
    if area.height == 0 {
        return;
    }
    if list.is_empty() {
        words::text(
            buffer,
            area.x,
            area.y,
            " none: no peak yet",
            usize::from(area.width),
            dim,
        );
        return;
    }
    let field: &[Cluster] = snapshot
        .resolved()
        .map_or(&[], |density| density.clusters.as_slice());
    let slots = model.slots();
    // in a narrow column the numbers come first
    let gap = if area.width < 21 { " " } else { "       " };
    let rows = usize::from(area.height);
    let shown = if list.len() > rows {
        rows.saturating_sub(1)
    } else {
        list.len()
    };
    for (index, cluster) in list.iter().take(shown).enumerate() {
        let slot = Some(slots[index]);
        let partner = nearest(cluster, field).map_or_else(
            || "–".to_string(),
            |index| format!("{:.3}", field[index].mass),
        );
        let line = Line::from(vec![
            Span::raw(" "),
            Span::styled(
                model.theme.glyph(slot, model.ascii()),
                model.theme.cluster(slot),
            ),
            Span::raw(format!("{gap}{:.3}   {partner:>5}", cluster.mass)),
        ]);
        words::line(buffer, area.x, area.y + index as u16, &line, area.width);
    }
    if shown < list.len() {
        let text = format!(" … {} more", list.len() - shown);
        words::text(
            buffer,
            area.x,
            area.y + shown as u16,
            text,
            usize::from(area.width),
            dim,
        );
    }
}

/// Which of these clusters stands where another one does, within a quarter of a radian or so.
#[must_use]
pub(super) fn nearest(cluster: &Cluster, others: &[Cluster]) -> Option<usize> {
    let product = |index: &usize| dot(&cluster.centre, &others[*index].centre);
    (0..others.len())
        .filter(|index| product(index) > 0.9)
        .max_by(|a, b| product(a).total_cmp(&product(b)))
}
