//! Colour and glyph of every cluster: kept while it lives, chosen by direction when it appears.

use crate::observe::Cluster;

/// How many there are to choose from.
const SLOTS: usize = 8;
/// A cluster is the one it was if its centre has turned by less than this cosine from frame to frame.
const SAME: f64 = 0.9;

/// The clusters of the frame that is shown, with their slots.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Slots {
    centres: Vec<Vec<f64>>,
    chosen: Vec<usize>,
}

impl Slots {
    /// The slot of every cluster, in the order of the snapshot.
    #[must_use]
    pub(crate) fn list(&self) -> &[usize] {
        &self.chosen
    }

    /// Follows the clusters to the next frame; the heavier of two takes a slot first.
    #[must_use]
    pub(crate) fn follow(&self, clusters: &[Cluster]) -> Self {
        let mut taken = [false; SLOTS];
        let mut chosen: Vec<Option<usize>> = Vec::with_capacity(clusters.len());
        for cluster in clusters {
            let before = (0..self.centres.len())
                .filter(|&other| {
                    !taken[self.chosen[other]]
                        && product(&cluster.centre, &self.centres[other]) > SAME
                })
                .max_by(|&a, &b| {
                    product(&cluster.centre, &self.centres[a])
                        .total_cmp(&product(&cluster.centre, &self.centres[b]))
                });
            let slot = before.map(|before| self.chosen[before]);
            if let Some(slot) = slot {
                taken[slot] = true;
            }
            chosen.push(slot);
        }
        let chosen = clusters
            .iter()
            .zip(chosen)
            .enumerate()
            .map(|(index, (cluster, slot))| {
                slot.unwrap_or_else(|| {
                    let wanted = direction(cluster);
                    let free = (0..SLOTS)
                        .map(|step| (wanted + step) % SLOTS)
                        .find(|slot| !taken[*slot]);
                    let slot = free.unwrap_or(index % SLOTS);
                    taken[slot] = true;
                    slot
                })
            })
            .collect();
        Self {
            centres: clusters
                .iter()
                .map(|cluster| cluster.centre.clone())
                .collect(),
            chosen,
        }
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The slot that belongs to the direction of a cluster's centre.
fn direction(cluster: &Cluster) -> usize {
    let angle = match cluster.centre.as_slice() {
        [x, y, ..] => y.atan2(*x).rem_euclid(std::f64::consts::TAU),
        _ => 0.0,
    };
    (angle / std::f64::consts::TAU * SLOTS as f64).round() as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(angle: f64, mass: f64) -> Cluster {
        Cluster {
            mass,
            centre: vec![angle.cos(), angle.sin()],
        }
    }

    #[test]
    fn a_cluster_keeps_its_slot_while_it_moves_and_when_the_order_of_masses_changes() {
        let before = Slots::default().follow(&[at(0.1, 0.6), at(2.0, 0.4)]);
        let after = before.follow(&[at(1.8, 0.7), at(0.3, 0.3)]);
        assert_eq!(before.list(), [after.list()[1], after.list()[0]]);
    }

    #[test]
    fn two_clusters_never_share_a_slot_while_there_are_enough() {
        let list = Slots::default()
            .follow(&[at(0.1, 0.4), at(0.2, 0.3), at(0.3, 0.3)])
            .list()
            .to_vec();
        assert!(list[0] != list[1] && list[1] != list[2] && list[0] != list[2]);
        let many: Vec<Cluster> = (0..20).map(|j| at(0.3 * f64::from(j), 0.05)).collect();
        assert_eq!(
            Slots::default().follow(&many).follow(&many).list().len(),
            20
        );
    }
}
