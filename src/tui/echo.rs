//! How fast the link is, by the terminal's own answers. Now and then it is asked how it does (DSR, `CSI 5 n`); it answers `CSI 0 n` when it
//! has read so far. A full queue tells a rate only to a writer that is stopped by it; an SSH daemon takes everything, and only what
//! the terminal answers tells how much of it has arrived.
//!
//! One question is under way at a time. The shortest time that an answer took lately is the link's latency; what an answer takes longer, the
//! question has waited behind pictures, whose rate is told by [what was sent](super::lately) before it.

use std::time::{Duration, Instant};

use super::lately::Lately;

/// What the terminal is asked.
pub(crate) const QUESTION: &[u8] = b"\x1b[5n";
/// A terminal that does not answer the first question for so long does not know it.
const PATIENCE: Duration = Duration::from_millis(1500);
/// An answer that does not come for so long was lost.
const LOST: Duration = Duration::from_secs(2);
/// Fewer bytes than these tell nothing of the link.
const ENOUGH: u64 = 256;
/// So often a link that is not free is asked with nothing before the question, which tells its latency.
const BARE: Duration = Duration::from_secs(10);
/// So long the shortest latency counts: a link may go another way.
const REMEMBERED: Duration = Duration::from_secs(30);
/// So far back it is looked for when the link began to be full.
const WINDOW: Duration = Duration::from_secs(4);
/// A picture of so many bytes is worth a question on a free link.
const LARGE: u64 = 4096;
/// So often a free link is asked for smaller ones.
const SELDOM: Duration = Duration::from_secs(1);
/// The first part that is sent over a link of which nothing is known; the next one is twice as large.
const FIRST: usize = 2048;
/// The time between such parts, unless an answer comes first.
const CAUTIOUS: Duration = Duration::from_millis(60);
/// Where answers come, no more than this is unread while nothing is known.
const UNREAD: u64 = 8192;

/// What an answer tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Bytes a second that arrived.
    pub rate: f64,
    /// How long the question has waited behind them.
    pub behind: Duration,
}

/// What was asked and answered.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    /// Bytes that were sent.
    sent: u64,
    /// Bytes that the terminal has read, by its last answer, and when that came.
    read: u64,
    answered: Option<Instant>,
    lately: Lately,
    /// When it was asked, and after how many bytes.
    asked: Option<(Instant, u64)>,
    /// When it was asked for the first time.
    first: Option<Instant>,
    /// The shortest time that an answer took lately, and when that was.
    latency: Option<(Duration, Instant)>,
    /// When it was asked with nothing before the question.
    bare: Option<Instant>,
    /// Parts that were sent.
    parts: u32,
    /// Whether an answer told the rate.
    told: bool,
}

impl Echo {
    /// Whether nothing is known of the link yet, but may soon be.
    fn unknown(&self, now: Instant) -> bool {
        !self.told && self.may_answer(now)
    }

    /// Whether the terminal has answered, or may still answer its first question.
    fn may_answer(&self, now: Instant) -> bool {
        let waits = |first: Instant| now.duration_since(first) < PATIENCE;
        self.answered.is_some() || self.first.is_some_and(waits)
    }

    /// Bytes that may be sent over a link of unknown rate, and how long to wait after them; `None`, as many as there are.
    #[must_use]
    pub(crate) fn caution(&self, now: Instant) -> Option<(usize, Duration)> {
        let most = if self.answered.is_some() {
            UNREAD.saturating_sub(self.sent - self.read) as usize
        } else {
            FIRST << self.parts.min(20)
        };
        self.unknown(now).then_some((most, CAUTIOUS))
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub(crate) fn waits(&self, now: Instant) -> bool {
        let lost =
            |(when, _): (Instant, u64)| self.answered.is_some() && now.duration_since(when) > LOST;
        self.may_answer(now) && self.asked.is_some_and(|asked| !lost(asked))
    }

    /// Whether everything that was sent has been read.
    #[must_use]
    pub(crate) fn all_read(&self) -> bool {
        self.read == self.sent
    }

    /// A part of a picture was sent since then, or nothing; the link is `free`, as far as is known. Whether the terminal is to be asked.
    #[must_use]
    pub(crate) fn sent(&mut self, since: Instant, now: Instant, bytes: u64, free: bool) -> bool {
        self.sent += bytes;
        if bytes > 0 {
            self.lately.push(since, bytes);
            self.parts += 1;
        }
        if self.asked.is_some() && self.answered.is_some() && !self.waits(now) {
            // as if it had been answered: what is sent from now on counts
            self.asked = None;
            (self.read, self.answered) = (self.sent, Some(now));
            self.lately.clear();
        }
        if self.asked.is_some() {
            return false;
        }
        let waits = self.sent - self.read;
        let asks = match self.answered {
            None => true,
            Some(when) if free => {
                waits >= LARGE || waits >= ENOUGH && now.duration_since(when) > SELDOM
            }
            Some(_) => {
                waits >= ENOUGH
                    || waits == 0 && self.bare.is_none_or(|then| now.duration_since(then) > BARE)
            }
        };
        if asks {
            if waits == 0 {
                self.bare = Some(now);
            }
            self.asked = Some((now, self.sent));
            self.first.get_or_insert(now);
        }
        asks
    }

    /// The terminal has answered.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<Sample> {
        let (when, upto) = self.asked.take()?;
        let took = now.duration_since(when);
        let is_bare = self.bare == Some(when);
        let counts = |(shortest, since): (Duration, Instant)| {
            took > shortest && !(is_bare && now.duration_since(since) > REMEMBERED)
        };
        let (latency, since) = self
            .latency
            .filter(|latency| counts(*latency))
            .unwrap_or((took, now));
        self.latency = Some((latency, since));
        self.answered = Some(now);
        // what was sent after the question tells nothing yet
        let rate = self.lately.rate(now, self.sent - upto, latency);
        let new = upto - self.read;
        self.read = upto;
        self.lately.forget(WINDOW, when);
        self.told |= new >= ENOUGH;
        (new >= ENOUGH).then_some(Sample {
            rate,
            behind: took.saturating_sub(latency),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link that takes everything, carries `rate` bytes a second and needs `latency` there and back.
    struct Line {
        rate: f64,
        latency: Duration,
        clear: Instant,
    }

    impl Line {
        /// When the answer to a question after so many more bytes comes.
        fn carries(&mut self, now: Instant, bytes: u64) -> Instant {
            self.clear = self.clear.max(now) + Duration::from_secs_f64(bytes as f64 / self.rate);
            self.clear + self.latency
        }
    }

    #[test]
    fn the_rate_of_a_link_that_takes_everything_is_told_by_the_answers() {
        for (rate, latency) in [(20e3, 0.1), (20e3, 0.0), (300e3, 0.03), (2e6, 0.2)] {
            let mut now = Instant::now();
            let mut line = Line {
                rate,
                latency: Duration::from_secs_f64(latency),
                clear: now,
            };
            let mut echo = Echo::default();
            // a bare question tells the latency
            assert!(echo.sent(now, now, 0, true));
            now = line.carries(now, 4);
            assert_eq!(echo.answered(now), None);
            // parts of some size at some distance, with breaks: a burst as long as a twentieth of a second, and what comes before it
            for turn in 0..20_u64 {
                for part in 0..3 {
                    let bytes = (rate / 60.0) as u64 + 256;
                    let asks = echo.sent(now, now, bytes, false);
                    let there = line.carries(now, bytes);
                    assert!(asks || part > 0, "turn {turn}");
                    if asks {
                        now = there;
                        let sample = echo.answered(now).unwrap();
                        assert!(
                            (0.98..1.02).contains(&(sample.rate / rate)),
                            "{sample:?} of {rate}"
                        );
                        assert!(sample.behind < Duration::from_millis(40));
                    }
                }
                now += Duration::from_millis(7 * (turn % 5));
            }
        }
    }

    #[test]
    fn a_link_that_goes_another_way_has_its_new_latency_after_a_while() {
        let mut now = Instant::now();
        let mut echo = Echo::default();
        let mut ask = |now: &mut Instant, bytes, milliseconds| {
            assert!(echo.sent(*now, *now, bytes, false));
            *now += Duration::from_millis(milliseconds);
            echo.answered(*now)
        };
        ask(&mut now, 0, 50);
        assert_eq!(ask(&mut now, 1000, 100).unwrap().rate, 20e3);
        for _ in 0..4 {
            now += BARE;
            // a bare one of twice the time is a longer way only when the shorter one is long ago
            ask(&mut now, 0, 100);
        }
        assert_eq!(ask(&mut now, 1000, 150).unwrap().rate, 20e3);
    }

    #[test]
    fn a_terminal_that_does_not_answer_is_asked_once_and_soon_gets_everything() {
        let start = Instant::now();
        let mut echo = Echo::default();
        assert!(echo.sent(start, start, 0, true));
        let mut total = 0;
        let mut now = start;
        while let Some((most, wait)) = echo.caution(now) {
            assert!(now < start + PATIENCE);
            assert!(!echo.sent(now, now, most as u64, true) && echo.waits(now));
            total += most;
            now += wait;
        }
        assert!(total > 1 << 20, "{total}");
        assert!(!echo.waits(now));
        assert!(!echo.sent(now, now, 1 << 20, true));
        assert!(echo.caution(now + 20 * LOST).is_none());
    }

    #[test]
    fn an_answer_that_is_lost_is_not_waited_for_for_ever() {
        let mut now = Instant::now();
        let mut echo = Echo::default();
        assert!(echo.sent(now, now, 0, true));
        echo.answered(now);
        assert!(echo.sent(now, now, 10_000, true));
        now += LOST + Duration::from_secs(1);
        // nobody listens for it, and what went before is forgotten
        assert!(!echo.waits(now));
        assert!(!echo.sent(now, now, 10_000, true));
        assert!(echo.sent(now, now, 10_000, true));
        now += Duration::from_millis(100);
        let sample = echo.answered(now).unwrap();
        assert!((sample.rate / 1e5 - 1.0).abs() < 0.01, "{sample:?}");
    }
}
