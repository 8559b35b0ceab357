//! What an action changes in the model, and what it asks of the world.

use super::action::{ACTIONS, Action, Heading};
use super::model::{Message, Model, Parameter, Popup, default_speed};
use super::number::significant;
use super::pages::PAGES;
use super::projection::Camera;
use crate::dynamics::Normalisation;
use crate::experiment::{Change, Experiment, combinations, memory};
use crate::measure::Law;
use crate::run::worker::{Command, Status};

/// What the loop does for an action.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Tell the worker.
    Send(Command),
    /// Read the preset of this index and start it.
    Load(usize),
    /// Save the run so far.
    Save,
    /// Draw everything again.
    Redraw,
    /// To the shell.
    Suspend,
}

/// Applies an action.
// long: one arm an action
pub(crate) fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if action != Action::Redraw {
        model.message = None;
    }
    model.warned &= action == Action::Quit;
    if let Some(popup) = model.popup {
        return in_popup(model, popup, action);
    }
    match action {
        Action::Preset(index) => load(model, index),
        Action::Pause => pause(model),
        Action::Step => step(model),
        Action::Up => choose(model, Parameter::ALL.len() - 1),
        Action::Down => choose(model, 1),
        Action::Less => change(model, -1),
        Action::More => change(model, 1),
        Action::MuchLess => change(model, -2),
        Action::MuchMore => change(model, 2),
        Action::Slower => change_speed(model, 0.5),
        Action::Faster => change_speed(model, 2.0),
        Action::Restart => restart(model),
        Action::NewSeed => {
            model.experiment.tokens.seed = model.experiment.tokens.seed.wrapping_add(1);
            restart(model)
        }
        Action::NextPage => turn(model, 1),
        Action::PreviousPage => turn(model, PAGES.len() - 1),
        Action::Presets => open(model, Popup::Presets(present(model))),
        Action::Time => {
            let log = !model.log_time();
            model.log_time = Some(log);
            let note = if log {
                "time: logarithmic, without t = 0"
            } else {
                "time: linear"
            };
            model.message = Some(Message::Note(note.into()));
            Vec::new()
        }
        Action::Help => open(model, Popup::Help(0)),
        Action::Save => save(model),
        Action::Turn(heading) => {
            let (east, north) = match heading {
                Heading::West => (-1.0, 0.0),
                Heading::East => (1.0, 0.0),
                Heading::North => (0.0, 1.0),
                Heading::South => (0.0, -1.0),
            };
            look(model, model.gaze.turned(east, north))
        }
        Action::FirstView => look(
            model,
            Camera {
                map: model.gaze.map,
                ..Camera::default()
            },
        ),
        Action::Picture => {
            model.gaze.map = !model.gaze.map;
            if !model.has_two_pictures() {
                model.message = Some(Message::Note(
                    "globe and map are for tokens on S² (d = 3), angles and products for a zonal density".into(),
                ));
            }
            Vec::new()
        }
        Action::Markers => {
            model.marker = model.marker.next();
            model.message = Some(Message::Note(format!("markers: {}", model.marker.name())));
            Vec::new()
        }
        Action::Close | Action::Confirm => Vec::new(),
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => quit(model),
    }
}

fn in_popup(model: &mut Model, popup: Popup, action: Action) -> Vec<Effect> {
    match (popup, action) {
        (_, Action::Quit) => return quit(model),
        (_, Action::Suspend) => return vec![Effect::Suspend],
        (_, Action::Redraw) => return vec![Effect::Redraw],
        (Popup::Help(line), Action::Up) => model.popup = Some(Popup::Help(line.saturating_sub(1))),
        (Popup::Help(line), Action::Down) => {
            model.popup = Some(Popup::Help((line + 1).min(ACTIONS.len())));
        }
        (Popup::Presets(index), Action::Up | Action::Down) => {
            let count = model.presets.len().max(1);
            let step = if action == Action::Up { count - 1 } else { 1 };
            model.popup = Some(Popup::Presets((index + step) % count));
        }
        (Popup::Presets(index), Action::Confirm) => {
            model.popup = None;
            return load(model, index);
        }
        (_, Action::Preset(index)) => {
            model.popup = None;
            return load(model, index);
        }
        (_, Action::Close)
        | (Popup::Help(_), Action::Help | Action::Confirm)
        | (Popup::Presets(_), Action::Presets) => {
            model.popup = None;
        }
        (_, Action::Help) => model.popup = Some(Popup::Help(0)),
        (_, Action::Presets) => model.popup = Some(Popup::Presets(present(model))),
        (_, Action::Pause) => return pause(model),
        _ => {}
    }
    Vec::new()
}

fn open(model: &mut Model, popup: Popup) -> Vec<Effect> {
    model.popup = Some(popup);
    Vec::new()
}

/// The preset that runs, by its title.
fn present(model: &Model) -> usize {
    model
        .presets
        .iter()
        .position(|preset| preset.title == model.experiment.title)
        .unwrap_or(0)
}

fn load(model: &mut Model, index: usize) -> Vec<Effect> {
    if index < model.presets.len() {
        return vec![Effect::Load(index)];
    }
    model.message = Some(Message::Error(format!(
        "there is no preset {}: p lists them",
        index + 1
    )));
    Vec::new()
}

/// An experiment takes the place of the present one.
pub(crate) fn begin(model: &mut Model, experiment: Experiment) -> Vec<Effect> {
    model.wishes = super::model::PendingChange::default();
    model.speed = default_speed(&experiment);
    model.experiment = experiment.clone();
    if !(PAGES[model.page % PAGES.len()].shown)(model) {
        model.page = 0;
    }
    vec![
        Effect::Send(Command::Speed(model.speed)),
        Effect::Send(Command::Start(Box::new(experiment))),
    ]
}

fn pause(model: &mut Model) -> Vec<Effect> {
    // At the end, going on means going past it.
    model.paused = if model.report.status == Status::Finished {
        false
    } else {
        !model.paused
    };
    vec![Effect::Send(Command::Pause(model.paused))]
}

fn step(model: &mut Model) -> Vec<Effect> {
    model.paused = true;
    vec![
        Effect::Send(Command::Pause(true)),
        Effect::Send(Command::Step),
    ]
}

/// Turns the sphere, or says that there is none to be seen turning.
fn look(model: &mut Model, gaze: Camera) -> Vec<Effect> {
    model.gaze = gaze;
    if !model.has_sphere() {
        model.message = Some(Message::Note(
            "only the sphere S² can be turned: tokens with d = 3".into(),
        ));
    }
    Vec::new()
}

fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    // pages on which there is nothing in this run are passed over
    for _ in 0..PAGES.len() {
        model.page = (model.page + by) % PAGES.len();
        if (PAGES[model.page].shown)(model) {
            break;
        }
    }
    Vec::new()
}

fn choose(model: &mut Model, by: usize) -> Vec<Effect> {
    model.chosen = (model.chosen + by) % Parameter::ALL.len();
    Vec::new()
}

fn restart(model: &mut Model) -> Vec<Effect> {
    vec![Effect::Send(Command::Start(Box::new(
        model.experiment.clone(),
    )))]
}

fn change(model: &mut Model, by: i32) -> Vec<Effect> {
    let mut change = Change {
        at: f64::NAN,
        beta: None,
        normalisation: None,
        diffusion: None,
    };
    match model.parameter() {
        Parameter::Beta if model.attention().interaction.is_some() => {
            return refuse(
                model,
                "this interaction is given by its Fourier coefficients and has no β",
            );
        }
        Parameter::Beta => change.beta = Some(next_beta(model.attention().beta, by)),
        Parameter::Diffusion => change.diffusion = Some(next_diffusion(model.diffusion(), by)),
        Parameter::Normalisation => {
            change.normalisation = Some(match model.attention().normalisation {
                Normalisation::None => Normalisation::Softmax,
                _ => Normalisation::None,
            });
        }
        Parameter::Speed => {
            return change_speed(model, [0.125, 0.5, 1.0, 2.0, 8.0][(by + 2) as usize]);
        }
        Parameter::Count => return change_count(model, by),
        Parameter::Seed => {
            let step = if by.abs() > 1 { 10 } else { 1 };
            let seed = model.experiment.tokens.seed;
            model.experiment.tokens.seed = if by > 0 {
                seed.wrapping_add(step)
            } else {
                seed.saturating_sub(step)
            };
            return restart(model);
        }
    }
    let mut now = model.experiment.clone();
    now.attention = model.attention();
    now.noise.diffusion = model.diffusion();
    if let Some(rule) = combinations::refusal(&now, &change) {
        return refuse(model, &format!("{}: {}", rule.message, rule.remedy));
    }
    // A restart takes over what was changed; what the file had planned gives way to it.
    model.experiment.changes.clear();
    model.wishes.beta = change.beta.or(model.wishes.beta);
    model.wishes.diffusion = change.diffusion.or(model.wishes.diffusion);
    model.wishes.normalisation = change.normalisation.or(model.wishes.normalisation);
    model.experiment.attention = model.attention();
    model.experiment.noise.diffusion = model.diffusion();
    vec![Effect::Send(Command::Change(change))]
}

fn refuse(model: &mut Model, why: &str) -> Vec<Effect> {
    model.message = Some(Message::Error(why.to_owned()));
    Vec::new()
}

fn change_speed(model: &mut Model, factor: f64) -> Vec<Effect> {
    model.speed = significant((model.speed * factor).clamp(1e-6, 1e6), 4);
    vec![Effect::Send(Command::Speed(model.speed))]
}

fn change_count(model: &mut Model, by: i32) -> Vec<Effect> {
    let tokens = &model.experiment.tokens;
    let count = next_count(tokens.count, by);
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
    model.experiment.tokens.count = count;
    restart(model)
}

/// β · 1.1 or β / 1.1 (twofold for big steps) to two digits, never the same, down to 0 and up to 1000.
fn next_beta(beta: f64, by: i32) -> f64 {
    let factor = if by.abs() > 1 { 2.0 } else { 1.1 };
    if beta < 0.0 {
        return -next_beta(-beta, -by);
    }
    if by > 0 {
        let next = significant((beta * factor).max(0.1), 2);
        (if next > beta {
            next
        } else {
            significant(beta * 1.2, 2)
        })
        .min(1000.0)
    } else if beta <= 0.1 {
        0.0
    } else {
        significant(beta / factor, 2)
    }
}

/// The next of 0, 0.001, 0.002, 0.005, 0.01 … 10 (tenfold for big steps).
fn next_diffusion(diffusion: f64, by: i32) -> f64 {
    let ladder: Vec<f64> = (-3..2)
        .flat_map(|power| ["1", "2", "5"].map(|m| format!("{m}e{power}").parse().unwrap_or(0.0)))
        .collect();
    let steps = if by.abs() > 1 { 3 } else { 1 };
    let below = ladder
        .iter()
        .filter(|value| **value < diffusion * (1.0 - 1e-9))
        .count();
    let above = ladder
        .iter()
        .filter(|value| **value <= diffusion * (1.0 + 1e-9))
        .count();
    if by > 0 {
        ladder[(above + steps - 1).min(ladder.len() - 3)]
    } else {
        below.checked_sub(steps).map_or(0.0, |index| ladder[index])
    }
}

/// The next of 1, 2, 3, 4, 6, 8, 12, 16, 24 … 65536 (fourfold for big steps).
fn next_count(count: usize, by: i32) -> usize {
    let ladder: Vec<usize> = std::iter::once(1)
        .chain((1..17).flat_map(|power| [1 << power, 3 << (power - 1)]))
        .take_while(|n| *n <= 65536)
        .collect();
    let steps = if by.abs() > 1 { 4 } else { 1 };
    if by > 0 {
        let above = ladder.iter().filter(|n| **n <= count).count();
        ladder[(above + steps - 1).min(ladder.len() - 1)].max(count)
    } else {
        let below = ladder.iter().filter(|n| **n < count).count();
        below.checked_sub(steps).map_or(1, |index| ladder[index])
    }
}

fn save(model: &mut Model) -> Vec<Effect> {
    if model.saving.is_some() {
        model.message = Some(Message::Error("a save is under way".into()));
    } else if model.snapshot().is_none_or(|snapshot| snapshot.frame == 0) {
        model.message = Some(Message::Error(
            "nothing to save yet: the run is at t = 0".into(),
        ));
    } else {
        return vec![Effect::Save];
    }
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if let Some(share) = model.saving.filter(|_| !model.warned) {
        model.warned = true;
        let text = format!(
            "still saving ({:.0} %): q again gives the save up",
            100.0 * share
        );
        model.message = Some(Message::Error(text));
    } else {
        model.quit = true;
    }
    Vec::new()
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
