//! Any even interaction on the circle in place of the kernel, by its Fourier coefficients (7.5).

/// h(θ) = Σ_k a_k cos kθ, k = 1 … [`Interaction::MOST`]: θ_i' = (value/n) Σ_j h'(θ_i − θ_j) (7.5). a_1 = 1 alone is
/// Kuramoto's sine coupling, and (USA) at β = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// a_1, a_2, …, with zeros behind.
    pub coefficients: [f64; Interaction::MOST],
}

impl Interaction {
    /// Most coefficients.
    pub const MOST: usize = 16;

    /// The coefficients up to the last that is not zero.
    #[must_use]
    pub fn list(&self) -> &[f64] {
        let length = (self.coefficients.iter().rposition(|a| *a != 0.0)).map_or(0, |last| last + 1);
        &self.coefficients[..length]
    }

    /// h'(θ).
    #[must_use]
    pub fn slope(&self, theta: f64) -> f64 {
        (self.list().iter().zip(1..))
            .map(|(a, k)| -a * f64::from(k) * (f64::from(k) * theta).sin())
            .sum()
    }
}
