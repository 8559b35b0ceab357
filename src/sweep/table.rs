//! The tidy table of a sweep: one row a cell, frame and observable.

use std::io::{self, BufWriter, Write};

use super::cell::CellResult;
use super::plan::Plan;
use super::statistics::QUANTILES;

/// A number as other programs read it: with the digits that bring it back exactly, `nan` where there is none.
pub(crate) struct Digits(pub f64);

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

/// Writes the cells that are there, in their order: a column for each key, then
/// `t,observable,mean,standard_error,count,failed,q05,q25,q50,q75,q95`.
///
/// # Errors
/// The operating system's.
pub(crate) fn write(
    plan: &Plan,
    cell: &dyn Fn(usize) -> Option<CellResult>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for key in plan.spec.axes.iter().flat_map(|axis| &axis.keys) {
        write!(out, "{key},")?;
    }
    write!(out, "t,observable,mean,standard_error,count,failed")?;
    for share in QUANTILES {
        write!(out, ",q{:02.0}", 100.0 * share)?;
    }
    writeln!(out)?;
    for number in 0..plan.spec.cells() {
        let Some(result) = cell(number) else {
            continue;
        };
        let settings = plan.spec.settings(number);
        for frame in 0..plan.frames() {
            for (row, series) in plan.rows().zip(&result.series) {
                for (_, setting) in &settings {
                    match setting.number() {
                        Some(value) => write!(out, "{},", Digits(value))?,
                        None => write!(out, "{},", setting.label())?,
                    }
                }
                let time = plan.times().map_or(f64::NAN, |times| times[frame]);
                let error = series
                    .standard_error
                    .get(frame)
                    .copied()
                    .unwrap_or(f64::NAN);
                write!(
                    out,
                    "{},{},{},{},{},{}",
                    Digits(time),
                    row.name,
                    Digits(series.mean[frame]),
                    Digits(error),
                    series.count[frame],
                    result.failed
                )?;
                let quantiles = series
                    .quantiles
                    .get(frame)
                    .copied()
                    .unwrap_or([f64::NAN; 5]);
                (quantiles.iter()).try_for_each(|value| write!(out, ",{}", Digits(*value)))?;
                writeln!(out)?;
            }
        }
    }
    out.flush()
}
