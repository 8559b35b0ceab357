//! The program as a user runs it, without a screen.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

fn metastable(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run of a second or less.
const SHORT: [&str; 8] = [
    "run",
    "clusters-beta-4",
    "--set",
    "time.end=2",
    "--set",
    "frames=21",
    "--set",
    "tokens.count=24",
];

fn read_array(path: &Path) -> (Vec<u64>, Vec<f64>) {
    let npy = npyz::NpyFile::new(std::fs::File::open(path).unwrap()).unwrap();
    (npy.shape().to_vec(), npy.into_vec().unwrap())
}

fn read_metrics(path: &Path) -> HashMap<String, Vec<f64>> {
    let content = std::fs::read_to_string(path).unwrap();
    let mut lines = content.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(names[0], "t");
    let mut columns: HashMap<String, Vec<f64>> = names
        .iter()
        .map(|name| ((*name).to_owned(), vec![]))
        .collect();
    for line in lines {
        let values: Vec<f64> = line.split(',').map(|v| v.parse().unwrap()).collect();
        assert_eq!(values.len(), names.len());
        names
            .iter()
            .zip(values)
            .for_each(|(name, value)| columns.get_mut(*name).unwrap().push(value));
    }
    columns
}

#[test]
fn a_run_writes_its_files_and_they_agree_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let done = metastable(folder.path(), &[&SHORT[..], &["--out", "out"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("clusters") && text(&done.stdout).contains("written to"));
    let out = folder.path().join("out");
    let names: std::collections::BTreeSet<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = [
        "README.md",
        "angles.npy",
        "density.npy",
        "experiment.toml",
        "metrics.csv",
        "products.npy",
        "summary.json",
        "times.npy",
        "tokens.npy",
    ];
    assert_eq!(names, expected.iter().map(|n| (*n).to_owned()).collect());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no scratch is left beside it"
    );

    let (shape, times) = read_array(&out.join("times.npy"));
    assert_eq!((shape, times[0], times[20]), (vec![21], 0.0, 2.0));
    let (shape, tokens) = read_array(&out.join("tokens.npy"));
    assert_eq!(shape, [21, 24, 2]);
    let (shape, density) = read_array(&out.join("density.npy"));
    let points = shape[1] as usize;
    let (_, angles) = read_array(&out.join("angles.npy"));
    assert_eq!((shape[0], angles.len()), (21, points));
    let metrics = read_metrics(&out.join("metrics.csv"));
    for frame in [0, 7, 20] {
        assert_eq!(metrics["t"][frame], times[frame]);
        let rows = &tokens[frame * 48..(frame + 1) * 48];
        let (x, y) = rows
            .chunks(2)
            .fold((0.0, 0.0), |(x, y), r| (x + r[0] / 24.0, y + r[1] / 24.0));
        assert!((x.hypot(y) - metrics["tokens_order_1"][frame]).abs() < 1e-13);
        let rho = &density[frame * points..(frame + 1) * points];
        let mass: f64 = rho.iter().sum::<f64>() / points as f64;
        assert!((mass - 1.0).abs() < 1e-12);
        for k in [1, 5] {
            let (c, s) = rho.iter().zip(&angles).fold((0.0, 0.0), |(c, s), (r, a)| {
                (
                    c + r * (f64::from(k) * a).cos() / points as f64,
                    s + r * (f64::from(k) * a).sin() / points as f64,
                )
            });
            assert!(
                (c.hypot(s) - metrics[&format!("field_order_{k}")][frame]).abs() < 1e-12,
                "k {k}"
            );
        }
        let least = rho.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((least - metrics["field_min"][frame]).abs() < 1e-2 * (1.0 + least));
    }
    let summary: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(
        summary["last"]["tokens_energy"].as_f64().unwrap(),
        metrics["tokens_energy"][20]
    );
    assert_eq!(summary["field"]["state"], "resolved");
    // the entry is there where there is nothing to say, too
    assert!(summary["notes"].is_array(), "{summary}");
}

#[test]
fn densities_above_the_circle_come_with_their_grid_and_quadrature() {
    let folder = tempfile::tempdir().unwrap();
    let run = |preset: &str, out: &str| {
        let end = ["--set", "end=0.4", "--set", "frames=3", "--set", "count=20"];
        let arguments = [&["run", preset, "--out", out], &end[..]].concat();
        let done = metastable(folder.path(), &arguments);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let out = folder.path().join(out);
        (read_metrics(&out.join("metrics.csv")), out)
    };
    let array = |out: &Path, name: &str| read_array(&out.join(name));

    let (metrics, out) = run("sphere-pair", "s2");
    let (shape, density) = array(&out, "density.npy");
    let (_, weights) = array(&out, "weights.npy");
    let (_, colatitude) = array(&out, "colatitude.npy");
    let (_, longitude) = array(&out, "longitude.npy");
    let (rows, columns) = (colatitude.len(), longitude.len());
    assert_eq!(shape, [3, rows as u64, columns as u64]);
    assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    for frame in 0..3 {
        // ∫f dσ = Σ_j w_j mean_φ f, for f = ρ and f = ρ x
        let mut sums = [0.0; 4];
        for (j, theta) in colatitude.iter().enumerate() {
            for (i, phi) in longitude.iter().enumerate() {
                let rho = density[(frame * rows + j) * columns + i] * weights[j] / columns as f64;
                let x = [
                    theta.sin() * phi.cos(),
                    theta.sin() * phi.sin(),
                    theta.cos(),
                ];
                sums[0] += rho;
                (0..3).for_each(|k| sums[k + 1] += rho * x[k]);
            }
        }
        let order = sums[1..].iter().map(|a| a * a).sum::<f64>().sqrt();
        assert!((sums[0] - 1.0).abs() < 1e-12);
        assert!((order - metrics["field_order_1"][frame]).abs() < 1e-12);
    }

    let (metrics, out) = run("zonal-8", "z8");
    let (shape, density) = array(&out, "density.npy");
    let ((_, cosine), (_, weights)) = (array(&out, "cosine.npy"), array(&out, "weights.npy"));
    assert_eq!(shape, [3, cosine.len() as u64]);
    for frame in 0..3 {
        let rho = &density[frame * cosine.len()..][..cosine.len()];
        let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
            (rho.iter().zip(&weights).zip(&cosine))
                .map(|((r, w), c)| r * w * f(*c))
                .sum()
        };
        assert!((sum(&|_| 1.0) - 1.0).abs() < 1e-12);
        assert!((sum(&|c| c) - metrics["field_order_1"][frame]).abs() < 1e-12);
    }
}

#[test]
fn the_written_experiment_runs_again_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("points.csv"),
        "1,0\n0,1\n-1,0.2\n0.3,-0.9\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("e.toml"),
        "[tokens]\ninitial = { law = \"file\", path = \"points.csv\" }\n[attention]\nbeta = 2\n[noise]\ndiffusion = 0.01\n\
         [time]\nend = 1\nframes = 6\n[[change]]\nat = 0.5\nbeta = 3\n",
    )
    .unwrap();
    assert!(
        metastable(folder.path(), &["run", "e.toml", "--out", "a"])
            .status
            .success()
    );
    let again = metastable(folder.path(), &["run", "a/experiment.toml", "--out", "b"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    for file in [
        "metrics.csv",
        "tokens.npy",
        "density.npy",
        "experiment.toml",
        "initial.npy",
    ] {
        let read = |run: &str| std::fs::read(folder.path().join(run).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file} differs");
    }
}

#[test]
fn an_existing_run_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&SHORT[..], &["--out", "out"]].concat();
    assert!(metastable(folder.path(), &arguments).status.success());
    let before = std::fs::read(folder.path().join("out/metrics.csv")).unwrap();
    let refused = metastable(
        folder.path(),
        &[&arguments[..], &["--set", "seed=1"]].concat(),
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("add --force"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(
        std::fs::read(folder.path().join("out/metrics.csv")).unwrap(),
        before
    );
    assert!(
        metastable(
            folder.path(),
            &[&arguments[..], &["--set", "seed=1", "--force"]].concat()
        )
        .status
        .success()
    );
    assert_ne!(
        std::fs::read(folder.path().join("out/metrics.csv")).unwrap(),
        before
    );
}

#[test]
fn the_users_own_files_are_neither_overwritten_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tokens.npy", "initial.npy", "weights.npy"] {
        std::fs::write(folder.path().join(name), "mine").unwrap();
    }
    let refused = metastable(folder.path(), &[&SHORT[..], &["--out", "."]].concat());
    assert_eq!(refused.status.code(), Some(2));
    for name in ["tokens.npy", "initial.npy", "weights.npy"] {
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"mine");
    }
}

#[test]
fn wrong_input_ends_with_code_2_a_clear_line_and_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("bad.toml"),
        "[tokens]\ncoutn = 3\n[attention]\nbeta = 1\n[time]\nend = 1\n",
    )
    .unwrap();
    for (arguments, expected) in [
        (
            vec!["run", "bad.toml", "--out", "out"],
            "bad.toml:2:1: tokens.coutn: there is no such key",
        ),
        (
            vec!["run", "missing.toml", "--out", "out"],
            "missing.toml: cannot be read",
        ),
        (
            vec!["run", "kuramoto", "--set", "tokens.count=0", "--out", "out"],
            "--set tokens.count=0: tokens.count: 0 is out of range",
        ),
        (vec!["run", "nonsense", "--out", "out"], "no such preset"),
        (vec!["nonsense"], "no such preset"),
        (
            vec!["run", "kuramoto", "--out", "bad.toml"],
            "bad.toml is not a folder",
        ),
        (
            vec!["preset", "show", "kuramotto"],
            "did you mean `kuramoto`?",
        ),
    ] {
        let refused = metastable(folder.path(), &arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&refused.stderr).contains(expected),
            "{arguments:?} says {}",
            text(&refused.stderr)
        );
        assert!(text(&refused.stdout).is_empty());
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing was written"
    );
}

#[test]
fn without_a_terminal_the_program_runs_the_preset_and_prints_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let done = metastable(
        folder.path(),
        &["kuramoto", "--set", "end=1", "--set", "frames=5"],
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let report = text(&done.stdout);
    assert!(
        report.starts_with("β = 0: Kuramoto") && report.contains("W₁"),
        "{report}"
    );
    assert!(!report.contains('\u{1b}'));
}

#[test]
fn an_under_resolved_density_leaves_no_numbers_behind() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "run",
        "clusters-beta-4",
        "--set",
        "max_modes=256",
        "--set",
        "hand_over=false",
        "--set",
        "end=4",
        "--set",
        "frames=41",
        "--out",
        "out",
    ];
    let done = metastable(folder.path(), &arguments);
    assert!(
        text(&done.stdout).contains("UNDER-RESOLVED since t = "),
        "{}",
        text(&done.stdout)
    );
    let metrics = read_metrics(&folder.path().join("out/metrics.csv"));
    let resolved = metrics["field_resolved"]
        .iter()
        .filter(|r| **r == 1.0)
        .count();
    assert!(resolved > 3 && resolved < 41);
    let (shape, density) = read_array(&folder.path().join("out/density.npy"));
    for frame in 0..41 {
        let row = &density[frame * shape[1] as usize..(frame + 1) * shape[1] as usize];
        assert_eq!(
            row.iter().all(|v| v.is_nan()),
            frame >= resolved,
            "frame {frame}"
        );
        assert_eq!(metrics["field_energy"][frame].is_nan(), frame >= resolved);
        assert_eq!(metrics["wasserstein"][frame].is_nan(), frame >= resolved);
        let tail = metrics["field_tail"][frame];
        assert!(tail.is_nan() || tail <= 1e-9, "{tail}");
    }
}

#[test]
fn presets_are_listed_shown_and_located_and_a_users_own_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = text(&metastable(folder.path(), &["preset", "path"]).stdout);
    let own = Path::new(path.trim());
    assert!(own.ends_with("metastable/presets"), "{path}");
    std::fs::create_dir_all(own).unwrap();
    std::fs::write(
        own.join("mine.toml"),
        "title = \"My own\"\n[attention]\nbeta = 1\n[time]\nend = 0.1\nframes = 2\n",
    )
    .unwrap();
    let list = text(&metastable(folder.path(), &["preset", "list"]).stdout);
    // by section, the user's own at the end
    assert!(list.lines().next().unwrap().starts_with("§1"), "{list}");
    assert!(
        list.lines().any(|line| line.starts_with("  metastable ")),
        "{list}"
    );
    let others = list.split("\nothers\n").nth(1).unwrap();
    assert!(others.contains("My own  (yours)") && list.lines().count() >= 55);
    let shown = text(&metastable(folder.path(), &["preset", "show", "kuramoto"]).stdout);
    assert_eq!(shown, include_str!("../../presets/kuramoto.toml"));
    assert!(metastable(folder.path(), &["run", "mine"]).status.success());
    assert!(
        text(&metastable(folder.path(), &["preset", "path", "mine"]).stdout).contains("mine.toml")
    );
}

#[test]
fn every_file_of_the_presets_folder_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let names: std::collections::BTreeSet<String> = metastable::experiment::presets::list()
        .into_iter()
        .map(|p| p.name)
        .collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        assert!(
            names.contains(path.file_stem().unwrap().to_str().unwrap()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_keys_are_listed_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let listed = metastable(folder.path(), &["keys"]);
    assert!(listed.status.success());
    let said = text(&listed.stdout);
    assert!(
        said.contains("[attention]") && said.contains("between -700 and 1000000"),
        "{said}"
    );
    let json = metastable(folder.path(), &["keys", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let beta = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "beta")
        .unwrap();
    assert_eq!(
        (beta["section"].as_str(), beta["high"].as_f64()),
        (Some("attention"), Some(1e6))
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_hang_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args(SHORT)
        .current_dir(folder.path())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("could not be written"));
    for (signal, code) in [("HUP", 129), ("TERM", 143), ("INT", 130)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_metastable"))
            .args([
                "run",
                "metastable",
                "--set",
                "tokens.count=1500",
                "--set",
                "dimension=16",
                "--set",
                "time.end=1e3",
                "--out",
                "a/b",
            ])
            .current_dir(folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !folder.path().join("a/b").exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        let sent = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        assert!(
            !folder.path().join("a").exists(),
            "{signal} left something behind"
        );
    }
}

#[cfg(unix)]
#[test]
fn experiments_come_from_standard_input_and_from_files_of_any_name() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let text = "[tokens]\ncount = 3\n[attention]\nbeta = 1.0\n[time]\nend = 0.1\nframes = 2\n";
    let name = std::ffi::OsString::from_vec(b"caf\xe9.toml".to_vec());
    std::fs::write(folder.path().join(&name), text).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .current_dir(folder.path())
        .arg("run")
        .arg(&name)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args(["run", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let piped = child.wait_with_output().unwrap();
    let report = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .filter(|line| !line.contains(" s"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(piped.status.success());
    assert_eq!(report(piped.stdout), report(done.stdout));
}

/// One right-hand side takes minutes: nobody waits for it.
#[cfg(unix)]
#[test]
fn a_run_ends_within_a_step_when_it_is_asked_to_and_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().unwrap();
    let text = "[tokens]\ncount = 100000\ndimension = 16\n[attention]\nbeta = 2.0\n[field]\nsolver = \"none\"\n[time]\nend = 0.1\nframes = 2\n";
    std::fs::write(folder.path().join("heavy.toml"), text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .current_dir(folder.path())
        .args(["run", "heavy.toml", "--out", "made/here"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let asked = std::time::Instant::now();
    Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    let status = child.wait().unwrap();
    // half a second of patience, and a busy machine
    assert!(asked.elapsed().as_secs_f64() < 4.0, "{:?}", asked.elapsed());
    assert!(
        status.code() == Some(143) || status.signal() == Some(15),
        "{status:?}"
    );
    assert!(!folder.path().join("made").exists());
}

#[test]
fn a_run_that_will_not_end_says_so_before_it_begins() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args(["run", "clusters-beta-4", "--set", "time.end=1e20"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut lines, &mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.contains("set tokens.merge = 1e-9"), "{said}");
}

#[test]
fn the_report_about_a_terminal_says_what_was_found_and_what_chooses_otherwise() {
    let said = |variables: &[(&str, &str)], options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metastable"));
        command.arg("diagnose").args(options);
        for name in [
            "NO_COLOR",
            "COLORTERM",
            "LC_ALL",
            "TERM_PROGRAM",
            "SSH_CONNECTION",
            "SSH_TTY",
            "TMUX",
            "STY",
        ] {
            command.env_remove(name);
        }
        let done = command.envs(variables.iter().copied()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let row = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap()[name.len()..].trim().to_owned()
    };
    let kitty = said(
        &[
            ("TERM", "xterm-kitty"),
            ("LC_ALL", "C.UTF-8"),
            ("METASTABLE_SIMD", "scalar"),
        ],
        &[],
    );
    assert!(row(&kitty, "terminal").starts_with("xterm-kitty, but standard output is no terminal"));
    assert!(row(&kitty, "colours").starts_with("256 "));
    assert!(row(&kitty, "maps").starts_with("pictures by kitty"));
    assert!(row(&kitty, "registers").starts_with("one number at a time"));
    // without colours there are no pictures either
    let grey = said(&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")], &[]);
    assert!(row(&grey, "maps").starts_with("cells "));
    let plain = [
        ("TERM", "xterm-256color"),
        ("SSH_TTY", "/dev/x"),
        ("LC_ALL", "C"),
        ("NO_COLOR", "1"),
    ];
    let far = said(&plain, &["--bandwidth", "20", "--no-mouse"]);
    assert!(row(&far, "colours").starts_with("none "));
    assert!(row(&far, "dots").starts_with("ascii "));
    assert!(row(&far, "maps").starts_with("cells "));
    assert!(row(&far, "link").starts_with("over SSH, 20 KB/s at most"));
    assert!(row(&far, "mouse").starts_with("left to the terminal"));
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let said = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_metastable"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let commands = [
        "run",
        "sweep",
        "plot",
        "report",
        "preset",
        "config",
        "keys",
        "diagnose",
        "completions",
        "man",
    ];
    for text in [
        said(&["completions", "bash"]),
        said(&["completions", "zsh"]),
        said(&["completions", "fish"]),
        said(&["man"]),
    ] {
        for command in commands {
            assert!(text.contains(command), "{command}");
        }
    }
    assert!(said(&["man"]).contains(".TH metastable 1"));
}
