//! A page about a finished run or sweep that needs nothing beside it: what was asked, the pictures, every prediction beside its measurement with a
//! verdict, and the command that repeats it.
//!
//! [`check`] compares, [`page`] writes HTML with the pictures of [`crate::figure`] in it.

pub mod check;
pub mod page;

use std::path::Path;

use crate::experiment::Experiment;
use crate::experiment::sweep::Setting;
use crate::figure::{self, Figure, FolderError};
use crate::sweep::{CellResult, Plan, Store};
use check::Check;

/// What a page says.
#[derive(Debug)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// What was run, in a few words each.
    pub facts: Vec<(String, String)>,
    /// Predictions beside measurements.
    pub checks: Vec<Check>,
    /// The pictures.
    pub figures: Vec<Figure>,
    /// What a careful reader should know.
    pub notes: Vec<String>,
    /// The command that repeats it.
    pub command: String,
    /// The experiment as its file stands.
    pub experiment: String,
}

/// The report of a folder.
///
/// # Errors
/// [`FolderError`].
pub fn of_folder(folder: &Path) -> Result<Report, FolderError> {
    let path = folder.join("experiment.toml");
    if figure::holds_sweep(folder) {
        of_sweep(folder, &path)
    } else {
        of_run(folder, &path)
    }
}

fn text_of(path: &Path) -> Result<String, FolderError> {
    std::fs::read_to_string(path).map_err(|error| FolderError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn fact(name: &str, value: impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

/// What both have.
fn facts(experiment: &Experiment) -> Vec<(String, String)> {
    let tokens = &experiment.tokens;
    vec![
        fact(
            "system",
            experiment
                .system
                .name(experiment.attention, tokens.dimension),
        ),
        fact("tokens n", tokens.count),
        fact("dimension d", tokens.dimension),
        fact("β", experiment.attention.beta),
        fact("noise D", experiment.noise.diffusion),
        fact("seed", tokens.seed),
        fact("end", format!("t = {}", experiment.time.last())),
        fact("frames", experiment.time.recorded()),
    ]
}

fn of_run(folder: &Path, path: &Path) -> Result<Report, FolderError> {
    let run = figure::run::Folder::read(folder)?;
    let experiment = text_of(path)?;
    let mut facts = facts(&run.experiment);
    let mut notes = Vec::new();
    // a folder may have lost it: then the page says less
    let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap_or_default();
    if let Ok(summary) = serde_json::from_str::<serde_json::Value>(&summary) {
        let number = |path: &str| summary.pointer(path).and_then(serde_json::Value::as_f64);
        if let Some(version) = summary["version"].as_str() {
            facts.push(fact("made by", format!("metastable {version}")));
        }
        if let Some(seconds) = number("/seconds") {
            facts.push(fact("computed in", format!("{seconds:.2} s")));
        }
        if let (Some(steps), Some(evaluations)) =
            (number("/tokens/steps"), number("/tokens/evaluations"))
        {
            facts.push(fact(
                "work of the tokens",
                format!("{steps} steps, {evaluations} right-hand sides"),
            ));
        }
        if let Some(state) = summary["field"]["state"].as_str() {
            facts.push(fact("density at the end", state));
        }
        let list = summary["notes"].as_array().into_iter().flatten();
        notes.extend(list.filter_map(|note| note.as_str().map(str::to_owned)));
    }
    Ok(Report {
        title: run.experiment.title.clone(),
        facts,
        checks: check::of_run(&run),
        figures: figure::run::figures(&run)?,
        notes,
        command: "metastable run experiment.toml --out again".into(),
        experiment,
    })
}

fn of_sweep(folder: &Path, path: &Path) -> Result<Report, FolderError> {
    let plan = Store::plan_of(folder)?;
    let store = Store::look(folder, &plan);
    let cells: Vec<_> = (0..plan.spec.cells())
        .map(|cell| store.read(cell))
        .collect();
    Ok(Report {
        title: plan.base.title.clone(),
        facts: sweep_facts(&plan),
        checks: check::of_sweep(&plan, &cells),
        figures: figure::sweep::figures(&plan, &|cell| cells[cell].clone())?,
        notes: sweep_notes(&cells),
        command: "metastable sweep experiment.toml --out again".into(),
        experiment: text_of(path)?,
    })
}

/// What is varied stands with its axis.
fn sweep_facts(plan: &Plan) -> Vec<(String, String)> {
    let varied = |name: &str| {
        let key = match name {
            "tokens n" => "tokens.count",
            "dimension d" => "tokens.dimension",
            "β" => "attention.beta",
            "noise D" => "noise.diffusion",
            _ => return false,
        };
        (plan.spec.axes.iter()).any(|axis| axis.keys.iter().any(|other| other == key))
    };
    let mut facts = facts(&plan.base);
    facts.retain(|(name, _)| !varied(name));
    for axis in &plan.spec.axes {
        let end = |point: usize| -> String {
            let labels: Vec<String> = axis.settings(point).iter().map(Setting::label).collect();
            labels.join(" + ")
        };
        let text = format!(
            "{} values from {} to {}",
            axis.len(),
            end(0),
            end(axis.len() - 1)
        );
        facts.push(fact(&axis.keys.join(" + "), text));
    }
    facts.push(fact(
        "realisations",
        format!("{} a cell", plan.spec.realisations),
    ));
    facts
}

/// What is missing and what has failed.
fn sweep_notes(cells: &[Option<CellResult>]) -> Vec<String> {
    let mut notes = Vec::new();
    let missing = cells.iter().filter(|cell| cell.is_none()).count();
    if missing > 0 {
        notes.push(format!(
            "{missing} of {} cells are not run yet",
            cells.len()
        ));
    }
    let failed = || cells.iter().flatten().filter(|cell| cell.failed > 0);
    if let Some(first) = failed().next() {
        let runs: u64 = failed().map(|cell| cell.failed).sum();
        let why = first.reasons.first().map_or("", String::as_str);
        notes.push(format!(
            "{runs} runs in {} cells failed, the first: {why}",
            failed().count()
        ));
    }
    notes
}
