//! One run from its first frame to its last, with or without files.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::files::{Output, Place, own_file};
use super::summary::Summary;
use crate::experiment::Experiment;
use crate::run::{Session, SessionError};

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The folder holds a file of a name that a run writes.
    #[error("{} would be replaced: choose another folder for --out, or add --force", .0.display())]
    Exists(PathBuf),
    /// A link that leads nowhere.
    #[error("{} is a link to {}, which is not there: make that folder, or choose another place for --out", .link.display(), .to.display())]
    Dangling {
        /// The path asked for.
        link: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// The path names something that is not a folder.
    #[error("{} is not a folder: choose another place for --out", .0.display())]
    NotAFolder(PathBuf),
    /// The numerics could not go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The disk refused.
    #[error("cannot write {}: {error}", .folder.display())]
    Write {
        /// The folder asked for.
        folder: PathBuf,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// The caller asked to stop; nothing was written.
    #[error("stopped before the end, nothing was written")]
    Stopped,
}

/// Runs an experiment to its end without writing anything. `progress` is told the share that is done at every frame and
/// answers whether to go on.
///
/// # Errors
/// [`BatchError::Session`] and [`BatchError::Stopped`].
pub fn simulate(
    experiment: &Experiment,
    progress: &mut (dyn FnMut(f64) -> bool + Send),
) -> Result<Summary, BatchError> {
    let last = experiment.time.recorded() - 1;
    let session = Session::observed_from(experiment.clone(), last);
    let done = follow(session, progress, &mut |_| Ok(()))?;
    Ok(Summary::of(&done.session, done.seconds))
}

/// Runs an experiment and writes its files to the folder `out`, all of them or none; beside it where another run has taken the folder
/// meanwhile.
///
/// # Errors
/// Any [`BatchError`]; an existing run is replaced only with `force`.
pub fn export(
    experiment: &Experiment,
    out: &Path,
    force: bool,
    progress: &mut (dyn FnMut(f64) -> bool + Send),
) -> Result<(Summary, Place), BatchError> {
    if let (false, Ok(to)) = (out.exists(), out.read_link()) {
        return Err(BatchError::Dangling {
            link: out.to_owned(),
            to,
        });
    }
    if out.exists() && !out.is_dir() {
        return Err(BatchError::NotAFolder(out.to_owned()));
    }
    let failed = |error| BatchError::Write {
        folder: out.to_owned(),
        error,
    };
    if out.exists()
        && !force
        && let Some(path) = own_file(out).map_err(failed)?
    {
        return Err(BatchError::Exists(path));
    }
    let mut output = Output::create(out, experiment, force).map_err(failed)?;
    let session = Session::without_pictures(experiment.clone());
    let done = follow(session, progress, &mut |session| {
        output.frame(session).map_err(failed)
    })?;
    let summary = Summary::of(&done.session, done.seconds);
    let place = output.complete(&done.session, &summary).map_err(failed)?;
    Ok((summary, place))
}

/// A run at its end.
struct Done {
    session: Session,
    seconds: f64,
}

/// Every frame in turn, each observed and handed to `visit` while the next one is computed.
fn follow(
    mut session: Session,
    progress: &mut (dyn FnMut(f64) -> bool + Send),
    visit: &mut dyn FnMut(&Session) -> Result<(), BatchError>,
) -> Result<Done, BatchError> {
    let clock = Instant::now();
    // Asked at every frame and, by the steppers, between their steps.
    let progress = Mutex::new(progress);
    let told = |share: f64| (progress.lock().unwrap_or_else(PoisonError::into_inner))(share);
    let last = (session.experiment().time.recorded() - 1).max(1) as f64;
    while !session.finished() {
        let share = session.frame() as f64 / last;
        let stopped = || !told(share);
        if stopped() {
            return Err(BatchError::Stopped);
        }
        let (seen, moved) = session.advance_beside(&stopped, &mut *visit);
        seen?;
        if !moved? {
            return Err(BatchError::Stopped);
        }
    }
    session.show(visit)?;
    told(1.0);
    Ok(Done {
        session,
        seconds: clock.elapsed().as_secs_f64(),
    })
}
