//! The density by the method of characteristics: markers in motion, split where neighbours part and merged where they
//! have met, so that peaks of any sharpness and exponentially long times are the same to it.
//!
//! After every step each panel of labels is looked at: where X is no longer resolved on it, the step is taken back, the
//! panel split from the state in which it still was resolved, and the step taken again, as the modes of the spectral solver double.
//! Markers within `MERGE` of each other that approach are one body from then on, and the step grows with what is left to move.

use crate::dynamics::{Attention, CharacteristicFlow, merging};
use crate::integrate::tableau::Tableau;
use crate::integrate::{Explicit, StepError, Work, evolve};
use crate::measure::{Density, Markers};
use crate::sphere::Domain;
use crate::sphere::geometry::retract;

/// The chord at which markers become one: far below what an observable shows, and below the tolerance of the panels.
const MERGE: f64 = 1e-12;
/// What a panel may lose, in tolerances of the run, and not below rounding.
const PANEL: f64 = 1e-2;
const PANEL_ROUNDING: f64 = 1e-13;
/// Panels are split ahead of time at this share of that, lest every step be taken twice.
const AHEAD: f64 = 0.1;
/// |ln ρ| beyond this, a direction of the sphere, is that of a peak narrower than the positions' last digit, or of nothing.
const SHARPEST: f64 = 60.0;
/// Most markers: beyond, panels are no longer split and the loss says what that costs.
const MOST_MARKERS: usize = 1 << 16;

/// Markers in motion.
#[derive(Debug)]
pub struct MarkerRun {
    /// The markers now.
    pub markers: Markers,
    flow: CharacteristicFlow,
    attention: Attention,
    stepper: Box<Explicit>,
    tolerance: f64,
    /// Rows of the bodies, then ln ρ of each.
    state: Vec<f64>,
    before: Vec<f64>,
    places: Vec<f64>,
    earlier: Work,
    unresolved_mass: f64,
}

impl MarkerRun {
    /// From a density; `proposal` is the step to try first.
    #[must_use]
    pub fn new(density: &Density, attention: Attention, tolerance: f64, proposal: f64) -> Self {
        let markers = Markers::from_density(density);
        let mut run = Self {
            flow: flow(&markers, attention),
            attention,
            stepper: stepper(0, tolerance, proposal),
            tolerance,
            state: Vec::new(),
            before: Vec::new(),
            places: Vec::new(),
            earlier: Work::default(),
            unresolved_mass: 0.0,
            markers,
        };
        run.rebuild();
        run
    }

    /// Other parameters from now on.
    pub fn set(&mut self, attention: Attention) {
        self.attention = attention;
        self.rebuild();
    }

    /// Steps and right-hand sides so far.
    #[must_use]
    pub fn work(&self) -> Work {
        self.earlier + self.stepper.work
    }

    /// An estimate of what the quadrature loses, and of the mass whose velocity is not known.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.markers.tail().max(self.unresolved_mass)
    }

    /// dE/dt at this moment.
    pub fn dissipation(&mut self) -> f64 {
        let rows = &self.markers.bodies.particles.positions;
        let (mut velocity, mut divergence) = (
            vec![0.0; rows.len()],
            vec![0.0; self.markers.log_density.len()],
        );
        self.flow.evaluate(rows, &mut velocity, &mut divergence);
        self.unresolved_mass = self.flow.unresolved_mass;
        self.flow.dissipation(&velocity)
    }

    /// Moves on by `duration`; false when `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`StepError`] of the stepper.
    pub fn advance(
        &mut self,
        duration: f64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<bool, StepError> {
        Ok(evolve(duration, cancelled, |left| self.step(left))?.is_done())
    }

    /// One step of at most `limit`, or none (0) when panels had to be split for it.
    fn step(&mut self, limit: f64) -> Result<f64, StepError> {
        let rows = self.markers.bodies.particles.positions.len();
        let width = self.markers.bodies.particles.dimension();
        self.before.clone_from(&self.state);
        self.places.clear();
        self.places.extend_from_slice(self.markers.places());
        let (flow, log_density) = (&mut self.flow, &self.markers.log_density);
        let bound = SHARPEST * (self.markers.domain.dimension() - 1) as f64;
        let tendency = |u: &[f64], du: &mut [f64]| {
            let (velocity, logs) = du.split_at_mut(rows);
            flow.evaluate(&u[..rows], velocity, logs);
            for (rate, log) in logs.iter_mut().zip(log_density) {
                // a point mass stays one; a logarithm that runs away would bound the step by its rounding
                *rate = if log.abs() < bound { -*rate } else { 0.0 };
            }
        };
        let retraction = |u: &mut [f64]| retract(&mut u[..rows], width);
        let taken = self
            .stepper
            .step(&mut self.state, limit, tendency, retraction)?;
        self.note_state();
        let threshold = (PANEL * self.tolerance).max(PANEL_ROUNDING);
        let room = self.markers.count() < MOST_MARKERS;
        let lost = if room {
            self.markers.unresolved(threshold)
        } else {
            Vec::new()
        };
        if !lost.is_empty() {
            self.state.clone_from(&self.before);
            self.note_state();
            self.markers.set_places(&self.places);
            self.markers.split(&lost);
            self.stepper.controller.step = taken;
            self.rebuild();
            return Ok(0.0);
        }
        let merged = self.merge_what_met();
        let soon = if room {
            self.markers.unresolved(AHEAD * threshold)
        } else {
            Vec::new()
        };
        if !soon.is_empty() {
            self.markers.split(&soon);
        }
        if merged || !soon.is_empty() {
            self.rebuild();
        }
        Ok(taken)
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
        self.flow = flow(&self.markers, self.attention);
        self.earlier = self.work();
        let proposal = self.stepper.controller.step;
        self.stepper = stepper(self.state.len(), self.tolerance, proposal);
    }
}

fn flow(markers: &Markers, attention: Attention) -> CharacteristicFlow {
    let domain: Domain = markers.domain;
    CharacteristicFlow::new(domain, attention, &markers.bodies.particles.weights)
}

fn stepper(length: usize, tolerance: f64, proposal: f64) -> Box<Explicit> {
    let tableau = Tableau::for_tolerance(tolerance);
    Box::new(Explicit::new(tableau, length, tolerance, proposal))
}
