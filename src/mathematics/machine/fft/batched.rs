//! Complex Fourier transforms of eight latitudes abreast: a vector holds one longitude of eight latitudes, and a butterfly of vectors is
//! eight butterflies without a single number changing its place in a vector.
//!
//! Σ_j x_j e^{∓2πijk/N} by Stockham's passes: a pass of radix r over transforms of length n = r·m, s of which are interleaved, takes
//!
//! y[q + s(r p + k)] = w^{pk} Σ_{j<r} x[q + s(p + m j)] e^{−2πijk/r},  w = e^{−2πi/n}, p < m, q < s, k < r,
//!
//! from one buffer to another, and the order comes out right. The first pass takes its numbers from where the Legendre sums left them, the
//! last one leaves them where those sums will look for them (`Places`). The other sign is the same with real and imaginary
//! parts exchanged. Radices 2, 3, 4, 5 and 8 are written out, a larger prime is a plain sum (lengths with one above 31 go to
//! `one_by_one`, the reference in the test). Long transforms by two halves in a buffer that stays in the first cache were
//! tried; at 512 and 1024 points they took longer.

#![allow(clippy::needless_range_loop)] // registers are arrays of constant length, several of them in step

use std::f64::consts::TAU;

use pulp::{Simd, WithSimd};

use crate::machine::fft::butterflies::{Z, butterfly, times};

/// Latitudes abreast: numbers in the widest vector.
pub(crate) const LANES: usize = 8;

/// A field at one longitude on eight northern latitudes and on their mirrors in the south; or the real and the imaginary parts of eight
/// Fourier coefficients.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(align(64))]
pub(crate) struct LatitudePack(pub [[f64; LANES]; 2]);

/// The largest radix worth a plain sum (measured: a number costs 0.4 ns for every term of it, a library's transform of another length about 15).
const LARGEST: usize = 31;

/// A transform of fixed length.
#[derive(Debug, Clone)]
pub(crate) struct BatchedFft {
    passes: Vec<Pass>,
}

/// See the head of the file.
#[derive(Debug, Clone)]
struct Pass {
    radix: usize,
    /// m.
    count: usize,
    /// s.
    stride: usize,
    /// w^{pk} for every p and 0 < k < r.
    turns: Vec<[f64; 2]>,
    /// e^{−2πij/r}.
    roots: Vec<[f64; 2]>,
}

/// Where number k of a transform stands in a buffer.
pub(crate) trait Places: Copy {
    /// The place of entry k.
    fn of(self, k: usize) -> usize;
}

/// At k.
#[derive(Clone, Copy)]
struct InOrder;

impl Places for InOrder {
    #[inline(always)]
    fn of(self, k: usize) -> usize {
        k
    }
}

impl BatchedFft {
    /// For N = `length` points; none if N has too large a prime.
    #[must_use]
    pub(crate) fn new(length: usize) -> Option<Self> {
        let radices = radices(length);
        if radices.iter().any(|radix| *radix > LARGEST) {
            return None;
        }
        let mut left = length;
        let mut stride = 1;
        let passes = radices.into_iter().map(|radix| {
            let (n, count) = (left, left / radix);
            let pass = Pass {
                radix,
                count,
                stride,
                turns: (0..count)
                    .flat_map(|p| (1..radix).map(move |k| root(p * k, n)))
                    .collect(),
                roots: (0..radix).map(|j| root(j, radix)).collect(),
            };
            (left, stride) = (count, stride * radix);
            pass
        });
        Some(Self {
            passes: passes.collect(),
        })
    }

    /// field_j ← Σ_k x_k e^{+2πijk/N} for one block, where x_k stands in `rows` at its place; or with `frequencies` m_k, Σ_k im_k x_k e^{…}.
    /// `scratch` is as long as the field.
    #[inline(always)]
    pub(crate) fn inverse<S: Simd>(
        &self,
        simd: S,
        (rows, places): (&[LatitudePack], impl Places),
        frequencies: Option<&[f64]>,
        field: &mut [LatitudePack],
        scratch: &mut [LatitudePack],
    ) {
        let (mut here, mut other) = (field, scratch);
        if self.passes.len().is_multiple_of(2) {
            std::mem::swap(&mut here, &mut other);
        }
        let Some((first, passes)) = self.passes.split_first() else {
            return;
        };
        let ends = (places, InOrder);
        match frequencies {
            Some(list) => first.run(simd, Taken::<true, true>(list), ends, rows, here),
            None => first.run(simd, Taken::<true, false>(&[]), ends, rows, here),
        }
        for pass in passes {
            pass.run(
                simd,
                Taken::<true, false>(&[]),
                (InOrder, InOrder),
                here,
                other,
            );
            std::mem::swap(&mut here, &mut other);
        }
    }

    /// The place of k in `rows` ← Σ_j field_j e^{−2πijk/N} for one block; nothing is left of the field.
    #[inline(always)]
    pub(crate) fn forward<S: Simd>(
        &self,
        simd: S,
        field: &mut [LatitudePack],
        scratch: &mut [LatitudePack],
        (rows, places): (&mut [LatitudePack], impl Places),
    ) {
        let (mut here, mut other) = (field, scratch);
        let Some((last, passes)) = self.passes.split_last() else {
            return;
        };
        let as_is = Taken::<false, false>(&[]);
        for pass in passes {
            pass.run(simd, as_is, (InOrder, InOrder), here, other);
            std::mem::swap(&mut here, &mut other);
        }
        last.run(simd, as_is, (InOrder, places), here, rows);
    }
}

/// e^{−2πi p/n}.
fn root(p: usize, n: usize) -> [f64; 2] {
    let (sin, cos) = (TAU * (p % n) as f64 / n as f64).sin_cos();
    [cos, -sin]
}

/// Factors of n, the largest of those written out last: the last pass has no turns.
fn radices(n: usize) -> Vec<usize> {
    let (mut rest, mut eights, mut list) = (n, 0, Vec::new());
    while rest % 8 == 0 {
        (rest, eights) = (rest / 8, eights + 1);
    }
    match (rest % 4, eights) {
        (0, _) => list.push(4),
        // 8·2 is 4·4
        (2, 1..) => {
            list.extend([4, 4]);
            eights -= 1;
        }
        (2, _) => list.push(2),
        _ => {}
    }
    rest >>= rest.trailing_zeros();
    for prime in (3..).step_by(2) {
        while rest % prime == 0 {
            rest /= prime;
            list.push(prime);
        }
        if rest == 1 {
            break;
        }
    }
    list.sort_unstable_by_key(|radix| if *radix > 8 { 0 } else { *radix });
    list.extend(vec![8; eights]);
    if list.is_empty() {
        // a transform of one number is a sum of one
        list.push(1);
    }
    list
}

/// How a pass takes its numbers: with real and imaginary part exchanged for the `INVERSE`, number k times im_k for a `DERIVATIVE`.
#[derive(Clone, Copy)]
struct Taken<'a, const INVERSE: bool, const DERIVATIVE: bool>(&'a [f64]);

impl Pass {
    /// One pass from a buffer into another, from places to places.
    #[inline(always)]
    fn run<S: Simd, const I: bool, const D: bool>(
        &self,
        simd: S,
        taken: Taken<'_, I, D>,
        ends: (impl Places, impl Places),
        from: &[LatitudePack],
        to: &mut [LatitudePack],
    ) {
        match self.radix {
            2 => simd.vectorize(Step::<_, _, I, D, 2>::of(self, taken, ends, from, to)),
            3 => simd.vectorize(Step::<_, _, I, D, 3>::of(self, taken, ends, from, to)),
            4 => simd.vectorize(Step::<_, _, I, D, 4>::of(self, taken, ends, from, to)),
            5 => simd.vectorize(Step::<_, _, I, D, 5>::of(self, taken, ends, from, to)),
            8 => simd.vectorize(Step::<_, _, I, D, 8>::of(self, taken, ends, from, to)),
            _ => simd.vectorize(Step::<_, _, I, D, 0>::of(self, taken, ends, from, to)),
        }
    }
}

/// A pass whose radix is known; 0 is any prime.
struct Step<'a, A, B, const I: bool, const D: bool, const R: usize> {
    pass: &'a Pass,
    taken: Taken<'a, I, D>,
    ends: (A, B),
    from: &'a [LatitudePack],
    to: &'a mut [LatitudePack],
}

impl<A: Places, B: Places, const I: bool, const D: bool, const R: usize> WithSimd
    for Step<'_, A, B, I, D, R>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for p in 0..self.pass.count {
            for q in 0..self.pass.stride {
                for lane in (0..LANES).step_by(S::F64_LANES) {
                    match R {
                        0 => self.sums(simd, p, q, lane),
                        _ if self.pass.count > 1 => self.one::<S, true>(simd, p, q, lane),
                        _ => self.one::<S, false>(simd, p, q, lane),
                    }
                }
            }
        }
    }
}

impl<'a, A: Places, B: Places, const I: bool, const D: bool, const R: usize>
    Step<'a, A, B, I, D, R>
{
    fn of(
        pass: &'a Pass,
        taken: Taken<'a, I, D>,
        ends: (A, B),
        from: &'a [LatitudePack],
        to: &'a mut [LatitudePack],
    ) -> Self {
        Self {
            pass,
            taken,
            ends,
            from,
            to,
        }
    }

    /// One butterfly, and its turns unless they are all 1.
    #[inline(always)]
    fn one<S: Simd, const TURNS: bool>(&mut self, simd: S, p: usize, q: usize, lane: usize) {
        let (m, s) = (self.pass.count, self.pass.stride);
        let mut x = [[simd.splat_f64s(0.0); 2]; R];
        for j in 0..R {
            x[j] = self.read(simd, q + s * p + s * m * j, lane);
        }
        butterfly(simd, &mut x);
        let turns = if TURNS {
            &self.pass.turns[p * (R - 1)..][..R - 1]
        } else {
            &[]
        };
        for k in 0..R {
            if TURNS && k > 0 {
                x[k] = times(simd, x[k], turns[k - 1]);
            }
            self.write::<S>(q + s * R * p + s * k, lane, x[k]);
        }
    }

    /// A butterfly as plain sums, for any radix.
    #[inline(always)]
    fn sums<S: Simd>(&mut self, simd: S, p: usize, q: usize, lane: usize) {
        let Pass {
            radix,
            count,
            stride,
            ref turns,
            ref roots,
        } = *self.pass;
        for k in 0..radix {
            let mut sum = [simd.splat_f64s(0.0); 2];
            for j in 0..radix {
                let x = self.read(simd, q + stride * (p + count * j), lane);
                let x = times(simd, x, roots[j * k % radix]);
                sum = [simd.add_f64s(sum[0], x[0]), simd.add_f64s(sum[1], x[1])];
            }
            if k > 0 {
                sum = times(simd, sum, turns[p * (radix - 1) + k - 1]);
            }
            self.write::<S>(q + stride * (radix * p + k), lane, sum);
        }
    }

    #[inline(always)]
    fn read<S: Simd>(&self, simd: S, k: usize, lane: usize) -> Z<S> {
        let LatitudePack(parts) = &self.from[self.ends.0.of(k)];
        let [re, im] = [vector::<S>(&parts[0], lane), vector::<S>(&parts[1], lane)];
        let z = if D {
            let Taken(frequencies) = self.taken;
            let (m, minus) = (frequencies[k], -frequencies[k]);
            [
                simd.mul_f64s(im, simd.splat_f64s(minus)),
                simd.mul_f64s(re, simd.splat_f64s(m)),
            ]
        } else {
            [re, im]
        };
        if I { [z[1], z[0]] } else { z }
    }

    #[inline(always)]
    fn write<S: Simd>(&mut self, k: usize, lane: usize, z: Z<S>) {
        let LatitudePack(parts) = &mut self.to[self.ends.1.of(k)];
        let [re, im] = if I { [z[1], z[0]] } else { z };
        *vector_mut::<S>(&mut parts[0], lane) = re;
        *vector_mut::<S>(&mut parts[1], lane) = im;
    }
}

/// The numbers of a part from a lane on that one vector takes.
#[inline(always)]
#[must_use]
pub(crate) fn vector<S: Simd>(part: &[f64; LANES], lane: usize) -> S::f64s {
    S::as_simd_f64s(&part[lane..]).0[0]
}

/// The register's part of eight numbers, to be written.
#[inline(always)]
pub(crate) fn vector_mut<S: Simd>(part: &mut [f64; LANES], lane: usize) -> &mut S::f64s {
    &mut S::as_mut_simd_f64s(&mut part[lane..]).0[0]
}

#[cfg(test)]
mod tests;
