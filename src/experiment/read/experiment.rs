//! From a [`Document`] to an [`Experiment`]: defaults, ranges, and errors that name the key that was probably meant.

use std::path::Path;

use super::attention::{self, NORMALISATIONS};
use super::field::field;
use super::sweep::sweep;
use super::time::{replay_time, time};
use super::tokens::tokens;
use crate::dynamics::Attention;
use crate::experiment::combinations::{check_frequencies, check_merging, check_noise, pairs};
use crate::experiment::document::{Document, InputError, Location, Table, Value};
use crate::experiment::keys::SECTIONS;
use crate::experiment::section::Section;
use crate::experiment::spec::{
    Change, DEFAULT_CLUSTER_WIDTH, Experiment, NoiseSpec, ObserveSpec, default_noise_step,
};
use crate::experiment::system::SystemSpec;
use crate::experiment::time::Scheme;

/// Resolves a document.
///
/// # Errors
/// The first [`InputError`] met: unknown keys before wrong values.
pub fn experiment(document: &Document) -> Result<Experiment, InputError> {
    let empty = Table::default();
    let start = Location::start_of(&document.origin);
    let root = Section {
        name: String::new(),
        table: &document.root,
        at: start,
    };
    let top: Vec<&str> = SECTIONS[0]
        .1
        .iter()
        .copied()
        .chain(SECTIONS[1..].iter().map(|(section, _)| *section))
        .collect();
    root.only(&top)?;
    for (section, _) in &SECTIONS[1..] {
        if *section != "change" {
            root.section(section, &empty)?;
        }
    }

    let mut notes = Vec::new();
    let attention_section = root.section("attention", &empty)?;
    let flat = attention_section.is_flat()?;
    let tokens = tokens(&root.section("tokens", &empty)?, flat, &mut notes)?;
    let (attention, system) =
        attention::attention(&attention_section, tokens.dimension, tokens.count)?;
    let noise_section = root.section("noise", &empty)?;
    let noise = NoiseSpec {
        diffusion: noise_section
            .number("diffusion", 0.0..=f64::MAX)?
            .unwrap_or(0.0),
        step: noise_section
            .number("step", f64::MIN_POSITIVE..=1.0)?
            .unwrap_or_else(|| default_noise_step(attention)),
    };
    let field = field(
        &root.section("field", &empty)?,
        &tokens,
        (attention, &system),
        noise.diffusion,
        &mut notes,
    )?;
    let observe_section = root.section("observe", &empty)?;
    let observe = ObserveSpec {
        cluster_width: observe_section
            .number("cluster_width", 1e-3..=1.0)?
            .unwrap_or(DEFAULT_CLUSTER_WIDTH),
    };
    let time = match &tokens.replay {
        Some(replay) => replay_time(&root.section("time", &empty)?, replay)?,
        None => time(&root.section("time", &empty)?)?,
    };
    let changes = changes(&root, attention, &system)?;
    check_frequencies(&root.section("tokens", &empty)?, &tokens, &system)?;
    check_merging(
        &root.section("tokens", &empty)?,
        &tokens,
        attention,
        &system,
    )?;
    check_noise(&root, noise.diffusion, &changes, &system)?;
    if let (Some(_), Scheme::Layer) = (tokens.merge, time.scheme) {
        let remedy = Some("leave `merge` out, or use scheme = \"adaptive\"".into());
        let message = "tokens are merged by the adaptive scheme, and the scheme is \"layer\"";
        let section = root.section("tokens", &empty)?;
        return Err((section.place_of("merge")).error("tokens.merge", message, remedy));
    }
    let pairs = pairs(
        root.table("pairs")?.as_ref(),
        &tokens,
        attention,
        &system,
        &noise,
    )?;
    let mut resolved = Experiment {
        title: root.text("title")?.unwrap_or("untitled").to_owned(),
        about: root.text("about")?.unwrap_or("").to_owned(),
        tokens,
        attention,
        system,
        noise,
        field,
        observe,
        time,
        pairs,
        sweep: None,
        changes,
        notes,
    };
    let section = root.section("sweep", &empty)?;
    resolved.sweep = sweep(&section, (document, &resolved), experiment)?;
    Ok(resolved)
}

fn changes(
    root: &Section,
    start: Attention,
    system: &SystemSpec,
) -> Result<Vec<Change>, InputError> {
    let Some(node) = root.get("change") else {
        return Ok(Vec::new());
    };
    let Value::Array(items) = &node.value else {
        return root.wrong("change", node, "[[change]] tables");
    };
    let mut attention = start;
    let mut list: Vec<Change> = Vec::new();
    for item in items {
        let Value::Table(table) = &item.value else {
            return root.wrong("change", item, "a table");
        };
        let section = Section {
            name: "change".into(),
            table,
            at: item.at.clone(),
        };
        section.only(SECTIONS[7].1)?;
        let Some(at) = section.number("at", 0.0..=f64::MAX)? else {
            return section.missing("at", "10.0");
        };
        let change = Change {
            at,
            beta: section.number("beta", -700.0..=1e6)?,
            normalisation: section.choice("normalisation", NORMALISATIONS)?,
            diffusion: section.number("diffusion", 0.0..=f64::MAX)?,
        };
        if list.last().is_some_and(|before| before.at > at) {
            let remedy = Some("order the [[change]] tables by `at`".into());
            return Err(section.place_of("at").error(
                "change.at",
                format!("{at} is earlier than the change before"),
                remedy,
            ));
        }
        attention.beta = change.beta.unwrap_or(attention.beta);
        attention.normalisation = change.normalisation.unwrap_or(attention.normalisation);
        attention::check_speed(&section, attention, system, "beta")?;
        list.push(change);
    }
    Ok(list)
}

/// Reads an experiment from a text; `name` stands in errors, and relative paths start from `base`.
///
/// # Errors
/// [`InputError`] for a syntax error and for everything that [`experiment`] refuses.
pub fn read_text(name: &str, base: &Path, text: &str) -> Result<Experiment, InputError> {
    experiment(&Document::parse(name, base, text)?)
}
