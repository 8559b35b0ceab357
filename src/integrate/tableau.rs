//! Explicit embedded Runge–Kutta methods as data: nodes are implied, the equations here are autonomous.

/// An explicit method of `stages` stages with one or two embedded error estimates.
#[derive(Debug)]
pub struct Tableau {
    /// Shown in reports.
    pub name: &'static str,
    /// Order of the solution that is kept.
    pub order: i32,
    /// Row i holds a_{ij}, j < i.
    pub matrix: &'static [&'static [f64]],
    /// b_i, the weights of the solution.
    pub weights: &'static [f64],
    /// Weights of the error estimate.
    pub error: &'static [f64],
    /// Weights of a second, lower-order estimate that damps the first (Hairer, Nørsett, Wanner, II.10); may be empty.
    pub coarse_error: &'static [f64],
}

impl Tableau {
    /// The cheaper method for this tolerance: 5(4) where a few digits are enough, 8(5,3) for more.
    #[must_use]
    pub fn for_tolerance(tolerance: f64) -> &'static Self {
        if tolerance > 1e-6 {
            &DORMAND_PRINCE_54
        } else {
            &DORMAND_PRINCE_853
        }
    }

    /// Number of right-hand sides in a step.
    #[must_use]
    pub fn stages(&self) -> usize {
        self.weights.len()
    }
}

/// Dormand–Prince 8(5,3): E. Hairer, S. P. Nørsett, G. Wanner, *Solving Ordinary Differential Equations I*, 2nd ed., II.10.
#[rustfmt::skip]
#[allow(clippy::excessive_precision, clippy::unreadable_literal)]
pub static DORMAND_PRINCE_853: Tableau = Tableau {
    name: "Dormand–Prince 8(5,3)",
    order: 8,
    matrix: &[
        &[],
        &[0.05260015195876773],
        &[0.0197250569845379, 0.0591751709536137],
        &[0.02958758547680685, 0.0, 0.08876275643042054],
        &[0.2413651341592667, 0.0, -0.8845494793282861, 0.924834003261792],
        &[0.037037037037037035, 0.0, 0.0, 0.17082860872947386, 0.12546768756682242],
        &[0.037109375, 0.0, 0.0, 0.17025221101954405, 0.06021653898045596, -0.017578125],
        &[0.03709200011850479, 0.0, 0.0, 0.17038392571223998, 0.10726203044637328, -0.015319437748624402, 0.008273789163814023],
        &[0.6241109587160757, 0.0, 0.0, -3.3608926294469414, -0.868219346841726, 27.59209969944671, 20.154067550477894, -43.48988418106996],
        &[0.47766253643826434, 0.0, 0.0, -2.4881146199716677, -0.590290826836843, 21.230051448181193, 15.279233632882423, -33.28821096898486, -0.020331201708508627],
        &[-0.9371424300859873, 0.0, 0.0, 5.186372428844064, 1.0914373489967295, -8.149787010746927, -18.52006565999696, 22.739487099350505, 2.4936055526796523, -3.0467644718982196],
        &[2.273310147516538, 0.0, 0.0, -10.53449546673725, -2.0008720582248625, -17.9589318631188, 27.94888452941996, -2.8589982771350235, -8.87285693353063, 12.360567175794303, 0.6433927460157636],
    ],
    weights: &[0.054293734116568765, 0.0, 0.0, 0.0, 0.0, 4.450312892752409, 1.8915178993145003, -5.801203960010585, 0.3111643669578199, -0.1521609496625161, 0.20136540080403034, 0.04471061572777259],
    error: &[0.01312004499419488, 0.0, 0.0, 0.0, 0.0, -1.2251564463762044, -0.4957589496572502, 1.6643771824549864, -0.35032884874997366, 0.3341791187130175, 0.08192320648511571, -0.022355307863886294],
    coarse_error: &[-0.18980075407240762, 0.0, 0.0, 0.0, 0.0, 4.450312892752409, 1.8915178993145003, -5.801203960010585, -0.4226823213237919, -0.1521609496625161, 0.20136540080403034, 0.02265179219836082],
};

/// Dormand–Prince 5(4) without its last stage's error share folded away: six stages and the slope at the end.
#[rustfmt::skip]
pub static DORMAND_PRINCE_54: Tableau = Tableau {
    name: "Dormand–Prince 5(4)",
    order: 5,
    matrix: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
        &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
    ],
    weights: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
    error: &[71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0],
    coarse_error: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tableau_is_consistent_to_second_order_and_its_errors_vanish_on_constants() {
        for tableau in [&DORMAND_PRINCE_853, &DORMAND_PRINCE_54] {
            let nodes: Vec<f64> = tableau.matrix.iter().map(|row| row.iter().sum()).collect();
            let moment = |weights: &[f64], power: i32| -> f64 {
                weights
                    .iter()
                    .zip(&nodes)
                    .map(|(b, c)| b * c.powi(power))
                    .sum()
            };
            for power in 0..tableau.order {
                let exact = 1.0 / f64::from(power + 1);
                assert!(
                    (moment(tableau.weights, power) - exact).abs() < 1e-13,
                    "{} order {power}",
                    tableau.name
                );
            }
            assert!(moment(tableau.error, 0).abs() < 1e-14);
            assert!(moment(tableau.coarse_error, 0).abs() < 1e-14);
        }
    }
}
