//! The folder of a sweep: what was asked (`experiment.toml`), the results as a Zarr group an observable (`results.zarr`), and a tidy table
//! (`table.csv`) once every cell is there.
//!
//! A cell is there when its byte in `results.zarr/status` is, which is written last; every file appears as a whole. Processes that fill one
//! folder therefore need not know of each other: what two of them write for one cell has the same bits.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::cell::{CellResult, Series};
use super::plan::Plan;
use super::statistics::QUANTILES;
use super::zarr::{self, Array, Type};
use crate::experiment::sweep::Statistic;
use crate::observe::Observable;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It holds something else.
    #[error("{} holds {what}, which is no sweep: choose another folder for --out", .folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        what: String,
    },
    /// It holds another sweep.
    #[error("{} holds another sweep: choose another folder for --out, or run what it holds\n{difference}", .folder.display())]
    Differs {
        /// The folder.
        folder: PathBuf,
        /// Lines that are only there (−) or only asked for (+).
        difference: String,
    },
    /// It holds no sweep.
    #[error("{} holds no sweep: there is no experiment.toml with [sweep] in it", .0.display())]
    Nothing(PathBuf),
    /// The disk refused.
    #[error("cannot use {}: {error}", .folder.display())]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
}

/// A folder that is filled cell by cell.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    scratch: PathBuf,
    plan: Plan,
}

/// The name of the experiment in the folder.
const EXPERIMENT: &str = "experiment.toml";

impl Store {
    /// The folder that holds this sweep, to be read: nothing is written there.
    #[must_use]
    pub fn look(folder: &Path, plan: &Plan) -> Self {
        Self {
            folder: folder.to_owned(),
            scratch: folder.join(".partial"),
            plan: plan.clone(),
        }
    }

    /// The folder for a sweep, made where it is missing, or the one that was begun with the same sweep.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed in a folder that is refused.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self, StoreError> {
        let disk = |error| StoreError::Disk {
            folder: folder.to_owned(),
            error,
        };
        let store = Self::look(folder, plan);
        let asked = format!(
            "# the sweep of this folder, by metastable {}: metastable sweep experiment.toml --out .\n{}",
            env!("CARGO_PKG_VERSION"),
            plan.written()
        );
        if folder.exists() && !folder.join(EXPERIMENT).exists() {
            let mut entries = fs::read_dir(folder).map_err(disk)?;
            let other = entries.find_map(|entry| {
                let name = entry.ok()?.file_name().to_string_lossy().into_owned();
                (name != ".partial").then_some(name)
            });
            if let Some(what) = other {
                return Err(StoreError::NotOurs {
                    folder: folder.to_owned(),
                    what,
                });
            }
        }
        store.compare(&asked)?;
        fs::create_dir_all(&store.scratch).map_err(disk)?;
        store.begin(&asked).map_err(disk)?;
        // somebody else may have begun another one meanwhile
        store.compare(&asked)?;
        store.describe().map_err(disk)?;
        Ok(store)
    }

    /// Whether what is asked is what the folder holds, if it holds something.
    fn compare(&self, asked: &str) -> Result<(), StoreError> {
        let Ok(there) = fs::read_to_string(self.folder.join(EXPERIMENT)) else {
            return Ok(());
        };
        let lines = |text: &str| -> Vec<String> {
            (text.lines())
                .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (old, new) = (lines(&there), lines(asked));
        if old == new {
            return Ok(());
        }
        if !there.contains("[sweep]") {
            return Err(StoreError::NotOurs {
                folder: self.folder.clone(),
                what: "the experiment of a run".into(),
            });
        }
        let gone = old
            .iter()
            .filter(|line| !new.contains(line))
            .map(|line| format!("  - {line}"));
        let come = new
            .iter()
            .filter(|line| !old.contains(line))
            .map(|line| format!("  + {line}"));
        let mut difference: Vec<String> = gone.chain(come).collect();
        if difference.is_empty() {
            difference.push("  the same lines in another order".into());
        }
        Err(StoreError::Differs {
            folder: self.folder.clone(),
            difference: difference.join("\n"),
        })
    }

    /// The experiment, unless somebody else has written it meanwhile.
    fn begin(&self, asked: &str) -> io::Result<()> {
        let path = self.folder.join(EXPERIMENT);
        if path.exists() {
            return Ok(());
        }
        let mut file = zarr::temporary(&self.scratch)?;
        io::Write::write_all(&mut file, asked.as_bytes())?;
        match file.persist_noclobber(&path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn results(&self) -> PathBuf {
        self.folder.join("results.zarr")
    }

    fn dimensions(&self) -> Vec<String> {
        let axes = self
            .plan
            .spec
            .axes
            .iter()
            .map(|axis| axis.name().to_owned());
        axes.chain(self.plan.times().map(|_| "t".to_owned()))
            .collect()
    }

    fn array(&self, of: Type, more: Option<(&str, usize)>, attributes: Value) -> Array {
        let axes = self.plan.spec.shape();
        let mut dimensions = self.dimensions();
        let frames = self.plan.times().map(|_| self.plan.frames());
        let (name, extent) = more.unzip();
        dimensions.extend(name.map(str::to_owned));
        let tail: Vec<usize> = frames.into_iter().chain(extent).collect();
        Array {
            of,
            chunk: axes.iter().map(|_| 1).chain(tail.iter().copied()).collect(),
            shape: axes.into_iter().chain(tail).collect(),
            dimensions,
            attributes,
        }
    }

    /// The metadata of all groups, and the coordinates.
    fn describe(&self) -> io::Result<()> {
        let results = self.results();
        let root = results.join("zarr.json");
        if root.exists() {
            return Ok(());
        }
        let spec = &self.plan.spec;
        let mut nodes = zarr::Nodes::new();
        for row in self.plan.rows() {
            nodes.extend(self.describe_observable(row)?);
        }
        let axes = spec.shape();
        let status = Array {
            of: Type::Byte,
            chunk: vec![1; axes.len()],
            shape: axes,
            dimensions: spec
                .axes
                .iter()
                .map(|axis| axis.name().to_owned())
                .collect(),
            attributes: json!({"flag_meanings": "0 missing, 1 done, 2 done with failures"}),
        };
        let arrays = BTreeMap::from([("status".to_owned(), status)]);
        let about = json!({"title": self.plan.base.title, "program": concat!("metastable ", env!("CARGO_PKG_VERSION"))});
        zarr::write_group(&results, ("", &about), &arrays, nodes, &self.scratch)?;
        Ok(())
    }

    /// The group of an observable: its arrays and coordinates.
    fn describe_observable(&self, row: &Observable) -> io::Result<zarr::Nodes> {
        let spec = &self.plan.spec;
        let folder = self.results().join(row.name);
        let about = json!({"description": row.about, "realisations": spec.realisations});
        let mut arrays = BTreeMap::new();
        arrays.insert(
            "mean".to_owned(),
            self.array(Type::Float, None, about.clone()),
        );
        arrays.insert("count".to_owned(), self.array(Type::Count, None, json!({})));
        if self.plan.keeps(Statistic::StandardError) {
            let array = self.array(Type::Float, None, json!({}));
            arrays.insert("standard_error".to_owned(), array);
        }
        if self.plan.keeps(Statistic::Quantiles) {
            let more = Some(("quantile", QUANTILES.len()));
            arrays.insert(
                "quantiles".to_owned(),
                self.array(Type::Float, more, json!({})),
            );
        }
        for (name, dimension, values, attributes) in self.coordinates() {
            let coordinate = Array {
                of: Type::Float,
                shape: vec![values.len()],
                chunk: vec![values.len()],
                dimensions: vec![dimension],
                attributes,
            };
            let path = zarr::chunk_path(&folder.join(&name), &[0]);
            zarr::write_whole(&path, &zarr::floats(values), &self.scratch)?;
            arrays.insert(name, coordinate);
        }
        let named = (row.name, &about);
        let none = zarr::Nodes::new();
        zarr::write_group(&folder, named, &arrays, none, &self.scratch)
    }

    /// Name, dimension, numbers and remarks of every coordinate; a word is given by its place in the list.
    fn coordinates(&self) -> Vec<(String, String, Vec<f64>, Value)> {
        let mut list = Vec::new();
        for axis in &self.plan.spec.axes {
            let points: Vec<_> = (0..axis.len()).map(|point| axis.settings(point)).collect();
            for (which, key) in axis.keys.iter().enumerate() {
                let numbers: Option<Vec<f64>> = points.iter().map(|p| p[which].number()).collect();
                let labels: Vec<String> = points.iter().map(|p| p[which].label()).collect();
                let (numbers, about) = match numbers {
                    Some(numbers) => (numbers, json!({})),
                    None => (
                        (0..points.len()).map(|j| j as f64).collect(),
                        json!({"values": labels}),
                    ),
                };
                list.push((key.clone(), axis.name().to_owned(), numbers, about));
            }
        }
        if let Some(times) = self.plan.times() {
            list.push(("t".into(), "t".into(), times.to_vec(), json!({})));
        }
        if self.plan.keeps(Statistic::Quantiles) {
            let name = "quantile".to_owned();
            list.push((name.clone(), name, QUANTILES.to_vec(), json!({})));
        }
        list
    }

    /// The chunk of an array at a cell: zero for every dimension beside the axes.
    fn chunk(&self, array: &Path, cell: usize, beside: usize) -> PathBuf {
        let mut index = self.plan.spec.index(cell);
        index.extend(std::iter::repeat_n(0, beside));
        zarr::chunk_path(array, &index)
    }

    /// Whether a cell is there.
    #[must_use]
    pub fn has(&self, cell: usize) -> bool {
        let path = self.chunk(&self.results().join("status"), cell, 0);
        fs::metadata(path).is_ok_and(|found| found.len() == 1)
    }

    /// The cells that are not there.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        (0..self.plan.spec.cells())
            .filter(|cell| !self.has(*cell))
            .collect()
    }

    /// Keeps a cell.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn keep(&self, cell: usize, result: &CellResult) -> Result<(), StoreError> {
        self.write(cell, result).map_err(|error| StoreError::Disk {
            folder: self.folder.clone(),
            error,
        })
    }

    fn write(&self, cell: usize, result: &CellResult) -> io::Result<()> {
        let times = usize::from(self.plan.times().is_some());
        let put = |array: &Path, beside: usize, bytes: Vec<u8>| {
            zarr::write_whole(&self.chunk(array, cell, beside), &bytes, &self.scratch)
        };
        for (row, series) in self.plan.rows().zip(&result.series) {
            let group = self.results().join(row.name);
            put(
                &group.join("mean"),
                times,
                zarr::floats(series.mean.iter().copied()),
            )?;
            put(&group.join("count"), times, zarr::counts(&series.count))?;
            if self.plan.keeps(Statistic::StandardError) {
                let errors = series.standard_error.iter().copied();
                put(&group.join("standard_error"), times, zarr::floats(errors))?;
            }
            if self.plan.keeps(Statistic::Quantiles) {
                let all = series.quantiles.iter().flatten().copied();
                put(&group.join("quantiles"), times + 1, zarr::floats(all))?;
            }
        }
        if result.failed > 0 {
            let text = format!("{}\n{}\n", result.failed, result.reasons.join("\n"));
            zarr::write_whole(&self.failure(cell), text.as_bytes(), &self.scratch)?;
        }
        let flag = if result.failed > 0 { 2 } else { 1 };
        put(&self.results().join("status"), 0, vec![flag])
    }

    fn failure(&self, cell: usize) -> PathBuf {
        self.folder.join("failures").join(format!("{cell}.txt"))
    }

    /// How many realisations of a cell failed, and the first reasons.
    #[must_use]
    pub fn failures_of(&self, cell: usize) -> (u64, Vec<String>) {
        let text = fs::read_to_string(self.failure(cell)).unwrap_or_default();
        let mut lines = text.lines();
        let failed = lines.next().and_then(|n| n.parse().ok());
        let reasons = lines.map(str::to_owned).collect();
        (failed.unwrap_or_default(), reasons)
    }

    /// What was kept of a cell; none while it is not there.
    #[must_use]
    pub fn read(&self, cell: usize) -> Option<CellResult> {
        if !self.has(cell) {
            return None;
        }
        let times = usize::from(self.plan.times().is_some());
        let mut result = CellResult::default();
        (result.failed, result.reasons) = self.failures_of(cell);
        for row in self.plan.rows() {
            let group = self.results().join(row.name);
            let numbers = |name: &str, beside: usize, count: usize| {
                zarr::read_floats(&self.chunk(&group.join(name), cell, beside), count)
            };
            let count = self.chunk(&group.join("count"), cell, times);
            let quantiles =
                numbers("quantiles", times + 1, 5 * self.plan.frames()).unwrap_or_default();
            result.series.push(Series {
                count: zarr::read_counts(&count, self.plan.frames())?,
                mean: numbers("mean", times, self.plan.frames())?,
                standard_error: numbers("standard_error", times, self.plan.frames())
                    .unwrap_or_default(),
                quantiles: quantiles.as_chunks::<5>().0.to_vec(),
            });
        }
        Some(result)
    }

    /// Writes the table when every cell is there, and tidies up; how many are missing.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn close(&self) -> Result<usize, StoreError> {
        let missing = self.missing().len();
        if missing > 0 {
            return Ok(missing);
        }
        let write = || -> io::Result<()> {
            let mut file = zarr::temporary(&self.scratch)?;
            super::table::write(&self.plan, &|cell| self.read(cell), &mut file)?;
            file.persist(self.folder.join("table.csv"))?;
            Ok(())
        };
        write().map_err(|error| StoreError::Disk {
            folder: self.folder.clone(),
            error,
        })?;
        // others may still write there
        let _ = fs::remove_dir(&self.scratch);
        Ok(0)
    }

    /// The plan of the sweep that a folder holds.
    ///
    /// # Errors
    /// [`StoreError`] and, inside it, what is wrong with its experiment.
    pub fn plan_of(folder: &Path) -> Result<Plan, StoreError> {
        let path = folder.join(EXPERIMENT);
        let disk = |error: io::Error| StoreError::Disk {
            folder: folder.to_owned(),
            error,
        };
        let wrong =
            |error: crate::experiment::InputError| disk(io::Error::other(error.to_string()));
        if !path.exists() {
            return Err(StoreError::Nothing(folder.to_owned()));
        }
        let experiment =
            crate::experiment::presets::resolve(path.as_os_str(), &[]).map_err(wrong)?;
        (Plan::new(&experiment).map_err(wrong)?)
            .ok_or_else(|| StoreError::Nothing(folder.to_owned()))
    }
}
