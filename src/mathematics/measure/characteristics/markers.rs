//! A density carried by markers: points that move with the flow, each with the mass it had at the start and the
//! logarithm of the density where it is.
//!
//! A marker starts at a label α with a share w = f(α)·(quadrature weight) of the mass, f the density over the labels. The
//! flow carries it to X(α, t), its mass is kept, and the density there changes by the determinant of the flow map,
//! ln ρ = ln ρ_0 − ln det DX, whose rate is −div v. Every moment is a quadrature in the label, ∫φ dμ = Σ w φ(X): a peak is
//! where many labels have gone, and is resolved however sharp it becomes.
//!
//! On the circle and along an axis the labels are a line, cut into panels ([`crate::sphere::panel`]) that are split where X
//! is no longer a polynomial on them: at the watersheds between clusters, where neighbouring labels part, until
//! the mass of the panel makes the difference unnoticeable. Along an axis a marker is a sphere {⟨x,axis⟩ = cos t}, kept as
//! the point (sin t, cos t) of a meridian. On S² the labels are fixed grids, one or as many as the law has sharp peaks; what is known there
//! of watersheds is said by [`Markers::tail`].

use super::distribution::{AngleDistribution, Piece};
use crate::measure::bodies::components;
use crate::measure::{Bodies, Density, Moments, Particles};
use crate::sphere::gegenbauer::{for_each_polynomial, multiplicity_ratio};
use crate::sphere::panel::{self, Coefficients, NODES, PanelRule};
use crate::sphere::{Domain, SpherePlan};
use std::f64::consts::{PI, TAU};

/// No panel of the labels is shorter than this share of the line.
const SHORTEST: f64 = 1e-14;
/// The least a marker weighs (its square must not underflow) and the least density that has a logarithm.
pub(super) const LEAST: f64 = 1e-120;

/// Degrees by which markers are compared with what they stand for.
const SEEN: usize = 16;

/// How the labels lie.
#[derive(Debug, Clone)]
pub(super) enum Labels {
    /// Panels between these edges, [`NODES`] markers each.
    Line { edges: Vec<f64> },
    /// Spheres of labels, one after the other: Gauss latitudes times equispaced longitudes of each.
    Grids(Vec<(usize, usize)>),
}

/// A density as markers.
#[derive(Debug, Clone)]
pub struct Markers {
    /// Circle, S², or along an axis.
    pub domain: Domain,
    /// The axis of the zonal domain; empty otherwise.
    pub axis: Vec<f64>,
    /// What moves: rows in ℝ² (circle, meridian) or ℝ³, markers that have met as one.
    pub bodies: Bodies,
    /// ln ρ at every body; +∞ for one of several markers, which is a point mass to all eyes.
    pub log_density: Vec<f64>,
    /// The mass of every marker.
    pub masses: Vec<f64>,
    /// X of every marker on a line: the angle, not brought back to [0, 2π), or the angle to the axis.
    pub(super) places: Vec<f64>,
    /// Scratch: the angle of every body.
    pub(super) angles: Vec<f64>,
    pub(super) labels: Labels,
    pub(super) rule: PanelRule,
    /// ln ∫sin^{d−2}t dt of the zonal domain.
    pub(super) log_circumference: f64,
}

impl Markers {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.masses.len()
    }

    /// Bodies weigh what their markers weigh.
    pub(super) fn weigh(&mut self) {
        let weights = &mut self.bodies.particles.weights;
        weights.fill(0.0);
        for (body, mass) in self.bodies.member.iter().zip(&self.masses) {
            weights[*body] += mass;
        }
    }

    /// The spheres of labels on S²: the first marker of each, its latitudes and its longitudes.
    pub fn grids(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let sizes: &[(usize, usize)] = match &self.labels {
            Labels::Line { .. } => &[],
            Labels::Grids(sizes) => sizes,
        };
        let mut next = 0;
        sizes.iter().map(move |(latitudes, longitudes)| {
            let first = next;
            next += latitudes * longitudes;
            (first, *latitudes, *longitudes)
        })
    }

    /// Takes note of where the bodies have moved: X of every marker on a line.
    pub fn follow(&mut self) {
        if self.places.is_empty() {
            return;
        }
        // one angle a body: markers that have met share it
        let circle = self.domain == Domain::Circle;
        self.angles.clear();
        self.angles.extend(self.bodies.particles.rows().map(|x| {
            if circle {
                x[1].atan2(x[0])
            } else {
                // rounding may put a pole a little on the other side
                x[0].abs().atan2(x[1])
            }
        }));
        for (place, body) in self.places.iter_mut().zip(&self.bodies.member) {
            let angle = self.angles[*body];
            *place = if circle {
                let turn = (angle - *place) / TAU;
                *place + TAU * (turn - turn.round_ties_even())
            } else {
                angle
            };
        }
    }

    /// X of every marker, to come back to.
    #[must_use]
    pub fn places(&self) -> &[f64] {
        &self.places
    }

    /// X of every marker as it was.
    pub fn set_places(&mut self, places: &[f64]) {
        self.places.copy_from_slice(places);
    }

    /// Joins the connected groups of pairs of bodies, whose density is a point mass from then on.
    pub fn join(&mut self, pairs: &[(usize, usize)]) {
        let (group, groups) = components(self.bodies.count(), pairs);
        let mut logs = vec![f64::NEG_INFINITY; groups];
        let mut size = vec![0; groups];
        for (&g, log) in group.iter().zip(&self.log_density) {
            size[g] += 1;
            logs[g] = if size[g] > 1 { f64::INFINITY } else { *log };
        }
        self.log_density = logs;
        self.bodies.join(&group, groups);
    }

    /// Along an axis, puts bodies that are within `reach` of a pole and go there (by their `velocity`) onto it, where
    /// they stay: a small sphere around the axis meets itself at the pole. True when there were any.
    pub fn settle_on_poles(&mut self, reach: f64, velocity: &[f64]) -> bool {
        if !matches!(self.domain, Domain::Zonal(_)) {
            return false;
        }
        let mut settled = false;
        let rows = self.bodies.particles.positions.chunks_exact_mut(2);
        for ((x, v), log) in rows
            .zip(velocity.chunks_exact(2))
            .zip(&mut self.log_density)
        {
            if x[0] != 0.0 && x[0].abs() < reach && x[0] * v[0] <= 0.0 {
                (x[0], x[1]) = (0.0, x[1].signum());
                *log = f64::INFINITY;
                settled = true;
            }
        }
        settled
    }

    /// The moments to a degree, by quadrature in the label.
    #[must_use]
    pub fn moments(&self, degree: usize) -> Moments {
        let Domain::Zonal(d) = self.domain else {
            return self.bodies.particles.moments(degree);
        };
        let mut state = vec![0.0; degree + 1];
        for (x, w) in (self.bodies.particles.rows()).zip(&self.bodies.particles.weights) {
            for_each_polynomial(d, degree, x[1], |l, p| state[l] += w * p);
        }
        let mut root = 1.0;
        for (l, b) in state.iter_mut().enumerate().skip(1) {
            root *= multiplicity_ratio(d, l).sqrt();
            *b *= root;
        }
        Moments::new(self.domain, state)
    }

    /// The largest |m_ℓ| of the difference to these moments, ℓ up to [`SEEN`].
    #[must_use]
    pub fn differ_from(&self, moments: &Moments) -> f64 {
        let degree = moments.degree().min(SEEN);
        let own = self.moments(degree);
        let difference = (own.values().iter().zip(moments.resized(degree).values()))
            .map(|(a, b)| a - b)
            .collect();
        (Moments::new(self.domain, difference)
            .order_parameters(degree)
            .into_iter())
        .fold(0.0, f64::max)
    }

    /// The smallest density at a marker.
    #[must_use]
    pub(crate) fn minimum(&self) -> f64 {
        self.log_density
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min)
            .exp()
    }

    /// X on panel p as a polynomial of the label.
    fn place_on(&self, p: usize) -> Coefficients {
        self.rule
            .coefficients(&self.places[p * NODES..(p + 1) * NODES])
    }

    /// dμ/ds on panel p, s ∈ [−1, 1], as a polynomial whose mean is the panel's mass.
    fn mass_on(&self, p: usize) -> Coefficients {
        let values: [f64; NODES] =
            std::array::from_fn(|i| self.masses[p * NODES + i] / self.rule.weights[i]);
        self.rule.coefficients(&values)
    }

    fn panels(&self) -> usize {
        match &self.labels {
            Labels::Line { edges } => edges.len() - 1,
            Labels::Grids(_) => 0,
        }
    }

    /// Whether all markers of panel p are one body.
    fn collapsed(&self, p: usize) -> bool {
        let member = &self.bodies.member[p * NODES..(p + 1) * NODES];
        member.iter().all(|body| *body == member[0])
    }

    /// What panel p does not see of X, weighed by its mass.
    fn loss(&self, p: usize) -> f64 {
        let mass: f64 = self.masses[p * NODES..(p + 1) * NODES].iter().sum();
        mass * panel::tail(&self.place_on(p))
    }

    /// The panels on which X is not resolved to `tolerance` (in mass times angle), and which can be split.
    #[must_use]
    pub fn unresolved(&self, tolerance: f64) -> Vec<usize> {
        let Labels::Line { edges } = &self.labels else {
            return Vec::new();
        };
        let length = edges[edges.len() - 1] - edges[0];
        (0..self.panels())
            .filter(|&p| edges[p + 1] - edges[p] > SHORTEST * length)
            .filter(|&p| !self.collapsed(p) && self.loss(p) > tolerance)
            .collect()
    }

    /// An estimate of what the quadrature in the label loses: on a line the largest loss of a panel; on S² the largest
    /// amplitude in the top eighth of the degrees of X as a function of the label, times the mean density there.
    #[must_use]
    pub fn tail(&self) -> f64 {
        match &self.labels {
            Labels::Line { .. } => (0..self.panels())
                .filter(|&p| !self.collapsed(p))
                .map(|p| self.loss(p))
                .fold(0.0, f64::max),
            Labels::Grids(_) => (self.grids())
                .map(|(first, latitudes, longitudes)| {
                    self.tail_on_grid(first, latitudes, longitudes)
                })
                .fold(0.0, f64::max),
        }
    }

    fn tail_on_grid(&self, first: usize, latitudes: usize, longitudes: usize) -> f64 {
        let degree = latitudes - 1;
        let mut plan = SpherePlan::new(degree, latitudes, longitudes);
        let mut state = vec![0.0; Domain::Sphere.length(degree)];
        let mut values = vec![0.0; latitudes * longitudes];
        let mut tail = 0.0_f64;
        for coordinate in 0..3 {
            let members = &self.bodies.member[first..];
            for (p, (value, body)) in values.iter_mut().zip(members).enumerate() {
                let density =
                    self.masses[first + p] / plan.weights()[p / longitudes] * longitudes as f64;
                *value = density * self.bodies.particles.row(*body)[coordinate];
            }
            plan.analysis(&values, &mut state);
            let density = Density {
                domain: Domain::Sphere,
                axis: Vec::new(),
                state: state.clone(),
            };
            tail = tail.max(density.tail());
        }
        tail
    }

    /// Splits panels in two. The new markers are where the polynomials of X, ln ρ and the mass put them, as bodies of
    /// their own.
    // long: one pass over the panels that fills six lists
    pub fn split(&mut self, panels: &[usize]) {
        let Labels::Line { edges } = &self.labels else {
            return;
        };
        let edges = edges.clone();
        let (mut new_edges, mut masses, mut places) = (vec![edges[0]], Vec::new(), Vec::new());
        let (mut rows, mut logs, mut member) = (Vec::new(), Vec::new(), Vec::new());
        // where a body that stays has gone in the new list
        let mut kept = vec![usize::MAX; self.bodies.count()];
        for p in 0..self.panels() {
            let here = p * NODES..(p + 1) * NODES;
            if !panels.contains(&p) {
                for marker in here {
                    let body = self.bodies.member[marker];
                    if kept[body] == usize::MAX {
                        kept[body] = logs.len();
                        rows.extend_from_slice(self.bodies.particles.row(body));
                        logs.push(self.log_density[body]);
                    }
                    member.push(kept[body]);
                    masses.push(self.masses[marker]);
                    places.push(self.places[marker]);
                }
                new_edges.push(edges[p + 1]);
                continue;
            }
            let log_values: Vec<f64> = (self.bodies.member[here].iter())
                .map(|body| self.log_density[*body])
                .collect();
            let log = self.rule.coefficients(&log_values);
            let (place, mass) = (self.place_on(p), self.mass_on(p));
            let whole = log_values.iter().all(|value| value.is_finite());
            for half in [-0.5, 0.5] {
                for (s, w) in self.rule.nodes.iter().zip(&self.rule.weights) {
                    let here = panel::polynomials(half + 0.5 * s);
                    let (x, weight) = (
                        panel::value_at(&place, &here),
                        panel::value_at(&mass, &here),
                    );
                    let (sin, cos) = x.sin_cos();
                    rows.extend(if self.domain == Domain::Circle {
                        [cos, sin]
                    } else {
                        [sin, cos]
                    });
                    member.push(logs.len());
                    // where some markers have met, the determinant is read off the polynomials
                    logs.push(if whole {
                        panel::value_at(&log, &here)
                    } else {
                        self.log_of(x, weight, panel::slope_at(&place, &here))
                    });
                    places.push(x);
                    masses.push((0.5 * w * weight).max(LEAST));
                }
            }
            new_edges.extend([0.5 * (edges[p] + edges[p + 1]), edges[p + 1]]);
        }
        let weights = vec![0.0; logs.len()];
        self.bodies = Bodies {
            particles: Particles::with_raw_weights(2, rows, weights),
            member,
        };
        (self.log_density, self.masses, self.places) = (logs, masses, places);
        self.labels = Labels::Line { edges: new_edges };
        self.weigh();
    }

    /// ln ρ at the angle x from dμ/ds = `mass`·½ and dX/ds.
    fn log_of(&self, x: f64, mass: f64, slope: f64) -> f64 {
        let base = match self.domain {
            Domain::Zonal(d) => {
                let power = d as f64 - 2.0;
                power * x.sin().abs().max(LEAST).ln() - self.log_circumference
            }
            _ => -TAU.ln(),
        };
        (0.5 * mass.max(LEAST) / slope.abs().max(LEAST)).ln() - base
    }

    /// The distribution function of the angle on a line; None on S².
    #[must_use]
    pub fn curve(&self) -> Option<AngleDistribution> {
        let Labels::Line { .. } = &self.labels else {
            return None;
        };
        let count = self.panels();
        let polynomials: Vec<Coefficients> = (0..count).map(|p| self.place_on(p)).collect();
        let (first, last) = (
            |p: usize| self.places[p * NODES],
            |p: usize| self.places[(p + 1) * NODES - 1],
        );
        // X at the edges, from both sides, between the nodes beside it whatever a steep panel says
        let between = |p: usize| {
            let guess = 0.5
                * (panel::value(&polynomials[p - 1], 1.0) + panel::value(&polynomials[p], -1.0));
            guess.clamp(last(p - 1).min(first(p)), last(p - 1).max(first(p)))
        };
        let (start, end) = match self.domain {
            Domain::Circle => {
                let around = last(count - 1) - TAU;
                let guess = 0.5
                    * (panel::value(&polynomials[count - 1], 1.0) - TAU
                        + panel::value(&polynomials[0], -1.0));
                let start = guess.clamp(around.min(first(0)), around.max(first(0)));
                (start, start + TAU)
            }
            _ => (0.0, PI),
        };
        let (mut pieces, mut total) = (Vec::with_capacity(count), 0.0);
        let mut from = start;
        for (p, place) in polynomials.iter().enumerate() {
            let to = if p + 1 == count { end } else { between(p + 1) }.max(from);
            let mass = self.mass_on(p);
            pieces.push(Piece {
                from,
                to,
                below: total,
                place: *place,
                mass,
            });
            (from, total) = (to, total + mass[0]);
        }
        let periodic = self.domain == Domain::Circle;
        Some(AngleDistribution::new(pieces, periodic, total))
    }

    /// ρ at angles on a line, from the determinant of the flow map; NaN where markers have met.
    #[must_use]
    pub fn densities(&self, angles: &[f64]) -> Vec<f64> {
        let Some(curve) = self.curve() else {
            return Vec::new();
        };
        let at = |angle: &f64| {
            let (p, s, _) = curve.locate(*angle);
            let logs: Vec<f64> = (self.bodies.member[p * NODES..(p + 1) * NODES].iter())
                .map(|body| self.log_density[*body])
                .collect();
            panel::value(&self.rule.coefficients(&logs), s).exp()
        };
        angles.iter().map(at).collect()
    }
}
