//! Zonal functions on S^{d−1}: orthonormal Gegenbauer polynomials p_ℓ(c), c = ⟨x,e⟩, their Gauss quadrature, and the
//! transform between coefficients and nodes.
//!
//! Under σ the coordinate c has the density (1−c²)^{(d−3)/2}/B(½,(d−1)/2). The p_ℓ are orthonormal for it:
//! p_ℓ = √N_ℓ P_ℓ with P_ℓ(1) = 1 and N_ℓ the number of harmonics of degree ℓ, and
//!
//! c p_ℓ = α_{ℓ+1} p_{ℓ+1} + α_ℓ p_{ℓ−1},  α_ℓ² = ℓ(ℓ+d−3)/((2ℓ+d−4)(2ℓ+d−2)),  α_1² = 1/d.
//!
//! In high dimension both p_ℓ and the weights w_j span hundreds of decades. All transforms therefore work with
//! *half-weighted* values √w_j f(c_j): the matrix √w_j p_ℓ(c_j) has orthonormal columns, and nothing overflows or is
//! amplified. Derivatives are as harmless: √(1−c²) p_ℓ'/√(ℓ(ℓ+d−2)) is again an orthonormal family (that of dimension
//! d + 2 times √((1−c²)d/(d−1))).

use faer::{Mat, Par, Side};

/// N_ℓ, the number of independent harmonics of degree ℓ on S^{d−1}.
#[must_use]
pub(crate) fn multiplicity(dimension: usize, degree: usize) -> f64 {
    (1..=degree)
        .map(|l| multiplicity_ratio(dimension, l))
        .product()
}

/// N_ℓ/N_{ℓ−1} for ℓ ≥ 1.
#[must_use]
pub fn multiplicity_ratio(dimension: usize, degree: usize) -> f64 {
    let (d, l) = (dimension as f64, degree as f64);
    if degree == 1 {
        return d;
    }
    (2.0 * l + d - 2.0) * (l + d - 3.0) / ((2.0 * l + d - 4.0) * l)
}

/// α_ℓ of the recurrence, α_0 = 0.
#[must_use]
pub(crate) fn recurrence_coefficient(dimension: usize, degree: usize) -> f64 {
    let (d, l) = (dimension as f64, degree as f64);
    match degree {
        0 => 0.0,
        1 => (1.0 / d).sqrt(),
        _ => (l * (l + d - 3.0) / ((2.0 * l + d - 4.0) * (2.0 * l + d - 2.0))).sqrt(),
    }
}

/// P_ℓ(c) = p_ℓ(c)/√N_ℓ for ℓ = 0..=`degree`, |P_ℓ| ≤ 1: (ℓ+d−2) P_{ℓ+1} = (2ℓ+d−2) c P_ℓ − ℓ P_{ℓ−1}.
pub(crate) fn for_each_polynomial(
    dimension: usize,
    degree: usize,
    c: f64,
    mut visit: impl FnMut(usize, f64),
) {
    let d = dimension as f64;
    let (mut before, mut here) = (1.0, c);
    visit(0, 1.0);
    for l in 1..=degree {
        visit(l, here);
        let x = l as f64;
        let next = ((2.0 * x + d - 2.0) * c * here - x * before) / (x + d - 2.0);
        (before, here) = (here, next);
    }
}

/// a_ℓ(w) = ∫P_ℓ(⟨x,e⟩)p_w dσ of the Poisson kernel p_w = ((1−w²)/|x−we|²)^{d−1}: w^ℓ (d−1)_ℓ/(d/2)_ℓ ₂F₁(ℓ, 1−d/2; ℓ+d/2; w²), whose entry of
/// degree 1 is h(w). Summed after Euler's transformation, (1−w²)^{d−1} ₂F₁(d/2, ℓ+d−1; ℓ+d/2; w²), all of whose terms are
/// positive; on the circle a_ℓ = w^ℓ.
#[must_use]
pub(crate) fn poisson_moments(dimension: usize, weight: f64, degree: usize) -> Vec<f64> {
    if weight == 0.0 {
        return [vec![1.0], vec![0.0; degree]].concat();
    }
    if dimension == 2 {
        return (0..=degree).map(|l| weight.powi(l as i32)).collect();
    }
    let (d, z) = (dimension as f64, weight * weight);
    let mut log = (d - 1.0) * (-z).ln_1p();
    (0..=degree)
        .map(|l| {
            let x = l as f64;
            if l > 0 {
                log += weight.ln() + ((d - 2.0 + x) / (0.5 * d - 1.0 + x)).ln();
            }
            let (mut term, mut sum, mut shift, mut k) = (1.0_f64, 1.0_f64, 0.0, 0.0);
            loop {
                let ratio = (0.5 * d + k) * (x + d - 1.0 + k) * z / ((x + 0.5 * d + k) * (1.0 + k));
                term *= ratio;
                sum += term;
                k += 1.0;
                if sum > 1e200 {
                    (term, sum, shift) = (term * 1e-200, sum * 1e-200, shift + 200.0);
                }
                // the ratios fall towards z: what is left is below term·ratio/(1 − ratio)
                if ratio < 1.0 && term * ratio < 1e-17 * sum * (1.0 - ratio) {
                    break;
                }
            }
            (log + sum.ln() + shift * std::f64::consts::LN_10).exp()
        })
        .collect()
}

/// Gauss quadrature for the law of c under σ: exact for polynomials of degree 2N − 1, weights summing to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Quadrature {
    /// c_1 > c_2 > … > c_N, symmetric about zero.
    pub nodes: Vec<f64>,
    /// w_j > 0.
    pub weights: Vec<f64>,
}

impl Quadrature {
    /// N = `count` nodes in dimension d ≥ 2: eigenvalues of the Jacobi matrix (Golub–Welsch), which splits into its even
    /// and odd half, polished by Newton's method; weights from the Christoffel function.
    #[must_use]
    pub fn new(dimension: usize, count: usize) -> Self {
        let alpha: Vec<f64> = (0..=count)
            .map(|l| recurrence_coefficient(dimension, l))
            .collect();
        // Even-indexed part of J²: its eigenvalues are the squares of the nodes (with a zero for odd N).
        let half = count.div_ceil(2);
        let squares = Mat::from_fn(half, half, |i, j| {
            let inside = |l: usize| if l < count { alpha[l] } else { 0.0 };
            match i.abs_diff(j) {
                0 => inside(2 * i).powi(2) + inside(2 * i + 1).powi(2),
                1 => inside(2 * i.min(j) + 1) * inside(2 * i.min(j) + 2),
                _ => 0.0,
            }
        });
        let mut roots: Vec<f64> = match squares.self_adjoint_eigenvalues(Side::Lower) {
            Ok(values) => values.iter().map(|v| v.max(0.0).sqrt()).collect(),
            // A symmetric tridiagonal matrix of moderate numbers always converges; Chebyshev points are the fallback
            // that Newton's method accepts.
            Err(_) => (0..half)
                .map(|j| (std::f64::consts::PI * (j as f64 + 0.5) / count as f64).cos())
                .collect(),
        };
        roots.sort_by(|a, b| b.total_cmp(a));
        if count % 2 == 1 {
            roots[half - 1] = 0.0;
        }
        let mut nodes = vec![0.0; count];
        let mut weights = vec![0.0; count];
        for (j, root) in roots.into_iter().enumerate() {
            let (node, weight) = polish(&alpha, root);
            (nodes[j], weights[j]) = (node, weight);
            (nodes[count - 1 - j], weights[count - 1 - j]) = (-node, weight);
        }
        Self { nodes, weights }
    }
}

/// One Newton step or two towards the root of p_N, then the weight 1/Σ_{ℓ<N} p_ℓ².
fn polish(alpha: &[f64], start: f64) -> (f64, f64) {
    let count = alpha.len() - 1;
    let mut c = start;
    let mut christoffel = 1.0;
    for round in 0..3 {
        // Everything is divided by 2^shift whenever it grows: ratios and the final weight know the shift.
        let (mut before, mut here, mut slope_before, mut slope) = (0.0, 1.0, 0.0, 0.0);
        let (mut sum, mut shift) = (0.0_f64, 0_i32);
        for l in 0..count {
            sum += here * here;
            // the last α only scales p_N, whose roots are what matters
            let next = (c * here - alpha[l] * before) / alpha[l + 1];
            let slope_next = (here + c * slope - alpha[l] * slope_before) / alpha[l + 1];
            (before, here, slope_before, slope) = (here, next, slope, slope_next);
            if here.abs() + slope.abs() > 1e140 {
                let down = 2.0_f64.powi(-400);
                before *= down;
                here *= down;
                slope_before *= down;
                slope *= down;
                sum *= down * down;
                shift += 400;
            }
        }
        christoffel = 0.5_f64.powi(2 * shift) / sum;
        if round < 2 && slope != 0.0 && start != 0.0 {
            c -= here / slope;
        }
    }
    (c, christoffel)
}

/// The transform between b_0 … b_L and half-weighted values at N Gauss nodes, for functions and their slopes.
#[derive(Debug, Clone)]
pub struct ZonalPlan {
    /// Nodes and weights.
    pub quadrature: Quadrature,
    /// √w_j p_ℓ(c_j), N×(L+1).
    functions: Mat<f64>,
    /// √w_j √(1−c_j²) p_ℓ'(c_j), N×(L+1): the derivative along the meridian, but for its sign.
    slopes: Mat<f64>,
}

impl ZonalPlan {
    /// A plan for degree L on N = `count` > L nodes.
    #[must_use]
    pub fn new(dimension: usize, degree: usize, count: usize) -> Self {
        let quadrature = Quadrature::new(dimension, count);
        let mut functions = Mat::zeros(count, degree + 1);
        let mut slopes = Mat::zeros(count, degree + 1);
        let alpha: Vec<f64> = (0..=count)
            .map(|l| recurrence_coefficient(dimension, l))
            .collect();
        let wide: Vec<f64> = (0..=count)
            .map(|l| recurrence_coefficient(dimension + 2, l))
            .collect();
        let d = dimension as f64;
        for (j, c) in quadrature.nodes.iter().enumerate() {
            let row = orthonormal_row(&alpha, &alpha, *c, degree);
            let along = ((1.0 - c) * (1.0 + c) * d / (d - 1.0)).sqrt();
            // both families share the weight √w_j, the norm of the row of the first one over all N degrees
            let wide_row = orthonormal_row(&wide, &alpha, *c, degree);
            for l in 0..=degree {
                functions[(j, l)] = row[l];
                if l > 0 {
                    let laplacian = (l * (l + dimension - 2)) as f64;
                    slopes[(j, l)] = laplacian.sqrt() * along * wide_row[l - 1];
                }
            }
        }
        Self {
            quadrature,
            functions,
            slopes,
        }
    }

    /// N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.quadrature.nodes.len()
    }

    /// √w_j f(c_j) from b_0 … b_l, l ≤ L.
    pub fn synthesis(&self, coefficients: &[f64], values: &mut [f64]) {
        product(&self.functions, coefficients, values);
    }

    /// √w_j √(1−c_j²) f'(c_j), the half-weighted length of the gradient with the sign of f'.
    pub(crate) fn slope_synthesis(&self, coefficients: &[f64], values: &mut [f64]) {
        product(&self.slopes, coefficients, values);
    }

    /// b_ℓ = ∫ f p_ℓ dσ from half-weighted values.
    #[cfg(test)]
    pub(crate) fn analysis(&self, values: &[f64], coefficients: &mut [f64]) {
        adjoint(&self.functions, values, coefficients);
    }

    /// ∫ u √(1−c²) p_ℓ' dσ from half-weighted values of u: the weak divergence of a field along the meridians.
    pub(crate) fn slope_analysis(&self, values: &[f64], coefficients: &mut [f64]) {
        adjoint(&self.slopes, values, coefficients);
    }
}

/// √w p_ℓ(c), ℓ ≤ `degree`, for the family with recurrence `alpha`, and 1/w = Σ_{ℓ<N} q_ℓ(c)² for the family q with
/// recurrence `norm`, N = its length − 1.
fn orthonormal_row(alpha: &[f64], norm: &[f64], c: f64, degree: usize) -> Vec<f64> {
    let count = norm.len() - 1;
    // log₂ of √w first, by the same recurrence with shifts
    let (mut before, mut here, mut sum, mut shift) = (0.0, 1.0_f64, 0.0, 0_i32);
    for l in 0..count {
        sum += here * here;
        let next = (c * here - norm[l] * before) / norm[l + 1];
        (before, here) = (here, next);
        if here.abs() > 1e140 {
            let down = 2.0_f64.powi(-400);
            (before, here, sum) = (before * down, here * down, sum * down * down);
            shift += 400;
        }
    }
    // The row starts from a number that may underflow, so it is carried with a shift of its own.
    let mut row = Vec::with_capacity(degree + 1);
    let scale = 1.0 / sum.sqrt();
    let (mut before, mut here, mut own) = (0.0, scale, 0_i32);
    for l in 0..=degree {
        // one factor may not exist: 2^{own − shift} in two halves
        let power = own - shift;
        row.push(here * 2.0_f64.powi(power / 2) * 2.0_f64.powi(power - power / 2));
        let next = (c * here - alpha[l] * before) / alpha[l + 1];
        (before, here) = (here, next);
        if here.abs() > 1e140 {
            let down = 2.0_f64.powi(-400);
            (before, here) = (before * down, here * down);
            own += 400;
        }
    }
    row
}

fn product(matrix: &Mat<f64>, x: &[f64], y: &mut [f64]) {
    let (rows, used) = (y.len(), x.len());
    faer::linalg::matmul::matmul(
        faer::MatMut::from_column_major_slice_mut(y, rows, 1),
        faer::Accum::Replace,
        matrix.subcols(0, used),
        faer::MatRef::from_column_major_slice(x, used, 1),
        1.0,
        Par::Seq,
    );
}

fn adjoint(matrix: &Mat<f64>, x: &[f64], y: &mut [f64]) {
    let (rows, used) = (x.len(), y.len());
    faer::linalg::matmul::matmul(
        faer::MatMut::from_column_major_slice_mut(y, used, 1),
        faer::Accum::Replace,
        matrix.subcols(0, used).transpose(),
        faer::MatRef::from_column_major_slice(x, rows, 1),
        1.0,
        Par::Seq,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_integrates_polynomials_exactly_in_every_dimension() {
        for dimension in [2, 3, 4, 8, 128] {
            for count in [1, 2, 5, 48, 129] {
                let rule = Quadrature::new(dimension, count);
                let moment = |power: i32| -> f64 {
                    rule.nodes
                        .iter()
                        .zip(&rule.weights)
                        .map(|(c, w)| w * c.powi(power))
                        .sum()
                };
                // ∫c^{2k}dσ = (1·3⋯(2k−1))/(d(d+2)⋯(d+2k−2))
                let mut exact = 1.0;
                for k in 0..(count as i32).min(6) {
                    assert!(
                        (moment(2 * k) / exact - 1.0).abs() < 1e-13,
                        "d {dimension} N {count} power {}",
                        2 * k
                    );
                    exact *= f64::from(2 * k + 1) / (dimension as f64 + f64::from(2 * k));
                }
                assert!(moment(1).abs() < 1e-15);
            }
        }
        // Gauss–Chebyshev and a Gauss–Legendre rule by their closed forms
        let chebyshev = Quadrature::new(2, 7);
        for (j, c) in chebyshev.nodes.iter().enumerate() {
            let exact = (std::f64::consts::PI * (j as f64 + 0.5) / 7.0).cos();
            assert!((c - exact).abs() < 1e-15 && (chebyshev.weights[j] - 1.0 / 7.0).abs() < 1e-15);
        }
        let legendre = Quadrature::new(3, 3);
        assert!((legendre.nodes[0] - 0.6_f64.sqrt()).abs() < 1e-15);
        assert!((legendre.weights[0] - 5.0 / 18.0).abs() < 1e-15);
    }

    #[test]
    fn the_transform_is_orthogonal_and_slopes_are_derivatives() {
        for (dimension, degree, count) in [
            (2, 20, 32),
            (3, 63, 96),
            (8, 40, 64),
            (128, 100, 160),
            (1000, 60, 96),
        ] {
            let plan = ZonalPlan::new(dimension, degree, count);
            let mut values = vec![0.0; count];
            let mut back = vec![0.0; degree + 1];
            for l in [0, 1, 2, degree / 2, degree] {
                let mut unit = vec![0.0; degree + 1];
                unit[l] = 1.0;
                plan.synthesis(&unit, &mut values);
                plan.analysis(&values, &mut back);
                for (k, b) in back.iter().enumerate() {
                    assert!(
                        (b - unit[k]).abs() < 1e-12,
                        "d {dimension} ℓ {l} k {k}: {b:e}"
                    );
                }
                // ∫(1−c²)p_ℓ'² dσ = ℓ(ℓ+d−2), and degrees stay orthogonal
                plan.slope_synthesis(&unit, &mut values);
                plan.slope_analysis(&values, &mut back);
                for (k, b) in back.iter().enumerate() {
                    let exact = if k == l {
                        (l * (l + dimension - 2)) as f64
                    } else {
                        0.0
                    };
                    let scale = ((l * (l + dimension)) as f64).max(1.0);
                    assert!(
                        (b - exact).abs() < 1e-11 * scale,
                        "d {dimension} ℓ {l} k {k}: {b:e} for {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn polynomials_have_their_values_and_their_slopes_have_the_right_sign() {
        // P_2 = (dc² − 1)/(d − 1), p_2 = √N_2 P_2
        for dimension in [2, 3, 5, 20] {
            let d = dimension as f64;
            for_each_polynomial(dimension, 2, 0.3, |l, p| {
                if l == 2 {
                    assert!((p - (d * 0.09 - 1.0) / (d - 1.0)).abs() < 1e-15);
                }
            });
            let plan = ZonalPlan::new(dimension, 2, 8);
            let mut values = vec![0.0; 8];
            plan.slope_synthesis(&[0.0, 0.0, 1.0], &mut values);
            let n2 = multiplicity(dimension, 2).sqrt();
            for (j, (c, w)) in plan
                .quadrature
                .nodes
                .iter()
                .zip(&plan.quadrature.weights)
                .enumerate()
            {
                let exact = w.sqrt() * (1.0 - c * c).sqrt() * n2 * 2.0 * d * c / (d - 1.0);
                assert!(
                    (values[j] - exact).abs() < 1e-13,
                    "d {dimension}: {} {exact}",
                    values[j]
                );
            }
        }
        assert!(
            (multiplicity(3, 7) - 15.0).abs() < 1e-12 && (multiplicity(2, 5) - 2.0).abs() < 1e-14
        );
        assert!((multiplicity(4, 3) - 16.0).abs() < 1e-12);
    }
}
