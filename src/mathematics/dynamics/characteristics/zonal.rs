//! Markers along an axis: the potential of the mean field and its derivatives at points of a meridian, by the moments of all of them.

use rayon::prelude::*;

use crate::dynamics::Kernel;
use crate::sphere::along_axis::AxisSeries;

/// Markers a thread takes at a time.
const ROWS: usize = 64;

/// Sums over Gegenbauer polynomials p_ℓ (orthonormal) at points (sin t, cos t) of a meridian.
#[derive(Debug, Clone)]
pub(super) struct ZonalSeries {
    dimension: usize,
    series: AxisSeries,
    moments: Vec<f64>,
    heights: Vec<f64>,
}

impl ZonalSeries {
    pub(super) fn new(dimension: usize, degree: usize) -> Self {
        Self {
            dimension,
            series: AxisSeries::new(dimension, degree),
            moments: vec![0.0; degree + 1],
            heights: Vec::new(),
        }
    }

    /// `out`: (1/β)∂_tZ e^{−β}, Z e^{−β}, (1/β)ΔZ e^{−β}.
    pub(super) fn evaluate(
        &mut self,
        kernel: &Kernel,
        rows: &[f64],
        weights: &[f64],
        out: [&mut Vec<f64>; 3],
    ) {
        self.heights.clear();
        self.heights.extend(rows.chunks_exact(2).map(|x| x[1]));
        (self.series).moments(&self.heights, weights, &mut self.moments);
        let (moments, d) = (&self.moments, self.dimension as f64);
        self.series.set(|l| {
            let (over, degree) = (kernel.over_beta[l] * moments[l], l as f64);
            let curvature = degree * (degree + d - 2.0);
            [kernel.potential[l] * moments[l], over, -curvature * over]
        });
        let series = &self.series;
        let [slope, potential, laplacian] = out;
        (rows.par_chunks(2 * ROWS).zip(self.heights.par_chunks(ROWS)))
            .zip(slope.par_chunks_mut(ROWS))
            .zip(
                potential
                    .par_chunks_mut(ROWS)
                    .zip(laplacian.par_chunks_mut(ROWS)),
            )
            .for_each(|(((rows, heights), slope), (potential, laplacian))| {
                series.evaluate(heights, [potential, slope, laplacian]);
                for (slope, x) in slope.iter_mut().zip(rows.chunks_exact(2)) {
                    *slope *= -x[0];
                }
            });
    }
}
