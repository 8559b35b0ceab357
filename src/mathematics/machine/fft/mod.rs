//! Fourier transforms: real ones by halves ([`real`]), eight latitudes abreast in vectors ([`batched`], from [`butterflies`]), and by the library one
//! after the other where a length has a large prime ([`fallback`]).

pub(crate) mod batched;
pub(crate) mod butterflies;
pub(crate) mod fallback;
pub(crate) mod real;

/// A complex number.
pub type Complex = rustfft::num_complex::Complex<f64>;
