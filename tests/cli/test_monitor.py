"""`conflictts monitor`: a state kept between runs, an exit code for the alarm, and nothing lost on a fault."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app

CALM = [0, 2, 1, 3, 0] * 12
QUIET, RISEN = [1, 0, 2], [4, 9, 6, 8, 7, 9, 8, 9]


def run(*arguments: object):
    return CliRunner().invoke(app, ["monitor", *(str(argument) for argument in arguments)])


def write_series(path: Path, counts: list[float | None], status: dict[int, str] | None = None) -> Path:
    """As `conflictts series` writes them: a mark for Excel, everything quoted."""
    days = pd.date_range("2020-01-01", periods=len(counts))
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "low": counts, "best": counts, "high": counts})
    table["incidents"] = counts
    table["status"] = ["observed" if count is not None else "unobserved" for count in counts]
    for at, word in (status or {}).items():
        table.loc[at, "status"] = word
    table.to_csv(path, index=False, encoding="utf-8-sig", quoting=1)
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    result = run(
        folder / "state.json", "--fit", write_series(folder / "calm.csv", CALM), "--area", "Area A"
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Calm: 1.20 counts a day (72 in 60 observed days, 2020-01-01 to 2020-02-29); memory factor" in result.stdout
    return folder


@pytest.fixture
def state(fitted, tmp_path) -> Path:
    """A copy of its own, beside the calm it was fitted to."""
    shutil.copytree(fitted, tmp_path, dirs_exist_ok=True)
    return tmp_path / "state.json"


def test_the_exit_code_tells_an_alarm_from_none(state, tmp_path):
    quiet = run(state, write_series(tmp_path / "new.csv", CALM + QUIET), "--json")
    assert quiet.exit_code == 0, quiet.output
    outcome = json.loads(quiet.stdout)
    assert (outcome["alarm"], outcome["first_alarm"], outcome["last_day"]) == (False, None, "2020-03-03")
    risen = run(state, write_series(tmp_path / "new.csv", CALM + QUIET + RISEN), "--json")
    assert risen.exit_code == 10
    outcome = json.loads(risen.stdout)
    assert outcome["alarm"] is True
    assert outcome["evidence"] >= outcome["threshold"] == 365
    again = run(state, tmp_path / "new.csv")
    assert again.exit_code == 10, "it stands until the evidence falls"
    assert f"ALARM, evidence {float(format(outcome['evidence'], '.3g')):,.10g} against 365;" in again.stdout
    assert run(state, tmp_path / "new.csv", "--quiet").output == ""


def test_rates_unit_and_contract_are_told_in_words_and_numbers(state, tmp_path):
    """Of the latest week six days were observed, with 9, 6, 8, 13, 11 and 9."""
    new = write_series(tmp_path / "new.csv", [*CALM, *QUIET, 4, 9, 6, 8, None, 13, 11, 9])
    told = run(state, new).stdout.splitlines()
    assert told[1:3] == [
        "Latest: 9.33 counts a day (56 in 6 observed days, 2020-03-05 to 2020-03-11). "
        "Calm: 1.20 counts a day (72 in 60 observed days, 2020-01-01 to 2020-02-29).",
        "Contract arl, threshold 365: while the calm goes on, the first false alarm comes after 365 observed days or "
        "later on average.",
    ]
    outcome = json.loads(run(state, new, "--json").stdout)
    assert (outcome["rate"], outcome["latest_rate"], outcome["latest_days"]) == (1.2, pytest.approx(56 / 6), 6)
    assert (outcome["unit"], outcome["rate_unit"]) == ("counts", "counts per day")
    assert outcome["calm"] == {"first": "2020-01-01", "last": "2020-02-29", "observed_days": 60, "total": 72}
    assert outcome["promise"] in told[2]
    unseen = write_series(tmp_path / "unseen.csv", [*CALM, *[None] * 8])
    other = tmp_path / "other.json"
    assert "Latest: no day observed, 2020-03-02 to 2020-03-08. Calm" in run(
        other, unseen, "--fit", tmp_path / "calm.csv"
    ).stdout  # fmt: skip
    assert json.loads(run(other, unseen, "--json").stdout)["latest_rate"] is None


CONTRACTS = [
    pytest.param(["--contract", "provable", "--ceiling", "2.5"], "as long as the mean is 2.5 counts a day or less, the "
                 "first false alarm comes after 365 observed days or later on average", id="provable"),
    pytest.param(["--contract", "yearly", "--horizon", "100"], "while the calm goes on, the chance of any false alarm "
                 "within 100 observed days is 0.05 at most", id="yearly"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "promise"), CONTRACTS)
def test_each_contract_is_told_in_its_own_words(options, promise, fitted, tmp_path):
    told = run(tmp_path / "state.json", "--fit", fitted / "calm.csv", *options).stdout.splitlines()[1]
    assert told.startswith("Alarm from evidence ")
    assert told.endswith(f" on: {promise}.")


def test_the_numbers_are_those_of_the_library(state, tmp_path):
    counts = CALM + QUIET + RISEN
    run(state, write_series(tmp_path / "new.csv", counts))
    daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("2020-01-01", periods=len(counts)), dtype=float))
    expected = ct.Monitor.fit(daily, window=("2020-01-01", "2020-02-29")).update(daily)
    met = ct.Monitor.from_state(state.read_text("utf-8"))
    assert met.evidence.tolist() == expected.evidence.tolist()
    assert (met.area, met.source) == ("Area A", "calm.csv")


def test_an_alarm_that_has_faded_within_the_new_days_is_still_told(state, tmp_path):
    counts = CALM + RISEN + [0] * 60
    result = run(state, write_series(tmp_path / "new.csv", counts), "--json")
    outcome = json.loads(result.stdout)
    assert outcome["evidence"] < 365
    assert (result.exit_code, outcome["alarm"]) == (10, True)
    other = tmp_path / "other.json"
    run(other, "--fit", tmp_path / "calm.csv")
    told = run(other, tmp_path / "new.csv").stdout
    assert "no alarm" not in told
    assert re.search(r"ALARM on 2020-03-\d\d, one of the days taken in \(evidence [\d,]+ against 365\); by now", told)
    assert run(state, write_series(tmp_path / "new.csv", [*counts, 0])).exit_code == 0


def test_provisional_days_wait_and_revised_days_are_told(state, tmp_path):
    new = write_series(tmp_path / "new.csv", [*CALM, *QUIET, 90], {len(CALM) + 3: "provisional"})
    outcome = json.loads(run(state, new, "--json").stdout)
    assert (outcome["observed_days"], outcome["recomputed_from"]) == (3, None)
    new = write_series(tmp_path / "new.csv", [*CALM, 1, None, 2, 3])
    result = run(state, new)
    assert "Days were revised: evidence computed anew from 2020-03-02." in result.stdout


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_evidence_is_drawn_where_asked(ending, state, tmp_path):
    path = tmp_path / f"evidence.{ending}"
    run(state, write_series(tmp_path / "new.csv", CALM + QUIET), "--figure", path)
    assert path.stat().st_size > 3000


def test_contracts_and_cautions(tmp_path):
    calm = write_series(tmp_path / "calm.csv", [*CALM, 500])
    options = ["--contract", "yearly", "--false-alarm", "0.1", "--horizon", "100", "--window", "2020-01-01:2020-03-01"]
    result = run(tmp_path / "state.json", "--fit", calm, *options)
    assert result.exit_code == 0, result.output
    assert "Alarm from evidence 10 on" in result.stdout
    assert "Caution: 87% of the calm's total fell on one day, 2020-03-01" in result.stderr


def test_a_thin_calm_says_what_it_could_see(tmp_path):
    """Four deaths in ninety days: a doubling is seldom seen, and the reader is told so every day."""
    thin = [0.0] * 90
    for at in (5, 30, 70, 71):
        thin[at] = 1
    told = run(tmp_path / "thin.json", "--fit", write_series(tmp_path / "thin.csv", thin))
    assert "Caution: the calm is thin (4 in 90 observed days), so no alarm does not mean no rise." in told.stderr
    later = run(tmp_path / "thin.json", write_series(tmp_path / "new.csv", [*thin, 0, 0]), "--json")
    outcome = json.loads(later.stdout)
    assert outcome["cautions"][0].startswith("the calm is thin")
    by_increase = {each["increase"]: each for each in outcome["reach"]}
    assert by_increase[2]["share"] < 0.25
    assert by_increase[2]["median_days"] is None
    assert by_increase[2]["share"] <= by_increase[3]["share"] < by_increase[5]["share"]
    full = run(tmp_path / "full.json", "--fit", write_series(tmp_path / "full.csv", CALM))
    assert "alarm within 90 days: to 2 times the calm's rate" in full.stdout
    assert "thin" not in full.stderr


FAULTS = [
    pytest.param(["state.json"], 2, "give NEW.csv, or --fit CALM.csv", id="nothing to do"),
    pytest.param(["state.json", "new.csv", "--contract", "arl"], 2, "the calm is fixed", id="options without fit"),
    pytest.param(["state.json", "--fit", "new.csv"], 2, "state.json exists and would be lost", id="state exists"),
    pytest.param(["none.json", "new.csv"], 2, "none.json cannot be read (No such file", id="no state"),
    pytest.param(["new.csv", "new.csv"], 2, "This is no state of a monitor", id="series for state"),
    pytest.param(["state.json", "none.csv"], 2, "none.csv cannot be read (No such file", id="no series"),
    pytest.param(["state.json", "state.json"], 2, "no column day, best, status", id="state for series"),
    pytest.param(["state.json", "empty.csv"], 2, "empty.csv is no CSV table", id="empty"),
    pytest.param(["state.json", "cut.csv.gz"], 2, "cut.csv.gz is no CSV table (Compressed file ended", id="cut"),
    pytest.param(["state.json", "no.zip"], 2, "no.zip is no CSV table (File is not a zip file)", id="no archive"),
    pytest.param(["state.json", "status.csv"], 2, "row 2: status = 'seen'", id="status"),
    pytest.param(["state.json", "day.csv"], 2, "row 2: day = '1.3.2020' is not written as", id="day"),
    pytest.param(["state.json", "count.csv"], 2, "daily counts are not counts, the first 'many'", id="count"),
    pytest.param(["state.json", "twice.csv"], 1, "they repeat", id="day twice"),
    pytest.param(["new.json", "--fit", "short.csv"], 1, "Only 3 days of the calm are observed", id="short calm"),
    pytest.param(["new.json", "--fit", "new.csv", "--contract", "weekly"], 2, "No contract 'weekly'", id="contract"),
    pytest.param(["new.json", "--fit", "new.csv", "--horizon", "0"], 2, "horizon = 0 is no number", id="horizon"),
    pytest.param(["no/state.json", "--fit", "new.csv"], 2, "no/state.json cannot be written", id="no folder"),
    pytest.param(["state.json", "new.csv", "--figure", "x.pdf"], 2, "x.pdf ends in none of", id="figure"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), FAULTS)
def test_a_fault_is_one_sentence_and_the_state_stays(arguments, code, said, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "new.csv", CALM + QUIET)
    write_series(tmp_path / "short.csv", QUIET)
    head = "day,best,status\n"
    for name, text in {
        "empty": "",
        "status": f"{head}2020-03-01,1,seen\n",
        "day": f"{head}1.3.2020,1,observed\n",
        "count": f"{head}2020-03-01,many,observed\n",
        "twice": f"{head}2020-03-01,1,observed\n2020-03-01,1,observed\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "no.zip").write_text("no archive", encoding="utf-8")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(head.encode())[:-9])
    before = state.read_text("utf-8"), sorted(path.name for path in tmp_path.iterdir())
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert (state.read_text("utf-8"), sorted(path.name for path in tmp_path.iterdir())) == before


def test_a_series_of_the_program_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "series.csv"
    CliRunner().invoke(app, ["series", "--measure", "civilians", "--gap", "2019-11-20:2019-11-24", "--out", str(path)])
    fitted = run(tmp_path / "state.json", path, "--fit", path, "--window", "2019-08-31:2019-10-11", "--quiet")
    assert fitted.exit_code == 10, "the rate has risen severalfold by January"
    daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians", gaps=[("2019-11-20", "2019-11-24")])
    expected = ct.Monitor.fit(daily, window=("2019-08-31", "2019-10-11")).update(daily)
    met = ct.Monitor.from_state((tmp_path / "state.json").read_text("utf-8"))
    assert met.evidence.tolist() == expected.evidence.tolist()
    assert (met.measure, met.unit) == ("civilians", "civilian deaths")


def test_one_series_of_a_file_of_several_is_followed(tmp_path):
    path, window = tmp_path / "by.csv", ["--window", "2019-08-31:2019-10-11"]
    CliRunner().invoke(app, ["series", "--measure", "civilians", "--by", "admin1", "--out", str(path)])
    state = tmp_path / "state.json"
    asked = run(state, "--fit", path, *window)
    assert asked.exit_code == 2
    said = " ".join(asked.stderr.replace("│", " ").split())
    assert "holds 4 series by admin1, and a monitor follows one: Aleppo, Hama, Idlib, Latakia. Name it" in said
    assert run(state, "--fit", path, *window, "--where", "admin1=Idlib").exit_code == 0
    daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians", where={"admin1": "Idlib"})
    expected = ct.Monitor.fit(daily, window=("2019-08-31", "2019-10-11")).update(daily)
    run(state, path, "--where", "admin1=Idlib")
    met = ct.Monitor.from_state(state.read_text("utf-8"))
    assert (met.evidence.tolist(), met.area) == (expected.evidence.tolist(), "Idlib")
    before = state.read_bytes()
    for chosen, why in (
        (["admin1=Hama"], "The calm is of 'Idlib', the series of 'Hama'"),
        (["admin1=Idib"], "admin1: no series 'Idib'."),
        (["admin1=Idlib", "admin1=Hama"], "admin1: given twice, and a monitor follows one series."),
        (["area=Idlib"], "has no column area; it tells its series apart by admin1."),
    ):
        refused = run(state, path, *(word for each in chosen for word in ("--where", each)))
        assert refused.exit_code == 2
        assert why in " ".join(refused.stderr.replace("│", " ").split())
    assert state.read_bytes() == before


def test_the_series_of_a_report_and_of_a_panel_are_read_as_the_commands(tmp_path):
    """One layout of all: the same days, the same measure."""
    CliRunner().invoke(app, ["series", "--out", str(tmp_path / "series.csv")])
    case = ct.load_idlib_2019()
    ct.write_report(case, case.truces["TRC-5"], tmp_path / "report", formats=("csv",))
    panel = ct.daily_series(case, measure="civilians", by="admin1")
    ct.write_panel_report(panel, ct.analyse_panel(panel), tmp_path / "panel")
    expected = pd.read_csv(tmp_path / "series.csv", encoding="utf-8-sig")
    of_report = pd.read_csv(tmp_path / "report" / "series.csv")
    pd.testing.assert_frame_equal(of_report.drop(columns="area"), expected)
    of_panel = pd.read_csv(tmp_path / "panel" / "series.csv", encoding="utf-8-sig")
    assert of_panel.columns.tolist() == ["admin1", *expected.columns]
    assert of_panel.groupby("day")["best"].sum().tolist() == pytest.approx(expected["best"].tolist())
    fitted = run(tmp_path / "s.json", "--fit", tmp_path / "report" / "series.csv", "--window", "2019-08-31:2019-10-11")
    assert "0.52 civilian deaths a day" in fitted.stdout


def test_a_series_of_another_measure_is_refused(tmp_path):
    calm, new = tmp_path / "calm.csv", tmp_path / "new.csv"
    CliRunner().invoke(app, ["series", "--measure", "civilians", "--out", str(calm)])
    CliRunner().invoke(app, ["series", "--measure", "incidents", "--out", str(new)])
    state = tmp_path / "state.json"
    assert run(state, "--fit", calm, "--window", "2019-08-31:2019-10-11").exit_code == 0
    refused = run(state, new)
    assert refused.exit_code == 2
    assert "The calm counts 'civilians', the series 'incidents'" in " ".join(refused.stderr.split())
    mixed = calm.read_text("utf-8-sig").replace('"civilians"', '"injured"', 1)
    (tmp_path / "mixed.csv").write_text(mixed, encoding="utf-8")
    assert "'injured' on some days and 'civilians' on others" in run(state, tmp_path / "mixed.csv").stderr
