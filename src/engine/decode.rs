//! From a [`Document`] to an [`Experiment`]: defaults, ranges, and errors that name the key that was probably meant.

use std::path::Path;

use super::document::{Document, InputError, Location, Node, Table, Value};
use super::experiment::{
    Change, DEFAULT_CLUSTER_WIDTH, DEFAULT_MAX_MODES, DEFAULT_MODES, DEFAULT_NOISE_STEP, DEFAULT_SMOOTHING, Experiment,
    FieldInitial, FieldSpec, NoiseSpec, ObserveSpec, Scheme, Source, TimeSpec, TokenSpec,
};
use super::token_files::{self, FileError};
use crate::dynamics::{Attention, Normalisation};
use crate::measure::{Law, Particles};
use crate::sphere::geometry::norm;

/// Every key of a section, for suggestions and for `--set` by the last part of a key.
const SECTIONS: &[(&str, &[&str])] = &[
    ("", &["title", "about"]),
    ("tokens", &["count", "dimension", "seed", "initial"]),
    ("attention", &["beta", "normalisation"]),
    ("noise", &["diffusion", "step"]),
    ("field", &["initial", "modes", "max_modes"]),
    ("observe", &["cluster_width"]),
    ("time", &["end", "frames", "last_frame", "tolerance", "scheme", "step"]),
    ("change", &["at", "beta", "normalisation", "diffusion"]),
];

/// Most tokens: more do not fit into the memory of the machines this runs on.
const MOST_NUMBERS: usize = 1 << 31;

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
        .filter(|(section, keys)| !section.is_empty() && *section != "change" && keys.contains(&key))
        .map(|(section, _)| format!("{section}.{key}"))
        .collect();
    match fits.as_slice() {
        [one] => Ok(one.clone()),
        [] => Ok(key.to_owned()),
        _ => Err(at.error(key, "this key is not unique", Some(format!("write one of {}", fits.join(", "))))),
    }
}

/// A table that is being read: known keys, and the way to it.
struct Section<'a> {
    name: String,
    table: &'a Table,
    at: Location,
}

impl<'a> Section<'a> {
    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn get(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key)
    }

    /// Refuses keys that are not in the list.
    fn only(&self, known: &[&str]) -> Result<(), InputError> {
        for (name, at, _) in &self.table.entries {
            if !known.contains(&name.as_str()) {
                let remedy = suggestion(name, &self.name, known);
                return Err(at.error(&self.key(name), "there is no such key", Some(remedy)));
            }
        }
        Ok(())
    }

    fn wrong<T>(&self, key: &str, node: &Node, expected: &str) -> Result<T, InputError> {
        let message = format!("{} is {}, expected {expected}", node.value.shown(), node.value.kind());
        Err(node.at.error(&self.key(key), message, None))
    }

    fn number(&self, key: &str, range: std::ops::RangeInclusive<f64>) -> Result<Option<f64>, InputError> {
        self.get(key).map(|node| self.number_in(key, node, range)).transpose()
    }

    fn number_in(&self, key: &str, node: &Node, range: std::ops::RangeInclusive<f64>) -> Result<f64, InputError> {
        let number = match node.value {
            Value::Float(number) => number,
            Value::Integer(number) => number as f64,
            _ => return self.wrong(key, node, "a number"),
        };
        if number.is_finite() && range.contains(&number) {
            return Ok(number);
        }
        let (low, high) = (range.start(), range.end());
        let remedy = if *high >= 1e300 && low.is_normal() && *low < 1e-200 {
            "it must be a finite number greater than 0".into()
        } else if *high >= 1e300 {
            format!("it must be a finite number, at least {low}")
        } else {
            format!("it must lie between {low} and {high}")
        };
        Err(node.at.error(&self.key(key), format!("{number} is out of range"), Some(remedy)))
    }

    fn whole(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Result<Option<usize>, InputError> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let Value::Integer(number) = node.value else { return self.wrong(key, node, "a whole number") };
        if range.contains(&number) {
            return Ok(Some(number as usize));
        }
        let remedy = format!("it must lie between {} and {}", range.start(), range.end());
        Err(node.at.error(&self.key(key), format!("{number} is out of range"), Some(remedy)))
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, InputError> {
        match self.get(key) {
            None => Ok(None),
            Some(Node { value: Value::Text(text), .. }) => Ok(Some(text)),
            Some(node) => self.wrong(key, node, "a string"),
        }
    }

    /// One of a list of words, as the value that belongs to it.
    fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, InputError> {
        let (Some(text), Some(node)) = (self.text(key)?, self.get(key)) else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let remedy = closest(text, &names);
        Err(node.at.error(&self.key(key), format!("{text:?} is not known"), Some(remedy)))
    }

    fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, InputError> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let Value::Array(items) = &node.value else { return self.wrong(key, node, "an array of numbers") };
        items.iter().map(|item| self.number_in(key, item, f64::MIN..=f64::MAX)).collect::<Result<_, _>>().map(Some)
    }

    fn table(&self, key: &str) -> Result<Option<Section<'a>>, InputError> {
        match self.get(key) {
            None => Ok(None),
            Some(Node { value: Value::Table(table), at }) => {
                Ok(Some(Section { name: self.key(key), table, at: at.clone() }))
            }
            Some(node) => self.wrong(key, node, "a table"),
        }
    }

    /// A sub-table whose keys are listed in [`SECTIONS`]; an empty one when it is missing.
    fn section(&self, key: &str, empty: &'a Table) -> Result<Section<'a>, InputError> {
        let section = self.table(key)?.unwrap_or_else(|| Section { name: key.into(), table: empty, at: self.at.clone() });
        let known = SECTIONS.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, keys)| keys);
        section.only(known)?;
        Ok(section)
    }

    fn missing<T>(&self, key: &str, example: &str) -> Result<T, InputError> {
        let remedy = Some(format!("add `{key} = {example}` to [{}]", self.name));
        Err(self.at.error(&self.key(key), "this key is missing", remedy))
    }

    fn place_of(&self, key: &str) -> Location {
        self.get(key).map_or_else(|| self.at.clone(), |node| node.at.clone())
    }
}

fn near(name: &str, candidate: &str) -> bool {
    strsim::osa_distance(name, candidate) <= 1 + name.len() / 3
}

/// The word of the list that was probably meant, or the whole list.
fn closest(name: &str, known: &[&str]) -> String {
    let candidates = known.iter().filter(|candidate| near(name, candidate));
    match candidates.min_by_key(|candidate| strsim::osa_distance(name, candidate)) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("it can be one of: {}", known.join(", ")),
    }
}

/// What was probably meant by a key that is not known: a key of this section, this key of another, a key like it.
fn suggestion(name: &str, section: &str, known: &[&str]) -> String {
    if known.iter().any(|candidate| near(name, candidate)) {
        return closest(name, known);
    }
    match SECTIONS.iter().find(|(other, keys)| *other != section && keys.contains(&name)) {
        Some(("", _)) => return format!("`{name}` belongs at the top of the file, before the first section"),
        Some((other, _)) => return format!("`{name}` belongs to [{other}]"),
        None => {}
    }
    let keys = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (section, key)));
    match keys.filter(|(_, key)| near(name, key)).min_by_key(|(_, key)| strsim::osa_distance(name, key)) {
        Some((section, key)) => format!("did you mean `{key}` of [{section}]?"),
        None => closest(name, known),
    }
}

/// Resolves a document.
///
/// # Errors
/// The first [`InputError`] met: unknown keys before wrong values.
pub fn experiment(document: &Document) -> Result<Experiment, InputError> {
    let empty = Table::default();
    let start = Location::start_of(&document.origin);
    let root = Section { name: String::new(), table: &document.root, at: start };
    let top: Vec<&str> =
        SECTIONS[0].1.iter().copied().chain(SECTIONS[1..].iter().map(|(section, _)| *section)).collect();
    root.only(&top)?;
    for (section, _) in &SECTIONS[1..] {
        if *section != "change" {
            root.section(section, &empty)?;
        }
    }

    let mut notes = Vec::new();
    let attention = attention(&root.section("attention", &empty)?)?;
    let noise_section = root.section("noise", &empty)?;
    let noise = NoiseSpec {
        diffusion: noise_section.number("diffusion", 0.0..=f64::MAX)?.unwrap_or(0.0),
        step: noise_section.number("step", f64::MIN_POSITIVE..=1.0)?.unwrap_or(DEFAULT_NOISE_STEP),
    };
    let tokens = tokens(&root.section("tokens", &empty)?, &mut notes)?;
    let field = field(&root.section("field", &empty)?, &tokens, &mut notes)?;
    let observe_section = root.section("observe", &empty)?;
    let observe = ObserveSpec {
        cluster_width: observe_section.number("cluster_width", 1e-3..=1.0)?.unwrap_or(DEFAULT_CLUSTER_WIDTH),
    };
    let time = time(&root.section("time", &empty)?)?;
    let changes = changes(&root, attention)?;
    Ok(Experiment {
        title: root.text("title")?.unwrap_or("untitled").to_owned(),
        about: root.text("about")?.unwrap_or("").to_owned(),
        tokens,
        attention,
        noise,
        field,
        observe,
        time,
        changes,
        notes,
    })
}

const NORMALISATIONS: &[(&str, Normalisation)] = &[("softmax", Normalisation::Softmax), ("none", Normalisation::None)];

fn attention(section: &Section) -> Result<Attention, InputError> {
    let Some(beta) = section.number("beta", 0.0..=1e6)? else { return section.missing("beta", "9.0") };
    let normalisation = section.choice("normalisation", NORMALISATIONS)?.unwrap_or(Normalisation::Softmax);
    let attention = Attention { beta, normalisation };
    check_speed(attention, &section.place_of("beta"), &section.key("beta"))?;
    Ok(attention)
}

/// (USA) moves at speeds up to e^β, which must be a number.
fn check_speed(attention: Attention, at: &Location, key: &str) -> Result<(), InputError> {
    if attention.speed().is_finite() {
        return Ok(());
    }
    let remedy = Some("with normalisation = \"none\" keep beta ≤ 700, or use \"softmax\"".into());
    Err(at.error(key, format!("the speed e^β of USA overflows at β = {}", attention.beta), remedy))
}

fn tokens(section: &Section, notes: &mut Vec<String>) -> Result<TokenSpec, InputError> {
    let dimension = section.whole("dimension", 2..=1 << 20)?;
    let count = section.whole("count", 1..=1 << 30)?;
    let seed = section.whole("seed", 0..=i64::MAX)?.unwrap_or(0) as u64;
    let initial = section.table("initial")?;
    let from_file = initial.as_ref().map(|table| table.text("law")).transpose()?.flatten() == Some("file");
    if let (true, Some(table)) = (from_file, &initial) {
        return tokens_from_file(section, table, count, dimension, seed, notes);
    }
    let (dimension, count) = (dimension.unwrap_or(2), count.unwrap_or(64));
    if dimension.saturating_mul(count) > MOST_NUMBERS {
        let message = format!("{count} tokens in dimension {dimension} do not fit into memory");
        return Err(section.place_of("count").error(&section.key("count"), message, None));
    }
    let law = initial.as_ref().map_or(Ok(Law::Uniform), |table| law(table, dimension))?;
    law.check(count, dimension)
        .map_err(|error| section.place_of("initial").error(&section.key("initial"), error.to_string(), None))?;
    Ok(TokenSpec { count, dimension, seed, initial: law })
}

fn tokens_from_file(
    section: &Section,
    table: &Section,
    count: Option<usize>,
    dimension: Option<usize>,
    seed: u64,
    notes: &mut Vec<String>,
) -> Result<TokenSpec, InputError> {
    let law = file_law(table, notes)?;
    let Law::File { points, .. } = &law else { return section.missing("initial", "{ law = \"file\", path = \"x.npy\" }") };
    for (key, said, found) in [("count", count, points.count()), ("dimension", dimension, points.dimension())] {
        if said.is_some_and(|said| said != found) {
            let message = format!("the file has {key} {found}");
            let remedy = Some(format!("leave `{key}` out, or set it to {found}"));
            return Err(section.place_of(key).error(&section.key(key), message, remedy));
        }
    }
    Ok(TokenSpec { count: points.count(), dimension: points.dimension(), seed, initial: law })
}

const LAWS: &[&str] = &[
    "uniform", "harmonics", "von-mises-fisher", "poisson", "clusters", "hemisphere", "orthogonal", "simplex", "file",
];

fn law(table: &Section, dimension: usize) -> Result<Law, InputError> {
    let Some(name) = table.text("law")? else { return table.missing("law", "\"uniform\"") };
    let positive = f64::MIN_POSITIVE..=f64::MAX;
    Ok(match name {
        "uniform" | "hemisphere" | "orthogonal" | "simplex" => {
            table.only(&["law"])?;
            match name {
                "uniform" => Law::Uniform,
                "hemisphere" => Law::Hemisphere,
                "orthogonal" => Law::Orthogonal,
                _ => Law::Simplex,
            }
        }
        "harmonics" => {
            table.only(&["law", "cosine", "sine"])?;
            Law::Harmonics {
                cosine: table.numbers("cosine")?.unwrap_or_default(),
                sine: table.numbers("sine")?.unwrap_or_default(),
            }
        }
        "von-mises-fisher" => {
            table.only(&["law", "concentration", "mean"])?;
            let Some(concentration) = table.number("concentration", 0.0..=f64::MAX)? else {
                return table.missing("concentration", "4.0");
            };
            Law::VonMisesFisher { concentration, mean: direction(table, "mean", dimension)? }
        }
        "poisson" => {
            table.only(&["law", "weight", "axis"])?;
            let Some(weight) = table.number("weight", 0.0..=0.999_999)? else { return table.missing("weight", "0.3") };
            Law::Poisson { weight, axis: direction(table, "axis", dimension)? }
        }
        "clusters" => {
            table.only(&["law", "count", "concentration", "masses"])?;
            let given = table.numbers("masses")?;
            let count = table.whole("count", 1..=1 << 20)?.or(given.as_ref().map(Vec::len));
            let Some(count) = count else { return table.missing("count", "3") };
            let Some(concentration) = table.number("concentration", positive)? else {
                return table.missing("concentration", "50.0");
            };
            Law::Clusters { count, concentration, masses: masses(table, given, count)? }
        }
        "file" => {
            let remedy = Some("a density cannot start from points: use { from = \"empirical\", smoothing = … }".into());
            return Err(table.place_of("law").error(&table.key("law"), "a file of points has no density", remedy));
        }
        other => {
            let remedy = Some(closest(other, LAWS));
            return Err(table.place_of("law").error(&table.key("law"), format!("{other:?} is not a known law"), remedy));
        }
    })
}

fn masses(table: &Section, given: Option<Vec<f64>>, count: usize) -> Result<Vec<f64>, InputError> {
    let Some(masses) = given else { return Ok(vec![1.0 / count as f64; count]) };
    let wrong = |message: String, remedy: &str| {
        Err(table.place_of("masses").error(&table.key("masses"), message, Some(remedy.to_owned())))
    };
    if masses.len() != count {
        return wrong(format!("{} masses for {count} clusters", masses.len()), "give one mass a cluster");
    }
    if let Some(bad) = masses.iter().find(|mass| **mass <= 0.0) {
        return wrong(format!("{bad} is not a mass"), "masses are positive; they are scaled to sum to 1");
    }
    let total: f64 = masses.iter().sum();
    Ok(masses.iter().map(|mass| mass / total).collect())
}

/// A unit vector: d numbers, on the circle also an angle; the last axis by default.
fn direction(table: &Section, key: &str, dimension: usize) -> Result<Vec<f64>, InputError> {
    let Some(node) = table.get(key) else {
        let mut axis = vec![0.0; dimension];
        axis[dimension - 1] = 1.0;
        return Ok(axis);
    };
    if dimension == 2 && !matches!(node.value, Value::Array(_)) {
        let angle = table.number_in(key, node, f64::MIN..=f64::MAX)?;
        return Ok(vec![angle.cos(), angle.sin()]);
    }
    let vector = table.numbers(key)?.unwrap_or_default();
    let length = norm(&vector);
    if vector.len() != dimension || length < 1e-300 {
        let message = format!("{} components, of length {length}", vector.len());
        let remedy = Some(format!("give {dimension} numbers that are not all zero"));
        return Err(node.at.error(&table.key(key), message, remedy));
    }
    Ok(vector.iter().map(|a| a / length).collect())
}

fn file_law(table: &Section, notes: &mut Vec<String>) -> Result<Law, InputError> {
    table.only(&["law", "path", "weights"])?;
    let Some(path) = table.text("path")? else { return table.missing("path", "\"tokens.npy\"") };
    let fail = |key: &str, error: FileError| table.place_of(key).error(&table.key(key), error.to_string(), None);
    let resolve = |key: &str, path: &str| table.place_of(key).origin.base.join(Path::new(path));
    let rows = token_files::read(&resolve("path", path)).map_err(|e| fail("path", e))?;
    if rows.width < 2 {
        return Err(fail("path", FileError(format!("{path}: the rows have one number, tokens need d ≥ 2"))));
    }
    let positions = unit_rows(path, rows.values, rows.width, notes).map_err(|e| fail("path", e))?;
    let weights = table.text("weights")?;
    let points = match weights {
        None => Particles::new(rows.width, positions),
        Some(file) => {
            let read = token_files::read(&resolve("weights", file)).map_err(|e| fail("weights", e))?;
            let count = positions.len() / rows.width;
            if read.values.len() != count {
                let message = format!("{file}: {} weights for {count} tokens", read.values.len());
                return Err(fail("weights", FileError(message)));
            }
            if let Some(row) = read.values.iter().position(|w| *w <= 0.0) {
                let message = format!("{file}: weight {} is {}, weights are positive", row + 1, read.values[row]);
                return Err(fail("weights", FileError(message)));
            }
            Particles::weighted(rows.width, positions, read.values)
        }
    };
    Ok(Law::File { path: path.to_owned(), weights: weights.map(str::to_owned), points })
}

/// Brings rows to unit length; says so when that changed them.
fn unit_rows(path: &str, mut values: Vec<f64>, width: usize, notes: &mut Vec<String>) -> Result<Vec<f64>, FileError> {
    let mut farthest = 0.0_f64;
    for (index, row) in values.chunks_exact_mut(width).enumerate() {
        let length = norm(row);
        if length < 1e-300 || !length.is_finite() {
            return Err(FileError(format!("{path}: row {} has length {length} and points nowhere", index + 1)));
        }
        farthest = farthest.max((length - 1.0).abs());
        // Rows that are unit to rounding stay as they are, so that a saved start is the same start.
        if (length - 1.0).abs() > 4e-16 {
            row.iter_mut().for_each(|a| *a /= length);
        }
    }
    if farthest > 1e-6 {
        notes.push(format!("the rows of {path} were brought to unit length (lengths differed from 1 by up to {farthest:.3e})"));
    }
    Ok(values)
}

fn field(section: &Section, tokens: &TokenSpec, notes: &mut Vec<String>) -> Result<FieldSpec, InputError> {
    let max_modes = section.whole("max_modes", 4..=1 << 22)?.unwrap_or(DEFAULT_MAX_MODES);
    let modes = section.whole("modes", 4..=1 << 22)?.unwrap_or(DEFAULT_MODES.min(max_modes));
    if modes > max_modes {
        let message = format!("{modes} modes to start with and at most {max_modes}");
        let remedy = Some("keep modes ≤ max_modes".into());
        return Err(section.place_of("modes").error(&section.key("modes"), message, remedy));
    }
    let initial = match section.table("initial")? {
        None => default_field(tokens, notes),
        Some(table) => field_initial(&table, tokens)?,
    };
    Ok(FieldSpec { initial, modes, max_modes })
}

/// The law itself where it has a smooth density, the law smoothed where it jumps, else the smoothed tokens.
fn default_field(tokens: &TokenSpec, notes: &mut Vec<String>) -> FieldInitial {
    let (from, smoothing) = match &tokens.initial {
        law if !law.has_density() => (Source::Empirical, DEFAULT_SMOOTHING),
        Law::Hemisphere => (Source::Law, DEFAULT_SMOOTHING),
        _ => (Source::Law, 0.0),
    };
    if smoothing > 0.0 && tokens.dimension == 2 {
        let what = if from == Source::Empirical { "the tokens' empirical measure" } else { "the law, which jumps," };
        notes.push(format!("field.initial was not given: the density starts from {what} smoothed by {smoothing}"));
    }
    FieldInitial::From { from, smoothing }
}

fn field_initial(table: &Section, tokens: &TokenSpec) -> Result<FieldInitial, InputError> {
    if table.get("from").is_none() {
        let law = law(table, tokens.dimension)?;
        let fail = |message: String| table.at.error(&table.name, message, None);
        law.check(1, tokens.dimension).map_err(|error| fail(error.to_string()))?;
        if !law.has_density() {
            return Err(fail("this law has points and no density".into()));
        }
        return Ok(FieldInitial::Law(law));
    }
    table.only(&["from", "smoothing"])?;
    let sources = [("law", Source::Law), ("empirical", Source::Empirical)];
    let from = table.choice("from", &sources)?.unwrap_or(Source::Law);
    if from == Source::Law && !tokens.initial.has_density() {
        let remedy = Some("use { from = \"empirical\" }".into());
        let message = "the law of the tokens has no density to start from";
        return Err(table.place_of("from").error(&table.key("from"), message, remedy));
    }
    let default = if from == Source::Empirical { DEFAULT_SMOOTHING } else { 0.0 };
    let smoothing = table.number("smoothing", 0.0..=100.0)?.unwrap_or(default);
    Ok(FieldInitial::From { from, smoothing })
}

fn time(section: &Section) -> Result<TimeSpec, InputError> {
    let Some(end) = section.number("end", f64::MIN_POSITIVE..=f64::MAX)? else { return section.missing("end", "30.0") };
    let frames = section.whole("frames", 2..=10_000_000)?.unwrap_or(301);
    let last_frame = section.whole("last_frame", 0..=10_000_000)?;
    let tolerance = section.number("tolerance", 1e-15..=0.1)?.unwrap_or(1e-9);
    let schemes = [("adaptive", Scheme::Adaptive), ("layer", Scheme::Layer)];
    let scheme = section.choice("scheme", &schemes)?.unwrap_or(Scheme::Adaptive);
    let step = section.number("step", f64::MIN_POSITIVE..=f64::MAX)?;
    let step = match (scheme, step) {
        (Scheme::Layer, given) => Some(given.unwrap_or(0.1)),
        (Scheme::Adaptive, None) => None,
        (Scheme::Adaptive, Some(_)) => {
            let remedy = Some("set scheme = \"layer\", or leave `step` out and set `tolerance`".into());
            let message = "the adaptive scheme chooses its steps itself";
            return Err(section.place_of("step").error(&section.key("step"), message, remedy));
        }
    };
    if let Some(step) = step {
        let layers = end / (frames - 1) as f64 / step;
        if layers < 0.5 || (layers - layers.round()).abs() > 1e-9 * layers {
            let total = (end / step).round().max(1.0);
            let remedy = Some(format!("frames lie on whole layers: try end = {} with frames = {}", total * step, total + 1.0));
            let message = format!("{layers:.4} layers of {step} between two frames");
            return Err(section.place_of("step").error(&section.key("step"), message, remedy));
        }
    }
    Ok(TimeSpec { end, frames, last_frame, tolerance, scheme, step })
}

fn changes(root: &Section, start: Attention) -> Result<Vec<Change>, InputError> {
    let Some(node) = root.get("change") else { return Ok(Vec::new()) };
    let Value::Array(items) = &node.value else { return root.wrong("change", node, "[[change]] tables") };
    let mut attention = start;
    let mut list: Vec<Change> = Vec::new();
    for item in items {
        let Value::Table(table) = &item.value else { return root.wrong("change", item, "a table") };
        let section = Section { name: "change".into(), table, at: item.at.clone() };
        section.only(SECTIONS[7].1)?;
        let Some(at) = section.number("at", 0.0..=f64::MAX)? else { return section.missing("at", "10.0") };
        let change = Change {
            at,
            beta: section.number("beta", 0.0..=1e6)?,
            normalisation: section.choice("normalisation", NORMALISATIONS)?,
            diffusion: section.number("diffusion", 0.0..=f64::MAX)?,
        };
        if list.last().is_some_and(|before| before.at > at) {
            let remedy = Some("order the [[change]] tables by `at`".into());
            return Err(section.place_of("at").error("change.at", format!("{at} is earlier than the change before"), remedy));
        }
        attention.beta = change.beta.unwrap_or(attention.beta);
        attention.normalisation = change.normalisation.unwrap_or(attention.normalisation);
        check_speed(attention, &section.place_of("beta"), "change.beta")?;
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
