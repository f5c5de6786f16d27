"""Rate of each regime with its interval. Arrays in, arrays out; no dates."""

from __future__ import annotations

import math

import numpy as np

from conflictts.truce.locations import PRIOR
from conflictts.truce.slopes import SlopedFit, weeks

FEWEST = 4.0  # degrees of freedom


def quantile_of(fit: SlopedFit, observed: np.ndarray, level: float) -> float:
    """How many standard errors half an interval is wide, as the variance is estimated from the same days.

    Student's t with as many degrees of freedom as days that know as much without memory, less the levels and slopes
    fitted; at least `FEWEST`.
    """
    from scipy.special import stdtrit

    fitted = len(fit.edges) - 1 + sum(fit.sloped)
    return float(stdtrit(max(observed.sum() / fit.factor - fitted, FEWEST), 0.5 + level / 2))


def regime_rates(fit: SlopedFit, day_of_week: np.ndarray, observed: np.ndarray, level: float) -> list[np.ndarray]:
    """Rate, lower and upper end of each regime: one row where it is a level, one row a day where it has a trend.

    Log rate plus or minus a quantile of Student's t (`quantile_of`), its variance times the factor. Where a regime
    holds no counts, the upper end of a one-sided interval by the prior of the location sets.
    """
    from scipy.special import betaincinv

    quantile = quantile_of(fit, observed, level)
    answer = []
    for begin, end, sloped, (_, log_rate, slope, i00, i01, i11) in fit.regimes():
        if np.isneginf(log_rate):
            exposure = fit.profile[day_of_week[begin:end]][observed[begin:end]]
            days_watched = max(float(exposure.sum()) / fit.factor, 1.0)
            share = float(betaincinv(PRIOR + fit.size * days_watched, PRIOR, 1 - level))  # size / (size + rate)
            answer.append(np.array([[0.0, 0.0, fit.size * (1 - share) / share]]))
        elif sloped:
            week = weeks(begin, end)
            of_day = np.column_stack([np.ones(len(week)), week])
            inverse = np.linalg.inv(np.array([[i00, i01], [i01, i11]]))
            half = quantile * np.sqrt(np.einsum("ti,ij,tj->t", of_day, inverse, of_day) * fit.factor)
            half, centre = np.minimum(half, 700.0), log_rate + slope * week
            answer.append(np.exp(np.column_stack([centre, centre - half, centre + half])))
        else:
            half = min(quantile * math.sqrt(fit.factor / i00), 700.0)
            answer.append(np.exp([[log_rate, log_rate - half, log_rate + half]]))
    return answer
