//! How many modes a density needs, whether the ones it has are enough, and how long a step of theirs may be.

use super::{Ceiling, FieldRun, GROW, Loss, MeanField, ROUNDING, State, digits_are_lost, stepper};

/// The modes halve when what would be cut off is below this share of the doubling threshold.
const SHRINK: f64 = 0.1;
/// Dormand–Prince 8(5,3) is stable on the imaginary axis up to 5.96, the exponential scheme up to 2.82 and, with damping
/// z = −Dk²h, up to 0.6|z| for every z (both measured from their stability functions): modes with Dk > v/0.6 never bound
/// the step.
const EXPLICIT_STABILITY: f64 = 5.0;
const EXPONENTIAL_STABILITY: f64 = 2.5;
const DAMPED: f64 = 0.6;

impl FieldRun {
    /// Whether the density at hand can be taken for the one that is meant.
    pub(super) fn resolved(&self) -> bool {
        self.amplitudes.tail() <= self.most_tail(true)
    }

    /// The tail above which more modes are taken, or where there are no more, above which the density is lost.
    pub(super) fn most_tail(&self, at_most: bool) -> f64 {
        if at_most {
            self.tolerance.max(10.0 * ROUNDING)
        } else {
            self.grow()
        }
    }

    /// The one place that decides, at t = 0 and after every step, whether the density is still the one that is meant. Markers judge themselves:
    /// what they do not see is their tail, and they split.
    pub(super) fn judge(&mut self, now: f64) {
        match &self.state {
            State::Coefficients(_) => self.follow_the_spectrum(now),
            State::Populations(populations) => {
                if populations.tail() > self.most_tail(self.density.modes() >= self.most) {
                    self.lose(now, Loss::Modes);
                }
            }
            State::Markers { .. } | State::Lost { .. } => {}
        }
    }

    /// The longest steps for which the advection of every mode is stable, by the speed of the last evaluation.
    pub(super) fn stable_steps(&self) -> Ceiling {
        let (domain, speed) = (self.density.domain, self.fastest);
        // the highest frequency of what is advected, K on the circle
        let modes = domain.laplacian(self.density.modes()).sqrt();
        let finite = |limit: f64| if limit.is_nan() { f64::INFINITY } else { limit };
        let damped = modes.min(speed / (DAMPED * self.diffusion));
        Ceiling {
            explicit: finite(EXPLICIT_STABILITY / (modes * speed)),
            exponential: finite(EXPONENTIAL_STABILITY / (damped * speed)),
        }
    }

    /// The tail above which the modes double: relative to the largest amplitude where that is above one.
    pub(super) fn grow(&self) -> f64 {
        (GROW * self.tolerance).max(ROUNDING * self.amplitudes.largest().max(1.0))
    }

    pub(super) fn follow_the_spectrum(&mut self, time: f64) {
        self.amplitudes.update(&self.density);
        let modes = self.density.modes();
        let grow = self.grow();
        let tail = self.amplitudes.tail();
        if digits_are_lost(&self.amplitudes, self.tolerance) {
            if self.may_hand_over() && self.resolved() {
                self.hand_over(time, None);
            } else {
                self.lose(time, Loss::Modes);
            }
        } else if tail > grow {
            if modes < self.most {
                self.rebuild((2 * modes).min(self.most));
            } else if !self.resolved() {
                self.lose(time, Loss::Modes);
            }
        } else if modes / 2 >= self.fewest
            && self
                .amplitudes
                .largest_from(self.amplitudes.tail_start(modes / 2))
                < SHRINK * grow
        {
            self.rebuild(modes / 2);
        }
    }

    /// New scratch for `modes` modes; the step proposal is kept.
    pub(super) fn rebuild(&mut self, modes: usize) {
        let State::Coefficients(old) = &self.state else {
            return;
        };
        let (proposal, domain) = (old.proposal(), self.density.domain);
        self.earlier = self.work();
        self.density.resize(modes);
        self.mean_field = MeanField::new(domain, self.attention, modes);
        let stepper = stepper(domain, self.diffusion, modes, self.tolerance, proposal);
        self.state = State::Coefficients(stepper);
    }
}
