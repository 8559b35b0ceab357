"""Weighted tokens on the circle in exponentially slow motion, by SciPy's DOP853 in the angles; writes slow.json.

Another method, other variables and other code than the program's: theta_i' = sum_j w_j k_ij sin(theta_j - theta_i) / Z_i
with k_ij = exp(-beta (1 - cos)), 1 - cos = 2 sin^2(./2), Z_i = sum_j w_j k_ij for SA and e^(-beta) for USA.
"""
import json
import pathlib

import numpy as np
from scipy.integrate import solve_ivp


def drift(theta, weights, beta, softmax):
    difference = theta[None, :] - theta[:, None]
    kernel = weights[None, :] * np.exp(-2 * beta * np.sin(difference / 2) ** 2)
    pull = (kernel * np.sin(difference)).sum(axis=1)
    return pull / kernel.sum(axis=1) if softmax else pull * np.exp(beta)


cases = []
for beta, angles, weights, softmax, times in [
    (20.0, [0.0, 1.3, 3.4], [0.5, 0.3, 0.2], True, [1e1, 1e3, 1e4, 3e4, 5e4]),
    (20.0, [0.0, 1.3, 3.4], [0.5, 0.3, 0.2], False, [1e-8, 1e-6, 1e-5, 3e-5]),
    (30.0, [0.1, 1.4, 2.9, 4.4], [0.1, 0.4, 0.3, 0.2], True, [1e2, 1e5, 1e7, 4e7]),
]:
    weights = np.array(weights)
    states = solve_ivp(
        lambda _, theta: drift(theta, weights, beta, softmax),
        (0, times[-1]),
        np.array(angles),
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-14,
        first_step=times[0] * 1e-3,
    )
    assert states.success
    cases.append(
        {
            "beta": beta,
            "angles": angles,
            "weights": list(weights),
            "normalisation": "softmax" if softmax else "none",
            "times": times,
            "states": states.y.T.tolist(),
        }
    )

pathlib.Path(__file__).with_name("slow.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")
