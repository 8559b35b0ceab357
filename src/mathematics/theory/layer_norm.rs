//! Equiangular tokens under the schemes of layer normalisation (2510.22026): ⟨θ_i,θ_j⟩ = γ and |y_i| = r obey two scalar equations.
//!
//! With p = e^β/(e^β + (n−1)e^{βγ}) and q = e^{βγ}/(…), A_i = pθ_i + qΣ_{j≠i}θ_j, and γ' = (2q/s)(1−γ)((n−1)γ+1) with the s of the
//! scheme: Theorem 6.8 over s. Late, 1 − γ falls like e^{−2t} (Post), t^{−2} (Pre, Mix, Peri), e^{−2αt} (nGPT), e^{−4√(t+1)} (LN-scaling).

use super::equiangular::closing_rate;
use crate::dynamics::Attention;
use crate::dynamics::system::LayerNorm;
use crate::integrate::{Explicit, StepError, tableau::DORMAND_PRINCE_853};

/// (ln(1−γ))', where γ' = −(1−γ)(ln(1−γ))', and r' at a gap 1 − γ, a length and a time.
fn rates(
    attention: Attention,
    scheme: LayerNorm,
    count: usize,
    state: [f64; 2],
    t: f64,
) -> [f64; 2] {
    let (gap, length) = (state[0].exp(), state[1]);
    let gamma = 1.0 - gap;
    let others = count as f64 - 1.0;
    let shifted = (-attention.beta * gap).exp();
    let (p, q) = (
        1.0 / (1.0 + others * shifted),
        shifted / (1.0 + others * shifted),
    );
    let along = p + others * q * gamma;
    let size =
        (p * p + 2.0 * p * others * q * gamma + others * q * q * (1.0 + (others - 1.0) * gamma))
            .sqrt();
    let (s, grows) = match scheme {
        LayerNorm::Post => (1.0, 0.0),
        LayerNorm::Pre => (length, along),
        LayerNorm::Mix { until } if t < until => (1.0, 0.0),
        LayerNorm::Mix { .. } => (length, along),
        LayerNorm::Peri => (length * size, along / size),
        LayerNorm::Ngpt { alpha } => (size / alpha, 0.0),
        LayerNorm::LnScaling => ((t + 1.0).sqrt(), 0.0),
    };
    [-closing_rate(attention, count, gap) / s, grows]
}

/// (1 − γ, r) at increasing times, from γ(0) = `start` and r = 1, for (SA), to 1e-12.
///
/// # Errors
/// [`StepError`] when the equation cannot be followed.
pub fn curve(
    attention: Attention,
    scheme: LayerNorm,
    count: usize,
    start: f64,
    times: &[f64],
) -> Result<Vec<(f64, f64)>, StepError> {
    let mut stepper = Explicit::new(&DORMAND_PRINCE_853, 3, 1e-13, 1e-3);
    // ln(1 − γ) has no floor; the time since the step began as a third entry: the whole time's rounding would pass for an error
    let (mut state, mut time) = ([(1.0 - start).ln(), 1.0, 0.0], 0.0);
    let mut values = Vec::with_capacity(times.len());
    for &target in times {
        while time < target {
            let switch = match scheme {
                LayerNorm::Mix { until } if time < until && until < target => until,
                _ => target,
            };
            let before = time;
            state[2] = 0.0;
            let taken = stepper.step(
                &mut state,
                switch - time,
                |u, out| {
                    // every stage of a step belongs to the phase in which it starts
                    let now = match scheme {
                        LayerNorm::Mix { until } if before < until => before,
                        _ => before + u[2],
                    };
                    [out[0], out[1]] = rates(attention, scheme, count, [u[0], u[1]], now);
                    out[2] = 1.0;
                },
                |_| (),
            )?;
            time = if taken >= (switch - before) * (1.0 - 1e-15) {
                switch
            } else {
                before + taken
            };
        }
        values.push((state[0].exp(), state[1]));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Normalisation;

    const SOFTMAX: Attention = Attention::new(1.0, Normalisation::Softmax);

    fn gap(scheme: LayerNorm, t: f64) -> f64 {
        curve(SOFTMAX, scheme, 8, 0.0, &[t]).unwrap()[0].0
    }

    #[test]
    fn post_is_theorem_6_8() {
        let exact = super::super::equiangular::curve(SOFTMAX, 8, 0.0, &[1.0, 3.0]).unwrap();
        let found = curve(SOFTMAX, LayerNorm::Post, 8, 0.0, &[1.0, 3.0]).unwrap();
        for ((gap, length), gamma) in found.iter().zip(exact) {
            assert!((gap - (1.0 - gamma)).abs() < 1e-12);
            assert_eq!(*length, 1.0);
        }
    }

    #[test]
    fn the_late_gaps_fall_as_the_schemes_say() {
        let rate = |scheme, t: f64| (gap(scheme, t + 1.0) / gap(scheme, t)).ln();
        assert!((rate(LayerNorm::Post, 10.0) + 2.0).abs() < 1e-6);
        assert!((rate(LayerNorm::Ngpt { alpha: 0.7 }, 20.0) + 1.4).abs() < 1e-6);
        let roots = 4.0 * (102.0_f64.sqrt() - 101.0_f64.sqrt());
        assert!((rate(LayerNorm::LnScaling, 100.0) + roots).abs() < 1e-6);
        for scheme in [
            LayerNorm::Pre,
            LayerNorm::Peri,
            LayerNorm::Mix { until: 2.0 },
        ] {
            let power = (gap(scheme, 2e3) / gap(scheme, 1e3)).log2();
            // the next term is of relative order ln t/t
            assert!((power + 2.0).abs() < 2e-2, "{scheme:?}: t^{power}");
        }
    }

    /// The rate near γ = 1 is that of 1 − γ to all digits, with any V and also for (USA): an equation that is noise there is followed in steps
    /// of nothing.
    #[test]
    fn the_gap_falls_at_its_rate_however_small_it_is() {
        for normalisation in [Normalisation::Softmax, Normalisation::None] {
            let attention = Attention {
                value: 3.0,
                ..Attention::new(1.0, normalisation)
            };
            let late = 2.0
                * 3.0
                * if normalisation == Normalisation::None {
                    1_f64.exp()
                } else {
                    1.0
                };
            for gap in [1e-3, 1e-7, 1e-8, 1e-10, 1e-15, 1e-40] {
                let [rate, _] = rates(attention, LayerNorm::Post, 8, [f64::ln(gap), 1.0], 0.0);
                // the next term is of relative order of the gap
                assert!(
                    (rate / late + 1.0).abs() < 3.0 * gap + 1e-14,
                    "{gap:e}: {rate}"
                );
            }
        }
    }
}
