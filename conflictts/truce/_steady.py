"""Series in which nothing changes, with the noise of a fitted one: what chance alone would show."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, ndtr


class SteadyNoise:
    """Negative binomial counts around given means whose autocorrelations fade as ``share * phi**lag``.

    A Gaussian process of those autocorrelations, made stronger by what the counts' steps lose of them, is mapped to
    counts quantile by quantile (a Gaussian copula).

    Parameters
    ----------
    mean : ndarray, shape (n_days,)
        Few distinct values: the weekdays'.
    size : float
    factor, phi : float
        From `memory`: one plus twice the sum of the autocorrelations, and how fast they fade.
    """

    def __init__(self, mean: np.ndarray, size: float, factor: float, phi: float) -> None:
        means, self._kind = np.unique(mean, return_inverse=True)
        self._quantiles = [_distribution(value, size) for value in means]
        share = (factor - 1) * (1 - phi) / (2 * phi) if phi > 0 else 0.0
        if share > 1:
            share, phi = 1.0, (factor - 1) / (factor + 1)
        first = _stronger(share * phi, _distribution(float(np.mean(mean)), size)) if share > 0 else 0.0
        self._phi = max(phi, first)
        self._share = first / self._phi if first > 0 else 0.0

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One series of whole counts, shape (n_days,), as floats."""
        from conflictts.truce._noise import autoregressive

        n_days = len(self._kind)
        slow = autoregressive(rng.standard_normal(n_days), self._phi)
        mixed = math.sqrt(self._share) * slow + math.sqrt(1 - self._share) * rng.standard_normal(n_days)
        level = ndtr(mixed)
        counts = np.empty(n_days)
        for kind, distribution in enumerate(self._quantiles):
            days = self._kind == kind
            counts[days] = np.searchsorted(distribution, level[days])
        return counts


def _distribution(mean: float, size: float) -> np.ndarray:
    """Distribution function of the negative binomial at 0, 1, 2 ... to where under 1e-10 is left."""
    if mean <= 0:
        return np.ones(1)
    top = mean + 30 * (1 + math.sqrt(mean + mean**2 / size)) + 30 * (mean / size)
    k = np.arange(min(int(top) + 2, 1_000_000))
    odds = mean / (size + mean)
    log_p = gammaln(size + k) - gammaln(size) - gammaln(k + 1) + size * math.log1p(-odds) + k * math.log(odds)
    return np.cumsum(np.exp(log_p))


def _stronger(wanted: float, distribution: np.ndarray) -> float:
    """Correlation of two normal variables whose counts, by quantiles, have the wanted correlation (at most 0.95)."""
    z = np.linspace(-6, 6, 2401)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    counts = np.searchsorted(distribution, ndtr(z)).astype(float)
    counts -= weight @ counts
    # coefficients of the counts on normalised Hermite polynomials; the correlation is the sum of their squares times
    # powers of the normal one
    before, now = np.zeros_like(z), np.ones_like(z)
    squares = []
    for order in range(1, 21):
        before, now = now, (z * now - math.sqrt(order - 1) * before) / math.sqrt(order)
        squares.append(float(weight @ (counts * now)) ** 2)
    variance = float(weight @ counts**2)
    if variance == 0:
        return wanted
    rho = np.linspace(0, 0.95, 96)
    reached = np.array([np.sum(np.array(squares) * r ** np.arange(1, 21)) for r in rho]) / variance
    return float(np.interp(wanted, reached, rho))
