//! Doubly stochastic attention (Remark 3.5): p_ij = u_i e^{ℓ_ij} v_j w_j with Σ_j p_ij = 1 and Σ_i w_i p_ij = w_j, w the tokens'
//! weights (with equal ones, rows and columns of p sum to one).
//!
//! Symmetric logits have u = v, and ln u is a zero of r(ln u) − 1, r_i = u_i Σ_j e^{ℓ_ij} w_j u_j. Far from it u ← u/√r halves the error at
//! least (Knight, Ruiz, Uçar 2014); near it Newton's method, whose equation (diag r + P)δ = 1 − r has eigenvalues between 1 and 2 where the
//! kernel is positive, so that conjugate gradients end after a few products with the kernel. Else rows are scaled exactly, and the columns'
//! Newton equation is (diag c − PᵀP)δ = 1 − c, whose condition is that of Sinkhorn's linear rate, the second singular value squared; the
//! gradients see its root.
//!
//! A solution starts from the scalings that were kept ([`SinkhornScaling::keep`]), not from the last ones: it then depends on the
//! steps of a run alone, and not on what else was evaluated. What is left is measured on both sums and told. Where the kernel underflows in
//! a whole row or column (large β, tokens far out in ℝ^d), or this does not come to an end, the scalings are found as logarithms
//! (`newton`) and taken into the exponents, ℓ_ij + ln u_i + ln v_j; the iteration goes on with that kernel, whose sums are near one.

use rayon::prelude::*;

use super::newton::LogScalings;
use super::rows::{Dots, ShiftedExponentials, ThereAndBack};
use crate::machine::registers::arch;

/// Most rounds: one product with the kernel, or a Newton step.
const ROUNDS: usize = 200;
/// Newton's method from this error of the sums on.
const NEAR: f64 = 0.3;
/// Entries of a kernel from which on it is shared out between threads: some 60 µs a pass.
const SHARED: usize = 1 << 18;
/// Rows that a thread takes at a time then.
const BLOCK: usize = 128;
/// Most conjugate gradients in a Newton step.
const GRADIENTS: usize = 80;

/// Where a solution starts, or what one has found.
#[derive(Debug, Clone)]
struct Scalings {
    /// The largest logit: the kernel is e^{ℓ − top}.
    top: f64,
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// Logarithms of the scalings, once they were needed.
    logarithms: Option<LogScalings>,
}

/// The scalings of n tokens, with the n×n kernel.
#[derive(Debug, Clone)]
pub(crate) struct SinkhornScaling {
    tolerance: f64,
    kernel: Vec<f64>,
    now: Scalings,
    /// Of each head.
    kept: Vec<Scalings>,
    found: Vec<Scalings>,
    sums: Vec<f64>,
    /// w∘v and the like, the conjugate gradients' solution, residual, direction and its image, √w.
    scaled: Vec<f64>,
    solution: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    image: Vec<f64>,
    middle: Vec<f64>,
    roots: Vec<f64>,
    averages: Vec<f64>,
    /// Sums of blocks of rows.
    parts: Vec<f64>,
}

impl SinkhornScaling {
    /// For n tokens and so many heads, to an error of the sums of at most `tolerance`.
    #[must_use]
    pub(crate) fn new(count: usize, heads: usize, tolerance: f64) -> Self {
        let ones = Scalings {
            top: f64::NAN,
            rows: vec![1.0; count],
            columns: vec![1.0; count],
            logarithms: None,
        };
        let zeros = || vec![0.0; count];
        Self {
            tolerance,
            kernel: vec![0.0; count * count],
            kept: vec![ones.clone(); heads],
            found: vec![ones.clone(); heads],
            now: ones,
            sums: zeros(),
            scaled: zeros(),
            solution: zeros(),
            residual: zeros(),
            direction: zeros(),
            image: zeros(),
            middle: zeros(),
            roots: zeros(),
            averages: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// What was found last is where solutions start from now on.
    pub(crate) fn keep(&mut self) {
        self.kept.clone_from(&self.found);
    }

    /// The scalings of a head from its logits, which `write` fills in row by row; whether they are symmetric is the caller's to know.
    /// Returns the largest error of a sum; NaN where a logit is no finite number.
    pub(crate) fn solve(
        &mut self,
        head: usize,
        weights: &[f64],
        symmetric: bool,
        write: impl Fn(&mut [f64]),
    ) -> f64 {
        (self.roots.iter_mut().zip(weights)).for_each(|(root, w)| *root = w.sqrt());
        self.now.clone_from(&self.kept[head]);
        write(&mut self.kernel);
        let mut error = f64::NAN;
        if self.now.logarithms.is_none() {
            self.exponentiate(symmetric);
            error = self.balance(weights, symmetric);
        }
        if error.is_nan() || error > self.tolerance {
            write(&mut self.kernel);
            if self.take_logarithms(weights, symmetric) {
                error = self.balance(weights, symmetric);
            }
        }
        self.found[head].clone_from(&self.now);
        error
    }

    /// `out` += p·`values`, n rows of as many numbers each.
    pub(crate) fn apply(&mut self, weights: &[f64], values: &[f64], out: &mut [f64]) {
        use faer::linalg::matmul::matmul;
        use faer::{Accum, MatMut, MatRef};
        let n = weights.len();
        let width = values.len() / n;
        self.averages.clear();
        for (row, (v, w)) in (values.chunks_exact(width)).zip(self.now.columns.iter().zip(weights))
        {
            self.averages.extend(row.iter().map(|value| v * w * value));
        }
        // the second half takes the product
        self.averages.resize(2 * n * width, 0.0);
        let (scaled, product) = self.averages.split_at_mut(n * width);
        let kernel = MatRef::from_row_major_slice(&self.kernel, n, n);
        let to = MatMut::from_row_major_slice_mut(&mut *product, n, width);
        let from = MatRef::from_row_major_slice(&*scaled, n, width);
        matmul(to, Accum::Replace, kernel, from, 1.0, threads(n));
        for ((out, row), u) in
            (out.chunks_exact_mut(width).zip(product.chunks_exact(width))).zip(&self.now.rows)
        {
            out.iter_mut()
                .zip(row)
                .for_each(|(o, value)| *o += u * value);
        }
    }

    /// From logits to the kernel e^{ℓ_ij + f_i + g_j} with sums near one; false where there are no such f and g. Twice: where logits
    /// are large, f and g are coarse, and what is left is found in exponents of order one.
    fn take_logarithms(&mut self, weights: &[f64], symmetric: bool) -> bool {
        let logarithms = self.now.logarithms.get_or_insert_with(LogScalings::default);
        if !logarithms.find(&self.kernel, weights, symmetric) {
            return false;
        }
        logarithms.absorb(&mut self.kernel);
        let mut rest = LogScalings::default();
        if rest.find(&self.kernel, weights, symmetric) {
            rest.absorb(&mut self.kernel);
        }
        exponentials(&mut self.kernel, 0.0, weights.len());
        self.now.rows.fill(1.0);
        self.now.columns.fill(1.0);
        true
    }

    /// The kernel e^{ℓ_ij − max ℓ}, and scalings to start from: those that were kept unless they are no numbers.
    fn exponentiate(&mut self, symmetric: bool) {
        let n = self.sums.len();
        let top = largest(&self.kernel, n);
        exponentials(&mut self.kernel, top, n);
        let now = &mut self.now;
        let shift = (0.5 * (top - now.top)).exp();
        now.top = top;
        let fine = |list: &[f64]| list.iter().all(|v| v.is_finite() && *v > 0.0);
        if shift.is_finite() && shift > 0.0 {
            now.rows.iter_mut().for_each(|u| *u *= shift);
            now.columns.iter_mut().for_each(|v| *v *= shift);
        }
        if !fine(&now.rows) || !fine(&now.columns) {
            now.rows.fill(1.0);
            now.columns.fill(1.0);
        }
        if symmetric {
            now.columns.copy_from_slice(&now.rows);
        }
    }

    /// Rounds until the sums are right, or will not be; the largest error of a sum.
    fn balance(&mut self, weights: &[f64], symmetric: bool) -> f64 {
        let mut before = f64::INFINITY;
        for _ in 0..ROUNDS {
            let error = if symmetric {
                self.symmetric_sums(weights)
            } else {
                self.column_sums(weights)
            };
            if error <= self.tolerance || error.is_nan() {
                return error;
            }
            // a step that did not help is followed by one that always does
            let newton = error < NEAR && error < 0.5 * before;
            before = if newton { error } else { f64::INFINITY };
            let solved = newton && self.newton_step(error, symmetric);
            for ((u, v), (sum, delta)) in (self.now.rows.iter_mut().zip(&mut self.now.columns))
                .zip(self.sums.iter().zip(&self.solution))
            {
                if solved {
                    *v *= delta.exp();
                } else if symmetric {
                    *v /= sum.sqrt();
                } else {
                    *v /= sum;
                }
                if symmetric {
                    *u = *v;
                }
            }
        }
        if symmetric {
            self.symmetric_sums(weights)
        } else {
            self.column_sums(weights)
        }
    }

    /// `sums` ← r_i = u_i Σ_j K_ij w_j u_j; how far they are from one.
    fn symmetric_sums(&mut self, weights: &[f64]) -> f64 {
        product(&mut self.scaled, weights, &self.now.columns);
        dots(&self.kernel, &self.scaled, &mut self.sums);
        times(&mut self.sums, &self.now.rows);
        farthest(&self.sums)
    }

    /// u ← 1/(K(w v)), so that the rows are right, and `sums` ← c_j = v_j Σ_i w_i u_i K_ij; how far these are from one.
    fn column_sums(&mut self, weights: &[f64]) -> f64 {
        product(&mut self.scaled, weights, &self.now.columns);
        there_and_back(
            &self.kernel,
            (&self.scaled, &mut self.now.rows),
            |i, sum| {
                let u = 1.0 / sum;
                (u, weights[i] * u)
            },
            &mut self.sums,
            &mut self.parts,
        );
        times(&mut self.sums, &self.now.columns);
        farthest(&self.sums)
    }

    /// `solution` ← δ of Newton's equation to a share of its right-hand side that keeps the convergence quadratic, by conjugate gradients for
    /// √w δ; false where it is no direction.
    fn newton_step(&mut self, error: f64, symmetric: bool) -> bool {
        let n = self.sums.len();
        for i in 0..n {
            self.residual[i] = self.roots[i] * (1.0 - self.sums[i]);
        }
        self.direction.copy_from_slice(&self.residual);
        self.solution.fill(0.0);
        let square = |list: &[f64]| list.iter().map(|a| a * a).sum::<f64>();
        let mut size = square(&self.residual);
        let enough = size * error.max(0.1 * self.tolerance / error).min(0.1).powi(2);
        for _ in 0..GRADIENTS {
            if size <= enough {
                break;
            }
            self.curve(symmetric);
            let bend: f64 = (self.direction.iter().zip(&self.image))
                .map(|(p, q)| p * q)
                .sum();
            if bend <= 0.0 || bend.is_nan() {
                break;
            }
            let step = size / bend;
            for i in 0..n {
                self.solution[i] += step * self.direction[i];
                self.residual[i] -= step * self.image[i];
            }
            let next = square(&self.residual);
            let turn = next / size;
            for i in 0..n {
                self.direction[i] = self.residual[i] + turn * self.direction[i];
            }
            size = next;
        }
        for (delta, root) in self.solution.iter_mut().zip(&self.roots) {
            *delta = if *root > 0.0 { *delta / root } else { 0.0 };
        }
        // NaN is no direction either
        self.solution.iter().all(|delta| delta.abs() < 1.0)
    }

    /// `image` ← the matrix of Newton's equation times `direction`, both with √w in them.
    fn curve(&mut self, symmetric: bool) {
        let Self {
            kernel,
            now,
            sums,
            scaled,
            direction,
            image,
            middle,
            roots,
            parts,
            ..
        } = self;
        for i in 0..sums.len() {
            scaled[i] = now.columns[i] * roots[i] * direction[i];
        }
        if symmetric {
            dots(kernel, scaled, image);
            for i in 0..sums.len() {
                image[i] = now.rows[i] * roots[i] * image[i] + sums[i] * direction[i];
            }
            return;
        }
        // u²w of P and of its transpose
        let weigh = |i: usize, dot: f64| {
            let weighed = dot * (now.rows[i] * roots[i]).powi(2);
            (weighed, weighed)
        };
        there_and_back(kernel, (scaled, middle), weigh, image, parts);
        for i in 0..sums.len() {
            image[i] = sums[i] * direction[i] - now.columns[i] * roots[i] * image[i];
        }
    }

    /// The weights p, row by row.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn weights(&self, weights: &[f64]) -> Vec<f64> {
        let now = &self.now;
        (self.kernel.chunks_exact(weights.len()).zip(&now.rows))
            .flat_map(|(row, u)| {
                (row.iter().zip(now.columns.iter().zip(weights)))
                    .map(move |(k, (v, w))| u * k * v * w)
            })
            .collect()
    }
}

fn product(out: &mut [f64], a: &[f64], b: &[f64]) {
    (out.iter_mut().zip(a.iter().zip(b))).for_each(|(out, (a, b))| *out = a * b);
}

fn times(out: &mut [f64], factor: &[f64]) {
    (out.iter_mut().zip(factor)).for_each(|(out, factor)| *out *= factor);
}

/// max |a_i − 1|, NaN where one is.
fn farthest(sums: &[f64]) -> f64 {
    sums.iter().fold(0.0_f64, |top, sum| {
        let off = (sum - 1.0).abs();
        if off > top || off.is_nan() { off } else { top }
    })
}

/// out_i ← Σ_j K_ij x_j; rows are shared out between threads.
fn dots(kernel: &[f64], x: &[f64], out: &mut [f64]) {
    let n = x.len();
    let rows = block(n);
    (out.par_chunks_mut(rows).zip(kernel.par_chunks(rows * n)))
        .for_each(|(out, kernel)| arch().dispatch(Dots { kernel, x, out }));
}

/// y_i ← Σ_j K_ij x_j for every row, from which `weigh` makes what is kept as y_i and what the row counts for in `out`_j ← Σ_i c_i K_ij:
/// a row is read once for both, which is what a kernel beyond the cache costs. Rows are shared out in blocks of one size, whose sums
/// (`parts`) are added in their order.
fn there_and_back(
    kernel: &[f64],
    (x, y): (&[f64], &mut [f64]),
    weigh: impl Fn(usize, f64) -> (f64, f64) + Sync,
    out: &mut [f64],
    parts: &mut Vec<f64>,
) {
    let n = x.len();
    let block = block(n);
    parts.clear();
    parts.resize(n * n.div_ceil(block), 0.0);
    (parts.par_chunks_mut(n).zip(y.par_chunks_mut(block)))
        .zip(kernel.par_chunks(block * n))
        .enumerate()
        .for_each(|(index, ((sums, y), kernel))| {
            arch().dispatch(ThereAndBack {
                kernel,
                x,
                y,
                weigh: |i, dot| weigh(index * block + i, dot),
                sums,
            });
        });
    let mut parts = parts.chunks_exact(n);
    if let Some(first) = parts.next() {
        out.copy_from_slice(first);
    }
    for part in parts {
        out.iter_mut()
            .zip(part)
            .for_each(|(out, part)| *out += part);
    }
}

/// values ← e^{values − top}.
fn exponentials(values: &mut [f64], top: f64, n: usize) {
    (values.par_chunks_mut(block(n) * n))
        .for_each(|values| arch().dispatch(ShiftedExponentials { top, values }));
}

/// max ℓ.
fn largest(logits: &[f64], n: usize) -> f64 {
    (logits.par_chunks(block(n) * n))
        .map(super::rows::largest)
        .reduce(|| f64::NEG_INFINITY, f64::max)
}

/// The threads of a product with the kernel.
pub(super) fn threads(n: usize) -> faer::Par {
    if shared(n) {
        faer::Par::rayon(0)
    } else {
        faer::Par::Seq
    }
}

/// Whether a kernel is worth sharing out.
fn shared(n: usize) -> bool {
    n * n >= SHARED
}

/// Rows that a thread takes at a time, all where there is one.
fn block(n: usize) -> usize {
    if shared(n) { BLOCK } else { n.max(1) }
}

#[cfg(test)]
mod tests;
