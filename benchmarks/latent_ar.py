"""A peer for the truce's effect: Poisson counts around a latent Gaussian AR(1), by nested Laplace approximation.

Counts are Poisson of ``exp(x'b + u)``, u a stationary AR(1) of memory phi and standard deviation sigma. For each pair
of a grid (phi uniform, sigma uniform in its logarithm) the mode of b and u is found and both are integrated by
Laplace; the interval of the step is that of the mixture of its normals. In the cells named "latent" this is the very
law that drew the series, so its widths are about what a method that knows the law needs there.

Rue, Martino & Chopin (2009), Journal of the Royal Statistical Society B 71(2), 319-392 (nested Laplace).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.optimize import brentq
from scipy.special import ndtr

PHI = np.array([0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.87, 0.93])
SIGMA = np.exp(np.linspace(np.log(0.12), np.log(2.2), 9))


def interval_of_step(counts: np.ndarray, before: int, level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed interval of the log ratio after over before; NaN counts are days without likelihood."""
    seen = ~np.isnan(counts)
    days = np.arange(len(counts))
    columns = [np.ones(len(counts)), (days >= before).astype(float)]
    y = np.where(seen, counts, 0.0)
    if all(y[days % 7 == k].sum() > 0 for k in range(7)):
        columns += [(days % 7 == k).astype(float) for k in range(1, 7)]
    design = np.ascontiguousarray(np.column_stack(columns))
    log_weight, centre, spread = _grid(y, seen.astype(float), design, PHI, SIGMA)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    reach = (centre - 12 * spread).min(), (centre + 12 * spread).max()
    tail = (1 - level) / 2
    lower, upper = (
        brentq(lambda b, t=t: float((weight * ndtr((b - centre) / spread)).sum()) - t, *reach) for t in (tail, 1 - tail)
    )
    return lower, upper


@njit(cache=True)
def _grid(
    y: np.ndarray, seen: np.ndarray, design: np.ndarray, phis: np.ndarray, sigmas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log weight of each pair, and mean and standard deviation of the step's coefficient under it."""
    n, p = design.shape
    log_weight = np.empty(len(phis) * len(sigmas))
    centre, spread = np.empty_like(log_weight), np.empty_like(log_weight)
    beta, u = np.zeros(p), np.zeros(n)
    beta[0] = np.log(y.sum() / seen.sum())
    at = 0
    for phi in phis:
        for sigma in sigmas:
            scale = 1 / (sigma**2 * (1 - phi**2))
            diagonal = np.full(n, (1 + phi**2) * scale)
            diagonal[0] = diagonal[-1] = scale
            beside = -phi * scale
            for _ in range(100):
                mean = seen * np.exp(np.minimum(design @ beta + u, 30.0))
                pulled = diagonal * u
                pulled[1:] += beside * u[:-1]
                pulled[:-1] += beside * u[1:]
                right = np.empty((n, p + 1))  # mean * design, and the gradient in u
                for j in range(p):
                    right[:, j] = mean * design[:, j]
                right[:, p] = y - mean - pulled
                pivot = diagonal + mean
                solved = right.copy()
                for t in range(1, n):
                    factor = beside / pivot[t - 1]
                    pivot[t] -= factor * beside
                    solved[t] -= factor * solved[t - 1]
                solved[n - 1] /= pivot[n - 1]
                for t in range(n - 2, -1, -1):
                    solved[t] = (solved[t] - beside * solved[t + 1]) / pivot[t]
                left = np.ascontiguousarray(right[:, :p].T)
                schur = left @ design - left @ np.ascontiguousarray(solved[:, :p])
                score = design.T @ (y - mean) - left @ np.ascontiguousarray(solved[:, p])
                step = np.linalg.solve(schur, score)
                move = solved[:, p] - np.ascontiguousarray(solved[:, :p]) @ step
                largest = max(np.abs(step).max(), np.abs(move).max())
                short = min(1.0, 2.0 / max(largest, 1e-12))
                beta = beta + short * step
                u = u + short * move
                if largest < 1e-6:
                    break
            log_mean = design @ beta + u
            pulled = diagonal * u
            pulled[1:] += beside * u[:-1]
            pulled[:-1] += beside * u[1:]
            fit = (y * log_mean - seen * np.exp(np.minimum(log_mean, 30.0))).sum() - 0.5 * (u * pulled).sum()
            prior = -n * np.log(sigma) - 0.5 * (n - 1) * np.log(1 - phi**2)
            inverse = np.linalg.inv(schur)
            log_weight[at] = fit + prior - 0.5 * np.log(pivot).sum() - 0.5 * np.log(np.linalg.det(schur))
            centre[at], spread[at] = beta[1], np.sqrt(inverse[1, 1])
            at += 1
    return log_weight, centre, spread
