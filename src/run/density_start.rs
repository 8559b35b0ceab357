//! Where a density starts: from its law, or from the tokens' empirical measure.

use crate::experiment::spec::{Continuum, Experiment, FieldInitial, Source};
use crate::measure::{Density, Law, Particles};
use crate::sphere::{Complex, Domain};

/// The density that an experiment says, on its continuum with `modes` modes.
pub(super) fn start_density(
    experiment: &Experiment,
    tokens: &Particles,
    continuum: &Continuum,
    modes: usize,
) -> Option<Density> {
    let (domain, seed) = (continuum.domain, experiment.tokens.seed);
    match &experiment.field.initial {
        FieldInitial::Law(law) => Density::from_law(law, domain, seed, 0.0, modes),
        FieldInitial::From {
            from: Source::Law,
            smoothing,
        } => Density::from_law(&experiment.tokens.initial, domain, seed, *smoothing, modes),
        FieldInitial::From {
            from: Source::Empirical,
            smoothing,
        } => {
            let moments = match domain {
                Domain::Zonal(_) => tokens.zonal_moments(&continuum.axis, modes),
                _ => tokens.moments(modes),
            };
            let smoothed = moments.smoothed(*smoothing);
            Some(Density::from_moments(
                &smoothed,
                continuum.axis.clone(),
                modes,
            ))
        }
    }
}

/// z of a Poisson kernel on the circle; the uniform law is the one with z = 0.
pub(super) fn poisson_weight(law: &Law) -> Option<Complex> {
    match law {
        Law::Uniform => Some(Complex::default()),
        Law::Poisson { weight, axis } => Some(Complex::new(axis[0], axis[1]) * *weight),
        _ => None,
    }
}
