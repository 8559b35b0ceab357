//! Tokens of the circle in their order around it, once a frame for all that need it.
//!
//! A field moves neighbours as neighbours, so the order of the frame before is the order of this one, but for those that have gone
//! through the place where the angles begin, by so many the order is turned, and for what rounding does to tokens that have come
//! together, which are then taken to be where the foremost of them is. O(n); sorted anew only where that is not enough.

use rayon::prelude::*;

use crate::machine::thresholds::SHARED_FROM;
use crate::measure::Particles;
use crate::sphere::geometry::gap;
use std::f64::consts::PI;

/// Masses at places of a line, in order of place.
#[derive(Debug, Clone, Default)]
pub struct Sorted {
    /// The places.
    pub places: Vec<f64>,
    /// What is there.
    pub masses: Masses,
}

/// The masses of a list.
#[derive(Debug, Clone)]
pub enum Masses {
    /// All the same.
    Equal(f64),
    /// One by one.
    Each(Vec<f64>),
}

impl Default for Masses {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Sorted {
    /// A list of (place, mass) in any order.
    #[must_use]
    pub fn of(mut list: Vec<(f64, f64)>) -> Self {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (places, masses) = list.into_iter().unzip();
        Self {
            places,
            masses: Masses::Each(masses),
        }
    }

    /// The mass of one.
    #[inline]
    #[must_use]
    pub fn mass(&self, i: usize) -> f64 {
        match &self.masses {
            Masses::Equal(mass) => *mass,
            Masses::Each(masses) => masses[i],
        }
    }

    /// The mass from one to before another, the same sum however it is shared out.
    #[must_use]
    pub(crate) fn mass_between(&self, from: usize, to: usize) -> f64 {
        match &self.masses {
            Masses::Equal(mass) => (to - from) as f64 * mass,
            Masses::Each(masses) => masses[from..to].iter().sum(),
        }
    }
}

/// The tokens by angle, and their order in the frame before.
#[derive(Debug, Clone, Default)]
pub(crate) struct AngularOrder {
    order: Vec<u32>,
    sorted: Sorted,
}

impl AngularOrder {
    /// Sorts tokens at `angles` in [0, 2π); `common` is the weight of all, if they have one.
    pub(crate) fn sort(&mut self, angles: &[f64], weights: &[f64], common: Option<f64>) {
        if self.order.len() != angles.len() {
            self.order = (0..angles.len() as u32).collect();
        }
        let places = &mut self.sorted.places;
        gather(angles, &self.order, places);
        let (sorted, first) = scan(places);
        if let Some(first) = first {
            places.rotate_left(first);
            self.order.rotate_left(first);
        }
        if !sorted && make_monotone(places) > ANGLES {
            (self.order).par_sort_by(|a, b| angles[*a as usize].total_cmp(&angles[*b as usize]));
            gather(angles, &self.order, places);
        }
        match common {
            Some(mass) => self.sorted.masses = Masses::Equal(mass),
            None => {
                let mut masses = match std::mem::take(&mut self.sorted.masses) {
                    Masses::Each(masses) => masses,
                    Masses::Equal(_) => Vec::new(),
                };
                gather(weights, &self.order, &mut masses);
                self.sorted.masses = Masses::Each(masses);
            }
        }
    }

    /// The tokens sorted last.
    #[must_use]
    pub(crate) fn tokens(&self) -> &Sorted {
        &self.sorted
    }

    /// min 1 − ⟨x_i,x_j⟩ among neighbours; NaN for fewer than two tokens. The angles tell which pairs it can be, up to their rounding;
    /// only the positions of those, which lie anywhere in memory, are looked at.
    #[must_use]
    pub(crate) fn closest(&self, tokens: &Particles) -> f64 {
        let (n, places) = (self.order.len(), &self.sorted.places);
        if n < 2 {
            return f64::NAN;
        }
        let token = |place: usize| tokens.row(self.order[place % n] as usize);
        let apart = |place: usize| gap(token(place), token(place + 1));
        let smaller = |a: f64, b: f64| if b < a { b } else { a };
        // pairs in parts, the first of the next part with each
        let parts = (0..n - 1).into_par_iter().step_by(SHARED_FROM);
        let part = |start: usize| &places[start..(start + SHARED_FROM + 1).min(n)];
        let least = (parts.clone())
            .map(|start| {
                let apart = part(start).windows(2).map(|two| two[1] - two[0]);
                apart.fold(f64::INFINITY, smaller)
            })
            .reduce(|| f64::INFINITY, smaller);
        let near = least + ANGLES;
        let closest = |start: usize| {
            let pairs = part(start).windows(2).enumerate();
            let near = pairs.filter(|(_, two)| two[1] - two[0] <= near);
            (near.map(|(place, _)| apart(start + place))).fold(f64::INFINITY, smaller)
        };
        (parts.map(closest)).reduce(|| apart(n - 1), smaller)
    }
}

/// Rounding of a difference of two angles, with something to spare.
const ANGLES: f64 = 1e-14;

/// Whether all are in order, and the first token that is half a turn and more before its predecessor.
fn scan(places: &[f64]) -> (bool, Option<usize>) {
    let parts = (places.par_chunks(SHARED_FROM).enumerate()).map(|(part, list)| {
        let start = part * SHARED_FROM;
        // the first of the next part as well
        let list = &places[start..(start + list.len() + 1).min(places.len())];
        if list.is_sorted() {
            return (true, None);
        }
        let wrapped = list.windows(2).position(|two| two[0] > two[1] + PI);
        (false, wrapped.map(|place| start + place + 1))
    });
    parts.reduce(|| (true, None), |a, b| (a.0 && b.0, a.1.or(b.1)))
}

/// Takes every place to the largest so far; returns how far at most.
fn make_monotone(places: &mut [f64]) -> f64 {
    let mut most = (places.par_chunks_mut(SHARED_FROM))
        .map(|part| make_monotone_from(part, f64::NEG_INFINITY))
        .reduce(|| 0.0, f64::max);
    for border in (SHARED_FROM..places.len()).step_by(SHARED_FROM) {
        let top = places[border - 1];
        let behind = places[border..].iter().take_while(|place| **place < top);
        let end = border + behind.count();
        most = most.max(make_monotone_from(&mut places[border..end], top));
    }
    most
}

/// Raises every place after `top` that is below the one before it; returns the largest rise.
fn make_monotone_from(places: &mut [f64], mut top: f64) -> f64 {
    let mut most = 0.0;
    for place in places {
        let below = top - *place;
        if below > most {
            most = below;
        }
        if below > 0.0 {
            *place = top;
        } else {
            top = *place;
        }
    }
    most
}

/// `list` ← the entries of `from` in an order. They lie anywhere in memory: what takes time is waiting for it.
fn gather(from: &[f64], order: &[u32], list: &mut Vec<f64>) {
    list.resize(order.len(), 0.0);
    (list.par_iter_mut().zip(order).with_min_len(SHARED_FROM))
        .for_each(|(entry, i)| *entry = from[*i as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    #[test]
    fn the_order_is_that_of_the_angles_also_after_tokens_have_moved_or_changed_their_number() {
        let mut around = AngularOrder::default();
        for (count, turn) in [
            (500, 0.0),
            (500, 1.0),
            (500, 4.0),
            (30, 0.0),
            (2, 0.3),
            (1, 0.0),
            (100_000, 0.0),
            (100_000, 1.0),
        ] {
            let tokens = Law::Uniform.sample(count, 2, 3);
            let angles: Vec<f64> = (tokens.angles().iter())
                .map(|a| crate::sphere::geometry::wrap(a + turn))
                .collect();
            let weights: Vec<f64> = (0..count).map(|i| 1.0 + i as f64).collect();
            for common in [Some(0.5), None] {
                around.sort(&angles, &weights, common);
                let sorted = around.tokens();
                assert!(sorted.places.is_sorted());
                let mut seen = around.order.clone();
                seen.sort_unstable();
                assert!(seen.iter().zip(0..).all(|(a, b)| *a == b));
                for (place, i) in around.order.iter().enumerate() {
                    assert_eq!(sorted.places[place], angles[*i as usize]);
                    assert_eq!(sorted.mass(place), common.unwrap_or(weights[*i as usize]));
                }
            }
        }
    }

    #[test]
    fn tokens_that_rounding_has_put_out_of_order_stand_where_the_foremost_does() {
        let mut around = AngularOrder::default();
        let count = 3 * SHARED_FROM;
        let mut angles: Vec<f64> = (0..count).map(|i| 1e-6 * i as f64).collect();
        around.sort(&angles, &[], Some(1.0));
        for i in [5, SHARED_FROM - 1, 2 * SHARED_FROM - 2] {
            let [a, b, c] = [1.0, 2.0, 0.0].map(|k| angles[i] + 2e-16 * (angles[i] + 1.0) * k);
            (angles[i], angles[i + 1], angles[i + 2]) = (a, b, c);
        }
        let order = around.order.clone();
        around.sort(&angles, &[], Some(1.0));
        assert_eq!(around.order, order);
        assert!(around.tokens().places.is_sorted());
        let off = (around.tokens().places.iter().zip(&angles)).map(|(a, b)| a - b);
        assert!(off.fold(0.0, f64::max) < 1e-14);
        // farther apart, the order is another one
        angles.swap(20, 21);
        around.sort(&angles, &[], Some(1.0));
        assert_eq!(around.order[20], 21);
    }

    #[test]
    fn the_closest_pair_may_lie_across_the_origin() {
        let angles: [f64; 3] = [0.01, 3.0, -0.01];
        let rows = angles.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
        let tokens = Particles::new(2, rows);
        let mut around = AngularOrder::default();
        around.sort(&tokens.angles(), &tokens.weights, None);
        assert!((around.closest(&tokens) - (1.0 - 0.02_f64.cos())).abs() < 1e-16);
        let alone = Particles::new(2, vec![1.0, 0.0]);
        around.sort(&alone.angles(), &alone.weights, None);
        assert!(around.closest(&alone).is_nan());
    }
}
