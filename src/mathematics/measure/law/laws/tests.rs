//! Tests of [`laws`](super).

use super::*;
use crate::sphere::Domain;
use crate::sphere::geometry::{dot, norm};

fn circle_laws() -> Vec<Law> {
    vec![
        Law::Uniform,
        Law::Harmonics {
            cosine: vec![0.5, 0.2],
            sine: vec![0.0, 0.1, 0.1],
        },
        Law::VonMisesFisher {
            concentration: 3.0,
            mean: vec![0.6, 0.8],
        },
        Law::Poisson {
            weight: 0.4,
            axis: vec![0.0, -1.0],
        },
        Law::Clusters {
            count: 3,
            concentration: 20.0,
            masses: vec![0.5, 0.3, 0.2],
        },
        Law::Hemisphere,
    ]
}

#[test]
fn tokens_have_the_moments_of_their_law() {
    for law in circle_laws() {
        law.check(40_000, 2).unwrap();
        let tokens = law.sample(40_000, 2, 5);
        let (drawn, exact) = (
            tokens.moments(4),
            law.moments(Domain::Circle, 5, 4).unwrap(),
        );
        for k in 1..=4 {
            // four standard deviations of a mean of 40,000 unit vectors
            assert!(
                (drawn.get(k) - exact.get(k)).norm() < 4.0 / 200.0,
                "{law:?} k {k}"
            );
        }
    }
}

#[test]
fn the_same_seed_draws_the_same_tokens_and_another_seed_others() {
    for law in circle_laws() {
        assert_eq!(law.sample(9, 2, 1), law.sample(9, 2, 1));
        assert_ne!(law.sample(9, 2, 1), law.sample(9, 2, 2));
    }
}

#[test]
fn simplex_and_orthogonal_tokens_have_their_inner_products() {
    for (law, count, dimension, product) in [
        (Law::Simplex, 5, 4, -0.25),
        (Law::Simplex, 4, 7, -1.0 / 3.0),
        (Law::Orthogonal, 6, 9, 0.0),
    ] {
        law.check(count, dimension).unwrap();
        let tokens = law.sample(count, dimension, 0);
        for i in 0..count {
            for j in 0..i {
                assert!((dot(tokens.row(i), tokens.row(j)) - product).abs() < 1e-14);
            }
            assert!((norm(tokens.row(i)) - 1.0).abs() < 1e-14);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let negative = Law::Harmonics {
        cosine: vec![1.5],
        sine: vec![],
    };
    assert!(matches!(
        negative.check(4, 2),
        Err(LawError::Negative { .. })
    ));
    assert!(Law::Simplex.check(5, 3).is_err() && Law::Simplex.check(4, 3).is_ok());
    assert!(
        Law::Orthogonal
            .check(4, 3)
            .unwrap_err()
            .to_string()
            .contains("count ≤ 3")
    );
}

#[test]
fn a_poisson_kernel_on_the_sphere_leans_to_its_axis() {
    // d = 4: R = h(w) = (3w − w³)/2
    let tokens = Law::Poisson {
        weight: 0.5,
        axis: vec![0.0, 0.0, 0.0, 1.0],
    }
    .sample(40_000, 4, 3);
    assert!((tokens.mean()[3] - (1.5 - 0.125) / 2.0).abs() < 0.02);
}
