//! The tendency of a zonal density on S^{d−1}, by Gegenbauer polynomials in c = ⟨x,e⟩ (see [`super`] for the scheme).
//!
//! The velocity has the length u = √(1−c²) Z'(c)/(βZ) along the meridians, and the weak divergence is
//! ∫u ρ √(1−c²) p_ℓ' dσ. All values are half-weighted (times √w_j, see [`crate::sphere::gegenbauer`]): in d = 128 the weights
//! of the outer nodes are below 1e-60 and nothing is lost or amplified by that. 3L/2 nodes.
//!
//! What a series in L²(σ) cannot do in high dimension is a density that has left σ: with |m| near one its coefficients
//! reach √N_ℓ, many orders of magnitude, and the small ones lose their digits. The run watches that
//! (`run::density`) and gives the density up as under-resolved.

use super::circle::FLOOR;
use crate::dynamics::transport::Transport;
use crate::dynamics::{Attention, Kernel};
use crate::sphere::ZonalPlan;

/// Values of ρ count for the minimum where they are known to about 1e-6: √w_j above this share of the largest √w_j ρ_j.
const KNOWN: f64 = 1e-9;

/// The right-hand side for degree L, with its plan and scratch.
#[derive(Debug, Clone)]
pub struct ZonalMeanField {
    attention: Attention,
    kernel: Kernel,
    plan: ZonalPlan,
    roots: Vec<f64>,
    smooth: Vec<f64>,
    density: Vec<f64>,
    potential: Vec<f64>,
    /// u, not weighted.
    speed: Vec<f64>,
    flux: Vec<f64>,
    fastest: f64,
}

impl ZonalMeanField {
    /// A tendency on S^{d−1} for degree L = `modes` ≥ 2.
    #[must_use]
    pub fn new(dimension: usize, attention: Attention, modes: usize) -> Self {
        let count = (3 * modes / 2 + 2).next_multiple_of(8);
        let kernel = attention.kernel(dimension);
        let plan = ZonalPlan::new(dimension, modes, count);
        Self {
            attention,
            smooth: vec![0.0; modes.min(kernel.degree()) + 1],
            roots: plan.quadrature.weights.iter().map(|w| w.sqrt()).collect(),
            density: vec![0.0; count],
            potential: vec![0.0; count],
            speed: vec![0.0; count],
            flux: vec![0.0; count],
            fastest: 0.0,
            kernel,
            plan,
        }
    }

    /// `tendency` ← the coefficients of −div(ρv), both of length L + 1.
    pub fn tendency(&mut self, state: &[f64], tendency: &mut [f64]) {
        self.velocity(state);
        for ((flux, u), rho) in self.flux.iter_mut().zip(&self.speed).zip(&self.density) {
            *flux = u * rho;
        }
        self.plan.slope_analysis(&self.flux, tendency);
        tendency[0] = 0.0;
    }

    /// ρ and Ze^{−β}, half-weighted, and u on the nodes.
    fn velocity(&mut self, state: &[f64]) {
        let kernel = &self.kernel;
        self.plan.synthesis(state, &mut self.density);
        for (l, slot) in self.smooth.iter_mut().enumerate() {
            *slot = kernel.potential[l] * state[l];
        }
        self.plan.synthesis(&self.smooth, &mut self.potential);
        for (l, slot) in self.smooth.iter_mut().enumerate() {
            *slot = kernel.over_beta[l] * state[l];
        }
        self.plan.slope_synthesis(&self.smooth, &mut self.speed);
        let top = (self.potential.iter().zip(&self.roots))
            .filter(|(_, root)| **root > 1e-150)
            .map(|(z, root)| z / root)
            .fold(0.0, f64::max);
        let transport = Transport::new(self.attention);
        let mut fastest = 0.0_f64;
        for ((u, z), root) in self.speed.iter_mut().zip(&self.potential).zip(&self.roots) {
            // a node whose weight underflows has no mass and no velocity; in a quotient with Z half-weights cancel
            *u = if *root == 0.0 {
                0.0
            } else if transport.divides() {
                transport.above(FLOOR * top * root).velocity(*u, *z)
            } else {
                transport.velocity(*u / root, *z)
            };
            fastest = if u.abs() > fastest { u.abs() } else { fastest };
        }
        self.fastest = fastest;
    }

    /// max |v| on the nodes at the last evaluation.
    #[must_use]
    pub(crate) fn fastest(&self) -> f64 {
        self.fastest
    }

    /// See [`super::MeanField::dissipation_and_minimum`]; the minimum is over the nodes where ρ is known to about 1e-6.
    pub(crate) fn dissipation_and_minimum(&mut self, state: &[f64]) -> (f64, f64) {
        self.velocity(state);
        let transport = Transport::new(self.attention);
        let largest = self.density.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
        let (mut sum, mut minimum) = (0.0, f64::INFINITY);
        for (j, root) in self.roots.iter().enumerate() {
            let (u, rho) = (self.speed[j], self.density[j]);
            if *root > 0.0 {
                sum += u * u * transport.mobility(self.potential[j] / root) * root * rho;
            }
            if *root > KNOWN * largest {
                minimum = minimum.min(rho / root);
            }
        }
        (sum / self.attention.value, minimum)
    }

    /// ∫ρ dσ by quadrature, for the density of the last evaluation.
    #[must_use]
    pub(crate) fn mass(&self) -> f64 {
        self.density
            .iter()
            .zip(&self.roots)
            .map(|(rho, root)| rho * root)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;
    use crate::dynamics::{CircleMeanField, SphereMeanField};
    use crate::measure::{Density, Law};
    use crate::sphere::Domain;

    fn both() -> [Normalisation; 2] {
        [Normalisation::Softmax, Normalisation::None]
    }

    #[test]
    fn in_two_dimensions_the_tendency_is_that_of_the_circle_on_even_data() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.1, 0.2],
            sine: vec![],
        };
        for normalisation in both() {
            for beta in [0.0, 1.0, 9.0] {
                let attention = Attention::new(beta, normalisation);
                let circle = Density::from_law(&law, Domain::Circle, 0, 0.0, 48).unwrap();
                let zonal = Density::from_law(&law, Domain::Zonal(2), 0, 0.0, 48).unwrap();
                let (mut a, mut b) = (vec![0.0; 98], vec![0.0; 49]);
                CircleMeanField::new(attention, 48).tendency(&circle.state, &mut a);
                ZonalMeanField::new(2, attention, 48).tendency(&zonal.state, &mut b);
                for k in 1..=48 {
                    let difference = a[2 * k] * std::f64::consts::SQRT_2 - b[k];
                    assert!(
                        difference.abs() < 1e-12 * attention.speed(),
                        "{attention:?} k {k}: {difference:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn in_three_dimensions_the_tendency_is_that_of_the_sphere() {
        let law = Law::Zonal {
            coefficients: vec![0.4, 0.2, -0.1],
            axis: vec![0.0, 0.0, 1.0],
        };
        for normalisation in both() {
            for beta in [0.0, 1.0, 9.0] {
                let attention = Attention::new(beta, normalisation);
                let sphere = Density::from_law(&law, Domain::Sphere, 0, 0.0, 40).unwrap();
                let zonal = Density::from_law(&law, Domain::Zonal(3), 0, 0.0, 40).unwrap();
                let (mut a, mut b) = (vec![0.0; sphere.state.len()], vec![0.0; 41]);
                let (mut wide, mut narrow) = (
                    SphereMeanField::new(attention, 40),
                    ZonalMeanField::new(3, attention, 40),
                );
                wide.tendency(&sphere.state, &mut a);
                narrow.tendency(&zonal.state, &mut b);
                for l in 1..=40 {
                    assert!(
                        (a[2 * l] - b[l]).abs() < 1e-12 * attention.speed(),
                        "{attention:?} ℓ {l}"
                    );
                }
                let (one, two) = (
                    wide.dissipation_and_minimum(&sphere.state),
                    narrow.dissipation_and_minimum(&zonal.state),
                );
                assert!((one.0 - two.0).abs() < 1e-12 * one.0, "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn a_small_perturbation_of_high_dimension_grows_by_its_rate() {
        for dimension in [3, 8, 128, 1000] {
            for normalisation in both() {
                let attention = Attention::new(5.0, normalisation);
                let mut field = ZonalMeanField::new(dimension, attention, 32);
                for l in 1..=8 {
                    let mut state = vec![0.0; 33];
                    (state[0], state[l]) = (1.0, 1e-7);
                    let mut rate = vec![0.0; 33];
                    field.tendency(&state, &mut rate);
                    // λ_ℓ/(βλ_0) ℓ(ℓ+d−2)
                    let kernel = &field.kernel;
                    let scale = if normalisation.sums_to_one() {
                        1.0 / kernel.potential[0]
                    } else {
                        attention.speed()
                    };
                    let exact = kernel.over_beta[l] * scale * (l * (l + dimension - 2)) as f64;
                    assert!(
                        (rate[l] / 1e-7 - exact).abs() < 1e-5 * attention.speed(),
                        "d {dimension} ℓ {l}: {} {exact}",
                        rate[l] / 1e-7
                    );
                }
            }
        }
    }
}
