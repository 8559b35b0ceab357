//! The method of characteristics against the spectral solver while that one is resolved, across the hand-over, and long
//! after, where closed forms and conservation are what is left to hold it against.
#![allow(clippy::unwrap_used)] // a test may stop

mod common;

use common::experiment;
use metastable::dynamics::{Attention, Kernel, Normalisation};
use metastable::engine::Session;
use metastable::engine::marker_run::MarkerRun;
use metastable::integrate::{Explicit, tableau::DORMAND_PRINCE_853};
use metastable::measure::{Density, Law};
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
            let attention = Attention {
                beta,
                normalisation,
            };
            let end = end / attention.speed();
            let start = tilted(domain);
            let exact = spectral(&start, attention, end);
            assert!(exact.tail() < 1e-9, "{domain:?} {:e}", exact.tail());
            let mut run = MarkerRun::new(&start, attention, 1e-11, 1e-3 / attention.speed());
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
    let attention = Attention {
        beta: 1.0,
        normalisation: Normalisation::Softmax,
    };
    let mut run = MarkerRun::new(&start, attention, 1e-9, 1e-3);
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
            if e.handed_over.is_some() && l.handed_over.is_none() {
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
            late.field().unwrap().handed_over.unwrap()
                > early.field().unwrap().handed_over.unwrap()
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
