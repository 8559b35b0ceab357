//! A run in progress: what moves ([`Moving`]), tokens and density side by side, and what is seen of it at its present frame.

mod beside;
mod measuring;
mod named_by_theory;

use std::sync::Arc;

use super::companion::Companion;
use super::density::{FieldRun, State};
use super::ensemble::Ensemble;
use super::moving::{Moving, SessionError};
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

/// Both sides of a run.
/// A copy goes on with the same bits.
#[derive(Debug, Clone)]
pub struct Session {
    /// What moves.
    pub(super) moving: Moving,
    pub(super) leading_direction: Option<Vec<f64>>,
    pub(super) instruments: Instruments,
    /// Observables are computed from this frame on.
    observed_from: usize,
    /// The frame that was seen last, and the changes made until then.
    seen: (usize, usize),
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
        let mut session = Self {
            notes: Arc::new(told),
            predictions: Arc::default(),
            pictures: pictures.then(|| Pictures::new(&experiment)),
            moving: Moving::new(Arc::new(experiment), tokens, companion),
            leading_direction,
            instruments,
            observed_from: 0,
            seen: (0, 0),
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
                &session.moving.experiment,
                session.companion_side.density(),
            ));
        }
        session
    }

    /// The experiment, with the changes made so far.
    #[must_use]
    pub fn experiment(&self) -> &Arc<Experiment> {
        &self.moving.experiment
    }

    /// The time of the present frame.
    #[must_use]
    pub fn time(&self) -> f64 {
        self.moving.time()
    }

    /// The time of the next frame.
    #[must_use]
    pub fn next_time(&self) -> f64 {
        self.moving.next_time()
    }

    /// What the reader's clock runs by, so many frames from now.
    #[must_use]
    pub fn clock(&self, ahead: usize) -> f64 {
        self.moving.experiment.time.clock(self.moving.frame + ahead)
    }

    /// Index of the present frame.
    #[must_use]
    pub fn frame(&self) -> usize {
        self.moving.frame
    }

    /// Whether the last frame of the experiment is reached; the run can go on past it.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.moving.frame + 1 >= self.moving.experiment.time.recorded()
    }

    /// Whether there is a next frame at all: logarithmic times end with the largest number.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        !(self.next_time() * self.moving.attention.speed()).is_finite()
    }

    /// β and normalisation now.
    #[must_use]
    pub fn attention(&self) -> Attention {
        self.moving.attention
    }

    /// D now.
    #[must_use]
    pub fn diffusion(&self) -> f64 {
        self.moving.diffusion
    }

    /// Steps of the tokens so far.
    #[must_use]
    pub fn token_steps(&self) -> u64 {
        self.moving.tokens.work().steps
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenRun {
        &self.moving.tokens
    }

    /// The density's run, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldRun> {
        match &self.moving.companion {
            Companion::Density(field) => Some(field),
            Companion::Reference(_) | Companion::Gaussian(_) | Companion::None(_) => None,
        }
    }

    /// The tokens of the reference run, where there is one.
    #[must_use]
    pub fn reference_tokens(&self) -> Option<&Particles> {
        match &self.moving.companion {
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
        self.moving.ensemble.as_ref().map(Ensemble::view)
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
        self.moving.change(change);
    }

    /// The clocks of both sides, as far as their steps have one.
    pub(super) fn clocks(&self) -> Vec<Clock> {
        let mut clocks = vec![self.moving.tokens.ahead.clock()];
        if let Companion::Density(field) = &self.moving.companion {
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
        self.moving.tokens.resumable() && self.moving.companion.resumable()
    }

    /// Moves both sides to the next recorded frame and observes it; false when `cancelled` said so on the way. The session is then within a
    /// frame: asked again it goes on if it is [`Session::resumable`], else it is of no further use. A change has to wait for a frame: who
    /// cannot wait takes a copy of the session at the last one.
    ///
    /// # Errors
    /// [`SessionError`] when a side cannot be followed.
    pub fn advance(&mut self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<bool, SessionError> {
        if !self.moving.advance(cancelled)? {
            return Ok(false);
        }
        self.observe_where_asked();
        Ok(true)
    }

    /// Whether anybody reads what is observed of the present frame.
    fn observed(&self) -> bool {
        self.moving.frame >= self.observed_from
    }

    fn observe_where_asked(&mut self) {
        if self.observed() {
            self.observe();
        }
    }

    fn observe(&mut self) {
        let now = (self.moving.frame, self.moving.next_change);
        if self.seen.1 != now.1 {
            let dimension = self.moving.experiment.tokens.dimension;
            self.instruments.kernel = self.moving.attention.kernel(dimension);
            (self.moving.companion).measure_with(&self.instruments.kernel);
            // Curves that start from t = 0 no longer belong to this run.
            self.predictions = Arc::default();
        }
        self.seen = now;
        let work = self.moving.tokens.work();
        let instruments = &mut self.instruments;
        self.token_side = TokenSide::observe(self.moving.tokens.moving(), instruments, work);
        self.token_side.merge_energy = self.moving.tokens.merge_energy();
        self.token_side.length = (self.moving.tokens.lengths()).map_or(f64::NAN, |list| {
            list.iter().sum::<f64>() / list.len() as f64
        });
        self.companion_side = (self.moving.companion).observe(
            &mut self.instruments,
            &self.moving.tokens,
            &self.token_side,
        );
        if self.moving.experiment.tokens.replay.is_some() {
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
            pairs: self.moving.ensemble.as_ref().and_then(Ensemble::side),
        }
        .values();
        let mut record = Record {
            products: if parts.have(Parts::PRODUCTS) {
                let histogram = products::histogram(self.moving.tokens.tokens());
                histogram.iter().map(|v| *v as f32).collect()
            } else {
                Vec::new()
            },
            time: self.time(),
            values,
            density: Vec::new(),
            tokens: Vec::new(),
            places: Vec::new(),
            angles: Vec::new(),
        };
        if self.pictures.is_some() {
            self.take_picture(&mut record);
        }
        self.history.push(record);
    }

    fn take_picture(&mut self, record: &mut Record) {
        let particles = self.moving.tokens.tokens();
        (self.plane, self.plane_share) = drawn(particles, &self.plane);
        if let Companion::Reference(reference) = &mut self.moving.companion {
            reference.plane = drawn(reference.run.tokens(), &reference.plane.0);
        }
        let stride = particles.count().div_ceil(PICTURE_TOKENS);
        record.tokens = (shown(particles, &self.plane, stride).iter())
            .map(|p| [p[0] as f32, p[1] as f32])
            .collect();
        let Some(pictures) = &mut self.pictures else {
            return;
        };
        if !self.moving.experiment.tokens.flat {
            record.angles = (particles.rows().step_by(stride))
                .map(|x| pictures.angle(x) as f32)
                .collect();
            record.places = (particles.rows().step_by(stride))
                .filter_map(|x| <[f64; 3]>::try_from(x).ok())
                .map(|x| x.map(|part| part as f32))
                .collect();
        }
        let Companion::Density(field) = &mut self.moving.companion else {
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
