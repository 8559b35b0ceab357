//! `metastable sweep`: a family of runs into a folder, with a bar of progress; what is missing, and what it would cost.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use metastable::experiment::presets;
use metastable::sweep::{self, CellResult, Plan, Shard, Store, StoreError};

use super::{Failure, Interrupt, print, progress_bar};

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
// long: one question after another, then the report line by line
///
/// # Errors
/// [`Failure`] for wrong input, a folder that cannot be used, and Ctrl-C.
pub(crate) fn sweep(command: &Sweep) -> Result<(), Failure> {
    if let Some(threads) = command.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        pool.build_global().map_err(Failure::run)?;
    }
    if let Some(folder) = &command.status {
        return status(folder);
    }
    let name = command.experiment.clone().unwrap_or_default();
    let experiment = presets::resolve(&name, &command.set).map_err(Failure::input)?;
    let Some(plan) = Plan::new(&experiment).map_err(Failure::input)? else {
        return Err(Failure::input(format!(
            "{}: there is no [sweep] in it\n  help: add [sweep] with observables and [[sweep.axis]], or take metastable run",
            name.to_string_lossy()
        )));
    };
    let plan = if command.quick { plan.quickly() } else { plan };
    let shard = command.shard.unwrap_or(Shard::WHOLE);
    if command.dry_run {
        return print(&dry_run(&plan, shard)?);
    }
    let Some(folder) = &command.out else {
        return Err(Failure::input(
            "there is no folder to fill\n  help: add --out DIR, or --dry-run to see what it would cost",
        ));
    };
    let store = Store::open(folder, &plan)?;
    let clock = Instant::now();
    let cells: Vec<usize> = (store.missing().into_iter())
        .filter(|cell| shard.has(*cell))
        .collect();
    let there = (0..plan.spec.cells())
        .filter(|cell| shard.has(*cell))
        .count()
        - cells.len();
    fill(&plan, &store, &cells)?;
    let missing = store.close()?;
    let mut text = format!("{}\n", plan.base.title);
    let seconds = clock.elapsed().as_secs_f64();
    let runs = cells.len() as u64 * plan.spec.realisations;
    text += &format!(
        "{:<14} {} cells of {} realisations, {runs} runs in {seconds:.2} s\n",
        "swept",
        cells.len(),
        plan.spec.realisations
    );
    if there > 0 {
        text += &format!("{:<14} {there} cells were there already\n", "kept");
    }
    text += &failures(&plan, &store);
    if missing == 0 {
        text += &format!("{:<14} {}\n", "written to", folder.display());
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

/// Runs the cells in a thread of its own, so that a signal is answered at once: the cells that are kept by then stay.
fn fill(plan: &Plan, store: &Store, cells: &[usize]) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let bar = progress_bar(&plan.base.title);
    let of = plan.spec.realisations.saturating_mul(cells.len() as u64);
    bar.set_length(of);
    let map = Map::new(plan, &bar);
    let (done, outcome) = mpsc::channel();
    let (signal, shown) = (interrupt.clone(), bar.clone());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut map = map;
            let mut keep = |cell: usize, result: CellResult| {
                map.show(cell, &result);
                store.keep(cell, &result)
            };
            let progress = |now: sweep::Progress| shown.set_position(now.realisations);
            let cancelled = || signal.signal().is_some();
            // there may be nobody left to be told
            let _ = done.send(sweep::run(plan, cells, &mut keep, &progress, &cancelled));
        });
        let whole = match interrupt.wait(&outcome) {
            Ok(outcome) => outcome?,
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // every cell is kept as a whole or not at all
                super::print_error(STOPPED);
                std::process::exit(128 + interrupt.signal().unwrap_or_default());
            }
        };
        bar.finish_and_clear();
        if whole {
            return Ok(());
        }
        Err(Failure {
            message: STOPPED.into(),
            code: 128 + interrupt.signal().unwrap_or(2) as u8,
        })
    })
}

/// A small picture of the cells as they fill in, above the bar: the last frame of the first observable.
struct Map {
    bar: ProgressBar,
    columns: usize,
    shades: Vec<char>,
    drawn: bool,
}

/// Shades from the least to the most.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Largest picture.
const MOST: (usize, usize) = (76, 24);

impl Map {
    fn new(plan: &Plan, bar: &ProgressBar) -> Self {
        let shape = plan.spec.shape();
        let columns = match (shape.as_slice(), plan.times()) {
            ([_], Some(times)) => times.len().min(MOST.0),
            ([.., last], _) => *last,
            ([], _) => 1,
        };
        let lines = if plan.times().is_some() {
            1
        } else {
            columns.max(1)
        };
        let rows = plan.spec.cells().div_ceil(lines);
        let fits = columns <= MOST.0 && rows <= MOST.1 && std::io::stderr().is_terminal();
        Self {
            bar: bar.clone(),
            columns,
            shades: Vec::new(),
            drawn: fits,
        }
    }

    /// One more cell: with time as an axis a line of its own, else one character.
    fn show(&mut self, _cell: usize, result: &CellResult) {
        if !self.drawn {
            return;
        }
        let Some(series) = result.series.first() else {
            return;
        };
        let shade = |value: f64| {
            let share = if value.is_finite() {
                value.clamp(0.0, 1.0)
            } else {
                0.0
            };
            SHADES[(share * (SHADES.len() - 1) as f64).round() as usize]
        };
        if series.mean.len() > 1 {
            let at = |column: usize| {
                series.mean[column * (series.mean.len() - 1) / (self.columns - 1).max(1)]
            };
            let line: String = (0..self.columns).map(|column| shade(at(column))).collect();
            self.bar.println(line);
            return;
        }
        self.shades
            .push(shade(series.mean.first().copied().unwrap_or(f64::NAN)));
        if self.shades.len() == self.columns {
            self.bar.println(self.shades.drain(..).collect::<String>());
        }
    }
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

/// Time that the pilot may take.
const PILOT: Duration = Duration::from_secs(5);

// long: the pilot, what follows from it, and the report line by line
/// What a sweep would cost: realisation 0 of the first, the last and some cells between them is run and timed, the dearest cells first.
fn dry_run(plan: &Plan, shard: Shard) -> Result<String, Failure> {
    let cells: Vec<usize> = (0..plan.spec.cells())
        .filter(|cell| shard.has(*cell))
        .collect();
    let (count, realisations) = (cells.len(), plan.spec.realisations);
    let begun = Instant::now();
    let mut times: Vec<(usize, f64)> = Vec::new();
    // ends, then middles of ever smaller parts
    let places = std::iter::once(count.saturating_sub(1)).chain(van_der_corput(count));
    for place in places {
        if begun.elapsed() > PILOT || times.len() >= 33 || count == 0 {
            break;
        }
        if times.iter().any(|(seen, _)| *seen == place) {
            continue;
        }
        let clock = Instant::now();
        let experiment = plan.experiment(cells[place], 0);
        // one that is refused or fails costs what it costs
        if let Ok(experiment) = experiment {
            let stopped = || begun.elapsed() > 4 * PILOT;
            let _ = plan.measure(experiment, &stopped);
        }
        times.push((place, clock.elapsed().as_secs_f64()));
    }
    times.sort_by_key(|(place, _)| *place);
    // straight pieces between the cells that were timed
    let total: f64 = match times.as_slice() {
        [] => 0.0,
        [(_, only)] => only * count as f64,
        several => {
            several
                .windows(2)
                .map(|w| 0.5 * (w[0].1 + w[1].1) * (w[1].0 - w[0].0) as f64)
                .sum::<f64>()
                * count as f64
                / (several[several.len() - 1].0 - several[0].0).max(1) as f64
        }
    };
    let threads = rayon::current_num_threads();
    let seconds = total * realisations as f64 / threads as f64;
    let numbers = (plan.frames() * plan.spec.observables.len()) as f64;
    // mean, error, count and quantiles of a cell
    let disk = 8.0 * 8.0 * numbers * count as f64;
    let held = 8.0 * numbers * 256.0_f64.min(realisations as f64)
        + 8.0 * 4096.0_f64.min(realisations as f64) * numbers;
    Ok(format!(
        "{}\n{:<14} {count} ({})\n{:<14} {realisations} a cell, {} runs\n{:<14} {} numbers a run\n{:<14} about {} beside the runs, {} on disk\n{:<14} about {} on {threads} threads, by a pilot of {} runs\n",
        plan.base.title,
        "cells",
        plan.spec
            .axes
            .iter()
            .map(|axis| format!("{} × {}", axis.len(), axis.keys.join(" + ")))
            .collect::<Vec<_>>()
            .join(", "),
        "realisations",
        realisations.saturating_mul(count as u64),
        "kept",
        numbers,
        "memory",
        bytes(held * threads as f64),
        bytes(disk),
        "time",
        duration(seconds),
        times.len(),
    ))
}

/// The numbers below `count`, each part halved again.
fn van_der_corput(count: usize) -> impl Iterator<Item = usize> {
    (0..64_u32).map(move |j| {
        let share = f64::from(j.reverse_bits()) / 4_294_967_296.0;
        (share * count as f64) as usize
    })
}

fn bytes(size: f64) -> String {
    let (size, unit) = match size {
        s if s < 1e3 => (s, "bytes"),
        s if s < 1e6 => (s / 1e3, "KB"),
        s if s < 1e9 => (s / 1e6, "MB"),
        s => (s / 1e9, "GB"),
    };
    format!("{size:.1} {unit}")
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} minutes", s / 60.0),
        s => format!("{:.1} hours", s / 3600.0),
    }
}
