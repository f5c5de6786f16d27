from __future__ import annotations

import numba
import numpy as np
import pandas as pd
import pytest

from conflictts import DailySeries, detect_changepoints, find_levels
from conflictts.errors import TooLittleData
from conflictts.truce.levels import Levels, can_be_searched, levels_of_rows

N_DAYS = 240
WEEKDAY = np.arange(N_DAYS) % 7


def but_for_single_days(counts: np.ndarray) -> tuple[Levels, list[int]]:
    ((found, alone),) = levels_of_rows(counts[None], WEEKDAY, 0.95, but_for_single_days=True)
    return found, alone.tolist()


def noisy(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mean = np.repeat([6.0, 0.0 if seed % 2 else 1.5, 4.0], N_DAYS // 3) + 1e-9
    counts = rng.negative_binomial(2, 2 / (2 + mean)).astype(float)
    counts[rng.random(N_DAYS) < 0.05] = np.nan
    return counts


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_levels_are_those_of_the_dated_series(seed, level):
    counts = noisy(seed)
    days = pd.date_range("2024-01-01", periods=N_DAYS)  # a Monday
    dated = detect_changepoints(DailySeries.from_counts(pd.Series(counts, days)), level=level)
    found = find_levels(counts, WEEKDAY, level=level)
    assert len(found.changes) >= 1
    assert days[found.changes].equals(dated.dates)
    assert [days[each].tolist() for each in found.sets] == [each.tolist() for each in dated.location_sets]
    # A sum compiled into another caller may be taken in another order.
    np.testing.assert_allclose(found.rates, dated.regimes[["rate", "lower", "upper"]].to_numpy(), rtol=1e-12)
    assert np.array_equal(found.profile, dated.weekday_profile.to_numpy())
    assert (found.size, found.factor) == (dated.size, dated.factor)


def test_counts_are_not_modified_and_may_be_whole_numbers():
    counts = noisy(0)
    before = counts.copy()
    find_levels(counts, WEEKDAY)
    assert np.array_equal(counts, before, equal_nan=True)
    whole = np.nan_to_num(before).astype(int)
    assert find_levels(whole, WEEKDAY).changes.tolist() == find_levels(whole.astype(float), WEEKDAY).changes.tolist()


BAD = [
    pytest.param({"counts": np.ones((2, N_DAYS))}, r"shape \(2, 240\)", id="two series"),
    pytest.param({"weekday": WEEKDAY[1:]}, r"shape \(239,\)", id="lengths differ"),
    pytest.param({"counts": np.r_[-1.0, np.ones(N_DAYS - 1)]}, r"counts\[0\] = -1 is no count", id="negative"),
    pytest.param({"counts": np.r_[np.ones(N_DAYS - 1), np.inf]}, r"counts\[239\] = inf is no count", id="infinite"),
    pytest.param({"weekday": np.arange(N_DAYS) % 8}, "weekday holds 7", id="an eighth day"),
    pytest.param({"level": 95}, "level = 95", id="level in percent"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD)
def test_what_is_no_series_of_counts_is_refused(wrong, message):
    given = {"counts": np.ones(N_DAYS), "weekday": WEEKDAY} | wrong
    with pytest.raises(ValueError, match=message):
        find_levels(**given)


def test_too_little_is_refused():
    with pytest.raises(TooLittleData, match="All 240 observed days are 0"):
        find_levels(np.zeros(N_DAYS), WEEKDAY)
    with pytest.raises(TooLittleData, match="Only 13 observed days"):
        find_levels(np.r_[np.ones(13), np.full(N_DAYS - 13, np.nan)], WEEKDAY)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tests the statistics, not the kernels")
def test_the_rate_of_few_days_is_held_as_often_as_said():
    """A fortnight at 5 a day: with a normal quantile 91 % of 1,338 series held it, with that of t 95 %."""
    held = []
    for seed in range(500):
        counts = np.random.default_rng([3, 14, 5, seed]).negative_binomial(2.0, 2 / 7, 14).astype(float)
        found = find_levels(counts, np.arange(14) % 7)
        if not len(found.changes):
            held.append(found.rates[0, 1] <= 5 <= found.rates[0, 2])
    assert 0.93 <= np.mean(held) <= 0.975  # 440 series: two standard errors are 2 points


@pytest.mark.parametrize("seed", range(3))
def test_levels_but_for_single_days_are_those_without_these_days(seed):
    counts = noisy(seed)
    counts[[50, 120]] = 900.0, 2000.0
    found, alone = but_for_single_days(counts)
    assert {50, 120} <= set(alone)
    counts[alone] = np.nan
    expected = find_levels(counts, WEEKDAY)
    assert found.changes.tolist() == expected.changes.tolist()
    assert [each.tolist() for each in found.sets] == [each.tolist() for each in expected.sets]
    assert np.array_equal(found.rates, expected.rates)


def test_one_day_with_counts_leaves_no_change():
    counts = np.zeros(N_DAYS)
    counts[100] = 60.0
    found, alone = but_for_single_days(counts)
    assert (alone, found.changes.tolist(), found.sets) == ([100], [], ())
    assert found.rates.shape == (1, 3)


def test_many_series_at_once_have_the_levels_of_each_alone():
    """Among them one with a gap, one with nothing but a single day, and one of which single days are left out twice."""
    counts = np.array([noisy(seed) for seed in range(6)])
    counts[1, 60:90] = np.nan
    counts[2] = 0.0
    counts[2, 100] = 60.0
    counts[4, [50, 120]] = 900.0, 2000.0
    before = counts.copy()
    together = levels_of_rows(counts, WEEKDAY, 0.95, but_for_single_days=True)
    assert np.array_equal(counts, before, equal_nan=True)
    assert len({len(found.changes) for found, _ in together}) > 1
    for row, (found, alone) in zip(counts, together, strict=True):
        expected, expected_alone = but_for_single_days(row)
        assert alone.tolist() == expected_alone
        assert found.changes.tolist() == expected.changes.tolist()
        assert [each.tolist() for each in found.sets] == [each.tolist() for each in expected.sets]
        assert np.array_equal(found.rates, expected.rates)
        assert np.array_equal(found.profile, expected.profile)
        assert (found.size, found.factor) == (expected.size, expected.factor)


def test_series_that_cannot_be_searched_are_told_beforehand_and_refused_if_searched_all_the_same():
    thin = np.r_[np.ones(13), np.full(N_DAYS - 13, np.nan)]
    negative, infinite = np.r_[-1.0, np.ones(N_DAYS - 1)], np.r_[np.ones(N_DAYS - 1), np.inf]
    counts = np.array([noisy(0), np.zeros(N_DAYS), thin, negative, infinite, np.full(N_DAYS, np.nan)])
    assert can_be_searched(counts).tolist() == [True, False, False, False, False, False]
    for row in range(1, 6):
        with pytest.raises(ValueError, match=r"observed days|is no count"):
            levels_of_rows(counts[[0, row]], WEEKDAY, 0.95, but_for_single_days=True)
