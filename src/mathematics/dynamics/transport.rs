//! The one formula of the house: mass at x moves with the velocity
//!
//! * (USA) v = c ∇Z(x), (SA) v = c ∇Z(x)/Z(x), Z(x) = ∫ e^{β(⟨x,y⟩−s)} dμ(y), s = sign β,
//!
//! whether μ is the empirical measure of the tokens or a density ((3.4), (3.8); c is V, and for (USA) V e^{|β|}, since the kernel is kept
//! below one). Everything that moves anything calls [`Transport`]: tokens by all pairs, by the series and by cells, nodes of the flow map,
//! densities, markers. The energy changes by dE/dt = ∫ m |v|² dμ / V with the mobility m = Z e^{|β|} for (SA), 1 for (USA) (3.6).

use pulp::Simd;

use super::Attention;

/// What turns a gradient of Z into a velocity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    /// c.
    pub scale: f64,
    /// Whether Z divides: (SA).
    softmax: bool,
    /// Z is taken to be no less: a density divides far from its mass by what the series leaves there, which is rounding.
    floor: f64,
    /// e^{|β|}.
    max_kernel: f64,
}

impl Transport {
    /// Of an attention whose potential has all its digits.
    #[must_use]
    pub fn new(attention: Attention) -> Self {
        Self {
            scale: attention.scale(),
            softmax: attention.normalisation.sums_to_one(),
            floor: f64::MIN,
            max_kernel: attention.max_kernel(),
        }
    }

    /// With Z no less than `floor`.
    #[must_use]
    pub fn above(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Whether Z divides.
    #[must_use]
    pub fn divides(self) -> bool {
        self.softmax
    }

    /// a/Z for (SA), a for (USA).
    #[inline(always)]
    #[must_use]
    pub fn over(self, a: f64, z: f64) -> f64 {
        let z = if z < self.floor { self.floor } else { z };
        a / if self.softmax { z } else { 1.0 }
    }

    /// v from a component of ∇Z, and Z.
    #[inline(always)]
    #[must_use]
    pub fn velocity(self, slope: f64, z: f64) -> f64 {
        self.over(self.scale * slope, z)
    }

    /// What multiplies a whole gradient: one division for all of its components.
    #[inline(always)]
    #[must_use]
    pub fn rate(self, z: f64) -> f64 {
        self.over(self.scale, z)
    }

    /// [`Transport::over`] in vector registers.
    #[inline(always)]
    pub(crate) fn over_lanes<S: Simd>(self, simd: S, a: S::f64s, z: S::f64s) -> S::f64s {
        if self.softmax {
            simd.div_f64s(a, simd.max_f64s(simd.splat_f64s(self.floor), z))
        } else {
            a
        }
    }

    /// m of dE/dt = ∫ m |v|² dμ / V.
    #[inline(always)]
    #[must_use]
    pub(crate) fn mobility(self, z: f64) -> f64 {
        if self.softmax {
            z * self.max_kernel
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;

    #[test]
    fn softmax_divides_by_the_potential_above_its_floor_and_usa_does_not() {
        let softmax = Transport::new(Attention::new(3.0, Normalisation::Softmax));
        assert_eq!(softmax.velocity(2.0, 0.5), 4.0);
        assert_eq!(softmax.above(1.0).velocity(2.0, 0.5), 2.0);
        assert!(softmax.velocity(2.0, f64::NAN).is_nan());
        let plain = Transport::new(Attention::new(3.0, Normalisation::None));
        assert_eq!(plain.velocity(2.0, 0.5), 2.0 * 3.0_f64.exp());
        assert_eq!(
            (plain.mobility(0.5), softmax.mobility(0.5)),
            (1.0, 0.5 * 3.0_f64.exp())
        );
    }
}
