//! The kernel e^{β⟨x,y⟩} on S^{d−1} as its table of multipliers, scaled by e^{−|β|} so that nothing overflows; on the circle
//! also any other even interaction h(θ).

use super::Interaction;
use crate::measure::Moments;
use crate::sphere::bessel::{degrees_that_count, ratios_over_beta, scaled_multipliers};
use crate::sphere::gegenbauer::multiplicity_ratio;

/// Multipliers λ_ℓ of the kernel (Funk–Hecke: ∫e^{β⟨x,y⟩}Y_ℓ(y)dσ(y) = λ_ℓ Y_ℓ(x)), up to the degree where they vanish in
/// double precision: whatever carries moments, a density or the tokens, on the circle, on S² or around an axis of
/// S^{d−1}, meets the kernel here.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// d.
    pub dimension: usize,
    /// β; 1 for an interaction given by its coefficients, whose energy is ½∬h.
    pub beta: f64,
    /// |β|: the kernel is e^{`shift`} times what the tables say.
    pub shift: f64,
    /// λ_ℓ e^{−|β|}; on the circle λ_k = I_k(β), on S² i_ℓ(β).
    pub potential: Vec<f64>,
    /// λ_ℓ e^{−|β|}/β for ℓ ≥ 1, whose limit at β = 0 is 1/d at ℓ = 1; entry 0 is 0, for only gradients need it.
    pub over_beta: Vec<f64>,
}

/// Degrees whose gradient is below this share of the mean potential everywhere are left out.
const NEGLIGIBLE: f64 = 1e-18;

impl Kernel {
    /// The table on S^{d−1} at inverse temperature β. For β < 0 the odd multipliers change their sign, λ_ℓ(−β) = (−1)^ℓλ_ℓ(β).
    #[must_use]
    pub fn new(dimension: usize, inverse_temperature: f64) -> Self {
        let beta = inverse_temperature.abs();
        let most = 24 + degrees_that_count(dimension, beta);
        let mut potential = scaled_multipliers(dimension, beta, most);
        let ratios = ratios_over_beta(dimension as f64 / 2.0 - 1.0, beta, most);
        // λ_ℓ/β = λ_{ℓ−1} q_ℓ needs no division by β
        let mut over_beta: Vec<f64> = std::iter::once(0.0)
            .chain((1..=most).map(|l| ratios[l - 1] * potential[l - 1]))
            .collect();
        let mut multiplicity = 1.0;
        let mut kept = 1;
        for (l, value) in over_beta.iter().enumerate().skip(1) {
            // N_ℓ λ_ℓ bounds what the degree adds to the potential of any measure; its gradient is ℓ times larger.
            multiplicity *= multiplicity_ratio(dimension, l);
            if multiplicity * l as f64 * value > NEGLIGIBLE * potential[0] {
                kept = l;
            }
        }
        potential.truncate(kept + 1);
        over_beta.truncate(kept + 1);
        if inverse_temperature < 0.0 {
            potential
                .iter_mut()
                .skip(1)
                .step_by(2)
                .for_each(|v| *v = -*v);
            // (−1)^ℓλ_ℓ/(−|β|)
            over_beta
                .iter_mut()
                .skip(2)
                .step_by(2)
                .for_each(|v| *v = -*v);
        }
        Self {
            dimension,
            beta: inverse_temperature,
            shift: beta,
            potential,
            over_beta,
        }
    }

    /// The table of h(θ) = Σ a_k cos kθ on the circle, λ_k = a_k/2: as (USA) with 1 for β, and the energy ½∬h dμdμ.
    #[must_use]
    pub(crate) fn of_interaction(interaction: &Interaction) -> Self {
        let table: Vec<f64> = std::iter::once(0.0)
            .chain(interaction.list().iter().map(|a| 0.5 * a))
            .collect();
        Self {
            dimension: 2,
            beta: 1.0,
            shift: 0.0,
            potential: table.clone(),
            over_beta: table,
        }
    }

    /// The highest degree kept.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.potential.len() - 1
    }

    /// E_β\[μ\] = (1/2β)∬ e^{β⟨x,y⟩} dμdμ = (e^{|β|}/2β) Σ_ℓ λ_ℓ e^{−|β|} power_ℓ (3.5). At β = 0 the constant 1/2β is dropped and
    /// the limit ½|∫x dμ|² remains. Overflows to infinity for β > 709, as it must.
    #[must_use]
    pub fn interaction_energy(&self, moments: &Moments) -> f64 {
        if self.beta == 0.0 {
            return 0.5 * moments.order_parameter(1).powi(2);
        }
        self.shift.exp() / (2.0 * self.beta) * moments.quadratic(&self.potential)
    }

    /// Ê = 2βe^{−β}E_β\[μ\] = ∬e^{β(⟨x,y⟩−1)}dμdμ, finite for every β and 1 at a single point; NaN for an interaction.
    #[must_use]
    pub(crate) fn normalised_energy(&self, moments: &Moments) -> f64 {
        if self.shift == self.beta.abs() {
            (self.shift - self.beta).exp() * moments.quadratic(&self.potential)
        } else {
            f64::NAN
        }
    }

    /// √(2E_β[μ − ν]), the kernel discrepancy of two probability measures given the moments of μ − ν; |∫x d(μ−ν)| at
    /// β = 0. Where the kernel is not positive (β < 0, an interaction), the norm with |λ_ℓ/β|.
    #[must_use]
    pub(crate) fn energy_norm(&self, difference: &Moments) -> f64 {
        // For a difference of probabilities the degree 0 vanishes, and λ_ℓ/β has a limit at β = 0.
        let positive: Vec<f64> = self.over_beta.iter().map(|v| v.abs()).collect();
        (0.5 * self.shift).exp() * difference.quadratic(&positive).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Particles;

    #[test]
    fn the_bandwidth_is_what_double_precision_needs() {
        for (beta, needed) in [(9.0, 27), (25.0, 42), (81.0, 71)] {
            let kernel = Kernel::new(2, beta);
            assert!(
                kernel.degree() >= needed && kernel.degree() < needed + 16,
                "β {beta}: {}",
                kernel.degree()
            );
        }
        assert_eq!(Kernel::new(2, 0.0).degree(), 1);
        assert!((Kernel::new(2, 0.0).over_beta[1] - 0.5).abs() < 1e-16);
        assert!(Kernel::new(2, 1e4).degree() < 1100);
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
            let kernel = Kernel::new(2, beta);
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
            let kernel = Kernel::new(2, beta);
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
        assert!((Kernel::new(2, 0.0).energy_norm(&difference) - 2.0 * 0.6_f64.sin()).abs() < 1e-14);
    }

    #[test]
    fn the_energy_on_the_sphere_is_the_double_sum_over_pairs() {
        let tokens = crate::measure::Law::Uniform.sample(6, 3, 1);
        for beta in [0.5, 4.0, 30.0] {
            let kernel = Kernel::new(3, beta);
            let mut pairs = 0.0;
            for x in tokens.rows() {
                for y in tokens.rows() {
                    pairs += (beta * crate::sphere::geometry::dot(x, y)).exp() / 36.0;
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
    fn in_every_dimension_the_degrees_kept_restore_the_kernel() {
        use crate::sphere::gegenbauer::for_each_polynomial;
        for dimension in [2, 3, 8, 128] {
            for beta in [0.0, 0.5, 9.0, 81.0] {
                let kernel = Kernel::new(dimension, beta);
                for c in [-1.0, -0.3, 0.6, 1.0] {
                    let mut sum = 0.0;
                    let mut multiplicity = 1.0;
                    for_each_polynomial(dimension, kernel.degree(), c, |l, p| {
                        if l > 0 {
                            multiplicity *= multiplicity_ratio(dimension, l);
                        }
                        sum += multiplicity * kernel.potential[l] * p;
                    });
                    let exact = (beta * (c - 1.0)).exp();
                    assert!(
                        (sum - exact).abs() < 1e-13,
                        "d {dimension} β {beta} c {c}: {:e}",
                        sum - exact
                    );
                }
            }
        }
    }
}
