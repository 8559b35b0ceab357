//! One stepper for equations with and without diffusion, and the one loop "until the time is up or somebody asks to stop".

use super::controller::{StepError, Work};
use super::tableau::Tableau;
use super::{Explicit, Exponential};

/// A method that steps u' = −r·u + N(u), entry by entry r ≥ 0.
#[derive(Debug)]
pub enum Stepper {
    /// r = 0: embedded Runge–Kutta.
    Explicit(Box<Explicit>),
    /// r > 0 somewhere: exponential time differencing, exact in r.
    Exponential(Box<Exponential>),
}

/// How far a span of time was followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    /// All of it is behind.
    Done,
    /// The reader asked to stop; so much is left.
    Stopped(f64),
}

impl Progress {
    /// Whether all of the time is behind.
    #[must_use]
    pub fn is_done(self) -> bool {
        self == Self::Done
    }
}

impl Stepper {
    /// For a state of `length` numbers without diffusion; `tolerance` bounds the estimated error of every entry in every step.
    #[must_use]
    pub fn explicit(length: usize, tolerance: f64, first: f64) -> Self {
        let tableau = Tableau::for_tolerance(tolerance);
        Self::Explicit(Box::new(Explicit::new(tableau, length, tolerance, first)))
    }

    /// For a state that decays at `rates`.
    #[must_use]
    pub fn exponential(rates: Vec<f64>, tolerance: f64, first: f64) -> Self {
        Self::Exponential(Box::new(Exponential::new(rates, tolerance, first)))
    }

    /// Takes one accepted step of at most `limit`, and of at most the ceiling that goes with the method; returns its length.
    ///
    /// # Errors
    /// [`StepError`] when no step is small enough or a number is not finite; `state` is then unchanged.
    pub fn step(
        &mut self,
        state: &mut [f64],
        limit: f64,
        ceiling: Ceiling,
        tendency: impl FnMut(&[f64], &mut [f64]),
    ) -> Result<f64, StepError> {
        match self {
            Self::Explicit(stepper) => {
                stepper.controller.limit(ceiling.explicit);
                stepper.step(state, limit, tendency, |_| ())
            }
            Self::Exponential(stepper) => {
                stepper.controller.limit(ceiling.exponential);
                stepper.step(state, limit, tendency)
            }
        }
    }

    /// Steps and right-hand sides so far.
    #[must_use]
    pub fn work(&self) -> Work {
        match self {
            Self::Explicit(stepper) => stepper.work,
            Self::Exponential(stepper) => stepper.work,
        }
    }

    /// The next step that it would try.
    #[must_use]
    pub fn proposal(&self) -> f64 {
        match self {
            Self::Explicit(stepper) => stepper.controller.step,
            Self::Exponential(stepper) => stepper.controller.step,
        }
    }
}

/// The longest stable step of each method.
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// Of the explicit one.
    pub explicit: f64,
    /// Of the exponential one.
    pub exponential: f64,
}

/// Takes steps until `duration` is over or `cancelled` says to stop. `step` is told what is left and returns what it took, which may be 0
/// where something had to be arranged first.
///
/// # Errors
/// That of `step`.
pub fn evolve<E>(
    duration: f64,
    cancelled: &dyn Fn() -> bool,
    mut step: impl FnMut(f64) -> Result<f64, E>,
) -> Result<Progress, E> {
    let mut left = duration;
    while left > 0.0 {
        if cancelled() {
            return Ok(Progress::Stopped(left));
        }
        left -= step(left)?;
    }
    Ok(Progress::Done)
}

/// What is left of `left` after a step, none where rounding alone is.
#[must_use]
pub fn rest(left: f64, taken: f64) -> f64 {
    if taken >= left * (1.0 - 1e-12) {
        0.0
    } else {
        left - taken
    }
}
