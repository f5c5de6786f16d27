"""Many series at once: each is what counting its records alone gives, and together they are the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import CoverageError, UnknownNameError
from conflictts.series.allocation import ALLOCATIONS
from conflictts.series.measures import UNITS

PARTS = ["low", "best", "high", "incidents"]
GAPS = [("2019-05-10", "2019-05-20"), ("2019-08-01", "2019-08-01")]


def without_totals(account: pd.DataFrame) -> pd.DataFrame:
    """Details of either kind together: the record that a detail belongs to may be counted in another series."""
    outcome = account["outcome"].str.replace("detail of a record that is not counted", "detail of a counted record")
    return account.drop(columns="outcome").groupby(outcome, sort=False).sum()


@pytest.mark.parametrize("by", ["admin1", "perpetrator", ("admin1", "event_type")])
@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_each_series_is_that_of_its_records_alone(idlib, by, allocation):
    panel = ct.daily_series(idlib, measure="civilians", by=by, gaps=GAPS, allocation=allocation)
    assert len(panel) > 3
    for key, daily in panel.items():
        columns = [by] if isinstance(by, str) else list(by)
        values = [key] if isinstance(by, str) else list(key)
        wanted = pd.Series(True, idlib.table.index)
        for column, value in zip(columns, values, strict=True):
            wanted &= idlib.table[column] == ("" if value == "not stated" else value)
        only = ct.Incidents(idlib.table[wanted], idlib.ledger, idlib.provenance)
        try:
            alone = ct.daily_series(only, measure="civilians", gaps=GAPS, allocation=allocation)
        except CoverageError:  # all its records lie in gaps: counted alone a slip, in a panel a quiet group
            assert daily.counts.sum() == 0
            continue
        pd.testing.assert_frame_equal(daily.table, alone.table, check_exact=True)
        pd.testing.assert_frame_equal(*(without_totals(each.account) for each in (daily, alone)))
        assert (daily.allocated, daily.no_upper_bound) == (alone.allocated, alone.no_upper_bound)
        assert daily.area.startswith(alone.area)


@pytest.mark.parametrize("measure", [measure for measure in UNITS if measure != "injured"])
def test_series_of_a_panel_add_up_to_the_whole(syria, measure):
    options = {"measure": measure, "coverage": ("2017-01-01", "2018-12-31"), "gaps": [("2017-06-01", "2017-06-30")]}
    whole = ct.daily_series(syria, **options)
    panel = ct.daily_series(syria, by=["admin1", "event_type"], **options)
    summed = panel.table.groupby("day")[PARTS].sum(min_count=len(panel))
    # Only the order of summation differs.
    pd.testing.assert_frame_equal(summed, whole.table[PARTS], check_freq=False, rtol=0, atol=1e-8)
    account = panel.account.groupby("outcome")[["records", "best"]].sum()
    expected = whole.account.set_index("outcome")
    pd.testing.assert_frame_equal(account.loc[expected.index], expected, rtol=0, atol=1e-8)
    assert account["records"].sum() == len(syria.table)


def test_blank_key_is_a_group_of_its_own(syria):
    """UCDP leaves the governorate of 339 of the 16,566 records blank."""
    panel = ct.daily_series(syria, measure="incidents", coverage=("2016-01-01", "2019-12-31"), by="admin1")
    assert len(panel) == 15
    assert panel["not stated"].counts.sum() == pytest.approx(339, abs=1e-9)
    assert panel.summary()["best"].sum() == pytest.approx(16_566, abs=1e-6)
    assert list(panel)[:2] == ["Al Hasakah Governorate", "Aleppo Governorate"]


def test_long_table_has_every_group_and_day_once(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator", gaps=GAPS)
    days = ct.daily_series(idlib, measure="civilians").table.index
    assert panel.table.columns.tolist() == ["perpetrator", "day", *PARTS, "status"]
    assert len(panel.table) == len(panel) * len(days)
    assert not panel.table.duplicated(["perpetrator", "day"]).any()
    for key, daily in panel.items():
        part = panel.table[panel.table["perpetrator"] == key].set_index("day").drop(columns="perpetrator")
        pd.testing.assert_frame_equal(part, daily.table, check_freq=False)


def test_counts_are_one_array_in_the_order_of_the_keys(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator", gaps=GAPS)
    assert panel.sums.shape == (len(PARTS), len(panel), len(panel.days))
    for position, daily in enumerate(panel.values()):
        pd.testing.assert_index_equal(daily.table.index, panel.days, check_exact=True)
        np.testing.assert_array_equal(panel.sums[:, position], daily.table[PARTS].to_numpy().T)


def test_group_of_which_nothing_can_be_counted_is_in_the_account_only(idlib):
    """Clashes state no civilians in the catalogue: that is no series of zeros."""
    panel = ct.daily_series(idlib, measure="civilians", by="event_type")
    assert "ground_clash" not in panel
    lines = panel.account[panel.account["event_type"] == "ground_clash"]
    assert lines["outcome"].tolist() == ["civilian deaths not stated"]


def test_draws_of_a_panel_are_those_of_its_groups(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator", draws=5, rng=np.random.default_rng(2))
    for daily in panel.values():
        assert daily.draws.shape == (len(daily.table), 5)
        np.testing.assert_allclose(daily.draws.sum(), daily.counts.sum(), atol=1e-9)


UNKNOWN = [
    pytest.param("admin3", "No column 'admin3' to group by. Choose one of .*admin1", id="column"),
    pytest.param(["admin1", "admin1"], "names a column twice", id="twice"),
]


@pytest.mark.parametrize(("by", "message"), UNKNOWN)
def test_columns_that_cannot_group_are_refused(idlib, by, message):
    with pytest.raises(UnknownNameError, match=message):
        ct.daily_series(idlib, measure="civilians", by=by)


def test_unknown_key_lists_those_that_exist(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator")
    with pytest.raises(UnknownNameError, match=r"No group 'rusia' by perpetrator. Among the \d+ are .*'russia'"):
        panel["rusia"]
    assert "rusia" not in panel
    assert panel.get("rusia") is None


def test_panel_says_what_it_is(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator")
    said = f"<DailyPanel: civilian deaths by perpetrator, {len(panel)} groups, 2019-04-20..2020-01-15>"
    assert repr(panel) == said
    assert replace(panel).by == ("perpetrator",)
