//! The equations as on paper: slow, serial, one loop a sum. Every fast path is tested against this file, and nothing else calls it.
//!
//! A measure μ is a list of weighted points: tokens, or the nodes of a quadrature of a density. Exponentials are shifted by |β|, so that every
//! e^{β⟨x,y⟩−|β|} ≤ 1; what is returned is shifted back where (USA) needs it.

use super::system::{Mask, System};
use super::{Attention, Normalisation};
use crate::measure::Particles;

fn inner(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

/// M x of a matrix, row by row.
fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(x.len())
        .map(|row| inner(row, x))
        .collect()
}

/// Z_μ(x) e^{−|β|} = Σ_j w_j e^{β⟨x,y_j⟩−|β|}.
#[must_use]
pub fn potential(beta: f64, measure: &Particles, x: &[f64]) -> f64 {
    (measure.rows().zip(&measure.weights))
        .map(|(y, w)| w * (beta * inner(x, y) - beta.abs()).exp())
        .sum()
}

/// ∫ y e^{β⟨x,y⟩−|β|} dμ(y), d numbers: (1/β)∇Z e^{−|β|} in ℝ^d.
#[must_use]
pub fn pull(beta: f64, measure: &Particles, x: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; x.len()];
    for (y, w) in measure.rows().zip(&measure.weights) {
        let k = w * (beta * inner(x, y) - beta.abs()).exp();
        for (s, a) in sum.iter_mut().zip(y) {
            *s += k * a;
        }
    }
    sum
}

/// x' of a point of the sphere: P_x ∫ y e^{β⟨x,y⟩} dμ(y) times V, over Z(x) for (SA) (1.3), (2.3), not for (USA) (1.4).
#[must_use]
pub fn velocity(attention: Attention, measure: &Particles, x: &[f64]) -> Vec<f64> {
    let sum = pull(attention.beta, measure, x);
    let along = inner(x, &sum);
    let scale = match attention.normalisation {
        Normalisation::None => attention.value * attention.beta.abs().exp(),
        _ => attention.value / potential(attention.beta, measure, x),
    };
    (sum.iter().zip(x))
        .map(|(s, a)| scale * (s - along * a))
        .collect()
}

/// div v at a point of S^{d−1}, all derivatives of Z under the integral: with a = ∫ y k and B = ∫ yyᵀ k, k = e^{β⟨x,y⟩−|β|},
/// div P_x a = β(tr B − xᵀBx) − (d−1)⟨x,a⟩, and for (SA) −β|P_x a|²/Z² more over Z.
#[must_use]
pub fn divergence(attention: Attention, measure: &Particles, x: &[f64]) -> f64 {
    let beta = attention.beta;
    let (mut trace, mut quadratic) = (0.0, 0.0);
    for (y, w) in measure.rows().zip(&measure.weights) {
        let k = w * (beta * inner(x, y) - beta.abs()).exp();
        trace += k * inner(y, y);
        quadratic += k * inner(x, y).powi(2);
    }
    let sum = pull(beta, measure, x);
    let along = inner(x, &sum);
    let plain = beta * (trace - quadratic) - (x.len() as f64 - 1.0) * along;
    match attention.normalisation {
        Normalisation::None => attention.value * beta.abs().exp() * plain,
        _ => {
            let z = potential(beta, measure, x);
            let square = inner(&sum, &sum) - along * along;
            attention.value * (plain / z - beta * square / (z * z))
        }
    }
}

/// x_1', …, x_n' of tokens, n·d numbers.
#[must_use]
pub fn drift(attention: Attention, tokens: &Particles) -> Vec<f64> {
    tokens
        .rows()
        .flat_map(|x| velocity(attention, tokens, x))
        .collect()
}

/// E_β\[μ\] = (1/2β) ∬ e^{β⟨x,y⟩} dμdμ (3.5), β ≠ 0.
#[must_use]
pub fn energy(beta: f64, measure: &Particles) -> f64 {
    let total: f64 = (measure.rows().zip(&measure.weights))
        .map(|(x, w)| w * potential(beta, measure, x))
        .sum();
    total * beta.abs().exp() / (2.0 * beta)
}

/// The n×n weights p_ij of a head with logits β x_iᵀ(QᵀK)x_j, row by row, under the mask: softmax w_j e^{ℓ_ij}/Σ_k w_k e^{ℓ_ik}, none
/// w_j e^{ℓ_ij}, hardmax (9.5), or doubly stochastic (Remark 3.5) by `sweeps` of Sinkhorn's alternation.
#[must_use]
pub fn weights(
    system: &System,
    attention: Attention,
    tokens: &Particles,
    query_key: &[f64],
    sweeps: usize,
) -> Vec<Vec<f64>> {
    let n = tokens.count();
    let w = &tokens.weights;
    let logit = |i: usize, j: usize| {
        attention.beta * inner(tokens.row(i), &times(query_key, tokens.row(j)))
    };
    let seen = |i: usize, j: usize| system.mask == Mask::None || j <= i;
    let logits: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            (0..n)
                .map(|j| {
                    if seen(i, j) {
                        logit(i, j)
                    } else {
                        f64::NEG_INFINITY
                    }
                })
                .collect()
        })
        .collect();
    if attention.normalisation.is_doubly_stochastic() {
        return doubly_stochastic(&logits, w, sweeps);
    }
    let row = |i: usize| -> Vec<f64> {
        let logits = &logits[i];
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let size = (logits.iter().filter(|l| l.is_finite())).fold(0.0_f64, |s, l| s.max(l.abs()));
        let raw = |j: usize| match attention.normalisation {
            Normalisation::Hardmax { tie } => {
                if logits[j] >= top - tie * size {
                    w[j]
                } else {
                    0.0
                }
            }
            Normalisation::Softmax | Normalisation::Sinkhorn { .. } => {
                w[j] * (logits[j] - top).exp()
            }
            Normalisation::None => w[j] * logits[j].exp(),
        };
        let list: Vec<f64> = (0..n).map(raw).collect();
        if !attention.normalisation.sums_to_one() {
            return list;
        }
        let total: f64 = list.iter().sum();
        list.iter().map(|p| p / total).collect()
    };
    (0..n).map(row).collect()
}

fn doubly_stochastic(logits: &[Vec<f64>], w: &[f64], sweeps: usize) -> Vec<Vec<f64>> {
    let n = w.len();
    let (mut u, mut v) = (vec![1.0; n], vec![1.0; n]);
    for _ in 0..sweeps {
        for j in 0..n {
            v[j] = 1.0
                / (0..n)
                    .map(|i| w[i] * u[i] * logits[i][j].exp())
                    .sum::<f64>();
        }
        for i in 0..n {
            u[i] = 1.0
                / (0..n)
                    .map(|j| logits[i][j].exp() * v[j] * w[j])
                    .sum::<f64>();
        }
    }
    (0..n)
        .map(|i| {
            (0..n)
                .map(|j| u[i] * logits[i][j].exp() * v[j] * w[j])
                .collect()
        })
        .collect()
}

/// A_i = Σ_h Σ_j p_ij V_h x_j, and with a perceptron w σ(a x_i + b) more (2.7), (2.8): n·d numbers. Heads must be given.
#[must_use]
pub fn output(
    system: &System,
    attention: Attention,
    tokens: &Particles,
    sweeps: usize,
) -> Vec<f64> {
    let (n, d) = (tokens.count(), tokens.dimension());
    let mut out = vec![0.0; n * d];
    for head in &system.heads {
        let p = weights(system, attention, tokens, &head.query_key, sweeps);
        for (i, row) in p.iter().enumerate() {
            for (weight, x) in row.iter().zip(tokens.rows()) {
                for (c, value) in times(&head.value, x).iter().enumerate() {
                    out[i * d + c] += weight * value;
                }
            }
        }
    }
    if let Some(perceptron) = &system.perceptron {
        for (i, x) in tokens.rows().enumerate() {
            let hidden: Vec<f64> = (times(&perceptron.inner, x).iter().zip(&perceptron.bias))
                .map(|(s, b)| perceptron.activation.of(s + b))
                .collect();
            for (c, value) in times(&perceptron.outer, &hidden).iter().enumerate() {
                out[i * d + c] += value;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn the_velocity_is_the_gradient_of_the_potential_and_its_divergence_that_of_a_difference() {
        let tokens = Law::Uniform.sample(7, 3, 5);
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let attention = Attention::new(2.3, normalisation);
            let x = [0.6, 0.0, 0.8];
            let frame = [[0.8, 0.0, -0.6], [0.0, 1.0, 0.0]];
            let v = velocity(attention, &tokens, &x);
            let at = |t: f64, e: &[f64; 3]| -> [f64; 3] {
                std::array::from_fn(|c| x[c] * t.cos() + e[c] * t.sin())
            };
            let (h, mut sum) = (1e-4, 0.0);
            for e in &frame {
                let z = |t: f64| potential(attention.beta, &tokens, &at(t, e));
                let slope = (z(h) - z(-h)) / (2.0 * h) / attention.beta;
                let scale = match normalisation {
                    Normalisation::None => attention.beta.exp(),
                    _ => 1.0 / z(0.0),
                };
                assert!((inner(&v, e) / (scale * slope) - 1.0).abs() < 1e-6);
                // along a great circle the tangent is carried along
                let component = |t: f64| {
                    let tangent: [f64; 3] =
                        std::array::from_fn(|c| e[c] * t.cos() - x[c] * t.sin());
                    inner(&velocity(attention, &tokens, &at(t, e)), &tangent)
                };
                sum += (component(h) - component(-h)) / (2.0 * h);
            }
            assert!((divergence(attention, &tokens, &x) / sum - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_energy_changes_by_the_dissipation_along_the_drift() {
        let tokens = Law::Uniform.sample(6, 4, 2);
        let attention = Attention::new(3.0, Normalisation::None);
        let moved = |t: f64| {
            let mut other = tokens.clone();
            let drift = drift(attention, &tokens);
            (other.positions.iter_mut().zip(drift)).for_each(|(x, v)| *x += t * v);
            crate::sphere::geometry::retract(&mut other.positions, 4);
            energy(attention.beta, &other)
        };
        let h = 1e-7;
        let rate = (moved(h) - moved(-h)) / (2.0 * h);
        let square: f64 = drift(attention, &tokens).iter().map(|v| v * v).sum::<f64>() / 6.0;
        assert!((rate / square - 1.0).abs() < 1e-7, "{rate} {square}");
    }
}
