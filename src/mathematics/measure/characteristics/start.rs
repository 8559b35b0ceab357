//! The markers that a density starts with: panels of labels on a line, split until the density is a polynomial on each, or a Gauss
//! grid of labels on S².

use std::f64::consts::{PI, TAU};

use super::markers::{LEAST, Labels, Markers};
use crate::measure::{Bodies, Density, Particles};
use crate::sphere::panel::{self, PanelRule};
use crate::sphere::{Complex, Domain, SpherePlan};

/// Panels at the start, before any is split.
const FIRST_PANELS: usize = 8;
/// The density over the labels is met to this share of its largest value.
pub(super) const LABEL_ACCURACY: f64 = 1e-13;
/// Marker grid on S², in nodes per degree of the density it starts from.
const LATITUDES_PER_DEGREE: f64 = 1.5;

impl Markers {
    /// The markers of a density, fine enough for all that it holds.
    #[must_use]
    pub fn from_density(density: &Density) -> Self {
        let markers = match density.domain {
            Domain::Sphere => on_grid(density),
            domain => on_line(
                (domain, &density.axis),
                &first_edges(domain),
                // a wave of the highest degree is a polynomial on one panel: what is left then is rounding
                (TAU / density.modes() as f64, LABEL_ACCURACY),
                &|angles| known(density, angles),
            ),
        };
        markers.normalised()
    }

    /// The same, of mass one.
    pub(super) fn normalised(mut self) -> Self {
        let total: f64 = self.masses.iter().sum();
        (self.masses.iter_mut()).for_each(|w| *w = (*w / total).max(LEAST));
        self.weigh();
        self
    }
}

/// What is known at angles of a line: ln ρ, and dμ/dα up to a constant that is common to all.
pub(super) type OnLine<'a> = dyn Fn(&[f64]) -> (Vec<f64>, Vec<f64>) + 'a;

/// ln ρ, and dμ/dα up to a constant.
fn known(density: &Density, angles: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let logs = |rho: &[f64]| rho.iter().map(|rho| rho.max(LEAST).ln()).collect();
    let rho: Vec<f64> = if density.domain == Domain::Circle {
        angles.iter().map(|a| circle_value(density, *a)).collect()
    } else {
        density.zonal_values(&angles.iter().map(|a| a.cos()).collect::<Vec<_>>())
    };
    let Domain::Zonal(dimension) = density.domain else {
        return (logs(&rho), rho);
    };
    let power = dimension as f64 - 2.0;
    let law = (rho.iter().zip(angles))
        .map(|(r, a)| r * (power * a.sin().ln()).exp())
        .collect();
    (logs(&rho), law)
}

/// The edges of the first panels on a line.
pub(super) fn first_edges(domain: Domain) -> Vec<f64> {
    let length = if domain == Domain::Circle { TAU } else { PI };
    (0..=FIRST_PANELS)
        .map(|p| p as f64 / FIRST_PANELS as f64 * length)
        .collect()
}

/// Markers on the circle or along an axis: panels between these edges, split until what is over the labels is a polynomial on each, up to this
/// share of its largest value, or they are as short as may be.
pub(super) fn on_line(
    (domain, axis): (Domain, &[f64]),
    first: &[f64],
    (shortest, accuracy): (f64, f64),
    at: &OnLine,
) -> Markers {
    let rule = PanelRule::new();
    let angles = |from: f64, to: f64| -> Vec<f64> {
        (rule.nodes.iter())
            .map(|s| 0.5 * (from + to) + 0.5 * (to - from) * s)
            .collect()
    };
    let sample = |from: f64, to: f64| at(&angles(from, to));
    let mut waiting: Vec<(f64, f64)> = (first.windows(2).rev()).map(|w| (w[0], w[1])).collect();
    let mut top = 0.0_f64;
    for (from, to) in &waiting {
        top = sample(*from, *to).1.iter().fold(top, |t, v| t.max(*v));
    }
    let (mut edges, mut masses, mut logs, mut places, mut rows) =
        (vec![0.0], Vec::new(), Vec::new(), Vec::new(), Vec::new());
    while let Some((from, to)) = waiting.pop() {
        let (log_rho, law) = sample(from, to);
        top = law.iter().fold(top, |t, v| t.max(*v));
        let tail = panel::tail(&rule.coefficients(&law));
        if tail > accuracy * top && to - from > shortest {
            let middle = 0.5 * (from + to);
            waiting.push((middle, to));
            waiting.push((from, middle));
            continue;
        }
        for (i, angle) in angles(from, to).into_iter().enumerate() {
            let (sin, cos) = angle.sin_cos();
            rows.extend(if domain == Domain::Circle {
                [cos, sin]
            } else {
                [sin, cos]
            });
            places.push(angle);
            masses.push(law[i].max(0.0) * rule.weights[i] * (to - from));
            logs.push(log_rho[i]);
        }
        edges.push(to);
    }
    let weights = vec![0.0; masses.len()];
    Markers {
        domain,
        axis: axis.to_vec(),
        bodies: Bodies::new(Particles::with_raw_weights(2, rows, weights)),
        log_density: logs,
        masses,
        places,
        angles: Vec::new(),
        labels: Labels::Line { edges },
        rule,
        log_circumference: log_circumference(domain.dimension()),
    }
}

/// ln ∫₀^π sin^{d−2}t dt by the recurrence I_d = (d−3)/(d−2) I_{d−2}, I_2 = π, I_3 = 2.
pub(super) fn log_circumference(dimension: usize) -> f64 {
    let (mut at, mut sum) = if dimension.is_multiple_of(2) {
        (2, PI.ln())
    } else {
        (3, 2.0_f64.ln())
    };
    while at < dimension {
        at += 2;
        sum += ((at as f64 - 3.0) / (at as f64 - 2.0)).ln();
    }
    sum
}

/// ρ(θ) of a density on the circle.
fn circle_value(density: &Density, theta: f64) -> f64 {
    let turn = Complex::from_polar(1.0, theta);
    let mut power = turn;
    let mut sum = density.state[0];
    for k in 1..=density.modes() {
        sum += 2.0 * (density.coefficient(k) * power).re;
        power *= turn;
    }
    sum
}

/// Latitudes of the labels' grid for a degree.
pub(super) fn latitudes(degree: usize) -> usize {
    (LATITUDES_PER_DEGREE * (degree + 1) as f64).ceil() as usize
}

/// Markers on the Gauss grid of S².
fn on_grid(density: &Density) -> Markers {
    let degree = density.modes();
    let latitudes = latitudes(degree);
    let longitudes = 2 * latitudes;
    let mut plan = SpherePlan::new(degree, latitudes, longitudes);
    let mut values = vec![0.0; plan.points()];
    plan.synthesis(&density.state, &mut values);
    let (mut rows, mut masses) = (Vec::new(), Vec::new());
    for (p, rho) in values.iter().enumerate() {
        let z = plan.cosines()[p / longitudes];
        let r = ((1.0 - z) * (1.0 + z)).sqrt();
        let (sin, cos) = (TAU * (p % longitudes) as f64 / longitudes as f64).sin_cos();
        rows.extend([r * cos, r * sin, z]);
        masses.push(rho.max(0.0) * plan.weights()[p / longitudes] / longitudes as f64);
    }
    let logs = values.iter().map(|rho| rho.max(LEAST).ln()).collect();
    on_sphere(rows, masses, logs, vec![(latitudes, longitudes)])
}

/// Markers at these rows, whose labels are Gauss grids one after the other: latitudes and longitudes of each.
pub(super) fn on_sphere(
    rows: Vec<f64>,
    masses: Vec<f64>,
    log_density: Vec<f64>,
    grids: Vec<(usize, usize)>,
) -> Markers {
    let weights = vec![0.0; masses.len()];
    Markers {
        domain: Domain::Sphere,
        axis: Vec::new(),
        bodies: Bodies::new(Particles::with_raw_weights(3, rows, weights)),
        log_density,
        masses,
        places: Vec::new(),
        angles: Vec::new(),
        labels: Labels::Grids(grids),
        rule: PanelRule::new(),
        log_circumference: 0.0,
    }
}
