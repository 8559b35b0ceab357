//! Tokens of the circle in their order around it, once a frame for all that need it.
//!
//! A field moves neighbours as neighbours, so the order of the frame before is the order of this one, but for the place where the
//! angles begin: the stable sort finds two runs and merges them, O(n).

use rayon::prelude::*;

use crate::dispatch::SHARED_FROM;
use crate::measure::Particles;
use crate::sphere::geometry::gap;

/// The order of the frame before.
#[derive(Default)]
pub struct Around {
    order: Vec<u32>,
}

impl Around {
    /// The tokens as (angle in [0, 2π), index), by angle.
    pub fn sort(&mut self, angles: &[f64]) -> Vec<(f64, u32)> {
        if self.order.len() != angles.len() {
            self.order = (0..angles.len() as u32).collect();
        }
        let angle = |i: &u32| (angles[*i as usize], *i);
        // the angles of neighbours lie anywhere in memory: what takes time is waiting for it
        let mut sorted: Vec<(f64, u32)> = if angles.len() < SHARED_FROM {
            self.order.iter().map(angle).collect()
        } else {
            self.order.par_iter().map(angle).collect()
        };
        if !sorted.is_sorted_by(|a, b| a.0.total_cmp(&b.0).is_le()) {
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            (self.order.iter_mut().zip(&sorted)).for_each(|(i, (_, index))| *i = *index);
        }
        sorted
    }
}

/// min 1 − ⟨x_i,x_j⟩ among neighbours; NaN for fewer than two tokens. The angles tell which pairs it can be, up to their rounding; only
/// the positions of those, which lie anywhere in memory, are looked at.
#[must_use]
pub fn closest(tokens: &Particles, around: &[(f64, u32)]) -> f64 {
    let n = around.len();
    if n < 2 {
        return f64::NAN;
    }
    let token = |place: usize| tokens.row(around[place % n].1 as usize);
    let apart = |place: usize| gap(token(place), token(place + 1));
    let least = (around.windows(2)).fold(f64::INFINITY, |least, two| {
        let angle = two[1].0 - two[0].0;
        if angle < least { angle } else { least }
    });
    let near = least + ANGLES;
    let pairs = around.windows(2).enumerate();
    (pairs.filter(|(_, two)| two[1].0 - two[0].0 <= near))
        .map(|(place, _)| apart(place))
        .fold(apart(n - 1), f64::min)
}

/// Rounding of a difference of two angles, with something to spare.
const ANGLES: f64 = 1e-14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn the_order_is_that_of_the_angles_also_after_tokens_have_moved_or_changed_their_number() {
        let mut around = Around::default();
        for (count, turn) in [
            (500, 0.0),
            (500, 1.0),
            (500, 4.0),
            (30, 0.0),
            (2, 0.3),
            (1, 0.0),
        ] {
            let tokens = Law::Uniform.sample(count, 2, 3);
            let angles: Vec<f64> = (tokens.angles().iter())
                .map(|a| crate::sphere::geometry::wrap(a + turn))
                .collect();
            let sorted = around.sort(&angles);
            assert!(sorted.is_sorted_by(|a, b| a.0 <= b.0));
            let mut seen: Vec<u32> = sorted.iter().map(|(_, i)| *i).collect();
            seen.sort_unstable();
            assert!(seen.iter().zip(0..).all(|(a, b)| *a == b));
            assert!(
                sorted
                    .iter()
                    .all(|(angle, i)| *angle == angles[*i as usize])
            );
        }
    }

    #[test]
    fn the_closest_pair_may_lie_across_the_origin() {
        let angles: [f64; 3] = [0.01, 3.0, -0.01];
        let rows = angles.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
        let tokens = Particles::new(2, rows);
        let sorted = Around::default().sort(&tokens.angles());
        assert!((closest(&tokens, &sorted) - (1.0 - 0.02_f64.cos())).abs() < 1e-16);
        let alone = Particles::new(2, vec![1.0, 0.0]);
        assert!(closest(&alone, &[(0.0, 0)]).is_nan());
    }
}
