"""Intervals of fitted trends from the likelihood: every growth that the counts of a window do not refute.

Arrays in, arrays out; no dates here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Arrays: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """Log-linear NB2 trends fitted to rows of counts, so that any other growth can be held against the counts.

    Attributes
    ----------
    counts, exposure : ndarray, shape (n_rows, n_days)
        Both 0 on days not seen; a day's mean is its exposure times that of the trend.
    week : ndarray, shape (n_days,)
        Time in weeks, evenly spaced.
    level, growth, alpha : ndarray, shape (n_rows,)
        As fitted.
    scale : ndarray, shape (n_rows,)
        Variance of the growth over what independent NB counts would give: dispersion times memory.
    """

    counts: np.ndarray
    exposure: np.ndarray
    week: np.ndarray
    level: np.ndarray
    growth: np.ndarray
    alpha: np.ndarray
    scale: np.ndarray


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
        Infinite where no growth on that side is refuted; NaN where the fit did not converge.

    References
    ----------
    Kent (1982), Biometrika 69(1), 19-27 (scaled likelihood ratio where the model does not hold); Venzon & Moolgavkar
    (1988), Applied Statistics 37(1), 87-94 (intervals by the profile likelihood).
    """
    from conflictts.truce import _trends

    return _trends.ends_of_rows(*_arrays(trends), quantile)  # type: ignore[no-any-return]


def likelihood_sides(trends: Trends, quantile: np.ndarray) -> np.ndarray:
    """The side of no growth, -1.0 or 1.0, on which each of these intervals lies, shape (n_rows,); 0.0 where on neither.

    It takes one likelihood a row instead of the dozen that the two ends take.
    """
    from conflictts.truce import _trends

    return _trends.sides_of_rows(*_arrays(trends), quantile)  # type: ignore[no-any-return]


def _arrays(trends: Trends) -> Arrays:
    return (trends.counts, trends.exposure, trends.week, trends.level, trends.growth, trends.alpha, trends.scale)
