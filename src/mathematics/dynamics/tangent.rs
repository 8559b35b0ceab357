//! Attention by all pairs, term by term in the tangent space: the path for exponentially slow motion.
//!
//! Far apart, clusters pull at each other with e^{−β(1−⟨x,y⟩)}, which may be 1e-26 of what a token gives to itself. A sum
//! Σ_j w_j k_ij x_j that is projected at the end has lost that in the rounding of the token's own term; here every term is
//! tangent from the start,
//!
//!   P_{x_i}x_j = (x_j − x_i) + (1 − ⟨x_i,x_j⟩)x_i,   1 − ⟨x_i,x_j⟩ = |x_i − x_j|²/2,
//!
//! so that a token pulls itself by exactly zero, and what is left has the relative accuracy of the distances.
//! Q = K = V = I; O(n²d), one thread: it is for the few bodies that are left when the fast motion is over.

use crate::machine::exp::exp;
use crate::sphere::geometry::gap;

/// The sums of one point x over all tokens: `pull` ← Σ_j w_j e^{−β(1−⟨x,x_j⟩)} P_x x_j, which is (1/β)∇Z(x)e^{−β}; returns
/// Z(x)e^{−β} and its Laplacian over β, Σ_j w_j e^{−β(1−c_j)}(β(1−c_j²) − (d−1)c_j), c_j = ⟨x,x_j⟩. No scratch, one thread.
pub(crate) fn pair_sums(
    beta: f64,
    weights: &[f64],
    positions: &[f64],
    x: &[f64],
    pull: &mut [f64],
) -> (f64, f64) {
    match x {
        [a, b] => in_dimension(beta, weights, positions, [*a, *b], pull),
        [a, b, c] => in_dimension(beta, weights, positions, [*a, *b, *c], pull),
        _ => in_any_dimension(beta, weights, positions, x, pull),
    }
}

fn in_dimension<const D: usize>(
    beta: f64,
    weights: &[f64],
    positions: &[f64],
    x: [f64; D],
    pull: &mut [f64],
) -> (f64, f64) {
    let (sums, potential, laplacian) = crate::machine::registers::arch().dispatch(RowSums::<D> {
        beta,
        weights,
        positions,
        x,
    });
    pull.copy_from_slice(&sums);
    (potential, laplacian)
}

fn in_any_dimension(
    beta: f64,
    weights: &[f64],
    positions: &[f64],
    x: &[f64],
    pull: &mut [f64],
) -> (f64, f64) {
    let (mut along, mut potential, mut laplacian) = (0.0, 0.0, 0.0);
    let turns = x.len() as f64 - 1.0;
    pull.fill(0.0);
    for (y, w) in positions.chunks_exact(x.len()).zip(weights) {
        let gap = gap(x, y);
        let k = w * exp(-beta * gap);
        potential += k;
        along += k * gap;
        laplacian += k * (beta * gap * (2.0 - gap) - turns * (1.0 - gap));
        for (out, (a, b)) in pull.iter_mut().zip(y.iter().zip(x)) {
            *out += k * (a - b);
        }
    }
    pull.iter_mut()
        .zip(x)
        .for_each(|(out, b)| *out += along * b);
    (potential, laplacian)
}

const LANES: usize = 8;

/// The pulls on one body for d = 2 and 3, eight tokens abreast, compiled for the vector instructions found at run time.
struct RowSums<'a, const D: usize> {
    beta: f64,
    weights: &'a [f64],
    positions: &'a [f64],
    x: [f64; D],
}

impl<const D: usize> pulp::NullaryFnOnce for RowSums<'_, D> {
    type Output = ([f64; D], f64, f64);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self {
            beta,
            weights,
            positions,
            x,
        } = self;
        let turns = D as f64 - 1.0;
        let (mut pull, mut along) = ([[0.0; LANES]; D], [0.0; LANES]);
        let (mut potential, mut laplacian) = ([0.0; LANES], [0.0; LANES]);
        for (rows, weights) in positions.chunks(D * LANES).zip(weights.chunks(LANES)) {
            let (mut away, mut w) = ([[0.0; LANES]; D], [0.0; LANES]);
            for (lane, (y, weight)) in rows.chunks_exact(D).zip(weights).enumerate() {
                w[lane] = *weight;
                for c in 0..D {
                    away[c][lane] = y[c] - x[c];
                }
            }
            for lane in 0..LANES {
                let mut square = 0.0;
                for part in &away {
                    square += part[lane] * part[lane];
                }
                let gap = 0.5 * square;
                let k = w[lane] * exp(-beta * gap);
                potential[lane] += k;
                along[lane] += k * gap;
                laplacian[lane] += k * (beta * gap * (2.0 - gap) - turns * (1.0 - gap));
                for (sum, part) in pull.iter_mut().zip(&away) {
                    sum[lane] += k * part[lane];
                }
            }
        }
        let total =
            |a: &[f64; LANES]| ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
        let along = total(&along);
        let mut sums = [0.0; D];
        for c in 0..D {
            sums[c] = total(&pull[c]) + along * x[c];
        }
        (sums, total(&potential), total(&laplacian))
    }
}

/// For every unit row x_i: `pull`_i ← Σ_j w_j e^{−β(1−⟨x_i,x_j⟩)} P_{x_i}x_j and `potential`_i ← Z(x_i)e^{−β}.
pub(crate) fn all_pairs(
    beta: f64,
    dimension: usize,
    weights: &[f64],
    positions: &[f64],
    pull: &mut [f64],
    potential: &mut [f64],
) {
    for ((row, total), x) in (pull.chunks_exact_mut(dimension))
        .zip(potential)
        .zip(positions.chunks_exact(dimension))
    {
        (*total, _) = pair_sums(beta, weights, positions, x, row);
    }
}

#[cfg(test)]
mod tests {
    use super::super::all_pairs::AllPairs;
    use super::*;
    use crate::measure::Law;
    use crate::sphere::geometry::project_tangent;

    #[test]
    fn agrees_with_the_projected_sums_where_these_have_digits() {
        for dimension in [2, 3, 7] {
            for beta in [0.0, 1.0, 30.0] {
                let tokens = Law::Uniform.sample(40, dimension, 6);
                let n = tokens.count();
                let (mut slow, mut fast) = (vec![0.0; n * dimension], vec![0.0; n * dimension]);
                let (mut z_slow, mut z_fast) = (vec![0.0; n], vec![0.0; n]);
                AllPairs::new(dimension, &tokens.weights).sums(
                    beta,
                    &tokens.positions,
                    &mut slow,
                    &mut z_slow,
                );
                for (row, x) in slow.chunks_exact_mut(dimension).zip(tokens.rows()) {
                    project_tangent(x, row);
                }
                all_pairs(
                    beta,
                    dimension,
                    &tokens.weights,
                    &tokens.positions,
                    &mut fast,
                    &mut z_fast,
                );
                for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
                    assert!((a - b).abs() < 1e-14, "d {dimension} β {beta}: {:e}", a - b);
                }
            }
        }
    }

    #[test]
    fn an_exponentially_weak_pull_keeps_all_its_digits() {
        // two tokens 2 rad apart at β = 80: the pull is w e^{−80(1−cos 2)} sin 2 ≈ 1e-50
        let positions = [1.0, 0.0, 2.0_f64.cos(), 2.0_f64.sin()];
        let (mut pull, mut z) = ([0.0; 4], [0.0; 2]);
        all_pairs(80.0, 2, &[0.3, 0.7], &positions, &mut pull, &mut z);
        // 1 − cos 2 = 2 sin² 1
        let exact = 0.7 * (-160.0 * 1.0_f64.sin().powi(2)).exp() * 2.0_f64.sin();
        assert!(
            (pull[1] / exact - 1.0).abs() < 1e-13,
            "{:e}",
            pull[1] / exact - 1.0
        );
        assert!(exact < 1e-48 && pull[0].abs() < 1e-15 * exact);
        assert_eq!(z[0], 0.3);
    }
}
