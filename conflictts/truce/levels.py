"""Changes of rate in an array of daily counts, as `detect_changepoints` finds them: positions instead of dates."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from conflictts.errors import TooLittleData
from conflictts.truce.changepoints import ODDS, refuse_thin
from conflictts.truce.intervals import regime_rates
from conflictts.truce.slopes import SlopedFit

Found: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, float, float, float]


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
    ValueError
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
    counts, weekday = np.asarray(counts, dtype=float), np.asarray(weekday)
    _check(counts, weekday, level)
    weekday, observed = weekday.astype(np.int64), np.isfinite(counts)
    values = np.where(observed, counts, 0.0)
    return levels_around(values, weekday, observed, searched(values, weekday, observed), level)


def levels_but_for_single_days(counts: np.ndarray, weekday: np.ndarray, level: float) -> tuple[Levels, list[int]]:
    """Find levels, and positions of days left out because each would be a regime of its own.

    Such a day is an event, not a change of rate.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        NaN where nobody counted.
    weekday : ndarray of int64, shape (n_days,)
        Monday 0; not checked, since it is one for a whole panel.
    level : float

    Raises
    ------
    TooLittleData
        As `find_levels`.
    ValueError
        If a count is negative or infinite.
    """
    from conflictts.truce import _split

    refuse_no_counts(counts)
    observed = np.isfinite(counts)
    values = np.where(observed, counts, 0.0)
    found, alone = searched(values, weekday, observed), np.empty(0, np.int64)
    while len(single := _split.single_days(found[0], observed)):
        alone = np.concatenate([alone, single])
        others, others_seen = values.copy(), observed.copy()
        others[single], others_seen[single] = 0.0, False
        try:
            following = searched(others, weekday, others_seen)
        except TooLittleData:  # nothing happened on any other day
            levels = levels_around(values, weekday, observed, found, level)
            return levels._replace(changes=levels.changes[:0], sets=(), rates=levels.rates[-1:]), alone.tolist()
        values, observed, found = others, others_seen, following
    return levels_around(values, weekday, observed, found, level), alone.tolist()


def searched(values: np.ndarray, weekday: np.ndarray, observed: np.ndarray) -> Found:
    """What `_segment.find_changes` finds.

    Parameters
    ----------
    values : ndarray of float, shape (n_days,)
        0 where not observed.
    weekday : ndarray of int64, shape (n_days,)
    observed : ndarray of bool, shape (n_days,)

    Raises
    ------
    TooLittleData
        If fewer than 14 days are observed, or all counts are 0.
    """
    from conflictts.truce import _path, _segment

    refuse_thin(values, observed)
    grid = _path.rate_grid(values, observed)
    return _segment.find_changes(values, weekday, observed, grid, math.log(ODDS), True, 1)  # type: ignore[no-any-return]


def levels_around(values: np.ndarray, weekday: np.ndarray, observed: np.ndarray, found: Found, level: float) -> Levels:
    """Levels between the changes found, with their sets and rates."""
    from conflictts.truce import _split

    changes, _, profile, size, factor, phi = found
    noise = profile, size, factor, phi
    edges, fits, days, ends = _split.dated_levels(values, weekday, observed, changes, *noise, level)
    fit = SlopedFit(edges.tolist(), [False] * len(fits), list(map(tuple, fits.tolist())), *noise)
    begins = [0, *ends.tolist()]
    sets = tuple(days[begin:end] for begin, end in pairwise(begins))
    rates = np.concatenate(regime_rates(fit, weekday, observed, level))
    return Levels(changes, sets, rates, profile, size, factor)


def refuse_no_counts(counts: np.ndarray) -> None:
    """Raise ValueError where a count is negative or infinite."""
    wrong = np.flatnonzero((counts < 0) | np.isinf(counts))
    if len(wrong):
        raise ValueError(
            f"counts[{wrong[0]}] = {counts[wrong[0]]:g} is no count ({len(wrong)} such). Give numbers from 0, and NaN "
            "where nobody counted."
        )


def _check(counts: np.ndarray, weekday: np.ndarray, level: float) -> None:
    if counts.ndim != 1 or weekday.shape != counts.shape:
        raise ValueError(
            f"counts of shape {counts.shape} and weekday of shape {weekday.shape} are not one series. Give two arrays "
            "of one length."
        )
    refuse_no_counts(counts)
    if not np.isin(weekday, np.arange(7)).all():
        raise ValueError(f"weekday holds {weekday[~np.isin(weekday, np.arange(7))][0]}. Give 0 (Monday) to 6 (Sunday).")
    if not 0 < level < 1:
        raise ValueError(f"level = {level!r} is not a confidence level. Give a number between 0 and 1, such as 0.95.")
