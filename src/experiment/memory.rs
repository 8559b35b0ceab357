//! The memory that a run takes, told before it is taken, against what may be had.

use super::spec::{Experiment, Solver};
use crate::machine::thresholds::SHARED_FROM;

/// Bytes of a number.
const NUMBER: f64 = 8.0;
/// Arrays of the tokens' size that a run holds: the stages of the Runge–Kutta method and of its extension, the state, its trial, start and front,
/// directions and sums.
const COPIES: f64 = 24.0;
/// Arrays of the tokens' size for many equal tokens on the circle, whose stages are those of a few nodes.
const COPIES_BY_NODES: f64 = 7.0;
/// Arrays of the grid's size that a density holds.
const GRID_COPIES: f64 = 16.0;
/// Bytes of a recorded frame: the observables and the density of inner products.
const FRAME: f64 = 1024.0;

/// A part of a run that takes memory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The dotted key that it grows with.
    pub key: &'static str,
    /// What it is, in words.
    pub what: String,
    /// Bytes.
    pub bytes: f64,
}

/// Everything that grows with a key of the experiment, as estimated from below.
// long: one row a part of a run
#[must_use]
pub(crate) fn parts(experiment: &Experiment) -> Vec<Part> {
    let tokens = &experiment.tokens;
    let (n, d) = (tokens.count as f64, tokens.dimension as f64);
    let by_nodes = tokens.count >= SHARED_FROM
        && tokens.dimension == 2
        && experiment.is_zonal()
        && tokens.frequencies.is_none();
    let copies = if by_nodes { COPIES_BY_NODES } else { COPIES };
    let mut list = vec![
        Part {
            key: "tokens.count",
            what: format!(
                "{n} tokens in dimension {d}, {} a copy",
                size(n * d * NUMBER)
            ),
            bytes: copies * n * d * NUMBER,
        },
        Part {
            key: "time.frames",
            what: format!("{} recorded frames", experiment.time.recorded()),
            bytes: experiment.time.recorded() as f64 * FRAME,
        },
    ];
    if !experiment.is_zonal() {
        let square = if experiment.attention.normalisation.is_doubly_stochastic() {
            n * n
        } else {
            n * n.min(256.0)
        };
        list.push(Part {
            key: "tokens.count",
            what: format!("the logits of {n} tokens"),
            bytes: square * NUMBER,
        });
        let heads = experiment.system.heads.len() as f64;
        list.push(Part {
            key: "tokens.dimension",
            what: format!("{heads} heads of {d}×{d} matrices"),
            bytes: heads * 3.0 * d * d * NUMBER,
        });
    }
    if let Some(count) = experiment.field.count {
        let count = count as f64;
        list.push(Part {
            key: "field.count",
            what: format!("the {count} tokens of the reference run"),
            bytes: COPIES_BY_NODES * count * d * NUMBER,
        });
    } else if experiment.has_field() {
        // what it may grow to
        let l = experiment.field.modes.max(experiment.field.max_modes) as f64;
        let points = match (experiment.field.solver, tokens.dimension) {
            (Solver::Spectral | Solver::Characteristics, 3) => 2.0 * (l + 1.0).powi(2),
            _ => 2.0 * l,
        };
        let nodes = experiment.field.nodes.unwrap_or(1) as f64;
        list.push(Part {
            key: "field.max_modes",
            what: format!("a density of up to {l} modes"),
            bytes: GRID_COPIES * nodes * points * NUMBER,
        });
    }
    if let Some(pairs) = &experiment.pairs {
        let runs = pairs.runs as f64;
        list.push(Part {
            key: "pairs.runs",
            what: format!("{runs} runs of {n} tokens"),
            bytes: COPIES * runs * n * d * NUMBER,
        });
    }
    list
}

/// Why an experiment does not fit into `available` bytes: the key of its largest part, and a sentence.
#[must_use]
pub(crate) fn shortage(experiment: &Experiment, available: f64) -> Option<(&'static str, String)> {
    let parts = parts(experiment);
    let total: f64 = parts.iter().map(|part| part.bytes).sum();
    if total <= available {
        return None;
    }
    let largest = (parts.into_iter()).max_by(|a, b| a.bytes.total_cmp(&b.bytes))?;
    let message = format!(
        "{}: about {} for the run, and {} can be had",
        largest.what,
        size(total),
        size(available)
    );
    Some((largest.key, message))
}

/// [`shortage`] against what this process may have now.
#[must_use]
pub(crate) fn shortage_here(experiment: &Experiment) -> Option<(&'static str, String)> {
    shortage(experiment, available()?)
}

/// Bytes in words: 16 GB.
fn size(bytes: f64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let step = ((bytes.max(1.0).log10() / 3.0) as usize).min(units.len() - 1);
    let value = bytes / 1000_f64.powi(step as i32);
    format!(
        "{value:.*} {}",
        usize::from(value < 10.0 && step > 0),
        units[step]
    )
}

/// Bytes that this process may still take: of the machine, of its control group, and of its own limit on addresses. None where the system
/// does not tell.
fn available() -> Option<f64> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let machine = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| number(rest.trim_end_matches("kB")))
        .map(|kilobytes| kilobytes * 1024.0);
    let group = control_groups(&read("/proc/self/cgroup"))
        .filter_map(|folder| {
            let most = number(&read(&format!("{folder}/memory.max")))?;
            let taken = number(&read(&format!("{folder}/memory.current"))).unwrap_or(0.0);
            Some(most - taken)
        })
        .reduce(f64::min);
    // in pages of 4 kB
    let taken = (read("/proc/self/statm").split_whitespace().next())
        .and_then(number)
        .map_or(0.0, |pages| pages * 4096.0);
    let addresses = read("/proc/self/limits")
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))
        .and_then(|rest| rest.split_whitespace().next().and_then(number))
        .map(|most| most - taken);
    [machine, group, addresses]
        .into_iter()
        .flatten()
        .reduce(f64::min)
}

/// The folders of the control groups of a process, from its own up to the root: each bounds all that are below it.
fn control_groups(table: &str) -> impl Iterator<Item = String> + use<'_> {
    let own = (table.lines().find_map(|line| line.strip_prefix("0::"))).unwrap_or("/");
    std::path::Path::new(own)
        .ancestors()
        .map(|path| format!("/sys/fs/cgroup{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn the_groups_of_a_process_are_asked_up_to_the_root() {
        let found: Vec<String> = control_groups("12:cpu:/a\n0::/jobs/task 7\n").collect();
        let below = |path: &str| format!("/sys/fs/cgroup{path}");
        assert_eq!(found, [below("/jobs/task 7"), below("/jobs"), below("/")]);
        assert_eq!(control_groups("").collect::<Vec<_>>(), [below("/")]);
    }

    #[test]
    fn every_preset_fits_into_a_gigabyte_and_a_thousand_million_tokens_do_not() {
        for preset in presets::list() {
            let experiment = presets::load(&preset.name).unwrap();
            assert_eq!(shortage(&experiment, 1e9), None, "{}", preset.name);
        }
        let mut large = presets::load("metastable").unwrap();
        large.tokens.count = 1_000_000_000;
        let (key, message) = shortage(&large, 8e9).unwrap();
        assert_eq!(key, "tokens.count");
        assert!(
            message.contains("16 GB a copy") && message.contains("8.0 GB can be had"),
            "{message}"
        );
        large.tokens.count = 2;
        large.time.frames = 10_000_000;
        assert_eq!(shortage(&large, 8e9).unwrap().0, "time.frames");
    }
}
