//! Colours: what the terminal can show (truecolour → 256 → 16 → none), and the few palettes of the dashboard.
//!
//! Nothing is told by colour alone: clusters have glyphs, the two sides have line patterns, magnitudes have a height or
//! a ramp of characters. Magnitudes are quantised, so that a moving picture stays small on a slow link.

mod colours;
mod detect;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier, Style};

use colours::{Both, CONTRAST, Colours, DARK, FEW, INDEXED, INFERNO, LIGHT, Rgb};
pub(crate) use colours::{LEVELS, sixteen};
pub use detect::{ColorChoice, Depth, Ground, ThemeChoice};

/// Magnitude without colours.
const RAMP: [&str; 10] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"];

/// The least level of a line on the terminal's ground: those below have less than three times its luminance.
const FAINTEST_LINE: usize = 8;

/// The share of a line in the colour of what it runs over.
const LINE: f64 = 0.13;

/// The glyph of a cluster slot, and in ASCII.
const GLYPHS: [(&str, &str); 8] = [
    ("●", "o"),
    ("■", "#"),
    ("▲", "^"),
    ("◆", "*"),
    ("★", "@"),
    ("✚", "+"),
    ("▼", "v"),
    ("✖", "x"),
];

/// The same eight, small: a single token. There is no small diamond in most fonts.
const SMALL: [&str; 8] = ["•", "▪", "▴", "◆", "⋆", "+", "▾", "×"];

/// The same eight, hollow: on the far side of the globe.
const HOLLOW: [(&str, &str); 8] = [
    ("○", "0"),
    ("□", "n"),
    ("△", "A"),
    ("◇", "c"),
    ("☆", "a"),
    ("✛", "t"),
    ("▽", "V"),
    ("✕", "X"),
];

/// The colours in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours.
    pub depth: Depth,
    /// What they stand on.
    pub ground: Ground,
    /// Whether a cell of a map has one level, and not one for each half: half the colours to be sent.
    pub whole: bool,
}

// a theme is asked for every look, also for those that are the same in all of them
#[allow(clippy::unused_self)]
impl Theme {
    /// So many colours on a dark ground.
    #[must_use]
    pub fn of(depth: Depth) -> Self {
        Self {
            depth,
            ground: Ground::Dark,
            whole: false,
        }
    }

    fn colours(self) -> &'static Colours {
        match self.ground {
            Ground::Dark => &DARK,
            Ground::Light => &LIGHT,
            Ground::Contrast => &CONTRAST,
        }
    }

    /// A level counted from the dark end: magnitude begins at the ground, whatever that is.
    fn dark_end(self, level: usize, levels: usize) -> usize {
        let level = level.min(levels - 1);
        match self.ground {
            Ground::Light => levels - 1 - level,
            Ground::Dark | Ground::Contrast => level,
        }
    }

    /// Inferno, its light end white where that is the ground.
    fn inferno(self, level: usize) -> Rgb {
        if self.ground == Ground::Light && level == 0 {
            return (255, 255, 255);
        }
        INFERNO[self.dark_end(level, LEVELS)]
    }

    fn indexed(self, level: usize) -> u8 {
        if self.ground == Ground::Light && level == 0 {
            return 231;
        }
        INDEXED[self.dark_end(level, LEVELS)]
    }

    fn pick(self, (rgb, few): Both) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Ansi16 => few,
            Depth::Ansi256 => Color::Indexed(nearest(rgb)),
            Depth::Truecolor => Color::Rgb(rgb.0, rgb.1, rgb.2),
        }
    }

    /// Whether there are colours at all.
    #[must_use]
    pub(crate) fn colourful(self) -> bool {
        self.depth != Depth::None
    }

    /// The tokens' side.
    #[must_use]
    pub(crate) fn tokens(self) -> Style {
        Style::new().fg(self.pick(self.colours().tokens))
    }

    /// The density's side.
    #[must_use]
    pub(crate) fn field(self) -> Style {
        Style::new().fg(self.pick(self.colours().field))
    }

    /// The first or second of two quantities that belong to neither side.
    #[must_use]
    pub(crate) fn quantity(self, index: usize) -> Style {
        Style::new().fg(self.pick(self.colours().quantities[index % 2]))
    }

    /// What theory predicts.
    #[must_use]
    pub(crate) fn theory(self) -> Style {
        Style::new().fg(self.pick(self.colours().theory))
    }

    /// A cluster's slot.
    #[must_use]
    pub(crate) fn cluster(self, slot: Option<usize>) -> Style {
        slot.map_or_else(
            || self.dim(),
            |slot| Style::new().fg(self.pick(self.colours().clusters[slot % 8])),
        )
    }

    /// A cluster's slot on top of what is drawn before: bold where there are no colours.
    #[must_use]
    pub(crate) fn token(self, slot: Option<usize>) -> Style {
        let over = self.cluster(slot).remove_modifier(Modifier::DIM);
        if self.colourful() || slot.is_none() {
            over
        } else {
            over.add_modifier(Modifier::BOLD)
        }
    }

    /// A cluster's slot on the far side, and its past: the same hue, dark.
    #[must_use]
    pub(crate) fn behind(self, slot: Option<usize>) -> Style {
        match (self.depth, slot) {
            (Depth::Ansi256 | Depth::Truecolor, Some(slot)) => {
                let colours = self.colours();
                let rgb = mixed(colours.clusters[slot % 8].0, colours.far, 0.55);
                Style::new().fg(self.pick((rgb, Color::DarkGray)))
            }
            _ => self.dim(),
        }
    }

    /// The glyph of a cluster's slot.
    #[must_use]
    pub(crate) fn glyph(self, slot: Option<usize>, ascii: bool) -> &'static str {
        let (rich, plain) = slot.map_or(("○", "."), |slot| GLYPHS[slot % GLYPHS.len()]);
        if ascii { plain } else { rich }
    }

    /// The glyph of a cluster's slot for a single token.
    #[must_use]
    pub(crate) fn small(self, slot: Option<usize>, ascii: bool) -> &'static str {
        match slot {
            Some(slot) if !ascii => SMALL[slot % SMALL.len()],
            _ => self.glyph(slot, ascii),
        }
    }

    /// The glyph of a cluster's slot on the far side.
    #[must_use]
    pub(crate) fn hollow(self, slot: Option<usize>, ascii: bool) -> &'static str {
        let (rich, plain) = slot.map_or(("◌", "."), |slot| HOLLOW[slot % HOLLOW.len()]);
        if ascii { plain } else { rich }
    }

    /// How many levels a magnitude has.
    #[must_use]
    pub(crate) fn levels(self) -> usize {
        match self.depth {
            Depth::None => RAMP.len(),
            Depth::Ansi16 => FEW.len(),
            _ => LEVELS,
        }
    }

    /// The level of a share in [0, 1].
    #[must_use]
    pub(crate) fn level(self, share: f64) -> usize {
        let levels = self.levels();
        ((share.clamp(0.0, 1.0) * levels as f64) as usize).min(levels - 1)
    }

    /// The colour of a level.
    #[must_use]
    pub(crate) fn magnitude(self, level: usize) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Ansi16 => FEW[self.dark_end(level, FEW.len())],
            Depth::Ansi256 => Color::Indexed(self.indexed(level)),
            Depth::Truecolor => self.pick((self.inferno(level), Color::Reset)),
        }
    }

    /// What stays of a cell of two levels under a glyph: the brighter one, for that is where the mass is.
    #[must_use]
    pub(crate) fn brighter(self, cell: &Cell) -> Color {
        let level = |colour| self.level_of(colour).unwrap_or(0);
        if cell.symbol() == "▀" && level(cell.fg) > level(cell.bg) {
            cell.fg
        } else {
            cell.bg
        }
    }

    /// A share of the magnitude in 24 bits, between the levels too, and a little lighter under a line.
    #[must_use]
    pub(crate) fn fine(self, share: f64, line: bool) -> [u8; 3] {
        let place = (share * LEVELS as f64 - 0.5).clamp(0.0, (LEVELS - 1) as f64);
        let level = place as usize;
        let (below, above) = (
            self.inferno(level),
            self.inferno((level + 1).min(LEVELS - 1)),
        );
        let plain = mixed(below, above, place.fract());
        let (r, g, b) = if line {
            mixed(plain, self.line(), LINE)
        } else {
            plain
        };
        [r, g, b]
    }

    /// What lines over a magnitude are mixed with.
    fn line(self) -> Rgb {
        match self.ground {
            Ground::Light => (0, 0, 0),
            Ground::Dark | Ground::Contrast => (255, 255, 255),
        }
    }

    /// The level that has this colour.
    #[must_use]
    pub(crate) fn level_of(self, colour: Color) -> Option<usize> {
        (0..self.levels()).find(|level| self.magnitude(*level) == colour)
    }

    /// The colour of a level of magnitude, a little lighter where a line of the graticule runs over it.
    #[must_use]
    pub(crate) fn shade(self, level: usize, line: bool) -> Color {
        match self.depth {
            Depth::Truecolor if line => {
                self.pick((mixed(self.inferno(level), self.line(), LINE), Color::Reset))
            }
            // one grey on the ground; on the stronger levels no line is as legible as none
            Depth::Ansi256 if line && level < 4 && self.ground == Ground::Light => {
                Color::Indexed(254)
            }
            Depth::Ansi256 if line && level < 4 => Color::Indexed(self.indexed(level + 1)),
            _ => self.magnitude(level),
        }
    }

    /// What is drawn over a level: black over light ones, white over dark ones.
    #[must_use]
    pub(crate) fn over(self, level: usize) -> Style {
        let lightness = self.dark_end(level, self.levels());
        let bright = 4 * lightness >= 3 * self.levels();
        Style::new().fg(if bright { Color::Black } else { Color::White })
    }

    /// The style of a share of the magnitude for a line on the terminal's background: never the darkest end.
    #[must_use]
    pub(crate) fn magnitude_line(self, share: f64) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Ansi16 => Style::new().fg(if share < 0.5 {
                Color::LightRed
            } else {
                Color::Yellow
            }),
            _ => Style::new().fg(self.magnitude(self.level(share).max(FAINTEST_LINE))),
        }
    }

    /// The character of a level where there are no colours.
    #[must_use]
    pub(crate) fn ramp(self, level: usize) -> &'static str {
        RAMP[level.min(RAMP.len() - 1)]
    }

    /// Axes, captions, rules.
    #[must_use]
    pub(crate) fn dim(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            Depth::Ansi16 => Style::new().fg(self.colours().dim.1),
            _ => Style::new().fg(self.pick(self.colours().dim)),
        }
    }

    /// Fainter than [`Theme::dim`]: rings and hairlines.
    #[must_use]
    pub(crate) fn faint(self) -> Style {
        match self.depth {
            Depth::None | Depth::Ansi16 => self.dim(),
            _ => Style::new().fg(self.pick(self.colours().faint)),
        }
    }

    /// Titles.
    #[must_use]
    pub(crate) fn title(self) -> Style {
        Style::new().fg(Color::Reset).add_modifier(Modifier::BOLD)
    }

    /// A key in a hint.
    #[must_use]
    pub(crate) fn key(self) -> Style {
        Style::new()
            .fg(self.pick(self.colours().key))
            .add_modifier(Modifier::BOLD)
    }

    /// What is chosen.
    #[must_use]
    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A warning.
    #[must_use]
    pub(crate) fn warning(self) -> Style {
        Style::new()
            .fg(self.pick(self.colours().warning))
            .add_modifier(Modifier::BOLD)
    }

    /// A failure.
    #[must_use]
    pub(crate) fn failure(self) -> Style {
        Style::new()
            .fg(self.pick(self.colours().failure))
            .add_modifier(Modifier::BOLD)
    }
}

/// A colour with this share of another one.
fn mixed(from: Rgb, to: Rgb, share: f64) -> Rgb {
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
    (mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// The nearest of the indexed colours 16–255.
fn nearest((r, g, b): Rgb) -> u8 {
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let step = |v: i32| (0..6).min_by_key(|&i| (STEPS[i] - v).abs()).unwrap_or(0);
    let distance = |x: i32, y: i32, z: i32| (x - r).pow(2) + (y - g).pow(2) + (z - b).pow(2);
    let cube = [step(r), step(g), step(b)];
    let in_cube = distance(STEPS[cube[0]], STEPS[cube[1]], STEPS[cube[2]]);
    let grey = (((r + g + b) / 3 - 8 + 5) / 10).clamp(0, 23);
    let level = 8 + 10 * grey;
    if distance(level, level, level) < in_cube {
        232 + grey as u8
    } else {
        (16 + 36 * cube[0] + 6 * cube[1] + cube[2]) as u8
    }
}

#[cfg(test)]
mod tests;
