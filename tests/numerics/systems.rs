//! Every system of the paper against an independent SciPy oracle (`reference/systems_oracle.py`), each read from a file as a user
//! would write it, and the identities that belong to it.

use crate::common::{experiment, flat, reference, run, series, with_tokens};
use metastable::batch;
use metastable::dynamics::general::matrix::{apply, exponential, product, transposed};
use metastable::dynamics::system::{Head, System};
use metastable::dynamics::{Attention, Normalisation, TokenDynamics};
use metastable::experiment::presets;
use metastable::experiment::read::experiment as decode;
use metastable::measure::{Law, Particles};
use metastable::run::Session;
use metastable::run::tokens::TokenRun;
use metastable::sphere::geometry::{dot, norm, retract};
use metastable::theory::growth_rate;
use metastable::theory::optimal::Optimum;
use serde_json::Value;

/// A TOML file that says what a case of the oracle is.
fn file(case: &Value) -> String {
    let text = |key: &str| case[key].as_str().unwrap().to_owned();
    let heads: String = (case["heads"].as_array().unwrap().iter())
        .map(|head| {
            format!(
                "[[attention.head]]\nquery = {}\nkey = {}\nvalue = {}\n",
                head["query"], head["key"], head["value"]
            )
        })
        .collect();
    let mut attention = format!(
        "[attention]\nbeta = {}\nnormalisation = \"{}\"\nmask = \"{}\"\nspace = \"{}\"\nlayer_norm = \"{}\"\n",
        case["beta"],
        text("normalisation"),
        text("mask"),
        text("space"),
        text("scheme")
    );
    for key in ["alpha", "until"] {
        if !case[key].is_null() {
            attention += &format!("{key} = {}\n", case[key]);
        }
    }
    if text("normalisation") == "sinkhorn" {
        attention += "marginal_error = 1e-14\n";
    }
    let perceptron = match &case["perceptron"] {
        Value::Null => String::new(),
        m => format!(
            "[attention.perceptron]\nactivation = {}\nwidth = {}\ninner = {}\nbias = {}\nouter = {}\n",
            m["activation"],
            m["bias"].as_array().unwrap().len(),
            m["inner"],
            m["bias"],
            m["outer"]
        ),
    };
    let weights = match &case["weights"] {
        Value::Null => String::new(),
        weights => format!("weights = {weights}\n"),
    };
    let time = match &case["layers"] {
        Value::Null => format!("end = {}\nframes = 3\ntolerance = 1e-13\n", case["time"]),
        layers => {
            let count = layers["count"].as_f64().unwrap();
            let step = layers["step"].as_f64().unwrap();
            format!(
                "end = {}\nframes = {}\nscheme = \"layer\"\nstep = {step}\n",
                count * step,
                count + 1.0
            )
        }
    };
    format!(
        "[tokens]\ndimension = {}\n{weights}initial = {{ law = \"points\", points = {} }}\n{attention}{perceptron}{heads}[time]\n{time}",
        case["dimension"], case["initial"]
    )
}

#[test]
fn every_system_follows_the_independent_oracle() {
    let reference = reference("systems.json");
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() >= 28);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let spec = experiment(&file(case));
        let mut run = TokenRun::new(&spec);
        let mut time = 0.0;
        while time < spec.time.end * (1.0 - 1e-12) {
            let next = spec.time.frame(
                ((time / spec.time.end) * (spec.time.frames - 1) as f64).round() as usize + 1,
            );
            assert!(run.advance(next, &|| false).unwrap());
            time = next;
        }
        for (found, exact) in run.tokens().positions.iter().zip(flat(&case["final"])) {
            let error = (found - exact).abs();
            assert!(
                error < 1e-10 * exact.abs().max(1.0),
                "{name}: {found} {exact} {error:e}"
            );
        }
        if let Some(lengths) = case["lengths"].as_array() {
            for (found, exact) in run.lengths().unwrap().iter().zip(lengths) {
                let exact = exact.as_f64().unwrap();
                assert!(
                    (found / exact - 1.0).abs() < 1e-10,
                    "{name}: {found} {exact}"
                );
            }
        } else {
            assert!(run.lengths().is_none(), "{name}");
        }
    }
}

#[test]
fn one_token_follows_the_exponential_of_its_value_matrix() {
    for value in [
        "[1.0, 0.3, -0.5]",
        "[[0.2, -1.0, 0.3], [0.7, 0.1, 0.0], [-0.4, 0.5, 0.3]]",
    ] {
        let spec = experiment(&format!(
            "[tokens]\ncount = 1\ndimension = 3\ninitial = {{ law = \"points\", points = [[0.6, 0.0, 0.8]] }}\n\
             [attention]\nbeta = 2.0\nvalue = {value}\n[time]\nend = 2.0\nframes = 3\ntolerance = 1e-13\n"
        ));
        let head = spec.system.system(3, 0, 0).heads[0].clone();
        let mut session = Session::without_pictures(spec);
        session.advance(&|| false).unwrap();
        session.advance(&|| false).unwrap();
        let (mut power, mut scratch) = ([0.0; 9], [0.0; 9]);
        exponential(&head.value, 2.0, 3, &mut power, &mut scratch);
        let mut exact = [0.0; 3];
        apply(&power, &[0.6, 0.0, 0.8], &mut exact);
        let length = norm(&exact);
        for (a, b) in session.tokens().tokens().positions.iter().zip(exact) {
            assert!((a - b / length).abs() < 1e-11, "{value}");
        }
    }
}

#[test]
fn two_causal_tokens_are_exactly_twice_slower_and_the_first_never_moves() {
    let text = |mask: &str, end: f64| {
        format!(
            "[tokens]\ninitial = {{ law = \"points\", points = [0.3, 2.0] }}\n\
             [attention]\nbeta = 3.0\nmask = \"{mask}\"\n[time]\nend = {end}\nframes = 9\ntolerance = 1e-12\n"
        )
    };
    let (causal, both) = (run(&text("causal", 8.0)), run(&text("none", 4.0)));
    for ((_, a), (_, b)) in series(&causal, "tokens_cosine")
        .iter()
        .zip(series(&both, "tokens_cosine"))
    {
        assert!((a - b).abs() < 1e-10, "{a} {b}");
    }
    let first = causal.tokens().tokens().row(0);
    assert!((first[0] - 0.3_f64.cos()).abs() < 1e-12 && (first[1] - 0.3_f64.sin()).abs() < 1e-12);
}

#[test]
fn all_causal_tokens_come_to_the_first() {
    let session = run(
        "[tokens]\ncount = 12\ndimension = 3\n[attention]\nbeta = 1.0\nmask = \"causal\"\n[time]\nend = 60.0\nframes = 2\n",
    );
    let tokens = session.tokens().tokens();
    let start = experiment(
        "[tokens]\ncount = 12\ndimension = 3\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\n",
    );
    let first = start.tokens.particles();
    for x in tokens.rows() {
        assert!(dot(x, first.row(0)) > 1.0 - 1e-6);
    }
}

#[test]
fn the_energy_rises_with_a_symmetric_query_key_that_is_the_value_as_fast_as_tokens_move() {
    let session = run(
        "[tokens]\ncount = 10\ndimension = 3\nseed = 4\n[attention]\nbeta = 1.5\nnormalisation = \"none\"\n\
         query_key = { random = \"goe\", scale = 0.5 }\nvalue = \"tied\"\n[time]\nend = 0.5\nframes = 501\ntolerance = 1e-12\n",
    );
    let (energy, rate) = (
        series(&session, "tokens_energy"),
        series(&session, "tokens_dissipation"),
    );
    for pair in energy.windows(2) {
        assert!(pair[1].1 >= pair[0].1);
    }
    for at in [100, 250, 400] {
        let slope = (energy[at + 1].1 - energy[at - 1].1) / 0.002;
        assert!(
            (slope / rate[at].1 - 1.0).abs() < 1e-4,
            "{slope} {}",
            rate[at].1
        );
    }
    // (3.4.1): dE/dt = (1/n)Σ|x_i'|²
    let mut session = session;
    let tokens = session.tokens().tokens().clone();
    let spec = session.experiment().system.system(3, 4, 0);
    let mut dynamics = TokenDynamics::of_system(&spec, session.attention(), &tokens);
    let mut drift = vec![0.0; 30];
    dynamics.drift(&tokens.positions, &mut drift);
    let exact = dot(&drift, &drift) / 10.0;
    session.advance(&|| false).unwrap();
    assert!((rate.last().unwrap().1 / exact - 1.0).abs() < 1e-12);
}

#[test]
fn repulsion_and_negative_temperatures_grow_and_decay_at_their_linear_rates_in_the_density() {
    for (dimension, law) in [
        (2, "harmonics\", cosine = [1e-5, 1e-5, 1e-5]"),
        (3, "zonal\", coefficients = [1e-5, 1e-5, 1e-5]"),
    ] {
        for (beta, value) in [(2.0, -1.0), (-1.5, 1.0), (-1.5, -0.5), (3.0, 2.0)] {
            for normalisation in ["softmax", "none"] {
                let spec = experiment(&format!(
                    "[tokens]\ncount = 4\ndimension = {dimension}\n[attention]\nbeta = {beta}\nvalue = {value}\nnormalisation = \"{normalisation}\"\n\
                     [field]\ninitial = {{ law = \"{law} }}\nmodes = 16\n[time]\nend = 0.2\nframes = 3\ntolerance = 1e-13\n"
                ));
                let attention = spec.attention;
                let mut session = Session::without_pictures(spec);
                while !session.finished() {
                    session.advance(&|| false).unwrap();
                }
                for degree in 1..=3 {
                    let orders = series(&session, &format!("field_order_{degree}"));
                    let rate = (orders[2].1 / orders[0].1).ln() / 0.2;
                    let exact = growth_rate(attention, dimension, 0.0, degree);
                    assert!(
                        (rate - exact).abs() < 2e-4 * exact.abs().max(1.0),
                        "d {dimension} β {beta} V {value} {normalisation} ℓ {degree}: {rate} {exact}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_energy_falls_under_repulsion_on_both_sides_at_the_rate_of_the_motion() {
    for dimension in [2, 3] {
        let session = run(&format!(
            "[tokens]\ncount = 30\ndimension = {dimension}\n[attention]\nbeta = 2.0\nvalue = -1.0\n\
             [field]\ninitial = {{ law = \"von-mises-fisher\", concentration = 1.0 }}\n[time]\nend = 1.0\nframes = 201\ntolerance = 1e-11\n"
        ));
        for side in ["tokens", "field"] {
            let (energy, rate) = (
                series(&session, &format!("{side}_energy")),
                series(&session, &format!("{side}_dissipation")),
            );
            for at in [50, 150] {
                let slope = (energy[at + 1].1 - energy[at - 1].1) / 0.01;
                assert!(
                    slope < 0.0 && (slope / rate[at].1 - 1.0).abs() < 1e-3,
                    "d {dimension} {side}: {slope} {}",
                    rate[at].1
                );
            }
        }
    }
}

#[test]
fn the_triangle_is_stable_below_minus_two_thirds_alone() {
    let spread = |beta: f64| {
        let session = run(&format!(
            "[tokens]\ninitial = {{ law = \"points\", points = [0.001, 2.0943951, 4.1887902] }}\n\
             [attention]\nbeta = {beta}\n[time]\nend = 20.0\nframes = 3\ntolerance = 1e-12\n"
        ));
        let order = series(&session, "tokens_order_1");
        order[2].1 / order[0].1
    };
    assert!(spread(-0.72) < 1.0, "{}", spread(-0.72));
    assert!(spread(-0.61) > 1.0, "{}", spread(-0.61));
}

#[test]
fn heads_turn_with_the_tokens_and_do_not_care_about_their_order() {
    let tokens = Law::Uniform.sample(9, 3, 2);
    let attention = Attention::new(1.3, Normalisation::Softmax);
    let (sin, cos) = 0.8_f64.sin_cos();
    let turn = [1.0, 0.0, 0.0, 0.0, cos, -sin, 0.0, sin, cos];
    let turned = |m: &[f64]| product(&product(&turn, m, 3, 3), &transposed(&turn, 3, 3), 3, 3);
    let rows = |m: &[f64]| product(m, &transposed(&turn, 3, 3), 3, 3);
    let head = Head {
        query_key: vec![0.3, -0.2, 0.5, 0.9, 0.1, -0.4, 0.2, 0.6, -0.7],
        value: vec![0.1, 0.8, -0.3, 0.4, -0.5, 0.2, 0.9, 0.3, 0.6],
    };
    let other = Head {
        query_key: turned(&head.query_key),
        value: turned(&head.value),
    };
    let drift = |head: &Head, positions: &[f64]| {
        let system = System {
            heads: vec![head.clone()],
            ..System::plain()
        };
        let points = Particles::new(3, positions.to_vec());
        let mut out = vec![0.0; positions.len()];
        TokenDynamics::of_system(&system, attention, &points).drift(positions, &mut out);
        out
    };
    let here = drift(&head, &tokens.positions);
    for (a, b) in drift(&other, &rows(&tokens.positions))
        .iter()
        .zip(rows(&here))
    {
        assert!((a - b).abs() < 1e-14);
    }
    let reversed: Vec<f64> = tokens.rows().rev().flatten().copied().collect();
    let back: Vec<f64> = drift(&head, &reversed)
        .chunks(3)
        .rev()
        .flatten()
        .copied()
        .collect();
    for (a, b) in back.iter().zip(&here) {
        assert!((a - b).abs() < 1e-14);
    }
}

#[test]
fn gaussian_tokens_keep_beside_their_closed_equations() {
    for (space, normalisation, value) in [
        ("flat", "softmax", "-1.0"),
        ("flat", "sinkhorn", "[[-0.3, -1.0], [1.0, -0.3]]"),
        ("mean-shift", "softmax", "1.0"),
    ] {
        let session = run(&format!(
            "[tokens]\ncount = 500\nseed = 3\ninitial = {{ law = \"gaussian\", mean = [0.2, -0.1], covariance = [[0.6, 0.2], [0.2, 0.3]] }}\n\
             [attention]\nbeta = 0.8\nnormalisation = \"{normalisation}\"\nvalue = {value}\nspace = \"{space}\"\n\
             [time]\nend = 1.0\nframes = 3\ntolerance = 1e-7\n"
        ));
        for (t, distance) in series(&session, "gaussian_distance") {
            // a few times 1/√n
            assert!(
                distance < 3.0 / 500f64.sqrt(),
                "{space} {normalisation} t {t}: {distance}"
            );
        }
        let marginal = series(&session, "tokens_marginal_error");
        assert_eq!(
            marginal.len(),
            if normalisation == "sinkhorn" { 3 } else { 0 }
        );
        assert!(marginal.iter().all(|(_, error)| *error <= 1e-12));
    }
}

#[test]
fn tokens_of_the_identity_come_to_the_corners_of_their_hull_and_hardmax_to_its_leaders() {
    for normalisation in ["softmax", "hardmax"] {
        let session = run(&format!(
            "[tokens]\ncount = 30\nseed = 8\ninitial = {{ law = \"box\" }}\n\
             [attention]\nbeta = 4.0\nnormalisation = \"{normalisation}\"\nspace = \"rescaled\"\n[time]\nend = 10.0\nframes = 3\ntolerance = 1e-8\n"
        ));
        let last = |name: &str| series(&session, name).last().unwrap().1;
        assert!(last("tokens_clusters") >= 2.0, "{normalisation}");
        assert_eq!(
            last("tokens_clusters"),
            last("tokens_vertices"),
            "{normalisation}"
        );
    }
}

#[test]
fn equiangular_tokens_obey_the_scalar_equations_of_every_scheme() {
    for name in ["pre-ln", "peri-ln", "mix-ln", "ngpt", "ln-scaling"] {
        let mut spec = presets::load(name).unwrap();
        spec.time.end = 6.0;
        spec.time.tolerance = 1e-12;
        let session = {
            let mut session = Session::new(spec);
            let curve = session.snapshot().predictions[0].curve.clone();
            while !session.finished() {
                session.advance(&|| false).unwrap();
            }
            let gaps = series(&session, "tokens_gap");
            for ((t, gap), (_, exact)) in gaps.iter().zip(curve).step_by(10) {
                assert!(
                    (gap / exact - 1.0).abs() < 1e-8,
                    "{name} t {t}: {gap} {exact}"
                );
            }
            session
        };
        assert_eq!(
            session.tokens().lengths().is_some(),
            !matches!(name, "ngpt" | "ln-scaling")
        );
    }
}

#[test]
fn redrawn_matrices_change_at_their_period_wherever_the_frames_are() {
    let text = |frames: usize| {
        format!(
            "[tokens]\ncount = 8\ndimension = 4\n[attention]\nbeta = 1.0\nvalue = {{ random = \"ginibre\" }}\nperiod = 0.3\n\
             [time]\nend = 1.0\nframes = {frames}\ntolerance = 1e-12\n"
        )
    };
    let (few, many) = (run(&text(2)), run(&text(8)));
    for (a, b) in few
        .tokens()
        .tokens()
        .positions
        .iter()
        .zip(&many.tokens().tokens().positions)
    {
        assert!((a - b).abs() < 1e-10);
    }
    let spec = &few.experiment().system;
    assert_ne!(spec.system(4, 0, 0).heads, spec.system(4, 0, 1).heads);
    assert_eq!(spec.system(4, 0, 1).heads, spec.system(4, 0, 1).heads);
}

#[test]
fn a_models_tokens_are_replayed_layer_by_layer_with_their_products() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("layers.npy");
    let values: Vec<f64> = (0..3 * 4 * 2)
        .map(|i| 1.0 + f64::from(i * i % 17))
        .collect();
    write_npy(&path, &[3, 4, 2], &values);
    let text = format!("[tokens]\nreplay = {path:?}\n[attention]\nbeta = 1.0\n");
    let mut session = Session::new(experiment(&text));
    for layer in 0..3 {
        let found = session.tokens().tokens();
        for (i, row) in found.rows().enumerate() {
            let raw = &values[(layer * 4 + i) * 2..][..2];
            let length = norm(raw);
            assert!((row[0] - raw[0] / length).abs() < 1e-15);
            assert!((session.tokens().lengths().unwrap()[i] - length).abs() < 1e-14);
        }
        let products = session.history().records()[layer].products.clone();
        let total: f32 = products.iter().sum();
        assert!((total / 32.0 - 1.0).abs() < 1e-5, "a density on [−1, 1]");
        if layer < 2 {
            session.advance(&|| false).unwrap();
        }
    }
    assert!(session.finished());
}

#[test]
fn what_does_not_combine_or_fit_is_refused_with_what_was_expected() {
    for (attention, expected) in [
        (
            "value = [[1, 0], [0, 1], [0, 0]]",
            "a 3×3 matrix is expected",
        ),
        (
            "value = [1.0, 2.0]",
            "a diagonal of 2 numbers\n  help: a 3×3 matrix is expected",
        ),
        ("query = { random = \"ginibr\" }", "did you mean `ginibre`?"),
        (
            "value = [[1, 0, 0], [0, nan, 0], [0, 0, 1]]",
            "NaN is out of range",
        ),
        ("query = { path = \"none.npy\" }", "cannot read"),
        ("query_key = 1.0\nquery = 2.0", "leave one of them out"),
        ("heads = 4", "equal heads are one head"),
        ("period = 1.0", "nothing to draw again"),
        (
            "mask = \"causal\"\nnormalisation = \"sinkhorn\"",
            "no doubly stochastic matrix",
        ),
        (
            "space = \"flat\"\nlayer_norm = \"pre\"",
            "schemes of layer normalisation are for the sphere",
        ),
        (
            "space = \"rescaled\"\nnormalisation = \"none\"",
            "weights that sum to one",
        ),
        ("until = 2.0", "goes from Post to Pre"),
        ("tie = 0.01", "hardmax"),
        ("value = 0.0", "moves nothing"),
        (
            "perceptron = { activation = \"relu\", width = 5, inner = 1.0, outer = 1.0 }",
            "a 5×3 matrix is expected",
        ),
        (
            "perceptron = { activation = \"elu\" }",
            "did you mean `relu`?",
        ),
        ("interaction = [1.0]", "β"),
    ] {
        let text = format!(
            "[tokens]\ndimension = 3\n[attention]\nbeta = 1.0\n{attention}\n[time]\nend = 1.0\n"
        );
        let error = decode::read_text("e.toml", std::path::Path::new(""), &text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{attention}:\n{error}");
        assert!(error.starts_with("e.toml:"), "{error}");
    }
    for (text, expected) in [
        (
            "[tokens]\nmerge = 1e-6\n[attention]\nbeta = 1\nvalue = -1\n",
            "tokens.merge",
        ),
        (
            "[tokens]\nfrequencies = [1.0, 2.0]\n[attention]\nbeta = 1\n",
            "2 frequencies for 64 tokens",
        ),
        (
            "[tokens]\ninitial = { law = \"gaussian\" }\n[attention]\nbeta = 1\n",
            "is a law of ℝ^d",
        ),
        (
            "[attention]\nbeta = 1\nlayer_norm = \"pre\"\n[noise]\ndiffusion = 0.1\n",
            "noise.diffusion",
        ),
        (
            "[attention]\nbeta = 1\n[field]\nsolver = \"tokens\"\n",
            "field.count: this key is missing",
        ),
        ("[attention]\nbeta = 1\n[pairs]\nruns = 4\n", "(8.1)"),
        (
            "[attention]\nbeta = 1\n[sweep]\nkey = \"beta\"\nfrom = 0\nto = 1\nobservable = \"tokens_oder_1\"\n",
            "did you mean `tokens_order_1`?",
        ),
    ] {
        let text = format!("{text}[time]\nend = 1.0\n");
        let error = decode::read_text("e.toml", std::path::Path::new(""), &text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_simple_leading_eigenvalue_leaves_at_most_three_hyperplanes() {
    let spec = experiment(
        "[tokens]\ncount = 40\ndimension = 3\nseed = 5\ninitial = { law = \"box\" }\n\
         [attention]\nbeta = 1.0\nspace = \"rescaled\"\nvalue = [[1.0, 0.4, 0.0], [0.0, -0.2, 0.1], [0.0, 0.3, -0.1]]\n\
         [time]\nend = 12.0\nframes = 3\ntolerance = 1e-8\n",
    );
    let system = spec.system.system(3, 5, 0);
    let normal = system.leading_direction(3).unwrap();
    let mut image = vec![0.0; 3];
    apply(
        &transposed(&system.heads[0].value, 3, 3),
        &normal,
        &mut image,
    );
    for (a, b) in image.iter().zip(&normal) {
        assert!((a - b).abs() < 1e-12, "Vᵀφ = φ");
    }
    let mut session = Session::without_pictures(spec);
    while !session.finished() {
        session.advance(&|| false).unwrap();
    }
    let planes = series(&session, "tokens_hyperplanes");
    assert!(planes[0].1 > 3.0 && planes[2].1 <= 3.0, "{planes:?}");
}

#[test]
fn disturbed_optimal_configurations_return_under_repulsion_with_their_design() {
    for (dimension, count, end) in [(3, 12, 60.0), (4, 120, 1500.0), (8, 240, 450.0)] {
        let optimum = Optimum::known(dimension, count).unwrap();
        let mut positions = optimum.points(dimension, count);
        let noise = Law::Uniform.sample(count, dimension, 3);
        (positions.iter_mut().zip(&noise.positions)).for_each(|(x, u)| *x += 0.02 * u);
        retract(&mut positions, dimension);
        let text = format!(
            "[tokens]\ndimension = {dimension}\n[attention]\nbeta = 4.0\nnormalisation = \"none\"\nvalue = -1.0\n\
             [time]\nend = {end}\nframes = 3\ntolerance = 1e-9\n"
        );
        let spec = with_tokens(experiment(&text), Particles::new(dimension, positions));
        let mut session = Session::without_pictures(spec);
        while !session.finished() {
            session.advance(&|| false).unwrap();
        }
        let gap = series(&session, "optimum_gap");
        assert!(gap[0].1 > 1e-4, "{gap:?}");
        if optimum == Optimum::Cell600 {
            // its softest modes are quartic: the gap falls like t^{−2} only (measured: 4.2 times from 750 to 1500)
            assert!(gap[2].1 < 1e-6 && gap[2].1 < 0.3 * gap[1].1, "{gap:?}");
            continue;
        }
        assert!(gap[2].1.abs() < 1e-8, "{}: {gap:?}", optimum.name());
        let strength = series(&session, "tokens_design")[2].1;
        let exact = optimum.design_strength(count);
        assert_eq!(strength as usize, exact, "{}", optimum.name());
    }
}

#[test]
fn cross_ratios_of_tokens_are_conserved_at_beta_zero_with_any_coupling() {
    let session_of = |value: f64| {
        run(&format!(
            "[tokens]\ncount = 6\nseed = 2\n[attention]\nbeta = 0.0\nvalue = {value}\n[time]\nend = 0.8\nframes = 3\ntolerance = 1e-13\n"
        ))
    };
    let ratio = |tokens: &Particles| {
        let half = |i: usize, j: usize| {
            let (a, b) = (tokens.angles()[i], tokens.angles()[j]);
            (0.5 * (a - b)).sin()
        };
        half(0, 1) * half(2, 3) / (half(0, 3) * half(2, 1))
    };
    for value in [1.0, 2.5, -1.0] {
        let session = session_of(value);
        let start = ratio(&session.experiment().tokens.particles());
        assert!(
            (ratio(session.tokens().tokens()) / start - 1.0).abs() < 1e-10,
            "V = {value}"
        );
    }
}

fn write_npy(path: &std::path::Path, shape: &[u64], values: &[f64]) {
    use npyz::WriterBuilder;
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .writer(std::fs::File::create(path).unwrap())
        .begin_nd()
        .unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
}

#[test]
fn matrices_and_frequencies_from_files_travel_with_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let value = [0.3, -1.0, 0.2, 0.8, 0.1, 0.0, -0.4, 0.5, 0.6];
    write_npy(&dir.path().join("v.npy"), &[3, 3], &value);
    write_npy(&dir.path().join("omega.npy"), &[4], &[0.1, -0.2, 0.3, 0.4]);
    write_npy(&dir.path().join("wide.npy"), &[2, 3], &value[..6]);
    let read = |text: &str| decode::read_text("e.toml", dir.path(), text);
    let heads = "[tokens]\ncount = 5\ndimension = 3\n[attention]\nbeta = 1.0\nvalue = { path = \"v.npy\" }\n[time]\nend = 1.0\nframes = 3\n";
    let spec = read(heads).unwrap();
    assert_eq!(spec.system.system(3, 0, 0).heads[0].value, value);
    let turning = "[tokens]\ncount = 4\nfrequencies = { path = \"omega.npy\" }\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\nframes = 3\n";
    for (name, text) in [("heads", heads), ("turning", turning)] {
        let (one, two) = (dir.path().join(name), dir.path().join(format!("{name}2")));
        batch::export(&read(text).unwrap(), &one, false, &mut |_| true).unwrap();
        let again = presets::resolve(one.join("experiment.toml").to_str().unwrap(), &[]).unwrap();
        batch::export(&again, &two, false, &mut |_| true).unwrap();
        let bytes = |folder: &std::path::Path| std::fs::read(folder.join("tokens.npy")).unwrap();
        assert_eq!(bytes(&one), bytes(&two), "{name}");
    }
    let error = read(&heads.replace("v.npy", "wide.npy"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("wide.npy holds a 2×3 matrix") && error.contains("a 3×3 matrix is expected"),
        "{error}"
    );
}
