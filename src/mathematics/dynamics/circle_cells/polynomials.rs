//! The field of few modes on the circle as one polynomial a cell: what tokens ([`super::sums`]) and a density on a fine grid
//! ([`crate::dynamics::CircleMeanField`]) evaluate alike.
//!
//! On the cell c of half width h around φ_c = 2πc/N_c, with u = (θ − φ_c)/h ∈ [−1, 1], e^{ikhu} = Σ_p i^p c_p(kh) u^p:
//! Chebyshev's series e^{iαu} = J_0(α) + 2Σ_m i^m J_m(α) T_m(u), cut off after T_7 and written in powers. So for coefficients f_k
//!
//! Σ_k f_k e^{ikθ} = Σ_p u^p Σ_k f_k i^p c_p(kh) e^{ikφ_c},
//!
//! one transform of N_c points a power. What is cut off is Σ_k |f_k|·2Σ_{m≥8}|J_m(kh)|; there are as many cells as bring that below
//! 3e-16, about 60√β. (Taylor's series would need twice the order for the same cells.)

mod lanes;

use crate::dynamics::transport::Transport;
use std::f64::consts::{PI, TAU};

use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

use crate::dynamics::Kernel;
use crate::machine::aligned::AlignedVec;
use crate::sphere::{CirclePlan, Complex};

/// Powers of the local coordinate in a cell: a cache line.
pub(super) const POWERS: usize = 8;
/// What the cut-off series may miss of Ze^{−β} and of its slope, for a mass of one.
const CUT_OFF: f64 = 3e-16;
/// Complex numbers between two rows of a table of cells: rows whose lengths are powers of two would all meet in the same lines of the cache.
const APART: usize = 4;
/// Fewest cells.
const FEWEST: usize = 64;

/// The moments Σ w u^p of one cell, or one polynomial.
pub(super) type LocalPowers = [f64; POWERS];
/// Two polynomials side by side: Z_0, s_0, Z_1, s_1, …
pub(super) type PolynomialPair = [f64; 2 * POWERS];

/// From the moments of cells to Fourier's: Σ_j w_j e^{ikθ_j} = Σ_p i^p c_p(kh) Σ_c e^{ikφ_c} Σ_{j∈c} w_j u_j^p.
#[derive(Debug, Clone)]
pub(crate) struct CellMoments {
    plan: CirclePlan,
    degree: usize,
    /// c_p(kh) for every p and k.
    sizes: Vec<f64>,
    column: Vec<f64>,
}

impl CellMoments {
    /// For degrees up to `degree`.
    #[must_use]
    pub(crate) fn new(degree: usize, cells: usize) -> Self {
        Self {
            plan: CirclePlan::new(cells),
            degree,
            sizes: sizes(degree, cells),
            column: vec![0.0; cells],
        }
    }

    /// `moments`_k ← `mass` Σ_j w_j e^{ikθ_j} from the cells' Σ w u^p.
    pub(crate) fn transform(&mut self, cells: &[LocalPowers], mass: f64, moments: &mut [Complex]) {
        moments.fill(Complex::default());
        let mass = cells.len() as f64 * mass;
        for (p, sizes) in self.sizes.chunks_exact(self.degree + 1).enumerate() {
            (self.column.iter_mut().zip(cells)).for_each(|(slot, cell)| *slot = cell[p] * mass);
            self.plan.analysis(&self.column, self.degree, |k, c| {
                moments[k] += turn(c.conj() * sizes[k], p);
            });
        }
    }
}

/// Z e^{−β} and (1/β)∂_θZ e^{−β} by cells.
#[derive(Clone)]
pub(crate) struct CellField {
    degree: usize,
    /// For every p and k what multiplies i^p f_k at the degrees k and −k: one transform makes Z_p + i s_p.
    factors: Vec<[f64; 2]>,
    inverse: Arc<dyn Fft<f64>>,
    spectrum: Vec<Complex>,
    values: AlignedVec<Complex>,
    scratch: Vec<Complex>,
    /// u of the points of a grid in a cell, where there is one: the cell c then has the points c·width, … and its centre among them.
    local: AlignedVec<f64>,
    /// e^{ikφ_0}, φ_0 the centre of the first cell.
    first: Vec<Complex>,
    shifted: Vec<Complex>,
    pub(super) polynomials: Vec<PolynomialPair>,
}

impl std::fmt::Debug for CellField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CellField").finish_non_exhaustive()
    }
}

impl CellField {
    /// For a kernel, on so many cells.
    #[must_use]
    pub(crate) fn new(kernel: &Kernel, cells: usize) -> Self {
        let degree = kernel.degree();
        let inverse = FftPlanner::new().plan_fft_inverse(cells);
        // Z_k = i^p f_k a and s_k = i^{p+1} f_k b, hence Z_k + is_k = i^p f_k (a − b), and at −k the conjugate's (a + b)
        let factor = |k: usize, size: f64| {
            let (a, b) = (kernel.potential[k], k as f64 * kernel.over_beta[k]);
            [size * (a - b), size * (a + b)]
        };
        Self {
            degree,
            factors: (sizes(degree, cells).chunks_exact(degree + 1))
                .flat_map(|sizes| sizes.iter().enumerate().map(|(k, size)| factor(k, *size)))
                .collect(),
            spectrum: vec![Complex::default(); POWERS * (cells + APART)],
            values: AlignedVec::new(POWERS * (cells + APART)),
            scratch: vec![Complex::default(); inverse.get_immutable_scratch_len()],
            inverse,
            local: AlignedVec::new(0),
            first: vec![Complex::new(1.0, 0.0); degree + 1],
            shifted: vec![Complex::default(); degree + 1],
            polynomials: vec![[0.0; 2 * POWERS]; cells],
        }
    }

    /// The polynomials of every cell for a grid with `width` points in a cell.
    #[must_use]
    pub(crate) fn on_grid(kernel: &Kernel, cells: usize, width: usize) -> Self {
        let middle = 0.5 * (width as f64 - 1.0);
        let place = |r: usize| 2.0 * (r as f64 - middle) / width as f64;
        let centre = TAU * middle / (cells * width) as f64;
        let turn = |k: usize| Complex::from_polar(1.0, k as f64 * centre);
        Self {
            // vectors are filled up with the last point
            local: AlignedVec::of((0..width.next_multiple_of(8)).map(|r| place(r.min(width - 1)))),
            first: (0..=kernel.degree()).map(turn).collect(),
            ..Self::new(kernel, cells)
        }
    }

    /// The field of a density with Fourier coefficients `coefficient`(k) up to `degree`, as a grid reads it: power by power.
    pub(crate) fn set(&mut self, degree: usize, coefficient: impl Fn(usize) -> Complex) {
        let cells = self.polynomials.len();
        self.shifted.fill(Complex::default());
        for (k, (f, turn)) in
            (self.shifted.iter_mut().zip(&self.first).enumerate()).take(degree + 1)
        {
            *f = coefficient(k) * turn;
        }
        let rows = (self.spectrum.chunks_exact_mut(cells + APART))
            .zip(self.values.chunks_exact_mut(cells + APART))
            .zip(self.factors.chunks_exact(self.degree + 1));
        for (p, ((row, values), factors)) in rows.enumerate() {
            // what lies between the degrees K and −K stays zero
            let (ahead, behind) = row[..cells].split_at_mut(self.degree + 1);
            let entries = self.shifted.iter().zip(factors).zip(ahead);
            for ((f, [up, _]), slot) in entries {
                *slot = turn(*f, p) * up;
            }
            let entries = self.shifted[1..].iter().zip(&factors[1..]);
            for ((f, [_, down]), slot) in entries.zip(behind.iter_mut().rev()) {
                *slot = turn(*f, p).conj() * down;
            }
            let (row, values) = (&row[..cells], &mut values[..cells]);
            (self.inverse).process_immutable_with_scratch(row, values, &mut self.scratch);
        }
    }

    /// Sets the polynomials from Fourier coefficients, laid out as tokens read them: cell by cell.
    pub(super) fn set_cells(&mut self, degree: usize, coefficient: impl Fn(usize) -> Complex) {
        self.set(degree, coefficient);
        let cells = self.polynomials.len();
        for (c, cell) in self.polynomials.iter_mut().enumerate() {
            for (p, pair) in cell.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let value = self.values[p * (cells + APART) + c];
                *pair = [value.re, value.im];
            }
        }
    }

    /// On the grid of `density.len()` points θ_j = 2πj/N that this was made for: `flux`_j ← v_j·`density`_j with the velocity
    /// v, which is left in `kept` with the potential, where these are asked for. Returns max |v|.
    pub(crate) fn carry(
        &self,
        transport: Transport,
        density: &[f64],
        flux: &mut [f64],
        kept: Option<[&mut [f64]; 2]>,
    ) -> f64 {
        crate::machine::registers::arch().dispatch(lanes::OnGrid {
            powers: &self.values,
            local: &self.local,
            width: density.len() / self.polynomials.len(),
            transport,
            density,
            flux,
            kept,
        })
    }

    /// The largest potential at the centres.
    #[must_use]
    pub(crate) fn largest_potential(&self) -> f64 {
        let constants = &self.values[..self.polynomials.len()];
        constants.iter().fold(0.0, |top, c| top.max(c.re))
    }
}

/// i^p z.
#[inline(always)]
fn turn(z: Complex, p: usize) -> Complex {
    match p % 4 {
        0 => z,
        1 => Complex::new(-z.im, z.re),
        2 => -z,
        _ => Complex::new(z.im, -z.re),
    }
}

/// The fewest cells, a power of two, that keep what is cut off below 3e-16 of a mass of one.
#[must_use]
pub(crate) fn enough_cells(kernel: &Kernel) -> usize {
    let degree = kernel.degree();
    let missed = |cells: usize| -> f64 {
        (1..=degree)
            .map(|k| {
                let slope = k as f64 * kernel.over_beta[k].abs();
                let size = 2.0 * kernel.potential[k].abs().max(slope);
                // 2|J_8(α)| ≤ 2(α/2)^8/8!, and the further terms are less than that again
                let reach = k as f64 * PI / cells as f64;
                size * (4.0 * (reach / 2.0).powi(8) / 40_320.0).min(2.0)
            })
            .sum()
    };
    let mut cells = FEWEST.max((2 * degree + 2).next_power_of_two());
    while missed(cells) > CUT_OFF {
        cells *= 2;
    }
    cells
}

/// c_p(kh) for every p and every k up to `degree`.
fn sizes(degree: usize, cells: usize) -> Vec<f64> {
    let half = PI / cells as f64;
    let powers: Vec<LocalPowers> = (0..=degree).map(|k| powers_of(k as f64 * half)).collect();
    (0..POWERS)
        .flat_map(|p| powers.iter().map(move |powers| powers[p]))
        .collect()
}

/// c_p(α), p < 8: e^{iαu} = J_0(α) + 2Σ_m i^m J_m(α) T_m(u), cut off at T_7, is Σ_p i^p c_p(α) u^p.
fn powers_of(alpha: f64) -> LocalPowers {
    // Bessel's integral by the trapezoidal rule, which is exact here
    let bessel = |m: usize| -> f64 {
        let term = |q: i32| {
            let tau = TAU * f64::from(q) / 64.0;
            (m as f64 * tau - alpha * tau.sin()).cos()
        };
        (0..64).map(term).sum::<f64>() / 64.0
    };
    // i^m against i^p
    let mut powers = [0.0; POWERS];
    for m in 0..POWERS {
        let mut alone = [0.0; POWERS];
        alone[m] = if m == 0 { 1.0 } else { 2.0 } * bessel(m);
        for (p, power) in powers_of_chebyshev(&alone).iter().enumerate() {
            let sign = if m.abs_diff(p) % 4 == 0 { 1.0 } else { -1.0 };
            powers[p] += sign * power;
        }
    }
    powers
}

/// Σ_m a_m T_m(u) in powers of u, by T_{m+1} = 2uT_m − T_{m−1}.
pub(super) fn powers_of_chebyshev(a: &LocalPowers) -> LocalPowers {
    let mut powers = [0.0; POWERS];
    let (mut before, mut here) = ([0.0; POWERS], [0.0; POWERS]);
    here[0] = 1.0;
    for (m, a) in a.iter().enumerate() {
        (powers.iter_mut().zip(&here)).for_each(|(sum, t)| *sum += a * t);
        let mut next = before.map(|t: f64| -t);
        for p in 1..POWERS {
            next[p] += if m == 0 { 1.0 } else { 2.0 } * here[p - 1];
        }
        (before, here) = (here, next);
    }
    powers
}
