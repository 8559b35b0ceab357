//! The hot paths, one JSON line a measurement: the drift of the tokens, the tendency of the density, the flow of markers,
//! runs to exponentially long times, a frame on the
//! screen with the bytes it sends; where the dispatch rule chooses wrong on this machine; how the cost grows with the size, and what a second thread brings. `cargo bench` runs the short set,
//! `cargo bench -- --full` adds the slow sizes, `--against FILE` closes with the ratios to the best of the measurements in FILE (one
//! JSON object a line with the same fields), `--readme` writes them into the README's table, and any other word keeps the measurements whose
//! name contains it. `of_bound` is the time over the least that the same operations take on this machine ([`bound`]).
//!
//! One thread is `RAYON_NUM_THREADS=1 cargo bench`.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a bench talks and may stop

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;

use metastable::dynamics::circle_cells::sums::{CellSums, TokenCoordinates};
use metastable::dynamics::dispatch::Path;
use metastable::dynamics::general::matrix::{Ensemble, MatrixSpec};
use metastable::dynamics::series::Series;
use metastable::dynamics::system::{Head, System};
use metastable::dynamics::transport::Transport;
use metastable::dynamics::{
    Attention, CharacteristicFlow, CircleMeanField, Kernel, Normalisation, SphereMeanField,
    TokenDynamics, ZonalMeanField,
};
use metastable::experiment::presets;
use metastable::measure::{Density, Law, Markers, Particles};
use metastable::run::Session;
use metastable::snapshot::Snapshot;
use metastable::sphere::random::{Stream, generator};
use metastable::sphere::{CirclePlan, Complex, Domain, SpherePlan};
use metastable::tui::Marker;
use metastable::tui::model::Model;
use metastable::tui::theme::{Depth, Theme};
use metastable::tui::view::view;
use metastable::tui::wire::Wire;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rayon::prelude::*;

mod against;
mod bound;
mod plan;
mod readme;
mod rule;

use bound::Work;
use plan::Plan;

const SOFTMAX: Attention = Attention::new(4.0, Normalisation::Softmax);

/// All pairs, and the series where there is one, at the peers' sizes.
fn drift(plan: &Plan) {
    for dimension in [2, 3, 16, 128] {
        for count in [256, 1024, 4096, 16384] {
            let tokens = Law::Uniform.sample(count, dimension, 1);
            let mut dynamics = TokenDynamics::new(SOFTMAX, &tokens);
            let mut out = vec![0.0; count * dimension];
            let sizes = format!("\"n\":{count},\"d\":{dimension}");
            let slow = count * count * dimension > 1 << 28;
            let direct = if slow { "direct slow" } else { "direct" };
            plan.bounded(
                "A",
                direct,
                &sizes,
                Some(bound::pairs(1, count, dimension)),
                || {
                    dynamics.drift_by(Path::Direct, &tokens.positions, &mut out);
                },
            );
            if dimension <= 3 {
                plan.measure("A", "spectral", &sizes, || {
                    dynamics.drift_by(Path::Spectral, &tokens.positions, &mut out);
                });
            }
        }
    }
}

/// The exponent of the cost: 2 for all pairs, 1 in cells, 1 and a logarithm for the density on the circle, 3 on S².
fn growth(plan: &Plan) {
    let pairs = |dimension: usize| {
        move |count: usize| -> Box<dyn FnMut()> {
            let tokens = Law::Uniform.sample(count, dimension, 1);
            let mut dynamics = TokenDynamics::new(SOFTMAX, &tokens);
            let mut out = vec![0.0; count * dimension];
            Box::new(move || dynamics.drift_by(Path::Direct, &tokens.positions, &mut out))
        }
    };
    let cells = |count: usize| -> Box<dyn FnMut()> {
        let tokens = Law::Uniform.sample(count, 2, 1);
        let (angles, mut rates) = (tokens.angles(), vec![0.0; count]);
        let mut dynamics = TokenDynamics::new(SOFTMAX, &tokens);
        Box::new(move || dynamics.rates(&angles, &mut rates))
    };
    let circle = |modes: usize| -> Box<dyn FnMut()> {
        let mut field = CircleMeanField::new(SOFTMAX, modes);
        let mut state = vec![0.0; 2 * modes + 2];
        (state[0], state[2]) = (1.0, 0.1);
        let mut rate = state.clone();
        Box::new(move || field.tendency(&state, &mut rate))
    };
    let sphere = |degree: usize| -> Box<dyn FnMut()> {
        let mut plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
        let state = vec![1.0; Domain::Sphere.length(degree)];
        let mut values = vec![0.0; plan.points()];
        Box::new(move || plan.synthesis(&state, &mut values))
    };
    plan.growth("pairs_d2", 2.0, &[1024, 4096, 8192], &pairs(2));
    plan.growth("pairs_d16", 2.0, &[1024, 2048, 4096], &pairs(16));
    plan.growth("circle_tokens", 1.0, &[100_000, 1_000_000], &cells);
    plan.growth("circle_density", 1.0, &[2048, 8192, 32768], &circle);
    plan.growth("sphere_synthesis", 3.0, &[127, 255, 511], &sphere);
}

/// What two threads bring over one, for work above a millisecond.
fn threads(plan: &Plan) {
    for (dimension, count) in [(2, 4096), (3, 4096), (16, 4096), (128, 1024)] {
        let tokens = Law::Uniform.sample(count, dimension, 1);
        let name = format!("pairs_n{count}_d{dimension}");
        plan.threads(&name, || {
            let mut dynamics = TokenDynamics::new(SOFTMAX, &tokens);
            let (positions, mut out) = (&tokens.positions, vec![0.0; count * dimension]);
            Box::new(move || dynamics.drift_by(Path::Direct, positions, &mut out))
        });
    }
    let tokens = Law::Uniform.sample(1_000_000, 2, 1);
    let angles = tokens.angles();
    plan.threads("circle_n1000000", || {
        let mut dynamics = TokenDynamics::new(SOFTMAX, &tokens);
        let (angles, mut rates) = (&angles, vec![0.0; angles.len()]);
        Box::new(move || dynamics.rates(angles, &mut rates))
    });
    let law = Law::VonMisesFisher {
        concentration: 3.0,
        mean: vec![0.6, 0.0, 0.8],
    };
    let density = Density::from_law(&law, Domain::Sphere, 0, 0.0, 255).unwrap();
    plan.threads("sphere_rhs_L255", || {
        let mut field = SphereMeanField::new(SOFTMAX, 255);
        let (state, mut out) = (&density.state, vec![0.0; density.state.len()]);
        Box::new(move || field.tendency(state, &mut out))
    });
}

/// 1024 systems of 32 tokens, one drift of all of them, as an ensemble of runs takes it.
fn ensemble(plan: &Plan) {
    for dimension in [2, 8, 32, 128, 512] {
        let tokens = Law::Uniform.sample(1024 * 32, dimension, 1);
        let one = Particles::new(dimension, tokens.positions[..32 * dimension].to_vec());
        let mut out = vec![0.0; tokens.positions.len()];
        let mut dynamics: Vec<_> = (0..rayon::current_num_threads())
            .map(|_| TokenDynamics::new(SOFTMAX, &one))
            .collect();
        let system = 32 * dimension;
        let share = 1024_usize.div_ceil(dynamics.len()) * system;
        let sizes = format!("\"systems\":1024,\"n\":32,\"d\":{dimension}");
        let work = Some(bound::pairs(1024, 32, dimension));
        plan.bounded("A_batch", "direct", &sizes, work, || {
            (out.par_chunks_mut(share))
                .zip(tokens.positions.par_chunks(share))
                .zip(&mut dynamics)
                .for_each(|((out, positions), dynamics)| {
                    for (out, x) in (out.chunks_mut(system)).zip(positions.chunks(system)) {
                        dynamics.drift(x, out);
                    }
                });
        });
    }
}

/// The drift of general systems: one head with random Q, K, V by softmax, and doubly stochastic weights.
fn general(plan: &Plan) {
    for (count, dimension) in [(1024, 3), (4096, 3), (1024, 16), (1024, 128)] {
        let tokens = Law::Uniform.sample(count, dimension, 1);
        let mut rng = generator(1, Stream::Noise);
        let mut draw = || {
            let scale = 1.0 / (dimension as f64).sqrt();
            let random = Ensemble::Ginibre;
            MatrixSpec::Random { random, scale }.entries(dimension, dimension, &mut rng)
        };
        let head = Head {
            query_key: draw(),
            value: draw(),
        };
        let mut out = vec![0.0; count * dimension];
        let sizes = format!("\"n\":{count},\"d\":{dimension}");
        let doubly = Normalisation::Sinkhorn { tolerance: 1e-12 };
        for (name, normalisation) in [("heads", Normalisation::Softmax), ("sinkhorn", doubly)] {
            let system = System {
                heads: vec![head.clone()],
                ..System::plain()
            };
            let mut dynamics = TokenDynamics::of_system(
                &system,
                Attention {
                    normalisation,
                    ..SOFTMAX
                },
                &tokens,
            );
            // sweeps of doubly stochastic weights are as many as it takes
            let work = (name == "heads").then(|| bound::ordered_pairs(count, dimension));
            plan.bounded("I", name, &sizes, work, || {
                dynamics.drift(&tokens.positions, &mut out);
            });
        }
    }
}

/// The rates of tokens on the circle from their angles (USA, as the peers), in cells and by the recurrences of the series.
fn circle(plan: &Plan) {
    for beta in [4.0, 81.0] {
        let kernel = Kernel::new(2, beta);
        for count in [10_000, 100_000, 1_000_000, 10_000_000] {
            let slow = count > 1_000_000;
            let drawn = if slow && !plan.full { 1 } else { count };
            let rows = Law::Uniform.sample(drawn, 2, 3).positions;
            let angles: Vec<f64> = rows.chunks(2).map(|x| x[1].atan2(x[0])).collect();
            let weights = vec![1.0 / count as f64; angles.len()];
            let mut rates = vec![0.0; angles.len()];
            let sizes = format!("\"n\":{count},\"beta\":{beta}");
            let mut binned = CellSums::new(&kernel, &weights);
            let name = if slow {
                "circle_binned slow"
            } else {
                "circle_binned"
            };
            let scale = Transport::new(Attention::new(beta, Normalisation::None));
            plan.bounded("B", name, &sizes, Some(bound::cells(count)), || {
                binned.rates(&angles, &weights, scale, &mut rates);
            });
            let mut potential = rates.clone();
            let name = ["circle_vectors", "circle_vectors slow"][usize::from(slow)];
            plan.measure("B", name, &sizes, || {
                let places = TokenCoordinates::Vectors(&rows);
                binned.evaluate(places, &weights, &mut rates, &mut potential);
            });
            let mut series = Series::new(&kernel);
            plan.measure("B", "circle_series_slow", &sizes, || {
                series.evaluate(&kernel, &rows, &weights, &mut rates, &mut potential);
            });
        }
    }
}

fn tendency(plan: &Plan) {
    let law = Law::Harmonics {
        cosine: vec![0.0, 0.3],
        sine: vec![0.0, 0.0, 0.1],
    };
    for points in [128, 512, 2048, 8192, 32768] {
        let mut transform = CirclePlan::new(points);
        let mut values = vec![1.0; points];
        let mut spectrum = vec![Complex::default(); points / 2];
        let (sizes, half) = (format!("\"N\":{points}"), points / 2 - 1);
        plan.measure("D", "circle_four_transforms", &sizes, || {
            for _ in 0..2 {
                transform.analysis(&values, half, |k, c| spectrum[k] = c);
                transform.synthesis(half, |k| spectrum[k], &mut values);
            }
        });
        let mut planner = realfft::RealFftPlanner::<f64>::new();
        let (there, back) = (
            planner.plan_fft_forward(points),
            planner.plan_fft_inverse(points),
        );
        let (mut real, mut complex) = (there.make_input_vec(), there.make_output_vec());
        let (mut forth, mut home) = (there.make_scratch_vec(), back.make_scratch_vec());
        let transforms = plan.measure("D", "library_four_transforms", &sizes, || {
            for _ in 0..2 {
                there
                    .process_with_scratch(&mut real, &mut complex, &mut forth)
                    .unwrap();
                back.process_with_scratch(&mut complex, &mut real, &mut home)
                    .unwrap();
            }
        });
        // the peers' grids: as many modes as fit, and those of a run, with three points a mode
        for (name, modes) in [
            ("circle_rhs", points / 2 - 1),
            ("circle_rhs_dealiased", points / 3),
        ] {
            let Some(density) = Density::from_law(&law, Domain::Circle, 0, 0.0, modes) else {
                continue;
            };
            let mut field = CircleMeanField::with_points(SOFTMAX, modes, points);
            let mut out = vec![0.0; density.state.len()];
            let sizes = format!("\"N\":{points},\"modes\":{modes}");
            let work = transforms.map(|others| Work {
                others: others * rayon::current_num_threads() as f64,
                ..Work::default()
            });
            plan.bounded("D", name, &sizes, work, || {
                field.tendency(&density.state, &mut out);
            });
        }
    }
}

/// Transforms on S² (grid of L + 1 latitudes and 2L + 2 longitudes, as the peers) and the right-hand sides above the circle.
fn sphere(plan: &Plan) {
    let law = Law::VonMisesFisher {
        concentration: 3.0,
        mean: vec![0.6, 0.0, 0.8],
    };
    for degree in [31, 63, 127, 255, 511] {
        let mut transform = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
        let Some(density) = Density::from_law(&law, Domain::Sphere, 0, 0.0, degree) else {
            continue;
        };
        let mut state = density.state.clone();
        let mut values = vec![0.0; transform.points()];
        let sizes = |op: &str| format!("\"op\":\"{op}\",\"lmax\":{degree}");
        let one = Some(bound::legendre(degree, 1, 1));
        plan.bounded("C", "sphere", &sizes("synthesis"), one, || {
            transform.synthesis(&density.state, &mut values);
        });
        plan.bounded("C", "sphere", &sizes("analysis"), one, || {
            transform.analysis(&values, &mut state);
        });
        let grids = [
            (
                "sphere_SA",
                SphereMeanField::with_grid(SOFTMAX, degree, degree + 1, 2 * degree + 2),
            ),
            ("sphere_SA_dealiased", SphereMeanField::new(SOFTMAX, degree)),
        ];
        for (name, mut field) in grids {
            // ρ, Z and its gradient, the two parts of the current back; on the larger grid there is more to do
            let work = (name == "sphere_SA").then(|| bound::legendre(degree, 2, 6));
            plan.bounded("E", name, &format!("\"lmax\":{degree}"), work, || {
                field.tendency(&density.state, &mut state);
            });
        }
    }
    for degree in [64, 256] {
        let mut field = ZonalMeanField::new(8, SOFTMAX, degree);
        let mut state = vec![0.0; degree + 1];
        (state[0], state[1]) = (1.0, 0.1);
        let mut rate = state.clone();
        let sizes = format!("\"d\":8,\"lmax\":{degree}");
        plan.bounded("E", "zonal_SA", &sizes, Some(bound::zonal(degree)), || {
            field.tendency(&state, &mut rate);
        });
    }
}

/// Counts what is written and forgets it.
#[derive(Clone, Default)]
struct Counter(Rc<Cell<usize>>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The main page in truecolor on a terminal of this size: every frame, and the bytes of a first and of a next one.
fn frames(plan: &Plan) {
    let experiment = presets::load(presets::DEFAULT).unwrap();
    let mut session = Session::new(experiment.clone());
    (0..60).for_each(|_| {
        session.advance(&|| false).unwrap();
    });
    let before = Arc::new(session.snapshot());
    session.advance(&|| false).unwrap();
    let after = Arc::new(session.snapshot());
    for (width, height) in [(80, 24), (200, 60)] {
        let counter = Counter::default();
        let area = Rect::new(0, 0, width, height);
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let mut screen = Terminal::with_options(Wire::new(counter.clone()), options).unwrap();
        let mut model = Model::new(
            experiment.clone(),
            Vec::new(),
            Theme::of(Depth::Truecolor),
            Marker::Braille,
        );
        let mut draw = |snapshot: &Arc<Snapshot>| {
            let mut report = model.report.clone();
            report.snapshot = Some(Arc::clone(snapshot));
            model.receive(report);
            let start = counter.0.get();
            screen.draw(|frame| view(&model, frame)).unwrap();
            counter.0.get() - start
        };
        let (first, next) = (draw(&before), draw(&after));
        let sizes = format!(
            "\"width\":{width},\"height\":{height},\"bytes_first\":{first},\"bytes_next\":{next}"
        );
        let mut odd = false;
        plan.measure("F", "frame", &sizes, || {
            odd = !odd;
            draw(if odd { &before } else { &after });
        });
    }
}

/// The flow of markers (velocity and divergence), with markers a second as 1/(median/M), and whole runs in exponentially
/// slow motion: 64 tokens at β = 40 from the first step to t = 10¹² and to the last merge, alone and with their density.
fn markers(plan: &Plan) {
    for (domain, law, degrees) in [
        (Domain::Circle, "circle", [64, 512, 4096]),
        (Domain::Zonal(8), "zonal", [64, 128, 256]),
        (Domain::Sphere, "sphere", [24, 48, 96]),
    ] {
        let mean = match domain {
            Domain::Circle => vec![1.0, 0.0],
            Domain::Sphere => vec![0.6, 0.0, 0.8],
            Domain::Zonal(d) => [vec![1.0], vec![0.0; d - 1]].concat(),
        };
        let law_of = Law::VonMisesFisher {
            concentration: 3.0,
            mean,
        };
        for degree in degrees {
            let Some(density) = Density::from_law(&law_of, domain, 0, 0.0, degree) else {
                continue;
            };
            let carried = Markers::from_density(&density);
            // as many as a steeper density would have
            let copies = if domain == Domain::Sphere {
                1
            } else {
                degree / 16
            };
            let rows = &carried.bodies.particles;
            let (positions, weights) = (rows.positions.repeat(copies), rows.weights.repeat(copies));
            let mut flow = CharacteristicFlow::new(domain, SOFTMAX, &weights);
            let (mut velocity, mut divergence) =
                (vec![0.0; positions.len()], vec![0.0; weights.len()]);
            let sizes = format!("\"domain\":\"{law}\",\"markers\":{}", weights.len());
            let reach = Kernel::new(domain.dimension(), SOFTMAX.beta).degree();
            let work = match domain {
                Domain::Circle => bound::powers(weights.len(), reach),
                Domain::Sphere => bound::scattered(weights.len(), reach),
                Domain::Zonal(_) => bound::along_axis(weights.len(), reach),
            };
            plan.bounded("G", "markers", &sizes, Some(work), || {
                flow.evaluate(&positions, &mut velocity, &mut divergence);
            });
        }
    }
    for (name, end, field) in [
        ("tokens_to_1e12", 1e12, false),
        ("tokens_to_last_merge", 1e38, false),
        ("with_density_to_1e12", 1e12, true),
        ("with_density_to_last_merge", 1e38, true),
    ] {
        let mut experiment = presets::load("staircase-beta-40").unwrap();
        experiment.time.end = end;
        experiment.time.frames = 31;
        if !field {
            // the uniform density stays where it is and costs nothing
            experiment.field.initial = metastable::experiment::FieldInitial::Law(Law::Uniform);
        }
        plan.measure(
            "H",
            name,
            &format!("\"n\":64,\"beta\":40,\"t\":{end:e}"),
            || {
                let mut session = Session::without_pictures(experiment.clone());
                while !session.finished() {
                    session.advance(&|| false).unwrap();
                }
            },
        );
    }
}

/// Whole runs to a tolerance, frames observed at their end alone, as somebody would write them with a general solver: tokens on the circle
/// and on S², a density, doubly stochastic weights.
fn runs(plan: &Plan) {
    for (name, frames, rtol, text) in [
        (
            "runs tokens_circle",
            301,
            1e-9,
            "[tokens]\ncount = 64\n[attention]\nbeta = 9.0\n[field]\nsolver = \"none\"\n[time]\nend = 30.0\n",
        ),
        (
            "runs tokens_s2",
            161,
            1e-8,
            "[tokens]\ncount = 512\ndimension = 3\n[attention]\nbeta = 5.0\n[field]\nsolver = \"none\"\n[time]\nend = 16.0\n",
        ),
        (
            "runs density_circle",
            61,
            1e-9,
            "[tokens]\ncount = 2\ninitial = { law = \"harmonics\", cosine = [0.0, 0.0, 0.02] }\n[attention]\nbeta = 5.0\n[time]\nend = 3.0\n",
        ),
        (
            "runs sinkhorn",
            151,
            1e-7,
            "[tokens]\ncount = 128\n[attention]\nbeta = 9.0\nnormalisation = \"sinkhorn\"\n[field]\nsolver = \"none\"\n[time]\nend = 30.0\n",
        ),
        (
            "runs many_with_noise",
            2,
            1e-8,
            "[tokens]\ncount = 1000000\n[attention]\nbeta = 9.0\n[noise]\ndiffusion = 0.05\nstep = 0.01\n[field]\nsolver = \"none\"\n[time]\nend = 0.1\n",
        ),
    ] {
        let text = format!("{text}frames = {frames}\ntolerance = {rtol:e}\n");
        let here = std::path::Path::new(".");
        let experiment = metastable::experiment::read::read_text(name, here, &text).unwrap();
        let sizes = format!("\"frames\":{frames},\"rtol\":{rtol:e}");
        plan.measure("G", name, &sizes, || {
            let mut session = Session::observed_from(experiment.clone(), frames - 1);
            while !session.finished() {
                session.advance(&|| false).unwrap();
            }
        });
    }
}

fn main() {
    // as a run is: a loop over tokens does not wait for a thread of the pool to take it
    rayon::scope(|_| measure());
}

fn measure() {
    let plan = Plan::read();
    growth(&plan);
    threads(&plan);
    drift(&plan);
    ensemble(&plan);
    general(&plan);
    circle(&plan);
    tendency(&plan);
    sphere(&plan);
    markers(&plan);
    frames(&plan);
    rule::rule(&plan);
    runs(&plan);
    plan.compare();
}
