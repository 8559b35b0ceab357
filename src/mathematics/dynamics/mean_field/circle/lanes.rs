//! The pointwise passes of the circle's right-hand side, compiled for the vector instructions found at run time: from the gradient to the
//! flux, and from the flux to the tendency.

use crate::dynamics::transport::Transport;
use crate::sphere::Complex;

/// velocity ← scale·velocity over the potential, flux ← density·velocity; the largest |velocity|.
pub(super) struct Flux<'a> {
    pub(super) transport: Transport,
    pub(super) density: &'a [f64],
    pub(super) flux: &'a mut [f64],
    pub(super) velocity: &'a mut [f64],
    pub(super) potential: &'a [f64],
}

impl pulp::NullaryFnOnce for Flux<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut fastest = [0.0; 8];
        let all = (self.flux.chunks_mut(8).zip(self.density.chunks(8)))
            .zip(self.velocity.chunks_mut(8))
            .zip(self.potential.chunks(8));
        for (((flux, density), velocity), potential) in all {
            let points = (flux.iter_mut().zip(density)).zip(velocity).zip(potential);
            for ((((flux, rho), v), z), top) in points.zip(&mut fastest) {
                *v = self.transport.velocity(*v, *z);
                *flux = rho * *v;
                let size = v.abs();
                *top = if size > *top { size } else { *top };
            }
        }
        fastest.iter().copied().fold(0.0, f64::max)
    }
}

/// tendency_k ← −ik·scale·flux_k.
pub(super) struct Divergence<'a> {
    pub(super) flux: &'a [Complex],
    pub(super) scale: f64,
    pub(super) tendency: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Divergence<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let slots = self.tendency.as_chunks_mut::<2>().0;
        for (k, (slot, flux)) in (0_u32..).zip(slots.iter_mut().zip(self.flux)) {
            let factor = f64::from(k) * self.scale;
            *slot = [factor * flux.im, -factor * flux.re];
        }
    }
}
