//! An ensemble of independent runs of (USA) on the circle from uniform starts, and what it says of pairs of tokens: ψ(t,x), to be
//! held against the closed equations of [`crate::dynamics::bbgky`].

use crate::experiment::PairsSpec;
use crate::snapshot::view::{BINS, PairsView};
use rayon::prelude::*;

use crate::dynamics::bbgky::{Closure, PairDensity};
use crate::dynamics::{Attention, Normalisation, TokenDynamics};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Ahead, Due, Explicit, StepError};
use crate::measure::{Law, Particles};
use crate::observe::PairsSide;
use crate::sphere::geometry::{retract, wrap};
use crate::sphere::random::ensemble_seed;

/// The runs and the closed equations beside them.
#[derive(Debug, Clone)]
pub(crate) struct Ensemble {
    runs: Vec<Run>,
    /// The right-hand side, which all runs have in common, once for every thread.
    dynamics: Vec<TokenDynamics>,
    /// One for each closure.
    pub closed: Vec<PairDensity>,
    /// When a change of parameters ended it, and the last view before.
    ended: Option<(f64, Box<PairsView>)>,
}

#[derive(Debug, Clone)]
struct Run {
    tokens: Particles,
    stepper: Explicit,
    ahead: Ahead,
}

impl Ensemble {
    /// R runs of n tokens, whose steps end at the time `end`.
    #[must_use]
    pub(crate) fn new(
        spec: &PairsSpec,
        beta: f64,
        (count, seed): (usize, u64),
        (end, tolerance): (f64, f64),
    ) -> Self {
        let attention = Attention::new(beta, Normalisation::None);
        let runs: Vec<Run> = (1..=spec.runs as u64)
            .map(|r| {
                let tokens = Law::Uniform.sample(count, 2, ensemble_seed(seed, r));
                let first = 1e-3 / attention.speed();
                let tableau = Tableau::for_tolerance(tolerance);
                Run {
                    stepper: Explicit::new(tableau, 2 * count, tolerance, first),
                    ahead: Ahead::new(0.0, end),
                    tokens,
                }
            })
            .collect();
        let closed = (spec.closures.iter())
            .map(|closure| {
                let mut pairs = PairDensity::new(beta, count, *closure, tolerance);
                pairs.stop_at(end);
                pairs
            })
            .collect();
        let dynamics = (runs.iter().take(rayon::current_num_threads()))
            .map(|run| TokenDynamics::new(attention, &run.tokens))
            .collect();
        Self {
            runs,
            dynamics,
            closed,
            ended: None,
        }
    }

    /// A change of parameters at the time `now`: the hierarchy is that of the start.
    pub(crate) fn end(&mut self, now: f64) {
        if self.ended.is_none() {
            let last = PairsView {
                ended: Some(now),
                ..self.view()
            };
            self.ended = Some((now, Box::new(last)));
        }
    }

    /// Moves everything on to the time `to`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError`] of a run or of a closed equation.
    pub(crate) fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        if self.ended.is_some() {
            return Ok(true);
        }
        for closed in &mut self.closed {
            if !closed.advance(to, cancelled)? {
                return Ok(false);
            }
        }
        if cancelled() {
            return Ok(false);
        }
        let share = self.runs.len().div_ceil(self.dynamics.len().max(1)).max(1);
        (self.runs.par_chunks_mut(share).zip(&mut self.dynamics)).try_for_each(
            |(runs, dynamics)| {
                runs.iter_mut().try_for_each(|run| {
                    if cancelled() {
                        return Ok(());
                    }
                    run.advance(to, dynamics)
                })
            },
        )?;
        Ok(!cancelled())
    }

    /// E cos k(θ_i − θ_j) over i ≠ j for k = 1 … `degrees`: mean over the runs, and its standard error.
    #[must_use]
    pub(crate) fn moments(&self, degrees: usize) -> Vec<[f64; 2]> {
        let each: Vec<Vec<f64>> = (self.runs.par_iter())
            .map(|run| {
                let n = run.tokens.count() as f64;
                let orders = run.tokens.moments(degrees).order_parameters(degrees);
                (orders.iter())
                    .map(|m| (n * n * m * m - n) / (n * (n - 1.0)))
                    .collect()
            })
            .collect();
        (0..degrees)
            .map(|k| mean_and_error(each.iter().map(|list| list[k])))
            .collect()
    }

    /// ψ over |x| in `bins` equal bins of [0, π].
    #[must_use]
    pub(crate) fn histogram(&self, bins: usize) -> Vec<[f64; 2]> {
        let each: Vec<Vec<f64>> = (self.runs.par_iter())
            .map(|run| {
                let angles = run.tokens.angles();
                let pairs = (angles.len() * (angles.len() - 1) / 2) as f64;
                let mut counts = vec![0.0; bins];
                for (i, a) in angles.iter().enumerate() {
                    for b in &angles[..i] {
                        let turn = wrap(a - b);
                        let x = turn.min(std::f64::consts::TAU - turn) / std::f64::consts::PI;
                        counts[((x * bins as f64) as usize).min(bins - 1)] += bins as f64 / pairs;
                    }
                }
                counts
            })
            .collect();
        (0..bins)
            .map(|bin| mean_and_error(each.iter().map(|list| list[bin])))
            .collect()
    }

    /// The picture of the present frame.
    #[must_use]
    pub(crate) fn view(&self) -> PairsView {
        if let Some((_, last)) = &self.ended {
            return (**last).clone();
        }
        let closed = (self.closed.iter()).map(|pairs| {
            let values = pairs.values(2 * BINS);
            (
                pairs.closure(),
                values[..=BINS].to_vec(),
                pairs.under_resolved,
            )
        });
        PairsView {
            ended: None,
            runs: self.runs.len(),
            count: self.runs.first().map_or(0, |run| run.tokens.count()),
            histogram: self.histogram(BINS),
            closed: closed.collect(),
            moments: self.moments(8),
        }
    }

    /// What is measured now; none after a change of parameters.
    #[must_use]
    pub(crate) fn side(&self) -> Option<PairsSide> {
        if self.ended.is_some() {
            return None;
        }
        let [mean, error] = self.moments(1)[0];
        Some(PairsSide {
            mean,
            error,
            closures: Closure::ALL.map(|closure| self.closed_moment(closure)),
        })
    }

    /// c_1 by a closure while it is resolved, NaN otherwise.
    #[must_use]
    pub(crate) fn closed_moment(&self, closure: Closure) -> f64 {
        (self.closed.iter())
            .find(|pairs| pairs.closure() == closure && pairs.under_resolved.is_none())
            .map_or(f64::NAN, |pairs| pairs.moment(1))
    }
}

impl Run {
    fn advance(&mut self, to: f64, dynamics: &mut TokenDynamics) -> Result<(), StepError> {
        let positions = &mut self.tokens.positions;
        let mut drift = |x: &[f64], out: &mut [f64]| dynamics.drift(x, out);
        loop {
            match self.ahead.due(to) {
                Due::Here => return Ok(()),
                Due::Read(theta) => {
                    (self.stepper).read(theta, self.ahead.front(), &mut drift, positions);
                    retract(positions, 2);
                    return Ok(());
                }
                Due::Land => {
                    self.ahead.land(positions);
                }
                Due::Step(limit) => {
                    let unit = |x: &mut [f64]| retract(x, 2);
                    let taken = self.stepper.step(positions, limit, &mut drift, unit)?;
                    self.ahead.stepped(taken, positions);
                }
            }
        }
    }
}

fn mean_and_error(values: impl ExactSizeIterator<Item = f64> + Clone) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let square: f64 = values.map(|v| (v - mean) * (v - mean)).sum();
    [mean, (square / (n * (n - 1.0).max(1.0))).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ensemble(runs: usize, beta: f64, count: usize) -> Ensemble {
        let spec = PairsSpec {
            runs,
            closures: Closure::ALL.to_vec(),
        };
        Ensemble::new(&spec, beta, (count, 3), (f64::INFINITY, 1e-8))
    }

    #[test]
    fn two_tokens_are_what_the_equation_says_for_every_closure() {
        let mut two = ensemble(4000, 1.2, 2);
        assert!(two.advance(0.4, &|| false).unwrap());
        for (k, [mean, error]) in two.moments(3).iter().enumerate() {
            for closed in &two.closed {
                assert!((closed.moment(k + 1) - mean).abs() < 4.0 * error, "k {k}");
            }
        }
        for ([mean, error], pair) in
            (two.histogram(10).iter()).zip(two.closed[0].values(200).chunks(10))
        {
            let exact = pair.iter().sum::<f64>() / 10.0;
            assert!((exact - mean).abs() < 5.0 * error + 0.02, "{mean} {exact}");
        }
    }

    #[test]
    fn third_tokens_matter_and_both_closures_with_them_are_nearer_to_the_ensemble() {
        let mut many = ensemble(400, 1.5, 64);
        assert!(many.advance(1.2, &|| false).unwrap());
        let [mean, error] = many.moments(1)[0];
        let off = |closure| (many.closed_moment(closure) - mean).abs();
        let alone = off(Closure::MeanField);
        assert!(alone > 6.0 * error, "{alone} {error}");
        assert!(off(Closure::Kirkwood) < 0.5 * alone);
        assert!(off(Closure::Gaussian) < 0.5 * alone);
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let with = |threads| {
            crate::machine::testing::on_threads(threads, || {
                let mut some = ensemble(9, 2.0, 12);
                some.advance(0.5, &|| false).unwrap();
                (some.moments(4), some.histogram(7))
            })
        };
        assert_eq!(with(1), with(2));
    }
}
