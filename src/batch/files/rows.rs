//! One row a file that a run may write: its name, what is in it, how it is loaded, in which runs it is, and how it is written.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use super::density::{self, Shown};
use super::{inputs, tables};
use crate::batch::summary::{FORMAT, Summary};
use crate::experiment::{Companion, Experiment, Solver};
use crate::measure::Law;
use crate::observe::products;
use crate::run::Session;
use crate::snapshot::view::BINS;
use crate::sphere::Domain;

/// What the writers see when a run is over.
pub(super) struct Finished<'a> {
    pub(super) session: &'a Session,
    /// The experiment with the paths of the copies of what it read.
    pub(super) experiment: Experiment,
    pub(super) summary: &'a Summary,
    pub(super) densities: Vec<Option<Shown>>,
}

/// Appends the numbers of a frame.
pub(super) type Numbers = fn(&Session, &mut Vec<f64>);

/// How a file is written.
pub(super) enum Writer {
    /// At the end, to this path.
    AtEnd(fn(&Finished, &Path) -> io::Result<()>),
    /// A float64 array whose first index is the frame: the other sizes, and the numbers of a frame, NaN for what is missing.
    EachFrame {
        shape: fn(&Experiment) -> Vec<usize>,
        numbers: Numbers,
    },
    /// Together with the row of this name.
    With(&'static str),
}

/// A file that a run may write.
pub(super) struct Row {
    /// Its name; `{}` stands for 0, 1, ….
    pub(super) name: &'static str,
    /// What is in it, its shape and units.
    pub(super) what: &'static str,
    /// How to load it in Python, in one line.
    pub(super) load: &'static str,
    /// In which runs there is one.
    pub(super) when: fn(&Experiment) -> bool,
    pub(super) writer: Writer,
}

fn always(_: &Experiment) -> bool {
    true
}

fn domain(experiment: &Experiment) -> Option<Domain> {
    experiment.continuum().map(|continuum| continuum.domain)
}

fn from_file(experiment: &Experiment) -> bool {
    matches!(experiment.tokens.initial, Law::File { .. })
}

fn gaussian(experiment: &Experiment) -> bool {
    matches!(experiment.companion(), Companion::Gaussian(_))
}

/// All files.
pub(super) static ROWS: &[Row] = &[
    Row {
        name: "experiment.toml",
        what: "the experiment, resolved: `metastable run` of it gives the same bits",
        load: "tomllib.load(open('experiment.toml', 'rb'))",
        when: always,
        writer: Writer::AtEnd(|run, path| {
            let text = run.experiment.to_toml().map_err(io::Error::other)?;
            fs::write(path, text)
        }),
    },
    Row {
        name: "metrics.csv",
        what: "t and every observable, a line a frame; nan where there is none",
        load: "numpy.genfromtxt('metrics.csv', delimiter=',', names=True)",
        when: always,
        writer: Writer::AtEnd(|run, path| tables::metrics(path, run.session.history())),
    },
    Row {
        name: "summary.json",
        what: "the last frame, work, version, notes",
        load: "json.load(open('summary.json'))",
        when: always,
        writer: Writer::AtEnd(|run, path| {
            let json = serde_json::to_string_pretty(run.summary).map_err(io::Error::other)?;
            fs::write(path, json + "\n")
        }),
    },
    Row {
        name: "README.md",
        what: "what the files of this folder hold",
        load: "open('README.md').read()",
        when: always,
        writer: Writer::AtEnd(|run, path| fs::write(path, readme(&run.experiment))),
    },
    Row {
        name: "times.npy",
        what: "t of every frame: frames",
        load: "numpy.load('times.npy')",
        when: always,
        writer: Writer::EachFrame {
            shape: |_| Vec::new(),
            numbers: |session, out| out.push(session.time()),
        },
    },
    Row {
        name: "tokens.npy",
        what: "the tokens, unit vectors or points of ℝ^d: frames×n×d",
        load: "numpy.load('tokens.npy')",
        when: always,
        writer: Writer::EachFrame {
            shape: |e| vec![e.tokens.count, e.tokens.dimension],
            numbers: |session, out| out.extend(&session.tokens().tokens().positions),
        },
    },
    Row {
        name: "lengths.npy",
        what: "|y_i| of the tokens whose lengths move: frames×n",
        load: "numpy.load('lengths.npy')",
        when: Experiment::has_lengths,
        writer: Writer::EachFrame {
            shape: |e| vec![e.tokens.count],
            numbers: |session, out| out.extend(session.tokens().lengths().unwrap_or_default()),
        },
    },
    Row {
        name: "products.npy",
        what: "the density of ⟨x_i,x_j⟩, i < j, in 64 equal bins of [−1, 1]: frames×64",
        load: "numpy.load('products.npy')",
        when: always,
        writer: Writer::EachFrame {
            shape: |_| vec![products::BINS],
            numbers: |session, out| {
                let last = session.history().records().last();
                out.extend(
                    last.iter()
                        .flat_map(|r| r.products.iter().map(|v| f64::from(*v))),
                );
            },
        },
    },
    Row {
        name: "density.npy",
        what: "dμ/dσ on one grid for all frames, NaN where it was under-resolved: frames×N on the circle and along an axis, \
               frames×latitudes×longitudes on S²; after a hand-over to characteristics means over the cells around the points",
        load: "numpy.load('density.npy')",
        when: Experiment::has_field,
        writer: Writer::AtEnd(|run, path| match domain(&run.experiment) {
            Some(domain) => density::write(path, domain, &run.densities),
            None => Ok(()),
        }),
    },
    Row {
        name: "angles.npy",
        what: "θ_j = 2πj/N of the density on the circle: N",
        load: "numpy.load('angles.npy')",
        when: |e| domain(e) == Some(Domain::Circle),
        writer: Writer::With("density.npy"),
    },
    Row {
        name: "colatitude.npy",
        what: "angles to the north pole of the density on S²: latitudes",
        load: "numpy.load('colatitude.npy')",
        when: |e| domain(e) == Some(Domain::Sphere),
        writer: Writer::With("density.npy"),
    },
    Row {
        name: "longitude.npy",
        what: "φ_j = 2πj/N of the density on S²: longitudes",
        load: "numpy.load('longitude.npy')",
        when: |e| domain(e) == Some(Domain::Sphere),
        writer: Writer::With("density.npy"),
    },
    Row {
        name: "cosine.npy",
        what: "⟨x,axis⟩ of the density along an axis: N",
        load: "numpy.load('cosine.npy')",
        when: |e| matches!(domain(e), Some(Domain::Zonal(_))),
        writer: Writer::With("density.npy"),
    },
    Row {
        name: "weights.npy",
        what: "quadrature weights of the latitudes or cosines, summing to 1: ∫f dσ = Σ_j w_j mean_φ f",
        load: "numpy.load('weights.npy')",
        when: |e| matches!(domain(e), Some(Domain::Sphere | Domain::Zonal(_))),
        writer: Writer::With("density.npy"),
    },
    Row {
        name: "reference_tokens.npy",
        what: "the tokens of the reference run that stands in the place of the density: frames×N×d",
        load: "numpy.load('reference_tokens.npy')",
        when: |e| e.field.solver == Solver::Tokens,
        writer: Writer::EachFrame {
            shape: |e| vec![e.field.count.unwrap_or(0), e.tokens.dimension],
            numbers: |session, out| {
                out.extend(
                    session
                        .reference_tokens()
                        .map(|t| &t.positions)
                        .into_iter()
                        .flatten(),
                );
            },
        },
    },
    Row {
        name: "gaussian_mean.npy",
        what: "m of the Gaussian mean field in ℝ^d, NaN after a blow-up or a change of its equations: frames×d",
        load: "numpy.load('gaussian_mean.npy')",
        when: gaussian,
        writer: Writer::EachFrame {
            shape: |e| vec![e.tokens.dimension],
            numbers: |session, out| {
                out.extend(
                    session
                        .gaussian_side()
                        .map(|g| &g.mean)
                        .into_iter()
                        .flatten(),
                );
            },
        },
    },
    Row {
        name: "gaussian_covariance.npy",
        what: "S of the Gaussian mean field: frames×d×d",
        load: "numpy.load('gaussian_covariance.npy')",
        when: gaussian,
        writer: Writer::EachFrame {
            shape: |e| vec![e.tokens.dimension, e.tokens.dimension],
            numbers: |session, out| {
                out.extend(
                    session
                        .gaussian_side()
                        .map(|g| &g.covariance)
                        .into_iter()
                        .flatten(),
                );
            },
        },
    },
    Row {
        name: "pairs.npy",
        what: "ψ of the angle between two tokens over [0, π] in 60 equal bins, mean over the runs and its standard error: frames×60×2",
        load: "numpy.load('pairs.npy')",
        when: |e| e.pairs.is_some(),
        writer: Writer::EachFrame {
            shape: |_| vec![BINS, 2],
            numbers: |session, out| {
                let view = session.pairs_view();
                out.extend(
                    view.iter()
                        .flat_map(|v| v.histogram.iter().flatten().copied()),
                );
            },
        },
    },
    Row {
        name: "pairs_closures.npy",
        what: "ψ by the closures in the order of pairs.closures at 61 equispaced angles of [0, π]: frames×closures×61",
        load: "numpy.load('pairs_closures.npy')",
        when: |e| e.pairs.is_some(),
        writer: Writer::EachFrame {
            shape: |e| {
                vec![
                    e.pairs.as_ref().map_or(0, |pairs| pairs.closures.len()),
                    BINS + 1,
                ]
            },
            numbers: |session, out| {
                let view = session.pairs_view();
                out.extend(
                    view.iter()
                        .flat_map(|v| v.closed.iter().flat_map(|c| c.1.iter().copied())),
                );
            },
        },
    },
    Row {
        name: "initial.npy",
        what: "the tokens that were read from a file, as the run started with them: n×d",
        load: "numpy.load('initial.npy')",
        when: from_file,
        writer: Writer::AtEnd(|run, path| inputs::write_tokens(&run.experiment, path)),
    },
    Row {
        name: "initial_weights.npy",
        what: "the weights that were read from a file: n",
        load: "numpy.load('initial_weights.npy')",
        when: |e| {
            matches!(
                &e.tokens.initial,
                Law::File {
                    weights: Some(_),
                    ..
                }
            )
        },
        writer: Writer::AtEnd(|run, path| inputs::write_weights(&run.experiment, path)),
    },
    Row {
        name: "replay.npy",
        what: "the tokens of all layers that were replayed: layers×n×d",
        load: "numpy.load('replay.npy')",
        when: |e| e.tokens.replay.is_some(),
        writer: Writer::AtEnd(|run, path| inputs::write_replay(&run.experiment, path)),
    },
    Row {
        name: "matrix_{}.npy",
        what: "matrices that were read from files, in the order of the experiment",
        load: "numpy.load('matrix_0.npy')",
        when: |e| !inputs::matrices(e).is_empty(),
        writer: Writer::AtEnd(|run, path| {
            inputs::write_matrices(&run.experiment, path.parent().unwrap_or(path))
        }),
    },
];

impl Row {
    /// Whether a file name is of this row.
    pub(super) fn owns(&self, name: &str) -> bool {
        match self.name.split_once("{}") {
            None => name == self.name,
            Some((before, after)) => (name.strip_prefix(before))
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|number| {
                    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
                }),
        }
    }
}

/// What the folder of a run says of its files.
fn readme(experiment: &Experiment) -> String {
    let mut text = format!(
        "# {}\n\nA run of metastable {}, formats of version {FORMAT}. Run it again, to the same bits: `metastable run experiment.toml --out again`.\n\n\
         | file | what is in it | in Python |\n|---|---|---|\n",
        experiment.title,
        env!("CARGO_PKG_VERSION")
    );
    let frames = experiment.time.recorded();
    for row in ROWS.iter().filter(|row| (row.when)(experiment)) {
        let sizes = match row.writer {
            Writer::EachFrame { shape, .. } => {
                let sizes: Vec<String> = (std::iter::once(frames).chain(shape(experiment)))
                    .map(|n| n.to_string())
                    .collect();
                format!(" ({})", sizes.join("×"))
            }
            Writer::With(other) => format!(" (the grid of {other})"),
            Writer::AtEnd(_) => String::new(),
        };
        let name = row.name.replace("{}", "N");
        let _ = writeln!(text, "| `{name}` | {}{sizes} | `{}` |", row.what, row.load);
    }
    text
}
