//! The density on the same circle as the tokens, drawn outwards from a ring: a panel. Where there is no density, the
//! histogram of the tokens' inner products. On S² a globe or map ([`super::globe_density`]), for a zonal density the law of the
//! angle to its axis ([`super::angle_law`]).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::{angle_law, gaussian, globe_density, tokens};
use crate::snapshot::Snapshot;
use crate::snapshot::view::{Density, FieldView, Picture};
use crate::tui::canvas::{Canvas, Disc, Pattern};
use crate::tui::model::Model;
use crate::tui::number::{ceiling, short, tidy};
use crate::tui::plot::rule;
use crate::tui::words;

/// Radius of the ring from which heights are drawn.
const BASE: f64 = 0.45;
/// A mean over a cell of the picture above this is one cell's mass: the cells are the limit, and not the density.
const POINT: f64 = 300.0;
/// Most tokens of whom pairs are counted.
const PAIRED: usize = 256;

/// Draws the panel.
// long: one kind of density after another
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let Some(snapshot) = model.snapshot() else {
        rule(buffer, area, model.theme, "density dμ/dσ", "");
        return;
    };
    let density = match &snapshot.field {
        FieldView::Gaussian {
            side,
            tokens,
            blow_up,
            ended,
        } => {
            let tokens = (tokens.0.as_slice(), tokens.1.as_slice());
            let over = match (blow_up, ended) {
                (Some(time), _) => Some(format!("blew up at t = {}", tidy(*time))),
                (None, Some((time, why))) => Some(format!("over at t = {}: {why}", tidy(*time))),
                (None, None) => None,
            };
            return gaussian::draw(model, snapshot, side.as_ref(), over, tokens, buffer, area);
        }
        FieldView::Reference(view) => {
            return tokens::other(model, view, buffer, area);
        }
        FieldView::None(reason) => {
            histogram(model, snapshot, Some(reason.as_str()), buffer, area);
            return;
        }
        FieldView::Resolved(density) | FieldView::UnderResolved { last: density, .. } => density,
    };
    let since = match &snapshot.field {
        FieldView::UnderResolved { since, .. } => Some(*since),
        _ => None,
    };
    if let Picture::Zonal { .. } = &density.picture {
        if model.gaze.map {
            histogram(model, snapshot, None, buffer, area);
            return;
        }
        angle_law::draw(
            model,
            snapshot,
            &density.picture,
            since.is_none(),
            buffer,
            area,
        );
        banner(model, since, buffer, area);
        return;
    }
    let max = density.picture.max();
    let corner = if since.is_some() {
        String::new()
    } else {
        largest(density, max)
    };
    let inner = rule(buffer, area, model.theme, "density dμ/dσ", &corner);
    let live = since.is_none();
    match &density.picture {
        Picture::Sphere { cosines, values } => {
            globe_density::draw(model, cosines, values, max, buffer, inner, live);
        }
        _ => picture(model, density, max, buffer, inner, live),
    }
    banner(model, since, buffer, area);
}

/// The largest value; where markers have met in a cell, only that it is a point.
fn largest(density: &Density, max: f64) -> String {
    if density.carried.is_some() && max >= POINT {
        "a point".into()
    } else {
        format!("max {}", short(max))
    }
}

/// Says in the middle of the panel that the density is given up.
pub(super) fn banner(model: &Model, since: Option<f64>, buffer: &mut Buffer, area: Rect) {
    let Some(since) = since else { return };
    let words = [
        format!(" under-resolved since t = {} ", tidy(since)),
        format!(" under-resolved t≥{} ", tidy(since)),
    ];
    let room = usize::from(area.width);
    let text = words
        .into_iter()
        .find(|words| words.chars().count() <= room)
        .unwrap_or_else(|| " under-resolved ".into());
    let width = text.chars().count() as u16;
    let style = model.theme.warning().add_modifier(Modifier::REVERSED);
    let x = area.x + area.width.saturating_sub(width) / 2;
    let y = area.y + area.height.saturating_sub(1) / 2 + 1;
    words::text(
        buffer,
        x,
        y.min(area.bottom().saturating_sub(1)),
        &text,
        usize::from(area.width),
        style,
    );
}

// long: one kind of density after another
fn picture(
    model: &Model,
    density: &Density,
    max: f64,
    buffer: &mut Buffer,
    inner: Rect,
    live: bool,
) {
    let values = density.picture.values();
    if inner.height < 3 || values.is_empty() {
        return;
    }
    let scale = ceiling(max.max(2.5));
    let disc = Disc::within(inner);
    let mut canvas = Canvas::new(inner, model.marker);
    let height = |rho: f64| BASE + (1.0 - BASE) * (rho / scale).clamp(0.0, 1.0);
    disc.ring(&mut canvas, 1.0, model.theme.faint(), 4);
    let count = values.len();
    let rays = ((std::f64::consts::TAU * disc.radius() * 2.0 * 1.5) as usize).clamp(90, 4 * count);
    for ray in 0..rays {
        let turn = ray as f64 / rays as f64;
        let place = turn * count as f64;
        let (below, share) = (place as usize % count, place.fract());
        let rho = if rays < count {
            // the highest of what the ray stands for: a peak of one cell is not lost between two rays
            let width = count.div_ceil(rays);
            (0..=width)
                .map(|step| values[(below + step + count - width / 2) % count])
                .fold(0.0, f64::max)
        } else {
            (1.0 - share) * values[below] + share * values[(below + 1) % count]
        };
        let angle = std::f64::consts::TAU * turn;
        let style = if live {
            model.theme.magnitude_line((rho / scale).clamp(0.0, 1.0))
        } else {
            model.theme.faint()
        };
        let (cos, sin) = (angle.cos(), angle.sin());
        let (from, to) = (
            disc.at(BASE * cos, BASE * sin),
            disc.at(height(rho) * cos, height(rho) * sin),
        );
        canvas.line(from, to, style, Pattern::Solid, 0);
        canvas.dot(to.0, to.1, style);
    }
    disc.ring(&mut canvas, height(1.0), model.theme.dim(), 3);
    disc.ring(&mut canvas, BASE, model.theme.dim(), 1);
    canvas.render(buffer);
    let dim = model.theme.dim();
    let width = usize::from(inner.width);
    words::text(buffer, inner.x, inner.bottom() - 2, "outwards", width, dim);
    words::text(
        buffer,
        inner.x,
        inner.bottom() - 1,
        format!("ρ 0,1,{}", tidy(scale)),
        width,
        dim,
    );
    if live {
        let text = density.carried.map_or_else(
            || format!("{} modes", density.modes),
            |carried| format!("{} markers", carried.bodies),
        );
        let at = inner.right().saturating_sub(text.len() as u16);
        words::text(buffer, at, inner.bottom() - 1, text, width, dim);
    }
}

/// How often each inner product occurs among the shown tokens.
// long: the reason, the bars, the axis
fn histogram(
    model: &Model,
    snapshot: &Snapshot,
    reason: Option<&str>,
    buffer: &mut Buffer,
    area: Rect,
) {
    let inner = rule(buffer, area, model.theme, "inner products ⟨x_i,x_j⟩", "");
    let width = usize::from(inner.width);
    let lines = reason.map_or_else(Vec::new, |reason| {
        wrapped(&format!("no density: {reason}"), width)
    });
    let mut row = inner.y;
    for line in lines.iter().take(usize::from(inner.height) / 3) {
        words::text(buffer, inner.x, row, line, width, model.theme.dim());
        row += 1;
    }
    let plot = Rect {
        y: row,
        height: inner.bottom().saturating_sub(row + 1),
        ..inner
    };
    if plot.height < 2 || plot.width < 8 {
        return;
    }
    let (across, down) = {
        let (x, y) = model.marker.resolution();
        (width * x, f64::from(plot.height) * y as f64)
    };
    let bins = (across / 2).clamp(8, 100);
    let counts = pairs(snapshot, bins);
    let total: usize = counts.iter().sum();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut canvas = Canvas::new(plot, model.marker);
    for dot in 0..across {
        let bin = dot * bins / across;
        let high = (counts[bin] as f64 / most as f64 * down).ceil();
        let column = (dot as f64 + 0.5) / across as f64 * width as f64;
        for level in 0..high as usize {
            let up = f64::from(plot.height) * (1.0 - (level as f64 + 0.5) / down);
            canvas.dot(column, up, model.theme.tokens());
        }
    }
    canvas.render(buffer);
    let below = plot.bottom();
    for column in plot.left()..plot.right() {
        words::put(buffer, column, below, "─", model.theme.faint());
    }
    words::put(buffer, plot.x, below, "-1 ", model.theme.dim());
    words::put(
        buffer,
        plot.x + plot.width / 2 - 1,
        below,
        " 0 ",
        model.theme.dim(),
    );
    words::put(buffer, plot.right() - 2, below, " 1", model.theme.dim());
    if total > 0 {
        let text = format!("highest {:.0} %", 100.0 * most as f64 / total as f64);
        words::text(buffer, plot.x, plot.y, text, width, model.theme.dim());
    }
}

fn pairs(snapshot: &Snapshot, bins: usize) -> Vec<usize> {
    let d = snapshot.tokens.dimension;
    let rows: Vec<&[f64]> = snapshot.tokens.positions.chunks_exact(d).collect();
    let chosen: Vec<&[f64]> = rows
        .iter()
        .step_by(rows.len().div_ceil(PAIRED).max(1))
        .copied()
        .collect();
    let mut counts = vec![0; bins];
    for (i, x) in chosen.iter().enumerate() {
        for y in &chosen[..i] {
            let product: f64 = x.iter().zip(*y).map(|(a, b)| a * b).sum();
            let bin = (f64::midpoint(product, 1.0) * bins as f64).max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
    }
    counts
}

/// Text in lines of at most this many characters.
#[must_use]
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}
