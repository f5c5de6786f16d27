"""The numba kernel of the onset scan: the gain by one change on each of some days, and the noise around the best."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import grouped, memory, pearson_residuals, tabled
from conflictts.truce._path import cost_of_groups, rates_of_groups
from conflictts.truce._segment import first_guess, surroundings

_ROUNDS = 4


@kernel
def costs_of_splits(counts, weekday, observed, begin, end, profile, size):
    """Cost of one change at each day from `begin` to before `end`, the rates fitted; and of no change."""
    change = np.empty(1, np.int64)
    change[0] = begin
    total, seen = grouped(counts, weekday, observed, change)
    both_total, both_seen = np.zeros((1, 7)), np.zeros((1, 7))
    for d in range(7):
        both_total[0, d] = total[0, d] + total[1, d]
        both_seen[0, d] = seen[0, d] + seen[1, d]
    rates = rates_of_groups(both_total, both_seen, profile, size)
    steady = cost_of_groups(both_total, both_seen, rates, profile, size)
    costs = np.empty(end - begin)
    for t in range(begin, end):
        rates = rates_of_groups(total, seen, profile, size)
        costs[t - begin] = cost_of_groups(total, seen, rates, profile, size)
        if observed[t]:
            d, y = weekday[t], counts[t]
            total[0, d] += y
            seen[0, d] += 1.0
            total[1, d] -= y
            seen[1, d] -= 1.0
    return costs, steady


@kernel
def scan(counts, weekday, observed, begin, end, use_profile):
    """Evidence for one change on each scanned day, with profile, size and memory fitted around the best one.

    Returns
    -------
    evidence : ndarray, shape (end - begin,)
        Twice the gain of log-likelihood over no change, over the memory factor.
    before, after : float
        Rates either side of the best day.
    profile, size, factor, phi
    """
    above, rest = tabled(counts, observed)
    profile, size = first_guess(counts, weekday, observed, use_profile)
    change = np.zeros(1, np.int64)
    rates = np.zeros(2)
    for _ in range(_ROUNDS):
        costs, _ = costs_of_splits(counts, weekday, observed, begin, end, profile, size)
        best = begin
        for t in range(begin, end):
            best = t if costs[t - begin] < costs[best - begin] else best
        same = best == change[0]
        change[0] = best
        total, seen = grouped(counts, weekday, observed, change)
        rates = rates_of_groups(total, seen, profile, size)
        profile, size = surroundings(total, seen, rates, profile, above, rest, size, use_profile)
        if same:
            break
    residuals = pearson_residuals(counts, weekday, observed, change, rates, profile, size)
    factor, phi = memory(residuals, observed, rates.size)
    costs, steady = costs_of_splits(counts, weekday, observed, begin, end, profile, size)
    for k in range(costs.size):
        costs[k] = 2.0 * (steady - costs[k]) / factor
    return costs, rates[0], rates[1], profile, size, factor, phi
