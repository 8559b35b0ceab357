//! Distance between tokens and density above the circle: *sliced* Wasserstein-1 in angle.
//!
//! For a unit vector u the angle t = arccos⟨x,u⟩ has a law on [0, π] for each of the two measures; the W_1 of these laws,
//! ∫|F_tokens − F_density| dt in radians, is exact, and since t is 1-Lipschitz it never exceeds the geodesic W_1. On S² the
//! mean is taken over 32 fixed directions (a Fibonacci lattice of half the sphere); for a zonal density the one direction
//! is its axis.
//!
//! The law of t of a density comes from its moments: under σ it is ∝ sin^{d−2}t, and with b_ℓ(u) the moments around u the
//! density is Σ b_ℓ(u) p_ℓ(cos t) times that, its integral from 0 to t
//! G_0(t) + Σ_{ℓ≥1} b_ℓ(u) sin²t w(cos t) p_ℓ'(cos t)/(ℓ(ℓ+d−2)).

use super::angular_order::Sorted;
use super::cumulative::Cumulative;
use super::point_sets::between_points_on_line;
use super::transport::on_interval;
use crate::machine::arctangent::angles_to;
use crate::measure::{Density, Particles};
use crate::sphere::Domain;
use crate::sphere::gegenbauer::recurrence_coefficient;
use crate::sphere::harmonics::at_point;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Directions on S².
const DIRECTIONS: usize = 32;
/// Cells of [0, π] a degree, and at least.
const CELLS_PER_DEGREE: usize = 6;
const FEWEST_CELLS: usize = 512;

/// The directions of the slices and what depends on nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Slices {
    directions: Vec<Vec<f64>>,
    /// Y_ℓm(u) of every direction up to the degree met so far.
    harmonics: Vec<Vec<f64>>,
    degree: usize,
}

impl Slices {
    /// For densities on this domain; `axis` is that of a zonal one.
    #[must_use]
    pub(crate) fn new(domain: Domain, axis: &[f64]) -> Self {
        let golden = PI * (3.0 - 5.0_f64.sqrt());
        let directions = match domain {
            Domain::Sphere => (0..DIRECTIONS)
                .map(|j| {
                    let z = (j as f64 + 0.5) / DIRECTIONS as f64;
                    let (sin, cos) = (golden * j as f64).sin_cos();
                    let r = ((1.0 - z) * (1.0 + z)).sqrt();
                    vec![r * cos, r * sin, z]
                })
                .collect(),
            _ => vec![axis.to_vec()],
        };
        Self {
            directions,
            harmonics: Vec::new(),
            degree: 0,
        }
    }

    /// The mean over the directions, in radians.
    pub(crate) fn wasserstein(&mut self, tokens: &Particles, density: &Density) -> f64 {
        let degree = density.modes();
        if density.domain == Domain::Sphere && degree > self.degree {
            self.harmonics = self
                .directions
                .iter()
                .map(|u| at_point(u, degree))
                .collect();
            self.degree = degree;
        }
        let profiles: Vec<Vec<f64>> = (0..self.directions.len())
            .map(|slice| self.profile(slice, density))
            .collect();
        let laws = angle_laws(density.domain.dimension(), &profiles);
        let total: f64 = (self.directions.par_iter().zip(laws))
            .map(|(u, law)| on_interval(&along(tokens, u), &law))
            .collect::<Vec<f64>>()
            .iter()
            .sum();
        total / self.directions.len() as f64
    }

    /// The mean over the directions of the exact distance between two sets of weighted points on S²; `markers` stand for
    /// the density, which their quadrature replaces.
    #[must_use]
    pub(crate) fn between_points(&self, tokens: &Particles, markers: &Particles) -> f64 {
        let total: f64 = (self.directions.par_iter())
            .map(|u| between_points_on_line(&by_angle(tokens, u), &by_angle(markers, u)))
            .collect::<Vec<f64>>()
            .iter()
            .sum();
        total / self.directions.len() as f64
    }

    /// b_ℓ(u): the moments of the density averaged over the rotations around a direction.
    fn profile(&self, slice: usize, density: &Density) -> Vec<f64> {
        if density.domain != Domain::Sphere {
            return density.state.clone();
        }
        let degree = density.modes();
        let harmonics = Domain::Sphere.resized(&self.harmonics[slice], degree);
        let mut profile = vec![0.0; degree + 1];
        Domain::Sphere.for_each(degree, |entry, l| {
            profile[l] += harmonics[entry] * density.state[entry] / ((2 * l + 1) as f64).sqrt();
        });
        profile
    }
}

/// (angle to a direction, weight) in order of the angle, and where angles are equal in that of the points: as many buckets as points, each
/// sorted for itself.
fn by_angle(points: &Particles, direction: &[f64]) -> Vec<(f64, f64)> {
    let angles = angles_to(direction, &points.positions);
    let count = angles.len();
    // rounding is monotone: a larger angle is in no earlier bucket
    let bucket = |angle: f64| ((angle * (count as f64 / PI)) as usize).min(count - 1);
    let mut ends = vec![0_u32; count + 1];
    angles.iter().for_each(|a| ends[bucket(*a) + 1] += 1);
    for b in 1..=count {
        ends[b] += ends[b - 1];
    }
    let mut list = vec![(0.0, 0.0); count];
    for (angle, weight) in angles.iter().zip(&points.weights) {
        let slot = &mut ends[bucket(*angle)];
        list[*slot as usize] = (*angle, *weight);
        *slot += 1;
    }
    let mut start = 0;
    for end in &ends[..count] {
        let end = *end as usize;
        if end - start > 1 {
            list[start..end].sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        start = end;
    }
    list
}

/// The tokens by their angle to a direction.
pub(super) fn along(tokens: &Particles, direction: &[f64]) -> Sorted {
    Sorted::of(by_angle(tokens, direction))
}

/// The cumulative functions of the angle for several sets of moments, on one grid of [0, π].
fn angle_laws(dimension: usize, profiles: &[Vec<f64>]) -> Vec<Cumulative> {
    let degree = profiles.iter().map(Vec::len).max().unwrap_or(1) - 1;
    let cells = (CELLS_PER_DEGREE * degree).max(FEWEST_CELLS);
    let width = PI / cells as f64;
    let d = dimension as f64;
    let alpha: Vec<f64> = (0..=degree + 2)
        .map(|l| recurrence_coefficient(dimension, l))
        .collect();
    let base = base_law(dimension, cells);
    // by degrees, the profiles side by side: what is summed at a node is read once for all of them
    let count = profiles.len();
    let mut degrees = vec![[0.0; 2]; (degree + 1) * count];
    for (slot, profile) in profiles.iter().enumerate() {
        for (l, b) in profile.iter().enumerate().skip(1) {
            let x = l as f64;
            degrees[l * count + slot] = [b / (x * (x + d - 2.0)), *b];
        }
    }
    let nodes: Vec<Vec<[f64; 2]>> = (base.par_iter().enumerate())
        .map(|(node, (cumulative, weight))| {
            let (sin, cos) = (width * node as f64).sin_cos();
            // dσ = w dc = weight dt with weight = w sin t
            let flux = if sin > 0.0 { weight / sin } else { 0.0 };
            let mut sums = vec![[*cumulative, *weight]; count];
            // p_ℓ and (1−c²)p_ℓ'/(ℓ(ℓ+d−2)) = [(ℓ+d−2)α_ℓ p_{ℓ−1} − ℓα_{ℓ+1}p_{ℓ+1}]/(ℓ(ℓ+d−2))
            let (mut before, mut here) = (0.0, 1.0);
            for (l, row) in degrees.chunks_exact(count.max(1)).enumerate() {
                let next = (cos * here - alpha[l] * before) / alpha[l + 1];
                if l > 0 {
                    let x = l as f64;
                    let integral = (x + d - 2.0) * alpha[l] * before - x * alpha[l + 1] * next;
                    let factors = [flux * integral, weight * here];
                    for (sum, b) in sums.iter_mut().zip(row) {
                        sum[0] += b[0] * factors[0];
                        sum[1] += b[1] * factors[1];
                    }
                }
                (before, here) = (here, next);
            }
            sums
        })
        .collect();
    (0..count)
        .map(|slot| {
            let column = |part: usize| nodes.iter().map(|node| node[slot][part]).collect();
            Cumulative::of_nodes(width, column(0), column(1))
        })
        .collect()
}

/// For σ at every node: P(angle ≤ t) and its density in t, ∝ sin^{d−2}t.
fn base_law(dimension: usize, cells: usize) -> Vec<(f64, f64)> {
    let width = PI / cells as f64;
    let power = dimension as f64 - 2.0;
    let density = |t: f64| {
        if power == 0.0 {
            1.0
        } else {
            (power * t.sin().abs().ln()).exp()
        }
    };
    // three-point Gauss in every cell
    let (node, side) = (0.6_f64.sqrt(), 5.0 / 18.0);
    let mut sums = vec![0.0];
    for cell in 0..cells {
        let middle = width * (cell as f64 + 0.5);
        let inside = width
            * (side * density(middle - 0.5 * width * node)
                + (1.0 - 2.0 * side) * density(middle)
                + side * density(middle + 0.5 * width * node));
        sums.push(sums[cell] + inside);
    }
    let total = sums[cells];
    sums.iter()
        .enumerate()
        .map(|(node, sum)| {
            let ends = node == 0 || node == cells;
            let here = if ends && power > 0.0 {
                0.0
            } else {
                density(width * node as f64)
            };
            (sum / total, here / total)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn points_come_in_the_order_of_their_angles_however_they_lie() {
        let axis = [0.6, 0.0, 0.8];
        let cluster = |spread: f64| {
            let mut tokens = Law::Uniform.sample(300, 3, 7);
            for x in tokens.positions.chunks_exact_mut(3) {
                (x.iter_mut().zip(axis)).for_each(|(x, a)| *x = a + spread * *x);
            }
            crate::sphere::geometry::retract(&mut tokens.positions, 3);
            tokens
        };
        let at_one_place = Particles::new(3, [0.0, 0.0, 1.0].repeat(9));
        let mut ends = Particles::new(3, [axis, axis.map(|a| -a), axis].concat());
        ends.weights = vec![0.2, 0.5, 0.3];
        let none = Particles::new(3, Vec::new());
        for points in [
            cluster(10.0),
            cluster(1e-3),
            cluster(1e-13),
            at_one_place,
            ends,
            none,
        ] {
            let mut sorted: Vec<(f64, f64)> = angles_to(&axis, &points.positions)
                .into_iter()
                .zip(points.weights.iter().copied())
                .collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(by_angle(&points, &axis), sorted);
        }
    }

    #[test]
    fn a_token_at_the_axis_is_the_mean_angle_away() {
        // W_1(δ_0, law of t) = E t: for σ on S² and every d it is π/2
        for dimension in [3, 8] {
            let mut axis = vec![0.0; dimension];
            axis[dimension - 1] = 1.0;
            let uniform =
                Density::from_law(&Law::Uniform, Domain::Zonal(dimension), 0, 0.0, 16).unwrap();
            let token = Particles::new(dimension, axis.clone());
            let distance =
                Slices::new(Domain::Zonal(dimension), &axis).wasserstein(&token, &uniform);
            assert!(
                (distance - PI / 2.0).abs() < 1e-11,
                "d {dimension}: {distance}"
            );
        }
    }

    #[test]
    fn the_mean_angle_of_a_tilted_density_is_its_integral() {
        // ρ = 1 + a c on S²: E t = ∫ t (1 + a cos t) sin t/2 dt = π/2 − aπ/8
        let law = Law::Zonal {
            coefficients: vec![0.6],
            axis: vec![0.0, 0.0, 1.0],
        };
        let density = Density::from_law(&law, Domain::Zonal(3), 0, 0.0, 16).unwrap();
        let token = Particles::new(3, vec![0.0, 0.0, 1.0]);
        let distance =
            Slices::new(Domain::Zonal(3), &[0.0, 0.0, 1.0]).wasserstein(&token, &density);
        assert!(
            (distance - (PI / 2.0 - 0.6 * PI / 8.0)).abs() < 1e-11,
            "{distance}"
        );
        // the sphere's solver sees the same law along the same direction
        let sphere = Density::from_law(&law, Domain::Sphere, 0, 0.0, 16).unwrap();
        let mut slices = Slices {
            directions: vec![vec![0.0, 0.0, 1.0]],
            harmonics: Vec::new(),
            degree: 0,
        };
        assert!((slices.wasserstein(&token, &sphere) - distance).abs() < 1e-13);
    }

    #[test]
    fn more_tokens_of_the_same_law_are_nearer() {
        let law = Law::VonMisesFisher {
            concentration: 5.0,
            mean: vec![0.6, 0.0, 0.8],
        };
        let density = Density::from_law(&law, Domain::Sphere, 0, 0.0, 40).unwrap();
        let mut slices = Slices::new(Domain::Sphere, &[]);
        let (few, many) = (
            slices.wasserstein(&law.sample(100, 3, 1), &density),
            slices.wasserstein(&law.sample(10_000, 3, 1), &density),
        );
        // the mean over seeds falls by √100; one seed is within a factor of three
        assert!(
            many < 0.3 * few && many > 0.03 * few && many < 0.02,
            "{few} {many}"
        );
    }
}
