//! `metastable sweep`: a family of runs into a folder, with a bar of progress; what is missing, and what it would cost.

mod cost;
mod map;
mod ranks;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use clap::Args;
use metastable::experiment::presets;
use metastable::sweep::{self, CellResult, Desk, Plan, Shard, Store, StoreError};

use super::{Failure, Interrupt, print, progress_bar};
use map::Map;
use ranks::Ranks;

/// `metastable sweep`.
#[derive(Args)]
pub(crate) struct Sweep {
    /// A preset's name or an experiment file with [sweep].
    #[arg(value_name = "PRESET|FILE", required_unless_present = "status")]
    pub experiment: Option<OsString>,
    /// Sets a key of the experiment, such as --set sweep.realisations=64.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder to fill: experiment.toml, results.zarr, table.csv. What is there of the same sweep already is not run again.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Threads; all processors if nothing is said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Only every k-th cell, from the i-th: one of k processes that fill one folder.
    #[arg(long, value_name = "i/k")]
    pub shard: Option<Shard>,
    /// Fewer realisations and points, as [sweep.quick] says: seconds in place of minutes.
    #[arg(long)]
    pub quick: bool,
    /// Say how many cells and realisations there are and what they would cost, by a measured pilot, and run none.
    #[arg(long)]
    pub dry_run: bool,
    /// Say what of the sweep in DIR is there, what has failed and what is missing.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["experiment", "set", "out", "shard", "quick", "dry_run"])]
    pub status: Option<PathBuf>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Disk { .. } => Self::run(error),
            _ => Self::input(error),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] for wrong input, a folder that cannot be used, and a signal.
pub(crate) fn sweep(command: &Sweep) -> Result<(), Failure> {
    if let Some(threads) = command.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        pool.build_global().map_err(Failure::run)?;
    }
    if let Some(folder) = &command.status {
        return status(folder);
    }
    let ranks = Ranks::join()?;
    let Some(plan) = ranks.agree(plan(command))? else {
        return Ok(());
    };
    let shard = command.shard.unwrap_or(Shard::WHOLE);
    if command.dry_run {
        if ranks.leads() {
            print(&cost::dry_run(&plan, shard, ranks.count())?)?;
        }
        return Ok(());
    }
    let folder = command.out.as_ref().ok_or_else(|| {
        Failure::input(
            "there is no folder to fill\n  help: add --out DIR, or --dry-run to see what it would cost",
        )
    });
    // the leader begins the folder, the others find it there
    let store = folder.and_then(|folder| {
        if ranks.leads() {
            Ok(Store::open(folder, &plan)?)
        } else {
            Ok(Store::look(folder, &plan))
        }
    });
    let Some(store) = ranks.agree(store)? else {
        return Ok(());
    };
    if ranks.leads() {
        lead(&plan, &store, shard, &ranks)
    } else {
        ranks.work(&plan, &store)
    }
}

/// What is asked for.
fn plan(command: &Sweep) -> Result<Plan, Failure> {
    let name = command.experiment.clone().unwrap_or_default();
    let experiment = presets::resolve(&name, &command.set).map_err(Failure::input)?;
    let Some(plan) = Plan::new(&experiment).map_err(Failure::input)? else {
        return Err(Failure::input(format!(
            "{}: there is no [sweep] in it\n  help: add [sweep] with observables and [[sweep.axis]], or take metastable run",
            name.to_string_lossy()
        )));
    };
    Ok(if command.quick { plan.quickly() } else { plan })
}

/// Has the missing cells run, by this process and those that ask it for some, and says what came of it.
fn lead(plan: &Plan, store: &Store, shard: Shard, ranks: &Ranks) -> Result<(), Failure> {
    let clock = Instant::now();
    let mine = (0..plan.spec.cells()).filter(|cell| shard.has(*cell));
    let cells: Vec<usize> = (store.missing().into_iter())
        .filter(|cell| shard.has(*cell))
        .collect();
    let there = mine.count() - cells.len();
    fill(plan, store, &cells, ranks)?;
    let missing = store.close()?;
    let mut text = format!("{}\n", plan.base.title);
    let seconds = clock.elapsed().as_secs_f64();
    let runs = cells.len() as u64 * plan.spec.realisations;
    text += &format!(
        "{:<14} {} cells of {} realisations, {runs} runs in {seconds:.2} s{}\n",
        "swept",
        cells.len(),
        plan.spec.realisations,
        match ranks.count() {
            1 => String::new(),
            many => format!(" by {many} ranks"),
        }
    );
    if there > 0 {
        text += &format!("{:<14} {there} cells were there already\n", "kept");
    }
    text += &failures(plan, store);
    if missing == 0 {
        text += &format!("{:<14} {}\n", "written to", store.folder().display());
    } else {
        text += &format!(
            "{:<14} {missing} of {} cells; table.csv is written with the last one\n",
            "missing",
            plan.spec.cells()
        );
    }
    print(&text)
}

/// What is said of a sweep that a signal ended.
const STOPPED: &str = "stopped: what is kept stays, the same command goes on";

/// Runs the cells in a thread of its own, so that a signal is answered at once, and so is a rank that asks for cells: those that are kept by
/// then stay.
fn fill(plan: &Plan, store: &Store, cells: &[usize], ranks: &Ranks) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let bar = progress_bar(&plan.base.title);
    let realisations = plan.spec.realisations;
    bar.set_length(realisations.saturating_mul(cells.len() as u64));
    let map = std::sync::Mutex::new(Map::new(plan, &bar));
    let show = |cell: usize, result: &CellResult| {
        if let Ok(mut map) = map.lock() {
            map.show(cell, result);
        }
    };
    let desk = Desk::of(cells, realisations, ranks.count());
    let (done, outcome) = mpsc::channel();
    std::thread::scope(|scope| {
        let (desk, show, bar, signal) = (&desk, &show, &bar, interrupt.clone());
        scope.spawn(move || {
            let mut keep = |cell: usize, result: CellResult| {
                show(cell, &result);
                store.keep(cell, &result)
            };
            let progress = |_: sweep::Progress| bar.inc(1);
            let cancelled = || signal.signal().is_some();
            // there may be nobody left to be told
            let _ = done.send(sweep::run(plan, desk, &mut keep, &progress, &cancelled));
        });
        let found = |cells: &[usize]| {
            bar.inc(realisations * cells.len() as u64);
            for cell in cells {
                if let Some(result) = store.read(*cell) {
                    show(*cell, &result);
                }
            }
        };
        let mut guests = ranks.guests(desk, &found);
        let outcome = match interrupt.wait(&outcome, &mut || guests.serve()) {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => {
                desk.close();
                Err(error.into())
            }
            Ok(Ok(false)) | Err(mpsc::RecvTimeoutError::Disconnected) if ranks.count() == 1 => {
                Err(Failure {
                    message: STOPPED.into(),
                    code: 128 + interrupt.signal().unwrap_or(2) as u8,
                })
            }
            // a cell that goes on, here or elsewhere, is not waited for: it is kept as a whole or not at all
            _ => {
                super::print_error(STOPPED);
                std::process::exit(128 + interrupt.signal().unwrap_or_default());
            }
        };
        let others = guests.see_off();
        bar.finish_and_clear();
        outcome.and(others)
    })
}

/// The failures of a sweep: how many, and the first reasons.
fn failures(plan: &Plan, store: &Store) -> String {
    let mut text = String::new();
    let (mut cells, mut runs) = (0, 0);
    let mut reasons: Vec<String> = Vec::new();
    for cell in 0..plan.spec.cells() {
        let (failed, why) = store.failures_of(cell);
        cells += u64::from(failed > 0);
        runs += failed;
        for reason in why {
            if reasons.len() < 5 && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    if cells > 0 {
        text += &format!("{:<14} {runs} runs in {cells} cells\n", "failed");
        for reason in reasons {
            text += &format!("{:<14} {reason}\n", "");
        }
    }
    text
}

/// `--status`.
fn status(folder: &Path) -> Result<(), Failure> {
    let plan = Store::plan_of(folder)?;
    let store = Store::look(folder, &plan);
    let missing = store.missing();
    let cells = plan.spec.cells();
    let mut text = format!("{}\n", plan.base.title);
    text += &format!(
        "{:<14} {} of {cells} cells, {} realisations each\n",
        "there",
        cells - missing.len(),
        plan.spec.realisations
    );
    text += &failures(&plan, &store);
    if !missing.is_empty() {
        text += &format!(
            "{:<14} {} cells: {}\n",
            "missing",
            missing.len(),
            ranges(&missing)
        );
        let settings: Vec<String> = (plan.spec.settings(missing[0]).iter())
            .map(|(key, value)| format!("{key} = {}", value.label()))
            .collect();
        text += &format!("{:<14} {}\n", "the first at", settings.join(", "));
    }
    print(&text)
}

/// "0–4, 7, 9–12": runs of numbers, the first eight of them.
fn ranges(list: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in list {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let more = if runs.len() > 8 { ", …" } else { "" };
    let shown: Vec<String> = (runs.iter().take(8))
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}–{last}")
            }
        })
        .collect();
    shown.join(", ") + more
}
