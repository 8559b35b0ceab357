//! The pictures of a run that lies in a folder: the observables of `metrics.csv` against time, those that belong together on one picture with what
//! theory says of them; the spectrum; and the ways of the tokens with the density behind them: over time on the circle, on the globe, in the plane.

use std::f64::consts::TAU;
use std::fs;
use std::io;
use std::path::Path;

use super::arrays::{Frames, evenly};
use super::chart::{Chart, Curve, Stroke};
use super::heat::Heat;
use super::metrics::Metrics;
use super::portrait::Ways;
use super::side::{FigureError, Side, number};
use super::{Figure, FolderError};
use crate::experiment::{Experiment, Spacing, presets};
use crate::observe::table::{OBSERVABLES, column};
use crate::run::Session;
use crate::snapshot::view::Prediction;

/// Most tokens whose ways are drawn.
const TOKENS: usize = 96;
/// Most frames of a picture over time.
const FRAMES: usize = 240;
/// Most cells upwards of a density over time.
const ANGLES: usize = 180;

/// What a run has left in its folder, as far as it is drawn.
#[derive(Debug)]
pub struct Folder {
    /// What was run.
    pub experiment: Experiment,
    /// The observables.
    pub metrics: Metrics,
    /// What theory says of them.
    pub predictions: Vec<Prediction>,
    /// Times of the frames whose tokens are here.
    times: Vec<f64>,
    /// The tokens of these frames, at most so many.
    places: Vec<Vec<f64>>,
    /// The density of these frames over the circle.
    densities: Option<Vec<Vec<f64>>>,
}

impl Folder {
    /// Reads it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn read(folder: &Path) -> Result<Self, FolderError> {
        let table = folder.join("metrics.csv");
        let text = fs::read_to_string(&table).map_err(|error| FolderError::Nothing {
            folder: folder.to_owned(),
            error,
        })?;
        let experiment = presets::resolve(folder.join("experiment.toml").as_os_str(), &[])?;
        let metrics = Metrics::read(&text).map_err(|error| FolderError::File {
            path: table,
            reason: error.to_string(),
        })?;
        let chosen = evenly(metrics.rows.len(), FRAMES);
        let times = chosen.iter().map(|frame| metrics.rows[*frame][0]).collect();
        let frames = |name: &str, keep: Keep| -> Result<Option<Vec<Vec<f64>>>, FolderError> {
            let path = folder.join(name);
            let read = || read_frames(&path, metrics.rows.len(), &chosen, keep);
            let failed = |error: io::Error| FolderError::File {
                path: path.clone(),
                reason: error.to_string(),
            };
            path.exists().then(read).transpose().map_err(failed)
        };
        let few = |shape: &[usize], values: Vec<f64>| match shape {
            [count, dimension] => (evenly(*count, TOKENS).into_iter())
                .flat_map(|i| values[i * dimension..(i + 1) * dimension].to_vec())
                .collect(),
            _ => Vec::new(),
        };
        let places = frames("tokens.npy", &few)?.unwrap_or_default();
        let around = folder.join("angles.npy").exists();
        let densities = if around {
            frames("density.npy", &|_, values| coarse(&values))?
        } else {
            None
        };
        let predictions = Session::new(experiment.clone())
            .snapshot()
            .predictions
            .to_vec();
        Ok(Self {
            experiment,
            metrics,
            predictions,
            times,
            places,
            densities,
        })
    }

    fn log(&self) -> bool {
        self.experiment.time.spacing == Spacing::Log
    }
}

/// What is kept of a frame: of its sizes and its numbers.
type Keep<'a> = &'a dyn Fn(&[usize], Vec<f64>) -> Vec<f64>;

/// Some frames of an array that has so many.
fn read_frames(
    path: &Path,
    count: usize,
    chosen: &[usize],
    keep: Keep,
) -> io::Result<Vec<Vec<f64>>> {
    let mut array = Frames::open(path)?;
    if array.shape().first() != Some(&count) {
        let what = format!("{count} frames are expected, as many as metrics.csv has lines");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let shape = array.shape()[1..].to_vec();
    (chosen.iter())
        .map(|frame| Ok(keep(&shape, array.frame(*frame)?)))
        .collect()
}

/// Means over at most [`ANGLES`] pieces of a row.
fn coarse(values: &[f64]) -> Vec<f64> {
    let pieces = values.len().min(ANGLES);
    (0..pieces)
        .map(|j| &values[j * values.len() / pieces..(j + 1) * values.len() / pieces])
        .map(|piece| piece.iter().sum::<f64>() / piece.len() as f64)
        .collect()
}

/// What an observable measures, without the side that it measures it on: tokens and field share a picture.
fn subject(name: &str) -> &str {
    ["tokens_", "field_", "reference_", "gaussian_"]
        .iter()
        .find_map(|side| name.strip_prefix(side))
        .unwrap_or(name)
}

/// All pictures of a run.
///
/// # Errors
/// [`FolderError::Figure`].
pub fn figures(folder: &Folder) -> Result<Vec<Figure>, FolderError> {
    let mut list = ways(folder)?;
    list.extend(spectrum(folder)?);
    list.extend(observables(folder)?);
    Ok(list)
}

/// A picture for everything that is measured and not the same at all times.
fn observables(folder: &Folder) -> Result<Vec<Figure>, FigureError> {
    let metrics = &folder.metrics;
    let known = |name: &&String| column(name).is_some();
    let mut subjects: Vec<&str> = Vec::new();
    for name in metrics.names.iter().filter(known) {
        let subject = subject(name);
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    (subjects.into_iter())
        .filter_map(|about| Some((about, observable(folder, about)?)))
        .map(|(about, chart)| {
            Ok(Figure {
                name: about.into(),
                svg: chart.svg()?,
            })
        })
        .collect()
}

/// One of them; none where nothing happens.
fn observable(folder: &Folder, about: &str) -> Option<Chart> {
    let metrics = &folder.metrics;
    let columns = metrics
        .names
        .iter()
        .enumerate()
        .filter(|(_, name)| subject(name) == about);
    let rows: Vec<_> = columns
        .filter_map(|(at, name)| Some((at, &OBSERVABLES[column(name)?])))
        .collect();
    let mut curves: Vec<Curve> = (rows.iter())
        .map(|(at, row)| Curve {
            label: row.name.into(),
            points: metrics.column(*at),
            band: Vec::new(),
            stroke: Stroke::Measured,
        })
        .filter(|curve| curve.points.iter().any(|p| p.1.is_finite()))
        .collect();
    let values: Vec<f64> = curves
        .iter()
        .flat_map(|c| c.points.iter().map(|p| p.1))
        .collect();
    let mut finite = values.iter().filter(|v| v.is_finite());
    let first = *finite.next()?;
    if finite.all(|v| (v - first).abs() < 1e-14) {
        return None;
    }
    let predictions = (folder.predictions.iter()).filter(|p| subject(p.observable) == about);
    curves.extend(predictions.map(|prediction| Curve {
        label: prediction.label.clone(),
        points: prediction.curve.clone(),
        band: Vec::new(),
        stroke: Stroke::Theory,
    }));
    let log = folder.log();
    let times = (metrics.rows.iter())
        .map(|row| row[0])
        .filter(|t| !log || *t > 0.0);
    Some(Chart {
        title: format!("{}: {about}", folder.experiment.title),
        about: rows
            .first()
            .map_or_else(String::new, |(_, row)| row.about.into()),
        across: Side::of("t", times, log),
        upwards: Side::of(about, values.into_iter(), false),
        heat: None,
        curves,
    })
}

/// |m_ℓ| against ℓ at the start, on the way and at the end; the density dashed as theory is.
fn spectrum(folder: &Folder) -> Result<Option<Figure>, FigureError> {
    let metrics = &folder.metrics;
    let degrees = |side: &str| -> Vec<usize> {
        (1..=8)
            .filter_map(|k| metrics.position(&format!("{side}_order_{k}")))
            .collect()
    };
    let (tokens, field) = (degrees("tokens"), degrees("field"));
    let last = metrics.rows.len().saturating_sub(1);
    let mut curves = Vec::new();
    for (side, columns, stroke) in [
        ("tokens", tokens, Stroke::Measured),
        ("density", field, Stroke::Theory),
    ] {
        for frame in [0, last / 2, last] {
            let points: Vec<(f64, f64)> = (columns.iter().enumerate())
                .map(|(k, at)| ((k + 1) as f64, metrics.rows[frame][*at]))
                .filter(|p| p.1 > 1e-16)
                .collect();
            if points.len() > 1 {
                let label = format!("{side}, t = {}", number(metrics.rows[frame][0]));
                curves.push(Curve {
                    label,
                    points,
                    band: Vec::new(),
                    stroke,
                });
            }
        }
    }
    if curves.is_empty() {
        return Ok(None);
    }
    let values = curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
    let chart = Chart {
        title: format!("{}: spectrum", folder.experiment.title),
        about:
            "|m_ℓ|, the length of the moment of degree ℓ: 1 for one cluster, 0 for the uniform law"
                .into(),
        across: Side::of("ℓ", [1.0, 8.0].into_iter(), false),
        upwards: Side::of("|m_ℓ|", values, true),
        heat: None,
        curves: curves.clone(),
    };
    Ok(Some(Figure {
        name: "spectrum".into(),
        svg: chart.svg()?,
    }))
}

/// The ways of the tokens: over time with the density behind them, and on the circle, the globe or in the plane.
fn ways(folder: &Folder) -> Result<Vec<Figure>, FigureError> {
    let tokens = &folder.experiment.tokens;
    if folder.places.first().is_none_or(Vec::is_empty) || folder.times.len() < 2 {
        return Ok(Vec::new());
    }
    let shown = tokens.count.min(TOKENS);
    let whose = if shown < tokens.count {
        format!("{shown} of {} tokens", tokens.count)
    } else {
        format!("{shown} tokens")
    };
    let portrait = |what: &str| Ways {
        title: folder.experiment.title.clone(),
        about: format!("{whose}{what}"),
        times: folder.times.clone(),
        log: folder.log(),
        places: folder.places.clone(),
    };
    let figure = |name: &str, svg: String| Figure {
        name: name.into(),
        svg,
    };
    Ok(match (tokens.dimension, tokens.flat) {
        (2, true) => vec![figure(
            "plane",
            portrait(" in the plane: grey where they start, orange where they end").plane()?,
        )],
        (2, false) => vec![
            figure("space_time", space_time(folder, &whose).svg()?),
            figure(
                "circle",
                portrait(
                    " on the circle: grey where they start, orange where they end, time outwards",
                )
                .circle()?,
            ),
        ],
        (3, false) => vec![figure(
            "globe",
            portrait(" on S²: grey where they start, orange where they end, pale behind")
                .globe()?,
        )],
        _ => Vec::new(),
    })
}

/// The density of the circle over time, from a frame on.
fn density(folder: &Folder, from: usize) -> Option<Heat> {
    let densities = &folder.densities.as_ref()?[from..];
    let angles = densities.first()?.len();
    let value = |j: usize, frame: &Vec<f64>| frame[j] / (1.0 + frame[j]);
    let values = (0..angles).flat_map(|j| densities.iter().map(move |frame| value(j, frame)));
    Some(Heat {
        across: folder.times[from..].to_vec(),
        upwards: (0..angles)
            .map(|j| TAU * (j as f64 + 0.5) / angles as f64)
            .collect(),
        values: values.collect(),
        name: "ρ/(1 + ρ)".into(),
        ends: Some((0.0, 1.0)),
        contour: false,
    })
}

/// Angles against time.
fn space_time(folder: &Folder, whose: &str) -> Chart {
    let log = folder.log();
    // a logarithmic axis begins after t = 0
    let from = usize::from(log && folder.times[0] <= 0.0);
    let times = &folder.times[from..];
    let angle = |frame: usize, token: usize| {
        let place = &folder.places[frame][2 * token..2 * token + 2];
        place[1].atan2(place[0]).rem_euclid(TAU)
    };
    let way = |token: usize| {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (frame, time) in folder.times.iter().enumerate().skip(from) {
            let here = angle(frame, token);
            // over the cut, and in again on the other side
            if let Some((before, there)) = points.last().copied()
                && (here - there).abs() > 0.5 * TAU
            {
                let (out, back) = if here < there { (TAU, 0.0) } else { (0.0, TAU) };
                let share = (out - there) / (here + out - back - there);
                let when = before + share * (time - before);
                points.extend([(when, out), (f64::NAN, f64::NAN), (when, back)]);
            }
            points.push((*time, here));
        }
        points
    };
    let trails = (0..folder.places[0].len() / 2).map(|token| Curve {
        label: String::new(),
        points: way(token),
        band: Vec::new(),
        stroke: Stroke::Trail,
    });
    let heat = density(folder, from);
    let about = match &heat {
        Some(_) => format!(
            "{whose} (white) over their mean field: ρ = dμ/dσ is 1 where it is uniform, grey where it was not resolved"
        ),
        None => whose.to_owned(),
    };
    Chart {
        title: folder.experiment.title.clone(),
        about,
        across: Side::of("t", times.iter().copied(), log),
        upwards: Side::of("θ in radians", [0.0, TAU].into_iter(), false),
        heat,
        curves: trails.collect(),
    }
}
