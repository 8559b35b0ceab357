//! Tokens by steps of a given length: noise by Strang splitting, and the layers of a transformer.

use super::{Stepper, TokenRun};
use crate::integrate::StepError;
use crate::integrate::splitting::equal_steps;
use crate::run::cause::Cause;
use crate::run::general_system::nowhere;
use crate::sphere::geometry::{first_nowhere, retract};

/// Layers that few tokens pass before anybody who wants to stop them is heard: a fraction of a millisecond.
const AT_ONCE: u64 = 64;

impl TokenRun {
    pub(super) fn advance_with_noise(
        &mut self,
        duration: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let dimension = self.tokens.dimension();
        let Stepper::Noisy { splitting, step } = &mut self.stepper else {
            return Err(Cause::Misfit);
        };
        let (positions, dynamics) = (&mut self.bodies.particles.positions, &mut self.dynamics);
        let (steps, h) = equal_steps(duration, *step);
        let mut drift = |x: &[f64], out: &mut [f64]| dynamics.drift(x, out);
        let (noise, diffusion) = (&mut self.noise, self.diffusion);
        for _ in 0..steps {
            if cancelled() {
                return Ok(false);
            }
            splitting.step(
                positions,
                h,
                &mut drift,
                |x| retract(x, dimension),
                |x, time| noise.on_sphere(dimension, 2.0 * diffusion * time, x),
            );
            if positions.iter().any(|x| !x.is_finite()) {
                return Err(StepError::NotFinite.into());
            }
        }
        Ok(true)
    }

    pub(super) fn advance_by_layers(
        &mut self,
        from: f64,
        duration: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let dimension = self.tokens.dimension();
        let Stepper::Layer { step, average } = &mut self.stepper else {
            return Err(Cause::Misfit);
        };
        let (positions, dynamics) = (&mut self.bodies.particles.positions, &mut self.dynamics);
        let layers = (duration / *step).round().max(1.0) as u64;
        let keep = if self.residual { 1.0 } else { 0.0 };
        let mut layer = 0;
        while layer < layers {
            if cancelled() {
                return Ok(false);
            }
            if self.diffusion == 0.0 {
                let passed = (layers - layer).min(AT_ONCE);
                let passed = dynamics.layers((keep, *step), passed, positions);
                layer += passed;
                self.earlier.steps += passed;
                self.earlier.evaluations += passed;
                if passed > 0 {
                    continue;
                }
            }
            dynamics.average(positions, average);
            positions
                .iter_mut()
                .zip(average.iter())
                .for_each(|(x, a)| *x = keep * *x + *step * a);
            retract(positions, dimension);
            if let Some(token) = first_nowhere(positions, dimension) {
                return Err(nowhere(token, from, layer, *step));
            }
            if self.diffusion > 0.0 {
                let variance = 2.0 * self.diffusion * *step;
                self.noise.on_sphere(dimension, variance, positions);
            }
            self.earlier.steps += 1;
            self.earlier.evaluations += 1;
            layer += 1;
        }
        Ok(true)
    }
}
