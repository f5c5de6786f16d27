"""What a fitted rate implies: counterfactual and averted toll, each with an interval. Arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from conflictts.truce.design import Design
from conflictts.truce.negbin import NegBinFit

Interval = tuple[float, float, float]  # estimate, lower, upper
MAX_LOG = 700.0  # exp of more is infinite
RATES = pd.Index(["fitted", "counterfactual", "counterfactual_lower", "counterfactual_upper"])


@dataclass(frozen=True, slots=True, eq=False)
class Toll:
    """Tolls after the date, over the days used, and rates per day of the window; rates average over the week.

    Attributes
    ----------
    counterfactual, averted : (estimate, lower, upper)
    fitted : ndarray, shape (n_calendar_days,)
        Fitted rate per day.
    would : ndarray, shape (n_calendar_days,)
        Rate per day had there been no truce.
    half_width : ndarray, shape (n_calendar_days,)
        Half width of the interval of ``log(would)``.
    """

    counterfactual: Interval
    averted: Interval
    fitted: np.ndarray
    would: np.ndarray
    half_width: np.ndarray


def toll_after(fit: NegBinFit, design: Design, level: float) -> Toll:
    """Counterfactual and averted toll of a fit.

    The interval of the averted toll is that of ``C (1 - r)``, where the logs of the counterfactual C and of the ratio r
    of fitted to counterfactual toll are jointly t distributed about their estimates, with the degrees of freedom of r
    and C's scale such that its own interval is the one shown. So it excludes 0 exactly when the interval of r excludes
    1, and is lopsided as r is.
    """
    after, beta = design.after, fit.coefficients
    offset = design.offset[design.used][after]
    matrix, without = design.matrix[after], design.without_truce()[after]
    fitted, would = np.exp(matrix @ beta + offset), np.exp(without @ beta + offset)
    total, would_total = float(fitted.sum()), float(would.sum())
    pull_would = would @ without / would_total
    pull_ratio = fitted @ matrix / total - pull_would
    half = fit.half_width(pull_would, level)
    pulls = np.array([pull_would, pull_ratio])
    log_would, log_ratio = np.log(would_total), np.log(total) - np.log(would_total)
    freedom = fit.degrees_of_freedom(pull_ratio)
    shown = half / float(stdtrit(freedom, 0.5 + level / 2)) / fit.standard_error(pull_would)
    pulls[0] *= shown
    lower, upper = difference_interval(log_would, log_ratio, pulls @ fit.covariance @ pulls.T, freedom, level)

    slow_without = design.slow.copy()
    slow_without[:, 1] = 0.0
    if "erosion" in design.names:
        slow_without[:, 2] = 0.0
    n_slow = design.n_slow
    weekday_effects = np.append(0.0, beta[n_slow:]) if design.has_weekdays else np.zeros(1)
    week = np.exp(weekday_effects)
    week_mean = np.log(week.mean()) + design.offset
    # a day's pull: its slow columns, and each weekday by its share of the week
    pull_week = week[1:] / week.sum()
    rows = slow_without if "trend" in design.names else slow_without[:1]  # all alike but for a trend
    contrasts = np.column_stack([rows, np.broadcast_to(pull_week, (len(rows), len(pull_week)))])
    widths = fit.half_widths(contrasts, level)
    return Toll(
        counterfactual=(would_total, *_exponentiated(log_would, half)),
        averted=(would_total - total, lower, upper),
        fitted=np.exp(design.slow @ beta[:n_slow] + week_mean),
        would=np.exp(slow_without @ beta[:n_slow] + week_mean),
        half_width=np.broadcast_to(widths, len(slow_without)),
    )


def _exponentiated(centre: float, half: float) -> tuple[float, float]:
    return float(np.exp(centre - half)), float(np.exp(min(centre + half, MAX_LOG)))


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return (nodes + 1) / 2, weights / 2


def difference_interval(
    log_would: float, log_ratio: float, covariance: np.ndarray, freedom: float, level: float
) -> tuple[float, float]:
    """Equal-tailed interval of ``exp(c) (1 - exp(b))`` where (c, b) is bivariate t.

    Parameters
    ----------
    log_would, log_ratio : float
        Location of c and of b.
    covariance : ndarray, shape (2, 2)
        Squared scale of (c, b).
    freedom : float
        Degrees of freedom.
    level : float
        Probability inside.

    Returns
    -------
    lower, upper : float
        ``lower > 0`` exactly if the upper limit of the t interval of b at the same level is below 0.
    """
    scale_would, scale_ratio = np.sqrt(np.diag(covariance))
    if scale_ratio < 1e-9:
        spread = float(stdtrit(freedom, 0.5 + level / 2)) * scale_would
        ends = -np.expm1(log_ratio) * np.exp(log_would + np.array([-spread, spread]))
        return float(ends.min()), float(ends.max())
    correlation = float(np.clip(covariance[0, 1] / (scale_would * scale_ratio), -0.999999, 0.999999))
    fewer = float(stdtr(freedom, -log_ratio / scale_ratio))  # probability that b < 0, so that the difference is above 0

    def end(tail: float, sign: int) -> float:
        """Log of the size above which lies `tail` of the probability, among differences of one sign."""
        chance = fewer if sign > 0 else 1 - fewer
        nodes, weights = _nodes()
        at = chance * nodes if sign > 0 else 1 - chance * nodes
        z = stdtrit(freedom, np.clip(at, 1e-300, 1 - 1e-16))
        b = np.minimum(log_ratio + scale_ratio * z, MAX_LOG)
        shift = np.log(np.maximum(np.abs(np.expm1(b)), 1e-300))
        centre = log_would + correlation * scale_would * z + shift
        width = scale_would * np.sqrt((1 - correlation**2) * (freedom + z * z) / (freedom + 1))

        # Newton steps on the scale of t quantiles, where the share is all but a line, held between sizes tried before
        wanted = float(stdtrit(freedom + 1, tail / chance))
        low, high = -MAX_LOG, MAX_LOG
        log_size = min(max(float(weights @ centre - wanted * (weights @ width)), low), high)
        for _ in range(200):
            away = (centre - log_size) / width
            share = float(weights @ stdtr(freedom + 1, away))
            found = float(stdtrit(freedom + 1, min(max(share, 1e-300), 1 - 1e-16)))
            relative = (1 + away * away / (freedom + 1)) / (1 + found * found / (freedom + 1))
            steepness = float(weights @ (relative ** (-freedom / 2 - 1) / width))
            step = (found - wanted) / max(steepness, 1e-300)
            if abs(step) < 1e-9 or log_size < 1e-6 - MAX_LOG:
                return log_size + step
            low, high = (log_size, high) if found > wanted else (low, log_size)
            log_size = log_size + step if low < log_size + step < high else (low + high) / 2
        return log_size

    def quantile(probability: float) -> float:
        if probability > 1 - fewer:
            return float(np.exp(min(end(1 - probability, 1), MAX_LOG)))
        return -float(np.exp(min(end(probability, -1), MAX_LOG)))

    return quantile((1 - level) / 2), quantile((1 + level) / 2)


def named_interval(name: str, interval: tuple[Any, Any, Any]) -> dict[str, Any]:
    """An interval as the three fields of a TruceEffect."""
    return {name: interval[0], f"{name}_lower": interval[1], f"{name}_upper": interval[2]}


def expected_rates(
    days: pd.DatetimeIndex,
    first_after: pd.Timestamp,
    fitted: np.ndarray,
    would: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
) -> pd.DataFrame:
    """Rates per day, averaged over the week: fitted on both sides, and after the date without the truce."""
    values = np.column_stack([fitted, would, lower, upper])
    values[days < first_after, 1:] = np.nan
    return pd.DataFrame(values, index=days, columns=RATES.copy())
