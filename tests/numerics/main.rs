//! The numbers: closed forms, an independent oracle, orders of convergence, conservation, equivariance.
#![allow(clippy::unwrap_used)] // a test may stop

#[path = "../common/mod.rs"]
mod common;

mod accuracy;
mod characteristics;
mod families;
mod oscillators;
mod slow_motion;
mod sphere;
mod systems;
