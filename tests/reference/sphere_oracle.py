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
import numpy as np, mpmath as mp
from itertools import product
from math import factorial
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sphere.json")

def diff(a, b):
    return float(max(np.max(np.abs(np.asarray(a[k]) - np.asarray(b[k]))) for k in a))

def case(section, r, **parameters):
    """the second of two results r, with the difference between them"""
    print(f"  {section} {[v for v in parameters.values() if not isinstance(v, list)]}: error {diff(*r):.1e}", flush=True)
    return dict(**parameters, **r[1], error=diff(*r))

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
    w = (v[0] ** 2 + v[0, ::-1] ** 2) / 2
    return (c - c[::-1]) / 2, w / w.sum()

def f01(b, q, terms=32):
    """0F1(; b; q) = sum q^k/(k! (b)_k) for 0 <= q <= 4: a positive series, no overflow, no cancellation.
    G_nu(z) = Gamma(nu+1)(2/z)^nu I_nu(z) = 0F1(nu+1; z^2/4), and (d/dq) 0F1(b; q) = 0F1(b+1; q)/b."""
    s = np.ones_like(q)
    for k in range(terms, 0, -1):
        s = 1 + q * s / (k * (b + k - 1))
    return s

def initial(d, c, amplitudes):
    return 1 + sum(a * p for a, p in zip(amplitudes, gegenbauer(d, len(amplitudes), c)[1:]))

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
    states = solve(rhs, np.arccos(c0), times, rtol)
    return {"energy": [float(mass @ kernels(th)[2].sum(1) * np.exp(beta) / (2 * beta)) if beta else 0.0 for th in states],
            "moments": [[float(mass @ p) for p in gegenbauer(d, 6, np.cos(th))[1:]] for th in states]}

def zonal():
    cases, amplitudes = [], [0.3, 0.2]
    for d, beta, norm in product((2, 3, 4, 8, 32), (1.0, 4.0), ("softmax", "none")):
        scale = 1 if norm == "softmax" else float(multiplier(d, beta, 0))              # the same evolution near uniform
        times, r = [round(t / scale, 2) for t in (0.0, 0.5, 1.0, 2.0, 4.0 if beta == 1 else 3.0)], []
        for n, rtol in ((144, 1e-12), (192, 1e-13)):
            c, w = gauss(d, n)
            r.append(markers(d, beta, norm == "softmax", c, w * initial(d, c, amplitudes), times, rtol))
        cases.append(case("zonal", r, dimension=d, beta=beta, normalisation=norm, diffusion=0.0, amplitudes=amplitudes, times=times))
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
        q1, q2 = -(beta**2) / 2 * np.outer(c, self.omc), -(beta**2) / 2 * self.omc[None, :]
        f, f1, f2 = f01(b, q), f01(b + 1, q) / b, f01(b + 2, q) / (b * (b + 1))
        ex = np.exp(beta * np.outer(c, c)) * w
        self.k0, self.k1 = ex * f, ex * (beta * s * f + q1 * f1)
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
    kinds = ("softmax", 4.0, [0.0, 0.5, 1.0, 2.0, 4.0]), ("none", 2.0, [0.0, 0.25, 0.5, 1.0, 2.0])
    for (d, diffusion), (norm, beta, times) in product(((3, 0.05), (3, 0.2), (8, 0.05)), kinds):
        r = []
        for n, rtol, method in ((48, 1e-11, "Radau"), (64, 1e-13, "DOP853")):
            s = Collocation(d, beta, norm == "softmax", diffusion, n)
            r.append(s.observe(solve(s.rhs, initial(d, s.c, amplitudes), times, rtol, method)))
        cases.append(case("zonal_noise", r, dimension=d, beta=beta, normalisation=norm, diffusion=diffusion,
                          amplitudes=amplitudes, times=times))
    return cases

def zonal_stationary():
    """f proportional to Z^{1/(D beta)} on S^2, mpmath Picard iteration on Gauss-Legendre nodes (twice: "error_fixed_point");
    "error" is against the dynamics of Collocation run to t = 60"""
    mp.mp.dps = 30
    beta, diffusion = 4, mp.besseli(1.5, 4) / (8 * mp.besseli(0.5, 4))                 # half the critical one
    def fixed_point(n, dps):
        mp.mp.dps = dps
        c = [mp.findroot(lambda x: mp.legendre(n, x), float(x)) for x in np.polynomial.legendre.leggauss(n)[0]]
        w = [(1 - x * x) / (n * mp.legendre(n - 1, x)) ** 2 for x in c]                # probability weights
        k = mp.matrix([[mp.exp(beta * a * b) * mp.besseli(0, beta * mp.sqrt((1 - a * a) * (1 - b * b))) for b in c] for a in c])
        m, step = mp.matrix([u * (1 + x) for u, x in zip(w, c)]), 1
        while step > mp.mpf(10) ** (6 - dps):
            f = mp.matrix([u * z ** (1 / (diffusion * beta)) for u, z in zip(w, k * m)])
            f /= mp.fsum(f)
            m, step = f, mp.norm(f - m, 1)
        return {"energy": float((m.T * k * m)[0] / (2 * beta)),
                "moments": [float(mp.fsum(a * gegenbauer(3, 6, x)[l] for a, x in zip(m, c))) for l in range(1, 7)]}
    r = fixed_point(48, 30)
    s = Collocation(3, 4.0, True, float(diffusion), 56)
    dyn = s.observe(solve(s.rhs, initial(3, s.c, [0.3]), [60.0], 1e-12))
    return [case("zonal_stationary", [{k: v[0] for k, v in dyn.items()}, r], dimension=3, beta=4.0, normalisation="softmax",
                 diffusion=float(diffusion), amplitudes=[0.3], order=r["moments"][0],
                 error_fixed_point=diff(r, fixed_point(40, 22)))]

# ---------------------------------------------------------------- S^2 tools
def sphere_grid(n, m):
    z, w = np.polynomial.legendre.leggauss(n)
    phi = 2 * np.pi * (np.arange(m) + 0.25) / m
    s = np.sqrt(1 - z * z)
    x = np.stack([np.outer(s, np.cos(phi)), np.outer(s, np.sin(phi)), np.outer(z, np.ones(m))], -1)
    return x.reshape(-1, 3), np.repeat(w / (2 * m), m)

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
        for p, square in zip(gegenbauer(3, 6, g)[1:], squares):
            assert abs(mass @ (p @ mass) - square) < 1e-13, "addition theorem"
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
    kinds = ("softmax", 4.0, [0.0, 0.25, 0.5]), ("none", 2.0, [0.0, 0.15, 0.4])
    for name, (norm, beta, times) in product(LAWS, kinds):
        def unit(y):
            x = y.reshape(-1, 3)
            return x / np.linalg.norm(x, axis=1, keepdims=True)
        def rhs(_, y):
            u = unit(y)
            k = u @ (beta * u.T)
            v = np.exp(k, out=k) @ np.column_stack([u * mass[:, None], mass])
            v = v[:, :3] / v[:, 3:] if norm == "softmax" else v[:, :3]
            return (v - (u * v).sum(1, keepdims=True) * u).ravel()
        r = []
        for n, rtol in ((44, 1e-11), (52, 1e-12)):
            x0, w = sphere_grid(n, 2 * n)
            mass = w * law(name, x0)
            r.append(observe([(unit(y), mass) for y in solve(rhs, x0.ravel(), times, rtol)], beta))
        cases.append(case("sphere", r, dimension=3, beta=beta, normalisation=norm, diffusion=0.0, law=name,
                          **LAWS[name], times=times))
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
    lam, analysis = np.array([-diffusion * l * (l + 1) for l, _ in keys]), ym.T * w
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
    return [case("sphere_noise", r, dimension=3, beta=4.0, normalisation="softmax", diffusion=0.05, law="harmonics",
                 **LAWS["harmonics"], times=times)]

# ---------------------------------------------------------------- E. beta = 0: Poisson kernels
def poisson():
    """w(t) from t = int_{w_0}^w 2 du/((1-u^2) h(u)), 30 digits; the check is method A at beta = 0 started on p_{w_0}"""
    mp.mp.dps = 30
    cases, times = [], [0.5, 1.0, 2.0, 3.0]
    for d in (2, 3, 4, 8):
        h = lambda w: mp.mpf(2 * (d - 1)) / d * w * mp.hyp2f1(1 - mp.mpf(d) / 2, 1, mp.mpf(d) / 2 + 1, w * w)
        speed = lambda w: (1 - w * w) * h(w) / 2
        norm = mp.quad(lambda a: mp.sin(a) ** (d - 2), [0, mp.pi / 2, mp.pi])
        rows, w, previous = [], mp.mpf("0.3"), 0
        for t in times:
            left = lambda u: mp.quad(lambda v: 1 / speed(v), [w, u]) - (t - previous)
            w, previous = mp.findroot(left, (w + speed(w) * (t - previous) / 2, w + speed(w) * (t - previous) / 3)), t
            density = lambda th: ((1 - w * w) / (1 + w * w - 2 * w * mp.cos(th))) ** (d - 1) * mp.sin(th) ** (d - 2) / norm
            al = [mp.quad(lambda th: gegenbauer(d, 3, mp.cos(th))[l] * density(th), mp.linspace(0, mp.pi, 7)) for l in range(4)]
            assert abs(al[0] - 1) < 1e-20 and abs(al[1] - h(w)) < 1e-20, "h(w) is not the mean of p_w"
            rows.append((float(w), [float(a) for a in al[1:]]))
        c, wt = gauss(d, 160)
        mass = wt * ((1 - 0.09) / (1.09 - 0.6 * c)) ** (d - 1)
        num = markers(d, 0.0, True, c, mass, times, 1e-13)["moments"]
        r = [{"moments": [m[:3] for m in num]}, {"moments": [r[1] for r in rows]}]
        cases.append(case("poisson", r, dimension=d, w0=0.3, times=times, w=[r[0] for r in rows], order=[r[1][0] for r in rows]))
    return cases

# ---------------------------------------------------------------- F. kernel multipliers, G. growth rates
def multiplier(d, beta, l):
    a = mp.mpf(d) / 2 - 1
    return mp.gamma(a + 1) * (2 / mp.mpf(beta)) ** a * mp.besseli(l + a, beta)

def multipliers():
    """lambda_l e^{-beta}; the check is the Funk-Hecke integral itself"""
    mp.mp.dps = 40
    cases, degrees, points = [], list(range(0, 11, 2)), [0, 0.1, 0.3, 0.6, 1, mp.pi / 2, 2, mp.pi]
    for d, beta in product((2, 3, 5, 8, 128), (0.5, 9.0, 100.0)):
        integral = lambda f: mp.quad(lambda t: f(mp.cos(t)) * mp.sin(t) ** (d - 2), points)
        v = [multiplier(d, beta, l) * mp.exp(-beta) for l in degrees]
        check = [integral(lambda c: mp.exp(beta * (c - 1)) * gegenbauer(d, l, c)[l]) / integral(lambda c: 1) for l in degrees]
        error = max(float(abs(x / y - 1)) for x, y in zip(check, v))
        cases.append(dict(dimension=d, beta=beta, degrees=degrees, scaled=[float(x) for x in v], error=error))
    print(f"  multipliers: error {max(c['error'] for c in cases):.1e}")
    return cases

def growth():
    """g_l, l = 1..8; the check linearises Collocation.rhs at the uniform law by the complex step"""
    mp.mp.dps = 40
    cases, beta, degrees = [], 5.0, list(range(1, 9))
    for d in (3, 8):
        lam, err = [multiplier(d, beta, l) for l in range(9)], 0.0
        g = [[float(l * (l + d - 2) * lam[l] / (beta * z)) for l in degrees] for z in (lam[0], 1)]
        for rates, s in zip(g, (Collocation(d, beta, softmax, 0.0, 48) for softmax in (True, False))):
            for rate, p in zip(rates, gegenbauer(d, 8, s.c)[1:]):
                err = max(err, float(np.max(np.sqrt(s.w) * np.abs(s.rhs(0, 1 + 1e-30j * p).imag / 1e-30 - rate * p))))
        cases.append(dict(dimension=d, beta=beta, degrees=degrees, softmax=g[0], none=g[1], error=err))
        print(f"  growth d={d}: error {err:.1e}")
    return cases

if __name__ == "__main__":
    sections = {f.__name__: f for f in (zonal, zonal_noise, zonal_stationary, sphere, sphere_noise, poisson, multipliers, growth)}
    old = json.load(open(OUT)) if os.path.exists(OUT) else {}
    for name in sys.argv[1:] or list(sections):
        start = time.time()
        old[name] = sections[name]()
        print(f"{name}: {time.time() - start:.0f} s", flush=True)
        with open(OUT, "w") as f:
            json.dump({k: old[k] for k in sections if k in old}, f, separators=(",", ":"), allow_nan=False)
