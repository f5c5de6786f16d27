"""Days on which the daily rate changes, none given in advance, and how surely each is dated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, TooLittleData
from conflictts.series.daily import DailySeries, Day, pair_of_days
from conflictts.truce.negbin import averaged_autocorrelation

N_LEVELS = 96
PENALTY = 2.5  # times log(n_days), on the scale of twice the log-likelihood
MIN_DAYS = 14
_PRIOR = 0.5  # both parameters of the beta prior on size / (size + rate) in location sets


@dataclass(frozen=True, slots=True, eq=False)
class Changepoints:
    """Regimes of constant rate in a daily series, and the changes between them.

    Attributes
    ----------
    daily : DailySeries
        The series, kept so that a figure needs only the result.
    window : (Timestamp, Timestamp)
        First and last day searched.
    dates : DatetimeIndex, shape (n_changes,)
        First day of each new regime: the best point, which is not to be quoted without its set.
    location_sets : tuple of DatetimeIndex, length n_changes
        For each change, the fewest days that hold it with probability `level`, given that there is one such change
        between its neighbours. The days need not be consecutive.
    regimes : DataFrame, shape (n_changes + 1, 5)
        ``first``, ``last``, ``rate`` (per day), ``lower``, ``upper``; intervals are conditional on the dates.
    level : float
        Confidence level of sets and intervals.
    size : float
        Size of the negative binomial: variance = mean + mean² / size.
    weekday_profile : Series, shape (7,), Monday first
        Mean of each day of the week relative to the regime's rate.
    factor : float
        Long-run variance over variance of the residuals (1 for independent days); multiplies the penalty.
    penalty : float
        Price of one change on the scale of twice the log-likelihood.
    """

    daily: DailySeries
    window: tuple[pd.Timestamp, pd.Timestamp]
    dates: pd.DatetimeIndex
    location_sets: tuple[pd.DatetimeIndex, ...]
    regimes: pd.DataFrame
    level: float
    size: float
    weekday_profile: pd.Series
    factor: float
    penalty: float

    def summary(self) -> pd.DataFrame:
        """One row per change: best point, first and last day of its set, days in the set, rates before and after."""
        rows = [
            {
                "best_point": date,
                "set_first": days[0],
                "set_last": days[-1],
                "set_days": len(days),
                "rate_before": self.regimes["rate"].iloc[k],
                "rate_after": self.regimes["rate"].iloc[k + 1],
            }
            for k, (date, days) in enumerate(zip(self.dates, self.location_sets, strict=True))
        ]
        columns = ["best_point", "set_first", "set_last", "set_days", "rate_before", "rate_after"]
        return pd.DataFrame(rows, columns=columns)


def detect_changepoints(
    daily: DailySeries, *, window: tuple[Day, Day] | None = None, weekday: bool = True, level: float = 0.95
) -> Changepoints:
    """Find the days on which the daily rate changes.

    Counts are negative binomial around a piecewise constant rate with a weekday profile. The cheapest path over a grid
    of rates is found exactly, each change costing 2.5 f log(n) on the scale of twice the log-likelihood, f being the
    long-run variance of the residuals; profile, size and f are estimated along with it. No change is an answer.

    Parameters
    ----------
    daily : DailySeries
        Unobserved days contribute nothing.
    window : (first, last), optional
        Days to search, inclusive; default all.
    weekday : bool, default True
        Whether the rate may differ by day of the week.
    level : float, default 0.95
        Confidence level of location sets and of the regimes' rates.

    Returns
    -------
    Changepoints

    Raises
    ------
    CoverageError
        If the window lies outside the series.
    TooLittleData
        If fewer than 14 days are observed, or all counts are 0.

    References
    ----------
    Killick, Fearnhead & Eckley (2012), JASA 107(500), 1590-1598 (penalised cost); Rigaill (2015), Journal de la SFdS
    156(4), 180-205 and Cleynen & Lebarbier (2014), ESAIM P&S 18, 750-769 (exact search, negative binomial); Smith
    (1975), Biometrika 62(2), 407-416 (posterior of one change).

    Examples
    --------
    >>> import pandas as pd
    >>> from conflictts import DailySeries, detect_changepoints
    >>> days = pd.date_range("2020-01-01", periods=60)
    >>> daily = DailySeries.from_counts(pd.Series([5.0] * 30 + [0.0] * 30, days))
    >>> detect_changepoints(daily).dates[0].date().isoformat()
    '2020-01-31'
    """
    from conflictts.truce import _segment

    if not 0 < level < 1:
        raise ValueError(f"level = {level!r} is not a confidence level. Give a number between 0 and 1, such as 0.95.")
    table = _searched(daily, window)
    days = pd.DatetimeIndex(table.index)
    observed = table["best"].notna().to_numpy()
    counts = table["best"].fillna(0.0).to_numpy()
    n_days = int(observed.sum())
    if n_days < MIN_DAYS:
        raise TooLittleData(f"Only {n_days} observed days; changes need at least {MIN_DAYS}. Widen the window.")
    if counts.sum() == 0:
        raise TooLittleData(f"All {n_days} observed days are 0: there is no rate to change. Check measure and area.")
    day_of_week = days.day_of_week.to_numpy().astype(np.int64)
    highest = 1.5 * max(float(np.quantile(counts[observed], 0.999)), 1.0) + 1.0
    log_rate = np.linspace(math.log(0.3 / len(counts)), math.log(highest), N_LEVELS)
    half_penalty = PENALTY * math.log(n_days) / 2
    changes, rates, profile, size, factor = _segment.find_changes(
        counts, day_of_week, observed, log_rate, half_penalty, weekday
    )
    mean = _segment.daily_rate(len(counts), changes, rates) * profile[day_of_week]
    residuals = _segment.pearson_residuals(counts, observed, mean, size)
    edges = [0, *changes.tolist(), len(counts)]
    sets = []
    for k in range(1, len(edges) - 1):
        part = slice(edges[k - 1], edges[k + 1])
        temper = _memory(residuals[part], observed[part])
        chosen = _location_set(counts[part], day_of_week[part], observed[part], profile, size, temper, level)
        sets.append(days[part][chosen])
    return Changepoints(
        daily=daily,
        window=(days[0], days[-1]),
        dates=days[changes],
        location_sets=tuple(sets),
        regimes=_regimes(days, edges, rates, observed, profile[day_of_week], size, factor, level),
        level=level,
        size=float(size),
        weekday_profile=pd.Series(profile, index=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        factor=float(factor),
        penalty=2 * half_penalty * float(factor),
    )


def _searched(daily: DailySeries, window: tuple[Day, Day] | None) -> pd.DataFrame:
    start, end = daily.coverage
    if window is None:
        return daily.table
    first, last = pair_of_days(window, "window")
    if not start <= first <= last <= end:
        raise CoverageError(
            f"The window {first:%Y-%m-%d}..{last:%Y-%m-%d} must lie inside the days covered, "
            f"{start:%Y-%m-%d}..{end:%Y-%m-%d}."
        )
    return daily.table.loc[first:last]


def _memory(residuals: np.ndarray, observed: np.ndarray) -> float:
    """Long-run variance over variance around one change, averaged over plausible autocorrelations as in the effect."""
    day = np.flatnonzero(observed)
    acf = averaged_autocorrelation(residuals[day], day - day[0], slow_columns=2)
    return 1.0 + 2.0 * float(acf[1:].sum())


def _location_set(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    profile: np.ndarray,
    size: float,
    temper: float,
    level: float,
) -> np.ndarray:
    """Positions of the fewest days that hold one change of rate with probability `level`, in order."""
    from conflictts.truce import _segment

    exposure = max(float(observed.sum()), 1.0)
    top = 3.0 * max(counts.max(), 1.0) + 10.0
    log_rate = np.linspace(math.log(1e-4 / exposure), math.log(top), 4 * N_LEVELS)
    rate = np.exp(log_rate)
    # Beta(a, b) on size / (size + rate), as a density of the log rate
    log_prior = _PRIOR * (np.log(size / (size + rate)) + np.log(rate / (size + rate)))
    log_p = _segment.split_log_likelihoods(counts, day_of_week, observed, log_rate, log_prior, profile, size) / temper
    log_p[0] = -np.inf
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    order = np.argsort(-p, kind="stable")
    held = np.cumsum(p[order])
    return np.sort(order[: int(np.searchsorted(held, level)) + 1])


def _regimes(
    days: pd.DatetimeIndex,
    edges: list[int],
    rates: np.ndarray,
    observed: np.ndarray,
    profile_of_day: np.ndarray,
    size: float,
    factor: float,
    level: float,
) -> pd.DataFrame:
    """Rates with intervals: log rate plus or minus a normal quantile, its variance times the long-run factor."""
    from scipy.special import betaincinv, ndtri

    rows = []
    for k, rate in enumerate(rates):
        part = slice(edges[k], edges[k + 1])
        exposure = profile_of_day[part][observed[part]]
        mean = exposure * rate
        if rate > 0:
            information = float(np.sum(mean * size / (size + mean)))
            half = min(float(ndtri(0.5 + level / 2)) * math.sqrt(factor / information), 700.0)
            lower, upper = rate * math.exp(-half), rate * math.exp(half)
        else:  # no counts: the upper end of a one-sided interval, the same prior as for the location sets
            days_watched = max(float(exposure.sum()) / factor, 1.0)
            share = float(betaincinv(_PRIOR + size * days_watched, _PRIOR, 1 - level))  # size / (size + rate)
            lower, upper = 0.0, size * (1 - share) / share
        last = edges[k + 1] - 1
        rows.append({"first": days[edges[k]], "last": days[last], "rate": rate, "lower": lower, "upper": upper})
    return pd.DataFrame(rows)
