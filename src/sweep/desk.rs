//! Where cells are fetched: every one is given away once, to whichever threads, processes or machines ask.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Realisations that are worth a window of cells.
const WORTH: u64 = 512;

/// The cells that nobody has taken yet.
#[derive(Debug)]
pub struct Desk {
    left: Mutex<VecDeque<usize>>,
    realisations: u64,
    cells: usize,
    takers: usize,
}

impl Desk {
    /// With these cells of so many realisations, for so many who take.
    #[must_use]
    pub fn of(cells: &[usize], realisations: u64, takers: usize) -> Self {
        Self {
            left: Mutex::new(cells.iter().copied().collect()),
            realisations,
            cells: cells.len(),
            takers: takers.max(1),
        }
    }

    fn left(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runs of all cells that were there at first.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.realisations.saturating_mul(self.cells as u64)
    }

    /// Cells for somebody with so many threads: enough to give every thread something to do, few enough to be kept soon and to leave the
    /// others their share of the last ones. Empty once there are none.
    #[must_use]
    pub fn take(&self, threads: usize) -> Vec<usize> {
        let mut left = self.left();
        let worth = WORTH.div_ceil(self.realisations.max(1)) as usize;
        let share = left.len().div_ceil(self.takers);
        let window = worth.min(2 * threads).min(share).max(1).min(left.len());
        left.drain(..window).collect()
    }

    /// Nobody gets any more.
    pub fn close(&self) {
        self.left().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_given_away_once_and_none_from_a_closed_desk() {
        for (cells, realisations, takers, threads) in [
            (90, 1024, 64, 2),
            (90, 1, 1, 8),
            (7, 5, 3, 16),
            (0, 1, 1, 1),
        ] {
            let all: Vec<usize> = (100..100 + cells).collect();
            let desk = Desk::of(&all, realisations, takers);
            let given = std::iter::repeat_with(|| desk.take(threads));
            let given: Vec<Vec<usize>> = given.take_while(|w| !w.is_empty()).collect();
            assert!(given.iter().all(|window| window.len() <= 2 * threads));
            assert_eq!(given.concat(), all);
            if takers > 1 && cells > 0 {
                assert!(given[0].len() <= cells.div_ceil(takers), "a share is left");
            }
        }
        let desk = Desk::of(&[1, 2, 3], 512, 1);
        assert_eq!(desk.take(1), [1]);
        desk.close();
        assert!(desk.take(1).is_empty());
    }
}
