//! The density as the screen and the history see it, at every recorded frame, whatever its domain and resolution.

use std::sync::Arc;

use crate::experiment::Experiment;
use crate::measure::characteristics::cell_means::{self, AngleLaw};
use crate::measure::{Density, Markers, Particles};
use crate::observe::principal;
use crate::snapshot::history::PICTURE_ANGLES;
use crate::snapshot::view::{DENSITY_POINTS, GLOBE_LATITUDES, Picture};
use crate::sphere::geometry::{angle_between, wrap};
use crate::sphere::{CirclePlan, Domain, SpherePlan};

/// Plans of fixed size, and the last picture taken.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    domain: Option<Domain>,
    axis: Vec<f64>,
    globe: Option<(SpherePlan, Arc<Vec<f64>>)>,
    last: Option<Picture>,
}

impl Pictures {
    /// For the continuum of an experiment.
    #[must_use]
    pub(crate) fn new(experiment: &Experiment) -> Self {
        let dimension = experiment.tokens.dimension;
        let mut last_axis = vec![0.0; dimension];
        last_axis[dimension - 1] = 1.0;
        let continuum = experiment.continuum();
        let domain = continuum.as_ref().map(|c| c.domain);
        Self {
            axis: match continuum {
                Some(continuum) if !continuum.axis.is_empty() => continuum.axis,
                _ => last_axis,
            },
            globe: (domain == Some(Domain::Sphere)).then(|| {
                let plan =
                    SpherePlan::new(GLOBE_LATITUDES - 1, GLOBE_LATITUDES, 2 * GLOBE_LATITUDES);
                let cosines = Arc::new(plan.cosines().to_vec());
                (plan, cosines)
            }),
            domain,
            last: None,
        }
    }

    /// The angle by which a token is placed in the space–time picture: θ on the circle, else the angle to the axis of the
    /// density, or to the last one.
    #[must_use]
    pub(crate) fn angle(&self, x: &[f64]) -> f64 {
        if x.len() == 2 && !matches!(self.domain, Some(Domain::Zonal(_))) {
            wrap(x[1].atan2(x[0]))
        } else {
            angle_between(x, &self.axis)
        }
    }

    /// The density along the space–time picture.
    #[must_use]
    pub(crate) fn strip(&self, density: &Density) -> Vec<f32> {
        let values = match density.domain {
            Domain::Circle => on_circle(density, PICTURE_ANGLES),
            Domain::Sphere => {
                // the mean over longitudes has the coefficients of order 0
                let zonal = Density {
                    domain: Domain::Zonal(3),
                    axis: self.axis.clone(),
                    state: (0..=density.modes())
                        .map(|l| density.state[2 * l])
                        .collect(),
                };
                zonal.zonal_values(&cosines(PICTURE_ANGLES))
            }
            Domain::Zonal(_) => density.zonal_values(&cosines(PICTURE_ANGLES)),
        };
        values.iter().map(|v| *v as f32).collect()
    }

    /// The strip of space–time of a density carried by markers, as means over cells.
    #[must_use]
    pub(crate) fn strip_of_markers(&self, markers: &Markers) -> Vec<f32> {
        let values = match (markers.curve(), markers.domain) {
            (Some(curve), Domain::Circle) => cell_means::on_circle(&curve, PICTURE_ANGLES),
            (Some(curve), domain) => {
                let masses = cell_means::along_axis(&curve, PICTURE_ANGLES);
                over_sigma(&masses, domain.dimension())
            }
            (None, _) => {
                // the mean over longitudes
                let step = std::f64::consts::PI / PICTURE_ANGLES as f64;
                let mut masses = vec![0.0; PICTURE_ANGLES];
                let bodies = &markers.bodies.particles;
                for (x, w) in bodies.rows().zip(&bodies.weights) {
                    let cell = (angle_between(x, &self.axis) / step) as usize;
                    masses[cell.min(PICTURE_ANGLES - 1)] += w;
                }
                over_sigma(&masses, 3)
            }
        };
        values.iter().map(|v| *v as f32).collect()
    }

    /// Keeps a picture of a density carried by markers.
    pub(crate) fn take_markers(&mut self, markers: &Markers) {
        self.last = Some(match (markers.curve(), &mut self.globe) {
            (Some(curve), _) => match markers.domain {
                Domain::Zonal(dimension) => {
                    let masses = cell_means::along_axis(&curve, DENSITY_POINTS);
                    let width = std::f64::consts::PI / DENSITY_POINTS as f64;
                    Picture::Zonal {
                        axis: markers.axis.clone(),
                        values: over_sigma(&masses, dimension),
                        angles: masses.iter().map(|mass| mass / width).collect(),
                    }
                }
                _ => Picture::Circle(cell_means::on_circle(&curve, DENSITY_POINTS)),
            },
            (None, Some((plan, cosines))) => Picture::Sphere {
                cosines: Arc::clone(cosines),
                values: cell_means::Grid::new(plan.weights(), plan.longitudes()).means(markers),
            },
            (None, None) => return,
        });
    }

    /// Keeps a picture of the density. Degrees beyond the reach of the picture's points are left out of it.
    pub(crate) fn take(&mut self, density: &Density) {
        self.last = Some(match (density.domain, &mut self.globe) {
            (Domain::Sphere, Some((plan, cosines))) => {
                let degree = density.modes().min(plan.degree());
                let mut values = vec![0.0; plan.points()];
                plan.synthesis(&Domain::Sphere.resized(&density.state, degree), &mut values);
                Picture::Sphere {
                    cosines: Arc::clone(cosines),
                    values,
                }
            }
            (Domain::Zonal(dimension), _) => {
                let values = density.zonal_values(&cosines(DENSITY_POINTS));
                Picture::Zonal {
                    axis: density.axis.clone(),
                    angles: angle_law(dimension, &values),
                    values,
                }
            }
            _ => Picture::Circle(on_circle(density, DENSITY_POINTS)),
        });
    }

    /// The last picture taken.
    #[must_use]
    pub(crate) fn last(&self) -> Option<Picture> {
        self.last.clone()
    }
}

/// cos of the angles π(j+½)/`points`.
fn cosines(points: usize) -> Vec<f64> {
    (0..points)
        .map(|j| (std::f64::consts::PI * (j as f64 + 0.5) / points as f64).cos())
        .collect()
}

/// Means of ρ from the masses of equal cells of the angle.
fn over_sigma(masses: &[f64], dimension: usize) -> Vec<f64> {
    let law = AngleLaw::new(dimension);
    let width = std::f64::consts::PI / masses.len() as f64;
    (masses.iter().enumerate())
        .map(|(j, mass)| {
            let share = law.below(width * (j + 1) as f64) - law.below(width * j as f64);
            // where σ has nothing to speak of there is no mean
            if share > 1e-25 { mass / share } else { 0.0 }
        })
        .collect()
}

/// dμ/dt ∝ ρ sin^{d−2}t at the angles π(j+½)/N, of integral one under σ; zero where sin^{d−2} leaves ρ no digits.
fn angle_law(dimension: usize, values: &[f64]) -> Vec<f64> {
    let step = std::f64::consts::PI / values.len() as f64;
    let power = dimension as f64 - 2.0;
    let weights: Vec<f64> = (0..values.len())
        .map(|j| (power * (step * (j as f64 + 0.5)).sin().ln()).exp())
        .collect();
    let total: f64 = step * weights.iter().sum::<f64>();
    values
        .iter()
        .zip(&weights)
        .map(|(rho, w)| {
            if *w > 1e-25 * total {
                rho * w / total
            } else {
                0.0
            }
        })
        .collect()
}

fn on_circle(density: &Density, points: usize) -> Vec<f64> {
    let mut values = vec![0.0; points];
    density.values(&mut CirclePlan::new(points), &mut values);
    values
}

/// Where tokens are drawn, turned to be near where they were, and the share of Σ w|x|² that is seen; in two dimensions they are drawn where
/// they are, and the list stays empty.
pub(super) fn drawn(tokens: &Particles, before: &[[f64; 2]]) -> (Vec<[f64; 2]>, f64) {
    if tokens.dimension() == 2 {
        return (Vec::new(), 1.0);
    }
    let (mut plane, share) = principal::coordinates(tokens);
    principal::align(&mut plane, before);
    (plane, share)
}

/// Every `stride`-th token where it is drawn.
pub(super) fn shown(tokens: &Particles, plane: &[[f64; 2]], stride: usize) -> Vec<[f64; 2]> {
    if tokens.dimension() == 2 {
        (tokens.rows().step_by(stride))
            .map(|x| [x[0], x[1]])
            .collect()
    } else {
        plane.iter().step_by(stride).copied().collect()
    }
}
