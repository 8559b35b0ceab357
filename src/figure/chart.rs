//! A picture with two axes: a heat map with its colour bar and contour, curves with bands.

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

/// Size of a picture, in points of SVG.
const SIZE: (u32, u32) = (760, 500);
/// Width of the colour bar with its numbers.
const BAR: u32 = 122;
/// Colours of curves (Okabe and Ito 2008), the first for measurements.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// There is no finite number to be drawn.
    #[error("there is no finite number of {0} to be drawn")]
    Empty(String),
    /// The drawing library gave up.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A side of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it shows, with its unit where it has one.
    pub name: String,
    /// Its ends.
    pub ends: (f64, f64),
    /// Whether equal ratios are equally far apart.
    pub log: bool,
    /// Words in place of numbers, at 0, 1, 2 …
    pub words: Vec<String>,
}

impl Side {
    /// Of these numbers, by equal ratios if `log` and all of them allow it.
    #[must_use]
    pub fn of(name: &str, values: impl Iterator<Item = f64> + Clone, log: bool) -> Self {
        let finite = values.filter(|v| v.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        let log = log && low > 0.0;
        let ends = match (low < high, log) {
            (true, _) => (low, high),
            (false, true) => (low / 2.0, 2.0 * low),
            (false, false) => (low - 0.5, low + 0.5),
        };
        Self {
            name: name.into(),
            ends,
            log,
            words: Vec::new(),
        }
    }

    fn label(&self, value: f64) -> String {
        let near = value.round();
        match self.words.get(near.max(0.0) as usize) {
            Some(word) if (value - near).abs() < 1e-9 && near >= 0.0 => word.clone(),
            None if self.words.is_empty() => number(value),
            _ => String::new(),
        }
    }
}

/// A number on an axis: as short as it is exact to nine digits.
fn number(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.2e}").replace(".00e", "e");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

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
}

/// A line on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it is.
    pub label: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// Half the width of a band about it, point by point; none without one.
    pub band: Vec<f64>,
    /// Whether theory says so: dashed, and black, or white on a heat map.
    pub theory: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// From left to right.
    pub across: Side,
    /// From bottom to top.
    pub upwards: Side,
    /// Below the curves.
    pub heat: Option<Heat>,
    /// On top.
    pub curves: Vec<Curve>,
}

impl Chart {
    /// The picture as SVG.
    ///
    /// # Errors
    /// [`FigureError`] where there is nothing to be drawn.
    pub fn svg(&self) -> Result<String, FigureError> {
        let values = self.heat.as_ref().map_or(&[][..], |heat| &heat.values);
        let ordinates = self.curves.iter().filter(|c| !c.theory);
        let mut all =
            (values.iter().copied()).chain(ordinates.flat_map(|c| c.points.iter().map(|p| p.1)));
        if !all.any(f64::is_finite) {
            return Err(FigureError::Empty(self.title.clone()));
        }
        let mut text = String::new();
        let drawn = {
            let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            self.on(&root)
        };
        drawn.map_err(|error| FigureError::Drawing(error.to_string()))?;
        Ok(text)
    }

    fn on(&self, root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Drawn {
        root.fill(&WHITE)?;
        let area = match &self.heat {
            Some(heat) => {
                let (left, right) = root.split_horizontally(SIZE.0 - BAR);
                bar(&right, heat)?;
                left
            }
            None => root.clone(),
        };
        let (x, y) = (self.across.ends, self.upwards.ends);
        match (self.across.log, self.upwards.log) {
            (false, false) => self.draw(&area, x.0..x.1, y.0..y.1)?,
            (true, false) => self.draw(&area, (x.0..x.1).log_scale(), y.0..y.1)?,
            (false, true) => self.draw(&area, x.0..x.1, (y.0..y.1).log_scale())?,
            (true, true) => self.draw(&area, (x.0..x.1).log_scale(), (y.0..y.1).log_scale())?,
        }
        root.present()?;
        Ok(())
    }

    // long: the layers of a picture, one after another
    fn draw<X, Y>(
        &self,
        area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
        x: X,
        y: Y,
    ) -> Drawn
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 17))
            .margin(12)
            .x_label_area_size(46)
            .y_label_area_size(66)
            .build_cartesian_2d(x, y)?;
        if let Some(heat) = &self.heat {
            chart.draw_series(heat.rectangles())?;
            let style = WHITE.mix(0.6);
            let key = move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style);
            let label = format!("{} = {}", heat.name, number(heat.middle()));
            for (which, piece) in heat.contour().into_iter().enumerate() {
                let series = chart.draw_series(LineSeries::new(piece, style))?;
                if which == 0 {
                    series.label(&label).legend(key);
                }
            }
        }
        let across = |value: &f64| self.across.label(*value);
        let upwards = |value: &f64| self.upwards.label(*value);
        let mut mesh = chart.configure_mesh();
        if self.heat.is_some() {
            mesh.disable_mesh();
        }
        mesh.light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .x_desc(&self.across.name)
            .y_desc(&self.upwards.name)
            .axis_desc_style(("sans-serif", 15))
            .label_style(("sans-serif", 13))
            .x_label_formatter(&across)
            .y_label_formatter(&upwards)
            .draw()?;
        for (which, curve) in self.curves.iter().enumerate() {
            let colour = match (curve.theory, self.heat.is_some()) {
                (true, true) => WHITE,
                // the first prediction black, the next lighter
                (true, false) => match self.curves[..which].iter().filter(|c| c.theory).count() {
                    0 => BLACK,
                    _ => RGBColor(125, 125, 125),
                },
                _ => COLOURS[which % COLOURS.len()],
            };
            if !curve.band.is_empty() {
                let band = curve.band_around(self.upwards.ends);
                chart.draw_series([Polygon::new(band, colour.mix(0.22))])?;
            }
            let style = colour.stroke_width(2);
            for piece in curve.pieces(self.across.ends, self.upwards.ends) {
                let key = move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style);
                let series = if curve.theory {
                    chart.draw_series(DashedLineSeries::new(piece, 7, 4, style))?
                } else {
                    chart.draw_series(LineSeries::new(piece, style))?
                };
                series.label(&curve.label).legend(key);
            }
        }
        if self.heat.is_some() || self.curves.iter().any(|curve| !curve.label.is_empty()) {
            let back = if self.heat.is_some() {
                BLACK.mix(0.45)
            } else {
                WHITE.mix(0.8)
            };
            let letters = if self.heat.is_some() { WHITE } else { BLACK };
            chart
                .configure_series_labels()
                .background_style(back)
                .label_font(("sans-serif", 13).into_font().color(&letters))
                .draw()?;
        }
        Ok(())
    }
}

/// The colours beside a heat map and their numbers.
fn bar(area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>, heat: &Heat) -> Drawn {
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
    ViridisRGB.get_color_normalized(value as f32, low as f32, high as f32)
}

/// The ends of the cells around places.
fn edges(places: &[f64]) -> Vec<f64> {
    let (first, last) = (places.first().copied(), places.last().copied());
    let between = places.windows(2).map(|w| 0.5 * (w[0] + w[1]));
    first.into_iter().chain(between).chain(last).collect()
}

impl Heat {
    /// The ends of the colours; shares go from 0 to 1.
    fn range(&self) -> (f64, f64) {
        let side = Side::of("", self.values.iter().copied(), false);
        match side.ends {
            (low, high) if low >= 0.0 && high <= 1.0 && self.name.contains("near") => (0.0, 1.0),
            ends => ends,
        }
    }

    /// Where the contour is drawn.
    fn middle(&self) -> f64 {
        let (low, high) = self.range();
        0.5 * (low + high)
    }

    fn value(&self, right: usize, up: usize) -> f64 {
        self.values[up * self.across.len() + right]
    }

    /// A rectangle a cell, grey where there is no number.
    fn rectangles(&self) -> Vec<Rectangle<(f64, f64)>> {
        let (x, y) = (edges(&self.across), edges(&self.upwards));
        let range = self.range();
        let mut list = Vec::with_capacity(self.values.len());
        for up in 0..self.upwards.len() {
            for right in 0..self.across.len() {
                let value = self.value(right, up);
                let colour = if value.is_finite() {
                    colour(value, range)
                } else {
                    RGBColor(190, 190, 190)
                };
                let corners = [(x[right], y[up]), (x[right + 1], y[up + 1])];
                list.push(Rectangle::new(corners, colour.filled()));
            }
        }
        list
    }

    /// The line at the middle of the range, by marching squares: pieces between two sides of a square of neighbouring places.
    fn contour(&self) -> Vec<[(f64, f64); 2]> {
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

impl Curve {
    /// The parts of it that lie on the picture.
    fn pieces(&self, x: (f64, f64), y: (f64, f64)) -> Vec<Vec<(f64, f64)>> {
        let inside = |p: &(f64, f64)| p.0 >= x.0 && p.0 <= x.1 && p.1 >= y.0 && p.1 <= y.1;
        (self.points.split(|p| !inside(p)))
            .filter(|piece| !piece.is_empty())
            .map(<[(f64, f64)]>::to_vec)
            .collect()
    }

    /// There along the upper end of the band, and back along the lower.
    fn band_around(&self, (low, high): (f64, f64)) -> Vec<(f64, f64)> {
        let points = self.points.iter().zip(&self.band);
        let finite = points.filter(|(p, band)| p.1.is_finite() && band.is_finite());
        let above = finite.clone().map(|(p, b)| (p.0, (p.1 + b).min(high)));
        let below = finite.rev().map(|(p, b)| (p.0, (p.1 - b).max(low)));
        above.chain(below).collect()
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
        };
        let contour = heat.contour();
        assert_eq!(contour.len(), 9);
        for (x, y) in contour.into_iter().flatten() {
            assert!((x + y - 5.0).abs() < 1e-14, "{x} {y}");
        }
    }

    #[test]
    fn numbers_on_an_axis_are_short_and_exact() {
        let texts = [0.0, 2.5, 1024.0, 0.1 + 0.2, 1e-6, 2.5e7, -3.0].map(number);
        assert_eq!(texts, ["0", "2.5", "1024", "0.3", "1e-6", "2.50e7", "-3"]);
    }

    #[test]
    fn a_picture_of_nothing_is_refused() {
        let side = Side::of("x", [0.0, 1.0].into_iter(), false);
        let chart = Chart {
            title: "nothing".into(),
            across: side.clone(),
            upwards: side,
            heat: None,
            curves: vec![Curve {
                label: String::new(),
                points: vec![(0.0, f64::NAN)],
                band: Vec::new(),
                theory: false,
            }],
        };
        assert!(matches!(chart.svg(), Err(FigureError::Empty(_))));
    }
}
