//! The frames of a run as they were seen, one after another, for whoever looks back: all of them while they are small, every second, fourth, … when
//! they would take more memory than is set aside. The observables are in the history, of every frame.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::view::{FieldView, Picture, Snapshot};

/// Bytes that are set aside.
const ROOM: usize = 256 << 20;

/// The frames that are kept.
#[derive(Debug)]
struct Reel {
    /// In order, their histories left out.
    frames: Vec<Arc<Snapshot>>,
    bytes: usize,
    /// Every which frame is kept.
    every: usize,
    room: usize,
}

/// The film of one run: the computation adds to it, the screen looks at it.
#[derive(Debug, Clone)]
pub struct Film(Arc<Mutex<Reel>>);

impl Default for Film {
    fn default() -> Self {
        Self::of(ROOM)
    }
}

impl Film {
    fn of(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Reel {
            frames: Vec::new(),
            bytes: 0,
            every: 1,
            room,
        })))
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the film of the same run.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Adds a frame, or puts it in the place of the last one where that is the same.
    pub fn add(&self, snapshot: &Snapshot) {
        let mut reel = self.reel();
        if reel
            .frames
            .last()
            .is_some_and(|last| last.frame == snapshot.frame)
        {
            reel.pop();
        }
        if !snapshot.frame.is_multiple_of(reel.every) {
            return;
        }
        reel.bytes += bytes(snapshot);
        reel.frames.push(Arc::new(snapshot.without_history()));
        while reel.bytes > reel.room && reel.frames.len() > 2 {
            reel.thin();
        }
    }

    /// The kept frames after one, in order; all of them after none.
    #[must_use]
    pub fn after(&self, frame: Option<usize>) -> Vec<Arc<Snapshot>> {
        let reel = self.reel();
        let from = frame.map_or(0, |frame| {
            reel.frames.partition_point(|kept| kept.frame <= frame)
        });
        reel.frames[from..].to_vec()
    }

    /// The last kept frame up to one, or the first of all.
    #[must_use]
    pub fn at(&self, frame: usize) -> Option<Arc<Snapshot>> {
        let reel = self.reel();
        let next = reel.frames.partition_point(|kept| kept.frame <= frame);
        reel.frames.get(next.saturating_sub(1)).cloned()
    }

    /// The kept frame after one.
    #[must_use]
    pub fn next(&self, frame: usize) -> Option<Arc<Snapshot>> {
        let reel = self.reel();
        let next = reel.frames.partition_point(|kept| kept.frame <= frame);
        reel.frames.get(next).cloned()
    }

    /// The kept frame before one.
    #[must_use]
    pub fn before(&self, frame: usize) -> Option<Arc<Snapshot>> {
        let reel = self.reel();
        let here = reel.frames.partition_point(|kept| kept.frame < frame);
        reel.frames.get(here.checked_sub(1)?).cloned()
    }
}

impl Reel {
    fn pop(&mut self) {
        if let Some(last) = self.frames.pop() {
            self.bytes -= bytes(&last);
        }
    }

    /// Every second frame goes.
    fn thin(&mut self) {
        self.every *= 2;
        self.frames
            .retain(|kept| kept.frame.is_multiple_of(self.every));
        self.bytes = self.frames.iter().map(|kept| bytes(kept)).sum();
    }
}

/// Bytes of a frame without its history, about.
fn bytes(snapshot: &Snapshot) -> usize {
    let tokens = |view: &super::view::TokenView| {
        let listed = view.positions.len() + view.weights.len() + 2 * view.plane.len();
        8 * (listed + 2 * view.labels.len() + view.clusters.len() * (view.dimension + 4))
    };
    let field = match &snapshot.field {
        FieldView::Resolved(density) | FieldView::UnderResolved { last: density, .. } => {
            let more = match &density.picture {
                Picture::Zonal { angles, .. } => angles.len(),
                Picture::Circle(_) | Picture::Sphere { .. } => 0,
            };
            8 * (density.picture.values().len() + more) + 1024
        }
        FieldView::Reference(view) => tokens(view),
        FieldView::None(_) | FieldView::Gaussian { .. } => 1024,
    };
    tokens(&snapshot.tokens) + field + 4096
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::run::Session;

    #[test]
    fn a_film_holds_every_frame_and_thins_out_where_room_is_short() {
        let mut session = Session::new(presets::load("five-tokens").unwrap());
        let one = bytes(&session.snapshot());
        let (film, small) = (Film::default(), Film::of(9 * one));
        for _ in 0..33 {
            film.add(&session.snapshot());
            film.add(&session.snapshot());
            small.add(&session.snapshot());
            session.advance(&|| false).unwrap();
        }
        let kept =
            |film: &Film| -> Vec<usize> { film.after(None).iter().map(|s| s.frame).collect() };
        assert_eq!(kept(&film), (0..33).collect::<Vec<_>>());
        assert_eq!(kept(&small), (0..33).step_by(4).collect::<Vec<_>>());
        assert_eq!(film.after(Some(30)).len(), 2);
        assert!(film.at(7).unwrap().history.records().is_empty());
        assert_eq!(small.at(7).unwrap().frame, 4);
        assert_eq!(small.next(7).unwrap().frame, 8);
        assert_eq!(small.before(8).unwrap().frame, 4);
        assert!(small.before(0).is_none() && small.next(32).is_none());
        assert!(film.is(&film.clone()) && !film.is(&small));
    }
}
