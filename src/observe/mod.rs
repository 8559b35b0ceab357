//! What is measured: one table of observables ([`table`]), each at once a plotted series and a column of `metrics.csv`,
//! and the computations behind its rows.

pub mod around;
pub mod basins;
pub mod cloud;
pub mod clusters;
mod cumulative;
pub mod density_measurements;
pub mod design;
mod discrepancy;
mod gaussian_measurements;
pub mod point_sets;
pub mod principal;
pub mod products;
pub mod saddle;
pub mod sliced;
pub mod table;
pub mod token_measurements;
pub mod transport;

pub use cloud::Cloud;
pub use clusters::{Cluster, Clusters};
pub use density_measurements::FieldSide;
pub use gaussian_measurements::GaussianSide;
pub use saddle::Saddle;
pub use table::{CompanionSide, OBSERVABLES, Observable, Observation, PairsSide, Scale};
pub use token_measurements::{Instruments, Moving, TokenSide};
