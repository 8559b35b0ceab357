//! Saving: the run so far is replayed by the headless command in a thread of its own, which gives the same bits; of a sweep on show the cells that
//! are there are kept. Pictures and a page about it are drawn into the folder, and the reader is told how to run it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::model::{Message, Model};
use super::place::{self, quoted};
use super::sweeping;
use crate::batch::Place;
use crate::experiment::Experiment;
use crate::snapshot::Snapshot;
use crate::sweep::{CellResult, Plan, Store};
use crate::{figure, report};

/// What the thread has to say.
#[derive(Debug, Default)]
struct Desk {
    share: f64,
    outcome: Option<Result<Place, String>>,
}

/// The thread that saves, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Saver {
    desk: Option<Arc<Mutex<Desk>>>,
    give_up: Arc<AtomicBool>,
    folder: PathBuf,
    /// Whether it is a sweep.
    sweep: bool,
}

/// The run so far as an experiment of its own.
#[must_use]
pub(crate) fn so_far(snapshot: &Snapshot) -> Experiment {
    let mut experiment = (*snapshot.experiment).clone();
    experiment.time.last_frame = Some(snapshot.frame);
    experiment
}

/// What is saved.
enum Work {
    /// A run.
    Run(Box<Experiment>),
    /// The cells of a sweep that are there.
    Sweep(Box<Plan>, Vec<Option<CellResult>>),
}

impl Work {
    /// What is on show; nothing before the first frame.
    fn on_show(model: &Model) -> Option<Self> {
        if let Some(Ok(live)) = (model.sweep.live.as_ref()).filter(|_| sweeping::on_page(model)) {
            let view = live.view();
            return Some(Self::Sweep(
                Box::new(view.plan.clone()),
                view.results.clone(),
            ));
        }
        let mut experiment = so_far(model.live()?);
        if experiment.title == model.experiment.title {
            experiment.title = model.title();
        }
        Some(Self::Run(Box::new(experiment)))
    }

    fn title(&self) -> &str {
        match self {
            Self::Run(experiment) => &experiment.title,
            Self::Sweep(plan, _) => &plan.base.title,
        }
    }

    /// Fills the folder.
    fn into_folder(
        self,
        folder: &Path,
        progress: &mut (dyn FnMut(f64) -> bool + Send),
    ) -> Result<Place, String> {
        let place = match self {
            Self::Run(experiment) => {
                let (_, place) = crate::batch::run::export(&experiment, folder, false, progress)
                    .map_err(|e| e.to_string())?;
                place
            }
            Self::Sweep(plan, results) => {
                let store = Store::open(folder, &plan).map_err(|e| e.to_string())?;
                let there = results
                    .iter()
                    .enumerate()
                    .filter_map(|(cell, result)| Some((cell, result.as_ref()?)));
                for (cell, result) in there {
                    store.keep(cell, result).map_err(|e| e.to_string())?;
                }
                store.close().map_err(|e| e.to_string())?;
                Place::Asked
            }
        };
        let folder = match &place {
            Place::Asked => folder,
            Place::Beside(other) => other,
        };
        draw(folder).map_err(|why| {
            format!(
                "{} is there, but its pictures are not: {why}",
                folder.display()
            )
        })?;
        Ok(place)
    }
}

/// The command that goes on with the sweep, or repeats the run, of a folder.
fn again(sweep: bool, folder: &str) -> String {
    let experiment = quoted(&format!("{folder}/experiment.toml"));
    if sweep {
        format!("metastable sweep {experiment} --out {}", quoted(folder))
    } else {
        let other = quoted(&format!("{folder}-again"));
        format!("metastable run {experiment} --out {other}")
    }
}

/// Pictures and the page about what a folder holds.
fn draw(folder: &Path) -> Result<(), String> {
    let report = report::of_folder(folder).map_err(|e| e.to_string())?;
    let written = figure::write_all(&report.figures, &folder.join(figure::FIGURES))
        .and_then(|()| report.write_to(&folder.join(figure::REPORT)));
    written.map_err(|e| e.to_string())
}

/// "fig-4": the first words of a title.
#[must_use]
pub(crate) fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && word != "metastable")
        .take(5)
        .collect();
    if words.is_empty() {
        "run".into()
    } else {
        words.join("-")
    }
}

/// "metastable-fig-4-1": the first that is free.
fn free_folder(title: &str, taken: impl Fn(&Path) -> bool) -> PathBuf {
    let slug = slug(title);
    let mut number = 1_u32;
    loop {
        let folder = PathBuf::from(format!("metastable-{slug}-{number}"));
        if !taken(&folder) {
            return folder;
        }
        number += 1;
    }
}

/// Asks where, with a folder that is not there yet.
pub(crate) fn ask(model: &mut Model) {
    if let Some(work) = Work::on_show(model) {
        place::ask(model, &free_folder(work.title(), Path::exists));
    }
}

impl Saver {
    /// Starts saving what is shown to a new folder.
    pub(crate) fn begin(&mut self, model: &mut Model, folder: PathBuf) {
        let Some(work) = Work::on_show(model) else {
            return;
        };
        if folder.symlink_metadata().is_ok() {
            return place::refuse(model, &folder, "is there already");
        }
        self.folder = folder;
        self.sweep = matches!(work, Work::Sweep(..));
        self.give_up = Arc::default();
        let desk = Arc::new(Mutex::new(Desk::default()));
        let (theirs, folder, give_up) = (
            Arc::clone(&desk),
            self.folder.clone(),
            Arc::clone(&self.give_up),
        );
        let save = move || {
            let mut progress = |share: f64| {
                theirs.lock().unwrap_or_else(PoisonError::into_inner).share = share;
                !give_up.load(Ordering::Relaxed)
            };
            let replay = std::panic::AssertUnwindSafe(|| work.into_folder(&folder, &mut progress));
            let outcome = std::panic::catch_unwind(replay)
                .unwrap_or_else(|_| Err("the computation panicked".into()));
            theirs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .outcome = Some(outcome);
        };
        match thread::Builder::new().name("saver".into()).spawn(save) {
            Ok(_) => {
                self.desk = Some(desk);
                model.saving = Some(0.0);
            }
            Err(error) => model.message = Some(Message::Error(format!("not saved: {error}"))),
        }
    }

    /// Tells the model how far it is; whether that was news.
    pub(crate) fn news(&mut self, model: &mut Model) -> bool {
        let Some(desk) = &self.desk else { return false };
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outcome) = desk.outcome.take() else {
            let share = (100.0 * desk.share).floor() / 100.0;
            let news = model.saving != Some(share);
            model.saving = Some(share);
            return news;
        };
        drop(desk);
        self.desk = None;
        model.saving = None;
        let folder = self.folder.display();
        model.message = Some(match outcome {
            Ok(place) => {
                let number = match place {
                    Place::Asked => folder.to_string(),
                    Place::Beside(other) => other.display().to_string(),
                };
                let again = again(self.sweep, &number);
                let text =
                    format!("saved to {number}, pictures in report.html · again with: {again}");
                model.farewell.push(text.clone());
                Message::Note(text)
            }
            Err(reason) => Message::Error(format!("not saved: {reason}")),
        });
        true
    }

    /// Tells the thread to stop.
    pub(crate) fn give_up(&self) {
        self.give_up.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_after_the_title_and_never_taken_twice() {
        let folder = |title| free_folder(title, |path| path.ends_with("metastable-fig-4-9-1"));
        assert_eq!(
            folder("Fig. 4, β = 9"),
            PathBuf::from("metastable-fig-4-9-2")
        );
        assert_eq!(folder("β"), PathBuf::from("metastable-run-1"));
    }

    #[test]
    fn the_command_names_the_folder_whatever_it_is_called() {
        let run = "metastable run a/experiment.toml --out a-again";
        assert_eq!(again(false, "a"), run);
        let sweep = "metastable sweep '{} b/experiment.toml' --out '{} b'";
        assert_eq!(again(true, "{} b"), sweep);
    }
}
