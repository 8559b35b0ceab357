//! Reading points and directions: listed, as axes, or from files. Only the direction of a point on the sphere counts.

use crate::experiment::arrays::FileError;
use crate::experiment::document::{InputError, Node, Value};
use crate::experiment::section::Section;
use crate::measure::{Law, Particles};
use crate::sphere::geometry::measure;

/// `points = [[1.0, 0.0], …]`, on the circle also angles; in ℝ^d as they are.
pub(super) fn points(table: &Section, dimension: usize, flat: bool) -> Result<Law, InputError> {
    let Some(node) = table.get("points") else {
        return table.missing("points", "[[1.0, 0.0], [0.0, 1.0]]");
    };
    let Value::Array(items) = &node.value else {
        return table.wrong("points", node, "a list of directions");
    };
    if items.is_empty() {
        return table.wrong("points", node, "at least one direction");
    }
    let vector = |item: &Node| match &item.value {
        Value::Array(entries) if flat => {
            let numbers = entries
                .iter()
                .map(|entry| table.number_in("points", entry, f64::MIN..=f64::MAX))
                .collect::<Result<Vec<f64>, _>>()?;
            if numbers.len() == dimension {
                return Ok(numbers);
            }
            let message = format!("{} components", numbers.len());
            let remedy = Some(format!("give {dimension} numbers"));
            Err(item.at.error(&table.key("points"), message, remedy))
        }
        _ => unit_vector(table, "points", item, dimension),
    };
    let points = items.iter().map(vector).collect::<Result<Vec<_>, _>>()?;
    Ok(Law::Points { points })
}

/// A unit vector: d numbers, on the circle also an angle; the last axis by default.
pub(super) fn direction(
    table: &Section,
    key: &str,
    dimension: usize,
) -> Result<Vec<f64>, InputError> {
    let Some(node) = table.get(key) else {
        let mut axis = vec![0.0; dimension];
        axis[dimension - 1] = 1.0;
        return Ok(axis);
    };
    unit_vector(table, key, node, dimension)
}

/// A direction as d numbers that are not all zero, on the circle also as an angle.
pub(super) fn unit_vector(
    table: &Section,
    key: &str,
    node: &Node,
    dimension: usize,
) -> Result<Vec<f64>, InputError> {
    let Value::Array(items) = &node.value else {
        if dimension == 2 {
            let angle = table.number_in(key, node, f64::MIN..=f64::MAX)?;
            return Ok(vec![angle.cos(), angle.sin()]);
        }
        return table.wrong(key, node, "a direction, a list of numbers");
    };
    let mut vector = items
        .iter()
        .map(|item| table.number_in(key, item, f64::MIN..=f64::MAX))
        .collect::<Result<Vec<f64>, _>>()?;
    let remedy = Some(format!("give {dimension} numbers that are not all zero"));
    if vector.len() != dimension {
        let message = format!("{} components", vector.len());
        return Err(node.at.error(&table.key(key), message, remedy));
    }
    match unit_to_rounding(&mut vector) {
        Some(_) => Ok(vector),
        None => Err(node
            .at
            .error(&table.key(key), "all components are zero", remedy)),
    }
}

/// Divides a vector by its length, which is returned, unless it is one to rounding: then it stays as it is, so that what was saved is read
/// as the same numbers. None where it has no direction.
fn unit_to_rounding(vector: &mut [f64]) -> Option<f64> {
    let rounding = (vector.len() + 2) as f64 * f64::EPSILON;
    let length = measure(vector)?;
    if length.exponent != 0 || (length.scaled - 1.0).abs() > rounding {
        vector.iter_mut().for_each(|a| *a /= length.scaled);
    }
    Some(length.value())
}

/// Tokens of a file: rows brought to unit length, in ℝ^d (`flat`) as they are.
pub(super) fn file_law(table: &Section, flat: bool) -> Result<Law, InputError> {
    table.only_of_law("file")?;
    let Some(path) = table.text("path")? else {
        return table.missing("path", "\"tokens.npy\"");
    };
    let weights = table.text("weights")?;
    let fail = |key: &str, error: FileError| {
        table
            .place_of(key)
            .error(&table.key(key), error.to_string(), None)
    };
    let rows = table.array("path", path)?;
    if rows.width < 2 {
        return Err(fail(
            "path",
            FileError(format!(
                "{path}: the rows have one number, tokens need d ≥ 2"
            )),
        ));
    }
    let positions = if flat {
        rows.values
    } else {
        unit_rows(table, path, rows.values, rows.width).map_err(|e| fail("path", e))?
    };
    let points = match weights {
        None => Particles::new(rows.width, positions),
        Some(file) => {
            let read = table.array("weights", file)?;
            let count = positions.len() / rows.width;
            if read.values.len() != count {
                let message = format!("{file}: {} weights for {count} tokens", read.values.len());
                return Err(fail("weights", FileError(message)));
            }
            if let Some(row) = read.values.iter().position(|w| *w <= 0.0) {
                let message = format!(
                    "{file}: weight {} is {}, weights are positive",
                    row + 1,
                    read.values[row]
                );
                return Err(fail("weights", FileError(message)));
            }
            Particles::weighted(rows.width, positions, read.values)
        }
    };
    Ok(Law::File {
        path: path.to_owned(),
        weights: weights.map(str::to_owned),
        points,
    })
}

/// Brings rows to unit length; says so when that changed them.
fn unit_rows(
    table: &Section,
    path: &str,
    mut values: Vec<f64>,
    width: usize,
) -> Result<Vec<f64>, FileError> {
    let mut farthest = 0.0_f64;
    for (index, row) in values.chunks_exact_mut(width).enumerate() {
        let Some(length) = unit_to_rounding(row) else {
            return Err(FileError(format!(
                "{path}: row {} has length 0 and points nowhere",
                index + 1
            )));
        };
        farthest = farthest.max((length - 1.0).abs());
    }
    if farthest > 1e-6 {
        table.note(format!("the rows of {path} were brought to unit length (lengths differed from 1 by up to {farthest:.3e})"));
    }
    Ok(values)
}
