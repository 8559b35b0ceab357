//! What the screen knows of the sweep beside the run.

use crate::sweep::live::{Live, View};

/// What the screen knows of a sweep.
#[derive(Debug, Default)]
pub struct SweepPage {
    /// The sweep; why there is none, where it could not begin.
    pub live: Option<Result<Live, String>>,
    /// The point under the cursor, to the right and upwards.
    pub(crate) cursor: (usize, usize),
    /// The observable on show, counted on for ever.
    shown: usize,
    /// Where the axes stand that have no side on the picture, counted through.
    pub(crate) turn: usize,
    /// Whether all of the sweep is run, not its quick form.
    pub(crate) whole: bool,
    /// What of the sweep was drawn last.
    pub(crate) seen: (u64, u64),
}

impl SweepPage {
    /// The observable on show.
    #[must_use]
    pub(crate) fn observable(&self, view: &View) -> Option<usize> {
        let count = view.plan.spec.observables.len();
        (count > 0).then(|| self.shown % count)
    }

    /// All of the sweep in place of its quick form, or the quick form again: it begins anew.
    pub(crate) fn toggle(&mut self) {
        self.whole = !self.whole;
        self.live = None;
        self.seen = (0, 0);
    }

    /// The next observable.
    pub(crate) fn next(&mut self) {
        self.shown = self.shown.wrapping_add(1);
    }
}
