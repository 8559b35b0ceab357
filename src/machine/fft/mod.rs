//! Fourier transforms: real ones by halves ([`real`]), eight latitudes abreast in vectors ([`batched`], from [`butterflies`]), and by the library one
//! after the other where a length has a large prime ([`fallback`]).

pub mod batched;
pub mod butterflies;
pub mod fallback;
pub mod real;

/// A complex number.
pub type Complex = rustfft::num_complex::Complex<f64>;
