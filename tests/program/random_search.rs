//! Random experiments: what is written is read back as the same, every number of a run is finite or the run ends with an error, and no
//! file, however wrong, ends in a panic.

use std::fmt::Write;
use std::path::Path;

use metastable::experiment::read::read_text;
use metastable::experiment::{Experiment, presets};
use metastable::run::Session;

/// A small generator of its own, so that a failing case is the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() >> 33) as usize % count
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn signed(&mut self, size: f64) -> f64 {
        size * (2.0 * self.unit() - 1.0)
    }

    fn list(&mut self, count: usize, mut number: impl FnMut(&mut Self) -> f64) -> String {
        let numbers: Vec<String> = (0..count).map(|_| format!("{:?}", number(self))).collect();
        format!("[{}]", numbers.join(", "))
    }

    fn rows(&mut self, rows: usize, columns: usize) -> String {
        let rows: Vec<String> = (0..rows)
            .map(|_| self.list(columns, |d| d.signed(1.5)))
            .collect();
        format!("[{}]", rows.join(", "))
    }
}

/// Some law for n tokens in dimension d.
fn law(dice: &mut Dice, n: usize, d: usize) -> String {
    match dice.below(14) {
        0 => "{ law = \"hemisphere\" }".into(),
        1 => format!(
            "{{ law = \"von-mises-fisher\", concentration = {:?} }}",
            20.0 * dice.unit()
        ),
        2 => format!(
            "{{ law = \"von-mises-fisher\", concentration = {:?}, mean = {} }}",
            20.0 * dice.unit(),
            dice.list(d, |dice| dice.signed(3.0))
        ),
        3 => format!(
            "{{ law = \"poisson\", weight = {:?}, axis = {} }}",
            0.6 * dice.unit(),
            dice.list(d, |dice| dice.signed(1.0))
        ),
        4 => {
            let count = 1 + dice.below(4);
            format!(
                "{{ law = \"clusters\", count = {count}, concentration = {:?}, masses = {} }}",
                1.0 + 40.0 * dice.unit(),
                dice.list(count, |dice| 0.1 + dice.unit())
            )
        }
        5 => {
            let count = 1 + dice.below(3);
            format!(
                "{{ law = \"mixture\", means = {}, concentrations = {}, masses = {} }}",
                dice.rows(count, d),
                dice.list(count, |dice| 9.0 * dice.unit()),
                dice.list(count, |dice| 0.1 + dice.unit())
            )
        }
        6 if d == 2 => format!(
            "{{ law = \"harmonics\", cosine = {}, sine = {} }}",
            dice.list(2, |dice| dice.signed(0.2)),
            dice.list(1, |dice| dice.signed(0.2))
        ),
        10 => format!(
            "{{ law = \"gaussian\", mean = {}, covariance = {:?} }}",
            dice.list(d, |dice| dice.signed(1.0)),
            0.1 + dice.unit()
        ),
        11 if n == 3 => format!("{{ law = \"file\", path = \"points_{d}.csv\" }}"),
        7 => format!(
            "{{ law = \"zonal\", coefficients = {}, axis = {} }}",
            dice.list(2, |dice| dice.signed(0.3)),
            dice.list(d, |dice| dice.signed(1.0))
        ),
        8 | 9 => format!("{{ law = \"points\", points = {} }}", dice.rows(n, d)),
        _ => "{ law = \"uniform\" }".into(),
    }
}

/// `[attention]` of any kind in dimension d.
fn attention(dice: &mut Dice, d: usize) -> String {
    let mut text = String::from("[attention]\n");
    if dice.one_in(12) && d == 2 {
        writeln!(
            text,
            "interaction = {}",
            dice.list(2, |dice| dice.signed(1.0))
        )
        .unwrap();
        return text;
    }
    if dice.one_in(10) {
        writeln!(text, "gamma = {:?}", 3.0 * dice.unit()).unwrap();
    } else {
        let beta = match dice.below(6) {
            0 => 0.0,
            1 => dice.signed(8.0),
            2 => 40.0 * dice.unit(),
            3 => 10_f64.powf(dice.signed(3.5)),
            _ => 6.0 * dice.unit(),
        };
        writeln!(text, "beta = {beta:?}").unwrap();
    }
    let weights = dice.pick(&["softmax", "softmax", "none", "sinkhorn", "hardmax"]);
    writeln!(text, "normalisation = \"{weights}\"").unwrap();
    match dice.below(10) {
        0 => writeln!(text, "value = {:?}", dice.signed(2.0)).unwrap(),
        6 => writeln!(text, "query = {{ path = \"square_{d}.csv\" }}\nvalue = {{ path = \"square_{d}.csv\" }}").unwrap(),
        1 | 5 => writeln!(text, "value = -1.0").unwrap(),
        2 => writeln!(text, "query = {}\nvalue = {}", dice.rows(d, d), dice.rows(d, d)).unwrap(),
        3 => writeln!(text, "heads = 2\nquery = {{ random = \"ginibre\" }}").unwrap(),
        4 => writeln!(text, "key = {{ random = \"ginibre\", scale = \"1/sqrt(d)\" }}\nvalue = \"tied\"\nperiod = 0.5").unwrap(),
        _ => {}
    }
    if dice.one_in(5) {
        text += "mask = \"causal\"\n";
    }
    match dice.below(9) {
        0 => text += "layer_norm = \"pre\"\n",
        1 => text += "layer_norm = \"mix\"\nuntil = 0.7\n",
        2 => text += "layer_norm = \"peri\"\n",
        3 => text += "layer_norm = \"ngpt\"\nalpha = 0.6\n",
        4 => text += "layer_norm = \"ln-scaling\"\n",
        _ => {}
    }
    if dice.one_in(8) {
        writeln!(
            text,
            "space = \"{}\"",
            dice.pick(&["flat", "mean-shift", "rescaled"])
        )
        .unwrap();
    }
    if dice.one_in(6) {
        text += "perceptron = { activation = \"relu\" }\n";
    }
    if dice.one_in(8) {
        for _ in 0..1 + dice.below(3) {
            text += "[[attention.head]]\n";
            for key in ["query", "key", "value"] {
                match dice.below(4) {
                    0 => writeln!(text, "{key} = {}", dice.rows(d, d)).unwrap(),
                    1 => writeln!(text, "{key} = {:?}", dice.signed(1.0)).unwrap(),
                    2 => writeln!(text, "{key} = {{ path = \"square_{d}.csv\" }}").unwrap(),
                    _ => {}
                }
            }
        }
    }
    text
}

/// A file beside the experiment, for laws and matrices that are read from one.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/random_search");

/// A small experiment; not every one is allowed.
fn experiment(dice: &mut Dice, layers: bool) -> String {
    if !layers && dice.one_in(12) {
        let (n, beta, end) = (2 + dice.below(3), 3.0 * dice.unit(), 0.1 + dice.unit());
        let closures = dice.pick(&["\"mean-field\"", "\"kirkwood\", \"gaussian\""]);
        return format!(
            "[tokens]\ncount = {n}\ndimension = 2\n[attention]\nbeta = {beta:?}\nnormalisation = \"none\"\n\
             [pairs]\nruns = 12\nclosures = [{closures}]\n[time]\nend = {end:?}\nframes = 3\ntolerance = 1e-6\n"
        );
    }
    let (n, d) = (1 + dice.below(4), 2 + dice.below(2));
    let mut text = format!(
        "[tokens]\ncount = {n}\ndimension = {d}\nseed = {}\ninitial = {}\n",
        dice.below(1000),
        law(dice, n, d)
    );
    match dice.below(8) {
        0 => text += "weights = \"exponential\"\n",
        1 => writeln!(
            text,
            "weights = {}",
            dice.list(n, |dice| 0.05 + dice.unit())
        )
        .unwrap(),
        2 => text += "merge = 1e-9\n",
        3 => text += "encoding = { kind = \"sinusoidal\", scale = 0.5 }\n",
        4 if d == 2 => text += "frequencies = { law = \"lorentz\", width = 0.3 }\n",
        _ => {}
    }
    text += &attention(dice, d);
    if dice.one_in(4) {
        writeln!(text, "[noise]\ndiffusion = {:?}", 0.2 * dice.unit()).unwrap();
    }
    match dice.below(7) {
        0 => text += "[field]\ninitial = { from = \"empirical\", smoothing = 0.2 }\n",
        1 => text += "[field]\nmodes = 16\nmax_modes = 32\n",
        2 => text += "[field]\nsolver = \"tokens\"\ncount = 16\n",
        3 => text += "[field]\ninitial = { law = \"uniform\" }\n",
        4 => text += "[field]\nsolver = \"none\"\n",
        _ => {}
    }
    if layers {
        let step = [1.0, 0.5, 0.1, 10.0][dice.below(4)];
        let residual = if dice.one_in(3) {
            "residual = false\n"
        } else {
            ""
        };
        writeln!(
            text,
            "[time]\nend = {:?}\nframes = 4\nscheme = \"layer\"\nstep = {step:?}\n{residual}",
            3.0 * step
        )
        .unwrap();
    } else {
        writeln!(
            text,
            "[time]\nend = {:?}\nframes = {}\ntolerance = 1e-6",
            0.1 + dice.unit(),
            2 + dice.below(3)
        )
        .unwrap();
        if dice.one_in(5) {
            text += "spacing = \"log\"\nfirst = 0.01\n";
        }
        if dice.one_in(4) {
            writeln!(
                text,
                "[[change]]\nat = 0.05\nbeta = {:?}\ndiffusion = {:?}",
                5.0 * dice.unit(),
                0.1 * dice.unit()
            )
            .unwrap();
        }
        if dice.one_in(6) {
            text += "[[caption]]\nevent = \"hand-over\"\ntext = \"look\"\npage = \"spectrum\"\n[[caption]]\nat = 0.5\ntext = \"\"\n";
        }
        if dice.one_in(10) {
            text += dice.pick(&[
                "[sweep]\nkey = \"attention.value\"\nfrom = 0.5\nto = 2.0\npoints = 3\n",
                "[sweep]\nrealisations = 7\n[[sweep.axis]]\nkey = \"noise.diffusion\"\nvalues = [0, 0.5]\n[[sweep.axis]]\nkey = \"attention.normalisation\"\nvalues = [\"softmax\", \"none\"]\n",
                "[sweep]\nobservables = [\"tokens_mean\"]\nframes = \"last\"\n[[sweep.axis]]\nkeys = [\"attention.beta\", \"time.end\"]\nvalues = [[1.0, 2.0], [2, 1.0]]\n[[sweep.axis]]\nkey = \"tokens.count\"\nfrom = 2\nto = 8\npoints = 4\n",
                "[sweep]\nstatistics = [\"quantiles\"]\nframes = \"average\"\naverage = 0.25\n[sweep.quick]\nrealisations = 1\npoints = 2\n[[sweep.axis]]\nkey = \"observe.cluster_width\"\nfrom = 0.01\nto = 0.5\npoints = 3\nspacing = \"log\"\n",
            ]);
        }
    }
    text
}

/// What the search has to have tried.
const KINDS: [&str; 10] = [
    "[pairs]",
    "[[attention.head]]",
    "square_2.csv",
    "points_3.csv",
    "\"gaussian\"",
    "\"none\"\n[time]",
    "[[change]]",
    "frequencies",
    "[sweep]",
    "[[caption]]",
];

fn read(text: &str) -> Result<Experiment, String> {
    read_text("e.toml", Path::new(FOLDER), text).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_read_back_as_the_same_experiment_and_the_same_text() {
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let (mut read_back, mut tried) = (0, 0);
    let mut kinds = [0; KINDS.len()];
    while read_back < 1200 {
        tried += 1;
        assert!(tried < 12000, "{read_back} of {tried} were allowed");
        let layers = dice.one_in(3);
        let text = experiment(&mut dice, layers);
        let Ok(one) = read(&text) else {
            continue;
        };
        let written = one.to_toml().unwrap();
        let mut two = read(&written).unwrap_or_else(|error| panic!("{error}\n{text}\n{written}"));
        assert_eq!(written, two.to_toml().unwrap(), "{text}");
        // what was substituted the first time is given the second time
        two.notes.clone_from(&one.notes);
        assert_eq!(format!("{one:?}"), format!("{two:?}"), "{text}\n{written}");
        for (count, kind) in kinds.iter_mut().zip(KINDS) {
            *count += usize::from(text.contains(kind));
        }
        read_back += 1;
    }
    let missed: Vec<_> = (KINDS.iter().zip(kinds))
        .filter(|(_, count)| *count == 0)
        .collect();
    assert!(missed.is_empty(), "never allowed: {missed:?}");
}

/// Every token finite and, on the sphere, of length one.
fn sound(session: &Session) -> Result<(), String> {
    let tokens = session.tokens().tokens();
    for (i, row) in tokens.rows().enumerate() {
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        let unit = session.experiment().tokens.flat || (length - 1.0).abs() < 1e-12;
        if row.iter().any(|a| !a.is_finite()) || !unit {
            return Err(format!("t = {}: token {i} is {row:?}", session.time()));
        }
    }
    Ok(())
}

#[test]
fn small_runs_stay_finite_and_of_unit_length_or_end_with_an_error() {
    let mut dice = Dice(0xfeed_f00d_dead_beef);
    let (mut ran, mut refused) = (0, 0);
    for case in 0..700 {
        let layers = case % 3 != 0;
        let text = experiment(&mut dice, layers);
        let Ok(mut experiment) = read(&text) else {
            continue;
        };
        experiment.sweep = None;
        // speeds of e^β are a long run for whatever takes steps; layers take them at once
        let steps = !layers || experiment.has_field() || experiment.field.count.is_some();
        if steps && experiment.attention.speed() * experiment.time.end > 20.0 {
            continue;
        }
        let mut session = Session::without_pictures(experiment);
        while !session.finished() {
            match session.advance(&|| false) {
                Ok(_) => sound(&session).unwrap_or_else(|error| panic!("{error}\n{text}")),
                Err(error) => {
                    assert!(error.to_string().contains("could not be followed past"));
                    refused += 1;
                    break;
                }
            }
        }
        ran += 1;
    }
    assert!(
        ran > 60 && refused > 0,
        "{ran} ran, {refused} ended with an error"
    );
}

#[test]
fn given_directions_of_any_magnitude_are_taken() {
    for exponent in (-308..=307).step_by(5) {
        let text = format!(
            "[tokens]\ninitial = {{ law = \"points\", points = [[3e{exponent}, 4e{exponent}], [1e{exponent}, 0.0]] }}\n\
             [attention]\nbeta = 2.0\n[time]\nend = 0.1\nframes = 2\n"
        );
        let mut session = Session::without_pictures(read(&text).unwrap());
        let positions = session.tokens().tokens().positions.clone();
        for (a, b) in positions.iter().zip([0.6, 0.8, 1.0, 0.0]) {
            assert!((a - b).abs() < 1e-15, "{exponent}: {positions:?}");
        }
        assert!(session.advance(&|| false).unwrap());
        sound(&session).unwrap();
    }
}

#[test]
fn a_layer_that_leaves_a_token_nowhere_says_which_and_when() {
    let text = "[tokens]\ncount = 1\n[attention]\nbeta = 2.0\nvalue = -1.0\n\
                [time]\nend = 3.0\nframes = 4\nscheme = \"layer\"\nstep = 1.0\n";
    let mut session = Session::without_pictures(read(text).unwrap());
    let error = session.advance(&|| false).unwrap_err().to_string();
    assert!(
        error.contains("past t = 0") && error.contains("layer 1 (t = 1) leaves token 0 nowhere"),
        "{error}"
    );
}

#[test]
fn no_file_however_wrong_ends_in_a_panic() {
    let mut dice = Dice(0x0dd_ba11);
    let sources: Vec<String> = presets::list()
        .into_iter()
        .map(|preset| preset.source)
        .collect();
    let values = [
        "0",
        "-1",
        "1e308",
        "-1e-320",
        "nan",
        "inf",
        "9223372036854775807",
        "1000000000000",
        "[]",
        "[[]]",
        "[[1.0], []]",
        "{}",
        "\"\"",
        "true",
        "[1.0, -1.0]",
        "\"none\"",
        "{ law = \"gaussian\", covariance = [] }",
        "{ path = \"/nowhere.npy\" }",
        "{ random = \"ginibre\" }",
        "{ law = \"points\", points = [] }",
        "2",
        "1979-05-27",
    ];
    let mut accepted = 0;
    for _ in 0..3000 {
        let source = &sources[dice.below(sources.len())];
        let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
        for _ in 0..=dice.below(3) {
            let at = dice.below(lines.len());
            match dice.below(4) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(
                    at,
                    sources[dice.below(sources.len())]
                        .lines()
                        .nth(dice.below(12))
                        .unwrap_or("")
                        .to_owned(),
                ),
                _ => {
                    if let Some((key, _)) = lines[at].clone().split_once(" = ") {
                        lines[at] = format!("{key} = {}", values[dice.below(values.len())]);
                    }
                }
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
        }
        accepted += usize::from(read(&lines.join("\n")).is_ok());
    }
    assert!(accepted > 100, "{accepted} were allowed");
}
