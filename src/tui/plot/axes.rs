//! The axes of a chart: ticks at round numbers, their labels, the name of the abscissa.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Chart, Scale, decades};
use crate::tui::number::tidy;
use crate::tui::theme::Theme;
use crate::tui::ticks::{powers, ticks};
use crate::tui::words;

impl Chart<'_> {
    /// The ticks of the ordinate: one in four rows, at least two; its ends where no two round numbers lie between them.
    pub(super) fn ordinate(&self, low: f64, high: f64, height: u16) -> Vec<(f64, String)> {
        let most = (usize::from(height) / 4).max(2);
        // a few more where so few steps leave but one number between the ends
        let list = (most..most + 4).map(|most| {
            if self.log {
                powers(low, high, most)
            } else {
                ticks(low, high, most)
            }
        });
        let Some(list) = list.into_iter().find(|list| list.len() >= 2) else {
            return vec![(low, self.label(low)), (high, self.label(high))];
        };
        list
    }

    pub(super) fn axes(
        &self,
        buffer: &mut Buffer,
        inner: Rect,
        scale: &Scale,
        theme: Theme,
        ordinate: &[(f64, String)],
    ) {
        let plot = scale.plot;
        let margin = usize::from(plot.x - inner.x);
        let mut last = None;
        for (y, label) in ordinate {
            let Some((_, row)) = scale.place(scale.x.1, *y) else {
                continue;
            };
            let row = plot.y + (row.max(0.0) as u16).min(plot.height - 1);
            if last == Some(row) {
                continue;
            }
            last = Some(row);
            let text = format!("{label:>width$}", width = margin.saturating_sub(1));
            words::text(buffer, inner.x, row, text, margin, theme.dim());
        }
        for row in plot.top()..plot.bottom() {
            words::put(buffer, plot.x - 1, row, "│", theme.faint());
        }
        let below = plot.bottom();
        words::put(buffer, plot.x - 1, below, "└", theme.faint());
        for column in plot.left()..plot.right() {
            words::put(buffer, column, below, "─", theme.faint());
        }
        if self.x_ends.is_none() && self.time.is_none_or(|axis| !axis.log) {
            return self.abscissa(buffer, scale, theme);
        }
        let (start, end) = self.x_ends.map_or_else(
            || (tidy(self.x.0), tidy(self.x.1)),
            |(start, end)| (start.into(), end.into()),
        );
        words::text(
            buffer,
            plot.x,
            below,
            &start,
            usize::from(plot.width),
            theme.dim(),
        );
        let end_width = end.chars().count() as u16;
        if let Some(axis) = self.time.filter(|axis| axis.log) {
            return decades(buffer, plot, theme, axis, &end);
        }
        if plot.width > end_width + 6 {
            words::put(buffer, plot.right() - end_width, below, &end, theme.dim());
            words::put(
                buffer,
                plot.x + plot.width / 2,
                below,
                format!(" {} ", self.x_name),
                theme.dim(),
            );
        }
    }

    /// The ticks of a linear abscissa and its name.
    pub(super) fn abscissa(&self, buffer: &mut Buffer, scale: &Scale, theme: Theme) {
        let place = |x: f64| scale.place(x, scale.y.0).map(|(column, _)| column);
        let name = format!(" {}", self.x_name);
        abscissa(buffer, scale.plot, theme, (self.x, &name), place);
    }
}

/// The ticks of a linear axis below a plot, one in fifteen columns and at least three, and its name at the end. `place` is the column of a value
/// from the plot's left edge on.
pub(crate) fn abscissa(
    buffer: &mut Buffer,
    plot: Rect,
    theme: Theme,
    ((from, to), name): ((f64, f64), &str),
    place: impl Fn(f64) -> Option<f64>,
) {
    let (below, dim) = (plot.bottom(), theme.dim());
    let mut right = plot.right();
    if name.chars().count() + 8 < usize::from(plot.width) {
        right -= name.chars().count() as u16;
        words::put(buffer, right, below, name, dim);
    }
    let mut free = plot.x;
    for (x, label) in ticks(from, to, usize::from(plot.width / 15).max(3)) {
        let Some(column) = place(x) else {
            continue;
        };
        let tick = plot.x + (column.max(0.0) as u16).min(plot.width - 1);
        let width = label.chars().count() as u16;
        // under the axis the label begins at its tick, at the right end it ends there
        let at = tick.min(right.saturating_sub(width + 1));
        if at < free || at + width >= right {
            continue;
        }
        // a label that had to move stands without a mark: it would be at another number
        let mark = u16::from(at == tick && at != plot.x);
        if mark == 1 {
            words::put(buffer, at, below, "┴", theme.faint());
        }
        words::put(buffer, at + mark, below, &label, dim);
        free = at + width + 2;
    }
}
