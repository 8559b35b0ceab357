//! `[sweep]`: one key of the experiment over a range, a whole run for every value, one observable of each: the order parameter
//! against the coupling, the output cosine against γ. The points are computed along with the frames of the run on screen.

use serde::Serialize;

use super::document::{Document, InputError};
use super::experiment::{Experiment, default_noise_step};
use super::section::Section;
use super::session::{Session, SessionError};
use super::system_spec::long_context_beta;
use crate::observe::table;
use crate::theory;

/// What a file says, and the experiments that it means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepSpec {
    /// The dotted key that is varied.
    pub key: String,
    /// Its first value.
    pub from: f64,
    /// Its last value.
    pub to: f64,
    /// How many values, equally spaced.
    pub points: usize,
    /// A column of `metrics.csv`.
    pub observable: String,
    /// The share of the frames, the last ones, over which it is averaged; 0 takes the last frame alone.
    pub average: f64,
    /// The experiment at every value.
    #[serde(skip)]
    pub experiments: Vec<Experiment>,
}

/// A measured point: the value of the key, the observable's mean over the frames, and its standard deviation over them.
pub type Point = [f64; 3];

/// The points so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SweepView {
    /// Measured.
    pub points: Vec<Point>,
    /// What theory says, in a few words, and its curve.
    pub theory: Option<(&'static str, Vec<(f64, f64)>)>,
}

/// Points of a theory curve.
const CURVE: usize = 241;

impl SweepSpec {
    /// The value of point j.
    #[must_use]
    pub fn value(&self, index: usize) -> f64 {
        let last = (self.points - 1).max(1) as f64;
        self.from + (self.to - self.from) * index as f64 / last
    }

    /// Runs point j to its end, with the number of tokens and the seed of `base`.
    ///
    /// # Errors
    /// [`SessionError`] of that run; None when `cancelled` said so on the way.
    pub fn measure(
        &self,
        index: usize,
        base: &Experiment,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Point>, SessionError> {
        let mut experiment = self.experiments[index].clone();
        // n and the seed may have been changed on the screen since the file was read
        experiment.tokens.seed = base.tokens.seed;
        if self.key != "tokens.count" {
            experiment.tokens.count = base.tokens.count;
            if let Some(gamma) = experiment.system.gamma {
                experiment.attention.beta = long_context_beta(gamma, base.tokens.count);
            }
        }
        let mut session = Session::without_pictures(experiment);
        while !session.finished() {
            if cancelled() || !session.advance(cancelled)? {
                return Ok(None);
            }
        }
        let series = session.history().series_named(&self.observable);
        let kept = ((self.average * series.len() as f64).ceil() as usize).max(1);
        let tail = &series[series.len().saturating_sub(kept)..];
        let n = tail.len() as f64;
        let mean = tail.iter().map(|p| p.1).sum::<f64>() / n;
        let square: f64 = tail.iter().map(|p| (p.1 - mean).powi(2)).sum();
        Ok(Some([self.value(index), mean, (square / n).sqrt()]))
    }

    /// What theory says of this observable against this key.
    #[must_use]
    pub fn theory(&self) -> Option<(&'static str, Vec<(f64, f64)>)> {
        let experiment = self.experiments.first()?;
        let order = matches!(self.observable.as_str(), "tokens_order_1" | "field_order_1");
        let at = |f: &dyn Fn(f64) -> f64| {
            (0..CURVE)
                .map(|j| self.from + (self.to - self.from) * j as f64 / (CURVE - 1) as f64)
                .map(|x| (x, f(x)))
                .collect()
        };
        let law = (experiment.tokens.frequencies.as_ref()).and_then(|f| f.law());
        match (self.key.as_str(), law) {
            ("attention.value", Some(law))
                if order
                    && experiment.attention.beta == 0.0
                    && experiment.noise.diffusion == 0.0 =>
            {
                let r = |k: f64| theory::transition::order_parameter(law, k);
                Some(("stationary r(K)", at(&r)))
            }
            ("attention.gamma", None) if self.observable == "tokens_cosine" => {
                let rho = super::predictions::cosine(experiment)?;
                let n = experiment.tokens.count as f64;
                let one_layer = !experiment.time.residual && experiment.time.recorded() == 2;
                let cosine = |gamma: f64| theory::long_context::output_cosine(n, gamma, rho);
                one_layer.then(|| ("one layer, this n", at(&cosine)))
            }
            _ => None,
        }
    }
}

/// Reads `[sweep]`; every point must be a right experiment.
pub(super) fn sweep(
    section: &Section,
    (document, base): (&Document, &Experiment),
    read: impl Fn(&Document) -> Result<Experiment, InputError>,
) -> Result<Option<SweepSpec>, InputError> {
    if document.root.get("sweep").is_none() {
        return Ok(None);
    }
    let any = f64::MIN..=f64::MAX;
    let Some(key) = section.text("key")? else {
        return section.missing("key", "\"attention.value\"");
    };
    let Some(from) = section.number("from", any.clone())? else {
        return section.missing("from", "0.0");
    };
    let Some(to) = section.number("to", any)? else {
        return section.missing("to", "4.0");
    };
    let points = section.whole("points", 2..=1000)?.unwrap_or(25);
    let observable = section.text("observable")?.unwrap_or("tokens_order_1");
    if table::column(observable).is_none() {
        let names: Vec<&str> = table::OBSERVABLES.iter().map(|row| row.name).collect();
        let remedy = Some(super::section::closest(observable, &names));
        return Err(section.place_of("observable").error(
            "sweep.observable",
            format!("{observable:?} is not an observable"),
            remedy,
        ));
    }
    let average = section.number("average", 0.0..=1.0)?.unwrap_or(0.5);
    let mut spec = SweepSpec {
        key: key.to_owned(),
        from,
        to,
        points,
        observable: observable.to_owned(),
        average,
        experiments: Vec::new(),
    };
    // from the resolved experiment: what is written and read back has the same points, to the bit
    let Ok(text) = base.to_toml() else {
        return Ok(None);
    };
    let origin = &document.origin;
    let single = Document::parse(&origin.name, &origin.base, &text)?;
    for index in 0..points {
        let mut point = single.clone();
        let value = spec.value(index);
        // whole numbers as such: a count takes no other, and every key that takes a fraction takes them too
        let written = if value.fract() == 0.0 && value.abs() < 1e15 {
            format!("{value:.0}")
        } else {
            format!("{value:e}")
        };
        point.set(&format!("{key}={written}"))?;
        let mut experiment = read(&point)?;
        let longest = default_noise_step(experiment.attention);
        experiment.noise.step = experiment.noise.step.min(longest);
        spec.experiments.push(experiment);
    }
    Ok(Some(spec))
}
