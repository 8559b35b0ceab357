//! Exact Wasserstein-1 distance on the circle between tokens and a density, cost = arc length.
//!
//! W_1 = min_c ∫₀^{2π} |G(θ) − c| dθ with G = F_tokens − F_density the difference of the cumulative functions, and the
//! best c is a median of G. Between two neighbouring breakpoints (tokens and grid nodes) F_tokens is constant and
//! F_density is followed by the cubic through its values and slopes at the nodes of a grid of 8 points a mode (at least 2048): the
//! slopes are exact, the interpolation error is of order (kh)⁴/384 of a coefficient (1e-10 and less of the distance).

use rayon::prelude::*;

use crate::dispatch::SHARED_FROM;
use crate::measure::Density;
use crate::sphere::CirclePlan;
use std::f64::consts::TAU;
use std::ops::Range;

const POINTS_PER_MODE: usize = 8;
const FEWEST_POINTS: usize = 2048;

/// A piece of the circle on which G is monotone and smooth.
struct Piece {
    /// Mass of the tokens before it.
    tokens: f64,
    cell: usize,
    from: End,
    to: End,
}

/// An end of a piece.
#[derive(Clone, Copy)]
struct End {
    /// As a share of the cell.
    share: f64,
    /// F there.
    value: f64,
    /// ∫F from the cell's beginning, in steps.
    integral: f64,
}

impl Piece {
    fn length(&self, cumulative: &Cumulative) -> f64 {
        (self.to.share - self.from.share) * cumulative.step
    }

    /// The smaller and the larger of G at the ends.
    fn span(&self) -> (f64, f64) {
        let (a, b) = (self.tokens - self.from.value, self.tokens - self.to.value);
        if a < b { (a, b) } else { (b, a) }
    }

    /// ∫ |G − c|.
    fn distance(&self, cumulative: &Cumulative, c: f64) -> f64 {
        let level = self.tokens - c;
        let signed = |from: &End, to: &End| {
            ((level * (to.share - from.share) - (to.integral - from.integral)) * cumulative.step)
                .abs()
        };
        if (self.from.value < level) == (self.to.value < level) {
            return signed(&self.from, &self.to);
        }
        let cubic = cumulative.cubic(self.cell);
        let crossing = end(
            &cubic,
            crossing(&cubic, self.from.share, self.to.share, level),
        );
        signed(&self.from, &crossing) + signed(&crossing, &self.to)
    }
}

/// The end of a piece at share s of a cell with this cubic.
#[inline]
fn end([a, b, c, d]: &[f64; 4], s: f64) -> End {
    End {
        share: s,
        value: a + s * (b + s * (c + s * d)),
        integral: s * (a + s * (b / 2.0 + s * (c / 3.0 + s * d / 4.0))),
    }
}

/// The share in [from, to] where a cubic takes `level`, which it has between its values at the ends.
fn crossing([a, b, c, d]: &[f64; 4], mut from: f64, mut to: f64, level: f64) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (from + to);
        if a + middle * (b + middle * (c + middle * d)) < level {
            from = middle;
        } else {
            to = middle;
        }
    }
    0.5 * (from + to)
}

/// A cumulative function F at the nodes of an equispaced grid, with its slopes.
pub(super) struct Cumulative {
    step: f64,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl Cumulative {
    /// From values and slopes at the nodes 0, step, 2·step, …
    pub(super) fn of_nodes(step: f64, values: Vec<f64>, slopes: Vec<f64>) -> Self {
        Self {
            step,
            values,
            slopes,
        }
    }

    /// ∫|F_tokens − F| over the grid's interval, for tokens as (position, mass) in order.
    pub(super) fn distance_on_line(&self, sorted: &[(f64, f64)]) -> f64 {
        pieces(sorted, self)
            .iter()
            .map(|piece| piece.distance(self, 0.0))
            .sum()
    }

    fn of_density(density: &Density) -> Self {
        let points = (POINTS_PER_MODE * density.modes()).max(FEWEST_POINTS);
        let mut plan = CirclePlan::new(points);
        let (mut values, mut slopes) = (vec![0.0; points], vec![0.0; points]);
        let modes = density.modes();
        plan.synthesis(modes, |k| density.coefficient(k) / TAU, &mut slopes);
        // ∫ c_k e^{ikθ} = −(i/k) c_k e^{ikθ}
        let integral = |k: usize| {
            let c = density.coefficient(k) / (TAU * k.max(1) as f64);
            if k == 0 {
                c * 0.0
            } else {
                crate::sphere::Complex::new(c.im, -c.re)
            }
        };
        plan.synthesis(modes, integral, &mut values);
        let step = TAU / points as f64;
        let mean = density.coefficient(0).re / TAU;
        let start = values[0];
        for (j, value) in values.iter_mut().enumerate() {
            *value += mean * step * j as f64 - start;
        }
        values.push(mean * TAU);
        slopes.push(slopes[0]);
        Self {
            step,
            values,
            slopes,
        }
    }

    /// F = a + s(b + s(c + sd)) at share s of a cell.
    fn cubic(&self, cell: usize) -> [f64; 4] {
        let (f0, f1) = (self.values[cell], self.values[cell + 1]);
        let (g0, g1) = (
            self.step * self.slopes[cell],
            self.step * self.slopes[cell + 1],
        );
        [
            f0,
            g0,
            3.0 * (f1 - f0) - 2.0 * g0 - g1,
            2.0 * (f0 - f1) + g0 + g1,
        ]
    }
}

/// W_1 in radians; the tokens as (angle in [0, 2π), weight), by angle. O(tokens + cells): most cells lie wholly above or below the median
/// of G, and there ∫|G − c| is a difference of sums; pieces are looked at only where G meets its median.
#[must_use]
pub fn wasserstein(sorted: &[(f64, f64)], density: &Density) -> f64 {
    let cumulative = Cumulative::of_density(density);
    let cells = cells(sorted, &cumulative);
    let level = median(&cells, sorted, &cumulative);
    let area = |cell: &Cell| {
        if cell.low >= level || cell.high <= level {
            return (cell.signed - level * cumulative.step).abs();
        }
        let mut sum = 0.0;
        each_piece(cell, sorted, &cumulative, |piece| {
            sum += piece.distance(&cumulative, level);
        });
        sum
    };
    of_each(&cells, sorted.len(), area).iter().sum()
}

/// What `f` makes of every cell, in their order; on the threads where there are many tokens.
fn of_each<R: Send>(cells: &[Cell], tokens: usize, f: impl Fn(&Cell) -> R + Sync + Send) -> Vec<R> {
    if tokens < SHARED_FROM {
        cells.iter().map(f).collect()
    } else {
        cells.par_iter().map(f).collect()
    }
}

/// A cell of the density's grid with its tokens.
struct Cell {
    index: usize,
    /// Its tokens in the sorted list.
    tokens: Range<usize>,
    /// Mass of the tokens before it.
    before: f64,
    /// ∫G over the cell.
    signed: f64,
    /// The least and the largest G at the ends of its pieces.
    low: f64,
    high: f64,
}

/// Stripes of the circle whose cells are added up on their own, from [`SHARED_FROM`] tokens on.
const STRIPES: usize = 32;

/// All cells, from the angle 0 on.
fn cells(sorted: &[(f64, f64)], cumulative: &Cumulative) -> Vec<Cell> {
    let cells = cumulative.values.len() - 1;
    let (mut first, mut mass) = (0, 0.0);
    let count = if sorted.len() < SHARED_FROM {
        1
    } else {
        STRIPES
    };
    let mut parts = Vec::with_capacity(count);
    for stripe in 0..count {
        let range = stripe * cells / count..(stripe + 1) * cells / count;
        let inside = if range.end == cells {
            sorted.len() - first
        } else {
            sorted[first..].partition_point(|t| t.0 / cumulative.step < range.end as f64)
        };
        let tokens = first..first + inside;
        let before = mass;
        mass = (sorted[tokens.clone()].iter()).fold(mass, |mass, token| mass + token.1);
        first += inside;
        parts.push((range, tokens, before));
    }
    if count == 1 {
        parts
            .into_iter()
            .flat_map(|(range, tokens, before)| stripe(sorted, cumulative, range, tokens, before))
            .collect()
    } else {
        parts
            .into_par_iter()
            .flat_map_iter(|(range, tokens, before)| {
                stripe(sorted, cumulative, range, tokens, before)
            })
            .collect()
    }
}

/// The cells of a stripe.
fn stripe(
    sorted: &[(f64, f64)],
    cumulative: &Cumulative,
    cells: Range<usize>,
    tokens: Range<usize>,
    mut mass: f64,
) -> Vec<Cell> {
    let mut list = Vec::with_capacity(cells.len());
    let mut next = tokens.start;
    for index in cells.clone() {
        let (start, before) = (next, mass);
        let cubic = cumulative.cubic(index);
        let [a, b, c, d] = cubic;
        // G from above and from below at the cell's ends and at every token
        let first = mass - a;
        let (mut low, mut high, mut from, mut steps) = (first, first, 0.0, 0.0);
        while next < tokens.end
            && (sorted[next].0 / cumulative.step < (index + 1) as f64 || index + 1 == cells.end)
        {
            let (angle, weight) = sorted[next];
            let s = (angle / cumulative.step - index as f64).clamp(from, 1.0);
            let value = a + s * (b + s * (c + s * d));
            let (under, over) = (mass - value, mass + weight - value);
            low = if under < low { under } else { low };
            high = if over > high { over } else { high };
            steps += weight * (1.0 - s);
            mass += weight;
            from = s;
            next += 1;
        }
        let last = mass - (a + b + c + d);
        list.push(Cell {
            index,
            tokens: start..next,
            before,
            signed: (before + steps) * cumulative.step
                - end(&cubic, 1.0).integral * cumulative.step,
            low: low.min(last),
            high: high.max(last),
        });
    }
    list
}

/// The grid's interval cut at the tokens and at the nodes.
fn pieces(sorted: &[(f64, f64)], cumulative: &Cumulative) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(cumulative.values.len() + sorted.len());
    let all = 0..cumulative.values.len() - 1;
    for cell in stripe(sorted, cumulative, all, 0..sorted.len(), 0.0) {
        each_piece(&cell, sorted, cumulative, |piece| pieces.push(piece));
    }
    pieces
}

/// The pieces of a cell.
fn each_piece(
    cell: &Cell,
    sorted: &[(f64, f64)],
    cumulative: &Cumulative,
    mut each: impl FnMut(Piece),
) {
    let cubic = cumulative.cubic(cell.index);
    let (mut from, mut tokens) = (end(&cubic, 0.0), cell.before);
    let ends = sorted[cell.tokens.clone()].iter().map(|(angle, weight)| {
        let share = angle / cumulative.step - cell.index as f64;
        (share, *weight)
    });
    for (share, weight) in ends.chain([(1.0, 0.0)]) {
        if share > from.share {
            let to = end(&cubic, share.min(1.0));
            each(Piece {
                tokens,
                cell: cell.index,
                from,
                to,
            });
            from = to;
        }
        tokens += weight;
    }
}

/// A c with |{G < c}| = π, by bisection: first between whole cells, then among the pieces of those it may lie in; G is taken linear on a
/// piece, since W_1 is flat to first order in c.
fn median(cells: &[Cell], sorted: &[(f64, f64)], cumulative: &Cumulative) -> f64 {
    let step = cumulative.step;
    let low = cells
        .iter()
        .fold(f64::INFINITY, |low, cell| low.min(cell.low));
    let high = (cells.iter()).fold(f64::NEG_INFINITY, |high, cell| high.max(cell.high));
    let length =
        |some: &dyn Fn(&Cell) -> bool| cells.iter().filter(|c| some(c)).count() as f64 * step;
    let half = 0.5 * TAU;
    // below `least` even all cells that reach under c are too few, from `most` on those wholly under it are enough
    let least = bisect(low, high, |c| length(&|cell| cell.low < c) < half).0;
    let most = bisect(least, high, |c| length(&|cell| cell.high <= c) < half).1;
    let spans = of_each(cells, sorted.len(), |cell| {
        let mut spans = Vec::new();
        if cell.high > least && cell.low < most {
            each_piece(cell, sorted, cumulative, |piece| {
                let (bottom, top) = piece.span();
                if bottom < most {
                    spans.push((bottom, top, piece.length(cumulative)));
                }
            });
        }
        spans
    });
    let mut spans: Vec<(f64, f64, f64)> = spans.into_iter().flatten().collect();
    // the length of what is surely below; what is surely above needs no counting
    let mut sure = length(&|cell| cell.high <= least);
    let (mut low, mut high) = (least, most);
    for _ in 0..BISECTIONS {
        let c = 0.5 * (low + high);
        let share = |&(bottom, top, length): &(f64, f64, f64)| {
            if c >= top {
                length
            } else if c <= bottom {
                0.0
            } else {
                length * (c - bottom) / (top - bottom)
            }
        };
        let below: f64 = spans.iter().map(share).sum();
        if sure + below < half {
            low = c;
        } else {
            high = c;
        }
        spans.retain(|&(bottom, top, length)| {
            if top <= low {
                sure += length;
            }
            top > low && bottom < high
        });
    }
    0.5 * (low + high)
}

/// Halvings until an interval is a rounding error of what it was.
const BISECTIONS: usize = 44;

/// The interval in which a condition that holds at small c ceases to.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> (f64, f64) {
    for _ in 0..BISECTIONS {
        let c = 0.5 * (low + high);
        if holds(c) {
            low = c;
        } else {
            high = c;
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Law;
    use crate::sphere::Domain;

    #[test]
    fn one_token_is_a_quarter_turn_from_the_uniform_law_and_n_equispaced_ones_a_quarter_step() {
        let uniform = Density::from_law(&Law::Uniform, Domain::Circle, 0, 0.0, 32).unwrap();
        for n in [1_usize, 2, 5, 64] {
            let share = 1.0 / n as f64;
            let sorted: Vec<_> = (0..n)
                .map(|j| (0.01 + TAU * share * j as f64, share))
                .collect();
            let distance = wasserstein(&sorted, &uniform);
            assert!(
                (distance - TAU / (4.0 * n as f64)).abs() < 1e-13,
                "n {n}: {distance}"
            );
        }
    }

    /// Every piece of the circle, and the median by bisection among all of them: the slow reference.
    fn by_all_pieces(sorted: &[(f64, f64)], density: &Density) -> f64 {
        let cumulative = Cumulative::of_density(density);
        let pieces = pieces(sorted, &cumulative);
        let below = |c: f64| {
            let share = |p: &Piece| {
                let (bottom, top) = p.span();
                let part = if top > bottom {
                    ((c - bottom) / (top - bottom)).clamp(0.0, 1.0)
                } else {
                    f64::from(u8::from(bottom < c))
                };
                part * p.length(&cumulative)
            };
            pieces.iter().map(share).sum::<f64>()
        };
        let (low, high) = bisect(-1.0, 1.0, |c| below(c) < 0.5 * TAU);
        let level = 0.5 * (low + high);
        pieces.iter().map(|p| p.distance(&cumulative, level)).sum()
    }

    #[test]
    fn whole_cells_give_what_all_pieces_give_on_any_number_of_threads() {
        let law = Law::VonMisesFisher {
            concentration: 1.5,
            mean: vec![0.6, 0.8],
        };
        let density = Density::from_law(&law, Domain::Circle, 0, 0.0, 40).unwrap();
        for count in [1, 2, 7, 300, 5000, 40_000] {
            let mut tokens: Vec<(f64, f64)> = law
                .sample(count, 2, 5)
                .angles()
                .iter()
                .enumerate()
                .map(|(i, angle)| (*angle, 1.0 + (i % 3) as f64))
                .collect();
            // some of them in one place
            tokens
                .iter_mut()
                .take(count / 5)
                .for_each(|token| token.0 = 3.0);
            let whole: f64 = tokens.iter().map(|token| token.1).sum();
            tokens.iter_mut().for_each(|token| token.1 /= whole);
            tokens.sort_by(|a, b| a.0.total_cmp(&b.0));
            let exact = by_all_pieces(&tokens, &density);
            let found = [1, 3].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| wasserstein(&tokens, &density))
            });
            assert_eq!(found[0], found[1]);
            assert!(
                (found[0] - exact).abs() < 1e-12,
                "{count}: {} {exact}",
                found[0]
            );
        }
    }

    #[test]
    fn turning_both_sides_changes_nothing() {
        let law = |turn: f64| Law::VonMisesFisher {
            concentration: 2.0,
            mean: vec![turn.cos(), turn.sin()],
        };
        let at = |turn: f64| {
            let mut sorted =
                [0.1_f64, 0.9, 2.0, 5.5].map(|t| (crate::sphere::geometry::wrap(t + turn), 0.25));
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            wasserstein(
                &sorted,
                &Density::from_law(&law(turn), Domain::Circle, 0, 0.0, 64).unwrap(),
            )
        };
        assert!((at(0.0) - at(2.345)).abs() < 1e-10);
    }
}
