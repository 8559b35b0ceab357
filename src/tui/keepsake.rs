//! What is taken home of the screen itself: as text, with its colours as escapes (`cat` shows it), or as a vector picture; into the working
//! directory, under a name that was free. A run is kept by [`super::save`], a recording by [`super::recording`].

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::theme::{Ground, Theme, sixteen};

/// What of the screen is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keepsake {
    /// Text, and text with escapes.
    Text,
    /// A picture.
    Picture,
}

/// Width and height of a cell of the picture, in pixels.
const CELL: (u16, u16) = (9, 18);

/// The first "metastable-fig-4-1.txt" that is free, opened; nothing is ever replaced.
///
/// # Errors
/// The operating system's, with the file.
pub(crate) fn create(slug: &str, extension: &str) -> Result<(PathBuf, File), String> {
    let mut number = 1_u32;
    loop {
        let path = PathBuf::from(format!("metastable-{slug}-{number}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(format!("not written: {}: {error}", path.display())),
        }
    }
}

/// Writes the screen; says where.
///
/// # Errors
/// The operating system's, with the file.
pub(crate) fn keep(
    what: Keepsake,
    buffer: &Buffer,
    theme: Theme,
    slug: &str,
) -> Result<String, String> {
    let write = |extension: &str, content: String| -> Result<PathBuf, String> {
        let (path, mut file) = create(slug, extension)?;
        let written: io::Result<()> = file.write_all(content.as_bytes());
        written.map_err(|error| format!("not written: {}: {error}", path.display()))?;
        Ok(path)
    };
    Ok(match what {
        Keepsake::Text => {
            let (plain, coloured) = (write("txt", text(buffer))?, write("ansi", ansi(buffer))?);
            let (plain, coloured) = (plain.display(), coloured.display());
            format!(
                "the screen: {plain}, and in colours {coloured} · shown again by: cat {coloured}"
            )
        }
        Keepsake::Picture => {
            let path = write("svg", svg(buffer, theme))?;
            format!(
                "the screen as a picture: {} · s keeps the run itself",
                path.display()
            )
        }
    })
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

/// The characters, without blanks at the ends of the lines.
fn text(buffer: &Buffer) -> String {
    rows(buffer).fold(String::new(), |mut all, row| {
        let line: String = row.iter().map(Cell::symbol).collect();
        all.push_str(line.trim_end());
        all.push('\n');
        all
    })
}

/// The characters with their colours as escapes.
fn ansi(buffer: &Buffer) -> String {
    let mut all = String::new();
    for row in rows(buffer) {
        let mut last = None;
        for cell in row {
            let look = (cell.fg, cell.bg, cell.modifier);
            if last != Some(look) {
                all.push_str("\x1b[0");
                let flags = [
                    (Modifier::BOLD, "1"),
                    (Modifier::DIM, "2"),
                    (Modifier::ITALIC, "3"),
                    (Modifier::UNDERLINED, "4"),
                    (Modifier::REVERSED, "7"),
                ];
                for (_, code) in flags
                    .iter()
                    .filter(|(flag, _)| cell.modifier.contains(*flag))
                {
                    let _ = write!(all, ";{code}");
                }
                code(&mut all, cell.fg, 30);
                code(&mut all, cell.bg, 40);
                all.push('m');
                last = Some(look);
            }
            all.push_str(cell.symbol());
        }
        all.push_str("\x1b[0m\n");
    }
    all
}

/// The escape's numbers for a colour; `base` is 30 for the text and 40 for what it stands on.
fn code(all: &mut String, colour: Color, base: u8) {
    let _ = match colour {
        Color::Reset => Ok(()),
        Color::Rgb(r, g, b) => write!(all, ";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => write!(all, ";{};5;{index}", base + 8),
        named => match sixteen(named) {
            index @ 0..8 => write!(all, ";{}", base + index),
            index => write!(all, ";{}", base + 52 + index),
        },
    };
}

/// Red, green and blue of a colour as terminals have it; none for the terminal's own.
fn rgb(colour: Color) -> Option<(u8, u8, u8)> {
    const SIXTEEN: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 49, 49),
        (13, 188, 121),
        (229, 229, 16),
        (36, 114, 200),
        (188, 63, 188),
        (17, 168, 205),
        (229, 229, 229),
        (102, 102, 102),
        (241, 76, 76),
        (35, 209, 139),
        (245, 245, 67),
        (59, 142, 234),
        (214, 112, 214),
        (41, 184, 219),
        (255, 255, 255),
    ];
    let index = match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some((r, g, b)),
        Color::Indexed(index) => index,
        named => sixteen(named),
    };
    Some(match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => {
            let step = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
            let cube = index - 16;
            (step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        grey => {
            let level = 8 + 10 * (grey - 232);
            (level, level, level)
        }
    })
}

/// The picture: every cell in its place, dots and half blocks drawn and not left to a font.
fn svg(buffer: &Buffer, theme: Theme) -> String {
    let (ground, ink) = match theme.ground {
        Ground::Light => ((255, 255, 255), (32, 32, 36)),
        Ground::Contrast => ((0, 0, 0), (255, 255, 255)),
        Ground::Dark => ((16, 16, 20), (220, 220, 220)),
    };
    let (wide, high) = (buffer.area.width * CELL.0, buffer.area.height * CELL.1);
    let mut all = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n<rect width=\"{wide}\" height=\"{high}\" \
         fill=\"{}\"/>\n",
        hex(ground)
    );
    for (y, row) in (0..).zip(rows(buffer)) {
        for (x, cell) in (0..).zip(row) {
            let (mut fg, mut bg) = (rgb(cell.fg).unwrap_or(ink), rgb(cell.bg).unwrap_or(ground));
            if cell.modifier.contains(Modifier::REVERSED) {
                std::mem::swap(&mut fg, &mut bg);
            }
            if cell.modifier.contains(Modifier::DIM) {
                fg = mixed(fg, bg);
            }
            let corner = (x * CELL.0, y * CELL.1);
            if bg != ground {
                rectangle(&mut all, corner, CELL.1, bg);
            }
            symbol(&mut all, cell, corner, fg);
        }
    }
    all.push_str("</svg>\n");
    all
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn mixed(a: (u8, u8, u8), b: (u8, u8, u8)) -> (u8, u8, u8) {
    let mix = |a: u8, b: u8| ((2 * u16::from(a) + u16::from(b)) / 3) as u8;
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn rectangle(all: &mut String, (x, y): (u16, u16), height: u16, colour: (u8, u8, u8)) {
    let (width, colour) = (CELL.0, hex(colour));
    let _ = writeln!(
        all,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\" shape-rendering=\"crispEdges\"/>"
    );
}

fn symbol(all: &mut String, cell: &Cell, (x, y): (u16, u16), colour: (u8, u8, u8)) {
    let half = CELL.1 / 2;
    let character = cell.symbol().chars().next().unwrap_or(' ');
    match character {
        ' ' => {}
        '▀' => rectangle(all, (x, y), half, colour),
        '▄' => rectangle(all, (x, y + half), half, colour),
        '█' => rectangle(all, (x, y), CELL.1, colour),
        '\u{2800}'..='\u{28ff}' => {
            let places = [
                (0, 0),
                (0, 1),
                (0, 2),
                (1, 0),
                (1, 1),
                (1, 2),
                (0, 3),
                (1, 3),
            ];
            let bits = character as u32 - 0x2800;
            for (bit, (i, j)) in places
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| bits >> bit & 1 == 1)
            {
                debug_assert!(bit < 8);
                let cx = f64::from(x) + f64::from(CELL.0) * (0.25 + 0.5 * f64::from(i));
                let cy = f64::from(y) + f64::from(CELL.1) * (0.125 + 0.25 * f64::from(j));
                let _ = writeln!(
                    all,
                    "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"1.2\" fill=\"{}\"/>",
                    hex(colour)
                );
            }
        }
        _ => {
            let escaped = match cell.symbol() {
                "<" => "&lt;",
                ">" => "&gt;",
                "&" => "&amp;",
                other => other,
            };
            let weight = if cell.modifier.contains(Modifier::BOLD) {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let (base, colour) = (y + 14, hex(colour));
            let _ = writeln!(
                all,
                "<text x=\"{x}\" y=\"{base}\" fill=\"{colour}\"{weight}>{escaped}</text>"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Depth;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn screen() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(
            0,
            1,
            "▀⠃",
            Style::new().fg(Color::Indexed(196)).bg(Color::Blue),
        );
        buffer
    }

    #[test]
    fn a_screen_is_text_and_text_with_its_colours() {
        assert_eq!(text(&screen()), "a<b\n▀⠃\n");
        let coloured = ansi(&screen());
        assert!(
            coloured.contains("\x1b[0;38;2;1;2;3ma<b\x1b[0m   "),
            "{coloured:?}"
        );
        assert!(coloured.contains("\x1b[0;38;5;196;44m▀⠃"), "{coloured:?}");
    }

    #[test]
    fn a_picture_of_a_screen_has_its_cells_in_their_places() {
        let picture = svg(&screen(), Theme::of(Depth::Truecolor));
        for wanted in [
            "width=\"54\" height=\"36\"",
            "<text x=\"9\" y=\"14\" fill=\"#010203\">&lt;</text>",
            "<rect x=\"0\" y=\"18\" width=\"9\" height=\"9\" fill=\"#ff0000\"",
            "<rect x=\"0\" y=\"18\" width=\"9\" height=\"18\" fill=\"#2472c8\"",
        ] {
            assert!(picture.contains(wanted), "{wanted}: {picture}");
        }
        assert_eq!(picture.matches("<circle").count(), 2);
    }

    #[test]
    fn colours_of_the_cube_and_of_the_greys_are_those_of_terminals() {
        assert_eq!(rgb(Color::Indexed(16)), Some((0, 0, 0)));
        assert_eq!(rgb(Color::Indexed(231)), Some((255, 255, 255)));
        assert_eq!(rgb(Color::Indexed(110)), Some((135, 175, 215)));
        assert_eq!(rgb(Color::Indexed(244)), Some((128, 128, 128)));
        assert_eq!(rgb(Color::Reset), None);
    }
}
