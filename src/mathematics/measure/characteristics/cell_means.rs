//! A density that is carried by markers as means over the cells of a grid: what is drawn and exported of it.
//!
//! On a line the mass of a cell is the difference of the distribution function at its ends, exact for peaks of any
//! sharpness. On S² every cell of the label grid is laid out where the flow has taken it, in pieces smaller than the cells
//! it falls on; masses are exact, edges are blurred by a piece.

use super::distribution::AngleDistribution;
use super::markers::Markers;
use crate::sphere::geometry::{angle_between, norm};
use std::f64::consts::TAU;

/// Most pieces along a side of a label cell.
const MOST_PIECES: usize = 24;

/// Means of ρ over the cells of width 2π/N centred at θ_j = 2πj/N.
#[must_use]
pub fn on_circle(curve: &AngleDistribution, points: usize) -> Vec<f64> {
    let step = TAU / points as f64;
    let edges: Vec<f64> = (0..=points).map(|j| step * (j as f64 - 0.5)).collect();
    (curve.cells(&edges).iter())
        .map(|mass| mass * points as f64)
        .collect()
}

/// Masses of the `count` cells of equal width of the angle to the axis in [0, π].
#[must_use]
pub fn along_axis(curve: &AngleDistribution, count: usize) -> Vec<f64> {
    let edges: Vec<f64> = (0..=count)
        .map(|j| std::f64::consts::PI * j as f64 / count as f64)
        .collect();
    curve.cells(&edges)
}

/// Means of ρ over the cells around the nodes of a Gauss rule in cosines (from 1 down), whose cells have its weights for
/// their share of σ: Σ_j w_j ρ_j = 1.
#[must_use]
pub fn around_nodes(curve: &AngleDistribution, dimension: usize, weights: &[f64]) -> Vec<f64> {
    // the angle below which σ has a given share: by bisection in the law of the angle
    let law = AngleLaw::new(dimension);
    let mut below = 0.0;
    let mut edges = vec![0.0];
    for w in &weights[..weights.len() - 1] {
        below += w;
        edges.push(law.quantile(below));
    }
    edges.push(std::f64::consts::PI);
    (curve.cells(&edges).iter().zip(weights))
        .map(|(mass, w)| if *w > 0.0 { mass / w } else { 0.0 })
        .collect()
}

/// The law ∝ sin^{d−2}t of the angle to an axis under σ.
#[derive(Debug)]
pub struct AngleLaw {
    below: Vec<f64>,
}

impl AngleLaw {
    const CELLS: usize = 4096;

    /// On S^{d−1}.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        let power = dimension as f64 - 2.0;
        let step = std::f64::consts::PI / Self::CELLS as f64;
        // two Gauss points a cell
        let offset = 0.5 / 3.0_f64.sqrt();
        let weight = |t: f64| (power * t.sin().max(f64::MIN_POSITIVE).ln()).exp();
        let mut below = vec![0.0];
        for j in 0..Self::CELLS {
            let middle = step * (j as f64 + 0.5);
            let here = weight(middle - offset * step) + weight(middle + offset * step);
            below.push(below[j] + here);
        }
        let total = below[Self::CELLS];
        below.iter_mut().for_each(|b| *b /= total);
        Self { below }
    }

    /// The share of σ at angles below t.
    #[must_use]
    pub fn below(&self, t: f64) -> f64 {
        let place = (t / std::f64::consts::PI * Self::CELLS as f64).clamp(0.0, Self::CELLS as f64);
        let cell = (place as usize).min(Self::CELLS - 1);
        let share = place - cell as f64;
        self.below[cell] * (1.0 - share) + self.below[cell + 1] * share
    }

    fn quantile(&self, share: f64) -> f64 {
        let cell = (self.below.partition_point(|b| *b < share)).clamp(1, Self::CELLS);
        let (low, high) = (self.below[cell - 1], self.below[cell]);
        let part = if high > low {
            (share - low) / (high - low)
        } else {
            0.0
        };
        std::f64::consts::PI * (cell as f64 - 1.0 + part.clamp(0.0, 1.0)) / Self::CELLS as f64
    }
}

/// A grid of S²: latitudes by their weights from north to south, equispaced longitudes centred at 2πi/N.
#[derive(Debug)]
pub struct Grid {
    /// z below which a row of cells ends, for each row.
    floors: Vec<f64>,
    weights: Vec<f64>,
    longitudes: usize,
}

impl Grid {
    /// The cells of a Gauss grid.
    #[must_use]
    pub fn new(weights: &[f64], longitudes: usize) -> Self {
        let mut z = 1.0;
        let floors = (weights.iter())
            .map(|w| {
                z -= 2.0 * w;
                z
            })
            .collect();
        Self {
            floors,
            weights: weights.to_vec(),
            longitudes,
        }
    }

    fn cell(&self, x: &[f64; 3]) -> usize {
        let row = (self.floors.partition_point(|floor| *floor > x[2])).min(self.floors.len() - 1);
        let turn = (x[1].atan2(x[0]) / TAU).rem_euclid(1.0);
        row * self.longitudes + (turn * self.longitudes as f64).round() as usize % self.longitudes
    }

    /// Means of ρ over the cells.
    #[must_use]
    pub fn means(&self, markers: &Markers) -> Vec<f64> {
        let mut masses = vec![0.0; self.weights.len() * self.longitudes];
        let reach = 0.5 * std::f64::consts::PI / self.weights.len() as f64;
        for (corners, mass) in label_cells(markers) {
            self.lay_out(&corners, mass, reach, &mut masses);
        }
        for (p, mass) in masses.iter_mut().enumerate() {
            *mass *= self.longitudes as f64 / self.weights[p / self.longitudes];
        }
        masses
    }

    /// One label cell in pieces of at most `reach`.
    fn lay_out(&self, corners: &[[f64; 3]; 4], mass: f64, reach: f64, masses: &mut [f64]) {
        let [a, b, c, d] = corners;
        let pieces =
            |one: f64, two: f64| ((one.max(two) / reach).ceil() as usize).clamp(1, MOST_PIECES);
        let across = pieces(angle_between(a, b), angle_between(c, d));
        let down = pieces(angle_between(a, c), angle_between(b, d));
        let share = mass / (across * down) as f64;
        for i in 0..across {
            for j in 0..down {
                let s = (i as f64 + 0.5) / across as f64;
                let t = (j as f64 + 0.5) / down as f64;
                let mut x: [f64; 3] = std::array::from_fn(|k| {
                    (1.0 - t) * ((1.0 - s) * a[k] + s * b[k]) + t * ((1.0 - s) * c[k] + s * d[k])
                });
                let length = norm(&x).max(f64::MIN_POSITIVE);
                x.iter_mut().for_each(|v| *v /= length);
                masses[self.cell(&x)] += share;
            }
        }
    }
}

/// The cells between neighbouring markers on S²: where their corners are now (two to the north, two to the south), and
/// their mass, a quarter of each corner's. Around the poles of the labels the northern or southern corners are one.
fn label_cells(markers: &Markers) -> Vec<([[f64; 3]; 4], f64)> {
    (markers.grids())
        .flat_map(|grid| cells_of_grid(markers, grid))
        .collect()
}

/// Those of one sphere of labels.
fn cells_of_grid(
    markers: &Markers,
    (first, latitudes, longitudes): (usize, usize, usize),
) -> Vec<([[f64; 3]; 4], f64)> {
    let label = |j: usize, i: usize| first + j * longitudes + i % longitudes;
    let at = |j: usize, i: usize| -> [f64; 3] {
        let row = (markers.bodies.particles).row(markers.bodies.member[label(j, i)]);
        [row[0], row[1], row[2]]
    };
    let mass = |j: usize, i: usize| 0.25 * markers.masses[label(j, i)];
    let pole = |j: usize| -> [f64; 3] {
        let mut sum = [0.0; 3];
        for i in 0..longitudes {
            sum.iter_mut().zip(at(j, i)).for_each(|(s, a)| *s += a);
        }
        let length = norm(&sum).max(f64::MIN_POSITIVE);
        sum.map(|s| s / length)
    };
    let mut cells = Vec::with_capacity((latitudes + 1) * longitudes);
    let (north, south, last) = (pole(0), pole(latitudes - 1), latitudes - 1);
    for i in 0..longitudes {
        cells.push((
            [north, north, at(0, i), at(0, i + 1)],
            mass(0, i) + mass(0, i + 1),
        ));
        for j in 0..last {
            let corners = [at(j, i), at(j, i + 1), at(j + 1, i), at(j + 1, i + 1)];
            let own = mass(j, i) + mass(j, i + 1) + mass(j + 1, i) + mass(j + 1, i + 1);
            cells.push((corners, own));
        }
        cells.push((
            [at(last, i), at(last, i + 1), south, south],
            mass(last, i) + mass(last, i + 1),
        ));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Density, Law};
    use crate::sphere::{Domain, SpherePlan, ZonalPlan};

    #[test]
    fn cell_means_of_fresh_markers_are_the_density_and_their_mass_is_one() {
        let law = Law::VonMisesFisher {
            concentration: 3.0,
            mean: vec![0.0, 0.6, 0.8],
        };
        let density = Density::from_law(&law, Domain::Sphere, 0, 0.0, 32).unwrap();
        let mut plan = SpherePlan::new(32, 40, 80);
        let mut exact = vec![0.0; 3200];
        plan.synthesis(&density.state, &mut exact);
        let means = Grid::new(plan.weights(), 80).means(&Markers::from_density(&density));
        let top = exact.iter().copied().fold(0.0, f64::max);
        let (mut mass, mut off) = (0.0, 0.0);
        for (p, (a, b)) in means.iter().zip(&exact).enumerate() {
            mass += a * plan.weights()[p / 80] / 80.0;
            off += (a - b).abs() * plan.weights()[p / 80] / 80.0;
        }
        assert!((mass - 1.0).abs() < 1e-12, "{:e}", mass - 1.0);
        // pieces are dropped into whole cells: the rows are of 4.5°
        assert!(off < 0.05 * top, "{off} of {top}");
    }

    #[test]
    fn cells_around_gauss_nodes_add_up_and_agree_with_the_density() {
        let law = Law::VonMisesFisher {
            concentration: 2.0,
            mean: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        };
        let density = Density::from_law(&law, Domain::Zonal(8), 0, 0.0, 64).unwrap();
        let curve = Markers::from_density(&density).curve().unwrap();
        let plan = ZonalPlan::new(8, 64, 65);
        let means = around_nodes(&curve, 8, &plan.quadrature.weights);
        let sum: f64 = means
            .iter()
            .zip(&plan.quadrature.weights)
            .map(|(m, w)| m * w)
            .sum();
        assert!((sum - 1.0).abs() < 1e-12);
        let exact = density.zonal_values(&plan.quadrature.nodes);
        for ((a, b), w) in means.iter().zip(&exact).zip(&plan.quadrature.weights) {
            assert!((a - b).abs() < 0.02 * b || *w < 1e-4, "{a} {b}");
        }
    }
}
