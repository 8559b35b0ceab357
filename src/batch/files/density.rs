//! `density.npy` and the grid that it lies on, dμ/dσ at every frame; NaN where the density was under-resolved. One grid for
//! all frames, fine enough for the finest of them.
//!
//! * circle: frames×N, `angles.npy` θ_j = 2πj/N;
//! * S²: frames×N_θ×N_φ from north to south, `colatitude.npy`, `longitude.npy`, and `weights.npy` a latitude, summing to 1:
//!   Σ_j w_j mean_φ f = ∫f dσ;
//! * zonal: frames×N at `cosine.npy` = ⟨x,axis⟩, with `weights.npy` summing to 1. In high dimension the outer nodes have
//!   weights far below 1e-20; ρ has an absolute error of about 1e-16·max(√w ρ)/√w there and Σ_j w_j f_j none of it.
//!
//! After the hand-over to characteristics the values are means over the cells around the same grid points (the grid of
//! the modes at the hand-over), whose masses are exact; before it they are values at the points.

use std::io;
use std::path::Path;

use super::npy::{self, ArrayFile};
use crate::measure::Density;
use crate::measure::characteristics::cell_means;
use crate::run::density::{FieldRun, State};
use crate::sphere::{CirclePlan, Domain, SpherePlan, ZonalPlan};

/// The density of one frame, on its way to the file.
#[derive(Debug)]
pub(crate) enum Shown {
    /// By its coefficients.
    Modes(Density),
    /// As means over the cells of the grid of so many modes.
    Cells {
        /// The modes.
        modes: usize,
        /// The means.
        values: Vec<f64>,
    },
}

impl Shown {
    /// What there is to show of a density; None when it is under-resolved.
    #[must_use]
    pub(crate) fn of(field: &FieldRun) -> Option<Self> {
        let run = match &field.state {
            State::Lost { .. } => return None,
            State::Coefficients(_) | State::Populations(_) => {
                return Some(Self::Modes(field.density.clone()));
            }
            State::Markers { run, .. } => run,
        };
        let modes = grid_modes(field.density.modes());
        let values = match (run.markers.curve(), run.markers.domain) {
            (Some(curve), Domain::Zonal(dimension)) => {
                let plan = ZonalPlan::new(dimension, modes, modes + 1);
                cell_means::around_nodes(&curve, dimension, &plan.quadrature.weights)
            }
            (Some(curve), _) => cell_means::on_circle(&curve, 2 * modes + 2),
            (None, _) => {
                let plan = SpherePlan::new(modes, modes + 1, 2 * modes + 2);
                cell_means::Grid::new(plan.weights(), 2 * modes + 2).means(&run.markers)
            }
        };
        Some(Self::Cells { modes, values })
    }

    fn modes(&self) -> usize {
        match self {
            Self::Modes(density) => density.modes(),
            Self::Cells { modes, .. } => *modes,
        }
    }
}

/// No grid is coarser than that of 31 modes.
fn grid_modes(modes: usize) -> usize {
    modes.max(31)
}

/// Writes `density.npy` and, beside it, its grid.
///
/// # Errors
/// The operating system's.
pub(crate) fn write(path: &Path, domain: Domain, densities: &[Option<Shown>]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let modes = densities.iter().flatten().map(Shown::modes).max();
    let modes = grid_modes(modes.unwrap_or(0));
    match domain {
        Domain::Circle => circle(folder, modes, densities),
        Domain::Sphere => sphere(folder, modes, densities),
        Domain::Zonal(dimension) => zonal(folder, dimension, modes, densities),
    }
}

fn frames(
    folder: &Path,
    shape: &[usize],
    densities: &[Option<Shown>],
    mut values_of: impl FnMut(&Density, &mut [f64]),
) -> io::Result<()> {
    let shape = [&[densities.len()], shape].concat();
    let mut file = ArrayFile::create(&folder.join("density.npy"), &shape)?;
    let mut values = vec![0.0; shape[1..].iter().product()];
    for density in densities {
        match density {
            Some(Shown::Modes(density)) => values_of(density, &mut values),
            // the grid of a hand-over is the finest there was
            Some(Shown::Cells { values: means, .. }) => values.copy_from_slice(means),
            None => values.fill(f64::NAN),
        }
        file.extend(values.iter().copied())?;
    }
    file.finish()
}

fn circle(folder: &Path, modes: usize, densities: &[Option<Shown>]) -> io::Result<()> {
    let points = 2 * modes + 2;
    let mut plan = CirclePlan::new(points);
    frames(folder, &[points], densities, |density, values| {
        density.values(&mut plan, values);
    })?;
    vector(&folder.join("angles.npy"), equispaced(points))
}

fn vector(path: &Path, values: impl ExactSizeIterator<Item = f64>) -> io::Result<()> {
    npy::write(path, &[values.len()], values)
}

fn equispaced(points: usize) -> impl ExactSizeIterator<Item = f64> {
    (0..points).map(move |j| std::f64::consts::TAU * j as f64 / points as f64)
}

fn sphere(folder: &Path, modes: usize, densities: &[Option<Shown>]) -> io::Result<()> {
    let (latitudes, longitudes) = (modes + 1, 2 * modes + 2);
    let mut plan = SpherePlan::new(modes, latitudes, longitudes);
    let colatitudes: Vec<f64> = plan.cosines().iter().map(|c| c.acos()).collect();
    vector(&folder.join("colatitude.npy"), colatitudes.into_iter())?;
    vector(&folder.join("longitude.npy"), equispaced(longitudes))?;
    vector(&folder.join("weights.npy"), plan.weights().iter().copied())?;
    let shape = [latitudes, longitudes];
    frames(folder, &shape, densities, |density, values| {
        plan.synthesis(&density.state, values);
    })
}

fn zonal(
    folder: &Path,
    dimension: usize,
    modes: usize,
    densities: &[Option<Shown>],
) -> io::Result<()> {
    let plan = ZonalPlan::new(dimension, modes, modes + 1);
    let rule = &plan.quadrature;
    vector(&folder.join("cosine.npy"), rule.nodes.iter().copied())?;
    vector(&folder.join("weights.npy"), rule.weights.iter().copied())?;
    frames(folder, &[plan.count()], densities, |density, values| {
        plan.synthesis(&density.state, values);
        for (value, weight) in values.iter_mut().zip(&rule.weights) {
            // a weight that underflows carries no mass and no value
            *value = if *weight > 0.0 {
                *value / weight.sqrt()
            } else {
                0.0
            };
        }
    })
}
