//! `metastable plot`: the pictures of a sweep or a run that lies in a folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use metastable::experiment::{Spacing, presets};
use metastable::figure::{self, Figure};
use metastable::sweep::Store;

use super::{Failure, print};

/// Stands in every picture of ours: one without it is somebody else's.
const MARK: &str = "<!-- drawn by metastable plot -->";

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
    let path = |figure: &Figure| out.join(format!("{}.svg", figure.name));
    if let Some(other) =
        (figures.iter().map(path)).find(|path| !command.force && path.exists() && !ours(path))
    {
        return Err(Failure::input(format!(
            "{} would be replaced and is none of ours: choose another folder for --out, or add --force",
            other.display()
        )));
    }
    let failed =
        |error: std::io::Error| Failure::run(format!("cannot write {}: {error}", out.display()));
    fs::create_dir_all(&out).map_err(failed)?;
    for figure in &figures {
        let mut file = tempfile::NamedTempFile::new_in(&out).map_err(failed)?;
        writeln!(file, "{}{MARK}", figure.svg).map_err(failed)?;
        readable(file.path()).map_err(failed)?;
        (file.persist(path(figure))).map_err(|error| failed(error.error))?;
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

/// A temporary file is its owner's alone; a picture is for those who may read the folder.
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

fn ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.trim_end().ends_with(MARK))
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
