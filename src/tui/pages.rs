//! The pages of the dashboard, a row each: their names, what is on them, and in which runs there is anything to be seen on them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::Model;
use super::panels::{
    density, matrix, metrics, pairs, parameters, products, spacetime, spectrum, staircase, sweep,
    tokens, values,
};
use crate::dynamics::system::Mask;
use crate::experiment::{Experiment, Spacing};

/// Draws a part of the model into an area.
pub(crate) type Draw = fn(&Model, &mut Buffer, Rect);

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

fn on_sphere(model: &Model) -> bool {
    !model.experiment.tokens.flat && model.experiment.tokens.replay.is_none()
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

/// The panels of the first page that may have all of it, in the order of the key.
#[must_use]
pub(crate) fn panels(model: &Model) -> Vec<Draw> {
    let sides: [Draw; 2] = [tokens::draw, density::draw];
    sides.into_iter().chain(metrics::charts(model)).collect()
}

/// From this size on, the first page shows spectrum and space–time beside.
const SPACIOUS: (u16, u16) = (160, 45);

/// Tokens and density side by side, the parameters beside them, the metrics below; in a large window spectrum and
/// space–time to the right.
// long: the layout of a page, panel by panel
fn run(model: &Model, buffer: &mut Buffer, area: Rect) {
    if let Some(draw) = model
        .enlarged
        .and_then(|which| panels(model).get(which).copied())
    {
        return draw(model, buffer, area);
    }
    let spacious = area.width >= SPACIOUS.0 && area.height + 4 >= SPACIOUS.1 && on_sphere(model);
    let main = if spacious {
        Rect {
            width: area.width * 2 / 3,
            ..area
        }
    } else {
        area
    };
    let column = if main.width >= 100 { 28 } else { 24 }.min(main.width / 3);
    let circle = (main.width - column - 2) / 2;
    // A circle as wide as its panel needs half as many rows; the metrics keep at least a third.
    let wanted = circle / 2 + 2;
    let top = wanted.min(main.height * 3 / 5).max(7);
    let panel = |x: u16, width: u16| Rect::new(x, main.y, width, top);
    tokens::draw(model, buffer, panel(main.x, circle));
    density::draw(model, buffer, panel(main.x + circle + 1, circle));
    let left = main.x + 2 * circle + 2;
    parameters::draw(model, buffer, panel(left, main.right() - left));
    metrics::draw(
        model,
        buffer,
        Rect {
            y: main.y + top,
            height: main.height - top,
            ..main
        },
    );
    if spacious {
        let side = Rect {
            x: main.right() + 1,
            width: area.right() - main.right() - 1,
            ..area
        };
        let upper = side.height / 2;
        let rates = spectrum::has_rates(model);
        let third = if rates { upper * 3 / 5 } else { upper };
        spectrum::sizes(
            model,
            buffer,
            Rect {
                height: third,
                ..side
            },
        );
        if rates {
            spectrum::rates(
                model,
                buffer,
                Rect {
                    y: side.y + third,
                    height: upper - third,
                    ..side
                },
            );
        }
        spacetime::draw(
            model,
            buffer,
            Rect {
                y: side.y + upper,
                height: side.height - upper,
                ..side
            },
        );
    }
}
