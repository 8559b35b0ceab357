//! Clusters on S² and along an axis: basins of the smoothed measure, the same rule as on the circle
//! ([`super::clusters`]) for both sides of the screen.
//!
//! The measure is smoothed by the heat kernel of angular width w and looked at on a grid. Cells are flooded from the
//! top; where two basins meet they are one cluster if the pass between them is above half of the lower peak. A last
//! remaining peak is a cluster when somewhere the density falls to half of it. On S² the tokens are moved to the nearest
//! of cells of about w/2 before the smoothing, and masses are sums over cells: they are good to about the mass in a
//! valley's cells. A zonal density is a function of the angle to its axis: its basins are caps and rings.

use super::clusters::{Cluster, Clusters, LIGHTEST, VALLEY, sorted};
use crate::measure::{AngleDistribution, Density, Moments, Particles};
use crate::sphere::{Domain, SpherePlan};

/// e^{−ℓ²w²/2} < 1e-6 beyond this over w.
const DEGREES_PER_WIDTH: f64 = 5.3;
/// Most degrees of the grid, for very small w.
const MOST_DEGREES: usize = 255;
/// Cells of the angle to the axis.
const ZONAL_CELLS: usize = 720;

/// The grid of S² on which basins are found.
#[derive(Debug, Clone)]
pub(crate) struct SphereBasins {
    plan: SpherePlan,
    factors: Vec<f64>,
    colatitudes: Vec<f64>,
}

/// Basins as sets of cells: the basin of every cell, and the cell of every basin's peak.
struct Flood {
    label: Vec<Option<usize>>,
    peaks: Vec<usize>,
}

impl SphereBasins {
    /// For the smoothing width w.
    #[must_use]
    pub(crate) fn new(width: f64) -> Self {
        let degree = ((DEGREES_PER_WIDTH / width).ceil() as usize).clamp(8, MOST_DEGREES);
        let plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
        Self {
            factors: (0..=degree)
                .map(|l| (-0.5 * width * width * (l * (l + 1)) as f64).exp())
                .collect(),
            colatitudes: plan.cosines().iter().map(|c| c.acos()).collect(),
            plan,
        }
    }

    /// Clusters of tokens on S², each token with its cluster.
    pub(crate) fn of_tokens(&mut self, tokens: &Particles) -> Clusters {
        let longitudes = self.plan.longitudes();
        let cells: Vec<usize> = tokens.rows().map(|x| self.cell(x)).collect();
        let mut masses = vec![0.0; self.plan.points()];
        for (cell, weight) in cells.iter().zip(&tokens.weights) {
            masses[*cell] += weight;
        }
        let mut values: Vec<f64> = masses
            .iter()
            .enumerate()
            .map(|(p, mass)| mass * longitudes as f64 / self.plan.weights()[p / longitudes])
            .collect();
        let mut state = vec![0.0; Domain::Sphere.length(self.plan.degree())];
        self.plan.analysis(&values, &mut state);
        self.smooth(&mut state, &mut values);
        let flood = self.flood(&values);
        let labels: Vec<Option<usize>> = cells.iter().map(|cell| flood.label[*cell]).collect();
        sorted(self.clusters(&flood, &masses), &labels, LIGHTEST)
    }

    /// Clusters of a density on S².
    pub(crate) fn of_density(&mut self, density: &Density) -> Clusters {
        let longitudes = self.plan.longitudes();
        let mut state = Domain::Sphere.resized(&density.state, self.plan.degree());
        let mut values = vec![0.0; self.plan.points()];
        self.plan.synthesis(&state, &mut values);
        let masses: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(p, rho)| rho * self.plan.weights()[p / longitudes] / longitudes as f64)
            .collect();
        self.smooth(&mut state, &mut values);
        let flood = self.flood(&values);
        sorted(self.clusters(&flood, &masses), &[], LIGHTEST)
    }

    fn smooth(&mut self, state: &mut [f64], values: &mut [f64]) {
        let degree = self.plan.degree();
        Domain::Sphere.for_each(degree, |entry, l| state[entry] *= self.factors[l]);
        self.plan.synthesis(state, values);
    }

    fn cell(&self, x: &[f64]) -> usize {
        let (latitudes, longitudes) = (self.plan.latitudes(), self.plan.longitudes());
        let colatitude = x[0].hypot(x[1]).atan2(x[2]);
        // Gauss nodes are nearly equispaced in angle: the guess is off by one at most
        let guess = (colatitude / std::f64::consts::PI * latitudes as f64) as usize;
        let nearest = (guess.saturating_sub(1)..=(guess + 1).min(latitudes - 1))
            .min_by(|a, b| {
                let off = |j: usize| (self.colatitudes[j] - colatitude).abs();
                off(*a).total_cmp(&off(*b))
            })
            .unwrap_or(latitudes - 1);
        let turn = x[1].atan2(x[0]).rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU;
        nearest * longitudes + (turn * longitudes as f64).round() as usize % longitudes
    }

    fn flood(&self, values: &[f64]) -> Flood {
        let (latitudes, longitudes) = (self.plan.latitudes(), self.plan.longitudes());
        flood(values, |p, visit| {
            let (j, i) = (p / longitudes, p % longitudes);
            visit(j * longitudes + (i + 1) % longitudes);
            visit(j * longitudes + (i + longitudes - 1) % longitudes);
            let across = (i + longitudes / 2) % longitudes;
            visit(if j > 0 { p - longitudes } else { across });
            visit(if j + 1 < latitudes {
                p + longitudes
            } else {
                j * longitudes + across
            });
        })
    }

    fn clusters(&self, flood: &Flood, masses: &[f64]) -> Vec<Cluster> {
        let longitudes = self.plan.longitudes();
        let mut list: Vec<Cluster> = flood
            .peaks
            .iter()
            .map(|p| {
                let c = self.plan.cosines()[p / longitudes];
                let phi = std::f64::consts::TAU * (p % longitudes) as f64 / longitudes as f64;
                let r = ((1.0 - c) * (1.0 + c)).sqrt();
                Cluster {
                    mass: 0.0,
                    centre: vec![r * phi.cos(), r * phi.sin(), c],
                }
            })
            .collect();
        for (label, mass) in flood.label.iter().zip(masses) {
            if let Some(label) = label {
                list[*label].mass += mass;
            }
        }
        list
    }
}

/// Clusters of a zonal density: caps and rings around the axis. The centre of a ring is a point of it.
#[must_use]
pub(crate) fn of_zonal(density: &Density, width: f64) -> Clusters {
    let d = density.domain.dimension() as f64;
    let angle = |cell: usize| zonal_edge(cell) + 0.5 * zonal_edge(1);
    let cosines: Vec<f64> = (0..ZONAL_CELLS).map(|cell| angle(cell).cos()).collect();
    let weights: Vec<f64> = (0..ZONAL_CELLS)
        .map(|cell| ((d - 2.0) * angle(cell).sin().ln()).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    let masses: Vec<f64> = density
        .zonal_values(&cosines)
        .iter()
        .zip(&weights)
        // in high dimension the polar values have no digits, and no weight
        .map(|(rho, w)| {
            if *w > 1e-20 * total {
                rho * w / total
            } else {
                0.0
            }
        })
        .collect();
    zonal_basins(&density.moments(), &density.axis, &masses, width)
}

/// The basins of markers along an axis, whose masses are exact.
#[must_use]
pub(crate) fn of_zonal_markers(
    moments: &Moments,
    axis: &[f64],
    curve: &AngleDistribution,
    width: f64,
) -> Clusters {
    let edges: Vec<f64> = (0..=ZONAL_CELLS).map(zonal_edge).collect();
    zonal_basins(moments, axis, &curve.cells(&edges), width)
}

/// Where a cell of the angle to the axis begins.
fn zonal_edge(cell: usize) -> f64 {
    std::f64::consts::PI * cell as f64 / ZONAL_CELLS as f64
}

/// The basins of the smoothed moments, with the masses of the cells in them.
fn zonal_basins(moments: &Moments, axis: &[f64], masses: &[f64], width: f64) -> Clusters {
    let smoothed = Density::from_moments(
        &moments.smoothed(0.5 * width * width),
        axis.to_vec(),
        moments.degree(),
    );
    let angle = |cell: usize| zonal_edge(cell) + 0.5 * zonal_edge(1);
    let cosines: Vec<f64> = (0..ZONAL_CELLS).map(|cell| angle(cell).cos()).collect();
    let heights = smoothed.zonal_values(&cosines);
    let flood = flood(&heights, |cell, visit| {
        visit(cell.saturating_sub(1));
        visit((cell + 1).min(ZONAL_CELLS - 1));
    });
    let mut list: Vec<Cluster> = flood
        .peaks
        .iter()
        .map(|cell| {
            let aside = (0..axis.len())
                .min_by(|a, b| axis[*a].abs().total_cmp(&axis[*b].abs()))
                .unwrap_or(0);
            let (sin, cos) = match *cell {
                0 => (0.0, 1.0),
                last if last + 1 == ZONAL_CELLS => (0.0, -1.0),
                cell => angle(cell).sin_cos(),
            };
            let mut centre: Vec<f64> = vec![0.0; axis.len()];
            centre[aside] = 1.0;
            crate::sphere::geometry::project_tangent(axis, &mut centre);
            let length = crate::sphere::geometry::norm(&centre).max(f64::MIN_POSITIVE);
            for (a, e) in centre.iter_mut().zip(axis) {
                *a = sin * *a / length + cos * e;
            }
            Cluster { mass: 0.0, centre }
        })
        .collect();
    for (label, mass) in flood.label.iter().zip(masses) {
        if let Some(label) = label {
            list[*label].mass += mass;
        }
    }
    sorted(list, &[], LIGHTEST)
}

/// Floods a landscape from the top; `neighbours(cell, visit)` names the cells beside one.
// long: one pass of one algorithm, with the state of the pass in local lists
fn flood(heights: &[f64], neighbours: impl Fn(usize, &mut dyn FnMut(usize))) -> Flood {
    let count = heights.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| heights[*b].total_cmp(&heights[*a]).then(a.cmp(b)));
    // the basin of a cell once it is flooded, and for every basin the one it was joined to
    let mut label: Vec<usize> = vec![usize::MAX; count];
    let mut joined: Vec<usize> = Vec::new();
    let mut peaks: Vec<usize> = Vec::new();
    let find = |joined: &[usize], mut basin: usize| {
        while joined[basin] != basin {
            basin = joined[basin];
        }
        basin
    };
    for cell in order {
        let mut here = usize::MAX;
        let mut meeting = [usize::MAX; 4];
        let mut found = 0;
        neighbours(cell, &mut |other| {
            if label[other] != usize::MAX && found < 4 {
                meeting[found] = find(&joined, label[other]);
                found += 1;
            }
        });
        for basin in &meeting[..found] {
            // joins before may have renamed it
            let basin = find(&joined, *basin);
            if here == usize::MAX {
                here = basin;
            } else if basin != here {
                let (high, low) = if heights[peaks[here]] >= heights[peaks[basin]] {
                    (here, basin)
                } else {
                    (basin, here)
                };
                if heights[cell] > VALLEY * heights[peaks[low]] {
                    joined[low] = high;
                }
                here = high;
            }
        }
        if here == usize::MAX {
            here = peaks.len();
            peaks.push(cell);
            joined.push(here);
        }
        label[cell] = here;
    }
    let roots: Vec<usize> = (0..peaks.len())
        .filter(|basin| joined[*basin] == *basin)
        .collect();
    let lowest = heights.iter().copied().fold(f64::INFINITY, f64::min);
    if roots.len() == 1 && lowest > VALLEY * heights[peaks[roots[0]]] {
        return Flood {
            label: vec![None; count],
            peaks: Vec::new(),
        };
    }
    Flood {
        label: label
            .iter()
            .map(|basin| roots.iter().position(|root| *root == find(&joined, *basin)))
            .collect(),
        peaks: roots.iter().map(|root| peaks[*root]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;
    use crate::sphere::geometry::angle_between;

    fn pair() -> Law {
        Law::Mixture {
            means: vec![vec![0.0, 0.0, 1.0], vec![0.6, -0.64, 0.48]],
            concentrations: vec![40.0, 40.0],
            masses: vec![0.7, 0.3],
        }
    }

    #[test]
    fn two_bumps_are_two_clusters_for_the_density_and_for_its_tokens() {
        let law = pair();
        let density = Density::from_law(&law, Domain::Sphere, 0, 0.0, 63).unwrap();
        let tokens = law.sample(4000, 3, 2);
        let mut basins = SphereBasins::new(0.1);
        let (field, drawn) = (basins.of_density(&density), basins.of_tokens(&tokens));
        assert_eq!((field.count(), drawn.count()), (2, 2));
        assert!((field.mass(1) - 0.7).abs() < 1e-3, "{}", field.mass(1));
        assert!((drawn.mass(1) - 0.7).abs() < 0.03);
        for found in [&field, &drawn] {
            assert!(angle_between(&found.list[0].centre, &[0.0, 0.0, 1.0]) < 0.08);
            assert!(angle_between(&found.list[1].centre, &[0.6, -0.64, 0.48]) < 0.08);
        }
        assert_eq!(drawn.labels.len(), 4000);
        let uniform = Density::from_law(&Law::Uniform, Domain::Sphere, 0, 0.0, 16).unwrap();
        assert_eq!(basins.of_density(&uniform).count(), 0);
    }

    #[test]
    fn two_tokens_are_told_apart_where_their_smoothed_masses_are() {
        // two equal Gaussians of width w have a valley of half their height at 3.33 w
        let at = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            let tokens = Particles::new(
                3,
                vec![1.0, 0.0, 0.0, cos, 0.3 * sin, 0.91_f64.sqrt() * sin],
            );
            SphereBasins::new(0.1).of_tokens(&tokens).count()
        };
        assert_eq!((at(0.2), at(0.45), at(3.0)), (1, 2, 2));
    }

    #[test]
    fn a_zonal_density_has_caps_and_rings() {
        let cap = |mean: f64| Law::VonMisesFisher {
            concentration: 60.0,
            mean: vec![0.0, 0.0, mean],
        };
        let density = Density::from_law(&cap(-1.0), Domain::Zonal(3), 0, 0.0, 80).unwrap();
        let found = of_zonal(&density, 0.1);
        assert_eq!(found.count(), 1);
        assert!((found.mass(1) - 1.0).abs() < 1e-4);
        // around the axis of the law itself, its pole is the first
        assert!(angle_between(&found.list[0].centre, &[0.0, 0.0, -1.0]) < 0.05);
        let both = Law::Mixture {
            means: vec![vec![0.0, 0.0, 0.0, 1.0], vec![0.0, 0.0, 0.0, -1.0]],
            concentrations: vec![30.0, 30.0],
            masses: vec![0.8, 0.2],
        };
        let density = Density::from_law(&both, Domain::Zonal(4), 0, 0.0, 80).unwrap();
        let found = of_zonal(&density, 0.1);
        assert_eq!(found.count(), 2);
        assert!((found.mass(1) - 0.8).abs() < 1e-4);
    }
}
