//! What can be taken back: changes of parameters, other n and seeds, other presets, the latest last.

use crate::experiment::{Change, Experiment};

/// A step that can be taken back.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A change of the run under way: the values before it.
    Change(Change),
    /// Another run: what ran before, and the experiment as it was loaded.
    Run(Box<Experiment>, Box<Experiment>),
}

/// Most steps that are kept.
const KEPT: usize = 100;

/// The steps.
#[derive(Debug, Default)]
pub(crate) struct Past(Vec<Step>);

impl Past {
    /// Keeps a step.
    pub(crate) fn keep(&mut self, step: Step) {
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(step);
    }

    /// The latest step, which is forgotten.
    pub(crate) fn pop(&mut self) -> Option<Step> {
        self.0.pop()
    }
}
