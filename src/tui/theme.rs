//! Colours: what the terminal can show (truecolour → 256 → 16 → none), and the few palettes of the dashboard.
//!
//! Nothing is told by colour alone: clusters have glyphs, the two sides have line patterns, magnitudes have a height or
//! a ramp of characters. Magnitudes are quantised, so that a moving picture stays small on a slow link.

use ratatui::style::{Color, Modifier, Style};

/// What `--color` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// Found from NO_COLOR, COLORTERM and TERM.
    #[default]
    Auto,
    /// 24-bit colours.
    Truecolor,
    /// The 256 indexed colours.
    #[value(name = "256")]
    Ansi256,
    /// The 16 colours of the terminal's own theme.
    #[value(name = "16")]
    Ansi16,
    /// No colour: glyphs, line patterns, bold and dim.
    None,
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None.
    None,
    /// 16.
    Ansi16,
    /// 256.
    Ansi256,
    /// 24 bits.
    Truecolor,
}

impl Depth {
    /// The depth asked for, or the one that the environment tells; never by asking the terminal.
    #[must_use]
    pub(crate) fn detect(choice: ColorChoice, variable: impl Fn(&str) -> Option<String>) -> Self {
        match choice {
            ColorChoice::Truecolor => return Self::Truecolor,
            ColorChoice::Ansi256 => return Self::Ansi256,
            ColorChoice::Ansi16 => return Self::Ansi16,
            ColorChoice::None => return Self::None,
            ColorChoice::Auto => {}
        }
        let value = |name| variable(name).unwrap_or_default();
        let term = value("TERM");
        if !value("NO_COLOR").is_empty() || term == "dumb" {
            return Self::None;
        }
        if matches!(value("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("direct")
        {
            return Self::Truecolor;
        }
        let rich = [
            "256color",
            "kitty",
            "alacritty",
            "foot",
            "ghostty",
            "wezterm",
        ];
        if rich.iter().any(|name| term.contains(name)) {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }
}

type Rgb = (u8, u8, u8);

/// The tokens' side: Okabe–Ito orange.
const TOKENS: (Rgb, Color) = ((230, 159, 0), Color::Yellow);
/// The density's side: Okabe–Ito sky blue.
const FIELD: (Rgb, Color) = ((86, 180, 233), Color::LightCyan);
/// Lines that theory predicts.
const THEORY: (Rgb, Color) = ((150, 190, 120), Color::Green);
/// Two quantities that belong to neither side: distances between them.
const QUANTITIES: [(Rgb, Color); 2] = [
    ((215, 215, 220), Color::White),
    ((190, 140, 220), Color::LightMagenta),
];
/// Eight directions of clusters, neighbours far apart in hue, none of them the hue of a side.
const CLUSTERS: [(Rgb, Color); 8] = [
    ((175, 110, 250), Color::Magenta),
    ((40, 180, 130), Color::LightGreen),
    ((240, 220, 90), Color::LightYellow),
    ((204, 121, 167), Color::LightMagenta),
    ((225, 225, 225), Color::White),
    ((120, 140, 255), Color::LightBlue),
    ((170, 200, 80), Color::Cyan),
    ((220, 90, 110), Color::LightRed),
];
/// Inferno at 16 equal steps: lightness grows evenly, and the dark end is the dark ground of a terminal.
const INFERNO: [Rgb; LEVELS] = [
    (0, 0, 4),
    (12, 8, 38),
    (36, 12, 79),
    (66, 10, 104),
    (93, 18, 110),
    (120, 28, 109),
    (147, 38, 103),
    (174, 48, 92),
    (199, 62, 76),
    (221, 81, 58),
    (237, 105, 37),
    (248, 133, 15),
    (252, 165, 10),
    (250, 198, 45),
    (242, 230, 97),
    (252, 255, 164),
];
/// Its nearest likeness in the 256 colours whose lightness still grows from level to level (least squares in OKLab).
const INDEXED: [u8; LEVELS] = [
    16, 233, 17, 53, 54, 89, 90, 125, 160, 167, 202, 208, 214, 185, 221, 229,
];
/// Magnitude in the 16 colours.
const FEW: [Color; 6] = [
    Color::Black,
    Color::Blue,
    Color::Red,
    Color::LightRed,
    Color::Yellow,
    Color::LightYellow,
];
/// Magnitude without colours.
const RAMP: [&str; 10] = [" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"];

/// The least level of a line on the terminal's ground: those below have less than three times its luminance.
const FAINTEST_LINE: usize = 8;

/// Levels of a magnitude picture.
pub(crate) const LEVELS: usize = 16;

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
}

// a theme is asked for every look, also for those that are the same in all of them
#[allow(clippy::unused_self)]
impl Theme {
    fn pick(self, (rgb, few): (Rgb, Color)) -> Color {
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
        Style::new().fg(self.pick(TOKENS))
    }

    /// The density's side.
    #[must_use]
    pub(crate) fn field(self) -> Style {
        Style::new().fg(self.pick(FIELD))
    }

    /// The first or second of two quantities that belong to neither side.
    #[must_use]
    pub(crate) fn quantity(self, index: usize) -> Style {
        Style::new().fg(self.pick(QUANTITIES[index % QUANTITIES.len()]))
    }

    /// What theory predicts.
    #[must_use]
    pub(crate) fn theory(self) -> Style {
        Style::new().fg(self.pick(THEORY))
    }

    /// A cluster's slot.
    #[must_use]
    pub(crate) fn cluster(self, slot: Option<usize>) -> Style {
        slot.map_or_else(
            || self.dim(),
            |slot| Style::new().fg(self.pick(CLUSTERS[slot % CLUSTERS.len()])),
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
                let rgb = mixed(CLUSTERS[slot % CLUSTERS.len()].0, (48, 48, 54), 0.55);
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
            Depth::Ansi16 => FEW[level.min(FEW.len() - 1)],
            Depth::Ansi256 => Color::Indexed(INDEXED[level.min(LEVELS - 1)]),
            Depth::Truecolor => self.pick((INFERNO[level.min(LEVELS - 1)], Color::Reset)),
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
                let rgb = INFERNO[level.min(LEVELS - 1)];
                self.pick((mixed(rgb, (255, 255, 255), 0.13), Color::Reset))
            }
            // one grey on the dark ground; on the brighter levels no line is as legible as none
            Depth::Ansi256 if line && level < 4 => Color::Indexed(INDEXED[level + 1]),
            _ => self.magnitude(level),
        }
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
            Depth::Ansi16 => Style::new().fg(Color::DarkGray),
            _ => Style::new().fg(self.pick(((128, 128, 134), Color::DarkGray))),
        }
    }

    /// Fainter than [`Theme::dim`]: rings and hairlines.
    #[must_use]
    pub(crate) fn faint(self) -> Style {
        match self.depth {
            Depth::None | Depth::Ansi16 => self.dim(),
            _ => Style::new().fg(self.pick(((98, 98, 104), Color::DarkGray))),
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
            .fg(self.pick(((140, 190, 240), Color::LightCyan)))
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
            .fg(self.pick(((240, 190, 70), Color::LightYellow)))
            .add_modifier(Modifier::BOLD)
    }

    /// A failure.
    #[must_use]
    pub(crate) fn failure(self) -> Style {
        Style::new()
            .fg(self.pick(((255, 95, 85), Color::LightRed)))
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
