//! The little of MPI that a sweep needs: who I am, one byte from everybody, a message to somebody and from anybody. Without the feature `mpi`
//! nothing of this kind can exist.

use super::Failure;

/// How many processes the launchers of the usual MPI libraries say that they have started.
fn started() -> Option<usize> {
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// The ranks that were started together.
#[cfg(feature = "mpi")]
pub(super) struct Wire(mpi::environment::Universe);

#[cfg(feature = "mpi")]
impl Wire {
    /// As one of the processes of mpirun or srun; MPI is left alone where neither has started this one.
    pub(super) fn join() -> Result<Option<Self>, Failure> {
        let asked = (["PMIX_RANK", "PMI_RANK"].iter()).any(|name| std::env::var_os(name).is_some());
        if started().is_none() && !asked {
            return Ok(None);
        }
        // the main thread alone speaks to the others
        match mpi::initialize_with_threading(mpi::Threading::Funneled) {
            Some((universe, _)) => Ok(Some(Self(universe))),
            None => Err(Failure::run("MPI could not be initialised")),
        }
    }

    pub(super) fn rank(&self) -> usize {
        use mpi::traits::Communicator;
        self.0.world().rank() as usize
    }

    pub(super) fn count(&self) -> usize {
        use mpi::traits::Communicator;
        self.0.world().size() as usize
    }

    /// The bytes of all ranks.
    pub(super) fn gather(&self, own: u8) -> Vec<u8> {
        use mpi::traits::CommunicatorCollectives;
        let mut all = vec![0; self.count()];
        self.0.world().all_gather_into(&own, &mut all[..]);
        all
    }

    pub(super) fn send(&self, rank: usize, message: &[u8]) {
        use mpi::traits::{Communicator, Destination};
        self.0.world().process_at_rank(rank as i32).send(message);
    }

    /// The next message from a rank.
    pub(super) fn wait(&self, rank: usize) -> Vec<u8> {
        use mpi::traits::{Communicator, Source};
        (self.0.world().process_at_rank(rank as i32).receive_vec()).0
    }

    /// A message that has come, and from whom.
    pub(super) fn take(&self) -> Option<(usize, Vec<u8>)> {
        use mpi::traits::{Communicator, MatchedReceiveVec, Source};
        let found = self.0.world().any_process().immediate_matched_probe()?;
        let (message, status) = found.matched_receive_vec();
        Some((status.source_rank() as usize, message))
    }
}

/// No ranks.
#[cfg(not(feature = "mpi"))]
pub(super) enum Wire {}

#[cfg(not(feature = "mpi"))]
impl Wire {
    /// Nobody to join; an error for one of several, of whom each would run every cell.
    pub(super) fn join() -> Result<Option<Self>, Failure> {
        match started() {
            Some(many) if many > 1 => Err(Failure::input(format!(
                "this is one of {many} processes that mpirun has started, and metastable was built without MPI: each would run every cell\n  help: cargo build --release --features mpi, or share the cells by --shard i/{many}"
            ))),
            _ => Ok(None),
        }
    }

    pub(super) fn rank(&self) -> usize {
        match *self {}
    }

    pub(super) fn count(&self) -> usize {
        match *self {}
    }

    pub(super) fn gather(&self, _: u8) -> Vec<u8> {
        match *self {}
    }

    pub(super) fn send(&self, _: usize, _: &[u8]) {
        match *self {}
    }

    pub(super) fn wait(&self, _: usize) -> Vec<u8> {
        match *self {}
    }

    pub(super) fn take(&self) -> Option<(usize, Vec<u8>)> {
        match *self {}
    }
}
