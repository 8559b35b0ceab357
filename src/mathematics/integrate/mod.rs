//! Time steppers for autonomous equations u' = f(u), knowing nothing of what u is: explicit Runge–Kutta with error
//! control, an exponential scheme for a diagonal linear part, the stochastic splitting, the fixed layer step.
//! They own their stages, so that a step allocates nothing. Steps run ahead of what is asked for ([`ahead`]); stopping at a given time is
//! the caller's `limit`.

pub mod ahead;
pub(crate) mod controller;
pub(crate) mod explicit;
pub mod exponential;
pub mod splitting;
pub(crate) mod stepper;
pub mod tableau;

pub use ahead::{Ahead, Due};
pub use controller::{StepError, Work};
pub use explicit::Explicit;
pub use exponential::Exponential;
pub use splitting::Splitting;
pub use stepper::{Ceiling, Stepper};
