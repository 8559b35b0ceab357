//! What is asked of the run: other parameters, another n or seed, another experiment, and the way back.

use std::path::PathBuf;

use super::ghost;
use super::keepsake::Keepsake;
use super::ladders::default_speed;
use super::model::{Message, Model, PendingChange};
use super::number::{significant, tidy};
use super::pages::{self, PAGES};
use super::past::Step;
use super::sweep_page::SweepPage;
use crate::experiment::{Change, Experiment, combinations, memory};
use crate::measure::Law;
use crate::run::worker::Command;

/// What the loop does for an action.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Tell the worker.
    Send(Command),
    /// Read the preset of this index and start it.
    Load(usize),
    /// List the experiments that there are, also those that lie here.
    List,
    /// Ask where to save.
    Where,
    /// Save what is on show to this folder.
    Save(PathBuf),
    /// Write the screen to a file.
    Keep(Keepsake),
    /// Begin or end a recording.
    Record,
    /// Put a text on the clipboard.
    Copy(String),
    /// Draw everything again.
    Redraw,
    /// To the shell.
    Suspend,
}

/// A change of nothing.
pub(crate) const NOTHING: Change = Change {
    at: f64::NAN,
    beta: None,
    normalisation: None,
    diffusion: None,
};

/// Systems that move faster than this, in units of (SA)'s speed, are worth a word.
const FAST: f64 = 1e3;

/// An experiment takes the place of the present one.
pub(crate) fn begin(model: &mut Model, experiment: Experiment) -> Vec<Effect> {
    model.keep_run();
    model.loaded = experiment.clone();
    let page = pages::about(&experiment);
    let effects = begin_again(model, experiment);
    // where it is about nothing in particular, the reader stays where they are
    if page > 0 {
        model.page = page;
    }
    effects
}

/// An experiment takes the place of the present one, as a step that is not kept.
pub(crate) fn begin_again(model: &mut Model, experiment: Experiment) -> Vec<Effect> {
    model.wishes = PendingChange::default();
    model.speed = default_speed(&experiment);
    model.experiment = experiment.clone();
    model.sweep = SweepPage::default();
    if !(PAGES[model.page % PAGES.len()].shown)(model) {
        model.page = 0;
    }
    vec![
        Effect::Send(Command::Speed(model.speed)),
        Effect::Send(Command::Start(Box::new(experiment))),
    ]
}

pub(crate) fn restart(model: &mut Model) -> Vec<Effect> {
    vec![Effect::Send(Command::Start(Box::new(
        model.experiment.clone(),
    )))]
}

/// A change of the run under way, kept so that it can be taken back.
pub(crate) fn change_to(model: &mut Model, ask: impl FnOnce(&mut Change)) -> Vec<Effect> {
    if model.looks_back() {
        return refuse_the_past(model);
    }
    let mut change = NOTHING;
    ask(&mut change);
    if change.beta.is_some() && model.attention().interaction.is_some() {
        return refuse(
            model,
            "this interaction is given by its Fourier coefficients and has no β",
        );
    }
    let mut now = model.experiment.clone();
    now.attention = model.attention();
    now.noise.diffusion = model.diffusion();
    if let Some(rule) = combinations::refusal(&now, &change) {
        return refuse(model, &format!("{}: {}", rule.message, rule.remedy));
    }
    let before = Change {
        at: f64::NAN,
        beta: change.beta.map(|_| now.attention.beta),
        normalisation: change.normalisation.map(|_| now.attention.normalisation),
        diffusion: change.diffusion.map(|_| now.noise.diffusion),
    };
    model.past.keep(Step::Change(before));
    warn_of_speed(model, &now, &change);
    send_change(model, change)
}

/// USA moves e^β times faster than SA: whoever gets there is told, and how to look at it.
fn warn_of_speed(model: &mut Model, now: &Experiment, change: &Change) {
    let mut then = now.attention;
    then.beta = change.beta.unwrap_or(then.beta);
    then.normalisation = change.normalisation.unwrap_or(then.normalisation);
    let faster = then.speed() / now.attention.speed();
    if then.speed() > FAST && faster > 2.0 {
        model.message = Some(Message::Note(format!(
            "this system moves {} times faster: one unit of its time is t = {:.0e} (u takes it back, the speed is a parameter)",
            tidy(significant(faster, 2)),
            1.0 / then.speed()
        )));
    }
}

/// Sends a change as it is.
pub(crate) fn send_change(model: &mut Model, change: Change) -> Vec<Effect> {
    // A restart takes over what was changed; what the file had planned gives way to it.
    model.experiment.changes.clear();
    model.wishes.beta = change.beta.or(model.wishes.beta);
    model.wishes.diffusion = change.diffusion.or(model.wishes.diffusion);
    model.wishes.normalisation = change.normalisation.or(model.wishes.normalisation);
    model.experiment.attention = model.attention();
    model.experiment.noise.diffusion = model.diffusion();
    vec![Effect::Send(Command::Change(change))]
}

/// Another speed.
pub(crate) fn set_speed(model: &mut Model, speed: f64) -> Vec<Effect> {
    model.speed = significant(speed.clamp(1e-6, 1e6), 4);
    vec![Effect::Send(Command::Speed(model.speed))]
}

/// A restart with another seed.
pub(crate) fn set_seed(model: &mut Model, seed: u64) -> Vec<Effect> {
    if model.looks_back() {
        return refuse_the_past(model);
    }
    model.keep_run();
    model.experiment.tokens.seed = seed;
    restart(model)
}

/// A restart with another number of tokens, if they can be.
pub(crate) fn set_count(model: &mut Model, count: usize) -> Vec<Effect> {
    if model.looks_back() {
        return refuse_the_past(model);
    }
    let tokens = &model.experiment.tokens;
    if matches!(tokens.initial, Law::File { .. }) {
        model.message = Some(Message::Error(
            "n is fixed: these tokens were read from a file".into(),
        ));
        return Vec::new();
    }
    if let Err(error) = tokens.initial.check(count, tokens.dimension) {
        model.message = Some(Message::Error(error.to_string()));
        return Vec::new();
    }
    if count == tokens.count {
        return Vec::new();
    }
    let mut larger = model.experiment.clone();
    larger.tokens.count = count;
    if let Some(rule) = combinations::first_broken(&larger) {
        return refuse(model, &format!("{}: {}", rule.message, rule.remedy));
    }
    if let Some((_, message)) = memory::shortage_here(&larger) {
        return refuse(model, &message);
    }
    model.keep_run();
    model.experiment.tokens.count = count;
    restart(model)
}

/// Refuses to change a frame that is past.
pub(crate) fn refuse_the_past(model: &mut Model) -> Vec<Effect> {
    refuse(
        model,
        "this frame is past: end goes back to the run, b begins anew from here",
    )
}

pub(crate) fn refuse(model: &mut Model, why: &str) -> Vec<Effect> {
    model.message = Some(Message::Error(why.to_owned()));
    Vec::new()
}

/// Takes the latest step back.
pub(crate) fn undo(model: &mut Model) -> Vec<Effect> {
    let Some(step) = model.past.pop() else {
        model.message = Some(Message::Note("nothing to take back".into()));
        return Vec::new();
    };
    match step {
        Step::Change(before) => {
            model.message = Some(Message::Note(
                "the change is taken back, from here on".into(),
            ));
            send_change(model, before)
        }
        Step::Run(experiment, loaded) => {
            ghost::leave_behind(model);
            let ghost = if model.pinned.iter().any(|pinned| pinned.left) {
                "; the run that was left is a grey ghost until another begins"
            } else {
                ""
            };
            let text = format!("back to “{}”, from t = 0{ghost}", experiment.title);
            model.message = Some(Message::Note(text));
            model.loaded = *loaded;
            begin_again(model, *experiment)
        }
    }
}
