//! Tokens as a cloud of points: mean, covariance, how far from one another, and the corners of their convex hull. What is left to
//! measure in ℝ^d, and on the sphere the approach to one point without cancellation.

use faer::{Mat, Side};

use crate::measure::Particles;
use crate::sphere::geometry::norm;

/// Above this dimension the covariance has no eigenvalues here.
const MOST_DIMENSIONS: usize = 512;

/// Measures of a cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// |Σ w_i x_i|.
    pub mean: f64,
    /// √(Σ w_i|x_i − m|²), the root of the covariance's trace.
    pub spread: f64,
    /// (1 − Σ w_iw_j⟨x_i,x_j⟩/Σ w_iw_j) over i ≠ j, for unit vectors: the mean gap 1 − ⟨x_i,x_j⟩, by centred sums.
    pub gap: f64,
    /// The two largest eigenvalues of the covariance; NaN on the sphere, where nobody asks.
    pub leading: [f64; 2],
    /// max |x_i − m|.
    pub radius: f64,
}

impl Cloud {
    /// Nothing was measured.
    pub(crate) const NONE: Self = Self {
        mean: f64::NAN,
        spread: f64::NAN,
        gap: f64::NAN,
        leading: [f64::NAN; 2],
        radius: f64::NAN,
    };

    /// Of these tokens; the eigenvalues in ℝ^d (`flat`) alone.
    #[must_use]
    pub(crate) fn of(tokens: &Particles, flat: bool) -> Self {
        let mean = tokens.mean();
        let sums = tokens.sums_of_groups(|rows, weights| match mean.as_slice() {
            // rows of known length: a third of the time
            [a, b] => squares(rows.as_chunks::<2>().0.iter().zip(weights), |x| {
                (x[0] - a) * (x[0] - a) + (x[1] - b) * (x[1] - b)
            }),
            _ => squares(rows.chunks_exact(mean.len()).zip(weights), |x| {
                x.iter().zip(&mean).map(|(a, m)| (a - m) * (a - m)).sum()
            }),
        });
        let (variance, radius, alone) = (sums.into_iter())
            .reduce(|a, b| (a.0 + b.0, a.1.max(b.1), a.2 + b.2))
            .unwrap_or_default();
        Self {
            mean: norm(&mean),
            spread: variance.sqrt(),
            gap: if tokens.count() > 1 {
                variance / (1.0 - alone)
            } else {
                f64::NAN
            },
            leading: if flat {
                leading(tokens.dimension(), &covariance(tokens))
            } else {
                [f64::NAN; 2]
            },
            radius: radius.sqrt(),
        }
    }
}

/// Σ w|x − m|², max |x − m|² and Σ w² of rows with their weights, by the square that belongs to a row.
fn squares<'a, X>(
    rows: impl Iterator<Item = (X, &'a f64)>,
    square: impl Fn(X) -> f64,
) -> (f64, f64, f64) {
    rows.fold((0.0, 0.0, 0.0), |(variance, radius, alone), (x, w)| {
        let square = square(x);
        let radius = if square > radius { square } else { radius };
        (variance + w * square, radius, alone + w * w)
    })
}

/// The covariance Σ w_i (x_i − m)(x_i − m)ᵀ, row by row.
#[must_use]
pub fn covariance(tokens: &Particles) -> Vec<f64> {
    let (d, mean) = (tokens.dimension(), tokens.mean());
    let mut matrix = vec![0.0; d * d];
    for (x, w) in tokens.rows().zip(&tokens.weights) {
        for (a, row) in matrix.chunks_exact_mut(d).enumerate() {
            let left = w * (x[a] - mean[a]);
            (row.iter_mut().zip(x.iter().zip(&mean)))
                .for_each(|(out, (b, m))| *out += left * (b - m));
        }
    }
    matrix
}

/// The two largest eigenvalues of a d×d covariance; NaN above 512 dimensions.
#[must_use]
pub(crate) fn leading(d: usize, covariance: &[f64]) -> [f64; 2] {
    if d > MOST_DIMENSIONS {
        return [f64::NAN; 2];
    }
    let matrix = Mat::from_fn(d, d, |i, j| covariance[i * d + j]);
    match matrix.self_adjoint_eigenvalues(Side::Lower) {
        // in increasing order
        Ok(values) => [values[d - 1].max(0.0), values[d - 2].max(0.0)],
        Err(_) => [f64::NAN; 2],
    }
}

/// How many values the coordinate ⟨direction, x_i⟩ takes, when values nearer to each other than a fifth of `width` of its range
/// are one: the hyperplanes of Table 1.
#[must_use]
pub fn hyperplanes(tokens: &Particles, direction: &[f64], width: f64) -> usize {
    let mut values: Vec<f64> = (tokens.rows())
        .map(|x| crate::sphere::geometry::dot(x, direction))
        .collect();
    values.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return 0;
    };
    // one plane has no range: what rounding leaves is not several
    let size = first.abs().max(last.abs());
    let apart = (0.2 * width * (last - first)).max(1e-6 * size);
    1 + values
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > apart)
        .count()
}

/// The corners of the convex hull of points of the plane, anticlockwise from the leftmost (Andrew's monotone chain). Points
/// nearer to an edge than `thick` are not corners.
#[must_use]
pub fn hull(points: &[[f64; 2]], thick: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len())
        .filter(|i| points[*i].iter().all(|a| a.is_finite()))
        .collect();
    order.sort_by(|a, b| {
        let (p, q) = (points[*a], points[*b]);
        p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1]))
    });
    // how far c lies to the left of the line from a to b
    let left = |a: usize, b: usize, c: usize| {
        let [ax, ay] = points[a];
        let (ux, uy) = (points[b][0] - ax, points[b][1] - ay);
        let length = ux.hypot(uy).max(f64::MIN_POSITIVE);
        (ux * (points[c][1] - ay) - uy * (points[c][0] - ax)) / length
    };
    let apart = |a: usize, b: usize| {
        (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]) > thick
    };
    let chain = |order: &mut dyn Iterator<Item = usize>| {
        let mut chain: Vec<usize> = Vec::new();
        for next in order {
            while chain.len() > 1
                && left(chain[chain.len() - 2], next, chain[chain.len() - 1]) >= -thick
            {
                chain.pop();
            }
            if chain.last().is_none_or(|last| apart(*last, next)) {
                chain.push(next);
            }
        }
        chain
    };
    let mut lower = chain(&mut order.iter().copied());
    let mut upper = chain(&mut order.iter().rev().copied());
    if lower.len() < 2 || upper.len() < 2 {
        lower.truncate(1);
        return lower;
    }
    lower.pop();
    upper.pop();
    lower.extend(upper);
    lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;
    use crate::sphere::geometry::dot;

    #[test]
    fn the_gap_is_the_mean_over_pairs_and_keeps_its_digits() {
        let tokens = Law::Uniform.sample(20, 4, 1);
        let mut sum = 0.0;
        for i in 0..20 {
            for j in 0..i {
                sum += 1.0 - dot(tokens.row(i), tokens.row(j));
            }
        }
        assert!((Cloud::of(&tokens, false).gap - sum / 190.0).abs() < 1e-14);
        let near = Particles::new(2, vec![1.0, 0.0, 1.0, 1e-9]);
        assert!((Cloud::of(&near, false).gap / 0.5e-18 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_covariance_of_a_normal_law_is_found_with_its_eigenvalues() {
        let law = Law::Gaussian {
            mean: vec![1.0, -2.0],
            covariance: vec![vec![2.0, 0.6], vec![0.6, 1.0]],
        };
        let tokens = law.sample(40_000, 2, 3);
        let found = covariance(&tokens);
        for (a, b) in found.iter().zip([2.0, 0.6, 0.6, 1.0]) {
            assert!((a - b).abs() < 0.06, "{a} {b}");
        }
        let [one, two] = Cloud::of(&tokens, true).leading;
        assert!((one + two - found[0] - found[3]).abs() < 1e-12);
        assert!((one * two - (found[0] * found[3] - found[1] * found[2])).abs() < 1e-12);
    }

    #[test]
    fn hyperplanes_are_counted_along_their_normal() {
        let rows = [
            [0.0, 3.0],
            [1.0, -2.0],
            [1.001, 5.0],
            [2.0, 0.0],
            [0.002, 1.0],
        ]
        .concat();
        let tokens = Particles::new(2, rows);
        assert_eq!(hyperplanes(&tokens, &[1.0, 0.0], 0.1), 3);
        let flat = Particles::new(2, vec![1.0, 0.0, 1.0 + 1e-12, 4.0]);
        assert_eq!(hyperplanes(&flat, &[1.0, 0.0], 0.1), 1);
    }

    #[test]
    fn corners_are_corners_and_points_of_edges_are_not() {
        let points = [
            [0.0, 0.0],
            [2.0, 0.0],
            [1.0, 0.0],
            [2.0, 1.0],
            [0.0, 1.0],
            [1.0, 0.5],
            [2.0, 1e-9],
        ];
        let mut corners = hull(&points, 1e-6);
        corners.sort_unstable();
        assert_eq!(corners.len(), 4, "{corners:?}");
        assert!(corners.contains(&0) && corners.contains(&3) && corners.contains(&4));
        assert_eq!(hull(&[[1.0, 1.0], [1.0, 1.0]], 1e-9).len(), 1);
        assert_eq!(hull(&[[1.0, 1.0], [3.0, 2.0], [2.0, 1.5]], 1e-9).len(), 2);
    }
}
