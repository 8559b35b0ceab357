//! The table of observables: a row is at once a column of `metrics.csv`, a series on the screen and its explanation.

use super::density_measurements::FieldSide;
use super::gaussian_measurements::GaussianSide;
use super::parts::Parts;
use super::saddle::Saddle;
use super::token_measurements::TokenSide;

/// What one frame offers to the rows.
#[derive(Debug)]
pub struct Observation<'a> {
    /// The tokens.
    pub tokens: &'a TokenSide,
    /// What stands beside them.
    pub companion: &'a CompanionSide,
    /// An ensemble of pairs and its closures, where there is one.
    pub pairs: Option<PairsSide>,
}

/// What is measured of what stands beside the tokens. Without a resolved density its rows are NaN, never a stale number.
#[derive(Debug, Clone)]
pub enum CompanionSide {
    /// Nothing, or nothing that is resolved.
    None,
    /// A density, or many tokens in its place.
    Density(Box<FieldSide>),
    /// The Gaussian mean field of ℝ^d.
    Gaussian(Box<GaussianSide>),
}

impl CompanionSide {
    /// The density, while there is one that is resolved.
    #[must_use]
    pub fn density(&self) -> Option<&FieldSide> {
        match self {
            Self::Density(side) => Some(side),
            Self::Gaussian(_) | Self::None => None,
        }
    }

    /// The Gaussian mean field, while there is one.
    #[must_use]
    pub fn gaussian(&self) -> Option<&GaussianSide> {
        match self {
            Self::Gaussian(side) => Some(side),
            Self::Density(_) | Self::None => None,
        }
    }
}

/// E cos(θ_i − θ_j), i ≠ j.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairsSide {
    /// Mean over the ensemble.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
    /// By the hierarchy (8.1) with the mean-field closure, Kirkwood's and the Gaussian one; NaN where it is not asked for or unresolved.
    pub closures: [f64; 3],
}

impl Observation<'_> {
    /// The value of every row, in the order of [`OBSERVABLES`].
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        OBSERVABLES.iter().map(|row| (row.value)(self)).collect()
    }

    fn field(&self, value: impl Fn(&FieldSide) -> f64) -> f64 {
        self.companion.density().map_or(f64::NAN, value)
    }

    fn gaussian(&self, value: impl Fn(&GaussianSide) -> f64) -> f64 {
        self.companion.gaussian().map_or(f64::NAN, value)
    }

    fn pairs(&self, value: impl Fn(&PairsSide) -> f64) -> f64 {
        self.pairs.as_ref().map_or(f64::NAN, value)
    }
}

/// How a series is best drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// A linear axis.
    Linear,
    /// A logarithmic axis.
    Log,
}

/// One row of the table.
#[derive(Debug)]
pub struct Observable {
    /// Column name in `metrics.csv`.
    pub name: &'static str,
    /// Definition in a line, with its unit.
    pub about: &'static str,
    /// The axis it is drawn on.
    pub scale: Scale,
    /// What it is computed from.
    pub parts: Parts,
    /// The value at one frame; NaN where it does not exist.
    pub value: fn(&Observation) -> f64,
}

const fn row(
    name: &'static str,
    about: &'static str,
    scale: Scale,
    parts: Parts,
    value: fn(&Observation) -> f64,
) -> Observable {
    Observable {
        name,
        about,
        scale,
        parts,
        value,
    }
}

fn token_order<const K: usize>(o: &Observation) -> f64 {
    o.tokens.orders[K - 1]
}

fn field_order<const K: usize>(o: &Observation) -> f64 {
    o.field(|f| f.orders[K - 1])
}

fn token_mass<const K: usize>(o: &Observation) -> f64 {
    o.tokens.clusters.mass(K)
}

fn field_mass<const K: usize>(o: &Observation) -> f64 {
    o.field(|f| f.clusters.mass(K))
}

use Scale::{Linear, Log};

/// All observables.
#[rustfmt::skip]
pub static OBSERVABLES: &[Observable] = &[
    row("tokens_energy", "interaction energy E_β[μ_n] = (1/2β)∬e^{β⟨x,y⟩} of the tokens (3.5)", Linear, Parts::ENERGY, |o| o.tokens.energy),
    row("field_energy", "interaction energy E_β[ρ] of the density", Linear, Parts::COMPANION, |o| o.field(|f| f.energy)),
    row("tokens_dissipation", "dE/dt of the tokens by the drift (3.6)", Log, Parts::ENERGY, |o| o.tokens.dissipation),
    row("field_dissipation", "dE/dt of the density by the drift", Log, Parts::COMPANION, |o| o.field(|f| f.dissipation)),
    row("tokens_order_1", "|m_1| of the tokens, the length of the mean; |m_ℓ|² = ∬P_ℓ(⟨x,y⟩)dμdμ, on the circle |∫e^{iℓθ}dμ|", Linear, Parts::ORDERS, token_order::<1>),
    row("tokens_order_2", "|m_2| of the tokens", Linear, Parts::ORDERS, token_order::<2>),
    row("tokens_order_3", "|m_3| of the tokens", Linear, Parts::ORDERS, token_order::<3>),
    row("tokens_order_4", "|m_4| of the tokens", Linear, Parts::ORDERS, token_order::<4>),
    row("tokens_order_5", "|m_5| of the tokens", Linear, Parts::ORDERS, token_order::<5>),
    row("tokens_order_6", "|m_6| of the tokens", Linear, Parts::ORDERS, token_order::<6>),
    row("tokens_order_7", "|m_7| of the tokens", Linear, Parts::ORDERS, token_order::<7>),
    row("tokens_order_8", "|m_8| of the tokens", Linear, Parts::ORDERS, token_order::<8>),
    row("field_order_1", "|m_1| of the density", Linear, Parts::COMPANION, field_order::<1>),
    row("field_order_2", "|m_2| of the density", Linear, Parts::COMPANION, field_order::<2>),
    row("field_order_3", "|m_3| of the density", Linear, Parts::COMPANION, field_order::<3>),
    row("field_order_4", "|m_4| of the density", Linear, Parts::COMPANION, field_order::<4>),
    row("field_order_5", "|m_5| of the density", Linear, Parts::COMPANION, field_order::<5>),
    row("field_order_6", "|m_6| of the density", Linear, Parts::COMPANION, field_order::<6>),
    row("field_order_7", "|m_7| of the density", Linear, Parts::COMPANION, field_order::<7>),
    row("field_order_8", "|m_8| of the density", Linear, Parts::COMPANION, field_order::<8>),
    row("tokens_clusters", "number of clusters of the tokens (peaks at resolution w, see observe::clusters)", Linear, Parts::CLUSTERS, |o| o.tokens.clusters.count() as f64),
    row("field_clusters", "number of clusters of the density (peaks at resolution w, see observe::clusters)", Linear, Parts::COMPANION, |o| o.field(|f| f.clusters.count() as f64)),
    row("tokens_mass_1", "mass of the heaviest token cluster", Linear, Parts::CLUSTERS, token_mass::<1>),
    row("tokens_mass_2", "mass of the second token cluster", Linear, Parts::CLUSTERS, token_mass::<2>),
    row("tokens_mass_3", "mass of the third token cluster", Linear, Parts::CLUSTERS, token_mass::<3>),
    row("tokens_mass_4", "mass of the fourth token cluster", Linear, Parts::CLUSTERS, token_mass::<4>),
    row("tokens_mass_5", "mass of the fifth token cluster", Linear, Parts::CLUSTERS, token_mass::<5>),
    row("tokens_mass_6", "mass of the sixth token cluster", Linear, Parts::CLUSTERS, token_mass::<6>),
    row("field_mass_1", "mass of the heaviest cluster of the density", Linear, Parts::COMPANION, field_mass::<1>),
    row("field_mass_2", "mass of the second cluster of the density", Linear, Parts::COMPANION, field_mass::<2>),
    row("field_mass_3", "mass of the third cluster of the density", Linear, Parts::COMPANION, field_mass::<3>),
    row("field_mass_4", "mass of the fourth cluster of the density", Linear, Parts::COMPANION, field_mass::<4>),
    row("field_mass_5", "mass of the fifth cluster of the density", Linear, Parts::COMPANION, field_mass::<5>),
    row("field_mass_6", "mass of the sixth cluster of the density", Linear, Parts::COMPANION, field_mass::<6>),
    row("wasserstein", "Wasserstein-1 distance between tokens and density in radians: exact on the circle, above it sliced (mean over directions of the exact distance of the angles to them)", Log, Parts::COMPANION, |o| o.field(|f| f.wasserstein)),
    row("discrepancy", "kernel discrepancy √(2E_β[μ_n − ρ]); the distance of the means at β = 0", Log, Parts::COMPANION, |o| o.field(|f| f.discrepancy)),
    row("field_mass_error", "|∫ρ dσ − 1| by quadrature on the grid", Log, Parts::COMPANION, |o| o.field(|f| f.mass_error)),
    row("field_min", "smallest value of ρ on the grid", Linear, Parts::COMPANION, |o| o.field(|f| f.minimum)),
    row("field_tail", "what is left unresolved: the largest amplitude in the top eighth of the modes (|c_k|, above the circle the norm of a degree), for markers the loss of the quadrature in the label", Log, Parts::COMPANION, |o| o.field(|f| f.tail)),
    row("field_modes", "modes kept: the highest degree of the density", Log, Parts::COMPANION, |o| o.field(|f| f.modes.map_or(f64::NAN, |modes| modes as f64))),
    row("field_markers", "markers that carry the density after the hand-over, those that have met counted as one", Log, Parts::COMPANION, |o| o.field(|f| f.markers.map_or(f64::NAN, |count| count as f64))),
    row("field_resolved", "1 while the density is resolved, 0 when it is not or there is none", Linear, Parts::COMPANION, |o| f64::from(u8::from(o.companion.density().is_some()))),
    row("tokens_steps", "accepted steps of the tokens so far", Linear, Parts::FREE, |o| o.tokens.work.steps as f64),
    row("tokens_evaluations", "right-hand sides of the tokens so far", Linear, Parts::FREE, |o| o.tokens.work.evaluations as f64),
    row("tokens_bodies", "tokens left, those merged counted as one", Linear, Parts::FREE, |o| o.tokens.bodies as f64),
    row("tokens_closest", "smallest 1 − ⟨x_i,x_j⟩ = |x_i − x_j|²/2 between two of these", Log, Parts::CLOSEST, |o| o.tokens.closest),
    row("tokens_merge_error", "bound on the change of the energy by all merges so far, as a share of the energy", Log, Parts::ENERGY, |o| o.tokens.merge_error()),
    row("tokens_index", "index of the energy's Hessian: growing directions at the present configuration (observe::saddle)", Linear, Parts::SADDLE, |o| o.tokens.of_saddle(|s| s.index as f64)),
    row("tokens_fastest_rate", "the fastest of their growth rates", Log, Parts::SADDLE, |o| o.tokens.of_saddle(Saddle::fastest)),
    row("tokens_slowest_rate", "the slowest of their growth rates that is resolved", Log, Parts::SADDLE, |o| o.tokens.of_saddle(Saddle::slowest)),
    row("tokens_unresolved_rates", "directions whose rate is below the rounding of the fastest", Linear, Parts::SADDLE, |o| o.tokens.of_saddle(|s| s.unresolved as f64)),
    row("tokens_gap", "mean of 1 − ⟨x_i,x_j⟩ over pairs of tokens on the sphere, by centred sums", Log, Parts::CLOUD, |o| if o.tokens.vertices.is_none() { o.tokens.cloud.gap } else { f64::NAN }),
    row("tokens_cosine", "mean of ⟨x_i,x_j⟩ over pairs of tokens on the sphere", Linear, Parts::CLOUD, |o| if o.tokens.vertices.is_none() { 1.0 - o.tokens.cloud.gap } else { f64::NAN }),
    row("tokens_length", "mean length |y_i| where a scheme of layer normalisation lets lengths move", Linear, Parts::FREE, |o| o.tokens.length),
    row("tokens_mean", "|Σ w_i x_i|, the length of the mean", Linear, Parts::CLOUD, |o| o.tokens.cloud.mean),
    row("tokens_spread", "√(Σ w_i|x_i − m|²) about the mean m", Log, Parts::CLOUD, |o| o.tokens.cloud.spread),
    row("tokens_variance_1", "largest eigenvalue of the tokens' covariance in ℝ^d", Log, Parts::CLOUD, |o| o.tokens.cloud.leading[0]),
    row("tokens_variance_2", "second eigenvalue of the tokens' covariance in ℝ^d", Log, Parts::CLOUD, |o| o.tokens.cloud.leading[1]),
    row("tokens_vertices", "corners of the convex hull of the tokens' clusters in ℝ^d, above d = 2 of its shadow on the leading plane", Linear, Parts::CLUSTERS.and(Parts::CLOUD), |o| o.tokens.vertices.map_or(f64::NAN, |count| count as f64)),
    row("tokens_marginal_error", "largest error of a row's or column's sum of doubly stochastic weights", Log, Parts::ENERGY, |o| o.tokens.marginal_error),
    row("field_mean", "|m| of the Gaussian mean field in ℝ^d", Linear, Parts::COMPANION, |o| o.gaussian(|g| g.length)),
    row("field_spread", "√tr S of the Gaussian mean field", Log, Parts::COMPANION, |o| o.gaussian(|g| g.spread)),
    row("field_variance_1", "largest eigenvalue of its covariance S", Log, Parts::COMPANION, |o| o.gaussian(|g| g.leading[0])),
    row("field_variance_2", "second eigenvalue of its covariance S", Log, Parts::COMPANION, |o| o.gaussian(|g| g.leading[1])),
    row("gaussian_distance", "Wasserstein-2 distance between the Gaussian mean field and the Gaussian of the tokens' own mean and covariance", Log, Parts::COMPANION, |o| o.gaussian(|g| g.distance)),
    row("ensemble_pair", "E cos(θ_i − θ_j), i ≠ j, over the ensemble of runs of [pairs]", Linear, Parts::PAIRS, |o| o.pairs(|p| p.mean)),
    row("ensemble_pair_error", "standard error of ensemble_pair", Log, Parts::PAIRS, |o| o.pairs(|p| p.error)),
    row("pair_mean_field", "E cos(θ_i − θ_j) by the hierarchy (8.1) with the mean-field closure", Linear, Parts::PAIRS, |o| o.pairs(|p| p.closures[0])),
    row("pair_kirkwood", "E cos(θ_i − θ_j) by the hierarchy (8.1) with Kirkwood's superposition", Linear, Parts::PAIRS, |o| o.pairs(|p| p.closures[1])),
    row("pair_gaussian", "E cos(θ_i − θ_j) by the hierarchy (8.1) with the Gaussian closure", Linear, Parts::PAIRS, |o| o.pairs(|p| p.closures[2])),
    row("optimum_energy", "energy of the configuration of n points that is known to be optimal (repulsive attention)", Linear, Parts::THEORY, |o| o.tokens.optimum_energy),
    row("optimum_gap", "how far the tokens' energy lies above optimum_energy, in percent", Log, Parts::THEORY.and(Parts::ENERGY), |o| o.tokens.optimum_gap()),
    row("tokens_design", "spherical-design strength of the tokens: the largest t ≤ 12 with |m_1| … |m_t| ≤ 1e-6", Linear, Parts::THEORY, |o| o.tokens.design),
    row("tokens_hyperplanes", "values that the coordinate along the leading left eigenvector of V takes, where this is real, positive and simple (Table 1: at most three)", Linear, Parts::THEORY, |o| o.tokens.hyperplanes),
    row("tokens_energy_normalised", "Ê = 2βe^{−β}E = ∬e^{β(⟨x,y⟩−1)}dμdμ of the tokens, finite for every β and 1 at consensus", Linear, Parts::ENERGY, |o| o.tokens.normalised_energy),
    row("field_energy_normalised", "Ê = 2βe^{−β}E of the density", Linear, Parts::COMPANION, |o| o.field(|f| f.normalised_energy)),
    row("tokens_near", "share of pairs i < j of tokens with ⟨x_i,x_j⟩ ≥ 1 − δ (Fig. 3; δ is [observe] delta)", Linear, Parts::NEAR, |o| o.tokens.near),
    row("tokens_hemisphere", "1 if an open hemisphere holds all tokens, which then come to one point (Lemma 6.4), else 0; up to 512 tokens", Linear, Parts::HEMISPHERE, |o| o.tokens.hemisphere),
    row("tokens_rank", "rank of the Gram matrix ⟨x_i,x_j⟩: singular values above n·2.2e-16 of the largest, as numpy.linalg.matrix_rank; up to 512 tokens or coordinates", Linear, Parts::RANK, |o| o.tokens.rank),
    row("attention_entropy", "mean over tokens (and heads) of −Σ_j A_ij ln A_ij, the entropy of the attention weights in nats; ln n where attention is uniform", Linear, Parts::MATRIX, |o| o.tokens.matrix.entropy),
    row("attention_largest", "mean over tokens (and heads) of the largest weight max_j A_ij", Linear, Parts::MATRIX, |o| o.tokens.matrix.largest),
    row("attention_stable_rank", "‖A‖_F²/‖A‖² of the attention matrix, mean over heads; up to 256 tokens", Linear, Parts::MATRIX, |o| o.tokens.matrix.stable_rank),
    row("field_steps", "accepted steps of the density so far", Linear, Parts::COMPANION, |o| o.field(|f| f.work.steps as f64)),
    row("field_evaluations", "right-hand sides of the density so far", Linear, Parts::COMPANION, |o| o.field(|f| f.work.evaluations as f64)),
];

/// Everything that these columns are computed from.
#[must_use]
pub fn parts_of(columns: &[usize]) -> Parts {
    (columns.iter()).fold(Parts::FREE, |parts, column| {
        parts.and(OBSERVABLES[*column].parts)
    })
}

/// The column of this name.
#[must_use]
pub fn column(name: &str) -> Option<usize> {
    OBSERVABLES.iter().position(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_row_is_explained() {
        for (index, row) in OBSERVABLES.iter().enumerate() {
            assert_eq!(column(row.name), Some(index));
            assert!(row.about.len() > 12);
        }
    }
}
