"""The numba kernels behind changepoints: numbers in, numbers out; no pandas, no dates.

Counts y[t] are negative binomial with mean profile[weekday[t]] * rate and size r, the rate piecewise constant. How
many changes there are is weighed over all courses of the rate (`_posterior`), and tried against a steady rate at last;
profile, size and memory between days are those of what they leave.

A large kernel that is called in one place is compiled into its caller (``inline="always"``): by itself too, all that it
calls would be optimised once more.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import (
    days_of,
    fit_size,
    grouped,
    memory,
    pearson_residuals,
    tabled,
    weekday_profile,
)
from conflictts.truce._path import cost_of_groups, rate_grid, rates_of_groups, snapped
from conflictts.truce._posterior import (
    HIGHEST_HAZARD,
    change_probabilities,
    kinds_of_days,
    level_prior,
    reach,
    told_changes,
)

_ROUNDS = 4
# To start from: beyond these even an enormous day is noise, or its weekday's
_LEAST_SIZE, _MOST_WEEKDAY = 0.5, 3.0
_SETTLED = 0.05  # relative change of the memory factor that asks for no further round
# Likelihoods are tempered by the memory factor to the power of 1, or of down to four fifths where the rate changes
# so often: what is missed of many changes looks like memory too
_MANY_HAZARD, _FORGIVEN = 0.02, 0.2
_INFORMATION = 3.0  # of a day on its log rate: above it every level is used, below it every second one
# So few changes pay each for itself, in memory factors times the logarithm of the days observed; more are told by how
# likely they are together, and each pays so many memory factors (the 5 % point of chi-squared, halved): less, and the
# rates on its two sides do not differ
_FEW_CHANGES, OWN_PRICE, _LEAST_PRICE = 4, 1.25, 1.92
# What each gains on average, in the same logarithm and memory factors, beyond a steady rate of whatever size explains
# the counts best; and beside a regime of fewer days than this, which may be single large ones
_SHARE, _SHARE_OF_BRIEF, _BRIEF = 0.55, 0.85, 7


@kernel
def running_mean(counts, observed):
    """Mean of the observed days within a fortnight either way, at least 0.02."""
    n_days = counts.size
    rate = np.empty(n_days)
    total, seen = 0.0, 0
    for t in range(-14, n_days):
        if t + 14 < n_days and observed[t + 14]:
            total += counts[t + 14]
            seen += 1
        if t - 15 >= 0 and observed[t - 15]:
            total -= counts[t - 15]
            seen -= 1
        if t >= 0:
            rate[t] = max(total / max(seen, 1), 0.02)
    return rate


@kernel
def first_guess(counts, weekday, observed, use_profile):
    """Weekday profile and size around the running mean, the size by moments and kept small."""
    rate = running_mean(counts, observed)
    total, expected = np.zeros(7), np.zeros(7)
    for t in range(counts.size):
        if observed[t]:
            total[weekday[t]] += counts[t]
            expected[weekday[t]] += rate[t]
    profile = weekday_profile(total, expected) if use_profile else np.ones(7)
    squares, excess = 0.0, 0.0
    for t in range(counts.size):
        if observed[t]:
            mean = rate[t] * profile[weekday[t]]
            squares += mean * mean
            excess += (counts[t] - mean) ** 2 - mean
    size = 500.0 if excess * 500.0 <= squares else max(squares / excess, 0.02)
    return profile, 0.8 * size


@kernel
def surroundings(total, seen, rates, profile, above, rest, size, use_profile):
    """Weekday profile and size, given regimes and their rates; `total` and `seen` from `grouped`."""
    counted, expected = np.zeros(7), np.zeros(7)
    mean = np.empty(total.size)
    for k in range(rates.size):
        level = 0.0 if math.isnan(rates[k]) else rates[k]
        for d in range(7):
            counted[d] += total[k, d]
            expected[d] += seen[k, d] * level
            mean[7 * k + d] = level
    if use_profile:
        profile = weekday_profile(counted, expected)
    for g in range(mean.size):
        mean[g] *= profile[g % 7]
    return profile, fit_size(above, rest, total.ravel(), seen.ravel(), mean, size)


@kernel
def _around(counts, weekday, observed, changes, profile, above, rest, size, use_profile):
    """Rates, weekday profile, size, memory factor and phi, given changes."""
    total, seen = grouped(counts, weekday, observed, changes)
    rates = rates_of_groups(total, seen, profile, size)
    profile, size = surroundings(total, seen, rates, profile, above, rest, size, use_profile)
    rates = rates_of_groups(total, seen, profile, size)
    residuals = pearson_residuals(counts, weekday, observed, changes, rates, profile, size)
    factor, phi = memory(residuals, observed, rates.size)
    return rates, profile, size, factor, phi


@kernel
def _equal(one, other):
    """Whether two arrays are the same."""
    equal = one.size == other.size
    for k in range(one.size if equal else 0):
        equal &= one[k] == other[k]
    return equal


@kernel
def _coarser(log_rate, mean, size):
    """Levels of the grid as close together as the days of a regime can tell them apart."""
    return log_rate[:: 1 if mean * size / (mean + size) > _INFORMATION else 2].copy()


@kernel
def weakest(total, seen, rates, profile, size):
    """The change whose regimes lose the least log-likelihood when they become one, and what they lose."""
    which, least = 0, np.inf
    one_total, one_seen = np.empty((1, 7)), np.empty((1, 7))
    for k in range(rates.size - 1):
        for d in range(7):
            one_total[0, d] = total[k, d] + total[k + 1, d]
            one_seen[0, d] = seen[k, d] + seen[k + 1, d]
        one_rate = rates_of_groups(one_total, one_seen, profile, size)
        lost = cost_of_groups(one_total, one_seen, one_rate, profile, size)
        lost -= cost_of_groups(total[k : k + 2], seen[k : k + 2], rates[k : k + 2], profile, size)
        if lost < least:
            which, least = k, lost
    return which, least


@kernel
def log_likelihood(above, rest, total, seen, rates, profile, size):
    """Log-likelihood of regimes up to what depends on the counts alone; `above` and `rest` from `tabled`."""
    answer = -cost_of_groups(total, seen, rates, profile, size)
    for j in range(above.size):
        answer += above[j] * math.log(size + j)
    for y in rest:
        answer += math.lgamma(size + y) - math.lgamma(size)
    return answer


@kernel(inline="always")
def _pays(counts, weekday, observed, above, rest, days, found, steady):
    """Whether changes gain their shares beyond a steady rate of its own size; both from `_searched`."""
    gained, asked, n_changes = 0.0, 0.0, found[0].size
    lasts = np.zeros(n_changes + 1)  # observed days of each regime
    k = 0
    for day in days:
        while k < n_changes and day >= found[0][k]:
            k += 1
        lasts[k] += 1.0
    for k in range(n_changes):
        asked += _SHARE_OF_BRIEF if min(lasts[k], lasts[k + 1]) < _BRIEF else _SHARE
    for sign, (changes, rates, profile, size, _, _) in ((1.0, found), (-1.0, steady)):
        total, seen = grouped(counts, weekday, observed, changes)
        gained += sign * log_likelihood(above, rest, total, seen, rates, profile, size)
    return gained >= asked * found[4] * math.log(days.size)


@kernel(inline="always")
def _searched(
    counts, weekday, observed, log_rate, against, use_profile, min_days, above, rest, days, rates, profile, size
):
    """Changes and what is around them, each given the others, to a fixed point from a first profile and size."""
    seen_counts = counts[days]
    kinds = kinds_of_days(seen_counts, weekday[days])
    p = np.empty(days.size)
    changes = np.empty(0, np.int64)
    total_count, within = 0.0, reach(seen_counts)
    for count in seen_counts:
        total_count += count
    log_mean = math.log(total_count / days.size)
    hazard, temper, factor, phi = HIGHEST_HAZARD, 1.0, 1.0, 0.0
    for round_ in range(_ROUNDS):
        highest = 0.0
        for rate in rates:
            highest = max(highest, rate)
        levels = snapped(_coarser(log_rate, highest, size), rates)
        prior = level_prior(levels, log_mean, within)
        hazard, none = change_probabilities(kinds, levels, prior, profile, size, temper, hazard, against, p)
        told = days[told_changes(p, none, min_days)]
        same = round_ > 0 and _equal(told, changes)
        changes = told
        before = factor
        rates, profile, size, factor, phi = _around(
            counts, weekday, observed, changes, profile, above, rest, size, use_profile
        )
        if same and abs(factor - before) <= _SETTLED * before:
            break
        temper = factor ** (1.0 - _FORGIVEN * min(hazard / _MANY_HAZARD, 1.0))
    price = OWN_PRICE * math.log(days.size) if changes.size <= _FEW_CHANGES else _LEAST_PRICE
    while changes.size > 0:
        total, seen = grouped(counts, weekday, observed, changes)
        which, lost = weakest(total, seen, rates, profile, size)
        if lost >= price * factor:
            break
        others = np.empty(changes.size - 1, np.int64)
        for k in range(others.size):
            others[k] = changes[k if k < which else k + 1]
        changes = others
        rates, profile, size, factor, phi = _around(
            counts, weekday, observed, changes, profile, above, rest, size, use_profile
        )
    return changes, rates, profile, size, factor, phi


@kernel
def find_changes(counts, weekday, observed, log_rate, against, use_profile, min_days=1):
    """Changes, rates, weekday profile, size and memory factor, each given the others, to a fixed point.

    A change that is missed leaves residuals that look like memory, and memory hides changes; so the search starts
    from no memory, when all that may be a change is taken for one.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        Not all 0 on observed days.
    weekday : ndarray of int64, shape (n_days,)
    observed : ndarray of bool, shape (n_days,)
    log_rate : ndarray, shape (n_levels,)
        Evenly spaced grid.
    against : float
        Log of the prior odds of no change against changes.
    use_profile : bool
    min_days : int
        Observed days that a regime has at least.

    Returns
    -------
    changes, rates, profile, size, factor, phi
    """
    above, rest = tabled(counts, observed)
    profile, size = first_guess(counts, weekday, observed, use_profile)
    whole, total = 0.0, 0.0
    for d in range(7):
        profile[d] = min(profile[d], _MOST_WEEKDAY)
        whole += profile[d]
    for d in range(7):
        profile[d] /= whole / 7
    size = max(size, _LEAST_SIZE)
    days = days_of(observed)
    for day in days:
        total += counts[day]
    none, rates = np.empty(0, np.int64), np.full(1, total / days.size)
    for trial in range(2):  # the second from what is around a steady rate
        found = _searched(
            counts, weekday, observed, log_rate, against, use_profile, min_days, above, rest, days, rates, profile, size
        )
        if trial == 0:
            if found[0].size == 0:
                return found
            rates, profile, size, factor, phi = _around(
                counts, weekday, observed, none, found[2], above, rest, found[3], use_profile
            )
        if _pays(counts, weekday, observed, above, rest, days, found, (none, rates, profile, size, factor, phi)):
            return found
    return none, rates, profile, size, factor, phi


@kernel
def single_days(changes, observed):
    """Positions of observed days that are a regime each; neither the first regime nor the last is looked at."""
    found, n_found = np.empty(changes.size, np.int64), 0
    for k in range(changes.size - 1):
        n_seen, first = 0, 0
        for t in range(changes[k + 1] - 1, changes[k] - 1, -1):
            if observed[t]:
                n_seen, first = n_seen + 1, t
        if n_seen == 1:
            found[n_found] = first
            n_found += 1
    return found[:n_found]


@kernel
def find_in_rows(counts, weekday, observed, against, least_days, alone):
    """Changes in each of several series, single days left out until none is a regime of its own.

    Parameters
    ----------
    counts : ndarray of float, shape (n_rows, n_days)
        As `find_changes` takes them; becomes 0 on the days left out.
    weekday : ndarray of int64, shape (n_days,)
    observed : ndarray of bool, shape (n_rows, n_days)
        Becomes False on the days left out.
    against : float
    least_days : int
        Observed days without which nothing is searched.
    alone : ndarray of bool, shape (n_rows, n_days) or (n_rows, 0)
        False; becomes True on the days left out. None is left out where it holds no days.

    Returns
    -------
    changes, ends : ndarray of int64, shapes (n,) and (n_rows,)
        Those of all rows, one after the other, and where each row's end.
    noise : ndarray, shape (n_rows, 10)
        Profile, size, memory factor and phi of each row.
    empty : ndarray of bool, shape (n_rows,)
        Whether nothing happened on any other day than those left out: then nothing is, and changes are not to be told.
    """
    n_rows = counts.shape[0]
    changes, ends, held = np.empty(counts.size, np.int64), np.empty(n_rows, np.int64), 0
    noise, empty = np.empty((n_rows, 10)), np.zeros(n_rows, np.bool_)
    for row in range(n_rows):
        y, seen = counts[row], observed[row]
        found = find_changes(y, weekday, seen, rate_grid(y, seen), against, True)
        single = single_days(found[0], seen)
        while alone.shape[1] > 0 and single.size > 0:
            others, others_seen = y.copy(), seen.copy()
            for t in single:
                others[t], others_seen[t], alone[row, t] = 0.0, False, True
            if others_seen.sum() < least_days or others.max() == 0.0:
                empty[row] = True
                break
            y, seen = others, others_seen
            found = find_changes(y, weekday, seen, rate_grid(y, seen), against, True)
            single = single_days(found[0], seen)
        for t in range(y.size):
            counts[row, t], observed[row, t] = y[t], seen[t]
        for day in found[0]:
            changes[held] = day
            held += 1
        ends[row] = held
        for d in range(7):
            noise[row, d] = found[2][d]
        noise[row, 7], noise[row, 8], noise[row, 9] = found[3], found[4], found[5]
    return changes[:held].copy(), ends, noise, empty
