//! Through the cells of a sweep on all threads, the finished ones handed over in their order.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::cell::{self, CellResult};
use super::desk::Desk;
use super::plan::Plan;

/// The part of the cells that one of several processes runs: every k-th one, from the i-th.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// i, from 1.
    pub number: usize,
    /// k.
    pub of: usize,
}

impl Shard {
    /// All cells.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether a cell belongs to it.
    #[must_use]
    pub fn has(self, cell: usize) -> bool {
        cell % self.of == self.number - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').map(|(i, k)| (i.parse(), k.parse()));
        match parts {
            Some((Ok(number), Ok(of))) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(format!(
                "{text:?} is no shard: i/k is expected with 1 ≤ i ≤ k, as in 3/64"
            )),
        }
    }
}

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Realisations run so far.
    pub realisations: u64,
    /// Those to be run.
    pub of: u64,
}

/// Runs the cells of a desk, a window of them at a time on all threads, and hands each to `keep` in order; `progress` is told between
/// realisations. True when the desk had no more, false when `cancelled` said so on the way: what had been handed over by then stays.
///
/// # Errors
/// Those of `keep`.
pub fn run<E>(
    plan: &Plan,
    desk: &Desk,
    keep: &mut dyn FnMut(usize, CellResult) -> Result<(), E>,
    progress: &(dyn Fn(Progress) + Sync),
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<bool, E> {
    let of = desk.runs();
    let ran = AtomicU64::new(0);
    let tell = || {
        let realisations = ran.fetch_add(1, Ordering::Relaxed) + 1;
        progress(Progress { realisations, of });
    };
    loop {
        let cells = desk.take(rayon::current_num_threads());
        if cells.is_empty() {
            return Ok(true);
        }
        let results: Vec<Option<CellResult>> = (cells.par_iter())
            .map(|cell| cell::run(plan, *cell, &tell, cancelled))
            .collect();
        for (cell, result) in cells.iter().zip(results) {
            match result {
                Some(result) => keep(*cell, result)?,
                None => return Ok(false),
            }
        }
    }
}
