"""Tables of any make, read by a map of their columns."""

from __future__ import annotations

import gzip
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import conflictts as ct
from conflictts.errors import ConflictTSError, InputError, UnknownNameError
from conflictts.incidents.delimited import read_delimited
from conflictts.incidents.recognise import read_incidents

MAP = {"date_start": "Date", "place": "Lieu", "civilians_best": "Tués"}
TEXT = "Date;Lieu;Tués;Note\n30/08/2019;Idlib;5;dépêche de l'agence, bombardement aérien près de l'hôpital\n" + (
    "01/09/2019;Khan Cheikhoun;٢;tués à la frontière, blessés évacués vers la ville\n"
)


def days(incidents) -> list[str]:
    return incidents.table["date_start"].dt.strftime("%Y-%m-%d").tolist()


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "desk.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_table_is_read_by_its_map(write, encoding):
    incidents = read_delimited(write(TEXT.encode(encoding)), columns=MAP, provider="The Desk")
    assert days(incidents) == ["2019-08-30", "2019-09-01"]
    assert incidents.table["civilians_best"].tolist() == [5, 2]
    assert incidents.table["incident_id"].str.fullmatch("[0-9a-f]{16}").all()
    assert incidents.ledger.warnings["warning"].str.startswith("identifiers are derived").sum() == 1
    assert incidents.provenance.provider == "The Desk"


def test_detected_encoding_is_said(write):
    incidents = read_delimited(write(TEXT.replace("٢", "2").encode("cp1252")), columns=MAP)
    assert incidents.ledger.warnings["warning"].str.contains("not UTF-8; read as cp1252, as detected").any()
    assert incidents.table["civilians_best"].tolist() == [5, 2]


def test_encoding_that_cannot_be_told_is_asked_for(write):
    path = write("Date,Lieu\n2019-08-30,tué\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"byte 0xe9 in line 2\. Its encoding cannot be told"):
        read_delimited(path, columns={"date_start": "Date", "place": "Lieu"})
    declared = read_delimited(path, columns={"date_start": "Date", "place": "Lieu"}, encoding="cp1252")
    assert declared.table["place"].tolist() == ["tué"]


def test_kinds_of_file_agree(write, tmp_path):
    frame = pd.DataFrame({"Date": pd.to_datetime(["2019-08-30", "2019-09-01"]), "Lieu": ["a", "b"], "Tués": [5, 2]})
    frame.to_parquet(tmp_path / "desk.parquet")
    frame.to_excel(tmp_path / "desk.xlsx", index=False)
    frame.astype({"Date": str}).to_json(tmp_path / "desk.jsonl", orient="records", lines=True, force_ascii=False)
    text = frame.to_csv(index=False).encode()
    write(text)
    write(gzip.compress(text), "desk.csv.gz")
    with zipfile.ZipFile(tmp_path / "desk.zip", "w") as archive:
        archive.writestr("data/desk.csv", text)
        archive.writestr("LICENCE", "…")
    columns = ["date_start", "date_end", "place", "civilians_best"]
    names = ["desk.csv", "desk.csv.gz", "desk.zip", "desk.parquet", "desk.xlsx", "desk.jsonl"]
    tables = [read_delimited(tmp_path / name, columns=MAP).table[columns] for name in names]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


ORDERS = [
    pytest.param(["3/4/2019", "31/8/2019"], None, ["2019-04-03", "2019-08-31"], id="day first, by a row"),
    pytest.param(["3/4/2019", "8/31/2019"], None, ["2019-03-04", "2019-08-31"], id="month first, by a row"),
    pytest.param(["3.4.2019", "5.6.2019"], True, ["2019-04-03", "2019-06-05"], id="declared day first"),
    pytest.param(["3-4-2019", "5-6-2019"], False, ["2019-03-04", "2019-05-06"], id="declared month first"),
    pytest.param(["4/4/2019", "2019-08-30"], None, ["2019-04-04", "2019-08-30"], id="nothing to tell apart"),
]


@pytest.mark.parametrize(("written", "day_first", "expected"), ORDERS)
def test_order_of_day_and_month(write, written, day_first, expected):
    path = write("Date\tn\n" + "".join(f"{date}\t1\n" for date in written))
    assert days(read_delimited(path, columns={"date_start": "Date"}, day_first=day_first)) == expected


def test_years_of_other_calendars_and_slips_are_at_fault(write):
    path = write("Date,n\n1398/06/09,1\n31/12/1440,2\n2562-08-31,3\n0019-08-31,4\n2019-08-31,5\n")
    incidents = read_delimited(path, columns={"date_start": "Date"})
    assert days(incidents) == ["2019-08-31"]
    reasons = incidents.ledger.quarantined["reason"].tolist()
    assert [reason.split(",")[0] for reason in reasons] == [
        f"the year {year} is outside 1900..2100" for year in (1398, 1440, 2562, 19)
    ]
    assert not any("with the day first" in warning for warning in incidents.ledger.warnings["warning"])


def test_dates_that_a_spreadsheet_exchanged_are_said(write):
    """A spreadsheet that expects the month first makes 3/4/2019 the 4th of March, and 31/8/2019 no date."""
    true = pd.date_range("2019-04-01", periods=60)
    as_read = [f"{day:%Y-%d-%m}" if day.day <= 12 else f"{day:%d/%m/%Y}" for day in true]
    said = read_delimited(
        write("Date,n\n" + "".join(f"{date},1\n" for date in as_read)), columns={"date_start": "Date"}
    )
    assert "Date: all dates as YYYY-MM-DD have a day up to 12" in " ".join(said.ledger.warnings["warning"])
    honest = [f"{day:%Y-%m-%d}" if place % 2 else f"{day:%d/%m/%Y}" for place, day in enumerate(true)]
    read = read_delimited(write("Date,n\n" + "".join(f"{date},1\n" for date in honest)), columns={"date_start": "Date"})
    assert days(read) == [f"{day:%Y-%m-%d}" for day in true]
    assert "up to 12" not in " ".join(read.ledger.warnings["warning"])


def test_order_that_cannot_be_told_names_two_rows(write):
    path = write("Date,n\n3/4/2019,1\n5/6/2019,2\n")
    with pytest.raises(InputError, match=r"row 2: Date = '3/4/2019', row 3: Date = '5/6/2019'\. No row settles it"):
        read_delimited(path, columns={"date_start": "Date"})


def test_orders_that_contradict_name_two_rows(write):
    path = write("Date,n\n31/8/2019,1\n8/31/2019,2\n")
    with pytest.raises(InputError, match=r"row 2: Date = '31/8/2019', row 3: Date = '8/31/2019'"):
        read_delimited(path, columns={"date_start": "Date"})
    ledger = read_delimited(path, columns={"date_start": "Date"}, day_first=True).ledger
    assert ledger.quarantined[["row", "value", "reason"]].to_numpy().tolist()[0][:2] == [3, "8/31/2019"]


def test_map_beside_the_file(write, tmp_path):
    path = write("Quand,Morts\n3/4/2019,1\n")
    (tmp_path / "desk.toml").write_text(
        '[columns]\ndate_start = "Quand"\ndeaths_best = "Morts"\n[source]\nlicence = "internal"\n'
        'coverage = ["2019-01-01", "2019-12-31"]\n[reading]\nday_first = true\n'
    )
    for incidents in (read_delimited(path), read_incidents(path)):
        assert days(incidents) == ["2019-04-03"]
        assert incidents.provenance.licence == "internal"
        assert incidents.provenance.coverage == (pd.Timestamp("2019-01-01"), pd.Timestamp("2019-12-31"))


REFUSED = [
    pytest.param({"date": "Date"}, "no column of the incident table 'date'. Did you mean 'date_", id="name"),
    pytest.param({"date_start": "Dato"}, r"no column 'Dato', .* Did you mean 'Date'\?", id="column"),
    pytest.param({"place": "Lieu"}, "no column for date_start", id="no date"),
]


@pytest.mark.parametrize(("columns", "message"), REFUSED)
def test_map_that_does_not_fit_is_refused(write, columns, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        read_delimited(write(TEXT), columns=columns)


def test_rows_alike_in_every_column_are_used_once(write):
    ledger = read_delimited(write("date_start,place\n2019-08-30,a\n2019-08-30,a\n2019-08-30,b\n")).ledger
    assert (ledger.used, ledger.n_quarantined) == (2, 1)


def archive_of(path, members: dict[str, bytes], flag: int = 0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if flag:
        content = bytearray(path.read_bytes())
        content[6] |= flag
        content[content.index(b"PK\x01\x02") + 8] |= flag
        path.write_bytes(bytes(content))
    return path


HOSTILE = [
    pytest.param({"../../etc/x.csv": b"a,b\n1,2\n"}, 0, "leads out of the archive", id="path upwards"),
    pytest.param({"/x.csv": b"a,b\n1,2\n"}, 0, "leads out of the archive", id="absolute path"),
    pytest.param({"C:\\x.csv": b"a,b\n1,2\n"}, 0, "leads out of the archive", id="drive"),
    pytest.param({"x.csv": b"a,b\n1,2\n", "y.csv": b"a\n"}, 0, r"holds 2 among 2 files: x\.csv, y\.csv", id="two"),
    pytest.param({"x.csv": gzip.compress(b"a,b\n1,2\n")}, 0, "an archive inside an archive", id="nested"),
    pytest.param({"x.csv": b"a,b\n1,2\n"}, 1, "is encrypted", id="encrypted"),
    pytest.param({"x.csv": bytes(70 << 20)}, 0, "unpacks to more than 64 MiB", id="bomb"),
    pytest.param({}, 0, "damaged|holds 0 among 0 files: nothing", id="nothing"),
]


@pytest.mark.parametrize(("members", "flag", "message"), HOSTILE)
def test_hostile_archive_is_refused(tmp_path, members, flag, message):
    with pytest.raises(ConflictTSError, match=message):
        read_delimited(archive_of(tmp_path / "desk.zip", members, flag))


def test_cell_that_cannot_be_read_has_one_fault_and_its_reason(write):
    text = "Date,Lieu,Tués\n2019-08-30,a,viele\n32/9/2019,b,2\nbald,c,3\n2019-08-31,d,12 wounded\n"
    faults = read_delimited(write(text), columns=MAP).ledger.quarantined
    assert faults[["row", "column", "value", "reason"]].to_numpy().tolist() == [
        [2, "Tués", "viele", "cannot be read as a quantity: no such wording is known"],
        [3, "Date", "32/9/2019", "no such day in the calendar"],
        [4, "Date", "bald", "cannot be read as a date or period: no such wording is known"],
        [5, "Tués", "12 wounded", "cannot be read as a quantity: no such wording is known"],
    ]


def test_order_told_by_a_row_is_said(write):
    path = write("Date,n\n3/4/2019,1\n31/8/2019,2\n")
    warnings = read_delimited(path, columns={"date_start": "Date"}).ledger.warnings["warning"]
    assert warnings.str.contains("with the day first, as told by row 3: Date = '31/8/2019'", regex=False).sum() == 1
    declared = read_delimited(path, columns={"date_start": "Date"}, day_first=True).ledger.warnings["warning"]
    assert not declared.str.contains("day first").any()


@pytest.mark.parametrize("impossible", ["31/02/2019", "02/31/2019", "31/4/2019"])
def test_an_impossible_date_tells_no_order(write, impossible):
    path = write(f"Date,n\n3/4/2019,1\n4/5/2019,2\n{impossible},3\n")
    with pytest.raises(InputError, match=r"whose day and month cannot be told apart: .*No row settles it"):
        read_delimited(path, columns={"date_start": "Date"})
    read = read_delimited(path, columns={"date_start": "Date"}, day_first=True)
    assert read.ledger.quarantined["value"].tolist() == [impossible]


MARKS = [
    pytest.param("1.043", None, 1043, id="no fraction of a person"),
    pytest.param("12.000", ".", 12, id="point declared"),
    pytest.param("12.000", ",", 12000, id="comma declared"),
    pytest.param("12,0", None, 12, id="comma"),
    pytest.param("12.0", None, 12, id="as data frames write it"),
    pytest.param("12.000", None, "12.000' may be 12 or 12,000", id="not declared"),
    pytest.param("1.5", None, "not a whole number", id="one and a half"),
]


@pytest.mark.parametrize(("written", "mark", "expected"), MARKS)
def test_decimal_mark_of_counts(write, written, mark, expected):
    path = write(f"date_start;deaths_best\n2019-08-30;{written}\n")
    incidents = read_delimited(path, decimal_mark=mark)
    if isinstance(expected, str):
        assert expected in incidents.ledger.quarantined["reason"].item()
    else:
        assert incidents.table["deaths_best"].tolist() == [expected]


TOLD_MARKS = [
    pytest.param(["3.0", "2.125", "12.000", "1,043"], [3, 12, 1043], ["2.125"], "'.'", id="point"),
    pytest.param(["3,0", "2,125", "12.000", "1.043"], [3, 12000, 1043], ["2,125"], "','", id="comma"),
    pytest.param(["3.0", "5,0", "1.043"], [3, 5, 1043], [], "", id="neither, for both"),
    pytest.param(["3", "1.043"], [3, 1043], [], "", id="none"),
]


@pytest.mark.parametrize(("written", "read", "refused", "mark"), TOLD_MARKS)
def test_decimal_mark_is_told_by_the_column(write, written, read, refused, mark):
    rows = "".join(f"2019-08-{day:02d};{count}\n" for day, count in enumerate(written, start=1))
    incidents = read_delimited(write(f"date_start;deaths_best\n{rows}"))
    assert incidents.table["deaths_best"].tolist() == read
    assert incidents.ledger.quarantined["value"].tolist() == refused
    told = [warning for warning in incidents.ledger.warnings["warning"] if "that of decimals" in warning]
    assert [f"the mark {mark} is read" in warning for warning in told] == [True] * bool(mark)


def test_a_bound_for_which_there_is_no_column_is_said(write):
    rows = "2019-08-01;up to 50;fewer than 9\n2019-08-02;3;up to 7\n2019-08-03;4;5\n"
    incidents = read_delimited(write(f"date_start;deaths_best;injured_best\n{rows}"))
    assert incidents.table[["deaths_high", "injured_best"]].fillna(-1).to_numpy().tolist() == [
        [50, -1],
        [-1, -1],
        [-1, 5],
    ]
    told = [warning for warning in incidents.ledger.warnings["warning"] if "upper bound alone" in warning]
    assert [warning.split(" state")[0] for warning in told] == ["injured_best: 'fewer than 9' and the like (2 in all)"]


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "jsonl"])
@pytest.mark.parametrize("mark", [None, ".", ","])
def test_a_cell_that_is_a_number_is_not_read_as_grouped(tmp_path, kind, mark):
    path = tmp_path / f"desk.{kind}"
    frame = pd.DataFrame({"date_start": ["2019-08-30", "2019-08-31"], "deaths_best": [2.125, 12.0]})
    write = {
        "xlsx": lambda: frame.to_excel(path, index=False),
        "parquet": lambda: frame.to_parquet(path),
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True),
    }[kind]
    write()
    incidents = read_delimited(path, decimal_mark=mark)
    assert incidents.table["deaths_best"].tolist() == [12.0]
    assert incidents.ledger.quarantined["reason"].tolist() == ["not a whole number"]


def test_a_formula_that_was_never_computed_is_no_blank(tmp_path):
    book = openpyxl.Workbook()
    for row in (["date_start", "deaths_best", "place"], ["2019-08-30", "=1+2", "a"], ["2019-08-31", 4, '=""']):
        book.active.append(row)
    book.save(tmp_path / "raw.xlsx")
    stored = b'<c r="C3" t="str"><f>""</f><v></v></c>'  # as a spreadsheet stores a formula that gives blank text
    with zipfile.ZipFile(tmp_path / "raw.xlsx") as raw, zipfile.ZipFile(tmp_path / "desk.xlsx", "w") as desk:
        for name in raw.namelist():
            content = re.sub(rb'<c r="C3">.*?</c>', stored, raw.read(name))
            desk.writestr(name, content)
    incidents = read_delimited(tmp_path / "desk.xlsx")
    assert incidents.table[["deaths_best", "place"]].to_numpy().tolist() == [[4.0, ""]]
    assert incidents.ledger.quarantined[["row", "value"]].to_numpy().tolist() == [[2, "=1+2"]]
    told = incidents.ledger.warnings["warning"].iloc[0]
    assert told.startswith(
        "desk.xlsx: formulas without a stored value (1, the first in row 2: =1+2) are read as they stand"
    )


def test_a_hidden_sheet_is_not_read_unless_it_is_named(tmp_path):
    book = openpyxl.Workbook()
    for row in (["date_start", "deaths_best"], ["2019-08-30", 3]):
        book.active.append(row)
    old = book.create_sheet("old", 0)
    for row in (["date_start", "deaths_best"], ["2019-08-30", 2]):
        old.append(row)
    old.sheet_state = "hidden"
    book.save(tmp_path / "desk.xlsx")
    incidents = read_delimited(tmp_path / "desk.xlsx")
    assert incidents.table["deaths_best"].tolist() == [3.0]
    assert incidents.ledger.warnings["warning"].iloc[0] == "desk.xlsx: read the sheet 'Sheet', not old"
    assert read_delimited(tmp_path / "desk.xlsx", sheet="old").table["deaths_best"].tolist() == [2.0]


def test_decimals_of_a_parquet_file_are_the_numbers_they_are(tmp_path):
    tolls = pa.array([Decimal("5.000"), Decimal("120.000"), Decimal("1.200")], pa.decimal128(10, 3))
    days = pa.array(["2019-08-30", "2019-08-31", "2019-09-01"])
    pa.parquet.write_table(pa.table({"date_start": days, "deaths_best": tolls}), tmp_path / "desk.parquet")
    incidents = read_delimited(tmp_path / "desk.parquet")
    assert incidents.table["deaths_best"].tolist() == [5.0, 120.0]
    assert incidents.ledger.quarantined[["value", "reason"]].to_numpy().tolist() == [["1.2", "not a whole number"]]


def test_digits_of_any_script_are_read(write):
    incidents = read_delimited(write("date_start;deaths_best\n2019-08-30;１２\n2019-08-31;१३\n2019-09-01;٢\n"))
    assert incidents.table["deaths_best"].tolist() == [12.0, 13.0, 2.0]


def test_degrees_are_read_with_either_mark(write):
    path = write("date_start;latitude;longitude\n2019-08-30;35,65;-36.5\n2019-08-31;٣٥,٥;36\n2019-09-01;3,565,1;36\n")
    incidents = read_delimited(path)
    assert incidents.table[["latitude", "longitude"]].to_numpy().tolist() == [[35.65, -36.5], [35.5, 36.0]]
    assert incidents.ledger.quarantined["value"].tolist() == ["3,565,1"]


def test_unknown_decimal_mark_is_refused(write):
    with pytest.raises(UnknownNameError, match=r"desk\.csv: decimal_mark is ';'\. Choose '\.' or ','"):
        read_delimited(write("date_start;n\n2019-08-30;1\n"), decimal_mark=";")


def test_a_report_s_own_file_is_not_taken_for_a_column_map(tmp_path):
    (tmp_path / "desk.csv").write_text("Date,Where,Killed\n2019-05-01,Idlib,4\n", encoding="utf-8")
    (tmp_path / "desk.toml").write_text('[records]\nfiles = ["desk.csv"]\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"desk\.toml is read as a column map, but holds \[records\]"):
        read_incidents(tmp_path / "desk.csv")


README = Path(__file__).resolve().parents[2].joinpath("README.md").read_text(encoding="utf-8")


def test_rows_mended_apart_are_counted_with_the_rest_as_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("desk.csv").write_text("Date,Where,Killed\n2019-05-01,Idlib,4\n2019-05-32,Idlib,3\n", encoding="utf-8")
    Path("desk.mended.csv").write_text("Date,Where,Killed\n2019-05-31,Idlib,3\n", encoding="utf-8")
    Path("desk.toml").write_text('[columns]\ndate_start = "Date"\ndeaths_best = "Killed"\n', encoding="utf-8")
    (told,) = re.findall(r"`(ct\.combine_incidents\(.*?\))`", README, re.DOTALL)
    both = eval(told, {"ct": ct})
    assert (both.table["deaths_best"].tolist(), both.ledger.n_quarantined) == ([4.0, 3.0], 1)
    with pytest.raises(
        InputError, match=r"such a file is read alone\. For a command put the rows of both into one file"
    ):
        read_incidents(["desk.csv", "desk.mended.csv"])


def test_the_column_map_of_the_readme_is_read(tmp_path):
    (tmp_path / "desk.toml").write_text(
        re.search(r"```toml\n(\[columns\].*?)```", README, re.DOTALL)[1], encoding="utf-8"
    )
    (tmp_path / "desk.csv").write_text("Date,Where,Killed\n2019-05-01,Idlib,4\n", encoding="utf-8")
    read = read_incidents(tmp_path / "desk.csv")
    assert read.table[["admin1", "deaths_best"]].to_numpy().tolist() == [["Idlib", 4.0]]
    assert read.provenance.coverage == (pd.Timestamp("2019-01-01"), pd.Timestamp("2019-12-31"))
    assert (read.provenance.area, read.provenance.vintage) == ("Idlib and around", "release November 2026")
    counted = ct.daily_series(read, measure="deaths")
    assert (counted.area, counted.source) == ("Idlib and around", "Desk of The Example, release November 2026")
