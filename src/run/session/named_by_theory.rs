//! What theory names for a system is measured where it does: optimal configurations, designs, hyperplanes.

use super::Session;
use crate::experiment::spec::Weights;
use crate::observe::{design, euclidean};
use crate::theory::optimal::Optimum;

/// Most tokens whose design strength is measured at every frame.
const DESIGNS_UP_TO: usize = 512;

impl Session {
    /// Optimal configurations, designs, hyperplanes: where theory names them for this system.
    pub(super) fn observe_what_theory_names(&mut self) {
        let tokens = self.moving.tokens.tokens();
        if let Some(energy) = self.optimum() {
            self.token_side.optimum_energy = energy;
            if tokens.count() <= DESIGNS_UP_TO {
                self.token_side.design = design::strength(tokens, 12, 1e-6) as f64;
            }
        }
        if let Some(direction) = &self.leading_direction {
            let width = self.moving.experiment.observe.cluster_width;
            self.token_side.hyperplanes = euclidean::hyperplanes(tokens, direction, width) as f64;
        }
    }

    /// The energy of the optimal configuration that repulsive attention is after, where one is known.
    pub(super) fn optimum(&self) -> Option<f64> {
        let (tokens, attention) = (&self.moving.experiment.tokens, self.moving.attention);
        let repulsive =
            attention.value < 0.0 && attention.beta > 0.0 && attention.interaction.is_none();
        let alike = tokens.weights == Weights::EQUAL && !tokens.flat;
        if !repulsive || !alike || !self.moving.experiment.is_zonal() {
            return None;
        }
        let (d, n) = (tokens.dimension, tokens.count);
        Some(Optimum::known(d, n)?.energy(attention.beta, d, n))
    }
}
