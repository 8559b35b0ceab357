//! Imports run one way only: a room uses the rooms before it in the list of the house's map, never one after it.
#![allow(clippy::unwrap_used)] // a test may stop

use std::path::{Path, PathBuf};

/// The rooms, from the ground up.
const ROOMS: [&str; 11] = [
    "sphere",
    "integrate",
    "measure",
    "dynamics",
    "theory",
    "observe",
    "experiment",
    "snapshot",
    "run",
    "batch",
    "tui",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a line of code names by `crate::room`.
fn rooms_named(line: &str) -> Vec<usize> {
    line.split("crate::")
        .skip(1)
        .flat_map(|rest| {
            let names = rest.strip_prefix('{').map_or_else(
                || {
                    vec![
                        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                            .next()
                            .unwrap_or(""),
                    ]
                },
                |group| {
                    group
                        .split(['{', '}', ','])
                        .map(|part| part.trim().split(':').next().unwrap_or(""))
                        .collect()
                },
            );
            names
                .into_iter()
                .filter_map(|name| ROOMS.iter().position(|room| *room == name))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn imports_run_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for (index, room) in ROOMS.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&source.join(room), &mut files);
        assert!(!files.is_empty(), "the room {room} is empty");
        for file in files {
            for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
                let line = line.trim_start();
                if line.starts_with("//") {
                    continue;
                }
                for used in rooms_named(line) {
                    checked += 1;
                    assert!(
                        used <= index,
                        "{}:{}: {room} uses {}: {line}",
                        file.display(),
                        number + 1,
                        ROOMS[used]
                    );
                    // the two rooms at the bottom know nothing of each other
                    assert!(
                        !(*room == "integrate" && used == 0),
                        "{}: integrate uses sphere",
                        file.display()
                    );
                }
            }
        }
    }
    assert!(checked > 40, "the test reads the imports: {checked}");
}

#[test]
fn the_reader_of_imports_sees_through_braces() {
    assert_eq!(rooms_named("use crate::sphere::Complex;"), [0]);
    assert_eq!(rooms_named("use crate::{measure::Law, tui};"), [2, 10]);
    assert!(rooms_named("use super::run;").is_empty());
}

#[test]
fn files_say_their_subject_in_their_first_line_and_stay_readable() {
    let mut files = Vec::new();
    rust_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} does not say its subject",
            file.display()
        );
        let lines = text.lines().count();
        assert!(lines < 600, "{} has {lines} lines", file.display());
    }
}
