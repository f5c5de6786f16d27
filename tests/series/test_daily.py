"""Counts per covered day: nothing is lost, nothing is invented, and a quiet day is not an unobserved one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import ConflictTSError, CoverageError, InputError, TooLittleData, UnknownNameError
from conflictts.incidents.table import COLUMNS, COUNTS, DEGREES, Ledger, Provenance
from conflictts.series.allocation import ALLOCATIONS

DAY_0 = pd.Timestamp("2020-01-01")
PARTS = ("low", "best", "high")


def on(day: int) -> pd.Timestamp:
    return DAY_0 + pd.Timedelta(days=day)


def incidents_of(records: list[tuple], *, perpetrator: str = "government") -> ct.Incidents:
    """Incidents from (first day after 1 January 2020, length in days, low, best, high of civilians, is a detail)."""
    table = pd.DataFrame("", index=range(len(records)), columns=list(COLUMNS), dtype="str")
    for column in (*COUNTS, *DEGREES):
        table[column] = np.nan
    table["incident_id"] = [f"I{number}" for number in range(len(records))]
    first, length, low, best, high, detail = zip(*records, strict=True)
    table["date_start"] = pd.Series([on(day) for day in first], dtype="datetime64[us]")
    table["date_end"] = pd.Series([on(d + n - 1) for d, n in zip(first, length, strict=True)], dtype="datetime64[us]")
    for part, numbers in zip(PARTS, (low, best, high), strict=True):
        table[f"civilians_{part}"] = np.array(numbers, dtype=float)
    table["part_of"] = np.where(detail, "I0", "")
    table["perpetrator"] = perpetrator
    empty = pd.DataFrame({"file": [], "row": [], "records": []})
    n = len(records)
    ledger = Ledger(read=n, used=n, quarantined=empty, rejected=empty, excluded=empty, warnings=empty)
    source = Provenance(
        provider="test", files=("x.csv",), sha256=("0" * 64,), rows=n, area="somewhere", licence="", citation=""
    )
    return ct.Incidents(table=table, ledger=ledger, provenance=source)


def series_of(records: list[tuple], first: int, last: int, **options) -> ct.DailySeries:
    options.setdefault("measure", "civilians")
    return ct.daily_series(incidents_of(records), coverage=(on(first), on(last)), **options)


# Records of (first, length, low, best, high, detail) over 1-4 January 2020 -> low, best, high per day.
KNOWN = [
    pytest.param([(1, 1, 1, 2, 3, False)], [0, 1, 0, 0], [0, 2, 0, 0], [0, 3, 0, 0], id="one record"),
    pytest.param([(1, 2, 2, 4, 8, False)], [0, 1, 1, 0], [0, 2, 2, 0], [0, 4, 4, 0], id="two days"),
    pytest.param(
        [(0, 1, 5, 5, None, False)], [5, 0, 0, 0], [5, 0, 0, 0], [5, 0, 0, 0], id="blank bound: best stands in"
    ),
    pytest.param(
        [(0, 1, 5, 5, 5, False), (0, 1, 9, 9, 9, True)], [5, 0, 0, 0], [5, 0, 0, 0], [5, 0, 0, 0], id="detail not added"
    ),
    pytest.param(
        [(0, 1, 1, 1, 1, False), (2, 1, None, None, None, False)],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        id="not stated adds nothing",
    ),
    pytest.param([(3, 2, 2, 4, 6, False)], [0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 3], id="half outside coverage"),
]


@pytest.mark.parametrize(("records", "low", "best", "high"), KNOWN)
def test_known_days(records, low, best, high):
    daily = series_of(records, 0, 3)
    assert daily.table[list(PARTS)].to_numpy().T.tolist() == [low, best, high]
    assert daily.table.index.tolist() == [on(day) for day in range(4)]
    assert (daily.table["status"] == "observed").all()


def test_account_says_what_became_of_every_record_and_death():
    records = [
        (0, 1, 1, 2, None, False),  # counted, no upper bound
        (3, 4, None, 8, 9, False),  # one of four days inside, no lower bound
        (9, 1, 5, 5, None, False),  # outside, so its missing bound does not matter
        (1, 1, 7, 7, 7, True),  # detail
        (1, 1, None, None, None, False),  # not stated
    ]
    daily = series_of(records, 0, 3)
    assert daily.account.to_numpy().tolist() == [
        ["counted", 1, 2.0],
        ["counted for its days inside coverage", 1, 2.0],
        ["  the same records' days outside", 0, 6.0],
        ["outside coverage", 1, 5.0],
        ["detail of a counted record", 1, 7.0],
        ["civilian deaths not stated", 1, 0.0],
    ]
    assert (daily.no_lower_bound, daily.no_upper_bound) == (1, 1)
    assert daily.allocated == 0.5  # 2 of the 4 deaths inside come from the record of four days


def test_exact_leaves_out_records_of_several_days_and_says_so():
    daily = series_of([(0, 1, 1, 1, 1, False), (1, 2, 6, 6, 6, False)], 0, 3, allocation="exact")
    assert daily.counts.tolist() == [1, 0, 0, 0]
    assert daily.account.to_numpy().tolist()[1] == ["not dated to one day (allocation 'exact')", 1, 6.0]


@st.composite
def cases(draw):
    """Records, coverage and allocation; the first record is of one day inside coverage, so that there is a series."""
    last = draw(st.integers(0, 30))
    number = st.integers(0, 500)
    bound = st.one_of(st.none(), number)
    first_record = (draw(st.integers(0, last)), 1, draw(bound), draw(number), draw(bound), False)
    length = st.one_of(st.just(1), st.integers(2, 9), st.integers(10, 70))
    others = st.tuples(st.integers(-15, 40), length, bound, st.one_of(number, st.none()), bound, st.booleans())
    return [first_record, *draw(st.lists(others, max_size=12))], last, draw(st.sampled_from(ALLOCATIONS))


def share_inside(first: int, length: int, last: int, allocation: str) -> Fraction:
    """Share of a record's days that lies on days 0 .. last, in exact fractions."""
    day = {"start": first, "exact": first, "midpoint": first + (length - 1) // 2}
    if allocation != "spread":
        return Fraction(0 <= day[allocation] <= last and not (allocation == "exact" and length > 1))
    return Fraction(sum(0 <= day <= last for day in range(first, first + length)), length)


@settings(max_examples=80, deadline=None)
@given(case=cases())
def test_days_add_up_to_records_inside_coverage(case):
    records, last, allocation = case
    daily = series_of(records, 0, last, allocation=allocation)
    expected = dict.fromkeys((*PARTS, "incidents"), Fraction(0))
    for first, length, low, best, high, detail in records:
        if detail or best is None:
            continue
        share = share_inside(first, length, last, allocation)
        for part, number in zip((*PARTS, "incidents"), (low, best, high, 1), strict=True):
            expected[part] += share * (best if number is None else number)
    for part, total in expected.items():
        assert daily.table[part].sum() == pytest.approx(float(total), abs=1e-9), part  # the promise of daily_series


@settings(max_examples=80, deadline=None)
@given(case=cases())
def test_account_loses_no_record_and_no_death(case):
    records, last, allocation = case
    account = series_of(records, 0, last, allocation=allocation).account
    assert account["records"].sum() == len(records)
    deaths = sum(best for _, _, _, best, _, _ in records if best is not None)
    assert account["best"].sum() == pytest.approx(deaths, abs=1e-9)  # shares of up to 70 days add up in binary


@settings(max_examples=40, deadline=None)
@given(case=cases(), days=st.integers(-20_000, 20_000))
def test_shifting_all_dates_shifts_the_series(case, days):
    records, last, allocation = case
    moved = [(first + days, *rest) for first, *rest in records]
    before = series_of(records, 0, last, allocation=allocation).table
    after = series_of(moved, days, last + days, allocation=allocation).table
    pd.testing.assert_frame_equal(after.set_axis(before.index), before, check_exact=True)
    assert (after.index - before.index == pd.Timedelta(days=days)).all()


@settings(max_examples=40, deadline=None)
@given(case=cases(), seed=st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(case, seed):
    records, last, allocation = case
    shuffled = seed.sample(records, len(records))
    before = series_of(records, 0, last, allocation=allocation)
    after = series_of(shuffled, 0, last, allocation=allocation)
    # Only the order of summation differs.
    pd.testing.assert_frame_equal(after.table, before.table, check_exact=False, rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(
        after.account.sort_values("outcome", ignore_index=True),
        before.account.sort_values("outcome", ignore_index=True),
        check_exact=False,
        rtol=0,
        atol=1e-9,
    )


@settings(max_examples=40, deadline=None)
@given(case=cases(), before=st.integers(0, 30), after=st.integers(0, 30))
def test_wider_coverage_adds_only_quiet_days(case, before, after):
    records, _, allocation = case
    first = min(first for first, *_ in records)
    last = max(first + length - 1 for first, length, *_ in records)
    narrow = series_of(records, first, last, allocation=allocation).table
    wide = series_of(records, first - before, last + after, allocation=allocation).table
    pd.testing.assert_frame_equal(wide.loc[narrow.index], narrow, check_exact=True)
    added = wide.drop(narrow.index)
    assert len(added) == before + after
    assert (added[[*PARTS, "incidents"]] == 0).all(axis=None)


@settings(max_examples=20, deadline=None)
@given(case=cases())
def test_counting_leaves_the_incidents_as_they_were(case):
    records, last, allocation = case
    incidents = incidents_of(records)
    table = incidents.table.copy()
    daily = ct.daily_series(incidents, measure="civilians", coverage=(on(0), on(last)), allocation=allocation)
    daily.table.iloc[:, :4] = -1.0
    pd.testing.assert_frame_equal(incidents.table, table)


@pytest.mark.parametrize(("measure", "total"), [("incidents", 205), ("civilians", 1045)])
def test_measure(idlib, measure, total):
    """Idlib README: 205 counted rows, 1,045 civilians."""
    # One record is spread in fifteenths, which do not add up exactly in binary.
    assert ct.daily_series(idlib, measure=measure).counts.sum() == pytest.approx(total, abs=1e-9)


def test_series_says_where_and_who(idlib):
    daily = ct.daily_series(idlib, measure="civilians", where={"admin1": ["Idlib", "Hama"], "perpetrator": "russia"})
    assert daily.area == "Idlib and north-west Syria, admin1 Idlib or Hama, perpetrator russia"
    assert daily.source == f"press catalogue of the Idlib case, {idlib.provenance.vintage}"
    assert daily.coverage == (pd.Timestamp("2019-04-20"), pd.Timestamp("2020-01-15"))


ONE = [(0, 1, 1, 1, 1, False)]

UNKNOWN = [
    pytest.param({"measure": "wounded"}, "No measure 'wounded'.* incidents, deaths, civilians", id="measure"),
    pytest.param({"allocation": "draws"}, "No allocation 'draws'.* spread, exact, start, midpoint", id="allocation"),
    pytest.param({"where": {"side": "russia"}}, "No column 'side'", id="column"),
    pytest.param({"where": {"perpetrator": "goverment"}}, "Did you mean 'government'", id="value"),
]


@pytest.mark.parametrize(("options", "message"), UNKNOWN)
def test_unknown_name_lists_those_that_exist(options, message):
    with pytest.raises(UnknownNameError, match=message):
        series_of(ONE, 0, 3, **options)


COVERAGES = [
    pytest.param(None, r"test does not say which days it covered.*coverage=\(first, last\)", id="none known"),
    pytest.param(("2020-01-04", "2020-01-01"), r"2020-01-04\.\.2020-01-01 ends before it starts", id="reversed"),
    pytest.param(("2019-01-01", "2019-12-31"), r"None of 1 records.*between 2020-01-01 and 2020-01-01", id="no record"),
    # 201 years, 50 of them leap years (every fourth from 1820 to 2020, without 1900): 201 * 365 + 50 days.
    pytest.param(("1820-01-01", "2020-12-31"), "73,415 days long, more than 73,200", id="two centuries"),
    pytest.param(("2020-02-30", "2020-03-01"), "'2020-02-30' is not a date", id="30 February"),
    pytest.param(("2020-01-01",), "is not a pair of dates", id="one date"),
    pytest.param("2020", "is not a pair of dates", id="text"),
    pytest.param(("2020-01-01", None), "None is not a date", id="open end"),
    pytest.param(("", "2020-01-04"), "'' is not a date", id="blank"),
    pytest.param(tuple(pd.to_datetime(["2020-01-01", "2020-01-04"], utc=True)), "time zone", id="time zone"),
]


@pytest.mark.parametrize(("coverage", "message"), COVERAGES)
def test_coverage_that_cannot_be_used_is_refused(coverage, message):
    with pytest.raises(CoverageError, match=message):
        ct.daily_series(incidents_of(ONE), measure="civilians", coverage=coverage)


NOTHING_STATED = [
    pytest.param("deaths", {}, id="measure that the source never states"),
    pytest.param("civilians", {"where": {"event_type": "ground_clash"}}, id="measure blank in the chosen records"),
]


@pytest.mark.parametrize(("measure", "options"), NOTHING_STATED)
def test_measure_that_no_record_states_is_not_a_series_of_zeros(idlib, measure, options):
    with pytest.raises(TooLittleData, match="state"):
        ct.daily_series(idlib, measure=measure, **options)


def test_no_wanted_value_is_not_a_series_of_zeros(idlib):
    with pytest.raises(ConflictTSError, match="perpetrator"):
        ct.daily_series(idlib, measure="civilians", where={"perpetrator": []})


def test_nothing_dated_to_one_day_is_not_a_series_of_zeros():
    with pytest.raises(ConflictTSError, match="exact"):
        series_of([(0, 2, 5, 5, 5, False)], 0, 3, allocation="exact")


DAYS = pd.date_range("2020-01-01", periods=5)


def test_counts_given_are_kept_and_unobserved_days_marked():
    given = pd.Series([2, np.nan, 0, 1, 5], DAYS)
    daily = ct.DailySeries.from_counts(given, measure="violations", area="Donetsk", source="an office")
    pd.testing.assert_series_equal(daily.counts, given, check_names=False, check_freq=False, check_index_type=False)
    assert daily.table["status"].tolist() == ["observed", "unobserved", "observed", "observed", "observed"]
    assert (daily.unit, daily.area, daily.source) == ("violations", "Donetsk", "an office")
    daily.table.loc["2020-01-01", "best"] = 99
    assert given.tolist()[0] == 2


COUNTS_READ = [
    pytest.param(pd.Series(pd.array([1, None, 3, 4, 5], dtype="Int64"), DAYS), id="Int64 with NA"),
    pytest.param(pd.Series(["1", None, "3", "4", "5"], DAYS, dtype="str"), id="numbers as text"),
    pytest.param(pd.Series([1, None, 3, 4, 5], DAYS, dtype="object"), id="objects"),
]


@pytest.mark.parametrize("counts", COUNTS_READ)
def test_counts_of_any_type_become_numbers(counts):
    expected = [1, np.nan, 3, 4, 5]
    np.testing.assert_array_equal(ct.DailySeries.from_counts(counts).counts.to_numpy(), expected)


COUNTS_REFUSED = [
    pytest.param([1, -2, 0, 0, -1], r"2 of 5 daily counts.*-2.* on 2020-01-02", id="negative"),
    pytest.param([1, 0, "many", 0, 1], r"1 of 5 daily counts.*'many' on 2020-01-03", id="text"),
    pytest.param([1, 0, 0, "nan", 1], r"1 of 5 daily counts.*'nan' on 2020-01-04", id="nan as text"),
    pytest.param([1, np.inf, 0, 0, 1], r"1 of 5 daily counts.*inf.* on 2020-01-02", id="infinite"),
]


@pytest.mark.parametrize(("numbers", "message"), COUNTS_REFUSED)
def test_number_that_is_no_count_is_named_with_its_day(numbers, message):
    with pytest.raises(InputError, match=message):
        ct.DailySeries.from_counts(pd.Series(numbers, DAYS))


INDEXES_REFUSED = [
    pytest.param(DAYS.delete(2), "1 days are missing, the first 2020-01-03", id="missing day"),
    pytest.param(DAYS.insert(2, DAYS[2]), "repeat", id="day twice"),
    pytest.param(DAYS[::-1], "in order", id="last day first"),
    pytest.param(DAYS[[0, 2, 1, 3, 4]], "in order", id="two days exchanged"),
    pytest.param(DAYS.tz_localize("UTC"), "without a time zone", id="time zone"),
    pytest.param(DAYS + pd.Timedelta(hours=6), "whole days", id="hours"),
    pytest.param(DAYS[:0], "met 0 rows", id="empty"),
    pytest.param(pd.RangeIndex(5), "met 5 rows indexed by int64.*pd.to_datetime", id="no dates"),
    pytest.param(pd.PeriodIndex(DAYS, freq="D"), r"indexed by period\[D\]", id="periods"),
]


@pytest.mark.parametrize(("index", "message"), INDEXES_REFUSED)
def test_index_that_is_not_every_day_once_is_refused(index, message):
    with pytest.raises(CoverageError, match=message):
        ct.DailySeries.from_counts(pd.Series(1.0, index))


def test_days_out_of_order_are_not_called_repeated():
    with pytest.raises(CoverageError) as refusal:
        ct.DailySeries.from_counts(pd.Series(1.0, DAYS[::-1]))
    assert "repeat" not in str(refusal.value)


def test_monthly_summary_counts_observed_days_only():
    days = pd.date_range("2020-01-30", "2020-03-01")
    daily = ct.DailySeries.from_counts(pd.Series([4.0, 0.0, *[np.nan] * 29, 3.0], days))
    summary = daily.summary()
    assert summary["days"].tolist() == [2, 0, 1]
    np.testing.assert_array_equal(summary["per_day"], [2, np.nan, 3])
    np.testing.assert_array_equal(summary["best"], [4, np.nan, 3])  # a month that nobody watched is not a quiet one
