//! The distribution function F of a density on an interval, as a cubic on each of its cells: by values and slopes at the nodes of an even
//! grid, or straight between the points of a line.

use crate::measure::Density;
use crate::sphere::{CirclePlan, Complex};
use std::f64::consts::TAU;

const POINTS_PER_MODE: usize = 8;
const FEWEST_POINTS: usize = 2048;

/// F on cells.
pub(super) struct Cumulative {
    nodes: Nodes,
    values: Vec<f64>,
    /// F' at the nodes; none where F is straight between them.
    slopes: Vec<f64>,
}

enum Nodes {
    /// 0, step, 2·step, …
    Even { step: f64, inverse: f64 },
    /// Anywhere, in order.
    Line(Vec<f64>),
}

impl Cumulative {
    /// From values and slopes at the nodes 0, step, 2·step, …
    pub(crate) fn of_nodes(step: f64, values: Vec<f64>, slopes: Vec<f64>) -> Self {
        let inverse = 1.0 / step;
        Self {
            nodes: Nodes::Even { step, inverse },
            values,
            slopes,
        }
    }

    /// Straight between points (place, F), increasing in both.
    pub(crate) fn of_line(line: &[(f64, f64)]) -> Self {
        let (nodes, values) = line.iter().copied().unzip();
        Self {
            nodes: Nodes::Line(nodes),
            values,
            slopes: Vec::new(),
        }
    }

    /// Of a density on the circle, on [0, 2π], on a grid of 8 points a mode (at least 2048): the slopes are exact, the interpolation error
    /// is of order (kh)⁴/384 of a coefficient.
    pub(crate) fn of_density(density: &Density) -> Self {
        let modes = density.modes();
        let points = (POINTS_PER_MODE * modes).max(FEWEST_POINTS);
        let mut plan = CirclePlan::new(points);
        let (mut values, mut slopes) = (vec![0.0; points], vec![0.0; points]);
        plan.synthesis(modes, |k| density.coefficient(k) / TAU, &mut slopes);
        // ∫ c_k e^{ikθ} = −(i/k) c_k e^{ikθ}
        let integral = |k: usize| {
            let c = density.coefficient(k) / (TAU * k.max(1) as f64);
            if k == 0 {
                c * 0.0
            } else {
                Complex::new(c.im, -c.re)
            }
        };
        plan.synthesis(modes, integral, &mut values);
        let step = TAU / points as f64;
        let mean = density.coefficient(0).re / TAU;
        let start = values[0];
        for (j, value) in values.iter_mut().enumerate() {
            *value += mean * step * j as f64 - start;
        }
        values.push(mean * TAU);
        slopes.push(slopes[0]);
        Self::of_nodes(step, values, slopes)
    }

    /// How many cells.
    pub(crate) fn cells(&self) -> usize {
        self.values.len() - 1
    }

    /// The length of a cell.
    pub(crate) fn width(&self, cell: usize) -> f64 {
        match &self.nodes {
            Nodes::Even { step, .. } => *step,
            Nodes::Line(nodes) => nodes[cell + 1] - nodes[cell],
        }
    }

    /// Where the interval begins and how long it is.
    pub(crate) fn interval(&self) -> (f64, f64) {
        match &self.nodes {
            Nodes::Even { step, .. } => (0.0, step * self.cells() as f64),
            Nodes::Line(nodes) => (nodes[0], nodes[self.cells()] - nodes[0]),
        }
    }

    /// Whether a place lies before a node.
    #[inline]
    pub(crate) fn lies_before(&self, place: f64, node: usize) -> bool {
        match &self.nodes {
            Nodes::Even { inverse, .. } => place * inverse < node as f64,
            Nodes::Line(nodes) => place < nodes[node],
        }
    }

    /// The cell that a place lies in.
    pub(crate) fn cell_at(&self, place: f64) -> usize {
        let cell = match &self.nodes {
            Nodes::Even { inverse, .. } => (place * inverse) as usize,
            Nodes::Line(nodes) => nodes.partition_point(|node| *node <= place).max(1) - 1,
        };
        cell.min(self.cells() - 1)
    }

    /// How far into a cell a place lies, as a share of it.
    #[inline]
    pub(crate) fn share(&self, place: f64, cell: usize) -> f64 {
        match &self.nodes {
            Nodes::Even { inverse, .. } => place * inverse - cell as f64,
            Nodes::Line(nodes) => (place - nodes[cell]) / (nodes[cell + 1] - nodes[cell]),
        }
    }

    /// F on a cell.
    pub(crate) fn cubic(&self, cell: usize) -> Cubic {
        let (f0, f1) = (self.values[cell], self.values[cell + 1]);
        if self.slopes.is_empty() {
            return Cubic([f0, f1 - f0, 0.0, 0.0]);
        }
        let width = self.width(cell);
        let (g0, g1) = (width * self.slopes[cell], width * self.slopes[cell + 1]);
        Cubic([
            f0,
            g0,
            3.0 * (f1 - f0) - 2.0 * g0 - g1,
            2.0 * (f0 - f1) + g0 + g1,
        ])
    }
}

/// F = a + s(b + s(c + sd)) at share s of a cell.
pub(super) struct Cubic([f64; 4]);

impl Cubic {
    /// F.
    #[inline]
    pub(crate) fn value(&self, s: f64) -> f64 {
        let [a, b, c, d] = self.0;
        a + s * (b + s * (c + s * d))
    }

    /// ∫F from the cell's beginning, in its lengths.
    #[inline]
    pub(crate) fn integral(&self, s: f64) -> f64 {
        let [a, b, c, d] = self.0;
        s * (a + s * (b * 0.5 + s * (c * (1.0 / 3.0) + s * d * 0.25)))
    }

    /// The share in [from, to] where F takes `level`, which lies between its values there: Newton's method, halving where that leaves the
    /// interval.
    pub(crate) fn crossing(&self, mut from: f64, mut to: f64, level: f64) -> f64 {
        let [_, b, c, d] = self.0;
        let mut s = 0.5 * (from + to);
        for _ in 0..60 {
            let off = self.value(s) - level;
            if off < 0.0 {
                from = s;
            } else {
                to = s;
            }
            let newton = s - off / (b + s * (2.0 * c + s * 3.0 * d));
            let next = if newton > from && newton < to {
                newton
            } else {
                0.5 * (from + to)
            };
            if (next - s).abs() <= f64::EPSILON * s.abs() {
                break;
            }
            s = next;
        }
        s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_found_also_where_the_cubic_is_flat() {
        for (cubic, level) in [
            (Cubic([0.0, 1.0, 0.0, 0.0]), 0.3),
            (Cubic([0.0, 0.0, 0.0, 1.0]), 1e-9),
            (Cubic([0.0, 0.0, 3.0, -2.0]), 0.5),
            (Cubic([-1.0, 2.0, -1.0, 0.0]), -1e-12),
        ] {
            let s = cubic.crossing(0.0, 1.0, level);
            assert!((cubic.value(s) - level).abs() < 1e-15, "{s}");
        }
    }
}
