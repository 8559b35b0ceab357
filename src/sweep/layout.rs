//! Which axes of a sweep have a side on a picture, on the screen and on paper alike: with one axis it goes to the right, or upwards where time does;
//! with more the first goes to the right and the second upwards. What has no side stands at a point: time at its last frame, other axes where the
//! reader has put them.

use super::plan::Plan;

/// What lies along the picture's sides, and where the rest stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The axis upwards, if there is one.
    pub up: Option<usize>,
    /// The axis to the right; time where there is none.
    pub right: Option<usize>,
    /// The point of every axis, where it has no side.
    points: Vec<usize>,
}

impl Layout {
    /// For a sweep; `turn` counts through the points of the axes without a side.
    #[must_use]
    pub fn of(plan: &Plan, turn: usize) -> Self {
        let axes = &plan.spec.axes;
        let (up, right) = match (axes.len(), plan.times().is_some()) {
            (0, _) => (None, None),
            (1, true) => (Some(0), None),
            (1, false) => (None, Some(0)),
            _ => (Some(1), Some(0)),
        };
        let mut rest = turn;
        let mut points = vec![0; axes.len()];
        for (point, axis) in points.iter_mut().zip(axes).skip(2) {
            *point = rest % axis.len();
            rest /= axis.len();
        }
        Self { up, right, points }
    }

    /// How many points the axes without a side have together.
    #[must_use]
    pub fn turns(plan: &Plan) -> usize {
        plan.spec
            .axes
            .iter()
            .skip(2)
            .map(crate::experiment::sweep::Axis::len)
            .product()
    }

    /// Whether it takes two sides and a colour.
    #[must_use]
    pub fn is_diagram(&self) -> bool {
        self.up.is_some()
    }

    /// How many points there are to the right and upwards.
    #[must_use]
    pub fn shape(&self, plan: &Plan) -> (usize, usize) {
        let axes = &plan.spec.axes;
        let right = (self.right).map_or_else(|| plan.frames(), |axis| axes[axis].len());
        (right, self.up.map_or(1, |axis| axes[axis].len()))
    }

    /// Cell and frame of a point.
    #[must_use]
    pub fn cell(&self, plan: &Plan, (right, up): (usize, usize)) -> (usize, usize) {
        let mut index = self.points.clone();
        let mut frame = plan.frames() - 1;
        match self.right {
            Some(axis) => index[axis] = right,
            None => frame = right,
        }
        if let Some(axis) = self.up {
            index[axis] = up;
        }
        (plan.spec.cell(&index), frame)
    }

    /// Where that stands which has no side: ", tokens.dimension = 3, t = 30".
    #[must_use]
    pub fn rest(&self, plan: &Plan) -> String {
        let mut text = String::new();
        for (axis, point) in plan.spec.axes.iter().zip(&self.points).skip(2) {
            for (key, setting) in axis.keys.iter().zip(axis.settings(*point)) {
                text += &format!(", {key} = {}", setting.label());
            }
        }
        match (self.right, plan.times()) {
            (Some(_), Some([.., last])) => text + &format!(", t = {last}"),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    #[test]
    fn every_cell_is_on_one_of_the_pictures() {
        let mut experiment = presets::load("wendel").unwrap();
        let mut spec = experiment.sweep.take().unwrap();
        let axis = spec.axes[0].clone();
        for count in 0..4 {
            spec.axes = vec![axis.clone(); count];
            experiment.sweep = Some(spec.clone());
            let plan = Plan::new(&experiment).unwrap().unwrap();
            let mut seen = vec![false; plan.spec.cells()];
            for turn in 0..Layout::turns(&plan) {
                let layout = Layout::of(&plan, turn);
                let (right, up) = layout.shape(&plan);
                for point in (0..right).flat_map(|r| (0..up).map(move |u| (r, u))) {
                    seen[layout.cell(&plan, point).0] = true;
                }
            }
            assert!(seen.iter().all(|seen| *seen), "{count} axes");
        }
    }
}
