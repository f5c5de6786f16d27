"""The numba kernels that date one change: how likely each day is its first, both rates integrated over a prior."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit

from conflictts.truce._segment import day_costs, passed

_NEGLIGIBLE = 30.0  # a day whose tempered log-likelihood is lower by this much holds under 1e-13 of the whole


@njit(cache=True, nogil=True)
def least_costs(counts, weekday, observed, log_rate, profile, size):
    """Cost of the days before each day and from it on, each at the best level of the grid; shape (n_days,)."""
    n_days = counts.size
    fixed, per_count = day_costs(log_rate, profile, size)
    answer = np.zeros(n_days)
    for backward in range(2):
        cost = np.zeros(log_rate.size)
        least = 0.0
        for step in range(n_days):
            t = n_days - 1 - step if backward else step
            if not backward:
                answer[t] += least
            if observed[t]:
                d, y = weekday[t], counts[t]
                least = passed(cost, np.inf, fixed[d], per_count[d], y)
            if backward:
                answer[t] += least
    return answer


@njit(cache=True, nogil=True)
def summed_cost(counts, weekday, observed, fixed, per_count):
    """Cost of all days together at each level."""
    total, seen = np.zeros(7), np.zeros(7)
    for t in range(counts.size):
        if observed[t]:
            total[weekday[t]] += counts[t]
            seen[weekday[t]] += 1.0
    cost = np.zeros(fixed.shape[1])
    for d in range(7):
        for g in range(cost.size):
            cost[g] += seen[d] * fixed[d, g] + total[d] * per_count[d, g]
    return cost


@njit(cache=True, nogil=True)
def log_sum_exp(values):
    """log(sum(exp(values))) without overflow; terms below 1e-16 of the largest are left out."""
    largest = values.max()
    total = 0.0
    for value in values:
        if value > largest - 37.0:
            total += math.exp(value - largest)
    return largest + math.log(total)


@njit(cache=True, nogil=True)
def split_log_likelihoods(counts, weekday, observed, log_rate, log_prior, profile, size, temper):
    """Log-likelihood of one change at each day, both rates integrated over the prior.

    Parameters
    ----------
    log_rate, log_prior : ndarray, shape (n_levels,)
        Evenly spaced grid, and the log of the prior at each level up to a constant.
    temper : float
        By which the log-likelihood will be divided: days that cannot matter after it are left out.

    Returns
    -------
    ndarray, shape (n_days,)
        Entry t is for a change whose first day is t; entry 0 is meaningless. Minus infinity where negligible.
    """
    n_days = counts.size
    answer = np.full(n_days, -np.inf)
    coarse = log_rate[::4].copy()
    cost = least_costs(counts, weekday, observed, coarse, profile, size)
    # a rate lies within half a step of a level, which costs at most information * half_step² / 2 on either side
    half_step = (coarse[1] - coarse[0]) / 2
    total, least = 0.0, np.inf
    for t in range(n_days):
        total += counts[t] if observed[t] else 0.0
        least = min(least, cost[t]) if t > 0 else least
    slack = min(size * observed.sum(), total + 1.0) * half_step**2
    near = np.zeros(n_days, np.bool_)
    begin, end = n_days, 0
    for t in range(1, n_days):
        if cost[t] <= least + _NEGLIGIBLE * temper + slack:
            near[t] = True
            begin, end = min(begin, t), t + 1
    fixed, per_count = day_costs(log_rate, profile, size)
    path = log_prior - summed_cost(counts[:begin], weekday[:begin], observed[:begin], fixed, per_count)
    for t in range(begin, end):
        if near[t]:
            answer[t] = log_sum_exp(path)
        if observed[t]:
            d, y = weekday[t], counts[t]
            for g in range(path.size):
                path[g] -= fixed[d, g] + y * per_count[d, g]
    path = log_prior - summed_cost(counts[end:], weekday[end:], observed[end:], fixed, per_count)
    for t in range(end - 1, begin - 1, -1):
        if observed[t]:
            d, y = weekday[t], counts[t]
            for g in range(path.size):
                path[g] -= fixed[d, g] + y * per_count[d, g]
        if near[t]:
            answer[t] += log_sum_exp(path)
    return answer
