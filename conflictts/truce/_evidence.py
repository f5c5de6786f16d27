"""The numba kernels of the alarms: daily counts in, the evidence that the rate has risen out.

The true rate and size are unknown, so both hypotheses are carried over the same nodes of (size, rate): `null` holds
how likely each node is given all counts so far if nothing rose, `risen` the same for a rise by each factor, summed over
the days on which it may have begun. Their ratio is a likelihood ratio with the baseline integrated out, and not one
against a baseline that is taken for known. All likelihoods are raised to the power of one over the memory factor.
"""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel

LARGEST = 1e12  # evidence stops growing here, which only lowers it
_SMALLEST = 1e-290


@kernel
def log_likelihood(counts, rate, size):
    """Of independent negative binomial counts of one rate, up to the factorials of the counts."""
    total = 0.0
    for count in counts:
        total += math.lgamma(count + size) + count * math.log(rate / (size + rate))
    return total - counts.size * (math.lgamma(size) + size * math.log1p(rate / size))


@kernel
def follow_likelihood(counts, rates, sizes, increases, weights, factor, start, null, risen):
    """Evidence after each day: the weighted sum over increases of likelihood ratios summed over first days.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
        0 or more, fractions allowed; NaN is a day that says nothing.
    rates : ndarray, shape (n_rates,)
    sizes : ndarray, shape (n_sizes,)
    increases, weights : ndarray, shape (n_increases,)
    factor : float
    start : float
        Weight with which a rise may begin on each day.
    null : ndarray, shape (n_sizes, n_rates)
        Sums to 1. Ends as it stands after the last day.
    risen : ndarray, shape (n_increases, n_sizes, n_rates)
        In units in which `null` sums to 1; 0 at the start. Ends as it stands after the last day.

    Returns
    -------
    ndarray, shape (n_days,)
        NaN where the count is.
    """
    n_sizes, n_rates = null.shape
    evidence = np.full(counts.size, np.nan)
    log_p = np.empty((n_sizes, n_rates))
    for t in range(counts.size):
        count = counts[t]
        if math.isnan(count):
            continue
        highest = -math.inf
        for i in range(n_sizes):
            size = sizes[i]
            constant = math.lgamma(count + size) - math.lgamma(size)
            for k in range(n_rates):
                rate = rates[k]
                log_p[i, k] = constant - size * math.log1p(rate / size) + count * math.log(rate / (size + rate))
                highest = max(highest, log_p[i, k])
        for i in range(n_sizes):
            size = sizes[i]
            constant = math.lgamma(count + size) - math.lgamma(size) - highest
            for g in range(increases.size):
                for k in range(n_rates):
                    rate = rates[k] * increases[g]
                    log_q = constant - size * math.log1p(rate / size) + count * math.log(rate / (size + rate))
                    risen[g, i, k] = (risen[g, i, k] + start * null[i, k]) * math.exp(min(log_q / factor, 600.0))
        whole = 0.0
        for i in range(n_sizes):
            for k in range(n_rates):
                null[i, k] = max(null[i, k] * math.exp((log_p[i, k] - highest) / factor), _SMALLEST)
                whole += null[i, k]
        total = 0.0
        for g in range(increases.size):
            for i in range(n_sizes):
                for k in range(n_rates):
                    risen[g, i, k] = min(risen[g, i, k] / whole, 1e300)
                    total += min(weights[g] * risen[g, i, k], 1e300)
        for i in range(n_sizes):
            for k in range(n_rates):
                null[i, k] /= whole
        if total > LARGEST:
            for g in range(increases.size):
                for i in range(n_sizes):
                    for k in range(n_rates):
                        risen[g, i, k] *= LARGEST / total
            total = LARGEST
        evidence[t] = total
    return evidence


@kernel
def follow_bets(counts, ceiling, shares, weights, risen):
    """Evidence after each day of bets that the mean exceeds `ceiling`: gains 1 + share (count / ceiling - 1).

    `risen`, shape (n_shares,), 0 at the start, ends as it stands after the last day. NaN is a day without a bet.
    """
    evidence = np.full(counts.size, np.nan)
    for t in range(counts.size):
        if math.isnan(counts[t]):
            continue
        total = 0.0
        for g in range(shares.size):
            gain = 1.0 + shares[g] * (counts[t] / ceiling - 1.0)
            risen[g] = min((risen[g] + 1.0) * gain, LARGEST)
            total += weights[g] * risen[g]
        evidence[t] = total
    return evidence
