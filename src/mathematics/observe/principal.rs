//! The plane in which tokens of dimension d ≥ 3 are drawn: the two leading eigenvectors of Σ_i w_i x_i x_iᵀ (faer).

use faer::{Mat, Side};

use crate::measure::Particles;

/// Coordinates of every token in its principal plane, and the share of the trace (= 1) that the plane holds.
///
/// The eigenproblem is solved for the smaller of the d×d second moment and the n×n Gram matrix √w_i⟨x_i,x_j⟩√w_j, which
/// have the same non-zero eigenvalues.
#[must_use]
pub(crate) fn plane(tokens: &Particles) -> (Vec<[f64; 2]>, f64) {
    let (d, n) = (tokens.dimension(), tokens.count());
    let scaled = Mat::from_fn(n, d, |i, c| tokens.weights[i].sqrt() * tokens.row(i)[c]);
    let small = if d <= n {
        scaled.transpose() * &scaled
    } else {
        &scaled * scaled.transpose()
    };
    let Ok(eigen) = small.self_adjoint_eigen(Side::Lower) else {
        // Not converged: any plane will do for a picture; take the first two axes.
        return (tokens.rows().map(|x| [x[0], x[1]]).collect(), 0.0);
    };
    let size = small.nrows();
    let (vectors, values) = (eigen.U(), eigen.S());
    // eigenvalues come in increasing order
    let leading: [usize; 2] = [size - 1, size.saturating_sub(2)];
    let share = (0..2.min(size)).map(|k| values[leading[k]].max(0.0)).sum();
    let points = (0..n)
        .map(|i| {
            std::array::from_fn(|k| {
                if k >= size {
                    0.0
                } else if d <= n {
                    tokens
                        .row(i)
                        .iter()
                        .enumerate()
                        .map(|(c, a)| a * vectors[(c, leading[k])])
                        .sum()
                } else {
                    values[leading[k]].max(0.0).sqrt() * vectors[(i, leading[k])]
                        / tokens.weights[i].sqrt()
                }
            })
        })
        .collect();
    (points, share)
}

/// [`plane`] in ℝ^d: d = 2 as it is; the share is of Σ w|x|².
#[must_use]
pub fn coordinates(tokens: &Particles) -> (Vec<[f64; 2]>, f64) {
    if tokens.dimension() == 2 {
        return (tokens.positions.as_chunks::<2>().0.to_vec(), 1.0);
    }
    let total: f64 = (tokens.rows().zip(&tokens.weights))
        .map(|(x, w)| w * x.iter().map(|a| a * a).sum::<f64>())
        .sum();
    let (points, share) = plane(tokens);
    (points, share / total.max(f64::MIN_POSITIVE))
}

/// Turns (and reflects, if that fits better) `points` to lie as near as possible to `before`: eigenvectors are defined
/// up to sign, and up to a rotation where eigenvalues meet, and a picture must not jump.
pub fn align(points: &mut [[f64; 2]], before: &[[f64; 2]]) {
    let sums = |sign: f64| {
        points
            .iter()
            .zip(before)
            .fold((0.0, 0.0), |(cos, sin), (p, q)| {
                (
                    cos + p[0] * q[0] + sign * p[1] * q[1],
                    sin + p[0] * q[1] - sign * p[1] * q[0],
                )
            })
    };
    let (kept, mirrored) = (sums(1.0), sums(-1.0));
    let sign = if kept.0.hypot(kept.1) >= mirrored.0.hypot(mirrored.1) {
        1.0
    } else {
        -1.0
    };
    let (cos, sin) = if sign > 0.0 { kept } else { mirrored };
    let length = cos.hypot(sin);
    if length < 1e-300 {
        return;
    }
    let (cos, sin) = (cos / length, sin / length);
    for p in points {
        let [x, y] = [p[0], sign * p[1]];
        *p = [cos * x - sin * y, sin * x + cos * y];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn a_flat_cloud_is_seen_whole_from_either_side_of_the_eigenproblem() {
        for (n, d) in [(20, 4), (4, 20)] {
            let positions: Vec<f64> = (0..n)
                .flat_map(|i| {
                    let (sin, cos) = (i as f64).sin_cos();
                    let mut x = vec![0.0; d];
                    (x[1], x[3]) = (cos, sin);
                    x
                })
                .collect();
            let (points, share) = plane(&Particles::new(d, positions));
            assert!((share - 1.0).abs() < 1e-14);
            for i in 0..n {
                for j in 0..i {
                    let product = points[i][0] * points[j][0] + points[i][1] * points[j][1];
                    assert!(
                        (product - ((i - j) as f64).cos()).abs() < 1e-13,
                        "inner products are kept"
                    );
                }
            }
        }
    }

    #[test]
    fn aligning_undoes_a_turn_and_a_reflection() {
        let before: Vec<[f64; 2]> = Law::Uniform
            .sample(9, 2, 1)
            .rows()
            .map(|x| [x[0], 0.3 * x[1]])
            .collect();
        let (sin, cos) = 1.1_f64.sin_cos();
        for sign in [1.0, -1.0] {
            let mut turned: Vec<[f64; 2]> = before
                .iter()
                .map(|p| [cos * p[0] - sin * p[1], sign * (sin * p[0] + cos * p[1])])
                .collect();
            align(&mut turned, &before);
            for (a, b) in turned.iter().zip(&before) {
                assert!((a[0] - b[0]).abs() < 1e-14 && (a[1] - b[1]).abs() < 1e-14);
            }
        }
    }
}
