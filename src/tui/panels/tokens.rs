//! The tokens on their circle, with trails: a panel. Their colours and glyphs are those of their clusters.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::heaps::Heaps;
use super::{ghosts, globe};
use crate::experiment::notation::superscript;
use crate::snapshot::Snapshot;
use crate::snapshot::history::PICTURE_TOKENS;
use crate::snapshot::view::TokenView;
use crate::tui::canvas::{Canvas, Disc, Pattern};
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::plot::rule;
use crate::tui::words;

/// Recorded frames that a trail is long.
const TRAIL: usize = 30;
/// Most trails that are drawn; more would fill the disc.
const TRAILS: usize = 64;
/// The radius at which a trail ends.
const INNERMOST: f64 = 0.3;
/// With more tokens than this the tokens themselves are dots.
const GLYPHS_AT_MOST: usize = 400;

/// Draws the panel.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        rule(buffer, area, model.theme, "tokens", "");
        return;
    };
    let tokens = &snapshot.tokens;
    let inner = rule(buffer, area, model.theme, &title(tokens), &corner(tokens));
    if inner.height < 3 {
        return;
    }
    if tokens.dimension == 3 && !tokens.flat {
        globe::draw(model, snapshot, (tokens, model.slots()), buffer, inner);
        return;
    }
    let disc = Disc::within(inner);
    let mut canvas = Canvas::new(inner, model.marker);
    let scale = backdrop(model, tokens, &mut canvas, &disc, buffer, inner);
    let slots = model.slots();
    let length = trails(model, snapshot, slots, &mut canvas, &disc, scale);
    points(model, tokens, slots, (canvas, disc, scale), buffer, inner);
    captions(model, tokens, length, scale, buffer, inner);
}

/// The tokens of a reference run, in the place of the density.
pub(crate) fn other(model: &Model, tokens: &TokenView, buffer: &mut Buffer, area: Rect) {
    let title = format!("reference, {} tokens", tokens.count);
    let inner = rule(buffer, area, model.theme, &title, &corner(tokens));
    if inner.height < 3 {
        return;
    }
    // clusters by rank: the colours of the other side belong to its own
    let slots: Vec<usize> = (0..tokens.clusters.len()).map(|rank| rank % 8).collect();
    if let Some(snapshot) = (model.snapshot()).filter(|_| tokens.dimension == 3 && !tokens.flat) {
        return globe::draw(model, snapshot, (tokens, &slots), buffer, inner);
    }
    let disc = Disc::within(inner);
    let mut canvas = Canvas::new(inner, model.marker);
    let scale = backdrop(model, tokens, &mut canvas, &disc, buffer, inner);
    points(model, tokens, &slots, (canvas, disc, scale), buffer, inner);
    captions(model, tokens, 0.0, scale, buffer, inner);
}

fn title(tokens: &TokenView) -> String {
    if tokens.flat {
        format!("tokens in ℝ{}", superscript(tokens.dimension))
    } else if tokens.dimension == 2 {
        "tokens".into()
    } else {
        format!("tokens on S{}", superscript(tokens.dimension - 1))
    }
}

fn corner(tokens: &TokenView) -> String {
    let count = tokens.clusters.len();
    let clusters = format!("{count} cluster{}", if count == 1 { "" } else { "s" });
    if tokens.flat {
        format!("{clusters}, hull {}", tokens.hull.len())
    } else {
        clusters
    }
}

/// The circle, or the axes of ℝ^d with the hull of the tokens; returns what is drawn at distance one.
fn backdrop(
    model: &Model,
    tokens: &TokenView,
    canvas: &mut Canvas,
    disc: &Disc,
    buffer: &mut Buffer,
    inner: Rect,
) -> f64 {
    let faint = model.theme.faint();
    if !tokens.flat {
        disc.ring(canvas, 1.0, faint, 2);
        return 1.0;
    }
    let scale = ceiling(tokens.radius.max(f64::MIN_POSITIVE));
    let middle = disc.at(0.0, 0.0);
    let row = inner.y + middle.1 as u16;
    for column in inner.left()..inner.right() {
        words::put(buffer, column, row, "┄", faint);
    }
    for row in inner.top()..inner.bottom() {
        words::put(buffer, inner.x + middle.0 as u16, row, "┆", faint);
    }
    let place = |index: usize| {
        let [x, y] = tokens.plane[index];
        disc.at(x / scale, y / scale)
    };
    for (corner, index) in tokens.hull.iter().enumerate() {
        let next = tokens.hull[(corner + 1) % tokens.hull.len()];
        let style = model.theme.theory();
        canvas.line(place(*index), place(next), style, Pattern::Dotted, 0);
    }
    scale
}

/// The tokens themselves, dots where they are many; the corners of the hull on top.
pub(super) fn points(
    model: &Model,
    tokens: &TokenView,
    slots: &[usize],
    (mut canvas, disc, scale): (Canvas, Disc, f64),
    buffer: &mut Buffer,
    inner: Rect,
) {
    let many = tokens.plane.len() > GLYPHS_AT_MOST;
    let each = || {
        (tokens.plane.iter().zip(&tokens.labels)).map(|([x, y], label)| {
            let slot = label.and_then(|label| slots.get(label).copied());
            (slot, disc.at(x / scale, y / scale))
        })
    };
    if many {
        for (slot, (column, row)) in each() {
            canvas.dot(column, row, model.theme.cluster(slot));
        }
    }
    canvas.render(buffer);
    let mut mark = |(column, row): (f64, f64), glyph: &str, style: Style| {
        if column < 0.0 || row < 0.0 || row >= f64::from(inner.height) {
            return;
        }
        let at = (inner.x + column as u16, inner.y + row as u16);
        if let Some(cell) = buffer.cell_mut(at) {
            cell.set_symbol(glyph).set_style(style);
        }
    };
    for [x, y] in ghosts::places(model, tokens) {
        let at = disc.at(x / scale, y / scale);
        mark(at, ghosts::glyph(model), model.theme.dim());
    }
    if !many {
        let heaps = Heaps::of(tokens, each().map(|(_, at)| Some(at)));
        for (slot, at) in each() {
            let (glyph, style) = heaps.glyph(model, slot, at, model.theme.cluster(slot));
            mark(at, glyph, style);
        }
    }
    for index in &tokens.hull {
        let [x, y] = tokens.plane[*index];
        let glyph = if model.ascii() { "v" } else { "◎" };
        mark(disc.at(x / scale, y / scale), glyph, model.theme.theory());
    }
}

// long: one trail, point by point
/// Draws the pasts of the tokens, fading with age, and returns how long they are in simulated time.
pub(super) fn trails(
    model: &Model,
    snapshot: &Snapshot,
    slots: &[usize],
    canvas: &mut Canvas,
    disc: &Disc,
    scale: f64,
) -> f64 {
    let records = snapshot.history.records();
    let tokens = &snapshot.tokens;
    let recent = &records[records.len().saturating_sub(TRAIL + 1)..];
    let Some(last) = recent.last() else {
        return 0.0;
    };
    let left = model.between.left();
    let every = tokens.count.div_ceil(PICTURE_TOKENS).max(1);
    for index in (0..last.tokens.len()).step_by(last.tokens.len().div_ceil(TRAILS).max(1)) {
        let shown = index * every / tokens.stride.max(1);
        let slot = tokens
            .labels
            .get(shown)
            .copied()
            .flatten()
            .map(|label| slots[label]);
        let polar = |x: f64, y: f64, age: f64| {
            let radius = if tokens.dimension == 2 && !tokens.flat {
                (1.0 - (1.0 - INNERMOST) * age / TRAIL as f64) / scale
            } else {
                x.hypot(y) / scale
            };
            (y.atan2(x), radius)
        };
        // between frames the token is not where the last one has it
        let on_the_way = tokens.plane.get(shown).filter(|_| left > 0.0);
        let mut past = on_the_way.map(|[x, y]| polar(*x, *y, 0.0));
        let known = recent.iter().rev().skip(usize::from(past.is_some()));
        for (age, record) in known.enumerate() {
            let Some([x, y]) = record.tokens.get(index) else {
                break;
            };
            // the frame before is as far back as the way to the latest has been gone
            let back = if on_the_way.is_some() {
                age as f64 + 1.0 - left
            } else {
                age as f64
            };
            let here = polar(f64::from(*x), f64::from(*y), back);
            if let Some(past) = past {
                arc(canvas, disc, past, here, faded(model, slot, age));
            }
            past = Some(here);
        }
    }
    last.time - recent[0].time
}

/// The style of a trail so many frames back: the cluster's colour, its dark shade, a hairline.
fn faded(model: &Model, slot: Option<usize>, age: usize) -> Style {
    match (slot, 3 * age / TRAIL) {
        (Some(_), 0) => model.theme.cluster(slot),
        (Some(_), 1) => model.theme.behind(slot),
        _ => model.theme.faint(),
    }
}

/// What the trails of a circle are, in words.
#[must_use]
pub(super) fn past(length: f64) -> String {
    if length > 0.0 {
        format!("  inwards {} t", tidy(length))
    } else {
        String::new()
    }
}

/// A piece of a trail, straight in angle and radius.
fn arc(canvas: &mut Canvas, disc: &Disc, from: (f64, f64), to: (f64, f64), style: Style) {
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

// long: one caption after another
fn captions(
    model: &Model,
    tokens: &TokenView,
    length: f64,
    scale: f64,
    buffer: &mut Buffer,
    inner: Rect,
) {
    let dim = model.theme.dim();
    let width = usize::from(inner.width);
    if tokens.flat {
        let text = format!("axes ±{}", tidy(scale));
        let at = inner.right().saturating_sub(text.chars().count() as u16);
        words::text(buffer, at, inner.y, text, width, dim);
        let text = if tokens.dimension > 2 {
            format!(
                "leading plane: {:.0} % of Σ|x|²",
                100.0 * tokens.plane_share
            )
        } else if length > 0.0 {
            format!("trails {} t", tidy(length))
        } else {
            String::new()
        };
        words::text(buffer, inner.x, inner.bottom() - 1, text, width, dim);
    } else if tokens.dimension > 2 {
        let name = if width < 34 {
            "plane:"
        } else {
            "principal plane:"
        };
        let text = format!("{name} {:.0} % of Σ|x|²", 100.0 * tokens.plane_share);
        words::text(buffer, inner.x, inner.bottom() - 1, text, width, dim);
    } else if length > 0.0 {
        let text = if tokens.count > TRAILS {
            "≤64 trails,"
        } else {
            "trails,"
        };
        words::text(buffer, inner.x, inner.bottom() - 2, text, width, dim);
        words::text(
            buffer,
            inner.x,
            inner.bottom() - 1,
            format!("inwards {} t", tidy(length)),
            width,
            dim,
        );
    }
    if tokens.stride > 1 {
        let text = format!("1 token in {}", tokens.stride);
        words::text(buffer, inner.x, inner.y, text, width, dim);
    }
}
