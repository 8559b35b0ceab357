//! Headless work: a run without a screen, its report and its files.

pub mod files;
pub(crate) mod run;
pub(crate) mod summary;

pub use files::{Place, remove_unfinished};
pub use run::{BatchError, export, simulate};
pub use summary::Summary;
