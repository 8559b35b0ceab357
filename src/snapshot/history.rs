//! What a run leaves behind for plots: at every recorded frame the observables, and a coarse picture of both sides for
//! the space–time view and the trails.

use std::sync::Arc;

/// Angles at which the space–time picture keeps the density.
pub(crate) const PICTURE_ANGLES: usize = 192;
/// Tokens that are kept for trails and the space–time picture; beyond, every ⌈n/limit⌉-th one.
pub(crate) const PICTURE_TOKENS: usize = 256;

/// The value of a curve at a place: at one of its points, or on the line between two; none outside.
#[must_use]
pub(crate) fn between(curve: &[(f64, f64)], x: f64) -> Option<f64> {
    let next = curve.partition_point(|point| point.0 < x);
    let right = curve.get(next)?;
    if right.0 == x {
        return Some(right.1).filter(|y| y.is_finite());
    }
    let left = curve.get(next.checked_sub(1)?)?;
    let share = (x - left.0) / (right.0 - left.0);
    Some(left.1 + share * (right.1 - left.1)).filter(|y| y.is_finite())
}

/// Frames over which a count of a noisy run is steadied.
pub(crate) const STEADY: usize = 9;

/// The median of each value and the eight before it: a count that noise moves up and down from frame to frame stands still, and follows a lasting
/// change five frames later.
#[must_use]
pub(crate) fn steadied(values: &[f64]) -> Vec<f64> {
    (0..values.len())
        .map(|at| {
            let mut last = values[(at + 1).saturating_sub(STEADY)..=at].to_vec();
            last.sort_by(f64::total_cmp);
            last[last.len() / 2]
        })
        .collect()
}

/// One recorded frame.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its time.
    pub time: f64,
    /// One value for each row of [`crate::observe::OBSERVABLES`]; NaN where it does not exist.
    pub values: Vec<f64>,
    /// ρ at [`PICTURE_ANGLES`] equispaced angles, empty where there is no resolved density: on the circle the angle θ, on
    /// S² the mean over longitudes at the colatitudes π(j+½)/N, for a zonal density ρ at the angles π(j+½)/N to its axis.
    pub density: Vec<f32>,
    /// The density of ⟨x_i,x_j⟩ on [−1, 1], in equal bins ([`crate::observe::products`]).
    pub products: Vec<f32>,
    /// For the kept tokens, the position drawn on the plane: on the circle x itself.
    pub tokens: Vec<[f32; 2]>,
    /// For the kept tokens on S², the position itself.
    pub places: Vec<[f32; 3]>,
    /// For the kept tokens, the angle that belongs to the density's: θ, the colatitude, or the angle to the axis.
    pub angles: Vec<f32>,
}

/// All recorded frames so far; cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct History {
    records: Vec<Arc<Record>>,
}

impl History {
    /// Adds a frame.
    pub fn push(&mut self, record: Record) {
        self.records.push(Arc::new(record));
    }

    /// Whether it is of the same run: another one has another first record.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        match (self.records.first(), other.records.first()) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// The history up to a frame.
    #[must_use]
    pub fn until(&self, frame: usize) -> Self {
        let end = (frame + 1).min(self.records.len());
        Self {
            records: self.records[..end].to_vec(),
        }
    }

    /// The frames in order of time.
    #[must_use]
    pub fn records(&self) -> &[Arc<Record>] {
        &self.records
    }

    /// (t, value) of one observable at every frame where it is finite.
    #[must_use]
    pub fn series(&self, column: usize) -> Vec<(f64, f64)> {
        self.records
            .iter()
            .map(|record| (record.time, record.values[column]))
            .filter(|(_, value)| value.is_finite())
            .collect()
    }

    /// (t, value) by the observable's name.
    #[must_use]
    pub fn series_named(&self, name: &str) -> Vec<(f64, f64)> {
        crate::observe::table::column(name).map_or_else(Vec::new, |column| self.series(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_jitters_stands_still_and_a_lasting_change_is_followed() {
        let mut counts = vec![4.0; 20];
        for at in [3, 4, 9, 13] {
            counts[at] = 6.0;
        }
        counts.extend([3.0; 12]);
        let steady = steadied(&counts);
        assert!(steady[..20].iter().all(|count| *count == 4.0), "{steady:?}");
        assert_eq!(steady.iter().position(|count| *count == 3.0), Some(24));
        assert!(steady[24..].iter().all(|count| *count == 3.0));
    }

    #[test]
    fn a_curve_has_values_between_its_points_and_nowhere_else() {
        let curve = [(0.0, 1.0), (2.0, 3.0), (4.0, f64::NAN)];
        assert_eq!(between(&curve, 0.0), Some(1.0));
        assert_eq!(between(&curve, 0.5), Some(1.5));
        assert_eq!((between(&curve, 3.0), between(&curve, 5.0)), (None, None));
        assert_eq!(between(&curve, -1.0), None);
    }
}
