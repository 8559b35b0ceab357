//! Many tokens on the circle carried through a step by a few: exact to rounding, for the field they move in is smooth.
//!
//! All tokens move in one field, so that where a token is after a step is a smooth function of where it was, and the moments
//! of a stage are integrals of smooth functions against the measure at the start. On cells with P = 8 Chebyshev nodes
//! u_q = cos((2q+1)π/16) such a function is its interpolant, f(u) = Σ_p u^p Σ_q C_pq f(u_q), hence
//!
//! Σ_i w_i f(θ_i) = Σ_c Σ_q W_cq f(θ_cq), W_cq = Σ_p C_pq Σ_{i∈c} w_i u_i^p:
//!
//! the nodes with the weights W (some negative) are a measure with the same stages. A step of any Runge–Kutta method is taken
//! by the nodes ([`FlowMapInterpolant::rates`]) and ends with θ_i ← θ_i + D_c(u_i), D_c the interpolant of how far the nodes of the cell went.
//! So the tokens are read once and written once a step however many stages it has, and the stages' memory is that of the nodes.
//!
//! What is left out is known after the step, from Chebyshev's last coefficients of D_c ([`FlowMapInterpolant::truncation_error`]); where it is too
//! much the cells are halved. Tokens with frequencies of their own do not share a field and are not carried. The slow reference
//! is the same step by every token's own stages ([`crate::dynamics::TokenDynamics::rates`]).

use rayon::prelude::*;
use std::f64::consts::{PI, TAU};

use super::binning::{BLOCK, Binned, TokenCoordinates, cell_moments, group_size};
use super::polynomials::{LocalPowers, POWERS, enough_cells, powers_of_chebyshev};
use super::sums::CellSums;
use crate::dynamics::dispatch::{LEAST_POTENTIAL, TOKENS_PER_NODE};
use crate::dynamics::transport::Transport;
use crate::dynamics::{Attention, Kernel, Normalisation};

use crate::measure::particles::common_weight;

/// So many times the cells that the kernel alone needs: a stage composes it with the motion so far.
const FINER: usize = 4;
/// A sum of terms of both signs that is a smaller share of their size has lost more than two digits.
const CANCELLED: f64 = 1e-2;
/// The nodes that carry the tokens, and the field they move in.
#[derive(Debug, Clone)]
pub struct FlowMapInterpolant {
    attention: Attention,
    kernel: Kernel,
    cells: usize,
    group: usize,
    partial: Vec<Vec<LocalPowers>>,
    common: Option<f64>,
    /// C_pq.
    interpolation: [LocalPowers; POWERS],
    /// θ_cq, cell by cell.
    nodes: Vec<f64>,
    /// W_cq.
    weights: Vec<f64>,
    occupied: Vec<bool>,
    series: CellSums,
    slope: Vec<f64>,
    potential: Vec<f64>,
    displacement: Vec<LocalPowers>,
    least: f64,
    /// Whether the weights are those of the tokens where they are.
    loaded: bool,
}

impl FlowMapInterpolant {
    /// Nodes for tokens of these weights; None where there are not enough tokens for it to pay.
    #[must_use]
    pub fn new(attention: Attention, weights: &[f64]) -> Option<Self> {
        let kernel = attention.kernel(2);
        let cells = FINER * enough_cells(&kernel);
        Self::with_cells(attention, kernel, weights, cells)
    }

    fn with_cells(
        attention: Attention,
        kernel: Kernel,
        weights: &[f64],
        cells: usize,
    ) -> Option<Self> {
        let count = cells * POWERS;
        if TOKENS_PER_NODE * count > weights.len() {
            return None;
        }
        let angle = |q: usize| (2 * q + 1) as f64 * PI / (2 * POWERS) as f64;
        // column q of C: Chebyshev's coefficients of the polynomial that is one at node q, in powers
        let columns: [LocalPowers; POWERS] = std::array::from_fn(|q| {
            powers_of_chebyshev(&std::array::from_fn(|m| {
                let factor = if m == 0 { 1.0 } else { 2.0 };
                factor * (m as f64 * angle(q)).cos() / POWERS as f64
            }))
        });
        let interpolation = std::array::from_fn(|p| columns.map(|column| column[p]));
        let group = group_size(cells);
        let node = |c: usize, q: usize| (c as f64 + 0.5 * angle(q).cos()) * TAU / cells as f64;
        Some(Self {
            attention,
            cells,
            group,
            partial: vec![vec![[0.0; POWERS]; cells]; weights.len().div_ceil(group)],
            common: common_weight(weights),
            interpolation,
            nodes: (0..cells)
                .flat_map(|c| (0..POWERS).map(move |q| node(c, q)))
                .collect(),
            weights: vec![0.0; count],
            occupied: vec![false; cells],
            series: CellSums::of_unequal(&kernel, count),
            slope: vec![0.0; count],
            potential: vec![0.0; count],
            displacement: vec![[0.0; POWERS]; cells],
            least: f64::INFINITY,
            loaded: false,
            kernel,
        })
    }

    /// The interpolant of twice the cells; None where there are not enough tokens for that.
    #[must_use]
    pub fn refined(&self, weights: &[f64]) -> Option<Self> {
        Self::with_cells(self.attention, self.kernel.clone(), weights, 2 * self.cells)
    }

    /// Where the nodes start a step.
    #[must_use]
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// Gives the nodes the weights that stand for the tokens at `angles`, unless nothing has moved since the last time.
    pub fn project(&mut self, angles: &[f64], weights: &[f64]) {
        self.least = f64::INFINITY;
        if std::mem::replace(&mut self.loaded, true) {
            return;
        }
        let weights = if self.common.is_some() {
            None
        } else {
            Some(weights)
        };
        let places = TokenCoordinates::Angles(angles);
        cell_moments(
            places,
            angles.len(),
            weights,
            &[],
            self.group,
            &mut self.partial,
        );
        let mass = self.common.unwrap_or(1.0);
        for ((moments, weights), occupied) in (self.partial[0].iter())
            .zip(self.weights.chunks_exact_mut(POWERS))
            .zip(&mut self.occupied)
        {
            *occupied = moments[0] != 0.0;
            weights.fill(0.0);
            for (moment, row) in moments.iter().zip(&self.interpolation) {
                (weights.iter_mut().zip(row)).for_each(|(w, c)| *w += mass * moment * c);
            }
        }
    }

    /// The tokens are elsewhere: the next [`FlowMapInterpolant::project`] is for new angles.
    pub fn moved(&mut self) {
        self.loaded = false;
    }

    /// dE/dt of the tokens loaded, as [`crate::dynamics::TokenDynamics::dissipation_at`] has it: its terms are a smooth function of the
    /// angle. None where
    /// a potential has not the digits, or the terms cancel: the nodes of a cell see the slopes all over it, tokens that have come together
    /// only those where they are.
    pub fn dissipation(&mut self) -> Option<f64> {
        let (slope, potential) = (&mut self.slope, &mut self.potential);
        let places = TokenCoordinates::Angles(&self.nodes);
        (self.series).evaluate(places, &self.weights, slope, potential);
        let softmax = self.attention.normalisation.sums_to_one();
        let (mut sum, mut size) = (0.0, 0.0);
        for (c, _) in (self.occupied.iter().enumerate()).filter(|(_, occupied)| **occupied) {
            for node in c * POWERS..(c + 1) * POWERS {
                let (s, z) = (slope[node], potential[node]);
                if softmax && z < LEAST_POTENTIAL {
                    return None;
                }
                let term = self.weights[node] * s * s * if softmax { 1.0 / z } else { 1.0 };
                sum += term;
                size += term.abs();
            }
        }
        let growth = if softmax {
            self.attention.max_kernel()
        } else {
            1.0
        };
        let scale = self.attention.scale();
        (sum > CANCELLED * size).then(|| sum * growth * scale * scale / self.attention.value)
    }

    /// `rates` ← θ' of the nodes at `state`, zero in cells without tokens.
    pub fn rates(&mut self, state: &[f64], rates: &mut [f64]) {
        let (slope, potential) = (&mut self.slope, &mut self.potential);
        let places = TokenCoordinates::Angles(state);
        (self.series).evaluate(places, &self.weights, slope, potential);
        let transport = Transport::new(self.attention);
        for (c, rates) in rates.chunks_exact_mut(POWERS).enumerate() {
            rates.fill(0.0);
            if !self.occupied[c] {
                continue;
            }
            for (q, rate) in rates.iter_mut().enumerate() {
                let (s, z) = (self.slope[c * POWERS + q], self.potential[c * POWERS + q]);
                self.least = self.least.min(z);
                *rate = transport.velocity(s, z);
            }
        }
    }

    /// Whether no node of a cell with tokens has met a potential since [`FlowMapInterpolant::project`] that the series does not know well enough.
    #[must_use]
    pub fn has_digits(&self) -> bool {
        self.attention.normalisation == Normalisation::None || self.least >= LEAST_POTENTIAL
    }

    /// How far the nodes went to get to `state`, as polynomials; returns the largest of Chebyshev's last two coefficients, which bounds
    /// what the interpolation leaves out of a token's way.
    pub fn truncation_error(&mut self, state: &[f64]) -> f64 {
        let mut neglected = 0.0_f64;
        for (c, polynomial) in self.displacement.iter_mut().enumerate() {
            let nodes = c * POWERS..(c + 1) * POWERS;
            let mut way = [0.0; POWERS];
            for ((way, to), from) in
                (way.iter_mut().zip(&state[nodes.clone()])).zip(&self.nodes[nodes])
            {
                *way = to - from;
            }
            for (power, row) in polynomial.iter_mut().zip(&self.interpolation) {
                *power = row.iter().zip(&way).map(|(c, w)| c * w).sum();
            }
            // u^7 = T_7/64 + …, u^6 = T_6/32 + …
            neglected = (neglected.max(polynomial[POWERS - 1].abs() / 64.0))
                .max(polynomial[POWERS - 2].abs() / 32.0);
        }
        neglected
    }

    /// Takes every token along, by the polynomials of the last [`FlowMapInterpolant::truncation_error`].
    pub fn advect(&mut self, angles: &mut [f64]) {
        self.loaded = false;
        let (cells, polynomials) = (self.cells, self.displacement.as_slice());
        angles.par_chunks_mut(self.group).for_each(|angles| {
            crate::machine::registers::arch().dispatch(Carry {
                cells,
                polynomials,
                angles,
            });
        });
    }
}

struct Carry<'a> {
    cells: usize,
    polynomials: &'a [LocalPowers],
    angles: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Carry<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut located = Binned::new();
        for angles in self.angles.chunks_mut(BLOCK) {
            located.find_angles(angles, self.cells);
            if let Some(cell) = located.only_cell(angles.len()) {
                let polynomial = &self.polynomials[cell];
                for (angle, u) in angles.iter_mut().zip(&located.u) {
                    *angle += value(polynomial, *u);
                }
                continue;
            }
            for ((angle, u), cell) in angles.iter_mut().zip(&located.u).zip(&located.cell) {
                *angle += value(&self.polynomials[*cell as usize], *u);
            }
        }
    }
}

/// A polynomial by halving.
#[inline(always)]
fn value(a: &LocalPowers, u: f64) -> f64 {
    let u2 = u * u;
    let u4 = u2 * u2;
    let (mut four, mut two) = ([0.0; 4], [0.0; 2]);
    for i in 0..4 {
        four[i] = a[i] + u4 * a[i + 4];
    }
    for i in 0..2 {
        two[i] = four[i] + u2 * four[i + 2];
    }
    two[0] + u * two[1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::TokenDynamics;
    use crate::integrate::Explicit;
    use crate::integrate::tableau::DORMAND_PRINCE_853;
    use crate::measure::{Law, Particles};

    type Place = fn((usize, f64)) -> f64;
    const SPREAD: &str = "half in a cluster";

    /// Tokens of unequal weights, half of them in a cluster.
    fn tokens(count: usize, equal: bool) -> Particles {
        let angle = |(i, a): (usize, f64)| if i % 2 == 0 { 2.0 + 1e-3 * a } else { a };
        arranged(angle, count, equal)
    }

    /// Uniform tokens, each taken elsewhere.
    fn arranged(angle: impl Fn((usize, f64)) -> f64, count: usize, equal: bool) -> Particles {
        let mut drawn = Law::Uniform.sample(count, 2, 6);
        let mut angles: Vec<f64> = (drawn.angles().into_iter().enumerate())
            .map(angle)
            .collect();
        drawn.place_at(&mut angles);
        let weight = |i: usize| 1.0 + if equal { 0.0 } else { 0.5 * (i as f64).sin() };
        Particles::weighted(2, drawn.positions, (0..count).map(weight).collect())
    }

    #[test]
    fn a_step_takes_every_token_where_its_own_stages_take_it() {
        let (sa, usa) = (Normalisation::Softmax, Normalisation::None);
        for (beta, normalisation, equal) in [
            (0.0, sa, false),
            (1.0, sa, false),
            (9.0, sa, true),
            (4.0, usa, true),
            (64.0, sa, true),
        ] {
            let attention = Attention::new(beta, normalisation);
            compare(attention, &tokens(200_000, equal), SPREAD);
        }
        // sixteen thousand cells for the kernel alone
        compare(Attention::new(1e4, sa), &tokens(1_100_000, true), SPREAD);
    }

    #[test]
    fn identical_antipodal_and_collapsing_tokens_go_where_their_own_stages_take_them() {
        let places: [(&str, Place); 4] = [
            ("identical", |_| 1.0),
            (
                "antipodal",
                |(i, _)| if i % 2 == 0 { 1.0 } else { 1.0 + PI },
            ),
            ("collapsing", |(_, a)| 6.25 + 1e-9 * a),
            ("on the edge of a cell", |(_, a)| 1e-12 * a),
        ];
        for beta in [0.0, 1.0, 9.0] {
            for (name, place) in places {
                let attention = Attention::new(beta, Normalisation::Softmax);
                compare(attention, &arranged(place, 100_000, true), name);
            }
        }
    }

    fn compare(attention: Attention, tokens: &Particles, name: &str) {
        let beta = attention.beta;
        let mut own = tokens.angles();
        let mut carried = own.clone();
        let mut dynamics = TokenDynamics::new(attention, tokens);
        let mut carriers = FlowMapInterpolant::new(attention, &tokens.weights).unwrap();
        let step = 0.2 / attention.speed();
        let method = &DORMAND_PRINCE_853;
        let mut slow = Explicit::new(method, own.len(), 1.0, step);
        let mut fast = Explicit::new(method, carriers.nodes().len(), 1.0, step);
        let mut known = 0;
        for _ in 0..3 {
            carriers.project(&carried, &tokens.weights);
            let exact = dynamics.dissipation_at(&carried);
            if let Some(found) = carriers.dissipation() {
                // a slope that is zero is so to rounding, and here are squares
                let same = found == exact || (found - exact).abs() < 1e-12 * exact + 1e-30;
                assert!(same, "{name} β {beta}: {found:e} {exact:e}");
                known += 1;
            }
            slow.fixed_step(&mut own, step, |x, v| dynamics.rates(x, v), |_| ());
            let mut state = carriers.nodes().to_vec();
            fast.fixed_step(&mut state, step, |x, v| carriers.rates(x, v), |_| ());
            let neglected = carriers.truncation_error(&state);
            assert!(neglected < 1e-11, "{name} β {beta}: {neglected:e}");
            carriers.advect(&mut carried);
        }
        // where tokens have come together the nodes of a cell do not know, and say so
        match name {
            SPREAD => assert_eq!(known, 3, "β {beta}"),
            "collapsing" => assert_eq!(known, 0, "β {beta}"),
            _ => {}
        }
        let off = (own.iter().zip(&carried)).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        // a field as steep as √β magnifies what rounding leaves in the moments
        assert!(off < 1e-13 * (1.0 + beta), "{name} β {beta}: {off:e}");
    }

    #[test]
    fn what_is_left_out_is_seen_and_goes_with_the_sixth_power_of_the_cells() {
        let tokens = tokens(2_000_000, true);
        let attention = Attention::new(9.0, Normalisation::Softmax);
        let neglected = |carriers: &mut FlowMapInterpolant| {
            carriers.project(&tokens.angles(), &tokens.weights);
            let mut state = carriers.nodes().to_vec();
            let mut explicit = Explicit::new(&DORMAND_PRINCE_853, state.len(), 1.0, 0.05);
            explicit.fixed_step(&mut state, 0.05, |x, v| carriers.rates(x, v), |_| ());
            carriers.truncation_error(&state)
        };
        let kernel = attention.kernel(2);
        let mut coarse =
            FlowMapInterpolant::with_cells(attention, kernel, &tokens.weights, 64).unwrap();
        let mut fine = coarse.refined(&tokens.weights).unwrap();
        let order = (neglected(&mut coarse) / neglected(&mut fine)).log2();
        assert!((order - 6.0).abs() < 1.5, "coefficients 6 and 7: {order}");
        assert!(FlowMapInterpolant::new(attention, &tokens.weights[..1000]).is_none());
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let tokens = tokens(300_000, false);
        let attention = Attention::new(9.0, Normalisation::Softmax);
        let with = |threads| {
            crate::machine::testing::on_threads(threads, || {
                let mut carriers = FlowMapInterpolant::new(attention, &tokens.weights).unwrap();
                let mut angles = tokens.angles();
                carriers.project(&angles, &tokens.weights);
                let mut state = carriers.nodes().to_vec();
                let mut explicit = Explicit::new(&DORMAND_PRINCE_853, state.len(), 1.0, 0.1);
                explicit.fixed_step(&mut state, 0.1, |x, v| carriers.rates(x, v), |_| ());
                carriers.truncation_error(&state);
                carriers.advect(&mut angles);
                angles
            })
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(3));
    }
}
