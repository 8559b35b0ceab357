//! The kernel e^{β⟨x,y⟩} on the circle as its table of multipliers, scaled by e^{−β} so that nothing overflows.

use crate::measure::Moments;
use crate::sphere::bessel::{ratios_over_beta, scaled_multipliers};

/// Multipliers of the kernel and of its gradient, up to the degree where they vanish in double precision.
///
/// With m_k the moments of μ, Z_μ(θ) e^{−β} = Σ_k λ_k m_k e^{−ikθ} and (1/β)∂_θ Z_μ(θ) e^{−β} = Σ_k −i κ_k m_k e^{−ikθ}.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// β.
    pub beta: f64,
    /// λ_k e^{−β} = e^{−β} I_k(β).
    pub potential: Vec<f64>,
    /// κ_k = k λ_k e^{−β}/β, whose limit at β = 0 is ½ at k = 1.
    pub gradient: Vec<f64>,
}

/// Multipliers below this share of the largest are left out.
const NEGLIGIBLE: f64 = 1e-18;

impl Kernel {
    /// The table at inverse temperature β ≥ 0.
    #[must_use]
    pub fn new(beta: f64) -> Self {
        // λ_k/λ_0 ≲ e^{−k²/2β} while k < β, and (β/2)^k/k! beyond: never more than this many.
        let most = 24 + (beta + 1.0).min(10.0 * beta.sqrt() + 20.0).ceil() as usize;
        let mut potential = scaled_multipliers(2, beta, most);
        let ratios = ratios_over_beta(0.0, beta, most);
        // λ_k/β = λ_{k−1} q_k needs no division by β
        let mut gradient: Vec<f64> = std::iter::once(0.0)
            .chain((1..=most).map(|k| k as f64 * ratios[k - 1] * potential[k - 1]))
            .collect();
        let kept = gradient
            .iter()
            .rposition(|g| *g > NEGLIGIBLE * potential[0])
            .unwrap_or(1)
            .max(1);
        potential.truncate(kept + 1);
        gradient.truncate(kept + 1);
        Self {
            beta,
            potential,
            gradient,
        }
    }

    /// The highest degree kept.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.potential.len() - 1
    }

    /// λ_k e^{−β}, zero beyond the table.
    #[must_use]
    pub fn multiplier(&self, k: usize) -> f64 {
        self.potential.get(k).copied().unwrap_or(0.0)
    }

    /// E_β\[μ\] = (1/2β)∬ e^{β⟨x,y⟩} dμdμ = (e^β/2β) Σ_k λ_k e^{−β}|m_k|² (3.5). At β = 0 the constant 1/2β is dropped and
    /// the limit ½|m_1|² remains. Overflows to infinity for β > 709, as it must.
    #[must_use]
    pub fn interaction_energy(&self, moments: &Moments) -> f64 {
        if self.beta == 0.0 {
            return 0.5 * moments.get(1).norm_sqr();
        }
        self.beta.exp() / (2.0 * self.beta) * moments.quadratic(&self.potential)
    }

    /// √(2E_β[μ − ν]), the kernel discrepancy of two probability measures given the moments of μ − ν; |m_1| at β = 0.
    #[must_use]
    pub fn energy_norm(&self, difference: &Moments) -> f64 {
        // For a difference of probabilities m_0 = 0; λ_k/β = κ_k/k has a limit at β = 0.
        let tail: f64 = (1..=self.degree().min(difference.degree()))
            .rev()
            .map(|k| self.gradient[k] / k as f64 * difference.get(k).norm_sqr())
            .sum();
        (0.5 * self.beta).exp() * (2.0 * tail).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Particles;

    #[test]
    fn the_bandwidth_is_what_double_precision_needs() {
        for (beta, needed) in [(9.0, 27), (25.0, 42), (81.0, 71)] {
            let kernel = Kernel::new(beta);
            assert!(
                kernel.degree() >= needed && kernel.degree() < needed + 16,
                "β {beta}: {}",
                kernel.degree()
            );
        }
        assert_eq!(Kernel::new(0.0).degree(), 1);
        assert!((Kernel::new(0.0).gradient[1] - 0.5).abs() < 1e-16);
        assert!(Kernel::new(1e4).degree() < 1100);
    }

    #[test]
    fn the_energy_of_moments_is_the_double_sum_over_pairs() {
        let tokens = Particles::weighted(
            2,
            [0.1_f64, 0.7, 2.9, 4.4]
                .iter()
                .flat_map(|t| [t.cos(), t.sin()])
                .collect(),
            vec![1.0, 2.0, 0.5, 1.5],
        );
        for beta in [0.5, 4.0, 30.0] {
            let kernel = Kernel::new(beta);
            let mut pairs = 0.0;
            for i in 0..4 {
                for j in 0..4 {
                    let product = crate::sphere::geometry::dot(tokens.row(i), tokens.row(j));
                    pairs += tokens.weights[i] * tokens.weights[j] * (beta * product).exp();
                }
            }
            let energy = kernel.interaction_energy(&tokens.moments(kernel.degree()));
            assert!(
                (energy / (pairs / (2.0 * beta)) - 1.0).abs() < 1e-13,
                "β {beta}"
            );
        }
    }

    #[test]
    fn the_energy_norm_is_the_energy_of_the_difference_and_has_its_limit() {
        let at = |angle: f64| Particles::new(2, vec![angle.cos(), angle.sin()]);
        for beta in [1e-7, 2.0] {
            let kernel = Kernel::new(beta);
            let degree = kernel.degree();
            let difference = at(0.3).moments(degree).minus(&at(1.5).moments(degree));
            // 2E[δ_x − δ_y] = (2/β)(e^β − e^{β cos}) exactly, without cancellation through expm1
            let exact = (-2.0 / beta * beta.exp() * (beta * (1.2_f64.cos() - 1.0)).exp_m1()).sqrt();
            assert!(
                (kernel.energy_norm(&difference) / exact - 1.0).abs() < 1e-12,
                "β {beta}"
            );
        }
        let difference = at(0.3).moments(1).minus(&at(1.5).moments(1));
        assert!((Kernel::new(0.0).energy_norm(&difference) - 2.0 * 0.6_f64.sin()).abs() < 1e-14);
    }
}
