#!/usr/bin/env python3
"""Independent oracle for attention dynamics on the sphere (tokens and mean field).

    python oracle.py [tokens field transport special theory stationary verify]

writes small JSON files next to this script and prints, for each case, the difference
between two unrelated computations.  No random numbers: all inputs are in the output.

Two integrators are used throughout:
  gbs     Gragg-Bulirsch-Stoer of fixed order 16 in 80-bit long double (the reference values)
  dop853  scipy, double, rtol 1e-13 (the check);   Radau where said
"""
import json, os, sys, time
import numpy as np
import mpmath as mp
from math import comb
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve, brentq

HERE = os.path.dirname(os.path.abspath(__file__))
os.makedirs(HERE, exist_ok=True)
mp.mp.dps = 30
L = np.longdouble
PI = 4 * np.arctan(L(1))


def save(name, obj):
    path = os.path.join(HERE, name)
    with open(path, "w") as f:
        json.dump(obj, f, separators=(",", ":"), allow_nan=False)
    print(f"  -> {path}  {os.path.getsize(path)/1e3:.1f} kB", flush=True)


def fl(x):
    """nested lists of Python floats"""
    return np.asarray(x, dtype=float).tolist()


# ---------------------------------------------------------------- integrators
def gbs_step(f, y, h, columns=8):
    """one macro step of extrapolated modified midpoint (autonomous f), sequence 2,4,..,2*columns"""
    f0 = f(y)
    T = []
    for j in range(columns):
        n = 2 * (j + 1)
        s = h / n
        a, b = y, y + s * f0
        for _ in range(n - 1):
            a, b = b, a + 2 * s * f(b)
        row = [(a + b + s * f(b)) / 2]           # Gragg smoothing
        for k in range(j):
            ratio = (L(n) / L(2 * (j - k))) ** 2
            row.append(row[k] + (row[k] - T[j - 1][k]) / (ratio - 1))
        T.append(row)
    return T[-1][-1]


def gbs(f, y0, times, h):
    y, t, out = np.asarray(y0, dtype=L), L(0), []
    for t1 in times:
        n = max(1, int(np.ceil((t1 - float(t)) / h - 1e-9))) if t1 > t else 0
        for _ in range(n):
            y = gbs_step(f, y, (L(t1) - t) / n)
        t = L(t1)
        out.append(y.copy())
    return np.array(out)


def scipy_solve(f, y0, times, method="DOP853", rtol=1e-13, atol=1e-14):
    y0 = np.asarray(y0, dtype=float)
    shape = y0.shape
    g = lambda t, y: np.asarray(f(y.reshape(shape)), dtype=float).ravel()
    out, y, t = [], y0.ravel(), 0.0
    for t1 in times:                             # restart at each output: no dense-output error
        if t1 > t:
            s = solve_ivp(g, (t, t1), y, method=method, rtol=rtol, atol=atol)
            assert s.success, s.message
            y = s.y[:, -1]
        t = t1
        out.append(y.reshape(shape))
    return np.array(out)


def diff(a, b):
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))))


# ---------------------------------------------------------------- 1. tokens
def token_rhs(beta, normalisation, weights):
    def f(x):
        w = np.asarray(weights, dtype=x.dtype)
        K = np.exp(x.dtype.type(beta) * (x @ x.T)) * w[None, :]
        y = K @ x
        if normalisation == "softmax":
            y = y / K.sum(1, keepdims=True)
        return y - (x * y).sum(1, keepdims=True) * x
    return f


def fixed_points(n, d, seed):
    """deterministic, generic unit vectors (their values are written out)"""
    i, j = np.meshgrid(np.arange(n), np.arange(d), indexing="ij")
    x = np.sin(seed + 2.1 * (i + 1) * (j + 1) ** 0.5 + 0.37 * i * i + 1.9 * j)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def circle(angles):
    a = np.array(angles)
    return np.stack([np.cos(a), np.sin(a)], 1)


def tokens():
    print("tokens")
    cases = [
        ("sa_d2_n7_b4", 4.0, "softmax", circle([0.1, 0.9, 1.7, 2.9, 3.6, 4.4, 5.8]), None, [0.25, 0.5, 1, 2, 3]),
        ("sa_d2_n5_b9", 9.0, "softmax", circle([0.0, 0.7, 2.0, 3.5, 5.1]), None, [0.25, 0.5, 1, 1.5, 2]),
        ("usa_d2_n6_b1.5", 1.5, "none", circle([0.2, 1.3, 2.1, 3.4, 4.0, 5.5]), None, [0.25, 0.5, 1, 2]),
        ("sa_d3_n6_b2", 2.0, "softmax", fixed_points(6, 3, 0.3), None, [0.5, 1, 2, 4]),
        ("usa_d4_n5_b1", 1.0, "none", fixed_points(5, 4, 1.1), None, [0.5, 1, 2]),
        ("b0_d2_n5", 0.0, "softmax", circle([0.3, 1.2, 2.8, 3.9, 5.6]), None, [0.5, 1, 2, 4]),
        ("sa_weighted_d3_n4_b3", 3.0, "softmax", fixed_points(4, 3, 2.2), [0.1, 0.2, 0.3, 0.4], [0.5, 1, 2, 3]),
        ("sa_d8_n10_b3", 3.0, "softmax", fixed_points(10, 8, 0.7), None, [0.5, 1, 2, 4]),
    ]
    out = []
    for name, beta, norm, x0, w, times in cases:
        n, d = x0.shape
        weights = [L(1) / n] * n if w is None else [L(repr(v)) for v in w]
        f = token_rhs(beta, norm, weights)
        ref = gbs(f, x0, times, 0.02)
        e1 = diff(ref, gbs(f, x0, times, 0.04))
        e2 = diff(ref, scipy_solve(f, x0, times))
        e3 = diff(ref, scipy_solve(f, x0, times, "Radau", 1e-12, 1e-13))
        e4 = diff((ref ** 2).sum(-1), 1)
        G = x0 @ x0.T - np.eye(n)
        Gt = np.asarray(ref[-1] @ ref[-1].T, float)
        print(f"  {name:22s} gbs h/2h {e1:.1e}  dop853 {e2:.1e}  radau {e3:.1e}  | |x|^2-1 {e4:.1e}"
              f"   cos range start [{G.min():.2f},{G.max():.2f}] end [{Gt.min():.3f},{Gt.max():.3f}]", flush=True)
        out.append(dict(name=name, beta=beta, normalisation=norm, dimension=d, initial=fl(x0), weights=w,
                        times=[float(t) for t in times], states=fl(ref), difference=max(e1, e2)))
    save("tokens.json", out)


# ---------------------------------------------------------------- 2. field on the circle
def density(a, b, th):
    r = np.ones_like(th)
    for k, c in enumerate(a, 1):
        r = r + th.dtype.type(c) * np.cos(k * th)
    for k, c in enumerate(b, 1):
        r = r + th.dtype.type(c) * np.sin(k * th)
    return r


def kernel_sums(th, w, beta):
    """Z = sum w_j e^{beta cos(th_i-th_j)},  S = sum w_j e^{...} sin(th_i - th_j): all pairs, no Fourier"""
    c, s = np.cos(th), np.sin(th)
    K = np.exp(th.dtype.type(beta) * (np.outer(c, c) + np.outer(s, s)))
    return K @ w, s * (K @ (w * c)) - c * (K @ (w * s))


def velocity(th, w, beta, norm):
    Z, S = kernel_sums(th, w, beta)
    return (-S / Z if norm == "softmax" else -S), Z


def observe(th, w, beta, norm):
    v, Z = velocity(th, w, beta, norm)
    m = np.array([(w * np.exp(1j * k * th)).sum() for k in range(17)])
    E = (w * Z).sum() / (2 * beta) if beta else abs(m[1]) ** 2 / 2
    diss = (w * v * v * (Z if norm == "softmax" else 1)).sum()
    return m, E, diss


def observe_all(states, w, beta, norm):
    o = [observe(th, ww, beta, norm) for th, ww in zip(states, w)]
    return np.array([x[0] for x in o]), np.array([x[1] for x in o]), np.array([x[2] for x in o])


def characteristics(beta, norm, a, b, times, M, precise, h=0.025):
    """D = 0: labels theta_j(0) on a uniform grid, masses rho_0(theta_j)/M."""
    T = L if precise else np.float64
    th0 = (2 * PI * np.arange(M) / M).astype(T)
    w = density(a, b, th0) / M
    f = lambda th: velocity(th, w, beta, norm)[0]
    states = gbs(f, th0, times, h) if precise else scipy_solve(f, th0, times)
    return observe_all(states, [w] * len(times), beta, norm)


def diff_matrices(N):
    """dense Fourier differentiation matrices, even N (Trefethen), long double"""
    h = 2 * PI / N
    k = np.arange(1, N)
    d1 = np.concatenate([[L(0)], (-1.0) ** k / (2 * np.tan(k * h / 2))])
    d2 = np.concatenate([[-PI ** 2 / (3 * h ** 2) - L(1) / 6], -((-1.0) ** k) / (2 * np.sin(k * h / 2) ** 2)])
    idx = (np.arange(N)[:, None] - np.arange(N)[None, :]) % N
    return d1[idx], d2[idx]


def noisy(beta, norm, D, a, b, times, N, how):
    """D > 0: dense-matrix method of lines on N points.
    how: gbs  rho_t = -(v rho)' + D rho'' in long double;  dop853 the same in double;
         radau  u = log rho, u_t = -v' - v u' + D (u'' + u'^2), double, implicit"""
    T = L if how == "gbs" else np.float64
    D1, D2 = [m.astype(T) for m in diff_matrices(N)]
    th = (2 * PI * np.arange(N) / N).astype(T)
    dth = th[:, None] - th[None, :]
    K = np.exp(T(beta) * np.cos(dth)) / N
    S = K * np.sin(dth)
    DD = T(D)

    def vel(rho):
        v = -(S @ rho)
        return v / (K @ rho) if norm == "softmax" else v
    rho0 = density(a, b, th)
    if how == "radau":
        def f(u):
            v, u1 = vel(np.exp(u)), D1 @ u
            return -(D1 @ v) - v * u1 + DD * (D2 @ u + u1 * u1)
        rho = np.exp(scipy_solve(f, np.log(rho0), times, "Radau", 1e-12, 1e-13))
    else:
        f = lambda r: -(D1 @ (vel(r) * r)) + DD * (D2 @ r)
        rho = gbs(f, rho0, times, 2 / (D * N * N / 4)) if how == "gbs" else scipy_solve(f, rho0, times)
    n = len(times)
    return observe_all([th] * n, rho / N, beta, norm)


def field():
    print("field")
    A, B = [0.3, 0.2], [0.0, 0.1]
    p = [2 * 0.3 ** k for k in range(1, 41)]
    cases = [
        ("sa_b4", 4.0, "softmax", 0.0, A, B, [0.5, 1, 2]),
        ("sa_b9", 9.0, "softmax", 0.0, [0, 0, 0.1, 0.2], [0.1], [0.5, 1, 1.5]),
        ("usa_b1", 1.0, "none", 0.0, A, B, [0.5, 1]),
        ("b0_poisson", 0.0, "softmax", 0.0, p, [], [1, 2, 3]),
        ("sa_b5_D0.05", 5.0, "softmax", 0.05, A, B, [0.5, 1, 3]),
        ("usa_b1_D0.1", 1.0, "none", 0.1, A, B, [0.5, 1, 3]),
    ]
    out = []
    for name, beta, norm, D, a, b, times in cases:
        t0 = time.time()
        if D == 0:
            ref = characteristics(beta, norm, a, b, times, 384, True)
            checks = dict(M512_dop853=characteristics(beta, norm, a, b, times, 512, False),
                          M256_dop853=characteristics(beta, norm, a, b, times, 256, False))
        else:
            ref = noisy(beta, norm, D, a, b, times, 96, "gbs")
            checks = dict(N112_dop853=noisy(beta, norm, D, a, b, times, 112, "dop853"),
                          N128_gbs=noisy(beta, norm, D, a, b, times, 128, "gbs"),
                          N80_radau_log=noisy(beta, norm, D, a, b, times, 80, "radau"))
        e = {k: [diff(x, y) for x, y in zip(ref, c)] for k, c in checks.items()}
        m, E, diss = ref
        print(f"  {name:12s} " + "  ".join(k + " m,E,diss " + ",".join(f"{v:.0e}" for v in vs) for k, vs in e.items())
              + f"   |m1| {np.abs(m[:,1]).astype(float)}  |m16| {np.abs(m[:,16]).astype(float)} ({time.time()-t0:.0f}s)", flush=True)
        if beta == 0:
            r = (1 + (L(0.3) ** -2 - 1) * np.exp(-np.array(times, dtype=L))) ** L(-0.5)
            print("      Ott-Antonsen m_k = r^k:", diff(m, r[:, None] ** np.arange(17)))
        out.append(dict(name=name, beta=beta, normalisation=norm, diffusion=D, cosine=[float(v) for v in a],
                        sine=[float(v) for v in b], times=[float(t) for t in times],
                        moments=[[[float(z.real), float(z.imag)] for z in row] for row in m],
                        energy=fl(E), dissipation=fl(diss), difference={k: max(v) for k, v in e.items()}))
    save("field.json", out)


# ---------------------------------------------------------------- 3. W1 on the circle
def w1_median(ang, wts, a, b):
    """min_c int_0^{2pi} |F - G - c| dtheta; c = Lebesgue median of F - G"""
    G = lambda t: (t + sum(c * mp.sin(k * t) / k for k, c in enumerate(a, 1))
                   + sum(c * (1 - mp.cos(k * t)) / k for k, c in enumerate(b, 1))) / (2 * mp.pi)
    IG = lambda t: (t * t / 2 + sum(c * (1 - mp.cos(k * t)) / k ** 2 for k, c in enumerate(a, 1))
                    + sum(c * (t - mp.sin(k * t) / k) / k for k, c in enumerate(b, 1))) / (2 * mp.pi)
    def Ginv(u, lo, hi):
        if G(lo) >= u: return lo
        if G(hi) <= u: return hi
        for _ in range(60):
            mid = (lo + hi) / 2
            if G(mid) < u: lo = mid
            else: hi = mid
        g = lambda t: (1 + sum(c * mp.cos(k * t) for k, c in enumerate(a, 1))
                       + sum(c * mp.sin(k * t) for k, c in enumerate(b, 1))) / (2 * mp.pi)
        x = (lo + hi) / 2
        for _ in range(3):
            x = min(max(x - (G(x) - u) / g(x), lo), hi)
        return x
    order = sorted(range(len(ang)), key=lambda i: ang[i])
    th = [mp.mpf(ang[i]) for i in order]
    F = [mp.mpf(0)]
    for i in order:
        F.append(F[-1] + mp.mpf(wts[i]))
    edges = [mp.mpf(0)] + th + [2 * mp.pi]
    pieces = [(edges[i], edges[i + 1], F[i]) for i in range(len(edges) - 1)]
    above = lambda c: sum(Ginv(f - c, lo, hi) - lo for lo, hi, f in pieces if hi > lo)   # |{F-G>c}|
    lo, hi = mp.mpf(-2), mp.mpf(2)
    for _ in range(70):
        c = (lo + hi) / 2
        if above(c) > mp.pi: lo = c
        else: hi = c
    total = mp.mpf(0)
    for p, q, f in pieces:
        if q <= p: continue
        s = Ginv(f - c, p, q)
        prim = lambda x, y: (f - c) * (y - x) - (IG(y) - IG(x))
        total += prim(p, s) - prim(s, q)
    return total


def w1_transport(ang, wts, a, b):
    """second method: optimal cyclically monotone plan.  Token i receives the arc [B_{i-1}, B_i] of the
    lifted density; minimise sum int |theta_i - phi| g dphi over the rotation alpha (double + Gauss-Legendre)."""
    g = lambda t: density(a, b, np.asarray(t, dtype=float)) / (2 * np.pi)
    G = lambda t: (t + sum(c * np.sin(k * t) / k for k, c in enumerate(a, 1))
                   + sum(c * (1 - np.cos(k * t)) / k for k, c in enumerate(b, 1))) / (2 * np.pi)
    order = np.argsort(ang)
    th, w = np.array(ang)[order], np.array(wts)[order]
    F = np.concatenate([[0], np.cumsum(w)])
    xs, ws = np.polynomial.legendre.leggauss(40)
    def seg(lo, hi, t):
        r = 0.0
        for p in range(4):
            x0, x1 = lo + (hi - lo) * p / 4, lo + (hi - lo) * (p + 1) / 4
            x = (x0 + x1) / 2 + (x1 - x0) / 2 * xs
            r += (x1 - x0) / 2 * np.sum(ws * np.abs(t - x) * g(x))
        return r
    def cost(al):
        B = [brentq(lambda t: G(t) - u - al, -20, 20, xtol=1e-15, rtol=1e-15) for u in F]
        c = 0.0
        for i, t in enumerate(th):
            lo, hi = B[i], B[i + 1]
            m = min(max(t, lo), hi)
            c += seg(lo, m, t) + seg(m, hi, t)
        return c
    al = np.linspace(-1, 1, 41)
    c = [cost(x) for x in al]
    i = int(np.argmin(c))
    from scipy.optimize import minimize_scalar
    return minimize_scalar(cost, bounds=(al[max(i - 1, 0)], al[min(i + 1, 40)]), method="bounded",
                           options=dict(xatol=1e-10)).fun


def transport():
    print("transport")
    cases = [
        ("one_token_uniform", [1.0], [1.0], [], []),
        ("five_tokens_cosine", [0.2, 1.1, 2.5, 4.0, 5.7], [0.2] * 5, [0.5], []),
        ("two_clusters_uniform", [0.5, 3.5], [0.3, 0.7], [], []),
        ("two_clusters_bimodal", [0.4, 3.3], [0.45, 0.55], [0.2, 0.6], [0.1, 0.1]),
        ("weighted_tokens_mixed", [0.0, 0.9, 1.0, 3.0, 4.5, 6.0, 6.2], [0.05, 0.1, 0.15, 0.2, 0.25, 0.05, 0.2],
         [0.3, -0.2, 0.1], [-0.25, 0.0, 0.15]),
        ("one_token_far_from_peak", [2.9], [1.0], [0.8, 0.1], [0.1]),
    ]
    out = []
    for name, ang, w, a, b in cases:
        v = w1_median(ang, w, a, b)
        e = abs(float(v) - w1_transport(ang, w, a, b))
        print(f"  {name:24s} W1 = {mp.nstr(v, 17)}   against the explicit plan {e:.1e}", flush=True)
        out.append(dict(name=name, angles=ang, weights=w, cosine=a, sine=b, w1=float(v), difference=e))
    print("  one token, uniform: minus pi/2 =", out[0]["w1"] - np.pi / 2)
    save("transport.json", out)


# ---------------------------------------------------------------- 4. special functions
def ive(nu, x):
    x = mp.mpf(x)
    if x == 0:
        return mp.mpf(1 if nu == 0 else 0)
    if x > 200 and nu < 100:                     # mpmath's hypergeometric series would be slow
        with mp.workdps(40):
            return mp.besseli(nu, x, maxterms=10 ** 6) * mp.exp(-x)
    return mp.besseli(nu, x) * mp.exp(-x)


def phi(k, z):
    with mp.workdps(60):
        z = mp.mpf(z)
        return (mp.exp(z) - sum(z ** j / mp.factorial(j) for j in range(k))) / z ** k


def special():
    print("special")
    betas = [0, 1e-3, 0.5, 1, 4, 9, 25, 64, 81, 500, 1e4]
    rows, worst_s, worst_r = [], 0.0, 0.0
    from scipy.special import ive as sive
    for b in betas:
        i = [ive(k, b) for k in range(81)]
        h = [ive(k + mp.mpf(1) / 2, b) for k in range(81)]
        s = [ive(k + 3, b) for k in range(21)]
        for nu0, col in ((0, i), (0.5, h), (3, s)):
            for k, v in enumerate(col):
                if v > 1e-290:
                    worst_s = max(worst_s, abs(float(v) / sive(k + nu0, b) - 1) if b else 0)
                if b and 0 < k < len(col) - 1:   # I_{nu-1} - I_{nu+1} = (2 nu/x) I_nu
                    worst_r = max(worst_r, float(abs(col[k - 1] - col[k + 1] - 2 * (k + mp.mpf(nu0)) / mp.mpf(b) * v) / col[k - 1]))
        rows.append(dict(beta=float(b), integer=fl(i), half=fl(h), plus3=fl(s)))
    print(f"  recurrence residual {worst_r:.1e}   relative difference from scipy.special.ive (known ~1e-13) {worst_s:.1e}")
    zs = [-1e-8, -1e-3, -0.1, -0.5, -1, -2, -10, -100, -1e4]
    ph = [[phi(k, z) for z in zs] for k in (1, 2, 3)]
    quad = [[mp.quad(lambda s: mp.exp((1 - s) * mp.mpf(z)) * s ** (k - 1) / mp.factorial(k - 1),
                     [0, 1 - min(1, 50 / abs(mp.mpf(z))), 1] if z < -60 else [0, 1]) for z in zs] for k in (1, 2, 3)]
    print("  phi against its integral, relative:", max(float(abs(p / q - 1)) for P, Q in zip(ph, quad) for p, q in zip(P, Q)))
    save("special.json", dict(scaled_bessel=rows, phi=dict(z=[float(z) for z in zs], phi1=fl(ph[0]), phi2=fl(ph[1]), phi3=fl(ph[2]))))


# ---------------------------------------------------------------- 5. theory
def lam(l, d, beta):
    a = mp.mpf(d) / 2 - 1
    return mp.gamma(mp.mpf(d) / 2) * (2 / mp.mpf(beta)) ** a * mp.besseli(l + a, beta)


def growth(l, d, beta, norm):
    x = l * (l + d - 2) * lam(l, d, beta) / mp.mpf(beta)
    return x / lam(0, d, beta) if norm == "softmax" else x


def funk_hecke(l, d, beta):
    """eigenvalue by direct quadrature against the Gegenbauer polynomial (no Bessel function)"""
    C = (lambda t: mp.chebyt(l, t)) if d == 2 else (lambda t: mp.gegenbauer(l, mp.mpf(d) / 2 - 1, t) / mp.gegenbauer(l, mp.mpf(d) / 2 - 1, 1))
    w = lambda p: mp.sin(p) ** (d - 2)
    return (mp.quad(lambda p: mp.exp(beta * mp.cos(p)) * C(mp.cos(p)) * w(p), mp.linspace(0, mp.pi, 5))
            / mp.quad(w, [0, mp.pi]))


def equiangular_time(g, n, beta, norm):
    a1 = mp.mpf(1) / (n - 1)
    J = mp.ei(beta) - mp.ei(beta * (1 - g)) + mp.exp(beta * (1 + a1)) * (mp.ei(-beta * (g + a1)) - mp.ei(-beta * a1))
    if norm == "none":
        return mp.exp(-beta) * J / 2
    return ((n - 1) * mp.log(((n - 1) * g + 1) / (1 - g)) + J) / (2 * n)


def invert_time(t, n, beta, norm):
    """gamma(t) from the closed form, in the variable y = -ln(1-gamma)"""
    lo, hi = mp.mpf(0), mp.mpf(1)
    f = lambda y: equiangular_time(-mp.expm1(-y), n, beta, norm) - t
    with mp.workdps(50):
        while f(hi) < 0 and hi < 60: hi *= 2
        for _ in range(70):
            mid = (lo + hi) / 2
            if f(mid) < 0: lo = mid
            else: hi = mid
        return mp.exp(-(lo + hi) / 2)            # 1 - gamma


def theory():
    print("theory")
    rates, worst = [], 0
    for d in (2, 3, 4, 8):
        for beta in (0.5, 1, 4, 9, 25):
            rates.append(dict(dimension=d, beta=float(beta), softmax=fl([growth(l, d, beta, "softmax") for l in range(1, 9)]),
                              none=fl([growth(l, d, beta, "none") for l in range(1, 9)])))
            for l in (1, 3, 8):
                worst = max(worst, float(abs(funk_hecke(l, d, beta) / lam(l, d, beta) - 1)))
    print("  lambda_l against quadrature (Funk-Hecke), relative:", worst)

    equi = []
    grids = {("softmax", 1.0): [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10], ("softmax", 4.0): [0, 0.5, 1, 2, 3, 4, 4.5, 5, 5.5, 6, 7, 8, 10],
             ("none", 1.0): [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4], ("none", 4.0): [0, 0.25, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.2]}
    for norm in ("softmax", "none"):
        for beta in (1.0, 4.0):
            n, times = 32, grids[norm, beta]
            def f(u):                            # u = 1 - gamma
                g = 1 - u
                r = 2 * np.exp(L(beta) * g) * u * ((n - 1) * g + 1)
                return -r / (np.exp(L(beta)) + (n - 1) * np.exp(L(beta) * g)) if norm == "softmax" else -r / n
            u = gbs(f, np.array([1.0]), times, 0.01)[:, 0]
            inv = [mp.mpf(1) if t == 0 else invert_time(mp.mpf(t), n, mp.mpf(beta), norm) for t in times]
            keep = [i for i, v in enumerate(inv) if v > 1e-13]
            e = max(float(abs(mp.mpf(repr(float(u[i]))) / inv[i] - 1)) for i in keep)
            ea = max(abs(float(u[i]) - float(inv[i])) for i in keep)
            print(f"  equiangular {norm} beta {beta}: ODE against inverted closed form, absolute {ea:.1e}, relative in 1-gamma {e:.1e}; gamma " + " ".join(mp.nstr(1 - v, 4) for v in inv), flush=True)
            equi.append(dict(n=n, beta=beta, normalisation=norm, times=[float(times[i]) for i in keep],
                             gamma=[float(1 - inv[i]) for i in keep], one_minus_gamma=[float(inv[i]) for i in keep]))

    two = []
    m1, m2, c0, times2 = 0.3, 0.7, -0.5, [0, 1, 2, 5, 10, 20, 50, 100, 150, 180]
    for norm in ("softmax", "none"):
        for beta in (4.0,):
            def f(c):
                T = c.dtype.type
                ec, e1 = np.exp(T(beta) * c), np.exp(T(beta))
                a, b = T("0.3") if T is L else T(0.3), T("0.7") if T is L else T(0.7)
                if norm == "none": return ec * (1 - c * c)
                return (1 - c * c) * (b * ec / (a * e1 + b * ec) + a * ec / (b * e1 + a * ec))
            tt = times2 if norm == "softmax" else [0, 0.1, 0.2, 0.5, 1, 2, 3]
            c = gbs(f, np.array([c0]), tt, 0.05 if norm == "softmax" else 0.005)[:, 0]
            c2 = scipy_solve(f, np.array([c0]), tt)[:, 0]
            # full tokens: two weighted tokens on the circle
            x0 = circle([0.0, 2 * np.pi / 3])
            X = gbs(token_rhs(beta, norm, [L("0.3"), L("0.7")]), x0, tt, 0.1 if norm == "softmax" else 0.01)
            c3 = (X[:, 0] * X[:, 1]).sum(-1) / np.sqrt((X[:, 0] ** 2).sum(-1) * (X[:, 1] ** 2).sum(-1))
            # quadrature: t(c)
            F = lambda c: 1 / ((1 - c * c) * ((mp.mpf("0.7") * mp.exp(beta * c) / (mp.mpf("0.3") * mp.exp(beta) + mp.mpf("0.7") * mp.exp(beta * c))
                                              + mp.mpf("0.3") * mp.exp(beta * c) / (mp.mpf("0.7") * mp.exp(beta) + mp.mpf("0.3") * mp.exp(beta * c))) if norm == "softmax" else mp.exp(beta * c)))
            i = [k for k, v in enumerate(c) if v < 0.999][-1]
            q = abs(mp.quad(F, mp.linspace(c0, mp.mpf(float(c[i])), 9)) - tt[i]) / F(mp.mpf(float(c[i])))
            print(f"  two clusters {norm}: dop853 {diff(c, c2):.1e}  weighted tokens {diff(c, c3):.1e}  quadrature at t={tt[i]} {float(q):.1e}  c = {c.astype(float)}", flush=True)
            two.append(dict(masses=[m1, m2], beta=beta, normalisation=norm, c0=c0, times=[float(t) for t in tt], c=fl(c)))

    wendel = [dict(dimension=d, n=list(range(4, 21)), probability=[sum(comb(n - 1, k) for k in range(d)) / 2 ** (n - 1) for n in range(4, 21)]) for d in (2, 3, 8)]
    oa = []
    for r0 in (0.05, 0.3, 0.8):
        t = [0, 0.5, 1, 2, 3, 5, 10]
        r = [(1 + (mp.mpf(r0) ** -2 - 1) * mp.exp(-mp.mpf(x))) ** mp.mpf(-0.5) for x in t]
        e = diff([float(x) for x in r], scipy_solve(lambda w: (1 - w * w) * w / 2, np.array([r0]), t)[:, 0])
        print(f"  Ott-Antonsen r0={r0}: against the ODE {e:.1e}")
        oa.append(dict(r0=r0, times=[float(x) for x in t], r=fl(r)))
    save("theory.json", dict(growth=rates, equiangular=equi, two_clusters=two, wendel=wendel, ott_antonsen=oa))


# ---------------------------------------------------------------- 6. stationary noisy densities
def stationary_grid(beta, D, norm, N, start=0.5):
    """fixed-point iteration with the kernel itself on N points, long double; peak at 0"""
    th = 2 * PI * np.arange(N) / N
    K = np.exp(L(beta) * np.cos(th[:, None] - th[None, :])) / N
    f = 1 + L(start) * np.cos(th)
    p = 1 / (L(D) * L(beta))
    for it in range(20000):
        Z = K @ f
        e = p * (np.log(Z) if norm == "softmax" else Z)
        g = np.exp(e - e.max())
        g = (g + g[(-np.arange(N)) % N]) / 2
        g /= g.mean()
        done = np.max(np.abs(g - f)) < 1e-18
        f = g
        if done: break
    return th, f, it


def stationary_bessel(beta, D, norm, guess, n=24):
    """second method: Newton-like fsolve on the moments with the Bessel expansion of Z (double)"""
    from scipy.special import ive as sive
    lamk = np.array([float(mp.besseli(k, beta)) for k in range(n + 1)])
    N = 4 * n + 1
    th = 2 * np.pi * np.arange(N) / N
    C = np.cos(np.outer(np.arange(n + 1), th))
    def F(m):
        Z = lamk[0] + 2 * (lamk[1:] * m) @ C[1:]
        e = (np.log(Z) if norm == "softmax" else Z) / (D * beta)
        f = np.exp(e - e.max()); f /= f.mean()
        return (C[1:] @ f) / N - m
    m, info, ok, msg = fsolve(F, guess, xtol=1e-15, full_output=True)
    return m, np.max(np.abs(F(m)))


def stationary():
    print("stationary")
    out = []
    for name, beta, D, norm in (("sa_b2_D0.25", 2.0, 0.25, "softmax"), ("usa_b1_D0.3", 1.0, 0.3, "none")):
        th, f, it = stationary_grid(beta, D, norm, 64)
        m = np.array([(f * np.cos(k * th)).mean() for k in range(25)])
        th2, f2, _ = stationary_grid(beta, D, norm, 96, start=0.9)
        m2 = np.array([(f2 * np.cos(k * th2)).mean() for k in range(25)])
        m3, res = stationary_bessel(beta, D, norm, np.asarray(m[1:], float) * 0.95)
        # the stationary flux of the PDE vanishes
        D1, _ = diff_matrices(64)
        K = np.exp(L(beta) * np.cos(th[:, None] - th[None, :])) / 64
        Z, S = K @ f, (K * np.sin(th[:, None] - th[None, :])) @ f
        v = -S / Z if norm == "softmax" else -S
        flux = np.max(np.abs(v * f - L(D) * (D1 @ f)))
        E = (f * Z).mean() / (2 * beta)
        print(f"  {name}: {it} iterations; N 64/96 {diff(m, m2):.1e}; fsolve+Bessel {diff(m[1:], m3):.1e}; flux {float(flux):.1e}; |m1| = {float(m[1])!r}")
        lam1 = mp.besseli(1, beta) / beta / (mp.besseli(0, beta) if norm == "softmax" else 1)
        print(f"     threshold D_c (linear) = {mp.nstr(lam1, 15)}")
        out.append(dict(name=name, beta=beta, diffusion=D, normalisation=norm, moments=fl(m[1:9]), density_at_0=float(f[0]),
                        density_at_pi=float(f[32]), energy=float(E), threshold=float(lam1), difference=max(diff(m, m2), diff(m[1:], m3))))
    save("stationary.json", out)


# ---------------------------------------------------------------- checks of mathematics.md that need no file
def verify():
    print("verify (mathematics.md)")
    from scipy.special import iv, ive as sive, hyp2f1
    # most unstable degree
    for d, rule in ((2, lambda b: np.sqrt(2 * b)), (3, lambda b: np.sqrt(2 * b + .25) - .5)):
        bad, maxr = [], []
        for b in np.arange(0.5, 400, 0.25):
            l = np.arange(1, 80)
            g = l * (l + d - 2) * sive(l + d / 2 - 1, b)
            k = int(l[np.argmax(g)])
            if abs(k - rule(b)) > 0.5 and max(1, int(np.rint(rule(b)))) != k: bad.append((float(b), k, round(float(rule(b)), 3)))
        print(f"  k* nearest integer, d={d}: {len(bad)} exceptions of 1598", bad[:12], "..." if len(bad) > 12 else "")
    for b in (100, 1e4):
        l = np.arange(1, 400)
        print("  max SA rate d=2, beta", b, float(max(l * l * sive(l, b) / b / sive(0, b))), "2/e =", 2 / np.e)
    # degrees needed for 1e-14
    for b in (9, 25, 81):
        k = np.arange(0, 200); r = sive(k, b)
        print(f"  beta {b}: first k with I_k/I_0 < 1e-14: {int(np.argmax(r / r[0] < 1e-14))}, e^-b I_k < 1e-14: {int(np.argmax(r < 1e-14))};"
              f" S^2: {int(np.argmax(sive(k + .5, b) / sive(.5, b) < 1e-14))}")
    # growth rates from the nonlinear particle / grid right-hand side
    for norm in ("softmax", "none"):
        for beta, l, D in ((4.0, 3, 0.0), (9.0, 4, 0.02)):
            N = 128; D1, D2 = [m.astype(float) for m in diff_matrices(N)]
            th = 2 * np.pi * np.arange(N) / N; dth = th[:, None] - th[None, :]
            K = np.exp(beta * np.cos(dth)) / N; S = K * np.sin(dth)
            def f(r):
                v = -(S @ r)
                if norm == "softmax": v = v / (K @ r)
                return -(D1 @ (v * r)) + D * (D2 @ r)
            e = 1e-5; u = np.cos(l * th)
            g = ((f(1 + e * u) - f(1 - e * u)) / (2 * e) * u).mean() * 2
            print(f"  growth {norm} beta {beta} l {l} D {D}: grid {g:.10f} formula {float(growth(l, 2, beta, norm)) - D*l*l:.10f}")
    # n-gon eigenvalues
    for n, beta in ((3, 1.3), (5, 4.0), (3, -0.6), (3, -0.7)):
        a = 2 * np.pi * np.arange(n) / n
        for norm in ("none", "softmax"):
            def f(t):
                dt = t[:, None] - t[None, :]; K = np.exp(beta * np.cos(dt)) / n
                v = -(K * np.sin(dt)).sum(1)
                return v / K.sum(1) if norm == "softmax" else v
            J = np.array([(f(a + 1e-5 * e) - f(a - 1e-5 * e)) / 2e-5 for e in np.eye(n)]).T
            ev = np.sort(np.linalg.eigvals(J).real)
            m = np.arange(-60, 61); I = iv(m, beta)
            lamq = [(np.sum((m * m * I)[(m - q) % n == 0]) - np.sum((m * m * I)[m % n == 0])) / beta for q in range(n)]
            if norm == "softmax": lamq = np.array(lamq) / I[m % n == 0].sum()
            print(f"  {n}-gon beta {beta} {norm}: max eigenvalue difference {np.max(np.abs(ev - np.sort(lamq))):.1e}; eigenvalues {np.round(ev,5)}")
    J3 = lambda b: (lambda m, I: (np.sum((m * m * I)[(m - 1) % 3 == 0]) - np.sum((m * m * I)[m % 3 == 0])) / b)(np.arange(-60, 61), iv(np.arange(-60, 61), b))
    print("  triangle threshold beta:", brentq(J3, -0.9, -0.4))
    # beta = 0 invariant family p_w: h(w), and closure of the second moment
    for d in (2, 3, 4, 8):
        ph = np.linspace(0, np.pi, 20001); c = np.cos(ph); W = np.sin(ph) ** (d - 2)
        from scipy.integrate import simpson
        w = 0.4; p = ((1 - w * w) / (1 - 2 * w * c + w * w)) ** (d - 1)
        nrm = simpson(p * W, x=ph) / simpson(W, x=ph); av = lambda q: simpson(q * p * W, x=ph) / simpson(W, x=ph)
        h = lambda w: 2 * (d - 1) / d * w * hyp2f1(1 - d / 2, 1, d / 2 + 1, w * w)
        R = av(c); dR = R * (1 - av(c * c)); hp = (h(w + 1e-5) - h(w - 1e-5)) / 2e-5
        print(f"  p_w d={d}: mass-1 {nrm-1:.1e}  R-h(w) {R-h(w):.1e}  R' - h'(w)w' {dR - hp*(1-w*w)*h(w)/2:.1e}",
              f" d=4 closed form {h(w)-(3*w-w**3)/2:.1e}" if d == 4 else "")
        # pointwise continuity equation: d/dt p + div(p P m) = 0
        # flow c' = R (1-c^2), i.e. v_phi = -R sin; div on zonal functions: (1/W) d/dphi(W p v_phi)
        pm = lambda w, x: ((1 - w * w) / (1 - 2 * w * mp.cos(x) + w * w)) ** (d - 1)
        q = lambda x: -R * mp.sin(x) ** (d - 1) * pm(mp.mpf(w), x)
        res = [abs(mp.diff(lambda y: pm(y, x), w) * (1 - w * w) * h(w) / 2 + mp.diff(q, x) / mp.sin(x) ** (d - 2)) for x in (.3, 1.0, 2.0)]
        print(f"      pointwise continuity residual {float(max(res)):.1e}")
    # continuous / discontinuous transition, by cubic expansion
    print("  USA continuous while I_2/I_1 < 1/2: beta <", brentq(lambda b: iv(2, b) / iv(1, b) - .5, .1, 10),
          "; d=3 I_{5/2}/I_{3/2} < 1/3: beta <", brentq(lambda b: iv(2.5, b) / iv(1.5, b) - 1 / 3, .1, 10))
    def sa_ok(b):   # q(2p+1) < p+2 with q = I2/I1, p = I0/I1 (derived cubic coefficient)
        q, p = sive(2, b) / sive(1, b), sive(0, b) / sive(1, b)
        return q * (2 * p + 1) < p + 2
    print("  SA circle: q(2p+1) < p+2 for beta in [0.01, 1e5]:", all(sa_ok(b) for b in np.geomspace(.01, 1e5, 400)))
    for norm, beta in (("softmax", 2.0), ("none", 1.0), ("none", 2.3), ("none", 3.0)):
        Dc = float(mp.besseli(1, beta) / beta / (mp.besseli(0, beta) if norm == "softmax" else 1))
        r = []
        for s in (0.98, 0.99, 1.002):
            th, f, it = stationary_grid(beta, Dc * s, norm, 48, start=0.9)
            r.append(float((f * np.cos(th)).mean()))
        print(f"  {norm} beta {beta}: |m1| at D/Dc = .98, .99, 1.002 from the ordered side: {r}")
    # cluster width 1/(1/D - beta) at small D
    for beta, D in ((2.0, 0.004), (2.0, 0.001), (0.5, 0.002), (8.0, 0.002), (40.0, 0.002), (40.0, 0.01)):
        th, f, it = stationary_grid(beta, D, "softmax", 400, start=0.9)
        t = np.where(th > PI, th - 2 * PI, th)
        va, vs, flat = float((f*t*t).mean()), float((f*np.sin(t)**2).mean()), 1/(1/D-beta)
        print(f"  SA beta {beta} D {D}: <theta^2> {va:.6e}  <sin^2> {vs:.6e}  1/(1/D-beta) = {flat:.6e}; 1/D-1/<theta^2> = {1/D-1/va:.4f}, 1/D-1/<sin^2> = {1/D-1/vs:.4f}")
    # dE/dt identity on a field, noiseless
    for norm in ("softmax", "none"):
        th0 = 2 * PI * np.arange(128) / 128; w = density([0.3, 0.2], [0, 0.1], th0) / 128
        f = lambda th: velocity(th, w, 3.0, norm)[0]
        s = gbs(f, th0, [0.499, 0.5, 0.501], 0.05)
        o = [observe(x, w, 3.0, norm) for x in s]
        print(f"  field dE/dt {norm}: finite difference {float((o[2][1]-o[0][1])/L('0.002')):.9f}  dissipation {float(o[1][2]):.9f}")
    # equiangular formula against full tokens (simplex-like start in R^n: gamma(0)=0)
    n, beta = 6, 2.0
    for norm in ("softmax", "none"):
        X = gbs(token_rhs(beta, norm, [L(1) / n] * n), np.eye(n), [1.0], 0.05)[-1]
        print(f"  equiangular tokens n=6 {norm}: closed form t(gamma(1)) - 1 = {float(equiangular_time(mp.mpf(float(X[0] @ X[1])), n, mp.mpf(2), norm) - 1):.1e}")
    # zonal kernel
    for d in (3, 4, 8):
        b, c, s = 2.0, 0.3, -0.4; z = b * np.sqrt((1 - c * c) * (1 - s * s)); nu = (d - 3) / 2
        G = mp.gamma(nu + 1) * (2 / mp.mpf(z)) ** nu * mp.besseli(nu, z) * mp.exp(b * c * s)
        q = mp.quad(lambda p: mp.exp(b * c * s + z * mp.cos(p)) * mp.sin(p) ** (d - 3), [0, mp.pi]) / mp.quad(lambda p: mp.sin(p) ** (d - 3), [0, mp.pi])
        print(f"  zonal kernel d={d}: relative difference {float(abs(G/q-1)):.1e}")


if __name__ == "__main__":
    todo = sys.argv[1:] or ["tokens", "field", "transport", "special", "theory", "stationary", "verify"]
    for name in todo:
        t0 = time.time()
        globals()[name]()
        print(f"[{name} {time.time()-t0:.0f}s]", flush=True)
