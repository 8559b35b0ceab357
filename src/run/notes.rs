//! What a careful reader should know of an experiment: approximations, substitutions, what is missing.

use super::density::FieldRun;
use super::general_system::HARD_STEP;
use crate::experiment::Companion;
use crate::experiment::spec::{Change, Experiment, FieldInitial, Solver, Source};
use crate::snapshot::view::Loss;
use crate::sphere::Domain;

/// A run longer than this without merging is worth a word, at the steps that a contraction of rate one allows.
const LONG: f64 = 1e5;
const STABLE_STEP: f64 = 5.0;

/// Whether there is noise at some time of a run.
fn is_noisy(experiment: &Experiment) -> bool {
    let switched_on = |change: &Change| change.diffusion.is_some_and(|d| d > 0.0);
    experiment.noise.diffusion > 0.0 || experiment.changes.iter().any(switched_on)
}

/// That a run will not end while anybody waits, and what to set; none where it will.
#[must_use]
pub fn endless(experiment: &Experiment) -> Option<String> {
    let last = experiment.time.last() * experiment.attention.speed();
    let bounded = experiment.tokens.merge.is_none()
        && !is_noisy(experiment)
        && experiment.time.step.is_none();
    (last > LONG && bounded).then(|| {
        format!(
            "tokens are not merged: their contraction bounds the step, about {:.0e} steps to the end (set tokens.merge = 1e-9)",
            last / STABLE_STEP
        )
    })
}

// long: one note after another
pub(super) fn notes(experiment: &Experiment) -> Vec<String> {
    let mut notes = experiment.notes.clone();
    match experiment.companion() {
        Companion::Density(continuum) => {
            notes.extend(continuum_notes(experiment, continuum.domain));
        }
        Companion::Reference(count) => {
            notes.push(format!(
                "a run of {count} tokens of the same law stands in the place of the density"
            ));
            let spec = &experiment.tokens;
            if spec.dimension > 3 && !spec.flat {
                notes.push(format!(
                    "no distance W₁ in d = {}: between two sets of points it is an assignment problem; the kernel discrepancy is given for β > 0",
                    spec.dimension
                ));
            }
        }
        Companion::Gaussian(_) => {
            notes.push(
                "the mean field is a Gaussian measure in ℝ^d, by its closed equations".into(),
            );
        }
        Companion::None(absence) => notes.push(absence.to_string()),
    }
    if is_noisy(experiment) && experiment.time.step.is_none() {
        let step = experiment.noise.step;
        notes.push(format!(
            "the tokens' noise is stepped by {step:.2e} (weak order two), not by the tolerance"
        ));
    }
    notes.extend(endless(experiment));
    if experiment.numbered_around() {
        notes
            .push("so many tokens are numbered around the circle, by their angles at t = 0".into());
    }
    if experiment.attention.normalisation.is_hard() {
        notes.push(format!(
            "hardmax: the argmax is held over steps of at most {HARD_STEP}, so that a switch is late by up to that; ties are averaged"
        ));
    }
    if let Some(period) = experiment.system.period {
        notes.push(format!(
            "the random matrices are drawn again every {period} time units"
        ));
    }
    if experiment.attention.beta < 0.0 && experiment.has_field() {
        notes.push(
            "at β < 0 the kernel is not positive: the discrepancy is the norm with |λ_ℓ/β|".into(),
        );
    }
    if experiment.attention.beta > 709.0 {
        notes.push("the energy exceeds the largest double (e^β): it is shown as infinite".into());
    }
    if experiment.time.step.is_some() && experiment.has_field() {
        notes.push(
            "the tokens move by discrete layers, the density by the continuous equation".into(),
        );
    }
    notes
}

/// Where the law at t = 0 takes more modes than the experiment allows a density: what was done about it.
pub(super) fn of_the_law(experiment: &Experiment, field: &FieldRun) -> Option<String> {
    let (needed, most) = (field.density.modes(), experiment.field.max_modes);
    let gathered = field.markers().is_some_and(|(since, _)| since == 0.0)
        && experiment.field.solver != Solver::Characteristics;
    if needed <= most {
        return gathered.then(|| {
            format!("{most} modes do not hold the law at t = 0: markers, gathered where it is sharp, carry the density from the start")
        });
    }
    if let Some((_, why)) = field.lost() {
        return (why == Loss::Modes).then(|| format!(
            "the law takes more than {needed} modes at t = 0: with a larger field.max_modes it may have a density"
        ));
    }
    let done = if field.markers().is_some() {
        "markers carry the density from the start"
    } else {
        "it starts with so many, fewer once it is smooth"
    };
    Some(format!(
        "the law takes {needed} modes at t = 0, and field.max_modes is {most}: {done}"
    ))
}

/// What the numbers of a continuum above the circle mean.
fn continuum_notes(experiment: &Experiment, domain: Domain) -> Vec<String> {
    let mut notes = Vec::new();
    match domain {
        Domain::Circle => {}
        Domain::Sphere => notes.push(
            "the distance W₁ is sliced: the mean over 32 directions of the exact distance of the angles to them".into(),
        ),
        Domain::Zonal(_) => {
            notes.push("the density depends on the angle to its axis only; the distance W₁ is that of the angles to the axis".into());
            let from = &experiment.field.initial;
            if matches!(from, FieldInitial::From { from: Source::Empirical, .. }) {
                notes.push("the density starts from the tokens averaged over the rotations around the axis".into());
            }
        }
    }
    notes
}
