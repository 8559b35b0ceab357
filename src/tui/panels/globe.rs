//! The tokens of S² on a globe or a map, a panel, and what both pictures of the sphere share: their place, the lines of
//! longitude and latitude, the poles. The density seen from the same direction is in [`super::globe_density`].

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ghosts;
use super::heaps::Heaps;
use crate::observe::Cluster;
use crate::snapshot::Snapshot;
use crate::snapshot::view::TokenView;
use crate::tui::canvas::{Canvas, Pattern};
use crate::tui::model::Model;
use crate::tui::number::tidy;
use crate::tui::projection::Camera;
use crate::tui::words;

/// With more tokens than this the tokens themselves are dots, if colour and size tell them from the lines.
const GLYPHS_AT_MOST: usize = 400;
/// Degrees between the lines of the graticule.
pub(crate) const GRID: usize = 30;
/// From this height on a row of the panel is kept free for captions.
const ROOMY: u16 = 12;
/// Panels at least so wide have the longer captions.
const WIDE: usize = 36;

/// The picture's place in a panel: a cell is taken to be twice as high as it is wide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    centre: (f64, f64),
    /// Columns a unit of length.
    pub scale: f64,
}

impl Frame {
    /// The largest picture in a panel, the same for tokens and density.
    #[must_use]
    pub(crate) fn within(area: Rect, gaze: Camera) -> Self {
        let rows = if area.height >= ROOMY {
            area.height - 1
        } else {
            area.height
        };
        let (width, height) = (f64::from(area.width), f64::from(rows));
        Self {
            centre: (width / 2.0, height / 2.0),
            scale: (width / 2.0 - 1.0)
                // a quarter less than half a pixel of margin would leave a lone pixel at the top
                .min((height - 0.75) / gaze.half_height())
                .max(0.5),
        }
    }

    /// The cell of a point of the picture, with fractions.
    #[must_use]
    pub(crate) fn cell(self, [x, y]: [f64; 2]) -> (f64, f64) {
        (
            self.centre.0 + x * self.scale,
            self.centre.1 - 0.5 * y * self.scale,
        )
    }

    /// The point of the picture at a cell.
    #[must_use]
    pub(crate) fn point(self, column: f64, row: f64) -> [f64; 2] {
        [
            (column - self.centre.0) / self.scale,
            2.0 * (self.centre.1 - row) / self.scale,
        ]
    }
}

/// Draws the tokens, coloured by their clusters: those behind the globe are small and dark, and what is in front covers
/// what is behind.
pub(crate) fn draw(
    model: &Model,
    snapshot: &Snapshot,
    (tokens, slots): (&TokenView, &[usize]),
    buffer: &mut Buffer,
    inner: Rect,
) {
    let (gaze, theme) = (model.gaze, model.theme);
    let frame = Frame::within(inner, gaze);
    // the tokens of a reference run leave no trails
    let own = std::ptr::eq(tokens, &raw const snapshot.tokens);
    let slot = |index: usize| tokens.labels[index].map(|label| slots[label]);
    // dots as large as a cell could not be told from the lines
    let coarse = model.marker.resolution() == (1, 1);
    let glyphs = tokens.labels.len() <= GLYPHS_AT_MOST || coarse || !theme.colourful();

    let mut back = Canvas::new(inner, model.marker);
    let mut front = Canvas::new(inner, model.marker);
    graticule(&mut back, frame, gaze, theme.faint());
    if theme.colourful() && own {
        // dots of one colour could not be told from the tokens behind
        trails(model, snapshot, &mut back, frame);
    }
    let mut near_ones = Vec::new();
    for (index, x) in tokens.positions.chunks_exact(3).enumerate() {
        let (place, near) = gaze.place(x);
        let (column, row) = frame.cell(place);
        match (near, glyphs) {
            (false, _) => back.dot(column, row, theme.behind(slot(index))),
            (true, false) => front.dot(column, row, theme.cluster(slot(index))),
            (true, true) => near_ones.push((column, row, slot(index))),
        }
    }
    back.render(buffer);
    front.render(buffer);
    mark_ghosts(model, tokens, buffer, inner, |_| theme.dim());
    let heaps = if glyphs {
        heaps(gaze, frame, tokens)
    } else {
        Heaps::default()
    };
    for (column, row, slot) in near_ones {
        if let Some(cell) = cell_at(buffer, inner, column, row) {
            let (glyph, style) = heaps.glyph(model, slot, (column, row), theme.token(slot));
            cell.set_symbol(glyph).set_style(style);
        }
    }
    let far = tokens
        .clusters
        .iter()
        .zip(slots.iter().map(|slot| Some(*slot)));
    far_clusters(model, far, buffer, inner, frame);
    poles(model, buffer, inner, frame, |_| theme.title());
    captions(model, tokens, own, buffer, inner);
}

/// The tokens of ghosts on the near side.
fn mark_ghosts(
    model: &Model,
    tokens: &TokenView,
    buffer: &mut Buffer,
    inner: Rect,
    style: impl Fn(&Cell) -> Style,
) {
    let frame = Frame::within(inner, model.gaze);
    for x in ghosts::on_sphere(model, tokens) {
        let (place, near) = model.gaze.place(&x);
        let (column, row) = frame.cell(place);
        if near && let Some(cell) = cell_at(buffer, inner, column, row) {
            let style = style(cell);
            cell.set_symbol(ghosts::glyph(model)).set_style(style);
        }
    }
}

/// The heaps of tokens on the near side.
fn heaps(gaze: Camera, frame: Frame, tokens: &TokenView) -> Heaps {
    let places = tokens.positions.chunks_exact(3).map(|x| {
        let (place, near) = gaze.place(x);
        near.then(|| frame.cell(place))
    });
    Heaps::of(tokens, places)
}

/// The tokens on the near side over what is drawn there already: their shapes, in black or white by what is under them.
pub(crate) fn tokens_over(model: &Model, tokens: &TokenView, buffer: &mut Buffer, inner: Rect) {
    let (gaze, theme) = (model.gaze, model.theme);
    let frame = Frame::within(inner, gaze);
    let heaps = heaps(gaze, frame, tokens);
    let over = |cell: &Cell| {
        let under = theme.brighter(cell);
        theme.over(theme.level_of(under).unwrap_or(0)).bg(under)
    };
    mark_ghosts(model, tokens, buffer, inner, |cell| {
        if theme.colourful() {
            over(cell)
        } else {
            theme.dim()
        }
    });
    for (x, label) in tokens.positions.chunks_exact(3).zip(&tokens.labels) {
        let (place, near) = gaze.place(x);
        let (column, row) = frame.cell(place);
        let slot = label.and_then(|label| model.slots().get(label).copied());
        if near && let Some(cell) = cell_at(buffer, inner, column, row) {
            let style = if theme.colourful() {
                over(cell)
            } else {
                theme.token(slot)
            };
            let (glyph, style) = heaps.glyph(model, slot, (column, row), style);
            cell.set_symbol(glyph).set_style(style);
        }
    }
}

fn captions(model: &Model, tokens: &TokenView, own: bool, buffer: &mut Buffer, inner: Rect) {
    let (gaze, dim) = (model.gaze, model.theme.dim());
    let width = usize::from(inner.width);
    let wide = width >= WIDE;
    let duration = if model.theme.colourful() && own {
        model.trails().duration()
    } else {
        0.0
    };
    let above = if tokens.stride > 1 {
        format!("1 token in {}", tokens.stride)
    } else if wide && duration > 0.0 {
        format!("trails: {} t", tidy(duration))
    } else {
        String::new()
    };
    words::text(buffer, inner.x, inner.y, above, width, dim);
    let from = heading(gaze);
    let below = match (wide, gaze.map, model.theme.colourful()) {
        (false, _, _) => from,
        (true, true, _) => format!("view {from}"),
        (true, false, true) => format!("view {from} · hollow: far side"),
        (true, false, false) => format!("view {from} · hollow: far side"),
    };
    let bottom = inner.bottom().saturating_sub(1);
    words::text(buffer, inner.x, bottom, below, width, dim);
}

/// The middle of the picture: "30°E 15°N".
fn heading(gaze: Camera) -> String {
    let (east, north) = (
        gaze.turn.to_degrees().round() as i64,
        gaze.tilt.to_degrees().round() as i64,
    );
    let (across, side) = match east.rem_euclid(360) {
        east @ 0..=180 => (east, "E"),
        east => (360 - east, "W"),
    };
    let up = if north < 0 { "S" } else { "N" };
    format!("{across}°{side} {}°{up}", north.abs())
}

/// Meridians and parallels every 30°, and the rim; of the far side the equator only, sparsely, so that the eye sees a
/// ball and yet nothing stands in the way of the tokens there.
fn graticule(canvas: &mut Canvas, frame: Frame, gaze: Camera, style: Style) {
    let mut dot = |latitude: f64, longitude: f64, behind: bool| {
        let ((sin, cos), (s, c)) = (latitude.sin_cos(), longitude.sin_cos());
        let (place, near) = gaze.place(&[cos * c, cos * s, sin]);
        if near != behind {
            let (column, row) = frame.cell(place);
            canvas.dot(column, row, style);
        }
    };
    let fine = (frame.scale * 1.2).clamp(24.0, 240.0) as usize;
    for line in (0..180).step_by(GRID) {
        for j in 0..fine {
            let along = std::f64::consts::TAU * j as f64 / fine as f64;
            if line > 0 {
                dot((line as f64 - 90.0).to_radians(), along, false);
            }
            if line == 90 && j % 2 == 0 {
                dot(0.0, along, true);
            }
            let half = 0.5 * along - std::f64::consts::FRAC_PI_2;
            dot(half, (line as f64).to_radians(), false);
            dot(half, (line as f64 + 180.0).to_radians(), false);
        }
    }
    let rim = 4 * fine;
    for j in 0..rim {
        let (sin, cos) = (std::f64::consts::TAU * j as f64 / rim as f64).sin_cos();
        let (column, row) = frame.cell([cos, gaze.half_height() * sin]);
        canvas.dot(column, row, style);
    }
}

/// The pasts of some tokens, on the near side, in the dark shade of their clusters.
fn trails(model: &Model, snapshot: &Snapshot, canvas: &mut Canvas, frame: Frame) {
    let (gaze, slots) = (model.gaze, model.slots());
    let labels = &snapshot.tokens.labels;
    for (index, path) in model.trails().paths() {
        let slot = labels.get(index).copied().flatten();
        let style = model.theme.behind(slot.map(|label| slots[label]));
        let mut last: Option<([f64; 3], [f64; 2], bool)> = None;
        // between frames the last place is still ahead
        let ahead = usize::from(model.between.left() > 0.0);
        let known = path.len().saturating_sub(ahead);
        for x in path.into_iter().take(known) {
            let (place, near) = gaze.place(&x);
            if let Some((before, start, true)) = last
                && near
            {
                let jump = (0..3).map(|k| (before[k] - x[k]).powi(2)).sum::<f64>();
                // too many frames were missed to know the way, or it leaves the map at one side
                if jump < JUMP * JUMP && (place[0] - start[0]).abs() < JUMP {
                    let (from, to) = (frame.cell(start), frame.cell(place));
                    canvas.line(from, to, style, Pattern::Solid, 0);
                }
            }
            last = Some((x, place, near));
        }
    }
}

/// Longer ways between two frames are not drawn.
const JUMP: f64 = 0.5;

/// Clusters behind the globe, hollow, at their centres: mass is seen wherever it is. On a map there is no behind.
pub(crate) fn far_clusters<'a>(
    model: &Model,
    clusters: impl Iterator<Item = (&'a Cluster, Option<usize>)>,
    buffer: &mut Buffer,
    inner: Rect,
    frame: Frame,
) {
    for (cluster, slot) in clusters {
        let (place, near) = model.gaze.place(&cluster.centre);
        let (column, row) = frame.cell(place);
        if !near && let Some(cell) = cell_at(buffer, inner, column, row) {
            cell.set_symbol(model.theme.hollow(slot, model.ascii()))
                .set_fg(model.theme.cluster(slot).fg.unwrap_or_default());
        }
    }
}

/// The poles (the last axis) that can be seen.
pub(crate) fn poles(
    model: &Model,
    buffer: &mut Buffer,
    inner: Rect,
    frame: Frame,
    style: impl Fn([f64; 3]) -> Style,
) {
    for (axis, name) in [(1.0, "N"), (-1.0, "S")] {
        let x = [0.0, 0.0, axis];
        let (place, near) = model.gaze.place(&x);
        let (column, row) = frame.cell(place);
        if near && let Some(cell) = cell_at(buffer, inner, column, row) {
            cell.set_symbol(name).set_style(style(x));
        }
    }
}

/// The cell of a place inside a panel; none beside it.
fn cell_at(buffer: &mut Buffer, inner: Rect, column: f64, row: f64) -> Option<&mut Cell> {
    let inside = (0.0..f64::from(inner.width)).contains(&column)
        && (0.0..f64::from(inner.height)).contains(&row);
    if !inside {
        return None;
    }
    buffer.cell_mut((inner.x + column as u16, inner.y + row as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_points_are_inverse_and_the_picture_stays_inside() {
        for (width, height, map) in [(27, 10, false), (40, 18, true), (9, 3, false)] {
            let area = Rect::new(0, 0, width, height);
            let gaze = Camera {
                map,
                ..Camera::default()
            };
            let frame = Frame::within(area, gaze);
            let (column, row) = frame.cell([0.3, -0.2]);
            let back = frame.point(column, row);
            assert!((back[0] - 0.3).abs() < 1e-12 && (back[1] + 0.2).abs() < 1e-12);
            let (left, top) = frame.cell([-1.0, gaze.half_height()]);
            assert!(left >= 0.0 && top >= 0.0, "{width}×{height}");
        }
    }

    #[test]
    fn the_heading_is_said_in_degrees() {
        assert_eq!(heading(Camera::default()), "30°E 30°N");
        assert_eq!(heading(Camera::default().turned(-4.0, -3.0)), "30°W 15°S");
        assert_eq!(heading(Camera::default().turned(10.0, -2.0)), "180°E 0°N");
    }

    /// Every cluster of both sides is to be seen on one of the faces of the globe, from wherever it is looked at.
    #[test]
    fn no_cluster_vanishes_behind_the_globe() {
        use crate::run::Session;
        use crate::run::worker::{Report, Status};
        use crate::tui::canvas::Marker;
        use crate::tui::theme::{Depth, Theme};
        for name in ["three-heads", "causal", "sphere-pair"] {
            let mut experiment = crate::experiment::presets::load(name).unwrap();
            experiment.time.last_frame = Some(20);
            let mut session = Session::new(experiment.clone());
            while !session.finished() {
                session.advance(&|| false).unwrap();
            }
            let theme = Theme::of(Depth::Ansi256);
            let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
            model.receive(Report {
                film: crate::snapshot::Film::default(),
                number: 1,
                snapshot: Some(std::sync::Arc::new(session.snapshot())),
                status: Status::Finished,
                ..Report::before_the_first(1.0)
            });
            for turn in 0..8 {
                model.gaze =
                    Camera::default().turned(f64::from(turn) * 3.0, f64::from(turn % 3) - 1.0);
                let area = Rect::new(0, 0, 60, 24);
                let mut buffer = Buffer::empty(area);
                let snapshot = model.snapshot().unwrap();
                let tokens = &snapshot.tokens;
                draw(&model, snapshot, (tokens, model.slots()), &mut buffer, area);
                let frame = Frame::within(area, model.gaze);
                for (cluster, slot) in tokens.clusters.iter().zip(model.slots()) {
                    let (place, near) = model.gaze.place(&cluster.centre);
                    let (column, row) = frame.cell(place);
                    let cell = &buffer[(column as u16, row as u16)];
                    let hollow = model.theme.hollow(Some(*slot), false);
                    // two clusters may stand in one cell, and a pole before them
                    let other = model
                        .slots()
                        .iter()
                        .any(|s| model.theme.hollow(Some(*s), false) == cell.symbol());
                    let pole = "NS".contains(cell.symbol());
                    assert!(
                        near || cell.symbol() == hollow || other || pole,
                        "{name} {turn}: {:?}",
                        cell.symbol()
                    );
                }
            }
        }
    }
}
