//! Positional encodings added to token embeddings (Remark 3.2): x_i(0) = (e_i + s p_i)/|e_i + s p_i|, in ℝ^d without the division.

use serde::Serialize;

use super::document::InputError;
use super::keys;
use super::section::Section;
use crate::sphere::geometry::retract;
use crate::sphere::random::{Stream, generator, uniform};

/// `[tokens] encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Encoding {
    /// (p_i)_{2k} = sin(i M^{−2k/d}), (p_i)_{2k+1} = cos(i M^{−2k/d}), i = 0, 1, ….
    Sinusoidal {
        /// M.
        base: f64,
        /// s.
        scale: f64,
    },
    /// Independent uniform unit vectors.
    Random {
        /// s.
        scale: f64,
    },
}

impl Encoding {
    /// p_i of n tokens, n·d numbers.
    #[must_use]
    pub(crate) fn vectors(self, count: usize, dimension: usize, seed: u64) -> Vec<f64> {
        let mut rows = vec![0.0; count * dimension];
        match self {
            Self::Sinusoidal { base, .. } => {
                for (i, row) in rows.chunks_exact_mut(dimension).enumerate() {
                    for (entry, value) in row.iter_mut().enumerate() {
                        let pair = (entry - entry % 2) as f64;
                        let phase = i as f64 * base.powf(-pair / dimension as f64);
                        *value = if entry % 2 == 0 {
                            phase.sin()
                        } else {
                            phase.cos()
                        };
                    }
                }
            }
            Self::Random { .. } => {
                let mut rng = generator(seed, Stream::Encodings);
                (rows.chunks_exact_mut(dimension)).for_each(|row| uniform(&mut rng, row));
            }
        }
        rows
    }

    /// Adds the encoding to the rows, brought to unit length unless `flat`.
    pub(crate) fn add(self, dimension: usize, seed: u64, flat: bool, rows: &mut [f64]) {
        let (Self::Sinusoidal { scale, .. } | Self::Random { scale }) = self;
        let vectors = self.vectors(rows.len() / dimension, dimension, seed);
        (rows.iter_mut().zip(vectors)).for_each(|(x, p)| *x += scale * p);
        if !flat {
            retract(rows, dimension);
        }
    }
}

/// Reads `encoding = { kind, base, scale }`.
pub(super) fn encoding(section: &Section) -> Result<Option<Encoding>, InputError> {
    let Some(table) = section.table("encoding")? else {
        return Ok(None);
    };
    table.only(&keys::names("tokens.encoding"))?;
    let kinds = [("sinusoidal", true), ("random", false)];
    let Some(sinusoidal) = table.choice("kind", &kinds)? else {
        return table.missing("kind", "\"sinusoidal\"");
    };
    let scale = table.number("scale")?.unwrap_or(1.0);
    let base = table.number("base")?;
    match (sinusoidal, base) {
        (true, base) => Ok(Some(Encoding::Sinusoidal {
            base: base.unwrap_or(1e4),
            scale,
        })),
        (false, None) => Ok(Some(Encoding::Random { scale })),
        (false, Some(_)) => table.refuse("base", "a random encoding has no base", "leave it out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinusoidal_encodings_are_those_of_the_formula_and_of_one_length() {
        let encoding = Encoding::Sinusoidal {
            base: 1e4,
            scale: 1.0,
        };
        let p = encoding.vectors(5, 6, 0);
        assert!((p[3 * 6 + 2] - (3.0 * 1e4_f64.powf(-2.0 / 6.0)).sin()).abs() < 1e-15);
        assert!((p[3 * 6 + 3] - (3.0 * 1e4_f64.powf(-2.0 / 6.0)).cos()).abs() < 1e-15);
        for row in p.chunks_exact(6) {
            assert!((row.iter().map(|v| v * v).sum::<f64>() - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn added_encodings_part_equal_tokens_and_leave_them_on_the_sphere() {
        let mut rows = [1.0, 0.0, 0.0, 0.0].repeat(4);
        Encoding::Random { scale: 0.5 }.add(4, 7, false, &mut rows);
        for (i, row) in rows.chunks_exact(4).enumerate() {
            assert!((row.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-14);
            assert!((0..i).all(|j| rows[4 * j..4 * j + 4] != *row));
        }
    }
}
