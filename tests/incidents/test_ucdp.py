"""UCDP GED exports: known totals of the Syria and greater-Idlib files, and the codebook's own rules."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

import conflictts as ct
from conflictts.errors import InputError
from conflictts.incidents.ucdp import OLDER, Release

# data/ucdp/README.md, "Known totals for greater Idlib, spread evenly over each event's days".
MONTHS = [
    pytest.param("2019-04", 86, 277, 111, id="2019-04"),
    pytest.param("2019-05", 197, 946, 324, id="2019-05"),
    pytest.param("2019-06", 140, 934, 231, id="2019-06"),
    pytest.param("2019-07", 151, 705, 334, id="2019-07"),
    pytest.param("2019-08", 138, 1257, 197, id="2019-08"),
    pytest.param("2019-09", 34, 63, 17, id="2019-09"),
    pytest.param("2019-10", 42, 179, 37, id="2019-10"),
    pytest.param("2019-11", 92, 416, 107, id="2019-11"),
]
# Same README: civilians in Idlib governorate, which independent bodies counted too (in brackets).
PERIODS = [
    pytest.param("2019-07-22", "2019-07-22", 50, id="22 July (SOHR: around 50)"),
    pytest.param("2019-08-05", "2019-08-24", 113, id="5-24 August (SNHR: at least 110)"),
    pytest.param("2019-08-31", "2019-09-14", 11, id="31 August - 14 September (SOHR: 12)"),
    pytest.param("2019-10-30", "2019-11-15", 58, id="30 October - 15 November (SNHR: 56)"),
]
COVERAGE = ("2018-01-01", "2019-12-31")
PRINTED = 0.5 + 1e-9  # the README prints whole numbers, some of which round an exact half


@pytest.mark.parametrize(("month", "incidents", "deaths", "civilians"), MONTHS)
def test_greater_idlib_by_month(greater_idlib, month, incidents, deaths, civilians):
    for measure, expected in {"incidents": incidents, "deaths": deaths, "civilians": civilians}.items():
        counts = ct.daily_series(greater_idlib, measure=measure, coverage=COVERAGE).counts
        assert counts[month].sum() == pytest.approx(expected, abs=PRINTED), measure


@pytest.mark.parametrize(("first", "last", "civilians"), PERIODS)
def test_idlib_governorate_meets_what_others_counted(greater_idlib, first, last, civilians):
    where = {"admin1": "Idlib Governorate"}
    counts = ct.daily_series(greater_idlib, measure="civilians", coverage=COVERAGE, where=where).counts
    assert counts[first:last].sum() == pytest.approx(civilians, abs=PRINTED)


def test_syria_is_kept_whole(syria):
    """data/ucdp/README.md, "Known features that a reader must survive"."""
    table = syria.table
    length = (table["date_end"] - table["date_start"]).dt.days + 1
    assert (syria.ledger.read, syria.ledger.used, syria.ledger.n_quarantined) == (16_566, 16_566, 0)
    assert ((length > 1).sum(), (length >= 31).sum(), (table["deaths_best"] == 0).sum()) == (1_086, 93, 1_124)
    longest = table.loc[length.idxmax(), ["incident_id", "deaths_best", "date_precision"]].tolist()
    assert (length.max(), longest) == (366, ["233200", 8_179, "year"])
    warnings = syria.ledger.warnings.set_index("warning")["records"]
    assert warnings.to_dict() == {
        "deaths: low is above best; kept as stated": 30,
        "deaths: best is above high; kept as stated": 71,
        "no first-order area (adm_1); kept, found under no area filter": 339,
    }


def test_syria_totals_against_the_csv_module(shared, syria):
    with gzip.open(shared / "ucdp" / "ged_syria_2016_2019_trimmed.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {"deaths_low": "low", "deaths_best": "best", "deaths_high": "high", "civilians_best": "deaths_civilians"}
    expected = {name: sum(int(row[column]) for row in rows) for name, column in names.items()}
    expected["combatants_best"] = sum(int(row["deaths_a"]) + int(row["deaths_b"]) for row in rows)
    assert syria.table[list(expected)].sum().to_dict() == expected
    assert syria.table["incident_id"].tolist() == [row["id"] for row in rows]


# data/ucdp/README.md and DESIGN.md section 3: deaths on 1 January 2016.
@pytest.mark.parametrize(("allocation", "deaths"), [("start", 16_558), ("spread", 70)])
def test_allocation_on_new_years_day_2016(syria, allocation, deaths):
    daily = ct.daily_series(syria, measure="deaths", coverage=("2016-01-01", "2019-12-31"), allocation=allocation)
    assert daily.counts["2016-01-01"] == pytest.approx(deaths, abs=PRINTED)


EVENT = {
    "id": "7",
    "date_start": "2019-08-01 00:00:00.000",
    "date_end": "2019-08-31 00:00:00.000",
    "date_prec": "4",
    "type_of_violence": "3",
    "adm_1": "Idlib Governorate",
    "deaths_a": "2",
    "deaths_b": "3",
    "deaths_civilians": "4",
    "deaths_unknown": "1",
    "low": "5",
    "best": "10",
    "high": "20",
    "number_of_sources": "-1",
}


@pytest.fixture
def read(tmp_path):
    def read(event: dict[str, str]) -> ct.Incidents:
        path = tmp_path / "ged.csv"
        path.write_text(",".join(event) + "\n" + ",".join(event.values()) + "\n", encoding="utf-8")
        return ct.read_ucdp(path, release="19.1")

    return read


def test_columns_become_those_of_the_incident_table(read):
    incidents = read(EVENT)
    record = incidents.table.iloc[0]
    assert (record["date_start"].isoformat(), record["date_end"].isoformat()) == (
        "2019-08-01T00:00:00",
        "2019-08-31T00:00:00",
    )
    assert (record["date_precision"], record["event_type"]) == ("month", "one-sided violence")
    columns = ["deaths_low", "deaths_best", "deaths_high", "civilians_best", "combatants_best"]
    assert record[columns].tolist() == [5, 10, 20, 4, 5]
    assert np.isnan([record["civilians_low"], record["civilians_high"], record["n_sources"]]).all()
    assert incidents.provenance.vintage == "release 19.1"


SIDES = [
    pytest.param("", "3", "+ 3", "not a number", id="blank"),
    pytest.param("two", "3", "two + 3", "not a number", id="text"),
    pytest.param("-1", "3", "-1 + 3", "not a number", id="negative"),
    pytest.param("1.5", "0.5", "1.5 + 0.5", "not a number", id="halves that would add up to a whole"),
    pytest.param("inf", "3", "inf + 3", "not a number", id="infinite"),
]


@pytest.mark.parametrize(("deaths_a", "deaths_b", "value", "reason"), SIDES)
def test_sides_that_cannot_be_added_are_set_aside(read, deaths_a, deaths_b, value, reason):
    incidents = read({**EVENT, "deaths_a": deaths_a, "deaths_b": deaths_b})
    fault = incidents.ledger.quarantined.iloc[0]
    assert fault[["row", "column", "value", "reason"]].tolist() == [2, "deaths_a + deaths_b", value, reason]
    assert incidents.table.empty


@pytest.mark.parametrize("column", ["date_start", "date_end", "best"])
def test_missing_column_is_named(read, column):
    event = {name: value for name, value in EVENT.items() if name != column}
    with pytest.raises(InputError, match=rf"ged\.csv is not a UCDP GED export: it lacks the columns {column}\."):
        read(event)


RELEASES = [
    pytest.param("GEDEvent_v25_0_3.csv", "25.0.3", True, id="month"),
    pytest.param("GEDEvent_v25_0_12.csv", "25.0.12", True, id="month of two figures"),
    pytest.param("GEDEvent_v23_01_23_12.csv", "23.01.23.12", True, id="months January to December"),
    pytest.param("GEDEvent_v25_1.csv", "25.1", False, id="GED proper"),
    pytest.param("ged191-csv.zip", "19.1", False, id="GED proper, packed"),
]


@pytest.mark.parametrize(("name", "release", "candidate"), RELEASES)
def test_release_is_told_by_the_name_of_the_file(name, release, candidate):
    told = Release.of(name)
    assert told is not None
    assert (told.name, told.candidate) == (release, candidate)


@pytest.mark.parametrize("name", ["ged_syria_2016_2019_trimmed.csv.gz", "ged.csv", "data.csv"])
def test_name_without_a_release_tells_none(name):
    assert Release.of(name) is None


def test_releases_follow_each_other_as_they_were_published():
    """24.0.3 in April 2024, January to March together then too, 24.1 in June, 24.0.6 in July."""
    names = ["GEDEvent_v24_0_3", "GEDEvent_v24_01_24_03", "GEDEvent_v24_1", "GEDEvent_v24_0_6", "GEDEvent_v24_0_12"]
    releases = [Release.of(name) for name in names]
    assert sorted(releases) == releases


def release_of(path, *events: dict[str, str]):
    rows = [{**EVENT, **event} for event in events]
    path.write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("names", [("GEDEvent_v25_0_3.csv", "GEDEvent_v25_0_4.csv"), ("first.csv", "second.csv")])
def test_newest_release_wins_and_the_older_versions_are_excluded(tmp_path, names):
    old = release_of(tmp_path / names[0], {"best": "10"}, {"id": "8", "best": "1"})
    new = release_of(tmp_path / names[1], {"best": "12"}, {"id": "9", "date_start": "?"})
    incidents = ct.read_ucdp([old, new])
    assert incidents.table.set_index("incident_id")["deaths_best"].to_dict() == {"7": 12, "8": 1}
    ledger = incidents.ledger
    assert ledger.excluded.to_numpy().tolist() == [[OLDER, 1]]
    assert ledger.quarantined[["file", "row", "incident_id"]].to_numpy().tolist() == [[names[1], 3, "9"]]
    assert ledger.rejected.to_dict("records") == [{**EVENT, "id": "9", "date_start": "?"}]
    assert (ledger.read, ledger.used) == (4, 2)
    if names[0].startswith("GED"):
        assert ct.read_ucdp([new, old]).table["deaths_best"].sum() == 13
        assert incidents.provenance.release == "25.0.3, 25.0.4"
        assert incidents.provenance.provider == "UCDP Candidate"


def test_status_other_than_clear_is_kept(tmp_path):
    events = {"id": "1", "code_status": "Clear"}, {"id": "2", "code_status": "Check deaths"}
    incidents = ct.read_ucdp(release_of(tmp_path / "c.csv", *({**e, "event_clarity": "1"} for e in events)))
    assert incidents.table["clarity"].tolist() == ["1", "1, Check deaths"]
    assert "code_status is not Clear; kept, and stated in clarity" in incidents.ledger.warnings["warning"].tolist()


def test_same_file_twice_is_refused(tmp_path):
    path = release_of(tmp_path / "c.csv", {})
    with pytest.raises(InputError, match="is given twice"):
        ct.read_ucdp([path, path])
