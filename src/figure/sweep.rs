//! The pictures of a sweep, one for every observable: a diagram of time and an axis, or of two axes, or a curve with its band.

use super::Figure;
use super::chart::{Chart, Curve, Stroke};
use super::heat::Heat;
use super::side::{FigureError, Side};
use crate::experiment::sweep::Axis;
use crate::sweep::{CellResult, Layout, Plan, predicted};

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

/// The pictures of a sweep whose cells are read by `cell`; a cell that is not there is left grey, or out of a curve. What has no side on the
/// picture stands at a point, and the title says so.
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
    /// Mean and standard error in a cell at a frame.
    fn at(&self, (cell, frame): (usize, usize)) -> (f64, f64) {
        let series = self.cells[cell].as_ref().map(|c| &c.series[self.which]);
        let number = |list: &[f64]| list.get(frame).copied().unwrap_or(f64::NAN);
        series.map_or((f64::NAN, f64::NAN), |s| {
            (number(&s.mean), number(&s.standard_error))
        })
    }

    fn chart(&self) -> Chart {
        let (plan, layout) = (self.plan, Layout::of(self.plan, 0));
        let time = || Along {
            name: "t".into(),
            places: plan.times().unwrap_or_default().to_vec(),
            log: false,
            words: Vec::new(),
        };
        let only = || Along {
            name: String::new(),
            places: vec![0.0],
            log: false,
            words: vec![String::new()],
        };
        let across = match (layout.right, plan.times()) {
            (Some(axis), _) => Along::axis(&plan.spec.axes[axis]),
            (None, Some(_)) => time(),
            (None, None) => only(),
        };
        let at = |point| self.at(layout.cell(plan, point));
        match layout.up {
            Some(axis) => {
                let upwards = Along::axis(&plan.spec.axes[axis]);
                self.diagram(&across, &upwards, &|right, up| at((right, up)).0, &layout)
            }
            None => self.curve(&across, &|right| at((right, 0)), &layout),
        }
    }

    /// What the picture shows, and where that stands which it does not.
    fn title(&self, layout: &Layout) -> String {
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
        format!(
            "{}: {runs}{}{missing}",
            self.observable,
            layout.rest(self.plan)
        )
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

    fn curve(&self, along: &Along, at: &dyn Fn(usize) -> (f64, f64), layout: &Layout) -> Chart {
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
            title: self.title(layout),
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
        layout: &Layout,
    ) -> Chart {
        let columns = 0..across.places.len();
        let values: Vec<f64> = (0..upwards.places.len())
            .flat_map(|up| columns.clone().map(move |right| (right, up)))
            .map(|(right, up)| value(right, up))
            .collect();
        Chart {
            title: self.title(layout),
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
