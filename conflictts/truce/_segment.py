"""The numba kernels behind changepoints: numbers in, numbers out; no pandas, no dates.

Counts y[t] are negative binomial with mean profile[weekday[t]] * rate and size r, the rate piecewise constant. Costs
are minus log-likelihoods without the terms that depend on the counts and the size alone.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

MAX_LAG = 14  # days; Bartlett window of the long-run variance
_ROUNDS = 6


@njit(cache=True, nogil=True)
def best_path(counts, weekday, observed, log_rate, profile, size, penalty):
    """Cheapest piecewise constant path over a grid of log rates, each change costing `penalty`.

    Returns
    -------
    changes : ndarray of int64, shape (n_changes,)
        First day of each regime after the first.
    """
    n_days, n_levels = counts.size, log_rate.size
    fixed = np.empty((7, n_levels))
    per_count = np.empty((7, n_levels))
    for d in range(7):
        for g in range(n_levels):
            mean = profile[d] * math.exp(log_rate[g])
            fixed[d, g] = size * math.log1p(mean / size)
            per_count[d, g] = math.log(mean + size) - math.log(mean)
    cost = np.zeros(n_levels)
    start = np.zeros(n_levels, np.int64)  # first day of the regime in which each level's best path stands
    came_from = np.zeros(n_days + 1, np.int64)
    cheapest = -penalty  # the first regime is free
    for t in range(n_days):
        jump = cheapest + penalty
        if observed[t]:
            d, y = weekday[t], counts[t]
            for g in range(n_levels):
                stay = cost[g]
                if stay > jump:
                    stay = jump
                    start[g] = t
                cost[g] = stay + fixed[d, g] + y * per_count[d, g]
        at = 0
        for g in range(1, n_levels):
            if cost[g] < cost[at]:
                at = g
        cheapest = cost[at]
        came_from[t + 1] = start[at]
    changes = np.empty(n_days, np.int64)
    count, end = 0, n_days
    while came_from[end] > 0:
        end = came_from[end]
        changes[count] = end
        count += 1
    return changes[:count][::-1].copy()


@njit(cache=True, nogil=True)
def regime_rates(counts, weekday, observed, changes, profile, size):
    """Maximum likelihood rate of each regime (0 where it has no counts, NaN where no day was observed)."""
    rates = np.empty(changes.size + 1)
    for k in range(rates.size):
        begin = 0 if k == 0 else changes[k - 1]
        end = counts.size if k == changes.size else changes[k]
        total, exposure = 0.0, 0.0
        for t in range(begin, end):
            if observed[t]:
                total += counts[t]
                exposure += profile[weekday[t]]
        if exposure == 0.0:
            rates[k] = np.nan
            continue
        if total == 0.0:
            rates[k] = 0.0
            continue
        log_rate = math.log(total / exposure)
        for _ in range(50):
            score, information = 0.0, 0.0
            for t in range(begin, end):
                if observed[t]:
                    mean = profile[weekday[t]] * math.exp(log_rate)
                    share = size / (size + mean)
                    score += (counts[t] - mean) * share
                    information += mean * share
            step = score / information
            log_rate += min(max(step, -1.0), 1.0)
            if abs(step) < 1e-10:
                break
        rates[k] = math.exp(log_rate)
    return rates


@njit(cache=True, nogil=True)
def path_cost(counts, weekday, observed, changes, rates, profile, size):
    """Minus log-likelihood of a path, without the penalties."""
    cost = 0.0
    k = 0
    for t in range(counts.size):
        if k < changes.size and t == changes[k]:
            k += 1
        if observed[t]:
            mean = profile[weekday[t]] * rates[k]
            if mean > 0.0:
                cost += size * math.log1p(mean / size) + counts[t] * math.log1p(size / mean)
    return cost


@njit(cache=True, nogil=True)
def refined_path(counts, weekday, observed, log_rate, profile, size, penalty):
    """Best path on the grid, then on the grid moved onto the fitted rates, until the exact cost no longer falls."""
    changes = best_path(counts, weekday, observed, log_rate, profile, size, penalty)
    rates = regime_rates(counts, weekday, observed, changes, profile, size)
    cost = path_cost(counts, weekday, observed, changes, rates, profile, size) + penalty * changes.size
    for _ in range(_ROUNDS):
        grid = log_rate.copy()
        step = grid[1] - grid[0]
        for rate in rates:
            if rate > 0.0:
                nearest = round((math.log(rate) - grid[0]) / step)
                if 0 <= nearest < grid.size:
                    grid[nearest] = math.log(rate)
        other = best_path(counts, weekday, observed, grid, profile, size, penalty)
        other_rates = regime_rates(counts, weekday, observed, other, profile, size)
        other_cost = path_cost(counts, weekday, observed, other, other_rates, profile, size) + penalty * other.size
        if other_cost >= cost - 1e-9:
            break
        changes, rates, cost = other, other_rates, other_cost
    return changes, rates


@njit(cache=True, nogil=True)
def daily_rate(n_days, changes, rates):
    """The rate of each day, before the weekday profile; NaN rates of unobserved regimes become 0."""
    rate = np.empty(n_days)
    k = 0
    for t in range(n_days):
        if k < changes.size and t == changes[k]:
            k += 1
        rate[t] = 0.0 if math.isnan(rates[k]) else rates[k]
    return rate


@njit(cache=True, nogil=True)
def weekday_profile(counts, weekday, observed, rate):
    """Mean of each weekday relative to the rate, drawn to 1 by three and a half counts, averaging 1."""
    total = np.full(7, 3.5)
    expected = np.full(7, 3.5)
    for t in range(counts.size):
        if observed[t]:
            total[weekday[t]] += counts[t]
            expected[weekday[t]] += rate[t]
    profile = total / expected
    return profile / profile.mean()


@njit(cache=True, nogil=True)
def fit_size(counts, observed, mean):
    """Maximum likelihood size of the negative binomial given the means, between 0.02 and 500 (golden section)."""
    low, high = math.log(0.02), math.log(500.0)
    ratio = (math.sqrt(5.0) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left = size_cost(counts, observed, mean, math.exp(left))
    at_right = size_cost(counts, observed, mean, math.exp(right))
    while high - low > 1e-5:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = size_cost(counts, observed, mean, math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = size_cost(counts, observed, mean, math.exp(right))
    return math.exp((low + high) / 2)


@njit(cache=True, nogil=True)
def size_cost(counts, observed, mean, size):
    """Minus log-likelihood as a function of the size, terms without it left out."""
    cost = 0.0
    at_zero = math.lgamma(size)
    for t in range(counts.size):
        if observed[t]:
            m = max(mean[t], 1e-9)
            cost += (size + counts[t]) * math.log1p(m / size) + counts[t] * math.log(size / m)
            if counts[t] > 0.0:
                cost -= math.lgamma(size + counts[t]) - at_zero
    return cost


@njit(cache=True, nogil=True)
def pearson_residuals(counts, observed, mean, size):
    """(count - mean) / standard deviation; 0 where unobserved or where the mean is 0."""
    residuals = np.zeros(counts.size)
    for t in range(counts.size):
        if observed[t] and mean[t] > 0.0:
            residuals[t] = (counts[t] - mean[t]) / math.sqrt(mean[t] + mean[t] * mean[t] / size)
    return residuals


@njit(cache=True, nogil=True)
def long_run_factor(residuals, observed):
    """Long-run variance over variance of residuals, Bartlett weights over `MAX_LAG` days, at least 1."""
    n_days = residuals.size
    mean, seen = 0.0, 0
    for t in range(n_days):
        if observed[t]:
            mean += residuals[t]
            seen += 1
    mean /= seen
    centred = np.zeros(n_days)
    variance = 0.0
    for t in range(n_days):
        if observed[t]:
            centred[t] = residuals[t] - mean
            variance += centred[t] * centred[t]
    if variance <= 1e-12 * seen:  # the fit is exact; what is left is rounding
        return 1.0
    factor = 1.0
    for lag in range(1, min(MAX_LAG, n_days - 1) + 1):
        product = 0.0
        for t in range(lag, n_days):
            product += centred[t] * centred[t - lag]
        factor += 2.0 * (1.0 - lag / (MAX_LAG + 1.0)) * product / variance
    return max(1.0, factor)


@njit(cache=True, nogil=True)
def find_changes(counts, weekday, observed, log_rate, half_penalty, use_profile):
    """Changes, rates, weekday profile, size and long-run factor, each given the others, to a fixed point.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        Not all 0 on observed days.
    weekday : ndarray of int64, shape (n_days,)
    observed : ndarray of bool, shape (n_days,)
    log_rate : ndarray, shape (n_levels,)
        Evenly spaced grid.
    half_penalty : float
        Price of a change on the scale of the log-likelihood, for independent days.
    use_profile : bool

    Returns
    -------
    changes, rates, profile, size, factor
    """
    n_days = counts.size
    rate = np.empty(n_days)  # 29-day running mean, to begin with
    for t in range(n_days):
        total, seen = 0.0, 0
        for s in range(max(0, t - 14), min(n_days, t + 15)):
            if observed[s]:
                total += counts[s]
                seen += 1
        rate[t] = max(total / max(seen, 1), 0.02)
    profile = np.ones(7)
    if use_profile:
        profile = weekday_profile(counts, weekday, observed, rate)
    size = 0.8 * fit_size(counts, observed, rate * profile[weekday])
    factor = 1.0
    changes = np.empty(0, np.int64)
    rates = np.empty(1)
    for outer in range(_ROUNDS):
        for inner in range(_ROUNDS):
            new, rates = refined_path(counts, weekday, observed, log_rate, profile, size, half_penalty * factor)
            same = inner > 0 and new.size == changes.size and np.all(new == changes)
            changes = new
            if same:
                break
            rate = daily_rate(n_days, changes, rates)
            if use_profile:
                profile = weekday_profile(counts, weekday, observed, rate)
            size = fit_size(counts, observed, rate * profile[weekday])
        mean = daily_rate(n_days, changes, rates) * profile[weekday]
        found = long_run_factor(pearson_residuals(counts, observed, mean, size), observed)
        if found <= 1.02 * factor or outer == _ROUNDS - 1:
            break
        factor = found
    return changes, rates, profile, size, factor


@njit(cache=True, nogil=True)
def split_log_likelihoods(counts, weekday, observed, log_rate, log_prior, profile, size):
    """Log-likelihood of one change at each day, both rates integrated over the prior.

    Returns
    -------
    ndarray, shape (n_days,)
        Entry t is for a change whose first day is t; entry 0 is meaningless.
    """
    n_days, n_levels = counts.size, log_rate.size
    left = np.empty(n_days + 1)
    answer = np.empty(n_days)
    for backward in range(2):
        path = log_prior.copy()
        for step in range(n_days):
            t = n_days - 1 - step if backward else step
            if backward == 0:
                left[t] = log_sum_exp(path)
            if observed[t]:
                for g in range(n_levels):
                    mean = profile[weekday[t]] * math.exp(log_rate[g])
                    path[g] -= size * math.log1p(mean / size) + counts[t] * math.log1p(size / mean)
            if backward == 1:
                answer[t] = left[t] + log_sum_exp(path)
    return answer


@njit(cache=True, nogil=True)
def log_sum_exp(values):
    """log(sum(exp(values))) without overflow."""
    largest = values.max()
    return largest + math.log(np.sum(np.exp(values - largest)))
