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

/// A picture under its name, without the ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Name of its file.
    pub name: String,
    /// The SVG.
    pub svg: String,
}
