//! Moments of a probability measure on the circle, m_k = ∫ e^{ikθ} dμ, k = 0, 1, …, K.

use crate::sphere::Complex;

/// m_0 … m_K; m_0 is the mass and m_{−k} = conj m_k is implied.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments(pub Vec<Complex>);

impl Moments {
    /// K, the highest degree held.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.0.len() - 1
    }

    /// m_k, zero beyond the degree that is held (a resolved density has nothing there).
    #[must_use]
    pub fn get(&self, k: usize) -> Complex {
        self.0.get(k).copied().unwrap_or_default()
    }

    /// |m_k|, the order parameter of degree k: 1 for a point mass, 0 for the uniform law (k ≥ 1).
    #[must_use]
    pub fn order_parameter(&self, k: usize) -> f64 {
        self.get(k).norm()
    }

    /// Σ_{|k|≤K} w_k |m_k|², the quadratic form that every zonal kernel with multipliers w is on the circle.
    #[must_use]
    pub fn quadratic(&self, multipliers: &[f64]) -> f64 {
        let tail: f64 = self
            .0
            .iter()
            .zip(multipliers)
            .skip(1)
            .rev()
            .map(|(m, w)| w * m.norm_sqr())
            .sum();
        multipliers
            .first()
            .map_or(0.0, |w| w * self.0[0].norm_sqr())
            + 2.0 * tail
    }

    /// The moments of μ − ν; what only one of the two holds counts as zero in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let degree = self.degree().max(other.degree());
        Self((0..=degree).map(|k| self.get(k) - other.get(k)).collect())
    }

    /// The moments after the heat flow e^{τΔ}: m_k e^{−k²τ}, a smoothing by an angle of √(2τ).
    #[must_use]
    pub fn smoothed(&self, tau: f64) -> Self {
        Self(
            self.0
                .iter()
                .enumerate()
                .map(|(k, m)| m * (-((k * k) as f64) * tau).exp())
                .collect(),
        )
    }
}
