//! The panels: each a file with a function that draws a part of the model into an area, and a row in
//! [`super::pages::PAGES`] or in a page's layout.

pub mod angle_law;
pub mod density;
pub mod gaussian;
pub mod globe;
pub mod globe_density;
pub mod help;
pub mod matrix;
pub mod metrics;
pub mod pairs;
pub mod parameters;
pub mod products;
pub mod spacetime;
pub mod spectrum;
pub mod staircase;
pub mod status;
pub mod sweep;
pub mod tokens;
