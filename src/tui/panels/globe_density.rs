//! The density of S² on a globe or a map, as shading, a panel, seen from where the tokens are seen; clusters behind it are hollow glyphs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::globe::{Frame, GRID, far_clusters, poles};
use super::heat::{scale_bar, swatch};
use super::parameters::nearest;
use crate::tui::canvas::half_block;
use crate::tui::model::Model;
use crate::tui::number::{ceiling, tidy};
use crate::tui::pixels::{Shade, paint};
use crate::tui::words;

/// With fewer pixels from the middle to the top the lines would cover the picture.
const LINES_FROM: f64 = 12.0;
/// Meridians end so near the poles, in degrees of latitude.
const MERIDIANS_TO: f64 = 75.0;

/// One pixel, half a cell.
#[derive(Clone, Copy)]
struct Pixel {
    level: usize,
    /// Which 30° field of longitude and latitude it is in: lines run where this changes.
    field: (i8, i8),
    line: bool,
}

/// Draws the values on the Gauss latitudes with these cosines; `live` is false for the last ones that were resolved.
// long: shading, lines, clusters, poles and the scale, in the order in which they cover one another
pub(crate) fn draw(
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
    let level = |x: &[f64; 3]| theme.level(share(grid.value(x), top));
    let (across, down) = (usize::from(inner.width), 2 * usize::from(inner.height));
    let mut pixels: Vec<Option<Pixel>> = (0..across * down)
        .map(|p| {
            let (column, half) = ((p % across) as f64 + 0.5, (p / across) as f64 + 0.5);
            gaze.at(frame.point(column, 0.5 * half)).map(|x| Pixel {
                level: level(&x),
                field: field(&x),
                line: false,
            })
        })
        .collect();
    if theme.colourful() && frame.scale * gaze.half_height() >= LINES_FROM {
        rule_lines(&mut pixels, across);
    }
    for row in 0..inner.height {
        for column in 0..inner.width {
            let p = 2 * usize::from(row) * across + usize::from(column);
            let (upper, lower) = (pixels[p], pixels[p + across]);
            let at = (inner.x + column, inner.y + row);
            let Some(most) = upper.map(|u| u.level).max(lower.map(|l| l.level)) else {
                continue;
            };
            if theme.colourful() && live {
                shade(model, buffer, at, upper, lower);
            } else if let Some(cell) = buffer.cell_mut(at) {
                // never a blank: the disc's own shape is seen
                let symbol = theme.ramp((most * RAMPS / theme.levels().max(1)).max(1));
                cell.set_symbol(symbol)
                    .set_style(if live { Style::new() } else { theme.faint() });
            }
        }
    }
    if live {
        painted(model, frame, (&grid, top), inner);
    }
    if live && let Some(density) = model.snapshot().and_then(|snapshot| snapshot.resolved()) {
        let own = model.snapshot().map_or(&[][..], |s| &s.tokens.clusters);
        // as the tokens' cluster in its place
        let slot =
            |cluster| nearest(cluster, own).and_then(|index| model.slots().get(index).copied());
        let far = density
            .clusters
            .iter()
            .map(|cluster| (cluster, slot(cluster)));
        far_clusters(model, far, buffer, inner, frame);
    }
    poles(model, buffer, inner, frame, |x| {
        if theme.colourful() && live {
            theme.over(level(&x)).add_modifier(Modifier::BOLD)
        } else {
            theme.title()
        }
    });
    legend(model, top, buffer, inner);
}

fn field(x: &[f64; 3]) -> (i8, i8) {
    let latitude = x[2].clamp(-1.0, 1.0).asin().to_degrees();
    let longitude = x[1].atan2(x[0]).to_degrees().rem_euclid(360.0);
    let of = |degrees: f64| (degrees / GRID as f64).floor() as i8;
    // beyond the last meridian's end all longitudes are one field
    let east = if latitude.abs() > MERIDIANS_TO {
        -1
    } else {
        of(longitude)
    };
    (east, of(latitude))
}

/// The same shading in the terminal's pixels; a line runs where the next pixel is in another field.
fn painted(model: &Model, frame: Frame, (grid, top): (&Grid<'_>, f64), inner: Rect) {
    let gaze = model.gaze;
    // the last row is the scale's
    let area = Rect {
        height: inner.height.saturating_sub(1),
        ..inner
    };
    paint(&model.easel, model.theme, area, |(x, y), (wide, high)| {
        let here = gaze.at(frame.point(x, y))?;
        let crosses = |x: f64, y: f64| {
            let next = gaze.at(frame.point(x, y)).map(|next| field(&next));
            next.is_some_and(|next| parted(field(&here), next))
        };
        Some(Shade {
            share: share(grid.value(&here), top),
            line: crosses(x + wide, y) || crosses(x, y + high),
        })
    });
}

/// Whether a line runs between two fields.
fn parted(here: (i8, i8), next: (i8, i8)) -> bool {
    let ends = here.0 < 0 || next.0 < 0;
    here.1 != next.1 || (here.0 != next.0 && !ends)
}

/// Marks the pixels where meridians and parallels run.
fn rule_lines(pixels: &mut [Option<Pixel>], across: usize) {
    for p in 0..pixels.len() {
        let right = (p % across + 1 < across).then_some(p + 1);
        let crosses = |here: Pixel, next: Option<usize>| {
            next.and_then(|next| pixels.get(next).copied().flatten())
                .is_some_and(|next| parted(here.field, next.field))
        };
        let line =
            pixels[p].is_some_and(|here| crosses(here, right) || crosses(here, Some(p + across)));
        if let Some(pixel) = &mut pixels[p] {
            pixel.line = line;
        }
    }
}

/// "ρ 0 ▒▒▒▒ 30 as √ρ, 1 is ▒".
fn legend(model: &Model, top: f64, buffer: &mut Buffer, inner: Rect) {
    let dim = model.theme.dim();
    let one = swatch(model, model.theme.level(share(1.0, top)));
    let mut line = Line::default();
    if inner.width >= 44 {
        line.push_span(Span::styled("ρ 0 ", dim));
        line.spans.extend(scale_bar(model));
        line.push_span(Span::styled(format!(" {} as √ρ, 1 is ", tidy(top)), dim));
    } else {
        line.push_span(Span::styled(format!("ρ≤{} 1=", tidy(top)), dim));
    }
    line.push_span(one);
    words::line(
        buffer,
        inner.x,
        inner.bottom().saturating_sub(1),
        &line,
        inner.width,
    );
}

/// The two halves of a cell, one of which may lie outside the picture.
fn shade(
    model: &Model,
    buffer: &mut Buffer,
    at: (u16, u16),
    upper: Option<Pixel>,
    lower: Option<Pixel>,
) {
    let colour = |pixel: Pixel| model.theme.shade(pixel.level, pixel.line);
    if model.ascii() || model.theme.whole {
        // no half blocks: the cell takes the denser half
        let denser = match (upper, lower) {
            (Some(u), Some(l)) if l.level > u.level => l,
            (Some(pixel), _) | (None, Some(pixel)) => pixel,
            (None, None) => return,
        };
        half_block(buffer, at.0, at.1, colour(denser), colour(denser));
        return;
    }
    let (symbol, pixel) = match (upper, lower) {
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
            .set_style(Style::new().fg(colour(pixel)));
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
    use crate::snapshot::view::GLOBE_LATITUDES;
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
