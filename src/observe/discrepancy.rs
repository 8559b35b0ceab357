//! The kernel discrepancy √(2E_β[μ_n − ρ]) between tokens and density.

use crate::dynamics::Kernel;
use crate::measure::{Moments, Particles};
use crate::sphere::geometry::dot;

/// √(2E_β\[μ_n − ρ\]): from the moments of the difference where both sides have the same ones; of the tokens their moments, if they have any, and
/// ∬e^{β(⟨x,y⟩−1)}dμdμ.
pub(super) fn discrepancy(
    kernel: &Kernel,
    tokens: &Particles,
    (own, self_potential): (Option<&Moments>, f64),
    axis: &[f64],
    moments: &Moments,
) -> f64 {
    match own {
        Some(own) if own.domain() == moments.domain() => kernel.energy_norm(&own.minus(moments)),
        // the double sum over tokens is no norm where the kernel is not positive
        _ if kernel.beta < 0.0 => f64::NAN,
        _ => of_zonal(kernel, tokens, self_potential, axis, moments),
    }
}

/// √(2E_β[μ_n − ρ]) of tokens and a zonal density: 2E of the tokens by all pairs, the rest from moments, to which only the
/// tokens' average around the axis contributes. The difference of the three terms loses what √(1e-16) loses.
fn of_zonal(
    kernel: &Kernel,
    tokens: &Particles,
    self_potential: f64,
    axis: &[f64],
    moments: &Moments,
) -> f64 {
    let along = tokens.zonal_moments(axis, kernel.degree());
    let own = if kernel.beta == 0.0 {
        let mean = tokens.mean();
        dot(&mean, &mean)
    } else {
        (self_potential - kernel.potential[0]) / kernel.beta
    };
    let cross = along.product(moments, &kernel.over_beta);
    let square = own - 2.0 * cross + moments.quadratic(&kernel.over_beta);
    (0.5 * kernel.beta).exp() * square.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation, TokenDynamics};
    use crate::measure::{Density, Law};
    use crate::sphere::Domain;

    #[test]
    fn the_discrepancy_to_a_zonal_density_is_the_same_by_pairs_and_by_moments() {
        // on S² both ways exist: all harmonics, or the tokens' pairs and their average around the axis
        let law = Law::VonMisesFisher {
            concentration: 2.0,
            mean: vec![0.0, 0.6, -0.8],
        };
        let tokens = law.sample(30, 3, 8);
        for beta in [0.0, 1.0, 9.0] {
            let kernel = Kernel::new(3, beta);
            let sphere = Density::from_law(&law, Domain::Sphere, 0, 0.0, 40).unwrap();
            let zonal = Density::from_law(&law, Domain::Zonal(3), 0, 0.0, 40).unwrap();
            let own = tokens.moments(kernel.degree());
            let attention = Attention::new(beta, Normalisation::Softmax);
            let mut dynamics = TokenDynamics::new(attention, &tokens);
            dynamics.drift(&tokens.positions, &mut [0.0; 90]);
            let self_potential: f64 = dynamics.potential.iter().sum::<f64>() / 30.0;
            let one = kernel.energy_norm(&own.minus(&sphere.moments()));
            let two = of_zonal(
                &kernel,
                &tokens,
                self_potential,
                &zonal.axis,
                &zonal.moments(),
            );
            assert!(
                (one - two).abs() < 1e-12 * one.max(1.0),
                "β {beta}: {one} {two}"
            );
        }
    }
}
