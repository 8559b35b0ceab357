//! What is measured: one table of observables ([`table`]), each at once a plotted series and a column of `metrics.csv`,
//! and the computations behind its rows.

pub mod angular_order;
pub(crate) mod attention_matrix;
pub(crate) mod clusters;
mod cumulative;
pub(crate) mod density_measurements;
pub mod design;
mod discrepancy;
pub mod euclidean;
mod gaussian_measurements;
pub(crate) mod hemisphere;
pub(crate) mod instruments;
pub(crate) mod near;
pub mod parts;
pub(crate) mod point_sets;
pub mod principal;
pub mod products;
pub mod saddle;
pub(crate) mod sliced;
pub mod table;
pub(crate) mod token_measurements;
pub mod transport;
pub(crate) mod watershed;

pub use clusters::{Cluster, Clusters};
pub use density_measurements::FieldSide;
pub use gaussian_measurements::GaussianSide;
pub use instruments::{DEFAULT_DELTA, Instruments};
pub use saddle::Saddle;
pub use table::{CompanionSide, OBSERVABLES, Observable, Observation, PairsSide, Scale};
pub use token_measurements::{Moving, TokenSide};
