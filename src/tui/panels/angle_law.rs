//! A zonal density: the law of the angle to its axis, dμ/dα, with the histogram of the tokens' angles over it, a panel.
//! The angle is α here, because t is the time of all other charts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::snapshot::Snapshot;
use crate::snapshot::view::Picture;
use crate::sphere::geometry::angle_between;
use crate::tui::canvas::Pattern;
use crate::tui::model::Model;
use crate::tui::number::{short, tidy};
use crate::tui::plot::{Chart, entry};
use std::f64::consts::PI;

/// Bins of the histogram.
const BINS: usize = 48;
/// Where dμ/dα is below this share of its largest value, ρ is the value of a series where there is no mass.
const MASSLESS: f64 = 1e-6;

/// Draws the panel; without a resolved density the tokens' histogram stands alone.
// long: one curve after another
pub(crate) fn draw(
    model: &Model,
    snapshot: &Snapshot,
    picture: &Picture,
    live: bool,
    buffer: &mut Buffer,
    area: Rect,
) {
    let Picture::Zonal {
        axis,
        values,
        angles,
    } = picture
    else {
        return;
    };
    let theme = model.theme;
    let mut chart = Chart::new("angle to the axis", (0.0, PI));
    chart.x_ends = Some(("0", "π"));
    chart.x_name = "π/2";
    let steps = histogram(snapshot, axis);
    let curve: Vec<(f64, f64)> = if live { angles.as_slice() } else { &[] }
        .iter()
        .enumerate()
        .map(|(j, value)| (middle(j, angles.len()), *value))
        .collect();
    let top = curve
        .iter()
        .chain(&steps)
        .map(|(_, y)| *y)
        .fold(0.0, f64::max);
    chart.y = (0.0, 1.05 * top.max(1e-3));
    chart.curve(steps, theme.tokens(), Pattern::Solid);
    chart.curve(curve, theme.field(), Pattern::Dashed);
    let (solid, dashed) = if model.ascii() {
        ("=", "-")
    } else {
        ("━", "╍")
    };
    let mut legend: Vec<Span<'static>> = entry(solid, theme.tokens(), "tokens".into());
    if live {
        legend.extend(entry(dashed, theme.field(), "density".into()));
    }
    let peak = peak(values, angles).filter(|_| live);
    let measure = Span::styled("dμ/dα, α [rad]", theme.dim());
    if area.width >= 40 {
        legend.push(measure);
        chart.values = vec![Line::from(legend)];
        if let Some((rho, angle)) = peak {
            chart.corner = format!("ρ ≤ {} at {}", short(rho), of_pi(angle));
        }
    } else {
        chart.values = vec![Line::from(legend)];
        let below = peak.map_or(measure, |(rho, angle)| {
            let text = format!("dμ/dα  ρ≤{} at {}", tidy(rho), of_pi(angle));
            Span::styled(text, theme.dim())
        });
        chart.values.push(Line::from(below));
    }
    chart.draw(buffer, area, theme, model.marker);
}

/// An angle in units of π: "0", "0.12π".
fn of_pi(angle: f64) -> String {
    if angle == 0.0 {
        "0".into()
    } else {
        format!("{}π", tidy(angle))
    }
}

/// The angle of the j-th of so many values.
fn middle(j: usize, count: usize) -> f64 {
    PI * (j as f64 + 0.5) / count as f64
}

/// The largest ρ where there is mass, and its angle in units of π.
fn peak(values: &[f64], angles: &[f64]) -> Option<(f64, f64)> {
    let most = angles.iter().copied().fold(0.0, f64::max);
    let (j, rho) = values
        .iter()
        .enumerate()
        .filter(|(j, _)| angles.get(*j).is_some_and(|law| *law > MASSLESS * most))
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let angle = middle(j, values.len()) / PI;
    // the middle of the first cell stands for the axis itself
    let angle = if j == 0 {
        0.0
    } else {
        (100.0 * angle).round() / 100.0
    };
    Some((*rho, angle))
}

/// The tokens' angles as steps of unit area.
fn histogram(snapshot: &Snapshot, axis: &[f64]) -> Vec<(f64, f64)> {
    let tokens = &snapshot.tokens;
    let mut counts = [0usize; BINS];
    let mut total = 0usize;
    for x in tokens.positions.chunks_exact(tokens.dimension.max(1)) {
        let bin = (angle_between(x, axis) / PI * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
        total += 1;
    }
    let width = PI / BINS as f64;
    let scale = 1.0 / (width * total.max(1) as f64);
    (0..BINS)
        .flat_map(|bin| {
            let height = counts[bin] as f64 * scale;
            [
                (bin as f64 * width, height),
                ((bin + 1) as f64 * width, height),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::run::Session;

    #[test]
    fn the_histogram_has_unit_area_and_follows_the_density() {
        let snapshot = Session::new(presets::load("zonal-8").unwrap()).snapshot();
        let density = snapshot.resolved().unwrap();
        let Picture::Zonal { axis, angles, .. } = &density.picture else {
            panic!("zonal-8 is zonal")
        };
        let steps = histogram(&snapshot, axis);
        let area: f64 = steps.chunks(2).map(|s| s[0].1 * (s[1].0 - s[0].0)).sum();
        assert!((area - 1.0).abs() < 1e-12);
        // shares of 512 drawn tokens up to every bin's end: within the Kolmogorov bound of the density's
        let (mut tokens, mut law) = (0.0, 0.0);
        let each = angles.len() / BINS;
        for (bin, pair) in steps.chunks(2).enumerate() {
            tokens += pair[0].1 * PI / BINS as f64;
            law +=
                angles[bin * each..(bin + 1) * each].iter().sum::<f64>() * PI / angles.len() as f64;
            assert!(
                (tokens - law).abs() < 1.63 / 512f64.sqrt(),
                "{bin}: {tokens} {law}"
            );
        }
    }

    #[test]
    fn the_peak_is_sought_where_there_is_mass() {
        assert_eq!(
            peak(&[1e9, 2.0, 3.0, 1.0], &[1e-12, 0.5, 0.4, 0.1]),
            Some((3.0, 0.63))
        );
        assert_eq!(peak(&[5.0, 1.0], &[0.5, 0.5]), Some((5.0, 0.0)));
        assert_eq!(peak(&[], &[]), None);
    }
}
