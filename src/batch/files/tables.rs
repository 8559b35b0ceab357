//! The table `metrics.csv`: a comma between fields, every number with the digits that bring it back exactly, `nan` where there
//! is none.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::observe::OBSERVABLES;
use crate::snapshot::History;
use crate::sweep::table::Digits;

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
