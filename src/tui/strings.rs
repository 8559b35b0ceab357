//! What a terminal says in strings: OSC, DCS and the like, `ESC ]` up to BEL or `ESC \`. crossterm has no event for them and makes keys of
//! what they say, so that an answer which comes when nobody waits for it any more (the terminal's ground, over a long way) would be typed
//! into the dashboard. Nobody types as fast as they come.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyModifiers};

/// After ESC, what strings begin with: OSC, DCS, APC, PM, SOS.
const BEGIN: &str = "]P_^X";
/// What is in a string comes at most so long after what was before it.
const APART: Duration = Duration::from_millis(50);
/// Longer strings are heard to their end, but not kept.
const LONGEST: usize = 1024;

/// What comes from the terminal, and is no key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Not a string.
    Event(Event),
    /// A part of a string.
    Part,
    /// A string, with nothing of its frame.
    String(String),
}

/// The string that is being said.
#[derive(Debug, Default)]
pub(crate) struct Strings(Option<(String, Instant)>);

impl Strings {
    /// What an event is that came now.
    pub(crate) fn hear(&mut self, event: Event, now: Instant) -> Heard {
        let key = match &event {
            Event::Key(key) => match key.code {
                KeyCode::Char(letter) => Some((letter, key.modifiers - KeyModifiers::SHIFT)),
                _ => None,
            },
            _ => None,
        };
        let open = self.0.take();
        let (Some((mut said, _)), Some((letter, modifiers))) =
            (open.filter(|open| now.duration_since(open.1) < APART), key)
        else {
            return self.begin(event, key, now);
        };
        match (letter, modifiers) {
            ('g', KeyModifiers::CONTROL) | ('\\', KeyModifiers::ALT) => Heard::String(said),
            (letter, KeyModifiers::NONE) => {
                if said.len() < LONGEST {
                    said.push(letter);
                }
                self.0 = Some((said, now));
                Heard::Part
            }
            _ => self.begin(event, key, now),
        }
    }

    /// What an event is that belongs to no string that is being said.
    fn begin(&mut self, event: Event, key: Option<(char, KeyModifiers)>, now: Instant) -> Heard {
        let begins =
            |key: (char, KeyModifiers)| key.1 == KeyModifiers::ALT && BEGIN.contains(key.0);
        if key.is_some_and(begins) {
            self.0 = Some((String::new(), now));
            Heard::Part
        } else {
            Heard::Event(event)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn key(letter: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(letter), modifiers))
    }

    #[test]
    fn a_string_is_heard_whole_and_keys_are_keys() {
        for end in [
            key('\\', KeyModifiers::ALT),
            key('g', KeyModifiers::CONTROL),
        ] {
            let (mut strings, now) = (Strings::default(), Instant::now());
            for letter in [key(' ', KeyModifiers::NONE), end.clone()] {
                assert_eq!(strings.hear(letter.clone(), now), Heard::Event(letter));
            }
            assert_eq!(strings.hear(key(']', KeyModifiers::ALT), now), Heard::Part);
            for letter in "11;rgb:FFFF/ffff/ffff".chars() {
                let shift = if letter == 'F' {
                    KeyModifiers::SHIFT
                } else {
                    KeyModifiers::NONE
                };
                assert_eq!(strings.hear(key(letter, shift), now), Heard::Part);
            }
            let said = "11;rgb:FFFF/ffff/ffff".to_owned();
            assert_eq!(strings.hear(end, now), Heard::String(said));
            let space = key(' ', KeyModifiers::NONE);
            assert_eq!(strings.hear(space.clone(), now), Heard::Event(space));
        }
    }

    #[test]
    fn a_key_after_a_while_or_of_another_kind_is_no_part_of_a_string() {
        let (mut strings, now) = (Strings::default(), Instant::now());
        let quit = key('q', KeyModifiers::NONE);
        let begin = key(']', KeyModifiers::ALT);
        assert_eq!(strings.hear(begin.clone(), now), Heard::Part);
        assert_eq!(strings.hear(quit.clone(), now + APART), Heard::Event(quit));
        assert_eq!(strings.hear(begin, now), Heard::Part);
        let up = Event::Key(KeyEvent::from(KeyCode::Up));
        assert_eq!(strings.hear(up.clone(), now), Heard::Event(up));
    }
}
