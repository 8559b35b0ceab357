//! What is written on every page after any change of a live parameter is true: the present values stand in the title, what is gone is given
//! with its reason, and no page is empty or shows what is no number.

use super::*;
use crate::dynamics::Normalisation;
use crate::experiment::presets;
use crate::experiment::spec::Change;
use crate::run::Session;
use crate::run::worker::{Report, Status};
use crate::snapshot::view::FieldView;
use crate::tui::canvas::Marker;
use crate::tui::number::tidy;
use crate::tui::theme::{Depth, Theme};
use crate::tui::words::noted;

/// Everything that is written on a page, in the order of writing, with single spaces.
fn written(model: &Model) -> String {
    drop(noted::take());
    drop(picture(model, Size::new(160, 48)));
    let texts: Vec<String> = noted::take().into_iter().map(|noted| noted.text).collect();
    texts
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a page says that is not true, or does not say.
fn faults(model: &Model, page: &str, said: &str) -> Vec<String> {
    let snapshot = model.snapshot().unwrap();
    let mut faults = Vec::new();
    let mut must = |what: &str| {
        if !said.contains(what) {
            faults.push(format!("{what:?} is not said"));
        }
    };
    must(&format!("β {} ", tidy(snapshot.attention.beta)));
    must(&format!("D {}", tidy(snapshot.diffusion)));
    match &snapshot.field {
        FieldView::None(_) => must("no density"),
        FieldView::Gaussian { .. } => must("Gaussian mean field"),
        FieldView::Reference(view) => must(&format!("a run of {} tokens", view.count)),
        FieldView::UnderResolved { .. } => must("density under-resolved"),
        FieldView::Resolved(density) if density.carried.is_some() => must("characteristics"),
        FieldView::Resolved(density) if density.populations.is_some() => must("frequencies"),
        FieldView::Resolved(_) => must("resolved"),
    }
    if page == "run" {
        match &snapshot.field {
            FieldView::None(why) => {
                let words: Vec<&str> = why.split_whitespace().take(4).collect();
                must(&words.join(" "));
            }
            FieldView::UnderResolved { since, .. } => must(&tidy(*since)),
            _ => {}
        }
    }
    for word in said.split(|c: char| !c.is_alphanumeric()) {
        if ["NaN", "inf", "nan"].contains(&word) {
            faults.push(format!("{word} is written"));
        }
    }
    faults
}

/// The live changes of a run.
fn changes(session: &Session) -> Vec<(&'static str, Change)> {
    let none = Change {
        at: 0.0,
        beta: None,
        normalisation: None,
        diffusion: None,
    };
    let (beta, diffusion) = (session.attention().beta, session.diffusion());
    let other = match session.attention().normalisation {
        Normalisation::None => Normalisation::Softmax,
        _ => Normalisation::None,
    };
    vec![
        ("nothing", none),
        (
            "β up",
            Change {
                beta: Some(1.5 * beta + 0.5),
                ..none
            },
        ),
        (
            "β down",
            Change {
                beta: Some(0.5 * beta),
                ..none
            },
        ),
        (
            "D up",
            Change {
                diffusion: Some(diffusion + 0.01),
                ..none
            },
        ),
        (
            "D off",
            Change {
                diffusion: Some(0.0),
                ..none
            },
        ),
        (
            "the other weights",
            Change {
                normalisation: Some(other),
                ..none
            },
        ),
    ]
}

#[test]
fn what_every_page_says_is_true_after_every_live_change_of_every_preset() {
    let (mut wrong, mut seen, mut late_ones) = (Vec::new(), 0, 0);
    for preset in presets::list() {
        let mut experiment = presets::load(&preset.name).unwrap();
        experiment.tokens.count = experiment.tokens.count.min(60);
        let start = Session::new(experiment.clone());
        for (what, change) in changes(&start) {
            let mut session = start.clone();
            session.change(change);
            let theme = Theme::of(Depth::None);
            let mut model = Model::new(experiment.clone(), Vec::new(), theme, Marker::Braille);
            // USA at large β takes minutes for a frame: what it says is the same as that of the others
            let begun = std::time::Instant::now();
            let late = || begun.elapsed().as_millis() > 400;
            let alive = (0..2).all(|_| session.advance(&late) == Ok(true));
            seen += usize::from(alive);
            late_ones += usize::from(!alive);
            model.receive(Report {
                number: 1,
                snapshot: Some(std::sync::Arc::new(session.snapshot())),
                status: Status::Running,
                ..Report::before_the_first(1.0)
            });
            for (index, page) in PAGES.iter().enumerate() {
                if !alive || !(page.shown)(&model) || page.name == "sweep" {
                    continue;
                }
                model.page = index;
                let said = written(&model);
                let heading = format!("{} after {what}, page {}", preset.name, page.name);
                let found = faults(&model, page.name, &said);
                wrong.extend(
                    found
                        .into_iter()
                        .map(|fault| format!("{heading}: {fault}: {said}")),
                );
            }
        }
    }
    assert!(seen > 8 * late_ones, "{late_ones} of {seen} took too long");
    let count = wrong.len();
    wrong.truncate(12);
    assert!(wrong.is_empty(), "{count}:\n{}", wrong.join("\n"));
}
