//! Reading `[sweep]`: its axes and what is measured. The keys and values of an axis are checked one by one; what does not go together is
//! found when its cell is run, and recorded there.

use std::sync::Arc;

use crate::experiment::document::{Document, InputError, Node, Value};
use crate::experiment::keys::{self, Kind, full_key};
use crate::experiment::meant::{closest, suggestion};
use crate::experiment::section::Section;
use crate::experiment::spec::Experiment;
use crate::experiment::sweep::{
    Asked, Axis, Frames, MOST_AXES, MOST_CELLS, Points, Quick, Setting, Statistic, SweepSpec,
};
use crate::observe::table;

/// Points of a range where nothing is said.
const POINTS: usize = 25;
/// The keys of the form with one axis, which can stand in `[sweep]` itself.
const ONE_AXIS: [&str; 4] = ["key", "from", "to", "points"];

/// Reads `[sweep]` of a document whose other tables mean `base`.
// long: one key after another
pub(super) fn sweep(
    section: &Section,
    (document, base): (&Document, &Experiment),
) -> Result<Option<SweepSpec>, InputError> {
    if document.root.get("sweep").is_none() {
        return Ok(None);
    }
    let axes = axes(section)?;
    let average = section.number("average")?;
    let one_axis = ONE_AXIS.iter().any(|key| section.get(key).is_some());
    let frames = match section.choice("frames", Frames::NAMES)? {
        Some(frames) => frames,
        None if average == Some(0.0) => Frames::Last,
        None if average.is_some() || one_axis => Frames::Average,
        None => Frames::All,
    };
    let timed = |axis: &Axis| axis.keys.iter().any(|key| key.starts_with("time."));
    if frames == Frames::All && axes.iter().any(timed) {
        return section.refuse(
            "frames",
            "an axis changes the frames of the runs, which cannot then be an axis of their own",
            "add `frames = \"last\"` or \"average\" to [sweep]",
        );
    }
    let realisations = section.whole("realisations")?.unwrap_or(1) as u64;
    let mut quick = Quick {
        realisations: realisations.div_ceil(16),
        points: 10,
    };
    if let Some(table) = section.table("quick")? {
        table.only(&keys::names("sweep.quick"))?;
        if let Some(realisations) = table.whole("realisations")? {
            quick.realisations = realisations as u64;
        }
        quick.points = table.whole("points")?.unwrap_or(quick.points);
    }
    let mut own = document.clone();
    own.root.entries.retain(|(name, _, _)| name != "sweep");
    let spec = SweepSpec {
        realisations,
        observables: observables(section, base, &axes)?,
        statistics: statistics(section)?,
        frames,
        average: (frames == Frames::Average).then(|| average.unwrap_or(0.5)),
        quick,
        axes,
        document: Asked(Arc::new(own)),
    };
    let cells = (spec.shape().iter()).try_fold(1_usize, |product, n| product.checked_mul(*n));
    if cells.is_none_or(|cells| cells > MOST_CELLS) {
        let shape: Vec<String> = spec.shape().iter().map(ToString::to_string).collect();
        return section.refuse(
            "axis",
            format!("{} cells are more than {MOST_CELLS}", shape.join(" × ")),
            "take fewer points",
        );
    }
    Ok(Some(spec))
}

fn axes(section: &Section) -> Result<Vec<Axis>, InputError> {
    let one_axis = ONE_AXIS.iter().find(|key| section.get(key).is_some());
    let Some(tables) = section.tables("axis")? else {
        return match one_axis {
            Some(_) if section.get("key").is_none() => {
                section.missing("key", "\"attention.value\"")
            }
            Some(_) => Ok(vec![axis(section)?]),
            None => Ok(Vec::new()),
        };
    };
    if let Some(key) = one_axis {
        return section.refuse(
            key,
            "an axis stands in [sweep] itself and others in [[sweep.axis]]",
            "put each into a [[sweep.axis]] of its own",
        );
    }
    if tables.len() > MOST_AXES {
        return section.refuse(
            "axis",
            format!("{} axes are more than {MOST_AXES}", tables.len()),
            "leave some out, or let keys move together (keys = [..])",
        );
    }
    let mut axes: Vec<Axis> = Vec::new();
    for inner in tables {
        inner.only(&keys::names("sweep.axis"))?;
        let next = axis(&inner)?;
        let taken = |key: &String| axes.iter().any(|axis| axis.keys.contains(key));
        if let Some(key) = next.keys.iter().find(|key| taken(key)) {
            let message = format!("{key} varies along another axis already");
            return inner.refuse("key", message, "one axis a key");
        }
        axes.push(next);
    }
    Ok(axes)
}

fn axis(section: &Section) -> Result<Axis, InputError> {
    let keys: Vec<String> = match (section.text("key")?, section.get("keys")) {
        (Some(key), None) => vec![known_key(section, "key", key)?],
        (None, Some(node)) => texts(section, "keys", node)?
            .iter()
            .map(|key| known_key(section, "keys", key))
            .collect::<Result<_, _>>()?,
        (Some(_), Some(_)) => {
            return section.refuse("keys", "`key` is given too", "give one of the two");
        }
        (None, None) => return section.missing("key", "\"attention.beta\""),
    };
    let points = match section.get("values") {
        Some(node) => values(section, node, &keys)?,
        None => range(section, &keys)?,
    };
    Ok(Axis { keys, points })
}

/// The full dotted key; one that exists and can be varied.
fn known_key(section: &Section, at: &str, key: &str) -> Result<String, InputError> {
    let full = match full_key(key) {
        Ok(full) => full,
        Err(fits) => {
            let remedy = format!("write one of {}", fits.join(", "));
            return section.refuse(at, format!("{key:?} is not unique"), remedy);
        }
    };
    let (inside, name) = full.rsplit_once('.').unwrap_or(("", &full));
    if full.starts_with("sweep")
        || full.starts_with("change")
        || full.starts_with("caption")
        || inside.is_empty()
    {
        let known: Vec<&str> = keys::KEYS.iter().map(|key| key.name).collect();
        if !known.contains(&full.as_str()) && inside.is_empty() {
            let remedy = suggestion(name, "sweep", &known);
            return section.refuse(at, format!("there is no key {key:?}"), remedy);
        }
        return section.refuse(at, format!("{full} cannot be varied"), "");
    }
    // a number of a matrix or a list has no row; its table has
    if keys::row(inside, name).is_some() || inside.starts_with("attention.") {
        return Ok(full);
    }
    let known = keys::names(inside);
    let remedy = suggestion(name, inside, &known);
    section.refuse(at, format!("there is no key {full:?}"), remedy)
}

fn range(section: &Section, keys: &[String]) -> Result<Points, InputError> {
    let [key] = keys else {
        return section.missing("values", "[[..], ..]");
    };
    let Some(from) = section.number("from")? else {
        return section.missing("from", "0.0");
    };
    let Some(to) = section.number("to")? else {
        return section.missing("to", "4.0");
    };
    let points = section.whole("points")?.unwrap_or(POINTS);
    let spacing = if section.name == "sweep.axis" {
        section.choice("spacing", &[("linear", false), ("log", true)])?
    } else {
        None
    };
    let log = spacing.unwrap_or(false);
    if log && !(from > 0.0 && to > from) {
        return section.refuse(
            "from",
            format!(
                "a logarithmic axis goes from a positive number up, this one from {from} to {to}"
            ),
            "give from > 0 and to > from, or leave out `spacing`",
        );
    }
    let axis = Axis {
        keys: keys.to_vec(),
        points: Points::Range {
            from,
            to,
            points,
            log,
        },
    };
    for point in 0..points {
        for value in axis.settings(point) {
            allowed(section, "from", key, &value)?;
        }
    }
    Ok(axis.points)
}

fn values(section: &Section, node: &Node, keys: &[String]) -> Result<Points, InputError> {
    let Value::Array(items) = &node.value else {
        return section.wrong("values", node, "a list");
    };
    if items.is_empty() {
        return section.refuse(
            "values",
            "an empty list has no point",
            "give at least one value",
        );
    }
    for other in ["from", "to", "points", "spacing"] {
        if section.get(other).is_some() {
            return section.refuse(other, "`values` is given too", "give a range or values");
        }
    }
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        let parts: Vec<&Node> = match (&item.value, keys.len()) {
            (Value::Array(inner), 2..) if inner.len() == keys.len() => inner.iter().collect(),
            (_, 1) => vec![item],
            _ => {
                let expected = format!("a list of {} values, one for each key", keys.len());
                return section.wrong("values", item, &expected);
            }
        };
        let mut settings = Vec::with_capacity(parts.len());
        for (key, part) in keys.iter().zip(parts) {
            let value = match &part.value {
                Value::Text(text) => Setting::Text(text.clone()),
                Value::Integer(number) => Setting::Whole(*number),
                Value::Float(number) => Setting::Number(*number),
                Value::Boolean(flag) => Setting::Flag(*flag),
                _ => return section.wrong("values", part, "a number, a word, true or false"),
            };
            if let Some(message) = unfit(key, &value) {
                return Err(part.at.error(&section.key("values"), message, None));
            }
            settings.push(value);
        }
        list.push(settings);
    }
    Ok(Points::Values(list))
}

fn allowed(section: &Section, at: &str, key: &str, value: &Setting) -> Result<(), InputError> {
    match unfit(key, value) {
        Some(message) => section.refuse(at, message, ""),
        None => Ok(()),
    }
}

/// Why a key does not take a value, by its row.
fn unfit(key: &str, value: &Setting) -> Option<String> {
    let (inside, name) = key.rsplit_once('.').unwrap_or(("", key));
    let kind = keys::row(inside, name)?.kind;
    let shown = value.label();
    match (kind, value.number()) {
        (Kind::Number { low, high }, Some(number)) => {
            (!(low..=high).contains(&number)).then(|| {
                format!(
                    "{shown} is out of the range of {key}: {}",
                    keys::must(low, high)
                )
            })
        }
        (Kind::Whole { low, high }, Some(number)) if number.fract() == 0.0 => (!(low as f64
            ..=high as f64)
            .contains(&number))
        .then(|| {
            format!("{shown} is out of the range of {key}: it must lie between {low} and {high}")
        }),
        (Kind::Whole { .. }, _) => Some(format!("{key} takes whole numbers, not {shown}")),
        (Kind::Number { .. }, None) => Some(format!("{key} takes numbers, not {shown}")),
        (Kind::Flag, _) => (!matches!(value, Setting::Flag(_)))
            .then(|| format!("{key} takes true or false, not {shown}")),
        (Kind::Word { words }, _) => match value {
            Setting::Text(word) if words.contains(&word.as_str()) => None,
            _ => Some(format!(
                "{shown} is no value of {key}; {}",
                closest(&shown, words)
            )),
        },
        (Kind::Text | Kind::Other { .. }, _) => None,
    }
}

fn texts(section: &Section, key: &str, node: &Node) -> Result<Vec<String>, InputError> {
    let Value::Array(items) = &node.value else {
        return section.wrong(key, node, "a list of strings");
    };
    (items.iter())
        .map(|item| match &item.value {
            Value::Text(text) => Ok(text.clone()),
            _ => section.wrong(key, item, "a string"),
        })
        .collect()
}

fn observables(
    section: &Section,
    base: &Experiment,
    axes: &[Axis],
) -> Result<Vec<String>, InputError> {
    let (key, list) = match (section.text("observable")?, section.get("observables")) {
        (Some(_), Some(_)) => {
            return section.refuse(
                "observables",
                "`observable` is given too",
                "give one of the two",
            );
        }
        (Some(one), None) => ("observable", vec![one.to_owned()]),
        (None, Some(node)) => ("observables", texts(section, "observables", node)?),
        (None, None) => ("observables", vec!["tokens_order_1".to_owned()]),
    };
    if list.is_empty() {
        return section.refuse(key, "nothing is measured", "name a column of metrics.csv");
    }
    for (place, name) in list.iter().enumerate() {
        let Some(column) = table::column(name) else {
            let names: Vec<&str> = table::OBSERVABLES.iter().map(|row| row.name).collect();
            let message = format!("{name:?} is not an observable");
            return section.refuse(key, message, closest(name, &names));
        };
        if list[..place].contains(name) {
            return section.refuse(key, format!("{name} stands there twice"), "");
        }
        // what an axis may bring is not missing
        let varied = |part: &str| {
            axes.iter()
                .any(|axis| axis.keys.iter().any(|key| key.starts_with(part)))
        };
        let varies = [
            "field.",
            "attention.",
            "noise.",
            "tokens.dimension",
            "tokens.frequencies",
        ];
        if let Some(reason) = base.lacks(column)
            && !varies.iter().any(|part| varied(part))
        {
            return section.refuse(key, format!("this system has no {name}: {reason}"), "");
        }
    }
    Ok(list)
}

fn statistics(section: &Section) -> Result<Vec<Statistic>, InputError> {
    let Some(node) = section.get("statistics") else {
        return Ok(Statistic::NAMES
            .iter()
            .map(|(_, statistic)| *statistic)
            .collect());
    };
    let mut list = Vec::new();
    for name in texts(section, "statistics", node)? {
        let Some((_, statistic)) = Statistic::NAMES.iter().find(|(word, _)| *word == name) else {
            let names: Vec<&str> = Statistic::NAMES.iter().map(|(word, _)| *word).collect();
            return section.refuse(
                "statistics",
                format!("{name:?} is not a statistic"),
                closest(&name, &names),
            );
        };
        if !list.contains(statistic) {
            list.push(*statistic);
        }
    }
    if !list.contains(&Statistic::Mean) {
        list.insert(0, Statistic::Mean);
    }
    Ok(list)
}
