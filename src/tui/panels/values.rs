//! The page of values: every observable that this run has, and the chosen one against time with what theory says of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::density::wrapped;
use super::ghosts::{self, value_at};
use super::metrics::sample;
use crate::observe::OBSERVABLES;
use crate::observe::table::Scale;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::plot::{Chart, rule};
use crate::tui::time_axis::TimeAxis;
use crate::tui::words;

/// Width of the list: the longest name and twelve digits.
const LIST: u16 = 46;

/// The rows of the table that have a value now, or had one.
#[must_use]
pub(crate) fn rows(model: &Model) -> Vec<usize> {
    let Some(snapshot) = model.snapshot() else {
        return Vec::new();
    };
    let first = snapshot.history.records().first();
    (0..OBSERVABLES.len())
        .filter(|row| {
            let now = snapshot
                .values
                .get(*row)
                .is_some_and(|value| value.is_finite());
            now || first.is_some_and(|record| record.values[*row].is_finite())
        })
        .collect()
}

/// Draws the page.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) {
    let list = rows(model);
    if list.is_empty() {
        rule(
            buffer,
            area,
            model.theme,
            "values",
            "nothing is measured yet",
        );
        return;
    }
    let chosen = model.value.min(list.len() - 1);
    // a column more for the difference to the pinned run
    let list_width = LIST + if model.pinned.is_empty() { 0 } else { 12 };
    let width = if area.width >= list_width + 30 {
        list_width
    } else {
        area.width
    };
    let left = Rect { width, ..area };
    draw_list(model, buffer, left, (&list, chosen));
    if width < area.width {
        let right = Rect {
            x: area.x + width + 1,
            width: area.width - width - 1,
            ..area
        };
        plot(model, buffer, right, list[chosen]);
    }
}

/// Names and values, the chosen one among them.
fn draw_list(model: &Model, buffer: &mut Buffer, area: Rect, (list, chosen): (&[usize], usize)) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let compared = if model.pinned.is_empty() {
        ""
    } else {
        "less the pinned, "
    };
    let corner = format!("{compared}{} of {}", chosen + 1, list.len());
    let inner = rule(buffer, area, model.theme, "values", &corner);
    let room = usize::from(inner.height);
    let first = (chosen + 1)
        .saturating_sub(room)
        .max(chosen.saturating_sub(room / 2))
        .min(list.len().saturating_sub(room));
    for (line, (place, row)) in (inner.y..inner.bottom()).zip(list.iter().enumerate().skip(first)) {
        let value = snapshot.values.get(*row).copied().unwrap_or(f64::NAN);
        let mut text = if value.is_finite() {
            digits(value)
        } else {
            "–".into()
        };
        if let Some(pinned) = model.pinned.last() {
            let there = value_at(pinned, *row, snapshot.time);
            text += &there.map_or_else(
                || format!("{:>12}", "–"),
                |there| format!("{:>+12.2e}", value - there),
            );
        }
        let style = if place == chosen {
            model.theme.selected()
        } else {
            ratatui::style::Style::new()
        };
        let name = OBSERVABLES[*row].name;
        let room = usize::from(inner.width).saturating_sub(2);
        let gap = room.saturating_sub(name.chars().count() + text.chars().count());
        let line_text = format!(" {name}{}{text} ", " ".repeat(gap));
        words::text(
            buffer,
            inner.x,
            line,
            line_text,
            usize::from(inner.width),
            style,
        );
    }
}

/// A value to twelve digits, which is what the program answers for.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && !(1e-4..1e9).contains(&size) => format!("{value:.11e}"),
        _ if value == value.trunc() => format!("{value}"),
        size => {
            let whole = size.log10().floor().max(0.0) as usize + 1;
            format!("{value:.*}", 12_usize.saturating_sub(whole))
        }
    }
}

/// The chosen one against time, its meaning below.
fn plot(model: &Model, buffer: &mut Buffer, area: Rect, row: usize) {
    let Some(snapshot) = model.snapshot() else {
        return;
    };
    let observable = &OBSERVABLES[row];
    let meaning = wrapped(observable.about, usize::from(area.width).saturating_sub(2));
    let below = (meaning.len() as u16 + 1).min(area.height / 3);
    let picture = Rect {
        height: area.height - below,
        ..area
    };
    let axis = TimeAxis::of(model);
    let mut chart = Chart::new(observable.name.to_owned(), (axis.from, axis.to));
    chart.time = Some(axis);
    chart.x_name = axis.name();
    let points = model.series(observable.name);
    chart.log = observable.scale == Scale::Log && points.iter().any(|p| p.1 > 0.0);
    let mut legend = vec![
        sample(model, "━", model.theme.tokens()),
        Span::raw(" measured  "),
    ];
    for prediction in snapshot
        .predictions
        .iter()
        .filter(|p| p.observable == observable.name)
    {
        chart.curve(
            prediction.curve.clone(),
            model.theme.theory(),
            Pattern::Dotted,
        );
        legend.push(sample(model, "···", model.theme.theory()));
        legend.push(Span::raw(format!(" {}", prediction.label)));
    }
    for pinned in &model.pinned {
        legend.push(sample(model, "━", model.theme.dim()));
        legend.push(Span::raw(format!(" {}  ", pinned.label)));
    }
    chart.curve(points, model.theme.tokens(), Pattern::Solid);
    ghosts::add(model, &mut chart, &[observable.name]);
    chart.values = vec![Line::from(legend)];
    chart.draw(buffer, picture, model.theme, model.marker);
    for (line, text) in (picture.bottom() + 1..area.bottom()).zip(&meaning) {
        words::text(
            buffer,
            area.x + 1,
            line,
            text,
            usize::from(area.width - 1),
            model.theme.dim(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_value_has_twelve_digits_and_none_that_is_not_there() {
        assert_eq!(digits(3.0), "3");
        assert_eq!(digits(206.407_279_326_4), "206.407279326");
        assert_eq!(digits(0.223_831_842_5), "0.22383184250");
        assert_eq!(digits(-1.5e-7), "-1.50000000000e-7");
        assert_eq!(digits(0.0), "0");
    }
}
