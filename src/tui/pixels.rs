//! Pictures in pixels, for terminals that have them (kitty, iTerm2, sixel): maps of a magnitude are drawn by cells as everywhere, and beside
//! that by pixels of the same function; where a picture goes out, its cells are blank but for the glyphs that stand over it.
//!
//! Not `ratatui-image`: it costs 36 crates and 83 s of processor time in a cold build (`png` and `base64`: 5 s), sends 32 bits a pixel and
//! looks for a palette; a magnitude has one by construction, and eight bits.

pub(crate) mod gallery;
pub(crate) mod protocol;
mod sixel;

use std::cell::RefCell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::theme::Theme;

/// Shades of a magnitude.
const SHADES: usize = 96;
/// Most pixels of a picture: with more of them in its cells, one stands for several.
const MOST: usize = 100_000;

/// What a pixel shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shade {
    /// The share of the magnitude's scale, in [0, 1].
    pub share: f64,
    /// Whether a line of a graticule runs over it.
    pub line: bool,
}

/// A picture over cells of the screen: pixels from the upper left, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its cells.
    pub area: Rect,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Pixels of the screen that one of these stands for, across and down.
    pub scale: usize,
    /// 0 is nothing, then the shades, then the shades under a line.
    pub indices: Vec<u8>,
    /// Red, green and blue of every index.
    pub palette: Vec<[u8; 3]>,
}

/// What the pictures of a screen are drawn on while it is drawn.
#[derive(Debug, Default)]
pub(crate) struct Easel {
    /// Width and height of a cell in pixels, where pictures are wanted.
    pub cell: Option<(u16, u16)>,
    /// Whether pictures lie under the text, and not in the place of it.
    pub under: bool,
    /// How many pixels a picture may have across and down, where the terminal takes no larger ones.
    pub most: Option<u16>,
    open: RefCell<Option<Vec<Picture>>>,
}

impl Easel {
    /// From now on pictures are kept, if they are wanted and nothing lies over the page.
    pub(crate) fn open(&self, wanted: bool) {
        *self.open.borrow_mut() = (wanted && self.cell.is_some()).then(Vec::new);
    }

    /// The pictures that were drawn. Their cells are left blank; glyphs stay, and lose the colour of the map under them.
    pub(crate) fn close(&self, theme: Theme, buffer: &mut Buffer) -> Vec<Picture> {
        let pictures = self.open.borrow_mut().take().unwrap_or_default();
        for cell in pictures.iter().flat_map(|picture| picture.area.positions()) {
            if let Some(cell) = buffer
                .cell_mut(cell)
                .filter(|cell| cell.modifier.is_empty())
            {
                if matches!(cell.symbol(), " " | "▀" | "▄") {
                    cell.reset();
                } else if self.under && theme.level_of(cell.bg).is_some() {
                    cell.bg = Color::Reset;
                }
            }
        }
        pictures
    }
}

/// Draws a map in pixels over these cells, where pictures are wanted: `shade` of a place in cells from the upper left, and of a pixel's
/// width and height there; nothing where the terminal's ground is seen. Where the terminal takes no pictures so large, it is several.
pub(crate) fn paint(
    easel: &Easel,
    theme: Theme,
    area: Rect,
    mut shade: impl FnMut((f64, f64), (f64, f64)) -> Option<Shade>,
) {
    let mut open = easel.open.borrow_mut();
    let (Some(pictures), Some((wide, high))) = (open.as_mut(), easel.cell) else {
        return;
    };
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let (across, down) = (columns * usize::from(wide), rows * usize::from(high));
    if across * down == 0 {
        return;
    }
    let scale = (1..)
        .find(|scale| across.div_ceil(*scale) * down.div_ceil(*scale) <= MOST)
        .unwrap_or(1);
    for part in parts(area, (wide, high), easel.most) {
        let from = (f64::from(part.x - area.x), f64::from(part.y - area.y));
        let pixels =
            |cells: u16, pixels: u16| (usize::from(cells) * usize::from(pixels)).div_ceil(scale);
        let (width, height) = (pixels(part.width, wide), pixels(part.height, high));
        let size = (
            f64::from(part.width) / width as f64,
            f64::from(part.height) / height as f64,
        );
        let mut indices = vec![0; width * height];
        // column by column: moments of a map of time are looked for once
        for column in 0..width {
            for row in 0..height {
                let place = (
                    from.0 + (column as f64 + 0.5) * size.0,
                    from.1 + (row as f64 + 0.5) * size.1,
                );
                indices[row * width + column] = shade(place, size).map_or(0, index);
            }
        }
        pictures.push(Picture {
            area: part,
            width,
            height,
            scale,
            indices,
            palette: palette(theme),
        });
    }
}

/// These cells, in parts of at most so many pixels across and down.
fn parts(area: Rect, (wide, high): (u16, u16), most: Option<u16>) -> Vec<Rect> {
    let cells = |pixels: u16| most.map_or(u16::MAX, |most| (most / pixels).max(1));
    let (columns, rows) = (cells(wide), cells(high));
    let starts = |from: u16, length: u16, step: u16| (from..from + length).step_by(step.into());
    starts(area.y, area.height, rows)
        .flat_map(|y| starts(area.x, area.width, columns).map(move |x| (x, y)))
        .map(|(x, y)| Rect::new(x, y, columns, rows).intersection(area))
        .collect()
}

/// The index of a shade.
fn index(shade: Shade) -> u8 {
    let level = ((shade.share.clamp(0.0, 1.0) * SHADES as f64) as usize).min(SHADES - 1);
    (1 + level + if shade.line { SHADES } else { 0 }) as u8
}

/// The colours of all indices: the ground, the shades, the shades under a line.
fn palette(theme: Theme) -> Vec<[u8; 3]> {
    let shades = |line: bool| {
        (0..SHADES).map(move |shade| theme.fine((shade as f64 + 0.5) / SHADES as f64, line))
    };
    std::iter::once([0; 3])
        .chain(shades(false))
        .chain(shades(true))
        .collect()
}

#[cfg(test)]
#[path = "pixels_tests.rs"]
mod tests;
