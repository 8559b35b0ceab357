//! The sweep beside the run: begun when its page is first looked at, read off cell by cell, opened as an ordinary run.

use ratatui::layout::Rect;

use super::changes::{self, Effect};
use super::model::{Message, Model};
use super::pages::PAGES;
use super::panels::sweep;
use crate::sweep::live::Live;
use crate::sweep::{Layout, Plan};

/// Whether the sweep is what the reader looks at.
#[must_use]
pub(crate) fn on_page(model: &Model) -> bool {
    PAGES[model.page].name == "sweep" && model.experiment.sweep.is_some()
}

/// Begins the sweep where its page is open; whether there is something new to draw.
pub(crate) fn look(model: &mut Model) -> bool {
    if !on_page(model) {
        return false;
    }
    if model.sweep.live.is_none() {
        let started = match Plan::new(&model.experiment) {
            Ok(Some(plan)) => Live::start(if model.sweep.whole {
                plan
            } else {
                plan.quickly()
            })
            .map_err(|error| error.to_string()),
            Ok(None) => Err("nothing is varied".into()),
            Err(error) => Err(error.to_string()),
        };
        model.sweep.live = Some(started);
        return true;
    }
    let Some(Ok(live)) = &model.sweep.live else {
        return false;
    };
    let now = {
        let view = live.view();
        // cells count at once, runs by the percent
        let percent = 100 * view.progress.realisations / view.progress.of.max(1);
        (view.number, percent)
    };
    let news = now != model.sweep.seen;
    model.sweep.seen = now;
    news
}

/// Moves the cursor.
pub(crate) fn step(model: &mut Model, by: (i32, i32)) -> Vec<Effect> {
    if let Some(Ok(live)) = &model.sweep.live {
        let cursor = sweep::stepped(&live.view(), model.sweep.cursor, by);
        model.sweep.cursor = cursor;
    }
    Vec::new()
}

/// The cursor goes to the point that is drawn at a place of the screen.
pub(crate) fn point(model: &mut Model, page: Rect, place: (u16, u16)) {
    if let Some(point) = sweep::point_at(model, page, place) {
        model.sweep.cursor = point;
    }
}

/// The next observable.
pub(crate) fn next_observable(model: &mut Model) -> Vec<Effect> {
    model.sweep.next();
    Vec::new()
}

/// Opens the first realisation of the cell under the cursor as an ordinary run, with the bits that it had in the sweep.
pub(crate) fn open(model: &mut Model) -> Vec<Effect> {
    let Some(Ok(live)) = &model.sweep.live else {
        return Vec::new();
    };
    let experiment = {
        let view = live.view();
        let (cell, _) = sweep::chosen(model, &view);
        view.plan.experiment(cell, 0)
    };
    match experiment {
        Ok(mut experiment) => {
            // the sweep goes on beside it
            experiment.sweep.clone_from(&model.experiment.sweep);
            let page = std::mem::take(&mut model.sweep);
            let effects = changes::begin(model, experiment);
            model.sweep = page;
            model.page = 0;
            effects
        }
        Err(error) => {
            model.message = Some(Message::Error(error.to_string()));
            Vec::new()
        }
    }
}

/// The next points, or the ones before, of the axes that have no side on the picture.
pub(crate) fn turn(model: &mut Model, by: i32) -> Vec<Effect> {
    if let Some(Ok(live)) = (model.sweep.live.as_ref()).filter(|_| on_page(model)) {
        let turns = Layout::turns(&live.view().plan).max(1);
        let by = by.rem_euclid(turns as i32) as usize;
        model.sweep.turn = (model.sweep.turn + by) % turns;
    }
    Vec::new()
}

/// All of the sweep in place of its quick form, or the quick form again: begun anew.
pub(crate) fn whole(model: &mut Model) -> Vec<Effect> {
    if on_page(model) {
        model.sweep.toggle();
    }
    Vec::new()
}
