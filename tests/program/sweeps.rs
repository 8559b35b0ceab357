//! Families of runs: a realisation is an ordinary run, and nobody can tell from the results who computed them, or how often it was interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::common::SMALL_SWEEP as SMALL;
use metastable::experiment::read::read_text;
use metastable::machine::testing::on_threads;
use metastable::observe::table::column;
use metastable::sweep::statistics::Running;
use metastable::sweep::{CellResult, Desk, Plan, Shard, Store, StoreError, cell, run};
use metastable::{Experiment, Session};

fn experiment(text: &str) -> Experiment {
    read_text("e.toml", Path::new(""), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn plan(text: &str) -> Plan {
    Plan::new(&experiment(text)).unwrap().unwrap()
}

/// The bits of what is kept.
fn bits(result: &CellResult) -> Vec<u64> {
    let mut list = vec![result.failed];
    for series in &result.series {
        list.extend(&series.count);
        list.extend(
            series
                .mean
                .iter()
                .chain(&series.standard_error)
                .map(|v| v.to_bits()),
        );
        list.extend(series.quantiles.iter().flatten().map(|v| v.to_bits()));
    }
    list
}

/// Every file of a folder with its content.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn visit(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                visit(&entry.path(), &name, files);
            } else {
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    visit(folder, "", &mut files);
    files
}

/// Fills a folder with the cells of a shard, at most so many.
fn fill(folder: &Path, plan: &Plan, shard: Shard, most: usize) -> bool {
    let store = Store::open(folder, plan).unwrap();
    let missing = store.missing().into_iter().filter(|cell| shard.has(*cell));
    let cells: Vec<usize> = missing.take(most).collect();
    let mut keep = |cell: usize, result: CellResult| store.keep(cell, &result);
    assert!(
        run(
            plan,
            &Desk::of(&cells, plan.spec.realisations, 1),
            &mut keep,
            &|_| (),
            &|| false
        )
        .unwrap()
    );
    store.close().unwrap() == 0
}

#[test]
fn a_cell_is_its_runs_one_by_one_to_the_bit_whatever_is_not_observed() {
    let layers = "[time]\nend = 3.0\nframes = 4\nscheme = \"layer\"\nstep = 0.1\n";
    let adaptive = "[time]\nend = 1.0\nframes = 3\n";
    for (d, time, more) in [
        (2, layers, ""),
        (32, layers, ""),
        (2, adaptive, ""),
        (3, adaptive, "[noise]\ndiffusion = 0.1\n"),
        (8, adaptive, ""),
        (2, adaptive, "[[change]]\nat = 0.5\nbeta = 1.0\n"),
    ] {
        let columns = [
            "tokens_near",
            "tokens_energy",
            "tokens_order_2",
            "tokens_clusters",
        ];
        let text = format!(
            "[tokens]\ncount = 32\ndimension = {d}\nseed = 7\n[attention]\nbeta = 4.0\n{more}{time}[sweep]\nrealisations = 4\nobservables = {columns:?}\n[[sweep.axis]]\nkey = \"attention.beta\"\nvalues = [0.5, 9.0]\n"
        );
        let plan = plan(&text);
        for number in 0..2 {
            let found = cell::run(&plan, number, &|| (), &|| false).unwrap();
            let mut sums = vec![Running::default(); columns.len() * plan.frames()];
            for realisation in 0..4 {
                let mut session = Session::new(plan.experiment(number, realisation).unwrap());
                while !session.finished() {
                    session.advance(&|| false).unwrap();
                }
                for (frame, record) in session.history().records().iter().enumerate() {
                    for (which, name) in columns.iter().enumerate() {
                        sums[which * plan.frames() + frame]
                            .push(record.values[column(name).unwrap()]);
                    }
                }
            }
            for (which, name) in columns.iter().enumerate() {
                for frame in 0..plan.frames() {
                    let expected = &sums[which * plan.frames() + frame];
                    let series = &found.series[which];
                    assert_eq!(
                        (
                            series.count[frame],
                            series.mean[frame].to_bits(),
                            series.standard_error[frame].to_bits()
                        ),
                        (
                            expected.count(),
                            expected.mean().to_bits(),
                            expected.standard_error().to_bits()
                        ),
                        "d {d} {name} cell {number} frame {frame}\n{text}"
                    );
                }
            }
        }
    }
}

#[test]
fn threads_shards_and_interruptions_leave_no_trace_in_the_folder() {
    let plan = plan(SMALL);
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    assert!(on_threads(1, || fill(&whole, &plan, Shard::WHOLE, 99)));
    let expected = tree(&whole);
    assert!(expected.keys().any(|name| name == "/table.csv"));
    let sharded = dir.path().join("sharded");
    for number in [2, 3, 1] {
        let last = fill(&sharded, &plan, Shard { number, of: 3 }, 99);
        assert_eq!(last, number == 1, "the table is written with the last cell");
    }
    assert!(tree(&sharded) == expected, "shards");
    let pieces = dir.path().join("pieces");
    for piece in 0..5 {
        let done = on_threads(1 + piece % 3, || fill(&pieces, &plan, Shard::WHOLE, 2));
        assert_eq!(done, piece == 4);
    }
    assert!(tree(&pieces) == expected, "pieces");
    // a chunk whose cell was never marked as kept is written again
    fs::remove_file(whole.join("results.zarr/status/c/1/1")).unwrap();
    fs::write(
        whole.join("results.zarr/tokens_near/mean/c/1/1/0"),
        [1, 2, 3],
    )
    .unwrap();
    assert!(fill(&whole, &plan, Shard::WHOLE, 99));
    assert!(tree(&whole) == expected, "half a cell");
}

#[test]
fn cells_do_not_depend_on_the_threads_where_there_are_many_realisations() {
    let text = SMALL.replace("realisations = 5", "realisations = 700");
    let plan = plan(&text);
    let with = |threads: usize| {
        on_threads(threads, || {
            bits(&cell::run(&plan, 4, &|| (), &|| false).unwrap())
        })
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(3));
}

#[test]
fn another_sweep_or_anything_else_in_the_folder_is_refused_and_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("sweep");
    fill(&folder, &plan(SMALL), Shard::WHOLE, 2);
    let before = tree(&folder);
    let other = plan(&SMALL.replace("seed = 3", "seed = 4"));
    match Store::open(&folder, &other) {
        Err(StoreError::Differs { difference, .. }) => {
            assert!(
                difference.contains("- seed = 3") && difference.contains("+ seed = 4"),
                "{difference}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(tree(&folder) == before);
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.tex"), "mine").unwrap();
    let refused = Store::open(&foreign, &other).unwrap_err().to_string();
    assert!(
        refused.contains("thesis.tex") && refused.contains("--out"),
        "{refused}"
    );
    assert_eq!(tree(&foreign).len(), 1);
    assert!(matches!(
        Store::plan_of(&foreign),
        Err(StoreError::Nothing(_))
    ));
}

#[test]
fn cells_that_are_refused_or_fail_are_recorded_with_their_reason_and_the_others_go_on() {
    let text = r#"
[tokens]
count = 8
dimension = 2
[attention]
beta = 2.0
[field]
modes = 32
max_modes = 32
hand_over = false
[time]
end = 20.0
frames = 4
[sweep]
realisations = 3
observables = ["discrepancy"]
[[sweep.axis]]
key = "attention.normalisation"
values = ["softmax", "sinkhorn", "none"]
[[sweep.axis]]
key = "noise.diffusion"
values = [0.0, 0.5]
"#;
    let plan = plan(&text.replace(
        "[time]",
        "initial = { law = \"harmonics\", cosine = [0.2] }\n[time]",
    ));
    let dir = tempfile::tempdir().unwrap();
    assert!(fill(dir.path(), &plan, Shard::WHOLE, 99));
    let store = Store::open(dir.path(), &plan).unwrap();
    let cells: Vec<CellResult> = (0..6).map(|cell| store.read(cell).unwrap()).collect();
    let failed: Vec<u64> = cells.iter().map(|cell| cell.failed).collect();
    // without noise the density runs out of modes; doubly stochastic weights have none
    assert_eq!(failed[0], 3, "{:?}", cells[0]);
    assert!(cells[0].reasons[0].contains("not resolved") && cells[0].reasons[0].contains("modes"));
    assert_eq!(failed[1], 0, "{:?}", cells[1].reasons);
    assert!(cells[1].series[0].mean.iter().all(|mean| mean.is_finite()));
    assert_eq!(failed[2], 3);
    assert!(
        cells[2].reasons[0].contains("no discrepancy") && cells[2].reasons[0].contains("zonal")
    );
    let table = fs::read_to_string(dir.path().join("table.csv")).unwrap();
    let header = table.lines().next().unwrap();
    assert_eq!(
        header,
        "attention.normalisation,noise.diffusion,t,observable,mean,standard_error,count,failed,q05,q25,q50,q75,q95"
    );
    assert_eq!(table.lines().count(), 1 + 6 * 4);
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("softmax,0,0,discrepancy,nan,nan,0,3,nan")
    );
}

#[test]
fn the_form_with_one_key_means_the_same_as_an_axis_and_the_last_frames() {
    let old = "[tokens]\ncount = 8\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\nframes = 5\n[sweep]\nkey = \"attention.beta\"\nfrom = 0.5\nto = 2\npoints = 4\nobservable = \"tokens_order_1\"\n";
    let new = old.replace(
        "key = ",
        "frames = \"average\"\nobservables = [\"tokens_order_1\"]\n[[sweep.axis]]\nkey = ",
    );
    let new = new.replace("observable = \"tokens_order_1\"\n", "");
    let (one, two) = (plan(old), plan(&new));
    for number in 0..4 {
        let run = |plan: &Plan| bits(&cell::run(plan, number, &|| (), &|| false).unwrap());
        assert_eq!(run(&one), run(&two));
    }
    assert_eq!(one.frames(), 1);
}

#[test]
fn every_wrong_sweep_has_one_error_that_names_key_value_and_remedy() {
    let base = "[tokens]\ncount = 8\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\n[sweep]\n";
    for (text, wanted) in [
        (
            "[[sweep.axis]]\nkey = \"attention.betta\"\nfrom = 0\nto = 1",
            vec!["attention.betta", "beta"],
        ),
        (
            "[[sweep.axis]]\nkey = \"temperature\"\nfrom = 0\nto = 1",
            vec!["temperature"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nfrom = 2\nto = 1\nspacing = \"log\"",
            vec!["from 2 to 1", "to > from"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nfrom = 0\nto = 1\nspacing = \"log\"",
            vec!["from 0 to 1"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nvalues = [\"hot\"]",
            vec!["attention.beta takes numbers", "hot"],
        ),
        (
            "[[sweep.axis]]\nkey = \"tokens.count\"\nfrom = 1\nto = 2\npoints = 3",
            vec!["tokens.count takes whole numbers", "1.5"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.normalisation\"\nvalues = [\"soft\"]",
            vec!["soft", "softmax"],
        ),
        (
            "[[sweep.axis]]\nkey = \"field.hand_over\"\nvalues = [1]",
            vec!["field.hand_over takes true or false"],
        ),
        (
            "[[sweep.axis]]\nkey = \"noise.diffusion\"\nvalues = [-1.0]",
            vec!["-1", "noise.diffusion"],
        ),
        (
            "realisations = 0",
            vec!["realisations", "0 is out of range"],
        ),
        (
            "observables = [\"tokens_oder_1\"]",
            vec!["did you mean `tokens_order_1`?"],
        ),
        ("observables = []", vec!["nothing is measured"]),
        (
            "observables = [\"ensemble_pair\"]",
            vec!["no ensemble_pair", "[pairs]"],
        ),
        (
            "observables = [\"tokens_variance_1\"]",
            vec!["live on the sphere"],
        ),
        (
            "observables = [\"gaussian_distance\"]",
            vec!["no Gaussian measure"],
        ),
        (
            "statistics = [\"median\"]",
            vec!["median", "did you mean `mean`?"],
        ),
        (
            "[[sweep.axis]]\nkey = \"time.frames\"\nvalues = [2, 3]",
            vec!["frames", "last"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nvalues = []",
            vec!["no point"],
        ),
        (
            "[[sweep.axis]]\nkeys = [\"attention.beta\", \"noise.diffusion\"]\nvalues = [[1.0]]",
            vec!["2 values"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nvalues = [1]\n[[sweep.axis]]\nkey = \"beta\"\nvalues = [2]",
            vec!["another axis"],
        ),
        (
            "[[sweep.axis]]\nkey = \"attention.beta\"\nfrom = 0\nto = 1\npoints = 10000\n[[sweep.axis]]\nkey = \"noise.diffusion\"\nfrom = 0\nto = 1\npoints = 10000",
            vec!["10000 × 10000", "fewer points"],
        ),
        (
            "[[sweep.axis]]\nkey = \"sweep.points\"\nvalues = [1]",
            vec!["sweep.points cannot be varied"],
        ),
        ("key = \"beta\"\nfrom = 0\n", vec!["sweep.to", "missing"]),
    ] {
        let text = format!("{base}{text}\n");
        let error = read_text("e.toml", Path::new(""), &text)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("e.toml:"), "{error}");
        for word in wanted {
            assert!(error.contains(word), "{word}\n{error}\n{text}");
        }
    }
}

#[test]
fn a_killed_sweep_goes_on_where_it_was_and_ends_with_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("e.toml");
    fs::write(
        &file,
        SMALL.replace("realisations = 5", "realisations = 100"),
    )
    .unwrap();
    let start = |out: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metastable"));
        command.arg("sweep").arg(&file).arg("--out").arg(out);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let whole = dir.path().join("whole");
    assert!(start(&whole).wait().unwrap().success());
    let killed = dir.path().join("killed");
    let mut pause = 20;
    let mut kills = 0;
    loop {
        let mut child = start(&killed);
        std::thread::sleep(Duration::from_millis(pause));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // later and later, so that it comes to its end
        pause += pause / 3;
    }
    assert!(kills > 0, "it was killed at least once");
    let files = |folder: &Path| {
        let mut files = tree(folder);
        // what a killed process was writing
        files.retain(|name, _| !name.starts_with("/.partial"));
        files
    };
    assert!(files(&killed) == files(&whole), "after {kills} kills");
}

#[test]
fn a_step_of_the_noise_that_is_given_is_taken_in_every_cell() {
    let steps = |noise: &str, axis: &str| -> Vec<f64> {
        let plan = plan(&format!(
            "[tokens]\ncount = 4\n[attention]\nbeta = 1.0\n[noise]\ndiffusion = 1.0\n{noise}\n[time]\nend = 2.0\nframes = 2\n\
             [sweep]\nobservables = [\"tokens_steps\"]\nframes = \"last\"\n[[sweep.axis]]\n{axis}\n"
        ));
        (0..plan.spec.cells())
            .map(|cell| {
                let found = metastable::sweep::cell::run(&plan, cell, &|| (), &|| false).unwrap();
                found.series[0].mean[0]
            })
            .collect()
    };
    let noises = "key = \"noise.diffusion\"\nvalues = [0.5, 2.0]";
    assert_eq!(steps("step = 0.1", noises), [20.0, 20.0]);
    assert_eq!(steps("", noises), [200.0, 200.0]);
    // as many in a time scale, 0.1/(1 + β) from β = 9 on
    let betas = "key = \"attention.beta\"\nvalues = [0.0, 1.0, 19.0]";
    assert_eq!(steps("step = 0.1", betas), [20.0, 20.0, 40.0]);
    assert_eq!(steps("", betas), [200.0, 200.0, 400.0]);
    let chosen = "key = \"noise.step\"\nvalues = [0.1, 0.25]";
    assert_eq!(steps("step = 0.1", chosen), [20.0, 8.0]);
}

#[test]
fn the_bar_hears_of_every_run_and_a_cancelled_sweep_keeps_whole_cells_alone() {
    let plan = plan(SMALL);
    let cells: Vec<usize> = (0..plan.spec.cells()).collect();
    let told = AtomicU64::new(0);
    let mut kept = Vec::new();
    let mut keep = |cell: usize, _: CellResult| {
        kept.push(cell);
        Ok::<(), std::convert::Infallible>(())
    };
    let progress = |now: metastable::sweep::Progress| {
        assert_eq!(now.of, 45);
        told.fetch_max(now.realisations, Ordering::Relaxed);
    };
    let desk = || Desk::of(&cells, plan.spec.realisations, 1);
    assert!(run(&plan, &desk(), &mut keep, &progress, &|| false).unwrap());
    assert_eq!((told.into_inner(), kept.len()), (45, 9));
    let mut none = |_: usize, _: CellResult| -> Result<(), ()> { panic!("nothing is whole") };
    assert_eq!(run(&plan, &desk(), &mut none, &|_| (), &|| true), Ok(false));
}

#[test]
#[allow(clippy::print_stderr)] // a test that is skipped says so
fn python_reads_the_results_with_labelled_axes_and_no_warning() {
    let python = |code: &str, at: &Path| {
        Command::new("python3")
            .args(["-W", "error", "-c", code])
            .arg(at)
            .output()
    };
    let has =
        python("import xarray, zarr", Path::new("")).is_ok_and(|found| found.status.success());
    if !has {
        eprintln!("NOT TESTED: python3 has no xarray and zarr here (pip install xarray zarr)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let plan = plan(SMALL);
    assert!(fill(dir.path(), &plan, Shard::WHOLE, 99));
    let code = "
import sys, csv, xarray as x, numpy as np
d = x.open_zarr(sys.argv[1] + '/results.zarr', group='tokens_near')
assert d['mean'].dims == ('attention.beta', 'tokens.count', 't'), d['mean'].dims
assert list(d['attention.beta'].values) == [1, 4, 9] and list(d['tokens.count'].values) == [6, 9, 12]
assert d['quantiles'].dims[-1] == 'quantile' and int(d['count'].min()) == 5
rows = [r for r in csv.DictReader(open(sys.argv[1] + '/table.csv')) if r['observable'] == 'tokens_near']
assert len(rows) == d['mean'].size
for r in rows:
    at = d.sel({'attention.beta': float(r['attention.beta']), 'tokens.count': float(r['tokens.count']), 't': float(r['t'])})
    assert float(at['mean']) == float(r['mean']) and float(at['quantiles'][2]) == float(r['q50'])
";
    let found = python(code, dir.path()).unwrap();
    assert!(
        found.status.success(),
        "{}",
        String::from_utf8_lossy(&found.stderr)
    );
}

#[test]
fn the_status_of_a_sweep_is_read_without_writing_anything() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(SMALL);
    let path = folder.path().join("s");
    drop(Store::open(&path, &plan).unwrap());
    let entries = || {
        let list = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name());
        list.collect::<std::collections::BTreeSet<_>>()
    };
    fs::remove_dir(path.join(".partial")).unwrap();
    let before = entries();
    let done = Command::new(env!("CARGO_BIN_EXE_metastable"))
        .args(["sweep", "--status"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(done.status.success());
    assert_eq!(entries(), before);
}

/// `mpirun` with so many ranks of the program.
#[cfg(feature = "mpi")]
fn mpirun(ranks: &str, arguments: &[&str]) -> std::process::Output {
    let mpirun = ["--allow-run-as-root", "--oversubscribe", "-n", ranks];
    let mut command = Command::new("mpirun");
    command.args(mpirun).arg(env!("CARGO_BIN_EXE_metastable"));
    command.args(arguments).output().unwrap()
}

#[cfg(feature = "mpi")]
#[test]
fn two_and_three_ranks_leave_the_bytes_of_one_process_and_an_error_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, SMALL).unwrap();
    let file = file.to_str().unwrap();
    let alone = dir.path().join("alone");
    assert!(fill(&alone, &plan(SMALL), Shard::WHOLE, 99));
    for ranks in ["2", "3"] {
        let folder = dir.path().join(ranks);
        let found = mpirun(ranks, &["sweep", file, "--out", folder.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(
            found.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&found.stderr)
        );
        assert!(
            said.contains("9 cells of 5 realisations, 45 runs")
                && said.contains(&format!("by {ranks} ranks")),
            "{said}"
        );
        let (mut one, mut many) = (tree(&alone), tree(&folder));
        one.remove("experiment.toml");
        many.remove("experiment.toml");
        assert_eq!(
            one.keys().collect::<Vec<_>>(),
            many.keys().collect::<Vec<_>>()
        );
        assert!(one == many, "{ranks} ranks");
    }
    let wrong = mpirun(
        "2",
        &[
            "sweep",
            file,
            "--set",
            "sweep.realisations=0",
            "--out",
            "nowhere",
        ],
    );
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    assert_eq!(wrong.status.code(), Some(2), "{said}");
}

#[cfg(not(feature = "mpi"))]
#[test]
fn one_of_several_processes_without_mpi_is_told_that_it_would_run_everything() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metastable"));
    let found = (command.args(["sweep", "wendel", "--quick", "--out", "nowhere"]))
        .env("OMPI_COMM_WORLD_SIZE", "8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(found.status.code(), Some(2));
    assert!(
        said.contains("one of 8 processes") && said.contains("--shard i/8"),
        "{said}"
    );
}
