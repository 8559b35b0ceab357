//! From what size on the threads share the work, each with what it was measured on: one core with AVX-512 (Zen 4), ratios within 20 % of those
//! with AVX2. No result depends on them.

/// Numbers, or tokens, from which on threads share what is done one by one: below, the work is over before they wake (calibrated at 2 threads:
/// 32768 angles take 0.7 ms, a step's sums 0.1 ms).
pub const SHARED_FROM: usize = 1 << 15;
/// From this many products latitudes·(degree² + [`FOURIER`]·longitudes) on a transform on S² is shared among threads (measured at 2
/// threads: nothing is won at degree 127, a factor 1.6 at 255).
const SHARED_TRANSFORM: usize = 3 << 20;
/// A longitude of a Fourier transform costs as much as so many Legendre functions at a latitude (measured at 512 longitudes).
const FOURIER: usize = 24;

/// Whether a transform on S² is shared among threads.
#[must_use]
pub(crate) fn transform_in_parallel(degree: usize, latitudes: usize, longitudes: usize) -> bool {
    latitudes * (degree * degree + FOURIER * longitudes) >= SHARED_TRANSFORM
        && rayon::current_num_threads() > 1
}
