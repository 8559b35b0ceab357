//! The tables `metrics.csv` and `sweep.csv`: a comma between fields, every number with the digits that bring it back exactly, `nan` where there
//! is none.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::experiment::SweepSpec;
use crate::observe::OBSERVABLES;
use crate::snapshot::History;
use crate::snapshot::view::Point;

/// `t` and one column an observable.
pub(super) fn metrics(path: &Path, history: &History) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "t")?;
    (OBSERVABLES.iter()).try_for_each(|row| write!(file, ",{}", row.name))?;
    writeln!(file)?;
    for record in history.records() {
        write!(file, "{}", Digits(record.time))?;
        (record.values.iter()).try_for_each(|value| write!(file, ",{}", Digits(*value)))?;
        writeln!(file)?;
    }
    file.flush()
}

/// The key, the observable's mean over the last frames, and its deviation over them.
pub(super) fn sweep(path: &Path, spec: &SweepSpec, points: &[Point]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{},{},deviation", spec.key, spec.observable)?;
    for point in points {
        let [x, mean, deviation] = point.map(Digits);
        writeln!(file, "{x},{mean},{deviation}")?;
    }
    file.flush()
}

/// A number as other programs read it.
struct Digits(f64);

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.0.abs();
        if size.is_nan() {
            f.write_str("nan")
        } else if size == 0.0 || (1e-4..1e15).contains(&size) {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}
