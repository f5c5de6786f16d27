"""Changes of rate in an array of daily counts, as `detect_changepoints` finds them: positions instead of dates."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from conflictts.errors import InputError, require_numbers
from conflictts.truce.changepoints import MIN_DAYS, ODDS, refuse_thin
from conflictts.truce.intervals import quantiles, rates_of_levels, refuse_level


class Levels(NamedTuple):
    """Regimes of constant rate in an array of daily counts.

    Attributes
    ----------
    changes : ndarray of int, shape (n_changes,)
        Position of the first day of each regime after the first: the best point, not to be quoted without its set.
    sets : tuple of ndarray of int, length n_changes
        Positions of the fewest days that hold each change with probability `level`.
    rates : ndarray, shape (n_changes + 1, 3)
        Rate per day of each regime, and the lower and upper end of its interval.
    profile : ndarray, shape (7,)
        Mean of each day of the week relative to the regime's rate, Monday first.
    size : float
        Variance = mean + mean² / size.
    factor : float
        Long-run variance over variance of the residuals.

    Examples
    --------
    >>> import numpy as np
    >>> from conflictts import find_levels
    >>> found = find_levels(np.r_[np.full(30, 5.0), np.zeros(30)], np.arange(60) % 7)
    >>> [each.tolist() for each in found.sets]
    [[30]]
    """

    changes: np.ndarray
    sets: tuple[np.ndarray, ...]
    rates: np.ndarray
    profile: np.ndarray
    size: float
    factor: float


def find_levels(counts: np.ndarray, weekday: np.ndarray, *, level: float = 0.95) -> Levels:
    """Find the days on which the rate of an array of daily counts changes: `detect_changepoints` for arrays.

    For very many series. The search and the dating run without the interpreter's lock, so that threads share them out.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
        Events of successive days, none negative, NaN where nobody counted. Not modified.
    weekday : ndarray of int, shape (n_days,)
        Day of the week, Monday 0.
    level : float, default 0.95
        Confidence level of sets and rates.

    Returns
    -------
    Levels

    Raises
    ------
    TooLittleData
        If fewer than 14 days are observed, or all counts are 0.
    InputError
        If the arrays are not of one length, a count is negative or infinite, a day is none of the week, or `level` is
        no probability.

    Examples
    --------
    >>> import numpy as np
    >>> from conflictts import find_levels
    >>> found = find_levels(np.r_[np.full(30, 5.0), np.zeros(30)], np.arange(60) % 7)
    >>> found.changes.tolist(), found.rates[:, 0].round(1).tolist()
    ([30], [5.0, 0.0])
    """
    counts, weekday = require_numbers(counts, "counts"), require_numbers(weekday, "weekday")
    _check(counts, weekday, level)
    ((found, _),) = levels_of_rows(counts[None], weekday.astype(np.int64), level, but_for_single_days=False)
    return found


def levels_of_rows(
    counts: np.ndarray, weekday: np.ndarray, level: float, *, but_for_single_days: bool
) -> list[tuple[Levels, np.ndarray]]:
    """Levels of each of several series, and positions of the days left out because each would be a regime of its own.

    Such a day is an event, not a change of rate. All series are searched in one compiled call, and dated in one.

    Parameters
    ----------
    counts : ndarray of float, shape (n_series, n_days)
        NaN where nobody counted.
    weekday : ndarray of int64, shape (n_days,)
        Monday 0; not checked, since it is one for a whole panel.
    but_for_single_days : bool
        Whether such days are left out.

    Raises
    ------
    TooLittleData
        If fewer than 14 days of a series are observed, or all its counts are 0; see `can_be_searched`.
    InputError
        If a count is negative or infinite.
    """
    from conflictts.truce import _segment, _split

    observed = np.isfinite(counts)
    values = np.where(observed, counts, 0.0)
    for unfit in np.flatnonzero(~can_be_searched(counts)):
        refuse_no_counts(counts[unfit])
        refuse_thin(values[unfit], observed[unfit])
    alone = np.zeros((len(counts), counts.shape[1] if but_for_single_days else 0), dtype=bool)
    changes, ends, noise, empty = _segment.find_in_rows(values, weekday, observed, math.log(ODDS), MIN_DAYS, alone)
    fits, days, set_ends = _split.date_rows(values, weekday, observed, changes, ends, noise, level)
    n_changes = np.diff(ends, prepend=0)
    size, factor = noise[:, 7], noise[:, 8]
    quantile = quantiles(observed.sum(axis=1), factor, n_changes + 1, level)
    rates = rates_of_levels(fits, np.column_stack([quantile, size, factor]).repeat(n_changes + 1, axis=0), level)
    sets = [days[begin:end] for begin, end in pairwise([0, *set_ends.tolist()])]
    answer = []
    for row, (begin, end) in enumerate(pairwise([0, *ends.tolist()])):
        of_regimes = slice(begin + row, end + row + 1)
        if empty[row]:  # nothing happened on any other day
            begin, of_regimes = end, slice(end + row, end + row + 1)
        around = noise[row, :7], float(size[row]), float(factor[row])
        found = Levels(changes[begin:end], tuple(sets[begin:end]), rates[of_regimes], *around)
        answer.append((found, np.flatnonzero(alone[row])))
    return answer


def can_be_searched(counts: np.ndarray) -> np.ndarray:
    """Which of several series are counts on 14 days at least, not all 0, shape (n_series,)."""
    observed = np.isfinite(counts)
    fine = ~((counts < 0) | np.isinf(counts)).any(axis=1) & (observed.sum(axis=1) >= MIN_DAYS)
    return np.asarray(fine & (observed & (counts > 0)).any(axis=1))


def refuse_no_counts(counts: np.ndarray) -> None:
    """Raise InputError where a count is negative or infinite."""
    wrong = np.flatnonzero((counts < 0) | np.isinf(counts))
    if len(wrong):
        raise InputError(
            f"counts[{wrong[0]}] = {counts[wrong[0]]:g} is no count ({len(wrong)} such). Give numbers from 0, and NaN "
            "where nobody counted."
        )


def _check(counts: np.ndarray, weekday: np.ndarray, level: float) -> None:
    if counts.ndim != 1 or weekday.shape != counts.shape:
        raise InputError(
            f"counts of shape {counts.shape} and weekday of shape {weekday.shape} are not one series. Give two arrays "
            "of one length."
        )
    refuse_no_counts(counts)
    if not np.isin(weekday, np.arange(7)).all():
        raise InputError(f"weekday holds {weekday[~np.isin(weekday, np.arange(7))][0]}. Give 0 (Monday) to 6 (Sunday).")
    refuse_level(level)
