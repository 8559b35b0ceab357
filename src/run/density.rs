//! The density's half of a session: coefficients, tendency, stepper, and a resolution that follows the
//! spectrum.
//!
//! After every step the tail (the largest amplitude in the top eighth) is looked at: above `grow` the modes double and the step is
//! taken again, and where half of them would do with room to spare they halve. At the limit of modes the run goes on until the tail
//! reaches the tolerance; then the density is *under-resolved*, and from that time on there is no density: no number is
//! taken from it. Without noise it does not come to that: where more modes than the limit would be needed the last resolved
//! density is handed over to characteristics ([`super::characteristics`]), which carry it as long as anybody wants.

mod resolution;

use super::characteristics::MarkerRun;
use super::density_start::{carried_by_markers, gathered_start, poisson_weight, resolved_start};
use super::populations::{DEFAULT_NODES, Outcome, Populations};
use crate::dynamics::{Attention, MeanField};
use crate::experiment::frequencies::Frequencies;
use crate::experiment::spec::LEAST_BETA;
use crate::experiment::spec::{Continuum, Experiment, FieldInitial, Solver, Source};
use crate::integrate::ahead::Clock;
use crate::integrate::{Ahead, Ceiling, Due, StepError, Stepper, Work};
use crate::measure::density::Amplitudes;
use crate::measure::{Density, Markers, Particles};
use crate::snapshot::view::Loss;
use crate::sphere::Domain;

const FIRST_STEP: f64 = 1e-3;
/// Modes are never fewer than this (or than the experiment asks for, if that is less).
const FEWEST: usize = 32;
/// The tail that doubles the modes, in tolerances; not below the rounding of the transforms.
const GROW: f64 = 1e-2;
const ROUNDING: f64 = 1e-13;
/// A largest amplitude of more than this many (or tolerance/1e-13) leaves too few digits to the small ones.
const LOST: f64 = 100.0;
/// Markers may differ from the density that they take over by this much in a moment, or by the tolerance.
const ALIKE: f64 = 1e-9;

/// What carries a density, or when and why there is none any more.
#[derive(Debug, Clone)]
pub enum State {
    /// Its coefficients, as many as the spectrum needs.
    Coefficients(Stepper),
    /// A density for each natural frequency.
    Populations(Box<Populations>),
    /// Markers along the flow, since the hand-over.
    Markers {
        /// The time of the hand-over.
        since: f64,
        /// The markers in motion.
        run: Box<MarkerRun>,
    },
    /// None: from this time on no number is taken from it.
    Lost {
        /// The time from which on.
        since: f64,
        /// The reason.
        why: Loss,
    },
}

/// A density in motion.
#[derive(Debug, Clone)]
pub struct FieldRun {
    /// The density now, or the last one that was resolved, or was handed over.
    pub density: Density,
    /// What carries it.
    pub state: State,
    /// Its right-hand side (without the diffusion).
    pub mean_field: MeanField,
    attention: Attention,
    diffusion: f64,
    hand_over: bool,
    fewest: usize,
    most: usize,
    tolerance: f64,
    before: Vec<f64>,
    /// Of the density at the front.
    amplitudes: Amplitudes,
    /// Where the stepper is, and what is shown of it.
    ahead: Ahead,
    /// max |v| at the end of the last step.
    fastest: f64,
    earlier: Work,
}

impl FieldRun {
    /// The density of an experiment at t = 0 beside these tokens, on its continuum.
    #[must_use]
    pub fn new(experiment: &Experiment, continuum: &Continuum, tokens: &Particles) -> Self {
        let spec = &experiment.field;
        let domain = continuum.domain;
        let tolerance = experiment.time.tolerance;
        let grow = (GROW * tolerance).max(ROUNDING);
        let (attention, diffusion) = (experiment.attention, experiment.noise.diffusion);
        let carried = carried_by_markers(experiment);
        let density = resolved_start(experiment, continuum, tokens, grow);
        let modes = density.modes();
        // where no modes hold the law, markers may be placed without
        let amplitudes = density.amplitudes();
        let placed = (carried
            && (density.tail() > grow || digits_are_lost(&amplitudes, tolerance)))
        .then(|| gathered_start(experiment, continuum, grow))
        .flatten();
        let sharp = carried && modes > spec.max_modes || placed.is_some();
        let first = FIRST_STEP / attention.speed();
        let mut run = Self {
            mean_field: MeanField::new(domain, attention, modes),
            state: State::Coefficients(stepper(domain, diffusion, modes, tolerance, first)),
            hand_over: spec.hand_over,
            attention,
            diffusion,
            fewest: FEWEST.min(spec.modes),
            most: if sharp {
                spec.max_modes
            } else {
                spec.max_modes.max(modes)
            },
            tolerance,
            before: Vec::new(),
            ahead: Ahead::new(0.0, experiment.time.end),
            fastest: 0.0,
            amplitudes,
            density,
            earlier: Work::default(),
        };
        if experiment.tokens.frequencies.is_some() {
            run.split_by_frequency(experiment);
        } else if sharp || spec.solver == Solver::Characteristics && run.resolved() {
            run.hand_over(0.0, placed);
        }
        run.judge(0.0);
        run
    }

    /// Other parameters from the time `now` on. Markers cannot diffuse, Poisson kernels belong to the sine alone and to no noise: where what
    /// carries the density does not hold for the new equation, it is lost.
    pub(crate) fn set(&mut self, now: f64, attention: Attention, diffusion: f64) {
        (self.attention, self.diffusion) = (attention, diffusion);
        self.ahead.restart(now);
        if attention.beta < LEAST_BETA && attention.normalisation.sums_to_one() {
            self.lose(now, Loss::BetaTooLow);
        }
        match &mut self.state {
            State::Lost { .. } => {}
            State::Coefficients(_) => self.rebuild(self.density.modes()),
            State::Populations(populations) => {
                populations.restart(now);
                let kept = !populations.exact() || sine_alone(attention);
                let kept = populations.set_diffusion(diffusion) && kept;
                let modes = self.density.modes();
                self.mean_field = MeanField::new(self.density.domain, attention, modes);
                if !kept {
                    self.lose(now, Loss::NotPoisson);
                }
            }
            State::Markers { run, .. } => {
                run.set(now, attention);
                if diffusion > 0.0 {
                    self.lose(now, Loss::Noise);
                }
            }
        }
    }

    /// When and why there is no density any more.
    #[must_use]
    pub fn lost(&self) -> Option<(f64, Loss)> {
        match self.state {
            State::Lost { since, why } => Some((since, why)),
            _ => None,
        }
    }

    /// Since when markers carry it, and the markers.
    #[must_use]
    pub fn markers(&self) -> Option<(f64, &MarkerRun)> {
        match &self.state {
            State::Markers { since, run } => Some((*since, run)),
            _ => None,
        }
    }

    /// The densities of the natural frequencies.
    #[must_use]
    pub fn populations(&self) -> Option<&Populations> {
        match &self.state {
            State::Populations(populations) => Some(populations),
            _ => None,
        }
    }

    fn lose(&mut self, since: f64, why: Loss) {
        if !matches!(self.state, State::Lost { .. }) {
            self.earlier = self.work();
            self.state = State::Lost { since, why };
        }
    }

    /// Steps and right-hand sides since t = 0.
    #[must_use]
    pub fn work(&self) -> Work {
        let now = match &self.state {
            State::Coefficients(stepper) => stepper.work(),
            State::Populations(populations) => populations.work(),
            State::Markers { run, .. } => run.work(),
            State::Lost { .. } => Work::default(),
        };
        self.earlier + now
    }

    /// The clock of whatever carries it; none when it is lost.
    pub(super) fn clock(&self) -> Option<Clock> {
        match &self.state {
            State::Markers { run, .. } => Some(run.clock()),
            State::Populations(run) => Some(run.clock()),
            State::Coefficients(_) => Some(self.ahead.clock()),
            State::Lost { .. } => None,
        }
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way. A lost density stays where it is.
    ///
    /// # Errors
    /// [`StepError`] of the steppers.
    pub fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        loop {
            match &mut self.state {
                State::Lost { .. } => return Ok(true),
                State::Markers { run, .. } => return run.advance(to, cancelled),
                State::Populations(_) => match self.advance_populations(to, cancelled)? {
                    Outcome::Done => return Ok(true),
                    Outcome::Cancelled => return Ok(false),
                    Outcome::Unresolved(_) => {}
                },
                State::Coefficients(stepper) => match self.ahead.due(to) {
                    Due::Here => return Ok(true),
                    Due::Read(theta) => {
                        let mean_field = &mut self.mean_field;
                        let tendency = |c: &[f64], out: &mut [f64]| mean_field.tendency(c, out);
                        let (front, shown) = (self.ahead.front(), &mut self.density.state);
                        stepper.read(theta, front, tendency, shown);
                        return Ok(true);
                    }
                    Due::Land => {
                        let now = self.ahead.land(&mut self.density.state);
                        self.judge(now);
                    }
                    Due::Step(_) if cancelled() => return Ok(false),
                    Due::Step(limit) => self.step(limit)?,
                },
            }
        }
    }

    /// One step of the coefficients; none where it was taken back, for twice the modes or for markers to go on, or where nothing resolves it.
    fn step(&mut self, limit: f64) -> Result<(), StepError> {
        self.before.clone_from(&self.density.state);
        let ceiling = self.stable_steps();
        let mean_field = &mut self.mean_field;
        let State::Coefficients(stepper) = &mut self.state else {
            return Ok(());
        };
        let tendency = |c: &[f64], out: &mut [f64]| mean_field.tendency(c, out);
        let taken = stepper.step(&mut self.density.state, limit, ceiling, tendency)?;
        self.fastest = self.mean_field.fastest();
        self.amplitudes.update(&self.density);
        let more = self.density.modes() < self.most;
        let grown = self.amplitudes.tail() > self.grow();
        let now = self.ahead.begun();
        if !grown || !(more || self.may_hand_over()) {
            if grown && !self.resolved() {
                self.density.state.clone_from(&self.before);
                self.lose(now, Loss::Modes);
            } else {
                self.ahead.stepped(taken, &self.density.state);
            }
            return Ok(());
        }
        // what the step lost beyond the last mode cannot be had back
        self.density.state.clone_from(&self.before);
        if more {
            self.rebuild((2 * self.density.modes()).min(self.most));
        } else {
            // the last density that the limit of modes resolves
            self.hand_over(now, None);
        }
        Ok(())
    }

    /// One density for each of the frequencies.
    fn split_by_frequency(&mut self, experiment: &Experiment) {
        let Some(law) = experiment
            .tokens
            .frequencies
            .as_ref()
            .and_then(Frequencies::law)
        else {
            return;
        };
        let weight = match (&experiment.field.initial, &experiment.tokens.initial) {
            (FieldInitial::Law(law), _) => poisson_weight(law),
            (
                FieldInitial::From {
                    from: Source::Law,
                    smoothing: 0.0,
                },
                law,
            ) => poisson_weight(law),
            _ => None,
        };
        let nodes = |default: usize| law.midpoints(experiment.field.nodes.unwrap_or(default));
        let exact = weight.filter(|_| self.diffusion == 0.0 && sine_alone(self.attention));
        let populations = match exact {
            Some(z) => Populations::poisson(
                nodes(DEFAULT_NODES[0]),
                z,
                (self.tolerance, self.ahead.stop()),
            ),
            None => {
                let (start, diffusion) = (&self.density.state, self.diffusion);
                let nodes = nodes(DEFAULT_NODES[1]);
                Populations::series(nodes, start, diffusion, (self.tolerance, self.ahead.stop()))
            }
        };
        self.earlier = self.work();
        self.state = State::Populations(Box::new(populations));
    }

    /// Moves all frequencies on; stops short where they need more modes, or are lost.
    fn advance_populations(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Outcome, StepError> {
        let at_most = self.density.modes() >= self.most;
        let grow = self.most_tail(at_most);
        let State::Populations(populations) = &mut self.state else {
            return Ok(Outcome::Done);
        };
        let (attention, field) = (self.attention, &mut self.mean_field);
        let outcome = populations.advance(field, attention, (to, grow), cancelled)?;
        populations.total(&mut self.density.state);
        if let Outcome::Unresolved(now) = outcome {
            if at_most {
                self.lose(now, Loss::Modes);
            } else {
                let modes = (2 * self.density.modes()).min(self.most);
                populations.resize(modes, self.diffusion);
                self.density.resize(modes);
                self.mean_field = MeanField::new(self.density.domain, attention, modes);
                populations.total(&mut self.density.state);
            }
        }
        Ok(outcome)
    }

    fn may_hand_over(&self) -> bool {
        self.hand_over && self.diffusion == 0.0 && self.attention.attracts()
    }

    /// Markers take over: these, or those of the density as it is, if they are its markers: a series in high dimension may have no digits where
    /// the mass is.
    fn hand_over(&mut self, since: f64, placed: Option<Markers>) {
        let State::Coefficients(stepper) = &self.state else {
            return;
        };
        let markers = placed.unwrap_or_else(|| Markers::from_density(&self.density));
        let moments = self.density.moments();
        if markers.differ_from(&moments) > self.tolerance.max(ALIKE) {
            return self.lose(since, Loss::NoDigits);
        }
        let run = MarkerRun::new(
            markers,
            self.attention,
            (self.tolerance, stepper.proposal()),
            (since, self.ahead.stop()),
        );
        self.earlier = self.work();
        let run = Box::new(run);
        self.state = State::Markers { since, run };
    }

    /// d ln|m_ℓ|/dt, ℓ = 1 … `degrees`, by the whole equation at this moment; NaN where m_ℓ is rounding noise.
    pub fn growth(&mut self, degrees: usize) -> Vec<f64> {
        let mut rate = vec![0.0; self.density.state.len()];
        self.mean_field.tendency(&self.density.state, &mut rate);
        let (domain, modes) = (self.density.domain, self.density.modes());
        let (mut squares, mut products) = (vec![0.0; modes + 1], vec![0.0; modes + 1]);
        domain.for_each(modes, |entry, l| {
            squares[l] += self.density.state[entry].powi(2);
            products[l] += self.density.state[entry] * rate[entry];
        });
        (1..=degrees)
            .map(|l| match squares.get(l) {
                Some(square) if *square > 1e-26 => {
                    products[l] / square - self.diffusion * domain.laplacian(l)
                }
                _ => f64::NAN,
            })
            .collect()
    }
}

/// Whether the interaction is Kuramoto's sine.
fn sine_alone(attention: Attention) -> bool {
    match &attention.interaction {
        Some(interaction) => interaction.list().len() == 1,
        None => attention.beta == 0.0,
    }
}

fn stepper(domain: Domain, diffusion: f64, modes: usize, tolerance: f64, first: f64) -> Stepper {
    let length = domain.length(modes);
    if diffusion > 0.0 {
        let mut rates = vec![0.0; length];
        domain.for_each(modes, |entry, l| {
            rates[entry] = diffusion * domain.laplacian(l);
        });
        return Stepper::exponential(rates, tolerance, first);
    }
    Stepper::explicit(length, tolerance, first)
}

/// Whether the rounding of the largest coefficient is all that is left of the others: in high dimension dμ/dσ grows by orders of magnitude as
/// mass gathers.
fn digits_are_lost(amplitudes: &Amplitudes, tolerance: f64) -> bool {
    amplitudes.largest() * ROUNDING > tolerance.max(LOST * ROUNDING)
}
