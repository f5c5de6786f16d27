"""What was added, removed and changed between two downloads, by hand and by property."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.incidents.simulate import simulate_incidents
from conflictts.incidents.table import Incidents
from conflictts.incidents.vintages import compare_vintages


@pytest.fixture(scope="module")
def vintages(idlib) -> tuple[Incidents, Incidents]:
    """IDL-0001 to IDL-0005 of 26 April to 2 May; then without the third, with the sixth, and three cells changed."""
    first = idlib.table.iloc[:5].reset_index(drop=True)
    second = idlib.table.iloc[[0, 1, 3, 4, 5]].reset_index(drop=True)
    second.loc[0, "civilians_best"] = 4.0
    second.loc[0, "place"] = "Kafr Nabl"
    second.loc[1, "civilians_high"] = np.nan
    return replace(idlib, table=first), replace(idlib, table=second)


def test_known_changes_are_named_cell_by_cell(vintages):
    compared = compare_vintages(*vintages)
    assert compared.added["incident_id"].tolist() == ["IDL-0006"]
    assert compared.removed["incident_id"].tolist() == ["IDL-0003"]
    assert compared.same == 2
    assert compared.changed.to_numpy()[:2].tolist() == [
        ["IDL-0001", "place", "Kafr Nabl (outskirts)", "Kafr Nabl"],
        ["IDL-0001", "civilians_best", 3.0, 4.0],
    ]
    assert compared.changed.iloc[2, :3].tolist() == ["IDL-0002", "civilians_high", 7.0]
    assert np.isnan(compared.changed["new"].iloc[2])
    assert compared.by_column["records"].tolist() == [1, 1, 1]
    assert dict(compared.summary().to_numpy()) == {"same": 2, "changed": 2, "added": 1, "removed": 1}


def test_files_that_are_hardly_two_vintages_are_told_so(vintages, idlib):
    first, second = vintages
    assert compare_vintages(first, second).warnings == ()
    nothing = compare_vintages(first, replace(idlib, table=idlib.table.iloc[20:30]))
    assert [text.startswith("no incident_id stands in both files") for text in nothing.warnings] == [True]
    little = compare_vintages(first, replace(idlib, table=idlib.table.iloc[3:30]))
    assert little.warnings[0].startswith("only 2 of 5 identifiers stand in both files")
    other = replace(second, provenance=replace(second.provenance, provider="ACLED"))
    assert compare_vintages(first, other).warnings[0].startswith("the providers are not the same: press catalogue")


def test_months_add_up_with_the_change_in_persons(vintages):
    by_month = compare_vintages(*vintages).by_month
    assert by_month.index.strftime("%Y-%m").tolist() == ["2019-04", "2019-05"]
    # April loses the five dead of IDL-0003 and gains one in IDL-0001; May gains the one of IDL-0006.
    assert by_month[["added", "removed", "changed", "civilians"]].to_numpy().tolist() == [[0, 1, 2, -4], [1, 0, 0, 1]]


def test_a_toll_that_one_vintage_never_states_differs_by_no_number(vintages):
    """Of the whole vintage, for a record may well be told without a toll; the details of a total are not asked."""
    first, second = vintages
    silent = second.table.assign(civilians_best=np.nan)
    silent.loc[4, ["part_of", "civilians_best"]] = ["IDL-0001", 7.0]
    for pair in ((first, replace(second, table=silent)), (replace(second, table=silent), first)):
        assert compare_vintages(*pair).by_month["civilians"].isna().all()
    silent.loc[0, "civilians_best"] = 2.0
    assert compare_vintages(first, replace(second, table=silent)).by_month["civilians"].notna().all()


def test_months_without_records_stand_with_zeros(idlib):
    table = idlib.table[idlib.table["date_start"].dt.month.isin([5, 11])]
    by_month = compare_vintages(replace(idlib, table=table.iloc[:0]), replace(idlib, table=table)).by_month
    assert by_month.index.strftime("%Y-%m").tolist() == [f"2019-{month:02d}" for month in range(5, 12)]
    assert by_month["added"].sum() == len(table)
    assert by_month["added"].iloc[1:-1].sum() == 0


def test_details_change_no_total(idlib):
    table = idlib.table.copy()
    detail = table["part_of"] != ""
    table.loc[detail, "civilians_best"] = table.loc[detail, "civilians_best"] + 10
    compared = compare_vintages(idlib, replace(idlib, table=table))
    assert compared.by_month["changed"].sum() == compared.by_column["records"].item() > 0
    assert compared.by_month["civilians"].tolist() == [0.0] * len(compared.by_month)


def test_order_of_rows_is_no_change(idlib):
    turned = replace(idlib, table=idlib.table.iloc[::-1].reset_index(drop=True))
    assert compare_vintages(idlib, turned).same == 321


def test_two_sources_without_common_identifiers_share_nothing(idlib, greater_idlib):
    compared = compare_vintages(idlib, greater_idlib)
    assert (len(compared.added), len(compared.removed), compared.same) == (1699, 321, 0)
    assert compared.changed.empty
    assert compared.names[1].startswith("UCDP GED, SHA-256 ")


def test_vintages_without_records_compare(idlib):
    empty = replace(idlib, table=idlib.table.iloc[:0])
    compared = compare_vintages(empty, empty)
    assert compared.summary()["records"].tolist() == [0, 0, 0, 0]
    assert compared.by_month.empty


@st.composite
def two_vintages(draw) -> tuple[Incidents, Incidents]:
    """Two selections of the same invented records, with cells of the second changed."""
    invented = simulate_incidents(
        np.random.default_rng(draw(st.integers(0, 99))), days_before=30, days_after=30, rate=2
    )
    table = invented.incidents.table
    keep = [np.array(draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))) for _ in range(2)]
    new = table[keep[1].astype(bool)].reset_index(drop=True)
    for row in draw(st.lists(st.integers(0, max(len(new) - 1, 0)), max_size=5)) if len(new) else []:
        new.loc[row, draw(st.sampled_from(["deaths_best", "civilians_low", "latitude"]))] = draw(
            st.sampled_from([np.nan, 1.0, 9.0])
        )
    old = table[keep[0].astype(bool)].reset_index(drop=True)
    return replace(invented.incidents, table=old), replace(invented.incidents, table=new)


@settings(max_examples=10, deadline=None)
@given(two_vintages())
def test_swapping_swaps_and_nothing_is_lost(pair):
    old, new = pair
    copies = [side.table.copy(deep=True) for side in pair]
    there, back = compare_vintages(old, new), compare_vintages(new, old)
    pd.testing.assert_frame_equal(there.added, back.removed)
    pd.testing.assert_frame_equal(there.removed, back.added)
    cells = there.changed.rename(columns={"old": "new", "new": "old"})[["incident_id", "column", "old", "new"]]
    order = ["incident_id", "column"]
    pd.testing.assert_frame_equal(
        cells.sort_values(order, ignore_index=True), back.changed.sort_values(order, ignore_index=True)
    )
    assert there.same == back.same
    counts = dict(there.summary().to_numpy())
    assert counts["same"] + counts["changed"] + counts["added"] == len(new.table)
    assert counts["same"] + counts["changed"] + counts["removed"] == len(old.table)
    months = there.by_month.sum()
    assert [months[name] for name in ("added", "removed", "changed")] == [
        counts[name] for name in ("added", "removed", "changed")
    ]
    assert months["deaths"] == new.table["deaths_best"].sum() - old.table["deaths_best"].sum()
    for side, copy in zip(pair, copies, strict=True):
        pd.testing.assert_frame_equal(side.table, copy)


@settings(max_examples=5, deadline=None)
@given(two_vintages())
def test_comparing_with_itself_is_empty(pair):
    compared = compare_vintages(pair[1], pair[1])
    assert compared.summary()["records"].tolist() == [len(pair[1].table), 0, 0, 0]
    assert compared.changed.empty
    assert compared.by_column.empty
    assert not compared.by_month.to_numpy().any()


def test_ucdp_against_itself_is_equal_in_every_column(syria: ct.Incidents):
    assert compare_vintages(syria, syria).same == 16_566


@pytest.fixture(scope="module")
def two_files(shared, tmp_path_factory) -> tuple[pd.DataFrame, pd.DataFrame, ct.VintageComparison]:
    """The real file as two vintages, written in its own columns: rows left out of each, tolls and days changed."""
    raw = pd.read_csv(shared / "ucdp" / "ged_greater_idlib_2018_2019.csv", dtype=str, keep_default_na=False)
    number = raw["id"].astype(int)
    old, new = raw[number % 11 != 0].copy(), raw[number % 13 != 0].copy()
    of_new = number[new.index]
    for column, every in (("best", 17), ("deaths_civilians", 19)):
        touched = of_new % every == 0
        new.loc[touched, column] = (new.loc[touched, column].astype(int) + 2).astype(str)
    moved = of_new % 23 == 0
    later = pd.to_datetime(new.loc[moved, "date_end"]) + pd.Timedelta(days=40)
    new.loc[moved, "date_start"] = new.loc[moved, "date_end"] = later.dt.strftime("%Y-%m-%d")
    folder = tmp_path_factory.mktemp("vintages")
    incidents = []
    for name, table in (("old", old), ("new", new)):
        (folder / name).mkdir()
        table.to_csv(folder / name / "ged.csv", index=False)
        incidents.append(ct.read_ucdp(folder / name / "ged.csv"))
    return old, new, compare_vintages(*incidents)


def months_of(raw: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(raw["date_start"]).dt.strftime("%Y-%m")


def test_real_records_are_counted_by_month_as_pandas_counts_their_files(two_files):
    old, new, compared = two_files
    by_month = compared.by_month.set_axis(compared.by_month.index.strftime("%Y-%m"))
    number = new["id"].astype(int)
    touched = ((number % 17 == 0) | (number % 19 == 0) | (number % 23 == 0)) & new["id"].isin(old["id"])
    expected = {
        "added": months_of(new[~new["id"].isin(old["id"])]).value_counts(),
        "removed": months_of(old[~old["id"].isin(new["id"])]).value_counts(),
        "changed": months_of(new[touched]).value_counts(),
    }
    for name, column in (("civilians", "deaths_civilians"), ("deaths", "best")):
        sums = [raw[column].astype(float).groupby(months_of(raw)).sum() for raw in (old, new)]
        expected[name] = sums[1].sub(sums[0], fill_value=0.0)
    for name, values in expected.items():
        assert values.abs().sum() > 50, f"{name}: enough to be wrong about"
        assert by_month[name].to_dict() == values.reindex(by_month.index, fill_value=0).to_dict()


def test_real_changes_are_counted_by_column(two_files):
    old, new, compared = two_files
    number = new.loc[new["id"].isin(old["id"]), "id"].astype(int)
    by_column = compared.by_column.set_index("column")["records"].to_dict()
    moved = int((number % 23 == 0).sum())
    assert by_column == {
        "deaths_best": (number % 17 == 0).sum(),
        "civilians_best": (number % 19 == 0).sum(),
        "date_start": moved,
        "date_end": moved,
    }
    assert compared.by_column["records"].is_monotonic_decreasing
    cells = compared.changed[compared.changed["column"] == "civilians_best"]
    assert (cells["new"].astype(float) - cells["old"].astype(float) == 2).all()


def test_vintages_are_named_with_their_day_of_retrieval(idlib):
    downloaded = replace(idlib, provenance=replace(idlib.provenance, retrieved_on=pd.Timestamp("2026-05-03")))
    names = compare_vintages(idlib, downloaded).names
    assert names[1] == f"{names[0]}, retrieved 2026-05-03"
