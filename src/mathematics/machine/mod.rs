//! How this computer is used, and none of our mathematics: thresholds for threads, vector registers, aligned tables, transposes, e^x,
//! sines and angles by vectors, rows that threads share, the Fourier transforms that no library has. Uses no other room.

pub(crate) mod aligned;
pub(crate) mod arctangent;
pub(crate) mod exp;
pub(crate) mod fft;
pub mod limits;
pub mod registers;
pub(crate) mod rows;
pub(crate) mod sincos;
pub mod testing;
pub mod thresholds;
pub(crate) mod transpose;
