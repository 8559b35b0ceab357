//! Why a part of a run could not go on.

use crate::integrate::StepError;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Cause {
    /// A stepper gave up.
    #[error(transparent)]
    Step(#[from] StepError),
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
