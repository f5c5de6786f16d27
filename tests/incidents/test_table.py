"""Every row read is accounted for: used, or in quarantine with its number, column, value and reason."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import UnknownNameError
from conflictts.incidents.files import write_for_spreadsheet
from conflictts.incidents.table import matching_records

SOUND = {
    "incident_id": "B",
    "date_start": "2019-08-01",
    "date_end": "2019-08-02",
    "lat": "35.61",
    "lon": "36.56",
    "civilians_killed_low": "1",
    "civilians_killed_best": "2",
    "civilians_killed_high": "3",
    "unit": "incident",
}
A = {**SOUND, "incident_id": "A"}


def as_csv(*rows: dict[str, str] | str) -> str:
    """Rows as CSV text with a header; a row given as text stands as it is."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, SOUND, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        text.write(row + "\n") if isinstance(row, str) else writer.writerow(row)
    return text.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(*rows: dict[str, str] | str) -> ct.Incidents:
        path = tmp_path / "records.csv"
        path.write_text(as_csv(*rows), encoding="utf-8")
        return ct.read_catalogue(path)

    return read


NO_DATE = "not a date written as YYYY-MM-DD"
BLANK_DATE = "blank, but every record needs its first and last day"
LOST_PART = "names no sound record that would contain this one"

FAULTS = [
    pytest.param("date_start", "2019-02-30", "no such day in the calendar", id="30 February"),
    pytest.param("date_end", "2019-09-31", "no such day in the calendar", id="31 September"),
    pytest.param("date_start", "30/08/2019", NO_DATE, id="day first"),
    pytest.param("date_start", "16 May 2019", NO_DATE, id="month in words"),
    pytest.param("date_start", "20190801", NO_DATE, id="date without hyphens"),
    pytest.param("date_start", "2019-08", NO_DATE, id="month only"),
    pytest.param("date_start", "-2019-08-01", NO_DATE, id="year before Christ"),
    pytest.param("date_start", "2019-08-01 13:30", NO_DATE, id="hour of the day"),
    pytest.param("date_start", "2019-08-01T00:00:00Z", NO_DATE, id="time zone"),
    pytest.param("date_start", "nan", NO_DATE, id="nan for a date"),
    pytest.param("date_start", "", BLANK_DATE, id="blank start"),
    pytest.param("date_end", "", BLANK_DATE, id="blank end"),
    pytest.param("date_end", "2019-07-31", "ends before it starts, on 2019-08-01", id="end before start"),
    pytest.param("civilians_killed_best", "two", "not a number", id="number in words"),
    pytest.param("civilians_killed_low", "nan", "not a number", id="nan"),
    pytest.param("civilians_killed_high", "inf", "not a number", id="infinite"),
    pytest.param("civilians_killed_best", "1e400", "not a number", id="beyond a float"),
    pytest.param("civilians_killed_best", "1,043", "not a number", id="thousands with a comma"),
    pytest.param("civilians_killed_best", "-1", "negative, but it counts persons or sources", id="negative"),
    pytest.param("civilians_killed_best", "1.5", "not a whole number", id="half a person"),
    pytest.param("incident_id", "", "blank, but every record needs an identifier", id="blank identifier"),
    pytest.param("incident_id", "A", "identifier already used in row 2", id="identifier twice"),
    pytest.param("lat", "91", "outside -90..90 degrees", id="latitude"),
    pytest.param("lon", "-180.5", "outside -180..180 degrees", id="longitude"),
    pytest.param("lat", "35°37'", "not a number of degrees", id="minutes of arc"),
    pytest.param("lat", "nan", "not a number of degrees", id="nan for a latitude"),
    pytest.param("unit", "part_of:Z", LOST_PART, id="part of nothing"),
    pytest.param("unit", "part_of:B", LOST_PART, id="part of itself"),
    pytest.param("unit", "day", LOST_PART, id="unit of no known kind"),
]


@pytest.mark.parametrize(("column", "value", "reason"), FAULTS)
def test_row_with_a_fault_is_set_aside_and_the_rest_used(read, column, value, reason):
    faulty = {**SOUND, column: value}
    incidents = read(A, faulty, {**SOUND, "incident_id": "C"})
    ledger = incidents.ledger
    fault = ledger.quarantined.iloc[0].to_dict()
    assert (fault["file"], fault["row"], fault["column"]) == ("records.csv", 3, column)
    assert (fault["value"], fault["reason"]) == (value, reason)
    assert fault["incident_id"] == faulty["incident_id"]
    assert len(ledger.quarantined) == 1
    assert incidents.table["incident_id"].tolist() == ["A", "C"]
    assert ledger.rejected.to_dict("index") == {3: faulty}
    assert ledger.summary().to_numpy().tolist() == [["used", "", 2], ["quarantined", f"{column}: {reason}", 1]]


UNITS_WITHOUT_MEANING = [pytest.param("", id="blank"), pytest.param("part_of:", id="part of a blank")]


@pytest.mark.parametrize("unit", UNITS_WITHOUT_MEANING)
def test_record_that_does_not_say_whether_it_counts_is_not_counted(read, unit):
    incidents = read(A, {**SOUND, "unit": unit})
    assert incidents.table["incident_id"].tolist() == ["A"]
    assert incidents.ledger.quarantined[["row", "column"]].to_numpy().tolist() == [[3, "unit"]]


READ_AS = [
    pytest.param("date_start", "2019-08-01 00:00:00", "date_start", "2019-08-01", id="midnight"),
    pytest.param("date_start", "2019-08-01T00:00:00.000", "date_start", "2019-08-01", id="midnight, ISO"),
    pytest.param("civilians_killed_best", " 2.0 ", "civilians_best", "2.0", id="whole number as a decimal"),
    pytest.param("civilians_killed_high", "", "civilians_high", "nan", id="blank is not stated, never 0"),
    pytest.param("lat", "", "latitude", "nan", id="no coordinates"),
    pytest.param("unit", " area_day_total ", "part_of", "", id="day total of an area"),
    pytest.param("unit", "part_of:A", "part_of", "A", id="detail"),
]


@pytest.mark.parametrize(("column", "value", "name", "expected"), READ_AS)
def test_sound_value_is_read(read, column, value, name, expected):
    table = read(A, {**SOUND, column: value}).table.set_index("incident_id")
    assert str(table.loc["B", name]).removesuffix(" 00:00:00") == expected


def test_every_fault_of_a_row_is_listed_and_the_row_counted_once(read):
    ledger = read(A, {**SOUND, "date_start": "?", "lat": "91", "civilians_killed_low": "-1"}).ledger
    assert ledger.quarantined["column"].tolist() == ["civilians_killed_low", "date_start", "lat"]
    assert (ledger.read, ledger.used, ledger.n_quarantined) == (2, 1, 1)
    assert ledger.summary()["rows"].sum() == 2


CHAINS = [
    pytest.param({"A": "incident", "B": "part_of:A", "C": "part_of:A"}, "", ["A", "B", "C"], id="sound"),
    pytest.param({"C": "part_of:A", "B": "part_of:A", "A": "incident"}, "", ["C", "B", "A"], id="details come first"),
    pytest.param({"A": "incident", "B": "part_of:A", "C": "incident"}, "A", ["C"], id="total in quarantine"),
    pytest.param({"C": "part_of:B", "B": "part_of:A", "A": "incident"}, "A", [], id="total of a total in quarantine"),
    pytest.param({"A": "incident", "B": "part_of:C", "C": "part_of:B"}, "", ["A"], id="each part of the other"),
]


@pytest.mark.parametrize(("units", "faulty", "used"), CHAINS)
def test_detail_shares_the_fate_of_the_record_that_contains_it(read, units, faulty, used):
    rows = [{**SOUND, "incident_id": name, "unit": unit} for name, unit in units.items()]
    rows = [{**row, "date_end": "?"} if row["incident_id"] == faulty else row for row in rows]
    assert read(*rows).table["incident_id"].tolist() == used


MALFORMED = [
    pytest.param("B,2019-08-01", "2 fields where the header has 9", id="too short"),
    pytest.param("B,2019-08-01,2019-08-01,,,1,1,1,incident,more", "10 fields where the header has 9", id="too long"),
    pytest.param('B,"2019-08-01"x,2019-08-01,,,1,1,1,incident', "not readable as CSV", id="text after a quotation"),
]


@pytest.mark.parametrize(("line", "reason"), MALFORMED)
@pytest.mark.parametrize("others", [pytest.param([A], id="beside a sound row"), pytest.param([], id="alone")])
def test_row_of_another_shape_is_set_aside_with_its_text(read, others, line, reason):
    ledger = read(*others, line).ledger
    fault = ledger.quarantined.iloc[0]
    assert (fault["row"], fault["column"], fault["value"]) == (2 + len(others), "(whole row)", line)
    assert reason in fault["reason"]
    assert (ledger.read, ledger.used, ledger.n_quarantined) == (1 + len(others), len(others), 1)
    assert ledger.rejected.columns.tolist() == list(SOUND)
    assert ledger.rejected["incident_id"].tolist() == [line]


def test_rejected_rows_can_be_mended_and_read_again(read, tmp_path):
    rejected = read(A, {**SOUND, "date_end": "2019-02-30"}).ledger.rejected
    path = tmp_path / "mended.csv"
    write_for_spreadsheet(rejected.replace("2019-02-30", "2019-08-03"), path)
    mended = ct.read_catalogue(path)
    assert (mended.ledger.used, mended.ledger.n_quarantined) == (1, 0)
    assert mended.table["date_end"].dt.strftime("%Y-%m-%d").tolist() == ["2019-08-03"]


def test_bounds_in_disorder_are_kept_with_a_warning(read):
    incidents = read(
        A, {**SOUND, "civilians_killed_low": "5"}, {**SOUND, "incident_id": "C", "civilians_killed_high": "0"}
    )
    assert incidents.ledger.warnings.to_numpy().tolist() == [
        ["civilians: low is above best; kept as stated", 1, "B"],
        ["civilians: best is above high; kept as stated", 1, "C"],
    ]
    assert incidents.table["civilians_low"].tolist() == [1, 5, 1]
    assert incidents.table["civilians_high"].tolist() == [3, 3, 0]


def is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def is_sound(row: dict[str, str]) -> bool:
    """A second way to say which rows can be used, without pandas."""
    days = is_day(row["date_start"]) and is_day(row["date_end"]) and row["date_start"] <= row["date_end"]
    return days and (row["civilians_killed_best"] == "" or row["civilians_killed_best"].isdecimal())


ROWS = st.fixed_dictionaries(
    {
        "date_start": st.sampled_from(["2019-08-01", "2019-08-05", "2019-02-30", "", "?"]),
        "date_end": st.sampled_from(["2019-08-05", "2019-08-01", "31.8.2019", ""]),
        "civilians_killed_best": st.sampled_from(["", "0", "12", "-1", "1.5", "inf", "nan", "=1+1"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(drawn=st.lists(ROWS, min_size=1, max_size=12))
def test_used_and_rejected_rows_are_together_the_rows_of_the_file(tmp_path_factory, drawn):
    rows = {number: {**SOUND, **row, "incident_id": f"I{number}"} for number, row in enumerate(drawn, start=2)}
    path = tmp_path_factory.getbasetemp() / "ledger.csv"
    path.write_text(as_csv(*rows.values()), encoding="utf-8")
    incidents = ct.read_catalogue(path)
    ledger = incidents.ledger
    assert incidents.table["incident_id"].tolist() == [row["incident_id"] for row in rows.values() if is_sound(row)]
    assert ledger.rejected.to_dict("index") == {number: row for number, row in rows.items() if not is_sound(row)}
    assert set(ledger.quarantined["row"]) == set(ledger.rejected.index)
    assert ledger.summary()["rows"].sum() == ledger.read == len(rows)


UNKNOWN = [
    pytest.param({"province": "Idlib"}, r"No column 'province'.* admin1, admin2", id="column"),
    pytest.param({"civilians_best": "3"}, "No column 'civilians_best'", id="column of numbers"),
    pytest.param({"admin1": "idlib"}, r"admin1 = 'idlib'. Did you mean 'Idlib'\?", id="capital letter"),
    pytest.param({"admin1": ["Idlib", "Hamah"]}, r"admin1 = 'Hamah'. Did you mean 'Hama'\?", id="one of two values"),
    pytest.param({"place": "Maarat"}, r"Did you mean .*'Maarat Hurma'", id="part of a name"),
    pytest.param({"event_type": "xyz"}, "The source has 'airstrike', 'explosion', 'ground_clash'", id="nothing near"),
    pytest.param({"admin2": "Ariha"}, "leaves that column blank in every record", id="column without values"),
    pytest.param({"admin1": ""}, "admin1 = ''", id="blank"),
]


@pytest.mark.parametrize(("where", "message"), UNKNOWN)
def test_unknown_condition_names_those_that_exist(idlib, where, message):
    with pytest.raises(UnknownNameError, match=message):
        matching_records(idlib.table, where)


def test_conditions_hold_together_and_values_are_alternatives(idlib):
    table = idlib.table
    match = matching_records(table, {"admin1": ["Idlib", "Hama"], "perpetrator": "russia"})
    expected = [
        a in ("Idlib", "Hama") and p == "russia" for a, p in zip(table["admin1"], table["perpetrator"], strict=True)
    ]
    assert match.tolist() == expected
