//! Attention where Q = K = I and V is a multiple of I: β or an interaction, V, and how weights are normalised, with the names of the
//! normalisations once: what reads files, writes them and draws takes them from here.

use serde::{Serialize, Serializer};

use super::interaction::Interaction;
use super::{Kernel, System};

/// How attention weights p_ij come from e^{ℓ_ij}, ℓ the logits and w_j the tokens' own weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Normalisation {
    /// (SA): w_j e^{ℓ_ij} / Σ_k w_k e^{ℓ_ik}.
    Softmax,
    /// (USA): w_j e^{ℓ_ij}.
    None,
    /// u_i e^{ℓ_ij} v_j w_j, doubly stochastic: Σ_j p_ij = 1 and Σ_i w_i p_ij = w_j (Remark 3.5), to this accuracy of the sums.
    Sinkhorn {
        /// Largest error of a row's or column's sum.
        tolerance: f64,
    },
    /// All weight, in equal parts, on the j with the largest logit (9.5)–(9.6). Logits within `tie` of the largest, relative to
    /// the largest size of a logit, count as ties.
    Hardmax {
        /// The width of a tie.
        tie: f64,
    },
}

impl Normalisation {
    /// Every normalisation by its name in files, with the number that stands where a file says none: the errors of sums, and the
    /// width of a tie.
    pub const NAMES: &[(&str, Self)] = &[
        ("softmax", Self::Softmax),
        ("none", Self::None),
        ("sinkhorn", Self::Sinkhorn { tolerance: 1e-12 }),
        ("hardmax", Self::Hardmax { tie: 1e-9 }),
    ];
    /// Those under which attention can be a kernel, and between which a run can change.
    pub const OF_KERNELS: &[(&str, Self)] = Self::NAMES.split_at(2).0;

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::None => "none",
            Self::Sinkhorn { .. } => "sinkhorn",
            Self::Hardmax { .. } => "hardmax",
        }
    }

    /// What the system is called on screen: the paper's names, where it has one.
    #[must_use]
    pub fn system(self) -> &'static str {
        match self {
            Self::Softmax => "SA",
            Self::None => "USA",
            Self::Sinkhorn { .. } => "Sinkhorn",
            Self::Hardmax { .. } => "hardmax",
        }
    }

    /// Whether the weights of a row sum to one: all but (USA).
    #[must_use]
    pub fn sums_to_one(self) -> bool {
        self != Self::None
    }

    /// Whether a weight is a function of one logit and of one sum over the others, so that attention can be the gradient of a
    /// potential: (SA) and (USA).
    #[must_use]
    pub fn is_of_kernel(self) -> bool {
        matches!(self, Self::Softmax | Self::None)
    }

    /// Whether each token attends to the argmax alone.
    #[must_use]
    pub fn is_hard(self) -> bool {
        matches!(self, Self::Hardmax { .. })
    }

    /// Whether columns sum to one too.
    #[must_use]
    pub fn is_doubly_stochastic(self) -> bool {
        matches!(self, Self::Sinkhorn { .. })
    }
}

impl Serialize for Normalisation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The attention that moves the measure where Q = K = I and V is a multiple of I: a zonal kernel, for tokens and density
/// alike. What is not of this kind is a [`System`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// β, the inverse temperature; negative where tokens attend to those far away.
    pub beta: f64,
    /// How weights are normalised.
    pub normalisation: Normalisation,
    /// V = `value`·I: 1 attracts, −1 repels; among oscillators the coupling strength.
    pub value: f64,
    /// On the circle, any even interaction in place of e^{β cos θ} (7.5); then β = 0 and nothing is normalised.
    pub interaction: Option<Interaction>,
}

impl Attention {
    /// Attention with V = I.
    #[must_use]
    pub const fn new(beta: f64, normalisation: Normalisation) -> Self {
        Self {
            beta,
            normalisation,
            value: 1.0,
            interaction: None,
        }
    }

    /// The kernel on S^{d−1}.
    #[must_use]
    pub fn kernel(&self, dimension: usize) -> Kernel {
        match &self.interaction {
            Some(interaction) => Kernel::of_interaction(interaction),
            None => Kernel::new(dimension, self.beta),
        }
    }

    /// The kernel's maximum e^{|β|}: everything is computed with e^{β⟨x,y⟩−|β|} ≤ 1.
    #[must_use]
    pub(crate) fn max_kernel(&self) -> f64 {
        self.beta.abs().exp()
    }

    /// What multiplies the normalised drift: V, and for (USA), whose weights are not normalised away, e^{|β|}.
    #[must_use]
    pub fn scale(&self) -> f64 {
        if self.normalisation.sums_to_one() {
            self.value
        } else {
            self.value * self.max_kernel()
        }
    }

    /// How fast tokens move at most, in units of the sphere's radius.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.scale().abs()
    }

    /// Whether tokens near each other draw together: V > 0, and the kernel is largest at 0. What relies on it, merging and
    /// characteristics, is for these systems alone.
    #[must_use]
    pub fn attracts(&self) -> bool {
        self.beta >= 0.0 && self.value > 0.0 && self.interaction.is_none()
    }

    /// Whether this attention within a system is a zonal kernel and nothing else: the fast paths apply (with natural frequencies
    /// added), and a density can stand beside the tokens.
    #[must_use]
    pub fn is_zonal(&self, system: &System) -> bool {
        self.normalisation.is_of_kernel() && system.is_plain()
    }
}
