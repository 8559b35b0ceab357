//! `.npy` files of float64: version 1.0, C order, little-endian.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::experiment::npy::Head;

/// An array on its way to a file, row by row; its shape is known from the start.
#[derive(Debug)]
pub(crate) struct ArrayFile {
    file: BufWriter<File>,
    /// Numbers that are still to come.
    left: usize,
}

impl ArrayFile {
    /// Opens the file and writes the head.
    ///
    /// # Errors
    /// The operating system's, and a shape whose product is no number.
    pub(crate) fn create(path: &Path, shape: &[usize]) -> io::Result<Self> {
        let head = Head::of(shape);
        let left = head.count().ok_or(io::ErrorKind::InvalidInput)?;
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        file.write_all(&head.bytes())?;
        Ok(Self { file, left })
    }

    /// Appends numbers.
    ///
    /// # Errors
    /// The operating system's, and more numbers than the shape has.
    pub(crate) fn extend(&mut self, values: impl IntoIterator<Item = f64>) -> io::Result<()> {
        for value in values {
            self.left = (self.left.checked_sub(1)).ok_or_else(|| other_than_the_shape(1))?;
            self.file.write_all(&value.to_le_bytes())?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The operating system's, and fewer numbers than the shape has.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.left > 0 {
            return Err(other_than_the_shape(-(self.left as i64)));
        }
        self.file.flush()
    }
}

fn other_than_the_shape(by: i64) -> io::Error {
    io::Error::other(format!("{by:+} numbers beside those of the shape"))
}

/// Writes a whole array at once.
///
/// # Errors
/// The operating system's, and a number of values that does not fit the shape.
pub(crate) fn write(
    path: &Path,
    shape: &[usize],
    values: impl IntoIterator<Item = f64>,
) -> io::Result<()> {
    let mut file = ArrayFile::create(path, shape)?;
    file.extend(values)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_read_by_another_reader_and_has_the_numbers_of_its_shape_or_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let values: Vec<f64> = (0..12).map(|i| 0.1 * f64::from(i) - 0.3).collect();
        write(&path, &[3, 4], values.iter().copied()).unwrap();
        let file = npyz::NpyFile::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(file.shape(), [3, 4]);
        assert_eq!(file.into_vec::<f64>().unwrap(), values);
        for shape in [[3, 3], [3, 5]] {
            assert!(write(&path, &shape, values.iter().copied()).is_err());
        }
        assert!(write(&path, &[usize::MAX, 2], []).is_err());
    }
}
