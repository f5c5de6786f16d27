"""Changes of rate in an array of daily counts, as `detect_changepoints` finds them: positions instead of dates."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from conflictts.truce.changepoints import ODDS, refuse_thin
from conflictts.truce.intervals import regime_rates
from conflictts.truce.locations import probabilities, smallest_set
from conflictts.truce.slopes import levels_of


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
    from conflictts.truce import _path, _segment

    counts, weekday = np.asarray(counts, dtype=float), np.asarray(weekday)
    _check(counts, weekday, level)
    weekday, observed = weekday.astype(np.int64), np.isfinite(counts)
    values = np.where(observed, counts, 0.0)
    refuse_thin(values, observed)
    data = values, weekday, observed
    fit = levels_of(*data, _segment.find_changes(*data, _path.rate_grid(values, observed), math.log(ODDS), True, 1))
    sets = tuple(fit.edges[k] + smallest_set(p, level) for k, p in enumerate(probabilities(*data, fit)))
    rates = np.concatenate(regime_rates(fit, weekday, observed, level))
    return Levels(np.array(fit.edges[1:-1], dtype=np.int64), sets, rates, fit.profile, fit.size, fit.factor)


def _check(counts: np.ndarray, weekday: np.ndarray, level: float) -> None:
    if counts.ndim != 1 or weekday.shape != counts.shape:
        raise ValueError(
            f"counts of shape {counts.shape} and weekday of shape {weekday.shape} are not one series. Give two arrays "
            "of one length."
        )
    wrong = np.flatnonzero((counts < 0) | np.isinf(counts))
    if len(wrong):
        raise ValueError(
            f"counts[{wrong[0]}] = {counts[wrong[0]]:g} is no count ({len(wrong)} such). Give numbers from 0, and NaN "
            "where nobody counted."
        )
    if not np.isin(weekday, np.arange(7)).all():
        raise ValueError(f"weekday holds {weekday[~np.isin(weekday, np.arange(7))][0]}. Give 0 (Monday) to 6 (Sunday).")
    if not 0 < level < 1:
        raise ValueError(f"level = {level!r} is not a confidence level. Give a number between 0 and 1, such as 0.95.")
