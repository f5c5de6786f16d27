"""Counts that exist already, per day or as running totals, checked and brought to one number per day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, UnknownNameError, require_kind
from conflictts.series.coverage import Day, in_gaps, whole_day

Rule = Literal["spread", "report_day"]
Corrections = Literal["refuse", "unobserved", "take_back"]


class Given(NamedTuple):
    """`best` per day (NaN = unobserved), an account of it, and the share that was laid over several days."""

    best: pd.Series
    account: pd.DataFrame
    allocated: float


def daily_counts(counts: pd.Series, gaps: Iterable[tuple[Day, Day]]) -> Given:
    """Check counts that exist for every day, but for declared gaps."""
    require_kind(
        counts, pd.Series, "counts", "Choose one column, with the days as index: frame.set_index('day')['count']."
    )
    _require_whole_days(counts, "Daily counts")
    days, gaps = pd.DatetimeIndex(counts.index), list(gaps)
    whole = pd.date_range(days[0], days[-1], freq="D", unit="us", name="day")
    missing = in_gaps(whole, gaps) if gaps and len(whole) else np.zeros(len(whole), dtype=bool)
    _require_every_day(days, whole[~missing])
    best = _numbers(counts, "daily counts").set_axis(days).reindex(whole)
    in_gap = best[missing].dropna()
    best[missing] = np.nan
    lines = [("counts as given", len(counts) - len(in_gap), best.sum())]
    if len(in_gap):
        lines.append(("in a declared gap", len(in_gap), in_gap.sum()))
    return Given(best, pd.DataFrame(lines, columns=["outcome", "records", "best"]), 0.0)


def daily_increments(totals: pd.Series, *, rule: Rule, corrections: Corrections, start: Day | None) -> Given:
    """Take the differences of running totals and lay them over the days between; see `DailySeries.from_cumulative`."""
    if rule not in ("spread", "report_day"):
        raise UnknownNameError(f"No rule {rule!r}. Choose one of spread, report_day.")
    if corrections not in ("refuse", "unobserved", "take_back"):
        raise UnknownNameError(f"No corrections {corrections!r}. Choose one of refuse, unobserved, take_back.")
    require_kind(
        totals, pd.Series, "totals", "Choose one column, with the days as index: frame.set_index('day')['total']."
    )
    _require_whole_days(totals, "Running totals")
    if totals.index.has_duplicates or not totals.index.is_monotonic_increasing:
        raise CoverageError("Running totals must have each day of report once and in order. Sort them by day.")
    told = _numbers(totals, "running totals").dropna()
    if start is not None:
        before = whole_day(start, "start") - pd.Timedelta(days=1)
        if len(told) and before >= told.index[0]:
            raise CoverageError(
                f"start = {start!r} lies after the first total, of {told.index[0]:%Y-%m-%d}. Give the first day that "
                "the totals count."
            )
        told = pd.concat([pd.Series([0.0], pd.DatetimeIndex([before])), told])
    if len(told) < 2:
        raise CoverageError("One running total has no difference. Give two or more, or the `start` of the count.")
    increments, notes = _corrected(told, corrections)
    length = np.diff(told.index.to_numpy()) // np.timedelta64(1, "D")
    days = pd.date_range(told.index[0] + pd.Timedelta(days=1), told.index[-1], freq="D", unit="us", name="day")
    per_day = np.repeat(increments / length, length)
    if rule == "report_day":
        per_day = np.where(np.isnan(per_day), np.nan, 0.0)
        last = np.cumsum(length) - 1
        per_day[last] = increments
    total = float(np.nansum(increments))
    lines = [("increments between totals", int((~np.isnan(increments)).sum()), total), *notes]
    allocated = float(np.nansum(increments[length > 1]) / total) if total > 0 else 0.0
    account = pd.DataFrame(lines, columns=["outcome", "records", "best"])
    return Given(pd.Series(per_day, days), account, allocated)


def _corrected(told: pd.Series, corrections: Corrections) -> tuple[np.ndarray, list[tuple[str, int, float]]]:
    """Increments without negative ones, and a line of account for each total that fell."""
    increments = np.diff(told.to_numpy())
    falls = np.flatnonzero(increments < 0)
    if len(falls) and corrections == "refuse":
        k = falls[0]
        raise InputError(
            f"{len(falls)} of {len(told)} running totals are lower than the one before, the first on "
            f"{told.index[k + 1]:%Y-%m-%d}: {told.iloc[k]:g}, then {told.iloc[k + 1]:g}. Say what a correction means: "
            "corrections='unobserved' leaves the days since the total before out, 'take_back' subtracts it from the "
            "latest increments."
        )
    notes = []
    for k in falls:
        fall, day = -increments[k], f"corrected downward on {told.index[k + 1]:%Y-%m-%d}"
        if corrections == "unobserved":
            increments[k] = np.nan
            notes.append((f"{day}, days since the total before left out", 1, -float(fall)))
            continue
        increments[k] = 0.0
        left = fall
        for earlier in range(k - 1, -1, -1):
            taken = min(increments[earlier], left)
            increments[earlier] -= taken
            left -= taken
        notes.append((f"{day}, taken back from the increments before", 1, -float(fall - left)))
        if left > 0:
            notes.append((f"{day}, from before the first day", 0, -float(left)))
    return increments, notes


def _numbers(given: pd.Series, name: str) -> pd.Series:
    """Counts as float; anything but 0 or more, or blank, is refused."""
    numbers = pd.to_numeric(given, errors="coerce").astype("float64")
    wrong = (numbers.isna() & given.notna()) | (numbers < 0) | np.isinf(numbers)
    if wrong.any():
        raise InputError(
            f"{int(wrong.sum())} of {len(numbers)} {name} are not counts, the first "
            f"{str(given[wrong].iloc[0])!r} on {given.index[wrong.to_numpy()][0]:%Y-%m-%d}. "
            "Counts are 0 or more; use NaN for a day nobody observed."
        )
    return numbers


def _require_whole_days(given: pd.Series, name: str) -> None:
    index = given.index
    if not isinstance(index, pd.DatetimeIndex) or len(index) == 0:
        raise CoverageError(
            f"{name} need an index of dates, met {len(index)} rows indexed by {index.dtype}. "
            "Use pd.to_datetime on the dates and set them as the index."
        )
    if index.hasnans:
        raise CoverageError(f"{int(index.isna().sum())} of {len(index)} dates are blank. Give every count its day.")
    if index.tz is not None or (index != index.normalize()).any():
        raise CoverageError(f"{name} need whole days without a time zone. Use .tz_localize(None).normalize().")


def _require_every_day(days: pd.DatetimeIndex, required: pd.DatetimeIndex) -> None:
    """Refuse days that repeat, are out of order, or are missing outside the declared gaps."""
    missing = required.difference(days)
    if days.is_monotonic_increasing and not days.has_duplicates and not len(missing):
        return
    what = f"{len(missing)} days are missing, the first {missing[0]:%Y-%m-%d}" if len(missing) else "they repeat"
    if days[0] > days[-1] or (not days.is_monotonic_increasing and not days.has_duplicates):
        what = "they are not in order"
    raise CoverageError(
        f"Daily counts must have every day from first to last once and in order: {what}. Sort them, put 0 on days that "
        "were quiet, and NaN on days that were not observed, or declare these: gaps=[(first, last)]."
    )
