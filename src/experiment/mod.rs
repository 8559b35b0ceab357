//! What is **asked**: an experiment, read from TOML, with every default filled in and every value checked.
//!
//! [`spec`] has the structs of a file, [`keys`] its keys, [`document`] the values with their places, [`read`] the way from one to
//! the other, [`combinations`] what goes together, [`presets`] the experiments that have names.

pub(crate) mod arrays;
pub mod caption;
pub mod combinations;
pub mod companion;
pub mod document;
pub mod encoding;
pub mod frequencies;
pub mod keys;
mod meant;
pub(crate) mod memory;
pub(crate) mod notation;
pub(crate) mod npy;
pub mod presets;
pub mod read;
pub mod replay;
mod section;
pub mod spec;
pub mod sweep;
pub mod system;
pub mod time;
mod written;

pub use companion::{Absence, Companion};
pub use document::InputError;
pub use spec::{Change, Continuum, Experiment, FieldInitial, PairsSpec, Solver};
pub use sweep::SweepSpec;
pub use system::SystemSpec;
pub use time::{Scheme, Spacing, TimeSpec};
