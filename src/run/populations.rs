//! The continuum of oscillators with natural frequencies (7.2): a density for each of J frequencies, all in one mean field.
//!
//! The frequencies are the midpoints of J parts of equal probability of their law. Where the interaction is Kuramoto's sine alone
//! (β = 0), there is no noise and all densities start as one Poisson kernel (or uniform), each stays a Poisson kernel, and
//!
//!   z_j' = iω_jz_j + (K/2)(m − m̄z_j²),   m = Σ w_jz_j   (Ott, Antonsen 2008)
//!
//! is exact for all times: moments of the whole are Σ w_jz_j^k. Else the densities are J Fourier series, stepped together; locked
//! oscillators of one frequency gather in a point, so that without noise the modes run out, which is said as usual.

use crate::dynamics::mean_field::mix;
use crate::dynamics::{Attention, MeanField};
use crate::integrate::ahead::Clock;
use crate::integrate::tableau::Tableau;
use crate::integrate::{Ahead, Ceiling, Due, Explicit, StepError, Stepper, Work};
use crate::measure::density::coefficient;
use crate::sphere::Complex;

/// J where nothing is said: Poisson kernels are two numbers each, series hundreds.
pub(crate) const DEFAULT_NODES: [usize; 2] = [1024, 48];
/// Dormand–Prince 8(5,3) on the imaginary axis, and the exponential scheme (see the density's own run).
const EXPLICIT_STABILITY: f64 = 5.0;
const EXPONENTIAL_STABILITY: f64 = 2.5;

/// The densities of all frequencies.
#[derive(Debug, Clone)]
pub struct Populations {
    frequencies: Vec<f64>,
    weights: Vec<f64>,
    carrier: Carrier,
    /// Where the stepper is, and what is shown of it.
    ahead: Ahead,
    /// The series before the last step.
    before: Vec<f64>,
    /// max |v| of attention at the end of the last step.
    fastest: f64,
    tolerance: f64,
    earlier: Work,
}

#[derive(Debug, Clone)]
enum Carrier {
    /// z_j as re, im.
    Poisson {
        state: Vec<f64>,
        stepper: Box<Explicit>,
    },
    /// All coefficients, J series of K modes.
    Series {
        state: Vec<f64>,
        modes: usize,
        stepper: Stepper,
    },
}

/// What became of a span of time.
pub(super) enum Outcome {
    /// All of it is behind.
    Done,
    /// The reader asked to stop.
    Cancelled,
    /// More modes are needed than there are, from this time on.
    Unresolved(f64),
}

impl Populations {
    /// Poisson kernels, all of the weight z; steps end at `stop`.
    pub(super) fn poisson(
        frequencies: Vec<f64>,
        start: Complex,
        (tolerance, stop): (f64, f64),
    ) -> Self {
        let count = frequencies.len();
        let state: Vec<f64> = [start.re, start.im].repeat(count);
        let tableau = Tableau::for_tolerance(tolerance);
        let stepper = Box::new(Explicit::new(tableau, state.len(), tolerance, 1e-3));
        Self {
            weights: vec![1.0 / count as f64; count],
            frequencies,
            carrier: Carrier::Poisson { state, stepper },
            ahead: Ahead::new(0.0, stop),
            before: Vec::new(),
            fastest: 0.0,
            tolerance,
            earlier: Work::default(),
        }
    }

    /// Series, all equal to `start`.
    pub(super) fn series(
        frequencies: Vec<f64>,
        start: &[f64],
        diffusion: f64,
        (tolerance, stop): (f64, f64),
    ) -> Self {
        let count = frequencies.len();
        let modes = start.len() / 2 - 1;
        Self {
            weights: vec![1.0 / count as f64; count],
            frequencies,
            carrier: Carrier::Series {
                state: start.repeat(count),
                modes,
                stepper: stepper(modes, count, diffusion, tolerance, 1e-3),
            },
            ahead: Ahead::new(0.0, stop),
            before: Vec::new(),
            fastest: 0.0,
            tolerance,
            earlier: Work::default(),
        }
    }

    /// J.
    pub(crate) fn count(&self) -> usize {
        self.frequencies.len()
    }

    /// Whether each density is a Poisson kernel.
    pub fn exact(&self) -> bool {
        matches!(self.carrier, Carrier::Poisson { .. })
    }

    pub(super) fn work(&self) -> Work {
        let now = match &self.carrier {
            Carrier::Poisson { stepper, .. } => stepper.work,
            Carrier::Series { stepper, .. } => stepper.work(),
        };
        self.earlier + now
    }

    /// The coefficients of the whole density, for K modes.
    pub(super) fn total(&self, out: &mut [f64]) {
        match &self.carrier {
            Carrier::Series { state, .. } => mix(state, &self.weights, out),
            Carrier::Poisson { state, .. } => {
                out.fill(0.0);
                for (kernels, weights) in
                    (state.chunks(2 * ABREAST)).zip(self.weights.chunks(ABREAST))
                {
                    add_powers(kernels, weights, out);
                }
            }
        }
    }

    /// The largest amplitude in the top eighth of the modes of any frequency; 0 for Poisson kernels.
    pub(super) fn tail(&self) -> f64 {
        let Carrier::Series { state, modes, .. } = &self.carrier else {
            return 0.0;
        };
        let from = modes - modes / 8;
        (state.chunks_exact(2 * modes + 2))
            .flat_map(|c| (from..=*modes).map(|k| coefficient(c, k).norm()))
            .fold(0.0, f64::max)
    }

    /// Goes on from what is shown at the time `now`, under other parameters.
    pub(super) fn restart(&mut self, now: f64) {
        self.ahead.restart(now);
    }

    /// More modes for every frequency.
    pub(super) fn resize(&mut self, more: usize, diffusion: f64) {
        self.earlier = self.work();
        let count = self.count();
        if let Carrier::Series {
            state,
            modes,
            stepper: old,
            ..
        } = &mut self.carrier
        {
            let mut wider = vec![0.0; count * (2 * more + 2)];
            for (new, old) in
                (wider.chunks_exact_mut(2 * more + 2)).zip(state.chunks_exact(2 * *modes + 2))
            {
                let kept = old.len().min(new.len());
                new[..kept].copy_from_slice(&old[..kept]);
            }
            let proposal = old.proposal();
            *state = wider;
            *modes = more;
            *old = stepper(more, count, diffusion, self.tolerance, proposal);
        }
    }

    /// Other noise from now on; false for Poisson kernels, which stay such without noise alone.
    pub(super) fn set_diffusion(&mut self, diffusion: f64) -> bool {
        match &self.carrier {
            Carrier::Poisson { .. } => diffusion == 0.0,
            Carrier::Series { modes, .. } => {
                let modes = *modes;
                self.resize(modes, diffusion);
                true
            }
        }
    }

    /// Its clock.
    pub(super) fn clock(&self) -> Clock {
        self.ahead.clock()
    }

    /// Moves on to the time `to`. A step after which a tail is above `grow` is taken back.
    pub(super) fn advance(
        &mut self,
        mean_field: &mut MeanField,
        attention: Attention,
        (to, grow): (f64, f64),
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Outcome, StepError> {
        loop {
            let due = self.ahead.due(to);
            match due {
                Due::Here => return Ok(Outcome::Done),
                Due::Step(_) if cancelled() => return Ok(Outcome::Cancelled),
                Due::Land => {
                    let (Carrier::Poisson { state, .. } | Carrier::Series { state, .. }) =
                        &mut self.carrier;
                    self.ahead.land(state);
                }
                Due::Read(_) | Due::Step(_) => {
                    let taken = self.walk(mean_field, attention, due)?;
                    if matches!(due, Due::Read(_)) {
                        return Ok(Outcome::Done);
                    }
                    let too_sharp = self.tail() > grow;
                    let (Carrier::Poisson { state, .. } | Carrier::Series { state, .. }) =
                        &mut self.carrier;
                    if too_sharp {
                        state.copy_from_slice(&self.before);
                        return Ok(Outcome::Unresolved(self.ahead.begun()));
                    }
                    self.ahead.stepped(taken, state);
                }
            }
        }
    }

    /// Takes a step, or reads within the last one; returns its length.
    fn walk(
        &mut self,
        mean_field: &mut MeanField,
        attention: Attention,
        due: Due,
    ) -> Result<f64, StepError> {
        let (frequencies, weights, front) = (&self.frequencies, &self.weights, self.ahead.front());
        match &mut self.carrier {
            Carrier::Poisson { state, stepper } => {
                let coupling =
                    attention.scale() * attention.interaction.map_or(1.0, |h| h.coefficients[0]);
                let rate = |z: &[f64], out: &mut [f64]| {
                    kernels(z, frequencies, weights, coupling, out);
                };
                match due {
                    Due::Read(theta) => stepper.read(theta, front, rate, state),
                    Due::Step(limit) => return stepper.step(state, limit, rate, |_| ()),
                    Due::Here | Due::Land => {}
                }
            }
            Carrier::Series {
                state,
                modes,
                stepper,
            } => {
                let MeanField::Circle(field) = &mut *mean_field else {
                    return Ok(0.0);
                };
                let turning = frequencies.iter().fold(0.0_f64, |top, w| top.max(w.abs()));
                let speed = (self.fastest + turning) * *modes as f64;
                let rate = |c: &[f64], out: &mut [f64]| {
                    field.tendency_of_populations(c, frequencies, weights, out);
                };
                match due {
                    Due::Read(theta) => stepper.read(theta, front, rate, state),
                    Due::Step(limit) => {
                        let ceiling = Ceiling {
                            explicit: EXPLICIT_STABILITY / speed,
                            exponential: EXPONENTIAL_STABILITY / speed,
                        };
                        self.before.clone_from(state);
                        let taken = stepper.step(state, limit, ceiling, rate)?;
                        self.fastest = field.fastest();
                        return Ok(taken);
                    }
                    Due::Here | Due::Land => {}
                }
            }
        }
        Ok(0.0)
    }
}

/// Poisson kernels whose powers are taken side by side.
const ABREAST: usize = 8;

/// c_k += Σ_j w_j z̄_j^k, of at most [`ABREAST`] kernels: ∫e^{−ikθ}dμ = z̄^k.
fn add_powers(kernels: &[f64], weights: &[f64], out: &mut [f64]) {
    let part = |at: usize| -> [f64; ABREAST] {
        std::array::from_fn(|j| kernels.get(2 * j + at).copied().unwrap_or(0.0))
    };
    let (re, im) = (part(0), part(1));
    let (mut real, mut imaginary) = ([0.0; ABREAST], [0.0; ABREAST]);
    real[..weights.len()].copy_from_slice(weights);
    for c in out.chunks_exact_mut(2) {
        c[0] += real.iter().sum::<f64>();
        c[1] += imaginary.iter().sum::<f64>();
        for j in 0..ABREAST {
            let x = real[j] * re[j] + imaginary[j] * im[j];
            imaginary[j] = imaginary[j] * re[j] - real[j] * im[j];
            real[j] = x;
        }
    }
}

/// z_j' = iω_jz_j + (K/2)(m − m̄z_j²).
fn kernels(z: &[f64], frequencies: &[f64], weights: &[f64], coupling: f64, out: &mut [f64]) {
    let mut mean = Complex::default();
    for (z, w) in z.chunks_exact(2).zip(weights) {
        mean += Complex::new(z[0], z[1]) * *w;
    }
    for ((z, out), omega) in (z.chunks_exact(2))
        .zip(out.chunks_exact_mut(2))
        .zip(frequencies)
    {
        let z = Complex::new(z[0], z[1]);
        let rate = Complex::new(0.0, *omega) * z + (mean - mean.conj() * z * z) * (0.5 * coupling);
        (out[0], out[1]) = (rate.re, rate.im);
    }
}

fn stepper(modes: usize, count: usize, diffusion: f64, tolerance: f64, first: f64) -> Stepper {
    let width = 2 * modes + 2;
    if diffusion > 0.0 {
        let rates = (0..count * width)
            .map(|entry| diffusion * ((entry % width / 2) as f64).powi(2))
            .collect();
        return Stepper::exponential(rates, tolerance, first);
    }
    Stepper::explicit(count * width, tolerance, first)
}
