"""Several files of one export are counted together as if all of them were read whole."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.incidents.acled import OLDER as OLDER_UPDATE
from conflictts.incidents.ucdp import OLDER
from tests.series import test_aggregation as ged
from tests.series import test_exports as acled
from tests.series.test_aggregation import COVERAGE, assert_as_if_whole, assert_same, packed

invented, typed, never_whole = ged.invented, ged.typed, ged.never_whole
engine_takes_small_files_too = ged.engine_takes_small_files_too
BY_AREA = {"measure": "deaths", "by": ["admin1", "event_type"], "coverage": COVERAGE}


@st.composite
def hostile_files(draw: st.DrawFn, record: dict[str, str], cells: st.SearchStrategy[str]) -> list[bytes]:
    """Two or three files of a few records: cells swapped for odd ones, columns lacking, identifiers used again."""
    identity, files = next(iter(record)), []
    for _ in range(draw(st.integers(2, 3))):
        lacking = draw(st.sets(st.sampled_from(list(record)[1:]), max_size=1))
        names = [name for name in record if name not in lacking]
        text = io.StringIO(newline="")
        rows = csv.DictWriter(text, names, extrasaction="ignore")
        rows.writeheader()
        for _ in range(draw(st.integers(0, 4))):
            swapped = draw(st.dictionaries(st.sampled_from(names), cells, max_size=1))
            rows.writerow({**record, identity: draw(st.sampled_from(["1", "2", "3", "4", "5"])), **swapped})
        files.append(text.getvalue().encode())
    return files


GED_NAMES = ("GEDEvent_v25_1.csv", "GEDEvent_v25_0_3.csv", "GEDEvent_v25_0_4.csv", "a/ged.csv", "b/ged.csv")


@settings(max_examples=25, deadline=None)
@given(
    contents=hostile_files(ged.GED, ged.CELLS),
    names=st.permutations(GED_NAMES),
    measure=st.sampled_from(["deaths", "civilians", "deadly incidents"]),
)
def test_hostile_ged_files(tmp_path_factory, contents, names, measure):
    paths = [tmp_path_factory.getbasetemp() / "several" / name for name in names[: len(contents)]]
    for path, content in zip(paths, contents, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert_as_if_whole(paths, measure=measure, by=["admin1", "event_type"], coverage=COVERAGE)


@settings(max_examples=25, deadline=None)
@given(contents=hostile_files(acled.ACLED, acled.CELLS), measure=st.sampled_from(["deaths", "civilians"]))
def test_hostile_acled_files(tmp_path_factory, contents, measure):
    folder = tmp_path_factory.getbasetemp()
    paths = [folder / f"acled{number}.csv" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    assert_as_if_whole(paths, measure=measure, by=["admin1", "date_precision"], coverage=COVERAGE)


def test_ged_and_candidate_releases_out_of_core(invented, typed, tmp_path, never_whole):
    """The same identifiers in a CSV, a packed one and Parquet with numbers: the newest release wins, row by row."""
    frame = pd.read_csv(invented, dtype="str", keep_default_na=False)
    newer = tmp_path / "GEDEvent_v25_0_3.csv"
    frame[1000:1500].assign(code_status="Check").drop(columns="country").to_csv(newer, index=False)
    newest = tmp_path / "GEDEvent_v25_0_9.parquet"
    pq.write_table(typed.slice(1400, 800), newest)
    paths = [newest, packed(newer, tmp_path, "gz"), invented]
    expected = ged.whole(paths, **BY_AREA)
    assert expected.ledger.excluded.set_index("filter").loc[OLDER, "records"] > 1200
    assert_same(ct.daily_panel(paths, **BY_AREA, memory_limit="100MB"), expected)


def test_acled_exports_out_of_core(tmp_path, never_whole):
    """Of an event in both exports the one updated last counts; rows without time precision are dated to days."""
    days = pd.date_range("2019-08-01", "2019-09-30").strftime("%Y-%m-%d")
    first = pd.DataFrame({"event_id_cnty": [f"SYR{k}" for k in range(len(days))], "event_date": days})
    first = first.assign(event_type="Battles", admin1="Idleb", fatalities=7, timestamp=1_600_000_000)
    second = first[20:].assign(fatalities=5, timestamp=1_700_000_000, time_precision=1)
    others = first.assign(event_id_cnty="O" + first["event_id_cnty"], admin1="Hama")
    paths = [tmp_path / "second.csv", tmp_path / "first.csv", tmp_path / "others.csv"]
    for path, table in zip(paths, (second, first, others), strict=True):
        table.to_csv(path, index=False)
    found = ct.daily_panel(paths, measure="deaths", by="admin1", coverage=COVERAGE)
    assert found["Hama"].counts.tolist() == [7.0] * len(days)
    assert found.ledger.excluded.to_numpy().tolist() == [[OLDER_UPDATE, len(days) - 20]]
    assert found["Idleb"].counts.tolist() == [7.0] * 20 + [5.0] * (len(days) - 20)
    assert_same(found, ct.daily_series(ct.read_acled(paths), measure="deaths", by="admin1", coverage=COVERAGE))


@pytest.mark.parametrize("by", ["source", "admin1"])
def test_each_file_has_the_source_that_its_release_tells(invented, tmp_path, by):
    candidate = tmp_path / "GEDEvent_v25_0_3.csv"
    candidate.write_bytes(invented.read_bytes())
    counted = {"measure": "deaths", "by": by, "coverage": COVERAGE, "where": {"source": "UCDP Candidate"}}
    assert_as_if_whole([invented, candidate], **counted)


def test_files_of_several_formats_are_refused_as_their_reader_refuses_them(invented, tmp_path):
    other = tmp_path / "acled.csv"
    other.write_text("event_id_cnty,event_date,event_type,fatalities\nSYR1,2019-08-30,Battles,7\n")
    found = ged.where_it_lies([invented, other], **BY_AREA)
    assert found.startswith("The files are of several formats: ")
    assert found == ged.whole([invented, other], **BY_AREA)


def test_a_file_without_rows_and_one_given_twice(invented, tmp_path):
    empty = tmp_path / "GEDEvent_v25_0_3.csv"
    empty.write_bytes(invented.read_bytes().partition(b"\n")[0] + b"\n")
    assert_as_if_whole([invented, empty], **BY_AREA)
    assert_as_if_whole([invented, invented], **BY_AREA)
