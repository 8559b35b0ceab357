//! What is done on the page of values: another one is chosen, and the chosen one copied.

use super::changes::Effect;
use super::model::{Message, Model};
use super::pages::PAGES;
use super::panels::values::rows;
use crate::observe::OBSERVABLES;

/// Whether the page is on show.
#[must_use]
pub(crate) fn on_page(model: &Model) -> bool {
    PAGES[model.page % PAGES.len()].name == "values"
}

/// Moves by so many rows.
pub(crate) fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    let last = rows(model).len().saturating_sub(1);
    model.value = model.value.min(last).saturating_add_signed(by).min(last);
    Vec::new()
}

/// The chosen value goes to the clipboard, with its name and time.
pub(crate) fn copy(model: &mut Model) -> Vec<Effect> {
    let rows = rows(model);
    let row = rows.get(model.value).or(rows.last());
    let (Some(row), Some(snapshot)) = (row, model.snapshot()) else {
        return Vec::new();
    };
    let text = format!(
        "{} = {} at t = {}",
        OBSERVABLES[*row].name, snapshot.values[*row], snapshot.time
    );
    model.message = Some(Message::Note(format!("copied: {text}")));
    vec![Effect::Copy(text)]
}
