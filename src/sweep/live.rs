//! A sweep in a thread of its own, for whoever looks on: the cells so far, without waiting.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::cell::CellResult;
use super::desk::Desk;
use super::drive::{self, Progress};
use super::plan::Plan;
use super::predicted::{self, Predicted};

/// The sweep so far.
#[derive(Debug)]
pub struct View {
    /// What is run.
    pub plan: Plan,
    /// Cell by cell, those that are there.
    pub results: Vec<Option<CellResult>>,
    /// What theory says of every observable.
    pub predicted: Vec<Vec<Predicted>>,
    /// How far it is.
    pub progress: Progress,
    /// Grows with everything that is new.
    pub number: u64,
}

impl View {
    /// Nothing yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            results: vec![None; plan.spec.cells()],
            predicted: (plan.spec.observables.iter())
                .map(|observable| predicted::of(&plan, observable))
                .collect(),
            progress: Progress::default(),
            number: 0,
            plan,
        }
    }
}

/// The thread; dropped, it stops between two steps of its runs.
#[derive(Debug)]
pub struct Live {
    view: Arc<Mutex<View>>,
    quit: Arc<AtomicBool>,
}

impl Live {
    /// Starts it; one thread stays for the run beside it, where there are several.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn start(plan: Plan) -> io::Result<Self> {
        let live = Self {
            view: Arc::new(Mutex::new(View::new(plan.clone()))),
            quit: Arc::default(),
        };
        let threads = rayon::current_num_threads().saturating_sub(1).max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(io::Error::other)?;
        let (view, quit) = (Arc::clone(&live.view), Arc::clone(&live.quit));
        thread::Builder::new().name("sweep".into()).spawn(move || {
            let locked = || view.lock().unwrap_or_else(PoisonError::into_inner);
            let cells: Vec<usize> = (0..plan.spec.cells()).collect();
            let desk = Desk::of(&cells, plan.spec.realisations, 1);
            let mut keep = |cell: usize, result: CellResult| {
                let mut view = locked();
                view.results[cell] = Some(result);
                view.number += 1;
                Ok::<(), std::convert::Infallible>(())
            };
            let progress = |now: Progress| locked().progress = now;
            let cancelled = || quit.load(Ordering::Relaxed);
            // it ends with its last cell, or because nobody looks any more
            let _ = pool.install(|| drive::run(&plan, &desk, &mut keep, &progress, &cancelled));
        })?;
        Ok(live)
    }

    /// One that is not run: for a picture of what is there.
    #[must_use]
    pub fn of(view: View) -> Self {
        Self {
            view: Arc::new(Mutex::new(view)),
            quit: Arc::default(),
        }
    }

    /// The quick part of an experiment's sweep, of which so many cells have been computed.
    #[cfg(test)]
    pub(crate) fn begun(experiment: &crate::experiment::Experiment, cells: usize) -> Self {
        let plan = Plan::new(experiment).unwrap().unwrap();
        let mut view = View::new(plan.quickly());
        let plan = view.plan.clone();
        for (number, result) in view.results.iter_mut().enumerate().take(cells) {
            *result = super::cell::run(&plan, number, &|| (), &|| false);
        }
        Self::of(view)
    }

    /// The sweep so far.
    pub fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.quit.store(true, Ordering::Relaxed);
    }
}
