//! Oscillators: natural frequencies, any even interaction, the continuum with a density for each frequency, the transition.

use crate::common::{run, series};
use metastable::dynamics::dispatch::Path;
use metastable::dynamics::{Attention, Interaction, Normalisation, TokenDynamics};
use metastable::measure::Law;
use metastable::theory::transition::{FrequencyLaw, lorentz_transient, order_parameter};

#[test]
fn any_even_interaction_has_the_same_drift_by_moments_and_by_pairs() {
    let mut coefficients = [0.0; Interaction::MOST];
    coefficients[..3].copy_from_slice(&[1.0, -0.4, 0.25]);
    let attention = Attention {
        value: 1.7,
        interaction: Some(Interaction { coefficients }),
        ..Attention::new(0.0, Normalisation::None)
    };
    for count in [5, 200, 5000] {
        let tokens = Law::Uniform.sample(count, 2, 4);
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        assert_eq!(dynamics.preferred(), Path::Spectral);
        let (mut fast, mut slow) = (vec![0.0; 2 * count], vec![0.0; 2 * count]);
        dynamics.drift(&tokens.positions, &mut fast);
        dynamics.drift_by(Path::Direct, &tokens.positions, &mut slow);
        for (a, b) in fast.iter().zip(&slow) {
            assert!((a - b).abs() < 1e-13, "n {count}: {:e}", a - b);
        }
    }
}

#[test]
fn the_sine_alone_is_attention_at_beta_zero() {
    let text = |attention: &str| {
        format!(
            "[tokens]\ncount = 20\n[attention]\n{attention}\n[time]\nend = 2.0\nframes = 5\ntolerance = 1e-12\n"
        )
    };
    let one = run(&text("beta = 0.0\nvalue = 1.5"));
    let two = run(&text("interaction = [1.0]\nvalue = 1.5"));
    for name in [
        "tokens_order_1",
        "field_order_1",
        "tokens_energy",
        "field_energy",
    ] {
        for ((_, a), (_, b)) in series(&one, name).iter().zip(series(&two, name)) {
            assert!((a - b).abs() < 1e-10, "{name}: {a} {b}");
        }
    }
}

#[test]
fn the_energy_of_an_interaction_rises_at_the_rate_of_its_dissipation() {
    let session = run(
        "[tokens]\ncount = 30\n[attention]\ninteraction = [0.5, 1.0, -0.3]\n[time]\nend = 1.0\nframes = 1001\ntolerance = 1e-12\n",
    );
    for side in ["tokens", "field"] {
        let energy = series(&session, &format!("{side}_energy"));
        let rate = series(&session, &format!("{side}_dissipation"));
        for at in [200, 500, 800] {
            let slope =
                (energy[at + 1].1 - energy[at - 1].1) / (energy[at + 1].0 - energy[at - 1].0);
            // the quotient has the error h²/6 E'''
            assert!(
                (slope - rate[at].1).abs() < 1e-5 * rate[at].1.max(0.1),
                "{side}: {slope} {}",
                rate[at].1
            );
        }
    }
}

#[test]
fn lorentz_oscillators_follow_ott_and_antonsen_on_the_way_to_the_branch() {
    for (coupling, nodes) in [(0.6, 4096), (2.0, 4096)] {
        let session = run(&format!(
            "[tokens]\ncount = 40\ninitial = {{ law = \"poisson\", weight = 0.3 }}\n\
             frequencies = {{ law = \"lorentz\", width = 0.5 }}\n\
             [attention]\nbeta = 0.0\nvalue = {coupling}\n[field]\nnodes = {nodes}\n\
             [time]\nend = 6.0\nframes = 13\ntolerance = 1e-8\n"
        ));
        for (t, r) in series(&session, "field_order_1") {
            let exact = lorentz_transient(0.5, coupling, 0.3, t);
            // in the tails of a Lorentz law the midpoints of 4096 parts are too far apart for e^{iωt}: an error like J^{−1/2}, which is five
            // orders above the tolerance in time
            assert!((r - exact).abs() < 1e-3, "K {coupling} t {t}: {r} {exact}");
        }
    }
}

#[test]
fn poisson_kernels_and_series_are_the_same_continuum() {
    let text = |initial: &str| {
        format!(
            "[tokens]\ncount = 10\ninitial = {{ law = \"poisson\", weight = 0.3 }}\nfrequencies = {{ law = \"gaussian\", width = 0.7 }}\n\
             [attention]\nbeta = 0.0\nvalue = 1.6\n[field]\nnodes = 16\nmax_modes = 512\ninitial = {initial}\n\
             [time]\nend = 2.0\nframes = 9\ntolerance = 1e-11\n"
        )
    };
    let kernels = run(&text("{ from = \"law\" }"));
    assert!(kernels.field().unwrap().populations().unwrap().exact());
    // the same law, told as a smoothed one so that it is not recognised
    let series_run = run(&text("{ from = \"law\", smoothing = 1e-14 }"));
    assert!(!series_run.field().unwrap().populations().unwrap().exact());
    for name in [
        "field_order_1",
        "field_order_2",
        "field_order_5",
        "field_energy",
    ] {
        let (one, two) = (series(&kernels, name), series(&series_run, name));
        assert_eq!(one.len(), two.len());
        for ((t, a), (_, b)) in one.iter().zip(two) {
            assert!((a - b).abs() < 1e-8, "{name} t {t}: {a} {b}");
        }
    }
}

#[test]
fn noise_among_frequencies_keeps_the_mass_and_tokens_beside_their_continuum() {
    let session = run(
        "[tokens]\ncount = 6000\nseed = 2\nfrequencies = { law = \"uniform\", width = 0.5, random = true }\n\
         initial = { law = \"von-mises-fisher\", concentration = 1.0, mean = 0.3 }\n\
         [attention]\nbeta = 2.0\n[noise]\ndiffusion = 0.2\n[field]\nnodes = 24\n\
         [time]\nend = 3.0\nframes = 7\ntolerance = 1e-8\n",
    );
    for (_, error) in series(&session, "field_mass_error") {
        assert!(error < 1e-12);
    }
    assert_eq!(series(&session, "field_order_1").len(), 7);
    for ((t, a), (_, b)) in series(&session, "tokens_order_1")
        .iter()
        .zip(series(&session, "field_order_1"))
    {
        // a few standard deviations of a mean over 6000
        assert!((a - b).abs() < 4.0 / 6000f64.sqrt(), "t {t}: {a} {b}");
    }
}

#[test]
fn locked_oscillators_stand_at_the_stationary_branch() {
    let session = run(
        "[tokens]\ncount = 2000\ninitial = { law = \"poisson\", weight = 0.9 }\nfrequencies = { law = \"uniform\", width = 1.0 }\n\
         [attention]\nbeta = 0.0\nvalue = 2.0\n[time]\nend = 40.0\nframes = 5\ntolerance = 1e-9\n",
    );
    let exact = order_parameter(FrequencyLaw::Uniform { width: 1.0 }, 2.0);
    let last = |name: &str| series(&session, name).last().unwrap().1;
    assert!(
        (last("field_order_1") - exact).abs() < 1e-5,
        "{} {exact}",
        last("field_order_1")
    );
    assert!((last("tokens_order_1") - exact).abs() < 1e-5);
}
