//! The dispatch rule on this machine: every way that a drift may go is timed, and where the rule's choice costs more than a fifth above the
//! best one it is said.

use metastable::dynamics::dispatch::Path;
use metastable::dynamics::{Attention, Normalisation, TokenDynamics};
use metastable::measure::Law;

use super::plan::{Plan, clock};

/// What a choice may cost above the best.
const ALLOWED: f64 = 1.2;

/// All pairs against the series, about the sizes at which the rule changes its mind.
pub(crate) fn rule(plan: &Plan) {
    if !plan.wants("rule") {
        return;
    }
    let mut wrong = Vec::new();
    for (dimension, counts) in [
        (2, [48, 64, 96, 128, 256, 1024]),
        (3, [128, 256, 384, 512, 1024, 2048]),
    ] {
        for beta in [1.0, 9.0, 40.0] {
            for count in counts {
                let tokens = Law::Uniform.sample(count, dimension, 1);
                let attention = Attention::new(beta, Normalisation::Softmax);
                let mut dynamics = TokenDynamics::new(attention, &tokens);
                let chosen = dynamics.preferred();
                let mut out = vec![0.0; tokens.positions.len()];
                let mut least =
                    |path: Path| clock(|| dynamics.drift_by(path, &tokens.positions, &mut out)).1;
                let (direct, series) = (least(Path::Direct), least(Path::Spectral));
                let taken = if chosen == Path::Spectral {
                    series
                } else {
                    direct
                };
                let loss = taken / direct.min(series);
                plan.print(&format!(
                    "{{\"bench\":\"rule\",\"impl\":\"metastable_rule\",\"d\":{dimension},\"beta\":{beta},\"n\":{count},\
                     \"direct_s\":{direct:e},\"series_s\":{series:e},\"chosen\":\"{chosen:?}\",\"loss\":{loss:.3}}}"
                ));
                if loss > ALLOWED {
                    wrong.push(format!(
                        "d {dimension} β {beta} n {count}: {chosen:?}, {loss:.2} times the best"
                    ));
                }
            }
        }
    }
    if wrong.is_empty() {
        println!("# the rule chose within {ALLOWED} of the best everywhere");
    }
    for line in wrong {
        println!("# the rule chose wrong: {line}");
    }
}
