//! Exponentially slow motion: pairs against the scalar equation they obey, staircases to the last merge, merging that
//! changes nothing but the number of bodies.

use crate::common::{experiment, numbers, reference};
use metastable::dynamics::{Attention, Normalisation};
use metastable::experiment::Experiment;
use metastable::run::Session;
use metastable::run::tokens::TokenRun;
use metastable::theory;

/// Positions are known to 1e-16: a gap of (1e-4)²/2 and, a step later, 1e-4·e^{−5} is then known to nine digits.
const MERGE: f64 = 1e-4;

fn pair(beta: f64, normalisation: &str, angle: f64, end: f64, merge: f64) -> Experiment {
    experiment(&format!(
        "[tokens]\nweights = [0.3, 0.7]\nmerge = {merge}\ninitial = {{ law = \"points\", points = [0.4, {}] }}\n\
         [attention]\nbeta = {beta}\nnormalisation = \"{normalisation}\"\n\
         [time]\nend = {end:e}\nframes = 400\nspacing = \"log\"\nfirst = {:e}\ntolerance = 1e-12\n",
        0.4 + angle,
        end * 1e-6,
    ))
}

#[test]
fn two_clusters_live_as_long_as_the_scalar_equation_says_up_to_beta_80() {
    for (name, normalisation) in [
        ("softmax", Normalisation::Softmax),
        ("none", Normalisation::None),
    ] {
        for (beta, angle) in [
            (0.5, 3.0),
            (4.0, 2.0),
            (20.0, 2.5),
            (40.0, 1.2),
            (80.0, 2.0),
            (80.0, 3.0),
        ] {
            let attention = Attention::new(beta, normalisation);
            let start = 2.0 * (0.5_f64 * angle).sin().powi(2);
            let exact = |gap: f64| theory::pair::lifetime(attention, [0.3, 0.7], start, gap);
            let life = exact(0.5 * MERGE * MERGE);
            let mut run = TokenRun::new(&pair(beta, name, angle, 2.0 * life, MERGE));
            assert!(run.advance(2.0 * life, &|| false).unwrap());
            let merge = &run.merges()[0];
            assert!(
                (merge.time / exact(merge.gap) - 1.0).abs() < 1e-8,
                "{name} β {beta} θ {angle}: {:e}",
                merge.time / exact(merge.gap) - 1.0
            );
            assert!(
                merge.gap <= 0.5 * MERGE * MERGE && merge.bodies == 1 && merge.masses == [0.7, 0.3]
            );
            assert!(run.work().steps < 2000, "{} steps", run.work().steps);
        }
    }
}

#[test]
fn the_gap_follows_the_scalar_equation_all_the_way_in() {
    let (beta, angle) = (30.0, 1.8_f64);
    let attention = Attention::new(beta, Normalisation::Softmax);
    let start = 2.0 * (0.5 * angle).sin().powi(2);
    let path = theory::pair::approach(attention, [0.3, 0.7], start, 1e-12);
    let mut run = TokenRun::new(&pair(beta, "softmax", angle, 1e30, 1e-9));
    for (now, gap) in path.into_iter().skip(1).step_by(7) {
        assert!(run.advance(now, &|| false).unwrap());
        // positions are known to an ulp or two of one: the gap |x−y|²/2 to |x−y| times that
        let allowed = 1e-8 * gap + 1e-15 * (2.0 * gap).sqrt();
        // late, the time itself (1e24) no longer tells the e-foldings (1) apart
        let blurred = gap * (3.0 * now * f64::EPSILON).exp_m1().abs();
        let found = run.bodies().gap(0, 1);
        if blurred < 1e-2 * gap {
            assert!(
                (found - gap).abs() < allowed + 4.0 * blurred,
                "t {now:e}: {found:e} {gap:e}"
            );
        }
    }
}

fn staircase(beta: f64, count: usize, end: f64) -> Session {
    let text = format!(
        "[tokens]\ncount = {count}\nseed = 3\nmerge = 1e-9\n[attention]\nbeta = {beta}\n\
         [time]\nend = {end:e}\nframes = 200\nspacing = \"log\"\n"
    );
    let mut session = Session::without_pictures(experiment(&text));
    while !session.finished() {
        assert!(session.advance(&|| false).unwrap());
    }
    session
}

#[test]
fn sixty_four_tokens_at_beta_40_are_followed_to_their_last_merge() {
    let session = staircase(40.0, 64, 1e40);
    let merges = session.tokens().merges();
    let last = merges.last().unwrap();
    assert_eq!(last.bodies, 1, "{merges:?}");
    assert!(last.time > 1e12, "{:e}", last.time);
    assert!((last.masses.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    assert!(
        merges
            .windows(2)
            .all(|two| two[0].time <= two[1].time && two[0].bodies > two[1].bodies)
    );
    assert!(session.token_steps() < 20_000, "{}", session.token_steps());
    // every merge is a step of the energy, upwards
    let energy = session.history().series_named("tokens_energy");
    for two in energy.windows(2) {
        assert!(two[1].1 >= two[0].1 * (1.0 - 1e-13), "{two:?}");
    }
    let error = session.history().series_named("tokens_merge_error");
    assert!(
        error.last().unwrap().1 < 1e-15,
        "{:e}",
        error.last().unwrap().1
    );
    assert_eq!(
        session
            .history()
            .series_named("tokens_bodies")
            .last()
            .unwrap()
            .1,
        1.0
    );
}

#[test]
fn merging_changes_nothing_that_can_be_seen() {
    let text = |merge: &str| {
        format!(
            "[tokens]\ncount = 20\nseed = 5\n{merge}\n[attention]\nbeta = 4\n[time]\nend = 40\nframes = 81\ntolerance = 1e-12\n"
        )
    };
    let mut sessions =
        ["", "merge = 1e-9"].map(|m| Session::without_pictures(experiment(&text(m))));
    while !sessions[0].finished() {
        for session in &mut sessions {
            assert!(session.advance(&|| false).unwrap());
        }
        let [whole, merged] = &sessions;
        for name in [
            "tokens_energy",
            "tokens_order_1",
            "tokens_order_2",
            "tokens_clusters",
            "tokens_mass_1",
        ] {
            let value = |s: &Session| s.history().series_named(name).last().unwrap().1;
            assert!(
                (value(whole) - value(merged)).abs() < 1e-9 * value(whole).abs().max(1.0),
                "{name} at {}",
                merged.time()
            );
        }
        for (a, b) in whole
            .tokens()
            .tokens()
            .positions
            .iter()
            .zip(&merged.tokens().tokens().positions)
        {
            assert!((a - b).abs() < 3e-9);
        }
    }
    assert!(sessions[1].tokens().bodies().merged());
    // a merge ends a step, and what is left of it is another
    let merges = sessions[1].tokens().merges().len() as u64;
    assert!(sessions[1].token_steps() <= sessions[0].token_steps() + 2 * merges);
}

#[test]
fn noise_parts_what_was_merged() {
    let text = "[tokens]\ncount = 16\nmerge = 1e-6\ninitial = { law = \"hemisphere\" }\n[attention]\nbeta = 1\n[noise]\nstep = 0.01\n\
                [time]\nend = 40\nframes = 5\n[[change]]\nat = 30\ndiffusion = 0.01\n";
    let mut session = Session::without_pictures(experiment(text));
    let mut counts = Vec::new();
    while !session.finished() {
        assert!(session.advance(&|| false).unwrap());
        counts.push(session.tokens().bodies().count());
    }
    assert_eq!((counts[2], counts[3]), (1, 16), "{counts:?}");
    let tokens = session.tokens().tokens();
    assert_ne!(tokens.row(0), tokens.row(1));
}

#[test]
fn weighted_tokens_follow_the_oracle_through_exponentially_slow_motion_and_a_merge() {
    for case in reference("slow.json")["cases"].as_array().unwrap() {
        let (beta, system) = (
            case["beta"].as_f64().unwrap(),
            case["normalisation"].as_str().unwrap(),
        );
        let spec = experiment(&format!(
            "[tokens]\nweights = {:?}\nmerge = 1e-9\ninitial = {{ law = \"points\", points = {:?} }}\n\
             [attention]\nbeta = {beta:?}\nnormalisation = \"{system}\"\n[time]\nend = 1.0\ntolerance = 1e-12\n",
            numbers(&case["weights"]),
            numbers(&case["angles"]),
        ));
        let mut run = TokenRun::new(&spec);
        for (time, state) in numbers(&case["times"])
            .iter()
            .zip(case["states"].as_array().unwrap())
        {
            assert!(run.advance(*time, &|| false).unwrap());
            for (x, theta) in run.tokens().rows().zip(numbers(state)) {
                let off = (x[1] * theta.cos() - x[0] * theta.sin()).abs();
                assert!(off < 1e-8, "{system} β {beta} t {time:e}: {off:e}");
            }
        }
    }
}

#[test]
fn the_last_merge_of_a_staircase_comes_when_the_equation_of_its_last_pair_says() {
    for beta in [9.0, 20.0, 40.0] {
        let session = staircase(beta, 64, (2.0 * beta).exp());
        let merges = session.tokens().merges();
        let (before, last) = (&merges[merges.len() - 2], &merges[merges.len() - 1]);
        assert_eq!((before.bodies, last.bodies), (2, 1));
        // the last two alone, from a frame on which they were
        let history = session.history();
        let start = (history.records().iter())
            .find(|record| record.time > before.time)
            .unwrap()
            .time;
        assert!(start < last.time);
        let gap = history
            .series_named("tokens_closest")
            .iter()
            .find(|(t, _)| *t == start)
            .unwrap()
            .1;
        let attention = Attention::new(beta, Normalisation::Softmax);
        let life =
            theory::pair::lifetime(attention, [last.masses[0], last.masses[1]], gap, last.gap);
        // positions are good to the tolerance of 1e-9 a step, times to β sin θ of that
        assert!(
            ((last.time - start) / life - 1.0).abs() < 1e-6,
            "β {beta}: {:e} {life:e}",
            last.time - start
        );
    }
}
