//! A given model's tokens: an array layers×n×d from a file, shown layer by layer (Fig. 1). Directions are on the sphere, lengths
//! beside them; nothing is computed but what is observed. One array is built in, the tokens of a random transformer
//! (`tests/reference/random_transformer.py`).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::arrays::{self, FileError};
use crate::measure::Particles;
use crate::sphere::geometry::{Length, measure};

/// The array that is built in, by the name under which it is asked for.
const BUILT_IN: (&str, &[u8]) = (
    "builtin:random-transformer",
    include_bytes!("../../presets/random-transformer.npy"),
);

/// The layers of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Where it was read from.
    pub path: String,
    /// Layers.
    pub layers: usize,
    /// n.
    pub count: usize,
    /// d.
    pub dimension: usize,
    /// All numbers, layer by layer, row by row.
    pub values: Arc<Vec<f64>>,
}

impl Serialize for Replay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path)
    }
}

impl Replay {
    /// Reads a .npy file of shape layers×n×d.
    ///
    /// # Errors
    /// [`FileError`] for a missing file, another shape or type, numbers that are not finite, and rows of length 0.
    pub(crate) fn read(name: &str, path: &Path) -> Result<Self, FileError> {
        if name == BUILT_IN.0 {
            return Self::of(name, BUILT_IN.1);
        }
        let file = File::open(path).map_err(|e| FileError(format!("cannot read {name}: {e}")))?;
        Self::of(name, BufReader::new(file))
    }

    fn of(name: &str, source: impl Read) -> Result<Self, FileError> {
        let fail = |what: String| FileError(format!("{name}: {what}"));
        let (head, values) = arrays::npy(name, source)?;
        let shape = &head.shape;
        let [layers, count, dimension] = shape[..] else {
            return Err(fail(format!("its shape is {shape:?}, expected layers×n×d")));
        };
        if head.fortran {
            return Err(fail(
                "it is in Fortran order: save np.ascontiguousarray(x)".into(),
            ));
        }
        if layers < 2 || count < 1 || dimension < 2 {
            return Err(fail(format!(
                "its shape is {shape:?}: at least 2 layers of 1 token in 2 dimensions are needed"
            )));
        }
        for (index, row) in values.chunks_exact(dimension).enumerate() {
            let length = measure(&mut row.to_vec()).map_or(0.0, Length::value);
            if !length.is_finite() || length == 0.0 {
                let (layer, token) = (index / count, index % count);
                return Err(fail(format!(
                    "layer {layer}, token {token} has length {length}, which is not between 0 and the largest number"
                )));
            }
        }
        Ok(Self {
            path: name.to_owned(),
            layers,
            count,
            dimension,
            values: Arc::new(values),
        })
    }

    /// The directions of a layer, and their lengths.
    #[must_use]
    pub(crate) fn layer(&self, index: usize) -> (Particles, Vec<f64>) {
        let size = self.count * self.dimension;
        let start = index.min(self.layers - 1) * size;
        let mut rows = self.values[start..start + size].to_vec();
        let lengths = (rows.chunks_exact_mut(self.dimension))
            .map(|row| {
                // checked when the file was read
                let Some(length) = measure(row) else {
                    return 0.0;
                };
                row.iter_mut().for_each(|a| *a /= length.scaled);
                length.value()
            })
            .collect();
        (Particles::new(self.dimension, rows), lengths)
    }
}
