"""Independent reference for the general systems (SciPy): heads, masks, normalisations, perceptron, layer normalisation, R^d.

Writes systems.json: for every case the matrices, the start and the end. Run: python systems_oracle.py > systems.json
DOP853 at rtol 1e-13; nothing is shared with the program but the formulas."""
import json
import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.special import erf

rng = np.random.default_rng(20261124)
unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
tangent = lambda x, v: v - np.sum(x * v, axis=1, keepdims=True) * x
SIGMA = {"relu": lambda s: np.maximum(s, 0), "gelu": lambda s: s * 0.5 * (1 + erf(s / np.sqrt(2))), "tanh": np.tanh}


def weights(case, x):
    """p_ij of every head."""
    n = len(x)
    w = np.array(case["weights"]) if case["weights"] else np.full(n, 1 / n)
    for head in case["heads"]:
        logits = case["beta"] * (x @ np.array(head["query"]).T) @ (x @ np.array(head["key"]).T).T
        kind = case["normalisation"]
        if case["mask"] == "causal":
            logits = np.where(np.tril(np.ones((n, n))) > 0, logits, -np.inf)
        if kind == "softmax":
            e = w * np.exp(logits - logits.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
        elif kind == "none":
            p = w * np.exp(logits)
        elif kind == "hardmax":
            top = logits >= logits.max(axis=1, keepdims=True) - 1e-9 * np.abs(logits).max(axis=1, keepdims=True)
            p = top * w / (top * w).sum(axis=1, keepdims=True)
        else:
            k = np.exp(logits - logits.max())
            u, v = np.ones(n), np.ones(n)
            for _ in range(100000):
                u = 1 / (k @ (v * w))
                v = 1 / (k.T @ (u * w))
                if abs(u * (k @ (v * w)) - 1).max() < 1e-15:
                    break
            p = u[:, None] * k * v * w
        yield p, np.array(head["value"])


def attention(case, x, source=None):
    source = x if source is None else source
    return sum(p @ source @ value.T for p, value in weights(case, x))


def perceptron(case, x):
    m = case["perceptron"]
    if m is None:
        return 0
    return SIGMA[m["activation"]](x @ np.array(m["inner"]).T + np.array(m["bias"])) @ np.array(m["outer"]).T


def drift(case, t, y):
    scheme, space = case["scheme"], case["space"]
    if space == "flat":
        return attention(case, y) + perceptron(case, y)
    if space == "rescaled":
        value = np.array(case["heads"][0]["value"])
        x = y if case["normalisation"] == "hardmax" else y @ expm(t * value).T
        return sum(p @ y @ value.T - y @ value.T for p, value in weights(case, x))
    x = unit(y)
    a = attention(case, x) + perceptron(case, x)
    size = np.linalg.norm(a, axis=1, keepdims=True)
    if scheme == "pre" or (scheme == "mix" and t >= case["until"]):
        return a
    if scheme == "peri":
        return a / size
    if scheme == "ngpt":
        return case["alpha"] * tangent(x, a / size)
    if scheme == "ln-scaling":
        return tangent(x, a) / np.sqrt(t + 1)
    return tangent(x, a)


def solve(case):
    y = np.array(case["initial"])
    shape = y.shape
    if case["layers"]:
        eta, count = case["layers"]["step"], case["layers"]["count"]
        keep = unit if case["scheme"] == "post" else lambda v: v
        for _ in range(count):
            y = keep(y + eta * attention(case, unit(y)))
            if case["perceptron"]:
                y = keep(y + eta * perceptron(case, unit(y)))
    else:
        edges = [0, case["time"]] if case["scheme"] != "mix" else [0, case["until"], case["time"]]
        for a, b in zip(edges, edges[1:]):
            middle = (lambda t: min(max(t, a), b - 1e-13)) if case["scheme"] == "mix" else (lambda t: t)
            run = solve_ivp(lambda t, s: drift(case, middle(t), s.reshape(shape)).ravel(), (a, b), y.ravel(),
                            method="DOP853", rtol=1e-13, atol=1e-14)
            y = run.y[:, -1].reshape(shape)
    if case["space"] != "sphere":
        case["final"], case["lengths"] = y.tolist(), None
        return case
    case["final"] = unit(y).tolist()
    free = case["scheme"] in ("pre", "peri", "mix")
    case["lengths"] = np.linalg.norm(y, axis=1).tolist() if free else None
    return case


def case(name, n=6, d=3, heads="random", **given):
    start = rng.normal(size=(n, d))
    made = {"name": name, "dimension": d, "beta": 1.5, "normalisation": "softmax", "mask": "none", "space": "sphere",
            "scheme": "post", "alpha": None, "until": None, "perceptron": None, "weights": None, "layers": None,
            "time": 2.0, "initial": start.tolist()}
    made.update(given)
    count = 3 if heads == "three" else 1
    draw = lambda: (rng.normal(size=(d, d)) / np.sqrt(d)).tolist()
    if heads == "identity":
        made["heads"] = [{"query": np.eye(d).tolist(), "key": np.eye(d).tolist(), "value": np.eye(d).tolist()}]
    elif isinstance(heads, list):
        made["heads"] = heads
    else:
        made["heads"] = [{"query": draw(), "key": draw(), "value": draw()} for _ in range(count)]
    if made["space"] == "sphere":
        made["initial"] = unit(np.array(made["initial"])).tolist()
    return solve(made)


def mlp(activation, d=3, m=4):
    return {"activation": activation, "inner": rng.normal(size=(m, d)).tolist(), "bias": rng.normal(size=m).tolist(),
            "outer": (rng.normal(size=(d, m)) / 2).tolist()}


eye = lambda d, c=1.0: (c * np.eye(d)).tolist()
own = lambda d, value: [{"query": eye(d), "key": eye(d), "value": value}]
cases = [
    case("repulsive", heads=own(3, eye(3, -1.0))),
    case("negative beta", heads="identity", beta=-1.5),
    case("diagonal value", heads=own(4, np.diag([1.0, 0.5, -0.3, 0.2]).tolist()), d=4),
    case("one head"), case("one head unnormalised", normalisation="none"),
    case("three heads", heads="three", d=4, n=7), case("weighted heads", heads="three", weights=[0.1, 0.2, 0.3, 0.15, 0.15, 0.1]),
    case("causal", heads="identity", mask="causal"), case("causal head", mask="causal"),
    case("causal unnormalised", mask="causal", normalisation="none"),
    case("sinkhorn", heads="identity", normalisation="sinkhorn"), case("sinkhorn head", normalisation="sinkhorn", d=4),
    case("weighted sinkhorn head", normalisation="sinkhorn", weights=[0.1, 0.2, 0.3, 0.15, 0.15, 0.1]),
    case("relu", perceptron=mlp("relu")), case("gelu", perceptron=mlp("gelu")), case("tanh", perceptron=mlp("tanh")),
    case("layers", perceptron=mlp("gelu"), layers={"step": 0.1, "count": 20}),
    case("pre layers", perceptron=mlp("relu"), scheme="pre", layers={"step": 0.1, "count": 20}),
    case("pre", heads="identity", scheme="pre"), case("pre head", scheme="pre"), case("peri head", scheme="peri"),
    case("mix head", scheme="mix", until=0.7), case("ngpt head", scheme="ngpt", alpha=0.8), case("ln-scaling head", scheme="ln-scaling"),
    case("flat", space="flat", time=1.0), case("flat perceptron", space="flat", time=1.0, perceptron=mlp("tanh")),
    case("rescaled", space="rescaled", time=1.0), case("rescaled identity", heads="identity", space="rescaled", time=2.0),
    case("hardmax", heads="identity", space="rescaled", normalisation="hardmax", time=0.05),
]
# z = e^{−tV}x: the flat run in other coordinates
flat = next(c for c in cases if c["name"] == "flat")
again = solve(dict(flat, space="rescaled"))
value = np.array(flat["heads"][0]["value"])
assert np.allclose(np.array(again["final"]) @ expm(value).T, np.array(solve(dict(flat, space="flat"))["final"]), atol=1e-11)
print(json.dumps({"cases": cases}))
