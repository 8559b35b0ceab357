//! From a [`Document`] to an [`Experiment`]: defaults, ranges, and errors that name the key that was probably meant.

use std::path::Path;

use super::document::{Document, InputError, Location, Table, Value};
use super::encoding::encoding;
use super::ensemble::PairsSpec;
use super::experiment::{
    Change, DEFAULT_CLUSTER_WIDTH, DEFAULT_SMOOTHING, Experiment, FieldInitial, FieldSpec,
    NamedWeights, NoiseSpec, ObserveSpec, Scheme, Solver, Source, Spacing, TimeSpec, TokenSpec,
    Weights, default_modes, default_noise_step, most_modes,
};
use super::frequencies::frequencies;
use super::laws::{file_law, law};
use super::replay::Replay;
use super::section::{SECTIONS, Section};
use super::sweep::sweep;
use super::system_spec::SystemSpec;
use super::systems::{self, NORMALISATIONS};
use crate::dynamics::pairs::Closure;
use crate::dynamics::{Attention, Normalisation};
use crate::measure::Law;

/// Most tokens: more do not fit into the memory of the machines this runs on.
const MOST_NUMBERS: usize = 1 << 31;

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
        systems::attention(&attention_section, tokens.dimension, tokens.count)?;
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

/// The frames of a replay are its layers.
fn replay_time(section: &Section, replay: &Replay) -> Result<TimeSpec, InputError> {
    let frames = replay.layers;
    let end = (frames - 1) as f64;
    for (key, said) in [
        ("end", section.number("end", 0.0..=f64::MAX)?),
        (
            "frames",
            section
                .whole("frames", 2..=10_000_000)?
                .map(|f| f as f64 - 1.0),
        ),
    ] {
        if said.is_some_and(|said| said != end) {
            let message = format!("{} has {frames} layers", replay.path);
            let remedy = Some(format!(
                "leave `{key}` out: frames are the layers 0 … {end}"
            ));
            return Err(section
                .place_of(key)
                .error(&section.key(key), message, remedy));
        }
    }
    for key in ["spacing", "first", "scheme", "step", "residual"] {
        if section.get(key).is_some() {
            let message = "the frames of a replay are its layers";
            let remedy = Some("leave it out".into());
            return Err(section
                .place_of(key)
                .error(&section.key(key), message, remedy));
        }
    }
    Ok(TimeSpec {
        end,
        frames,
        spacing: Spacing::Linear,
        first: None,
        last_frame: section.whole("last_frame", 0..=frames as i64 - 1)?,
        tolerance: section.number("tolerance", 1e-15..=0.1)?.unwrap_or(1e-9),
        scheme: Scheme::Adaptive,
        step: None,
        residual: true,
    })
}

/// `[pairs]`: only where (8.1) holds.
fn pairs(
    section: Option<&Section>,
    tokens: &TokenSpec,
    attention: Attention,
    system: &SystemSpec,
    noise: &NoiseSpec,
) -> Result<Option<PairsSpec>, InputError> {
    let Some(section) = section else {
        return Ok(None);
    };
    section.only(&["runs", "closures"])?;
    let runs = section.whole("runs", 2..=1 << 20)?.unwrap_or(256);
    let mut closures = Vec::new();
    if let Some(node) = section.get("closures") {
        let Value::Array(items) = &node.value else {
            return section.wrong("closures", node, "a list of closures");
        };
        for item in items {
            let name = match &item.value {
                Value::Text(name) => name.as_str(),
                _ => return section.wrong("closures", item, "the name of a closure"),
            };
            let Some(closure) = Closure::ALL.into_iter().find(|c| c.name() == name) else {
                let names = Closure::ALL.map(Closure::name);
                let remedy = Some(super::section::closest(name, &names));
                let message = format!("{name:?} is not known");
                return Err(item.at.error(&section.key("closures"), message, remedy));
            };
            closures.push(closure);
        }
    } else {
        closures = Closure::ALL.to_vec();
    }
    let usa =
        attention == Attention::new(attention.beta, Normalisation::None) && attention.beta > 0.0;
    let fits = usa
        && system.is_plain()
        && tokens.dimension == 2
        && tokens.count >= 2
        && tokens.initial == Law::Uniform
        && tokens.weights == Weights::EQUAL
        && tokens.merge.is_none()
        && tokens.encoding.is_none()
        && tokens.frequencies.is_none()
        && noise.diffusion == 0.0;
    if !fits {
        let message = "the hierarchy (8.1) is that of (USA) with β > 0 on the circle from independent uniform tokens, without noise";
        let remedy = "set normalisation = \"none\", dimension = 2, initial = { law = \"uniform\" }, or leave [pairs] out";
        return Err(section.at.error("pairs", message, Some(remedy.into())));
    }
    Ok(Some(PairsSpec { runs, closures }))
}

/// Which systems can be driven by noise.
fn check_noise(
    root: &Section,
    diffusion: f64,
    changes: &[Change],
    system: &SystemSpec,
) -> Result<(), InputError> {
    let noisy = diffusion > 0.0 || changes.iter().any(|c| c.diffusion.is_some_and(|d| d > 0.0));
    if !noisy || system.takes_noise() {
        return Ok(());
    }
    let message = "noise is for tokens on the sphere without lengths of their own, or in ℝ^d without rescaling";
    let remedy = Some("set noise.diffusion = 0".into());
    Err(root
        .place_of("noise")
        .error("noise.diffusion", message, remedy))
}

/// Natural frequencies turn a circle, and nothing but attention by a kernel goes with them.
fn check_frequencies(
    section: &Section,
    tokens: &TokenSpec,
    system: &SystemSpec,
) -> Result<(), InputError> {
    if tokens.frequencies.is_none() {
        return Ok(());
    }
    let fail = |message: &str, remedy: &str| {
        Err(section.place_of("frequencies").error(
            "tokens.frequencies",
            message,
            Some(remedy.to_owned()),
        ))
    };
    if tokens.dimension != 2 || !system.is_plain() {
        return fail(
            "natural frequencies turn the circle, where attention is a kernel",
            "set dimension = 2, and leave heads, masks and schemes out",
        );
    }
    if tokens.merge.is_some() {
        return fail(
            "tokens of different frequencies that meet do not stay together",
            "leave `merge` out",
        );
    }
    Ok(())
}

/// What merging relies on: tokens of the sphere that attract each other, and move by the kernel alone.
fn check_merging(
    section: &Section,
    tokens: &TokenSpec,
    attention: Attention,
    system: &SystemSpec,
) -> Result<(), InputError> {
    if tokens.merge.is_none() || (attention.attracts() && system.is_plain()) {
        return Ok(());
    }
    let message = "tokens that meet stay together where Q = K = I and V is a positive multiple of I, and this system is another";
    let remedy = Some("leave `merge` out".into());
    Err((section.place_of("merge")).error("tokens.merge", message, remedy))
}

/// Tokens of all layers from a file.
fn replayed(section: &Section, path: &str, flat: bool) -> Result<TokenSpec, InputError> {
    let fail = |key: &str, message: String, remedy: Option<String>| {
        Err(section
            .place_of(key)
            .error(&section.key(key), message, remedy))
    };
    for key in ["initial", "weights", "merge", "encoding", "frequencies"] {
        if section.get(key).is_some() {
            let message = "the tokens of all layers come from the file that is replayed".into();
            return fail(key, message, Some("leave it out".into()));
        }
    }
    if flat {
        let message = "the directions of replayed tokens are shown on the sphere".into();
        return fail("replay", message, Some("leave attention.space out".into()));
    }
    let full = section.place_of("replay").origin.base.join(Path::new(path));
    let replay = match Replay::read(path, &full) {
        Ok(replay) => replay,
        Err(error) => return fail("replay", error.to_string(), None),
    };
    for (key, found) in [("count", replay.count), ("dimension", replay.dimension)] {
        let said = section.whole(key, 1..=1 << 30)?;
        if said.is_some_and(|said| said != found) {
            let remedy = Some(format!("leave `{key}` out, or set it to {found}"));
            return fail(key, format!("the file has {key} {found}"), remedy);
        }
    }
    Ok(TokenSpec {
        count: replay.count,
        dimension: replay.dimension,
        seed: section.whole("seed", 0..=i64::MAX)?.unwrap_or(0) as u64,
        initial: Law::Uniform,
        weights: Weights::EQUAL,
        merge: None,
        encoding: None,
        frequencies: None,
        replay: Some(replay),
        flat,
    })
}

fn tokens(section: &Section, flat: bool, notes: &mut Vec<String>) -> Result<TokenSpec, InputError> {
    if let Some(path) = section.text("replay")? {
        return replayed(section, path, flat);
    }
    let dimension = section.whole("dimension", 2..=1 << 20)?;
    let count = section.whole("count", 1..=1 << 30)?;
    let seed = section.whole("seed", 0..=i64::MAX)?.unwrap_or(0) as u64;
    let initial = section.table("initial")?;
    let from_file = initial
        .as_ref()
        .map(|table| table.text("law"))
        .transpose()?
        .flatten()
        == Some("file");
    if let (true, Some(table)) = (from_file, &initial) {
        return tokens_from_file(section, table, (count, dimension), seed, flat, notes);
    }
    let dimension = dimension.unwrap_or(2);
    let law = initial
        .as_ref()
        .map_or(Ok(Law::Uniform), |table| law(table, dimension, flat))?;
    let count = count.unwrap_or(match &law {
        Law::Points { points } => points.len(),
        _ => 64,
    });
    if dimension.saturating_mul(count) > MOST_NUMBERS {
        let message = format!("{count} tokens in dimension {dimension} do not fit into memory");
        return Err(section
            .place_of("count")
            .error(&section.key("count"), message, None));
    }
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

/// Merging below this chord would decide on rounding noise; above the other the merged tokens were not yet one.
const MERGE: std::ops::RangeInclusive<f64> = 1e-13..=1e-2;

fn merge(section: &Section) -> Result<Option<f64>, InputError> {
    section.number("merge", MERGE)
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
    Ok(Weights::List(list))
}

/// Tokens of a file bring their weights along.
fn tokens_from_file(
    section: &Section,
    table: &Section,
    (count, dimension): (Option<usize>, Option<usize>),
    seed: u64,
    flat: bool,
    notes: &mut Vec<String>,
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
    let law = file_law(table, flat, notes)?;
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

fn field(
    section: &Section,
    tokens: &TokenSpec,
    (attention, system): (Attention, &SystemSpec),
    diffusion: f64,
    notes: &mut Vec<String>,
) -> Result<FieldSpec, InputError> {
    let solver = solver(section, tokens.dimension)?;
    let fail = |key: &str, message: &str, remedy: &str| {
        Err(section
            .place_of(key)
            .error(&section.key(key), message, Some(remedy.to_owned())))
    };
    if solver == Solver::Characteristics && diffusion > 0.0 {
        let message =
            "markers are carried along the flow and cannot diffuse, and noise.diffusion is above 0";
        return fail(
            "solver",
            message,
            "use solver = \"spectral\" or \"zonal\", or no noise",
        );
    }
    let hand_over = section.flag("hand_over")?.unwrap_or(true);
    if solver == Solver::Characteristics && !(attention.attracts() && system.is_plain()) {
        let message = "characteristics are for Q = K = I and V a positive multiple of I";
        return fail("solver", message, "leave `solver` out");
    }
    if solver == Solver::Characteristics && !hand_over {
        let message = "the solver \"characteristics\" starts with the hand-over";
        return fail("hand_over", message, "leave `hand_over` out");
    }
    let count = reference_count(section, solver, tokens)?;
    let (modes, most) = default_modes(solver, tokens.dimension, hand_over && diffusion == 0.0);
    let largest = most_modes(solver, tokens.dimension) as i64;
    let max_modes = section.whole("max_modes", 4..=largest)?.unwrap_or(most);
    let modes = section
        .whole("modes", 4..=largest)?
        .unwrap_or(modes.min(max_modes));
    if modes > max_modes {
        let message = format!("{modes} modes to start with and at most {max_modes}");
        let remedy = Some("keep modes ≤ max_modes".into());
        return Err(section
            .place_of("modes")
            .error(&section.key("modes"), message, remedy));
    }
    let initial = match section.table("initial")? {
        None => default_field(tokens, system, notes),
        Some(table) => field_initial(&table, tokens)?,
    };
    Ok(FieldSpec {
        solver,
        initial,
        modes,
        max_modes,
        hand_over,
        count,
        nodes: section.whole("nodes", 2..=1 << 16)?,
    })
}

/// N of a reference run: independent tokens of a law, of which there can be any number.
fn reference_count(
    section: &Section,
    solver: Solver,
    tokens: &TokenSpec,
) -> Result<Option<usize>, InputError> {
    let fail = |key: &str, message: &str, remedy: &str| {
        Err(section
            .place_of(key)
            .error(&section.key(key), message, Some(remedy.to_owned())))
    };
    let count = section.whole("count", 1..=1 << 24)?;
    match (solver, count) {
        (Solver::Tokens, None) => section.missing("count", "4096"),
        (Solver::Tokens, Some(_)) if !tokens.initial.is_sampled() => fail(
            "solver",
            "a reference run draws more tokens from the law, and this one names its tokens",
            "use a law to draw from, as \"uniform\", or leave `solver` out",
        ),
        (Solver::Tokens, Some(count)) => Ok(Some(count)),
        (_, Some(_)) => fail(
            "count",
            "the number of tokens of a reference run belongs to solver = \"tokens\"",
            "leave it out",
        ),
        (_, None) => Ok(None),
    }
}

fn solver(section: &Section, dimension: usize) -> Result<Solver, InputError> {
    let solvers = [
        ("spectral", Solver::Spectral),
        ("zonal", Solver::Zonal),
        ("characteristics", Solver::Characteristics),
        ("tokens", Solver::Tokens),
    ];
    let solver = section
        .choice("solver", &solvers)?
        .unwrap_or(Solver::default_for(dimension));
    if solver == Solver::Spectral && dimension > 3 {
        let message =
            format!("the spectral solver is for d = 2 and 3, and the dimension is {dimension}");
        let remedy = Some("use solver = \"zonal\", or leave it out".into());
        return Err(section
            .place_of("solver")
            .error(&section.key("solver"), message, remedy));
    }
    Ok(solver)
}

/// The law itself where it has a smooth density, the law smoothed where it jumps, else the smoothed tokens.
fn default_field(tokens: &TokenSpec, system: &SystemSpec, notes: &mut Vec<String>) -> FieldInitial {
    let (from, smoothing) = match &tokens.initial {
        law if !law.has_density() => (Source::Empirical, DEFAULT_SMOOTHING),
        Law::Hemisphere => (Source::Law, DEFAULT_SMOOTHING),
        _ => (Source::Law, 0.0),
    };
    if smoothing > 0.0 && tokens.dimension <= 3 && system.is_plain() {
        let what = if from == Source::Empirical {
            "the tokens' empirical measure"
        } else {
            "the law, which jumps,"
        };
        notes.push(format!(
            "field.initial was not given: the density starts from {what} smoothed by {smoothing}"
        ));
    }
    FieldInitial::From { from, smoothing }
}

fn field_initial(table: &Section, tokens: &TokenSpec) -> Result<FieldInitial, InputError> {
    if table.get("from").is_none() {
        let law = law(table, tokens.dimension, false)?;
        let fail = |message: String| table.at.error(&table.name, message, None);
        law.check(1, tokens.dimension)
            .map_err(|error| fail(error.to_string()))?;
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
        return Err(table
            .place_of("from")
            .error(&table.key("from"), message, remedy));
    }
    let default = if from == Source::Empirical {
        DEFAULT_SMOOTHING
    } else {
        0.0
    };
    let smoothing = table.number("smoothing", 0.0..=100.0)?.unwrap_or(default);
    Ok(FieldInitial::From { from, smoothing })
}

fn time(section: &Section) -> Result<TimeSpec, InputError> {
    let Some(end) = section.number("end", f64::MIN_POSITIVE..=f64::MAX)? else {
        return section.missing("end", "30.0");
    };
    let frames = section.whole("frames", 2..=10_000_000)?.unwrap_or(301);
    let last_frame = section.whole("last_frame", 0..=10_000_000)?;
    let (spacing, first) = spacing(section, end, frames)?;
    let tolerance = section.number("tolerance", 1e-15..=0.1)?.unwrap_or(1e-9);
    let schemes = [("adaptive", Scheme::Adaptive), ("layer", Scheme::Layer)];
    let scheme = section
        .choice("scheme", &schemes)?
        .unwrap_or(Scheme::Adaptive);
    let step = section.number("step", f64::MIN_POSITIVE..=f64::MAX)?;
    let step = match (scheme, step) {
        (Scheme::Layer, given) => Some(given.unwrap_or(0.1)),
        (Scheme::Adaptive, None) => None,
        (Scheme::Adaptive, Some(_)) => {
            let remedy =
                Some("set scheme = \"layer\", or leave `step` out and set `tolerance`".into());
            let message = "the adaptive scheme chooses its steps itself";
            return Err(section
                .place_of("step")
                .error(&section.key("step"), message, remedy));
        }
    };
    let residual = section.flag("residual")?;
    if residual.is_some() && scheme == Scheme::Adaptive {
        return Err(section.place_of("residual").error(
            &section.key("residual"),
            "only discrete layers can do without the residual stream",
            Some("set scheme = \"layer\", or leave `residual` out".into()),
        ));
    }
    let residual = residual.unwrap_or(true);
    if let (Scheme::Layer, Spacing::Log) = (scheme, spacing) {
        return Err(section.place_of("spacing").error(
            &section.key("spacing"),
            "frames of the layer scheme lie on whole layers",
            Some("leave `spacing` out, or use scheme = \"adaptive\"".into()),
        ));
    }
    if let Some(step) = step {
        let layers = end / (frames - 1) as f64 / step;
        if layers < 0.5 || (layers - layers.round()).abs() > 1e-9 * layers {
            let total = (end / step).round().max(1.0);
            let remedy = Some(format!(
                "frames lie on whole layers: try end = {} with frames = {}",
                (total * step * 1e12).round() / 1e12,
                total + 1.0
            ));
            let message = format!("{layers:.4} layers of {step} between two frames");
            return Err(section
                .place_of("step")
                .error(&section.key("step"), message, remedy));
        }
    }
    let time = TimeSpec {
        end,
        frames,
        spacing,
        first,
        last_frame,
        tolerance,
        scheme,
        step,
        residual,
    };
    if !time.last().is_finite() {
        return Err(section.place_of("last_frame").error(
            &section.key("last_frame"),
            "the time of this frame is beyond the largest number",
            Some("make it smaller".into()),
        ));
    }
    Ok(time)
}

/// Default time of the first frame of a logarithmic spacing: before anything has moved in (SA).
const FIRST: f64 = 0.1;

fn spacing(
    section: &Section,
    end: f64,
    frames: usize,
) -> Result<(Spacing, Option<f64>), InputError> {
    let names = [("linear", Spacing::Linear), ("log", Spacing::Log)];
    let spacing = section
        .choice("spacing", &names)?
        .unwrap_or(Spacing::Linear);
    let first = section.number("first", f64::MIN_POSITIVE..=f64::MAX)?;
    let wrong = |key: &str, message: String, remedy: &str| {
        Err(section
            .place_of(key)
            .error(&section.key(key), message, Some(remedy.to_owned())))
    };
    match (spacing, first) {
        (Spacing::Linear, None) => Ok((spacing, None)),
        (Spacing::Linear, Some(_)) => wrong(
            "first",
            "the first frame of a linear spacing is one spacing after 0".into(),
            "set spacing = \"log\", or leave `first` out",
        ),
        (Spacing::Log, _) if frames < 3 => wrong(
            "frames",
            format!("{frames} frames cannot be spaced logarithmically"),
            "ask for 3 at least: t = 0, `first` and `end`",
        ),
        (Spacing::Log, first) => {
            let first = first.unwrap_or(FIRST);
            if first < end {
                return Ok((spacing, Some(first)));
            }
            let message = format!("the first frame, at {first}, is not before the end, {end}");
            wrong("first", message, "set `first` to a time well before `end`")
        }
    }
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
        systems::check_speed(&section, attention, system, "beta")?;
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
