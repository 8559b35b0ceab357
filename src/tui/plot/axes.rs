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

/// Columns of a name that may stand behind the label at the end of an axis: a longer one would push it to where another number is.
const SHORT: u16 = 3;

/// The ticks of a linear axis below a plot, one in fifteen columns and at least three, and its name at the end; a long name stands before the
/// label of the end. `place` is the column of a value from the plot's left edge on.
pub(crate) fn abscissa(
    buffer: &mut Buffer,
    plot: Rect,
    theme: Theme,
    ((from, to), name): ((f64, f64), &str),
    place: impl Fn(f64) -> Option<f64>,
) {
    let (below, dim) = (plot.bottom(), theme.dim());
    let width = |text: &str| text.chars().count() as u16;
    let list = ticks(from, to, usize::from(plot.width / 15).max(3)).into_iter();
    let mut list: Vec<(u16, String)> = list
        .filter_map(|(x, label)| {
            let column = place(x)?.max(0.0) as u16;
            Some((plot.x + column.min(plot.width - 1), label))
        })
        .collect();
    let mut right = plot.right();
    if width(name) + 8 < plot.width {
        let end = |tick: u16, label: &str| tick.min(plot.right().saturating_sub(width(label)));
        let pushed = |(tick, label): &mut (u16, String)| {
            width(name) > SHORT
                && *tick + width(label) + 1 >= plot.right() - width(name)
                && end(*tick, label) > plot.x + width(name) + 1
        };
        if let Some((tick, label)) = list.pop_if(pushed) {
            right = end(tick, &label) - 1;
            words::put(buffer, right + 1, below, &label, dim);
        }
        right -= width(name);
        words::put(buffer, right, below, name, dim);
    }
    let mut free = plot.x;
    for (tick, label) in list {
        let width = width(&label);
        // under the axis the label begins at its tick, at the right end it ends there
        let at = tick.min(right.saturating_sub(width + 1));
        if at < free || at + width >= right || tick > at + width + SHORT {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Depth;

    #[test]
    fn no_label_of_an_abscissa_stands_at_another_number() {
        let mut read = 0;
        for (name, width) in [" t", " ⟨x_i,x_j⟩", " attention.gamma"]
            .into_iter()
            .flat_map(|name| (12..140).map(move |width| (name, width)))
        {
            for (from, to) in [(-1.0, 1.0), (0.0, 5.0), (0.0, 0.02), (3.0, 47.0)] {
                let plot = Rect::new(3, 0, width, 1);
                let mut buffer = Buffer::empty(Rect::new(0, 0, width + 6, 2));
                let place = |x: f64| (x - from) / (to - from) * f64::from(width - 1);
                let theme = Theme::of(Depth::None);
                abscissa(&mut buffer, plot, theme, ((from, to), name), |x| {
                    Some(place(x))
                });
                let row: Vec<&str> = (0..width + 6).map(|x| buffer[(x, 1)].symbol()).collect();
                let mut at = 0;
                for word in row.split(|cell| [" ", "─", "┴"].contains(cell)) {
                    let number = word.concat().replace('−', "-").parse::<f64>();
                    if let Ok(number) = number {
                        read += 1;
                        let tick = 3.0 + place(number);
                        let (first, last) = (at as f64 - 2.0, (at + word.len()) as f64 + 4.0);
                        let there = (first..last).contains(&tick);
                        assert!(there, "{name} {width}: {number} in {:?}", row.concat());
                    }
                    at += word.len() + 1;
                }
            }
        }
        assert!(read > 3000, "{read}");
    }
}
