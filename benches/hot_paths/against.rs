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

/// Prints a table of medians over the best median of the others.
pub(crate) fn compare(own: &[Value], file: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let others: Vec<Value> = (text.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(is_same_work)
        .collect();
    println!(
        "{:28} {:>8} {:>10} {:>10}  best other",
        "work", "ratio", "own", "other"
    );
    for line in own {
        let Some((bench, fields, names)) =
            COMMON.iter().find(|(bench, _, _)| line["bench"] == *bench)
        else {
            continue;
        };
        let name = line["impl"].as_str().unwrap_or_default();
        let base = name
            .trim_start_matches("metastable_")
            .trim_end_matches(" slow");
        // beside the peers' work there are measurements of ours alone
        if !names.is_empty() && !names.contains(&base)
            || line["beta"].as_f64().is_some_and(|b| b != 4.0)
        {
            continue;
        }
        let same = |other: &&Value| {
            other["bench"] == *bench && fields.iter().all(|field| other[field] == line[field])
        };
        let median = |line: &Value| line["median_s"].as_f64().unwrap_or(f64::NAN);
        let best = (others.iter().filter(same)).min_by(|a, b| median(a).total_cmp(&median(b)));
        let Some(best) = best else { continue };
        let size: Vec<String> = (fields.iter())
            .map(|field| format!("{field} {}", line[field]))
            .collect();
        println!(
            "{:28} {:8.3} {:10.3e} {:10.3e}  {}",
            format!("{bench} {}", size.join(" ")),
            median(line) / median(best),
            median(line),
            median(best),
            best["impl"].as_str().unwrap_or_default()
        );
    }
}
