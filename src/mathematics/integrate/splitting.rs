//! The stochastic step for dx = f(x)dt + noise: Strang splitting, half the noise, the drift, half the noise.
//!
//! The drift moves by one classical Runge–Kutta step and the retraction; the noise by a `kick` that knows the manifold
//! and stays on it. With an exact or second-order kick the law is right to second order in the step (weak order two).

use std::slice::from_ref;

use rayon::prelude::*;

use super::controller::Work;
use super::explicit::combine;
use crate::machine::thresholds::SHARED_FROM;

/// A fixed-step splitting for states of a fixed length.
#[derive(Debug, Clone)]
pub struct Splitting {
    slopes: [Vec<f64>; 4],
    stage: Vec<f64>,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl Splitting {
    /// Scratch for `length` numbers.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self {
            slopes: std::array::from_fn(|_| vec![0.0; length]),
            stage: vec![0.0; length],
            work: Work::default(),
        }
    }

    /// One step of length `step`: `kick(state, h)` applies the noise of a time h.
    pub fn step(
        &mut self,
        state: &mut [f64],
        step: f64,
        tendency: impl FnMut(&[f64], &mut [f64]),
        retract: impl Fn(&mut [f64]),
        mut kick: impl FnMut(&mut [f64], f64),
    ) {
        kick(state, 0.5 * step);
        self.drift(state, step, tendency);
        retract(state);
        kick(state, 0.5 * step);
        self.work.steps += 1;
    }

    /// The drift of a time h alone: the classical fourth-order step.
    pub fn drift(
        &mut self,
        state: &mut [f64],
        h: f64,
        mut tendency: impl FnMut(&[f64], &mut [f64]),
    ) {
        let [k1, k2, k3, k4] = &mut self.slopes;
        tendency(state, k1);
        combine(state, 0.5 * h, &[1.0], from_ref(k1), &mut self.stage);
        tendency(&self.stage, k2);
        combine(state, 0.5 * h, &[1.0], from_ref(k2), &mut self.stage);
        tendency(&self.stage, k3);
        combine(state, h, &[1.0], from_ref(k3), &mut self.stage);
        tendency(&self.stage, k4);
        let slopes = (k1.par_iter().zip(k2)).zip(k3.par_iter().zip(k4));
        (state.par_iter_mut().zip(slopes))
            .with_min_len(SHARED_FROM)
            .for_each(|(u, ((k1, k2), (k3, k4)))| *u += h / 6.0 * (*k1 + 2.0 * (*k2 + *k3) + *k4));
        self.work.evaluations += 4;
    }
}

/// How many equal steps of at most `longest` make up a duration, and their length.
#[must_use]
pub fn equal_steps(duration: f64, longest: f64) -> (u64, f64) {
    let steps = (duration / longest - 1e-9).ceil().max(1.0);
    (steps as u64, duration / steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_it_converges_at_fourth_order() {
        let solve = |steps: usize| {
            let mut stepper = Splitting::new(2);
            let mut u = vec![2.0, 0.3];
            for _ in 0..steps {
                stepper.step(
                    &mut u,
                    4.0 / steps as f64,
                    |u, du| {
                        du[0] = u[1];
                        du[1] = -u[0].sin();
                    },
                    |_| (),
                    |_, _| (),
                );
            }
            u[0]
        };
        let exact = solve(6400);
        let order = ((solve(40) - exact) / (solve(80) - exact)).abs().log2();
        assert!((order - 4.0).abs() < 0.3, "observed {order:.2}");
    }
}
