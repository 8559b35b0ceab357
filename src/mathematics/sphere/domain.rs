//! Where a density lives and how its coefficients are laid out: the circle, S², or the zonal functions of S^{d−1}.
//!
//! All three are one thing, an orthogonal sum of the eigenspaces of −Δ with eigenvalues ℓ(ℓ+d−2), ℓ = 0, 1, …, and most
//! of the program sees only that: entries that belong to degrees.
//!
//! | domain | coefficients up to degree L | entries |
//! |---|---|---|
//! | circle | c_k of Σ_{&#124;k&#124;≤L} c_k e^{ikθ} | re c_0, im c_0, re c_1, … : 2(L+1) |
//! | S² | c_{ℓm} of the real harmonics, orthonormal in L²(σ) ([`super::harmonics`]) | for m = 0…L, ℓ = m…L: the cosine's, the sine's: (L+1)(L+2) |
//! | zonal | b_ℓ of the orthonormal Gegenbauer polynomials ([`super::gegenbauer`]) | b_0 … b_L: L+1 |

use super::gegenbauer::multiplicity;

/// A family of functions on a sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// All functions on the circle, d = 2.
    Circle,
    /// All functions on S², d = 3.
    Sphere,
    /// The functions of ⟨x,e⟩ on S^{d−1}, for one unit vector e and this d.
    Zonal(usize),
}

impl Domain {
    /// d.
    #[must_use]
    pub fn dimension(self) -> usize {
        match self {
            Self::Circle => 2,
            Self::Sphere => 3,
            Self::Zonal(dimension) => dimension,
        }
    }

    /// Entries of a state of degree L.
    #[must_use]
    pub fn length(self, degree: usize) -> usize {
        match self {
            Self::Circle => 2 * (degree + 1),
            Self::Sphere => (degree + 1) * (degree + 2),
            Self::Zonal(_) => degree + 1,
        }
    }

    /// L of a state with this many entries.
    #[must_use]
    pub fn degree(self, length: usize) -> usize {
        match self {
            Self::Circle => length / 2 - 1,
            // (L + 3/2)² = length + 1/4
            Self::Sphere => ((length as f64 + 0.25).sqrt() - 1.5).round() as usize,
            Self::Zonal(_) => length - 1,
        }
    }

    /// The eigenvalue ℓ(ℓ+d−2) of −Δ.
    #[must_use]
    pub fn laplacian(self, degree: usize) -> f64 {
        (degree * (degree + self.dimension() - 2)) as f64
    }

    /// N_ℓ, the number of independent harmonics of degree ℓ on the whole sphere.
    #[must_use]
    pub fn multiplicity(self, degree: usize) -> f64 {
        multiplicity(self.dimension(), degree)
    }

    /// Calls `visit(entry, ℓ)` for every entry of a state of degree L.
    pub fn for_each(self, degree: usize, mut visit: impl FnMut(usize, usize)) {
        match self {
            Self::Circle => (0..2 * (degree + 1)).for_each(|entry| visit(entry, entry / 2)),
            Self::Zonal(_) => (0..=degree).for_each(|entry| visit(entry, entry)),
            Self::Sphere => {
                let mut entry = 0;
                for order in 0..=degree {
                    for l in order..=degree {
                        visit(entry, l);
                        visit(entry + 1, l);
                        entry += 2;
                    }
                }
            }
        }
    }

    /// ∥Π_ℓ f∥² in L²(σ), ℓ = 0…L, the power of each degree: on the circle 2|c_k|² for k ≥ 1.
    #[must_use]
    pub fn powers(self, state: &[f64]) -> Vec<f64> {
        let degree = self.degree(state.len());
        let mut powers = vec![0.0; degree + 1];
        self.for_each(degree, |entry, l| powers[l] += state[entry] * state[entry]);
        if self == Self::Circle {
            powers[1..].iter_mut().for_each(|power| *power *= 2.0);
        }
        powers
    }

    /// A state of degree `to` with the coefficients of `state`, cut or filled with zeros.
    #[must_use]
    pub fn resized(self, state: &[f64], to: usize) -> Vec<f64> {
        let from = self.degree(state.len());
        let mut resized = vec![0.0; self.length(to)];
        match self {
            Self::Circle | Self::Zonal(_) => {
                let common = state.len().min(resized.len());
                resized[..common].copy_from_slice(&state[..common]);
            }
            Self::Sphere => {
                for order in 0..=from.min(to) {
                    let common = 2 * (from.min(to) - order + 1);
                    let (old, new) = (sphere_row(from, order), sphere_row(to, order));
                    resized[new..new + common].copy_from_slice(&state[old..old + common]);
                }
            }
        }
        resized
    }
}

/// Where the entries of order m begin in a state of degree L on S²: ℓ = m comes first, two entries a degree.
#[inline]
#[must_use]
pub fn sphere_row(degree: usize, order: usize) -> usize {
    order * (2 * degree + 3 - order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_degrees_are_inverse_and_every_entry_has_a_degree() {
        for domain in [Domain::Circle, Domain::Sphere, Domain::Zonal(8)] {
            for degree in [1, 2, 31, 200] {
                let length = domain.length(degree);
                assert_eq!(domain.degree(length), degree);
                let mut next = 0;
                domain.for_each(degree, |entry, l| {
                    assert_eq!(entry, next);
                    assert!(l <= degree);
                    next += 1;
                });
                assert_eq!(next, length);
            }
        }
    }

    #[test]
    fn resizing_keeps_every_coefficient_in_its_degree() {
        for domain in [Domain::Circle, Domain::Sphere, Domain::Zonal(5)] {
            let state: Vec<f64> = (0..domain.length(9)).map(|j| 1.0 + j as f64).collect();
            let larger = domain.resized(&state, 14);
            assert_eq!(domain.powers(&larger)[..10], domain.powers(&state)[..]);
            assert_eq!(domain.resized(&larger, 9), state);
        }
        assert_eq!(sphere_row(4, 0), 0);
        assert_eq!(sphere_row(4, 2), 2 * (5 + 4));
    }
}
