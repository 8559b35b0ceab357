//! The curves that theory offers for the start of an experiment, to be drawn over the measurement.

use crate::dynamics::Attention;
use crate::dynamics::system::LayerNorm;
use crate::experiment::TimeSpec;
use crate::experiment::spec::{Experiment, FieldInitial, Source, Weights};
use crate::experiment::system::SystemSpec;
use crate::measure::{Bodies, Law};
use crate::observe::FieldSide;
use crate::observe::table::{OBSERVABLES, column};
use crate::snapshot::view::{Holds, Prediction};
use crate::theory;
use crate::theory::optimal::Optimum;
use crate::theory::transition::FrequencyLaw;

/// Most points of a curve.
const POINTS: usize = 601;
/// A perturbation counts as small up to here.
const SMALL: f64 = 0.25;

/// All curves for this experiment, whose density at t = 0 is `field`.
#[must_use]
pub(crate) fn predictions(experiment: &Experiment, field: Option<&FieldSide>) -> Vec<Prediction> {
    let times = times(&experiment.time);
    [
        ott_antonsen(experiment, &times),
        equiangular(experiment, &times),
        pair(experiment, &times),
        layer_norm(experiment, &times),
        locked(experiment, &times),
        optimum(experiment, &times),
        field.and_then(|field| linear(experiment, field, &times)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The times of at most `POINTS` frames, evenly spread: a curve is compared where a frame is.
fn times(spec: &TimeSpec) -> Vec<f64> {
    let points = spec.recorded().clamp(2, POINTS);
    let last = spec.recorded().max(2) - 1;
    (0..points)
        .map(|j| spec.frame(j * last / (points - 1)))
        .collect()
}

/// β = 0 from a Poisson kernel.
fn ott_antonsen(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let Law::Poisson { weight, .. } = experiment.tokens.initial else {
        return None;
    };
    let exact = FieldInitial::From {
        from: Source::Law,
        smoothing: 0.0,
    };
    let applies = experiment.has_field()
        && experiment.field.initial == exact
        && experiment.attention == Attention::new(0.0, experiment.attention.normalisation)
        && experiment.tokens.frequencies.is_none()
        && experiment.noise.diffusion == 0.0;
    let dimension = experiment.tokens.dimension;
    let label = if dimension == 2 {
        "Ott–Antonsen"
    } else {
        "Poisson kernel"
    };
    applies.then(|| Prediction {
        observable: "field_order_1",
        label: label.into(),
        curve: theory::kuramoto::order_parameter(dimension, weight, times),
        holds: Holds::Throughout,
    })
}

/// The energy of the configuration that repulsive attention is after.
fn optimum(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let (tokens, attention) = (&experiment.tokens, experiment.attention);
    let repulsive =
        attention.value < 0.0 && attention.beta > 0.0 && attention.interaction.is_none();
    if !repulsive || tokens.flat || tokens.weights != Weights::EQUAL || !experiment.is_zonal() {
        return None;
    }
    let optimum = Optimum::known(tokens.dimension, tokens.count)?;
    let energy = optimum.energy(attention.beta, tokens.dimension, tokens.count);
    Some(Prediction {
        observable: "tokens_energy",
        label: optimum.name().into(),
        curve: times.iter().map(|t| (*t, energy)).collect(),
        holds: Holds::InTheEnd,
    })
}

/// Kuramoto's order parameter: the transient of Lorentz frequencies, the stationary branch of the others.
fn locked(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let law = experiment.tokens.frequencies.as_ref()?.law()?;
    let attention = experiment.attention;
    let sine = match &attention.interaction {
        None => 1.0,
        Some(interaction) if interaction.list().len() == 1 => interaction.coefficients[0],
        Some(_) => return None,
    };
    if attention.beta != 0.0 || experiment.noise.diffusion > 0.0 {
        return None;
    }
    let coupling = attention.value * sine;
    let start = match experiment.tokens.initial {
        Law::Poisson { weight, .. } if weight > 0.0 => Some(weight),
        _ => None,
    };
    let (label, curve, holds) = match (law, start) {
        (FrequencyLaw::Lorentz { width }, Some(start)) => {
            let r = |t: &f64| theory::transition::lorentz_transient(width, coupling, start, *t);
            let curve = times.iter().map(|t| (*t, r(t))).collect();
            ("Ott–Antonsen", curve, Holds::Throughout)
        }
        _ => {
            let r = theory::transition::order_parameter(law, coupling);
            let curve = times.iter().map(|t| (*t, r)).collect();
            ("stationary r(K)", curve, Holds::InTheEnd)
        }
    };
    Some(Prediction {
        observable: "field_order_1",
        label: label.into(),
        curve,
        holds,
    })
}

/// Equiangular tokens under a scheme of layer normalisation.
fn layer_norm(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let system = &experiment.system;
    let plain = SystemSpec {
        layer_norm: LayerNorm::Post,
        ..system.clone()
    };
    let softmax = experiment.attention.normalisation.sums_to_one();
    if system.layer_norm == LayerNorm::Post
        || !plain.is_plain()
        || !softmax
        || experiment.time.step.is_some()
    {
        return None;
    }
    let (scheme, count) = (system.layer_norm, experiment.tokens.count);
    let start = cosine(experiment)?;
    let curve =
        theory::layer_norm::curve(experiment.attention, scheme, count, start, times).ok()?;
    Some(Prediction {
        observable: "tokens_gap",
        label: "equiangular".into(),
        curve: times
            .iter()
            .zip(curve)
            .map(|(t, (gap, _))| (*t, gap))
            .collect(),
        holds: Holds::Throughout,
    })
}

/// ⟨x_i,x_j⟩ of a start with equal inner products.
pub(crate) fn cosine(experiment: &Experiment) -> Option<f64> {
    let count = experiment.tokens.count as f64;
    match experiment.tokens.initial {
        _ if experiment.tokens.encoding.is_some() || count < 2.0 => None,
        Law::Orthogonal => Some(0.0),
        Law::Simplex => Some(-1.0 / (count - 1.0)),
        Law::Equiangular { cosine } => Some(cosine),
        _ => None,
    }
}

/// Theorem 6.8 for tokens that start with equal inner products.
fn equiangular(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let count = experiment.tokens.count;
    let start = cosine(experiment)?;
    if experiment.noise.diffusion > 0.0 || !experiment.is_zonal() || experiment.time.step.is_some()
    {
        return None;
    }
    let gamma = theory::equiangular::curve(experiment.attention, count, start, times).ok()?;
    let order = |(t, g): (&f64, f64)| (*t, theory::equiangular::order_parameter(count, g));
    Some(Prediction {
        observable: "tokens_order_1",
        label: "Theorem 6.8".into(),
        curve: times.iter().zip(gamma).map(order).collect(),
        holds: Holds::Throughout,
    })
}

/// The gap of two weighted tokens, down to where they are merged or to rounding.
fn pair(experiment: &Experiment, times: &[f64]) -> Option<Prediction> {
    let spec = &experiment.tokens;
    if spec.count != 2
        || !experiment.attention.attracts()
        || experiment.noise.diffusion > 0.0
        || experiment.time.step.is_some()
    {
        return None;
    }
    let start = Bodies::new(spec.particles());
    let weights = &start.particles.weights;
    let (from, to) = (start.gap(0, 1), 0.5 * spec.merge.unwrap_or(1e-7).powi(2));
    if !(to < from && from < 2.0) {
        return None;
    }
    let masses = [weights[0], weights[1]];
    let attention = experiment.attention;
    let mut curve = theory::pair::approach(attention, masses, from, to);
    // at the frames it is held to its word, between them it is drawn
    let frames = theory::pair::gaps_at(attention, masses, &curve, times);
    curve.extend(frames);
    curve.retain(|(time, _)| *time <= experiment.time.last());
    curve.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    Some(Prediction {
        observable: "tokens_closest",
        label: "two clusters".into(),
        curve,
        holds: Holds::Throughout,
    })
}

/// |m_ℓ(0)|e^{g_ℓ t} for the most unstable degree while it is small: linear stability of the uniform law.
fn linear(experiment: &Experiment, field: &FieldSide, times: &[f64]) -> Option<Prediction> {
    if experiment.tokens.frequencies.is_some() || !experiment.is_zonal() {
        return None;
    }
    let (attention, diffusion) = (experiment.attention, experiment.noise.diffusion);
    let dimension = experiment.tokens.dimension;
    let degree = theory::most_unstable_degree(attention, dimension, diffusion);
    let observable = OBSERVABLES[column(&format!("field_order_{degree}"))?].name;
    let start = *field.orders.get(degree.checked_sub(1)?)?;
    let largest = field.orders.iter().copied().fold(0.0, f64::max);
    if start < 1e-14 || largest > SMALL {
        return None;
    }
    let rate = theory::growth_rate(attention, dimension, diffusion, degree);
    let curve = times
        .iter()
        .map(|t| (*t, start * (rate * t).exp()))
        .take_while(|(_, value)| *value < SMALL)
        .collect();
    Some(Prediction {
        observable,
        label: format!("e^(g_{degree} t)"),
        curve,
        holds: Holds::UpTo(0.4 * SMALL),
    })
}
