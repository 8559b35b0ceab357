//! When to draw: never more often than the cap, and seldom enough that a slow link has time for it. Keys are answered
//! at once, from the snapshot that is shown already, so that little has to be sent.

use std::time::{Duration, Instant};

/// Frames for keys come at most so often.
const KEYS: Duration = Duration::from_millis(16);
/// A flush longer than this means that the link is full.
const SLOW: Duration = Duration::from_millis(25);
/// How long to wait for a key while nothing is computed.
const IDLE: Duration = Duration::from_millis(250);
/// The share of a slow link that frames may take.
const SHARE: f64 = 0.4;

/// The clock of the frames.
#[derive(Debug)]
pub(crate) struct Pace {
    cap: Duration,
    interval: Duration,
    last: Option<Instant>,
    due: Instant,
    /// Bytes a second that the link has been seen to take, when it was full.
    rate: Option<f64>,
    /// When pictures were drawn in the last second, and how many bytes each took.
    drawn: Vec<(Instant, u64)>,
}

impl Pace {
    /// At most `fps` frames a second.
    #[must_use]
    pub(crate) fn new(fps: f64) -> Self {
        let cap = Duration::from_secs_f64(1.0 / fps.clamp(0.2, 240.0));
        Self {
            cap,
            interval: cap,
            last: None,
            due: Instant::now(),
            rate: None,
            drawn: Vec::new(),
        }
    }

    /// How long to wait for a key.
    #[must_use]
    pub(crate) fn wait(&self, dirty: bool, idle: bool) -> Duration {
        let now = Instant::now();
        if idle && !dirty {
            // keys wake the reader; there is no other news
            return IDLE;
        }
        let frame = self.due.saturating_duration_since(now);
        let key = self.last.map_or(Duration::ZERO, |last| {
            (last + KEYS).saturating_duration_since(now)
        });
        let wait = if dirty {
            key
        } else {
            frame.max(Duration::from_millis(5))
        };
        // whole milliseconds: what is less is spun away
        let whole = wait.as_millis() as u64 + u64::from(wait.subsec_nanos() % 1_000_000 > 0);
        Duration::from_millis(whole.min(100))
    }

    /// Whether it is time to look for news of the computation.
    #[must_use]
    pub(crate) fn frame_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// Whether a frame may be drawn now, for a key.
    #[must_use]
    pub(crate) fn may_draw(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= KEYS)
    }

    /// A picture took so long and so many bytes, and the next one has to leave the link in peace for a while.
    pub(crate) fn drawn(&mut self, took: Duration, bytes: u64, peace: Duration) {
        let now = Instant::now();
        if took > SLOW {
            let seen = self.seen(now, took, bytes);
            self.rate = Some(self.rate.map_or(seen, |rate| 0.5 * (rate + seen)));
        } else {
            // A link that takes frames easily is trusted with more, step by step.
            self.rate = self.rate.map(|rate| rate * 1.03).filter(|rate| *rate < 4e6);
        }
        let needed = self.rate.map_or(0.0, |rate| bytes as f64 / (SHARE * rate));
        self.interval = self
            .cap
            .max(Duration::from_secs_f64(needed.min(5.0)))
            .max((4 * took).min(Duration::from_secs(5)));
        if took <= SLOW && self.rate.is_none() {
            self.interval = self.cap;
        }
        self.interval = self.interval.max(peace);
        // Frames keep their rhythm when they are on time.
        let next = self.due + self.interval;
        self.due = if next > now && self.interval == self.cap {
            next
        } else {
            now + self.interval
        };
        self.last = Some(now);
        self.drawn
            .retain(|(then, _)| now.duration_since(*then) < Duration::from_secs(1));
        self.drawn.push((now, bytes));
    }

    /// Bytes a second that a full link has taken: a flush that waited was waiting for what was sent before it, too.
    fn seen(&self, now: Instant, took: Duration, bytes: u64) -> f64 {
        let alone = bytes.max(1) as f64 / took.as_secs_f64();
        let sent: u64 = self.drawn.iter().map(|(_, bytes)| bytes).sum::<u64>() + bytes;
        let since = self
            .drawn
            .first()
            .map_or(took, |(first, _)| now.duration_since(*first));
        alone.max(sent as f64 / since.as_secs_f64())
    }

    /// Frames drawn in the last second.
    #[must_use]
    pub(crate) fn frames_per_second(&self) -> usize {
        self.drawn
            .iter()
            .filter(|(then, _)| then.elapsed() < Duration::from_secs(1))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_link_gets_fewer_frames_and_a_free_one_the_cap() {
        let mut pace = Pace::new(30.0);
        pace.drawn(Duration::from_millis(1), 4000, Duration::ZERO);
        assert_eq!(pace.interval, pace.cap);
        pace.drawn(Duration::from_millis(200), 4000, Duration::ZERO);
        assert!(pace.interval >= Duration::from_millis(500));
        assert!(!pace.frame_due());
        for _ in 0..400 {
            pace.drawn(Duration::from_millis(1), 4000, Duration::ZERO);
        }
        assert_eq!(pace.interval, pace.cap);
    }
}
