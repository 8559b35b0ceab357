//! What belongs to the shell and the terminal: completions, the manual page, and the report about both.

use clap::CommandFactory;
use metastable::tui::diagnose;

use super::dashboard::options;
use super::{Cli, Dashboard, Failure, print};

/// `metastable completions`.
///
/// # Errors
/// [`Failure`] where they could not be written.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "metastable", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// `metastable man`.
///
/// # Errors
/// [`Failure`] where it could not be written.
pub(crate) fn manual() -> Result<(), Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(Failure::run)?;
    print(&String::from_utf8_lossy(&page))
}

/// `metastable diagnose`.
///
/// # Errors
/// [`Failure`] for a configuration that is wrong, and where the report could not be written.
pub(crate) fn diagnosis(arguments: &Dashboard) -> Result<(), Failure> {
    let rows = diagnose::rows(&options(arguments)?);
    let width = rows
        .iter()
        .map(|row| row.1.chars().count())
        .max()
        .unwrap_or(0);
    let lines = rows.iter().map(|(name, found, by)| {
        let line = format!("{name:<14} {found:<width$}  {by}");
        format!("{}\n", line.trim_end())
    });
    print(&lines.collect::<String>())
}
