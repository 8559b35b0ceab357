//! The points of `[sweep]`: a whole run for every value of the key, one observable of each, and what theory says of it. No part of a
//! session: whoever follows the run in front, a screen or a batch, computes them along with its frames.

use std::sync::Arc;

use super::session::{Session, SessionError};
use crate::experiment::spec::{Experiment, SweepSpec};
use crate::experiment::system::long_context_beta;
use crate::snapshot::view::{Point, SweepView};
use crate::theory;

/// Points of a theory curve.
const CURVE: usize = 241;

/// The points so far.
#[derive(Debug, Default)]
pub struct Sweep {
    view: Arc<SweepView>,
}

impl Sweep {
    /// No points yet; nothing to do where the experiment has no sweep.
    #[must_use]
    pub fn new(experiment: &Experiment) -> Self {
        let theory = experiment.sweep.as_ref().and_then(SweepSpec::theory);
        Self {
            view: Arc::new(SweepView {
                points: Vec::new(),
                theory,
            }),
        }
    }

    /// Computes what is due by the next frame of the run in front: as large a share of the points as of the frames. False when
    /// `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`SessionError`] of the run of a point.
    pub fn keep_up(
        &mut self,
        front: &Session,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, SessionError> {
        let experiment = front.experiment();
        let Some(spec) = &experiment.sweep else {
            return Ok(true);
        };
        let frames = (experiment.time.recorded() - 1).max(1);
        let due = (spec.points * (front.frame() + 1))
            .div_ceil(frames)
            .min(spec.points);
        while self.view.points.len() < due {
            match spec.measure(self.view.points.len(), experiment, cancelled)? {
                Some(point) => Arc::make_mut(&mut self.view).points.push(point),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// To be shown.
    #[must_use]
    pub fn view(&self) -> &Arc<SweepView> {
        &self.view
    }
}

impl SweepSpec {
    /// Runs point j to its end, with the number of tokens and the seed of `base`.
    ///
    /// # Errors
    /// [`SessionError`] of that run; None when `cancelled` said so on the way.
    pub(crate) fn measure(
        &self,
        index: usize,
        base: &Experiment,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Point>, SessionError> {
        let mut experiment = self.experiments[index].clone();
        // n and the seed may have been changed on the screen since the file was read
        experiment.tokens.seed = base.tokens.seed;
        if self.key != "tokens.count" {
            experiment.tokens.count = base.tokens.count;
            if let Some(gamma) = experiment.system.gamma {
                experiment.attention.beta = long_context_beta(gamma, base.tokens.count);
            }
        }
        let frames = experiment.time.recorded();
        let kept = ((self.average * frames as f64).ceil() as usize).max(1);
        let mut session = Session::observed_from(experiment, frames.saturating_sub(kept));
        while !session.finished() {
            if cancelled() || !session.advance(cancelled)? {
                return Ok(None);
            }
        }
        let series = session.history().series_named(&self.observable);
        let tail = &series[series.len().saturating_sub(kept)..];
        let n = tail.len() as f64;
        let mean = tail.iter().map(|p| p.1).sum::<f64>() / n;
        let square: f64 = tail.iter().map(|p| (p.1 - mean).powi(2)).sum();
        Ok(Some([self.value(index), mean, (square / n).sqrt()]))
    }

    /// What theory says of this observable against this key.
    #[must_use]
    pub(crate) fn theory(&self) -> Option<(&'static str, Vec<(f64, f64)>)> {
        let experiment = self.experiments.first()?;
        let order = matches!(self.observable.as_str(), "tokens_order_1" | "field_order_1");
        let at = |f: &dyn Fn(f64) -> f64| {
            (0..CURVE)
                .map(|j| self.from + (self.to - self.from) * j as f64 / (CURVE - 1) as f64)
                .map(|x| (x, f(x)))
                .collect()
        };
        let law = (experiment.tokens.frequencies.as_ref())
            .and_then(super::super::experiment::frequencies::Frequencies::law);
        match (self.key.as_str(), law) {
            ("attention.value", Some(law))
                if order
                    && experiment.attention.beta == 0.0
                    && experiment.noise.diffusion == 0.0 =>
            {
                let r = |k: f64| theory::transition::order_parameter(law, k);
                Some(("stationary r(K)", at(&r)))
            }
            ("attention.gamma", None) if self.observable == "tokens_cosine" => {
                let rho = super::predictions::cosine(experiment)?;
                let n = experiment.tokens.count as f64;
                let one_layer = !experiment.time.residual && experiment.time.recorded() == 2;
                let cosine = |gamma: f64| theory::long_context::output_cosine(n, gamma, rho);
                one_layer.then(|| ("one layer, this n", at(&cosine)))
            }
            _ => None,
        }
    }
}
