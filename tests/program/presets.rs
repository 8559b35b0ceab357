//! Every preset is a regression test: it is run to its end, and what its `about` says is looked for in the numbers.

mod on_the_glass;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use metastable::experiment::presets;
use metastable::run::Session;
use metastable::snapshot::thumbnail;

/// The last value of the tokens' energy, order parameter and cluster count of every preset. For the runs without noise
/// these are converged to more digits than are asserted; for those with noise they are those of the seed.
const LAST: &[(&str, f64, f64, f64)] = &[
    ("metastable", 0.0, 0.0, 3.0),
    ("clusters-beta-9", 206.407_277_93, 0.223_831_84, 3.0),
    ("clusters-beta-4", 3.533_467_93, 0.191_067_04, 2.0),
    ("unnormalised", 1.014_365_76, 0.328_848_64, 2.0),
    ("kuramoto", 0.499_919_07, 0.999_919_06, 1.0),
    ("tilted", 1.847_262_09, 0.999_999_74, 1.0),
    ("sphere-metastable", 0.0, 0.0, 4.0),
    ("sphere-pair", 0.0, 0.0, 1.0),
    ("zonal-8", 1.846_534_77, 0.999_901_27, 1.0),
    ("noise-below", 0.0, 0.0, 1.0),
    ("noise-above", 0.0, 0.0, 0.0),
    ("single-mode", 5.172_855_16, 0.086_629_85, 3.0),
    ("hemisphere", 1.359_140_90, 1.0, 1.0),
    ("orthogonal", 6.824_768_75, 1.0, 1.0),
    ("many-tokens", 114.432_603_60, 0.017_371_38, 4.0),
    ("sphere-collapse", 1.359_140_82, 0.999_999_97, 1.0),
    ("sphere-degree-3", 7.484_361_19, 0.301_033_10, 2.0),
    ("sphere-noise-below", 0.0, 0.0, 1.0),
    ("sphere-noise-above", 0.0, 0.0, 3.0),
    ("zonal-128", 6.814_903_22, 0.999_819_16, 1.0),
    // one point in the end: e^β/2β
    ("staircase-beta-9", 450.17132930974356, 1.0, 1.0),
    ("staircase-beta-20", 12129129.885244763, 1.0, 1.0),
    ("staircase-beta-40", 2942315835462751.5, 1.0, 1.0),
    ("five-tokens", 6.824768754143031, 1.0, 1.0),
    ("three-unequal", 12129129.885244755, 1.0, 1.0),
    ("past-the-collapse", 6781.449642458501, 1.0, 1.0),
    ("random-a", 0.7128684307375839, 1.0, 1.0),
    ("random-b", 0.0934666544600757, 1.0, 1.0),
    ("random-c", 10083.935719840994, 0.22375108014001283, 4.0),
    ("random-d", 912897749.0041502, 0.25003174388619, 2.0),
    ("three-heads", 0.9199447417200037, 0.9999999993791147, 1.0),
    (
        "transformer-block",
        0.26507429485528117,
        0.9998128811745507,
        1.0,
    ),
    ("relu", 4.2668640783326754, 0.5550047288818176, 2.0),
    ("encodings", 6.824755777163178, 0.9999997623178665, 1.0),
    ("sinkhorn", 171.2848039586202, 0.1630171348665804, 4.0),
    ("negative-beta", 0.0, 0.0, 3.0),
    (
        "kuramoto-lorentz",
        0.24023494670500192,
        0.6931593564325622,
        3.0,
    ),
    ("kuramoto-harmonics", 0.0, 0.0, 2.0),
    (
        "kuramoto-transition",
        0.26734045735028095,
        0.7312187871632962,
        3.0,
    ),
    ("bbgky", 0.7317859724654407, 0.23459644730906404, 4.0),
    ("repulsive", 1.4127618060827265, 7.300044005279143e-05, 8.0),
    (
        "icosahedron",
        0.4541306594946191,
        9.23663827661958e-15,
        12.0,
    ),
    ("polytope", f64::NAN, f64::NAN, 3.0),
    ("hyperplanes", f64::NAN, f64::NAN, 1.0),
    ("hardmax", f64::NAN, f64::NAN, 4.0),
    ("gaussian-origin", 0.5036428942541499, f64::NAN, 1.0),
    ("gaussian-sinkhorn", 0.7694231573599157, f64::NAN, 1.0),
    ("mean-shift", 3.8197527403783336, f64::NAN, 1.0),
    ("causal", 4.267461201942102, 0.5734205287629492, 2.0),
    ("pre-ln", 1.3586577415135397, 0.9998222011753838, 1.0),
    ("peri-ln", 1.3586801334827854, 0.9998304432043892, 1.0),
    ("mix-ln", 1.359122075845936, 0.999993069670728, 1.0),
    ("ngpt", 1.3591408966957867, 0.999999993549699, 1.0),
    ("ln-scaling", 1.359140914189986, 0.9999999999854554, 1.0),
    ("long-context", 335.7127298716618, 0.8954720766291676, 256.0),
    ("replay", 1.0487290532087896, 0.856561775372069, 24.0),
    ("fig3-d2", 3.533475780698088, 0.1932638309048938, 2.0),
    ("fig3-d8", 6.824768754142886, 0.9999999999999973, 1.0),
    ("fig3-d32", 6.824768754143031, 1.0, 1.0),
    ("fig3-d128", 6.824768754143031, 1.0, 1.0),
    ("fig3-d512", 6.824768754143034, 1.0, 1.0),
    ("fig3-d1024", 6.8247687541430295, 1.0, 1.0),
    ("fig4", 120.55634986427701, 0.11731070057923257, 4.0),
    ("fig5-a", 0.715345879377361, 1.0, 1.0),
    ("fig5-b", 0.09346745293500995, 1.0, 1.0),
    ("fig5-c", 12265.556066659861, 0.2362699086034003, 5.0),
    ("fig5-d", 657799382.491354, 0.40234750841702754, 7.0),
    (
        "clusters-against-beta",
        58212.891079755645,
        0.05395999650863116,
        5.0,
    ),
    ("n-to-infinity", 1.42171940561349, 0.01476183943761842, 0.0),
    (
        "n-to-infinity-sphere",
        0.8744373996699746,
        0.0466655381033759,
        2.0,
    ),
    ("wendel", 0.5838025496643727, 0.24701326056143963, 16.0),
    (
        "noise-transition",
        1.786278030957748,
        0.7425943388637412,
        3.0,
    ),
    ("fluctuations", 0.6468114823012585, 0.14752184901873788, 5.0),
    ("causal-clusters", 63641.6165786003, 0.0793900368125519, 6.0),
    ("homogenized", 0.4982158293576607, 0.9982142348791272, 1.0),
];

/// A preset run to its end; once, whoever asks. (By threads of the tests' own and not of the pool, whose threads must never wait for one another.)
fn finished(name: &str) -> Arc<Session> {
    type Runs = Mutex<HashMap<String, Arc<OnceLock<Arc<Session>>>>>;
    static RUNS: LazyLock<Runs> = LazyLock::new(Runs::default);
    let run = Arc::clone(RUNS.lock().unwrap().entry(name.to_owned()).or_default());
    let session = run.get_or_init(|| {
        let mut session = Session::new(presets::load(name).unwrap());
        while !session.finished() {
            session.advance(&|| false).unwrap();
        }
        Arc::new(session)
    });
    Arc::clone(session)
}

fn last(session: &Session, name: &str) -> f64 {
    let column = metastable::observe::table::column(name).unwrap();
    session.history().records().last().unwrap().values[column]
}

#[test]
fn every_preset_ends_where_it_ended_before_and_keeps_its_invariants() {
    let listed: Vec<String> = presets::list()
        .into_iter()
        .filter(|p| p.path.is_none())
        .map(|p| p.name)
        .collect();
    assert_eq!(
        listed,
        LAST.iter().map(|row| row.0.to_owned()).collect::<Vec<_>>()
    );
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(row) = LAST.get(next.fetch_add(1, Ordering::Relaxed)) {
                    finished(row.0);
                }
            });
        }
    });
    for (name, energy, order, clusters) in LAST {
        let spec = presets::load(name).unwrap();
        let (noisy, field) = (spec.noise.diffusion > 0.0, spec.has_field());
        let flat = spec.tokens.flat;
        // a mixture of Poisson kernels has exact moments, and its picture a finite number of them
        let positive = spec.tokens.frequencies.is_none();
        // the energy rises under attraction by the kernel alone
        let rises = spec.is_zonal()
            && spec.attention.value > 0.0
            && spec.tokens.frequencies.is_none()
            && spec.time.step.is_none()
            && spec.tokens.replay.is_none();
        // random matrices make the last bits of different instruction sets grow
        let tolerance = if spec.system.heads.is_empty() {
            1e-6
        } else {
            1e-4
        };
        let session = finished(name);
        if !noisy {
            let found = last(&session, "tokens_energy");
            assert_eq!(found.is_nan(), energy.is_nan(), "{name}");
            // instabilities amplify the last bits of different instruction sets by up to e^{g t}
            assert!(
                energy.is_nan() || (found / energy - 1.0).abs() < tolerance,
                "{name}: energy {found:.8}"
            );
            let found = last(&session, "tokens_order_1");
            assert!(
                order.is_nan() || (found - order).abs() < tolerance,
                "{name}: |m_1| {found:.8}"
            );
        }
        assert_eq!(
            last(&session, "tokens_clusters"),
            *clusters,
            "{name}: clusters"
        );
        let records = session.history().records();
        for pair in records.windows(2) {
            let value = |index: usize, name: &str| {
                pair[index].values[metastable::observe::table::column(name).unwrap()]
            };
            if !noisy && rises {
                assert!(
                    value(1, "tokens_energy") >= value(0, "tokens_energy") * (1.0 - 1e-13),
                    "{name}: energy falls"
                );
                let (before, after) = (value(0, "field_energy"), value(1, "field_energy"));
                assert!(
                    after.is_nan() || after >= before * (1.0 - 1e-9),
                    "{name}: field energy falls"
                );
            }
            let (mass, least) = (value(1, "field_mass_error"), value(1, "field_min"));
            assert!(mass.is_nan() || mass < 1e-12, "{name}: mass error {mass:e}");
            // a tail of 1e-9 times a Gegenbauer polynomial of d = 8, which reaches 1e3 on the nodes that count
            let allowed = if name.starts_with("zonal") {
                1e-5
            } else {
                1e-6
            };
            assert!(
                !positive || least.is_nan() || least > -allowed,
                "{name}: density {least:e} < 0"
            );
        }
        for x in session.tokens().tokens().rows().filter(|_| !flat) {
            let length: f64 = x.iter().map(|a| a * a).sum::<f64>().sqrt();
            assert!(
                (length - 1.0).abs() < 1e-14,
                "{name}: a token off the sphere"
            );
        }
        assert_eq!(session.field().is_some(), field);
    }
}

/// Run with METASTABLE_THUMBNAILS=write the pictures are written instead, to be looked at (the list `p` of a wide window).
#[test]
fn the_picture_of_every_preset_in_the_list_is_that_of_its_run() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/presets/thumbnails.txt");
    if std::env::var("METASTABLE_THUMBNAILS").is_ok_and(|how| how == "write") {
        let pictures = LAST.iter().map(|(name, ..)| {
            let rows = thumbnail::of(finished(name).history());
            format!("# {name}\n{}\n", rows.join("\n"))
        });
        return std::fs::write(path, pictures.collect::<String>()).unwrap();
    }
    for (name, ..) in LAST {
        let run = thumbnail::of(finished(name).history());
        let kept = thumbnail::of_preset(name).unwrap_or_default();
        assert_eq!(run.len(), kept.len(), "{name}");
        let levels = |row: &String| row.bytes().map(|c| usize::from(c - b'0')).collect();
        let run: Vec<Vec<usize>> = run.iter().map(levels).collect();
        let pairs = run.iter().flatten().zip(kept.iter().flatten());
        // instabilities amplify the last bits of different instruction sets
        let off = pairs.filter(|(run, kept)| run.abs_diff(**kept) > 1).count();
        let all = thumbnail::COLUMNS * thumbnail::ROWS;
        assert!(20 * off <= all, "{name}: {off} of {all} places");
    }
}

#[test]
fn the_default_preset_shows_clusters_on_both_sides_to_its_end() {
    let session = finished(presets::DEFAULT);
    assert_eq!(
        last(&session, "field_clusters"),
        last(&session, "tokens_clusters")
    );
    assert!(last(&session, "field_clusters") >= 2.0);
    assert_eq!(last(&session, "field_resolved"), 1.0);
}

#[test]
fn kuramoto_follows_ott_and_antonsen_across_the_hand_over_and_to_the_end() {
    let session = finished("kuramoto");
    let series = session.history().series_named("field_order_1");
    assert!(session.field().unwrap().markers().unwrap().0 < 7.0);
    assert_eq!(series.len(), session.history().records().len());
    for (t, r) in series {
        assert!(
            (r - metastable::theory::kuramoto::ott_antonsen(0.1, t)).abs() < 1e-8,
            "t {t}"
        );
    }
}

#[test]
fn tilted_tokens_and_their_field_stay_a_sampling_error_apart() {
    let session = finished("tilted");
    for (t, distance) in session.history().series_named("wasserstein") {
        assert!(distance < 4.0 / 1000_f64.sqrt(), "W₁ {distance} at {t}");
    }
}

#[test]
fn the_single_mode_grows_at_its_predicted_rate_and_becomes_three_clusters() {
    let spec = presets::load("single-mode").unwrap();
    let rate = metastable::theory::growth_rate(spec.attention, 2, 0.0, 3);
    let session = finished("single-mode");
    let series = session.history().series_named("field_order_3");
    let at = |time: f64| {
        series
            .iter()
            .find(|(t, _)| (t - time).abs() < 1e-9)
            .unwrap()
            .1
    };
    let measured = (at(3.0) / at(1.0)).ln() / 2.0;
    assert!((measured / rate - 1.0).abs() < 1e-4, "{measured} {rate}");
    let clusters = session.history().series_named("field_clusters");
    assert_eq!(clusters.last().unwrap().1, 3.0);
}

#[test]
fn hemisphere_tokens_never_leave_their_half_circle_and_meet() {
    let mut session = Session::without_pictures(presets::load("hemisphere").unwrap());
    let mut lowest = 0.0;
    while !session.finished() {
        let here = session
            .tokens()
            .tokens()
            .rows()
            .map(|x| x[1])
            .fold(1.0, f64::min);
        assert!(here >= lowest - 1e-12, "the cone widens");
        lowest = here;
        session.advance(&|| false).unwrap();
    }
    assert!(last(&session, "tokens_order_1") > 0.999_999);
}

#[test]
fn orthogonal_tokens_follow_theorem_6_8_on_the_screen() {
    let mut session = Session::new(presets::load("orthogonal").unwrap());
    let curve = session.snapshot().predictions[0].curve.clone();
    while !session.finished() {
        session.advance(&|| false).unwrap();
    }
    for ((t, measured), (_, predicted)) in session
        .history()
        .series_named("tokens_order_1")
        .iter()
        .zip(curve)
    {
        assert!(
            (measured - predicted).abs() < 1e-8,
            "t {t}: {measured} {predicted}"
        );
    }
}

#[test]
fn noise_decides_between_order_and_uniformity_at_the_threshold() {
    let below = finished("noise-below");
    assert!(
        (last(&below, "field_order_1") - 0.717_417_505_4).abs() < 1e-3,
        "{}",
        last(&below, "field_order_1")
    );
    assert!((last(&below, "tokens_order_1") - 0.717).abs() < 0.1);
    let above = finished("noise-above");
    assert!(last(&above, "field_order_1") < 0.03 && last(&above, "tokens_order_1") < 0.2);
}

#[test]
fn clusters_of_the_sphere_form_on_both_sides_from_the_tokens_own_fluctuation() {
    let session = finished("sphere-metastable");
    let most = |name: &str| {
        let series = session.history().series_named(name);
        series.iter().map(|(_, count)| *count).fold(0.0, f64::max)
    };
    assert_eq!(last(&session, "field_resolved"), 1.0);
    assert!(last(&session, "field_clusters") >= 3.0 && most("tokens_clusters") >= 5.0);
    for (t, distance) in session.history().series_named("wasserstein") {
        assert!(distance < 0.2, "W₁ {distance} at {t}");
    }
}

#[test]
fn two_bumps_on_the_sphere_become_one_on_both_sides_at_about_the_same_time() {
    let session = finished("sphere-pair");
    let merged = |name: &str| {
        let series = session.history().series_named(name);
        assert_eq!(series[0].1, 2.0, "{name}");
        series.iter().find(|(_, count)| *count == 1.0).unwrap().0
    };
    let (tokens, field) = (merged("tokens_clusters"), merged("field_clusters"));
    assert!((tokens - field).abs() < 0.4, "{tokens} {field}");
}

#[test]
fn degree_three_grows_at_its_predicted_rate_and_becomes_a_tetrahedron() {
    let spec = presets::load("sphere-degree-3").unwrap();
    assert_eq!(
        metastable::theory::most_unstable_degree(spec.attention, 3, 0.0),
        3
    );
    let rate = metastable::theory::growth_rate(spec.attention, 3, 0.0, 3);
    let session = finished("sphere-degree-3");
    let series = session.history().series_named("field_order_3");
    let measured = (series[10].1 / series[2].1).ln() / (series[10].0 - series[2].0);
    // the amplitude 0.01 feels its square
    assert!((measured / rate - 1.0).abs() < 1e-2, "{measured} {rate}");
    let clusters = session.history().series_named("field_clusters");
    assert!(clusters.iter().any(|(_, count)| *count == 4.0));
}

#[test]
fn noise_decides_between_order_and_uniformity_on_the_sphere_too() {
    let below = finished("sphere-noise-below");
    let (field, tokens) = (
        last(&below, "field_order_1"),
        last(&below, "tokens_order_1"),
    );
    let exact = stationary_order_on_the_sphere(4.0, 0.1);
    // what t = 40 has left of the way to it
    assert!((field - exact).abs() < 1e-5, "{field} {exact}");
    assert!((tokens - field).abs() < 0.05, "{tokens} {field}");
    let above = finished("sphere-noise-above");
    assert!(last(&above, "field_order_1") < 0.01 && last(&above, "tokens_order_1") < 0.12);
}

/// |m_1| of f ∝ (∫e^{β⟨x,y⟩}df)^{1/(Dβ)} on S², zonal, by iteration with Gauss–Legendre quadrature and the kernel's mean
/// over parallels by the trapezoid rule.
fn stationary_order_on_the_sphere(beta: f64, diffusion: f64) -> f64 {
    let rule = metastable::sphere::gegenbauer::Quadrature::new(3, 60);
    let mean = |c: f64, s: f64| -> f64 {
        let side = ((1.0 - c * c) * (1.0 - s * s)).sqrt();
        (0..64)
            .map(|j| {
                let phi = std::f64::consts::TAU * f64::from(j) / 64.0;
                (beta * (c * s + side * phi.cos() - 1.0)).exp() / 64.0
            })
            .sum()
    };
    let kernel: Vec<Vec<f64>> = (rule.nodes.iter())
        .map(|c| {
            rule.nodes
                .iter()
                .zip(&rule.weights)
                .map(|(s, w)| w * mean(*c, *s))
                .collect()
        })
        .collect();
    let mut f: Vec<f64> = rule.nodes.iter().map(|c| c.exp()).collect();
    for _ in 0..2000 {
        let next: Vec<f64> = (kernel.iter())
            .map(|row| {
                row.iter()
                    .zip(&f)
                    .map(|(k, f)| k * f)
                    .sum::<f64>()
                    .powf(1.0 / (diffusion * beta))
            })
            .collect();
        let total: f64 = next.iter().zip(&rule.weights).map(|(f, w)| f * w).sum();
        f = next.iter().map(|value| value / total).collect();
    }
    (rule.nodes.iter().zip(&rule.weights).zip(&f))
        .map(|((c, w), f)| c * w * f)
        .sum()
}

#[test]
fn zonal_presets_agree_with_their_tokens_to_the_end() {
    // a sampling error of 1/√n, as it is amplified on the way into the point
    for (name, bound) in [("zonal-8", 0.06), ("zonal-128", 0.15)] {
        let session = finished(name);
        let field = session.history().series_named("field_order_1");
        let tokens = session.history().series_named("tokens_order_1");
        assert!(session.field().unwrap().markers().is_some());
        assert_eq!(field.len(), tokens.len(), "{name}");
        for ((t, a), (_, b)) in field.iter().zip(&tokens) {
            assert!((a - b).abs() < bound, "{name} t {t}: {a} {b}");
        }
    }
}
