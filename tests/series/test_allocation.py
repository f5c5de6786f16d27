"""Records of several days laid over their days: by hand, and against a plain loop."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conflictts.series.allocation import ALLOCATIONS, allocate

# first day, last day, amount, allocation -> amounts on days 0..4, share inside
KNOWN = [
    pytest.param(1, 1, 6, "spread", [0, 6, 0, 0, 0], 1, id="one day"),
    pytest.param(1, 3, 6, "spread", [0, 2, 2, 2, 0], 1, id="three days spread"),
    pytest.param(0, 4, 10, "spread", [2, 2, 2, 2, 2], 1, id="exactly the coverage"),
    pytest.param(-2, 1, 8, "spread", [2, 2, 0, 0, 0], 1 / 2, id="begins before coverage"),
    pytest.param(4, 7, 8, "spread", [0, 0, 0, 0, 2], 1 / 4, id="ends after coverage"),
    pytest.param(-5, 14, 20, "spread", [1, 1, 1, 1, 1], 1 / 4, id="longer than coverage on both sides"),
    pytest.param(-3, -1, 6, "spread", [0, 0, 0, 0, 0], 0, id="before coverage"),
    pytest.param(5, 9, 6, "spread", [0, 0, 0, 0, 0], 0, id="after coverage"),
    pytest.param(1, 4, 6, "start", [0, 6, 0, 0, 0], 1, id="start"),
    pytest.param(-1, 3, 6, "start", [0, 0, 0, 0, 0], 0, id="start lies before coverage"),
    pytest.param(4, 9, 6, "start", [0, 0, 0, 0, 6], 1, id="start inside, end outside"),
    pytest.param(1, 3, 6, "midpoint", [0, 0, 6, 0, 0], 1, id="middle of three days"),
    pytest.param(1, 4, 6, "midpoint", [0, 0, 6, 0, 0], 1, id="middle of four days is the second"),
    pytest.param(-4, 4, 6, "midpoint", [6, 0, 0, 0, 0], 1, id="middle on the first day of coverage"),
    pytest.param(2, 2, 6, "exact", [0, 0, 6, 0, 0], 1, id="exact"),
]


@pytest.mark.parametrize(("first", "last", "amount", "allocation", "expected", "share"), KNOWN)
def test_one_record(first, last, amount, allocation, expected, share):
    daily, inside = allocate(np.array([first]), np.array([last]), np.array([[amount]]), 5, allocation=allocation)
    assert daily[:, 0].tolist() == expected
    assert inside.tolist() == [share]


def allocate_one_by_one(records, n_days, allocation):
    """Every record and day in turn, in exact fractions."""
    daily = [[Fraction(0), Fraction(0)] for _ in range(n_days)]
    inside = []
    for first, length, *amounts in records:
        days = range(first, first + length)
        if allocation == "midpoint":
            days = [days[(length - 1) // 2]]
        elif allocation != "spread":
            days = [days[0]]
        covered = [day for day in days if 0 <= day < n_days]
        for day in covered:
            for column, amount in enumerate(amounts):
                daily[day][column] += Fraction(amount, len(days))
        inside.append(Fraction(len(covered), len(days)))
    return daily, inside


RECORDS = st.lists(
    st.tuples(
        st.integers(-15, 25),
        st.one_of(st.just(1), st.integers(2, 9), st.integers(10, 90)),
        st.integers(0, 9_000),
        st.integers(1, 9_000),
    ),
    max_size=25,
)


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@settings(max_examples=60, deadline=None)
@given(records=RECORDS, n_days=st.integers(1, 20))
def test_against_a_plain_loop(allocation, records, n_days):
    first, length, *amounts = np.array(records, dtype=np.int64).reshape(-1, 4).T
    table = np.column_stack(amounts).astype(float)
    daily, inside = allocate(first, first + length - 1, table, n_days, allocation=allocation)
    expected_daily, expected_inside = allocate_one_by_one(records, n_days, allocation)
    # Sums of up to 25 shares of up to 9,000: rounding stays far below 1e-9.
    np.testing.assert_allclose(daily, np.array(expected_daily, dtype=float), rtol=0, atol=1e-9)
    np.testing.assert_allclose(inside, np.array(expected_inside, dtype=float), rtol=0, atol=1e-15)
    np.testing.assert_allclose(daily.sum(axis=0), inside @ table, rtol=0, atol=1e-9)
