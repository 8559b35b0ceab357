//! The panels: each a file with a function that draws a part of the model into an area, and a row in
//! [`super::pages::PAGES`] or in a page's layout.

pub(crate) mod angle_law;
pub(crate) mod counts;
pub(crate) mod density;
pub(crate) mod explain;
pub(crate) mod gaussian;
pub(crate) mod ghosts;
pub(crate) mod globe;
pub(crate) mod globe_density;
mod heaps;
pub(crate) mod heat;
pub(crate) mod help;
pub(crate) mod hints;
pub(crate) mod matrix;
pub(crate) mod metrics;
mod names;
pub(crate) mod pairs;
pub(crate) mod parameters;
pub(crate) mod products;
pub(crate) mod spacetime;
pub(crate) mod spectrum;
pub(crate) mod staircase;
pub(crate) mod status;
pub(crate) mod sweep;
pub(crate) mod timeline;
pub(crate) mod together;
pub(crate) mod tokens;
pub(crate) mod values;
