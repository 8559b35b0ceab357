//! Where a density starts: from its law, or from the tokens' empirical measure.

use crate::experiment::memory::shortage_here;
use crate::experiment::spec::default_modes;
use crate::experiment::spec::{Continuum, Experiment, FieldInitial, Source};
use crate::measure::{Density, Law, Markers, Moments, Particles};
use crate::sphere::{Complex, Domain};

/// Most modes from which markers are placed where those of the solver do not hold a law without peaks in closed form: on the circle, on S²,
/// along an axis.
const MOST_TO_PLACE: [usize; 3] = [1 << 15, 192, 2048];
/// Most modes of a law at t = 0 where the solver goes on with them and nobody named a limit: on the circle with natural frequencies, on the
/// circle, on S² (0.7 GB in all, measured), along an axis; half of it, and so on, where that does not fit into the memory.
const MOST_FOR_A_LAW: [usize; 4] = [1 << 12, 1 << 17, 1023, 2047];

/// Whether markers take a density over where its modes do not hold it.
pub(super) fn carried_by_markers(experiment: &Experiment) -> bool {
    experiment.field.hand_over
        && experiment.noise.diffusion == 0.0
        && experiment.attention.attracts()
        && experiment.tokens.frequencies.is_none()
}

/// The density at t = 0 with as many modes as hold it up to `enough`, if so many may be taken.
pub(super) fn resolved_start(
    experiment: &Experiment,
    continuum: &Continuum,
    tokens: &Particles,
    enough: f64,
) -> Density {
    let (domain, axis) = (continuum.domain, &continuum.axis);
    // A law without a density never gets here: the experiment was checked. Uniform is the neutral answer.
    let start = |modes: usize| {
        start_density(experiment, tokens, continuum, modes).unwrap_or_else(|| {
            let uniform = Moments::new(
                domain,
                [vec![1.0], vec![0.0; domain.length(modes) - 1]].concat(),
            );
            Density::from_moments(&uniform, axis.clone(), modes)
        })
    };
    let carried = carried_by_markers(experiment);
    let most = if carried {
        experiment.field.max_modes
    } else {
        most_for_the_law(experiment)
    };
    let mut modes = experiment.field.modes;
    let mut density = start(modes);
    while density.tail() > enough && modes < most {
        modes = (2 * modes).min(most);
        density = start(modes);
    }
    if carried && density.tail() > enough && !has_peaks(experiment, domain) {
        // markers are exact for any law: so many modes that they can be placed
        return enough_to_place(domain, modes, enough, |modes| Some(start(modes)))
            .unwrap_or(density);
    }
    density
}

/// The density that an experiment says, on its continuum with `modes` modes.
fn start_density(
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

/// The law that a density starts from, and how much it is smoothed; none where it starts from the tokens.
fn law(experiment: &Experiment) -> Option<(&Law, f64)> {
    match &experiment.field.initial {
        FieldInitial::Law(law) => Some((law, 0.0)),
        FieldInitial::From {
            from: Source::Law,
            smoothing,
        } => Some((&experiment.tokens.initial, *smoothing)),
        FieldInitial::From { .. } => None,
    }
}

/// The law that a density starts from as it is.
fn unsmoothed(experiment: &Experiment) -> Option<&Law> {
    law(experiment).and_then(|(law, smoothing)| (smoothing == 0.0).then_some(law))
}

/// Whether markers are placed by the peaks of the law and not by its modes: on a line, where its density is known in closed form.
fn has_peaks(experiment: &Experiment, domain: Domain) -> bool {
    let peaks = |law: &Law| law.peaks(domain.dimension(), experiment.tokens.seed);
    domain != Domain::Sphere && unsmoothed(experiment).and_then(peaks).is_some()
}

/// The markers of a law that no modes hold: on a line by its peaks, on S² by the angle to the axis of each law whose sum it is.
pub(super) fn gathered_start(
    experiment: &Experiment,
    continuum: &Continuum,
    enough: f64,
) -> Option<Markers> {
    let seed = experiment.tokens.seed;
    if continuum.domain != Domain::Sphere {
        return Markers::of_peaks(unsmoothed(experiment)?, continuum.domain, seed);
    }
    let (law, smoothing) = law(experiment)?;
    let domain = Domain::Zonal(3);
    let parts: Option<Vec<(f64, Density)>> = (law.parts(3, seed)?.into_iter())
        .map(|(mass, part)| {
            let profile = enough_to_place(domain, experiment.field.modes, enough, |modes| {
                Density::from_law(&part, domain, seed, smoothing, modes)
            })?;
            Some((mass, profile))
        })
        .collect();
    Markers::gathered(&parts?, enough)
}

/// z of a Poisson kernel on the circle; the uniform law is the one with z = 0.
pub(super) fn poisson_weight(law: &Law) -> Option<Complex> {
    match law {
        Law::Uniform => Some(Complex::default()),
        Law::Poisson { weight, axis } => Some(Complex::new(axis[0], axis[1]) * *weight),
        _ => None,
    }
}

/// Where markers cannot carry a density: the modes that its law may take at t = 0, more than the default if nothing was said. The spectrum takes
/// them back once it has been smoothed.
fn most_for_the_law(experiment: &Experiment) -> usize {
    let (spec, dimension) = (&experiment.field, experiment.tokens.dimension);
    let carried = spec.hand_over && experiment.noise.diffusion == 0.0;
    if spec.max_modes != default_modes(spec.solver, dimension, carried).1 {
        return spec.max_modes;
    }
    let mut most = match spec.solver.domain(dimension) {
        Domain::Circle if experiment.tokens.frequencies.is_some() => MOST_FOR_A_LAW[0],
        Domain::Circle => MOST_FOR_A_LAW[1],
        Domain::Sphere => MOST_FOR_A_LAW[2],
        Domain::Zonal(_) => MOST_FOR_A_LAW[3],
    };
    let mut tried = experiment.clone();
    while most > spec.max_modes {
        tried.field.max_modes = most;
        if shortage_here(&tried).is_none() {
            break;
        }
        most /= 2;
    }
    most.max(spec.max_modes)
}

/// The density with the fewest modes that hold it, more than so many and at most [`MOST_TO_PLACE`]; none where those do not.
fn enough_to_place(
    domain: Domain,
    mut modes: usize,
    enough: f64,
    start: impl Fn(usize) -> Option<Density>,
) -> Option<Density> {
    let most = match domain {
        Domain::Circle => MOST_TO_PLACE[0],
        Domain::Sphere => MOST_TO_PLACE[1],
        // in high dimension the coefficients of a sharp law have no digits long before
        Domain::Zonal(3) => MOST_TO_PLACE[0],
        Domain::Zonal(_) => MOST_TO_PLACE[2],
    };
    let amplitudes = loop {
        if modes >= most {
            return None;
        }
        modes = (2 * modes).min(most);
        let amplitudes = start(modes)?.amplitudes();
        if amplitudes.tail() <= enough {
            break amplitudes;
        }
    };
    // what is above is below the bound from the first eighth of the degrees on
    let last = (amplitudes.list().iter()).rposition(|amplitude| *amplitude > enough)?;
    let fewest = ((last + 1) * 8 / 7 + 2).next_multiple_of(2).min(modes);
    start(fewest)
}
