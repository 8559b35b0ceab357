//! Values on a grid as colours: a rectangle a cell, a contour, and the bar that says which colour is which value.

use plotters::prelude::*;

use super::side::{Drawn, Side, number};

/// Colours that are told apart: neighbours of one colour are drawn as one rectangle.
const LEVELS: f64 = 512.0;

/// Values on a grid: places across, places upwards, and the values row by row from below.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Places across.
    pub across: Vec<f64>,
    /// Places upwards.
    pub upwards: Vec<f64>,
    /// The values; NaN where there is none.
    pub values: Vec<f64>,
    /// What the colours show.
    pub name: String,
    /// The ends of the colours; those of the values if nothing is said.
    pub ends: Option<(f64, f64)>,
    /// Whether a line is drawn at the middle of the range.
    pub contour: bool,
}

/// The colours beside a heat map and their numbers.
pub(super) fn bar(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    heat: &Heat,
) -> Drawn {
    let (low, high) = heat.range();
    let mut chart = ChartBuilder::on(area)
        .caption(&heat.name, ("sans-serif", 12))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, low..high)?;
    let step = (high - low) / 128.0;
    chart.draw_series((0..128).map(|j| {
        let from = low + step * f64::from(j);
        let colour = colour(from + 0.5 * step, (low, high));
        Rectangle::new([(0.0, from), (1.0, from + step)], colour.filled())
    }))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(0)
        .label_style(("sans-serif", 12))
        .y_label_formatter(&|value| number(*value))
        .draw()?;
    Ok(())
}

/// The colour of a value between the ends of the bar.
fn colour(value: f64, (low, high): (f64, f64)) -> RGBColor {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    ViridisRGB.get_color_normalized(((share * LEVELS).round() / LEVELS) as f32, 0.0, 1.0)
}

/// The ends of the cells around places: half way between neighbours, by ratios on an axis of ratios.
fn edges(places: &[f64], log: bool) -> Vec<f64> {
    let (first, last) = (places.first().copied(), places.last().copied());
    let between = places.windows(2).map(|w| {
        if log {
            (w[0] * w[1]).sqrt()
        } else {
            0.5 * (w[0] + w[1])
        }
    });
    first.into_iter().chain(between).chain(last).collect()
}

impl Heat {
    /// The ends of the colours.
    pub(super) fn range(&self) -> (f64, f64) {
        self.ends
            .unwrap_or_else(|| Side::of("", self.values.iter().copied(), false).ends)
    }

    /// Where the contour is drawn.
    pub(crate) fn middle(&self) -> f64 {
        let (low, high) = self.range();
        0.5 * (low + high)
    }

    fn value(&self, right: usize, up: usize) -> f64 {
        self.values[up * self.across.len() + right]
    }

    /// A rectangle for neighbours across of one colour, grey where there is no number; axes of ratios are told.
    pub(super) fn rectangles(&self, log: (bool, bool)) -> Vec<Rectangle<(f64, f64)>> {
        let (x, y) = (edges(&self.across, log.0), edges(&self.upwards, log.1));
        let range = self.range();
        let shade = |right: usize, up: usize| match self.value(right, up) {
            value if value.is_finite() => colour(value, range),
            _ => RGBColor(190, 190, 190),
        };
        let mut list = Vec::new();
        for up in 0..self.upwards.len() {
            let mut from = 0;
            for right in 1..=self.across.len() {
                if right == self.across.len() || shade(right, up) != shade(from, up) {
                    let corners = [(x[from], y[up]), (x[right], y[up + 1])];
                    list.push(Rectangle::new(corners, shade(from, up).filled()));
                    from = right;
                }
            }
        }
        list
    }

    /// The line at the middle of the range, by marching squares: pieces between two sides of a square of neighbouring places.
    pub(crate) fn contour(&self) -> Vec<[(f64, f64); 2]> {
        if !self.contour {
            return Vec::new();
        }
        let level = self.middle();
        let mut list = Vec::new();
        for up in 1..self.upwards.len() {
            for right in 1..self.across.len() {
                let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(a, b)| {
                    let (i, j) = (right - 1 + a, up - 1 + b);
                    (self.across[i], self.upwards[j], self.value(i, j) - level)
                });
                let mut crossings = Vec::with_capacity(4);
                for side in 0..4 {
                    let (a, b) = (corners[side], corners[(side + 1) % 4]);
                    if (a.2 < 0.0) != (b.2 < 0.0) && a.2.is_finite() && b.2.is_finite() {
                        let share = a.2 / (a.2 - b.2);
                        crossings.push((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)));
                    }
                }
                list.extend(crossings.as_chunks::<2>().0);
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contour_of_a_plane_is_a_straight_line_through_its_middle() {
        let places: Vec<f64> = (0..6).map(f64::from).collect();
        let values = (0..36)
            .map(|k| f64::from(k % 6) + f64::from(k / 6))
            .collect();
        let heat = Heat {
            across: places.clone(),
            upwards: places,
            values,
            name: "sum".into(),
            ends: None,
            contour: true,
        };
        let contour = heat.contour();
        assert_eq!(contour.len(), 9);
        for (x, y) in contour.into_iter().flatten() {
            assert!((x + y - 5.0).abs() < 1e-14, "{x} {y}");
        }
    }

    #[test]
    fn neighbours_of_one_colour_are_one_rectangle_and_cells_of_ratios_meet_at_their_geometric_mean()
    {
        let heat = Heat {
            across: vec![1.0, 4.0, 16.0],
            upwards: vec![0.0],
            values: vec![0.0, 0.0, 1.0],
            name: String::new(),
            ends: None,
            contour: false,
        };
        assert_eq!(edges(&heat.across, true), [1.0, 2.0, 8.0, 16.0]);
        assert_eq!(heat.rectangles((true, false)).len(), 2);
        assert!(heat.contour().is_empty());
    }
}
