//! The tendency on S², by spherical harmonics (see [`super`] for the scheme).
//!
//! With x = cos θ and longitude φ the flux has F·∇x/(1−x²) = ρ (1−x²)∂_xZ/((1−x²)βZ) and F·∇φ = ρ ∂_φZ/((1−x²)βZ); both
//! scalars (1−x²)∂_xZ and ∂_φZ come from scalar transforms, at the kernel's degree, and so does the weak divergence.
//! The grid has L + B/2 latitudes and 2L + B longitudes, where B ≤ L bounds the degrees of the velocity: the degrees ≤ L of
//! the flux are free of aliasing.

mod lanes;

use crate::dynamics::transport::Transport;
use rayon::prelude::*;

use super::circle::FLOOR;
use crate::dynamics::{Attention, Kernel};
use crate::machine::fft::batched::{LANES, LatitudePack};
use crate::sphere::{Domain, SpherePlan};
use lanes::{Potential, Velocity};

/// The right-hand side for degree L, with its plan and scratch.
#[derive(Debug, Clone)]
pub struct SphereMeanField {
    attention: Attention,
    kernel: Kernel,
    modes: usize,
    plan: SpherePlan,
    /// (λ_ℓ/β) c_ℓm, of the smaller of L and the kernel's degree.
    smooth: Vec<f64>,
    /// That of (1−x²)∂_x, one degree more.
    meridional_smooth: Vec<f64>,
    /// ρ on the grid, folded at the equator as all fields here ([`crate::sphere::parallels`]).
    density: Vec<LatitudePack>,
    /// Z e^{−β}.
    potential: Vec<LatitudePack>,
    /// v·∇x/(1−x²) and v·∇φ; then times ρ.
    meridional: Vec<LatitudePack>,
    zonal: Vec<LatitudePack>,
    wide: [Vec<f64>; 2],
    fastest: f64,
}

/// The velocity is taken to have this many times the kernel's degrees (its spectrum decays as fast as the kernel's), and
/// never more than L: what the grid must be fine enough for beside ρ.
const BANDWIDTH: usize = 3;

/// The smallest even number 2^a 3^b 5^c ≥ `least`: a quick Fourier transform.
fn round_size(least: usize) -> usize {
    (least..)
        .find(|n| {
            let mut rest = *n;
            for prime in [2, 3, 5] {
                while rest % prime == 0 {
                    rest /= prime;
                }
            }
            n % 2 == 0 && rest == 1
        })
        .unwrap_or(least)
}

impl SphereMeanField {
    /// A tendency for degree L = `modes` ≥ 2.
    #[must_use]
    pub fn new(attention: Attention, modes: usize) -> Self {
        let kernel = attention.kernel(3);
        let velocity = modes.min(BANDWIDTH * kernel.degree() + 8);
        let latitudes = (modes + velocity / 2 + 2).next_multiple_of(2);
        let longitudes = round_size(2 * modes + velocity + 4);
        Self::with_grid(attention, modes, latitudes, longitudes)
    }

    /// The right-hand side on a grid of one's own, of more than 2L + 2 longitudes; products alias if it is coarser than [`SphereMeanField::new`]'s.
    #[must_use]
    pub fn with_grid(
        attention: Attention,
        modes: usize,
        latitudes: usize,
        longitudes: usize,
    ) -> Self {
        let kernel = attention.kernel(3);
        let plan = SpherePlan::new(modes + 1, latitudes, longitudes);
        let smooth = modes.min(kernel.degree());
        let length = |degree| Domain::Sphere.length(degree);
        let field = vec![LatitudePack::default(); plan.folded_length()];
        Self {
            attention,
            modes,
            smooth: vec![0.0; length(smooth)],
            meridional_smooth: vec![0.0; length(smooth + 1)],
            density: field.clone(),
            potential: field.clone(),
            meridional: field.clone(),
            zonal: field,
            wide: [vec![0.0; length(modes + 1)], vec![0.0; length(modes + 1)]],
            fastest: 0.0,
            kernel,
            plan,
        }
    }

    /// `tendency` ← the coefficients of −div(ρv), both of length (L+1)(L+2).
    pub fn tendency(&mut self, state: &[f64], tendency: &mut [f64]) {
        self.velocity::<true>(state);
        let [a, b] = &mut self.wide;
        self.plan
            .weak_divergence(&mut self.meridional, &mut self.zonal, a, b, tendency);
        // ∇Y_00 = 0, and the sums above cancel only to rounding
        tendency[0] = 0.0;
    }

    /// ρ, Ze^{−β} and v on the grid, or with `FLUX` ρv instead of v.
    fn velocity<const FLUX: bool>(&mut self, state: &[f64]) {
        let degree = Domain::Sphere.degree(self.smooth.len());
        let kernel = &self.kernel;
        // Z = λ_0 + β · the series of λ_ℓ/β, ℓ ≥ 1
        cut(
            state,
            self.modes,
            degree,
            |l| kernel.over_beta[l],
            &mut self.smooth,
        );
        self.plan
            .meridional(&self.smooth, &mut self.meridional_smooth);
        self.plan.synthesis_folded(state, &mut self.density);
        self.plan.with_gradient(
            &self.smooth,
            &self.meridional_smooth,
            &mut self.potential,
            &mut self.meridional,
            &mut self.zonal,
        );
        let softmax = self.attention.normalisation.sums_to_one();
        let transport = Transport::new(self.attention);
        let transport = if softmax {
            transport.above(FLOOR * self.complete_potential(state[0]))
        } else {
            transport
        };
        self.fastest = self.divide::<FLUX>(transport).sqrt();
    }

    /// Z e^{−β} from its series without the constant; returns its maximum.
    fn complete_potential(&mut self, mass: f64) -> f64 {
        let (n, arch) = (self.plan.longitudes(), crate::machine::registers::arch());
        let (constant, beta) = (self.kernel.potential[0] * mass, self.kernel.beta);
        let each = |potential: &mut [LatitudePack]| {
            arch.dispatch(Potential {
                potential,
                constant,
                beta,
            })
        };
        if self.plan.parallel(self.modes) {
            (self.potential.par_chunks_exact_mut(n).map(each)).reduce(|| 0.0, f64::max)
        } else {
            (self.potential.chunks_exact_mut(n).map(each)).fold(0.0, f64::max)
        }
    }

    /// From the gradient to v, or with `FLUX` to ρv, block by block; returns max |v|².
    fn divide<const FLUX: bool>(&mut self, transport: Transport) -> f64 {
        let (n, arch) = (self.plan.longitudes(), crate::machine::registers::arch());
        let each = |((((meridional, zonal), potential), density), cosines): Block<'_>| {
            arch.dispatch(Velocity::<FLUX> {
                cosines,
                transport,
                meridional,
                zonal,
                potential,
                density,
            })
        };
        let (cosines, _) = self.plan.blocks();
        if self.plan.parallel(self.modes) {
            (self.meridional.par_chunks_exact_mut(n))
                .zip(self.zonal.par_chunks_exact_mut(n))
                .zip(self.potential.par_chunks_exact(n))
                .zip(self.density.par_chunks_exact(n))
                .zip(cosines)
                .map(each)
                .reduce(|| 0.0, f64::max)
        } else {
            (self.meridional.chunks_exact_mut(n))
                .zip(self.zonal.chunks_exact_mut(n))
                .zip(self.potential.chunks_exact(n))
                .zip(self.density.chunks_exact(n))
                .zip(cosines)
                .map(each)
                .fold(0.0, f64::max)
        }
    }

    /// max |v| on the grid at the last evaluation.
    #[must_use]
    pub(crate) fn fastest(&self) -> f64 {
        self.fastest
    }

    /// See [`super::MeanField::dissipation_and_minimum`].
    pub(crate) fn dissipation_and_minimum(&mut self, state: &[f64]) -> (f64, f64) {
        self.velocity::<false>(state);
        let transport = Transport::new(self.attention);
        let n = self.plan.longitudes();
        let (mut sum, mut minimum) = (0.0, f64::INFINITY);
        let (cosines, weights) = self.plan.blocks();
        for (block, (cosines, weights)) in cosines.iter().zip(weights).enumerate() {
            let mut along = [0.0; LANES];
            for at in block * n..(block + 1) * n {
                let fields = [
                    &self.meridional,
                    &self.zonal,
                    &self.potential,
                    &self.density,
                ];
                let [u, w, z, rho] = fields.map(|field| &field[at].0);
                for part in 0..2 {
                    for lane in 0..LANES {
                        let rho = rho[part][lane];
                        let mobility = transport.mobility(z[part][lane]);
                        let square = u[part][lane].powi(2) + w[part][lane].powi(2);
                        along[lane] += square * mobility * rho;
                        minimum = minimum.min(rho);
                    }
                }
            }
            for ((x, weight), along) in cosines.iter().zip(weights).zip(along) {
                sum += weight * (1.0 - x) * (1.0 + x) * along;
            }
        }
        (sum / self.attention.value, minimum)
    }

    /// ∫ρ dσ by quadrature, for the density of the last evaluation.
    #[must_use]
    pub(crate) fn mass(&self) -> f64 {
        let blocks = self.density.chunks_exact(self.plan.longitudes());
        (blocks.zip(self.plan.blocks().1))
            .map(|(block, weights)| {
                let parts = block.iter().flat_map(|LatitudePack(parts)| parts);
                parts
                    .map(|part| part.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>())
                    .sum::<f64>()
            })
            .sum()
    }
}

/// The two parts of the gradient, Z and ρ of a block, and the cosines of its latitudes.
type Block<'a> = (
    (
        (
            (&'a mut [LatitudePack], &'a mut [LatitudePack]),
            &'a [LatitudePack],
        ),
        &'a [LatitudePack],
    ),
    &'a [f64; LANES],
);

/// The coefficients of degree ≤ `to`, each times `factor`(ℓ).
fn cut(state: &[f64], from: usize, to: usize, factor: impl Fn(usize) -> f64, out: &mut [f64]) {
    use crate::sphere::domain::sphere_row;
    for order in 0..=to {
        let source = &state[sphere_row(from, order)..];
        let target = &mut out[sphere_row(to, order)..][..2 * (to - order + 1)];
        for (index, (pair, old)) in target
            .chunks_exact_mut(2)
            .zip(source.chunks_exact(2))
            .enumerate()
        {
            let factor = factor(order + index);
            (pair[0], pair[1]) = (factor * old[0], factor * old[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;
    use crate::dynamics::definition;
    use crate::measure::{Density, Law, Particles};
    use crate::sphere::harmonics::at_point;

    fn law() -> Law {
        Law::Mixture {
            means: vec![vec![0.0, 0.6, 0.8], vec![1.0, 0.0, 0.0]],
            concentrations: vec![4.0, 2.0],
            masses: vec![0.6, 0.4],
        }
    }

    /// −∇ρ·v − ρ div v at a point, v and div v of the density as the weighted points of a fine grid.
    fn by_definition(attention: Attention, density: &Density, x: &[f64; 3]) -> f64 {
        let mut plan = SpherePlan::new(density.modes(), 80, 160);
        let mut rho = vec![0.0; plan.points()];
        plan.synthesis(&density.state, &mut rho);
        let point = |p: usize| {
            let c = plan.cosines()[p / 160];
            let (sin, cos) = (std::f64::consts::TAU * (p % 160) as f64 / 160.0).sin_cos();
            let r = (1.0 - c * c).sqrt();
            [r * cos, r * sin, c]
        };
        let rows = (0..rho.len()).flat_map(point).collect();
        let weights = (rho.iter().enumerate())
            .map(|(p, value)| plan.weights()[p / 160] / 160.0 * value)
            .collect();
        let points = Particles::with_raw_weights(3, rows, weights);
        let velocity = definition::velocity(attention, &points, x);
        let divergence = definition::divergence(attention, &points, x);
        let value = |x: &[f64]| -> f64 {
            at_point(x, density.modes())
                .iter()
                .zip(&density.state)
                .map(|(y, c)| y * c)
                .sum()
        };
        // the derivative of ρ along v by a high-order central difference on the great circle
        let size = velocity.iter().map(|v| v * v).sum::<f64>().sqrt();
        let at = |s: f64| {
            let y: Vec<f64> = (0..3)
                .map(|i| s.cos() * x[i] + s.sin() * velocity[i] / size)
                .collect();
            value(&y)
        };
        let h = 2e-3;
        let slope = (45.0 * (at(h) - at(-h)) - 9.0 * (at(2.0 * h) - at(-2.0 * h)) + at(3.0 * h)
            - at(-3.0 * h))
            / (60.0 * h);
        -slope * size - value(x) * divergence
    }

    #[test]
    fn the_tendency_is_the_divergence_of_the_flux() {
        let x = [0.48, -0.64, 0.6];
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            for beta in [0.0, 1.0, 9.0] {
                let attention = Attention::new(beta, normalisation);
                let density = Density::from_law(&law(), Domain::Sphere, 0, 0.0, 40).unwrap();
                let mut field = SphereMeanField::new(attention, 40);
                let mut rate = vec![0.0; density.state.len()];
                field.tendency(&density.state, &mut rate);
                assert_eq!(rate[0], 0.0, "mass is conserved exactly");
                let series: f64 = at_point(&x, 40).iter().zip(&rate).map(|(y, c)| y * c).sum();
                let exact = by_definition(attention, &density, &x);
                assert!(
                    (series - exact).abs() < 1e-9 * attention.speed(),
                    "{attention:?}: {series} {exact}"
                );
                assert!((field.mass() - 1.0).abs() < 1e-13);
            }
        }
    }
}
