//! Matrices of a head or a perceptron: what a file says of them ([`MatrixSpec`]) and what they are (rows of numbers), drawn
//! where they are random.
//!
//! The ensembles, entries of G independent standard normal: *Ginibre* G; *Wigner* symmetric with independent standard normal
//! entries on and above the diagonal; *GOE* (G + Gᵀ)/√2, whose diagonal has variance 2; *GOE-PSD* GGᵀ; *Ginibre product* G_1G_2.
//! With the scale 1/√d these are the matrices of Fig. 5.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

/// A matrix as an experiment file says it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MatrixSpec {
    /// A multiple of the identity.
    Scaled(f64),
    /// A diagonal.
    Diagonal(Vec<f64>),
    /// All rows.
    Rows(Vec<Vec<f64>>),
    /// Read from a file.
    File {
        /// The .npy or .csv file.
        path: String,
        /// What was read, row by row.
        #[serde(skip)]
        values: Vec<f64>,
        /// Numbers in a row.
        #[serde(skip)]
        columns: usize,
    },
    /// Drawn.
    Random {
        /// From this ensemble.
        random: Ensemble,
        /// And multiplied by this.
        scale: f64,
    },
}

/// A law of random matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ensemble {
    /// Independent entries.
    Ginibre,
    /// G_1G_2.
    GinibreProduct,
    /// Symmetric, entries of variance one.
    Wigner,
    /// (G + Gᵀ)/√2.
    Goe,
    /// GGᵀ.
    GoePsd,
}

impl Ensemble {
    /// All, with their names in files.
    pub const NAMED: [(&str, Self); 5] = [
        ("ginibre", Self::Ginibre),
        ("ginibre-product", Self::GinibreProduct),
        ("wigner", Self::Wigner),
        ("goe", Self::Goe),
        ("goe-psd", Self::GoePsd),
    ];

    /// A `rows`×`columns` matrix; all but Ginibre are square.
    fn draw(self, rows: usize, columns: usize, rng: &mut impl Rng) -> Vec<f64> {
        let mut gaussian =
            |count: usize| -> Vec<f64> { (0..count).map(|_| StandardNormal.sample(rng)).collect() };
        let g = gaussian(rows * columns);
        let d = columns;
        let symmetric = |entry: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            (0..d * d).map(|p| entry(p / d, p % d)).collect()
        };
        match self {
            Self::Ginibre => g,
            Self::GinibreProduct => product(&g, &gaussian(d * d), d, d),
            Self::Wigner => symmetric(&|i, j| g[i.min(j) * d + i.max(j)]),
            Self::Goe => {
                symmetric(&|i, j| (g[i * d + j] + g[j * d + i]) * std::f64::consts::FRAC_1_SQRT_2)
            }
            Self::GoePsd => product(&g, &transposed(&g, d, d), d, d),
        }
    }
}

impl MatrixSpec {
    /// The identity.
    pub const IDENTITY: Self = Self::Scaled(1.0);

    /// Whether it is drawn.
    #[must_use]
    pub fn is_random(&self) -> bool {
        matches!(self, Self::Random { .. })
    }

    /// Its entries, row by row; the shape was checked when it was read.
    #[must_use]
    pub fn entries(&self, rows: usize, columns: usize, rng: &mut impl Rng) -> Vec<f64> {
        let diagonal = |entry: &dyn Fn(usize) -> f64| {
            let mut values = vec![0.0; rows * columns];
            for i in 0..rows.min(columns) {
                values[i * columns + i] = entry(i);
            }
            values
        };
        match self {
            Self::Scaled(scale) => diagonal(&|_| *scale),
            Self::Diagonal(list) => diagonal(&|i| list[i]),
            Self::Rows(list) => list.concat(),
            Self::File { values, .. } => values.clone(),
            Self::Random { random, scale } => {
                let mut values = random.draw(rows, columns, rng);
                values.iter_mut().for_each(|v| *v *= scale);
                values
            }
        }
    }
}

/// A B of two d-column matrices, A `rows`×d and B d×`columns`.
#[must_use]
pub fn product(a: &[f64], b: &[f64], d: usize, columns: usize) -> Vec<f64> {
    let mut out = vec![0.0; a.len() / d * columns];
    for (row, left) in out.chunks_exact_mut(columns).zip(a.chunks_exact(d)) {
        for (factor, right) in left.iter().zip(b.chunks_exact(columns)) {
            (row.iter_mut().zip(right)).for_each(|(o, r)| *o += factor * r);
        }
    }
    out
}

/// Aᵀ of a `rows`×`columns` matrix.
#[must_use]
pub fn transposed(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns)
        .map(|p| a[(p % rows) * columns + p / rows])
        .collect()
}

/// `out` ← e^{tA} of a d×d matrix: Taylor's series to degree 18 of A t/2^s, whose norm is at most ½ (the first term left out is
/// below 1e-22), squared s times. `power` is scratch of the same length.
pub fn exponential(a: &[f64], t: f64, d: usize, out: &mut [f64], power: &mut [f64]) {
    let norm = (a.chunks_exact(d))
        .map(|row| row.iter().map(|v| (v * t).abs()).sum())
        .fold(0.0, f64::max);
    let squarings = if norm > 0.5 {
        (2.0 * norm).log2().ceil() as i32
    } else {
        0
    };
    let step = t / 2f64.powi(squarings);
    let identity = |out: &mut [f64]| {
        out.fill(0.0);
        out.iter_mut().step_by(d + 1).for_each(|v| *v = 1.0);
    };
    // Horner: e^X ≈ I + X(I + X/2(I + X/3(…)))
    identity(out);
    for k in (1..=18).rev() {
        multiply(a, out, d, power);
        let factor = step / f64::from(k);
        (out.iter_mut().zip(power.iter())).for_each(|(o, p)| *o = factor * p);
        out.iter_mut().step_by(d + 1).for_each(|v| *v += 1.0);
    }
    for _ in 0..squarings {
        multiply(out, out, d, power);
        out.copy_from_slice(power);
    }
}

/// `out` ← A B, all d×d.
fn multiply(a: &[f64], b: &[f64], d: usize, out: &mut [f64]) {
    out.fill(0.0);
    for (row, left) in out.chunks_exact_mut(d).zip(a.chunks_exact(d)) {
        for (factor, right) in left.iter().zip(b.chunks_exact(d)) {
            (row.iter_mut().zip(right)).for_each(|(o, r)| *o += factor * r);
        }
    }
}

/// `out` ← A x for an A with rows of the length of x.
pub fn apply(a: &[f64], x: &[f64], out: &mut [f64]) {
    for (value, row) in out.iter_mut().zip(a.chunks_exact(x.len())) {
        *value = row.iter().zip(x).map(|(p, q)| p * q).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::random::{Stream, generator};

    #[test]
    fn the_exponential_of_a_turn_is_a_turn_and_of_a_diagonal_its_exponentials() {
        for t in [0.3, 4.0, -40.0] {
            let (mut out, mut scratch) = ([0.0; 4], [0.0; 4]);
            exponential(&[0.0, -1.0, 1.0, 0.0], t, 2, &mut out, &mut scratch);
            let (sin, cos) = t.sin_cos();
            for (a, b) in out.iter().zip([cos, -sin, sin, cos]) {
                assert!((a - b).abs() < 1e-13 * (1.0 + t.abs()), "{a} {b}");
            }
        }
        let (mut out, mut scratch) = ([0.0; 4], [0.0; 4]);
        exponential(&[2.0, 0.0, 0.0, -3.0], 5.0, 2, &mut out, &mut scratch);
        assert!((out[0] / 10.0_f64.exp() - 1.0).abs() < 1e-13);
        assert!((out[3] / (-15.0_f64).exp() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_ensembles_have_their_symmetry_and_variance() {
        let d = 200;
        let n = (d * d) as f64;
        for (name, ensemble) in Ensemble::NAMED {
            let a = MatrixSpec::Random {
                random: ensemble,
                scale: 0.5,
            }
            .entries(d, d, &mut generator(3, Stream::Tokens));
            let square: f64 = a.iter().map(|v| 4.0 * v * v).sum::<f64>() / n;
            let diagonal: f64 = (0..d).map(|i| 4.0 * a[i * d + i].powi(2)).sum::<f64>() / d as f64;
            let symmetric = a == transposed(&a, d, d);
            // five standard deviations of these means: 5√(2/40000) of the entries, 5√(2/200) of the diagonal
            let close = |found: f64, expected: f64, most: f64| {
                assert!(
                    (found / expected - 1.0).abs() < most,
                    "{name}: {found} {expected}"
                );
            };
            match ensemble {
                Ensemble::Ginibre => close(square, 1.0, 0.04),
                Ensemble::Wigner => close(diagonal, 1.0, 0.5),
                Ensemble::Goe => close(diagonal, 2.0, 0.5),
                Ensemble::GinibreProduct => close(square, d as f64, 0.06),
                // diagonal entries of GGᵀ are χ²_d
                Ensemble::GoePsd => close(diagonal, (d * (d + 2)) as f64, 0.1),
            }
            let should = !matches!(ensemble, Ensemble::Ginibre | Ensemble::GinibreProduct);
            assert_eq!(symmetric, should, "{name}");
        }
    }

    #[test]
    fn products_and_transposes_are_those_of_the_definition() {
        let (a, b) = (
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            [1.0, -1.0, 0.5, 2.0, 0.0, 1.0],
        );
        assert_eq!(product(&a, &b, 3, 2), [2.0, 6.0, 6.5, 12.0]);
        assert_eq!(transposed(&a, 2, 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let mut out = [0.0; 2];
        apply(&a, &[1.0, 0.0, -1.0], &mut out);
        assert_eq!(out, [-2.0, -2.0]);
    }
}
