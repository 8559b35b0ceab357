//! Where a run is saved: a folder is proposed, and another can be typed or pasted. Enter saves, Esc does not.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::changes::Effect;
use super::model::{Message, Model};
use super::popups::Place;

/// The longest name that is typed.
const LONGEST: usize = 240;

/// What is said of a name that cannot be taken, in the narrowest window too.
const SHORT: usize = 36;

/// Asks where, with a proposal.
pub(crate) fn ask(model: &mut Model, proposal: &Path) {
    model.place = Some(Place {
        text: proposal.display().to_string(),
        refused: None,
    });
}

/// Asks again, since what was typed cannot be taken.
pub(crate) fn refuse(model: &mut Model, folder: &Path, why: &str) {
    let text = folder.display().to_string();
    model.place = Some(Place {
        refused: Some(format!("{} {why}", end_of(&text, SHORT))),
        text,
    });
}

/// What asks, in a window of so many columns: of a name that is longer than a line the end, where one types.
#[must_use]
pub(crate) fn line(place: &Place, width: u16) -> String {
    let room = usize::from(width).saturating_sub("  save to: ▏".chars().count());
    let shown = end_of(&place.text, room);
    let refused = place
        .refused
        .as_ref()
        .map_or_else(String::new, |why| format!("{why} · "));
    format!("{refused}save to: {shown}▏ (enter saves, esc does not)")
}

/// The end of a text that has more characters than there is room for.
fn end_of(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let end = text.chars().skip(length + 1 - room);
    std::iter::once('…').chain(end).collect()
}

/// A key while a name is typed; none where there is no such name.
pub(crate) fn key(model: &mut Model, event: KeyEvent) -> Option<Vec<Effect>> {
    let mut place = model.place.take()?;
    model.message = None;
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    match event.code {
        KeyCode::Esc => return Some(not_saved(model)),
        KeyCode::Char('c') if control => return Some(not_saved(model)),
        KeyCode::Char('u') if control => place = Place::default(),
        KeyCode::Char(c) if !control => place.push(c),
        KeyCode::Backspace => {
            place.text.pop();
        }
        KeyCode::Enter if !place.text.trim().is_empty() => {
            return Some(vec![Effect::Save(expanded(place.text.trim()))]);
        }
        _ => {}
    }
    model.place = Some(place);
    Some(Vec::new())
}

/// What is pasted while a name is typed.
pub(crate) fn paste(model: &mut Model, text: &str) {
    if let Some(place) = &mut model.place {
        text.chars().for_each(|c| place.push(c));
    }
}

impl Place {
    fn push(&mut self, c: char) {
        if !c.is_control() && self.text.chars().count() < LONGEST {
            self.refused = None;
            self.text.push(c);
        }
    }
}

fn not_saved(model: &mut Model) -> Vec<Effect> {
    model.message = Some(Message::Note("not saved".into()));
    Vec::new()
}

/// As a shell reads a path: `~/` is the home folder.
fn expanded(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// A path as a shell takes it.
#[must_use]
pub(crate) fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::canvas::Marker;
    use crate::tui::theme::{Depth, Theme};

    fn asked(proposal: &str) -> Model {
        let experiment = crate::experiment::presets::load("metastable").unwrap();
        let theme = Theme::of(Depth::None);
        let mut model = Model::new(experiment, Vec::new(), theme, Marker::Braille);
        ask(&mut model, Path::new(proposal));
        model
    }

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        key(model, KeyEvent::new(code, KeyModifiers::NONE)).unwrap()
    }

    fn saved(effects: &[Effect]) -> Option<String> {
        match effects {
            [Effect::Save(path)] => Some(path.display().to_string()),
            _ => None,
        }
    }

    #[test]
    fn enter_takes_the_proposal_and_what_is_typed_is_another() {
        let mut model = asked("run-1");
        assert_eq!(
            saved(&press(&mut model, KeyCode::Enter)).as_deref(),
            Some("run-1")
        );
        assert_eq!(model.place, None);
        let mut model = asked("run-1");
        press(&mut model, KeyCode::Backspace);
        // letters that are keys elsewhere are letters here
        press(&mut model, KeyCode::Char('q'));
        paste(&mut model, "uit\r\n");
        assert_eq!(
            saved(&press(&mut model, KeyCode::Enter)).as_deref(),
            Some("run-quit")
        );
        assert!(!model.quit);
    }

    #[test]
    fn esc_saves_nothing_and_an_empty_name_is_asked_for_again() {
        let mut model = asked("run-1");
        key(
            &mut model,
            KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL),
        );
        assert!(press(&mut model, KeyCode::Enter).is_empty());
        assert!(model.place.is_some());
        assert!(press(&mut model, KeyCode::Esc).is_empty());
        assert_eq!(model.place, None);
        refuse(&mut model, Path::new("run-1"), "is there already");
        let said = line(model.place.as_ref().unwrap(), 80);
        assert!(
            said.starts_with("run-1 is there already · save to: run-1▏"),
            "{said}"
        );
    }

    #[test]
    fn the_command_that_is_named_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("runs/a-1"), "runs/a-1");
        assert_eq!(quoted("my runs"), "'my runs'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn of_a_long_name_one_sees_the_end_that_one_types() {
        let mut model = asked("runs");
        paste(&mut model, &"/a-folder-within".repeat(12));
        paste(&mut model, "/last-one");
        for (width, height) in [(40, 12), (80, 24), (200, 60)] {
            let buffer = crate::tui::view::picture(&model, (width, height).into());
            let text: String = (buffer.content.iter())
                .map(ratatui::buffer::Cell::symbol)
                .collect();
            assert!(
                text.contains("-within/last-one▏"),
                "{width}×{height}: {text}"
            );
        }
        assert_eq!(
            saved(&press(&mut model, KeyCode::Enter)).map(|name| name.len()),
            Some(4 + 12 * 16 + 9)
        );
    }
}
