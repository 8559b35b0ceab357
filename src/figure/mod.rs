//! Pictures for a paper: a sweep or a run that lies in a folder as SVG, with axes, colour bar, theory's lines and contours.
//!
//! [`sweep`] and [`run`] say what is on a picture, [`chart`], [`heat`] and [`portrait`] draw it. The drawing itself is done by plotters, of which
//! the SVG backend alone is built (four crates, a second and a half of a cold build): it writes text as text, so that a picture keeps its
//! fonts in a paper, and rectangles on whole pixels, which leaves no seams between the cells of a heat map. The other candidate, kuva 0.6 (six
//! crates), was tried on the same pictures: its cells have seams, axes go on to the next round number with nothing drawn there, a white line is
//! invisible in its legend, and labels of one logarithmic axis are partly "0.20", partly "1e-1"; its PDF needs a typesetter's crates. Colours
//! are Viridis, and Okabe and Ito's eight for curves: neither needs red to be told from green.

pub(crate) mod arrays;
pub mod chart;
pub mod heat;
pub mod metrics;
pub mod portrait;
pub mod run;
pub mod side;
pub mod sweep;

pub use side::FigureError;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::experiment::InputError;
use crate::sweep::zarr::write_whole;
use crate::sweep::{Store, StoreError};

/// Why the pictures of a folder cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds neither.
    #[error("{}: neither results.zarr nor a metrics.csv that can be read ({error})\n  help: metastable run or metastable sweep with --out DIR fills such a folder", .folder.display())]
    Nothing {
        /// The folder.
        folder: PathBuf,
        /// Why the table could not be read.
        error: io::Error,
    },
    /// A sweep that cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The experiment of a run that cannot be read.
    #[error(transparent)]
    Experiment(#[from] InputError),
    /// A file of a run that is not as a run writes it.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A picture that cannot be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
}

/// Whether a folder holds a sweep.
#[must_use]
pub fn holds_sweep(folder: &Path) -> bool {
    folder.join("results.zarr").is_dir()
}

/// All pictures of the sweep or the run that a folder holds.
///
/// # Errors
/// [`FolderError`].
pub fn of_folder(folder: &Path) -> Result<Vec<Figure>, FolderError> {
    if holds_sweep(folder) {
        let plan = Store::plan_of(folder)?;
        let store = Store::look(folder, &plan);
        return Ok(sweep::figures(&plan, &|cell| store.read(cell))?);
    }
    run::figures(&run::Folder::read(folder)?)
}

/// Stands at the end of every picture and page of ours: one without it is somebody else's.
pub(crate) const MARK: &str = "<!-- drawn by metastable -->\n";
/// Where the pictures of a folder lie.
pub const FIGURES: &str = "figures";
/// The page about a folder.
pub const REPORT: &str = "report.html";

/// Whether a file is there that we have not drawn.
#[must_use]
pub fn is_foreign(path: &Path) -> bool {
    path.exists() && !is_ours(path)
}

fn is_ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.ends_with(MARK))
}

/// What we have drawn of what a folder held: it is out of date when the folder holds something else.
pub(crate) fn drawn_in(folder: &Path) -> Vec<PathBuf> {
    let figures = fs::read_dir(folder.join(FIGURES)).into_iter().flatten();
    let figures = figures.filter_map(|entry| Some(entry.ok()?.path()));
    let figures = figures.filter(|path| path.extension().is_some_and(|end| end == "svg"));
    let mut list: Vec<PathBuf> = figures.chain([folder.join(REPORT)]).collect();
    list.retain(|path| is_ours(path));
    list.sort();
    list
}

/// Writes pictures into a folder, which is made where it is missing.
///
/// # Errors
/// The operating system's.
pub fn write_all(figures: &[Figure], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    figures.iter().try_for_each(|figure| figure.write(folder))
}

/// A picture under its name, without the ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Name of its file.
    pub name: String,
    /// The SVG.
    pub svg: String,
}

impl Figure {
    /// Its file in a folder.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.svg", self.name))
    }

    /// Writes its file, as a whole or not at all.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let text = format!("{}{MARK}", self.svg);
        write_whole(&self.path(folder), text.as_bytes(), folder)
    }
}
