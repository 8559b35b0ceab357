//! Reading tokens and weights from .npy and .csv files, with errors that name file, line and column.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use npyz::{NpyFile, Order};

/// An n×d array in row order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// n·d numbers.
    pub values: Vec<f64>,
    /// d.
    pub width: usize,
}

/// What is wrong with a file; the message names the file and the place in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub String);

/// Reads an n×d array (a list of n numbers counts as n×1). Every number must be finite.
///
/// # Errors
/// [`FileError`] for a missing, malformed, ragged or empty file and for numbers that are not finite.
pub fn read(path: &Path) -> Result<Rows, FileError> {
    let name = path.display();
    let rows = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => read_npy(path)?,
        Some("csv") => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| FileError(format!("cannot read {name}: {e}")))?;
            parse_csv(&name.to_string(), &text)?
        }
        _ => {
            return Err(FileError(format!(
                "{name}: only .npy and .csv files are read"
            )));
        }
    };
    if rows.values.is_empty() {
        return Err(FileError(format!("{name}: there are no numbers in it")));
    }
    if let Some(bad) = rows.values.iter().position(|v| !v.is_finite()) {
        let (row, column) = (bad / rows.width + 1, bad % rows.width + 1);
        return Err(FileError(format!(
            "{name}: row {row}, column {column} is {}",
            rows.values[bad]
        )));
    }
    Ok(rows)
}

fn read_npy(path: &Path) -> Result<Rows, FileError> {
    let fail = |what: String| FileError(format!("{}: {what}", path.display()));
    let file =
        File::open(path).map_err(|e| FileError(format!("cannot read {}: {e}", path.display())))?;
    let npy =
        NpyFile::new(BufReader::new(file)).map_err(|e| fail(format!("not an .npy file: {e}")))?;
    let (shape, order) = (npy.shape().to_vec(), npy.order());
    let (count, width) = match shape.as_slice() {
        [n] => (*n as usize, 1),
        [n, d] => (*n as usize, *d as usize),
        _ => return Err(fail(format!("its shape is {shape:?}, expected n×d"))),
    };
    let values = numbers(npy).map_err(fail)?;
    let values = match order {
        Order::C => values,
        Order::Fortran => (0..count * width)
            .map(|i| values[(i % width) * count + i / width])
            .collect(),
    };
    Ok(Rows { values, width })
}

/// All numbers of an .npy file of float64 or float32, as they stand in it; else what is wrong with it.
pub fn numbers<R: std::io::Read>(npy: NpyFile<R>) -> Result<Vec<f64>, String> {
    let dtype = npy.dtype().descr();
    match npy.try_data::<f64>() {
        Ok(data) => data.collect::<Result<Vec<f64>, _>>(),
        Err(npy) => match npy.try_data::<f32>() {
            Ok(data) => data.map(|v| v.map(f64::from)).collect(),
            Err(_) => return Err(format!("its type is {dtype}, expected float64 or float32")),
        },
    }
    .map_err(|e| format!("cut short: {e}"))
}

/// Numbers separated by commas, semicolons, tabs or spaces; `#` starts a comment; a first line without any number is a
/// header.
fn parse_csv(name: &str, text: &str) -> Result<Rows, FileError> {
    let mut rows = Rows {
        values: Vec::new(),
        width: 0,
    };
    let mut first = true;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = if line.contains([',', ';']) {
            line.split([',', ';']).map(str::trim).collect()
        } else {
            line.split_whitespace().collect()
        };
        let header = first && fields.iter().all(|field| field.parse::<f64>().is_err());
        first = false;
        if header {
            continue;
        }
        if rows.width == 0 {
            rows.width = fields.len();
        }
        if fields.len() != rows.width {
            let (got, expected) = (fields.len(), rows.width);
            return Err(FileError(format!(
                "{name}:{}: {got} numbers where the rows before have {expected}",
                number + 1
            )));
        }
        for (column, field) in fields.iter().enumerate() {
            let place = || format!("{name}:{}, field {}", number + 1, column + 1);
            let value: f64 = field
                .parse()
                .map_err(|_| FileError(format!("{}: `{field}` is not a number", place())))?;
            if !value.is_finite() {
                return Err(FileError(format!(
                    "{}: {value} is not a finite number",
                    place()
                )));
            }
            rows.values.push(value);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_with_or_without_a_header() {
        let expected = Rows {
            values: vec![1.0, 0.0, 0.6, 0.8],
            width: 2,
        };
        assert_eq!(
            parse_csv("a.csv", "x,y\n1,0\n0.6, 0.8\n").unwrap(),
            expected
        );
        assert_eq!(
            parse_csv("a.csv", "# two tokens\n1 0\n\n6e-1 0.8").unwrap(),
            expected
        );
    }

    #[test]
    fn malformed_csv_names_line_and_field() {
        let error = |text| parse_csv("a.csv", text).unwrap_err().to_string();
        assert_eq!(
            error("1,0\n0,one\n"),
            "a.csv:2, field 2: `one` is not a number"
        );
        assert!(error("1,0\n0,1,2\n").contains("a.csv:2: 3 numbers where the rows before have 2"));
        assert!(error("1,0\n0,nan\n").contains("not a finite number"));
    }

    #[test]
    fn npy_files_are_read_in_either_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.npy");
        for order in [Order::C, Order::Fortran] {
            use npyz::WriterBuilder;
            let file = File::create(&path).unwrap();
            let mut writer = npyz::WriteOptions::new()
                .default_dtype()
                .shape(&[2, 3])
                .order(order)
                .writer(file)
                .begin_nd()
                .unwrap();
            writer.extend([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
            writer.finish().unwrap();
            let rows = read(&path).unwrap();
            assert_eq!(rows.width, 3);
            let expected = if order == Order::C {
                [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
            } else {
                [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]
            };
            assert_eq!(rows.values, expected);
        }
        std::fs::write(&path, b"not numpy").unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .to_string()
                .contains("not an .npy file")
        );
        assert!(
            read(&dir.path().join("none.csv"))
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
    }
}
