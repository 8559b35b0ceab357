//! Headless work: a run without a screen, its report and its files.

pub mod density_files;
pub mod files;
pub mod run;
pub mod summary;

pub use run::{BatchError, export, simulate};
pub use summary::Summary;
