//! The parts that a measurement of a frame is made of: a row of the table says which it reads, and nobody computes what no row that is asked
//! for reads.

/// A set of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts(u16);

impl Parts {
    /// What costs nothing.
    pub const FREE: Self = Self(0);
    /// Energy and its rate of change, by one evaluation of the drift.
    pub const ENERGY: Self = Self(1);
    /// Order parameters.
    pub const ORDERS: Self = Self(1 << 1);
    /// Clusters.
    pub const CLUSTERS: Self = Self(1 << 2);
    /// Mean, spread and mean gap.
    pub const CLOUD: Self = Self(1 << 3);
    /// The closest pair.
    pub const CLOSEST: Self = Self(1 << 4);
    /// The Hessian's eigenvalues.
    pub const SADDLE: Self = Self(1 << 5);
    /// What theory names for a system: optimum, design, hyperplanes.
    pub const THEORY: Self = Self(1 << 6);
    /// Pairs that are near.
    pub const NEAR: Self = Self(1 << 7);
    /// The rank of the Gram matrix.
    pub const RANK: Self = Self(1 << 8);
    /// Attention as a matrix.
    pub const MATRIX: Self = Self(1 << 9);
    /// The histogram of inner products, which is shown and not in the table.
    pub const PRODUCTS: Self = Self(1 << 10);
    /// What stands beside the tokens, and its distance from them.
    pub const COMPANION: Self = Self(1 << 11);
    /// The ensemble of `[pairs]`.
    pub const PAIRS: Self = Self(1 << 12);
    /// Whether a hemisphere holds all tokens.
    pub const HEMISPHERE: Self = Self(1 << 13);
    /// Everything.
    pub const ALL: Self = Self(u16::MAX);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all or some of `other` is among them.
    #[must_use]
    pub const fn have(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// With what these parts are computed from.
    #[must_use]
    pub(crate) const fn complete(self) -> Self {
        if self.have(Self::COMPANION) {
            self.and(Self::ENERGY)
        } else {
            self
        }
    }
}
