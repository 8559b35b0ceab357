//! What a link may carry (`--bandwidth`): first the pictures between frames go, then colours, then the halves of cells in maps, then finer shades,
//! and pictures come so seldom that what they take is within the budget. The line below says what was given up.

use std::time::{Duration, Instant};

use super::theme::Depth;

/// The share of the news in the average.
const NEWS: f64 = 0.2;
/// Pictures a second below which something is given up, and above which it is taken back.
const FEW: f64 = 3.0;
const MANY: f64 = 24.0;
/// So long a decision stands.
const STANDS: Duration = Duration::from_secs(3);

/// A budget and what it leads to.
#[derive(Debug)]
pub(crate) struct Thrift {
    /// Bytes a second; none without a budget.
    budget: Option<f64>,
    /// Bytes of a picture, on average.
    picture: f64,
    /// How much is given up, 0 to 4.
    stage: usize,
    since: Instant,
}

impl Thrift {
    /// At most so many kilobytes (1000 bytes) a second.
    #[must_use]
    pub(crate) fn new(kilobytes: Option<f64>) -> Self {
        Self {
            budget: kilobytes.map(|k| 1000.0 * k),
            picture: 0.0,
            stage: 0,
            since: Instant::now(),
        }
    }

    /// Bytes a second; none without a budget.
    #[must_use]
    pub(crate) fn budget(&self) -> Option<f64> {
        self.budget
    }

    /// A picture took so many bytes.
    pub(crate) fn spent(&mut self, bytes: u64, at: Instant) {
        let Some(budget) = self.budget else { return };
        let bytes = bytes as f64;
        self.picture = if self.picture == 0.0 {
            bytes
        } else {
            (1.0 - NEWS) * self.picture + NEWS * bytes
        };
        let rate = budget / self.picture.max(1.0);
        if at - self.since < STANDS {
            return;
        }
        let next = match self.stage {
            stage if rate < FEW => (stage + 1).min(4),
            stage if rate > MANY => stage.saturating_sub(1),
            stage => stage,
        };
        if next != self.stage {
            (self.stage, self.since) = (next, at);
        }
    }

    /// How long after a picture of so many bytes the next may come.
    #[must_use]
    pub(crate) fn pause(&self, bytes: u64) -> Duration {
        self.budget.map_or(Duration::ZERO, |budget| {
            Duration::from_secs_f64((bytes as f64 / budget).min(10.0))
        })
    }

    /// Whether there may be pictures between frames.
    #[must_use]
    pub(crate) fn between(&self) -> bool {
        self.stage == 0
    }

    /// The colours that are left of those that the terminal has.
    #[must_use]
    pub(crate) fn depth(&self, full: Depth) -> Depth {
        match (full, self.stage) {
            (Depth::Truecolor, 2 | 3) => Depth::Ansi256,
            (Depth::Truecolor | Depth::Ansi256, 4) => Depth::Ansi16,
            _ => full,
        }
    }

    /// Whether a cell of a map has one level for both halves.
    #[must_use]
    pub(crate) fn whole(&self) -> bool {
        self.stage >= 3
    }

    /// What was given up, in a few words.
    #[must_use]
    pub(crate) fn said(&self) -> Option<String> {
        let budget = self.budget? / 1000.0;
        let what = match self.stage {
            0 => return None,
            1 => "frames alone",
            2 => "fewer colours",
            3 => "whole cells",
            _ => "16 colours",
        };
        Some(format!("{budget} KB/s: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_up_one_thing_after_another_and_takes_them_back() {
        let start = Instant::now();
        let mut thrift = Thrift::new(Some(5.0));
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for (second, stage) in [(1, 0), (5, 1), (6, 1), (9, 2), (13, 3), (17, 4), (20, 4)] {
            thrift.spent(4000, at(second));
            assert_eq!(thrift.stage, stage, "after {second} s");
        }
        assert!(thrift.whole());
        assert_eq!(thrift.depth(Depth::Truecolor), Depth::Ansi16);
        assert_eq!(thrift.depth(Depth::None), Depth::None);
        assert_eq!(thrift.said().as_deref(), Some("5 KB/s: 16 colours"));
        assert_eq!(thrift.pause(5000), Duration::from_secs(1));
        for second in 30..90 {
            thrift.spent(50, at(second));
        }
        assert!(thrift.between() && thrift.said().is_none());
    }

    #[test]
    fn without_a_budget_nothing_is_given_up() {
        let start = Instant::now();
        let mut thrift = Thrift::new(None);
        for second in 0..60 {
            thrift.spent(1_000_000, start + Duration::from_secs(second));
        }
        assert!(thrift.between() && thrift.pause(1_000_000).is_zero());
        assert_eq!(thrift.depth(Depth::Truecolor), Depth::Truecolor);
    }
}
