//! Weighted tokens that may become one: the bodies that move, and for every token the body it belongs to.
//!
//! Two bodies nearer than a tolerance that approach each other stay together under attention, so that one body of their
//! mass at their centre moves as they would. Which pairs these are and what it costs in energy is said in
//! [`crate::dynamics::merging`]; here is what a merge does to the measure.

use super::Particles;
use crate::sphere::geometry::{gap, norm};

/// The bodies and the tokens in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bodies {
    /// One row and one weight a body.
    pub particles: Particles,
    /// The body of every token.
    pub member: Vec<usize>,
}

impl Bodies {
    /// Every token is a body of its own.
    #[must_use]
    pub fn new(tokens: Particles) -> Self {
        Self {
            member: (0..tokens.count()).collect(),
            particles: tokens,
        }
    }

    /// How many bodies are left.
    #[must_use]
    pub fn count(&self) -> usize {
        self.particles.count()
    }

    /// Whether any two tokens have become one.
    #[must_use]
    pub fn merged(&self) -> bool {
        self.count() < self.member.len()
    }

    /// Pairs i < j of bodies at a chord |x_i − x_j| of at most `tolerance`, by a sweep along the first coordinate:
    /// O(n log n) while few are near each other.
    #[must_use]
    pub fn near_pairs(&self, tolerance: f64) -> Vec<(usize, usize)> {
        let mut order: Vec<(f64, usize)> = (self.particles.rows().map(|x| x[0])).zip(0..).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut pairs = Vec::new();
        for (place, (x, i)) in order.iter().enumerate() {
            for (y, j) in &order[place + 1..] {
                if y - x > tolerance {
                    break;
                }
                if self.gap(*i, *j) <= 0.5 * tolerance * tolerance {
                    pairs.push((*i.min(j), *i.max(j)));
                }
            }
        }
        pairs.sort_unstable();
        pairs
    }

    /// 1 − ⟨x_i,x_j⟩ = |x_i − x_j|²/2 of two bodies, without cancellation.
    #[must_use]
    pub fn gap(&self, i: usize, j: usize) -> f64 {
        gap(self.particles.row(i), self.particles.row(j))
    }

    /// Joins every group of bodies (given as body → group, groups numbered from 0 in order of their first body) into
    /// one of their total weight at their weighted mean, brought back to the sphere.
    pub fn join(&mut self, group: &[usize], groups: usize) {
        let d = self.particles.dimension();
        let (mut positions, mut weights) = (vec![0.0; groups * d], vec![0.0; groups]);
        let mut size = vec![0_usize; groups];
        for (i, (&g, x)) in group.iter().zip(self.particles.rows()).enumerate() {
            let w = self.particles.weights[i];
            weights[g] += w;
            size[g] += 1;
            let row = &mut positions[g * d..(g + 1) * d];
            row.iter_mut().zip(x).for_each(|(m, a)| *m += w * a);
        }
        // A body that is alone keeps its bits.
        for (i, &g) in group.iter().enumerate() {
            let row = &mut positions[g * d..(g + 1) * d];
            if size[g] == 1 {
                row.copy_from_slice(self.particles.row(i));
            }
        }
        for (row, size) in positions.chunks_exact_mut(d).zip(&size) {
            if *size > 1 {
                let length = norm(row);
                row.iter_mut().for_each(|a| *a /= length);
            }
        }
        self.member.iter_mut().for_each(|body| *body = group[*body]);
        self.particles = Particles::with_raw_weights(d, positions, weights);
    }

    /// All tokens, each at the place of its body; `weights` are their own.
    #[must_use]
    pub fn tokens(&self, weights: &[f64]) -> Particles {
        let positions = (self.member.iter())
            .flat_map(|body| self.particles.row(*body))
            .copied()
            .collect();
        Particles::with_raw_weights(self.particles.dimension(), positions, weights.to_vec())
    }
}

/// Connected components of the graph of `pairs` on 0..`count`, numbered in order of their first member.
#[must_use]
pub(crate) fn components(count: usize, pairs: &[(usize, usize)]) -> (Vec<usize>, usize) {
    let mut root: Vec<usize> = (0..count).collect();
    fn find(root: &mut [usize], mut i: usize) -> usize {
        while root[i] != i {
            root[i] = root[root[i]];
            i = root[i];
        }
        i
    }
    for &(i, j) in pairs {
        let (a, b) = (find(&mut root, i), find(&mut root, j));
        root[a.max(b)] = a.min(b);
    }
    let mut number = vec![usize::MAX; count];
    let mut groups = 0;
    let group = (0..count)
        .map(|i| {
            let top = find(&mut root, i);
            if number[top] == usize::MAX {
                number[top] = groups;
                groups += 1;
            }
            number[top]
        })
        .collect();
    (group, groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_circle(angles: &[f64], weights: &[f64]) -> Bodies {
        let positions = angles.iter().flat_map(|t| [t.cos(), t.sin()]).collect();
        Bodies::new(Particles::weighted(2, positions, weights.to_vec()))
    }

    #[test]
    fn near_pairs_are_those_of_the_double_loop() {
        let angles: Vec<f64> = (0..60).map(|i| (f64::from(i) * 0.77).sin() * 3.0).collect();
        let bodies = on_circle(&angles, &vec![1.0; 60]);
        for tolerance in [1e-3, 0.05, 0.5, 3.0] {
            let mut slow = Vec::new();
            for i in 0..60 {
                for j in i + 1..60 {
                    if (2.0 * bodies.gap(i, j)).sqrt() <= tolerance {
                        slow.push((i, j));
                    }
                }
            }
            assert_eq!(bodies.near_pairs(tolerance), slow, "{tolerance}");
        }
    }

    #[test]
    fn a_merge_keeps_the_mass_and_the_centre_and_leaves_the_others_their_bits() {
        let mut bodies = on_circle(&[0.0, 1e-4, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]);
        let before = bodies.clone();
        bodies.join(&[0, 0, 1, 2], 3);
        assert_eq!(bodies.member, [0, 0, 1, 2]);
        assert_eq!(bodies.particles.row(1), before.particles.row(2));
        assert!((bodies.particles.weights[0] - 0.4).abs() < 1e-16);
        let centre = bodies.particles.row(0);
        // the mean of the chords and that of the angles differ by the cube of the distance
        assert!((centre[1].atan2(centre[0]) - 0.75e-4).abs() < 1e-12);
        let total: f64 = bodies.particles.weights.iter().sum();
        assert!((total - 1.0).abs() < 1e-15);
        let tokens = bodies.tokens(&before.particles.weights);
        assert_eq!(tokens.row(0), tokens.row(1));
        assert_eq!(tokens.weights, before.particles.weights);
    }
}
