//! The folder of a run: made and tried before the run, filled by moves that replace nothing that is not a run's own, and left as it was
//! found if nothing comes of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The staging folders of this process and the folders made for them, the outermost first.
static UNFINISHED: Mutex<Vec<(PathBuf, Vec<PathBuf>)>> = Mutex::new(Vec::new());

/// Removes what unfinished runs of this process have prepared: for a program that has to end while they compute.
pub fn remove_unfinished() {
    let mut list = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    for (staging, made) in list.drain(..) {
        // nothing can be done about what cannot be removed
        let _ = fs::remove_dir_all(staging);
        for path in made.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

/// A folder asked for, with a hidden one in it where files are prepared.
#[derive(Debug)]
pub(crate) struct Folder {
    target: PathBuf,
    staging: Option<TempDir>,
    /// Folders that were made for this run, the outermost first.
    made: Vec<PathBuf>,
    force: bool,
}

/// Where the files of a run are in the end.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// In the folder asked for.
    Asked,
    /// Beside it: the folder asked for had been taken meanwhile.
    Beside(PathBuf),
}

impl Folder {
    /// Makes the folder where it is missing, and a staging folder in it, which tries its rights.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn prepare(target: &Path, force: bool) -> io::Result<Self> {
        let missing: Vec<PathBuf> = (target.ancestors())
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_owned)
            .collect();
        fs::create_dir_all(target)?;
        let mut folder = Self {
            target: target.to_owned(),
            staging: None,
            made: missing.into_iter().rev().collect(),
            force,
        };
        let staging = tempfile::Builder::new()
            .prefix(".metastable-")
            .tempdir_in(target)?;
        let unfinished = (staging.path().to_owned(), folder.made.clone());
        folder.staging = Some(staging);
        (UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)).push(unfinished);
        Ok(folder)
    }

    /// The folder asked for.
    #[must_use]
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where files are prepared.
    #[must_use]
    pub(crate) fn staging(&self) -> &Path {
        self.staging.as_ref().map_or(&self.target, TempDir::path)
    }

    /// Moves every prepared file into the folder. Without force nothing is replaced: where a name is taken by now, all files go to a new folder
    /// beside it. With force, files of an earlier run that this one does not write are removed (`stale`); they would be taken for its own.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn fill(mut self, stale: &[PathBuf]) -> io::Result<Place> {
        // the experiment first: of two runs that end at once, whose experiment is there has the folder
        let mut names: Vec<PathBuf> = (fs::read_dir(self.staging())?)
            .map(|entry| entry.map(|entry| entry.file_name().into()))
            .collect::<io::Result<_>>()?;
        names.sort_by_key(|name| (name.as_os_str() != "experiment.toml", name.clone()));
        if self.force {
            for path in stale {
                fs::remove_file(path)?;
            }
        }
        let mut moved = Vec::new();
        for name in &names {
            let (from, to) = (self.staging().join(name), self.target.join(name));
            let outcome = if self.force {
                fs::rename(&from, &to)
            } else {
                move_without_replacing(&from, &to)
            };
            match outcome {
                Ok(()) => moved.push((from, to)),
                Err(error) => {
                    for (from, to) in moved {
                        fs::rename(to, from)?;
                    }
                    if error.kind() == io::ErrorKind::AlreadyExists {
                        return self.beside().map(Place::Beside);
                    }
                    return Err(error);
                }
            }
        }
        self.made.clear();
        Ok(Place::Asked)
    }

    /// Keeps the prepared files in a new folder beside the one asked for.
    fn beside(&mut self) -> io::Result<PathBuf> {
        let name = self.target.file_name().unwrap_or_default().to_os_string();
        for number in 2.. {
            let mut other = if name.is_empty() {
                "run".into()
            } else {
                name.clone()
            };
            other.push(format!("-{number}"));
            let other = self.target.with_file_name(other);
            match fs::create_dir(&other) {
                Ok(()) => {
                    for entry in fs::read_dir(self.staging())? {
                        let entry = entry?;
                        fs::rename(entry.path(), other.join(entry.file_name()))?;
                    }
                    return Ok(other);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let own = self
            .staging
            .as_ref()
            .map(|staging| staging.path().to_owned());
        (UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner))
            .retain(|(staging, _)| Some(staging) != own.as_ref());
        // the staging folder first, then those that were made for it and are empty again
        self.staging = None;
        for path in self.made.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

/// A move that fails with `AlreadyExists` where the new name is taken, however late. By a link where the file system has them; else by a copy into
/// a file that must be new.
fn move_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => return fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    let mut new = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to)?;
    let copied = fs::File::open(from).and_then(|mut old| io::copy(&mut old, &mut new));
    if let Err(error) = copied {
        let _ = fs::remove_file(to);
        return Err(error);
    }
    fs::remove_file(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_files(target: &Path, force: bool, names: &[&str]) -> Folder {
        let folder = Folder::prepare(target, force).unwrap();
        for name in names {
            fs::write(folder.staging().join(name), format!("new {name}")).unwrap();
        }
        folder
    }

    #[test]
    fn two_runs_into_one_folder_are_both_kept_and_neither_replaces_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a/run");
        let one = with_files(&target, false, &["experiment.toml", "x.npy"]);
        let two = with_files(&target, false, &["experiment.toml", "y.npy"]);
        assert_eq!(one.fill(&[]).unwrap(), Place::Asked);
        let beside = dir.path().join("a/run-2");
        assert_eq!(two.fill(&[]).unwrap(), Place::Beside(beside.clone()));
        assert!(target.join("x.npy").exists() && !target.join("y.npy").exists());
        assert!(beside.join("y.npy").exists() && beside.join("experiment.toml").exists());
        assert_eq!(
            fs::read_dir(&target).unwrap().count(),
            2,
            "no staging folder is left"
        );
    }

    #[test]
    fn a_name_taken_by_a_user_meanwhile_keeps_its_bytes_and_the_folder_its_other_files() {
        let dir = tempfile::tempdir().unwrap();
        let folder = with_files(dir.path(), false, &["experiment.toml", "x.npy"]);
        fs::write(dir.path().join("x.npy"), "mine").unwrap();
        let Place::Beside(beside) = folder.fill(&[]).unwrap() else {
            panic!("it was replaced");
        };
        assert_eq!(
            fs::read_to_string(dir.path().join("x.npy")).unwrap(),
            "mine"
        );
        assert!(!dir.path().join("experiment.toml").exists());
        fs::remove_dir_all(beside).unwrap();
    }

    #[test]
    fn a_run_that_comes_to_nothing_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(with_files(&dir.path().join("a/b/c"), false, &["x.npy"]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::create_dir(dir.path().join("kept")).unwrap();
        drop(with_files(&dir.path().join("kept"), false, &["x.npy"]));
        assert_eq!(fs::read_dir(dir.path().join("kept")).unwrap().count(), 0);
    }
}
