//! Long contexts: β = γ ln n, one layer of softmax attention without residual on n equiangular tokens, ⟨x_i,x_j⟩ = ρ
//! (2510.05554). The cosine between two outputs tends to 1, to 4ρ/(1+3ρ), or to ρ as γ <, =, > 1/(1−ρ).

/// ⟨y_i,y_j⟩/(|y_i||y_j|) of the outputs y_i = Σ_j p_ij x_j for n = `count`.
///
/// With p = p_ii and q = p_ij, p + (n−1)q = 1: y_i = (p−q)x_i + qΣx, so that with a = p − q and S = 1 + (n−1)ρ
/// ⟨y_i,y_j⟩ = a²ρ + 2aqS + q²nS and |y_i|² = a² + 2aqS + q²nS.
#[must_use]
pub fn output_cosine(count: f64, gamma: f64, rho: f64) -> f64 {
    // e^{−β(1−ρ)} = n^{−γ(1−ρ)}
    let weak = (-gamma * (1.0 - rho) * count.ln()).exp();
    let q = weak / (1.0 + (count - 1.0) * weak);
    let a = (1.0 - weak) / (1.0 + (count - 1.0) * weak);
    let sum = 1.0 + (count - 1.0) * rho;
    let common = 2.0 * a * q * sum + q * q * count * sum;
    (a * a * rho + common) / (a * a + common)
}

/// Its limit as n → ∞.
#[must_use]
pub fn limit(gamma: f64, rho: f64) -> f64 {
    let critical = critical_gamma(rho);
    match gamma {
        gamma if gamma < critical => 1.0,
        gamma if gamma == critical => 4.0 * rho / (1.0 + 3.0 * rho),
        _ => rho,
    }
}

/// γ between the regimes, 1/(1 − ρ).
#[must_use]
pub fn critical_gamma(rho: f64) -> f64 {
    1.0 / (1.0 - rho)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation, TokenDynamics};
    use crate::measure::Law;
    use crate::sphere::geometry::{dot, norm};

    #[test]
    fn the_output_cosine_is_that_of_one_layer() {
        for (n, rho) in [(5, 0.3), (50, 0.6), (50, 0.0)] {
            let tokens = Law::Equiangular { cosine: rho }.sample(n, n, 0);
            for gamma in [0.2, 1.0, 2.5] {
                let beta = gamma * (n as f64).ln();
                let attention = Attention::new(beta, Normalisation::Softmax);
                let mut out = vec![0.0; n * n];
                TokenDynamics::new(attention, &tokens).average(&tokens.positions, &mut out);
                let (a, b) = (&out[..n], &out[n..2 * n]);
                let cosine = dot(a, b) / (norm(a) * norm(b));
                let exact = output_cosine(n as f64, gamma, rho);
                assert!(
                    (cosine - exact).abs() < 1e-13,
                    "n {n} γ {gamma}: {cosine} {exact}"
                );
            }
        }
    }

    #[test]
    fn the_three_regimes_are_reached_for_long_contexts() {
        let rho = 0.4;
        let critical = critical_gamma(rho);
        for gamma in [0.5 * critical, critical, 1.5 * critical] {
            let expected = limit(gamma, rho);
            let found = output_cosine(1e14, gamma, rho);
            assert!(
                (found - expected).abs() < 1e-6,
                "γ {gamma}: {found} {expected}"
            );
        }
        assert_eq!(limit(critical, rho), 4.0 * rho / (1.0 + 3.0 * rho));
    }
}
