//! Text in little room: whole words or none, and never a part of a number.
//!
//! What is too long ends in "…" after the last word that fits. A word without a digit may be cut itself where it is the first; a number is
//! shown whole or left out, for "4.5e" is not 4.5e6. All text of the screen goes through this file: a test notes what is written and finds
//! every number of the screen again, whole and apart from its neighbours.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// How many characters of a text are kept when it has this many cells; all of them if they fit.
fn kept(text: &[char], width: usize) -> usize {
    if text.len() <= width {
        return text.len();
    }
    let room = width.saturating_sub(1);
    // the beginning of the word that the edge runs through
    let cut = (text[..=room].iter().rposition(|c| c.is_whitespace())).map_or(0, |at| at + 1);
    let word = text[cut..].iter().take_while(|c| !c.is_whitespace());
    let number = word.clone().any(char::is_ascii_digit);
    if cut == 0 && !number {
        return room;
    }
    let blank = text[..cut].iter().rev().take_while(|c| c.is_whitespace());
    cut - blank.count()
}

/// The text in at most this many cells.
#[must_use]
pub(crate) fn fitted(text: &str, width: usize) -> String {
    let all: Vec<char> = text.chars().collect();
    let count = kept(&all, width);
    let mut short: String = all[..count].iter().collect();
    if count < all.len() {
        short.push_str(mark(&all[..count], width));
    }
    short
}

/// What stands for the rest of a text: apart from a number where there is room, for "1.5…" could be one with more digits.
fn mark(kept: &[char], width: usize) -> &'static str {
    let number = kept.last().is_some_and(char::is_ascii_digit);
    match width.saturating_sub(kept.len()) {
        0 => "",
        1 => "…",
        _ if number => " …",
        _ => "…",
    }
}

/// Writes a text from (x, y) on in at most `width` cells.
pub(crate) fn text(
    buffer: &mut Buffer,
    x: u16,
    y: u16,
    text: impl AsRef<str>,
    width: usize,
    style: impl Into<Style>,
) {
    let shown = fitted(text.as_ref(), width);
    #[cfg(test)]
    noted::note((x, y), text.as_ref(), width);
    buffer.set_stringn(x, y, shown, width, style);
}

/// Writes a text from (x, y) on for which its writer has found the room.
pub(crate) fn put(
    buffer: &mut Buffer,
    x: u16,
    y: u16,
    text: impl AsRef<str>,
    style: impl Into<Style>,
) {
    #[cfg(test)]
    noted::note((x, y), text.as_ref(), usize::MAX);
    buffer.set_string(x, y, text, style);
}

/// Writes a line of several styles from (x, y) on in at most `width` cells.
pub(crate) fn line(buffer: &mut Buffer, x: u16, y: u16, line: &Line, width: u16) {
    let all: Vec<char> = line
        .spans
        .iter()
        .flat_map(|span| span.content.chars())
        .collect();
    let count = kept(&all, usize::from(width));
    #[cfg(test)]
    noted::note((x, y), &all.iter().collect::<String>(), usize::from(width));
    if count == all.len() {
        buffer.set_line(x, y, line, width);
        return;
    }
    let mut left = count;
    let mut short = Line::default().style(line.style);
    for span in &line.spans {
        let part: String = span.content.chars().take(left).collect();
        left -= part.chars().count();
        short.push_span(Span::styled(part, span.style));
    }
    short.push_span(Span::raw(mark(&all[..count], usize::from(width))));
    buffer.set_line(x, y, &short, width);
}

/// The entries of a legend on as few lines as they need: an entry begins with a sample of its curve, a span without letters and digits.
#[must_use]
pub(crate) fn entries<'a>(line: &Line<'a>, width: usize) -> Vec<Line<'a>> {
    let is_sample = |span: &Span| {
        !span.content.trim().is_empty() && !span.content.contains(char::is_alphanumeric)
    };
    let mut lines = vec![Line::default()];
    let mut entry: Vec<Span> = Vec::new();
    let cells = |spans: &[Span]| {
        spans
            .iter()
            .map(|s| s.content.trim_end().chars().count().max(1))
            .sum::<usize>()
    };
    let mut place = |entry: &mut Vec<Span<'a>>| {
        let Some(last) = lines.last_mut() else {
            return;
        };
        if !last.spans.is_empty() && last.width() + cells(entry) > width {
            lines.push(Line::default());
        }
        if let Some(last) = lines.last_mut() {
            last.spans.append(entry);
        }
    };
    for span in &line.spans {
        if is_sample(span) && !entry.is_empty() {
            place(&mut entry);
        }
        entry.push(span.clone());
    }
    place(&mut entry);
    lines
}

/// What was written, for the tests.
#[cfg(test)]
pub(crate) mod noted {
    use std::cell::RefCell;

    thread_local! {
        static NOTED: RefCell<Vec<Noted>> = const { RefCell::new(Vec::new()) };
    }

    /// A text that was to be written.
    #[derive(Debug)]
    pub(crate) struct Noted {
        /// Where it begins.
        pub at: (u16, u16),
        /// All of it.
        pub text: String,
        /// The cells that it may have.
        pub width: usize,
    }

    /// Takes note of a text, its place and its room.
    pub(crate) fn note(at: (u16, u16), text: &str, width: usize) {
        let text = text.to_owned();
        NOTED.with_borrow_mut(|noted| noted.push(Noted { at, text, width }));
    }

    /// Everything noted in this thread since the last time.
    pub(crate) fn take() -> Vec<Noted> {
        NOTED.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_and_numbers_are_whole_or_left_out() {
        for (text, width, shown) in [
            ("K 4.5e6", 7, "K 4.5e6"),
            ("K 4.5e6", 6, "K…"),
            ("0.547  0.582", 9, "0.547 …"),
            ("0.547  0.582", 6, "0.547…"),
            ("hull of the clusters", 14, "hull of the…"),
            ("characteristics", 6, "chara…"),
            ("4.5e6", 4, "…"),
            ("", 0, ""),
            ("a", 0, ""),
        ] {
            assert_eq!(fitted(text, width), shown, "{text:?} in {width}");
        }
    }

    /// Random words and numbers: every number of what is shown was there, and nothing is wider than the room.
    #[test]
    fn no_number_is_ever_another() {
        let mut state = 7_u64;
        let mut dice = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..2000 {
            let words: Vec<String> = (0..1 + dice(6))
                .map(|_| match dice(3) {
                    0 => format!("{:.1e}", (dice(1000) as f64) * 1e3),
                    1 => format!("{:.3}", dice(5000) as f64 / 1e3),
                    _ => "word".into(),
                })
                .collect();
            let text = words.join(" ");
            let width = dice(text.chars().count() as u64 + 2) as usize;
            let shown = fitted(&text, width);
            assert!(shown.chars().count() <= width, "{text:?} {width} {shown:?}");
            for word in shown.trim_end_matches('…').split_whitespace() {
                let digits = word.contains(|c: char| c.is_ascii_digit());
                assert!(
                    !digits || words.iter().any(|w| w == word),
                    "{text:?} {width} {shown:?}"
                );
            }
        }
    }

    #[test]
    fn the_entries_of_a_legend_go_on_to_a_second_line() {
        let line = Line::from(vec![
            Span::raw("━"),
            Span::raw(" W₁ 0.123 "),
            Span::raw("╍"),
            Span::raw(" K 4.5e6"),
        ]);
        let written = |width| -> Vec<String> {
            entries(&line, width)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(written(40), ["━ W₁ 0.123 ╍ K 4.5e6"]);
        assert_eq!(written(15), ["━ W₁ 0.123 ", "╍ K 4.5e6"]);
    }
}
