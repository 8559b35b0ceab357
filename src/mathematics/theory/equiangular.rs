//! Theorem 6.8: tokens that start with equal inner products keep them equal, ⟨x_i,x_j⟩ = γ(t), and γ obeys a scalar
//! equation (6.9), (6.10).

use crate::dynamics::{Attention, Normalisation};
use crate::integrate::{Explicit, StepError, tableau::DORMAND_PRINCE_853};

/// γ' of n equiangular tokens: (SA) 2e^{βγ}(1−γ)((n−1)γ+1)/(e^β+(n−1)e^{βγ}), (USA) (2/n)e^{βγ}(1−γ)((n−1)γ+1).
#[must_use]
pub fn slope(attention: Attention, count: usize, gamma: f64) -> f64 {
    (1.0 - gamma) * closing_rate(attention, count, 1.0 - gamma)
}

/// γ'/(1 − γ), which is smooth to γ = 1, from the gap 1 − γ: no digit is lost where that is small.
#[must_use]
pub(crate) fn closing_rate(attention: Attention, count: usize, gap: f64) -> f64 {
    let (beta, others) = (attention.beta, count as f64 - 1.0);
    let numerator = 2.0 * attention.value * (others * (1.0 - gap) + 1.0);
    match attention.normalisation {
        Normalisation::None => numerator * (beta * (1.0 - gap)).exp() / count as f64,
        _ => {
            let shifted = (-beta * gap).exp();
            numerator * shifted / (1.0 + others * shifted)
        }
    }
}

/// γ at the given increasing times from γ(0) = `start`, to 1e-12.
///
/// # Errors
/// [`StepError`] when the scalar equation cannot be followed (a non-finite β).
pub fn curve(
    attention: Attention,
    count: usize,
    start: f64,
    times: &[f64],
) -> Result<Vec<f64>, StepError> {
    let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 1, 1e-13, 1e-3 / attention.speed());
    let (mut time, mut gamma) = (0.0, [start]);
    let mut values = Vec::with_capacity(times.len());
    for &target in times {
        // what is left of 1 − γ decays; it would bound the step for ever
        while time < target && 1.0 - gamma[0] > f64::EPSILON {
            let left = target - time;
            let taken = stepper.step(
                &mut gamma,
                left,
                |g, out| out[0] = slope(attention, count, g[0]),
                |_| (),
            )?;
            time = if taken >= left { target } else { time + taken };
        }
        time = target;
        values.push(gamma[0]);
    }
    Ok(values)
}

/// |Σ x_i|/n of n equiangular tokens: √((1 + (n−1)γ)/n).
#[must_use]
pub fn order_parameter(count: usize, gamma: f64) -> f64 {
    ((1.0 + (count as f64 - 1.0) * gamma) / count as f64)
        .max(0.0)
        .sqrt()
}
