//! A run touches no file that is not its own, whichever it is.

use std::fs;
use std::path::Path;

use metastable::batch::{self, BatchError};
use metastable::experiment::{Experiment, presets};

/// A preset cut short: few tokens, a little time, three frames.
fn short(name: &str) -> Experiment {
    let mut settings = vec![
        "time.end=0.1".to_owned(),
        "time.frames=3".to_owned(),
        "field.modes=8".to_owned(),
    ];
    for (key, value) in [
        ("tokens.count", "5"),
        ("field.count", "7"),
        ("pairs.runs", "3"),
        ("sweep.points", "2"),
        ("field.nodes", "4"),
    ] {
        settings.push(format!("{key}={value}"));
    }
    // not every preset takes every setting
    let mut kept = Vec::new();
    for setting in settings {
        kept.push(setting);
        if presets::resolve(name, &kept).is_err() {
            kept.pop();
        }
    }
    presets::resolve(name, &kept).unwrap()
}

fn export(experiment: &Experiment, out: &Path, force: bool) -> Result<(), BatchError> {
    batch::export(experiment, out, force, &mut |_| true).map(|_| ())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_users_file_of_any_name_that_a_run_writes_keeps_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let mut every = std::collections::BTreeSet::new();
    for preset in presets::list() {
        let experiment = short(&preset.name);
        // long presets are cut by their own means above; those that still are long say nothing new about files
        if experiment.tokens.count > 2000
            || experiment.time.end * experiment.attention.speed() > 1e3
        {
            continue;
        }
        let run = dir.path().join(&preset.name);
        export(&experiment, &run, false).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        for name in names(&run) {
            every.insert(name.clone());
            let theirs = dir.path().join(format!("{}-{name}", preset.name));
            fs::create_dir(&theirs).unwrap();
            fs::write(theirs.join(&name), "mine").unwrap();
            let refused = export(&experiment, &theirs, false);
            assert!(
                matches!(&refused, Err(BatchError::Exists(path)) if path.ends_with(&name)),
                "{}: {name}: {refused:?}",
                preset.name
            );
            assert_eq!(fs::read_to_string(theirs.join(&name)).unwrap(), "mine");
            assert_eq!(names(&theirs), [name], "nothing else is left there");
        }
    }
    for name in [
        "experiment.toml",
        "README.md",
        "density.npy",
        "gaussian_covariance.npy",
        "pairs.npy",
        "pairs_closures.npy",
        "replay.npy",
        "lengths.npy",
    ] {
        assert!(every.contains(name), "{name} is tried: {every:?}");
    }
}

#[test]
fn a_runs_own_input_is_not_replaced_and_with_force_it_is_read_first() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[tokens]\ncount = 3\n[attention]\nbeta = 2.0\nvalue = { path = \"matrix_0.csv\" }\n[time]\nend = 0.1\nframes = 2\n";
    fs::write(dir.path().join("matrix_0.csv"), "1,0.5\n0,2\n").unwrap();
    let experiment = metastable::experiment::read::read_text("e.toml", dir.path(), text).unwrap();
    export(&experiment, dir.path(), false).unwrap();
    let matrix = fs::read(dir.path().join("matrix_0.npy")).unwrap();
    // the run's own copy is now a file that a run writes
    assert!(matches!(
        export(&experiment, dir.path(), false),
        Err(BatchError::Exists(_))
    ));
    let again = presets::resolve(
        dir.path().join("experiment.toml").to_str().unwrap(),
        &["seed=4".to_owned()],
    )
    .unwrap();
    export(&again, dir.path(), true).unwrap();
    assert_eq!(fs::read(dir.path().join("matrix_0.npy")).unwrap(), matrix);
    assert_eq!(
        fs::read_to_string(dir.path().join("matrix_0.csv")).unwrap(),
        "1,0.5\n0,2\n"
    );
}

#[test]
fn force_removes_what_an_earlier_run_left_and_nothing_of_a_user() {
    let dir = tempfile::tempdir().unwrap();
    let with_density = short("kuramoto");
    let without = short("three-heads");
    export(&with_density, dir.path(), false).unwrap();
    fs::write(dir.path().join("matrix_7.npy"), "mine").unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    export(&without, dir.path(), true).unwrap();
    let left = names(dir.path());
    assert!(!left.contains(&"density.npy".to_owned()), "{left:?}");
    assert!(left.contains(&"matrix_7.npy".to_owned()) && left.contains(&"notes.txt".to_owned()));
}

#[test]
fn what_the_screen_shows_of_pairs_and_of_the_gaussian_field_is_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let read = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        let npy = npyz::NpyFile::new(bytes.as_slice()).unwrap();
        let shape = npy.shape().to_vec();
        (shape, npy.into_vec::<f64>().unwrap())
    };
    let pairs = short("bbgky");
    export(&pairs, &dir.path().join("pairs"), false).unwrap();
    let (shape, psi) = read(&dir.path().join("pairs/pairs.npy"));
    assert_eq!(shape, [3, 60, 2]);
    // a density of x ∈ [0, π] with mean one, in every frame
    for frame in psi.chunks(120) {
        let mean = frame.iter().step_by(2).sum::<f64>() / 60.0;
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    }
    let (shape, closed) = read(&dir.path().join("pairs/pairs_closures.npy"));
    assert_eq!((shape[0], shape[2]), (3, 61));
    assert!((closed[0] - 1.0).abs() < 1e-12, "uniform at t = 0");
    let gaussian = short("gaussian-origin");
    export(&gaussian, &dir.path().join("gaussian"), false).unwrap();
    let (shape, covariance) = read(&dir.path().join("gaussian/gaussian_covariance.npy"));
    let d = gaussian.tokens.dimension;
    assert_eq!(shape, [3, d as u64, d as u64]);
    let metastable::measure::Law::Gaussian {
        covariance: start, ..
    } = &gaussian.tokens.initial
    else {
        panic!("it starts from a Gaussian");
    };
    assert_eq!(covariance[..d * d], start.concat());
}
