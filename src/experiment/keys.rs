//! Every key of an experiment by its section, and the full key that a short one on the command line means.

use super::document::{InputError, Location};

/// Every key of a section, for suggestions and for `--set` by the last part of a key.
pub(super) const SECTIONS: &[(&str, &[&str])] = &[
    ("", &["title", "section", "about"]),
    (
        "tokens",
        &[
            "count",
            "dimension",
            "seed",
            "initial",
            "weights",
            "merge",
            "encoding",
            "frequencies",
            "replay",
        ],
    ),
    (
        "attention",
        &[
            "beta",
            "gamma",
            "normalisation",
            "marginal_error",
            "tie",
            "value",
            "query",
            "key",
            "query_key",
            "heads",
            "head",
            "period",
            "interaction",
            "mask",
            "layer_norm",
            "until",
            "alpha",
            "space",
            "perceptron",
        ],
    ),
    ("noise", &["diffusion", "step"]),
    (
        "field",
        &[
            "solver",
            "count",
            "initial",
            "modes",
            "max_modes",
            "hand_over",
            "nodes",
        ],
    ),
    ("observe", &["cluster_width"]),
    (
        "time",
        &[
            "end",
            "frames",
            "last_frame",
            "spacing",
            "first",
            "tolerance",
            "scheme",
            "step",
            "residual",
        ],
    ),
    ("change", &["at", "beta", "normalisation", "diffusion"]),
    (
        "sweep",
        &["key", "from", "to", "points", "observable", "average"],
    ),
    ("pairs", &["runs", "closures"]),
];

/// The full dotted key that `key` means: itself, or the only key that ends in it.
///
/// # Errors
/// When several keys end in it.
pub fn full_key(key: &str, at: &Location) -> Result<String, InputError> {
    if key.contains('.') || SECTIONS[0].1.contains(&key) {
        return Ok(key.to_owned());
    }
    let fits: Vec<String> = SECTIONS
        .iter()
        .filter(|(section, keys)| {
            !section.is_empty() && *section != "change" && keys.contains(&key)
        })
        .map(|(section, _)| format!("{section}.{key}"))
        .collect();
    match fits.as_slice() {
        [one] => Ok(one.clone()),
        // n is what a count means where nothing else is said
        [first, ..] if first == "tokens.count" => Ok(first.clone()),
        [] => Ok(key.to_owned()),
        _ => Err(at.error(
            key,
            "this key is not unique",
            Some(format!("write one of {}", fits.join(", "))),
        )),
    }
}
