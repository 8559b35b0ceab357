//! The drift of the tokens, x_i' = P_{x_i} A_i, by whichever of the two paths is right and fast: the dispatch rule.
//!
//! * All pairs ([`super::direct`]) works always and costs n² exponentials.
//! * The series ([`super::spectral`]) costs n·K on the circle (O(n) in cells, [`super::binned`], for many tokens) and n·K² on S², with K ≈ 20 + 6√β degrees. It is taken from
//!   `SERIES_FROM`·K tokens on (measured: a degree costs a token about as much as 1.6 pairs, moments and evaluation
//!   together; below that both are microseconds), on S² from `SPHERE_SERIES_FROM`·K² on, and, for (SA), only while every
//!   token's potential is large enough that the rounding of the series stays under the accuracy asked for; else that
//!   evaluation is redone by all pairs.
//! * For exponentially slow motion ([`TokenDynamics::slow`]) up to `TANGENT_UP_TO` tokens go by all pairs in the tangent
//!   space ([`super::tangent`]), where weak pulls keep their digits beside a token's own term.

use super::binned::{Binned, Places};
use super::direct::AllPairs;
use super::spectral::{Series, SphereSeries};
use super::tangent;
use super::{Attention, General, Interaction, Kernel, Normalisation, System};
use crate::measure::Particles;
use crate::sphere::geometry::{dot, norm, project_tangent};

/// How many tokens a degree of the series must stand against before it is used.
const SERIES_FROM: usize = 4;
/// From so many tokens on the circle on the series is summed in cells ([`super::binned`]; measured: 6 ns a token and 15 µs,
/// against 1.1 ns a token and degree).
const BINNED_FROM: usize = 4096;
/// The same on S², where there are K² harmonics (measured: a token costs as much as 0.12 K² pairs).
const SPHERE_SERIES_FROM: f64 = 0.15;
/// Measured rounding of the series in Z e^{−β}, absolute, over sweeps of n and β (largest seen 6e-16).
const SERIES_ROUNDING: f64 = 1e-15;
/// The relative accuracy of the drift that is asked of the series.
const ACCURACY: f64 = 1e-11;

/// Most tokens that move by tangent pairs (a quarter above S², where these are slower): with more of them left, the fast
/// motion is not over.
const TANGENT_UP_TO: usize = 1024;

/// Which way the drift is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// All pairs.
    Direct,
    /// Moments and multipliers.
    Spectral,
    /// All pairs, term by term in the tangent space.
    Tangent,
    /// All pairs of a general system ([`super::general`]).
    General,
}

/// The series where there is one.
enum TokenSeries {
    Circle(Series),
    Binned(Box<Binned>),
    Sphere(SphereSeries),
    None,
}

impl TokenSeries {
    fn new(kernel: &Kernel, weights: &[f64]) -> Self {
        match kernel.dimension {
            2 if weights.len() >= BINNED_FROM => {
                Self::Binned(Box::new(Binned::new(kernel, weights)))
            }
            2 => Self::Circle(Series::new(kernel)),
            3 => Self::Sphere(SphereSeries::new(kernel)),
            _ => Self::None,
        }
    }
}

/// The path to try first for n tokens.
fn preferred(kernel: &Kernel, count: usize) -> Path {
    let degrees = kernel.degree() + 1;
    let spectral = match kernel.dimension {
        2 => count >= SERIES_FROM * degrees,
        3 => count as f64 >= SPHERE_SERIES_FROM * (degrees * degrees) as f64,
        _ => false,
    };
    if spectral {
        Path::Spectral
    } else {
        Path::Direct
    }
}

/// The right-hand side for a fixed set of weights, with its scratch.
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
    /// Evaluations of the series that were redone by all pairs.
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
                preferred(&kernel, n)
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
        dynamics.frequencies.clone_from(&system.frequencies);
        if !system.is_plain() {
            let (d, weights) = (particles.dimension(), &particles.weights);
            dynamics.general = Some(Box::new(General::new(system, attention, d, weights)));
            dynamics.preferred = Path::General;
        }
        dynamics
    }

    /// The same, to be looked at.
    #[must_use]
    pub fn general_ref(&self) -> Option<&General> {
        self.general.as_deref()
    }

    /// What moves a system that is no kernel alone.
    pub fn general(&mut self) -> Option<&mut General> {
        self.general.as_deref_mut()
    }

    /// The same for tokens that are merged as they meet, whose motion may become exponentially slow.
    #[must_use]
    pub fn slow(attention: Attention, particles: &Particles) -> Self {
        let mut dynamics = Self::new(attention, particles);
        let most = if dynamics.dimension <= 3 {
            TANGENT_UP_TO
        } else {
            TANGENT_UP_TO / 4
        };
        if particles.count() <= most && attention.attracts() {
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

    /// Below this Ze^{−|β|} the series has not the digits that are asked of a softmax, and all pairs are.
    pub const LEAST_POTENTIAL: f64 = SERIES_ROUNDING / ACCURACY;

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
                self.preferred = preferred(&self.kernel, self.weights.len());
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
        self.preferred == Path::Spectral && matches!(self.series, TokenSeries::Binned(_))
    }

    /// `rates`_i ← θ_i' of tokens on the circle at `angles`: the same motion as [`TokenDynamics::drift`] with half the numbers and
    /// no retraction. Only where [`TokenDynamics::by_angles`].
    pub fn rates(&mut self, angles: &[f64], rates: &mut [f64]) {
        let softmax = self.attention.normalisation == Normalisation::Softmax;
        let how = (self.attention.scale(), softmax);
        let TokenSeries::Binned(series) = &mut self.series else {
            return self.rates_by_vectors(angles, rates);
        };
        let least = series.rates(&self.kernel, angles, &self.weights, how, rates);
        if softmax && least < Self::LEAST_POTENTIAL {
            self.fallbacks += 1;
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
        self.direct(&mut drift);
        for (i, (rate, v)) in rates.iter_mut().zip(drift.chunks_exact(2)).enumerate() {
            let omega = self.frequencies.get(i).copied().unwrap_or(0.0);
            *rate = self.unit[2 * i] * v[1] - self.unit[2 * i + 1] * v[0] + omega;
        }
    }

    /// The drift without the natural frequencies.
    pub fn attraction(&mut self, positions: &[f64], drift: &mut [f64]) {
        self.make_room(positions);
        if self.preferred == Path::Direct {
            let pairs = (self.pairs)
                .get_or_insert_with(|| Box::new(AllPairs::new(self.dimension, &self.weights)));
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
    pub fn energy_and_rate(&mut self, tokens: &Particles) -> Option<(f64, f64)> {
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
        self.normalise(positions);
        self.attend(average);
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
        for (unit, x) in (self.unit.chunks_exact_mut(d)).zip(positions.chunks_exact(d)) {
            let inverse = 1.0 / norm(x);
            unit.iter_mut().zip(x).for_each(|(u, x)| *u = x * inverse);
        }
    }

    fn attend(&mut self, average: &mut [f64]) {
        self.pair_sums(average);
        for (i, row) in average.chunks_exact_mut(self.dimension).enumerate() {
            let scale = self.rate(i);
            row.iter_mut().for_each(|a| *a *= scale);
        }
    }

    fn pair_sums(&mut self, sums: &mut [f64]) {
        let pairs = (self.pairs)
            .get_or_insert_with(|| Box::new(AllPairs::new(self.dimension, &self.weights)));
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

    fn spectral_or_direct(&mut self, drift: &mut [f64]) {
        self.spectral(drift);
        if self.attention.normalisation == Normalisation::Softmax {
            let smallest = self.potential.iter().copied().fold(f64::INFINITY, f64::min);
            if smallest < Self::LEAST_POTENTIAL {
                self.fallbacks += 1;
                self.direct(drift);
            }
        }
    }

    fn spectral(&mut self, drift: &mut [f64]) {
        match self.series {
            TokenSeries::Circle(_) | TokenSeries::Binned(_) => self.spectral_on_circle(drift),
            TokenSeries::Sphere(_) => self.spectral_on_sphere(drift),
            TokenSeries::None => self.direct(drift),
        }
    }

    /// What multiplies (1/β)∇Z e^{−β} at token i.
    fn rate(&self, i: usize) -> f64 {
        match self.attention.normalisation {
            Normalisation::Softmax => self.attention.scale() / self.potential[i],
            Normalisation::None => self.attention.scale(),
        }
    }

    fn spectral_on_circle(&mut self, drift: &mut [f64]) {
        let (kernel, unit, weights) = (&self.kernel, &self.unit, &self.weights);
        let (slope, potential) = (&mut self.slope, &mut self.potential);
        match &mut self.series {
            TokenSeries::Circle(series) => series.evaluate(kernel, unit, weights, slope, potential),
            TokenSeries::Binned(series) => {
                series.evaluate(kernel, Places::Vectors(unit), weights, slope, potential);
            }
            _ => return,
        }
        for (i, (row, z)) in drift
            .chunks_exact_mut(2)
            .zip(self.unit.chunks_exact(2))
            .enumerate()
        {
            let rate = self.slope[i] * self.rate(i);
            (row[0], row[1]) = (-z[1] * rate, z[0] * rate);
        }
    }

    fn spectral_on_sphere(&mut self, drift: &mut [f64]) {
        let TokenSeries::Sphere(series) = &mut self.series else {
            return;
        };
        series.evaluate(
            &self.kernel,
            &self.unit,
            &self.weights,
            drift,
            &mut self.potential,
        );
        for (i, (row, x)) in drift
            .chunks_exact_mut(3)
            .zip(self.unit.chunks_exact(3))
            .enumerate()
        {
            project_tangent(x, row);
            let rate = self.rate(i);
            row.iter_mut().for_each(|v| *v *= rate);
        }
    }

    /// dE/dt from a drift just computed: (SA) Σ w_i Z(x_i)|x_i'|², (USA) Σ w_i |x_i'|² (3.6, Lemma 3.7), over c for V = cI.
    #[must_use]
    pub fn dissipation(&self, drift: &[f64]) -> f64 {
        let (growth, value) = (self.attention.growth(), self.attention.value);
        drift
            .chunks_exact(self.dimension)
            .zip(self.weights.iter().zip(&self.potential))
            .map(|(v, (w, z))| {
                let mobility = match self.attention.normalisation {
                    Normalisation::Softmax => z * growth,
                    Normalisation::None => 1.0,
                };
                w * mobility * dot(v, v)
            })
            .sum::<f64>()
            / value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;

    fn systems() -> [Normalisation; 2] {
        [Normalisation::Softmax, Normalisation::None]
    }

    #[test]
    fn spectral_and_direct_drift_agree_at_the_tokens_up_to_beta_64() {
        for normalisation in systems() {
            for beta in [0.0, 0.1, 1.0, 4.0, 9.0, 25.0, 64.0] {
                for (count, dimension) in [
                    (1, 2),
                    (2, 2),
                    (33, 2),
                    (400, 2),
                    (3000, 2),
                    (5000, 2),
                    (1, 3),
                    (2, 3),
                    (70, 3),
                    (3000, 3),
                ] {
                    let tokens = Law::Uniform.sample(count, dimension, 3);
                    let mut dynamics =
                        TokenDynamics::new(Attention::new(beta, normalisation), &tokens);
                    let (mut direct, mut spectral) =
                        (vec![0.0; dimension * count], vec![0.0; dimension * count]);
                    dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
                    dynamics.drift_by(Path::Spectral, &tokens.positions, &mut spectral);
                    // USA is measured against e^β, the scale of its weights
                    let scale = Attention::new(beta, normalisation).speed();
                    for (a, b) in direct.iter().zip(&spectral) {
                        assert!(
                            (a - b).abs() < 1e-11 * scale,
                            "{normalisation:?} β {beta} n {count} d {dimension}: {:e}",
                            a - b
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn few_tokens_in_one_pass_move_as_by_normalising_summing_and_projecting() {
        for normalisation in systems() {
            // (USA) has the factor e^β, which is not a number any more at 10⁴
            let steep = [600.0, 1e4][usize::from(normalisation == Normalisation::Softmax)];
            for beta in [0.0, 1.0, 9.0, steep, -3.0] {
                for dimension in [5, 8, 16, 33, 64, 65, 130] {
                    for count in [1, 2, 7, 31, 32, 33, 64, 65] {
                        let mut tokens = Law::Uniform.sample(count, dimension, 3);
                        if count > 30 {
                            // identical and antipodal tokens, and rows of another length than one
                            let rows = &mut tokens.positions;
                            rows.copy_within(..dimension, dimension);
                            for c in 0..dimension {
                                rows[5 * dimension + c] = -rows[c];
                                rows[7 * dimension + c] *= 1.25;
                            }
                        }
                        let attention = Attention::new(beta, normalisation);
                        let mut dynamics = TokenDynamics::new(attention, &tokens);
                        let mut few = vec![0.0; dimension * count];
                        let mut direct = few.clone();
                        dynamics.drift(&tokens.positions, &mut few);
                        let potential = dynamics.potential.clone();
                        dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
                        // rounding of the inner products, which β multiplies
                        let allowed = 4e-15 * (1.0 + beta.abs());
                        for (a, b) in potential.iter().zip(&dynamics.potential) {
                            assert!((a / b - 1.0).abs() < allowed, "{a} {b}");
                        }
                        for (a, b) in few.iter().zip(&direct) {
                            assert!(
                                (a - b).abs() < allowed * attention.speed().max(1.0),
                                "{normalisation:?} β {beta} n {count} d {dimension}: {a} {b}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn rates_of_angles_are_the_drift_of_vectors_also_where_the_series_has_no_digits() {
        let mut tokens = Law::Uniform.sample(5000, 2, 4);
        for (normalisation, beta) in [
            (Normalisation::Softmax, 4.0),
            (Normalisation::None, 9.0),
            (Normalisation::Softmax, 0.0),
            (Normalisation::Softmax, 64.0),
        ] {
            if beta == 64.0 {
                // one far from all others, and light: Z there is 1e-7
                let mut weights = vec![1.0; 5000];
                weights[0] = 5e-4;
                tokens = Particles::weighted(2, tokens.positions, weights);
                for x in tokens.positions.chunks_exact_mut(2).skip(1) {
                    x.copy_from_slice(&[1.0, 0.0]);
                }
                tokens.positions[..2].copy_from_slice(&[-0.8, 0.6]);
            }
            let attention = Attention::new(beta, normalisation);
            let mut dynamics = TokenDynamics::new(attention, &tokens);
            dynamics.frequencies = (0..5000).map(|i| f64::from(i % 7)).collect();
            assert!(dynamics.by_angles());
            let (mut drift, mut rates) = (vec![0.0; 10_000], vec![0.0; 5000]);
            dynamics.drift(&tokens.positions, &mut drift);
            dynamics.rates(&tokens.angles(), &mut rates);
            assert_eq!(dynamics.fallbacks, if beta == 64.0 { 2 } else { 0 });
            for ((x, v), rate) in tokens.rows().zip(drift.chunks_exact(2)).zip(&rates) {
                let turn = x[0] * v[1] - x[1] * v[0];
                assert!(
                    (turn - rate).abs() < 2e-13 * attention.speed(),
                    "{turn} {rate}"
                );
            }
        }
    }

    #[test]
    fn a_lonely_token_far_from_the_rest_sends_the_series_back_to_all_pairs() {
        // One token of mass 1e-7 opposite to all the others: Z e^{−β} there is 1e-7, the series has lost 8 digits.
        let mut positions: Vec<f64> = (0..400)
            .flat_map(|i| [(f64::from(i) * 1e-4).cos(), (f64::from(i) * 1e-4).sin()])
            .collect();
        positions.extend([-1.0_f64, 0.0]);
        let mut weights = vec![1.0; 400];
        weights.push(4e-5);
        let tokens = Particles::weighted(2, positions, weights);
        let attention = Attention::new(64.0, Normalisation::Softmax);
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        assert_eq!(dynamics.preferred(), Path::Spectral);
        let (mut chosen, mut direct) = (vec![0.0; 802], vec![0.0; 802]);
        dynamics.drift(&tokens.positions, &mut chosen);
        assert_eq!(dynamics.fallbacks, 1);
        dynamics.drift_by(Path::Direct, &tokens.positions, &mut direct);
        assert_eq!(chosen, direct);
    }

    #[test]
    fn the_drift_is_tangent_and_turns_with_the_tokens() {
        let tokens = Law::Uniform.sample(20, 3, 9);
        let attention = Attention::new(2.0, Normalisation::Softmax);
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        let mut drift = vec![0.0; 60];
        dynamics.drift(&tokens.positions, &mut drift);
        for (v, x) in drift.chunks_exact(3).zip(tokens.rows()) {
            assert!(dot(v, x).abs() < 1e-15);
        }
        // a rotation about the first axis and a reflection of it
        let (sin, cos) = 0.7_f64.sin_cos();
        let turn = |rows: &[f64]| -> Vec<f64> {
            rows.chunks_exact(3)
                .flat_map(|x| [-x[0], cos * x[1] - sin * x[2], sin * x[1] + cos * x[2]])
                .collect()
        };
        let mut turned = vec![0.0; 60];
        dynamics.drift(&turn(&tokens.positions), &mut turned);
        for (a, b) in turned.iter().zip(turn(&drift)) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn extreme_temperatures_identical_and_antipodal_tokens_are_finite() {
        for beta in [0.0, 1e4] {
            let same = Particles::new(2, [1.0, 0.0].repeat(500));
            let opposite = Particles::new(3, vec![0.0, 0.0, 1.0, 0.0, 0.0, -1.0]);
            for tokens in [same, opposite] {
                let attention = Attention::new(beta, Normalisation::Softmax);
                let mut drift = vec![1.0; tokens.positions.len()];
                TokenDynamics::new(attention, &tokens).drift(&tokens.positions, &mut drift);
                assert!(drift.iter().all(|v| v.abs() < 1e-12), "β {beta}");
            }
        }
    }
}
