"""First days of erosion and collapse over all courses: against every course told one by one, and by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conflictts.truce import _path, _posterior, _split
from conflictts.truce.beginnings import EACH, beginnings

PROFILE = np.array([1.3, 1.0, 0.9, 1.1, 1.0, 0.9, 0.8])
BOUND, SIZE, FACTOR = 2.0, 0.8, 1.4


def one_by_one(counts, day_of_week, observed):
    """Weight of the courses with an erosion and with a collapse by its first day, each course multiplied out."""
    n_days = len(counts)
    grid = _path.rate_grid(counts, observed)
    seen = counts[observed]
    prior = _posterior.level_prior(grid, np.log(seen.mean()), _posterior.reach(seen))
    mean = PROFILE[day_of_week][:, None] * np.exp(grid)
    log = counts[:, None] * np.log(mean / (mean + SIZE)) - SIZE * np.log1p(mean / SIZE)
    likelihood = np.exp(np.where(observed[:, None], log, 0.0) / FACTOR)
    low = grid < np.log(BOUND)
    calm, collapse = prior * low / prior[low].sum(), prior * ~low / prior[~low].sum()
    between = [prior * low * (grid > level) for level in grid]
    erosion = [each / each.sum() if each.any() else each for each in between]
    span = {
        (begin, end): likelihood[begin:end].prod(axis=0) for begin, end in itertools.combinations(range(n_days + 1), 2)
    }
    chance = EACH / (n_days - 1)

    def collapse_from(first):
        """Of one rate or of one after another."""
        one = collapse @ span[first, n_days]
        two = [(collapse @ span[first, day]) * (collapse @ span[day, n_days]) for day in range(first + 1, n_days)]
        return one + chance * sum(two)

    eroding, collapsed = np.zeros(n_days), np.zeros(n_days)
    for first in range(1, n_days):
        quiet = calm * span[0, first]
        worse = sum(weight * levels for weight, levels in zip(quiet, erosion, strict=True))
        eroding[first] += chance * worse @ span[first, n_days]
        collapsed[first] += chance * quiet.sum() * collapse_from(first)
        for second in range(first + 1, n_days):
            weight = chance**2 * (worse @ span[first, second]) * collapse_from(second)
            eroding[first] += weight
            collapsed[second] += weight
    for one, other in itertools.product(np.flatnonzero(low), np.flatnonzero(~low)):
        path = np.rint(one + (other - one) * (np.arange(n_days) / (n_days - 1))).astype(int)
        passes = np.ceil((np.log(BOUND) - grid[one]) / (grid[other] - grid[one]) * (n_days - 1))
        collapsed[int(passes)] += EACH * calm[one] * collapse[other] * likelihood[np.arange(n_days), path].prod()
    return eroding / eroding.sum(), collapsed / collapsed.sum()


@pytest.mark.parametrize("gap", [False, True], ids=["all observed", "gap"])
def test_every_course_is_weighed(gap):
    counts = np.array([0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 6.0, 3.0, 5.0, 4.0])
    observed = np.ones(len(counts), bool)
    if gap:
        observed[[3, 8]] = False
        counts[[3, 8]] = 0.0
    day_of_week = (np.arange(len(counts)) % 7).astype(np.int64)
    found = beginnings(counts, day_of_week, observed, BOUND, 0.0, PROFILE, SIZE, FACTOR, 0.0)
    for p, expected in zip(found, one_by_one(counts, day_of_week, observed), strict=True):
        # a factor without fading shares back to the day before: (1.4 - 1) / 2
        shared = expected + 0.2 * np.append(expected[1:], 0.0) * (np.arange(len(counts)) > 0)
        np.testing.assert_allclose(p, shared / shared.sum(), rtol=1e-9)  # the same sums in another order


def test_a_change_may_be_as_much_earlier_as_the_days_remember():
    p = np.zeros(7)
    p[5] = 1.0
    share, phi = 0.8, 0.5
    factor = 1 + 2 * share * phi / (1 - phi)
    odds = [0.0, share * phi**4, share * phi**3, share * phi**2, share * phi, 1.0, 0.0]
    forgotten = p.copy()
    _split.fade(forgotten, 1.0, 0.0)
    np.testing.assert_array_equal(forgotten, p)
    _split.fade(p, factor, phi)
    np.testing.assert_allclose(p, odds, rtol=1e-12)  # rounding


@pytest.mark.parametrize(
    ("counts", "bound"),
    [pytest.param(np.zeros(20), 2.0, id="none"), pytest.param(np.tile([0.0, 1.0], 10), 1e6, id="far below")],
)
def test_without_a_collapse_that_could_be_no_day_is_its_first(counts, bound):
    day_of_week = (np.arange(20) % 7).astype(np.int64)
    for p in beginnings(counts, day_of_week, np.ones(20, bool), bound, 0.2, PROFILE, SIZE, FACTOR, 0.3):
        np.testing.assert_array_equal(p, 0.0)


def test_a_plain_jump_is_dated_to_the_day():
    counts = np.repeat([1.0, 20.0], 30)
    day_of_week = (np.arange(60) % 7).astype(np.int64)
    _, collapsed = beginnings(counts, day_of_week, np.ones(60, bool), 5.0, 0.0, np.ones(7), 50.0, 1.0, 0.0)
    assert collapsed.argmax() == 30
    assert collapsed[30] > 0.95


def test_an_unsure_bound_is_the_mean_over_what_it_may_be():
    """A rate that climbs is back at half of the rate before on a day that is as unsure as that rate."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(0.8 * 1.14 ** (np.arange(134) / 7)).astype(float)
    rest = (np.arange(134) % 7).astype(np.int64), np.ones(134, bool)
    noise = np.ones(7), 50.0, 1.0, 0.0
    found = beginnings(counts, *rest, 4.0, 0.15, *noise)
    drawn = np.exp(0.15 * rng.normal(size=300))
    expected = np.mean([beginnings(counts, *rest, 4.0 * each, 0.0, *noise) for each in drawn], axis=0)
    days = np.arange(134)
    for p, its in zip(found, expected, strict=True):
        assert days @ p == pytest.approx(days @ its, abs=1.0)  # 300 draws tell the mean to about half a day
        assert np.abs(p.cumsum() - its.cumsum()).max() < 0.06
    sure = beginnings(counts, *rest, 4.0, 0.0, *noise)[1]
    width = [np.sqrt((days - days @ p) ** 2 @ p) for p in (sure, found[1])]
    assert width[1] > 1.15 * width[0]
