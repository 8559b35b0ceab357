//! How many tokens on the circle move: by their angles, and where there are so many that a few nodes carry them, by those.

use super::cause::Cause;
use super::tokens::{Stepper, TokenRun};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Due, Explicit};

/// What the nodes may leave out of a token's way in a step, in tolerances.
const NEGLECTED: f64 = 0.01;

impl TokenRun {
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
}
