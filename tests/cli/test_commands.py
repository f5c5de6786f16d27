"""The commands as a user types them: what they print, where, and how they end."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from conflictts.cli import app, program
from conflictts.cli.program import IN_PART
from conflictts.truce import _scan

GED = ["id", "date_start", "date_end", "date_prec", "adm_1", "deaths_a", "deaths_b", "deaths_civilians"]
GED += ["deaths_unknown", "low", "best", "high"]
TRUCE = ["--truce", "2019-08-31", "--coverage", "2019-05-01:2019-11-30"]


def conflictts(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write_ged(path: Path, spoil: dict[int, dict[str, str]] | None = None) -> Path:
    """150 days of one event each, 4 civilian deaths a day before 31 August 2019 and 1 in two after."""
    import datetime

    first = datetime.date(2019, 5, 1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, GED)
        writer.writeheader()
        for number in range(200):
            day = (first + datetime.timedelta(days=number)).isoformat()
            toll = 2 + number % 5 if number < 122 else number % 2
            row = dict.fromkeys(GED, "0") | {"id": str(number), "date_start": day, "date_end": day, "date_prec": "1"}
            row |= {"adm_1": "Idlib", "deaths_civilians": str(toll), "low": str(toll), "best": str(toll)}
            row |= {"high": str(toll)} | (spoil or {}).get(number, {})
            writer.writerow(row)
    return path


def test_report_prints_where_the_page_lies(tmp_path, blank_figures):
    result = conflictts("report", write_ged(tmp_path / "ged.csv"), *TRUCE, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert Path(result.stdout.strip()) == tmp_path / "out" / "report.html"
    assert (tmp_path / "out" / "report.html").exists()
    quiet = conflictts("report", tmp_path / "ged.csv", *TRUCE, "--out", tmp_path / "out", "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("re", ["report"]),
        ("report --me", ["--measure"]),
        ("report --measure c", ["civilians", "combatants"]),
        ("panel --language ", ["en", "fr"]),
        ("series --allocation s", ["spread", "start"]),
    ],
)
def test_the_shell_completes_commands_options_and_values(typed, offered):
    words = f"conflictts {typed}"
    asked = {"_CONFLICTTS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner().invoke(app, [], prog_name="conflictts", env=asked)
    assert result.stdout.split() == offered


def test_report_of_the_bundled_case(tmp_path, blank_figures):
    result = conflictts("report", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "a rate ratio of 0.15 (95% interval 0.068 to 0.32)" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_report_in_french(tmp_path, blank_figures):
    source = write_ged(tmp_path / "ged.csv")
    result = conflictts("report", source, *TRUCE, "--language", "fr", "--out", tmp_path / "out")
    assert result.exit_code == 0
    text = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert '<html lang="fr">' in text
    assert "rapport de taux de " in text
    refused = conflictts("report", source, *TRUCE, "--language", "tlh", "--out", tmp_path / "other")
    assert refused.exit_code == 2
    assert "No language 'tlh'. Choose one of en, fr." in refused.stderr


def test_report_by_a_file_of_choices(tmp_path, blank_figures):
    """Several areas, paths from the file's folder, JSON for a script; nothing that is compared may stand beside it."""
    write_ged(tmp_path / "ged.csv", {number: {"adm_1": "Hama"} for number in range(1, 200, 3)})
    choices = tmp_path / "weekly.toml"
    choices.write_text(
        "[records]\nfiles = ['ged.csv']\n[report]\ncoverage = [2019-05-01, 2019-11-30]\nout = 'weekly'\n"
        "[[area]]\nname = 'Idlib'\nwhere = { admin1 = 'Idlib' }\n[[area]]\nname = 'Both'\n"
        "[[truce]]\neffective = 2019-08-31\n[[truce]]\neffective = 2019-05-05\n",
        encoding="utf-8",
    )
    result = conflictts("report", "--config", choices, "--json", "--progress")
    assert result.exit_code == 0
    numbers = json.loads(result.stdout)
    told = [line.removeprefix("conflictts: ").removesuffix(" ...") for line in result.stderr.splitlines()]
    first, second = "truce of 31 August 2019", "truce of 5 May 2019"
    assert told == [
        "reading", "counting days", f"comparison 1 of 4: Idlib, {first}", f"comparison 2 of 4: Idlib, {second}",
        f"comparison 3 of 4: Both, {first}", f"comparison 4 of 4: Both, {second}", "figures 1 of 2", "figures 2 of 2",
        "writing the page",
    ]  # fmt: skip
    assert [each["area"] for each in numbers["findings"]] == ["Idlib", "Both"]
    assert len(numbers["not_compared"]) == 2
    assert (tmp_path / "weekly" / "report.html").exists()
    for beside in (["--measure", "deaths"], ["--truce", "2019-08-31"], [tmp_path / "ged.csv"], ["--draws", "3"]):
        refused = conflictts("report", *beside, "--config", choices)
        assert refused.exit_code == 2
        assert "What is compared is said in the file alone" in " ".join(refused.stderr.split())
    asked = choices.read_text("utf-8")
    choices.write_text(f"{asked}[[area]]\nname = 'North'\nwhere = {{ admin1 = 'Idleb' }}\n", "utf-8")
    without = conflictts("report", "--config", choices, "--json", "--quiet")
    assert without.exit_code == IN_PART
    assert without.stderr == (
        "conflictts: the report leaves out the area 'North': No record has admin1 = 'Idleb'. Did you mean 'Idlib'?\n"
    )
    assert json.loads(without.stdout)["findings"] == numbers["findings"]
    choices.write_text(asked.replace("coverage", "covrage"), "utf-8")
    refused = conflictts("report", "--config", choices)
    assert refused.exit_code == 2
    assert "line 4: [report] has no key 'covrage'. Did you mean 'coverage'?" in refused.stderr
    only = choices.read_text("utf-8").replace("covrage", "coverage").partition("[[truce]]")[0]
    choices.write_text(f"{only}[[truce]]\neffective = 2019-05-05\n", "utf-8")
    refused = conflictts("report", "--config", choices)
    assert refused.exit_code == 1, "refused by the data"
    assert "None of 2 comparisons can be made." in refused.stderr


def test_report_holds_how_surely_records_are_dated(tmp_path, request):
    """The same records, half of them known to the week only: drawn days widen the interval, one seed one answer."""
    late = {
        number: {"date_end": f"2019-{5 + (number + 6) // 31:02d}-{(number + 6) % 31 + 1:02d}", "date_prec": "3"}
        for number in range(2, 24, 2)
    }
    source = write_ged(tmp_path / "ged.csv", late)
    made = []
    for run in ("drawn", "blank"):
        if run == "blank":
            request.getfixturevalue("blank_figures")
        result = conflictts(
            "report", source, *TRUCE, "--draws", 4, "--seed", 3, "--json", "--quiet", "--out", tmp_path / run
        )
        assert result.exit_code == 0, result.stderr
        made.append(json.loads(result.stdout))
    assert made[0]["findings"] == made[1]["findings"]
    assert "draws = 4\nseed = 3" in made[0]["recipe"]


def test_report_takes_gaps_the_lag_and_a_baseline(tmp_path, blank_figures):
    """4 of the last days are provisional if a count settles after five days and one has passed since coverage ended."""
    options = ["--gap", "2019-06-01:2019-06-03", "--gap", "2019-07-01:2019-07-02", "--lag", 5]
    options += ["--retrieved-on", "2019-12-01", "--baseline", "2019-05-01:2019-05-31"]
    result = conflictts("report", write_ged(tmp_path / "ged.csv"), *TRUCE, *options, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    (finding,) = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))["findings"]
    assert (finding["series"]["unobserved_days"], finding["series"]["provisional_days"]) == (5, 4)
    assert finding["escalation"]["comparisons"][1]["other_last"] == "2019-05-31"
    for spoiled, option in ((["--gap", "2019-06-03"], "--gap"), (["--retrieved-on", "May"], "--retrieved-on")):
        refused = conflictts("report", tmp_path / "ged.csv", *TRUCE, *spoiled, "--out", tmp_path / "out")
        assert refused.exit_code == 2
        assert option in refused.stderr
    alone = conflictts("report", tmp_path / "ged.csv", *TRUCE, "--lag", 5, "--out", tmp_path / "out")
    assert alone.exit_code != 0
    assert "A lag counts from the day of retrieval" in alone.stderr


def test_rows_at_fault_are_quarantined_and_the_rest_is_used(tmp_path, blank_figures):
    spoil = {
        3: {"date_start": "2019-02-30"},
        5: {"best": "-4"},
        7: {"deaths_civilians": "many"},
        9: {"id": "8"},
        11: {"date_end": "2019-01-01"},
        13: {"deaths_a": "x"},
    }
    path = write_ged(tmp_path / "ged.csv", spoil)
    result = conflictts("check", path, "--quarantine", tmp_path / "mend.csv")
    assert result.exit_code == 0, result.output
    for said in (
        "row 5: date_start = '2019-02-30': no such day in the calendar",
        "row 7: best = '-4': negative",
        "row 9: deaths_civilians = 'many': not a number",
        "row 11: id = '8': identifier already used in row 10",
        "row 13: date_end = '2019-01-01': ends before it starts, on 2019-05-12",
        "row 15: deaths_a + deaths_b = 'x + 0': not a number",
        "6 rows written to",
    ):
        assert said in result.stdout
    with (tmp_path / "mend.csv").open(encoding="utf-8-sig", newline="") as stream:
        rejected = list(csv.DictReader(stream))
    assert [row["id"] for row in rejected] == ["3", "5", "7", "8", "11", "13"]
    assert set(GED) <= set(rejected[0])
    reported = conflictts("report", path, *TRUCE, "--out", tmp_path / "out")
    assert reported.exit_code == 0
    assert "6 rows are in quarantine and not counted" in reported.stderr
    assert "6 of 200 rows are in quarantine" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_check_says_what_to_look_at_before_counting(tmp_path):
    (tmp_path / "desk.csv").write_text("Date,Where,Killed\n2019-05-01,[b],\n2091-05-02,Hama,3\n", encoding="utf-8")
    (tmp_path / "desk.toml").write_text('[columns]\ndate_start = "Date"\nadmin1 = "Where"\n', encoding="utf-8")
    result = conflictts("check", tmp_path / "desk.csv")
    assert result.exit_code == 0
    for said in (
        "Note: Columns that no mapping uses: Killed.\n",
        "Note: 1 record begins after today, ",
        "Note: No record states deaths, civilians, combatants or injured, so that cannot be counted.\n",
    ):
        assert said in result.stdout


def test_check_names_the_day_of_an_unusual_record_whose_identifier_nobody_wrote(tmp_path):
    (tmp_path / "desk.csv").write_text("Date,Low,Killed\n2019-05-01,1,2\n2019-05-02,9,3\n", encoding="utf-8")
    columns = 'date_start = "Date"\ndeaths_low = "Low"\ndeaths_best = "Killed"\n'
    (tmp_path / "desk.toml").write_text(f"[columns]\n{columns}", encoding="utf-8")
    said = conflictts("check", tmp_path / "desk.csv").stdout
    assert re.search(r"low is above best; kept as stated \(1 record, the first [0-9a-f]{16} of 2019-05-02\)", said)


def test_a_file_of_faults_alone_is_refused_with_the_first_of_them(tmp_path):
    path = write_ged(tmp_path / "ged.csv", {number: {"date_end": "31/08/2019"} for number in range(200)})
    for command, said in (
        (["check", path], "every row is in quarantine"),
        (["report", path, *TRUCE, "--out", tmp_path / "out"], "All 200 rows of ged.csv are in quarantine, the first"),
    ):
        result = conflictts(*command)
        assert result.exit_code == 1
        assert said in result.stderr


def test_coverage_far_beyond_the_records_is_questioned(tmp_path, blank_figures):
    path = write_ged(tmp_path / "ged.csv")
    wide = ["--truce", "2019-08-31", "--coverage", "2019-05-01:2021-11-30"]
    assert conflictts("report", path, *wide, "--out", tmp_path / "out").exit_code == 0
    said = "no record at all in 745 days declared as covered (17 November 2019 to 30 November 2021)"
    assert said in (tmp_path / "out" / "report.html").read_text("utf-8")


BAD = [
    pytest.param(["missing.csv", *TRUCE], 2, "There is no file missing.csv. Check the path.", id="missing"),
    pytest.param(["empty.csv", *TRUCE], 2, "empty.csv is empty (0 bytes). Export or download it again.", id="empty"),
    pytest.param(["picture.csv", *TRUCE], 2, "picture.csv is not a text table but a PNG picture", id="picture"),
    pytest.param(["dateless.csv", *TRUCE], 2, "dateless.csv is of no known format", id="no date columns"),
    pytest.param(["ged.csv"], 2, "Say which truce: --truce YYYY-MM-DD", id="no truce"),
    pytest.param(["ged.csv", "--truce", "2019-08-31"], 2, "--coverage YYYY-MM-DD:YYYY-MM-DD", id="no coverage"),
    pytest.param(["ged.csv", "--truce", "31/8/2019"], 2, "'31/8/2019' is not a day written as", id="bad date"),
    pytest.param(["ged.csv", *TRUCE[:3], "2019-11-30:2019-05-01"], 2, "ends before it starts", id="reversed"),
    pytest.param(["ged.csv", "--truce", "2019-05-01", *TRUCE[2:]], 1, "no day lies before it", id="first day"),
    pytest.param(["ged.csv", *TRUCE[:3], "2019"], 2, "'2019' is not two dates", id="bad coverage"),
    pytest.param(
        ["ged.csv", *TRUCE[:3], "2015-01-01:2016-01-01"],
        1,
        "None of 200 records lies inside coverage 2015-01-01..2016-01-01",
        id="coverage misses every record",
    ),
    pytest.param(
        ["ged.csv", "--truce", "2020-08-31", *TRUCE[2:]],
        1,
        "took effect on 2020-08-31, not inside the days covered, 2019-05-01..2019-11-30",
        id="truce outside coverage",
    ),
    pytest.param(["ged.csv", *TRUCE, "--measure", "dead"], 2, "No measure 'dead'. Choose one of", id="measure"),
    pytest.param(["ged.csv", *TRUCE, "--measure", "injured"], 1, "records states people injured", id="not counted"),
    pytest.param(["ged.csv", *TRUCE, "--allocation", "first"], 2, "No allocation 'first'. Choose", id="allocation"),
    pytest.param(["ged.csv", *TRUCE, "--where", "adm_1=Idlib"], 2, "No column 'adm_1' to filter on", id="column"),
    pytest.param(
        ["ged.csv", *TRUCE, "--where", "admin1=Idlb"],
        2,
        "No record has admin1 = 'Idlb'. Did you mean 'Idlib'?",
        id="area",
    ),
    pytest.param(["ged.csv", *TRUCE, "--where", "Idlib"], 2, "'Idlib' is not COLUMN=VALUE", id="condition"),
    pytest.param(["ged.csv", *TRUCE, "--window", "2019-08-25:2019-09-30"], 1, "Only 6 observed days before", id="thin"),
    pytest.param(
        ["ged.csv", *TRUCE, "--ended", "2019-08-31"],
        2,
        "'2019-08-31' is not after --truce 2019-08-31",
        id="ended first",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "said"), BAD)
def test_bad_input_ends_in_one_clear_sentence(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_ged(tmp_path / "ged.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "dateless.csv").write_text("id,best\n1,2\n")
    result = conflictts("report", *arguments, "--out", tmp_path / "out")
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.split()), result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a system without timers that interrupt")
def test_an_interruption_of_compiled_code_is_no_fault(monkeypatch, tmp_path):
    """It comes out of a kernel as a SystemError with the KeyboardInterrupt among its causes."""
    counts, weekday, observed = np.ones(400), np.arange(400) % 7, np.ones(400, dtype=bool)

    def endless(*_, **__):
        _scan.scan(counts, weekday, observed, 100, 300, True)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while True:
            _scan.scan(counts, weekday, observed, 100, 300, True)

    monkeypatch.setattr("conflictts.report.write.write_report", endless)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        result = conflictts("report", "--out", tmp_path / "out")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert result.exit_code == 130, result.output
    assert "conflictts: interrupted; nothing was replaced." in result.stderr


def test_a_fault_of_the_program_says_so_without_a_traceback(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise RuntimeError("wires crossed\u202e\x1b[2J")

    monkeypatch.setattr("conflictts.report.write.write_report", broken)
    result = conflictts("report", "--out", tmp_path / "out")
    assert result.exit_code == 70
    assert "unexpected RuntimeError: wires crossed" in result.stderr
    assert "--debug" in result.stderr
    told = conflictts("report", "--debug", "--out", tmp_path / "out")
    assert told.exit_code == 70
    assert "Traceback" in told.stderr
    assert "RuntimeError: wires crossed⟨U+202E⟩⟨U+001B⟩[2J" in told.stderr, "nothing acts on the terminal"


def test_check_is_plain_in_a_pipe(tmp_path):
    path = write_ged(tmp_path / "ged.csv", {3: {"best": "[red]1"}})
    command = [sys.executable, "-m", "conflictts.cli", "check", str(path)]
    environment = {**os.environ, "COLUMNS": "60"}
    environment.pop("FORCE_COLOR", None)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert "\x1b" not in done.stdout
    assert "best = '[red]1': not a number" in done.stdout, "markup in records is text, and lines are not cut"


def test_check_prints_an_account_that_adds_up_and_few_examples_of_each_fault(tmp_path):
    spoil = {number: {"best": "x"} for number in range(100, 105)} | {3: {"date_start": "2019-02-30"}}
    result = conflictts("check", write_ged(tmp_path / "ged.csv", spoil))
    assert result.stdout.splitlines() == [
        "ged.csv: UCDP GED",
        "  194  used",
        "    5  quarantined  best: not a number",
        "    1  quarantined  date_start: no such day in the calendar",
        "  ---",
        "  200  rows read",
        "Records lie between 2019-05-01 and 2019-11-16.",
        "row 5: date_start = '2019-02-30': no such day in the calendar",
        "row 102: best = 'x': not a number",
        "row 103: best = 'x': not a number",
        "row 104: best = 'x': not a number",
        "… and 2 more such faults in best",
        "--quarantine ged.mended.csv writes these rows out, to be mended and checked again.",
    ]


def test_check_is_in_colour_on_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    printed = conflictts("check", write_ged(tmp_path / "ged.csv", {3: {"best": "[red]1"}})).stdout
    assert "\x1b[32mused\x1b[0m" in printed
    assert "\x1b[31mquarantined\x1b[0m" in printed
    assert "best = '[red]1'" in printed, "markup in records is text"


HIDDEN = "Idlib\u202eabc\u2066\u200b"
AS_SHOWN = "Idlib⟨U+202E⟩abc⟨U+2066⟩⟨U+200B⟩"


@pytest.fixture
def hidden(tmp_path) -> Path:
    """A file whose name, areas and one faulty column hold what is not seen, and an area with an Arabic name."""
    areas = {number: {"adm_1": HIDDEN if number % 2 else "إدلب"} for number in range(200)}
    return write_ged(tmp_path / f"{HIDDEN}.csv", areas | {3: {"best": "\u202ex"}})


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["check"], 0, f"{AS_SHOWN}.csv: UCDP GED", id="check"),
        pytest.param(["check"], 0, r"best = '\u202ex': not a number", id="a faulty value"),
        pytest.param(["series", "--coverage", TRUCE[-1], "--where", f"adm_1={HIDDEN}"], 2, "No column", id="a refusal"),
        pytest.param(
            ["series", "--coverage", TRUCE[-1], "--where", f"admin1={HIDDEN}"], 0, f"admin1 {AS_SHOWN};", id="series"
        ),
        pytest.param(["series", "--figure", f"{HIDDEN}.gif"], 2, f"{AS_SHOWN}.gif ends in none of", id="wrong usage"),
        pytest.param(["report", *TRUCE], 0, f"{AS_SHOWN}/report.html", id="report"),
    ],
)
def test_what_is_not_seen_is_shown_on_a_terminal(arguments, code, said, hidden, monkeypatch, blank_figures):
    command, *options = arguments
    monkeypatch.setattr(program, "to_terminal", lambda: True)
    options += ["--out", hidden.parent / HIDDEN] if command == "report" else []
    done = conflictts(command, hidden, *options)
    assert done.exit_code == code, done.output
    assert said in done.output
    assert not set(done.output) & set(HIDDEN) - set("Idlibabc")


def test_a_series_goes_on_to_another_program_with_its_names_as_they_are(hidden, monkeypatch):
    command = ["series", hidden, "--by", "admin1", "--coverage", TRUCE[-1]]
    names = [{line["admin1"] for line in csv.DictReader(conflictts(*command).stdout.splitlines())}]
    monkeypatch.setattr(program, "to_terminal", lambda: True)
    names.append({line["admin1"] for line in csv.DictReader(conflictts(*command).stdout.splitlines())})
    assert names == [{HIDDEN, "إدلب"}, {AS_SHOWN, "إدلب"}]


def test_help_and_version_of_every_command():
    for command in ([], ["report"], ["check"]):
        result = conflictts(*command, "--help")
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_compare_tells_what_changed_between_two_downloads(tmp_path):
    old, new = write_ged(tmp_path / "old.csv"), write_ged(tmp_path / "new.csv", {7: {"best": "40", "high": "40"}})
    files = ["--changes", tmp_path / "changes.csv", "--figure", tmp_path / "figure.svg"]
    result = conflictts("compare", old, new, *files)
    assert result.exit_code == 0, result.output
    outcome = dict(line.split() for line in result.stdout.splitlines()[2:6])
    assert outcome == {"same": "199", "changed": "1", "added": "0", "removed": "0"}
    assert "Warning" not in result.stderr
    with (tmp_path / "changes.csv").open(encoding="utf-8-sig", newline="") as stream:
        changed = [(row["incident_id"], row["column"], row["new"]) for row in csv.DictReader(stream)]
    assert changed == [("7", "deaths_best", "40.0"), ("7", "deaths_high", "40.0")]
    assert (tmp_path / "figure.svg").read_text("utf-8").startswith("<svg")
    assert "\n2019-05      0        0        1         0    +36\n" in result.stdout, (
        "it told of 4 dead, and none is a change"
    )
    nowhere = conflictts("compare", old, new, "--changes", tmp_path / "missing" / "changes.csv")
    assert nowhere.exit_code == 2
    assert "cannot be written" in nowhere.stderr


def test_compare_makes_no_zero_of_a_toll_that_a_file_never_states(tmp_path):
    for name, killed in (("old", 3), ("new", 1503)):
        (tmp_path / f"{name}.csv").write_text(f"Key,Date,Killed\na,2019-05-01,{killed}\n", encoding="utf-8")
        columns = 'incident_id = "Key"\ndate_start = "Date"\ndeaths_best = "Killed"\n'
        (tmp_path / f"{name}.toml").write_text(f"[columns]\n{columns}", encoding="utf-8")
    result = conflictts("compare", tmp_path / "old.csv", tmp_path / "new.csv")
    (month,) = [line for line in result.stdout.splitlines() if line.startswith("2019-05")]
    assert month.split() == ["2019-05", "0", "0", "1", "not", "stated", "+1,500"]


def test_several_files_are_read_together_and_faults_name_theirs(tmp_path):
    first = write_ged(tmp_path / "first.csv")
    second = write_ged(tmp_path / "second.csv", {number: {"id": str(1000 + number)} for number in range(200)})
    second.write_text(second.read_text().replace("2019-05-03", "2019-05-33"))
    result = conflictts("check", first, second)
    assert result.exit_code == 0, result.output
    assert "second.csv row 4: date_end = '2019-05-33'" in result.stdout
    assert "400" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["ucdp", "--version", "25.1"], 3, "CONFLICTTS_UCDP_TOKEN", id="ucdp"),
        pytest.param(
            ["acled", "--country", "Syria", "--start", "2019-01-01", "--end", "2019-12-31"],
            3,
            "CONFLICTTS_ACLED_USER",
            id="acled",
        ),
        pytest.param(["acled", "--start", "2019-01-01", "--end", "2019-12-31"], 2, "--country", id="no country"),
    ],
)
def test_fetch_without_credentials_says_which_are_missing(arguments, code, said, tmp_path, monkeypatch):
    for name in ("UCDP_TOKEN", "ACLED_USER", "ACLED_PASSWORD"):
        monkeypatch.delenv(f"CONFLICTTS_{name}", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    result = conflictts("fetch", *arguments, "--out", tmp_path / "out.csv")
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_on_a_terminal_and_nothing_of_it_elsewhere(tmp_path):
    """Standard error is a terminal here, with an area whose name would be a mark of the terminal's own."""
    pty = pytest.importorskip("pty")
    choices = tmp_path / "one.toml"
    choices.write_text(
        "[records]\ncase = 'idlib_2019'\n[report]\nanonymise = 5\n[[area]]\nname = 'a [/b] c'\n"
        "[[truce]]\neffective = 2019-08-31\n", encoding="utf-8",
    )  # fmt: skip
    command = [sys.executable, "-m", "conflictts.cli", "report", "--config", str(choices), "--json"]
    said = {}
    for options in ((), ("--quiet",)):
        ours, theirs = pty.openpty()
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            heard = b""
            while True:
                try:
                    part = os.read(ours, 1000)
                except OSError:  # Linux says so when the other end is closed
                    break
                if not part:
                    break
                heard += part
            numbers = json.loads(process.stdout.read())
        os.close(ours)
        assert process.returncode == 0, heard
        assert numbers["anonymised"]["k"] == 5
        said[options] = heard.decode()
    assert "area 1 of 1: a [/b] c" in said[()]
    assert said[("--quiet",)] == ""
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""


ONCE = [
    pytest.param("report", "--truce", "2019-09-10", "Several truces stand in a file", id="report's truce"),
    pytest.param("report", "--coverage", "2019-05-01:2019-10-30", "given 2 times", id="coverage"),
    pytest.param("panel", "--truce", "2019-09-10", "given 2 times", id="panel's truce"),
]


@pytest.mark.parametrize(("command", "option", "value", "message"), ONCE)
def test_an_option_given_twice_is_refused(tmp_path, command, option, value, message):
    """The last one won without a word, so that a report over two truces was one over the second alone."""
    source = write_ged(tmp_path / "ged.csv")
    result = conflictts(command, source, *TRUCE, option, value, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_an_option_that_may_repeat_still_may(tmp_path):
    source = write_ged(tmp_path / "ged.csv")
    gaps = ["--gap", "2019-06-01:2019-06-02", "--gap", "2019-07-01:2019-07-02"]
    result = conflictts("series", source, "--coverage", "2019-05-01:2019-10-30", *gaps, "--out", tmp_path / "s.csv")
    assert (result.exit_code, (tmp_path / "s.csv").read_text("utf-8").count("unobserved")) == (0, 4)


def test_a_file_that_is_not_there_is_what_a_report_complains_of(tmp_path):
    result = conflictts("report", tmp_path / "nofile.csv")
    assert result.exit_code == 2
    assert f"There is no file {tmp_path / 'nofile.csv'}" in result.stderr
    assert "--truce" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("command", ["series", "check"])
def test_output_that_cannot_be_written_is_said(command):
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "conflictts.cli", command],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert "standard output, or a file, cannot be read or written (No space left on device)" in ended.stderr
    assert "fault of the program" not in ended.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
def test_a_reader_that_has_seen_enough_is_no_fault():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "conflictts.cli", "series", "--quiet"],
            stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, "")


def test_what_was_read_is_not_written_over(tmp_path, monkeypatch):
    """By the same name, by another way to it, or by a link."""
    monkeypatch.chdir(tmp_path)
    write_ged(tmp_path / "ged.csv", {3: {"best": "x"}})
    write_ged(tmp_path / "later.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "ged.csv")
    before = (tmp_path / "ged.csv").read_bytes()
    for arguments in (
        ["check", "ged.csv", "--quarantine", "ged.csv"],
        ["check", "ged.csv", "--quarantine", tmp_path / "ged.csv"],
        ["check", "link.csv", "--quarantine", "ged.csv"],
        ["compare", "later.csv", "ged.csv", "--changes", "link.csv"],
        ["series", "ged.csv", "--coverage", "2019-05-01:2019-11-30", "--out", "./ged.csv"],
    ):
        result = conflictts(*arguments)
        assert result.exit_code == 2, arguments
        assert "is what was read, and would be lost" in " ".join(result.stderr.split())
        assert (tmp_path / "ged.csv").read_bytes() == before


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="the system has no such device")
def test_standard_output_may_be_the_file_that_is_written(tmp_path):
    write_ged(tmp_path / "ged.csv", {3: {"best": "x"}})
    ended = subprocess.run(
        [sys.executable, "-m", "conflictts.cli", "check", "ged.csv", "--quarantine", "/dev/stdout"],
        capture_output=True, cwd=tmp_path, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "200  rows read" in ended.stdout
    assert '"x"' in ended.stdout
    assert "1 row written to /dev/stdout" in ended.stdout


def test_a_figure_of_another_format_is_refused_before_anything_is_read(tmp_path):
    result = conflictts("compare", "none.csv", "later.csv", "--figure", tmp_path / "months.pdf")
    assert result.exit_code == 2
    assert "months.pdf ends in none of .svg, .png" in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []
