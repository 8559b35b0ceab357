//! What a sweep would cost, measured before it is run.

use std::time::{Duration, Instant};

use metastable::sweep::{Plan, Shard};

use super::Failure;

/// Time that the pilot may take.
const PILOT: Duration = Duration::from_secs(5);

// long: the pilot, what follows from it, and the report line by line
/// What a sweep would cost: realisation 0 of the first, the last and some cells between them is run and timed, the dearest cells first.
pub(super) fn dry_run(plan: &Plan, shard: Shard, ranks: usize) -> Result<String, Failure> {
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
    // as many on every rank as on this one
    let threads = ranks * rayon::current_num_threads();
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
