"""A truce's effect from weeks that may be shown: whole weeks on either side, and an interval that holds the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.series.disclosure import withhold_small_weeks
from conflictts.truce.disclosed import safe_effect, sides_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from anonymised import measured, simulate


def daily(before: float, after: float, first: str = "2019-04-29", days: tuple[int, int] = (126, 63)) -> ct.DailySeries:
    counts = np.repeat([before, after], days)
    return ct.DailySeries.from_counts(pd.Series(counts, pd.date_range(first, periods=len(counts))), measure="incidents")


def test_by_hand():
    """Eighteen weeks of 21 and, from a Monday on, nine of 7, the last two of them beyond the usual 60 days."""
    series, truce = daily(3, 1), ct.Truce("2019-09-02")
    sides = sides_of(series, truce)
    effect = safe_effect(withhold_small_weeks(series, cuts=sides.cuts), truce, sides)
    assert effect.sides["weeks"].tolist() == [17, 8]  # 120 days before begin on a Sunday
    assert effect.sides["total"].tolist() == [17 * 20, 8 * 5]
    assert effect.rate_ratio == pytest.approx(0.25, abs=1e-12)  # 5 over 20; 1/3 unrounded
    assert effect.lower < 0.25 < effect.upper < 1


def test_the_week_that_the_date_cuts_is_on_neither_side():
    sides = sides_of(daily(3, 1), ct.Truce("2019-08-31"))  # a Saturday
    assert sides.before[1] == pd.Timestamp("2019-08-19")
    assert sides.after[0] == pd.Timestamp("2019-09-02")


def test_thin_sides_are_refused():
    series, truce = daily(3, 0.1), ct.Truce("2019-09-02")
    sides = sides_of(series, truce)
    with pytest.raises(TooLittleData, match=r"Too few incidents in 8 whole weeks after the truce: .* 10 must be sure"):
        safe_effect(withhold_small_weeks(series, cuts=sides.cuts), truce, sides)
    sides = sides_of(series, truce, ("2019-08-10", "2019-10-31"))
    with pytest.raises(TooLittleData, match="Only 3 observed whole weeks, Monday to Sunday, before the truce"):
        safe_effect(withhold_small_weeks(series, cuts=sides.cuts), truce, sides)


def test_interval_holds_the_truth():
    """A small seeded version of benchmarks/anonymised.py: at least 85 of 100 intervals of 95 %."""
    rng = np.random.default_rng(5)
    days = pd.date_range("2019-01-01", periods=100)
    found = [measured(simulate(3.0, 0.6, 0.4, rng), day, 0.4) for day in days]
    told = [each for each in found if each is not None]
    assert len(told) >= 95
    assert np.mean([holds for holds, _, _ in told]) >= 0.85
    assert np.quantile(np.abs([moved for _, moved, _ in told]), 0.95) < 0.25
