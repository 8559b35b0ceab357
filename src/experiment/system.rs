//! `[attention]` and its sub-tables as a file says them, and the [`System`] that they mean: matrices drawn, pairs tied.

use serde::Serialize;

use crate::dynamics::gaussian::Kind;
use crate::dynamics::general::matrix::{MatrixSpec, product, transposed};
use crate::dynamics::system::{
    Activation, Head, LayerNorm, Mask, Perceptron, Space, System, is_usual, name_in,
};
use crate::dynamics::{Attention, Normalisation};
use crate::sphere::random::{Stream, generator};

/// What `[attention]` says beside β, normalisation, and a V that is a multiple of I.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemSpec {
    /// β = γ ln n instead of a number.
    pub gamma: Option<f64>,
    /// The heads; none where Q = K = I and V is a multiple of I.
    pub heads: Vec<HeadSpec>,
    /// Random matrices are drawn again after every time span of this length: layers with weights of their own.
    pub period: Option<f64>,
    /// Who may attend to whom.
    pub mask: Mask,
    /// The perceptron.
    pub perceptron: Option<PerceptronSpec>,
    /// The scheme of layer normalisation.
    pub layer_norm: LayerNorm,
    /// Where tokens live.
    pub space: Space,
    /// The seed of random matrices, where it is not that of the tokens; never written.
    pub seed: Option<u64>,
}

/// A head: Q and K, or QᵀK at once, and V.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadSpec {
    /// Q, square; I if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<MatrixSpec>,
    /// K, square; I if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<MatrixSpec>,
    /// QᵀK in place of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_key: Option<MatrixSpec>,
    /// V.
    pub value: ValueSpec,
}

/// V of a head.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ValueSpec {
    /// A matrix of its own.
    Matrix(MatrixSpec),
    /// A multiple of the head's QᵀK.
    Tied {
        /// The factor.
        tied: f64,
    },
}

/// `[attention.perceptron]`: w σ(a x + b).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PerceptronSpec {
    /// σ.
    #[serde(serialize_with = "activation_name")]
    pub activation: Activation,
    /// m, the number of hidden units.
    pub width: usize,
    /// a, m×d.
    pub inner: MatrixSpec,
    /// b, m numbers.
    pub bias: Vec<f64>,
    /// w, d×m.
    pub outer: MatrixSpec,
}

/// Activations by name.
pub(crate) const ACTIVATIONS: &[(&str, Activation)] = &[
    ("relu", Activation::Relu),
    ("gelu", Activation::Gelu),
    ("tanh", Activation::Tanh),
];

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so
fn activation_name<S: serde::Serializer>(
    activation: &Activation,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = ACTIVATIONS.iter().find(|(_, a)| a == activation);
    serializer.serialize_str(named.map_or("", |(name, _)| name))
}

impl SystemSpec {
    /// Nothing beside the kernel.
    pub(crate) const PLAIN: Self = Self {
        gamma: None,
        heads: Vec::new(),
        period: None,
        mask: Mask::None,
        perceptron: None,
        layer_norm: LayerNorm::Post,
        space: Space::Sphere,
        seed: None,
    };

    /// The system of tokens in dimension d; random matrices are those of the seed and of the period `epoch`.
    #[must_use]
    pub fn system(&self, dimension: usize, seed: u64, epoch: u64) -> System {
        let d = dimension;
        let mut rng = generator(self.seed.unwrap_or(seed), Stream::Matrices(epoch));
        let mut head = |spec: &HeadSpec| {
            let mut square = |matrix: &Option<MatrixSpec>| {
                let matrix = matrix.as_ref().unwrap_or(&MatrixSpec::IDENTITY);
                matrix.entries(d, d, &mut rng)
            };
            let query_key = match &spec.query_key {
                Some(_) => square(&spec.query_key),
                None => {
                    let (query, key) = (square(&spec.query), square(&spec.key));
                    product(&transposed(&query, d, d), &key, d, d)
                }
            };
            let value = match &spec.value {
                ValueSpec::Matrix(matrix) => matrix.entries(d, d, &mut rng),
                ValueSpec::Tied { tied } => query_key.iter().map(|v| tied * v).collect(),
            };
            Head { query_key, value }
        };
        let heads = self.heads.iter().map(&mut head).collect();
        let perceptron = self.perceptron.as_ref().map(|spec| Perceptron {
            activation: spec.activation,
            inner: spec.inner.entries(spec.width, d, &mut rng),
            bias: spec.bias.clone(),
            outer: spec.outer.entries(d, spec.width, &mut rng),
        });
        System {
            heads,
            mask: self.mask,
            perceptron,
            layer_norm: self.layer_norm,
            space: self.space,
            frequencies: Vec::new(),
        }
    }

    /// Every matrix that a file says.
    pub(crate) fn matrices_mut(&mut self) -> impl Iterator<Item = &mut MatrixSpec> {
        let of_heads = self.heads.iter_mut().flat_map(|head| {
            let value = match &mut head.value {
                ValueSpec::Matrix(matrix) => Some(matrix),
                ValueSpec::Tied { .. } => None,
            };
            (head.query.iter_mut())
                .chain(head.key.iter_mut())
                .chain(head.query_key.iter_mut())
                .chain(value)
        });
        let of_perceptron = (self.perceptron.iter_mut()).flat_map(|p| [&mut p.inner, &mut p.outer]);
        of_heads.chain(of_perceptron)
    }

    /// Whether there is nothing beside the kernel.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        self.heads.is_empty()
            && self.perceptron.is_none()
            && is_usual(self.mask, self.layer_norm, self.space)
    }

    /// Which closed equation a Gaussian measure obeys under this system, if any.
    #[must_use]
    pub(crate) fn gaussian_kind(&self, attention: Attention) -> Option<Kind> {
        let softmax = attention.normalisation == Normalisation::Softmax;
        let doubly = attention.normalisation.is_doubly_stochastic();
        let simple = self.heads.len() <= 1
            && self.mask == Mask::None
            && self.perceptron.is_none()
            && self.period.is_none();
        match self.space {
            Space::Flat if simple && softmax => Some(Kind::Softmax),
            Space::Flat if simple && doubly => Some(Kind::Sinkhorn),
            Space::MeanShift if simple && softmax => Some(Kind::MeanShift),
            _ => None,
        }
    }

    /// Whether dx = drift dt + noise makes sense: not for lengths, rescaled coordinates, or a clock that slows down.
    #[must_use]
    pub(crate) fn takes_noise(&self) -> bool {
        matches!(self.layer_norm, LayerNorm::Post | LayerNorm::Ngpt { .. })
            && self.space != Space::Rescaled
    }

    /// What the system is called on screen: "SA", "causal SA", "3 heads", "hardmax in ℝ³", …
    #[must_use]
    pub(crate) fn name(&self, attention: Attention, dimension: usize) -> String {
        let named = attention.normalisation.system();
        let kind = match attention.normalisation {
            _ if attention.interaction.is_some() => "Kuramoto h(θ)",
            Normalisation::Softmax if !self.heads.is_empty() => "QKV",
            Normalisation::None if !self.heads.is_empty() => "unnormalised QKV",
            _ => named,
        };
        let base = match self.heads.len() {
            0 | 1 => kind.to_owned(),
            _ if !attention.normalisation.is_of_kernel() => kind.to_owned(),
            heads => format!("{kind}, {heads} heads"),
        };
        let mut name = format!("{}{base}", self.mask.label());
        if self.heads.is_empty() && attention.value != 1.0 {
            name += &if attention.value == -1.0 {
                ", V = −I".to_owned()
            } else {
                format!(", V = {}·I", attention.value)
            };
        }
        if self.perceptron.is_some() {
            name += " + MLP";
        }
        name += self.layer_norm.label();
        name += &self.space.label(&super::notation::superscript(dimension));
        name
    }
}

/// `[attention]` as it is written: numbers first, tables last.
#[derive(Serialize)]
pub(super) struct WrittenAttention<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    beta: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gamma: Option<f64>,
    normalisation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    marginal_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tie: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<&'a [f64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_norm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpha: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perceptron: Option<&'a PerceptronSpec>,
    #[serde(rename = "head", skip_serializing_if = "<[HeadSpec]>::is_empty")]
    heads: &'a [HeadSpec],
}

impl<'a> WrittenAttention<'a> {
    /// Of an experiment with n tokens.
    pub(super) fn of(attention: &'a Attention, spec: &'a SystemSpec, count: usize) -> Self {
        // β that was changed since is a number of its own
        let gamma = (spec.gamma).filter(|gamma| attention.beta == long_context_beta(*gamma, count));
        let plain = gamma.is_none() && attention.interaction.is_none();
        let (marginal_error, tie) = match attention.normalisation {
            Normalisation::Softmax | Normalisation::None => (None, None),
            Normalisation::Sinkhorn { tolerance } => (Some(tolerance), None),
            Normalisation::Hardmax { tie } => (None, Some(tie)),
        };
        let (until, alpha) = match spec.layer_norm {
            LayerNorm::Mix { until } => (Some(until), None),
            LayerNorm::Ngpt { alpha } => (None, Some(alpha)),
            LayerNorm::Post | LayerNorm::Pre | LayerNorm::Peri | LayerNorm::LnScaling => {
                (None, None)
            }
        };
        Self {
            beta: plain.then_some(attention.beta),
            gamma,
            normalisation: attention.normalisation.name(),
            marginal_error,
            tie,
            value: Some(attention.value).filter(|value| *value != 1.0),
            interaction: attention
                .interaction
                .as_ref()
                .map(super::super::dynamics::Interaction::list),
            mask: (spec.mask != Mask::None).then(|| name_in(Mask::NAMES, &spec.mask)),
            layer_norm: (spec.layer_norm != LayerNorm::Post).then(|| spec.layer_norm.name()),
            until,
            alpha,
            space: (spec.space != Space::Sphere).then(|| name_in(Space::NAMES, &spec.space)),
            period: spec.period,
            perceptron: spec.perceptron.as_ref(),
            heads: &spec.heads,
        }
    }
}

/// β = γ ln n.
#[must_use]
pub(crate) fn long_context_beta(gamma: f64, count: usize) -> f64 {
    gamma * (count as f64).ln()
}
