"""The numba kernels of growth in the windows of a series: what each holds, and what memory does to its fit.

Trends are those of `_trends`: the exposure is 0 on a day that was not observed, whose count is 0.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import GRID_STEP, N_SHARE, days_of
from conflictts.truce._trends import fit_rows


@kernel
def sums_of_windows(counts, length, step):
    """Observed days, total count and days with a count of windows of so many days, begun every `step` days.

    Three arrays of shape (n_windows,), from counts of shape (n_days,), NaN on days not observed.
    """
    n_windows = (counts.size - length) // step + 1
    observed, totals, active = np.zeros(n_windows, np.int64), np.zeros(n_windows), np.zeros(n_windows, np.int64)
    for k in range(n_windows):
        for t in range(k * step, k * step + length):
            if not math.isnan(counts[t]):
                observed[k] += 1
                totals[k] += counts[t]
                active[k] += counts[t] > 0.0
    return observed, totals, active


@kernel
def windows_of_rows(rows, exposure, length, enough):
    """Counts and exposure of those windows of successive days that are to be fitted, row by row.

    Parameters
    ----------
    rows : ndarray, shape (n_rows, n_days)
        Counts, NaN on days not observed.
    exposure : ndarray, shape (n_days,)
    length : int
    enough : ndarray of bool, shape (n_windows,)

    Returns
    -------
    counts, exposure : ndarray, shape (n_rows * n_fitted, length)
        Both 0 on days not observed.
    """
    chosen = days_of(enough)
    shape = rows.shape[0] * chosen.size, length
    y, open_to = np.zeros(shape), np.zeros(shape)
    for row in range(rows.shape[0]):
        for k in range(chosen.size):
            at, begin = row * chosen.size + k, chosen[k]
            for t in range(length):
                if not math.isnan(rows[row, begin + t]):
                    y[at, t], open_to[at, t] = rows[row, begin + t], exposure[begin + t]
    return y, open_to


@kernel
def shares_of_weekdays(counts, weekday, least):
    """Rate of each weekday relative to its week, averaging 1, at least 0.001; all 1 where none can be told.

    Each day is compared with the mean of the seven days around it, weeks counting nearly alike, however violent; all
    seven are observed. Each weekday has at least so many counts on the days compared.
    """
    totals, share, whole = np.zeros(7), np.zeros(7), np.zeros(7)
    for t in range(3, counts.size - 3):
        around = 0.0
        for s in range(t - 3, t + 4):
            around += counts[s]
        around /= 7.0
        if around > 0.0:  # and not NaN
            totals[weekday[t]] += counts[t]
            share[weekday[t]] += counts[t] / (1.0 + around)
            whole[weekday[t]] += around / (1.0 + around)
    least_total, whole_share = np.inf, 0.0
    for d in range(7):
        least_total = min(least_total, totals[d])
        share[d] = share[d] / whole[d] if whole[d] > 0.0 else 0.0
        whole_share += share[d]
    for d in range(7):
        share[d] = 1.0 if least_total < least else max(share[d] / (whole_share / 7.0), 1e-3)
    return share


@kernel
def factor_of_days(counts, of_window, middle):
    """See `escalation.factor_of_days`."""
    n_days, n_seen, total, squares = counts.size, 0, 0.0, 0.0
    for t in range(n_days):
        if not math.isnan(counts[t]):
            n_seen += 1
            total += counts[t]
    mean = total / n_seen
    for t in range(n_days):
        if not math.isnan(counts[t]):
            squares += (counts[t] - mean) ** 2
    overall = max(1.0, squares / n_seen / mean) if mean > 0.0 else 1.0
    factor, last = np.full(n_days, np.nan), -middle - 1  # too far off for any day
    for t in range(n_days):  # from the day before that is known
        if 0 <= t - middle < of_window.size and not math.isnan(of_window[t - middle]):
            last = t
        if t - last <= middle:
            factor[t] = of_window[last - middle]
    following = n_days + middle
    for t in range(n_days - 1, -1, -1):  # else from the day after
        if not math.isnan(factor[t]):
            following = t
        elif following - t <= middle:
            factor[t] = factor[following]
        else:
            factor[t] = overall
    return factor


@kernel(inline="always")
def weights_of_memory(products, pairs, left_by_phi, length, total_days):
    """Weigh plausible autocorrelation functions by the residuals of all windows together.

    The family is that of `memories.weigh_memories`, ``share * phi**lag``. What each member would leave in the
    residuals of a straight line is compared with what the windows show.

    Parameters
    ----------
    products, pairs : ndarray, shape (n_lags + 1,)
        From `residual_sums`.
    left_by_phi : ndarray, shape (n_phi, n_lags + 1)
        Sums of residual products that a line leaves of noise of variance 1 at each phi, from the phi of 0 on.
    length : int
        Days of a window.
    total_days : int
        Observed days of the series.

    Returns
    -------
    ndarray, shape (n_phi,)
        Mean share at each phi, times the weight of that phi; all 0 where nothing can be learnt.
    """
    n_phi, n_lags = left_by_phi.shape[0], products.size - 1
    answer = np.zeros(n_phi)
    if products[0] < 1e-12 * pairs[0] or n_lags < 1 or pairs[0] == 0.0:
        return answer  # the fits are exact; what is left is rounding, not memory
    log_weight, largest = np.empty((n_phi, N_SHARE)), -np.inf
    for i in range(n_phi):
        for j in range(N_SHARE):
            share, misfit = j * GRID_STEP, 0.0
            none = (1.0 - share) * left_by_phi[0, 0] + share * left_by_phi[i, 0]
            for lag in range(1, n_lags + 1):
                sample = products[lag] / products[0] * pairs[0] / max(pairs[lag], 1.0) * (length - lag) / length
                left = (1.0 - share) * left_by_phi[0, lag] + share * left_by_phi[i, lag]
                misfit += pairs[lag] / pairs[0] * (sample - left / none) ** 2
            log_weight[i, j] = -0.5 * total_days * misfit
            largest = max(largest, log_weight[i, j])
    whole = 0.0
    for i in range(n_phi):
        for j in range(N_SHARE):
            member = math.exp(log_weight[i, j] - largest)
            if i == 0:  # at phi = 0 every share is the same function: one point with the row's whole mass
                member *= N_SHARE if j == 0 else 0.0
            whole += member
            answer[i] += member * j * GRID_STEP
    for i in range(n_phi):
        answer[i] /= whole
    return answer


@kernel(inline="always")
def residual_sums(counts, exposure, week, level, growth, alpha, n_lags):
    """Sums over rows of products of standardised residuals so many days apart, and of the pairs of days observed.

    Returns two arrays of shape (n_lags + 1,), of distances from 0.
    """
    n_days = week.size
    products, pairs = np.zeros(n_lags + 1), np.zeros(n_lags + 1)
    residual, seen = np.zeros(n_days + n_lags), np.zeros(n_days + n_lags)
    for k in range(growth.size):
        if math.isnan(growth[k]):
            continue
        scale, factor = math.exp(level[k] + growth[k] * week[0]), math.exp(growth[k] * (week[1] - week[0]))
        for t in range(n_days):
            mean = exposure[k, t] * scale
            scale *= factor
            seen[t] = 1.0 if exposure[k, t] > 0.0 else 0.0
            residual[t] = 0.0
            if mean > 0.0:
                residual[t] = (counts[k, t] - mean) / math.sqrt(mean * (1.0 + alpha[k] * mean))
        for t in range(n_days):  # at all distances day by day: many sums at once, where a processor waits for none
            for lag in range(n_lags + 1):
                products[lag] += residual[t] * residual[t + lag]
                pairs[lag] += seen[t] * seen[t + lag]
    return products, pairs


@kernel(inline="always")
def spreads_of_rows(exposure, week, level, growth, alpha, autocorrelation):
    """What independent NB counts would vary by, and what counts with this autocorrelation by distance in days do.

    Returns
    -------
    days : ndarray, shape (n_rows,)
        Observed, that is with an exposure.
    taken : ndarray, shape (n_rows,)
        Variance that level and growth take out of standardised residuals.
    of_growth, of_total : ndarray, shape (2, n_rows)
        Variance of the growth, and of the fitted total over that total: independent, then with memory.
    """
    n_rows, n_days = exposure.shape
    days, taken, of_growth, of_total = np.zeros(n_rows), np.empty(n_rows), np.empty((2, n_rows)), np.empty((2, n_rows))
    x0, x1, smeared0, smeared1 = np.empty(n_days), np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for k in range(n_rows):
        scale, factor = math.exp(level[k] + growth[k] * week[0]), math.exp(growth[k] * (week[1] - week[0]))
        p0, p1, h00, h01, h11 = 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(n_days):
            mean = exposure[k, t] * scale
            days[k] += exposure[k, t] > 0.0
            scale *= factor
            weight = mean / (1.0 + alpha[k] * mean)
            x0[t] = smeared0[t] = math.sqrt(weight)
            x1[t] = smeared1[t] = x0[t] * week[t]
            h00 += weight
            h01 += weight * week[t]
            h11 += weight * week[t] * week[t]
            p0 += mean
            p1 += mean * week[t]
        for lag in range(1, n_days):
            twice = 2.0 * autocorrelation[lag]
            for t in range(n_days - lag):
                smeared0[t] += twice * x0[t + lag]
                smeared1[t] += twice * x1[t + lag]
        m00, m10, m01, m11 = 0.0, 0.0, 0.0, 0.0  # x @ smeared: twice the triangle above the diagonal, not made even
        for t in range(n_days):
            m00 += x0[t] * smeared0[t]
            m01 += x0[t] * smeared1[t]
            m10 += x1[t] * smeared0[t]
            m11 += x1[t] * smeared1[t]
        m01 = (m01 + m10) / 2.0
        determinant = h00 * h11 - h01 * h01
        b00, b01, b11 = h11 / determinant, -h01 / determinant, h00 / determinant
        taken[k] = b00 * m00 + 2.0 * b01 * m01 + b11 * m11
        of_growth[0, k] = b11
        of_growth[1, k] = b01 * b01 * m00 + 2.0 * b01 * b11 * m01 + b11 * b11 * m11
        q0, q1 = b00 * p0 + b01 * p1, b01 * p0 + b11 * p1
        of_total[0, k] = (p0 * q0 + p1 * q1) / p0
        of_total[1, k] = (q0 * q0 * m00 + 2.0 * q0 * q1 * m01 + q1 * q1 * m11) / p0
    return days, taken, of_growth, of_total


@kernel
def fit_with_memory(counts, exposure, week, n_lags, left_by_phi, powers, total_days, memory):
    """Fit rows, weigh their memory, and say what it does to their variance, in one call.

    What `fit_rows`, `residual_sums`, `weights_of_memory` and `spreads_of_rows` give one after the other.

    Parameters
    ----------
    counts, exposure, week
        As `fit_rows` takes them.
    n_lags : int
    left_by_phi : ndarray, shape (n_phi, n_lags + 1)
        As `weights_of_memory` takes it.
    powers : ndarray, shape (n_phi, n_days)
        Each phi of the family to the powers 0 .. n_days - 1.
    total_days : int
    memory : ndarray, shape (n_phi,) or (0,)
        Weights of the family; those of these rows where it is empty.

    Returns
    -------
    level, growth, alpha, days, taken, of_growth, of_total, memory
    squares : float
        Sum of the squares of all standardised residuals.
    """
    level, growth, alpha = fit_rows(counts, exposure, week)
    products, pairs = residual_sums(counts, exposure, week, level, growth, alpha, n_lags)
    if memory.size == 0:
        memory = weights_of_memory(products, pairs, left_by_phi, week.size, total_days)
    autocorrelation = np.zeros(week.size)
    for lag in range(week.size):
        for i in range(memory.size):
            autocorrelation[lag] += memory[i] * powers[i, lag]
    autocorrelation[0] = 1.0
    days, taken, of_growth, of_total = spreads_of_rows(exposure, week, level, growth, alpha, autocorrelation)
    return level, growth, alpha, days, taken, of_growth, of_total, memory, products[0]


@kernel
def fit_ends(counts, weekday, length, least_seen, least_counts, least_active, least_by_weekday, n_lags, left, powers):
    """Fit all windows of each of several series that tell enough, its own memory weighed, from what is settled of it.

    What `shares_of_weekdays`, `sums_of_windows`, `windows_of_rows` and `fit_with_memory` give one after the other.

    Parameters
    ----------
    counts : ndarray of float, shape (n_rows, n_days)
        NaN on days not settled; of each row some is. At least `length` days long.
    weekday : ndarray of int64, shape (n_days,)
    length, least_seen, least_counts, least_active, least_by_weekday
        Of a window, and what is asked of it: see `growth.why_not`.
    n_lags, left, powers
        As `fit_with_memory` takes them, `left` as its `left_by_phi`.

    Returns
    -------
    fits : ndarray, shape (3, n_rows, n_windows)
        Level, growth and alpha of each window, by its first day. NaN where it is not fitted, as all that follows; one
        window of these where the rows are too short for any.
    days, taken : ndarray, shape (n_rows, n_windows)
    of_growth, of_total : ndarray, shape (2, n_rows, n_windows)
    squares : ndarray, shape (n_rows,)
    of_last : ndarray, shape (2, n_rows, length)
        Counts and exposure of each row's last window, by `last`, where it is fitted.
    first, last : ndarray of int64, shape (n_rows,)
        Settled days.
    """
    n_rows, n_days = counts.shape
    fits, squares = np.full((3, n_rows, max(n_days - length + 1, 1)), np.nan), np.zeros(n_rows)
    days, taken, of_growth, of_total = fits[0].copy(), fits[0].copy(), fits[:2].copy(), fits[:2].copy()
    of_last, exposure, week = (
        np.zeros((2, n_rows, length)),
        np.empty(n_days),
        (np.arange(length) - (length - 1) / 2) / 7,
    )
    first, last = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    for row in range(n_rows):
        y = counts[row]
        settled = np.flatnonzero(~np.isnan(y))
        first[row], last[row] = settled[0], settled[-1]
        final = last[row] - length + 1
        if final < first[row]:
            continue
        share = shares_of_weekdays(y, weekday, least_by_weekday)
        for t in range(n_days):
            exposure[t] = share[weekday[t]]
        observed, totals, active = sums_of_windows(y, length, 1)
        enough = (observed >= least_seen) & (totals >= least_counts) & (active >= least_active)
        for k in range(enough.size):
            enough[k] &= first[row] <= k <= final
        chosen = days_of(enough)
        if chosen.size == 0:
            continue
        windows = windows_of_rows(counts[row : row + 1], exposure, length, enough)
        found = fit_with_memory(windows[0], windows[1], week, n_lags, left, powers, settled.size, np.empty(0))
        squares[row] = found[8]
        for i in range(chosen.size):
            k = chosen[i]
            fits[0, row, k], fits[1, row, k], fits[2, row, k] = found[0][i], found[1][i], found[2][i]
            days[row, k], taken[row, k] = found[3][i], found[4][i]
            for m in range(2):
                of_growth[m, row, k], of_total[m, row, k] = found[5][m, i], found[6][m, i]
        for t in range(length if enough[final] else 0):
            for m in range(2):
                of_last[m, row, t] = windows[m][chosen.size - 1, t]
    return fits, days, taken, of_growth, of_total, squares, of_last, first, last
