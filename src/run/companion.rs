//! What stands beside the tokens while they move: one of a density, a run of many tokens, a Gaussian measure, or nothing with its reason. Each
//! advances, obeys a change, is observed, and is shown.

use super::cause::{Cause, Side};
use super::density::{FieldRun, State};
use super::gaussian::GaussianRun;
use super::tokens::TokenRun;
use crate::dynamics::{Attention, Kernel};
use crate::experiment::{self, Absence, Experiment};
use crate::measure::Particles;
use crate::observe::parts::Parts;
use crate::observe::{CompanionSide, FieldSide, Instruments, TokenSide};

/// A run of many tokens beside the run.
#[derive(Debug, Clone)]
pub struct Reference {
    pub(super) run: TokenRun,
    pub(super) instruments: Instruments,
    pub(super) side: TokenSide,
    pub(super) plane: (Vec<[f64; 2]>, f64),
}

impl Reference {
    /// What is compared of it.
    const PARTS: Parts = Parts::ENERGY.and(Parts::ORDERS).and(Parts::CLUSTERS);
}

/// What stands beside the tokens.
#[derive(Debug, Clone)]
pub enum Companion {
    /// A density on the sphere.
    Density(Box<FieldRun>),
    /// Many tokens of the same law and system.
    Reference(Box<Reference>),
    /// The Gaussian mean field of ℝ^d.
    Gaussian(Box<GaussianRun>),
    /// Nothing.
    None(Absence),
}

impl Companion {
    /// At t = 0, beside these tokens.
    pub(super) fn new(
        experiment: &Experiment,
        tokens: &Particles,
        instruments: impl Fn() -> Instruments,
    ) -> Self {
        match experiment.companion() {
            experiment::Companion::Density(continuum) => {
                Self::Density(Box::new(FieldRun::new(experiment, &continuum, tokens)))
            }
            experiment::Companion::Reference(count) => {
                let mut run = TokenRun::new(&experiment.reference(count));
                let (instruments, work) = (instruments(), run.work());
                let delta = experiment.observe.delta;
                let mut instruments = instruments.measuring(Reference::PARTS, delta);
                Self::Reference(Box::new(Reference {
                    side: TokenSide::observe(run.moving(), &mut instruments, work),
                    run,
                    instruments,
                    plane: (Vec::new(), 1.0),
                }))
            }
            experiment::Companion::Gaussian(kind) => {
                Self::Gaussian(Box::new(GaussianRun::new(experiment, kind)))
            }
            experiment::Companion::None(absence) => Self::None(absence),
        }
    }

    /// Takes over from `seen`, the companion of the frame before, what belongs to who looks and not to what moves.
    pub(super) fn keep_what_is_seen(&mut self, seen: &mut Self) {
        if let (Self::Reference(own), Self::Reference(seen)) = (self, seen) {
            std::mem::swap(&mut own.instruments, &mut seen.instruments);
            std::mem::swap(&mut own.side, &mut seen.side);
            std::mem::swap(&mut own.plane, &mut seen.plane);
        }
    }

    /// Whether a cancelled [`Companion::advance`] goes on where it was when it is asked again.
    pub(super) fn resumable(&self) -> bool {
        match self {
            Self::Reference(reference) => reference.run.resumable(),
            Self::Density(_) | Self::Gaussian(_) | Self::None(_) => true,
        }
    }

    /// Moves on to the time `to`; false when `cancelled` said so on the way.
    pub(super) fn advance(
        &mut self,
        to: f64,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, (Side, Cause)> {
        match self {
            Self::Density(field) => {
                let outcome = field.advance(to, cancelled);
                outcome.map_err(|cause| (Side::Density, cause.into()))
            }
            Self::Reference(reference) => {
                let outcome = reference.run.advance(to, cancelled);
                outcome.map_err(|cause| (Side::Reference, cause))
            }
            Self::Gaussian(gaussian) => {
                let outcome = gaussian.advance(to, cancelled);
                outcome.map_err(|cause| (Side::Gaussian, cause.into()))
            }
            Self::None(_) => Ok(true),
        }
    }

    /// Other parameters from the time `now` on.
    pub(super) fn set(&mut self, now: f64, attention: Attention, diffusion: f64) {
        match self {
            Self::Density(field) => field.set(now, attention, diffusion),
            Self::Reference(reference) => {
                reference.run.set(attention, diffusion);
            }
            Self::Gaussian(gaussian) => gaussian.set(now, attention, diffusion),
            Self::None(_) => {}
        }
    }

    /// Another kernel to measure with.
    pub(super) fn measure_with(&mut self, kernel: &Kernel) {
        if let Self::Reference(reference) = self {
            reference.instruments.kernel = kernel.clone();
        }
    }

    /// What is measured of it beside tokens that were observed.
    pub(super) fn observe(
        &mut self,
        instruments: &mut Instruments,
        tokens: &TokenRun,
        side: &TokenSide,
    ) -> CompanionSide {
        let particles = &tokens.bodies().particles;
        match self {
            Self::Density(field) => {
                let work = field.work();
                let density = match &mut field.state {
                    State::Lost { .. } => return CompanionSide::None,
                    State::Markers { run, .. } => {
                        let dissipation = run.dissipation();
                        let markers = &run.markers;
                        FieldSide::of_markers(
                            markers,
                            dissipation,
                            instruments,
                            work,
                            particles,
                            side,
                        )
                    }
                    State::Coefficients(_) | State::Populations(_) => {
                        let (density, mean_field) = (&field.density, &mut field.mean_field);
                        FieldSide::observe(density, mean_field, instruments, work, particles, side)
                    }
                };
                CompanionSide::Density(Box::new(density))
            }
            Self::Reference(reference) => {
                let work = reference.run.work();
                let moving = reference.run.moving();
                reference.side = TokenSide::observe(moving, &mut reference.instruments, work);
                let other = (reference.run.tokens(), &reference.side);
                let field = FieldSide::of_reference(other, instruments, particles, side);
                CompanionSide::Density(Box::new(field))
            }
            Self::Gaussian(gaussian) => match gaussian.side(tokens.tokens()) {
                Some(side) => CompanionSide::Gaussian(Box::new(side)),
                None => CompanionSide::None,
            },
            Self::None(_) => CompanionSide::None,
        }
    }
}
