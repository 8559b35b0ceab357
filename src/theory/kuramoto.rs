//! β = 0 on the circle: the mean field stays on the Poisson kernels (Ott–Antonsen).

/// r(t) = |m_1(t)| of the β = 0 mean field that starts from a Poisson kernel of weight r_0:
/// r(t) = [1 + (r_0^{−2} − 1)e^{−t}]^{−1/2}, and |m_k| = r^k.
#[must_use]
pub fn ott_antonsen(start: f64, time: f64) -> f64 {
    (1.0 + (start.powi(-2) - 1.0) * (-time).exp()).powf(-0.5)
}
