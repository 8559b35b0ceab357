//! Harmonics at points against the transforms of the grid, and their bits on any number of threads.

use super::*;
use crate::sphere::SpherePlan;
use crate::sphere::random::{Stream, generator, uniform};

fn points(count: usize) -> Vec<f64> {
    let mut rng = generator(3, Stream::Tokens);
    let mut rows = vec![0.0; 3 * count];
    rows.chunks_exact_mut(3).for_each(|x| uniform(&mut rng, x));
    rows[..3].copy_from_slice(&[0.0, 0.0, -1.0]);
    rows
}

/// A point of a grid.
fn grid_point(plan: &SpherePlan, p: usize) -> [f64; 3] {
    let z = plan.cosines()[p / plan.longitudes()];
    let longitude = (p % plan.longitudes()) as f64 / plan.longitudes() as f64;
    let (sin, cos) = (std::f64::consts::TAU * longitude).sin_cos();
    let r = ((1.0 - z) * (1.0 + z)).sqrt();
    [r * cos, r * sin, z]
}

#[test]
fn moments_are_sums_of_harmonics_at_the_points() {
    let rows = points(70);
    let weights: Vec<f64> = (0..70).map(|i| 1.0 + f64::from(i)).collect();
    let harmonics = Harmonics::new(60);
    let mut moments = vec![0.0; Domain::Sphere.length(60)];
    harmonics.moments(&rows, &weights, &mut moments);
    // Σ_i w_i Σ c Y(x_i) = Σ c moments for every series, which a transform evaluates at points of its grid
    let mut plan = SpherePlan::new(60, 24, 122);
    let mut values = vec![0.0; plan.points()];
    let at = [0, 7, 1000, 2927];
    let rows: Vec<f64> = at.iter().flat_map(|p| grid_point(&plan, *p)).collect();
    harmonics.moments(&rows, &weights[..4], &mut moments);
    for entry in (0..moments.len()).filter(|entry| *entry > 122 || entry % 2 == 0) {
        let mut state = vec![0.0; moments.len()];
        state[entry] = 1.0;
        plan.synthesis(&state, &mut values);
        let exact: f64 = at.iter().zip(&weights).map(|(p, w)| w * values[*p]).sum();
        assert!((moments[entry] - exact).abs() < 1e-10, "{entry}: {exact}");
    }
}

#[test]
fn a_series_at_a_grid_point_is_the_synthesis_and_its_gradient_the_derivative() {
    let degree = 40;
    let state: Vec<f64> = (0..Domain::Sphere.length(degree))
        .map(|j| {
            if j < 2 * (degree + 1) && j % 2 == 1 {
                0.0
            } else {
                (j as f64 * 0.37).sin() / 50.0
            }
        })
        .collect();
    let mut plan = SpherePlan::new(degree + 1, 48, 96);
    let mut g = vec![0.0; Domain::Sphere.length(degree + 1)];
    plan.meridional(&state, &mut g);
    let count = plan.points();
    let mut folded = [(); 3].map(|()| {
        vec![crate::machine::fft::batched::LatitudePack::default(); plan.folded_length()]
    });
    let [f, along, around] = &mut folded;
    plan.with_gradient(&state, &g, f, along, around);
    let [f, along, around] = folded.map(|folded| {
        let mut values = vec![0.0; count];
        plan.unfold(&folded, &mut values);
        values
    });
    let rows: Vec<f64> = (0..count).flat_map(|p| grid_point(&plan, p)).collect();
    let (mut values, mut gradient) = (vec![0.0; count], vec![0.0; 3 * count]);
    let harmonics = Harmonics::new(degree);
    harmonics.evaluate(&state, &rows, &mut values, &mut gradient);
    for p in 0..count {
        assert!((values[p] - f[p]).abs() < 1e-13);
        let (x, g) = (&rows[3 * p..3 * p + 3], &gradient[3 * p..3 * p + 3]);
        let around_here = x[0] * g[1] - x[1] * g[0];
        assert!((around_here - around[p]).abs() < 1e-12);
        // (1−x_3²)∂_{x_3} along the meridian = e_3·∇_tangent
        let inward = x[0] * g[0] + x[1] * g[1] + x[2] * g[2];
        assert!((g[2] - inward * x[2] - along[p]).abs() < 1e-12);
    }
}

#[test]
fn moments_have_the_same_bits_whether_or_not_their_orders_are_shared_out() {
    for (count, degree) in [(1000, 40), (257, 61), (5, 300), (1024, 3)] {
        let (rows, harmonics) = (points(count), Harmonics::new(degree));
        let weights: Vec<f64> = (0..count).map(|i| 1.0 / (1.0 + i as f64)).collect();
        let length = Domain::Sphere.length(degree);
        let mut whole = vec![0.0; length];
        harmonics.group_moments(&rows, &weights, 0..degree + 1, &mut whole);
        for parts in [1, 2, 4, 7] {
            let mut state = vec![f64::NAN; length];
            harmonics.each_part(parts, &mut state, &|orders, state| {
                harmonics.group_moments(&rows, &weights, orders, state);
            });
            assert_eq!(state, whole, "{count} points, {parts} parts");
        }
        let mut state = vec![f64::NAN; length];
        harmonics.moments(&rows, &weights, &mut state);
        assert_eq!(state, whole);
    }
}

#[test]
fn the_laplacian_beside_the_gradient_is_the_series_with_its_factors_to_the_bit() {
    let (degree, count) = (40, 70);
    let (harmonics, rows) = (Harmonics::new(degree), points(count));
    let state: Vec<f64> = (0..Domain::Sphere.length(degree))
        .map(|j| (j as f64 * 0.37).sin() / 50.0)
        .collect();
    let (mut values, mut gradient) = (vec![0.0; count], vec![0.0; 3 * count]);
    harmonics.evaluate(&state, &rows, &mut values, &mut gradient);
    let (mut same, mut along) = (vec![0.0; count], vec![0.0; 3 * count]);
    let mut laplacian = vec![0.0; count];
    let out = (
        same.as_mut_slice(),
        along.as_mut_slice(),
        laplacian.as_mut_slice(),
    );
    harmonics.with_laplacian(&state, &rows, out);
    assert_eq!((same, along), (values, gradient));
    let mut curved = state.clone();
    Domain::Sphere.for_each(degree, |entry, l| {
        curved[entry] *= -Domain::Sphere.laplacian(l);
    });
    let mut exact = vec![0.0; count];
    harmonics.evaluate(&curved, &rows, &mut exact, &mut vec![0.0; 3 * count]);
    assert_eq!(laplacian, exact);
}
