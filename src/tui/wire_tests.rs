//! What goes over the wire is what was drawn, by a terminal of its own, whatever it was before.

use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What was sent.
#[derive(Debug, Clone, Default)]
struct Sent(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Sent {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }

    fn text(&self) -> String {
        String::from_utf8(self.take()).unwrap()
    }
}

impl Write for Sent {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const SIZE: (u16, u16) = (30, 8);

fn shown(colour: Color) -> vt100::Color {
    let mut parameters = Vec::new();
    self::colour(&mut parameters, colour, 30);
    match colour {
        Color::Reset => vt100::Color::Default,
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Indexed(index) => vt100::Color::Idx(index),
        _ => {
            let text = String::from_utf8(parameters).unwrap();
            vt100::Color::Idx(text.rsplit(';').next().unwrap().parse().unwrap())
        }
    }
}

/// What is seen of a cell: the upper and the lower colour of a half block, nothing of the ink of a blank.
fn seen(
    symbol: &str,
    (fg, bg): (vt100::Color, vt100::Color),
    modifier: Modifier,
) -> (String, vt100::Color, vt100::Color, Modifier) {
    match symbol {
        "▀" if modifier.is_empty() => ("half".into(), fg, bg, modifier),
        "▄" if modifier.is_empty() => ("half".into(), bg, fg, modifier),
        "" | " " if !modifier.intersects(SEEN_ON_BLANKS) => (" ".into(), bg, bg, Modifier::empty()),
        other => (other.to_owned(), fg, bg, modifier),
    }
}

fn compare(buffer: &Buffer, parser: &vt100::Parser, what: &str) {
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            compare_cell((x, y), buffer, parser, what);
        }
    }
}

fn compare_cell((x, y): (u16, u16), buffer: &Buffer, parser: &vt100::Parser, what: &str) {
    let (own, other) = (&buffer[(x, y)], parser.screen().cell(y, x).unwrap());
    let mut modifier = Modifier::empty();
    for (is, m) in [
        (other.bold(), Modifier::BOLD),
        (other.dim(), Modifier::DIM),
        (other.italic(), Modifier::ITALIC),
        (other.underline(), Modifier::UNDERLINED),
        (other.inverse(), Modifier::REVERSED),
    ] {
        modifier.set(m, is);
    }
    let wanted = seen(own.symbol(), (shown(own.fg), shown(own.bg)), own.modifier);
    let found = seen(
        other.contents(),
        (other.fgcolor(), other.bgcolor()),
        modifier,
    );
    // a half block of the terminal's own colours cannot be told from its reverse by colours alone
    assert_eq!(wanted, found, "{what}, column {x}, row {y}");
}

fn random_cell(rng: &mut ChaCha8Rng) -> (&'static str, Style) {
    let symbols = [" ", "▀", "▄", "a", "●", "⣿", "─", "7"];
    let colours = [
        Color::Reset,
        Color::Indexed(208),
        Color::Indexed(17),
        Color::Rgb(1, 22, 133),
        Color::LightRed,
        Color::White,
    ];
    let modifiers = [
        Modifier::empty(),
        Modifier::empty(),
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM,
        Modifier::BOLD | Modifier::REVERSED,
        Modifier::UNDERLINED | Modifier::DIM,
        Modifier::ITALIC,
    ];
    let style = Style::reset()
        .fg(colours[rng.random_range(0..colours.len())])
        .bg(colours[rng.random_range(0..colours.len())])
        .add_modifier(modifiers[rng.random_range(0..modifiers.len())]);
    (symbols[rng.random_range(0..symbols.len())], style)
}

#[test]
fn random_frames_arrive_as_they_were_drawn() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let sent = Sent::default();
    let (mut wire, mut last) = (Wire::new(sent.clone()), Buffer::empty(area));
    let size = |size: u16| std::num::NonZero::new(size).unwrap();
    let mut parser = vt100::Parser::new(size(SIZE.1), size(SIZE.0), 0);
    for frame in 0..400 {
        let mut next = last.clone();
        if frame % 50 == 49 {
            wire.clear().unwrap();
            last = Buffer::empty(area);
        }
        for _ in 0..rng.random_range(0..60) {
            let at = (rng.random_range(0..SIZE.0), rng.random_range(0..SIZE.1));
            let (symbol, style) = random_cell(&mut rng);
            next[at].set_symbol(symbol).set_style(style);
        }
        wire.draw(last.diff(&next).into_iter()).unwrap();
        parser.process(&sent.take());
        compare(&next, &parser, &format!("frame {frame}"));
        last = next;
    }
}

/// Rows in parts of random size: nothing is lost, what was overtaken is not sent, and the row of the status comes first.
#[test]
fn frames_in_parts_arrive_as_the_last_of_them_was_drawn() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let (sent, link) = (Sent::default(), Link::default());
    let (mut wire, mut last) = (Wire::over(sent.clone(), link.clone()), Buffer::empty(area));
    let size = |size: u16| std::num::NonZero::new(size).unwrap();
    let mut parser = vt100::Parser::new(size(SIZE.1), size(SIZE.0), 0);
    let mut in_parts = 0;
    for frame in 0..400 {
        let mut next = last.clone();
        if frame % 50 == 49 {
            wire.clear().unwrap();
            assert!(!link.waits());
            last = Buffer::empty(area);
        }
        for _ in 0..rng.random_range(0..60) {
            let at = (rng.random_range(0..SIZE.0), rng.random_range(0..SIZE.1));
            let (symbol, style) = random_cell(&mut rng);
            next[at].set_symbol(symbol).set_style(style);
        }
        let most = rng.random_range(0..400);
        link.allow(most);
        wire.draw(last.diff(&next).into_iter()).unwrap();
        let bytes = sent.take();
        // the last cell of a part may reach beyond it, a picture that fits does not
        assert!(bytes.len() <= most + 60, "{} bytes of {most}", bytes.len());
        parser.process(&bytes);
        if link.waits() && most > 0 && frame % 50 != 49 && frame > 0 {
            in_parts += 1;
            compare_cell((0, SIZE.1 - 2), &next, &parser, &format!("frame {frame}"));
        }
        if rng.random_bool(0.3) {
            while link.waits() {
                link.allow(rng.random_range(1..100));
                wire.draw(std::iter::empty()).unwrap();
                parser.process(&sent.take());
            }
            compare(&next, &parser, &format!("frame {frame}"));
        }
        last = next;
    }
    assert!(in_parts > 100, "{in_parts} frames in parts");
}

#[test]
fn nothing_is_said_twice() {
    let sent = Sent::default();
    let mut wire = Wire::new(sent.clone());
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let empty = Buffer::empty(area);
    let mut next = empty.clone();
    let heat = |fg, bg| Style::reset().fg(Color::Indexed(fg)).bg(Color::Indexed(bg));
    next[(3, 2)].set_symbol("▀").set_style(heat(208, 17));
    next[(4, 2)].set_symbol("▄").set_style(heat(17, 208));
    next[(9, 2)].set_symbol("▀").set_style(heat(208, 17));
    wire.draw(empty.diff(&next).into_iter()).unwrap();
    assert_eq!(sent.text(), "\x1b[3;4H\x1b[38;5;208;48;5;17m▀▀\x1b[10G▀");
    // the pen is where and what it was
    let before = next.clone();
    next[(10, 2)].set_symbol("▀").set_style(heat(208, 17));
    wire.draw(before.diff(&next).into_iter()).unwrap();
    assert_eq!(sent.text(), "▀");
    wire.hide_cursor().unwrap();
    wire.hide_cursor().unwrap();
    assert_eq!(sent.text(), "\x1b[?25l");
}

// long: the same frames twice, and what they cost
/// What a recorded frame may cost: the medians of the first dashboard, at 80×24 in 256 colours and at 160×48 in truecolor.
#[test]
fn a_recorded_frame_costs_less_than_it_did_and_than_crossterm_would_ask() {
    use crate::run::Session;
    use crate::run::worker::{Report, Status};
    use crate::tui::canvas::Marker;
    use crate::tui::model::Model;
    use crate::tui::theme::{Depth, Theme};
    for (name, size, depth, roof) in [
        ("metastable", (80, 24), Depth::Ansi256, 737),
        ("metastable", (160, 48), Depth::Truecolor, 3700),
        ("sphere-pair", (80, 24), Depth::Ansi256, 3400),
    ] {
        let experiment = crate::experiment::presets::load(name).unwrap();
        let mut session = Session::new(experiment.clone());
        let mut model = Model::new(experiment, Vec::new(), Theme::of(depth), Marker::Braille);
        let (sent, plain) = (Sent::default(), Sent::default());
        let mut wire = Wire::new(sent.clone());
        let mut crossterm = CrosstermBackend::new(plain.clone());
        let mut last = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let (mut bytes, mut without) = (Vec::new(), Vec::new());
        for number in 0..120 {
            let mut report = Report::before_the_first(1.0);
            report.number = number;
            report.status = Status::Running;
            report.snapshot = Some(std::sync::Arc::new(session.snapshot()));
            model.receive(report);
            let next = crate::tui::view::picture(&model, size.into());
            wire.draw(last.diff(&next).into_iter()).unwrap();
            crossterm.draw(last.diff(&next).into_iter()).unwrap();
            bytes.push(sent.take().len());
            without.push(plain.take().len());
            last = next;
            if session.finished() {
                break;
            }
            session.advance(&|| false).unwrap();
        }
        // the first frame is all of the screen
        let (all, before): (usize, usize) = (bytes[1..].iter().sum(), without[1..].iter().sum());
        bytes.sort_unstable();
        let median = bytes[bytes.len() / 2];
        assert!(median <= roof, "{name} {size:?}: {median} bytes");
        assert!(
            10 * all <= 8 * before,
            "{name} {size:?}: {all} for {before}"
        );
    }
}
