"""Rows set aside are written out, mended and read again: each is then the record it would have been."""

from __future__ import annotations

import csv
import json

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.errors import InputError
from conflictts.incidents import catalogue, formulas

Row = dict[str, str]

PLACES = ("Idlib", "-", "=SUM(A1)", "+ Saraqib é", "@Hass", "'Ayn al-Arab", "-Kafr", 'a;b,c\n"d"', "إدلب", "Tell")


def rows_of(model: Row, identifier: str, place: str) -> list[Row]:
    """Ten sound rows that differ in identifier and place."""
    return [{**model, identifier: f"{model[identifier]}{i}", place: name} for i, name in enumerate(PLACES)]


UCDP = {
    "id": "29",
    "relid": "=R",
    "where_coordinates": "",
    "date_start": "2019-08-30",
    "date_end": "2019-08-30",
    "date_prec": "1",
    "adm_1": "Idlib",
    "latitude": "35.9",
    "longitude": "-36.6",
    "deaths_a": "1",
    "deaths_b": "2",
    "deaths_civilians": "\t3",
    "deaths_unknown": "0",
    "low": "6",
    "best": "6",
    "high": "7",
    "number_of_sources": "-1",
}
ACLED = {
    "event_id_cnty": "SYR",
    "event_date": "30 August 2019",
    "time_precision": "1",
    "event_type": "Battles",
    "actor1": "-",
    "location": "",
    "latitude": "35.9",
    "longitude": "-36.6",
    "fatalities": "4",
    "timestamp": "16",
    "notes": "=cmd|' /C calc'!A0",
}
DESK = {"Nr": "N", "@Datum": "30/08/2019", "Ort": "", "=Tote": "at least 5", "Notiz": "+49"}
PRESS = {
    "incident_id": "I",
    "date_start": "2019-08-30",
    "date_end": "2019-08-30",
    "place": "",
    "unit": "incident",
    "civilians_killed_low": "1",
    "civilians_killed_best": "2",
    "civilians_killed_high": "3",
    "@note": "=x",
}
MAP = '[columns]\nincident_id = "Nr"\ndate_start = "@Datum"\nplace = "Ort"\ndeaths_best = "=Tote"\n[reading]\n'
DAY_FIRST = "day_first = true\n"

# row -> column -> what stands there by mistake
UCDP_FAULTS = {2: {"date_start": "2019-02-30"}, 4: {"best": "six"}, 6: {"id": ""}, 8: {"id": "290"}, 7: {"low": "-"}}
ACLED_FAULTS = {
    2: {"event_date": "31 June 2019"},
    4: {"fatalities": "="},
    6: {"event_id_cnty": ""},
    7: {"latitude": "+"},
}
DESK_FAULTS = {2: {"@Datum": "31/02/2019"}, 4: {"=Tote": "=2+3"}, 6: {"Nr": ""}, 8: {"Nr": "N0"}, 1: {"=Tote": "-5"}}
PRESS_FAULTS = {2: {"date_end": "@"}, 4: {"civilians_killed_best": "many"}, 6: {"unit": "-"}, 8: {"incident_id": "I0"}}


def write_csv(
    rows: list[Row], path, *, delimiter: str = ",", encoding: str = "utf-8", extra: int | None = None
) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(rows[0])
        for number, row in enumerate(rows):
            writer.writerow([*row.values(), *(["one field too many"] if number == extra else [])])


def write_excel(rows: list[Row], path, **_) -> None:
    book = openpyxl.Workbook()
    for number, cells in enumerate([list(rows[0]), *(list(row.values()) for row in rows)], start=1):
        for column, text in enumerate(cells, start=1):
            cell = book.active.cell(number, column)
            cell.value, cell.data_type = text, "s"  # text, also where it looks like a formula
    book.save(path)


def write_json_lines(rows: list[Row], path, **_) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def latin(rows: list[Row]) -> list[Row]:
    return [{name: cell.replace("إدلب", "été") for name, cell in row.items()} for row in rows]


U, A, D, P = (
    rows_of(model, name, place)
    for model, name, place in (
        (UCDP, "id", "where_coordinates"),
        (ACLED, "event_id_cnty", "location"),
        (DESK, "Nr", "Ort"),
        (PRESS, "incident_id", "place"),
    )
)
KINDS = [
    pytest.param("ged191.csv", U, UCDP_FAULTS, write_csv, {}, "", id="UCDP GED"),
    pytest.param("GEDEvent_v25_0_3.csv", U, UCDP_FAULTS, write_csv, {}, "", id="UCDP Candidate"),
    pytest.param("acled.csv", A, ACLED_FAULTS, write_csv, {"extra": 3}, "", id="ACLED"),
    pytest.param("press.csv", P, PRESS_FAULTS, write_csv, {"extra": 3}, "", id="press catalogue"),
    pytest.param("desk.csv", D, DESK_FAULTS, write_csv, {"delimiter": ";", "extra": 3}, DAY_FIRST, id="semicolons"),
    pytest.param("desk.csv", D, DESK_FAULTS, write_csv, {"encoding": "utf-16"}, DAY_FIRST, id="UTF-16"),
    pytest.param(
        "desk.csv",
        D,
        DESK_FAULTS,
        write_csv,
        {"encoding": "utf-16"},
        DAY_FIRST + 'encoding = "utf-16"',
        id="UTF-16 declared",
    ),
    pytest.param(
        "desk.csv",
        latin(D),
        DESK_FAULTS,
        write_csv,
        {"encoding": "cp1252"},
        DAY_FIRST + 'encoding = "latin-1"',
        id="Latin-1",
    ),
    pytest.param("desk.xlsx", D, DESK_FAULTS, write_excel, {}, DAY_FIRST + 'sheet = "Sheet"', id="Excel"),
    pytest.param("desk.jsonl", D, DESK_FAULTS, write_json_lines, {}, DAY_FIRST, id="JSON lines"),
]
HANDS = ["as written", "without the mark of UTF-8", "semicolons of a European Excel"]


def mend(path, sound: list[Row], place: str, hand: str) -> int:
    """Put the right cells back, as a person would who knows the place; return the number of rows."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rejected = csv.reader(stream)
    names = [formulas.as_meant(name) for name in header]
    right = {row[place]: row for row in sound}
    mended = []
    for fields in rejected:
        cells = [formulas.as_meant(cell) for cell in fields]
        here = next((row for row in sound if row[place] == cells[names.index(place)]), None)
        row = here or next(right[name] for name in PLACES if name in right and name in cells[0] and name != "-")
        mended.append([cell if cell == row[name] else row[name] for cell, name in zip(cells, names, strict=True)])
        mended[-1] = [formulas.harmless(cell) for cell in mended[-1]]
    encoding = "utf-8-sig" if hand != HANDS[1] else "utf-8"
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=";" if hand == HANDS[2] else ",").writerows([header, *mended])
    return len(mended)


ROUND_TRIPS = [pytest.param(*kind.values, HANDS[0], id=str(kind.id)) for kind in KINDS] + [
    pytest.param(*kind.values, hand, id=f"{kind.id}, {hand}")
    for kind in KINDS
    for hand in HANDS[1:]
    if kind.id in ("ACLED", "UTF-16 declared", "Latin-1")
]


@pytest.mark.parametrize(("name", "sound", "faults", "write", "options", "reading", "hand"), ROUND_TRIPS)
def test_mended_rows_are_the_records_they_would_have_been(tmp_path, name, sound, faults, write, options, reading, hand):
    place = next(column for column in ("where_coordinates", "location", "Ort", "place") if column in sound[0])
    path = tmp_path / name
    if reading:
        path.with_suffix(".toml").write_text(MAP + reading, encoding="utf-8")
    write(sound, path, **{**options, "extra": None})
    expected = ct.read_incidents(path)
    assert expected.ledger.used == len(sound)
    write([{**row, **faults.get(number, {})} for number, row in enumerate(sound)], path, **options)
    quarantine = tmp_path / f"{path.stem}.mended.csv"
    result = CliRunner().invoke(app, ["check", str(path), "--quarantine", str(quarantine)])
    assert result.exit_code == 0, result.output
    first = ct.read_incidents(path)
    set_aside = len(faults) + ("extra" in options)
    assert mend(quarantine, sound, place, hand) == first.ledger.n_quarantined == set_aside
    again = ct.read_incidents(quarantine)
    assert again.ledger.quarantined.to_dict("records") == []
    assert again.ledger.used == again.ledger.read == set_aside
    both = pd.concat([first.table, again.table]).set_index("incident_id").sort_index()
    pd.testing.assert_frame_equal(both, expected.table.set_index("incident_id").sort_index())


@pytest.mark.parametrize(
    ("name", "sound", "faults", "mended_name"),
    [
        pytest.param("ged191.csv", U, UCDP_FAULTS, "mended.csv", id="UCDP"),
        pytest.param("GEDEvent_v25_0_3.csv", U, UCDP_FAULTS, "GEDEvent_v25_0_3.mended.csv", id="UCDP of one release"),
        pytest.param("acled.csv", A, ACLED_FAULTS, "mended.csv", id="ACLED"),
        pytest.param("press.csv", P, PRESS_FAULTS, "mended.csv", id="press catalogue"),
    ],
)
def test_mended_rows_may_be_read_beside_the_file_they_come_from(tmp_path, name, sound, faults, mended_name):
    """A fault that lies in the identifier stays in quarantine: nothing says which row it became."""
    identifier = next(iter(sound[0])) if name != "press.csv" else "incident_id"
    path = tmp_path / name
    write_csv([{**row, **faults.get(number, {})} for number, row in enumerate(sound)], path)
    write_csv([sound[number] for number in sorted(faults)], tmp_path / mended_name)
    incidents = ct.read_incidents([path, tmp_path / mended_name])
    ledger = incidents.ledger
    nameless = sum(identifier in fault for fault in faults.values())
    assert (ledger.used, ledger.n_quarantined) == (len(sound), nameless)
    assert ledger.read == len(sound) + len(faults)
    write_csv(sound, path)
    expected = ct.read_incidents(path).table.set_index("incident_id").sort_index()
    pd.testing.assert_frame_equal(incidents.table.set_index("incident_id").sort_index(), expected)


def test_detail_mended_apart_finds_its_total_in_the_file_it_comes_from(tmp_path):
    total, detail = P[0], {**P[2], "unit": "part_of:I0"}
    write_csv([total, {**detail, "civilians_killed_best": "x"}], tmp_path / "press.csv")
    write_csv([detail], tmp_path / "mended.csv")
    alone = ct.read_incidents(tmp_path / "mended.csv").ledger
    assert alone.quarantined["reason"].tolist() == ["names no sound record that would contain this one"]
    both = ct.read_incidents([tmp_path / "press.csv", tmp_path / "mended.csv"])
    assert both.table["part_of"].tolist() == ["", "I0"]
    assert both.ledger.excluded.to_dict("records") == [{"filter": catalogue.MENDED, "records": 1}]


def test_two_catalogues_that_share_identifiers_by_chance_lose_no_record_in_silence(tmp_path):
    write_csv(P[:2], tmp_path / "one.csv")
    write_csv([{**P[0], "place": "elsewhere"}], tmp_path / "two.csv")
    ledger = ct.read_incidents([tmp_path / "one.csv", tmp_path / "two.csv"]).ledger
    assert ledger.quarantined["reason"].tolist() == ["identifier already used in row 2 of one.csv"]
    assert ledger.excluded.empty


SAVED_ANEW = [
    pytest.param("utf-8", "cp1252", "é", True, id="UTF-8 where Latin-1 was declared"),
    pytest.param("utf-8", "utf-16", "é", True, id="UTF-8 where UTF-16 was declared"),
    pytest.param("utf-8-sig", "cp1252", "é", False, id="a mark needs no remark"),
    pytest.param("cp1252", "cp1252", "é", False, id="as declared"),
    pytest.param("cp1256", "cp1256", "إدلب، آب", False, id="Arabic as declared"),
    pytest.param("gbk", "gbk", "联通", False, id="two bytes a letter that UTF-8 might be"),
]


@pytest.mark.parametrize(("encoding", "declared", "place", "remarked"), SAVED_ANEW)
def test_file_saved_in_utf8_is_read_as_such_whatever_is_declared(tmp_path, encoding, declared, place, remarked):
    (tmp_path / "desk.csv").write_bytes(f"date_start,place\n2019-08-30,{place}\n".encode(encoding))
    incidents = ct.read_delimited(tmp_path / "desk.csv", encoding=declared)
    assert incidents.table["place"].tolist() == [place]
    assert incidents.ledger.warnings["warning"].str.contains("is UTF-8, and read as such").any() == remarked


def test_column_that_stands_twice_without_its_mark_is_refused(tmp_path):
    (tmp_path / "desk.csv").write_text("date_start,=a,'=a\n2019-08-30,1,2\n")
    with pytest.raises(InputError, match="'=a' more than once"):
        ct.read_delimited(tmp_path / "desk.csv")
