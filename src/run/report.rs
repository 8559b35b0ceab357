//! The news of a run on the screen: its latest frame, and what the worker does.

use std::sync::Arc;

use crate::snapshot::{Film, Snapshot};

/// What the worker is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Computing.
    Running,
    /// Waiting to go on.
    Paused,
    /// At the end of the experiment; going on takes it past its end.
    Finished,
    /// Ended by an error or a panic, with its message.
    Failed(String),
}

/// The latest news: a snapshot, and what the worker does.
#[derive(Debug, Clone)]
pub struct Report {
    /// Counts the reports; a reader that has seen this number has seen everything.
    pub number: u64,
    /// The latest frame, none before the first.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The frames so far.
    pub film: Film,
    /// What the worker does.
    pub status: Status,
    /// Integrator steps of the tokens per second of the clock, over about the last second.
    pub steps_per_second: f64,
    /// Simulated time per second of the clock, asked for.
    pub speed: f64,
}

impl Report {
    /// Nothing has been computed yet.
    #[must_use]
    pub(crate) fn before_the_first(speed: f64) -> Self {
        Self {
            number: 0,
            snapshot: None,
            film: Film::default(),
            status: Status::Running,
            steps_per_second: 0.0,
            speed,
        }
    }
}
