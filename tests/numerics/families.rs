//! Families of runs against what is known exactly of them: two tokens, distances at the start, fluctuations, the curve Γ.

use std::path::Path;

use metastable::experiment::read::read_text;
use metastable::sweep::predicted::{mean_distance_bound, squared_discrepancy, transition_time};
use metastable::sweep::statistics::Running;
use metastable::sweep::{CellResult, Plan, cell};
use metastable::{Attention, Normalisation};

fn plan(text: &str) -> Plan {
    let experiment =
        read_text("e.toml", Path::new(""), text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Plan::new(&experiment).unwrap().unwrap()
}

fn results(plan: &Plan) -> Vec<CellResult> {
    (0..plan.spec.cells())
        .map(|number| cell::run(plan, number, &|| (), &|| false).unwrap())
        .collect()
}

/// Between two tokens of (SA), c' = 2e^{βc}(1−c²)/(e^β+e^{βc}): the time from one cosine to another, by the midpoint rule in φ, c = cos φ.
fn time_between(beta: f64, from: f64, to: f64) -> f64 {
    let (start, end) = (from.acos(), to.acos());
    let pieces = 20_000;
    let h = (start - end) / f64::from(pieces);
    (0..pieces)
        .map(|j| {
            let phi = end + h * (f64::from(j) + 0.5);
            let c = phi.cos();
            // −φ' = c'/sin φ
            h * ((beta * (1.0 - c)).exp() + 1.0) / (2.0 * phi.sin())
        })
        .sum()
}

/// The cosine from which two tokens need this time to come to 1 − δ.
fn start_that_arrives(beta: f64, time: f64, delta: f64) -> f64 {
    let (mut low, mut high) = (-1.0 + 1e-12, 1.0 - delta);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if time_between(beta, middle, 1.0 - delta) > time {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[test]
fn two_tokens_are_near_as_often_as_their_equation_says() {
    // with 4·10⁵ realisations, a minute, it holds as well;
    // the motion is monotone in the start, and the angle between two uniform tokens of the circle is uniform in [0, π]
    let delta = 1e-3;
    for (beta, times) in [(1.0, [1.0, 2.0, 3.0]), (4.0, [2.0, 4.0, 12.0])] {
        let frames = 13;
        let text = format!(
            "[tokens]\ncount = 2\ndimension = 2\nseed = 11\n[attention]\nbeta = {beta:?}\n[time]\nend = 12.0\nframes = {frames}\ntolerance = 1e-6\n[sweep]\nrealisations = 60000\nobservables = [\"tokens_near\"]\nstatistics = [\"mean\", \"standard_error\"]\n"
        );
        let plan = plan(&text);
        let found = &results(&plan)[0].series[0];
        for time in times {
            let frame = plan
                .times()
                .unwrap()
                .iter()
                .position(|t| *t == time)
                .unwrap();
            let start = start_that_arrives(beta, time, delta);
            let expected = start.acos() / std::f64::consts::PI;
            let error = (expected * (1.0 - expected) / 6e4_f64).sqrt();
            let (mean, own) = (found.mean[frame], found.standard_error[frame]);
            assert_eq!(found.count[frame], 60_000);
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "β {beta} t {time}: {mean} ± {own}, exactly {expected}"
            );
            assert!((own / error - 1.0).abs() < 0.03);
        }
    }
}

#[test]
fn distances_of_uniform_tokens_start_with_the_known_mean_square() {
    for (dimension, count) in [(2, 50), (3, 50)] {
        let text = format!(
            "[tokens]\ncount = {count}\ndimension = {dimension}\n[attention]\nbeta = 4.0\n[time]\nend = 1e-3\nframes = 2\n[sweep]\nrealisations = 500\nobservables = [\"discrepancy\"]\nframes = \"last\"\n"
        );
        let plan = plan(&text);
        let found = &results(&plan)[0].series[0];
        // E x² = mean² + variance
        let runs = found.count[0] as f64;
        let variance = found.standard_error[0].powi(2) * (runs - 1.0);
        let square = found.mean[0].powi(2) + variance;
        let expected = squared_discrepancy(&plan.base, f64::from(count), 1e-3);
        // x² is a sum of squares of Gaussians: its relative deviation is below √2
        let error = expected * (2.0 / runs).sqrt();
        assert!(
            (square - expected).abs() < 4.0 * error,
            "d {dimension}: {square} {expected} ± {error}"
        );
    }
}

#[test]
fn distances_fall_with_the_root_of_n_and_grow_as_the_linear_theory_says() {
    let text = "[tokens]\ncount = 64\ndimension = 2\n[attention]\nbeta = 4.0\n[time]\nend = 1.0\nframes = 2\ntolerance = 1e-7\n[sweep]\nrealisations = 100\nobservables = [\"discrepancy\", \"wasserstein\"]\nframes = \"last\"\n[[sweep.axis]]\nkey = \"tokens.count\"\nvalues = [512, 2048]\n";
    let plan = plan(text);
    let found = results(&plan);
    let square = |cell: &CellResult| {
        let series = &cell.series[0];
        series.mean[0].powi(2) + series.standard_error[0].powi(2) * (series.count[0] as f64 - 1.0)
    };
    for (cell, count) in found.iter().zip([512.0, 2048.0]) {
        let expected = squared_discrepancy(&plan.base, count, 1.0);
        let error = expected * (2.0 / 100.0_f64).sqrt();
        assert!(
            (square(cell) - expected).abs() < 4.0 * error,
            "n {count}: {} {expected}",
            square(cell)
        );
        // the median in place of the mean takes a few per cent off
        let (bound, w) = (mean_distance_bound(&plan.base, count, 1.0), &cell.series[1]);
        let (mean, error) = (w.mean[0], w.standard_error[0]);
        assert!(
            mean < bound + 4.0 * error && mean > 0.9 * bound - 4.0 * error,
            "n {count}: W₁ {mean} ± {error}, at most {bound}"
        );
    }
}

#[test]
fn above_the_threshold_moments_fluctuate_as_much_as_the_linear_theory_says() {
    // (USA): n E|m_k|² = 1/(1 − I_k/(βD)); β = 1, D = 1: I_1(1) = 0.565159…, I_2(1) = 0.135748…
    let text = "[tokens]\ncount = 100\ndimension = 2\nseed = 5\n[attention]\nbeta = 1.0\nnormalisation = \"none\"\n[noise]\ndiffusion = 1.0\nstep = 0.1\n[time]\nend = 5.0\nframes = 2\n[sweep]\nrealisations = 1000\nobservables = [\"tokens_order_1\", \"tokens_order_2\"]\nframes = \"last\"\n";
    let found = &results(&plan(text))[0].series;
    for (series, bessel) in found
        .iter()
        .zip([0.565_159_103_992_485, 0.135_747_669_767_038])
    {
        let runs = series.count[0] as f64;
        let square = series.mean[0].powi(2) + series.standard_error[0].powi(2) * (runs - 1.0);
        let (measured, expected) = (100.0 * square, 1.0 / (1.0 - bessel));
        // exponential: its deviation is its mean; and a bias of O(1/n) and of the step
        let error = expected / runs.sqrt();
        assert!(
            (measured - expected).abs() < 4.0 * error + 0.02 * expected,
            "{measured} {expected}"
        );
    }
}

#[test]
fn orthogonal_tokens_cross_the_curve_gamma_all_at_once() {
    let text = "[tokens]\ncount = 32\ndimension = 32\ninitial = { law = \"orthogonal\" }\n[attention]\nbeta = 2.0\n[time]\nend = 12.0\nframes = 2401\ntolerance = 1e-10\n[sweep]\nobservables = [\"tokens_near\"]\n[[sweep.axis]]\nkey = \"attention.beta\"\nvalues = [0.5, 2.0, 4.0]\n";
    let plan = plan(text);
    for (found, beta) in results(&plan).iter().zip([0.5, 2.0, 4.0]) {
        let crossing = transition_time(Attention::new(beta, Normalisation::Softmax), 32, 1e-3);
        for (time, near) in plan.times().unwrap().iter().zip(&found.series[0].mean) {
            let expected = if *time < crossing { 0.0 } else { 1.0 };
            assert!(
                (near - expected).abs() < 1e-15,
                "β {beta} t {time} against {crossing}: {near}"
            );
        }
    }
}

#[test]
fn realisations_are_independent() {
    // the covariance of neighbouring realisations' first angles vanishes within its error
    let text = "[tokens]\ncount = 1\ndimension = 2\nseed = 9\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\n[sweep]\nrealisations = 4000\n";
    let plan = plan(text);
    let mut product = Running::default();
    let first = |realisation: u64| {
        plan.experiment(0, realisation)
            .unwrap()
            .tokens
            .particles()
            .positions[0]
    };
    let mut before = first(0);
    for realisation in 1..4000 {
        let now = first(realisation);
        product.push(before * now);
        before = now;
    }
    assert!(
        product.mean().abs() < 4.0 * 0.5 / 4000.0_f64.sqrt(),
        "{}",
        product.mean()
    );
}
