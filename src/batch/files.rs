//! The files of a run: `experiment.toml`, `metrics.csv`, `times.npy`, `tokens.npy`, `summary.json`, and `density.npy` with
//! its grid ([`super::density_files`]). They are written to a hidden folder in or beside the one asked for and moved in when all are whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;
use tempfile::TempDir;

use super::density_files::{self, Shown};
use super::summary::Summary;
use crate::dynamics::matrix::MatrixSpec;
use crate::experiment::Experiment;
use crate::experiment::SweepSpec;
use crate::experiment::frequencies::Frequencies;
use crate::measure::Law;
use crate::observe::{OBSERVABLES, products};
use crate::run::tokens::TokenRun;
use crate::snapshot::History;
use crate::snapshot::view::SweepView;

/// Every file that a run may write.
const NAMES: [&str; 17] = [
    "experiment.toml",
    "metrics.csv",
    "summary.json",
    "times.npy",
    "tokens.npy",
    "density.npy",
    "angles.npy",
    "colatitude.npy",
    "longitude.npy",
    "cosine.npy",
    "weights.npy",
    "initial.npy",
    "initial_weights.npy",
    "products.npy",
    "lengths.npy",
    "replay.npy",
    "sweep.csv",
];

/// Whether the folder holds a run, or anything that a run would replace.
#[must_use]
pub fn has_run(folder: &Path) -> bool {
    NAMES.iter().any(|name| folder.join(name).exists())
}

/// An array on its way to a .npy file, row by row; its shape is known from the start.
pub struct ArrayFile {
    writer: npyz::NpyWriter<f64, BufWriter<File>>,
}

impl ArrayFile {
    /// Opens the file and writes the header.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(path: &Path, shape: &[u64]) -> io::Result<Self> {
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
    pub fn extend(&mut self, values: impl IntoIterator<Item = f64>) -> io::Result<()> {
        self.writer.extend(values)
    }

    /// Completes the file; wrong totals are an error.
    ///
    /// # Errors
    /// The operating system's, and a number of values that does not fit the shape.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish()
    }
}

/// The folder being prepared: frames stream into it, and nothing of it is seen until [`Output::complete`].
pub struct Output {
    target: PathBuf,
    staging: TempDir,
    tokens: ArrayFile,
    lengths: Option<ArrayFile>,
    densities: Vec<Option<Shown>>,
}

impl Output {
    /// Prepares an output folder next to `target` for this many frames.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(target: &Path, experiment: &Experiment) -> io::Result<Self> {
        if let Some(name) = NAMES.iter().find(|name| target.join(name).is_dir()) {
            return Err(io::Error::other(format!("{name} in it is a folder")));
        }
        // Inside a folder that is there already: the same file system, and its rights are tried at once.
        let parent = match target.parent() {
            _ if target.is_dir() => target,
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent)?;
        let staging = tempfile::Builder::new()
            .prefix(".metastable-")
            .tempdir_in(parent)?;
        let spec = &experiment.tokens;
        let shape = [
            experiment.time.recorded() as u64,
            spec.count as u64,
            spec.dimension as u64,
        ];
        let tokens = ArrayFile::create(&staging.path().join("tokens.npy"), &shape)?;
        let lengths = (experiment.has_lengths())
            .then(|| ArrayFile::create(&staging.path().join("lengths.npy"), &shape[..2]))
            .transpose()?;
        Ok(Self {
            target: target.to_owned(),
            staging,
            tokens,
            lengths,
            densities: Vec::new(),
        })
    }

    /// Takes a frame: the positions, the lengths where they move, and the density while it is resolved.
    ///
    /// # Errors
    /// The operating system's.
    pub fn frame(&mut self, tokens: &TokenRun, density: Option<Shown>) -> io::Result<()> {
        self.tokens
            .extend(tokens.tokens().positions.iter().copied())?;
        if let (Some(file), Some(lengths)) = (&mut self.lengths, tokens.lengths()) {
            file.extend(lengths.iter().copied())?;
        }
        self.densities.push(density);
        Ok(())
    }

    /// Writes what is left and moves every file into the folder asked for.
    ///
    /// # Errors
    /// The operating system's.
    pub fn complete(
        self,
        experiment: &Experiment,
        history: &History,
        swept: &SweepView,
        summary: &Summary,
    ) -> io::Result<()> {
        let folder = self.staging.path().to_owned();
        let experiment = with_own_tokens(experiment, &folder)?;
        let text = experiment.to_toml().map_err(io::Error::other)?;
        fs::write(folder.join("experiment.toml"), text)?;
        write_metrics(&folder.join("metrics.csv"), history)?;
        write_vector(
            &folder.join("times.npy"),
            history.records().iter().map(|record| record.time),
        )?;
        let bins = products::BINS as u64;
        let shape = [history.records().len() as u64, bins];
        let mut file = ArrayFile::create(&folder.join("products.npy"), &shape)?;
        for record in history.records() {
            file.extend(record.products.iter().map(|v| f64::from(*v)))?;
        }
        file.finish()?;
        if let Some(spec) = &experiment.sweep {
            write_sweep(&folder.join("sweep.csv"), spec, swept)?;
        }
        if let Ok(continuum) = experiment.continuum() {
            density_files::write(&folder, continuum.domain, &self.densities)?;
        }
        let mut json = serde_json::to_string_pretty(summary).map_err(io::Error::other)?;
        json.push('\n');
        fs::write(folder.join("summary.json"), json)?;
        self.tokens.finish()?;
        if let Some(lengths) = self.lengths {
            lengths.finish()?;
        }
        move_in(&folder, &self.target)
    }
}

/// The key, the observable's mean over the last frames, its deviation over them, and what theory says.
fn write_sweep(path: &Path, spec: &SweepSpec, swept: &SweepView) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{},{},deviation", spec.key, spec.observable)?;
    for [x, mean, deviation] in &swept.points {
        writeln!(
            file,
            "{},{},{}",
            Digits(*x),
            Digits(*mean),
            Digits(*deviation)
        )?;
    }
    file.flush()
}

/// Tokens that came from a file are copied beside the experiment, so that the folder alone can be run again.
fn with_own_tokens(experiment: &Experiment, folder: &Path) -> io::Result<Experiment> {
    let mut own = experiment.clone();
    if let Some(replay) = &mut own.tokens.replay {
        let shape = [replay.layers, replay.count, replay.dimension].map(|n| n as u64);
        let mut file = ArrayFile::create(&folder.join("replay.npy"), &shape)?;
        file.extend(replay.values.iter().copied())?;
        file.finish()?;
        replay.path = "replay.npy".into();
    }
    own_matrices(&mut own, folder)?;
    if let Law::File {
        path,
        weights,
        points,
    } = &mut own.tokens.initial
    {
        let shape = [points.count() as u64, points.dimension() as u64];
        let mut file = ArrayFile::create(&folder.join("initial.npy"), &shape)?;
        file.extend(points.positions.iter().copied())?;
        file.finish()?;
        *path = "initial.npy".into();
        if let Some(weights) = weights {
            write_vector(
                &folder.join("initial_weights.npy"),
                points.weights.iter().copied(),
            )?;
            *weights = "initial_weights.npy".into();
        }
    }
    Ok(own)
}

/// Matrices and frequencies that came from files are written out as numbers.
fn own_matrices(own: &mut Experiment, folder: &Path) -> io::Result<()> {
    if let Some(Frequencies::File { values, .. }) = &own.tokens.frequencies {
        own.tokens.frequencies = Some(Frequencies::List(values.clone()));
    }
    let mut count = 0;
    for matrix in own.system.matrices_mut() {
        if let MatrixSpec::File {
            path,
            values,
            columns,
        } = matrix
        {
            let name = format!("matrix_{count}.npy");
            count += 1;
            let shape = [values.len() / *columns, *columns].map(|n| n as u64);
            let mut file = ArrayFile::create(&folder.join(&name), &shape)?;
            file.extend(values.iter().copied())?;
            file.finish()?;
            *path = name;
        }
    }
    Ok(())
}

pub(super) fn write_vector(
    path: &Path,
    values: impl ExactSizeIterator<Item = f64>,
) -> io::Result<()> {
    let mut file = ArrayFile::create(path, &[values.len() as u64])?;
    file.extend(values)?;
    file.finish()
}

/// `t` and one column an observable; every number with the digits that bring it back exactly, `nan` where there is none.
fn write_metrics(path: &Path, history: &History) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "t")?;
    OBSERVABLES
        .iter()
        .try_for_each(|row| write!(file, ",{}", row.name))?;
    writeln!(file)?;
    for record in history.records() {
        write!(file, "{}", Digits(record.time))?;
        record
            .values
            .iter()
            .try_for_each(|value| write!(file, ",{}", Digits(*value)))?;
        writeln!(file)?;
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

/// Moves every file of `folder` into `target`, which is made if need be.
fn move_in(folder: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    // Files of an earlier run that this one does not write would be taken for its own.
    for stale in NAMES {
        if !folder.join(stale).exists() && target.join(stale).exists() {
            fs::remove_file(target.join(stale))?;
        }
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        fs::rename(entry.path(), target.join(entry.file_name()))?;
    }
    Ok(())
}
