//! The drift of a general [`System`]: heads with their own Q, K, V, masks, other normalisations, a perceptron, schemes of layer
//! normalisation, ℝ^d. All pairs: the kernel is not zonal (or the weights are not its potential's), so that there are no moments.
//!
//! Strips of logits by faer's matrix product, weights row by row, the product with the values again by faer. A row has a fixed
//! order of summation and belongs to a fixed block, so that the bits do not depend on the number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::doubly::Balance;
use super::matrix::{apply, exponential};
use super::system::{Head, LayerNorm, Mask, Space, System, Weighting};
use super::{Attention, Normalisation};
use crate::measure::Particles;
use crate::sphere::exponential::exp;
use crate::sphere::geometry::{dot, norm, project_tangent};

/// Rows of a strip of logits, and rows a thread takes of it.
const STRIP: usize = 256;
const ROWS: usize = 32;

/// The right-hand side of a system for tokens of fixed weights, with its scratch: O(n·d), a strip of logits, and for doubly
/// stochastic weights n².
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
    balance: Option<Balance>,
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
    pub fn new(system: &System, attention: Attention, dimension: usize, weights: &[f64]) -> Self {
        let (n, d) = (weights.len(), dimension);
        let hidden = system.perceptron.as_ref().map_or(0, |p| p.bias.len());
        let balance = match system.weighting {
            Weighting::Sinkhorn { tolerance } => Some(Balance::new(n, tolerance)),
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
        if system.weighting_is_hard() {
            general.chosen = vec![Vec::new(); n];
        }
        general.heads = general.effective_heads();
        general
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
    pub fn set_attention(&mut self, attention: Attention) {
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
        self.system.space == Space::Rescaled && !self.system.weighting_is_hard()
    }

    /// Whether the state is y = rθ with lengths of its own now; else its rows are unit vectors, or points of ℝ^d.
    #[must_use]
    pub fn free(&self) -> bool {
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
            dimension: (self.system.space == Space::Sphere && !self.free())
                .then_some(self.dimension),
        }
    }

    /// Holds the argmax of the present state until [`General::release`]: within a step of hardmax attention the right-hand side
    /// is then smooth.
    pub fn hold(&mut self, state: &[f64]) {
        self.held = false;
        self.place(state);
        self.attend();
        self.held = true;
    }

    /// Ends [`General::hold`].
    pub fn release(&mut self) {
        self.held = false;
    }

    /// `out` ← the time derivative of `state`: rows of tokens, then the time where [`General::clocked`].
    pub fn tendency(&mut self, state: &[f64], out: &mut [f64]) {
        self.place(state);
        self.attend();
        self.feed();
        let d = self.dimension;
        let (layer_norm, space, free) = (self.system.layer_norm, self.system.space, self.free());
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

    /// One Lie–Trotter layer of length `step`: x ← N(x + ηA(x)), then with a perceptron x ← N(x + ηF(x)); N normalises where the
    /// scheme keeps unit length, and otherwise attention and perceptron see the directions. Without `residual` the attention
    /// alone is the layer's output.
    pub fn layer(&mut self, state: &mut [f64], step: f64, residual: bool) {
        let scale = step * self.pace();
        let keep = if residual { 1.0 } else { 0.0 };
        self.place(state);
        self.attend();
        self.soften(scale, keep, state);
        if self.system.perceptron.is_some() {
            self.place(state);
            self.output.fill(0.0);
            self.feed();
            self.soften(scale, 1.0, state);
        }
    }

    /// state ← N(keep·state + scale·output/s), s = 1 but for Peri and nGPT.
    fn soften(&mut self, scale: f64, keep: f64, state: &mut [f64]) {
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
    }

    /// dt of the equation with s = 1 for a dt of the clock: 1/√(t + 1) with LN-scaling.
    #[must_use]
    pub fn pace(&self) -> f64 {
        match self.system.layer_norm {
            LayerNorm::LnScaling => 1.0 / (self.time + 1.0).sqrt(),
            _ => 1.0,
        }
    }

    /// `rows` ← where attention looks from: the directions on the sphere, x in ℝ^d, e^{tV}z in rescaled coordinates.
    fn place(&mut self, state: &[f64]) {
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
            } else {
                self.by_strips();
            }
            if self.system.averages_differences() {
                // Σ_j p_ij V(z_j − z_i): the weights sum to one
                (self.output.iter_mut().zip(&self.values)).for_each(|(o, v)| *o -= v);
            }
        }
    }

    /// Strips of logits, weights, and their product with the values.
    fn by_strips(&mut self) {
        let (n, d) = (self.weights.len(), self.dimension);
        let rows = MatRef::from_row_major_slice(&self.rows, n, d);
        let values = MatRef::from_row_major_slice(&self.values, n, d);
        if let Some(balance) = &mut self.balance {
            balance.logits(|out| {
                let out = MatMut::from_row_major_slice_mut(out, n, n);
                let queries = MatRef::from_row_major_slice(&self.queries, n, d);
                matmul(
                    out,
                    Accum::Replace,
                    queries,
                    rows.transpose(),
                    1.0,
                    Par::Seq,
                );
            });
            let error = balance.solve(&self.weights);
            self.marginal_error = self.marginal_error.max(error);
            let weights = MatRef::from_row_major_slice(balance.weights(), n, n);
            let out = MatMut::from_row_major_slice_mut(&mut self.output, n, d);
            return matmul(out, Accum::Add, weights, values, 1.0, Par::Seq);
        }
        let rule = Rule {
            weighting: self.system.weighting,
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
                    rule.turn(strip * STRIP + at * ROWS + row, logits);
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
            if let Weighting::Hardmax { .. } = self.system.weighting {
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
    fn feed(&mut self) {
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

    /// The rate of change of the tokens as they are shown: of the directions on the sphere (lengths in `self.lengths`), of the
    /// points in ℝ^d.
    pub fn drift_of(&mut self, tokens: &Particles, drift: &mut [f64]) {
        let d = self.dimension;
        let mut state = tokens.positions.clone();
        let free = self.free();
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
        let pace = self.pace();
        for (i, (out, v)) in (drift.chunks_exact_mut(d))
            .zip(rate.chunks_exact(d))
            .enumerate()
        {
            out.copy_from_slice(v);
            if free {
                project_tangent(tokens.row(i), out);
            }
            let scale = if free { 1.0 / self.lengths[i] } else { pace };
            out.iter_mut().for_each(|v| *v *= scale);
        }
    }

    /// Σ_h (1/2β)∬e^{β⟨Q_hx,K_hy⟩}dμdμ at these tokens (½∬⟨Qx,Ky⟩ at β = 0), and its rate of change along `drift`. With one head
    /// whose QᵀK = V is symmetric it never falls (3.4.1). NaN in rescaled coordinates.
    #[must_use]
    pub fn energy_and_rate(&self, tokens: &Particles, drift: &[f64]) -> (f64, f64) {
        let d = self.dimension;
        if self.system.space == Space::Rescaled {
            return (f64::NAN, f64::NAN);
        }
        let beta = self.attention.beta;
        let mut sums = (0.0, 0.0);
        for head in &self.heads {
            let row = |i: usize| {
                let (mut query, mut moving) = (vec![0.0; d], vec![0.0; d]);
                // x_iᵀQᵀK, and the same of the drift
                for (c, key) in head.query_key.chunks_exact(d).enumerate() {
                    let (x, v) = (tokens.row(i)[c], drift[i * d + c]);
                    for ((q, m), k) in query.iter_mut().zip(&mut moving).zip(key) {
                        *q += x * k;
                        *m += v * k;
                    }
                }
                let pairs = (tokens.rows().zip(drift.chunks_exact(d))).zip(&self.weights);
                let (energy, rate) = pairs.fold((0.0, 0.0), |sum, ((y, v), w)| {
                    let logit = beta * dot(&query, y);
                    let weight = w * logit.exp();
                    let energy = if beta == 0.0 {
                        w * dot(&query, y)
                    } else {
                        weight / beta
                    };
                    let rate = weight * (dot(&moving, y) + dot(&query, v));
                    (sum.0 + energy, sum.1 + rate)
                });
                (self.weights[i] * energy, self.weights[i] * rate)
            };
            let rows: Vec<(f64, f64)> = (0..tokens.count()).into_par_iter().map(row).collect();
            let total = rows.iter().fold((0.0, 0.0), |s, r| (s.0 + r.0, s.1 + r.1));
            sums = (sums.0 + 0.5 * total.0, sums.1 + 0.5 * total.1);
        }
        if sums.0.is_finite() && sums.1.is_finite() {
            sums
        } else {
            (f64::NAN, f64::NAN)
        }
    }
}

/// Brings rows back to the sphere, or leaves a state alone.
#[derive(Debug, Clone, Copy)]
pub struct Retraction {
    dimension: Option<usize>,
}

impl Retraction {
    /// To a state of rows only: a system that is clocked lives in ℝ^d.
    pub fn apply(self, state: &mut [f64]) {
        if let Some(dimension) = self.dimension {
            crate::sphere::geometry::retract(state, dimension);
        }
    }
}

/// The largest of a row, eight abreast.
fn largest(row: &[f64]) -> f64 {
    let mut top = [f64::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (top, value) in top.iter_mut().zip(chunk) {
            *top = if *value > *top { *value } else { *top };
        }
    }
    (top.iter().chain(rest)).fold(f64::NEG_INFINITY, |top, value| top.max(*value))
}

const LANES: usize = 8;

/// logits_j ← w_j e^{logits_j − top}, and their sum; compiled for the vector instructions found at run time.
struct Exponentials<'a> {
    top: f64,
    weights: &'a [f64],
    logits: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Exponentials<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self {
            top,
            weights,
            logits,
        } = self;
        for (value, w) in logits.iter_mut().zip(weights) {
            *value = w * exp(*value - top);
        }
        let mut sums = [0.0; LANES];
        let (chunks, rest) = logits.as_chunks::<LANES>();
        for chunk in chunks {
            sums.iter_mut().zip(chunk).for_each(|(s, v)| *s += v);
        }
        sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
    }
}

/// How a row of logits becomes a row of weights.
struct Rule<'a> {
    weighting: Weighting,
    mask: Mask,
    normalisation: Normalisation,
    weights: &'a [f64],
}

impl Rule<'_> {
    /// Of token i.
    fn turn(&self, i: usize, logits: &mut [f64]) {
        let seen = match self.mask {
            Mask::None => logits.len(),
            Mask::Causal => i + 1,
        };
        let (logits, hidden) = logits.split_at_mut(seen);
        hidden.fill(0.0);
        let top = largest(logits);
        match (self.weighting, self.normalisation) {
            (Weighting::Hardmax { tie }, _) => {
                let size = logits.iter().fold(0.0_f64, |size, l| size.max(l.abs()));
                let mut total = 0.0;
                for (value, w) in logits.iter_mut().zip(self.weights) {
                    *value = if *value >= top - tie * size { *w } else { 0.0 };
                    total += *value;
                }
                logits.iter_mut().for_each(|value| *value /= total);
            }
            (_, Normalisation::Softmax) => {
                let weights = &self.weights[..seen];
                let arch = pulp::Arch::new();
                let total = arch.dispatch(Exponentials {
                    top,
                    weights,
                    logits: &mut *logits,
                });
                let inverse = 1.0 / total;
                logits.iter_mut().for_each(|value| *value *= inverse);
            }
            (_, Normalisation::None) => {
                for (value, w) in logits.iter_mut().zip(self.weights) {
                    *value = w * value.exp();
                }
            }
        }
    }
}
