//! The transition of Kuramoto's model θ_i' = ω_i + (K/n)Σ_j sin(θ_j − θ_i): order parameter against coupling.
//!
//! Source: Kuramoto (1975); Strogatz, Physica D 143 (2000); Ott, Antonsen, Chaos 18 (2008). In the program's terms K is V = K·I at
//! β = 0.

use serde::Serialize;
use std::f64::consts::{FRAC_PI_2, PI};

use crate::sphere::gegenbauer::Quadrature;

/// A law g of natural frequencies, symmetric around 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "law", rename_all = "kebab-case")]
pub enum FrequencyLaw {
    /// g(ω) = (γ/π)/(γ² + ω²).
    Lorentz {
        /// γ.
        width: f64,
    },
    /// Normal.
    Gaussian {
        /// Its standard deviation.
        width: f64,
    },
    /// Uniform on [−width, width].
    Uniform {
        /// Half its length.
        width: f64,
    },
}

impl FrequencyLaw {
    /// g(ω).
    #[must_use]
    pub fn density(self, omega: f64) -> f64 {
        match self {
            Self::Lorentz { width } => width / (PI * (width * width + omega * omega)),
            Self::Gaussian { width } => {
                (-0.5 * (omega / width).powi(2)).exp() / (width * (2.0 * PI).sqrt())
            }
            Self::Uniform { width } if omega.abs() <= width => 0.5 / width,
            Self::Uniform { .. } => 0.0,
        }
    }

    /// The ω below which a share 0 < p < 1 lies.
    #[must_use]
    pub fn quantile(self, p: f64) -> f64 {
        match self {
            Self::Lorentz { width } => width * (PI * (p - 0.5)).tan(),
            Self::Gaussian { width } => width * normal_quantile(p),
            Self::Uniform { width } => width * (2.0 * p - 1.0),
        }
    }

    /// The midpoints of n parts of equal probability.
    #[must_use]
    pub fn midpoints(self, count: usize) -> Vec<f64> {
        (0..count)
            .map(|j| self.quantile((j as f64 + 0.5) / count as f64))
            .collect()
    }
}

/// Newton's method on Φ(x) = erfc(−x/√2)/2 in the lower half, where it keeps its relative accuracy.
fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    // a start below the root: ln Φ is concave, so that Newton on it comes from the left
    let mut x = -(-2.0 * p.ln()).max(0.0).sqrt();
    for _ in 0..100 {
        let below = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        let slope = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
        let step = below / slope * (p.ln() - below.ln());
        x += step;
        if step.abs() < 1e-15 * (1.0 + x.abs()) {
            break;
        }
    }
    x
}

/// K_c = 2/∫ D/(D² + ω²) g(ω)dω, for D = 0 2/(πg(0)): above it uniformity is lost.
#[must_use]
pub fn critical_coupling(law: FrequencyLaw, diffusion: f64) -> f64 {
    if diffusion == 0.0 {
        return 2.0 / (PI * law.density(0.0));
    }
    match law {
        FrequencyLaw::Lorentz { width } => 2.0 * (width + diffusion),
        FrequencyLaw::Uniform { width } => 2.0 * width / (width / diffusion).atan(),
        FrequencyLaw::Gaussian { width } => {
            // ∫ D/(D²+ω²) g = √(π/2)/σ · e^{s²}erfc(s), s = D/(σ√2)
            let s = diffusion * std::f64::consts::FRAC_1_SQRT_2 / width;
            let scaled = if s < 25.0 {
                (s * s).exp() * libm::erfc(s)
            } else {
                1.0 / (s * PI.sqrt()) * (1.0 - 0.5 / (s * s))
            };
            2.0 * width / (FRAC_PI_2.sqrt() * scaled)
        }
    }
}

/// The stationary order parameter r of infinitely many oscillators without noise, 0 below the transition: the largest root of
/// 1 = K∫_{−π/2}^{π/2} cos²θ g(Kr sin θ)dθ, for the Lorentz law √(1 − 2γ/K). The uniform law jumps to π/4 at K_c = 4·width/π.
#[must_use]
pub fn order_parameter(law: FrequencyLaw, coupling: f64) -> f64 {
    // the uniform law sits on its jump at K_c itself
    if coupling < critical_coupling(law, 0.0) * (1.0 - 1e-12) {
        return 0.0;
    }
    if let FrequencyLaw::Lorentz { width } = law {
        return (1.0 - 2.0 * width / coupling).max(0.0).sqrt();
    }
    let rule = Quadrature::new(3, 64);
    let excess = |r: f64| {
        // the laws end at sin θ = width/(Kr), the normal one at twelve deviations: integrate up to there
        let end = match law {
            FrequencyLaw::Uniform { width } => (width / (coupling * r)).min(1.0).asin(),
            FrequencyLaw::Gaussian { width } => (12.0 * width / (coupling * r)).min(1.0).asin(),
            FrequencyLaw::Lorentz { .. } => FRAC_PI_2,
        };
        let sum: f64 = (rule.nodes.iter().zip(&rule.weights))
            .map(|(x, w)| {
                let theta = end * x;
                w * theta.cos().powi(2) * law.density(coupling * r * theta.sin() * (1.0 - 1e-15))
            })
            .sum();
        // the weights of the rule sum to one, its interval is [−1, 1]
        coupling * 2.0 * end * sum - 1.0
    };
    // K∫… falls with r: from above 1 near 0 to below 1 at r = 1
    let (mut low, mut high) = (1e-9, 1.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if excess(middle) >= 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// |m_1(t)| with Lorentz frequencies from a Poisson kernel of weight r_0 (Ott–Antonsen): r' = −γr + (K/2)r(1 − r²).
#[must_use]
pub fn lorentz_transient(width: f64, coupling: f64, start: f64, time: f64) -> f64 {
    // u = r^{−2}: u' = −(K − 2γ)u + K
    let rate = coupling - 2.0 * width;
    let first = start.powi(-2);
    let now = if rate == 0.0 {
        first + coupling * time
    } else {
        coupling / rate + (first - coupling / rate) * (-rate * time).exp()
    };
    now.powf(-0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_undo_the_distribution_functions() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((normal_quantile(1e-12) + 7.034_483_825_301_131).abs() < 1e-12);
        assert!(normal_quantile(0.5).abs() < 1e-15);
        let lorentz = FrequencyLaw::Lorentz { width: 0.5 };
        assert!((lorentz.quantile(0.75) - 0.5).abs() < 1e-15);
        for law in [
            lorentz,
            FrequencyLaw::Gaussian { width: 2.0 },
            FrequencyLaw::Uniform { width: 3.0 },
        ] {
            let (low, high) = (law.quantile(0.3), law.quantile(0.7));
            let n = 20_000;
            let mass: f64 = (0..n)
                .map(|j| law.density(low + (high - low) * (j as f64 + 0.5) / n as f64))
                .sum::<f64>()
                * (high - low)
                / n as f64;
            assert!((mass - 0.4).abs() < 1e-8, "{law:?}: {mass}");
        }
    }

    #[test]
    fn the_transition_is_where_it_is_known_to_be() {
        let uniform = FrequencyLaw::Uniform { width: 1.0 };
        let kc = critical_coupling(uniform, 0.0);
        assert!((kc - 4.0 / PI).abs() < 1e-15);
        assert!((order_parameter(uniform, kc) - PI / 4.0).abs() < 1e-6);
        assert_eq!(order_parameter(uniform, 0.99 * kc), 0.0);
        let gaussian = FrequencyLaw::Gaussian { width: 1.0 };
        assert!((critical_coupling(gaussian, 0.0) - (8.0 / PI).sqrt()).abs() < 1e-14);
        // r ≈ √(16/(πK_c³)) √(−(K−K_c)/(K_c… g''(0))): near the transition the square root law of Kuramoto
        let k = critical_coupling(gaussian, 0.0) * 1.0001;
        let g2 = -1.0 / (2.0 * PI).sqrt();
        let near = (16.0 / (PI * k.powi(3) * -g2)).sqrt() * (1e-4_f64 / 1.0001).sqrt();
        assert!((order_parameter(gaussian, k) / near - 1.0).abs() < 1e-3);
        for law in [uniform, gaussian] {
            assert!(order_parameter(law, 100.0) > 0.9999 * (1.0 - 1e-4));
            // a little noise changes little
            let (without, with) = (critical_coupling(law, 0.0), critical_coupling(law, 1e-6));
            assert!((with / without - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn the_lorentz_transient_obeys_its_equation_and_ends_on_the_branch() {
        let (width, coupling) = (0.5, 2.0);
        let r = |t: f64| lorentz_transient(width, coupling, 0.1, t);
        let h = 1e-5;
        let slope = (r(1.0 + h) - r(1.0 - h)) / (2.0 * h);
        let exact = -width * r(1.0) + 0.5 * coupling * r(1.0) * (1.0 - r(1.0).powi(2));
        assert!((slope - exact).abs() < 1e-9 && (r(0.0) - 0.1).abs() < 1e-15);
        let law = FrequencyLaw::Lorentz { width };
        assert!((r(60.0) - order_parameter(law, coupling)).abs() < 1e-12);
        assert!((lorentz_transient(1.0, 2.0, 0.5, 3.0) - 1.0 / 10.0_f64.sqrt()).abs() < 1e-15);
    }
}
