//! Pictures are read back from their bytes as a terminal would, and compared with what was drawn and with the cells.

use super::gallery::Gallery;
use super::protocol::{PictureChoice, Protocol};
use super::*;
use crate::experiment::presets;
use crate::run::Session;
use crate::run::worker::{Report, Status};
use crate::tui::canvas::Marker;
use crate::tui::model::Model;
use crate::tui::pages::PAGES;
use crate::tui::theme::Depth;
use crate::tui::words;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A picture with every index, a quarter of it ground.
fn sample(scale: usize) -> Picture {
    let (width, height) = (40, 23);
    let indices = (0..width * height)
        .map(|p| if p % 4 == 0 { 0 } else { (p % 193) as u8 })
        .collect();
    Picture {
        area: Rect::new(3, 2, 8, 5),
        width,
        height,
        scale,
        indices,
        palette: palette(Theme::of(Depth::Truecolor)),
    }
}

fn bytes(protocol: Protocol, picture: &Picture) -> String {
    let mut out = Vec::new();
    protocol.show(&mut out, picture, 7);
    String::from_utf8(out).unwrap()
}

/// The picture's colours pixel by pixel, none where nothing is.
fn colours(picture: &Picture) -> Vec<Option<[u8; 3]>> {
    let colour = |index: &u8| (*index > 0).then(|| picture.palette[usize::from(*index)]);
    picture.indices.iter().map(colour).collect()
}

fn decoded(png: &[u8]) -> Vec<Option<[u8; 3]>> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
        .chunks_exact(4)
        .map(|pixel| (pixel[3] > 0).then(|| [pixel[0], pixel[1], pixel[2]]))
        .collect()
}

#[test]
fn the_environment_says_how_pictures_are_sent_and_nothing_is_asked() {
    let found = |pairs: &[(&str, &str)]| {
        Protocol::detect(PictureChoice::Auto, |name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_string())
        })
    };
    assert_eq!(found(&[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
    assert_eq!(found(&[("TERM_PROGRAM", "ghostty")]), Some(Protocol::Kitty));
    assert_eq!(
        found(&[("TERM_PROGRAM", "WezTerm")]),
        Some(Protocol::Iterm2)
    );
    assert_eq!(found(&[("TERM", "foot")]), Some(Protocol::Sixel));
    for nothing in [
        &[("TERM", "xterm-256color")][..],
        &[("TERM", "xterm-kitty"), ("SSH_CONNECTION", "1 2 3 4")],
        &[("TERM", "screen-256color"), ("KITTY_WINDOW_ID", "1")],
        &[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")],
        &[],
    ] {
        assert_eq!(found(nothing), None, "{nothing:?}");
    }
    let asked = Protocol::detect(PictureChoice::Sixel, |_| None);
    assert_eq!(asked, Some(Protocol::Sixel));
    let refused = Protocol::detect(PictureChoice::None, |_| Some("xterm-kitty".into()));
    assert_eq!(refused, None);
}

#[test]
fn kitty_reads_the_same_picture_from_its_pieces_and_the_cursor_stays() {
    let picture = sample(1);
    let text = bytes(Protocol::Kitty, &picture);
    assert!(text.starts_with("\x1b7\x1b[3;4H\x1b_Ga=T,f=100,i=7,p=1,c=8,r=5,z=-1,C=1,q=2,m="));
    assert!(text.ends_with("\x1b8"));
    let mut data = String::new();
    let pieces: Vec<&str> = text.split("\x1b_G").skip(1).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let (control, rest) = piece.split_once(';').unwrap();
        let more = number + 1 < pieces.len();
        assert!(
            control.ends_with(if more { "m=1" } else { "m=0" }),
            "{control}"
        );
        let piece = rest.split_once("\x1b\\").unwrap().0;
        assert!(piece.len() <= 4096 && (!more || piece.len() % 4 == 0));
        data.push_str(piece);
    }
    assert_eq!(decoded(&STANDARD.decode(data).unwrap()), colours(&picture));
}

#[test]
fn iterm2_reads_the_same_picture() {
    let picture = sample(2);
    let text = bytes(Protocol::Iterm2, &picture);
    let (head, rest) = text.split_once(':').unwrap();
    assert!(head.contains("width=8;height=5;preserveAspectRatio=0;doNotMoveCursor=1"));
    let png = STANDARD.decode(rest.split_once('\x07').unwrap().0).unwrap();
    assert!(head.contains(&format!("size={};", png.len())));
    assert_eq!(decoded(&png), colours(&picture));
}

/// What a terminal draws of sixels: the register of every pixel.
fn plotted(text: &str, width: usize, height: usize) -> Vec<u8> {
    let body = text.split_once('q').unwrap().1;
    let body = body.split_once("\x1b\\").unwrap().0;
    let mut pixels = vec![0_u8; width * height];
    let (mut x, mut top, mut pen) = (0, 0, 0_u8);
    let mut bytes = body.bytes().peekable();
    let number = |bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>| {
        let mut value = 0;
        while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
            value = 10 * value + usize::from(digit - b'0');
        }
        value
    };
    while let Some(byte) = bytes.next() {
        let mut count = 1;
        let sixel = match byte {
            b'"' | b';' => {
                number(&mut bytes);
                continue;
            }
            b'#' => {
                pen = number(&mut bytes) as u8;
                continue;
            }
            b'$' => {
                x = 0;
                continue;
            }
            b'-' => {
                (x, top) = (0, top + 6);
                continue;
            }
            b'!' => {
                count = number(&mut bytes);
                bytes.next().unwrap()
            }
            sixel => sixel,
        };
        for _ in 0..count {
            for bit in (0..6).filter(|bit| (sixel - 63) >> bit & 1 == 1) {
                pixels[(top + bit) * width + x] = pen;
            }
            x += 1;
        }
    }
    pixels
}

#[test]
fn sixels_draw_the_same_picture_every_pixel_as_large_as_it_stands_for() {
    for scale in [1, 3] {
        let picture = sample(scale);
        let (width, height) = (picture.width * scale, picture.height * scale);
        let text = bytes(Protocol::Sixel, &picture);
        assert!(text.contains(&format!("\"1;1;{width};{height}")));
        let pixels = plotted(&text, width, height);
        for (place, register) in pixels.iter().enumerate() {
            let (row, column) = (place / width / scale, place % width / scale);
            assert_eq!(*register, picture.indices[row * picture.width + column]);
        }
    }
}

#[test]
fn what_did_not_change_is_not_sent_and_what_is_gone_is_taken_away() {
    let buffer = |text: &str| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
        words::put(&mut buffer, 4, 3, text, ratatui::style::Style::new());
        buffer
    };
    let picture = sample(1);
    let other = Picture {
        indices: vec![9; picture.indices.len()],
        ..picture.clone()
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut kitty = Gallery::new(Protocol::Kitty);
    assert!(text(&kitty.hang(&buffer("a"), vec![picture.clone()]).bytes).contains("i=1,"));
    let same = kitty.hang(&buffer("b"), vec![picture.clone()]);
    assert!(same.bytes.is_empty() && same.before.is_empty() && same.after.is_empty());
    let changed = text(&kitty.hang(&buffer("b"), vec![other.clone()]).bytes);
    let (new, old) = (changed.find("i=2,"), changed.find("a=d,d=I,i=1,q=2"));
    assert!(new.unwrap() < old.unwrap(), "{changed:?}");
    let gone = kitty.hang(&buffer("b"), Vec::new());
    assert_eq!(text(&gone.bytes), "\x1b_Ga=d,d=I,i=2,q=2\x1b\\");
    kitty.forget();

    for protocol in [Protocol::Iterm2, Protocol::Sixel] {
        let mut cells = Gallery::new(protocol);
        let first = cells.hang(&buffer("a"), vec![picture.clone()]);
        let over: Vec<&str> = first
            .after
            .iter()
            .map(|(_, _, cell)| cell.symbol())
            .collect();
        assert_eq!(over, ["a"], "the glyph comes after the picture");
        assert!(
            cells
                .hang(&buffer("a"), vec![picture.clone()])
                .bytes
                .is_empty()
        );
        let glyph = cells.hang(&buffer("b"), vec![picture.clone()]);
        assert!(!glyph.bytes.is_empty(), "a glyph that moved leaves a hole");
        let covered = cells.hang(&buffer("b"), vec![other.clone()]);
        assert!(covered.before.is_empty(), "nothing is bared");
        let bared = cells.hang(&buffer("b"), vec![picture.clone()]);
        assert_eq!(bared.before.len(), 40);
        let gone = cells.hang(&buffer("b"), Vec::new());
        assert!(gone.bytes.is_empty() && gone.before.len() == 40);
    }
}

/// A preset after so many frames.
fn model(name: &str, frames: usize) -> Model {
    let experiment = presets::load(name).unwrap();
    let mut session = Session::new(experiment.clone());
    for _ in 0..frames {
        session.advance(&|| false).unwrap();
    }
    let theme = Theme::of(Depth::Truecolor);
    let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
    let snapshot = Some(std::sync::Arc::new(session.snapshot()));
    model.receive(Report {
        number: 1,
        snapshot,
        status: Status::Running,
        ..Report::before_the_first(1.0)
    });
    model
}

/// The screen with its pictures, and without.
fn both(model: &mut Model, size: Size, under: bool) -> (Buffer, Vec<Picture>, Buffer) {
    let area = Rect::from((Position::ORIGIN, size));
    let plain = crate::tui::view::picture(model, size);
    model.easel = Easel {
        cell: Some((9, 18)),
        under,
        ..Easel::default()
    };
    let mut pictures = Vec::new();
    let backend = ratatui::backend::TestBackend::new(size.width, size.height);
    let mut screen = ratatui::Terminal::new(backend).unwrap();
    let done = screen
        .draw(|frame| pictures = crate::tui::view::pictured(model, frame))
        .unwrap();
    let mut buffer = Buffer::empty(area);
    buffer.clone_from(done.buffer);
    (buffer, pictures, plain)
}

#[test]
fn pictures_show_what_cells_show_and_every_glyph_stays() {
    for name in ["metastable", "sphere-metastable", "zonal-128", "bbgky"] {
        let mut model = model(name, 40);
        for (page, one) in (0..PAGES.len()).flat_map(|page| [(page, true), (page, false)]) {
            (model.page, model.one) = (page, Some(one));
            for size in [Size::new(80, 24), Size::new(200, 60)] {
                let pictures = compared(&mut model, size, name);
                let mapped = ["space–time", "attention"].contains(&PAGES[page].name);
                assert!(pictures > 0 || !mapped || name != "metastable");
            }
        }
    }
}

/// The diagram of a sweep, of which a part has been computed: where nothing is known yet, no pixel is painted.
#[test]
fn the_diagram_of_a_sweep_is_the_same_in_pixels() {
    use crate::sweep::live::Live;
    let experiment = presets::load("fig3-d2").unwrap();
    let live = Live::begun(&experiment, 3);
    let theme = Theme::of(Depth::Truecolor);
    let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
    model.sweep.live = Some(Ok(live));
    model.page = PAGES.iter().position(|page| page.name == "sweep").unwrap();
    for size in [Size::new(80, 24), Size::new(200, 60)] {
        assert_eq!(compared(&mut model, size, "fig3-d2"), 1);
        let (_, pictures, _) = both(&mut model, size, true);
        assert!(pictures[0].indices.contains(&0) && pictures[0].indices.iter().any(|i| *i > 0));
    }
}

/// Compares a screen with pictures with the one without; how many pictures there are.
fn compared(model: &mut Model, size: Size, name: &str) -> usize {
    let (shown, pictures, plain) = both(model, size, true);
    let map = |cell: &Cell| {
        matches!(cell.symbol(), " " | "▀" | "▄")
            && (cell.bg != Color::Reset || cell.symbol() != " ")
    };
    for (index, cell) in plain.content.iter().enumerate() {
        let at = Position::new(index as u16 % size.width, index as u16 / size.width);
        let over = pictures.iter().find(|picture| picture.area.contains(at));
        let Some(picture) = over else {
            assert_eq!(shown[at], *cell, "{name}: {at:?} beside the pictures");
            continue;
        };
        if map(cell) {
            assert_eq!(shown[at].symbol(), " ");
            agrees(model.theme, cell, brightest(picture, at), (name, at));
        } else {
            assert_eq!(shown[at].symbol(), cell.symbol());
        }
    }
    pictures.len()
}

/// The largest shade in a cell and half a cell around it: what is narrower than half a cell is drawn wider by cells.
fn brightest(picture: &Picture, at: Position) -> u8 {
    let share = |cell: u16, cells: u16, pixels: usize| {
        let one = pixels as f64 / f64::from(cells);
        let place = |cell: f64| ((cell * one) as usize).min(pixels);
        place(f64::from(cell) - 0.5)..place(f64::from(cell) + 1.5)
    };
    let columns = share(at.x - picture.area.x, picture.area.width, picture.width);
    let rows = share(at.y - picture.area.y, picture.area.height, picture.height);
    let shade = |index: u8| {
        if index > SHADES as u8 {
            index - SHADES as u8
        } else {
            index
        }
    };
    rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
        .map(|(row, column)| shade(picture.indices[row * picture.width + column]))
        .max()
        .unwrap_or(0)
}

/// The brightest pixel of a cell is not darker than the cell, by more than the levels it is a mean of.
fn agrees(theme: Theme, cell: &Cell, shade: u8, place: (&str, Position)) {
    let colour = if cell.symbol() == " " {
        cell.bg
    } else {
        cell.fg
    };
    let Some(level) = theme.level_of(colour).filter(|_| cell.symbol() == " ") else {
        return;
    };
    let share = f64::from(shade) / SHADES as f64;
    let least = (level as f64 - 1.0) / theme.levels() as f64;
    assert!(
        share >= least,
        "{place:?}: a pixel of {share} in a cell of level {level}"
    );
}

#[test]
fn under_a_popup_there_are_no_pictures() {
    let mut model = model("metastable", 5);
    model.one = Some(true);
    let size = Size::new(120, 36);
    let (_, pictures, _) = both(&mut model, size, true);
    assert!(!pictures.is_empty());
    model.popup = Some(crate::tui::model::Popup::Help(0));
    let (shown, pictures, plain) = both(&mut model, size, true);
    assert!(pictures.is_empty() && shown == plain);
}

/// xterm shows nothing of a sixel picture of more than 1000 pixels across.
#[test]
fn a_large_picture_is_several_that_fit_together_where_the_terminal_takes_no_larger_ones() {
    let area = Rect::new(2, 1, 150, 31);
    let theme = Theme::of(Depth::Truecolor);
    let painted = |most: Option<u16>| {
        let easel = Easel {
            cell: Some((4, 5)),
            most,
            ..Easel::default()
        };
        easel.open(true);
        paint(&easel, theme, area, |(x, y), _| {
            let share = (0.13 * x + 0.07 * y).sin().abs();
            (share > 0.1).then_some(Shade { share, line: false })
        });
        easel.close(
            theme,
            &mut Buffer::empty(area.union(Rect::new(0, 0, 200, 40))),
        )
    };
    let whole = painted(None).remove(0);
    assert_eq!((whole.area, whole.scale), (area, 1));
    let parts = painted(Some(130));
    assert_eq!(parts.len(), 5 * 2);
    let mut seen = 0;
    for part in &parts {
        assert!(part.width <= 130 && part.height <= 130);
        let from = [4 * (part.area.x - area.x), 5 * (part.area.y - area.y)].map(usize::from);
        for (place, index) in part.indices.iter().enumerate() {
            let (row, column) = (from[1] + place / part.width, from[0] + place % part.width);
            assert_eq!(*index, whole.indices[row * whole.width + column]);
        }
        seen += part.indices.len();
    }
    assert_eq!(seen, whole.indices.len());
}
