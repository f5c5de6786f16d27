"""Files as they come: read whole where they are sound, refused in one sentence where they are not."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conflictts.errors import InputError
from conflictts.incidents import packing
from conflictts.incidents.files import read_raw_records, write_for_spreadsheet
from conflictts.incidents.ucdp import read_ucdp

FULL = Path("/dev/full")  # a device on which every write meets a full disk
TABLE = b"id,note\n1,quiet\n2,loud\n"
TWO_ROWS = [["1", "quiet"], ["2", "loud"]]
BOMB_MEMBER = gzip.compress(bytes(10 << 20))  # 10 MiB of zeros in 10 KiB


@pytest.fixture
def written(tmp_path):
    """Write bytes to a file called records.csv, give back its path."""

    def write(content: bytes):
        path = tmp_path / "records.csv"
        path.write_bytes(content)
        return path

    return write


READ = [
    pytest.param(TABLE, TWO_ROWS, id="plain"),
    pytest.param(TABLE.rstrip(b"\n"), TWO_ROWS, id="no final newline"),
    pytest.param(TABLE.replace(b"\n", b"\r\n"), TWO_ROWS, id="CRLF"),
    pytest.param(TABLE.replace(b"\n", b"\r"), TWO_ROWS, id="CR of an old Mac"),
    pytest.param(b"\xef\xbb\xbf" + TABLE, TWO_ROWS, id="UTF-8 with mark"),
    pytest.param(b"\xff\xfe" + TABLE.decode().encode("utf-16-le"), TWO_ROWS, id="UTF-16 little-endian"),
    pytest.param(b"\xfe\xff" + TABLE.decode().encode("utf-16-be"), TWO_ROWS, id="UTF-16 big-endian"),
    pytest.param(TABLE.decode().encode("utf-16-le"), TWO_ROWS, id="UTF-16 little-endian without mark"),
    pytest.param(TABLE.decode().encode("utf-16-be"), TWO_ROWS, id="UTF-16 big-endian without mark"),
    pytest.param(TABLE.replace(b",", b";"), TWO_ROWS, id="semicolons"),
    pytest.param(TABLE.replace(b",", b"\t"), TWO_ROWS, id="tabs"),
    pytest.param(TABLE.replace(b",", b"|"), TWO_ROWS, id="bars"),
    pytest.param(b'id;note\n1;"a, b; c"\n2;"d, e"\n', [["1", "a, b; c"], ["2", "d, e"]], id="commas inside semicolons"),
    pytest.param(gzip.compress(TABLE), TWO_ROWS, id="gzip by content, not by name"),
    pytest.param(gzip.compress(TABLE[:10]) + gzip.compress(TABLE[10:]), TWO_ROWS, id="gzip of two members"),
    pytest.param(b" id , note\n1,quiet\n2,loud\n", TWO_ROWS, id="spaces around the names of columns"),
    pytest.param(b'id,note\n1,"a, ""b""\nc"\n', [["1", 'a, "b"\nc']], id="comma, quotes and newline in a cell"),
    pytest.param("id,note\n1,إدلب\n".encode(), [["1", "إدلب"]], id="Arabic"),
    pytest.param(b"id,note\n1,NA\n,nan\n", [["1", "NA"], ["", "nan"]], id="NA and nan are text, blank is blank"),
    pytest.param(b"id,note\n1," + b"x" * 200_000, [["1", "x" * 200_000]], id="cell above the csv module's 131,072"),
]

REFUSED = [
    pytest.param(b"", r"empty \(0 bytes\)", id="empty"),
    pytest.param(b" \n\t\r\n", r"empty \(5 bytes\)", id="white space only"),
    pytest.param(b"id,note\n", "header but no records", id="header only"),
    pytest.param(b"id,note\n\n\n", "header but no records", id="header and empty lines"),
    pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture", id="PNG"),
    pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture", id="JPEG"),
    pytest.param(b"GIF89a\x01\0", "a GIF picture", id="GIF"),
    pytest.param(b"%PDF-1.7\n", "a PDF document", id="PDF"),
    pytest.param(b"PK\x03\x04\x14\0[Content_Types].xml", "Excel workbook; unpack it, or export", id="xlsx or zip"),
    pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook; export the sheet", id="xls"),
    pytest.param(b"PAR1\x15\x04", "a Parquet file; export it as CSV", id="Parquet"),
    pytest.param(gzip.compress(b"\x89PNG\r\n\x1a\n"), "a PNG picture", id="picture inside gzip"),
    pytest.param(b"id,note\n1,a\n2,\0\n", "NUL byte in line 3", id="NUL"),
    pytest.param("id,note\n1,a\n2,tué\n".encode("latin-1"), "not utf-8 text: byte 0xe9 in line 3", id="Latin-1"),
    pytest.param(b"\xff\xfei\0d\0\n", "not utf-16 text", id="UTF-16 cut in the middle of a letter"),
    pytest.param(b'id,note\n1,a\n2,"loud\n3,b\n', "inside a quotation .* at line 3", id="ends inside a quotation"),
    pytest.param(b'"id,note\n1,a\n', "header that cannot be read", id="quotation open from the header on"),
    pytest.param(gzip.compress(TABLE)[:-9], "damaged gzip file", id="truncated gzip"),
    pytest.param(gzip.compress(TABLE)[:-5] + b"\0\0\0\0\0", "damaged gzip file", id="gzip with a wrong checksum"),
    pytest.param(gzip.compress(TABLE) + b"more", "damaged gzip file", id="gzip with something after it"),
    pytest.param(b"id,note,id\n1,a,2\n", "column 'id' more than once", id="duplicate column"),
]


@pytest.mark.parametrize(("content", "rows"), READ)
def test_sound_file_is_read_as_the_text_it_is(written, content, rows):
    raw = read_raw_records(written(content))
    assert list(raw.table) == ["id", "note"]
    assert raw.table.to_numpy().tolist() == rows
    assert raw.malformed.empty


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_unreadable_file_is_one_error_that_names_it(written, content, message):
    with pytest.raises(InputError, match=rf"records\.csv .*{message}"):
        read_raw_records(written(content))


@pytest.mark.parametrize(("name", "message"), [("none.csv", r"no file .*none\.csv"), (".", "is a folder, not a file")])
def test_missing_file_and_folder_are_told_apart(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        read_raw_records(tmp_path / name)


def test_decompression_bomb_is_refused_before_it_is_unpacked(written):
    """The damaged tail after 300 MiB of zeros would be met, and named instead, if all of it were unpacked."""
    bomb = 30 * BOMB_MEMBER + BOMB_MEMBER[:1000]
    with pytest.raises(InputError, match=f"more than 64 MiB from {len(bomb) >> 10} KiB"):
        read_raw_records(written(bomb))


ROW_NUMBERS = [
    pytest.param(b"id,note\n1,a\n2\n", 3, "1 fields where the header has 2", id="too short"),
    pytest.param(b"id,note\n1,a\n2,b,c\n", 3, "3 fields where the header has 2", id="too long"),
    pytest.param(b'id,note\n1,a\n2,"b"c\n', 3, "not readable as CSV", id="text after a quotation"),
    pytest.param(b'id,note\n1,"a\nb"\n2\n', 3, "1 fields", id="after a newline in a cell"),
    pytest.param(b"id,note\n1,a\n\n2\n", 4, "1 fields", id="after an empty line"),
]


@pytest.mark.parametrize(("content", "row", "reason"), ROW_NUMBERS)
def test_malformed_row_is_set_aside_under_its_spreadsheet_number(written, content, row, reason):
    raw = read_raw_records(written(content + b"3,c\n"))
    assert raw.malformed.index.tolist() == [row]
    assert reason in raw.malformed["reason"].iloc[0]
    assert raw.table["id"].tolist() == ["1", "3"]
    assert raw.table.index.tolist() == [2, row + 1]


@pytest.mark.parametrize("line", ["2", "2,b,c", '2,"b"c'])
def test_malformed_row_keeps_its_text(written, line):
    raw = read_raw_records(written(f"id,note\n{line}\n".encode()))
    assert raw.malformed["value"].tolist() == [line]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]
CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8),
    encoding=st.sampled_from(ENCODINGS),
    newline=st.sampled_from(["\n", "\r\n"]),
    packed=st.booleans(),
)
def test_every_cell_survives(tmp_path_factory, rows, encoding, newline, packed):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=newline).writerows([["id", "note"], *rows])
    content = text.getvalue().encode(encoding)
    path = tmp_path_factory.getbasetemp() / "every_cell.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    raw = read_raw_records(path)
    assert raw.table.to_numpy().tolist() == rows
    assert raw.table.index.tolist() == list(range(2, len(rows) + 2))


CELLS_FOR_SPREADSHEETS = [
    pytest.param("=1+1", "'=1+1", id="formula"),
    pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
    pytest.param("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0", id="plus"),
    pytest.param("-2+3", "'-2+3", id="minus"),
    pytest.param("\uff1d1+1", "'\uff1d1+1", id="wide formula"),
    pytest.param("\uff20SUM(A1)", "'\uff20SUM(A1)", id="wide at"),
    pytest.param("\uff0bcmd|' /C calc'!A0", "'\uff0bcmd|' /C calc'!A0", id="wide plus"),
    pytest.param("\uff0d2+3", "'\uff0d2+3", id="wide minus"),
    pytest.param("\uff0d5", "\uff0d5", id="wide negative number"),
    pytest.param("\t=1", "'\t=1", id="tab"),
    pytest.param("\r=1", "'\r=1", id="carriage return"),
    pytest.param("a\r=1", "a\r=1", id="formula after a carriage return, still inside its cell"),
    pytest.param("-5", "-5", id="negative number"),
    pytest.param("+36.6", "+36.6", id="signed number"),
    pytest.param("a=b", "a=b", id="sign inside"),
    pytest.param("", "", id="blank"),
]


@pytest.mark.parametrize(("cell", "safe"), CELLS_FOR_SPREADSHEETS)
def test_spreadsheet_runs_no_cell_as_a_formula(tmp_path, cell, safe):
    path = tmp_path / "rejected.csv"
    write_for_spreadsheet(pd.DataFrame({"note": [cell], "n": [-5]}), path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [["note", "n"], [safe, "-5"]]


def test_spreadsheet_runs_no_column_name_as_a_formula(tmp_path):
    path = tmp_path / "rejected.csv"
    write_for_spreadsheet(pd.DataFrame({"=1+1": ["a"]}), path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.reader(stream)) == ["'=1+1"]


def test_a_damaged_archive_with_an_endless_name_is_one_short_sentence(tmp_path):
    path = tmp_path / "long.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x" * 6000 + ".csv", "id,note\n1,a\n")
    data = bytearray(path.read_bytes())
    data[100] ^= 1  # in the local copy of the name, so that it differs from the directory's
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"long\.zip is a damaged zip archive") as error:
        read_raw_records(path)
    assert len(str(error.value)) < 400


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")
@pytest.mark.parametrize("how", ["gz", "zip", "cp1252"])
def test_a_full_disk_is_no_damage_of_the_file(tmp_path, monkeypatch, how):
    path = tmp_path / f"table.{how}"
    if how == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("table.csv", TABLE)
    else:
        path.write_bytes(gzip.compress(TABLE) if how == "gz" else TABLE)
    monkeypatch.setattr(packing.tempfile, "SpooledTemporaryFile", lambda max_size: FULL.open("w+b"))
    with pytest.raises(
        InputError, match=r"cannot be unpacked into .*\(No space left on device\)\. Make room"
    ) as refused:
        read_raw_records(path, encoding="cp1252" if how == "cp1252" else None)
    assert str(refused.value).endswith("in the environment variable TMPDIR.")


def test_files_of_one_name_are_told_apart_by_as_many_folders_as_it_takes(tmp_path):
    paths = [tmp_path / where / "ged.csv" for where in ("2019/export", "2020/export", "late")]
    header = "id,date_start,date_end,date_prec,deaths_a,deaths_b,deaths_civilians,low,best,high\n"
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        path.write_text(
            header + f"{number},2019-05-32,2019-05-32,1,0,0,1,1,1,1\n{9 - number},2019-05-01,2019-05-01,1,0,0,1,1,1,1\n"
        )
    incidents = read_ucdp(paths)
    assert incidents.provenance.files == ("2019/export/ged.csv", "2020/export/ged.csv", "late/ged.csv")
    assert (incidents.ledger.read, incidents.ledger.used, incidents.ledger.n_quarantined) == (6, 3, 3)
