"""Reasons why a right number is weaker than it looks, each with the figures that gave it away."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from conflictts.series.numerals import per_day
from conflictts.series.percent import percent
from conflictts.truce.design import story_of_one_day
from conflictts.truce.period import Truce
from conflictts.truce.ratios import with_limits

FORTNIGHT = 14
MAX_INFLATION = 4.0
Checks = dict[
    str, tuple[float, float, float]
]  # what was looked at: name -> figure, lower and upper end of its interval


def about_counts(days: pd.DatetimeIndex, best: np.ndarray, after: np.ndarray, truce: Truce) -> tuple[list[str], Checks]:
    """What the counts themselves warn of: a peak before the date, a side that is one day, days after its end.

    Parameters
    ----------
    days : DatetimeIndex
        The window.
    best : ndarray, shape (n_days,)
        Counts; NaN on days not used.
    after : ndarray of bool, shape (n_days,)
    """
    said, checks = [], Checks()
    before = best[~after]
    if len(before) >= 3 * FORTNIGHT:
        seen = ~np.isnan(before)
        sums = np.convolve(np.where(seen, before, 0.0), np.ones(FORTNIGHT), "valid")
        number = np.convolve(seen, np.ones(FORTNIGHT), "valid")
        means = np.where(number >= FORTNIGHT // 2, sums / np.maximum(number, 1), np.nan)
        earlier = means[:-FORTNIGHT]
        checks["fortnight_before"] = _alone(means[-1])
        if means[-1] > 0 and not np.isnan(earlier).all() and means[-1] >= np.nanmax(earlier):
            said.append(
                f"the fortnight before the truce ({per_day(means[-1])} a day) was at least as violent as any before "
                "it: part of any fall may be a return to the usual level (regression to the mean)"
            )
    for name, side in (("before", ~after), ("after", after)):
        there = np.where(side & ~np.isnan(best), best, 0.0)
        share = there.max() / there.sum() if there.sum() > 0 else math.nan
        checks[f"largest_day_{name}"] = _alone(share)
        if story_of_one_day(best[side]):
            day = days[int(there.argmax())]
            said.append(
                f"a single day, {day:%Y-%m-%d}, holds {percent(share)} of the toll {name}"
                ": the rate of that side is the story of one day"
            )
    if truce.ended is not None and days[-1] >= truce.ended:
        said.append(
            f"the window runs past the end of the truce on {truce.ended:%Y-%m-%d}: the days after "
            "include days without it"
        )
    return said, checks


def about_other_truces(
    days: pd.DatetimeIndex, truce: Truce, others: Iterable[Truce], *, left_out: bool, without: str | None
) -> list[str]:
    """Which other truces touch the window, what that does to the comparison, and the ratio without their days.

    Parameters
    ----------
    days : DatetimeIndex
        The window.
    left_out : bool
        Whether their days are left out already.
    without : str or None
        The rate ratio without their days, in words, or why there is none; None where it was not computed.
    """
    before, during, around = [], [], []
    for other in others:
        if other.effective == truce.effective:
            continue
        if other.effective > truce.effective:
            during += [other] if other.effective <= days[-1] else []
        elif other.ended is None or other.ended > truce.effective:
            around.append(other)
        elif other.ended > days[0]:
            before.append(other)
    said = []
    if around:
        # one that nobody ended has no known last day: it may or may not have been in force still
        said.append(
            f"other truces among the days before ({_named(around)}) were not declared over when this one took effect: "
            "what is compared may be one truce with the next"
        )
    if before:
        said.append(f"other truces among the days before ({_named(before)}): their rate is not free of truces")
    if during:
        said.append(f"other truces take effect among the days after ({_named(during)})")
    if said and left_out:
        said[-1] += "; their days are left out"
    elif said and without is not None:
        said[-1] += f"; without their days {without}"
    return said


def _named(truces: list[Truce]) -> str:
    return ", ".join(truce.name for truce in truces)


def about_memory(inflation: float) -> list[str]:
    """Whether memory between days is so long that a step cannot be told from drift."""
    if not inflation > MAX_INFLATION:
        return []
    return [
        f"memory between days multiplies the variance by {inflation:.1f} (over {MAX_INFLATION:g}): a step at the "
        "date cannot be told from slow drift"
    ]


def about_trend(
    log_ratio: float, half: float, alternative: tuple[float, float] | None, *, with_trend: bool
) -> tuple[list[str], Checks]:
    """Whether the same step beside (or without) a straight trend leads to another conclusion.

    Parameters
    ----------
    log_ratio, half : float
        The declared model's log rate ratio and the half width of its interval.
    alternative : (log ratio, half width) or None
        The other model's; None where it could not be fitted.
    with_trend : bool
        Whether the other model is the one with the trend.
    """
    if alternative is None:
        other = "with" if with_trend else "without"
        return [f"a model {other} a trend could not be fitted, so the step was not checked against drift"], {}
    ratio, lower, upper = (float(value) for value in np.exp(alternative[0] + np.array([0, -1, 1]) * alternative[1]))
    checks = {"with_trend" if with_trend else "without_trend": (ratio, lower, upper)}
    if _verdict(log_ratio, half) == _verdict(*alternative):
        return [], checks
    how = "with a straight trend beside the step" if with_trend else "without the trend"
    said = f"{how} the rate ratio would be {with_limits(ratio, lower, upper)}: level and trend models disagree"
    return [said], checks


def _alone(figure: float) -> tuple[float, float, float]:
    """A figure without an interval."""
    return float(figure), math.nan, math.nan


def _verdict(centre: float, width: float) -> int:
    return 0 if abs(centre) <= width else int(np.sign(centre))
