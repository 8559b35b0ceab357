//! How the panels of the page run share a window: a table of layouts, the first that fits is taken. A window of less than a hundred columns
//! has one picture, tokens on their density, where there is one; a wider one has the two sides beside each other; `o` turns that round.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::Model;
use super::panels::{density, metrics, parameters, spacetime, spectrum, together, tokens};

/// Draws a part of the model into an area.
pub(crate) type Draw = fn(&Model, &mut Buffer, Rect);

/// One layout.
struct Layout {
    /// Whether a window of this width and height has it.
    fits: fn(u16, u16) -> bool,
    /// Draws the page.
    draw: Draw,
}

/// All of them. Width and height are those of the page, which is some four rows less than the window.
const LAYOUTS: &[Layout] = &[
    // 60×60, 100×100: pictures, metrics, space–time and spectrum one below the other
    Layout {
        fits: |width, height| 4 * height >= 3 * width && height >= 36,
        draw: tall,
    },
    // 160×48, 200×60: spectrum and space–time to the right
    Layout {
        fits: |width, height| width >= 160 && height >= 41,
        draw: spacious,
    },
    // 40×10, 60×16: a picture alone; e brings the charts, the others are on their pages
    Layout {
        fits: |width, height| width < 60 || height < 13,
        draw: alone,
    },
    // 80×24, 120×36, 200×20
    Layout {
        fits: |_, _| true,
        draw: plain,
    },
];

/// From so many columns on the two sides stand beside each other.
const TWO_FROM: u16 = 100;

/// Whether a page of this width shows one picture.
#[must_use]
pub(crate) fn one_picture(model: &Model, width: u16) -> bool {
    together::possible(model) && model.one.unwrap_or(width < TWO_FROM)
}

/// Whether tokens are on a sphere, and not in ℝ^d or in a list of states.
pub(super) fn on_sphere(model: &Model) -> bool {
    !model.experiment.tokens.flat && model.experiment.tokens.replay.is_none()
}

/// The panels of the first page that may have all of it, in the order of the key.
#[must_use]
pub(crate) fn panels(model: &Model) -> Vec<Draw> {
    let mut panels: Vec<Draw> = vec![tokens::draw, density::draw];
    if together::possible(model) {
        panels.insert(0, together::draw);
    }
    panels.extend(metrics::charts(model));
    panels
}

/// Draws the page, or the one panel that has all of it.
pub(crate) fn run(model: &Model, buffer: &mut Buffer, area: Rect) {
    let enlarged = (model.enlarged).and_then(|which| panels(model).get(which).copied());
    if let Some(draw) = enlarged {
        return draw(model, buffer, area);
    }
    let fitting = (LAYOUTS.iter()).find(|layout| (layout.fits)(area.width, area.height));
    if let Some(layout) = fitting {
        (layout.draw)(model, buffer, area);
    }
}

/// The picture of both sides, or where there is none the tokens; beside it the parameters where there is room.
fn alone(model: &Model, buffer: &mut Buffer, area: Rect) {
    if area.width < 60 {
        return together::draw(model, buffer, area);
    }
    let (left, right) = split_columns(area, area.width - column(area) - 1);
    together::draw(model, buffer, left);
    parameters::draw(model, buffer, right);
}

/// One picture with parameters and metrics to its right, or both sides with the parameters beside and the metrics below.
fn plain(model: &Model, buffer: &mut Buffer, area: Rect) {
    if one_picture(model, area.width) {
        one(model, buffer, area);
    } else {
        let (above, below) = upper(area);
        both(model, buffer, above);
        metrics::draw(model, buffer, below);
    }
}

/// The rows of the pictures, and the rest: a circle as wide as its panel needs half as many rows; the metrics keep at least a third.
fn upper(area: Rect) -> (Rect, Rect) {
    let circle = (area.width - column(area) - 2) / 2;
    let top = (circle / 2 + 2).min(area.height * 3 / 5).max(7);
    split_rows(area, top)
}

/// The width of the column of parameters.
fn column(area: Rect) -> u16 {
    if area.width >= TWO_FROM { 28 } else { 24 }.min(area.width / 3)
}

fn split_rows(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    let above = Rect {
        height: top,
        ..area
    };
    let below = Rect {
        y: area.y + top,
        height: area.height - top,
        ..area
    };
    (above, below)
}

/// Left of a column and right of it, with a free column between.
fn split_columns(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let right = area.width.saturating_sub(left + 1);
    (
        Rect {
            width: left,
            ..area
        },
        Rect {
            x: area.right() - right,
            width: right,
            ..area
        },
    )
}

/// Tokens, density and parameters in a row.
fn both(model: &Model, buffer: &mut Buffer, area: Rect) {
    let circle = (area.width - column(area) - 2) / 2;
    let (left, rest) = split_columns(area, circle);
    let (middle, right) = split_columns(rest, circle);
    tokens::draw(model, buffer, left);
    density::draw(model, buffer, middle);
    parameters::draw(model, buffer, right);
}

/// The one picture as large as it can be, beside it parameters and below them metrics.
fn one(model: &Model, buffer: &mut Buffer, area: Rect) {
    let least = if area.width < 76 { 24 } else { 37 };
    let (left, right) = split_columns(area, (area.width - least).min(2 * area.height + 24));
    together::draw(model, buffer, left);
    // six parameters, their rule, and the clusters where there is height
    let rows = if right.height >= 30 { 15 } else { 7 };
    let (above, below) = split_rows(right, rows);
    parameters::draw(model, buffer, above);
    metrics::draw(model, buffer, below);
}

/// As in a smaller window, and spectrum and space–time to the right.
fn spacious(model: &Model, buffer: &mut Buffer, area: Rect) {
    if !on_sphere(model) {
        return plain(model, buffer, area);
    }
    let (main, side) = split_columns(area, area.width * 2 / 3);
    plain(model, buffer, main);
    let (above, below) = split_rows(side, side.height / 2);
    degrees(model, buffer, above);
    spacetime::draw(model, buffer, below);
}

/// Sizes of the degrees, and below them their rates where there are any.
fn degrees(model: &Model, buffer: &mut Buffer, area: Rect) {
    if !spectrum::has_rates(model) {
        return spectrum::sizes(model, buffer, area);
    }
    let (above, below) = split_rows(area, area.height * 3 / 5);
    spectrum::sizes(model, buffer, above);
    spectrum::rates(model, buffer, below);
}

/// Everything one below the other.
fn tall(model: &Model, buffer: &mut Buffer, area: Rect) {
    if !on_sphere(model) {
        return plain(model, buffer, area);
    }
    let one = one_picture(model, area.width);
    let circle = if one {
        area.width - column(area)
    } else {
        (area.width - column(area) - 2) / 2
    };
    let (above, rest) = split_rows(area, (circle / 2 + 3).min(area.height / 2));
    if one {
        let (left, right) = split_columns(above, area.width - column(area) - 1);
        together::draw(model, buffer, left);
        parameters::draw(model, buffer, right);
    } else {
        both(model, buffer, above);
    }
    let (middle, below) = split_rows(rest, rest.height / 2);
    metrics::draw(model, buffer, middle);
    let (left, right) = split_columns(below, area.width / 2);
    spacetime::draw(model, buffer, left);
    degrees(model, buffer, right);
}
