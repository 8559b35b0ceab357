//! Typing a value: a digit begins it where a number is chosen, Enter takes it, Esc leaves it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::changes::{Effect, change_to, set_count, set_seed, set_speed};
use super::model::{Message, Model, Parameter};
use crate::experiment::keys::{self, Kind};

/// Characters of a number.
const CHARACTERS: &str = "0123456789.eE+-";
/// The longest value that is typed.
const LONGEST: usize = 12;

/// Begins a value with this digit; false where what is chosen is no number.
pub(crate) fn begin(model: &mut Model, digit: char) -> bool {
    let speed = model.parameter() == Parameter::Speed;
    let number = model.parameter() != Parameter::Normalisation && (speed || !model.looks_back());
    if number {
        model.entry = Some(digit.to_string());
    }
    number
}

/// A key while a value is typed; None where it is none of a value's, which then is left.
pub(crate) fn key(model: &mut Model, event: KeyEvent) -> Option<Vec<Effect>> {
    let mut text = model.entry.take()?;
    if event
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    {
        return None;
    }
    model.message = None;
    match event.code {
        KeyCode::Char(c) if CHARACTERS.contains(c) => {
            if text.len() < LONGEST {
                text.push(c);
            }
        }
        KeyCode::Backspace => {
            text.pop();
        }
        KeyCode::Enter => return Some(take(model, &text)),
        KeyCode::Esc => return Some(Vec::new()),
        _ => return None,
    }
    model.entry = Some(text).filter(|text| !text.is_empty());
    Some(Vec::new())
}

/// The key of the file that a parameter is.
fn file_key(parameter: Parameter) -> Option<(&'static str, &'static str)> {
    match parameter {
        Parameter::Beta => Some(("attention", "beta")),
        Parameter::Diffusion => Some(("noise", "diffusion")),
        Parameter::Count => Some(("tokens", "count")),
        Parameter::Seed => Some(("tokens", "seed")),
        Parameter::Normalisation | Parameter::Speed => None,
    }
}

/// Why a value is refused, by the row of its key.
fn refusal(parameter: Parameter, text: &str) -> Option<String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    let Some(value) = value else {
        return Some(format!("{text} is not a number"));
    };
    let (section, name) = file_key(parameter)?;
    let (low, high, whole) = match keys::row(section, name)?.kind {
        Kind::Whole { low, high } => (low as f64, high as f64, true),
        Kind::Number { low, high } => (low, high, false),
        _ => return None,
    };
    if whole && value.fract() != 0.0 {
        return Some(format!("{section}.{name}: {text} is not a whole number"));
    }
    (!(low..=high).contains(&value)).then(|| {
        let remedy = keys::must(low, high);
        format!("{section}.{name}: {text} is out of range: {remedy}")
    })
}

fn take(model: &mut Model, text: &str) -> Vec<Effect> {
    let parameter = model.parameter();
    if let Some(why) = refusal(parameter, text) {
        model.message = Some(Message::Error(why));
        return Vec::new();
    }
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    match parameter {
        Parameter::Beta => change_to(model, |change| change.beta = Some(value)),
        Parameter::Diffusion => change_to(model, |change| change.diffusion = Some(value)),
        Parameter::Count => set_count(model, value as usize),
        Parameter::Seed => set_seed(model, value as u64),
        Parameter::Speed => set_speed(model, value),
        Parameter::Normalisation => Vec::new(),
    }
}
