//! Reading: one file a table of the experiment.

mod attention;
mod caption;
pub mod experiment;
mod field;
mod law;
mod pairs;
mod points;
mod sweep;
mod time;
mod tokens;

pub use experiment::{experiment, read_text};
