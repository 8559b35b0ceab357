//! One run from its first frame to its last, with or without files.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::density_files::Shown;
use super::files::{Output, has_run};
use super::summary::Summary;
use crate::experiment::Experiment;
use crate::run::{Session, SessionError};

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The folder holds a run, or files of the names that a run writes.
    #[error("{} holds a run, or files that a run would replace: choose another folder, or add --force", .0.display())]
    Exists(PathBuf),
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
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Summary, BatchError> {
    let (session, seconds) = follow(experiment, progress, &mut |_| Ok(()))?;
    Ok(Summary::of(&session, seconds))
}

/// Runs an experiment and writes its files to the folder `out`; all of them or none.
///
/// # Errors
/// Any [`BatchError`]; an existing run is replaced only with `force`.
pub fn export(
    experiment: &Experiment,
    out: &Path,
    force: bool,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Summary, BatchError> {
    if out.exists() && !out.is_dir() {
        return Err(BatchError::NotAFolder(out.to_owned()));
    }
    if has_run(out) && !force {
        return Err(BatchError::Exists(out.to_owned()));
    }
    let failed = |error| BatchError::Write {
        folder: out.to_owned(),
        error,
    };
    let mut output = Output::create(out, experiment).map_err(failed)?;
    let (session, seconds) = follow(experiment, progress, &mut |session| {
        let density = session.field().and_then(Shown::of);
        output.frame(session.tokens(), density).map_err(failed)
    })?;
    let summary = Summary::of(&session, seconds);
    output
        .complete(
            session.experiment(),
            session.history(),
            session.swept(),
            &summary,
        )
        .map_err(failed)?;
    Ok(summary)
}

/// Every frame in turn, each handed to `visit`.
fn follow(
    experiment: &Experiment,
    progress: &mut dyn FnMut(f64) -> bool,
    visit: &mut dyn FnMut(&Session) -> Result<(), BatchError>,
) -> Result<(Session, f64), BatchError> {
    let clock = Instant::now();
    // Asked at every frame and, by the steppers, between their steps.
    let progress = RefCell::new(progress);
    let mut session = Session::without_pictures(experiment.clone());
    visit(&session)?;
    let last = (experiment.time.recorded() - 1).max(1) as f64;
    while !session.finished() {
        let share = session.frame() as f64 / last;
        let stopped = || !(progress.borrow_mut())(share);
        if stopped() || !session.advance(&stopped)? {
            return Err(BatchError::Stopped);
        }
        visit(&session)?;
    }
    (progress.borrow_mut())(1.0);
    Ok((session, clock.elapsed().as_secs_f64()))
}
