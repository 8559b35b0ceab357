//! Markers for a density on S² that is so sharp that no grid of the sphere holds it, about one axis or, a sum of such, about several: labels
//! on a sphere of their own for each, which a dilation from the axis' far end gathers around the axis, as if the flow had done so already.
//! A sum is carried by the markers of its parts together, each with the density of all of them.
//!
//! The dilation takes the angle θ of a label to θ' with tan(θ'/2) = tan(θ/2)/λ; areas are J = λ⁻²((1 + t²)/(1 + t²/λ²))² times as large,
//! t = tan(θ/2), and the density over the labels is ρ(θ')J, which for λ² of the size of the curvature of ln ρ is as smooth as the labels'
//! grid needs it. A von Mises–Fisher law of any κ takes 48 degrees or fewer; laws with heavy tails take
//! more, since there the dilation is sharp and the mass is not negligible.

use super::markers::{LEAST, Markers};
use super::start::{latitudes, on_sphere};
use crate::measure::Density;
use crate::sphere::gegenbauer::for_each_polynomial;
use crate::sphere::geometry::dot;
use crate::sphere::{Domain, SpherePlan};
use std::f64::consts::TAU;

/// Degrees of the labels' sphere that are tried.
const DEGREES: [usize; 6] = [32, 48, 64, 96, 128, 192];
/// Dilations are tried in steps of √2, so many.
const DILATIONS: i32 = 36;
/// The most markers of a sum.
const MOST: usize = 1 << 18;
/// Degrees of the law that the markers must have.
const SEEN: usize = 48;

/// θ' as its cosine, and J, of the label with this cosine.
fn dilated(cosine: f64, lambda: f64) -> (f64, f64) {
    // t² = (1 − c)/(1 + c), with both sides times 1 + c
    let (far, near) = (1.0 - cosine, (1.0 + cosine) * lambda * lambda);
    let sum = near + far;
    ((near - far) / sum, 4.0 * lambda * lambda / (sum * sum))
}

/// A row of labels at one latitude: where the dilation takes it, and what is there.
struct Row {
    label: f64,
    /// ⟨x, axis⟩.
    cosine: f64,
    /// ρ there.
    rho: f64,
    /// The mass over all of the row.
    mass: f64,
}

/// The rows of a grid whose labels a dilation gathers about this end of the axis.
fn rows_of(profile: &Density, toward: f64, lambda: f64, grid: &SpherePlan) -> Vec<Row> {
    let taken: Vec<(f64, f64)> = (grid.cosines().iter().map(|c| dilated(*c, lambda))).collect();
    let cosines: Vec<f64> = taken.iter().map(|(c, _)| toward * c).collect();
    let values = profile.zonal_values(&cosines);
    (grid.cosines().iter().zip(grid.weights()))
        .zip(taken.iter().zip(cosines.iter().zip(values)))
        .map(|((label, weight), ((_, area), (cosine, rho)))| Row {
            label: *label,
            cosine: *cosine,
            rho,
            mass: weight * rho * area,
        })
        .collect()
}

/// The density over the labels, as one of the angle to the axis, up to a degree.
fn over_labels(rows: &[Row], degree: usize) -> Density {
    let mut state = vec![0.0; degree + 1];
    for row in rows {
        for_each_polynomial(3, degree, row.label, |l, p| {
            // p_ℓ = √(2ℓ+1) P_ℓ
            state[l] += row.mass * p * ((2 * l + 1) as f64).sqrt();
        });
    }
    Density {
        domain: Domain::Zonal(3),
        axis: Vec::new(),
        state,
    }
}

/// Whether the labels see all of the mass and resolve it: a peak between two latitudes would be missed by the second alone.
fn holds(over_labels: &Density, enough: f64) -> bool {
    (over_labels.state[0] - 1.0).abs() <= 10.0 * enough && over_labels.tail() <= enough
}

/// Whether the markers have the moments of the law as far as attention looks: a long way out, where little mass is, the dilation itself is
/// sharp.
fn weigh_right(markers: &Markers, profile: &Density, enough: f64) -> bool {
    let moments = markers.bodies.particles.zonal_moments(&profile.axis, SEEN);
    (moments.values().iter().zip(&profile.state)).all(|(a, b)| (a - b).abs() <= 10.0 * enough)
}

impl Markers {
    /// The markers on S² of a sum of densities, each with its mass and a function of the angle to its own axis there (d = 3), each on the
    /// smallest sphere of labels that holds it up to `enough`; none where none does (one part is sharp in several places), or where all
    /// together are too many.
    #[must_use]
    pub fn gathered(parts: &[(f64, Density)], enough: f64) -> Option<Self> {
        let (mut rows, mut masses, mut grids) = (Vec::new(), Vec::new(), Vec::new());
        for (share, profile) in parts {
            let one = gathered_part(profile, enough)?;
            masses.extend(one.masses.iter().map(|mass| share * mass));
            rows.extend_from_slice(&one.bodies.particles.positions);
            grids.extend(
                one.grids()
                    .map(|(_, latitudes, longitudes)| (latitudes, longitudes)),
            );
            if masses.len() > MOST {
                return None;
            }
        }
        let mut rho = vec![0.0; masses.len()];
        for (share, profile) in parts {
            let cosines: Vec<f64> = (rows.chunks_exact(3))
                .map(|x| dot(x, &profile.axis))
                .collect();
            for (sum, value) in rho.iter_mut().zip(profile.zonal_values(&cosines)) {
                *sum += share * value;
            }
        }
        let logs = rho.iter().map(|rho| rho.max(LEAST).ln()).collect();
        Some(on_sphere(rows, masses, logs, grids).normalised())
    }
}

/// The markers of one density.
fn gathered_part(profile: &Density, enough: f64) -> Option<Markers> {
    let [ahead, behind] = [1.0, -1.0].map(|c| profile.zonal_values(&[c])[0]);
    let toward = if ahead >= behind { 1.0 } else { -1.0 };
    DEGREES.into_iter().find_map(|degree| {
        // what the grid is asked for depends on its latitudes alone
        let grid = SpherePlan::new(degree, latitudes(degree), 2);
        (0..DILATIONS)
            .map(|step| 2.0_f64.powf(0.5 * f64::from(step)))
            .map(|lambda| rows_of(profile, toward, lambda, &grid))
            .filter(|rows| holds(&over_labels(rows, degree), enough))
            .map(|rows| on_labels(&profile.axis, &rows))
            .find(|markers| weigh_right(markers, profile, enough) && markers.tail() <= enough)
    })
}

/// Two unit vectors at right angles to a third and to each other.
fn across(axis: &[f64]) -> [[f64; 3]; 2] {
    let [x, y, z] = [axis[0], axis[1], axis[2]];
    // Duff et al., "Building an orthonormal basis, revisited" (2017)
    let sign = 1.0_f64.copysign(z);
    let a = -1.0 / (sign + z);
    let b = x * y * a;
    [
        [1.0 + sign * x * x * a, sign * b, -sign * x],
        [b, sign + y * y * a, -y],
    ]
}

fn on_labels(axis: &[f64], labels: &[Row]) -> Markers {
    let (latitudes, longitudes) = (labels.len(), 2 * labels.len());
    let [e, f] = across(axis);
    let (mut rows, mut masses, mut logs) = (Vec::new(), Vec::new(), Vec::new());
    for row in labels {
        let c = row.cosine;
        let s = ((1.0 - c) * (1.0 + c)).max(0.0).sqrt();
        for longitude in 0..longitudes {
            let (sin, cos) = (TAU * longitude as f64 / longitudes as f64).sin_cos();
            rows.extend((0..3).map(|k| c * axis[k] + s * (cos * e[k] + sin * f[k])));
            masses.push(row.mass.max(0.0) / longitudes as f64);
            logs.push(row.rho.max(LEAST).ln());
        }
    }
    on_sphere(rows, masses, logs, vec![(latitudes, longitudes)]).normalised()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    fn profile(law: &Law, modes: usize) -> Density {
        Density::from_law(law, Domain::Zonal(3), 0, 0.0, modes).unwrap()
    }

    #[test]
    fn the_moments_of_gathered_markers_are_those_of_the_law() {
        let mean = vec![0.36, -0.48, 0.8];
        for law in [
            Law::VonMisesFisher {
                concentration: 5000.0,
                mean: mean.clone(),
            },
            Law::VonMisesFisher {
                concentration: 300.0,
                mean: mean.clone(),
            },
            Law::Poisson {
                weight: 0.8,
                axis: mean.clone(),
            },
        ] {
            let markers = Markers::gathered(&[(1.0, profile(&law, 1600))], 1e-12).unwrap();
            let moments = markers.bodies.particles.moments(SEEN);
            let exact = law.moments(Domain::Sphere, 0, SEEN).unwrap();
            let off = (moments.values().iter().zip(exact.values()))
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(off < 2e-11, "{law:?}: {off:e}");
            assert!(markers.tail() < 1e-11, "{law:?}: {:e}", markers.tail());
            assert!(markers.count() < 50_000, "{law:?}: {}", markers.count());
        }
    }

    #[test]
    fn a_sum_of_sharp_laws_has_the_moments_and_the_density_of_all_of_them() {
        let law = Law::Mixture {
            means: vec![
                vec![0.36, -0.48, 0.8],
                vec![0.0, 0.0, -1.0],
                vec![0.6, 0.8, 0.0],
            ],
            concentrations: vec![5000.0, 300.0, 2.0],
            masses: vec![0.5, 0.3, 0.2],
        };
        let parts: Vec<(f64, Density)> = (law.parts(3, 0).unwrap().iter())
            .map(|(mass, part)| (*mass, profile(part, 1600)))
            .collect();
        let markers = Markers::gathered(&parts, 1e-12).unwrap();
        let moments = markers.bodies.particles.moments(SEEN);
        let exact = law.moments(Domain::Sphere, 0, SEEN).unwrap();
        let off = (moments.values().iter().zip(exact.values()))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(off < 2e-11, "{off:e}");
        assert!(markers.tail() < 1e-11, "{:e}", markers.tail());
        assert_eq!(markers.grids().count(), 3);
        // e^{κ⟨x,m⟩} κ / sinh κ, by logarithms
        let value = |x: &[f64], mean: &[f64], k: f64| {
            2.0 * k * (k * (dot(x, mean) - 1.0)).exp() / (1.0 - (-2.0 * k).exp())
        };
        let Law::Mixture {
            means,
            concentrations,
            masses,
        } = &law
        else {
            unreachable!()
        };
        for (x, log) in markers.bodies.particles.rows().zip(&markers.log_density) {
            let rho: f64 = (means.iter().zip(concentrations).zip(masses))
                .map(|((mean, k), mass)| mass * value(x, mean, *k))
                .sum();
            assert!((log - rho.ln()).abs() < 1e-9, "{log} {rho}");
        }
    }

    #[test]
    fn two_sharp_peaks_on_one_axis_are_not_gathered_as_one() {
        let at = |concentration: f64, sign: f64| Law::VonMisesFisher {
            concentration,
            mean: vec![0.0, 0.0, sign],
        };
        let (one, other) = (
            profile(&at(4000.0, 1.0), 1200),
            profile(&at(4000.0, -1.0), 1200),
        );
        // the axis of the second is the first's, turned
        let mut both = one.clone();
        for (l, (b, c)) in both.state.iter_mut().zip(&other.state).enumerate() {
            let turned = if other.axis[2] < 0.0 && l % 2 == 1 {
                -c
            } else {
                *c
            };
            *b = 0.5 * (*b + turned);
        }
        assert!(Markers::gathered(&[(1.0, both)], 1e-12).is_none());
    }

    #[test]
    fn a_dilation_keeps_the_area_of_the_sphere() {
        let plan = SpherePlan::new(200, 301, 2);
        for lambda in [1.0, 3.0, 8.0] {
            let area: f64 = (plan.cosines().iter().zip(plan.weights()))
                .map(|(c, w)| w * dilated(*c, lambda).1)
                .sum();
            assert!((area - 1.0).abs() < 1e-12, "λ {lambda}: {area}");
        }
    }
}
