//! What a reader sees of a run: an immutable picture of one recorded frame. The screen draws from it and from nothing
//! else.

use std::sync::Arc;

use super::{Experiment, History};
use crate::dynamics::{Attention, tokens::Path};
use crate::observe::Cluster;

/// Degrees shown on the spectrum page.
pub const SPECTRUM_DEGREES: usize = 64;
/// Points of the density in a snapshot.
pub const DENSITY_POINTS: usize = 720;
/// Most tokens whose positions a snapshot carries; beyond, every ⌈n/limit⌉-th one.
pub const SHOWN_TOKENS: usize = 4096;

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
    /// Where the token is drawn: on the circle x itself, else its two leading principal components (of the second
    /// moment matrix Σ w x xᵀ).
    pub plane: Vec<[f64; 2]>,
    /// Share of Σ w|x|² = 1 that the plane shows.
    pub plane_share: f64,
    /// Cluster of each listed token, an index into `clusters`.
    pub labels: Vec<Option<usize>>,
    /// All clusters, the heaviest first.
    pub clusters: Vec<Cluster>,
    /// |m_1| … |m_64| on the circle, |m_1| … |m_8| (zonal) above.
    pub spectrum: Vec<f64>,
    /// How the drift is computed.
    pub path: Path,
}

/// The density in a snapshot.
#[derive(Debug, Clone)]
pub enum FieldView {
    /// No continuum beside these tokens, and why.
    None(String),
    /// The density at this frame.
    Resolved(Density),
    /// Given up: the last density that was resolved.
    UnderResolved {
        /// Time at which it was given up.
        since: f64,
        /// The last resolved density, for a dimmed picture; no number is taken from it.
        last: Density,
    },
}

/// A density as it is drawn.
#[derive(Debug, Clone)]
pub struct Density {
    /// ρ at θ_j = 2πj/[`DENSITY_POINTS`].
    pub values: Vec<f64>,
    /// K.
    pub modes: usize,
    /// Largest coefficient in the top eighth.
    pub tail: f64,
    /// |m_1| … |m_64|.
    pub spectrum: Vec<f64>,
    /// d ln|m_k|/dt measured from the tendency, k = 1 … 64; NaN where m_k is rounding noise.
    pub growth: Vec<f64>,
    /// Clusters, the heaviest first.
    pub clusters: Vec<Cluster>,
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
}

impl Snapshot {
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
