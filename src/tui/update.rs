//! What an action changes in the model, and what it asks of the world.

use super::action::Action;
use super::captions;
use super::changes::{self, Effect, NOTHING, change_to, restart, set_count, set_seed, set_speed};
use super::entry;
use super::ghost;
use super::ladders::{next_beta, next_count, next_diffusion};
use super::looking;
use super::looks::looks;
use super::model::{Message, Model, Parameter, Popup};
use super::pages::PAGES;
use super::palette;
use super::panels::help;
use super::sweeping;
use super::values;
use super::view;
use crate::dynamics::Normalisation;
use crate::run::worker::{Command, Status};

/// Applies an action.
// long: one arm an action
pub(crate) fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if action != Action::Redraw {
        model.message = None;
    }
    model.warned &= action == Action::Quit;
    let asked = model.asked.take();
    if let Some(popup) = model.popup {
        return in_popup(model, popup, action);
    }
    if asked.is_none()
        && sweeping::on_page(model)
        && let Some(effects) = on_sweep(model, action)
    {
        return effects;
    }
    if asked.is_none()
        && values::on_page(model)
        && let Some(effects) = on_values(model, action)
    {
        return effects;
    }
    match action {
        Action::Preset(index) => digit(model, index),
        Action::Undo => changes::undo(model),
        Action::Pause => pause(model),
        Action::Step if model.looks_back() => looking::step(model, true),
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
            let seed = model.experiment.tokens.seed.wrapping_add(1);
            set_seed(model, seed)
        }
        Action::NextPage => turn(model, 1),
        Action::PreviousPage => turn(model, PAGES.len() - 1),
        Action::Presets => {
            open(model, Popup::Presets(present(model)));
            vec![Effect::List]
        }
        Action::Time
        | Action::Zoom(_)
        | Action::Turn(_)
        | Action::FirstView
        | Action::Picture
        | Action::Markers
        | Action::Enlarge
        | Action::Together
        | Action::Ground => looks(model, action),
        Action::Palette => palette::open(model, false),
        Action::Search => palette::open(model, true),
        Action::Copy => changes::refuse(
            model,
            "y copies the chosen value of the page values (tab, or : values)",
        ),
        Action::Help => open(model, Popup::Help(0)),
        Action::Words => open(model, Popup::Words(0)),
        Action::Earlier => looking::step(model, false),
        Action::MarkBefore => looking::mark(model, false),
        Action::MarkAfter if model.tour.is_some() => captions::next(model),
        Action::MarkAfter => looking::mark(model, true),
        Action::Tour => captions::toggle(model),
        Action::Branch => looking::branch(model),
        Action::Pin => {
            ghost::pin(model);
            Vec::new()
        }
        Action::First => looking::to(model, 0),
        Action::Last => looking::leave(model),
        Action::PageUp | Action::PageDown => {
            let text = "page up and down are for the list (p), the help (?) and the words (i)";
            model.message = Some(Message::Note(text.into()));
            Vec::new()
        }
        Action::Save => save(model),
        Action::Keep(what) => vec![Effect::Keep(what)],
        Action::Record => vec![Effect::Record],
        Action::OtherAxes(by) => sweeping::turn(model, by),
        Action::Whole => sweeping::whole(model),
        Action::Confirm => asked.map_or_else(Vec::new, |index| load(model, index)),
        Action::Close if model.enlarged.is_some() => {
            model.enlarged = None;
            Vec::new()
        }
        Action::Close if model.tour.is_some() => captions::toggle(model),
        Action::Close => looking::leave(model),
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => quit(model),
    }
}

// long: one arm a popup and action
fn in_popup(model: &mut Model, popup: Popup, action: Action) -> Vec<Effect> {
    let page = PAGES[model.page % PAGES.len()].name;
    match (popup, action) {
        (_, Action::Quit) => model.popup = None,
        (_, Action::Suspend) => return vec![Effect::Suspend],
        (_, Action::Redraw) => return vec![Effect::Redraw],
        (Popup::Help(line) | Popup::Words(line), _) if moved(line, 0, action).is_some() => {
            let last = help::last(model, view::over(model), popup, page);
            model.popup = moved(line.min(last), last, action).map(match popup {
                Popup::Words(_) => Popup::Words,
                _ => Popup::Help,
            });
        }
        (Popup::Presets(index), Action::Up | Action::Down) => {
            let count = model.presets.len().max(1);
            let step = if action == Action::Up { count - 1 } else { 1 };
            model.popup = Some(Popup::Presets((index + step) % count));
        }
        (Popup::Presets(index), _) if moved(index, 1, action).is_some() => {
            let last = model.presets.len().saturating_sub(1);
            model.popup = moved(index, last, action).map(Popup::Presets);
        }
        (Popup::Presets(index), Action::Confirm) => {
            model.popup = None;
            return load(model, index);
        }
        (_, Action::Preset(index)) => {
            model.popup = None;
            return load(model, index);
        }
        (_, Action::Palette) => return palette::open(model, false),
        (_, Action::Search) => return palette::open(model, true),
        (_, Action::Close)
        | (Popup::Help(_), Action::Help | Action::Confirm)
        | (Popup::Words(_), Action::Words | Action::Confirm)
        | (Popup::Presets(_), Action::Presets) => {
            model.popup = None;
        }
        (_, Action::Words) => model.popup = Some(Popup::Words(0)),
        (_, Action::Help) => model.popup = Some(Popup::Help(0)),
        (_, Action::Presets) => model.popup = Some(Popup::Presets(present(model))),
        (_, Action::Pause) => return pause(model),
        _ => {}
    }
    Vec::new()
}

/// Where a key of lists goes from a place, in a list that ends at `last`.
fn moved(at: usize, last: usize, action: Action) -> Option<usize> {
    match action {
        Action::Up => Some(at.saturating_sub(1)),
        Action::Down => Some((at + 1).min(last)),
        Action::PageUp => Some(at.saturating_sub(10)),
        Action::PageDown => Some((at + 10).min(last)),
        Action::First => Some(0),
        Action::Last => Some(last),
        _ => None,
    }
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

/// On the page of the sweep the arrows read off its cells.
fn on_sweep(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::Less => sweeping::step(model, (-1, 0)),
        Action::More => sweeping::step(model, (1, 0)),
        Action::MuchLess => sweeping::step(model, (-2, 0)),
        Action::MuchMore => sweeping::step(model, (2, 0)),
        Action::Up => sweeping::step(model, (0, 1)),
        Action::Down => sweeping::step(model, (0, -1)),
        Action::Picture => sweeping::next_observable(model),
        Action::Confirm => sweeping::open(model),
        _ => return None,
    })
}

/// On the page of values the arrows choose one.
fn on_values(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::Up => values::step(model, -1),
        Action::Down => values::step(model, 1),
        Action::PageUp => values::step(model, -10),
        Action::PageDown => values::step(model, 10),
        Action::Copy => values::copy(model),
        _ => return None,
    })
}

/// A digit begins a value, or names a preset, which is asked for: it takes the place of a run.
fn digit(model: &mut Model, index: usize) -> Vec<Effect> {
    let digit = char::from(b'0' + ((index + 1) % 10) as u8);
    if entry::begin(model, digit) {
        return Vec::new();
    }
    if model.looks_back() {
        return changes::refuse_the_past(model);
    }
    let Some(preset) = model.presets.get(index) else {
        return load(model, index);
    };
    let time = model.snapshot().map_or(0.0, |snapshot| snapshot.time);
    let text = format!(
        "preset {}, “{}”: the run at t = {} makes way for it. Enter starts it, esc does not",
        index + 1,
        preset.title,
        super::number::tidy(time)
    );
    model.asked = Some(index);
    model.message = Some(Message::Note(text));
    Vec::new()
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

fn change(model: &mut Model, by: i32) -> Vec<Effect> {
    let mut change = NOTHING;
    match model.parameter() {
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
            return set_seed(
                model,
                if by > 0 {
                    seed.wrapping_add(step)
                } else {
                    seed.saturating_sub(step)
                },
            );
        }
    }
    change_to(model, |asked| *asked = change)
}

fn change_speed(model: &mut Model, factor: f64) -> Vec<Effect> {
    let speed = model.speed * factor;
    set_speed(model, speed)
}

fn change_count(model: &mut Model, by: i32) -> Vec<Effect> {
    let count = next_count(model.experiment.tokens.count, by);
    set_count(model, count)
}

fn save(model: &mut Model) -> Vec<Effect> {
    if model.saving.is_some() {
        model.message = Some(Message::Error("a save is under way".into()));
    } else if sweeping::on_page(model) {
        let live = model
            .sweep
            .live
            .as_ref()
            .and_then(|live| live.as_ref().ok());
        if live.is_some_and(|live| live.view().results.iter().any(Option::is_some)) {
            return vec![Effect::Where];
        }
        model.message = Some(Message::Error(
            "nothing to save yet: no cell is there".into(),
        ));
    } else if model.live().is_none_or(|snapshot| snapshot.frame == 0) {
        model.message = Some(Message::Error(
            "nothing to save yet: the run is at t = 0".into(),
        ));
    } else {
        return vec![Effect::Where];
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
