//! Everything in a system beside its kernel: heads with their matrices, masks, a perceptron, the scheme of
//! layer normalisation, the space, natural frequencies. The rows of the paper's table are values of this type.
//!
//! With nothing of it ([`super::Attention::is_zonal`]) attention is a zonal kernel and has moments; with anything of it the drift goes by
//! all pairs ([`super::general`]).

/// What the zonal kernel alone does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The heads; none means Q = K = I and V = value·I of [`super::Attention`].
    pub heads: Vec<Head>,
    /// Who may attend to whom.
    pub mask: Mask,
    /// w σ(a x + b), added to the attention (2.8).
    pub perceptron: Option<Perceptron>,
    /// How layers are normalised.
    pub layer_norm: LayerNorm,
    /// Where tokens live.
    pub space: Space,
    /// ω_i of every token on the circle; empty for none.
    pub frequencies: Vec<f64>,
}

/// One head: logits β⟨Qx_i,Kx_j⟩ = β x_iᵀ(QᵀK)x_j, values Vx_j.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// QᵀK, d×d row by row.
    pub query_key: Vec<f64>,
    /// V, d×d row by row.
    pub value: Vec<f64>,
}

/// Who may attend to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Everyone to everyone.
    None,
    /// Token i to the tokens j ≤ i (2411.04990).
    Causal,
}

impl Mask {
    /// Every mask by its name in files.
    pub const NAMES: &[(&str, Self)] = &[("none", Self::None), ("causal", Self::Causal)];

    /// What stands before the name of a system on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Causal => "causal ",
        }
    }
}

/// How a layer is normalised (2510.22026): direction θ, length r, A the attention at the directions. θ' = P_θA/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LayerNorm {
    /// s = 1, r = 1: the paper's.
    Post,
    /// s = r, r' = ⟨θ,A⟩.
    Pre,
    /// Post until this time, then Pre.
    Mix {
        /// When.
        until: f64,
    },
    /// s = r|A|, r' = ⟨θ,A⟩/|A|.
    Peri,
    /// s = |A|/α, r = 1.
    Ngpt {
        /// α.
        alpha: f64,
    },
    /// s = √(t + 1), r = 1.
    LnScaling,
}

impl LayerNorm {
    /// Every scheme by its name in files; the parameters of those that have one are filled in when they are read.
    pub const NAMES: &[(&str, Self)] = &[
        ("post", Self::Post),
        ("pre", Self::Pre),
        ("mix", Self::Mix { until: 0.0 }),
        ("peri", Self::Peri),
        ("ngpt", Self::Ngpt { alpha: 1.0 }),
        ("ln-scaling", Self::LnScaling),
    ];

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        let same = |other: &Self| std::mem::discriminant(other) == std::mem::discriminant(&self);
        (Self::NAMES.iter().find(|(_, scheme)| same(scheme))).map_or("post", |(name, _)| name)
    }

    /// What stands behind the name of a system on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Post => "",
            Self::Pre => ", Pre-LN",
            Self::Mix { .. } => ", Mix-LN",
            Self::Peri => ", Peri-LN",
            Self::Ngpt { .. } => ", nGPT",
            Self::LnScaling => ", LN-scaling",
        }
    }

    /// Whether the lengths of tokens move by themselves: the state is then y = rθ.
    #[must_use]
    pub fn moves_lengths(self) -> bool {
        matches!(self, Self::Pre | Self::Mix { .. } | Self::Peri)
    }
}

/// Where tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// The sphere S^{d−1}.
    Sphere,
    /// ℝ^d, nothing projected (9.1).
    Flat,
    /// ℝ^d with V(x_j − x_i) in place of Vx_j: mean-shift.
    MeanShift,
    /// ℝ^d in the coordinates z = e^{−tV}x (9.3); with hardmax the singular dynamics (9.4).
    Rescaled,
}

impl Space {
    /// Every space by its name in files.
    pub const NAMES: &[(&str, Self)] = &[
        ("sphere", Self::Sphere),
        ("flat", Self::Flat),
        ("mean-shift", Self::MeanShift),
        ("rescaled", Self::Rescaled),
    ];

    /// What stands behind the name of a system on screen; `raised` is the dimension.
    #[must_use]
    pub fn label(self, raised: &str) -> String {
        match self {
            Self::Sphere => String::new(),
            Self::Flat => format!(" in ℝ{raised}"),
            Self::MeanShift => format!(", mean-shift in ℝ{raised}"),
            Self::Rescaled => format!(" in ℝ{raised}, rescaled"),
        }
    }
}

/// Whether everyone sees everyone, on the sphere, as in the paper's first equation.
#[must_use]
pub fn is_usual(mask: Mask, layer_norm: LayerNorm, space: Space) -> bool {
    (mask, layer_norm, space) == (Mask::None, LayerNorm::Post, Space::Sphere)
}

/// The name of a value in a list of names; the first stands for what is not written.
#[must_use]
pub fn name_in<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    (names.iter().find(|(_, other)| other == value)).map_or("", |(name, _)| name)
}

/// σ of the perceptron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(0, s).
    Relu,
    /// s Φ(s), Φ the normal distribution function.
    Gelu,
    /// tanh s.
    Tanh,
}

impl Activation {
    /// σ(s).
    #[must_use]
    pub(crate) fn of(self, s: f64) -> f64 {
        match self {
            Self::Relu => s.max(0.0),
            Self::Gelu => 0.5 * s * libm::erfc(-s * std::f64::consts::FRAC_1_SQRT_2),
            Self::Tanh => s.tanh(),
        }
    }
}

/// w σ(a x + b).
#[derive(Debug, Clone, PartialEq)]
pub struct Perceptron {
    /// σ.
    pub activation: Activation,
    /// a, m×d row by row.
    pub inner: Vec<f64>,
    /// b, m numbers.
    pub bias: Vec<f64>,
    /// w, d×m row by row.
    pub outer: Vec<f64>,
}

impl System {
    /// Attention with a zonal kernel on the sphere, and nothing else.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            heads: Vec::new(),
            mask: Mask::None,
            perceptron: None,
            layer_norm: LayerNorm::Post,
            space: Space::Sphere,
            frequencies: Vec::new(),
        }
    }

    /// Whether there is nothing beside the kernel (and natural frequencies): what [`super::Attention::is_zonal`] asks of a system.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.heads.is_empty()
            && self.perceptron.is_none()
            && is_usual(self.mask, self.layer_norm, self.space)
    }

    /// Whether V(x_j − x_i) is averaged and not Vx_j.
    #[must_use]
    pub(crate) fn averages_differences(&self) -> bool {
        matches!(self.space, Space::MeanShift | Space::Rescaled)
    }

    /// The left eigenvector of V for its largest eigenvalue, where there is one head and this is real, positive and simple: the
    /// normal of the hyperplanes of Table 1.
    #[must_use]
    pub fn leading_direction(&self, dimension: usize) -> Option<Vec<f64>> {
        let [head] = self.heads.as_slice() else {
            return None;
        };
        let d = dimension;
        let transposed = faer::Mat::from_fn(d, d, |i, j| head.value[j * d + i]);
        let eigen = transposed.eigen().ok()?;
        let values: Vec<(f64, f64)> = (0..d).map(|k| (eigen.S()[k].re, eigen.S()[k].im)).collect();
        let top = (0..d).max_by(|a, b| values[*a].0.total_cmp(&values[*b].0))?;
        let (real, imaginary) = values[top];
        let size = values.iter().fold(0.0_f64, |s, v| s.max(v.0.hypot(v.1)));
        let simple = (0..d).all(|k| k == top || values[k].0 < real - 1e-9 * size);
        if real <= 0.0 || imaginary.abs() > 1e-9 * size || !simple {
            return None;
        }
        let column: Vec<f64> = (0..d).map(|i| eigen.U()[(i, top)].re).collect();
        let length = column.iter().map(|a| a * a).sum::<f64>().sqrt();
        (length > 0.0).then(|| column.iter().map(|a| a / length).collect())
    }
}
