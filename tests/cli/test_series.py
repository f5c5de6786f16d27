"""`conflictts series`: the same numbers as in Python, in three formats, and what was not counted beside them."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.incidents.lock import locked

GAP = ["--gap", "2019-06-01:2019-06-10", "--gap", "2019-08-05:2019-08-05"]
LAG = ["--lag", "7", "--retrieved-on", "2020-01-20"]


@pytest.fixture(scope="module")
def expected() -> ct.DailySeries:
    return ct.daily_series(
        ct.load_idlib_2019(),
        measure="civilians",
        gaps=[("2019-06-01", "2019-06-10"), ("2019-08-05", "2019-08-05")],
        lag=7,
        retrieved_on="2020-01-20",
    )


def run(*arguments: object):
    return CliRunner().invoke(app, ["series", *(str(argument) for argument in arguments)])


def same(table: pd.DataFrame, expected: ct.DailySeries) -> None:
    table = table.assign(day=pd.to_datetime(table["day"]).astype("datetime64[us]")).set_index("day")
    pd.testing.assert_frame_equal(table, expected.table, check_freq=False, check_exact=True)


def test_without_a_file_the_series_goes_to_stdout_and_the_rest_to_stderr(expected):
    result = run("--measure", "civilians", *GAP, *LAG)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(io.StringIO(result.stdout), dtype={"status": "str"})
    assert set(table.pop("measure")) == {"civilians"}
    same(table, expected)
    for said in (
        "civilian deaths: Idlib and north-west Syria; press catalogue of the Idlib case, release 1",
        "2019-04-20 to 2020-01-15, days: 258 observed, 11 unobserved, 2 provisional",
        "reporting lag: 7 days, declared; retrieved on 2020-01-20",
        "on days not observed: 11 records",
    ):
        assert said in result.stderr
    quiet = run("--measure", "civilians", *GAP, *LAG, "--quiet")
    assert (quiet.stdout, quiet.stderr) == (result.stdout, "")


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_each_format_holds_the_same_numbers(ending, tmp_path, expected):
    path = tmp_path / f"series.{ending}"
    assert run("--measure", "civilians", *GAP, *LAG, "--out", path, "--quiet").output == ""
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if ending == "csv":
        table, facts = pd.read_csv(path, dtype={"status": "str"}).drop(columns="measure"), None
    elif ending == "parquet":
        table = pd.read_parquet(path)
        facts = table.attrs
    else:
        facts = json.loads(path.read_text("utf-8"))
        table = pd.DataFrame(facts["days"])
        for column in ("low", "best", "high", "incidents"):
            table[column] = table[column].astype("float64")
    same(table, expected)
    if facts is not None:
        assert facts["source"] == "press catalogue of the Idlib case, release 1"
        assert (facts["first_day"], facts["allocated"]) == ("2019-04-20", expected.allocated)
        assert sum(line["records"] for line in facts["account"]) == 321


def test_draws_show_the_least_and_the_most_of_each_day(tmp_path):
    path = tmp_path / "series.json"
    result = run(
        "--measure", "civilians", "--gap", "2019-06-01:2019-06-10", "--draws", "30", "--seed", "7", "--out", path
    )
    assert result.exit_code == 0, result.output
    assert "drawn_least and drawn_most: over 30 draws of their days, seed 7" in result.stderr
    told = json.loads(path.read_text("utf-8"))
    assert (told["draws"], told["seed"]) == (30, 7)
    daily = ct.daily_series(
        ct.load_idlib_2019(),
        measure="civilians",
        gaps=[("2019-06-01", "2019-06-10")],
        draws=30,
        rng=np.random.default_rng(7),
    )
    table = pd.DataFrame(told["days"])
    for column, end in (("drawn_least", daily.draws.min(axis=1)), ("drawn_most", daily.draws.max(axis=1))):
        np.testing.assert_array_equal(table[column].astype("float64"), end)
    np.testing.assert_array_equal(table["best"].astype("float64"), daily.counts)
    assert (table["drawn_least"] < table["drawn_most"]).any()
    again = run("--measure", "civilians", "--gap", "2019-06-01:2019-06-10", "--draws", "30", "--seed", "7", "--quiet")
    header = again.stdout.splitlines()[0].replace('"', "")
    assert header == "day,low,best,high,incidents,status,drawn_least,drawn_most,measure"


def test_one_series_for_each_value(tmp_path):
    path = tmp_path / "panel.json"
    assert run("--by", "perpetrator", "--by", "event_type", "--out", path, "--quiet").exit_code == 0
    told = json.loads(path.read_text("utf-8"))
    panel = ct.daily_series(ct.load_idlib_2019(), measure="civilians", by=["perpetrator", "event_type"])
    assert told["by"] == ["perpetrator", "event_type"]
    assert len(told["groups"]) == len(panel)
    assert len(told["days"]) == len(panel.table)
    assert list(told["days"][0])[:3] == ["perpetrator", "event_type", "day"]


def test_text_that_a_spreadsheet_would_run_is_written_as_text(tmp_path):
    source = tmp_path / "ged.csv"
    columns = "id,date_start,date_end,date_prec,adm_1,deaths_a,deaths_b,deaths_civilians,deaths_unknown,low,best,high"
    source.write_text(f'{columns}\n1,2019-05-01,2019-05-01,1,"=HYPERLINK(""x"")",0,0,2,0,2,2,2\n')
    result = run(source, "--coverage", "2019-05-01:2019-05-02", "--by", "admin1")
    assert result.exit_code == 0, result.output
    assert '"\'=HYPERLINK(""x"")"' in result.stdout


def test_figure_is_drawn(tmp_path):
    result = run("--figure", tmp_path / "days.svg", "--out", tmp_path / "days.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "days.svg").read_text("utf-8").startswith("<svg")


BAD = [
    pytest.param(["--out", "days.xlsx"], 2, "days.xlsx ends in none of .csv, .parquet, .json", id="format"),
    pytest.param(["--figure", "days.pdf"], 2, "days.pdf ends in none of .svg, .png", id="figure format"),
    pytest.param(["--figure", "days.svg", "--by", "admin1"], 2, "draws one series", id="figure of a panel"),
    pytest.param(["--draws", "5", "--by", "admin1"], 2, "is for one series", id="draws of a panel"),
    pytest.param(["--draws", "1"], 2, "draws = 1 do not vary. Give 2 or more", id="one draw"),
    pytest.param(["--deletions", "deleted.csv"], 2, "needs the ACLED export", id="deletions alone"),
    pytest.param(["--draws", "5", "--allocation", "exact"], 2, "allocation 'exact' fixes them", id="fixed days"),
    pytest.param(["--out", "nowhere/days.csv"], 2, "nowhere/days.csv cannot be written", id="no folder"),
    pytest.param(["--gap", "2019-06-10"], 2, "'2019-06-10' is not two dates", id="gap of one day"),
    pytest.param(["--gap", "2018-06-01:2018-06-10"], 1, "touches none of the days covered", id="gap elsewhere"),
    pytest.param(["--by", "district"], 2, "No column 'district' to group by", id="column"),
    pytest.param(["--measure", "dead"], 2, "No measure 'dead'", id="measure"),
    pytest.param(["--lag", "7"], 1, "day of retrieval, which is not known", id="lag alone"),
    pytest.param(["--retrieved-on", "20.1.2020"], 2, "'20.1.2020' is not a day written as", id="bad date"),
    pytest.param(["--retrieved-on", "2019-12-01"], 1, "retrieved on 2019-12-01", id="coverage in the future"),
    pytest.param(["missing.csv"], 2, "There is no file missing.csv", id="missing"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), BAD)
def test_bad_usage_ends_in_one_clear_sentence(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert (result.stdout, list(tmp_path.iterdir())) == ("", [])


def test_a_source_that_declares_no_coverage_is_asked_for_it(tmp_path, shared):
    result = run(shared / "ucdp" / "ged_greater_idlib_2018_2019.csv")
    assert result.exit_code == 2
    assert "--coverage YYYY-MM-DD:YYYY-MM-DD" in " ".join(result.stderr.split())


def test_a_seed_below_0_is_wrong_usage():
    result = run("--measure", "civilians", "--draws", 3, "--seed", -1)
    assert result.exit_code == 2, result.output
    assert "--seed" in result.stderr


@pytest.mark.parametrize(
    ("option", "ending"), [("--out", "csv"), ("--out", "parquet"), ("--figure", "svg"), ("--figure", "png")]
)
def test_a_file_that_cannot_be_written_whole_stays_as_it_was(option, ending, tmp_path, monkeypatch):
    """Of a run that fails on the way nothing is left, neither in the place of an earlier file nor beside it."""
    path = tmp_path / f"days.{ending}"
    path.write_text("before", encoding="utf-8")

    def full(part, target):
        assert Path(part).stat().st_size > 0
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("conflictts.cli.program.os.replace", full)
    result = run(option, path)
    assert result.exit_code == 2
    assert f"days.{ending} cannot be written (No space left on device)" in " ".join(result.stderr.split())
    assert (path.read_text("utf-8"), list(tmp_path.iterdir())) == ("before", [path])


def test_what_killed_runs_left_goes_and_what_living_ones_or_others_made_stays(tmp_path):
    left, living, other = (tmp_path / f".conflictts-{end}" for end in ("abcd_123", "abcd5678", "12345678"))
    for folder in (left, living, other):
        (folder / "new").mkdir(parents=True)
        (folder / "new" / "days.csv").write_text("half a line", encoding="utf-8")
        (folder / "lock").write_text("process 1", encoding="utf-8")
    (other / "thesis.docx").write_text("years of work", encoding="utf-8")
    with locked(living / "lock"):
        assert run("--out", tmp_path / "days.csv", "--quiet").exit_code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"days.csv", living.name, other.name}


@pytest.mark.parametrize("name", ["there.csv", "none/days.parquet"])
def test_what_is_no_place_for_a_file_is_said(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").mkdir()
    result = run("--out", name)
    assert result.exit_code == 2
    said = {"there.csv": "Is a directory", "none/days.parquet": "No such file or directory"}[name]
    assert f"{name} cannot be written ({said})" in " ".join(result.stderr.split())
    assert [entry.name for entry in tmp_path.iterdir()] == ["there.csv"]
