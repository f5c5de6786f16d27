"""Days on which the daily rate changes, none given in advance, and how surely each is dated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from conflictts.errors import InputError, TooLittleData, require_kind
from conflictts.series.coverage import consecutive, window_within
from conflictts.series.daily import DailySeries, Day
from conflictts.truce.intervals import quantile_of, refuse_level, regime_rates
from conflictts.truce.locations import probabilities, smallest_set
from conflictts.truce.slopes import SlopedFit, find_slopes, levels_of

MIN_DAYS = 14
ODDS = 1.0  # prior, of no change against changes; benchmarks/ has the false alarms
N_STEADY = 199  # simulated series behind `false_alarm`
LOG_ODDS = (-6.0, 12.0)  # of no change, searched by `false_alarm`
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


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
    regimes : DataFrame, shape (n_changes + 1, 5 or 8)
        ``first``, ``last``, ``rate`` (per day), ``lower``, ``upper``; intervals are conditional on the dates. Where
        slopes were asked for, also ``growth``, ``growth_lower`` and ``growth_upper``, the factor per week in a regime
        with a trend, else NaN; its rate is that of its middle.
    rates : DataFrame, shape (n_days, 3)
        ``rate``, ``lower`` and ``upper`` of each day searched, by its regime.
    level : float
        Confidence level of sets and intervals.
    size : float
        Size of the negative binomial: variance = mean + mean² / size.
    weekday_profile : Series, shape (7,), Monday first
        Mean of each day of the week relative to the regime's rate.
    factor : float
        Long-run variance over variance of the residuals (1 for independent days); weakens the evidence for changes,
        widens the intervals and, where it is not larger between a change's neighbours, the location sets.
    odds : float
        Prior odds of no change against changes, which the counts must outweigh: 1 unless `false_alarm` set them.
    found_in_draws : ndarray, shape (n_changes,), or None
        Share of the series' draws (allocations of records of several days) in which the search finds a change on a
        day of this one's set; None for a series without draws.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> changes = ct.detect_changepoints(daily)
    >>> changes.regimes[["first", "rate"]].head(2).round({"rate": 2})
           first  rate
    0 2019-04-20  4.93
    1 2019-09-17  0.03
    >>> len(changes.location_sets[0]), case.truces["TRC-5"].effective in changes.location_sets[0]
    (24, True)
    """

    daily: DailySeries
    window: tuple[pd.Timestamp, pd.Timestamp]
    dates: pd.DatetimeIndex
    location_sets: tuple[pd.DatetimeIndex, ...]
    regimes: pd.DataFrame
    rates: pd.DataFrame
    level: float
    size: float
    weekday_profile: pd.Series
    factor: float
    odds: float
    found_in_draws: np.ndarray | None = None

    def summary(self) -> pd.DataFrame:
        """One row per change: best point; first, last and number of days of its set; rates before and after; the set.

        The last column, ``set``, writes the set as it is, a comma at each gap: ``2019-08-30..2019-09-02, 2019-09-16``.
        Where the series has draws, also the share of them in which the change is found.
        """
        rows = [
            {
                "best_point": date,
                "set_first": days[0],
                "set_last": days[-1],
                "set_days": len(days),
                "rate_before": self.rates["rate"].loc[self.regimes["last"].iloc[k]],
                "rate_after": self.rates["rate"].loc[date],
                "set": _as_spans(days),
            }
            for k, (date, days) in enumerate(zip(self.dates, self.location_sets, strict=True))
        ]
        columns = ["best_point", "set_first", "set_last", "set_days", "rate_before", "rate_after", "set"]
        table = pd.DataFrame(rows, columns=columns)
        return table if self.found_in_draws is None else table.assign(found_in_draws=self.found_in_draws)


def _as_spans(days: pd.DatetimeIndex) -> str:
    """Days in order as runs without a gap, first..last."""
    runs = (run.strftime("%Y-%m-%d") for run in consecutive(days))
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)


def detect_changepoints(
    daily: DailySeries,
    *,
    window: tuple[Day, Day] | None = None,
    weekday: bool = True,
    slopes: bool = False,
    min_days: int = 1,
    level: float = 0.95,
    false_alarm: float | None = None,
    rng: np.random.Generator | None = None,
) -> Changepoints:
    """Find the days on which the daily rate changes.

    Counts are negative binomial around a piecewise constant rate with a weekday profile. All courses of the rate are
    weighed at once: on a day it changes with a small probability, and is then anything, most likely within five times
    the mean or the range of the fortnights, and next to nothing sooner than enormous. From the probabilities of a
    change within a week of each day those days are told whose F1 is expected to be largest, and no change is an answer;
    beside a change that is told, a further one must be so much as 0.6 times as likely as the answer is expected to be
    right. Up to four changes must moreover pay each for itself: the one that explains least must gain at least 1.25
    log(n_days) times the memory factor in log-likelihood. Of more, each must gain at least 1.92 times that factor: with
    less, the rates on its two sides do not differ. And all of them together must gain 0.55 log(n_days) each beyond a
    steady rate of whatever size explains the counts best, and those beside a regime of less than a week 0.85,
    since in spiky series single large days pass for regimes otherwise. How often the rate changes, weekday profile,
    size, and the factor by which memory between days multiplies the variance of a mean (evidence is tempered by it) are
    fitted along; beyond 300 days the rate is held to change more rarely than it seems to, since bursts come in
    proportion to the days. ``benchmarks/changepoints.py`` has what this finds beside other methods, and how often it
    finds what is not there.

    The location set of a change is the smallest set of days that holds its first one, between its neighbours. A
    neighbour may itself be no change, by what it gains against 1.25 log(n_days) times the memory factor; the set
    reaches beyond it by those odds (not beside trends).

    Where the series has draws (allocations of records of several days by chance), each location set holds the mean of
    the draws' probabilities, so that it covers how the records were dated too; and the search is repeated on each draw
    to say in what share of them a change is found. The dates, rates and their intervals are those of the series itself.

    Memory means autocorrelation that fades by at least three tenths a day; anything slower is told as changes.

    With `slopes`, a log-linear trend may take the place of one or several levels; each level and trend more then costs
    1.175 log(n_days) times the memory factor in log-likelihood. Where the rate climbs or falls steadily, that describes
    it with fewer changes. In simulations a growth of 30 % a week over 100 days was found as one trend in four of five
    series, of 15 % in about three of ten (and then exaggerated, since the steeper ones are found), and a trend where
    there is none in at most 2 % (python benchmarks/slopes.py).

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days contribute nothing.
    window : (first, last), optional
        Days to search, inclusive; default all.
    weekday : bool, default True
        Whether the rate may differ by day of the week.
    slopes : bool, default False
        Whether a regime may have a trend.
    min_days : int, default 1
        Observed days that a regime has at least. What a change must gain already keeps single days from being regimes,
        but for enormous ones, which are told as two changes a day apart; `analyse_panel` names such days and leaves
        them out, so that it may tell fewer changes of the same series. Over years of war many episodes of days to weeks
        are told; a longer least length tells the regimes they lie in: all deaths in greater Idlib from 2018 to November
        2019 (UCDP GED) have 16 changes, or 7 with 14 days, or 6 with 28.
    level : float, default 0.95
        Confidence level of location sets and of the regimes' rates.
    false_alarm : float, optional
        Set the prior odds of no change by simulation: so high that a series without change, of the same length, mean,
        noise and memory, shows one with this probability. Needs `rng`.
    rng : numpy.random.Generator, optional
        Only for `false_alarm`.

    Returns
    -------
    Changepoints

    Raises
    ------
    CoverageError
        If the window lies outside the series.
    TooLittleData
        If fewer than 14 days are observed, or fewer than twice `min_days`, or all counts are 0.
    InputError
        If `min_days` is no number of days, `level` or `false_alarm` is no probability, or `false_alarm` comes without
        `rng`.

    References
    ----------
    Chib (1998), Journal of Econometrics 86(2), 221-241 and Fearnhead (2006), Statistics and Computing 16(2), 203-213
    (posterior of many changes); Smith (1975), Biometrika 62(2), 407-416 (of one); Lewis (1995), Proceedings of SIGIR,
    246-254 (labels whose expected F1 is largest).

    Examples
    --------
    >>> import pandas as pd
    >>> from conflictts import DailySeries, detect_changepoints
    >>> days = pd.date_range("2020-01-01", periods=60)
    >>> daily = DailySeries.from_counts(pd.Series([5.0] * 30 + [0.0] * 30, days))
    >>> detect_changepoints(daily).dates[0].date().isoformat()
    '2020-01-31'
    """
    require_kind(daily, DailySeries, "daily")
    from conflictts.truce import _path, _segment

    _check_options(level, false_alarm, rng, min_days)
    days, counts, observed = searched_days(daily, window)
    if observed.sum() < 2 * min_days:
        raise TooLittleData(
            f"{observed.sum()} observed days are fewer than two regimes of min_days = {min_days}. Widen the window or "
            "ask for fewer."
        )
    day_of_week = days.day_of_week.to_numpy().astype(np.int64)
    arrays = (counts, day_of_week, observed)

    def search(arrays: Arrays, against: float) -> tuple[Any, ...]:
        grid = _path.rate_grid(arrays[0], observed)
        return tuple(_segment.find_changes(*arrays, grid, against, weekday, min_days))

    against = math.log(ODDS)
    found = search(arrays, against)
    if false_alarm is not None and rng is not None:
        against = _calibrated(arrays, found, search, false_alarm, rng)
        found = search(arrays, against)

    def described(arrays: Arrays, found: tuple[Any, ...]) -> SlopedFit:
        if slopes:
            return find_slopes(*arrays, found, weekday, min_days)
        return levels_of(*arrays, found)

    fit = described(arrays, found)
    draws = drawn_counts(daily, days, observed)
    series = counts[None] if draws is None else draws
    sets = []
    for each in zip(*(probabilities(drawn, day_of_week, observed, fit) for drawn in series), strict=True):
        begin, p = each[0][0], np.mean([one for _, one in each], axis=0)
        sets.append(days[begin + smallest_set(p, level)])
    found_in_draws = None
    if draws is not None:

        def changes_of(drawn: np.ndarray) -> list[int]:
            inputs = (drawn, day_of_week, observed)
            return described(inputs, search(inputs, against)).edges[1:-1]

        found_in_draws = _found_in_draws(draws, changes_of, days, sets)
    rates = _rates(fit, days, observed, day_of_week, level)
    return Changepoints(
        daily=daily,
        window=(days[0], days[-1]),
        dates=days[fit.edges[1:-1]],
        location_sets=tuple(sets),
        regimes=_regimes(fit, rates, observed, level, slopes=slopes),
        rates=rates,
        level=level,
        size=fit.size,
        weekday_profile=pd.Series(fit.profile, index=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        factor=fit.factor,
        odds=math.exp(against),
        found_in_draws=found_in_draws,
    )


def drawn_counts(daily: DailySeries, days: pd.DatetimeIndex, observed: np.ndarray) -> np.ndarray | None:
    """The draws on some days, 0 where not observed or provisional, shape (n_draws, n_days); None without draws."""
    if daily.draws is None:
        return None
    return np.ascontiguousarray(np.where(observed[:, None], daily.draws.reindex(days).to_numpy(dtype=float), 0.0).T)


def _found_in_draws(
    draws: np.ndarray, search: Callable[[np.ndarray], list[int]], days: pd.DatetimeIndex, sets: list[pd.DatetimeIndex]
) -> np.ndarray:
    """Share of the draws with a change in each set."""
    found = np.zeros(len(sets))
    for counts in draws:
        if counts.sum() == 0:  # no rate to change
            continue
        changes = days[search(counts)]
        found += [changes.isin(each).any() for each in sets]
    return found / len(draws)


def _check_options(level: float, false_alarm: float | None, rng: np.random.Generator | None, min_days: int) -> None:
    if not (isinstance(min_days, int) and min_days >= 1):
        raise InputError(f"min_days = {min_days!r} is not a number of days. Give 1 or more.")
    refuse_level(level)
    if false_alarm is not None and not 0.005 <= false_alarm < 1:
        raise InputError(
            f"false_alarm = {false_alarm!r} is not a probability that {N_STEADY} simulated series can show. Give a "
            "number from 0.005 to 1, such as 0.05."
        )
    if false_alarm is not None and rng is None:
        raise InputError(f"false_alarm = {false_alarm!r} needs random series. Give rng=numpy.random.default_rng(seed).")


def searched_days(
    daily: DailySeries, window: tuple[Day, Day] | None
) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Days of a window, their settled counts (0 where missing), and which days were observed and settled.

    Raises
    ------
    CoverageError
        If the window lies outside the series.
    TooLittleData
        If fewer than 14 days are observed, or all counts are 0.
    """
    first, last = window_within(daily.coverage, window)
    settled = daily.settled.loc[first:last]
    days = pd.DatetimeIndex(settled.index)
    observed = settled.notna().to_numpy(copy=True)  # arrays that may be written to: kernels are compiled for one kind
    counts = settled.fillna(0.0).to_numpy(copy=True)
    refuse_thin(counts, observed)
    return days, counts, observed


def refuse_thin(counts: np.ndarray, observed: np.ndarray) -> None:
    """Raise TooLittleData where fewer than 14 days are observed, or all counts, 0 where not observed, are 0."""
    n_days = int(observed.sum())
    if n_days < MIN_DAYS:
        days = "day" if n_days == 1 else "days"
        raise TooLittleData(f"Only {n_days} observed {days}; changes need at least {MIN_DAYS}. Widen the window.")
    if not counts.any():
        raise TooLittleData(f"All {n_days} observed days are 0: there is no rate to change. Check measure and area.")


def _calibrated(
    arrays: Arrays,
    found: tuple[Any, ...],
    search: Callable[[Arrays, float], tuple[Any, ...]],
    false_alarm: float,
    rng: np.random.Generator,
) -> float:
    """The log odds of no change at which steady series of the same noise show a change as often as allowed."""
    from conflictts.truce._steady import SteadyNoise

    counts, day_of_week, observed = arrays
    _, _, profile, size, factor, phi = found
    mean = profile[day_of_week]
    noise = SteadyNoise(
        mean * float(counts[observed].sum() / mean[observed].sum()), float(size), float(factor), float(phi)
    )
    needed = []
    for _ in range(N_STEADY):
        steady = np.where(observed, noise.draw(rng), 0.0)
        low, high = LOG_ODDS
        if steady.sum() == 0:
            needed.append(low)
            continue
        while high - low > 0.1:
            middle = (low + high) / 2
            low, high = (middle, high) if search((steady, day_of_week, observed), middle)[0].size else (low, middle)
        needed.append(high)
    return float(np.sort(needed)[math.ceil((1 - false_alarm) * (N_STEADY + 1)) - 1])


def _rates(
    fit: SlopedFit, days: pd.DatetimeIndex, observed: np.ndarray, day_of_week: np.ndarray, level: float
) -> pd.DataFrame:
    """Rate of each day with its interval."""
    parts = zip(regime_rates(fit, day_of_week, observed, level), np.diff(fit.edges).tolist(), strict=True)
    of_days = np.concatenate([np.broadcast_to(rates, (n_days, 3)) for rates, n_days in parts])
    return pd.DataFrame(of_days, index=days, columns=["rate", "lower", "upper"])


def _regimes(fit: SlopedFit, rates: pd.DataFrame, observed: np.ndarray, level: float, *, slopes: bool) -> pd.DataFrame:
    begin, end = np.array(fit.edges[:-1]), np.array(fit.edges[1:])
    of_day = rates.to_numpy()
    one, other = of_day[(begin + end - 1) // 2], of_day[(begin + end) // 2]
    middle = np.where(one == other, one, np.sqrt(one) * np.sqrt(other))
    columns = {"first": rates.index[begin], "last": rates.index[end - 1]}
    columns |= {name: middle[:, k] for k, name in enumerate(rates.columns)}
    if slopes:
        quantile = quantile_of(fit, observed, level)
        growth = np.full((len(begin), 3), np.nan)
        for k, (_, _, sloped, (_, _, slope, i00, i01, i11)) in enumerate(fit.regimes()):
            if sloped:
                half = quantile * math.sqrt(fit.factor * i00 / (i00 * i11 - i01 * i01))
                growth[k] = [math.exp(slope + sign * half) for sign in (0, -1, 1)]
        columns |= {name: growth[:, k] for k, name in enumerate(("growth", "growth_lower", "growth_upper"))}
    return pd.DataFrame(columns)
