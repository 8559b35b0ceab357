//! A panel [−1, 1] with 16 Gauss–Legendre nodes: the polynomial through values at the nodes, its integral, and the tail of
//! its Legendre coefficients, which tells how well the nodes see the function.

use super::gegenbauer::Quadrature;

/// Nodes of a panel.
pub(crate) const NODES: usize = 16;

/// Legendre coefficients a_0 … a_15 of a function on a panel.
pub(crate) type Coefficients = [f64; NODES];

/// The rule and the way from values to coefficients.
#[derive(Debug, Clone)]
pub(crate) struct PanelRule {
    /// s_1 < … < s_16.
    pub nodes: [f64; NODES],
    /// Weights of the mean over the panel, summing to one.
    pub weights: [f64; NODES],
    analysis: [[f64; NODES]; NODES],
}

impl Default for PanelRule {
    fn default() -> Self {
        Self::new()
    }
}

impl PanelRule {
    /// The rule.
    #[must_use]
    pub(crate) fn new() -> Self {
        let rule = Quadrature::new(3, NODES);
        let nodes: [f64; NODES] = std::array::from_fn(|i| rule.nodes[NODES - 1 - i]);
        let weights: [f64; NODES] = std::array::from_fn(|i| rule.weights[NODES - 1 - i]);
        let mut analysis = [[0.0; NODES]; NODES];
        for (i, s) in nodes.iter().enumerate() {
            for (n, p) in polynomials(*s).iter().take(NODES).enumerate() {
                analysis[n][i] = (2 * n + 1) as f64 * weights[i] * p;
            }
        }
        Self {
            nodes,
            weights,
            analysis,
        }
    }

    /// The coefficients of the polynomial of degree 15 through the values at the nodes.
    #[must_use]
    pub(crate) fn coefficients(&self, values: &[f64]) -> Coefficients {
        std::array::from_fn(|n| {
            (self.analysis[n].iter().zip(values))
                .map(|(a, v)| a * v)
                .sum()
        })
    }
}

/// P_0 … P_16 at a place, for all that is evaluated there.
pub(crate) type Polynomials = [f64; NODES + 1];

/// P_0 … P_16 at s.
#[must_use]
pub(crate) fn polynomials(s: f64) -> Polynomials {
    let mut list = [1.0; NODES + 1];
    list[1] = s;
    for n in 1..NODES {
        let x = n as f64;
        list[n + 1] = ((2.0 * x + 1.0) * s * list[n] - x * list[n - 1]) / (x + 1.0);
    }
    list
}

/// Σ a_n P_n(s).
#[must_use]
pub(crate) fn value(coefficients: &Coefficients, s: f64) -> f64 {
    value_at(coefficients, &polynomials(s))
}

/// Σ a_n P_n.
#[must_use]
pub(crate) fn value_at(coefficients: &Coefficients, p: &Polynomials) -> f64 {
    (coefficients.iter().zip(p)).map(|(a, p)| a * p).sum()
}

/// Σ a_n P_n'.
#[must_use]
pub(crate) fn slope_at(coefficients: &Coefficients, p: &Polynomials) -> f64 {
    // P_{n+1}' = P_{n−1}' + (2n+1)P_n
    let mut derivatives = [0.0; NODES + 1];
    derivatives[1] = 1.0;
    for n in 1..NODES {
        derivatives[n + 1] = derivatives[n - 1] + (2 * n + 1) as f64 * p[n];
    }
    (coefficients.iter().zip(derivatives))
        .map(|(a, q)| a * q)
        .sum()
}

/// ½∫_{−1}^s Σ a_n P_n: at s = 1 the mean.
#[must_use]
pub(crate) fn integral(coefficients: &Coefficients, s: f64) -> f64 {
    integral_at(coefficients, s, &polynomials(s))
}

/// The same where the polynomials are known.
#[must_use]
pub(crate) fn integral_at(coefficients: &Coefficients, s: f64, p: &Polynomials) -> f64 {
    let mut sum = coefficients[0] * (s + 1.0);
    for n in 1..NODES {
        sum += coefficients[n] * (p[n + 1] - p[n - 1]) / (2 * n + 1) as f64;
    }
    0.5 * sum
}

/// The largest of the last three coefficients: three, lest a symmetry hides it.
#[must_use]
pub(crate) fn tail(coefficients: &Coefficients) -> f64 {
    coefficients[NODES - 3..]
        .iter()
        .fold(0.0, |top, a| a.abs().max(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolved_function_is_met_between_the_nodes_with_its_integral() {
        let rule = PanelRule::new();
        let values: Vec<f64> = rule.nodes.iter().map(|s| (1.3 * s).exp()).collect();
        let a = rule.coefficients(&values);
        assert!(tail(&a) < 1e-11);
        for s in [-1.0_f64, -0.93, 0.1, 0.77, 1.0] {
            assert!((value(&a, s) - (1.3 * s).exp()).abs() < 1e-13);
            let exact = ((1.3 * s).exp() - (-1.3_f64).exp()) / 2.6;
            assert!((integral(&a, s) - exact).abs() < 1e-14);
            assert!((slope_at(&a, &polynomials(s)) - 1.3 * (1.3 * s).exp()).abs() < 1e-11);
        }
        let mean: f64 = (rule.weights.iter().zip(&values)).map(|(w, v)| w * v).sum();
        assert!((mean - integral(&a, 1.0)).abs() < 1e-15);
        let steep: Vec<f64> = rule.nodes.iter().map(|s| (9.0 * s).tanh()).collect();
        assert!(tail(&rule.coefficients(&steep)) > 1e-3);
    }
}
