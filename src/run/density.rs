//! The density's half of a session: coefficients, tendency, stepper, and a resolution that follows the
//! spectrum.
//!
//! After every step the tail (the largest amplitude in the top eighth) is looked at: above `grow` the modes double and the step is
//! taken again, and where half of them would do with room to spare they halve. At the limit of modes the run goes on until the tail
//! reaches the tolerance; then the density is *under-resolved*, and from that time on there is no density: no number is
//! taken from it. Without noise it does not come to that: where more modes than the limit would be needed the last resolved
//! density is handed over to characteristics ([`super::characteristics`]), which carry it as long as anybody wants.

use super::characteristics::MarkerRun;
use super::populations::{DEFAULT_NODES, Outcome, Populations};
use crate::dynamics::{Attention, MeanField};
use crate::experiment::frequencies::Frequencies;
use crate::experiment::spec::{Continuum, Experiment, FieldInitial, Solver, Source};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Explicit, Exponential, StepError, Work};
use crate::measure::density::Amplitudes;
use crate::measure::{Density, Law, Moments, Particles};
use crate::sphere::{Complex, Domain};

const FIRST_STEP: f64 = 1e-3;
/// Modes are never fewer than this (or than the experiment asks for, if that is less).
const FEWEST: usize = 32;
/// The tail that doubles the modes, in tolerances; not below the rounding of the transforms.
const GROW: f64 = 1e-2;
const ROUNDING: f64 = 1e-13;
/// A largest amplitude of more than this many (or tolerance/1e-13) leaves too few digits to the small ones.
const LOST: f64 = 100.0;
/// The modes halve when what would be cut off is below this share of the doubling threshold.
const SHRINK: f64 = 0.1;

/// Dormand–Prince 8(5,3) is stable on the imaginary axis up to 5.96, the exponential scheme up to 2.82 and, with damping
/// z = −Dk²h, up to 0.6|z| for every z (both measured from their stability functions): modes with Dk > v/0.6 never bound
/// the step.
const EXPLICIT_STABILITY: f64 = 5.0;
const EXPONENTIAL_STABILITY: f64 = 2.5;
const DAMPED: f64 = 0.6;

enum Stepper {
    /// D = 0.
    Explicit(Box<Explicit>),
    /// D > 0: the diffusion is exact.
    Exponential(Box<Exponential>),
}

/// A density in motion.
pub struct FieldRun {
    /// The density now, or the last one that was resolved, or was handed over.
    pub density: Density,
    /// What carries it after the hand-over.
    pub markers: Option<Box<MarkerRun>>,
    /// The densities of the natural frequencies, whose mean `density` is.
    pub populations: Option<Populations>,
    /// When it was handed over.
    pub handed_over: Option<f64>,
    /// Its right-hand side (without the diffusion).
    pub mean_field: MeanField,
    /// Since when it is under-resolved.
    pub under_resolved: Option<f64>,
    attention: Attention,
    diffusion: f64,
    stepper: Stepper,
    hand_over: bool,
    fewest: usize,
    most: usize,
    tolerance: f64,
    before: Vec<f64>,
    amplitudes: Amplitudes,
    earlier: Work,
}

impl FieldRun {
    /// The density of an experiment at t = 0 beside these tokens, on its continuum.
    #[must_use]
    pub fn new(experiment: &Experiment, continuum: &Continuum, tokens: &Particles) -> Self {
        let spec = &experiment.field;
        let (domain, axis) = (continuum.domain, &continuum.axis);
        // A law without a density never gets here: the experiment was checked. Uniform is the neutral answer.
        let start = |modes: usize| {
            start_density(experiment, tokens, continuum, modes).unwrap_or_else(|| {
                let uniform = Moments::new(
                    domain,
                    [vec![1.0], vec![0.0; domain.length(modes) - 1]].concat(),
                );
                Density::from_moments(&uniform, axis.clone(), modes)
            })
        };
        let tolerance = experiment.time.tolerance;
        let grow = (GROW * tolerance).max(ROUNDING);
        let mut modes = spec.modes;
        let mut density = start(modes);
        while density.tail() > grow && modes < spec.max_modes {
            modes = (2 * modes).min(spec.max_modes);
            density = start(modes);
        }
        let (attention, diffusion) = (experiment.attention, experiment.noise.diffusion);
        let mut run = Self {
            mean_field: MeanField::new(domain, attention, modes),
            stepper: stepper(
                domain,
                diffusion,
                modes,
                tolerance,
                FIRST_STEP / attention.speed(),
            ),
            markers: None,
            populations: None,
            handed_over: None,
            hand_over: spec.hand_over,
            under_resolved: None,
            attention,
            diffusion,
            fewest: FEWEST.min(spec.modes),
            most: spec.max_modes,
            tolerance,
            before: Vec::new(),
            amplitudes: density.amplitudes(),
            density,
            earlier: Work::default(),
        };
        if experiment.tokens.frequencies.is_some() {
            run.divide(experiment);
        } else if spec.solver == Solver::Characteristics && run.resolved() {
            run.hand_over(0.0);
        } else {
            run.follow_the_spectrum(0.0);
        }
        run
    }

    /// Other parameters from the time `now` on. Markers cannot diffuse: with noise a density that was handed over is lost.
    pub fn set(&mut self, now: f64, attention: Attention, diffusion: f64) {
        (self.attention, self.diffusion) = (attention, diffusion);
        if let Some(populations) = &mut self.populations {
            // Poisson kernels belong to the sine alone and to no noise
            let kept = !populations.exact() || sine_alone(attention);
            if !(populations.set_diffusion(diffusion) && kept) {
                self.under_resolved.get_or_insert(now);
            }
            self.mean_field = MeanField::new(self.density.domain, attention, self.density.modes());
            return;
        }
        if let Some(markers) = &mut self.markers {
            markers.set(attention);
            if diffusion > 0.0 && self.under_resolved.is_none() {
                self.under_resolved = Some(now);
            }
            return;
        }
        self.rebuild(self.density.modes());
    }

    /// D.
    #[must_use]
    pub fn diffusion(&self) -> f64 {
        self.diffusion
    }

    /// Steps and right-hand sides since t = 0.
    #[must_use]
    pub fn work(&self) -> Work {
        let now = match &self.stepper {
            Stepper::Explicit(stepper) => stepper.work,
            Stepper::Exponential(stepper) => stepper.work,
        };
        let markers = (self.markers.as_ref()).map_or_else(Work::default, |run| run.work());
        let populations = (self.populations.as_ref()).map_or_else(Work::default, Populations::work);
        self.earlier + now + markers + populations
    }

    /// Moves on from time `from` by `duration`; false when `cancelled` said so on the way. An under-resolved density
    /// stays where it is.
    ///
    /// # Errors
    /// [`StepError`] of the steppers.
    pub fn advance(
        &mut self,
        from: f64,
        duration: f64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<bool, StepError> {
        if self.populations.is_some() {
            return self.advance_populations(from, duration, cancelled);
        }
        let mut left = duration;
        while left > 0.0 && self.under_resolved.is_none() {
            if let Some(markers) = &mut self.markers {
                return markers.advance(left, cancelled);
            }
            if cancelled() {
                return Ok(false);
            }
            self.before.clone_from(&self.density.state);
            let ceiling = self.stable_step();
            let mean_field = &mut self.mean_field;
            let tendency = |c: &[f64], out: &mut [f64]| mean_field.tendency(c, out);
            let taken = match &mut self.stepper {
                Stepper::Explicit(stepper) => {
                    stepper.controller.limit(ceiling);
                    stepper.step(&mut self.density.state, left, tendency, |_| ())
                }
                Stepper::Exponential(stepper) => {
                    stepper.controller.limit(ceiling);
                    stepper.step(&mut self.density.state, left, tendency)
                }
            }?;
            self.amplitudes.update(&self.density);
            if self.density.modes() < self.most && self.amplitudes.tail() > self.grow() {
                // What the step lost beyond the last mode cannot be had back: it is taken again with twice the modes.
                self.density.state.clone_from(&self.before);
                self.rebuild((2 * self.density.modes()).min(self.most));
                continue;
            }
            if self.amplitudes.tail() > self.grow() && self.may_hand_over() {
                // the last density that the limit of modes resolves
                self.density.state.clone_from(&self.before);
                self.hand_over(from + duration - left);
                continue;
            }
            left = if taken >= left * (1.0 - 1e-12) {
                0.0
            } else {
                left - taken
            };
            self.follow_the_spectrum(from + duration - left);
        }
        Ok(true)
    }

    /// One density for each of the frequencies.
    fn divide(&mut self, experiment: &Experiment) {
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
        self.populations = Some(match exact {
            Some(z) => Populations::poisson(nodes(DEFAULT_NODES[0]), z, self.tolerance),
            None => {
                let (start, diffusion) = (&self.density.state, self.diffusion);
                let nodes = nodes(DEFAULT_NODES[1]);
                Populations::series(nodes, start, diffusion, self.tolerance)
            }
        });
    }

    fn advance_populations(
        &mut self,
        from: f64,
        duration: f64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<bool, StepError> {
        let Some(mut populations) = self.populations.take() else {
            return Ok(true);
        };
        let mut left = duration;
        let mut whole = true;
        while left > 0.0 && self.under_resolved.is_none() {
            let at_most = self.density.modes() >= self.most;
            let grow = if at_most {
                self.tolerance.max(10.0 * ROUNDING)
            } else {
                self.grow()
            };
            let outcome = populations.advance(
                &mut self.mean_field,
                self.attention,
                (left, grow),
                cancelled,
            );
            left = match outcome {
                Ok(Outcome::Done) => 0.0,
                Ok(Outcome::Unresolved(left)) if at_most => {
                    self.under_resolved = Some(from + duration - left);
                    left
                }
                Ok(Outcome::Unresolved(left)) => {
                    let modes = (2 * self.density.modes()).min(self.most);
                    populations.resize(modes, self.diffusion);
                    self.density.resize(modes);
                    self.mean_field = MeanField::new(self.density.domain, self.attention, modes);
                    left
                }
                Ok(Outcome::Cancelled) => {
                    whole = false;
                    break;
                }
                Err(error) => {
                    self.populations = Some(populations);
                    return Err(error);
                }
            };
        }
        populations.total(&mut self.density.state);
        self.populations = Some(populations);
        Ok(whole)
    }

    fn may_hand_over(&self) -> bool {
        self.hand_over && self.diffusion == 0.0 && self.attention.attracts()
    }

    /// Whether the density at hand can be taken for the one that is meant.
    fn resolved(&self) -> bool {
        self.amplitudes.tail() <= self.tolerance.max(10.0 * ROUNDING)
    }

    /// Markers take over.
    fn hand_over(&mut self, time: f64) {
        let proposal = match &self.stepper {
            Stepper::Explicit(stepper) => stepper.controller.step,
            Stepper::Exponential(stepper) => stepper.controller.step,
        };
        let markers = MarkerRun::new(&self.density, self.attention, self.tolerance, proposal);
        self.markers = Some(Box::new(markers));
        self.handed_over = Some(time);
    }

    /// The longest step for which the advection of every mode is stable, by the speed of the last evaluation.
    fn stable_step(&self) -> f64 {
        let (domain, speed) = (self.density.domain, self.mean_field.fastest());
        // the highest frequency of what is advected, K on the circle
        let modes = domain.laplacian(self.density.modes()).sqrt();
        let limit = match self.stepper {
            Stepper::Explicit(_) => EXPLICIT_STABILITY / (modes * speed),
            Stepper::Exponential(_) => {
                EXPONENTIAL_STABILITY / (modes.min(speed / (DAMPED * self.diffusion)) * speed)
            }
        };
        if limit.is_nan() { f64::INFINITY } else { limit }
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

    /// The tail above which the modes double: relative to the largest amplitude where that is above one.
    fn grow(&self) -> f64 {
        (GROW * self.tolerance).max(ROUNDING * self.amplitudes.largest().max(1.0))
    }

    fn follow_the_spectrum(&mut self, time: f64) {
        self.amplitudes.update(&self.density);
        let modes = self.density.modes();
        let grow = self.grow();
        let tail = self.amplitudes.tail();
        if self.amplitudes.largest() * ROUNDING > self.tolerance.max(LOST * ROUNDING) {
            // In high dimension dμ/dσ grows by orders of magnitude as mass gathers: the rounding of the largest
            // coefficient is all that is left of the others.
            if self.may_hand_over() && self.resolved() {
                self.hand_over(time);
            } else {
                self.under_resolved = Some(time);
            }
        } else if tail > grow {
            if modes < self.most {
                self.rebuild((2 * modes).min(self.most));
            } else if !self.resolved() {
                self.under_resolved = Some(time);
            }
        } else if modes / 2 >= self.fewest
            && self
                .amplitudes
                .largest_from(self.amplitudes.tail_start(modes / 2))
                < SHRINK * grow
        {
            self.rebuild(modes / 2);
        }
    }

    /// New scratch for `modes` modes; the step proposal is kept.
    fn rebuild(&mut self, modes: usize) {
        self.earlier = self.work();
        let proposal = match &self.stepper {
            Stepper::Explicit(stepper) => stepper.controller.step,
            Stepper::Exponential(stepper) => stepper.controller.step,
        };
        self.density.resize(modes);
        self.mean_field = MeanField::new(self.density.domain, self.attention, modes);
        self.stepper = stepper(
            self.density.domain,
            self.diffusion,
            modes,
            self.tolerance,
            proposal,
        );
    }
}

/// Whether the interaction is Kuramoto's sine.
fn sine_alone(attention: Attention) -> bool {
    match &attention.interaction {
        Some(interaction) => interaction.list().len() == 1,
        None => attention.beta == 0.0,
    }
}

/// z of a Poisson kernel on the circle; the uniform law is the one with z = 0.
fn poisson_weight(law: &Law) -> Option<Complex> {
    match law {
        Law::Uniform => Some(Complex::default()),
        Law::Poisson { weight, axis } => Some(Complex::new(axis[0], axis[1]) * *weight),
        _ => None,
    }
}

/// The density that an experiment says, on its continuum with `modes` modes.
fn start_density(
    experiment: &Experiment,
    tokens: &Particles,
    continuum: &Continuum,
    modes: usize,
) -> Option<Density> {
    let (domain, seed) = (continuum.domain, experiment.tokens.seed);
    match &experiment.field.initial {
        FieldInitial::Law(law) => Density::from_law(law, domain, seed, 0.0, modes),
        FieldInitial::From {
            from: Source::Law,
            smoothing,
        } => Density::from_law(&experiment.tokens.initial, domain, seed, *smoothing, modes),
        FieldInitial::From {
            from: Source::Empirical,
            smoothing,
        } => {
            let moments = match domain {
                Domain::Zonal(_) => tokens.zonal_moments(&continuum.axis, modes),
                _ => tokens.moments(modes),
            };
            let smoothed = moments.smoothed(*smoothing);
            Some(Density::from_moments(
                &smoothed,
                continuum.axis.clone(),
                modes,
            ))
        }
    }
}

fn stepper(domain: Domain, diffusion: f64, modes: usize, tolerance: f64, first: f64) -> Stepper {
    let length = domain.length(modes);
    if diffusion > 0.0 {
        let mut rates = vec![0.0; length];
        domain.for_each(modes, |entry, l| {
            rates[entry] = diffusion * domain.laplacian(l)
        });
        return Stepper::Exponential(Box::new(Exponential::new(rates, tolerance, first)));
    }
    Stepper::Explicit(Box::new(Explicit::new(
        Tableau::for_tolerance(tolerance),
        length,
        tolerance,
        first,
    )))
}
