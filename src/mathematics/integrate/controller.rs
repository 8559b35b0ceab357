//! What all adaptive steppers share: the choice of the next step from an error estimate, the count of work, the errors.

use serde::Serialize;

/// Work done so far by a stepper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Accepted steps.
    pub steps: u64,
    /// Steps that were tried and thrown away.
    pub rejected: u64,
    /// Right-hand sides evaluated.
    pub evaluations: u64,
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            steps: self.steps + more.steps,
            rejected: self.rejected + more.rejected,
            evaluations: self.evaluations + more.evaluations,
        }
    }
}

/// Why a stepper could not go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StepError {
    /// The step shrank below the resolution of the time.
    #[error(
        "the step shrank to {step:e} with an error of {error:.3} tolerances: the right-hand side is not smooth enough for tolerance {tolerance:e}"
    )]
    TooSmall {
        /// The step that failed.
        step: f64,
        /// Error estimate over tolerance.
        error: f64,
        /// Tolerance asked for.
        tolerance: f64,
    },
    /// A non-finite number appeared.
    #[error("a number that is not finite appeared in the right-hand side")]
    NotFinite,
}

/// The elementary controller with a memory (PI, Hairer–Wanner IV.2): h ← h · 0.9 ε^{−α} ε_old^{β}.
#[derive(Debug, Clone)]
pub struct Controller {
    /// Absolute tolerance on every entry of the state, per step.
    pub tolerance: f64,
    /// Proposal for the next step.
    pub step: f64,
    exponent: f64,
    previous: f64,
    just_rejected: bool,
}

const SAFETY: f64 = 0.9;
const MEMORY: f64 = 0.04;
const GROW: f64 = 5.0;
const SHRINK: f64 = 0.2;
/// Below this a step is lost in the rounding of any time the program shows.
const SMALLEST_STEP: f64 = 1e-300;

impl Controller {
    /// A controller for local errors of order h^{`local_order`}.
    #[must_use]
    pub(crate) fn new(tolerance: f64, first_step: f64, local_order: f64) -> Self {
        Self {
            tolerance,
            step: first_step,
            exponent: 1.0 / local_order,
            previous: 1e-4,
            just_rejected: false,
        }
    }

    /// Keeps the next steps below `ceiling`: where stability bounds the step, error control alone would let the
    /// unstable part of the state grow to the tolerance before it reacts.
    pub fn limit(&mut self, ceiling: f64) {
        self.step = self.step.min(ceiling);
    }

    /// The step to try when `limit` is left: never a sliver before the end.
    #[must_use]
    pub(crate) fn propose(&self, limit: f64) -> f64 {
        if self.step >= limit {
            limit
        } else if self.step > 0.5 * limit {
            0.5 * limit
        } else {
            self.step
        }
    }

    /// Takes note of a tried step `tried` whose error is `error` tolerances; true when it is accepted.
    ///
    /// # Errors
    /// [`StepError`] when the step cannot shrink any further or no number is finite.
    pub(crate) fn judge(&mut self, tried: f64, error: f64) -> Result<bool, StepError> {
        if error <= 1.0 {
            let error = error.max(1e-12);
            let mut factor =
                SAFETY * error.powf(MEMORY * 0.75 - self.exponent) * self.previous.powf(MEMORY);
            factor = factor.clamp(SHRINK, if self.just_rejected { 1.0 } else { GROW });
            // A step cut short by `limit` says nothing against the longer proposal.
            self.step = if tried < self.step {
                (tried * factor).max(self.step)
            } else {
                tried * factor
            };
            self.previous = error.max(1e-4);
            self.just_rejected = false;
            return Ok(true);
        }
        let factor = if error.is_finite() {
            (SAFETY * error.powf(-self.exponent)).clamp(SHRINK, 1.0)
        } else {
            0.1
        };
        self.step = tried * factor;
        self.just_rejected = true;
        if self.step < SMALLEST_STEP || (!error.is_finite() && self.step < 1e-12 * tried.max(1e-12))
        {
            return Err(if error.is_finite() {
                StepError::TooSmall {
                    step: self.step,
                    error,
                    tolerance: self.tolerance,
                }
            } else {
                StepError::NotFinite
            });
        }
        Ok(false)
    }
}

/// max |x|, NaN when an entry is (f64::max would hide it).
#[must_use]
pub(crate) fn largest(values: impl Iterator<Item = f64>) -> f64 {
    let mut top = 0.0_f64;
    let mut poison = 0.0;
    for value in values {
        let size = value.abs();
        poison += 0.0 * size;
        if size > top {
            top = size;
        }
    }
    top + poison
}
