"""Stretches of days in one series: the rate of each, and its ratio to the days before, with intervals. Arrays in."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv, stdtrit

from conflictts.errors import TooLittleData
from conflictts.truce.design import make_design
from conflictts.truce.few_counts import FEW_AFTER, FEW_BEFORE, few_counts_ratio
from conflictts.truce.negbin import NegBinFit, fit_negbin
from conflictts.truce.regression import fit_design
from conflictts.truce.window import MAX_LOG_SPREAD

Triple = tuple[float, float, float]
UNKNOWN: Triple = (np.nan, np.nan, np.nan)


def rate_of(counts: np.ndarray, level: float, richer: NegBinFit) -> Triple:
    """Rate per day of one stretch with its interval.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
        NaN where not observed.
    richer : NegBinFit
        A fit to days with more counts, which tells the variance where these have fewer than 10.

    Returns
    -------
    (estimate, lower, upper)
        By the regression on a constant; by a gamma interval on effective counts where counts are few, which begins at
        the rate at the latest.
    """
    used = np.flatnonzero(~np.isnan(counts))
    seen = counts[used]
    if len(seen) == 0:
        return UNKNOWN
    rate = float(seen.mean())
    if seen.sum() >= FEW_AFTER and len(seen) >= 7:
        try:
            fit = fit_negbin(seen, np.ones((len(seen), 1)), slow_columns=1, day=used)
        except TooLittleData:
            pass
        else:
            half = min(fit.half_width(np.ones(1), level), MAX_LOG_SPREAD)
            return rate, float(rate * np.exp(-half)), float(rate * np.exp(half))
    factor = (1 + richer.alpha * rate) * max(richer.inflation(np.eye(len(richer.coefficients))[0]), 1.0)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    lower, upper = gammaincinv(seen.sum() / factor + 0.5, tails) * factor / len(seen)
    return rate, min(float(lower), rate), float(upper)


def ratio_to(before: np.ndarray, counts: np.ndarray, first_after: int, day_of_week: np.ndarray, level: float) -> Triple:
    """Rate of one stretch over the rate before, with the interval of the effect.

    Parameters
    ----------
    before, counts : ndarray, shape (n_calendar_days,)
        On the same calendar; NaN on days that do not belong to the stretch or were not observed.
    first_after : int
        A position after the last day of `before` and not after the first of `counts`.
    day_of_week : ndarray of int, shape (n_calendar_days,)

    Returns
    -------
    (estimate, lower, upper)
        NaN where it cannot be told.
    """
    both = np.where(np.isnan(before), counts, before)
    after = np.arange(len(both)) >= first_after
    used = np.flatnonzero(~np.isnan(both))
    n_before, n_after = np.nansum(before), np.nansum(counts)
    if n_before == 0 or not np.isfinite(counts).any():
        return UNKNOWN
    try:
        if n_before < FEW_BEFORE or n_after < FEW_AFTER:
            return few_counts_ratio(both[used], after[used], used, level).ratio
        design = make_design(both, first_after=first_after, day_of_week=day_of_week, model="level", weekday=True)
        fit = fit_design(design)
    except TooLittleData:
        return UNKNOWN
    half = min(fit.half_width(np.eye(len(fit.coefficients))[1], level), MAX_LOG_SPREAD)
    return _factor(float(fit.coefficients[1]), half)


def ratio_were_nothing_changed(before: np.ndarray, counts: np.ndarray, first_after: int, level: float) -> Triple:
    """The same on effective counts, whose variance is that of the side with more counts: nearly always the days before.

    A lull that a search has picked is low by chance in its variance too, which the regression takes from it. Whether
    anything but chance made it is asked with the variance of days that nobody picked.
    """
    both = np.where(np.isnan(before), counts, before)
    used = np.flatnonzero(~np.isnan(both))
    if np.nansum(before) == 0 or not np.isfinite(counts).any():
        return UNKNOWN
    try:
        return few_counts_ratio(both[used], used >= first_after, used, level).ratio
    except TooLittleData:
        return UNKNOWN


def _factor(log: float, half: float) -> Triple:
    return float(np.exp(log)), float(np.exp(log - half)), float(np.exp(log + half))


def log_ratio_on_days(calm: NegBinFit, steady: NegBinFit, weeks: np.ndarray, level: float) -> np.ndarray:
    """Log ratio to the rate before on days of an eroding calm: estimate, lower, upper, shape (3, n_days).

    `calm` has the columns constant and growth per week, `steady`, of the days before, the constant alone; `weeks`
    counts from where the growth's column does. The degrees of freedom are Welch's.
    """
    contrasts = np.column_stack([np.ones(len(weeks)), weeks])
    log = contrasts @ calm.coefficients - steady.coefficients[0]
    of_both = [_variances(calm, contrasts), _variances(steady, np.ones((1, 1)))]
    variance = sum(each for each, _ in of_both)
    freedom = variance**2 / sum(each**2 / its for each, its in of_both)
    half = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(variance)
    return np.array([log, log - half, log + half])


def _variances(fit: NegBinFit, contrasts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance and degrees of freedom of linear combinations, shapes (n_contrasts,)."""
    variance = np.einsum("ki,ij,kj->k", contrasts, fit.covariance, contrasts)
    return variance, np.array([fit.degrees_of_freedom(each) for each in contrasts])
