//! A density ρ = dμ/dσ on the circle by its Fourier coefficients: ρ(θ) = Σ_{|k|≤K} c_k e^{ikθ}, c_{−k} = conj c_k.
//!
//! The uniform density is 1 and the mass is c_0. Since m_k = ∫ e^{ikθ}ρ dσ = conj c_k, the coefficients *are* the
//! moments; only the sign of the angle differs.

use super::{Law, Moments};
use crate::sphere::{CirclePlan, Complex};

/// c_0 … c_K, stored as re, im, re, im, … : the state that the steppers see.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// 2(K+1) numbers.
    pub state: Vec<f64>,
}

impl Density {
    /// From moments, cut or filled with zeros to the degree `modes`.
    #[must_use]
    pub fn from_moments(moments: &Moments, modes: usize) -> Self {
        let state = (0..=modes)
            .flat_map(|k| [moments.get(k).re, -moments.get(k).im])
            .collect();
        Self { state }
    }

    /// The density of a law after a heat flow of time `smoothing`, or None where the law has none.
    #[must_use]
    pub fn from_law(law: &Law, smoothing: f64, modes: usize) -> Option<Self> {
        law.circle_moments(modes)
            .map(|moments| Self::from_moments(&moments.smoothed(smoothing), modes))
    }

    /// K, the number of modes kept.
    #[must_use]
    pub fn modes(&self) -> usize {
        self.state.len() / 2 - 1
    }

    /// c_k.
    #[must_use]
    pub fn coefficient(&self, k: usize) -> Complex {
        coefficient(&self.state, k)
    }

    /// m_k = conj c_k, k = 0…K.
    #[must_use]
    pub fn moments(&self) -> Moments {
        Moments(
            (0..=self.modes())
                .map(|k| self.coefficient(k).conj())
                .collect(),
        )
    }

    /// Cut or padded to `modes`.
    pub fn resize(&mut self, modes: usize) {
        self.state.resize(2 * (modes + 1), 0.0);
    }

    /// ρ at N = plan.size() points θ_j = 2πj/N; coefficients above N/2 − 1 are left out.
    pub fn values(&self, plan: &mut CirclePlan, values: &mut [f64]) {
        let degree = self.modes().min((plan.size() - 1) / 2);
        plan.synthesis(degree, |k| self.coefficient(k), values);
    }

    /// max |c_k| over the top eighth of the modes (see [`Density::tail_start`]): what the truncation leaves out is about as large.
    #[must_use]
    pub fn tail(&self) -> f64 {
        self.largest_from(self.tail_start(self.modes()))
    }

    /// Where the tail of a truncation to `modes` begins: its top eighth, and early enough to hold a degree that is not
    /// zero by symmetry (a density of period 2π/m has only multiples of m).
    #[must_use]
    pub fn tail_start(&self, modes: usize) -> usize {
        let eighth = modes - modes / 8;
        let period = (1..=self.modes())
            .filter(|k| self.coefficient(*k).norm() > NOTICED)
            .fold(0, greatest_common_divisor);
        if period == 0 || period > modes {
            return eighth;
        }
        eighth.min(modes / period * period)
    }

    /// max |c_k| over k ≥ `from`.
    #[must_use]
    pub fn largest_from(&self, from: usize) -> f64 {
        largest_coefficient(&self.state, from)
    }

    /// F(θ) = μ([0, θ)) = (1/2π)∫₀^θ ρ for θ ∈ [0, 2π]; O(K).
    #[must_use]
    pub fn cumulative(&self, theta: f64) -> f64 {
        let mut sum = self.state[0] * theta;
        let turn = Complex::from_polar(1.0, theta);
        let mut power = turn;
        for k in 1..=self.modes() {
            // ∫ c_k e^{ikθ} + conj = 2 Re[c_k (e^{ikθ} − 1)/(ik)]
            sum += 2.0 * (self.coefficient(k) * (power - 1.0)).im / k as f64;
            power *= turn;
        }
        sum / std::f64::consts::TAU
    }
}

/// Coefficients below this do not count for the symmetry of a density.
const NOTICED: f64 = 1e-13;

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// c_k of an interleaved state.
#[inline]
#[must_use]
pub fn coefficient(state: &[f64], k: usize) -> Complex {
    Complex::new(state[2 * k], state[2 * k + 1])
}

fn largest_coefficient(state: &[f64], from: usize) -> f64 {
    state[2 * from..]
        .chunks_exact(2)
        .map(|c| c[0].hypot(c[1]))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cumulative_is_the_integral_of_the_density() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.0, -0.2],
            sine: vec![0.1, 0.4],
        };
        let density = Density::from_law(&law, 0.0, 8).unwrap();
        let mut plan = CirclePlan::new(4096);
        let mut values = vec![0.0; 4096];
        density.values(&mut plan, &mut values);
        let by_midpoints: f64 =
            values[..1024].iter().sum::<f64>() / 4096.0 - (values[0] - values[1024]) / 2.0 / 4096.0;
        assert!((density.cumulative(std::f64::consts::FRAC_PI_2) - by_midpoints).abs() < 1e-6);
        assert!((density.cumulative(std::f64::consts::TAU) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn moments_are_conjugate_coefficients_and_resizing_keeps_them() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.0, -0.2],
            sine: vec![0.1, 0.4],
        };
        let mut density = Density::from_law(&law, 0.0, 16).unwrap();
        assert!((density.moments().get(2) - Complex::new(0.0, 0.2)).norm() < 1e-16);
        let before = density.moments().get(3);
        density.resize(64);
        assert_eq!(density.moments().get(3), before);
        assert_eq!(density.modes(), 64);
    }
}
