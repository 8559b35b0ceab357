//! Laws that are sums of peaks whose density is known in closed form, however sharp: von Mises–Fisher laws and Poisson kernels.
//!
//! A peak is a function of the angle α to its axis. Its law over the angle, e^{L}, L(α) = ln dμ/dσ + (d−2) ln sin α, has one maximum α*,
//! on the axis where d = 2 and away from it above, and falls to a part of it over a length s: that is where to look.

use std::f64::consts::PI;

use super::laws::Law;

/// Halvings of an interval that find the maximum of L, each by the golden section.
const SECTIONS: usize = 120;
/// Roundings of a term of L, and of what is interpolated of it.
const ROUNDINGS: f64 = 8.0;
/// No peak is looked for nearer to its axis.
const NEAREST: f64 = 1e-12;

/// One peak of a law.
#[derive(Debug, Clone)]
pub struct Peak {
    /// Its share of the mass.
    pub mass: f64,
    /// A unit vector of ℝ^d.
    pub axis: Vec<f64>,
    /// α*.
    pub at: f64,
    /// s.
    pub length: f64,
    kernel: Kernel,
}

#[derive(Debug, Clone, Copy)]
enum Kernel {
    /// e^{κ(cos α − 1)}.
    VonMises(f64),
    /// ((1−w)²/|x − w·axis|²)^{d−1}.
    Poisson(f64),
}

impl Peak {
    /// For messages: which kernel it is, with its sharpness.
    #[cfg(test)]
    pub(crate) fn kernel(&self) -> impl std::fmt::Debug {
        self.kernel
    }

    /// ln dμ/dσ up to a constant, at most 0, at the angle α to the axis.
    #[must_use]
    pub(crate) fn log_profile(&self, alpha: f64) -> f64 {
        let half = (0.5 * alpha).sin();
        match self.kernel {
            Kernel::VonMises(kappa) => -2.0 * kappa * half * half,
            Kernel::Poisson(w) => {
                let power = self.axis.len() as f64 - 1.0;
                -power * (4.0 * w * (half / (1.0 - w)).powi(2)).ln_1p()
            }
        }
    }

    /// L(α) up to a constant.
    #[must_use]
    pub(crate) fn log_law(&self, alpha: f64) -> f64 {
        match self.axis.len() {
            2 => self.log_profile(alpha),
            d => self.log_profile(alpha) + (d as f64 - 2.0) * alpha.sin().ln(),
        }
    }

    /// The relative rounding of e^{L} about α*, where the angle itself is known to the rounding of `angle`.
    #[must_use]
    pub(crate) fn rounding(&self, angle: f64) -> f64 {
        let power = self.axis.len() as f64 - 2.0;
        let terms = self.log_profile(self.at).abs() + power * self.at.max(NEAREST).sin().ln().abs();
        ROUNDINGS * f64::EPSILON * (terms + angle / self.length)
    }

    fn new(mass: f64, axis: Vec<f64>, kernel: Kernel) -> Self {
        let mut peak = Self {
            mass,
            axis,
            at: 0.0,
            length: 1.0,
            kernel,
        };
        (peak.at, peak.length) = peak.place();
        peak
    }

    /// α* and s.
    fn place(&self) -> (f64, f64) {
        let at = if self.axis.len() == 2 {
            0.0
        } else {
            let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
            let (mut low, mut high) = (NEAREST.ln(), PI.ln());
            for _ in 0..SECTIONS {
                let (a, b) = (high - golden * (high - low), low + golden * (high - low));
                if self.log_law(a.exp()) < self.log_law(b.exp()) {
                    low = a;
                } else {
                    high = b;
                }
            }
            (0.5 * (low + high)).exp()
        };
        let top = self.log_law(at);
        let far = |alpha: f64| alpha > 0.0 && alpha < PI && self.log_law(alpha) < top - 1.0;
        let mut s = 1.0;
        while s > NEAREST && (far(at + s) || far(at - s)) {
            s *= 0.5;
        }
        (at, s)
    }
}

impl Law {
    /// The peaks whose sum this law is; none where it is no such sum.
    #[must_use]
    pub fn peaks(&self, dimension: usize, seed: u64) -> Option<Vec<Peak>> {
        let peak = |(mass, law): (f64, Self)| match law {
            Self::VonMisesFisher {
                concentration,
                mean,
            } => Some(Peak::new(mass, mean, Kernel::VonMises(concentration))),
            Self::Poisson { weight, axis } => Some(Peak::new(mass, axis, Kernel::Poisson(weight))),
            _ => None,
        };
        self.parts(dimension, seed)?.into_iter().map(peak).collect()
    }
}
