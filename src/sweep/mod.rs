//! Families of runs: a grid of experiments, many realisations of each, and what they say together.
//!
//! [`plan`] says which runs there are and what is read of each, [`cell`] runs the realisations of a cell, [`statistics`] sums them up in their
//! order, [`desk`] gives the cells away, [`drive`] goes through them on all threads, and [`store`] keeps them in a folder that can be filled
//! from many machines and read while it fills. Nothing depends on who computes: a realisation is an ordinary run whose seed follows from its
//! number, and a cell adds its realisations in the order of their numbers; threads, shards, ranks and interruptions leave no trace in the bits.
//!
//! Realisation r has the same seed in every cell: neighbouring cells start from the same tokens, so that differences between them are not
//! those of their draws.

pub mod cell;
pub mod desk;
pub mod drive;
pub mod layout;
pub mod live;
pub mod plan;
pub mod predicted;
pub mod statistics;
pub mod store;
pub(crate) mod table;
pub(crate) mod zarr;

pub use cell::CellResult;
pub use desk::Desk;
pub use drive::{Progress, Shard, run};
pub use layout::Layout;
pub use plan::Plan;
pub use store::{Store, StoreError};
