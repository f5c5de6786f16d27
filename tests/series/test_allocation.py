"""Records of several days laid over their days: by hand, and against a plain loop."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conflictts.series import allocation as module
from conflictts.series.allocation import ALLOCATIONS, add_pieces, draw_allocations, lay_out, some_at_a_time


def allocate(first, last, amounts, n_days, *, allocation):
    """Sums per day of one group, and each record's share inside."""
    layout = lay_out(first, last, n_days, allocation=allocation)
    group = np.zeros(len(first), dtype=np.int64)
    sums = np.zeros((amounts.shape[1], 1, n_days))
    add_pieces(sums, layout, amounts, group)
    return sums[:, 0].T, layout.share_on(np.ones(n_days, dtype=bool))


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


def draw(records, n_days, *, draws, seed=1, drawn_unit="persons"):
    """Draws of one group from (first, length, amount), shape (n_days, draws)."""
    first, length, amounts = np.array(records, dtype=np.int64).reshape(-1, 3).T
    group, rng = np.zeros(len(first), dtype=np.int64), np.random.default_rng(seed)
    return draw_allocations(
        first, first + length - 1, amounts.astype(float), group, n_groups=1, n_days=n_days, draws=draws,
        drawn_unit=drawn_unit, rng=rng,
    )[0]  # fmt: skip


def test_draws_are_multinomial():
    """12 persons over 4 days: each day has mean 3, variance 12 · 1/4 · 3/4 = 9/4; two days covary by -12/16."""
    drawn = draw([(1, 4, 12), (1, 1, 5)], 6, draws=20_000)
    assert (drawn[[0, 5]] == 0).all()
    assert (drawn.sum(axis=0) == 17).all()
    # The mean of 20,000 draws has standard error 1.5 / 141 = 0.011; the bounds below are five standard errors.
    np.testing.assert_allclose(drawn[1:5].mean(axis=1), [8, 3, 3, 3], atol=0.053)
    # That of a variance is about 2.25 · sqrt(2 / 20,000) = 0.023.
    np.testing.assert_allclose(np.diag(np.cov(drawn[1:5])), [9 / 4] * 4, atol=0.12)
    np.testing.assert_allclose(np.cov(drawn[1:5])[0, 1:], [-12 / 16] * 3, atol=0.08)


def test_draws_of_records_keep_each_on_one_day():
    """12 persons on one of 4 days: each day has mean 3, variance 144 · 1/4 · 3/4 = 27, twelve times that of persons."""
    drawn = draw([(1, 4, 12), (1, 1, 5)], 6, draws=20_000, drawn_unit="records")
    assert (drawn.sum(axis=0) == 17).all()
    assert set(np.unique(drawn[2:5])) == {0.0, 12.0}
    # The mean of 20,000 draws has standard error 5.2 / 141 = 0.037; the bound is five of them.
    np.testing.assert_allclose(drawn[1:5].mean(axis=1), [8, 3, 3, 3], atol=0.19)
    np.testing.assert_allclose(np.diag(np.cov(drawn[1:5])), [27] * 4, atol=1.1)  # five of 144 · sqrt(.0469 / 20,000)


def test_draws_leave_out_persons_outside_coverage():
    """Half of the days of 40 persons lie outside: binomial with mean 20 and variance 10."""
    inside = draw([(-2, 4, 40)], 2, draws=20_000).sum(axis=0)
    assert inside.mean() == pytest.approx(20, abs=0.12)  # five standard errors of sqrt(10 / 20,000)
    assert inside.var() == pytest.approx(10, abs=0.5)  # five of 10 · sqrt(2 / 20,000)


@settings(max_examples=40, deadline=None)
@given(
    records=st.lists(st.tuples(st.integers(-15, 25), st.integers(1, 20), st.integers(0, 60)), max_size=8),
    n_days=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_draws_are_whole_and_lose_nobody_inside(records, n_days, seed):
    drawn = draw(records, n_days, draws=3, seed=seed)
    assert (drawn % 1 == 0).all()
    surely = sum(n for first, length, n in records if first >= 0 and first + length <= n_days)
    at_most = sum(n for first, length, n in records if first < n_days and first + length > 0)
    assert (surely <= drawn.sum(axis=0)).all()
    assert (drawn.sum(axis=0) <= at_most).all()
    np.testing.assert_array_equal(drawn, draw(records, n_days, draws=3, seed=seed))


@pytest.mark.parametrize("at_once", [1, 7, 1000])
@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_some_records_at_a_time_give_the_same_to_the_last_bit(monkeypatch, at_once, allocation):
    rng = np.random.default_rng(5)
    first = rng.integers(-40, 120, 300)
    last = first + rng.choice([0, 0, 1, 6, 30, 400], 300)
    amounts, group = rng.gamma(0.5, 3.0, (300, 2)), rng.integers(0, 4, 300)
    expected, found = np.zeros((2, 2, 4, 100))
    add_pieces(expected, lay_out(first, last, 100, allocation=allocation), amounts, group)
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    parts = list(some_at_a_time(first, last, 100))
    for some in parts:
        layout = lay_out(first[some], last[some], 100, allocation=allocation)
        assert len(layout.day) < at_once + 100  # the last record of a part begins within it
        add_pieces(found, layout, amounts[some], group[some])
    assert [position for some in parts for position in range(some.start, some.stop)] == list(range(300))
    np.testing.assert_array_equal(found, expected)
