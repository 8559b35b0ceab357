//! The pasts of some tokens of S². The history keeps their principal plane only, so the screen remembers the positions
//! that it was shown; frames that came faster than the screen are missing, and the arcs between the others are short.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::snapshot::Snapshot;
use crate::snapshot::history::{History, Record};

/// Recorded frames that a trail is long.
pub(crate) const LENGTH: usize = 30;
/// Most trails.
const TRAILS: usize = 64;

/// Where the tokens were at one frame.
#[derive(Debug, Clone)]
struct Moment {
    frame: usize,
    time: f64,
    points: Vec<[f64; 3]>,
}

/// Positions at the last frames seen, the newest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trails {
    /// The first record of the run: another run has another one.
    run: Option<Arc<Record>>,
    /// Every which token of the snapshot has a trail.
    every: usize,
    past: VecDeque<Moment>,
}

impl Trails {
    /// Takes note of a frame; a frame of another run, or an earlier one, starts anew.
    pub(crate) fn follow(&mut self, snapshot: &Snapshot, history: &History) {
        let tokens = &snapshot.tokens;
        let first = history.records().first();
        let same = match (&self.run, first) {
            (Some(run), Some(first)) => Arc::ptr_eq(run, first),
            _ => false,
        };
        let last = self.past.back().map(|moment| moment.frame);
        if !same || tokens.dimension != 3 || last.is_some_and(|last| last > snapshot.frame) {
            self.past.clear();
            self.run = first.cloned();
        }
        let seen = self.past.back().map(|moment| moment.frame) == Some(snapshot.frame);
        if tokens.dimension != 3 || seen {
            return;
        }
        self.every = tokens.labels.len().div_ceil(TRAILS).max(1);
        let points = tokens.positions.chunks_exact(3).step_by(self.every);
        self.past.push_back(Moment {
            frame: snapshot.frame,
            time: snapshot.time,
            points: points.map(|x| [x[0], x[1], x[2]]).collect(),
        });
        while (self.past.front()).is_some_and(|moment| moment.frame + LENGTH < snapshot.frame) {
            self.past.pop_front();
        }
    }

    /// How far back they reach in simulated time.
    #[must_use]
    pub(crate) fn duration(&self) -> f64 {
        match (self.past.front(), self.past.back()) {
            (Some(first), Some(last)) => last.time - first.time,
            _ => 0.0,
        }
    }

    /// The paths, the oldest place first, each with the token's place in the snapshot's lists.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (usize, Vec<[f64; 3]>)> {
        let count = self.past.back().map_or(0, |moment| moment.points.len());
        (0..count).map(|k| {
            let places = self.past.iter().filter_map(|moment| moment.points.get(k));
            (k * self.every, places.copied().collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::run::Session;

    fn follow(trails: &mut Trails, session: &Session) {
        let snapshot = session.snapshot();
        trails.follow(&snapshot, &snapshot.history);
    }

    #[test]
    fn trails_follow_a_run_and_begin_anew_with_another() {
        let mut session = Session::new(presets::load("sphere-pair").unwrap());
        let mut trails = Trails::default();
        for _ in 0..3 {
            follow(&mut trails, &session);
            follow(&mut trails, &session);
            session.advance(&|| false).unwrap();
        }
        assert_eq!(trails.past.len(), 3);
        assert!((trails.duration() - 0.1).abs() < 1e-9);
        let paths: Vec<_> = trails.paths().collect();
        assert!(paths.len() <= TRAILS && paths.len() > TRAILS / 2);
        for (index, path) in paths {
            assert!(index < session.snapshot().tokens.labels.len());
            assert_eq!(path.len(), 3);
            for pair in path.windows(2) {
                let square: f64 = (0..3).map(|k| (pair[0][k] - pair[1][k]).powi(2)).sum();
                assert!(square > 0.0 && square < 0.25);
            }
        }
        let other = Session::new(presets::load("sphere-pair").unwrap());
        follow(&mut trails, &other);
        assert_eq!((trails.past.len(), trails.duration()), (1, 0.0));
        follow(
            &mut trails,
            &Session::new(presets::load("kuramoto").unwrap()),
        );
        assert_eq!(trails.past.len(), 0);
    }
}
