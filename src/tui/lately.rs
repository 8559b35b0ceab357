//! What was sent lately, and the rate that it tells once it is known to have arrived.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Parts of pictures: when each began to be sent, and its bytes.
#[derive(Debug, Default)]
pub(crate) struct Lately(VecDeque<(Instant, u64)>);

impl Lately {
    /// A part was sent since then.
    pub(crate) fn push(&mut self, since: Instant, bytes: u64) {
        self.0.push_back((since, bytes));
    }

    /// Forgets what began more than so long before then.
    pub(crate) fn forget(&mut self, window: Duration, then: Instant) {
        let old = |part: &(Instant, u64)| then.saturating_duration_since(part.0) > window;
        while self.0.front().is_some_and(old) {
            self.0.pop_front();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Bytes a second that a link takes which has carried all but the last `later` bytes by now, and has a latency. What was sent from any
    /// moment on was carried since, which gives a rate that the link has at least; the greatest, from the moment on at which the link began
    /// to be full, is its own.
    #[must_use]
    pub(crate) fn rate(&self, now: Instant, mut later: u64, latency: Duration) -> f64 {
        let mut bytes = 0;
        let rates = self.0.iter().rev().map(|(since, part)| {
            let after = later.min(*part);
            later -= after;
            bytes += part - after;
            let way = now.saturating_duration_since(*since + latency);
            bytes as f64 / way.as_secs_f64().max(1e-4)
        });
        rates.fold(0.0, f64::max)
    }
}
