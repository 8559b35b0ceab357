//! One observation of each side: the quantities that several rows of the table share, computed once.

use super::clusters::{self, Clusters};
use crate::dynamics::{CircleMeanField, Kernel, TokenDynamics};
use crate::integrate::Work;
use crate::measure::{Density, Moments, Particles};
use crate::sphere::geometry::dot;

/// Degrees of the order parameters in the table.
pub const ORDERS: usize = 8;

/// The tokens as the table sees them.
pub struct TokenSide {
    /// E_β\[μ_n\], the interaction energy.
    pub energy: f64,
    /// dE/dt by the drift.
    pub dissipation: f64,
    /// |m_1| … |m_8|.
    pub orders: [f64; ORDERS],
    /// Moments on the circle; empty in higher dimension.
    pub moments: Option<Moments>,
    /// Clusters, with a label for every token.
    pub clusters: Clusters,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl TokenSide {
    /// Measures the tokens; one evaluation of the drift.
    pub fn observe(
        tokens: &Particles,
        dynamics: &mut TokenDynamics,
        kernel: &Kernel,
        width: f64,
        work: Work,
    ) -> Self {
        let mut drift = vec![0.0; tokens.positions.len()];
        dynamics.drift(&tokens.positions, &mut drift);
        let dissipation = dynamics.dissipation(&drift);
        if tokens.dimension() == 2 {
            let degree = clusters::degrees_needed(width)
                .max(kernel.degree())
                .max(ORDERS);
            let moments = tokens.moments(degree);
            return Self {
                energy: kernel.interaction_energy(&moments),
                dissipation,
                orders: std::array::from_fn(|k| moments.order_parameter(k + 1)),
                clusters: clusters::of_circle_tokens(tokens, &moments, width),
                moments: Some(moments),
                work,
            };
        }
        let energy = if kernel.beta == 0.0 {
            let mean = tokens.mean();
            0.5 * dot(&mean, &mean)
        } else {
            let mean_potential: f64 = tokens
                .weights
                .iter()
                .zip(&dynamics.potential)
                .map(|(w, z)| w * z)
                .sum();
            kernel.beta.exp() / (2.0 * kernel.beta) * mean_potential
        };
        Self {
            energy,
            dissipation,
            orders: zonal_orders(tokens),
            moments: None,
            clusters: clusters::by_linkage(tokens, width),
            work,
        }
    }
}

/// |m_ℓ| = √(∬ P_ℓ(⟨x,y⟩) dμdμ), P_ℓ the Gegenbauer polynomial with P_ℓ(1) = 1; on the circle P_ℓ(cos t) = cos ℓt and this
/// is |∫e^{iℓθ}dμ|. All pairs.
fn zonal_orders(tokens: &Particles) -> [f64; ORDERS] {
    use rayon::prelude::*;
    let d = tokens.dimension() as f64;
    let row_sums = |i: usize| {
        let mut sums = [0.0; ORDERS];
        for (y, weight) in tokens.rows().zip(&tokens.weights) {
            let c = dot(tokens.row(i), y);
            let (mut before, mut here) = (1.0, c);
            for (index, sum) in sums.iter_mut().enumerate() {
                *sum += weight * here;
                // (ℓ+d−2) P_{ℓ+1} = (2ℓ+d−2) c P_ℓ − ℓ P_{ℓ−1}
                let degree = (index + 1) as f64;
                let next =
                    ((2.0 * degree + d - 2.0) * c * here - degree * before) / (degree + d - 2.0);
                (before, here) = (here, next);
            }
        }
        sums
    };
    let rows: Vec<[f64; ORDERS]> = (0..tokens.count()).into_par_iter().map(row_sums).collect();
    std::array::from_fn(|k| {
        let total: f64 = rows
            .iter()
            .zip(&tokens.weights)
            .map(|(row, w)| w * row[k])
            .sum();
        total.max(0.0).sqrt()
    })
}

/// The density as the table sees it.
pub struct FieldSide {
    /// E_β\[ρ\], the interaction energy.
    pub energy: f64,
    /// dE/dt by the drift.
    pub dissipation: f64,
    /// m_0 … m_K.
    pub moments: Moments,
    /// |mass − 1|, by quadrature on the grid.
    pub mass_error: f64,
    /// The smallest value of ρ on the grid.
    pub minimum: f64,
    /// Largest coefficient in the top eighth of the modes.
    pub tail: f64,
    /// K.
    pub modes: usize,
    /// Clusters and masses.
    pub clusters: Clusters,
    /// Exact W_1 to the tokens.
    pub wasserstein: f64,
    /// Kernel discrepancy to the tokens.
    pub discrepancy: f64,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl FieldSide {
    /// Measures the density and its distance to the tokens.
    pub fn observe(
        density: &Density,
        mean_field: &mut CircleMeanField,
        kernel: &Kernel,
        width: f64,
        work: Work,
        tokens: &Particles,
        token_moments: &Moments,
    ) -> Self {
        let moments = density.moments();
        let (dissipation, minimum) = mean_field.dissipation_and_minimum(&density.state);
        Self {
            energy: kernel.interaction_energy(&moments),
            dissipation,
            mass_error: (mean_field.mass() - 1.0).abs(),
            minimum,
            tail: density.tail(),
            modes: density.modes(),
            clusters: clusters::of_density(&moments, width, |theta| density.cumulative(theta)),
            wasserstein: super::transport::wasserstein(tokens, density),
            discrepancy: kernel.energy_norm(&token_moments.minus(&moments)),
            moments,
            work,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation};
    use crate::measure::Law;

    #[test]
    fn orders_by_pairs_are_the_moments_on_the_circle() {
        let tokens = Law::Uniform.sample(50, 2, 4);
        let moments = tokens.moments(ORDERS);
        for (k, order) in zonal_orders(&tokens).iter().enumerate() {
            assert!((order - moments.order_parameter(k + 1)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_energy_in_higher_dimension_is_the_double_sum() {
        let tokens = Law::Uniform.sample(12, 5, 4);
        let beta = 2.0;
        let attention = Attention {
            beta,
            normalisation: Normalisation::Softmax,
        };
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        let side = TokenSide::observe(
            &tokens,
            &mut dynamics,
            &Kernel::new(beta),
            0.1,
            Work::default(),
        );
        let mut pairs = 0.0;
        for x in tokens.rows() {
            for y in tokens.rows() {
                pairs += (beta * dot(x, y)).exp() / 144.0;
            }
        }
        assert!((side.energy - pairs / (2.0 * beta)).abs() < 1e-14 * pairs);
    }
}
