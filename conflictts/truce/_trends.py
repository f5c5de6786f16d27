"""The numba kernels of growth in windows: log-linear NB2 trends fitted to rows of counts, and what refutes a growth.

A day's mean is ``exposure * exp(level + growth * week)``; the exposure is 0 on a day that was not observed, whose count
is 0, and so adds nothing to any sum. Weeks are evenly spaced, so that the mean of the next day takes one product.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import GRID_STEP, MAX_TABLE, N_SHARE, days_of, digamma_and_slope

_TOLERANCE = 1e-9  # of a coefficient, or of alpha over 1 + alpha
_NEAR = 1e-7  # a Newton step in all parameters as short as this leaves an error of about its square
_TURNS = 100
_STEEPEST, _HIGHEST, _WIDEST = 50.0, 100.0, 1e6  # growth, level and alpha from which a fit has not converged
_LEAST_SIZE, _LARGEST_SIZE = 1e-8, 1e4  # the latter in means of a day, plus 1; beyond it counts are Poisson
_END_NEAR = 1e-8  # of an end, in standard errors
_LEVEL_NEAR = 1e-6  # the likelihood is flat there, so this is 1e-12 of it
_FAR = 50.0  # growth per week: an end farther off than this from the estimate is open
_MANY = 1e150  # a product is turned into a logarithm before it passes what a float can hold


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


@kernel
def _sums(y, exposure, week, level, growth, alpha):
    """Sums over days from which all derivatives of the log-likelihood follow.

    Returns
    -------
    s0, s1 : float
        Score of level and growth.
    h00, h01, h11 : float
        Minus its derivatives.
    logs : float
        Sum of log(1 + alpha * mean).
    bent, c0, c1 : float
        Parts of the second derivatives by the size: see `_joint`.
    """
    s0, s1, h00, h01, h11, bent, c0, c1 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    logs, product = 0.0, 0.0  # the product less 1, lest small factors be rounded away
    scale, factor = math.exp(level + growth * week[0]), math.exp(growth * (week[1] - week[0]))
    for t in range(y.size):
        mean, w = exposure[t] * scale, week[t]
        scale *= factor
        grown = alpha * mean
        share = 1.0 / (1.0 + grown)
        off = y[t] - mean
        pull, taken = off * share, mean * share
        weight = taken * share * (1.0 + alpha * y[t])
        s0 += pull
        s1 += pull * w
        h00 += weight
        h01 += weight * w
        h11 += weight * w * w
        product += grown * (1.0 + product)
        if product > _MANY:
            logs += math.log(product)
            product = 0.0
        bent += taken + pull * share
        cross = pull * taken
        c0 += cross
        c1 += cross * w
    return s0, s1, h00, h01, h11, logs + math.log1p(product), bent, c0, c1


@kernel
def _count_slopes(size, above, top, rest, n_rest):
    """Sums over days of digamma(size + count) - digamma(size), and of its derivative; counts as `_tabled` has them."""
    first, second = 0.0, 0.0
    for j in range(top):
        one = 1.0 / (size + j)
        first += above[j] * one
        second -= above[j] * one * one
    if n_rest > 0:
        at_size, slope_at_size = digamma_and_slope(size)
        for k in range(n_rest):
            value, slope = digamma_and_slope(size + rest[k])
            first += value - at_size
            second += slope - slope_at_size
    return first, second


@kernel
def _tabled(y, above, rest):
    """Whole counts into `above`, days with more than each number; others into `rest`. How many there are of each."""
    top, n_rest = 0, 0
    for j in range(above.size):
        above[j] = 0.0
    for count in y:
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
def _settled(y, exposure, week, level, growth, alpha):
    """Level and growth given alpha, by Newton steps, of which the likelihood is concave; and whether they converge."""
    s0, s1, h00, h01, h11, _, _, _, _ = _sums(y, exposure, week, level, growth, alpha)
    largest = np.inf
    for _ in range(60):
        determinant = h00 * h11 - h01 * h01
        if not (determinant > 1e-12 * h00 * h00 and abs(growth) < _STEEPEST and abs(level) < _HIGHEST):
            return level, growth, False
        step0, step1 = (h11 * s0 - h01 * s1) / determinant, (h00 * s1 - h01 * s0) / determinant
        largest = max(abs(step0), abs(step1))
        if largest < _TOLERANCE:
            return level, growth, True
        rise, length = s0 * step0 + s1 * step1, min(1.0, 5.0 / largest)
        for _ in range(30):
            s0, s1, h00, h01, h11, _, _, _, _ = _sums(
                y, exposure, week, level + length * step0, growth + length * step1, alpha
            )
            if s0 * step0 + s1 * step1 >= -0.5 * rise or length * largest <= _TOLERANCE:
                break
            length /= 2.0  # too far: the likelihood falls there nearly as fast as it rose here
        level, growth = level + length * step0, growth + length * step1
    return level, growth, largest < 1e-6


@kernel(inline="always")
def _dispersion(y, exposure, week, level, growth, table, before, mean):
    """Alpha by maximum likelihood given the mean, 0 where the likelihood falls from there.

    `table` is what `_tabled` gives; `before` is an alpha nearby, 0 where none is known; `mean` is room for n_days.
    """
    above, top, rest, n_rest = table
    spread, squares, total, n_seen = 0.0, 0.0, 0.0, 0
    scale, factor = math.exp(level + growth * week[0]), math.exp(growth * (week[1] - week[0]))
    for t in range(y.size):
        mean[t] = exposure[t] * scale
        scale *= factor
        spread += (y[t] - mean[t]) ** 2 - y[t]
        squares += mean[t] * mean[t]
        total += mean[t]
        n_seen += exposure[t] > 0.0
    if not spread > 0.0:
        return 0.0
    largest = math.log(_LARGEST_SIZE * (1.0 + total / n_seen))
    low, high = math.log(_LEAST_SIZE), largest
    at = -math.log(before if before > 0.0 else spread / squares)
    at = min(max(at, low), high)
    for _ in range(200):
        size = math.exp(at)
        first, second = _count_slopes(size, above, top, rest, n_rest)
        product = 0.0
        for t in range(y.size):
            both = 1.0 / (size + mean[t])
            off = (mean[t] - y[t]) * both
            first += off
            second += (mean[t] / size - off) * both
            product += mean[t] / size * (1.0 + product)
            if product > _MANY:
                first -= math.log(product)
                product = 0.0
        first -= math.log1p(product)
        if first > 0.0:
            low = at
        else:
            high = at
        following = at - first / (size * second) if second < 0.0 else low
        if not low < following < high:
            following = (low + high) / 2.0
        moved, at = abs(following - at), following
        if moved < 1e-10:
            break
    return 0.0 if at > largest - 1e-9 else math.exp(-at)


@kernel(inline="always")
def _joint(y, exposure, week, level, growth, alpha, table):
    """Newton steps in level, growth and log size together, while each is at most half the one before.

    Returns level, growth, alpha and whether these maximise the likelihood; else they are no use.
    """
    above, top, rest, n_rest = table
    total, n_seen = 0.0, 0
    for t in range(y.size):
        total += y[t]
        n_seen += exposure[t] > 0.0
    least = 1.0 / (_LARGEST_SIZE * (1.0 + total / n_seen))
    last = 1.0
    for _ in range(20):
        s0, s1, h00, h01, h11, logs, bent, c0, c1 = _sums(y, exposure, week, level, growth, alpha)
        size = 1.0 / alpha
        counted, counted_slope = _count_slopes(size, above, top, rest, n_rest)
        score = size * (counted - logs - alpha * s0)
        information = -(size * size * counted_slope + bent + score)
        c0, c1 = alpha * c0, alpha * c1
        determinant = h00 * h11 - h01 * h01
        if not determinant > 1e-12 * h00 * h00:
            return level, growth, alpha, False
        i0, i1 = (h11 * c0 - h01 * c1) / determinant, (h00 * c1 - h01 * c0) / determinant
        information -= c0 * i0 + c1 * i1
        if not information > 0.0:
            return level, growth, alpha, False
        step = (score + i0 * s0 + i1 * s1) / information
        step0 = (h11 * s0 - h01 * s1) / determinant + i0 * step
        step1 = (h00 * s1 - h01 * s0) / determinant + i1 * step
        largest = max(abs(step0), abs(step1))
        near = largest < _NEAR and alpha * abs(step) < _NEAR * (1.0 + alpha)
        largest = max(largest, abs(step))
        if not (near or largest <= 0.5 * last):
            return level, growth, alpha, False
        level, growth, alpha, last = level + step0, growth + step1, alpha * math.exp(-step), largest
        if not (abs(growth) < _STEEPEST and abs(level) < _HIGHEST and 1.5 * least < alpha < _WIDEST):
            return level, growth, alpha, False
        if near:
            return level, growth, alpha, True
    return level, growth, alpha, False


@kernel
def _fitted(y, exposure, week, level, growth, before, table, room):
    """Level, growth and alpha of one row from a level and growth to begin at, and whether they converge."""
    level, growth, sound = _settled(y, exposure, week, level, growth, 0.0)
    alpha = 0.0
    for _ in range(_TURNS if sound else 0):
        nearer = _dispersion(y, exposure, week, level, growth, table, alpha if alpha > 0.0 else before, room)
        if nearer >= _WIDEST:
            return level, growth, nearer, False
        if nearer > 0.0:
            together = _joint(y, exposure, week, level, growth, nearer, table)
            if together[3]:
                return together
        level, growth, sound = _settled(y, exposure, week, level, growth, nearer)
        if not sound:
            return level, growth, nearer, False
        still, alpha = abs(nearer - alpha), nearer
        if still <= _TOLERANCE * (1.0 + alpha):
            return level, growth, alpha, True
    return level, growth, alpha, False


@kernel(inline="always")
def fit_rows(counts, exposure, week):
    """Maximum likelihood of level, growth and alpha of every row, each begun at what the row before it has.

    Parameters
    ----------
    counts, exposure : ndarray, shape (n_rows, n_days)
        Both 0 on days not observed. Every row holds a count above 0.
    week : ndarray, shape (n_days,)
        Evenly spaced.

    Returns
    -------
    level, growth, alpha : ndarray, shape (n_rows,)
        The growth is NaN where the fit did not converge, and so is all that later kernels make of it.
    """
    n_rows, n_days = counts.shape
    level, growth, alpha = np.zeros(n_rows), np.zeros(n_rows), np.zeros(n_rows)
    above, rest, room = np.zeros(MAX_TABLE), np.empty(n_days), np.empty(n_days)
    day, done = week[1] - week[0], False
    for k in range(n_rows):
        y, open_to = counts[k], exposure[k]
        top, n_rest = _tabled(y, above, rest)
        table = (above, top, rest, n_rest)
        if done:
            begun = level[k - 1] + day * growth[k - 1], growth[k - 1], alpha[k - 1]
            level[k], growth[k], alpha[k], done = _fitted(y, open_to, week, *begun, table, room)
        if not done:
            flat = math.log(y.sum() / open_to.sum())
            level[k], growth[k], alpha[k], done = _fitted(y, open_to, week, flat, 0.0, 0.0, table, room)
        if not done:
            growth[k] = np.nan
    return level, growth, alpha


@kernel
def _lost(y, exposure, week, level, growth, alpha, distance, at):
    """Log-likelihood that a fit loses at a growth so far from its own, at the likeliest level `at` for it.

    `at` is where to begin. Returns the loss, its derivative by growth, the level, and the derivative of that.
    """
    h00, h01, slope = 1.0, 0.0, 0.0
    for _ in range(60):
        s0, slope, h00, h01, _, _, _, _, _ = _sums(y, exposure, week, at, growth + distance, alpha)
        step = s0 / max(h00, 1e-300)
        if abs(step) < _LEVEL_NEAR:
            break
        at += min(max(step, -2.0), 2.0)
    lost, day = 0.0, week[1] - week[0]
    then, then_factor = math.exp(level + growth * week[0]), math.exp(growth * day)
    now, now_factor = math.exp(at + (growth + distance) * week[0]), math.exp((growth + distance) * day)
    for t in range(y.size):  # day by day against the fit: differences of large sums would be rounding
        before, after = exposure[t] * then, exposure[t] * now
        then *= then_factor
        now *= now_factor
        lost -= y[t] * (at - level + distance * week[t])
        if alpha > 0.0:
            lost += (y[t] + 1.0 / alpha) * math.log1p(alpha * (after - before) / (1.0 + alpha * before))
        else:
            lost += after - before
    return lost, -slope, at, -h01 / max(h00, 1e-300)


@kernel
def _end(y, exposure, week, level, growth, alpha, scale, quantile, side):
    """How far from the growth, on one side, the root of the loss meets the quantile: Newton steps between bounds."""
    near, far, distance, at, last, turning = 0.0, np.inf, 0.1, level, 0.0, 0.0
    for _ in range(100):
        at += side * (distance - last) * turning
        lost, steep, at, turning = _lost(y, exposure, week, level, growth, alpha, side * distance, at)
        last = distance
        root = math.sqrt(max(2.0 * lost / scale, 0.0))
        missing = quantile - root
        if missing >= 0.0:
            near = distance
        else:
            far = distance
        if missing > 0.0 and distance >= _FAR:
            return np.inf
        if abs(missing) <= _END_NEAR or far - near <= 1e-12:
            break
        # d(root) = steep / (scale * root) d(distance); flat, or too near for rounding, where this is no rise
        steep *= side / scale
        following = distance + missing * root / steep if steep > 0.0 else np.inf
        if near < following < far:
            distance = min(following, _FAR)
        else:
            distance = (near + far) / 2.0 if far < np.inf else min(4.0 * distance, _FAR)
    return distance


@kernel
def ends_of_rows(counts, exposure, week, level, growth, alpha, scale, quantile):
    """Lower and upper growth that a likelihood ratio does not refute, shape (n_rows,) each; see `likelihood_ends`."""
    lower, upper = np.empty(growth.size), np.empty(growth.size)
    for k in range(growth.size):
        if math.isnan(growth[k]):
            lower[k] = upper[k] = np.nan
            continue
        fit = counts[k], exposure[k], week, level[k], growth[k], alpha[k], scale[k], quantile[k]
        lower[k] = growth[k] - _end(*fit, -1.0)
        upper[k] = growth[k] + _end(*fit, 1.0)
    return lower, upper


@kernel
def sides_of_rows(counts, exposure, week, level, growth, alpha, scale, quantile):
    """The side of no growth on which each row's interval lies, shape (n_rows,); 0 where it holds none or has no fit."""
    side = np.zeros(growth.size)
    for k in range(growth.size):
        if abs(growth[k]) > 0.0:  # and not NaN
            fit = counts[k], exposure[k], week, level[k], growth[k], alpha[k]
            if 2.0 * _lost(*fit, -growth[k], level[k])[0] > scale[k] * quantile[k] ** 2:
                side[k] = math.copysign(1.0, growth[k])
    return side


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
