//! A side of a picture: what lies along it, its ends, and how its numbers are written.

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// There is no finite number to be drawn.
    #[error("there is no finite number of {0} to be drawn")]
    Empty(String),
    /// The drawing library gave up.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A side of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it shows, with its unit where it has one.
    pub name: String,
    /// Its ends.
    pub ends: (f64, f64),
    /// Whether equal ratios are equally far apart.
    pub log: bool,
    /// Words in place of numbers, at 0, 1, 2 …
    pub words: Vec<String>,
}

impl Side {
    /// Of these numbers, by equal ratios if `log` and all of them allow it.
    #[must_use]
    pub fn of(name: &str, values: impl Iterator<Item = f64> + Clone, log: bool) -> Self {
        let finite = values.filter(|v| v.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        let log = log && low > 0.0;
        let ends = match (low < high, log) {
            (true, _) => (low, high),
            (false, true) => (low / 2.0, 2.0 * low),
            (false, false) => (low - 0.5, low + 0.5),
        };
        Self {
            name: name.into(),
            ends,
            log,
            words: Vec::new(),
        }
    }

    pub(super) fn label(&self, value: f64) -> String {
        let near = value.round();
        match self.words.get(near.max(0.0) as usize) {
            Some(word) if (value - near).abs() < 1e-9 && near >= 0.0 => word.clone(),
            None if self.words.is_empty() => number(value),
            _ => String::new(),
        }
    }
}

/// A number on an axis: as short as it is exact to nine digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.2e}").replace(".00e", "e");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_an_axis_are_short_and_exact() {
        let texts = [0.0, 2.5, 1024.0, 0.1 + 0.2, 1e-6, 2.5e7, -3.0].map(number);
        assert_eq!(texts, ["0", "2.5", "1024", "0.3", "1e-6", "2.50e7", "-3"]);
    }
}
