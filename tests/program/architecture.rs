//! The house: imports run one way, between rooms and between files; files say their subject and stay readable.
//!
//! The test reads the paths in the code (`crate::…`, `super::…`), tests inside files left out, and resolves each to the file that it
//! names. A line `pub use child::Name` of a `mod.rs` is a table of contents: it is looked through, and is not itself an import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the crate stands that holds the rooms of the mathematics; the rooms above reach them under the same names.
const MATHEMATICS: &str = "mathematics";

/// The rooms, from the ground up.
const ROOMS: [&str; 15] = [
    "machine",
    "sphere",
    "integrate",
    "measure",
    "dynamics",
    "theory",
    "observe",
    "experiment",
    "snapshot",
    "run",
    "sweep",
    "figure",
    "report",
    "batch",
    "tui",
];
/// Most lines of a file.
const MOST_LINES: usize = 450;
/// Most lines of a function that does not say why it is long (`// long: …`).
const MOST_OF_A_FUNCTION: usize = 60;
/// The longest line of a comment; code is shorter by rustfmt.
const WIDEST: usize = 150;

/// A module path from the root, such as `tui`, `panels`, `help`.
type Module = Vec<String>;

/// The source, module by module, as code: no comments, no tests.
struct House {
    code: BTreeMap<Module, String>,
    /// Names that a module re-exports, and from which of its children.
    contents: BTreeMap<Module, BTreeMap<String, Module>>,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

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

fn module_of(path: &Path) -> Module {
    let inside = path.strip_prefix(source()).unwrap().with_extension("");
    let inside = inside.strip_prefix(MATHEMATICS).unwrap_or(&inside);
    let mut module: Module = inside
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// A file without comments and without what is compiled for tests alone (which stands at the end of a file, or in one of its own).
fn code_of(text: &str) -> String {
    let end = (text.find("#[cfg(test)]\nmod tests {")).unwrap_or(text.len());
    text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every path that begins with one of `roots`, braces written out.
fn paths(code: &str, roots: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in roots {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            let part_of_a_name = code[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
            if !part_of_a_name {
                expand(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one path; true rest is what follows it.
fn expand<'a>(
    mut text: &'a str,
    before: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> &'a str {
    let depth = before.len();
    loop {
        text = text.trim_start();
        if let Some(mut inner) = text.strip_prefix('{') {
            loop {
                inner = expand(inner, before, found).trim_start();
                match inner.strip_prefix(',') {
                    Some(rest) if rest.trim_start().starts_with('}') => {
                        inner = rest.trim_start();
                    }
                    Some(rest) => {
                        inner = rest;
                        continue;
                    }
                    None => {}
                }
                before.truncate(depth);
                return inner.strip_prefix('}').unwrap_or(inner);
            }
        }
        let end = text
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        before.push(text[..end].to_owned());
        text = &text[end..];
        match text.strip_prefix("::") {
            Some(rest) if !rest.starts_with('<') => text = rest,
            _ => break,
        }
    }
    found.push(before.clone());
    before.truncate(depth);
    // `as other`
    if let Some(rest) = text.trim_start().strip_prefix("as ") {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        return &rest[end.unwrap_or(rest.len())..];
    }
    text
}

impl House {
    fn read() -> Self {
        let mut files = Vec::new();
        rust_files(&source(), &mut files);
        let code: BTreeMap<Module, String> = files
            .iter()
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                !matches!(name, "main.rs" | "cli.rs")
                    && !path.starts_with(source().join("cli"))
                    && **path != source().join(MATHEMATICS).join("lib.rs")
                    && !name.ends_with("_tests.rs")
            })
            .map(|path| {
                let text = std::fs::read_to_string(path).unwrap();
                (module_of(path), code_of(&text))
            })
            .collect();
        let mut contents: BTreeMap<Module, BTreeMap<String, Module>> = BTreeMap::new();
        for (module, text) in &code {
            for path in re_exports(text) {
                let child: Module = [module.clone(), vec![path[0].clone()]].concat();
                if path.len() > 1 && code.contains_key(&child) {
                    (contents.entry(module.clone()).or_default())
                        .insert(path[path.len() - 1].clone(), child);
                }
            }
        }
        Self { code, contents }
    }

    /// The file that a path from the root names; None where it names nothing of the house.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let mut module = Module::new();
        for name in path {
            let child = [module.clone(), vec![name.clone()]].concat();
            if self.code.contains_key(&child) {
                module = child;
            } else if let Some(other) = self.contents.get(&module).and_then(|c| c.get(name)) {
                module.clone_from(other);
            } else {
                break;
            }
        }
        (!module.is_empty()).then_some(module)
    }

    /// Which files a file uses, each with the path that says so.
    fn uses(&self, module: &Module) -> BTreeMap<Module, String> {
        let mut found = BTreeMap::new();
        let code = without_re_exports(&self.code[module]);
        for path in paths(&code, &["crate", "super"]) {
            let up = path.iter().take_while(|part| *part == "super").count();
            let full = if up > 0 {
                let base = &module[..module.len().saturating_sub(up)];
                [base, &path[up..]].concat()
            } else {
                path[1..].to_vec()
            };
            if let Some(used) = self.resolve(&full).filter(|used| used != module) {
                found.insert(used, path.join("::"));
            }
        }
        // a module that uses its own children by name
        for line in code.lines() {
            let words = line.trim_start().strip_prefix("use ");
            let Some(path) = words.and_then(|rest| rest.split("::").next()) else {
                continue;
            };
            let child = [module.clone(), vec![path.to_owned()]].concat();
            if self.code.contains_key(&child) {
                found.insert(child, line.trim().to_owned());
            }
        }
        found
    }
}

/// How a file passes on what belongs to its children.
const RE_EXPORTS: [&str; 2] = ["pub use ", "pub(crate) use "];

/// The paths of `pub use child::…;`.
fn re_exports(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in RE_EXPORTS {
        for (at, _) in code.match_indices(start) {
            expand(&code[at + start.len()..], &mut Vec::new(), &mut found);
        }
    }
    found
}

fn without_re_exports(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = (RE_EXPORTS.iter())
        .filter_map(|start| rest.find(start))
        .min()
    {
        kept += &rest[..at];
        rest = rest[at..].split_once(';').map_or("", |(_, after)| after);
    }
    kept + rest
}

#[test]
fn rooms_use_only_rooms_before_them() {
    let house = House::read();
    let rank = |module: &Module| ROOMS.iter().position(|room| *room == module[0]);
    let mut checked = 0;
    // the root is the map, the guide is documentation alone
    let rooms = (house.code.keys()).filter(|m| !m.is_empty() && m[0] != "guide");
    for module in rooms {
        let here = rank(module).unwrap_or_else(|| panic!("{module:?} is in no room"));
        for (used, path) in house.uses(module) {
            checked += 1;
            let there = rank(&used).unwrap();
            assert!(
                there <= here,
                "{} uses {path}: {} stands above {}",
                module.join("/"),
                ROOMS[there],
                ROOMS[here]
            );
        }
    }
    assert!(checked > 400, "the test reads the imports: {checked}");
}

#[test]
fn files_do_not_use_each_other_in_a_circle() {
    let house = House::read();
    let uses: BTreeMap<&Module, BTreeMap<Module, String>> = (house.code.keys())
        .map(|module| (module, house.uses(module)))
        .collect();
    // what can be reached from a file
    let mut circles = BTreeSet::new();
    for start in house.code.keys() {
        let mut waiting: Vec<&Module> = vec![start];
        let mut seen: BTreeMap<&Module, &Module> = BTreeMap::new();
        while let Some(module) = waiting.pop() {
            for next in uses.get(module).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    let mut way = vec![module.join("/")];
                    let mut at = module;
                    while at != start {
                        at = seen[at];
                        way.push(at.join("/"));
                    }
                    way.sort();
                    circles.insert(way);
                } else if !seen.contains_key(next) {
                    seen.insert(next, module);
                    waiting.push(next);
                }
            }
        }
    }
    assert!(circles.is_empty(), "circles: {circles:#?}");
}

/// The compiler, which sees one crate at a time, would let such a function lie.
#[test]
fn every_public_function_of_the_mathematics_has_a_reader() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&source().with_file_name(folder), &mut files);
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let mut public = BTreeSet::new();
    for file in files {
        let code = code_of(&std::fs::read_to_string(&file).unwrap());
        for word in code.split(|c: char| !c.is_alphanumeric() && c != '_') {
            *told.entry(word.to_owned()).or_default() += 1;
        }
        if file.starts_with(source().join(MATHEMATICS)) {
            let names = (code.lines()).filter_map(|line| {
                let line = line.trim_start().strip_prefix("pub ")?;
                let name = line.trim_start_matches("const ").strip_prefix("fn ")?;
                name.split(['(', '<']).next()
            });
            public.extend(names.map(str::to_owned));
        }
    }
    assert!(public.len() > 200, "the test reads the names: {public:?}");
    public.retain(|name| told[name] < 2);
    assert!(public.is_empty(), "nobody reads {public:?}");
}

#[test]
fn all_text_of_the_screen_goes_through_one_file() {
    let mut files = Vec::new();
    rust_files(&source().join("tui"), &mut files);
    let mut direct = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let writes = [".set_string(", ".set_stringn(", ".set_line(", ".set_span("];
        if !file.ends_with("tui/words.rs") && writes.iter().any(|write| code.contains(write)) {
            direct.push(file);
        }
    }
    assert!(direct.is_empty(), "numbers may be cut there: {direct:?}");
}

#[test]
fn a_function_fits_on_a_screen_or_says_why_not() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    let mut long = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            let opens = (code.split_once("fn ")).is_some_and(|(before, _)| {
                (before.split_whitespace()).all(|word| {
                    ["pub", "pub(crate)", "pub(super)", "const", "async"].contains(&word)
                })
            });
            if !opens || code.ends_with(';') {
                continue;
            }
            let close = format!("{}}}", &line[..indent]);
            let count = (lines[at..].iter()).position(|l| *l == close).unwrap_or(0);
            let said = lines[at.saturating_sub(8)..at + count].iter();
            if count > MOST_OF_A_FUNCTION && !said.clone().any(|l| l.contains("// long:")) {
                long.push(format!("{}:{} {count} lines", file.display(), at + 1));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_reader_of_imports_sees_through_braces_and_lines() {
    let code = "use crate::sphere::{\n    Complex, domain::{Domain, row as r},\n};\nlet x = super::run::go(crate::a::B::<f64>::new());";
    let found: Vec<String> = (paths(code, &["crate", "super"]).iter())
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        found,
        [
            "crate::sphere::Complex",
            "crate::sphere::domain::Domain",
            "crate::sphere::domain::row",
            "crate::a::B",
            "super::run::go",
        ]
    );
    assert_eq!(re_exports("pub use a::{B, c::D};\nuse e::F;").len(), 2);
    assert_eq!(
        without_re_exports("pub use a::B;\nuse e::F;").trim(),
        "use e::F;"
    );
}

#[test]
fn files_say_their_subject_in_their_first_line_and_stay_readable() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} does not say its subject",
            file.display()
        );
        for (at, line) in text.lines().enumerate() {
            let comment = line.trim_start().starts_with("//") && !line.contains("//! |");
            let wide = comment && line.chars().count() > WIDEST;
            assert!(!wide, "{}:{} is too wide", file.display(), at + 1);
        }
        let lines = text.lines().count();
        assert!(lines < MOST_LINES, "{} has {lines} lines", file.display());
    }
}
