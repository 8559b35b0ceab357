//! Pictures between recorded frames: tokens go along the arc from their place at one frame to that at the next, ρ linearly. The screen then moves
//! as often as the link allows, whatever the frames' own rate. Numbers are those of the later frame, and the line below says how many of
//! the pictures are frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::snapshot::Snapshot;
use crate::snapshot::view::{Density, FieldView, Picture, TokenView};

/// Frames that are further apart are not joined: the screen would lag behind the run.
const LONGEST: Duration = Duration::from_millis(700);
/// Frames that come faster than this need no pictures between them.
const SHORTEST: Duration = Duration::from_millis(50);

/// The way from one frame to the next.
#[derive(Debug, Default)]
pub(crate) struct Between {
    /// The frame before the latest, if that is the next one after it.
    from: Option<Arc<Snapshot>>,
    /// When the latest came, and how long after the one before.
    arrived: Option<Instant>,
    every: Duration,
    /// The picture on show, and how far it is on the way.
    shown: Option<(Arc<Snapshot>, f64)>,
}

impl Between {
    /// A frame comes after another one.
    pub(crate) fn arrive(&mut self, before: Option<&Arc<Snapshot>>, next: &Snapshot, at: Instant) {
        let every = self.arrived.map_or(LONGEST, |last| at - last);
        self.from = before
            .filter(|before| before.frame + 1 == next.frame && (SHORTEST..LONGEST).contains(&every))
            .cloned();
        self.every = every;
        self.arrived = Some(at);
        self.shown = None;
    }

    /// Nothing is between frames: the run stands still, or is looked back at.
    pub(crate) fn stop(&mut self) {
        (self.from, self.shown) = (None, None);
    }

    /// Whether another picture is to be drawn before the next frame.
    #[must_use]
    pub(crate) fn moves(&self) -> bool {
        self.from.is_some()
    }

    /// Goes on to where the picture is at this time.
    pub(crate) fn go_on(&mut self, latest: &Arc<Snapshot>, at: Instant) {
        let (Some(from), Some(arrived)) = (&self.from, self.arrived) else {
            return;
        };
        let share = (at - arrived).as_secs_f64() / self.every.as_secs_f64();
        if share >= 1.0 {
            self.stop();
        } else {
            self.shown = Some((Arc::new(between(from, latest, share)), share));
        }
    }

    /// The picture on show.
    #[must_use]
    pub(crate) fn shown(&self) -> Option<&Arc<Snapshot>> {
        self.shown.as_ref().map(|(picture, _)| picture)
    }

    /// How much of the way to the latest frame is left: 0 when that is on show.
    #[must_use]
    pub(crate) fn left(&self) -> f64 {
        self.shown.as_ref().map_or(0.0, |(_, share)| 1.0 - share)
    }
}

/// The picture at this share of the way from one frame to the next.
#[must_use]
fn between(from: &Snapshot, to: &Snapshot, share: f64) -> Snapshot {
    let mut picture = Snapshot {
        history: to.history.clone(),
        ..to.without_history()
    };
    mix_tokens(&from.tokens, &mut picture.tokens, share);
    match (&from.field, &mut picture.field) {
        (FieldView::Resolved(before), FieldView::Resolved(after)) => {
            mix_density(before, after, share);
        }
        (FieldView::Reference(before), FieldView::Reference(after)) => {
            mix_tokens(before, after, share);
        }
        _ => {}
    }
    picture
}

fn mix_tokens(from: &TokenView, to: &mut TokenView, share: f64) {
    let alike = from.positions.len() == to.positions.len() && from.plane.len() == to.plane.len();
    if !alike {
        return;
    }
    let places = (from.positions.chunks_exact(to.dimension))
        .zip(to.positions.chunks_exact_mut(to.dimension));
    for (before, after) in places {
        along(before, after, share, to.flat);
    }
    for (before, after) in from.plane.iter().zip(&mut to.plane) {
        // on the circle the plane is the circle itself; above it a projection, whose points go straight
        along(before, after, share, to.flat || to.dimension > 2);
    }
}

/// `to` ← the point at this share of the way: straight, or along the arc of the sphere.
fn along(from: &[f64], to: &mut [f64], share: f64, straight: bool) {
    let product: f64 = from.iter().zip(&*to).map(|(a, b)| a * b).sum();
    let angle = product.clamp(-1.0, 1.0).acos();
    let (a, b) = if straight || angle < 1e-6 {
        (1.0 - share, share)
    } else {
        let sin = angle.sin();
        (
            ((1.0 - share) * angle).sin() / sin,
            (share * angle).sin() / sin,
        )
    };
    // opposite points have no shortest arc
    if a.is_finite() && b.is_finite() && a.abs().max(b.abs()) < 1e3 {
        to.iter_mut()
            .zip(from)
            .for_each(|(to, from)| *to = a * from + b * *to);
    }
}

fn mix_density(from: &Density, to: &mut Density, share: f64) {
    let mix = |before: &[f64], after: &mut [f64]| {
        if before.len() == after.len() {
            let pairs = after.iter_mut().zip(before);
            pairs.for_each(|(after, before)| *after = before + share * (*after - before));
        }
    };
    match (&from.picture, &mut to.picture) {
        (Picture::Circle(before), Picture::Circle(after)) => mix(before, after),
        (Picture::Sphere { values: before, .. }, Picture::Sphere { values: after, .. }) => {
            mix(before, after);
        }
        (
            Picture::Zonal {
                values: before,
                angles: law,
                ..
            },
            Picture::Zonal {
                values: after,
                angles,
                ..
            },
        ) => {
            mix(before, after);
            mix(law, angles);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::run::Session;

    fn two_frames(name: &str) -> (Snapshot, Snapshot) {
        let mut session = Session::new(presets::load(name).unwrap());
        session.advance(&|| false).unwrap();
        let first = session.snapshot();
        session.advance(&|| false).unwrap();
        (first, session.snapshot())
    }

    #[test]
    fn tokens_stay_on_their_sphere_and_the_density_keeps_its_mass_on_the_way() {
        for name in ["metastable", "sphere-pair", "gaussian-origin"] {
            let (from, to) = two_frames(name);
            for share in [0.0, 0.3, 1.0] {
                let picture = between(&from, &to, share);
                let d = picture.tokens.dimension;
                let rows = |view: &TokenView| -> Vec<Vec<f64>> {
                    view.positions
                        .chunks_exact(d)
                        .map(<[f64]>::to_vec)
                        .collect()
                };
                for (x, y) in rows(&picture.tokens).iter().zip(rows(&from.tokens)) {
                    let length = x.iter().map(|v| v * v).sum::<f64>();
                    assert!(
                        picture.tokens.flat || (length - 1.0).abs() < 1e-12,
                        "{name} {length}"
                    );
                    let gap = x
                        .iter()
                        .zip(&y)
                        .map(|(a, b)| (a - b).abs())
                        .fold(0.0, f64::max);
                    assert!(share > 0.0 || gap < 1e-12, "{name} {gap}");
                }
                if let (Some(density), Some(last)) = (picture.resolved(), to.resolved()) {
                    let sum = |list: &[f64]| list.iter().sum::<f64>();
                    let (whole, wanted) = (density.picture.values(), last.picture.values());
                    // cells of S² weigh differently: the mass of the circle is the plain sum
                    if d == 2 {
                        assert!((sum(whole) / sum(wanted) - 1.0).abs() < 1e-12);
                    }
                    let off = whole
                        .iter()
                        .zip(wanted)
                        .map(|(a, b)| (a - b).abs() / (1.0 + b));
                    assert!(share < 1.0 || off.fold(0.0, f64::max) < 1e-12);
                }
                assert_eq!(picture.values.len(), to.values.len());
                assert!((picture.time - to.time).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn pictures_go_from_one_frame_to_the_next_in_the_time_that_frames_take() {
        let (from, to) = two_frames("metastable");
        let (from, to) = (Arc::new(from), Arc::new(to));
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut way = Between::default();
        way.arrive(None, &from, at(0));
        assert!(!way.moves());
        way.arrive(Some(&from), &to, at(100));
        way.go_on(&to, at(125));
        assert!((way.left() - 0.75).abs() < 1e-9 && way.shown().is_some());
        way.go_on(&to, at(201));
        assert!(!way.moves() && way.shown().is_none() && way.left() == 0.0);
        // a frame that was not seen, and one that came at once or late
        for (before, millis) in [(Some(&to), 100), (Some(&from), 5), (Some(&from), 2000)] {
            let mut way = Between::default();
            way.arrive(None, &from, at(0));
            way.arrive(before, &to, at(millis));
            assert!(!way.moves(), "{millis}");
        }
    }
}
