//! Reading `[sweep]`: the key that varies and its range; every point must be a right experiment.

use crate::experiment::document::{Document, InputError};
use crate::experiment::keys::closest;
use crate::experiment::section::Section;
use crate::experiment::spec::{Experiment, SweepSpec, default_noise_step};
use crate::observe::table;

/// Reads `[sweep]`; every point must be a right experiment.
// long: one key after another
pub(super) fn sweep(
    section: &Section,
    (document, base): (&Document, &Experiment),
    read: impl Fn(&Document) -> Result<Experiment, InputError>,
) -> Result<Option<SweepSpec>, InputError> {
    if document.root.get("sweep").is_none() {
        return Ok(None);
    }
    let Some(key) = section.text("key")? else {
        return section.missing("key", "\"attention.value\"");
    };
    let Some(from) = section.number("from")? else {
        return section.missing("from", "0.0");
    };
    let Some(to) = section.number("to")? else {
        return section.missing("to", "4.0");
    };
    let points = section.whole("points")?.unwrap_or(25);
    let observable = section.text("observable")?.unwrap_or("tokens_order_1");
    if table::column(observable).is_none() {
        let names: Vec<&str> = table::OBSERVABLES.iter().map(|row| row.name).collect();
        let remedy = Some(closest(observable, &names));
        return Err(section.place_of("observable").error(
            "sweep.observable",
            format!("{observable:?} is not an observable"),
            remedy,
        ));
    }
    let average = section.number("average")?.unwrap_or(0.5);
    let mut spec = SweepSpec {
        key: key.to_owned(),
        from,
        to,
        points,
        observable: observable.to_owned(),
        average,
        experiments: Vec::new(),
    };
    // from the resolved experiment: what is written and read back has the same points, to the bit
    let Ok(text) = base.to_toml() else {
        return Ok(None);
    };
    let origin = &document.origin;
    let single = Document::parse(&origin.name, &origin.base, &text)?;
    for index in 0..points {
        let mut point = single.clone();
        let value = spec.value(index);
        // whole numbers as such: a count takes no other, and every key that takes a fraction takes them too
        let written = if value.fract() == 0.0 && value.abs() < 1e15 {
            format!("{value:.0}")
        } else {
            format!("{value:e}")
        };
        point.set(&format!("{key}={written}"))?;
        let mut experiment = read(&point)?;
        let longest = default_noise_step(experiment.attention);
        experiment.noise.step = experiment.noise.step.min(longest);
        spec.experiments.push(experiment);
    }
    Ok(Some(spec))
}
