//! A document as text again, as it was asked: with its defaults left to whoever reads it.

use std::path::Path;

use super::document::{Document, Table, Value};

/// The keys whose words are paths.
const PATHS: [&str; 2] = ["path", "replay"];

impl Document {
    /// The document as TOML, with paths that hold from everywhere.
    #[must_use]
    pub fn written(&self) -> String {
        let base = std::path::absolute(&self.origin.base);
        let base = base.unwrap_or_else(|_| self.origin.base.clone());
        // a table of tables can always be written
        toml::to_string(&table(&self.root, &base)).unwrap_or_default()
    }
}

fn table(from: &Table, base: &Path) -> toml::Table {
    let is_file = (from.get("law")).is_some_and(|node| node.value == Value::Text("file".into()));
    (from.entries.iter())
        .map(|(key, _, node)| {
            let path = PATHS.contains(&key.as_str()) || is_file && key == "weights";
            let value = match &node.value {
                Value::Text(text) if path => {
                    let place = node.at.origin.base.join(text);
                    let place = if place.is_absolute() {
                        place
                    } else {
                        base.join(text)
                    };
                    toml::Value::String(place.to_string_lossy().into_owned())
                }
                other => value(other, base),
            };
            (key.clone(), value)
        })
        .collect()
}

fn value(from: &Value, base: &Path) -> toml::Value {
    match from {
        Value::Text(text) => toml::Value::String(text.clone()),
        Value::Integer(number) => toml::Value::Integer(*number),
        Value::Float(number) => toml::Value::Float(*number),
        Value::Boolean(flag) => toml::Value::Boolean(*flag),
        Value::Date(date) => toml::Value::String(date.clone()),
        Value::Array(items) => {
            toml::Value::Array(items.iter().map(|item| value(&item.value, base)).collect())
        }
        Value::Table(inner) => toml::Value::Table(table(inner, base)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn a_document_is_written_and_read_back() {
        for preset in presets::list()
            .iter()
            .filter(|preset| preset.path.is_none())
        {
            let document = Document::parse(&preset.name, Path::new(""), &preset.source).unwrap();
            let text = document.written();
            let again = Document::parse(&preset.name, Path::new(""), &text).unwrap();
            assert_eq!(again.written(), text, "{}", preset.name);
        }
    }
}
