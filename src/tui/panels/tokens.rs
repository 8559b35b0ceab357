//! The tokens on their circle, with trails: a panel. Their colours and glyphs are those of their clusters.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::globe;
use crate::engine::Snapshot;
use crate::engine::history::PICTURE_TOKENS;
use crate::engine::snapshot::superscript;
use crate::tui::canvas::{Canvas, Disc, Pattern};
use crate::tui::model::Model;
use crate::tui::number::tidy;
use crate::tui::plot::rule;

/// Recorded frames that a trail is long.
const TRAIL: usize = 30;
/// Most trails that are drawn; more would fill the disc.
const TRAILS: usize = 64;
/// The radius at which a trail ends.
const INNERMOST: f64 = 0.3;
/// With more tokens than this the tokens themselves are dots.
const GLYPHS_AT_MOST: usize = 400;

/// Draws the panel.
pub fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        rule(buffer, area, model.theme, "tokens", "");
        return;
    };
    let tokens = &snapshot.tokens;
    let on_circle = tokens.dimension == 2;
    let title = if on_circle {
        "tokens".to_string()
    } else {
        format!("tokens on S{}", superscript(tokens.dimension - 1))
    };
    let corner = format!(
        "{} cluster{}",
        tokens.clusters.len(),
        if tokens.clusters.len() == 1 { "" } else { "s" }
    );
    let inner = rule(buffer, area, model.theme, &title, &corner);
    if inner.height < 3 {
        return;
    }
    if tokens.dimension == 3 {
        globe::draw(model, snapshot, buffer, inner);
        return;
    }
    let disc = Disc::within(inner);
    let mut canvas = Canvas::new(inner, model.marker);
    disc.ring(&mut canvas, 1.0, model.theme.faint(), 2);
    let slots = model.slots();
    let length = trails(model, snapshot, slots, &mut canvas, disc);
    let many = tokens.plane.len() > GLYPHS_AT_MOST;
    if many {
        each(snapshot, slots, |slot, [x, y]| {
            let (column, row) = disc.at(x, y);
            canvas.dot(column, row, model.theme.cluster(slot));
        });
    }
    canvas.render(buffer);
    if !many {
        each(snapshot, slots, |slot, [x, y]| {
            let (column, row) = disc.at(x, y);
            let at = (inner.x + column as u16, inner.y + row as u16);
            if let Some(cell) = buffer.cell_mut(at) {
                cell.set_symbol(model.theme.glyph(slot, model.ascii()))
                    .set_style(model.theme.cluster(slot));
            }
        });
    }
    captions(model, snapshot, buffer, inner, length);
}

fn each(snapshot: &Snapshot, slots: &[usize], mut draw: impl FnMut(Option<usize>, [f64; 2])) {
    for (point, label) in snapshot.tokens.plane.iter().zip(&snapshot.tokens.labels) {
        draw(label.map(|label| slots[label]), *point);
    }
}

/// Draws the pasts of the tokens and returns how long they are in simulated time.
fn trails(
    model: &Model,
    snapshot: &Snapshot,
    slots: &[usize],
    canvas: &mut Canvas,
    disc: Disc,
) -> f64 {
    let records = snapshot.history.records();
    let tokens = &snapshot.tokens;
    let recent = &records[records.len().saturating_sub(TRAIL + 1)..];
    let Some(last) = recent.last() else {
        return 0.0;
    };
    let every = tokens.count.div_ceil(PICTURE_TOKENS).max(1);
    for index in (0..last.tokens.len()).step_by(last.tokens.len().div_ceil(TRAILS).max(1)) {
        let shown = index * every / tokens.stride.max(1);
        let slot = tokens
            .labels
            .get(shown)
            .copied()
            .flatten()
            .map(|label| slots[label]);
        let style: Style = if slot.is_none() {
            model.theme.faint()
        } else {
            model.theme.cluster(slot)
        };
        let mut past: Option<(f64, f64)> = None;
        for (age, record) in recent.iter().rev().enumerate() {
            let Some([x, y]) = record.tokens.get(index) else {
                break;
            };
            let (angle, length) = (
                f64::from(*y).atan2(f64::from(*x)),
                f64::from(*x).hypot(f64::from(*y)),
            );
            let radius = if tokens.dimension == 2 {
                1.0 - (1.0 - INNERMOST) * age as f64 / TRAIL as f64
            } else {
                length
            };
            if let Some(past) = past {
                arc(canvas, disc, past, (angle, radius), style);
            }
            past = Some((angle, radius));
        }
    }
    last.time - recent[0].time
}

/// A piece of a trail, straight in angle and radius.
fn arc(canvas: &mut Canvas, disc: Disc, from: (f64, f64), to: (f64, f64), style: Style) {
    let turn =
        crate::sphere::geometry::wrap(to.0 - from.0 + std::f64::consts::PI) - std::f64::consts::PI;
    let pieces = ((turn.abs() / 0.2).ceil() as usize).clamp(1, 32);
    let at = |share: f64| {
        let (angle, radius) = (from.0 + share * turn, from.1 + share * (to.1 - from.1));
        disc.at(radius * angle.cos(), radius * angle.sin())
    };
    for piece in 0..pieces {
        let (start, end) = (
            piece as f64 / pieces as f64,
            (piece + 1) as f64 / pieces as f64,
        );
        canvas.line(at(start), at(end), style, Pattern::Solid, 0);
    }
}

fn captions(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, inner: Rect, length: f64) {
    let dim = model.theme.dim();
    let width = usize::from(inner.width);
    let tokens = &snapshot.tokens;
    if tokens.dimension > 2 {
        let name = if width < 34 {
            "plane:"
        } else {
            "principal plane:"
        };
        let text = format!("{name} {:.0} % of Σ|x|²", 100.0 * tokens.plane_share);
        buffer.set_stringn(inner.x, inner.bottom() - 1, text, width, dim);
    } else if length > 0.0 {
        let text = if tokens.count > TRAILS {
            "≤64 trails"
        } else {
            "trails"
        };
        buffer.set_stringn(inner.x, inner.bottom() - 2, text, width, dim);
        buffer.set_stringn(
            inner.x,
            inner.bottom() - 1,
            format!("last {} t", tidy(length)),
            width,
            dim,
        );
        let text = "inwards";
        buffer.set_stringn(
            inner.right().saturating_sub(text.len() as u16),
            inner.bottom() - 1,
            text,
            width,
            dim,
        );
    }
    if tokens.stride > 1 {
        let text = format!("1 token in {}", tokens.stride);
        buffer.set_stringn(inner.x, inner.y, text, width, dim);
    }
}
