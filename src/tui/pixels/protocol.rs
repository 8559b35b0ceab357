//! How a terminal takes a picture: which of the three ways it has, by its environment alone (nothing is asked, so nothing is waited for), and
//! the bytes of each. Sources: kitty's graphics protocol, iTerm2's inline images, sixels of the VT340 ([`super::sixel`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Picture, sixel};
use crate::tui::theme::Depth;

/// What `--pictures` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum PictureChoice {
    /// What the terminal has by its environment; by cells over SSH, in a multiplexer, under `--bandwidth`.
    #[default]
    Auto,
    /// Kitty's protocol: kitty, ghostty.
    Kitty,
    /// iTerm2's: iTerm2, WezTerm, mintty.
    Iterm2,
    /// Sixels: foot, mlterm, contour, xterm -ti 340.
    Sixel,
    /// By cells.
    None,
}

/// A way to send pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Pictures lie under the text and go when they are told to.
    Kitty,
    /// Pictures lie in the cells and go when text is written there.
    Iterm2,
    /// The same, in bands of six pixels.
    Sixel,
}

/// Bytes of base64 in one of kitty's commands.
const CHUNK: usize = 4096;

/// What is set where the reader is at the other end of a link.
const FAR: [&str; 2] = ["SSH_CONNECTION", "SSH_TTY"];

/// Whether the reader is at the other end of a link.
pub(crate) fn is_far(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    FAR.into_iter().any(set)
}

impl Protocol {
    /// The one that is used: none without colours, and none where a link has a budget, for a picture weighs more than cells.
    #[must_use]
    pub(crate) fn in_use(
        choice: PictureChoice,
        (depth, bandwidth): (Depth, Option<f64>),
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let fits = depth != Depth::None && bandwidth.is_none();
        Self::detect(choice, variable).filter(|_| fits)
    }

    /// The one asked for, or the one that the environment names.
    #[must_use]
    pub(crate) fn detect(
        choice: PictureChoice,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        match choice {
            PictureChoice::Kitty => return Some(Self::Kitty),
            PictureChoice::Iterm2 => return Some(Self::Iterm2),
            PictureChoice::Sixel => return Some(Self::Sixel),
            PictureChoice::None => return None,
            PictureChoice::Auto => {}
        }
        let value = |name: &str| variable(name).unwrap_or_default();
        let set = |name: &str| !value(name).is_empty();
        let term = value("TERM");
        // a link's bytes are for answers to keys; a multiplexer has a screen of its own
        let shared = ["TMUX", "STY"].into_iter().any(set);
        if is_far(&variable) || shared || term.starts_with("screen") || term.starts_with("tmux") {
            return None;
        }
        let named = |names: &[&str]| names.iter().any(|name| term.contains(name));
        match value("TERM_PROGRAM").as_str() {
            "ghostty" => Some(Self::Kitty),
            "iTerm.app" | "WezTerm" | "mintty" => Some(Self::Iterm2),
            _ if set("KITTY_WINDOW_ID") || named(&["kitty", "ghostty"]) => Some(Self::Kitty),
            _ if named(&["foot", "mlterm", "contour"]) => Some(Self::Sixel),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kitty => "kitty",
            Self::Iterm2 => "iTerm2",
            Self::Sixel => "sixel",
        }
    }

    /// Appends what shows a picture in its place; the cursor and the pen stay. `id` is kitty's name of it.
    pub(crate) fn show(self, out: &mut Vec<u8>, picture: &Picture, id: u32) {
        let area = picture.area;
        let begin = format!("\x1b7\x1b[{};{}H", area.y + 1, area.x + 1);
        match self {
            Self::Kitty => {
                let Some(png) = png(picture) else { return };
                out.extend_from_slice(begin.as_bytes());
                let text = STANDARD.encode(png);
                let count = text.len().div_ceil(CHUNK);
                for (number, chunk) in text.as_bytes().chunks(CHUNK).enumerate() {
                    out.extend_from_slice(b"\x1b_G");
                    if number == 0 {
                        // under the text, in so many cells, the cursor as it was, no answers
                        append(
                            out,
                            &format!(
                                "a=T,f=100,i={id},p=1,c={},r={},z=-1,C=1,q=2,",
                                area.width, area.height
                            ),
                        );
                    }
                    append(out, &format!("m={};", u8::from(number + 1 < count)));
                    out.extend_from_slice(chunk);
                    out.extend_from_slice(b"\x1b\\");
                }
            }
            Self::Iterm2 => {
                let Some(png) = png(picture) else { return };
                append(out, &begin);
                let (length, text) = (png.len(), STANDARD.encode(png));
                append(
                    out,
                    &format!(
                        "\x1b]1337;File=inline=1;size={length};width={};height={};preserveAspectRatio=0;doNotMoveCursor=1:{text}\x07",
                        area.width, area.height
                    ),
                );
            }
            Self::Sixel => {
                append(out, &begin);
                sixel::append(out, picture);
            }
        }
        out.extend_from_slice(b"\x1b8");
    }

    /// Appends what takes a picture away, where it does not go with its cells.
    pub(crate) fn hide(self, out: &mut Vec<u8>, id: u32) {
        if self == Self::Kitty {
            append(out, &format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\"));
        }
    }
}

/// What takes all of kitty's pictures away.
pub(crate) const NO_PICTURES: &str = "\x1b_Ga=d,d=A,q=2\x1b\\";

fn append(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A PNG with the picture's palette, whose first colour is transparent.
fn png(picture: &Picture) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width as u32, picture.height as u32);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(picture.palette.concat());
    encoder.set_trns(vec![0]);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&picture.indices).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}
