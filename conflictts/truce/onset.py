"""Whether, and from which day, the daily rate changed around a truce's date: announced, effective and detected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.typing import NaTType

from conflictts.errors import CoverageError, InputError, TooLittleData, require_kind
from conflictts.series.daily import DailySeries, Day
from conflictts.series.numerals import so_many
from conflictts.truce.changepoints import detect_changepoints, searched_days
from conflictts.truce.intervals import refuse_level
from conflictts.truce.locations import smallest_set, split_probabilities
from conflictts.truce.period import Truce

DAYS_BEFORE, DAYS_AFTER = 120, 60  # the default window, as for the effect
EARLIEST, LATEST = -7, 21  # days from the truce's first day that are scanned
MIN_DAYS_EITHER_SIDE = 14


@dataclass(frozen=True, slots=True, eq=False)
class Onset:
    """Evidence for one change of the daily rate on each day around a truce's date.

    Attributes
    ----------
    daily : DailySeries
        The series, kept so that a figure needs only the result.
    truce : Truce
    window : (Timestamp, Timestamp)
        First and last day used: those asked for, up to the nearest changes that surely lie before or after the scan.
    evidence : Series, shape (n_scanned_days,)
        Twice the gain of log-likelihood by a change whose first day this is, over the memory factor.
    detected : Timestamp or NaT
        Day of the largest evidence in the window: the best point, which is not to be quoted without its set. NaT where
        that is no scanned day.
    onset_set : DatetimeIndex
        The fewest scanned days that hold the change's first day with probability `level`, given that there is one
        among them. The days need not be consecutive. Empty where `detected` is NaT.
    p_value : float
        How often series without any change, of the same noise and memory, have their largest evidence on a scanned day
        and as large; 1 where `detected` is NaT.
    rate_before, rate_after : float
        Per day, either side of `detected`; NaN where that is NaT.
    other_changes : DatetimeIndex
        Changes of the rate on other days than those scanned, best points: those at which the window was cut, and the
        day of the largest evidence where that is not scanned and would be rarer than 1 - `level` in a steady series.
    level : float
        Confidence level of the set.
    size : float
        Size of the negative binomial: variance = mean + mean² / size.
    factor : float
        Long-run variance over variance of the residuals (1 for independent days).

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> onset = ct.scan_onset(daily, case.truces["TRC-5"], rng=np.random.default_rng(1))
    >>> bool(onset.p_value < 0.05), case.truces["TRC-5"].effective in onset.onset_set
    (True, True)
    """

    daily: DailySeries
    truce: Truce
    window: tuple[pd.Timestamp, pd.Timestamp]
    evidence: pd.Series
    detected: pd.Timestamp | NaTType
    onset_set: pd.DatetimeIndex
    p_value: float
    rate_before: float
    rate_after: float
    other_changes: pd.DatetimeIndex
    level: float
    size: float
    factor: float

    def summary(self) -> pd.DataFrame:
        """One row each for the announced, effective and detected day: day, days from effective, in the set or not."""
        rows = {"announced": self.truce.announced, "effective": self.truce.effective, "detected": self.detected}
        table = pd.DataFrame({"day": pd.Series(rows, dtype="datetime64[us]")})
        table["days_from_effective"] = (table["day"] - self.truce.effective).dt.days.astype("Int64")
        table["in_set"] = table["day"].isin(self.onset_set)
        return table


def scan_onset(
    daily: DailySeries,
    truce: Truce,
    *,
    rng: np.random.Generator,
    window: tuple[Day, Day] | None = None,
    weekday: bool = True,
    level: float = 0.95,
    n_simulations: int = 999,
) -> Onset:
    """Look for one change of the daily rate from a week before a truce's first day to three weeks after it.

    Changes that `detect_changepoints` finds, and of whose location set no day is scanned, are taken for granted: only
    the days between the nearest of them on either side are used. There, every day with 14 observed days on each side is
    tried as the first of a new rate; the evidence is twice the gain of log-likelihood over one steady rate, divided by
    the factor by which memory between days multiplies the variance of a mean. Where a day outside the scan explains the
    days best, no change near the date is told. Otherwise the largest evidence is compared with that of simulated series
    of a steady rate with the same length, mean, weekday profile, size, memory and missing days, put through the same
    comparison (a parametric bootstrap).

    Draws of a series (how records of several days were dated) are not used: the days are those of its best figures.

    A small p-value says that the rate changed near the date, up or down; not that the truce changed it.

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days contribute nothing.
    truce : Truce
    rng : numpy.random.Generator
        For the simulated series.
    window : (first, last), optional
        Days to use, inclusive. Default: the 120 days before the truce and the 60 from its first day on, as far as the
        series covers them and the truce was not over.
    weekday : bool, default True
        Whether the rate may differ by day of the week.
    level : float, default 0.95
        Confidence level of the onset's set.
    n_simulations : int, default 999
        The p-value is a multiple of one over this plus 1.

    Returns
    -------
    Onset

    Raises
    ------
    CoverageError
        If the truce's first day or the window lies outside the series.
    TooLittleData
        If fewer than 14 days are observed before the first or after the last scanned day, no scanned day is as far from
        both changes next to it, or all counts are 0.
    InputError
        If `level` is no probability or `n_simulations` is under 19.

    References
    ----------
    Worsley (1986), Biometrika 73(1), 91-104 (the largest likelihood ratio over possible days of one change).

    Examples
    --------
    >>> import conflictts as ct, numpy as np
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> onset = ct.scan_onset(daily, case.truces["TRC-5"], rng=np.random.default_rng(1), n_simulations=199)
    >>> onset.summary()["days_from_effective"].tolist()
    [-1, 0, -1]
    """
    require_kind(daily, DailySeries, "daily")
    require_kind(truce, Truce, "truce")
    require_kind(rng, np.random.Generator, "rng")
    refuse_level(level)
    if n_simulations < 19:
        raise InputError(f"n_simulations = {n_simulations!r} cannot show a p-value of 0.05. Give at least 19.")
    from conflictts.truce import _scan
    from conflictts.truce._steady import SteadyNoise

    days, counts, observed = searched_days(daily, _window(daily, truce) if window is None else window)
    _refuse_short_sides(days, observed, truce)
    scan = truce.effective + pd.Timedelta(days=EARLIEST), truce.effective + pd.Timedelta(days=LATEST)
    found = detect_changepoints(replace(daily, draws=None), window=(days[0], days[-1]), weekday=weekday)
    outside = [not ((each >= scan[0]) & (each <= scan[1])).any() for each in found.location_sets]
    others = found.dates[outside]
    part = _between(days, counts, others, scan)
    days, counts, observed = days[part], counts[part], observed[part]
    begin, end = _tried(observed)
    scanned = (days[begin:end] >= scan[0]) & (days[begin:end] <= scan[1])
    if not scanned.any():
        raise TooLittleData(
            f"Changes of the rate from {days[0]:%Y-%m-%d} and after {days[-1]:%Y-%m-%d} leave no day near "
            f"{truce.effective:%Y-%m-%d} with {MIN_DAYS_EITHER_SIDE} observed days on each side. Look at "
            "detect_changepoints instead."
        )
    day_of_week = days.day_of_week.to_numpy().astype(np.int64)
    evidence, before, after, profile, size, factor, phi = _scan.scan(counts, day_of_week, observed, begin, end, weekday)
    best = int(evidence.argmax())
    near = bool(scanned[best])
    mean = profile[day_of_week]
    noise = SteadyNoise(mean * float(counts[observed].sum() / mean[observed].sum()), size, factor, phi)
    anywhere, nearby = 0, 0
    for _ in range(n_simulations):
        steady = np.where(observed, noise.draw(rng), 0.0)
        if steady.sum() > 0:
            simulated = _scan.scan(steady, day_of_week, observed, begin, end, weekday)[0]
            as_large = simulated.max() >= evidence[best]
            anywhere += as_large
            nearby += as_large and scanned[simulated.argmax()]
    p = split_probabilities(counts, day_of_week, observed, profile, size, factor, phi, after - before)[begin:end]
    p, first = np.where(scanned, p, 0), days[begin + best]
    if not near and (1 + anywhere) / (n_simulations + 1) <= 1 - level:
        others = others.union([first])
    return Onset(
        daily=daily,
        truce=truce,
        window=(days[0], days[-1]),
        evidence=pd.Series(evidence, days[begin:end], name="evidence")[scanned],
        detected=first if near else pd.NaT,
        onset_set=days[begin + (smallest_set(p, level) if p.any() else np.array([best]))] if near else days[:0],
        p_value=(1 + nearby) / (n_simulations + 1) if near else 1.0,
        rate_before=float(before) if near else np.nan,
        rate_after=float(after) if near else np.nan,
        other_changes=others,
        level=level,
        size=float(size),
        factor=float(factor),
    )


def _window(daily: DailySeries, truce: Truce) -> tuple[pd.Timestamp, pd.Timestamp]:
    start, end = daily.coverage
    if not start <= truce.effective <= end:
        raise CoverageError(
            f"The {truce.phrase} took effect on {truce.effective:%Y-%m-%d}, outside the days covered, "
            f"{start:%Y-%m-%d}..{end:%Y-%m-%d}. Count over a wider coverage."
        )
    last = truce.effective + pd.Timedelta(days=DAYS_AFTER - 1)
    if truce.ended is not None:
        last = min(last, truce.ended - pd.Timedelta(days=1))
    return max(start, truce.effective - pd.Timedelta(days=DAYS_BEFORE)), min(end, last)


def _refuse_short_sides(days: pd.DatetimeIndex, observed: np.ndarray, truce: Truce) -> None:
    effective = (truce.effective - days[0]).days
    begin, end = effective + EARLIEST, effective + LATEST + 1
    before, after = int(observed[: max(begin, 0)].sum()), int(observed[end:].sum())
    if min(before, after) < MIN_DAYS_EITHER_SIDE:
        raise TooLittleData(
            f"Observed are {so_many(before, 'day')} before and {after} after the scan from {-EARLIEST} days before to "
            f"{LATEST} days after {truce.effective:%Y-%m-%d}; each side needs {MIN_DAYS_EITHER_SIDE}. Widen the window."
        )


def _between(
    days: pd.DatetimeIndex, counts: np.ndarray, changes: pd.DatetimeIndex, scan: tuple[pd.Timestamp, pd.Timestamp]
) -> slice:
    """Positions from the last change before the scan to before the first one after it; all where nothing was counted.

    Without any count between them a change near the date has nothing to show itself by, and the changes around it are
    left to be compared with it.
    """
    part = slice(
        int(days.get_indexer(changes[changes < scan[0]][-1:]).max(initial=0)),
        int(days.get_indexer(changes[changes > scan[1]][:1]).min(initial=len(days))),
    )
    return part if counts[part].sum() > 0 else slice(0, len(days))


def _tried(observed: np.ndarray) -> tuple[int, int]:
    """Position of the first day with enough observed days before it, and of the one after the last with enough left."""
    seen = np.cumsum(observed)
    begin = int(np.searchsorted(seen, MIN_DAYS_EITHER_SIDE)) + 1
    end = int(np.searchsorted(seen, seen[-1] - MIN_DAYS_EITHER_SIDE, side="right")) + 1
    return begin, max(begin, end)
