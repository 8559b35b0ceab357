//! The field of few modes on the circle as one polynomial a cell: what tokens ([`super::binned`]) and a density on a fine grid
//! ([`super::CircleMeanField`]) evaluate alike.
//!
//! On the cell c of half width h around φ_c = 2πc/N_c, with u = (θ − φ_c)/h ∈ [−1, 1], e^{ikhu} = Σ_p i^p c_p(kh) u^p:
//! Chebyshev's series e^{iαu} = J_0(α) + 2Σ_m i^m J_m(α) T_m(u), cut off after T_7 and written in powers. So for coefficients f_k
//!
//! Σ_k f_k e^{ikθ} = Σ_p u^p Σ_k f_k i^p c_p(kh) e^{ikφ_c},
//!
//! one transform of N_c points a power. What is cut off is Σ_k |f_k|·2Σ_{m≥8}|J_m(kh)|; there are as many cells as bring that below
//! 3e-16, about 60√β. (Taylor's series would need twice the order for the same cells.)

use std::f64::consts::{PI, TAU};

use pulp::{Simd, WithSimd};

use super::Kernel;
use crate::sphere::{CirclePlan, Complex};

/// Powers of the local coordinate in a cell: a cache line.
pub(super) const ORDER: usize = 8;
/// What the cut-off series may miss of Ze^{−β} and of its slope, for a mass of one.
const CUT_OFF: f64 = 3e-16;
/// Fewest cells.
const FEWEST: usize = 64;

/// The moments Σ w u^p of one cell, or one polynomial.
pub(super) type Moments = [f64; ORDER];
/// Two polynomials side by side: Z_0, s_0, Z_1, s_1, …
pub(super) type Pair = [f64; 2 * ORDER];

/// Z e^{−β} and (1/β)∂_θZ e^{−β} by cells.
pub struct CellField {
    plan: CirclePlan,
    degree: usize,
    /// c_p(kh) for every p and k.
    sizes: Vec<f64>,
    column: Vec<f64>,
    /// u of the points of a grid in a cell, where there is one.
    local: Vec<f64>,
    pub(super) polynomials: Vec<Pair>,
}

impl CellField {
    /// For a kernel, on so many cells.
    #[must_use]
    pub fn new(kernel: &Kernel, cells: usize) -> Self {
        Self::of_degree(kernel.degree(), cells)
    }

    /// For degrees up to `degree`.
    #[must_use]
    pub fn of_degree(degree: usize, cells: usize) -> Self {
        let half = PI / cells as f64;
        let powers: Vec<Moments> = (0..=degree).map(|k| powers_of(k as f64 * half)).collect();
        Self {
            plan: CirclePlan::new(cells),
            degree,
            sizes: (0..ORDER)
                .flat_map(|p| powers.iter().map(move |powers| powers[p]))
                .collect(),
            column: vec![0.0; cells],
            local: Vec::new(),
            polynomials: vec![[0.0; 2 * ORDER]; cells],
        }
    }

    /// The same for a grid with so many points in a cell.
    #[must_use]
    pub fn on_grid(kernel: &Kernel, cells: usize, width: usize) -> Self {
        let place = |r: usize| 2.0 * (r as f64 - (width / 2) as f64) / width as f64;
        Self {
            local: (0..width).map(place).collect(),
            ..Self::new(kernel, cells)
        }
    }

    /// Adds to Σ_j w_j e^{ikθ_j} what the moments p of the cells contribute (`column`, times the number of cells).
    pub fn add_moments(&mut self, p: usize, column: &[f64], moments: &mut [Complex]) {
        let sizes = &self.sizes[p * (self.degree + 1)..];
        self.plan.analysis(column, self.degree, |k, c| {
            moments[k] += turn(c.conj() * sizes[k], p);
        });
    }

    /// The field of a density with Fourier coefficients `coefficient`(k) up to `degree`, at most the kernel's.
    pub fn set(&mut self, kernel: &Kernel, degree: usize, coefficient: impl Fn(usize) -> Complex) {
        for p in 0..ORDER {
            let sizes = &self.sizes[p * (self.degree + 1)..];
            let column = &mut self.column;
            let potential = |k: usize| turn(coefficient(k) * (kernel.potential[k] * sizes[k]), p);
            self.plan.synthesis(degree, potential, column);
            (self.polynomials.iter_mut().zip(&*column)).for_each(|(cell, v)| cell[2 * p] = *v);
            let slope = |k: usize| {
                turn(
                    coefficient(k) * (k as f64 * kernel.over_beta[k] * sizes[k]),
                    p + 1,
                )
            };
            self.plan.synthesis(degree, slope, column);
            (self.polynomials.iter_mut().zip(&*column)).for_each(|(cell, v)| cell[2 * p + 1] = *v);
        }
    }

    /// On the grid of `flux.len()` points θ_j = 2πj/N that this was made for: `flux`_j ← v_j·flux_j with the velocity
    /// v, which is left in `velocity`, and the potential in `potential`. Returns max |v|.
    pub fn carry(
        &self,
        how: How,
        flux: &mut [f64],
        velocity: &mut [f64],
        potential: &mut [f64],
    ) -> f64 {
        pulp::Arch::new().dispatch(OnGrid {
            polynomials: &self.polynomials,
            local: &self.local,
            how,
            flux,
            velocity,
            potential,
        })
    }

    /// The largest potential at the centres.
    #[must_use]
    pub fn largest_potential(&self) -> f64 {
        (self.polynomials.iter()).fold(0.0, |top, cell| top.max(cell[0]))
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

/// From the field to the velocity.
#[derive(Clone, Copy)]
pub struct How {
    /// What multiplies the slope.
    pub scale: f64,
    /// Whether the potential divides it, which then counts as at least
    pub softmax: bool,
    /// this much.
    pub floor: f64,
}

struct OnGrid<'a> {
    polynomials: &'a [Pair],
    /// u of the points in a cell.
    local: &'a [f64],
    how: How,
    flux: &'a mut [f64],
    velocity: &'a mut [f64],
    potential: &'a mut [f64],
}

impl WithSimd for OnGrid<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let points = self.flux.len();
        let (cells, width) = (self.polynomials.len(), self.local.len());
        let mut fastest = simd.splat_f64s(0.0);
        // points j = c·width + r − width/2 of cell c: those of the first half of cell 0 are at the end of the grid
        for c in 0..=cells {
            let (skip, start) = match (c * width).checked_sub(width / 2) {
                Some(start) => (0, start),
                None => (width / 2, 0),
            };
            let range = start..(start + width - skip).min(points);
            let cell = &self.polynomials[c % cells];
            let u = S::as_simd_f64s(&self.local[skip..skip + range.len()]);
            let flux = S::as_mut_simd_f64s(&mut self.flux[range.clone()]);
            let velocity = S::as_mut_simd_f64s(&mut self.velocity[range.clone()]);
            let potential = S::as_mut_simd_f64s(&mut self.potential[range]);
            for (((flux, velocity), potential), u) in
                (flux.0.iter_mut().zip(velocity.0).zip(potential.0)).zip(u.0)
            {
                let [z, v] = self.how.field(simd, cell, *u);
                (*potential, *velocity) = (z, v);
                *flux = simd.mul_f64s(*flux, v);
                fastest = simd.max_f64s(fastest, simd.abs_f64s(v));
            }
            if !u.1.is_empty() {
                let [z, v] = self.how.field(simd, cell, simd.partial_load_f64s(u.1));
                let rest = simd.mul_f64s(simd.partial_load_f64s(flux.1), v);
                simd.partial_store_f64s(flux.1, rest);
                simd.partial_store_f64s(potential.1, z);
                simd.partial_store_f64s(velocity.1, v);
                // beyond the end of the cell the polynomial is taken at its centre
                fastest = simd.max_f64s(fastest, simd.abs_f64s(v));
            }
        }
        simd.reduce_max_f64s(fastest)
    }
}

impl How {
    /// Z and v.
    #[inline(always)]
    fn field<S: Simd>(self, simd: S, a: &Pair, u: S::f64s) -> [S::f64s; 2] {
        let mut z = simd.splat_f64s(a[2 * ORDER - 2]);
        let mut s = simd.splat_f64s(a[2 * ORDER - 1]);
        for p in (0..ORDER - 1).rev() {
            z = simd.mul_add_f64s(z, u, simd.splat_f64s(a[2 * p]));
            s = simd.mul_add_f64s(s, u, simd.splat_f64s(a[2 * p + 1]));
        }
        let mut v = simd.mul_f64s(s, simd.splat_f64s(self.scale));
        if self.softmax {
            v = simd.div_f64s(v, simd.max_f64s(simd.splat_f64s(self.floor), z));
        }
        [z, v]
    }
}

/// The fewest cells, a power of two, that keep what is cut off below 3e-16 of a mass of one.
#[must_use]
pub fn enough_cells(kernel: &Kernel) -> usize {
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

/// c_p(α), p < 8: e^{iαu} = J_0(α) + 2Σ_m i^m J_m(α) T_m(u), cut off at T_7, is Σ_p i^p c_p(α) u^p.
fn powers_of(alpha: f64) -> Moments {
    // Bessel's integral by the trapezoidal rule, which is exact here
    let bessel = |m: usize| -> f64 {
        let term = |q: i32| {
            let tau = TAU * f64::from(q) / 64.0;
            (m as f64 * tau - alpha * tau.sin()).cos()
        };
        (0..64).map(term).sum::<f64>() / 64.0
    };
    // i^m against i^p
    let mut powers = [0.0; ORDER];
    for m in 0..ORDER {
        let mut alone = [0.0; ORDER];
        alone[m] = if m == 0 { 1.0 } else { 2.0 } * bessel(m);
        for (p, power) in powers_of_chebyshev(&alone).iter().enumerate() {
            let sign = if m.abs_diff(p) % 4 == 0 { 1.0 } else { -1.0 };
            powers[p] += sign * power;
        }
    }
    powers
}

/// Σ_m a_m T_m(u) in powers of u, by T_{m+1} = 2uT_m − T_{m−1}.
pub(super) fn powers_of_chebyshev(a: &Moments) -> Moments {
    let mut powers = [0.0; ORDER];
    let (mut before, mut here) = ([0.0; ORDER], [0.0; ORDER]);
    here[0] = 1.0;
    for (m, a) in a.iter().enumerate() {
        (powers.iter_mut().zip(&here)).for_each(|(sum, t)| *sum += a * t);
        let mut next = before.map(|t: f64| -t);
        for p in 1..ORDER {
            next[p] += if m == 0 { 1.0 } else { 2.0 } * here[p - 1];
        }
        (before, here) = (here, next);
    }
    powers
}
