//! The moments of the laws, on every domain. Each law with a density (but for a given sum of harmonics) is a mixture of
//! *zonal* laws, functions of ⟨x,e⟩ around an axis e, and a zonal law is known by its numbers a_ℓ = ∫P_ℓ(⟨x,e⟩)dμ:
//!
//! * on the circle m_k = a_k e^{ikθ_e};
//! * on S² ∫Y_ℓm dμ = a_ℓ Y_ℓm(e) (addition theorem);
//! * zonal around the same axis b_ℓ = √N_ℓ a_ℓ.

use super::density::terms_state;
use super::laws::Law;
use super::sampling::centres;
use crate::measure::Moments;
use crate::sphere::bessel::von_mises_moments;
use crate::sphere::gegenbauer::{
    multiplicity, multiplicity_ratio, poisson_moments, recurrence_coefficient,
};
use crate::sphere::geometry::{angle_between, dot};
use crate::sphere::harmonics::at_point;
use crate::sphere::random::{Stream, generator};
use crate::sphere::{Complex, Domain};

/// One zonal component of a law.
struct Component {
    mass: f64,
    axis: Vec<f64>,
    /// a_0 … a_L.
    profile: Vec<f64>,
}

impl Law {
    /// The moments up to `degree` on a domain, or None where the law has no density there (points; a law that is not
    /// zonal on a zonal domain). `seed` is that of the tokens, which also draws the centres of clusters for d ≥ 3.
    #[must_use]
    pub fn moments(&self, domain: Domain, seed: u64, degree: usize) -> Option<Moments> {
        match (self, domain) {
            (Self::Harmonics { cosine, sine }, Domain::Circle) => {
                let half = |list: &[f64], k: usize| list.get(k - 1).map_or(0.0, |a| 0.5 * a);
                let moment = |k: usize| match k {
                    0 => Complex::new(1.0, 0.0),
                    _ => Complex::new(half(cosine, k), half(sine, k)),
                };
                return Some(Moments::circle((0..=degree).map(moment).collect()));
            }
            (Self::Harmonics { cosine, sine }, Domain::Zonal(2))
                if sine.iter().all(|b| *b == 0.0) =>
            {
                let root = std::f64::consts::FRAC_1_SQRT_2;
                let even = |k: usize| {
                    if k == 0 {
                        1.0
                    } else {
                        cosine.get(k - 1).map_or(0.0, |a| root * a)
                    }
                };
                return Some(Moments::new(domain, (0..=degree).map(even).collect()));
            }
            (Self::SphericalHarmonics { terms }, Domain::Sphere) => {
                return Some(Moments::new(domain, terms_state(terms, degree)));
            }
            _ => {}
        }
        let components = self.components(domain.dimension(), seed, degree)?;
        match domain {
            Domain::Circle => Some(on_circle(&components, degree)),
            Domain::Sphere => Some(on_sphere(&components, degree)),
            Domain::Zonal(_) => around(
                &components,
                &self.axis(domain.dimension(), seed)?,
                domain,
                degree,
            ),
        }
    }

    /// The axis around which the law is zonal: a unit vector, the last axis for σ itself; None where it is not zonal.
    #[must_use]
    pub fn axis(&self, dimension: usize, seed: u64) -> Option<Vec<f64>> {
        if let (Self::Harmonics { sine, .. }, 2) = (self, dimension) {
            return sine.iter().all(|b| *b == 0.0).then(|| vec![1.0, 0.0]);
        }
        let components = self.components(dimension, seed, 1)?;
        let axis = components.first()?.axis.clone();
        components
            .iter()
            .all(|other| parallel(&axis, &other.axis))
            .then_some(axis)
    }

    /// The laws whose sum this one is, each around an axis of its own, with their masses; None where there are none.
    #[must_use]
    pub fn parts(&self, dimension: usize, seed: u64) -> Option<Vec<(f64, Self)>> {
        let around = |mean: &[f64], concentration: f64| Self::VonMisesFisher {
            concentration,
            mean: mean.to_vec(),
        };
        match self {
            Self::Mixture {
                means,
                concentrations,
                masses,
            } => Some(
                (means.iter().zip(concentrations).zip(masses))
                    .map(|((mean, concentration), mass)| (*mass, around(mean, *concentration)))
                    .collect(),
            ),
            Self::Clusters {
                count,
                concentration,
                masses,
            } => {
                let centres = centres(*count, dimension, &mut generator(seed, Stream::Tokens));
                Some(
                    (centres.chunks_exact(dimension).zip(masses))
                        .map(|(centre, mass)| (*mass, around(centre, *concentration)))
                        .collect(),
                )
            }
            _ => (self.axis(dimension, seed)).map(|_| vec![(1.0, self.clone())]),
        }
    }

    // long: one arm a law
    fn components(&self, dimension: usize, seed: u64, degree: usize) -> Option<Vec<Component>> {
        let one = |axis: &Vec<f64>, profile: Vec<f64>| {
            let (mass, axis) = (1.0, axis.clone());
            Some(vec![Component {
                mass,
                axis,
                profile,
            }])
        };
        let last = || {
            let mut axis = vec![0.0; dimension];
            axis[dimension - 1] = 1.0;
            axis
        };
        match self {
            Self::Uniform => one(&last(), [vec![1.0], vec![0.0; degree]].concat()),
            Self::Hemisphere => one(&last(), hemisphere(dimension, degree)),
            Self::Zonal { coefficients, axis } => {
                let moment = |l: usize| match l {
                    0 => 1.0,
                    _ => coefficients
                        .get(l - 1)
                        .map_or(0.0, |a| a / multiplicity(dimension, l)),
                };
                one(axis, (0..=degree).map(moment).collect())
            }
            Self::VonMisesFisher {
                concentration,
                mean,
            } => one(mean, von_mises_moments(dimension, *concentration, degree)),
            Self::Poisson { weight, axis } => {
                one(axis, poisson_moments(dimension, *weight, degree))
            }
            Self::Mixture { .. } | Self::Clusters { .. } => {
                let mut list = Vec::new();
                for (mass, part) in self.parts(dimension, seed)? {
                    let components = part.components(dimension, seed, degree)?;
                    list.extend(components.into_iter().map(|one| Component { mass, ..one }));
                }
                Some(list)
            }
            Self::Harmonics { .. }
            | Self::SphericalHarmonics { .. }
            | Self::Orthogonal
            | Self::Equiangular { .. }
            | Self::Gaussian { .. }
            | Self::Box { .. }
            | Self::Simplex
            | Self::Points { .. }
            | Self::File { .. } => None,
        }
    }
}

fn parallel(a: &[f64], b: &[f64]) -> bool {
    let angle = angle_between(a, b);
    angle.min(std::f64::consts::PI - angle) < 1e-12
}

fn on_circle(components: &[Component], degree: usize) -> Moments {
    let mut moments = vec![Complex::default(); degree + 1];
    for component in components {
        let turn = Complex::new(component.axis[0], component.axis[1]);
        let mut power = Complex::new(component.mass, 0.0);
        for (moment, a) in moments.iter_mut().zip(&component.profile) {
            *moment += power * a;
            power *= turn;
        }
    }
    moments[0] = Complex::new(1.0, 0.0);
    Moments::circle(moments)
}

fn on_sphere(components: &[Component], degree: usize) -> Moments {
    let mut state = vec![0.0; Domain::Sphere.length(degree)];
    for component in components {
        let harmonics = at_point(&component.axis, degree);
        Domain::Sphere.for_each(degree, |entry, l| {
            state[entry] += component.mass * component.profile[l] * harmonics[entry];
        });
    }
    state[0] = 1.0;
    Moments::new(Domain::Sphere, state)
}

fn around(
    components: &[Component],
    axis: &[f64],
    domain: Domain,
    degree: usize,
) -> Option<Moments> {
    let mut state = vec![0.0; degree + 1];
    for component in components {
        let sign = dot(axis, &component.axis).signum();
        let (mut root, mut flip) = (1.0, 1.0);
        for (l, b) in state.iter_mut().enumerate() {
            if l > 0 {
                root *= multiplicity_ratio(domain.dimension(), l).sqrt();
                flip *= sign;
            }
            *b += component.mass * component.profile[l] * root * flip;
        }
    }
    state[0] = 1.0;
    Some(Moments::new(domain, state))
}

/// a_ℓ of the uniform law of a hemisphere. From −((1−c²)w p_ℓ')' = ℓ(ℓ+d−2) w p_ℓ: 2∫_0^1 w p_ℓ = 2 w(0) p_ℓ'(0)/(ℓ(ℓ+d−2)).
fn hemisphere(dimension: usize, degree: usize) -> Vec<f64> {
    let d = dimension as f64;
    // w(0) = Γ(d/2)/(√π Γ((d−1)/2)), by the recurrence in steps of two from d = 2 (1/π) and d = 3 (1/2)
    let (mut w0, mut x) = if dimension.is_multiple_of(2) {
        (std::f64::consts::FRAC_1_PI, 2.0)
    } else {
        (0.5, 3.0)
    };
    while x < d {
        w0 *= x / (x - 1.0);
        x += 2.0;
    }
    let alpha = |l: usize| recurrence_coefficient(dimension, l);
    // p_ℓ(0) for ℓ = 0 … degree + 1
    let mut at_zero = vec![1.0, 0.0];
    for l in 1..=degree {
        at_zero.push(-alpha(l) * at_zero[l - 1] / alpha(l + 1));
    }
    let mut root = 1.0;
    (0..=degree)
        .map(|l| {
            if l == 0 {
                return 1.0;
            }
            root *= multiplicity_ratio(dimension, l).sqrt();
            let x = l as f64;
            let slope =
                (x + d - 2.0) * alpha(l) * at_zero[l - 1] - x * alpha(l + 1) * at_zero[l + 1];
            2.0 * w0 * slope / (x * (x + d - 2.0)) / root
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::gegenbauer::{Quadrature, for_each_polynomial};

    /// ∫P_ℓ dμ for a zonal density by quadrature: the slow reference.
    fn by_quadrature(dimension: usize, degree: usize, density: impl Fn(f64) -> f64) -> Vec<f64> {
        let rule = Quadrature::new(dimension, 400);
        let mut profile = vec![0.0; degree + 1];
        for (c, w) in rule.nodes.iter().zip(&rule.weights) {
            for_each_polynomial(dimension, degree, *c, |l, p| {
                profile[l] += w * density(*c) * p;
            });
        }
        profile
    }

    #[test]
    fn poisson_kernels_have_their_hypergeometric_moments_in_every_dimension() {
        for (dimension, weight) in [
            (2, 0.6),
            (3, 0.1),
            (3, 0.8),
            (4, 0.5),
            (5, 0.3),
            (8, 0.7),
            (32, 0.3),
        ] {
            let density = |c: f64| {
                let q: f64 = (1.0 - weight * weight) / (1.0 + weight * weight - 2.0 * weight * c);
                q.powi(dimension as i32 - 1)
            };
            let slow = by_quadrature(dimension, 12, density);
            for (l, (a, b)) in poisson_moments(dimension, weight, 12)
                .iter()
                .zip(&slow)
                .enumerate()
            {
                assert!(
                    (a - b).abs() < 1e-12,
                    "d {dimension} w {weight} ℓ {l}: {a} {b}"
                );
            }
        }
        // d = 4: h(w) = (3w − w³)/2
        assert!((poisson_moments(4, 0.4, 1)[1] - (1.2 - 0.064) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_hemisphere_has_the_moments_of_its_half() {
        // Legendre: ∫_0^1 P_1 = 1/2, ∫_0^1 P_3 = −1/8; circle: 2/(πk), with alternating sign around its own axis
        let sphere = hemisphere(3, 4);
        assert!(
            (sphere[1] - 0.5).abs() < 1e-15
                && (sphere[3] + 0.125).abs() < 1e-15
                && sphere[2] == 0.0
        );
        let circle = hemisphere(2, 3);
        assert!((circle[1] - std::f64::consts::FRAC_2_PI).abs() < 1e-15);
        assert!((circle[3] + std::f64::consts::FRAC_2_PI / 3.0).abs() < 1e-15);
        // d = 4: density (2/π)√(1−c²) of c, mean 2·(2/π)/3
        assert!((hemisphere(4, 1)[1] - 4.0 / (3.0 * std::f64::consts::PI)).abs() < 1e-15);
    }

    // long: one row a law
    #[test]
    fn tokens_drawn_from_a_law_have_its_moments_on_the_sphere_and_along_the_axis() {
        use crate::measure::law::Term;
        let axis = vec![0.48, -0.6, 0.64];
        let laws = [
            Law::SphericalHarmonics {
                terms: vec![
                    Term {
                        degree: 1,
                        order: -1,
                        amplitude: 0.2,
                    },
                    Term {
                        degree: 3,
                        order: 2,
                        amplitude: 0.15,
                    },
                ],
            },
            Law::Zonal {
                coefficients: vec![0.3, 0.0, 0.4],
                axis: axis.clone(),
            },
            Law::Poisson {
                weight: 0.4,
                axis: axis.clone(),
            },
            Law::Mixture {
                means: vec![axis.clone(), vec![1.0, 0.0, 0.0]],
                concentrations: vec![5.0, 2.0],
                masses: vec![0.7, 0.3],
            },
            Law::Clusters {
                count: 3,
                concentration: 20.0,
                masses: vec![0.5, 0.3, 0.2],
            },
            Law::Hemisphere,
        ];
        let count = 40_000;
        for law in laws {
            law.check(count, 3).unwrap();
            let tokens = law.sample(count, 3, 11);
            let (drawn, exact) = (
                tokens.moments(4),
                law.moments(Domain::Sphere, 11, 4).unwrap(),
            );
            for (a, b) in drawn.values().iter().zip(exact.values()) {
                // five standard deviations of a mean of 40,000 functions of mean square about one
                assert!((a - b).abs() < 5.0 * 1.5 / 200.0, "{law:?}: {a} {b}");
            }
            if let Some(axis) = law.axis(3, 11) {
                let zonal = law.moments(Domain::Zonal(3), 11, 4).unwrap();
                let along = tokens.zonal_moments(&axis, 4);
                for (a, b) in along.values().iter().zip(zonal.values()) {
                    assert!((a - b).abs() < 5.0 * 1.5 / 200.0, "{law:?} zonal: {a} {b}");
                }
            }
        }
        let zonal = Law::Zonal {
            coefficients: vec![0.5, -0.3],
            axis: vec![0.0, 0.0, 0.0, 0.0, 1.0],
        };
        let tokens = zonal.sample(count, 5, 2);
        let exact = zonal.moments(Domain::Zonal(5), 2, 2).unwrap();
        for (a, b) in tokens
            .zonal_moments(&[0.0, 0.0, 0.0, 0.0, 1.0], 2)
            .values()
            .iter()
            .zip(exact.values())
        {
            assert!((a - b).abs() < 0.04);
        }
    }
}
