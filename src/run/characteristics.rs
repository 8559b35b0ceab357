//! The density by the method of characteristics: markers in motion, split where neighbours part and merged where they
//! have met, so that peaks of any sharpness and exponentially long times are the same to it.
//!
//! After every step each panel of labels is looked at: where X is no longer resolved on it, the step is taken back, the
//! panel split from the state in which it still was resolved, and the step taken again, as the modes of the spectral solver double.
//! Markers within `MERGE` of each other that approach are one body from then on, and the step grows with what is left to move.

use crate::dynamics::{Attention, CharacteristicFlow, merging};
use crate::integrate::ahead::Clock;
use crate::integrate::tableau::Tableau;
use crate::integrate::{Ahead, Due, Explicit, StepError, Work};
use crate::measure::Markers;
use crate::sphere::Domain;
use crate::sphere::geometry::retract;

/// The chord at which markers become one: far below what an observable shows, and below the tolerance of the panels.
const MERGE: f64 = 1e-12;
/// Bodies within so many tolerances of each other are about to meet, and steps are then at most so long, in units of the fastest time scale.
const APPROACHING: f64 = 10.0;
const DAMPED: f64 = 3.0;
/// What a panel may lose, in tolerances of the run, and not below rounding.
const PANEL: f64 = 1e-2;
const PANEL_ROUNDING: f64 = 1e-13;
/// Markers of so little mass together, in tolerances, are passed over in the empty part of the sphere.
const NOBODY: f64 = 0.1;
/// Panels are split ahead of time at this share of that, lest every step be taken twice.
const AHEAD: f64 = 0.1;
/// |ln ρ| beyond this, a direction of the sphere, is that of a peak narrower than the positions' last digit, or of nothing.
const SHARPEST: f64 = 60.0;
/// Most markers: beyond, panels are no longer split and the loss says what that costs.
const MOST_MARKERS: usize = 1 << 16;

/// Markers in motion.
#[derive(Debug, Clone)]
pub struct MarkerRun {
    /// The markers now.
    pub markers: Markers,
    flow: CharacteristicFlow,
    attention: Attention,
    stepper: Box<Explicit>,
    tolerance: f64,
    /// Rows of the bodies, then ln ρ of each.
    state: Vec<f64>,
    /// Where the stepper is, and what is shown of it.
    ahead: Ahead,
    /// X of every marker at the front.
    places: Vec<f64>,
    /// Bodies whose ln ρ stays as it is for a step.
    frozen: Vec<bool>,
    earlier: Work,
    unresolved_mass: f64,
}

impl MarkerRun {
    /// From markers at the time `now`, with steps that end at `stop`; `proposal` is the step to try first.
    #[must_use]
    pub fn new(
        markers: Markers,
        attention: Attention,
        (tolerance, proposal): (f64, f64),
        (now, stop): (f64, f64),
    ) -> Self {
        let mut run = Self {
            flow: flow(&markers, attention, tolerance),
            attention,
            stepper: stepper(0, tolerance, proposal),
            tolerance,
            state: Vec::new(),
            ahead: Ahead::new(now, stop),
            places: Vec::new(),
            frozen: Vec::new(),
            earlier: Work::default(),
            unresolved_mass: 0.0,
            markers,
        };
        run.rebuild();
        run
    }

    /// Other parameters from the time `now` on, that of what is shown.
    pub(crate) fn set(&mut self, now: f64, attention: Attention) {
        self.attention = attention;
        self.ahead.restart(now);
        self.rebuild();
    }

    /// Steps and right-hand sides so far.
    #[must_use]
    pub(crate) fn work(&self) -> Work {
        self.earlier + self.stepper.work
    }

    /// An estimate of what the quadrature loses, and of the mass whose velocity is not known.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.markers.tail().max(self.unresolved_mass)
    }

    /// dE/dt at this moment.
    pub(crate) fn dissipation(&mut self) -> f64 {
        let rows = &self.markers.bodies.particles.positions;
        let (mut velocity, mut divergence) = (
            vec![0.0; rows.len()],
            vec![0.0; self.markers.log_density.len()],
        );
        self.flow.evaluate(rows, &mut velocity, &mut divergence);
        self.unresolved_mass = self.flow.unresolved_mass;
        self.flow.dissipation(&velocity)
    }

    /// Its clock.
    pub(super) fn clock(&self) -> Clock {
        self.ahead.clock()
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError`] of the stepper.
    pub fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, StepError> {
        loop {
            match self.ahead.due(to) {
                Due::Here => return Ok(true),
                Due::Read(theta) => {
                    self.read(theta);
                    return Ok(true);
                }
                Due::Land => self.land(),
                Due::Step(_) if cancelled() => return Ok(false),
                Due::Step(limit) => self.step(limit)?,
            }
        }
    }

    /// The markers within the last step.
    fn read(&mut self, theta: f64) {
        let width = self.markers.bodies.particles.dimension();
        let rows = self.markers.bodies.particles.positions.len();
        let (flow, frozen) = (&mut self.flow, &self.frozen);
        let rate = |u: &[f64], du: &mut [f64]| rates(flow, frozen, u, du);
        let (front, state) = (self.ahead.front(), &mut self.state);
        self.stepper.read(theta, front, rate, state);
        retract(&mut state[..rows], width);
        // whichever frames are read, the angles go on from those of the front
        self.markers.set_places(&self.places);
        self.note_state();
    }

    /// The end of the last step: what met there becomes one, and panels that will soon not do are split.
    fn land(&mut self) {
        self.ahead.land(&mut self.state);
        self.markers.set_places(&self.places);
        self.note_state();
        let merged = self.merge_what_met();
        let soon = self.unresolved(AHEAD);
        if !soon.is_empty() {
            self.markers.split(&soon);
        }
        if merged || !soon.is_empty() {
            self.rebuild();
        }
    }

    /// The panels that lose more than this share of what they may, while there is room for more.
    fn unresolved(&self, share: f64) -> Vec<usize> {
        let threshold = (PANEL * self.tolerance).max(PANEL_ROUNDING);
        if self.markers.count() < MOST_MARKERS {
            self.markers.unresolved(share * threshold)
        } else {
            Vec::new()
        }
    }

    /// One step of at most `limit`, or none when panels had to be split for it.
    fn step(&mut self, limit: f64) -> Result<(), StepError> {
        let rows = self.markers.bodies.particles.positions.len();
        let width = self.markers.bodies.particles.dimension();
        // a point mass stays one; a logarithm that runs away would bound the step by its rounding
        let bound = SHARPEST * (self.markers.domain.dimension() - 1) as f64;
        self.frozen.clear();
        self.frozen
            .extend(self.state[rows..].iter().map(|log| log.abs() >= bound));
        self.places.clear();
        self.places.extend_from_slice(self.markers.places());
        // at the edge of stability a step keeps what is near at the tolerance, and nothing would ever meet
        let approaching = MERGE.max(APPROACHING * self.tolerance);
        if !self.markers.bodies.near_pairs(approaching).is_empty() {
            let damped = DAMPED / self.attention.speed();
            self.stepper.controller.limit(damped);
        }
        let (flow, frozen) = (&mut self.flow, &self.frozen);
        let rate = |u: &[f64], du: &mut [f64]| rates(flow, frozen, u, du);
        let retraction = |u: &mut [f64]| retract(&mut u[..rows], width);
        let taken = self
            .stepper
            .step(&mut self.state, limit, rate, retraction)?;
        self.note_state();
        let lost = self.unresolved(1.0);
        if lost.is_empty() {
            self.places.clear();
            self.places.extend_from_slice(self.markers.places());
            self.ahead.stepped(taken, &self.state);
            return Ok(());
        }
        self.state.copy_from_slice(self.stepper.start());
        self.note_state();
        self.markers.set_places(&self.places);
        self.markers.split(&lost);
        self.stepper.controller.step = taken;
        self.rebuild();
        Ok(())
    }

    /// The markers take their places from the state.
    fn note_state(&mut self) {
        let rows = self.markers.bodies.particles.positions.len();
        let (positions, logs) = self.state.split_at(rows);
        self.markers
            .bodies
            .particles
            .positions
            .copy_from_slice(positions);
        self.markers.log_density.copy_from_slice(logs);
        self.markers.follow();
    }

    fn merge_what_met(&mut self) -> bool {
        let near = self.markers.bodies.near_pairs(MERGE);
        let zonal = matches!(self.markers.domain, Domain::Zonal(_));
        let polar = zonal
            && (self.markers.bodies.particles.rows()).any(|x| x[0] != 0.0 && x[0].abs() < MERGE);
        if near.is_empty() && !polar {
            return false;
        }
        let rows = &self.markers.bodies.particles.positions;
        let (mut velocity, mut divergence) = (
            vec![0.0; rows.len()],
            vec![0.0; self.markers.log_density.len()],
        );
        self.flow.evaluate(rows, &mut velocity, &mut divergence);
        let pairs = merging::contracting_pairs(&self.markers.bodies, &near, &velocity);
        let settled = polar && self.markers.settle_on_poles(MERGE, &velocity);
        if pairs.is_empty() {
            return settled;
        }
        self.markers.join(&pairs);
        true
    }

    /// New scratch for the bodies as they are; the step proposal is kept.
    fn rebuild(&mut self) {
        let (bodies, logs) = (&self.markers.bodies.particles, &self.markers.log_density);
        self.state = [bodies.positions.as_slice(), logs].concat();
        self.flow = flow(&self.markers, self.attention, self.tolerance);
        self.earlier = self.work();
        let proposal = self.stepper.controller.step;
        self.stepper = stepper(self.state.len(), self.tolerance, proposal);
    }
}

/// X' and (ln ρ)' = −div v of the bodies, 0 where the logarithm is frozen.
fn rates(flow: &mut CharacteristicFlow, frozen: &[bool], u: &[f64], du: &mut [f64]) {
    let rows = u.len() - frozen.len();
    let (velocity, logs) = du.split_at_mut(rows);
    flow.evaluate(&u[..rows], velocity, logs);
    for (rate, frozen) in logs.iter_mut().zip(frozen) {
        *rate = if *frozen { 0.0 } else { -*rate };
    }
}

fn flow(markers: &Markers, attention: Attention, tolerance: f64) -> CharacteristicFlow {
    let domain: Domain = markers.domain;
    CharacteristicFlow::new(domain, attention, &markers.bodies.particles.weights)
        .neglecting(NOBODY * tolerance)
}

fn stepper(length: usize, tolerance: f64, proposal: f64) -> Box<Explicit> {
    let tableau = Tableau::for_tolerance(tolerance);
    Box::new(Explicit::new(tableau, length, tolerance, proposal))
}
