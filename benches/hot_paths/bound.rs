//! The least that a hot path takes on this machine: its operations, counted by hand from its definition, at the rates that loops of nothing
//! else reach in the same run ([`Limits`]). Right-hand sides on the circle are bounded by the library's own transforms.
//!
//! Above twice the bound, and why: tokens on the circle (5 to 8) go to cells in any order, each reads and writes a table at its own place; heads of
//! their own in d = 3 (3) make a strip of logits by the library's product, weigh it row by row and multiply it again, three passes over what all
//! pairs keep in registers; systems of 32 tokens (2 to 3) take both halves of their pairs, since a half of 32 does not fill the registers; S² at
//! degree 31 (3 to 4) and an axis up to degree 256 (4 to 6) are calls and short loops, and in the latter a number from the cache for every
//! multiplication. Below one: from 8192 points on the circle has transforms of its own, which are faster than the library's.

use metastable::machine::limits::Limits;

/// Operations of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    /// e^x.
    pub exponentials: f64,
    /// Multiplications with an addition.
    pub multiply_adds: f64,
    /// Bytes that come from memory and go to it.
    pub bytes: f64,
    /// Seconds on one thread of what is not ours.
    pub others: f64,
}

impl Work {
    /// The least time on so many threads: arithmetic or memory, whichever takes longer.
    pub(crate) fn least(&self, limits: Limits, threads: usize) -> f64 {
        let arithmetic =
            self.exponentials * limits.exponential + self.multiply_adds * limits.multiply_add;
        (arithmetic + self.others).max(self.bytes * limits.byte) / threads as f64
    }
}

/// `systems` times all pairs of n tokens: an exponential and its argument (d) for two tokens at once, what it weighs (d) and the sum of weights
/// for each.
pub(crate) fn pairs(systems: usize, n: usize, d: usize) -> Work {
    let pairs = (systems * n * n) as f64;
    Work {
        exponentials: 0.5 * pairs,
        multiply_adds: pairs * (1.5 * d as f64 + 1.0),
        ..Work::default()
    }
}

/// The same with a kernel that is not symmetric.
pub(crate) fn ordered_pairs(n: usize, d: usize) -> Work {
    let pairs = (n * n) as f64;
    Work {
        exponentials: pairs,
        multiply_adds: pairs * (2 * d + 1) as f64,
        ..Work::default()
    }
}

/// Markers on the circle by powers up to degree K: four operations a power, there and back, two for the moments, six for value, slope and
/// curvature.
pub(crate) fn powers(markers: usize, degree: usize) -> Work {
    Work {
        multiply_adds: (markers * (degree + 1) * 16) as f64,
        ..Work::default()
    }
}

/// Markers along an axis: three operations a polynomial there, six for it and its derivative back, one for the moments, three for the series.
pub(crate) fn along_axis(markers: usize, degree: usize) -> Work {
    Work {
        multiply_adds: (markers * (degree + 1) * 13) as f64,
        ..Work::default()
    }
}

/// Tokens of the circle in cells: eight powers to the moments of their cell, eight for the velocity and eight for the potential; an angle that
/// is read twice and a rate that is written.
pub(crate) fn cells(n: usize) -> Work {
    Work {
        multiply_adds: (24 * n) as f64,
        bytes: (24 * n) as f64,
        ..Work::default()
    }
}

/// So many scalar transforms on S² and recurrences of Legendre's functions for them, up to degree L on L + 1 latitudes, north and south at
/// once: two operations a recurrence, degree, order and latitude, and two (cosine and sine) a transform. Transforms along the latitudes are
/// left out, a few percent.
pub(crate) fn legendre(degree: usize, recurrences: usize, transforms: usize) -> Work {
    let n = (degree + 1) as f64;
    Work {
        multiply_adds: 0.25 * n * n * n * (2 * recurrences + 2 * transforms) as f64,
        ..Work::default()
    }
}

/// A density of the angle to an axis: ρ, Z and Z′ on 3L/2 nodes, half of them by symmetry, and one way back.
pub(crate) fn zonal(degree: usize) -> Work {
    let n = (degree + 1) as f64;
    Work {
        multiply_adds: 4.0 * 0.75 * n * n,
        ..Work::default()
    }
}

/// Markers on S² by harmonics up to degree K: a recurrence there and one back, two operations for the moments, six for the velocity and two
/// for its divergence.
pub(crate) fn scattered(markers: usize, degree: usize) -> Work {
    let harmonics = (degree + 1) * (degree + 2) / 2;
    Work {
        multiply_adds: (markers * harmonics * 14) as f64,
        ..Work::default()
    }
}
