//! The kernel discrepancy √(2E_β[μ_n − ρ]) between tokens and density.

use crate::dynamics::Kernel;
use crate::dynamics::general::rows::Exponentials;
use crate::machine::registers::arch;
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
        // where the kernel is not positive, the norm with |λ_ℓ/β|: that of |β|
        _ if kernel.beta < 0.0 => {
            let positive = Kernel::new(kernel.dimension, -kernel.beta);
            let own = mean_potential(positive.beta, tokens, tokens);
            of_zonal(&positive, tokens, own, axis, moments)
        }
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

/// √(2E_β\[μ − ν\]) of two sets of points, of which ∬e^{β(⟨x,y⟩−1)}dμdμ and the like of ν are known; NaN for β ≤ 0, where the double sums
/// are no norm.
pub(super) fn between_points(
    kernel: &Kernel,
    one: (&Particles, f64),
    two: (&Particles, f64),
) -> f64 {
    if kernel.beta <= 0.0 {
        return f64::NAN;
    }
    let cross = mean_potential(kernel.beta, one.0, two.0);
    let square = (one.1 - 2.0 * cross + two.1) / kernel.beta;
    (0.5 * kernel.beta).exp() * square.max(0.0).sqrt()
}

/// ∬ e^{β(⟨x,y⟩−1)} dμdν, β > 0.
fn mean_potential(beta: f64, one: &Particles, two: &Particles) -> f64 {
    let mut logits = vec![0.0; two.count()];
    (one.rows().zip(&one.weights))
        .map(|(x, w)| {
            for (logit, y) in logits.iter_mut().zip(two.rows()) {
                *logit = beta * (dot(x, y) - 1.0);
            }
            w * arch().dispatch(Exponentials {
                top: 0.0,
                weights: &two.weights,
                logits: &mut logits,
            })
        })
        .sum()
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

    #[test]
    fn between_points_and_at_negative_beta_it_is_that_of_the_moments() {
        let (one, two) = (
            Law::Uniform.sample(20, 3, 1),
            Law::Hemisphere.sample(50, 3, 2),
        );
        let kernel = Kernel::new(3, 4.0);
        let known = |points: &Particles| mean_potential(4.0, points, points);
        let found = between_points(&kernel, (&one, known(&one)), (&two, known(&two)));
        let exact = kernel.energy_norm(&one.moments(60).minus(&two.moments(60)));
        assert!((found / exact - 1.0).abs() < 1e-10, "{found} {exact}");
        let negative = Kernel::new(3, -4.0);
        let law = Law::VonMisesFisher {
            concentration: 2.0,
            mean: vec![0.0, 0.0, 1.0],
        };
        let sphere = Density::from_law(&law, Domain::Sphere, 0, 0.0, 40).unwrap();
        let zonal = Density::from_law(&law, Domain::Zonal(3), 0, 0.0, 40).unwrap();
        let own = one.moments(negative.degree());
        let exact = negative.energy_norm(&own.minus(&sphere.moments()));
        let known = (None, f64::NAN);
        let found = discrepancy(&negative, &one, known, &zonal.axis, &zonal.moments());
        assert!((found / exact - 1.0).abs() < 1e-9, "{found} {exact}");
    }
}
