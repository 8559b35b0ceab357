//! What was probably meant by a name that is not known.

use super::keys::KEYS;

/// What was probably meant by a key that is not known in a section: the same name in another section or in other capitals, a name like it here, a
/// name like it elsewhere.
pub(super) fn suggestion(name: &str, section: &str, known: &[&str]) -> String {
    let lower = name.to_lowercase();
    if let Some(exact) = known
        .iter()
        .find(|candidate| candidate.to_lowercase() == lower)
    {
        return format!("did you mean `{exact}`?");
    }
    let elsewhere =
        (KEYS.iter()).find(|key| key.section != section && key.name.to_lowercase() == lower);
    match elsewhere {
        Some(key) if key.section.is_empty() => {
            return format!(
                "`{}` belongs at the top of the file, before the first section",
                key.name
            );
        }
        Some(key) => return format!("`{}` belongs to [{}]", key.name, key.section),
        None => {}
    }
    if known.iter().any(|candidate| near(&lower, candidate)) {
        return closest(&lower, known);
    }
    let like = (KEYS.iter().filter(|key| near(&lower, key.name)))
        .min_by_key(|key| strsim::osa_distance(&lower, key.name));
    match like {
        Some(key) => format!("did you mean `{}` of [{}]?", key.name, key.section),
        None => closest(name, known),
    }
}

fn near(name: &str, candidate: &str) -> bool {
    strsim::osa_distance(name, candidate) <= 1 + name.len() / 3
}

/// The word of the list that was probably meant, or the whole list.
pub(super) fn closest(name: &str, known: &[&str]) -> String {
    let lower = name.to_lowercase();
    let candidates = known.iter().filter(|candidate| near(&lower, candidate));
    match candidates.min_by_key(|candidate| strsim::osa_distance(&lower, candidate)) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("it can be one of: {}", known.join(", ")),
    }
}
