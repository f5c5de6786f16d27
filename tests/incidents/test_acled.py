"""ACLED exports: spans, conventions, versions and deletions, on invented rows."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from conflictts.errors import InputError
from conflictts.incidents.acled import DELETED, OLDER, read_acled
from conflictts.incidents.recognise import read_incidents

EVENT = {
    "event_id_cnty": "SYR1",
    "event_date": "2019-08-30",
    "year": "2019",
    "time_precision": "1",
    "event_type": "Explosions/Remote violence",
    "sub_event_type": "Air/drone strike",
    "actor1": "Military Forces of Syria",
    "actor2": "Civilians (Syria)",
    "civilian_targeting": "Civilian targeting",
    "country": "Syria",
    "admin1": "Idleb",
    "admin2": "Al Ma'ra",
    "location": "Ma'arrat an Nu'man",
    "latitude": "35.6448",
    "longitude": "36.6770",
    "geo_precision": "1",
    "source": "SOHR; SNHR",
    "notes": 'On 30 August, "warplanes" struck;\nno claim.',
    "fatalities": "7",
    "timestamp": "1600000000",
}


@pytest.fixture
def write(tmp_path):
    def write(*changes: dict[str, str], name: str = "acled.csv"):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, EVENT, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**EVENT, **change} for change in changes)
        path = tmp_path / name
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    return write


# ACLED Codebook, time precision: 2 gives the middle of the week, 3 the middle, beginning or end of the month.
SPANS = [
    pytest.param("2019-08-30", "1", "2019-08-30", "2019-08-30", "day", id="day"),
    pytest.param("30 August 2019", "1", "2019-08-30", "2019-08-30", "day", id="day, month in words"),
    pytest.param("30-August-2019", "1", "2019-08-30", "2019-08-30", "day", id="day of an older export"),
    pytest.param("30-Aug-2019", "1", "2019-08-30", "2019-08-30", "day", id="month cut short"),
    pytest.param("16 May 2025", "2", "2025-05-13", "2025-05-19", "week", id="week"),
    pytest.param("2019-12-30", "2", "2019-12-27", "2020-01-02", "week", id="week over the year's end"),
    pytest.param("2019-08-15", "3", "2019-08-01", "2019-08-31", "month", id="month by its middle"),
    pytest.param("2019-08-01", "3", "2019-08-01", "2019-08-31", "month", id="month by its first day"),
    pytest.param("2020-02-29", "3", "2020-02-01", "2020-02-29", "month", id="month by its last day"),
    pytest.param("٢٠١٩-٠٨-٣٠", "١", "2019-08-30", "2019-08-30", "day", id="Arabic-Indic digits"),
]


@pytest.mark.parametrize(("date", "precision", "first", "last", "words"), SPANS)
def test_date_is_widened_to_the_span_it_stands_for(write, date, precision, first, last, words):
    record = read_acled(write({"event_date": date, "time_precision": precision})).table.iloc[0]
    span = (f"{record['date_start']:%Y-%m-%d}", f"{record['date_end']:%Y-%m-%d}", record["date_precision"])
    assert span == (first, last, words)


# ACLED, FAQs: Fatalities.
NUMBERS = [pytest.param("7", 7, id="plain")] + [
    pytest.param(number, None, id=f"{number} is a convention") for number in ("0", "3", "10", "12", "100")
]


@pytest.mark.parametrize(("fatalities", "high"), NUMBERS)
@pytest.mark.parametrize("targeting", ["Civilian targeting", ""])
def test_conventional_number_has_no_upper_bound(write, fatalities, high, targeting):
    record = read_acled(write({"fatalities": fatalities, "civilian_targeting": targeting})).table.iloc[0]
    expected = [float(fatalities), float(fatalities), np.nan if high is None else float(high)]
    np.testing.assert_array_equal(record[["deaths_low", "deaths_best", "deaths_high"]].astype(float), expected)
    civilians = expected if targeting else [np.nan] * 3
    np.testing.assert_array_equal(
        record[["civilians_low", "civilians_best", "civilians_high"]].astype(float), civilians
    )
    assert np.isnan(record["combatants_best"])


def test_fatalities_in_arabic_digits_are_civilians_too(write):
    record = read_acled(write({"fatalities": "٧"})).table.iloc[0]
    assert record[["deaths_best", "civilians_best", "civilians_high"]].tolist() == [7, 7, 7]


def test_columns_of_the_regional_workbooks_are_known_in_capitals(write, tmp_path):
    path = write({}, {"event_id_cnty": "SYR2", "latitude": "95"})
    expected = read_acled(path)
    header, rest = path.read_text(encoding="utf-8").split("\n", 1)
    capitals = tmp_path / "capitals.csv"
    capitals.write_text(f"{header.upper()}\n{rest}", encoding="utf-8")
    for incidents in (read_acled(capitals), read_incidents(capitals)):
        pd.testing.assert_frame_equal(incidents.table, expected.table)
        pd.testing.assert_frame_equal(incidents.ledger.rejected, expected.ledger.rejected)


def test_columns_and_provenance(write):
    incidents = read_acled(write({}))
    record = incidents.table.iloc[0]
    assert record[["place", "admin1", "perpetrator", "event_type", "location_precision"]].tolist() == [
        "Ma'arrat an Nu'man",
        "Idleb",
        "Military Forces of Syria",
        "Explosions/Remote violence",
        "1",
    ]
    assert incidents.provenance.release == "updated to 2020-09-13"
    assert "attribution" in incidents.provenance.licence
    assert "acleddata.com" in incidents.provenance.citation


FAULTS = [
    pytest.param("event_date", "2019-02-30", "no such day in the calendar", id="30 February"),
    pytest.param("event_date", "31 June 2019", "no such day in the calendar", id="31 June"),
    pytest.param("event_date", "30/08/2019", "not a date as ACLED writes it, '16 May 2025' or", id="another form"),
    pytest.param("event_date", "", "blank, but every event has its day", id="no date"),
    pytest.param("time_precision", "4", "time_precision is 1, 2 or 3", id="precision"),
    pytest.param("fatalities", "", "blank, but ACLED states a number", id="no fatalities"),
    pytest.param("fatalities", "several", "not a number", id="fatalities in words"),
    pytest.param("latitude", "95", "outside -90..90", id="latitude"),
]


@pytest.mark.parametrize(("column", "value", "reason"), FAULTS)
def test_row_with_a_fault_is_set_aside_as_written(write, column, value, reason):
    path = write({}, {"event_id_cnty": "SYR2", column: value})
    ledger = read_acled(path).ledger
    assert (ledger.read, ledger.used, ledger.n_quarantined) == (2, 1, 1)
    fault = ledger.quarantined.iloc[0]
    assert (fault["row"], fault["column"], fault["value"]) == (3, column, value)
    assert reason in fault["reason"]
    assert ledger.rejected.to_dict("records") == [{**EVENT, "event_id_cnty": "SYR2", column: value}]


def test_newest_timestamp_wins_across_files_and_in_them(write):
    older = write({"fatalities": "7"}, {"event_id_cnty": "SYR2", "timestamp": "1700000000"}, name="a.csv")
    newer = write(
        {"fatalities": "9", "timestamp": "1650000000"}, {"event_id_cnty": "SYR2", "fatalities": "1"}, name="b.csv"
    )
    for paths in ([older, newer], [newer, older]):
        incidents = read_acled(paths)
        assert incidents.table.set_index("incident_id")["deaths_best"].to_dict() == {"SYR1": 9, "SYR2": 7}
        assert incidents.ledger.excluded.to_numpy().tolist() == [[OLDER, 2]]
        assert (incidents.ledger.read, incidents.ledger.used) == (4, 2)


def test_a_file_without_time_precision_is_dated_to_days_beside_one_that_has_it(tmp_path, write):
    bare = tmp_path / "bare.csv"
    bare.write_text("event_id_cnty,event_date,event_type,fatalities\nSYR9,2019-08-30,Battles,2\n")
    for paths in ([bare], [bare, write({"time_precision": "2"})]):
        incidents = read_acled(paths)
        assert incidents.ledger.n_quarantined == 0
        assert incidents.table.set_index("incident_id").loc["SYR9", "date_precision"] == "day"


def test_equal_timestamps_are_settled_by_the_order_of_files_and_else_set_aside(write):
    first, second = write({"fatalities": "7"}, name="a.csv"), write({"fatalities": "8"}, name="b.csv")
    assert read_acled([second, first]).table["deaths_best"].tolist() == [7]
    ledger = read_acled(write({}, {})).ledger
    assert ledger.quarantined["reason"].tolist() == ["identifier already used in row 2"]


@pytest.mark.parametrize("as_file", [False, True])
def test_deleted_events_are_excluded(write, tmp_path, as_file):
    path = write({}, {"event_id_cnty": "SYR2"}, {"event_id_cnty": "SYR3", "event_date": "?"})
    deletions = ["SYR2", " SYR3 ", "SYR9"]
    if as_file:
        (tmp_path / "deleted.csv").write_text("event_id_cnty,deleted_timestamp\nSYR2,1\nSYR3,2\nSYR9,3\n")
        deletions = tmp_path / "deleted.csv"
    ledger = read_acled(path, deletions=deletions).ledger
    assert (ledger.used, ledger.n_quarantined) == (1, 0)
    assert ledger.excluded.to_numpy().tolist() == [[DELETED, 2]]


def test_list_without_identifiers_is_refused(write, tmp_path):
    (tmp_path / "deleted.csv").write_text("id,when\nSYR2,1\n")
    with pytest.raises(InputError, match=r"deleted\.csv is no list of deletions: it lacks the column event_id_cnty"):
        read_acled(write({}), deletions=tmp_path / "deleted.csv")
