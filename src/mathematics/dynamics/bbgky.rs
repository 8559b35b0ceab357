//! The BBGKY hierarchy on the circle, closed (8.1): ψ(t,x), the density of x = θ_2 − θ_1 against the uniform probability, for n
//! tokens of (USA) that start independent and uniform.
//!
//! With F(y) = −sin y e^{β cos y} = h'(y)/β and θ_i' = (1/n)Σ_jF(θ_i − θ_j),
//!
//!   ∂_tψ + ∂_x(vψ) = 0,   v(x) = (2/n)F(x) + (2(n−2)/n) E\[F(θ_3) | θ_1 = 0, θ_2 = x\],
//!
//! for the law of θ_3 is unchanged by θ_3 → x − θ_3. What is not known is that law. Closures:
//!
//! * mean-field: θ_3 is uniform whatever the others do, and the last term vanishes;
//! * Kirkwood's superposition: density ψ(y)ψ(x−y)/∫ψ(y)ψ(x−y)dσ(y);
//! * Gaussian: no correlation of three beyond those of pairs, 1 + g(x) + g(y) + g(x−y) over 1 + g(x), g = ψ − 1; then the last
//!   term of the flux vψ is (2(n−2)/n)(F∗g), linear, and the modes of g grow at 2g_k, twice the rate of theory::growth.
//!
//! ψ is even; its cosine coefficients c_k = E cos kx are stepped, products are formed on 3K points.

use serde::Serialize;

use super::Kernel;
use crate::integrate::tableau::Tableau;
use crate::integrate::{Ahead, Due, Explicit, StepError, Work};
use crate::sphere::{CirclePlan, Complex};

/// What stands for the third token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// Independent and uniform.
    MeanField,
    /// Superposition of the pairs.
    Kirkwood,
    /// No cumulant beyond the second.
    Gaussian,
}

impl Closure {
    /// All.
    pub const ALL: [Self; 3] = [Self::MeanField, Self::Kirkwood, Self::Gaussian];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MeanField => "mean-field",
            Self::Kirkwood => "kirkwood",
            Self::Gaussian => "gaussian",
        }
    }
}

/// Modes at the start and at most.
const MODES: [usize; 2] = [64, 1024];
const POINTS_PER_MODE: usize = 3;
/// Stability of the explicit scheme on the imaginary axis.
const STABILITY: f64 = 5.0;

/// ψ in motion.
#[derive(Debug, Clone)]
pub struct PairDensity {
    closure: Closure,
    tendency: Tendency,
    /// c_1 … c_K.
    state: Vec<f64>,
    stepper: Explicit,
    tolerance: f64,
    /// Where the stepper is, and what is shown of it.
    ahead: Ahead,
    /// max |v| at the end of the last step.
    fastest: f64,
    earlier: Work,
    /// Since when more modes would be needed than there are; ψ stays as it was.
    pub under_resolved: Option<f64>,
}

/// The right-hand side with its plan and scratch.
#[derive(Debug, Clone)]
struct Tendency {
    closure: Closure,
    count: f64,
    kernel: Kernel,
    growth: f64,
    plan: CirclePlan,
    force: Vec<f64>,
    density: Vec<f64>,
    product: Vec<f64>,
    normaliser: Vec<f64>,
    forced: Vec<Complex>,
    fastest: f64,
}

impl Tendency {
    fn new(closure: Closure, beta: f64, count: usize, modes: usize) -> Self {
        let points = POINTS_PER_MODE * modes;
        let force = (0..points).map(|j| {
            let y = std::f64::consts::TAU * j as f64 / points as f64;
            -y.sin() * (beta * y.cos()).exp()
        });
        Self {
            closure,
            count: count as f64,
            kernel: Kernel::new(2, beta),
            growth: beta.exp(),
            plan: CirclePlan::new(points),
            force: force.collect(),
            density: vec![0.0; points],
            product: vec![0.0; points],
            normaliser: vec![0.0; points],
            forced: vec![Complex::default(); modes + 1],
            fastest: 0.0,
        }
    }

    /// `out`_k ← c_k' = k Im-part of the flux's coefficient.
    fn evaluate(&mut self, state: &[f64], out: &mut [f64]) {
        let modes = state.len();
        let (pair, third) = (2.0 / self.count, 2.0 * (self.count - 2.0) / self.count);
        let coefficient = |k: usize| Complex::new(if k == 0 { 1.0 } else { state[k - 1] }, 0.0);
        self.plan.synthesis(modes, coefficient, &mut self.density);
        (self.product.iter_mut().zip(&self.force))
            .zip(&self.density)
            .for_each(|((p, f), rho)| *p = f * rho);
        let mut fastest = pair * self.force.iter().fold(0.0_f64, |top, f| top.max(f.abs()));
        if self.closure == Closure::Kirkwood {
            let forced = &mut self.forced;
            self.plan
                .analysis(&self.product, modes, |k, c| forced[k] = c);
            // E[F(θ_3)] = ((Fψ)∗ψ)/(ψ∗ψ)
            let square = |k: usize| coefficient(k) * coefficient(k);
            self.plan.synthesis(modes, square, &mut self.normaliser);
            let pull = |k: usize| forced[k] * coefficient(k);
            self.plan.synthesis(modes, pull, &mut self.product);
            for ((p, z), (rho, f)) in (self.product.iter_mut().zip(&self.normaliser))
                .zip(self.density.iter().zip(&self.force))
            {
                let v = pair * f + third * *p / z;
                fastest = fastest.max(v.abs());
                *p = v * rho;
            }
        } else {
            self.product.iter_mut().for_each(|p| *p *= pair);
        }
        let gaussian = self.closure == Closure::Gaussian;
        let (kernel, growth) = (&self.kernel, self.growth);
        self.plan.analysis(&self.product, modes, |k, flux| {
            if k == 0 {
                return;
            }
            // −ik·flux is real for an odd flux
            out[k - 1] = k as f64 * flux.im;
            if gaussian && k <= kernel.degree() {
                // F̂_k = ikI_k/β
                let rate = (k * k) as f64 * kernel.over_beta[k] * growth;
                out[k - 1] += third * rate * state[k - 1];
            }
        });
        self.fastest = fastest;
    }
}

impl PairDensity {
    /// ψ = 1 for n = `count` ≥ 2 tokens.
    #[must_use]
    pub fn new(beta: f64, count: usize, closure: Closure, tolerance: f64) -> Self {
        let mut pairs = Self {
            closure,
            tendency: Tendency::new(closure, beta, count, MODES[0]),
            state: vec![0.0; MODES[0]],
            stepper: stepper(MODES[0], tolerance, 1e-3),
            tolerance,
            ahead: Ahead::new(0.0, f64::INFINITY),
            fastest: 0.0,
            earlier: Work::default(),
            under_resolved: None,
        };
        let mut slope = vec![0.0; MODES[0]];
        pairs.tendency.evaluate(&pairs.state, &mut slope);
        pairs.fastest = pairs.tendency.fastest;
        pairs
    }

    /// The closure.
    #[must_use]
    pub fn closure(&self) -> Closure {
        self.closure
    }

    /// The last time of the experiment, at which a step has to end.
    pub fn stop_at(&mut self, stop: f64) {
        self.ahead.stop_at(stop);
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError`] of the stepper.
    pub fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        while self.under_resolved.is_none() {
            let tendency = &mut self.tendency;
            match self.ahead.due(to) {
                Due::Here => break,
                Due::Read(theta) => {
                    let rate = |state: &[f64], out: &mut [f64]| tendency.evaluate(state, out);
                    let (state, front) = (&mut self.state, self.ahead.front());
                    self.stepper.read(theta, front, rate, state);
                    break;
                }
                Due::Land => {
                    self.ahead.land(&mut self.state);
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => self.step(limit)?,
            }
        }
        Ok(true)
    }

    /// A step of at most `limit`, or twice the modes for it, or no more of them.
    fn step(&mut self, limit: f64) -> Result<(), StepError> {
        let modes = self.state.len();
        let stable = STABILITY / (modes as f64 * self.fastest);
        self.stepper.controller.limit(stable);
        let tendency = &mut self.tendency;
        let rate = |state: &[f64], out: &mut [f64]| tendency.evaluate(state, out);
        let taken = self.stepper.step(&mut self.state, limit, rate, |_| ())?;
        self.fastest = self.tendency.fastest;
        if self.tail() <= self.tolerance.max(1e-12) {
            self.ahead.stepped(taken, &self.state);
            return Ok(());
        }
        self.state.copy_from_slice(self.stepper.start());
        if modes >= MODES[1] {
            self.under_resolved = Some(self.ahead.begun());
        } else {
            self.refine();
        }
        Ok(())
    }

    fn refine(&mut self) {
        let modes = 2 * self.state.len();
        self.earlier = self.earlier + self.stepper.work;
        let (beta, count) = (self.tendency.kernel.beta, self.tendency.count as usize);
        self.tendency = Tendency::new(self.closure, beta, count, modes);
        self.stepper = stepper(modes, self.tolerance, self.stepper.controller.step);
        self.state.resize(modes, 0.0);
        let mut slope = vec![0.0; modes];
        self.tendency.evaluate(&self.state, &mut slope);
        self.fastest = self.tendency.fastest;
    }

    /// c_k = E cos kx.
    #[must_use]
    pub fn moment(&self, k: usize) -> f64 {
        if k == 0 {
            1.0
        } else {
            self.state.get(k - 1).copied().unwrap_or(0.0)
        }
    }

    /// The largest amplitude in the top eighth of the modes.
    #[must_use]
    pub(crate) fn tail(&self) -> f64 {
        let from = self.state.len() - self.state.len() / 8;
        self.state[from..]
            .iter()
            .fold(0.0, |top, c| top.max(c.abs()))
    }

    /// ψ at x_j = 2πj/`points`.
    #[must_use]
    pub fn values(&self, points: usize) -> Vec<f64> {
        (0..points)
            .map(|j| {
                let x = std::f64::consts::TAU * j as f64 / points as f64;
                let sum: f64 = (self.state.iter().zip(1..))
                    .map(|(c, k)| c * (f64::from(k) * x).cos())
                    .sum();
                1.0 + 2.0 * sum
            })
            .collect()
    }
}

fn stepper(modes: usize, tolerance: f64, first: f64) -> Explicit {
    Explicit::new(Tableau::for_tolerance(tolerance), modes, tolerance, first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation, definition};
    use crate::measure::Particles;

    /// The speed of a token at the angle 0 under (USA) in the measure of points at these angles.
    fn pulled(beta: f64, angles: &[f64], weights: Vec<f64>) -> f64 {
        let rows = angles.iter().flat_map(|y| [y.cos(), y.sin()]).collect();
        let measure = Particles::with_raw_weights(2, rows, weights);
        let attention = Attention::new(beta, Normalisation::None);
        definition::velocity(attention, &measure, &[1.0, 0.0])[1]
    }

    #[test]
    fn the_flux_is_that_of_the_definition_with_the_law_of_the_third_token_written_out() {
        let (beta, count, points) = (1.3, 10, 256);
        let angle = |j: usize| std::f64::consts::TAU * j as f64 / points as f64;
        for closure in Closure::ALL {
            let mut pairs = PairDensity::new(beta, count, closure, 1e-10);
            pairs.state[..3].copy_from_slice(&[0.2, -0.1, 0.05]);
            let state = pairs.state.clone();
            let psi = |y: f64| {
                let modes = state[..3].iter().zip(1..);
                1.0 + 2.0
                    * modes
                        .map(|(c, k)| c * (f64::from(k) * y).cos())
                        .sum::<f64>()
            };
            let angles: Vec<f64> = (0..points).map(angle).collect();
            // x = θ_2 − θ_1 falls by what pulls θ_1, twice by symmetry
            let velocity = |x: f64| {
                let third = |y: f64| match closure {
                    Closure::MeanField => 1.0,
                    Closure::Kirkwood => psi(y) * psi(x - y),
                    Closure::Gaussian => (psi(x) + psi(y) + psi(x - y) - 2.0) / psi(x),
                };
                let law: Vec<f64> = angles.iter().map(|y| third(*y)).collect();
                let total: f64 = law.iter().sum();
                let law = law.iter().map(|p| p / total).collect();
                let (n, others) = (count as f64, count as f64 - 2.0);
                let one = pulled(beta, &[x], vec![1.0]);
                -2.0 * (one + others * pulled(beta, &angles, law)) / n
            };
            let mut slope = vec![0.0; pairs.state.len()];
            pairs.tendency.evaluate(&pairs.state, &mut slope);
            for k in 1..12 {
                // E[cos kx]' = −k E[v sin kx]
                let exact: f64 = (angles.iter())
                    .map(|x| -(k as f64) * velocity(*x) * psi(*x) * (k as f64 * x).sin())
                    .sum::<f64>()
                    / points as f64;
                assert!(
                    (slope[k - 1] - exact).abs() < 1e-12,
                    "{closure:?} k {k}: {} {exact}",
                    slope[k - 1]
                );
            }
        }
    }

    #[test]
    fn two_tokens_are_carried_along_their_characteristics_under_every_closure() {
        // x' = F(x); the law of x is that of the starts x_0, uniform: E cos kx is a mean over x_0
        let (beta, end) = (1.2, 0.4);
        let n = 400;
        let mut exact = [0.0; 4];
        for j in 0..n {
            let mut x = [std::f64::consts::TAU * f64::from(j) / f64::from(n)];
            let mut stepper = Explicit::new(Tableau::for_tolerance(1e-12), 1, 1e-13, 1e-3);
            let mut left = end;
            while left > 0.0 {
                let slope =
                    |x: &[f64], out: &mut [f64]| out[0] = -x[0].sin() * (beta * x[0].cos()).exp();
                left -= stepper.step(&mut x, left, slope, |_| ()).unwrap();
            }
            for (k, sum) in exact.iter_mut().enumerate() {
                *sum += (k as f64 * x[0]).cos() / f64::from(n);
            }
        }
        for closure in Closure::ALL {
            let mut pairs = PairDensity::new(beta, 2, closure, 1e-11);
            assert!(pairs.advance(end, &|| false).unwrap());
            for (k, moment) in exact.iter().enumerate() {
                assert!((pairs.moment(k) - moment).abs() < 1e-8, "{closure:?} k {k}");
            }
        }
    }

    #[test]
    fn pairs_start_to_correlate_at_the_rate_of_their_own_pull() {
        let (beta, count) = (2.0, 32);
        let kernel = Kernel::new(2, beta);
        for closure in Closure::ALL {
            let mut pairs = PairDensity::new(beta, count, closure, 1e-12);
            let mut slope = vec![0.0; pairs.state.len()];
            pairs.tendency.evaluate(&pairs.state, &mut slope);
            for k in 1..10 {
                // (2/n)k²I_k/β
                let exact = 2.0 / 32.0 * (k * k) as f64 * kernel.over_beta[k] * beta.exp();
                assert!((slope[k - 1] - exact).abs() < 1e-13, "{closure:?} k {k}");
            }
        }
    }

    #[test]
    fn correlations_of_many_tokens_grow_at_twice_the_rate_of_the_mean_field() {
        let beta = 1.5;
        let kernel = Kernel::new(2, beta);
        for closure in [Closure::Kirkwood, Closure::Gaussian] {
            let mut pairs = PairDensity::new(beta, 1_000_000_000, closure, 1e-12);
            pairs.state[0] = 1e-7;
            pairs.state[1] = 1e-7;
            assert!(pairs.advance(0.5, &|| false).unwrap());
            for k in [1, 2] {
                let rate = (pairs.moment(k) / 1e-7).ln() / 0.5;
                // g_k = k²λ_k/β of (USA)
                let exact = 2.0 * (k * k) as f64 * kernel.over_beta[k] * beta.exp();
                // the pull of single pairs adds 1e-9·2g_k/1e-7
                assert!(
                    (rate / exact - 1.0).abs() < 0.05,
                    "{closure:?} k {k}: {rate} {exact}"
                );
            }
        }
    }

    #[test]
    fn more_modes_are_taken_when_pairs_gather_and_the_end_of_them_is_told() {
        let mut pairs = PairDensity::new(2.0, 2, Closure::MeanField, 1e-9);
        assert!(pairs.advance(50.0, &|| false).unwrap());
        assert_eq!(pairs.state.len(), MODES[1]);
        let since = pairs.under_resolved.unwrap();
        assert!(since > 0.1 && since < 50.0);
        assert!(pairs.values(8).iter().all(|v| v.is_finite()));
    }
}
