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
    /// What the solution is within a step.
    pub extension: Extension,
}

/// The continuous extension of a step from y_0 by h to y_1, with k_1 and k_e the slopes at its ends (Hairer, Nørsett, Wanner, II.6):
///
///   y(θ) = y_0 + θ(Δ + θ̄(hk_1 − Δ + θ(2Δ − h(k_1 + k_e) + θ̄(D_1 + θ(D_2 + θ̄(D_3 + θD_4)))))),   Δ = y_1 − y_0, θ̄ = 1 − θ
///
/// D_m a combination of all slopes. Without the D it is Hermite's cubic.
#[derive(Debug)]
pub struct Extension {
    /// y(θ) of one step is right to O(h^{q+1}).
    pub order: i32,
    /// The place of k_e among the slopes.
    pub end: usize,
    /// Row i holds a_{ij} of a stage that only the extension needs, behind k_e.
    pub matrix: &'static [&'static [f64]],
    /// Rows of D.
    pub weights: &'static [&'static [f64]],
}

impl Extension {
    /// The factors of y_1 − y_0, of h times every slope, at θ.
    #[must_use]
    pub(crate) fn factors(&self, theta: f64) -> (f64, Vec<f64>) {
        let back = 1.0 - theta;
        let [one, two] = [theta * back, theta * theta * back];
        let mut slopes = vec![0.0; self.end + 1 + self.matrix.len()];
        slopes[0] = one - two;
        slopes[self.end] -= two;
        let mut power = two;
        for (m, row) in self.weights.iter().enumerate() {
            power *= if m % 2 == 0 { back } else { theta };
            for (slope, weight) in slopes.iter_mut().zip(*row) {
                *slope += power * weight;
            }
        }
        (theta - one + 2.0 * two, slopes)
    }
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
    pub(crate) fn stages(&self) -> usize {
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
    extension: Extension {
        order: 7,
        end: 12,
        matrix: &[
            &[0.056167502283047954, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25350021021662483, -0.2462390374708025, -0.12419142326381637, 0.15329179827876568, 0.00820105229563469, 0.007567897660545699, -0.008298],
            &[0.03183464816350214, 0.0, 0.0, 0.0, 0.0, 0.028300909672366776, 0.053541988307438566, -0.05492374857139099, 0.0, 0.0, -0.00010834732869724932, 0.0003825710908356584, -0.00034046500868740456, 0.1413124436746325],
            &[-0.42889630158379194, 0.0, 0.0, 0.0, 0.0, -4.697621415361164, 7.683421196062599, 4.06898981839711, 0.3567271874552811, 0.0, 0.0, 0.0, -0.0013990241651590145, 2.9475147891527724, -9.15095847217987],
        ],
        weights: &[
            &[-8.428938276109013, 0.0, 0.0, 0.0, 0.0, 0.5667149535193777, -3.0689499459498917, 2.38466765651207, 2.117034582445028, -0.871391583777973, 2.2404374302607883, 0.6315787787694688, -0.08899033645133331, 18.148505520854727, -9.194632392478356, -4.436036387594894],
            &[10.427508642579134, 0.0, 0.0, 0.0, 0.0, 242.28349177525817, 165.20045171727028, -374.5467547226902, -22.113666853125306, 7.733432668472264, -30.674084731089398, -9.332130526430229, 15.697238121770845, -31.139403219565178, -9.35292435884448, 35.81684148639408],
            &[19.985053242002433, 0.0, 0.0, 0.0, 0.0, -387.0373087493518, -189.17813819516758, 527.8081592054236, -11.57390253995963, 6.8812326946963, -1.0006050966910838, 0.7777137798053443, -2.778205752353508, -60.19669523126412, 84.32040550667716, 11.99229113618279],
            &[-25.69393346270375, 0.0, 0.0, 0.0, 0.0, -154.18974869023643, -231.5293791760455, 357.6391179106141, 93.40532418362432, -37.45832313645163, 104.0996495089623, 29.8402934266605, -43.53345659001114, 96.32455395918828, -39.17726167561544, -149.72683625798564],
        ],
    },
};

/// Dormand–Prince 5(4) without its last stage's error share folded away: six stages and the slope at the end.
#[rustfmt::skip]
pub(crate) static DORMAND_PRINCE_54: Tableau = Tableau {
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
    extension: Extension {
        order: 4,
        end: 6,
        matrix: &[],
        weights: &[&[-12715105075.0 / 11282082432.0, 0.0, 87487479700.0 / 32700410799.0, -10690763975.0 / 1880347072.0, 701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0, 69997945.0 / 29380423.0]],
    },
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
