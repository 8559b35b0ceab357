//! The drift of the tokens, x_i' = P_{x_i} A_i, by whichever path is right and fast: [`crate::dynamics::dispatch`] says which.

mod spectral;

use super::all_pairs::{AllPairs, Layer, row_sum};
use super::series::{Series, SphereSeries};
use super::tangent;
use super::{Attention, General, Interaction, Kernel, Normalisation, System};
use crate::dynamics::circle_cells::sums::{CellSums, TokenCoordinates};
use crate::dynamics::dispatch::{BINNED_FROM, LEAST_POTENTIAL, Path, by_tangents, preferred};
use crate::dynamics::transport::Transport;
use crate::machine::rows;
use crate::measure::Particles;
use crate::sphere::geometry::{dot, norm, project_tangent};

/// The series where there is one.
#[derive(Debug, Clone)]
enum TokenSeries {
    Circle(Series),
    CellSums(Box<CellSums>),
    Sphere(SphereSeries),
    None,
}

impl TokenSeries {
    fn new(kernel: &Kernel, weights: &[f64]) -> Self {
        match kernel.dimension {
            2 if weights.len() >= BINNED_FROM => {
                Self::CellSums(Box::new(CellSums::new(kernel, weights)))
            }
            2 => Self::Circle(Series::new(kernel)),
            3 => Self::Sphere(SphereSeries::new(kernel)),
            _ => Self::None,
        }
    }
}

/// The right-hand side for a fixed set of weights, with its scratch.
#[derive(Debug, Clone)]
pub struct TokenDynamics {
    attention: Attention,
    dimension: usize,
    weights: Vec<f64>,
    kernel: Kernel,
    preferred: Path,
    /// Made when first needed: O(n·d).
    pairs: Option<Box<AllPairs>>,
    slow: bool,
    series: TokenSeries,
    unit: Vec<f64>,
    slope: Vec<f64>,
    /// Z(x_i) e^{−|β|} of the last evaluation of [`TokenDynamics::drift`].
    pub potential: Vec<f64>,
    /// Evaluations of the series in which some tokens were summed over all pairs.
    pub fallbacks: u64,
    general: Option<Box<General>>,
    frequencies: Vec<f64>,
}

impl TokenDynamics {
    /// The dynamics of these tokens' weights under `attention`.
    #[must_use]
    pub fn new(attention: Attention, particles: &Particles) -> Self {
        let (d, n) = (particles.dimension(), particles.count());
        let kernel = attention.kernel(d);
        Self {
            attention,
            dimension: d,
            weights: particles.weights.clone(),
            preferred: if attention.interaction.is_some() {
                Path::Spectral
            } else {
                preferred(kernel.dimension, kernel.degree() + 1, n)
            },
            pairs: None,
            slow: false,
            series: TokenSeries::new(&kernel, &particles.weights),
            kernel,
            unit: Vec::new(),
            slope: Vec::new(),
            potential: Vec::new(),
            fallbacks: 0,
            general: None,
            frequencies: Vec::new(),
        }
    }

    /// The dynamics of a whole system: the zonal paths where attention is a kernel, else all pairs of [`General`].
    #[must_use]
    pub fn of_system(system: &System, attention: Attention, particles: &Particles) -> Self {
        let mut dynamics = Self::new(attention, particles);
        dynamics.set_frequencies(system.frequencies.clone());
        if !attention.is_zonal(system) {
            let (d, weights) = (particles.dimension(), &particles.weights);
            dynamics.general = Some(Box::new(General::new(system, attention, d, weights)));
            dynamics.preferred = Path::General;
        }
        dynamics
    }

    /// The right-hand side of a general system, to be looked at; None for a zonal kernel.
    #[must_use]
    pub fn general_ref(&self) -> Option<&General> {
        self.general.as_deref()
    }

    /// What moves a system that is no kernel alone.
    pub fn general(&mut self) -> Option<&mut General> {
        self.general.as_deref_mut()
    }

    /// The dynamics of tokens that are merged as they meet, whose motion may become exponentially slow.
    #[must_use]
    pub fn slow(attention: Attention, particles: &Particles) -> Self {
        let mut dynamics = Self::new(attention, particles);
        if by_tangents(particles.count(), dynamics.dimension) && attention.attracts() {
            dynamics.slow = true;
            dynamics.preferred = Path::Tangent;
        }
        dynamics
    }

    /// The path that is tried first.
    #[must_use]
    pub fn preferred(&self) -> Path {
        self.preferred
    }

    /// Gives the tokens of a circle natural frequencies.
    pub(crate) fn set_frequencies(&mut self, frequencies: Vec<f64>) {
        self.frequencies = frequencies;
    }

    /// Natural frequencies, where tokens have some.
    #[must_use]
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// β and normalisation now.
    #[must_use]
    pub fn attention(&self) -> Attention {
        self.attention
    }

    /// Changes β or the normalisation during a run.
    pub fn set_attention(&mut self, attention: Attention) {
        if (attention.beta, attention.interaction)
            != (self.attention.beta, self.attention.interaction)
        {
            self.kernel = attention.kernel(self.dimension);
            self.series = TokenSeries::new(&self.kernel, &self.weights);
            if !self.slow && attention.interaction.is_none() {
                let kernel = &self.kernel;
                self.preferred =
                    preferred(kernel.dimension, kernel.degree() + 1, self.weights.len());
            }
        }
        self.attention = attention;
        if let Some(general) = &mut self.general {
            general.set_attention(attention);
        }
    }

    /// `drift`_i ← x_i' of (SA) or (USA) at the rows of `positions`, which are first brought to unit length: a smooth
    /// extension of the field off the sphere, as the stages of a step need it.
    pub fn drift(&mut self, positions: &[f64], drift: &mut [f64]) {
        self.attraction(positions, drift);
        for ((row, x), omega) in (drift.chunks_exact_mut(2))
            .zip(self.unit.chunks_exact(2))
            .zip(&self.frequencies)
        {
            row[0] -= omega * x[1];
            row[1] += omega * x[0];
        }
    }

    /// Whether tokens move by their angles ([`TokenDynamics::rates`]): many of them on the circle.
    #[must_use]
    pub fn by_angles(&self) -> bool {
        self.preferred == Path::Spectral && matches!(self.series, TokenSeries::CellSums(_))
    }

    /// `rates`_i ← θ_i' of tokens on the circle at `angles`: the same motion as [`TokenDynamics::drift`] with half the numbers and
    /// no retraction. Only where [`TokenDynamics::by_angles`].
    pub fn rates(&mut self, angles: &[f64], rates: &mut [f64]) {
        let softmax = self.attention.normalisation.sums_to_one();
        let how = Transport::new(self.attention);
        let TokenSeries::CellSums(series) = &mut self.series else {
            return self.rates_by_vectors(angles, rates);
        };
        let least = series.rates(angles, &self.weights, how, rates);
        if softmax && least < LEAST_POTENTIAL {
            self.rates_by_vectors(angles, rates);
        } else {
            (rates.iter_mut().zip(&self.frequencies)).for_each(|(rate, omega)| *rate += omega);
        }
    }

    fn rates_by_vectors(&mut self, angles: &[f64], rates: &mut [f64]) {
        let rows: Vec<f64> = (angles.iter())
            .flat_map(|angle| [angle.cos(), angle.sin()])
            .collect();
        let mut drift = vec![0.0; rows.len()];
        self.normalise(&rows);
        self.spectral_or_direct(&mut drift);
        for (i, (rate, v)) in rates.iter_mut().zip(drift.chunks_exact(2)).enumerate() {
            let omega = self.frequencies.get(i).copied().unwrap_or(0.0);
            *rate = self.unit[2 * i] * v[1] - self.unit[2 * i + 1] * v[0] + omega;
        }
    }

    /// The drift without the natural frequencies.
    pub fn attraction(&mut self, positions: &[f64], drift: &mut [f64]) {
        self.make_room(positions);
        if self.preferred == Path::Direct {
            let pairs = made(&mut self.pairs, self.dimension, &self.weights);
            let (attention, potential) = (&self.attention, &mut self.potential);
            if pairs.drift_of_few(attention, positions, drift, potential) {
                return;
            }
        }
        self.normalise(positions);
        match self.preferred {
            Path::Direct => self.direct(drift),
            Path::Spectral => self.spectral_or_direct(drift),
            Path::Tangent => self.tangent(drift),
            Path::General => {
                if let Some(general) = &mut self.general {
                    general.tendency(positions, drift);
                }
            }
        }
    }

    /// The interaction energy of a general system and its rate of change by the drift; None where the kernel's table has it.
    pub(crate) fn energy_and_rate(&mut self, tokens: &Particles) -> Option<(f64, f64)> {
        let general = self.general.as_mut()?;
        let mut drift = vec![0.0; tokens.positions.len()];
        general.drift_of(tokens, &mut drift);
        Some(general.energy_and_rate(tokens, &drift))
    }

    /// The drift by a given path, whatever the rule says; the comparison of the two is the project's main test.
    pub fn drift_by(&mut self, path: Path, positions: &[f64], drift: &mut [f64]) {
        self.normalise(positions);
        match path {
            Path::Direct => self.direct(drift),
            Path::Spectral => self.spectral(drift),
            Path::Tangent => self.tangent(drift),
            Path::General => self.attraction(positions, drift),
        }
    }

    /// `average`_i ← A_i, the attention output before projection: Σ_j softmax_j x_j for (SA), (1/n)Σ_j e^{β⟨x_i,x_j⟩}x_j for
    /// (USA). This is what a discrete layer (2.1) adds.
    pub fn average(&mut self, positions: &[f64], average: &mut [f64]) {
        self.make_room(positions);
        let pairs = made(&mut self.pairs, self.dimension, &self.weights);
        let (attention, potential) = (&self.attention, &mut self.potential);
        if pairs.average_of_few(attention, positions, average, potential) {
            return;
        }
        self.normalise(positions);
        self.attend(average);
    }

    /// Takes tokens of length 1 through discrete layers x ← normalise(`keep`·x + `step`·A(x)), up to so many; how many of them that were, with
    /// the bits of a layer by rows. 0 where only [`TokenDynamics::average`] can do the next one.
    pub fn layers(&mut self, (keep, step): (f64, f64), layers: u64, positions: &mut [f64]) -> u64 {
        let layer = Layer {
            beta: self.attention.beta,
            transport: Transport::new(self.attention),
            keep,
            step,
        };
        made(&mut self.pairs, self.dimension, &self.weights).layers(layer, layers, positions)
    }

    /// Scratch for the tokens, which only the first call allocates.
    fn make_room(&mut self, positions: &[f64]) {
        let (count, d) = (self.weights.len(), self.dimension);
        assert_eq!(positions.len(), count * d, "as many tokens as weights");
        self.unit.resize(count * d, 0.0);
        self.potential.resize(count, 0.0);
        if d == 2 {
            self.slope.resize(count, 0.0);
        }
    }

    fn normalise(&mut self, positions: &[f64]) {
        self.make_room(positions);
        let d = self.dimension;
        rows::for_each(d, &mut self.unit, positions, |_, unit, x| {
            let inverse = 1.0 / norm(x);
            unit.iter_mut().zip(x).for_each(|(u, x)| *u = x * inverse);
        });
    }

    fn attend(&mut self, average: &mut [f64]) {
        self.pair_sums(average);
        for (i, row) in average.chunks_exact_mut(self.dimension).enumerate() {
            let scale = self.rate(i);
            row.iter_mut().for_each(|a| *a *= scale);
        }
    }

    fn pair_sums(&mut self, sums: &mut [f64]) {
        let pairs = made(&mut self.pairs, self.dimension, &self.weights);
        let (beta, potential) = (self.attention.beta, &mut self.potential);
        pairs.sums(beta, &self.unit, sums, potential);
    }

    fn direct(&mut self, drift: &mut [f64]) {
        if let Some(interaction) = self.attention.interaction {
            return self.interact(&interaction, drift);
        }
        self.pair_sums(drift);
        let d = self.dimension;
        for (i, (row, x)) in (drift.chunks_exact_mut(d))
            .zip(self.unit.chunks_exact(d))
            .enumerate()
        {
            let (rate, along) = (self.rate(i), dot(x, row));
            (row.iter_mut().zip(x)).for_each(|(a, x)| *a = rate * (*a - along * x));
        }
    }

    /// θ_i' = value Σ_j w_j h'(θ_i − θ_j), pair by pair: the slow reference of the series.
    fn interact(&mut self, interaction: &Interaction, drift: &mut [f64]) {
        let angle = |x: &[f64]| x[1].atan2(x[0]);
        for (i, (row, x)) in (drift.chunks_exact_mut(2))
            .zip(self.unit.chunks_exact(2))
            .enumerate()
        {
            let theta = angle(x);
            let pulls = (self.unit.chunks_exact(2).zip(&self.weights)).map(|(y, w)| {
                let apart = theta - angle(y);
                let h: f64 = (interaction.list().iter().zip(1..))
                    .map(|(a, k)| a * (f64::from(k) * apart).cos())
                    .sum();
                (w * interaction.slope(apart), w * h)
            });
            let (slope, potential) = pulls.fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
            let rate = slope * self.attention.value;
            self.potential[i] = potential;
            (row[0], row[1]) = (-x[1] * rate, x[0] * rate);
        }
    }

    fn tangent(&mut self, drift: &mut [f64]) {
        let (beta, d) = (self.attention.beta, self.dimension);
        tangent::all_pairs(
            beta,
            d,
            &self.weights,
            &self.unit,
            drift,
            &mut self.potential,
        );
        for (i, row) in drift.chunks_exact_mut(d).enumerate() {
            let rate = self.rate(i);
            row.iter_mut().for_each(|v| *v *= rate);
        }
    }

    /// What multiplies (1/β)∇Z e^{−β} at token i.
    fn rate(&self, i: usize) -> f64 {
        Transport::new(self.attention).rate(self.potential[i])
    }

    /// dE/dt from a drift just computed: (SA) Σ w_i Z(x_i)|x_i'|², (USA) Σ w_i |x_i'|² (3.6, Lemma 3.7), over c for V = cI.
    #[must_use]
    pub fn dissipation(&self, drift: &[f64]) -> f64 {
        let transport = Transport::new(self.attention);
        drift
            .chunks_exact(self.dimension)
            .zip(self.weights.iter().zip(&self.potential))
            .map(|(v, (w, z))| w * transport.mobility(*z) * dot(v, v))
            .sum::<f64>()
            / self.attention.value
    }

    /// dE/dt of tokens of a circle that move by their angles; Z|x'|² = scale² slope²/Z.
    pub(crate) fn dissipation_at(&mut self, angles: &[f64]) -> f64 {
        let (growth, scale) = (self.attention.max_kernel(), self.attention.scale());
        let softmax = self.attention.normalisation.sums_to_one();
        let TokenSeries::CellSums(series) = &mut self.series else {
            return f64::NAN;
        };
        let growth = softmax.then_some(growth);
        let sum = series.dissipation(angles, &self.weights, growth);
        sum * scale * scale / self.attention.value
    }
}

/// All pairs, made when first needed.
fn made<'a>(
    pairs: &'a mut Option<Box<AllPairs>>,
    dimension: usize,
    weights: &[f64],
) -> &'a mut AllPairs {
    pairs.get_or_insert_with(|| Box::new(AllPairs::new(dimension, weights)))
}
