//! `metrics.csv` as it was written, or as somebody has changed it.

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

    pub(crate) fn column(&self, at: usize) -> Vec<(f64, f64)> {
        self.rows.iter().map(|row| (row[0], row[at])).collect()
    }

    /// The number of a column.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }
}
