//! What the column of parameters lists.

/// A parameter that can be chosen and changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// β.
    Beta,
    /// D.
    Diffusion,
    /// (SA) or (USA).
    Normalisation,
    /// Simulated time a second.
    Speed,
    /// n.
    Count,
    /// The seed.
    Seed,
}

impl Parameter {
    /// All, from above.
    pub(crate) const ALL: [Self; 6] = [
        Self::Beta,
        Self::Diffusion,
        Self::Normalisation,
        Self::Speed,
        Self::Count,
        Self::Seed,
    ];
}
