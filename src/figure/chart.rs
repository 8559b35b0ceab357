//! A picture with two axes: a heat map with its colour bar and contour, curves with bands, trails.

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::heat::{Heat, bar};
use super::side::{Drawn, FigureError, Side, number};

/// Size of a picture, in points of SVG.
const SIZE: (u32, u32) = (760, 500);
/// Width of the colour bar with its numbers.
const BAR: u32 = 122;
/// Colours of curves (Okabe and Ito 2008), the first for measurements.
pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// A line on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it is.
    pub label: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// Half the width of a band about it, point by point; none without one.
    pub band: Vec<f64>,
    /// How it is drawn.
    pub stroke: Stroke,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// What was measured: a colour of its own.
    Measured,
    /// What theory says: dashed, and black, or white on a heat map.
    Theory,
    /// The way of one of many tokens: thin.
    Trail,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below the title, smaller: what is measured, with its unit.
    pub about: String,
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
        let ordinates = self.curves.iter().filter(|c| c.stroke != Stroke::Theory);
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
        let body = headed(root, &self.title, &self.about)?;
        let area = match &self.heat {
            Some(heat) => {
                let (left, right) = body.split_horizontally(SIZE.0 - BAR);
                bar(&right, heat)?;
                left
            }
            None => body,
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
            .margin(12)
            .x_label_area_size(46)
            .y_label_area_size(66)
            .build_cartesian_2d(x, y)?;
        if let Some(heat) = &self.heat {
            chart.draw_series(heat.rectangles((self.across.log, self.upwards.log)))?;
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
            let style = self.style(which);
            if !curve.band.is_empty() {
                let band = curve.band_around(self.upwards.ends);
                chart.draw_series([Polygon::new(band, style.color.mix(0.22))])?;
            }
            for (number, piece) in (curve
                .pieces(self.across.ends, self.upwards.ends)
                .into_iter())
            .enumerate()
            {
                let named = number == 0 && !curve.label.is_empty();
                if curve.stroke == Stroke::Theory {
                    let series = chart.draw_series(DashedLineSeries::new(piece, 7, 4, style))?;
                    if named {
                        series.label(&curve.label).legend(move |at| {
                            let dash =
                                |from: i32| PathElement::new([(from, 0), (from + 9, 0)], style);
                            EmptyElement::at(at) + dash(0) + dash(13)
                        });
                    }
                } else {
                    let series = chart.draw_series(LineSeries::new(piece, style))?;
                    if named {
                        let key = move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style);
                        series.label(&curve.label).legend(key);
                    }
                }
            }
        }
        let contour = self.heat.as_ref().is_some_and(|heat| heat.contour);
        if contour || self.curves.iter().any(|curve| !curve.label.is_empty()) {
            let back = if self.heat.is_some() {
                BLACK.mix(0.45)
            } else {
                WHITE.mix(0.8)
            };
            let letters = if self.heat.is_some() { WHITE } else { BLACK };
            chart
                .configure_series_labels()
                .position(self.free_corner())
                .background_style(back)
                .label_font(("sans-serif", 13).into_font().color(&letters))
                .draw()?;
        }
        Ok(())
    }
}

/// The title and what is measured above a picture; the rest of it.
pub(super) fn headed<'a>(
    root: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    title: &str,
    about: &str,
) -> Result<DrawingArea<SVGBackend<'a>, plotters::coord::Shift>, Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    let below = root.titled(title, ("sans-serif", 17))?;
    if about.is_empty() {
        return Ok(below);
    }
    Ok(below.titled(
        about,
        ("sans-serif", 12).into_font().color(&BLACK.mix(0.65)),
    )?)
}

impl Chart {
    /// The corner with the fewest points of curves in it: there the legend lies.
    fn free_corner(&self) -> SeriesLabelPosition {
        let share = |value: f64, side: &Side| {
            let (low, high) = side.ends;
            if side.log {
                (value / low).ln() / (high / low).ln()
            } else {
                (value - low) / (high - low)
            }
        };
        let lines = self.curves.iter().filter(|c| !c.label.is_empty()).count() + 1;
        // as large as a long name and its lines
        let (width, height) = (0.4, 0.05 * lines as f64 + 0.03);
        let mut best = (usize::MAX, SeriesLabelPosition::UpperRight);
        for (corner, right, up) in [
            (SeriesLabelPosition::UpperRight, 1.0, 1.0),
            (SeriesLabelPosition::LowerRight, 1.0, 0.0),
            (SeriesLabelPosition::UpperLeft, 0.0, 1.0),
            (SeriesLabelPosition::LowerLeft, 0.0, 0.0),
        ] {
            let inside = |p: &&(f64, f64)| {
                let (x, y) = (share(p.0, &self.across), share(p.1, &self.upwards));
                (0.0..=1.0).contains(&y) && (x - right).abs() < width && (y - up).abs() < height
            };
            let points = self
                .curves
                .iter()
                .flat_map(|c| c.points.iter())
                .filter(inside)
                .count();
            if points < best.0 {
                best = (points, corner);
            }
        }
        best.1
    }

    /// The colour and width of a curve.
    fn style(&self, which: usize) -> ShapeStyle {
        let before = |stroke: Stroke| {
            self.curves[..which]
                .iter()
                .filter(|c| c.stroke == stroke)
                .count()
        };
        match (self.curves[which].stroke, self.heat.is_some()) {
            (Stroke::Trail, true) => WHITE.mix(0.45).stroke_width(1),
            (Stroke::Trail, false) => COLOURS[0].mix(0.4).stroke_width(1),
            (Stroke::Theory, true) => WHITE.stroke_width(2),
            // the first prediction black, the next lighter
            (Stroke::Theory, false) if before(Stroke::Theory) == 0 => BLACK.stroke_width(2),
            (Stroke::Theory, false) => RGBColor(125, 125, 125).stroke_width(2),
            (Stroke::Measured, _) => {
                COLOURS[before(Stroke::Measured) % COLOURS.len()].stroke_width(2)
            }
        }
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
    fn a_picture_of_nothing_is_refused() {
        let side = Side::of("x", [0.0, 1.0].into_iter(), false);
        let chart = Chart {
            title: "nothing".into(),
            about: String::new(),
            across: side.clone(),
            upwards: side,
            heat: None,
            curves: vec![Curve {
                label: String::new(),
                points: vec![(0.0, f64::NAN)],
                band: Vec::new(),
                stroke: Stroke::Measured,
            }],
        };
        assert!(matches!(chart.svg(), Err(FigureError::Empty(_))));
    }
}
