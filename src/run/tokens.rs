//! The tokens' half of a session: positions, their dynamics, and the scheme that moves them.
//!
//! What moves are bodies: every token is one at the start, and with `[tokens] merge` those that have met become one
//! ([`crate::dynamics::merging`]). Only then can the step grow with the slow time scale: the contraction of a cluster,
//! at rates of order one, bounds every explicit step for ever. Noise would part the tokens of a body, so that while
//! D > 0 nothing is merged, and bodies fall apart into their tokens when D is switched on.

mod discrete;
mod meetings;

use std::sync::Arc;

use super::cause::Cause;
use super::general_system::{SystemState, SystemStepper};
use crate::dynamics::{Attention, FlowMapInterpolant, General, TokenDynamics};
use crate::experiment::Scheme;
use crate::experiment::replay::Replay;
use crate::experiment::spec::{Experiment, shorter_noise_step};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Ahead, Due, Explicit, Splitting, Work};
use crate::measure::{Bodies, Particles};
use crate::observe::Moving;
use crate::snapshot::view::Merge;
use crate::sphere::brownian::Brownian;
use crate::sphere::geometry::retract;

/// First step tried, in units of the fastest time scale.
const FIRST_STEP: f64 = 1e-3;

/// How the tokens move.
#[derive(Debug, Clone)]
pub(super) enum Stepper {
    /// No noise: error control.
    Adaptive(Box<Explicit>),
    /// No noise, many tokens on the circle: error control of their angles.
    Angular {
        explicit: Box<Explicit>,
        angles: Vec<f64>,
    },
    /// No noise, so many tokens on the circle that a few nodes carry them: where the nodes ended the last step, the tokens now and at its start.
    Carried {
        explicit: Box<Explicit>,
        carriers: Box<FlowMapInterpolant>,
        nodes: Vec<f64>,
        angles: Vec<f64>,
        before: Vec<f64>,
    },
    /// Noise: Strang splitting with a fixed step.
    Noisy {
        splitting: Box<Splitting>,
        step: f64,
    },
    /// Noise, many tokens on the circle: the same steps of their angles, whose drift nodes carry where there are enough tokens for that.
    NoisyAngular {
        splitting: Box<Splitting>,
        step: f64,
        carriers: Option<Box<FlowMapInterpolant>>,
        nodes: Vec<f64>,
        angles: Vec<f64>,
    },
    /// Discrete layers x ← normalise(x + ηA(x)), then the noise of a time η.
    Layer { step: f64, average: Vec<f64> },
}

/// Tokens in motion.
#[derive(Debug, Clone)]
pub struct TokenRun {
    /// What moves: the tokens, those that have met as one.
    pub(super) bodies: Bodies,
    /// All tokens, each where its body is; kept up to date while bodies are fewer.
    tokens: Particles,
    /// The bodies' right-hand side.
    pub dynamics: TokenDynamics,
    /// The state of a general system.
    system: Option<SystemState>,
    residual: bool,
    /// Layers of a given model in place of motion, and the lengths of the present ones.
    replay: Option<(Replay, Vec<f64>)>,
    merge: Option<f64>,
    merges: Arc<Vec<Merge>>,
    merge_energy: f64,
    beta: f64,
    drift: Vec<f64>,
    pub(super) stepper: Stepper,
    /// Where the stepper is, and what is shown of it.
    pub(super) ahead: Ahead,
    now: f64,
    pub(super) diffusion: f64,
    pub(super) tolerance: f64,
    noise_step: f64,
    start: Attention,
    start_step: f64,
    pub(super) noise: Brownian,
    earlier: Work,
}

impl TokenRun {
    /// The tokens of an experiment at t = 0.
    #[must_use]
    pub fn new(experiment: &Experiment) -> Self {
        let spec = &experiment.tokens;
        let mut tokens = spec.particles();
        if experiment.numbered_around() {
            tokens.number_around();
        }
        let bodies = Bodies::new(tokens);
        let attention = experiment.attention;
        let mut system = (experiment.system).system(spec.dimension, spec.seed, 0);
        if let Some(frequencies) = &spec.frequencies {
            system.frequencies = frequencies.values(spec.count, spec.seed);
        }
        let mut run = Self {
            dynamics: match spec.merge {
                Some(_) => TokenDynamics::slow(attention, &bodies.particles),
                None => TokenDynamics::of_system(&system, attention, &bodies.particles),
            },
            system: SystemState::new(experiment, &bodies.particles),
            residual: experiment.time.residual,
            replay: (spec.replay.clone()).map(|replay| {
                let lengths = replay.layer(0).1;
                (replay, lengths)
            }),
            stepper: Stepper::Layer {
                step: 0.0,
                average: Vec::new(),
            },
            ahead: Ahead::new(0.0, experiment.time.end),
            now: 0.0,
            merge: spec.merge,
            merges: Arc::default(),
            merge_energy: 0.0,
            beta: attention.beta,
            drift: Vec::new(),
            diffusion: experiment.noise.diffusion,
            tolerance: experiment.time.tolerance,
            noise_step: experiment.noise.step,
            start: attention,
            start_step: experiment.noise.step,
            noise: Brownian::new(spec.seed),
            tokens: if spec.merge.is_some() {
                bodies.particles.clone()
            } else {
                Particles::new(spec.dimension, Vec::new())
            },
            bodies,
            earlier: Work::default(),
        };
        run.stepper = match experiment.time.scheme {
            Scheme::Layer => Stepper::Layer {
                step: experiment.time.step.unwrap_or(0.1),
                average: vec![0.0; run.bodies.particles.positions.len()],
            },
            Scheme::Adaptive => run.continuous(first_step(attention)),
        };
        run
    }

    fn continuous(&self, first: f64) -> Stepper {
        let clocked = |general: &General| usize::from(general.clocked());
        let length =
            self.bodies.particles.positions.len() + self.dynamics.general_ref().map_or(0, clocked);
        let by_angles = self.dynamics.by_angles() && self.system.is_none() && self.merge.is_none();
        if self.diffusion > 0.0 {
            let (step, splitting) = (self.noise_step, |length| Box::new(Splitting::new(length)));
            if by_angles {
                let angles = self.bodies.particles.angles();
                let carriers = self.carriers().map(Box::new);
                let length = carriers.as_ref().map_or(angles.len(), |c| c.nodes().len());
                return Stepper::NoisyAngular {
                    splitting: splitting(length),
                    step,
                    carriers,
                    nodes: Vec::new(),
                    angles,
                };
            }
            return Stepper::Noisy {
                splitting: splitting(length),
                step,
            };
        }
        let tableau = Tableau::for_tolerance(self.tolerance);
        let explicit = |length| Box::new(Explicit::new(tableau, length, self.tolerance, first));
        if by_angles {
            let angles = self.bodies.particles.angles();
            return match self.carriers() {
                Some(carriers) => Stepper::Carried {
                    explicit: explicit(carriers.nodes().len()),
                    nodes: carriers.nodes().to_vec(),
                    carriers: Box::new(carriers),
                    before: angles.clone(),
                    angles,
                },
                None => Stepper::Angular {
                    explicit: explicit(angles.len()),
                    angles,
                },
            };
        }
        Stepper::Adaptive(explicit(length))
    }

    /// The tokens now, all of them.
    #[must_use]
    pub fn tokens(&self) -> &Particles {
        if self.bodies.merged() {
            &self.tokens
        } else {
            &self.bodies.particles
        }
    }

    /// The bodies that move, the same measure as the tokens, and the body of every token.
    #[must_use]
    pub fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The bodies and what the stepper knows of them.
    pub(crate) fn moving(&mut self) -> Moving<'_> {
        let tokens = &self.bodies.particles;
        let (angles, dissipation) = match &mut self.stepper {
            Stepper::Angular { angles, .. } | Stepper::NoisyAngular { angles, .. } => {
                (Some(&angles[..]), None)
            }
            Stepper::Carried {
                angles, carriers, ..
            } => {
                carriers.project(angles, &tokens.weights);
                (Some(&angles[..]), carriers.dissipation())
            }
            _ => (None, None),
        };
        Moving {
            tokens,
            dynamics: &mut self.dynamics,
            angles,
            dissipation,
        }
    }

    /// Every merge so far, in order.
    #[must_use]
    pub fn merges(&self) -> &Arc<Vec<Merge>> {
        &self.merges
    }

    /// |y_i| of every token, where a scheme of layer normalisation lets lengths move.
    #[must_use]
    pub fn lengths(&self) -> Option<&[f64]> {
        match &self.replay {
            Some((_, lengths)) => Some(lengths),
            None => self.system.as_ref().and_then(SystemState::lengths),
        }
    }

    /// Bound on what merging has changed in the energy, in units of e^β; NaN when nothing is ever merged.
    #[must_use]
    pub(crate) fn merge_energy(&self) -> f64 {
        self.merge.map_or(f64::NAN, |_| self.merge_energy)
    }

    /// Other parameters from now on.
    pub(crate) fn set(&mut self, attention: Attention, diffusion: f64) {
        self.dynamics.set_attention(attention);
        self.beta = attention.beta;
        self.diffusion = diffusion;
        if diffusion > 0.0 && self.bodies.merged() {
            self.bodies = Bodies::new(self.tokens.clone());
            self.dynamics = dynamics(attention, &self.bodies.particles, self.merge);
        }
        // As many steps a time scale as at the start, if the new scale is the shorter one.
        self.noise_step = self.start_step * shorter_noise_step(self.start, attention);
        self.ahead.restart(self.now);
        if let Some(system) = &mut self.system {
            system.restart();
        }
        if !matches!(self.stepper, Stepper::Layer { .. }) {
            self.earlier = self.work();
            self.stepper = self.continuous(first_step(attention));
        }
    }

    /// Steps and right-hand sides since t = 0.
    #[must_use]
    pub fn work(&self) -> Work {
        let now = match &self.stepper {
            Stepper::Adaptive(explicit)
            | Stepper::Angular { explicit, .. }
            | Stepper::Carried { explicit, .. } => explicit.work,
            Stepper::Noisy { splitting, .. } | Stepper::NoisyAngular { splitting, .. } => {
                splitting.work
            }
            Stepper::Layer { .. } => Work::default(),
        };
        self.earlier + now
    }

    /// Whether a cancelled [`TokenRun::advance`] goes on where it was when it is asked again, with the same bits.
    #[must_use]
    pub(crate) fn resumable(&self) -> bool {
        !matches!(
            self.stepper,
            Stepper::Noisy { .. } | Stepper::NoisyAngular { .. } | Stepper::Layer { .. }
        )
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`Cause`]: a stepper that gave up, a token that a layer leaves nowhere.
    pub fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let from = std::mem::replace(&mut self.now, to);
        if let Some((replay, lengths)) = &mut self.replay {
            (self.bodies.particles, *lengths) = replay.layer(to.round() as usize);
            return Ok(true);
        }
        let duration = to - from;
        let whole = match self.stepper {
            _ if self.system.is_some() => self.advance_system(from, to, cancelled)?,
            Stepper::Adaptive(_) => self.advance_adaptively(from, to, cancelled)?,
            Stepper::Angular { .. } => self.advance_angles(to, cancelled)?,
            Stepper::Carried { .. } => self.advance_carried(to, cancelled)?,
            Stepper::Noisy { .. } => self.advance_with_noise(duration, cancelled)?,
            Stepper::NoisyAngular { .. } => self.advance_angles_with_noise(duration, cancelled)?,
            Stepper::Layer { .. } => self.advance_by_layers(from, duration, cancelled)?,
        };
        if self.bodies.merged() {
            self.tokens = self.bodies.tokens(&self.tokens.weights);
        }
        Ok(whole)
    }

    fn advance_system(
        &mut self,
        from: f64,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let (Some(system), Some(general)) = (&mut self.system, self.dynamics.general()) else {
            return Err(Cause::Misfit);
        };
        let tokens = &mut self.bodies.particles;
        let span = (from, to);
        match &mut self.stepper {
            Stepper::Adaptive(explicit) => system.advance(
                tokens,
                general,
                SystemStepper::Adaptive(explicit, &mut self.ahead),
                span,
                cancelled,
            ),
            Stepper::Noisy { splitting, step } => {
                let by = SystemStepper::Noisy {
                    splitting,
                    step: *step,
                    diffusion: self.diffusion,
                    noise: &mut self.noise,
                };
                system.advance(tokens, general, by, span, cancelled)
            }
            // a general system never moves by angles
            Stepper::Angular { .. } | Stepper::Carried { .. } | Stepper::NoisyAngular { .. } => {
                Err(Cause::Misfit)
            }
            Stepper::Layer { step, .. } => {
                let layers = ((to - from) / *step).round().max(1.0) as u64;
                self.earlier.steps += layers;
                self.earlier.evaluations += layers;
                let by = (*step, self.residual);
                system.layers(tokens, general, (from, layers), by, cancelled)
            }
        }
    }

    fn advance_adaptively(
        &mut self,
        from: f64,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let dimension = self.tokens.dimension();
        if from == 0.0 {
            self.merge_what_met(from);
        }
        loop {
            let Stepper::Adaptive(explicit) = &mut self.stepper else {
                return Err(Cause::Misfit);
            };
            let (positions, dynamics) = (&mut self.bodies.particles.positions, &mut self.dynamics);
            let mut drift = |x: &[f64], out: &mut [f64]| dynamics.drift(x, out);
            match self.ahead.due(to) {
                Due::Here => return Ok(true),
                Due::Read(theta) => {
                    explicit.read(theta, self.ahead.front(), &mut drift, positions);
                    retract(positions, dimension);
                    return Ok(true);
                }
                Due::Land => {
                    let now = self.ahead.land(positions);
                    if self.merge.is_some() {
                        // the step may have been cut: its last slope is not the first here
                        explicit.forget();
                    }
                    self.merge_what_met(now);
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => {
                    let unit = |x: &mut [f64]| retract(x, dimension);
                    let taken = explicit.step(positions, limit, &mut drift, unit)?;
                    self.ahead.stepped(taken, positions);
                    self.stop_at_the_first_meeting();
                }
            }
        }
    }

    fn proposal(&self) -> f64 {
        match &self.stepper {
            Stepper::Adaptive(explicit)
            | Stepper::Angular { explicit, .. }
            | Stepper::Carried { explicit, .. } => explicit.controller.step,
            _ => first_step(self.dynamics.attention()),
        }
    }
}

fn first_step(attention: Attention) -> f64 {
    FIRST_STEP / attention.speed()
}

fn dynamics(attention: Attention, bodies: &Particles, merge: Option<f64>) -> TokenDynamics {
    match merge {
        Some(_) => TokenDynamics::slow(attention, bodies),
        None => TokenDynamics::new(attention, bodies),
    }
}
