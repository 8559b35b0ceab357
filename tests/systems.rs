//! Every system of the paper against an independent SciPy oracle (`reference/systems_oracle.py`), each read from a file as a user
//! would write it, and the identities that belong to it.
#![allow(clippy::unwrap_used)] // a test may stop

mod common;

use common::{experiment, flat, reference};
use metastable::engine::token_run::TokenRun;
use serde_json::Value;

/// A TOML file that says what a case of the oracle is.
fn file(case: &Value) -> String {
    let text = |key: &str| case[key].as_str().unwrap().to_owned();
    let heads: String = (case["heads"].as_array().unwrap().iter())
        .map(|head| {
            format!(
                "[[attention.head]]\nquery = {}\nkey = {}\nvalue = {}\n",
                head["query"], head["key"], head["value"]
            )
        })
        .collect();
    let mut attention = format!(
        "[attention]\nbeta = {}\nnormalisation = \"{}\"\nmask = \"{}\"\nspace = \"{}\"\nlayer_norm = \"{}\"\n",
        case["beta"],
        text("normalisation"),
        text("mask"),
        text("space"),
        text("scheme")
    );
    for key in ["alpha", "until"] {
        if !case[key].is_null() {
            attention += &format!("{key} = {}\n", case[key]);
        }
    }
    if text("normalisation") == "sinkhorn" {
        attention += "marginal_error = 1e-14\n";
    }
    let perceptron = match &case["perceptron"] {
        Value::Null => String::new(),
        m => format!(
            "[attention.perceptron]\nactivation = {}\nwidth = {}\ninner = {}\nbias = {}\nouter = {}\n",
            m["activation"],
            m["bias"].as_array().unwrap().len(),
            m["inner"],
            m["bias"],
            m["outer"]
        ),
    };
    let weights = match &case["weights"] {
        Value::Null => String::new(),
        weights => format!("weights = {weights}\n"),
    };
    let time = match &case["layers"] {
        Value::Null => format!("end = {}\nframes = 3\ntolerance = 1e-13\n", case["time"]),
        layers => {
            let count = layers["count"].as_f64().unwrap();
            let step = layers["step"].as_f64().unwrap();
            format!(
                "end = {}\nframes = {}\nscheme = \"layer\"\nstep = {step}\n",
                count * step,
                count + 1.0
            )
        }
    };
    format!(
        "[tokens]\ndimension = {}\n{weights}initial = {{ law = \"points\", points = {} }}\n{attention}{perceptron}{heads}[time]\n{time}",
        case["dimension"], case["initial"]
    )
}

#[test]
fn every_system_follows_the_independent_oracle() {
    let reference = reference("systems.json");
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() >= 28);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let spec = experiment(&file(case));
        let mut run = TokenRun::new(&spec);
        let mut time = 0.0;
        while time < spec.time.end * (1.0 - 1e-12) {
            let next = spec.time.frame(
                ((time / spec.time.end) * (spec.time.frames - 1) as f64).round() as usize + 1,
            );
            assert!(run.advance(time, next - time, &|| false).unwrap());
            time = next;
        }
        for (found, exact) in run.tokens().positions.iter().zip(flat(&case["final"])) {
            let error = (found - exact).abs();
            assert!(
                error < 1e-10 * exact.abs().max(1.0),
                "{name}: {found} {exact} {error:e}"
            );
        }
        if let Some(lengths) = case["lengths"].as_array() {
            for (found, exact) in run.lengths().unwrap().iter().zip(lengths) {
                let exact = exact.as_f64().unwrap();
                assert!(
                    (found / exact - 1.0).abs() < 1e-10,
                    "{name}: {found} {exact}"
                );
            }
        } else {
            assert!(run.lengths().is_none(), "{name}");
        }
    }
}
