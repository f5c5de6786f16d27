"""The numba kernels of growth: log-linear NB2 trends fitted to rows of counts, and what refutes a growth.

A day's mean is ``exposure * exp(level + growth * week)``; the exposure is 0 on a day that was not observed, whose count
is 0, and so adds nothing to any sum. Weeks are evenly spaced, so that the mean of the next day takes one product.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import MAX_TABLE, digamma_and_slope, fill_table

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
    """Sums over days of digamma(size + count) - digamma(size), and of its derivative; by `fill_table`."""
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

    `table` is what `fill_table` gives; `before` is an alpha nearby, 0 where none is known; `mean` is room for n_days.
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
    above, rest, room = np.empty(MAX_TABLE), np.empty(n_days), np.empty(n_days)
    day, done = week[1] - week[0], False
    for k in range(n_rows):
        y, open_to = counts[k], exposure[k]
        top, n_rest = fill_table(y, above, rest)
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
