//! What an experiment file says, resolved: every default filled in, every value checked. Serialises to the same TOML
//! that it was read from, so that `experiment.toml` in a run's folder can be run again.

use serde::Serialize;

use super::caption::Caption;
use super::encoding::Encoding;
use super::frequencies::Frequencies;
use super::replay::Replay;
use super::sweep::SweepSpec;
use super::system::{SystemSpec, WrittenAttention};
use super::time::TimeSpec;
use crate::dynamics::bbgky::Closure;
use crate::dynamics::{Attention, Normalisation};
use crate::machine::thresholds::SHARED_FROM;
use crate::measure::{Law, Particles};
use crate::observe::DEFAULT_DELTA;
use crate::sphere::Domain;
use crate::sphere::random::{Stream, generator, reference_seed, unit};

/// Defaults of `[field] modes` and `max_modes`: K on the circle; the degree on S², where the work grows with its cube; the
/// degree of a zonal density. With a hand-over to characteristics it comes early: there is nothing that more modes would do better.
#[must_use]
pub fn default_modes(solver: Solver, dimension: usize, hand_over: bool) -> (usize, usize) {
    match (solver.domain(dimension), hand_over) {
        (Domain::Circle, true) => (256, 512),
        (Domain::Sphere, true) => (32, 64),
        (Domain::Zonal(_), true) => (64, 256),
        (Domain::Circle, false) => (256, 65536),
        (Domain::Sphere, false) => (32, 256),
        (Domain::Zonal(_), false) => (64, 512),
    }
}

/// The largest `max_modes` that is taken: more would not fit into memory or end in a life time.
#[must_use]
pub(crate) fn most_modes(solver: Solver, dimension: usize) -> usize {
    match solver.domain(dimension) {
        Domain::Circle => 1 << 22,
        Domain::Sphere => 1023,
        Domain::Zonal(_) => 4095,
    }
}
/// For (SA) with β below this there is no density: e^{−2|β|} of its largest value is what the potential has where mass is.
pub(crate) const LEAST_BETA: f64 = -8.0;
/// Default of `[field] initial.smoothing` where something is smoothed: 0.005 up to S², a heat flow by an angle of √(2·0.005) = 0.1 along each
/// direction; above so much less that the mean keeps 99 % as there, e^{−s(d−1)} of it.
#[must_use]
pub(crate) fn default_smoothing(dimension: usize) -> f64 {
    if dimension <= 3 {
        0.005
    } else {
        0.01 / (dimension as f64 - 1.0)
    }
}
/// Default of `[noise] step`: a hundredth of the fastest time scale. The drift of (SA) varies over angles of 1/√β at
/// speeds below 1, hence at rates below 1 + β; (USA) runs e^β times faster.
#[must_use]
pub(crate) fn default_noise_step(attention: Attention) -> f64 {
    ((0.1 / (1.0 + attention.beta.abs())).min(0.01) / attention.speed()).min(1.0)
}
/// How much shorter the time scale of the noise's step is with other attention, at most 1: a step that was given takes as many in either.
#[must_use]
pub(crate) fn shorter_noise_step(from: Attention, to: Attention) -> f64 {
    (default_noise_step(to) / default_noise_step(from)).min(1.0)
}
/// Default of `[observe] cluster_width`, in radians.
pub(crate) const DEFAULT_CLUSTER_WIDTH: f64 = 0.1;

/// A whole experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Shown in lists.
    pub title: String,
    /// What to look at, which figure or theorem.
    pub about: String,
    /// The finite system.
    pub tokens: TokenSpec,
    /// β, normalisation, V: the kernel.
    pub attention: Attention,
    /// All else that `[attention]` says.
    pub system: SystemSpec,
    /// D.
    pub noise: NoiseSpec,
    /// The continuum beside it.
    pub field: FieldSpec,
    /// What is measured, and how.
    pub observe: ObserveSpec,
    /// How far, how often, how well.
    pub time: TimeSpec,
    /// An ensemble of runs, and closed equations for its pairs.
    pub pairs: Option<PairsSpec>,
    /// A family of runs.
    pub sweep: Option<SweepSpec>,
    /// Changes of parameters during the run, in order of time.
    pub changes: Vec<Change>,
    /// Words for the screen.
    pub captions: Vec<Caption>,
    /// What was substituted while reading; shown, not written.
    pub notes: Vec<String>,
}

/// The tables as they are written.
#[derive(Serialize)]
struct Written<'a> {
    title: &'a str,
    about: &'a str,
    tokens: &'a TokenSpec,
    attention: WrittenAttention<'a>,
    noise: &'a NoiseSpec,
    field: &'a FieldSpec,
    observe: &'a ObserveSpec,
    time: &'a TimeSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairs: Option<&'a PairsSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<&'a SweepSpec>,
    #[serde(rename = "change", skip_serializing_if = "<[Change]>::is_empty")]
    changes: &'a [Change],
    #[serde(rename = "caption", skip_serializing_if = "<[Caption]>::is_empty")]
    captions: &'a [Caption],
}

impl Serialize for Experiment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            title: &self.title,
            about: &self.about,
            tokens: &self.tokens,
            attention: WrittenAttention::of(&self.attention, &self.system, self.tokens.count),
            noise: &self.noise,
            field: &self.field,
            observe: &self.observe,
            time: &self.time,
            pairs: self.pairs.as_ref(),
            sweep: self.sweep.as_ref(),
            changes: &self.changes,
            captions: &self.captions,
        };
        written.serialize(serializer)
    }
}

/// `[tokens]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenSpec {
    /// n ≥ 1.
    pub count: usize,
    /// d ≥ 2: tokens live on S^{d−1}.
    pub dimension: usize,
    /// Seed of the one generator of the run.
    pub seed: u64,
    /// Where they start; nothing is said of it where layers are replayed.
    #[serde(skip_serializing_if = "Law::is_uniform")]
    pub initial: Law,
    /// What each of them weighs.
    #[serde(skip_serializing_if = "Weights::is_equal")]
    pub weights: Weights,
    /// The chord |x_i − x_j| below which tokens that approach each other become one, while D = 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<f64>,
    /// What is added to the embeddings for their place in the sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Their natural frequencies, on the circle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequencies: Option<Frequencies>,
    /// All layers of a given model, instead of motion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Whether they live in ℝ^d, as `[attention] space` says.
    #[serde(skip)]
    pub flat: bool,
}

/// `[tokens] weights`: scaled to sum to one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Weights {
    /// By name.
    Named(NamedWeights),
    /// One number a token.
    List(Vec<f64>),
}

/// The laws of weights that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedWeights {
    /// 1/n each, or those of the file that the tokens come from.
    Equal,
    /// Independent exponential weights: uniform on the simplex of all weights.
    Exponential,
}

impl Weights {
    /// The default.
    pub(crate) const EQUAL: Self = Self::Named(NamedWeights::Equal);

    fn is_equal(&self) -> bool {
        *self == Self::EQUAL
    }
}

impl TokenSpec {
    /// Whether tokens are so many and so alike on the circle that nobody knows which is which.
    fn exchangeable(&self) -> bool {
        let alike = self.weights.is_equal() && self.frequencies.is_none();
        let drawn = self.encoding.is_none()
            && self.replay.is_none()
            && !matches!(self.initial, Law::Points { .. } | Law::File { .. });
        self.dimension == 2 && !self.flat && self.count >= SHARED_FROM && alike && drawn
    }

    /// The tokens at t = 0.
    #[must_use]
    pub fn particles(&self) -> Particles {
        if let Some(replay) = &self.replay {
            return replay.layer(0).0;
        }
        let mut drawn = self.initial.sample(self.count, self.dimension, self.seed);
        if let Some(encoding) = self.encoding {
            encoding.add(self.dimension, self.seed, self.flat, &mut drawn.positions);
        }
        let weights = match &self.weights {
            Weights::Named(NamedWeights::Equal) => return drawn,
            Weights::Named(NamedWeights::Exponential) => {
                let mut rng = generator(self.seed, Stream::Weights);
                // 1 − u lies in (0, 1]
                (0..self.count)
                    .map(|_| (-(1.0 - unit(&mut rng)).ln()).max(f64::MIN_POSITIVE))
                    .collect()
            }
            Weights::List(list) => list.clone(),
        };
        Particles::weighted(self.dimension, drawn.positions, weights)
    }
}

/// `[noise]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NoiseSpec {
    /// D ≥ 0: dx = drift dt + √(2D) P_x∘dW, and DΔρ in the continuum.
    pub diffusion: f64,
    /// Step of the tokens' stochastic scheme, used while D > 0.
    pub step: f64,
}

/// `[field]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldSpec {
    /// How the density is represented.
    pub solver: Solver,
    /// Where the density starts.
    pub initial: FieldInitial,
    /// Modes to start with and to come back to.
    pub modes: usize,
    /// Modes beyond which the density is handed over to characteristics, or given up as under-resolved.
    pub max_modes: usize,
    /// Whether it is handed over (with D = 0).
    #[serde(skip_serializing_if = "Clone::clone")]
    pub hand_over: bool,
    /// N, the tokens of the reference run that takes the density's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// J, the frequencies for each of which there is a density, where tokens have natural frequencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<usize>,
}

/// `[field] solver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// All functions: Fourier on the circle, spherical harmonics on S².
    Spectral,
    /// Functions of ⟨x,e⟩ on S^{d−1}, any d: Gegenbauer polynomials.
    Zonal,
    /// No density but a run of [`FieldSpec::count`] tokens of the same law and system.
    Tokens,
    /// Markers along the flow from the start: all functions for d = 2 and 3, above those of ⟨x,e⟩. D = 0.
    Characteristics,
    /// No density: the tokens alone.
    None,
}

impl Solver {
    /// Where it works.
    #[must_use]
    pub(crate) fn domain(self, dimension: usize) -> Domain {
        match (self, dimension) {
            (Self::Spectral | Self::Characteristics, 2) => Domain::Circle,
            (Self::Spectral | Self::Characteristics, 3) => Domain::Sphere,
            _ => Domain::Zonal(dimension),
        }
    }

    /// The one that can hold the most on S^{d−1}.
    #[must_use]
    pub(crate) fn default_for(dimension: usize) -> Self {
        if dimension <= 3 {
            Self::Spectral
        } else {
            Self::Zonal
        }
    }
}

/// Where the density lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuum {
    /// The family of functions.
    pub domain: Domain,
    /// The axis of the zonal domain, a unit vector; empty otherwise.
    pub axis: Vec<f64>,
}

/// `[field] initial`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FieldInitial {
    /// `{ from = "law" | "empirical", smoothing }`.
    From {
        /// Which measure.
        from: Source,
        /// Heat flow of this time before the start (a smoothing by an angle of √(2·smoothing)).
        smoothing: f64,
    },
    /// A law of its own.
    Law(Law),
}

/// Whose measure the density starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The law the tokens were drawn from.
    Law,
    /// The tokens themselves, smoothed.
    Empirical,
}

/// `[observe]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ObserveSpec {
    /// The angular width w at which clusters are told apart (see `observe::clusters`).
    pub cluster_width: f64,
    /// δ: tokens with ⟨x_i,x_j⟩ ≥ 1 − δ are near (Fig. 3).
    #[serde(skip_serializing_if = "is_default_delta")]
    pub delta: f64,
}

fn is_default_delta(delta: &f64) -> bool {
    *delta == DEFAULT_DELTA
}

/// `[[change]]`: from the frame at time `at` on, other parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Time; takes effect at the first recorded frame that is not before it, whose own row still
    /// shows the old ones.
    pub at: f64,
    /// New β.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    /// New normalisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Normalisation>,
    /// New D.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusion: Option<f64>,
}

/// `[pairs]`: R runs and the closures held against them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairsSpec {
    /// R.
    pub runs: usize,
    /// Which closures.
    pub closures: Vec<Closure>,
}

impl Experiment {
    /// Whether the tokens are numbered around the circle at t = 0: neighbours then lie side by side in memory, and stay there unless noise
    /// parts them. Only where a number means nothing.
    #[must_use]
    pub fn numbered_around(&self) -> bool {
        self.tokens.exchangeable() && self.is_zonal()
    }

    /// Whether attention is a zonal kernel and nothing else.
    #[must_use]
    pub fn is_zonal(&self) -> bool {
        self.attention.normalisation.is_of_kernel() && self.system.is_plain()
    }

    /// The experiment as TOML.
    ///
    /// # Errors
    /// Never for an experiment that was read; the serialiser's error otherwise.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Whether tokens have lengths beside their directions: by their scheme, or as those of a given model.
    #[must_use]
    pub fn has_lengths(&self) -> bool {
        self.tokens.replay.is_some() || self.system.layer_norm.moves_lengths()
    }

    /// The reference run of [`Solver::Tokens`]: N other tokens of the same law, the same matrices.
    #[must_use]
    pub fn reference(&self, count: usize) -> Self {
        let mut other = self.clone();
        other.tokens.count = count;
        other.tokens.seed = reference_seed(self.tokens.seed);
        other.tokens.weights = Weights::EQUAL;
        other.system.seed = Some(self.tokens.seed);
        other.field.count = None;
        other
    }
}
