//! Exponential time differencing for u' = −Λu + N(u) with Λ ≥ 0 diagonal: Krogstad's fourth-order scheme with an
//! embedded estimate. The linear part is exact, so that it never limits the step; fixed points of the whole equation
//! are fixed points of the scheme.
//!
//! Source: S. Krogstad, *Generalized integrating factor methods for stiff PDEs*, J. Comput. Phys. 203 (2005), ETDRK4-B.
//! The estimate replaces the last stage's slope by the slope at the new point (third order; the classical limit is the
//! 4(3) pair of Whalen, Brio, Moloney 2015); that slope is the first stage of the next step.
//!
//! Within a step N is taken for a polynomial and the linear part stays exact: u(θ) = e^{θz}u_0 + h Σ_k a_k k! θ^{k+1} φ_{k+1}(θz) for
//! N = Σ a_k s^k, the cubic through N at 0, ⅓, ⅔, 1, the inner two in states that the parabola through the stages gives: to O(h⁵). (N of
//! the steps before would cost nothing, but where modes decay within a step a polynomial through their past does not.)

use super::controller::{Controller, StepError, Work, largest};

/// φ_1, φ_2, φ_3, φ_4 at z ≤ 0: φ_k(z) = ∫₀¹ e^{(1−s)z} s^{k−1}/(k−1)! ds.
///
/// Near 0 by the series of φ_4 and φ_{k}(z) = zφ_{k+1}(z) + 1/k! downwards; beyond by the same relation upwards.
#[must_use]
pub fn phi_functions(z: f64) -> [f64; 4] {
    if z.abs() < 1.0 {
        // φ_4 = Σ_j z^j/(j+4)!, by Horner from j = 16: the first term left out is under 1e-18.
        let mut phi4 = 0.0;
        for j in (0..=16).rev() {
            phi4 = (1.0 + if j == 16 { 0.0 } else { phi4 * z }) / f64::from(j + 4);
        }
        phi4 /= 6.0;
        let phi3 = z * phi4 + 1.0 / 6.0;
        let phi2 = z * phi3 + 0.5;
        return [z * phi2 + 1.0, phi2, phi3, phi4];
    }
    let phi1 = z.exp_m1() / z;
    let phi2 = (phi1 - 1.0) / z;
    let phi3 = (phi2 - 0.5) / z;
    [phi1, phi2, phi3, (phi3 - 1.0 / 6.0) / z]
}

/// A tabulated step is kept down to this share of the proposal.
const KEPT: f64 = 0.7;
/// Steps that are tabulated, a factor of two apart: the longest is taken that is not longer than the proposal.
const RUNGS: f64 = 4.0;

/// The coefficients of one entry of the state for one step length.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// e^{z/2}, ½φ_1(z/2), φ_2(z/2)
    half: [f64; 3],
    /// e^{z}, φ_1, φ_2
    full: [f64; 3],
    /// weights of N_1, of N_2 + N_3, of N_4
    weights: [f64; 3],
}

impl Row {
    fn new(z: f64) -> Self {
        let [half1, half2, ..] = phi_functions(0.5 * z);
        let [phi1, phi2, phi3, ..] = phi_functions(z);
        Self {
            half: [(0.5 * z).exp(), 0.5 * half1, half2],
            full: [z.exp(), phi1, phi2],
            weights: [
                phi1 - 3.0 * phi2 + 4.0 * phi3,
                2.0 * phi2 - 4.0 * phi3,
                4.0 * phi3 - phi2,
            ],
        }
    }
}

/// An adaptive exponential stepper.
#[derive(Debug, Clone)]
pub struct Exponential {
    rates: Vec<f64>,
    rows: Vec<Row>,
    rows_step: f64,
    /// What chooses the steps.
    pub controller: Controller,
    slopes: [Vec<f64>; 5],
    trial: Vec<f64>,
    first_slope_known: bool,
    /// Where the last step began, and its length.
    start: Vec<f64>,
    length: f64,
    /// N at ⅓ and ⅔ of the last step, and what the cubic misses its end by; once somebody has read.
    inner: [Vec<f64>; 2],
    gap: Vec<f64>,
    extended: bool,
    /// Steps and right-hand sides so far.
    pub work: Work,
}

impl Exponential {
    /// A stepper for u' = −`rates`·u + N(u), entry by entry; `tolerance` bounds the estimated error of every entry in
    /// every step.
    #[must_use]
    pub fn new(rates: Vec<f64>, tolerance: f64, first_step: f64) -> Self {
        let length = rates.len();
        Self {
            rates,
            rows: vec![Row::default(); length],
            rows_step: f64::NAN,
            controller: Controller::new(tolerance, first_step, 4.0),
            slopes: std::array::from_fn(|_| vec![0.0; length]),
            trial: vec![0.0; length],
            first_slope_known: false,
            start: vec![0.0; length],
            length: 0.0,
            inner: [Vec::new(), Vec::new()],
            gap: Vec::new(),
            extended: false,
            work: Work::default(),
        }
    }

    /// Takes one accepted step of at most `limit` and returns its length.
    ///
    /// # Errors
    /// [`StepError`] when no step is small enough or a number is not finite; `state` is then unchanged.
    pub(crate) fn step(
        &mut self,
        state: &mut [f64],
        limit: f64,
        mut nonlinear: impl FnMut(&[f64], &mut [f64]),
    ) -> Result<f64, StepError> {
        if !self.first_slope_known {
            nonlinear(state, &mut self.slopes[0]);
            self.work.evaluations += 1;
        }
        loop {
            let step = self.choose(limit);
            self.try_step(state, step, &mut nonlinear);
            let error = self.error(step);
            let accepted = self.controller.judge(step, error)?;
            if accepted {
                self.start.copy_from_slice(state);
                self.length = step;
                self.extended = false;
                state.copy_from_slice(&self.trial);
                self.slopes.swap(0, 4);
                self.first_slope_known = true;
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
        mut nonlinear: impl FnMut(&[f64], &mut [f64]),
    ) {
        nonlinear(state, &mut self.slopes[0]);
        self.try_step(state, step, &mut nonlinear);
        self.start.copy_from_slice(state);
        self.length = step;
        self.extended = false;
        state.copy_from_slice(&self.trial);
        self.slopes.swap(0, 4);
        self.first_slope_known = false;
    }

    /// `out` ← the state at the share 0 ≤ `theta` ≤ 1 of the last step, which ended at `end`. Asks for two right-hand sides once a step.
    pub(crate) fn read(
        &mut self,
        theta: f64,
        end: &[f64],
        nonlinear: impl FnMut(&[f64], &mut [f64]),
        out: &mut [f64],
    ) {
        if !self.extended {
            self.ask_within(nonlinear);
            let mut gap = std::mem::take(&mut self.gap);
            gap.resize(out.len(), 0.0);
            self.follow(1.0, &mut gap);
            gap.iter_mut()
                .zip(end)
                .for_each(|(gap, end)| *gap = end - *gap);
            self.gap = gap;
            self.extended = true;
        }
        self.follow(theta, out);
        let share = theta.powi(4);
        (out.iter_mut().zip(&self.gap)).for_each(|(value, gap)| *value += share * gap);
    }

    /// N at ⅓ and ⅔ of the last step.
    fn ask_within(&mut self, mut nonlinear: impl FnMut(&[f64], &mut [f64])) {
        let (h, length) = (self.length, self.trial.len());
        for (place, inner) in [1.0 / 3.0, 2.0 / 3.0].into_iter().zip(&mut self.inner) {
            let [_, n2, n3, n4, n1] = &self.slopes;
            for (i, value) in self.trial.iter_mut().enumerate() {
                let middle = 0.5 * (n2[i] + n3[i]);
                let slope = 4.0 * middle - 3.0 * n1[i] - n4[i];
                let bend = 2.0 * (n1[i] + n4[i]) - 4.0 * middle;
                let factors = within(self.rates[i] * h, h, place);
                *value = sum(factors, self.start[i], [n1[i], slope, bend, 0.0]);
            }
            inner.resize(length, 0.0);
            nonlinear(&self.trial, inner);
            self.work.evaluations += 1;
        }
    }

    /// `out` ← u(θ) with N the cubic.
    fn follow(&self, theta: f64, out: &mut [f64]) {
        let [n5, .., n1] = &self.slopes;
        let [third, two_thirds] = &self.inner;
        let mut last = (f64::NAN, [0.0; 5]);
        for (i, value) in out.iter_mut().enumerate() {
            // entries of one degree decay alike
            if self.rates[i] != last.0 {
                last = (
                    self.rates[i],
                    within(self.rates[i] * self.length, self.length, theta),
                );
            }
            *value = sum(
                last.1,
                self.start[i],
                cubic(n1[i], third[i], two_thirds[i], n5[i]),
            );
        }
    }

    /// A step of a coarse ladder, for every other step costs a new table of exponentials; a limit that is near is taken in equal parts.
    fn choose(&self, limit: f64) -> f64 {
        let wanted = self.controller.step.min(limit);
        let parts = (limit / wanted - 1e-9).ceil().max(1.0);
        if parts <= 3.0 {
            return limit / parts;
        }
        if self.rows_step <= wanted && self.rows_step >= KEPT * wanted {
            return self.rows_step;
        }
        ((RUNGS * wanted.log2()).floor() / RUNGS).exp2().min(wanted)
    }

    fn try_step(
        &mut self,
        state: &[f64],
        step: f64,
        nonlinear: &mut impl FnMut(&[f64], &mut [f64]),
    ) {
        if self.rows_step != step {
            let mut last = (f64::NAN, Row::default());
            for (row, rate) in self.rows.iter_mut().zip(&self.rates) {
                // entries of one degree decay alike
                if *rate != last.0 {
                    last = (*rate, Row::new(-rate * step));
                }
                *row = last.1;
            }
            self.rows_step = step;
        }
        let h = step;
        let [n1, n2, n3, n4, n5] = &mut self.slopes;
        let (rows, trial) = (&self.rows, &mut self.trial);
        for (i, row) in rows.iter().enumerate() {
            trial[i] = row.half[0] * state[i] + h * row.half[1] * n1[i];
        }
        nonlinear(trial, n2);
        for (i, row) in rows.iter().enumerate() {
            trial[i] =
                row.half[0] * state[i] + h * (row.half[1] * n1[i] + row.half[2] * (n2[i] - n1[i]));
        }
        nonlinear(trial, n3);
        for (i, row) in rows.iter().enumerate() {
            trial[i] = row.full[0] * state[i]
                + h * (row.full[1] * n1[i] + 2.0 * row.full[2] * (n3[i] - n1[i]));
        }
        nonlinear(trial, n4);
        for (i, row) in rows.iter().enumerate() {
            let [b1, b23, b4] = row.weights;
            trial[i] =
                row.full[0] * state[i] + h * (b1 * n1[i] + b23 * (n2[i] + n3[i]) + b4 * n4[i]);
        }
        nonlinear(trial, n5);
        self.work.evaluations += 4;
    }

    fn error(&self, step: f64) -> f64 {
        let [_, _, _, n4, n5] = &self.slopes;
        let entries = self.rows.iter().zip(n4.iter().zip(n5));
        step * largest(entries.map(|(row, (n4, n5))| row.weights[2] * (n5 - n4)))
            / self.controller.tolerance
    }
}

/// The coefficients of the cubic in s through four values at s = 0, ⅓, ⅔, 1.
fn cubic(zero: f64, third: f64, two_thirds: f64, one: f64) -> [f64; 4] {
    [
        zero,
        -5.5 * zero + 9.0 * third - 4.5 * two_thirds + one,
        9.0 * zero - 22.5 * third + 18.0 * two_thirds - 4.5 * one,
        4.5 * (one - zero) + 13.5 * (third - two_thirds),
    ]
}

/// The factors of u_0 and of a_0 … a_3 in u(θ) for an entry with rh = `decay`.
fn within(decay: f64, h: f64, theta: f64) -> [f64; 5] {
    let z = -decay * theta;
    let phi = phi_functions(z);
    let mut factors = [z.exp(), 0.0, 0.0, 0.0, 0.0];
    // k! θ^{k+1}
    let mut power = h * theta;
    for (k, (factor, phi)) in factors[1..].iter_mut().zip(phi).enumerate() {
        *factor = power * phi;
        power *= theta * (k + 1) as f64;
    }
    factors
}

fn sum(factors: [f64; 5], start: f64, a: [f64; 4]) -> f64 {
    let [decay, rest @ ..] = factors;
    decay * start + rest.iter().zip(a).map(|(f, a)| f * a).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phi_functions_join_smoothly_and_match_their_integrals() {
        for z in [-1e-8, -0.3, -0.999_999, -1.0, -1.000_001, -7.0, -300.0, 0.0] {
            let phi = phi_functions(z);
            let n = 20_000;
            // composite midpoint rule, error z²/(24n²)
            let integral = |k: i32| -> f64 {
                (0..n)
                    .map(|j| {
                        let s = (f64::from(j) + 0.5) / f64::from(n);
                        ((1.0 - s) * z).exp() * s.powi(k - 1) / [1.0, 1.0, 2.0, 6.0][k as usize - 1]
                    })
                    .sum::<f64>()
                    / f64::from(n)
            };
            for k in 1..=4 {
                let slow = integral(k);
                let allowed = 1e-9 + z * z * 1.2e-10;
                assert!((phi[k as usize - 1] - slow).abs() < allowed, "φ_{k}({z})");
            }
        }
        let (below, above) = (phi_functions(-1.0 + 1e-15), phi_functions(-1.0 - 1e-15));
        (0..4).for_each(|k| assert!((below[k] - above[k]).abs() < 1e-14));
    }

    /// Two coupled entries with a stiff diagonal part.
    fn coupled(u: &[f64], n: &mut [f64]) {
        n[0] = u[1] * u[1] - u[0].sin();
        n[1] = u[0] * (1.0 - u[1]);
    }

    #[test]
    fn converges_at_fourth_order_with_a_mild_linear_part() {
        let solve = |steps: usize| {
            let mut stepper = Exponential::new(vec![1.0, 3.0], 1.0, 1.0);
            let mut u = vec![1.0, 0.5];
            (0..steps).for_each(|_| stepper.fixed_step(&mut u, 2.0 / steps as f64, coupled));
            u[0]
        };
        let exact = solve(4096);
        let order = ((solve(16) - exact) / (solve(32) - exact)).abs().log2();
        assert!((order - 4.0).abs() < 0.3, "observed {order:.2}");
    }

    #[test]
    fn within_a_step_the_state_is_right_to_fourth_order_and_stiff_entries_too() {
        // the stiff entry starts where it has settled: N is smooth along the solution
        for (rates, start) in [
            (vec![1.0, 3.0], [1.0, 0.5]),
            (vec![0.0, 400.0], [1.0, 1.0 / 401.0]),
        ] {
            let error = |step: f64| {
                let mut stepper = Exponential::new(rates.clone(), 1.0, 1.0);
                let mut end = start.to_vec();
                stepper.fixed_step(&mut end, step, coupled);
                let mut largest = 0.0_f64;
                for theta in [0.0, 0.1, 0.25, 0.5, 0.8, 0.95, 1.0] {
                    let mut read = vec![0.0; 2];
                    stepper.read(theta, &end, coupled, &mut read);
                    let mut exact = start.to_vec();
                    let mut fine = Exponential::new(rates.clone(), 1.0, 1.0);
                    for _ in 0..400 {
                        fine.fixed_step(&mut exact, theta * step / 400.0, coupled);
                    }
                    if theta == 1.0 {
                        assert!((read[0] - end[0]).abs() < 1e-15, "the end is the end");
                    } else {
                        largest = largest.max((read[0] - exact[0]).abs());
                    }
                }
                largest
            };
            let order = (error(0.05) / error(0.025)).log2() - 1.0;
            assert!((order - 4.0).abs() < 0.3, "{rates:?}: observed {order:.2}");
        }
    }

    #[test]
    fn fixed_points_stay_and_stiffness_does_not_limit_the_step() {
        // u' = −λ(u − c): N = λc constant
        let mut stepper = Exponential::new(vec![1e6, 1.0], 1e-9, 0.1);
        let mut u = vec![2.0, 3.0];
        let mut t = 0.0;
        while t < 50.0 {
            t += stepper
                .step(&mut u, 50.0 - t, |_, n| {
                    n[0] = 2e6;
                    n[1] = 3.0;
                })
                .unwrap();
        }
        assert!((u[0] - 2.0).abs() < 1e-14 && (u[1] - 3.0).abs() < 1e-14);
        assert!(stepper.work.steps < 20, "{:?}", stepper.work);
    }

    #[test]
    fn the_error_follows_the_tolerance() {
        let solve = |tolerance: f64| {
            let mut stepper = Exponential::new(vec![1.0, 30.0], tolerance, 0.01);
            let mut u = vec![1.0, 0.5];
            let mut t = 0.0;
            while t < 3.0 {
                t += stepper.step(&mut u, 3.0 - t, coupled).unwrap();
            }
            u[0]
        };
        let exact = solve(1e-14);
        for tolerance in [1e-6, 1e-8, 1e-10] {
            assert!((solve(tolerance) - exact).abs() < 30.0 * tolerance);
        }
    }
}
