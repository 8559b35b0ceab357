//! When to draw: never more often than the cap, and seldom enough that a slow link has time for it. Keys are answered
//! at once, from the snapshot that is shown already, so that little has to be sent; where the link's rate is known (`--bandwidth`, or seen
//! when it was full, or told by the terminal's [answers](super::echo)) no more is under way at a time than it carries in [`DEEP`], so that
//! little is ahead of them.

use std::time::{Duration, Instant};

use super::echo::{Echo, Sample};
use super::lately::Lately;

/// Frames for keys come at most so often.
const KEYS: Duration = Duration::from_millis(16);
/// A flush longer than this means that the link is full.
const SLOW: Duration = Duration::from_millis(25);
/// So far back the rate of a full link is looked for.
const WINDOW: Duration = Duration::from_secs(4);
/// How long to wait for a key while nothing is computed.
const IDLE: Duration = Duration::from_millis(250);
/// The share of a slow link that frames may take.
const SHARE: f64 = 0.4;
/// The shares of a rate that was seen, and of a budget, at which a picture is sent in parts.
const CAREFUL: f64 = 0.7;
const OF_BUDGET: f64 = 0.9;
/// The share of the rate that a full queue tells: it may not have been quite empty when the writer went on.
const CERTAIN: f64 = 0.8;
/// At most so much is under way on a link of known rate.
const DEEP: Duration = Duration::from_millis(20);
/// With so much under way still, the next part goes.
const SHALLOW: Duration = Duration::from_millis(8);
/// When a link was full for the first time, it is trusted with twice its rate after so many seconds, t in 1 + (age / t)³; the oftener it
/// is full, the later.
const TRUST: (f64, f64) = (60.0, 240.0);
/// A rate rises by so much at most from one answer to the next.
const RISE: f64 = 1.5;
/// No link is taken for slower: so little at a time tells nothing.
const SLOWEST: f64 = 4e3;
/// A rate of which nobody notices anything.
const FREE: f64 = 4e6;

/// A full link.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Bytes a second that it took.
    rate: f64,
    /// When that was.
    when: Instant,
    /// Seconds after which it is trusted with twice as much.
    trust: f64,
}

/// The picture that is being sent.
#[derive(Debug, Default)]
struct Sending {
    /// When its first part was.
    since: Option<Instant>,
    /// How long a part took at most.
    took: Duration,
    bytes: u64,
}

/// The clock of the frames.
#[derive(Debug)]
pub(crate) struct Pace {
    cap: Duration,
    interval: Duration,
    last: Option<Instant>,
    due: Instant,
    /// Bytes a second that are allowed.
    budget: Option<f64>,
    /// What is known of a link that was full.
    seen: Option<Seen>,
    /// What the terminal answers, if it is asked.
    echo: Option<Echo>,
    /// When all that was sent has passed.
    clear: Instant,
    picture: Sending,
    lately: Lately,
    /// When pictures were drawn in the last second.
    pictures: Vec<Instant>,
}

impl Pace {
    /// At most `fps` frames a second and `budget` bytes; `asks`, the terminal may be asked how much it has read.
    #[must_use]
    pub(crate) fn new(fps: f64, budget: Option<f64>, asks: bool) -> Self {
        let cap = Duration::from_secs_f64(1.0 / fps.clamp(0.2, 240.0));
        let now = Instant::now();
        Self {
            cap,
            interval: cap,
            last: None,
            due: now,
            budget,
            seen: None,
            echo: asks.then(Echo::default),
            clear: now,
            picture: Sending::default(),
            lately: Lately::default(),
            pictures: Vec::new(),
        }
    }

    /// How long to wait for a key: `dirty`, there is something to draw; `waits`, a part of a picture is still to be sent; `idle`, nothing is
    /// computed.
    #[must_use]
    pub(crate) fn wait(&self, dirty: bool, waits: bool, idle: bool) -> Duration {
        let now = Instant::now();
        if idle && !dirty && !waits {
            // keys wake the reader; there is no other news
            return IDLE;
        }
        let key = self.last.map_or(Duration::ZERO, |last| {
            (last + KEYS).saturating_duration_since(now)
        });
        let key = key.max(self.under_way().saturating_sub(DEEP));
        let wait = if dirty {
            key
        } else if waits {
            self.under_way().saturating_sub(SHALLOW)
        } else {
            (self.due.saturating_duration_since(now)).max(Duration::from_millis(5))
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
        self.last.is_none_or(|last| last.elapsed() >= KEYS) && self.under_way() <= DEEP
    }

    /// Whether the next part of a picture may be sent.
    #[must_use]
    pub(crate) fn part_due(&self) -> bool {
        self.under_way() <= SHALLOW
    }

    /// How long what was sent will still be under way, where that is known.
    fn under_way(&self) -> Duration {
        self.clear.saturating_duration_since(Instant::now())
    }

    /// Bytes a second that the link was seen to take: the more the longer ago that was.
    fn seen_rate(&self) -> Option<f64> {
        let seen = self.seen?;
        let age = seen.when.elapsed().as_secs_f64() / seen.trust;
        let rate = seen.rate * (1.0 + age * age * age);
        (rate < FREE).then_some(rate)
    }

    /// Bytes a second at which parts are sent, where the link's rate is known.
    fn rate(&self) -> Option<f64> {
        let budget = self.budget.map(|budget| OF_BUDGET * budget);
        let seen = self.seen_rate().map(|seen| CAREFUL * seen);
        budget.into_iter().chain(seen).reduce(f64::min)
    }

    /// Bytes that may be sent now.
    #[must_use]
    pub(crate) fn allowance(&self) -> usize {
        let Some(rate) = self.rate() else {
            return self.caution().map_or(usize::MAX, |(most, _)| most);
        };
        let room = DEEP.saturating_sub(self.under_way());
        (rate * room.as_secs_f64()) as usize
    }

    /// Bytes that may be sent over a link of which nothing is known yet, and the time to wait after them.
    fn caution(&self) -> Option<(usize, Duration)> {
        (self.echo.as_ref()).and_then(|echo| echo.caution(Instant::now()))
    }

    /// The terminal has answered.
    pub(crate) fn answered(&mut self, when: Instant) {
        let known = self.seen_rate();
        let Some(echo) = &mut self.echo else { return };
        let sample = echo.answered(when);
        if echo.all_read() {
            self.clear = when;
        }
        let Some(Sample { rate, behind }) = sample else {
            return;
        };
        // a link that was not full can do at least as much; a latency that is taken for too long makes a rate too high
        let rate = match known {
            Some(known) if behind > SLOW || rate > known => {
                (0.5 * (known + rate)).min(RISE * known)
            }
            None if behind > SLOW => rate,
            _ => return,
        };
        self.seen = Some(Seen {
            rate: rate.max(SLOWEST),
            when,
            trust: TRUST.0,
        });
    }

    /// Whether the terminal is to be asked: nothing is drawn yet, or a part of a picture took so long and so many bytes.
    #[must_use]
    pub(crate) fn asks(&mut self, took: Duration, bytes: u64) -> bool {
        let now = Instant::now();
        let free = self.seen_rate().is_none();
        let since = now.checked_sub(took).unwrap_or(now);
        (self.echo.as_mut()).is_some_and(|echo| echo.sent(since, now, bytes, free))
    }

    /// Whether its answer is waited for.
    #[must_use]
    pub(crate) fn listens(&self) -> bool {
        let now = Instant::now();
        self.echo.as_ref().is_some_and(|echo| echo.waits(now))
    }

    /// A picture, or a part of one, took so long and so many bytes.
    pub(crate) fn sent(&mut self, took: Duration, bytes: u64) {
        let now = Instant::now();
        self.lately.forget(WINDOW, now);
        (self.lately).push(now.checked_sub(took).unwrap_or(now), bytes);
        if took > SLOW {
            // a terminal's queue lets the writer go on when it is empty: everything has passed
            let rate = CERTAIN * self.lately.rate(now, 0, Duration::ZERO).max(1.0);
            let again = (self.seen)
                .filter(|seen| now.duration_since(seen.when).as_secs_f64() < 4.0 * seen.trust);
            self.seen = Some(Seen {
                rate: again.map_or(rate, |before| 0.5 * (before.rate + rate)),
                when: now,
                trust: again.map_or(TRUST.0, |before| (1.5 * before.trust).min(TRUST.1)),
            });
        }
        let cautious = (self.caution()).map_or(Duration::ZERO, |(_, wait)| wait);
        let passes = (self.rate()).map_or(cautious, |rate| {
            Duration::from_secs_f64(bytes as f64 / rate)
        });
        self.clear = self.clear.max(now) + passes.min(Duration::from_secs(5));
        self.last = Some(now);
        self.picture.since.get_or_insert(now);
        self.picture.took = self.picture.took.max(took);
        self.picture.bytes += bytes;
    }

    /// Bytes of the picture so far.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.picture.bytes
    }

    /// A picture has been sent to its end, and from its first part on the link is left to it for so long.
    pub(crate) fn drawn(&mut self, peace: Duration) {
        let now = Instant::now();
        let Sending { since, took, bytes } = std::mem::take(&mut self.picture);
        (self.pictures).retain(|then| now.duration_since(*then) < Duration::from_secs(1));
        self.pictures.push(now);
        let seen = self.seen_rate();
        let needed = seen.map_or(0.0, |rate| bytes as f64 / (SHARE * rate));
        self.interval = self.cap;
        if took > SLOW || seen.is_some() {
            self.interval = (self.cap)
                .max(Duration::from_secs_f64(needed.min(5.0)))
                .max((4 * took).min(Duration::from_secs(5)));
        }
        self.interval = self.interval.max(peace);
        // Frames keep their rhythm when they are on time.
        let next = self.due + self.interval;
        self.due = if next > now && self.interval == self.cap {
            next
        } else {
            since.unwrap_or(now) + self.interval
        };
    }

    /// Frames drawn in the last second.
    #[must_use]
    pub(crate) fn frames_per_second(&self) -> usize {
        let recent = |then: &&Instant| then.elapsed() < Duration::from_secs(1);
        self.pictures.iter().filter(recent).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pace: &mut Pace, milliseconds: u64, bytes: u64) {
        pace.sent(Duration::from_millis(milliseconds), bytes);
        assert_eq!(pace.bytes(), bytes);
        pace.drawn(Duration::ZERO);
    }

    #[test]
    fn a_full_link_gets_fewer_frames_and_a_free_one_the_cap() {
        let mut pace = Pace::new(30.0, None, false);
        picture(&mut pace, 1, 4000);
        assert_eq!(pace.interval, pace.cap);
        assert_eq!(pace.allowance(), usize::MAX);
        std::thread::sleep(Duration::from_millis(200));
        picture(&mut pace, 200, 4000);
        assert!(pace.interval >= Duration::from_millis(500));
        assert!(!pace.frame_due());
        assert!(pace.allowance() < 4000);
        // a link that has not been full for a while is trusted again
        let long_ago = Instant::now().checked_sub(Duration::from_mins(20)).unwrap();
        pace.seen = (pace.seen).map(|seen| Seen {
            when: long_ago,
            ..seen
        });
        picture(&mut pace, 1, 4000);
        assert_eq!(pace.interval, pace.cap);
    }

    #[test]
    fn no_more_is_under_way_than_a_known_link_carries_in_that_time() {
        let mut pace = Pace::new(30.0, Some(20e3), false);
        let most = pace.allowance();
        assert!((330..=510).contains(&most), "{most}");
        pace.sent(Duration::ZERO, most as u64);
        assert!(!pace.part_due());
        assert!(pace.allowance() < most / 4);
        // what the parts take is not waited for again
        std::thread::sleep(Duration::from_millis(60));
        pace.sent(Duration::ZERO, 100);
        pace.drawn(Duration::from_millis(50));
        assert!(pace.frame_due());
    }
}
