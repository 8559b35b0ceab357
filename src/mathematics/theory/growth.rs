//! Linear stability of the uniform measure: μ = (1 + εu)σ with u a harmonic of degree ℓ grows like e^{g_ℓ t}.

use crate::dynamics::{Attention, Normalisation};
use crate::sphere::bessel::{ratios_over_beta, scaled_multipliers};

/// g_0 … g_L of S^{d−1}: (SA) ℓ(ℓ+d−2) I_{ℓ+a}(β)/(β I_a(β)), (USA) ℓ(ℓ+d−2) λ_ℓ/β, less Dℓ(ℓ+d−2); a = d/2 − 1. For V = cI the
/// drift's part gains a factor c; an interaction Σ a_k cos kθ has c k²a_k/2.
#[must_use]
pub fn growth_rates(
    attention: Attention,
    dimension: usize,
    diffusion: f64,
    degrees: usize,
) -> Vec<f64> {
    if attention.interaction.is_some() {
        let kernel = attention.kernel(2);
        let share = |k: usize| attention.value * kernel.over_beta.get(k).unwrap_or(&0.0);
        return (0..=degrees)
            .map(|k| (k * k) as f64 * (share(k) - diffusion))
            .collect();
    }
    let a = dimension as f64 / 2.0 - 1.0;
    let ratios = ratios_over_beta(a, attention.beta, degrees.max(1));
    let scale = match attention.normalisation {
        Normalisation::None => {
            scaled_multipliers(dimension, attention.beta.abs(), 0)[0] * attention.max_kernel()
        }
        _ => 1.0,
    };
    let scale = attention.value * scale;
    // λ_ℓ/(βλ_0) = q_1 · βq_2 ⋯ βq_ℓ
    let mut share = scale / attention.beta;
    let mut rates = vec![0.0];
    for degree in 1..=degrees {
        let laplacian = (degree * (degree + dimension - 2)) as f64;
        share = if degree == 1 {
            scale * ratios[0]
        } else {
            share * attention.beta * ratios[degree - 1]
        };
        rates.push(laplacian * (share - diffusion));
    }
    rates
}

/// g_ℓ of [`growth_rates`].
#[must_use]
pub fn growth_rate(attention: Attention, dimension: usize, diffusion: f64, degree: usize) -> f64 {
    growth_rates(attention, dimension, diffusion, degree)[degree]
}

/// The degree that grows fastest; near √(2β) on the circle, the same for (SA) and (USA) without noise.
#[must_use]
pub fn most_unstable_degree(attention: Attention, dimension: usize, diffusion: f64) -> usize {
    let most = 8 + (2.0 * (2.0 * attention.beta.abs()).sqrt()) as usize;
    let rates = growth_rates(attention, dimension, diffusion, most);
    (1..=most).fold(1, |best, degree| {
        if rates[degree] > rates[best] {
            degree
        } else {
            best
        }
    })
}

/// The noise D above which degree ℓ decays: I_{ℓ+a}(β)/(βI_a(β)) for (SA), λ_ℓ/β for (USA). Uniformity is lost when D
/// falls below the value of degree 1.
#[must_use]
pub fn critical_diffusion(attention: Attention, dimension: usize, degree: usize) -> f64 {
    growth_rate(attention, dimension, 0.0, degree) / (degree * (degree + dimension - 2)) as f64
}

/// Angles on which [`linear_maxima`] looks for maxima.
const ANGLES: usize = 1440;

/// Where 1 + Σ 2 Re(m_k e^{ikθ}) e^{g_k t} has its maxima above 1 when its fastest mode has grown to 2|m_k| = 1: where the linear theory of the
/// circle has clusters form. `modes` are m_0 = 1, m_1, … = ∫e^{−ikθ}dμ as (re, im), `growth` their rates g_k. Nothing where nothing grows, or
/// where that mode is as large already: then the law is not near uniformity.
#[must_use]
pub fn linear_maxima(modes: &[(f64, f64)], growth: &[f64]) -> Vec<f64> {
    let sizes: Vec<f64> = modes.iter().map(|(re, im)| 2.0 * re.hypot(*im)).collect();
    let count = modes.len().min(growth.len());
    let fastest = (1..count)
        .filter(|k| growth[*k] > 0.0 && sizes[*k] > 0.0)
        .max_by(|a, b| growth[*a].total_cmp(&growth[*b]));
    let time = fastest.map_or(f64::NAN, |k| -sizes[k].ln() / growth[k]);
    if !time.is_finite() || time <= 0.0 {
        return Vec::new();
    }
    let step = std::f64::consts::TAU / ANGLES as f64;
    // every angle jkθ is one of the grid's
    let turns: Vec<(f64, f64)> = (0..ANGLES).map(|j| (step * j as f64).sin_cos()).collect();
    let mut values = vec![0.0; ANGLES];
    for k in 1..count {
        let factor = 2.0 * (growth[k] * time).exp();
        if factor * sizes[k] < 1e-12 {
            continue;
        }
        for (j, value) in values.iter_mut().enumerate() {
            let (sin, cos) = turns[(j * k) % ANGLES];
            *value += factor * (modes[k].0 * cos - modes[k].1 * sin);
        }
    }
    (0..ANGLES)
        .filter_map(|j| {
            let (before, here, after) = (
                values[(j + ANGLES - 1) % ANGLES],
                values[j],
                values[(j + 1) % ANGLES],
            );
            let peak = here > 0.0 && here > before && here >= after;
            // the parabola through three values
            let bend = before - 2.0 * here + after;
            peak.then(|| step * (j as f64 + 0.5 * (before - after) / bend))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn softmax(beta: f64) -> Attention {
        Attention::new(beta, Normalisation::Softmax)
    }

    #[test]
    fn the_limits_of_small_and_large_beta_are_the_known_ones() {
        for dimension in [2, 3, 8] {
            let d = dimension as f64;
            for attention in [softmax(0.0), Attention::new(0.0, Normalisation::None)] {
                assert!((growth_rate(attention, dimension, 0.0, 1) - (d - 1.0) / d).abs() < 1e-15);
                assert_eq!(growth_rate(attention, dimension, 0.0, 2), 0.0);
            }
        }
        let large = softmax(1e4);
        let top = most_unstable_degree(large, 2, 0.0);
        assert!((growth_rate(large, 2, 0.0, top) - 2.0 / std::f64::consts::E).abs() < 1e-4);
    }

    #[test]
    fn the_most_unstable_degree_is_near_the_square_root_of_two_beta() {
        for beta in [1.0, 4.0, 9.0, 25.0, 81.0] {
            assert_eq!(
                most_unstable_degree(softmax(beta), 2, 0.0),
                (2.0_f64 * beta).sqrt().round() as usize
            );
            let sphere = ((2.0 * beta + 0.25).sqrt() - 0.5).round() as usize;
            assert_eq!(most_unstable_degree(softmax(beta), 3, 0.0), sphere);
        }
    }

    #[test]
    fn noise_takes_off_the_laplacian_and_the_critical_noise_balances_it() {
        let critical = critical_diffusion(softmax(2.0), 2, 1);
        assert!((critical - 1.590_636_854_637_329 / (2.0 * 2.279_585_302_336_067)).abs() < 1e-12);
        assert!(growth_rate(softmax(2.0), 2, critical, 1).abs() < 1e-15);
    }

    /// One mode alone has k maxima, at θ = (2πj − arg m_k)/k with the sign of e^{−ikθ}; of two modes the one that grows decides.
    #[test]
    fn the_linear_maxima_of_a_single_mode_are_at_its_phases() {
        let mut modes = vec![(1.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.01, 0.0)];
        let phase: f64 = 0.7;
        modes[3] = (0.01 * (3.0 * phase).cos(), -0.01 * (3.0 * phase).sin());
        let growth = [0.0, -1.0, 0.1, 2.0];
        let found = linear_maxima(&modes, &growth);
        assert_eq!(found.len(), 3);
        for (j, angle) in found.iter().enumerate() {
            let wanted = phase + std::f64::consts::TAU / 3.0 * j as f64;
            assert!((angle - wanted).abs() < 1e-5, "{angle} for {wanted}");
        }
        modes[1] = (0.3, 0.0);
        assert_eq!(linear_maxima(&modes, &growth).len(), 3);
        assert!(linear_maxima(&[(1.0, 0.0), (0.6, 0.0)], &[0.0, 1.0]).is_empty());
        assert!(linear_maxima(&[(1.0, 0.0), (0.1, 0.0)], &[0.0, -1.0]).is_empty());
    }
}
