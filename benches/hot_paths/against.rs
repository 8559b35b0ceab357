//! The ratios of these measurements to the best of others at the same size.

use serde_json::Value;

/// Benches that others have too: the fields that must agree, and the words one of which a name of ours must have (all, if there are none).
const COMMON: [(&str, &[&str], &[&str]); 7] = [
    ("A", &["n", "d"], &["direct"]),
    ("A_batch", &["d"], &[]),
    ("B", &["n"], &["circle_binned"]),
    ("C", &["op", "lmax"], &[]),
    ("D", &["N"], &["circle_rhs"]),
    ("E", &["lmax"], &["sphere_SA"]),
    ("G", &["frames", "rtol"], &[]),
];

/// Whether a line of others does the same work in the same precision: a right-hand side and not a step, at 1e-12.
fn is_same_work(line: &Value) -> bool {
    let name = line["impl"].as_str().unwrap_or_default();
    let precise = line["dtype"]
        .as_str()
        .is_none_or(|dtype| dtype == "float64");
    let accurate = line["eps"].as_f64().is_none_or(|eps| eps <= 1e-12);
    let step = name.contains("rk4") || name.contains("USA");
    precise && accurate && !step && line["threads"] == 1 && line["median_s"].is_number()
}

/// What others took.
pub(crate) fn others(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    (text.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(is_same_work)
        .collect()
}

/// The median of a line.
pub(crate) fn median(line: &Value) -> f64 {
    line["median_s"].as_f64().unwrap_or(f64::NAN)
}

/// The best of others at the same work, if a line of ours has its like, and the fields in which they agree.
pub(crate) fn best<'a>(
    line: &Value,
    others: &'a [Value],
) -> Option<(&'a Value, &'static [&'static str])> {
    let (bench, fields, names) = (COMMON.iter()).find(|(bench, _, _)| line["bench"] == *bench)?;
    let name = line["impl"].as_str().unwrap_or_default();
    let base = name
        .trim_start_matches("metastable_")
        .trim_end_matches(" slow");
    // beside the peers' work there are measurements of ours alone
    let own = !names.is_empty() && !names.contains(&base);
    if own || line["beta"].as_f64().is_some_and(|b| b != 4.0) {
        return None;
    }
    let same = |other: &&Value| {
        other["bench"] == *bench && fields.iter().all(|field| other[field] == line[field])
    };
    let best = (others.iter().filter(same)).min_by(|a, b| median(a).total_cmp(&median(b)))?;
    Some((best, fields))
}

/// Prints a table of medians over the best median of the others, and over the least that this machine needs.
pub(crate) fn compare(own: &[Value], file: &str) {
    let others = others(file);
    println!(
        "{:28} {:>8} {:>10} {:>10} {:>9}  best other",
        "work", "ratio", "own", "other", "of bound"
    );
    for line in own {
        let Some((best, fields)) = best(line, &others) else {
            continue;
        };
        let size: Vec<String> = (fields.iter())
            .map(|field| format!("{field} {}", line[field]))
            .collect();
        let bench = line["bench"].as_str().unwrap_or_default();
        let of_bound = line["of_bound"].as_f64();
        println!(
            "{:28} {:8.3} {:10.3e} {:10.3e} {:>9}  {}",
            format!("{bench} {}", size.join(" ")),
            median(line) / median(best),
            median(line),
            median(best),
            of_bound.map_or_else(|| "-".into(), |of| format!("{of:.2}")),
            best["impl"].as_str().unwrap_or_default()
        );
    }
}
