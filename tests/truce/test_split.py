from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln

from conflictts.truce import _split as split
from conflictts.truce._noise import memory
from conflictts.truce._path import day_costs


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
    assert split.log_sum_exp(np.array([1000.0, 1000.0]), 0)[0] == pytest.approx(1000 + math.log(2))
    assert split.log_sum_exp(np.array([-5000.0, -1e6]), 1) == (pytest.approx(-5000), 0)


@pytest.mark.parametrize("near", [0, 7, 200, 399])
@pytest.mark.parametrize("steep", [1e-3, 0.5, 40.0])
def test_log_sum_exp_of_a_peak_by_plain_numpy(near, steep):
    values = 3.0 - steep * np.abs(np.linspace(-20, 12, 400)) ** 1.5
    found, peak = split.log_sum_exp(values, near)
    assert peak == values.argmax()
    assert found == pytest.approx(np.logaddexp.reduce(values), abs=1e-12)  # 400 terms of e^-37 are 3e-14


@pytest.mark.parametrize("seed", range(20))
def test_least_costs_by_every_level(seed):
    rng = np.random.default_rng(seed)
    n_days, size = int(rng.integers(2, 150)), float(rng.choice([0.1, 2.0, 300.0]))
    counts = rng.negative_binomial(1, 0.2, n_days) * (rng.random(n_days) < rng.choice([0.02, 1.0])) * 1.0
    observed, weekday = rng.random(n_days) > rng.choice([0.0, 0.4]), np.arange(n_days) % 7
    counts = np.where(observed, counts, 0.0)
    fixed, per_count = day_costs(np.linspace(-14, 5, 384), rng.dirichlet(np.full(7, 3.0)) * 7, size)
    of_day = np.where(observed[:, None], fixed[weekday] + counts[:, None] * per_count[weekday], 0.0)
    before = np.concatenate([np.zeros((1, 384)), np.cumsum(of_day, axis=0)[:-1]])
    after = np.cumsum(of_day[::-1], axis=0)[::-1]
    found = split.least_costs(counts, weekday, observed, fixed, per_count)
    assert found == pytest.approx(before.min(1) + after.min(1), rel=1e-10, abs=1e-9)  # sums in another order


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_dated_one_by_one_between_their_neighbours(seed):
    rng = np.random.default_rng(seed)
    edges, rates = np.array([0, 60, 130, 200]), np.array([6.0, 0.0, 3.0])
    rate = np.repeat(rates, np.diff(edges))
    profile, weekday, observed = rng.dirichlet(np.full(7, 20)) * 7, np.arange(200) % 7, rng.random(200) > 0.1
    mean = rate * profile[weekday]
    counts = np.where(observed, rng.negative_binomial(2, 2 / (2 + mean)), 0).astype(float)
    spread = np.sqrt(np.where(mean > 0, mean + mean**2 / 2, 1.0))
    residuals = np.where(observed & (mean > 0), (counts - mean) / spread, 0.0)
    around = (1.2, 0.1)
    levels = np.array([np.log(6.0), -np.inf, np.log(3.0)])
    found = split.probabilities_of_changes(counts, weekday, observed, edges, levels, profile, 2.0, *around)
    expected = []
    for begin, end in ((0, 130), (60, 200)):
        part = slice(begin, end)
        own = max(memory(residuals[part], observed[part], 2), around)
        data = counts[part], weekday[part], observed[part]
        expected.append(split.split_probabilities(*data, profile, 2.0, *own))
        assert expected[-1].sum() == pytest.approx(1)
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-9, atol=1e-15)


def test_smallest_set_by_trying_all_days_in_falling_order():
    rng = np.random.default_rng(4)
    for level in (0.5, 0.9, 1.0):
        p = np.round(rng.dirichlet(np.full(60, 0.3)), 2)  # with ties, and days that have none
        order, held, chosen = sorted(range(60), key=lambda day: (-p[day], day)), 0.0, []
        while held < level * p.sum() - 1e-12:
            held += p[order[len(chosen)]]
            chosen.append(order[len(chosen)])
        assert split.smallest_set(p, level).tolist() == sorted(chosen)


def test_single_days_are_regimes_of_one_observed_day_between_two_changes():
    observed = np.ones(20, np.bool_)
    observed[[6, 7, 12]] = False
    # regimes 0-4, 5-7 (of which only day 5 is observed), 8-11, 12-13 (only day 13), 14, and 15-19
    assert split.single_days(np.array([5, 8, 12, 14, 15]), observed).tolist() == [5, 13, 14]
    assert split.single_days(np.array([19]), observed).tolist() == []  # the last regime is never looked at
    assert split.single_days(np.empty(0, np.int64), observed).tolist() == []
