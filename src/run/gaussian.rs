//! The Gaussian mean field beside tokens of ℝ^d: its closed equations, and what is seen of them.

use crate::dynamics::Attention;
use crate::dynamics::gaussian::{GaussianFlow, Kind};
use crate::experiment::Experiment;
use crate::integrate::StepError;
use crate::measure::{Law, Particles};
use crate::observe::GaussianSide;

/// The Gaussian in motion.
#[derive(Debug, Clone)]
pub struct GaussianRun {
    flow: GaussianFlow,
    kind: Kind,
    /// When its equations ended with a change of parameters, and why.
    ended: Option<(f64, &'static str)>,
}

impl GaussianRun {
    /// Of a Gaussian start, under the closed equations of this kind.
    #[must_use]
    pub(crate) fn new(experiment: &Experiment, kind: Kind) -> Self {
        let tokens = &experiment.tokens;
        let d = tokens.dimension;
        let scaled = |scale: f64| {
            let mut matrix = vec![0.0; d * d];
            matrix.iter_mut().step_by(d + 1).for_each(|v| *v = scale);
            matrix
        };
        // the experiment has these equations for a Gaussian law alone
        let (mean, covariance) = match &tokens.initial {
            Law::Gaussian { mean, covariance } => (mean.clone(), covariance.concat()),
            _ => (vec![0.0; d], scaled(1.0)),
        };
        let system = experiment.system.system(d, tokens.seed, 0);
        let (query_key, value) = match system.heads.first() {
            Some(head) => (head.query_key.clone(), head.value.clone()),
            None => (scaled(1.0), scaled(experiment.attention.value)),
        };
        let mut flow = GaussianFlow::new(
            kind,
            experiment.attention.beta,
            [&query_key, &value],
            mean,
            covariance,
            experiment.time.tolerance,
        );
        flow.stop_at(experiment.time.end);
        Self {
            flow,
            kind,
            ended: None,
        }
    }

    /// When it left all bounds.
    #[must_use]
    pub(crate) fn blow_up(&self) -> Option<f64> {
        self.flow.blow_up
    }

    /// When its equations ended with a change of parameters, and why.
    #[must_use]
    pub(crate) fn ended(&self) -> Option<(f64, &'static str)> {
        self.ended
    }

    /// Other parameters from the time `now` on. A Gaussian stays Gaussian at any β; with other weights, or with noise, these equations are not
    /// those of the tokens.
    pub(crate) fn set(&mut self, now: f64, attention: Attention, diffusion: f64) {
        let weights = match self.kind {
            Kind::Softmax | Kind::MeanShift => attention.normalisation.sums_to_one(),
            Kind::Sinkhorn => true,
        };
        if !weights {
            self.ended.get_or_insert((now, "other weights"));
        }
        if diffusion > 0.0 {
            self.ended.get_or_insert((now, "noise"));
        }
        self.flow.set_beta(now, attention.beta);
    }

    /// Moves on to the time `to`.
    ///
    /// # Errors
    /// That of the flow.
    pub(crate) fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        if self.ended.is_some() {
            return Ok(true);
        }
        self.flow.advance(to, cancelled)
    }

    /// What it is now beside these tokens; none after a blow-up or when its equations ended.
    #[must_use]
    pub(crate) fn side(&self, tokens: &Particles) -> Option<GaussianSide> {
        let holds = self.flow.blow_up.is_none() && self.ended.is_none();
        holds.then(|| GaussianSide::observe(self.flow.mean(), self.flow.covariance(), tokens))
    }
}

/// Points of the ellipse (x − m)ᵀS^{−1}(x − m) = `radius`² in the plane of the first two coordinates.
#[must_use]
pub(crate) fn ellipse(
    mean: &[f64],
    covariance: &[f64],
    radius: f64,
    points: usize,
) -> Vec<[f64; 2]> {
    let d = mean.len();
    let (a, b, c) = (covariance[0], covariance[1], covariance[d + 1]);
    let first = a.max(0.0).sqrt();
    let across = if first > 0.0 { b / first } else { 0.0 };
    let second = (c - across * across).max(0.0).sqrt();
    (0..=points)
        .map(|j| {
            let (sin, cos) = (std::f64::consts::TAU * j as f64 / points as f64).sin_cos();
            [
                mean[0] + radius * first * cos,
                mean[1] + radius * (across * cos + second * sin),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ellipse_lies_at_one_distance_by_its_covariance() {
        let (mean, s) = ([1.0, -2.0], [2.0, 0.6, 0.6, 1.0]);
        let det = s[0] * s[3] - s[1] * s[2];
        for [x, y] in ellipse(&mean, &s, 1.5, 12) {
            let (u, v) = (x - mean[0], y - mean[1]);
            let square = (s[3] * u * u - 2.0 * s[1] * u * v + s[0] * v * v) / det;
            assert!((square - 2.25).abs() < 1e-13);
        }
    }
}
