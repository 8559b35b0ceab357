//! The dashboard's pictures, drawn on a backend in memory and compared with those that were looked at.

use std::sync::Arc;

use metastable::experiment::presets;
use metastable::run::Session;
use metastable::run::worker::{Report, Status};
use metastable::sweep::live::{Live, View};
use metastable::sweep::{Plan, cell};
use metastable::tui::Marker;
use metastable::tui::model::{Message, Model, Popup, PresetLine};
use metastable::tui::pages::PAGES;
use metastable::tui::theme::{Depth, Theme};
use metastable::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

/// A model that shows a preset after so many recorded frames.
fn model(preset: &str, frames: usize, depth: Depth) -> Model {
    watched(preset, frames, 0, depth)
}

/// The same, the last few of them seen one by one.
fn watched(preset: &str, frames: usize, seen: usize, depth: Depth) -> Model {
    let experiment = presets::load(preset).unwrap();
    let mut session = Session::new(experiment.clone());
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    let mut model = Model::new(experiment, lines, Theme::of(depth), Marker::Braille);
    for frame in 0..=frames {
        if frame + seen >= frames {
            let snapshot = session.snapshot();
            let film = model.report.film.clone();
            film.add(&snapshot);
            model.receive(Report {
                number: 1,
                film,
                snapshot: Some(Arc::new(snapshot)),
                status: Status::Running,
                steps_per_second: 100.0,
                speed: model.speed,
            });
        }
        if frame < frames {
            session.advance(&|| false).unwrap();
        }
    }
    model
}

/// The sweep of a preset, every cell run, as its page shows it.
fn swept(model: &mut Model) {
    let plan = Plan::new(&model.experiment).unwrap().unwrap().quickly();
    let mut view = View::new(plan.clone());
    for (number, result) in view.results.iter_mut().enumerate() {
        *result = cell::run(&plan, number, &|| (), &|| false);
    }
    model.sweep.live = Some(Ok(Live::of(view)));
}

/// Windows at which every page was looked at.
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 36), (160, 48), (200, 60)];

fn drawn(model: &Model, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal
}

#[test]
fn the_run_page_at_four_sizes() {
    let model = model("metastable", 60, Depth::Ansi256);
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("run_{width}x{height}"),
            drawn(&model, width, height).backend()
        );
    }
}

#[test]
fn every_other_page_and_what_lies_over_it() {
    let mut model = model("metastable", 60, Depth::None);
    // pages about what this run has not are those of a run that has it
    let mut family = self::model("kuramoto-transition", 10, Depth::None);
    swept(&mut family);
    let mut pairs = self::model("bbgky", 20, Depth::None);
    for (index, page) in PAGES.iter().enumerate().skip(1) {
        let model = match page.name {
            "sweep" => &mut family,
            "pairs" => &mut pairs,
            _ => &mut model,
        };
        model.page = index;
        let name = page.name.replace('–', "-");
        for (width, height) in SIZES {
            insta::assert_snapshot!(
                format!("{name}_{width}x{height}"),
                drawn(model, width, height).backend()
            );
        }
    }
    model.popup = Some(Popup::Help(0));
    insta::assert_snapshot!("help_80x24", drawn(&model, 80, 24).backend());
    model.popup = Some(Popup::Presets(4));
    insta::assert_snapshot!("presets_80x24", drawn(&model, 80, 24).backend());
}

#[test]
fn the_sphere_is_a_globe_a_map_and_a_colatitude() {
    let mut model = watched("sphere-pair", 12, 12, Depth::None);
    insta::assert_snapshot!("globe_80x24", drawn(&model, 80, 24).backend());
    model.marker = Marker::Ascii;
    insta::assert_snapshot!("globe_ascii_60x18", drawn(&model, 60, 18).backend());
    model.marker = Marker::Braille;
    model.theme.depth = Depth::Truecolor;
    insta::assert_snapshot!("globe_200x60", drawn(&model, 200, 60).backend());
    model.theme.depth = Depth::None;
    model.gaze = model.gaze.turned(2.0, 1.0);
    model.gaze.map = true;
    insta::assert_snapshot!("map_120x40", drawn(&model, 120, 40).backend());
    model.page = 2;
    let text = drawn(&model, 80, 24).backend().to_string();
    for wanted in ["colatitude θ against time", "mean over longitude", "π/2"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("2π"), "{text}");
    let text = drawn(&model, 62, 18).backend().to_string();
    assert!(text.contains("colatitude θ, mean over longitude"), "{text}");
}

#[test]
fn a_turned_sphere_is_another_picture_of_the_same_snapshot() {
    let mut model = model("sphere-pair", 6, Depth::Ansi256);
    let before = drawn(&model, 120, 40);
    let first = model.gaze;
    for gaze in [first.turned(1.0, 0.0), first.turned(0.0, -1.0)] {
        model.gaze = gaze;
        assert_ne!(
            before.backend().buffer(),
            drawn(&model, 120, 40).backend().buffer()
        );
    }
    model.gaze = first;
    assert_eq!(
        before.backend().buffer(),
        drawn(&model, 120, 40).backend().buffer()
    );
}

#[test]
fn above_the_circle_nothing_is_called_by_the_circles_names() {
    for preset in ["sphere-pair", "zonal-8", "zonal-128", "orthogonal"] {
        let mut model = model(preset, 3, Depth::None);
        // the page of values shows the columns of metrics.csv by their names
        for page in (0..PAGES.len()).filter(|page| PAGES[*page].name != "values") {
            model.page = page;
            for (width, height) in [(80, 24), (200, 60)] {
                let text = drawn(&model, width, height).backend().to_string();
                for wrong in ["Fourier", "circle", "S¹ ", "_k", "k = ", " 2π", "modes"] {
                    assert!(!text.contains(wrong), "{preset}, {wrong}: {text}");
                }
            }
        }
    }
    let text = drawn(&model("metastable", 3, Depth::None), 80, 24)
        .backend()
        .to_string();
    assert!(text.contains("· S¹ ") && text.contains("modes"), "{text}");
}

#[test]
fn keys_of_the_sphere_are_hinted_where_they_act() {
    let hinted = |model: &Model| {
        let text = drawn(model, 80, 24).backend().to_string();
        (
            text.contains("adzx turn"),
            text.contains("g map"),
            text.contains("g products"),
        )
    };
    let mut sphere = model("sphere-pair", 1, Depth::None);
    assert_eq!(hinted(&sphere), (true, true, false));
    sphere.page = 1;
    assert_eq!(hinted(&sphere), (false, false, false));
    assert_eq!(
        hinted(&model("zonal-8", 1, Depth::None)),
        (false, false, true)
    );
    assert_eq!(
        hinted(&model("metastable", 1, Depth::None)),
        (false, false, false)
    );
}

#[test]
fn a_zonal_density_is_a_law_of_the_angle_beside_the_tokens_histogram() {
    let mut model = model("zonal-8", 20, Depth::None);
    insta::assert_snapshot!("zonal_80x24", drawn(&model, 80, 24).backend());
    insta::assert_snapshot!("zonal_120x36", drawn(&model, 120, 36).backend());
    model.gaze.map = true;
    let text = drawn(&model, 80, 24).backend().to_string();
    assert!(
        text.contains("inner products") && text.contains("g angles"),
        "{text}"
    );
    model.page = 2;
    let text = drawn(&model, 80, 24).backend().to_string();
    assert!(
        text.contains("angle α to the axis") && text.contains("π/2"),
        "{text}"
    );
}

#[test]
fn tokens_without_a_density_show_their_inner_products() {
    let model = model("orthogonal", 20, Depth::Ansi16);
    // Not a snapshot: the principal plane of equal eigenvalues is any plane, and rounding chooses it.
    let text = drawn(&model, 80, 24).backend().to_string();
    for wanted in [
        "tokens on S³¹",
        "inner products",
        "no density: tokens only",
        "plane:",
        "1 − ⟨x_i,x_j⟩",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn the_growth_of_a_single_mode_stands_beside_its_prediction() {
    let terminal = drawn(&model("single-mode", 10, Depth::Truecolor), 80, 24);
    let text = terminal.backend().to_string();
    assert!(
        text.contains("growth of the density, k = 3: measured"),
        "{text}"
    );
}

#[test]
fn a_failure_and_a_message_are_in_sight() {
    let mut model = model("metastable", 1, Depth::Ansi256);
    model.report.status = Status::Failed("the tokens left the sphere".into());
    model.message = Some(Message::Note("markers: dot".into()));
    let text = drawn(&model, 80, 24).backend().to_string();
    assert!(
        text.contains("failed: the tokens left the sphere") && text.contains("markers: dot"),
        "{text}"
    );
}

#[test]
fn every_size_can_be_drawn_on_every_page_with_every_marker_before_and_after_the_first_frame() {
    let mut models = [
        model("metastable", 3, Depth::Ansi16),
        model("orthogonal", 3, Depth::None),
        watched("sphere-pair", 3, 3, Depth::Ansi256),
        model("zonal-128", 2, Depth::Ansi16),
        model("three-heads", 2, Depth::Ansi256),
        model("gaussian-origin", 2, Depth::Truecolor),
        model("polytope", 3, Depth::None),
        model("bbgky", 2, Depth::Ansi16),
        model("long-context", 1, Depth::None),
        model("icosahedron", 2, Depth::Truecolor),
        model("kuramoto-lorentz", 2, Depth::Ansi16),
        model("pre-ln", 2, Depth::None),
        model("replay", 3, Depth::Ansi256),
        {
            let experiment = presets::load("metastable").unwrap();
            Model::new(
                experiment,
                Vec::new(),
                Theme::of(Depth::Truecolor),
                Marker::Ascii,
            )
        },
    ];
    for model in &mut models {
        for page in 0..PAGES.len() {
            model.page = page;
            for popup in [
                None,
                Some(Popup::Help(30)),
                Some(Popup::Words(7)),
                Some(Popup::Presets(0)),
            ] {
                model.popup = popup;
                for (width, height) in [
                    (1, 1),
                    (40, 10),
                    (60, 18),
                    (61, 23),
                    (99, 20),
                    (159, 80),
                    (160, 45),
                    (300, 90),
                ] {
                    model.marker = model.marker.next();
                    drawn(model, width, height);
                }
            }
        }
    }
    let text = drawn(&models[0], 39, 10).backend().to_string();
    assert!(
        text.contains("metastable needs 40×10") && text.contains("this window is 39×10"),
        "{text}"
    );
}

#[test]
fn the_words_of_a_page_at_80_columns() {
    let mut model = model("metastable", 60, Depth::None);
    model.popup = Some(Popup::Words(0));
    insta::assert_snapshot!("words_80x24", drawn(&model, 80, 24).backend());
}

#[test]
fn with_ascii_markers_every_cell_is_ascii() {
    for (preset, depth) in [
        ("metastable", Depth::Ansi256),
        ("sphere-pair", Depth::Truecolor),
        ("zonal-8", Depth::None),
        ("bbgky", Depth::Ansi16),
        ("gaussian-origin", Depth::None),
        ("three-heads", Depth::Ansi256),
    ] {
        let mut model = watched(preset, 3, 1, depth);
        model.marker = Marker::Ascii;
        for page in 0..PAGES.len() {
            model.page = page;
            for popup in [
                None,
                Some(Popup::Help(0)),
                Some(Popup::Words(0)),
                Some(Popup::Presets(9)),
            ] {
                model.popup = popup;
                for (width, height) in [(30, 5), (80, 24), (200, 60)] {
                    let terminal = drawn(&model, width, height);
                    for cell in terminal.backend().buffer().content() {
                        assert!(
                            cell.symbol().is_ascii(),
                            "{preset} page {page} {popup:?}: {:?}",
                            cell.symbol()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn without_colours_no_cell_has_one() {
    for preset in ["metastable", "sphere-pair", "zonal-8"] {
        let mut model = watched(preset, 10, 3, Depth::None);
        for page in 0..PAGES.len() {
            model.page = page;
            let terminal = drawn(&model, 160, 50);
            let cells = terminal.backend().buffer().content();
            assert!(
                cells
                    .iter()
                    .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
                "{preset}, page {page}"
            );
        }
    }
}

#[test]
fn a_drawn_frame_shows_labelled_axes_and_both_sides() {
    let text = drawn(&model("metastable", 60, Depth::Ansi256), 120, 40)
        .backend()
        .to_string();
    for wanted in [
        "tokens",
        "density dμ/dσ",
        "energy E_β",
        "distance",
        "1/√n",
        "order |m_k|",
        "clusters",
        "β",
        "seed",
        "t 6.00 / 30",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn a_staircase_is_drawn_in_logarithmic_time_with_its_merges_and_its_saddle() {
    let mut model = model("staircase-beta-20", 160, Depth::None);
    let text = drawn(&model, 120, 36).backend().to_string();
    for wanted in ["t (log)", "decades/s", "characteristics since t = 2.5"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    insta::assert_snapshot!("run_log_80x24", drawn(&model, 80, 24).backend());
    insta::assert_snapshot!("run_log_120x36", drawn(&model, 120, 36).backend());
    model.page = PAGES
        .iter()
        .position(|page| page.name == "staircase")
        .unwrap();
    insta::assert_snapshot!("staircase_log_80x24", drawn(&model, 80, 24).backend());
    insta::assert_snapshot!("staircase_log_120x36", drawn(&model, 120, 36).backend());
    let text = drawn(&model, 80, 24).backend().to_string();
    for wanted in [
        "index 1",
        "next step at t  about 4.1e16",
        "without t = 0",
        "┴1e5",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    model.marker = Marker::Ascii;
    let text = drawn(&model, 120, 36).backend().to_string();
    for wrong in ["━", "╍", "◆", "█", "···"] {
        assert!(!text.contains(wrong), "{wrong}: {text}");
    }
    model.marker = Marker::Braille;
    model.log_time = Some(false);
    let text = drawn(&model, 80, 24).backend().to_string();
    assert!(!text.contains("t (log)"), "{text}");
    let narrow = drawn(&model, 60, 18).backend().to_string();
    assert!(
        narrow.contains("next step at t") && !narrow.contains("1/r"),
        "{narrow}"
    );
    for (width, height) in [(60, 18), (61, 19), (200, 60)] {
        for page in 0..PAGES.len() {
            model.page = page;
            model.log_time = Some(page % 2 == 0);
            drawn(&model, width, height);
        }
    }
}

#[test]
fn the_end_of_a_staircase_is_one_body() {
    let mut model = model("three-unequal", 300, Depth::None);
    model.page = PAGES
        .iter()
        .position(|page| page.name == "staircase")
        .unwrap();
    for (width, height) in [(60, 18), (80, 24), (200, 60)] {
        let text = drawn(&model, width, height).backend().to_string();
        assert!(text.contains("maximum: one body"), "{text}");
        assert!(!text.contains("next step"), "{text}");
    }
}

#[test]
fn every_system_says_on_its_page_what_stands_beside_its_tokens() {
    for (preset, frames, page, wanted) in [
        (
            "three-heads",
            3,
            "run",
            ["QKV, 3 heads", "reference, 256 tokens", "W₁"],
        ),
        (
            "gaussian-origin",
            3,
            "run",
            ["tokens in ℝ²", "Gaussian mean field", "W₂"],
        ),
        (
            "polytope",
            40,
            "run",
            ["axes ±", "hull of the clusters", "rescaled"],
        ),
        (
            "icosahedron",
            20,
            "run",
            ["gap to optimum", "design", "V = −I"],
        ),
        (
            "kuramoto-lorentz",
            5,
            "run",
            ["1024 frequencies", "Ott–Antonsen", "V = 2·I"],
        ),
        (
            "pre-ln",
            10,
            "run",
            ["lengths |y_i|", "equiangular", "Pre-LN"],
        ),
        (
            "bbgky",
            4,
            "pairs",
            ["kirkwood", "400 runs of 48", "pair moment"],
        ),
        (
            "long-context",
            1,
            "sweep",
            ["26 of 26 cells", "one layer, this n", "attention.gamma"],
        ),
        (
            "replay",
            4,
            "products",
            ["layer by layer", " layer ", "replay"],
        ),
    ] {
        let mut model = model(preset, frames, Depth::Truecolor);
        model.page = PAGES.iter().position(|p| p.name == page).unwrap();
        if page == "sweep" {
            swept(&mut model);
        }
        assert!((PAGES[model.page].shown)(&model), "{preset}: {page}");
        let text = drawn(&model, 160, 40).backend().to_string();
        for word in wanted {
            assert!(text.contains(word), "{preset}: {word}\n{text}");
        }
    }
}
