//! Reading `[field]`: the solver, where the density starts, or the reference run in its place.

use super::law::law;
use crate::experiment::document::InputError;
use crate::experiment::keys;
use crate::experiment::section::Section;
use crate::experiment::spec::{
    FieldInitial, FieldSpec, Solver, Source, TokenSpec, default_modes, default_smoothing,
    most_modes,
};
use crate::experiment::system::SystemSpec;
use crate::measure::Law;

pub(super) fn field(
    section: &Section,
    tokens: &TokenSpec,
    system: &SystemSpec,
    diffusion: f64,
) -> Result<FieldSpec, InputError> {
    let solver = solver(section, tokens.dimension)?;
    let hand_over = section.flag("hand_over")?.unwrap_or(true);
    let count = reference_count(section, solver, tokens)?;
    let (modes, most) = default_modes(solver, tokens.dimension, hand_over && diffusion == 0.0);
    let largest = most_modes(solver, tokens.dimension) as i64;
    let asked = section.whole_within("modes", 4..=largest)?;
    let max_modes = section
        .whole_within("max_modes", 4..=largest)?
        .unwrap_or(most.max(asked.unwrap_or(0)));
    let modes = asked.unwrap_or(modes.min(max_modes));
    if modes > max_modes {
        let message = format!("{modes} modes to start with and at most {max_modes}");
        return section.refuse("modes", message, "keep modes ≤ max_modes");
    }
    let initial = match section.table("initial")? {
        // of no effect, but written: what is written has to be read
        None if solver == Solver::None && tokens.initial.has_density() => FieldInitial::From {
            from: Source::Law,
            smoothing: 0.0,
        },
        None if solver == Solver::None => FieldInitial::From {
            from: Source::Empirical,
            smoothing: default_smoothing(tokens.dimension),
        },
        None => default_field(section, tokens, system),
        Some(table) => field_initial(&table, tokens)?,
    };
    Ok(FieldSpec {
        solver,
        initial,
        modes,
        max_modes,
        hand_over,
        count,
        nodes: section.whole("nodes")?,
    })
}

/// N of a reference run: independent tokens of a law, of which there can be any number.
fn reference_count(
    section: &Section,
    solver: Solver,
    tokens: &TokenSpec,
) -> Result<Option<usize>, InputError> {
    let fail = |key: &str, message: &str, remedy: &str| section.refuse(key, message, remedy);
    let count = section.whole("count")?;
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
        ("none", Solver::None),
    ];
    let solver = section
        .choice("solver", &solvers)?
        .unwrap_or(Solver::default_for(dimension));
    if solver == Solver::Spectral && dimension > 3 {
        let message =
            format!("the spectral solver is for d = 2 and 3, and the dimension is {dimension}");
        return section.refuse("solver", message, "use solver = \"zonal\", or leave it out");
    }
    Ok(solver)
}

/// The law itself where it has a smooth density, the law smoothed where it jumps, else the smoothed tokens.
fn default_field(section: &Section, tokens: &TokenSpec, system: &SystemSpec) -> FieldInitial {
    let default = default_smoothing(tokens.dimension);
    let (from, smoothing) = match &tokens.initial {
        law if !law.has_density() => (Source::Empirical, default),
        Law::Hemisphere => (Source::Law, default),
        _ => (Source::Law, 0.0),
    };
    // above S² points have no density
    let density = from == Source::Law || tokens.dimension <= 3;
    if smoothing > 0.0 && density && system.is_plain() {
        let what = if from == Source::Empirical {
            "the tokens' empirical measure"
        } else {
            "the law, which jumps,"
        };
        section.note(format!(
            "field.initial was not given: the density starts from {what} smoothed by {}",
            (1e7 * smoothing).round() / 1e7
        ));
    }
    FieldInitial::From { from, smoothing }
}

fn field_initial(table: &Section, tokens: &TokenSpec) -> Result<FieldInitial, InputError> {
    if table.get("law").is_some() {
        let law = law(table, tokens.dimension, false)?;
        let fail = |message: String| table.at.error(&table.name, message, None);
        law.check(1, tokens.dimension)
            .map_err(|error| fail(error.to_string()))?;
        if !law.has_density() {
            return Err(fail("this law has points and no density".into()));
        }
        return Ok(FieldInitial::Law(law));
    }
    table.only(&keys::names("field.initial"))?;
    let sources = [("law", Source::Law), ("empirical", Source::Empirical)];
    let from = table.choice("from", &sources)?.unwrap_or(Source::Law);
    if from == Source::Law && !tokens.initial.has_density() {
        let message = "the law of the tokens has no density to start from";
        return table.refuse("from", message, "use { from = \"empirical\" }");
    }
    let default = if from == Source::Empirical {
        default_smoothing(tokens.dimension)
    } else {
        0.0
    };
    let smoothing = table.number("smoothing")?.unwrap_or(default);
    Ok(FieldInitial::From { from, smoothing })
}
