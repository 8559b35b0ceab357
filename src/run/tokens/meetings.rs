//! Tokens that meet: the step ends where the first of them do, and what has met becomes one body.
//!
//! While bodies are apart the whole step stands; see [`crate::dynamics::merging`] for what may be joined.

use std::sync::Arc;

use super::{Stepper, TokenRun, dynamics};
use crate::dynamics::merging;
use crate::snapshot::view::Merge;
use crate::sphere::geometry::{gap, retract};

/// A meeting within a step is found to this power of ½ of it.
const MEETING_BISECTIONS: usize = 24;
/// The share of the tolerance at which it is taken to be.
const MET: f64 = 0.98;

impl TokenRun {
    /// Ends the step just taken where the first bodies that were apart at its start have met, if any have.
    pub(super) fn stop_at_the_first_meeting(&mut self) {
        let (Some(tolerance), Stepper::Adaptive(explicit)) = (self.merge, &mut self.stepper) else {
            return;
        };
        let mut near = self.bodies.near_pairs(tolerance);
        if near.is_empty() {
            return;
        }
        let dimension = self.tokens.dimension();
        // a little nearer, so that they are near there without doubt
        let met = MET * 0.5 * tolerance * tolerance;
        let apart = |rows: &[f64], (i, j): (usize, usize)| {
            let row = |i: usize| &rows[i * dimension..(i + 1) * dimension];
            gap(row(i), row(j))
        };
        let rows = &mut self.bodies.particles.positions;
        near.retain(|pair| apart(explicit.start(), *pair) > met && apart(rows, *pair) <= met);
        if near.is_empty() {
            return;
        }
        let dynamics = &mut self.dynamics;
        let mut read = |theta: f64, rows: &mut [f64]| {
            let drift = |x: &[f64], out: &mut [f64]| dynamics.drift(x, out);
            explicit.read(theta, self.ahead.front(), drift, rows);
            retract(rows, dimension);
        };
        let (mut before, mut after) = (0.0, 1.0);
        for _ in 0..MEETING_BISECTIONS {
            let middle = 0.5 * (before + after);
            read(middle, rows);
            if near.iter().any(|pair| apart(rows, *pair) <= met) {
                after = middle;
            } else {
                before = middle;
            }
        }
        if after < 1.0 {
            read(after, rows);
            self.ahead.cut(after, rows);
        }
    }

    /// Joins the bodies that have met by the time `now`.
    pub(super) fn merge_what_met(&mut self, now: f64) {
        let Some(tolerance) = self.merge else {
            return;
        };
        let near = self.bodies.near_pairs(tolerance);
        if near.is_empty() {
            return;
        }
        let particles = &self.bodies.particles;
        self.drift.resize(particles.positions.len(), 0.0);
        self.dynamics.drift(&particles.positions, &mut self.drift);
        let pairs = merging::contracting_pairs(&self.bodies, &near, &self.drift);
        if pairs.is_empty() {
            return;
        }
        let potential = &self.dynamics.potential;
        let joined = merging::join(&mut self.bodies, &pairs, self.beta, potential);
        let mut left: usize =
            self.bodies.count() + joined.iter().map(|j| j.masses.len() - 1).sum::<usize>();
        let merges = Arc::make_mut(&mut self.merges);
        for event in joined {
            left -= event.masses.len() - 1;
            self.merge_energy += event.energy_bound;
            merges.push(Merge {
                time: now,
                bodies: left,
                masses: event.masses,
                gap: event.gap,
            });
        }
        // Fewer bodies, the same motion: the step goes on at its length.
        let (attention, proposal) = (self.dynamics.attention(), self.proposal());
        self.dynamics = dynamics(attention, &self.bodies.particles, self.merge);
        self.earlier = self.work();
        self.stepper = self.continuous(proposal);
    }
}
