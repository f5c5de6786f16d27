"""How likely each day of a calm is the first of its erosion or of its collapse, over all courses that have one.

Arrays in. A course is a calm, then an erosion or a collapse or one after the other, each of one rate: of a calm and an
erosion below a bound, of a collapse from it on, and of an erosion above the calm's. Or the rate climbs steadily from
below the bound to above it, and the collapse is from the day on which it passes. That the calm erodes, collapses at
once, erodes and then collapses, or wears off steadily is as likely beforehand, and so is each day. All courses are
weighed, exactly on a grid of rates, so that nothing hangs on how many changes a search has found.
"""

from __future__ import annotations

import math

import numpy as np

EACH = 2.0  # weight of each kind of course: one change on any of n days, or two on any of their n² / 2 pairs


def beginnings(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    bound: float,
    profile: np.ndarray,
    size: float,
    factor: float,
    phi: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each day to be the first of an erosion, and of a collapse, given that there is one.

    Parameters
    ----------
    counts, day_of_week, observed : ndarray, shape (n_days,)
        From the calm's first day on; counts are 0 where not observed.
    bound : float
        Rate per day that a collapse reaches.
    profile : ndarray, shape (7,)
        Mean of each day of the week relative to the rate.
    size : float
        Of the negative binomial.
    factor, phi : float
        Memory factor, by which log-likelihoods are divided, and how memory fades (`_split.fade`).

    Returns
    -------
    eroding, collapsed : ndarray, shape (n_days,)
        Each sums to 1; 0 throughout where the counts are such that no rate of the grid lies on one side of the bound.
    """
    from conflictts.truce import _path, _posterior

    n_days = len(counts)
    nothing = np.zeros(n_days)
    seen = observed.nonzero()[0]
    if n_days < 2 or not counts[seen].any():
        return nothing, nothing
    log_rate = _path.rate_grid(counts, observed)
    kind, weekday_of, count_of = _posterior.kinds_of_days(counts[seen], day_of_week[seen])
    of_kind = _posterior.likelihoods(weekday_of, count_of, log_rate, profile, size, factor)[1]
    of_day = np.zeros((n_days, len(log_rate)))
    of_day[seen] = of_kind[kind]
    prior = _posterior.level_prior(log_rate, math.log(counts[seen].mean()), _posterior.reach(counts[seen]))
    above = int(np.searchsorted(log_rate, math.log(bound)))  # the first level of a collapse
    if not 1 < above < len(log_rate):
        return nothing, nothing
    low, high = np.log(prior[:above]), np.log(prior[above:])
    calm, collapse = low - _log_sum(low), high - _log_sum(high)
    change = math.log(EACH / (n_days - 1))
    before = np.vstack([np.zeros(len(log_rate)), of_day.cumsum(axis=0)])  # log-likelihood of the days before each
    till, since = before[1:n_days], before[n_days] - before[1:n_days]  # a change on each day but the first
    calm_till = calm + till[:, :above]
    collapse_since = _log_sum(collapse + since[:, above:])
    # an erosion's level lies above the calm's: what remains of the prior there is shared by the levels that do
    rest = np.append(np.logaddexp.accumulate(low[::-1])[::-1][1:], np.inf)
    to_erosion = change + low[1:] + np.logaddexp.accumulate(calm_till - rest, axis=1)[:, :-1]
    till, since = till[:, 1:above], since[:, 1:above]
    ends = np.logaddexp.accumulate((till + (change + collapse_since)[:, None])[::-1])[::-1]  # on a day or a later one
    lasts = since.copy()  # an erosion, to the end or until it ends in a collapse
    lasts[:-1] = np.logaddexp(since[:-1], ends[1:] - till[:-1])
    eroded = np.full_like(till, -np.inf)  # till a day, by an erosion from an earlier one on
    eroded[1:] = np.logaddexp.accumulate(to_erosion - till)[:-1] + till[1:]
    eroding = _log_sum(to_erosion + lasts)
    collapsed = change + collapse_since + np.logaddexp(_log_sum(calm_till), _log_sum(eroded))
    climbing = _climbs(of_day, calm, collapse, math.log(bound), log_rate)
    return (
        _faded(eroding, factor, phi),
        _faded(np.logaddexp(collapsed, climbing), factor, phi),
    )


def _climbs(
    of_day: np.ndarray, calm: np.ndarray, collapse: np.ndarray, log_bound: float, log_rate: np.ndarray
) -> np.ndarray:
    """Log probability that the rate climbs steadily and passes the bound on each day but the first."""
    n_days = len(of_day)
    first, last = (each.ravel() for each in np.mgrid[: len(calm), len(calm) : len(log_rate)])
    gone = np.arange(n_days)[:, None] / (n_days - 1)
    level = np.rint(first + (last - first) * gone).astype(np.int64)
    log_p = math.log(EACH) + calm[first] + collapse[last - len(calm)]
    log_p += np.take_along_axis(of_day, level, axis=1).sum(axis=0)
    share = (log_bound - log_rate[first]) / (log_rate[last] - log_rate[first])
    day = np.clip(np.ceil(share * (n_days - 1)).astype(np.int64), 1, n_days - 1)
    answer = np.full(n_days, -np.inf)
    np.logaddexp.at(answer, day, log_p)
    return answer[1:]


def _faded(log_p: np.ndarray, factor: float, phi: float) -> np.ndarray:
    """Probabilities of the days from the second on, each somewhat earlier as memory fades, and 0 for the first day."""
    from conflictts.truce import _split

    p = np.append(0.0, np.exp(log_p - _log_sum(log_p)))
    _split.fade(p, factor, phi)
    return np.asarray(p / p.sum())


def _log_sum(values: np.ndarray) -> np.ndarray:
    """log(sum(exp(values))) over the last axis."""
    return np.asarray(np.logaddexp.reduce(values, axis=-1))
