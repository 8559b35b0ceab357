//! Pictures for a paper: a sweep or a run that lies in a folder as SVG, with axes, colour bar, theory's lines and contours.
//!
//! [`sweep`] and [`run`] say what is on a picture, [`chart`] draws it. The drawing itself is done by plotters, of which the SVG backend alone
//! is built (four crates, a second and a half of a cold build): it writes text as text, so that a picture keeps its fonts in a paper,
//! and rectangles on whole pixels, which leaves no seams between the cells of a heat map. Colours are Viridis, and Okabe and Ito's eight for
//! curves: neither needs red to be told from green.

pub mod chart;
pub mod run;
pub mod sweep;

pub use chart::FigureError;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::sweep::zarr::write_whole;

/// Stands in every picture of ours: one without it is somebody else's.
const MARK: &str = "<!-- drawn by metastable plot -->\n";

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

    /// Whether its file in a folder is there and is none that we have drawn.
    #[must_use]
    pub fn would_replace(&self, folder: &Path) -> bool {
        let path = self.path(folder);
        let ours = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text.ends_with(MARK));
        path.exists() && !ours(&path)
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
