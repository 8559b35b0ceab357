//! What the dashboard finds on this terminal and this machine, row by row, and what chooses otherwise (`metastable diagnose`).

use std::io::IsTerminal;

use super::canvas::Marker;
use super::config;
use super::options::Options;
use super::pixels::protocol::{Protocol, is_far};
use super::theme::{Depth, Ground};
use crate::experiment::presets;
use crate::machine::limits::Limits;
use crate::machine::registers;

/// The rows: a name, what was found, and the option or variable that chooses otherwise.
#[must_use]
pub fn rows(options: &Options) -> Vec<(&'static str, String, &'static str)> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let told = |name: &str| variable(name).unwrap_or_else(|| "not set".into());
    let depth = Depth::detect(options.color, variable);
    let marker = options.marker.unwrap_or_else(|| Marker::detect(variable));
    let pictures = Protocol::in_use(options.pictures, (depth, options.bandwidth), variable);
    vec![
        ("version", env!("CARGO_PKG_VERSION").into(), ""),
        ("terminal", terminal(&told("TERM")), "TERM"),
        (
            "colours",
            depth.name().into(),
            "--color, NO_COLOR, COLORTERM",
        ),
        ("ground", ground(options, depth, &told("TERM")), "--theme"),
        (
            "dots",
            marker.name().into(),
            "--marker, LC_ALL, LC_CTYPE, LANG",
        ),
        (
            "maps",
            pictures.map_or_else(|| "cells".into(), |p| format!("pictures by {}", p.name())),
            "--pictures",
        ),
        ("link", link(options, is_far(variable)), "--bandwidth"),
        ("mouse", mouse(options), "--no-mouse"),
        (
            "clipboard",
            "by OSC 52, where the terminal allows it".into(),
            "",
        ),
        ("configuration", file(config::path()), "--config"),
        ("own presets", file(presets::user_folder()), ""),
        (
            "threads",
            rayon::current_num_threads().to_string(),
            "RAYON_NUM_THREADS",
        ),
        ("registers", registers::name().into(), "METASTABLE_SIMD"),
        ("speed", speed(), ""),
    ]
}

/// What a thread can do.
fn speed() -> String {
    let limits = Limits::measure();
    let billions = |seconds: f64| 1e-9 / seconds;
    format!(
        "a thread: {:.2}·10⁹ exponentials, {:.1}·10⁹ multiply-adds, {:.1} GB from memory a second",
        billions(limits.exponential),
        billions(limits.multiply_add),
        billions(limits.byte)
    )
}

fn terminal(term: &str) -> String {
    if !std::io::stdout().is_terminal() {
        return format!("{term}, but standard output is no terminal");
    }
    let Ok(size) = crossterm::terminal::window_size() else {
        return format!("{term}, of unknown size");
    };
    let cells = format!("{term}, {}×{} cells", size.columns, size.rows);
    if size.width == 0 || size.height == 0 {
        return cells + ", pixels not said";
    }
    format!("{cells}, {}×{} pixels", size.width, size.height)
}

fn ground(options: &Options, depth: Depth, term: &str) -> String {
    // a pipe is not asked
    let asked = std::io::stdout().is_terminal();
    let found = if asked {
        Ground::detect(options.theme, depth, term)
    } else {
        Some(Ground::default())
    };
    let name = found.unwrap_or_default().name();
    match found {
        Some(_) if asked => name.into(),
        Some(_) => format!("{name}, for nobody could be asked"),
        None => format!("{name}, for the terminal did not answer in time"),
    }
}

fn link(options: &Options, far: bool) -> String {
    let place = if far { "over SSH" } else { "this machine" };
    match options.bandwidth {
        Some(budget) => format!("{place}, {budget} KB/s at most"),
        None => format!("{place}, no budget"),
    }
}

fn mouse(options: &Options) -> String {
    let heard = "heard; with shift the terminal selects";
    if options.mouse {
        heard
    } else {
        "left to the terminal"
    }
    .into()
}

fn file(path: Option<std::path::PathBuf>) -> String {
    match path {
        Some(path) if path.exists() => path.display().to_string(),
        Some(path) => format!("{}, not there", path.display()),
        None => "no folder for it on this system".into(),
    }
}
