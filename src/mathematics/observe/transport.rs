//! Exact Wasserstein-1 distance between tokens and a density on the circle or on an interval, cost = length.
//!
//! W_1 = min_c ∫ |G(θ) − c| dθ with G = F_tokens − F_density the difference of the cumulative functions; on the circle the
//! best c is a median of G, on an interval it is 0. Between two neighbouring breakpoints (tokens and nodes) F_tokens is constant and
//! F_density a cubic (`observe::cumulative`; 1e-10 of the distance and less for a density of the circle).
//!
//! O(tokens + cells): most cells lie wholly above or below c, and there ∫|G − c| is a difference of sums; pieces are looked at only where
//! G meets c. Stripes of cells are added up on their own and in order, hence the same bits on any number of threads.

use rayon::prelude::*;
use std::ops::Range;

use super::angular_order::{Masses, Sorted};
use super::cumulative::Cumulative;
use crate::machine::thresholds::SHARED_FROM;
use crate::measure::Density;
use crate::sphere::geometry::wrap;
use std::f64::consts::TAU;

/// W_1 in radians between tokens at angles in [0, 2π) and a density of the circle.
#[must_use]
pub fn wasserstein(tokens: &Sorted, density: &Density) -> f64 {
    around_circle(tokens, &Cumulative::of_density(density))
}

/// W_1 in radians between tokens at angles in [0, 2π) and a measure of the circle whose distribution function is straight between points
/// (angle, mass below), increasing in both, from the first angle on over one turn.
#[must_use]
pub(crate) fn wasserstein_to_line(tokens: &Sorted, line: &[(f64, f64)]) -> f64 {
    let cumulative = Cumulative::of_line(line);
    let start = cumulative.interval().0;
    let at = wrap(start);
    let first = (tokens.places).partition_point(|angle| *angle < at);
    // what `wrap` has taken off: the floor would not do just below a whole turn, where rounding wraps to zero
    let turns = TAU * ((start - at) / TAU).round();
    // those before the line's first angle come last, a turn on
    let (before, after) = tokens.places.split_at(first);
    let mut places = Vec::with_capacity(tokens.places.len());
    places.par_extend(after.par_iter().map(|angle| angle + turns));
    places.par_extend(before.par_iter().map(|angle| angle + (turns + TAU)));
    let masses = match &tokens.masses {
        Masses::Equal(mass) => Masses::Equal(*mass),
        Masses::Each(masses) => {
            let (before, after) = masses.split_at(first);
            Masses::Each([after, before].concat())
        }
    };
    around_circle(&Sorted { places, masses }, &cumulative)
}

/// W₁ between tokens and a line where both live on an interval, which the line spans.
#[must_use]
pub(crate) fn to_line_of_interval(tokens: &Sorted, line: &[(f64, f64)]) -> f64 {
    on_interval(tokens, &Cumulative::of_line(line))
}

fn around_circle(tokens: &Sorted, cumulative: &Cumulative) -> f64 {
    let cells = cells(tokens, cumulative);
    let level = median(&cells, tokens, cumulative);
    area(&cells, tokens, cumulative, level)
}

/// ∫|F_tokens − F| over the interval of F.
pub(super) fn on_interval(tokens: &Sorted, cumulative: &Cumulative) -> f64 {
    area(&cells(tokens, cumulative), tokens, cumulative, 0.0)
}

/// A cell of the density's grid with its tokens.
struct Cell {
    index: usize,
    /// Its tokens in the sorted list.
    tokens: Range<usize>,
    /// Mass of the tokens before it.
    before: f64,
    width: f64,
    /// ∫G over the cell.
    signed: f64,
    /// The least and the largest G at the ends of its pieces, and so anywhere in it where F increases.
    low: f64,
    high: f64,
}

/// Stripes of the interval, with about as many tokens each, from [`SHARED_FROM`] tokens on.
const STRIPES: usize = 32;

/// All cells, in order.
fn cells(tokens: &Sorted, cumulative: &Cumulative) -> Vec<Cell> {
    let (cells, count) = (cumulative.cells(), tokens.places.len());
    if count < SHARED_FROM {
        return stripe(tokens, cumulative, 0..cells, 0..count, 0.0);
    }
    let mut parts = Vec::with_capacity(STRIPES);
    let (mut node, mut first) = (0, 0);
    for stripe in 1..=STRIPES {
        let (end, last) = if stripe == STRIPES {
            (cells, count)
        } else {
            let end = cumulative.cell_at(tokens.places[stripe * count / STRIPES]);
            let inside = |place: &f64| cumulative.lies_before(*place, end);
            let last = tokens.places.partition_point(inside);
            (end.max(node), last.max(first))
        };
        parts.push((node..end, first..last));
        (node, first) = (end, last);
    }
    let sums: Vec<f64> = (parts.par_iter())
        .map(|(_, inside)| tokens.mass_between(inside.start, inside.end))
        .collect();
    let mut starts = vec![0.0];
    starts.extend(sums.iter().scan(0.0, |before, sum| {
        *before += sum;
        Some(*before)
    }));
    (parts.into_par_iter().zip(starts))
        .flat_map_iter(|((nodes, inside), mass)| stripe(tokens, cumulative, nodes, inside, mass))
        .collect()
}

/// The cells of a stripe that have a length.
fn stripe(
    tokens: &Sorted,
    cumulative: &Cumulative,
    cells: Range<usize>,
    inside: Range<usize>,
    mut mass: f64,
) -> Vec<Cell> {
    let mut list = Vec::with_capacity(cells.len());
    let mut next = inside.start;
    for index in cells.clone() {
        let width = cumulative.width(index);
        if width <= 0.0 {
            continue;
        }
        let (start, before) = (next, mass);
        let cubic = cumulative.cubic(index);
        // G from above and from below at the cell's ends and at every token
        let first = mass - cubic.value(0.0);
        let (mut low, mut high, mut steps) = (first, first, 0.0);
        let last = index + 1 == cells.end;
        while next < inside.end && (last || cumulative.lies_before(tokens.places[next], index + 1))
        {
            let weight = tokens.mass(next);
            let s = cumulative.share(tokens.places[next], index).clamp(0.0, 1.0);
            let value = cubic.value(s);
            let (under, over) = (mass - value, mass + weight - value);
            low = if under < low { under } else { low };
            high = if over > high { over } else { high };
            steps += weight * (1.0 - s);
            mass += weight;
            next += 1;
        }
        let end = mass - cubic.value(1.0);
        list.push(Cell {
            index,
            tokens: start..next,
            before,
            width,
            signed: (before + steps - cubic.integral(1.0)) * width,
            low: low.min(end),
            high: high.max(end),
        });
    }
    list
}

impl Cell {
    /// Where its pieces end, as shares of the cell, and the mass that is added there.
    fn ends(&self, tokens: &Sorted, cumulative: &Cumulative) -> impl Iterator<Item = (f64, f64)> {
        (self.tokens.clone())
            .map(|i| {
                (
                    cumulative.share(tokens.places[i], self.index).min(1.0),
                    tokens.mass(i),
                )
            })
            .chain([(1.0, 0.0)])
    }

    /// The span of every piece.
    fn each_piece(&self, tokens: &Sorted, cumulative: &Cumulative, mut each: impl FnMut(Span)) {
        let cubic = cumulative.cubic(self.index);
        let (mut from, mut value, mut mass) = (0.0, cubic.value(0.0), self.before);
        for (to, weight) in self.ends(tokens, cumulative) {
            if to > from {
                let next = cubic.value(to);
                let (a, b) = (mass - value, mass - next);
                let (bottom, top) = if a < b { (a, b) } else { (b, a) };
                each((bottom, top, (to - from) * self.width));
                (from, value) = (to, next);
            }
            mass += weight;
        }
    }

    /// ∫|G − c| over its pieces.
    fn area_by_pieces(&self, tokens: &Sorted, cumulative: &Cumulative, c: f64) -> f64 {
        let cubic = cumulative.cubic(self.index);
        let (mut from, mut level, mut sum) = (0.0, self.before - c, 0.0);
        let (mut value, mut integral) = (cubic.value(0.0), 0.0);
        for (to, weight) in self.ends(tokens, cumulative) {
            if to > from {
                let (next, further) = (cubic.value(to), cubic.integral(to));
                sum += if (value < level) == (next < level) {
                    (level * (to - from) - (further - integral)).abs()
                } else {
                    let s = cubic.crossing(from, to, level);
                    let middle = cubic.integral(s);
                    (level * (s - from) - (middle - integral)).abs()
                        + (level * (to - s) - (further - middle)).abs()
                };
                (from, value, integral) = (to, next, further);
            }
            level += weight;
        }
        sum * self.width
    }
}

/// ∫|G − c|: by sums where G keeps to one side of c, by pieces elsewhere.
fn area(cells: &[Cell], tokens: &Sorted, cumulative: &Cumulative, c: f64) -> f64 {
    let area = |cell: &Cell| {
        if cell.low >= c || cell.high <= c {
            (cell.signed - c * cell.width).abs()
        } else {
            cell.area_by_pieces(tokens, cumulative, c)
        }
    };
    of_each(cells, tokens, area).iter().sum()
}

/// What `f` makes of every cell, in their order; on the threads where there are many tokens.
fn of_each<R: Send>(
    cells: &[Cell],
    tokens: &Sorted,
    f: impl Fn(&Cell) -> R + Sync + Send,
) -> Vec<R> {
    if tokens.places.len() < SHARED_FROM {
        cells.iter().map(f).collect()
    } else {
        cells.par_iter().map(f).collect()
    }
}

/// A c with |{G < c}| = |{G > c}|: between whole cells by halving, then in a histogram of the pieces of those it may lie in, then among the
/// pieces of one bin by halving; G is taken linear on a piece, since W_1 is flat to first order in c.
fn median(cells: &[Cell], tokens: &Sorted, cumulative: &Cumulative) -> f64 {
    let low = (cells.iter()).fold(f64::INFINITY, |low, cell| low.min(cell.low));
    let high = (cells.iter()).fold(f64::NEG_INFINITY, |high, cell| high.max(cell.high));
    let length = |some: &dyn Fn(&Cell) -> bool| -> f64 {
        (cells.iter().filter(|c| some(c)).map(|cell| cell.width)).sum()
    };
    let half = 0.5 * cumulative.interval().1;
    // below `least` even all cells that reach under c are too few, from `most` on those wholly under it are enough
    let least = bisect(ROUGHLY, (low, high), |c| {
        length(&|cell| cell.low < c) < half
    })
    .0;
    let most = bisect(ROUGHLY, (least, high), |c| {
        length(&|cell| cell.high <= c) < half
    })
    .1;
    let surely_below = length(&|cell| cell.high <= least);
    let meets = |cell: &Cell| cell.high > least && cell.low < most;
    let within: Vec<&Cell> = cells.iter().filter(|cell| meets(cell)).collect();
    let bins = Bins::new(least, most);
    let (least, most) = bins.narrowed(&within, tokens, cumulative, half - surely_below);
    // what is surely above needs no counting
    let found: Vec<(f64, Vec<Span>)> = (within.par_iter().with_min_len(FEW_CELLS))
        .map(|cell| {
            let (mut below, mut spans) = (0.0, Vec::new());
            cell.each_piece(tokens, cumulative, |(bottom, top, length)| {
                if top <= least {
                    below += length;
                } else if bottom < most {
                    spans.push((bottom, top, length));
                }
            });
            (below, spans)
        })
        .collect();
    let sure = surely_below + found.iter().map(|(below, _)| below).sum::<f64>();
    let spans = found.into_iter().flat_map(|(_, spans)| spans).collect();
    among(spans, (least, most), sure, half)
}

/// Cells that are not worth a second thread.
const FEW_CELLS: usize = 64;

/// The smaller and the larger value of G at the ends of a piece, and its length.
type Span = (f64, f64, f64);

/// The c in an interval with a length of `half` below it: `sure` and what the pieces have below.
fn among(mut spans: Vec<Span>, (mut low, mut high): (f64, f64), mut sure: f64, half: f64) -> f64 {
    for _ in 0..BISECTIONS {
        let c = 0.5 * (low + high);
        let below: f64 = spans.iter().map(|span| below(*span, c)).sum();
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

/// How much of a piece lies below c.
fn below((bottom, top, length): Span, c: f64) -> f64 {
    if c >= top {
        length
    } else if c <= bottom {
        0.0
    } else {
        length * (c - bottom) / (top - bottom)
    }
}

/// Halvings until an interval is a rounding error of what it was.
const BISECTIONS: usize = 44;

/// Halvings that choose the cells to be looked at.
const ROUGHLY: usize = 10;

/// The interval in which a condition that holds at small c ceases to.
fn bisect(
    halvings: usize,
    (mut low, mut high): (f64, f64),
    holds: impl Fn(f64) -> bool,
) -> (f64, f64) {
    for _ in 0..halvings {
        let c = 0.5 * (low + high);
        if holds(c) {
            low = c;
        } else {
            high = c;
        }
    }
    (low, high)
}

/// Equal bins of an interval of values of G.
struct Bins {
    least: f64,
    width: f64,
    /// Bins in a unit.
    inverse: f64,
}

const BINS: usize = 256;
/// One bin below the interval and one above.
type Histogram = [f64; BINS + 2];

impl Bins {
    fn new(least: f64, most: f64) -> Self {
        let width = (most - least) / BINS as f64;
        Self {
            least,
            width,
            inverse: 1.0 / width,
        }
    }

    fn edge(&self, bin: usize) -> f64 {
        self.least + self.width * (bin as f64 - 1.0)
    }

    fn bin(&self, value: f64) -> usize {
        let bin = (value - self.least) * self.inverse + 1.0;
        (bin.max(0.0) as usize).min(BINS + 1)
    }

    /// Adds a piece's length where its values lie.
    fn add(&self, histogram: &mut Histogram, (bottom, top, length): Span) {
        let (first, last) = (self.bin(bottom), self.bin(top));
        if first == last {
            histogram[first] += length;
            return;
        }
        let mut passed = 0.0;
        for (bin, slot) in (first..last).zip(&mut histogram[first..last]) {
            let up_to = below((bottom, top, length), self.edge(bin + 1));
            *slot += up_to - passed;
            passed = up_to;
        }
        histogram[last] += length - passed;
    }

    /// The bin in which the length below reaches `wanted`.
    fn narrowed(
        &self,
        cells: &[&Cell],
        tokens: &Sorted,
        cumulative: &Cumulative,
        wanted: f64,
    ) -> (f64, f64) {
        let all = (self.edge(1), self.edge(BINS + 1));
        if self.width.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return all;
        }
        let parts: Vec<Histogram> = (cells.par_chunks(FEW_CELLS))
            .map(|cells| {
                let mut histogram = [0.0; BINS + 2];
                for cell in cells {
                    cell.each_piece(tokens, cumulative, |span| self.add(&mut histogram, span));
                }
                histogram
            })
            .collect();
        let mut sum = 0.0;
        let reached = (0..BINS + 2).find(|bin| {
            sum += parts.iter().map(|part| part[*bin]).sum::<f64>();
            sum >= wanted
        });
        match reached {
            Some(bin @ 1..=BINS) => (self.edge(bin), self.edge(bin + 1)),
            // rounding at an end of the interval
            _ => all,
        }
    }
}

#[cfg(test)]
mod tests;
