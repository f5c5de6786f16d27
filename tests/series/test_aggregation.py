"""Counting where the records lie gives what reading them whole gives, to the last line of the ledger."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import ConflictTSError, CoverageError, InputError
from conflictts.incidents import splitting
from conflictts.incidents.packing import unpacked
from conflictts.incidents.splitting import stream_fast
from conflictts.series import aggregation, engine, export_rows
from conflictts.series.measures import UNITS

GED = {
    "id": "1",
    "adm_1": "Idlib",
    "type_of_violence": "1",
    "country": "Syria",
    "date_start": "2019-08-30",
    "date_end": "2019-08-31",
    "date_prec": "2",
    "where_prec": "1",
    "latitude": "35.9",
    "longitude": "36.6",
    "deaths_a": "1",
    "deaths_b": "2",
    "deaths_civilians": "3",
    "low": "5",
    "best": "6",
    "high": "7",
    "number_of_sources": "1",
    "code_status": "Clear",
    "source_article": 'a, "b"',
}
CELLS = st.sampled_from([
    "", " ", "7", " 7 ", "٧", "1e3", "-1", "31 June 2019", "=1+1", "'=1+1", "é", "e\u0301", "NA", "1", "2", " 2", "'2",
    "a,b", 'a"b', "a\nb", "a\r\nb", "\ufeff7", "2019-08-30 00:00:00.000", "2019-08-30 05:00", "0001-01-01",
    "2019-09-02", "2019-08-01", "1.0", "1.5", "nan", "inf", "0x1F", "+7", "-0", "1e400", "100000001", "91", "8",
])  # fmt: skip
SCARS = st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"  "]), max_size=1)
COVERAGE = ("2019-08-01", "2019-09-30")
LEDGER = ("quarantined", "rejected", "excluded", "warnings")


def assert_same(panel: ct.DailyPanel, expected: ct.DailyPanel) -> None:
    assert list(panel) == list(expected)
    # The order of summation differs.
    np.testing.assert_allclose(panel.sums, expected.sums, rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(panel.account, expected.account, rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(panel.summary(), expected.summary(), rtol=0, atol=1e-9)
    bounds = [(each.no_lower_bound, each.no_upper_bound) for each in panel.values()]
    assert bounds == [(each.no_lower_bound, each.no_upper_bound) for each in expected.values()]
    assert (panel.ledger.read, panel.ledger.used) == (expected.ledger.read, expected.ledger.used)
    for part in LEDGER:
        pd.testing.assert_frame_equal(
            getattr(panel.ledger, part), getattr(expected.ledger, part), check_index_type=False
        )
    assert panel.counting.provenance == expected.counting.provenance
    pd.testing.assert_frame_equal(panel.places, expected.places, check_index_type=False)


def whole(path, deletions=None, **counted) -> ct.DailyPanel | str:
    try:
        read = ct.read_incidents(path) if deletions is None else ct.read_acled(path, deletions=deletions)
        return ct.daily_series(read, **counted)
    except ConflictTSError as error:
        return str(error)


def where_it_lies(source, **counted) -> ct.DailyPanel | str:
    try:
        return ct.daily_panel(source, **counted)
    except ConflictTSError as error:
        return str(error)


def assert_as_if_whole(source, **counted) -> None:
    """The same series, or the same refusal."""
    expected, found = whole(source, **counted), where_it_lies(source, **counted)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    else:
        assert_same(found, expected)


@pytest.fixture(autouse=True, scope="module")
def engine_takes_small_files_too():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_rows, "WHOLE", np.inf)
        yield


@pytest.fixture
def never_whole(monkeypatch):
    """Fail where a file is read whole after all."""
    for name in ("read_incidents", "read_acled"):
        monkeypatch.setattr(aggregation, name, lambda path, **_: pytest.fail(f"{path} was read whole"))


@pytest.fixture(scope="session")
def invented(tmp_path_factory):
    """4,000 records of three districts; now and then a fault, a span of days, or an identifier used before."""
    rng = np.random.default_rng(8)
    count = 4_000
    a, b, civilians = rng.poisson(1, (3, count))
    first = pd.Timestamp("2019-07-20") + pd.to_timedelta(rng.integers(0, 90, count), unit="D")
    last = first + pd.to_timedelta(rng.choice([0, 0, 0, 6, -1], count, p=[0.5, 0.2, 0.2, 0.09, 0.01]), unit="D")
    table = pd.DataFrame(
        {
            "id": np.where(rng.random(count) < 0.01, 17, np.arange(count)),
            "adm_1": rng.choice(["Idlib", "Hama", " Hama ", ""], count, p=[0.5, 0.3, 0.1, 0.1]),
            "type_of_violence": rng.choice(["1", "3"], count),
            "country": "Syria",
            "where_prec": rng.integers(1, 7, count),
            "latitude": pd.Series(rng.uniform(34, 36, count).round(4)).where(rng.random(count) < 0.9),
            "longitude": rng.uniform(36, 38, count).round(4),
            "date_start": first.strftime("%Y-%m-%d 00:00:00.000"),
            "date_end": last.strftime("%Y-%m-%d"),
            "deaths_a": a,
            "deaths_b": b,
            "deaths_civilians": civilians,
            "low": a + b,
            "best": a + b + civilians,
            "high": pd.Series(a + b + civilians + rng.integers(-1, 9, count))
            .where(rng.random(count) < 0.9)
            .astype("Int64"),
            "source_article": 'a, "b"\nc',
        }
    )
    path = tmp_path_factory.mktemp("invented") / "ged251.csv"
    table.astype("object").where(rng.random(table.shape) > 0.001, "x").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("measure", [measure for measure in UNITS if measure != "injured"])
@pytest.mark.parametrize("allocation", ["spread", "midpoint"])
def test_csv_is_counted_as_if_read_whole(invented, never_whole, measure, allocation):
    counted = {"measure": measure, "allocation": allocation, "by": ["admin1", "event_type"], "coverage": COVERAGE}
    expected = whole(invented, **counted)
    assert expected.ledger.n_quarantined > 60
    assert len(expected.ledger.warnings) > 1
    assert_same(ct.daily_panel(invented, **counted), expected)


@pytest.mark.parametrize("by", ["source", "clarity", "reporting_body", "date_precision", "country"])
def test_every_column_that_can_be_grouped_by(invented, by):
    where = {"admin1": ["Idlib", "Hama"]}
    assert_as_if_whole(invented, measure="deaths", by=by, coverage=COVERAGE, where=where)


def test_real_export_is_counted_as_if_read_whole(shared, tmp_path, never_whole):
    path = tmp_path / "ged.csv"
    path.write_bytes(gzip.decompress((shared / "ucdp" / "ged_syria_2016_2019_trimmed.csv.gz").read_bytes()))
    counted = {"measure": "deadly incidents", "by": "admin1", "coverage": ("2016-01-01", "2019-12-31")}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


def packed(path, folder, how):
    """The same file as gzip or zip, under its name with another ending."""
    target = folder / f"{path.name}.{how}"
    if how == "gz":
        target.write_bytes(gzip.compress(path.read_bytes(), 1))
    else:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
            archive.writestr("licence.pdf", b"%PDF")
    return target


@pytest.mark.parametrize("how", ["gz", "zip"])
def test_packed_csv_is_counted_as_if_read_whole(invented, tmp_path, never_whole, how):
    path = packed(invented, tmp_path, how)
    aside = tmp_path / "aside"
    aside.mkdir()
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, temporary=aside, **counted), whole(path, **counted))
    assert list(aside.iterdir()) == []


def test_packed_parquet_is_counted_as_if_read_whole(typed, tmp_path, never_whole):
    pq.write_table(typed, tmp_path / "ged251.parquet")
    path = packed(tmp_path / "ged251.parquet", tmp_path, "zip")
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


@pytest.mark.parametrize("how", ["gz", "zip"])
def test_damaged_archive_is_refused_as_its_reader_refuses_it(invented, tmp_path, how):
    path = packed(invented, tmp_path, how)
    path.write_bytes(path.read_bytes()[:-3000])
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert where_it_lies(path, **counted) == whole(path, **counted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("how", ["gz", "zip"])
def test_archive_without_room_for_it_is_refused(invented, tmp_path, never_whole, monkeypatch, how):
    """A full disk is told as such, with its folder, and not as damage of the file."""
    file = packed(invented, tmp_path, how)
    monkeypatch.setattr(export_rows, "unpacked", lambda path, into: unpacked(path, into=Path("/dev/full")))
    with pytest.raises(
        InputError, match=r"cannot be unpacked into .*\(No space left on device\)\. Make room there"
    ) as no:
        ct.daily_panel(file, by="admin1", measure="deaths", coverage=COVERAGE)
    assert "(--temp-dir)" in str(no.value)
    assert "damaged" not in str(no.value)


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A few records, cells swapped for odd ones, and now and then a stray byte."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        swapped = draw(st.dictionaries(st.sampled_from(list(GED)), CELLS, max_size=2))
        rows.append(
            list({**GED, "id": str(number + 1), **swapped}.values()) + draw(st.sampled_from([[], [], [], ["+"]]))
        )
    text = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    csv.writer(text, lineterminator=end).writerows([list(GED), *rows])
    content = text.getvalue().encode()
    for scar in draw(SCARS):
        at = draw(st.integers(len(",".join(GED)), len(content)))
        content = content[:at] + scar + content[at:]
    return content


@settings(max_examples=30, deadline=None)
@given(content=hostile(), measure=st.sampled_from(["deaths", "civilians", "deadly incidents"]))
def test_hostile_csv_is_counted_as_if_read_whole(tmp_path_factory, content, measure):
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    path.write_bytes(content)
    assert_as_if_whole(path, measure=measure, by=["admin1", "event_type"], coverage=COVERAGE)


@pytest.fixture(scope="session")
def typed(invented):
    """The invented records that are sound in type, as numbers and days; faults of other kinds are left in."""
    text = pd.read_csv(invented, dtype="str", keep_default_na=False)
    figures = [*("deaths_a", "deaths_b", "deaths_civilians", "low", "best", "high"), "latitude", "longitude"]
    numbers = text[figures].apply(pd.to_numeric, errors="coerce")
    days = text[["date_start", "date_end"]].apply(lambda day: pd.to_datetime(day.str[:10], errors="coerce"))
    table = text.assign(**numbers, **days)
    return pa.Table.from_pandas(table, preserve_index=False)


def test_parquet_is_counted_as_if_read_whole(typed, tmp_path, never_whole):
    path = tmp_path / "ged251.parquet"
    pq.write_table(typed, path, row_group_size=700)
    counted = {"measure": "deaths", "by": ["admin1", "event_type"], "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


@pytest.mark.parametrize("column", ["deaths_a", "deaths_civilians", "low", "best", "high", "latitude"])
@pytest.mark.parametrize("measure", ["deaths", "deadly incidents"])
def test_not_a_number_in_parquet_is_blank_as_if_read_whole(tmp_path, never_whole, column, measure):
    """Writers leave NaN out of a column's least and most, which therefore say nothing of it."""
    days = {name: np.full(6, np.datetime64(GED[name], "us")) for name in ("date_start", "date_end")}
    names = ("deaths_a", "deaths_b", "deaths_civilians", "low", "best", "high", "latitude", "longitude")
    figures = {name: np.full(6, float(GED[name])) for name in (*names, "number_of_sources")}
    figures[column][[1, 4]] = np.nan
    texts = {name: [value] * 6 for name, value in GED.items()}
    path = tmp_path / "ged251.parquet"
    pq.write_table(pa.table({**texts, "id": list("123456"), **days, **figures}), path, row_group_size=3)
    counted = {"measure": measure, "by": "admin1", "coverage": COVERAGE}
    expected = whole(path, **counted)
    assert np.isfinite(expected.sums).all()
    assert_same(ct.daily_panel(path, **counted), expected)
    frame = duckdb.connect().read_parquet(str(path))
    np.testing.assert_array_equal(ct.daily_panel(frame, release="25.1", **counted).sums, expected.sums)


@pytest.mark.parametrize("by", ["admin1", "place"])
@pytest.mark.parametrize("export", ["ged251.csv", "acled.csv"])
def test_areas_of_one_name_in_several_countries_are_warned_of_as_if_read_whole(tmp_path, never_whole, by, export):
    rng, count = np.random.default_rng(5), 80
    names = ["Northern", " Northern ", "=North", "'=North", "Ke\u0301", "K\u00e9", "Kigali", ""]
    area = rng.choice(names, count)
    country = np.where(area == "Kigali", "Rwanda", rng.choice(["Rwanda", "Zambia", " Zambia", ""], count))
    day = np.where(rng.random(count) < 0.9, "2019-08-30", "x")
    if export == "ged251.csv":
        table = pd.DataFrame([GED] * count).assign(id=np.arange(count), date_start=day, adm_1=area)
    else:
        given = {"event_id_cnty": np.arange(count), "event_date": day, "event_type": "Battles", "fatalities": 7}
        table = pd.DataFrame({**given, "admin1": area})
    table.assign(country=country).to_csv(tmp_path / export, index=False)
    counted = {"measure": "deaths", "by": by, "coverage": COVERAGE}
    expected = whole(tmp_path / export, **counted)
    assert expected.ledger.warnings["warning"].str.contains("several countries").sum() == 1
    assert_same(ct.daily_panel(tmp_path / export, **counted), expected)


@pytest.mark.parametrize("where", [{}, {"admin1": ["Homs", "Hama"]}, {"admin1": "Homs"}])
def test_districts_of_one_name_are_warned_of_as_if_read_whole(tmp_path, never_whole, where):
    places = [("Homs", "Markaz"), ("Hama", " Markaz "), ("Hama", "Salamiyah"), ("", "Markaz"), ("Idlib", "")] * 12
    rows = [{**GED, "id": str(number), "adm_1": one, "adm_2": two} for number, (one, two) in enumerate(places)]
    pd.DataFrame(rows).to_csv(tmp_path / "ged251.csv", index=False)
    for by, warned in (("admin2", where != {"admin1": "Homs"}), (("admin1", "admin2"), False)):
        counted = {"measure": "deaths", "by": by, "coverage": COVERAGE, "where": where}
        expected = whole(tmp_path / "ged251.csv", **counted)
        told = expected.ledger.warnings.set_index("warning")["records"]
        assert told[told.index.str.contains("several first-order areas")].tolist() == [24] * warned
        assert_same(ct.daily_panel(tmp_path / "ged251.csv", **counted), expected)


def test_a_name_written_in_two_ways_that_look_alike_is_one_area(tmp_path, never_whole):
    """With its accents as one sign with the letter, and as signs of their own, as text copied from a PDF has them."""
    names = ["M\u00e9naka", "Me\u0301naka", " Me\u0301naka ", "Gao"]
    rows = [{**GED, "id": str(number), "adm_1": name} for number, name in enumerate(names)]
    pd.DataFrame(rows).to_csv(tmp_path / "ged251.csv", index=False)
    for where in ({}, {"admin1": names[0]}, {"admin1": names[1]}):
        counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE, "where": where}
        found = ct.daily_panel(tmp_path / "ged251.csv", **counted)
        assert_same(found, whole(tmp_path / "ged251.csv", **counted))
        assert found[names[0]].counts.sum() == 18
        assert list(found) == ([names[0]] if where else ["Gao", names[0]])


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "duckdb"])
def test_frames_are_counted_alike(typed, tmp_path, kind):
    path = tmp_path / "ged251.parquet"
    pq.write_table(typed, path)
    counted = {"measure": "civilians", "by": "admin1", "coverage": COVERAGE}
    frame = {"pandas": typed.to_pandas, "pyarrow": lambda: typed, "duckdb": lambda: duckdb.from_arrow(typed)}[kind]()
    panel, expected = ct.daily_panel(frame, release="25.1", **counted), whole(path, **counted)
    np.testing.assert_allclose(panel.sums, expected.sums, rtol=0, atol=1e-9)  # the order of summation differs
    rows, others = (
        each.ledger.summary().replace({"reason": r" in row \d+"}, "", regex=True).groupby("reason")["rows"].sum()
        for each in (panel, expected)
    )
    pd.testing.assert_series_equal(rows, others)


def test_rows_at_fault_are_found_wherever_they_lie(invented, never_whole, monkeypatch):
    """Leaping from one to the next, between places that the scan noted."""
    monkeypatch.setattr(splitting, "_SCANNED", 1 << 10)
    monkeypatch.setattr(splitting, "CHUNK", 1 << 12)
    monkeypatch.setattr(export_rows, "_NEAR", 1)
    opened = []
    monkeypatch.setattr(
        export_rows, "stream_fast", lambda *given, **how: opened.append(how) or stream_fast(*given, **how)
    )
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(invented, **counted), whole(invented, **counted))
    leaps = [how["row"] for how in opened if "row" in how]
    assert len(leaps) > 30
    assert leaps == sorted(leaps)


def test_column_of_the_export_that_is_named_as_a_flag_is_none(tmp_path, never_whole):
    path = tmp_path / "ged251.csv"
    header = [*GED, "odd", "row", "sound", "plain_id"]
    rows = [
        {
            **GED,
            "id": str(number),
            "low": "x" if number == 3 else "5",
            "odd": "true",
            "row": "7",
            "sound": "no",
            "plain_id": "",
        }
        for number in range(1, 7)
    ]
    pd.DataFrame(rows)[header].to_csv(path, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    expected = whole(path, **counted)
    assert expected.ledger.n_quarantined == 1
    assert_same(ct.daily_panel(path, **counted), expected)


def test_little_memory_is_enough(invented, never_whole):
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    assert_same(ct.daily_panel(invented, memory_limit="60MB", **counted), whole(invented, **counted))


def test_rows_taken_over_in_many_batches_are_counted_alike(typed, tmp_path, monkeypatch):
    """Each batch has a dictionary of its own."""
    monkeypatch.setattr(engine, "AT_ONCE", 1)
    monkeypatch.setattr(export_rows, "AT_ONCE", 1)
    path = tmp_path / "ged251.parquet"
    pq.write_table(pa.concat_tables([typed] * 3), path)
    counted = {"measure": "deaths", "by": ["admin1", "event_type"], "coverage": COVERAGE}
    assert_same(ct.daily_panel(path, **counted), whole(path, **counted))


@pytest.mark.parametrize(
    "wrong", [{}, {"coverage": ("2019-09-30", "2019-08-01")}, {"coverage": COVERAGE, "gaps": [("1999-01-01",) * 2]}]
)
@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_days_that_cannot_be_counted_are_refused_before_anything_is_read(invented, typed, monkeypatch, wrong, kind):
    monkeypatch.setattr(aggregation, "engine_of", lambda *given: pytest.fail("DuckDB was started"))
    monkeypatch.setattr(aggregation, "better_whole", lambda *given: pytest.fail("the file was opened"))
    with pytest.raises(CoverageError, match=r"Declare them: coverage=\(first, last\)|ends before|touches none"):
        ct.daily_panel(typed if kind == "frame" else invented, by="admin1", measure="deaths", release="25.1", **wrong)


def test_coverage_that_a_column_map_declares_is_taken(tmp_path):
    (tmp_path / "own.toml").write_text(
        "[source]\ncoverage = [2019-08-01, 2019-08-31]\n"
        '[columns]\ndate_start = "day"\ndeaths_best = "died"\nadmin1 = "where"\n'
    )
    (tmp_path / "own.csv").write_text("day,died,where\n2019-08-03,4,Hama\n")
    panel = ct.daily_panel(tmp_path / "own.csv", by="admin1", measure="deaths")
    assert (len(panel.days), panel["Hama"].counts.sum()) == (31, 4)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("select 1", r"for want of memory: [a-z ]+ of size [0-9.]+ [KM]iB \([0-9.]+ MiB/[0-9.]+ MiB used\)\. "
         r"memory_limit \(--memory\) is '20MB', .* Raise it, such as to '2GB'\.$"),
        ("set max_temp_directory_size = '1MB'", r"for want of disk: failed to offload .* used\)\. .*'20MB', goes into "
         r".*\. Make room there, or name a folder with more of it as temporary \(--temp-dir\)\.$"),
    ],
)  # fmt: skip
def test_what_duckdb_is_short_of_is_said_whole(tmp_path, setting, said):
    query = "select repeat('x', 200) || i as text from range(3000000) as t(i) order by hash(i)"
    with pytest.raises(InputError, match=said) as refused, engine.engine_of("20MB", tmp_path) as duck:
        duck.execute(f"{setting}; {query}").to_arrow_table()
    assert "\n" not in str(refused.value)


def test_engine_that_stops_on_the_way_is_told_of():
    query = "select case when i = 4000000 then error('no space') else i end as i from range(5000000) as numbers(i)"
    with (
        pytest.raises(InputError, match=r"DuckDB stopped counting: .*no space"),
        engine.engine_of("50MB", None) as duck,
    ):
        list(engine.batches_of(nw.from_native(duck.sql(query))))


def test_small_text_is_read_whole(invented, tmp_path, monkeypatch):
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    expected = ct.daily_panel(invented, **counted)
    monkeypatch.setattr(export_rows, "WHOLE", 4)
    monkeypatch.setattr(aggregation, "engine_of", lambda *given: pytest.fail("DuckDB was started"))
    assert_same(ct.daily_panel(invented, **counted), expected)
    for how in ("gz", "zip"):
        path = packed(invented, tmp_path, how)
        np.testing.assert_array_equal(ct.daily_panel(path, **counted).sums, whole(path, **counted).sums)
    monkeypatch.setattr(aggregation, "require_room", lambda *given: 5 * invented.stat().st_size)
    monkeypatch.setattr(aggregation, "engine_of", lambda *given: pytest.fail("as it should be: two are too large"))
    with pytest.raises(pytest.fail.Exception, match="two are too large"):
        ct.daily_panel([invented, packed(invented, tmp_path, "gz")], **counted)


def test_archive_that_is_large_as_it_says_is_not_read_whole(invented, tmp_path, never_whole, monkeypatch):
    monkeypatch.setattr(export_rows, "WHOLE", 4)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    size = invented.stat().st_size
    for how in ("gz", "zip"):
        path = packed(invented, tmp_path, how)
        assert path.stat().st_size < size / 3
        monkeypatch.setattr(aggregation, "require_room", lambda *given: 3.9 * size)
        assert ct.daily_panel(path, **counted).ledger.read == 4_000


def test_same_panel_to_the_last_bit_from_run_to_run(invented, never_whole):
    """Else a run that was killed would not find its finished parts again."""
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    first, again = (ct.daily_panel(invented, **counted) for _ in range(2))
    np.testing.assert_array_equal(first.sums, again.sums)


@pytest.mark.parametrize("times", [3, aggregation.FEW + 1])
def test_identifiers_used_twice(invented, tmp_path, never_whole, times):
    """Few are looked for one by one, many are joined; some are only alike without the spaces around them."""
    table = pd.read_csv(invented, dtype="str", keep_default_na=False)
    fresh = 1_000_000 + np.arange(len(table))
    table["id"] = fresh.astype("str")
    table.loc[: times - 1, "id"] = [f"{' ' * (k % 2)}{fresh[1000 + k]}" for k in range(times)]
    table.loc[3000, "id"] = f"\u00a0{fresh[3500]}"
    path = tmp_path / "ged251.csv"
    table.to_csv(path, index=False)
    counted = {"measure": "deaths", "by": "admin1", "coverage": COVERAGE}
    expected = whole(path, **counted)
    assert expected.ledger.quarantined["reason"].str.startswith("identifier already used").sum() >= times
    assert_same(ct.daily_panel(path, **counted), expected)


def test_frame_without_release_is_refused(typed):
    with pytest.raises(InputError, match=r"Give release='25\.1'"):
        ct.daily_panel(typed, by="admin1", measure="deaths", coverage=COVERAGE)


def test_frame_of_text_is_refused(typed):
    frame = typed.set_column(typed.column_names.index("best"), "best", typed["best"].cast(pa.string()))
    with pytest.raises(InputError, match="column best is of type String"):
        ct.daily_panel(frame, by="admin1", measure="deaths", coverage=COVERAGE, release="25.1")


@pytest.mark.parametrize("much", ["much", "-2GB", "1e9GB", "10", "9MB", "", "9" * 400 + "GB"])
def test_wrong_memory_limit_is_refused(invented, much):
    with pytest.raises(InputError, match="which is no amount of 10 MB or more"):
        ct.daily_panel(invented, by="admin1", measure="deaths", coverage=COVERAGE, memory_limit=much)


def test_folder_that_is_none_is_refused(invented, tmp_path):
    with pytest.raises(InputError, match="which is no folder"):
        ct.daily_panel(invented, by="admin1", measure="deaths", coverage=COVERAGE, temporary=tmp_path / "none")


@pytest.mark.parametrize("kind", ["pandas", "pyarrow"])
def test_of_rows_of_a_frame_with_one_identifier_the_first_stands(kind):
    """Also of more than are looked for one by one, and in more rows than an engine takes at a time."""
    count, again = 300_000, 2 * aggregation.FEW
    day = pd.Timestamp("2019-08-30").to_pydatetime()
    best = np.r_[np.ones(count), np.full(again, 1000.0)]
    zero = np.zeros(len(best))
    table = pa.table(
        {"id": np.r_[np.arange(count), np.arange(again)], "adm_1": ["Idlib"] * len(best), "row": zero}
        | dict.fromkeys(["date_start", "date_end"], pa.array([day] * len(best), pa.timestamp("us")))
        | {"deaths_a": zero, "deaths_b": zero, "deaths_civilians": best, "low": best, "best": best, "high": best}
    )
    frame = table.to_pandas() if kind == "pandas" else table
    found = ct.daily_panel(frame, by="admin1", measure="deaths", coverage=COVERAGE, release="25.1")
    assert found["Idlib"].counts.sum() == count
    assert found.ledger.quarantined["row"].tolist() == list(range(count + 2, count + again + 2))


def test_frame_without_rows_is_refused(typed):
    with pytest.raises(InputError, match="has no rows"):
        ct.daily_panel(typed.slice(0, 0), by="admin1", measure="deaths", coverage=COVERAGE, release="25.1")


@pytest.mark.parametrize("lacking", ["adm_1", "code_status", "country"])
def test_file_without_a_column_is_counted_as_if_read_whole(tmp_path, lacking):
    header = [column for column in GED if column != lacking]
    path = tmp_path / "ged.csv"
    path.write_text(",".join(header) + "\n" + ",".join(GED[column].split(",")[0] for column in header) + "\n")
    counted = {"measure": "deaths", "by": "event_type", "coverage": COVERAGE}
    assert_same(ct.daily_panel([path], **counted), whole(path, **counted))
