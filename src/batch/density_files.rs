//! `density.npy` and the grid that it lies on, dμ/dσ at every frame; NaN where the density was under-resolved. One grid for
//! all frames, fine enough for the finest of them.
//!
//! * circle: frames×N, `angles.npy` θ_j = 2πj/N;
//! * S²: frames×N_θ×N_φ from north to south, `colatitude.npy`, `longitude.npy`, and `weights.npy` a latitude, summing to 1:
//!   Σ_j w_j mean_φ f = ∫f dσ;
//! * zonal: frames×N at `cosine.npy` = ⟨x,axis⟩, with `weights.npy` summing to 1. In high dimension the outer nodes have
//!   weights far below 1e-20; ρ has an absolute error of about 1e-16·max(√w ρ)/√w there and Σ_j w_j f_j none of it.

use std::io;
use std::path::Path;

use super::files::{ArrayFile, write_vector};
use crate::measure::Density;
use crate::sphere::{CirclePlan, Domain, SpherePlan, ZonalPlan};

/// Writes all frames.
///
/// # Errors
/// The operating system's.
pub fn write(folder: &Path, domain: Domain, densities: &[Option<Density>]) -> io::Result<()> {
    let modes = densities
        .iter()
        .flatten()
        .map(Density::modes)
        .max()
        .unwrap_or(31)
        .max(31);
    match domain {
        Domain::Circle => circle(folder, modes, densities),
        Domain::Sphere => sphere(folder, modes, densities),
        Domain::Zonal(dimension) => zonal(folder, dimension, modes, densities),
    }
}

fn frames(
    folder: &Path,
    shape: &[u64],
    densities: &[Option<Density>],
    mut values_of: impl FnMut(&Density, &mut [f64]),
) -> io::Result<()> {
    let shape = [&[densities.len() as u64], shape].concat();
    let mut file = ArrayFile::create(&folder.join("density.npy"), &shape)?;
    let mut values = vec![0.0; shape[1..].iter().product::<u64>() as usize];
    for density in densities {
        match density {
            Some(density) => values_of(density, &mut values),
            None => values.fill(f64::NAN),
        }
        file.extend(values.iter().copied())?;
    }
    file.finish()
}

fn circle(folder: &Path, modes: usize, densities: &[Option<Density>]) -> io::Result<()> {
    let points = 2 * modes + 2;
    let mut plan = CirclePlan::new(points);
    frames(folder, &[points as u64], densities, |density, values| {
        density.values(&mut plan, values)
    })?;
    write_vector(&folder.join("angles.npy"), equispaced(points))
}

fn equispaced(points: usize) -> impl ExactSizeIterator<Item = f64> {
    (0..points).map(move |j| std::f64::consts::TAU * j as f64 / points as f64)
}

fn sphere(folder: &Path, modes: usize, densities: &[Option<Density>]) -> io::Result<()> {
    let (latitudes, longitudes) = (modes + 1, 2 * modes + 2);
    let mut plan = SpherePlan::new(modes, latitudes, longitudes);
    let colatitudes: Vec<f64> = plan.cosines().iter().map(|c| c.acos()).collect();
    write_vector(&folder.join("colatitude.npy"), colatitudes.into_iter())?;
    write_vector(&folder.join("longitude.npy"), equispaced(longitudes))?;
    write_vector(&folder.join("weights.npy"), plan.weights().iter().copied())?;
    let shape = [latitudes as u64, longitudes as u64];
    frames(folder, &shape, densities, |density, values| {
        plan.synthesis(&density.state, values)
    })
}

fn zonal(
    folder: &Path,
    dimension: usize,
    modes: usize,
    densities: &[Option<Density>],
) -> io::Result<()> {
    let plan = ZonalPlan::new(dimension, modes, modes + 1);
    let rule = &plan.quadrature;
    write_vector(&folder.join("cosine.npy"), rule.nodes.iter().copied())?;
    write_vector(&folder.join("weights.npy"), rule.weights.iter().copied())?;
    frames(
        folder,
        &[plan.count() as u64],
        densities,
        |density, values| {
            plan.synthesis(&density.state, values);
            for (value, weight) in values.iter_mut().zip(&rule.weights) {
                // a weight that underflows carries no mass and no value
                *value = if *weight > 0.0 {
                    *value / weight.sqrt()
                } else {
                    0.0
                };
            }
        },
    )
}
