//! β = 0: the mean field stays on the Poisson kernels p_w(x) = ((1−|w|²)/|x−w|²)^{d−1}, on the circle Ott–Antonsen.

use crate::sphere::gegenbauer::poisson_moments;

/// r(t) = |m_1(t)| of the β = 0 mean field on the circle that starts from a Poisson kernel of weight r_0:
/// r(t) = [1 + (r_0^{−2} − 1)e^{−t}]^{−1/2}, and |m_k| = r^k.
#[must_use]
pub fn ott_antonsen(start: f64, time: f64) -> f64 {
    (1.0 + (start.powi(-2) - 1.0) * (-time).exp()).powf(-0.5)
}

/// h(w) = |∫x dp_w| = (2(d−1)/d) w ₂F₁(1−d/2, 1; d/2+1; w²), 0 ≤ w < 1.
#[must_use]
pub(crate) fn mean_of_poisson(dimension: usize, weight: f64) -> f64 {
    poisson_moments(dimension, weight, 1)[1]
}

/// (t, |m_1(t)|) of the β = 0 mean field that starts from the Poisson kernel of weight w_0: w' = ½(1−w²)h(w), |m_1| = h(w).
/// Runge–Kutta of order four with steps of at most 1/200 (error below 1e-11); times in increasing order from 0.
#[must_use]
pub fn order_parameter(dimension: usize, start: f64, times: &[f64]) -> Vec<(f64, f64)> {
    if dimension == 2 {
        return times
            .iter()
            .map(|t| (*t, ott_antonsen(start, *t)))
            .collect();
    }
    let slope = |w: f64| 0.5 * (1.0 - w * w) * mean_of_poisson(dimension, w.min(CLOSE));
    let (mut w, mut now) = (start, 0.0);
    let mut curve = Vec::with_capacity(times.len());
    for time in times {
        let steps = ((time - now) * 200.0).ceil().clamp(1.0, 1e5);
        let h = (time - now) / steps;
        for _ in 0..steps as usize {
            if w > CLOSE {
                break;
            }
            let a = slope(w);
            let b = slope(w + 0.5 * h * a);
            let c = slope(w + 0.5 * h * b);
            let d = slope(w + h * c);
            w += h / 6.0 * (a + 2.0 * b + 2.0 * c + d);
        }
        now = *time;
        curve.push((*time, mean_of_poisson(dimension, w.min(CLOSE))));
    }
    curve
}

/// Beyond this weight the kernel is a point to all plots (|m_1| > 0.999) and its series becomes long.
const CLOSE: f64 = 0.999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_has_its_closed_forms() {
        for w in [0.0, 0.2, 0.7, 0.95] {
            assert!((mean_of_poisson(4, w) - (3.0 * w - w.powi(3)) / 2.0).abs() < 1e-14);
            assert!((mean_of_poisson(2, w) - w).abs() < 1e-15);
        }
        // d = 1000: R → 2w/(1+w²) as d → ∞
        assert!((mean_of_poisson(1000, 0.5) - 0.8).abs() < 2e-3);
    }

    #[test]
    fn the_equation_for_the_weight_is_ott_antonsen_on_the_circle_and_starts_with_its_rate_above() {
        // near w = 0: h = 2(d−1)/d w, so R grows at the rate (d−1)/d of degree 1
        for dimension in [3, 4, 8] {
            let d = dimension as f64;
            let curve = order_parameter(dimension, 1e-6, &[0.0, 1.0]);
            let rate = (curve[1].1 / curve[0].1).ln();
            assert!((rate - (d - 1.0) / d).abs() < 1e-9, "d {dimension}: {rate}");
        }
        let curve = order_parameter(2, 0.3, &[0.0, 2.0]);
        assert!((curve[1].1 - ott_antonsen(0.3, 2.0)).abs() < 1e-15);
    }
}
