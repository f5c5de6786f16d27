"""The fast path gives the table and the ledger of the exact one, on real files and on hostile ones."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import ConflictTSError
from conflictts.incidents import files

GED = {
    "id": "1",
    "date_start": "2019-08-30",
    "date_end": "2019-08-31",
    "date_prec": "2",
    "where_coordinates": "Idlib",
    "deaths_a": "1",
    "deaths_b": "2",
    "deaths_civilians": "3",
    "low": "5",
    "best": "6",
    "high": "7",
    "code_status": "Clear",
    "source_article": 'a, "b"',
}
ACLED = {
    "event_id_cnty": "SYR1",
    "event_date": "30 August 2019",
    "time_precision": "1",
    "event_type": "Battles",
    "fatalities": "4",
    "civilian_targeting": "",
    "timestamp": "1600000000",
    "notes": "x\ny",
    "location": "Idlib",
}
PRESS = {
    "incident_id": "I1",
    "date_start": "2019-08-30",
    "date_end": "2019-08-30",
    "unit": "incident",
    "place": "Idlib",
    "civilians_killed_low": "1",
    "civilians_killed_best": "2",
    "civilians_killed_high": "3",
}
CELLS = st.sampled_from(
    (
        *("", " ", "7", " 7 ", "٧", "1e3", "-1", "2019-08-30", "31 June 2019", "SYR1", "=1+1", "'=1+1", "é", "NA"),
        *("\u200f7", "a,b", 'a"b', "a\nb", "a\r\nb", "part_of:I1", "\ufeff7", "x" * 300),
        *(
            "2019-08-30 00:00:00.000",
            "2019-08-30 00",
            "2019-08-30T00:00",
            "2019-08-30 05:00",
            "0000-01-01",
            "0001-01-01",
        ),
        *("0001-01-01", "1.0", "1.5", "nan", "inf", "0x1F", "+7", "-0", "-0.5", "1e400", "100000001", "91"),
    )
)
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\r"])
SCARS = st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"  "]), max_size=2)


def outcome(path, *, fast: bool) -> ct.Incidents | str:
    with pytest.MonkeyPatch.context() as patch:
        if not fast:
            patch.setattr(files, "split_fast", lambda *_: None)
        try:
            return ct.read_incidents(path)
        except ConflictTSError as error:
            return str(error)


def assert_paths_agree(path) -> None:
    quick, exact = outcome(path, fast=True), outcome(path, fast=False)
    if isinstance(quick, str) or isinstance(exact, str):
        assert quick == exact
        return
    pd.testing.assert_frame_equal(quick.table, exact.table)
    assert (quick.ledger.read, quick.ledger.used) == (exact.ledger.read, exact.ledger.used)
    for part in ("quarantined", "rejected", "excluded", "warnings"):
        pd.testing.assert_frame_equal(getattr(quick.ledger, part), getattr(exact.ledger, part), check_index_type=False)
    assert quick.provenance == exact.provenance


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A few records of a known format, cells swapped for odd ones, and now and then a stray byte."""
    model = draw(st.sampled_from([GED, ACLED, PRESS]))
    header = list(model)
    rows = []
    for number in range(draw(st.integers(1, 5))):
        swapped = draw(st.dictionaries(st.sampled_from(header), CELLS, max_size=2))
        own = {header[0]: model[header[0]][:-1] + str(number + 1)}
        rows.append(list({**model, **own, **swapped}.values()) + draw(st.sampled_from([[], [], [], ["more"]])))
    text = io.StringIO(newline="")
    csv.writer(text, quoting=draw(QUOTING), lineterminator=draw(ENDS)).writerows([header, *rows])
    content = text.getvalue().encode()
    for scar in draw(SCARS):
        at = draw(st.integers(len(",".join(header)), len(content)))
        content = content[:at] + scar + content[at:]
    return content


@settings(max_examples=60, deadline=None)
@given(content=hostile())
def test_paths_agree_on_hostile_files(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    path.write_bytes(content)
    assert_paths_agree(path)


@pytest.mark.parametrize("column", ["best", "deaths_a", "date_start"])
@pytest.mark.parametrize("cell", ["\u0667", "", "-1", "1.5", "2019-02-30", "2019-08-29"])
def test_paths_agree_where_one_of_two_files_is_not_as_hoped(tmp_path, column, cell):
    """Columns of numbers and days meet columns of text."""
    plain, odd = tmp_path / "plain.csv", tmp_path / "odd.csv"
    pd.DataFrame([GED, {**GED, "id": "2", "high": ""}]).to_csv(plain, index=False)
    pd.DataFrame([{**GED, "id": "3"}, {**GED, "id": "4", column: cell}]).to_csv(odd, index=False)
    assert_paths_agree([plain, odd])


@pytest.mark.parametrize(
    "file",
    ["ucdp/ged_syria_2016_2019_trimmed.csv.gz", "ucdp/ged_greater_idlib_2018_2019.csv", "idlib_2019/incidents.csv"],
)
def test_paths_agree_on_real_files(shared, file):
    assert_paths_agree(shared / file)


def test_the_fast_path_is_taken_where_it_may_be(shared, monkeypatch):
    """Else the tests above would compare the exact path with itself."""

    def refuse(*_):
        raise AssertionError("the exact path was taken")

    monkeypatch.setattr(files, "split_exactly", refuse)
    assert ct.read_incidents(shared / "ucdp/ged_greater_idlib_2018_2019.csv").ledger.read == 1699
