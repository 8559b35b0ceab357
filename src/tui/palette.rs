//! The palette: everything that can be done, opened or set, found by typing. A key of the experiment takes a value after `=`, with the errors of a
//! file; what cannot change under way begins the run anew.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action};
use super::changes::{self, Effect, change_to};
use super::model::{Message, Model, Palette};
use super::pages::PAGES;
use crate::experiment::keys::{KEYS, Kind};
use crate::experiment::presets;

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Act(Action),
    Open(usize),
    Page(usize),
    Set,
}

/// One of those that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it is called.
    pub label: String,
    /// What it does, or takes.
    pub about: String,
    what: What,
}

/// What a key has done, or what is to be done.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is done.
    Done(Vec<Effect>),
    /// An action was found.
    Act(Action),
}

/// Opens it.
pub(crate) fn open(model: &mut Model, presets: bool) -> Vec<Effect> {
    model.popup = None;
    model.palette = Some(Palette {
        presets,
        ..Palette::default()
    });
    // what lies in the working directory is looked at when somebody looks for it
    vec![Effect::List]
}

/// Everything, presets first where they alone are looked for.
fn all(model: &Model, only_presets: bool) -> Vec<Entry> {
    let presets = (model.presets.iter().enumerate()).map(|(index, preset)| Entry {
        label: format!("preset {}", preset.name),
        about: format!("{} {}", preset.section, preset.title),
        what: What::Open(index),
    });
    if only_presets {
        return presets.collect();
    }
    let actions = (ACTIONS.iter())
        .filter(|row| {
            !matches!(
                row.action,
                Action::Preset(_) | Action::Palette | Action::Search
            )
        })
        .map(|row| Entry {
            label: row.about.to_owned(),
            about: format!(
                "key {}",
                model
                    .keys
                    .keys(row)
                    .first()
                    .map_or_else(String::new, |key| key.name())
            ),
            what: What::Act(row.action),
        });
    let pages = (PAGES.iter().enumerate())
        .filter(|(_, page)| (page.shown)(model))
        .map(|(index, page)| Entry {
            label: format!("page {}", page.name),
            about: "look at it".into(),
            what: What::Page(index),
        });
    actions
        .chain(pages)
        .chain(keys(model))
        .chain(presets)
        .collect()
}

/// Every key of an experiment, with its present value and what it takes.
fn keys(model: &Model) -> Vec<Entry> {
    let now = toml::from_str::<toml::Table>(&model.experiment.to_toml().unwrap_or_default());
    let now = now.unwrap_or_default();
    (KEYS.iter())
        .filter(|key| {
            !["change", "caption", "sweep", "sweep.axis", "sweep.quick"].contains(&key.section)
        })
        .map(|key| {
            let label = match key.section {
                "" => key.name.to_owned(),
                section => format!("{section}.{}", key.name),
            };
            let value = (label
                .split('.')
                .try_fold(None, |at: Option<&toml::Value>, name| {
                    Some(Some(match at {
                        None => now.get(name)?,
                        Some(at) => at.get(name)?,
                    }))
                }))
            .flatten()
            .map_or_else(|| "not set".to_owned(), |value| format!("now {value}"));
            let takes = match key.kind {
                Kind::Number { low, high } => {
                    format!(", {}", crate::experiment::keys::must(low, high))
                }
                Kind::Whole { low, high } => format!(
                    ", {}",
                    crate::experiment::keys::must(low as f64, high as f64)
                ),
                Kind::Word { words } => format!(", {}", words.join(" or ")),
                Kind::Flag => ", true or false".into(),
                Kind::Text | Kind::Other { .. } => String::new(),
            };
            Entry {
                about: format!("{value}{takes}: {}", key.about),
                label,
                what: What::Set,
            }
        })
        .collect()
}

/// Those that fit what was typed: every word is in their name or their meaning, names that begin with it first.
#[must_use]
pub(crate) fn found(model: &Model, palette: &Palette) -> Vec<Entry> {
    let wanted = palette
        .text
        .split('=')
        .next()
        .unwrap_or("")
        .trim()
        .to_lowercase();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let mut list: Vec<(usize, Entry)> = (all(model, palette.presets).into_iter())
        .filter(|entry| !palette.text.contains('=') || entry.what == What::Set)
        .filter_map(|entry| {
            let label = entry.label.to_lowercase();
            let whole = format!("{label} {}", entry.about.to_lowercase());
            let name = label.rsplit([' ', '.']).next().unwrap_or("");
            let rank = match () {
                () if !words.iter().all(|word| whole.contains(word)) => return None,
                () if label.starts_with(&wanted) || name.starts_with(&wanted) => 0,
                () if label.contains(&wanted) => 1,
                () => 2,
            };
            Some((rank, entry))
        })
        .collect();
    list.sort_by_key(|(rank, _)| *rank);
    list.into_iter().map(|(_, entry)| entry).collect()
}

/// A key while the palette is open; None where it is closed.
pub(crate) fn key(model: &mut Model, event: KeyEvent) -> Option<Taken> {
    let mut palette = model.palette.take()?;
    model.message = None;
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let count = found(model, &palette).len().max(1);
    match event.code {
        KeyCode::Char('c') if control => return Some(Taken::Done(Vec::new())),
        KeyCode::Char('u') if control => palette.text.clear(),
        KeyCode::Char('n') if control => palette.chosen += 1,
        KeyCode::Char('p') if control => palette.chosen += count - 1,
        KeyCode::Char(c) if !control => {
            palette.text.push(c);
            palette.chosen = 0;
        }
        KeyCode::Backspace => {
            palette.text.pop()?;
            palette.chosen = 0;
        }
        KeyCode::Down => palette.chosen += 1,
        KeyCode::Up => palette.chosen += count - 1,
        KeyCode::Tab => complete(model, &mut palette),
        KeyCode::Enter => return Some(take(model, palette)),
        KeyCode::Esc => return Some(Taken::Done(Vec::new())),
        _ => {}
    }
    palette.chosen %= count;
    model.palette = Some(palette);
    Some(Taken::Done(Vec::new()))
}

/// What was typed becomes the name of the chosen one.
fn complete(model: &Model, palette: &mut Palette) {
    if let Some(entry) = found(model, palette).into_iter().nth(palette.chosen) {
        palette.text = match (entry.what, palette.text.split_once('=')) {
            (What::Set, Some((_, value))) => format!("{} = {}", entry.label, value.trim()),
            (What::Set, None) => format!("{} = ", entry.label),
            _ => entry.label,
        };
        palette.chosen = 0;
    }
}

/// Enter.
fn take(model: &mut Model, mut palette: Palette) -> Taken {
    if let Some((name, value)) = palette.text.split_once('=') {
        return Taken::Done(set(model, name.trim(), value.trim()));
    }
    let entry = found(model, &palette).into_iter().nth(palette.chosen);
    Taken::Done(match entry.map(|entry| entry.what) {
        Some(What::Act(action)) => return Taken::Act(action),
        Some(What::Open(index)) => vec![Effect::Load(index)],
        Some(What::Page(index)) => {
            model.page = index;
            Vec::new()
        }
        Some(What::Set) => {
            complete(model, &mut palette);
            model.palette = Some(palette);
            Vec::new()
        }
        None => changes::refuse(model, &format!("nothing is called {:?}", palette.text)),
    })
}

/// A key takes a value: under way where that is possible, else from the beginning.
fn set(model: &mut Model, name: &str, value: &str) -> Vec<Effect> {
    if model.looks_back() {
        return changes::refuse_the_past(model);
    }
    let mut base = model.experiment.clone();
    base.attention = model.attention();
    base.noise.diffusion = model.diffusion();
    let experiment = match presets::with(&base, &format!("{name}={value}")) {
        Ok(experiment) => experiment,
        Err(error) => return changes::refuse(model, &error.to_string()),
    };
    let mut live = experiment.clone();
    live.attention.beta = base.attention.beta;
    live.noise.diffusion = base.noise.diffusion;
    if live == base {
        return change_to(model, |change| {
            let now = &experiment;
            change.beta = Some(now.attention.beta).filter(|beta| *beta != base.attention.beta);
            change.diffusion = Some(now.noise.diffusion).filter(|d| *d != base.noise.diffusion);
        });
    }
    model.keep_run();
    let effects = changes::begin_again(model, experiment);
    model.message = Some(Message::Note(format!(
        "{name} = {value}: begun anew from t = 0 (u takes it back)"
    )));
    effects
}
