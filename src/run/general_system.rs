//! How the tokens of a general system move: states with lengths or in ℝ^d, times at which the equation changes, hardmax steps.
//!
//! Between frames the state is y = rθ where lengths move, z and the time in rescaled coordinates, else the positions. Steps end where
//! the equation changes (the switch of Mix-LN, new matrices); LN-scaling is the equation of Post
//! in the time 2√(t + 1). Hardmax is a differential inclusion: the argmax is held over steps of at most [`HARD_STEP`], within
//! which the equation is smooth, so that a switch is late by that much and no more.

use super::cause::Cause;
use crate::dynamics::general::General;
use crate::dynamics::system::{LayerNorm, Space};
use crate::experiment::spec::Experiment;
use crate::experiment::system::SystemSpec;
use crate::integrate::splitting::equal_steps;
use crate::integrate::{Ahead, Due, Explicit, Splitting, StepError};
use crate::measure::Particles;
use crate::sphere::brownian::Brownian;
use crate::sphere::geometry::measure;

/// Longest step over which the argmax of hardmax attention is held.
pub(crate) const HARD_STEP: f64 = 1e-2;

/// The state of a general system.
#[derive(Debug, Clone)]
pub(crate) struct SystemState {
    spec: SystemSpec,
    seed: u64,
    epoch: u64,
    /// The last time of the experiment.
    end: f64,
    /// Rows of the tokens, then the time where the equation asks for it.
    state: Vec<f64>,
    /// |y_i|, while lengths move.
    lengths: Vec<f64>,
    /// Whether `state` goes on from what is shown, and not from a step that is ahead of it.
    fresh: bool,
}

/// What steps a state.
pub(super) enum SystemStepper<'a> {
    /// Error control, ahead of what is shown.
    Adaptive(&'a mut Explicit, &'a mut Ahead),
    /// Strang splitting with a fixed step, diffusion, and its noise.
    Noisy {
        splitting: &'a mut Splitting,
        step: f64,
        diffusion: f64,
        noise: &'a mut Brownian,
    },
}

impl SystemState {
    /// At t = 0; none where the system is plain.
    pub(super) fn new(experiment: &Experiment, tokens: &Particles) -> Option<Self> {
        let spec = &experiment.system;
        (!experiment.is_zonal()).then(|| Self {
            spec: spec.clone(),
            seed: experiment.tokens.seed,
            epoch: 0,
            end: experiment.time.end,
            state: tokens.positions.clone(),
            lengths: vec![1.0; tokens.count()],
            fresh: true,
        })
    }

    /// Goes on from what is shown, under other parameters.
    pub(super) fn restart(&mut self) {
        self.fresh = true;
    }

    /// |y_i|, where a scheme of layer normalisation lets lengths move.
    pub(super) fn lengths(&self) -> Option<&[f64]> {
        (self.spec.layer_norm.moves_lengths()).then_some(self.lengths.as_slice())
    }

    /// Where the equation changes next after the time `now`, and what has to be done to go on from `now`.
    fn next_switch(&mut self, general: &mut General, dimension: usize, now: f64) -> f64 {
        // a boundary that is met up to rounding is behind
        let slack = 1e-12 * now.max(1.0);
        let mut end = f64::INFINITY;
        general.time = now;
        if let LayerNorm::Mix { until } = self.spec.layer_norm {
            if now < until - slack {
                end = until;
            } else {
                general.time = now.max(until);
            }
        }
        if let Some(period) = self.spec.period {
            let epoch = ((now + slack) / period).floor();
            end = end.min((epoch + 1.0) * period);
            if epoch as u64 != self.epoch {
                self.epoch = epoch as u64;
                let system = self.spec.system(dimension, self.seed, self.epoch);
                general.set_system(&system);
            }
        }
        end
    }

    /// Moves on from one time to another; false when cancelled on the way.
    pub(super) fn advance(
        &mut self,
        tokens: &mut Particles,
        general: &mut General,
        by: SystemStepper,
        (from, to): (f64, f64),
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let whole = match by {
            SystemStepper::Adaptive(explicit, ahead) => {
                if std::mem::take(&mut self.fresh) {
                    self.pack(tokens, general, from);
                    ahead.restart(clock(general, from));
                    self.stop_where_it_changes(general, tokens.dimension(), from, ahead);
                }
                self.adaptive(
                    (explicit, ahead),
                    general,
                    tokens.dimension(),
                    to,
                    cancelled,
                )?
            }
            noisy @ SystemStepper::Noisy { .. } => {
                self.pack(tokens, general, from);
                self.noisily(noisy, general, tokens.dimension(), (from, to), cancelled)?
            }
        };
        if !whole {
            return Ok(false);
        }
        general.time = general.time.max(to);
        match self.unpack(tokens, general) {
            Ok(()) => Ok(true),
            Err(_) => Err(StepError::NotFinite.into()),
        }
    }

    /// The equation of the time `now`; steps end where it changes next, in the time of the equation itself.
    fn stop_where_it_changes(
        &mut self,
        general: &mut General,
        dimension: usize,
        now: f64,
        ahead: &mut Ahead,
    ) {
        let next = self.next_switch(general, dimension, now);
        let last = if now < self.end {
            self.end
        } else {
            f64::INFINITY
        };
        ahead.stop_at(clock(general, next.min(last)));
    }

    fn adaptive(
        &mut self,
        (explicit, ahead): (&mut Explicit, &mut Ahead),
        general: &mut General,
        dimension: usize,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let hard = general.attention().normalisation.is_hard();
        let goal = clock(general, to);
        loop {
            let retraction = general.retraction();
            match ahead.due(goal) {
                Due::Here => return Ok(true),
                Due::Read(theta) => {
                    if hard {
                        general.hold(explicit.start());
                    }
                    let rate = |x: &[f64], out: &mut [f64]| general.tendency(x, out);
                    explicit.read(theta, ahead.front(), rate, &mut self.state);
                    general.release();
                    retraction.apply(&mut self.state);
                    return Ok(true);
                }
                Due::Land => {
                    let now = unclock(general, ahead.land(&mut self.state));
                    let before = (self.epoch, general.has_free_lengths());
                    self.stop_where_it_changes(general, dimension, now, ahead);
                    if before != (self.epoch, general.has_free_lengths()) {
                        explicit.forget();
                    }
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(mut limit) => {
                    if hard {
                        limit = limit.min(HARD_STEP);
                        general.hold(&self.state);
                        explicit.forget();
                    }
                    let taken = explicit.step(
                        &mut self.state,
                        limit,
                        |x, out| general.tendency(x, out),
                        |x| retraction.apply(x),
                    );
                    general.release();
                    general.keep_scalings();
                    ahead.stepped(taken?, &self.state);
                }
            }
        }
    }

    fn noisily(
        &mut self,
        mut by: SystemStepper,
        general: &mut General,
        dimension: usize,
        (from, to): (f64, f64),
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let mut now = from;
        while now < to {
            let piece = self.next_switch(general, dimension, now).min(to);
            let state = &mut self.state;
            if !with_noise(&mut by, general, state, dimension, piece - now, cancelled)? {
                return Ok(false);
            }
            now = piece;
        }
        general.time = to;
        self.next_switch(general, dimension, to);
        Ok(true)
    }

    /// Layers of length `step`; false when cancelled on the way, and an error where a token ends nowhere.
    pub(super) fn layers(
        &mut self,
        tokens: &mut Particles,
        general: &mut General,
        (from, layers): (f64, u64),
        (step, residual): (f64, bool),
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let dimension = tokens.dimension();
        self.pack(tokens, general, from);
        for layer in 0..layers {
            if cancelled() {
                return Ok(false);
            }
            self.next_switch(general, dimension, from + layer as f64 * step);
            general
                .layer(&mut self.state, step, residual)
                .map_err(|token| nowhere(token, from, layer, step))?;
        }
        self.next_switch(general, dimension, from + layers as f64 * step);
        match self.unpack(tokens, general) {
            Ok(()) => Ok(true),
            Err(token) => Err(nowhere(token, from, layers.saturating_sub(1), step)),
        }
    }

    fn pack(&mut self, tokens: &Particles, general: &General, now: f64) {
        let d = tokens.dimension();
        self.state.clear();
        self.state.extend_from_slice(&tokens.positions);
        for (row, length) in (self.state.chunks_exact_mut(d)).zip(&self.lengths) {
            row.iter_mut().for_each(|a| *a *= length);
        }
        if general.clocked() {
            self.state.push(now);
        }
    }

    /// State to positions and lengths; the first token that has no direction, or is no number, as an error.
    fn unpack(&mut self, tokens: &mut Particles, general: &mut General) -> Result<(), usize> {
        let (d, count) = (tokens.dimension(), tokens.positions.len());
        tokens.positions.copy_from_slice(&self.state[..count]);
        if general.system().space == Space::Sphere && general.system().layer_norm.moves_lengths() {
            let rows = tokens.positions.chunks_exact_mut(d);
            for (token, (row, length)) in rows.zip(&mut self.lengths).enumerate() {
                let measured = measure(row).ok_or(token)?;
                *length = measured.value();
                if !length.is_finite() {
                    return Err(token);
                }
                row.iter_mut().for_each(|a| *a /= measured.scaled);
            }
            general.lengths.copy_from_slice(&self.lengths);
        }
        let bad = tokens.positions.iter().position(|x| !x.is_finite());
        bad.map_or(Ok(()), |place| Err(place / d))
    }
}

/// The error of a layer, counted from 0 after the time `from`, that leaves a token nowhere.
pub(super) fn nowhere(token: usize, from: f64, layer: u64, step: f64) -> Cause {
    let layer = (from / step).round() as u64 + layer + 1;
    Cause::Nowhere {
        token,
        layer,
        time: layer as f64 * step,
    }
}

/// Splitting steps of a fixed length: drift and Brownian motion.
fn with_noise(
    by: &mut SystemStepper,
    general: &mut General,
    state: &mut [f64],
    dimension: usize,
    duration: f64,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<bool, Cause> {
    let SystemStepper::Noisy {
        splitting,
        step,
        diffusion,
        noise,
    } = by
    else {
        return Err(Cause::Misfit);
    };
    let (steps, h) = equal_steps(duration, *step);
    let flat = general.system().space != Space::Sphere;
    for _ in 0..steps {
        if cancelled() {
            return Ok(false);
        }
        let retraction = general.retraction();
        splitting.step(
            state,
            h,
            |x: &[f64], out: &mut [f64]| general.tendency(x, out),
            |x| retraction.apply(x),
            |x, time| {
                let variance = 2.0 * *diffusion * time;
                if flat {
                    noise.in_space(variance, x);
                } else {
                    noise.on_sphere(dimension, variance, x);
                }
            },
        );
        if state.iter().any(|x| !x.is_finite()) {
            return Err(StepError::NotFinite.into());
        }
    }
    Ok(true)
}

/// The time of the equation itself: LN-scaling is Post in 2√(t + 1).
fn clock(general: &General, time: f64) -> f64 {
    if general.system().layer_norm == LayerNorm::LnScaling {
        2.0 * (time + 1.0).sqrt()
    } else {
        time
    }
}

/// The time of which this is the [`clock`].
fn unclock(general: &General, time: f64) -> f64 {
    if general.system().layer_norm == LayerNorm::LnScaling {
        0.25 * time * time - 1.0
    } else {
        time
    }
}
