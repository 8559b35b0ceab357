//! `metastable report`: a page about the sweep or the run that lies in a folder.

use std::path::PathBuf;

use clap::Args;
use metastable::figure;
use metastable::report;

use super::{Failure, print};

/// `metastable report`.
#[derive(Args)]
pub(crate) struct Page {
    /// The folder of a run or a sweep, as --out has filled it.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The file of the page; DIR/report.html if nothing is said.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file of this name that is not ours.
    #[arg(long)]
    pub force: bool,
}

/// Writes the page.
///
/// # Errors
/// [`Failure`] for a folder without results, and for a page that cannot be written.
pub(crate) fn page(command: &Page) -> Result<(), Failure> {
    let report = report::of_folder(&command.folder).map_err(Failure::input)?;
    let out = (command.out.clone()).unwrap_or_else(|| command.folder.join(figure::REPORT));
    if !command.force && figure::is_foreign(&out) {
        return Err(Failure::input(format!(
            "{} would be replaced and is none of ours: choose another file for --out, or add --force",
            out.display()
        )));
    }
    report
        .write_to(&out)
        .map_err(|error| Failure::run(format!("cannot write {}: {error}", out.display())))?;
    let mut text = format!("{}\n", report.title);
    for check in &report.checks {
        text += &format!(
            "{:<14} {}: {} ({})\n",
            check.verdict.word(),
            check.observable,
            check.source,
            check.difference
        );
    }
    text += &format!("{:<14} {}\n", "written to", out.display());
    print(&text)
}
