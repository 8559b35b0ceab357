//! The solvers against an independent oracle (Python, extended precision, other methods) and against closed forms.

use crate::common::{experiment, field_from, flat, numbers, reference, system, with_tokens};
use metastable::dynamics::{Attention, Kernel, Normalisation};
use metastable::experiment::FieldInitial;
use metastable::integrate::{Explicit, tableau::DORMAND_PRINCE_853};
use metastable::machine::testing::on_threads;
use metastable::measure::{Density, Law, Particles};
use metastable::observe::angular_order::Sorted;
use metastable::observe::transport::wasserstein;
use metastable::run::Session;
use metastable::run::density::FieldRun;
use metastable::run::tokens::TokenRun;
use metastable::snapshot::view::Loss;
use metastable::sphere::bessel::scaled_multipliers;
use metastable::theory;

const NEVER: &(dyn Fn() -> bool + Sync) = &|| false;

fn case<'a>(list: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    list.as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == name)
        .unwrap()
}

#[test]
fn tokens_follow_the_oracle_to_1e_8_at_tolerance_1e_10() {
    let file = reference("tokens.json");
    for case in file.as_array().unwrap() {
        let beta = case["beta"].as_f64().unwrap();
        let dimension = case["dimension"].as_u64().unwrap() as usize;
        let positions = flat(&case["initial"]);
        let tokens = match case["weights"].as_array() {
            Some(_) => Particles::weighted(dimension, positions, numbers(&case["weights"])),
            None => Particles::new(dimension, positions),
        };
        let spec = system(beta, case["normalisation"].as_str().unwrap(), 0.0, 1e-10);
        let mut run = TokenRun::new(&with_tokens(spec, tokens));
        let mut worst = 0.0_f64;
        for (t, state) in numbers(&case["times"])
            .iter()
            .zip(case["states"].as_array().unwrap())
        {
            run.advance(*t, NEVER).unwrap();
            for (a, b) in run.tokens().positions.iter().zip(flat(state)) {
                worst = worst.max((a - b).abs());
            }
        }
        assert!(worst < 1e-8, "{}: {worst:e}", case["name"]);
        // what the tolerance buys in practice, so that a loss of two digits is noticed
        assert!(worst < 1e-9, "{}: {worst:e}", case["name"]);
    }
}

#[test]
fn field_moments_energy_and_dissipation_follow_the_oracle_to_1e_9_while_resolved() {
    let file = reference("field.json");
    for case in file.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (beta, diffusion) = (
            case["beta"].as_f64().unwrap(),
            case["diffusion"].as_f64().unwrap(),
        );
        let spec = system(
            beta,
            case["normalisation"].as_str().unwrap(),
            diffusion,
            1e-12,
        );
        let law = Law::Harmonics {
            cosine: numbers(&case["cosine"]),
            sine: numbers(&case["sine"]),
        };
        let mut run = field_from(spec, law, 128);
        let kernel = Kernel::new(2, beta);
        for (index, t) in numbers(&case["times"]).iter().enumerate() {
            run.advance(*t, NEVER).unwrap();
            assert_eq!(run.lost(), None, "{name} at {t}");
            let moments = run.density.moments();
            for (k, expected) in case["moments"][index]
                .as_array()
                .unwrap()
                .iter()
                .enumerate()
            {
                let expected = numbers(expected);
                let error =
                    (moments.get(k).re - expected[0]).hypot(moments.get(k).im - expected[1]);
                assert!(error < 1e-9, "{name} t {t} k {k}: {error:e}");
            }
            let (dissipation, _) = run.mean_field.dissipation_and_minimum(&run.density.state);
            let relative = |value: f64, key: &str| (value / numbers(&case[key])[index] - 1.0).abs();
            assert!(
                relative(kernel.interaction_energy(&moments), "energy") < 1e-9,
                "{name} energy at {t}"
            );
            assert!(
                relative(dissipation, "dissipation") < 1e-8,
                "{name} dissipation at {t}"
            );
            assert!(
                (run.mean_field.mass() - 1.0).abs() < 1e-12,
                "{name} mass at {t}"
            );
        }
    }
}

#[test]
fn bessel_multipliers_and_phi_functions_are_those_of_the_oracle() {
    let file = reference("special.json");
    for row in file["scaled_bessel"].as_array().unwrap() {
        let beta = row["beta"].as_f64().unwrap();
        let expected = numbers(&row["integer"]);
        for (k, (a, b)) in scaled_multipliers(2, beta, 80)
            .iter()
            .zip(&expected)
            .enumerate()
        {
            assert!(
                (a - b).abs() < 1e-14 * b + 1e-300,
                "e^-β I_{k}({beta}): {a:e} {b:e}"
            );
        }
    }
    let phi = &file["phi"];
    for (index, z) in numbers(&phi["z"]).iter().enumerate() {
        let values = metastable::integrate::exponential::phi_functions(*z);
        for (value, key) in values.iter().zip(["phi1", "phi2", "phi3"]) {
            assert!(
                (value / numbers(&phi[key])[index] - 1.0).abs() < 2e-15,
                "{key}({z})"
            );
        }
    }
}

#[test]
fn wasserstein_is_exact_on_the_circle() {
    for case in reference("transport.json").as_array().unwrap() {
        let weights = numbers(&case["weights"]);
        let total: f64 = weights.iter().sum();
        let tokens = (numbers(&case["angles"]).iter())
            .map(|t| metastable::sphere::geometry::wrap(*t))
            .zip(weights.iter().map(|w| w / total))
            .collect();
        let sorted = Sorted::of(tokens);
        let law = Law::Harmonics {
            cosine: numbers(&case["cosine"]),
            sine: numbers(&case["sine"]),
        };
        for modes in [32, 256] {
            let distance = wasserstein(
                &sorted,
                &Density::from_law(&law, metastable::sphere::Domain::Circle, 0, 0.0, modes)
                    .unwrap(),
            );
            let error = (distance - case["w1"].as_f64().unwrap()).abs();
            // the density is interpolated by cubics on 8 points a mode: a few 1e-8 at 32 modes, nothing at 256
            let allowed = if modes == 32 { 1e-8 } else { 1e-11 };
            assert!(
                error < allowed,
                "{} with {modes} modes: {error:e}",
                case["name"]
            );
        }
    }
}

#[test]
fn growth_rates_and_curves_of_the_theory_are_those_of_the_oracle() {
    let file = reference("theory.json");
    for row in file["growth"].as_array().unwrap() {
        let (dimension, beta) = (
            row["dimension"].as_u64().unwrap() as usize,
            row["beta"].as_f64().unwrap(),
        );
        for (normalisation, key) in [
            (Normalisation::Softmax, "softmax"),
            (Normalisation::None, "none"),
        ] {
            let rates = theory::growth::growth_rates(
                Attention::new(beta, normalisation),
                dimension,
                0.0,
                8,
            );
            for (degree, expected) in numbers(&row[key]).iter().enumerate() {
                assert!(
                    (rates[degree + 1] / expected - 1.0).abs() < 1e-13,
                    "d {dimension} β {beta} ℓ {}",
                    degree + 1
                );
            }
        }
    }
    for row in file["equiangular"].as_array().unwrap() {
        let normalisation = if row["normalisation"] == "softmax" {
            Normalisation::Softmax
        } else {
            Normalisation::None
        };
        let attention = Attention::new(row["beta"].as_f64().unwrap(), normalisation);
        let count = row["n"].as_u64().unwrap() as usize;
        let curve =
            theory::equiangular::curve(attention, count, 0.0, &numbers(&row["times"])).unwrap();
        for (a, b) in curve.iter().zip(numbers(&row["gamma"])) {
            assert!((a - b).abs() < 1e-11, "γ of {row}");
        }
    }
    for row in file["ott_antonsen"].as_array().unwrap() {
        for (t, r) in numbers(&row["times"]).iter().zip(numbers(&row["r"])) {
            assert!(
                (theory::kuramoto::ott_antonsen(row["r0"].as_f64().unwrap(), *t) - r).abs() < 1e-14
            );
        }
    }
}

#[test]
fn a_small_perturbation_of_the_uniform_density_grows_at_the_predicted_rate() {
    for normalisation in ["softmax", "none"] {
        for beta in [0.5, 1.0, 4.0, 9.0] {
            for k in [1, 2, 3, 5] {
                let spec = system(beta, normalisation, 0.0, 1e-15);
                let attention = spec.attention;
                let rate = theory::growth_rate(attention, 2, 0.0, k);
                let mut cosine = vec![0.0; k];
                cosine[k - 1] = 1e-6;
                let mut run = field_from(
                    spec,
                    Law::Harmonics {
                        cosine,
                        sine: vec![],
                    },
                    64,
                );
                let before = run.density.coefficient(k).norm();
                // half an e-folding, and no longer than the other modes need to grow out of rounding
                let time = (0.5 / rate).min(2.0);
                run.advance(time, NEVER).unwrap();
                let measured = (run.density.coefficient(k).norm() / before).ln() / time;
                assert!(
                    (measured / rate - 1.0).abs() < 1e-5,
                    "{normalisation} β {beta} k {k}: {measured} {rate}"
                );
                // instantaneously, as the screen shows it
                let now = run.growth(k)[k - 1];
                assert!(
                    (now / rate - 1.0).abs() < 1e-5,
                    "{normalisation} β {beta} k {k}: {now} {rate}"
                );
            }
        }
    }
}

#[test]
fn noise_damps_every_degree_by_its_laplacian() {
    for k in [1, 3, 7] {
        let spec = system(4.0, "softmax", 0.3, 1e-14);
        let rate = theory::growth_rate(spec.attention, 2, 0.3, k);
        let mut cosine = vec![0.0; k];
        cosine[k - 1] = 1e-5;
        let mut run = field_from(
            spec,
            Law::Harmonics {
                cosine,
                sine: vec![],
            },
            64,
        );
        let before = run.density.coefficient(k).norm();
        run.advance(0.5, NEVER).unwrap();
        let measured = (run.density.coefficient(k).norm() / before).ln() / 0.5;
        assert!(
            (measured / rate - 1.0).abs() < 1e-5,
            "k {k}: {measured} {rate}"
        );
    }
}

#[test]
fn the_kuramoto_mean_field_follows_ott_and_antonsen() {
    let spec = system(0.0, "softmax", 0.0, 1e-12);
    let start = 0.2_f64;
    let mut run = field_from(
        spec,
        Law::Poisson {
            weight: start,
            axis: vec![1.0, 0.0],
        },
        64,
    );
    for step in 0..8 {
        run.advance(f64::from(step + 1) * 0.5, NEVER).unwrap();
        let r = theory::kuramoto::ott_antonsen(start, 0.5 * f64::from(step + 1));
        for k in 1..=8 {
            let error = (run.density.moments().order_parameter(k) - r.powi(k as i32)).abs();
            assert!(
                error < 1e-8,
                "t {} k {k}: {error:e}",
                0.5 * f64::from(step + 1)
            );
        }
    }
}

#[test]
fn noisy_densities_settle_on_the_stationary_ones() {
    let file = reference("stationary.json");
    for name in ["sa_b2_D0.25", "usa_b1_D0.3"] {
        let case = case(&file, name);
        let spec = system(
            case["beta"].as_f64().unwrap(),
            case["normalisation"].as_str().unwrap(),
            case["diffusion"].as_f64().unwrap(),
            1e-10,
        );
        let mut run = field_from(
            spec,
            Law::VonMisesFisher {
                concentration: 1.5,
                mean: vec![1.0, 0.0],
            },
            64,
        );
        run.advance(200.0, NEVER).unwrap();
        for (k, expected) in numbers(&case["moments"]).iter().enumerate() {
            let error = (run.density.moments().get(k + 1).re - expected).abs();
            assert!(error < 1e-9, "{name} m_{}: {error:e}", k + 1);
        }
    }
}

#[test]
fn energy_never_decreases_and_grows_at_the_rate_of_its_dissipation() {
    for normalisation in ["softmax", "none"] {
        let mut spec = experiment(&format!(
            "[tokens]\ncount = 40\nseed = 4\n[attention]\nbeta = 3.0\nnormalisation = \"{normalisation}\"\n\
             [field]\ninitial = {{ from = \"empirical\", smoothing = 0.02 }}\n[time]\nend = 1.0\nframes = 401\ntolerance = 1e-11\n"
        ));
        spec.time.end = if normalisation == "none" { 0.4 } else { 3.0 };
        let mut session = Session::without_pictures(spec.clone());
        while !session.finished() {
            session.advance(NEVER).unwrap();
        }
        let step = spec.time.frame(1);
        for side in ["tokens", "field"] {
            let energy = session.history().series_named(&format!("{side}_energy"));
            let rate = session
                .history()
                .series_named(&format!("{side}_dissipation"));
            for (index, pair) in energy.windows(2).enumerate() {
                assert!(pair[1].1 >= pair[0].1 - 1e-12, "{side} at {}", pair[1].0);
                // Simpson's rule would need midpoints; the trapezoid rule is good to (step²/12)·E'''
                let gained = 0.5 * step * (rate[index].1 + rate[index + 1].1);
                assert!(
                    (pair[1].1 - pair[0].1 - gained).abs() < 2e-2 * gained + 1e-9,
                    "{normalisation} {side} at {}",
                    pair[1].0
                );
            }
        }
    }
}

#[test]
fn orthogonal_tokens_follow_the_equiangular_curve() {
    for (beta, normalisation) in [(1.0, "softmax"), (4.0, "softmax"), (2.0, "none")] {
        let mut spec = system(beta, normalisation, 0.0, 1e-11);
        (
            spec.tokens.count,
            spec.tokens.dimension,
            spec.tokens.initial,
        ) = (16, 20, Law::Orthogonal);
        let mut run = TokenRun::new(&spec);
        let times = [0.5, 1.0, 2.0];
        let gamma = theory::equiangular::curve(spec.attention, 16, 0.0, &times).unwrap();
        for (t, expected) in times.iter().zip(gamma) {
            run.advance(*t, NEVER).unwrap();
            let (x, y) = (run.tokens().row(2), run.tokens().row(13));
            let product: f64 = x.iter().zip(y).map(|(a, b)| a * b).sum();
            assert!(
                (product - expected).abs() < 1e-9,
                "β {beta} {normalisation} t {t}: {product} {expected}"
            );
        }
    }
}

#[test]
fn two_clusters_of_unequal_mass_follow_the_scalar_equation() {
    for row in reference("theory.json")["two_clusters"].as_array().unwrap() {
        let start = row["c0"].as_f64().unwrap();
        let tokens = Particles::weighted(
            2,
            vec![1.0, 0.0, start, (1.0 - start * start).sqrt()],
            numbers(&row["masses"]),
        );
        let spec = system(
            row["beta"].as_f64().unwrap(),
            row["normalisation"].as_str().unwrap(),
            0.0,
            1e-12,
        );
        let mut run = TokenRun::new(&with_tokens(spec, tokens));
        for (t, expected) in numbers(&row["times"]).iter().zip(numbers(&row["c"])) {
            run.advance(*t, NEVER).unwrap();
            let p = &run.tokens().positions;
            assert!(
                (p[0] * p[2] + p[1] * p[3] - expected).abs() < 1e-10,
                "t {t}"
            );
        }
    }
}

#[test]
fn tokens_converge_at_eighth_order_on_the_sphere() {
    // retraction included: the error after one time unit against the number of steps
    let tokens = Law::Uniform.sample(8, 3, 6);
    let attention = Attention::new(2.0, Normalisation::Softmax);
    let mut dynamics = metastable::dynamics::TokenDynamics::new(attention, &tokens);
    let mut solve = |steps: usize| {
        let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 24, 1.0, 1.0);
        let mut x = tokens.positions.clone();
        for _ in 0..steps {
            stepper.fixed_step(
                &mut x,
                2.0 / steps as f64,
                |x, v| dynamics.drift(x, v),
                |x| metastable::sphere::geometry::retract(x, 3),
            );
        }
        x
    };
    let distance = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(x, y)| (x - y).abs())
            .fold(0.0, f64::max)
    };
    let exact = solve(64);
    let (coarse, fine) = (solve(3), solve(6));
    let order = (distance(&coarse, &exact) / distance(&fine, &exact)).log2();
    assert!(order > 7.0 && order < 10.0, "observed {order:.2}");
}

#[test]
fn the_layer_scheme_converges_to_the_flow_at_first_order() {
    let run = |step: f64| {
        let mut spec = system(3.0, "softmax", 0.0, 1e-11);
        spec.tokens.count = 12;
        spec.time.scheme = metastable::experiment::Scheme::Layer;
        spec.time.step = Some(step);
        let mut run = TokenRun::new(&spec);
        run.advance(1.0, NEVER).unwrap();
        run.tokens().positions.clone()
    };
    let exact = {
        let mut spec = system(3.0, "softmax", 0.0, 1e-12);
        spec.tokens.count = 12;
        let mut run = TokenRun::new(&spec);
        run.advance(1.0, NEVER).unwrap();
        run.tokens().positions.clone()
    };
    let error = |x: Vec<f64>| {
        x.iter()
            .zip(&exact)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let order = (error(run(0.01)) / error(run(0.005))).log2();
    assert!((order - 1.0).abs() < 0.05, "observed {order:.3}");
}

#[test]
fn one_layer_is_the_formula_of_the_paper() {
    let mut spec = system(2.0, "softmax", 0.0, 1e-9);
    (spec.tokens.count, spec.tokens.dimension, spec.tokens.seed) = (3, 3, 1);
    spec.time.scheme = metastable::experiment::Scheme::Layer;
    spec.time.step = Some(0.5);
    let mut run = TokenRun::new(&spec);
    let before = run.tokens().clone();
    run.advance(0.5, NEVER).unwrap();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    for i in 0..3 {
        let weights: Vec<f64> = before
            .rows()
            .map(|y| (2.0 * dot(before.row(i), y)).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        let mut x: Vec<f64> = before.row(i).to_vec();
        for (w, y) in weights.iter().zip(before.rows()) {
            x.iter_mut()
                .zip(y)
                .for_each(|(a, b)| *a += 0.5 * w / total * b);
        }
        let length = dot(&x, &x).sqrt();
        for (a, b) in run.tokens().row(i).iter().zip(&x) {
            assert!((a - b / length).abs() < 1e-15);
        }
    }
}

#[test]
fn the_density_turns_with_its_start_and_mirrors_with_it() {
    let solve = |cosine: Vec<f64>, sine: Vec<f64>| {
        let mut run = field_from(
            system(4.0, "softmax", 0.0, 1e-12),
            Law::Harmonics { cosine, sine },
            64,
        );
        run.advance(1.0, NEVER).unwrap();
        run.density.moments()
    };
    let turn = 0.7_f64;
    let plain = solve(vec![0.3, 0.2], vec![]);
    let turned = solve(
        vec![0.3 * turn.cos(), 0.2 * (2.0 * turn).cos()],
        vec![0.3 * turn.sin(), 0.2 * (2.0 * turn).sin()],
    );
    for k in 1..=10 {
        let expected = plain.get(k) * metastable::sphere::Complex::from_polar(1.0, k as f64 * turn);
        assert!((turned.get(k) - expected).norm() < 1e-10, "k {k}");
        assert!(plain.get(k).im.abs() < 1e-13, "an even density stays even");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_with_any_number_of_threads() {
    for (count, dimension, diffusion) in [(3000, 2, 0.0), (300, 2, 0.05), (200, 16, 0.0)] {
        let run = |threads: usize| {
            on_threads(threads, || {
                let mut spec = system(4.0, "softmax", diffusion, 1e-9);
                (spec.tokens.count, spec.tokens.dimension) = (count, dimension);
                let mut session = Session::without_pictures(spec);
                for _ in 0..3 {
                    session.advance(NEVER).unwrap();
                }
                let values: Vec<u64> = session
                    .history()
                    .records()
                    .iter()
                    .flat_map(|r| r.values.iter().map(|v| v.to_bits()))
                    .collect();
                (session.tokens().tokens().positions.clone(), values)
            })
        };
        assert!(
            run(1) == run(2) && run(2) == run(5),
            "n {count} d {dimension} D {diffusion}"
        );
    }
}

#[test]
fn tokens_drawn_from_a_law_approach_its_mean_field_like_one_over_root_n() {
    // E[discrepancy²] of n iid tokens is (λ-sum)/n: the distance halves when n quadruples
    let distance = |count: usize| {
        let mut total = 0.0;
        for seed in 0..6 {
            let mut spec = experiment(
                "[tokens]\ninitial = { law = \"harmonics\", cosine = [0.6] }\n[attention]\nbeta = 2.0\n\
                 [time]\nend = 1.0\nframes = 3\ntolerance = 1e-8\n",
            );
            (spec.tokens.count, spec.tokens.seed) = (count, seed);
            let mut session = Session::without_pictures(spec);
            session.advance(NEVER).unwrap();
            session.advance(NEVER).unwrap();
            total += session
                .history()
                .series_named("discrepancy")
                .last()
                .unwrap()
                .1
                .powi(2);
        }
        (total / 6.0).sqrt()
    };
    let ratio = distance(200) / distance(3200);
    // four, up to the scatter of six draws on either side
    assert!(ratio > 2.2 && ratio < 7.0, "ratio {ratio}");
}

#[test]
fn the_noisy_scheme_has_the_right_stationary_law() {
    // β = 0 with noise: von Mises with R = I_1(R/D)/I_0(R/D) in the limit n → ∞; few tokens move by rows, many by their angles
    for (count, scatter) in [(4000, 5e-3), (64_000, 1.25e-3)] {
        let mut spec = system(0.0, "softmax", 0.2, 1e-8);
        (spec.tokens.count, spec.tokens.seed) = (count, 8);
        spec.tokens.initial = Law::VonMisesFisher {
            concentration: 3.0,
            mean: vec![0.0, 1.0],
        };
        spec.noise.step = 0.05;
        let mut run = TokenRun::new(&spec);
        run.advance(10.0, NEVER).unwrap();
        let mut mean = 0.0;
        for step in 1..=40 {
            run.advance(10.0 + 0.5 * f64::from(step), NEVER).unwrap();
            mean += run.tokens().moments(1).order_parameter(1) / 40.0;
        }
        let mut r = 0.9_f64;
        for _ in 0..500 {
            r = metastable::sphere::bessel::von_mises_moments(2, r / 0.2, 1)[1];
        }
        assert!((mean - r).abs() < scatter, "n {count}: {mean} {r}");
    }
}

#[test]
fn the_resolution_of_a_symmetric_density_follows_its_own_harmonics() {
    // a density of period 2π/m has only multiples of m: a fixed window at the top of 32 modes may see none of them
    for m in [2, 9, 11, 17] {
        let mut cosine = vec![0.0; m];
        cosine[m - 1] = 0.1;
        let end = |modes: usize| {
            let spec = system(40.0, "softmax", 0.0, 1e-11);
            let law = Law::Harmonics {
                cosine: cosine.clone(),
                sine: vec![],
            };
            let mut run = field_from(spec, law, modes);
            run.advance(2.0, NEVER).unwrap();
            assert_eq!(run.lost(), None);
            run.density.moments()
        };
        let (few, many) = (end(32), end(512));
        for k in [m, 2 * m, 3 * m] {
            let error = (few.get(k) - many.get(k)).norm();
            assert!(error < 1e-8, "period 2π/{m}, k {k}: {error:e}");
        }
    }
}

#[test]
fn markers_that_are_not_those_of_the_density_do_not_carry_it_and_the_reason_is_said() {
    // smoothed, the law is known by its series alone
    let sharp = |dimension: usize| {
        let spec = experiment(&format!(
            "[tokens]\ncount = 3\ndimension = {dimension}\ninitial = {{ law = \"von-mises-fisher\", concentration = 1000.0 }}\n\
             [attention]\nbeta = 2.0\n[field]\ninitial = {{ from = \"law\", smoothing = 1e-6 }}\nsolver = \"zonal\"\n\
             [time]\nend = 1.0\nframes = 2\n"
        ));
        let tokens = TokenRun::new(&spec);
        FieldRun::new(&spec, &spec.continuum().unwrap(), tokens.tokens())
    };
    assert!(sharp(8).markers().is_some());
    assert_eq!(sharp(64).lost(), Some((0.0, Loss::NoDigits)));
}

#[test]
fn a_density_starts_with_the_moments_of_its_law_in_any_dimension_or_says_that_it_does_not() {
    // a random search: in d ≥ 64 the series of a sharp law has no digits where its mass is
    let mut state = 5_u64;
    let mut dice = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut held, mut placed) = (0, 0);
    for _ in 0..25 {
        let dimension = 10f64.powf(0.5 + 1.9 * dice()) as usize;
        let law = match (3.0 * dice()) as usize {
            0 => format!(
                "law = \"poisson\", weight = {:?}",
                1.0 - 10f64.powf(-2.9 * dice())
            ),
            1 => "law = \"hemisphere\"".to_owned(),
            _ => format!(
                "law = \"von-mises-fisher\", concentration = {:?}",
                10f64.powf(8.0 * dice())
            ),
        };
        let noise = if dice() < 0.3 { 0.001 } else { 0.0 };
        let spec = experiment(&format!(
            "[tokens]\ncount = 3\ndimension = {dimension}\ninitial = {{ {law} }}\n[attention]\nbeta = 2.0\n\
             [noise]\ndiffusion = {noise:?}\n[field]\nsolver = \"zonal\"\n[time]\nend = 1.0\nframes = 2\n"
        ));
        let tokens = TokenRun::new(&spec);
        let field = FieldRun::new(&spec, &spec.continuum().unwrap(), tokens.tokens());
        if field.lost().is_some() {
            continue;
        }
        held += 1;
        placed += usize::from(field.markers().is_some());
        // a law that jumps is smoothed before
        let FieldInitial::From { smoothing, .. } = spec.field.initial else {
            panic!("{law}: it starts from the law of the tokens");
        };
        let exact = (spec.tokens.initial)
            .moments(field.density.domain, 0, 4)
            .unwrap()
            .smoothed(smoothing);
        let found = match field.markers() {
            Some((_, markers)) => markers.markers.moments(4),
            None => field.density.moments(),
        };
        for degree in 1..=4 {
            let (found, exact) = (found.order_parameter(degree), exact.order_parameter(degree));
            assert!(
                (found - exact).abs() < 1e-9,
                "d {dimension} {law} D {noise}: {found} {exact}"
            );
        }
    }
    assert!(held > 12 && placed > 6, "{held} {placed}");
}

#[test]
fn a_law_that_jumps_keeps_its_mean_in_any_dimension_and_its_smoothing_is_said() {
    for dimension in [2, 3, 4, 24, 200, 600] {
        let spec = experiment(&format!(
            "[tokens]\ncount = 3\ndimension = {dimension}\ninitial = {{ law = \"hemisphere\" }}\n[attention]\nbeta = 2.0\n\
             [time]\nend = 1.0\nframes = 2\n"
        ));
        assert!(
            spec.notes.iter().any(|note| note.contains("smoothed by")),
            "d {dimension}: {:?}",
            spec.notes
        );
        let tokens = TokenRun::new(&spec);
        let field = FieldRun::new(&spec, &spec.continuum().unwrap(), tokens.tokens());
        let law = (spec.tokens.initial)
            .moments(field.density.domain, 0, 1)
            .unwrap();
        let (found, exact) = (field.density.moments(), law.order_parameter(1));
        let share = found.order_parameter(1) / exact;
        assert!(share > 0.989 && share < 1.0, "d {dimension}: {share}");
    }
}
