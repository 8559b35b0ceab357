//! Every key of an experiment, a row each: reading, `--set`, suggestions, the message about a range, and `metastable keys` come from the rows.

use serde::Serialize;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Kind {
    /// A finite number in this range.
    Number {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// A whole number in this range.
    Whole {
        /// The least.
        low: i64,
        /// The most.
        high: i64,
    },
    /// true or false.
    Flag,
    /// Any text.
    Text,
    /// One of these words.
    Word {
        /// The words.
        words: &'static [&'static str],
    },
    /// What the row says in words: lists, tables, files, or several of these.
    Other {
        /// The forms.
        forms: &'static str,
    },
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Key {
    /// The table it stands in; empty for the top of the file.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    #[serde(flatten)]
    pub kind: Kind,
    /// What is taken where it is not given; empty where it then does not apply, or must be given.
    pub default: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
}

/// The sections in the order of a file.
pub(crate) const SECTIONS: [&str; 10] = [
    "tokens",
    "attention",
    "noise",
    "field",
    "observe",
    "time",
    "change",
    "caption",
    "sweep",
    "pairs",
];

/// The pages of the dashboard, as captions name them.
pub(crate) const PAGES: [&str; 9] = [
    "run",
    "spectrum",
    "space–time",
    "attention",
    "staircase",
    "products",
    "pairs",
    "values",
    "sweep",
];

const TINY: f64 = f64::MIN_POSITIVE;
const HUGE: f64 = f64::MAX;

const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key {
        section,
        name,
        kind,
        default,
        about,
    }
}

const fn number(low: f64, high: f64) -> Kind {
    Kind::Number { low, high }
}

const fn whole(low: i64, high: i64) -> Kind {
    Kind::Whole { low, high }
}

const fn word(words: &'static [&'static str]) -> Kind {
    Kind::Word { words }
}

const fn other(forms: &'static str) -> Kind {
    Kind::Other { forms }
}

use Kind::{Flag, Text};

/// All keys.
#[rustfmt::skip]
pub static KEYS: &[Key] = &[
    key("", "title", Text, "untitled", "what the run is called on screen and in its report"),
    key("", "section", Text, "", "where in the paper a preset belongs"),
    key("", "about", Text, "", "what a preset shows"),
    key("tokens", "count", whole(1, 1 << 30), "64", "n, the number of tokens"),
    key("tokens", "dimension", whole(2, 1 << 20), "2", "d: tokens live on S^{d−1}, or in ℝ^d"),
    key("tokens", "seed", whole(0, i64::MAX), "0", "the seed of everything that is drawn"),
    key("tokens", "initial", other("{ law = …, … }"), "{ law = \"uniform\" }", "the law that tokens are drawn from, points, or a file"),
    key("tokens", "weights", other("\"equal\", \"exponential\" or a list"), "equal", "the mass of each token, scaled to sum to 1"),
    key("tokens", "merge", number(1e-13, 1e-2), "", "the chord below which tokens that meet become one"),
    key("tokens", "encoding", other("{ kind, base, scale }"), "", "positional encodings added at t = 0 (Remark 3.2)"),
    key("tokens", "frequencies", other("{ law, width, random }, a list or { path }"), "", "natural frequencies ω_i on the circle (7.2)"),
    key("tokens", "replay", Text, "", "a .npy file layers×n×d that is shown layer by layer in place of motion (Fig. 1)"),
    key("attention", "beta", number(-700.0, 1e6), "", "β, the inverse temperature; must be given, or gamma, or interaction"),
    key("attention", "gamma", number(0.0, 1e4), "", "β = γ ln n"),
    key("attention", "normalisation", word(&["softmax", "none", "sinkhorn", "hardmax"]), "softmax", "how weights come from the kernel: (SA), (USA), doubly stochastic, argmax"),
    key("attention", "marginal_error", number(1e-15, 1e-3), "1e-12", "largest error of a row's or column's sum of doubly stochastic weights"),
    key("attention", "tie", number(0.0, 0.1), "1e-9", "logits this near to the largest, relative to it, tie in hardmax attention"),
    key("attention", "value", other("a number, a diagonal, rows, { path } or { random }"), "1.0", "V"),
    key("attention", "query", other("a number, a diagonal, rows, { path } or { random }"), "", "Q"),
    key("attention", "key", other("a number, a diagonal, rows, { path } or { random }"), "", "K"),
    key("attention", "query_key", other("a number, a diagonal, rows, { path } or { random }"), "", "QᵀK in place of both"),
    key("attention", "heads", whole(1, 1024), "1", "heads with matrices drawn alike"),
    key("attention", "head", other("[[attention.head]] tables"), "", "heads one by one"),
    key("attention", "period", number(TINY, HUGE), "", "random matrices are drawn again after every time of this length"),
    key("attention", "interaction", other("a list a_1, a_2, …"), "", "h(θ) = Σ a_k cos kθ on the circle in place of the kernel (7.5)"),
    key("attention", "mask", word(&["none", "causal"]), "none", "who may attend to whom"),
    key("attention", "layer_norm", word(&["post", "pre", "mix", "peri", "ngpt", "ln-scaling"]), "post", "the scheme of layer normalisation"),
    key("attention", "until", number(0.0, HUGE), "", "when layer_norm = \"mix\" goes from Post to Pre"),
    key("attention", "alpha", number(TINY, 1e6), "1.0", "α of layer_norm = \"ngpt\""),
    key("attention", "space", word(&["sphere", "flat", "mean-shift", "rescaled"]), "sphere", "where tokens live: S^{d−1}, ℝ^d (9.1), mean-shift, z = e^{−tV}x (9.3)"),
    key("attention", "perceptron", other("{ activation, width, inner, bias, outer }"), "", "w σ(ax + b), added to the attention (2.8)"),
    key("noise", "diffusion", number(0.0, HUGE), "0.0", "D: dx = drift dt + √(2D) P∘dW, and DΔρ in the continuum"),
    key("noise", "step", number(TINY, 1.0), "", "the step of the tokens' stochastic scheme; from β where it is not given"),
    key("field", "solver", word(&["spectral", "zonal", "characteristics", "tokens", "none"]), "", "how the density is carried: spectral for d ≤ 3, zonal above where nothing is said; none runs the tokens alone"),
    key("field", "count", whole(1, 1 << 24), "", "N tokens of the reference run of solver = \"tokens\""),
    key("field", "initial", other("{ from, smoothing } or a law"), "{ from = \"law\" }", "where the density starts"),
    key("field", "modes", other("a whole number from 4"), "", "modes to start with"),
    key("field", "max_modes", other("a whole number from 4, at least modes"), "", "modes beyond which the density is handed over, or lost"),
    key("field", "hand_over", Flag, "true", "whether characteristics take over where modes run out (D = 0)"),
    key("field", "nodes", whole(2, 1 << 16), "", "J frequencies for each of which there is a density"),
    key("observe", "cluster_width", number(1e-3, 1.0), "0.1", "the angle in radians at which clusters are told apart"),
    key("observe", "delta", number(1e-15, 2.0), "1e-3", "δ: tokens with ⟨x_i,x_j⟩ ≥ 1 − δ count as near (Fig. 3)"),
    key("time", "end", number(TINY, HUGE), "", "the last time; must be given"),
    key("time", "frames", whole(2, 10_000_000), "301", "recorded frames from 0 to end"),
    key("time", "last_frame", whole(0, 10_000_000), "", "the index of the last frame to record, before or past end"),
    key("time", "spacing", word(&["linear", "log"]), "linear", "how frames are spaced"),
    key("time", "first", number(TINY, HUGE), "0.1", "the first time after 0 of a logarithmic spacing"),
    key("time", "tolerance", number(1e-15, 0.1), "1e-9", "bound on the estimated error of every number in every step"),
    key("time", "scheme", word(&["adaptive", "layer"]), "adaptive", "continuous time, or discrete layers x ← normalise(x + η·attention) (2.1)"),
    key("time", "step", number(TINY, HUGE), "0.1", "η of a layer"),
    key("time", "residual", Flag, "true", "whether a layer adds to the tokens or replaces them"),
    key("change", "at", number(0.0, HUGE), "", "the time from which on [[change]] holds; must be given"),
    key("change", "beta", number(-700.0, 1e6), "", "other β"),
    key("change", "normalisation", word(&["softmax", "none"]), "", "other normalisation"),
    key("change", "diffusion", number(0.0, HUGE), "", "other D"),
    key("caption", "at", number(0.0, HUGE), "", "the time from which on a [[caption]] stands on the screen; or event"),
    key("caption", "event", word(&["merge", "hand-over", "lost", "end"]), "", "what it waits for instead: fewer clusters, markers, a lost density, the end"),
    key("caption", "text", Text, "", "what it says; must be given"),
    key("caption", "page", word(&PAGES), "", "the page of the dashboard that it is about, which a tour opens"),
    key("sweep", "realisations", whole(1, 1 << 40), "1", "R, independent runs in every cell; their seeds follow from tokens.seed"),
    key("sweep", "observables", other("a list of columns of metrics.csv"), "[\"tokens_order_1\"]", "what is measured"),
    key("sweep", "observable", Text, "", "one column in place of a list"),
    key("sweep", "statistics", other("a list of \"mean\", \"standard_error\", \"quantiles\""), "all three", "what is kept of the realisations"),
    key("sweep", "frames", word(&["all", "last", "average"]), "all", "which frames of a run are kept; with one axis in [sweep] itself \"average\" where nothing is said"),
    key("sweep", "average", number(0.0, 1.0), "0.5", "the share of the frames, the last ones, over which frames = \"average\" averages"),
    key("sweep", "axis", other("[[sweep.axis]] tables"), "", "the axes, none to four"),
    key("sweep", "quick", other("a table"), "", "what --quick makes of it"),
    key("sweep", "key", Text, "", "the key of a single axis, without [[sweep.axis]]"),
    key("sweep", "from", number(-HUGE, HUGE), "", "its first value"),
    key("sweep", "to", number(-HUGE, HUGE), "", "its last value"),
    key("sweep", "points", whole(1, 10_000_000), "25", "how many values, equally spaced"),
    key("sweep.axis", "key", Text, "", "the dotted key that varies along the axis; must be given, or keys"),
    key("sweep.axis", "keys", other("a list of dotted keys"), "", "keys that move together, each with its place in the rows of values"),
    key("sweep.axis", "from", number(-HUGE, HUGE), "", "the first value"),
    key("sweep.axis", "to", number(-HUGE, HUGE), "", "the last value"),
    key("sweep.axis", "points", whole(1, 10_000_000), "25", "how many values"),
    key("sweep.axis", "spacing", word(&["linear", "log"]), "linear", "equal steps, or equal ratios"),
    key("sweep.axis", "values", other("a list of numbers, words or flags; of rows with keys"), "", "the values one by one, in place of a range"),
    key("sweep.quick", "realisations", whole(1, 1 << 40), "a sixteenth", "realisations at most with --quick"),
    key("sweep.quick", "points", whole(1, 10_000_000), "10", "points of an axis at most with --quick: of a range over the same range, of a list the first ones"),
    key("pairs", "runs", whole(2, 1 << 20), "256", "R, the runs of the ensemble beside (8.1)"),
    key("pairs", "closures", other("a list of \"mean-field\", \"kirkwood\", \"gaussian\""), "all three", "the closures of the hierarchy"),
    key(LAW, "law", Text, "", "the law by its name, with the keys that are its own; must be given"),
    key(LAW, "cosine", other("a number from -1 to 1, or a list"), "", "equiangular: ⟨x_i,x_j⟩; harmonics: a_1, a_2, … of 1 + Σ a_k cos kθ"),
    key(LAW, "sine", other("a list"), "", "harmonics: b_1, b_2, … of Σ b_k sin kθ"),
    key(LAW, "terms", other("a list of { degree, order, amplitude }"), "", "harmonics on S²: the terms beside 1"),
    key(LAW, "coefficients", other("a list"), "", "zonal: of the normalised Gegenbauer polynomials of ⟨x,axis⟩, from degree 1"),
    key(LAW, "axis", other("a direction; on the circle also an angle"), "the last axis", "zonal, poisson: what the law is symmetric about"),
    key(LAW, "mean", other("a direction, in ℝ^d a point"), "the last axis, in ℝ^d 0", "von-mises-fisher, gaussian: the mean"),
    key(LAW, "concentration", number(0.0, 1e8), "", "von-mises-fisher, clusters: κ of e^{κ⟨x,mean⟩}"),
    key(LAW, "weight", number(0.0, 0.999_999), "", "poisson: w of (1 − w²)/|x − w axis|^d; above the circle at most 0.999"),
    key(LAW, "count", whole(1, 1 << 20), "", "clusters: how many, drawn at random"),
    key(LAW, "means", other("a list of directions"), "", "mixture: the means"),
    key(LAW, "concentrations", other("a list of numbers from 0 to 1e8"), "", "mixture: κ of each mean"),
    key(LAW, "masses", other("a list of positive numbers"), "equal ones", "mixture, clusters: the share of each, scaled to sum to 1"),
    key(LAW, "width", number(TINY, 1e150), "1.0", "box: the side of the cube about 0"),
    key(LAW, "covariance", other("a number, a diagonal or rows"), "1.0", "gaussian: symmetric and positive definite"),
    key(LAW, "points", other("a list of points; on the circle also angles"), "", "points: the tokens themselves"),
    key(LAW, "path", Text, "", "file: a .npy or .csv file with a row a token"),
    key(LAW, "weights", Text, "", "file: a second file with the mass of each token"),
    key("tokens.encoding", "kind", word(&["sinusoidal", "random"]), "", "how the positions are encoded; must be given"),
    key("tokens.encoding", "base", number(1.0, 1e12), "1e4", "the base of the sinusoidal frequencies"),
    key("tokens.encoding", "scale", number(TINY, 1e6), "1.0", "what the encoding is multiplied by"),
    key("tokens.frequencies", "law", word(&["lorentz", "gaussian", "uniform"]), "", "the law of ω; must be given where no file is"),
    key("tokens.frequencies", "width", number(TINY, 1e6), "", "its width; must be given with it"),
    key("tokens.frequencies", "random", Flag, "false", "whether ω_i are drawn, in place of the quantiles"),
    key("tokens.frequencies", "path", Text, "", "a file with a number a token"),
    key("attention.head", "query", other("as attention.query"), "", "Q of this head"),
    key("attention.head", "key", other("as attention.key"), "", "K of this head"),
    key("attention.head", "query_key", other("as attention.query_key"), "", "QᵀK in place of both"),
    key("attention.head", "value", other("a matrix, \"tied\" or { tied = factor }"), "1.0", "V of this head; tied to its QᵀK"),
    key("attention.perceptron", "activation", word(&["relu", "gelu", "tanh"]), "", "σ; must be given"),
    key("attention.perceptron", "width", whole(1, 1 << 16), "", "m, the hidden units; d where nothing is said"),
    key("attention.perceptron", "inner", other("a matrix"), "", "a, m×d; must be given where m is not d"),
    key("attention.perceptron", "bias", other("a list of m numbers"), "zeros", "b"),
    key("attention.perceptron", "outer", other("a matrix"), "", "w, d×m; must be given where m is not d"),
    key("field.initial", "from", word(&["law", "empirical"]), "law", "the law of the tokens, or the tokens themselves"),
    key("field.initial", "smoothing", number(0.0, 100.0), "", "the time of heat flow that makes a density of points, in place of a law of its own"),
];

/// Where the keys of a law stand; a law can stand in field.initial too.
const LAW: &str = "tokens.initial";

/// Every law by its name, and the keys that are its own.
pub static LAWS: &[(&str, &[&str])] = &[
    ("uniform", &[]),
    ("harmonics", &["cosine", "sine", "terms"]),
    ("zonal", &["coefficients", "axis"]),
    ("von-mises-fisher", &["concentration", "mean"]),
    ("poisson", &["weight", "axis"]),
    ("mixture", &["means", "concentrations", "masses"]),
    ("clusters", &["count", "concentration", "masses"]),
    ("hemisphere", &[]),
    ("orthogonal", &[]),
    ("simplex", &[]),
    ("equiangular", &["cosine"]),
    ("gaussian", &["mean", "covariance"]),
    ("box", &["width"]),
    ("points", &["points"]),
    ("file", &["path", "weights"]),
];

impl Key {
    /// The dotted key.
    #[must_use]
    pub fn dotted(&self) -> String {
        if self.section.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.section, self.name)
        }
    }
}

/// The row of a key.
pub(crate) fn row(section: &str, name: &str) -> Option<&'static Key> {
    let of = |section: &str| (KEYS.iter()).find(|key| key.section == section && key.name == name);
    of(section).or_else(|| (section == "field.initial").then(|| of(LAW)).flatten())
}

/// The names in a section.
pub(super) fn names(section: &str) -> Vec<&'static str> {
    (KEYS.iter().filter(|key| key.section == section))
        .map(|key| key.name)
        .collect()
}

/// The full dotted key that `key` means: itself, or the only key that ends in it; else all that do.
pub(super) fn full_key(key: &str) -> Result<String, Vec<String>> {
    if key.contains('.') || row("", key).is_some() {
        return Ok(key.to_owned());
    }
    let fits: Vec<String> = (KEYS.iter())
        .filter(|row| {
            SECTIONS.contains(&row.section) && !["change", "caption"].contains(&row.section)
        })
        .filter(|row| row.name == key)
        .map(Key::dotted)
        .collect();
    // a run's own key before one of a family of runs
    let own: Vec<&String> = fits
        .iter()
        .filter(|key| !key.starts_with("sweep."))
        .collect();
    match fits.as_slice() {
        [one] => Ok(one.clone()),
        _ if own.len() == 1 => Ok(own[0].clone()),
        // n is what a count means where nothing else is said
        [first, ..] if first == "tokens.count" => Ok(first.clone()),
        [] => Ok(key.to_owned()),
        _ => Err(fits),
    }
}

/// All keys as text: a line each, by section.
#[must_use]
pub fn listing() -> String {
    use std::fmt::Write;
    let width = KEYS.iter().map(|key| key.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut section = None;
    for key in KEYS {
        if section != Some(key.section) {
            let gap = if section.is_some() { "\n" } else { "" };
            let title = match key.section {
                "" => "top of the file".to_owned(),
                "change" | "caption" | "attention.head" => format!("[[{}]]", key.section),
                LAW => format!("[{LAW}], a law; as [field.initial] too"),
                name => format!("[{name}]"),
            };
            let _ = writeln!(text, "{gap}{title}");
            section = Some(key.section);
        }
        let takes = key.kind.to_string();
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!(", {} if nothing is said", key.default)
        };
        let _ = writeln!(
            text,
            "  {:<width$}  {}: {takes}{default}",
            key.name, key.about
        );
    }
    text
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Number { low, high } => {
                let words = range(low, high);
                let number = if words.starts_with("a finite") {
                    ""
                } else {
                    "a number "
                };
                write!(f, "{number}{words}")
            }
            Self::Whole { low, high } => write!(f, "a whole number from {low} to {high}"),
            Self::Flag => f.write_str("true or false"),
            Self::Text => f.write_str("text"),
            Self::Word { words } => f.write_str(&words.join(" | ")),
            Self::Other { forms } => f.write_str(forms),
        }
    }
}

/// A range of numbers in words.
pub(super) fn range(low: f64, high: f64) -> String {
    let written = |number: f64| {
        if number != 0.0 && !(1e-4..1e15).contains(&number.abs()) {
            format!("{number:e}")
        } else {
            number.to_string()
        }
    };
    if high >= 1e300 && low <= -1e300 {
        "a finite number".into()
    } else if high >= 1e300 && low > 0.0 && low < 1e-200 {
        "a finite number greater than 0".into()
    } else if high >= 1e300 {
        format!("a finite number, at least {}", written(low))
    } else if low > 0.0 && low < 1e-200 {
        format!("greater than 0 and at most {}", written(high))
    } else {
        format!("between {} and {}", written(low), written(high))
    }
}

/// What is asked of a number in this range: "it must lie between 0 and 1".
#[must_use]
pub(crate) fn must(low: f64, high: f64) -> String {
    let words = range(low, high);
    let verb = if words.starts_with("between") {
        "lie"
    } else {
        "be"
    };
    format!("it must {verb} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;
    use crate::dynamics::system::{LayerNorm, Mask, Space};

    #[test]
    fn words_are_the_names_of_the_values_and_rows_are_there_once() {
        let normalisations: Vec<&str> = (Normalisation::NAMES.iter())
            .map(|(name, _)| *name)
            .collect();
        let words = |name: &str| match row("attention", name).unwrap().kind {
            Kind::Word { words } => words.to_vec(),
            kind => panic!("{name} takes {kind}"),
        };
        let masks: Vec<&str> = Mask::NAMES.iter().map(|(name, _)| *name).collect();
        let schemes: Vec<&str> = LayerNorm::NAMES.iter().map(|(name, _)| *name).collect();
        let spaces: Vec<&str> = Space::NAMES.iter().map(|(name, _)| *name).collect();
        assert_eq!(words("normalisation"), normalisations);
        assert_eq!(words("mask"), masks);
        assert_eq!(words("layer_norm"), schemes);
        assert_eq!(words("space"), spaces);
        for (index, key) in KEYS.iter().enumerate() {
            assert!(
                KEYS[..index]
                    .iter()
                    .all(|other| other.dotted() != key.dotted())
            );
            let nested = (key.section.split_once('.'))
                .is_some_and(|(section, table)| row(section, table).is_some());
            assert!(key.section.is_empty() || nested || SECTIONS.contains(&key.section));
        }
    }
}
