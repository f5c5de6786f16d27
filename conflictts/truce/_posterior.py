"""The numba kernels behind the number of changes: how likely each day is to be a change, over all courses of the rate.

On each day the rate changes with a small probability, the hazard, and is then any level of a grid, most likely one near
the mean. Forward and backward sums over all courses give the probability of a change on each day and of the counts as a
whole (a hidden Markov model, exact on the grid). The hazard is fitted along; a prior holds it off 0.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import days_of
from conflictts.truce._path import day_costs

NEAR = 7  # observed days either way within which a change is as good as found
HIGHEST_HAZARD = 0.05  # where the fit begins: a change in 20 days
PRIOR_CHANGES, PRIOR_DAYS = 0.2, 175.0  # what the hazard is held to have shown before
# In more days than these the hazard is taken for less than it shows, by this power of how many times more: bursts that
# memory makes come in proportion to the days, and the changes of a war do not
MODERATE_DAYS, LONG_POWER = 300.0, 0.4
FORTNIGHT = 14  # observed days
# On the log scale: rates from a fifth to five times the mean are about as likely a priori, and farther ones where
# fortnights lie farther apart
REACH = 1.5
STRICT = 0.6  # a change more is told only if it is so much as likely as what is told is expected to be right
_MAX_TABLE = 512  # whole counts below it share their likelihoods
_LEAST = 0.1  # changes less likely than this are not looked at
_LEVEL = 0.02  # mass by which one day's surroundings are as good as another's
_BLOCK = 64
_SMALL = 1e-50  # sums below it are brought back to 1
_POWERS = np.ldexp(1.0, np.arange(-1022, 1))


@kernel
def kinds_of_days(counts, weekday):
    """Days of one weekday and whole count are of one kind, all others kinds of their own.

    Returns
    -------
    kind : ndarray of int64, shape (n_days,)
        Of each day.
    weekday_of, count_of : ndarray, shape (n_kinds,)
        Of each kind.
    """
    largest = 0.0
    for y in counts:
        largest = max(largest, y)
    known = np.zeros((7, int(min(largest, _MAX_TABLE)) + 1), np.int64)  # one more than the kind, 0 of none yet
    kind, weekday_of, count_of = np.empty(counts.size, np.int64), np.empty(counts.size, np.int64), np.empty(counts.size)
    n_kinds = 0
    for t in range(counts.size):
        d, y = weekday[t], counts[t]
        whole = int(min(y, 2.0 * _MAX_TABLE))
        tabled = whole == y and whole < known.shape[1]
        if tabled and known[d, whole] > 0:
            kind[t] = known[d, whole] - 1
            continue
        if tabled:
            known[d, whole] = n_kinds + 1
        kind[t], weekday_of[n_kinds], count_of[n_kinds] = n_kinds, d, y
        n_kinds += 1
    return kind, weekday_of[:n_kinds].copy(), count_of[:n_kinds].copy()


@kernel(fastmath={"reassoc", "contract", "nsz", "nnan"})
def exponentials(x, answer):
    """Exponentials of numbers from -700 to 0 (of lower ones, that of -700) to 14 digits; into `answer`.

    A power of 2, and Taylor's series about it, which a processor takes four at a time: that of the C library it does
    not, and it takes twice as long.
    """
    for g in range(x.size):
        at_least = x[g] if x[g] > -700.0 else -700.0
        power = math.floor(at_least * 1.4426950408889634 + 0.5)
        r = at_least - power * 0.6931471805599453
        series = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r / 39916800))
        series = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * series)))
        series = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * series)))
        answer[g] = series * _POWERS[np.int32(power) + _POWERS.size - 1]


@kernel(fastmath={"reassoc", "contract", "nsz", "nnan"})
def likelihoods(weekday, counts, log_rate, profile, size, temper):
    """Likelihood of each kind of day at each level, relative to the best level, and its logarithm.

    Costs are divided by `temper` first. `weekday` and `counts` are from `kinds_of_days`, answers of shape
    (n_kinds, n_levels).
    """
    fixed, per_count = day_costs(log_rate, profile, size)
    likelihood, log_likelihood = np.empty((counts.size, log_rate.size)), np.empty((counts.size, log_rate.size))
    for k in range(counts.size):
        of_day, of_count, row = fixed[weekday[k]], per_count[weekday[k]], log_likelihood[k]
        highest = -1e300
        for g in range(log_rate.size):
            row[g] = -(of_day[g] + counts[k] * of_count[g]) / temper
            highest = row[g] if row[g] > highest else highest
        for g in range(log_rate.size):
            row[g] -= highest
        exponentials(row, likelihood[k])
    return likelihood, log_likelihood


@kernel
def reach(counts):
    """How far from the mean rates may well be: half the log distance of lowest and highest fortnight, or `REACH`."""
    width = min(FORTNIGHT, counts.size)
    total = 0.0
    for t in range(width):
        total += counts[t]
    low, high = total, total
    for t in range(width, counts.size):
        total += counts[t] - counts[t - width]
        low, high = min(low, total), max(high, total)
    return max(0.5 * math.log(max(high, 0.5) / max(low, 0.5)), REACH)


@kernel
def level_prior(log_rate, log_mean, within):
    """How likely each level is where the rate changes: even within so much of the mean, less and less beyond.

    Less slowly below, for a truce may leave next to nothing.
    """
    weight, whole = np.empty(log_rate.size), 0.0
    for g in range(log_rate.size):
        away = (log_rate[g] - log_mean) / within
        away *= away
        weight[g] = 1.0 / (1.0 + (away if log_rate[g] < log_mean else away * away))
        whole += weight[g]
    for g in range(weight.size):
        weight[g] /= whole
    return weight


@kernel(fastmath={"reassoc", "contract", "nsz"})
def forward_backward(kind, likelihood, prior, hazard, p):
    """Log-likelihood of all days, up to what `likelihoods` took out, and the sum of the probabilities of a change.

    The sums from the first day on and from the last day back are taken side by side, so that a processor need not wait
    for either.

    Parameters
    ----------
    kind : ndarray of int64, shape (n_days,)
    likelihood : ndarray, shape (n_kinds, n_levels)
    prior : ndarray, shape (n_levels,)
        How likely each level is where the rate changes, and at first.
    hazard : float
    p : ndarray, shape (n_days,)
        Becomes the probability of a change on each day.
    """
    n_days, n_levels = kind.size, likelihood.shape[1]
    forth, back = np.zeros(n_levels), np.zeros(n_levels)
    sums, sums_back = np.empty((2, n_days)), np.empty((2, n_days))  # before each day, and with it
    stay, jump, jump_back = 1.0 - hazard, 1.0, 1.0
    total, before, before_back = 0.0, 1.0, 1.0
    for t in range(n_days):
        s = n_days - 1 - t
        day, day_back = likelihood[kind[t]], likelihood[kind[s]]
        whole, whole_back = 0.0, 0.0
        for g in range(n_levels):
            value = (forth[g] * stay + jump * prior[g]) * day[g]
            forth[g] = value
            whole += value
            value_back = (back[g] * stay + jump_back) * day_back[g]
            back[g] = value_back
            whole_back += value_back * prior[g]
        sums[0, t], sums[1, t], sums_back[0, s], sums_back[1, s] = before, whole, before_back, whole_back
        if min(whole, whole_back) < _SMALL:
            total += math.log(whole)
            for g in range(n_levels):
                forth[g] /= whole
                back[g] /= whole_back
            whole, whole_back = 1.0, 1.0
        before, before_back = whole, whole_back
        jump, jump_back = hazard * whole, hazard * whole_back
    for t in range(n_days):
        p[t] = sums_back[1, t] / sums_back[0, t] * (sums[0, t] / sums[1, t])
    held, expected = hazard, 0.0  # `held` is the probability on the day after
    for t in range(n_days - 1, 0, -1):
        held *= p[t]
        p[t] = held
        expected += held
    p[0] = 0.0
    return total + math.log(before), expected


@kernel
def steady(kind, log_likelihood, prior):
    """Log-likelihood as by `forward_backward` where the hazard is 0."""
    n_kinds, n_levels = log_likelihood.shape
    days = np.zeros(n_kinds)
    for t in range(kind.size):
        days[kind[t]] += 1.0
    total, largest, whole = np.zeros(n_levels), -np.inf, 0.0
    for k in range(n_kinds):
        for g in range(n_levels):
            total[g] += days[k] * log_likelihood[k, g]
    for g in range(n_levels):
        largest = max(largest, total[g])
    for g in range(n_levels):
        whole += prior[g] * math.exp(total[g] - largest)
    return largest + math.log(whole)


@kernel(inline="always")
def change_probabilities(kinds, log_rate, prior, profile, size, temper, hazard, against, p):
    """Tell the probability of a change on each day, and from their sum the next hazard (expectation and maximisation).

    Parameters
    ----------
    kinds : tuple
        Of the observed days, from `kinds_of_days`.
    log_rate, prior : ndarray, shape (n_levels,)
        Grid, and from `level_prior` how likely each level is where the rate changes.
    profile, size : ndarray of shape (7,), float
    temper : float
        By which log-likelihoods are divided: days that remember each other say less.
    hazard : float
        Probability that the rate changes on a day.
    against : float
        Log of the prior odds of no change against changes at this hazard.
    p : ndarray, shape (n_days,)
        Becomes the probabilities, those of no change taken off.

    Returns
    -------
    fitted, none : float
        The next hazard, and the probability that nothing changed.
    """
    kind, weekday, counts = kinds
    likelihood, log_likelihood = likelihoods(weekday, counts, log_rate, profile, size, temper)
    changing, expected = forward_backward(kind, likelihood, prior, hazard, p)
    fitted = (expected + PRIOR_CHANGES) / (kind.size + PRIOR_CHANGES + PRIOR_DAYS)
    fitted = min(fitted * min(MODERATE_DAYS / kind.size, 1.0) ** LONG_POWER, HIGHEST_HAZARD)
    gained = changing - steady(kind, log_likelihood, prior) - against
    none = 1.0 / (1.0 + math.exp(min(gained, 700.0)))
    for t in range(p.size):
        p[t] *= 1.0 - none
    return fitted, none


@kernel
def around(p, begin, end, mass):
    """Probability of a change within `NEAR` days of each day from begin to before end, at most 1; into `mass`."""
    held = 0.0
    for t in range(max(begin - NEAR, 0), min(begin + NEAR, p.size)):
        held += p[t]
    for t in range(begin, end):
        if t + NEAR < p.size:
            held += p[t + NEAR]
        mass[t] = min(held, 1.0)
        if t - NEAR >= 0:
            held -= p[t - NEAR]


@kernel
def likeliest_day(mass, begin):
    """The first day of the largest mass in the block that begins there."""
    day = begin
    for t in range(begin + 1, min(begin + _BLOCK, mass.size)):
        day = t if mass[t] > mass[day] else day
    return day


@kernel
def told_changes(p, none, min_days):
    """The days to tell as changes: those whose F1 is expected to be largest, a change more only if it is likely enough.

    A day is taken for the probability of a change within `NEAR` days of it, and used up as far as 1. Of j days whose
    probabilities sum to s, of E changes expected, the expected F1 is about 2 s / (E + j); of no day it is `none`.

    Parameters
    ----------
    p : ndarray, shape (n_days,)
        Probability of a change on each observed day. Used up.
    none : float
        Probability that nothing changed.
    min_days : int
        Days that a regime has at least.
    """
    n_days = p.size
    told, n_told, n_best = np.empty(n_days, np.int64), 0, 0
    expected, held, best = 0.0, 0.0, none
    mass, barred = np.zeros(n_days), np.zeros(n_days, np.bool_)
    for t in range(n_days):
        expected += p[t]
        barred[t] = t < min_days or t > n_days - min_days
    likeliest_of = np.empty((n_days + _BLOCK - 1) // _BLOCK, np.int64)  # days of each block
    begin, end = 0, n_days  # days whose masses are to be found
    while n_told < n_days:
        around(p, begin, end, mass)
        for t in range(begin, end):
            mass[t] = 0.0 if barred[t] else mass[t]
        for b in range(begin // _BLOCK, (end - 1) // _BLOCK + 1):
            likeliest_of[b] = likeliest_day(mass, b * _BLOCK)
        centre = likeliest_of[0]
        for b in range(1, likeliest_of.size):
            centre = likeliest_of[b] if mass[likeliest_of[b]] > mass[centre] else centre
        likeliest = mass[centre]
        if likeliest < _LEAST or (n_told > 0 and likeliest < STRICT * best):
            break
        day = centre
        for t in range(max(centre - NEAR, 0), min(centre + NEAR + 1, n_days)):
            if mass[t] >= likeliest - _LEVEL and p[t] > p[day] and not barred[t]:
                day = t
        told[n_told] = day
        n_told += 1
        held += likeliest
        if 2.0 * held / (expected + n_told) >= best:
            best, n_best = 2.0 * held / (expected + n_told), n_told
        left, reach = 1.0, 0
        while left > 0.0 and reach <= NEAR:
            for t in (day - reach, day + reach):
                if 0 <= t < n_days:
                    used = min(p[t], left)
                    p[t] -= used
                    left -= used
            reach += 1
        reach = max(2 * NEAR, min_days)
        begin, end = max(day - reach, 0), min(day + reach + 1, n_days)
        for t in range(begin, end):
            barred[t] |= abs(t - day) < min_days
    chosen = np.zeros(n_days, np.bool_)
    for k in range(n_best):
        chosen[told[k]] = True
    return days_of(chosen)  # in order of the days, without numba's sort, which takes a second to compile
