//! The Gaussian mean field beside tokens of ℝ^d: its closed equations, and what is seen of them.

use crate::dynamics::gaussian::{self, GaussianFlow};
use crate::experiment::Experiment;
use crate::integrate::StepError;
use crate::measure::{Law, Particles};
use crate::observe::cloud;
use crate::snapshot::view::GaussianSide;

/// The Gaussian in motion.
pub struct GaussianRun {
    flow: GaussianFlow,
    /// When it left all bounds.
    pub blow_up: Option<f64>,
}

impl GaussianRun {
    /// Where the experiment has one: a Gaussian start, and a system under which it stays Gaussian, without noise.
    #[must_use]
    pub fn new(experiment: &Experiment) -> Option<Self> {
        let tokens = &experiment.tokens;
        let kind = experiment.system.gaussian_kind(experiment.attention)?;
        let Law::Gaussian { mean, covariance } = &tokens.initial else {
            return None;
        };
        if experiment.noise.diffusion > 0.0
            || tokens.encoding.is_some()
            || experiment.field.count.is_some()
        {
            return None;
        }
        let d = tokens.dimension;
        let scaled = |scale: f64| {
            let mut matrix = vec![0.0; d * d];
            matrix.iter_mut().step_by(d + 1).for_each(|v| *v = scale);
            matrix
        };
        let system = experiment.system.system(d, tokens.seed, 0);
        let (query_key, value) = match system.heads.first() {
            Some(head) => (head.query_key.clone(), head.value.clone()),
            None => (scaled(1.0), scaled(experiment.attention.value)),
        };
        let flow = GaussianFlow::new(
            kind,
            experiment.attention.beta,
            [&query_key, &value],
            mean.clone(),
            covariance.concat(),
            experiment.time.tolerance,
        );
        Some(Self {
            flow,
            blow_up: None,
        })
    }

    /// Moves on.
    ///
    /// # Errors
    /// That of the flow.
    pub fn advance(
        &mut self,
        duration: f64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<bool, StepError> {
        let whole = self.flow.advance(duration, cancelled)?;
        self.blow_up = self.flow.blow_up;
        Ok(whole)
    }

    /// What it is now beside these tokens; none after a blow-up.
    #[must_use]
    pub fn side(&self, tokens: &Particles) -> Option<GaussianSide> {
        if self.blow_up.is_some() {
            return None;
        }
        let (mean, covariance) = (self.flow.mean(), self.flow.covariance());
        let d = mean.len();
        let own = (tokens.mean(), cloud::covariance(tokens));
        Some(GaussianSide {
            length: mean.iter().map(|m| m * m).sum::<f64>().sqrt(),
            spread: (0..d).map(|i| covariance[i * d + i]).sum::<f64>().sqrt(),
            leading: cloud::leading(d, covariance),
            distance: gaussian::distance((mean, covariance), (&own.0, &own.1)),
            mean: mean.to_vec(),
            covariance: covariance.to_vec(),
        })
    }
}

/// Points of the ellipse (x − m)ᵀS^{−1}(x − m) = `radius`² in the plane of the first two coordinates.
#[must_use]
pub fn ellipse(mean: &[f64], covariance: &[f64], radius: f64, points: usize) -> Vec<[f64; 2]> {
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
