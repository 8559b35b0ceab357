//! The clock of a run on the screen: when its next frame is due, and how many steps a second it takes.

use std::time::{Duration, Instant};

use super::Session;

/// Keeps simulated time (or its decades) in step with the clock and counts steps a second.
pub(super) struct Pace {
    clock: Instant,
    time: f64,
    speed: f64,
    counted: Instant,
    steps: u64,
    rate: f64,
}

impl Pace {
    pub(super) fn new(session: &Session) -> Self {
        let now = Instant::now();
        Self {
            clock: now,
            time: session.clock(0),
            speed: 0.0,
            counted: now,
            steps: session.token_steps(),
            rate: 0.0,
        }
    }

    pub(super) fn restart(&mut self, session: &Session) {
        self.clock = Instant::now();
        self.time = session.clock(0);
    }

    /// How long to wait before the next frame is due at this speed. When the computation is slower than the speed asked
    /// for, the lost time is forgotten rather than caught up.
    pub(super) fn early(&mut self, session: &Session, speed: f64) -> Duration {
        if speed != self.speed {
            self.speed = speed;
            self.restart(session);
        }
        let due = (session.clock(1) - self.time) / speed;
        let passed = self.clock.elapsed().as_secs_f64();
        if passed > due + 0.25 {
            self.restart(session);
        }
        let wait = due - passed;
        if wait > 0.0 && wait.is_finite() {
            Duration::from_secs_f64(wait.min(3600.0))
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn steps_per_second(&mut self, session: &Session) -> f64 {
        let passed = self.counted.elapsed().as_secs_f64();
        if passed > 0.5 {
            self.rate = (session.token_steps() - self.steps) as f64 / passed;
            self.steps = session.token_steps();
            self.counted = Instant::now();
        }
        self.rate
    }
}
