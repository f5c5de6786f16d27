"""Declared days in, checked whole days out: what a source watched, and where it did not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TypeAlias

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, UndeclaredCoverage
from conflictts.incidents.day import read_day
from conflictts.incidents.table import Provenance

Day: TypeAlias = str | date  # a Timestamp is a date
_LONGEST = 200 * 366  # days of coverage; beyond any conflict data set, so a typing error


def whole_day(value: object, name: str) -> pd.Timestamp:
    """Read a date as a whole day: text only as YYYY-MM-DD; the hour of a Timestamp is dropped.

    Raises
    ------
    CoverageError
        If it is no date, text written otherwise, or has a time zone.
    """
    if getattr(value, "tzinfo", None) is not None:
        raise CoverageError(f"{name} = {value!r} has a time zone, and days here have none. Give the plain date.")
    try:
        return read_day(value)
    except (ValueError, TypeError):
        raise CoverageError(f"{name} = {value!r} is not a date written as YYYY-MM-DD. Write it so.") from None


def pair_of_days(pair: tuple[Day, Day], name: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Read (first, last) as two whole days in order.

    Raises
    ------
    CoverageError
        If it is not a pair of dates, or ends before it starts.
    """
    if isinstance(pair, str) or len(pair) != 2:
        raise CoverageError(f"{name} = {pair!r} is not a pair of dates. Give (first, last).")
    first, last = (whole_day(value, name) for value in pair)
    if first > last:
        raise CoverageError(f"{name} {first:%Y-%m-%d}..{last:%Y-%m-%d} ends before it starts. Give (first, last).")
    return first, last


def window_within(
    coverage: tuple[pd.Timestamp, pd.Timestamp], window: tuple[Day, Day] | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a window inside the days covered; of these, where none is given."""
    start, end = coverage
    first, last = coverage if window is None else pair_of_days(window, "window")
    if not start <= first <= last <= end:
        raise CoverageError(
            f"The window {first:%Y-%m-%d}..{last:%Y-%m-%d} must lie inside the days covered, "
            f"{start:%Y-%m-%d}..{end:%Y-%m-%d}."
        )
    return first, last


def covered_days(declared: tuple[Day, Day] | None, source: str) -> pd.DatetimeIndex:
    """Every day from the first to the last that the source watched, as declared by the caller or by the source.

    Raises
    ------
    UndeclaredCoverage
        If nobody declared it.
    CoverageError
        If it is no pair of days in order, it is longer than two centuries, or it ends on a day that
        has not come anywhere on Earth.
    """
    if declared is None:
        raise UndeclaredCoverage(f"{source} does not say which days it covered. Declare them: coverage=(first, last).")
    first, last = pair_of_days(declared, "coverage")
    if (last - first).days >= _LONGEST:
        raise CoverageError(
            f"Coverage {first:%Y-%m-%d}..{last:%Y-%m-%d} is {(last - first).days + 1:,} days long, more than "
            f"{_LONGEST:,}. Correct the years."
        )
    latest = pd.Timestamp(datetime.now(UTC).date()) + pd.Timedelta(days=1)  # clocks are up to 14 hours ahead of UTC
    if last > latest:
        raise CoverageError(
            f"Coverage ends on {last:%Y-%m-%d}, and today is {latest - pd.Timedelta(days=1):%Y-%m-%d}: days that have "
            "not come would count as days without violence. End it with the last day that the source watched."
        )
    return pd.date_range(first, last, freq="D", unit="us", name="day")


def after_the_source(days: pd.DatetimeIndex, provenance: Provenance) -> np.ndarray:
    """Say which of the covered days come after the last day that the source itself claims to cover.

    Parameters
    ----------
    days : DatetimeIndex, shape (n_days,)
        Every covered day once, in order.
    provenance : Provenance
        Where it states no such day, none comes after it.

    Returns
    -------
    ndarray of bool, shape (n_days,)

    Raises
    ------
    CoverageError
        If all of them do.
    """
    if provenance.data_through is None:
        return np.zeros(len(days), dtype=bool)
    through = whole_day(provenance.data_through, "data_through")
    if through < days[0]:
        raise CoverageError(
            f"Coverage {days[0]:%Y-%m-%d}..{days[-1]:%Y-%m-%d} begins after the last day that {provenance.provider} "
            f"covers, {through:%Y-%m-%d}. Correct `coverage`, or download the records anew."
        )
    return np.asarray(days > through)


def in_gaps(days: pd.DatetimeIndex, gaps: Iterable[tuple[Day, Day]]) -> np.ndarray:
    """Say which of the covered days lie in a declared gap.

    Parameters
    ----------
    days : DatetimeIndex, shape (n_days,)
        Every covered day once, in order.
    gaps : iterable of (first, last)
        Inclusive at both ends; they may overlap each other, and reach beyond the covered days.

    Returns
    -------
    ndarray of bool, shape (n_days,)

    Raises
    ------
    CoverageError
        If a gap is no pair of days in order, touches no covered day (a slip in a date would otherwise leave quiet days
        where nobody watched), or the gaps leave no day observed.
    """
    missing = np.zeros(len(days), dtype=bool)
    for gap in gaps:
        first, last = pair_of_days(gap, "gap")
        inside = (days >= first) & (days <= last)
        if not inside.any():
            raise CoverageError(
                f"The gap {first:%Y-%m-%d}..{last:%Y-%m-%d} touches none of the days covered, "
                f"{days[0]:%Y-%m-%d}..{days[-1]:%Y-%m-%d}. Correct its dates, or leave it out."
            )
        missing |= inside
    if missing.all():
        raise CoverageError(
            f"The declared gaps take all {len(days):,} days covered, {days[0]:%Y-%m-%d}..{days[-1]:%Y-%m-%d}; "
            "nothing was observed. Correct the gaps or the coverage."
        )
    return missing


def consecutive(days: pd.DatetimeIndex) -> list[pd.DatetimeIndex]:
    """Cut days in order into runs without a gap."""
    if len(days) == 0:
        return []
    breaks = np.flatnonzero(np.diff(days.to_numpy()) > np.timedelta64(1, "D")) + 1
    return [days[begin:end] for begin, end in zip([0, *breaks], [*breaks, len(days)], strict=True)]
