//! The link to the terminal: what has been sent, how much may go at a time, and how much waits. On a slow link a page goes in parts, so
//! that the answer to a key is never behind the whole of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What the loop and the wire know of each other; a clone is the same link.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sent: AtomicU64,
    most: AtomicUsize,
    waiting: AtomicUsize,
}

impl Default for Link {
    fn default() -> Self {
        Self(Arc::new(Shared {
            sent: AtomicU64::new(0),
            most: AtomicUsize::new(usize::MAX),
            waiting: AtomicUsize::new(0),
        }))
    }
}

impl Link {
    /// Bytes sent so far.
    #[must_use]
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// So many bytes more were sent.
    pub(crate) fn count(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The next picture, or the next part of it, takes at most about so many bytes.
    pub(crate) fn allow(&self, bytes: usize) {
        self.0.most.store(bytes, Ordering::Relaxed);
    }

    /// About how many bytes may go now.
    #[must_use]
    pub(crate) fn allowed(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }

    /// So many cells wait.
    pub(crate) fn keep_waiting(&self, cells: usize) {
        self.0.waiting.store(cells, Ordering::Relaxed);
    }

    /// Whether a part of the picture waits.
    #[must_use]
    pub(crate) fn waits(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
    }
}
