//! What theory says of a sweep: curves against an axis, and lines across a diagram of time and an axis.

use super::plan::Plan;
use crate::dynamics::Attention;
use crate::experiment::Experiment;
use crate::experiment::frequencies::Frequencies;
use crate::experiment::spec::Weights;
use crate::experiment::sweep::{Axis, Points};
use crate::measure::Law;
use crate::sphere::gegenbauer::multiplicity_ratio;
use crate::theory;

/// Points of a curve.
const CURVE: usize = 241;

/// A prediction: its name with its source, and its curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// In a few words.
    pub label: &'static str,
    /// Against the axis; across a diagram (t, value of the axis).
    pub curve: Vec<(f64, f64)>,
}

/// What is said of an observable: curves against the only axis at the last frame, without an axis against time, or with time beside one axis lines
/// across their diagram.
#[must_use]
pub fn of(plan: &Plan, observable: &str) -> Vec<Predicted> {
    match (plan.spec.axes.as_slice(), plan.times()) {
        ([axis], None) => against_axis(&plan.base, axis, observable),
        ([], Some(times)) => against_time(&plan.base, times, observable),
        ([axis], Some(_)) => across_diagram(&plan.base, axis, observable),
        _ => Vec::new(),
    }
}

// long: one prediction after another
fn against_axis(base: &Experiment, axis: &Axis, observable: &str) -> Vec<Predicted> {
    let (attention, tokens) = (base.attention, &base.tokens);
    let places = places(axis);
    let curve = |label: &'static str, f: &dyn Fn(f64) -> f64| Predicted {
        label,
        curve: places.iter().map(|x| (*x, f(*x))).collect(),
    };
    let order = matches!(observable, "tokens_order_1" | "field_order_1");
    let (noise, end) = (base.noise.diffusion, base.time.last());
    let uniform = tokens.initial == Law::Uniform && tokens.weights == Weights::EQUAL;
    let law = tokens.frequencies.as_ref().and_then(Frequencies::law);
    let of_kernel = base.is_zonal() && attention.interaction.is_none();
    match (axis.name(), law) {
        ("attention.value", Some(law)) if order && attention.beta == 0.0 && noise == 0.0 => {
            let r = |k: f64| theory::transition::order_parameter(law, k);
            vec![curve("stationary r(K)", &r)]
        }
        ("attention.gamma", None) if observable == "tokens_cosine" => {
            let one_layer = !base.time.residual && base.time.recorded() == 2;
            let Some(rho) = crate::run::cosine(base).filter(|_| one_layer) else {
                return Vec::new();
            };
            let n = tokens.count as f64;
            let cosine = |gamma: f64| theory::long_context::output_cosine(n, gamma, rho);
            vec![
                curve("one layer, this n", &cosine),
                Predicted {
                    label: "n → ∞, with a jump at γ = 1/(1 − ρ)",
                    curve: limit_of_long_contexts(&places, rho),
                },
            ]
        }
        ("attention.beta", None)
            if observable == "tokens_clusters" && uniform && of_kernel && tokens.dimension == 2 =>
        {
            vec![
                curve("√(2β), the fastest mode", &|beta| (2.0 * beta).sqrt()),
                curve("√(1.5β), maxima of Z_n", &|beta| (1.5 * beta).sqrt()),
            ]
        }
        ("tokens.count", None)
            if observable == "discrepancy" && uniform && of_kernel && noise == 0.0 =>
        {
            let root = |n: f64| squared_discrepancy(base, n, end).sqrt();
            vec![curve("√E[discrepancy²], linear about uniform", &root)]
        }
        ("tokens.count", None)
            if observable == "wasserstein"
                && uniform
                && of_kernel
                && noise == 0.0
                && tokens.dimension == 2 =>
        {
            let bound = |n: f64| mean_distance_bound(base, n, end);
            vec![curve("E W₁ ≤ 2√(2π Var F), linear about uniform", &bound)]
        }
        ("tokens.dimension", None) if observable == "tokens_hemisphere" && uniform => {
            vec![curve("Wendel at t = 0", &|d| {
                wendel(tokens.count, d.round() as usize)
            })]
        }
        ("noise.diffusion", None) if uniform && of_kernel && tokens.dimension == 2 => {
            let degree = observable
                .strip_prefix("tokens_order_")
                .and_then(|k| k.parse().ok());
            degree.map_or_else(Vec::new, |degree: usize| {
                let n = tokens.count as f64;
                let mean = |d: f64| settled_mean(attention, n, degree, d);
                vec![curve("(√π/2)(n(1 − I_k/(βD)))^(−1/2)", &mean)]
            })
        }
        _ => Vec::new(),
    }
}

/// The logistic law of random layers at β = 0 in many dimensions, m' = m(1 − m) in the time η²L (2604.01978).
fn against_time(base: &Experiment, times: &[f64], observable: &str) -> Vec<Predicted> {
    let drawn_each_layer = base.system.period.is_some() && base.system.period == base.time.step;
    let start = crate::run::cosine(base).filter(|_| {
        observable == "tokens_cosine" && drawn_each_layer && base.attention.beta == 0.0
    });
    let (Some(start), Some(step)) = (start, base.time.step) else {
        return Vec::new();
    };
    let odds = |t: f64| start / (1.0 - start) * (step * t).exp();
    vec![Predicted {
        label: "m' = m(1 − m) in η²L, d → ∞",
        curve: times
            .iter()
            .map(|t| (*t, odds(*t) / (1.0 + odds(*t))))
            .collect(),
    }]
}

/// The cosine of the outputs for n → ∞ against γ; a place where it jumps has both values and the one between.
fn limit_of_long_contexts(places: &[f64], rho: f64) -> Vec<(f64, f64)> {
    use theory::long_context::{critical_gamma, limit};
    let critical = critical_gamma(rho);
    let at = |gamma: &f64| (*gamma, limit(*gamma, rho));
    let below = places.partition_point(|gamma| *gamma < critical);
    let above = places.partition_point(|gamma| *gamma <= critical);
    let mut curve: Vec<(f64, f64)> = places[..below].iter().map(at).collect();
    if below < places.len() && above > 0 {
        let values = [1.0, limit(critical, rho), rho];
        curve.extend(values.map(|value| (critical, value)));
    }
    curve.extend(places[above..].iter().map(at));
    curve
}

/// E\[discrepancy²\] at time t of n independent uniform tokens against the uniform density, while they are near it:
/// (1/βn) Σ_{ℓ≥1} N_ℓ λ_ℓ e^{2g_ℓt}, at t = 0 (e^β − λ_0)/(βn).
#[must_use]
pub fn squared_discrepancy(base: &Experiment, count: f64, time: f64) -> f64 {
    let dimension = base.tokens.dimension;
    let kernel = base.attention.kernel(dimension);
    let rates = theory::growth::growth_rates(base.attention, dimension, 0.0, kernel.degree());
    let mut multiplicity = 1.0;
    let sum: f64 = (1..=kernel.degree())
        .map(|l| {
            multiplicity *= multiplicity_ratio(dimension, l);
            multiplicity * kernel.over_beta[l] * (2.0 * rates[l] * time).exp()
        })
        .sum();
    sum * kernel.shift.exp() / count
}

/// A bound on E\[W₁\] at time t of n independent uniform tokens of the circle against the uniform density, while they are near it. The difference F
/// of the distribution functions, its mean taken off, is Gaussian with Var F = (1/2π²n) Σ_{k≥1} e^{2g_kt}/k² (at t = 0 this is 1/12n), and
/// W₁ = min_s ∫|F − s|dθ ≤ ∫|F|dθ, whose mean is 2π √(2 Var F/π). Measured W₁ lies a few per cent below: the best s is the median.
#[must_use]
pub fn mean_distance_bound(base: &Experiment, count: f64, time: f64) -> f64 {
    let degree = base.attention.kernel(2).degree();
    let rates = theory::growth::growth_rates(base.attention, 2, 0.0, degree);
    let grown: f64 = (1..=degree)
        .map(|k| (2.0 * rates[k] * time).exp_m1() / (k * k) as f64)
        .sum();
    let pi = std::f64::consts::PI;
    let variance = (1.0 / 12.0 + grown / (2.0 * pi * pi)) / count;
    2.0 * (2.0 * pi * variance).sqrt()
}

/// The probability that an open hemisphere holds n uniform tokens of S^{d−1}: 2^{−(n−1)} Σ_{k<d} C(n−1, k).
#[must_use]
pub fn wendel(count: usize, dimension: usize) -> f64 {
    let others = count.saturating_sub(1);
    let mut binomial = 0.5_f64.powi(others as i32);
    let mut sum = 0.0;
    for k in 0..dimension.min(others + 1) {
        sum += binomial;
        binomial *= (others - k) as f64 / (k + 1) as f64;
    }
    sum
}

/// E|m_k| of n tokens of a circle that have settled under noise above the threshold: m_k is then a complex Gaussian with
/// n E|m_k|² = 1/(1 − I_k/(βD)) under (USA), 1/(1 − I_k/(βI_0D)) under (SA). NaN below the threshold.
#[must_use]
pub fn settled_mean(attention: Attention, count: f64, degree: usize, diffusion: f64) -> f64 {
    let kernel = attention.kernel(2);
    let over_beta = kernel.over_beta.get(degree).copied().unwrap_or(0.0) * attention.value;
    let pull = if attention.normalisation.sums_to_one() {
        over_beta / kernel.potential[0]
    } else {
        over_beta * kernel.shift.exp()
    };
    let left = 1.0 - pull / diffusion;
    if left > 0.0 {
        0.5 * (std::f64::consts::PI / (count * left)).sqrt()
    } else {
        f64::NAN
    }
}

/// The curve Γ (6.12) in the diagram of time and β, where γ_β(t) = 1 − δ.
fn across_diagram(base: &Experiment, axis: &Axis, observable: &str) -> Vec<Predicted> {
    let of_kernel = base.attention.normalisation.is_of_kernel() && base.is_zonal();
    if observable != "tokens_near" || axis.name() != "attention.beta" || !of_kernel {
        return Vec::new();
    }
    let curve = (places(axis).into_iter())
        .map(|beta| {
            let attention = Attention {
                beta,
                ..base.attention
            };
            (
                transition_time(attention, base.tokens.count, base.observe.delta),
                beta,
            )
        })
        .collect();
    vec![Predicted {
        label: "Γ (6.12)",
        curve,
    }]
}

/// The time at which n tokens that start orthogonal have ⟨x_i,x_j⟩ = 1 − δ: ∫dγ/γ' over (6.9), (6.10). In the variable
/// s = ln(((n−1)γ + 1)/(1 − γ)) the integrand varies with β alone (Boole's rule and one step of Richardson's extrapolation).
#[must_use]
pub fn transition_time(attention: Attention, count: usize, delta: f64) -> f64 {
    let n = count as f64;
    let end = (((n - 1.0) * (1.0 - delta) + 1.0) / delta).ln();
    let rate = |s: f64| {
        let gamma = s.exp_m1() / (s.exp() + n - 1.0);
        let slope = theory::equiangular::slope(attention, count, gamma);
        // a slope takes 1 − γ by subtraction: the same here, so that it cancels
        (1.0 - gamma) * ((n - 1.0) * gamma + 1.0) / (n * slope)
    };
    let boole = |pieces: u32| {
        let h = end / f64::from(4 * pieces);
        let weights = [14.0, 32.0, 12.0, 32.0];
        let inner: f64 = (0..4 * pieces)
            .map(|j| weights[(j % 4) as usize] * rate(h * f64::from(j)))
            .sum();
        // 7 at both ends, 14 where two pieces meet
        (inner - 7.0 * rate(0.0) + 7.0 * rate(end)) * h * 2.0 / 45.0
    };
    let (coarse, fine) = (boole(40), boole(80));
    fine + (fine - coarse) / 63.0
}

/// Places along an axis, close together where it is a range: its own, where a prediction is held to its word, and more for the eye.
fn places(axis: &Axis) -> Vec<f64> {
    let ends = (axis.place(0), axis.place(axis.len() - 1));
    let numbers = match &axis.points {
        Points::Range { .. } => true,
        Points::Values(list) => list.iter().all(|point| point[0].number().is_some()),
    };
    let own = (0..axis.len()).map(|j| axis.place(j));
    if !numbers || axis.len() < 2 {
        return own.collect();
    }
    let share = |j: usize| j as f64 / (CURVE - 1) as f64;
    let between = (1..CURVE - 1).map(|j| {
        if axis.is_log() {
            ends.0 * (ends.1 / ends.0).powf(share(j))
        } else {
            ends.0 + (ends.1 - ends.0) * share(j)
        }
    });
    let mut places: Vec<f64> = own.chain(between).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;

    #[test]
    fn wendel_and_the_start_of_the_discrepancy_have_their_closed_forms() {
        assert!((wendel(6, 3) - 0.5).abs() < 1e-15 && (wendel(5, 9) - 1.0).abs() < 1e-15);
        assert!((wendel(10, 4) - 130.0 / 512.0).abs() < 1e-15);
        for dimension in [2, 3, 6] {
            let mut base = crate::experiment::presets::load("clusters-beta-4").unwrap();
            base.tokens.dimension = dimension;
            let kernel = base.attention.kernel(dimension);
            let closed = (1.0 - kernel.potential[0]) * kernel.shift.exp() / (4.0 * 50.0);
            let found = squared_discrepancy(&base, 50.0, 0.0);
            assert!(
                (found / closed - 1.0).abs() < 1e-12,
                "d {dimension}: {found} {closed}"
            );
        }
    }

    #[test]
    fn a_curve_has_a_point_at_every_place_of_its_axis() {
        for preset in ["long-context", "fig3-d2", "fluctuations"] {
            let axes = crate::experiment::presets::load(preset)
                .unwrap()
                .sweep
                .unwrap()
                .axes;
            for axis in &axes {
                let places = places(axis);
                assert!(places.is_sorted() && places.len() >= axis.len(), "{preset}");
                let missing: Vec<f64> = (0..axis.len())
                    .map(|j| axis.place(j))
                    .filter(|place| !places.contains(place))
                    .collect();
                assert!(missing.is_empty(), "{preset}: {missing:?}");
            }
        }
    }

    #[test]
    fn the_limit_of_long_contexts_jumps_where_it_does_and_nowhere_else() {
        let places: Vec<f64> = (0..=50).map(|j| 0.1 * f64::from(j)).collect();
        // on a place of the axis and beside one
        let last = places.len();
        for (rho, range) in [
            (0.5, 0..last),
            (0.5, 0..21),
            (0.5, 20..last),
            (0.3, 0..last),
        ] {
            let curve = limit_of_long_contexts(&places[range], rho);
            let critical = 1.0 / (1.0 - rho);
            let there: Vec<f64> = (curve.iter())
                .filter(|p| p.0 == critical)
                .map(|p| p.1)
                .collect();
            assert_eq!(there, [1.0, 4.0 * rho / (1.0 + 3.0 * rho), rho]);
            assert!(curve.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            for (gamma, value) in curve.iter().filter(|p| p.0 != critical) {
                assert_eq!(*value, if *gamma < critical { 1.0 } else { rho });
            }
        }
        assert!(
            limit_of_long_contexts(&places[..11], 0.5)
                .iter()
                .all(|p| p.1 == 1.0)
        );
        assert!(
            limit_of_long_contexts(&places[30..], 0.5)
                .iter()
                .all(|p| p.1 == 0.5)
        );
    }

    #[test]
    fn the_transition_time_is_that_of_the_equiangular_curve() {
        for (beta, count, normalisation) in [
            (1.0, 32, Normalisation::Softmax),
            (9.0, 32, Normalisation::Softmax),
            (2.0, 8, Normalisation::None),
        ] {
            let attention = Attention::new(beta, normalisation);
            let time = transition_time(attention, count, 1e-3);
            let gamma = theory::equiangular::curve(attention, count, 0.0, &[time]).unwrap()[0];
            assert!((gamma - 0.999).abs() < 1e-11, "{beta} {gamma} {time}");
        }
    }
}
