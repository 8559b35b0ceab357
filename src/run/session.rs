//! A run in progress: tokens and density side by side, moving from one recorded frame to the next.

mod measuring;
mod named_by_theory;

use std::sync::Arc;

use super::cause::{Cause, Side};
use super::companion::Companion;
use super::density::{FieldRun, State};
use super::ensemble::Ensemble;
use super::notes::{notes, of_the_law};
use super::pictures::{Pictures, drawn, shown};
use super::predictions::predictions;
use super::tokens::TokenRun;
use crate::dynamics::Attention;
use crate::experiment::spec::{Change, Experiment};
use crate::integrate::ahead::Clock;
use crate::measure::Particles;
use crate::observe::parts::Parts;
use crate::observe::{CompanionSide, GaussianSide, Instruments, Observation, TokenSide, products};
use crate::snapshot::history::{History, PICTURE_TOKENS, Record};
use crate::snapshot::view::PairsView;
use crate::snapshot::view::{Prediction, SPECTRUM_DEGREES};
use crate::sphere::Domain;

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

/// Both sides of a run.
/// A copy goes on with the same bits.
#[derive(Debug, Clone)]
pub struct Session {
    pub(super) experiment: Arc<Experiment>,
    pub(super) tokens: TokenRun,
    pub(super) companion: Companion,
    /// The ensemble of `[pairs]`, which can stand beside a density.
    pub(super) ensemble: Option<Ensemble>,
    pub(super) leading_direction: Option<Vec<f64>>,
    pub(super) instruments: Instruments,
    pub(super) attention: Attention,
    pub(super) diffusion: f64,
    pub(super) frame: usize,
    /// Observables are computed from this frame on.
    observed_from: usize,
    pub(super) pending: Option<Change>,
    pub(super) next_change: usize,
    pub(super) token_side: TokenSide,
    pub(super) companion_side: CompanionSide,
    pub(super) history: History,
    pub(super) pictures: Option<Pictures>,
    pub(super) plane: Vec<[f64; 2]>,
    pub(super) plane_share: f64,
    pub(super) measured_growth: Vec<f64>,
    pub(super) predictions: Arc<Vec<Prediction>>,
    pub(super) notes: Arc<Vec<String>>,
}

impl Session {
    /// The run of an experiment at t = 0, for the screen: its history keeps what the pictures need.
    #[must_use]
    pub fn new(experiment: Experiment) -> Self {
        Self::start(experiment, true, Parts::ALL)
    }

    /// A run for batch work: the history holds the observables alone, no pictures.
    #[must_use]
    pub fn without_pictures(experiment: Experiment) -> Self {
        Self::start(experiment, false, Parts::ALL)
    }

    /// A run without pictures whose observables nobody reads between t = 0 and the frame `first`: they are not computed there.
    #[must_use]
    pub fn observed_from(experiment: Experiment, first: usize) -> Self {
        Self {
            observed_from: first,
            ..Self::start(experiment, false, Parts::ALL)
        }
    }

    // long: one field after another
    fn start(experiment: Experiment, pictures: bool, parts: Parts) -> Self {
        let mut tokens = TokenRun::new(&experiment);
        let continuum = experiment.continuum();
        let instruments = || {
            let domain: Option<(Domain, &[f64])> = match &continuum {
                Some(c) => Some((c.domain, c.axis.as_slice())),
                None if experiment.tokens.dimension == 3 => Some((Domain::Sphere, &[])),
                None => None,
            };
            let kernel = experiment.attention.kernel(experiment.tokens.dimension);
            let width = experiment.observe.cluster_width;
            Instruments::new(kernel, width, domain)
                .flat(experiment.tokens.flat)
                .measuring(parts, experiment.observe.delta)
        };
        let companion = Companion::new(&experiment, tokens.tokens(), instruments);
        let mut told = notes(&experiment);
        if let Companion::Density(field) = &companion {
            told.extend(of_the_law(&experiment, field));
        }
        let (mut instruments, work) = (instruments(), tokens.work());
        let token_side = TokenSide::observe(tokens.moving(), &mut instruments, work);
        let leading_direction = (experiment.tokens.flat).then(|| {
            let (d, seed) = (experiment.tokens.dimension, experiment.tokens.seed);
            experiment.system.system(d, seed, 0).leading_direction(d)
        });
        let leading_direction = leading_direction.flatten();
        let ensemble = experiment.pairs.as_ref().map(|spec| {
            let (tokens, time) = (&experiment.tokens, &experiment.time);
            let (drawn, times) = ((tokens.count, tokens.seed), (time.end, time.tolerance));
            Ensemble::new(spec, experiment.attention.beta, drawn, times)
        });
        let mut session = Self {
            attention: experiment.attention,
            diffusion: experiment.noise.diffusion,
            notes: Arc::new(told),
            predictions: Arc::default(),
            pictures: pictures.then(|| Pictures::new(&experiment)),
            experiment: Arc::new(experiment),
            tokens,
            companion,
            ensemble,
            leading_direction,
            instruments,
            frame: 0,
            observed_from: 0,
            pending: None,
            next_change: 0,
            token_side,
            companion_side: CompanionSide::None,
            history: History::default(),
            plane: Vec::new(),
            plane_share: 1.0,
            measured_growth: Vec::new(),
        };
        session.observe();
        if pictures {
            session.predictions = Arc::new(predictions(
                &session.experiment,
                session.companion_side.density(),
            ));
        }
        session
    }

    /// The experiment, with the changes made so far.
    #[must_use]
    pub fn experiment(&self) -> &Arc<Experiment> {
        &self.experiment
    }

    /// The time of the present frame.
    #[must_use]
    pub fn time(&self) -> f64 {
        self.experiment.time.frame(self.frame)
    }

    /// The time of the next frame.
    #[must_use]
    pub fn next_time(&self) -> f64 {
        self.experiment.time.frame(self.frame + 1)
    }

    /// What the reader's clock runs by, so many frames from now.
    #[must_use]
    pub fn clock(&self, ahead: usize) -> f64 {
        self.experiment.time.clock(self.frame + ahead)
    }

    /// Index of the present frame.
    #[must_use]
    pub fn frame(&self) -> usize {
        self.frame
    }

    /// Whether the last frame of the experiment is reached; the run can go on past it.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.frame + 1 >= self.experiment.time.recorded()
    }

    /// Whether there is a next frame at all: logarithmic times end with the largest number.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        !(self.next_time() * self.attention.speed()).is_finite()
    }

    /// β and normalisation now.
    #[must_use]
    pub fn attention(&self) -> Attention {
        self.attention
    }

    /// D now.
    #[must_use]
    pub fn diffusion(&self) -> f64 {
        self.diffusion
    }

    /// Steps of the tokens so far.
    #[must_use]
    pub fn token_steps(&self) -> u64 {
        self.tokens.work().steps
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenRun {
        &self.tokens
    }

    /// The density's run, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldRun> {
        match &self.companion {
            Companion::Density(field) => Some(field),
            Companion::Reference(_) | Companion::Gaussian(_) | Companion::None(_) => None,
        }
    }

    /// The tokens of the reference run, where there is one.
    #[must_use]
    pub fn reference_tokens(&self) -> Option<&Particles> {
        match &self.companion {
            Companion::Reference(reference) => Some(reference.run.tokens()),
            Companion::Density(_) | Companion::Gaussian(_) | Companion::None(_) => None,
        }
    }

    /// The Gaussian mean field, where there is one and it has not blown up.
    #[must_use]
    pub fn gaussian_side(&self) -> Option<&GaussianSide> {
        self.companion_side.gaussian()
    }

    /// The ensemble of pairs and its closures, where there is one.
    #[must_use]
    pub fn pairs_view(&self) -> Option<PairsView> {
        self.ensemble.as_ref().map(Ensemble::view)
    }

    /// The observables of every frame so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What a careful reader should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Changes parameters from this frame on; the change becomes part of the experiment.
    pub fn change(&mut self, change: Change) {
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

    /// The clocks of both sides, as far as their steps have one.
    pub(super) fn clocks(&self) -> Vec<Clock> {
        let mut clocks = vec![self.tokens.ahead.clock()];
        if let Companion::Density(field) = &self.companion {
            clocks.extend(field.clock());
        }
        clocks
    }

    /// The times between which the next frame is computed.
    pub(super) fn span(&self) -> (f64, f64) {
        (self.time(), self.next_time())
    }

    /// Whether a session that was cancelled within a frame goes on when it is asked again, with the same bits.
    #[must_use]
    pub fn resumable(&self) -> bool {
        self.tokens.resumable() && self.companion.resumable()
    }

    /// Moves both sides to the next recorded frame and observes it; false when `cancelled` said so on the way. The session is then within a
    /// frame: asked again it goes on if it is [`Session::resumable`], else it is of no further use. A change has to wait for a frame: who
    /// cannot wait takes a copy of the session at the last one.
    ///
    /// # Errors
    /// [`SessionError`] when a side cannot be followed.
    pub fn advance(&mut self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<bool, SessionError> {
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
        if !moved {
            return Ok(false);
        }
        self.frame += 1;
        if self.frame >= self.observed_from {
            self.observe();
        }
        Ok(true)
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
        self.instruments.kernel = self.attention.kernel(self.experiment.tokens.dimension);
        self.tokens.set(self.attention, self.diffusion);
        self.companion.set(now, self.attention, self.diffusion);
        if let Some(ensemble) = &mut self.ensemble {
            ensemble.end(now);
        }
        // Curves that start from t = 0 no longer belong to this run.
        self.predictions = Arc::default();
    }

    fn observe(&mut self) {
        let work = self.tokens.work();
        let instruments = &mut self.instruments;
        self.token_side = TokenSide::observe(self.tokens.moving(), instruments, work);
        self.token_side.merge_energy = self.tokens.merge_energy();
        self.token_side.length = (self.tokens.lengths()).map_or(f64::NAN, |list| {
            list.iter().sum::<f64>() / list.len() as f64
        });
        self.companion_side =
            (self.companion).observe(&mut self.instruments, &self.tokens, &self.token_side);
        if self.experiment.tokens.replay.is_some() {
            // nothing moves them
            self.token_side.dissipation = f64::NAN;
        }
        let parts = self.instruments.parts();
        if parts.have(Parts::THEORY) {
            self.observe_what_theory_names();
        }
        let values = Observation {
            tokens: &self.token_side,
            companion: &self.companion_side,
            pairs: self.ensemble.as_ref().and_then(Ensemble::side),
        }
        .values();
        let mut record = Record {
            products: if parts.have(Parts::PRODUCTS) {
                let histogram = products::histogram(self.tokens.tokens());
                histogram.iter().map(|v| *v as f32).collect()
            } else {
                Vec::new()
            },
            time: self.time(),
            values,
            density: Vec::new(),
            tokens: Vec::new(),
            angles: Vec::new(),
        };
        if self.pictures.is_some() {
            self.take_picture(&mut record);
        }
        self.history.push(record);
    }

    fn take_picture(&mut self, record: &mut Record) {
        let particles = self.tokens.tokens();
        (self.plane, self.plane_share) = drawn(particles, &self.plane);
        if let Companion::Reference(reference) = &mut self.companion {
            reference.plane = drawn(reference.run.tokens(), &reference.plane.0);
        }
        let stride = particles.count().div_ceil(PICTURE_TOKENS);
        record.tokens = (shown(particles, &self.plane, stride).iter())
            .map(|p| [p[0] as f32, p[1] as f32])
            .collect();
        let Some(pictures) = &mut self.pictures else {
            return;
        };
        if !self.experiment.tokens.flat {
            record.angles = (particles.rows().step_by(stride))
                .map(|x| pictures.angle(x) as f32)
                .collect();
        }
        let Companion::Density(field) = &mut self.companion else {
            return;
        };
        self.measured_growth = Vec::new();
        match &field.state {
            State::Lost { .. } => {}
            State::Markers { run, .. } => {
                record.density = pictures.strip_of_markers(&run.markers);
                pictures.take_markers(&run.markers);
            }
            State::Coefficients(_) | State::Populations(_) => {
                // with frequencies the moments turn, and every frequency has its own
                if field.populations().is_none() {
                    self.measured_growth = field.growth(SPECTRUM_DEGREES);
                }
                record.density = pictures.strip(&field.density);
                pictures.take(&field.density);
            }
        }
    }
}
