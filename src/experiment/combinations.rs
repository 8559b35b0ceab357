//! What of an experiment goes together: noise, frequencies, merging and ensembles each belong to some systems only.

use super::document::{InputError, Value};
use super::section::{Section, closest};
use super::spec::{Change, NoiseSpec, PairsSpec, TokenSpec, Weights};
use super::system::SystemSpec;
use crate::dynamics::pairs::Closure;
use crate::dynamics::{Attention, Normalisation};
use crate::measure::Law;

/// `[pairs]`: only where (8.1) holds.
pub(super) fn pairs(
    section: Option<&Section>,
    tokens: &TokenSpec,
    attention: Attention,
    system: &SystemSpec,
    noise: &NoiseSpec,
) -> Result<Option<PairsSpec>, InputError> {
    let Some(section) = section else {
        return Ok(None);
    };
    section.only(&["runs", "closures"])?;
    let runs = section.whole("runs", 2..=1 << 20)?.unwrap_or(256);
    let mut closures = Vec::new();
    if let Some(node) = section.get("closures") {
        let Value::Array(items) = &node.value else {
            return section.wrong("closures", node, "a list of closures");
        };
        for item in items {
            let name = match &item.value {
                Value::Text(name) => name.as_str(),
                _ => return section.wrong("closures", item, "the name of a closure"),
            };
            let Some(closure) = Closure::ALL.into_iter().find(|c| c.name() == name) else {
                let names = Closure::ALL.map(Closure::name);
                let remedy = Some(closest(name, &names));
                let message = format!("{name:?} is not known");
                return Err(item.at.error(&section.key("closures"), message, remedy));
            };
            closures.push(closure);
        }
    } else {
        closures = Closure::ALL.to_vec();
    }
    let usa =
        attention == Attention::new(attention.beta, Normalisation::None) && attention.beta > 0.0;
    let fits = usa
        && system.is_plain()
        && tokens.dimension == 2
        && tokens.count >= 2
        && tokens.initial == Law::Uniform
        && tokens.weights == Weights::EQUAL
        && tokens.merge.is_none()
        && tokens.encoding.is_none()
        && tokens.frequencies.is_none()
        && noise.diffusion == 0.0;
    if !fits {
        let message = "the hierarchy (8.1) is that of (USA) with β > 0 on the circle from independent uniform tokens, without noise";
        let remedy = "set normalisation = \"none\", dimension = 2, initial = { law = \"uniform\" }, or leave [pairs] out";
        return Err(section.at.error("pairs", message, Some(remedy.into())));
    }
    Ok(Some(PairsSpec { runs, closures }))
}

/// Which systems can be driven by noise.
pub(super) fn check_noise(
    root: &Section,
    diffusion: f64,
    changes: &[Change],
    system: &SystemSpec,
) -> Result<(), InputError> {
    let noisy = diffusion > 0.0 || changes.iter().any(|c| c.diffusion.is_some_and(|d| d > 0.0));
    if !noisy || system.takes_noise() {
        return Ok(());
    }
    let message = "noise is for tokens on the sphere without lengths of their own, or in ℝ^d without rescaling";
    let remedy = Some("set noise.diffusion = 0".into());
    Err(root
        .place_of("noise")
        .error("noise.diffusion", message, remedy))
}

/// Natural frequencies turn a circle, and nothing but attention by a kernel goes with them.
pub(super) fn check_frequencies(
    section: &Section,
    tokens: &TokenSpec,
    system: &SystemSpec,
) -> Result<(), InputError> {
    if tokens.frequencies.is_none() {
        return Ok(());
    }
    let fail = |message: &str, remedy: &str| {
        Err(section.place_of("frequencies").error(
            "tokens.frequencies",
            message,
            Some(remedy.to_owned()),
        ))
    };
    if tokens.dimension != 2 || !system.is_plain() {
        return fail(
            "natural frequencies turn the circle, where attention is a kernel",
            "set dimension = 2, and leave heads, masks and schemes out",
        );
    }
    if tokens.merge.is_some() {
        return fail(
            "tokens of different frequencies that meet do not stay together",
            "leave `merge` out",
        );
    }
    Ok(())
}

/// What merging relies on: tokens of the sphere that attract each other, and move by the kernel alone.
pub(super) fn check_merging(
    section: &Section,
    tokens: &TokenSpec,
    attention: Attention,
    system: &SystemSpec,
) -> Result<(), InputError> {
    if tokens.merge.is_none() || (attention.attracts() && system.is_plain()) {
        return Ok(());
    }
    let message = "tokens that meet stay together where Q = K = I and V is a positive multiple of I, and this system is another";
    let remedy = Some("leave `merge` out".into());
    Err((section.place_of("merge")).error("tokens.merge", message, remedy))
}
