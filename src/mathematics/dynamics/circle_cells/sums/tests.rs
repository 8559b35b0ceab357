//! Tests of [`sums`](super).

use super::*;
use crate::dynamics::series::Series;
use crate::dynamics::{Attention, Normalisation};
use crate::measure::{Law, Particles};
use std::f64::consts::PI;

/// Tokens of unequal weights in several arrangements, the first with the edges of cells among them.
fn arrangements(count: usize) -> Vec<(&'static str, Particles)> {
    let drawn = Law::Uniform.sample(count, 2, 5).angles();
    let edges = [0.0, 0.5 * PI, PI, 1.5 * PI, TAU / 128.0, PI / 256.0, -1e-17];
    let mut anywhere = drawn.clone();
    if count > 500 {
        anywhere[..edges.len()].copy_from_slice(&edges);
    }
    let mut in_order = drawn.clone();
    in_order.sort_by(f64::total_cmp);
    let near = drawn.iter().map(|angle| 5.0 + 1e-9 * angle).collect();
    let antipodal = |i: usize| if i.is_multiple_of(2) { 1.0 } else { 1.0 + PI };
    let lists = [
        ("anywhere", anywhere),
        ("in order", in_order),
        ("identical", vec![2.0; count]),
        ("near", near),
        ("antipodal", (0..count).map(antipodal).collect()),
    ];
    let weights: Vec<f64> = (0..count).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect();
    let rows = |list: &[f64]| list.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
    lists
        .map(|(name, list)| (name, Particles::weighted(2, rows(&list), weights.clone())))
        .into()
}

#[test]
fn agrees_with_the_series_at_every_beta_in_every_arrangement() {
    for beta in [0.0, 0.5, 4.0, 9.0, 64.0, 1e4] {
        for count in [1, 2, 1000, 70_000] {
            for (name, tokens) in arrangements(count) {
                compare(
                    &Kernel::new(2, beta),
                    &tokens,
                    &format!("β {beta} n {count} {name}"),
                );
            }
        }
    }
}

fn compare(kernel: &Kernel, tokens: &Particles, case: &str) {
    let (count, w) = (tokens.count(), &tokens.weights);
    let (mut slow, mut fast) = (vec![0.0; count], vec![0.0; count]);
    let (mut z_slow, mut z_fast) = (vec![0.0; count], vec![0.0; count]);
    let rows = &tokens.positions;
    Series::new(kernel).evaluate(kernel, rows, w, &mut slow, &mut z_slow);
    let angles: Vec<f64> = (tokens.rows().enumerate())
        .map(|(i, x)| x[1].atan2(x[0]) + TAU * ((i % 5) as f64 - 2.0))
        .collect();
    let (mut slope, mut z) = (vec![0.0; count], vec![0.0; count]);
    let mut rates = slope.clone();
    let mut binned = CellSums::new(kernel, w);
    for _ in 0..2 {
        let places = TokenCoordinates::Vectors(rows);
        binned.evaluate(places, w, &mut fast, &mut z_fast);
    }
    let places = TokenCoordinates::Angles(&angles);
    binned.evaluate(places, w, &mut slope, &mut z);
    let mut transport = Transport::new(Attention::new(0.0, Normalisation::Softmax));
    transport.scale = 2.0;
    let least = binned.rates(&angles, w, transport, &mut rates);
    assert_eq!(least, z.iter().copied().fold(f64::INFINITY, f64::min));
    let (mut plain, mut over) = (0.0, 0.0);
    for (((rate, slope), z), w) in rates.iter().zip(&slope).zip(&z).zip(w) {
        assert_eq!(*rate, 2.0 * slope / z, "{case}");
        plain += w * slope * slope;
        over += w * slope * slope * 3.0 / z;
    }
    for (growth, sum) in [(None, plain), (Some(3.0), over)] {
        let found = binned.dissipation(&angles, w, growth);
        assert!((found - sum).abs() <= 1e-13 * sum, "{case}: {found} {sum}");
    }
    // an angle of several turns is known to 2e-15 only, and the slope may be as large as √β
    for (a, b) in slow.iter().zip(&slope).chain(z_slow.iter().zip(&z)) {
        let allowed = 6e-15 * (1.0 + kernel.beta.sqrt());
        assert!((a - b).abs() < allowed, "{case}: {:e}", a - b);
    }
    for (a, b) in slow.iter().zip(&fast).chain(z_slow.iter().zip(&z_fast)) {
        let allowed = 4e-15 * (1.0 + kernel.degree() as f64 / 50.0);
        assert!((a - b).abs() < allowed, "{case}: {:e}", a - b);
    }
}

#[test]
fn moments_by_cells_are_the_moments() {
    for (count, degree) in [(1, 3), (5000, 86), (100_000, 300)] {
        for (name, tokens) in arrangements(count) {
            let (slow, angles) = (tokens.moments(degree), tokens.angles());
            let mut binned = CellMomentsOfTokens::new(degree, count);
            let fast = binned.of(&angles, &tokens.weights, None);
            for (k, m) in fast.iter().enumerate() {
                let off = (m - slow.get(k)).norm();
                // near 2π an angle is known to 4e-16, of all tokens alike where they are together
                let allowed = 4e-15 + 5e-16 * k as f64;
                assert!(off < allowed, "{name} n {count} k {k}: {off:e}");
            }
            let alike = vec![1.0 / count as f64; count];
            let one = binned.of(&angles, &alike, None);
            let other = binned.of(&angles, &alike, Some(alike[0]));
            // what a sum of so many equal terms loses
            let allowed = 1e-15 + 1e-17 * count as f64;
            assert!(
                one.iter()
                    .zip(&other)
                    .all(|(a, b)| (a - b).norm() < allowed)
            );
        }
    }
}

#[test]
fn has_the_same_bits_with_any_number_of_threads() {
    let tokens = Law::Uniform.sample(200_000, 2, 1);
    let kernel = Kernel::new(2, 9.0);
    let with = |threads| {
        crate::machine::testing::on_threads(threads, || {
            let (mut slope, mut z) = (vec![0.0; 200_000], vec![0.0; 200_000]);
            let mut binned = CellSums::new(&kernel, &tokens.weights);
            binned.evaluate(
                TokenCoordinates::Vectors(&tokens.positions),
                &tokens.weights,
                &mut slope,
                &mut z,
            );
            (slope, z)
        })
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(3));
}
