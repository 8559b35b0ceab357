//! Adaptive explicit Runge–Kutta: a step with an embedded error estimate, a retraction at its end, and what the solution is within it.
//!
//! The right-hand side is asked at points slightly off the manifold (stages of a step of the ambient ℝ^m) and must
//! extend smoothly there, tangent to the level sets; then the retraction moves the result by O(h^{p+1}) and the order
//! is kept (Hairer, Lubich, Wanner, *Geometric Numerical Integration*, IV.4).

use super::controller::{Controller, StepError, Work, largest};
use super::tableau::Tableau;
use rayon::prelude::*;

use crate::machine::thresholds::SHARED_FROM;

/// An adaptive explicit stepper for states of a fixed length.
#[derive(Debug, Clone)]
pub struct Explicit {
    tableau: &'static Tableau,
    /// What chooses the steps.
    pub controller: Controller,
    /// The slopes; those of the continuous extension behind those of a step, once somebody has read.
    stages: Vec<Vec<f64>>,
    trial: Vec<f64>,
    /// Where the last step began, where it ended (once somebody has read), and its length.
    start: Vec<f64>,
    end: Vec<f64>,
    length: f64,
    /// Whether the slopes of the extension are those of the last step; the one at its end is then the first of the next.
    extended: bool,
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
            start: vec![0.0; length],
            end: Vec::new(),
            length: 0.0,
            extended: false,
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
        self.begin(state, &mut tendency);
        loop {
            let step = self.controller.propose(limit);
            self.try_step(state, step, &mut tendency);
            let error = self.error(step);
            if self.controller.judge(step, error)? {
                self.start.copy_from_slice(state);
                self.length = step;
                self.extended = false;
                state.copy_from_slice(&self.trial);
                retract(state);
                self.work.steps += 1;
                return Ok(step);
            }
            self.work.rejected += 1;
        }
    }

    /// The first slope of a step, unless it is known as the last of the one before.
    fn begin(&mut self, state: &[f64], tendency: &mut impl FnMut(&[f64], &mut [f64])) {
        let end = self.tableau.extension.end;
        if self.extended && end >= self.tableau.stages() {
            self.stages.swap(0, end);
        } else {
            tendency(state, &mut self.stages[0]);
            self.work.evaluations += 1;
        }
        self.extended = false;
    }

    /// The equation, or the state, is another from now on: no slope is kept.
    pub fn forget(&mut self) {
        self.extended = false;
    }

    /// Where the last step began.
    #[must_use]
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// `out` ← the state at the share 0 ≤ `theta` ≤ 1 of the last step, which ended at `end`, by the method's continuous extension. Asks
    /// for the slopes that it needs beside those of the step once a step.
    pub fn read(
        &mut self,
        theta: f64,
        end: &[f64],
        mut tendency: impl FnMut(&[f64], &mut [f64]),
        out: &mut [f64],
    ) {
        let extension = &self.tableau.extension;
        if !self.extended {
            let length = self.trial.len();
            let all = extension.end + 1 + extension.matrix.len();
            self.stages.resize_with(all, || vec![0.0; length]);
            self.end.clear();
            self.end.extend_from_slice(end);
            if extension.end >= self.tableau.stages() {
                tendency(end, &mut self.stages[extension.end]);
                self.work.evaluations += 1;
            }
            for (row, stage) in extension.matrix.iter().zip(extension.end + 1..) {
                combine(&self.start, self.length, row, &self.stages, &mut self.trial);
                tendency(&self.trial, &mut self.stages[stage]);
                self.work.evaluations += 1;
            }
            self.extended = true;
        }
        let (whole, slopes) = extension.factors(theta);
        combine(&self.start, self.length, &slopes, &self.stages, out);
        let add = |((o, a), b): ((&mut f64, &f64), &f64)| *o += whole * (b - a);
        out.iter_mut().zip(&self.start).zip(&self.end).for_each(add);
    }

    /// Takes one step of exactly `step`, whatever its error: for measuring orders of convergence.
    pub fn fixed_step(
        &mut self,
        state: &mut [f64],
        step: f64,
        mut tendency: impl FnMut(&[f64], &mut [f64]),
        retract: impl Fn(&mut [f64]),
    ) {
        self.begin(state, &mut tendency);
        self.try_step(state, step, &mut tendency);
        self.work.steps += 1;
        self.start.copy_from_slice(state);
        self.length = step;
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
pub(super) fn combine(
    state: &[f64],
    step: f64,
    weights: &[f64],
    stages: &[Vec<f64>],
    out: &mut [f64],
) {
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
    fn within_a_step_every_method_is_right_to_the_order_of_its_extension() {
        for (tableau, step) in [(&DORMAND_PRINCE_54, 0.3), (&DORMAND_PRINCE_853, 0.8)] {
            let start = vec![2.0, 0.3];
            let error = |step: f64| {
                let mut stepper = Explicit::new(tableau, 2, 1.0, 1.0);
                let mut end = start.clone();
                stepper.fixed_step(&mut end, step, pendulum, |_| ());
                let mut largest = 0.0_f64;
                for theta in [0.0, 0.13, 0.3, 0.5, 0.71, 0.9, 1.0] {
                    let mut read = vec![0.0; 2];
                    stepper.read(theta, &end, pendulum, &mut read);
                    let mut exact = start.clone();
                    let mut fine = Explicit::new(&DORMAND_PRINCE_853, 2, 1e-16, 1.0);
                    for _ in 0..20 {
                        fine.fixed_step(&mut exact, theta * step / 20.0, pendulum, |_| ());
                    }
                    let miss = (read[0] - exact[0]).abs().max((read[1] - exact[1]).abs());
                    if theta == 0.0 {
                        assert_eq!(read, start);
                    } else if theta == 1.0 {
                        assert!((read[0] - end[0]).abs() < 1e-15, "the end is the end");
                    } else {
                        largest = largest.max(miss);
                    }
                }
                largest
            };
            let order = (error(step) / error(0.5 * step)).log2() - 1.0;
            assert!(
                (order - f64::from(tableau.extension.order)).abs() < 0.4,
                "{}: observed {order:.2}",
                tableau.name
            );
        }
    }

    #[test]
    fn reading_costs_what_it_says_and_leaves_the_next_step_as_it_was() {
        let walk = |read: bool| {
            let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 2, 1e-9, 0.1);
            let (mut u, mut out) = (vec![2.0, 0.3], vec![0.0; 2]);
            for _ in 0..5 {
                stepper.step(&mut u, 10.0, pendulum, |_| ()).unwrap();
                if read {
                    stepper.read(0.2, &u, pendulum, &mut out);
                    stepper.read(0.7, &u, pendulum, &mut out);
                }
            }
            (u, stepper.work)
        };
        let ((plain, work), (read, more)) = (walk(false), walk(true));
        assert_eq!(plain, read);
        // three stages a step, and the slope at the last step's end
        assert_eq!(more.evaluations, work.evaluations + 3 * 5 + 1);
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
