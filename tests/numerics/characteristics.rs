//! The method of characteristics against the spectral solver while that one is resolved, across the hand-over, and long
//! after, where closed forms and conservation are what is left to hold it against.

use crate::common::experiment;
use metastable::dynamics::{Attention, Kernel, Normalisation};
use metastable::integrate::{Explicit, tableau::DORMAND_PRINCE_853};
use metastable::measure::{Density, Law, Markers};
use metastable::run::Session;
use metastable::run::characteristics::MarkerRun;
use metastable::snapshot::view::Loss;
use metastable::sphere::Domain;

/// Spectral coefficients at time `end`, by a fine explicit integration of the mean field.
fn spectral(start: &Density, attention: Attention, end: f64) -> Density {
    let mut density = start.clone();
    let mut mean_field =
        metastable::dynamics::MeanField::new(start.domain, attention, start.modes());
    let mut stepper = Explicit::new(&DORMAND_PRINCE_853, density.state.len(), 1e-13, 1e-3);
    let mut time = 0.0;
    while time < end {
        let limit = (end - time).min(3.0 / (start.modes() as f64 * 1.5));
        time += stepper
            .step(
                &mut density.state,
                limit,
                |c, out| mean_field.tendency(c, out),
                |_| (),
            )
            .unwrap();
    }
    density
}

fn tilted(domain: Domain) -> Density {
    let law = match domain {
        Domain::Circle => Law::Harmonics {
            cosine: vec![0.3, 0.1],
            sine: vec![0.05, 0.2],
        },
        Domain::Sphere => Law::Mixture {
            means: vec![vec![0.0, 0.6, 0.8], vec![1.0, 0.0, 0.0]],
            concentrations: vec![1.5, 2.0],
            masses: vec![0.6, 0.4],
        },
        Domain::Zonal(d) => {
            let mut axis = vec![0.0; d];
            axis[0] = 1.0;
            Law::Zonal {
                coefficients: vec![0.3, 0.1, 0.2],
                axis,
            }
        }
    };
    let modes = if domain == Domain::Sphere { 40 } else { 128 };
    Density::from_law(&law, domain, 0, 0.0, modes).unwrap()
}

#[test]
fn moments_agree_with_the_spectral_solver_while_it_is_resolved() {
    for normalisation in [Normalisation::Softmax, Normalisation::None] {
        for (domain, beta, end) in [
            (Domain::Circle, 4.0, 1.5),
            (Domain::Circle, 0.0, 1.5),
            (Domain::Zonal(3), 3.0, 1.5),
            (Domain::Zonal(8), 3.0, 1.5),
            (Domain::Sphere, 2.0, 0.7),
        ] {
            let attention = Attention::new(beta, normalisation);
            let end = end / attention.speed();
            let start = tilted(domain);
            let exact = spectral(&start, attention, end);
            assert!(exact.tail() < 1e-9, "{domain:?} {:e}", exact.tail());
            let mut run = MarkerRun::new(
                Markers::from_density(&start),
                attention,
                (1e-11, 1e-3 / attention.speed()),
                (0.0, end),
            );
            assert!(run.advance(end, &|| false).unwrap());
            let degree = 12;
            let found = run.markers.moments(degree);
            let difference = found.minus(&exact.moments().resized(degree));
            let worst = difference
                .values()
                .iter()
                .fold(0.0_f64, |top, v| top.max(v.abs()));
            assert!(
                worst < 1e-8,
                "{domain:?} {normalisation:?} β {beta}: {worst:e}"
            );
            let kernel = Kernel::new(domain.dimension(), beta);
            let energy = |m| kernel.interaction_energy(&m);
            let (a, b) = (energy(run.markers.moments(60)), energy(exact.moments()));
            assert!((a / b - 1.0).abs() < 1e-8, "energy {a} {b}");
            if domain == Domain::Sphere {
                let rows = run.markers.bodies.particles.rows();
                for (x, log) in rows.zip(&run.markers.log_density).step_by(97) {
                    let y = metastable::sphere::harmonics::at_point(x, exact.modes());
                    let expected: f64 = y.iter().zip(&exact.state).map(|(y, c)| y * c).sum();
                    let rho = log.exp();
                    assert!(
                        (rho - expected).abs() < 1e-7 * expected.max(1.0),
                        "{rho} {expected}"
                    );
                }
            }
            if domain != Domain::Sphere {
                // pointwise, by the determinant of the flow map
                let angles: Vec<f64> = (1..40).map(|j| f64::from(j) * 0.078).collect();
                let found = run.markers.densities(&angles);
                for (angle, rho) in angles.iter().zip(found) {
                    let expected = match domain {
                        Domain::Circle => {
                            let mut sum = 1.0;
                            for k in 1..=exact.modes() {
                                let turn =
                                    metastable::sphere::Complex::from_polar(1.0, k as f64 * angle);
                                sum += 2.0 * (exact.coefficient(k) * turn).re;
                            }
                            sum
                        }
                        _ => exact.zonal_values(&[angle.cos()])[0],
                    };
                    assert!(
                        (rho - expected).abs() < 1e-7 * expected.max(1.0),
                        "{domain:?} {angle}: {rho} {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_collapse_is_followed_far_past_every_grid_and_ends_in_the_point() {
    let start = tilted(Domain::Circle);
    let attention = Attention::new(1.0, Normalisation::Softmax);
    let mut run = MarkerRun::new(
        Markers::from_density(&start),
        attention,
        (1e-9, 1e-3),
        (0.0, 200.0),
    );
    assert!(run.advance(200.0, &|| false).unwrap());
    let moments = run.markers.moments(8);
    for k in 1..=8 {
        assert!(
            (moments.order_parameter(k) - 1.0).abs() < 1e-9,
            "{k}: {:e}",
            moments.order_parameter(k) - 1.0
        );
    }
}

#[test]
fn observables_are_continuous_across_the_hand_over() {
    for text in [
        "[tokens]\ninitial = { law = \"harmonics\", cosine = [0.3, 0.1], sine = [0.05, 0.2] }\n[attention]\nbeta = 4\n[field]\nmodes = 64\nmax_modes = 128\n[time]\nend = 8\nframes = 161\n",
        "[tokens]\ndimension = 3\ninitial = { law = \"von-mises-fisher\", concentration = 1.0, mean = [0.0, 0.6, 0.8] }\n[attention]\nbeta = 1\n[field]\nmodes = 16\nmax_modes = 32\n[time]\nend = 6\nframes = 61\n",
        "[tokens]\ndimension = 8\ninitial = { law = \"von-mises-fisher\", concentration = 1.0 }\n[attention]\nbeta = 1\n[field]\nmodes = 32\nmax_modes = 64\n[time]\nend = 6\nframes = 61\n",
    ] {
        let parsed = experiment(text);
        let mut long = parsed.clone();
        long.field.max_modes *= 2;
        let mut sessions = [parsed, long].map(Session::without_pictures);
        while !sessions[0].finished() {
            for session in &mut sessions {
                assert!(session.advance(&|| false).unwrap());
            }
            let [early, late] = &sessions;
            let (e, l) = (early.field().unwrap(), late.field().unwrap());
            // On S² masses are sums over the cells of a grid, and W₁ is that of the markers as points.
            let (mass, distance) = if e.density.domain == Domain::Sphere {
                (1e-3, 1e-4)
            } else {
                (1e-6, 1e-6)
            };
            if e.markers().is_some() && l.markers().is_none() {
                for (name, tolerance) in [
                    ("field_energy", 1e-8),
                    ("field_order_1", 1e-8),
                    ("field_order_2", 1e-8),
                    ("field_dissipation", 1e-7),
                    ("field_mass_1", mass),
                    ("wasserstein", distance),
                    ("discrepancy", 1e-7),
                ] {
                    let value = |s: &Session| s.history().series_named(name).last().unwrap().1;
                    let (a, b) = (value(early), value(late));
                    assert!(
                        (a - b).abs() < tolerance * b.abs().max(1.0),
                        "{name} at {}: {a} {b} {:e}",
                        early.time(),
                        a - b
                    );
                }
            }
        }
        let [early, late] = &sessions;
        assert!(
            late.field().unwrap().markers().unwrap().0
                > early.field().unwrap().markers().unwrap().0
        );
        let energy = early.history().series_named("field_energy");
        assert_eq!(energy.len(), early.history().records().len());
        assert!(
            energy
                .windows(2)
                .all(|two| two[1].1 >= two[0].1 * (1.0 - 1e-9))
        );
    }
}

/// A session followed to its end.
fn followed(text: &str) -> Session {
    let mut session = Session::without_pictures(experiment(text));
    while !session.finished() {
        assert!(session.advance(&|| false).unwrap());
    }
    session
}

fn last(session: &Session, name: &str) -> f64 {
    session.history().series_named(name).last().unwrap().1
}

#[test]
fn two_clusters_by_symmetry_have_half_the_mass_and_the_energy_of_two_points_long_after() {
    let beta = 6.0_f64;
    for (head, solver) in [
        (
            "[tokens]\ninitial = { law = \"harmonics\", cosine = [0.0, 0.5] }",
            "",
        ),
        (
            "[tokens]\ndimension = 3\ninitial = { law = \"zonal\", coefficients = [0.0, 0.6] }",
            "",
        ),
        (
            "[tokens]\ndimension = 3\ninitial = { law = \"zonal\", coefficients = [0.0, 0.6] }",
            "solver = \"zonal\"",
        ),
        (
            "[tokens]\ndimension = 6\ninitial = { law = \"zonal\", coefficients = [0.0, 0.6] }",
            "",
        ),
    ] {
        let session = followed(&format!(
            "{head}\n[attention]\nbeta = {beta}\n[field]\n{solver}\nmodes = 32\nmax_modes = 32\n[time]\nend = 60\nframes = 13\n"
        ));
        assert!(session.field().unwrap().markers().unwrap().0 < 10.0);
        let exact = beta.cosh() / (2.0 * beta);
        let energy = last(&session, "field_energy");
        assert!(
            (energy / exact - 1.0).abs() < 1e-9,
            "{head}{solver}: {energy} {exact}"
        );
        assert!(last(&session, "field_order_1") < 1e-9);
        assert!((last(&session, "field_order_2") - 1.0).abs() < 1e-9);
        // on S² a cluster's mass is a sum over the cells of a grid, with all of it in them by now
        for mass in ["field_mass_1", "field_mass_2"] {
            assert!(
                (last(&session, mass) - 0.5).abs() < 1e-9,
                "{head}{solver}: {}",
                last(&session, mass)
            );
        }
        assert!(last(&session, "field_mass_error") < 1e-12);
    }
}

#[test]
fn masses_and_energy_after_the_collapse_do_not_depend_on_when_it_was_handed_over() {
    let run = |modes: usize, tolerance: &str| {
        followed(&format!(
            "[tokens]\ninitial = {{ law = \"harmonics\", cosine = [0.2, 0.3, 0.2], sine = [0.1, 0.0, -0.15] }}\n[attention]\nbeta = 9\n\
         [field]\nmodes = {modes}\nmax_modes = {modes}\n[time]\nend = 100\nframes = 11\ntolerance = {tolerance}\n"
        ))
    };
    let (early, late) = (run(64, "1e-10"), run(512, "1e-11"));
    assert!(
        early.field().unwrap().markers().unwrap().0 < late.field().unwrap().markers().unwrap().0
    );
    assert!(last(&early, "field_clusters") >= 2.0);
    for name in [
        "field_mass_1",
        "field_mass_2",
        "field_energy",
        "field_order_1",
        "field_order_2",
    ] {
        let (a, b) = (last(&early, name), last(&late, name));
        assert!((a - b).abs() < 1e-8 * b.abs().max(1.0), "{name}: {a} {b}");
    }
}

#[test]
fn clusters_of_the_density_merge_when_the_scalar_equation_says() {
    // two bumps of unequal mass: after the collapse they are two points, whose angle obeys the equation of a pair
    let text = |end: f64| {
        format!(
            "[tokens]\nmerge = 1e-9\ninitial = {{ law = \"mixture\", means = [0.5, 2.3], concentrations = [20.0, 20.0], masses = [0.35, 0.65] }}\n\
         [attention]\nbeta = 16\n[time]\nend = {end:e}\nframes = 40\nspacing = \"log\"\nfirst = 0.1\ntolerance = 1e-11\n"
        )
    };
    let session = followed(&text(100.0));
    let run = session.field().unwrap().markers().unwrap().1;
    let particles = &run.markers.bodies.particles;
    // the two heavy ones; what is still on its way weighs nothing
    let mut order: Vec<usize> = (0..particles.count()).collect();
    order.sort_by(|a, b| particles.weights[*b].total_cmp(&particles.weights[*a]));
    let (one, two) = (order[0], order[1]);
    let masses = [particles.weights[one], particles.weights[two]];
    assert!((masses[0] + masses[1] - 1.0).abs() < 1e-9, "{masses:?}");
    let attention = Attention::new(16.0, Normalisation::Softmax);
    let life = metastable::theory::pair::lifetime(
        attention,
        masses,
        run.markers.bodies.gap(one, two),
        1e-8,
    );
    assert!(life > 1e6);
    let mut field = session;
    // on to the merge by a session of its own, which has it between two frames
    field = {
        drop(field);
        followed(&text(100.0 + 1.01 * life))
    };
    let clusters = field.history().series_named("field_order_1");
    let met = clusters
        .iter()
        .find(|(_, r)| (r - 1.0).abs() < 1e-6)
        .unwrap()
        .0;
    assert!(
        met > 0.5 * (100.0 + life) && met <= 100.0 + 1.01 * life,
        "{met:e} {life:e}"
    );
    let before = followed(&text(100.0 + 0.99 * life));
    assert!(last(&before, "field_order_1") < 0.999);
}

#[test]
fn on_the_sphere_the_mass_per_cluster_is_that_of_the_zonal_solver_to_what_its_loss_says() {
    let text = |solver: &str, modes: usize| {
        format!(
            "[tokens]\ndimension = 3\ninitial = {{ law = \"zonal\", coefficients = [0.2, 0.5], axis = [0.3, -0.5, 0.8] }}\n[attention]\nbeta = 6\n\
         [field]\nsolver = \"{solver}\"\nmodes = {modes}\nmax_modes = {modes}\n[time]\nend = 40\nframes = 9\n"
        )
    };
    let zonal = followed(&text("zonal", 64));
    for modes in [24, 48] {
        let sphere = followed(&text("spectral", modes));
        let loss = last(&sphere, "field_tail");
        for name in ["field_mass_1", "field_order_1"] {
            let (a, b) = (last(&sphere, name), last(&zonal, name));
            assert!(
                (a - b).abs() < 2.0 * loss && (a - b).abs() < 0.4 / modes as f64,
                "{modes} {name}: {a} {b} loss {loss:e}"
            );
        }
    }
}

#[test]
fn noise_after_the_hand_over_ends_the_density_and_says_so() {
    let session = followed(
        "[tokens]\ninitial = { law = \"harmonics\", cosine = [0.5] }\n[attention]\nbeta = 2\n[field]\nsolver = \"characteristics\"\n\
         [time]\nend = 4\nframes = 9\n[[change]]\nat = 2\ndiffusion = 0.01\n",
    );
    let field = session.field().unwrap();
    assert_eq!(
        (field.markers().map(|m| m.0), field.lost()),
        (None, Some((2.0, Loss::Noise)))
    );
    assert_eq!(session.history().series_named("field_energy").len(), 5);
}

#[test]
fn along_an_axis_a_collapsed_density_lets_the_step_grow() {
    let session = followed(
        "[tokens]\ncount = 2\ndimension = 8\nmerge = 1e-9\ninitial = { law = \"von-mises-fisher\", concentration = 1.0 }\n[attention]\nbeta = 2\n\
         [field]\nmodes = 64\nmax_modes = 64\n[time]\nend = 1e12\nframes = 40\nspacing = \"log\"\n",
    );
    assert!((last(&session, "field_order_1") - 1.0).abs() < 1e-12);
    assert_eq!(last(&session, "field_markers"), 1.0);
    assert!(
        last(&session, "field_steps") < 2000.0,
        "{}",
        last(&session, "field_steps")
    );
}

#[test]
fn parameters_change_after_the_hand_over_as_before_it() {
    let run = |modes: usize| {
        followed(&format!(
            "[tokens]\ninitial = {{ law = \"harmonics\", cosine = [0.3, 0.2] }}\n[attention]\nbeta = 4\n[field]\nmodes = 32\nmax_modes = {modes}\n\
         [time]\nend = 6\nframes = 61\n[[change]]\nat = 2.5\nbeta = 2\nnormalisation = \"none\"\n[[change]]\nat = 3.0\nbeta = 1.0\nnormalisation = \"softmax\"\n"
        ))
    };
    let (before, after) = (run(32), run(1024));
    assert!(before.field().unwrap().markers().unwrap().0 < 2.5);
    assert!(after.field().unwrap().markers().unwrap().0 > 2.5);
    for name in ["field_energy", "field_order_1", "field_order_2"] {
        let (a, b) = (
            before.history().series_named(name),
            after.history().series_named(name),
        );
        for ((t, a), (_, b)) in a.iter().zip(b) {
            assert!(
                (a - b).abs() < 1e-8 * b.abs().max(1.0),
                "{name} at {t}: {a} {b}"
            );
        }
    }
}

#[test]
fn markers_meet_at_any_tolerance_and_the_run_ends() {
    // at the edge of stability, steps would keep neighbours apart at the tolerance for ever
    let mut experiment = metastable::experiment::presets::load("three-unequal").unwrap();
    experiment.time.tolerance = 1e-7;
    let mut session = Session::without_pictures(experiment);
    while !session.finished() {
        assert!(session.advance(&|| false).unwrap());
        assert!(session.field().unwrap().work().steps < 5000);
    }
    assert_eq!(last(&session, "field_clusters"), 1.0);
}

/// Von Mises–Fisher laws so sharp that no modes of S² hold them, and a sum of two at the ends of an axis: the same numbers as those of the
/// solver along the axis, from the start.
#[test]
fn a_law_of_any_sharpness_on_the_sphere_has_the_density_that_it_has_along_its_axis() {
    let run = |law: &str, solver: &str| {
        let text = format!(
            "[tokens]\ncount = 40\ndimension = 3\ninitial = {{ law = {law} }}\n[field]\nsolver = \"{solver}\"\n[attention]\nbeta = 3.0\n[time]\nend = 1.0\nframes = 6\n"
        );
        let here = std::path::Path::new(".");
        let experiment = metastable::experiment::read::read_text("sharp", here, &text).unwrap();
        let mut session = Session::new(experiment);
        while !session.finished() {
            session.advance(&|| false).unwrap();
        }
        [
            "field_energy",
            "field_order_1",
            "field_dissipation",
            "field_resolved",
        ]
        .map(|name| session.history().series_named(name))
    };
    for law in [
        "\"von-mises-fisher\", concentration = 3000.0, mean = [0.36, -0.48, 0.8]",
        "\"von-mises-fisher\", concentration = 1e5, mean = [0.36, -0.48, 0.8]",
        "\"mixture\", concentrations = [2000.0, 4000.0], means = [[0.36, -0.48, 0.8], [-0.36, 0.48, -0.8]], masses = [0.7, 0.3]",
    ] {
        let (sphere, axis) = (run(law, "spectral"), run(law, "zonal"));
        assert_eq!(sphere[3].len(), 6);
        assert!(
            sphere[3]
                .iter()
                .chain(&axis[3])
                .all(|(_, resolved)| *resolved == 1.0)
        );
        for (sphere, axis) in sphere[..2].iter().zip(&axis[..2]) {
            assert_eq!((sphere.len(), axis.len()), (6, 6));
            for ((t, a), (_, b)) in sphere.iter().zip(axis) {
                assert!((a / b - 1.0).abs() < 1e-10, "{law} t {t}: {a} and {b}");
            }
        }
        // of a nearly gathered density it is a small number, known to the step's tolerance
        let largest = axis[2].iter().map(|(_, v)| v.abs()).fold(0.0, f64::max);
        for ((t, a), (_, b)) in sphere[2].iter().zip(&axis[2]) {
            assert!((a - b).abs() < 1e-7 * largest, "{law} t {t}: {a} and {b}");
        }
    }
}

/// Half of the sphere has no mass to speak of, and half of the markers: they bound nobody's steps (before: 12 and four rejected), and the numbers
/// are those of a run a hundred times as careful.
#[test]
fn markers_over_an_empty_half_of_the_sphere_bound_no_steps() {
    let run = |beta: f64, tolerance: f64| {
        followed(&format!(
            "[tokens]\ncount = 8\ndimension = 3\ninitial = {{ law = \"hemisphere\" }}\n[attention]\nbeta = {beta}\n[time]\nend = 0.1\nframes = 2\ntolerance = {tolerance:e}\n"
        ))
    };
    for beta in [1.0, 20.0] {
        let session = run(beta, 5e-9);
        assert!(last(&session, "field_steps") <= 6.0);
        let careful = run(beta, 5e-11);
        for name in ["field_energy", "field_order_1", "field_order_2"] {
            let (a, b) = (last(&session, name), last(&careful, name));
            assert!((a / b - 1.0).abs() < 5e-9, "β {beta}, {name}: {a} and {b}");
        }
    }
}
