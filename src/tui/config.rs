//! The configuration file: what the dashboard starts with where the command line says nothing, and the reader's keys.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::canvas::Marker;
use super::keymap::{KeyMap, name, rows, written};
use super::pixels::protocol::PictureChoice;
use super::theme::{ColorChoice, ThemeChoice};
use crate::experiment::InputError;
use crate::experiment::document::{Document, Location, Node, Table, Value};
use crate::experiment::presets;

/// What a configuration says; none where it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// `theme`.
    pub theme: Option<ThemeChoice>,
    /// `color`.
    pub color: Option<ColorChoice>,
    /// `marker`.
    pub marker: Option<Marker>,
    /// `pictures`.
    pub pictures: Option<PictureChoice>,
    /// `fps`.
    pub fps: Option<f64>,
    /// `bandwidth`, kilobytes a second.
    pub bandwidth: Option<f64>,
    /// `mouse`.
    pub mouse: Option<bool>,
    /// `[keys]`.
    pub keys: KeyMap,
}

/// A key of the file: its name, what stands in the template, and what it is.
const ROWS: [(&str, &str, &str); 7] = [
    (
        "theme",
        "\"auto\"",
        "auto, dark, light, contrast: what the colours stand on",
    ),
    ("color", "\"auto\"", "auto, truecolor, 256, 16, none"),
    (
        "marker",
        "\"braille\"",
        "braille, half-block, dot, ascii: what curves and points are made of",
    ),
    (
        "pictures",
        "\"auto\"",
        "auto, kitty, iterm2, sixel, none: how maps are sent to terminals that show pixels",
    ),
    ("fps", "30.0", "most pictures a second"),
    (
        "bandwidth",
        "20.0",
        "what the link may carry, in kilobytes a second",
    ),
    ("mouse", "true", "whether the mouse is heard"),
];

/// Where the file lies, whether or not it is there.
#[must_use]
pub fn path() -> Option<PathBuf> {
    presets::user_folder().and_then(|folder| Some(folder.parent()?.join("config.toml")))
}

/// A file with every key as it is if nothing is said.
#[must_use]
pub fn template() -> String {
    let mut text = String::from(
        "# What the dashboard of metastable starts with; take the # away from what is to be other.\n",
    );
    for (name, value, about) in ROWS {
        let _ = writeln!(text, "# {name} = {value}  # {about}");
    }
    text.push_str("\n[keys]\n");
    for row in rows() {
        let keys: Vec<String> = row
            .keys
            .iter()
            .map(|key| format!("{:?}", written(*key)))
            .collect();
        let keys = match keys.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let _ = writeln!(text, "# {} = {keys}  # {}", name(row.action), row.about);
    }
    text
}

/// Reads the file; everything is as if nothing were said where there is none.
///
/// # Errors
/// [`InputError`] for a file that cannot be read, and everything wrong inside it.
pub fn read(path: &Path) -> Result<Config, InputError> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&name, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(InputError {
            place: name,
            key: None,
            message: format!("cannot be read: {error}"),
            remedy: None,
        }),
    }
}

/// Reads a text.
///
/// # Errors
/// [`InputError`] with the place of what is wrong.
pub fn parse(file: &str, text: &str) -> Result<Config, InputError> {
    let document = Document::parse(file, Path::new(""), text)?;
    let mut config = Config::default();
    for (key, at, node) in &document.root.entries {
        match key.as_str() {
            "theme" => config.theme = Some(word(key, node)?),
            "color" => config.color = Some(word(key, node)?),
            "marker" => config.marker = Some(word(key, node)?),
            "pictures" => config.pictures = Some(word(key, node)?),
            "fps" => config.fps = Some(number(key, node, 0.1, 240.0)?),
            "bandwidth" => config.bandwidth = Some(number(key, node, 0.1, 1e6)?),
            "mouse" => match node.value {
                Value::Boolean(heard) => config.mouse = Some(heard),
                _ => return wrong(key, node, "true or false"),
            },
            "keys" => match &node.value {
                Value::Table(table) => keys(table, &mut config.keys)?,
                _ => return wrong(key, node, "a table of actions and keys"),
            },
            _ => return Err(unknown(key, at)),
        }
    }
    Ok(config)
}

fn unknown(key: &str, at: &Location) -> InputError {
    let names = ROWS.iter().map(|row| row.0).chain(["keys"]);
    let near = names.min_by_key(|name| strsim::osa_distance(key, name));
    let remedy = format!(
        "did you mean `{}`? `metastable config` prints all",
        near.unwrap_or("keys")
    );
    at.error(key, "there is no such key", Some(remedy))
}

fn wrong<T>(key: &str, node: &Node, expected: &str) -> Result<T, InputError> {
    let message = format!("{} is expected, and not {}", expected, node.value.shown());
    Err(node.at.error(key, message, None))
}

fn number(key: &str, node: &Node, low: f64, high: f64) -> Result<f64, InputError> {
    let value = match node.value {
        Value::Float(value) => value,
        Value::Integer(value) => value as f64,
        _ => return wrong(key, node, "a number"),
    };
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    wrong(key, node, &format!("a number between {low} and {high}"))
}

fn word<T: ValueEnum>(key: &str, node: &Node) -> Result<T, InputError> {
    let names: Vec<String> = (T::value_variants().iter())
        .filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()))
        .collect();
    let expected = format!("one of {}", names.join(", "));
    match &node.value {
        Value::Text(text) => match T::from_str(text, false) {
            Ok(value) => Ok(value),
            Err(_) => wrong(key, node, &expected),
        },
        _ => wrong(key, node, &expected),
    }
}

fn keys(table: &Table, map: &mut KeyMap) -> Result<(), InputError> {
    for (action, at, node) in &table.entries {
        let dotted = format!("keys.{action}");
        let list: Vec<&str> = match &node.value {
            Value::Text(text) => vec![text],
            Value::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    match &item.value {
                        Value::Text(text) => list.push(text.as_str()),
                        _ => return wrong(&dotted, item, "the name of a key"),
                    }
                }
                list
            }
            _ => return wrong(&dotted, node, "a key or a list of keys"),
        };
        map.set(action, &list).map_err(|(message, remedy)| {
            let no_action = message.starts_with("there is no action");
            let place = if no_action { at } else { &node.at };
            place.error(&dotted, message, Some(remedy))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::ACTIONS;

    #[test]
    fn the_template_read_without_its_marks_is_what_holds_if_nothing_is_said() {
        assert_eq!(parse("c", &template()).unwrap(), Config::default());
        let open: String = template()
            .lines()
            .skip(1)
            .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line)))
            .collect();
        let config = parse("c", &open).unwrap();
        assert_eq!((config.fps, config.mouse), (Some(30.0), Some(true)));
        assert_eq!(config.theme, Some(ThemeChoice::Auto));
        assert!(ACTIONS.iter().all(|row| !config.keys.changed(row)));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_its_value_and_a_remedy() {
        for (text, wanted) in [
            ("them = \"dark\"", "c:1:1: them: there is no such key"),
            (
                "theme = \"pink\"",
                "one of auto, dark, light, contrast is expected, and not \"pink\"",
            ),
            (
                "\nfps = 1000",
                "c:2:7: fps: a number between 0.1 and 240 is expected, and not 1000",
            ),
            ("mouse = 1", "true or false is expected, and not 1"),
            (
                "[keys]\npuase = \"x\"",
                "c:2:1: keys.puase: there is no action \"puase\"",
            ),
            ("[keys]\npause = \"spacebar\"", "\"spacebar\" is no key"),
            (
                "[keys]\npause = \"x\"\nstep = [\"y\", \"x\"]",
                "\"x\" is given to pause already",
            ),
            (
                "[keys]\npause = [1]",
                "the name of a key is expected, and not 1",
            ),
        ] {
            let error = parse("c", text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
