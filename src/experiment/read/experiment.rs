//! From a [`Document`] to an [`Experiment`]: defaults, ranges, and errors that name the key that was probably meant.

use std::cell::RefCell;
use std::path::Path;

use super::attention;
use super::caption::captions;
use super::field::field;
use super::pairs::pairs;
use super::sweep::sweep;
use super::time::{replay_time, time};
use super::tokens::tokens;

use crate::dynamics::Normalisation;
use crate::experiment::combinations::{IDLE, changed, first_broken, refusal};
use crate::experiment::document::{Document, InputError, Location, Table, Value};
use crate::experiment::keys::{self, SECTIONS};
use crate::experiment::memory;
use crate::experiment::section::Section;
use crate::experiment::spec::{
    Change, DEFAULT_CLUSTER_WIDTH, Experiment, NoiseSpec, ObserveSpec, default_noise_step,
};
use crate::observe::DEFAULT_DELTA;
use crate::sphere::geometry::first_nowhere;

/// Resolves a document.
///
/// # Errors
/// The first [`InputError`] met: unknown keys before wrong values.
// long: one table of the file after another
pub fn experiment(document: &Document) -> Result<Experiment, InputError> {
    let empty = Table::default();
    let start = Location::start_of(&document.origin);
    let notes = RefCell::new(Vec::new());
    let root = Section {
        name: String::new(),
        table: &document.root,
        at: start,
        notes: &notes,
    };
    let top: Vec<&str> = [&keys::names("")[..], &SECTIONS].concat();
    root.only(&top)?;
    for section in SECTIONS {
        if !["change", "caption"].contains(&section) {
            root.section(section, &empty)?;
        }
    }

    let attention_section = root.section("attention", &empty)?;
    let flat = attention_section.is_flat()?;
    let tokens = tokens(&root.section("tokens", &empty)?, flat)?;
    let (attention, system) =
        attention::attention(&attention_section, tokens.dimension, tokens.count)?;
    let noise_section = root.section("noise", &empty)?;
    let noise = NoiseSpec {
        diffusion: noise_section.number("diffusion")?.unwrap_or(0.0),
        step: noise_section
            .number("step")?
            .unwrap_or_else(|| default_noise_step(attention)),
    };
    let field = field(
        &root.section("field", &empty)?,
        &tokens,
        &system,
        noise.diffusion,
    )?;
    let observe_section = root.section("observe", &empty)?;
    let observe = ObserveSpec {
        cluster_width: observe_section
            .number("cluster_width")?
            .unwrap_or(DEFAULT_CLUSTER_WIDTH),
        delta: observe_section.number("delta")?.unwrap_or(DEFAULT_DELTA),
    };
    let time = match &tokens.replay {
        Some(replay) => replay_time(&root.section("time", &empty)?, replay)?,
        None => time(&root.section("time", &empty)?)?,
    };
    let pairs = pairs(root.table("pairs")?.as_ref())?;
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
        changes: Vec::new(),
        captions: captions(&root)?,
        notes: Vec::new(),
    };
    check(&root, &resolved)?;
    resolved.changes = changes(&root, &resolved)?;
    for idle in IDLE.iter().filter(|row| (row.idle)(&resolved)) {
        root.note(format!("{} has no effect: {}", idle.key, idle.why));
    }
    let section = root.section("sweep", &empty)?;
    resolved.sweep = sweep(&section, (document, &resolved))?;
    resolved.notes = notes.take();
    Ok(resolved)
}

/// What the parts of an experiment say only together: rules, memory, directions of tokens with encodings.
fn check(root: &Section, experiment: &Experiment) -> Result<(), InputError> {
    if let Some(rule) = first_broken(experiment) {
        return Err(refused(root, rule.key, rule.message, rule.remedy));
    }
    if let Some((key, message)) = memory::shortage_here(experiment) {
        return Err(refused(root, key, &message, "make it smaller"));
    }
    let tokens = &experiment.tokens;
    if tokens.encoding.is_some()
        && !tokens.flat
        && let Some(token) = first_nowhere(&tokens.particles().positions, tokens.dimension)
    {
        let message = format!("with its encoding token {token} is zero and has no direction");
        return Err(refused(
            root,
            "tokens.encoding",
            &message,
            "change its scale",
        ));
    }
    Ok(())
}

/// A refusal at the place of a dotted key: of the key itself, its section, or the start of the file; with the value, where it is one.
fn refused(root: &Section, dotted: &str, message: &str, remedy: &str) -> InputError {
    let (section, key) = dotted.split_once('.').unwrap_or((dotted, ""));
    let mut value = String::new();
    let at = match root.get(section) {
        Some(node) => match &node.value {
            Value::Table(table) => table.get(key).map_or(&node.at, |inner| {
                if !matches!(inner.value, Value::Table(_) | Value::Array(_)) {
                    value = format!(" (it is {})", inner.value.shown());
                }
                &inner.at
            }),
            _ => &node.at,
        },
        None => &root.at,
    };
    at.error(dotted, format!("{message}{value}"), Some(remedy.into()))
}

fn changes(root: &Section, start: &Experiment) -> Result<Vec<Change>, InputError> {
    let mut now = start.clone();
    let mut list: Vec<Change> = Vec::new();
    for section in root.tables("change")?.unwrap_or_default() {
        section.only(&keys::names("change"))?;
        let Some(at) = section.number("at")? else {
            return section.missing("at", "10.0");
        };
        let change = Change {
            at,
            beta: section.number("beta")?,
            normalisation: section.choice("normalisation", Normalisation::OF_KERNELS)?,
            diffusion: section.number("diffusion")?,
        };
        if list.last().is_some_and(|before| before.at > at) {
            let remedy = Some("order the [[change]] tables by `at`".into());
            return Err(section.place_of("at").error(
                "change.at",
                format!("{at} is earlier than the change before"),
                remedy,
            ));
        }
        if let Some(rule) = refusal(&now, &change) {
            let key = rule.key.rsplit('.').next().unwrap_or(rule.key);
            let remedy = Some(rule.remedy.to_owned());
            return Err(section
                .place_of(key)
                .error(&section.key(key), rule.message, remedy));
        }
        now = changed(&now, &change);
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
