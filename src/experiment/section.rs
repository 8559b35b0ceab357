//! Reading one table of a document: known keys, ranges, choices, and what was probably meant by a key that is unknown.

use std::cell::RefCell;

use super::arrays::{self, Rows};
use super::document::{InputError, Location, Node, Table, Value};
use super::keys::{self, Kind};
use super::meant::{closest, suggestion};

/// A table that is being read: known keys, and the way to it.
pub(super) struct Section<'a> {
    pub(super) name: String,
    pub(super) table: &'a Table,
    pub(super) at: Location,
    /// What was substituted while reading, for the reader of the run.
    pub(super) notes: &'a RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    pub(super) fn key(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// A table inside this one.
    pub(super) fn inner(&self, name: String, table: &'a Table, at: &Location) -> Section<'a> {
        Section {
            name,
            table,
            at: at.clone(),
            notes: self.notes,
        }
    }

    /// The array in the file that `key` names, relative to where the key stands; a line that was taken for a header is noted.
    pub(super) fn array(&self, key: &str, path: &str) -> Result<Rows, InputError> {
        let place = self.place_of(key);
        let rows = arrays::read(&place.origin.base.join(path))
            .map_err(|error| place.error(&self.key(key), error.to_string(), None))?;
        if let Some(header) = &rows.header {
            self.note(format!(
                "the first line of {path} was taken for a header: {header}"
            ));
        }
        Ok(rows)
    }

    /// Tells the reader of the run what was substituted.
    pub(super) fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// A refusal of a key, at its place.
    pub(super) fn refuse<T>(
        &self,
        key: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Result<T, InputError> {
        let remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
        Err(self.place_of(key).error(&self.key(key), message, remedy))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key)
    }

    /// Refuses keys that are not in the list.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), InputError> {
        for (name, at, _) in &self.table.entries {
            if !known.contains(&name.as_str()) {
                let remedy = suggestion(name, &self.name, known);
                return Err(at.error(&self.key(name), "there is no such key", Some(remedy)));
            }
        }
        Ok(())
    }

    /// Refuses keys that are not those of a law.
    pub(super) fn only_of_law(&self, law: &str) -> Result<(), InputError> {
        match keys::LAWS.iter().find(|(name, _)| *name == law) {
            Some((_, own)) => self.only(&[&["law"], *own].concat()),
            None => Ok(()),
        }
    }

    pub(super) fn wrong<T>(&self, key: &str, node: &Node, expected: &str) -> Result<T, InputError> {
        let message = format!(
            "{} is {}, expected {expected}",
            node.value.shown(),
            node.value.kind()
        );
        Err(node.at.error(&self.key(key), message, None))
    }

    /// The number of a key, in the range of its row.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, InputError> {
        let range = match keys::row(&self.name, key).map(|row| row.kind) {
            Some(Kind::Number { low, high }) => low..=high,
            // a test reads every row
            _ => f64::MIN..=f64::MAX,
        };
        self.number_within(key, range)
    }

    /// The number of a key of a table that has no rows.
    pub(super) fn number_within(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, InputError> {
        self.get(key)
            .map(|node| self.number_in(key, node, range))
            .transpose()
    }

    pub(super) fn number_in(
        &self,
        key: &str,
        node: &Node,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<f64, InputError> {
        let number = match node.value {
            Value::Float(number) => number,
            Value::Integer(number) => number as f64,
            _ => return self.wrong(key, node, "a number"),
        };
        if number.is_finite() && range.contains(&number) {
            return Ok(number);
        }
        let remedy = keys::must(*range.start(), *range.end());
        Err(node.at.error(
            &self.key(key),
            format!("{} is out of range", shown(number)),
            Some(remedy),
        ))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, InputError> {
        match self.get(key).map(|node| (node, &node.value)) {
            None => Ok(None),
            Some((_, Value::Boolean(flag))) => Ok(Some(*flag)),
            Some((node, _)) => self.wrong(key, node, "true or false"),
        }
    }

    /// The whole number of a key, in the range of its row.
    pub(super) fn whole(&self, key: &str) -> Result<Option<usize>, InputError> {
        let range = match keys::row(&self.name, key).map(|row| row.kind) {
            Some(Kind::Whole { low, high }) => low..=high,
            _ => 0..=i64::MAX,
        };
        self.whole_within(key, range)
    }

    /// The whole number of a key of a table that has no rows, or whose range depends on other keys.
    pub(super) fn whole_within(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<usize>, InputError> {
        Ok(self.integer(key, range)?.map(|number| number as usize))
    }

    pub(super) fn integer(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, InputError> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let Value::Integer(number) = node.value else {
            return self.wrong(key, node, "a whole number");
        };
        if range.contains(&number) {
            return Ok(Some(number));
        }
        let remedy = format!("it must lie between {} and {}", range.start(), range.end());
        Err(node.at.error(
            &self.key(key),
            format!("{number} is out of range"),
            Some(remedy),
        ))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, InputError> {
        match self.get(key) {
            None => Ok(None),
            Some(Node {
                value: Value::Text(text),
                ..
            }) => Ok(Some(text)),
            Some(node) => self.wrong(key, node, "a string"),
        }
    }

    /// One of a list of words, as the value that belongs to it.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, InputError> {
        let (Some(text), Some(node)) = (self.text(key)?, self.get(key)) else {
            return Ok(None);
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let remedy = closest(text, &names);
        Err(node.at.error(
            &self.key(key),
            format!("{text:?} is not known"),
            Some(remedy),
        ))
    }

    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, InputError> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let Value::Array(items) = &node.value else {
            return self.wrong(key, node, "an array of numbers");
        };
        items
            .iter()
            .map(|item| self.number_in(key, item, f64::MIN..=f64::MAX))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The tables of an array of tables; none where the key is not given.
    pub(super) fn tables(&self, key: &str) -> Result<Option<Vec<Section<'a>>>, InputError> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let Value::Array(items) = &node.value else {
            return self.wrong(key, node, &format!("[[{}]] tables", self.key(key)));
        };
        let inner = |item: &'a Node| match &item.value {
            Value::Table(table) => Ok(self.inner(self.key(key), table, &item.at)),
            _ => self.wrong(key, item, "a table"),
        };
        items.iter().map(inner).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Section<'a>>, InputError> {
        match self.get(key) {
            None => Ok(None),
            Some(Node {
                value: Value::Table(table),
                at,
            }) => Ok(Some(self.inner(self.key(key), table, at))),
            Some(node) => self.wrong(key, node, "a table"),
        }
    }

    /// A section; an empty one when it is missing.
    pub(super) fn section(&self, key: &str, empty: &'a Table) -> Result<Section<'a>, InputError> {
        let section = (self.table(key)?).unwrap_or_else(|| self.inner(key.into(), empty, &self.at));
        section.only(&keys::names(key))?;
        Ok(section)
    }

    pub(super) fn missing<T>(&self, key: &str, example: &str) -> Result<T, InputError> {
        let remedy = Some(format!("add `{key} = {example}` to [{}]", self.name));
        Err(self.at.error(&self.key(key), "this key is missing", remedy))
    }

    pub(super) fn place_of(&self, key: &str) -> Location {
        self.get(key)
            .map_or_else(|| self.at.clone(), |node| node.at.clone())
    }
}

/// A number as one would write it.
fn shown(number: f64) -> String {
    if number == 0.0 || !number.is_finite() || (1e-4..1e15).contains(&number.abs()) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}
