from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import chi2

from conflictts.truce import _noise as noise
from conflictts.truce import _path as path
from conflictts.truce import _segment as segment


def series(seed: int, n_days: int):
    """Counts of a series with two changes, weekdays, and which days were observed."""
    rng = np.random.default_rng([n_days, seed])
    rate = np.repeat(rng.choice([0.3, 1.0, 4.0, 12.0], 3), [n_days // 3, n_days // 3, n_days - 2 * (n_days // 3)])
    counts = rng.negative_binomial(2.0, 2.0 / (2.0 + rate)).astype(float)
    return counts, (np.arange(n_days) + seed) % 7, rng.random(n_days) >= 0.15


def test_find_changes_reaches_a_fixed_point():
    rng = np.random.default_rng(5)
    rate = np.repeat([8.0, 1.0, 4.0], [90, 60, 60])
    weekday = np.arange(210) % 7
    profile = np.array([1.6, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6])
    mean = rate * profile[weekday]
    counts, observed = rng.negative_binomial(5, 5 / (5 + mean)).astype(float), np.ones(210, bool)
    grid = np.linspace(math.log(0.3 / 210), math.log(40), 96)
    changes, rates, found_profile, size, factor, _ = segment.find_changes(counts, weekday, observed, grid, 0.0, True)
    assert np.abs(changes - [90, 150]).max() <= 3  # eight to one, and one to four, in NB noise of size 5
    assert rates == pytest.approx([8, 1, 4], rel=0.3)  # three standard errors of 60 NB days at rate 1
    assert found_profile == pytest.approx(profile, rel=0.35)  # three standard errors of 30 NB days
    assert found_profile.mean() == pytest.approx(1.0)
    total, seen = noise.grouped(counts, weekday, observed, changes)
    assert path.rates_of_groups(total, seen, found_profile, size) == pytest.approx(rates)
    assert noise.weekday_profile(total.sum(axis=0), rates @ seen) == pytest.approx(found_profile, abs=0.01)
    mean = np.outer(rates, found_profile).ravel()
    above, rest = noise.tabled(counts, observed)
    # the tolerances, here and above: one more round moves them little
    assert noise.fit_size(above, rest, total.ravel(), seen.ravel(), mean, 1.0) == pytest.approx(size, rel=0.05)
    residuals = noise.pearson_residuals(counts, weekday, observed, changes, rates, found_profile, size)
    assert noise.memory(residuals, observed, 3)[0] == pytest.approx(factor)
    flat = segment.find_changes(counts, weekday, observed, grid, 0.0, False)[2]
    assert flat.tolist() == [1.0] * 7


def test_changes_begin_on_days_that_were_observed_and_last():
    """Whatever stands on a day that nobody saw, the answer is the same, and no regime is shorter than asked."""
    for seed in range(20):
        counts, weekday, observed = series(seed, 120)
        for min_days in (1, 20):
            answers = []
            for unseen in (0.0, 99.0):
                known = np.where(observed, counts, unseen)
                grid = path.rate_grid(known, observed)
                answers.append(segment.find_changes(known, weekday, observed, grid, 0.0, True, min_days)[0].tolist())
            assert answers[0] == answers[1]
            assert observed[answers[0]].all()
            before = np.concatenate([[0], np.cumsum(observed)])[[0, *answers[0], 120]]
            assert (np.diff(before) >= min_days).all()


def test_odds_against_any_change_silence_it():
    counts = np.random.default_rng(8).poisson(np.repeat([6.0, 2.0], [60, 60])).astype(float)
    weekday, observed = np.arange(120) % 7, np.ones(120, bool)
    grid = path.rate_grid(counts, observed)
    found = [segment.find_changes(counts, weekday, observed, grid, odds, True)[0].size for odds in (0.0, 60.0)]
    assert found == [1, 0]


def test_levels_are_finer_where_days_tell_more():
    grid = np.linspace(-3.0, 6.0, 96)
    sizes = [segment._coarser(grid, mean, size).size for mean, size in [(2.0, 2.0), (50.0, 5.0), (1000.0, 500.0)]]
    assert sizes == [48, 96, 96]  # information of a day 1, 4.5 and 333


def kernel_arguments() -> dict[str, tuple]:
    counts, weekday, observed = series(2, 60)
    changes, rates, profile, size = np.array([20, 41]), np.array([1.0, 5.0, 0.0]), np.linspace(0.7, 1.3, 7), 2.0
    args = (counts, weekday, observed)
    above, rest = noise.tabled(counts, observed)
    total, seen = noise.grouped(counts, weekday, observed, changes)
    fit = (changes, rates, profile, size, 1.5, 0.3)
    steady = (changes[:0], np.array([2.0]), profile, 0.7, 1.0, 0.0)
    days = np.flatnonzero(observed)
    grid = np.linspace(math.log(0.05), math.log(40), 96)
    large = np.where(np.arange(60) == 30, 500.0, counts)  # a day of its own
    rows = np.array([counts, large, (large == 500) * 9.0]), weekday, np.ones((3, 60), bool)
    return {
        "running_mean": (counts, observed),
        "first_guess": (*args, True),
        "surroundings": (total, seen, rates, profile, above, rest, size, True),
        "_equal": (changes, changes.copy()),
        "_coarser": (np.linspace(-3.0, 4.0, 96), 4.0, size),
        "weakest": (total, seen, rates, profile, size),
        "log_likelihood": (above, rest, total, seen, rates, profile, size),
        "_around": (*args, changes, profile, above, rest, size, True),
        "_pays": (*args, above, rest, days, fit, steady),
        "_searched": (*args, grid, 0.0, True, 1, above, rest, days, np.array([2.0]), profile, size),
        "find_changes": (*args, grid, 0.0, True),
        "single_days": (np.array([5, 6, 9, 30]), observed),
        "find_in_rows": (*rows, 0.0, 14, np.zeros((3, 60), bool)),
    }


def test_running_mean_by_numpy():
    counts, _, observed = series(5, 80)
    expected = []
    for t in range(80):
        near = slice(max(t - 14, 0), t + 15)
        expected.append(max(counts[near][observed[near]].mean(), 0.02))
    assert segment.running_mean(counts, observed) == pytest.approx(expected)


def test_likelihood_by_scipy():
    """The differences between two fits, of counts with a fraction too: the rest depends on the counts alone."""
    counts, weekday, observed = series(3, 90)
    counts[[4, 50]] += 0.5
    counts[7] = 3000.0  # beyond the table
    above, rest = noise.tabled(counts, observed)

    def ours(changes, rates, profile, size):
        total, seen = noise.grouped(counts, weekday, observed, changes)
        return segment.log_likelihood(above, rest, total, seen, rates, profile, size)

    def theirs(changes, rates, profile, size):
        mean = profile[weekday] * rates[np.searchsorted(changes, np.arange(90), side="right")]
        terms = gammaln(counts + size) - gammaln(size) + size * np.log(size / (size + mean))
        return (terms + counts * np.log(mean / (size + mean)))[observed].sum()

    fits = [
        (np.array([30, 60]), np.array([0.5, 8.0, 30.0]), np.linspace(0.7, 1.3, 7), 2.0),
        (np.empty(0, np.int64), np.array([12.0]), np.ones(7), 0.3),
    ]
    assert ours(*fits[0]) - ours(*fits[1]) == pytest.approx(theirs(*fits[0]) - theirs(*fits[1]))


def test_the_weakest_change_by_brute_force():
    counts, weekday, observed = series(6, 120)
    changes, profile, size = np.array([25, 40, 80]), np.linspace(0.8, 1.2, 7), 1.5

    def cost(kept):
        total, seen = noise.grouped(counts, weekday, observed, kept)
        return path.cost_of_groups(total, seen, path.rates_of_groups(total, seen, profile, size), profile, size)

    total, seen = noise.grouped(counts, weekday, observed, changes)
    found = segment.weakest(total, seen, path.rates_of_groups(total, seen, profile, size), profile, size)
    lost = [cost(np.delete(changes, k)) - cost(changes) for k in range(3)]
    assert found == (int(np.argmin(lost)), pytest.approx(min(lost)))


def test_a_few_large_days_far_apart_are_no_regimes():
    """Nine tenths of all counts on four days of eight months: two spells of one or two days and the rest next to 0."""
    counts = np.zeros(240)
    counts[[12, 13, 46, 82]], counts[[60, 120, 200]] = [5.0, 4.0, 11.0, 20.0], 1.0
    weekday, observed = np.arange(240) % 7, np.ones(240, bool)
    found = segment.find_changes(counts, weekday, observed, path.rate_grid(counts, observed), 0.0, True)
    assert found[0].size == 0
    assert found[3] < 0.1  # they make the size small instead


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tests the statistics; the kernels have their own tests")
@pytest.mark.parametrize(("mean", "n_days"), [(0.2, 250), (1.0, 250), (0.2, 1000)])
def test_single_large_days_are_no_regimes(mean, n_days):
    """Days without any and a few large ones, size 0.05: in 4 to 17 % of such steady series changes were told once."""
    rng, told = np.random.default_rng([n_days, int(10 * mean)]), 0
    weekday, observed = np.arange(n_days) % 7, np.ones(n_days, bool)
    for _ in range(60):
        counts = rng.negative_binomial(0.05, 0.05 / (0.05 + mean), n_days).astype(float)
        if counts.any():
            grid = path.rate_grid(counts, observed)
            told += segment.find_changes(counts, weekday, observed, grid, math.log(0.5), True)[0].size > 0
    assert told <= 3  # 0 to 1 % were measured


def test_a_weak_change_beside_a_strong_one_is_not_told():
    """Of few changes each must gain 1.25 times the logarithm of the days; of many they must on average gain less."""
    for seed in range(30):
        rng = np.random.default_rng([4, seed])
        counts = rng.negative_binomial(1, 1 / (1 + np.repeat([5.0, 1.0], [100, 80]))).astype(float)
        args = counts, np.arange(180) % 7, np.ones(180, bool)
        changes, rates, profile, size, factor, _ = segment.find_changes(
            *args, path.rate_grid(counts, args[2]), math.log(0.5), True
        )
        if 0 < changes.size <= 3:
            total, seen = noise.grouped(*args, changes)
            assert segment.weakest(total, seen, rates, profile, size)[1] >= 1.25 * factor * math.log(180)


def test_of_many_changes_none_is_told_whose_rates_do_not_differ():
    """Eight levels in 300 clustered days: of more than four changes each gains half the 5 % point of chi-squared."""
    least, many = math.inf, 0
    for seed in range(20):
        rng = np.random.default_rng([8, seed])
        rate = np.repeat([1.0, 4.0, 1.0, 6.0, 2.0, 8.0, 1.0, 3.0], [50, 20, 40, 30, 50, 20, 50, 40])
        latent = np.convolve(rng.normal(0, 0.6, 330), 0.6 ** np.arange(30), "valid")[:300]
        counts = rng.negative_binomial(2, 2 / (2 + rate * np.exp(latent))).astype(float)
        args = counts, np.arange(300) % 7, np.ones(300, bool)
        changes, rates, profile, size, factor, _ = segment.find_changes(
            *args, path.rate_grid(counts, args[2]), 0.0, True
        )
        if changes.size >= 4:
            total, seen = noise.grouped(*args, changes)
            least = min(least, segment.weakest(total, seen, rates, profile, size)[1] / factor)
            many += changes.size > 4
    assert many >= 10
    assert least >= 0.5 * chi2.ppf(0.95, 1) - 0.001  # once 0.007: the two rates were the same


def test_single_days_are_regimes_of_one_observed_day_between_two_changes():
    observed = np.ones(20, np.bool_)
    observed[[6, 7, 12]] = False
    # regimes 0-4, 5-7 (of which only day 5 is observed), 8-11, 12-13 (only day 13), 14, and 15-19
    assert segment.single_days(np.array([5, 8, 12, 14, 15]), observed).tolist() == [5, 13, 14]
    assert segment.single_days(np.array([19]), observed).tolist() == []  # the last regime is never looked at
    assert segment.single_days(np.empty(0, np.int64), observed).tolist() == []
