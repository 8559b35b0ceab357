//! Tests of [`general`](super).

use super::*;
use crate::dynamics::system::{Activation, Mask, Perceptron};
use crate::dynamics::{Normalisation, definition};
use crate::measure::Law;
use crate::measure::Particles;
use crate::sphere::random::{Stream, generator, unit};

/// Heads, masks, weights and a perceptron of every kind, tokens of unequal weights.
#[test]
fn the_output_of_every_kind_of_attention_is_that_of_the_definition() {
    let (n, d) = (11, 3);
    let mut rng = generator(8, Stream::Tokens);
    let mut matrix =
        |count: usize| -> Vec<f64> { (0..count).map(|_| 2.0 * unit(&mut rng) - 1.0).collect() };
    let heads: Vec<Head> = (0..2)
        .map(|_| Head {
            query_key: matrix(d * d),
            value: matrix(d * d),
        })
        .collect();
    let perceptron = Perceptron {
        activation: Activation::Gelu,
        inner: matrix(5 * d),
        bias: matrix(5),
        outer: matrix(5 * d),
    };
    let drawn = Law::Uniform.sample(n, d, 3).positions;
    let weights = (0..n).map(|i| 1.0 + 0.1 * i as f64).collect();
    let tokens = Particles::weighted(d, drawn, weights);
    let kinds = [
        Normalisation::Softmax,
        Normalisation::None,
        Normalisation::Hardmax { tie: 1e-9 },
        Normalisation::Sinkhorn { tolerance: 1e-14 },
    ];
    for normalisation in kinds {
        for mask in [Mask::None, Mask::Causal] {
            let doubly = normalisation.is_doubly_stochastic();
            if doubly && mask == Mask::Causal {
                continue;
            }
            for perceptron in [None, Some(perceptron.clone())] {
                let system = System {
                    heads: heads.clone(),
                    mask,
                    perceptron,
                    ..System::plain()
                };
                let attention = Attention::new(1.7, normalisation);
                let mut general = General::new(&system, attention, d, &tokens.weights);
                general.find_evaluation_points(&tokens.positions);
                general.attend();
                general.add_perceptron();
                let expected = definition::output(&system, attention, &tokens, 3000);
                for (a, b) in general.output.iter().zip(expected) {
                    assert!((a - b).abs() < 1e-12, "{normalisation:?} {mask:?}: {a} {b}");
                }
            }
        }
    }
}
