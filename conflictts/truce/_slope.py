"""The numba kernels of regimes that escalate: a level or a log-linear trend fitted to spans of days; no dates.

Costs are those of `_path`: minus log-likelihoods without the terms that depend on the counts and the size alone.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel

MIN_TREND_DAYS, MIN_ACTIVE_DAYS = 14, 3  # observed in a span, and with counts, before it may have a trend
_STEEPEST = 5.0  # log growth per week


@kernel
def fit_level(counts, weekday, observed, begin, end, profile, size):
    """What `fit_span` gives without a trend, from the days of each weekday together."""
    total, seen, count, exposure = np.zeros(7), np.zeros(7), 0.0, 0.0
    for t in range(begin, end):
        if observed[t]:
            total[weekday[t]] += counts[t]
            seen[weekday[t]] += 1.0
    for d in range(7):
        count += total[d]
        exposure += seen[d] * profile[d]
    if count == 0.0:
        return 0.0, -np.inf, 0.0, 0.0, 0.0, 0.0
    level, cost, information = math.log(count / exposure), 0.0, 0.0
    for _ in range(100):
        score, information, rate = 0.0, 0.0, math.exp(level)
        for d in range(7):
            mean = profile[d] * rate
            share = size / (size + mean)
            score += (total[d] - seen[d] * mean) * share
            information += seen[d] * mean * share
        step = score / information
        if abs(step) < 1e-9:
            break
        level += min(max(step, -1.0), 1.0)
    for d in range(7):
        if seen[d] > 0.0:
            mean = profile[d] * math.exp(level)
            cost += seen[d] * size * math.log1p(mean / size) + total[d] * math.log1p(size / mean)
    return cost, level, 0.0, information, 0.0, 0.0


@kernel
def fit_span(counts, weekday, observed, begin, end, profile, size, sloped):
    """Fit ``log rate = level + slope * weeks from the middle of the span`` to the days from `begin` to before `end`.

    Returns
    -------
    cost : float
        Infinite where a trend cannot be told.
    level, slope : float
        Minus infinity and 0 where the days hold no counts.
    i00, i01, i11 : float
        Expected information of level and slope.
    """
    if not sloped:
        return fit_level(counts, weekday, observed, begin, end, profile, size)
    total, exposure, n_seen, n_active = 0.0, 0.0, 0, 0
    for t in range(begin, end):
        if observed[t]:
            total += counts[t]
            exposure += profile[weekday[t]]
            n_seen += 1
            n_active += counts[t] > 0.0
    if n_seen < MIN_TREND_DAYS or n_active < MIN_ACTIVE_DAYS:
        return np.inf, 0.0, 0.0, 0.0, 0.0, 0.0
    middle = (begin + end - 1) / 2.0
    level, slope = math.log(total / exposure), 0.0
    i00, i01, i11, cost, reached = 0.0, 0.0, 0.0, 0.0, np.inf
    step0, step1, shorter = 0.0, 0.0, 1.0
    for _ in range(100):
        i00, i01, i11, s0, s1, cost = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(begin, end):
            if observed[t]:
                week = (t - middle) / 7.0
                mean = profile[weekday[t]] * math.exp(level + slope * week)
                both = size + mean
                share = size / both
                pull, weight = (counts[t] - mean) * share, mean * share
                s0 += pull
                i00 += weight
                s1 += pull * week
                i01 += weight * week
                i11 += weight * week * week
                cost += size * math.log(both / size)
                if counts[t] > 0.0:
                    cost += counts[t] * math.log(both / mean)
        if cost > reached + 1e-9 * (1.0 + abs(reached)):  # too far: back half the way
            shorter /= 2.0
            level, slope = level - shorter * step0, slope - shorter * step1
            if shorter < 1e-6:
                return np.inf, 0.0, 0.0, 0.0, 0.0, 0.0
            continue
        reached, shorter = cost, 1.0
        determinant = i00 * i11 - i01 * i01
        if determinant <= 1e-12 * i00 * i00 or abs(slope) > _STEEPEST:
            return np.inf, 0.0, 0.0, 0.0, 0.0, 0.0
        step0, step1 = (i11 * s0 - i01 * s1) / determinant, (i00 * s1 - i01 * s0) / determinant
        if abs(step0) < 1e-9 and abs(step1) < 1e-9:
            return cost, level, slope, i00, i01, i11
        step0, step1 = min(max(step0, -2.0), 2.0), min(max(step1, -1.0), 1.0)
        level, slope = level + step0, slope + step1
    return np.inf, level, slope, i00, i01, i11


@kernel
def span_costs(counts, weekday, observed, edges, profile, size):
    """Cost of each span between two edges as a level and with a trend, each of shape (n_edges, n_edges).

    Infinite where the span is empty, or too short for a trend.
    """
    level = np.full((edges.size, edges.size), np.inf)
    trend = np.full((edges.size, edges.size), np.inf)
    for i in range(edges.size - 1):
        for j in range(i + 1, edges.size):
            level[i, j] = fit_span(counts, weekday, observed, edges[i], edges[j], profile, size, False)[0]
            trend[i, j] = fit_span(counts, weekday, observed, edges[i], edges[j], profile, size, True)[0]
    return level, trend


@kernel
def split_costs(counts, weekday, observed, begin, end, first, last, profile, size, sloped_before, sloped_after):
    """Cost of a span's change on each day from `first` to before `last`, a fit on either side; and a log volume.

    Both have shape (last - first,), the cost infinite where a side cannot be fitted. The volume is the square root of
    the inverse information of both sides: by it an integral over their parameters exceeds their maximum (Laplace).
    """
    costs, log_volume = np.empty(last - first), np.zeros(last - first)
    for k in range(last - first):
        before = fit_span(counts, weekday, observed, begin, first + k, profile, size, sloped_before)
        after = fit_span(counts, weekday, observed, first + k, end, profile, size, sloped_after)
        costs[k] = before[0] + after[0]
        for side, sloped in ((before, sloped_before), (after, sloped_after)):
            information = side[3] * side[5] - side[4] * side[4] if sloped else side[3]
            # no more than a count's worth is known of a rate that shows none
            log_volume[k] -= 0.5 * math.log(max(information, 0.5))
    return costs, log_volume
