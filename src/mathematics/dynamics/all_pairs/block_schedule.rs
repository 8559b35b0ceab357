//! Every pair of blocks once, in rounds in which no block plays twice: symmetric sums without a second copy of them.
//!
//! The weight e^{β⟨x,y⟩} of a pair serves both tokens, so a pair of blocks adds to the sums of both. In a round of a
//! tournament (the circle method) every block meets one other, and the pairs of a round run on any number of threads
//! without locks. A block's sums receive their terms round by round, hence the same bits however many threads there are.

use rayon::prelude::*;

/// What a block of tokens has received so far; the layout of `sums` is the kernel's.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockTask {
    pub sums: Vec<f64>,
    pub potential: Vec<f64>,
}

/// Two blocks that meet, with their sums.
#[derive(Debug, Clone)]
struct PairOfBlocks {
    first: usize,
    second: usize,
    a: BlockTask,
    b: BlockTask,
}

/// A tournament of blocks, with scratch for every thread.
#[derive(Debug, Clone)]
pub(crate) struct BlockSchedule {
    parts: Vec<BlockTask>,
    pairs: Vec<PairOfBlocks>,
    scratch: Vec<Vec<f64>>,
}

/// What a game is given: a thread's scratch, a block with its sums, and the other block unless it plays against itself.
pub(crate) type BlockPair<'a> = (
    &'a mut [f64],
    (usize, &'a mut BlockTask),
    Option<(usize, &'a mut BlockTask)>,
);

impl BlockSchedule {
    /// `blocks` blocks of at most `length` tokens with `width` sums a token, and `scratch` numbers for each thread.
    pub(crate) fn new(blocks: usize, length: usize, width: usize, scratch: usize) -> Self {
        let part = || BlockTask {
            sums: vec![0.0; length * width],
            potential: vec![0.0; length],
        };
        Self {
            parts: (0..blocks).map(|_| part()).collect(),
            pairs: Vec::with_capacity(blocks),
            scratch: vec![vec![0.0; scratch]; rayon::current_num_threads()],
        }
    }

    /// The sums of every block.
    pub(crate) fn parts(&self) -> &[BlockTask] {
        &self.parts
    }

    /// One thread's scratch, for what needs no tournament.
    pub(crate) fn scratch(&mut self) -> &mut [f64] {
        &mut self.scratch[0]
    }

    /// Plays every block against itself, which comes first and must overwrite the sums, and then every pair of blocks.
    pub(crate) fn run(&mut self, parallel: bool, game: &(impl Fn(BlockPair) + Sync)) {
        let blocks = self.parts.len();
        self.round(parallel, game, (0..blocks).map(|b| (b, b)));
        if blocks < 2 {
            return;
        }
        // an even number of players, with one that does not exist where needed
        let players = blocks.next_multiple_of(2);
        let turn = players - 1;
        for round in 0..turn {
            let fixed = std::iter::once((turn, round));
            let others = (1..players / 2).map(|k| ((round + k) % turn, (round + turn - k) % turn));
            let pairs = fixed.chain(others).map(|(a, b)| (a.max(b), a.min(b)));
            self.round(parallel, game, pairs.filter(|(high, _)| *high < blocks));
        }
    }

    fn round(
        &mut self,
        parallel: bool,
        game: &(impl Fn(BlockPair) + Sync),
        pairs: impl Iterator<Item = (usize, usize)>,
    ) {
        for (first, second) in pairs {
            let a = std::mem::take(&mut self.parts[first]);
            let b = std::mem::take(&mut self.parts[second]);
            self.pairs.push(PairOfBlocks {
                first,
                second,
                a,
                b,
            });
        }
        let play = |pairs: &mut [PairOfBlocks], scratch: &mut Vec<f64>| {
            for match_ in pairs {
                let other =
                    (match_.first != match_.second).then_some((match_.second, &mut match_.b));
                game((scratch, (match_.first, &mut match_.a), other));
            }
        };
        let share = self.pairs.len().div_ceil(self.scratch.len()).max(1);
        if parallel && self.pairs.len() > 1 {
            (self.pairs.par_chunks_mut(share))
                .zip(&mut self.scratch)
                .for_each(|(pairs, scratch)| play(pairs, scratch));
        } else {
            play(&mut self.pairs, &mut self.scratch[0]);
        }
        for game in self.pairs.drain(..) {
            if game.first != game.second {
                self.parts[game.second] = game.b;
            }
            self.parts[game.first] = game.a;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn every_pair_of_blocks_meets_exactly_once() {
        for blocks in [1, 2, 3, 6, 7, 16] {
            let met = Mutex::new(vec![0; blocks * blocks]);
            let mut rounds = BlockSchedule::new(blocks, 1, 1, 1);
            rounds.run(true, &|(_, (a, part), other)| {
                assert_eq!(part.sums.len(), 1);
                let b = other.map_or(a, |(b, _)| b);
                met.lock().unwrap()[a.max(b) * blocks + a.min(b)] += 1;
            });
            let met = met.into_inner().unwrap();
            for a in 0..blocks {
                for b in 0..blocks {
                    assert_eq!(
                        met[a * blocks + b],
                        i32::from(b <= a),
                        "{a} {b} of {blocks}"
                    );
                }
            }
        }
    }
}
