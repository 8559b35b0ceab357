//! `[time]`: which frames a run records, how they are spaced, and how tokens step between them.

use serde::Serialize;

/// How the tokens step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Embedded Runge–Kutta with error control, or the stochastic splitting when D > 0.
    Adaptive,
    /// x ← normalise(x + step · attention), the discrete layer (2.1).
    Layer,
}

/// How recorded frames are spaced in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// Equal differences.
    Linear,
    /// t = 0, then equal ratios from `first` to `end`.
    Log,
}

impl Spacing {
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

/// `[time]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TimeSpec {
    /// Last time.
    pub end: f64,
    /// Recorded frames, the first at 0, the last at `end`.
    pub frames: usize,
    /// How the frames are spaced.
    #[serde(skip_serializing_if = "Spacing::is_linear")]
    pub spacing: Spacing,
    /// Time of the first frame after t = 0 when they are spaced logarithmically.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// Where to stop instead: the index of the last frame to record, before or past `end`, at the same spacing. A run
    /// that was saved from the screen has it, since the same frame times are what makes it the same to the bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_frame: Option<usize>,
    /// Bound on the estimated error of every coordinate and every Fourier coefficient in every step.
    pub tolerance: f64,
    /// How the tokens step.
    pub scheme: Scheme,
    /// Step η of the layer scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Whether a layer adds to the tokens (a residual stream) or replaces them.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub residual: bool,
}

impl TimeSpec {
    /// Frames that a run records.
    #[must_use]
    pub(crate) fn recorded(&self) -> usize {
        self.last_frame.map_or(self.frames, |last| last + 1)
    }

    /// The time of the last of them.
    #[must_use]
    pub(crate) fn last(&self) -> f64 {
        self.frame(self.recorded() - 1)
    }

    /// What a reader's clock runs by up to frame j: the time, or with logarithmic spacing decades of it, a frame like the
    /// other; speeds are in these units a second.
    #[must_use]
    pub(crate) fn clock(&self, index: usize) -> f64 {
        match (self.spacing, self.first) {
            (Spacing::Log, Some(first)) => {
                (self.end / first).log10() / (self.frames - 2).max(1) as f64 * index as f64
            }
            _ => self.frame(index),
        }
    }

    /// The time of frame j, also past the end: j·end/(frames − 1), or 0 and then first·(end/first)^((j−1)/(frames−2)).
    #[must_use]
    pub fn frame(&self, index: usize) -> f64 {
        let last = self.frames - 1;
        match (self.spacing, self.first) {
            (Spacing::Log, Some(_)) if index == 0 => 0.0,
            (Spacing::Log, Some(_)) if index == last => self.end,
            (Spacing::Log, Some(first)) => {
                let share = (index as f64 - 1.0) / (last as f64 - 1.0);
                first * ((self.end / first).ln() * share).exp()
            }
            _ => self.end * (index as f64 / last as f64),
        }
    }
}
