"""Counts per covered day: nothing is lost, nothing is invented, and a quiet day is not an unobserved one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import ConflictTSError, CoverageError, InputError, TooLittleData, UnknownNameError
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import COLUMNS, COUNTS, DEGREES, Ledger, Provenance
from conflictts.series.allocation import ALLOCATIONS

DAY_0 = pd.Timestamp("2020-01-01")
PARTS = ("low", "best", "high")
ONE = [(0, 1, 1, 1, 1, False)]


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
        provider="test",
        inputs=(Input("records", "x.csv", n, "0" * 64),),
        rows=n,
        area="somewhere",
        licence="",
        citation="",
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


def test_details_of_records_that_are_not_counted_are_told_apart(idlib):
    """Their totals name another perpetrator, or both: what Russia is named for in details alone is in no series."""
    daily = ct.daily_series(idlib, measure="civilians", where={"perpetrator": "russia"})
    table = idlib.table.set_index("incident_id")
    held, apart = [0, 0.0], [0, 0.0]
    for _, record in table[(table["perpetrator"] == "russia") & (table["part_of"] != "")].iterrows():
        total = table.loc[record["part_of"]]
        counted = total["perpetrator"] == "russia" and total["civilians_best"] >= 0
        tally = held if counted else apart
        tally[0] += 1
        tally[1] += np.nan_to_num(record["civilians_best"])
    account = daily.account.set_index("outcome")[["records", "best"]]
    assert account.loc["detail of a counted record"].tolist() == held
    assert account.loc["detail of a record that is not counted"].tolist() == apart
    assert min(held[0], apart[0]) > 0


def test_a_detail_of_a_detail_is_one_of_the_counted_record():
    incidents = incidents_of([(0, 1, 5, 5, 5, False), (0, 1, 3, 3, 3, True), (0, 1, 2, 2, 2, True)])
    incidents.table.loc[2, "part_of"] = "I1"
    daily = ct.daily_series(incidents, measure="civilians", coverage=(on(0), on(3)))
    assert daily.account.to_numpy().tolist()[-1] == ["detail of a counted record", 2, 5.0]


def test_exact_leaves_out_records_of_several_days_and_says_so():
    daily = series_of([(0, 1, 1, 1, 1, False), (1, 2, 6, 6, 6, False)], 0, 3, allocation="exact")
    assert daily.counts.tolist() == [1, 0, 0, 0]
    assert daily.account.to_numpy().tolist()[1] == ["not dated to one day (allocation 'exact')", 1, 6.0]


@st.composite
def cases(draw):
    """Records, last day and options; the first record is of one day that is observed, so that there is a series."""
    last = draw(st.integers(0, 30))
    number = st.integers(0, 500)
    bound = st.one_of(st.none(), number)
    first_record = (draw(st.integers(0, last)), 1, draw(bound), draw(number), draw(bound), False)
    length = st.one_of(st.just(1), st.integers(2, 9), st.integers(10, 70))
    begin = st.one_of(st.integers(-15, 40), st.integers(-60, -11))
    others = st.tuples(begin, length, bound, st.one_of(number, st.none()), bound, st.booleans())
    gaps = draw(st.lists(st.tuples(st.integers(0, last), st.integers(0, 6)), max_size=3))
    gaps = [(begin, begin + more) for begin, more in gaps if not begin <= first_record[0] <= begin + more]
    options = {
        "allocation": draw(st.sampled_from([*ALLOCATIONS, "spread", "spread"])),
        "gaps": [(on(first), on(end)) for first, end in gaps],
    }
    return [first_record, *draw(st.lists(others, max_size=12))], last, options


def observed_days(last: int, gaps) -> set[int]:
    return {day for day in range(last + 1) if not any(first <= on(day) <= end for first, end in gaps)}


def share_observed(first: int, length: int, observed: set[int], allocation: str) -> Fraction:
    """Share of a record's days that was observed, in exact fractions."""
    day = {"start": first, "exact": first, "midpoint": first + (length - 1) // 2}
    if allocation != "spread":
        return Fraction(day[allocation] in observed and not (allocation == "exact" and length > 1))
    return Fraction(sum(day in observed for day in range(first, first + length)), length)


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_days_add_up_to_records_inside_coverage(case):
    records, last, options = case
    daily = series_of(records, 0, last, **options)
    observed = observed_days(last, options["gaps"])
    expected = dict.fromkeys((*PARTS, "incidents"), Fraction(0))
    for first, length, low, best, high, detail in records:
        if detail or best is None:
            continue
        share = share_observed(first, length, observed, options["allocation"])
        for part, number in zip((*PARTS, "incidents"), (low, best, high, 1), strict=True):
            expected[part] += share * (best if number is None else number)
    for part, total in expected.items():
        assert daily.table[part].sum() == pytest.approx(float(total), abs=1e-9), part  # the promise of daily_series
    status = ["observed" if day in observed else "unobserved" for day in range(last + 1)]
    assert daily.table["status"].tolist() == status
    assert (daily.table[[*PARTS, "incidents"]].isna().all(axis=1) == (daily.table["status"] == "unobserved")).all()


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_account_loses_no_record_and_no_death(case):
    records, last, options = case
    account = series_of(records, 0, last, **options).account
    assert account["records"].sum() == len(records)
    deaths = sum(best for _, _, _, best, _, _ in records if best is not None)
    assert account["best"].sum() == pytest.approx(deaths, abs=1e-9)  # shares of up to 70 days add up in binary


@settings(max_examples=25, deadline=None)
@given(case=cases(), days=st.one_of(st.integers(-60_000, -8_000), st.integers(-400, 400)))
def test_shifting_all_dates_shifts_the_series(case, days):
    records, last, options = case
    moved = [(first + days, *rest) for first, *rest in records]
    step = pd.Timedelta(days=days)
    later = options | {"gaps": [(first + step, end + step) for first, end in options["gaps"]]}
    before = series_of(records, 0, last, **options).table
    after = series_of(moved, days, last + days, **later).table
    pd.testing.assert_frame_equal(after.set_axis(before.index), before, check_exact=True)
    assert (after.index - before.index == step).all()


@settings(max_examples=25, deadline=None)
@given(case=cases(), seed=st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(case, seed):
    records, last, options = case
    shuffled = [records[0], *seed.sample(records[1:], len(records) - 1)]  # the first is that which others detail
    before = series_of(records, 0, last, **options)
    after = series_of(shuffled, 0, last, **options)
    # Only the order of summation differs.
    pd.testing.assert_frame_equal(after.table, before.table, check_exact=False, rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(after.account, before.account, check_exact=False, rtol=0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(case=cases(), chosen=st.lists(st.booleans(), min_size=12, max_size=12))
def test_series_of_two_halves_of_a_file_add_up_to_that_of_the_whole(case, chosen):
    """Each half keeps the first record, which makes sure of a series, and which is then taken off once."""
    (shared, *others), last, options = case
    halves = [[shared, *(record for record, put in zip(others, chosen, strict=False) if put is half)]
              for half in (True, False)]  # fmt: skip
    one, two, whole, once = (
        series_of(part, 0, last, **options).table[[*PARTS, "incidents"]]
        for part in (*halves, [shared, *others], [shared])
    )
    # Only the order of summation differs.
    pd.testing.assert_frame_equal(one + two - once, whole, check_exact=False, rtol=0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(case=cases(), before=st.integers(0, 30), after=st.integers(0, 30))
def test_wider_coverage_adds_only_quiet_days(case, before, after):
    records, last, options = case
    first = min(0, *(first for first, *_ in records))
    last = max(last, *(first + length - 1 for first, length, *_ in records))
    narrow = series_of(records, first, last, **options).table
    wide = series_of(records, first - before, last + after, **options).table
    pd.testing.assert_frame_equal(wide.loc[narrow.index], narrow, check_exact=True)
    added = wide.drop(narrow.index)
    assert len(added) == before + after
    # A gap may reach beyond the days of the narrow coverage.
    assert (added.loc[added["status"] == "observed", [*PARTS, "incidents"]] == 0).all(axis=None)
    assert added.loc[added["status"] == "unobserved", "best"].isna().all()


def test_record_in_a_gap_is_not_counted_and_has_a_line_of_its_own():
    records = [
        (0, 1, 1, 2, 3, False),  # counted
        (2, 1, 5, 5, 5, False),  # in the gap
        (1, 4, 4, 8, 12, False),  # of its four days two are in the gap, one observed, one outside
        (3, 9, 9, 9, 9, False),  # in the gap and outside
    ]
    daily = series_of(records, 0, 3, gaps=[(on(2), on(3))])
    np.testing.assert_array_equal(daily.table["best"], [2, 2, np.nan, np.nan])
    np.testing.assert_array_equal(daily.table["high"], [3, 3, np.nan, np.nan])
    assert daily.table["status"].tolist() == ["observed", "observed", "unobserved", "unobserved"]
    assert daily.account.to_numpy().tolist() == [
        ["counted", 1, 2.0],
        ["counted for its days inside coverage", 1, 2.0],
        ["  the same records' days outside", 0, 2.0],
        ["  the same records' days not observed", 0, 4.0],
        ["on days not observed", 2, 14.0],
    ]


GAPS_REFUSED = [
    pytest.param([("2020-02-01", "2020-02-03")], r"2020-02-01\.\.2020-02-03 touches none of the days", id="elsewhere"),
    pytest.param([("2020-01-03", "2020-01-01")], r"gap 2020-01-03\.\.2020-01-01 ends before", id="reversed"),
    pytest.param([("2019-12-01", "2020-02-01")], "take all 4 days covered", id="all days"),
    pytest.param([("2020-01-01", "2020-01-01")], "1 of them lie on days not observed", id="all records"),
    pytest.param(["2020-01-01"], "is not a pair of dates", id="one date"),
]


@pytest.mark.parametrize(("gaps", "message"), GAPS_REFUSED)
def test_gap_that_cannot_be_meant_is_refused(gaps, message):
    with pytest.raises(CoverageError, match=message):
        series_of(ONE, 0, 3, gaps=gaps)


# low, best, high of deaths, of civilians, and best of combatants -> those of its deadliness and the bounds not stated;
# a blank bound is filled by the best figure.
NO = (None, None, None)
DEADLY = [
    pytest.param((0, 3, 5), NO, None, [0, 1, 1], (0, 0), id="perhaps nobody"),
    pytest.param((2, 3, None), NO, None, [1, 1, 1], (0, 0), id="at most one incident, however many died"),
    pytest.param((None, 3, None), NO, None, [1, 1, 1], (1, 0), id="no lower bound"),
    pytest.param((0, 0, 4), NO, None, [0, 0, 1], (0, 0), id="perhaps somebody"),
    pytest.param((0, 0, None), NO, None, [0, 0, 0], (0, 1), id="nobody, no upper bound"),
    pytest.param((0, 0, 0), NO, None, [0, 0, 0], (0, 0), id="nobody"),
    pytest.param(NO, (1, 2, 3), None, [1, 1, 1], (0, 0), id="civilians, deaths blank"),
    pytest.param(NO, (0, 1, None), None, [0, 1, 1], (0, 0), id="perhaps a civilian"),
    pytest.param((0, 0, 0), (1, 2, 3), None, [1, 1, 1], (0, 0), id="civilians, whatever deaths say"),
    pytest.param(NO, NO, 4, [1, 1, 1], (1, 0), id="combatants, no lower bound"),
    pytest.param(NO, (0, 0, 0), 4, [1, 1, 1], (1, 0), id="combatants, no civilian"),
    pytest.param((0, 4, 4), NO, 4, [0, 1, 1], (0, 0), id="combatants, perhaps nobody"),
    pytest.param(NO, (0, 0, 0), 0, [0, 0, 0], (0, 1), id="nobody on either side"),
    pytest.param((7, 7, 0), NO, None, [1, 1, 1], (0, 0), id="high below best"),
]


@pytest.mark.parametrize(("deaths", "civilians", "combatants", "expected", "unstated"), DEADLY)
def test_deadly_incidents(deaths, civilians, combatants, expected, unstated):
    records = [(0, 1, *civilians, False), (2, 1, None, None, None, False), (3, 1, 0, 0, 0, False)]
    incidents = incidents_of(records)
    for part, number in zip(PARTS, deaths, strict=True):
        incidents.table.loc[0, f"deaths_{part}"] = np.nan if number is None else number
    incidents.table.loc[0, "combatants_best"] = np.nan if combatants is None else combatants
    daily = ct.daily_series(incidents, measure="deadly incidents", coverage=(on(0), on(3)))
    assert daily.table.iloc[0, :3].tolist() == expected
    assert (daily.no_lower_bound, daily.no_upper_bound) == unstated
    assert daily.table.iloc[1:, :3].to_numpy().sum() == 0  # one states no dead, the other no dead civilian
    assert daily.account.to_numpy().tolist()[1] == ["deadly incidents not stated", 2, 0.0]
    assert daily.unit == "deadly incidents"


def test_deadly_incidents_of_syria(syria):
    """Counted by hand from the table: records with deaths above 0. Three state a high of 0 below their best figure."""
    daily = ct.daily_series(syria, measure="deadly incidents", coverage=("2016-01-01", "2019-12-31"))
    for part, more in zip(PARTS, (0, 0, 3), strict=True):
        expected = (syria.table[f"deaths_{part}"] > 0).sum() + more
        assert daily.table[part].sum() == pytest.approx(expected, abs=1e-6)
    assert daily.table["low"].sum() < daily.table["high"].sum()


def test_deadly_incidents_of_the_catalogue(idlib):
    """It states no deaths of all sides: 198 records have dead civilians, one of them perhaps, 7 dead combatants."""
    daily = ct.daily_series(idlib, measure="deadly incidents")
    assert daily.table[list(PARTS)].sum().tolist() == pytest.approx([204, 205, 205])  # records of several days: thirds
    assert daily.no_lower_bound == 7


def test_draws_vary_around_the_spread_series(idlib):
    """The catalogue's records of several days are laid out anew in each draw; those of one day stay."""
    options = {"measure": "civilians", "gaps": [("2019-08-10", "2019-08-12")]}
    spread = ct.daily_series(idlib, **options)
    drawn = ct.daily_series(idlib, draws=400, rng=np.random.default_rng(3), **options)
    pd.testing.assert_frame_equal(drawn.table, spread.table)
    assert drawn.draws.index.equals(spread.table.index)
    assert (drawn.draws.isna().all(axis=1) == spread.counts.isna()).all()
    # At most 13 persons on two days: variance 3.25, so that a mean of 400 draws has a standard error of 0.09.
    np.testing.assert_allclose(drawn.draws.mean(axis=1), spread.counts, atol=0.4)
    again = ct.daily_series(idlib, draws=400, rng=np.random.default_rng(3), **options)
    pd.testing.assert_frame_equal(again.draws, drawn.draws)
    months = drawn.summary()
    assert (months["drawn_least"] <= months["drawn_most"]).all()
    assert drawn.draws.loc["2019-05-19"].std() > 0  # 10 persons on 19 or 20 May
    assert "drawn_least" not in spread.summary()


def test_draws_of_records_may_count_in_fractions():
    daily = series_of([(0, 2, 1, 1.5, 2, False)], 0, 3, draws=40, drawn_unit="records", rng=np.random.default_rng(1))
    assert set(np.unique(daily.draws.iloc[:2])) == {0.0, 1.5}
    assert (daily.draws.sum() == 1.5).all()


DRAWS_REFUSED = [
    pytest.param({"draws": 5}, "rng=np.random.default_rng", id="no source of chance"),
    pytest.param({"draws": 0, "rng": 1}, "draws = 0", id="none"),
    pytest.param({"draws": 5, "rng": 1, "allocation": "start"}, "allocation 'start' fixes them", id="allocation"),
    pytest.param({"draws": 5, "rng": 1, "drawn_unit": "deaths"}, "No drawn_unit 'deaths'", id="unit"),
    pytest.param({"draws": 5, "rng": 1, "best": 1.5}, "1 of 1 records count in fractions, the first 1.5", id="halves"),
]


@pytest.mark.parametrize(("options", "message"), DRAWS_REFUSED)
def test_draws_that_cannot_be_made_are_refused(options, message):
    options = dict(options)
    record = (0, 1, 1, options.pop("best", 1), 2, False)
    if "rng" in options:
        options["rng"] = np.random.default_rng(options["rng"])
    with pytest.raises(ConflictTSError, match=message):
        series_of([record], 0, 3, **options)


def test_choice_of_allocation_moves_syria(syria):
    """DESIGN.md section 3: start-date assignment puts 16,558 deaths on 1 January 2016, where spreading puts 70."""
    first_day = {
        allocation: ct.daily_series(
            syria, measure="deaths", coverage=("2016-01-01", "2019-12-31"), allocation=allocation
        ).counts.iloc[0]
        for allocation in ALLOCATIONS
    }
    assert {name: round(count) for name, count in first_day.items()} == {
        "spread": 70, "exact": 25, "start": 16_558, "midpoint": 25,
    }  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(case=cases())
def test_counting_leaves_the_incidents_as_they_were(case):
    records, last, options = case
    incidents = incidents_of(records)
    table = incidents.table.copy()
    daily = ct.daily_series(incidents, measure="civilians", coverage=(on(0), on(last)), **options)
    daily.table.iloc[:, :4] = -1.0
    pd.testing.assert_frame_equal(incidents.table, table)


@pytest.mark.parametrize(("measure", "total"), [("incidents", 205), ("civilians", 1045)])
def test_measure(idlib, measure, total):
    """Idlib README: 205 counted rows, 1,045 civilians."""
    # One record is spread in fifteenths, which do not add up exactly in binary.
    assert ct.daily_series(idlib, measure=measure).counts.sum() == pytest.approx(total, abs=1e-9)


def test_series_says_where_and_who(idlib):
    daily = ct.daily_series(idlib, measure="civilians", where={"admin1": ["Idlib", "Hama"], "perpetrator": "russia"})
    assert daily.area == "Idlib and north-west Syria, admin1 Idlib or Hama, perpetrator Russia"
    both = ct.daily_series(idlib, measure="civilians", where={"perpetrator": ["russia", "government_or_russia"]})
    assert both.area.endswith("perpetrator “Russia” or “government or Russia”")
    assert daily.source == f"press catalogue of the Idlib case, {idlib.provenance.vintage}"
    assert daily.coverage == (pd.Timestamp("2019-04-20"), pd.Timestamp("2020-01-15"))


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
    pytest.param(("2020-01-01", "2150-01-10"), r"ends on 2150-01-10, and today is 20\d\d-", id="days to come"),
    # Each of these was read, as 2 January, 1 February and 1 January: days that the writer may not have meant.
    pytest.param(("01/02/2020", "2020-01-10"), "'01/02/2020' is not a date written as YYYY-MM-DD", id="slashes"),
    pytest.param(("2020-01-01", "2020-02"), "'2020-02' is not a date written as YYYY-MM-DD", id="month"),
    pytest.param((2020, "2020-01-04"), "2020 is not a date", id="number"),
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


@pytest.mark.parametrize("kind", [list, np.array, pd.Index, pd.Series, lambda names: pd.Series(names).unique()])
def test_wanted_values_may_come_in_any_sequence(idlib, kind):
    where = {"admin1": kind(["Idlib", "Hama"])}
    daily = ct.daily_series(idlib, measure="civilians", where=where)
    by_area = ct.daily_series(idlib, measure="civilians", by="admin1")
    assert daily.counts.sum() == by_area["Idlib"].counts.sum() + by_area["Hama"].counts.sum()
    assert daily.area.endswith("admin1 Idlib or Hama")


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


def through(incidents: ct.Incidents, day: str) -> ct.Incidents:
    return replace(incidents, provenance=replace(incidents.provenance, data_through=pd.Timestamp(day)))


def test_days_after_the_sources_last_day_are_unobserved():
    """Five deaths on 9-10 January of which one day is covered, one later; the source ends on the 9th."""
    case = incidents_of([(0, 1, 3, 3, 3, False), (8, 2, 4, 4, 4, False), (10, 1, 1, 1, 1, False)])
    options = {"measure": "civilians", "coverage": ("2020-01-01", "2020-01-12")}
    daily = ct.daily_series(through(case, "2020-01-09"), **options, lag=3, retrieved_on="2020-01-13")
    assert daily.table["status"].tolist() == ["observed"] * 9 + ["unobserved"] * 3
    assert daily.counts.iloc[:9].tolist() == [3, 0, 0, 0, 0, 0, 0, 0, 2]
    assert daily.counts.iloc[9:].isna().all()
    assert daily.account.set_index("outcome")["best"].to_dict() == {
        "counted": 3.0,
        "counted for its days inside coverage": 2.0,
        "  the same records' days not observed": 2.0,
        "on days not observed": 1.0,
    }
    assert daily.source.endswith("which ends on 2020-01-09")
    ends_before = ct.daily_series(through(case, "2020-01-12"), **options)
    assert (ends_before.table["status"] == "observed").all()
    assert ends_before.source == ct.daily_series(case, **options).source
    panel = ct.daily_series(through(case, "2020-01-09"), **options, by="perpetrator")
    assert (panel["government"].table["status"] == "unobserved").sum() == 3


def test_coverage_after_the_sources_last_day_is_refused(idlib):
    with pytest.raises(CoverageError, match=r"begins after.*2019-03-31"):
        ct.daily_series(through(idlib, "2019-03-31"), measure="civilians")


def test_day_of_retrieval_is_taken_from_the_source(idlib):
    """Retrieved on 20 January 2020, settled after 8 days: 13 to 15 January are provisional."""
    known = replace(idlib, provenance=replace(idlib.provenance, retrieved_on=pd.Timestamp("2020-01-20")))
    daily = ct.daily_series(known, measure="civilians", lag=8)
    assert (daily.table["status"] == "provisional").sum() == 3
    assert daily.reporting_lag == "8 days, declared; retrieved on 2020-01-20"
