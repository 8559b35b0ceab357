//! The drift of a general [`System`]: heads with their own Q, K, V, masks, other normalisations, a perceptron, schemes of layer
//! normalisation, ℝ^d. All pairs: the kernel is not zonal (or the weights are not its potential's), so that there are no moments.
//!
//! Strips of logits by faer's matrix product, weights row by row, the product with the values again by faer. A row has a fixed
//! order of summation and belongs to a fixed block, so that the bits do not depend on the number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::system::{Head, LayerNorm, Space, System};
use super::{Attention, Normalisation};
use crate::sphere::geometry::{dot, norm, project_tangent};
use matrix::{apply, exponential};
use rows::RowWeights;
use sinkhorn::SinkhornScaling;

pub(crate) use layers::Retraction;

mod attention_weights;
mod energy;
mod layers;
pub mod matrix;
mod newton;
pub(crate) mod rows;
pub(crate) mod sinkhorn;

/// Rows of a strip of logits, and rows a thread takes of it.
const STRIP: usize = 256;
const ROWS: usize = 32;
/// QᵀK counts as symmetric if it is to this share of its largest entry.
const SYMMETRIC: f64 = 1e-14;

/// The right-hand side of a system for tokens of fixed weights, with its scratch: O(n·d), a strip of logits, and for doubly
/// stochastic weights n².
#[derive(Debug, Clone)]
pub struct General {
    system: System,
    attention: Attention,
    dimension: usize,
    weights: Vec<f64>,
    heads: Vec<Head>,
    /// Where attention is evaluated: directions, or points of ℝ^d.
    rows: Vec<f64>,
    queries: Vec<f64>,
    values: Vec<f64>,
    output: Vec<f64>,
    logits: Vec<f64>,
    hidden: Vec<f64>,
    growth: [Vec<f64>; 2],
    balance: Option<SinkhornScaling>,
    /// The rows that each row attends to while the argmax is held.
    chosen: Vec<Vec<usize>>,
    held: bool,
    /// |y_i|, where lengths move; else 1.
    pub lengths: Vec<f64>,
    /// The time, for what depends on it.
    pub time: f64,
    /// The largest error of a row's or column's sum of the doubly stochastic weights at the last evaluation; else NaN.
    pub marginal_error: f64,
}

impl General {
    /// For tokens of these weights.
    #[must_use]
    pub(crate) fn new(
        system: &System,
        attention: Attention,
        dimension: usize,
        weights: &[f64],
    ) -> Self {
        let (n, d) = (weights.len(), dimension);
        let hidden = system.perceptron.as_ref().map_or(0, |p| p.bias.len());
        let balance = match attention.normalisation {
            Normalisation::Sinkhorn { tolerance } => {
                let heads = system.heads.len().max(1);
                Some(SinkhornScaling::new(n, heads, tolerance))
            }
            _ => None,
        };
        let mut general = Self {
            system: system.clone(),
            attention,
            dimension,
            weights: weights.to_vec(),
            heads: Vec::new(),
            rows: vec![0.0; n * d],
            queries: vec![0.0; n * d],
            values: vec![0.0; n * d],
            output: vec![0.0; n * d],
            logits: vec![0.0; n * n.min(STRIP)],
            hidden: vec![0.0; hidden],
            growth: [vec![0.0; d * d], vec![0.0; d * d]],
            balance,
            chosen: Vec::new(),
            held: false,
            lengths: vec![1.0; n],
            time: 0.0,
            marginal_error: f64::NAN,
        };
        if attention.normalisation.is_hard() {
            general.chosen = vec![Vec::new(); n];
        }
        general.heads = general.effective_heads();
        general
    }

    /// β, and how weights are normalised.
    #[must_use]
    pub fn attention(&self) -> Attention {
        self.attention
    }

    /// The system.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Other matrices of the same shapes, from now on.
    pub fn set_system(&mut self, system: &System) {
        self.system.clone_from(system);
        self.heads = self.effective_heads();
    }

    /// Other β, from now on.
    pub(crate) fn set_attention(&mut self, attention: Attention) {
        self.attention = attention;
        self.heads = self.effective_heads();
    }

    /// Without heads of their own, Q = K = I and V = value·I.
    fn effective_heads(&self) -> Vec<Head> {
        if !self.system.heads.is_empty() {
            return self.system.heads.clone();
        }
        let diagonal = |entry: f64| {
            let mut matrix = vec![0.0; self.dimension * self.dimension];
            (matrix.iter_mut().step_by(self.dimension + 1)).for_each(|v| *v = entry);
            matrix
        };
        vec![Head {
            query_key: diagonal(1.0),
            value: diagonal(self.attention.value),
        }]
    }

    /// Whether the state ends with the time (whose derivative is 1), on which the right-hand side depends.
    #[must_use]
    pub fn clocked(&self) -> bool {
        self.system.space == Space::Rescaled && !self.attention.normalisation.is_hard()
    }

    /// Whether the state is y = rθ with lengths of its own now; else its rows are unit vectors, or points of ℝ^d.
    #[must_use]
    pub fn has_free_lengths(&self) -> bool {
        match self.system.layer_norm {
            LayerNorm::Pre | LayerNorm::Peri => true,
            LayerNorm::Mix { until } => self.time >= until,
            _ => false,
        }
    }

    /// What brings the rows of a state to unit length, where the system keeps them there.
    #[must_use]
    pub fn retraction(&self) -> Retraction {
        Retraction {
            dimension: (self.system.space == Space::Sphere && !self.has_free_lengths())
                .then_some(self.dimension),
        }
    }

    /// Holds the argmax of the present state until [`General::release`]: within a step of hardmax attention the right-hand side
    /// is then smooth.
    pub fn hold(&mut self, state: &[f64]) {
        self.held = false;
        self.find_evaluation_points(state);
        self.attend();
        self.held = true;
    }

    /// Ends [`General::hold`].
    pub fn release(&mut self) {
        self.held = false;
    }

    /// `out` ← the time derivative of `state`: rows of tokens, then the time where [`General::clocked`].
    pub fn tendency(&mut self, state: &[f64], out: &mut [f64]) {
        self.find_evaluation_points(state);
        self.attend();
        self.add_perceptron();
        let d = self.dimension;
        let (layer_norm, space, free) = (
            self.system.layer_norm,
            self.system.space,
            self.has_free_lengths(),
        );
        if self.clocked() {
            out[self.rows.len()] = 1.0;
        }
        for (i, (out, average)) in (out.chunks_exact_mut(d))
            .zip(self.output.chunks_exact(d))
            .enumerate()
        {
            out.copy_from_slice(average);
            if space != Space::Sphere {
                continue;
            }
            let length = norm(average);
            if layer_norm == LayerNorm::Peri && length > 0.0 {
                out.iter_mut().for_each(|v| *v /= length);
            }
            if free {
                continue;
            }
            project_tangent(&self.rows[i * d..(i + 1) * d], out);
            if let LayerNorm::Ngpt { alpha } = layer_norm
                && length > 0.0
            {
                out.iter_mut().for_each(|v| *v *= alpha / length);
            }
        }
    }

    /// dt of the equation with s = 1 for a dt of the clock: 1/√(t + 1) with LN-scaling.
    #[must_use]
    pub(crate) fn time_scale(&self) -> f64 {
        match self.system.layer_norm {
            LayerNorm::LnScaling => 1.0 / (self.time + 1.0).sqrt(),
            _ => 1.0,
        }
    }

    /// `rows` ← where attention looks from: the directions on the sphere, x in ℝ^d, e^{tV}z in rescaled coordinates.
    fn find_evaluation_points(&mut self, state: &[f64]) {
        let d = self.dimension;
        let length = self.rows.len();
        self.rows.copy_from_slice(&state[..length]);
        match self.system.space {
            Space::Sphere => crate::sphere::geometry::retract(&mut self.rows, d),
            Space::Flat | Space::MeanShift => {}
            Space::Rescaled if self.clocked() => {
                let [growth, scratch] = &mut self.growth;
                exponential(&self.heads[0].value, state[length], d, growth, scratch);
                for (row, z) in (self.rows.chunks_exact_mut(d)).zip(state.chunks_exact(d)) {
                    apply(growth, z, row);
                }
            }
            Space::Rescaled => {}
        }
        // what is averaged in rescaled coordinates is V(z_j − z_i)
        if self.system.averages_differences() {
            self.queries.copy_from_slice(&state[..length]);
        }
    }

    /// `output` ← Σ_h Σ_j p_ij V_h x_j.
    fn attend(&mut self) {
        let (n, d) = (self.weights.len(), self.dimension);
        self.output.fill(0.0);
        self.marginal_error = f64::NAN;
        for h in 0..self.heads.len() {
            let head = &self.heads[h];
            // values first: in rescaled coordinates `queries` holds z until then
            let source = if self.system.averages_differences() {
                &self.queries
            } else {
                &self.rows
            };
            let value = MatRef::from_row_major_slice(&head.value, d, d);
            let out = MatMut::from_row_major_slice_mut(&mut self.values, n, d);
            let x = MatRef::from_row_major_slice(source, n, d);
            matmul(out, Accum::Replace, x, value.transpose(), 1.0, Par::Seq);
            let x = MatRef::from_row_major_slice(&self.rows, n, d);
            let out = MatMut::from_row_major_slice_mut(&mut self.queries, n, d);
            let key = MatRef::from_row_major_slice(&head.query_key, d, d);
            matmul(out, Accum::Replace, x, key, self.attention.beta, Par::Seq);
            if self.held {
                self.average_of_chosen();
            } else if self.balance.is_some() {
                self.balanced(h);
            } else {
                self.by_strips();
            }
            if self.system.averages_differences() {
                // Σ_j p_ij V(z_j − z_i): the weights sum to one
                (self.output.iter_mut().zip(&self.values)).for_each(|(o, v)| *o -= v);
            }
        }
    }

    /// `output` += the values averaged by the doubly stochastic weights of a head.
    fn balanced(&mut self, head: usize) {
        let (n, d) = (self.weights.len(), self.dimension);
        let Some(balance) = &mut self.balance else {
            return;
        };
        let rows = MatRef::from_row_major_slice(&self.rows, n, d);
        let queries = MatRef::from_row_major_slice(&self.queries, n, d);
        let symmetric = is_symmetric(&self.heads[head].query_key, d);
        let error = balance.solve(head, &self.weights, symmetric, |out| {
            let out = MatMut::from_row_major_slice_mut(out, n, n);
            let keys = rows.transpose();
            matmul(
                out,
                Accum::Replace,
                queries,
                keys,
                1.0,
                sinkhorn::threads(n),
            );
        });
        self.marginal_error = self.marginal_error.max(error);
        balance.apply(&self.weights, &self.values, &mut self.output);
    }

    /// A step has been taken: the scalings of doubly stochastic weights that were found last are where others start from now on.
    pub fn keep_scalings(&mut self) {
        if let Some(balance) = &mut self.balance {
            balance.keep();
        }
    }

    /// Strips of logits, weights, and their product with the values.
    fn by_strips(&mut self) {
        let (n, d) = (self.weights.len(), self.dimension);
        let rows = MatRef::from_row_major_slice(&self.rows, n, d);
        let values = MatRef::from_row_major_slice(&self.values, n, d);
        let rule = RowWeights {
            mask: self.system.mask,
            normalisation: self.attention.normalisation,
            weights: &self.weights,
        };
        let chosen = &mut self.chosen;
        for (strip, (queries, output)) in (self.queries.chunks(STRIP * d))
            .zip(self.output.chunks_mut(STRIP * d))
            .enumerate()
        {
            let block = |at: usize, queries: &[f64], output: &mut [f64], logits: &mut [f64]| {
                let count = output.len() / d;
                let logits = &mut logits[..count * n];
                let queries = MatRef::from_row_major_slice(queries, count, d);
                let out = MatMut::from_row_major_slice_mut(&mut *logits, count, n);
                matmul(
                    out,
                    Accum::Replace,
                    queries,
                    rows.transpose(),
                    1.0,
                    Par::Seq,
                );
                for (row, logits) in logits.chunks_exact_mut(n).enumerate() {
                    rule.weigh(strip * STRIP + at * ROWS + row, logits);
                }
                let weights = MatRef::from_row_major_slice(&*logits, count, n);
                let out = MatMut::from_row_major_slice_mut(output, count, d);
                matmul(out, Accum::Add, weights, values, 1.0, Par::Seq);
            };
            (queries.par_chunks(ROWS * d))
                .zip(output.par_chunks_mut(ROWS * d))
                .zip(self.logits.par_chunks_mut(ROWS * n))
                .enumerate()
                .for_each(|(at, ((queries, output), logits))| block(at, queries, output, logits));
            if self.attention.normalisation.is_hard() {
                let rows = chosen[strip * STRIP..].iter_mut();
                for (members, weights) in rows.zip(self.logits.chunks_exact(n)).take(STRIP) {
                    members.clear();
                    members.extend((0..n).filter(|j| weights[*j] > 0.0));
                }
            }
        }
    }

    /// `output` += the weighted mean of the values over the rows chosen when the argmax was held.
    fn average_of_chosen(&mut self) {
        let d = self.dimension;
        for (out, members) in (self.output.chunks_exact_mut(d)).zip(&self.chosen) {
            let total: f64 = members.iter().map(|j| self.weights[*j]).sum();
            for &j in members {
                let share = self.weights[j] / total;
                let value = &self.values[j * d..(j + 1) * d];
                (out.iter_mut().zip(value)).for_each(|(o, v)| *o += share * v);
            }
        }
    }

    /// `output` += w σ(a x + b) at the rows.
    fn add_perceptron(&mut self) {
        let Some(perceptron) = &self.system.perceptron else {
            return;
        };
        let d = self.dimension;
        for (out, x) in (self.output.chunks_exact_mut(d)).zip(self.rows.chunks_exact(d)) {
            apply(&perceptron.inner, x, &mut self.hidden);
            for (s, b) in self.hidden.iter_mut().zip(&perceptron.bias) {
                *s = perceptron.activation.of(*s + b);
            }
            for (o, row) in
                (out.iter_mut()).zip(perceptron.outer.chunks_exact(perceptron.bias.len()))
            {
                *o += dot(row, &self.hidden);
            }
        }
    }
}

/// Whether a matrix is symmetric to rounding.
fn is_symmetric(matrix: &[f64], d: usize) -> bool {
    let size = matrix.iter().fold(0.0_f64, |size, a| size.max(a.abs()));
    (0..d)
        .all(|i| (0..i).all(|j| (matrix[i * d + j] - matrix[j * d + i]).abs() <= SYMMETRIC * size))
}

#[cfg(test)]
mod tests;
