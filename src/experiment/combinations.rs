//! What of an experiment goes together: one row a rule, read when a file is read, for every `[[change]]` and every value of a sweep, and
//! before the dashboard changes a parameter.

use super::spec::{Change, Experiment, Solver, Weights, default_modes, default_noise_step};
use super::time::Scheme;
use crate::dynamics::system::{LayerNorm, Mask, Space};
use crate::dynamics::{Attention, Normalisation};
use crate::measure::Law;

/// Most tokens for doubly stochastic weights, which hold the n×n kernel.
pub(crate) const MOST_DOUBLY: usize = 8192;

/// Two things that do not go together.
#[derive(Debug)]
pub struct Rule {
    /// The dotted key that is in the way.
    pub key: &'static str,
    /// Whether an experiment breaks the rule.
    pub broken: fn(&Experiment) -> bool,
    /// What is wrong.
    pub message: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// All rules, in the order in which they are looked at.
pub(crate) static RULES: &[Rule] = &[
    Rule {
        key: "attention.interaction",
        broken: |e| e.attention.interaction.is_some() && !e.is_zonal(),
        message: "an interaction h(θ) stands for all of attention: it has no heads, masks, perceptron or other normalisation",
        remedy: "leave the other keys out",
    },
    Rule {
        key: "attention.normalisation",
        broken: |e| e.attention.interaction.is_some() && e.attention.normalisation.sums_to_one(),
        message: "an interaction h(θ) is summed over all tokens without normalisation",
        remedy: "leave it out, or say \"none\"",
    },
    Rule {
        key: "attention.mask",
        broken: |e| doubly(e) && e.system.mask == Mask::Causal,
        message: "no doubly stochastic matrix but the identity is causal",
        remedy: "use normalisation = \"softmax\"",
    },
    Rule {
        key: "attention.normalisation",
        broken: |e| doubly(e) && e.tokens.count > MOST_DOUBLY,
        message: "doubly stochastic weights of so many tokens do not fit into memory",
        remedy: "keep tokens.count ≤ 8192",
    },
    Rule {
        key: "attention.layer_norm",
        broken: |e| e.tokens.flat && e.system.layer_norm != LayerNorm::Post,
        message: "schemes of layer normalisation are for the sphere, and `space` is not",
        remedy: "leave one of them out",
    },
    Rule {
        key: "attention.space",
        broken: |e| rescaled(e) && (e.system.heads.len() > 1 || e.system.perceptron.is_some()),
        message: "the coordinates z = e^{−tV}x are those of one head without a perceptron",
        remedy: "use space = \"flat\"",
    },
    Rule {
        key: "attention.period",
        broken: |e| rescaled(e) && e.system.period.is_some(),
        message: "the coordinates z = e^{−tV}x are those of one V, and `period` draws others",
        remedy: "use space = \"flat\"",
    },
    Rule {
        key: "attention.normalisation",
        broken: |e| {
            matches!(e.system.space, Space::Rescaled | Space::MeanShift)
                && !e.attention.normalisation.sums_to_one()
        },
        message: "averages of V(x_j − x_i) need weights that sum to one",
        remedy: "use \"softmax\"",
    },
    Rule {
        key: "attention.layer_norm",
        broken: |e| e.system.layer_norm == LayerNorm::Peri && e.attention.normalisation.is_hard(),
        message: "hardmax attention of a lone token has no direction to normalise",
        remedy: "use \"post\" or \"pre\"",
    },
    Rule {
        key: "attention.beta",
        broken: |e| !e.attention.speed().is_finite(),
        message: "the speed e^|β| of USA overflows at this β",
        remedy: "with normalisation = \"none\" keep |β| ≤ 700, or use \"softmax\"",
    },
    Rule {
        key: "tokens.frequencies",
        broken: |e| e.tokens.frequencies.is_some() && (e.tokens.dimension != 2 || !e.is_zonal()),
        message: "natural frequencies turn the circle, where attention is a kernel",
        remedy: "set dimension = 2, and leave heads, masks and schemes out",
    },
    Rule {
        key: "tokens.frequencies",
        broken: |e| e.tokens.frequencies.is_some() && e.tokens.merge.is_some(),
        message: "tokens of different frequencies that meet do not stay together",
        remedy: "leave `merge` out",
    },
    Rule {
        key: "tokens.merge",
        broken: |e| e.tokens.merge.is_some() && !(e.attention.attracts() && e.is_zonal()),
        message: "tokens that meet stay together where Q = K = I and V is a positive multiple of I, and this system is another",
        remedy: "leave `merge` out",
    },
    Rule {
        key: "tokens.merge",
        broken: |e| e.tokens.merge.is_some() && e.time.scheme == Scheme::Layer,
        message: "tokens are merged by the adaptive scheme, and the scheme is \"layer\"",
        remedy: "leave `merge` out, or use scheme = \"adaptive\"",
    },
    Rule {
        key: "noise.diffusion",
        broken: |e| e.noise.diffusion > 0.0 && !e.system.takes_noise(),
        message: "noise is for tokens on the sphere without lengths of their own, or in ℝ^d without rescaling",
        remedy: "set noise.diffusion = 0",
    },
    Rule {
        key: "field.solver",
        broken: |e| carried(e) && e.noise.diffusion > 0.0,
        message: "markers are carried along the flow and cannot diffuse, and noise.diffusion is above 0",
        remedy: "use solver = \"spectral\" or \"zonal\", or no noise",
    },
    Rule {
        key: "field.solver",
        broken: |e| carried(e) && !(e.attention.attracts() && e.is_zonal()),
        message: "characteristics are for Q = K = I and V a positive multiple of I",
        remedy: "leave `solver` out",
    },
    Rule {
        key: "field.solver",
        broken: |e| {
            e.tokens.frequencies.is_some()
                && e.field.solver != Solver::Spectral
                && e.field.count.is_none()
        },
        message: "with natural frequencies there is a density for each of them, by Fourier series",
        remedy: "leave `solver` out, or use solver = \"tokens\"",
    },
    Rule {
        key: "field.nodes",
        broken: |e| e.field.nodes.is_some() && e.tokens.frequencies.is_none(),
        message: "nodes are the frequencies for which there is a density, and these tokens have none",
        remedy: "leave it out, or give tokens.frequencies",
    },
    Rule {
        key: "field.hand_over",
        broken: |e| carried(e) && !e.field.hand_over,
        message: "the solver \"characteristics\" starts with the hand-over",
        remedy: "leave `hand_over` out",
    },
    Rule {
        key: "pairs",
        broken: |e| e.pairs.is_some() && !hierarchy(e),
        message: "the hierarchy (8.1) is that of (USA) with β > 0 on the circle from independent uniform tokens, without noise",
        remedy: "set normalisation = \"none\", dimension = 2, initial = { law = \"uniform\" }, or leave [pairs] out",
    },
];

/// A key that was given and has no effect in this experiment: a note, not an error.
#[derive(Debug)]
pub(crate) struct Idle {
    /// The dotted key.
    pub key: &'static str,
    /// Whether it was set to something of its own and is not read.
    pub idle: fn(&Experiment) -> bool,
    /// Why.
    pub why: &'static str,
}

/// Keys that can be idle.
pub(crate) static IDLE: &[Idle] = &[
    Idle {
        key: "noise.step",
        idle: |e| {
            let noisy = |change: &Change| change.diffusion.is_some_and(|d| d > 0.0);
            let never = e.noise.diffusion == 0.0 && !e.changes.iter().any(noisy);
            never && e.noise.step != default_noise_step(e.attention)
        },
        why: "there is no noise",
    },
    Idle {
        key: "field.modes",
        idle: |e| !e.has_field() && e.field.modes != usual_modes(e).0,
        why: "there is no density",
    },
    Idle {
        key: "field.max_modes",
        idle: |e| !e.has_field() && e.field.max_modes != usual_modes(e).1,
        why: "there is no density",
    },
    Idle {
        key: "field.hand_over",
        idle: |e| !e.has_field() && !e.field.hand_over,
        why: "there is no density",
    },
    Idle {
        key: "time.tolerance",
        idle: |e| {
            e.time.scheme == Scheme::Layer
                && !e.has_field()
                && e.field.count.is_none()
                && e.time.tolerance != 1e-9
        },
        why: "layers have no tolerance, and there is no density",
    },
    Idle {
        key: "change.at",
        idle: |e| e.changes.iter().any(|change| change.at > e.time.last()),
        why: "a [[change]] after the last frame never comes",
    },
];

fn usual_modes(e: &Experiment) -> (usize, usize) {
    let carried = e.field.hand_over && e.noise.diffusion == 0.0;
    default_modes(e.field.solver, e.tokens.dimension, carried)
}

/// The first rule that an experiment breaks, as it starts.
#[must_use]
pub fn first_broken(experiment: &Experiment) -> Option<&'static Rule> {
    RULES.iter().find(|rule| (rule.broken)(experiment))
}

/// A system whose weights are no kernel's stays what it is.
static ITS_OWN: Rule = Rule {
    key: "attention.normalisation",
    broken: |e| !e.attention.normalisation.is_of_kernel(),
    message: "this system has a normalisation of its own",
    remedy: "leave it as it is",
};

/// Why a run of the experiment cannot take a change, if it cannot.
#[must_use]
pub(crate) fn refusal(experiment: &Experiment, change: &Change) -> Option<&'static Rule> {
    (change.normalisation.is_some() && (ITS_OWN.broken)(experiment))
        .then_some(&ITS_OWN)
        .or_else(|| first_broken(&changed(experiment, change)))
}

/// The experiment as it would be after a change. The equations of pairs are those of the start and end with a change, so that no rule
/// about them is broken by one.
#[must_use]
pub fn changed(experiment: &Experiment, change: &Change) -> Experiment {
    let mut other = experiment.clone();
    other.attention.beta = change.beta.unwrap_or(other.attention.beta);
    other.attention.normalisation = change
        .normalisation
        .unwrap_or(other.attention.normalisation);
    other.noise.diffusion = change.diffusion.unwrap_or(other.noise.diffusion);
    other.pairs = None;
    // markers are lost to noise with its time and its reason
    if other.field.solver != Solver::None {
        other.field.solver = Solver::default_for(other.tokens.dimension);
    }
    other.field.count = None;
    other
}

fn doubly(e: &Experiment) -> bool {
    e.attention.normalisation.is_doubly_stochastic()
}

fn rescaled(e: &Experiment) -> bool {
    e.system.space == Space::Rescaled
}

fn carried(e: &Experiment) -> bool {
    e.field.solver == Solver::Characteristics
}

/// Whether (8.1) holds.
fn hierarchy(e: &Experiment) -> bool {
    let usa = Attention::new(e.attention.beta, Normalisation::None);
    let tokens = &e.tokens;
    e.attention == usa
        && e.attention.beta > 0.0
        && e.is_zonal()
        && tokens.dimension == 2
        && tokens.count >= 2
        && tokens.initial == Law::Uniform
        && tokens.weights == Weights::EQUAL
        && tokens.merge.is_none()
        && tokens.encoding.is_none()
        && tokens.frequencies.is_none()
        && e.noise.diffusion == 0.0
}
