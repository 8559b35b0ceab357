//! What the terminal can show, and what its ground is: what was asked for, what the environment tells, and for the ground the terminal's own answer.

use terminal_colorsaurus::{Error, QueryOptions, ThemeMode, theme_mode};

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
    /// Its name, as `--color` has it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::Truecolor => "truecolor",
        }
    }

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

/// What `--theme` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ThemeChoice {
    /// The terminal is asked for its ground (OSC 11); dark where it does not answer.
    #[default]
    Auto,
    /// For a dark ground.
    Dark,
    /// For a light ground.
    Light,
    /// For a dark ground, with high contrast.
    Contrast,
}

/// What the colours stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
    /// Dark, with high contrast.
    Contrast,
}

/// How long a terminal may take to say what its ground is.
const ANSWER: std::time::Duration = std::time::Duration::from_millis(400);

impl Ground {
    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "high contrast",
        }
    }

    /// The one asked for, or the terminal's, which is asked unless it is known to have no answer; `None` where it has not answered yet.
    #[must_use]
    pub(crate) fn detect(choice: ThemeChoice, depth: Depth, term: &str) -> Option<Self> {
        Some(match choice {
            ThemeChoice::Dark => Self::Dark,
            ThemeChoice::Light => Self::Light,
            ThemeChoice::Contrast => Self::Contrast,
            ThemeChoice::Auto => {
                let silent = depth == Depth::None || ["linux", "dumb", ""].contains(&term);
                let mut options = QueryOptions::default();
                options.timeout = ANSWER;
                match (!silent).then(|| theme_mode(options)) {
                    Some(Ok(ThemeMode::Light)) => Self::Light,
                    Some(Err(Error::Timeout(_))) => return None,
                    _ => Self::Dark,
                }
            }
        })
    }

    /// The ground that a terminal says it has, in a string (OSC 11).
    #[must_use]
    pub(crate) fn said(said: &str) -> Option<Self> {
        let colour = xterm_color::Color::parse(said.strip_prefix("11;")?.as_bytes()).ok()?;
        Some(if colour.perceived_lightness() > 0.5 {
            Self::Light
        } else {
            Self::Dark
        })
    }

    /// The next one.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Contrast,
            Self::Contrast => Self::Dark,
        }
    }
}
