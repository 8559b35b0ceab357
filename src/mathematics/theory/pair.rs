//! Two clusters of masses m_1, m_2: the angle θ between them obeys a scalar equation, and their lifetime is a quadrature.
//!
//! With c = cos θ, (SA) c' = (1−c²)[m_2e^{βc}/(m_1e^β+m_2e^{βc}) + m_1e^{βc}/(m_2e^β+m_1e^{βc})] and (USA)
//! c' = (m_1+m_2)e^{βc}(1−c²): c' = (1−c²)F(c). In the variable u = ln tan(θ/2), c = −tanh u, this is u' = −F, so that
//!
//!   t = ∫ du/F,   1 − c = 2e^{2u}/(1+e^{2u}),
//!
//! which loses nothing near c = 1 and is e^{β(1−c_0)} long: the lifetime of a metastable pair.

use crate::dynamics::{Attention, Normalisation};
use crate::sphere::gegenbauer::Quadrature;

/// Nodes of the Gauss rule on each piece, and the length of a piece in u: 1/F ~ e^{β(1−c)} is then resolved to rounding.
const NODES: usize = 16;
const PIECE: f64 = 0.05;
/// Newton's steps on a piece, on which t(u) is nearly straight: the error is squared by each.
const NEWTON: usize = 5;

/// F at a gap 1 − c.
fn rate(attention: Attention, masses: [f64; 2], gap: f64) -> f64 {
    let weak = (-attention.beta * gap).exp();
    let [one, two] = masses;
    match attention.normalisation {
        Normalisation::None => (one + two) * attention.scale() * weak,
        _ => {
            let pulls = two * weak / (one + two * weak) + one * weak / (two + one * weak);
            attention.scale() * pulls
        }
    }
}

fn log_tangent(gap: f64) -> f64 {
    // tan²(θ/2) = (1−c)/(1+c)
    0.5 * (gap / (2.0 - gap)).ln()
}

fn gap_at(u: f64) -> f64 {
    let square = (2.0 * u).exp();
    2.0 * square / (1.0 + square)
}

/// The time on the way from u = `top` down by `length`, at most a piece: ∫ du/F.
fn duration(
    (attention, masses): (Attention, [f64; 2]),
    rule: &Quadrature,
    top: f64,
    length: f64,
) -> f64 {
    let mean: f64 = (rule.nodes.iter().zip(&rule.weights))
        .map(|(x, w)| w / rate(attention, masses, gap_at(top - 0.5 * length * (1.0 + x))))
        .sum();
    length * mean
}

/// The pair on its way from the gap 1 − c = `from` to `to` < `from`: (t, 1 − c) at the ends of the pieces of the quadrature.
#[must_use]
pub fn approach(attention: Attention, masses: [f64; 2], from: f64, to: f64) -> Vec<(f64, f64)> {
    let (start, end) = (log_tangent(from), log_tangent(to));
    let pieces = ((start - end) / PIECE).ceil().max(1.0) as usize;
    let length = (start - end) / pieces as f64;
    let rule = Quadrature::new(3, NODES);
    let mut time = 0.0;
    let mut path = vec![(0.0, from)];
    for piece in 0..pieces {
        let top = start - piece as f64 * length;
        time += duration((attention, masses), &rule, top, length);
        path.push((time, gap_at(top - length)));
    }
    path
}

/// 1 − c at these times of a way that [`approach`] has found, for those within it: Newton's method on t(u) from the piece's chord.
#[must_use]
pub fn gaps_at(
    attention: Attention,
    masses: [f64; 2],
    path: &[(f64, f64)],
    times: &[f64],
) -> Vec<(f64, f64)> {
    let rule = Quadrature::new(3, NODES);
    let within = |t: f64| {
        let next = path.partition_point(|(time, _)| *time <= t);
        let ((before, from), (after, to)) = (path.get(next.checked_sub(1)?)?, path.get(next)?);
        let (top, length) = (log_tangent(*from), log_tangent(*from) - log_tangent(*to));
        let mut along = length * (t - before) / (after - before);
        for _ in 0..NEWTON {
            let late = duration((attention, masses), &rule, top, along) - (t - before);
            along -= late * rate(attention, masses, gap_at(top - along));
        }
        Some((t, gap_at(top - along)))
    };
    times.iter().filter_map(|t| within(*t)).collect()
}

/// The time from the gap 1 − c = `from` to `to`.
#[must_use]
pub fn lifetime(attention: Attention, masses: [f64; 2], from: f64, to: f64) -> f64 {
    (approach(attention, masses, from, to).last()).map_or(0.0, |(time, _)| *time)
}

#[cfg(test)]
mod tests {
    use super::super::equiangular;
    use super::*;

    #[test]
    fn between_its_pieces_a_pair_is_as_exact_as_at_their_ends() {
        for (beta, masses) in [(1.0, [0.5, 0.5]), (9.0, [0.3, 0.7]), (40.0, [0.9, 0.1])] {
            let attention = Attention::new(beta, Normalisation::Softmax);
            let path = approach(attention, masses, 1.3, 1e-6);
            let last = path[path.len() - 1].0;
            let times: Vec<f64> = (0..400).map(|j| last * f64::from(j) / 399.0).collect();
            let found = gaps_at(attention, masses, &path, &times);
            // the end itself is no longer within
            assert_eq!(found.len(), 399);
            for (t, gap) in found {
                let back = lifetime(attention, masses, 1.3, gap);
                assert!((back - t).abs() < 1e-12 * last, "β {beta}: {t} {back}");
            }
        }
    }

    #[test]
    fn equal_masses_are_two_equiangular_tokens() {
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let attention = Attention::new(3.0, normalisation);
            let path = approach(attention, [0.5, 0.5], 1.7, 1e-3);
            let times: Vec<f64> = path.iter().map(|(t, _)| *t).collect();
            let curve = equiangular::curve(attention, 2, -0.7, &times).unwrap();
            for ((_, gap), gamma) in path.iter().zip(curve) {
                assert!((1.0 - gap - gamma).abs() < 1e-11, "{:e}", 1.0 - gap - gamma);
            }
        }
    }

    #[test]
    fn the_lifetime_grows_like_the_barrier_and_the_end_is_exponential() {
        let life = |beta| {
            let attention = Attention::new(beta, Normalisation::Softmax);
            lifetime(attention, [0.3, 0.7], 1.5, 1e-18)
        };
        // d ln t/dβ → 1 − c_0
        let slope = (life(80.0) / life(79.0)).ln();
        assert!((slope - 1.5).abs() < 0.02, "{slope}");
        assert!(life(80.0) > 1e49);
        // the last e-foldings: (1−c)' = −2·½·… both clusters pull with F = 1 once e^{−β(1−c)} = 1
        let attention = Attention::new(4.0, Normalisation::Softmax);
        let end = lifetime(attention, [0.3, 0.7], 1e-12, 1e-14);
        assert!((end - 100.0_f64.ln() / 2.0).abs() < 1e-10);
    }
}
