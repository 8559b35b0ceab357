//! The mean field of attention in ℝ^d on Gaussian measures N(m, S), which stay Gaussian: closed equations for m and S.
//!
//! With logits βxᵀ(QᵀK)y and A = βKᵀQ every velocity is affine, u + L(x − m), so that m' = u and S' = LS + SLᵀ:
//!
//! * softmax: tilting N(m,S) by e^{βxᵀQᵀKy} moves its mean to m + SAx, hence u = V(m + SAm), L = VSA;
//! * mean-shift, V(y − x) in place of Vy: u = VSAm, L = V(SA − I);
//! * doubly stochastic: the coupling of N with itself whose precision has the off-diagonal block −βQᵀK has conditional mean
//!   m + B(x − m) and conditional covariance W with B = WA, W + W(ASAᵀ)W = S. With W = S^{1/2}YS^{1/2} this is Y + YHY = I for
//!   H = S^{1/2}ASAᵀS^{1/2}, so that Y = 2(I + √(I + 4H))^{−1}; u = Vm, L = VB.
//!
//! Source: Castin, Ablin, Carrillo, Peyré, *A unified perspective on the dynamics of deep transformers* (2501.18322); derived again.

use faer::{Mat, Side};

use super::general::matrix::{apply, product, transposed};
use crate::integrate::tableau::DORMAND_PRINCE_853;
use crate::integrate::{Ahead, Due, Explicit, StepError};

/// What is averaged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Softmax weights, values Vy.
    Softmax,
    /// Softmax weights, values V(y − x).
    MeanShift,
    /// Doubly stochastic weights, values Vy.
    Sinkhorn,
}

/// Numbers beyond this are taken for a blow-up.
const LARGEST: f64 = 1e9;

/// A Gaussian in motion.
#[derive(Debug, Clone)]
pub struct GaussianFlow {
    kind: Kind,
    dimension: usize,
    /// A = βKᵀQ.
    tilt: Vec<f64>,
    /// (QᵀK)ᵀ.
    key_query: Vec<f64>,
    value: Vec<f64>,
    /// m, then S row by row.
    state: Vec<f64>,
    stepper: Explicit,
    tolerance: f64,
    /// The time of this flow at which it left all bounds (softmax with V = I does in finite time); it stays as it was before.
    pub blow_up: Option<f64>,
    ahead: Ahead,
}

impl GaussianFlow {
    /// From N(m, S), S row by row, with QᵀK and V row by row.
    #[must_use]
    pub fn new(
        kind: Kind,
        beta: f64,
        [query_key, value]: [&[f64]; 2],
        mean: Vec<f64>,
        covariance: Vec<f64>,
        tolerance: f64,
    ) -> Self {
        let dimension = mean.len();
        let key_query = transposed(query_key, dimension, dimension);
        let tilt = key_query.iter().map(|a| a * beta).collect();
        let state = [mean, covariance].concat();
        Self {
            kind,
            dimension,
            key_query,
            tilt,
            value: value.to_vec(),
            stepper: Explicit::new(&DORMAND_PRINCE_853, state.len(), tolerance, 1e-3),
            state,
            tolerance,
            blow_up: None,
            ahead: Ahead::new(0.0, f64::INFINITY),
        }
    }

    /// The last time of the experiment, at which a step has to end.
    pub fn stop_at(&mut self, stop: f64) {
        self.ahead.stop_at(stop);
    }

    /// Other β from the time `now` on, that of the state: a Gaussian stays Gaussian at any.
    pub fn set_beta(&mut self, now: f64, beta: f64) {
        self.ahead.restart(now);
        self.stepper.forget();
        (self.tilt.iter_mut().zip(&self.key_query)).for_each(|(t, a)| *t = a * beta);
    }

    /// m.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.state[..self.dimension]
    }

    /// S, row by row.
    #[must_use]
    pub fn covariance(&self) -> &[f64] {
        &self.state[self.dimension..]
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError::NotFinite`] from a start that is no number.
    pub fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        while self.blow_up.is_none() {
            let (kind, d, tilt, value) = (self.kind, self.dimension, &self.tilt, &self.value);
            let rate = |state: &[f64], out: &mut [f64]| rate(kind, d, (tilt, value), state, out);
            match self.ahead.due(to) {
                Due::Here => break,
                Due::Read(theta) => {
                    let state = &mut self.state;
                    self.stepper.read(theta, self.ahead.front(), rate, state);
                    symmetrise(&mut state[d..], d);
                    break;
                }
                Due::Land => {
                    self.ahead.land(&mut self.state);
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => {
                    let before = self.ahead.begun();
                    // relative to what has grown: an absolute bound would ask for more digits than there are
                    let largest = self.state.iter().fold(1.0_f64, |top, a| top.max(a.abs()));
                    self.stepper.controller.tolerance = self.tolerance * largest;
                    let symmetric = |state: &mut [f64]| symmetrise(&mut state[d..], d);
                    let taken = self.stepper.step(&mut self.state, limit, rate, symmetric);
                    let bounded = !self.state.iter().any(|a| a.abs() > LARGEST);
                    match taken {
                        Ok(taken) if bounded => self.ahead.stepped(taken, &self.state),
                        Err(StepError::NotFinite) if before == 0.0 => {
                            return Err(StepError::NotFinite);
                        }
                        _ => self.blow_up = Some(before),
                    }
                }
            }
        }
        Ok(true)
    }
}

fn symmetrise(s: &mut [f64], d: usize) {
    for i in 0..d {
        for j in 0..i {
            let mean = 0.5 * (s[i * d + j] + s[j * d + i]);
            (s[i * d + j], s[j * d + i]) = (mean, mean);
        }
    }
}

/// (m', S').
fn rate(kind: Kind, d: usize, (tilt, value): (&[f64], &[f64]), state: &[f64], out: &mut [f64]) {
    let (mean, s) = state.split_at(d);
    let (mean_rate, rate) = out.split_at_mut(d);
    let mut inner = match kind {
        Kind::Softmax | Kind::MeanShift => product(s, tilt, d, d),
        Kind::Sinkhorn => conditional(d, tilt, s),
    };
    // the average at x = m
    let mut at_mean = vec![0.0; d];
    if kind != Kind::Sinkhorn {
        apply(&inner, mean, &mut at_mean);
    }
    if kind != Kind::MeanShift {
        at_mean.iter_mut().zip(mean).for_each(|(a, m)| *a += m);
    } else {
        inner.iter_mut().step_by(d + 1).for_each(|a| *a -= 1.0);
    }
    apply(value, &at_mean, mean_rate);
    let half = product(&product(value, &inner, d, d), s, d, d);
    for i in 0..d {
        for j in 0..d {
            rate[i * d + j] = half[i * d + j] + half[j * d + i];
        }
    }
}

/// B of the doubly stochastic coupling: E\[y|x\] = m + B(x − m). Where S is no covariance, numbers that are none.
fn conditional(d: usize, tilt: &[f64], s: &[f64]) -> Vec<f64> {
    let matrix = |a: &[f64]| Mat::from_fn(d, d, |i, j| a[i * d + j]);
    let (s, a) = (matrix(s), matrix(tilt));
    // f of a symmetric matrix
    let function = |m: &Mat<f64>, f: &dyn Fn(f64) -> f64| -> Option<Mat<f64>> {
        let eigen = m.self_adjoint_eigen(Side::Lower).ok()?;
        let u = eigen.U().to_owned();
        let scaled = Mat::from_fn(d, d, |i, j| u[(i, j)] * f(eigen.S()[j]));
        Some(&scaled * u.transpose())
    };
    let solve = || {
        let root = function(&s, &|v| v.max(0.0).sqrt())?;
        let half = &root * &a * &root;
        let h = &half * half.transpose();
        let y = function(&h, &|h| 2.0 / (1.0 + (1.0 + 4.0 * h.max(0.0)).sqrt()))?;
        Some(&root * &y * &root * &a)
    };
    match solve() {
        Some(b) => (0..d * d).map(|p| b[(p / d, p % d)]).collect(),
        None => vec![f64::NAN; d * d],
    }
}

/// W_2 of two Gaussians: W² = |m_1 − m_2|² + tr(S_1 + S_2 − 2(S_1^{1/2}S_2S_1^{1/2})^{1/2}) (Bures).
#[must_use]
pub(crate) fn distance(one: (&[f64], &[f64]), two: (&[f64], &[f64])) -> f64 {
    let d = one.0.len();
    let matrix = |a: &[f64]| Mat::from_fn(d, d, |i, j| a[i * d + j]);
    let (s, t) = (matrix(one.1), matrix(two.1));
    let Ok(eigen) = s.self_adjoint_eigen(Side::Lower) else {
        return f64::NAN;
    };
    let u = eigen.U().to_owned();
    let scaled = Mat::from_fn(d, d, |i, j| u[(i, j)] * eigen.S()[j].max(0.0).sqrt());
    let root = &scaled * u.transpose();
    let middle = &root * &t * &root;
    let Ok(values) = middle.self_adjoint_eigenvalues(Side::Lower) else {
        return f64::NAN;
    };
    let cross: f64 = values.iter().map(|v| v.max(0.0).sqrt()).sum();
    let trace: f64 = (0..d).map(|i| s[(i, i)] + t[(i, i)]).sum();
    let apart: f64 = (one.0.iter().zip(two.0))
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    (apart + (trace - 2.0 * cross).max(0.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(kind: Kind, beta: f64, value: f64, covariance: Vec<f64>) -> GaussianFlow {
        let d = (covariance.len() as f64).sqrt() as usize;
        let identity = |scale: f64| {
            let mut matrix = vec![0.0; d * d];
            matrix.iter_mut().step_by(d + 1).for_each(|v| *v = scale);
            matrix
        };
        let matrices = [&identity(1.0)[..], &identity(value)[..]];
        GaussianFlow::new(kind, beta, matrices, vec![0.3; d], covariance, 1e-12)
    }

    /// (S_0^{−1} + c)^{−1} for d = 2.
    fn shifted_inverse(s: &[f64], c: f64) -> [f64; 4] {
        let det = s[0] * s[3] - s[1] * s[2];
        let (a, b, e) = (s[3] / det + c, -s[1] / det, s[0] / det + c);
        let det = a * e - b * b;
        [e / det, -b / det, -b / det, a / det]
    }

    #[test]
    fn softmax_with_plus_or_minus_the_identity_has_its_closed_form() {
        let s = vec![0.5, 0.2, 0.2, 0.3];
        for (value, sign) in [(1.0, -1.0), (-1.0, 1.0)] {
            let mut flow = flow(Kind::Softmax, 0.8, value, s.clone());
            assert!(flow.advance(0.5, &|| false).unwrap());
            // S = S_0(I ∓ 2βtS_0)^{−1}
            let exact = shifted_inverse(&s, sign * 2.0 * 0.8 * 0.5);
            for (a, b) in flow.covariance().iter().zip(exact) {
                assert!((a - b).abs() < 1e-10, "V = {value}: {a} {b}");
            }
        }
        let mut late = flow(Kind::Softmax, 0.8, -1.0, s);
        assert!(late.advance(1e5, &|| false).unwrap());
        for (a, b) in late.covariance().iter().zip([1.0, 0.0, 0.0, 1.0]) {
            assert!((2.0 * 0.8 * 1e5 * a - b).abs() < 1e-4, "2βtS → I");
        }
    }

    #[test]
    fn the_blow_up_is_where_the_largest_variance_says() {
        // eigenvalues of S: 0.4 ± √0.05
        let largest = 0.4 + 0.05_f64.sqrt();
        let mut flow = flow(Kind::Softmax, 0.8, 1.0, vec![0.5, 0.2, 0.2, 0.3]);
        assert!(flow.advance(10.0, &|| false).unwrap());
        let exact = 1.0 / (2.0 * 0.8 * largest);
        assert!((flow.blow_up.unwrap() / exact - 1.0).abs() < 1e-6);
        assert!(flow.covariance().iter().all(|v| v.is_finite()));
    }

    /// The conditional mean of the doubly stochastic coupling of N(m, s) with itself on a grid, at the grid point nearest to x.
    fn by_sinkhorn(beta: f64, m: f64, s: f64) -> (f64, f64) {
        let n = 161;
        let deviation = s.sqrt();
        let grid: Vec<f64> = (0..n)
            .map(|i| m + deviation * (f64::from(i) - 80.0) / 80.0 * 7.5)
            .collect();
        let mut weights: Vec<f64> = grid
            .iter()
            .map(|x| (-(x - m).powi(2) / (2.0 * s)).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= total);
        let count = grid.len();
        let mut balance = super::super::general::sinkhorn::SinkhornScaling::new(count, 1, 1e-13);
        balance.solve(0, &weights, true, |out| {
            for (i, x) in grid.iter().enumerate() {
                for (j, y) in grid.iter().enumerate() {
                    out[i * count + j] = beta * x * y;
                }
            }
        });
        let p = balance.weights(&weights);
        let at = |i: usize| (0..count).map(|j| p[i * count + j] * grid[j]).sum::<f64>();
        (at(80), (at(96) - at(64)) / (grid[96] - grid[64]))
    }

    #[test]
    fn velocities_are_those_of_the_integrals_on_the_line() {
        let (beta, m, s) = (0.7, 0.4, 0.9);
        // softmax: the mean of N(m,s) tilted by e^{βxy}, by the trapezoid rule
        let tilted = |x: f64| {
            let terms = (-4000..=4000).map(|j| {
                let y = m + f64::from(j) * 0.003;
                let w = (-(y - m).powi(2) / (2.0 * s) + beta * x * y).exp();
                (w, w * y)
            });
            let (z, first) = terms.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            first / z
        };
        let mut out = [0.0; 2];
        rate(Kind::Softmax, 1, (&[beta], &[1.0]), &[m, s], &mut out);
        assert!((out[0] - tilted(m)).abs() < 1e-9);
        assert!((out[1] - 2.0 * s * (tilted(m + 0.5) - tilted(m - 0.5))).abs() < 1e-9);
        rate(Kind::MeanShift, 1, (&[beta], &[1.0]), &[m, s], &mut out);
        assert!((out[0] - (tilted(m) - m)).abs() < 1e-9);
        assert!((out[1] - 2.0 * s * (tilted(m + 0.5) - tilted(m - 0.5) - 1.0)).abs() < 1e-9);
        rate(Kind::Sinkhorn, 1, (&[beta], &[1.0]), &[m, s], &mut out);
        let (average, slope) = by_sinkhorn(beta, m, s);
        assert!((out[0] - average).abs() < 1e-8, "{} {average}", out[0]);
        assert!(
            (out[1] - 2.0 * s * slope).abs() < 1e-7,
            "{} {}",
            out[1],
            2.0 * s * slope
        );
    }

    #[test]
    fn the_doubly_stochastic_coupling_has_its_precision_in_two_dimensions() {
        // B = (S − BSBᵀ)A is the equation of the off-diagonal block
        let s = [0.5, 0.2, 0.2, 0.3];
        let a = [0.7, -0.4, 0.1, 0.9];
        let b = conditional(2, &a, &s);
        let bsb = product(&product(&b, &s, 2, 2), &transposed(&b, 2, 2), 2, 2);
        let w: Vec<f64> = s.iter().zip(&bsb).map(|(x, y)| x - y).collect();
        for (x, y) in product(&w, &a, 2, 2).iter().zip(&b) {
            assert!((x - y).abs() < 1e-14);
        }
    }

    #[test]
    fn a_turned_gaussian_moves_as_the_turned_motion() {
        let (sin, cos) = 0.6_f64.sin_cos();
        let turn = [cos, -sin, sin, cos];
        let turned = |m: &[f64]| product(&product(&turn, m, 2, 2), &transposed(&turn, 2, 2), 2, 2);
        let (qk, v, s) = (
            [0.5, -0.3, 0.2, 0.6],
            [0.1, 0.4, -0.2, -0.5],
            [0.5, 0.1, 0.1, 0.4],
        );
        for kind in [Kind::Softmax, Kind::MeanShift, Kind::Sinkhorn] {
            let mut mean = [0.0; 2];
            apply(&turn, &[0.2, -0.7], &mut mean);
            let mut one =
                GaussianFlow::new(kind, 1.1, [&qk, &v], vec![0.2, -0.7], s.to_vec(), 1e-12);
            let (a, b) = (turned(&qk), turned(&v));
            let mut two = GaussianFlow::new(kind, 1.1, [&a, &b], mean.to_vec(), turned(&s), 1e-12);
            assert!(one.advance(1.0, &|| false).unwrap() && two.advance(1.0, &|| false).unwrap());
            for (x, y) in turned(one.covariance()).iter().zip(two.covariance()) {
                assert!((x - y).abs() < 1e-10, "{kind:?}");
            }
            let same = distance(
                (one.mean(), one.covariance()),
                (one.mean(), one.covariance()),
            );
            assert!(same < 1e-7, "{same}");
        }
    }

    #[test]
    fn the_distance_of_gaussians_on_the_line_is_that_of_means_and_deviations() {
        let found = distance((&[0.3], &[4.0]), (&[-0.7], &[0.25]));
        assert!((found - (1.0_f64 + 2.25).sqrt()).abs() < 1e-14);
    }
}
