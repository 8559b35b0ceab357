//! The mean-field tendency on the circle, pseudo-spectrally: ∂_tρ = −∂_θ(g · (1/β)∂_θZ) with mobility g = ρ/Z for (SA),
//! g = ρ for (USA) (3.4), (3.8). The noise term DΔρ is diagonal and belongs to the exponential stepper.
//!
//! ρ has K modes and lives on N = 3K points: Z and its slope are smooth (the kernel's multipliers decay like
//! e^{−k²/2β}), so the product with ρ is free of aliasing in |k| ≤ K as long as the velocity has at most K modes, and
//! the tail that the resolution follows tells when it has not. The flux form has no k = 0 term: mass is conserved
//! to the last bit.

mod lanes;

use crate::dynamics::circle_cells::polynomials::{CellField, enough_cells};
use crate::dynamics::dispatch::POINTS_PER_CELL;
use crate::dynamics::transport::Transport;
use crate::dynamics::{Attention, Kernel};
use crate::machine::aligned::AlignedVec;
use crate::measure::density::coefficient;
use crate::sphere::{CirclePlan, Complex};
use lanes::{Divergence, Flux};

/// (SA) divides by Z only where Z exceeds this share of its maximum. Since ρ ≲ √(2πβ) Z, the mass beyond is below
/// 1e-12, and Z itself is rounding noise there (architecture: far from the mass the series has no digits).
pub(super) const FLOOR: f64 = 1e-14;

/// Points per mode of the working grid.
pub(crate) const POINTS_PER_MODE: usize = 3;

/// The right-hand side for K modes, with its plan and scratch.
#[derive(Debug, Clone)]
pub struct CircleMeanField {
    attention: Attention,
    kernel: Kernel,
    modes: usize,
    plan: CirclePlan,
    /// Z and its slope by cells, where the grid has many points in each.
    cells: Option<Box<CellField>>,
    density: AlignedVec<f64>,
    total: Vec<f64>,
    /// ρv.
    flux: AlignedVec<f64>,
    /// v, after the slope that it comes from.
    slope: AlignedVec<f64>,
    potential: AlignedVec<f64>,
    fastest: f64,
}

impl CircleMeanField {
    /// A tendency on K = `modes` ≥ 2 modes.
    #[must_use]
    pub fn new(attention: Attention, modes: usize) -> Self {
        Self::with_points(attention, modes, POINTS_PER_MODE * modes)
    }

    /// The right-hand side on a grid of another size, more than 2K points: with fewer than three a mode the flux has aliases.
    #[must_use]
    pub fn with_points(attention: Attention, modes: usize, points: usize) -> Self {
        let kernel = attention.kernel(2);
        let cells = enough_cells(&kernel);
        let by_cells = points.is_multiple_of(cells) && points >= POINTS_PER_CELL * cells;
        Self {
            attention,
            modes,
            cells: by_cells.then(|| Box::new(CellField::on_grid(&kernel, cells, points / cells))),
            kernel,
            plan: CirclePlan::new(points),
            density: AlignedVec::new(points),
            total: vec![0.0; 2 * modes + 2],
            flux: AlignedVec::new(points),
            slope: AlignedVec::new(points),
            potential: AlignedVec::new(points),
            fastest: 0.0,
        }
    }

    /// `tendency` ← the coefficients of −∂_θ(ρv), both as re, im, re, im, … of length 2(K+1).
    pub fn tendency(&mut self, state: &[f64], tendency: &mut [f64]) {
        self.velocity(state, false);
        let (flux, scale) = self.plan.analysis_of(&mut self.flux, self.modes);
        crate::machine::registers::arch().dispatch(Divergence {
            flux,
            scale,
            tendency,
        });
    }

    /// The tendencies of J densities ρ_j, one after the other, whose members turn by ω_j beside moving in the common field of
    /// Σ_j w_jρ_j: −∂_θ(ρ_j(ω_j + v)).
    pub fn tendency_of_populations(
        &mut self,
        states: &[f64],
        frequencies: &[f64],
        weights: &[f64],
        tendencies: &mut [f64],
    ) {
        let width = 2 * self.modes + 2;
        let mut total = std::mem::take(&mut self.total);
        mix(states, weights, &mut total);
        self.velocity(&total, true);
        self.total = total;
        for ((state, out), omega) in (states.chunks_exact(width))
            .zip(tendencies.chunks_exact_mut(width))
            .zip(frequencies)
        {
            self.plan
                .synthesis(self.modes, |k| coefficient(state, k), &mut self.density);
            for (rho, v) in self.density.iter_mut().zip(self.slope.iter()) {
                *rho *= v;
            }
            self.plan.analysis(&self.density, self.modes, |k, flux| {
                let k = k as f64;
                let c = 2 * k as usize;
                // −ik(flux + ω c_k)
                out[c] = k * (flux.im + omega * state[c + 1]);
                out[c + 1] = -k * (flux.re + omega * state[c]);
            });
        }
    }

    /// ρ and ρv on the grid, and if they are kept v (in `slope`) and Ze^{−β}.
    fn velocity(&mut self, state: &[f64], keep: bool) {
        let (modes, kernel) = (self.modes, &self.kernel);
        let smooth = modes.min(kernel.degree());
        self.plan
            .synthesis(modes, |k| coefficient(state, k), &mut self.density);
        let transport = Transport::new(self.attention);
        if let Some(cells) = &mut self.cells {
            cells.set(smooth, |k| coefficient(state, k));
            let transport = transport.above(FLOOR * cells.largest_potential());
            let kept = keep.then_some([&mut self.slope[..], &mut self.potential[..]]);
            self.fastest = cells.carry(transport, &self.density, &mut self.flux, kept);
            return;
        }
        let gradient =
            |k: usize| coefficient(state, k) * Complex::new(0.0, k as f64 * kernel.over_beta[k]);
        self.plan.synthesis(smooth, gradient, &mut self.slope);
        self.plan.synthesis(
            smooth,
            |k| coefficient(state, k) * kernel.potential[k],
            &mut self.potential,
        );
        let floor = FLOOR * self.potential.iter().copied().fold(0.0, f64::max);
        self.fastest = crate::machine::registers::arch().dispatch(Flux {
            transport: transport.above(floor),
            density: &self.density,
            flux: &mut self.flux,
            velocity: &mut self.slope,
            potential: &self.potential,
        });
    }

    /// max |v| on the grid at the last evaluation; with K modes the advection has frequencies up to K·max |v|.
    #[must_use]
    pub fn fastest(&self) -> f64 {
        self.fastest
    }

    /// dE/dt by the drift alone: (SA) ∫v²Z dμ, (USA) ∫v² dμ, and the smallest value of ρ on the grid.
    pub(crate) fn dissipation_and_minimum(&mut self, state: &[f64]) -> (f64, f64) {
        self.velocity(state, true);
        let transport = Transport::new(self.attention);
        let (mut sum, mut minimum) = (0.0, f64::INFINITY);
        for ((v, rho), z) in self
            .slope
            .iter()
            .zip(self.density.iter())
            .zip(self.potential.iter())
        {
            sum += v * v * transport.mobility(*z) * rho;
            minimum = minimum.min(*rho);
        }
        (
            sum / (self.attention.value * self.density.len() as f64),
            minimum,
        )
    }

    /// ∫ρ dσ by quadrature, for the density of the last evaluation.
    #[must_use]
    pub(crate) fn mass(&self) -> f64 {
        self.density.iter().sum::<f64>() / self.density.len() as f64
    }
}

/// `total` ← Σ_j w_j state_j.
pub fn mix(states: &[f64], weights: &[f64], total: &mut [f64]) {
    total.fill(0.0);
    for (state, w) in states.chunks_exact(total.len()).zip(weights) {
        (total.iter_mut().zip(state)).for_each(|(t, c)| *t += w * c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;
    use crate::dynamics::definition;
    use crate::measure::{Density, Law, Particles};
    use crate::sphere::Domain;

    /// −∂_θ(ρv) = −ρ'v − ρ div v at a point, v and div v of the density as 4096 weighted points.
    fn by_definition(attention: Attention, density: &Density, theta: f64) -> f64 {
        let n = 4096;
        let mut plan = CirclePlan::new(n);
        let mut rho = vec![0.0; n];
        density.values(&mut plan, &mut rho);
        let angle = |j: usize| std::f64::consts::TAU * j as f64 / n as f64;
        let rows = (0..n)
            .flat_map(|j| [angle(j).cos(), angle(j).sin()])
            .collect();
        let weights = rho.iter().map(|value| value / n as f64).collect();
        let points = Particles::with_raw_weights(2, rows, weights);
        let x = [theta.cos(), theta.sin()];
        let velocity = definition::velocity(attention, &points, &x);
        let v = velocity[1] * x[0] - velocity[0] * x[1];
        let dv = definition::divergence(attention, &points, &x);
        let series = |f: &dyn Fn(usize, Complex) -> f64| -> f64 {
            (1..=density.modes())
                .map(|k| {
                    2.0 * f(
                        k,
                        density.coefficient(k) * Complex::from_polar(1.0, k as f64 * theta),
                    )
                })
                .sum()
        };
        let here = 1.0 + series(&|_, c| c.re);
        let slope = series(&|k, c| -(k as f64) * c.im);
        -slope * v - here * dv
    }

    #[test]
    fn a_fine_grid_by_cells_has_the_tendency_that_transforms_have() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.1, 0.2],
            sine: vec![0.0, 0.25],
        };
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let steep = if normalisation.sums_to_one() {
                1e4
            } else {
                100.0
            };
            for beta in [0.0, 1.0, 4.0, 9.0, 64.0, steep] {
                let attention = Attention::new(beta, normalisation);
                let cells = enough_cells(&attention.kernel(2));
                for points in [8 * cells, 9 * cells, 24 * cells, 37 * cells] {
                    let modes = points / 3;
                    let density = Density::from_law(&law, Domain::Circle, 0, 0.0, modes).unwrap();
                    let mut fine = CircleMeanField::with_points(attention, modes, points);
                    assert!(fine.cells.is_some());
                    let mut plain = CircleMeanField::with_points(attention, modes, points);
                    plain.cells = None;
                    let (mut a, mut b) = (density.state.clone(), density.state.clone());
                    fine.tendency(&density.state, &mut a);
                    plain.tendency(&density.state, &mut b);
                    let scale = attention.speed();
                    for (k, (a, b)) in a.iter().zip(&b).enumerate() {
                        // −ik·flux multiplies the rounding by k
                        let allowed = 1e-15 * scale * (4.0 + k as f64 / 2.0);
                        assert!((a - b).abs() < allowed, "β {beta} k {k}: {:e}", a - b);
                    }
                    assert!((fine.fastest() / plain.fastest().max(1e-300) - 1.0).abs() < 1e-11);
                }
            }
        }
    }

    #[test]
    fn the_tendency_is_the_divergence_of_the_flux() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.1, 0.2],
            sine: vec![0.0, 0.25],
        };
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            for beta in [0.0, 1.0, 9.0] {
                let attention = Attention::new(beta, normalisation);
                let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 128).unwrap();
                let mut field = CircleMeanField::new(attention, 128);
                let mut rate = Density {
                    domain: Domain::Circle,
                    axis: Vec::new(),
                    state: vec![0.0; 258],
                };
                field.tendency(&density.state, &mut rate.state);
                assert_eq!(
                    rate.coefficient(0),
                    Complex::default(),
                    "mass is conserved exactly"
                );
                for theta in [0.2, 1.9, 4.0] {
                    let series: f64 = (1..=128)
                        .map(|k| {
                            2.0 * (rate.coefficient(k) * Complex::from_polar(1.0, k as f64 * theta))
                                .re
                        })
                        .sum();
                    let exact = by_definition(attention, &density, theta);
                    assert!(
                        (series - exact).abs() < 1e-11 * attention.speed(),
                        "{attention:?} θ {theta}: {:e}",
                        series - exact
                    );
                }
            }
        }
    }
}
