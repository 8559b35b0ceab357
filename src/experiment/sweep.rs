//! What `[sweep]` asks: axes along which keys vary, realisations in every cell, what is measured and how it is summed up. The runs themselves
//! are in [`crate::sweep`].

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::document::Document;

/// Most cells of a sweep.
pub(crate) const MOST_CELLS: usize = 10_000_000;
/// Most axes, beside that of the frames.
pub(crate) const MOST_AXES: usize = 4;

/// `[sweep]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepSpec {
    /// R, independent runs a cell.
    pub realisations: u64,
    /// Columns of `metrics.csv`.
    pub observables: Vec<String>,
    /// What is kept of the realisations.
    pub statistics: Vec<Statistic>,
    /// Which frames of a run are kept.
    pub frames: Frames,
    /// The share of the frames, the last ones, that [`Frames::Average`] averages over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// What `--quick` makes of it.
    pub quick: Quick,
    /// The axes, none to four.
    #[serde(rename = "axis", skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<Axis>,
    /// What was asked, without `[sweep]`: a cell sets its keys here, so that what depends on them by default does so in every cell.
    #[serde(skip)]
    pub document: Asked,
}

/// The words in which a sweep was asked. Two that mean the same are equal in whatever words.
#[derive(Clone)]
pub struct Asked(pub Arc<Document>);

impl PartialEq for Asked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What is kept of the realisations of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The standard error of the mean.
    StandardError,
    /// The quantiles 0.05, 0.25, 0.5, 0.75, 0.95.
    Quantiles,
}

impl Statistic {
    /// All by name.
    pub const NAMES: &[(&str, Self)] = &[
        ("mean", Self::Mean),
        ("standard_error", Self::StandardError),
        ("quantiles", Self::Quantiles),
    ];
}

/// Which frames of a run are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frames {
    /// All: time is the last axis.
    All,
    /// The last one.
    Last,
    /// The mean over the last ones.
    Average,
}

impl Frames {
    /// All by name.
    pub const NAMES: &[(&str, Self)] = &[
        ("all", Self::All),
        ("last", Self::Last),
        ("average", Self::Average),
    ];
}

/// `[sweep.quick]`: the same in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quick {
    /// Realisations at most.
    pub realisations: u64,
    /// Points of an axis at most: of a range as many over the same range, of a list the first ones.
    pub points: usize,
}

/// The value of a key at a point of an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A word.
    Text(String),
    /// true or false.
    Flag(bool),
}

impl Setting {
    /// As TOML.
    #[must_use]
    pub(crate) fn written(&self) -> String {
        match self {
            // whole numbers as such: a count takes no other, and every key that takes a fraction takes them too
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                format!("{number:.0}")
            }
            Self::Number(number) => format!("{number:e}"),
            Self::Whole(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => toml::Value::String(text.clone()).to_string(),
        }
    }

    /// For people, and in tables: a number in full, a word as it is.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Number(number) => format!("{number}"),
            Self::Text(text) => text.clone(),
            other => other.written(),
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Whole(number) => Some(*number as f64),
            Self::Text(_) | Self::Flag(_) => None,
        }
    }
}

/// An axis: one key, or several that move together.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The dotted keys.
    pub keys: Vec<String>,
    /// Their values.
    pub points: Points,
}

/// The points of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Points {
    /// Equally spaced values, or equal ratios, of one key.
    Range {
        /// The first.
        from: f64,
        /// The last.
        to: f64,
        /// How many.
        points: usize,
        /// Whether ratios are equal.
        log: bool,
    },
    /// A value of every key, point by point.
    Values(Vec<Vec<Setting>>),
}

impl Axis {
    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.points {
            Points::Range { points, .. } => *points,
            Points::Values(list) => list.len(),
        }
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of the keys at a point.
    #[must_use]
    pub fn settings(&self, point: usize) -> Vec<Setting> {
        match &self.points {
            Points::Values(list) => list[point].clone(),
            &Points::Range {
                from,
                to,
                points,
                log,
            } => {
                let share = point as f64 / (points - 1).max(1) as f64;
                let value = match point {
                    // the ends as they are written
                    _ if point + 1 == points && points > 1 => to,
                    0 => from,
                    _ if log => from * (to / from).powf(share),
                    _ => from + (to - from) * share,
                };
                vec![Setting::Number(value)]
            }
        }
    }

    /// Where a point lies on a picture: the number of the first key, or its place in the list.
    #[must_use]
    pub fn place(&self, point: usize) -> f64 {
        let first = self.settings(point).first().and_then(Setting::number);
        first.unwrap_or(point as f64)
    }

    /// The name of the axis.
    #[must_use]
    pub fn name(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    /// Whether equal ratios are equally far apart on it.
    #[must_use]
    pub fn is_log(&self) -> bool {
        match &self.points {
            Points::Range { log, .. } => *log,
            Points::Values(_) => {
                // a list whose steps grow with its values: 64, 128, 256 …
                let places: Vec<f64> = (0..self.len()).map(|j| self.place(j)).collect();
                let positive = places.iter().all(|x| *x > 0.0);
                let grows = |w: &[f64]| (w[1] - w[0]) > 1.2 * (w[0] - w[0].min(0.0)).abs() * 0.5;
                let steps: Vec<f64> = places.windows(2).map(|w| w[1] - w[0]).collect();
                positive
                    && places.len() > 2
                    && places.windows(2).all(grows)
                    && steps.windows(2).all(|s| s[1] > 1.2 * s[0])
            }
        }
    }

    fn quick(&self, most: usize) -> Self {
        let points = match &self.points {
            &Points::Range {
                from,
                to,
                points,
                log,
            } => Points::Range {
                from,
                to,
                points: points.min(most),
                log,
            },
            Points::Values(list) => Points::Values(list.iter().take(most).cloned().collect()),
        };
        Self {
            keys: self.keys.clone(),
            points,
        }
    }
}

/// An axis as it is written.
#[derive(Serialize)]
struct WrittenAxis<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spacing: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<toml::Value>,
}

impl Serialize for Axis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let single = self.keys.len() == 1;
        let mut written = WrittenAxis {
            key: single.then(|| self.name()),
            keys: (!single).then_some(&self.keys),
            from: None,
            to: None,
            points: None,
            spacing: None,
            values: None,
        };
        match &self.points {
            Points::Range {
                from,
                to,
                points,
                log,
            } => {
                (written.from, written.to, written.points) =
                    (Some(*from), Some(*to), Some(*points));
                written.spacing = log.then_some("log");
            }
            Points::Values(list) => {
                let value = |setting: &Setting| match setting {
                    Setting::Whole(number) => toml::Value::Integer(*number),
                    Setting::Number(number) => toml::Value::Float(*number),
                    Setting::Text(text) => toml::Value::String(text.clone()),
                    Setting::Flag(flag) => toml::Value::Boolean(*flag),
                };
                let point = |settings: &Vec<Setting>| match settings.as_slice() {
                    [one] if single => value(one),
                    all => toml::Value::Array(all.iter().map(value).collect()),
                };
                written.values = Some(toml::Value::Array(list.iter().map(point).collect()));
            }
        }
        written.serialize(serializer)
    }
}

impl SweepSpec {
    /// The number of points of every axis.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(Axis::len).collect()
    }

    /// How many cells there are: one without an axis.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.shape().iter().product()
    }

    /// The cell at these points of the axes; an axis without one is at its first.
    #[must_use]
    pub fn cell(&self, points: &[usize]) -> usize {
        let at = |axis: usize| points.get(axis).copied().unwrap_or(0);
        let axes = self.axes.iter().enumerate();
        axes.fold(0, |cell, (j, axis)| cell * axis.len() + at(j))
    }

    /// The point of every axis at a cell; the last axis runs fastest.
    #[must_use]
    pub fn index(&self, cell: usize) -> Vec<usize> {
        let mut rest = cell;
        let mut index: Vec<usize> = (self.axes.iter().rev())
            .map(|axis| {
                let point = rest % axis.len();
                rest /= axis.len();
                point
            })
            .collect();
        index.reverse();
        index
    }

    /// The same with fewer realisations and points: seconds in place of minutes.
    #[must_use]
    pub fn quickly(&self) -> Self {
        Self {
            realisations: self.realisations.min(self.quick.realisations),
            axes: (self.axes.iter())
                .map(|axis| axis.quick(self.quick.points))
                .collect(),
            ..self.clone()
        }
    }

    /// What a cell sets, key by key.
    #[must_use]
    pub fn settings(&self, cell: usize) -> Vec<(String, Setting)> {
        let index = self.index(cell);
        (self.axes.iter().zip(index))
            .flat_map(|(axis, point)| axis.keys.iter().cloned().zip(axis.settings(point)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: f64, to: f64, points: usize, log: bool) -> Axis {
        Axis {
            keys: vec!["attention.beta".into()],
            points: Points::Range {
                from,
                to,
                points,
                log,
            },
        }
    }

    #[test]
    fn ranges_end_where_they_say_and_are_spaced_as_they_say() {
        let linear = range(0.1, 9.0, 90, false);
        assert!((linear.place(0) - 0.1).abs() < f64::EPSILON);
        assert!((linear.place(89) - 9.0).abs() < f64::EPSILON);
        assert!((linear.place(39) - 4.0).abs() < 1e-12);
        let log = range(1e-2, 1e2, 5, true);
        for (point, expected) in [1e-2, 1e-1, 1.0, 1e1, 1e2].into_iter().enumerate() {
            assert!((log.place(point) / expected - 1.0).abs() < 1e-13);
        }
        assert!((range(3.0, 5.0, 1, false).place(0) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn whole_numbers_are_written_as_such_and_words_quoted() {
        assert_eq!(Setting::Number(128.0).written(), "128");
        assert_eq!(Setting::Number(0.5).written(), "5e-1");
        assert_eq!(Setting::Text("none".into()).written(), "\"none\"");
        assert_eq!(Setting::Number(0.1).label(), "0.1");
    }

    #[test]
    fn a_list_of_doubling_numbers_lies_on_a_logarithmic_axis() {
        let list = |values: &[i64]| Axis {
            keys: vec!["tokens.count".into()],
            points: Points::Values(values.iter().map(|v| vec![Setting::Whole(*v)]).collect()),
        };
        assert!(list(&[64, 128, 256, 512]).is_log());
        assert!(!list(&[64, 128, 192, 256]).is_log());
        assert!(!list(&[2, 4]).is_log());
    }
}
