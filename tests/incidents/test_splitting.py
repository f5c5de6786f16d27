"""The fast path and the exact path give the same table, the same row numbers and the same ledger."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conflictts.errors import InputError
from conflictts.incidents import files, splitting

CELLS = st.sampled_from(
    ["a", "", " ", "b c", '"x"', '"x, y"', '"x ""y"""', '"x\ny"', '"x\n\ny"', '""', "é", "إ", 'x"y', '"x"y']
)
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\r"])
ROWS = st.lists(st.tuples(st.lists(CELLS, min_size=1, max_size=4), ENDS), min_size=1, max_size=8)


def read(path, *, fast: bool, monkeypatch) -> files.RawRecords | str:
    with monkeypatch.context() as patch:
        if not fast:
            patch.setattr(files, "split_fast", lambda *_: None)
        try:
            return files.read_raw_records(path, wanted=lambda header: header)
        except InputError as error:
            return str(error)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS)
def test_both_paths_agree(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "paths.csv"
    text = "id,note,n\n" + "".join(",".join(cells) + end for cells, end in rows)
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        quick, exact = (read(path, fast=fast, monkeypatch=patch) for fast in (True, False))
    if isinstance(exact, str):
        assert quick == exact
        return
    assert isinstance(quick, files.RawRecords)
    pd.testing.assert_frame_equal(quick.table.astype("str"), exact.table, check_index_type=False)
    pd.testing.assert_frame_equal(quick.malformed, exact.malformed)
    everything = files.read_raw_records(path)
    pd.testing.assert_frame_equal(quick.as_written(quick.table.index), everything.table, check_index_type=False)


PLAIN = [
    pytest.param("1,a\n2,b\n", True, id="plain"),
    pytest.param('1,"a, ""b"" c"\r\n2,"d\n\ne"\r\n', True, id="quotations around whole cells"),
    pytest.param('1,a\n2,b"c"\n', False, id="quotation mark inside a cell"),
    pytest.param('1,"a"b\n', False, id="text after a quotation"),
    pytest.param("1,a\n\n2,b\n", True, id="empty line, of which the fast path takes care"),
    pytest.param("1,a\r2,b\r", False, id="CR alone"),
    pytest.param('1,"a\n', False, id="quotation left open"),
]


@pytest.mark.parametrize(("body", "plain"), PLAIN)
@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5, 7, 1 << 20])
def test_scan_tells_what_the_fast_path_may_read(tmp_path, monkeypatch, body, plain, chunk):
    """Whatever the size of the parts that the bytes are scanned in."""
    monkeypatch.setattr(splitting, "_SCANNED", chunk)
    path = tmp_path / "scan.csv"
    path.write_bytes(b"id,note\n" + body.encode())
    with path.open("rb") as stream:
        layout = splitting.Layout(("id", "note"), ",", 8)
        assert splitting.scan(stream, layout).plain is plain


FORMS = {"n": splitting.Numbers(0, 1000), "degrees": splitting.Numbers(-90, 90, whole=False), "day": "days"}
HOPED = [
    pytest.param("5,1.5,2019-08-31", (5.0, 1.5, "2019-08-31"), id="as hoped"),
    pytest.param('" 5 ","-90","2019-08-31 00:00:00.000"', (5.0, -90.0, "2019-08-31"), id="quoted, padded, at midnight"),
    pytest.param(",,0001-01-01T00", (np.nan, np.nan, "0001-01-01"), id="blank numbers"),
    pytest.param("+5,1e1,2019-08-31", (5.0, 10.0, "2019-08-31"), id="other ways to write a number"),
    *(pytest.param(f"{count},1.5,2019-08-31", None, id=count) for count in ("nan", "٥", "0x1F", "1.5", "1001", "-1")),
    *(pytest.param(f"5,{degrees},2019-08-31", None, id=degrees) for degrees in ("inf", "90.1", "1e400", "1 5")),
    *(
        pytest.param(f"5,1.5,{day}", None, id=day)
        for day in ("", "2019-8-31", "2019-02-30", "0000-01-01", "2019-08-31T05", "31/8/2019", "2019-08-31Z")
    ),
]


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, scanned=st.sampled_from([1, 2, 3, 5, 16, 1 << 20]))
def test_scan_tells_where_records_begin(tmp_path_factory, rows, scanned):
    """As the exact path numbers them; an empty line takes a number."""
    path = tmp_path_factory.getbasetemp() / "places.csv"
    body = "".join(",".join(cells) + end for cells, end in rows).encode()
    path.write_bytes(b"id,note\n" + body)
    layout = splitting.Layout(("id", "note"), ",", 8)
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as stream:
        patch.setattr(splitting, "_SCANNED", scanned)
        sound = splitting.scan(stream, layout)
        assume(sound.plain)
        numbered = [number for number, _, _ in splitting.records(stream, layout, path.name)]
    if scanned == 1:
        assert set(numbered) <= set(sound.rows)
    assert (sound.rows[0], sound.places[0]) == (2, 8)
    for row, place in zip(sound.rows, sound.places, strict=True):
        rest = [fields for fields in csv.reader(io.StringIO(body[place - 8 :].decode(), newline="")) if fields]
        assert len(rest) == sum(number >= row for number in numbered)
        assert place == 8 or body[place - 9 : place - 8] == b"\n"


@pytest.mark.parametrize(("row", "read"), HOPED)
def test_cells_are_read_in_the_form_hoped_for_or_all_as_text(tmp_path, row, read):
    path = tmp_path / "forms.csv"
    path.write_bytes(f"n,degrees,day\n3,4,2019-01-01\n{row}\n".encode())
    split = splitting.split_fast(path, splitting.Layout(tuple(FORMS), ",", 14), FORMS)
    if read is None:
        assert (split.dtypes == "str").all()
        assert ",".join(split.iloc[1]) == row
    else:
        np.testing.assert_equal(tuple(split.iloc[1])[:2], read[:2])
        assert split["day"].iloc[1] == pd.Timestamp(read[2])
        assert list(split.dtypes.astype(str)) == ["float64", "float64", "datetime64[us]"]


@pytest.mark.parametrize("body", ["1,a\n\n2,b\n", "\n1,a\n", "1,a\n\n", "1,a\r\n\r\n2,b\r\n", "1,a\n,\n"])
@pytest.mark.parametrize("forms", [{"id": "text", "note": "text"}, {"id": splitting.Numbers(0, 9)}, {"note": "text"}])
def test_fast_path_leaves_what_may_be_an_empty_line(tmp_path, body, forms):
    path = tmp_path / "empty.csv"
    path.write_bytes(b"id,note\n" + body.encode())
    assert splitting.split_fast(path, splitting.Layout(("id", "note"), ",", 8), forms) is None


def test_cell_beyond_the_bound_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "MAX_CELL", 1000)
    path = tmp_path / "long.csv"
    path.write_text('id,note\n1,a\n2,"' + "x" * 2000 + '"y\n')
    with pytest.raises(InputError, match=r"long\.csv has a cell of more than 1,000 characters in the record at line 3"):
        files.read_raw_records(path)


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_nul_is_named_by_its_line(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(splitting, "CHUNK", chunk)
    path = tmp_path / "nul.csv"
    path.write_bytes(b"id,note\n1,a\n2,b\x00\n3,c\n")
    with pytest.raises(InputError, match=r"nul\.csv .* NUL byte in line 3\."):
        files.read_raw_records(path)


def test_packed_text_is_scanned_too(tmp_path):
    """What stands unpacked in memory is proved as a file is: text after a quotation leads to the exact path."""
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(gzip.compress(b'id,note\n1,a\n2,"b"c\n'))
    read = files.read_raw_records(path, wanted=lambda header: header)
    assert read.table["note"].tolist() == ["a"]
    assert read.malformed.index.tolist() == [3]
