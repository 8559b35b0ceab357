//! `metastable plot`: the pictures of a sweep or a run that lies in a folder.

use std::path::PathBuf;

use clap::Args;
use metastable::figure::{self, Figure};

use super::{Failure, print};

/// `metastable plot`.
#[derive(Args)]
pub(crate) struct Plot {
    /// The folder of a run or a sweep, as --out has filled it.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the pictures go; DIR/figures if nothing is said.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Replace pictures of the same names that are not ours.
    #[arg(long)]
    pub force: bool,
}

/// Draws what the folder holds, an SVG for every observable.
///
/// # Errors
/// [`Failure`] for a folder without results, and for pictures that cannot be written.
pub(crate) fn plot(command: &Plot) -> Result<(), Failure> {
    let figures = figure::of_folder(&command.folder).map_err(Failure::input)?;
    let out = (command.out.clone()).unwrap_or_else(|| command.folder.join(figure::FIGURES));
    let in_the_way = |figure: &&Figure| !command.force && figure::is_foreign(&figure.path(&out));
    if let Some(figure) = figures.iter().find(in_the_way) {
        return Err(Failure::input(format!(
            "{} would be replaced and is none of ours: choose another folder for --out, or add --force",
            figure.path(&out).display()
        )));
    }
    let failed =
        |error: std::io::Error| Failure::run(format!("cannot write {}: {error}", out.display()));
    figure::write_all(&figures, &out).map_err(failed)?;
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    print(&format!(
        "{:<14} {}\n{:<14} {}\n",
        "drawn",
        names.join(", "),
        "written to",
        out.display()
    ))
}
