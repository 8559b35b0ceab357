//! S² on the screen: the tokens and the density on a globe or a map seen from the same direction, two panels.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::spacetime::scale_bar;
use crate::engine::Snapshot;
use crate::tui::canvas::{Canvas, half_block};
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::projection::Gaze;

/// With more tokens than this the tokens themselves are dots.
const GLYPHS_AT_MOST: usize = 400;
/// Degrees between the lines of the graticule.
const GRID: usize = 30;

/// The picture's place in a panel: a cell is taken to be twice as high as it is wide.
#[derive(Clone, Copy)]
struct Frame {
    centre: (f64, f64),
    scale: f64,
}

impl Frame {
    fn within(area: Rect, gaze: Gaze) -> Self {
        let (width, height) = (f64::from(area.width), f64::from(area.height));
        Self {
            centre: (width / 2.0, height / 2.0),
            scale: (width / 2.0 - 1.0)
                .min((height - 1.0) / gaze.half_height())
                .max(0.5),
        }
    }

    fn cell(self, [x, y]: [f64; 2]) -> (f64, f64) {
        (
            self.centre.0 + x * self.scale,
            self.centre.1 - 0.5 * y * self.scale,
        )
    }

    fn point(self, column: f64, row: f64) -> [f64; 2] {
        [
            (column - self.centre.0) / self.scale,
            2.0 * (self.centre.1 - row) / self.scale,
        ]
    }
}

/// The tokens of S², coloured by their clusters, those on the far side dim.
pub fn tokens(model: &Model, snapshot: &Snapshot, buffer: &mut Buffer, inner: Rect) {
    let gaze = model.gaze;
    let frame = Frame::within(inner, gaze);
    let slots = model.slots();
    let theme = model.theme;
    let mut canvas = Canvas::new(inner, model.marker);
    graticule(&mut canvas, frame, gaze, theme.faint());
    let tokens = &snapshot.tokens;
    let many = tokens.labels.len() > GLYPHS_AT_MOST;
    let mut front = Vec::new();
    for (x, label) in tokens.positions.chunks_exact(3).zip(&tokens.labels) {
        let (place, near) = gaze.place(x);
        let slot = label.map(|label| slots[label]);
        let (column, row) = frame.cell(place);
        if near && !many {
            front.push((column, row, slot));
        } else {
            let style = if near {
                theme.cluster(slot)
            } else {
                theme.dim()
            };
            canvas.dot(column, row, style);
        }
    }
    canvas.render(buffer);
    for (column, row, slot) in front {
        if let Some(cell) = buffer.cell_mut((inner.x + column as u16, inner.y + row as u16)) {
            cell.set_symbol(theme.glyph(slot, model.ascii()))
                .set_style(theme.cluster(slot));
        }
    }
    pole(model, buffer, inner, frame);
    let width = usize::from(inner.width);
    if tokens.stride > 1 {
        let text = format!("every {}th token", tokens.stride);
        buffer.set_stringn(inner.x, inner.y, text, width, theme.dim());
    }
    if !gaze.map && width >= 36 {
        buffer.set_stringn(
            inner.x,
            inner.bottom() - 1,
            "grey: far side",
            width,
            theme.dim(),
        );
    }
    let north = if gaze.tilt < 0.0 { "S" } else { "N" };
    let (east, up) = (gaze.turn.to_degrees(), gaze.tilt.abs().to_degrees());
    let from = format!("view {east:.0}°E {up:.0}°{north}");
    let at = inner.right().saturating_sub(from.chars().count() as u16);
    buffer.set_stringn(at, inner.bottom() - 1, from, width, theme.dim());
}

/// Meridians and parallels every 30°, and the rim. Of the far side nothing.
fn graticule(canvas: &mut Canvas, frame: Frame, gaze: Gaze, style: Style) {
    let mut dot = |latitude: f64, longitude: f64| {
        let ((sin, cos), (s, c)) = (latitude.sin_cos(), longitude.sin_cos());
        let (place, near) = gaze.place(&[cos * c, cos * s, sin]);
        if near {
            let (column, row) = frame.cell(place);
            canvas.dot(column, row, style);
        }
    };
    let fine = (frame.scale * 1.2).clamp(24.0, 240.0) as usize;
    for line in (0..180).step_by(GRID) {
        for j in 0..fine {
            let along = std::f64::consts::TAU * j as f64 / fine as f64;
            if line > 0 {
                dot((line as f64 - 90.0).to_radians(), along);
            }
            let half = 0.5 * along - std::f64::consts::FRAC_PI_2;
            dot(half, (line as f64).to_radians());
            dot(half, (line as f64 + 180.0).to_radians());
        }
    }
    let rim = 4 * fine;
    for j in 0..rim {
        let (sin, cos) = (std::f64::consts::TAU * j as f64 / rim as f64).sin_cos();
        let (column, row) = frame.cell([cos, gaze.half_height() * sin]);
        canvas.dot(column, row, style);
    }
}

/// The north pole (the last axis), where it can be seen.
fn pole(model: &Model, buffer: &mut Buffer, inner: Rect, frame: Frame) {
    for (axis, name) in [(1.0, "N"), (-1.0, "S")] {
        let (place, near) = model.gaze.place(&[0.0, 0.0, axis]);
        let (column, row) = frame.cell(place);
        let at = (inner.x + column as u16, inner.y + row as u16);
        if near && let Some(cell) = buffer.cell_mut(at) {
            cell.set_symbol(name)
                .set_style(Style::new().add_modifier(Modifier::BOLD));
        }
    }
}

/// The density of S² as shading; `live` is false for the last one that was resolved.
pub fn density(
    model: &Model,
    cosines: &[f64],
    values: &[f64],
    max: f64,
    buffer: &mut Buffer,
    inner: Rect,
    live: bool,
) {
    let (gaze, theme) = (model.gaze, model.theme);
    let frame = Frame::within(inner, gaze);
    let top = ceiling(max.max(2.0));
    let grid = Grid::new(cosines, values);
    let level = |column: u16, half: u16| {
        let point = frame.point(f64::from(column) + 0.5, (f64::from(half) + 0.5) / 2.0);
        gaze.at(point)
            .map(|x| theme.level(share(grid.value(&x), top)))
    };
    for row in 0..inner.height {
        for column in 0..inner.width {
            let (upper, lower) = (level(column, 2 * row), level(column, 2 * row + 1));
            let at = (inner.x + column, inner.y + row);
            if upper.is_none() && lower.is_none() {
                continue;
            }
            if theme.colourful() && live {
                shade(model, buffer, at, upper, lower);
            } else if let Some(cell) = buffer.cell_mut(at) {
                // never a blank: the disc's own shape is seen
                let level = upper.max(lower).unwrap_or(0) * RAMPS / theme.levels().max(1);
                let symbol = theme.ramp(level.max(1));
                cell.set_symbol(symbol)
                    .set_style(if live { Style::new() } else { theme.faint() });
            }
        }
    }
    pole(model, buffer, inner, frame);
    let width = usize::from(inner.width);
    let mut legend = Line::from(Span::styled("ρ 0", theme.dim()));
    if width >= 44 {
        legend.spans.extend(scale_bar(model));
        legend.push_span(Span::styled(format!("{}, as √ρ", tidy(top)), theme.dim()));
    } else {
        legend.push_span(Span::styled(format!("…{}", tidy(top)), theme.dim()));
    }
    buffer.set_line(inner.x, inner.bottom() - 1, &legend, inner.width);
}

/// The two halves of a cell, one of which may lie outside the picture.
fn shade(
    model: &Model,
    buffer: &mut Buffer,
    at: (u16, u16),
    upper: Option<usize>,
    lower: Option<usize>,
) {
    let colour = |level| model.theme.magnitude(level);
    let (symbol, level) = match (upper, lower) {
        (Some(upper), Some(lower)) => {
            half_block(buffer, at.0, at.1, colour(upper), colour(lower));
            return;
        }
        (Some(upper), None) => ("▀", upper),
        (None, Some(lower)) => ("▄", lower),
        (None, None) => return,
    };
    if let Some(cell) = buffer.cell_mut(at) {
        cell.set_symbol(symbol)
            .set_style(Style::new().fg(colour(level)));
    }
}

/// Characters of the ramp where there are no colours.
const RAMPS: usize = 10;

/// Brightness of a density: its square root, so that a density of one is told from none beside a sharp peak.
fn share(rho: f64, top: f64) -> f64 {
    (rho.max(0.0) / top).sqrt()
}

/// Values on Gauss latitudes and equispaced longitudes, interpolated bilinearly in angle.
struct Grid<'a> {
    values: &'a [f64],
    longitudes: usize,
    colatitudes: Vec<f64>,
}

impl<'a> Grid<'a> {
    fn new(cosines: &[f64], values: &'a [f64]) -> Self {
        Self {
            values,
            longitudes: values.len() / cosines.len().max(1),
            colatitudes: cosines.iter().map(|c| c.acos()).collect(),
        }
    }

    fn value(&self, x: &[f64; 3]) -> f64 {
        let rows = self.colatitudes.len();
        if rows == 0 || self.longitudes == 0 {
            return 0.0;
        }
        let colatitude = x[2].clamp(-1.0, 1.0).acos();
        // Gauss latitudes lie at about π(j + ¾)/(N + ½): near enough for a picture
        let place = (colatitude / std::f64::consts::PI * (rows as f64 + 0.5) - 0.75)
            .clamp(0.0, rows as f64 - 1.0);
        let turn = x[1].atan2(x[0]).rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU
            * self.longitudes as f64;
        let (j, v) = (place as usize, place.fract());
        let (i, u) = (turn as usize % self.longitudes, turn.fract());
        let (south, east) = ((j + 1).min(rows - 1), (i + 1) % self.longitudes);
        let at = |j: usize, i: usize| self.values[j * self.longitudes + i];
        (1.0 - v) * ((1.0 - u) * at(j, i) + u * at(j, east))
            + v * ((1.0 - u) * at(south, i) + u * at(south, east))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::snapshot::GLOBE_LATITUDES;
    use crate::sphere::SpherePlan;

    #[test]
    fn the_grid_gives_back_a_smooth_function() {
        let plan = SpherePlan::new(8, GLOBE_LATITUDES, 2 * GLOBE_LATITUDES);
        let f = |x: &[f64; 3]| 1.0 + 0.5 * x[2] + 0.3 * x[0] * x[1];
        let longitudes = plan.longitudes();
        let values: Vec<f64> = (0..plan.points())
            .map(|p| {
                let z = plan.cosines()[p / longitudes];
                let (sin, cos) =
                    (std::f64::consts::TAU * (p % longitudes) as f64 / longitudes as f64).sin_cos();
                let r = (1.0 - z * z).sqrt();
                f(&[r * cos, r * sin, z])
            })
            .collect();
        let grid = Grid::new(plan.cosines(), &values);
        for x in [
            [0.6, 0.0, 0.8],
            [0.0, -0.8, -0.6],
            [0.36, 0.48, 0.8],
            [0.0, 0.0, 1.0],
        ] {
            assert!((grid.value(&x) - f(&x)).abs() < 3e-3, "{x:?}");
        }
    }
}
