//! How this computer is used, and none of our mathematics: thresholds for threads, vector registers, aligned tables, transposes, e^x and
//! sines by vectors, the Fourier transforms that no library has. Uses no other room.

pub mod aligned;
pub mod exp;
pub mod fft;
pub mod registers;
pub mod sincos;
#[cfg(test)]
pub(crate) mod testing;
pub mod thresholds;
pub mod transpose;
