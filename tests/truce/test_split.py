from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import optimize
from scipy.special import betaln, logsumexp

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


SELDOM = np.random.default_rng(3).random(1500) < 0.05
SPARSE = [
    pytest.param(np.where(SELDOM, 1.0, 0.0), 0.05, id="seldom one"),
    pytest.param(np.where(np.arange(1500) % 40 < 9, 1 / 9, 0.0), 0.1, id="spread over days"),
    pytest.param(np.where(np.arange(1500) < 60, 400.0, 0.0), 8.0, id="silence after much"),
    pytest.param(np.where(np.arange(1500) % 700 == 650, 3000.0, 0.0), 0.3, id="single days of many"),
]


@pytest.mark.parametrize(("counts", "size"), SPARSE)
def test_likelihoods_of_long_silences_by_plain_sums_over_all_levels(counts, size):
    rng = np.random.default_rng(5)
    profile, weekday = np.array([1.6, 1, 1, 1, 1, 0.8, 0.6]), np.arange(1500) % 7
    observed = rng.random(1500) > 0.03
    grid = np.linspace(-16, 10, 384)
    log_prior = -0.25 * np.abs(grid + 3)
    fixed, per_count = day_costs(grid, profile, size)
    costs = np.where(observed[:, None], fixed[weekday] + counts[:, None] * per_count[weekday], 0.0)
    before = np.vstack([np.zeros(384), np.cumsum(costs, axis=0)[:-1]])
    after = np.cumsum(costs[::-1], axis=0)[::-1]
    expected = logsumexp(log_prior - before, axis=1) + logsumexp(log_prior - after, axis=1)
    found = split.split_log_likelihoods(counts, weekday, observed, grid, log_prior, profile, size, 1e6)
    assert np.isfinite(found[1:]).all()
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-8, rtol=1e-12)  # of logarithms that reach -1e5


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


def course(seed, rates, edges):
    """Counts around regimes, with missing days, and what else the kernels take of them."""
    rng = np.random.default_rng(seed)
    n_days = edges[-1]
    profile, weekday, observed = rng.dirichlet(np.full(7, 20)) * 7, np.arange(n_days) % 7, rng.random(n_days) > 0.1
    mean = np.repeat(rates, np.diff(edges)) * profile[weekday]
    counts = np.where(observed, rng.negative_binomial(2, 2 / (2 + mean)), 0).astype(float)
    return counts, weekday, observed, profile


def score(rate, counts, exposure):
    """Of the log rate, for counts of size 2; `exposure` 0 where unobserved."""
    return np.sum((counts - rate * exposure) / (1 + rate * exposure / 2))


def dated(counts, weekday, observed, profile, begin, change, end, around):
    """One change among the days from `begin` to before `end`, with the memory left by the rates on either side."""
    part = slice(begin, end)
    after, exposure = np.arange(begin, end) >= change, np.where(observed, profile[weekday], 0.0)
    rates = np.zeros(2)
    for side, days in enumerate((slice(begin, change), slice(change, end))):
        rates[side] = optimize.brentq(score, 1e-12, 1e4, (counts[days], exposure[days])) if counts[days].any() else 0
    mean = rates[after.astype(int)] * profile[weekday[part]]
    spread = np.sqrt(np.where(mean > 0, mean + mean**2 / 2, 1.0))
    residuals = np.where(observed[part] & (mean > 0), (counts[part] - mean) / spread, 0.0)
    own = max(memory(residuals, observed[part], 2), around)
    way = rates[1] - rates[0]
    return split.split_probabilities(counts[part], weekday[part], observed[part], profile, 2.0, *own, way)


def test_a_fall_is_none_of_the_days_on_which_the_mean_rises():
    """Quiet days, then violent ones, then quiet ones again: the change found is the fall, and no rise is its day."""
    counts = np.repeat([0.0, 5.0, 0.0], [6, 60, 60])
    around = counts, np.zeros(126, np.int64), counts >= 0, np.ones(7), 0.1, 2.0, 0.0
    fall, rise = (split.split_probabilities(*around, way) for way in (-1.0, 1.0))
    falls = [counts[:t].mean() > counts[t:].mean() for t in range(1, 126)]
    assert 0 < sum(falls) < 125
    up, down = (1 + np.flatnonzero(np.array(falls) == way) for way in (False, True))
    np.testing.assert_array_equal(fall[up[:-1]], 0)  # memory takes the day before a fall for its day, too
    np.testing.assert_array_equal(rise[down], 0)
    assert fall.argmax() == 66
    assert fall.sum() == pytest.approx(1) == rise.sum()
    rising = np.repeat([0.0, 5.0], 20), np.zeros(40, np.int64), np.ones(40, bool), np.ones(7), 0.1, 2.0, 0.0
    for way in (0.0, -1.0):  # where the mean falls on no day, every day may be a fall
        np.testing.assert_array_equal(split.split_probabilities(*rising, way), split.split_probabilities(*rising, 1.0))


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_dated_one_by_one_between_their_neighbours(seed):
    edges, around = np.array([0, 60, 130, 200]), (1.2, 0.1)
    data = course(seed, [6.0, 0.0, 3.0], edges)
    assert split.doubts(*data[:3], edges, data[3], 2.0, around[0]).tolist() == [0, 0, 0, 0]
    found, begins, ends = split.probabilities_of_changes(*data[:3], edges, data[3], 2.0, *around)
    assert (begins.tolist(), ends.tolist()) == ([0, 0], [200, 200])
    first, second = dated(*data, 0, 60, 130, around), dated(*data, 60, 130, 200, around)
    expected = np.concatenate([first, np.zeros(70), np.zeros(60), second])
    assert first.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_a_change_may_lie_beyond_a_neighbour_that_may_be_none(seed):
    edges, around = np.array([0, 60, 75, 140, 200, 260]), (1.2, 0.1)
    data = course(seed, [6.0, 1.0, 0.6, 5.0, 3.0], edges)
    doubt = split.doubts(*data[:3], edges, data[3], 2.0, around[0])
    assert doubt[2] > 0.5  # 0.6 after 1.0 for some weeks gains nothing near 1.25 log(260)
    found, begins, ends = split.probabilities_of_changes(*data[:3], edges, data[3], 2.0, *around)
    assert (begins.tolist(), ends.tolist()) == ([0, 0, 60, 75], [140, 200, 260, 260])
    expected = []
    for k in range(1, 5):
        p = np.zeros(260)
        for before, after in itertools.product((0, 1), repeat=2):
            weight = (doubt[k - 1] if before else 1 - doubt[k - 1]) * (doubt[k + 1] if after else 1 - doubt[k + 1])
            if weight:
                begin, end = edges[k - 1 - before], edges[k + 1 + after]
                p[begin:end] += weight * dated(*data, begin, edges[k], end, around)
        assert p.sum() == pytest.approx(1)
        expected.append(p[begins[k - 1] : ends[k - 1]])
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-6, atol=1e-12)


def test_doubt_is_the_odds_of_the_gain_against_the_price():
    counts, weekday, observed = np.repeat([4.0, 2.0], 50), np.arange(100) % 7, np.ones(100, np.bool_)
    m, y = np.array([4.0, 2.0, 3.0]), np.array([200.0, 100.0, 300.0])
    cost = np.array([50, 50, 100]) * 5 * np.log1p(m / 5) + y * np.log1p(5 / m)
    odds = np.exp((cost[2] - cost[0] - cost[1]) / 1.5 - 1.25 * np.log(100))
    found = split.doubts(counts, weekday, observed, np.array([0, 50, 100]), np.ones(7), 5.0, 1.5)
    assert found == pytest.approx([0, 1 / (1 + odds), 0])
    assert split.doubts(counts * 9, weekday, observed, np.array([0, 50, 100]), np.ones(7), 5.0, 1.5).tolist() == [0] * 3


def test_smallest_set_by_trying_all_days_in_falling_order():
    rng = np.random.default_rng(4)
    for level in (0.5, 0.9, 1.0):
        p = np.round(rng.dirichlet(np.full(60, 0.3)), 2)  # with ties, and days that have none
        order, held, chosen = sorted(range(60), key=lambda day: (-p[day], day)), 0.0, []
        while held < level * p.sum() - 1e-12:
            held += p[order[len(chosen)]]
            chosen.append(order[len(chosen)])
        assert split.smallest_set(p, level).tolist() == sorted(chosen)
