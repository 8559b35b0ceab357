//! The colours of the dashboard on every ground: as 24 bits, and as one of the terminal's own sixteen.

use ratatui::style::Color;

/// Red, green, blue.
pub(super) type Rgb = (u8, u8, u8);
/// A colour in 24 bits and among the sixteen.
pub(super) type Both = (Rgb, Color);

/// The number of one of the sixteen named colours.
#[must_use]
pub(crate) fn sixteen(colour: Color) -> u8 {
    match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => 7,
    }
}

/// Levels of a magnitude picture.
pub(crate) const LEVELS: usize = 16;

/// What is drawn in which colour.
#[derive(Debug)]
pub(super) struct Colours {
    /// The tokens' side: orange (Okabe–Ito on a dark ground).
    pub tokens: Both,
    /// The density's side: blue.
    pub field: Both,
    /// Lines that theory predicts.
    pub theory: Both,
    /// Two quantities that belong to neither side: distances between them.
    pub quantities: [Both; 2],
    /// Eight directions of clusters, neighbours far apart in hue, none of them the hue of a side.
    pub clusters: [Both; 8],
    /// What the far side of the globe and the past are mixed with.
    pub far: Rgb,
    /// Axes, captions, rules.
    pub dim: Both,
    /// Rings and hairlines.
    pub faint: Both,
    /// A key in a hint.
    pub key: Both,
    /// A warning.
    pub warning: Both,
    /// A failure.
    pub failure: Both,
}

/// On a dark ground.
pub(super) static DARK: Colours = Colours {
    tokens: ((230, 159, 0), Color::Yellow),
    field: ((86, 180, 233), Color::LightCyan),
    theory: ((150, 190, 120), Color::Green),
    quantities: [
        ((215, 215, 220), Color::White),
        ((190, 140, 220), Color::LightMagenta),
    ],
    clusters: [
        ((175, 110, 250), Color::Magenta),
        ((40, 180, 130), Color::LightGreen),
        ((240, 220, 90), Color::LightYellow),
        ((204, 121, 167), Color::LightMagenta),
        ((225, 225, 225), Color::White),
        ((120, 140, 255), Color::LightBlue),
        ((170, 200, 80), Color::Cyan),
        ((220, 90, 110), Color::LightRed),
    ],
    far: (48, 48, 54),
    dim: ((128, 128, 134), Color::DarkGray),
    faint: ((98, 98, 104), Color::DarkGray),
    key: ((140, 190, 240), Color::LightCyan),
    warning: ((240, 190, 70), Color::LightYellow),
    failure: ((255, 95, 85), Color::LightRed),
};

/// On a light ground: the same hues, dark.
pub(super) static LIGHT: Colours = Colours {
    tokens: ((176, 92, 0), Color::Red),
    field: ((0, 104, 170), Color::Blue),
    theory: ((60, 120, 40), Color::Green),
    quantities: [
        ((40, 40, 46), Color::Black),
        ((150, 60, 170), Color::Magenta),
    ],
    clusters: [
        ((110, 40, 200), Color::Magenta),
        ((0, 125, 85), Color::Green),
        ((105, 112, 0), Color::Cyan),
        ((185, 40, 125), Color::LightMagenta),
        ((105, 105, 105), Color::DarkGray),
        ((70, 80, 225), Color::LightBlue),
        ((110, 60, 30), Color::Black),
        ((195, 30, 70), Color::LightRed),
    ],
    far: (216, 216, 222),
    dim: ((98, 98, 104), Color::DarkGray),
    faint: ((140, 140, 146), Color::Gray),
    key: ((20, 90, 175), Color::Blue),
    warning: ((140, 84, 0), Color::Red),
    failure: ((190, 20, 20), Color::LightRed),
};

/// On a dark ground with high contrast: nothing is grey.
pub(super) static CONTRAST: Colours = Colours {
    tokens: ((255, 190, 40), Color::LightYellow),
    field: ((110, 215, 255), Color::LightCyan),
    theory: ((175, 225, 140), Color::LightGreen),
    quantities: [
        ((255, 255, 255), Color::White),
        ((220, 175, 250), Color::LightMagenta),
    ],
    clusters: [
        ((200, 150, 255), Color::LightMagenta),
        ((70, 225, 165), Color::LightGreen),
        ((255, 245, 130), Color::LightYellow),
        ((245, 150, 200), Color::LightMagenta),
        ((255, 255, 255), Color::White),
        ((150, 150, 255), Color::LightBlue),
        ((195, 230, 95), Color::LightCyan),
        ((255, 125, 140), Color::LightRed),
    ],
    far: (110, 110, 118),
    dim: ((205, 205, 210), Color::Gray),
    faint: ((160, 160, 168), Color::Gray),
    key: ((165, 215, 255), Color::LightCyan),
    warning: ((255, 210, 90), Color::LightYellow),
    failure: ((255, 140, 130), Color::LightRed),
};

/// Inferno at 16 equal steps: lightness grows evenly, and the dark end is the dark ground of a terminal.
pub(super) const INFERNO: [Rgb; LEVELS] = [
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
pub(super) const INDEXED: [u8; LEVELS] = [
    16, 233, 17, 53, 54, 89, 90, 125, 160, 167, 202, 208, 214, 185, 221, 229,
];
/// Magnitude in the 16 colours.
pub(super) const FEW: [Color; 6] = [
    Color::Black,
    Color::Blue,
    Color::Red,
    Color::LightRed,
    Color::Yellow,
    Color::LightYellow,
];
