//! What a run comes to: `summary.json`, and the report that is printed at its end.

use std::fmt::Write;

use serde::Serialize;

use crate::integrate::Work;
use crate::observe::OBSERVABLES;
use crate::run::Session;
use crate::run::density::State;

/// Version of the formats of all files of a run.
pub(crate) const FORMAT: u32 = 1;

/// The end of a run in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Title of the experiment.
    pub title: String,
    /// The system as at the end: "SA", "USA", "causal SA", "QKV, 3 heads", …
    pub system: String,
    /// β at the end.
    pub beta: f64,
    /// D at the end.
    pub diffusion: f64,
    /// n.
    pub count: usize,
    /// d.
    pub dimension: usize,
    /// Seed.
    pub seed: u64,
    /// Last time.
    pub end: f64,
    /// Recorded frames.
    pub frames: usize,
    /// Version of the program.
    pub version: &'static str,
    /// Version of the formats of the files.
    pub format: u32,
    /// The computing time in seconds. The only entry that differs between two runs.
    pub seconds: f64,
    /// Work of the tokens.
    pub tokens: Work,
    /// The density: whether there is one, and whether it was resolved to the end.
    pub field: FieldSummary,
    /// The observables of the last frame, by column name; null where there is none.
    pub last: serde_json::Map<String, serde_json::Value>,
    /// What a careful reader should know.
    pub notes: Vec<String>,
}

/// Lines of the report for the systems that have them: a label, and columns with a word for each.
const LINES: &[(&str, &[(&str, &str)])] = &[
    ("lengths", &[("tokens_length", "mean |y|")]),
    (
        "cloud",
        &[
            ("tokens_variance_1", "λ₁"),
            ("tokens_variance_2", "λ₂"),
            ("tokens_vertices", "corners of the hull"),
            ("tokens_hyperplanes", "hyperplanes"),
        ],
    ),
    (
        "mean field",
        &[
            ("field_variance_1", "λ₁"),
            ("field_variance_2", "λ₂"),
            ("gaussian_distance", "W₂ to the tokens"),
        ],
    ),
    (
        "pairs",
        &[
            ("ensemble_pair", "E cos"),
            ("ensemble_pair_error", "±"),
            ("pair_mean_field", "mean-field"),
            ("pair_kirkwood", "kirkwood"),
            ("pair_gaussian", "gaussian"),
        ],
    ),
    (
        "optimum",
        &[
            ("optimum_energy", "energy"),
            ("optimum_gap", "gap in %"),
            ("tokens_design", "design strength"),
        ],
    ),
    ("row sums", &[("tokens_marginal_error", "largest error")]),
];

/// The density's fate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FieldSummary {
    /// No continuum beside these tokens.
    None,
    /// Resolved to the end.
    Resolved {
        /// Modes at the end.
        modes: usize,
        /// Tail at the end.
        tail: f64,
        /// Frequencies with a density of their own, and whether these are Poisson kernels.
        populations: Option<(usize, bool)>,
        /// Work.
        work: Work,
    },
    /// Handed over to characteristics.
    Carried {
        /// Time of the hand-over.
        since: f64,
        /// Modes at the hand-over.
        modes: usize,
        /// Markers at the end.
        markers: usize,
        /// What the quadrature in the label loses.
        loss: f64,
        /// Work.
        work: Work,
    },
    /// Given up.
    UnderResolved {
        /// The time from which on no value is taken from it.
        since: f64,
        /// Why.
        why: String,
        /// Modes at which it was given up.
        modes: usize,
        /// Work.
        work: Work,
    },
}

impl Summary {
    /// Of a session at its present frame.
    // long: one line of the report after another
    #[must_use]
    pub fn of(session: &Session, seconds: f64) -> Self {
        let experiment = session.experiment();
        let field = session.field().map_or(FieldSummary::None, |field| {
            let (modes, work) = (field.density.modes(), field.work());
            match &field.state {
                State::Lost { since, why } => FieldSummary::UnderResolved {
                    since: *since,
                    why: why.to_string(),
                    modes,
                    work,
                },
                State::Markers { since, run } => FieldSummary::Carried {
                    since: *since,
                    modes,
                    markers: run.markers.count(),
                    loss: run.loss(),
                    work,
                },
                State::Coefficients(_) | State::Populations(_) => FieldSummary::Resolved {
                    modes,
                    tail: field.density.tail(),
                    populations: field.populations().map(|p| (p.count(), p.exact())),
                    work,
                },
            }
        });
        let values = session
            .history()
            .records()
            .last()
            .map_or_else(Vec::new, |record| record.values.clone());
        let last = OBSERVABLES
            .iter()
            .zip(values)
            .map(|(row, value)| {
                let value =
                    serde_json::Number::from_f64(value).map_or(serde_json::Value::Null, Into::into);
                (row.name.to_owned(), value)
            })
            .collect();
        Self {
            title: experiment.title.clone(),
            system: match &experiment.tokens.replay {
                Some(_) => "replay".into(),
                None => (experiment.system).name(session.attention(), experiment.tokens.dimension),
            },
            beta: session.attention().beta,
            diffusion: session.diffusion(),
            count: experiment.tokens.count,
            dimension: experiment.tokens.dimension,
            seed: experiment.tokens.seed,
            end: session.time(),
            frames: session.frame() + 1,
            version: env!("CARGO_PKG_VERSION"),
            format: FORMAT,
            seconds,
            tokens: session.tokens().work(),
            field,
            last,
            notes: session.notes().to_vec(),
        }
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.last.get(name).and_then(serde_json::Value::as_f64)
    }

    /// The report, a few lines for a person.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_report(&mut text);
        text
    }

    fn write_report(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "{}", self.title)?;
        write!(
            text,
            "{} · n {} · d {} · β {} · D {}",
            self.system, self.count, self.dimension, self.beta, self.diffusion
        )?;
        writeln!(
            text,
            " · seed {} · t = {} · {} frames · {:.2} s",
            self.seed,
            time(self.end),
            self.frames,
            self.seconds
        )?;
        self.write_line(text, "energy E_β", "tokens_energy", "field_energy")?;
        self.write_line(text, "order |m_1|", "tokens_order_1", "field_order_1")?;
        self.write_line(text, "clusters", "tokens_clusters", "field_clusters")?;
        self.write_line(text, "heaviest mass", "tokens_mass_1", "field_mass_1")?;
        if let Some(w) = self.value("wasserstein") {
            write!(text, "{:<14} W₁ {w:.6}", "distance")?;
            if let Some(k) = self.value("discrepancy") {
                write!(text, "   kernel discrepancy {k:.6}")?;
            }
            writeln!(text)?;
        }
        writeln!(text, "{:<14} {}", "tokens", work(&self.tokens))?;
        if let (Some(bodies), Some(error)) = (
            self.value("tokens_bodies"),
            self.value("tokens_merge_error"),
        ) {
            let count = self.count;
            writeln!(
                text,
                "{:<14} {count} tokens are {bodies} {}, the energy changed by at most {error:.0e} of it",
                "merging",
                if bodies == 1.0 { "body" } else { "bodies" }
            )?;
        }
        for (label, columns) in LINES {
            self.write_values(text, label, columns)?;
        }
        self.write_field(text)?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(text, "{:<14} {note}", "note"))
    }

    /// What became of the density.
    fn write_field(&self, text: &mut String) -> std::fmt::Result {
        match &self.field {
            FieldSummary::None => writeln!(text, "{:<14} none", "density")?,
            FieldSummary::Resolved {
                populations: Some((count, true)),
                work: done,
                ..
            } => {
                let state = format!("{count} frequencies, a Poisson kernel each (Ott–Antonsen)");
                writeln!(text, "{:<14} {state}; {}", "density", work(done))?;
            }
            FieldSummary::Resolved {
                modes,
                tail,
                work: done,
                ..
            } => {
                writeln!(
                    text,
                    "{:<14} resolved: {modes} modes, tail {tail:.1e}; {}",
                    "density",
                    work(done)
                )?;
            }
            FieldSummary::Carried {
                since,
                modes,
                markers,
                loss,
                work: done,
            } => {
                let state = format!(
                    "handed over to characteristics at t = {} with {modes} modes: {markers} markers, loss {loss:.1e}",
                    short(*since)
                );
                writeln!(text, "{:<14} {state}; {}", "density", work(done))?;
            }
            FieldSummary::UnderResolved {
                since,
                why,
                modes,
                work: done,
            } => {
                let state = format!(
                    "UNDER-RESOLVED since t = {} at {modes} modes, no values from then on: {why}",
                    short(*since)
                );
                writeln!(text, "{:<14} {state}; {}", "density", work(done))?;
            }
        }
        Ok(())
    }

    /// A line of values by name, if any of them is there.
    fn write_values(
        &self,
        text: &mut String,
        label: &str,
        columns: &[(&str, &str)],
    ) -> std::fmt::Result {
        let known: Vec<String> = (columns.iter())
            .filter_map(|(name, word)| Some(format!("{word} {}", digits(self.value(name)?))))
            .collect();
        if known.is_empty() {
            return Ok(());
        }
        writeln!(text, "{label:<14} {}", known.join("   "))
    }

    fn write_line(
        &self,
        text: &mut String,
        label: &str,
        tokens: &str,
        field: &str,
    ) -> std::fmt::Result {
        let Some(left) = self.value(tokens) else {
            return Ok(());
        };
        match self.value(field) {
            Some(right) => {
                let (left, right) = (digits(left), digits(right));
                writeln!(text, "{label:<14} tokens {left:<14} density {right}")
            }
            None => writeln!(text, "{label:<14} tokens {}", digits(left)),
        }
    }
}

/// A value to eight decimals, or in powers of ten where it is huge.
fn digits(value: f64) -> String {
    if value.abs() < 1e15 {
        format!("{value:.8}")
    } else {
        format!("{value:.8e}")
    }
}

/// Work in words.
fn work(work: &Work) -> String {
    format!(
        "{} steps, {} rejected, {} right-hand sides",
        work.steps, work.rejected, work.evaluations
    )
}

/// A time with all its digits, in powers of ten where it is long.
fn time(t: f64) -> String {
    if t == 0.0 || (1e-4..1e7).contains(&t) {
        format!("{t}")
    } else {
        format!("{t:e}")
    }
}

/// A time to four decimals, or in powers of ten.
fn short(t: f64) -> String {
    if t == 0.0 || (1e-2..1e7).contains(&t) {
        format!("{t:.4}")
    } else {
        format!("{t:.4e}")
    }
}
