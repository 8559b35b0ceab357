//! The realisations of a cell, and their sum.

use rayon::prelude::*;

use super::plan::{Failure, Plan, realised};
use super::statistics::{Quantiles, Running};
use crate::experiment::sweep::Statistic;

/// Realisations that are held at once: they are added in the order of their numbers, whichever thread has run them.
const BLOCK: u64 = 256;
/// Reasons of failure that are kept of a cell.
const REASONS: usize = 4;

/// What is kept of a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellResult {
    /// Realisations without numbers.
    pub failed: u64,
    /// Why, the first few reasons.
    pub reasons: Vec<String>,
    /// For every observable its statistics frame by frame.
    pub series: Vec<Series>,
}

/// An observable in a cell, frame by frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Realisations that have a number.
    pub count: Vec<u64>,
    /// Their mean.
    pub mean: Vec<f64>,
    /// Its standard error.
    pub standard_error: Vec<f64>,
    /// Quantiles 0.05, 0.25, 0.5, 0.75, 0.95.
    pub quantiles: Vec<[f64; 5]>,
}

/// The sum so far.
struct Sums {
    running: Vec<Running>,
    quantiles: Vec<Quantiles>,
    failed: u64,
    reasons: Vec<String>,
}

impl Sums {
    fn add(&mut self, outcome: Result<Vec<f64>, Failure>) {
        match outcome {
            Ok(values) => {
                (self.running.iter_mut().zip(&values)).for_each(|(sum, value)| sum.push(*value));
                (self.quantiles.iter_mut().zip(&values)).for_each(|(sum, value)| sum.push(*value));
            }
            Err(failure) => {
                self.failed += 1;
                let reason = failure.to_string();
                if self.reasons.len() < REASONS && !self.reasons.contains(&reason) {
                    self.reasons.push(reason);
                }
            }
        }
    }

    fn result(self, plan: &Plan) -> CellResult {
        let (frames, observables) = (plan.frames(), plan.spec.observables.len());
        let series = |which: usize| {
            let at = |frame: usize| frame * observables + which;
            let running = |frame: usize| &self.running[at(frame)];
            Series {
                count: (0..frames).map(|f| running(f).count()).collect(),
                mean: (0..frames).map(|f| running(f).mean()).collect(),
                standard_error: (0..frames).map(|f| running(f).standard_error()).collect(),
                quantiles: (0..frames)
                    .filter_map(|f| self.quantiles.get(at(f)).map(Quantiles::values))
                    .collect(),
            }
        };
        CellResult {
            series: (0..observables).map(series).collect(),
            failed: self.failed,
            reasons: self.reasons,
        }
    }
}

/// Runs all realisations of a cell on all threads; `ran` is told of every one. None when `cancelled` said so on the way.
pub fn run(
    plan: &Plan,
    cell: usize,
    ran: &(dyn Fn() + Sync),
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Option<CellResult> {
    let numbers = plan.frames() * plan.spec.observables.len();
    let kept = if plan.keeps(Statistic::Quantiles) {
        numbers
    } else {
        0
    };
    let mut sums = Sums {
        running: vec![Running::default(); numbers],
        quantiles: vec![Quantiles::default(); kept],
        failed: 0,
        reasons: Vec::new(),
    };
    let realisations = plan.spec.realisations;
    let experiment = match plan.of_cell(cell) {
        Ok(experiment) => experiment,
        Err(refused) => {
            // all of them for the same reason
            sums.add(Err(Failure::Refused(refused)));
            sums.failed = realisations;
            return Some(sums.result(plan));
        }
    };
    let mut from = 0;
    while from < realisations {
        let to = (from + BLOCK).min(realisations);
        let outcomes: Vec<Option<Result<Vec<f64>, Failure>>> = (from..to)
            .into_par_iter()
            .map(|realisation| {
                if cancelled() {
                    return None;
                }
                let run = realised(experiment.clone(), realisation);
                let outcome = plan.measure(run, cancelled).transpose();
                ran();
                outcome
            })
            .collect();
        for outcome in outcomes {
            sums.add(outcome?);
        }
        from = to;
    }
    Some(sums.result(plan))
}
