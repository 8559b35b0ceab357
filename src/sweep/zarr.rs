//! A Zarr version 3 hierarchy as xarray reads it without options: groups with consolidated metadata, arrays with named dimensions, one chunk a
//! cell, numbers as they are in memory (little end first). The metadata is one JSON object a node and a chunk is a row of numbers: a library for
//! it (zarrs: 119 crates) would add a quarter to the build of the whole program.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// The type of an array's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// float64, nan where nothing is written.
    Float,
    /// uint64, 0 where nothing is written.
    Count,
    /// uint8, 0 where nothing is written.
    Byte,
}

/// An array: what its metadata says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    /// Its type.
    pub of: Type,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The shape of a chunk.
    pub chunk: Vec<usize>,
    /// The names of its dimensions.
    pub dimensions: Vec<String>,
    /// What else is said of it.
    pub attributes: Value,
}

impl Array {
    fn metadata(&self) -> Value {
        let (name, fill) = match self.of {
            Type::Float => ("float64", json!("NaN")),
            Type::Count => ("uint64", json!(0)),
            Type::Byte => ("uint8", json!(0)),
        };
        let codec = match self.of {
            Type::Byte => json!({"name": "bytes"}),
            Type::Float | Type::Count => {
                json!({"name": "bytes", "configuration": {"endian": "little"}})
            }
        };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill,
            "codecs": [codec],
            "attributes": self.attributes,
            "dimension_names": self.dimensions,
            "storage_transformers": [],
        })
    }
}

/// Where a chunk of an array lies.
pub(crate) fn chunk_path(array: &Path, index: &[usize]) -> PathBuf {
    let mut path = array.join("c");
    path.extend(index.iter().map(ToString::to_string));
    path
}

/// Metadata by path.
pub(crate) type Nodes = BTreeMap<String, Value>;

/// A group with its arrays, whose metadata it holds once more beside that of `nodes` further down: `folder`/zarr.json and one file an array.
/// What it holds, itself first, by path from where the group is `name`.
///
/// # Errors
/// The operating system's.
pub(crate) fn write_group(
    folder: &Path,
    (name, attributes): (&str, &Value),
    arrays: &BTreeMap<String, Array>,
    nodes: Nodes,
    scratch: &Path,
) -> io::Result<Nodes> {
    let mut all = nodes;
    for (name, array) in arrays {
        let metadata = array.metadata();
        let text = serde_json::to_vec_pretty(&metadata)?;
        write_whole(&folder.join(name).join("zarr.json"), &text, scratch)?;
        all.insert(name.clone(), metadata);
    }
    let group = |metadata: &Nodes| {
        json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": attributes,
            "consolidated_metadata": {
                "kind": "inline",
                "must_understand": false,
                "metadata": metadata,
            },
        })
    };
    let text = serde_json::to_vec_pretty(&group(&all))?;
    write_whole(&folder.join("zarr.json"), &text, scratch)?;
    let below = all
        .into_iter()
        .map(|(path, node)| (format!("{name}/{path}"), node));
    Ok(std::iter::once((name.to_owned(), group(&Nodes::new())))
        .chain(below)
        .collect())
}

/// A file to be moved to its place, with the rights of any file: a temporary one is its owner's alone, results are for those who may read
/// the folder.
///
/// # Errors
/// The operating system's.
pub(crate) fn temporary(scratch: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // less what the user's mask takes away
    let rights = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new()
        .permissions(rights)
        .tempfile_in(scratch)
}

/// A file that is there as a whole or not at all: written in `scratch` and moved.
///
/// # Errors
/// The operating system's.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], scratch: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = temporary(scratch)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Numbers as bytes.
pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    values.into_iter().flat_map(f64::to_le_bytes).collect()
}

/// Counts as bytes.
pub(crate) fn counts(values: &[u64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// The numbers of a chunk; none where it is not there or not whole.
pub(crate) fn read_floats(path: &Path, count: usize) -> Option<Vec<f64>> {
    Some(
        words(path, count)?
            .into_iter()
            .map(f64::from_le_bytes)
            .collect(),
    )
}

/// The counts of a chunk.
pub(crate) fn read_counts(path: &Path, count: usize) -> Option<Vec<u64>> {
    Some(
        words(path, count)?
            .into_iter()
            .map(u64::from_le_bytes)
            .collect(),
    )
}

fn words(path: &Path, count: usize) -> Option<Vec<[u8; 8]>> {
    let bytes = fs::read(path).ok()?;
    let (words, rest) = bytes.as_chunks::<8>();
    (words.len() == count && rest.is_empty()).then(|| words.to_vec())
}
