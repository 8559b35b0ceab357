//! The pages of the dashboard, a row each: their names, what is on them, and in which runs there is anything to be seen on them.

use super::layouts::{Draw, on_sphere, run};
use super::model::Model;
use super::panels::{matrix, pairs, products, spacetime, spectrum, staircase, sweep, values};
use crate::dynamics::system::Mask;
use crate::experiment::{Experiment, Spacing};

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its name.
    pub name: &'static str,
    /// What is on it.
    pub draw: Draw,
    /// Whether there is anything to be seen on it in this run.
    pub shown: fn(&Model) -> bool,
}

fn always(_: &Model) -> bool {
    true
}

/// The weights of this attention are those of the kernel alone.
fn kernel(model: &Model) -> bool {
    let system = &model.experiment.system;
    on_sphere(model)
        && system.heads.is_empty()
        && system.mask == Mask::None
        && model.attention().normalisation.is_of_kernel()
        && model.attention().interaction.is_none()
}

fn ensemble(model: &Model) -> bool {
    model.experiment.pairs.is_some()
}

fn swept(model: &Model) -> bool {
    model.experiment.sweep.is_some()
}

/// All pages, in the order of the tab key.
pub static PAGES: &[Page] = &[
    Page {
        name: "run",
        draw: run,
        shown: always,
    },
    Page {
        name: "spectrum",
        draw: spectrum::draw,
        shown: on_sphere,
    },
    Page {
        name: "space–time",
        draw: spacetime::draw,
        shown: on_sphere,
    },
    Page {
        name: "attention",
        draw: matrix::draw,
        shown: kernel,
    },
    Page {
        name: "staircase",
        draw: staircase::draw,
        shown: on_sphere,
    },
    Page {
        name: "products",
        draw: products::draw,
        shown: always,
    },
    Page {
        name: "pairs",
        draw: pairs::draw,
        shown: ensemble,
    },
    Page {
        name: "values",
        draw: values::draw,
        shown: always,
    },
    Page {
        name: "sweep",
        draw: sweep::draw,
        shown: swept,
    },
];

/// The page that an experiment is about: where it opens.
#[must_use]
pub fn about(experiment: &Experiment) -> usize {
    let name = match experiment {
        _ if experiment.sweep.is_some() => "sweep",
        _ if experiment.pairs.is_some() => "pairs",
        _ if experiment.tokens.replay.is_some() => "products",
        _ if experiment.tokens.merge.is_some() && experiment.time.spacing == Spacing::Log => {
            "staircase"
        }
        _ => "run",
    };
    PAGES.iter().position(|page| page.name == name).unwrap_or(0)
}
