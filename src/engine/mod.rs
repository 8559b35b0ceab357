//! A run: what it is ([`Experiment`], read from TOML), the run in progress ([`Session`]), what a reader sees of it
//! ([`Snapshot`]), and the thread that computes it for the screen ([`Worker`]).
//!
//! A session moves from one recorded frame to the next and nowhere else, on the screen as without one: what the
//! dashboard shows is, to the bit, what `metastable run` writes.

mod combinations;
pub mod decode;
pub mod document;
pub mod encoding;
pub mod ensemble;
pub mod experiment;
pub mod field_run;
mod field_table;
pub mod frequencies;
pub mod gaussian_run;
pub mod history;
mod laws;
pub mod marker_run;
mod notes;
mod pictures;
mod populations;
pub mod predictions;
pub mod presets;
pub mod replay;
mod section;
pub mod session;
pub mod snapshot;
pub mod sweep;
mod system_run;
pub mod system_spec;
mod systems;
mod time_table;
pub mod token_files;
pub mod token_run;
mod token_table;
mod views;
pub mod worker;

pub use document::InputError;
pub use experiment::{Change, Continuum, Experiment, FieldInitial, Scheme, Solver};
pub use history::History;
pub use session::{Session, SessionError};
pub use snapshot::Snapshot;
pub use system_spec::SystemSpec;
pub use worker::{Command, Worker};
