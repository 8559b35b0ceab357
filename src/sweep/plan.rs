//! Which runs a sweep is made of, and what is read of each.

use std::sync::Arc;

use crate::experiment::spec::shorter_noise_step;
use crate::experiment::sweep::{Frames, Statistic};
use crate::experiment::{Experiment, InputError, SweepSpec};
use crate::observe::parts::Parts;
use crate::observe::{OBSERVABLES, table};
use crate::run::{Session, SessionError};
use crate::sphere::random::realisation_seed;

/// A sweep that is ready to be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is asked.
    pub spec: SweepSpec,
    /// The experiment without its axes.
    pub base: Arc<Experiment>,
    /// The columns of the table that are read.
    columns: Vec<usize>,
    parts: Parts,
    /// The times of the frames that are kept; none where one number is kept of a run.
    times: Option<Vec<f64>>,
}

/// Why a realisation has no numbers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Its values are refused.
    #[error("refused: {0}")]
    Refused(InputError),
    /// It could not be followed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Its density was lost.
    #[error("the density is not resolved from t = {since} on: {reason}")]
    Unresolved {
        /// Since when.
        since: f64,
        /// Why.
        reason: String,
    },
    /// Its system has no such number.
    #[error("there is no {observable}: {reason}")]
    Lacks {
        /// The column.
        observable: &'static str,
        /// Why not.
        reason: String,
    },
    /// Its frames are not those of the sweep.
    #[error("its {found} frames are not the {expected} of the sweep")]
    Frames {
        /// Frames of this run.
        found: usize,
        /// Those of the sweep.
        expected: usize,
    },
}

impl Plan {
    /// The sweep of an experiment, with the number of tokens and the seed that it has by now; none where it has no `[sweep]`.
    ///
    /// # Errors
    /// [`InputError`] of the experiment without its axes.
    pub fn new(experiment: &Experiment) -> Result<Option<Self>, InputError> {
        let Some(spec) = &experiment.sweep else {
            return Ok(None);
        };
        let mut spec = spec.clone();
        let base = crate::experiment::read::experiment(&spec.document.0)?;
        let document = Arc::make_mut(&mut spec.document.0);
        // both may have been changed on the screen since the file was read
        for (key, now, was) in [
            (
                "tokens.count",
                experiment.tokens.count as u64,
                base.tokens.count as u64,
            ),
            ("tokens.seed", experiment.tokens.seed, base.tokens.seed),
        ] {
            if now != was {
                document.set(&format!("{key}={now}"))?;
            }
        }
        let base = crate::experiment::read::experiment(&spec.document.0)?;
        let columns: Vec<usize> = (spec.observables.iter())
            .filter_map(|name| table::column(name))
            .collect();
        let frames = 0..base.time.recorded();
        let times = (spec.frames == Frames::All)
            .then(|| frames.map(|frame| base.time.frame(frame)).collect());
        Ok(Some(Self {
            parts: table::parts_of(&columns),
            base: Arc::new(base),
            columns,
            times,
            spec,
        }))
    }

    /// The same in seconds: fewer points and realisations.
    #[must_use]
    pub fn quickly(self) -> Self {
        Self {
            spec: self.spec.quickly(),
            ..self
        }
    }

    /// The times of the frames that are kept; none where one number is kept of a run.
    #[must_use]
    pub fn times(&self) -> Option<&[f64]> {
        self.times.as_deref()
    }

    /// How many numbers of an observable are kept of a run.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.times.as_ref().map_or(1, Vec::len)
    }

    /// The rows of the table that are read.
    pub fn rows(&self) -> impl Iterator<Item = &'static crate::observe::Observable> {
        self.columns.iter().map(|column| &OBSERVABLES[*column])
    }

    /// Whether a statistic is kept.
    #[must_use]
    pub fn keeps(&self, statistic: Statistic) -> bool {
        self.spec.statistics.contains(&statistic)
    }

    /// Realisation r of a cell, as an ordinary experiment.
    ///
    /// # Errors
    /// [`InputError`] where the values of this cell are refused.
    pub fn experiment(&self, cell: usize, realisation: u64) -> Result<Experiment, InputError> {
        Ok(realised(self.of_cell(cell)?, realisation))
    }

    /// The experiment of a cell, with the seed of realisation 0.
    pub(super) fn of_cell(&self, cell: usize) -> Result<Experiment, InputError> {
        let mut document = (*self.spec.document.0).clone();
        let mut stepped = false;
        for (key, value) in self.spec.settings(cell) {
            stepped |= key == "noise.step";
            document.set(&format!("{key}={}", value.written()))?;
        }
        let mut experiment = crate::experiment::read::experiment(&document)?;
        let step = &mut experiment.noise.step;
        if !stepped && *step == self.base.noise.step {
            // one that is given for the experiment has as many in a time scale where another β makes that shorter, as in a live change
            *step *= shorter_noise_step(self.base.attention, experiment.attention);
        }
        Ok(experiment)
    }

    /// The numbers of a run, frame by frame and in a frame observable by observable; none when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`Failure`] of this run.
    pub fn measure(
        &self,
        experiment: Experiment,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<f64>>, Failure> {
        let recorded = experiment.time.recorded();
        let kept = match (self.spec.frames, self.spec.average) {
            (Frames::All, _) => recorded,
            (Frames::Average, Some(share)) => ((share * recorded as f64).ceil() as usize).max(1),
            (Frames::Last | Frames::Average, _) => 1,
        };
        if self.spec.frames == Frames::All && recorded != self.frames() {
            return Err(Failure::Frames {
                found: recorded,
                expected: self.frames(),
            });
        }
        for (column, row) in self.columns.iter().zip(self.rows()) {
            if let Some(reason) = experiment.lacks(*column) {
                return Err(Failure::Lacks {
                    observable: row.name,
                    reason,
                });
            }
        }
        let first = recorded - kept.min(recorded);
        let mut session = Session::measuring(experiment, self.parts, first);
        while !session.finished() {
            if cancelled() || !session.advance(cancelled)? {
                return Ok(None);
            }
        }
        if self.parts.have(Parts::COMPANION)
            && let Some((since, reason)) = session.lost()
        {
            return Err(Failure::Unresolved { since, reason });
        }
        let history = session.history();
        let records = history.records();
        let records = &records[records.len() - kept.min(records.len())..];
        let values = records
            .iter()
            .map(|record| self.columns.iter().map(|c| record.values[*c]));
        if self.spec.frames == Frames::All {
            return Ok(Some(values.flatten().collect()));
        }
        let mut means = vec![0.0; self.columns.len()];
        for frame in values {
            means
                .iter_mut()
                .zip(frame)
                .for_each(|(mean, value)| *mean += value);
        }
        means
            .iter_mut()
            .for_each(|mean| *mean /= records.len() as f64);
        Ok(Some(means))
    }

    /// What is asked, as a file: it means the same runs wherever it is read.
    #[must_use]
    pub fn written(&self) -> String {
        #[derive(serde::Serialize)]
        struct Sweep<'a> {
            sweep: &'a SweepSpec,
        }
        let sweep = toml::to_string(&Sweep { sweep: &self.spec }).unwrap_or_default();
        format!("{}\n{sweep}", self.spec.document.0.written())
    }
}

/// A realisation of a cell's experiment.
pub(super) fn realised(mut experiment: Experiment, realisation: u64) -> Experiment {
    experiment.tokens.seed = realisation_seed(experiment.tokens.seed, realisation);
    experiment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn a_cell_of_every_preset_is_what_its_values_make_of_the_preset() {
        let mut seen = 0;
        for preset in presets::list() {
            let experiment = presets::load(&preset.name).unwrap();
            let Some(plan) = Plan::new(&experiment).unwrap() else {
                continue;
            };
            for cell in [0, plan.spec.cells() - 1] {
                let values = plan.spec.settings(cell).into_iter();
                let values: Vec<String> = values
                    .map(|(key, value)| format!("{key}={}", value.written()))
                    .collect();
                let Ok(mut alone) = presets::resolve(&preset.name, &values) else {
                    assert!(plan.experiment(cell, 0).is_err(), "{}", preset.name);
                    continue;
                };
                let mut of_cell = plan.experiment(cell, 0).unwrap();
                (alone.sweep, of_cell.sweep) = (None, None);
                of_cell.tokens.seed = alone.tokens.seed;
                if alone.attention != experiment.attention {
                    // as many steps of the noise in a time scale
                    of_cell.noise.step = alone.noise.step;
                }
                assert_eq!(of_cell, alone, "{} {values:?}", preset.name);
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen} cells");
    }
}
