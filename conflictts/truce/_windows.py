"""The log-linear count regression of `negbin.py` on many windows at once, with the memory of the whole series.

Arrays in, arrays out; no dates here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import matmul_toeplitz
from scipy.special import digamma, stdtrit

from conflictts.truce._likelihood_interval import Trends, likelihood_ends
from conflictts.truce.negbin import _PHI, _SHARE, MAX_LAG

SLOW_COLUMNS = 2  # intercept and trend
_TOLERANCE = 1e-9


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
        The windows that converged, for the ends of their intervals.
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
        done = np.isfinite(self.growth)
        lower, upper = np.full(len(done), np.nan), np.full(len(done), np.nan)
        quantile = stdtrit(self.degrees_of_freedom[done], 0.5 + level / 2)
        lower[done], upper[done] = likelihood_ends(self.trends, quantile)
        return lower, upper


def fit_windows(
    counts: np.ndarray, log_offset: np.ndarray, *, total_days: int, memory: np.ndarray | None = None
) -> WindowFits:
    """Fit a log-linear NB2 trend to each row of counts.

    Coefficients and dispersion are those of `fit_negbin`. Memory between days and the scale of the residuals belong to
    the series: six weeks are too few to tell a slow swing from a trend, so all rows are asked together.

    Parameters
    ----------
    counts : ndarray of float, shape (n_windows, window_days)
        NaN on days nobody observed. Every row holds a count above 0.
    log_offset : ndarray, shape (n_windows, window_days)
        Known part of the log mean.
    total_days : int
        Observed days in the whole series; windows overlap, so this is how much they know together.
    memory : ndarray, shape (n_phi,), optional
        Weights of the family of autocorrelation functions; default as these windows show.

    Returns
    -------
    WindowFits
    """
    seen, length = ~np.isnan(counts), counts.shape[1]
    y = np.where(seen, counts, 0.0)
    week = (np.arange(length) - (length - 1) / 2) / 7
    level, growth, alpha, done = _maximise(y, seen, week, log_offset)
    log_mean = np.minimum(level[:, None] + growth[:, None] * week + log_offset, 300.0)
    mean = np.where(seen, np.exp(log_mean), 0.0)
    mean[~done] = 1.0  # any number; the answer there is NaN
    stretch = 1 + alpha[:, None] * mean
    residuals = np.where(seen, (y - mean) / np.sqrt(np.maximum(mean, 1e-300) * stretch), 0.0)
    if memory is None:
        memory = shared_memory(residuals[done], seen[done], total_days)
    root = np.sqrt(mean / stretch)
    scaled = np.stack([root, root * week], axis=-1)  # (n_windows, window_days, 2)
    bread = np.linalg.inv(scaled.transpose(0, 2, 1) @ scaled)
    smeared = matmul_toeplitz(autocorrelation(memory, length), scaled.transpose(1, 0, 2).reshape(length, -1))
    meat = scaled.transpose(0, 2, 1) @ smeared.reshape(length, -1, 2).transpose(1, 0, 2)
    taken = np.einsum("wij,wji->w", bread, meat)  # variance that the line takes out of residuals with this memory
    left = np.maximum(seen.sum(1) - taken, 1.0)[done].sum()
    dispersion = max(1.0, float((residuals[done] ** 2).sum() / max(left, 1.0)))
    covariance = dispersion * bread @ meat @ bread
    scale = covariance[:, 1, 1] / bread[:, 1, 1]
    inflation = np.maximum(scale / dispersion, 1.0)
    pull = np.stack([mean.sum(1), mean @ week], axis=-1)  # of the coefficients on the fitted total

    def of_total(covariance: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(np.einsum("wi,wij,wj->w", pull, covariance, pull) / pull[:, 0], 1.0))

    def answer(values: np.ndarray) -> np.ndarray:
        return np.where(done, values, np.nan)

    return WindowFits(
        growth=answer(growth),
        standard_error=answer(np.sqrt(covariance[:, 1, 1])),
        degrees_of_freedom=answer(np.maximum(seen.sum(1) / inflation - SLOW_COLUMNS, 4.0)),
        factor=answer(of_total(covariance)),
        daily_factor=answer(of_total(dispersion * bread)),
        memory=memory,
        trends=Trends(y, log_offset, seen, week, level, growth, alpha, scale).rows(done),
    )


def autocorrelation(memory: np.ndarray, length: int) -> np.ndarray:
    """Autocorrelation by distance in days, 0 .. length - 1, from the weights of its family."""
    acf = np.asarray(memory @ _PHI[:, None] ** np.arange(length))
    acf[0] = 1.0
    return acf


def shared_memory(residuals: np.ndarray, seen: np.ndarray, total_days: int) -> np.ndarray:
    """Weigh plausible autocorrelation functions by the residuals of all windows together.

    The family is that of `negbin.averaged_autocorrelation`, ``share * phi**lag``. What each member would leave in the
    residuals of a straight line is computed without approximation and compared with what the windows show.

    Parameters
    ----------
    residuals, seen : ndarray, shape (n_windows, window_days)
        Residuals are 0 where not seen.
    total_days : int

    Returns
    -------
    ndarray, shape (n_phi,)
        Mean share at each phi, times the weight of that phi; all 0 where nothing can be learnt.
    """
    length, squares = residuals.shape[1], float((residuals**2).sum())
    n_lags = min(MAX_LAG, length // 4)
    if squares < 1e-12 * seen.sum() or n_lags < 1 or not len(residuals):
        return np.zeros(len(_PHI))  # the fits are exact; what is left is rounding, not memory
    lags = np.arange(1, n_lags + 1)
    pairs = np.array([(seen[:, lag:] & seen[:, :-lag]).sum() for lag in lags])
    products = np.array([(residuals[:, lag:] * residuals[:, :-lag]).sum() for lag in lags])
    sample = products / squares * seen.sum() / np.maximum(pairs, 1) * (length - lags) / length
    by_phi = np.array([_left_by_detrending(length, float(phi), n_lags) for phi in _PHI])  # lag 0 first
    share = _SHARE[:, None]
    left = (1 - share) * by_phi[0] + share * by_phi[:, None, :]  # (phi, share, lag)
    misfit = sample - left[:, :, 1:] / left[:, :, :1]
    log_weight = -0.5 * total_days * (pairs / seen.sum() * misfit**2).sum(-1)
    member = np.exp(log_weight - log_weight.max())
    member[0, 1:] = 0.0  # at phi = 0 every share is the same function: one point with the row's whole mass
    member[0, 0] *= len(_SHARE)
    return np.asarray(member @ _SHARE / member.sum())


@lru_cache(maxsize=512)
def _left_by_detrending(length: int, phi: float, n_lags: int) -> np.ndarray:
    """Expected sums of residual products at lags 0 .. n_lags when a line is fitted to AR(1) noise of variance 1."""
    days = np.arange(length)
    line = np.linalg.qr(np.stack([np.ones(length), days - days.mean()], axis=1))[0]
    left = np.eye(length) - line @ line.T
    covariance = left @ phi ** np.abs(days[:, None] - days) @ left
    return np.array([np.trace(covariance, offset=lag) for lag in range(n_lags + 1)])


def _maximise(
    y: np.ndarray, seen: np.ndarray, week: np.ndarray, log_offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Newton steps for the coefficients alternate with a root for log(1/alpha), in all windows that still move."""
    n_windows = len(y)
    exposure = np.where(seen, np.exp(log_offset), 0.0).sum(1)
    level, growth = np.log(y.sum(1) / exposure), np.zeros(n_windows)
    alpha = np.zeros(n_windows)
    done, moving = np.zeros(n_windows, bool), np.arange(n_windows)
    for turn in range(100):
        rows = y[moving], seen[moving], log_offset[moving]
        if turn:
            log_mean = level[moving, None] + growth[moving, None] * week + rows[2]
            mean = np.where(rows[1], np.exp(np.minimum(log_mean, 300.0)), 0.0)
            new_alpha = _alphas(rows[0], rows[1], mean, alpha[moving])
        else:
            new_alpha = alpha[moving]
        new_level, new_growth, finite = _coefficients(*rows, week, new_alpha, level[moving], growth[moving])
        still = np.abs(new_alpha - alpha[moving]) > _TOLERANCE * (1 + new_alpha)
        still &= finite
        settled = finite & ~still & (turn > 0) & (new_alpha < 1e6)
        level[moving], growth[moving], alpha[moving] = new_level, new_growth, new_alpha
        done[moving[settled]] = True
        moving = moving[finite & ~settled & (new_alpha < 1e6)]
        if not len(moving):
            break
    return level, growth, alpha, done


def _coefficients(
    y: np.ndarray,
    seen: np.ndarray,
    log_offset: np.ndarray,
    week: np.ndarray,
    alpha: np.ndarray,
    level: np.ndarray,
    growth: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level and growth given alpha; the third array says where they are finite."""
    a = alpha[:, None]

    def likelihood(level: np.ndarray, growth: np.ndarray) -> np.ndarray:
        log_mean = np.minimum(level[:, None] + growth[:, None] * week + log_offset, 300.0)
        mean = np.exp(log_mean)
        grown = np.log1p(a * mean)
        shrunk = np.where(a > 0, grown / np.where(a > 0, a, 1.0), mean)
        return np.asarray(np.where(seen, y * (log_mean - grown) - shrunk, 0.0).sum(1))

    reached = likelihood(level, growth)
    finite = np.ones(len(y), bool)
    for _ in range(60):
        mean = np.where(seen, np.exp(np.minimum(level[:, None] + growth[:, None] * week + log_offset, 300.0)), 0.0)
        share = 1 / (1 + a * mean)
        pull = np.where(seen, (y - mean) * share, 0.0)
        weight = mean * share * share * (1 + a * y)
        s0, s1 = pull.sum(1), pull @ week
        h00, h01, h11 = weight.sum(1), weight @ week, weight @ week**2
        determinant = h00 * h11 - h01**2
        finite &= (determinant > 1e-12 * h00**2) & (np.abs(growth) < 50) & (np.abs(level) < 100)
        safe = np.where(finite, determinant, 1.0)
        step0, step1 = (h11 * s0 - h01 * s1) / safe, (h00 * s1 - h01 * s0) / safe
        largest = np.where(finite, np.maximum(np.abs(step0), np.abs(step1)), 0.0)
        if largest.max() < _TOLERANCE:
            break
        length = np.where(finite, np.minimum(1.0, 5.0 / np.maximum(largest, 1e-300)), 0.0)
        for _ in range(30):
            there = likelihood(level + length * step0, growth + length * step1)
            worse = (there < reached - 1e-12 * np.abs(reached)) & (length * largest > _TOLERANCE)
            if not worse.any():
                break
            length = np.where(worse, length / 2, length)
        level, growth, reached = level + length * step0, growth + length * step1, there
    else:
        finite &= largest < 1e-6
    return level, growth, finite


def _alphas(y: np.ndarray, seen: np.ndarray, mean: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Dispersion by maximum likelihood given the mean, 0 where the likelihood falls from there.

    `before` is that of a mean nearby, so that the search can begin close.
    """
    alpha = np.zeros(len(y))
    spread = np.where(seen, (y - mean) ** 2 - y, 0.0).sum(1) > 0
    rows = np.flatnonzero(spread)
    if not len(rows):
        return alpha
    y, seen, mean = y[rows], seen[rows], mean[rows]

    def slope(log_size: np.ndarray, which: np.ndarray) -> np.ndarray:
        size, counts, expected = np.exp(log_size)[:, None], y[which], mean[which]
        terms = digamma(size + counts) - digamma(size) - np.log1p(expected / size)
        return np.asarray(np.where(seen[which], terms + (expected - counts) / (expected + size), 0.0).sum(1))

    low, high = np.full(len(rows), np.log(1e-8)), np.log(1e4 * (1 + mean.sum(1) / seen.sum(1)))
    guess = -np.log(np.clip(before[rows], np.exp(-high), 1e8))
    near, far = np.maximum(guess - 0.5, low), np.minimum(guess + 0.5, high)
    every = np.arange(len(rows))
    at_near, at_far = slope(near, every), slope(far, every)
    wide = np.flatnonzero((at_near <= 0) | (at_far >= 0))
    near[wide], far[wide] = low[wide], high[wide]
    at_near[wide], at_far[wide] = slope(low[wide], wide), slope(high[wide], wide)
    alpha[rows] = np.where(at_far >= 0, 0.0, np.exp(-low))
    inside = np.flatnonzero((at_near > 0) & (at_far < 0))
    ends = (each[inside] for each in (near, far, at_near, at_far))
    alpha[rows[inside]] = np.exp(-_roots(lambda log_size, which: slope(log_size, inside[which]), *ends))
    return alpha


def _roots(  # all arrays have shape (n_rows,)
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    at_low: np.ndarray,
    at_high: np.ndarray,
) -> np.ndarray:
    """Where falling functions cross 0 between low and high, in all rows that still move.

    A wide bracket is halved, a narrow one cut by the Illinois rule: an end kept twice in a row counts half.
    """
    found: np.ndarray = (low + high) / 2
    moving, kept = np.arange(len(low)), np.zeros(len(low))
    for _ in range(200):
        drop = (at_low - at_high) / (high - low)
        chord = low + at_low / drop
        straight = (chord > low) & (chord < high) & (high - low < 1)
        middle = np.where(straight, chord, (low + high) / 2)
        at_middle = slope(middle, moving)
        found[moving] = middle
        close = (high - low < 0.1) & (np.abs(at_middle) < 1e-11 * drop + 1e-13)  # the rest is rounding
        above = at_middle > 0
        again = np.where(above, -1.0, 1.0)  # the side whose end is kept
        half = np.where(straight & (kept == again), 0.5, 1.0)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        at_low = np.where(above, at_middle, at_low * half)
        at_high = np.where(above, at_high * half, at_middle)
        go = ~close & (high - low >= 1e-11)
        moving, low, high, at_low, at_high, kept = (each[go] for each in (moving, low, high, at_low, at_high, again))
        if not len(moving):
            break
    return found
