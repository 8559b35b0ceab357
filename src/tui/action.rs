//! What can be done, one row each: the key map, the hints, the help and a test are made from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keepsake::Keepsake;

/// Everything a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start the preset of this digit, counted from 0.
    Preset(usize),
    /// Stop or go on.
    Pause,
    /// One recorded frame.
    Step,
    /// Back by a frame.
    Earlier,
    /// Back to what happened before.
    MarkBefore,
    /// On to what happened after.
    MarkAfter,
    /// A new run from the frame on show.
    Branch,
    /// The run as a ghost to compare others with.
    Pin,
    /// The parameter above, or up in a list.
    Up,
    /// The parameter below, or down in a list.
    Down,
    /// Less of the chosen parameter.
    Less,
    /// More of it.
    More,
    /// Much less of it.
    MuchLess,
    /// Much more of it.
    MuchMore,
    /// Slower.
    Slower,
    /// Faster.
    Faster,
    /// From the beginning.
    Restart,
    /// From the beginning with another seed.
    NewSeed,
    /// The next page.
    NextPage,
    /// The page before.
    PreviousPage,
    /// The list of presets.
    Presets,
    /// The next or the last point of the sweep's axes that have no side.
    OtherAxes(i32),
    /// All of the sweep, or its quick form.
    Whole,
    /// Write the run to a folder.
    Save,
    /// Write the screen to a file.
    Keep(Keepsake),
    /// Begin or end a recording of the screen.
    Record,
    /// The sphere turned to the west, east, north, south: what is in the middle moves there.
    Turn(Heading),
    /// The sphere as it was seen at first.
    FirstView,
    /// A globe or a map, or for a zonal density its angles or the inner products.
    Picture,
    /// Linear or logarithmic time.
    Time,
    /// Half of the time that plots show, or twice as much.
    Zoom(bool),
    /// Another marker.
    Markers,
    /// Colours for another ground.
    Ground,
    /// One panel in place of the page.
    Enlarge,
    /// Tokens on the density, or the two beside each other.
    Together,
    /// Find anything by its name.
    Palette,
    /// Find a preset.
    Search,
    /// Begin a tour of the first presets, or end it.
    Tour,
    /// A value to the clipboard.
    Copy,
    /// The help.
    Help,
    /// Close what is open.
    Close,
    /// Take what is chosen in a list.
    Confirm,
    /// Draw everything again.
    Redraw,
    /// What the page shows, in words.
    Words,
    /// The first of a list.
    First,
    /// The last of a list.
    Last,
    /// Ten further up a list.
    PageUp,
    /// Ten further down a list.
    PageDown,
    /// Take the last change, restart or preset back.
    Undo,
    /// Back to the shell for a while.
    Suspend,
    /// Leave.
    Quit,
}

/// Where the reader looks next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heading {
    /// To smaller longitudes.
    West,
    /// To larger longitudes.
    East,
    /// Towards the last axis.
    North,
    /// Away from it.
    South,
}

/// A key with Control or without. Shift is part of a letter, and told apart for arrows only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) code: KeyCode,
    pub(crate) control: bool,
    pub(crate) shift: bool,
}

impl Key {
    /// Its name in hints and help.
    #[must_use]
    pub(crate) fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "space".into(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Up => "↑".into(),
            KeyCode::Down => "↓".into(),
            KeyCode::Left => "←".into(),
            KeyCode::Right => "→".into(),
            KeyCode::Tab => "tab".into(),
            KeyCode::BackTab => "shift-tab".into(),
            KeyCode::Esc => "esc".into(),
            KeyCode::Enter => "enter".into(),
            KeyCode::PageUp => "pgup".into(),
            KeyCode::PageDown => "pgdn".into(),
            other => format!("{other:?}").to_lowercase(),
        };
        match (self.control, self.shift) {
            (true, _) => format!("ctrl-{name}"),
            (_, true) => format!("⇧{name}"),
            _ => name,
        }
    }

    pub(crate) fn matches(self, event: KeyEvent) -> bool {
        let letter = matches!(self.code, KeyCode::Char(_) | KeyCode::BackTab);
        event.code == self.code
            && event.modifiers.contains(KeyModifiers::CONTROL) == self.control
            && !event.modifiers.contains(KeyModifiers::ALT)
            && (letter || event.modifiers.contains(KeyModifiers::SHIFT) == self.shift)
    }
}

const fn letter(letter: char) -> Key {
    named(KeyCode::Char(letter))
}

const fn named(code: KeyCode) -> Key {
    Key {
        code,
        control: false,
        shift: false,
    }
}

const fn shift(code: KeyCode) -> Key {
    Key {
        code,
        control: false,
        shift: true,
    }
}

const fn control(letter: char) -> Key {
    Key {
        code: KeyCode::Char(letter),
        control: true,
        shift: false,
    }
}

/// Where an action stands in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// The run.
    Run,
    /// Its parameters.
    Parameters,
    /// What is shown.
    View,
    /// The program.
    Program,
}

impl Group {
    /// All, in the order of the help.
    pub(crate) const ALL: [Self; 4] = [Self::Run, Self::Parameters, Self::View, Self::Program];

    /// Its heading.
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Parameters => "parameters",
            Self::View => "view",
            Self::Program => "program",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What it does; for presets the first of ten.
    pub action: Action,
    /// The keys that do it.
    pub keys: &'static [Key],
    /// Keys and word in the line of hints, if it has a place there.
    pub hint: Option<(&'static str, &'static str)>,
    /// The help's words.
    pub about: &'static str,
    /// The help's heading.
    pub group: Group,
}

const DIGITS: &[Key] = &[
    letter('1'),
    letter('2'),
    letter('3'),
    letter('4'),
    letter('5'),
    letter('6'),
    letter('7'),
    letter('8'),
    letter('9'),
    letter('0'),
];

const fn row(
    action: Action,
    keys: &'static [Key],
    hint: Option<(&'static str, &'static str)>,
    about: &'static str,
    group: Group,
) -> Row {
    Row {
        action,
        keys,
        hint,
        about,
        group,
    }
}

use Group::{Parameters, Program, Run, View};

/// All actions. Hints are shown in this order as far as the window is wide.
#[rustfmt::skip]
pub(crate) static ACTIONS: &[Row] = &[
    row(Action::Pause, &[letter(' ')], Some(("space", "pause")), "pause or go on", Run),
    row(Action::Step, &[letter('.')], Some((".", "step")), "one recorded frame", Run),
    row(Action::Earlier, &[letter(',')], Some((",", "back")), "look back by a frame", Run),
    row(Action::MarkBefore, &[letter('<')], None, "back to the mark before", Run),
    row(Action::MarkAfter, &[letter('>')], None, "on to the next mark", Run),
    row(Action::Branch, &[letter('b')], None, "begin anew from this frame", Run),
    row(Action::Pin, &[letter('P')], None, "pin to compare, or take off", Run),
    row(Action::Down, &[named(KeyCode::Down), letter('j')], None, "next parameter", Parameters),
    row(Action::Up, &[named(KeyCode::Up), letter('k')], None, "previous parameter", Parameters),
    row(Action::More, &[named(KeyCode::Right), letter('l')], Some(("↑↓←→", "change")), "more of it, live", Parameters),
    row(Action::Less, &[named(KeyCode::Left), letter('h')], None, "less of it", Parameters),
    row(Action::MuchMore, &[shift(KeyCode::Right), letter('L')], None, "much more of it", Parameters),
    row(Action::MuchLess, &[shift(KeyCode::Left), letter('H')], None, "much less of it", Parameters),
    row(Action::NextPage, &[named(KeyCode::Tab)], Some(("tab", "page")), "next page", View),
    row(Action::PreviousPage, &[named(KeyCode::BackTab)], None, "previous page", View),
    row(Action::Turn(Heading::West), &[letter('a')], Some(("adzx", "turn")), "turn the sphere west", View),
    row(Action::Turn(Heading::East), &[letter('d')], None, "turn the sphere east", View),
    row(Action::Turn(Heading::North), &[letter('z')], None, "turn the sphere north", View),
    row(Action::Turn(Heading::South), &[letter('x')], None, "turn the sphere south", View),
    row(Action::FirstView, &[letter('v')], None, "the sphere as seen at first", View),
    row(Action::Picture, &[letter('g')], Some(("g", "map")), "globe or map; products", View),
    row(Action::OtherAxes(1), &[letter('}')], None, "sweep: axes without a side", View),
    row(Action::OtherAxes(-1), &[letter('{')], None, "sweep: back", View),
    row(Action::Whole, &[letter('f')], None, "sweep: all of it, or fewer", View),
    row(Action::Palette, &[letter(':')], Some((":", "find, set")), "find and set anything", Program),
    row(Action::Search, &[letter('/')], None, "find a preset", Program),
    row(Action::Tour, &[letter('D')], None, "a tour of the presets on the digits", Program),
    row(Action::Copy, &[letter('y')], None, "copy the chosen value", View),
    row(Action::Help, &[letter('?')], Some(("?", "help")), "this help", Program),
    row(Action::Quit, &[letter('q'), control('c')], Some(("q", "quit")), "quit", Program),
    row(Action::Preset(0), DIGITS, Some(("0–9", "value")), "type the value; in the list start", Run),
    row(Action::Undo, &[letter('u')], Some(("u", "undo")), "undo change, restart, preset", Run),
    row(Action::Presets, &[letter('p')], Some(("p", "list")), "list of presets", Run),
    row(Action::Restart, &[letter('r')], Some(("r", "restart")), "restart, same parameters", Run),
    row(Action::NewSeed, &[letter('n')], Some(("n", "seed")), "restart with a new seed", Run),
    row(Action::Slower, &[letter('[')], Some(("[ ]", "speed")), "half the speed", Run),
    row(Action::Faster, &[letter(']')], None, "twice the speed", Run),
    row(Action::Save, &[letter('s')], Some(("s", "save")), "save run or sweep, with a report", Program),
    row(Action::Keep(Keepsake::Picture), &[letter('S')], None, "the screen as a picture (SVG)", Program),
    row(Action::Keep(Keepsake::Text), &[letter('w')], None, "the screen as text and ANSI", Program),
    row(Action::Record, &[letter('R')], None, "record as an asciicast, or end", Program),
    row(Action::Time, &[letter('t')], None, "linear or logarithmic time", Run),
    row(Action::Zoom(true), &[letter('+'), letter('=')], Some(("+ −", "zoom")), "half the time on the plots", View),
    row(Action::Zoom(false), &[letter('-')], None, "twice the time on the plots", View),
    row(Action::Markers, &[letter('m')], Some(("m", "marker")), "other markers for dots", View),
    row(Action::Enlarge, &[letter('e')], Some(("e", "enlarge")), "one panel, the next, all", View),
    row(Action::Together, &[letter('o')], Some(("o", "one picture")), "tokens on density, or beside", View),
    row(Action::Ground, &[letter('T')], None, "dark, light, high contrast", View),
    row(Action::Words, &[letter('i')], Some(("i", "what is this")), "the page in words", View),
    row(Action::First, &[named(KeyCode::Home)], None, "first frame, first of a list", View),
    row(Action::Last, &[named(KeyCode::End), letter('G')], None, "back to the run, last of a list", View),
    row(Action::PageUp, &[named(KeyCode::PageUp)], None, "ten up a list", View),
    row(Action::PageDown, &[named(KeyCode::PageDown)], None, "ten down a list", View),
    row(Action::Close, &[named(KeyCode::Esc)], None, "close, back to the run", View),
    row(Action::Confirm, &[named(KeyCode::Enter)], None, "take value, start preset", View),
    row(Action::Redraw, &[control('l')], None, "draw everything again", View),
    row(Action::Suspend, &[control('z')], None, "to the shell; fg is back", Program),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let keys: Vec<Key> = ACTIONS
            .iter()
            .flat_map(|row| row.keys.iter().copied())
            .collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{}", key.name());
        }
    }

    #[test]
    fn every_action_has_one_row_and_is_explained() {
        for (index, row) in ACTIONS.iter().enumerate() {
            assert!(
                ACTIONS[index + 1..]
                    .iter()
                    .all(|other| other.action != row.action)
            );
            assert!(!row.about.is_empty() && !row.keys.is_empty());
        }
    }

    #[test]
    fn keys_mean_what_the_table_says() {
        let map = super::super::keymap::KeyMap::default();
        let press = |code, modifiers| map.action(KeyEvent::new(code, modifiers));
        assert_eq!(
            press(KeyCode::Char('3'), KeyModifiers::NONE),
            Some(Action::Preset(2))
        );
        assert_eq!(
            press(KeyCode::Char('0'), KeyModifiers::NONE),
            Some(Action::Preset(9))
        );
        assert_eq!(
            press(KeyCode::Char('H'), KeyModifiers::SHIFT),
            Some(Action::MuchLess)
        );
        assert_eq!(
            press(KeyCode::Left, KeyModifiers::SHIFT),
            Some(Action::MuchLess)
        );
        assert_eq!(press(KeyCode::Left, KeyModifiers::NONE), Some(Action::Less));
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Action::Quit)
        );
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(
            press(KeyCode::BackTab, KeyModifiers::SHIFT),
            Some(Action::PreviousPage)
        );
    }
}
