//! What is **seen**: immutable views of a run at one recorded frame, and the history of all frames so far.
//!
//! A type lives here because a reader asks for it (the screen, the files); the runs fill it.

pub mod film;
pub(crate) mod history;
pub mod thumbnail;
pub mod view;

pub use film::Film;
pub use history::History;
pub use view::Snapshot;
