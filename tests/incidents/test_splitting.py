"""The fast path and the exact path give the same table, the same row numbers and the same ledger."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from hypothesis import given, settings
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
    pytest.param("1,a\n\n2,b\n", False, id="empty line"),
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
