//! Presets: experiments by name. The built-in ones are the files of `presets/`, compiled in; a user's own lie in the
//! folder `presets` of the program's configuration folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::document::{Document, InputError, Value};
use super::read;
use super::spec::Experiment;

/// An experiment that can be asked for by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The name on the command line: the file's name without `.toml`.
    pub name: String,
    /// `title` of the file, or the name.
    pub title: String,
    /// `section` of the file: where in the paper it belongs.
    pub section: String,
    /// `about` of the file.
    pub about: String,
    /// The file's text.
    pub source: String,
    /// Where a user's preset lies; None for a built-in one.
    pub path: Option<PathBuf>,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../presets/", $name, ".toml")))),*]
    };
}

/// Name and text of the built-in presets, in the order of the digit keys; the first is the default.
static BUILT_IN: &[(&str, &str)] = built_in![
    "metastable",
    "clusters-beta-9",
    "clusters-beta-4",
    "unnormalised",
    "kuramoto",
    "tilted",
    "sphere-metastable",
    "sphere-pair",
    "zonal-8",
    "noise-below",
    "noise-above",
    "single-mode",
    "hemisphere",
    "orthogonal",
    "many-tokens",
    "sphere-collapse",
    "sphere-degree-3",
    "sphere-noise-below",
    "sphere-noise-above",
    "zonal-128",
    "staircase-beta-9",
    "staircase-beta-20",
    "staircase-beta-40",
    "five-tokens",
    "three-unequal",
    "past-the-collapse",
    "random-a",
    "random-b",
    "random-c",
    "random-d",
    "three-heads",
    "transformer-block",
    "relu",
    "encodings",
    "sinkhorn",
    "negative-beta",
    "kuramoto-lorentz",
    "kuramoto-harmonics",
    "kuramoto-transition",
    "bbgky",
    "repulsive",
    "icosahedron",
    "polytope",
    "hyperplanes",
    "hardmax",
    "gaussian-origin",
    "gaussian-sinkhorn",
    "mean-shift",
    "causal",
    "pre-ln",
    "peri-ln",
    "mix-ln",
    "ngpt",
    "ln-scaling",
    "long-context",
    "replay",
    "fig3-d2",
    "fig3-d8",
    "fig3-d32",
    "fig3-d128",
    "fig3-d512",
    "fig3-d1024",
    "fig4",
    "fig5-a",
    "fig5-b",
    "fig5-c",
    "fig5-d",
    "clusters-against-beta",
    "n-to-infinity",
    "n-to-infinity-sphere",
    "wendel",
    "noise-transition",
    "fluctuations",
    "causal-clusters",
    "homogenized",
];

/// The preset that opens when none is named.
pub const DEFAULT: &str = "metastable";

/// All presets, the built-in ones first.
#[must_use]
pub fn list() -> Vec<Preset> {
    let mut presets: Vec<Preset> = BUILT_IN
        .iter()
        .map(|(name, source)| described(name, (*source).to_owned(), None))
        .collect();
    presets.extend(
        user_folder()
            .map(|folder| user_presets(&folder))
            .unwrap_or_default(),
    );
    presets
}

/// Most files of each kind that [`beside`] lists, and the most bytes of one.
const LISTED: usize = 20;
const LARGEST: u64 = 1 << 20;

/// Experiments that lie in a folder: its files, and those of the runs and sweeps that were written into folders of it, the latest first. Their
/// names are paths, which [`resolve`] takes too.
#[must_use]
pub fn beside(folder: &Path) -> Vec<Preset> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let (mut files, mut runs) = (Vec::new(), Vec::new());
    for path in entries.map(|entry| entry.path()) {
        let (path, kind) = if path.is_dir() {
            (path.join("experiment.toml"), &mut runs)
        } else {
            (path, &mut files)
        };
        let small = path
            .metadata()
            .ok()
            .filter(|about| about.is_file() && about.len() < LARGEST);
        let toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        if let Some(when) = small
            .filter(|_| toml)
            .and_then(|about| about.modified().ok())
        {
            kind.push((when, path));
        }
    }
    let described = |mut list: Vec<(std::time::SystemTime, PathBuf)>, section: &str| {
        list.sort();
        let found = list.into_iter().rev().take(LISTED).filter_map(|(_, path)| {
            let source = std::fs::read_to_string(&path).ok()?;
            let document = Document::parse("", Path::new(""), &source).ok()?;
            // a manifest of something else is no experiment
            ["attention", "tokens"]
                .iter()
                .find(|table| document.root.get(table).is_some())?;
            let name = path.strip_prefix(".").unwrap_or(&path).to_str()?.to_owned();
            let mut preset = described(&name, source, Some(path));
            section.clone_into(&mut preset.section);
            Some(preset)
        });
        found.collect::<Vec<Preset>>()
    };
    let mut all = described(files, "files here");
    all.extend(described(runs, "saved runs"));
    all
}

/// The folder of the user's own presets, whether or not it exists.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "metastable")
        .map(|dirs| dirs.config_dir().join("presets"))
}

fn user_presets(folder: &Path) -> Vec<Preset> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let source = std::fs::read_to_string(&path).ok()?;
            Some(described(&name, source, Some(path)))
        })
        .collect()
}

/// Title and description are read even when the rest of a file is wrong: the list shows it, running it says why.
fn described(name: &str, source: String, path: Option<PathBuf>) -> Preset {
    let text = |key: &str| {
        let document = Document::parse(name, Path::new(""), &source).ok()?;
        match &document.root.get(key)?.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    };
    let title = text("title").unwrap_or_else(|| name.to_owned());
    let about = text("about").unwrap_or_default();
    let section = text("section").unwrap_or_default();
    Preset {
        name: name.to_owned(),
        title,
        section,
        about,
        source,
        path,
    }
}

/// The experiment of a preset.
///
/// # Errors
/// [`InputError`] when there is no preset of this name, or a user's preset is wrong.
pub fn load(name: &str) -> Result<Experiment, InputError> {
    resolve(name, &[])
}

/// The experiment named by a preset or a file, with `key=value` settings applied.
///
/// # Errors
/// [`InputError`] for an unknown name, an unreadable file, and everything wrong inside it.
pub fn resolve(name: impl AsRef<OsStr>, settings: &[String]) -> Result<Experiment, InputError> {
    let name = name.as_ref();
    let mut document = match name.to_str() {
        Some("-") => standard_input()?,
        Some(name) => open(name)?,
        // no preset has such a name
        None => read(Path::new(name))?,
    };
    for setting in settings {
        document.set(setting)?;
    }
    read::experiment(&document)
}

/// An experiment with one key set anew, as `--set` does it: what it had resolved by itself stays.
///
/// # Errors
/// [`InputError`] as for a file.
pub(crate) fn with(experiment: &Experiment, assignment: &str) -> Result<Experiment, InputError> {
    let text = experiment.to_toml().unwrap_or_default();
    let mut document = Document::parse("this experiment", Path::new(""), &text)?;
    document.set(assignment)?;
    read::experiment(&document)
}

/// `-`, by custom.
fn standard_input() -> Result<Document, InputError> {
    let text = std::io::read_to_string(std::io::stdin()).map_err(|error| InputError {
        place: "standard input".into(),
        key: None,
        message: format!("cannot be read: {error}"),
        remedy: None,
    })?;
    Document::parse("standard input", Path::new(""), &text)
}

/// What has the form of a path is a file; everything else is a preset, or a file of that name.
fn open(name: &str) -> Result<Document, InputError> {
    let path = Path::new(name);
    if name.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some_and(|e| e == "toml") {
        return read(path);
    }
    let presets = list();
    if let Some(preset) = presets.iter().rev().find(|preset| preset.name == name) {
        return match &preset.path {
            Some(path) => read(path),
            None => Document::parse(&format!("preset {name}"), Path::new(""), &preset.source),
        };
    }
    if path.is_file() {
        return read(path);
    }
    let closest = presets
        .iter()
        .map(|preset| (strsim::osa_distance(name, &preset.name), &preset.name))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 3);
    let remedy = match closest {
        Some((_, best)) => format!("did you mean `{best}`? `metastable preset list` shows all"),
        None => "`metastable preset list` shows the presets; a file's name ends in .toml".into(),
    };
    Err(InputError {
        place: name.to_owned(),
        key: None,
        message: "no such preset".into(),
        remedy: Some(remedy),
    })
}

fn read(path: &Path) -> Result<Document, InputError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| InputError {
        place: name.clone(),
        key: None,
        message: format!("cannot be read: {error}"),
        remedy: None,
    })?;
    Document::parse(&name, path.parent().unwrap_or(Path::new("")), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_saved_runs_of_a_folder_are_listed_and_what_is_no_experiment_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let mine = "title = \"mine\"\n[attention]\nbeta = 1.0\n[time]\nend = 1.0\n";
        write("mine.toml", mine);
        write("Cargo.toml", "[package]\nname = \"other\"\n");
        write("broken.toml", "[tokens\n");
        write("notes.txt", mine);
        write("run-1/experiment.toml", mine);
        write("run-2/other.toml", mine);
        let found = beside(folder.path());
        let sections: Vec<&str> = found.iter().map(|preset| preset.section.as_str()).collect();
        assert_eq!(sections, ["files here", "saved runs"]);
        for preset in &found {
            assert_eq!(preset.title, "mine");
            assert!(resolve(&preset.name, &[]).is_ok(), "{}", preset.name);
        }
        assert!(beside(&folder.path().join("nowhere")).is_empty());
    }
}
