//! What is sent to the terminal for a frame: as few bytes as say it. The pen keeps its colours from frame to frame; a colour that a cell does
//! not show is not set; a half block may stand on its head; cells go row by row or colour by colour, whichever is shorter. Over SSH the
//! bytes of a frame are its price. Where the link allows less than a picture, its cells wait and go in parts: the rows of words first, which
//! answer keys, then the rest in rounds of rows. Everything else is crossterm's.
//!
//! Places are absolute: a terminal that takes a glyph to be two columns wide is right again at the next one.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use super::link::Link;
use super::theme::sixteen;

/// Rows at the upper and at the lower end of the screen where the program says what it does.
const WORDS: (u16, u16) = (1, 4);
/// The row above the lowest one, which says whether the run goes on.
const STATUS: u16 = 1;

/// Modifiers, and the parameters that set and unset them.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What a blank cell shows of its foreground.
const SEEN_ON_BLANKS: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// How the terminal draws the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };
}

/// Where the next character goes, if that is known, and how it is drawn.
#[derive(Debug, Clone, Copy)]
struct State {
    pen: Pen,
    at: Option<(u16, u16)>,
}

/// The terminal.
#[derive(Debug)]
pub struct Wire<W: Write> {
    inner: CrosstermBackend<W>,
    state: State,
    hidden: bool,
    link: Link,
    /// Cells that the terminal does not show yet, by row and column.
    waiting: BTreeMap<(u16, u16), Cell>,
    /// Where the next part begins.
    next: (u16, u16),
    /// The lowest row that was drawn.
    bottom: u16,
    cells: Vec<(u16, u16, Cell)>,
    rows: Vec<u8>,
    colours: Vec<u8>,
    parameters: Vec<u8>,
}

impl<W: Write> Wire<W> {
    /// Over a writer; nothing is known of the terminal before the first clear.
    #[must_use]
    pub fn new(writer: W) -> Self {
        Self::over(writer, Link::default())
    }

    /// Over a writer, in parts as this link allows.
    #[must_use]
    pub(crate) fn over(writer: W, link: Link) -> Self {
        Self {
            inner: CrosstermBackend::new(writer),
            state: State {
                pen: Pen::PLAIN,
                at: None,
            },
            hidden: false,
            link,
            waiting: BTreeMap::new(),
            next: (0, 0),
            bottom: 0,
            cells: Vec::new(),
            rows: Vec::new(),
            colours: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// A terminal in the state in which it is entered.
    fn plain(&mut self) -> io::Result<()> {
        self.state = State {
            pen: Pen::PLAIN,
            at: None,
        };
        self.hidden = false;
        self.waiting.clear();
        self.bottom = 0;
        self.link.keep_waiting(0);
        self.inner.write_all(b"\x1b[0m")
    }

    /// Sends the new cells, row by row or colour by colour, if they take no more than these bytes. Returns the bytes that were sent.
    fn send_whole(&mut self, most: usize) -> io::Result<Option<usize>> {
        let scratch = &mut self.parameters;
        let by_rows = encode(&mut self.rows, scratch, &self.cells, self.state);
        // a stable sort: rows stay in order within a colour
        self.cells.sort_by_key(|(_, _, cell)| key(cell));
        let by_colours = encode(&mut self.colours, scratch, &self.cells, self.state);
        let (bytes, state) = if self.colours.len() < self.rows.len() {
            (&self.colours, by_colours)
        } else {
            (&self.rows, by_rows)
        };
        if bytes.len() > most {
            return Ok(None);
        }
        self.inner.write_all(bytes)?;
        self.state = state;
        Ok(Some(bytes.len()))
    }

    /// Sends of the cells that wait what about so many bytes say: rows of words, that of the status first, then from where the last part ended.
    fn send_part(&mut self, most: usize) -> io::Result<()> {
        self.rows.clear();
        let (first, last) = (
            WORDS.0,
            (self.bottom + 1).saturating_sub(WORDS.1).max(WORDS.0),
        );
        let status = (self.bottom.saturating_sub(STATUS)).max(last);
        let words = (self.waiting.range((status, 0)..(status + 1, 0)))
            .chain(self.waiting.range(..(first, 0)))
            .chain(self.waiting.range((status + 1, 0)..))
            .chain(self.waiting.range((last, 0)..(status, 0)));
        let next = self.next.clamp((first, 0), (last, 0));
        let later = self.waiting.range(next..(last, 0));
        let rest = self.waiting.range((first, 0)..next);
        let mut sent = Vec::new();
        for ((y, x), cell) in words.chain(later).chain(rest) {
            if self.rows.len() >= most {
                break;
            }
            self.state = append(
                &mut self.rows,
                &mut self.parameters,
                (*x, *y, cell),
                self.state,
            );
            sent.push((*y, *x));
        }
        if let Some((y, x)) = sent.last() {
            self.next = (*y, x + 1);
        }
        for place in sent {
            self.waiting.remove(&place);
        }
        self.inner.write_all(&self.rows)
    }
}

/// Appends a number in digits.
fn number(out: &mut Vec<u8>, value: u16) {
    // a vector takes everything
    let _taken = write!(out, "{value}");
}

/// Appends a colour's parameters after `;` where others stand before; `base` is 30 or 40.
fn colour(out: &mut Vec<u8>, colour: Color, base: u16) {
    let index = match colour {
        Color::Reset => return number(out, base + 9),
        Color::Rgb(r, g, b) => {
            number(out, base + 8);
            out.extend_from_slice(b";2");
            for part in [r, g, b] {
                out.push(b';');
                number(out, part.into());
            }
            return;
        }
        Color::Indexed(index) => index,
        named => sixteen(named),
    };
    number(out, base + 8);
    out.extend_from_slice(b";5;");
    number(out, index.into());
}

/// The parameters that lead from one pen to another.
fn parameters(out: &mut Vec<u8>, from: Pen, to: Pen) {
    out.clear();
    let next = |out: &mut Vec<u8>| {
        if !out.is_empty() {
            out.push(b';');
        }
    };
    let mut kept = from.modifier;
    for (modifier, _, off) in MODIFIERS {
        if kept.contains(modifier) && !to.modifier.contains(modifier) {
            next(out);
            number(out, off.into());
            // bold and dim, and both blinks, go together
            let gone = MODIFIERS.iter().filter(|row| row.2 == off);
            gone.for_each(|row| kept.remove(row.0));
        }
    }
    for (modifier, on, _) in MODIFIERS {
        if to.modifier.contains(modifier) && !kept.contains(modifier) {
            next(out);
            number(out, on.into());
        }
    }
    if from.fg != to.fg {
        next(out);
        colour(out, to.fg, 30);
    }
    if from.bg != to.bg {
        next(out);
        colour(out, to.bg, 40);
    }
}

/// The ways in which a cell can be drawn: as it says, and perhaps a half block on its head with its colours exchanged.
fn ways(cell: &Cell, now: Pen) -> ((Pen, &str), Option<(Pen, &str)>) {
    let mut pen = Pen {
        fg: cell.fg,
        bg: cell.bg,
        modifier: cell.modifier,
    };
    let symbol = cell.symbol();
    if symbol == " " && !pen.modifier.intersects(SEEN_ON_BLANKS) {
        pen.fg = now.fg;
        pen.modifier = now.modifier - SEEN_ON_BLANKS;
    }
    let other = match symbol {
        "▀" => "▄",
        "▄" => "▀",
        _ => return ((pen, symbol), None),
    };
    // the terminal's own ground and ink are not each other's
    let exchangeable = pen.modifier.is_empty() && pen.fg != Color::Reset && pen.bg != Color::Reset;
    let turned = Pen {
        fg: pen.bg,
        bg: pen.fg,
        ..pen
    };
    ((pen, symbol), exchangeable.then_some((turned, other)))
}

/// Appends what draws these cells.
fn encode(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    cells: &[(u16, u16, Cell)],
    mut state: State,
) -> State {
    out.clear();
    for (x, y, cell) in cells {
        state = append(out, scratch, (*x, *y, cell), state);
    }
    state
}

/// Appends what draws a cell.
fn append(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    (x, y, cell): (u16, u16, &Cell),
    state: State,
) -> State {
    move_to(out, state.at, (x, y));
    let (mut way, other) = ways(cell, state.pen);
    if let Some(other) = other {
        parameters(scratch, state.pen, way.0);
        let length = scratch.len();
        parameters(scratch, state.pen, other.0);
        if scratch.len() < length {
            way = other;
        }
    }
    let (pen, symbol) = way;
    if pen != state.pen {
        parameters(scratch, state.pen, pen);
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(scratch);
        out.push(b'm');
    }
    out.extend_from_slice(symbol.as_bytes());
    State {
        pen,
        at: Some((x + 1, y)),
    }
}

fn move_to(out: &mut Vec<u8>, from: Option<(u16, u16)>, to: (u16, u16)) {
    if from == Some(to) {
        return;
    }
    out.extend_from_slice(b"\x1b[");
    if from.is_some_and(|from| from.1 == to.1) {
        number(out, to.0 + 1);
        out.push(b'G');
    } else {
        number(out, to.1 + 1);
        if to.0 > 0 {
            out.push(b';');
            number(out, to.0 + 1);
        }
        out.push(b'H');
    }
}

/// An order of colours, so that cells alike stand together.
fn key(cell: &Cell) -> (u16, u32, u32) {
    let colour = |colour: Color| match colour {
        Color::Reset => 0,
        Color::Indexed(index) => 1 + u32::from(index),
        Color::Rgb(r, g, b) => 1000 + u32::from_be_bytes([0, r, g, b]),
        named => 300 + u32::from(sixteen(named)),
    };
    (cell.modifier.bits(), colour(cell.bg), colour(cell.fg))
}

impl<W: Write> Backend for Wire<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.cells.clear();
        (self.cells).extend(content.map(|(x, y, cell)| (x, y, cell.clone())));
        for (x, y, _) in &self.cells {
            self.waiting.remove(&(*y, *x));
            self.bottom = self.bottom.max(*y);
        }
        let most = self.link.allowed();
        let left = if let Some(bytes) = self.send_whole(most)? {
            most - bytes
        } else {
            let cells = self.cells.drain(..);
            (self.waiting).extend(cells.map(|(x, y, cell)| ((y, x), cell)));
            most
        };
        if !self.waiting.is_empty() && left > 0 {
            self.send_part(left)?;
        }
        self.link.keep_waiting(self.waiting.len());
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.hidden {
            return Ok(());
        }
        self.hidden = true;
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.hidden = false;
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.state.at = None;
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.plain()?;
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.plain()?;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
