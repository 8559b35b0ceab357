//! metastable
pub mod sphere;
pub mod integrate;
pub mod measure;
pub mod dynamics;
pub mod theory;
pub mod observe;
pub mod engine;
pub mod batch;
pub mod tui;
