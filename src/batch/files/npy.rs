//! `.npy` files of float64: version 1.0, C order, little-endian.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use npyz::WriterBuilder;

/// An array on its way to a file, row by row; its shape is known from the start.
pub(crate) struct ArrayFile {
    writer: npyz::NpyWriter<f64, BufWriter<File>>,
}

impl std::fmt::Debug for ArrayFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArrayFile").finish_non_exhaustive()
    }
}

impl ArrayFile {
    /// Opens the file and writes the header.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn create(path: &Path, shape: &[u64]) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(shape)
            .writer(file)
            .begin_nd()?;
        Ok(Self { writer })
    }

    /// Appends numbers.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn extend(&mut self, values: impl IntoIterator<Item = f64>) -> io::Result<()> {
        self.writer.extend(values)
    }

    /// Completes the file; wrong totals are an error.
    ///
    /// # Errors
    /// The operating system's, and a number of values that does not fit the shape.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.writer.finish()
    }
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
    let shape: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
    let mut file = ArrayFile::create(path, &shape)?;
    file.extend(values)?;
    file.finish()
}
