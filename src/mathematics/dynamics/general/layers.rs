//! A layer in place of a step, and the projection that ends either.

use super::{General, LayerNorm, Space};
use crate::measure::Particles;
use crate::sphere::geometry::{first_nowhere, norm, project_tangent};

impl General {
    /// One Lie–Trotter layer of length `step`: x ← N(x + ηA(x)), then with a perceptron x ← N(x + ηF(x)); N normalises where the
    /// scheme keeps unit length, and otherwise attention and perceptron see the directions. Without `residual` the attention
    /// alone is the layer's output.
    ///
    /// # Errors
    /// The first token that ends nowhere: zero where it should have a direction, or not finite.
    pub fn layer(&mut self, state: &mut [f64], step: f64, residual: bool) -> Result<(), usize> {
        let scale = step * self.time_scale();
        let keep = if residual { 1.0 } else { 0.0 };
        self.find_evaluation_points(state);
        self.attend();
        self.apply_layer(scale, keep, state)?;
        if self.system.perceptron.is_some() {
            self.find_evaluation_points(state);
            self.output.fill(0.0);
            self.add_perceptron();
            self.apply_layer(scale, 1.0, state)?;
        }
        Ok(())
    }

    /// state ← N(keep·state + scale·output/s), s = 1 but for Peri and nGPT.
    fn apply_layer(&mut self, scale: f64, keep: f64, state: &mut [f64]) -> Result<(), usize> {
        for (x, a) in
            (state.chunks_exact_mut(self.dimension)).zip(self.output.chunks_exact(self.dimension))
        {
            let length = norm(a);
            let factor = match self.system.layer_norm {
                LayerNorm::Peri if length > 0.0 => scale / length,
                LayerNorm::Ngpt { alpha } if length > 0.0 => scale * alpha / length,
                _ => scale,
            };
            (x.iter_mut().zip(a)).for_each(|(x, a)| *x = keep * *x + factor * a);
        }
        self.retraction().apply(state);
        let d = self.dimension;
        let lost = match self.system.space {
            Space::Sphere => first_nowhere(state, d),
            _ => (state.iter().position(|x| !x.is_finite())).map(|place| place / d),
        };
        lost.map_or(Ok(()), Err)
    }

    /// The rate of change of the tokens as they are shown: of the directions on the sphere (lengths in `self.lengths`), of the
    /// points in ℝ^d.
    pub(crate) fn drift_of(&mut self, tokens: &Particles, drift: &mut [f64]) {
        let d = self.dimension;
        let mut state = tokens.positions.clone();
        let free = self.has_free_lengths();
        if free {
            for (row, length) in (state.chunks_exact_mut(d)).zip(&self.lengths) {
                row.iter_mut().for_each(|a| *a *= length);
            }
        }
        let mut rate = state.clone();
        if self.clocked() {
            state.push(self.time);
            rate.push(0.0);
        }
        self.tendency(&state, &mut rate);
        let time_scale = self.time_scale();
        for (i, (out, v)) in (drift.chunks_exact_mut(d))
            .zip(rate.chunks_exact(d))
            .enumerate()
        {
            out.copy_from_slice(v);
            if free {
                project_tangent(tokens.row(i), out);
            }
            let scale = if free {
                1.0 / self.lengths[i]
            } else {
                time_scale
            };
            out.iter_mut().for_each(|v| *v *= scale);
        }
    }
}

/// Brings rows back to the sphere, or leaves a state alone.
#[derive(Debug, Clone, Copy)]
pub struct Retraction {
    pub(super) dimension: Option<usize>,
}

impl Retraction {
    /// To a state of rows only: a system that is clocked lives in ℝ^d.
    pub fn apply(self, state: &mut [f64]) {
        if let Some(dimension) = self.dimension {
            crate::sphere::geometry::retract(state, dimension);
        }
    }
}
