"""The mix of tellers and of perpetrators: shares by hand, and warnings when they move more than the count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conflictts import Incidents, Truce, daily_series, source_mix
from conflictts.errors import CoverageError, TooLittleData, UnknownNameError
from conflictts.incidents.simulate import simulate_incidents

WINDOW = ("2019-04-30", "2019-10-18")
TRUCE = Truce("2019-08-31")


def told(idlib, bodies_before: dict[str, float], bodies_after: dict[str, float], *, records: int = 12) -> Incidents:
    """Records of a day each; the toll of each body is spread over so many records."""
    template = idlib.table[idlib.table["part_of"] == ""].iloc[0]
    rows = []
    for day, bodies in (("2019-06-01", bodies_before), ("2019-09-15", bodies_after)):
        for body, toll in bodies.items():
            for number in range(records):
                rows.append(
                    template.to_dict()
                    | {
                        "incident_id": f"{day}-{body}-{number}",
                        "date_start": pd.Timestamp(day),
                        "date_end": pd.Timestamp(day),
                        "reporting_body": body,
                        "civilians_best": toll / records,
                    }
                )
    return replace(idlib, table=pd.DataFrame(rows)[idlib.table.columns])


def test_shares_by_hand(idlib):
    mix = source_mix(
        told(idlib, {"A": 90.0, "B": 30.0}, {"A": 10.0, "": 30.0}), TRUCE, measure="civilians", window=WINDOW
    )
    table = mix.table[mix.table["column"] == "reporting_body"].set_index("value")
    assert table.index.tolist() == ["A", "B", "not stated"]
    assert table["share_before"].tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert table["share_after"].tolist() == pytest.approx([0.25, 0.0, 0.75])
    assert table["records_before"].tolist() == [12, 12, 0]
    assert table.loc["A", "rate_ratio"] == pytest.approx((10 / 49) / (90 / 123))  # days of the window
    change = mix.changes.loc["reporting_body"]
    assert change["mix_change"] == pytest.approx(0.75)
    assert change["count_change"] == pytest.approx(1 - (40 / 49) / (120 / 123))


def test_days_that_nobody_watched_are_in_no_rate(idlib):
    """A gap of 20 days in June and a provisional week: their records go out, and the rates divide by what is left."""
    incidents = told(idlib, {"A": 90.0, "B": 30.0}, {"A": 10.0, "B": 30.0})
    lost = told(idlib, {"A": 500.0}, {}).table.assign(date_start=pd.Timestamp("2019-06-20"))
    late = told(idlib, {}, {"A": 70.0}).table.assign(date_start=pd.Timestamp("2019-10-15"))
    rows = pd.concat([incidents.table, lost, late], ignore_index=True)
    rows = rows.assign(date_end=rows["date_start"], incident_id=[f"r{row}" for row in range(len(rows))])
    incidents = replace(incidents, table=rows)
    daily = daily_series(
        incidents, measure="civilians", coverage=WINDOW, gaps=[("2019-06-10", "2019-06-29")], lag=7,
        retrieved_on="2019-10-18",
    )  # fmt: skip
    days = daily.settled[:"2019-08-30"].count(), daily.settled["2019-08-31":].count()
    assert days[0] == 123 - 20
    assert days[1] < 49
    mix = source_mix(incidents, TRUCE, measure="civilians", window=WINDOW, daily=daily)
    table = mix.table[mix.table["column"] == "reporting_body"].set_index("value")
    assert table.loc["A", ["toll_before", "toll_after"]].tolist() == pytest.approx([90.0, 10.0])
    assert table.loc["A", "rate_ratio"] == pytest.approx((10 / days[1]) / (90 / days[0]))
    assert mix.changes.loc["reporting_body", "count_change"] == pytest.approx(1 - (40 / days[1]) / (120 / days[0]))
    gone = daily_series(incidents, measure="civilians", coverage=WINDOW, gaps=[("2019-08-31", "2019-10-18")])
    with pytest.raises(CoverageError, match="123 days before the truce and 0 after it are observed"):
        source_mix(incidents, TRUCE, measure="civilians", window=WINDOW, daily=gone)


WARNED = [
    pytest.param({"A": 120.0}, {"B": 50.0}, "changed more than the count: 100% of the toll", id="other tellers"),
    pytest.param({"A": 120.0}, {"B": 1.0, "A": 1.0}, None, id="count fell by more"),
    pytest.param({"A": 120.0, "B": 60.0}, {"A": 48.0, "B": 24.0}, None, id="same mix"),
    pytest.param({"A": 60.0, "B": 60.0}, {"A": 28.0, "B": 20.0}, None, id="small change"),
]


@pytest.mark.parametrize(("before", "after", "words"), WARNED)
def test_warns_when_the_mix_moved_more_than_the_count(idlib, before, after, words):
    mix = source_mix(told(idlib, before, after), TRUCE, measure="civilians", window=WINDOW)
    moved = [
        warning for warning in mix.warnings if "shares of each reporting body changed more than the count" in warning
    ]
    assert len(moved) == (words is not None)
    assert all(words in warning and "one of who tells" in warning for warning in moved)
    assert mix.changes.loc["reporting_body", "warned"] == any("reporting body" in warning for warning in mix.warnings)


def test_a_name_that_vanishes_or_is_never_stated_is_told(idlib):
    """Most of the toll named A before and never after, the mix moving less than the count; then no name at all."""
    records = told(idlib, {"A": 90.0, "B": 60.0, "C": 9.0}, {"B": 3.0})
    mix = source_mix(records, TRUCE, measure="civilians", window=WINDOW)
    assert mix.warnings[0] == (
        "“A”, with 57% of the toll before the date, is named as reporting body by no counted record after it: the "
        "naming may have changed, not the violence"
    )
    new = source_mix(told(idlib, {"B": 90.0}, {"A": 2.0, "B": 6.0}), TRUCE, measure="civilians", window=WINDOW)
    assert new.warnings[0].startswith(
        "“A”, with 25% of the toll after the date, is named as reporting body by no counted record be"
    )
    blank = source_mix(told(idlib, {"": 90.0}, {"": 9.0}), TRUCE, measure="civilians", window=WINDOW)
    assert blank.warnings[0] == "no record states its reporting body, so whether their shares changed cannot be told"
    assert np.isnan(blank.changes.loc["reporting_body", "mix_change"])


def test_too_few_records_are_said(idlib):
    mix = source_mix(told(idlib, {"A": 5.0}, {"B": 5.0}, records=3), TRUCE, measure="civilians", window=WINDOW)
    assert (
        "too few records to compare the shares of each reporting body (3 before the date, 3 after; 10"
        in mix.warnings[0]
    )


@pytest.mark.parametrize(("before", "after", "side"), [(90.0, 0.0, "after"), (0.0, 9.0, "before")])
def test_many_records_of_nobody_are_not_too_few(idlib, before, after, side):
    records = told(idlib, {"A": before}, {"A": after}, records=30)
    mix = source_mix(records, TRUCE, measure="civilians", window=WINDOW)
    assert mix.warnings[0] == f"the toll {side} the date is 0, so there are no shares of each reporting body to compare"


def test_bundled_case_adds_up_to_its_records(idlib):
    mix = source_mix(idlib, TRUCE, measure="civilians", window=WINDOW)
    counted = idlib.table[(idlib.table["part_of"] == "") & idlib.table["civilians_best"].notna()]
    inside = counted[(counted["date_start"] >= WINDOW[0]) & (counted["date_start"] <= WINDOW[1])]
    for column in ("reporting_body", "perpetrator"):
        part = mix.summary()[mix.table["column"] == column]
        assert part[["toll_before", "toll_after"]].to_numpy().sum() == pytest.approx(inside["civilians_best"].sum())
        assert part[["records_before", "records_after"]].to_numpy().sum() == len(inside)
        assert part[["share_before", "share_after"]].sum().tolist() == pytest.approx([1, 1])


def test_incidents_are_counted_by_record(idlib):
    mix = source_mix(told(idlib, {"A": 90.0}, {"A": 10.0}), TRUCE, measure="incidents", window=WINDOW)
    assert mix.table["toll_before"].tolist() == [12, 12]


@pytest.mark.parametrize(
    ("choices", "kind", "message"),
    [
        pytest.param({"measure": "tanks"}, UnknownNameError, "No measure 'tanks'", id="measure"),
        pytest.param({"window": ("2019-09-01", "2019-10-18")}, CoverageError, "2019-08-31, and a day", id="window"),
        pytest.param({"window": ("2015-01-01", "2019-08-31"), "measure": "combatants"}, None, "", id="one day after"),
    ],
)
def test_wrong_questions_are_refused(idlib, choices, kind, message):
    choices = {"measure": "civilians", "window": WINDOW} | choices
    if kind is None:
        source_mix(idlib, TRUCE, **choices)
        return
    with pytest.raises(kind, match=message):
        source_mix(idlib, TRUCE, **choices)


def test_nothing_told_is_refused(idlib):
    empty = replace(idlib, table=idlib.table.assign(civilians_best=0.0))
    with pytest.raises(TooLittleData, match="tells of any civilian deaths"):
        source_mix(empty, TRUCE, measure="civilians", window=WINDOW)


def test_deadly_incidents_are_records_with_deaths():
    invented = simulate_incidents(np.random.default_rng(1)).incidents
    days = invented.table["date_start"]
    middle = days.sort_values().iloc[len(days) // 2]
    mix = source_mix(invented, Truce(middle), measure="deadly incidents", window=(days.min(), days.max()))
    deadly = (invented.table["part_of"] == "") & (invented.table["deaths_best"] > 0)
    by_column = mix.table.groupby("column")[["toll_before", "toll_after"]].sum().sum(axis=1)
    assert (by_column == deadly.sum()).all()
