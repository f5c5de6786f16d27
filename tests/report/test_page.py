"""The page and what lies beside it: whole, self-contained, escaped, and the same on every run."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from markupsafe import escape

import conflictts as ct
from conflictts.report import drawing, wording
from conflictts.report.write import FORMATS, USUAL

TRUCE = "2019-08-31"


def numbers_alone(idlib: ct.Case, out: Path) -> Path:
    """The quickest report of the bundled case, for which nothing is drawn."""
    return ct.write_report(idlib, idlib.truces["TRC-5"], out, formats=("json",))


@pytest.fixture(scope="module")
def folder(bundled: Path) -> Path:
    return bundled


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_verdicts_say_what_a_blank_bound_leaves_open(html):
    """Some claims state no upper end, and some records no upper bound; all state a lower one."""
    assert "Nothing is above a claim that states no upper end, such as “more than fifty”." in html
    assert "“Below” goes by the best figure of the records that state no upper bound." in html
    assert "“Above” goes by the best figure" not in html


def test_folder_holds_page_numbers_series_and_figures(folder, printable):
    assert {entry.name for entry in folder.iterdir()} == {
        *("figures", "findings.json", "findings.schema.json", "report.html", "report.toml", "series.csv"),
        *(["report.pdf"] if printable else []),
    }
    names = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert names == {path.stem for path in (folder / "figures").glob("*.png")}
    assert names == {
        *("daily", "calendar", "effect", "placebos", "diagnostics", "sources", "changes", "onset", "course"),
        *("coverage", "claims-2019-04-30", "claims-2019-08-31", "sensitivity", "phases", "growth"),
    }


LOADING = ("src", "data", "poster", "xlink:href")


def loaded_or_run(page: BeautifulSoup) -> list[object]:
    """What a page fetches, links to a style or runs: anything at all of these is one too many."""
    given = [(name, value) for tag in page(True) for name, value in tag.attrs.items()]
    fetched = [value for name, value in given if name in LOADING and not value.startswith("#")]
    return [*fetched, *page(["link", "script"]), *(name for name, _ in given if name.startswith("on"))]


def test_page_loads_nothing_runs_nothing_and_is_in_order(folder, html):
    page = BeautifulSoup(html, "html.parser")
    assert loaded_or_run(page) == []
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    levels, ids = [int(tag.name[1]) for tag in page(re.compile("^h[1-6]$"))], [tag["id"] for tag in page(id=True)]
    assert levels[0] == 1
    assert all(deeper - higher <= 1 for higher, deeper in pairwise(levels))
    assert len(ids) == len(set(ids)), "identifiers are unique across all figures"
    for link in page("a"):
        assert link["href"].removeprefix("#") in ids or (folder / link["href"].partition("#")[0]).is_file(), link


def test_page_says_what_it_must(html, idlib):
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    for part in (
        "0.90 a day (31 August to 6 November 2019) against 5.67 a day before it (30 April to 30 August 2019)",
        "643–698–739 civilian deaths in 123 days",
        "61–61–62 were counted, 58 by the fitted rate",
        "The series adds up to 957–1,045–1,102 civilian deaths (low–best–high).",
        "Days compared: 30 April to 6 November 2019. They come with the bundled case",
        "An incomplete catalogue",
        "18 records state no upper bound",
        "cannot tell the truce from anything else",
        "4.1% of the total comes from records that span several days",
        wording.date_set(first_set(idlib)),
        "Coverage is not even",
        "detail of a counted record",
        "CC0 1.0",
        "nearly a thousand",
        "Against SOHR the series holds 72% of what is claimed up to the truce and 122% from it on",
        "(understated)",
        "Against White Helmets the series holds 75% of what is claimed up to the truce and 35% from it on",
        "(overstated)",
        "The bodies disagree on the sign",
        "Modelled: fitted to SOHR CLM-081, CLM-098",
        "its ends moved by up to three days and by at most a tenth of the period",
        "Second opinion: the counts of the window turned in a circle",
        "A picture only",
        "A scan of 24 August to 21 September 2019 for one change of the rate shows a fall (p = 0.001)",
        "so it is not dated well",
        "A rise is established around 19 to 31 October 2019",
        "the latest 28 settled days",
        "is drawn with seed 1",
        "reporting lag is not known, so no day is marked provisional",
        hashlib.sha256(
            Path(ct.cases.__file__).parent.joinpath("data/idlib_2019/incidents.csv").read_bytes()
        ).hexdigest(),
    ):
        assert part in text


def first_set(idlib: ct.Case) -> pd.DatetimeIndex:
    return ct.detect_changepoints(ct.daily_series(idlib, measure="civilians")).location_sets[0]


def test_best_point_never_stands_without_its_set(html, idlib):
    text = re.sub(r"<svg.*?</svg>|<table.*?</table>|<[^>]+>", " ", html, flags=re.DOTALL)
    points = list(re.finditer("(?<!to )17 September 2019", text))
    assert points  # but for a fall of the growth's, which lasted to that day
    for found in points:
        assert wording.date_set(first_set(idlib)) in text[max(0, found.start() - 200) : found.start()]


def test_numbers_agree_with_the_library(folder, idlib):
    numbers = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    finding = numbers["findings"][0]
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    ratio = finding["effect"]["estimates"][0]
    assert (ratio["quantity"], ratio["estimate"]) == ("rate_ratio", pytest.approx(effect.rate_ratio, rel=1e-12))
    assert numbers["ledger"]["read"] == numbers["ledger"]["used"] + numbers["ledger"]["quarantined"] == 321
    assert sum(line["records"] for line in finding["series"]["account"]) == 321
    assert TRUCE in finding["changes"]["changes"][0]["location_set"]
    with (folder / "series.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 271
    assert sum(float(row["best"]) for row in rows) == pytest.approx(1045, abs=1e-9)  # adding 271 floats


def test_numbers_hold_what_stands_beside_the_effect(folder, idlib):
    numbers = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    finding = numbers["findings"][0]
    daily = ct.daily_series(idlib, measure="civilians")
    effect = ct.estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    beside = finding["second_opinions"]
    assert beside["shift_test"] == {"p_value": pytest.approx(ct.shift_test(effect).p_value), "turns": 191, "as_far": 6}
    placebos = ct.placebo_effects(effect).steps
    assert [line["date"] for line in beside["placebos"]] == [f"{day:%Y-%m-%d}" for day in placebos.index]
    assert [line["lower"] for line in beside["placebos"]] == pytest.approx(placebos["lower"].tolist())
    evidence = ct.scan_onset(daily, idlib.truces["TRC-5"], rng=np.random.default_rng(1), n_simulations=19).evidence
    assert [line["evidence"] for line in beside["onset"]["evidence"]] == pytest.approx(evidence.tolist())
    assert [line["bound"] for line in beside["bounds"]] == ["low", "best", "high", "envelope"]
    envelope = ct.effect_envelope(effect).loc["envelope"]
    assert beside["bounds"][3]["upper"] == pytest.approx(envelope["upper"])
    escalation = ct.measure_escalation(daily, baseline=("2019-04-30", "2019-08-30"))
    assert [line["phase"] for line in finding["escalation"]["phases"]] == escalation.phases["phase"].tolist()
    ratios = [line["ratio"] for line in finding["escalation"]["comparisons"]]
    assert ratios == pytest.approx(escalation.comparisons["ratio"].tolist())
    chosen = idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098"])]
    fitted = ct.estimate_truce_effect(
        ct.benchmark_to_claims(daily, chosen).daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-11-06")
    )
    sohr = finding["effect_fitted_to_claims"][0]
    assert (sohr["body"], sohr["claims"]) == ("SOHR", ["CLM-081", "CLM-098"])
    assert sohr["effect"]["estimates"][0]["estimate"] == pytest.approx(fitted.rate_ratio)
    assert numbers["source"].keys() >= {"query", "retrieved_on", "data_through", "caveat"}


def test_gaps_and_late_days_are_said_exported_and_drawn(idlib, tmp_path):
    """Ten days not watched; 6 of the last days provisional, since a week is asked for and a day has passed."""
    page = ct.write_report(
        idlib,
        idlib.truces["TRC-5"],
        tmp_path / "out",
        coverage=("2019-04-30", "2019-11-30"),
        gaps=[("2019-06-01", "2019-06-10")],
        lag=7,
        retrieved_on="2019-12-01",
        baseline=("2019-05-01", "2019-05-31"),
        claims=idlib.claims,
        formats=("html", "json", "csv"),
    )
    numbers = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))
    finding = numbers["findings"][0]
    assert (finding["series"]["unobserved_days"], finding["series"]["provisional_days"]) == (10, 6)
    assert finding["series"]["reporting_lag"] == "7 days, declared; retrieved on 2019-12-01"
    text = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    assert "10 days in it were not observed: they are hatched, and left out, not counted as 0." in text
    assert "6 days are provisional (25 to 30 November 2019)" in text
    assert "by its rate against that of the 110 observed days before;" in text
    assert "in the declared baseline (1 to 31 May 2019)" in text
    assert "28 October to 24 November 2019, the latest 28 settled days" in text
    for name in ("daily", "phases"):
        drawn = text.partition(f'<figure id="figure-{name}">')[2].partition("</svg>")[0]
        assert ">not observed<" in drawn, name
        assert "6 days provisional" in re.sub(r"(?:<[^>]+>|\s)+", " ", drawn), name
    with (page.parent / "series.csv").open(encoding="utf-8", newline="") as stream:
        statuses = [row["status"] for row in csv.DictReader(stream)]
    assert (statuses.count("unobserved"), statuses.count("provisional")) == (10, 6)


def test_coverage_beyond_the_sources_own_data_is_a_weakness(idlib, tmp_path, blank_figures):
    known = {"data_through": pd.Timestamp("2019-11-10"), "retrieved_on": pd.Timestamp("2020-02-01")}
    provenance = dataclasses.replace(idlib.provenance, query="country=652", **known)
    page = ct.write_report(
        ct.Incidents(idlib.table, idlib.ledger, provenance), idlib.truces["TRC-5"], tmp_path / "out",
        coverage=("2019-04-30", "2019-11-30"), formats=("html", "json"),
    )  # fmt: skip
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert "10 November 2019 by its own word: 11 to 30 November 2019, declared as covered too, is left out" in text
    assert "20 days in it were not observed" in text
    assert "Retrieved on 1 February 2020. Data through 10 November 2019. Asked for: country=652." in text
    source = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))["source"]
    assert [source[name] for name in ("query", "retrieved_on", "data_through")] == [
        *("country=652", "2020-02-01", "2019-11-10")
    ]


HOSTILE = (  # all in each text of a record, so that one report holds them all
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1) data:text/html,<b>",
    "{{ 7*7 }}{% raw %}",
    "\u202egpj.exe",
    "إدلب",
    "$\\frac$",
)


def test_hostile_text_is_shown_as_text(tmp_path):
    text = "=" + " ".join(HOSTILE)  # a formula too
    days = pd.date_range("2020-01-01", periods=160)
    path = tmp_path / "records.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        columns = ["incident_id", "date_start", "date_end", "admin1", "perpetrator", "civilians_killed_low"]
        writer.writerow([*columns, "civilians_killed_best", "civilians_killed_high", "unit"])
        for number, day in enumerate(days):
            toll = 3 + number % 4 if number < 100 else number % 2
            low = toll + 1 if number == 0 else toll
            name = f"{text}{number}"
            writer.writerow([name, day.date(), day.date(), text, text, low, toll, toll, "incident"])
    truce = ct.Truce("2020-04-10", name=text, brokers=text)
    page = ct.write_report(
        ct.read_catalogue(path), truce, tmp_path / "out", coverage=(days[0], days[-1]), where={"admin1": text}
    )
    html = page.read_text(encoding="utf-8")
    assert loaded_or_run(BeautifulSoup(html, "html.parser")) == []
    assert "49{%" not in html, "templates in records are not evaluated"
    assert "{{ 7*7 }}{% raw %}" in html
    for part in HOSTILE[:3]:
        assert str(escape(part)) in html
        assert part not in html
    assert "⟨U+202E⟩gpj.exe <bdi>إدلب</bdi>" in html
    assert "\u202e" not in html
    for drawn in page.parent.glob("figures/*.svg"):
        assert "\u202e" not in drawn.read_text(encoding="utf-8")
        assert "<script" not in drawn.read_text(encoding="utf-8")
        ElementTree.fromstring(drawn.read_text(encoding="utf-8"))  # well-formed, whatever a name holds
    rows = [line for path in page.parent.glob("*.csv") for line in csv.reader(path.read_text("utf-8").splitlines())]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+@" and cell]
    numbers = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))
    assert numbers["findings"][0]["truce"]["name"] == text, "data are as they were"
    assert "\u202e" not in (page.parent / "report.toml").read_text(encoding="utf-8")


def test_same_input_and_date_give_the_same_bytes(tmp_path, bundled, made_on, printable):
    """In another time zone, by a program of its own, in two processes and with other hashes of texts."""
    script = (
        "import sys, conflictts as ct; c = ct.load_idlib_2019();"
        "ct.write_report(c, c.truces['TRC-5'], sys.argv[1], window=('2019-04-30', '2019-11-06'), claims=c.claims,"
        "                other_truces=c.truces.values(), events=c.events, processes=2, formats=sys.argv[2:])"
    )
    environment = {"SOURCE_DATE_EPOCH": made_on, "PYTHONHASHSEED": "98", "TZ": "Asia/Damascus", "PATH": ""}
    environment["PYTHONPATH"] = str(Path(ct.__file__).parents[1])  # the code under test, wherever it lies
    command = [sys.executable, "-c", script, str(tmp_path / "out"), *(FORMATS if printable else USUAL)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path, timeout=600)
    first, second = (
        {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for out in (bundled, tmp_path / "out")
    )
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []
    assert (Path("report.pdf") in first) == printable


def test_an_older_report_is_replaced_whole(idlib, folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    (out / "figures" / "left-over.svg").write_text("old")
    monkeypatch.setattr(drawing, "draw_sheet", None)  # nothing is drawn for numbers alone
    numbers_alone(idlib, out)
    assert not (out / "figures" / "left-over.svg").exists()
    assert (out / "findings.json").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


def test_an_interrupted_run_leaves_the_older_report_whole(idlib, folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("conflictts.report.export.json.dumps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        numbers_alone(idlib, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_other_things_in_it_is_never_replaced(idlib, tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ct.errors.InputError, match=r"holds 'thesis\.docx', which is not part of a report"):
        numbers_alone(idlib, tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"
    with pytest.raises(ct.errors.InputError, match="is a file, and a report needs a folder"):
        numbers_alone(idlib, tmp_path / "thesis.docx")


def test_what_cannot_be_estimated_is_said_and_the_rest_is_there(idlib, tmp_path, blank_figures):
    page = ct.write_report(
        idlib,
        ct.Truce("2019-05-25"),
        tmp_path / "out",
        coverage=("2019-04-20", "2019-07-30"),
        where={"admin1": "Idlib"},
        formats=("html",),
    )
    text = page.read_text(encoding="utf-8")
    assert "Civilian deaths" in text
    assert "admin1 Idlib" in text


def test_page_tells_how_the_finding_depends_on_choices(folder, html, idlib):
    finding = json.loads((folder / "findings.json").read_text(encoding="utf-8"))["findings"][0]
    numbers = finding["sensitivity"]
    assert numbers["combinations"] == len(numbers["table"]) == 432 >= 200
    standing = sum(line["stands"] for line in numbers["table"])
    assert numbers["share_standing"] == pytest.approx(standing / numbers["answered"])
    ratio = finding["effect"]["estimates"][0]["estimate"]
    assert numbers["table"][0]["rate_ratio"] == ratio, "the first options are the report's"
    text = re.sub(r"<[^>]+>", "", html.partition('<h2 id="sensitivity">')[2].partition("<h2")[0])
    assert f"In {standing} of the {numbers['answered']} that have an answer" in text
    assert "their share is no probability" in text
    assert f"the finding stands in {standing / numbers['answered']:.0%} of those" in html, "among the weaknesses"


def test_page_tells_how_the_truce_lived(folder, html):
    numbers = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    finding = numbers["findings"][0]
    text = html.partition('<h2 id="course">')[2].partition("<h2")[0]
    assert "calm from 31 August 2019" in text
    assert (
        "A rate’s interval rests on the phase’s own days alone, a ratio’s on these and the days before together" in text
    )
    assert "“interval of a phase” under “What the words mean”" in text
    assert '<dt class="term">interval of a phase</dt>' in html
    assert "“Apparently”, in the table “best estimate only”: the estimate bears the name" in text
    assert "apparently collapsed from" in text, "a collapse that is not established says so"
    assert "of an erosion in 79 to 99%, of a collapse in 87 to 100% where the rate jumped" in text
    assert [phase["phase"] for phase in finding["course"]["phases"]] == ["before", "calm", "eroding", "collapsed"]
    assert finding["course"]["erosion"]["lower"] > 1


def test_links_of_the_same_words_have_names_of_their_own(html, links_told_apart):
    names = links_told_apart(html)
    assert {"numbers, Regimes of constant rate", "numbers, What was checked", "SVG, figures/daily.svg"} <= names
