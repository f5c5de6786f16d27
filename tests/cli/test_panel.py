"""`conflictts panel`: the same numbers as in Python, in a folder written whole, also after the run was killed."""

from __future__ import annotations

import csv
import html
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.series import export_rows
from conflictts.truce import panel as panels

CHOICES = ["--by", "admin1", "--by", "place", "--truce", "2019-08-31", "--window", "2019-06-01:2019-10-18"]
SLOWLY = """
import sys, time
from conflictts.truce import panel
real = panel.rows_of_chunk
panel.rows_of_chunk = lambda *given: (time.sleep(0.05 * len(given[3])), real(*given))[1]
from conflictts.cli import app
app(sys.argv[1:])
"""

KILLED = """
import json, os, signal, sys, time
import duckdb, narwhals, pyarrow
from contextlib import redirect_stdout
import conflictts as ct
from conflictts.cli import app
from conflictts.series import export_rows
from conflictts.truce import panel

export_rows.WHOLE = float("inf")  # DuckDB counts small text too
panel.CHUNK = 1
arguments, moments = json.loads(sys.argv[1])
idlib = ct.daily_series(ct.load_idlib_2019(), measure="civilians", by="admin1")  # compiles and imports all that is used
ct.write_panel_report(idlib, ct.analyse_panel(idlib, truce=ct.Truce("2019-08-31"), threads=1), "warm")


def begin(out):
    if (child := os.fork()) == 0:
        with open(os.devnull, "w") as nothing, redirect_stdout(nothing):
            app([*arguments, "--out", out], standalone_mode=False)
        os._exit(0)
    return child


begun = time.monotonic()
assert os.waitpid(begin("whole"), 0)[1] == 0
lasts = time.monotonic() - begun
told = []
for number, moment in enumerate(moments):
    child = begin(f"out {number}")
    time.sleep(moment * lasts)
    os.kill(child, signal.SIGKILL)
    told.append([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.path.exists(f"out {number}")])
    assert os.waitpid(begin(f"out {number}"), 0)[1] == 0
print(json.dumps(told))
"""


def run(*arguments: object):
    return CliRunner().invoke(app, ["panel", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def found() -> tuple[ct.DailyPanel, ct.PanelAnalysis]:
    case = ct.load_idlib_2019()
    panel = ct.daily_series(case, measure="civilians", by=["admin1", "place"])
    return panel, ct.analyse_panel(panel, truce=ct.Truce("2019-08-31"), window=("2019-06-01", "2019-10-18"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, object]:
    """The findings of a run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "out"
    result = run(*CHOICES, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert not (out.parent / ".out-parts").exists()
    assert json.loads(result.stdout) == json.loads((out / "findings.json").read_text())
    with open(out / "areas.csv", encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(json.loads(result.stdout)["areas"])
    return json.loads(result.stdout)


def test_numbers_are_those_of_the_library(whole, found):
    panel, analysed = found
    assert [(line["admin1"], line["place"]) for line in whole["areas"]] == list(panel)
    for line, (_, row) in zip(whole["areas"], analysed.table.iterrows(), strict=True):
        for name in ("total", "n_changes", "growth", "rate_ratio", "upper", "p_adjusted"):
            assert (line[name] is None) == pd.isna(row[name])
            assert line[name] is None or line[name] == pytest.approx(row[name])
    assert len(whole["changes"]) == len(analysed.changes)
    assert (whole["pooled"] is None) == (analysed.pooled is None)
    assert whole["truces"] == [{"area": None, "name": "truce of 31 August 2019", "effective": "2019-08-31"}]


def test_map_of_a_geojson(tmp_path):
    ring = [[36, 35], [37, 35], [37, 36], [36, 35]]
    told = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"NAME": "Idlib"}, "geometry": told}
    path = tmp_path / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    choices = ["--by", "admin1", "--truce", "2019-08-31", "--geojson", path, "--geojson-key"]
    result = run(*choices, "NAME", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    drawn = (tmp_path / "out" / "figures" / "map.svg").read_text(encoding="utf-8")
    assert re.search(r"outlines:\s+areas.geojson", re.sub("<[^>]*>", " ", drawn))
    refused = run(*choices, "name", "--out", tmp_path / "other")
    assert refused.exit_code == 2
    assert "whose property 'name' is no name. Choose another property; it has NAME." in refused.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("whole", [export_rows.WHOLE, math.inf], ids=["read whole", "counted by DuckDB"])
def test_an_export_is_counted_where_it_lies_with_the_same_ledger(tmp_path, monkeypatch, whole):
    """Of a GED export as CSV and as Parquet, with a row at fault; what is in memory makes no difference."""
    rng = np.random.default_rng(5)
    count = 600
    day = pd.Timestamp("2019-05-01") + pd.to_timedelta(rng.integers(0, 200, count), unit="D")
    died = rng.poisson(2, count)
    table = pd.DataFrame(
        {
            "id": np.arange(count).astype("str"),
            "adm_1": rng.choice(["Idlib", "Hama", ""], count),
            "date_start": day,
            "date_end": day + pd.to_timedelta(rng.choice([0, 0, 3, -1], count), unit="D"),
            "deaths_a": 0,
            "deaths_b": 0,
            "deaths_civilians": died,
            "low": died,
            "best": died,
            "high": died + 1,
        }
    )
    table.to_parquet(tmp_path / "ged251.parquet")
    table.to_csv(tmp_path / "ged251.csv", index=False)
    choices = ["--by", "admin1", "--coverage", "2019-05-01:2019-11-30", "--truce", "2019-08-31"]
    monkeypatch.setattr(export_rows, "WHOLE", whole)
    expected = ct.daily_series(
        ct.read_incidents(tmp_path / "ged251.csv"), measure="civilians", by="admin1",
        coverage=("2019-05-01", "2019-11-30"),
    )  # fmt: skip
    analysed = ct.analyse_panel(expected, truce=ct.Truce("2019-08-31"))
    for name in ("ged251.csv", "ged251.parquet"):
        memory = ["--memory", "60MB", "--temp-dir", tmp_path / "aside"]
        result = run(tmp_path / name, *choices, *memory, "--out", tmp_path / name[7:], "--json")
        assert result.exit_code == 0, result.stderr
        areas = pd.DataFrame(json.loads(result.stdout)["areas"]).set_index("admin1")
        for column in ("total", "rate_ratio", "upper"):
            # The order of summation may differ.
            np.testing.assert_allclose(areas[column], analysed.table[column], rtol=1e-9)
        quarantined = expected.ledger.n_quarantined
        assert quarantined > 100
        aloud = run(tmp_path / name, *choices, *memory, "--out", tmp_path / name[7:])
        assert f"{quarantined} rows are in quarantine" in aloud.stderr
        assert list((tmp_path / "aside").iterdir()) == []


def test_the_command_on_the_page_makes_every_file_again(tmp_path, monkeypatch):
    """Typed in the folder of the records; names with spaces and quotation marks are no trap."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    days = pd.date_range("2019-05-01", "2019-11-30").strftime("%Y-%m-%d")
    records = tmp_path / "the records"
    records.mkdir()
    for name, prefix in (("one export.csv", "A"), ("two.csv", "B")):
        table = pd.DataFrame({"event_id_cnty": [f"{prefix}{k}" for k in range(len(days))], "event_date": days})
        table = table.assign(event_type="Battles", admin1="Dayr 'az Zawr", fatalities=np.arange(len(days)) % 5)
        table.assign(country="Syria").to_csv(records / name, index=False)
    table[["event_id_cnty"]][10:30].to_csv(records / "deleted.csv", index=False)
    choices = [
        *(records / "one export.csv", records / "two.csv", "--by", "admin1", "--by", "event_type"),
        *("--where", "admin1=Dayr 'az Zawr", "--measure", "deaths", "--truce", "2019-08-31"),
        *("--coverage", "2019-05-01:2019-11-30", "--gap", "2019-06-03:2019-06-05", "--language", "fr"),
        *("--deletions", records / "deleted.csv"),
    ]
    first = run(*choices, "--out", tmp_path / "first", "--memory", "100MB")
    assert first.exit_code == 0, first.stderr
    page = (tmp_path / "first" / "panel.html").read_text(encoding="utf-8")
    command = html.unescape(re.search(r'<span class="code" translate="no">(conflictts panel .*?)</span>', page)[1])
    assert str(tmp_path) not in page
    monkeypatch.chdir(records)
    again = run(*shlex.split(command)[2:])
    assert again.exit_code == 0, again.stderr
    made = [
        {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for out in (tmp_path / "first", records / "conflictts-panel")
    ]
    assert made[0] == made[1]
    rows = [
        [cell.get_text() for cell in row("td")] for row in BeautifulSoup(page, "html.parser").select("tr:has(.sum)")
    ]
    assert [row[:2] for row in rows] == [["one export.csv", "214"], ["two.csv", "214"], ["deleted.csv", "20"]]
    check = html.unescape(re.search(r'<span class="code" translate="no">(sha256sum .*?)</span>', page)[1])
    summed = subprocess.run(shlex.split(check), cwd=records, capture_output=True, text=True, check=True).stdout
    assert summed.splitlines() == [f"{digest}  {name}" for name, _, digest in rows]
    series = pd.read_csv(tmp_path / "first" / "series.csv", encoding="utf-8-sig")
    assert series["best"].sum() == json.loads((tmp_path / "first" / "findings.json").read_text())["areas"][0]["total"]
    assert list(series.columns[:3]) == ["admin1", "event_type", "day"]


@pytest.mark.parametrize("whole", [export_rows.WHOLE, math.inf], ids=["read whole", "counted by DuckDB"])
def test_an_acled_export_is_counted_where_it_lies_without_deleted_events(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(export_rows, "WHOLE", whole)
    days = pd.date_range("2019-05-01", "2019-11-30").strftime("%Y-%m-%d")
    table = pd.DataFrame({"event_id_cnty": [f"SYR{k}" for k in range(len(days))], "event_date": days})
    table = table.assign(event_type="Battles", admin1="Idleb", fatalities=np.arange(len(days)) % 5, country="Syria")
    table.to_csv(tmp_path / "acled.csv", index=False)
    table[["event_id_cnty"]][10:30].to_csv(tmp_path / "deleted.csv", index=False)
    choices = ["--by", "admin1", "--measure", "deaths", "--deletions", tmp_path / "deleted.csv"]
    refused = run(tmp_path / "acled.csv", *choices, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "Declare them: --coverage YYYY-MM-DD:YYYY-MM-DD" in " ".join(refused.stderr.split())
    given = [*choices, "--coverage", "2019-05-01:2019-11-30", "--out", tmp_path / "out", "--json"]
    result = run(tmp_path / "acled.csv", *given)
    assert result.exit_code == 0, result.stderr
    (area,) = json.loads(result.stdout)["areas"]
    assert area["total"] == table["fatalities"].drop(range(10, 30)).sum()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system knows no SIGKILL")
def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same(whole, tmp_path, monkeypatch):
    out, parts = tmp_path / "out", tmp_path / "aside" / ".out-parts"
    arguments = [*CHOICES, "--out", str(out), "--temp-dir", str(parts.parent), "--threads", "1"]
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, "panel", *arguments])
    deadline = time.monotonic() + 120
    while not list(parts.glob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed and did not end by itself"
    assert not out.exists()
    kept = len(list(parts.glob("*.json")))
    n_chunks = -(-len(whole["areas"]) // panels.CHUNK)
    assert 1 <= kept < n_chunks

    made, real = [], panels.rows_of_chunk
    monkeypatch.setattr(panels, "rows_of_chunk", lambda *given: (made.extend(given[3]), real(*given))[1])
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert len(made) == len(whole["areas"]) - panels.CHUNK * kept
    assert json.loads(result.stdout) == whole
    assert not parts.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system knows no fork")
def test_killed_at_any_moment_a_run_on_a_file_ends_with_the_same_bytes(tmp_path):
    """Killed while it reads, counts, analyses, draws or writes: nothing half done is seen, nothing is left behind."""
    rng = np.random.default_rng(8)
    count = 1_000
    day, died = rng.integers(0, 400, count), rng.poisson(2, count)
    table = pd.DataFrame({"id": np.arange(count), "adm_1": [f"district {k}" for k in rng.integers(0, 6, count)]})
    table["date_start"] = table["date_end"] = pd.Timestamp("2019-01-01") + pd.to_timedelta(day, unit="D")
    table = table.assign(deaths_a=0, deaths_b=0, deaths_civilians=died, low=died, best=died, high=died)
    table.to_csv(tmp_path / "ged251.csv", index=False)
    arguments = ["panel", "ged251.csv", "--by", "admin1", "--coverage", "2019-01-01:2020-01-31"]
    arguments += ["--truce", "2019-08-31", "--temp-dir", "aside", "--threads", "1"]
    moments = np.sort(rng.uniform(0, 1, 5)).tolist()
    found = subprocess.run(
        [sys.executable, "-c", KILLED, json.dumps([arguments, moments])], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1577836800"}, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    killed = [not finished for status, finished in json.loads(found.stdout) if status == -signal.SIGKILL]
    assert sum(killed) >= len(moments) / 2, "most were killed in the middle"

    def written(out):
        return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    expected = written(tmp_path / "whole")
    assert len(expected) > 8
    for number in range(len(moments)):
        assert written(tmp_path / f"out {number}") == expected
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_wrong_usage_is_one_sentence(tmp_path):
    for arguments, said in (
        ([], "none given. Say what makes an area: --by admin1"),
        (["--by", "admin1", "--window", "2019-06-01:2019-10-18"], "needs --truce"),
        (["--by", "admin1", "--truce", "31.8.2019"], "is not a day"),
        (["none.csv", "--by", "admin1"], "There is no file none.csv"),
        (["--by", "admin1", "--deletions", "deleted.csv"], "needs the ACLED export"),
        (["--by", "admin1", "--threads", "0"], "no number of threads"),
        (["--by", "admin1", "--memory", "much"], "memory_limit is 'much', which is no amount of 10 MB or more"),
        (["--by", "admin1", "--temp-dir", "/dev/null/aside"], "cannot be written"),
        (["--by", "district"], "district"),
        (["--by", "admin1", "--geojson", "areas.geojson"], "go together"),
        (["--by", "admin1", "--geojson", "none.geojson", "--geojson-key", "NAME"], "There is no file"),
    ):
        result = run(*arguments, "--out", tmp_path / "out")
        assert result.exit_code == 2, arguments
        told = " ".join(result.stderr.replace("│", " ").split())
        assert said in told
        assert "Traceback" not in told
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    result = run("--by", "admin1", "--out", tmp_path / "mine")
    assert result.exit_code == 2
    assert "thesis.txt" in result.stderr
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
