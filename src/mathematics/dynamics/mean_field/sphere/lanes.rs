//! The pointwise passes of the right-hand side on S², on blocks of eight latitudes abreast: Z from its parts, and from the gradient to the
//! velocity or the flux.

use pulp::{Simd, WithSimd};

use crate::dynamics::transport::Transport;
use crate::machine::fft::batched::{LANES, LatitudePack, vector, vector_mut};

/// Z ← constant + β Z on a block; returns its maximum, or zero.
pub(super) struct Potential<'a> {
    pub(super) potential: &'a mut [LatitudePack],
    pub(super) constant: f64,
    pub(super) beta: f64,
}

impl WithSimd for Potential<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (constant, beta) = (simd.splat_f64s(self.constant), simd.splat_f64s(self.beta));
        let mut top = [simd.splat_f64s(0.0); 2];
        for LatitudePack(parts) in self.potential {
            for (part, top) in parts.iter_mut().zip(&mut top) {
                for z in S::as_mut_simd_f64s(part).0 {
                    *z = simd.mul_add_f64s(beta, *z, constant);
                    *top = simd.max_f64s(*top, *z);
                }
            }
        }
        simd.reduce_max_f64s(simd.max_f64s(top[0], top[1]))
    }
}

/// On a block (u, w) ← factor·(u, w)/Z for (SA), factor·(u, w) for (USA), times ρ if `FLUX`, where factor is c/(1 − x²); returns the
/// largest |v|² before ρ.
pub(super) struct Velocity<'a, const FLUX: bool> {
    pub(super) cosines: &'a [f64; LANES],
    pub(super) transport: Transport,
    pub(super) meridional: &'a mut [LatitudePack],
    pub(super) zonal: &'a mut [LatitudePack],
    pub(super) potential: &'a [LatitudePack],
    pub(super) density: &'a [LatitudePack],
}

impl<const FLUX: bool> WithSimd for Velocity<'_, FLUX> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let scale = simd.splat_f64s(self.transport.scale);
        let mut top = 0.0_f64;
        for lane in (0..LANES).step_by(S::F64_LANES) {
            let x = vector::<S>(self.cosines, lane);
            let one = simd.splat_f64s(1.0);
            let sine = simd.mul_f64s(simd.sub_f64s(one, x), simd.add_f64s(one, x));
            let factor = simd.div_f64s(scale, sine);
            let mut largest = simd.splat_f64s(0.0);
            let gradient = self.meridional.iter_mut().zip(self.zonal.iter_mut());
            for (((LatitudePack(u), LatitudePack(w)), LatitudePack(z)), LatitudePack(rho)) in
                gradient.zip(self.potential).zip(self.density)
            {
                for part in 0..2 {
                    let z = vector::<S>(&z[part], lane);
                    let factor = self.transport.over_lanes(simd, factor, z);
                    let u = vector_mut::<S>(&mut u[part], lane);
                    let w = vector_mut::<S>(&mut w[part], lane);
                    let (along, around) = (simd.mul_f64s(*u, factor), simd.mul_f64s(*w, factor));
                    let square = simd.mul_add_f64s(along, along, simd.mul_f64s(around, around));
                    largest = simd.max_f64s(largest, square);
                    (*u, *w) = if FLUX {
                        let rho = vector::<S>(&rho[part], lane);
                        (simd.mul_f64s(along, rho), simd.mul_f64s(around, rho))
                    } else {
                        (along, around)
                    };
                }
            }
            // |v|² is (u² + w²)(1 − x²)
            top = top.max(simd.reduce_max_f64s(simd.mul_f64s(largest, sine)));
        }
        top
    }
}
