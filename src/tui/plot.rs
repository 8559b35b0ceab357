//! A small chart: a rule with its title, the current values, curves in dots, and labelled axes. Every metric panel is
//! one of these.

mod axes;

pub(crate) use axes::abscissa;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::{Canvas, Marker, Pattern};
use super::number::tidy;
use super::theme::Theme;
use super::time_axis::TimeAxis;
use crate::tui::words;

/// One curve.
#[derive(Debug)]
pub(crate) struct Curve {
    /// (t, y); points that are not finite break the line.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub style: Style,
    /// Which dots of it are drawn.
    pub pattern: Pattern,
}

/// Marks at single points instead of a curve.
#[derive(Debug)]
pub(crate) struct Marks {
    /// (x, y).
    pub points: Vec<(f64, f64)>,
    /// Their colour.
    pub style: Style,
    /// Their character.
    pub glyph: &'static str,
}

/// A hairline.
#[derive(Debug)]
pub(crate) struct Level {
    /// Its height.
    pub y: f64,
    /// What it is.
    pub label: String,
}

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// In the rule above.
    pub title: String,
    /// At the right end of the rule.
    pub corner: String,
    /// Current values, below the rule.
    pub values: Vec<Line<'a>>,
    /// The curves, the last on top.
    pub curves: Vec<Curve>,
    /// Marks on top of the curves.
    pub marks: Vec<Marks>,
    /// Hairlines.
    pub levels: Vec<Level>,
    /// Whether the axis is logarithmic.
    pub log: bool,
    /// Range of the abscissa.
    pub x: (f64, f64),
    /// The axis of time instead, where the abscissa is time.
    pub time: Option<TimeAxis>,
    /// Name of the abscissa.
    pub x_name: &'static str,
    /// What stands at its start and end instead of the numbers.
    pub x_ends: Option<(&'static str, &'static str)>,
    /// Range of the ordinate that is always shown, as far as it is finite.
    pub y: (f64, f64),
    /// What stands where there is nothing to draw.
    pub empty: &'static str,
    /// A remark in the plot's upper right corner.
    pub remark: Option<(String, Style)>,
}

/// A rule with a title at its left and a remark at its right end; returns what is below.
pub(crate) fn rule(
    buffer: &mut Buffer,
    area: Rect,
    theme: Theme,
    title: &str,
    corner: &str,
) -> Rect {
    if area.height == 0 || area.width == 0 {
        return area;
    }
    for column in area.left()..area.right() {
        words::put(buffer, column, area.y, "─", theme.faint());
    }
    let width = usize::from(area.width);
    let title = format!("{title} ");
    let title_style = theme.title().remove_modifier(ratatui::style::Modifier::DIM);
    words::text(buffer, area.x, area.y, &title, width, title_style);
    let corner_width = corner.chars().count();
    if corner_width > 0 && title.chars().count() + corner_width + 4 <= width {
        let at = area.right() - corner_width as u16 - 3;
        words::put(buffer, at, area.y, format!(" {corner} "), theme.dim());
    }
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    }
}

impl Chart<'_> {
    /// A chart without curves.
    #[must_use]
    pub(crate) fn new(title: impl Into<String>, x: (f64, f64)) -> Self {
        Self {
            title: title.into(),
            corner: String::new(),
            values: Vec::new(),
            curves: Vec::new(),
            marks: Vec::new(),
            levels: Vec::new(),
            log: false,
            x,
            time: None,
            x_name: "t",
            x_ends: None,
            y: (f64::NAN, f64::NAN),
            empty: "no data yet",
            remark: None,
        }
    }

    /// A chart over time.
    #[must_use]
    pub(crate) fn over_time(title: impl Into<String>, axis: TimeAxis) -> Self {
        let mut chart = Self::new(title, (axis.from, axis.to));
        chart.time = Some(axis);
        chart.x_name = axis.name();
        chart
    }

    /// Adds a curve.
    pub(crate) fn curve(&mut self, points: Vec<(f64, f64)>, style: Style, pattern: Pattern) {
        self.curves.push(Curve {
            points,
            style,
            pattern,
        });
    }

    /// Draws it, and tells where its curves are, if there are any.
    // long: the frame, the axes, the curves and the marks, in the order in which they are drawn
    pub(crate) fn draw(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        theme: Theme,
        marker: Marker,
    ) -> Option<Rect> {
        let mut inner = rule(buffer, area, theme, &self.title, &self.corner);
        let width = usize::from(inner.width);
        let values = (self.values.iter()).flat_map(|line| words::entries(line, width));
        let shown = usize::from(inner.height).saturating_sub(4);
        for line in values.take(shown) {
            words::line(buffer, inner.x, inner.y, &line, inner.width);
            inner.y += 1;
            inner.height -= 1;
        }
        if inner.height < 2 || inner.width < 8 {
            return None;
        }
        let Some((low, high)) = self.range() else {
            let row = inner.y + inner.height / 2;
            words::text(
                buffer,
                inner.x + 1,
                row,
                self.empty,
                usize::from(inner.width - 1),
                theme.dim(),
            );
            return None;
        };
        let ordinate = self.ordinate(low, high, inner.height);
        let widest = ordinate.iter().map(|(_, label)| label.chars().count());
        let margin = (widest.max().unwrap_or(0) as u16).min(inner.width / 2) + 1;
        let plot = Rect {
            x: inner.x + margin,
            y: inner.y,
            width: inner.width - margin,
            height: inner.height - 1,
        };
        let scale = Scale {
            plot,
            x: self.x,
            time: self.time,
            y: (low, high),
        };
        self.axes(buffer, inner, &scale, theme, &ordinate);
        self.hairlines(buffer, &scale, theme);
        let mut canvas = Canvas::new(plot, marker);
        for curve in &self.curves {
            self.trace(&mut canvas, &scale, curve);
        }
        canvas.render(buffer);
        self.cursor(buffer, &scale, theme);
        self.labels(buffer, &scale, theme);
        for marks in &self.marks {
            for point in &marks.points {
                if let Some((column, row)) = scale
                    .place(point.0, self.height(point.1))
                    .filter(|p| scale.inside(*p))
                {
                    let at = (plot.x + column as u16, plot.y + row as u16);
                    words::text(buffer, at.0, at.1, marks.glyph, 1, marks.style);
                }
            }
        }
        if let Some((text, style)) = &self.remark {
            let width = text.chars().count() as u16;
            if width < plot.width {
                words::put(buffer, plot.right() - width, plot.y, text, *style);
            }
        }
        Some(plot)
    }

    fn height(&self, y: f64) -> f64 {
        if self.log { y.log10() } else { y }
    }

    fn label(&self, y: f64) -> String {
        if !self.log {
            return tidy(if y.abs() < 1e-12 { 0.0 } else { y });
        }
        if y == 0.0 {
            "1".into()
        } else if y == y.round() {
            format!("1e{y:.0}")
        } else {
            tidy(10f64.powf(y))
        }
    }

    /// The range of the ordinate, on the axis' own scale, with a little air.
    fn range(&self) -> Option<(f64, f64)> {
        let points = || {
            let curves = self.curves.iter().flat_map(|curve| &curve.points);
            curves.chain(self.marks.iter().flat_map(|marks| &marks.points))
        };
        // of a part of the time what is in it; all where nothing is
        let within = |point: &&(f64, f64)| (self.x.0..=self.x.1).contains(&point.0);
        let some = self.time.is_none() || points().any(|point| within(&point));
        let values = points()
            .filter(|point| !some || self.time.is_none() || within(point))
            .map(|point| point.1)
            .chain(self.levels.iter().map(|level| level.y));
        let (mut low, mut high) = values
            .chain([self.y.0, self.y.1])
            .map(|y| self.height(y))
            .filter(|y| y.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
                (low.min(y), high.max(y))
            });
        if low > high {
            return None;
        }
        if self.log {
            (low, high) = ((low + 1e-9).floor().max(high - 18.0), (high - 1e-9).ceil());
            if high - low < 1.0 {
                high = low + 1.0;
            }
        } else if high - low < 1e-9 * high.abs().max(1e-9) {
            let air = 0.1 * high.abs().max(1e-3);
            (low, high) = (low - air, high + air);
        }
        Some((low, high))
    }

    fn hairlines(&self, buffer: &mut Buffer, scale: &Scale, theme: Theme) {
        for level in &self.levels {
            let Some(place) = scale
                .place(scale.x.0, self.height(level.y))
                .filter(|p| scale.inside(*p))
            else {
                continue;
            };
            let row = scale.plot.y + place.1 as u16;
            for column in scale.plot.left()..scale.plot.right() {
                words::put(buffer, column, row, "┄", theme.faint());
            }
        }
    }

    /// The line at the time of the frame on show, when that is not the last.
    fn cursor(&self, buffer: &mut Buffer, scale: &Scale, theme: Theme) {
        let share = self.time.and_then(|axis| axis.share(axis.cursor?));
        if let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) {
            cursor_line(buffer, scale.plot, share, theme);
        }
    }

    fn labels(&self, buffer: &mut Buffer, scale: &Scale, theme: Theme) {
        for level in &self.levels {
            let Some(place) = scale
                .place(scale.x.0, self.height(level.y))
                .filter(|p| scale.inside(*p))
            else {
                continue;
            };
            let width = level.label.chars().count() as u16;
            if width > 0 && width < scale.plot.width {
                let at = (scale.plot.right() - width, scale.plot.y + place.1 as u16);
                words::put(buffer, at.0, at.1, &level.label, theme.dim());
            }
        }
    }

    fn trace(&self, canvas: &mut Canvas, scale: &Scale, curve: &Curve) {
        let mut last: Option<(f64, f64)> = None;
        let mut phase = 0;
        for (x, y) in &curve.points {
            let here = scale.place(*x, self.height(*y));
            if let Some(here) = here {
                phase = canvas.line(
                    last.unwrap_or(here),
                    here,
                    curve.style,
                    curve.pattern,
                    phase,
                );
                if curve.pattern == Pattern::Solid {
                    canvas.dot(here.0, here.1, curve.style);
                }
            }
            last = here;
        }
    }
}

/// The column at a share of a plot's width.
#[must_use]
pub(crate) fn cursor_column(plot: Rect, share: f64) -> u16 {
    plot.x + (share * (f64::from(plot.width) - 0.01)) as u16
}

/// A line from top to bottom at a share of a plot's width, where nothing is drawn.
pub(crate) fn cursor_line(buffer: &mut Buffer, plot: Rect, share: f64, theme: Theme) {
    let column = cursor_column(plot, share);
    for row in plot.top()..plot.bottom() {
        let free = buffer
            .cell((column, row))
            .is_some_and(|cell| cell.symbol() == " ");
        if free {
            words::put(buffer, column, row, "┊", theme.key());
        }
    }
}

/// The ticks of a logarithmic axis of time below a plot: powers of ten, the end and the name.
pub(crate) fn decades(buffer: &mut Buffer, plot: Rect, theme: Theme, axis: TimeAxis, end: &str) {
    let (dim, below) = (theme.dim(), plot.bottom());
    let name = format!(" {} ", axis.name());
    let first = plot.x + tidy(axis.from).chars().count() as u16;
    let mut right = plot.right();
    let mut write = |text: &str| {
        let width = text.chars().count() as u16;
        let fits = right >= first + width;
        if fits {
            right -= width;
            words::put(buffer, right, below, text, dim);
        }
        fits
    };
    // the end's number, and the name before it, in a narrow panel what matters of it
    if write(end) && !write(&name) {
        write(" log t ");
    }
    let places = |most: usize| -> Vec<(u16, String)> {
        (axis.decades(most).into_iter())
            .map(|(share, label)| (plot.x + (share * f64::from(plot.width)) as u16, label))
            .filter(|(at, label)| *at > first + 1 && at + label.chars().count() as u16 + 2 < right)
            .collect()
    };
    // where the name covers the few powers that there is room for, one of the others may be clear of it
    let most = usize::from(plot.width / 9);
    let mut ticks = places(most);
    if ticks.is_empty() {
        ticks = places(2 * most);
        ticks.truncate(1);
    }
    for (at, label) in ticks {
        words::put(buffer, at, below, "┴", theme.faint());
        words::put(buffer, at + 1, below, label, dim);
    }
}

/// Where values are in the plot.
struct Scale {
    plot: Rect,
    x: (f64, f64),
    time: Option<TimeAxis>,
    y: (f64, f64),
}

impl Scale {
    /// Column and row in cells from the plot's corner; values a little outside are kept at the edge.
    fn place(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let across = match self.time {
            Some(axis) => axis.share(x)?,
            None => (x - self.x.0) / (self.x.1 - self.x.0),
        };
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        let (width, height) = (f64::from(self.plot.width), f64::from(self.plot.height));
        Some((
            across * (width - 0.01),
            ((1.0 - up) * (height - 0.26) + 0.13).clamp(-1.0, height + 1.0),
        ))
    }

    fn inside(&self, (column, row): (f64, f64)) -> bool {
        column >= 0.0
            && row >= 0.0
            && column < f64::from(self.plot.width)
            && row < f64::from(self.plot.height)
    }
}

/// "● name 0.031" in a side's colour: an entry of a legend with its value.
#[must_use]
pub(crate) fn entry(sample: &'static str, style: Style, text: String) -> Vec<Span<'static>> {
    vec![Span::styled(sample, style), Span::raw(format!(" {text}  "))]
}
