//! What clusters are called in a picture: glyph and mass on both sides, beside the globe where they do not lie on what is measured.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::globe::Frame;
use super::parameters::nearest;
use crate::observe::Cluster;
use crate::tui::model::Model;
use crate::tui::words;

/// Clusters that weigh less have no name.
pub(super) const LIGHTEST: f64 = 0.015;
/// Degrees between the places around the globe that are looked at, and how many to either side.
const TURN: f64 = 10.0;
const TURNS: i32 = 9;

/// "▲ 34 %", and as a second part " ρ 35 %" where the density has this cluster too; hollow on the far side.
fn spans(
    model: &Model,
    (cluster, slot): (&Cluster, usize),
    others: &[Cluster],
    near: bool,
) -> Vec<Span<'static>> {
    let glyph = if near {
        model.theme.glyph(Some(slot), model.ascii())
    } else {
        model.theme.hollow(Some(slot), model.ascii())
    };
    let mut spans = vec![
        Span::styled(glyph, model.theme.cluster(Some(slot))),
        Span::styled(format!(" {:.0} %", 100.0 * cluster.mass), Style::reset()),
    ];
    if let Some(partner) = nearest(cluster, others) {
        let mass = 100.0 * others[partner].mass;
        spans.push(Span::styled(format!(" ρ {mass:.0} %"), model.theme.field()));
    }
    spans
}

/// Writes the names of the tokens' clusters beside those of the density, each into the first place that has room for all of it, or for the
/// tokens' share alone. `room` finds a place of so many columns for a cluster beside the names that are there; `near` tells which are in sight.
pub(super) fn write(
    model: &Model,
    (clusters, others): (&[Cluster], &[Cluster]),
    buffer: &mut Buffer,
    near: impl Fn(&Cluster) -> bool,
    room: impl Fn(&Cluster, u16, &[Rect]) -> Option<Rect>,
) {
    let mut taken: Vec<Rect> = Vec::new();
    let named = clusters.iter().zip(model.slots());
    for (cluster, slot) in named.filter(|(cluster, _)| cluster.mass >= LIGHTEST) {
        let mut spans = spans(model, (cluster, *slot), others, near(cluster));
        let place = (2..=spans.len()).rev().find_map(|parts| {
            let width = Line::from(spans[..parts].to_vec()).width() as u16;
            Some((parts, room(cluster, width, &taken)?))
        });
        if let Some((parts, at)) = place {
            spans.truncate(parts);
            words::line(buffer, at.x, at.y, &Line::from(spans), at.width);
            taken.push(at);
        }
    }
}

/// Whether a text has a place to itself, with a column to either side.
pub(super) fn free(at: Rect, taken: &[Rect]) -> bool {
    let around = Rect::new(at.x.saturating_sub(1), at.y, at.width + 2, 1);
    taken.iter().all(|other| !other.intersects(around))
}

/// The names of the tokens' clusters around the globe or the map, each at the rim in its direction or as near to there as there is room.
pub(super) fn around(
    model: &Model,
    clusters: (&[Cluster], &[Cluster]),
    buffer: &mut Buffer,
    inner: Rect,
) {
    let frame = Frame::within(inner, model.gaze);
    let near = |cluster: &Cluster| model.gaze.place(&cluster.centre).1;
    write(model, clusters, buffer, near, |cluster, width, taken| {
        let ([x, y], _) = model.gaze.place(&cluster.centre);
        let turns = (0..=2 * TURNS).map(|k| if k % 2 == 0 { k / 2 } else { -(k + 1) / 2 });
        turns
            .map(|turn| y.atan2(x) + (f64::from(turn) * TURN).to_radians())
            .filter_map(|angle| beside(model, frame, angle, width, inner))
            .find(|at| free(*at, taken))
    });
}

/// A place of so many columns beside the picture, in this direction.
fn beside(model: &Model, frame: Frame, angle: f64, width: u16, inner: Rect) -> Option<Rect> {
    let half = model.gaze.half_height();
    let (sin, cos) = angle.sin_cos();
    let rim = (cos * cos + (sin / half).powi(2)).sqrt().recip();
    let (column, row) = frame.cell([1.05 * rim * cos, 1.05 * rim * sin]);
    let left = if cos < 0.0 {
        column - f64::from(width)
    } else {
        column
    };
    let inside = left >= 0.0
        && row >= 0.0
        && left + f64::from(width) <= f64::from(inner.width)
        // the last row is that of the scale
        && row < f64::from(inner.height) - 1.0;
    let outside = [left - 1.0, left + f64::from(width) + 1.0]
        .iter()
        .all(|end| {
            let [x, y] = frame.point(*end, row.floor() + 0.5);
            x * x + (y / half).powi(2) > 1.0
        });
    (inside && outside).then(|| Rect::new(inner.x + left as u16, inner.y + row as u16, width, 1))
}
