//! One stepper for equations with and without diffusion.

use super::controller::{StepError, Work};
use super::tableau::Tableau;
use super::{Explicit, Exponential};

/// A method that steps u' = −r·u + N(u), entry by entry r ≥ 0.
#[derive(Debug, Clone)]
pub enum Stepper {
    /// r = 0: embedded Runge–Kutta.
    Explicit(Box<Explicit>),
    /// r > 0 somewhere: exponential time differencing, exact in r.
    Exponential(Box<Exponential>),
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

    /// `out` ← the state at the share `theta` of the last step, which ended at `end`.
    pub fn read(
        &mut self,
        theta: f64,
        end: &[f64],
        tendency: impl FnMut(&[f64], &mut [f64]),
        out: &mut [f64],
    ) {
        match self {
            Self::Explicit(stepper) => stepper.read(theta, end, tendency, out),
            Self::Exponential(stepper) => stepper.read(theta, end, tendency, out),
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
