//! Modified Bessel functions of the first kind as the zonal kernel e^{β⟨x,y⟩} needs them: by ratios, never alone.
//!
//! With a = d/2 − 1, q_ℓ = I_{ℓ+a}(β) / (β I_{ℓ+a−1}(β)) obeys the continued fraction
//! q_ℓ = 1 / (2(ℓ+a) + β² q_{ℓ+1}), run downwards from far out. All terms are positive, nothing overflows, β = 0 is
//! not special. The multipliers of the kernel follow as products; their scale is fixed by the kernel's value at
//! coincident points, Σ_ℓ N_ℓ λ_ℓ = e^β, where N_ℓ is the dimension of the harmonics of degree ℓ.

use super::gegenbauer::multiplicity_ratio;

/// q_ℓ = I_{ℓ+a}(β)/(β I_{ℓ+a−1}(β)) for ℓ = 1..=`degrees` (entry ℓ−1), any a ≥ 0 and any real β.
#[must_use]
pub(crate) fn ratios_over_beta(a: f64, beta: f64, degrees: usize) -> Vec<f64> {
    // Going down by one degree damps the error of the start value by (I_{ν+1}/I_ν)²: e^{−M²/β} after M of them.
    let start = degrees + 40 + (9.0 * beta.abs().sqrt()).ceil() as usize;
    let mut ratios = vec![0.0; degrees];
    let mut q = 0.0;
    for degree in (1..=start).rev() {
        q = 1.0 / (2.0 * (degree as f64 + a) + beta * beta * q);
        if degree <= degrees {
            ratios[degree - 1] = q;
        }
    }
    ratios
}

/// Degrees beyond which N_ℓ λ_ℓ(β), β ≥ 0, is below every rounding: λ_ℓ/λ_0 ≲ e^{−ℓ²/2β} while ℓ < β, and (β/2)^ℓ/ℓ! beyond.
#[must_use]
pub(crate) fn degrees_that_count(dimension: usize, beta: f64) -> usize {
    let root = beta.sqrt();
    (beta + 12.0 * root + 1.0)
        .min((10.0 + (dimension as f64).sqrt()) * root + 20.0)
        .ceil() as usize
}

/// The kernel's multipliers on S^{d−1} without their common growth: e^{−β} λ_ℓ(β), ℓ = 0..=`degrees`, β ≥ 0, with
/// λ_ℓ = Γ(d/2)(2/β)^a I_{ℓ+a}(β) (Funk–Hecke). On the circle this is e^{−β} I_ℓ(β).
#[must_use]
pub fn scaled_multipliers(dimension: usize, beta: f64, degrees: usize) -> Vec<f64> {
    let a = dimension as f64 / 2.0 - 1.0;
    let enough = degrees + 40 + degrees_that_count(dimension, beta);
    let ratios = ratios_over_beta(a, beta, enough);
    let mut relative = vec![1.0; degrees + 1];
    let (mut product, mut term, mut sum) = (1.0, 1.0, 1.0);
    for (index, q) in ratios.iter().enumerate() {
        let degree = index + 1;
        product *= beta * q;
        term *= beta * q * multiplicity_ratio(dimension, degree);
        sum += term;
        if degree <= degrees {
            relative[degree] = product;
        }
    }
    relative.iter_mut().for_each(|value| *value /= sum);
    relative
}

/// The zonal moments ∫P_ℓ(⟨x,e⟩)dμ = I_{ℓ+a}(κ)/I_a(κ) of the von Mises–Fisher law of concentration κ around e,
/// ℓ = 0..=`degrees`; its mean is the entry of degree 1.
#[must_use]
pub fn von_mises_moments(dimension: usize, concentration: f64, degrees: usize) -> Vec<f64> {
    let a = dimension as f64 / 2.0 - 1.0;
    let mut product = 1.0;
    let mut moments = vec![1.0];
    for q in ratios_over_beta(a, concentration, degrees) {
        product *= concentration * q;
        moments.push(product);
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    /// e^{−β} I_k(β) by the trapezoid rule on (1/π)∫ e^{β(cos θ − 1)} cos kθ dθ: the slow reference.
    fn by_quadrature(k: usize, beta: f64) -> f64 {
        let n = 4000;
        (0..n)
            .map(|j| {
                let theta = std::f64::consts::TAU * f64::from(j) / f64::from(n);
                (beta * (theta.cos() - 1.0)).exp() * (k as f64 * theta).cos()
            })
            .sum::<f64>()
            / f64::from(n)
    }

    #[test]
    fn circle_multipliers_are_scaled_bessel_functions() {
        for beta in [0.0, 1e-3, 0.5, 1.0, 4.0, 9.0, 25.0, 81.0, 500.0, 1e4] {
            let multipliers = scaled_multipliers(2, beta, 60);
            for k in [0, 1, 2, 5, 17, 40, 60] {
                let error = (multipliers[k] - by_quadrature(k, beta)).abs();
                assert!(error < 2e-15, "β {beta} k {k}: {error:e}");
            }
        }
    }

    #[test]
    fn sphere_multipliers_are_spherical_bessel_functions() {
        let beta = 3.0_f64;
        let multipliers = scaled_multipliers(3, beta, 2);
        let i0 = beta.sinh() / beta;
        let i1 = (beta * beta.cosh() - beta.sinh()) / (beta * beta);
        assert!((multipliers[0] - i0 * (-beta).exp()).abs() < 1e-15);
        assert!((multipliers[1] - i1 * (-beta).exp()).abs() < 1e-15);
    }

    #[test]
    fn at_beta_zero_only_the_constant_is_left() {
        assert_eq!(scaled_multipliers(2, 0.0, 3), vec![1.0, 0.0, 0.0, 0.0]);
        assert!((ratios_over_beta(0.0, 0.0, 1)[0] - 0.5).abs() < 1e-16);
    }
}
