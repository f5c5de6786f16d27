from __future__ import annotations

import numba
import numpy as np
import pandas as pd
import pytest

from conflictts import Truce, daily_series
from conflictts.errors import CoverageError, TooLittleData
from conflictts.truce import _noise, _path, _scan
from conflictts.truce.onset import scan_onset
from tests.truce.invented import START, made

TRUCE = Truce("2020-05-05", announced="2020-05-03")  # day 120
simulation = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tests the statistics, not the kernels")


def noisy(seed, mean: np.ndarray, size: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).negative_binomial(size, size / (size + mean)).astype(float)


def scanned(counts, seed: int = 1, **options):
    return scan_onset(made(counts), TRUCE, rng=np.random.default_rng(seed), **options)


@pytest.mark.parametrize("late", [-7, 0, 3, 21])
def test_stop_is_dated_to_the_day(late):
    counts = np.tile([4.0, 6.0, 5.0], 60)
    counts[120 + late :] = 0
    onset = scanned(counts, weekday=False, n_simulations=19)
    assert (onset.detected - TRUCE.effective).days == late
    assert onset.onset_set.tolist() == [onset.detected]
    assert onset.p_value == 1 / 20
    assert (onset.rate_before, onset.rate_after) == (pytest.approx(5, rel=0.02), 0)  # 1 to 3 days of an uneven triple
    table = onset.summary()
    assert table["days_from_effective"].tolist() == [-2, 0, late]
    assert table.loc["detected", "in_set"]


@pytest.mark.parametrize(("measure", "days"), [("civilians", {0, 1}), ("deaths", {0, 1})])
def test_truce_of_31_august_in_ucdp(greater_idlib, measure, days):
    daily = daily_series(greater_idlib, measure=measure, coverage=("2018-01-01", "2019-11-30"))
    onset = scan_onset(daily, Truce("2019-08-31"), rng=np.random.default_rng(1), n_simulations=199)
    assert onset.summary().loc["detected", "days_from_effective"] in days
    assert onset.summary().loc["effective", "in_set"]
    assert onset.p_value <= 0.01


@simulation
def test_steady_series_are_rarely_significant():
    small = sum(scanned(noisy([1, k], np.full(180, 3.0)), k, n_simulations=99).p_value <= 0.05 for k in range(120))
    assert small <= 13  # binomial: more than 13 of 120 at 5 % has probability 0.003


@simulation
@pytest.mark.parametrize(("day", "rates"), [(90, (5, 1)), (60, (5, 2)), (106, (5, 2))])
def test_a_change_elsewhere_is_not_told_near_the_date(day, rates):
    """30, 60 and 14 days before the date, and none near it: told of another day, and without a set."""
    found = [scanned(noisy([2, k], np.repeat(np.array(rates, float), [day, 180 - day])), k, n_simulations=39)
             for k in range(20)]  # fmt: skip
    near = [onset for onset in found if onset.p_value <= 0.05]
    assert len(near) <= 4  # binomial: more than 4 of 20 at 5 % has probability 0.003
    assert sum(len(onset.other_changes) > 0 for onset in found) >= 18
    for onset in found:
        if onset.detected is pd.NaT:
            assert onset.p_value == 1
            assert len(onset.onset_set) == 0
            assert np.isnan([onset.rate_before, onset.rate_after]).all()
            assert not onset.summary()["in_set"].any()


@simulation
def test_a_larger_change_elsewhere_does_not_hide_one_at_the_date():
    """From hardly any to 60 a day at day 60, halved at the truce: each is told as what it is."""
    onset = scanned(noisy(1, np.repeat([0.05, 60.0, 30.0], 60), size=50), n_simulations=39)
    assert onset.p_value <= 0.05
    assert TRUCE.effective in onset.onset_set
    assert onset.other_changes.tolist() == [START + pd.Timedelta(days=60)]
    assert onset.window[0] == onset.other_changes[0]
    assert (onset.rate_before, onset.rate_after) == (pytest.approx(60, rel=0.2), pytest.approx(30, rel=0.2))  # noise


def test_nothing_counted_between_two_changes_is_no_change_near_the_date():
    onset = scanned(np.repeat([5.0, 0.0], [80, 100]), weekday=False, n_simulations=19)
    assert onset.p_value == 1
    assert onset.detected is pd.NaT
    assert onset.other_changes.tolist() == [START + pd.Timedelta(days=80)]


def test_evidence_by_brute_force():
    counts = noisy(4, np.repeat([5.0, 2.0], [125, 55]))
    onset = scanned(counts, n_simulations=19)
    weekday, observed = np.arange(180) % 7, np.ones(180, bool)
    _, _, _, profile, size, factor, _ = _scan.scan(counts, weekday, observed, 14, 167, True)

    def cost(changes) -> float:
        total, seen = _noise.grouped(counts, weekday, observed, np.array(changes, dtype=np.int64))
        return _path.cost_of_groups(total, seen, _path.rates_of_groups(total, seen, profile, size), profile, size)

    expected = [2 * (cost([]) - cost([t])) / factor for t in range(113, 142)]
    assert onset.evidence.tolist() == pytest.approx(expected)
    assert onset.evidence.index[0] == TRUCE.effective - pd.Timedelta(days=7)
    assert onset.evidence.index[-1] == TRUCE.effective + pd.Timedelta(days=21)
    assert onset.detected == onset.evidence.idxmax()


def test_same_generator_same_answer():
    counts = noisy(3, np.full(180, 2.0))
    first, second = scanned(counts, n_simulations=49), scanned(counts, n_simulations=49)
    assert first.p_value == second.p_value
    assert 0 < first.p_value <= 1


def test_too_short_a_side_is_refused():
    with pytest.raises(TooLittleData, match="Observed are 113 days before and 8 after the scan"):
        scanned(np.ones(150))
    with pytest.raises(CoverageError, match="took effect on 2020-05-05, outside the days covered"):
        scanned(np.ones(100))


@pytest.mark.parametrize(
    ("options", "message"), [({"level": 95}, "level = 95"), ({"n_simulations": 9}, "n_simulations = 9")]
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        scanned(np.ones(180), **options)
