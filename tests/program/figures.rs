//! Pictures and pages: what lies in a folder is drawn as it is, beside what theory says, and nothing of somebody else's is replaced.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::SMALL_SWEEP as SMALL;

/// The program in a folder: exit code, output, errors.
fn metastable(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metastable"));
    let done = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

/// Runs a preset with settings into the folder `r`.
fn run(folder: &Path, preset: &str, settings: &[&str]) {
    let mut arguments = vec!["run", preset, "--out", "r", "--force"];
    settings
        .iter()
        .for_each(|setting| arguments.extend(["--set", *setting]));
    let (code, _, error) = metastable(folder, &arguments);
    assert_eq!(code, Some(0), "{preset}: {error}");
}

#[test]
fn a_sweep_and_a_run_are_drawn_and_a_picture_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let metastable = |arguments: &[&str]| metastable(folder.path(), arguments);
    fs::write(folder.path().join("e.toml"), SMALL).unwrap();
    assert_eq!(metastable(&["sweep", "e.toml", "--out", "s"]).0, Some(0));
    let (code, out, error) = metastable(&["plot", "s"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        out.contains("tokens_near, discrepancy, tokens_clusters"),
        "{out}"
    );
    let picture = folder.path().join("s/figures/tokens_near.svg");
    let text = fs::read_to_string(&picture).unwrap();
    assert!(text.starts_with("<svg") && text.contains("</svg>"));
    // the axes by their names, what is shown, of how many runs, and which of the axes has no side on the picture
    for word in ["β", ">\nn\n<", "mean of 5 runs", "t = 1"] {
        assert!(text.contains(word), "{word:?} is not in the picture");
    }
    // the same numbers, the same picture
    assert_eq!(metastable(&["plot", "s"]).0, Some(0));
    assert_eq!(fs::read_to_string(&picture).unwrap(), text);
    // and the folder goes on as a sweep
    assert_eq!(metastable(&["sweep", "e.toml", "--out", "s"]).0, Some(0));

    fs::write(&picture, "<svg>mine</svg>").unwrap();
    let (code, _, error) = metastable(&["plot", "s"]);
    assert!(
        code == Some(2) && error.contains("tokens_near.svg would be replaced"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&picture).unwrap(), "<svg>mine</svg>");
    assert_eq!(metastable(&["plot", "s", "--force"]).0, Some(0));
    assert_eq!(fs::read_to_string(&picture).unwrap(), text);

    let run = [
        "run",
        "clusters-beta-4",
        "--set",
        "tokens.count=32",
        "--set",
        "time.end=1",
        "--out",
        "r",
    ];
    assert_eq!(metastable(&run).0, Some(0));
    let (code, out, error) = metastable(&["plot", "r", "--out", "pictures"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("energy"), "{out}");
    let energy = fs::read_to_string(folder.path().join("pictures/energy.svg")).unwrap();
    assert!(energy.contains("tokens_energy") && energy.contains("field_energy"));

    fs::write(
        folder.path().join("r/metrics.csv"),
        "t,tokens_energy\n0,1\n1,x\n",
    )
    .unwrap();
    let (code, _, error) = metastable(&["plot", "r"]);
    assert!(
        code == Some(2) && error.contains("line 3: \"x\" is no number"),
        "{error}"
    );
    let (code, _, error) = metastable(&["plot", "nowhere"]);
    assert!(
        code == Some(2) && error.contains("nowhere: neither results.zarr"),
        "{error}"
    );
}

#[test]
fn the_ways_of_tokens_are_drawn_where_they_move_and_theory_over_what_it_speaks_of() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| {
        fs::read_to_string(folder.path().join(format!("r/figures/{name}.svg"))).unwrap_or_default()
    };
    for (preset, settings, pictures) in [
        (
            "clusters-beta-4",
            &["tokens.count=120", "time.end=1"][..],
            &["space_time", "circle", "spectrum"][..],
        ),
        ("sphere-pair", &["time.end=0.2"], &["globe", "spectrum"]),
        ("polytope", &["time.end=0.5"], &["plane"]),
        ("orthogonal", &["time.end=2"], &["spectrum"]),
    ] {
        run(folder.path(), preset, settings);
        let (code, said, error) = metastable(folder.path(), &["plot", "r"]);
        assert_eq!(code, Some(0), "{preset}: {error}");
        for name in ["space_time", "circle", "globe", "plane", "spectrum"] {
            let drawn = said.contains(&format!("{name},"));
            assert_eq!(
                drawn,
                pictures.contains(&name),
                "{preset}: {name} in {said}"
            );
            assert_eq!(drawn, read(name).contains("</svg>"), "{preset}: {name}");
        }
        match preset {
            "clusters-beta-4" => {
                let text = read("space_time");
                // not all of them, and that is said; the density by its colour bar
                assert!(
                    text.contains("96 of 120 tokens") && text.contains("ρ/(1 + ρ)"),
                    "{preset}"
                );
            }
            "orthogonal" => assert!(read("order_1").contains("Theorem 6.8")),
            _ => {}
        }
    }
}

#[test]
fn a_page_holds_every_prediction_beside_its_measurement_and_the_command_that_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "orthogonal", &["time.end=4"]);
    let (code, said, error) = metastable(folder.path(), &["report", "r"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        said.contains("agrees         tokens_order_1: Theorem 6.8"),
        "{said}"
    );
    let path = folder.path().join("r/report.html");
    let page = fs::read_to_string(&path).unwrap();
    for word in [
        "<td class=\"agrees\">agrees",
        "metastable run experiment.toml",
        "[tokens.initial]",
        "</svg>",
        "at most",
    ] {
        assert!(page.contains(word), "{word}");
    }
    // nothing is fetched from anywhere
    assert!(!page.contains("src=") && !page.contains("<script") && !page.contains("@import"));
    assert_eq!(
        metastable(folder.path(), &["report", "r"]).0,
        Some(0),
        "ours is replaced"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), page);

    // a page and pictures of the other run do not stay beside the numbers of this one; somebody else's do
    assert_eq!(metastable(folder.path(), &["plot", "r"]).0, Some(0));
    fs::write(folder.path().join("r/figures/mine.svg"), "<svg>mine</svg>").unwrap();
    run(folder.path(), "polytope", &["time.end=0.5"]);
    let left: Vec<String> = (fs::read_dir(folder.path().join("r/figures")).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left, ["mine.svg"]);
    assert!(!path.exists());

    fs::write(&path, "mine").unwrap();
    let (code, _, error) = metastable(folder.path(), &["report", "r"]);
    assert!(
        code == Some(2) && error.contains("report.html would be replaced"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(
        metastable(folder.path(), &["report", "r", "--force"]).0,
        Some(0)
    );

    // a family of runs is judged by its standard errors
    let sweep = ["sweep", "wendel", "--quick", "--out", "s"];
    assert_eq!(metastable(folder.path(), &sweep).0, Some(0));
    let (_, said, error) = metastable(folder.path(), &["report", "s"]);
    assert!(
        said.contains("Wendel at t = 0") && said.contains("standard errors"),
        "{said}{error}"
    );
    let page = fs::read_to_string(folder.path().join("s/report.html")).unwrap();
    assert!(page.contains("metastable sweep experiment.toml"));
    let (code, _, error) = metastable(folder.path(), &["report", "nowhere"]);
    assert!(code == Some(2) && error.contains("metrics.csv"), "{error}");
}

#[test]
fn a_prediction_is_held_to_its_word_where_it_was_computed_and_what_a_run_tends_to_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let says = |wanted: &str| {
        let (code, said, error) = metastable(folder.path(), &["report", "r", "--force"]);
        assert_eq!(code, Some(0), "{error}");
        assert!(said.contains(wanted), "{said}");
    };
    // more frames than a curve has points
    run(
        folder.path(),
        "orthogonal",
        &["time.end=4", "time.frames=1301"],
    );
    says("agrees         tokens_order_1: Theorem 6.8");
    fs::remove_dir_all(folder.path().join("r")).unwrap();
    run(folder.path(), "icosahedron", &[]);
    says("agrees         tokens_energy: icosahedron");
    fs::remove_dir_all(folder.path().join("r")).unwrap();
    let pair = [
        "tokens.count=2",
        "tokens.initial={law=\"equiangular\",cosine=0.2}",
        "time.end=8",
    ];
    run(folder.path(), "clusters-beta-4", &pair);
    says("agrees         tokens_closest: two clusters");
    // places of the axis between those of the curve, and the limit that they are away from
    let sweep = ["sweep", "long-context", "--quick", "--out", "r"];
    fs::remove_dir_all(folder.path().join("r")).unwrap();
    let (code, _, error) = metastable(folder.path(), &sweep);
    assert_eq!(code, Some(0), "{error}");
    says("agrees         tokens_cosine: one layer, this n");
    says("differs        tokens_cosine: n → ∞");
}
