//! What stands beside the tokens stays true whatever is changed: it goes on, or it is over with its reason.

use metastable::dynamics::Normalisation;
use metastable::experiment::{Change, Companion, combinations, presets};
use metastable::run::Session;
use metastable::snapshot::Snapshot;
use metastable::snapshot::view::FieldView;

const NOTHING: Change = Change {
    at: 0.0,
    beta: None,
    normalisation: None,
    diffusion: None,
};

/// The live changes of the dashboard, up and down.
fn changes(beta: f64, diffusion: f64) -> Vec<(&'static str, Change)> {
    let to = |beta: f64| Change {
        beta: Some(beta),
        ..NOTHING
    };
    let noise = |diffusion: f64| Change {
        diffusion: Some(diffusion),
        ..NOTHING
    };
    let weights = |normalisation| Change {
        normalisation: Some(normalisation),
        ..NOTHING
    };
    vec![
        ("β up", to(1.2 * beta + 0.1)),
        ("β down", to(0.5 * beta)),
        ("β below zero", to(-9.0)),
        ("noise on", noise(0.01 + diffusion)),
        ("noise off", noise(0.0)),
        ("USA", weights(Normalisation::None)),
        ("SA", weights(Normalisation::Softmax)),
    ]
}

/// What is said of the companion must be what stands there.
fn check(snapshot: &Snapshot, asked: &Companion, what: &str) {
    let value = |name: &str| snapshot.value(name);
    match (asked, &snapshot.field) {
        (Companion::Density(_), FieldView::Resolved(density)) => {
            assert_eq!(value("field_resolved"), 1.0, "{what}");
            assert!(value("field_energy").is_finite(), "{what}");
            assert!(
                density.picture.values().iter().all(|v| v.is_finite()),
                "{what}"
            );
        }
        (Companion::Density(_), FieldView::UnderResolved { since, why, .. }) => {
            assert_eq!(value("field_resolved"), 0.0, "{what}");
            assert!(value("field_energy").is_nan(), "{what}");
            assert!(
                *since <= snapshot.time && !why.to_string().is_empty(),
                "{what}"
            );
        }
        // lost before there was a picture
        (Companion::Density(_), FieldView::None(reason)) => {
            assert!(
                reason.contains("no density: lost at t = 0, "),
                "{what}: {reason}"
            );
        }
        (Companion::Reference(count), FieldView::Reference(view)) => {
            assert_eq!(view.count, *count, "{what}");
        }
        (
            Companion::Gaussian(_),
            FieldView::Gaussian {
                side,
                blow_up,
                ended,
                ..
            },
        ) => {
            let over = blow_up.is_some() || ended.is_some();
            assert_eq!(
                side.is_some(),
                !over,
                "{what}: it vanished without a reason"
            );
            assert_eq!(value("gaussian_distance").is_finite(), !over, "{what}");
        }
        (Companion::None(absence), FieldView::None(reason)) => {
            assert_eq!(*reason, absence.to_string(), "{what}");
        }
        (asked, _) => panic!("{what}: {asked:?} was asked for, and something else is shown"),
    }
    if let Some(spec) = &snapshot.experiment.pairs {
        let pairs = snapshot
            .pairs
            .as_ref()
            .unwrap_or_else(|| panic!("{what}: the ensemble vanished"));
        assert_eq!(pairs.runs, spec.runs, "{what}");
        assert_eq!(
            value("ensemble_pair").is_nan(),
            pairs.ended.is_some(),
            "{what}"
        );
    }
}

#[test]
fn every_preset_keeps_its_companion_or_says_why_not_under_every_live_change() {
    let mut tried = 0;
    for preset in presets::list() {
        let mut experiment = presets::load(&preset.name).unwrap();
        experiment.sweep = None;
        experiment.changes.clear();
        if experiment.tokens.count > 100 {
            let smaller = presets::resolve(&preset.name, &["tokens.count=20".to_owned()]);
            let Ok(smaller) = smaller else { continue };
            experiment = smaller;
            experiment.sweep = None;
        }
        if let Some(pairs) = &mut experiment.pairs {
            pairs.runs = 4;
        }
        if let Some(count) = &mut experiment.field.count {
            *count = 32;
        }
        if experiment.tokens.replay.is_none() && experiment.time.step.is_none() {
            experiment.time.frames = 41;
            experiment.time.end = 0.4 / experiment.attention.speed().max(1.0);
            experiment.time.spacing = metastable::experiment::Spacing::Linear;
            experiment.time.first = None;
            experiment.time.tolerance = experiment.time.tolerance.max(1e-7);
        }
        let asked = experiment.companion();
        let mut started = Session::new(experiment.clone());
        check(&started.snapshot(), &asked, &preset.name);
        started.advance(&|| false).unwrap();
        check(&started.snapshot(), &asked, &preset.name);
        let (beta, diffusion) = (experiment.attention.beta, experiment.noise.diffusion);
        for (name, change) in changes(beta, diffusion) {
            // the dashboard asks the same rules
            if combinations::first_broken(&combinations::changed(&experiment, &change)).is_some() {
                continue;
            }
            let what = format!("{}: {name}", preset.name);
            let mut session = started.clone();
            session.change(change);
            for _ in 0..2 {
                // what stiffens is a long run, and says nothing new
                let start = std::time::Instant::now();
                let slow = || start.elapsed().as_millis() > 300;
                if !session.advance(&slow).unwrap_or(false) {
                    break;
                }
                check(&session.snapshot(), &asked, &what);
            }
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}

#[test]
fn a_gaussian_stays_gaussian_at_another_temperature() {
    let mut experiment =
        presets::resolve("gaussian-origin", &["tokens.count=50".to_owned()]).unwrap();
    experiment.time.end = 0.2;
    experiment.time.frames = 3;
    let beta = 0.5 * experiment.attention.beta;
    let mut one = Session::without_pictures(experiment.clone());
    one.advance(&|| false).unwrap();
    let covariance = one.gaussian_side().unwrap().covariance.clone();
    let mean = one.gaussian_side().unwrap().mean.clone();
    one.change(Change {
        beta: Some(beta),
        ..NOTHING
    });
    one.advance(&|| false).unwrap();
    // a run that starts where the change was
    let d = experiment.tokens.dimension;
    experiment.attention.beta = beta;
    experiment.time.end = 0.1;
    experiment.time.frames = 2;
    experiment.tokens.initial = metastable::measure::Law::Gaussian {
        mean,
        covariance: covariance.chunks(d).map(<[f64]>::to_vec).collect(),
    };
    let mut two = Session::without_pictures(experiment);
    two.advance(&|| false).unwrap();
    let (a, b) = (one.gaussian_side().unwrap(), two.gaussian_side().unwrap());
    for (x, y) in a.covariance.iter().zip(&b.covariance) {
        assert!((x - y).abs() < 1e-8, "{x} {y}");
    }
}

#[test]
fn a_density_that_no_modes_hold_is_not_called_resolved_at_any_frame_with_any_carrier() {
    let law = "initial = { law = \"von-mises-fisher\", concentration = 1e6 }";
    for (what, tokens, field) in [
        (
            "frequencies",
            "frequencies = { law = \"gaussian\", width = 1.0 }",
            "",
        ),
        (
            "coefficients",
            "",
            "[field]\nhand_over = false\nmax_modes = 64\n",
        ),
        (
            "noise",
            "",
            "[noise]\ndiffusion = 1e-9\n[field]\nmax_modes = 64\n",
        ),
    ] {
        let text = format!(
            "[tokens]\ncount = 16\n{law}\n{tokens}\n[attention]\nbeta = 0.0\nnormalisation = \"none\"\n{field}\
             [time]\nend = 0.2\nframes = 3\n"
        );
        let experiment =
            metastable::experiment::read::read_text("e.toml", std::path::Path::new(""), &text)
                .unwrap();
        let mut session = Session::new(experiment);
        for frame in 0..3 {
            let resolved = session.snapshot().value("field_resolved");
            assert_eq!(resolved, 0.0, "{what}, frame {frame}");
            assert!(
                session.snapshot().value("field_min").is_nan(),
                "{what}, frame {frame}"
            );
            if frame < 2 {
                session.advance(&|| false).unwrap();
            }
        }
    }
}

#[test]
fn a_law_that_the_modes_do_not_hold_starts_with_markers_by_itself() {
    for (law, dimension) in [
        ("{ law = \"hemisphere\" }", 3),
        ("{ law = \"poisson\", weight = 0.98 }", 2),
        ("{ law = \"von-mises-fisher\", concentration = 3000.0 }", 8),
    ] {
        let session = crate::common::run(&format!(
            "[tokens]\ncount = 8\ndimension = {dimension}\ninitial = {law}\n[attention]\nbeta = 1.0\n\
             [time]\nend = 0.02\nframes = 2\ntolerance = 1e-7\n"
        ));
        let (since, markers) = session.field().unwrap().markers().unwrap();
        assert_eq!(since, 0.0, "{law}");
        assert!(markers.loss() < 1e-7, "{law}: {:e}", markers.loss());
        for name in ["field_energy", "wasserstein", "discrepancy"] {
            let last = session.history().series_named(name).last().unwrap().1;
            assert!(last.is_finite(), "{law}: {name}");
        }
    }
}

/// [`metastable`]'s default limits are for densities that markers can take over; where they cannot, the law decides.
#[test]
fn a_law_takes_the_modes_that_it_needs_where_noise_or_frequencies_rule_markers_out_and_gives_them_back()
 {
    for (law, dimension, rest, most) in [
        (
            "{ law = \"von-mises-fisher\", concentration = 2000.0 }",
            3,
            "[noise]\ndiffusion = 0.5\n",
            256,
        ),
        (
            "{ law = \"poisson\", weight = 0.9997 }",
            2,
            "[noise]\ndiffusion = 0.5\n",
            65536,
        ),
        (
            "{ law = \"poisson\", weight = 0.97 }",
            2,
            "frequencies = { law = \"lorentz\", width = 0.3 }\n",
            512,
        ),
    ] {
        let (tokens, other) = if rest.starts_with("freq") {
            (rest, "")
        } else {
            ("", rest)
        };
        let text = |field: &str, end: f64| {
            format!(
                "[tokens]\ncount = 8\ndimension = {dimension}\ninitial = {law}\n{tokens}[attention]\nbeta = 1.0\n{other}\
                 [field]\n{field}\n[time]\nend = {end}\nframes = 2\ntolerance = 1e-7\n"
            )
        };
        let mut session = Session::new(crate::common::experiment(&text("", 0.05)));
        let modes = |session: &Session| session.field().unwrap().density.modes();
        let start = modes(&session);
        assert_eq!(session.field().unwrap().lost(), None, "{law}: {start}");
        let told = session
            .notes()
            .iter()
            .any(|note| note.contains("modes at t = 0"));
        assert_eq!(told, start > most, "{law}: {:?}", session.notes());
        session.advance(&|| false).unwrap();
        assert_eq!(session.field().unwrap().lost(), None, "{law}");
        if !other.is_empty() {
            assert!(
                start > most && modes(&session) < most,
                "{law}: {start} {}",
                modes(&session)
            );
        }
        // who names a limit has it
        let bound = Session::new(crate::common::experiment(&text("max_modes = 100", 0.05)));
        assert!(bound.field().unwrap().lost().is_some(), "{law}");
    }
    // what cannot be had is said, and what was tried
    for (concentration, held) in [(12e3, true), (40e3, false)] {
        let session = Session::new(crate::common::experiment(&format!(
            "[tokens]\ncount = 8\ndimension = 3\ninitial = {{ law = \"von-mises-fisher\", concentration = {concentration:?} }}\n\
             [attention]\nbeta = 1.0\n[noise]\ndiffusion = 0.5\n[time]\nend = 0.05\nframes = 2\n"
        )));
        assert_eq!(session.field().unwrap().lost().is_none(), held);
        let said = |words: &str| session.notes().iter().any(|note| note.contains(words));
        assert_eq!(
            said("the law takes 1023 modes"),
            held,
            "{:?}",
            session.notes()
        );
        assert_eq!(said("more than 1023 modes"), !held, "{:?}", session.notes());
    }
}

#[test]
fn tokens_run_alone_where_nothing_is_asked_for_beside_them() {
    let text = |solver: &str| {
        format!(
            "[tokens]\ncount = 8\n[field]\n{solver}\n[attention]\nbeta = 2.0\n[time]\nend = 1.0\nframes = 5\n"
        )
    };
    let alone = crate::common::run(&text("solver = \"none\""));
    assert!(alone.field().is_none());
    assert!(
        alone
            .notes()
            .iter()
            .any(|note| note.contains("solver = \"none\""))
    );
    let beside = crate::common::run(&text(""));
    assert_eq!(
        alone.tokens().tokens().positions,
        beside.tokens().tokens().positions
    );
}

#[test]
fn a_distance_is_a_number_or_a_note_says_why_there_is_none() {
    for text in [
        "[tokens]\ncount = 16\ndimension = 5\ninitial = { law = \"poisson\", weight = 0.3 }\n[attention]\nbeta = -0.2\n",
        "[tokens]\ncount = 16\ndimension = 5\n[field]\nsolver = \"tokens\"\ncount = 100\n[attention]\nbeta = 2.0\n",
        "[tokens]\ncount = 16\ndimension = 3\n[attention]\nbeta = 2.0\n",
        "[tokens]\ncount = 16\ndimension = 4\n[field]\nsolver = \"tokens\"\ncount = 100\n[attention]\nbeta = -2.0\n",
    ] {
        let session = crate::common::run(&format!("{text}[time]\nend = 0.5\nframes = 3\n"));
        for (name, word) in [("wasserstein", "W₁"), ("discrepancy", "discrepancy")] {
            let last = session.history().series_named(name).last().map(|p| p.1);
            let said = session.notes().iter().any(|note| note.contains(word));
            assert!(
                last.is_some_and(f64::is_finite) || said,
                "{text}: {name} {last:?}"
            );
        }
    }
}
