//! The axis of time of every plot: linear, or logarithmic for exponentially slow motion, with its ticks.

use super::model::Model;
use super::number::{ceiling, tidy};
use super::ticks::powers;
use crate::run::worker::Status;

/// Where a time is on the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeAxis {
    /// Its first time, above 0 where it is logarithmic.
    pub from: f64,
    /// Its last.
    pub to: f64,
    /// Whether equal distances are equal ratios.
    pub log: bool,
    /// Whether it counts the layers of a replay.
    pub layers: bool,
    /// The time of the frame at which the reader looks back.
    pub cursor: Option<f64>,
}

impl TimeAxis {
    /// The whole run as planned, or as far as it has gone beyond. A logarithmic axis begins at the first frame after t = 0.
    #[must_use]
    pub(crate) fn of(model: &Model) -> Self {
        let whole = Self::whole(model);
        let now = model.live().map_or(0.0, |snapshot| snapshot.time);
        let running = !matches!(model.report.status, Status::Finished | Status::Failed(_));
        let to = if running && !whole.log && !whole.layers {
            window(now, whole.to)
        } else {
            whole.to
        };
        Self { to, ..whole }.zoomed(model)
    }

    /// The part that is left of it after so many halvings: around the cursor, else what was last.
    fn zoomed(self, model: &Model) -> Self {
        if model.zoom == 0 {
            return self;
        }
        let width = 0.5_f64.powi(model.zoom as i32);
        let now = model.snapshot().map_or(0.0, |snapshot| snapshot.time);
        let here = self.share(now).unwrap_or(0.0).clamp(0.0, 1.0);
        let end = match self.cursor {
            Some(_) => here + 0.5 * width,
            None => here,
        };
        let end = end.clamp(width, 1.0);
        Self {
            from: self.time(end - width),
            to: self.time(end),
            ..self
        }
    }

    /// The whole run, whatever of it is shown on the plots.
    #[must_use]
    pub(crate) fn whole(model: &Model) -> Self {
        let spec = &model.experiment.time;
        let now = model.live().map_or(0.0, |snapshot| snapshot.time);
        let planned = (model.snapshot()).map_or(spec.last(), |s| s.experiment.time.last());
        let log = model.log_time();
        let layers = model.experiment.tokens.replay.is_some();
        let to = planned.max(now).max(1e-300);
        let first = (model.snapshot()).map_or(spec.frame(1), |s| s.experiment.time.frame(1));
        Self {
            from: if log { first.min(0.1 * to) } else { 0.0 },
            to,
            log,
            layers,
            cursor: (model.snapshot().filter(|_| model.looks_back())).map(|shown| shown.time),
        }
    }

    /// The place of a time, 0 at the left end and 1 at the right; None for t = 0 on a logarithmic axis.
    #[must_use]
    pub(crate) fn share(&self, time: f64) -> Option<f64> {
        let share = if self.log {
            (time / self.from).ln() / (self.to / self.from).ln()
        } else {
            (time - self.from) / (self.to - self.from)
        };
        Some(share).filter(|share| share.is_finite())
    }

    /// The time at a place.
    #[must_use]
    pub(crate) fn time(&self, share: f64) -> f64 {
        if self.log {
            self.from * ((self.to / self.from).ln() * share).exp()
        } else {
            self.from + share * (self.to - self.from)
        }
    }

    /// What stands under the axis.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match (self.layers, self.log) {
            (true, false) => "layer",
            (true, true) => "layer (log)",
            (false, true) => "t (log)",
            (false, false) => "t",
        }
    }

    /// Powers of ten strictly inside a logarithmic axis, thinned out to about `most`, with their labels.
    #[must_use]
    pub(crate) fn decades(&self, most: usize) -> Vec<(f64, String)> {
        if !self.log || most == 0 {
            return Vec::new();
        }
        let (first, last) = (self.from.log10(), self.to.log10());
        powers(first, last, most + 1)
            .into_iter()
            .map(|(power, label)| ((power - first) / (last - first), label))
            .filter(|(share, _)| (0.06..=0.94).contains(share))
            .collect()
    }

    /// The labels of its ends.
    #[must_use]
    pub(crate) fn ends(&self) -> (String, String) {
        (tidy(self.from), tidy(self.to))
    }
}

/// What of a run of this length is shown when it is at `now`: a quarter more than has been, to a round number, so that the window grows in
/// jumps; from three quarters on all of it.
fn window(now: f64, whole: f64) -> f64 {
    let wanted = ceiling((1.25 * now).max(whole / 50.0).max(1e-300));
    if wanted >= 0.75 * whole {
        whole
    } else {
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_grows_with_the_run_and_shows_the_whole_at_its_end() {
        assert!((window(0.0, 30.0) - 0.7).abs() < 1e-12);
        assert_eq!(window(6.0, 30.0), 10.0);
        assert_eq!(window(20.0, 30.0), 30.0);
        for k in 0..=300 {
            let now = 0.1 * f64::from(k);
            assert!(window(now, 30.0) >= now.min(30.0) && window(now, 30.0) <= 30.0);
        }
    }

    #[test]
    fn places_and_times_are_inverse_and_decades_are_where_they_belong() {
        let axis = TimeAxis {
            from: 0.1,
            to: 1e19,
            log: true,
            layers: false,
            cursor: None,
        };
        for share in [0.0, 0.3, 1.0] {
            assert!((axis.share(axis.time(share)).unwrap() - share).abs() < 1e-12);
        }
        assert_eq!(axis.share(0.0), None);
        let decades = axis.decades(4);
        let labels: Vec<&str> = decades.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["1e5", "1e10", "1e15"]);
        assert!((decades[0].0 - 0.3).abs() < 1e-12);
        assert!(TimeAxis { log: false, ..axis }.decades(4).is_empty());
    }
}
