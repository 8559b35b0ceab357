//! The recurrence of harmonics at scattered points in the vector registers: sums over points, and series at points.

use pulp::{Simd, WithSimd};

/// Vectors that go abreast.
pub(super) const ABREAST: usize = 4;

/// Σ_i t_ℓm(x_i) power_i for every ℓ, as one vector of partial sums each.
pub(super) struct Project<'a> {
    pub(super) height: &'a [f64],
    pub(super) power: [&'a [f64]; 2],
    pub(super) first: f64,
    pub(super) step: &'a [f64],
    pub(super) sums: &'a mut [f64],
}

impl WithSimd for Project<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let lanes = S::F64_LANES;
        self.sums[..2 * self.step.len() * lanes].fill(0.0);
        let (height, _) = S::as_simd_f64s(self.height);
        let (re, _) = S::as_simd_f64s(self.power[0]);
        let (im, _) = S::as_simd_f64s(self.power[1]);
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        let blocks = height
            .chunks_exact(ABREAST)
            .zip(re.chunks_exact(ABREAST).zip(im.chunks_exact(ABREAST)));
        for (x, (re, im)) in blocks {
            let mut q0 = [simd.splat_f64s(0.0); ABREAST];
            let mut q1 = [simd.splat_f64s(self.first); ABREAST];
            for (step, slots) in self.step.iter().zip(sums.chunks_exact_mut(2)) {
                let step = simd.splat_f64s(*step);
                let (mut a, mut b) = (slots[0], slots[1]);
                for v in 0..ABREAST {
                    a = simd.mul_add_f64s(q1[v], re[v], a);
                    b = simd.mul_add_f64s(q1[v], im[v], b);
                }
                (slots[0], slots[1]) = (a, b);
                for v in 0..ABREAST {
                    let next = simd.mul_add_f64s(simd.mul_f64s(x[v], step), q1[v], q0[v]);
                    q0[v] = q1[v];
                    q1[v] = next;
                }
            }
        }
        lanes
    }
}

/// Σ_ℓ of sets of coefficients (C, S, C', S', and those of the Laplacian) times t_ℓm at every point, into the series, its derivatives and its
/// Laplacian.
pub(super) struct Sum<'a, const SETS: usize> {
    pub(super) height: &'a [f64],
    pub(super) first: f64,
    pub(super) step: &'a [f64],
    pub(super) coefficients: &'a [f64],
    /// u^m and u^{m−1}.
    pub(super) power: [&'a [f64]; 2],
    pub(super) lower: [&'a [f64]; 2],
    /// √2, m√2 and that of the order below.
    pub(super) factors: [f64; 3],
    /// f, ∂_1 f, ∂_2 f, ∂_3 f, and with six sets Δf.
    pub(super) out: [&'a mut [f64]; 5],
}

impl<const SETS: usize> WithSimd for Sum<'_, SETS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const PAIR: usize = 2;
        let (height, _) = S::as_simd_f64s(self.height);
        let [re, im] = self.power.map(|part| S::as_simd_f64s(part).0);
        let [lre, lim] = self.lower.map(|part| S::as_simd_f64s(part).0);
        let [value, along1, along2, along3, laplacian] =
            self.out.map(|part| S::as_mut_simd_f64s(part).0);
        let [here, slope, below] = self.factors.map(|factor| simd.splat_f64s(factor));
        for (block, x) in height.chunks_exact(PAIR).enumerate() {
            let mut q0 = [simd.splat_f64s(0.0); PAIR];
            let mut q1 = [simd.splat_f64s(self.first); PAIR];
            let mut sums = [[simd.splat_f64s(0.0); PAIR]; SETS];
            for (step, factors) in self.step.iter().zip(self.coefficients.chunks_exact(SETS)) {
                let step = simd.splat_f64s(*step);
                for part in 0..SETS {
                    let factor = simd.splat_f64s(factors[part]);
                    for v in 0..PAIR {
                        sums[part][v] = simd.mul_add_f64s(factor, q1[v], sums[part][v]);
                    }
                }
                for v in 0..PAIR {
                    let next = simd.mul_add_f64s(simd.mul_f64s(x[v], step), q1[v], q0[v]);
                    q0[v] = q1[v];
                    q1[v] = next;
                }
            }
            for (v, at) in (PAIR * block..PAIR * (block + 1)).enumerate() {
                let (c, s) = (sums[0][v], sums[1][v]);
                let series = simd.add_f64s(simd.mul_f64s(c, re[at]), simd.mul_f64s(s, im[at]));
                value[at] = add(simd, value[at], here, series);
                let (dc, ds, a, b) = (sums[2][v], sums[3][v], lre[at], lim[at]);
                let outward = simd.add_f64s(simd.mul_f64s(c, a), simd.mul_f64s(s, b));
                let across = simd.sub_f64s(simd.mul_f64s(s, a), simd.mul_f64s(c, b));
                let up = simd.add_f64s(simd.mul_f64s(dc, a), simd.mul_f64s(ds, b));
                along1[at] = add(simd, along1[at], slope, outward);
                along2[at] = add(simd, along2[at], slope, across);
                along3[at] = add(simd, along3[at], below, up);
                if SETS == 6 {
                    let (c, s) = (sums[4][v], sums[5][v]);
                    let series = simd.add_f64s(simd.mul_f64s(c, re[at]), simd.mul_f64s(s, im[at]));
                    laplacian[at] = add(simd, laplacian[at], here, series);
                }
            }
        }
    }
}

/// slot + factor·sum, the product rounded.
#[inline(always)]
fn add<S: Simd>(simd: S, slot: S::f64s, factor: S::f64s, sum: S::f64s) -> S::f64s {
    simd.add_f64s(slot, simd.mul_f64s(factor, sum))
}
