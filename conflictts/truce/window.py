"""Which days around a truce's date are compared, what they hold, and when they are too few to compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, TooLittleData
from conflictts.series.daily import DailySeries, Day, pair_of_days
from conflictts.truce.period import Truce

DAYS_BEFORE, DAYS_AFTER = 120, 60  # the default window, at which the coverage of the intervals was measured
MIN_DAYS_BEFORE, MIN_DAYS_AFTER = 28, 14
MAX_MISSING = 0.20
MIN_EFFECTIVE_COUNTERFACTUAL = 5.0
BOUNDS = ("low", "best", "high")
MAX_LOG_SPREAD = 20.0  # a factor of 485 million each way
NO_RATE = "there is no rate to compare"  # by which that reason is known
ONE_DAY = pd.Timedelta(days=1)
SIDES = pd.Index(["before", "after"])  # made once: it takes a quarter of the time of the table


def choose_window(
    daily: DailySeries, truce: Truce, window: tuple[Day, Day] | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day to use: those given, or the default ones as far as settled and the truce was not over."""
    start, end = daily.coverage
    if truce.effective == start:
        raise CoverageError(
            f"The {truce.phrase} took effect on the first day covered, {start:%Y-%m-%d}: no day lies before it to "
            "compare with. Widen the coverage."
        )
    if not start < truce.effective <= end:
        raise CoverageError(
            f"The {truce.phrase} took effect on {truce.effective:%Y-%m-%d}, not inside the days covered, "
            f"{start:%Y-%m-%d}..{end:%Y-%m-%d}. Correct its date, or widen the coverage to days before and after it."
        )
    if window is None:
        return days_around(daily, truce, DAYS_BEFORE, DAYS_AFTER)
    first, last = pair_of_days(window, "window")
    if not start <= first < truce.effective <= last <= end:
        raise CoverageError(
            f"The window {first:%Y-%m-%d}..{last:%Y-%m-%d} must hold the truce's first day, "
            f"{truce.effective:%Y-%m-%d}, and lie inside the days covered, {start:%Y-%m-%d}..{end:%Y-%m-%d}."
        )
    return first, last


def days_around(
    daily: DailySeries, truce: Truce, days_before: int, days_after: int
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last of so many days around a truce's date, as far as settled and the truce was not over.

    Days at either end of the series that are unobserved or still provisional are no part of it.
    """
    start, end = daily.coverage
    table = daily.table
    settled = np.flatnonzero((table["status"].to_numpy() == "observed") & np.isfinite(table["best"].to_numpy()))
    if len(settled):
        start, end = table.index[settled[0]], table.index[settled[-1]]
    first = max(start, truce.effective - days_before * ONE_DAY)
    last = min(end, truce.effective + (days_after - 1) * ONE_DAY)
    if truce.ended is not None:
        last = min(last, truce.ended - ONE_DAY)
    return min(first, truce.effective - ONE_DAY), max(last, truce.effective)


def settled_counts(daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """The days of a window, and their low, best and high, shape (n_days, 3): NaN where unobserved or provisional."""
    table = daily.table
    start = daily.coverage[0]
    part = slice((first - start).days, (last - start).days + 1)
    counts = np.column_stack([table[name].to_numpy(dtype=float)[part] for name in BOUNDS])
    counts[table["status"].to_numpy()[part] != "observed"] = np.nan
    return pd.DatetimeIndex(table.index[part]), counts


def days_of_others(days: pd.DatetimeIndex, truce: Truce, others: Iterable[Truce]) -> np.ndarray:
    """Which days belong to another truce: before the date, those in force; after it, all from the next one's first.

    A truce before the date that nobody ended counts until the date.
    """
    taken = np.zeros(len(days), dtype=bool)
    for other in others:
        if other.effective < truce.effective:
            until = min(other.ended, truce.effective) if other.ended is not None else truce.effective
            taken |= (days >= other.effective) & (days < until)
        elif other.effective > truce.effective:
            taken |= days >= other.effective
    return taken


def compared_days(
    days: pd.DatetimeIndex,
    truce: Truce,
    *,
    transition: int,
    other_truces: Iterable[Truce] = (),
    other_truce_days: Literal["keep", "leave out"] = "keep",
) -> np.ndarray:
    """Which days of a window no declared choice leaves out, bool of shape (n_days,)."""
    from_date = np.arange(len(days)) - (truce.effective - days[0]).days
    inside: np.ndarray = (from_date < -transition) | (from_date >= transition)
    if other_truce_days == "leave out":
        inside &= ~days_of_others(days, truce, other_truces)
    return inside


def rates_of_sides(days: pd.DatetimeIndex, counts: np.ndarray, after: np.ndarray, inside: np.ndarray) -> pd.DataFrame:
    """Per side of the date: first and last day, observed days, totals, and best per observed day.

    `counts` has the columns low, best, high; `inside` marks the days that no declared choice leaves out.
    """
    sides = [np.flatnonzero(inside & ~after), np.flatnonzero(inside & after)]
    totals = np.array([np.nansum(counts[side], axis=0) for side in sides])
    observed = np.array([(~np.isnan(counts[side, 1])).sum() for side in sides])
    ends = np.array([(side[0], side[-1]) if len(side) else (-1, -1) for side in sides])
    first, last = (days.to_numpy()[end] for end in ends.T)
    first[ends[:, 0] < 0] = last[ends[:, 0] < 0] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "first": first,
            "last": last,
            "days": observed,
            "low": totals[:, 0],
            "best": totals[:, 1],
            "high": totals[:, 2],
            "per_day": totals[:, 1] / np.where(observed > 0, observed, np.nan),
        },
        index=SIDES.copy(),
    )


def refuse_short_sides(
    days: pd.DatetimeIndex, best: np.ndarray, after: np.ndarray, inside: np.ndarray, truce: Truce
) -> None:
    """Raise TooLittleData where a side of the date has too few observed days, or nothing was counted at all."""
    for name, side, minimum in (
        ("before", inside & ~after, MIN_DAYS_BEFORE),
        ("after", inside & after, MIN_DAYS_AFTER),
    ):
        observed = int((~np.isnan(best[side])).sum())
        if observed < minimum:
            these = days[side]
            between = f", {these[0]:%Y-%m-%d}..{these[-1]:%Y-%m-%d}" if len(these) else ""
            over = (
                f" (it was over on {truce.ended:%Y-%m-%d})"
                if name == "after" and truce.ended is not None and days[-1] + ONE_DAY >= truce.ended
                else ""
            )
            brief = over and truce.ended is not None and (truce.ended - truce.effective).days < minimum
            advice = "No window makes so short a truce comparable." if brief else "Widen the window or the coverage."
            raise TooLittleData(
                f"Only {observed} observed {'day' if observed == 1 else 'days'} {name} the truce{between}{over}; at "
                f"least {minimum} are needed. {advice}"
            )
        share = 1 - observed / side.sum()
        if share > MAX_MISSING:
            raise TooLittleData(
                f"{share:.0%} of the days {name} the truce are unobserved or still provisional; at most "
                f"{MAX_MISSING:.0%} may be. Choose a window that was watched."
            )
    if np.nansum(best[inside]) == 0:
        raise TooLittleData(
            f"All {int((~np.isnan(best[inside])).sum())} observed days are 0: there is no rate to compare. Check "
            "measure and area."
        )


def refuse_small_counterfactual(counterfactual: float, dispersion: float) -> None:
    """Raise TooLittleData where the rate before would have brought too little after the date to miss any of it."""
    effective = counterfactual / dispersion
    if effective < MIN_EFFECTIVE_COUNTERFACTUAL:
        raise TooLittleData(
            f"The rate before the truce would have brought {counterfactual:.1f} after it, worth {effective:.1f} "
            f"independent events at most (variance {dispersion:.1f} times the mean); at least "
            f"{MIN_EFFECTIVE_COUNTERFACTUAL:g} are needed. Widen the window or the area, or "
            "choose a measure with more counts."
        )


def refuse_boundless(quantity: str, half_width: float) -> None:
    """Raise TooLittleData where an interval on the log scale is so wide that it says nothing at all."""
    if not half_width < MAX_LOG_SPREAD:
        raise TooLittleData(
            f"The interval of the {quantity} runs over a factor of e to the {half_width:.0f} each way (at most "
            f"{MAX_LOG_SPREAD:g}): the counts cannot carry it, often because one enormous day outweighs all others. "
            "Widen the window, or use model='level' without a weekday profile."
        )
