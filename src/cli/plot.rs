//! `metastable plot`: the pictures of a sweep or a run that lies in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use metastable::experiment::{Spacing, presets};
use metastable::figure::{self, Figure};
use metastable::sweep::Store;

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
    let figures = read(&command.folder)?;
    let out = (command.out.clone()).unwrap_or_else(|| command.folder.join("figures"));
    let in_the_way = |figure: &&Figure| !command.force && figure.would_replace(&out);
    if let Some(figure) = figures.iter().find(in_the_way) {
        return Err(Failure::input(format!(
            "{} would be replaced and is none of ours: choose another folder for --out, or add --force",
            figure.path(&out).display()
        )));
    }
    let failed =
        |error: std::io::Error| Failure::run(format!("cannot write {}: {error}", out.display()));
    fs::create_dir_all(&out).map_err(failed)?;
    for figure in &figures {
        figure.write(&out).map_err(failed)?;
    }
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    print(&format!(
        "{:<14} {}\n{:<14} {}\n",
        "drawn",
        names.join(", "),
        "written to",
        out.display()
    ))
}

/// The pictures of a folder.
fn read(folder: &Path) -> Result<Vec<Figure>, Failure> {
    if folder.join("results.zarr").is_dir() {
        let plan = Store::plan_of(folder)?;
        let store = Store::look(folder, &plan);
        return figure::sweep::figures(&plan, &|cell| store.read(cell)).map_err(Failure::input);
    }
    let table = folder.join("metrics.csv");
    let text = fs::read_to_string(&table).map_err(|error| {
        Failure::input(format!(
            "{}: neither results.zarr nor a metrics.csv that can be read ({error})\n  help: metastable run or metastable sweep with --out DIR fills such a folder",
            folder.display()
        ))
    })?;
    let experiment = presets::resolve(folder.join("experiment.toml").as_os_str(), &[])
        .map_err(Failure::input)?;
    let metrics = figure::run::Metrics::read(&text)
        .map_err(|error| Failure::input(format!("{}: {error}", table.display())))?;
    let log = experiment.time.spacing == Spacing::Log;
    figure::run::figures(&experiment.title, &metrics, log).map_err(Failure::input)
}
