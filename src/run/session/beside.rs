//! A frame is observed and written while the next one is computed: a copy of what moves goes ahead. Bits are those of one after the other.

use super::Session;
use crate::run::SessionError;

impl Session {
    /// The present frame is observed and shown to `visit` while both sides move to the next one, which is not yet observed then; false when
    /// `cancelled` said so on the way.
    ///
    /// # Errors
    /// [`SessionError`] when a side cannot be followed: after the present frame was shown.
    pub(crate) fn advance_beside<T>(
        &mut self,
        cancelled: &(dyn Fn() -> bool + Sync),
        visit: impl FnOnce(&Self) -> T,
    ) -> (T, Result<bool, SessionError>) {
        // an ensemble is shared out as it is, and its copy would cost more than it gains
        let alone = self.moving.ensemble.is_some() || rayon::current_num_threads() == 1;
        if !self.observed() || alone {
            let seen = self.show(visit);
            return (seen, self.moving.advance(cancelled));
        }
        let mut ahead = self.moving.clone();
        let mut moved = Ok(false);
        // whoever is shown the frame stays in this thread
        let seen = rayon::in_place_scope(|scope| {
            scope.spawn(|_| moved = ahead.advance(cancelled));
            self.show(visit)
        });
        ahead
            .companion
            .keep_what_is_seen(&mut self.moving.companion);
        self.moving = ahead;
        (seen, moved)
    }

    /// Observes the present frame, if it is one of those, and shows it.
    pub(crate) fn show<T>(&mut self, visit: impl FnOnce(&Self) -> T) -> T {
        if self.seen.0 != self.moving.frame {
            self.observe_where_asked();
        }
        visit(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::experiment::spec::{Change, Experiment};
    use crate::machine::testing::on_threads;

    fn bits(session: &Session) -> Vec<Vec<u64>> {
        let records = session.history.records().iter();
        records
            .map(|record| record.values.iter().map(|v| v.to_bits()).collect())
            .collect()
    }

    fn one_after_the_other(experiment: &Experiment, frames: usize) -> Session {
        let mut session = Session::without_pictures(experiment.clone());
        (0..frames).for_each(|_| assert_eq!(session.advance(&|| false), Ok(true)));
        session
    }

    fn beside(experiment: &Experiment, frames: usize) -> (Session, Vec<f64>) {
        let mut session = Session::without_pictures(experiment.clone());
        let mut shown = Vec::new();
        for _ in 0..frames {
            let (time, moved) = session.advance_beside(&|| false, Session::time);
            assert_eq!(moved, Ok(true));
            shown.push(time);
        }
        shown.push(session.show(Session::time));
        (session, shown)
    }

    #[test]
    fn what_is_seen_beside_the_next_frame_has_the_bits_of_one_after_the_other_in_every_preset() {
        for preset in presets::list() {
            let mut experiment = presets::load(&preset.name).unwrap();
            experiment.tokens.count = experiment.tokens.count.min(400);
            let frames = 4.min(experiment.time.recorded() - 1);
            // a change on the way: what moves has it before what is seen
            if experiment.changes.is_empty() && experiment.attention.beta > 0.0 {
                experiment.changes.push(Change {
                    at: experiment.time.frame(2),
                    beta: Some(0.5 * experiment.attention.beta),
                    normalisation: None,
                    diffusion: None,
                });
            }
            let one = one_after_the_other(&experiment, frames);
            let (two, shown) = on_threads(2, || beside(&experiment, frames));
            assert_eq!(bits(&one), bits(&two), "{}", preset.name);
            let times: Vec<f64> = (0..=frames).map(|k| experiment.time.frame(k)).collect();
            assert_eq!(shown, times, "{}", preset.name);
            let positions = |session: &Session| session.tokens().tokens().positions.clone();
            assert_eq!(positions(&one), positions(&two), "{}", preset.name);
        }
    }
}
