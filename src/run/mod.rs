//! What **moves**: a run in progress ([`Session`]) and the thread that computes it for the screen ([`Worker`]).
//!
//! A session moves from one recorded frame to the next and nowhere else, on the screen as without one: what the
//! dashboard shows is, to the bit, what `metastable run` writes.

mod around;
mod aside;
mod cause;
pub mod characteristics;
mod clock;
pub(crate) mod companion;
pub mod density;
mod density_start;
pub(crate) mod ensemble;
pub(crate) mod gaussian;
mod general_system;
mod moving;
mod notes;
mod pictures;
mod populations;
pub(crate) mod predictions;
mod report;
pub(crate) mod session;
pub mod tokens;
mod views;
pub mod worker;

pub use cause::{Cause, Side};
pub use companion::Companion;
pub use moving::SessionError;
pub use notes::endless;
pub(crate) use predictions::cosine;
pub use session::Session;
pub use worker::{Command, Worker};
