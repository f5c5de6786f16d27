"""An ACLED export counted where it lies gives what its reader gives; the GED rules are held by test_aggregation."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import InputError
from conflictts.incidents import sheets
from conflictts.incidents.acled import DELETED, OLDER
from conflictts.incidents.packing import digest
from conflictts.series.measures import UNITS
from tests.series import test_aggregation as ged
from tests.series.test_aggregation import COVERAGE, assert_as_if_whole, assert_same, packed, where_it_lies, whole

engine_takes_small_files_too, never_whole = ged.engine_takes_small_files_too, ged.never_whole

ACLED = {
    "event_id_cnty": "SYR1",
    "event_date": "2019-08-30",
    "time_precision": "1",
    "event_type": "Battles",
    "actor1": "Army",
    "actor2": "Civilians (Syria)",
    "civilian_targeting": "Civilian targeting",
    "country": "Syria",
    "admin1": "Idleb",
    "latitude": "35.9",
    "longitude": "36.6",
    "geo_precision": "1",
    "source": "SOHR",
    "fatalities": "7",
    "timestamp": "1600000000",
    "notes": 'a, "b"',
}
CELLS = st.sampled_from([
    "", " ", "7", " 7 ", "٧", "1e3", "-1", "31 June 2019", "16 August 2019", "5-Sep-2019", "=1+1", "'=1+1", "é", "a,b",
    'a"b', "a\nb", "\ufeff7", "2019-08-30 00:00:00.000", "0001-01-01", "'2019-08-30", " 2019-08-30", "2.0", "2", "3",
    "4", "0", "10", "12", "100", "1.0", "1.5", "nan", "inf", "+7", "-0", "007", "100000001", "91", "SYR2", " SYR2",
    "'SYR2", "civilian targeting ", "CIVILIAN TARGETING", "Cıvılıan targeting", "'Civilian targeting", "1700000000",
    "9e99", "2020-01-01T05:00:00", "99999999999999",
])  # fmt: skip


@pytest.fixture(scope="module")
def invented(tmp_path_factory):
    """4,000 events of three areas; now and then a fault, and events that stand in the file in two versions."""
    rng = np.random.default_rng(9)
    count = 4_000
    day = pd.Timestamp("2019-07-20") + pd.to_timedelta(rng.integers(0, 90, count), unit="D")
    written = np.where(rng.random(count) < 0.1, day.strftime("%d %B %Y"), day.strftime("%Y-%m-%d"))
    identity = rng.permutation(count)
    identity[1000:1040] = identity[:40]
    table = pd.DataFrame(
        {
            "event_id_cnty": [f"SYR{number}" for number in identity],
            "event_date": written,
            "time_precision": rng.choice(["1", "2", "3"], count, p=[0.8, 0.15, 0.05]),
            "event_type": rng.choice(["Battles", "Riots"], count),
            "actor1": rng.choice(["Army", "ارتش"], count),
            "actor2": "Civilians (Syria)",
            "civilian_targeting": rng.choice(["", "Civilian targeting"], count),
            "country": "Syria",
            "admin1": rng.choice(["Idleb", "Hama", " Hama ", ""], count, p=[0.5, 0.3, 0.1, 0.1]),
            "latitude": pd.Series(rng.uniform(34, 36, count).round(4)).where(rng.random(count) < 0.9),
            "longitude": rng.uniform(36, 38, count).round(4),
            "geo_precision": rng.integers(1, 4, count),
            "source": rng.choice(["SOHR", "Other"], count),
            "fatalities": rng.choice([0, 1, 2, 3, 7, 10, 12, 100], count),
            "timestamp": 1_600_000_000 + rng.integers(0, 10, count),
            "notes": 'a, "b"\nc',
        }
    )
    path = tmp_path_factory.mktemp("invented") / "acled.csv"
    table.astype("object").where(rng.random(table.shape) > 0.001, "x").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("measure", [measure for measure in UNITS if measure not in ("combatants", "injured")])
@pytest.mark.parametrize("allocation", ["spread", "midpoint"])
def test_csv_is_counted_as_if_read_whole(invented, never_whole, measure, allocation):
    counted = {"measure": measure, "allocation": allocation, "by": ["admin1", "event_type"], "coverage": COVERAGE}
    expected = whole(invented, **counted)
    assert expected.ledger.n_quarantined > 20
    assert expected.ledger.excluded["filter"].tolist() == [OLDER]
    assert len(expected.ledger.warnings) == 3
    assert_same(ct.daily_panel(invented, **counted), expected)


@pytest.mark.parametrize("by", ["source", "perpetrator", "target", "date_precision", "location_precision", "clarity"])
@pytest.mark.parametrize("measure", ["deaths", "combatants"])
def test_every_column_that_can_be_grouped_by(invented, by, measure):
    assert_as_if_whole(invented, measure=measure, by=by, coverage=COVERAGE, where={"admin1": ["Idleb", "Hama"]})


@pytest.mark.parametrize("how", ["gz", "zip"])
def test_packed_csv_is_counted_as_if_read_whole(invented, tmp_path, never_whole, how):
    path = packed(invented, tmp_path, how)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


def as_parquet(path, into, *, numbers: bool):
    """The same table as Parquet, its figures as numbers, its days as days where all are, or all as text."""
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if numbers:
        figures = ["time_precision", "geo_precision", "latitude", "longitude", "fatalities", "timestamp"]
        table[figures] = table[figures].apply(pd.to_numeric, errors="coerce")
        table["event_date"] = pd.to_datetime(table["event_date"], format="mixed", errors="coerce").dt.date
    table.to_parquet(into, index=False, row_group_size=700)
    return into


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("how", ["", "zip"])
def test_parquet_is_counted_as_if_read_whole(invented, tmp_path, never_whole, monkeypatch, numbers, how):
    monkeypatch.setattr(sheets, "ROWS_AT_ONCE", 900)
    path = as_parquet(invented, tmp_path / "acled.parquet", numbers=numbers)
    path = packed(path, tmp_path, how) if how else path
    counted = {"measure": "deaths", "by": ["admin1", "event_type"], "coverage": COVERAGE}
    panel = ct.daily_panel(path, memory_limit="60MB", **counted)
    assert panel.ledger.n_quarantined > 0
    assert_same(panel, whole(path, **counted))


def test_blank_rows_of_parquet_are_told_as_if_read_whole(tmp_path, never_whole):
    rows = [ACLED, dict.fromkeys(ACLED, ""), {**ACLED, "event_id_cnty": "SYR2", "notes": 'a\r\n"b", c'}]
    path = tmp_path / "acled.parquet"
    pd.DataFrame(rows).to_parquet(path, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


def test_damaged_parquet_is_told_as_if_read_whole(invented, tmp_path):
    path = as_parquet(invented, tmp_path / "acled.parquet", numbers=True)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(200) + content[len(content) // 2 + 200 :])
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    found = where_it_lies(path, **counted)
    assert "is damaged" in found
    assert found == whole(path, **counted)


def test_little_memory_is_enough(invented, never_whole):
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(invented, memory_limit="60MB", **counted), whole(invented, **counted))


@pytest.mark.parametrize("few", [True, False])
def test_deleted_events_are_left_out(invented, never_whole, tmp_path, few):
    ids = pd.read_csv(invented, dtype="str", keep_default_na=False)["event_id_cnty"]
    listed = tmp_path / "deletions.csv"
    ids[: 5 if few else 2_000].str.replace("SYR", " SYR").to_csv(listed, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    expected = whole(invented, deletions=listed, **counted)
    assert DELETED in expected.ledger.excluded["filter"].tolist()
    assert_same(ct.daily_panel(invented, deletions=listed, **counted), expected)


def test_deletions_of_what_is_not_acled_are_refused(tmp_path):
    path = tmp_path / "ged.csv"
    header = "id,date_start,date_end,deaths_a,deaths_b,deaths_civilians,low,best,high,adm_1"
    path.write_text(f"{header}\n1,2019-08-30,2019-08-30,0,0,1,1,1,1,Idlib\n")
    with pytest.raises(InputError, match="ACLED export"):
        ct.daily_panel(path, by="admin1", measure="deaths", coverage=COVERAGE, deletions=["SYR1"])
    with pytest.raises(InputError, match="Leave them out"):
        ct.daily_panel(pd.DataFrame(), by="admin1", measure="deaths", coverage=COVERAGE, deletions=["SYR1"])


def test_what_its_download_tells_is_kept(invented, never_whole):
    beside = invented.with_name(invented.name + ".provenance.json")
    told = {"format": 1, "sha256": digest(invented), "query": {"country": "Syria"}, "data_through": "2019-09-20",
            "requested": "2019-10-01T05:00:00+00:00"}  # fmt: skip
    beside.write_text(json.dumps(told))
    try:
        counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
        expected = whole(invented, **counted)
        assert (expected.counting.status == "unobserved").sum() == 10
        found = ct.daily_panel(invented, **counted)
    finally:
        beside.unlink()
    assert_same(found, expected)
    np.testing.assert_array_equal(found.counting.status, expected.counting.status)


@pytest.mark.parametrize(
    "lacking", ["time_precision", "civilian_targeting", "timestamp", "latitude", "source", "admin1"]
)
def test_file_without_a_column_is_counted_as_if_read_whole(tmp_path, never_whole, lacking):
    rows = [ACLED, {**ACLED, "event_id_cnty": "SYR2", "fatalities": "0"}]
    path = tmp_path / "acled.csv"
    pd.DataFrame(rows).drop(columns=lacking).to_csv(path, index=False)
    counted = {"measure": "deaths", "by": ["event_type", "admin1", "source", "date_precision"], "coverage": COVERAGE}
    expected, found = whole(path, **counted), where_it_lies(path, **counted)
    assert_same(found, expected)


def test_names_in_capitals_are_read_whole(tmp_path):
    path = tmp_path / "acled.csv"
    pd.DataFrame([ACLED]).rename(columns=str.upper).to_csv(path, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A few events, cells swapped for odd ones."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        swapped = draw(st.dictionaries(st.sampled_from(list(ACLED)), CELLS, max_size=3))
        rows.append({**ACLED, "event_id_cnty": f"SYR{number + 1}", **swapped}.values())
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))).writerows([list(ACLED), *rows])
    return text.getvalue().encode()


@settings(max_examples=40, deadline=None)
@given(content=hostile(), measure=st.sampled_from(["deaths", "civilians", "deadly incidents"]))
@example(content=(",".join(ACLED) + "\n").encode(), measure="deaths")
def test_hostile_csv_is_counted_as_if_read_whole(tmp_path_factory, content, measure):
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    path.write_bytes(content)
    assert_as_if_whole(path, measure=measure, by=["admin1", "date_precision"], coverage=COVERAGE)


@pytest.mark.parametrize("name", ["row", "odd"])
def test_parquet_with_a_column_that_is_named_as_the_engine_names_its_own(invented, tmp_path, name):
    table = pd.read_csv(invented, dtype="str", keep_default_na=False).assign(**{name: "7"})
    path = tmp_path / "acled.parquet"
    table.to_parquet(path, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))
