//! The picture of a model: a pure function of it: a page of [`PAGES`], and the lines above and below that are always there.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::model::Model;
use super::pages::PAGES;
use super::panels::{help, hints, status, timeline};
use super::pixels::Picture;
use super::plain;
use crate::tui::words;

/// The smallest window.
pub(crate) const SMALLEST: (u16, u16) = (40, 10);

/// Draws everything; with ASCII markers in ASCII alone.
pub fn view(model: &Model, frame: &mut Frame) {
    let area = frame.area();
    onto(model, frame.buffer_mut(), area);
}

/// The same, with maps as pictures in pixels where they are wanted and nothing lies over the page: what is to be sent besides.
pub(crate) fn pictured(model: &Model, frame: &mut Frame) -> Vec<Picture> {
    let over = model.popup.is_some() || model.palette.is_some() || model.ascii();
    model.easel.open(!over);
    view(model, frame);
    model.easel.close(model.theme, frame.buffer_mut())
}

/// The same as a buffer.
#[must_use]
pub(crate) fn picture(model: &Model, size: Size) -> Buffer {
    let area = Rect::from((Position::ORIGIN, size));
    let mut buffer = Buffer::empty(area);
    onto(model, &mut buffer, area);
    buffer
}

fn onto(model: &Model, buffer: &mut Buffer, area: Rect) {
    draw(model, buffer, area);
    if model.ascii() {
        plain::make(buffer, model.theme);
    }
}

fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(buffer, area);
    }
    let line = |row: u16| Rect {
        y: area.y + row,
        height: 1,
        ..area
    };
    status::title(model, buffer, line(0));
    let said = status::message_height(model, area);
    let time = time_row(model, area);
    let body = body_of(model, area);
    if let Some(row) = time {
        timeline::draw(model, buffer, row);
    }
    (PAGES[model.page % PAGES.len()].draw)(model, buffer, body);
    status::message(
        model,
        buffer,
        Rect {
            height: said,
            ..line(area.height - 2 - said)
        },
    );
    status::status(model, buffer, line(area.height - 2));
    hints::draw(model, buffer, line(area.height - 1));
    let over = over_of(model, area);
    help::draw(model, buffer, over, PAGES[model.page % PAGES.len()].name);
}

/// What lists and texts have of the window in which the last key was pressed.
#[must_use]
pub(crate) fn over(model: &Model) -> Rect {
    over_of(model, Rect::from((Position::ORIGIN, model.window)))
}

/// What lists and texts have of a window: they may lie over the row of time and the sentence, not over an answer.
fn over_of(model: &Model, area: Rect) -> Rect {
    if model.palette.is_some() || model.message.is_some() {
        return body_of(model, area);
    }
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(3),
        ..area
    }
}

/// What the page has of a window.
#[must_use]
pub(crate) fn body_of(model: &Model, area: Rect) -> Rect {
    let around =
        3 + status::message_height(model, area) + u16::from(time_row(model, area).is_some());
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(around),
        ..area
    }
}

/// The row of time, where the window has one.
#[must_use]
pub(crate) fn time_row(model: &Model, area: Rect) -> Option<Rect> {
    let said = status::message_height(model, area);
    (area.height >= timeline::FROM_HEIGHT).then(|| Rect {
        y: area.bottom() - 3 - said,
        height: 1,
        ..area
    })
}

fn too_small(buffer: &mut Buffer, area: Rect) {
    let (width, height) = SMALLEST;
    let lines = [
        format!("metastable needs {width}×{height},"),
        format!("this window is {}×{}.", area.width, area.height),
        "q quits".to_string(),
    ];
    for (row, line) in lines.iter().enumerate() {
        if (row as u16) < area.height {
            words::text(
                buffer,
                area.x,
                area.y + row as u16,
                line,
                usize::from(area.width),
                ratatui::style::Style::new(),
            );
        }
    }
}

#[cfg(test)]
#[path = "legible_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "companions_tests.rs"]
mod companions;
