//! Reading a law from its table, and tokens from the files that a law names.

use super::points::{direction, points, unit_vector};
use crate::experiment::document::{InputError, Node, Value};
use crate::experiment::keys::LAWS;
use crate::experiment::meant::closest;
use crate::experiment::section::Section;
use crate::measure::Law;
use crate::measure::law::Term;
use crate::measure::law::sampling::cholesky;

/// The law of a table for points on S^{d−1}, or in ℝ^d where `flat`.
// long: one arm a law
pub(super) fn law(table: &Section, dimension: usize, flat: bool) -> Result<Law, InputError> {
    let name = match (table.text("law")?, table.get("path")) {
        (Some(name), _) => name,
        (None, Some(_)) => return table.missing("law", "\"file\""),
        (None, None) => return table.missing("law", "\"uniform\""),
    };
    table.only_of_law(name)?;
    Ok(match name {
        "uniform" => Law::Uniform,
        "hemisphere" => Law::Hemisphere,
        "orthogonal" => Law::Orthogonal,
        "simplex" => Law::Simplex,
        "harmonics" if table.get("terms").is_some() => {
            for other in ["cosine", "sine"] {
                if table.get(other).is_some() {
                    let message = "these harmonics are given by their terms";
                    return table.refuse(other, message, "leave one of them out");
                }
            }
            Law::SphericalHarmonics {
                terms: terms(table)?,
            }
        }
        "zonal" => {
            let Some(coefficients) = table.numbers("coefficients")? else {
                return table.missing("coefficients", "[0.3, 0.1]");
            };
            Law::Zonal {
                coefficients,
                axis: direction(table, "axis", dimension)?,
            }
        }
        "mixture" => mixture(table, dimension)?,
        "points" => points(table, dimension, flat)?,
        "equiangular" => match table.number_within("cosine", -1.0..=1.0)? {
            Some(cosine) => Law::Equiangular { cosine },
            None => return table.missing("cosine", "0.5"),
        },
        "gaussian" | "box" if !flat => {
            let message = format!("{name:?} is a law of ℝ^d, and the tokens live on the sphere");
            let remedy = "use a law of the sphere, or attention.space = \"flat\"";
            return table.refuse("law", message, remedy);
        }
        "gaussian" => gaussian(table, dimension)?,
        "box" => Law::Box {
            width: table
                .number_within("width", f64::MIN_POSITIVE..=1e150)?
                .unwrap_or(1.0),
        },
        "harmonics" => Law::Harmonics {
            cosine: table.numbers("cosine")?.unwrap_or_default(),
            sine: table.numbers("sine")?.unwrap_or_default(),
        },
        "von-mises-fisher" => {
            let Some(concentration) = table.number("concentration")? else {
                return table.missing("concentration", "4.0");
            };
            Law::VonMisesFisher {
                concentration,
                mean: direction(table, "mean", dimension)?,
            }
        }
        "poisson" => {
            // above the circle the series of the moments has 1/(1 − w) terms
            let most = if dimension == 2 { 0.999_999 } else { 0.999 };
            let Some(weight) = table.number_within("weight", 0.0..=most)? else {
                return table.missing("weight", "0.3");
            };
            Law::Poisson {
                weight,
                axis: direction(table, "axis", dimension)?,
            }
        }
        "clusters" => clusters(table)?,
        "file" => {
            let remedy =
                "a density cannot start from points: use { from = \"empirical\", smoothing = … }";
            return table.refuse("law", "a file of points has no density", remedy);
        }
        other => {
            let names: Vec<&str> = LAWS.iter().map(|(name, _)| *name).collect();
            let message = format!("{other:?} is not a known law");
            return table.refuse("law", message, closest(other, &names));
        }
    })
}

/// `count` or `masses`, and `concentration`, of clusters about drawn places.
fn clusters(table: &Section) -> Result<Law, InputError> {
    let given = table.numbers("masses")?;
    let count = table
        .whole_within("count", 1..=1 << 20)?
        .or(given.as_ref().map(Vec::len));
    let Some(count) = count else {
        return table.missing("count", "3");
    };
    let Some(concentration) = table.number_within("concentration", f64::MIN_POSITIVE..=1e8)? else {
        return table.missing("concentration", "50.0");
    };
    Ok(Law::Clusters {
        count,
        concentration,
        masses: masses(table, given, count)?,
    })
}

/// `terms = [{ degree, order, amplitude }, …]`.
fn terms(table: &Section) -> Result<Vec<Term>, InputError> {
    let expected = "a list of { degree, order, amplitude }";
    let Some(node) = table.get("terms") else {
        return table.missing("terms", "[{ degree = 2, order = 0, amplitude = 0.1 }]");
    };
    let Value::Array(items) = &node.value else {
        return table.wrong("terms", node, expected);
    };
    let mut terms = Vec::new();
    for item in items {
        let Value::Table(inner) = &item.value else {
            return table.wrong("terms", item, expected);
        };
        let section = table.inner(table.key("terms"), inner, &item.at);
        section.only(&["degree", "order", "amplitude"])?;
        let Some(degree) = section.whole_within("degree", 1..=MOST_DEGREES)? else {
            return section.missing("degree", "2");
        };
        let Some(amplitude) = section.number_within("amplitude", f64::MIN..=f64::MAX)? else {
            return section.missing("amplitude", "0.1");
        };
        let most = degree as i64;
        let order = section.integer("order", -most..=most)?.unwrap_or(0);
        terms.push(Term {
            degree,
            order,
            amplitude,
        });
    }
    Ok(terms)
}

/// Highest degree of a term: the grid on which its sign is checked has 32 times its square points.
const MOST_DEGREES: i64 = 255;

fn mixture(table: &Section, dimension: usize) -> Result<Law, InputError> {
    let Some(node) = table.get("means") else {
        return table.missing("means", "[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]");
    };
    let Value::Array(items) = &node.value else {
        return table.wrong("means", node, "a list of directions");
    };
    let means = items
        .iter()
        .map(|item| unit_vector(table, "means", item, dimension))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(concentrations) = table.numbers("concentrations")? else {
        return table.missing("concentrations", "[4.0, 4.0]");
    };
    let fail = |message: String, remedy: &str| table.refuse("concentrations", message, remedy);
    if means.is_empty() || concentrations.len() != means.len() {
        let message = format!(
            "{} concentrations for {} means",
            concentrations.len(),
            means.len()
        );
        return fail(message, "give one concentration a mean");
    }
    if let Some(bad) = concentrations.iter().find(|k| !(0.0..=1e8).contains(*k)) {
        return fail(
            format!("{bad} is not a concentration"),
            "concentrations are between 0 and 1e8",
        );
    }
    let given = table.numbers("masses")?;
    Ok(Law::Mixture {
        masses: masses(table, given, means.len())?,
        means,
        concentrations,
    })
}

fn masses(table: &Section, given: Option<Vec<f64>>, count: usize) -> Result<Vec<f64>, InputError> {
    let Some(masses) = given else {
        return Ok(vec![1.0 / count as f64; count]);
    };
    let wrong = |message: String, remedy: &str| table.refuse("masses", message, remedy);
    if masses.len() != count {
        return wrong(
            format!("{} masses for {count} clusters", masses.len()),
            "give one mass a cluster",
        );
    }
    if let Some(bad) = masses.iter().find(|mass| **mass <= 0.0) {
        return wrong(
            format!("{bad} is not a mass"),
            "masses are positive; they are scaled to sum to 1",
        );
    }
    Ok(shares(&masses))
}

/// Positive numbers divided by their sum, unless that is one to rounding: then they stay as they are, so that what was written is read as
/// the same numbers. Scaled, so that no sum overflows.
fn shares(masses: &[f64]) -> Vec<f64> {
    let total: f64 = masses.iter().sum();
    if (total - 1.0).abs() <= masses.len() as f64 * f64::EPSILON {
        return masses.to_vec();
    }
    let largest = masses.iter().copied().fold(0.0, f64::max);
    let (scale, total) = if total.is_finite() {
        (1.0, total)
    } else {
        (largest, masses.iter().map(|mass| mass / largest).sum())
    };
    masses.iter().map(|mass| mass / scale / total).collect()
}

/// `mean = [..]` and `covariance` as a number, a diagonal or rows.
fn gaussian(table: &Section, dimension: usize) -> Result<Law, InputError> {
    let mean = table
        .numbers("mean")?
        .unwrap_or_else(|| vec![0.0; dimension]);
    let mut covariance = covariance_rows(table, dimension)?;
    make_symmetric(table, &mut covariance)?;
    let root = cholesky(&covariance);
    let definite =
        root.iter().flatten().all(|v| v.is_finite()) && (0..dimension).all(|i| root[i][i] > 0.0);
    if !definite {
        let message = "it is not positive definite".to_owned();
        return table.refuse("covariance", message, "a covariance is".to_owned());
    }
    Ok(Law::Gaussian { mean, covariance })
}

/// The matrix that a number, a diagonal or rows stand for.
fn covariance_rows(table: &Section, dimension: usize) -> Result<Vec<Vec<f64>>, InputError> {
    let diagonal = |entry: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
        (0..dimension)
            .map(|i| {
                let mut row = vec![0.0; dimension];
                row[i] = entry(i);
                row
            })
            .collect()
    };
    let number = |item: &Node| table.number_in("covariance", item, f64::MIN..=f64::MAX);
    let covariance = match table.get("covariance").map(|node| (node, &node.value)) {
        None => diagonal(&|_| 1.0),
        Some((_, Value::Array(items)))
            if !items.is_empty() && items.iter().all(|i| matches!(i.value, Value::Array(_))) =>
        {
            let row = |item: &Node| match &item.value {
                Value::Array(entries) => entries.iter().map(number).collect(),
                _ => Ok(Vec::new()),
            };
            items
                .iter()
                .map(row)
                .collect::<Result<Vec<Vec<f64>>, _>>()?
        }
        Some((_, Value::Array(items))) => {
            let list = items.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            if list.len() == dimension {
                diagonal(&|i| list[i])
            } else {
                vec![list]
            }
        }
        Some((node, _)) => {
            let variance = number(node)?;
            diagonal(&|_| variance)
        }
    };
    if covariance.len() != dimension || covariance.iter().any(|row| row.len() != dimension) {
        let message = format!(
            "{} rows of {} numbers",
            covariance.len(),
            covariance[0].len()
        );
        let remedy = format!("a {dimension}×{dimension} matrix is expected");
        return table.refuse("covariance", message, remedy);
    }
    Ok(covariance)
}

/// Means of the entries that rounding alone keeps apart.
fn make_symmetric(table: &Section, covariance: &mut [Vec<f64>]) -> Result<(), InputError> {
    let mut symmetrised = false;
    let pairs = (0..covariance.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    for (i, j) in pairs {
        let (below, above) = (covariance[i][j], covariance[j][i]);
        // single precision and printed digits are symmetric to rounding only
        if (below - above).abs() > 1e-6 * below.abs().max(above.abs()) {
            let message = format!(
                "it is not symmetric: row {} column {} is {above}, row {} column {} is {below}",
                j + 1,
                i + 1,
                i + 1,
                j + 1
            );
            return table.refuse(
                "covariance",
                message,
                "a covariance is symmetric".to_owned(),
            );
        }
        if below != above {
            let mean = 0.5 * (below + above);
            (covariance[i][j], covariance[j][i]) = (mean, mean);
            symmetrised = true;
        }
    }
    if symmetrised {
        table.note(
            "the covariance was symmetric to rounding only: means of its entries were taken".into(),
        );
    }
    Ok(())
}
