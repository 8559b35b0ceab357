//! Fourier transforms of 2, 3, 4, 5 and 8 complex vectors in registers, sign −: X_k = Σ_j x_j e^{−2πijk/r}.

use std::f64::consts::FRAC_1_SQRT_2;

use pulp::Simd;

/// A complex number in every lane: real and imaginary parts.
pub(crate) type Z<S> = [<S as Simd>::f64s; 2];

/// In place; as many numbers as there is a transform for.
#[inline(always)]
pub(crate) fn butterfly<S: Simd>(simd: S, x: &mut [Z<S>]) {
    match *x {
        [a, b] => x.copy_from_slice(&two(simd, a, b)),
        [a, b, c] => x.copy_from_slice(&three(simd, a, b, c)),
        [a, b, c, d] => x.copy_from_slice(&four(simd, a, b, c, d)),
        [a, b, c, d, e] => x.copy_from_slice(&five(simd, a, [b, c, d, e])),
        [a, b, c, d, e, f, g, h] => {
            let even = four(simd, a, c, e, g);
            let odd = four(simd, b, d, f, h);
            x.copy_from_slice(&eight(simd, even, odd));
        }
        _ => debug_assert!(false, "no transform of {} numbers", x.len()),
    }
}

/// z·(c + id), the same in every lane.
#[inline(always)]
pub(crate) fn times<S: Simd>(simd: S, [a, b]: Z<S>, [c, d]: [f64; 2]) -> Z<S> {
    let (c, d, minus) = (simd.splat_f64s(c), simd.splat_f64s(d), simd.splat_f64s(-d));
    [
        simd.mul_add_f64s(a, c, simd.mul_f64s(b, minus)),
        simd.mul_add_f64s(b, c, simd.mul_f64s(a, d)),
    ]
}

#[inline(always)]
fn add<S: Simd>(simd: S, a: Z<S>, b: Z<S>) -> Z<S> {
    [simd.add_f64s(a[0], b[0]), simd.add_f64s(a[1], b[1])]
}

#[inline(always)]
fn sub<S: Simd>(simd: S, a: Z<S>, b: Z<S>) -> Z<S> {
    [simd.sub_f64s(a[0], b[0]), simd.sub_f64s(a[1], b[1])]
}

/// a + f b and a − f b.
#[inline(always)]
fn around<S: Simd>(simd: S, a: Z<S>, b: Z<S>, f: f64) -> [Z<S>; 2] {
    [scaled(simd, a, b, f), scaled(simd, a, b, -f)]
}

/// a + f b.
#[inline(always)]
fn scaled<S: Simd>(simd: S, a: Z<S>, b: Z<S>, f: f64) -> Z<S> {
    let f = simd.splat_f64s(f);
    [
        simd.mul_add_f64s(b[0], f, a[0]),
        simd.mul_add_f64s(b[1], f, a[1]),
    ]
}

/// a − ib and a + ib.
#[inline(always)]
fn quarter<S: Simd>(simd: S, a: Z<S>, b: Z<S>) -> [Z<S>; 2] {
    [
        [simd.add_f64s(a[0], b[1]), simd.sub_f64s(a[1], b[0])],
        [simd.sub_f64s(a[0], b[1]), simd.add_f64s(a[1], b[0])],
    ]
}

#[inline(always)]
fn two<S: Simd>(simd: S, a: Z<S>, b: Z<S>) -> [Z<S>; 2] {
    [add(simd, a, b), sub(simd, a, b)]
}

/// X_1 and X_2 are a − t/2 ∓ i(√3/2)(b − c) with t = b + c.
#[inline(always)]
fn three<S: Simd>(simd: S, a: Z<S>, b: Z<S>, c: Z<S>) -> [Z<S>; 3] {
    let (sum, difference) = (add(simd, b, c), sub(simd, b, c));
    let middle = scaled(simd, a, sum, -0.5);
    let sine = 0.75_f64.sqrt();
    // −if z and +if z
    let turned = [difference[1], simd.neg_f64s(difference[0])];
    let [first, second] = around(simd, middle, turned, sine);
    [add(simd, a, sum), first, second]
}

#[inline(always)]
fn four<S: Simd>(simd: S, a: Z<S>, b: Z<S>, c: Z<S>, d: Z<S>) -> [Z<S>; 4] {
    let [even, odd] = two(simd, a, c);
    let [sum, difference] = two(simd, b, d);
    let [x0, x2] = two(simd, even, sum);
    let [x1, x3] = quarter(simd, odd, difference);
    [x0, x1, x2, x3]
}

/// With p = x_1 ± x_4 and q = x_2 ± x_3: X_1, X_4 = x_0 + c_1p₊ + c_2q₊ ∓ i(s_1p₋ + s_2q₋), X_2, X_3 = x_0 + c_2p₊ + c_1q₊ ∓ i(s_2p₋ − s_1q₋),
/// c_k + is_k = e^{2πik/5}.
#[inline(always)]
fn five<S: Simd>(simd: S, a: Z<S>, [b, c, d, e]: [Z<S>; 4]) -> [Z<S>; 5] {
    let [p, p_minus] = two(simd, b, e);
    let [q, q_minus] = two(simd, c, d);
    let root = 5.0_f64.sqrt();
    let (c1, c2) = (0.25 * (root - 1.0), -0.25 * (root + 1.0));
    let (s1, s2) = ((0.625 + 0.125 * root).sqrt(), (0.625 - 0.125 * root).sqrt());
    let near = scaled(simd, scaled(simd, a, p, c1), q, c2);
    let far = scaled(simd, scaled(simd, a, p, c2), q, c1);
    let zero = [simd.splat_f64s(0.0); 2];
    let across = scaled(simd, scaled(simd, zero, p_minus, s1), q_minus, s2);
    let aslant = scaled(simd, scaled(simd, zero, p_minus, s2), q_minus, -s1);
    let [x1, x4] = quarter(simd, near, across);
    let [x2, x3] = quarter(simd, far, aslant);
    [add(simd, add(simd, a, p), q), x1, x2, x3, x4]
}

/// From the transforms of the even and of the odd ones: X_k, X_{k+4} = E_k ± e^{−πik/4}O_k.
#[inline(always)]
fn eight<S: Simd>(simd: S, even: [Z<S>; 4], odd: [Z<S>; 4]) -> [Z<S>; 8] {
    let [x0, x4] = two(simd, even[0], odd[0]);
    // √2 e^{−πi/4} and √2 e^{−3πi/4}
    let [a, b] = odd[1];
    let first = [simd.add_f64s(a, b), simd.sub_f64s(b, a)];
    let [x1, x5] = around(simd, even[1], first, FRAC_1_SQRT_2);
    let [x2, x6] = quarter(simd, even[2], odd[2]);
    let [a, b] = odd[3];
    let third = [simd.sub_f64s(a, b), simd.add_f64s(a, b)];
    // −(a − b) − i(a + b) over √2 is e^{−3πi/4} z
    let [x7, x3] = around(simd, even[3], third, FRAC_1_SQRT_2);
    [x0, x1, x2, x3, x4, x5, x6, x7]
}
