//! The pictures of a sweep, one for every observable: a diagram of time and an axis, or of two axes, or a curve with its band.

use super::Figure;
use super::chart::{Chart, Curve, Stroke};
use super::heat::Heat;
use super::side::{FigureError, Side};
use crate::experiment::sweep::Axis;
use crate::sweep::{CellResult, Plan, predicted};

/// What lies along a side: a name, places, whether by ratios, and words in place of numbers.
struct Along {
    name: String,
    places: Vec<f64>,
    log: bool,
    words: Vec<String>,
}

impl Along {
    fn axis(axis: &Axis) -> Self {
        let settings = |j: usize| axis.settings(j).into_iter().next();
        let numbers = (0..axis.len()).all(|j| settings(j).is_some_and(|s| s.number().is_some()));
        let words = if numbers {
            Vec::new()
        } else {
            (0..axis.len())
                .map(|j| settings(j).map_or_else(String::new, |s| s.label()))
                .collect()
        };
        Self {
            name: match axis.name() {
                "attention.beta" => "β".into(),
                "tokens.count" => "n".into(),
                "tokens.dimension" => "d".into(),
                "noise.diffusion" => "D".into(),
                key => key.into(),
            },
            places: (0..axis.len()).map(|j| axis.place(j)).collect(),
            log: axis.is_log() && numbers,
            words,
        }
    }

    fn side(&self) -> Side {
        Side {
            words: self.words.clone(),
            ..Side::of(&self.name, self.places.iter().copied(), self.log)
        }
    }
}

/// The pictures of a sweep whose cells are read by `cell`; a cell that is not there is left grey, or out of a curve. Axes that have no side on the
/// picture stand at their first point, and the title says so.
///
/// # Errors
/// [`FigureError`], of the first observable that has none.
pub fn figures(
    plan: &Plan,
    cell: &dyn Fn(usize) -> Option<CellResult>,
) -> Result<Vec<Figure>, FigureError> {
    let cells: Vec<Option<CellResult>> = (0..plan.spec.cells()).map(cell).collect();
    (plan.rows().enumerate())
        .map(|(which, row)| {
            let picture = Picture {
                plan,
                cells: &cells,
                which,
                observable: row.name,
                about: row.about,
            };
            Ok(Figure {
                name: row.name.into(),
                svg: picture.chart().svg()?,
            })
        })
        .collect()
}

/// One observable of a sweep.
struct Picture<'a> {
    plan: &'a Plan,
    cells: &'a [Option<CellResult>],
    which: usize,
    observable: &'static str,
    about: &'static str,
}

impl Picture<'_> {
    /// Mean and standard error at a point of the first axes.
    fn at(&self, points: &[usize], frame: usize) -> (f64, f64) {
        let cell = self.plan.spec.cell(points);
        let series = self.cells[cell].as_ref().map(|c| &c.series[self.which]);
        let number = |list: &[f64]| list.get(frame).copied().unwrap_or(f64::NAN);
        series.map_or((f64::NAN, f64::NAN), |s| {
            (number(&s.mean), number(&s.standard_error))
        })
    }

    fn chart(&self) -> Chart {
        let axes = &self.plan.spec.axes;
        let time = self.plan.times().map(|times| Along {
            name: "t".into(),
            places: times.to_vec(),
            log: false,
            words: Vec::new(),
        });
        let last = self.plan.frames() - 1;
        match (axes.as_slice(), time) {
            ([], Some(time)) => self.curve(&time, &|j| self.at(&[], j), 0),
            ([], None) => {
                let only = Along {
                    name: String::new(),
                    places: vec![0.0],
                    log: false,
                    words: vec![String::new()],
                };
                self.curve(&only, &|_| self.at(&[], 0), 0)
            }
            ([axis], None) => self.curve(&Along::axis(axis), &|j| self.at(&[j], 0), 1),
            ([axis, ..], Some(time)) => {
                let value = |right, up| self.at(&[up], right).0;
                self.diagram(&time, &Along::axis(axis), &value, 1)
            }
            ([one, other, ..], None) => {
                let value = |right, up| self.at(&[right, up], last).0;
                self.diagram(&Along::axis(one), &Along::axis(other), &value, 2)
            }
        }
    }

    /// What the picture shows, and what it leaves out.
    fn title(&self, shown: usize) -> String {
        let rest = self.plan.spec.axes.iter().skip(shown);
        let fixed: String = rest
            .filter_map(|axis| Some((axis, axis.settings(0).into_iter().next()?)))
            .map(|(axis, setting)| format!(", {} = {}", axis.name(), setting.label()))
            .collect();
        let runs = match self.plan.spec.realisations {
            1 => "one run a point".to_owned(),
            many => format!("mean of {many} runs"),
        };
        let missing = self.cells.iter().filter(|cell| cell.is_none()).count();
        let missing = if missing > 0 {
            format!(", {missing} cells not run yet")
        } else {
            String::new()
        };
        format!("{}: {runs}{fixed}{missing}", self.observable)
    }

    fn theory(&self) -> impl Iterator<Item = Curve> {
        let list = predicted::of(self.plan, self.observable);
        list.into_iter().map(|theory| Curve {
            label: theory.label.into(),
            points: theory.curve,
            band: Vec::new(),
            stroke: Stroke::Theory,
        })
    }

    fn curve(&self, along: &Along, at: &dyn Fn(usize) -> (f64, f64), shown: usize) -> Chart {
        let values: Vec<(f64, f64)> = (0..along.places.len()).map(at).collect();
        let band: Vec<f64> = values.iter().map(|v| 2.0 * v.1).collect();
        let measured = Curve {
            label: if band.iter().any(|b| b.is_finite()) {
                "measured ± 2 standard errors".into()
            } else {
                "measured".into()
            },
            points: (along.places.iter().copied())
                .zip(values.iter().map(|v| v.0))
                .collect(),
            band,
            stroke: Stroke::Measured,
        };
        let curves: Vec<Curve> = std::iter::once(measured).chain(self.theory()).collect();
        let bands = (values.iter()).flat_map(|(v, e)| {
            let e = if e.is_finite() { 2.0 * e } else { 0.0 };
            [v - e, v + e]
        });
        let lines = (curves.iter().skip(1)).flat_map(|c| c.points.iter().map(|p| p.1));
        let ordinates: Vec<f64> = bands.chain(lines).collect();
        let plain = Side::of(self.observable, ordinates.iter().copied(), false);
        let steep = along.log && plain.ends.0 > 0.0 && plain.ends.1 > 8.0 * plain.ends.0;
        Chart {
            title: self.title(shown),
            about: self.about.into(),
            across: along.side(),
            upwards: Side::of(self.observable, ordinates.iter().copied(), steep),
            heat: None,
            curves,
        }
    }

    fn diagram(
        &self,
        across: &Along,
        upwards: &Along,
        value: &dyn Fn(usize, usize) -> f64,
        shown: usize,
    ) -> Chart {
        let columns = 0..across.places.len();
        let values: Vec<f64> = (0..upwards.places.len())
            .flat_map(|up| columns.clone().map(move |right| (right, up)))
            .map(|(right, up)| value(right, up))
            .collect();
        Chart {
            title: self.title(shown),
            about: self.about.into(),
            across: across.side(),
            upwards: upwards.side(),
            heat: Some(Heat {
                across: across.places.clone(),
                upwards: upwards.places.clone(),
                ends: (self.observable == "tokens_near").then_some((0.0, 1.0)),
                contour: true,
                values,
                name: self.observable.into(),
            }),
            curves: self.theory().collect(),
        }
    }
}
