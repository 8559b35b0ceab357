//! The vector code of the moments on the circle.

use crate::sphere::Complex;

const LANES: usize = 8;

/// `moments`_{k−1} += Σ_i w_i (x_i + i y_i)^k over a group of tokens, all of whose powers are eight tokens abreast.
pub(super) fn group_moments(rows: &[f64], weights: &[f64], moments: &mut [Complex]) {
    crate::machine::registers::arch().dispatch(Group {
        rows,
        weights,
        moments,
    });
}

/// The moments of a group of tokens; a type and not a closure, so that it is compiled for the vector instructions that
/// are found at run time.
struct Group<'a> {
    rows: &'a [f64],
    weights: &'a [f64],
    moments: &'a mut [Complex],
}

impl pulp::NullaryFnOnce for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (rows, weights) in self.rows.chunks(2 * LANES).zip(self.weights.chunks(LANES)) {
            lane_moments(rows, weights, self.moments);
        }
    }
}

#[inline(always)]
fn lane_moments(rows: &[f64], weights: &[f64], moments: &mut [Complex]) {
    let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
    let (mut real, mut imag) = ([0.0; LANES], [0.0; LANES]);
    for (lane, (row, w)) in rows.chunks_exact(2).zip(weights).enumerate() {
        (x[lane], y[lane]) = (row[0], row[1]);
        real[lane] = *w;
    }
    for moment in moments.iter_mut() {
        moment.re += sum(&real);
        moment.im += sum(&imag);
        for lane in 0..LANES {
            let next = real[lane] * x[lane] - imag[lane] * y[lane];
            imag[lane] = real[lane] * y[lane] + imag[lane] * x[lane];
            real[lane] = next;
        }
    }
}

/// A sum of eight in a fixed tree: the same bits with any vector width.
#[inline(always)]
fn sum(a: &[f64; LANES]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}
