//! Adaptive explicit Runge–Kutta: a step with an embedded error estimate, and a retraction at its end.
//!
//! The right-hand side is asked at points slightly off the manifold (stages of a step of the ambient ℝ^m) and must
//! extend smoothly there, tangent to the level sets; then the retraction moves the result by O(h^{p+1}) and the order
//! is kept (Hairer, Lubich, Wanner, *Geometric Numerical Integration*, IV.4).

use super::controller::{Controller, StepError, Work, largest};
use super::tableau::Tableau;
use rayon::prelude::*;

use crate::machine::thresholds::SHARED_FROM;

/// An adaptive explicit stepper for states of a fixed length.
#[derive(Debug)]
pub struct Explicit {
    tableau: &'static Tableau,
    /// What chooses the steps.
    pub controller: Controller,
    stages: Vec<Vec<f64>>,
    trial: Vec<f64>,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl Explicit {
    /// A stepper for `length` numbers; `tolerance` bounds the estimated error of every entry in every step.
    #[must_use]
    pub fn new(tableau: &'static Tableau, length: usize, tolerance: f64, first_step: f64) -> Self {
        // With two estimates E5²/√(E5² + E3²/100) behaves like h^8, else like h^order.
        Self {
            tableau,
            controller: Controller::new(tolerance, first_step, f64::from(tableau.order)),
            stages: vec![vec![0.0; length]; tableau.stages()],
            trial: vec![0.0; length],
            work: Work::default(),
        }
    }

    /// Takes one accepted step of at most `limit` and returns its length.
    ///
    /// # Errors
    /// [`StepError`] when no step is small enough or a number is not finite; `state` is then unchanged.
    pub fn step(
        &mut self,
        state: &mut [f64],
        limit: f64,
        mut tendency: impl FnMut(&[f64], &mut [f64]),
        retract: impl Fn(&mut [f64]),
    ) -> Result<f64, StepError> {
        tendency(state, &mut self.stages[0]);
        self.work.evaluations += 1;
        loop {
            let step = self.controller.propose(limit);
            self.try_step(state, step, &mut tendency);
            let error = self.error(step);
            if self.controller.judge(step, error)? {
                state.copy_from_slice(&self.trial);
                retract(state);
                self.work.steps += 1;
                return Ok(step);
            }
            self.work.rejected += 1;
        }
    }

    /// Takes one step of exactly `step`, whatever its error: for measuring orders of convergence.
    pub fn fixed_step(
        &mut self,
        state: &mut [f64],
        step: f64,
        mut tendency: impl FnMut(&[f64], &mut [f64]),
        retract: impl Fn(&mut [f64]),
    ) {
        tendency(state, &mut self.stages[0]);
        self.try_step(state, step, &mut tendency);
        self.work.evaluations += 1;
        self.work.steps += 1;
        state.copy_from_slice(&self.trial);
        retract(state);
    }

    fn try_step(
        &mut self,
        state: &[f64],
        step: f64,
        tendency: &mut impl FnMut(&[f64], &mut [f64]),
    ) {
        for stage in 1..self.tableau.stages() {
            combine(
                state,
                step,
                self.tableau.matrix[stage],
                &self.stages,
                &mut self.trial,
            );
            tendency(&self.trial, &mut self.stages[stage]);
            self.work.evaluations += 1;
        }
        combine(
            state,
            step,
            self.tableau.weights,
            &self.stages,
            &mut self.trial,
        );
    }

    fn error(&self, step: f64) -> f64 {
        let size =
            |weights: &[f64]| step * largest_sum(weights, &self.stages) / self.controller.tolerance;
        let fine = size(self.tableau.error);
        if self.tableau.coarse_error.is_empty() || fine == 0.0 {
            return fine;
        }
        let coarse = size(self.tableau.coarse_error);
        fine * fine / (fine * fine + 0.01 * coarse * coarse).sqrt()
    }
}

/// Entries that are summed over all stages before the next: what is written stays in the first-level cache.
const STRIP: usize = 1024;

/// out = state + step Σ_j weights_j k_j.
fn combine(state: &[f64], step: f64, weights: &[f64], stages: &[Vec<f64>], out: &mut [f64]) {
    let strip = |(index, out): (usize, &mut [f64])| {
        let range = index * STRIP..index * STRIP + out.len();
        out.copy_from_slice(&state[range.clone()]);
        for (weight, stage) in weights.iter().zip(stages) {
            if *weight != 0.0 {
                let factor = step * weight;
                out.iter_mut()
                    .zip(&stage[range.clone()])
                    .for_each(|(o, k)| *o += factor * k);
            }
        }
    };
    if out.len() < SHARED_FROM {
        out.chunks_mut(STRIP).enumerate().for_each(strip);
    } else {
        out.par_chunks_mut(STRIP).enumerate().for_each(strip);
    }
}

/// max |Σ_j weights_j k_j| over the entries, or what is not a number.
fn largest_sum(weights: &[f64], stages: &[Vec<f64>]) -> f64 {
    let length = stages[0].len();
    let strip = |index: usize| {
        let range = index * STRIP..((index + 1) * STRIP).min(length);
        let mut sums = [0.0; STRIP];
        let sums = &mut sums[..range.len()];
        for (weight, stage) in weights.iter().zip(stages) {
            if *weight != 0.0 {
                (sums.iter_mut().zip(&stage[range.clone()])).for_each(|(s, k)| *s += weight * k);
            }
        }
        largest(sums.iter().copied())
    };
    let strips = length.div_ceil(STRIP);
    if length < SHARED_FROM {
        largest((0..strips).map(strip))
    } else {
        let tops = (0..strips).into_par_iter().map(strip);
        tops.reduce(|| 0.0, |a, b| largest([a, b].into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tableau::{DORMAND_PRINCE_54, DORMAND_PRINCE_853};
    use super::*;

    /// A pendulum: no closed form needed, the reference is the same method far finer.
    fn pendulum(u: &[f64], du: &mut [f64]) {
        du[0] = u[1];
        du[1] = -u[0].sin();
    }

    #[test]
    fn every_method_converges_at_its_order() {
        for (tableau, steps) in [(&DORMAND_PRINCE_54, 60), (&DORMAND_PRINCE_853, 14)] {
            let solve = |steps: usize| {
                let mut stepper = Explicit::new(tableau, 2, 1.0, 1.0);
                let mut u = vec![2.0, 0.3];
                for _ in 0..steps {
                    stepper.fixed_step(&mut u, 4.0 / steps as f64, pendulum, |_| ());
                }
                u[0]
            };
            let exact = solve(800);
            let (coarse, fine) = (solve(steps), solve(2 * steps));
            let order = ((coarse - exact) / (fine - exact)).abs().log2();
            assert!(
                (order - f64::from(tableau.order)).abs() < 0.6,
                "{}: observed {order:.2}",
                tableau.name
            );
        }
    }

    #[test]
    fn the_error_follows_the_tolerance() {
        let solve = |tolerance: f64| {
            let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 2, tolerance, 0.01);
            let mut u = vec![2.0, 0.3];
            let mut t = 0.0;
            while t < 10.0 {
                t += stepper.step(&mut u, 10.0 - t, pendulum, |_| ()).unwrap();
            }
            (u[0], stepper.work)
        };
        let (exact, _) = solve(1e-15);
        for tolerance in [1e-6, 1e-9, 1e-12] {
            let (value, work) = solve(tolerance);
            assert!(
                (value - exact).abs() < 20.0 * tolerance,
                "{:e} at {tolerance:e}",
                value - exact
            );
            assert_eq!(
                work.evaluations,
                12 * work.steps + 11 * work.rejected,
                "stage one is kept on rejection"
            );
        }
    }

    #[test]
    fn a_field_that_is_not_finite_is_an_error_and_leaves_the_state_alone() {
        let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 1, 1e-9, 0.1);
        let mut u = vec![1.0];
        let outcome = stepper.step(&mut u, 1.0, |_, du| du[0] = f64::NAN, |_| ());
        assert_eq!(outcome, Err(StepError::NotFinite));
        assert_eq!(u, [1.0]);
    }
}
