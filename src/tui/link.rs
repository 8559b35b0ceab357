//! The link to the terminal: what has been sent, how much may go at a time, and how much waits. On a slow link a page goes in parts, so
//! that the answer to a key is never behind the whole of it.

use std::cell::Cell;
use std::rc::Rc;

/// What the loop and the wire know of each other; a clone is the same link.
#[derive(Debug, Clone)]
pub(crate) struct Link(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    sent: Cell<u64>,
    most: Cell<usize>,
    waiting: Cell<usize>,
}

impl Default for Link {
    fn default() -> Self {
        Self(Rc::new(Shared {
            sent: Cell::new(0),
            most: Cell::new(usize::MAX),
            waiting: Cell::new(0),
        }))
    }
}

impl Link {
    /// Bytes sent so far.
    #[must_use]
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.get()
    }

    /// So many bytes more were sent.
    pub(crate) fn count(&self, bytes: u64) {
        self.0.sent.update(|sent| sent + bytes);
    }

    /// The next picture, or the next part of it, takes at most about so many bytes.
    pub(crate) fn allow(&self, bytes: usize) {
        self.0.most.set(bytes);
    }

    /// About how many bytes may go now.
    #[must_use]
    pub(crate) fn allowed(&self) -> usize {
        self.0.most.get()
    }

    /// So many cells wait.
    pub(crate) fn keep_waiting(&self, cells: usize) {
        self.0.waiting.set(cells);
    }

    /// Whether a part of the picture waits.
    #[must_use]
    pub(crate) fn waits(&self) -> bool {
        self.0.waiting.get() > 0
    }
}
