//! Experiment files: what is read, what is refused, and in which words.

use std::path::Path;

use crate::common::experiment;
use metastable::experiment::read::experiment as decode;
use metastable::experiment::spec::Source;
use metastable::experiment::{Companion, Scheme};
use metastable::experiment::{FieldInitial, presets};
use metastable::measure::Law;
use metastable::sphere::Domain;

const ENOUGH: &str = "[attention]\nbeta = 4.0\n[time]\nend = 3.0\n";

/// The error of a file with these lines, which begin in line 1.
fn error(text: &str) -> String {
    decode::read_text("e.toml", Path::new(""), text)
        .unwrap_err()
        .to_string()
}

#[test]
fn every_default_is_filled_in() {
    let spec = experiment(ENOUGH);
    assert_eq!(
        (spec.tokens.count, spec.tokens.dimension, spec.tokens.seed),
        (64, 2, 0)
    );
    assert_eq!((spec.field.modes, spec.field.max_modes), (256, 512));
    assert_eq!(
        (spec.time.frames, spec.time.tolerance, spec.time.scheme),
        (301, 1e-9, Scheme::Adaptive)
    );
    assert_eq!(
        spec.field.initial,
        FieldInitial::From {
            from: Source::Law,
            smoothing: 0.0
        }
    );
    assert_eq!(spec.time.frame(300), 3.0);
    assert!(spec.notes.is_empty());
}

#[test]
fn a_law_without_density_starts_the_field_from_the_tokens_and_says_so() {
    for law in ["orthogonal", "simplex"] {
        let spec = experiment(&format!(
            "[tokens]\ncount = 2\ninitial = {{ law = \"{law}\" }}\n{ENOUGH}"
        ));
        assert!(matches!(
            spec.field.initial,
            FieldInitial::From {
                from: Source::Empirical,
                ..
            }
        ));
        assert!(
            spec.notes[0].contains("empirical measure"),
            "{:?}",
            spec.notes
        );
    }
    let smoothed = experiment(&format!(
        "[tokens]\ninitial = {{ law = \"hemisphere\" }}\n{ENOUGH}"
    ));
    assert!(smoothed.notes[0].contains("smoothed by 0.005"));
}

#[test]
fn what_is_written_is_read_back_as_the_same_experiment() {
    for preset in presets::list() {
        let spec = presets::load(&preset.name).unwrap();
        let again = experiment(&spec.to_toml().unwrap());
        assert_eq!(
            again,
            metastable::experiment::Experiment {
                notes: again.notes.clone(),
                ..spec
            },
            "{}",
            preset.name
        );
    }
    let all = experiment(&format!(
        "title = \"t\"\nabout = \"a\"\n[tokens]\ninitial = {{ law = \"clusters\", masses = [1, 3], concentration = 9 }}\n\
         [noise]\ndiffusion = 0.1\nstep = 0.02\n[field]\ninitial = {{ law = \"poisson\", weight = 0.2, axis = 0.5 }}\n\
         [observe]\ncluster_width = 0.2\n{ENOUGH}scheme = \"layer\"\nstep = 0.01\n\
         [[change]]\nat = 1.0\nbeta = 2.0\n[[change]]\nat = 2.0\nnormalisation = \"none\"\ndiffusion = 0.0\n"
    ));
    assert_eq!(experiment(&all.to_toml().unwrap()), all);
}

#[test]
fn every_law_can_be_asked_for() {
    for law in [
        "law = \"uniform\"",
        "law = \"harmonics\", cosine = [0.5], sine = [0, 0.25]",
        "law = \"von-mises-fisher\", concentration = 4, mean = [3, 4]",
        "law = \"von-mises-fisher\", concentration = 4, mean = 1.5",
        "law = \"poisson\", weight = 0.3",
        "law = \"clusters\", count = 3, concentration = 50",
        "law = \"hemisphere\"",
        "law = \"zonal\", coefficients = [0.3, 0.2], axis = 0.5",
        "law = \"mixture\", means = [0.0, [0, 1]], concentrations = [3, 4], masses = [1, 2]",
    ] {
        let spec = experiment(&format!("[tokens]\ninitial = {{ {law} }}\n{ENOUGH}"));
        assert!(spec.continuum().is_some(), "{law}");
    }
    let tilted = experiment(&format!(
        "[tokens]\ninitial = {{ law = \"von-mises-fisher\", concentration = 4, mean = [3, 4] }}\n{ENOUGH}"
    ));
    assert_eq!(
        tilted.tokens.initial,
        Law::VonMisesFisher {
            concentration: 4.0,
            mean: vec![0.6, 0.8]
        }
    );
}

#[test]
fn the_continuum_is_where_it_can_be_and_its_absence_is_explained() {
    let at = |dimension: usize, rest: &str| {
        experiment(&format!(
            "[tokens]\ndimension = {dimension}\n{rest}\n{ENOUGH}"
        ))
        .continuum()
    };
    let zonal = "initial = { law = \"poisson\", weight = 0.3 }";
    assert_eq!(at(2, zonal).unwrap().domain, Domain::Circle);
    assert_eq!(at(3, zonal).unwrap().domain, Domain::Sphere);
    let eight = at(8, zonal).unwrap();
    assert_eq!((eight.domain, eight.axis[7]), (Domain::Zonal(8), 1.0));
    let asked = format!("{zonal}\n[field]\nsolver = \"zonal\"");
    assert_eq!(at(3, &asked).unwrap().domain, Domain::Zonal(3));
    assert_eq!(at(2, &asked).unwrap().domain, Domain::Zonal(2));
    for (dimension, law) in [
        (8, "clusters\", count = 2, concentration = 9"),
        (5, "orthogonal\""),
    ] {
        let text = format!(
            "[tokens]\ndimension = {dimension}\ncount = 3\ninitial = {{ law = \"{law} }}\n{ENOUGH}"
        );
        let Companion::None(absence) = experiment(&text).companion() else {
            panic!("{law} has a density");
        };
        let reason = absence.to_string();
        assert!(
            reason.contains("tokens only") && reason.contains("zonal"),
            "{reason}"
        );
    }
    // two bumps on one axis are zonal, two on different ones are not
    let pair = |second: &str| {
        format!(
            "initial = {{ law = \"mixture\", means = [[0, 0, 0, 1], {second}], concentrations = [4, 4] }}"
        )
    };
    assert!(at(4, &pair("[0, 0, 0, -1]")).is_some());
    assert!(at(4, &pair("[0, 0, 1, 0]")).is_none());
}

#[test]
fn misspelt_keys_are_met_with_the_key_that_was_meant() {
    let text = error("[tokens]\ncoutn = 5\n[attention]\nbeta = 1\n[time]\nend = 1\n");
    assert!(
        text.starts_with("e.toml:2:1: tokens.coutn: there is no such key"),
        "{text}"
    );
    assert!(text.contains("did you mean `count`?"), "{text}");
    assert!(error("[atention]\nbeta = 1\n").contains("did you mean `attention`?"));
    assert!(error("[tokens]\nbeta = 1\n").contains("`beta` belongs to [attention]"));
    assert!(
        error("[tokens]\ninitial = { law = \"uniferm\" }\n[attention]\nbeta = 1\n")
            .contains("did you mean `uniform`?")
    );
    assert!(
        error("[attention]\nbeta = 1\nnormalisation = \"softmx\"\n")
            .contains("did you mean `softmax`?")
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn wrong_values_are_named_with_their_place_and_their_range() {
    for (text, expected) in [
        (
            "[attention]\nbeta = \"hot\"\n",
            "e.toml:2:8: attention.beta: \"hot\" is a string, expected a number",
        ),
        (
            "[attention]\nbeta = nan\n",
            "e.toml:2:8: attention.beta: NaN is out of range",
        ),
        (
            "[attention]\nbeta = -800\n",
            "it must lie between -700 and 1000000",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ncount = 0\n",
            "e.toml:4:9: tokens.count: 0 is out of range",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ncount = 2.5\n",
            "2.5 is a number, expected a whole number",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 1\n",
            "tokens.dimension: 1 is out of range",
        ),
        (
            "[attention]\nbeta = 1\n[time]\nend = inf\n",
            "time.end: inf is out of range",
        ),
        (
            "[attention]\nbeta = 1\n[time]\nend = 0\n",
            "it must be a finite number greater than 0",
        ),
        ("[attention]\nbeta = 1\n", "time.end: this key is missing"),
        ("[time]\nend = 1\n", "attention.beta: this key is missing"),
        (
            "[attention]\nbeta = 800\nnormalisation = \"none\"\n[time]\nend = 1\n",
            "overflows at this β (it is 800)",
        ),
        (
            "[attention]\nbeta = 1\n[time]\nend = 1\nstep = 0.1\n",
            "the adaptive scheme chooses its steps itself",
        ),
        (
            "[attention]\nbeta = 1\n[field]\nmodes = 512\nmax_modes = 256\n",
            "keep modes ≤ max_modes",
        ),
        (
            "[attention]\nbeta = 1\n[time]\nend = 1\nframes = 3\nscheme = \"layer\"\nstep = 0.3\n",
            "layers of 0.3 between two frames",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ninitial = { law = \"harmonics\", cosine = [2] }\n",
            "a density cannot be negative",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"harmonics\" }\n",
            "use dimension = 2",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"orthogonal\" }\n",
            "set count ≤ 3",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 8\n[field]\nsolver = \"spectral\"\n",
            "the spectral solver is for d = 2 and 3, and the dimension is 8",
        ),
        (
            "[attention]\nbeta = 1\n[field]\nsolver = \"zonl\"\n",
            "did you mean `zonal`?",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\n[field]\nmax_modes = 5000\n",
            "it must lie between 4 and 1023",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 5\ninitial = { law = \"zonal\", coefficients = [1.5] }\n",
            "the density takes the value -0.5000 at the angle 3.1416 from the axis",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"zonal\", coefficients = [0.5], axis = [1, 0] }\n",
            "give 3 numbers that are not all zero",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"harmonics\", terms = [{ degree = 2, order = 3, amplitude = 0.1 }] }\n",
            "tokens.initial.terms.order: 3 is out of range",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"harmonics\", terms = [{ degree = 1, amplitude = 0.9 }] }\n",
            "it cannot be negative, make the coefficients smaller",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ninitial = { law = \"harmonics\", terms = [{ degree = 1, amplitude = 0.1 }] }\n",
            "use dimension = 3",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"mixture\", means = [[1, 0, 0], [0, 1]], concentrations = [1, 2] }\n",
            "2 components",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"mixture\", means = [[1, 0, 0]], concentrations = [1, 2] }\n",
            "2 concentrations for 1 means",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ndimension = 3\ninitial = { law = \"poisson\", weight = 0.9999 }\n",
            "it must lie between 0 and 0.999",
        ),
        (
            "[attention]\nbeta = 1\n[tokens]\ninitial = { law = \"simplex\" }\n",
            "set count ≤ 3",
        ),
        (
            "[attention]\nbeta = 1\n[field]\ninitial = { law = \"file\", path = \"x.npy\" }\n",
            "a file of points has no density",
        ),
        ("a = 1\nb = = 2\n", "e.toml:2:5: this is not TOML"),
        (
            "[attention]\nbeta = 1\n[time]\nend = 1\n[[change]]\nat = 2\n[[change]]\nat = 1\n",
            "earlier than the change before",
        ),
    ] {
        let message = error(text);
        assert!(
            message.contains(expected),
            "{text:?} says\n{message}\nexpected\n{expected}"
        );
    }
}

#[test]
fn token_files_are_read_normalised_and_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, content: &str| {
        std::fs::write(folder.path().join(name), content).unwrap();
        let text = format!("[tokens]\ninitial = {{ law = \"file\", path = \"{name}\" }}\n{ENOUGH}");
        decode::read_text("e.toml", folder.path(), &text)
    };
    let spec = read("good.csv", "x,y\n2,0\n0,1\n").unwrap();
    assert_eq!((spec.tokens.count, spec.tokens.dimension), (2, 2));
    assert!(
        spec.notes
            .iter()
            .any(|note| note.contains("brought to unit length")),
        "{:?}",
        spec.notes
    );
    let refused = |name: &str, content: &str| read(name, content).unwrap_err().to_string();
    assert!(refused("zero.csv", "1,0\n0,0\n").contains("row 2 has length 0"));
    assert!(refused("bad.csv", "1,0\n0,x\n").contains("bad.csv:2, field 2: `x` is not a number"));
    assert!(refused("empty.csv", "").contains("there are no numbers in it"));
    let missing = error(
        "[tokens]\ninitial = { law = \"file\", path = \"none.npy\" }\n[attention]\nbeta = 1\n",
    );
    assert!(
        missing.starts_with("e.toml:2:34: tokens.initial.path: cannot read none.npy"),
        "{missing}"
    );
    std::fs::write(folder.path().join("w.csv"), "1\n2\n3\n").unwrap();
    let text = format!(
        "[tokens]\ninitial = {{ law = \"file\", path = \"good.csv\", weights = \"w.csv\" }}\n{ENOUGH}"
    );
    let message = decode::read_text("e.toml", folder.path(), &text)
        .unwrap_err()
        .to_string();
    assert!(message.contains("3 weights for 2 tokens"), "{message}");
    let text = format!(
        "[tokens]\ncount = 5\ninitial = {{ law = \"file\", path = \"good.csv\" }}\n{ENOUGH}"
    );
    assert!(
        decode::read_text("e.toml", folder.path(), &text)
            .unwrap_err()
            .to_string()
            .contains("the file has count 2")
    );
}

#[test]
fn settings_reach_every_key_by_its_full_or_its_last_name() {
    let set = |settings: &[&str]| {
        presets::resolve(
            "clusters-beta-4",
            &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(),
        )
    };
    let spec = set(&[
        "beta=2.5",
        "tokens.count=10",
        "seed=3",
        "normalisation=none",
        "time.end=1",
    ])
    .unwrap();
    assert_eq!(
        (
            spec.attention.beta,
            spec.tokens.count,
            spec.tokens.seed,
            spec.time.end
        ),
        (2.5, 10, 3, 1.0)
    );
    assert_eq!(spec.attention.normalisation.system(), "USA");
    let message = |setting: &str| set(&[setting]).unwrap_err().to_string();
    assert!(
        message("tokens.coutn=3").starts_with("--set tokens.coutn=3: tokens.coutn"),
        "{}",
        message("tokens.coutn=3")
    );
    assert!(message("step=0.1").contains("noise.step, time.step"));
    assert!(message("beta").contains("there is no '='"));
    assert!(
        message("bta=3").contains("did you mean"),
        "{}",
        message("bta=3")
    );
}

#[test]
fn an_unknown_preset_is_met_with_the_one_that_was_meant() {
    assert!(
        presets::load("kuramotto")
            .unwrap_err()
            .to_string()
            .contains("did you mean `kuramoto`?")
    );
    assert!(
        presets::load("nowhere.toml")
            .unwrap_err()
            .to_string()
            .contains("nowhere.toml: cannot be read")
    );
}

#[test]
#[allow(clippy::too_many_lines)] // what each table must have beside a key
fn every_row_of_the_keys_is_read_and_says_its_range_truly() {
    use metastable::experiment::keys::{KEYS, Kind, LAWS, listing};
    for key in KEYS {
        let wrong = match key.kind {
            Kind::Number { .. } | Kind::Whole { .. } | Kind::Flag => "\"no\"".to_owned(),
            Kind::Word { .. } => "\"nothing-of-the-kind\"".to_owned(),
            Kind::Text => "5".to_owned(),
            // a date is none of their forms
            Kind::Other { .. } => "1979-05-27".to_owned(),
        };
        // each table has what it must have beside the key
        let needs = |section: &str, name: &str, line: &str| {
            if key.section == section && key.name != name {
                line.to_owned()
            } else {
                String::new()
            }
        };
        let head = match key.section {
            "change" | "caption" | "attention.head" | "sweep.axis" => {
                &format!("[[{}]]", key.section)
            }
            section => &format!("[{section}]"),
        };
        let head = if key.section.is_empty() { "" } else { head };
        let mut text = format!("{head}\n{} = {wrong}\n", key.name);
        if key.section == "sweep.axis" && key.name != "keys" {
            for line in ["key = \"attention.beta\"", "from = 1.0", "to = 2.0"] {
                if !line.starts_with(&format!("{} ", key.name)) {
                    text += &format!("{line}\n");
                }
            }
        }
        let in_axis = ["key", "from", "to", "points"].contains(&key.name);
        if key.section == "sweep" && in_axis {
            for line in ["key = \"attention.beta\"", "from = 1.0", "to = 2.0"] {
                if !line.starts_with(&format!("{} ", key.name)) {
                    text += &format!("{line}\n");
                }
            }
        }
        // a key of a law beside each law that has it
        if let Some((law, _)) = LAWS.iter().find(|(_, own)| own.contains(&key.name)) {
            text += &needs("tokens.initial", "law", &format!("law = \"{law}\"\n"));
            for (needed, line) in [
                ("zonal", "coefficients = [0.1]\n"),
                ("von-mises-fisher", "concentration = 1.0\n"),
                ("mixture", "means = [0.0]\n"),
                ("mixture", "concentrations = [1.0]\n"),
                ("file", "path = \"nowhere.npy\"\n"),
            ] {
                let name = line.split(' ').next().unwrap();
                // what is read later must not be missed before
                if *law == needed && !["mean", "path"].contains(&key.name) {
                    text += &needs("tokens.initial", name, line);
                }
            }
        }
        let law = (key.section, key.name) == ("tokens.frequencies", "random");
        if law {
            text += "law = \"lorentz\"\nwidth = 0.1\n";
        }
        if (key.section, key.name) == ("tokens.frequencies", "width") {
            text += "law = \"lorentz\"\n";
        }
        text += &needs("tokens.encoding", "kind", "kind = \"sinusoidal\"\n");
        text += &needs(
            "attention.perceptron",
            "activation",
            "activation = \"relu\"\n",
        );
        if matches!(key.name, "mean" | "covariance" | "width") && key.section == "tokens.initial" {
            text = text.replace("von-mises-fisher", "gaussian");
            text += "[attention]\nspace = \"flat\"\nbeta = 1.0\n";
        }
        let caption_at = if key.name == "event" {
            ""
        } else {
            "at = 0.5\n"
        };
        for (section, name, line) in [
            ("change", "at", "at = 0.5\n"),
            ("caption", "at", caption_at),
            ("caption", "text", "text = \"look\"\n"),
            ("time", "end", "end = 1.0\n"),
        ] {
            text += &needs(section, name, line);
        }
        if !matches!(key.name, "beta" | "gamma" | "interaction") && key.section == "attention" {
            text += "beta = 1.0\n";
        } else if key.section != "attention" && !text.contains("[attention]") {
            text += "[attention]\nbeta = 1.0\n";
        }
        if key.section != "time" {
            text += "[time]\nend = 1.0\n";
        }
        if key.section == "field" && key.name == "count" {
            text = text.replace("[field]", "[field]\nsolver = \"tokens\"");
        }
        if key.section == "field" && key.name == "nodes" {
            text += "[tokens]\nfrequencies = { law = \"lorentz\", width = 0.1 }\n";
        }
        if key.name == "section" {
            // read by the list of presets alone
            continue;
        }
        let error = error(&text);
        assert!(
            error.contains(&key.dotted()),
            "{} is not read:\n{text}\n{error}",
            key.dotted()
        );
        assert!(!key.about.is_empty() && listing().contains(key.about));
    }
}

#[test]
fn the_key_that_was_meant_is_found_by_its_name_before_names_like_it() {
    let said = |line: &str| error(&format!("{line}\n[time]\nend = 1\n"));
    assert!(said("[attention]\nbeta = 1\nseed = 3").contains("`seed` belongs to [tokens]"));
    assert!(said("[attention]\nBeta = 1").contains("did you mean `beta`?"));
    assert!(said("[tokens]\nCOUNT = 1").contains("did you mean `count`?"));
    assert!(said("[tokens]\nTolerance = 1").contains("`tolerance` belongs to [time]"));
    assert!(said("[attention]\nbeta = 1\n[tokens]\ncoutn = 1").contains("did you mean `count`?"));
}

#[test]
fn a_key_without_effect_is_noted() {
    let notes = |text: &str| experiment(&format!("{text}\n{ENOUGH}")).notes.join("\n");
    assert!(notes("[noise]\nstep = 1e-3").contains("noise.step has no effect: there is no noise"));
    let general = "[field]\nmax_modes = 99\n[tokens]\ndimension = 5\ninitial = { law = \"orthogonal\" }\ncount = 4";
    assert!(notes(general).contains("field.max_modes has no effect"));
    assert!(notes("[[change]]\nat = 1e9\nbeta = 2.0").contains("never comes"));
    assert_eq!(notes("[tokens]\ncount = 5"), "");
}
