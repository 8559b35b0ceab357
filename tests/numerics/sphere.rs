//! The continuum on S² and zonal on S^{d−1}: against linear stability, exact solutions, each other and a Python oracle.

use crate::common::{field_from, numbers, reference, system_in};
use metastable::dynamics::{Attention, Kernel, Normalisation, SphereMeanField, ZonalMeanField};
use metastable::integrate::tableau::DORMAND_PRINCE_853;
use metastable::integrate::{Explicit, Exponential};
use metastable::measure::law::Term;
use metastable::measure::{Density, Law};
use metastable::run::density::FieldRun;
use metastable::sphere::harmonics::at_point;
use metastable::sphere::{Domain, domain::sphere_row};
use metastable::theory;

const NEVER: &(dyn Fn() -> bool + Sync) = &|| false;
const SYSTEMS: [&str; 2] = ["softmax", "none"];

fn last_axis(dimension: usize) -> Vec<f64> {
    let mut axis = vec![0.0; dimension];
    axis[dimension - 1] = 1.0;
    axis
}

/// Moves on to each of the times and looks.
fn follow(run: &mut FieldRun, times: &[f64], mut look: impl FnMut(usize, &FieldRun)) {
    for (index, time) in times.iter().enumerate() {
        run.advance(*time, NEVER).unwrap();
        look(index, run);
    }
}

#[test]
fn every_degree_up_to_eight_grows_at_its_rate_on_the_sphere_with_and_without_noise() {
    for normalisation in SYSTEMS {
        for (beta, diffusion) in [(1.0, 0.0), (5.0, 0.0), (5.0, 0.05)] {
            for degree in 1..=8 {
                let spec = system_in(3, "spectral", beta, normalisation, diffusion, 1e-14);
                let rate = theory::growth_rate(spec.attention, 3, diffusion, degree);
                // every order in turn, cosines and sines
                let order = (degree as i64 * 5) % (2 * degree as i64 + 1) - degree as i64;
                let law = Law::SphericalHarmonics {
                    terms: vec![Term {
                        degree,
                        order,
                        amplitude: 1e-6,
                    }],
                };
                let mut run = field_from(spec, law, 24);
                let before = run.density.amplitudes().list()[degree];
                // half an e-folding, and no longer than the other degrees need to grow out of rounding
                let time = (0.5 / rate.abs()).min(2.0);
                run.advance(time, NEVER).unwrap();
                let measured = (run.density.amplitudes().list()[degree] / before).ln() / time;
                // drift and noise may nearly cancel: the difference is held against the larger of the two
                let scale = rate.abs().max(diffusion * Domain::Sphere.laplacian(degree));
                let place = format!("{normalisation} β {beta} D {diffusion} ℓ {degree} m {order}");
                assert!(
                    (measured - rate).abs() < 1e-5 * scale,
                    "{place}: {measured} {rate}"
                );
                let now = run.growth(degree)[degree - 1];
                assert!((now - rate).abs() < 1e-5 * scale, "{place}: {now} {rate}");
            }
        }
    }
}

#[test]
fn every_degree_up_to_eight_grows_at_its_rate_along_an_axis_in_any_dimension() {
    for dimension in [2, 3, 8, 128] {
        for normalisation in SYSTEMS {
            for diffusion in [0.0, 0.01] {
                for degree in 1..=8 {
                    let spec = system_in(dimension, "zonal", 5.0, normalisation, diffusion, 1e-14);
                    let rate = theory::growth_rate(spec.attention, dimension, diffusion, degree);
                    // 1e-6 in the norm of L²(σ): the coefficient of P_ℓ is √N_ℓ times larger, but never above 1
                    let domain = Domain::Zonal(dimension);
                    let mut coefficients = vec![0.0; degree];
                    coefficients[degree - 1] = (1e-6 * domain.multiplicity(degree).sqrt()).min(0.5);
                    let law = Law::Zonal {
                        coefficients,
                        axis: last_axis(dimension),
                    };
                    let mut run = field_from(spec, law, 24);
                    let before = run.density.amplitudes().list()[degree];
                    let time = (0.5 / rate.abs()).min(2.0);
                    run.advance(time, NEVER).unwrap();
                    let measured = (run.density.amplitudes().list()[degree] / before).ln() / time;
                    // and in d = 128 the rates fall like d^{−ℓ}, below what 1e-6 can tell from rounding
                    let scale = rate
                        .abs()
                        .max(diffusion * domain.laplacian(degree))
                        .max(1e-3);
                    assert!(
                        (measured - rate).abs() < 1e-5 * scale,
                        "d {dimension} {normalisation} D {diffusion} ℓ {degree}: {measured} {rate}"
                    );
                }
            }
        }
    }
}

#[test]
fn without_interaction_range_poisson_kernels_stay_poisson_kernels() {
    let times = [0.5, 1.0, 1.5];
    for (dimension, solver) in [
        (2, "zonal"),
        (3, "zonal"),
        (4, "zonal"),
        (8, "zonal"),
        (3, "spectral"),
    ] {
        let axis = if dimension == 3 {
            vec![0.48, 0.6, -0.64]
        } else {
            last_axis(dimension)
        };
        let spec = system_in(dimension, solver, 0.0, "softmax", 0.0, 1e-12);
        let law = Law::Poisson { weight: 0.3, axis };
        let mut run = field_from(spec, law, 64);
        let exact = theory::kuramoto::order_parameter(dimension, 0.3, &times);
        follow(&mut run, &times, |index, run| {
            assert_eq!(run.lost(), None);
            let r = run.density.moments().order_parameter(1);
            assert!(
                (r - exact[index].1).abs() < 1e-8,
                "d {dimension} {solver}: {r} {:?}",
                exact[index]
            );
        });
    }
}

#[test]
fn poisson_kernels_of_the_oracle_are_followed_in_every_moment() {
    for case in reference("sphere.json")["poisson"].as_array().unwrap() {
        let dimension = case["dimension"].as_u64().unwrap() as usize;
        let weight = case["w0"].as_f64().unwrap();
        let spec = system_in(dimension, "zonal", 0.0, "softmax", 0.0, 1e-12);
        let axis = last_axis(dimension);
        let mut run = field_from(spec, Law::Poisson { weight, axis }, 64);
        let moments = rows(&case["moments"]);
        follow(&mut run, &numbers(&case["times"]), |index, run| {
            if run.lost().is_some() {
                // on the way to the point mass dμ/dσ outgrows its digits
                let order = moments[index][0];
                assert!(order > 0.7, "d {dimension} given up at R = {order}");
                return;
            }
            let found = run.density.moments().order_parameters(3);
            for (a, b) in found.iter().zip(&moments[index]) {
                assert!((a - b).abs() < 1e-8, "d {dimension}: {a} {b}");
            }
        });
    }
}

#[test]
fn a_rotated_zonal_law_on_the_sphere_is_the_zonal_solution() {
    for normalisation in SYSTEMS {
        for diffusion in [0.0, 0.05] {
            let axis = vec![0.48, -0.64, 0.6];
            let law = Law::Zonal {
                coefficients: vec![0.3, 0.4, 0.1],
                axis,
            };
            let make = |solver: &str| {
                let spec = system_in(3, solver, 3.0, normalisation, diffusion, 1e-12);
                field_from(spec, law.clone(), 48)
            };
            let (mut sphere, mut zonal) = (make("spectral"), make("zonal"));
            let speed = if normalisation == "none" { 4.0 } else { 1.0 };
            let kernel = Kernel::new(3, 3.0);
            for _ in 0..3 {
                for run in [&mut sphere, &mut zonal] {
                    run.advance(0.3 / speed, NEVER).unwrap();
                }
                let (a, b) = (sphere.density.moments(), zonal.density.moments());
                for (x, y) in a.order_parameters(8).iter().zip(b.order_parameters(8)) {
                    assert!(
                        (x - y).abs() < 1e-8,
                        "{normalisation} D {diffusion}: {x} {y}"
                    );
                }
                let (x, y) = (kernel.interaction_energy(&a), kernel.interaction_energy(&b));
                assert!(
                    (x / y - 1.0).abs() < 1e-8,
                    "{normalisation} D {diffusion}: energy {x} {y}"
                );
            }
        }
    }
}

/// A rotation: about the third axis by 0.7, then about the first by 1.1.
fn turn(x: &[f64]) -> Vec<f64> {
    let ((s, c), (sin, cos)) = (0.7_f64.sin_cos(), 1.1_f64.sin_cos());
    let (a, b) = (c * x[0] - s * x[1], s * x[0] + c * x[1]);
    vec![a, cos * b - sin * x[2], sin * b + cos * x[2]]
}

fn value(density: &Density, x: &[f64]) -> f64 {
    at_point(x, density.modes())
        .iter()
        .zip(&density.state)
        .map(|(y, c)| y * c)
        .sum()
}

#[test]
fn the_density_on_the_sphere_turns_with_its_start() {
    let means = [vec![0.0, 0.6, 0.8], vec![1.0, 0.0, 0.0]];
    let law = |means: Vec<Vec<f64>>| Law::Mixture {
        means,
        concentrations: vec![4.0, 3.0],
        masses: vec![0.6, 0.4],
    };
    for (normalisation, diffusion) in [("softmax", 0.0), ("none", 0.0), ("softmax", 0.05)] {
        let run = |means: Vec<Vec<f64>>| {
            let spec = system_in(3, "spectral", 2.0, normalisation, diffusion, 1e-13);
            let mut run = field_from(spec, law(means), 64);
            run.advance(0.15, NEVER).unwrap();
            run.density
        };
        let (plain, turned) = (
            run(means.to_vec()),
            run(means.iter().map(|m| turn(m)).collect()),
        );
        for x in [
            [0.0, 0.0, 1.0],
            [0.6, 0.0, -0.8],
            [0.48, 0.6, 0.64],
            [-0.36, 0.48, 0.8],
        ] {
            let (a, b) = (value(&plain, &x), value(&turned, &turn(&x)));
            assert!(
                (a - b).abs() < 1e-10,
                "{normalisation} D {diffusion}: {a} {b}"
            );
        }
    }
}

#[test]
fn the_circle_and_the_zonal_solver_agree_on_even_data() {
    let law = Law::Harmonics {
        cosine: vec![0.3, 0.2, -0.1],
        sine: vec![],
    };
    for normalisation in SYSTEMS {
        for diffusion in [0.0, 0.05] {
            let make = |solver: &str| {
                let spec = system_in(2, solver, 2.0, normalisation, diffusion, 1e-13);
                let mut run = field_from(spec, law.clone(), 64);
                run.advance(0.6, NEVER).unwrap();
                run.density.moments()
            };
            let (circle, zonal) = (make("spectral"), make("zonal"));
            for (a, b) in circle
                .order_parameters(12)
                .iter()
                .zip(zonal.order_parameters(12))
            {
                assert!(
                    (a - b).abs() < 1e-9,
                    "{normalisation} D {diffusion}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn mass_is_one_and_energy_grows_at_the_rate_of_its_dissipation() {
    let law = Law::SphericalHarmonics {
        terms: vec![
            Term {
                degree: 1,
                order: 1,
                amplitude: 0.1,
            },
            Term {
                degree: 2,
                order: -1,
                amplitude: 0.15,
            },
            Term {
                degree: 3,
                order: 2,
                amplitude: 0.1,
            },
        ],
    };
    let zonal = |dimension| Law::Zonal {
        coefficients: vec![0.3, 0.2],
        axis: last_axis(dimension),
    };
    for normalisation in SYSTEMS {
        for (dimension, solver, law) in [
            (3, "spectral", law.clone()),
            (3, "zonal", zonal(3)),
            (8, "zonal", zonal(8)),
        ] {
            let beta = 2.0;
            let spec = system_in(dimension, solver, beta, normalisation, 0.0, 1e-13);
            let mut run = field_from(spec, law, 48);
            let kernel = Kernel::new(dimension, beta);
            let h = 0.004;
            let mut energies = Vec::new();
            let mut middle = 0.0;
            for step in 0..5 {
                if step == 2 {
                    middle = run
                        .mean_field
                        .dissipation_and_minimum(&run.density.state.clone())
                        .0;
                    assert!((run.mean_field.mass() - 1.0).abs() < 1e-12);
                }
                energies.push(kernel.interaction_energy(&run.density.moments()));
                run.advance(h * f64::from(step + 1), NEVER).unwrap();
            }
            // central difference of order four, error h⁴E⁗/30
            let slope =
                (8.0 * (energies[3] - energies[1]) - (energies[4] - energies[0])) / (12.0 * h);
            let place = format!("{normalisation} d {dimension} {solver}");
            assert!(
                (slope / middle - 1.0).abs() < 1e-7,
                "{place}: {slope} {middle}"
            );
        }
    }
}

#[test]
fn the_steppers_keep_their_orders_on_the_sphere() {
    let law = Law::Mixture {
        means: vec![vec![0.0, 0.6, 0.8], vec![1.0, 0.0, 0.0]],
        concentrations: vec![3.0, 2.0],
        masses: vec![0.6, 0.4],
    };
    let attention = Attention::new(2.0, Normalisation::Softmax);
    let start = Density::from_law(&law, Domain::Sphere, 0, 0.0, 24).unwrap();
    let mut field = SphereMeanField::new(attention, 24);
    let distance = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(x, y)| (x - y).abs())
            .fold(0.0, f64::max)
    };
    let mut solve = |diffusion: f64, steps: usize| {
        let mut state = start.state.clone();
        let h = 0.8 / steps as f64;
        if diffusion > 0.0 {
            let mut rates = vec![0.0; state.len()];
            Domain::Sphere.for_each(24, |entry, l| {
                rates[entry] = diffusion * Domain::Sphere.laplacian(l);
            });
            let mut stepper = Exponential::new(rates, 1.0, 1.0);
            (0..steps)
                .for_each(|_| stepper.fixed_step(&mut state, h, |c, out| field.tendency(c, out)));
        } else {
            let mut stepper = Explicit::new(&DORMAND_PRINCE_853, state.len(), 1.0, 1.0);
            (0..steps).for_each(|_| {
                stepper.fixed_step(&mut state, h, |c, out| field.tendency(c, out), |_| ());
            });
        }
        state
    };
    for (diffusion, steps, order) in [(0.0, 3, 8.0), (0.02, 10, 4.0)] {
        let exact = solve(diffusion, 16 * steps);
        let (coarse, fine) = (
            distance(&solve(diffusion, steps), &exact),
            distance(&solve(diffusion, 2 * steps), &exact),
        );
        let observed = (coarse / fine).log2();
        assert!(
            (observed - order).abs() < 0.8,
            "D {diffusion}: observed {observed:.2}"
        );
    }
}

#[test]
fn the_error_of_the_truncation_falls_spectrally_with_the_degree() {
    let law = Law::VonMisesFisher {
        concentration: 6.0,
        mean: vec![0.6, 0.0, 0.8],
    };
    let attention = Attention::new(4.0, Normalisation::Softmax);
    let rate = |modes: usize| {
        let density = Density::from_law(&law, Domain::Sphere, 0, 0.0, modes).unwrap();
        let mut rate = vec![0.0; density.state.len()];
        SphereMeanField::new(attention, modes).tendency(&density.state, &mut rate);
        Domain::Sphere.resized(&rate, 8)
    };
    let exact = rate(64);
    let error = |modes: usize| {
        rate(modes)
            .iter()
            .zip(&exact)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let errors = [error(10), error(16), error(24), error(36)];
    assert!(
        errors[0] > 20.0 * errors[1] && errors[1] > 1e3 * errors[2] && errors[3] < 1e-13,
        "{errors:?}"
    );
}

#[test]
fn the_zonal_rate_in_high_dimension_is_that_of_more_degrees() {
    let attention = Attention::new(9.0, Normalisation::Softmax);
    let law = Law::VonMisesFisher {
        concentration: 20.0,
        mean: last_axis(128),
    };
    let rate = |modes: usize| {
        let density = Density::from_law(&law, Domain::Zonal(128), 0, 0.0, modes).unwrap();
        let mut rate = vec![0.0; modes + 1];
        ZonalMeanField::new(128, attention, modes).tendency(&density.state, &mut rate);
        rate[..8].to_vec()
    };
    for (a, b) in rate(60).iter().zip(rate(120)) {
        assert!((a - b).abs() < 1e-11 * (1.0 + b.abs()), "{a} {b}");
    }
}

#[test]
fn multipliers_and_growth_rates_of_every_dimension_are_those_of_the_oracle() {
    let oracle = reference("sphere.json");
    for row in oracle["multipliers"].as_array().unwrap() {
        let dimension = row["dimension"].as_u64().unwrap() as usize;
        let beta = row["beta"].as_f64().unwrap();
        let multipliers = metastable::sphere::bessel::scaled_multipliers(dimension, beta, 10);
        for (l, exact) in numbers(&row["degrees"]).iter().zip(numbers(&row["scaled"])) {
            let error = (multipliers[*l as usize] / exact - 1.0).abs();
            assert!(error < 1e-13, "d {dimension} β {beta} ℓ {l}: {error:e}");
        }
    }
    for row in oracle["growth"].as_array().unwrap() {
        let dimension = row["dimension"].as_u64().unwrap() as usize;
        for (normalisation, name) in [
            (Normalisation::Softmax, "softmax"),
            (Normalisation::None, "none"),
        ] {
            let beta = row["beta"].as_f64().unwrap();
            let rates = theory::growth::growth_rates(
                Attention::new(beta, normalisation),
                dimension,
                0.0,
                8,
            );
            for (rate, exact) in rates[1..].iter().zip(numbers(&row[name])) {
                assert!(
                    (rate / exact - 1.0).abs() < 1e-12,
                    "d {dimension} {name}: {rate} {exact}"
                );
            }
        }
    }
}

fn rows(value: &serde_json::Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// What a comparison is allowed: 1e-9, and what the oracle itself is uncertain of.
fn allowed(case: &serde_json::Value) -> f64 {
    1e-9 + 2.0 * case["error"].as_f64().unwrap()
}

fn zonal_case(case: &serde_json::Value) -> (FieldRun, usize, f64) {
    let dimension = case["dimension"].as_u64().unwrap() as usize;
    let beta = case["beta"].as_f64().unwrap();
    let diffusion = case["diffusion"].as_f64().unwrap();
    let system = case["normalisation"].as_str().unwrap();
    let spec = system_in(dimension, "zonal", beta, system, diffusion, 1e-12);
    let law = Law::Zonal {
        coefficients: numbers(&case["amplitudes"]),
        axis: last_axis(dimension),
    };
    (field_from(spec, law, 48), dimension, beta)
}

/// ∫P_ℓ dμ, ℓ = 1, 2, …, of a zonal density.
fn profile(run: &FieldRun, dimension: usize, degrees: usize) -> Vec<f64> {
    let moments = run.density.moments();
    (1..=degrees)
        .map(|l| moments.values()[l] / Domain::Zonal(dimension).multiplicity(l).sqrt())
        .collect()
}

#[test]
fn zonal_runs_follow_the_oracle() {
    let oracle = reference("sphere.json");
    let (mut compared, mut tight) = (0, 0);
    let (plain, noisy) = (&oracle["zonal"], &oracle["zonal_noise"]);
    for case in plain
        .as_array()
        .unwrap()
        .iter()
        .chain(noisy.as_array().unwrap())
    {
        let (mut run, dimension, beta) = zonal_case(case);
        let kernel = Kernel::new(dimension, beta);
        let (energies, moments) = (numbers(&case["energy"]), rows(&case["moments"]));
        follow(&mut run, &numbers(&case["times"]), |index, run| {
            if run.lost().is_some() {
                return;
            }
            let place = format!(
                "d {dimension} {} β {beta} D {} frame {index}",
                case["normalisation"], case["diffusion"]
            );
            let energy = kernel.interaction_energy(&run.density.moments());
            let error = (energy / energies[index] - 1.0).abs();
            assert!(error < allowed(case), "{place}: energy {error:e}");
            for (a, b) in profile(run, dimension, 6).iter().zip(&moments[index]) {
                assert!((a - b).abs() < allowed(case), "{place}: {a} {b}");
            }
            compared += 1;
            tight += usize::from(allowed(case) < 2e-9);
        });
    }
    assert!(
        compared >= 100 && tight >= 80,
        "{compared} frames, {tight} tightly"
    );
}

#[test]
fn noise_below_the_threshold_leads_to_the_stationary_law_of_the_oracle() {
    for case in reference("sphere.json")["zonal_stationary"]
        .as_array()
        .unwrap()
    {
        let (mut run, dimension, _) = zonal_case(case);
        run.advance(150.0, NEVER).unwrap();
        for (a, b) in profile(&run, dimension, 6)
            .iter()
            .zip(numbers(&case["moments"]))
        {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }
}

#[test]
fn runs_on_the_sphere_follow_the_oracle() {
    let oracle = reference("sphere.json");
    let (plain, noisy) = (&oracle["sphere"], &oracle["sphere_noise"]);
    for case in plain
        .as_array()
        .unwrap()
        .iter()
        .chain(noisy.as_array().unwrap())
    {
        let beta = case["beta"].as_f64().unwrap();
        let diffusion = case["diffusion"].as_f64().unwrap();
        let system = case["normalisation"].as_str().unwrap();
        let spec = system_in(3, "spectral", beta, system, diffusion, 1e-12);
        let law = if case["law"] == "harmonics" {
            let term = |row: Vec<f64>| Term {
                degree: row[0] as usize,
                order: row[1] as i64,
                amplitude: row[2],
            };
            Law::SphericalHarmonics {
                terms: rows(&case["terms"]).into_iter().map(term).collect(),
            }
        } else {
            Law::Mixture {
                means: vec![vec![0.0, 0.6, 0.8], vec![1.0, 0.0, 0.0]],
                concentrations: vec![4.0, 6.0],
                masses: vec![0.6, 0.4],
            }
        };
        let mut run = field_from(spec, law, 64);
        let kernel = Kernel::new(3, beta);
        let (energies, means, orders) = (
            numbers(&case["energy"]),
            rows(&case["mean"]),
            rows(&case["orders"]),
        );
        follow(&mut run, &numbers(&case["times"]), |index, run| {
            let moments = run.density.moments();
            let near = |a: f64, b: f64, what: &str| {
                let place = format!("{system} β {beta} D {diffusion} frame {index} {what}");
                assert!(
                    (a - b).abs() < allowed(case) * (1.0 + b.abs()),
                    "{place}: {a} {b}"
                );
            };
            near(
                kernel.interaction_energy(&moments),
                energies[index],
                "energy",
            );
            moments
                .mean()
                .iter()
                .zip(&means[index])
                .for_each(|(a, b)| near(*a, *b, "mean"));
            // the oracle takes roots of double sums: squares are what it knows to 1e-15
            let squares = moments.order_parameters(6).into_iter().zip(&orders[index]);
            squares.for_each(|(a, b)| near(a * a, b * b, "order"));
            for row in rows(&case["coefficients"][index]) {
                let (l, order) = (row[0] as usize, row[1].abs() as usize);
                let entry = sphere_row(moments.degree(), order)
                    + 2 * (l - order)
                    + usize::from(row[1] < 0.0);
                near(moments.values()[entry], row[2], "coefficient");
            }
        });
    }
}
