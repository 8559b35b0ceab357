#!/usr/bin/env python3
"""Independent oracle for the mean field of attention on the sphere S^{d-1}, d >= 2.

    python sphere_oracle.py [zonal zonal_noise zonal_stationary sphere sphere_noise poisson multipliers growth]

writes sphere.json next to this script (the named sections only are renewed; all by default).
No random numbers.  Every case is computed twice (two resolutions and tolerances, or two
unrelated formulas); "error" is the largest absolute difference (relative in multipliers).

Conventions: sigma = uniform probability on the sphere, rho = dmu/dsigma,
  d rho/dt = -div(rho X) + D Lap rho,   X(x) = P_x int e^{beta<x,y>} y dmu / (Z | 1)   (softmax | none),
  Z(x) = int e^{beta<x,y>} dmu, energy E = (1/2beta) int int e^{beta<x,y>} dmu dmu (not rescaled by e^{-beta});
  P_l: Gegenbauer with P_l(1) = 1; a_l = int P_l(<x,e>) dmu; |m_l| = (int int P_l(<x,y>) dmu dmu)^{1/2};
  S^2: Y_{l,0} = sqrt(2l+1) P_l(x_3), Y_{l,+-m} = sqrt(2 (2l+1)(l-m)!/(l+m)!) P_l^m (cos | sin)(m phi), no (-1)^m.
Zonal laws are all rho_0 = 1 + sum_l amplitudes[l-1] P_l(c); the first time is always 0.
"""
import json, os, sys, time
import numpy as np
import mpmath as mp
from math import factorial
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sphere.json")

def diff(a, b):
    return float(max(np.max(np.abs(np.asarray(a[k]) - np.asarray(b[k]))) for k in a))

def solve(f, y0, times, rtol, method="DOP853"):
    """states at the times, restarting at each: no dense-output error"""
    out, y, t = [], np.array(y0, float), 0.0
    for t1 in times:
        if t1 > t:
            s = solve_ivp(f, (t, t1), y, method=method, rtol=rtol, atol=rtol / 10)
            assert s.success, s.message
            y, t = s.y[:, -1], t1
        out.append(y)
    return out

# ---------------------------------------------------------------- zonal tools
def gegenbauer(d, degree, c):
    """P_0..P_degree at c (any array type), P_l(1) = 1; the same recurrence gives cos(l t) when d = 2"""
    p = [c * 0 + 1, c * 1]
    for l in range(1, degree):
        p.append(((2 * l + d - 2) * c * p[l] - l * p[l - 1]) / (l + d - 2))
    return p[: degree + 1]

def gauss(d, n):
    """nodes and probability weights of (1-c^2)^{(d-3)/2} on [-1,1] (Golub-Welsch)"""
    k = np.arange(1, n)
    b = k * (k + d - 3) / ((2 * k + d - 2) * (2 * k + d - 4) + (d == 2) * (k == 1))
    if d == 2:
        b[0] = 0.5
    c, v = eigh_tridiagonal(np.zeros(n), np.sqrt(b))
    c = (c - c[::-1]) / 2
    w = v[0] ** 2
    w = (w + w[::-1]) / 2
    return c, w / w.sum()

def f01(b, q, terms=32):
    """0F1(; b; q) = sum q^k/(k! (b)_k) for 0 <= q <= 4: a positive series, no overflow, no cancellation.
    G_nu(z) = Gamma(nu+1)(2/z)^nu I_nu(z) = 0F1(nu+1; z^2/4), and (d/dq) 0F1(b; q) = 0F1(b+1; q)/b."""
    s = np.ones_like(q)
    for k in range(terms, 0, -1):
        s = 1 + q * s / (k * (b + k - 1))
    return s

def initial(d, c, amplitudes):
    p = gegenbauer(d, len(amplitudes), c)
    return 1 + sum(a * p[l + 1] for l, a in enumerate(amplitudes))

# ---------------------------------------------------------------- A. zonal, D = 0: characteristics
def markers(d, beta, softmax, c0, mass, times, rtol):
    """angles theta_j of markers of given masses: theta' = int e^{beta<x,y>} <y, e_theta> dmu / (Z | 1); the
    mean over the parallel of y is e^{beta c s}(-sin t cos p G + cos t sin p G'(z)), z = beta sin t sin p"""
    nu1 = (d - 1) / 2                                        # nu + 1

    def kernels(th):
        c, s = np.cos(th), np.sin(th)
        q = (beta / 2 * np.outer(s, s)) ** 2
        ex = np.exp(beta * (np.outer(c, c) - 1)) * mass
        return c, s, ex * f01(nu1, q), ex * f01(nu1 + 1, q) * (beta / (2 * nu1))    # mass G, mass G'(z)/(s s')

    def rhs(_, th):
        c, s, g, g1 = kernels(th)
        v = -s * (g @ c) + c * s * (g1 @ (s * s))
        return v / g.sum(1) if softmax else v * np.exp(beta)

    energy, moments = [], []
    for th in solve(rhs, np.arccos(c0), times, rtol):
        if beta > 0:
            energy.append(float(mass @ kernels(th)[2].sum(1) * np.exp(beta) / (2 * beta)))
        moments.append([float(mass @ p) for p in gegenbauer(d, 6, np.cos(th))[1:]])
    return {"energy": energy, "moments": moments}

def zonal():
    cases, amplitudes = [], [0.3, 0.2]
    for d in (2, 3, 4, 8, 32):
        for beta in (1.0, 4.0):
            for norm in ("softmax", "none"):
                times = [0.0, 0.5, 1.0, 2.0, 4.0 if beta == 1 else 3.0]
                if norm == "none":                           # the same evolution near uniform: t/lambda_0
                    times = [round(t / float(multiplier(d, beta, 0)), 2) for t in times]
                r = []
                for n, rtol in ((144, 1e-12), (192, 1e-13)):
                    c, w = gauss(d, n)
                    r.append(markers(d, beta, norm == "softmax", c, w * initial(d, c, amplitudes), times, rtol))
                cases.append(dict(dimension=d, beta=beta, normalisation=norm, diffusion=0.0, amplitudes=amplitudes,
                                  times=times, **r[1], error=diff(*r)))
                print(f"  zonal d={d} beta={beta} {norm}: a_1 = {r[1]['moments'][-1][0]:.6f}  error {diff(*r):.1e}", flush=True)
    return cases

# ---------------------------------------------------------------- B. zonal with noise: strong-form collocation
class Collocation:
    """rho at Gauss-Gegenbauer nodes; with phi = (1/beta) log Z or Z/beta, Z by quadrature of the exact kernel and
    its exact c-derivatives: rho_t = -(1-c^2) phi' rho' - rho Lap phi + D Lap rho, Lap f = (1-c^2) f'' - (d-1) c f'"""

    def __init__(self, d, beta, softmax, diffusion, n):
        self.d, self.beta, self.softmax = d, beta, softmax
        self.c, self.w = c, w = gauss(d, n)
        self.omc = 1 - c * c
        l = np.arange(n)
        p = np.array(gegenbauer(d, n - 1, c)).T                          # P_l' = l(l+d-2)/(d-1) P_{l-1} in d + 2
        dp = np.array(gegenbauer(d + 2, n - 1, c)).T[:, l - 1] * (l * (l + d - 2) / (d - 1))
        analysis = (p * w[:, None]).T / (w @ (p * p))[:, None]           # Gauss: exact inverse of p
        self.d1 = dp @ analysis
        self.lap = diffusion * (p * (-l * (l + d - 2.0))) @ analysis
        b, s = (d - 1) / 2, c[None, :]
        q = beta**2 / 4 * np.outer(self.omc, self.omc)
        q1 = -(beta**2) / 2 * np.outer(c, self.omc)
        q2 = -(beta**2) / 2 * self.omc[None, :]
        f, f1, f2 = f01(b, q), f01(b + 1, q) / b, f01(b + 2, q) / (b * (b + 1))
        ex = np.exp(beta * np.outer(c, c)) * w
        self.k0 = ex * f
        self.k1 = ex * (beta * s * f + q1 * f1)
        self.k2 = ex * (beta**2 * s * s * f + (2 * beta * s * q1 + q2) * f1 + q1 * q1 * f2)

    def rhs(self, _, rho):
        z, z1, z2 = self.k0 @ rho, self.k1 @ rho, self.k2 @ rho
        if self.softmax:
            z1, z2 = z1 / z, z2 / z - (z1 / z) ** 2
        z1, z2 = z1 / self.beta, z2 / self.beta
        lap = self.omc * z2 - (self.d - 1) * self.c * z1
        return -self.omc * z1 * (self.d1 @ rho) - rho * lap + self.lap @ rho

    def observe(self, states):
        p = np.array(gegenbauer(self.d, 6, self.c))
        assert all(abs(self.w @ r - 1) < 1e-10 for r in states), "mass"
        return {"energy": [float((self.w * r) @ (self.k0 @ r)) / (2 * self.beta) for r in states],
                "moments": [(p[1:] @ (self.w * r)).tolist() for r in states]}

def zonal_noise():
    cases, amplitudes = [], [0.3, 0.2]
    for d, diffusion in ((3, 0.05), (3, 0.2), (8, 0.05)):
        for norm, beta, times in (("softmax", 4.0, [0.0, 0.5, 1.0, 2.0, 4.0]), ("none", 2.0, [0.0, 0.25, 0.5, 1.0, 2.0])):
            r = []
            for n, rtol, method in ((48, 1e-11, "Radau"), (64, 1e-13, "DOP853")):
                s = Collocation(d, beta, norm == "softmax", diffusion, n)
                r.append(s.observe(solve(s.rhs, initial(d, s.c, amplitudes), times, rtol, method)))
            cases.append(dict(dimension=d, beta=beta, normalisation=norm, diffusion=diffusion, amplitudes=amplitudes,
                              times=times, **r[1], error=diff(*r)))
            print(f"  zonal_noise d={d} D={diffusion} {norm}: a_1 = {r[1]['moments'][-1][0]:.6f}  error {diff(*r):.1e}", flush=True)
    return cases

def zonal_stationary():
    """f proportional to Z^{1/(D beta)} on S^2, mpmath Picard iteration on Gauss-Legendre nodes; the check is
    the dynamics of Collocation run to t = 60"""
    mp.mp.dps = 30
    beta, d = 4, 3
    diffusion = mp.besseli(mp.mpf(3) / 2, beta) / (beta * mp.besseli(mp.mpf(1) / 2, beta)) / 2

    def fixed_point(n, dps):
        mp.mp.dps = dps
        c = [mp.findroot(lambda x: mp.legendre(n, x), float(x)) for x in np.polynomial.legendre.leggauss(n)[0]]
        w = [(1 - x * x) / (n * mp.legendre(n - 1, x)) ** 2 for x in c]              # (2/..)/2: a probability
        k = mp.matrix(n, n)
        for i in range(n):
            for j in range(i, n):
                k[i, j] = k[j, i] = mp.exp(beta * c[i] * c[j]) * mp.besseli(0, beta * mp.sqrt((1 - c[i]**2) * (1 - c[j]**2)))
        m = mp.matrix([w[i] * (1 + 3 * c[i]) / 1 if c[i] > -0.3 else w[i] / 10 for i in range(n)])
        for it in range(2000):
            z = k * m
            f = [w[i] * z[i] ** (1 / (diffusion * beta)) for i in range(n)]
            tot = mp.fsum(f)
            new = mp.matrix([x / tot for x in f])
            step = mp.fsum(abs(new[i] - m[i]) for i in range(n))
            m = new
            if step < mp.mpf(10) ** (6 - dps):
                break
        p = [gegenbauer(d, 6, x) for x in c]
        return {"energy": float((m.T * (k * m))[0] / (2 * beta)),
                "moments": [float(mp.fsum(m[i] * p[i][l] for i in range(n))) for l in range(1, 7)]}
    r, coarse = fixed_point(48, 30), fixed_point(40, 22)
    s = Collocation(d, float(beta), True, float(diffusion), 56)
    dyn = s.observe(solve(s.rhs, initial(d, s.c, [0.3]), [60.0], 1e-12))
    dyn = {k: v[0] for k, v in dyn.items()}
    case = dict(dimension=d, beta=float(beta), normalisation="softmax", diffusion=float(diffusion), amplitudes=[0.3],
                order=r["moments"][0], **r, error=max(diff(r, coarse), diff(r, dyn)), error_fixed_point=diff(r, coarse))
    print(f"  zonal_stationary R = {case['order']:.15f}  errors {diff(r, coarse):.1e} (fixed point) {diff(r, dyn):.1e} (dynamics)")
    return [case]

# ---------------------------------------------------------------- S^2 tools
def sphere_grid(n, m):
    z, w = np.polynomial.legendre.leggauss(n)
    phi = 2 * np.pi * (np.arange(m) + 0.25) / m
    s = np.sqrt(1 - z * z)
    x = np.stack([np.outer(s, np.cos(phi)), np.outer(s, np.sin(phi)), np.outer(z, np.ones(m))], -1).reshape(-1, 3)
    return x, np.repeat(w / (2 * m), m)

def harmonics(degree, x, derivatives=False):
    """dict (l, m) -> Y_{l,m}(x) = n Q_l^m(x_3) Re|Im (x_1 + i x_2)^m, Q_l^m = P_l^m/sin^m a polynomial; or else
    -> the derivatives of this extension along e_1, e_2, e_3 (any extension will do: X is tangent)"""
    out, z = {}, x[:, 2]
    e, ep = np.ones(len(x), complex), np.zeros(len(x), complex)
    for m in range(degree + 1):
        q0, d0, d1 = 0.0, 0.0, np.zeros(len(x))
        q1 = np.full(len(x), float(np.prod(np.arange(1, 2 * m, 2.0))))               # Q_m^m = (2m-1)!!
        for l in range(m, degree + 1):
            n = np.sqrt((2 * l + 1) * (2 if m else 1) * (factorial(l - m) / factorial(l + m)))
            for k, part, dx, dy in ((-m, e.imag, ep.imag, ep.real), (m, e.real, ep.real, -ep.imag)):
                out[l, k] = (n * q1 * m * dx, n * q1 * m * dy, n * d1 * part) if derivatives else n * q1 * part
            q0, q1, d0, d1 = (q1, ((2 * l + 1) * z * q1 - (l + m) * q0) / (l + 1 - m),
                              d1, ((2 * l + 1) * (q1 + z * d1) - (l + m) * d0) / (l + 1 - m))
        ep, e = e, e * (x[:, 0] + 1j * x[:, 1])
    return out

def observe(pairs, beta):
    """energy by all pairs, mean, |m_1..6| by the addition theorem (asserted against all pairs), degrees <= 3"""
    out = {"energy": [], "mean": [], "orders": [], "coefficients": []}
    for x, mass in pairs:
        g, y = x @ x.T, harmonics(6, x)
        hat = {k: float(mass @ y[k]) for k in y}
        squares = [sum(hat[l, m] ** 2 for m in range(-l, l + 1)) / (2 * l + 1) for l in range(1, 7)]
        p0, p1 = 1.0, g
        for l in range(1, 7):
            assert abs(mass @ (p1 @ mass) - squares[l - 1]) < 1e-13, "addition theorem"
            p0, p1 = p1, ((2 * l + 1) * g * p1 - l * p0) / (l + 1)
        out["energy"].append(float(mass @ (np.exp(beta * g) @ mass)) / (2 * beta))
        out["mean"].append((mass @ x).tolist())
        out["orders"].append(np.sqrt(squares).tolist())
        out["coefficients"].append([[l, m, hat[l, m]] for l in range(4) for m in range(-l, l + 1)])
    return out

LAWS = {
    "harmonics": {"terms": [[1, 1, 0.1], [2, -1, 0.15], [3, 2, 0.1], [2, 0, -0.08]]},
    "mixture": {"components": [{"concentration": 4.0, "weight": 0.6, "axis": [0.0, 0.6, 0.8]},
                               {"concentration": 6.0, "weight": 0.4, "axis": [1.0, 0.0, 0.0]}]},
}

def law(name, x):
    if name == "harmonics":
        y = harmonics(3, x)
        return 1 + sum(a * y[l, m] for l, m, a in LAWS[name]["terms"])
    return sum(v["weight"] * v["concentration"] / np.sinh(v["concentration"])
               * np.exp(v["concentration"] * (x @ np.array(v["axis"]))) for v in LAWS[name]["components"])

# ---------------------------------------------------------------- C. S^2, D = 0: Cartesian markers, all pairs
def sphere():
    cases = []
    for name in LAWS:
        for norm, beta, times in (("softmax", 4.0, [0.0, 0.25, 0.5]), ("none", 2.0, [0.0, 0.15, 0.4])):
            r = []
            for n, rtol in ((44, 1e-11), (52, 1e-12)):
                x0, w = sphere_grid(n, 2 * n)
                mass = w * law(name, x0)
                cols = np.empty((len(w), 4))
                cols[:, 3] = mass

                def rhs(_, y):
                    x = y.reshape(-1, 3)
                    u = x / np.linalg.norm(x, axis=1, keepdims=True)
                    k = u @ (beta * u.T)
                    np.exp(k, out=k)
                    cols[:, :3] = u * mass[:, None]
                    v = k @ cols
                    v = v[:, :3] / v[:, 3:] if norm == "softmax" else v[:, :3]
                    return (v - (u * v).sum(1, keepdims=True) * u).ravel()
                states = [y.reshape(-1, 3) for y in solve(rhs, x0.ravel(), times, rtol)]
                r.append(observe([(x / np.linalg.norm(x, axis=1, keepdims=True), mass) for x in states], beta))
            cases.append(dict(dimension=3, beta=beta, normalisation=norm, diffusion=0.0, law=name, **LAWS[name],
                              times=times, **r[1], error=diff(*r)))
            print(f"  sphere {name} {norm}: |m_1| = {r[1]['orders'][-1][0]:.6f}  error {diff(*r):.1e}", flush=True)
    return cases

# ---------------------------------------------------------------- D. S^2 with noise: quotient rule on a grid
def noisy_sphere(beta, diffusion, times, degree, n, rtol):
    """SA; state = coefficients of rho, products formed at the nodes in the strong form
    rho_t = -grad rho . X - rho div X + D Lap rho with, by direct Cartesian quadrature of K = e^{beta<x,y>},
    X = (V - <x,V>x)/Z, V = int K y dmu, div X = int K (beta(1 - <x,y>^2) - 2<x,y>) dmu / Z - beta |X|^2"""
    x, w = sphere_grid(n, 2 * n)
    y, dy = harmonics(degree, x), harmonics(degree, x, True)
    keys = list(y)
    ym = np.array([y[k] for k in keys]).T
    grads = [np.array([dy[k][i] for k in keys]).T for i in range(3)]
    lam = np.array([-diffusion * l * (l + 1) for l, _ in keys])
    analysis = ym.T * w
    kernel = np.exp(beta * (x @ x.T)) * w
    cols = np.column_stack([np.ones(len(w)), x, x[:, :1] * x, x[:, 1:2] * x[:, 1:], x[:, 2] ** 2])
    pick = np.array([[4, 5, 6], [5, 7, 8], [6, 8, 9]])

    def rhs(_, a):
        rho = ym @ a
        s = kernel @ (cols * rho[:, None])
        z, v, m = s[:, 0], s[:, 1:4] / s[:, :1], s[:, pick] / s[:, :1, None]
        xv = (x * v).sum(1)
        u = v - xv[:, None] * x
        c2 = np.einsum("ni,nij,nj->n", x, m, x)
        div = beta * (1 - c2) - 2 * xv - beta * (u * u).sum(1)
        drift = sum(u[:, i] * (grads[i] @ a) for i in range(3)) + rho * div
        return -(analysis @ drift) + lam * a
    states = solve(rhs, analysis @ law("harmonics", x), times, rtol)
    return observe([(x, w * (ym @ a)) for a in states], beta)

def sphere_noise():
    times = [0.0, 0.3, 0.8, 2.0]
    r = [noisy_sphere(4.0, 0.05, times, *p) for p in ((26, 34, 1e-11), (32, 40, 1e-12))]
    print(f"  sphere_noise: |m_1| = {r[1]['orders'][-1][0]:.6f}  error {diff(*r):.1e}", flush=True)
    return [dict(dimension=3, beta=4.0, normalisation="softmax", diffusion=0.05, law="harmonics", **LAWS["harmonics"],
                 times=times, **r[1], error=diff(*r))]

# ---------------------------------------------------------------- E. beta = 0: Poisson kernels
def poisson():
    """w(t) from t = int_{w_0}^w 2 du/((1-u^2) h(u)), 30 digits; the check is method A at beta = 0 started on p_{w_0}"""
    mp.mp.dps = 30
    cases, w0, times = [], mp.mpf("0.3"), [0.5, 1.0, 2.0, 3.0]
    for d in (2, 3, 4, 8):
        h = lambda w: mp.mpf(2 * (d - 1)) / d * w * mp.hyp2f1(1 - mp.mpf(d) / 2, 1, mp.mpf(d) / 2 + 1, w * w)
        speed = lambda w: (1 - w * w) * h(w) / 2
        norm = mp.quad(lambda a: mp.sin(a) ** (d - 2), [0, mp.pi / 2, mp.pi])
        rows, w, t0 = [], w0, 0
        for t in times:
            a, w = w, w + speed(w) * (t - t0) / 2
            for _ in range(60):                              # Newton on the exact t(w)
                step = (t - t0 - mp.quad(lambda u: 1 / speed(u), [a, w])) * speed(w)
                w = max(w + step, a) if w + step < 1 else (w + 1) / 2
                if abs(step) < mp.mpf(10) ** -26:
                    break
            t0 = t
            density = lambda th: ((1 - w * w) / (1 + w * w - 2 * w * mp.cos(th))) ** (d - 1) * mp.sin(th) ** (d - 2) / norm
            al = [mp.quad(lambda th: gegenbauer(d, 3, mp.cos(th))[l] * density(th), mp.linspace(0, mp.pi, 7)) for l in (0, 1, 2, 3)]
            assert abs(al[0] - 1) < 1e-20 and abs(al[1] - h(w)) < 1e-20, "h(w) is not the mean of p_w"
            rows.append((w, al[1:]))
        c, wt = gauss(d, 160)
        mass = wt * ((1 - 0.09) / (1.09 - 0.6 * c)) ** (d - 1)
        num = markers(d, 0.0, True, c, mass, times, 1e-13)["moments"]
        err = max(abs(float(a) - b) for (_, al), nb in zip(rows, num) for a, b in zip(al, nb))
        cases.append(dict(dimension=d, w0=0.3, times=times, w=[float(r[0]) for r in rows], order=[float(r[1][0]) for r in rows],
                          moments=[[float(a) for a in r[1]] for r in rows], error=err))
        print(f"  poisson d={d}: w = {cases[-1]['w']}  error against characteristics {err:.1e}", flush=True)
    return cases

# ---------------------------------------------------------------- F. kernel multipliers, G. growth rates
def multiplier(d, beta, l):
    a = mp.mpf(d) / 2 - 1
    return mp.gamma(a + 1) * (2 / mp.mpf(beta)) ** a * mp.besseli(l + a, beta)

def multipliers():
    """lambda_l e^{-beta}; the check is the Funk-Hecke integral itself"""
    mp.mp.dps = 40
    cases, degrees = [], list(range(0, 11, 2))
    for d in (2, 3, 5, 8, 128):
        for beta in (0.5, 9.0, 100.0):
            v = [multiplier(d, beta, l) * mp.exp(-beta) for l in degrees]
            points = [0, 0.1, 0.3, 0.6, 1, mp.pi / 2, 2, mp.pi]
            norm = mp.quad(lambda t: mp.sin(t) ** (d - 2), points)
            check = [mp.quad(lambda t: mp.exp(beta * (mp.cos(t) - 1)) * gegenbauer(d, l, mp.cos(t))[l] * mp.sin(t) ** (d - 2),
                             points) / norm for l in degrees]
            err = float(max(abs(x / y - 1) for x, y in zip(check, v)))
            cases.append(dict(dimension=d, beta=beta, degrees=degrees, scaled=[float(x) for x in v], error=err))
    print(f"  multipliers: error {max(c['error'] for c in cases):.1e}")
    return cases

def growth():
    """g_l, l = 1..8; the check linearises Collocation.rhs at the uniform law by the complex step"""
    mp.mp.dps = 40
    cases, beta, degrees = [], 5.0, list(range(1, 9))
    for d in (3, 8):
        lam = [multiplier(d, beta, l) for l in range(9)]
        usa = [float(l * (l + d - 2) * lam[l] / beta) for l in degrees]
        sa = [float(l * (l + d - 2) * lam[l] / (lam[0] * beta)) for l in degrees]
        err = 0.0
        for g, softmax in ((sa, True), (usa, False)):
            s = Collocation(d, beta, softmax, 0.0, 48)
            for l in degrees:
                p = gegenbauer(d, 8, s.c)[l]
                r = s.rhs(0, 1 + 1e-30j * p).imag / 1e-30
                err = max(err, float(np.max(np.sqrt(s.w) * np.abs(r - g[l - 1] * p))))
        cases.append(dict(dimension=d, beta=beta, degrees=degrees, softmax=sa, none=usa, error=err))
        print(f"  growth d={d}: error {err:.1e}")
    return cases

if __name__ == "__main__":
    sections = dict(zonal=zonal, zonal_noise=zonal_noise, zonal_stationary=zonal_stationary, sphere=sphere,
                    sphere_noise=sphere_noise, poisson=poisson, multipliers=multipliers, growth=growth)
    old = json.load(open(OUT)) if os.path.exists(OUT) else {}
    for name in sys.argv[1:] or list(sections):
        start = time.time()
        old[name] = sections[name]()
        print(f"{name}: {time.time() - start:.0f} s", flush=True)
        with open(OUT, "w") as f:
            json.dump({k: old[k] for k in sections if k in old}, f, separators=(",", ":"), allow_nan=False)
