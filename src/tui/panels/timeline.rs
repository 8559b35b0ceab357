//! The row of time above the status: how far the run is, what has happened when, and where the reader looks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::staircase;
use crate::snapshot::history::steadied;
use crate::snapshot::view::FieldView;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

/// The smallest window with a row for it.
pub(crate) const FROM_HEIGHT: u16 = 24;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Two clusters became one.
    Merge,
    /// A parameter was changed.
    Change,
    /// Markers took the density over.
    HandOver,
    /// The density was given up.
    Lost,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Merge, Self::Change, Self::HandOver, Self::Lost];

    fn glyph(self) -> &'static str {
        match self {
            Self::Merge => "•",
            Self::Change => "▲",
            Self::HandOver => "◇",
            Self::Lost => "x",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Merge => "fewer clusters",
            Self::Change => "change",
            Self::HandOver => "markers carry the density",
            Self::Lost => "density under-resolved",
        }
    }
}

/// What has happened so far, in order of time: (frame, time, what).
#[must_use]
pub(crate) fn marks(model: &Model) -> Vec<(usize, f64, Kind)> {
    let Some(snapshot) = model.live() else {
        return Vec::new();
    };
    let records = snapshot.history.records();
    let frame_of = |time: f64| records.partition_point(|record| record.time < time * (1.0 - 1e-12));
    let mut list = Vec::new();
    if let Some(column) = crate::observe::table::column("tokens_clusters") {
        let counts: Vec<f64> = records.iter().map(|record| record.values[column]).collect();
        // under noise clusters come and go
        let counts = if snapshot.diffusion > 0.0 {
            steadied(&counts)
        } else {
            counts
        };
        for (frame, pair) in counts.windows(2).enumerate() {
            if pair[1] < pair[0] {
                list.push((frame + 1, records[frame + 1].time, Kind::Merge));
            }
        }
    }
    for change in &snapshot.experiment.changes {
        if change.at <= snapshot.time {
            list.push((frame_of(change.at), change.at, Kind::Change));
        }
    }
    match &snapshot.field {
        FieldView::Resolved(density) => {
            let carried = density.carried.map(|carried| carried.since);
            list.extend(
                carried
                    .filter(|since| *since > 0.0)
                    .map(|since| (frame_of(since), since, Kind::HandOver)),
            );
        }
        FieldView::UnderResolved { since, .. } => list.push((frame_of(*since), *since, Kind::Lost)),
        FieldView::None(_) | FieldView::Reference(_) | FieldView::Gaussian { .. } => {}
    }
    list.sort_by(|a, b| a.1.total_cmp(&b.1));
    list
}

/// When the next merge is to be expected, by the rate at which the saddle is left ([`staircase::next_step`]).
#[must_use]
pub(crate) fn forecast(model: &Model) -> Option<f64> {
    let live = model.live()?;
    let saddle = live.tokens.saddle.as_ref()?;
    staircase::next_step(live, saddle)
}

/// Where on the row time runs.
struct Track {
    axis: TimeAxis,
    /// Its first column, and how many there are.
    left: u16,
    width: u16,
    legend: Line<'static>,
}

impl Track {
    fn of(model: &Model, area: Rect, marks: &[(usize, f64, Kind)]) -> Option<Self> {
        let axis = TimeAxis::whole(model);
        let (from, to) = axis.ends();
        let legend: Vec<Span> = (Kind::ALL.into_iter())
            .filter(|kind| marks.iter().any(|mark| mark.2 == *kind))
            .map(|kind| {
                Span::styled(
                    format!(" {} {}", kind.glyph(), kind.word()),
                    model.theme.dim(),
                )
            })
            .collect();
        let next = forecast(model).map(|time| {
            let text = format!(" ◌ next about t = {}", short(time));
            Span::styled(text, model.theme.theory())
        });
        let all: Line = legend.into_iter().chain(next.clone()).collect();
        // the meaning of the marks, where the row itself keeps two thirds; what is to come before what was
        let legend = [all, next.into_iter().collect()]
            .into_iter()
            .find(|legend| 3 * legend.width() < usize::from(area.width))
            .unwrap_or_default();
        let before = from.chars().count() as u16 + 2;
        let after = to.chars().count() as u16 + 2 + legend.width() as u16;
        let width = area
            .width
            .checked_sub(before + after)
            .filter(|width| *width > 10)?;
        let left = area.x + before;
        Some(Self {
            axis,
            left,
            width,
            legend,
        })
    }

    fn column(&self, time: f64) -> u16 {
        let share = self.axis.share(time).unwrap_or(0.0).clamp(0.0, 1.0);
        self.left + (share * f64::from(self.width - 1)).round() as u16
    }
}

/// The frame at a column of the row.
#[must_use]
pub(crate) fn frame_at(model: &Model, area: Rect, column: u16) -> Option<usize> {
    let track = Track::of(model, area, &marks(model))?;
    let share = f64::from(column.saturating_sub(track.left)) / f64::from(track.width - 1);
    let time = if column <= track.left {
        0.0
    } else {
        track.axis.time(share.min(1.0))
    };
    let records = model.live()?.history.records();
    Some(
        records
            .partition_point(|record| record.time < time)
            .min(records.len().saturating_sub(1)),
    )
}

/// Draws the row.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let (Some(live), Some(shown)) = (model.live(), model.snapshot()) else {
        return;
    };
    let (theme, marks) = (model.theme, marks(model));
    let Some(track) = Track::of(model, area, &marks) else {
        return;
    };
    let (from, to) = track.axis.ends();
    let room = usize::from(track.left - area.x);
    words::text(
        buffer,
        area.x,
        area.y,
        format!(" {from} "),
        room,
        theme.dim(),
    );
    let now = track.column(live.time);
    let end = track.left + track.width;
    for x in track.left..end {
        let (glyph, style) = if x <= now {
            ("━", theme.dim())
        } else {
            ("─", theme.faint())
        };
        words::put(buffer, x, area.y, glyph, style);
    }
    for (_, time, kind) in &marks {
        words::put(
            buffer,
            track.column(*time),
            area.y,
            kind.glyph(),
            theme.title(),
        );
    }
    if let Some(time) = forecast(model).filter(|time| *time <= track.axis.to) {
        words::put(buffer, track.column(time), area.y, "◌", theme.theory());
    }
    let style = theme.title().add_modifier(Modifier::REVERSED);
    let cursor = if model.looks_back() { "◂" } else { "▸" };
    words::put(buffer, track.column(shown.time), area.y, cursor, style);
    let last = Line::from(Span::styled(format!(" {to} "), theme.dim()));
    words::line(buffer, end, area.y, &last, area.right() - end);
    let at = area.right() - track.legend.width() as u16;
    words::line(buffer, at, area.y, &track.legend, area.right() - at);
}

/// What is said while the reader looks back.
#[must_use]
pub(crate) fn looking(model: &Model) -> Option<String> {
    let (live, shown) = (model.live()?, model.snapshot()?);
    model.looks_back().then(|| {
        let happened = marks(model).into_iter().filter(|mark| mark.0 == shown.frame);
        let happened: Vec<&str> = happened.map(|mark| mark.2.word()).collect();
        let what = if happened.is_empty() { String::new() } else { format!(" ({})", happened.join(", ")) };
        format!(
            "frame {} of {}, t = {}{what}: , and . go on from frame to frame, < > from mark to mark, end to the run, b begins anew from here",
            shown.frame,
            live.frame,
            tidy(shown.time)
        )
    })
}
