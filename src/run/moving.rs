//! What moves of a run: tokens and what stands beside them, with the parameters of now, from one recorded frame to the next. What is seen
//! of it is the session's.

use std::sync::Arc;

use super::cause::{Cause, Side};
use super::companion::Companion;
use super::ensemble::Ensemble;
use super::tokens::TokenRun;
use crate::dynamics::Attention;
use crate::experiment::spec::{Change, Experiment};

/// Why a run could not go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the {side} could not be followed past t = {time}: {cause}")]
pub struct SessionError {
    /// Which part.
    pub side: Side,
    /// The last recorded time.
    pub time: f64,
    /// What went wrong.
    pub cause: Cause,
}

/// Both sides in motion.
/// A copy goes on with the same bits.
#[derive(Debug, Clone)]
pub(super) struct Moving {
    /// With the changes made so far.
    pub(super) experiment: Arc<Experiment>,
    pub(super) tokens: TokenRun,
    pub(super) companion: Companion,
    /// The ensemble of `[pairs]`, which can stand beside a density.
    pub(super) ensemble: Option<Ensemble>,
    pub(super) attention: Attention,
    pub(super) diffusion: f64,
    pub(super) frame: usize,
    pending: Option<Change>,
    pub(super) next_change: usize,
}

impl Moving {
    /// At t = 0.
    pub(super) fn new(experiment: Arc<Experiment>, tokens: TokenRun, companion: Companion) -> Self {
        let ensemble = experiment.pairs.as_ref().map(|spec| {
            let (tokens, time) = (&experiment.tokens, &experiment.time);
            let (drawn, times) = ((tokens.count, tokens.seed), (time.end, time.tolerance));
            Ensemble::new(spec, experiment.attention.beta, drawn, times)
        });
        Self {
            attention: experiment.attention,
            diffusion: experiment.noise.diffusion,
            experiment,
            tokens,
            companion,
            ensemble,
            frame: 0,
            pending: None,
            next_change: 0,
        }
    }

    /// The time of the present frame.
    pub(super) fn time(&self) -> f64 {
        self.experiment.time.frame(self.frame)
    }

    /// The time of the next frame.
    pub(super) fn next_time(&self) -> f64 {
        self.experiment.time.frame(self.frame + 1)
    }

    /// Changes parameters from this frame on; the change becomes part of the experiment.
    pub(super) fn change(&mut self, change: Change) {
        let mut merged = self.pending.take().unwrap_or(Change {
            at: 0.0,
            beta: None,
            normalisation: None,
            diffusion: None,
        });
        merged.at = self.time();
        merged.beta = change.beta.or(merged.beta);
        merged.normalisation = change.normalisation.or(merged.normalisation);
        merged.diffusion = change.diffusion.or(merged.diffusion);
        self.pending = Some(merged);
    }

    /// Moves both sides to the next recorded frame; false when `cancelled` said so on the way.
    pub(super) fn advance(
        &mut self,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, SessionError> {
        self.apply_changes();
        let (from, to) = (self.time(), self.next_time());
        let fail = |side: Side, cause: Cause| SessionError {
            side,
            time: from,
            cause,
        };
        let (tokens, companion) = (&mut self.tokens, &mut self.companion);
        let (one, other) = rayon::join(
            || tokens.advance(to, cancelled),
            || companion.advance(to, cancelled),
        );
        let moved = one.map_err(|cause| fail(Side::Tokens, cause))?
            && other.map_err(|(side, cause)| fail(side, cause))?
            && match &mut self.ensemble {
                Some(ensemble) => (ensemble.advance(to, cancelled))
                    .map_err(|cause| fail(Side::Ensemble, cause.into()))?,
                None => true,
            };
        if moved {
            self.frame += 1;
        }
        Ok(moved)
    }

    /// The scripted changes that are due, then the one asked for meanwhile, which is written down.
    fn apply_changes(&mut self) {
        let now = self.time() * (1.0 + 1e-12) + 1e-300;
        while let Some(change) = self.experiment.changes.get(self.next_change).copied()
            && change.at <= now
        {
            self.next_change += 1;
            self.apply(change);
        }
        if let Some(change) = self.pending.take() {
            let experiment = Arc::make_mut(&mut self.experiment);
            experiment.changes.insert(self.next_change, change);
            self.next_change += 1;
            self.apply(change);
        }
    }

    fn apply(&mut self, change: Change) {
        let now = self.time();
        self.attention.beta = change.beta.unwrap_or(self.attention.beta);
        self.attention.normalisation = change.normalisation.unwrap_or(self.attention.normalisation);
        self.diffusion = change.diffusion.unwrap_or(self.diffusion);
        self.tokens.set(self.attention, self.diffusion);
        self.companion.set(now, self.attention, self.diffusion);
        if let Some(ensemble) = &mut self.ensemble {
            ensemble.end(now);
        }
    }
}
