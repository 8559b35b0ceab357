//! Sums over the normalised associated Legendre functions P̄_ℓm at Gauss nodes: the colatitude half of the transform on S².
//!
//! P̄_ℓm is normalised to mean square one in x = cos θ ∈ [−1,1]; P̄_mm = Π_{k≤m}√((2k+1)/(2k)) sin^mθ ≥ 0 and
//! x P̄_ℓ = ε_{ℓ+1}P̄_{ℓ+1} + ε_ℓP̄_{ℓ−1}, ε_ℓ² = (ℓ²−m²)/(4ℓ²−1). The functions are never stored: with P̄_ℓ = s_ℓ q_ℓ and
//! s_{ℓ+1}ε_{ℓ+1} = −ε_ℓ s_{ℓ−1} the recurrence is one multiplication and one fused addition,
//! q_{ℓ+1} = (x a_ℓ) q_ℓ + q_{ℓ−1}, and several vectors of latitudes go abreast in registers. The parity
//! P̄_ℓm(−x) = (−1)^{ℓ−m} P̄_ℓm(x) halves the latitudes.
//!
//! Near the poles sin^mθ underflows for high orders although P̄_ℓm is of order one at higher degrees. So for every order
//! and latitude the recurrence starts at the first degree where |P̄| passes 2^−200, from values found once with an
//! exponent of their own; what is left out is below 1e-50.

use pulp::{Simd, WithSimd};

/// Numbers in the widest vector.
pub const LANES: usize = 8;
/// log₂ of the smallest value a recurrence starts from.
const NEGLIGIBLE: i32 = -200;
/// Starts are rounded up to a multiple of this many degrees above the order (an even number: parity is kept).
const STRIDE: usize = 4;

/// ε_ℓm = √((ℓ²−m²)/(4ℓ²−1)).
#[inline]
#[must_use]
pub fn epsilon(degree: usize, order: usize) -> f64 {
    if degree <= order {
        return 0.0;
    }
    let (l, m) = (degree as f64, order as f64);
    ((l - m) * (l + m) / ((2.0 * l - 1.0) * (2.0 * l + 1.0))).sqrt()
}

/// (s_ℓ, a_ℓ) for ℓ = m…L: P̄_ℓ = s_ℓ q_ℓ and q_{ℓ+1} = (x a_ℓ) q_ℓ + q_{ℓ−1}.
#[must_use]
pub fn recurrence(degree: usize, order: usize) -> (Vec<f64>, Vec<f64>) {
    let count = degree - order + 1;
    let eps = |index: usize| epsilon(order + index, order);
    let mut scale = vec![1.0; count.max(2)];
    for index in 1..count.saturating_sub(1) {
        scale[index + 1] = -scale[index - 1] * eps(index) / eps(index + 1);
    }
    let step: Vec<f64> = (0..count)
        .map(|index| {
            let next = if index + 1 < count {
                scale[index + 1]
            } else {
                -scale[index.max(1) - 1] * eps(index.max(1)) / eps(index + 1)
            };
            scale[index] / (next * eps(index + 1))
        })
        .collect();
    scale.truncate(count);
    (scale, step)
}

/// What one order needs.
struct Order {
    /// s_ℓ, ℓ = m…L.
    scale: Vec<f64>,
    /// a_ℓ from q_ℓ to q_{ℓ+1}, ℓ = m…L.
    step: Vec<f64>,
    /// ℓ − m at which each latitude starts; `usize::MAX` when it never does.
    first: Vec<usize>,
    /// q at the degree before the start.
    before: Vec<f64>,
    /// q at the start.
    here: Vec<f64>,
}

/// The functions of every order m ≤ ℓ ≤ L at a set of northern latitudes.
pub struct Legendre {
    degree: usize,
    /// x_j, padded.
    cosines: Vec<f64>,
    orders: Vec<Order>,
    coefficients: Vec<f64>,
    sums: Vec<f64>,
}

impl Legendre {
    /// For degrees up to L at the latitudes x_j ≥ 0.
    #[must_use]
    pub fn new(degree: usize, northern: &[f64]) -> Self {
        let mut cosines = northern.to_vec();
        cosines.resize(northern.len().next_multiple_of(LANES), 0.0);
        let mut orders = Vec::with_capacity(degree + 1);
        // log₂ of Π√((2k+1)/(2k))
        let mut sectoral = 0.0;
        for order in 0..=degree {
            if order > 0 {
                let k = order as f64;
                sectoral += 0.5 * ((2.0 * k + 1.0) / (2.0 * k)).log2();
            }
            orders.push(Order::new(degree, order, sectoral, &cosines));
        }
        Self {
            degree,
            orders,
            coefficients: Vec::with_capacity(4 * (degree + 1)),
            sums: vec![0.0; 4 * (degree + 1) * LANES],
            cosines,
        }
    }

    /// L.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Padded number of latitudes.
    #[must_use]
    pub fn padded(&self) -> usize {
        self.cosines.len()
    }

    /// For each of `FIELDS` fields whose coefficients of order m are the pairs `fields[f][2(ℓ−m)..]`, ℓ = m…: the sums
    /// Σ_ℓ c_ℓ P̄_ℓm(x_j) over even and over odd ℓ − m. `out` holds, one padded row after the other, for each field the
    /// even cosine, even sine, odd cosine and odd sine part.
    pub fn synthesis<const FIELDS: usize>(
        &mut self,
        order: usize,
        fields: [&[f64]; FIELDS],
        out: &mut [f64],
    ) {
        let row = &self.orders[order];
        let longest = fields
            .iter()
            .map(|field| field.len() / 2)
            .max()
            .unwrap_or(0);
        self.coefficients.clear();
        for (l, scale) in row.scale[..longest].iter().enumerate() {
            for field in fields {
                let pair = field.get(2 * l..2 * l + 2).unwrap_or(&[0.0, 0.0]);
                self.coefficients.extend([pair[0] * scale, pair[1] * scale]);
            }
        }
        pulp::Arch::new().dispatch(Synthesis::<FIELDS> {
            cosines: &self.cosines,
            order: row,
            degrees: longest,
            coefficients: &self.coefficients,
            out,
        });
    }

    /// The adjoint: from rows laid out as the output of [`Legendre::synthesis`], c_ℓ = Σ_j P̄_ℓm(x_j) value_j for every
    /// field, written to `fields[f][2(ℓ−m)..]`; as many degrees as the slices hold.
    pub fn analysis<const FIELDS: usize>(
        &mut self,
        order: usize,
        values: &[f64],
        fields: [&mut [f64]; FIELDS],
    ) {
        let row = &self.orders[order];
        let longest = fields
            .iter()
            .map(|field| field.len() / 2)
            .max()
            .unwrap_or(0);
        let lanes = pulp::Arch::new().dispatch(Analysis::<FIELDS> {
            cosines: &self.cosines,
            order: row,
            degrees: longest,
            values,
            sums: &mut self.sums,
        });
        let mut groups = self.sums.chunks_exact(lanes);
        let mut fields = fields;
        for l in 0..longest {
            for field in &mut fields {
                for part in 0..2 {
                    let total = groups.next().map_or(0.0, tree_sum);
                    if let Some(slot) = field.get_mut(2 * l + part) {
                        *slot = total * row.scale[l];
                    }
                }
            }
        }
    }
}

/// The sum of the numbers of one vector in a fixed tree.
#[inline]
#[must_use]
pub fn tree_sum(lanes: &[f64]) -> f64 {
    match lanes {
        [a, b, c, d, e, f, g, h] => ((a + e) + (c + g)) + ((b + f) + (d + h)),
        [a, b, c, d] => (a + c) + (b + d),
        _ => lanes.iter().sum(),
    }
}

impl Order {
    fn new(degree: usize, order: usize, sectoral: f64, cosines: &[f64]) -> Self {
        let (scale, step) = recurrence(degree, order);
        let mut row = Self {
            scale,
            step,
            first: Vec::with_capacity(cosines.len()),
            before: Vec::with_capacity(cosines.len()),
            here: Vec::with_capacity(cosines.len()),
        };
        for x in cosines {
            let log = if order == 0 {
                0.0
            } else {
                sectoral + 0.5 * order as f64 * ((1.0 - x) * (1.0 + x)).log2()
            };
            row.start(*x, log);
        }
        row
    }

    /// Finds where a latitude starts, with an exponent beside the number; `log` is log₂ P̄_mm.
    fn start(&mut self, x: f64, log: f64) {
        let mut exponent = if log.is_finite() {
            log.floor() as i32
        } else {
            i32::MIN / 2
        };
        let (mut before, mut here) = (0.0_f64, (log - f64::from(exponent)).exp2());
        if !log.is_finite() {
            here = 0.0;
        }
        for (index, step) in self.step.iter().enumerate() {
            let size = here.abs().max(before.abs());
            let scaled = exponent.saturating_add(if size > 0.0 { size.log2() as i32 } else { 0 });
            if index % STRIDE == 0 && scaled > NEGLIGIBLE {
                let factor = f64::from(exponent).exp2();
                self.first.push(index);
                self.before.push(before * factor);
                self.here.push(here * factor);
                return;
            }
            (before, here) = (here, x * step * here + before);
            if size > 1e100 {
                before *= 2.0_f64.powi(-300);
                here *= 2.0_f64.powi(-300);
                exponent = exponent.saturating_add(300);
            }
        }
        self.first.push(usize::MAX);
        self.before.push(0.0);
        self.here.push(0.0);
    }

    /// Sets the lanes that start at `index` in the stored recurrence of a block beginning at latitude `from`.
    #[inline(always)]
    fn inject(&self, from: usize, index: usize, before: &mut [f64], here: &mut [f64]) -> usize {
        let mut next = usize::MAX;
        for lane in 0..here.len() {
            let first = self.first[from + lane];
            if first == index {
                before[lane] = self.before[from + lane];
                here[lane] = self.here[from + lane];
            } else if first > index {
                next = next.min(first);
            }
        }
        next
    }

    fn earliest(&self, from: usize, lanes: usize) -> usize {
        self.first[from..from + lanes]
            .iter()
            .copied()
            .min()
            .unwrap_or(usize::MAX)
    }
}

struct Synthesis<'a, const FIELDS: usize> {
    cosines: &'a [f64],
    order: &'a Order,
    degrees: usize,
    coefficients: &'a [f64],
    out: &'a mut [f64],
}

impl<const FIELDS: usize> WithSimd for Synthesis<'_, FIELDS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = S::F64_LANES;
        let count = self.cosines.len();
        let mut from = 0;
        // Four vectors hide the latency of the recurrence; two fields fill the registers with two.
        if FIELDS == 1 {
            while from + 4 * lanes <= count {
                self.block::<S, 4>(simd, from);
                from += 4 * lanes;
            }
        }
        while from + 2 * lanes <= count {
            self.block::<S, 2>(simd, from);
            from += 2 * lanes;
        }
        while from + lanes <= count {
            self.block::<S, 1>(simd, from);
            from += lanes;
        }
    }
}

impl<const FIELDS: usize> Synthesis<'_, FIELDS> {
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, simd: S, from: usize) {
        let lanes = V * S::F64_LANES;
        let zero = simd.splat_f64s(0.0);
        let x: [S::f64s; V] = load::<S, V>(&self.cosines[from..from + lanes]);
        let mut even = [[[zero; V]; 2]; FIELDS];
        let mut odd = [[[zero; V]; 2]; FIELDS];
        let (mut before, mut here) = ([0.0; 4 * LANES], [0.0; 4 * LANES]);
        let mut index = self.order.earliest(from, lanes);
        while index < self.degrees {
            let next = self
                .order
                .inject(from, index, &mut before[..lanes], &mut here[..lanes])
                .min(self.degrees);
            let mut q0 = load::<S, V>(&before[..lanes]);
            let mut q1 = load::<S, V>(&here[..lanes]);
            let pairs = (next - index) / 2;
            let coefficients = &self.coefficients[2 * FIELDS * index..2 * FIELDS * next];
            let steps = &self.order.step[index..next];
            let (mut c, mut a) = (coefficients.chunks_exact(4 * FIELDS), steps.chunks_exact(2));
            for _ in 0..pairs {
                let (Some(c), Some(a)) = (c.next(), a.next()) else {
                    break;
                };
                let (a0, a1) = (simd.splat_f64s(a[0]), simd.splat_f64s(a[1]));
                add::<S, FIELDS, V>(simd, &c[..2 * FIELDS], &q1, &mut even);
                for v in 0..V {
                    q0[v] = simd.mul_add_f64s(simd.mul_f64s(x[v], a0), q1[v], q0[v]);
                }
                add::<S, FIELDS, V>(simd, &c[2 * FIELDS..], &q0, &mut odd);
                for v in 0..V {
                    q1[v] = simd.mul_add_f64s(simd.mul_f64s(x[v], a1), q0[v], q1[v]);
                }
            }
            if (next - index) % 2 == 1 {
                add::<S, FIELDS, V>(simd, c.remainder(), &q1, &mut even);
            }
            store::<S, V>(&q0, &mut before[..lanes]);
            store::<S, V>(&q1, &mut here[..lanes]);
            index = next;
        }
        let padded = self.cosines.len();
        for field in 0..FIELDS {
            for part in 0..2 {
                let row = 4 * field + part;
                store::<S, V>(
                    &even[field][part],
                    &mut self.out[row * padded + from..][..lanes],
                );
                let row = row + 2;
                store::<S, V>(
                    &odd[field][part],
                    &mut self.out[row * padded + from..][..lanes],
                );
            }
        }
    }
}

#[inline(always)]
fn add<S: Simd, const FIELDS: usize, const V: usize>(
    simd: S,
    c: &[f64],
    q: &[S::f64s; V],
    sums: &mut [[[S::f64s; V]; 2]; FIELDS],
) {
    for field in 0..FIELDS {
        for part in 0..2 {
            let factor = simd.splat_f64s(c[2 * field + part]);
            for v in 0..V {
                sums[field][part][v] = simd.mul_add_f64s(factor, q[v], sums[field][part][v]);
            }
        }
    }
}

struct Analysis<'a, const FIELDS: usize> {
    cosines: &'a [f64],
    order: &'a Order,
    degrees: usize,
    values: &'a [f64],
    sums: &'a mut [f64],
}

impl<const FIELDS: usize> WithSimd for Analysis<'_, FIELDS> {
    type Output = usize;

    /// Leaves one vector of partial sums for every degree, field and part; returns its width.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> usize {
        let lanes = S::F64_LANES;
        let count = self.cosines.len();
        self.sums[..2 * FIELDS * self.degrees * lanes].fill(0.0);
        let mut from = 0;
        if FIELDS == 1 {
            while from + 4 * lanes <= count {
                self.block::<S, 4>(simd, from);
                from += 4 * lanes;
            }
        }
        while from + 2 * lanes <= count {
            self.block::<S, 2>(simd, from);
            from += 2 * lanes;
        }
        while from + lanes <= count {
            self.block::<S, 1>(simd, from);
            from += lanes;
        }
        lanes
    }
}

impl<const FIELDS: usize> Analysis<'_, FIELDS> {
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, simd: S, from: usize) {
        let lanes = V * S::F64_LANES;
        let padded = self.cosines.len();
        let zero = simd.splat_f64s(0.0);
        let x: [S::f64s; V] = load::<S, V>(&self.cosines[from..from + lanes]);
        let mut even = [[[zero; V]; 2]; FIELDS];
        let mut odd = [[[zero; V]; 2]; FIELDS];
        for field in 0..FIELDS {
            for part in 0..2 {
                let row = 4 * field + part;
                even[field][part] = load::<S, V>(&self.values[row * padded + from..][..lanes]);
                odd[field][part] = load::<S, V>(&self.values[(row + 2) * padded + from..][..lanes]);
            }
        }
        let (mut before, mut here) = ([0.0; 4 * LANES], [0.0; 4 * LANES]);
        let mut index = self.order.earliest(from, lanes);
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        while index < self.degrees {
            let next = self
                .order
                .inject(from, index, &mut before[..lanes], &mut here[..lanes])
                .min(self.degrees);
            let mut q0 = load::<S, V>(&before[..lanes]);
            let mut q1 = load::<S, V>(&here[..lanes]);
            let steps = &self.order.step[index..next];
            let mut slots =
                sums[2 * FIELDS * index..2 * FIELDS * next].chunks_exact_mut(4 * FIELDS);
            for (a, slots) in steps.chunks_exact(2).zip(&mut slots) {
                let (a0, a1) = (simd.splat_f64s(a[0]), simd.splat_f64s(a[1]));
                project::<S, FIELDS, V>(simd, &q1, &even, &mut slots[..2 * FIELDS]);
                for v in 0..V {
                    q0[v] = simd.mul_add_f64s(simd.mul_f64s(x[v], a0), q1[v], q0[v]);
                }
                project::<S, FIELDS, V>(simd, &q0, &odd, &mut slots[2 * FIELDS..]);
                for v in 0..V {
                    q1[v] = simd.mul_add_f64s(simd.mul_f64s(x[v], a1), q0[v], q1[v]);
                }
            }
            if (next - index) % 2 == 1 {
                project::<S, FIELDS, V>(simd, &q1, &even, slots.into_remainder());
            }
            store::<S, V>(&q0, &mut before[..lanes]);
            store::<S, V>(&q1, &mut here[..lanes]);
            index = next;
        }
    }
}

#[inline(always)]
fn project<S: Simd, const FIELDS: usize, const V: usize>(
    simd: S,
    q: &[S::f64s; V],
    values: &[[[S::f64s; V]; 2]; FIELDS],
    slots: &mut [S::f64s],
) {
    for field in 0..FIELDS {
        for part in 0..2 {
            let mut sum = slots[2 * field + part];
            for v in 0..V {
                sum = simd.mul_add_f64s(q[v], values[field][part][v], sum);
            }
            slots[2 * field + part] = sum;
        }
    }
}

#[inline(always)]
fn load<S: Simd, const V: usize>(slice: &[f64]) -> [S::f64s; V] {
    let (vectors, _) = S::as_simd_f64s(slice);
    std::array::from_fn(|v| vectors[v])
}

#[inline(always)]
fn store<S: Simd, const V: usize>(vectors: &[S::f64s; V], slice: &mut [f64]) {
    let (slots, _) = S::as_mut_simd_f64s(slice);
    slots[..V].copy_from_slice(vectors);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P̄_ℓm(x) by the plain recurrence in logarithms: the slow reference.
    fn reference(degree: usize, order: usize, x: f64) -> f64 {
        let mut log = 0.5 * order as f64 * ((1.0 - x) * (1.0 + x)).ln();
        for k in 1..=order {
            log += 0.5 * ((2 * k + 1) as f64 / (2 * k) as f64).ln();
        }
        let (mut before, mut here) = (0.0, 1.0);
        for l in order..degree {
            let next = (x * here - epsilon(l, order) * before) / epsilon(l + 1, order);
            (before, here) = (here, next);
            if here.abs() > 1e200 {
                before /= 1e200;
                here /= 1e200;
                log += 200.0 * std::f64::consts::LN_10;
            }
        }
        let size = here.abs().ln() + log;
        if size < -700.0 {
            0.0
        } else {
            here.signum() * size.exp()
        }
    }

    #[test]
    fn a_single_coefficient_gives_its_function_also_where_the_start_underflows() {
        let x: Vec<f64> = (0..40)
            .map(|j| (0.01 + 1.55 * f64::from(j) / 40.0).cos())
            .collect();
        let mut legendre = Legendre::new(511, &x);
        let mut out = vec![0.0; 4 * legendre.padded()];
        for (degree, order) in [
            (0, 0),
            (1, 0),
            (1, 1),
            (7, 3),
            (60, 59),
            (300, 17),
            (511, 0),
            (511, 200),
            (511, 480),
            (511, 511),
        ] {
            let mut field = vec![0.0; 2 * (degree - order + 1)];
            field[2 * (degree - order)] = 1.0;
            legendre.synthesis(order, [&field], &mut out);
            let odd = (degree - order) % 2;
            for (j, x) in x.iter().enumerate() {
                let value = out[2 * odd * legendre.padded() + j];
                let exact = reference(degree, order, *x);
                assert!(
                    (value - exact).abs() < 3e-12 * (1.0 + exact.abs()),
                    "ℓ {degree} m {order} x {x}: {value:e} {exact:e}"
                );
            }
        }
    }
}
