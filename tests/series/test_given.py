"""Counts that exist already: gaps in them, and running totals taken apart, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import ConflictTSError, CoverageError, InputError, UnknownNameError

DAYS = pd.date_range("2020-01-01", periods=6)
nan = np.nan


def test_days_of_a_declared_gap_may_be_absent_and_are_not_zero():
    counts = pd.Series([2.0, 1.0, 4.0, 0.0], DAYS[[0, 1, 4, 5]])
    daily = ct.DailySeries.from_counts(counts, gaps=[("2020-01-03", "2020-01-04")])
    np.testing.assert_array_equal(daily.counts, [2, 1, nan, nan, 4, 0])
    assert daily.table["status"].tolist() == ["observed"] * 2 + ["unobserved"] * 2 + ["observed"] * 2
    assert daily.account.to_numpy().tolist() == [["counts as given", 4, 7.0]]


def test_counts_given_for_a_gap_are_not_counted_and_accounted_for():
    counts = pd.Series([2.0, 1.0, 9.0, nan, 4.0, 0.0], DAYS)
    daily = ct.DailySeries.from_counts(counts, gaps=[("2020-01-03", "2020-01-04")])
    np.testing.assert_array_equal(daily.counts, [2, 1, nan, nan, 4, 0])
    assert daily.account.to_numpy().tolist() == [["counts as given", 5, 7.0], ["in a declared gap", 1, 9.0]]
    assert counts.tolist()[2] == 9.0


def test_day_missing_outside_the_gap_is_refused():
    counts = pd.Series(1.0, DAYS[[0, 3, 5]])
    with pytest.raises(CoverageError, match=r"2 days are missing, the first 2020-01-02.*gaps=\[\(first, last\)\]"):
        ct.DailySeries.from_counts(counts, gaps=[("2020-01-03", "2020-01-03")])


# Totals by day of January 2020, options -> first day, counts per day.
CUMULATIVE = [
    pytest.param({1: 10, 2: 13, 3: 13}, {}, 2, [3, 0], id="every day: the first only sets the level"),
    pytest.param({1: 10, 2: 13}, {"start": "2019-12-31"}, -1, [5, 5, 3], id="start of the count known"),
    pytest.param({1: 0, 4: 6, 5: 7}, {}, 2, [2, 2, 2, 1], id="spread over the days since"),
    pytest.param({1: 0, 4: 6, 5: 7}, {"rule": "report_day"}, 2, [0, 0, 6, 1], id="all on the day of report"),
    pytest.param({1: 0, 3: nan, 5: 8}, {}, 2, [2, 2, 2, 2], id="blank total is no report"),
    pytest.param(
        {1: 0, 2: 5, 4: 3, 5: 4}, {"corrections": "unobserved"}, 2, [5, nan, nan, 1], id="correction: not observed"
    ),
    pytest.param(
        {1: 0, 2: 5, 3: 6, 4: 3, 5: 4}, {"corrections": "take_back"}, 2, [3, 0, 0, 1], id="correction: taken back"
    ),
    pytest.param(
        {1: 9, 2: 10, 3: 6}, {"corrections": "take_back"}, 2, [0, 0], id="correction larger than all increments"
    ),
    pytest.param(
        {1: 0, 2: 5, 4: 3}, {"corrections": "unobserved", "rule": "report_day"}, 2, [5, nan, nan], id="both rules"
    ),
]


@pytest.mark.parametrize(("totals", "options", "first", "expected"), CUMULATIVE)
def test_running_totals(totals, options, first, expected):
    days = [pd.Timestamp("2019-12-31") + pd.Timedelta(days=day) for day in totals]
    daily = ct.DailySeries.from_cumulative(pd.Series(list(totals.values()), pd.DatetimeIndex(days)), **options)
    np.testing.assert_array_equal(daily.counts, expected)
    start = pd.Timestamp("2020-01-02") if first == 2 else pd.Timestamp("2019-12-31")
    assert daily.coverage[0] == start
    assert (daily.table["status"] == np.where(np.isnan(expected), "unobserved", "observed")).all()


def test_corrections_stand_in_the_account_with_their_day():
    totals = pd.Series([9.0, 10.0, 6.0], DAYS[:3])
    taken = ct.DailySeries.from_cumulative(totals, corrections="take_back").account
    assert taken.to_numpy().tolist() == [
        ["increments between totals", 2, 0.0],
        ["corrected downward on 2020-01-03, taken back from the increments before", 1, -1.0],
        ["corrected downward on 2020-01-03, from before the first day", 0, -3.0],
    ]
    out = ct.DailySeries.from_cumulative(totals, corrections="unobserved").account
    assert out.to_numpy().tolist()[1] == [
        "corrected downward on 2020-01-03, days since the total before left out",
        1,
        -4.0,
    ]


def test_share_from_several_days_is_stated():
    daily = ct.DailySeries.from_cumulative(pd.Series([0.0, 6.0, 8.0], DAYS[[0, 3, 4]]))
    assert (daily.allocated, daily.allocation) == (0.75, "spread")


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 9), st.integers(-20, 60)), min_size=1, max_size=20),
    rule=st.sampled_from(["spread", "report_day"]),
)
def test_taking_back_ends_at_the_last_total(steps, rule):
    """From 0 on, with corrections taken back, the days add up to the last total."""
    days, totals = np.cumsum([0, *[length for length, _ in steps]]), [0.0]
    for _, step in steps:
        totals.append(max(totals[-1] + step, 0.0))
    series = pd.Series(totals, DAYS[0] + pd.to_timedelta(days, unit="D"))
    daily = ct.DailySeries.from_cumulative(series, rule=rule, corrections="take_back")
    assert daily.counts.sum() == pytest.approx(totals[-1], abs=1e-9)  # shares of up to 9 days in binary
    assert (daily.counts >= 0).all()


REFUSED = [
    pytest.param([1, 5, 3], DAYS[:3], {}, InputError, r"1 of 3 running totals.*2020-01-03: 5, then 3", id="falls"),
    pytest.param([1], DAYS[:1], {}, CoverageError, "One running total", id="one total"),
    pytest.param([1, 2], DAYS[[1, 0]], {}, CoverageError, "once and in order", id="order"),
    pytest.param([1, 2], DAYS[[0, 0]], {}, CoverageError, "once and in order", id="twice"),
    pytest.param([1, -2], DAYS[:2], {}, InputError, "1 of 2 running totals are not counts", id="negative"),
    pytest.param([1, 2], DAYS[:2], {"start": "2020-01-02"}, CoverageError, "after the first total", id="start"),
    pytest.param([1, 2], DAYS[:2], {"rule": "even"}, UnknownNameError, "spread, report_day", id="rule"),
    pytest.param([1, 2], DAYS[:2], {"corrections": "smooth"}, UnknownNameError, "take_back", id="corrections"),
]


@pytest.mark.parametrize(("totals", "days", "options", "kind", "message"), REFUSED)
def test_totals_that_cannot_be_taken_apart_are_refused(totals, days, options, kind, message):
    assert issubclass(kind, ConflictTSError)
    with pytest.raises(kind, match=message):
        ct.DailySeries.from_cumulative(pd.Series(totals, days), **options)
