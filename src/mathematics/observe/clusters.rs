//! Clusters and their masses, one definition for tokens and density on the circle.
//!
//! **On the circle**: smooth the measure by the heat kernel of angular width w (default 0.1) and look at the peaks of
//! the smoothed density. Two neighbouring peaks are one cluster when the valley between them stays above half of the
//! lower peak; a last remaining peak is a cluster when somewhere the density falls to half of it. A cluster's mass is
//! that of the unsmoothed measure between the valleys; less than a thousandth is not counted. Two equal point masses
//! are told apart from 3.33 w on. The uniform measure has no cluster.
//!
//! **On S²** the same rule for both sides, on a grid ([`super::watershed`]); a zonal density has caps and rings.
//!
//! **Tokens for d > 3**: connected components of the graph that joins tokens closer than 3.33 w.

use crate::machine::thresholds::SHARED_FROM;
use crate::measure::{Moments, Particles};
use crate::sphere::CirclePlan;
use crate::sphere::geometry::{angle_between, norm, wrap};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Two peaks are apart when the valley falls to this share of the lower one.
pub(super) const VALLEY: f64 = 0.5;
/// Clusters lighter than this are not counted (on the circle; components of the graph all are).
pub(super) const LIGHTEST: f64 = 1e-3;
/// √(8 ln 4): the distance, in widths, at which two equal Gaussians have a valley of half their height.
const TOLD_APART: f64 = 3.330_218_444_630_791;

/// One cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its mass.
    pub mass: f64,
    /// A unit vector: where its smoothed density peaks (circle), or its normalised mean.
    pub centre: Vec<f64>,
}

/// All clusters of a measure, the heaviest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clusters {
    /// The clusters, the heaviest first.
    pub list: Vec<Cluster>,
    /// For a measure of tokens: the cluster of each token.
    pub labels: Vec<Option<usize>>,
}

impl Clusters {
    /// How many.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Mass of the k-th heaviest cluster (k ≥ 1), 0 when there are fewer.
    #[must_use]
    pub(crate) fn mass(&self, k: usize) -> f64 {
        self.list.get(k - 1).map_or(0.0, |cluster| cluster.mass)
    }
}

/// The degree to which moments are needed for a width w: e^{−k²w²/2} < 1e-16 beyond.
#[must_use]
pub(crate) fn degrees_needed(width: f64) -> usize {
    (8.6 / width).ceil() as usize
}

/// An arc [from, to) with to > from, possibly past 2π, and the angle of its peak.
struct Arc {
    from: f64,
    to: f64,
    peak: f64,
}

impl Arc {
    fn contains(&self, angle: f64) -> bool {
        (angle >= self.from && angle < self.to) || angle + TAU < self.to
    }
}

/// Clusters of a density on the circle; `cumulative`(θ) = μ([0,θ)), θ ∈ [0, 2π].
#[must_use]
pub(crate) fn of_density(
    moments: &Moments,
    width: f64,
    cumulative: impl Fn(f64) -> f64,
) -> Clusters {
    let mut list: Vec<Cluster> = (arcs(moments, width).0)
        .iter()
        .map(|arc| {
            let (from, to) = (wrap(arc.from), wrap(arc.to));
            let inside = cumulative(to) - cumulative(from);
            let mass = if arc.to - arc.from >= TAU - 1e-12 {
                1.0
            } else if to > from {
                inside
            } else {
                inside + 1.0
            };
            Cluster {
                mass,
                centre: vec![arc.peak.cos(), arc.peak.sin()],
            }
        })
        .filter(|cluster| cluster.mass >= LIGHTEST)
        .collect();
    list.sort_by(|a, b| b.mass.total_cmp(&a.mass));
    Clusters {
        list,
        labels: Vec::new(),
    }
}

/// Clusters of tokens on the circle, by the same arcs; every token knows its cluster.
#[must_use]
pub(crate) fn of_circle_tokens(
    angles: &[f64],
    weights: &[f64],
    moments: &Moments,
    width: f64,
) -> Clusters {
    let (arcs, points) = arcs(moments, width);
    // valleys are points of the grid: between two of them all belong to the same arc
    let scale = points as f64 / TAU;
    let table: Vec<Option<usize>> = (0..points)
        .map(|point| (arcs.iter()).position(|arc| arc.contains((point as f64 + 0.5) / scale)))
        .collect();
    let arc_of = |angle: &f64| table[((angle * scale) as usize).min(points - 1)];
    let sums = (angles.par_chunks(SHARED_FROM))
        .zip(weights.par_chunks(SHARED_FROM))
        .map(|(angles, weights)| {
            let mut masses = vec![0.0; arcs.len()];
            for (angle, weight) in angles.iter().zip(weights) {
                if let Some(arc) = arc_of(angle) {
                    masses[arc] += weight;
                }
            }
            masses
        });
    let parts: Vec<Vec<f64>> = if arcs.is_empty() {
        Vec::new()
    } else {
        sums.collect()
    };
    let list: Vec<Cluster> = (arcs.iter().enumerate())
        .map(|(i, arc)| Cluster {
            mass: parts.iter().map(|masses| masses[i]).sum(),
            centre: vec![arc.peak.cos(), arc.peak.sin()],
        })
        .collect();
    let (order, renamed) = ranked(&list, LIGHTEST);
    Clusters {
        labels: (angles.par_iter().with_min_len(SHARED_FROM))
            .map(|angle| arc_of(angle).and_then(|arc| renamed[arc]))
            .collect(),
        list: order.iter().map(|old| list[*old].clone()).collect(),
    }
}

/// Clusters of tokens in any dimension: components of the graph of pairs nearer than 3.33 w. O(n·d) a cluster and
/// neighbour, n²d at worst.
#[must_use]
pub(crate) fn by_linkage(tokens: &Particles, width: f64) -> Clusters {
    let reach = (TOLD_APART * width).min(std::f64::consts::PI);
    let near = reach.cos();
    let mut clusters = linked(tokens, |x, y| {
        let product = crate::sphere::geometry::dot(x, y);
        // the cosine decides unless it is too near the limit to be trusted
        if (product - near).abs() > 1e-6 {
            product > near
        } else {
            angle_between(x, y) < reach
        }
    });
    for cluster in &mut clusters.list {
        let length = norm(&cluster.centre).max(f64::MIN_POSITIVE);
        cluster.centre.iter_mut().for_each(|m| *m /= length);
    }
    clusters
}

/// Clusters of tokens of ℝ^d by single linkage: pairs nearer than 3.33 w of the cloud's radius max |x_i − m|.
#[must_use]
pub(crate) fn by_distance(tokens: &Particles, width: f64, radius: f64) -> Clusters {
    let reach = TOLD_APART * width * radius;
    linked(tokens, |x, y| {
        let square: f64 = x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum();
        square <= reach * reach
    })
}

/// Components of the graph of linked pairs.
fn linked(tokens: &Particles, near: impl Fn(&[f64], &[f64]) -> bool) -> Clusters {
    let mut unvisited: Vec<usize> = (0..tokens.count()).collect();
    let mut labels = vec![None; tokens.count()];
    let mut list = Vec::new();
    while let Some(seed) = unvisited.pop() {
        let label = list.len();
        let mut frontier = vec![seed];
        let mut mean = vec![0.0; tokens.dimension()];
        let mut mass = 0.0;
        while let Some(token) = frontier.pop() {
            labels[token] = Some(label);
            let x = tokens.row(token);
            mass += tokens.weights[token];
            mean.iter_mut()
                .zip(x)
                .for_each(|(m, a)| *m += tokens.weights[token] * a);
            unvisited.retain(|other| {
                let linked = near(x, tokens.row(*other));
                if linked {
                    frontier.push(*other);
                }
                !linked
            });
        }
        mean.iter_mut().for_each(|m| *m /= mass);
        list.push(Cluster { mass, centre: mean });
    }
    sorted(list, &labels, 0.0)
}

/// The heaviest first, the light ones dropped, labels renamed accordingly.
pub(super) fn sorted(list: Vec<Cluster>, labels: &[Option<usize>], lightest: f64) -> Clusters {
    let (order, renamed) = ranked(&list, lightest);
    Clusters {
        labels: labels
            .iter()
            .map(|label| label.and_then(|old| renamed[old]))
            .collect(),
        list: order.iter().map(|old| list[*old].clone()).collect(),
    }
}

/// Which are heavy enough, the heaviest first, and the place of each in that order.
fn ranked(list: &[Cluster], lightest: f64) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut order: Vec<usize> = (0..list.len())
        .filter(|i| list[*i].mass >= lightest)
        .collect();
    order.sort_by(|a, b| list[*b].mass.total_cmp(&list[*a].mass));
    let mut renamed = vec![None; list.len()];
    order
        .iter()
        .enumerate()
        .for_each(|(new, old)| renamed[*old] = Some(new));
    (order, renamed)
}

/// The arcs between the valleys that count, and the points of the grid that the valleys belong to.
fn arcs(moments: &Moments, width: f64) -> (Vec<Arc>, usize) {
    let degree = degrees_needed(width).min(moments.degree());
    let points = (4 * degree).next_power_of_two().max(64);
    let smoothed = moments.smoothed(0.5 * width * width);
    let mut values = vec![0.0; points];
    CirclePlan::new(points).synthesis(degree, |k| smoothed.get(k).conj(), &mut values);
    let angle = |position: f64| TAU * position / points as f64;

    let mut peaks = peaks_and_valleys(&values);
    // Join the pair with the shallowest valley until every valley counts.
    while peaks.len() > 1 {
        let depth = |i: usize| {
            let next = (i + 1) % peaks.len();
            peaks[i].valley / peaks[i].height.min(peaks[next].height)
        };
        let shallowest =
            (0..peaks.len()).fold(0, |best, i| if depth(i) > depth(best) { i } else { best });
        if depth(shallowest) <= VALLEY {
            break;
        }
        let next = (shallowest + 1) % peaks.len();
        let (low, high) = if peaks[shallowest].height < peaks[next].height {
            (shallowest, next)
        } else {
            (next, shallowest)
        };
        // The valley after the joined pair is the one after its second peak.
        let (valley, at) = (peaks[next].valley, peaks[next].valley_at);
        peaks[high].valley = valley;
        peaks[high].valley_at = at;
        peaks.remove(low);
    }
    if peaks.len() == 1 && peaks[0].valley > VALLEY * peaks[0].height {
        return (Vec::new(), points);
    }
    let count = peaks.len();
    let arcs = (0..count)
        .map(|i| {
            let from = peaks[(i + count - 1) % count].valley_at;
            let mut to = peaks[i].valley_at;
            if to <= from {
                to += points;
            }
            let peak = wrap(angle(refined(&values, peaks[i].at)));
            Arc {
                from: angle(from as f64),
                to: angle(to as f64),
                peak,
            }
        })
        .collect();
    (arcs, points)
}

/// A local maximum and the lowest point between it and the next.
struct Peak {
    at: usize,
    height: f64,
    valley: f64,
    valley_at: usize,
}

fn peaks_and_valleys(values: &[f64]) -> Vec<Peak> {
    let n = values.len();
    let tops: Vec<usize> = (0..n)
        .filter(|&j| values[j] > values[(j + n - 1) % n] && values[j] >= values[(j + 1) % n])
        .collect();
    let count = tops.len();
    (0..count)
        .map(|i| {
            let (at, next) = (tops[i], tops[(i + 1) % count]);
            let gap = if next > at { next - at } else { next + n - at };
            let valley_at = (0..=gap)
                .map(|s| (at + s) % n)
                .fold(at, |low, j| if values[j] < values[low] { j } else { low });
            Peak {
                at,
                height: values[at],
                valley: values[valley_at].max(0.0),
                valley_at,
            }
        })
        .collect()
}

/// The top of the parabola through a peak and its neighbours, in grid steps.
fn refined(values: &[f64], at: usize) -> f64 {
    let n = values.len();
    let (left, here, right) = (values[(at + n - 1) % n], values[at], values[(at + 1) % n]);
    let curvature = left - 2.0 * here + right;
    let shift = if curvature < 0.0 {
        0.5 * (left - right) / curvature
    } else {
        0.0
    };
    at as f64 + shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Density, Law};
    use crate::sphere::Domain;

    fn points(angles: &[f64]) -> Particles {
        Particles::new(2, angles.iter().flat_map(|t| [t.cos(), t.sin()]).collect())
    }

    fn of_points(angles: &[f64]) -> Clusters {
        let tokens = points(angles);
        of_circle_tokens(
            &tokens.angles(),
            &tokens.weights,
            &tokens.moments(degrees_needed(0.1)),
            0.1,
        )
    }

    #[test]
    fn points_are_counted_with_their_masses_and_labels() {
        let found = of_points(&[0.01, 6.27, 0.02, 2.0, 2.01, 4.0]);
        assert_eq!(found.count(), 3);
        let masses: Vec<f64> = found.list.iter().map(|c| (c.mass * 6.0).round()).collect();
        assert_eq!(masses, [3.0, 2.0, 1.0]);
        assert_eq!(
            found.labels,
            [Some(0), Some(0), Some(0), Some(1), Some(1), Some(2)]
        );
        assert!((found.list[2].centre[0] - 4.0_f64.cos()).abs() < 1e-3);
    }

    #[test]
    fn two_points_are_told_apart_from_three_and_a_third_widths_on() {
        assert_eq!(of_points(&[1.0, 1.0 + 0.32]).count(), 1);
        assert_eq!(of_points(&[1.0, 1.0 + 0.35]).count(), 2);
        assert_eq!(of_points(&[1.0]).count(), 1);
        assert_eq!(of_points(&[0.0, 0.1, 6.2]).list[0].mass, 1.0);
    }

    #[test]
    fn a_density_and_its_tokens_have_the_same_clusters() {
        let law = Law::Clusters {
            count: 3,
            concentration: 60.0,
            masses: vec![0.5, 0.3, 0.2],
        };
        let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 128).unwrap();
        let found = of_density(&density.moments(), 0.1, |theta| density.cumulative(theta));
        assert_eq!(found.count(), 3);
        for (cluster, mass) in found.list.iter().zip([0.5, 0.3, 0.2]) {
            assert!((cluster.mass - mass).abs() < 1e-4);
        }
        let tokens = law.sample(3000, 2, 1);
        assert_eq!(
            of_circle_tokens(&tokens.angles(), &tokens.weights, &tokens.moments(100), 0.1).count(),
            3
        );
    }

    #[test]
    fn the_uniform_law_has_none_and_one_bump_is_one() {
        let uniform = Density::from_law(&Law::Uniform, Domain::Circle, 0, 0.0, 128).unwrap();
        assert_eq!(
            of_density(&uniform.moments(), 0.1, |t| uniform.cumulative(t)).count(),
            0
        );
        let bump = Law::VonMisesFisher {
            concentration: 5.0,
            mean: vec![1.0, 0.0],
        };
        let bump = Density::from_law(&bump, Domain::Circle, 0, 0.0, 128).unwrap();
        let found = of_density(&bump.moments(), 0.1, |t| bump.cumulative(t));
        assert_eq!(found.count(), 1);
        assert_eq!(found.list[0].mass, 1.0);
    }

    #[test]
    fn linkage_finds_components_on_the_sphere() {
        let tokens = Particles::new(
            3,
            vec![
                1.0,
                0.0,
                0.0,
                0.0,
                1.0,
                0.0,
                0.1_f64.cos(),
                0.0,
                0.1_f64.sin(),
            ],
        );
        let found = by_linkage(&tokens, 0.1);
        assert_eq!(found.count(), 2);
        assert_eq!(found.labels[0], found.labels[2]);
        assert!((found.mass(1) - 2.0 / 3.0).abs() < 1e-15 && found.mass(3) == 0.0);
    }
}
