//! What heat maps share: the logarithmic scale, cells of two levels, and the bar that explains the levels.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::tui::canvas::half_block;
use crate::tui::model::Model;
use crate::tui::theme::Theme;

/// Where a value is between the floor and the top, on a logarithmic scale.
pub(crate) fn share(value: f64, floor: f64, top: f64) -> f64 {
    (value.max(floor) / floor).ln() / (top / floor).ln()
}

/// A cell of two levels, one above the other; without colours the larger one.
pub(crate) fn cell(
    theme: Theme,
    buffer: &mut Buffer,
    at: (u16, u16),
    (upper, lower): (usize, usize),
) {
    let (upper, lower) = if theme.whole {
        (upper.max(lower), upper.max(lower))
    } else {
        (upper, lower)
    };
    if theme.colourful() {
        let (upper, lower) = (theme.magnitude(upper), theme.magnitude(lower));
        half_block(buffer, at.0, at.1, upper, lower);
    } else if let Some(cell) = buffer.cell_mut(at) {
        cell.set_symbol(theme.ramp(upper.max(lower)));
    }
}

/// A column of a plot: `level` of its half cells, counted from below.
pub(crate) fn column(
    theme: Theme,
    buffer: &mut Buffer,
    plot: Rect,
    column: u16,
    level: impl Fn(usize) -> usize,
) {
    for row in 0..plot.height {
        let below = 2 * usize::from(plot.height - 1 - row);
        let at = (plot.x + column, plot.y + row);
        cell(theme, buffer, at, (level(below + 1), level(below)));
    }
}

/// All levels of the magnitude, from the least.
#[must_use]
pub(crate) fn scale_bar(model: &Model) -> Vec<Span<'static>> {
    let theme = model.theme;
    (0..theme.levels())
        .map(|level| swatch(model, level))
        .collect()
}

/// One level of the magnitude.
#[must_use]
pub(crate) fn swatch(model: &Model, level: usize) -> Span<'static> {
    if model.theme.colourful() {
        Span::styled(" ", Style::new().bg(model.theme.magnitude(level)))
    } else {
        Span::raw(model.theme.ramp(level))
    }
}
