//! Tokens and density in one picture: a panel. On the circle the density is a filled ring, as bright and as high as ρ, the tokens stand
//! on its inner edge, and what they are called and weigh stands beside them; on S² the tokens stand on the shaded globe.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::spacetime::{scale_of, share};
use super::{density, ghosts, globe, globe_density, names, tokens};
use crate::snapshot::Snapshot;
use crate::snapshot::view::{Density, FieldView, Picture};
use crate::theory::growth::linear_maxima;
use crate::tui::canvas::{Canvas, Disc, half_block};
use crate::tui::model::Model;
use crate::tui::number::ceiling;
use crate::tui::pixels::{Shade, paint};
use crate::tui::plot::rule;
use crate::tui::words;

/// Radius of the ring's inner edge, as a share of that of its outer one.
const EDGE: f64 = 0.66;
/// Radius on which the tokens stand.
const TOKENS: f64 = 0.6;
/// Radius around which names stand that have no room outside.
const INSIDE: f64 = 0.36;
/// Pixels are looked at in so many places, squared.
const FINE: usize = 2;

/// The density of a frame that can be drawn together with its tokens.
fn drawable(snapshot: &Snapshot) -> Option<(&Density, Option<f64>)> {
    let (density, since) = match &snapshot.field {
        FieldView::Resolved(density) => (density, None),
        FieldView::UnderResolved { last, since, .. } => (last, Some(*since)),
        FieldView::None(_) | FieldView::Reference(_) | FieldView::Gaussian { .. } => return None,
    };
    (!matches!(density.picture, Picture::Zonal { .. })).then_some((density, since))
}

/// Whether there is such a picture of this run.
#[must_use]
pub(crate) fn possible(model: &Model) -> bool {
    model
        .snapshot()
        .is_some_and(|snapshot| drawable(snapshot).is_some())
}

/// Draws the panel.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let found = model
        .snapshot()
        .map(|snapshot| (snapshot, drawable(snapshot)));
    let Some((snapshot, Some((density, since)))) = found else {
        return tokens::draw(model, buffer, area);
    };
    let count = snapshot.tokens.clusters.len();
    let corner = format!("{count} cluster{}", if count == 1 { "" } else { "s" });
    let title = "tokens on the density dμ/dσ";
    let inner = rule(buffer, area, model.theme, title, &corner);
    if inner.height < 4 || inner.width < 12 {
        return;
    }
    match &density.picture {
        Picture::Sphere { cosines, values } => {
            let (max, live) = (density.picture.max(), since.is_none());
            globe_density::draw(model, cosines, values, max, buffer, inner, live);
            globe::tokens_over(model, &snapshot.tokens, buffer, inner);
            let clusters = (
                snapshot.tokens.clusters.as_slice(),
                density.clusters.as_slice(),
            );
            names::around(model, clusters, buffer, inner);
        }
        picture => {
            let ring = Ring::new(picture.values(), inner);
            ring.draw(model, snapshot, (density, since.is_none()), buffer);
        }
    }
    density::banner(model, since, buffer, area);
}

/// A density on the circle and its place on the screen.
struct Ring<'a> {
    values: &'a [f64],
    /// The largest value of the scale.
    top: f64,
    /// The panel without its last row, which is the scale's.
    area: Rect,
    disc: Disc,
    inner: Rect,
}

impl<'a> Ring<'a> {
    fn new(values: &'a [f64], inner: Rect) -> Self {
        let area = Rect {
            height: inner.height - 1,
            ..inner
        };
        let max = values.iter().copied().fold(0.0, f64::max);
        Self {
            values,
            top: ceiling(max.max(2.5)),
            area,
            disc: Disc::within(area),
            inner,
        }
    }

    fn draw(
        &self,
        model: &Model,
        snapshot: &Snapshot,
        (density, live): (&Density, bool),
        buffer: &mut Buffer,
    ) {
        let tokens = &snapshot.tokens;
        let scale = 1.0 / TOKENS;
        let mut canvas = Canvas::new(self.area, model.marker);
        let past = tokens::trails(
            model,
            snapshot,
            model.slots(),
            &mut canvas,
            &self.disc,
            scale,
        );
        self.disc.ring(&mut canvas, EDGE, model.theme.faint(), 1);
        self.disc.ring(&mut canvas, 1.0, model.theme.faint(), 4);
        canvas.render(buffer);
        self.fill(model, live, buffer);
        let places = self.places(model, snapshot, buffer);
        let canvas = Canvas::new(self.area, model.marker);
        let picture = (canvas, self.disc, scale);
        tokens::points(model, tokens, model.slots(), picture, buffer, self.area);
        self.names(model, snapshot, density, buffer);
        self.legend(model, (past, places), buffer);
    }

    /// How high ρ is drawn at each of so many angles, and how bright: the largest value that an angle stands for.
    fn profile(&self, angles: usize) -> Vec<f64> {
        let count = self.values.len();
        let at = |j: usize| self.values[j % count];
        (0..angles)
            .map(|angle| {
                let (from, to) = (angle * count / angles, (angle + 1) * count / angles);
                let peak = (from..=to).map(at).fold(0.0, f64::max);
                share(peak, self.top)
            })
            .collect()
    }

    /// The ring itself, pixel by pixel: half a cell each.
    fn fill(&self, model: &Model, live: bool, buffer: &mut Buffer) {
        let around = std::f64::consts::TAU * self.disc.radius();
        let profile = self.profile((around as usize).clamp(24, self.values.len()));
        let pixel = |column: u16, half: u16| {
            let mut sum = 0.0;
            for sample in 0..FINE * FINE {
                let inside = |part: usize| (part as f64 + 0.5) / FINE as f64;
                let x = f64::from(column) + inside(sample % FINE);
                let y = 0.5 * (f64::from(half) + inside(sample / FINE));
                sum += self.brightness(&profile, x, y);
            }
            sum / (FINE * FINE) as f64
        };
        if live {
            // made with the first pixel that is asked for
            let mut fine = None;
            paint(&model.easel, model.theme, self.area, |(x, y), _| {
                let fine = fine.get_or_insert_with(|| self.profile(self.values.len()));
                let share = self.brightness(fine, x, y);
                (share > 0.0).then_some(Shade { share, line: false })
            });
        }
        for row in 0..self.area.height {
            for column in 0..self.area.width {
                let (upper, lower) = (pixel(column, 2 * row), pixel(column, 2 * row + 1));
                if upper.max(lower) > 0.0 {
                    let at = (self.area.x + column, self.area.y + row);
                    cell(model, live, (upper, lower), buffer, at);
                }
            }
        }
    }

    /// The share of the scale at a place of the screen, 0 beside the ring.
    fn brightness(&self, profile: &[f64], x: f64, y: f64) -> f64 {
        let [across, up] = self.disc.point(x, y);
        let radius = across.hypot(up);
        if !(EDGE..=1.0).contains(&radius) {
            return 0.0;
        }
        let turn = up.atan2(across).rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU;
        let rho = profile[(turn * profile.len() as f64) as usize % profile.len()];
        let height = (radius - EDGE) / (1.0 - EDGE);
        if height <= rho { rho } else { 0.0 }
    }

    /// Where the linear theory has clusters form, as marks at the rim; whether there are any.
    fn places(&self, model: &Model, snapshot: &Snapshot, buffer: &mut Buffer) -> bool {
        let glyph = theory(model);
        let places = predicted(snapshot);
        for angle in &places {
            let (column, row) = self.disc.at(1.02 * angle.cos(), 1.02 * angle.sin());
            let inside = column >= 0.0 && row >= 0.0 && row < f64::from(self.area.height);
            let at = (
                self.area.x + column.max(0.0) as u16,
                self.area.y + row.max(0.0) as u16,
            );
            if let Some(cell) = buffer.cell_mut(at).filter(|_| inside) {
                cell.set_symbol(glyph)
                    .set_style(model.theme.theory().bg(Color::Reset));
            }
        }
        !places.is_empty()
    }

    /// Every cluster's glyph and mass on both sides, outside of the ring or, where there is no room, within.
    fn names(&self, model: &Model, snapshot: &Snapshot, density: &Density, buffer: &mut Buffer) {
        let clusters = (
            snapshot.tokens.clusters.as_slice(),
            density.clusters.as_slice(),
        );
        names::write(
            model,
            clusters,
            buffer,
            |_| true,
            |cluster, width, taken| self.room(width, (cluster.centre[0], cluster.centre[1]), taken),
        );
    }

    /// Where a text of this width may stand for a direction of the circle.
    fn room(&self, width: u16, (x, y): (f64, f64), taken: &[Rect]) -> Option<Rect> {
        let length = x.hypot(y);
        let (x, y) = (x / length, y / length);
        let wide = f64::from(width);
        let margin = 2.0 / self.disc.radius();
        let (column, row) = self.disc.at((1.0 + margin) * x, (1.0 + margin) * y);
        let outside = (if x < 0.0 { column - wide } else { column }, row);
        let (column, row) = self.disc.at(INSIDE * x, INSIDE * y);
        let within = (column - 0.5 * wide, row);
        let fits = |(column, row): (f64, f64)| {
            let free = column >= 0.0
                && row >= 0.0
                && column + wide <= f64::from(self.area.width)
                && row < f64::from(self.area.height);
            let (x, y) = (
                self.area.x + column.max(0.0) as u16,
                self.area.y + row.max(0.0) as u16,
            );
            let at = Rect::new(x, y, width, 1);
            (free && names::free(at, taken)).then_some(at)
        };
        // a narrow disc has no room within for what is read and what moves
        let roomy = 2.0 * INSIDE * self.disc.radius() > wide;
        fits(outside).or_else(|| fits(within).filter(|_| roomy))
    }

    /// "ρ ≤0.1 ▒▒▒▒ 46 log, 1 is ▒  inwards 2.9 t  ◇ linear theory".
    fn legend(&self, model: &Model, (past, places): (f64, bool), buffer: &mut Buffer) {
        let mut line = Line::from(scale_of(model, self.top));
        let width = usize::from(self.inner.width);
        let past = tokens::past(past);
        if line.width() + past.chars().count() + 3 <= width {
            line.push_span(Span::styled(past, model.theme.dim()));
        }
        if ghosts::seen(model) && line.width() + 9 <= width {
            line.push_span(Span::styled(
                format!("  {} ghost", ghosts::glyph(model)),
                model.theme.dim(),
            ));
        }
        let linear = " linear theory";
        if places && line.width() + linear.len() + 4 <= width {
            line.push_span(Span::styled(
                format!("  {}", theory(model)),
                model.theme.theory(),
            ));
            line.push_span(Span::styled(linear, model.theme.dim()));
        }
        let row = self.inner.bottom() - 1;
        words::line(buffer, self.inner.x, row, &line, self.inner.width);
    }
}

/// The mark of a place that theory names.
fn theory(model: &Model) -> &'static str {
    if model.ascii() { "'" } else { "◇" }
}

/// A cell of two pixels.
fn cell(
    model: &Model,
    live: bool,
    (upper, lower): (f64, f64),
    buffer: &mut Buffer,
    at: (u16, u16),
) {
    let theme = model.theme;
    let (up, low) = (theme.level(upper), theme.level(lower));
    if !theme.colourful() || !live {
        let symbol = theme.ramp((up.max(low) * 10 / theme.levels()).max(1));
        let style = if live { Style::new() } else { theme.faint() };
        if let Some(cell) = buffer.cell_mut(at) {
            cell.set_symbol(symbol).set_style(style);
        }
        return;
    }
    if model.ascii() || theme.whole {
        let colour = theme.magnitude(up.max(low));
        return half_block(buffer, at.0, at.1, colour, colour);
    }
    // a pixel beside the ring is the terminal's ground, and so is the dark end of the scale
    match (up > 0, low > 0) {
        (false, false) => {}
        (true, true) => half_block(
            buffer,
            at.0,
            at.1,
            theme.magnitude(up),
            theme.magnitude(low),
        ),
        (true, false) => half(buffer, at, "▀", theme.magnitude(up)),
        (false, true) => half(buffer, at, "▄", theme.magnitude(low)),
    }
}

fn half(buffer: &mut Buffer, at: (u16, u16), symbol: &str, colour: Color) {
    if let Some(cell) = buffer.cell_mut(at) {
        cell.set_symbol(symbol)
            .set_style(Style::new().fg(colour).bg(Color::Reset));
    }
}

/// Where the linear theory lets the first frame's density grow highest; nothing where parameters were changed since.
fn predicted(snapshot: &Snapshot) -> Vec<f64> {
    let changed = !snapshot.experiment.changes.is_empty();
    let Some(first) = snapshot.history.records().first().filter(|_| !changed) else {
        return Vec::new();
    };
    let count = first.density.len();
    let step = std::f64::consts::TAU / count.max(1) as f64;
    let turns: Vec<(f64, f64)> = (0..count).map(|j| (step * j as f64).sin_cos()).collect();
    // of the samples no more than a third of their number can be told apart
    let modes: Vec<(f64, f64)> = (0..snapshot.growth.len().min(count / 3))
        .map(|k| {
            let sum = first
                .density
                .iter()
                .enumerate()
                .fold((0.0, 0.0), |(re, im), (j, rho)| {
                    let (sin, cos) = turns[(j * k) % count];
                    (re + f64::from(*rho) * cos, im - f64::from(*rho) * sin)
                });
            (sum.0 / count as f64, sum.1 / count as f64)
        })
        .collect();
    linear_maxima(&modes, &snapshot.growth)
}

#[cfg(test)]
#[path = "together_tests.rs"]
mod tests;
