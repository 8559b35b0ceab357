//! Markers in the flow of the mean field: velocity v and divergence at every marker, from the moments of all of them.
//!
//! The same formula as for tokens, with weights that are a quadrature: v = ∇Z/(βZ) for (SA), ∇Z/β for (USA). The variational
//! equation of the flow map reduces, for its determinant, to (ln ρ)' = −div v with
//!
//!   div v = ΔZ/(βZ) − β|v|² (SA),   ΔZ/β (USA)
//!
//! (for V = cI both gain a factor c, and |v|² stands over c), and ΔZ has the multipliers −ℓ(ℓ+d−2)λ_ℓ. Three ways to the sums, as for the
//! tokens: moments of all markers on the
//! circle, on S² and along an axis; all pairs, term by term in the tangent space, where few bodies are left; and pairs for
//! the markers at which the series has no digits, far from all mass.

mod zonal;

use rayon::prelude::*;
use zonal::ZonalSeries;

use super::series::{Series, SphereSeries};
use super::tangent::pair_sums;
use super::transport::Transport;
use super::{Attention, Kernel};
use crate::sphere::Domain;
use crate::sphere::geometry::{project_tangent, retract};

/// Up to this many bodies go by pairs.
const PAIRS_UP_TO: usize = 400;
/// Where Z e^{−β} of the series is below this its rounding, 1e-15, would show in (SA): those markers go by pairs.
const SERIES_FROM: f64 = 1e-5;
/// Along an axis, where pairs are spheres, Z is bounded from below by this share of its largest value instead.
const FLOOR: f64 = 1e-14;
/// Markers a thread takes at a time.
const ROWS: usize = 64;

/// The right-hand side for bodies of fixed weights.
#[derive(Debug, Clone)]
pub struct CharacteristicFlow {
    attention: Attention,
    domain: Domain,
    kernel: Kernel,
    weights: Vec<f64>,
    series: FlowSeries,
    unit: Vec<f64>,
    /// (1/β)ΔZ e^{−β}.
    laplacian: Vec<f64>,
    /// (1/β)∂Z e^{−β} along the circle or the meridian.
    slope: Vec<f64>,
    /// Z e^{−β} at every body that moves at the last evaluation.
    potential: Vec<f64>,
    /// Who moves, where not everybody does.
    moving: Option<Moving>,
    /// On the circle bodies of less mass than this are passed over where there is no other mass.
    nobody: f64,
    /// Mass of the bodies whose velocity was bounded rather than known at the last evaluation.
    pub unresolved_mass: f64,
}

/// The bodies that move, and what is known of them.
#[derive(Debug, Clone)]
struct Moving {
    who: Vec<usize>,
    rows: Vec<f64>,
    velocity: Vec<f64>,
    divergence: Vec<f64>,
    /// The mass of the others.
    still: f64,
}

#[derive(Debug, Clone)]
enum FlowSeries {
    Circle(Series),
    Sphere(Box<SphereSeries>),
    Zonal(ZonalSeries),
}

impl CharacteristicFlow {
    /// For bodies of these weights on a domain.
    #[must_use]
    pub fn new(domain: Domain, attention: Attention, weights: &[f64]) -> Self {
        let kernel = attention.kernel(domain.dimension());
        let width = if domain == Domain::Sphere { 3 } else { 2 };
        let n = weights.len();
        Self {
            attention,
            domain,
            series: match domain {
                Domain::Circle => FlowSeries::Circle(Series::new(&kernel)),
                Domain::Sphere => FlowSeries::Sphere(Box::new(SphereSeries::new(&kernel))),
                Domain::Zonal(d) => FlowSeries::Zonal(ZonalSeries::new(d, kernel.degree())),
            },
            kernel,
            weights: weights.to_vec(),
            unit: vec![0.0; width * n],
            laplacian: vec![0.0; n],
            slope: vec![0.0; n],
            potential: vec![0.0; n],
            moving: None,
            nobody: 0.0,
            unresolved_mass: 0.0,
        }
    }

    /// A flow in which bodies of less mass than `mass` together need not move as they would. On S² they stay where they are, and nobody feels
    /// them: an empty part of the sphere may have most of the markers, Z is so small there that no series knows it, and their steps would
    /// bound those of the others.
    #[must_use]
    pub fn neglecting(self, mass: f64) -> Self {
        let share = mass / self.weights.len() as f64;
        let (who, still): (Vec<usize>, Vec<usize>) =
            (0..self.weights.len()).partition(|i| self.weights[*i] >= share);
        if self.domain != Domain::Sphere || still.is_empty() {
            return Self {
                nobody: share,
                ..self
            };
        }
        let weights: Vec<f64> = who.iter().map(|i| self.weights[*i]).collect();
        let (count, width) = (who.len(), self.width());
        Self {
            moving: Some(Moving {
                who,
                rows: vec![0.0; width * count],
                velocity: vec![0.0; width * count],
                divergence: vec![0.0; count],
                still: still.iter().map(|i| self.weights[*i]).sum(),
            }),
            ..Self::new(self.domain, self.attention, &weights)
        }
    }

    /// Numbers in a row.
    fn width(&self) -> usize {
        self.unit.len() / self.weights.len().max(1)
    }

    /// `velocity`_i ← X_i' as a row and `divergence`_i ← div v at the rows of `positions`, brought to unit length first.
    pub fn evaluate(&mut self, positions: &[f64], velocity: &mut [f64], divergence: &mut [f64]) {
        let Some(mut moving) = self.moving.take() else {
            return self.evaluate_all(positions, velocity, divergence);
        };
        let width = self.width();
        for (row, i) in moving.rows.chunks_exact_mut(width).zip(&moving.who) {
            row.copy_from_slice(&positions[i * width..][..width]);
        }
        self.evaluate_all(&moving.rows, &mut moving.velocity, &mut moving.divergence);
        velocity.fill(0.0);
        divergence.fill(0.0);
        let found = (moving.velocity.chunks_exact(width)).zip(&moving.divergence);
        for (i, (row, div)) in moving.who.iter().zip(found) {
            velocity[i * width..][..width].copy_from_slice(row);
            divergence[*i] = *div;
        }
        self.unresolved_mass += moving.still;
        self.moving = Some(moving);
    }

    /// The same for all bodies that move.
    fn evaluate_all(&mut self, positions: &[f64], velocity: &mut [f64], divergence: &mut [f64]) {
        let width = self.width();
        self.unit.copy_from_slice(positions);
        retract(&mut self.unit, width);
        self.unresolved_mass = 0.0;
        let zonal = matches!(self.domain, Domain::Zonal(_));
        if !zonal && self.weights.len() <= PAIRS_UP_TO {
            self.by_pairs(velocity, f64::INFINITY);
        } else {
            self.by_series(velocity);
            if self.attention.normalisation.sums_to_one() {
                if zonal {
                    self.bound_potential();
                } else {
                    self.pass_over_the_empty();
                    self.by_pairs(velocity, SERIES_FROM);
                }
            }
        }
        self.finish(velocity, divergence);
    }

    /// (1/β)∇Z e^{−β} as tangent rows, its Laplacian and Z e^{−β}, by the moments.
    fn by_series(&mut self, gradient: &mut [f64]) {
        match &mut self.series {
            FlowSeries::Circle(series) => {
                series.with_curvature(
                    &self.kernel,
                    &self.unit,
                    &self.weights,
                    [&mut self.slope, &mut self.potential, &mut self.laplacian],
                );
                along_circle(&self.unit, &self.slope, 1.0, gradient);
            }
            FlowSeries::Sphere(series) => {
                let (unit, weights) = (&self.unit, &self.weights);
                let out = [&mut *gradient, &mut self.potential, &mut self.laplacian];
                series.with_laplacian(&self.kernel, unit, weights, out);
                for (row, x) in gradient.chunks_exact_mut(3).zip(unit.chunks_exact(3)) {
                    project_tangent(x, row);
                }
            }
            FlowSeries::Zonal(series) => {
                series.evaluate(
                    &self.kernel,
                    &self.unit,
                    &self.weights,
                    [&mut self.slope, &mut self.potential, &mut self.laplacian],
                );
                // the angle to the axis runs from (0, 1), the other way round
                along_circle(&self.unit, &self.slope, -1.0, gradient);
            }
        }
    }

    /// The gradients by all pairs, for the bodies whose potential is below `least`.
    fn by_pairs(&mut self, gradient: &mut [f64], least: f64) {
        let width = self.width();
        let (beta, unit, weights) = (self.attention.beta, &self.unit, &self.weights);
        let everywhere = least == f64::INFINITY;
        // most often nobody is: threads are not asked for that
        if !everywhere && self.potential.iter().all(|z| *z >= least) {
            return;
        }
        (gradient.par_chunks_mut(width * ROWS))
            .zip(self.potential.par_chunks_mut(ROWS))
            .zip(self.laplacian.par_chunks_mut(ROWS))
            .enumerate()
            .for_each(|(block, ((rows, potential), laplacian))| {
                for (i, (row, (z, lap))) in (rows.chunks_exact_mut(width))
                    .zip(potential.iter_mut().zip(laplacian))
                    .enumerate()
                {
                    if everywhere || *z < least {
                        let at = (block * ROWS + i) * width;
                        let x = &unit[at..at + width];
                        (*z, *lap) = pair_sums(beta, weights, unit, x, row);
                    }
                }
            });
    }

    /// Where there is next to no mass the potential is bounded from below, as along an axis: what moves there is nobody. On the circle it
    /// has to move, so that what has met can be one body and the step grows.
    fn pass_over_the_empty(&mut self) {
        for (z, w) in self.potential.iter_mut().zip(&self.weights) {
            if *z < SERIES_FROM && *w < self.nobody {
                *z = SERIES_FROM;
                self.unresolved_mass += w;
            }
        }
    }

    fn bound_potential(&mut self) {
        let floor = FLOOR * self.potential.iter().copied().fold(0.0, f64::max);
        for (z, w) in self.potential.iter_mut().zip(&self.weights) {
            if *z < 10.0 * floor {
                self.unresolved_mass += w;
            }
            *z = z.max(floor);
        }
    }

    /// From (1/β)∇Z and (1/β)ΔZ to v and div v.
    fn finish(&self, velocity: &mut [f64], divergence: &mut [f64]) {
        let (width, beta) = (self.width(), self.attention.beta);
        let transport = Transport::new(self.attention);
        for (i, (row, div)) in (velocity.chunks_exact_mut(width))
            .zip(divergence)
            .enumerate()
        {
            let rate = transport.rate(self.potential[i]);
            row.iter_mut().for_each(|v| *v *= rate);
            *div = self.laplacian[i] * rate;
            if transport.divides() {
                let square: f64 = row.iter().map(|v| v * v).sum();
                *div -= beta / transport.scale * square;
            }
        }
    }

    /// dE/dt: (SA) ∫|v|²Z dμ, (USA) ∫|v|² dμ, with a velocity just computed.
    #[must_use]
    pub fn dissipation(&self, velocity: &[f64]) -> f64 {
        let transport = Transport::new(self.attention);
        let width = self.width();
        let body = |k: usize| self.moving.as_ref().map_or(k, |moving| moving.who[k]);
        (self.weights.iter().zip(&self.potential).enumerate())
            .map(|(k, (w, z))| {
                let row = &velocity[body(k) * width..][..width];
                w * transport.mobility(*z) * row.iter().map(|v| v * v).sum::<f64>()
            })
            .sum::<f64>()
            / self.attention.value
    }
}

/// A derivative along the unit circle as tangent rows, anticlockwise for `sense` = 1.
fn along_circle(unit: &[f64], slope: &[f64], sense: f64, rows: &mut [f64]) {
    for ((row, z), slope) in (rows.chunks_exact_mut(2))
        .zip(unit.chunks_exact(2))
        .zip(slope)
    {
        (row[0], row[1]) = (-z[1] * slope * sense, z[0] * slope * sense);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Normalisation, definition};
    use crate::measure::{Law, Particles};

    fn both(beta: f64) -> [Attention; 2] {
        [Normalisation::Softmax, Normalisation::None].map(|n| Attention::new(beta, n))
    }

    #[test]
    fn markers_move_and_thin_out_by_the_definition_by_pairs_and_by_the_series() {
        for domain in [Domain::Circle, Domain::Sphere] {
            let d = domain.dimension();
            for count in [60, 900] {
                assert!((count > PAIRS_UP_TO) == (count == 900));
                let bodies = Law::Uniform.sample(count, d, 4);
                for attention in both(6.0) {
                    let mut flow = CharacteristicFlow::new(domain, attention, &bodies.weights);
                    let (mut v, mut div) = (vec![0.0; d * count], vec![0.0; count]);
                    flow.evaluate(&bodies.positions, &mut v, &mut div);
                    for (i, x) in bodies.rows().enumerate() {
                        let exact = definition::velocity(attention, &bodies, x);
                        for (a, b) in v[i * d..].iter().zip(exact) {
                            assert!((a - b).abs() < 1e-11 * attention.speed(), "{a} {b}");
                        }
                        let exact = definition::divergence(attention, &bodies, x);
                        let error = (div[i] - exact).abs();
                        assert!(error < 1e-10 * attention.speed(), "{} {exact}", div[i]);
                    }
                }
            }
        }
    }

    #[test]
    fn who_has_next_to_no_mass_stays_and_is_felt_by_nobody() {
        let (count, still) = (900, 500);
        let mut bodies = Law::Uniform.sample(count, 3, 4);
        bodies.weights[..still].fill(1e-16);
        bodies.weights[still..].fill(1.0 / (count - still) as f64);
        for attention in both(6.0) {
            let all = CharacteristicFlow::new(Domain::Sphere, attention, &bodies.weights);
            let mut some = all.clone().neglecting(1e-9);
            let [whole, part] = [all, some.clone()].map(|mut flow| {
                let (mut v, mut div) = (vec![1.0; 3 * count], vec![1.0; count]);
                flow.evaluate(&bodies.positions, &mut v, &mut div);
                (flow.dissipation(&v), v, div)
            });
            let speed = attention.speed();
            assert!((part.0 / whole.0 - 1.0).abs() < 1e-11);
            assert!(
                part.1[..3 * still]
                    .iter()
                    .chain(&part.2[..still])
                    .all(|v| *v == 0.0)
            );
            let moving = whole.1[3 * still..].iter().zip(&part.1[3 * still..]);
            for (a, b) in moving.chain(whole.2[still..].iter().zip(&part.2[still..])) {
                assert!((a - b).abs() < 1e-11 * speed, "{a} {b}");
            }
            let (mut v, mut div) = (vec![0.0; 3 * count], vec![0.0; count]);
            some.evaluate(&bodies.positions, &mut v, &mut div);
            assert!((some.unresolved_mass - 500.0 * 1e-16).abs() < 1e-20);
        }
    }

    #[test]
    fn along_an_axis_a_marker_is_a_circle_of_latitude_of_the_definition() {
        // 64 points a circle: e^{β⟨x,y⟩} is a trigonometric polynomial to rounding
        let (count, around) = (24, 64);
        let polar = |i: usize| 0.1 + 2.9 * i as f64 / count as f64;
        let weights: Vec<f64> = (0..count).map(|i| (1.0 + i as f64) / 300.0).collect();
        let rows: Vec<f64> = (0..count)
            .flat_map(|i| [polar(i).sin(), polar(i).cos()])
            .collect();
        let (mut points, mut shares) = (Vec::new(), Vec::new());
        for (i, w) in weights.iter().enumerate() {
            for j in 0..around {
                let turn = std::f64::consts::TAU * j as f64 / around as f64;
                let (s, c) = polar(i).sin_cos();
                points.extend([s * turn.cos(), s * turn.sin(), c]);
                shares.push(w / around as f64);
            }
        }
        let measure = Particles::with_raw_weights(3, points, shares);
        for attention in both(4.0) {
            let mut flow = CharacteristicFlow::new(Domain::Zonal(3), attention, &weights);
            let (mut v, mut div) = (vec![0.0; 2 * count], vec![0.0; count]);
            flow.evaluate(&rows, &mut v, &mut div);
            for i in 0..count {
                let (s, c) = polar(i).sin_cos();
                let exact = definition::velocity(attention, &measure, &[s, 0.0, c]);
                for (a, b) in v[2 * i..].iter().zip([exact[0], exact[2]]) {
                    assert!((a - b).abs() < 1e-12 * attention.speed(), "{a} {b}");
                }
                let exact = definition::divergence(attention, &measure, &[s, 0.0, c]);
                let error = (div[i] - exact).abs();
                assert!(error < 1e-11 * attention.speed(), "{} {exact}", div[i]);
            }
        }
    }
}
