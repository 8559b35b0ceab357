//! When two bodies become one, and what that does to the energy.
//!
//! Bodies nearer than a tolerance δ that approach each other, d|x_i − x_j|²/dt ≤ 0, are joined at their centre. With
//! k_ij = e^{−β(1−⟨x_i,x_j⟩)}, masses m_1, m_2 and Z_o the potential of all the others (times e^{−β}), the energy
//! 2βe^{−β}E = Σ w_i w_j k_ij changes by the pair's own term, 2m_1m_2(1 − k_12) ≤ β m_1m_2 δ², and by the others': to first
//! order nothing, for the centre is kept, and to second at most m_1m_2/(m_1+m_2) δ² times the largest second derivative of
//! Z_o, which is below (β + β²)Z_o. The remainders are of relative order (1 + β)δ.

use crate::measure::Bodies;
use crate::measure::bodies::components;

/// A merge that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Masses of the bodies that became one, the heaviest first.
    pub masses: Vec<f64>,
    /// The largest gap 1 − ⟨x_i,x_j⟩ of the pairs that were joined.
    pub gap: f64,
    /// Bound on the change of the energy, in units of e^β.
    pub energy_bound: f64,
}

/// Pairs of bodies within `tolerance` of each other and not receding, by their `drift` (one row a body).
#[must_use]
pub fn contracting_pairs(
    bodies: &Bodies,
    pairs: &[(usize, usize)],
    drift: &[f64],
) -> Vec<(usize, usize)> {
    let d = bodies.particles.dimension();
    let approaching = |&&(i, j): &&(usize, usize)| {
        let (x, y) = (bodies.particles.row(i), bodies.particles.row(j));
        let (u, v) = (&drift[i * d..(i + 1) * d], &drift[j * d..(j + 1) * d]);
        let rate: f64 = (0..d).map(|c| (x[c] - y[c]) * (u[c] - v[c])).sum();
        rate <= 0.0
    };
    pairs.iter().filter(approaching).copied().collect()
}

/// Joins the connected groups of `pairs`; `potential`_i is Z(x_i)e^{−β} with all bodies.
pub fn join(
    bodies: &mut Bodies,
    pairs: &[(usize, usize)],
    beta: f64,
    potential: &[f64],
) -> Vec<Joined> {
    let (group, groups) = components(bodies.count(), pairs);
    let mut joined: Vec<Joined> = (0..groups)
        .map(|_| Joined {
            masses: Vec::new(),
            gap: 0.0,
            energy_bound: 0.0,
        })
        .collect();
    for (&g, w) in group.iter().zip(&bodies.particles.weights) {
        joined[g].masses.push(*w);
    }
    for &(i, j) in pairs {
        let event = &mut joined[group[i]];
        event.gap = event.gap.max(bodies.gap(i, j));
    }
    for (event, members) in joined.iter_mut().zip(members_of(&group, groups)) {
        if members.len() > 1 {
            event.energy_bound = energy_bound(bodies, &members, beta, potential);
            event.masses.sort_by(|a, b| b.total_cmp(a));
        }
    }
    bodies.join(&group, groups);
    joined.retain(|event| event.masses.len() > 1);
    joined
}

/// The bound of the head of this file for a group: pair by pair, every pair at its own distance.
fn energy_bound(bodies: &Bodies, members: &[usize], beta: f64, potential: &[f64]) -> f64 {
    let weight = |i: usize| bodies.particles.weights[i];
    let own: f64 = members.iter().map(|i| weight(*i)).sum();
    let mut bound = 0.0;
    for (place, &i) in members.iter().enumerate() {
        for &j in &members[place + 1..] {
            let square = 2.0 * bodies.gap(i, j);
            let others = (potential[i].max(potential[j]) - weight(i) - weight(j)).max(0.0);
            let (product, share) = (weight(i) * weight(j), weight(i) * weight(j) / own);
            let rest = 1.0 + (1.0 + beta) * square.sqrt();
            bound += 0.5 * square * rest * (product + share * (1.0 + beta) * others);
        }
    }
    bound
}

fn members_of(group: &[usize], groups: usize) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); groups];
    for (i, &g) in group.iter().enumerate() {
        members[g].push(i);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Particles;
    use crate::sphere::geometry::{dot, retract};

    fn energy(tokens: &Particles, beta: f64) -> f64 {
        let mut sum = 0.0;
        for (x, v) in tokens.rows().zip(&tokens.weights) {
            for (y, w) in tokens.rows().zip(&tokens.weights) {
                sum += v * w * (beta * (dot(x, y) - 1.0)).exp();
            }
        }
        sum / (2.0 * beta)
    }

    #[test]
    fn the_energy_changes_by_less_than_the_bound_and_by_a_good_share_of_it() {
        for beta in [0.5, 4.0, 20.0] {
            for distance in [1e-2, 1e-3] {
                let mut positions =
                    vec![1.0, 0.0, 0.0, 1.0, distance, 0.0, 1.0, 0.1, 0.9 * distance];
                positions.extend([0.0, 1.0, 0.0, 0.6, 0.3, -0.4]);
                retract(&mut positions, 3);
                let mut bodies = Bodies::new(Particles::weighted(
                    3,
                    positions,
                    vec![0.2, 0.3, 0.1, 0.2, 0.2],
                ));
                let before = energy(&bodies.particles, beta);
                let potential: Vec<f64> = (bodies.particles.rows())
                    .map(|x| {
                        (bodies.particles.rows().zip(&bodies.particles.weights))
                            .map(|(y, w)| w * (beta * (dot(x, y) - 1.0)).exp())
                            .sum()
                    })
                    .collect();
                let joined = join(&mut bodies, &[(0, 1)], beta, &potential);
                assert_eq!(joined.len(), 1);
                let change = (energy(&bodies.particles, beta) - before).abs();
                let bound = joined[0].energy_bound;
                assert!(change <= bound, "β {beta}: {change:e} over {bound:e}");
                assert!(
                    change > 0.01 * bound,
                    "β {beta}: {change:e} far under {bound:e}"
                );
            }
        }
    }

    #[test]
    fn chains_are_joined_as_one_and_receding_pairs_are_left() {
        let angles = [0.0_f64, 1e-6, 2e-6, 1.0];
        let positions = angles.iter().flat_map(|t| [t.cos(), t.sin()]).collect();
        let mut bodies = Bodies::new(Particles::new(2, positions));
        let pairs = bodies.near_pairs(1.5e-6);
        assert_eq!(pairs, [(0, 1), (1, 2)]);
        let receding = [0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert!(contracting_pairs(&bodies, &pairs, &receding).is_empty());
        let approaching = receding.map(|v| -v);
        let found = contracting_pairs(&bodies, &pairs, &approaching);
        let joined = join(&mut bodies, &found, 1.0, &[1.0; 4]);
        assert_eq!(joined[0].masses, [0.25; 3]);
        assert_eq!(
            (bodies.count(), bodies.member.as_slice()),
            (2, &[0, 0, 0, 1][..])
        );
    }
}
