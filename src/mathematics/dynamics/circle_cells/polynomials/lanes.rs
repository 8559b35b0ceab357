//! The vector code of the polynomials on a grid.

use pulp::{Simd, WithSimd};

use super::{APART, POWERS};
use crate::dynamics::transport::Transport;
use crate::sphere::Complex;

/// [`super::CellField::carry`] with vector registers.
pub(super) struct OnGrid<'a> {
    /// Z_p + i s_p of every cell, power by power.
    pub(super) powers: &'a [Complex],
    /// u of the points in a cell.
    pub(super) local: &'a [f64],
    /// How many of them there are.
    pub(super) width: usize,
    pub(super) transport: Transport,
    pub(super) density: &'a [f64],
    pub(super) flux: &'a mut [f64],
    /// v and Z.
    pub(super) kept: Option<[&'a mut [f64]; 2]>,
}

impl WithSimd for OnGrid<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> f64 {
        let (cells, width) = (self.powers.len() / POWERS - APART, self.width);
        let mut fastest = simd.splat_f64s(0.0);
        let mut rows: [&[Complex]; POWERS] = [&[]; POWERS];
        for (row, powers) in rows.iter_mut().zip(self.powers.chunks_exact(cells + APART)) {
            *row = &powers[..cells];
        }
        let (u, _) = S::as_simd_f64s(self.local);
        for c in 0..cells {
            let range = c * width..(c + 1) * width;
            let (density, density_rest) = S::as_simd_f64s(&self.density[range.clone()]);
            let (flux, flux_rest) = S::as_mut_simd_f64s(&mut self.flux[range.clone()]);
            let mut kept = (self.kept.as_mut())
                .map(|[v, z]| [&mut v[range.clone()], &mut z[range]].map(S::as_mut_simd_f64s));
            let whole = density.len();
            for i in 0..whole {
                let [z, v] = field(self.transport, simd, &rows, c, u[i]);
                flux[i] = simd.mul_f64s(density[i], v);
                fastest = simd.max_f64s(fastest, simd.abs_f64s(v));
                if let Some([velocity, potential]) = &mut kept {
                    (velocity.0[i], potential.0[i]) = (v, z);
                }
            }
            if !density_rest.is_empty() {
                let [z, v] = field(self.transport, simd, &rows, c, u[whole]);
                let rest = simd.mul_f64s(simd.partial_load_f64s(density_rest), v);
                simd.partial_store_f64s(flux_rest, rest);
                fastest = simd.max_f64s(fastest, simd.abs_f64s(v));
                if let Some([velocity, potential]) = &mut kept {
                    simd.partial_store_f64s(velocity.1, v);
                    simd.partial_store_f64s(potential.1, z);
                }
            }
        }
        simd.reduce_max_f64s(fastest)
    }
}

/// Z and v.
#[inline(always)]
fn field<S: Simd>(
    transport: Transport,
    simd: S,
    powers: &[&[Complex]; POWERS],
    cell: usize,
    u: S::f64s,
) -> [S::f64s; 2] {
    let last = powers[POWERS - 1][cell];
    let (mut z, mut s) = (simd.splat_f64s(last.re), simd.splat_f64s(last.im));
    for row in powers[..POWERS - 1].iter().rev() {
        z = simd.mul_add_f64s(z, u, simd.splat_f64s(row[cell].re));
        s = simd.mul_add_f64s(s, u, simd.splat_f64s(row[cell].im));
    }
    let v = simd.mul_f64s(s, simd.splat_f64s(transport.scale));
    [z, transport.over_lanes(simd, v, z)]
}
