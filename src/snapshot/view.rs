//! What a reader sees of a run: an immutable picture of one recorded frame. The screen draws from it and from nothing
//! else.

use std::sync::Arc;

use crate::dynamics::Attention;
use crate::dynamics::bbgky::Closure;
use crate::dynamics::dispatch::Path;
use crate::experiment::Experiment;
use crate::observe::{Cluster, GaussianSide, Saddle};
use crate::snapshot::History;

/// Degrees shown on the spectrum page.
pub(crate) const SPECTRUM_DEGREES: usize = 64;
/// Points of the density in a snapshot: angles of the circle, or angles to the axis of a zonal density.
pub(crate) const DENSITY_POINTS: usize = 720;
/// Latitudes of the density in a snapshot on S², with twice as many longitudes.
pub(crate) const GLOBE_LATITUDES: usize = 90;
/// Most tokens whose positions a snapshot carries; beyond, every ⌈n/limit⌉-th one.
pub(crate) const SHOWN_TOKENS: usize = 4096;

/// The state of a run at one recorded frame.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The experiment as it was started, with the changes made since.
    pub experiment: Arc<Experiment>,
    /// β and normalisation now.
    pub attention: Attention,
    /// D now.
    pub diffusion: f64,
    /// Index of the recorded frame.
    pub frame: usize,
    /// Its time.
    pub time: f64,
    /// One value for each row of the table of observables.
    pub values: Vec<f64>,
    /// The tokens.
    pub tokens: TokenView,
    /// The density, or why there is none.
    pub field: FieldView,
    /// Predicted growth rates g_0 … g_64 of the uniform measure, now.
    pub growth: Vec<f64>,
    /// Everything recorded so far.
    pub history: History,
    /// Predictions that can be drawn over the measurement.
    pub predictions: Arc<Vec<Prediction>>,
    /// The ensemble of pairs and its closed equations, where there is one.
    pub pairs: Option<PairsView>,
    /// What a careful reader should know: substituted defaults, approximations, what is missing.
    pub notes: Arc<Vec<String>>,
}

/// The tokens in a snapshot.
#[derive(Debug, Clone)]
pub struct TokenView {
    /// d.
    pub dimension: usize,
    /// n, all of them.
    pub count: usize,
    /// Every `stride`-th token is in the lists below.
    pub stride: usize,
    /// Positions, d numbers a token.
    pub positions: Vec<f64>,
    /// n·w_i of each listed token: 1 where all weigh the same.
    pub weights: Vec<f64>,
    /// Where the token is drawn: on the circle x itself, else its two leading principal components (of the second
    /// moment matrix Σ w x xᵀ).
    pub plane: Vec<[f64; 2]>,
    /// Whether they live in ℝ^d.
    pub flat: bool,
    /// In ℝ^d: half the width of the picture.
    pub radius: f64,
    /// In ℝ^d: the listed tokens at the corners of the convex hull, in order around it.
    pub hull: Vec<usize>,
    /// Share of Σ w|x|² = 1 that the plane shows.
    pub plane_share: f64,
    /// Cluster of each listed token, an index into `clusters`.
    pub labels: Vec<Option<usize>>,
    /// All clusters, the heaviest first.
    pub clusters: Vec<Cluster>,
    /// |m_1| … |m_64| on the circle and on S², |m_1| … |m_8| above.
    pub spectrum: Vec<f64>,
    /// How the drift is computed.
    pub path: Path,
    /// Tokens left when those merged count as one.
    pub bodies: usize,
    /// Every merge so far, in order.
    pub merges: Arc<Vec<Merge>>,
    /// The Hessian of the energy; None with too many directions.
    pub saddle: Option<Saddle>,
}

/// The density in a snapshot.
#[derive(Debug, Clone)]
pub enum FieldView {
    /// No continuum beside these tokens, and why.
    None(String),
    /// The Gaussian mean field of ℝ^d: its one- and two-deviation ellipses in the first two coordinates, those of the tokens, and
    /// when it blew up.
    Gaussian {
        /// The mean field; none after a blow-up.
        side: Option<GaussianSide>,
        /// The tokens' own mean and covariance.
        tokens: (Vec<f64>, Vec<f64>),
        /// When it left all bounds.
        blow_up: Option<f64>,
        /// When its equations ended with a change, and why.
        ended: Option<(f64, &'static str)>,
    },
    /// A run of many tokens in its place.
    Reference(Box<TokenView>),
    /// The density at this frame.
    Resolved(Density),
    /// Given up: the last density that was resolved.
    UnderResolved {
        /// Time at which it was given up.
        since: f64,
        /// Why.
        why: Loss,
        /// The last resolved density, for a dimmed picture; no number is taken from it.
        last: Density,
    },
}

/// Why a density is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// It needs more modes than there are.
    #[error("more modes are needed than field.max_modes allows")]
    Modes,
    /// Its series is the difference of numbers that are larger than it by all their digits.
    #[error(
        "its series has no digits where its mass is, so that no markers can be placed (a law that is a sum of von Mises–Fisher laws or Poisson kernels, unsmoothed, needs none)"
    )]
    NoDigits,
    /// Noise was switched on while markers carried it.
    #[error("markers carried it and cannot diffuse, and noise was switched on")]
    Noise,
    /// Poisson kernels do not stay such under the new parameters.
    #[error(
        "its Poisson kernels belong to the sine alone without noise, and a parameter was changed"
    )]
    NotPoisson,
    /// Softmax at large negative β.
    #[error(
        "at this β the potential by which softmax divides has no digits left where the mass is"
    )]
    BetaTooLow,
}

/// The values of a density where they are drawn.
#[derive(Debug, Clone)]
pub enum Picture {
    /// ρ at θ_j = 2πj/[`DENSITY_POINTS`] on the circle.
    Circle(Vec<f64>),
    /// ρ on S²: a row of 2·[`GLOBE_LATITUDES`] longitudes φ_i = 2πi/N for each of the latitudes, from north to south.
    Sphere {
        /// cos θ_j of the rows (Gauss–Legendre nodes).
        cosines: Arc<Vec<f64>>,
        /// The rows.
        values: Vec<f64>,
    },
    /// ρ at the angles t_j = π(j+½)/[`DENSITY_POINTS`] to the axis.
    Zonal {
        /// The axis, a unit vector of ℝ^d.
        axis: Vec<f64>,
        /// The values.
        values: Vec<f64>,
        /// The law of the angle under the density, dμ/dt at the same angles: in high dimension ρ alone shows little.
        angles: Vec<f64>,
    },
}

impl Picture {
    /// All values of ρ, in order.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Circle(values) | Self::Sphere { values, .. } | Self::Zonal { values, .. } => {
                values
            }
        }
    }

    /// The largest value.
    #[must_use]
    pub(crate) fn max(&self) -> f64 {
        self.values().iter().copied().fold(0.0, f64::max)
    }
}

/// A density as it is drawn.
#[derive(Debug, Clone)]
pub struct Density {
    /// Its values.
    pub picture: Picture,
    /// How many natural frequencies have a density of their own, and whether these are Poisson kernels.
    pub populations: Option<(usize, bool)>,
    /// The degree kept, K on the circle.
    pub modes: usize,
    /// Largest amplitude in the top eighth; what the quadrature loses where markers carry the density.
    pub tail: f64,
    /// Since when markers carry it, and how many; its values are then means over the cells of the picture.
    pub carried: Option<Carried>,
    /// |m_1| … |m_64|, the order parameters.
    pub spectrum: Vec<f64>,
    /// d ln|m_k|/dt measured from the tendency, k = 1 … 64; NaN where m_k is rounding noise.
    pub growth: Vec<f64>,
    /// Clusters, the heaviest first.
    pub clusters: Vec<Cluster>,
}

/// A density after its hand-over to characteristics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    /// Time of the hand-over.
    pub since: f64,
    /// Markers.
    pub markers: usize,
    /// Markers left when those that have met count as one.
    pub bodies: usize,
}

/// A curve that theory predicts for one observable.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Name of the observable it belongs to.
    pub observable: &'static str,
    /// What it is, in a few words.
    pub label: String,
    /// (t, value).
    pub curve: Vec<(f64, f64)>,
    /// When it may be held to its word.
    pub holds: Holds,
}

/// When a prediction holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holds {
    /// At every time of its curve.
    Throughout,
    /// While it is at most this: a law of small amplitudes bends before its curve ends.
    UpTo(f64),
    /// In the end: it is what the run tends to.
    InTheEnd,
}

impl Snapshot {
    /// The same without its history, of which nothing is copied on the way.
    #[must_use]
    pub(crate) fn without_history(&self) -> Self {
        Self {
            experiment: Arc::clone(&self.experiment),
            attention: self.attention,
            diffusion: self.diffusion,
            frame: self.frame,
            time: self.time,
            values: self.values.clone(),
            tokens: self.tokens.clone(),
            field: self.field.clone(),
            growth: self.growth.clone(),
            history: History::default(),
            predictions: Arc::clone(&self.predictions),
            pairs: self.pairs.clone(),
            notes: Arc::clone(&self.notes),
        }
    }

    /// The value of an observable by name, NaN when there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> f64 {
        crate::observe::table::column(name).map_or(f64::NAN, |column| self.values[column])
    }

    /// The density if there is one to be shown as a number.
    #[must_use]
    pub fn resolved(&self) -> Option<&Density> {
        match &self.field {
            FieldView::Resolved(density) => Some(density),
            _ => None,
        }
    }
}

/// A merge: when, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// Its time.
    pub time: f64,
    /// Bodies that were left after it.
    pub bodies: usize,
    /// Masses of those that became one, the heaviest first.
    pub masses: Vec<f64>,
    /// The largest 1 − ⟨x_i,x_j⟩ among them.
    pub gap: f64,
}

/// Bins of the measured density of x ∈ [0, π] in a snapshot.
pub(crate) const BINS: usize = 60;

/// What a reader sees of the pairs at one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct PairsView {
    /// R.
    pub runs: usize,
    /// n.
    pub count: usize,
    /// When its equations ended with a change of parameters; what is shown is the frame before.
    pub ended: Option<f64>,
    /// ψ over x ∈ [0, π] in [`BINS`] bins: mean over the runs, and its standard error.
    pub histogram: Vec<[f64; 2]>,
    /// For each closure ψ at x_j = πj/[`BINS`], and since when it is under-resolved.
    pub closed: Vec<(Closure, Vec<f64>, Option<f64>)>,
    /// E cos kx, k = 1 … 8, measured, with its standard error.
    pub moments: Vec<[f64; 2]>,
}
