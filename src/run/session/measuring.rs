//! A run of which some columns of the table alone are read: what nobody asks for is not computed.

use super::Session;
use crate::experiment::spec::{Experiment, Solver};
use crate::observe::parts::Parts;

impl Session {
    /// A run without pictures of which only these parts of the table are read: what stands beside the tokens is there only if one of them
    /// needs it. The tokens move with the same bits.
    pub(crate) fn measuring(mut experiment: Experiment, parts: Parts, first: usize) -> Self {
        if !parts.have(Parts::COMPANION) {
            experiment.field.solver = Solver::None;
        }
        if !parts.have(Parts::PAIRS) {
            experiment.pairs = None;
        }
        Self {
            observed_from: first,
            ..Self::start(experiment, false, parts)
        }
    }

    /// Since when there is no resolved density any more, and why; none while there is one, or where there never was.
    pub(crate) fn lost(&self) -> Option<(f64, String)> {
        let (since, why) = self.field()?.lost()?;
        Some((since, why.to_string()))
    }
}
