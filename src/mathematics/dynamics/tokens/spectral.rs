//! The drift of tokens by the moments of their measure: the kernel acts on a degree by one multiplier.

use super::{
    LEAST_POTENTIAL, Normalisation, TokenCoordinates, TokenDynamics, TokenSeries, dot,
    project_tangent, row_sum,
};
use crate::machine::rows;

impl TokenDynamics {
    /// The series, and all pairs for the tokens so far from the others that it has no digits there.
    pub(super) fn spectral_or_direct(&mut self, drift: &mut [f64]) {
        self.spectral(drift);
        if self.attention.normalisation == Normalisation::None {
            return;
        }
        let lonely = self
            .potential
            .iter()
            .filter(|z| **z < LEAST_POTENTIAL)
            .count();
        if lonely == 0 {
            return;
        }
        self.fallbacks += 1;
        if 2 * lonely > self.potential.len() || self.attention.interaction.is_some() {
            return self.direct(drift);
        }
        let (beta, d) = (self.attention.beta, self.dimension);
        for i in 0..self.potential.len() {
            if self.potential[i] < LEAST_POTENTIAL {
                let (x, row) = (i * d..(i + 1) * d, &mut drift[i * d..(i + 1) * d]);
                let x = &self.unit[x];
                self.potential[i] = row_sum(beta, x, &self.unit, &self.weights, row);
                let (rate, along) = (self.rate(i), dot(x, row));
                (row.iter_mut().zip(x)).for_each(|(a, x)| *a = rate * (*a - along * x));
            }
        }
    }

    pub(super) fn spectral(&mut self, drift: &mut [f64]) {
        match self.series {
            TokenSeries::Circle(_) | TokenSeries::CellSums(_) => self.spectral_on_circle(drift),
            TokenSeries::Sphere(_) => self.spectral_on_sphere(drift),
            TokenSeries::None => self.direct(drift),
        }
    }

    pub(super) fn spectral_on_circle(&mut self, drift: &mut [f64]) {
        let (kernel, unit, weights) = (&self.kernel, &self.unit, &self.weights);
        let (slope, potential) = (&mut self.slope, &mut self.potential);
        match &mut self.series {
            TokenSeries::Circle(series) => series.evaluate(kernel, unit, weights, slope, potential),
            TokenSeries::CellSums(series) => {
                series.evaluate(TokenCoordinates::Vectors(unit), weights, slope, potential);
            }
            _ => return,
        }
        rows::for_each(2, drift, &self.unit, |i, row, z| {
            let rate = self.slope[i] * self.rate(i);
            (row[0], row[1]) = (-z[1] * rate, z[0] * rate);
        });
    }

    pub(super) fn spectral_on_sphere(&mut self, drift: &mut [f64]) {
        let TokenSeries::Sphere(series) = &mut self.series else {
            return;
        };
        series.evaluate(
            &self.kernel,
            &self.unit,
            &self.weights,
            drift,
            &mut self.potential,
        );
        rows::for_each(3, drift, &self.unit, |i, row, x| {
            project_tangent(x, row);
            let rate = self.rate(i);
            row.iter_mut().for_each(|v| *v *= rate);
        });
    }
}
