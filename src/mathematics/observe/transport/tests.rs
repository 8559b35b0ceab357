//! Tests of [`transport`](super).

use super::*;
use crate::machine::testing::on_threads;
use crate::measure::Law;
use crate::sphere::Domain;

#[test]
fn one_token_is_a_quarter_turn_from_the_uniform_law_and_n_equispaced_ones_a_quarter_step() {
    let uniform = Density::from_law(&Law::Uniform, Domain::Circle, 0, 0.0, 32).unwrap();
    for n in [1_usize, 2, 5, 64] {
        let share = 1.0 / n as f64;
        let tokens = (0..n)
            .map(|j| (0.01 + TAU * share * j as f64, share))
            .collect();
        let distance = wasserstein(&Sorted::of(tokens), &uniform);
        assert!(
            (distance - TAU / (4.0 * n as f64)).abs() < 1e-13,
            "n {n}: {distance}"
        );
    }
}

/// Every piece of the circle, and the median by bisection among all of them: the slow reference.
fn by_all_pieces(tokens: &Sorted, cumulative: &Cumulative) -> f64 {
    let all = 0..cumulative.cells();
    let cells = stripe(tokens, cumulative, all, 0..tokens.places.len(), 0.0);
    let mut spans = Vec::new();
    for cell in &cells {
        cell.each_piece(tokens, cumulative, |span| spans.push(span));
    }
    let enough = |c: f64| spans.iter().map(|span| below(*span, c)).sum::<f64>() < 0.5 * TAU;
    let (low, high) = bisect(BISECTIONS, (-1.0, 1.0), enough);
    let level = 0.5 * (low + high);
    (cells.iter())
        .map(|cell| cell.area_by_pieces(tokens, cumulative, level))
        .sum()
}

fn law() -> Law {
    Law::VonMisesFisher {
        concentration: 1.5,
        mean: vec![0.6, 0.8],
    }
}

/// Tokens of that law, a share of them in one place.
fn tokens(count: usize, equal: bool, together: usize) -> Sorted {
    let weight = |i: usize| if equal { 1.0 } else { 1.0 + (i % 3) as f64 };
    let mut tokens: Vec<(f64, f64)> = (law().sample(count, 2, 5).angles().iter().enumerate())
        .map(|(i, angle)| (if i < together { 3.0 } else { *angle }, weight(i)))
        .collect();
    let whole: f64 = tokens.iter().map(|token| token.1).sum();
    tokens.iter_mut().for_each(|token| token.1 /= whole);
    let mut sorted = Sorted::of(tokens);
    if equal {
        sorted.masses = Masses::Equal(1.0 / count as f64);
    }
    sorted
}

#[test]
fn whole_cells_give_what_all_pieces_give_on_any_number_of_threads() {
    let density = Density::from_law(&law(), Domain::Circle, 0, 0.0, 40).unwrap();
    let cumulative = Cumulative::of_density(&density);
    for count in [1, 2, 7, 300, 5000, 40_000] {
        for (equal, together) in [(true, 0), (false, count / 5), (true, count)] {
            let tokens = tokens(count, equal, together);
            let exact = by_all_pieces(&tokens, &cumulative);
            let found = [1, 3].map(|n| on_threads(n, || wasserstein(&tokens, &density)));
            assert_eq!(found[0], found[1]);
            assert!(
                (found[0] - exact).abs() < 1e-12,
                "{count} {together}: {} {exact}",
                found[0]
            );
        }
    }
}

#[test]
fn a_line_may_begin_anywhere_stand_still_and_jump() {
    for start in [-2.0_f64, -TAU, -4e-16, -1e-17, 0.0, 1.0, 6.0, TAU, 9.0] {
        // half of the mass on an arc, the rest at its end
        let line = [
            (start, 0.0),
            (start + 1.0, 0.0),
            (start + 3.0, 0.5),
            (start + 3.0, 1.0),
            (start + TAU, 1.0),
        ];
        for count in [1, 500, 40_000] {
            let tokens = tokens(count, count != 500, count / 3);
            let turned = (tokens.places.iter().enumerate())
                .map(|(i, at)| {
                    let turns = ((at - start) / TAU).floor();
                    (at - TAU * turns, tokens.mass(i))
                })
                .collect();
            let slow = by_all_pieces(&Sorted::of(turned), &Cumulative::of_line(&line));
            let fast = [1, 3].map(|n| on_threads(n, || wasserstein_to_line(&tokens, &line)));
            assert_eq!(fast[0], fast[1]);
            assert!(
                (fast[0] - slow).abs() < 1e-12,
                "{start} {count}: {fast:?} {slow}"
            );
        }
    }
}

#[test]
fn turning_both_sides_changes_nothing() {
    let law = |turn: f64| Law::VonMisesFisher {
        concentration: 2.0,
        mean: vec![turn.cos(), turn.sin()],
    };
    let at = |turn: f64| {
        let tokens = [0.1_f64, 0.9, 2.0, 5.5].map(|t| (wrap(t + turn), 0.25));
        wasserstein(
            &Sorted::of(tokens.to_vec()),
            &Density::from_law(&law(turn), Domain::Circle, 0, 0.0, 64).unwrap(),
        )
    };
    assert!((at(0.0) - at(2.345)).abs() < 1e-10);
}
