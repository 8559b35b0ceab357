//! How many tokens on the circle move: by their angles, and where there are so many that a few nodes carry them, by those.

use super::cause::Cause;
use super::tokens::{Stepper, TokenRun};
use crate::dynamics::FlowMapInterpolant;
use crate::integrate::splitting::equal_steps;
use crate::integrate::tableau::Tableau;
use crate::integrate::{Due, Explicit, Splitting, StepError};

/// What the nodes may leave out of a token's way in a step, in tolerances.
const NEGLECTED: f64 = 0.01;

impl TokenRun {
    /// Nodes for the tokens of a circle; None where tokens do not share a field, or are too few.
    pub(super) fn carriers(&self) -> Option<FlowMapInterpolant> {
        let (attention, weights) = (self.dynamics.attention(), &self.bodies.particles.weights);
        (self.dynamics.frequencies().is_empty())
            .then(|| FlowMapInterpolant::new(attention, weights))
            .flatten()
    }

    pub(super) fn advance_angles(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let Stepper::Angular { explicit, angles } = &mut self.stepper else {
            return Err(Cause::Misfit);
        };
        let (particles, dynamics) = (&mut self.bodies.particles, &mut self.dynamics);
        let mut rates = |angles: &[f64], out: &mut [f64]| dynamics.rates(angles, out);
        loop {
            match self.ahead.due(to) {
                Due::Here => return Ok(true),
                Due::Read(theta) => {
                    explicit.read(theta, self.ahead.front(), &mut rates, angles);
                    particles.place_at(angles);
                    return Ok(true);
                }
                Due::Land => {
                    self.ahead.land(angles);
                    particles.place_at(angles);
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => {
                    let taken = explicit.step(angles, limit, &mut rates, |_| ())?;
                    self.ahead.stepped(taken, angles);
                }
            }
        }
    }

    /// Steps of the nodes, and the tokens after them; where the nodes are too coarse there are twice as many or, at last, the tokens
    /// take their own stages.
    pub(super) fn advance_carried(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        loop {
            let Stepper::Carried {
                explicit,
                carriers,
                nodes,
                angles,
                before,
            } = &mut self.stepper
            else {
                return self.advance_angles(to, cancelled);
            };
            let particles = &mut self.bodies.particles;
            match self.ahead.due(to) {
                Due::Here => return Ok(true),
                Due::Read(theta) => {
                    // the first of a step follows it at once: the weights of the nodes are those of its start
                    let end = nodes.clone();
                    let mut rates = |nodes: &[f64], out: &mut [f64]| carriers.rates(nodes, out);
                    explicit.read(theta, &end, &mut rates, nodes);
                    carriers.truncation_error(nodes);
                    angles.copy_from_slice(before);
                    carriers.advect(angles);
                    nodes.copy_from_slice(&end);
                    particles.place_at(angles);
                    return Ok(true);
                }
                Due::Land => {
                    self.ahead.land(angles);
                    carriers.moved();
                    particles.place_at(angles);
                }
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => {
                    carriers.project(angles, &particles.weights);
                    nodes.copy_from_slice(carriers.nodes());
                    explicit.forget();
                    let mut rates = |nodes: &[f64], out: &mut [f64]| carriers.rates(nodes, out);
                    let taken = explicit.step(nodes, limit, &mut rates, |_| ())?;
                    let resolved = carriers.truncation_error(nodes) <= NEGLECTED * self.tolerance;
                    if resolved && carriers.has_digits() {
                        before.copy_from_slice(angles);
                        carriers.advect(angles);
                        self.ahead.stepped(taken, angles);
                    } else {
                        self.refine_carriers(resolved);
                    }
                }
            }
        }
    }

    /// Twice the nodes where they do not resolve the flow, else or at last the tokens by themselves.
    fn refine_carriers(&mut self, resolved: bool) {
        let Stepper::Carried {
            explicit,
            carriers,
            angles,
            ..
        } = &mut self.stepper
        else {
            return;
        };
        let weights = &self.bodies.particles.weights;
        let finer = (!resolved).then(|| carriers.refined(weights)).flatten();
        let tableau = Tableau::for_tolerance(self.tolerance);
        let length = (finer.as_ref()).map_or(angles.len(), |finer| finer.nodes().len());
        let proposal = explicit.controller.step;
        let mut next = Box::new(Explicit::new(tableau, length, self.tolerance, proposal));
        next.work = explicit.work;
        let angles = std::mem::take(angles);
        self.stepper = match finer {
            Some(finer) => Stepper::Carried {
                explicit: next,
                nodes: finer.nodes().to_vec(),
                carriers: Box::new(finer),
                before: angles.clone(),
                angles,
            },
            None => Stepper::Angular {
                explicit: next,
                angles,
            },
        };
    }

    /// Strang's steps of the angles, the two half kicks between two drifts as one: what has independent parts has one law.
    pub(super) fn advance_angles_with_noise(
        &mut self,
        duration: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, Cause> {
        let Stepper::NoisyAngular { step, .. } = self.stepper else {
            return Err(Cause::Misfit);
        };
        let (steps, h) = equal_steps(duration, step);
        for step in 0..steps {
            if cancelled() {
                return Ok(false);
            }
            self.turn_by_noise(if step == 0 { 0.5 * h } else { h });
            self.drift_of_angles(h);
        }
        self.turn_by_noise(0.5 * h);
        if let Stepper::NoisyAngular { angles, .. } = &mut self.stepper {
            self.bodies.particles.place_at(angles);
        }
        if self
            .bodies
            .particles
            .positions
            .iter()
            .all(|x| x.is_finite())
        {
            Ok(true)
        } else {
            Err(StepError::NotFinite.into())
        }
    }

    fn turn_by_noise(&mut self, time: f64) {
        if let Stepper::NoisyAngular {
            angles, carriers, ..
        } = &mut self.stepper
        {
            self.noise.around(2.0 * self.diffusion * time, angles);
            carriers.iter_mut().for_each(|carriers| carriers.moved());
        }
    }

    /// The drift of a time h: by nodes as long as they resolve it, then by the tokens' own stages.
    fn drift_of_angles(&mut self, h: f64) {
        let Stepper::NoisyAngular {
            splitting,
            carriers,
            nodes,
            angles,
            ..
        } = &mut self.stepper
        else {
            return;
        };
        splitting.work.steps += 1;
        let weights = &self.bodies.particles.weights;
        while let Some(by) = carriers {
            by.project(angles, weights);
            nodes.clear();
            nodes.extend_from_slice(by.nodes());
            splitting.drift(nodes, h, |nodes, out| by.rates(nodes, out));
            let resolved = by.truncation_error(nodes) <= NEGLECTED * self.tolerance;
            if resolved && by.has_digits() {
                return by.advect(angles);
            }
            let finer = (!resolved).then(|| by.refined(weights)).flatten();
            let length = (finer.as_ref()).map_or(angles.len(), |finer| finer.nodes().len());
            let work = splitting.work;
            **splitting = Splitting::new(length);
            splitting.work = work;
            *carriers = finer.map(Box::new);
        }
        splitting.drift(angles, h, |angles, out| self.dynamics.rates(angles, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::read::read_text;
    use crate::machine::testing::on_threads;

    const NEVER: &(dyn Fn() -> bool + Sync) = &|| false;

    fn noisy(count: usize, attention: &str) -> TokenRun {
        let text = format!(
            "[tokens]\ncount = {count}\ninitial = {{ law = \"von-mises-fisher\", concentration = 1.0, mean = [0.0, 1.0] }}\n\
             [attention]\n{attention}\n[noise]\ndiffusion = 0.05\n[field]\nsolver = \"none\"\n[time]\nend = 1.0\n"
        );
        TokenRun::new(&read_text("noisy", std::path::Path::new("."), &text).unwrap())
    }

    fn positions(mut run: TokenRun) -> Vec<f64> {
        assert!(run.advance(0.1, NEVER).unwrap());
        assert!(run.advance(0.2, NEVER).unwrap());
        run.tokens().positions.clone()
    }

    #[test]
    fn with_noise_nodes_take_tokens_where_their_own_stages_take_them() {
        for attention in ["beta = 4.0", "beta = 4.0\nnormalisation = \"none\""] {
            let by_nodes = noisy(40_000, attention);
            let mut by_themselves = by_nodes.clone();
            let Stepper::NoisyAngular {
                splitting,
                carriers,
                ..
            } = &mut by_themselves.stepper
            else {
                panic!("many tokens of the circle move by their angles");
            };
            assert!(carriers.take().is_some(), "enough of them for nodes");
            **splitting = Splitting::new(40_000);
            for (a, b) in positions(by_nodes).iter().zip(positions(by_themselves)) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
        }
    }

    #[test]
    fn noise_has_the_same_bits_on_any_number_of_threads() {
        let on = |threads| on_threads(threads, || positions(noisy(20_000, "beta = 2.0")));
        assert!(on(1) == on(2));
    }

    #[test]
    fn nodes_that_do_not_resolve_the_drift_are_doubled_or_give_way() {
        let mut run = noisy(9000, "beta = 200.0");
        let cells = |run: &TokenRun| match &run.stepper {
            Stepper::NoisyAngular { carriers, .. } => carriers.as_ref().map(|c| c.nodes().len()),
            _ => panic!("many tokens of the circle move by their angles"),
        };
        let before = cells(&run);
        run.tolerance = 1e-300;
        run.advance(0.02, NEVER).unwrap();
        assert_eq!(cells(&run), None, "{before:?}");
        assert!(run.work().evaluations > 0 && run.tokens().positions.iter().all(|x| x.is_finite()));
    }
}
