//! A prediction beside its measurement: where they are farthest apart, and a verdict by stated bounds.

use crate::figure::run::Folder;
use crate::observe::table::{OBSERVABLES, column};
use crate::snapshot::view::Holds;
use crate::sweep::predicted::{self, Predicted};
use crate::sweep::{CellResult, Plan};

/// How near is near, as a share of the largest predicted value.
pub const CLOSE: f64 = 0.05;
/// How near is equal, where nothing is drawn at random.
pub const EQUAL: f64 = 1e-6;
/// Standard errors within which all points must lie.
pub const ERRORS: f64 = 4.0;

/// What becomes of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within [`EQUAL`], or within [`ERRORS`] standard errors at every point.
    Agrees,
    /// Within [`CLOSE`].
    Close,
    /// Farther than that.
    Differs,
    /// There is nothing to hold it against.
    Unmeasured,
}

impl Verdict {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Close => "close",
            Self::Differs => "differs",
            Self::Unmeasured => "not measured",
        }
    }
}

/// A prediction and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Name of the observable.
    pub observable: String,
    /// What it measures.
    pub about: String,
    /// Who says so.
    pub source: String,
    /// Where it was compared.
    pub range: String,
    /// Where they are farthest apart: there measured.
    pub measured: f64,
    /// There predicted.
    pub predicted: f64,
    /// How far apart they are, in words.
    pub difference: String,
    /// The verdict.
    pub verdict: Verdict,
}

fn about(observable: &str) -> String {
    column(observable).map_or_else(String::new, |row| OBSERVABLES[row].about.into())
}

/// One pair of numbers: place, measured, its standard error, predicted.
type Pair = (f64, f64, f64, f64);

/// Compares pairs along `along`; errors of 0 or NaN count as none.
fn compare(observable: &str, source: &str, along: &str, pairs: &[Pair]) -> Check {
    let mut check = Check {
        observable: observable.into(),
        about: about(observable),
        source: source.into(),
        range: String::new(),
        measured: f64::NAN,
        predicted: f64::NAN,
        difference: "nothing was measured where it speaks".into(),
        verdict: Verdict::Unmeasured,
    };
    let scale = pairs.iter().map(|p| p.3.abs()).fold(0.0, f64::max);
    let apart = |p: &&Pair| (p.1 - p.3).abs();
    let Some(worst) = pairs.iter().max_by(|a, b| apart(a).total_cmp(&apart(b))) else {
        return check;
    };
    let ends = (pairs[0].0, pairs[pairs.len() - 1].0);
    check.range = format!(
        "{along} from {} to {}, {} points",
        short(ends.0),
        short(ends.1),
        pairs.len()
    );
    (check.measured, check.predicted) = (worst.1, worst.3);
    let relative = apart(&worst) / scale.max(f64::MIN_POSITIVE);
    let share = match relative {
        r if r >= 1e-3 => format!("{:.1} %", 100.0 * r),
        r => format!("{r:.1e}"),
    };
    let place = short(worst.0);
    check.difference = format!("at most {share} of the largest value, at {along} = {place}");
    let errors = pairs
        .iter()
        .filter(|p| p.2 > 0.0)
        .map(|p| (p.1 - p.3).abs() / p.2);
    let largest = errors.clone().fold(0.0, f64::max);
    let all_have = errors.count() == pairs.len();
    if all_have {
        check.difference += &format!("; at most {largest:.1} standard errors");
    }
    check.verdict = match relative {
        r if r <= EQUAL || (all_have && largest <= ERRORS) => Verdict::Agrees,
        r if r <= CLOSE => Verdict::Close,
        _ => Verdict::Differs,
    };
    check
}

/// The value of a curve at one of its points, the middle one where it jumps: between them it is drawn and not computed.
fn at(curve: &[(f64, f64)], x: f64) -> Option<f64> {
    let first = curve.partition_point(|point| point.0 < x);
    let there = curve[first..].partition_point(|point| point.0 == x);
    let middle = first + there.checked_sub(1)? / 2;
    Some(curve[middle].1).filter(|y| y.is_finite())
}

/// A number to four digits.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e5).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The predictions of a run, each at the frames where it holds; what a run tends to is compared at its last.
#[must_use]
pub fn of_run(run: &Folder) -> Vec<Check> {
    (run.predictions.iter())
        .map(|prediction| {
            let column = run.metrics.position(prediction.observable);
            let points = column.map_or_else(Vec::new, |column| run.metrics.column(column));
            let mut pairs: Vec<Pair> = (points.into_iter())
                .filter(|p| p.1.is_finite())
                .filter_map(|(t, measured)| Some((t, measured, 0.0, at(&prediction.curve, t)?)))
                .collect();
            match prediction.holds {
                Holds::Throughout => {}
                Holds::UpTo(small) => pairs.retain(|pair| pair.3 <= small),
                Holds::InTheEnd => drop(pairs.drain(..pairs.len().saturating_sub(1))),
            }
            compare(prediction.observable, &prediction.label, "t", &pairs)
        })
        .collect()
}

/// The predictions of a sweep, each at the points of its axis.
#[must_use]
pub fn of_sweep(plan: &Plan, cells: &[Option<CellResult>]) -> Vec<Check> {
    let mut list = Vec::new();
    for (which, row) in plan.rows().enumerate() {
        for theory in predicted::of(plan, row.name) {
            list.push(match (plan.spec.axes.as_slice(), plan.times()) {
                ([_], Some(times)) => across(plan, times, cells, which, &theory),
                ([axis], None) => {
                    let place = |cell: usize| (axis.place(cell), cell, 0);
                    along(
                        axis.name(),
                        (0..axis.len()).map(place),
                        cells,
                        which,
                        (row.name, &theory),
                    )
                }
                (_, times) => {
                    let times = times.unwrap_or_default().iter().enumerate();
                    along(
                        "t",
                        times.map(|(frame, t)| (*t, 0, frame)),
                        cells,
                        which,
                        (row.name, &theory),
                    )
                }
            });
        }
    }
    list
}

/// Means and standard errors against a curve, at places, cells and frames.
fn along(
    name: &str,
    places: impl Iterator<Item = (f64, usize, usize)>,
    cells: &[Option<CellResult>],
    which: usize,
    (observable, theory): (&str, &Predicted),
) -> Check {
    let pairs: Vec<Pair> = places
        .filter_map(|(place, cell, frame)| {
            let series = &cells.get(cell)?.as_ref()?.series[which];
            let mean = *series.mean.get(frame)?;
            let error = series.standard_error.get(frame).copied().unwrap_or(0.0);
            mean.is_finite().then_some(())?;
            let predicted = at(&theory.curve, place)?;
            // R runs that all say the same leave room for what happens once in R
            let runs = series.count.get(frame).copied().unwrap_or(0);
            let error = match error {
                0.0 if runs > 1 => mean.abs().max(predicted.abs()) / runs as f64,
                error => error,
            };
            Some((place, mean, error, predicted))
        })
        .collect();
    compare(observable, theory.label, name, &pairs)
}

/// A line across the diagram of time and an axis: at every point of the axis the time at which the mean passes ½ for the first time, and the time
/// of the line.
fn across(
    plan: &Plan,
    times: &[f64],
    cells: &[Option<CellResult>],
    which: usize,
    theory: &Predicted,
) -> Check {
    let axis = &plan.spec.axes[0];
    let turned: Vec<(f64, f64)> = theory.curve.iter().map(|(t, place)| (*place, *t)).collect();
    let pairs: Vec<Pair> = (0..axis.len())
        .filter_map(|cell| {
            let mean = &cells[cell].as_ref()?.series[which].mean;
            let next = (1..mean.len()).find(|k| mean[k - 1] < 0.5 && mean[*k] >= 0.5)?;
            let share = (0.5 - mean[next - 1]) / (mean[next] - mean[next - 1]);
            let passed = times[next - 1] + share * (times[next] - times[next - 1]);
            Some((
                axis.place(cell),
                passed,
                0.0,
                at(&turned, axis.place(cell))?,
            ))
        })
        .collect();
    let mut check = compare(
        &plan.spec.observables[which],
        theory.label,
        axis.name(),
        &pairs,
    );
    check.about = format!("time at which the mean passes ½; {}", check.about);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_the_stated_bounds() {
        let pairs = |by: f64, error: f64| -> Vec<Pair> {
            (1..5)
                .map(|k| (f64::from(k), f64::from(k) + by, error, f64::from(k)))
                .collect()
        };
        let verdict =
            |by: f64, error: f64| compare("tokens_near", "theory", "t", &pairs(by, error)).verdict;
        assert_eq!(verdict(1e-7, 0.0), Verdict::Agrees);
        assert_eq!(verdict(0.1, 0.0), Verdict::Close);
        assert_eq!(verdict(0.5, 0.0), Verdict::Differs);
        assert_eq!(verdict(0.5, 0.2), Verdict::Agrees);
        assert_eq!(verdict(0.5, 0.1), Verdict::Differs);
        assert_eq!(
            compare("tokens_near", "theory", "t", &[]).verdict,
            Verdict::Unmeasured
        );
    }

    #[test]
    fn a_curve_speaks_at_its_points_and_nowhere_else() {
        let curve = [
            (0.0, 1.0),
            (2.0, 3.0),
            (2.0, 4.0),
            (2.0, 9.0),
            (4.0, f64::NAN),
        ];
        let said = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|x| at(&curve, x));
        assert_eq!(said, [None, Some(1.0), None, Some(4.0), None, None, None]);
    }
}
