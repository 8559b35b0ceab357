//! Reading tokens and weights from .npy and .csv files, with errors that name file, line and column.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::npy::Head;

/// An n×d array in row order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    /// n·d numbers.
    pub values: Vec<f64>,
    /// d.
    pub width: usize,
    /// A first line that was taken for a header.
    pub header: Option<String>,
}

/// What is wrong with a file; the message names the file and the place in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FileError(pub String);

/// Reads an n×d array (a list of n numbers counts as n×1). Every number must be finite.
///
/// # Errors
/// [`FileError`] for a missing, malformed, ragged or empty file and for numbers that are not finite.
pub(crate) fn read(path: &Path) -> Result<Rows, FileError> {
    let name = path.display();
    let unreadable = |error| FileError(format!("cannot read {name}: {error}"));
    let rows = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => {
            let file = File::open(path).map_err(unreadable)?;
            npy_rows(&name.to_string(), BufReader::new(file))?
        }
        Some("csv") => {
            let text = std::fs::read_to_string(path).map_err(unreadable)?;
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

fn npy_rows(name: &str, source: impl Read) -> Result<Rows, FileError> {
    let (head, values) = npy(name, source)?;
    let (count, width) = match head.shape[..] {
        [n] => (n, 1),
        [n, d] => (n, d),
        _ => {
            return Err(FileError(format!(
                "{name}: its shape is {:?}, expected n×d",
                head.shape
            )));
        }
    };
    let values = if head.fortran {
        (0..count * width)
            .map(|i| values[(i % width) * count + i / width])
            .collect()
    } else {
        values
    };
    Ok(Rows {
        values,
        width,
        header: None,
    })
}

/// Head and numbers of an .npy file of float64 or float32. The shape is believed only as far as the file goes: nothing is taken
/// from memory for numbers that are not there.
///
/// # Errors
/// [`FileError`] for what is no .npy file, another type, a shape whose product is no number, and a file that is cut short.
pub(crate) fn npy(name: &str, mut source: impl Read) -> Result<(Head, Vec<f64>), FileError> {
    let fail = |what: String| FileError(format!("{name}: {what}"));
    let unreadable = |e| fail(format!("not an .npy file: {e}"));
    let head = Head::read(&mut source).map_err(unreadable)?;
    let shape = &head.shape;
    let Some((wanted, most)) = head.count().and_then(|n| Some((n, n.checked_mul(8)?))) else {
        return Err(fail(format!(
            "its shape {shape:?} is more than any file holds"
        )));
    };
    let Some(float) = head.float() else {
        return Err(fail(format!(
            "its type is {}, expected float64 or float32: save x.astype(\"float64\")",
            head.descr
        )));
    };
    let mut bytes = Vec::new();
    (source.take(most as u64).read_to_end(&mut bytes)).map_err(unreadable)?;
    let numbers = bytes.chunks_exact(float.bytes).take(wanted);
    let values: Vec<f64> = numbers.map(|b| float.number(b)).collect();
    if values.len() != wanted {
        return Err(fail(format!(
            "cut short: {} of the {wanted} numbers of its shape {shape:?}",
            values.len()
        )));
    }
    Ok((head, values))
}

/// Fields that stand for a missing number.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "-", "?"];

/// One dialect of tables. A byte order mark is dropped and `#` starts a note. Where a `;` stands anywhere it alone separates, and a comma in a
/// field is then a decimal comma; else commas separate where there are any in a line, else tabs and spaces. The first line is a header if none
/// of its fields is a number or stands for a missing one.
// long: one pass over the lines, which share the dialect found so far
fn parse_csv(name: &str, text: &str) -> Result<Rows, FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<(usize, &str)> = (text.lines().enumerate())
        .map(|(number, line)| {
            (
                number + 1,
                line.split('#').next().unwrap_or_default().trim(),
            )
        })
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let semicolons = lines.iter().any(|(_, line)| line.contains(';'));
    let mut rows = Rows {
        values: Vec::new(),
        width: 0,
        header: None,
    };
    for (index, (number, line)) in lines.into_iter().enumerate() {
        let fields: Vec<&str> = if semicolons {
            line.split(';').map(str::trim).collect()
        } else if line.contains(',') {
            line.split(',').map(str::trim).collect()
        } else {
            line.split_whitespace().collect()
        };
        let header = |field: &&str| {
            let missing = MISSING.contains(&field.to_lowercase().as_str());
            !missing && decimal(field, semicolons).is_none()
        };
        // a line of names may end in a separator
        let named = fields.iter().rposition(|field| !field.is_empty());
        let names = named.map_or(&[][..], |last| &fields[..=last]);
        if index == 0 && !names.is_empty() && names.iter().all(header) {
            rows.header = Some(line.to_owned());
            continue;
        }
        if rows.width == 0 {
            rows.width = fields.len();
        }
        if fields.len() != rows.width {
            let (got, expected) = (fields.len(), rows.width);
            return Err(FileError(format!(
                "{name}:{number}: {got} numbers where the rows before have {expected}"
            )));
        }
        for (column, field) in fields.iter().enumerate() {
            let place = format!("{name}:{number}, field {}", column + 1);
            let value = decimal(field, semicolons).ok_or_else(|| {
                let comma = if semicolons && field.contains(',') {
                    ": beside semicolons a comma is a decimal comma, and a field has one at most"
                } else {
                    ""
                };
                FileError(format!("{place}: `{field}` is not a number{comma}"))
            })?;
            if !value.is_finite() {
                return Err(FileError(format!(
                    "{place}: {value} is not a finite number"
                )));
            }
            rows.values.push(value);
        }
    }
    Ok(rows)
}

/// A field as a number, with a decimal comma where commas do not separate.
fn decimal(field: &str, commas: bool) -> Option<f64> {
    if commas && field.contains(',') {
        let point = field.replacen(',', ".", 1);
        return (field.matches([',', '.']).count() == 1)
            .then(|| point.parse().ok())
            .flatten();
    }
    field.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_with_or_without_a_header() {
        let expected = Rows {
            values: vec![1.0, 0.0, 0.6, 0.8],
            width: 2,
            header: None,
        };
        let named = parse_csv("a.csv", "x,y\n1,0\n0.6, 0.8\n").unwrap();
        assert_eq!(named.header.as_deref(), Some("x,y"));
        assert_eq!((named.values, named.width), (expected.values.clone(), 2));
        assert_eq!(
            parse_csv("a.csv", "# two tokens\n1 0\n\n6e-1 0.8").unwrap(),
            expected
        );
    }

    #[test]
    fn decimal_commas_byte_order_marks_and_missing_values_are_read_for_what_they_are() {
        let rows = |text| parse_csv("a.csv", text).unwrap();
        let comma = rows("x;y\n1,0;0\n0,6;0,8\n-0,8;0.6\n");
        assert_eq!(comma.width, 2);
        assert_eq!(comma.values, [1.0, 0.0, 0.6, 0.8, -0.8, 0.6]);
        assert_eq!(rows("\u{feff}1,0\n0,1\n"), rows("1,0\n0,1\n"));
        let error = |text| parse_csv("a.csv", text).unwrap_err().to_string();
        assert!(error("NA,NA\n0,1\n").contains("a.csv:1, field 1: `NA` is not a number"));
        assert!(error(",\n0,1\n").contains("a.csv:1, field 1"));
        assert!(error("x,y,\n1,0,\n0,1,\n").contains("a.csv:2, field 3"));
        assert!(error("1.234,5;0\n").contains("a decimal comma"));
        assert!(error("1;2\n0,1\n").contains("1 numbers where the rows before have 2"));
    }

    #[test]
    fn a_table_is_read_as_it_was_written_in_every_dialect() {
        let mut state = 3_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / 2_f64.powi(30) - 1.0
        };
        for (separator, decimal_comma) in [
            (",", false),
            (";", false),
            (";", true),
            ("\t", false),
            (" ", false),
        ] {
            for mark in ["", "\u{feff}"] {
                for header in ["", "# note\n", "alpha;beta;gamma\n", "a,b,c\n"] {
                    if header.contains(if separator == ";" { ',' } else { ';' }) {
                        continue;
                    }
                    let values: Vec<f64> = (0..12).map(|_| random()).collect();
                    let line = |row: &[f64]| {
                        let fields: Vec<String> = (row.iter().map(|v| format!("{v:?}")))
                            .map(|v| {
                                if decimal_comma {
                                    v.replace('.', ",")
                                } else {
                                    v
                                }
                            })
                            .collect();
                        fields.join(separator)
                    };
                    let body: Vec<String> = values.chunks(3).map(line).collect();
                    let text = format!("{mark}{header}{}\r\n", body.join("\r\n"));
                    let read = parse_csv("a.csv", &text).unwrap();
                    assert_eq!((&read.values, read.width), (&values, 3), "{text:?}");
                    assert_eq!(read.header.is_some(), header.contains('a'), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_shape_that_the_file_does_not_hold_is_refused_before_memory_is_taken() {
        let file = |shape: &str| {
            let mut header =
                format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
            header += &" ".repeat(117 - header.len());
            header.push('\n');
            let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            bytes.extend(header.as_bytes());
            bytes.extend([0; 48]);
            bytes
        };
        let read = |shape: &str| npy_rows("x.npy", file(shape).as_slice());
        assert_eq!(read("(3, 2)").unwrap().values.len(), 6);
        for shape in [
            "(3, 6148914691236517206)",
            "(4294967296, 4294967296)",
            "(1000000000000, 2)",
            "(3, 3)",
        ] {
            let error = read(shape).unwrap_err().to_string();
            assert!(error.starts_with("x.npy: "), "{shape}: {error}");
        }
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
        for order in [npyz::Order::C, npyz::Order::Fortran] {
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
            let expected = if order == npyz::Order::C {
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
