//! The ways of tokens without axes: on the circle with time outwards, on the globe as one sees it from outside.

use std::f64::consts::TAU;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::chart::{COLOURS, headed};
use super::side::{Drawn, FigureError, number};

/// Size of a portrait, in points of SVG.
const SIZE: (u32, u32) = (600, 640);
/// Radius at which time begins on the circle.
const START: f64 = 0.22;

/// The ways of tokens: times, and for each of them the places of the tokens in ℝ^d, one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways {
    /// Above the picture.
    pub title: String,
    /// Below the title: what is drawn.
    pub about: String,
    /// The times of the frames.
    pub times: Vec<f64>,
    /// Whether the frames are spaced by ratios.
    pub log: bool,
    /// Frame by frame, the tokens' places.
    pub places: Vec<Vec<f64>>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn drawn(paint: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, FigureError> {
    let mut text = String::new();
    let done = {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        paint(&root).and_then(|()| Ok(root.present()?))
    };
    done.map_err(|error| FigureError::Drawing(error.to_string()))?;
    Ok(text)
}

/// Points of a circle.
fn ring(radius: f64) -> Vec<(f64, f64)> {
    (0..=180)
        .map(|j| TAU * f64::from(j) / 180.0)
        .map(|a| (radius * a.cos(), radius * a.sin()))
        .collect()
}

type Flat = Cartesian2d<RangedCoordf64, RangedCoordf64>;

/// One way, with its start and its end.
fn draw_way(chart: &mut ChartContext<'_, SVGBackend<'_>, Flat>, way: Vec<(f64, f64)>) -> Drawn {
    let ends = (way.first().copied(), way.last().copied());
    chart.draw_series(LineSeries::new(way, COLOURS[0].mix(0.55)))?;
    if let (Some(first), Some(end)) = ends {
        chart.draw_series([Circle::new(first, 2, BLACK.mix(0.5).filled())])?;
        chart.draw_series([Circle::new(end, 4, COLOURS[1].filled())])?;
    }
    Ok(())
}

impl Ways {
    fn count(&self, dimension: usize) -> usize {
        self.places
            .first()
            .map_or(0, |first| first.len() / dimension)
    }

    /// Radius at a frame: time outwards, by ratios where the frames are.
    fn radius(&self, frame: usize) -> f64 {
        let last = (self.times.len() - 1).max(1) as f64;
        let share = if self.log {
            frame as f64 / last
        } else {
            let (from, to) = (self.times[0], self.times[self.times.len() - 1]);
            if to > from {
                (self.times[frame] - from) / (to - from)
            } else {
                1.0
            }
        };
        START + (1.0 - START) * share
    }

    /// Tokens of the circle: the angle is theirs, time goes outwards.
    ///
    /// # Errors
    /// [`FigureError`].
    pub fn circle(&self) -> Result<String, FigureError> {
        drawn(|root| {
            let body = headed(root, &self.title, &self.about)?;
            let mut chart = ChartBuilder::on(&body)
                .margin(14)
                .build_cartesian_2d(-1.06..1.06, -1.06..1.06)?;
            let last = self.times.len() - 1;
            for quarter in 0..=4 {
                let frame = last * quarter / 4;
                let radius = self.radius(frame);
                chart.draw_series(LineSeries::new(ring(radius), BLACK.mix(0.18)))?;
                if quarter > 0 {
                    let label = format!("t = {}", number(self.times[frame]));
                    let style = ("sans-serif", 12).into_font().color(&BLACK.mix(0.6));
                    chart.draw_series([Text::new(label, (0.01, -radius - 0.005), style)])?;
                }
            }
            for token in 0..self.count(2) {
                let way = (0..self.places.len()).map(|frame| {
                    let place = &self.places[frame][2 * token..2 * token + 2];
                    let length = place[0].hypot(place[1]).max(f64::MIN_POSITIVE);
                    let scale = self.radius(frame) / length;
                    (scale * place[0], scale * place[1])
                });
                let way: Vec<(f64, f64)> = way.collect();
                draw_way(&mut chart, way)?;
            }
            Ok(())
        })
    }

    /// Tokens of ℝ², both coordinates on one scale.
    ///
    /// # Errors
    /// [`FigureError`].
    pub fn plane(&self) -> Result<String, FigureError> {
        let finite = || self.places.iter().flatten().filter(|x| x.is_finite());
        if finite().next().is_none() {
            return Err(FigureError::Empty(self.title.clone()));
        }
        let range = |coordinate: usize| {
            let all = self
                .places
                .iter()
                .flat_map(|frame| frame.iter().skip(coordinate).step_by(2));
            let finite = all.copied().filter(|x| x.is_finite());
            let low = finite.clone().fold(f64::INFINITY, f64::min);
            let high = finite.fold(f64::NEG_INFINITY, f64::max);
            (0.5 * (low + high), 0.5 * (high - low))
        };
        let (x, y) = (range(0), range(1));
        let half = 1.05 * x.1.max(y.1).max(1e-12);
        drawn(|root| {
            let body = headed(root, &self.title, &self.about)?;
            let mut chart = ChartBuilder::on(&body)
                .margin(14)
                .x_label_area_size(40)
                .y_label_area_size(62)
                .build_cartesian_2d(x.0 - half..x.0 + half, y.0 - half..y.0 + half)?;
            chart
                .configure_mesh()
                .light_line_style(WHITE)
                .bold_line_style(BLACK.mix(0.12))
                .x_desc("x₁")
                .y_desc("x₂")
                .label_style(("sans-serif", 13))
                .x_label_formatter(&|value| number(*value))
                .y_label_formatter(&|value| number(*value))
                .draw()?;
            for token in 0..self.count(2) {
                let at = |frame: &Vec<f64>| (frame[2 * token], frame[2 * token + 1]);
                let way: Vec<(f64, f64)> = (self.places.iter().map(at))
                    .filter(|p| p.0.is_finite() && p.1.is_finite())
                    .collect();
                draw_way(&mut chart, way)?;
            }
            Ok(())
        })
    }

    /// Tokens of S², seen from the side to which most of them go: what is behind is pale.
    ///
    /// # Errors
    /// [`FigureError`].
    pub fn globe(&self) -> Result<String, FigureError> {
        let eye = Eye::of(&self.places);
        drawn(|root| {
            let body = headed(root, &self.title, &self.about)?;
            let mut chart = ChartBuilder::on(&body)
                .margin(14)
                .build_cartesian_2d(-1.06..1.06, -1.06..1.06)?;
            for line in graticule() {
                let seen = line.iter().map(|p| eye.sees(p)).collect::<Vec<_>>();
                for piece in seen.split(|p| p.2 < 0.0).filter(|piece| piece.len() > 1) {
                    let flat = piece.iter().map(|p| (p.0, p.1));
                    chart.draw_series(LineSeries::new(flat, BLACK.mix(0.1)))?;
                }
            }
            chart.draw_series(LineSeries::new(ring(1.0), BLACK.mix(0.5)))?;
            // what is behind first
            for front in [false, true] {
                for token in 0..self.count(3) {
                    let at = |frame: usize| eye.sees(&self.places[frame][3 * token..3 * token + 3]);
                    let way: Vec<(f64, f64, f64)> = (0..self.places.len()).map(at).collect();
                    let share = if front { 0.6 } else { 0.15 };
                    for piece in way
                        .split(|p| (p.2 >= 0.0) != front)
                        .filter(|piece| piece.len() > 1)
                    {
                        let flat = piece.iter().map(|p| (p.0, p.1));
                        chart.draw_series(LineSeries::new(flat, COLOURS[0].mix(share)))?;
                    }
                    let (first, end) = (at(0), at(self.places.len() - 1));
                    if (first.2 >= 0.0) == front {
                        let style = BLACK.mix(if front { 0.5 } else { 0.2 }).filled();
                        chart.draw_series([Circle::new((first.0, first.1), 2, style)])?;
                    }
                    if (end.2 >= 0.0) == front {
                        let style = if front {
                            COLOURS[1].filled()
                        } else {
                            COLOURS[1].stroke_width(1)
                        };
                        chart.draw_series([Circle::new((end.0, end.1), 4, style)])?;
                    }
                }
            }
            Ok(())
        })
    }
}

/// Where one looks from: three axes, the last towards the eye.
struct Eye([[f64; 3]; 3]);

impl Eye {
    /// Towards the mean of the last places, or from a corner where there is none, and a little from above.
    fn of(places: &[Vec<f64>]) -> Self {
        let mut mean = [0.0; 3];
        for place in places
            .last()
            .map_or(&[][..], |last| last.as_chunks::<3>().0)
        {
            (mean.iter_mut().zip(place)).for_each(|(sum, x)| *sum += x);
        }
        let norm = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let count = places.last().map_or(1, |last| last.len() / 3).max(1) as f64;
        if norm(mean) < 1e-3 * count {
            mean = [1.0, 0.6, 0.5];
        }
        // turned aside, so that the way there is seen
        let (c, s) = (0.9, 0.436);
        let mean = [
            c * mean[0] - s * mean[1],
            s * mean[0] + c * mean[1],
            mean[2],
        ];
        let length = norm(mean);
        let towards = mean.map(|x| x / length);
        let right = [-towards[1], towards[0], 0.0];
        let width = norm(right);
        let right = if width > 1e-9 {
            right.map(|x| x / width)
        } else {
            [1.0, 0.0, 0.0]
        };
        let up = [
            towards[1] * right[2] - towards[2] * right[1],
            towards[2] * right[0] - towards[0] * right[2],
            towards[0] * right[1] - towards[1] * right[0],
        ];
        Self([right, up, towards])
    }

    /// Right, up, towards the eye.
    fn sees(&self, place: &[f64]) -> (f64, f64, f64) {
        let [x, y, z] = self
            .0
            .map(|axis| axis.iter().zip(place).map(|(a, b)| a * b).sum());
        (x, y, z)
    }
}

/// Meridians and parallels, every 30 degrees.
fn graticule() -> Vec<Vec<[f64; 3]>> {
    let angles = || (0..=72).map(|j| TAU * f64::from(j) / 72.0);
    let parallel = |k: i32| {
        let latitude = TAU * f64::from(k) / 12.0;
        angles()
            .map(|a| {
                [
                    latitude.cos() * a.cos(),
                    latitude.cos() * a.sin(),
                    latitude.sin(),
                ]
            })
            .collect()
    };
    let meridian = |k: i32| {
        let longitude = TAU * f64::from(k) / 12.0;
        angles()
            .map(|a| {
                [
                    a.cos() * longitude.cos(),
                    a.cos() * longitude.sin(),
                    a.sin(),
                ]
            })
            .collect()
    };
    (-2..=2).map(parallel).chain((0..6).map(meridian)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eye_has_three_orthonormal_axes_wherever_the_tokens_end() {
        for end in [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
            [1.0, 0.0, 0.0],
            [0.0; 3],
            [0.6, 0.0, 0.8],
        ] {
            let Eye(axes) = Eye::of(&[vec![1.0, 0.0, 0.0], end.to_vec()]);
            for (i, a) in axes.iter().enumerate() {
                for (j, b) in axes.iter().enumerate() {
                    let product: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                    assert!(
                        (product - f64::from(u8::from(i == j))).abs() < 1e-12,
                        "{end:?} {product}"
                    );
                }
            }
        }
    }
}
