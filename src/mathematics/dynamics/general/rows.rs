//! From a row of logits to a row of attention weights: softmax, none, or hardmax, under a mask. The exponentials are compiled for the
//! vector instructions found at run time.

use crate::dynamics::Normalisation;
use crate::dynamics::system::Mask;
use crate::machine::exp::exp;

/// The largest number of a row, by eight lanes.
pub(super) fn largest(row: &[f64]) -> f64 {
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
pub(crate) struct Exponentials<'a> {
    pub(crate) top: f64,
    pub(crate) weights: &'a [f64],
    pub(crate) logits: &'a mut [f64],
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

/// values ← e^{values − top}.
pub(super) struct ShiftedExponentials<'a> {
    pub(super) top: f64,
    pub(super) values: &'a mut [f64],
}

impl pulp::NullaryFnOnce for ShiftedExponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.values {
            *value = exp(*value - self.top);
        }
    }
}

/// out_i ← Σ_j K_ij x_j.
pub(super) struct Dots<'a> {
    pub(super) kernel: &'a [f64],
    pub(super) x: &'a [f64],
    pub(super) out: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (chunks, rest) = self.x.as_chunks::<LANES>();
        for (out, row) in (self.out.iter_mut()).zip(self.kernel.chunks_exact(self.x.len())) {
            // two sets of lanes: a sum waits for the one before it
            let mut sums = [[0.0; LANES]; 2];
            let (row, last) = row.as_chunks::<LANES>();
            let mut pairs = chunks.chunks_exact(2).zip(row.chunks_exact(2));
            for (x, k) in &mut pairs {
                for half in 0..2 {
                    for lane in 0..LANES {
                        sums[half][lane] += x[half][lane] * k[half][lane];
                    }
                }
            }
            if chunks.len() % 2 == 1 {
                let end = chunks.len() - 1;
                for lane in 0..LANES {
                    sums[0][lane] += chunks[end][lane] * row[end][lane];
                }
            }
            let [one, two] = sums;
            let whole: f64 = one.iter().zip(two).map(|(a, b)| a + b).sum();
            *out = whole + rest.iter().zip(last).map(|(x, k)| x * k).sum::<f64>();
        }
    }
}

/// y_i ← Σ_j K_ij x_j, weighed, and sums_j ← Σ_i c_i K_ij.
pub(super) struct ThereAndBack<'a, F> {
    pub(super) kernel: &'a [f64],
    pub(super) x: &'a [f64],
    pub(super) y: &'a mut [f64],
    /// From i and the sum over its row: y_i and c_i.
    pub(super) weigh: F,
    pub(super) sums: &'a mut [f64],
}

impl<F: Fn(usize, f64) -> (f64, f64)> pulp::NullaryFnOnce for ThereAndBack<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let rows = self.kernel.chunks_exact(self.x.len());
        for (i, (y, row)) in self.y.iter_mut().zip(rows).enumerate() {
            let mut dot = [0.0];
            let one = Dots {
                kernel: row,
                x: self.x,
                out: &mut dot,
            };
            one.call();
            let (kept, counts) = (self.weigh)(i, dot[0]);
            *y = kept;
            (self.sums.iter_mut().zip(row)).for_each(|(sum, k)| *sum += counts * k);
        }
    }
}

/// How a row of logits becomes a row of weights.
pub(super) struct RowWeights<'a> {
    pub(super) mask: Mask,
    pub(super) normalisation: Normalisation,
    pub(super) weights: &'a [f64],
}

impl RowWeights<'_> {
    /// `logits` of token i ← its weights.
    pub(super) fn weigh(&self, i: usize, logits: &mut [f64]) {
        let seen = match self.mask {
            Mask::None => logits.len(),
            Mask::Causal => i + 1,
        };
        let (logits, hidden) = logits.split_at_mut(seen);
        hidden.fill(0.0);
        let top = largest(logits);
        match self.normalisation {
            Normalisation::Hardmax { tie } => {
                let size = logits.iter().fold(0.0_f64, |size, l| size.max(l.abs()));
                let mut total = 0.0;
                for (value, w) in logits.iter_mut().zip(self.weights) {
                    *value = if *value >= top - tie * size { *w } else { 0.0 };
                    total += *value;
                }
                logits.iter_mut().for_each(|value| *value /= total);
            }
            Normalisation::Softmax | Normalisation::Sinkhorn { .. } => {
                let weights = &self.weights[..seen];
                let arch = crate::machine::registers::arch();
                let total = arch.dispatch(Exponentials {
                    top,
                    weights,
                    logits: &mut *logits,
                });
                let inverse = 1.0 / total;
                logits.iter_mut().for_each(|value| *value *= inverse);
            }
            Normalisation::None => {
                for (value, w) in logits.iter_mut().zip(self.weights) {
                    *value = w * value.exp();
                }
            }
        }
    }
}
