//! The tokens' half of a session: positions, their dynamics, and the scheme that moves them.

use rand_chacha::ChaCha8Rng;

use super::experiment::{Experiment, Scheme, default_noise_step};
use crate::dynamics::{Attention, TokenDynamics};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Explicit, Splitting, StepError, Work};
use crate::measure::Particles;
use crate::sphere::geometry::retract;
use crate::sphere::random::{brownian_step, generator};

/// First step tried, in units of the fastest time scale.
const FIRST_STEP: f64 = 1e-3;

/// How the tokens move.
enum Stepper {
    /// No noise: error control.
    Adaptive(Box<Explicit>),
    /// Noise: Strang splitting with a fixed step.
    Noisy {
        splitting: Box<Splitting>,
        step: f64,
    },
    /// Discrete layers x ← normalise(x + ηA(x)), then the noise of a time η.
    Layer { step: f64, average: Vec<f64> },
}

/// Tokens in motion.
pub struct TokenRun {
    /// The tokens now.
    pub particles: Particles,
    /// Their right-hand side.
    pub dynamics: TokenDynamics,
    stepper: Stepper,
    diffusion: f64,
    tolerance: f64,
    noise_step: f64,
    start: Attention,
    start_step: f64,
    rng: ChaCha8Rng,
    tangent: Vec<f64>,
    earlier: Work,
}

impl TokenRun {
    /// The tokens of an experiment at t = 0.
    #[must_use]
    pub fn new(experiment: &Experiment) -> Self {
        let spec = &experiment.tokens;
        let particles = spec.initial.sample(spec.count, spec.dimension, spec.seed);
        let dynamics = TokenDynamics::new(experiment.attention, &particles);
        let mut run = Self {
            dynamics,
            stepper: Stepper::Layer {
                step: 0.0,
                average: Vec::new(),
            },
            diffusion: experiment.noise.diffusion,
            tolerance: experiment.time.tolerance,
            noise_step: experiment.noise.step,
            start: experiment.attention,
            start_step: experiment.noise.step,
            rng: generator(spec.seed, 1),
            tangent: vec![0.0; spec.dimension],
            particles,
            earlier: Work::default(),
        };
        run.stepper = match experiment.time.scheme {
            Scheme::Layer => Stepper::Layer {
                step: experiment.time.step.unwrap_or(0.1),
                average: vec![0.0; run.particles.positions.len()],
            },
            Scheme::Adaptive => run.continuous(experiment.attention),
        };
        run
    }

    fn continuous(&self, attention: Attention) -> Stepper {
        let length = self.particles.positions.len();
        if self.diffusion > 0.0 {
            return Stepper::Noisy {
                splitting: Box::new(Splitting::new(length)),
                step: self.noise_step,
            };
        }
        let tableau = Tableau::for_tolerance(self.tolerance);
        let first = FIRST_STEP / attention.speed();
        Stepper::Adaptive(Box::new(Explicit::new(
            tableau,
            length,
            self.tolerance,
            first,
        )))
    }

    /// Other parameters from now on.
    pub fn set(&mut self, attention: Attention, diffusion: f64) {
        self.dynamics.set_attention(attention);
        self.diffusion = diffusion;
        // As many steps a time scale as at the start, if the new scale is the shorter one.
        let shorter = default_noise_step(attention) / default_noise_step(self.start);
        self.noise_step = self.start_step * shorter.min(1.0);
        if !matches!(self.stepper, Stepper::Layer { .. }) {
            self.earlier = self.work();
            self.stepper = self.continuous(attention);
        }
    }

    /// Steps and right-hand sides since t = 0.
    #[must_use]
    pub fn work(&self) -> Work {
        let now = match &self.stepper {
            Stepper::Adaptive(explicit) => explicit.work,
            Stepper::Noisy { splitting, .. } => splitting.work,
            Stepper::Layer { .. } => Work::default(),
        };
        self.earlier + now
    }

    /// Moves on by `duration`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError`] of the adaptive scheme.
    pub fn advance(
        &mut self,
        duration: f64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<bool, StepError> {
        let dimension = self.particles.dimension();
        let (positions, dynamics) = (&mut self.particles.positions, &mut self.dynamics);
        let tendency = |x: &[f64], out: &mut [f64]| dynamics.drift(x, out);
        match &mut self.stepper {
            Stepper::Adaptive(explicit) => {
                let mut drift = tendency;
                let mut left = duration;
                while left > 0.0 {
                    if cancelled() {
                        return Ok(false);
                    }
                    left -=
                        explicit.step(positions, left, &mut drift, |x| retract(x, dimension))?;
                }
            }
            Stepper::Noisy { splitting, step } => {
                let steps = (duration / *step - 1e-9).ceil().max(1.0);
                let h = duration / steps;
                let mut drift = tendency;
                let (rng, tangent, diffusion) = (&mut self.rng, &mut self.tangent, self.diffusion);
                for _ in 0..steps as u64 {
                    if cancelled() {
                        return Ok(false);
                    }
                    splitting.step(
                        positions,
                        h,
                        &mut drift,
                        |x| retract(x, dimension),
                        |x, time| {
                            brownian_step(rng, dimension, 2.0 * diffusion * time, x, tangent);
                        },
                    );
                    if positions.iter().any(|x| !x.is_finite()) {
                        return Err(StepError::NotFinite);
                    }
                }
            }
            Stepper::Layer { step, average } => {
                let layers = (duration / *step).round().max(1.0) as u64;
                for _ in 0..layers {
                    if cancelled() {
                        return Ok(false);
                    }
                    dynamics.average(positions, average);
                    positions
                        .iter_mut()
                        .zip(average.iter())
                        .for_each(|(x, a)| *x += *step * a);
                    retract(positions, dimension);
                    if self.diffusion > 0.0 {
                        let variance = 2.0 * self.diffusion * *step;
                        brownian_step(
                            &mut self.rng,
                            dimension,
                            variance,
                            positions,
                            &mut self.tangent,
                        );
                    }
                    self.earlier.steps += 1;
                    self.earlier.evaluations += 1;
                }
            }
        }
        Ok(true)
    }
}
