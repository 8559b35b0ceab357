//! Reading `[attention]` and its sub-tables.

use crate::dynamics::general::matrix::{Ensemble, MatrixSpec};
use crate::dynamics::system::{LayerNorm, Mask, Space};
use crate::dynamics::{Attention, Interaction, Normalisation};
use crate::experiment::document::{InputError, Node, Value};
use crate::experiment::keys;
use crate::experiment::section::Section;
use crate::experiment::system::{
    ACTIVATIONS, HeadSpec, PerceptronSpec, SystemSpec, ValueSpec, long_context_beta,
};

impl Section<'_> {
    /// Whether `[attention]` says that tokens live in ℝ^d.
    pub(super) fn is_flat(&self) -> Result<bool, InputError> {
        Ok(self.choice("space", Space::NAMES)?.unwrap_or(Space::Sphere) != Space::Sphere)
    }
}

/// What `[attention]` says for n tokens in dimension d.
pub(super) fn attention(
    section: &Section,
    dimension: usize,
    count: usize,
) -> Result<(Attention, SystemSpec), InputError> {
    let mut attention = Attention::new(0.0, Normalisation::Softmax);
    let gamma = section.number("gamma")?;
    let interaction = section.numbers("interaction")?;
    let beta = section.number("beta")?;
    attention.beta = match (beta, gamma, &interaction) {
        (Some(beta), None, None) => beta,
        (None, Some(gamma), None) => long_context_beta(gamma, count),
        (None, None, Some(_)) => 0.0,
        (None, None, None) => return section.missing("beta", "9.0"),
        (_, Some(_), Some(_)) | (Some(_), _, Some(_)) => {
            let message = "an interaction by its Fourier coefficients takes the place of the kernel e^{β cos θ}";
            return section.refuse("interaction", message, "leave β and γ out");
        }
        (Some(_), Some(_), None) => {
            let message = "β = γ ln n, and β is given as well";
            return section.refuse("gamma", message, "leave one of them out");
        }
    };
    let mut system = SystemSpec {
        gamma,
        ..SystemSpec::PLAIN
    };
    attention.normalisation = normalisation(section, interaction.is_some())?;
    if let Some(list) = interaction {
        attention.interaction = Some(coefficients(section, &list, dimension)?);
    }
    matrices(section, dimension, &mut attention, &mut system)?;
    system.mask = section.choice("mask", Mask::NAMES)?.unwrap_or(Mask::None);
    system.space = section
        .choice("space", Space::NAMES)?
        .unwrap_or(Space::Sphere);
    system.layer_norm = layer_norm(section)?;
    system.perceptron = (section.table("perceptron")?)
        .map(|table| perceptron(&table, dimension))
        .transpose()?;
    system.period = period(section, &system)?;
    Ok((attention, system))
}

fn normalisation(section: &Section, interaction: bool) -> Result<Normalisation, InputError> {
    let default = if interaction {
        Normalisation::None
    } else {
        Normalisation::Softmax
    };
    let named = section.choice("normalisation", Normalisation::NAMES)?;
    let (tolerance, width) = (section.number("marginal_error")?, section.number("tie")?);
    match (named.unwrap_or(default), tolerance, width) {
        (Normalisation::Sinkhorn { .. }, Some(tolerance), None) => {
            Ok(Normalisation::Sinkhorn { tolerance })
        }
        (Normalisation::Hardmax { .. }, None, Some(tie)) => Ok(Normalisation::Hardmax { tie }),
        (named, None, None) => Ok(named),
        (Normalisation::Sinkhorn { .. }, _, Some(_)) | (_, None, Some(_)) => {
            let message = "ties are those of normalisation = \"hardmax\"";
            section.refuse("tie", message, "leave it out")
        }
        (_, Some(_), _) => {
            let message =
                "the error of row and column sums is that of normalisation = \"sinkhorn\"";
            section.refuse("marginal_error", message, "leave it out")
        }
    }
}

fn coefficients(
    section: &Section,
    list: &[f64],
    dimension: usize,
) -> Result<Interaction, InputError> {
    if dimension != 2 {
        let message =
            format!("an interaction h(θ) is for the circle, and the dimension is {dimension}");
        return section.refuse("interaction", message, "set tokens.dimension = 2");
    }
    if list.is_empty() || list.len() > Interaction::MOST || list.iter().all(|a| *a == 0.0) {
        let message = format!("{} coefficients", list.len());
        let remedy = format!(
            "give a_1, a_2, …, at most {}, not all zero",
            Interaction::MOST
        );
        return section.refuse("interaction", message, remedy);
    }
    let mut coefficients = [0.0; Interaction::MOST];
    coefficients[..list.len()].copy_from_slice(list);
    Ok(Interaction { coefficients })
}

/// Q, K, V of one head in `[attention]` itself, or a list of `[[attention.head]]`.
fn matrices(
    section: &Section,
    dimension: usize,
    attention: &mut Attention,
    system: &mut SystemSpec,
) -> Result<(), InputError> {
    let copies = section.whole("heads")?;
    if section.get("head").is_some() {
        for key in ["query", "key", "query_key", "value", "heads"] {
            if section.get(key).is_some() {
                let message = "the heads are listed in [[attention.head]] tables";
                let remedy = "say this in each of them, or leave the list out";
                return section.refuse(key, message, remedy);
            }
        }
        for table in section.tables("head")?.unwrap_or_default() {
            table.only(&keys::names("attention.head"))?;
            system.heads.push(head(&table, dimension)?);
        }
        return Ok(());
    }
    let own = ["query", "key", "query_key"]
        .iter()
        .any(|key| section.get(key).is_some());
    let multiple = match section.get("value").map(|node| &node.value) {
        None => Some(1.0),
        Some(Value::Float(value)) => Some(*value),
        Some(Value::Integer(value)) => Some(*value as f64),
        Some(_) => None,
    };
    match multiple.filter(|_| !own && copies.is_none()) {
        Some(value) if value != 0.0 && value.is_finite() => attention.value = value,
        Some(_) => {
            let message = "V = 0 moves nothing";
            return section.refuse("value", message, "give a multiple of I, as 1 or −1");
        }
        None => {
            let head = head(section, dimension)?;
            let copies = copies.unwrap_or(1);
            if copies > 1 && !head_is_random(&head) {
                let message =
                    format!("{copies} equal heads are one head with {copies} times its V");
                let remedy = "draw a matrix, as query = { random = \"ginibre\" }, or list the heads in [[attention.head]] tables";
                return section.refuse("heads", message, remedy);
            }
            system.heads = vec![head; copies];
        }
    }
    Ok(())
}

fn head_is_random(head: &HeadSpec) -> bool {
    let value = match &head.value {
        ValueSpec::Matrix(matrix) => matrix.is_random(),
        ValueSpec::Tied { .. } => false,
    };
    let drawn = |matrix: &Option<MatrixSpec>| matrix.as_ref().is_some_and(MatrixSpec::is_random);
    value || drawn(&head.query) || drawn(&head.key) || drawn(&head.query_key)
}

fn head(table: &Section, dimension: usize) -> Result<HeadSpec, InputError> {
    let square = |key: &str| -> Result<Option<MatrixSpec>, InputError> {
        (table.get(key))
            .map(|node| matrix(table, key, node, [dimension, dimension]))
            .transpose()
    };
    let (query, key, query_key) = (square("query")?, square("key")?, square("query_key")?);
    if query_key.is_some() && (query.is_some() || key.is_some()) {
        let message = "QᵀK is given at once, and Q or K as well";
        return table.refuse("query_key", message, "leave one of them out");
    }
    let value = match table.get("value") {
        None => ValueSpec::Matrix(MatrixSpec::IDENTITY),
        Some(Node {
            value: Value::Text(text),
            ..
        }) if text == "tied" => ValueSpec::Tied { tied: 1.0 },
        Some(Node {
            value: Value::Table(inner),
            at,
        }) if inner.get("tied").is_some() => {
            let inner = table.inner(table.key("value"), inner, at);
            inner.only(&["tied"])?;
            let tied = scale(&inner, "tied", dimension)?;
            ValueSpec::Tied { tied }
        }
        Some(node) => ValueSpec::Matrix(matrix(table, "value", node, [dimension, dimension])?),
    };
    Ok(HeadSpec {
        query,
        key,
        query_key,
        value,
    })
}

/// A number, or "1/sqrt(d)", the scale at which random matrices act like numbers of order one.
fn scale(table: &Section, key: &str, dimension: usize) -> Result<f64, InputError> {
    match table.get(key) {
        None => Ok(1.0),
        Some(Node {
            value: Value::Text(text),
            ..
        }) if text == "1/sqrt(d)" => Ok(1.0 / (dimension as f64).sqrt()),
        Some(node @ Node { value, .. }) => match value {
            Value::Float(_) | Value::Integer(_) => table.number_in(key, node, f64::MIN..=f64::MAX),
            _ => table.wrong(key, node, "a number or \"1/sqrt(d)\""),
        },
    }
}

/// A matrix of a given shape: a number, a diagonal, rows, a file, or an ensemble.
// long: one arm a form of the key
fn matrix(
    table: &Section,
    key: &str,
    node: &Node,
    shape: [usize; 2],
) -> Result<MatrixSpec, InputError> {
    let [rows, columns] = shape;
    let wrong_shape = |found: String| {
        let remedy = Some(format!("a {rows}×{columns} matrix is expected"));
        Err(node.at.error(&table.key(key), found, remedy))
    };
    let needs_square = |what: &str| {
        let remedy = Some(format!(
            "a {rows}×{columns} matrix is expected: give its rows, a file, or {{ random = \"ginibre\" }}"
        ));
        Err(node
            .at
            .error(&table.key(key), format!("{what} is square"), remedy))
    };
    let number = |item: &Node| table.number_in(key, item, f64::MIN..=f64::MAX);
    match &node.value {
        Value::Float(_) | Value::Integer(_) if rows != columns => {
            needs_square("a multiple of the identity")
        }
        Value::Float(_) | Value::Integer(_) => number(node).map(MatrixSpec::Scaled),
        Value::Array(items) if items.iter().all(|i| matches!(i.value, Value::Array(_))) => {
            let mut list = Vec::with_capacity(rows);
            for item in items {
                let Value::Array(entries) = &item.value else {
                    continue;
                };
                list.push(entries.iter().map(number).collect::<Result<Vec<_>, _>>()?);
            }
            if list.len() != rows || list.iter().any(|row| row.len() != columns) {
                let widths: Vec<usize> = list.iter().map(Vec::len).collect();
                let found = match widths.first() {
                    Some(width) if widths.iter().all(|w| w == width) => {
                        format!("{}×{width} numbers", list.len())
                    }
                    _ => format!("{} rows of {widths:?} numbers", list.len()),
                };
                return wrong_shape(found);
            }
            Ok(MatrixSpec::Rows(list))
        }
        Value::Array(_) if rows != columns => needs_square("a diagonal matrix"),
        Value::Array(items) => {
            let list = items.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            if list.len() != rows {
                return wrong_shape(format!("a diagonal of {} numbers", list.len()));
            }
            Ok(MatrixSpec::Diagonal(list))
        }
        Value::Table(inner) => {
            let inner = table.inner(table.key(key), inner, &node.at);
            matrix_from_table(&inner, shape)
        }
        _ => table.wrong(
            key,
            node,
            "a number, a diagonal, a list of rows, { path = … } or { random = … }",
        ),
    }
}

fn matrix_from_table(
    inner: &Section,
    [rows, columns]: [usize; 2],
) -> Result<MatrixSpec, InputError> {
    if let Some(path) = inner.text("path")? {
        inner.only(&["path"])?;
        let read = inner.array("path", path)?;
        let found = [read.values.len() / read.width, read.width];
        if found != [rows, columns] {
            let message = format!("{path} holds a {}×{} matrix", found[0], found[1]);
            let remedy = format!("a {rows}×{columns} matrix is expected");
            return inner.refuse("path", message, remedy);
        }
        return Ok(MatrixSpec::File {
            path: path.to_owned(),
            values: read.values,
            columns,
        });
    }
    inner.only(&["random", "scale"])?;
    let Some(random) = inner.choice("random", &Ensemble::NAMED)? else {
        return inner.missing("random", "\"ginibre\"");
    };
    if rows != columns && random != Ensemble::Ginibre {
        let remedy = format!("a {rows}×{columns} matrix is expected: use \"ginibre\"");
        return inner.refuse("random", "this ensemble is square", remedy);
    }
    Ok(MatrixSpec::Random {
        random,
        scale: scale(inner, "scale", columns)?,
    })
}

fn layer_norm(section: &Section) -> Result<LayerNorm, InputError> {
    let scheme = (section.choice("layer_norm", LayerNorm::NAMES)?).unwrap_or(LayerNorm::Post);
    let (until, alpha) = (section.number("until")?, section.number("alpha")?);
    if until.is_some() && !matches!(scheme, LayerNorm::Mix { .. }) {
        let message = "`until` is where layer_norm = \"mix\" goes from Post to Pre";
        return section.refuse("until", message, "leave it out");
    }
    if alpha.is_some() && !matches!(scheme, LayerNorm::Ngpt { .. }) {
        let message = "α is that of layer_norm = \"ngpt\"";
        return section.refuse("alpha", message, "leave it out");
    }
    match (scheme, until, alpha) {
        (LayerNorm::Mix { .. }, Some(until), _) => Ok(LayerNorm::Mix { until }),
        (LayerNorm::Mix { .. }, None, _) => section.missing("until", "5.0"),
        (LayerNorm::Ngpt { .. }, _, Some(alpha)) => Ok(LayerNorm::Ngpt { alpha }),
        (scheme, ..) => Ok(scheme),
    }
}

fn perceptron(table: &Section, dimension: usize) -> Result<PerceptronSpec, InputError> {
    table.only(&keys::names("attention.perceptron"))?;
    let Some(activation) = table.choice("activation", ACTIVATIONS)? else {
        return table.missing("activation", "\"relu\"");
    };
    let width = table.whole("width")?.unwrap_or(dimension);
    let part = |key: &str, shape: [usize; 2]| match table.get(key) {
        Some(node) => matrix(table, key, node, shape),
        None if width == dimension => Ok(MatrixSpec::IDENTITY),
        None => table.missing(key, "{ random = \"ginibre\", scale = \"1/sqrt(d)\" }"),
    };
    let bias = table.numbers("bias")?.unwrap_or_else(|| vec![0.0; width]);
    if bias.len() != width {
        let message = format!("{} numbers for {width} hidden units", bias.len());
        return table.refuse("bias", message, "give one number a hidden unit");
    }
    Ok(PerceptronSpec {
        activation,
        width,
        inner: part("inner", [width, dimension])?,
        bias,
        outer: part("outer", [dimension, width])?,
    })
}

fn period(section: &Section, system: &SystemSpec) -> Result<Option<f64>, InputError> {
    let period = section.number("period")?;
    let random = system.heads.iter().any(head_is_random)
        || (system.perceptron.as_ref()).is_some_and(|p| p.inner.is_random() || p.outer.is_random());
    if period.is_some() && !random {
        let message = "no matrix is random, so that there is nothing to draw again";
        let remedy = "leave `period` out, or draw a matrix, as value = { random = \"ginibre\" }";
        return section.refuse("period", message, remedy);
    }
    Ok(period)
}
