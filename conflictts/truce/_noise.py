"""The numba kernels for what is around the rates: weekday profile, size, residuals and their memory.

Days are grouped by regime and weekday, since all days of a group share one mean; a fit then costs a few logarithms per
group instead of several per day.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel

SMALLEST, LARGEST = 0.02, 500.0  # size of the negative binomial
MAX_TABLE = 512  # whole counts below it are told apart in one table
PRIOR_COUNTS = 3.5  # half a count per weekday draws the profile to 1
MAX_LAG = 14  # days
N_PHI, N_SHARE, GRID_STEP = 15, 21, 0.05  # phi from 0 to 0.7, share from 0 to 1
_TINY = 1e-9  # stands for a rate of 0


@kernel
def days_of(chosen):
    """Positions of the days that are True."""
    days, n_days = np.empty(chosen.size, np.int64), 0
    for t in range(chosen.size):
        if chosen[t]:
            days[n_days] = t
            n_days += 1
    return days[:n_days].copy()


@kernel
def grouped(counts, weekday, observed, changes):
    """Total count and observed days of each regime and weekday, each of shape (n_changes + 1, 7)."""
    total = np.zeros((changes.size + 1, 7))
    seen = np.zeros((changes.size + 1, 7))
    k = 0
    for t in range(counts.size):
        if k < changes.size and t == changes[k]:
            k += 1
        if observed[t]:
            total[k, weekday[t]] += counts[t]
            seen[k, weekday[t]] += 1.0
    return total, seen


@kernel
def weekday_profile(total, expected):
    """Mean of each weekday relative to what the rates expect, drawn to 1, averaging 1; both of shape (7,)."""
    profile, whole = np.empty(7), 0.0
    for d in range(7):
        profile[d] = (total[d] + PRIOR_COUNTS) / (expected[d] + PRIOR_COUNTS)
        whole += profile[d]
    for d in range(7):
        profile[d] /= whole / 7
    return profile


@kernel
def tabled(counts, observed):
    """Whole counts as a table of days above each number, the others as they are: all the size needs of them."""
    above, rest = np.empty(MAX_TABLE), np.empty(counts.size)
    top, n_rest = fill_table(counts[observed], above, rest)
    return above[:top].copy(), rest[:n_rest].copy()


@kernel
def fill_table(counts, above, rest):
    """Whole counts into `above`, days with more than each number; others into `rest`. How many there are of each."""
    top, n_rest = 0, 0
    for j in range(above.size):
        above[j] = 0.0
    for count in counts:
        whole = int(min(count, 2.0 * MAX_TABLE))
        if whole == count and whole <= MAX_TABLE:
            if whole > 0:
                above[whole - 1] += 1.0
                top = max(top, whole)
        else:
            rest[n_rest] = count
            n_rest += 1
    for j in range(top - 2, -1, -1):
        above[j] += above[j + 1]
    return top, n_rest


@kernel
def digamma_and_slope(x):
    """Digamma and trigamma of a positive number, by recurrence and the asymptotic series (relative error 1e-11)."""
    value, slope = 0.0, 0.0
    while x < 10.0:
        value -= 1.0 / x
        slope += 1.0 / (x * x)
        x += 1.0
    u = 1.0 / (x * x)
    value += math.log(x) - 0.5 / x - u * (1 / 12 - u * (1 / 120 - u * (1 / 252 - u * (1 / 240 - u / 132))))
    slope += (1.0 + 0.5 / x + u * (1 / 6 - u * (1 / 30 - u * (1 / 42 - u * (1 / 30 - u * 5 / 66))))) / x
    return value, slope


@kernel
def size_slopes(size, above, rest, total, seen, mean):
    """First and second derivative of minus the log-likelihood by the logarithm of the size.

    Parameters
    ----------
    size : float
    above, rest : ndarray
        From `tabled`.
    total, seen, mean : ndarray, shape (n_groups,)
        Total count, observed days and mean of days that share a mean.
    """
    first, second = 0.0, 0.0
    for g in range(total.size):
        if seen[g] > 0.0:
            m = max(mean[g], _TINY)
            both = 1.0 / (size + m)
            first += seen[g] * (math.log1p(m / size) - m * both) + total[g] * both
            second -= seen[g] * m * m * both * both / size + total[g] * both * both
    for j in range(above.size):
        one = 1.0 / (size + j)
        first -= above[j] * one
        second += above[j] * one * one
    if rest.size > 0:
        at_size, slope_at_size = digamma_and_slope(size)
        for y in rest:
            value, slope = digamma_and_slope(size + y)
            first -= value - at_size
            second -= slope - slope_at_size
    return size * first, size * size * second + size * first


@kernel
def fit_size(above, rest, total, seen, mean, start):
    """Maximum likelihood size given the means, between 0.02 and 500: Newton's steps, or halved intervals."""
    low, high = math.log(SMALLEST), math.log(LARGEST)
    if size_slopes(LARGEST, above, rest, total, seen, mean)[0] <= 0.0:
        return LARGEST
    if size_slopes(SMALLEST, above, rest, total, seen, mean)[0] >= 0.0:
        return SMALLEST
    at = min(max(math.log(start), low), high)
    for _ in range(100):
        first, second = size_slopes(math.exp(at), above, rest, total, seen, mean)
        if first < 0.0:
            low = at
        else:
            high = at
        following = at - first / second if second > 0.0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - at) < 1e-7 or high - low < 1e-7:
            return math.exp(following)
        at = following
    return math.exp(at)


@kernel
def pearson_residuals(counts, weekday, observed, changes, rates, profile, size):
    """(count - mean) / standard deviation; 0 where unobserved or where the mean is 0."""
    residuals = np.zeros(counts.size)
    mean = np.empty(7)
    scale = np.empty(7)
    k = -1
    for t in range(counts.size):
        if k < 0 or (k < changes.size and t == changes[k]):
            k += 1
            for d in range(7):
                mean[d] = profile[d] * (0.0 if math.isnan(rates[k]) else rates[k])
                variance = mean[d] + mean[d] * mean[d] / size
                scale[d] = 1.0 / math.sqrt(variance) if variance > 0.0 else 0.0
        if observed[t]:
            residuals[t] = (counts[t] - mean[weekday[t]]) * scale[weekday[t]]
    return residuals


@kernel(fastmath={"reassoc", "contract"})
def autocorrelations(residuals, observed):
    """Sample autocorrelations up to `MAX_LAG` days (a quarter of the observed days), and the share of days in pairs.

    Products are averaged over the pairs observed and shrunk as if no day were missing. Both are empty where the
    residuals are all but 0: the fit is exact, and what is left is rounding.
    """
    n_days, n_seen, squares = residuals.size, 0, 0.0
    for t in range(n_days):
        n_seen += observed[t]
        squares += residuals[t] * residuals[t]
    n_lags = 0 if squares <= 1e-12 * n_seen else min(MAX_LAG, n_seen // 4)
    sample, weight = np.empty(n_lags), np.empty(n_lags)
    for k in range(n_lags):
        lag = k + 1
        products = 0.0
        for t in range(n_days - lag):
            products += residuals[t] * residuals[t + lag]
        pairs = n_days - lag
        if n_seen < n_days:
            pairs = 0
            for t in range(lag, n_days):
                pairs += observed[t] and observed[t - lag]
        sample[k] = products / squares * (n_seen - lag) / max(pairs, 1)
        weight[k] = pairs / n_seen
    return sample, weight


@kernel
def memory(residuals, observed, n_rates):
    """How short memory multiplies the long-run variance of residuals, and how fast it fades.

    Autocorrelations share * phi**lag, phi up to 0.7, are averaged by how well they explain the sample's, whose
    downward bias from fitting `n_rates` rates is part of the explanation. What is slower than that is for changes to
    explain.

    Returns
    -------
    factor, phi : float
        Means of ``1 + 2 share phi / (1 - phi)`` and of phi.
    """
    sample, weight = autocorrelations(residuals, observed)
    if sample.size == 0:
        return 1.0, 0.0
    n_seen = 0
    for seen in observed:
        n_seen += seen
    bias = n_rates / n_seen
    log_weight, largest = np.empty((N_PHI, N_SHARE)), -np.inf
    for i in range(N_PHI):
        phi = i * GRID_STEP
        alone, cross, square, power = 0.0, 0.0, 0.0, 1.0  # of (sample + bias - share * shape)²
        for k in range(sample.size):
            power *= phi
            raised, shape = sample[k] + bias, power - bias * 2.0 * phi / (1.0 - phi)
            alone += weight[k] * raised * raised
            cross += weight[k] * raised * shape
            square += weight[k] * shape * shape
        for j in range(N_SHARE):
            share = j * GRID_STEP
            log_weight[i, j] = -0.5 * n_seen * (alone - share * (2.0 * cross - share * square))
            largest = max(largest, log_weight[i, j])
    whole = N_SHARE * math.exp(log_weight[0, 0] - largest)  # at phi = 0 every share is the same function
    factor, mean_phi = whole, 0.0
    for i in range(1, N_PHI):
        phi = i * GRID_STEP
        for j in range(N_SHARE):
            member = math.exp(log_weight[i, j] - largest)
            whole += member
            factor += member * (1.0 + 2.0 * j * GRID_STEP * phi / (1.0 - phi))
            mean_phi += member * phi
    return factor / whole, mean_phi / whole


@kernel
def autoregressive(shocks, phi):
    """A stationary series of variance 1 from independent shocks of variance 1."""
    answer = shocks.copy()
    for t in range(1, answer.size):
        answer[t] = phi * answer[t - 1] + math.sqrt(1.0 - phi * phi) * shocks[t]
    return answer
