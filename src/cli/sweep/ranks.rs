//! A sweep by several processes that mpirun has started (feature `mpi`): rank 0 gives cells away and runs some itself, the others ask for them,
//! and everyone keeps its own in the folder that all of them see. What is sent are numbers of cells and errors, never results: the folder already
//! takes cells from anybody, so that ranks, shards and threads leave the same bytes.
//!
//! Without the feature there is one rank, and being one of several that mpirun has started is an error: each would run everything.

mod wire;

use std::time::Duration;

use metastable::sweep::{self, CellResult, Desk, Plan, Store, StoreError};

use super::super::GLANCE;
use super::Failure;
use wire::Wire;

/// How long a rank that asks may wait for its answer.
const ANSWER: Duration = Duration::from_millis(2);
/// First byte of a message that asks for cells; its threads follow.
const ASK: u8 = 0;
/// First byte of one that says what went wrong; the words follow.
const ERROR: u8 = 1;

/// The processes that mpirun has started, or this one alone.
pub(super) struct Ranks {
    wire: Option<Wire>,
    rank: usize,
    count: usize,
}

impl Ranks {
    /// This process as one of those that were started together.
    pub(super) fn join() -> Result<Self, Failure> {
        let wire = Wire::join()?;
        Ok(Self {
            rank: wire.as_ref().map_or(0, Wire::rank),
            count: wire.as_ref().map_or(1, Wire::count),
            wire,
        })
    }

    /// Whether this one gives cells away and speaks for all.
    pub(super) fn leads(&self) -> bool {
        self.rank == 0
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What this rank has, if all of them have it. Where the leader failed it alone says so, else whoever failed does, and the others end
    /// without a word.
    pub(super) fn agree<T>(&self, own: Result<T, Failure>) -> Result<Option<T>, Failure> {
        let Some(wire) = &self.wire else {
            return own.map(Some);
        };
        let failed = wire.gather(u8::from(own.is_err()));
        match own {
            Err(failure) if self.leads() => Err(failure),
            Err(failure) if failed[0] == 0 => Err(Failure {
                message: format!("rank {}: {}", self.rank, failure.message),
                ..failure
            }),
            Ok(own) if failed.iter().all(|flag| *flag == 0) => Ok(Some(own)),
            _ => Ok(None),
        }
    }

    /// Asks the leader for cells and keeps them until there are no more.
    pub(super) fn work(&self, plan: &Plan, store: &Store) -> Result<(), Failure> {
        let Some(wire) = &self.wire else {
            return Ok(());
        };
        let threads = rayon::current_num_threads() as u64;
        let ask = [&[ASK][..], &threads.to_le_bytes()].concat();
        let mut keep = |cell: usize, result: CellResult| store.keep(cell, &result);
        loop {
            wire.send(0, &ask);
            let cells: Vec<usize> = (wire.wait(0).as_chunks().0.iter())
                .map(|bytes| u64::from_le_bytes(*bytes) as usize)
                .collect();
            if cells.is_empty() {
                return Ok(());
            }
            let desk = Desk::of(&cells, plan.spec.realisations, 1);
            let kept: Result<bool, StoreError> =
                sweep::run(plan, &desk, &mut keep, &|_| (), &|| false);
            if let Err(error) = kept {
                let words = format!("rank {}: {error}", self.rank);
                wire.send(0, &[&[ERROR], words.as_bytes()].concat());
                return Ok(());
            }
        }
    }

    /// Those who will ask this leader for cells of a desk; `found` is told which they have kept.
    pub(super) fn guests<'a>(&'a self, desk: &'a Desk, found: &'a dyn Fn(&[usize])) -> Guests<'a> {
        Guests {
            wire: self.wire.as_ref(),
            desk,
            found,
            at: vec![Vec::new(); self.count],
            left: self.count - 1,
            error: None,
        }
    }
}

/// The ranks that run cells of this leader's.
pub(super) struct Guests<'a> {
    wire: Option<&'a Wire>,
    desk: &'a Desk,
    found: &'a dyn Fn(&[usize]),
    /// The cells that each is at.
    at: Vec<Vec<usize>>,
    left: usize,
    error: Option<String>,
}

impl Guests<'_> {
    /// Answers those who have asked; how long until they should be looked for again.
    pub(super) fn serve(&mut self) -> Duration {
        let Some(wire) = self.wire.filter(|_| self.left > 0) else {
            return GLANCE;
        };
        while let Some((rank, message)) = wire.take() {
            match message.split_first() {
                Some((&ASK, threads)) => {
                    let threads = threads.first_chunk().copied().map_or(1, u64::from_le_bytes);
                    let cells = self.desk.take(threads as usize);
                    let numbers = cells.iter().flat_map(|cell| (*cell as u64).to_le_bytes());
                    wire.send(rank, &numbers.collect::<Vec<u8>>());
                    self.left -= usize::from(cells.is_empty());
                    (self.found)(&std::mem::replace(&mut self.at[rank], cells));
                }
                Some((_, words)) => {
                    self.left -= 1;
                    self.desk.close();
                    self.error = Some(String::from_utf8_lossy(words).into_owned());
                }
                None => {}
            }
        }
        ANSWER
    }

    /// Waits until every one of them has kept its last cell.
    pub(super) fn see_off(mut self) -> Result<(), Failure> {
        while self.left > 0 {
            let pause = self.serve();
            std::thread::sleep(pause);
        }
        self.error.map_or(Ok(()), |error| Err(Failure::run(error)))
    }
}
