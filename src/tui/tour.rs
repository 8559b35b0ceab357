//! Where a tour of the presets is ([`super::captions`]).

use std::time::Instant;

/// A tour under way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tour {
    /// Which preset runs.
    pub(crate) stop: usize,
    /// Since when its run is at its end.
    pub(crate) ended: Option<Instant>,
    /// The caption that was followed last.
    pub(crate) caption: Option<usize>,
}
