"""Intervals of fitted trends from the likelihood: every growth that the counts of a window do not refute.

Arrays in, arrays out; no dates here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_NEAR = 1e-8  # of an end, in standard errors
_LEVEL_NEAR = 1e-6  # the likelihood is flat there, so this is 1e-12 of it
_FAR = 50.0  # growth per week, log scale: an end farther off than this from the estimate is open


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """Log-linear NB2 trends fitted to rows of counts, so that any other growth can be held against the counts.

    Attributes
    ----------
    counts, log_offset : ndarray, shape (n_rows, n_days)
        Counts are 0 on days not seen.
    seen : ndarray of bool, shape (n_rows, n_days)
    week : ndarray, shape (n_days,)
        Time in weeks.
    level, growth, alpha : ndarray, shape (n_rows,)
        As fitted.
    scale : ndarray, shape (n_rows,)
        Variance of the growth over what independent NB counts would give: dispersion times memory.
    """

    counts: np.ndarray
    log_offset: np.ndarray
    seen: np.ndarray
    week: np.ndarray
    level: np.ndarray
    growth: np.ndarray
    alpha: np.ndarray
    scale: np.ndarray

    def rows(self, which: np.ndarray) -> Trends:
        """Some of the rows, each as often as it is named."""
        values = ("counts", "log_offset", "seen", "level", "growth", "alpha", "scale")
        return replace(self, **{name: getattr(self, name)[which] for name in values})

    def profile(self, growth: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log-likelihood of one growth per row at the likeliest level for it.

        Parameters
        ----------
        growth, level : ndarray, shape (n_rows,)
            The level is where to begin.

        Returns
        -------
        log_likelihood, slope, level : ndarray, shape (n_rows,)
            Up to a constant; its derivative by growth; and that level.
        """
        a = self.alpha[:, None]
        trend = growth[:, None] * self.week + self.log_offset
        for _ in range(60):
            log_mean = np.minimum(level[:, None] + trend, 300.0)
            mean = np.where(self.seen, np.exp(log_mean), 0.0)
            share = 1 / (1 + a * mean)
            pull = (self.counts - mean) * share
            step = pull.sum(1) / np.maximum((mean * share * share * (1 + a * self.counts)).sum(1), 1e-300)
            if np.abs(step).max() < _LEVEL_NEAR:
                break
            level = level + np.clip(step, -2.0, 2.0)
        grown = np.log1p(a * mean)
        shrunk = np.divide(grown, a, out=mean.copy(), where=a > 0)
        return (self.counts * (log_mean - grown) - shrunk).sum(1), pull @ self.week, level


def likelihood_ends(trends: Trends, quantile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the set of growths that a likelihood ratio does not refute, shape (n_rows,) each.

    Twice the log-likelihood lost, over the scale, stays within the square of the quantile. With a dozen counts in a
    window the likelihood is no parabola: its curvature at a steep estimate is far below that at no growth, and so many
    standard errors hold the truth too often. Dispersion, memory and alpha are those of the fit. The likelihood is
    concave, so the set is an interval.

    Parameters
    ----------
    trends : Trends
    quantile : ndarray, shape (n_rows,)
        Above 0.

    Returns
    -------
    lower, upper : ndarray
        Infinite where no growth on that side is refuted.

    References
    ----------
    Kent (1982), Biometrika 69(1), 19-27 (scaled likelihood ratio where the model does not hold); Venzon & Moolgavkar
    (1988), Applied Statistics 37(1), 87-94 (intervals by the profile likelihood).
    """
    n_rows = len(trends.growth)
    best, _, _ = trends.profile(trends.growth, trends.level)
    both, side = np.tile(np.arange(n_rows), 2), np.repeat([-1.0, 1.0], n_rows)
    distance = _distance(trends.rows(both), best[both], side, quantile[both])
    found = trends.growth[both] + side * distance
    return found[:n_rows], found[n_rows:]


def _distance(trends: Trends, best: np.ndarray, side: np.ndarray, quantile: np.ndarray) -> np.ndarray:
    """How far from the estimate, on its side, the root of the loss meets the quantile: Newton steps between bounds."""
    near, far = np.zeros(len(side)), np.full(len(side), np.inf)
    level = trends.level.copy()
    distance = np.full(len(side), 0.1)
    moving = np.arange(len(side))
    for _ in range(100):
        rows, d, s = trends.rows(moving), distance[moving], side[moving]
        reached, slope, level[moving] = rows.profile(rows.growth + s * d, level[moving])
        root = np.sqrt(np.maximum(2 * (best[moving] - reached) / rows.scale, 0.0))
        missing = quantile[moving] - root
        near[moving] = np.where(missing >= 0, d, near[moving])
        far[moving] = np.where(missing < 0, d, far[moving])
        low, high = near[moving], far[moving]
        # d(root) = -slope / (scale * root) d(distance); flat, or too near for rounding, where this is no rise
        steep = -s * slope / rows.scale
        step = d + np.divide(missing * root, steep, out=np.full(len(d), np.inf), where=steep > 0)
        halved = np.where(np.isfinite(high), (low + high) / 2, np.minimum(4 * d, _FAR))
        there = np.where((step > low) & (step < high), np.minimum(step, _FAR), halved)
        is_open = (missing > 0) & (d >= _FAR)
        distance[moving[is_open]] = np.inf
        go = (np.abs(missing) > _NEAR) & (high - low > 1e-12) & ~is_open
        distance[moving[go]] = there[go]
        moving = moving[go]
        if not len(moving):
            break
    return distance
