"""How likely each day of a calm is the first of its erosion or of its collapse, over all courses that have one.

Arrays in. A course is a calm, then an erosion or a collapse or one after the other: of one rate, or for a collapse of
one after another, of a calm and an erosion below a bound, of a collapse from it on, and of an erosion above the calm's.
Or the rate climbs steadily from below the bound to above it, and the collapse is from the day on which it passes. That
the calm erodes, collapses at once, erodes and then collapses, or wears off steadily is as likely beforehand, that a
collapse is of two rates as that it is of one, and so is each day. All courses are
weighed, exactly on a grid of rates, so that nothing hangs on how many changes a search has found.
"""

from __future__ import annotations

import math

import numpy as np

EACH = 2.0  # weight of each kind of course: one change on any of n days, or two on any of their n² / 2 pairs
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)  # of the bound, in standard errors, and how likely each is


def beginnings(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    bound: float,
    spread: float,
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
    spread : float
        Standard error of its logarithm, since it is a share of a rate that is estimated; 0 for a bound that is known.
        The days given are taken to tell nothing of it.
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
    from conflictts.truce import _path, _posterior, _split

    n_days = len(counts)
    answer = np.zeros((2, n_days))
    seen = observed.nonzero()[0]
    if n_days < 2 or not counts[seen].any():
        return answer[0], answer[1]
    log_rate = _path.rate_grid(counts, observed)
    kind, weekday_of, count_of = _posterior.kinds_of_days(counts[seen], day_of_week[seen])
    of_kind = _posterior.likelihoods(weekday_of, count_of, log_rate, profile, size, factor)[1]
    of_day = np.zeros((n_days, len(log_rate)))
    of_day[seen] = of_kind[kind]
    prior = _posterior.level_prior(log_rate, math.log(counts[seen].mean()), _posterior.reach(counts[seen]))
    of_climbs = _of_climbs(of_day)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True) if spread > 0 else ((0.0, 1.0),):
        log_bound = math.log(bound) + node * spread
        if 1 < np.searchsorted(log_rate, log_bound) < len(log_rate):
            answer += weight * _given_bound(of_day, of_climbs, log_rate, np.log(prior), log_bound)
    for p in answer:
        if p.any():
            _split.fade(p, factor, phi)
            p /= p.sum()
    return answer[0], answer[1]


def _given_bound(
    of_day: np.ndarray, of_climbs: np.ndarray, log_rate: np.ndarray, log_prior: np.ndarray, log_bound: float
) -> np.ndarray:
    """The probabilities at one bound, before memory fades, shape (2, n_days)."""
    n_days = len(of_day)
    above = int(np.searchsorted(log_rate, log_bound))  # the first level of a collapse
    low, high = log_prior[:above], log_prior[above:]
    calm, collapse = low - _log_sum(low), high - _log_sum(high)
    change = math.log(EACH / (n_days - 1))
    before = np.vstack([np.zeros(len(log_rate)), of_day.cumsum(axis=0)])  # log-likelihood of the days before each
    till, since = before[1:n_days], before[n_days] - before[1:n_days]  # a change on each day but the first
    calm_till = calm + till[:, :above]
    collapse_since = _log_sum(collapse + since[:, above:])
    # or its rate changes to another one from the bound on, on a later day
    further = np.logaddexp.accumulate((before[2:n_days, above:] + (change + collapse_since[1:])[:, None])[::-1])[::-1]
    collapse_since[:-1] = np.logaddexp(
        collapse_since[:-1], _log_sum(collapse + further - before[1 : n_days - 1, above:])
    )
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
    climbing = _climbs(of_climbs, n_days, calm, collapse, log_rate, log_bound)
    answer = np.zeros((2, n_days))
    for p, log_p in zip(answer, (eroding, np.logaddexp(collapsed, climbing)), strict=True):
        p[1:] = np.exp(log_p - _log_sum(log_p))
    return answer


def _of_climbs(of_day: np.ndarray) -> np.ndarray:
    """Log-likelihood of a steady climb from each level to each higher one, shape (n_levels, n_levels)."""
    n_days, n_levels = of_day.shape
    first, last = np.triu_indices(n_levels, 1)
    gone = np.arange(n_days)[:, None] / (n_days - 1)
    level = np.rint(first + (last - first) * gone).astype(np.int64)
    answer = np.full((n_levels, n_levels), -np.inf)
    answer[first, last] = np.take_along_axis(of_day, level, axis=1).sum(axis=0)
    return answer


def _climbs(
    of_climbs: np.ndarray,
    n_days: int,
    calm: np.ndarray,
    collapse: np.ndarray,
    log_rate: np.ndarray,
    log_bound: float,
) -> np.ndarray:
    """Log probability that the rate climbs steadily and passes the bound on each day but the first."""
    above = len(calm)
    log_p = math.log(EACH) + calm[:, None] + collapse + of_climbs[:above, above:]
    share = (log_bound - log_rate[:above, None]) / (log_rate[above:] - log_rate[:above, None])
    day = np.clip(np.ceil(share * (n_days - 1)).astype(np.int64), 1, n_days - 1)
    answer = np.full(n_days, -np.inf)
    np.logaddexp.at(answer, day, log_p)
    return answer[1:]


def _log_sum(values: np.ndarray) -> np.ndarray:
    """log(sum(exp(values))) over the last axis."""
    return np.asarray(np.logaddexp.reduce(values, axis=-1))
