//! Moments of a probability measure against the harmonics of each degree, on any domain: what tokens and density have in
//! common, and all that the zonal kernel sees of them.

use crate::sphere::{Complex, Domain};

/// The moments of degrees 0 … L, laid out as [`Domain`] says. On the circle m_k = ∫ e^{ikθ} dμ; on S² ∫Y_ℓm dμ; zonal
/// ∫p_ℓ(⟨x,e⟩) dμ.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    domain: Domain,
    values: Vec<f64>,
}

impl Moments {
    /// From a state of the domain.
    #[must_use]
    pub fn new(domain: Domain, values: Vec<f64>) -> Self {
        Self { domain, values }
    }

    /// m_0 … m_K on the circle; m_{−k} = conj m_k is implied.
    #[must_use]
    pub fn circle(moments: Vec<Complex>) -> Self {
        let values = moments.into_iter().flat_map(|m| [m.re, m.im]).collect();
        Self::new(Domain::Circle, values)
    }

    /// Where the measure lives.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// L, the highest degree held.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.domain.degree(self.values.len())
    }

    /// m_k on the circle, zero beyond the degree that is held (a resolved density has nothing there).
    #[must_use]
    pub fn get(&self, k: usize) -> Complex {
        debug_assert_eq!(self.domain, Domain::Circle);
        match self.values.get(2 * k..2 * k + 2) {
            Some(pair) => Complex::new(pair[0], pair[1]),
            None => Complex::default(),
        }
    }

    /// The power of each degree: Σ_m |∫Y_ℓm dμ|² in an orthonormal basis of L²(σ); 2|m_k|² on the circle.
    #[must_use]
    pub fn powers(&self) -> Vec<f64> {
        self.domain.powers(&self.values)
    }

    /// |m_1| … |m_`degrees`|, the order parameters |m_ℓ| = √(∬P_ℓ(⟨x,y⟩)dμdμ) = √(power/N_ℓ): 1 for a point mass, 0 for the
    /// uniform law, |∫e^{iℓθ}dμ| on the circle; zero beyond the degree that is held.
    #[must_use]
    pub fn order_parameters(&self, degrees: usize) -> Vec<f64> {
        let powers = self.powers();
        let mut multiplicity = 1.0;
        (1..=degrees)
            .map(|l| {
                multiplicity *=
                    crate::sphere::gegenbauer::multiplicity_ratio(self.domain.dimension(), l);
                powers
                    .get(l)
                    .map_or(0.0, |power| (power / multiplicity).sqrt())
            })
            .collect()
    }

    /// |m_ℓ| of one degree ℓ ≥ 1; see [`Moments::order_parameters`].
    #[must_use]
    pub fn order_parameter(&self, degree: usize) -> f64 {
        if self.domain == Domain::Circle {
            return self.get(degree).norm();
        }
        self.order_parameters(degree)[degree - 1]
    }

    /// Σ_ℓ w_ℓ power_ℓ, the quadratic form that every zonal kernel with multipliers w is.
    #[must_use]
    pub fn quadratic(&self, multipliers: &[f64]) -> f64 {
        // the small terms first
        let terms: Vec<f64> = self
            .powers()
            .iter()
            .zip(multipliers)
            .map(|(p, w)| p * w)
            .collect();
        terms.iter().rev().sum()
    }

    /// Σ_ℓ w_ℓ Σ_m (∫Y_ℓm dμ)(∫Y_ℓm dν), the same form of two measures of one domain.
    #[must_use]
    pub fn product(&self, other: &Self, multipliers: &[f64]) -> f64 {
        let degree = self.degree().min(other.degree());
        let (a, b) = (self.resized(degree), other.resized(degree));
        let mut terms = vec![0.0; degree + 1];
        let twice = if self.domain == Domain::Circle {
            2.0
        } else {
            1.0
        };
        self.domain.for_each(degree, |entry, l| {
            let factor = if l == 0 { 1.0 } else { twice };
            terms[l] += factor * a.values[entry] * b.values[entry];
        });
        terms
            .iter()
            .zip(multipliers)
            .rev()
            .map(|(t, w)| t * w)
            .sum()
    }

    /// Cut or filled with zeros.
    #[must_use]
    pub fn resized(&self, degree: usize) -> Self {
        Self::new(self.domain, self.domain.resized(&self.values, degree))
    }

    /// The moments of μ − ν; what only one of the two holds counts as zero in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let degree = self.degree().max(other.degree());
        let mut difference = self.resized(degree);
        let other = other.resized(degree);
        difference
            .values
            .iter_mut()
            .zip(&other.values)
            .for_each(|(a, b)| *a -= b);
        difference
    }

    /// The moments after the heat flow e^{τΔ}, a factor e^{−ℓ(ℓ+d−2)τ}: a smoothing by an angle of √(2τ) in every
    /// direction.
    #[must_use]
    pub fn smoothed(&self, tau: f64) -> Self {
        let degree = self.degree();
        let factors: Vec<f64> = (0..=degree)
            .map(|l| (-self.domain.laplacian(l) * tau).exp())
            .collect();
        let mut smoothed = self.clone();
        self.domain
            .for_each(degree, |entry, l| smoothed.values[entry] *= factors[l]);
        smoothed
    }

    /// The mean ∫x dμ: a vector of ℝ² or ℝ³, on a zonal domain its component along the axis.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        match self.domain {
            Domain::Circle => vec![self.get(1).re, self.get(1).im],
            Domain::Sphere => {
                let (low, root) = (self.resized(1), 3.0_f64.sqrt());
                // Y_10 = √3 x_3 at entry 2, Y_11 = √3 x_1 and √3 x_2 at entries 4 and 5
                vec![
                    low.values[4] / root,
                    low.values[5] / root,
                    low.values[2] / root,
                ]
            }
            Domain::Zonal(d) => vec![self.resized(1).values[1] / (d as f64).sqrt()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn order_parameters_of_every_domain_are_double_integrals_of_polynomials() {
        let tokens = Law::Uniform.sample(9, 3, 4);
        let pairs = |degree: usize| -> f64 {
            let mut sum = 0.0;
            for x in tokens.rows() {
                for y in tokens.rows() {
                    let c = crate::sphere::geometry::dot(x, y);
                    crate::sphere::gegenbauer::for_each_polynomial(3, degree, c, |l, p| {
                        if l == degree {
                            sum += p / 81.0;
                        }
                    });
                }
            }
            sum.sqrt()
        };
        let moments = tokens.moments(6);
        for (index, order) in moments.order_parameters(6).iter().enumerate() {
            assert!((order - pairs(index + 1)).abs() < 1e-13);
        }
        let mean = tokens.mean();
        moments
            .mean()
            .iter()
            .zip(&mean)
            .for_each(|(a, b)| assert!((a - b).abs() < 1e-15));
        assert!((moments.order_parameter(1) - crate::sphere::geometry::norm(&mean)).abs() < 1e-14);
    }

    #[test]
    fn a_zonal_law_has_the_same_order_parameters_on_the_sphere_and_around_its_axis() {
        let law = Law::VonMisesFisher {
            concentration: 4.0,
            mean: vec![0.6, 0.0, -0.8],
        };
        let sphere = law.moments(Domain::Sphere, 0, 12).unwrap();
        let zonal = law.moments(Domain::Zonal(3), 0, 12).unwrap();
        for (a, b) in sphere
            .order_parameters(12)
            .iter()
            .zip(zonal.order_parameters(12))
        {
            assert!((a - b).abs() < 1e-14);
        }
        let multipliers = [0.3, 0.2, 0.1];
        assert!(
            (sphere.quadratic(&multipliers) - zonal.product(&zonal, &multipliers)).abs() < 1e-14
        );
        assert!(
            (sphere.smoothed(0.1).powers()[2] / zonal.powers()[2] - (-1.2_f64).exp()).abs() < 1e-13
        );
    }
}
