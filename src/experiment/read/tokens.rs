//! Reading `[tokens]`: how many, where they start, from a law, a list or a file, or the layers of a model.

use std::path::Path;

use super::law::law;
use super::points::file_law;
use crate::experiment::document::{InputError, Value};
use crate::experiment::encoding::encoding;
use crate::experiment::frequencies::frequencies;
use crate::experiment::replay::Replay;
use crate::experiment::section::Section;
use crate::experiment::spec::{NamedWeights, TokenSpec, Weights};
use crate::measure::Law;

/// Tokens of all layers from a file.
fn replayed(section: &Section, path: &str, flat: bool) -> Result<TokenSpec, InputError> {
    for key in ["initial", "weights", "merge", "encoding", "frequencies"] {
        if section.get(key).is_some() {
            let message = "the tokens of all layers come from the file that is replayed";
            return section.refuse(key, message, "leave it out");
        }
    }
    if flat {
        let message = "the directions of replayed tokens are shown on the sphere";
        return section.refuse("replay", message, "leave attention.space out");
    }
    let full = section.place_of("replay").origin.base.join(Path::new(path));
    let replay = match Replay::read(path, &full) {
        Ok(replay) => replay,
        Err(error) => return section.refuse("replay", error.to_string(), ""),
    };
    for (key, found) in [("count", replay.count), ("dimension", replay.dimension)] {
        let said = section.whole(key)?;
        if said.is_some_and(|said| said != found) {
            let remedy = format!("leave `{key}` out, or set it to {found}");
            return section.refuse(key, format!("the file has {key} {found}"), remedy);
        }
    }
    Ok(TokenSpec {
        count: replay.count,
        dimension: replay.dimension,
        seed: section.whole("seed")?.unwrap_or(0) as u64,
        initial: Law::Uniform,
        weights: Weights::EQUAL,
        merge: None,
        encoding: None,
        frequencies: None,
        replay: Some(replay),
        flat,
    })
}

pub(super) fn tokens(section: &Section, flat: bool) -> Result<TokenSpec, InputError> {
    if let Some(path) = section.text("replay")? {
        return replayed(section, path, flat);
    }
    let dimension = section.whole("dimension")?;
    let count = section.whole("count")?;
    let seed = section.whole("seed")?.unwrap_or(0) as u64;
    let initial = section.table("initial")?;
    let from_file = initial
        .as_ref()
        .map(|table| table.text("law"))
        .transpose()?
        .flatten()
        == Some("file");
    if let (true, Some(table)) = (from_file, &initial) {
        return tokens_from_file(section, table, (count, dimension), seed, flat);
    }
    let dimension = dimension.unwrap_or(2);
    let law = initial
        .as_ref()
        .map_or(Ok(Law::Uniform), |table| law(table, dimension, flat))?;
    let count = count.unwrap_or(match &law {
        Law::Points { points } => points.len(),
        _ => 64,
    });
    law.check(count, dimension).map_err(|error| {
        section
            .place_of("initial")
            .error(&section.key("initial"), error.to_string(), None)
    })?;
    Ok(TokenSpec {
        count,
        dimension,
        seed,
        initial: law,
        weights: weights(section, count)?,
        merge: merge(section)?,
        encoding: encoding(section)?,
        frequencies: frequencies(section, count)?,
        replay: None,
        flat,
    })
}

fn merge(section: &Section) -> Result<Option<f64>, InputError> {
    section.number("merge")
}

fn weights(section: &Section, count: usize) -> Result<Weights, InputError> {
    let Some(node) = section.get("weights") else {
        return Ok(Weights::EQUAL);
    };
    let names = [
        ("equal", NamedWeights::Equal),
        ("exponential", NamedWeights::Exponential),
    ];
    let Value::Array(_) = &node.value else {
        if matches!(node.value, Value::Text(_)) {
            let named = section.choice("weights", &names)?;
            return Ok(Weights::Named(named.unwrap_or(NamedWeights::Equal)));
        }
        return section.wrong(
            "weights",
            node,
            "\"equal\", \"exponential\" or a list of numbers",
        );
    };
    let list = section.numbers("weights")?.unwrap_or_default();
    let wrong = |message: String, remedy: &str| {
        Err(node
            .at
            .error(&section.key("weights"), message, Some(remedy.to_owned())))
    };
    if list.len() != count {
        let message = format!("{} weights for {count} tokens", list.len());
        return wrong(message, "give one weight a token");
    }
    if let Some(bad) = list.iter().find(|w| **w <= 0.0) {
        let message = format!("{bad} is not a weight");
        return wrong(message, "weights are positive; they are scaled to sum to 1");
    }
    if !list.iter().sum::<f64>().is_finite() {
        return wrong(
            "their sum is beyond the largest number".into(),
            "divide them by the largest",
        );
    }
    Ok(Weights::List(list))
}

/// Tokens of a file bring their weights along.
fn tokens_from_file(
    section: &Section,
    table: &Section,
    (count, dimension): (Option<usize>, Option<usize>),
    seed: u64,
    flat: bool,
) -> Result<TokenSpec, InputError> {
    if section.get("weights").is_some() {
        let remedy =
            "name a file of weights in `initial`: { law = \"file\", path = …, weights = … }";
        return Err(section.place_of("weights").error(
            &section.key("weights"),
            "tokens from a file have their weights from a file",
            Some(remedy.into()),
        ));
    }
    let law = file_law(table, flat)?;
    let Law::File { points, .. } = &law else {
        return section.missing("initial", "{ law = \"file\", path = \"x.npy\" }");
    };
    for (key, said, found) in [
        ("count", count, points.count()),
        ("dimension", dimension, points.dimension()),
    ] {
        if said.is_some_and(|said| said != found) {
            let message = format!("the file has {key} {found}");
            let remedy = Some(format!("leave `{key}` out, or set it to {found}"));
            return Err(section
                .place_of(key)
                .error(&section.key(key), message, remedy));
        }
    }
    Ok(TokenSpec {
        count: points.count(),
        dimension: points.dimension(),
        seed,
        weights: Weights::EQUAL,
        merge: merge(section)?,
        encoding: encoding(section)?,
        frequencies: frequencies(section, points.count())?,
        replay: None,
        flat,
        initial: law,
    })
}
