//! The densities of the laws that are given by their coefficients: sums of harmonics on the circle, along an axis, and on S².

use serde::Serialize;

use crate::sphere::Domain;
use crate::sphere::domain::sphere_row;
use crate::sphere::gegenbauer::for_each_polynomial;

/// One term of a law on S².
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Term {
    /// ℓ ≥ 1.
    pub degree: usize,
    /// m, −ℓ ≤ m ≤ ℓ: cos mφ for m ≥ 0, sin |m|φ for m < 0.
    pub order: i64,
    /// Its coefficient.
    pub amplitude: f64,
}

/// 1 + Σ a_k cos kθ + b_k sin kθ.
pub(super) fn harmonic_density(cosine: &[f64], sine: &[f64], theta: f64) -> f64 {
    let part = |coefficients: &[f64], f: fn(f64) -> f64| -> f64 {
        coefficients
            .iter()
            .enumerate()
            .map(|(j, a)| a * f((j + 1) as f64 * theta))
            .sum()
    };
    1.0 + part(cosine, f64::cos) + part(sine, f64::sin)
}

/// 1 + Σ a_ℓ P_ℓ(c).
pub(super) fn zonal_density(dimension: usize, coefficients: &[f64], c: f64) -> f64 {
    let mut value = 1.0;
    for_each_polynomial(dimension, coefficients.len(), c, |l, p| {
        if l > 0 {
            value += coefficients[l - 1] * p;
        }
    });
    value
}

/// The coefficients of a sum of terms, with the constant 1, as a state on S².
pub(super) fn terms_state(terms: &[Term], degree: usize) -> Vec<f64> {
    let mut state = vec![0.0; Domain::Sphere.length(degree)];
    state[0] = 1.0;
    for term in terms.iter().filter(|term| term.degree <= degree) {
        let order = term.order.unsigned_abs() as usize;
        let entry = sphere_row(degree, order) + 2 * (term.degree - order);
        state[entry + usize::from(term.order < 0)] += term.amplitude;
    }
    state
}
