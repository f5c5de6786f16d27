from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln

from conflictts.truce import _split as split


@pytest.mark.parametrize("size", [0.3, 1.0, 8.0])
def test_split_likelihoods_by_the_beta_integral(size):
    rng = np.random.default_rng(21)
    counts, observed = rng.negative_binomial(1, 0.3, 40).astype(float), rng.random(40) > 0.15
    grid = np.linspace(-45, 45, 4001)  # far beyond the rates of any weight
    odds = np.exp(grid - math.log(size))
    log_prior = -0.5 * (np.log1p(odds) + np.log1p(1 / odds))  # Beta(1/2, 1/2) on size / (size + rate) = 1 / (1 + odds)
    weekday = np.arange(40) % 7
    found = split.split_log_likelihoods(counts, weekday, observed, grid, log_prior, np.ones(7), size, 1.0)

    def integral(part: slice) -> float:  # the likelihood of a part is share^(size n) (1 - share)^sum
        return betaln(0.5 + size * observed[part].sum(), 0.5 + counts[part][observed[part]].sum())

    expected = np.array([integral(slice(0, t)) + integral(slice(t, 40)) for t in range(1, 40)])
    assert found[1:] - found[1] == pytest.approx(expected - expected[0], abs=1e-6)  # sums are fine; constants cancel


@pytest.mark.parametrize("change", [100, 500, 800])
def test_days_left_out_are_negligible(change):
    rng = np.random.default_rng(change)
    profile = np.array([1.6, 1, 1, 1, 1, 0.8, 0.6])
    weekday = np.arange(1000) % 7
    mean = np.where(np.arange(1000) < change, 8.0, 2.0) * profile[weekday]
    counts, observed = rng.negative_binomial(2, 2 / (2 + mean)).astype(float), rng.random(1000) > 0.05
    grid = np.linspace(-14, 5, 384)
    args = counts, weekday, observed, grid, np.zeros(384), profile, 2.0
    some, all_days = split.split_log_likelihoods(*args, 1.0), split.split_log_likelihoods(*args, 1e6)
    kept = np.isfinite(some)
    assert kept.sum() < 900
    assert np.isfinite(all_days[1:]).all()
    assert some[kept] == pytest.approx(all_days[kept], rel=1e-12)  # sums in another order
    assert all_days[1:][~kept[1:]].max() < all_days.max() - 20  # e^-20 is 2e-9


def test_log_sum_exp_does_not_overflow():
    assert split.log_sum_exp(np.array([1000.0, 1000.0])) == pytest.approx(1000 + math.log(2))
    assert split.log_sum_exp(np.array([-5000.0, -1e6])) == pytest.approx(-5000)
