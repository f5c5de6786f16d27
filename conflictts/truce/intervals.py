"""Rate of each regime with its interval. Arrays in, arrays out; no dates."""

from __future__ import annotations

import numpy as np

from conflictts.errors import InputError
from conflictts.truce.locations import PRIOR
from conflictts.truce.slopes import SlopedFit, weeks

FEWEST = 4.0  # degrees of freedom


def refuse_level(level: float) -> None:
    """Raise InputError unless a confidence level lies between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(f"level = {level!r} is not a confidence level. Give a number between 0 and 1, such as 0.95.")


def quantile_of(fit: SlopedFit, observed: np.ndarray, level: float) -> float:
    """How many standard errors half an interval is wide, as the variance is estimated from the same days."""
    return float(quantiles(observed.sum(), fit.factor, len(fit.edges) - 1 + sum(fit.sloped), level))


def quantiles(n_days: np.ndarray, factor: np.ndarray | float, fitted: np.ndarray | int, level: float) -> np.ndarray:
    """The same of several series, of their days observed, memory factors, and numbers of levels and slopes fitted.

    Student's t with as many degrees of freedom as days that know as much without memory, less what was fitted; at
    least `FEWEST`.
    """
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.maximum(n_days / factor - fitted, FEWEST), 0.5 + level / 2))


def regime_rates(fit: SlopedFit, day_of_week: np.ndarray, observed: np.ndarray, level: float) -> list[np.ndarray]:
    """Rate, lower and upper end of each regime: one row where it is a level, one row a day where it has a trend.

    Log rate plus or minus a quantile of Student's t (`quantiles`), its variance times the factor.
    """
    quantile = quantile_of(fit, observed, level)
    answer = []
    for begin, end, sloped, (_, log_rate, slope, i00, i01, i11) in fit.regimes():
        if sloped:
            week = weeks(begin, end)
            of_day = np.column_stack([np.ones(len(week)), week])
            inverse = np.linalg.inv(np.array([[i00, i01], [i01, i11]]))
            half = quantile * np.sqrt(np.einsum("ti,ij,tj->t", of_day, inverse, of_day) * fit.factor)
            half, centre = np.minimum(half, 700.0), log_rate + slope * week
            answer.append(np.exp(np.column_stack([centre, centre - half, centre + half])))
        else:
            exposure = fit.profile[day_of_week[begin:end]][observed[begin:end]].sum()
            fitted = np.array([[log_rate, i00, exposure]])
            answer.append(rates_of_levels(fitted, np.array([[quantile, fit.size, fit.factor]]), level))
    return answer


def rates_of_levels(fits: np.ndarray, around: np.ndarray, level: float) -> np.ndarray:
    """Rate, lower and upper end of regimes of constant rate, shape (n_regimes, 3).

    Where a regime holds no counts, the upper end of a one-sided interval by the prior of the location sets.

    Parameters
    ----------
    fits : ndarray, shape (n_regimes, 3)
        Log rate, information and exposure, as `_split.date_rows` gives them.
    around : ndarray, shape (n_regimes, 3)
        Quantile, size and memory factor of each regime's series.
    """
    from scipy.special import betaincinv

    (log_rate, information, exposure), (quantile, size, factor) = fits.T, around.T
    quiet = np.isneginf(log_rate)
    half = np.minimum(quantile * np.sqrt(factor / np.where(quiet, 1.0, information)), 700.0)
    rates = np.exp(np.column_stack([log_rate, log_rate - half, log_rate + half]))
    if quiet.any():
        watched = np.maximum(exposure[quiet] / factor[quiet], 1.0)
        share = betaincinv(PRIOR + size[quiet] * watched, PRIOR, 1 - level)  # size / (size + rate)
        rates[quiet, 2] = size[quiet] * (1 - share) / share
    return np.asarray(rates)
