//! What is measured of the tokens: the quantities that several rows of the table share, computed once, and the instruments for it.

use super::attention_matrix::MatrixMeasures;
use super::clusters::{self, Clusters};
use super::euclidean::{self, Cloud};
use super::hemisphere;
use super::instruments::{Instruments, ORDERS};
use super::near;
use super::parts::Parts;
use super::saddle::Saddle;
use std::borrow::Cow;

use crate::dynamics::{Kernel, TokenDynamics};
use crate::integrate::Work;
use crate::measure::particles::common_weight;
use crate::measure::{Moments, Particles};
use crate::sphere::gegenbauer::for_each_polynomial;
use crate::sphere::geometry::{dot, gap};

/// From so many tokens on a circle on, near pairs are counted in the order of their angles; below, all pairs are as fast.
const BY_ANGLE_FROM: usize = 1024;
/// What needs the tokens of a circle in order.
const ANGULAR: Parts = Parts::CLUSTERS.and(Parts::CLOSEST).and(Parts::COMPANION);

/// The tokens as the table sees them.
#[derive(Debug, Clone)]
pub struct TokenSide {
    /// E_β\[μ_n\], the interaction energy.
    pub energy: f64,
    /// dE/dt by the drift.
    pub dissipation: f64,
    /// |m_1| … |m_8|.
    pub orders: [f64; ORDERS],
    /// Moments on the circle and on S²; none in higher dimension.
    pub moments: Option<Moments>,
    /// ∬e^{β(⟨x,y⟩−1)}dμdμ.
    self_potential: f64,
    /// Clusters, with a label for every token.
    pub clusters: Clusters,
    /// Steps and right-hand sides so far.
    pub work: Work,
    /// Number of bodies: tokens that were merged count as one.
    pub bodies: usize,
    /// min 1 − ⟨x_i,x_j⟩ over pairs of bodies, without cancellation; NaN for one body and for too many.
    pub closest: f64,
    /// Bound on what merging has changed in the energy, in units of e^β; NaN where nothing is merged.
    pub merge_energy: f64,
    /// The Hessian of the energy here; None with too many directions.
    pub saddle: Option<Saddle>,
    /// The tokens as a cloud.
    pub cloud: Cloud,
    /// Corners of the convex hull of the clusters in the leading plane, in ℝ^d alone.
    pub vertices: Option<usize>,
    /// Ê = ∬e^{β(⟨x,y⟩−1)}dμdμ.
    pub normalised_energy: f64,
    /// The share of pairs that are near.
    pub near: f64,
    /// 1 if a hemisphere holds all tokens.
    pub hemisphere: f64,
    /// The rank of the Gram matrix.
    pub rank: f64,
    /// Attention as a matrix.
    pub matrix: MatrixMeasures,
    /// Mean length |y_i|, where lengths move.
    pub length: f64,
    /// The energy of the optimal configuration that repulsive attention is after, where one is known; else NaN.
    pub optimum_energy: f64,
    /// Spherical-design strength, where it is measured; else NaN.
    pub design: f64,
    /// Values of the coordinate along the leading left eigenvector of V, where this is one; else NaN.
    pub hyperplanes: f64,
    /// Largest error of a sum of doubly stochastic weights.
    pub marginal_error: f64,
    /// E e^{−β}, the scale of that bound.
    scaled_energy: f64,
}

/// Tokens, and what is known of how they move.
#[derive(Debug)]
pub struct Moving<'a> {
    /// The tokens.
    pub tokens: &'a Particles,
    /// Their right-hand side.
    pub dynamics: &'a mut TokenDynamics,
    /// On the circle their angles in [0, 2π), if somebody has them.
    pub angles: Option<&'a [f64]>,
    /// dE/dt, if somebody has it.
    pub dissipation: Option<f64>,
}

impl TokenSide {
    /// Measures the parts that are asked for; with the energy one evaluation of the drift, unless what it tells is known.
    // long: one row a measurement; each is a call
    pub fn observe(moving: Moving<'_>, instruments: &mut Instruments, work: Work) -> Self {
        let (tokens, dynamics) = (moving.tokens, moving.dynamics);
        let (flat, parts) = (instruments.flat, instruments.parts);
        let (energetic, clustered) = (parts.have(Parts::ENERGY), parts.have(Parts::CLUSTERS));
        let on_circle = tokens.dimension() == 2 && !flat;
        let by_angle = parts.have(Parts::NEAR) && tokens.count() >= BY_ANGLE_FROM;
        let ordered = parts.have(ANGULAR) || by_angle;
        let angles = match moving.angles {
            Some(angles) => Cow::Borrowed(angles),
            None if on_circle && (ordered || energetic) => Cow::Owned(tokens.angles()),
            None => Cow::default(),
        };
        let many = dynamics.by_angles();
        let common = (!angles.is_empty()).then(|| common_weight(&tokens.weights));
        let common = common.flatten();
        let general = energetic
            .then(|| dynamics.energy_and_rate(tokens))
            .flatten();
        let dissipation = match (general, moving.dissipation) {
            (Some((_, rate)), _) => rate,
            (None, Some(known)) => known,
            (None, None) => when(energetic, || dissipation(tokens, dynamics, &angles)),
        };
        let cloud = if parts.have(Parts::CLOUD) || clustered && flat {
            Cloud::of(tokens, flat)
        } else {
            Cloud::NONE
        };
        let moments = (parts.have(Parts::ENERGY.and(Parts::ORDERS).and(Parts::CLUSTERS)))
            .then(|| instruments.moments(tokens, (&angles, many), common))
            .flatten();
        let (kernel, width) = (&instruments.kernel, instruments.width);
        let self_potential: f64 = match &moments {
            _ if !energetic => f64::NAN,
            Some(moments) if many => moments.quadratic(&kernel.potential),
            _ => (tokens.weights.iter().zip(&dynamics.potential))
                .map(|(w, z)| w * z)
                .sum(),
        };
        let energy = when(energetic, || {
            energy(tokens, general, moments.as_ref(), (kernel, self_potential))
        });
        let orders = orders(tokens, moments.as_ref(), instruments);
        if ordered {
            (instruments.around).sort(&angles, &tokens.weights, common);
        }
        let clusters = match (&moments, &mut instruments.basins) {
            _ if !clustered => Clusters::default(),
            _ if flat => clusters::by_distance(tokens, width, cloud.radius),
            (Some(_), Some(basins)) => basins.of_tokens(tokens),
            (Some(moments), None) => {
                clusters::of_circle_tokens(&angles, &tokens.weights, moments, width)
            }
            _ => clusters::by_linkage(tokens, width),
        };
        let alone = dynamics.general_ref().is_none();
        let of_kernel = alone && dynamics.attention().interaction.is_none();
        let marginal_error =
            (dynamics.general_ref()).map_or(f64::NAN, |general| general.marginal_error);
        let measured = ByPairs::of(tokens, dynamics, instruments, &angles);
        Self {
            energy,
            dissipation,
            orders,
            moments,
            self_potential,
            // the kernel's shift is |β|
            normalised_energy: when(of_kernel, || {
                self_potential * (kernel.shift - kernel.beta).exp()
            }),
            vertices: (flat && clustered).then(|| vertices(&clusters, cloud.radius)),
            clusters,
            work,
            cloud,
            near: measured.near,
            hemisphere: measured.hemisphere,
            rank: measured.rank,
            matrix: measured.matrix,
            length: f64::NAN,
            optimum_energy: f64::NAN,
            design: f64::NAN,
            hyperplanes: f64::NAN,
            marginal_error,
            bodies: tokens.count(),
            closest: measured.closest,
            merge_energy: f64::NAN,
            saddle: measured.saddle,
            scaled_energy: scaled(kernel, energy, self_potential),
        }
    }

    /// The moments, if there are any, and ∬e^{β(⟨x,y⟩−1)}dμdμ.
    pub(super) fn known(&self) -> (Option<&Moments>, f64) {
        (self.moments.as_ref(), self.self_potential)
    }

    /// A number of the saddle, NaN where there is none.
    #[must_use]
    pub(crate) fn of_saddle(&self, value: impl Fn(&Saddle) -> f64) -> f64 {
        self.saddle.as_ref().map_or(f64::NAN, value)
    }

    /// How far the energy lies above the optimal one, in percent.
    #[must_use]
    pub(crate) fn optimum_gap(&self) -> f64 {
        100.0 * (self.energy / self.optimum_energy - 1.0)
    }

    /// The bound on what merging has changed in the energy, as a share of the energy.
    #[must_use]
    pub(crate) fn merge_error(&self) -> f64 {
        self.merge_energy / self.scaled_energy
    }
}

/// What costs O(n²) and more, and does not need one another.
struct ByPairs {
    matrix: MatrixMeasures,
    rank: f64,
    saddle: Option<Saddle>,
    near: f64,
    hemisphere: f64,
    closest: f64,
}

impl ByPairs {
    /// What is asked for, two at a time.
    fn of(
        tokens: &Particles,
        dynamics: &mut TokenDynamics,
        instruments: &Instruments,
        angles: &[f64],
    ) -> Self {
        let (parts, flat) = (instruments.parts, instruments.flat);
        let (attention, alone) = (dynamics.attention(), dynamics.general_ref().is_none());
        let matrix = || {
            let matrix = if parts.have(Parts::MATRIX) {
                MatrixMeasures::of(tokens, dynamics)
            } else {
                MatrixMeasures::NONE
            };
            (matrix, when(parts.have(Parts::RANK), || near::rank(tokens)))
        };
        let places = || {
            let saddle = parts.have(Parts::SADDLE) && alone;
            let held = parts.have(Parts::HEMISPHERE) && !flat;
            (
                saddle.then(|| Saddle::at(tokens, attention)).flatten(),
                near_share(tokens, instruments),
                when(held, || hemisphere::held(tokens)),
                when(parts.have(Parts::CLOSEST), || {
                    if angles.is_empty() {
                        closest(tokens)
                    } else {
                        instruments.around.closest(tokens)
                    }
                }),
            )
        };
        let ((matrix, rank), (saddle, near, hemisphere, closest)) = rayon::join(matrix, places);
        Self {
            matrix,
            rank,
            saddle,
            near,
            hemisphere,
            closest,
        }
    }
}

/// E e^{−β}, the scale of energies whatever β is.
fn scaled(kernel: &Kernel, energy: f64, self_potential: f64) -> f64 {
    if kernel.beta == 0.0 {
        energy
    } else {
        self_potential / (2.0 * kernel.beta)
    }
}

/// A number where it is asked for.
fn when(asked: bool, value: impl FnOnce() -> f64) -> f64 {
    if asked { value() } else { f64::NAN }
}

/// The energy: of a general system as it says, of a kernel by moments, or by ∬e^{β(⟨x,y⟩−1)}dμdμ.
fn energy(
    tokens: &Particles,
    general: Option<(f64, f64)>,
    moments: Option<&Moments>,
    (kernel, self_potential): (&Kernel, f64),
) -> f64 {
    match (general, moments) {
        (Some((energy, _)), _) => energy,
        (None, Some(moments)) => kernel.interaction_energy(moments),
        (None, None) if kernel.beta == 0.0 => {
            let mean = tokens.mean();
            0.5 * dot(&mean, &mean)
        }
        (None, None) => kernel.shift.exp() / (2.0 * kernel.beta) * self_potential,
    }
}

/// |m_1| … |m_8|, by moments or by all pairs.
fn orders(
    tokens: &Particles,
    moments: Option<&Moments>,
    instruments: &Instruments,
) -> [f64; ORDERS] {
    match moments {
        _ if !instruments.parts.have(Parts::ORDERS) => [f64::NAN; ORDERS],
        Some(moments) => {
            let orders = moments.order_parameters(ORDERS);
            std::array::from_fn(|k| orders[k])
        }
        None if instruments.flat => [f64::NAN; ORDERS],
        None => zonal_orders(tokens),
    }
}

/// The share of near pairs, by the order around a circle where tokens are many.
fn near_share(tokens: &Particles, instruments: &Instruments) -> f64 {
    let on_circle = tokens.dimension() == 2 && tokens.count() >= BY_ANGLE_FROM;
    if !instruments.parts.have(Parts::NEAR) || instruments.flat {
        f64::NAN
    } else if on_circle {
        near::share_on_circle(&instruments.around.tokens().places, instruments.delta)
    } else {
        near::share(tokens, instruments.delta)
    }
}

/// dE/dt by the tokens' own drift.
fn dissipation(tokens: &Particles, dynamics: &mut TokenDynamics, angles: &[f64]) -> f64 {
    if dynamics.by_angles() {
        return dynamics.dissipation_at(angles);
    }
    let mut drift = vec![0.0; tokens.positions.len()];
    dynamics.attraction(&tokens.positions, &mut drift);
    dynamics.dissipation(&drift)
}

/// Corners of the hull of the clusters' centres, in the plane itself or in that of the two leading axes.
fn vertices(clusters: &Clusters, radius: f64) -> usize {
    let Some(first) = clusters.list.first() else {
        return 0;
    };
    let centres = Particles::new(
        first.centre.len(),
        clusters
            .list
            .iter()
            .flat_map(|c| c.centre.clone())
            .collect(),
    );
    euclidean::hull(&super::principal::coordinates(&centres).0, 1e-6 * radius).len()
}

/// Most bodies whose pairs are looked at for the closest.
const MOST_BODIES: usize = 1024;

/// min |x_i − x_j|²/2 = min 1 − ⟨x_i,x_j⟩ over all pairs of at most `MOST_BODIES`.
fn closest(tokens: &Particles) -> f64 {
    let n = tokens.count();
    let smallest = if n <= MOST_BODIES {
        (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| gap(tokens.row(i), tokens.row(j)))
            .fold(f64::INFINITY, f64::min)
    } else {
        f64::INFINITY
    };
    if smallest.is_finite() {
        smallest
    } else {
        f64::NAN
    }
}

/// |m_ℓ| = √(∬ P_ℓ(⟨x,y⟩) dμdμ), P_ℓ the Gegenbauer polynomial with P_ℓ(1) = 1; on the circle P_ℓ(cos t) = cos ℓt and this
/// is |∫e^{iℓθ}dμ|. All pairs.
fn zonal_orders(tokens: &Particles) -> [f64; ORDERS] {
    use rayon::prelude::*;
    // of the pairs i > j, and of i with itself
    let row_sums = |i: usize| {
        let (x, weights) = (tokens.row(i), &tokens.weights);
        let mut sums = [0.0; ORDERS];
        for (j, y) in tokens.rows().take(i + 1).enumerate() {
            let weight = if j == i { 0.5 * weights[j] } else { weights[j] };
            for_each_polynomial(tokens.dimension(), ORDERS, dot(x, y), |l, p| {
                if l > 0 {
                    sums[l - 1] += weight * p;
                }
            });
        }
        sums
    };
    let rows: Vec<[f64; ORDERS]> = (0..tokens.count()).into_par_iter().map(row_sums).collect();
    std::array::from_fn(|k| {
        let total: f64 = rows
            .iter()
            .zip(&tokens.weights)
            .map(|(row, w)| 2.0 * w * row[k])
            .sum();
        total.max(0.0).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Attention, Normalisation};
    use crate::measure::Law;

    #[test]
    fn orders_by_pairs_are_the_moments_on_the_circle() {
        let tokens = Law::Uniform.sample(50, 2, 4);
        let moments = tokens.moments(ORDERS);
        for (k, order) in zonal_orders(&tokens).iter().enumerate() {
            assert!((order - moments.order_parameter(k + 1)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_energy_in_higher_dimension_is_the_double_sum() {
        let tokens = Law::Uniform.sample(12, 5, 4);
        let beta = 2.0;
        let attention = Attention::new(beta, Normalisation::Softmax);
        let mut dynamics = TokenDynamics::new(attention, &tokens);
        let side = TokenSide::observe(
            Moving {
                tokens: &tokens,
                dynamics: &mut dynamics,
                angles: None,
                dissipation: None,
            },
            &mut Instruments::new(Kernel::new(5, beta), 0.1, None),
            Work::default(),
        );
        let mut pairs = 0.0;
        for x in tokens.rows() {
            for y in tokens.rows() {
                pairs += (beta * dot(x, y)).exp() / 144.0;
            }
        }
        assert!((side.energy - pairs / (2.0 * beta)).abs() < 1e-14 * pairs);
    }
}
