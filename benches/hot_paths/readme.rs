//! The README's table of speed, written from the measurements: `cargo bench -- --full --against FILE --readme` on one thread.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::against;

const BEGIN: &str = "<!-- written by cargo bench -- --readme -->\n";
const END: &str = "<!-- to here -->\n";

/// Rows: the work, the bench, the fields that a line must have, and the field that varies along the row.
type Row = (&'static str, &'static str, fn() -> Value, &'static str);

const ROWS: [Row; 14] = [
    (
        "drift of n tokens by all pairs (SA), d = 2; n =",
        "A",
        || json!({"d": 2}),
        "n",
    ),
    ("the same, d = 3; n =", "A", || json!({"d": 3}), "n"),
    ("the same, d = 16; n =", "A", || json!({"d": 16}), "n"),
    ("the same, d = 128; n =", "A", || json!({"d": 128}), "n"),
    (
        "1024 systems of 32 tokens, d =",
        "A_batch",
        || json!({}),
        "d",
    ),
    (
        "drift on the circle to 1e-12, n =",
        "B",
        || json!({"beta": 4}),
        "n",
    ),
    (
        "right-hand side on the circle; points:",
        "D",
        || json!({}),
        "N",
    ),
    (
        "synthesis on S², degree",
        "C",
        || json!({"op": "synthesis"}),
        "lmax",
    ),
    (
        "analysis on S², degree",
        "C",
        || json!({"op": "analysis"}),
        "lmax",
    ),
    (
        "right-hand side on S², on the same grid, degree",
        "E",
        || json!({}),
        "lmax",
    ),
    (
        "a run of 64 tokens on the circle, β = 9, to t = 30; frames:",
        "G",
        || json!({"frames": 301}),
        "frames",
    ),
    (
        "a run of 512 tokens on S², β = 5, to t = 16; frames:",
        "G",
        || json!({"frames": 161}),
        "frames",
    ),
    (
        "a run of a density on the circle, β = 5, to t = 3; frames:",
        "G",
        || json!({"frames": 61}),
        "frames",
    ),
    (
        "a run of 128 tokens, doubly stochastic, β = 9, to t = 30; frames:",
        "G",
        || json!({"frames": 151}),
        "frames",
    ),
];

/// Writes the table between its marks.
pub(crate) fn write(own: &[Value], file: &str) {
    let others = against::others(file);
    let mut table =
        String::from("| work | best other | ratio | of the bound |\n|---|---|---|---|\n");
    for (work, bench, fields, varied) in ROWS {
        let fits = |line: &&Value| {
            let fields = fields();
            let mut wanted = fields.as_object().into_iter().flatten();
            line["bench"] == bench && wanted.all(|(field, value)| line[field] == *value)
        };
        let (mut sizes, mut ratios, mut of_bound, mut names) = (vec![], vec![], vec![], vec![]);
        for line in own.iter().filter(fits) {
            let Some((best, _)) = against::best(line, &others) else {
                continue;
            };
            sizes.push(line[varied].to_string());
            ratios.push(format!(
                "{:.2}",
                against::median(line) / against::median(best)
            ));
            of_bound.extend(line["of_bound"].as_f64().map(|of| format!("{of:.1}")));
            let name = called(best["impl"].as_str().unwrap_or_default());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !sizes.is_empty() {
            let (sizes, ratios) = (sizes.join(", "), ratios.join(", "));
            let of_bound = if of_bound.is_empty() {
                "–".into()
            } else {
                of_bound.join(", ")
            };
            let _ = writeln!(
                table,
                "| {work} {sizes} | {} | {ratios} | {of_bound} |",
                names.join(", ")
            );
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let machine = format!("Measured {}, {}:\n\n", today(), processor());
    std::fs::write(path, format!("{before}{BEGIN}{machine}{table}{END}{after}")).unwrap();
}

/// What other programs are called.
fn called(name: &str) -> &'static str {
    match name {
        name if name.starts_with("shtns") => "SHTns",
        name if name.starts_with("jax") => "jax, compiled",
        name if name.starts_with("torch") => "torch",
        name if name.starts_with("finufft") => "finufft",
        name if name.starts_with("numpy_ducc0") => "NumPy with ducc0's transforms",
        name if name.starts_with("ducc0") => "ducc0, non-uniform transforms",
        name if name.starts_with("numpy_tile") => "NumPy in cache-sized tiles",
        name if name.starts_with("numpy") => "NumPy",
        _ => "SciPy DOP853 with NumPy",
    }
}

fn today() -> String {
    let date = Command::new("date").arg("+%Y-%m-%d").output().unwrap();
    String::from_utf8_lossy(&date.stdout).trim().to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line
        .and_then(|line| line.split(": ").nth(1))
        .unwrap_or("processor unknown");
    let wide = text.contains("avx512f");
    format!(
        "{name}, {}",
        if wide { "AVX-512" } else { "without AVX-512" }
    )
}
