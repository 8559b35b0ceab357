//! Configurations that minimise ∬e^{β⟨x,y⟩} for every β > 0 (universally optimal: Cohn, Kumar 2007): what repulsive attention,
//! V = −I, should come to (§9.1). E = (H/n)/(2βn) with H/n = Σ over the inner products of one point (mathematics of the paper).

use std::f64::consts::{PI, TAU};

/// A configuration that is known to be optimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimum {
    /// n points of the circle at equal angles.
    Polygon,
    /// n ≤ d + 1 points with ⟨x_i,x_j⟩ = −1/(n−1).
    Simplex,
    /// ±e_1 … ±e_d.
    CrossPolytope,
    /// 12 points of S².
    Icosahedron,
    /// 120 points of S³.
    Cell600,
    /// The 240 roots of E8 in S⁷.
    E8,
}

impl Optimum {
    /// The one for n points of S^{d−1}, where one is known.
    #[must_use]
    pub fn known(dimension: usize, count: usize) -> Option<Self> {
        match (dimension, count) {
            (_, 0 | 1) => None,
            (2, _) => Some(Self::Polygon),
            (d, n) if n <= d + 1 => Some(Self::Simplex),
            (d, n) if n == 2 * d => Some(Self::CrossPolytope),
            (3, 12) => Some(Self::Icosahedron),
            (4, 120) => Some(Self::Cell600),
            (8, 240) => Some(Self::E8),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Polygon => "regular polygon",
            Self::Simplex => "simplex",
            Self::CrossPolytope => "cross-polytope",
            Self::Icosahedron => "icosahedron",
            Self::Cell600 => "600-cell",
            Self::E8 => "E8 roots",
        }
    }

    /// The inner products of one point with all of n, with their numbers.
    #[must_use]
    pub fn products(self, dimension: usize, count: usize) -> Vec<(f64, f64)> {
        let golden = 0.5 * (1.0 + 5f64.sqrt());
        let both = |c: f64, number: f64| [(c, number), (-c, number)];
        match self {
            Self::Polygon => (0..count)
                .map(|k| ((TAU * k as f64 / count as f64).cos(), 1.0))
                .collect(),
            Self::Simplex => {
                let others = count as f64 - 1.0;
                vec![(1.0, 1.0), (-1.0 / others, others)]
            }
            Self::CrossPolytope => {
                vec![(1.0, 1.0), (-1.0, 1.0), (0.0, 2.0 * dimension as f64 - 2.0)]
            }
            Self::Icosahedron => [both(1.0, 1.0), both(1.0 / 5f64.sqrt(), 5.0)].concat(),
            Self::Cell600 => [
                both(1.0, 1.0).to_vec(),
                both(0.5 * golden, 12.0).to_vec(),
                both(0.5, 20.0).to_vec(),
                both(0.5 / golden, 12.0).to_vec(),
                vec![(0.0, 30.0)],
            ]
            .concat(),
            Self::E8 => [
                both(1.0, 1.0).to_vec(),
                both(0.5, 56.0).to_vec(),
                vec![(0.0, 126.0)],
            ]
            .concat(),
        }
    }

    /// E_β = (1/2βn)Σ e^{βc} over the products of one point; at β = 0 the limit ½|∫x dμ|², which is 0.
    #[must_use]
    pub fn energy(self, beta: f64, dimension: usize, count: usize) -> f64 {
        if beta == 0.0 {
            return 0.0;
        }
        let sum: f64 = (self.products(dimension, count).iter())
            .map(|(c, number)| number * (beta * c).exp())
            .sum();
        sum / (2.0 * beta * count as f64)
    }

    /// The largest t for which it is a spherical t-design.
    #[must_use]
    pub fn design_strength(self, count: usize) -> usize {
        match self {
            Self::Polygon => count - 1,
            // two antipodal points on any sphere; fewer than d + 1 points span less than ℝ^d
            Self::Simplex => 2,
            Self::CrossPolytope => 3,
            Self::Icosahedron => 5,
            Self::Cell600 => 11,
            Self::E8 => 7,
        }
    }

    /// The points, n rows of d numbers.
    #[must_use]
    pub fn points(self, dimension: usize, count: usize) -> Vec<f64> {
        match self {
            Self::Polygon => (0..count)
                .flat_map(|k| {
                    let angle = TAU * k as f64 / count as f64;
                    [angle.cos(), angle.sin()]
                })
                .collect(),
            Self::Simplex => {
                crate::measure::Law::Simplex
                    .sample(count, dimension, 0)
                    .positions
            }
            Self::CrossPolytope => {
                let mut rows = vec![0.0; 2 * dimension * dimension];
                for i in 0..dimension {
                    rows[2 * i * dimension + i] = 1.0;
                    rows[(2 * i + 1) * dimension + i] = -1.0;
                }
                rows
            }
            Self::Icosahedron => icosahedron(),
            Self::Cell600 => cell600(),
            Self::E8 => e8(),
        }
    }
}

fn icosahedron() -> Vec<f64> {
    let z = 1.0 / 5f64.sqrt();
    let ring = (0..10).flat_map(|k| {
        let angle = PI * k as f64 / 5.0;
        let side = if k % 2 == 0 { z } else { -z };
        [2.0 * z * angle.cos(), 2.0 * z * angle.sin(), side]
    });
    [0.0, 0.0, 1.0, 0.0, 0.0, -1.0]
        .into_iter()
        .chain(ring)
        .collect()
}

/// 8 units, 16 half-integer quaternions, 96 even permutations of (φ, 1, 1/φ, 0)/2.
fn cell600() -> Vec<f64> {
    let golden = 0.5 * (1.0 + 5f64.sqrt());
    let mut rows = Optimum::CrossPolytope.points(4, 8);
    for signs in 0..16 {
        rows.extend((0..4).map(|c| if signs >> c & 1 == 1 { -0.5 } else { 0.5 }));
    }
    let values = [0.5 * golden, 0.5, 0.5 / golden, 0.0];
    for p in 0..256_usize {
        let at = [p & 3, p >> 2 & 3, p >> 4 & 3, p >> 6];
        let distinct = (0..4).all(|a| (0..a).all(|b| at[a] != at[b]));
        let inversions = (0..4)
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .filter(|(a, b)| at[*b] > at[*a])
            .count();
        if !distinct || inversions % 2 == 1 {
            continue;
        }
        for signs in 0..8 {
            let mut row = [0.0; 4];
            for (entry, place) in at.iter().enumerate() {
                let minus = entry < 3 && signs >> entry & 1 == 1;
                row[*place] = if minus { -values[entry] } else { values[entry] };
            }
            rows.extend(row);
        }
    }
    rows
}

/// 112 rows ±e_i ± e_j and 128 rows (±½)^8 with an even number of minus signs, over √2.
fn e8() -> Vec<f64> {
    let unit = std::f64::consts::FRAC_1_SQRT_2;
    let mut rows = Vec::with_capacity(240 * 8);
    for i in 0..8 {
        for j in 0..i {
            for signs in 0..4 {
                let mut row = [0.0; 8];
                row[i] = if signs & 1 == 1 { -unit } else { unit };
                row[j] = if signs & 2 == 2 { -unit } else { unit };
                rows.extend(row);
            }
        }
    }
    for signs in 0..256_u32 {
        if signs.count_ones() % 2 == 0 {
            rows.extend((0..8).map(|c| {
                if signs >> c & 1 == 1 {
                    -0.5 * unit
                } else {
                    0.5 * unit
                }
            }));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Particles;
    use crate::sphere::geometry::dot;

    const ALL: [(usize, usize); 8] = [
        (2, 7),
        (3, 4),
        (5, 3),
        (3, 2),
        (4, 8),
        (3, 12),
        (4, 120),
        (8, 240),
    ];

    #[test]
    fn energies_are_the_double_sums_over_the_points() {
        for (d, n) in ALL {
            let optimum = Optimum::known(d, n).unwrap();
            let points = Particles::new(d, optimum.points(d, n));
            assert_eq!(points.count(), n, "{optimum:?}");
            for beta in [0.1, 1.0, 4.0, 10.0] {
                let mut sum = 0.0;
                for x in points.rows() {
                    for y in points.rows() {
                        sum += (beta * dot(x, y)).exp();
                    }
                }
                // 57,600 terms in one sum: its rounding is what 1e-12 leaves room for
                let exact = sum / (2.0 * beta * (n * n) as f64);
                let found = optimum.energy(beta, d, n);
                assert!((found / exact - 1.0).abs() < 1e-12, "{optimum:?} β {beta}");
            }
        }
    }
}
