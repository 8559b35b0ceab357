//! What is kept of numbers that come one by one: count, mean, standard error, quantiles. The memory does not grow with their number.

/// The quantiles that are kept.
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Up to so many numbers quantiles are exact; beyond, their rank is off by at most a few parts in a thousand.
pub const EXACT: usize = 4096;

/// Count, mean and squared deviations (Welford); numbers that are not finite are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Running {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Running {
    /// One more number.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; NaN of none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// √(Σ(x − mean)²/(R − 1)/R), the standard error of the mean; NaN of fewer than two.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        let count = self.count as f64;
        if self.count < 2 {
            return f64::NAN;
        }
        (self.squares / (count - 1.0) / count).sqrt()
    }
}

/// Quantiles of a stream: a list as long as it is short, then lists of numbers that stand for 2, 4, 8, … each. A full list is sorted and every
/// other number goes up, the first and the second of each pair in turn: deterministic, and the rank is off by less than
/// log₂(R/4096)/8192 of R.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantiles {
    levels: Vec<Vec<f64>>,
    /// Whether the next list that goes up sends the second of each pair.
    second: bool,
}

impl Quantiles {
    /// One more number; those that are not finite are not counted.
    pub fn push(&mut self, value: f64) {
        if value.is_finite() {
            self.push_at(0, value);
        }
    }

    fn push_at(&mut self, level: usize, value: f64) {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(value);
        // one more than the exact number: a list of exactly so many is still exact
        if self.levels[level].len() <= EXACT {
            return;
        }
        let rest = self.levels[level].pop();
        let mut full = std::mem::take(&mut self.levels[level]);
        full.sort_by(f64::total_cmp);
        let first = usize::from(self.second);
        self.second = !self.second;
        for value in full.into_iter().skip(first).step_by(2) {
            self.push_at(level + 1, value);
        }
        self.levels[level].extend(rest);
    }

    /// The quantiles of [`QUANTILES`], between two numbers by the straight line (NumPy's default); NaN of none.
    #[must_use]
    pub fn values(&self) -> [f64; 5] {
        let mut weighted: Vec<(f64, u64)> = (self.levels.iter().enumerate())
            .flat_map(|(level, list)| list.iter().map(move |value| (*value, 1_u64 << level)))
            .collect();
        weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = weighted.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return [f64::NAN; 5];
        }
        let at = |rank: u64| {
            let mut before = 0;
            for (value, weight) in &weighted {
                before += weight;
                if before > rank {
                    return *value;
                }
            }
            f64::NAN
        };
        QUANTILES.map(|share| {
            let place = share * (total - 1) as f64;
            let (low, part) = (place.floor(), place.fract());
            let (a, b) = (at(low as u64), at(place.ceil() as u64));
            if part == 0.0 { a } else { a + (b - a) * part }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::random::{Stream, generator, unit};

    #[test]
    fn mean_and_error_are_those_of_the_list_and_what_is_not_finite_is_not_counted() {
        let list = [3.0, 1.5, -2.0, 8.25];
        let mut running = Running::default();
        list.iter().for_each(|x| running.push(*x));
        running.push(f64::NAN);
        running.push(f64::INFINITY);
        let mean = list.iter().sum::<f64>() / 4.0;
        let squares: f64 = list.iter().map(|x| (x - mean).powi(2)).sum();
        assert_eq!(running.count(), 4);
        assert!((running.mean() - mean).abs() < 1e-15);
        assert!((running.standard_error() - (squares / 12.0).sqrt()).abs() < 1e-14);
        assert!(Running::default().mean().is_nan());
    }

    #[test]
    fn a_mean_far_from_zero_keeps_its_deviation() {
        let mut running = Running::default();
        (0..1000).for_each(|j| running.push(1e9 + f64::from(j % 2)));
        let expected = (0.25 * 1000.0 / 999.0 / 1000.0_f64).sqrt();
        assert!((running.standard_error() / expected - 1.0).abs() < 1e-6);
    }

    #[test]
    fn short_lists_have_the_quantiles_of_numpy() {
        let mut quantiles = Quantiles::default();
        [7.0, 1.0, 3.0, 5.0].iter().for_each(|x| quantiles.push(*x));
        // numpy.quantile([1, 3, 5, 7], [.05, .25, .5, .75, .95])
        for (found, expected) in quantiles.values().iter().zip([1.3, 2.5, 4.0, 5.5, 6.7]) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        let mut one = Quantiles::default();
        one.push(2.0);
        assert_eq!(one.values(), [2.0; 5]);
    }

    #[test]
    fn long_streams_keep_their_quantiles_within_the_bound_and_their_memory() {
        let mut rng = generator(5, Stream::Tokens);
        let mut quantiles = Quantiles::default();
        let count = 300_000;
        let mut list: Vec<f64> = (0..count).map(|_| unit(&mut rng).powi(3)).collect();
        list.iter().for_each(|x| quantiles.push(*x));
        assert!(quantiles.levels.iter().all(|level| level.len() <= EXACT));
        list.sort_by(f64::total_cmp);
        let bound = (count as f64 / EXACT as f64).log2() / (2.0 * EXACT as f64);
        for (share, value) in QUANTILES.iter().zip(quantiles.values()) {
            let rank = list.partition_point(|x| *x < value) as f64 / count as f64;
            assert!((rank - share).abs() < bound, "{share} {rank} {bound}");
        }
    }
}
