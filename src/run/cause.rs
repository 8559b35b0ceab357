//! The parts of a run, and why one could not go on.

use crate::integrate::StepError;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Cause {
    /// A stepper gave up.
    #[error(transparent)]
    Step(#[from] StepError),
    /// A scheme met a state that it does not move; nothing moved, and that is not passed over.
    #[error("the scheme does not fit what it is to move: a fault of the program, please report it")]
    Misfit,
    /// A token of a discrete layer has no direction, or is no number.
    #[error(
        "layer {layer} (t = {time}) leaves token {token} nowhere: what is to be normalised is zero or not finite"
    )]
    Nowhere {
        /// Index of the token, from 0.
        token: usize,
        /// The layer, the first is 1.
        layer: u64,
        /// The time at its end.
        time: f64,
    },
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The tokens.
    Tokens,
    /// The density beside them.
    Density,
    /// The run of many tokens in its place.
    Reference,
    /// The Gaussian measure in its place.
    Gaussian,
    /// The ensemble of `[pairs]`.
    Ensemble,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tokens => "tokens",
            Self::Density => "density",
            Self::Reference => "reference run",
            Self::Gaussian => "Gaussian mean field",
            Self::Ensemble => "ensemble of pairs",
        })
    }
}
