//! A density ρ = dμ/dσ by its coefficients in the harmonics: on the circle ρ(θ) = Σ_{|k|≤K} c_k e^{ikθ}, on S² and along an
//! axis of S^{d−1} in an orthonormal basis of L²(σ).
//!
//! The uniform density is 1 and the mass is the coefficient of degree 0. The coefficients *are* the moments; on the
//! circle only the sign of the angle differs, m_k = ∫ e^{ikθ}ρ dσ = conj c_k.

use super::{Law, Moments};
use crate::sphere::gegenbauer::recurrence_coefficient;
use crate::sphere::{CirclePlan, Complex, Domain};

/// A density by its coefficients up to degree L, laid out as [`Domain`] says: the state that the steppers see.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Where it lives.
    pub domain: Domain,
    /// The axis of a zonal density, a unit vector of ℝ^d; empty on the circle and on S².
    pub axis: Vec<f64>,
    /// The coefficients.
    pub state: Vec<f64>,
}

impl Density {
    /// From moments, cut or filled with zeros to the degree `modes`; `axis` belongs to the zonal domain.
    #[must_use]
    pub fn from_moments(moments: &Moments, axis: Vec<f64>, modes: usize) -> Self {
        let domain = moments.domain();
        let mut state = domain.resized(moments.values(), modes);
        if domain == Domain::Circle {
            state.chunks_exact_mut(2).for_each(|c| c[1] = -c[1]);
        }
        Self {
            domain,
            axis,
            state,
        }
    }

    /// The density of a law after a heat flow of time `smoothing`, or None where the law has none on this domain; `seed`
    /// as for [`Law::moments`].
    #[must_use]
    pub fn from_law(
        law: &Law,
        domain: Domain,
        seed: u64,
        smoothing: f64,
        modes: usize,
    ) -> Option<Self> {
        let axis = match domain {
            Domain::Zonal(dimension) => law.axis(dimension, seed)?,
            _ => Vec::new(),
        };
        law.moments(domain, seed, modes)
            .map(|moments| Self::from_moments(&moments.smoothed(smoothing), axis, modes))
    }

    /// L (on the circle K), the degree kept.
    #[must_use]
    pub fn modes(&self) -> usize {
        self.domain.degree(self.state.len())
    }

    /// c_k; circle only.
    #[must_use]
    pub fn coefficient(&self, k: usize) -> Complex {
        debug_assert_eq!(self.domain, Domain::Circle);
        coefficient(&self.state, k)
    }

    /// The moments of ρσ.
    #[must_use]
    pub fn moments(&self) -> Moments {
        let mut values = self.state.clone();
        if self.domain == Domain::Circle {
            values.chunks_exact_mut(2).for_each(|c| c[1] = -c[1]);
        }
        Moments::new(self.domain, values)
    }

    /// Cut or padded to `modes`.
    pub fn resize(&mut self, modes: usize) {
        self.state = self.domain.resized(&self.state, modes);
    }

    /// ρ at N = plan.size() points θ_j = 2πj/N of the circle; coefficients above N/2 − 1 are left out.
    pub fn values(&self, plan: &mut CirclePlan, values: &mut [f64]) {
        let degree = self.modes().min((plan.size() - 1) / 2);
        plan.synthesis(degree, |k| self.coefficient(k), values);
    }

    /// ρ(c) at any cosines c = ⟨x,axis⟩ of a zonal density.
    #[must_use]
    pub fn zonal_values(&self, cosines: &[f64]) -> Vec<f64> {
        let Domain::Zonal(dimension) = self.domain else {
            return Vec::new();
        };
        let alpha: Vec<f64> = (0..=self.state.len())
            .map(|l| recurrence_coefficient(dimension, l))
            .collect();
        let value = |c: &f64| {
            let (mut before, mut here, mut sum) = (0.0, 1.0, 0.0);
            for (l, b) in self.state.iter().enumerate() {
                sum += b * here;
                let next = (c * here - alpha[l] * before) / alpha[l + 1];
                (before, here) = (here, next);
            }
            sum
        };
        cosines.iter().map(value).collect()
    }

    /// The size of what each degree holds.
    #[must_use]
    pub fn amplitudes(&self) -> Amplitudes {
        let mut amplitudes = Amplitudes::default();
        amplitudes.update(self);
        amplitudes
    }

    /// The largest amplitude in the top eighth of the degrees (see [`Amplitudes::tail_start`]): what the truncation leaves
    /// out is about as large.
    #[must_use]
    pub fn tail(&self) -> f64 {
        self.amplitudes().tail()
    }

    /// F(θ) = μ([0, θ)) = (1/2π)∫₀^θ ρ for θ ∈ [0, 2π] on the circle; O(K).
    #[must_use]
    pub(crate) fn cumulative(&self, theta: f64) -> f64 {
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

/// For every degree the size of what it holds: |c_k| on the circle, the L²(σ) norm of the degree's part elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amplitudes(Vec<f64>);

impl Amplitudes {
    /// Those of a density; allocates only where the degree has grown.
    pub fn update(&mut self, density: &Density) {
        let list = &mut self.0;
        list.clear();
        list.resize(density.modes() + 1, 0.0);
        density.domain.for_each(density.modes(), |entry, l| {
            list[l] += density.state[entry] * density.state[entry];
        });
        list.iter_mut().for_each(|square| *square = square.sqrt());
    }

    /// One number a degree, from degree 0.
    #[must_use]
    pub fn list(&self) -> &[f64] {
        &self.0
    }

    /// The largest of all.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest_from(0)
    }

    /// The largest in the tail.
    #[must_use]
    pub fn tail(&self) -> f64 {
        self.largest_from(self.tail_start(self.0.len() - 1))
    }

    /// Where the tail of a truncation to `modes` begins: its top eighth, and early enough to hold a degree that is not
    /// zero by symmetry (a density of period 2π/m has only multiples of m, an even one only even degrees).
    #[must_use]
    pub fn tail_start(&self, modes: usize) -> usize {
        let eighth = modes - modes / 8;
        let period = (self.0.iter().enumerate().skip(1))
            .filter(|(_, amplitude)| **amplitude > NOTICED)
            .map(|(k, _)| k)
            .fold(0, greatest_common_divisor);
        if period == 0 || period > modes {
            return eighth;
        }
        eighth.min(modes / period * period)
    }

    /// The largest of the degrees ≥ `from`.
    #[must_use]
    pub fn largest_from(&self, from: usize) -> f64 {
        self.0.iter().skip(from).copied().fold(0.0, f64::max)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cumulative_is_the_integral_of_the_density() {
        let law = Law::Harmonics {
            cosine: vec![0.3, 0.0, -0.2],
            sine: vec![0.1, 0.4],
        };
        let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 8).unwrap();
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
        let mut density = Density::from_law(&law, Domain::Circle, 0, 0.0, 16).unwrap();
        assert!((density.moments().get(2) - Complex::new(0.0, 0.2)).norm() < 1e-16);
        let before = density.moments().get(3);
        density.resize(64);
        assert_eq!(density.moments().get(3), before);
        assert_eq!(density.modes(), 64);
    }
}
