//! The Hessian of the energy at the present configuration: is it a maximum, or a saddle, and how fast does it leave?
//!
//! Along geodesics with initial velocities ξ_i ⊥ x_i, with c_ij = ⟨x_i,x_j⟩,
//!
//!   Hess E\[ξ,ξ\] = Σ_{i≠j} w_i w_j e^{βc_ij} [ (β/2)(⟨ξ_i,x_j⟩+⟨x_i,ξ_j⟩)² + ⟨ξ_i,ξ_j⟩ − ½c_ij(|ξ_i|²+|ξ_j|²) ].
//!
//! Attention climbs E with the mobility of (3.6): x_i' = ∇_iE/M_i, M_i = w_i for (USA) and w_iZ_i for (SA). The eigenvalues of
//! M^{−1/2}·Hess·M^{−1/2} are therefore rates: of growth where positive, of decay where negative, zero for the rotations. The
//! number of positive ones is the *index*: ways out of a saddle. A merge takes one away.
//!
//! The rates of a metastable configuration differ by as many orders of magnitude as its distances allow, far more than an
//! eigenvalue solver of double precision resolves beside the largest. On the circle, where the form is
//! Σ_{i<j} a_ij(ξ_i − ξ_j)², and as long as all a_ij > 0 (no two bodies nearer than about 1/√β), it is GᵀG with one graded row a
//! pair: pivoted QR of the sorted rows and one-sided Jacobi find every rate to full relative accuracy (Demmel et al.,
//! *Linear Algebra Appl.* 299, 1999). Elsewhere what lies below rounding of the largest is counted as unresolved.

use faer::{Mat, Side};

use crate::dynamics::{Attention, Normalisation};
use crate::measure::Particles;
use crate::sphere::geometry::{dot, gap, norm, project_tangent};

/// Most tangent dimensions: the eigenvalues cost their cube at every frame.
pub(crate) const MOST_DIRECTIONS: usize = 256;
/// Most bodies for the graded rows, n(n−1)/2 of them.
const MOST_GRADED: usize = 48;
/// Rates below this share of the largest are not told from zero by the plain solver.
const RESOLVED: f64 = 1e-13;
/// Orthogonality at which a pair of columns is left alone, and sweeps at most.
const ORTHOGONAL: f64 = 1e-15;
const SWEEPS: usize = 60;

/// The second variation in rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Saddle {
    /// Number of growing directions.
    pub index: usize,
    /// Directions whose rate is neither zero by symmetry nor resolved beside the largest.
    pub unresolved: usize,
    /// All resolved rates, the fastest growth first, decay last.
    pub rates: Vec<f64>,
}

impl Saddle {
    /// At these bodies; None where there are too many directions, or one body alone, which is the maximum.
    #[must_use]
    pub(crate) fn at(bodies: &Particles, attention: Attention) -> Option<Self> {
        if !attention.attracts() || attention.value != 1.0 {
            return None;
        }
        let (n, d) = (bodies.count(), bodies.dimension());
        if n * (d - 1) > MOST_DIRECTIONS {
            return None;
        }
        if n == 1 {
            return Some(Self {
                index: 0,
                unresolved: 0,
                rates: Vec::new(),
            });
        }
        let mobility = mobility(bodies, attention);
        if d == 2
            && n <= MOST_GRADED
            && let Some(rates) = graded(bodies, attention, &mobility)
        {
            return Some(Self {
                index: rates.len(),
                unresolved: 0,
                rates,
            });
        }
        plain(bodies, attention, &mobility)
    }

    /// The fastest growth, NaN at a maximum.
    #[must_use]
    pub fn fastest(&self) -> f64 {
        self.growing().first().copied().unwrap_or(f64::NAN)
    }

    /// The slowest resolved growth, NaN at a maximum.
    #[must_use]
    pub fn slowest(&self) -> f64 {
        self.growing().last().copied().unwrap_or(f64::NAN)
    }

    fn growing(&self) -> &[f64] {
        &self.rates[..self.rates.iter().take_while(|rate| **rate > 0.0).count()]
    }
}

/// M_i, times e^{−β} for (SA) and as it is for (USA).
fn mobility(bodies: &Particles, attention: Attention) -> Vec<f64> {
    let potential = |x: &[f64]| -> f64 {
        (bodies.rows().zip(&bodies.weights))
            .map(|(y, w)| w * (-attention.beta * gap(x, y)).exp())
            .sum()
    };
    (bodies.rows().zip(&bodies.weights))
        .map(|(x, w)| match attention.normalisation {
            Normalisation::None => w / attention.speed(),
            _ => w * potential(x),
        })
        .collect()
}

/// All rates on the circle but the zero of the rotation, where every pair repels in the second variation.
fn graded(bodies: &Particles, attention: Attention, mobility: &[f64]) -> Option<Vec<f64>> {
    let (n, beta) = (bodies.count(), attention.beta);
    let mut pairs = Vec::with_capacity(n * (n - 1) / 2);
    for i in 0..n {
        for j in 0..i {
            let gap = gap(bodies.row(i), bodies.row(j));
            // β sin² − cos
            let bend = beta * gap * (2.0 - gap) - (1.0 - gap);
            let a = bodies.weights[i] * bodies.weights[j] * (-beta * gap).exp() * bend;
            if a < 0.0 {
                return None;
            }
            pairs.push((a, i, j));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut rows = Mat::<f64>::zeros(pairs.len(), n);
    for (row, (a, i, j)) in pairs.iter().enumerate() {
        rows[(row, *i)] = (a / mobility[*i]).sqrt();
        rows[(row, *j)] = -(a / mobility[*j]).sqrt();
    }
    let qr = rows.col_piv_qr();
    let triangle = qr.R();
    let size = pairs.len().min(n);
    // The columns of Rᵀ
    let mut columns: Vec<Vec<f64>> = (0..size)
        .map(|r| {
            (0..n)
                .map(|c| if c < r { 0.0 } else { triangle[(r, c)] })
                .collect()
        })
        .collect();
    orthogonalise(&mut columns);
    let mut rates: Vec<f64> = columns.iter().map(|column| dot(column, column)).collect();
    rates.sort_by(|a, b| b.total_cmp(a));
    // the rotation: the graph of pairs is connected, so that there is one zero and no more
    rates.truncate(n - 1);
    Some(rates)
}

/// One-sided Jacobi: plane rotations until all columns are orthogonal; their lengths are the singular values.
fn orthogonalise(columns: &mut [Vec<f64>]) {
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..columns.len() {
            let (left, right) = columns.split_at_mut(p + 1);
            let x = &mut left[p];
            for y in right {
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy.abs() <= ORTHOGONAL * xx.sqrt() * yy.sqrt() {
                    continue;
                }
                turned = true;
                let slope = (yy - xx) / (2.0 * xy);
                let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for (a, b) in x.iter_mut().zip(y.iter_mut()) {
                    (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
                }
            }
        }
        if !turned {
            return;
        }
    }
}

/// Any dimension, by the symmetric eigenvalue solver.
fn plain(bodies: &Particles, attention: Attention, mobility: &[f64]) -> Option<Saddle> {
    let (n, d) = (bodies.count(), bodies.dimension());
    let mut matrix = hessian(bodies, attention.beta, mobility);
    let rotations = rotations(bodies, mobility);
    for orbit in &rotations {
        remove(&mut matrix, orbit);
    }
    let mut rates = matrix.self_adjoint_eigenvalues(Side::Lower).ok()?;
    rates.sort_by(|a, b| b.total_cmp(a));
    let largest = rates.iter().fold(0.0_f64, |top, rate| top.max(rate.abs()));
    let floor = RESOLVED * (n * (d - 1)) as f64 * largest;
    let total = rates.len();
    rates.retain(|rate| rate.abs() > floor);
    Some(Saddle {
        index: rates.iter().filter(|rate| **rate > 0.0).count(),
        unresolved: (total - rates.len()).saturating_sub(rotations.len()),
        rates,
    })
}

/// The directions √M_i A x_i of the rotations, A skew, orthonormal in the coordinates of [`hessian`]. Away from critical
/// points the second variation along them is not zero, and says nothing.
fn rotations(bodies: &Particles, mobility: &[f64]) -> Vec<Vec<f64>> {
    let d = bodies.dimension();
    // ℝ^d by the span of the bodies first: only planes that meet it move them
    let mut frame: Vec<Vec<f64>> = Vec::new();
    let axes = (0..d).map(|c| {
        let mut e = vec![0.0; d];
        e[c] = 1.0;
        e
    });
    let mut spanned = 0;
    for (place, vector) in (bodies.rows().map(<[f64]>::to_vec).chain(axes)).enumerate() {
        extend(&mut frame, vector, INDEPENDENT);
        if place < bodies.count() {
            spanned = frame.len();
        }
    }
    let bases: Vec<Vec<Vec<f64>>> = bodies.rows().map(tangent_basis).collect();
    let mut orbit = Vec::new();
    for a in 0..spanned {
        for b in a + 1..d {
            let mut direction = Vec::with_capacity(bodies.count() * (d - 1));
            for ((x, basis), mass) in bodies.rows().zip(&bases).zip(mobility) {
                let (p, q) = (dot(&frame[a], x), dot(&frame[b], x));
                for e in basis {
                    let turned = dot(e, &frame[a]) * q - dot(e, &frame[b]) * p;
                    direction.push(mass.sqrt() * turned);
                }
            }
            extend(&mut orbit, direction, INDEPENDENT);
        }
    }
    orbit
}

/// What is left of a vector below this share of its length does not count as a direction of its own.
const INDEPENDENT: f64 = 1e-9;

/// Adds to an orthonormal list what `vector` brings that is new.
fn extend(list: &mut Vec<Vec<f64>>, mut vector: Vec<f64>, least: f64) {
    let before = norm(&vector);
    for _ in 0..2 {
        for other in list.iter() {
            project_tangent(other, &mut vector);
        }
    }
    let length = norm(&vector);
    if length > least * before && length > 0.0 {
        vector.iter_mut().for_each(|a| *a /= length);
        list.push(vector);
    }
}

/// matrix ← (1 − ggᵀ) matrix (1 − ggᵀ) for a unit vector g.
fn remove(matrix: &mut Mat<f64>, g: &[f64]) {
    let size = g.len();
    let image: Vec<f64> = (0..size)
        .map(|r| (0..size).map(|c| matrix[(r, c)] * g[c]).sum())
        .collect();
    let both = dot(g, &image);
    for c in 0..size {
        for r in 0..size {
            matrix[(r, c)] += both * g[r] * g[c] - image[r] * g[c] - g[r] * image[c];
        }
    }
}

/// M^{−1/2}·Hess·M^{−1/2} e^{−β} in orthonormal bases of the tangent spaces, d − 1 directions a body.
fn hessian(bodies: &Particles, beta: f64, mobility: &[f64]) -> Mat<f64> {
    let (n, d) = (bodies.count(), bodies.dimension());
    let t = d - 1;
    let bases: Vec<Vec<Vec<f64>>> = bodies.rows().map(tangent_basis).collect();
    let mut matrix = Mat::<f64>::zeros(n * t, n * t);
    for i in 0..n {
        for j in 0..n {
            if i == j {
                continue;
            }
            let (x, y) = (bodies.row(i), bodies.row(j));
            let gap = gap(x, y);
            let weight = bodies.weights[i] * bodies.weights[j] * (-beta * gap).exp();
            let along: Vec<f64> = bases[i].iter().map(|e| dot(e, y)).collect();
            let across: Vec<f64> = bases[j].iter().map(|e| dot(e, x)).collect();
            for a in 0..t {
                for b in 0..t {
                    let own = if a == b { 1.0 - gap } else { 0.0 };
                    let own = weight * (beta * along[a] * along[b] - own);
                    matrix[(i * t + a, i * t + b)] += own / mobility[i];
                    let mixed = beta * along[a] * across[b] + dot(&bases[i][a], &bases[j][b]);
                    matrix[(i * t + a, j * t + b)] +=
                        weight * mixed / (mobility[i] * mobility[j]).sqrt();
                }
            }
        }
    }
    matrix
}

/// d − 1 orthonormal vectors orthogonal to a unit vector: the axes but the one nearest to it, by Gram–Schmidt.
fn tangent_basis(x: &[f64]) -> Vec<Vec<f64>> {
    let d = x.len();
    let nearest = (0..d).fold(
        0,
        |best, c| if x[c].abs() > x[best].abs() { c } else { best },
    );
    let mut basis = vec![x.to_vec()];
    for axis in (0..d).filter(|c| *c != nearest) {
        let mut e = vec![0.0; d];
        e[axis] = 1.0;
        extend(&mut basis, e, 0.0);
    }
    basis.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::TokenDynamics;
    use crate::measure::Law;
    use crate::sphere::geometry::retract;

    fn attention(beta: f64, normalisation: Normalisation) -> Attention {
        Attention::new(beta, normalisation)
    }

    fn on_circle(angles: &[f64], weights: &[f64]) -> Particles {
        let rows = angles.iter().flat_map(|t| [t.cos(), t.sin()]).collect();
        Particles::weighted(2, rows, weights.to_vec())
    }

    #[test]
    fn the_hessian_is_the_second_difference_of_the_energy() {
        for d in [2, 3, 5] {
            let beta = 3.0;
            let tokens = Law::Uniform.sample(4, d, 2);
            let ones = vec![1.0; 4];
            let matrix = hessian(&tokens, beta, &ones);
            let bases: Vec<_> = tokens.rows().map(tangent_basis).collect();
            let energy = |step: f64, direction: &[f64]| {
                let mut rows = tokens.positions.clone();
                for (i, row) in rows.chunks_exact_mut(d).enumerate() {
                    let mut xi = vec![0.0; d];
                    for (a, e) in bases[i].iter().enumerate() {
                        let s = direction[i * (d - 1) + a];
                        xi.iter_mut().zip(e).for_each(|(o, v)| *o += s * v);
                    }
                    let length = norm(&xi);
                    let (sin, cos) = (step * length).sin_cos();
                    row.iter_mut()
                        .zip(&xi)
                        .for_each(|(x, v)| *x = cos * *x + sin * v / length);
                }
                let mut sum = 0.0;
                for x in rows.chunks_exact(d) {
                    for y in rows.chunks_exact(d) {
                        sum += (beta * (dot(x, y) - 1.0)).exp() / 16.0 / (2.0 * beta);
                    }
                }
                sum
            };
            let direction: Vec<f64> = (0..4 * (d - 1)).map(|k| (k as f64 * 1.3).cos()).collect();
            let h = 1e-3;
            let second = (energy(h, &direction) - 2.0 * energy(0.0, &direction)
                + energy(-h, &direction))
                / (h * h);
            let mut form = 0.0;
            for (a, u) in direction.iter().enumerate() {
                for (b, v) in direction.iter().enumerate() {
                    form += u * v * matrix[(a, b)];
                }
            }
            assert!(
                (form - second).abs() < 1e-5 * form.abs().max(1.0),
                "d {d}: {form} {second}"
            );
        }
    }

    #[test]
    fn the_graded_and_the_plain_rates_agree_where_both_are_resolved() {
        let bodies = on_circle(&[0.0, 1.1, 2.5, 3.9, 5.0], &[1.0, 2.0, 1.5, 0.7, 1.0]);
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let attention = attention(5.0, normalisation);
            let mobility = mobility(&bodies, attention);
            let graded = graded(&bodies, attention, &mobility).unwrap();
            let plain = plain(&bodies, attention, &mobility).unwrap();
            assert_eq!((graded.len(), plain.index, plain.unresolved), (4, 4, 0));
            for (a, b) in graded.iter().zip(&plain.rates) {
                assert!((a / b - 1.0).abs() < 1e-11, "{a:e} {b:e}");
            }
        }
    }

    #[test]
    fn rates_far_below_the_rounding_of_the_largest_are_found() {
        // Three bodies at β = 80: one pair 0.5 apart, the third 2.5 away. The slow rate is that of the third against the
        // pair as one body, up to a share of the ratio of the rates.
        let bodies = on_circle(&[0.0, 0.5, 3.0], &[1.0, 1.0, 2.0]);
        let attention = attention(80.0, Normalisation::None);
        let saddle = Saddle::at(&bodies, attention).unwrap();
        assert_eq!((saddle.index, saddle.rates.len()), (2, 2));
        let a = |gap: f64| (80.0 * (1.0 - gap)).exp() * (80.0 * gap * (2.0 - gap) - 1.0 + gap);
        let gap = |angle: f64| 2.0 * (0.5 * angle).sin().powi(2);
        // masses ¼, ¼, ½: a_13 + a_23 against the pair's mass ½ and the third's ½
        let slow = (a(gap(3.0)) + a(gap(2.5))) / 8.0 * (2.0 + 2.0);
        assert!(
            (saddle.slowest() / slow - 1.0).abs() < 1e-12,
            "{:e} {slow:e}",
            saddle.slowest()
        );
        assert!(saddle.slowest() < 1e-40 * saddle.fastest());
    }

    #[test]
    fn at_a_critical_point_the_rates_are_those_of_the_motion() {
        // the regular pentagon is critical: a small displacement along an eigenvector grows at its rate
        let angles: Vec<f64> = (0..5)
            .map(|j| f64::from(j) * std::f64::consts::TAU / 5.0)
            .collect();
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let attention = attention(2.0, normalisation);
            let bodies = on_circle(&angles, &[1.0; 5]);
            let saddle = Saddle::at(&bodies, attention).unwrap();
            // q = 1: displacements cos(2πj/5)
            let moved: Vec<f64> = (angles.iter()).map(|t| t + 1e-5 * t.cos()).collect();
            let tokens = on_circle(&moved, &[1.0; 5]);
            let mut drift = vec![0.0; 10];
            TokenDynamics::new(attention, &tokens).drift(&tokens.positions, &mut drift);
            let rate = drift[1] / 1e-5;
            let nearest =
                (saddle.rates.iter()).fold(f64::INFINITY, |best, r| (r - rate).abs().min(best));
            assert!(nearest < 1e-4 * rate.abs(), "{rate} of {:?}", saddle.rates);
        }
    }

    #[test]
    fn one_body_and_close_pairs_on_the_sphere_are_stable_and_rotations_are_not_counted() {
        let mut rows = vec![1.0, 0.0, 0.0, 1.0, 0.05, 0.0, 1.0, 0.0, 0.05];
        retract(&mut rows, 3);
        let attention = attention(4.0, Normalisation::Softmax);
        let saddle = Saddle::at(&Particles::new(3, rows), attention).unwrap();
        assert_eq!(
            (saddle.index, saddle.unresolved, saddle.rates.len()),
            (0, 0, 3)
        );
        assert!(saddle.fastest().is_nan());
        let alone = Saddle::at(&Particles::new(3, vec![1.0, 0.0, 0.0]), attention).unwrap();
        assert_eq!((alone.index, alone.rates.len()), (0, 0));
    }
}
