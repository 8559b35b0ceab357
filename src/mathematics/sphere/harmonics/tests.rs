//! Tests of [`harmonics`](super).

use super::*;
use crate::sphere::Domain;

fn noise(length: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        })
        .collect()
}

fn coefficients(degree: usize, seed: u64) -> Vec<f64> {
    let mut state = noise(Domain::Sphere.length(degree), seed);
    (0..=degree).for_each(|l| state[2 * l + 1] = 0.0);
    state
}

/// P̄_ℓm(x) by the plain recurrence in ℓ with a logarithm beside it: the slow reference.
fn function(degree: usize, order: usize, x: f64) -> f64 {
    let mut log = 0.5 * order as f64 * ((1.0 - x) * (1.0 + x)).ln();
    for k in 1..=order {
        log += 0.5 * ((2 * k + 1) as f64 / (2 * k) as f64).ln();
    }
    let (mut before, mut here) = (0.0, 1.0);
    for l in order..degree {
        let next = (x * here - epsilon(l, order) * before) / epsilon(l + 1, order);
        (before, here) = (here, next);
        if here.abs() > 1e200 {
            before /= 1e200;
            here /= 1e200;
            log += 200.0 * std::f64::consts::LN_10;
        }
    }
    let size = here.abs().ln() + log;
    if size < -700.0 {
        0.0
    } else {
        here.signum() * size.exp()
    }
}

#[test]
fn a_single_harmonic_has_its_values_also_where_its_recurrence_starts_below_the_smallest_number() {
    let mut plan = SpherePlan::new(511, 41, 1024);
    let mut values = vec![0.0; plan.points()];
    for (degree, order, sine) in [
        (0, 0, 0),
        (1, 0, 0),
        (1, 1, 1),
        (7, 3, 0),
        (60, 59, 1),
        (300, 17, 0),
        (511, 0, 0),
        (511, 200, 1),
        (511, 480, 0),
        (510, 480, 1),
        (511, 511, 0),
    ] {
        let mut state = vec![0.0; Domain::Sphere.length(511)];
        state[sphere_row(511, order) + 2 * (degree - order) + sine] = 1.0;
        plan.synthesis(&state, &mut values);
        let factor = if order == 0 {
            1.0
        } else {
            std::f64::consts::SQRT_2
        };
        for (j, x) in plan.cosines().iter().enumerate() {
            let meridian = factor * function(degree, order, *x);
            for i in [0, 1, 100, 1023] {
                let angle = std::f64::consts::TAU * ((order * i) % 1024) as f64 / 1024.0;
                let around = if sine == 1 { angle.sin() } else { angle.cos() };
                let (value, exact) = (values[1024 * j + i], meridian * around);
                assert!(
                    (value - exact).abs() < 5e-12 * (1.0 + meridian.abs()),
                    "ℓ {degree} m {order} x {x}: {value:e} {exact:e}"
                );
            }
        }
    }
}

#[test]
fn an_equator_counts_once_and_orders_beyond_the_longitudes_count_as_zero() {
    let degree = 24;
    let state = coefficients(degree, 8);
    let mut even = SpherePlan::new(degree, 26, 50);
    let mut odd = SpherePlan::new(degree, 25, 51);
    let mut back = vec![1.0; state.len()];
    for plan in [&mut even, &mut odd] {
        let mut values = vec![0.0; plan.points()];
        plan.synthesis(&state, &mut values);
        plan.analysis(&values, &mut back);
        for (a, b) in state.iter().zip(&back) {
            assert!((a - b).abs() < 1e-13);
        }
    }
    // 40 longitudes have orders up to 19
    let mut coarse = SpherePlan::new(degree, 25, 40);
    let mut values = vec![0.0; coarse.points()];
    coarse.synthesis(&state, &mut values);
    coarse.analysis(&values, &mut back);
    let first = sphere_row(degree, 20);
    assert!(back[first..].iter().all(|c| *c == 0.0));
    for (a, b) in state[..first].iter().zip(&back) {
        assert!((a - b).abs() < 1e-13);
    }
    // and so for the divergence of a field
    let [mut u, mut w] = [coarse.folded.clone(), coarse.folded.clone()];
    let [mut a, mut b] = [state.clone(), state.clone()];
    let (below, first) = (Domain::Sphere.length(23), sphere_row(23, 20));
    back.fill(f64::NAN);
    coarse.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut back[..below]);
    assert!(back[..first].iter().all(|c| c.is_finite()));
    assert!(back[first..below].iter().all(|c| *c == 0.0));
}

#[test]
fn transforms_have_the_same_bits_on_any_number_of_threads() {
    // transforms abreast and (of 2·3·47 longitudes) one by one; two vectors of latitudes, where orders go in pairs; a low degree on a high plan
    let cases = [
        (140, 140, 141, 288),
        (140, 140, 141, 282),
        (300, 299, 32, 640),
        (300, 200, 96, 640),
    ];
    for (highest, degree, latitudes, longitudes) in cases {
        let state = coefficients(degree, 9);
        let results = [1, 2, 3].map(|threads| {
            crate::machine::testing::on_threads(threads, || {
                let mut plan = SpherePlan::new(highest, latitudes, longitudes);
                assert_eq!(plan.parallel(degree), threads > 1);
                let mut values = vec![0.0; plan.points()];
                plan.synthesis(&state, &mut values);
                let mut back = state.clone();
                plan.analysis(&values, &mut back);
                let (low, lower) = (degree - 1, degree - 2);
                let small = coefficients(lower, 10);
                let mut g = vec![0.0; Domain::Sphere.length(low)];
                plan.meridional(&small, &mut g);
                let [mut z, mut u, mut w] =
                    [(); 3].map(|()| vec![LatitudePack::default(); plan.folded_length()]);
                plan.with_gradient(&small, &g, &mut z, &mut u, &mut w);
                let [mut a, mut b] = [g.clone(), g.clone()];
                let mut weak = small.clone();
                plan.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut weak);
                let numbers = values.into_iter().chain(back).chain(weak);
                numbers.map(f64::to_bits).collect::<Vec<_>>()
            })
        });
        assert!(results[0] == results[1] && results[0] == results[2]);
    }
}

#[test]
fn the_round_trip_is_exact_up_to_degree_511() {
    // 2·37 longitudes go one by one
    for degree in [1, 2, 31, 36, 63, 127, 511] {
        let mut plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
        let state = coefficients(degree, 1);
        let mut values = vec![0.0; plan.points()];
        plan.synthesis(&state, &mut values);
        let mut back = vec![1.0; state.len()];
        plan.analysis(&values, &mut back);
        let error = state
            .iter()
            .zip(&back)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(error < 1e-12, "degree {degree}: {error:e}");
    }
}

#[test]
fn analysis_is_the_adjoint_of_synthesis_for_the_quadrature() {
    for degree in [31, 511] {
        let mut plan = SpherePlan::new(degree, degree + 1, 2 * degree + 2);
        let state = coefficients(degree, 3);
        let field = noise(plan.points(), 4);
        let mut values = vec![0.0; plan.points()];
        plan.synthesis(&state, &mut values);
        let mut back = vec![0.0; state.len()];
        plan.analysis(&field, &mut back);
        let longitudes = plan.longitudes();
        let left: f64 = values
            .iter()
            .zip(&field)
            .enumerate()
            .map(|(p, (a, b))| a * b * plan.weights()[p / longitudes] / longitudes as f64)
            .sum();
        let right: f64 = state.iter().zip(&back).map(|(a, b)| a * b).sum();
        assert!(
            (left - right).abs() < 1e-12 * (1.0 + left.abs()),
            "degree {degree}: {left} {right}"
        );
    }
}

#[test]
fn low_harmonics_have_their_closed_forms() {
    let mut plan = SpherePlan::new(3, 6, 10);
    let check = |plan: &mut SpherePlan,
                 order: usize,
                 degree: usize,
                 sine: usize,
                 exact: &dyn Fn(f64, f64, f64) -> f64| {
        let mut state = vec![0.0; Domain::Sphere.length(3)];
        state[sphere_row(3, order) + 2 * (degree - order) + sine] = 1.0;
        let mut values = vec![0.0; plan.points()];
        plan.synthesis(&state, &mut values);
        for j in 0..6 {
            for i in 0..10 {
                let z = plan.cosines()[j];
                let (sin, cos) = (std::f64::consts::TAU * i as f64 / 10.0).sin_cos();
                let r = (1.0 - z * z).sqrt();
                let exact = exact(r * cos, r * sin, z);
                assert!(
                    (values[10 * j + i] - exact).abs() < 1e-14,
                    "{degree} {order} {sine}"
                );
            }
        }
    };
    check(&mut plan, 0, 1, 0, &|_, _, z| 3.0_f64.sqrt() * z);
    check(&mut plan, 1, 1, 0, &|x, _, _| 3.0_f64.sqrt() * x);
    check(&mut plan, 1, 1, 1, &|_, y, _| 3.0_f64.sqrt() * y);
    check(&mut plan, 1, 2, 1, &|_, y, z| 15.0_f64.sqrt() * y * z);
    check(&mut plan, 2, 2, 0, &|x, y, _| {
        15.0_f64.sqrt() * (x * x - y * y) / 2.0
    });
    check(&mut plan, 2, 3, 1, &|x, y, z| {
        (105.0_f64).sqrt() * x * y * z
    });
}

#[test]
fn a_point_mass_has_the_values_of_the_harmonics() {
    for x in [
        [0.0, 0.0, 1.0],
        [0.0, 0.0, -1.0],
        [0.6, 0.0, 0.8],
        [-0.48, 0.64, -0.6],
    ] {
        let y = at_point(&x, 40);
        // addition theorem: Σ_m Y_ℓm(x)² = 2ℓ + 1
        for (l, power) in Domain::Sphere.powers(&y).iter().enumerate() {
            assert!(
                (power - (2 * l + 1) as f64).abs() < 1e-11 * (2 * l + 1) as f64,
                "{x:?} ℓ {l}: {power}"
            );
        }
        let at = |l: usize, m: usize, sine: usize| y[sphere_row(40, m) + 2 * (l - m) + sine];
        assert!((at(2, 1, 1) - 15.0_f64.sqrt() * x[1] * x[2]).abs() < 1e-14);
        assert!((at(3, 2, 1) - 105.0_f64.sqrt() * x[0] * x[1] * x[2]).abs() < 1e-14);
    }
}

#[test]
fn gradient_and_weak_divergence_give_the_laplacian() {
    let degree = 20;
    let mut plan = SpherePlan::new(degree + 1, 32, 64);
    let state = coefficients(degree, 5);
    let mut g = vec![0.0; Domain::Sphere.length(degree + 1)];
    plan.meridional(&state, &mut g);
    let mut z = vec![LatitudePack::default(); plan.folded_length()];
    let (mut u, mut w) = (z.clone(), z.clone());
    plan.with_gradient(&state, &g, &mut z, &mut u, &mut w);
    let (cosines, _) = plan.blocks();
    let gradient = u.chunks_exact_mut(64).zip(w.chunks_exact_mut(64));
    for (cosines, (u, w)) in cosines.iter().zip(gradient) {
        for LatitudePack(parts) in u.iter_mut().chain(w) {
            for part in parts {
                (part.iter_mut().zip(cosines)).for_each(|(v, x)| *v /= (1.0 - x) * (1.0 + x));
            }
        }
    }
    let (mut a, mut b) = (g.clone(), g.clone());
    let mut weak = vec![0.0; state.len()];
    plan.weak_divergence(&mut u, &mut w, &mut a, &mut b, &mut weak);
    // ∫∇Y·∇f = ℓ(ℓ+1) c
    Domain::Sphere.for_each(degree, |entry, l| {
        let exact = (l * (l + 1)) as f64 * state[entry];
        assert!(
            (weak[entry] - exact).abs() < 1e-10,
            "ℓ {l}: {} {exact}",
            weak[entry]
        );
    });
}
