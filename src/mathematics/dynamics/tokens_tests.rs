//! The paths of the tokens' drift against each other: the project's main test.

use super::{Attention, Normalisation, TokenDynamics};
use crate::dynamics::dispatch::Path;
use crate::measure::{Law, Particles};
use crate::sphere::geometry::dot;

fn systems() -> [Normalisation; 2] {
    [Normalisation::Softmax, Normalisation::None]
}

#[test]
fn spectral_and_direct_drift_agree_at_the_tokens_up_to_beta_64() {
    for normalisation in systems() {
        for beta in [0.0, 0.1, 1.0, 4.0, 9.0, 25.0, 64.0] {
            for (count, dimension) in [
                (1, 2),
                (2, 2),
                (33, 2),
                (400, 2),
                (3000, 2),
                (5000, 2),
                (1, 3),
                (2, 3),
                (70, 3),
                (3000, 3),
            ] {
                let tokens = Law::Uniform.sample(count, dimension, 3);
                both_paths(Attention::new(beta, normalisation), &tokens);
            }
        }
    }
}

#[test]
fn both_drifts_of_identical_and_antipodal_tokens_agree() {
    for normalisation in systems() {
        for beta in [0.0, 1.0, 9.0, 64.0] {
            for (count, dimension) in [(2, 2), (400, 2), (5000, 2), (2, 3), (3000, 3)] {
                for sign in [1.0, -1.0] {
                    let mut tokens = Law::Uniform.sample(count, dimension, 3);
                    let first = tokens.row(0).to_vec();
                    // of four hundred one stays where it is, and moves
                    let moved = if count == 400 { 399 } else { count };
                    let rows = tokens.positions.chunks_exact_mut(dimension);
                    for (i, row) in rows.enumerate().take(moved) {
                        let sign = if i % 2 == 0 { 1.0 } else { sign };
                        row.iter_mut().zip(&first).for_each(|(x, a)| *x = sign * a);
                    }
                    both_paths(Attention::new(beta, normalisation), &tokens);
                }
            }
        }
    }
    // a series of two thousand degrees: not one token to which all others are far
    for (count, place) in [(20_000, 0.0), (20_000, std::f64::consts::PI)] {
        let angle = |i: usize| 1.0 + place * (i % 2) as f64;
        let rows = (0..count).flat_map(|i| [f64::cos(angle(i)), f64::sin(angle(i))]);
        let tokens = Particles::new(2, rows.collect());
        both_paths(Attention::new(1e4, Normalisation::Softmax), &tokens);
    }
}

fn both_paths(attention: Attention, tokens: &Particles) {
    let mut dynamics = TokenDynamics::new(attention, tokens);
    let nothing = vec![f64::NAN; tokens.positions.len()];
    let (mut direct, mut spectral) = (nothing.clone(), nothing);
    dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
    let potential = dynamics.potential.clone();
    dynamics.drift_by(Path::Spectral, &tokens.positions, &mut spectral);
    for (a, b) in potential.iter().zip(&dynamics.potential) {
        // the inner products are rounded, and β multiplies that
        let allowed = 1e-13 + 2e-16 * attention.beta;
        assert!((a - b).abs() < allowed, "{attention:?}: {a} {b}");
    }
    // USA is measured against e^β, the scale of its weights
    let scale = attention.speed();
    for (a, b) in direct.iter().zip(&spectral) {
        assert!(
            (a - b).abs() < 1e-11 * scale,
            "{attention:?} n {} d {}: {:e}",
            tokens.count(),
            tokens.dimension(),
            a - b
        );
    }
}

#[test]
fn few_tokens_in_one_pass_move_as_by_normalising_summing_and_projecting() {
    for normalisation in systems() {
        // (USA) has the factor e^β, which is not a number any more at 10⁴
        let steep = [600.0, 1e4][usize::from(normalisation.sums_to_one())];
        for beta in [0.0, 1.0, 9.0, steep, -3.0] {
            for dimension in [5, 8, 16, 33, 64, 65, 130] {
                for count in [1, 2, 7, 31, 32, 33, 64, 65] {
                    let mut tokens = Law::Uniform.sample(count, dimension, 3);
                    if count > 30 {
                        // identical and antipodal tokens, and rows of another length than one
                        let rows = &mut tokens.positions;
                        rows.copy_within(..dimension, dimension);
                        for c in 0..dimension {
                            rows[5 * dimension + c] = -rows[c];
                            rows[7 * dimension + c] *= 1.25;
                        }
                    }
                    let attention = Attention::new(beta, normalisation);
                    let mut dynamics = TokenDynamics::new(attention, &tokens);
                    let mut few = vec![0.0; dimension * count];
                    let mut direct = few.clone();
                    dynamics.drift(&tokens.positions, &mut few);
                    let potential = dynamics.potential.clone();
                    dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
                    // rounding of the inner products, which β multiplies
                    let allowed = 4e-15 * (1.0 + beta.abs());
                    for (a, b) in potential.iter().zip(&dynamics.potential) {
                        assert!((a / b - 1.0).abs() < allowed, "{a} {b}");
                    }
                    for (a, b) in few.iter().zip(&direct) {
                        assert!(
                            (a - b).abs() < allowed * attention.speed().max(1.0),
                            "{normalisation:?} β {beta} n {count} d {dimension}: {a} {b}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn rates_of_angles_are_the_drift_of_vectors_also_where_the_series_has_no_digits() {
    let mut tokens = Law::Uniform.sample(5000, 2, 4);
    for (normalisation, beta) in [
        (Normalisation::Softmax, 4.0),
        (Normalisation::None, 9.0),
        (Normalisation::Softmax, 0.0),
        (Normalisation::Softmax, 64.0),
    ] {
        if beta == 64.0 {
            // one far from all others, and light: Z there is 1e-7
            let mut weights = vec![1.0; 5000];
            weights[0] = 5e-4;
            tokens = Particles::weighted(2, tokens.positions, weights);
            for x in tokens.positions.chunks_exact_mut(2).skip(1) {
                x.copy_from_slice(&[1.0, 0.0]);
            }
            tokens.positions[..2].copy_from_slice(&[-0.8, 0.6]);
        }
        let attention = Attention::new(beta, normalisation);
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        dynamics.set_frequencies((0..5000).map(|i| f64::from(i % 7)).collect());
        assert!(dynamics.by_angles());
        let (mut drift, mut rates) = (vec![0.0; 10_000], vec![0.0; 5000]);
        dynamics.drift(&tokens.positions, &mut drift);
        dynamics.rates(&tokens.angles(), &mut rates);
        assert_eq!(dynamics.fallbacks, if beta == 64.0 { 2 } else { 0 });
        for ((x, v), rate) in tokens.rows().zip(drift.chunks_exact(2)).zip(&rates) {
            let turn = x[0] * v[1] - x[1] * v[0];
            assert!(
                (turn - rate).abs() < 2e-13 * attention.speed(),
                "{turn} {rate}"
            );
        }
    }
}

#[test]
fn a_lonely_token_far_from_the_rest_sends_the_series_back_to_all_pairs() {
    // One token of mass 1e-7 opposite to all the others: Z e^{−β} there is 1e-7, the series has lost 8 digits.
    let mut positions: Vec<f64> = (0..400)
        .flat_map(|i| [(f64::from(i) * 1e-4).cos(), (f64::from(i) * 1e-4).sin()])
        .collect();
    positions.extend([-1.0_f64, 0.0]);
    let mut weights = vec![1.0; 400];
    weights.push(4e-5);
    let tokens = Particles::weighted(2, positions, weights);
    let attention = Attention::new(64.0, Normalisation::Softmax);
    let mut dynamics = TokenDynamics::new(attention, &tokens);
    assert_eq!(dynamics.preferred(), Path::Spectral);
    let (mut chosen, mut direct) = (vec![0.0; 802], vec![0.0; 802]);
    dynamics.drift(&tokens.positions, &mut chosen);
    assert_eq!(dynamics.fallbacks, 1);
    dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
    // the lonely one exactly, the others as the series has them
    assert_eq!(dynamics.potential.len(), 401);
    for (a, b) in chosen.iter().zip(&direct) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}

#[test]
fn the_drift_is_tangent_and_turns_with_the_tokens() {
    let tokens = Law::Uniform.sample(20, 3, 9);
    let attention = Attention::new(2.0, Normalisation::Softmax);
    let mut dynamics = TokenDynamics::new(attention, &tokens);
    let mut drift = vec![0.0; 60];
    dynamics.drift(&tokens.positions, &mut drift);
    for (v, x) in drift.chunks_exact(3).zip(tokens.rows()) {
        assert!(dot(v, x).abs() < 1e-15);
    }
    // a rotation about the first axis and a reflection of it
    let (sin, cos) = 0.7_f64.sin_cos();
    let turn = |rows: &[f64]| -> Vec<f64> {
        rows.chunks_exact(3)
            .flat_map(|x| [-x[0], cos * x[1] - sin * x[2], sin * x[1] + cos * x[2]])
            .collect()
    };
    let mut turned = vec![0.0; 60];
    dynamics.drift(&turn(&tokens.positions), &mut turned);
    for (a, b) in turned.iter().zip(turn(&drift)) {
        assert!((a - b).abs() < 1e-14);
    }
}

#[test]
fn extreme_temperatures_identical_and_antipodal_tokens_are_finite() {
    for beta in [0.0, 1e4] {
        let same = Particles::new(2, [1.0, 0.0].repeat(500));
        let opposite = Particles::new(3, vec![0.0, 0.0, 1.0, 0.0, 0.0, -1.0]);
        for tokens in [same, opposite] {
            let attention = Attention::new(beta, Normalisation::Softmax);
            let mut drift = vec![1.0; tokens.positions.len()];
            TokenDynamics::new(attention, &tokens).drift(&tokens.positions, &mut drift);
            assert!(drift.iter().all(|v| v.abs() < 1e-12), "β {beta}");
        }
    }
}
