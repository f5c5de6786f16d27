"""The bundled press catalogue against its README and against the standard library's csv module."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

import conflictts as ct
from conflictts.errors import InputError

# data/idlib_2019/README.md, "Monthly totals of the counted rows"; days = days with at least one civilian death, a
# raid in the night counting on its evening.
KNOWN = [
    pytest.param("2019-04", 3, 2, 15, 15, 15, id="2019-04"),
    pytest.param("2019-05", 38, 18, 165, 182, 183, id="2019-05"),
    pytest.param("2019-06", 25, 16, 128, 139, 149, id="2019-06"),
    pytest.param("2019-07", 23, 16, 230, 240, 269, id="2019-07"),
    pytest.param("2019-08", 42, 21, 121, 138, 139, id="2019-08"),
    pytest.param("2019-09", 12, 7, 21, 21, 21, id="2019-09"),
    pytest.param("2019-10", 9, 5, 21, 21, 22, id="2019-10"),
    pytest.param("2019-11", 18, 14, 87, 89, 91, id="2019-11"),
    pytest.param("2019-12", 21, 12, 121, 139, 150, id="2019-12"),
    pytest.param("2020-01", 7, 4, 48, 61, 63, id="2020-01"),
]
# Same README, "mean civilian deaths a day in the catalogue (gov/Russia, best)".
PERIODS = [
    pytest.param("2019-04-30", "2019-08-30", 657, 5.34, id="offensive"),
    pytest.param("2019-08-02", "2019-08-04", 0, 0.00, id="truce of 2 August"),
    pytest.param("2019-08-31", "2019-10-18", 22, 0.45, id="truce, calm"),
    pytest.param("2019-10-19", "2019-11-30", 108, 2.51, id="truce, frayed"),
    pytest.param("2019-12-01", "2019-12-31", 139, 4.48, id="December"),
    pytest.param("2020-01-01", "2020-01-15", 61, 4.07, id="January"),
]
SIDES = [
    pytest.param(["government", "russia", "government_or_russia"], 1002, id="government or Russia"),
    pytest.param("armed_groups", 42, id="armed groups"),
    pytest.param("unknown", 1, id="unknown"),
]
EXACT = 1e-9  # one record is spread in fifteenths, which do not add up exactly in binary


@pytest.mark.parametrize(("month", "records", "days", "low", "best", "high"), KNOWN)
def test_month(idlib, month, records, days, low, best, high):
    spread = ct.daily_series(idlib, measure="civilians").table.loc[month]
    assert spread[["low", "best", "high", "incidents"]].sum().tolist() == pytest.approx(
        [low, best, high, records], abs=EXACT
    )
    on_first_day = ct.daily_series(idlib, measure="civilians", allocation="start").counts[month]
    assert (on_first_day > 0).sum() == days


@pytest.mark.parametrize(("first", "last", "deaths", "per_day"), PERIODS)
def test_deaths_a_day_by_government_or_russia(idlib, first, last, deaths, per_day):
    where = {"perpetrator": ["government", "russia", "government_or_russia"]}
    counts = ct.daily_series(idlib, measure="civilians", where=where).counts[first:last]
    assert counts.sum() == pytest.approx(deaths, abs=EXACT)
    assert round(counts.mean(), 2) == per_day


@pytest.mark.parametrize(("perpetrator", "deaths"), SIDES)
def test_deaths_by_side(idlib, perpetrator, deaths):
    daily = ct.daily_series(idlib, measure="civilians", where={"perpetrator": perpetrator})
    assert daily.counts.sum() == pytest.approx(deaths, abs=EXACT)


def test_units_and_missing_figures(idlib):
    """README: 321 records, 116 of them details; 198 of the 205 counted ones state civilians."""
    daily = ct.daily_series(idlib, measure="civilians")
    account = daily.account.set_index("outcome")["records"].to_dict()
    assert account == {"counted": 198, "detail of a counted record": 116, "civilian deaths not stated": 7}
    assert (daily.no_lower_bound, daily.no_upper_bound) == (0, 18)


COLUMNS = {
    "civilians_best": "civilians_killed_best",
    "injured_best": "civilians_injured_best",
    "combatants_best": "combatants_killed_best",
    "civilians_low": "civilians_killed_low",
    "civilians_high": "civilians_killed_high",
}


def test_totals_against_the_csv_module(shared, idlib):
    """Sums and stated cells of the counted rows and of their details, per month and side, read in a second way."""
    with (shared / "idlib_2019" / "incidents.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected: Counter = Counter()
    for row in rows:
        for name, column in COLUMNS.items():
            if row[column]:
                key = (row["date_start"][:7], row["perpetrator"], row["unit"].startswith("part_of:"), name)
                expected[*key, "sum"] += int(row[column])
                expected[*key, "stated"] += 1
    table = idlib.table
    keys = [table["date_start"].dt.strftime("%Y-%m"), table["perpetrator"], table["part_of"] != ""]
    grouped = table.groupby(keys)[list(COLUMNS)].agg(["sum", "count"])
    met = {
        (*key, name, {"sum": "sum", "count": "stated"}[what]): value
        for (name, what), column in grouped.items()
        for key, value in column.items()
        if grouped.loc[key, (name, "count")]
    }
    assert met == expected


@pytest.mark.parametrize("column", ["incident_id", "date_start", "date_end", "civilians_killed_high", "unit"])
def test_missing_column_is_named(shared, tmp_path, column):
    text = (shared / "idlib_2019" / "incidents.csv").read_text(encoding="utf-8")
    path = tmp_path / "renamed.csv"
    path.write_text(text.replace(f"{column},", f"{column}_,", 1), encoding="utf-8")
    with pytest.raises(InputError, match=rf"renamed\.csv is not a press catalogue: it lacks the columns {column}\."):
        ct.read_catalogue(path)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiter_is_read_before_columns_are_missed(tmp_path, delimiter):
    path = tmp_path / "other.csv"
    path.write_text(delimiter.join(["incident_id", "date_start", "unit"]) + "\n" + delimiter.join("abc"))
    with pytest.raises(
        InputError, match=r"other\.csv .* lacks the columns date_end, .*has incident_id, date_start, unit"
    ):
        ct.read_catalogue(path)
