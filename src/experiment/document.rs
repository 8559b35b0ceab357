//! A TOML document in which every value remembers where it stands, so that an error about it can name file, line and
//! column; files and `--set key=value` on the command line become one tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

/// An error in what the user wrote: where, which key, what is wrong with which value, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{place}{}: {message}{}", key_part(.key.as_deref()), remedy_part(.remedy.as_deref()))]
pub struct InputError {
    /// `file:line:column`, or the command-line argument.
    pub place: String,
    /// The dotted key, where one is concerned.
    pub key: Option<String>,
    /// What is wrong, with the offending value.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

fn key_part(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!(": {key}"))
}

fn remedy_part(remedy: Option<&str>) -> String {
    remedy.map_or_else(String::new, |remedy| format!("\n  help: {remedy}"))
}

/// A text that values come from.
#[derive(Debug, PartialEq)]
pub struct Origin {
    /// File name, preset name or the argument.
    pub name: String,
    /// The folder that relative paths in it start from.
    pub base: PathBuf,
    /// The text, empty for the command line, where a position says nothing.
    text: String,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The text.
    pub origin: Arc<Origin>,
    offset: usize,
}

impl Location {
    /// `file:line:column` (both from 1, the column in characters), or the name alone.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        let Some(before) = self
            .origin
            .text
            .get(..self.offset)
            .filter(|_| !self.origin.text.is_empty())
        else {
            return self.origin.name.clone();
        };
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or(before);
        let column = last.chars().count() + 1;
        format!("{}:{line}:{column}", self.origin.name)
    }

    /// The beginning of a text.
    #[must_use]
    pub(crate) fn start_of(origin: &Arc<Origin>) -> Self {
        Self {
            origin: Arc::clone(origin),
            offset: 0,
        }
    }

    /// An error at this place.
    #[must_use]
    pub(crate) fn error(
        &self,
        key: &str,
        message: impl Into<String>,
        remedy: Option<String>,
    ) -> InputError {
        InputError {
            place: self.place(),
            key: (!key.is_empty()).then(|| key.to_owned()),
            message: message.into(),
            remedy,
        }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place.
    pub at: Location,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// A date or time, which no key takes.
    Date(String),
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Value {
    /// The kind of the value, as an error names it.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// The value as it would be written, shortened.
    #[must_use]
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(flag) => flag.to_string(),
            Self::Date(date) => date.clone(),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Table(_) => "a table".into(),
        }
    }
}

/// Keys with their places, and values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// In alphabetical order, as the parser gives them.
    pub entries: Vec<(String, Location, Node)>,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(name, _, _)| name == key)
            .map(|(_, _, node)| node)
    }
}

/// A whole document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its root.
    pub root: Table,
    /// Its text's origin.
    pub origin: Arc<Origin>,
}

impl Document {
    /// Parses a file's text.
    ///
    /// # Errors
    /// The first syntax error, with its place.
    pub(crate) fn parse(name: &str, base: &Path, text: &str) -> Result<Self, InputError> {
        let origin = Arc::new(Origin {
            name: name.to_owned(),
            base: base.to_owned(),
            text: text.to_owned(),
        });
        let parsed = DeTable::parse(text).map_err(|error| {
            let at = Location {
                origin: Arc::clone(&origin),
                offset: error.span().map_or(0, |span| span.start),
            };
            at.error("", format!("this is not TOML: {}", error.message()), None)
        })?;
        let root = table(parsed.get_ref(), &origin)?;
        Ok(Self { root, origin })
    }

    /// Applies `key=value`, with a dotted key; the value is TOML, or else a plain string.
    ///
    /// # Errors
    /// When the argument has no `=` or its key goes through something that is not a table.
    pub(crate) fn set(&mut self, assignment: &str) -> Result<(), InputError> {
        let origin = Arc::new(Origin {
            name: format!("--set {assignment}"),
            base: PathBuf::new(),
            text: String::new(),
        });
        let at = Location {
            origin: Arc::clone(&origin),
            offset: 0,
        };
        let Some((key, text)) = assignment.split_once('=') else {
            let remedy = Some("write --set key=value, such as --set tokens.count=128".into());
            return Err(at.error("", "there is no '=' in it", remedy));
        };
        let text = text.trim();
        let value = match DeValue::parse(text) {
            Ok(parsed) => node_value(parsed.get_ref(), &origin, &at)?,
            Err(_) => Value::Text(text.to_owned()),
        };
        let key = key.trim();
        let key = super::keys::full_key(key).map_err(|fits| {
            let remedy = Some(format!("write one of {}", fits.join(", ")));
            at.error(key, "this key is not unique", remedy)
        })?;
        let path: Vec<&str> = key.split('.').collect();
        insert(&mut self.root, &path, &key, Node { value, at })
    }
}

fn insert(table: &mut Table, path: &[&str], key: &str, node: Node) -> Result<(), InputError> {
    let (first, rest) = (path[0], &path[1..]);
    let existing = table.entries.iter_mut().find(|(name, _, _)| name == first);
    if rest.is_empty() {
        match existing {
            Some((_, at, old)) => (*at, *old) = (node.at.clone(), node),
            None => table
                .entries
                .push((first.to_owned(), node.at.clone(), node)),
        }
        return Ok(());
    }
    if let Some((_, _, old)) = existing {
        return match &mut old.value {
            Value::Table(inner) => insert(inner, rest, key, node),
            other => {
                let message = format!("`{first}` is {}, which has no keys", other.kind());
                Err(node.at.error(key, message, None))
            }
        };
    }
    let at = node.at.clone();
    let mut inner = Table::default();
    insert(&mut inner, rest, key, node)?;
    table.entries.push((
        first.to_owned(),
        at.clone(),
        Node {
            value: Value::Table(inner),
            at,
        },
    ));
    Ok(())
}

fn table(parsed: &DeTable, origin: &Arc<Origin>) -> Result<Table, InputError> {
    let mut entries = Vec::with_capacity(parsed.len());
    for (key, value) in parsed {
        let at = |offset: usize| Location {
            origin: Arc::clone(origin),
            offset,
        };
        let node_at = at(value.span().start);
        let node = Node {
            value: node_value(value.get_ref(), origin, &node_at)?,
            at: node_at,
        };
        entries.push((key.get_ref().to_string(), at(key.span().start), node));
    }
    Ok(Table { entries })
}

fn node_value(parsed: &DeValue, origin: &Arc<Origin>, at: &Location) -> Result<Value, InputError> {
    Ok(match parsed {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            let parsed = i64::from_str_radix(digits, number.radix());
            Value::Integer(parsed.map_err(|_| {
                let remedy = Some("whole numbers go up to 9223372036854775807; where a key takes fractions, write an exponent, as in 1e30".into());
                at.error("", format!("{digits} does not fit into 64 bits"), remedy)
            })?)
        }
        DeValue::Float(number) => {
            let digits = number.as_str();
            Value::Float(
                digits
                    .parse()
                    .map_err(|_| at.error("", format!("{digits} is not a number"), None))?,
            )
        }
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| {
                    let at = Location {
                        origin: Arc::clone(origin),
                        offset: item.span().start,
                    };
                    Ok(Node {
                        value: node_value(item.get_ref(), origin, &at)?,
                        at,
                    })
                })
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(inner) => Value::Table(table(inner, origin)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_line_and_column() {
        let text = "title = \"a\"\n[tokens]\n  count = 12\n";
        let document = Document::parse("x.toml", Path::new(""), text).unwrap();
        let Value::Table(tokens) = &document.root.get("tokens").unwrap().value else {
            panic!()
        };
        assert_eq!(tokens.get("count").unwrap().at.place(), "x.toml:3:11");
        assert_eq!(tokens.entries[0].1.place(), "x.toml:3:3");
    }

    #[test]
    fn syntax_errors_have_a_place() {
        let error = Document::parse("x.toml", Path::new(""), "a = 1\nb = = 2\n").unwrap_err();
        assert!(error.place.starts_with("x.toml:2:"), "{error}");
    }

    #[test]
    fn settings_override_and_create_keys_and_bare_words_are_strings() {
        let mut document =
            Document::parse("x.toml", Path::new(""), "[tokens]\ncount = 1\n").unwrap();
        document.set("tokens.count = 5").unwrap();
        document.set("attention.normalisation=none").unwrap();
        document
            .set("field.initial={ from = \"empirical\" }")
            .unwrap();
        let Value::Table(tokens) = &document.root.get("tokens").unwrap().value else {
            panic!()
        };
        assert_eq!(tokens.get("count").unwrap().value, Value::Integer(5));
        let Value::Table(attention) = &document.root.get("attention").unwrap().value else {
            panic!()
        };
        assert_eq!(
            attention.get("normalisation").unwrap().value,
            Value::Text("none".into())
        );
        assert!(
            document
                .set("tokens.count.x=1")
                .unwrap_err()
                .to_string()
                .contains("has no keys")
        );
        assert!(document.set("tokens.count").is_err());
    }
}
