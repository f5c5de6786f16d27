"""The log-linear count regression of `negbin.py` on many windows at once, with the memory of the whole series.

Arrays in, arrays out; no dates here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from conflictts.truce.memories import MAX_LAG

_PHI = np.arange(20) * 0.05
SLOW_COLUMNS = 2  # intercept and trend


class Trends(NamedTuple):
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


@dataclass(frozen=True, slots=True, eq=False)
class WindowFits:
    """Log-linear trends, one per window; NaN where a fit does not converge.

    Attributes
    ----------
    growth : ndarray, shape (n_windows,)
        Slope of the log mean per week.
    standard_error : ndarray, shape (n_windows,)
        Of the growth, at the fitted trend, by the sandwich with the memory given or found.
    degrees_of_freedom : ndarray, shape (n_windows,)
        Days over variance inflation, less two, at least 4: those of `NegBinFit` for residuals of kurtosis 3 and a
        memory that is known, since the kurtosis of six weeks is chance and the memory is asked of all windows.
    factor : ndarray, shape (n_windows,)
        Variance of the window's total over its mean, memory between days included; at least 1.
    daily_factor : ndarray, shape (n_windows,)
        The same were days independent of each other.
    memory : ndarray, shape (n_phi,)
        Weights of the family of autocorrelation functions; see `autocorrelation`.
    trends : Trends
        The same fits, for the ends of their intervals.
    """

    growth: np.ndarray
    standard_error: np.ndarray
    degrees_of_freedom: np.ndarray
    factor: np.ndarray
    daily_factor: np.ndarray
    memory: np.ndarray
    trends: Trends

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the growth at a confidence level, shape (n_windows,) each; see `likelihood_ends`."""
        return likelihood_ends(self.trends, stdtrit(self.degrees_of_freedom, 0.5 + level / 2))


def fit_windows(
    counts: np.ndarray, exposure: np.ndarray, *, total_days: int, memory: np.ndarray | None = None
) -> WindowFits:
    """Fit a log-linear NB2 trend to each row of counts.

    Coefficients and dispersion are those of `fit_negbin`. Memory between days and the scale of the residuals belong to
    the series: six weeks are too few to tell a slow swing from a trend, so all rows are asked together.

    Parameters
    ----------
    counts : ndarray of float, shape (n_windows, window_days)
        0 on days nobody observed. Every row holds a count above 0.
    exposure : ndarray, shape (n_windows, window_days)
        Known part of the mean; 0 on days nobody observed, and on no other.
    total_days : int
        Observed days in the whole series; windows overlap, so this is how much they know together.
    memory : ndarray, shape (n_phi,), optional
        Weights of the family of autocorrelation functions; default as these windows show.

    Returns
    -------
    WindowFits
    """
    from conflictts.truce import _trend_windows

    length = counts.shape[1]
    given = np.empty(0) if memory is None else memory
    level, growth, alpha, days, taken, of_growth, of_total, memory, squares = _trend_windows.fit_with_memory(
        counts, exposure, weeks_of(length), *family_of(length), total_days, given
    )
    spread = spread_of(growth, days, taken, of_growth, of_total, squares)
    trends = Trends(counts, exposure, weeks_of(length), level, growth, alpha, spread.scale)
    return WindowFits(growth, *spread[:4], memory, trends)


class Spread(NamedTuple):
    """How far fits may be off: fields of `WindowFits` of the same names, and the scale of `Trends`."""

    standard_error: np.ndarray
    degrees_of_freedom: np.ndarray
    factor: np.ndarray
    daily_factor: np.ndarray
    scale: np.ndarray


def spread_of(
    growth: np.ndarray,
    days: np.ndarray,
    taken: np.ndarray,
    of_growth: np.ndarray,
    of_total: np.ndarray,
    squares: np.ndarray | float,
) -> Spread:
    """Spread of the fits of windows, the scale of the residuals being that of all of a series' windows.

    Parameters
    ----------
    growth, days, taken, of_growth, of_total
        As `_trend_windows.fit_with_memory` gives them: windows on the last axis. Those not fitted are NaN.
    squares : ndarray or float
        Of each series, where an axis of series is before that of windows.
    """
    left = np.where(np.isfinite(growth), np.maximum(days - taken, 1.0), 0.0).sum(axis=-1)
    # what the line leaves of the residuals' variance
    dispersion = np.maximum(1.0, squares / np.maximum(left, 1.0))[..., None]
    swollen = of_growth[1] / of_growth[0]
    return Spread(
        standard_error=np.sqrt(dispersion * of_growth[1]),
        degrees_of_freedom=np.maximum(days / np.maximum(swollen, 1.0) - SLOW_COLUMNS, 4.0),
        factor=np.maximum(dispersion * of_total[1], 1.0),
        daily_factor=np.maximum(dispersion * of_total[0], 1.0),
        scale=dispersion * swollen,
    )


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

    return _trends.ends_of_rows(*trends, quantile)  # type: ignore[no-any-return]


def likelihood_sides(trends: Trends, quantile: np.ndarray) -> np.ndarray:
    """The side of no growth, -1.0 or 1.0, on which each of these intervals lies, shape (n_rows,); 0.0 where on neither.

    It takes one likelihood a row instead of the dozen that the two ends take.
    """
    from conflictts.truce import _trends

    return _trends.sides_of_rows(*trends, quantile)  # type: ignore[no-any-return]


def weeks_of(length: int) -> np.ndarray:
    """Weeks of each day of a window from its middle, shape (length,)."""
    return (np.arange(length) - (length - 1) / 2) / 7


def family_of(length: int) -> tuple[int, np.ndarray, np.ndarray]:
    """The autocorrelation functions among which memory is sought, as `_trend_windows.fit_with_memory` takes them."""
    n_lags = min(MAX_LAG, length // 4)
    return n_lags, _left_by_phi(length, n_lags), _powers(length)


def autocorrelation(memory: np.ndarray, length: int) -> np.ndarray:
    """Autocorrelation by distance in days, 0 .. length - 1, from the weights of its family."""
    acf = np.asarray(memory @ _powers(length))
    acf[0] = 1.0
    return acf


@lru_cache(maxsize=16)
def _powers(length: int) -> np.ndarray:
    """Each phi of the family to the powers 0 .. length - 1, shape (n_phi, length)."""
    return np.asarray(_PHI[:, None] ** np.arange(length))


@lru_cache(maxsize=16)
def _left_by_phi(length: int, n_lags: int) -> np.ndarray:
    """`_left_by_detrending` at each phi of the family, shape (n_phi, n_lags + 1)."""
    return np.array([_left_by_detrending(length, float(phi), n_lags) for phi in _PHI])


def _left_by_detrending(length: int, phi: float, n_lags: int) -> np.ndarray:
    """Expected sums of residual products at lags 0 .. n_lags when a line is fitted to AR(1) noise of variance 1."""
    days = np.arange(length)
    line = np.linalg.qr(np.stack([np.ones(length), days - days.mean()], axis=1))[0]
    left = np.eye(length) - line @ line.T
    covariance = left @ phi ** np.abs(days[:, None] - days) @ left
    return np.array([np.trace(covariance, offset=lag) for lag in range(n_lags + 1)])
