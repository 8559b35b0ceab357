//! Steps as long as the tolerance allows, and a reader who asks for times within them.
//!
//! A run takes steps until its front is at the time that is asked for or past it. What is shown there is read off the last step by the
//! method's continuous extension; the front waits, and the run goes on from it and not from what was read. So the steps, and every state
//! read, are the same whichever other times are asked for. Steps end only where the equation changes and at the end of the experiment; a
//! change of parameters goes on from what was read, and gives the rest of the step up ([`Ahead::restart`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The time that the steps of a run have come to, for whoever watches from another thread.
#[derive(Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, time: f64) {
        self.0.store(time.to_bits(), Ordering::Relaxed);
    }

    /// The time.
    #[must_use]
    pub fn time(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// The same clock, and not one of its own.
    #[must_use]
    pub(crate) fn watched(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Clone for Clock {
    /// A run that is copied has a clock of its own from then on.
    fn clone(&self) -> Self {
        let own = Self::default();
        own.set(self.time());
        own
    }
}

/// Where a run is, and where its reader.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// When the last step began, how long it was, and when it ended: before its length was over, if it was cut.
    from: f64,
    length: f64,
    to: f64,
    /// The state at its end, while `within`.
    front: Vec<f64>,
    /// Whether the reader has not got to the end of the last step.
    within: bool,
    /// A time that a step has to end at.
    stop: f64,
    /// Tells `to` to others.
    clock: Clock,
}

/// What a run has to do before it is where its reader asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Due {
    /// Nothing.
    Here,
    /// Read the state at this share of the last step.
    Read(f64),
    /// Take up the state at the end of the last step ([`Ahead::land`]) and do there what is done after a step.
    Land,
    /// Take a step of at most this ([`Ahead::stepped`]).
    Step(f64),
}

/// Times this near, relative to themselves, are one.
const SAME: f64 = 4.0 * f64::EPSILON;

impl Ahead {
    /// At the time `now`, with steps that end at `stop`.
    #[must_use]
    pub fn new(now: f64, stop: f64) -> Self {
        let clock = Clock::default();
        clock.set(now);
        Self {
            from: now,
            length: 0.0,
            to: now,
            front: Vec::new(),
            within: false,
            stop,
            clock,
        }
    }

    /// What to do to be at `time`, which is not before what was asked for last.
    #[must_use]
    pub fn due(&self, time: f64) -> Due {
        let slack = SAME * self.to.abs();
        if self.within && time < self.to - slack {
            Due::Read(((time - self.from) / self.length).clamp(0.0, 1.0))
        } else if self.within {
            Due::Land
        } else if time <= self.to + slack {
            Due::Here
        } else if self.stop > self.to + slack {
            Due::Step(self.stop - self.to)
        } else {
            Due::Step(f64::INFINITY)
        }
    }

    /// A step of this length led to the state.
    pub fn stepped(&mut self, taken: f64, state: &[f64]) {
        self.from = self.to;
        self.to += taken;
        if self.from < self.stop && self.to >= self.stop - SAME * self.stop.abs() {
            self.to = self.stop;
        }
        self.length = self.to - self.from;
        self.clock.set(self.to);
        self.front.clear();
        self.front.extend_from_slice(state);
        self.within = true;
    }

    /// Ends the last step at this share of it, where `state` was read, for something happens there: the run goes on from that state, and what
    /// is asked for before it is still read off the whole step.
    pub fn cut(&mut self, theta: f64, state: &[f64]) {
        self.to = self.from + theta * self.length;
        self.front.copy_from_slice(state);
    }

    /// `state` ← the end of the last step; returns its time.
    pub fn land(&mut self, state: &mut [f64]) -> f64 {
        state.copy_from_slice(&self.front);
        self.within = false;
        self.to
    }

    /// The state at the end of the last step.
    #[must_use]
    pub fn front(&self) -> &[f64] {
        &self.front
    }

    /// When the step under way, or the next, begins.
    #[must_use]
    pub fn begun(&self) -> f64 {
        if self.within { self.from } else { self.to }
    }

    /// Goes on from what was read at the time `now`.
    pub fn restart(&mut self, now: f64) {
        (self.from, self.to, self.within) = (now, now, false);
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock.watched()
    }

    /// The time that a step has to end at.
    #[must_use]
    pub fn stop(&self) -> f64 {
        self.stop
    }

    /// From now on steps end at this time.
    pub fn stop_at(&mut self, stop: f64) {
        self.stop = stop;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Explicit;
    use super::super::tableau::DORMAND_PRINCE_853;
    use super::*;

    fn pendulum(u: &[f64], du: &mut [f64]) {
        du[0] = u[1];
        du[1] = -u[0].sin();
    }

    /// The states at these times, and the times at which steps ended.
    fn read(times: &[f64], stop: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 2, 1e-9, 0.1);
        let (mut state, mut ahead) = (vec![2.0, 0.3], Ahead::new(0.0, stop));
        let (mut shown, mut ends) = (Vec::new(), Vec::new());
        for &time in times {
            loop {
                match ahead.due(time) {
                    Due::Here => break,
                    Due::Read(theta) => {
                        stepper.read(theta, ahead.front(), pendulum, &mut state);
                        break;
                    }
                    Due::Land => ends.push(ahead.land(&mut state)),
                    Due::Step(limit) => {
                        let taken = stepper.step(&mut state, limit, pendulum, |_| ());
                        ahead.stepped(taken.unwrap(), &state);
                    }
                }
            }
            shown.push(state.clone());
        }
        (shown, ends)
    }

    #[test]
    fn a_frame_has_the_same_bits_whichever_other_frames_are_asked_for() {
        let all: Vec<f64> = (0..=400).map(|k| f64::from(k) * 0.05).collect();
        let (every, steps) = read(&all, 20.0);
        for stride in [7, 50, 400] {
            let some: Vec<f64> = all.iter().copied().step_by(stride).collect();
            let (few, ends) = read(&some, 20.0);
            for (k, state) in few.iter().enumerate() {
                assert_eq!(state, &every[k * stride], "frame {k} of every {stride}th");
            }
            assert_eq!(ends[..], steps[..ends.len()]);
        }
        assert!(
            steps.len() < 100,
            "steps follow the tolerance, not the frames: {}",
            steps.len()
        );
    }

    #[test]
    fn what_is_read_is_as_right_as_what_is_stepped_to_and_the_stop_is_hit() {
        let times: Vec<f64> = (1..=64).map(|k| f64::from(k) * 0.3).collect();
        let (shown, ends) = read(&times, 10.0);
        assert!(ends.contains(&10.0), "{ends:?}");
        for (time, state) in times.iter().zip(shown) {
            let mut exact = vec![2.0, 0.3];
            let mut fine = Explicit::new(&DORMAND_PRINCE_853, 2, 1e-14, 0.1);
            let mut now = 0.0;
            while now < *time {
                now += fine.step(&mut exact, time - now, pendulum, |_| ()).unwrap();
            }
            let miss = (state[0] - exact[0]).abs();
            assert!(miss < 3e-8, "{time}: {miss:e}");
        }
    }
}
