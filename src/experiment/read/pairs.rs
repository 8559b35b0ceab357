//! Reading `[pairs]`: how many runs, and which closures.

use crate::dynamics::bbgky::Closure;
use crate::experiment::document::{InputError, Value};
use crate::experiment::keys;
use crate::experiment::meant::closest;
use crate::experiment::section::Section;
use crate::experiment::spec::PairsSpec;

/// `[pairs]`.
pub(super) fn pairs(section: Option<&Section>) -> Result<Option<PairsSpec>, InputError> {
    let Some(section) = section else {
        return Ok(None);
    };
    section.only(&keys::names("pairs"))?;
    let runs = section.whole("runs")?.unwrap_or(256);
    let Some(node) = section.get("closures") else {
        let closures = Closure::ALL.to_vec();
        return Ok(Some(PairsSpec { runs, closures }));
    };
    let Value::Array(items) = &node.value else {
        return section.wrong("closures", node, "a list of closures");
    };
    let mut closures = Vec::new();
    for item in items {
        let Value::Text(name) = &item.value else {
            return section.wrong("closures", item, "the name of a closure");
        };
        let Some(closure) = Closure::ALL.into_iter().find(|c| c.name() == name) else {
            let names = Closure::ALL.map(Closure::name);
            let remedy = Some(closest(name, &names));
            let message = format!("{name:?} is not known");
            return Err(item.at.error(&section.key("closures"), message, remedy));
        };
        closures.push(closure);
    }
    Ok(Some(PairsSpec { runs, closures }))
}
