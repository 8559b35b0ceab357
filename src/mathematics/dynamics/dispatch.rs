//! The dispatch rule: which way a drift is computed, in what blocks and on how many threads, from n, d, β and the accuracy asked for.
//!
//! | tokens | way | cost | from |
//! |---|---|---|---|
//! | any | all pairs, [`crate::dynamics::all_pairs`]: abreast up to d = [`ABREAST_UP_TO`], above in tiles, up to [`FEW`] in one pass | n²d | always right |
//! | circle | the series, [`crate::dynamics::series`] | nK | [`SERIES_FROM`]·K |
//! | circle | the series in cells, [`crate::dynamics::circle_cells::sums`], by angles | n | [`BINNED_FROM`] |
//! | circle, one field for all | whole steps by nodes, [`crate::dynamics::circle_cells::flow_map`] | 2n a step | [`TOKENS_PER_NODE`] a node |
//! | S² | the series of K² harmonics | nK² | [`SPHERE_SERIES_FROM`]·K² |
//! | circle, the field | transforms of the grid; Z and its slope by cells from [`POINTS_PER_CELL`] points a cell | N log N | any |
//! | S², the field | [`crate::sphere::legendre`] and [`crate::sphere::parallels`], orders in pairs for 16 northern latitudes, a latitude at a time for lengths with a prime above 31 | L³ | any |
//! | merging | all pairs in the tangent space, [`crate::dynamics::tangent`] | n²d | up to [`TANGENT_UP_TO`] |
//!
//! with K ≈ 20 + 6√β degrees. For (SA) the series is taken only for tokens whose potential is at least [`LEAST_POTENTIAL`]; the others
//! are summed over all pairs, and the run counts how often that was. Threads take what is shared out in blocks whose number depends on n
//! alone: no result depends on how many threads there are. The vector instructions are chosen at run time (`pulp`).
//!
//! A constant says on what it was calibrated; "measured" is one core with AVX-512 (Zen 4), ratios within 20 % of those with AVX2.

/// How many tokens a degree of the series must stand against before it is used: a degree costs a token as much as 0.6 to 1 pair, moments and
/// evaluation together (measured for β = 1, 9, 40 with AVX-512 on a Zen 4, on one and two threads: `cargo bench -- rule`).
pub(crate) const SERIES_FROM: usize = 1;
/// From so many tokens on the circle on the series is summed in cells (measured in whole runs of 2048 and 3000 tokens: cells take 1.2 of
/// the time at β = 1 and 0.9 at β = 9; one drift of 4096 tokens by vectors takes the same either way at β = 9).
pub(crate) const BINNED_FROM: usize = 4096;
/// Tokens that a node must stand for at least, or they take their own stages (measured: a stage costs a node as much as a token; a step
/// of 12 stages then costs a third).
pub(crate) const TOKENS_PER_NODE: usize = 4;
/// On S² the series is used from this many tokens a harmonic on (measured as [`SERIES_FROM`]: a token costs as much as 0.3 to 0.47 K² pairs).
pub(crate) const SPHERE_SERIES_FROM: f64 = 0.4;
/// Measured rounding of the series in Z e^{−β}, absolute, over sweeps of n and β (largest seen 6e-16).
const SERIES_ROUNDING: f64 = 1e-15;
/// The relative accuracy of the drift that is asked of the series.
const ACCURACY: f64 = 1e-11;
/// Below this Ze^{−|β|} the series has not the digits that are asked of a softmax.
pub(crate) const LEAST_POTENTIAL: f64 = SERIES_ROUNDING / ACCURACY;

/// Most tokens that move by tangent pairs (a quarter above S², where these are slower): with more of them left, the fast
/// motion is not over.
pub(crate) const TANGENT_UP_TO: usize = 1024;

/// Up to this dimension tokens go abreast (measured: at d = 8 tiles are a third faster, at d = 4 half as fast).
pub(crate) const ABREAST_UP_TO: usize = 4;
/// So many tokens are few: the matrix of their pairs takes 32 KB, a first-level cache's worth.
pub(crate) const FEW: usize = 64;
/// Below this many pair–coordinate products the threads cost more than they bring (calibrated at 2 threads: 0.2 ms of work).
const PARALLEL_PAIRS: usize = 1 << 19;
/// Tokens of a block are a multiple of so many where they go abreast, and in tiles at least so many if there are enough.
const BLOCK: usize = 64;
/// Tokens of a tile at most: 128×128 inner products are 128 KB, a second-level cache's worth (measured: faer reaches 97 % of its
/// best rate at 128, 90 % at 64).
const TILE: usize = 128;
/// Blocks of tokens that go abreast, if there are enough tokens: games for 16 threads a round.
const BLOCKS: usize = 32;

/// Points in a cell from which on Z and its slope on a grid of the circle are evaluated as polynomials instead of transformed (measured:
/// at 4 they cost the same, at 64 a quarter).
pub(crate) const POINTS_PER_CELL: usize = 8;

/// Which way the drift is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// All pairs.
    Direct,
    /// Moments and multipliers.
    Spectral,
    /// All pairs, term by term in the tangent space.
    Tangent,
    /// All pairs of a general system ([`crate::dynamics::general`]).
    General,
}

/// The path to try first for n tokens of a plain system whose kernel has so many degrees.
#[must_use]
pub(crate) fn preferred(dimension: usize, degrees: usize, count: usize) -> Path {
    let spectral = match dimension {
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

/// Whether tokens that are merged as they meet go by tangent pairs.
#[must_use]
pub(crate) fn by_tangents(count: usize, dimension: usize) -> bool {
    count <= TANGENT_UP_TO / if dimension <= 3 { 1 } else { 4 }
}

/// Tokens of a block for all pairs.
#[must_use]
pub(crate) fn block(count: usize, dimension: usize) -> usize {
    if dimension <= ABREAST_UP_TO {
        // of less than two strips the sums at the ends of a strip cost more (measured at 1024 tokens: 4 % of the time)
        return (count / BLOCKS).next_multiple_of(BLOCK).max(2 * BLOCK);
    }
    let block = (count / 8).next_multiple_of(16).clamp(BLOCK, TILE);
    block.min(count.max(1))
}

/// Whether all pairs are shared among threads.
#[must_use]
pub(crate) fn pairs_in_parallel(count: usize, dimension: usize) -> bool {
    count * count * dimension >= PARALLEL_PAIRS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_takes_the_series_where_it_is_cheaper_and_all_pairs_elsewhere() {
        let path = |dimension, beta, count| {
            let degrees = crate::dynamics::Kernel::new(dimension, beta).degree() + 1;
            preferred(dimension, degrees, count)
        };
        assert_eq!(path(2, 4.0, 24), Path::Direct);
        assert_eq!(path(2, 40.0, 48), Path::Direct);
        assert_eq!(path(2, 9.0, 64), Path::Spectral);
        assert_eq!(path(2, 9.0, 128), Path::Spectral);
        assert_eq!(path(2, 4.0, 256), Path::Spectral);
        assert_eq!(path(2, 1e4, 500), Path::Direct);
        assert_eq!(path(3, 4.0, 64), Path::Direct);
        assert_eq!(path(3, 9.0, 256), Path::Direct);
        assert_eq!(path(3, 4.0, 1024), Path::Spectral);
        assert_eq!(path(16, 4.0, 1 << 20), Path::Direct);
        assert!(by_tangents(1024, 3) && !by_tangents(1024, 4));
    }

    #[test]
    fn blocks_depend_on_the_tokens_alone_and_fit_the_caches() {
        assert_eq!(
            [block(1, 2), block(1000, 3), block(16_384, 2)],
            [128, 128, 512]
        );
        assert_eq!(
            [block(1, 16), block(300, 16), block(1 << 20, 128)],
            [1, 64, 128]
        );
        assert!(!pairs_in_parallel(256, 4) && pairs_in_parallel(1024, 2));
    }
}
