"""The numba kernels for the cheapest course of the rate, each change at a price.

Counts y[t] are negative binomial with mean profile[weekday[t]] * rate and size r, the rate piecewise constant. Costs
are minus log-likelihoods without the terms that depend on the counts and the size alone.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import days_of, grouped

N_LEVELS = 96
_ROUNDS = 8
_SAME = 1e-3  # relative change of rates whose cost does not matter: information * 1e-6 / 2


@kernel
def evenly_spaced(first, last, size):
    """As `numpy.linspace`."""
    answer = np.empty(size)
    for g in range(size):
        answer[g] = first + g * ((last - first) / (size - 1))
    answer[size - 1] = last
    return answer


@kernel
def rate_grid(counts, observed):
    """Evenly spaced log rates from half the quietest week, at least a third of an event in all, to above all days."""
    seen = np.empty(counts.size)
    n_seen = 0
    total, quietest = 0.0, np.inf
    for t in range(counts.size):
        if observed[t]:
            seen[n_seen] = counts[t]
            total += counts[t] - (seen[n_seen - 7] if n_seen >= 7 else 0.0)
            if n_seen >= 6:
                quietest = min(quietest, total)
            n_seen += 1
    at = 0.999 * (n_seen - 1)
    below = int(at)
    largest = np.zeros(n_seen - below)  # in falling order: those from the 99.9 % point on
    for t in range(n_seen):
        value = seen[t]
        for k in range(largest.size):
            if value > largest[k]:
                value, largest[k] = largest[k], value
    low = largest[largest.size - 1]
    high = largest[largest.size - 2] if largest.size > 1 else low
    lowest = max(0.3 / counts.size, quietest / 14.0)
    highest = 1.5 * max(low + (at - below) * (high - low), 1.0) + 1.0
    return evenly_spaced(math.log(lowest), math.log(highest), N_LEVELS)


@kernel
def day_costs(log_rate, profile, size):
    """Cost of a day by weekday and level: ``fixed + count * per_count``, each of shape (7, n_levels)."""
    fixed = np.empty((7, log_rate.size))
    per_count = np.empty((7, log_rate.size))
    rate = np.empty(log_rate.size)
    for g in range(log_rate.size):
        rate[g] = math.exp(log_rate[g])
    log_size = math.log(size)
    for d in range(7):
        log_profile = math.log(profile[d])
        for g in range(log_rate.size):
            log_both = math.log(rate[g] * profile[d] + size)
            fixed[d, g] = size * (log_both - log_size)
            per_count[d, g] = log_both - log_profile - log_rate[g]
    return fixed, per_count


@kernel
def smallest(values):
    """The smallest of the values, found in four strands, for which a processor need not wait in turn."""
    a = b = c = d = np.inf
    for g in range(0, values.size - 3, 4):
        a = values[g] if values[g] < a else a
        b = values[g + 1] if values[g + 1] < b else b
        c = values[g + 2] if values[g + 2] < c else c
        d = values[g + 3] if values[g + 3] < d else d
    for g in range(values.size - values.size % 4, values.size):
        a = min(a, values[g])
    return min(min(a, b), min(c, d))


@kernel
def passed(cost, jump, fixed, per_count, count):
    """Let a day pass from the cheaper of a level's cost and a jump to it; the new costs stand in place of the old.

    Arrays have shape (n_levels,). Returns the least of the new costs.
    """
    for g in range(cost.size):
        stay = cost[g]
        stay = jump if stay > jump else stay
        cost[g] = stay + (fixed[g] + count * per_count[g])
    return smallest(cost)


@kernel
def best_path(counts, weekday, observed, log_rate, profile, size, penalty, min_days=1):
    """Cheapest piecewise constant path over a grid of log rates, each change costing `penalty`.

    No regime has fewer than `min_days` observed days; there are at least twice as many of these.

    Returns
    -------
    changes : ndarray of int64, shape (n_changes,)
        First day of each regime after the first.
    """
    n_days, n_levels = counts.size, log_rate.size
    fixed, per_count = day_costs(log_rate, profile, size)
    if min_days > 1:
        seen = days_of(observed)
        return seen[_best_path_apart(counts[seen], weekday[seen], fixed, per_count, penalty, min_days)]
    cost = np.zeros(n_levels)
    cheapest = np.empty(n_days + 1)  # before each day, and after the last
    level = np.zeros(n_days + 1, np.int64)  # at which it is so cheap
    cheapest[0] = -penalty  # the first regime is free
    for t in range(n_days):
        cheapest[t + 1], level[t + 1] = cheapest[t], level[t]
        if observed[t]:
            d = weekday[t]
            jump = cheapest[t] + penalty
            cheapest[t + 1] = passed(cost, jump, fixed[d], per_count[d], counts[t])
            level[t + 1] = _place(cost, cheapest[t + 1], level[t])
    return _backtracked(counts, weekday, observed, fixed, per_count, penalty, cheapest, level, min_days)


@kernel
def _best_path_apart(counts, weekday, fixed, per_count, penalty, min_days):
    """The same with changes so many days apart, all observed: a level is entered when it has lasted so long."""
    n_days, n_levels = counts.size, fixed.shape[1]
    spent = np.zeros(n_levels)  # by a level that has been kept from the first day
    before = np.zeros((min_days, n_levels))  # `spent` of the last days
    saved = np.full(n_levels, np.inf)  # cost of the cheapest path at a level, less `spent`
    cheapest = np.full(n_days + 1, np.inf)
    level = np.zeros(n_days + 1, np.int64)
    cheapest[0] = -penalty
    for t in range(n_days):
        d, begin = weekday[t], t + 1 - min_days
        for g in range(n_levels):
            before[t % min_days, g] = spent[g]
            spent[g] += fixed[d, g] + counts[t] * per_count[d, g]
        for g in range(n_levels if begin >= 0 else 0):
            saved[g] = min(saved[g], cheapest[begin] + penalty - before[begin % min_days, g])
            if saved[g] + spent[g] < cheapest[t + 1]:
                level[t + 1], cheapest[t + 1] = g, saved[g] + spent[g]
    everywhere = np.ones(n_days, np.bool_)
    return _backtracked(counts, weekday, everywhere, fixed, per_count, penalty, cheapest, level, min_days)


@kernel
def _place(values, value, near):
    """Where a value stands that does, sought from near outward."""
    below, above = near, near + 1
    while True:
        if below >= 0:
            if values[below] == value:
                return below
            below -= 1
        if above < values.size:
            if values[above] == value:
                return above
            above += 1


@kernel
def _backtracked(counts, weekday, observed, fixed, per_count, penalty, cheapest, level, min_days):
    """From the end: the latest day on which the cheapest path may have come to its level, and so on to the first."""
    changes = np.empty(counts.size, np.int64)
    count, end, opening = 0, counts.size, 0
    while opening < counts.size and not observed[opening]:
        opening += 1
    while True:
        rounding = 1e-12 * (1.0 + abs(cheapest[end])) * math.sqrt(counts.size)
        g, since, begin, least, t = level[end], 0.0, 0, np.inf, end
        while t > 0 and least > cheapest[end] + rounding:
            t -= 1
            if observed[t]:
                d = weekday[t]
                since += fixed[d, g] + counts[t] * per_count[d, g]
                if end - t >= min_days and cheapest[t] + penalty + since < least:
                    begin, least = t, cheapest[t] + penalty + since
        if begin <= opening:
            return changes[:count][::-1].copy()
        changes[count] = begin
        count += 1
        end = begin


@kernel
def rates_of_groups(total, seen, profile, size):
    """Maximum likelihood rate of each regime (0 where it has no counts, NaN where no day was observed)."""
    rates = np.empty(total.shape[0])
    for k in range(rates.size):
        count, exposure = 0.0, 0.0
        for d in range(7):
            count += total[k, d]
            exposure += seen[k, d] * profile[d]
        if exposure == 0.0:
            rates[k] = np.nan
            continue
        if count == 0.0:
            rates[k] = 0.0
            continue
        log_rate = math.log(count / exposure)
        for _ in range(50):
            score, information = 0.0, 0.0
            for d in range(7):
                mean = profile[d] * math.exp(log_rate)
                share = size / (size + mean)
                score += (total[k, d] - seen[k, d] * mean) * share
                information += seen[k, d] * mean * share
            step = score / information
            log_rate += min(max(step, -1.0), 1.0)
            if abs(step) < 1e-10:
                break
        rates[k] = math.exp(log_rate)
    return rates


@kernel
def cost_of_groups(total, seen, rates, profile, size):
    """Minus log-likelihood of regimes, without the penalties."""
    cost = 0.0
    for k in range(rates.size):
        for d in range(7):
            mean = profile[d] * rates[k]
            if mean > 0.0 and seen[k, d] > 0.0:
                cost += seen[k, d] * size * math.log1p(mean / size) + total[k, d] * math.log1p(size / mean)
    return cost


@kernel
def snapped(log_rate, rates):
    """The grid with its nearest levels moved onto the rates."""
    grid = log_rate.copy()
    step = grid[1] - grid[0]
    for rate in rates:
        if rate > 0.0:
            nearest = round((math.log(rate) - grid[0]) / step)
            if 0 <= nearest < grid.size:
                grid[nearest] = math.log(rate)
    return grid


@kernel
def refined_path(counts, weekday, observed, log_rate, guess, profile, size, penalty, min_days=1):
    """Best path on the grid moved onto guessed rates, then onto the fitted ones, until its exact cost stops falling."""
    changes = np.empty(0, np.int64)
    rates = guess
    cost = np.inf
    for _ in range(_ROUNDS):
        grid = snapped(log_rate, rates)
        other = best_path(counts, weekday, observed, grid, profile, size, penalty, min_days)
        total, seen = grouped(counts, weekday, observed, other)
        other_rates = rates_of_groups(total, seen, profile, size)
        other_cost = cost_of_groups(total, seen, other_rates, profile, size) + penalty * other.size
        if other_cost >= cost - 1e-9:
            break
        same = other_rates.size == rates.size
        for k in range(rates.size if same else 0):
            same &= abs(other_rates[k] - rates[k]) <= _SAME * rates[k]
        changes, rates, cost = other, other_rates, other_cost
        if same:
            break
    return changes, rates
