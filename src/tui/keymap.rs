//! Which keys do what: the table of actions, and what the reader's configuration says instead. A key that it names is taken from whatever had it.

use crossterm::event::{KeyCode, KeyEvent};

use super::action::{ACTIONS, Action, Key, Row};

/// The reader's own keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyMap {
    own: Vec<(Action, Vec<Key>)>,
}

/// The name of an action in the configuration: "much-more", "turn-west", "zoom-in".
#[must_use]
pub(crate) fn name(action: Action) -> String {
    match action {
        Action::Zoom(true) => return "zoom-in".into(),
        Action::Zoom(false) => return "zoom-out".into(),
        Action::OtherAxes(by) if by > 0 => return "next-axes".into(),
        Action::OtherAxes(_) => return "previous-axes".into(),
        _ => {}
    }
    let mut name = String::new();
    for c in format!("{action:?}").chars() {
        match c {
            'A'..='Z' if name.is_empty() => name.push(c.to_ascii_lowercase()),
            'A'..='Z' => {
                name.push('-');
                name.push(c.to_ascii_lowercase());
            }
            '(' | ')' => {}
            other => name.push(other),
        }
    }
    name
}

/// The rows whose keys may be others: the digits are those of the list.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    ACTIONS
        .iter()
        .filter(|row| !matches!(row.action, Action::Preset(_)))
}

/// The names of keys that are no letters.
const NAMED: [(&str, KeyCode); 14] = [
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("esc", KeyCode::Esc),
    ("enter", KeyCode::Enter),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("delete", KeyCode::Delete),
];

/// A key by its name: "x", "X", "space", "ctrl-x", "shift-left", "f5".
#[must_use]
pub(crate) fn parse(text: &str) -> Option<Key> {
    let (control, rest) = text
        .strip_prefix("ctrl-")
        .map_or((false, text), |rest| (true, rest));
    let (shift, rest) = rest
        .strip_prefix("shift-")
        .map_or((false, rest), |rest| (true, rest));
    let mut letters = rest.chars();
    let code = match (letters.next(), letters.next()) {
        (Some(letter), None) if !letter.is_control() => KeyCode::Char(letter),
        (Some('f'), Some('1'..='9')) => KeyCode::F(rest[1..].parse().ok().filter(|n| *n <= 12)?),
        _ => NAMED.iter().find(|(name, _)| *name == rest)?.1,
    };
    // the shift of a letter is in the letter
    let fits = !shift || !matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    fits.then_some(Key {
        code,
        control,
        shift,
    })
}

/// The name that [`parse`] reads.
#[must_use]
pub(crate) fn written(key: Key) -> String {
    let named = NAMED.iter().find(|(_, code)| *code == key.code);
    let name = match (named, key.code) {
        (Some((name, _)), _) => (*name).to_owned(),
        (None, KeyCode::Char(letter)) => letter.to_string(),
        (None, other) => format!("{other:?}").to_lowercase(),
    };
    let control = if key.control { "ctrl-" } else { "" };
    let shift = if key.shift { "shift-" } else { "" };
    format!("{control}{shift}{name}")
}

impl KeyMap {
    /// The keys of a row: the reader's, or those of the table that the reader gave to nothing else.
    #[must_use]
    pub(crate) fn keys(&self, row: &Row) -> Vec<Key> {
        if let Some((_, keys)) = self.own.iter().find(|(action, _)| *action == row.action) {
            return keys.clone();
        }
        let taken = |key: &&Key| self.own.iter().any(|(_, keys)| keys.contains(key));
        row.keys.iter().filter(|key| !taken(key)).copied().collect()
    }

    /// Whether an action has other keys than in the table.
    #[must_use]
    pub(crate) fn changed(&self, row: &Row) -> bool {
        self.keys(row) != row.keys
    }

    /// What a key asks for.
    #[must_use]
    pub(crate) fn action(&self, event: KeyEvent) -> Option<Action> {
        ACTIONS.iter().find_map(|row| {
            let index = self.keys(row).iter().position(|key| key.matches(event))?;
            Some(match row.action {
                Action::Preset(first) => Action::Preset(first + index),
                action => action,
            })
        })
    }

    /// Gives an action these keys.
    ///
    /// # Errors
    /// A name that is no action's, a key that is none or that another action was given: what is wrong, and the remedy.
    pub(crate) fn set(&mut self, action: &str, keys: &[&str]) -> Result<(), (String, String)> {
        let Some(row) = rows().find(|row| name(row.action) == action) else {
            let names: Vec<String> = rows().map(|row| name(row.action)).collect();
            let near = names
                .iter()
                .min_by_key(|name| strsim::osa_distance(action, name));
            let near = near.map_or_else(String::new, |name| format!("did you mean `{name}`? "));
            let remedy = format!("{near}`metastable config` lists all");
            return Err((format!("there is no action {action:?}"), remedy));
        };
        let mut list = Vec::new();
        for text in keys {
            let Some(key) = parse(text) else {
                let remedy =
                    "write a letter, space, enter, esc, tab, an arrow, ctrl-x, shift-left or f5";
                return Err((format!("{text:?} is no key"), remedy.into()));
            };
            let other = self
                .own
                .iter()
                .find(|(other, keys)| *other != row.action && keys.contains(&key));
            if let Some((other, _)) = other {
                let message = format!("{text:?} is given to {} already", name(*other));
                return Err((message, "choose another key for one of them".into()));
            }
            list.push(key);
        }
        self.own.retain(|(other, _)| *other != row.action);
        self.own.push((row.action, list));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    #[test]
    fn every_action_and_every_key_has_a_name_of_its_own_that_is_read_back() {
        let names: Vec<String> = rows().map(|row| name(row.action)).collect();
        for (index, row) in rows().enumerate() {
            assert!(
                !names[index + 1..].contains(&names[index]),
                "{}",
                names[index]
            );
            for key in row.keys {
                assert_eq!(parse(&written(*key)), Some(*key), "{}", written(*key));
            }
        }
        for name in [
            "pause",
            "much-more",
            "turn-west",
            "zoom-in",
            "next-axes",
            "keep-picture",
        ] {
            assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
        }
        for wrong in ["", "ctrl-", "shift-x", "f13", "spacebar", "xx"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_of_the_readers_is_taken_from_what_had_it() {
        let press = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
        let mut map = KeyMap::default();
        assert_eq!(map.action(press('r')), Some(Action::Restart));
        map.set("pause", &["r", "space"]).unwrap();
        assert_eq!(map.action(press('r')), Some(Action::Pause));
        assert_eq!(map.action(press(' ')), Some(Action::Pause));
        map.set("restart", &["ctrl-r"]).unwrap();
        let control = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL);
        assert_eq!(map.action(control), Some(Action::Restart));
        assert_eq!(map.action(press('3')), Some(Action::Preset(2)));
        for (action, key, wanted) in [
            ("puase", "x", "did you mean `pause`?"),
            ("step", "spce", "write a letter"),
            ("step", "r", "choose another"),
        ] {
            let (message, remedy) = map.set(action, &[key]).unwrap_err();
            assert!(remedy.contains(wanted), "{message}: {remedy}");
        }
    }
}
