//! `[tokens] frequencies`: ω_i of every token on the circle (7.2), θ_i' = ω_i + attention: a law, a list or a file.

use serde::Serialize;

use super::document::{InputError, Value};
use super::section::Section;
use crate::sphere::random::{Stream, generator, unit};
use crate::theory::transition::FrequencyLaw;

/// Natural frequencies as a file says them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Frequencies {
    /// One number a token.
    List(Vec<f64>),
    /// Read from a file.
    File {
        /// The .npy or .csv file.
        path: String,
        /// What was read.
        #[serde(skip)]
        values: Vec<f64>,
    },
    /// From a law.
    Law {
        /// g(ω).
        #[serde(flatten)]
        law: FrequencyLaw,
        /// Drawn independently; else token i has the midpoint of the i-th of n parts of equal probability.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        random: bool,
    },
}

impl Frequencies {
    /// ω_1 … ω_n.
    #[must_use]
    pub(crate) fn values(&self, count: usize, seed: u64) -> Vec<f64> {
        match self {
            Self::List(values) | Self::File { values, .. } => values.clone(),
            Self::Law { law, random: false } => law.midpoints(count),
            Self::Law { law, random: true } => {
                let mut rng = generator(seed, Stream::Frequencies);
                // kept away from 0 and 1, where a Lorentz law has no quantile
                (0..count)
                    .map(|_| law.quantile(unit(&mut rng).clamp(1e-12, 1.0 - 1e-12)))
                    .collect()
            }
        }
    }

    /// The law, where there is one.
    #[must_use]
    pub(crate) fn law(&self) -> Option<FrequencyLaw> {
        match self {
            Self::Law { law, .. } => Some(*law),
            _ => None,
        }
    }
}

/// Reads `frequencies = [..]`, `{ path }` or `{ law, width, random }`.
// long: one arm a form of the key
pub(super) fn frequencies(
    section: &Section,
    count: usize,
) -> Result<Option<Frequencies>, InputError> {
    let Some(node) = section.get("frequencies") else {
        return Ok(None);
    };
    let fail = |message: String, remedy: &str| {
        Err(node.at.error(
            &section.key("frequencies"),
            message,
            Some(remedy.to_owned()),
        ))
    };
    let as_many = |found: usize| {
        let message = format!("{found} frequencies for {count} tokens");
        fail(message, "give one number a token")
    };
    match &node.value {
        Value::Array(_) => {
            let list = section.numbers("frequencies")?.unwrap_or_default();
            if list.len() != count {
                return as_many(list.len());
            }
            Ok(Some(Frequencies::List(list)))
        }
        Value::Table(table) => {
            let table = section.inner(section.key("frequencies"), table, &node.at);
            if let Some(path) = table.text("path")? {
                table.only(&["path"])?;
                let read = table.array("path", path)?;
                if read.values.len() != count {
                    return as_many(read.values.len());
                }
                return Ok(Some(Frequencies::File {
                    path: path.to_owned(),
                    values: read.values,
                }));
            }
            table.only(&["law", "width", "random"])?;
            let names = [("lorentz", 0), ("gaussian", 1), ("uniform", 2)];
            let Some(name) = table.choice("law", &names)? else {
                return table.missing("law", "\"lorentz\"");
            };
            let Some(width) = table.number("width")? else {
                return table.missing("width", "0.5");
            };
            let law = match name {
                0 => FrequencyLaw::Lorentz { width },
                1 => FrequencyLaw::Gaussian { width },
                _ => FrequencyLaw::Uniform { width },
            };
            let random = table.flag("random")?.unwrap_or(false);
            Ok(Some(Frequencies::Law { law, random }))
        }
        _ => section.wrong(
            "frequencies",
            node,
            "a list of numbers, { path = … } or { law = \"lorentz\", width = 0.5 }",
        ),
    }
}
