//! The pictures of a run that lies in a folder: the observables of `metrics.csv` against time, those that belong together on one picture.

use super::Figure;
use super::chart::{Chart, Curve, FigureError, Side};
use crate::observe::table::OBSERVABLES;

/// `metrics.csv` as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// Names of its columns.
    pub names: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<f64>>,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// No header with t.
    #[error("its first line names no column t")]
    Header,
    /// A field that is no number.
    #[error("line {line}: {field:?} is no number")]
    Field {
        /// From 1.
        line: usize,
        /// As it stands.
        field: String,
    },
    /// More or fewer fields than columns.
    #[error("line {line} has {found} fields, the first line {expected}")]
    Width {
        /// From 1.
        line: usize,
        /// Fields of the line.
        found: usize,
        /// Columns.
        expected: usize,
    },
}

impl Metrics {
    /// Reads the text of `metrics.csv`; an empty field is a number that is not there.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub fn read(text: &str) -> Result<Self, MetricsError> {
        let mut lines = text.lines().enumerate();
        let header = lines.next().map_or("", |(_, line)| line);
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        if names.first().is_none_or(|name| name != "t") {
            return Err(MetricsError::Header);
        }
        let rows = lines.filter(|(_, line)| !line.is_empty());
        let rows = rows.map(|(at, line)| {
            let row: Result<Vec<f64>, MetricsError> = (line.split(','))
                .map(|field| match field.parse() {
                    Ok(number) => Ok(number),
                    Err(_) if field.is_empty() => Ok(f64::NAN),
                    Err(_) => Err(MetricsError::Field {
                        line: at + 1,
                        field: field.to_owned(),
                    }),
                })
                .collect();
            let row = row?;
            if row.len() == names.len() {
                Ok(row)
            } else {
                Err(MetricsError::Width {
                    line: at + 1,
                    found: row.len(),
                    expected: names.len(),
                })
            }
        });
        Ok(Self {
            rows: rows.collect::<Result<_, _>>()?,
            names,
        })
    }

    fn column(&self, at: usize) -> Vec<(f64, f64)> {
        self.rows.iter().map(|row| (row[0], row[at])).collect()
    }
}

/// What an observable measures, without the side that it measures it on: tokens and field share a picture.
fn subject(name: &str) -> &str {
    ["tokens_", "field_", "reference_", "gaussian_"]
        .iter()
        .find_map(|side| name.strip_prefix(side))
        .unwrap_or(name)
}

/// A picture for everything that is measured and not the same at all times; `log` says that the frames are spaced by ratios.
///
/// # Errors
/// [`FigureError`].
pub fn figures(title: &str, metrics: &Metrics, log: bool) -> Result<Vec<Figure>, FigureError> {
    let known = |name: &&String| OBSERVABLES.iter().any(|row| row.name == **name);
    let mut subjects: Vec<&str> = Vec::new();
    for name in metrics.names.iter().filter(known) {
        let subject = subject(name);
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let times = metrics
        .rows
        .iter()
        .map(|row| row[0])
        .filter(|t| !log || *t > 0.0);
    let across = Side::of("t", times, log);
    let mut list = Vec::new();
    for about in subjects {
        let columns = metrics.names.iter().enumerate();
        let curves: Vec<Curve> = columns
            .filter(|(_, name)| subject(name) == about && known(name))
            .map(|(at, name)| Curve {
                label: name.clone(),
                points: metrics.column(at),
                band: Vec::new(),
                theory: false,
            })
            .filter(|curve| curve.points.iter().any(|p| p.1.is_finite()))
            .collect();
        let values = curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
        let upwards = Side::of(about, values.clone(), false);
        let mut finite = values.filter(|v| v.is_finite());
        let first = finite.next();
        if first.is_none_or(|first| finite.all(|v| (v - first).abs() < 1e-14)) {
            continue;
        }
        let chart = Chart {
            title: format!("{title}: {about}"),
            across: across.clone(),
            upwards,
            heat: None,
            curves,
        };
        list.push(Figure {
            name: about.into(),
            svg: chart.svg()?,
        });
    }
    Ok(list)
}
