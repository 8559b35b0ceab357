//! Dots finer than a cell: a picture is made of dots, and dots become characters by the marker in use.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// What dots are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Marker {
    /// 2×4 dots a cell.
    #[default]
    Braille,
    /// 1×2 dots a cell.
    HalfBlock,
    /// One a cell.
    Dot,
    /// One a cell, ASCII only.
    Ascii,
}

impl Marker {
    /// What the terminal can show, by its environment: ASCII where the locale has no more, half blocks on the console of Linux, whose fonts
    /// have no braille.
    #[must_use]
    pub(crate) fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(value);
        let unicode = locale.is_none_or(|name| {
            let name = name.to_lowercase().replace('-', "");
            name.contains("utf8")
        });
        match value("TERM").as_deref() {
            _ if !unicode => Self::Ascii,
            Some("linux") => Self::HalfBlock,
            _ => Self::Braille,
        }
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Braille => Self::HalfBlock,
            Self::HalfBlock => Self::Dot,
            Self::Dot => Self::Ascii,
            Self::Ascii => Self::Braille,
        }
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Braille => "braille",
            Self::HalfBlock => "half-block",
            Self::Dot => "dot",
            Self::Ascii => "ascii",
        }
    }

    /// Dots a cell, across and down.
    #[must_use]
    pub(crate) fn resolution(self) -> (usize, usize) {
        match self {
            Self::Braille => (2, 4),
            Self::HalfBlock => (1, 2),
            Self::Dot | Self::Ascii => (1, 1),
        }
    }
}

/// A grid of dots over an area of the screen. Coordinates are in cells from its upper left corner.
#[derive(Debug)]
pub(crate) struct Canvas {
    area: Rect,
    marker: Marker,
    dots: Vec<Option<Style>>,
    across: usize,
    down: usize,
}

impl Canvas {
    /// An empty one.
    #[must_use]
    pub(crate) fn new(area: Rect, marker: Marker) -> Self {
        let (x, y) = marker.resolution();
        let (across, down) = (usize::from(area.width) * x, usize::from(area.height) * y);
        Self {
            area,
            marker,
            dots: vec![None; across * down],
            across,
            down,
        }
    }

    /// Dots a cell, across and down.
    #[must_use]
    pub(crate) fn resolution(&self) -> (f64, f64) {
        let (x, y) = self.marker.resolution();
        (x as f64, y as f64)
    }

    /// One dot, if it is inside.
    pub(crate) fn dot(&mut self, column: f64, row: f64, style: Style) {
        let (x, y) = self.resolution();
        let (i, j) = ((column * x).floor(), (row * y).floor());
        if i >= 0.0 && j >= 0.0 && i < self.across as f64 && j < self.down as f64 {
            self.dots[j as usize * self.across + i as usize] = Some(style);
        }
    }

    /// A line; `pattern` dots are drawn of which `drawn`, then the rest left out, from the phase `at` on. Returns the
    /// phase at its end.
    pub(crate) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        style: Style,
        pattern: Pattern,
        mut at: usize,
    ) -> usize {
        let (x, y) = self.resolution();
        let steps = ((to.0 - from.0).abs() * x)
            .max((to.1 - from.1).abs() * y)
            .ceil()
            .clamp(1.0, 4000.0) as usize;
        for step in 0..steps {
            if pattern.draws(at) {
                let s = step as f64 / steps as f64;
                self.dot(
                    from.0 + s * (to.0 - from.0),
                    from.1 + s * (to.1 - from.1),
                    style,
                );
            }
            at += 1;
        }
        at
    }

    /// Turns the dots into characters; cells without a dot run as they are.
    pub(crate) fn render(&self, buffer: &mut Buffer) {
        for row in 0..self.area.height {
            for column in 0..self.area.width {
                if let Some((symbol, style)) = self.cell(usize::from(column), usize::from(row))
                    && let Some(cell) = buffer.cell_mut((self.area.x + column, self.area.y + row))
                {
                    cell.set_char(symbol).set_style(style);
                }
            }
        }
    }

    fn at(&self, i: usize, j: usize) -> Option<Style> {
        self.dots[j * self.across + i]
    }

    fn cell(&self, column: usize, row: usize) -> Option<(char, Style)> {
        match self.marker {
            Marker::Dot => self.at(column, row).map(|style| ('•', style)),
            Marker::Ascii => self.at(column, row).map(|style| ('.', style)),
            Marker::HalfBlock => match (self.at(column, 2 * row), self.at(column, 2 * row + 1)) {
                (None, None) => None,
                (Some(style), None) => Some(('▀', style)),
                (None, Some(style)) => Some(('▄', style)),
                (Some(upper), Some(lower)) if upper.fg == lower.fg => Some(('█', upper)),
                (Some(upper), Some(lower)) => {
                    Some(('▀', upper.bg(lower.fg.unwrap_or(Color::Reset))))
                }
            },
            Marker::Braille => {
                const BITS: [[u32; 2]; 4] =
                    [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
                let mut bits = 0;
                let mut last = None;
                for (j, pair) in BITS.iter().enumerate() {
                    for (i, bit) in pair.iter().enumerate() {
                        if let Some(style) = self.at(2 * column + i, 4 * row + j) {
                            bits |= bit;
                            last = Some(style);
                        }
                    }
                }
                last.and_then(|style| char::from_u32(0x2800 + bits).map(|symbol| (symbol, style)))
            }
        }
    }
}

/// Which dots of a line are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// All.
    Solid,
    /// Five of eight.
    Dashed,
    /// One of three.
    Dotted,
    /// One of six.
    Sparse,
}

impl Pattern {
    fn draws(self, at: usize) -> bool {
        match self {
            Self::Solid => true,
            Self::Dashed => at % 8 < 5,
            Self::Dotted => at.is_multiple_of(3),
            Self::Sparse => at.is_multiple_of(6),
        }
    }
}

/// A disc that is round on the screen: a cell is taken to be twice as high as it is wide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disc {
    centre: (f64, f64),
    radius: f64,
}

impl Disc {
    /// The largest one in an area of this size, with half a cell of margin.
    #[must_use]
    pub(crate) fn within(area: Rect) -> Self {
        let (width, height) = (f64::from(area.width), f64::from(area.height));
        Self {
            centre: (width / 2.0, height / 2.0),
            radius: (width / 2.0 - 1.0).min(height - 1.0).max(0.5),
        }
    }

    /// Where the point (x, y) of the unit disc is, in cells.
    #[must_use]
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.centre.0 + x * self.radius,
            self.centre.1 - y * self.radius / 2.0,
        )
    }

    /// The point of the plane of the unit disc at a place in cells.
    #[must_use]
    pub(crate) fn point(&self, column: f64, row: f64) -> [f64; 2] {
        [
            (column - self.centre.0) / self.radius,
            2.0 * (self.centre.1 - row) / self.radius,
        ]
    }

    /// Its radius in columns.
    #[must_use]
    pub(crate) fn radius(&self) -> f64 {
        self.radius
    }

    /// A circle of dots.
    pub(crate) fn ring(&self, canvas: &mut Canvas, radius: f64, style: Style, every: usize) {
        let count = (std::f64::consts::TAU * self.radius * radius * canvas.resolution().0
            / every as f64)
            .ceil()
            .max(8.0);
        for j in 0..count as usize {
            let angle = std::f64::consts::TAU * j as f64 / count;
            let (column, row) = self.at(radius * angle.cos(), radius * angle.sin());
            canvas.dot(column, row, style);
        }
    }
}

/// Upper and lower half of a cell in two colours: a picture with square pixels.
pub(crate) fn half_block(buffer: &mut Buffer, column: u16, row: u16, upper: Color, lower: Color) {
    if let Some(cell) = buffer.cell_mut((column, row)) {
        if upper == lower {
            cell.set_symbol(" ").set_style(Style::new().bg(upper));
        } else {
            cell.set_symbol("▀")
                .set_style(Style::new().fg(upper).bg(lower));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_dots_are_made_of() {
        let found = |pairs: &[(&str, &str)]| {
            Marker::detect(|name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| (*value).to_string())
            })
        };
        assert_eq!(
            found(&[("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8")]),
            Marker::Braille
        );
        assert_eq!(found(&[("TERM", "xterm-256color")]), Marker::Braille);
        assert_eq!(
            found(&[("TERM", "linux"), ("LANG", "C.utf8")]),
            Marker::HalfBlock
        );
        assert_eq!(
            found(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]),
            Marker::Ascii
        );
        assert_eq!(
            found(&[("LC_ALL", ""), ("LANG", "en_US.ISO-8859-1")]),
            Marker::Ascii
        );
    }

    #[test]
    fn dots_become_characters_of_every_marker() {
        let area = Rect::new(0, 0, 1, 1);
        for (marker, wanted) in [
            (Marker::Braille, "⠁"),
            (Marker::HalfBlock, "▀"),
            (Marker::Dot, "•"),
            (Marker::Ascii, "."),
        ] {
            let mut canvas = Canvas::new(area, marker);
            canvas.dot(0.1, 0.1, Style::new());
            canvas.dot(-0.1, 5.0, Style::new());
            let mut buffer = Buffer::empty(area);
            canvas.render(&mut buffer);
            assert_eq!(buffer[(0, 0)].symbol(), wanted);
        }
    }

    #[test]
    fn a_disc_is_round() {
        let disc = Disc::within(Rect::new(0, 0, 40, 10));
        let (east, north) = (disc.at(1.0, 0.0), disc.at(0.0, 1.0));
        assert!(((east.0 - 20.0) - 2.0 * (5.0 - north.1)).abs() < 1e-12);
    }
}
