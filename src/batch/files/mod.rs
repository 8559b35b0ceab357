//! The files of a run: one row a file. The names that are a run's own, the README of its folder, the help of the command line and what is written all
//! come from the rows; a file is added by adding one.

mod density;
mod folder;
mod inputs;
mod npy;
mod rows;
mod tables;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use density::Shown;
use folder::Folder;
pub use folder::{Place, remove_unfinished};
use npy::ArrayFile;
use rows::{Finished, Numbers, ROWS, Writer};

use super::summary::Summary;
use crate::experiment::Experiment;
use crate::figure;
use crate::run::Session;

/// The first file in the folder whose name is one that a run may write.
///
/// # Errors
/// The operating system's, where the folder cannot be read.
pub(crate) fn own_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = own_files(folder)?;
    found.sort();
    Ok(found.into_iter().next())
}

fn own_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let own = name
            .to_str()
            .is_some_and(|name| ROWS.iter().any(|row| row.owns(name)));
        if own {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Files of a run that was here before: only where its experiment stands, and of the numbered names those that it speaks of.
fn stale_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Ok(experiment) = fs::read_to_string(folder.join("experiment.toml")) else {
        return Ok(Vec::new());
    };
    let mut list = own_files(folder)?;
    // pictures of the other run
    let drawn = figure::drawn_in(folder);
    list.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbered = ROWS
            .iter()
            .any(|row| row.name.contains("{}") && row.owns(&name));
        path.is_file() && (!numbered || experiment.contains(&*name))
    });
    list.extend(drawn);
    Ok(list)
}

/// The text of `--out` in the help of the command line.
#[must_use]
pub fn help() -> String {
    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    format!(
        "Folder for the run's files, of these those that it has: {}",
        names.join(", ").replace("{}", "N")
    )
}

/// The files of a run in progress: frames stream into a staging folder, and nothing of it is seen until [`Output::complete`].
#[derive(Debug)]
pub(crate) struct Output {
    folder: Folder,
    arrays: Vec<(ArrayFile, usize, Numbers)>,
    densities: Vec<Option<Shown>>,
    numbers: Vec<f64>,
}

impl Output {
    /// Makes or tries the folder, and opens the arrays that grow with the frames.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn create(target: &Path, experiment: &Experiment, force: bool) -> io::Result<Self> {
        let folder = Folder::prepare(target, force)?;
        if let Some(path) = own_files(target)?.into_iter().find(|path| path.is_dir()) {
            return Err(io::Error::other(format!("{} is a folder", path.display())));
        }
        let frames = experiment.time.recorded();
        let mut arrays = Vec::new();
        for row in ROWS.iter().filter(|row| (row.when)(experiment)) {
            if let Writer::EachFrame { shape, numbers } = row.writer {
                let sizes = shape(experiment);
                let all = [&[frames], sizes.as_slice()].concat();
                let file = ArrayFile::create(&folder.staging().join(row.name), &all)?;
                arrays.push((file, sizes.iter().product(), numbers));
            }
        }
        Ok(Self {
            folder,
            arrays,
            densities: Vec::new(),
            numbers: Vec::new(),
        })
    }

    /// Takes the present frame of a session.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn frame(&mut self, session: &Session) -> io::Result<()> {
        for (file, count, numbers) in &mut self.arrays {
            self.numbers.clear();
            numbers(session, &mut self.numbers);
            self.numbers.resize(*count, f64::NAN);
            file.extend(self.numbers.iter().copied())?;
        }
        self.densities.push(session.field().and_then(Shown::of));
        Ok(())
    }

    /// Writes what is left and moves every file into the folder asked for; where they are now.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn complete(self, session: &Session, summary: &Summary) -> io::Result<Place> {
        let run = Finished {
            session,
            experiment: inputs::localised(session.experiment()),
            summary,
            densities: self.densities,
        };
        for (file, ..) in self.arrays {
            file.finish()?;
        }
        for row in ROWS.iter().filter(|row| (row.when)(&run.experiment)) {
            match row.writer {
                Writer::AtEnd(write) => write(&run, &self.folder.staging().join(row.name))?,
                // checked by a test: the other row is there whenever this one is
                Writer::With(_) | Writer::EachFrame { .. } => {}
            }
        }
        let stale = stale_files(self.folder.target())?;
        self.folder.fill(&stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn names_are_told_from_those_of_a_user() {
        let own = |name: &str| ROWS.iter().any(|row| row.owns(name));
        assert!(own("matrix_0.npy") && own("matrix_17.npy") && own("tokens.npy"));
        assert!(!own("matrix_.npy") && !own("matrix_a.npy") && !own("my_tokens.npy"));
        assert!(help().contains("matrix_N.npy") && help().contains("gaussian_covariance.npy"));
    }

    #[test]
    fn what_is_written_together_is_there_together() {
        for preset in presets::list() {
            let experiment = presets::load(&preset.name).unwrap();
            let written = |name: &str| {
                ROWS.iter()
                    .any(|row| row.name == name && (row.when)(&experiment))
            };
            for row in ROWS.iter().filter(|row| (row.when)(&experiment)) {
                if let Writer::With(other) = row.writer {
                    assert!(
                        written(other),
                        "{}: {} without {other}",
                        preset.name,
                        row.name
                    );
                }
            }
        }
    }
}
