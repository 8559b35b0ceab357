//! What several tests share: experiments from a few lines of TOML, and the reference values of the Python oracle.
#![allow(dead_code)] // every test binary uses its own part

use std::path::{Path, PathBuf};

use metastable::experiment::Experiment;
use metastable::experiment::read::experiment as decode;
use metastable::experiment::spec::default_modes;
use metastable::measure::{Law, Particles};
use metastable::run::Session;
use metastable::run::density::FieldRun;
use metastable::run::tokens::TokenRun;
use serde_json::Value;

/// An experiment from the text of its file.
pub(crate) fn experiment(text: &str) -> Experiment {
    decode::read_text("test", Path::new(""), text).unwrap()
}

/// A short experiment: β, normalisation, D, tolerance.
pub(crate) fn system(beta: f64, normalisation: &str, diffusion: f64, tolerance: f64) -> Experiment {
    experiment(&format!(
        "[attention]\nbeta = {beta:?}\nnormalisation = \"{normalisation}\"\n[noise]\ndiffusion = {diffusion:?}\n\
         [time]\nend = 1.0\nframes = 11\ntolerance = {tolerance:?}\n"
    ))
}

/// The same with given tokens.
pub(crate) fn with_tokens(mut experiment: Experiment, points: Particles) -> Experiment {
    experiment.tokens.count = points.count();
    experiment.tokens.dimension = points.dimension();
    experiment.tokens.initial = Law::File {
        path: "test".into(),
        weights: None,
        points,
    };
    experiment
}

/// No hand-over: the spectral solver with all the modes it may have by default.
pub(crate) fn spectral_to_the_end(experiment: &mut Experiment) {
    let dimension = experiment.tokens.dimension;
    experiment.field.hand_over = false;
    (_, experiment.field.max_modes) = default_modes(experiment.field.solver, dimension, false);
}

/// The density's run from a law of its own.
pub(crate) fn field_from(mut experiment: Experiment, law: Law, modes: usize) -> FieldRun {
    experiment.field.initial = metastable::experiment::FieldInitial::Law(law);
    experiment.field.modes = modes;
    spectral_to_the_end(&mut experiment);
    let tokens = TokenRun::new(&experiment);
    let continuum = experiment.continuum().unwrap();
    FieldRun::new(&experiment, &continuum, tokens.tokens())
}

/// A file of the oracle (`tests/reference/oracle.py` makes them).
pub(crate) fn reference(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

/// Rows of numbers, flattened.
pub(crate) fn flat(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().flat_map(numbers).collect()
}

/// The same on S^{d−1}, with a solver of its own.
pub(crate) fn system_in(
    dimension: usize,
    solver: &str,
    beta: f64,
    normalisation: &str,
    diffusion: f64,
    tolerance: f64,
) -> Experiment {
    experiment(&format!(
        "[tokens]\ndimension = {dimension}\ncount = 4\n[field]\nsolver = \"{solver}\"\n\
         [attention]\nbeta = {beta:?}\nnormalisation = \"{normalisation}\"\n[noise]\ndiffusion = {diffusion:?}\n\
         [time]\nend = 1.0\nframes = 11\ntolerance = {tolerance:?}\n"
    ))
}

/// A whole run of an experiment's text.
pub(crate) fn run(text: &str) -> Session {
    let mut session = Session::without_pictures(experiment(text));
    while !session.finished() {
        session.advance(&|| false).unwrap();
    }
    session
}

/// (t, value) of an observable.
pub(crate) fn series(session: &Session, name: &str) -> Vec<(f64, f64)> {
    session.history().series_named(name)
}

/// A sweep over two axes that takes a moment.
pub(crate) const SMALL_SWEEP: &str = r#"
[tokens]
count = 12
dimension = 2
seed = 3
[attention]
beta = 2.0
[time]
end = 1.0
frames = 5
[sweep]
realisations = 5
observables = ["tokens_near", "discrepancy", "tokens_clusters"]
[[sweep.axis]]
key = "attention.beta"
values = [1.0, 4, 9.0]
[[sweep.axis]]
key = "tokens.count"
from = 6
to = 12
points = 3
"#;
