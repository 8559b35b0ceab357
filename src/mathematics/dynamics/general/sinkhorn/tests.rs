//! Tests of [`sinkhorn`](super).

use super::*;

fn solve(logits: &[f64], weights: &[f64]) -> (Vec<f64>, f64) {
    let n = weights.len();
    let symmetric = (0..n * n).all(|p| logits[p] == logits[p % n * n + p / n]);
    let mut balance = SinkhornScaling::new(n, 1, 1e-14);
    let error = balance.solve(0, weights, symmetric, |out| out.copy_from_slice(logits));
    (balance.weights(weights), error)
}

#[test]
fn both_sums_are_right_with_symmetric_and_other_logits_and_any_weights() {
    let n = 6;
    for asymmetry in [0.0, 1.3] {
        for weights in [vec![1.0 / 6.0; 6], vec![0.05, 0.1, 0.15, 0.2, 0.2, 0.3]] {
            let logits: Vec<f64> = (0..n * n)
                .map(|p| {
                    let (i, j) = ((p / n) as f64, (p % n) as f64);
                    3.0 * (i - j).cos() + asymmetry * (i * 1.7 + j * j).sin()
                })
                .collect();
            let (p, error) = solve(&logits, &weights);
            assert!(error <= 1e-14);
            for i in 0..n {
                let row: f64 = p[i * n..(i + 1) * n].iter().sum();
                let column: f64 = (0..n).map(|k| weights[k] * p[k * n + i]).sum();
                assert!((row - 1.0).abs() < 1e-13);
                assert!((column - weights[i]).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn two_equal_tokens_share_by_the_closed_form() {
    // K = [[1, k], [k, 1]]: p_12 = k/(1 + k)
    let k = (-0.7_f64).exp();
    let (p, _) = solve(&[0.0, -0.7, -0.7, 0.0], &[0.5, 0.5]);
    assert!((p[1] - k / (1.0 + k)).abs() < 1e-14);
}

/// Tokens x_i of ℝ³ and y_j, symmetric (x = y) or not, with logits as large as they come.
#[test]
fn sums_are_right_at_any_inverse_temperature() {
    use crate::sphere::random::{Stream, generator, unit};
    for (seed, n, beta, symmetric) in [
        (1, 20, 100.0, true),
        (2, 20, 100.0, false),
        (3, 7, 1e4, true),
        (4, 12, 3e3, false),
        (5, 3, 1e6, true),
        (6, 40, 300.0, false),
    ] {
        let mut rng = generator(seed, Stream::Tokens);
        let mut draw = || -> Vec<f64> { (0..3 * n).map(|_| 4.0 * unit(&mut rng) - 2.0).collect() };
        let x = draw();
        let y = if symmetric { x.clone() } else { draw() };
        let logits: Vec<f64> = (0..n * n)
            .map(|p| {
                let (i, j) = (p / n, p % n);
                beta * (0..3).map(|c| x[3 * i + c] * y[3 * j + c]).sum::<f64>()
            })
            .collect();
        let raw: Vec<f64> = (0..n).map(|_| 0.5 + unit(&mut rng)).collect();
        let total: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|w| w / total).collect();
        let mut scaling = SinkhornScaling::new(n, 1, 1e-12);
        // the second evaluation starts from the scalings of the first
        for _ in 0..2 {
            let error = scaling.solve(0, &weights, symmetric, |out| {
                out.copy_from_slice(&logits);
            });
            scaling.keep();
            assert!(error <= 1e-12, "n {n}, β {beta}: {error:e}");
        }
        let p = scaling.weights(&weights);
        for i in 0..n {
            let row: f64 = p[i * n..(i + 1) * n].iter().sum();
            let column: f64 = (0..n).map(|k| weights[k] * p[k * n + i]).sum();
            assert!((row - 1.0).abs() < 2e-12 && (column / weights[i] - 1.0).abs() < 2e-12);
        }
    }
}

#[test]
fn the_logarithms_agree_with_the_iteration_where_both_go() {
    let n = 9;
    let logits: Vec<f64> = (0..n * n)
        .map(|p| 5.0 * ((p / n) as f64 * 1.3 - (p % n) as f64 * 0.7).sin())
        .collect();
    let weights = vec![1.0 / n as f64; n];
    let (plain, _) = solve(&logits, &weights);
    let mut logarithms = LogScalings::default();
    assert!(logarithms.find(&logits, &weights, false));
    let mut kernel = logits.clone();
    logarithms.absorb(&mut kernel);
    for (p, k) in plain.iter().zip(&kernel) {
        assert!((p - k.exp() / n as f64).abs() < 1e-11, "{p} {k}");
    }
}

#[test]
fn a_kernel_that_is_shared_out_has_the_same_bits_on_any_number_of_threads() {
    use crate::machine::testing::on_threads;
    // more than one block, and a last one that is not full
    let n = 600;
    let weights: Vec<f64> = (0..n).map(|i| (1.0 + (i % 3) as f64) / 1200.0).collect();
    for symmetric in [false, true] {
        let logit = |i: usize, j: usize| {
            let (i, j) = if symmetric {
                (i.min(j), i.max(j))
            } else {
                (i, j)
            };
            3.0 * ((i * 31 + j * 17) as f64 * 0.7).sin()
        };
        let logits: Vec<f64> = (0..n * n).map(|k| logit(k / n, k % n)).collect();
        let solve = || {
            let mut scaling = SinkhornScaling::new(n, 1, 1e-12);
            let error = scaling.solve(0, &weights, symmetric, |out| out.copy_from_slice(&logits));
            (error, scaling.weights(&weights))
        };
        let (error, one) = on_threads(1, solve);
        assert!(error <= 1e-12, "{error}");
        let (_, two) = on_threads(2, solve);
        assert!(
            one.iter()
                .zip(&two)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
        // both sums, by the definition
        for i in 0..n {
            let row: f64 = one[i * n..(i + 1) * n].iter().sum();
            let column: f64 = (0..n).map(|k| weights[k] * one[k * n + i]).sum();
            assert!((row - 1.0).abs() < 1e-11 && (column / weights[i] - 1.0).abs() < 1e-11);
        }
    }
}
